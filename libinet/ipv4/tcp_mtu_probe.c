/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: how large a packet the path carries, found out by sending one (RFC 4821).
 *
 * Who drops a packet as too large should say so, but the ICMP error may be filtered on
 * its way: then each full segment vanishes, and the connection is dead, although small
 * packets pass: a black hole. So a connection may search (net.ipv4.tcp_mtu_probing: 1
 * after retransmissions in vain, 2 from the beginning):
 *
 *	search_low	passes; with all its segments the connection keeps to it
 *	search_high	is not known to fail: what the peer takes, and IP knows
 *	probe		one segment, half-way between, of text that waits anyway
 *
 * The probe's ACK raises search_low. When it is lost, and nothing else is, search_high
 * comes down, its text goes again in segments of the usual size, and no window shrinks.
 * A loss of anything else is congestion, as ever, also right behind a probe; and if any
 * retransmission came before the answer, it says nothing. Where the two meet, within
 * tcp_probe_threshold, the search is over, and begins anew after tcp_probe_interval
 * seconds, since paths change.
 *
 * A probe is sent only where its loss would be seen and do no harm: nothing is missing,
 * the window is large, and enough follows for the peer to tell of the gap. It has DF
 * always; where IP would not set it there is no search.
 *
 * The path's MTU as IP knows it (icsk_pmtu_cookie, IP_MTU, tcpi_pmtu) is another thing:
 * search_high never exceeds it, and rises with it. Nothing that is found out leaves the
 * connection.
 */
#include <string.h>

#include "ipv4/ip.h"
#include "ipv4/route.h"
#include "ipv4/tcp_mtu_probe.h"

#define PROBE_MIN_CWND 11u	/* RFC 4821 7.4: one packet of it is at stake */

/* Of a connection that searches. */
static struct tcp_mtup *tcp_mtup(const struct sock *sk)
{
	return &tcp_sk(sk)->seldom->mtup;
}

/* ---- the search ------------------------------------------------------- */

/* The packet of a full segment with @mss octets. */
static u32 tcp_mss_to_mtu(const struct sock *sk, u32 mss)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);

	return mss + tcp_sk(sk)->tcp_header_len + icsk->icsk_ext_hdr_len +
	       icsk->icsk_af_ops->net_header_len;
}

/* The largest packet that the peer takes, through a path of @pmtu. */
static u16 tcp_mtup_most(const struct sock *sk, u32 pmtu)
{
	u32 peer = tcp_sk(sk)->rx_opt.mss_clamp + TCP_HLEN_MIN +
		   inet_csk(sk)->icsk_af_ops->net_header_len;

	return (u16)min(min(peer, pmtu), IP_MAX_MTU);
}

/* A packet that routers may cut proves nothing. */
static bool tcp_mtup_has_df(const struct sock *sk)
{
	const struct dst_entry *dst = rcu_access_pointer(sk->sk_dst_cache);

	return dst && ip_wants_df(sk, (const struct rtable *)dst);
}

/* The search begins, with segments of @mss; without memory it does not, yet. */
static void tcp_mtup_begin(struct sock *sk, u32 mss)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 low = tcp_mss_to_mtu(sk, mss);
	struct tcp_mtup *m;

	if (!tcp_seldom_get(sk))
		return;
	m = tcp_mtup(sk);
	m->search_high =
		tcp_mtup_most(sk, inet_csk(sk)->icsk_pmtu_cookie);
	m->search_low = (u16)min(low, (u32)m->search_high);
	m->search_ms = tcp_ns_to_ts(tp->mstamp_ns);
	tp->mtu_probing = 1;
}

void tcp_mtup_init(struct sock *sk)
{
	const struct netns_ipv4 *ipv4 = &sock_net(sk)->ipv4;

	if (READ_ONCE(ipv4->sysctl_tcp_mtu_probing) > 1 && tcp_mtup_has_df(sk))
		tcp_mtup_begin(sk, (u32)READ_ONCE(ipv4->sysctl_tcp_base_mss));
}

u32 tcp_mtup_follow(struct sock *sk, u32 pmtu)
{
	u16 most = tcp_mtup_most(sk, pmtu);
	struct tcp_mtup *m = tcp_mtup(sk);

	if (pmtu > inet_csk(sk)->icsk_pmtu_cookie)
		m->search_high = most;
	else
		m->search_high = min(m->search_high, most);
	m->search_low = min(m->search_low, m->search_high);
	return m->search_low;
}

/* Half of what was tried until now, but no more than where searches begin, and no less
 * than where they end. */
static u32 tcp_mtup_smaller(const struct sock *sk)
{
	const struct netns_ipv4 *ipv4 = &sock_net(sk)->ipv4;
	u32 mss = tcp_mtu_to_mss(sk, tcp_mtup(sk)->search_low) / 2;

	mss = min(mss, (u32)READ_ONCE(ipv4->sysctl_tcp_base_mss));
	mss = max(mss, (u32)READ_ONCE(ipv4->sysctl_tcp_mtu_probe_floor));
	return max(mss, (u32)READ_ONCE(ipv4->sysctl_tcp_min_snd_mss));
}

void tcp_mtup_black_hole(struct sock *sk)
{
	const struct netns_ipv4 *ipv4 = &sock_net(sk)->ipv4;
	struct tcp_sock *tp = tcp_sk(sk);

	if (!READ_ONCE(ipv4->sysctl_tcp_mtu_probing) || !tcp_mtup_has_df(sk))
		return;
	INET_PROBE(MTU_BLACK_HOLE);
	tcp_mtup_begin(sk, tp->mtu_probing ?
			   tcp_mtup_smaller(sk) :
			   (u32)READ_ONCE(ipv4->sysctl_tcp_base_mss));
	tcp_sync_mss(sk, inet_csk(sk)->icsk_pmtu_cookie);
}

/* ---- a probe ---------------------------------------------------------- */

/* May one be sent at all? */
static bool tcp_mtup_may_probe(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	return !tp->mtu_probe_out && tp->snd_cwnd >= PROBE_MIN_CWND &&
	       inet_csk(sk)->icsk_ca_state == TCP_CA_Open &&
	       !tcp_has_sacks(tp) && !tp->urg_mode && tcp_mtup_has_df(sk);
}

/* The size of the next probe's packet; 0: the search is over, for now. */
static u32 tcp_mtup_next_size(struct sock *sk)
{
	const struct netns_ipv4 *ipv4 = &sock_net(sk)->ipv4;
	u32 enough = (u32)READ_ONCE(ipv4->sysctl_tcp_probe_threshold);
	u64 interval_ms = (u64)READ_ONCE(ipv4->sysctl_tcp_probe_interval) *
			  1000;
	u32 now_ms = tcp_ns_to_ts(tcp_sk(sk)->mstamp_ns);
	struct tcp_mtup *m = tcp_mtup(sk);

	if (now_ms - m->search_ms >= interval_ms) {
		m->search_ms = now_ms;
		m->search_high =
			tcp_mtup_most(sk, inet_csk(sk)->icsk_pmtu_cookie);
	}
	if (m->search_high - m->search_low < (s32)max(enough, 2u))
		return 0;
	return (m->search_low + m->search_high) / 2u;
}

/* Are the first @len octets that were not sent one row of text, which one segment may
 * carry? More than that wait. */
static bool tcp_mtup_may_join(const struct sock *sk, u32 len)
{
	const struct sk_buff *skb;
	u32 have = 0;

	skb_queue_walk(&sk->sk_write_queue, skb) {
		if ((TCP_SKB_CB(skb)->sacked & (TCPCB_EOR | TCPCB_TSTAMP)) ||
		    (TCP_SKB_CB(skb)->tcp_flags & (TCPHDR_SYN | TCPHDR_FIN)))
			return false;
		have += skb->len;
		if (have >= len)
			return true;
	}
	return false;
}

/* A copy of the first @len octets that were not sent, in one segment, takes their place
 * in the queue. Return: it; NULL: no memory. */
static struct sk_buff *tcp_mtup_join(struct sock *sk, u32 len)
{
	struct sk_buff *probe = tcp_stream_alloc_skb(sk, len, false), *skb;
	u32 n;

	if (!probe)
		return NULL;
	tcp_init_nondata_skb(probe, tcp_sk(sk)->snd_nxt, TCPHDR_ACK);
	TCP_SKB_CB(probe)->end_seq += len;
	probe->ip_summed = CHECKSUM_PARTIAL;
	while (probe->len < len) {
		skb = tcp_send_head(sk);
		n = min(len - probe->len, skb->len);
		memcpy(skb_put(probe, n), skb->data, n);
		if (n < skb->len) {
			tcp_trim_head(skb, n);
			break;
		}
		TCP_SKB_CB(probe)->tcp_flags |=
			TCP_SKB_CB(skb)->tcp_flags & TCPHDR_PSH;
		__skb_unlink(skb, &sk->sk_write_queue);
		tcp_wmem_free_skb(sk, skb);
	}
	__skb_queue_head(&sk->sk_write_queue, probe);
	sk_wmem_queued_add(sk, (s32)probe->truesize);
	sk_mem_charge(sk, (s32)probe->truesize);
	return probe;
}

/* Sends the probe of a packet of @size, with @len octets of text. Return: it went. */
static bool tcp_mtup_send(struct sock *sk, u32 size, u32 len)
{
	struct sk_buff *probe = tcp_mtup_join(sk, len);
	struct tcp_mtup *m = tcp_mtup(sk);

	/* if it does not go, it is cut like any segment that is too large */
	if (!probe || tcp_send_first(sk, probe, len))
		return false;
	INET_PROBE(MTU_PROBE);
	tcp_sk(sk)->mtu_probe_out = true;
	m->probe_size = (u16)size;
	m->probe_seq = TCP_SKB_CB(probe)->seq;
	m->probe_end = TCP_SKB_CB(probe)->end_seq;
	return true;
}

bool tcp_mtu_probe(struct sock *sk, u32 *sent)
{
	u32 size, len, needed, in_flight;
	struct tcp_sock *tp = tcp_sk(sk);

	size = tcp_mtup_may_probe(sk) ? tcp_mtup_next_size(sk) : 0;
	len = size ? tcp_mtu_to_mss(sk, size) : 0;
	/* as many behind it as show that it is lost */
	needed = len + (tp->reordering + 1) * tp->mss_cache;
	if (len <= tp->mss_cache || tp->snd_wnd < needed ||
	    tp->write_seq - tp->snd_nxt < needed || !tcp_mtup_may_join(sk, len))
		return true;
	in_flight = tcp_packets_in_flight(tp);
	if (after(tp->snd_nxt + needed, tcp_wnd_end(tp)) ||
	    in_flight + 2 > tp->snd_cwnd)
		return !in_flight;
	if (unlikely(tcp_is_paced(sk)) && tcp_pacing_holds(sk))
		return true;
	*sent += tcp_mtup_send(sk, size, len);
	return true;
}

/* ---- its answer ------------------------------------------------------- */

/* Segments got larger: the window has as many octets as before. */
static void tcp_mtup_scale(struct tcp_sock *tp, u32 prior_mss)
{
	u32 mss = tp->mss_cache;

	if (mss <= prior_mss)
		return;
	tp->snd_cwnd = max((u32)((u64)tp->snd_cwnd * prior_mss / mss), 1u);
	if (tp->snd_ssthresh < TCP_INFINITE_SSTHRESH)
		tp->snd_ssthresh = max((u32)((u64)tp->snd_ssthresh * prior_mss /
					     mss), 2u);
	tp->snd_cwnd_cnt = 0;
	tp->snd_cwnd_stamp_ns = tp->mstamp_ns;
	tp->undo.armed = false;		/* knows it in smaller ones */
}

void tcp_mtup_ack(struct sock *sk)
{
	struct tcp_mtup *m = tcp_mtup(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 prior_mss = tp->mss_cache;

	if (before(tp->snd_una, m->probe_end))
		return;
	tp->mtu_probe_out = false;
	NET_INC_STATS(sock_net(sk), TCP_MTUPSUCCESS);
	m->search_low = max(m->search_low, m->probe_size);
	tcp_sync_mss(sk, inet_csk(sk)->icsk_pmtu_cookie);
	tcp_mtup_scale(tp, prior_mss);
}

/* The text of the probe @skb, which is lost, goes again in segments of the usual size.
 * They count as in flight, and not as lost, so that each other loss is one. */
static void tcp_mtup_resend(struct sock *sk, struct sk_buff *skb)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_tsorted_row rows = { 0 };
	struct tcp_sock *tp = tcp_sk(sk);

	TCP_SKB_CB(skb)->sacked &= (u8)~TCPCB_LOST;
	tp->lost_out -= tcp_skb_pcount(skb);
	tp->lost -= tcp_skb_pcount(skb);
	tp->retransmit_skb_hint = NULL;
	tcp_tsorted_put(tp, skb, &rows);
	for (; skb && before(TCP_SKB_CB(skb)->seq, tcp_mtup(sk)->probe_end);
	     skb = tcp_rtx_next(tp, skb))
		if (tcp_retransmit_skb(sk, skb))
			break;
	if (icsk->icsk_pending != ICSK_TIME_REO_TIMEOUT)
		tcp_rearm_rto(sk);
}

bool tcp_mtup_probe_lost(struct sock *sk)
{
	struct sk_buff *head = tcp_rtx_queue_head(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_mtup *m;

	if (!tp->mtu_probe_out || tp->snd_una != tcp_mtup(sk)->probe_seq)
		return false;
	if (tp->rx_opt.sack_ok && (!(TCP_SKB_CB(head)->sacked & TCPCB_LOST) ||
				   tp->lost_out > tcp_skb_pcount(head)))
		return false;
	INET_PROBE(MTU_PROBE_LOST);
	tp->mtu_probe_out = false;
	NET_INC_STATS(sock_net(sk), TCP_MTUPFAIL);
	m = tcp_mtup(sk);
	m->search_high = max((u16)(m->probe_size - 1), m->search_low);
	if (tp->rx_opt.sack_ok)
		tcp_mtup_resend(sk, head);
	else
		tcp_simple_retransmit(sk);
	return true;
}
