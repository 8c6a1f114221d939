/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: from the write queue to IP.
 *
 * sk_write_queue holds what was never sent, tp->rtx_queue what was sent and is
 * not acknowledged; each sk_buff is at most one segment and all its payload is
 * linear. tcp_write_xmit() takes from the first as far as the congestion
 * window, the peer's window and Nagle's rule allow, and moves what it sent to
 * the second. What goes down is a clone that shares the frame: the header is
 * written into the frame's headroom. When an earlier clone still holds the
 * frame (it waits in a device, or is read by a receiver of the same machine),
 * a retransmission is a copy.
 *
 * Many segments at once (GSO, TSO). Full segments in a row go down as one packet:
 * one header, and their frames behind it as fragments. The device cuts it, or
 * validate_xmit_skb() does, writing the headers into the frames' headroom. Above,
 * each segment stays what it was: nothing that is lost, acknowledged or sent
 * again has to be cut out of something larger.
 *
 * Checksums. skb->csum of a queued segment is the sum of its payload, made
 * while the user's bytes were copied (ip_summed CHECKSUM_NONE), or is not known
 * (CHECKSUM_PARTIAL) because the device was to do it. Only the header is
 * summed here, unless the device does it all.
 *
 * Context: everything here runs with the sock locked and tp->mstamp_ns fresh.
 *
 * RFC 9293 3.8 (sending), RFC 1122 4.2.3.4 (silly windows), RFC 896 (Nagle, in
 * the variant of Minshall: only one *small* segment may be unacknowledged).
 */
#include <errno.h>

#include "core/skbuff.h"
#include "core/ubuf.h"
#include "ipv4/ip.h"
#include "ipv4/tcp.h"
#include "ipv4/tcp_chrono.h"
#include "ipv4/tcp_ecn.h"
#include "ipv4/tcp_mtu_probe.h"
#include "ipv4/tcp_rate.h"
#include "ipv4/tcp_tstamp.h"
#include "lib/checksum.h"

/* ---- one segment ------------------------------------------------------ */

/* What goes to the device of a segment over the user's memory: a header of its
 * own, and that memory behind it. */
static __noinline struct sk_buff *tcp_clone_lent(struct sk_buff *skb)
{
	struct sk_buff *n = alloc_skb(skb_net(skb), MAX_TCP_HEADER);

	if (!n)
		return NULL;
	skb_reserve(n, MAX_TCP_HEADER);
	*TCP_SKB_CB(n) = *TCP_SKB_CB(skb);
	n->ip_summed = skb->ip_summed;
	skb->cloned = 1;
	if (skb->len && skb_add_frag_ref(n, skb->shinfo,
					 (u32)(skb->data - skb->head),
					 skb->len)) {
		consume_skb(n);
		return NULL;
	}
	skb_tstamp_copy(n, skb);
	return n;
}

/* The header that goes to the device: a clone, or a copy when the frame is in
 * use elsewhere. */
static struct sk_buff *tcp_clone_segment(struct sk_buff *skb)
{
	if (unlikely(frame_is_ubuf(skb->shinfo)))
		return tcp_clone_lent(skb);
	if (unlikely(__skb_cloned(skb)))
		return __pskb_copy(skb, MAX_TCP_HEADER);
	return skb_clone(skb);
}

/* The same of one that is in the list by time, which is the queue's. */
static __noinline struct sk_buff *tcp_clone_tsorted(struct sk_buff *skb)
{
	uintptr_t list[2] = { skb->list_space[0], skb->list_space[1] };
	struct sk_buff *clone;

	skb->list_space[0] = skb->list_space[1] = 0;
	clone = tcp_clone_segment(skb);
	skb->list_space[0] = list[0];
	skb->list_space[1] = list[1];
	return clone;
}

/* The urgent pointer names the octet behind the urgent data (MUST-62). */
static void tcp_set_urg_ptr(const struct tcp_sock *tp, u32 seq,
			    struct tcphdr *th)
{
	if (!before(seq, tp->snd_up))
		return;
	if (between(tp->snd_up, seq + 1, seq + 0xffff))
		th->urg_ptr = htons((u16)(tp->snd_up - seq));
	else if (after(seq + 0xffff, tp->snd_nxt))
		th->urg_ptr = 0xffff;
	else
		return;
	th->flags |= TCPHDR_URG;
}

/* Pushes a header of @hlen, all but its options, for the rare segments that have
 * others than timestamps. */
static struct tcphdr *tcp_push_header(struct sock *sk, struct sk_buff *skb,
				      u32 hlen, u16 window)
{
	const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcphdr *th = skb_push(skb, hlen);

	skb_reset_transport_header(skb);
	th->source = inet_sk(sk)->inet_sport;
	th->dest = sk->sk_dport;
	th->seq = htonl(tcb->seq);
	th->ack_seq = htonl(tcp_sk(sk)->rcv_nxt);
	th->doff_res = (u8)(hlen << 2);
	th->flags = tcb->tcp_flags;
	th->window = htons(window);
	th->check = 0;
	th->urg_ptr = 0;
	return th;
}

/* The header of a SYN, with its options. Return: its sum. */
static __noinline __wsum tcp_build_syn_header(struct sock *sk,
					      struct sk_buff *skb)
{
	struct tcp_out_options opts;
	u32 hlen = TCP_HLEN_MIN + tcp_syn_options(sk, &opts);
	/* RFC 7323 2.2: never scaled on a SYN */
	u16 window = (u16)min(tcp_sk(sk)->rcv_wnd, 65535u);
	struct tcphdr *th = tcp_push_header(sk, skb, hlen, window);

	(void)tcp_options_write(th + 1, MAX_TCP_OPTION_SPACE, &opts);
	return csum_partial(th, hlen, 0);
}

/* Timestamps, the only option of most segments, to @to, which may lie
 * anywhere: what is sent again begins where its peer's ACK ended. Return: their
 * sum. */
static __always_inline u64 tcp_write_timestamps(const struct tcp_sock *tp,
						void *to)
{
	const __be32 head = htonl(TCPOPT_NOP << 24 | TCPOPT_NOP << 16 |
				  TCPOPT_TIMESTAMP << 8 | TCPOLEN_TIMESTAMP);
	const __be32 tsval = htonl(tcp_time_stamp(tp));
	const __be32 tsecr = htonl(tp->rx_opt.ts_recent);
	u8 *p = to;

	/* one by one: what is stored in words and loaded as something wider
	 * makes the processor wait */
	memcpy(p, &head, sizeof(head));
	memcpy(p + 4, &tsval, sizeof(tsval));
	memcpy(p + 8, &tsecr, sizeof(tsecr));
	return (u64)head + tsval + tsecr;
}

/* The header of a segment that tells of text behind a hole, if there is place.
 * Return: its sum. */
static __noinline __wsum tcp_build_sack_header(struct sock *sk,
					       struct sk_buff *skb)
{
	struct tcp_sack_block blocks[TCP_MAX_SACKS];
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_out_options opts;
	u32 size = tcp_sack_options(tp, skb, blocks, &opts);
	u32 hlen = tp->tcp_header_len + size;
	struct tcphdr *th = tcp_push_header(sk, skb, hlen,
					    tcp_select_window(sk));

	for (u32 i = tp->dsack; i < opts.num_sack_blocks; i++)
		inet_debug_assert(after(blocks[i].start_seq, tp->rcv_nxt));
	if (tp->rx_opt.tstamp_ok)
		(void)tcp_write_timestamps(tp, th + 1);
	(void)tcp_options_write((u8 *)th + tp->tcp_header_len, size, &opts);
	if (tp->urg_mode)
		tcp_set_urg_ptr(tp, TCP_SKB_CB(skb)->seq, th);
	if (size)
		tp->sack_news = false;
	return csum_partial(th, hlen, 0);
}

/*
 * Pushes the header in front of the payload. It is summed while its words are
 * at hand: reading back what was just written would make the processor wait.
 *
 * Return: its sum, the checksum being 0.
 */
static __always_inline __wsum tcp_build_header(struct sock *sk,
					       struct sk_buff *skb)
{
	const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);
	__be32 seq, ack, word;
	__be16 sport, dport;
	struct tcphdr *th;
	u32 hlen, window;
	u64 sum;

	if (unlikely(tcb->tcp_flags & TCPHDR_SYN))
		return tcp_build_syn_header(sk, skb);
	if (unlikely(tcp_has_sacks(tp)))
		return tcp_build_sack_header(sk, skb);
	window = tcp_select_window(sk);
	hlen = tp->tcp_header_len;
	th = skb_push(skb, hlen);
	sport = inet_sk(sk)->inet_sport;
	dport = sk->sk_dport;
	seq = htonl(tcb->seq);
	ack = htonl(tp->rcv_nxt);
	word = htonl(hlen << 26 | (u32)tcb->tcp_flags << 16 | window);
	skb_reset_transport_header(skb);
	th->source = sport;
	th->dest = dport;
	th->seq = seq;
	th->ack_seq = ack;
	memcpy(&th->doff_res, &word, sizeof(word));
	th->check = 0;
	th->urg_ptr = 0;
	sum = (u64)sport + dport + seq + ack + word;
	if (likely(tp->rx_opt.tstamp_ok))
		sum += tcp_write_timestamps(tp, th + 1);
	if (unlikely(tp->urg_mode)) {
		tcp_set_urg_ptr(tp, tcb->seq, th);
		return csum_partial(th, hlen, 0);
	}
	sum = (sum & 0xffffffffu) + (sum >> 32);
	return (__wsum)(sum + (sum >> 32));
}

/* An ACK leaves: none is owed any more, unless it had no place for the news. Of
 * what came twice it is told now, or not at all. */
static void tcp_event_ack_sent(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	if (unlikely(tcp_has_sacks(tp))) {
		tp->dsack = false;
		if (tp->sack_news && tp->num_sacks)
			return;
	}
	if (icsk->icsk_ack.quick) {
		icsk->icsk_ack.quick--;
		if (!icsk->icsk_ack.quick)	/* the burst is over */
			icsk->icsk_ack.ato_us = TCP_ATO_MIN_US;
	}
	icsk->icsk_ack.pending = 0;
	icsk->icsk_ack.retry = 0;
}

/* Payload leaves. */
static void tcp_event_data_sent(struct tcp_sock *tp, struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	if (!tcp_packets_in_flight(tp))
		tcp_ca_event(sk, CA_EVENT_TX_START);
	tp->lsndtime_ns = tp->mstamp_ns;
	/* an answer that follows its question so soon: a conversation, in
	 * which ACKs may ride on data */
	if (tp->mstamp_ns - icsk->icsk_ack.lrcvtime_ns <
	    (u64)icsk->icsk_ack.ato_us * NSEC_PER_USEC)
		inet_csk_inc_pingpong_cnt(sk);
}

/* Counts what leaves. */
static __always_inline void tcp_count_sent(struct sock *sk, const struct tcp_skb_cb *tcb,
			   u32 payload)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (likely(tcb->tcp_flags & TCPHDR_ACK))
		tcp_event_ack_sent(sk);
	if (payload) {
		tcp_event_data_sent(tp, sk);
		tp->data_segs_out += tcb->tcp_gso_segs;
		tp->bytes_sent += payload;
	}
	tp->segs_out += tcb->tcp_gso_segs;
	NET_ADD_STATS(sock_net(sk), TCP_OUTSEGS, tcb->tcp_gso_segs);
}

/* The device has several queues: all of a connection goes by one of them, until
 * nothing is in flight that could be overtaken. */
static __noinline void tcp_keep_tx_queue(struct sock *sk, struct sk_buff *skb)
{
	if (!skb->destructor)
		skb_set_owner_w(skb, sk);
	skb->ooo_okay = tcp_rtx_queue_empty(sk);
}

int tcp_transmit_skb(struct sock *sk, struct sk_buff *skb, bool clone_it)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct sk_buff *orig;
	u32 payload = skb->len;
	int err;

	NET_ROAD(sock_net(sk), skb);
	if (clone_it) {
		orig = skb;
		skb = unlikely(tcp_skb_is_tsorted(orig)) ?
			      tcp_clone_tsorted(orig) : tcp_clone_segment(orig);
		if (unlikely(!skb))
			return -ENOBUFS;
		orig->tstamp = tcp_departure_ns(tcp_sk(sk));
		if (!tcp_sk(sk)->packets_out)
			tcp_rate_begin(tcp_sk(sk), orig->tstamp);
		tcp_rate_skb_sent(tcp_sk(sk), TCP_SKB_CB(orig));
		compiler_assume(!skb->destructor);
		skb_set_owner_w(skb, sk);
	}
	skb->tstamp = tcp_sk(sk)->mstamp_ns;
	if (unlikely(tcp_is_paced(sk)))
		tcp_pacing_sent(sk, skb, payload);
	if (unlikely(READ_ONCE(sk->sk_tx_queue)))
		tcp_keep_tx_queue(sk, skb);
	if (unlikely(tcp_sk(sk)->ecn_flags))
		tcp_ecn_send(sk, skb, payload);
	icsk->icsk_af_ops->send_check(sk, skb, tcp_build_header(sk, skb));
	tcp_count_sent(sk, TCP_SKB_CB(skb), payload);
	skb->priority = sk->sk_priority;
	err = icsk->icsk_af_ops->queue_xmit(sk, skb, &icsk->icsk_fl);
	if (likely(err <= 0))
		return err;
	if (tcp_sk(sk)->packets_out)
		tcp_enter_cwr(sk);
	return err == NET_XMIT_CN ? 0 : err;
}

void tcp_init_nondata_skb(struct sk_buff *skb, u32 seq, u8 flags)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);

	memset(tcb, 0, sizeof(*tcb));
	tcb->tcp_flags = flags;
	tcb->tcp_gso_segs = 1;
	tcb->seq = seq;
	tcb->end_seq = seq;
	if (flags & (TCPHDR_SYN | TCPHDR_FIN))
		tcb->end_seq++;
	skb->ip_summed = CHECKSUM_NONE;
	skb->csum = 0;
}

/* ---- moving between the queues ---------------------------------------- */

/* @skb and those behind it, the newest of tp->rtx_queue, have been sent. */
static __noinline void tcp_rtx_index_sent(struct tcp_sock *tp,
					  struct sk_buff *skb)
{
	for (; skb != (struct sk_buff *)&tp->rtx_queue; skb = skb->next) {
		tcp_rtx_index_add(tp, skb);
		list_add_tail(tcp_skb_tsorted(skb), &tp->tsorted_sent);
	}
}

/* The first @segs of the write queue, @last their last, have been sent. */
static __always_inline void tcp_event_new_data_sent(struct sock *sk,
						    struct sk_buff *last,
						    u32 segs)
{
	struct sk_buff *first = tcp_send_head(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	WRITE_ONCE(tp->snd_nxt, TCP_SKB_CB(last)->end_seq);
	skb_queue_move_first(&sk->sk_write_queue, last, segs, &tp->rtx_queue);
	if (unlikely(tp->rtx_indexed))
		tcp_rtx_index_sent(tp, first);
	tp->prr_out += segs;
	tp->packets_out += segs;
	NET_ADD_STATS(sock_net(sk), TCP_ORIGDATASENT, segs);
}

/* New text went, the first in flight or more: RFC 6298 5.1, RFC 8985 7.2. */
static __always_inline void tcp_arm_for_sent(struct sock *sk, bool first)
{
	if (!tcp_schedule_loss_probe(sk) && first)
		tcp_rearm_rto(sk);
}

/* @skb of tp->rtx_queue is acknowledged, or dies with the connection. */
void tcp_rtx_queue_unlink_and_free(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (unlikely(tp->retransmit_skb_hint == skb))
		tp->retransmit_skb_hint =
			skb_queue_is_last(&tp->rtx_queue, skb) ? NULL :
								 skb->next;
	if (unlikely(tp->rtx_indexed))
		tcp_rtx_index_remove(tp, skb);
	__skb_unlink(skb, &tp->rtx_queue);
	tcp_wmem_free_skb(sk, skb);
}

/* Counts, indexes and lists the second half of a segment that was cut while in flight. */
static void tcp_fragment_count(struct tcp_sock *tp, struct sk_buff *skb,
			       struct sk_buff *buff)
{
	u32 pcount = tcp_skb_pcount(buff);
	u8 sacked = TCP_SKB_CB(buff)->sacked;

	tp->packets_out += pcount;
	if (tcp_skb_is_tsorted(skb))
		list_add(tcp_skb_tsorted(buff), tcp_skb_tsorted(skb));
	if (tp->rtx_indexed)
		tcp_rtx_index_add(tp, buff);
	if (sacked & TCPCB_LOST)
		tp->lost_out += pcount;
	if (sacked & TCPCB_SACKED_RETRANS)
		tp->retrans_out += pcount;
}

/*
 * May a segment in flight be cut? Each cut costs a frame, so a peer whose
 * window opens octet by octet could have us hold a thousand times the text
 * (CVE-2019-11478's lesson). The first one may always be: it must fit the path.
 */
static bool tcp_may_cut(const struct sock *sk, const struct sk_buff *skb)
{
	s64 limit = sk->sk_sndbuf + 2 * (s64)SKB_TRUESIZE(65536);

	return sk->sk_wmem_queued / 4 <= limit ||
	       skb == tcp_rtx_queue_head(sk);
}

int tcp_fragment(struct sock *sk, struct sk_buff_head *q, struct sk_buff *skb,
		 u32 len)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb), *rest;
	u32 nsize = skb->len - len;
	struct sk_buff *buff;

	inet_assert(len < skb->len && !skb_is_nonlinear(skb));
	buff = tcp_stream_alloc_skb(sk, nsize, true);
	if (!buff)
		return -ENOMEM;
	sk_wmem_queued_add(sk, (s32)buff->truesize);
	sk_mem_charge(sk, (s32)buff->truesize);

	rest = TCP_SKB_CB(buff);
	*rest = *tcb;
	rest->seq = tcb->seq + len + (tcb->tcp_flags & TCPHDR_SYN ? 1 : 0);
	rest->tcp_flags &= (u8)~TCPHDR_SYN;
	tcb->end_seq = rest->seq;
	tcb->tcp_flags &= (u8)~(TCPHDR_FIN | TCPHDR_PSH);
	tcb->sacked &= (u8)~TCPCB_EOR;
	buff->tstamp = skb->tstamp;
	buff->ip_summed = skb->ip_summed;
	buff->csum = csum_copy(skb_put(buff, nsize), skb->data + len, nsize, 0);
	if (skb->ip_summed == CHECKSUM_NONE)
		skb->csum = csum_block_sub(skb->csum, buff->csum, len);
	(void)pskb_trim(skb, len);	/* linear: cannot fail */
	tcp_tstamp_split(skb, buff);
	__skb_queue_after(q, skb, buff);
	if (q == &tcp_sk(sk)->rtx_queue)
		tcp_fragment_count(tcp_sk(sk), skb, buff);
	return 0;
}

void tcp_trim_head(struct sk_buff *skb, u32 len)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);

	tcb->seq += len;
	if (tcb->tcp_flags & TCPHDR_SYN) {
		tcb->tcp_flags &= (u8)~TCPHDR_SYN;
		len--;
	}
	skb_pull(skb, min(len, skb->len));
	skb->ip_summed = CHECKSUM_PARTIAL;	/* the sum is not known now */
}

/* An empty segment, ready for tcp_init_nondata_skb(). */
static struct sk_buff *tcp_alloc_control(struct sock *sk)
{
	struct sk_buff *skb = alloc_skb(sock_net(sk), MAX_TCP_HEADER);

	if (skb)
		skb_reserve(skb, MAX_TCP_HEADER);
	return skb;
}

/* ---- what may be sent ------------------------------------------------- */

/* Segments that the congestion window still allows, in one packet: no more than
 * half of it, so that there are two to be acknowledged. */
static u32 tcp_cwnd_test(const struct tcp_sock *tp)
{
	u32 in_flight = tcp_packets_in_flight(tp);

	if (in_flight >= tp->snd_cwnd)
		return 0;
	return min(max(tp->snd_cwnd / 2, 1u), tp->snd_cwnd - in_flight);
}

/* The end of the stream, in one segment: it waits for no congestion window, since
 * nothing more will follow. */
static bool tcp_is_last_fin(const struct sk_buff *skb, u32 mss_now)
{
	return (TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN) && skb->len <= mss_now;
}

/* Is the segment, as far as it will be sent, inside the peer's window? */
static bool tcp_snd_wnd_test(const struct tcp_sock *tp,
			     const struct sk_buff *skb, u32 cur_mss)
{
	u32 end_seq = TCP_SKB_CB(skb)->end_seq;

	if (skb->len > cur_mss)
		end_seq = TCP_SKB_CB(skb)->seq + cur_mss;
	return !after(end_seq, tcp_wnd_end(tp));
}

/* Is a small segment unacknowledged? */
static bool tcp_minshall_check(const struct tcp_sock *tp)
{
	return after(tp->snd_sml, tp->snd_una) &&
	       !after(tp->snd_sml, tp->snd_nxt);
}

/* May this segment go now, or does it wait to be filled? */
static bool tcp_nagle_test(const struct tcp_sock *tp, const struct sk_buff *skb,
			   u32 cur_mss, int nonagle)
{
	if (skb->len >= cur_mss || (nonagle & TCP_NAGLE_PUSH))
		return true;
	if (tp->urg_mode || (TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN))
		return true;
	if (nonagle & TCP_NAGLE_CORK)
		return false;
	return nonagle || !tp->packets_out || !tcp_minshall_check(tp);
}

/* May @skb, or the first segment of it, go now? */
static __always_inline bool tcp_may_send(const struct sock *sk,
					 const struct sk_buff *skb, u32 mss_now,
					 int nonagle)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (!skb_queue_is_last(&sk->sk_write_queue, skb))
		nonagle = TCP_NAGLE_PUSH;
	return tcp_snd_wnd_test(tp, skb, mss_now) &&
	       tcp_nagle_test(tp, skb, mss_now, nonagle);
}

/* ---- many segments in one packet -------------------------------------- */

u32 tcp_gso_max_text(const struct sock *sk)
{
	const struct dst_entry *dst = rcu_access_pointer(sk->sk_dst_cache);
	u32 size = dst ? min(dst_gso_max_size(dst), (u32)U16_MAX) : 0;

	/* the urgent pointer counts from where its segment begins; of signatures each
	 * segment has its own */
	if (tcp_sk(sk)->urg_mode || tcp_sk(sk)->signs || size < MAX_TCP_HEADER)
		return 0;
	return size - MAX_TCP_HEADER;
}

u32 tcp_gso_max_segs(struct sock *sk, u32 mss_now)
{
	u32 size = tcp_gso_max_text(sk);

	if (!size)
		return 1;
	size = tcp_tso_autosize(sk, size, mss_now);
	return clamp(size / mss_now, 1u, (u32)MAX_SKB_FRAGS);
}

/* How many segments, @skb the first, may go as one packet: full ones, the last
 * may be short. At most @most. */
static u32 tcp_gso_row(const struct sock *sk, const struct sk_buff *skb,
		       u32 mss_now, int nonagle, u32 most)
{
	const u8 ends = TCPHDR_SYN | TCPHDR_FIN;
	const struct sk_buff *next;
	u32 n = 1;

	for (; n < most && skb->len == mss_now; n++, skb = next) {
		next = skb->next;
		if (skb_queue_is_last(&sk->sk_write_queue, skb) ||
		    (TCP_SKB_CB(skb)->tcp_flags & ends) || !next->len ||
		    (TCP_SKB_CB(skb)->sacked & TCPCB_TSTAMP) ||
		    next->len > mss_now || next->ip_summed != skb->ip_summed ||
		    !tcp_may_send(sk, next, mss_now, nonagle))
			break;
	}
	return n;
}

/* One packet for @segs segments, @skb the first. NULL: memory is short. */
static struct sk_buff *tcp_gso_build(struct sock *sk, struct sk_buff *skb,
				     u32 segs)
{
	struct sk_buff *gso = tcp_alloc_control(sk);
	u64 departure_ns = tcp_departure_ns(tcp_sk(sk));
	struct tcp_skb_cb *tcb;
	u32 i;

	if (!gso)
		return NULL;
	if (skb_make_frags(gso)) {
		consume_skb(gso);
		return NULL;
	}
	tcb = TCP_SKB_CB(gso);
	*tcb = *TCP_SKB_CB(skb);
	/* whoever merges them again on the way need not wait for more */
	tcb->tcp_flags |= TCPHDR_PSH;
	gso->shinfo->gso_type = SKB_GSO_TCPV4;
	gso->shinfo->gso_size = (u16)skb->len;
	gso->shinfo->gso_segs = tcb->tcp_gso_segs = (u16)segs;
	gso->shinfo->tx_flags = skb->ip_summed == CHECKSUM_PARTIAL ?
				SKBTX_FRAG_ROOM : SKBTX_FRAG_FLAGS;
	if (!tcp_sk(sk)->packets_out)
		tcp_rate_begin(tcp_sk(sk), departure_ns);
	for (i = 0; i < segs; i++, skb = skb->next) {
		tcp_rate_skb_sent(tcp_sk(sk), TCP_SKB_CB(skb));
		tcb->tcp_flags |= TCP_SKB_CB(skb)->tcp_flags;
		tcb->end_seq = TCP_SKB_CB(skb)->end_seq;
		skb->tstamp = departure_ns;
		skb->shinfo->csum = skb->csum;
		skb->cloned = 1;
		frame_get(skb->shinfo);
		__skb_add_frag(gso, skb->shinfo, (u32)(skb->data - skb->head),
			       skb->len);
		skb_tstamp_copy(gso, skb);
	}
	skb_set_owner_w(gso, sk);
	return gso;
}

/* Sends *@segs segments, @skb the first, or fewer. As tcp_transmit_skb(). */
static __noinline int tcp_transmit_row(struct sock *sk, struct sk_buff *skb,
				       u32 *segs)
{
	struct sk_buff *gso = tcp_gso_build(sk, skb, *segs);

	if (likely(gso))
		return tcp_transmit_skb(sk, gso, false);
	*segs = 1;
	return tcp_transmit_skb(sk, skb, true);
}

/* The first @segs of the write queue have been sent: all but the last are full. */
static __always_inline void tcp_row_sent(struct sock *sk, u32 segs, u32 mss_now)
{
	struct sk_buff *last = tcp_send_head(sk);
	u32 i;

	for (i = 1; i < segs; i++)
		last = last->next;
	if (last->len < mss_now)
		tcp_sk(sk)->snd_sml = TCP_SKB_CB(last)->end_seq;
	tcp_event_new_data_sent(sk, last, segs);
}

/*
 * Sends what may be sent.
 *
 * Return: true when nothing is in flight although there is something to send:
 * the window is closed, and somebody must probe it.
 */
static bool tcp_write_xmit(struct sock *sk, u32 mss_now, int nonagle)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool cwnd_limited = false, held = false, first = !tp->packets_out;
	bool rwnd_limited = false;
	u32 sent = 0, quota, segs;
	struct sk_buff *skb;
	int err;

	NET_ROAD(sock_net(sk), NULL);
	if (unlikely(tp->mtu_probing) && !tcp_mtu_probe(sk, &sent))
		return false;
	while ((skb = tcp_send_head(sk)) != NULL) {
		held = unlikely(tcp_is_paced(sk)) && tcp_pacing_holds(sk);
		if (held)
			break;
		quota = tcp_cwnd_test(tp);
		if (!quota && !tcp_is_last_fin(skb, mss_now)) {
			cwnd_limited = true;
			break;
		}
		if (!tcp_may_send(sk, skb, mss_now, nonagle)) {
			rwnd_limited = !tcp_snd_wnd_test(tp, skb, mss_now);
			break;
		}
		if (unlikely(skb->len > mss_now) &&
		    tcp_fragment(sk, &sk->sk_write_queue, skb, mss_now))
			break;
		segs = 1;
		if (!skb_queue_is_last(&sk->sk_write_queue, skb))
			segs = tcp_gso_row(sk, skb, mss_now, nonagle,
					   min(quota, tcp_gso_max_segs(sk, mss_now)));
		err = segs == 1 ? tcp_transmit_skb(sk, skb, true) :
				  tcp_transmit_row(sk, skb, &segs);
		if (unlikely(err))
			break;
		tcp_row_sent(sk, segs, mss_now);
		sent += segs;
	}
	if (unlikely(rwnd_limited))
		tcp_chrono_start(tp, TCP_CHRONO_RWND_LIMITED);
	else
		tcp_chrono_stop(tp, TCP_CHRONO_RWND_LIMITED);
	if (sent) {
		tcp_arm_for_sent(sk, first);
		tcp_cwnd_validate(sk, cwnd_limited ||
				      tcp_packets_in_flight(tp) >= tp->snd_cwnd);
		return false;
	}
	return !held && !tp->packets_out && !tcp_write_queue_empty(sk);
}

/* Nothing in flight, something to send: a timer must look after it. */
static void tcp_check_probe_timer(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->packets_out && !inet_csk(sk)->icsk_pending)
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_PROBE0, tp->mstamp_ns,
					  tcp_probe0_when_ns(sk));
}

void __tcp_push_pending_frames(struct sock *sk, u32 cur_mss, int nonagle)
{
	if (unlikely(sk->sk_state == TCP_CLOSE))
		return;
	if (tcp_write_xmit(sk, cur_mss, nonagle))
		tcp_check_probe_timer(sk);
}

/* ---- retransmission --------------------------------------------------- */

/* Does a clone of it still wait below us? Then sending it again would only
 * add to the queue. A frame that a local receiver reads does not count. */
static bool tcp_skb_in_host_queue(const struct sock *sk,
				  const struct sk_buff *skb)
{
	return skb_cloned(skb) && sk_wmem_alloc_get(sk) > 0;
}

/* Cuts @skb to what may be sent of it now: the segment size, and the part
 * inside a window that the peer shrank (RFC 9293 3.8.6, SHLD-16). */
static int tcp_retrans_fit(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 limit = tcp_current_mss(sk);
	s32 window = (s32)(tcp_wnd_end(tp) - TCP_SKB_CB(skb)->seq);

	if (window <= 0) {
		/* MAY-7: the first one is always tried, it probes too */
		if (TCP_SKB_CB(skb)->seq != tp->snd_una)
			return -EAGAIN;
	} else {
		limit = min(limit, (u32)window);
	}
	if (skb->len <= limit)
		return 0;
	if (unlikely(!tcp_may_cut(sk, skb)))
		return -ENOMEM;
	INET_PROBE(RTX_CUT);
	return tcp_fragment(sk, &tp->rtx_queue, skb, limit);
}

/* Marks and counts a retransmission. */
static void tcp_retransmitted(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 segs = tcp_skb_pcount(skb);

	tcp_undo_retransmitted(sk, segs);
	if (!(tcb->sacked & TCPCB_SACKED_RETRANS))
		tp->retrans_out += segs;
	tp->prr_out += segs;
	if (tp->rtx_indexed) {
		tcp_tsorted_del(skb);
		list_add_tail(tcp_skb_tsorted(skb), &tp->tsorted_sent);
	}
	tcb->sacked |= TCPCB_RETRANS;
	if (!tp->retrans_stamp_ns)
		tp->retrans_stamp_ns = tp->mstamp_ns;
	tp->total_retrans += segs;
	tp->bytes_retrans += skb->len;
	NET_ADD_STATS(sock_net(sk), TCP_RETRANSSEGS, segs);
	/* RFC 4022: counted as sent just now, and not to be */
	NET_ADD_STATS(sock_net(sk), TCP_OUTSEGS, -(u64)segs);
	if (tcb->tcp_flags & TCPHDR_SYN)
		NET_INC_STATS(sock_net(sk), TCP_SYNRETRANS);
}

int tcp_retransmit_skb(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	int err;

	NET_ROAD(sock_net(sk), skb);
	if (tcp_skb_in_host_queue(sk, skb)) {
		INET_PROBE(RTX_STILL_QUEUED);
		return -EBUSY;
	}
	if (before(TCP_SKB_CB(skb)->seq, tp->snd_una)) {
		inet_assert(after(TCP_SKB_CB(skb)->end_seq, tp->snd_una));
		INET_PROBE(RTX_HEAD_TRIMMED);
		tcp_trim_head(skb, tp->snd_una - TCP_SKB_CB(skb)->seq);
	}
	if (inet_csk(sk)->icsk_af_ops->rebuild_header(sk))
		return -EHOSTUNREACH;
	if ((TCP_SKB_CB(skb)->tcp_flags & TCPHDR_SYN_ECN) == TCPHDR_SYN_ECN)
		tcp_ecn_clear_syn(sk, skb);
	tp->mtu_probe_out = false;	/* what comes now may be about this */
	err = tcp_retrans_fit(sk, skb);
	if (err)
		return err;
	err = tcp_transmit_skb(sk, skb, true);
	if (err)
		NET_INC_STATS(sock_net(sk), TCP_RETRANSFAIL);
	else
		tcp_retransmitted(sk, skb);
	return err;
}

void tcp_xmit_retransmit_queue(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb = tp->retransmit_skb_hint;

	if (!tp->lost_out || tp->frto == TCP_FRTO_SENT_NEW)
		return;
	if (!skb)
		skb = tcp_rtx_queue_head(sk);
	INET_WALK(RETRANSMIT_QUEUE);
	for (; skb; skb = skb->next) {
		if (skb == (struct sk_buff *)&tp->rtx_queue)
			break;
		INET_STEP(RETRANSMIT_QUEUE);
		tp->retransmit_skb_hint = skb;
		if ((TCP_SKB_CB(skb)->sacked &
		     (TCPCB_LOST | TCPCB_SACKED_RETRANS)) != TCPCB_LOST)
			continue;
		if ((unlikely(tcp_is_paced(sk)) && tcp_pacing_holds(sk)) ||
		    !tcp_cwnd_test(tp) || tcp_retransmit_skb(sk, skb))
			break;
		if (inet_csk(sk)->icsk_ca_state == TCP_CA_Loss)
			NET_INC_STATS(sock_net(sk), TCP_SLOWSTARTRETRANS);
		else
			NET_INC_STATS(sock_net(sk), TCP_FASTRETRANS);
		if (skb == tcp_rtx_queue_head(sk) &&
		    inet_csk(sk)->icsk_pending != ICSK_TIME_PROBE0 &&
		    inet_csk(sk)->icsk_pending != ICSK_TIME_REO_TIMEOUT)
			tcp_rearm_rto(sk);
	}
}

/* ---- segments without text -------------------------------------------- */

/* What a segment without text carries as SEG.SEQ: SND.NXT, but not beyond a
 * window that was shrunk, where the peer would not accept it. */
static u32 tcp_acceptable_seq(const struct tcp_sock *tp)
{
	u32 end = tcp_wnd_end(tp);

	/* a scaled window is told rounded down: within one step is within */
	if (!before(end, tp->snd_nxt) ||
	    (tp->rx_opt.wscale_ok &&
	     tp->snd_nxt - end < 1u << tp->rx_opt.snd_wscale))
		return tp->snd_nxt;
	return end;
}

void tcp_send_ack(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;

	NET_ROAD(sock_net(sk), NULL);
	if (sk->sk_state == TCP_CLOSE)
		return;
	skb = tcp_alloc_control(sk);
	if (unlikely(!skb)) {		/* it stays owed; of this segment it is
					 * too late to tell */
		tp->dsack = false;
		inet_csk_schedule_ack(sk);
		inet_csk(sk)->icsk_ack.ato_us = TCP_ATO_MIN_US;
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_DACK, tp->mstamp_ns,
					  TCP_DELACK_MAX_US * NSEC_PER_USEC);
		return;
	}
	tcp_init_nondata_skb(skb, tcp_acceptable_seq(tp), TCPHDR_ACK);
	(void)tcp_transmit_skb(sk, skb, false);
}

/* How long an ACK may wait: as long as segments use to come, but not longer
 * than a round trip. */
static u32 tcp_delack_us(const struct sock *sk)
{
	u32 ato = inet_csk(sk)->icsk_ack.ato_us;
	u32 srtt = tcp_sk(sk)->srtt_us >> 3;

	if (!ato)		/* a FIN without any text before it */
		return TCP_DELACK_FIN_US;
	if (ato > TCP_DELACK_MIN_US && srtt)
		ato = min(ato, max(srtt, TCP_DELACK_MIN_US));
	return clamp(ato, TCP_DELACK_MIN_US, TCP_DELACK_MAX_US);
}

void tcp_send_delayed_ack(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	u64 now = tcp_sk(sk)->mstamp_ns;
	u64 delay = tcp_delack_us(sk) * NSEC_PER_USEC;

	if (icsk->icsk_ack.pending & ICSK_ACK_TIMER) {
		/* soon due anyway: do not set a timer for so little */
		if (icsk->icsk_ack.timeout_ns <= now + delay / 4) {
			tcp_send_ack(sk);
			return;
		}
		delay = min(delay, icsk->icsk_ack.timeout_ns - now);
	}
	inet_csk_schedule_ack(sk);
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_DACK, now, delay);
}

void tcp_send_active_reset(struct sock *sk)
{
	struct sk_buff *skb = tcp_alloc_control(sk);

	NET_INC_STATS(sock_net(sk), TCP_OUTRSTS);
	if (!skb) {
		NET_INC_STATS(sock_net(sk), TCP_ABORTFAILED);
		return;
	}
	tcp_mstamp_refresh(sk);
	tcp_init_nondata_skb(skb, tcp_acceptable_seq(tcp_sk(sk)),
			     TCPHDR_ACK | TCPHDR_RST);
	if (tcp_transmit_skb(sk, skb, false))
		NET_INC_STATS(sock_net(sk), TCP_ABORTFAILED);
}

/* Puts the FIN on a segment that is queued. */
static void tcp_add_fin(struct tcp_sock *tp, struct sk_buff *skb)
{
	TCP_SKB_CB(skb)->tcp_flags |= TCPHDR_FIN;
	TCP_SKB_CB(skb)->end_seq++;
	WRITE_ONCE(tp->write_seq, tp->write_seq + 1);
}

void tcp_send_fin(struct sock *sk)
{
	struct sk_buff *skb = tcp_write_queue_tail(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	NET_ROAD(sock_net(sk), NULL);
	tp->fin_pending = false;
	tcp_mstamp_refresh(sk);
	if (skb) {
		tcp_add_fin(tp, skb);
	} else {
		skb = tcp_alloc_control(sk);
		if (skb) {
			sk_forced_mem_schedule(sk, (s32)skb->truesize);
			tcp_init_nondata_skb(skb, tp->write_seq,
					     TCPHDR_ACK | TCPHDR_FIN);
			WRITE_ONCE(tp->write_seq, tp->write_seq + 1);
			tcp_skb_entail(sk, skb);
		} else if (!tcp_rtx_queue_empty(sk)) {
			/* goes with the retransmission of the last one */
			skb = skb_peek_tail(&tp->rtx_queue);
			tcp_sack_forget(tp, skb);
			tcp_add_fin(tp, skb);
			WRITE_ONCE(tp->snd_nxt, tp->write_seq);
			return;
		} else {
			INET_PROBE(FIN_WITHOUT_MEMORY);
			tp->fin_pending = true;
			inet_csk_reset_xmit_timer(
				sk, ICSK_TIME_PROBE0, tp->mstamp_ns,
				TCP_RESOURCE_PROBE_INTERVAL_US * NSEC_PER_USEC);
			return;
		}
	}
	__tcp_push_pending_frames(sk, tcp_current_mss(sk), TCP_NAGLE_OFF);
}

/* ---- probes ----------------------------------------------------------- */

/* An empty segment that the peer must answer: its sequence number is one
 * behind what it has (or, to show the urgent pointer, just that). */
static int tcp_xmit_probe_skb(struct sock *sk, bool urgent)
{
	struct sk_buff *skb = tcp_alloc_control(sk);

	if (!skb)
		return -ENOBUFS;
	tcp_init_nondata_skb(skb, tcp_sk(sk)->snd_una - !urgent, TCPHDR_ACK);
	return tcp_transmit_skb(sk, skb, false);
}

int tcp_send_first(struct sock *sk, struct sk_buff *skb, u32 limit)
{
	bool first = !tcp_sk(sk)->packets_out;
	int err = 0;

	if (skb->len > limit)
		err = tcp_fragment(sk, &sk->sk_write_queue, skb, limit);
	if (!err)
		err = tcp_transmit_skb(sk, skb, true);
	if (err)
		return err;
	tcp_event_new_data_sent(sk, skb, 1);
	tcp_arm_for_sent(sk, first);
	return 0;
}

/* Sends as much of the first segment as the window takes, however little: the
 * time to wait for more is over (RFC 1122 4.2.3.4). */
static int tcp_probe_with_data(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 room = tcp_wnd_end(tp) - TCP_SKB_CB(skb)->seq;
	u32 limit = min(room, tcp_current_mss(sk));

	if (before(tp->pushed_seq, TCP_SKB_CB(skb)->end_seq))
		tp->pushed_seq = TCP_SKB_CB(skb)->end_seq;
	if (skb->len > limit)
		INET_PROBE(EARLY_PROBE_TEXT);
	else if (after(TCP_SKB_CB(skb)->end_seq, tcp_wnd_end(tp)))
		return tcp_xmit_probe_skb(sk, false);	/* a FIN without room */
	TCP_SKB_CB(skb)->tcp_flags |= TCPHDR_PSH;
	return tcp_send_first(sk, skb, limit);
}

bool tcp_send_one_new(struct sock *sk)
{
	struct sk_buff *skb = tcp_send_head(sk);
	u32 mss = tcp_current_mss(sk);

	return skb && tcp_snd_wnd_test(tcp_sk(sk), skb, mss) &&
	       !tcp_send_first(sk, skb, mss);
}

int tcp_write_wakeup(struct sock *sk, bool keepalive)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb = tcp_send_head(sk);

	if (sk->sk_state == TCP_CLOSE)
		return -1;
	if (skb && before(TCP_SKB_CB(skb)->seq, tcp_wnd_end(tp)))
		return tcp_probe_with_data(sk, skb);
	if (keepalive)
		NET_INC_STATS(sock_net(sk), TCP_KEEPALIVE);
	else
		NET_INC_STATS(sock_net(sk), TCP_WINPROBE);
	if (between(tp->snd_up, tp->snd_una + 1, tp->snd_una + 0xffff))
		(void)tcp_xmit_probe_skb(sk, true);
	return tcp_xmit_probe_skb(sk, false);
}

/* When the next window probe is due: one RTO, doubled each time (SHLD-29,
 * SHLD-30). */
u64 tcp_probe0_when_ns(const struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	u64 us = max((u64)icsk->icsk_rto_us, (u64)icsk->icsk_rto_min_us);

	us <<= min(icsk->icsk_backoff, (u8)24);
	return min(us, (u64)icsk->icsk_rto_max_us) * NSEC_PER_USEC;
}

void tcp_send_probe0(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u64 when;
	int err;

	err = tcp_write_wakeup(sk, false);
	if (tp->packets_out || tcp_write_queue_empty(sk)) {
		WRITE_ONCE(icsk->icsk_probes_out, 0);
		icsk->icsk_probes_tstamp_ns = 0;
		icsk->icsk_backoff = 0;
		return;
	}
	if (icsk->icsk_probes_out < 255)
		WRITE_ONCE(icsk->icsk_probes_out, icsk->icsk_probes_out + 1);
	if (err <= 0) {
		if (icsk->icsk_backoff < 24)
			icsk->icsk_backoff++;
		when = tcp_probe0_when_ns(sk);
	} else {	/* our own queues are full: nothing to do with the peer */
		when = TCP_RESOURCE_PROBE_INTERVAL_US * NSEC_PER_USEC;
	}
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_PROBE0, tp->mstamp_ns, when);
}
