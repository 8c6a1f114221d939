/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP's forwarders: a SYN for nobody is held until the application decides. What
 * it accepts is a sock of its own from the beginning, in SYN-RECEIVED as after
 * SYNs that crossed, so that there is something to poll; its SYN-ACK is sent again
 * as often as a request's (net.ipv4.tcp_synack_retries).
 */
#include "ipv4/forward.h"

#include <errno.h>

#include "core/socket.h"
#include "ipv4/inet_common.h"
#include "ipv4/inet_connection_sock.h"
#include "ipv4/tcp.h"

#define TCP_FORWARD_MAX 1024u

/* ---- SYNs ------------------------------------------------------------- */

/* RFC 1122 4.2.3.10, MUST-57: from or to an address of many it opens nothing. */
static bool tcp_forward_addressed(const struct sk_buff *skb)
{
	__be32 saddr = ip_hdr(skb)->saddr;

	return !rt_is_to_many(skb_rtable(skb)) && !ipv4_is_multicast(saddr) &&
	       !ipv4_is_lbcast(saddr) && !ipv4_is_this_network(saddr);
}

/* A RST for a request: its peer gives up, if it knows the number. Return: whether
 * there was one. */
static bool tcp_forward_abort(struct inet_forwarder *fwd,
			      const struct forward_key *key, u32 seq)
{
	struct forward_flow *flow = forward_flow_get(fwd, key);

	if (!flow)
		return false;
	if (seq == flow->seq || seq == flow->seq + 1)
		forward_flow_end(flow, &fwd->stats.gave_up);
	forward_flow_put(flow);
	return true;
}

/* What the SYN says, for the application. */
static void tcp_forward_describe(const struct sk_buff *skb,
				 struct inet_forward_request *req)
{
	const struct tcphdr *th = tcp_hdr(skb);
	struct tcp_options_info info;

	tcp_parse_options(skb, &info);
	*req = (struct inet_forward_request){
		.mss = info.saw_mss ? info.mss : 0,
		.window = ntohs(th->window),
		.sack = info.sack_ok,
		.timestamps = info.saw_tstamp,
		.window_scaling = info.wscale_ok,
		.ecn = th->ece && th->cwr,
	};
}

/* Return: 0, or why it dies. */
static enum skb_drop_reason tcp_forward_syn(struct inet_forwarder *fwd,
					    const struct sk_buff *skb,
					    struct forward_want *want)
{
	struct inet_forward_request req;

	if (!tcp_forward_addressed(skb))
		return SKB_DROP_REASON_TCP_INVALID_SYN;
	tcp_forward_describe(skb, &req);
	/* text in it comes again */
	want->len = (u32)-skb_network_offset(skb) +
		    __tcp_hdrlen(tcp_hdr(skb));
	return forward_request(fwd, skb, want, &req);
}

bool tcp_forward_rcv(struct sk_buff *skb, u32 isn)
{
	struct inet_forwarder *fwd = forwarder_find(skb, IPPROTO_TCP);
	const struct tcphdr *th = tcp_hdr(skb);
	struct forward_want want = {
		.key = { .saddr = ip_hdr(skb)->saddr,
			 .daddr = ip_hdr(skb)->daddr,
			 .sport = th->source, .dport = th->dest },
		.seq = TCP_SKB_CB(skb)->seq, .isn = isn,
	};

	if (!fwd || th->ack || !th->source || !th->dest)
		return false;
	if (th->rst) {
		if (!tcp_forward_abort(fwd, &want.key, want.seq))
			return false;
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_RESET);
		return true;
	}
	if (!th->syn || th->fin)
		return false;
	forward_consume(skb, tcp_forward_syn(fwd, skb, &want));
	return true;
}

/* ---- verdicts --------------------------------------------------------- */

/* The held packet, from its TCP header on. */
static void tcp_forward_pull(struct sk_buff *syn)
{
	skb_pull(syn, (u32)skb_transport_offset(syn));
	tcp_v4_fill_cb(syn, tcp_hdr(syn));
}

/* forward_ops.reset. */
static void tcp_forward_reset(struct sk_buff *skb)
{
	tcp_forward_pull(skb);
	tcp_v4_send_reset(NULL, skb);
}

/* Names and a way back, as connect() finds them. 0 or -E. */
static int tcp_forward_names(struct sock *sk, const struct forward_key *key)
{
	int err = forward_route(sk, &inet_csk(sk)->icsk_fl, key);

	if (err)
		return err;
	sk->sk_reuse = 1;	/* whoever wants the port for own addresses */
	inet_sk(sk)->inet_saddr = key->daddr;
	WRITE_ONCE(sk->sk_rcv_saddr, key->daddr);
	WRITE_ONCE(sk->sk_daddr, key->saddr);
	WRITE_ONCE(sk->sk_dport, key->sport);
	return inet_bind_forwarded(sk, ntohs(key->dport));
}

/* Context: the sock is locked, in CLOSE. */
static int tcp_forward_open(struct sock *sk, const struct forward_flow *flow)
{
	const struct forward_key *key = &flow->key;
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_seq_and_ts_off st;
	int err = tcp_forward_names(sk, key);

	if (err)
		return err;
	st = secure_tcp_seq_and_ts_off(sock_net(sk), key->daddr, key->saddr,
				       key->dport, key->sport);
	WRITE_ONCE(tp->write_seq, flow->isn ? flow->isn : st.seq);
	tp->high_seq = tp->write_seq;
	tp->tsoffset = st.ts_off;
	tcp_set_state(sk, TCP_SYN_RECV);
	if (!inet_ehash_insert_new(sk))
		return -EADDRINUSE;
	return tcp_accept_syn(sk, flow->skb);
}

/* forward_ops.accept. */
static int tcp_forward_accept(struct forward_flow *flow, struct socket **res)
{
	struct socket *sock;
	struct sock *sk;
	int err = sock_create(flow->fwd->net, PF_INET, SOCK_STREAM, 0, &sock);

	if (err)
		return err;
	if (skb_transport_offset(flow->skb) > 0)	/* not the second try */
		tcp_forward_pull(flow->skb);
	sk = sock->sk;
	lock_sock(sk);
	err = tcp_forward_open(sk, flow);
	if (err)
		tcp_v4_connect_undo(sk);
	else
		sock->state = SS_CONNECTING;
	release_sock(sk);
	if (err)
		sock_release(sock);
	else
		*res = sock;
	return err;
}

void tcp_forward_done(struct sock *sk)
{
	tcp_sk(sk)->forwarded = 0;
	forward_sock_done(sk, IPPROTO_TCP);
}

const struct forward_ops tcp_forward_ops = {
	.protocol = IPPROTO_TCP,
	.max_flows = TCP_FORWARD_MAX,
	.accept = tcp_forward_accept,
	.reset = tcp_forward_reset,
};
