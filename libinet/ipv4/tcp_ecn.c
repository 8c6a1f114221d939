/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: explicit congestion notification (RFC 3168). A router whose queue grows marks
 * packets instead of dropping them: CE in the IP header, where it said ECT.
 *
 *	SYN		ECE and CWR: shall we? (net.ipv4.tcp_ecn 1; a congestion
 *			control that needs it)
 *	SYN-ACK		ECE: yes (unless tcp_ecn is 0)
 *	text		ECT(0). A mark came: ECE in every ACK, until CWR comes
 *	ECE came	the window comes down as after a loss, once for a window
 *			of text (tcp_recovery.c), the next new text has CWR
 *
 * May be marked is new text only: no SYN, ACK, window probe, and nothing that is
 * sent again (RFC 3168 6.1.1, 6.1.4 - 6.1.6). RFC 8311 lets experiments do more
 * ("ECN++"); as in Linux one congestion control does: all packets of dctcp are ECT,
 * for where it is at home a queue drops what it cannot mark.
 *
 * The flags are in the control block of what goes to the device only, and ECT in the
 * sock's type of service: a connection that has not agreed on it pays for one test
 * when it sends, and for one when text comes.
 */
#include "ipv4/ip.h"
#include "ipv4/tcp_ecn.h"

/* ---- the handshake ----------------------------------------------------- */

void tcp_ecn_send_syn(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool need = tcp_ca_needs_ecn(sk);

	tp->ecn_flags = 0;
	if (READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_ecn) != TCP_ECN_ASK && !need)
		return;
	TCP_SKB_CB(skb)->tcp_flags |= TCPHDR_ECE | TCPHDR_CWR;
	tp->ecn_flags = TCP_ECN_OK;
	if (need)
		INET_ECN_xmit(sk);
}

/* Some path or peer drops what it does not know (RFC 3168 6.1.1.1). If the answer
 * to the first one comes all the same, the peer is told of its marks, but nothing of
 * ours may be marked (6.1.1). */
void tcp_ecn_clear_syn(struct sock *sk, struct sk_buff *skb)
{
	if (!READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_ecn_fallback))
		return;
	TCP_SKB_CB(skb)->tcp_flags &= (u8)~(TCPHDR_ECE | TCPHDR_CWR);
	tcp_sk(sk)->ecn_flags |= TCP_ECN_NO_ECT;
}

void tcp_ecn_send_synack(struct sock *sk, struct sk_buff *skb)
{
	u8 *flags = &TCP_SKB_CB(skb)->tcp_flags;

	*flags &= (u8)~(TCPHDR_ECE | TCPHDR_CWR);
	if (tcp_sk(sk)->ecn_flags & TCP_ECN_OK)
		*flags |= TCPHDR_ECE;
}

/* A peer that reflects what it does not know sends both back. */
void tcp_ecn_rcv_syn(struct tcp_sock *tp, const struct tcphdr *th)
{
	if (!th->ece || th->cwr == th->ack)
		tp->ecn_flags = 0;
}

void tcp_ecn_create_request(struct request_sock *req, const struct sk_buff *skb,
			    const struct sock *sk)
{
	const struct tcphdr *th = tcp_hdr(skb);
	bool ect = ip_hdr(skb)->tos & INET_ECN_MASK;

	/* a SYN that says ECT comes from who needs it, or was tampered with on
	 * its way; with AE it is of RFC 9768, whose client takes this, too */
	tcp_rsk(req)->ecn_ok = th->ece && th->cwr &&
		((READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_ecn) &&
		  (!ect || th->res1 || th->ae)) || tcp_ca_needs_ecn(sk));
}

/* ---- sending ----------------------------------------------------------- */

void tcp_ecn_send(struct sock *sk, struct sk_buff *skb, u32 payload)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);

	if (tcb->tcp_flags & TCPHDR_SYN)
		return;
	if (payload && !before(tcb->seq, tp->snd_nxt)) {
		if (likely(!(tp->ecn_flags & TCP_ECN_NO_ECT)))
			INET_ECN_xmit(sk);
		if (tp->ecn_flags & TCP_ECN_QUEUE_CWR) {
			tp->ecn_flags &= (u8)~TCP_ECN_QUEUE_CWR;
			tcb->tcp_flags |= TCPHDR_CWR;
			if (skb->shinfo->gso_size)
				skb->shinfo->gso_type |= SKB_GSO_TCP_ECN;
		}
	} else if (!tcp_ca_needs_ecn(sk)) {
		INET_ECN_dontxmit(sk);
	}
	if (tp->ecn_flags & TCP_ECN_DEMAND_CWR)
		tcb->tcp_flags |= TCPHDR_ECE;
}

/* ---- receiving --------------------------------------------------------- */

/* A sender whose window is small is not to wait for a delayed ACK. */
static void tcp_ecn_ce(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!(tp->ecn_flags & TCP_ECN_DEMAND_CWR)) {
		tcp_enter_quickack_mode(sk, 2);
		tp->ecn_flags |= TCP_ECN_DEMAND_CWR;
	}
	tp->ecn_flags |= TCP_ECN_SEEN;
}

void tcp_ecn_check_ce(struct sock *sk, const struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);

	switch (ip_hdr(skb)->tos & INET_ECN_MASK) {
	case INET_ECN_NOT_ECT:
		/* sent again, since others say ECT: the sender waits */
		if (tp->ecn_flags & TCP_ECN_SEEN)
			tcp_enter_quickack_mode(sk, 2);
		break;
	case INET_ECN_CE:
		if (tcp_ca_needs_ecn(sk))
			tcp_ca_event(sk, CA_EVENT_ECN_IS_CE);
		tcp_ecn_ce(sk);
		break;
	default:
		if (tcp_ca_needs_ecn(sk))
			tcp_ca_event(sk, CA_EVENT_ECN_NO_CE);
		tp->ecn_flags |= TCP_ECN_SEEN;
	}
}

void tcp_ecn_accept_cwr(struct sock *sk, const struct sk_buff *skb)
{
	tcp_sk(sk)->ecn_flags &= (u8)~TCP_ECN_DEMAND_CWR;
	/* its window may be one segment now */
	if (TCP_SKB_CB(skb)->seq != TCP_SKB_CB(skb)->end_seq)
		inet_csk(sk)->icsk_ack.pending |= ICSK_ACK_NOW | ICSK_ACK_SCHED;
}
