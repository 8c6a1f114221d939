/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: selective acknowledgments, the receiver's part (RFC 2018, RFC 2883): what
 * waits behind a hole is told to the sender, so that it sends only the hole, and
 * what came twice is told, so that it knows that it need not have sent it.
 *
 * tp->selective_acks: blocks of text in the out-of-order queue, the newest first,
 * without overlaps; an older one that has no place falls off, and comes back when
 * something is added to it. tp->duplicate_sack is told once, before the others.
 *
 * Context: the sock is locked.
 */
#include "ipv4/tcp.h"

/* Is @b at [@seq, @end_seq), without a hole between them? */
static bool sack_touches(const struct tcp_sack_block *b, u32 seq, u32 end_seq)
{
	return !after(seq, b->end_seq) && !after(b->start_seq, end_seq);
}

void tcp_sack_reset(struct tcp_sock *tp)
{
	tp->num_sacks = 0;
	tp->dsack = tp->sack_news = false;
}

void tcp_sack_new(struct tcp_sock *tp, u32 seq, u32 end_seq)
{
	struct tcp_sack_block old[TCP_MAX_SACKS];
	u8 nr_old = tp->num_sacks, nr = 1;

	memcpy(old, tp->selective_acks, sizeof(old));
	for (u8 i = 0; i < nr_old; i++) {
		if (sack_touches(&old[i], seq, end_seq)) {
			if (before(old[i].start_seq, seq))
				seq = old[i].start_seq;
			if (after(old[i].end_seq, end_seq))
				end_seq = old[i].end_seq;
		} else if (nr < TCP_MAX_SACKS) {
			tp->selective_acks[nr++] = old[i];
		}
	}
	tp->selective_acks[0].start_seq = seq;
	tp->selective_acks[0].end_seq = end_seq;
	tp->num_sacks = nr;
	tp->sack_news = true;
}

void tcp_sack_remove(struct tcp_sock *tp)
{
	u8 nr = 0;

	for (u8 i = 0; i < tp->num_sacks; i++)
		if (after(tp->selective_acks[i].start_seq, tp->rcv_nxt))
			tp->selective_acks[nr++] = tp->selective_acks[i];
	tp->num_sacks = nr;
}

void tcp_dsack_set(struct sock *sk, u32 seq, u32 end_seq)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct net *net = sock_net(sk);

	if (!tp->rx_opt.sack_ok || !READ_ONCE(net->ipv4.sysctl_tcp_dsack))
		return;
	if (before(seq, tp->rcv_nxt))
		NET_INC_STATS(net, TCP_DSACKOLDSENT);
	else
		NET_INC_STATS(net, TCP_DSACKOFOSENT);
	tp->dsack = true;
	tp->duplicate_sack.start_seq = seq;
	tp->duplicate_sack.end_seq = end_seq;
}

/* How many blocks fit behind a header of tp->tcp_header_len and before @len octets
 * of text. */
static u32 tcp_sacks_that_fit(const struct tcp_sock *tp, u32 len)
{
	u32 room = MAX_TCP_OPTION_SPACE + TCP_HLEN_MIN - tp->tcp_header_len;

	if (len)
		room = len < tp->mss_cache ? min(room, tp->mss_cache - len) : 0;
	return room < TCPOLEN_SACK_BASE_ALIGNED ? 0 :
	       (room - TCPOLEN_SACK_BASE_ALIGNED) / TCPOLEN_SACK_PERBLOCK;
}

u32 tcp_sack_options(const struct tcp_sock *tp, const struct sk_buff *skb,
		     struct tcp_sack_block *blocks,
		     struct tcp_out_options *opts)
{
	u32 fit = skb->shinfo->gso_size ? 0 : tcp_sacks_that_fit(tp, skb->len);
	u32 nr = 0;

	memset(opts, 0, sizeof(*opts));
	if (tp->dsack && nr < fit)
		blocks[nr++] = tp->duplicate_sack;
	for (u32 i = 0; i < tp->num_sacks && nr < fit; i++)
		blocks[nr++] = tp->selective_acks[i];
	opts->num_sack_blocks = (u8)nr;
	opts->sacks = blocks;
	return (u32)tcp_options_size(opts);
}
