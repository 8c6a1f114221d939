/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: the sock's birth, writing, readiness.
 *
 * tcp_sendmsg() copies the user's octets once, summing them on the way, into
 * segments of at most one MSS on sk_write_queue, and pushes when there are enough
 * for one large packet, or at the end. A segment that is not full waits at the
 * tail for more octets; Nagle's rule, which decides when it leaves nevertheless,
 * is tcp_output.c's.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "core/iov.h"
#include "core/skbuff.h"
#include "core/ubuf.h"
#include "ipv4/inet_common.h"
#include "ipv4/ip.h"
#include "ipv4/tcp.h"
#include "ipv4/tcp_chrono.h"
#include "ipv4/tcp_fastopen.h"
#include "ipv4/tcp_rate.h"
#include "ipv4/tcp_tstamp.h"
#include "lib/checksum.h"

/* ---- birth ------------------------------------------------------------ */

/* Nothing sent, nothing received, nothing known of the path. */
static void tcp_init_counters(struct tcp_sock *tp)
{
	tp->srtt_us = 0;
	tp->mdev_us = 0;
	tp->mdev_max_us = tp->rttvar_us = 0;
	tp->rtt_min_us = UINT32_MAX;
	tp->packets_out = tp->retrans_out = tp->lost_out = tp->sacked_out = 0;
	tp->snd_cwnd = TCP_INIT_CWND;
	tp->snd_cwnd_cnt = tp->snd_cwnd_used = 0;
	tp->snd_cwnd_clamp = UINT32_MAX;
	tp->snd_ssthresh = TCP_INFINITE_SSTHRESH;
	tp->max_packets_out = tp->cwnd_usage_seq = 0;
	tp->is_cwnd_limited = false;
	tp->fin_pending = false;
	tp->retransmit_skb_hint = NULL;
	tp->retrans_stamp_ns = 0;
	tp->tlp_out = tp->undo.armed = false;
	tp->tlp_sampled = true;		/* the first probe need not wait */
	tp->frto = TCP_FRTO_OFF;
	tp->total_retrans = tp->tx.delivered = tp->dsack_dups = 0;
	tp->delivered_ce = 0;
	tp->lost = tp->app_limited = tp->rate_delivered = tp->rate_ticks = 0;
	tp->rate_limited = false;
	tp->sack_high = tp->prr_delivered = tp->prr_out = tp->prior_cwnd = 0;
	tp->bytes_acked = tp->bytes_received = 0;
	tp->bytes_sent = tp->bytes_retrans = 0;
	WRITE_ONCE(tp->segs_in, 0);
	tp->segs_out = 0;
	tp->data_segs_in = tp->data_segs_out = 0;
	tp->rcv_ooopack = 0;
	tp->total_rto = tp->total_rto_recoveries = 0;
	tp->total_rto_ms = tp->rto_since_ms = 0;
	tp->chrono = TCP_CHRONO_IDLE;
	memset(tp->chrono_ticks, 0, sizeof(tp->chrono_ticks));
	tp->last_oow_ack_ns = 0;
}

void tcp_init_connection_state(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	tcp_init_counters(tp);
	skb_queue_head_init(&tp->rtx_queue);
	INIT_LIST_HEAD(&tp->tsorted_sent);
	tp->rtx_tree = RB_ROOT;
	tp->rtx_indexed = false;
	memset(&tp->rack, 0, sizeof(tp->rack));
	tp->out_of_order_queue = RB_ROOT;
	tp->ooo_last_skb = NULL;
	tcp_sack_reset(tp);
	tp->ecn_flags = 0;
	tp->mss_cache = TCP_MSS_DEFAULT;
	tp->tcp_header_len = TCP_HLEN_MIN;
	tp->pred_flags = 0;
	WRITE_ONCE(tp->urg_data, 0);
	tp->urg_mode = false;
	tp->max_seg_acked = tp->ptb_mtu = 0;
	tp->mtu_probing = 0;
	tp->probes_out = 0;
	WRITE_ONCE(tp->max_size_acked, 0);
	WRITE_ONCE(sk->sk_deferred, 0);
	WRITE_ONCE(tp->copied_seq, tp->rcv_nxt);
	tp->rx_opt = (struct tcp_options_received){
		.user_mss = tp->rx_opt.user_mss };
	memset(&tp->rcv_rtt_est, 0, sizeof(tp->rcv_rtt_est));
	memset(&tp->rcvq_space, 0, sizeof(tp->rcvq_space));
	WRITE_ONCE(icsk->icsk_ack.rcv_mss, TCP_MIN_MSS);
	icsk->icsk_rto_us = TCP_TIMEOUT_INIT_US;
	icsk->icsk_backoff = 0;
	WRITE_ONCE(icsk->icsk_retransmits, 0);
	WRITE_ONCE(icsk->icsk_probes_out, 0);
	icsk->icsk_probes_tstamp_ns = 0;
	WRITE_ONCE(icsk->icsk_pending, 0);
	icsk->icsk_ca_state = TCP_CA_Open;
	icsk->icsk_ca_initialized = 0;
}

int tcp_init_sock(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct netns_ipv4 *ipv4 = &sock_net(sk)->ipv4;
	struct tcp_sock *tp = tcp_sk(sk);

	tcp_init_xmit_timers(sk);
	reqsk_queue_init(&icsk->icsk_accept_queue, sk_smp(sk));
	icsk->icsk_af_ops = &ipv4_specific;
	icsk->icsk_rto_min_us = (u32)READ_ONCE(ipv4->sysctl_tcp_rto_min_us);
	icsk->icsk_rto_max_us = (u32)READ_ONCE(ipv4->sysctl_tcp_rto_max_ms) *
				USEC_PER_MSEC;
	tp->reordering = (u32)READ_ONCE(ipv4->sysctl_tcp_reordering);
	tcp_assign_congestion_control(sk);
	tcp_init_connection_state(sk);
	sk->sk_state = TCP_CLOSE;
	sk->sk_mem_id = PROTO_MEM_TCP;
	sk->sk_write_space = sk_stream_write_space;
	WRITE_ONCE(sk->sk_sndbuf, (s32)ipv4->sysctl_tcp_wmem[1]);
	WRITE_ONCE(sk->sk_rcvbuf, (s32)ipv4->sysctl_tcp_rmem[1]);
	return 0;
}

/* ---- the write queue -------------------------------------------------- */

/* Reserves for a segment that is about to be queued; NULL, and it is freed: over
 * the limit. */
static __always_inline struct sk_buff *tcp_stream_charge(struct sock *sk,
							 struct sk_buff *skb,
							 bool force)
{
	/* When memory is short, what the reader gave back goes to everybody:
	 * a stream's text is let in by one segment even then. */
	if (unlikely(sk_under_memory_pressure(sk)))
		sk_mem_reclaim(sk);
	if (force) {
		sk_forced_mem_schedule(sk, (s32)skb->truesize);
	} else if (!sk_mem_schedule(sk, (s32)skb->truesize, false)) {
		consume_skb(skb);
		sk_stream_moderate_sndbuf(sk);
		return NULL;
	}
	return skb;
}

__always_inline struct sk_buff *tcp_stream_alloc_skb(struct sock *sk, u32 size,
						     bool force)
{
	struct sk_buff *skb = alloc_skb(sock_net(sk), MAX_TCP_HEADER + size);

	if (!skb)
		return NULL;
	skb_reserve(skb, MAX_TCP_HEADER);
	return tcp_stream_charge(sk, skb, force);
}

__always_inline void tcp_skb_entail(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);

	__skb_queue_tail(&sk->sk_write_queue, skb);
	sk_wmem_queued_add(sk, (s32)skb->truesize);
	sk_mem_charge(sk, (s32)skb->truesize);
	if (tp->nonagle & TCP_NAGLE_PUSH)
		tp->nonagle &= (u8)~TCP_NAGLE_PUSH;
	if (tp->packets_out)
		return;
	tcp_chrono_start(tp, TCP_CHRONO_BUSY);
	tcp_slow_start_after_idle_check(sk);
}

void tcp_wmem_free_skb(struct sock *sk, struct sk_buff *skb)
{
	sk_wmem_queued_add(sk, -(s32)skb->truesize);
	sk_mem_uncharge(sk, (s32)skb->truesize);
	consume_skb(skb);
}

/* The writer has handed over half a window: push, it may be a long write. */
static bool forced_push(const struct tcp_sock *tp)
{
	return after(tp->write_seq, tp->pushed_seq + (tp->max_window >> 1));
}

static void tcp_mark_push(struct tcp_sock *tp, struct sk_buff *skb)
{
	TCP_SKB_CB(skb)->tcp_flags |= TCPHDR_PSH;
	tp->pushed_seq = tp->write_seq;
}

/* MUST-61: PSH on the last segment of what one call wrote. */
void tcp_push(struct sock *sk, int flags, u32 mss_now, int nonagle)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb = tcp_write_queue_tail(sk);

	NET_ROAD(sock_net(sk), NULL);
	if (!skb)
		return;
	if (!(flags & MSG_MORE) || forced_push(tp))
		tcp_mark_push(tp, skb);
	if (flags & MSG_OOB) {
		tp->urg_mode = true;
		tp->snd_up = tp->write_seq;
	}
	if (flags & MSG_MORE)
		nonagle = TCP_NAGLE_CORK;
	__tcp_push_pending_frames(sk, mss_now, nonagle);
}

/* ---- sendmsg ---------------------------------------------------------- */

/*
 * What counts against SO_SNDBUF. An application sizes its buffer in octets, and in
 * Linux, where a packet of many segments has one header, they are nearly all that
 * counts. Here each segment has a frame of its own, so that of what a full one takes
 * more than half is not text: that counts in tcp_mem, and against the buffer by a
 * third, so that small segments cannot hold much more than it says.
 */
#define TCP_FRAME_SHARE 3

s32 tcp_stream_held(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 octets = READ_ONCE(tp->write_seq) - READ_ONCE(tp->snd_una);

	return (s32)max(octets, (u32)READ_ONCE(sk->sk_wmem_queued) /
					TCP_FRAME_SHARE);
}

/* Room in the send buffer, and not too much waiting unsent
 * (TCP_NOTSENT_LOWAT). */
bool tcp_stream_memory_free(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 lowat = READ_ONCE(tp->notsent_lowat);

	if (!lowat)
		lowat = READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_notsent_lowat);
	return tcp_stream_held(sk) < READ_ONCE(sk->sk_sndbuf) &&
	       READ_ONCE(tp->write_seq) - READ_ONCE(tp->snd_nxt) < lowat;
}

/* True when the route's device sums what we send. */
static bool tcp_device_sums(const struct sock *sk)
{
	const struct dst_entry *dst = sk->sk_dst_cache;

	return dst && dst_hw_csum(dst);
}

/* Shall the next segment show the user's octets where they lie? A whole one, and
 * in one piece; what is less is copied, so that segments are those of a call that
 * copies. */
static bool tcp_may_lend(const struct sock *sk, struct inet_msg *msg, u32 mss,
			 u8 **p)
{
	const struct dst_entry *dst = sk->sk_dst_cache;

	return msg->ubuf && dst && dst_may_lend(dst) &&
	       iov_iter_piece(&msg->iter, mss, p) == mss;
}

/* A segment over @mss octets at @p of the user; they are its tailroom yet. */
static __noinline struct sk_buff *tcp_lend_segment(struct sock *sk,
						   struct ubuf_info *ubuf,
						   u8 *p, u32 mss, bool force)
{
	struct skb_shared_info *frame;
	struct sk_buff *skb;

	frame = frame_over_ubuf(sock_net(sk), ubuf, p, mss);
	if (!frame)
		return NULL;
	skb = skb_over_frame(frame);
	frame_put(frame);
	return skb ? tcp_stream_charge(sk, skb, force) : NULL;
}

/* A write's measures, in octets of full segments; 0: not known yet. */
struct tcp_write_goal {
	u32 packet;	/* worth sending before the write is at its end */
	u32 batch;	/* belong together, as in a packet of Linux's queue */
};

static void tcp_set_goal(struct sock *sk, u32 mss, struct tcp_write_goal *goal)
{
	u32 batch = min(tcp_sk(sk)->max_window >> 1, tcp_gso_max_text(sk));

	goal->batch = max(batch - batch % mss, mss);
	goal->packet = min(goal->batch, tcp_gso_max_segs(sk, mss) * mss);
}

/* Octets of this batch so far. Of what was sent nothing belongs to it. */
static u32 tcp_batch_len(const struct tcp_sock *tp)
{
	u32 seq = before(tp->batch_seq, tp->snd_nxt) ? tp->snd_nxt :
						       tp->batch_seq;

	return tp->write_seq - seq;
}

/* Is there room for another segment behind @tail, or none if that is NULL? As in
 * Linux, it is asked for once for all of a batch. */
static bool tcp_write_room(struct sock *sk, const struct sk_buff *tail, u32 mss,
			   struct tcp_write_goal *goal)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (tail && !(TCP_SKB_CB(tail)->sacked & TCPCB_EOR)) {
		if (!goal->batch)
			tcp_set_goal(sk, mss, goal);
		if (tcp_batch_len(tp) < goal->batch &&
		    tcp_stream_held(sk) - (s32)goal->batch <
			    READ_ONCE(sk->sk_sndbuf))
			return true;
	}
	if (!tcp_stream_memory_free(sk))
		return false;
	tp->batch_seq = tp->write_seq;
	return true;
}

/* The segment that takes the next octets: the tail, or a new one. *@room: how
 * many it takes. NULL: wait for memory. */
static struct sk_buff *tcp_write_segment(struct sock *sk, struct inet_msg *msg,
					 u32 mss, u32 *room,
					 struct tcp_write_goal *goal)
{
	struct sk_buff *skb = tcp_write_queue_tail(sk);
	bool first, lend;
	u8 *p = NULL;

	if (skb && skb->len < mss && !(TCP_SKB_CB(skb)->sacked & TCPCB_EOR)) {
		*room = min(mss - skb->len, skb_tailroom(skb));
		if (*room)
			return skb;
	}
	if (!tcp_write_room(sk, skb, mss, goal))
		return NULL;
	first = tcp_rtx_queue_empty(sk) && !skb;
	lend = unlikely(msg->ubuf) && tcp_may_lend(sk, msg, mss, &p);
	skb = unlikely(lend) ?
		      tcp_lend_segment(sk, msg->ubuf, p, mss, first) :
		      tcp_stream_alloc_skb(sk, mss, first);
	if (!skb)
		return NULL;
	tcp_init_nondata_skb(skb, tcp_sk(sk)->write_seq, TCPHDR_ACK);
	if (tcp_device_sums(sk) || unlikely(lend))
		skb->ip_summed = CHECKSUM_PARTIAL;
	tcp_skb_entail(sk, skb);
	*room = min(mss, skb_tailroom(skb));
	return skb;
}

/* Copies @n octets of the user to the end of @skb. */
static void tcp_write_copy(struct sock *sk, struct sk_buff *skb, u32 n,
			   struct inet_msg *msg)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 off = skb->len;
	__wsum csum = 0;
	void *to = skb_put(skb, n);

	if (unlikely(msg->ubuf) && frame_is_ubuf(skb->shinfo)) {
		iov_iter_advance(&msg->iter, n);	/* they are there */
	} else if (skb->ip_summed == CHECKSUM_PARTIAL) {
		copy_from_iter(to, n, &msg->iter);
	} else {
		csum_and_copy_from_iter(to, n, &csum, &msg->iter);
		skb->csum = csum_block_add(skb->csum, csum, off);
	}
	WRITE_ONCE(tp->write_seq, tp->write_seq + n);
	TCP_SKB_CB(skb)->end_seq += n;
}

/* The segment at the tail is full: what is there may be worth sending. */
static void tcp_write_push(struct sock *sk, struct sk_buff *skb, u32 mss,
			   struct tcp_write_goal *goal)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 unsent;

	if (!goal->batch)
		tcp_set_goal(sk, mss, goal);
	if (forced_push(tp) && tcp_batch_len(tp) >= goal->batch) {
		tcp_mark_push(tp, skb);
		__tcp_push_pending_frames(sk, mss, TCP_NAGLE_PUSH);
		return;
	}
	unsent = tp->write_seq - tp->snd_nxt;
	/* once: if it cannot go now, then when ACKs come */
	if (unsent >= goal->packet && unsent - goal->packet < mss)
		__tcp_push_pending_frames(sk, mss, TCP_NAGLE_PUSH);
}

/* Before the handshake is done, or even begun, which Fast Open may do and else has
 * to be waited for; or after the end. 0 or -E. */
static __noinline int tcp_write_early(struct sock *sk, struct inet_msg *msg,
				      s64 *timeo_ns)
{
	int err;

	if (msg->flags & MSG_FASTOPEN || inet_test_bit(DEFER_CONNECT, sk)) {
		err = tcp_sendmsg_fastopen(sk, msg);
		if (err)
			return err;
	}
	if (!(sk->sk_state == TCP_SYN_RECV && tcp_sk(sk)->passive_fastopen)) {
		err = sk_stream_wait_connect(sk, timeo_ns);
		if (err)
			return err;
	}
	if (sk->sk_err || (sk->sk_shutdown & SEND_SHUTDOWN))
		return -EPIPE;
	return 0;
}

/* May the sock not write yet, or not any more? */
static inline bool tcp_write_unusual(const struct sock *sk, int flags)
{
	const u32 open = TCPF(TCP_ESTABLISHED) | TCPF(TCP_CLOSE_WAIT);

	return !(TCPF(sk->sk_state) & open) || (flags & MSG_FASTOPEN) ||
	       sk->sk_err || (sk->sk_shutdown & SEND_SHUTDOWN);
}

/* Context: locked. Return: octets taken, or -E. */
static int tcp_sendmsg_locked(struct sock *sk, struct inet_msg *msg)
{
	struct tcp_sock *tp = tcp_sk(sk);
	int flags = msg->flags, copied = 0, err = 0;
	s64 timeo_ns = sock_sndtimeo(sk, flags & MSG_DONTWAIT);
	struct sk_buff *skb;
	struct tcp_write_goal goal = { 0 };
	u32 mss, room, n;

	if (unlikely(tcp_write_unusual(sk, flags))) {
		copied = (int)msg->iter.count;
		err = tcp_write_early(sk, msg, &timeo_ns);
		copied -= (int)msg->iter.count;		/* went with the SYN */
		if (err)
			return copied ? copied :
					sk_stream_error(sk, flags, err);
	}
	tcp_mstamp_refresh(sk);
	tcp_rate_check_app_limited(sk);
	mss = tcp_current_mss(sk);
	while (msg->iter.count && !(copied && INET_BUGGIFY(SHORT_WRITE))) {
		skb = tcp_write_segment(sk, msg, mss, &room, &goal);
		if (unlikely(!skb)) {
			if (copied)
				tcp_push(sk, flags & ~MSG_MORE, mss,
					 TCP_NAGLE_PUSH);
			err = sk_stream_wait_memory(sk, &timeo_ns);
			if (err)
				break;
			tcp_mstamp_refresh(sk);
			mss = tcp_current_mss(sk);
			goal.batch = 0;
			continue;
		}
		n = (u32)min((size_t)room, msg->iter.count);
		if (!copied)
			TCP_SKB_CB(skb)->tcp_flags &= (u8)~TCPHDR_PSH;
		tcp_write_copy(sk, skb, n, msg);
		copied += (int)n;
		if (!msg->iter.count)
			TCP_SKB_CB(skb)->sacked |= flags & MSG_EOR ? TCPCB_EOR : 0;
		else if (skb->len >= mss && !(flags & MSG_OOB))
			tcp_write_push(sk, skb, mss, &goal);
	}
	if (copied) {
		if (unlikely(msg->controllen || sk->sk_tsflags))
			tcp_tx_timestamp(sk, msg);
		tcp_push(sk, flags, mss, tp->nonagle);
		return copied;
	}
	return err ? sk_stream_error(sk, flags, err) : 0;
}

int tcp_sendmsg(struct sock *sk, struct inet_msg *msg, size_t len)
{
	u32 tsflags;
	int ret;

	(void)len;
	NET_ROAD(sock_net(sk), NULL);
	if (unlikely(msg->controllen)) {
		ret = tcp_tsflags(sk, msg, &tsflags);
		if (ret)
			return ret;
	}
	if (unlikely(msg->flags & MSG_ZEROCOPY)) {
		ret = msg_zerocopy_begin(sk, msg, msg->iter.count);
		if (ret)
			return ret;
	}
	lock_sock(sk);
	ret = tcp_sendmsg_locked(sk, msg);
	release_sock(sk);
	if (unlikely(msg->ubuf))
		msg_zerocopy_end(sk, msg, ret > 0);
	return ret;
}

/* ---- readiness -------------------------------------------------------- */

/* Enough to read, or so much that the peer's next segment has no room. Nothing
 * is locked: each member is read once. */
static bool tcp_stream_is_readable(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 target = (u32)max(READ_ONCE(sk->sk_rcvlowat), 1);
	u32 rcv_nxt = READ_ONCE(tp->rcv_nxt), seq = READ_ONCE(tp->copied_seq);
	u32 avail = rcv_nxt - seq;
	s32 window;

	if (READ_ONCE(tp->urg_data) && READ_ONCE(tp->urg_seq) == seq &&
	    !sock_flag(sk, SOCK_URGINLINE))
		target++;
	if (avail >= target || !avail)
		return avail;
	window = (s32)(READ_ONCE(tp->rcv_wup) + READ_ONCE(tp->rcv_wnd) -
		       rcv_nxt);
	return window < READ_ONCE(inet_csk(sk)->icsk_ack.rcv_mss);
}

static unsigned int tcp_poll_write(struct sock *sk)
{
	if (READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN)
		return POLLOUT | POLLWRNORM;
	if (sk_stream_is_writeable(sk) && tcp_stream_memory_free(sk))
		return POLLOUT | POLLWRNORM;
	WRITE_ONCE(sk->sk_nospace, true);
	/* Room may have come before we said that we wait for it. */
	if (sk_stream_is_writeable(sk) && tcp_stream_memory_free(sk))
		return POLLOUT | POLLWRNORM;
	return 0;
}

/* As Linux's, bit by bit. Context: any; nothing is locked. */
unsigned int tcp_poll(struct socket *sock)
{
	struct sock *sk = sock->sk;
	u8 state = READ_ONCE(sk->sk_state), down = READ_ONCE(sk->sk_shutdown);
	unsigned int mask = 0;

	if (state == TCP_LISTEN)
		return reqsk_queue_empty(&inet_csk(sk)->icsk_accept_queue) ?
		       0 : POLLIN | POLLRDNORM;
	if (down == SHUTDOWN_MASK || state == TCP_CLOSE)
		mask |= POLLHUP;
	if (down & RCV_SHUTDOWN)
		mask |= POLLIN | POLLRDNORM | POLLRDHUP;
	if (state != TCP_SYN_SENT &&
	    (state != TCP_SYN_RECV || tcp_sk(sk)->passive_fastopen)) {
		if (tcp_stream_is_readable(sk))
			mask |= POLLIN | POLLRDNORM;
		if (state != TCP_CLOSE || down)
			mask |= tcp_poll_write(sk);
		else
			mask |= POLLOUT | POLLWRNORM;
		if (READ_ONCE(tcp_sk(sk)->urg_data) & TCP_URG_VALID)
			mask |= POLLPRI;
	} else if (state == TCP_SYN_SENT && inet_test_bit(DEFER_CONNECT, sk)) {
		mask |= POLLOUT | POLLWRNORM;	/* it is what connects */
	}
	if (READ_ONCE(sk->sk_err) ||
	    !skb_queue_empty_lockless(&sk->sk_error_queue))
		mask |= POLLERR;
	return mask;
}

/* Context: locks the sock. */
int tcp_ioctl(struct sock *sk, unsigned long cmd, int *karg)
{
	struct tcp_sock *tp = tcp_sk(sk);
	int ret = 0;

	lock_sock(sk);
	if (sk->sk_state == TCP_LISTEN && cmd != SIOCATMARK) {
		ret = -EINVAL;
		goto out;
	}
	switch (cmd) {
	case SIOCINQ:
		*karg = (int)tcp_inq(sk);
		break;
	case SIOCATMARK:
		*karg = tp->urg_data && tp->urg_seq == tp->copied_seq;
		break;
	case SIOCOUTQ:
		*karg = (TCPF(sk->sk_state) & (TCPF(TCP_SYN_SENT) |
					      TCPF(TCP_SYN_RECV))) ? 0 :
			(int)(tp->write_seq - tp->snd_una);
		break;
	case SIOCOUTQNSD:
		*karg = (TCPF(sk->sk_state) & (TCPF(TCP_SYN_SENT) |
					      TCPF(TCP_SYN_RECV))) ? 0 :
			(int)(tp->write_seq - tp->snd_nxt);
		break;
	default:
		ret = -ENOTTY;
	}
out:
	release_sock(sk);
	return ret;
}

/* ---- the table -------------------------------------------------------- */

/* What timers, ICMP and ACKs left while the sock was owned. Context: owned, under
 * bh_lock_sock(). */
void tcp_release_cb(struct sock *sk)
{
	u8 work = sk->sk_deferred;

	sk->sk_deferred = 0;
	if (work & TCP_TSQ_DEFERRED)
		tcp_tsq_write(sk);
	if (work & TCP_WRITE_TIMER_DEFERRED)
		tcp_write_timer_handler(sk);
	if (work & TCP_DELACK_TIMER_DEFERRED)
		tcp_delack_timer_handler(sk);
	if (work & TCP_KEEPALIVE_DEFERRED)
		tcp_keepalive_timer_handler(sk);
	if (work & TCP_MTU_REDUCED_DEFERRED)
		inet_csk(sk)->icsk_af_ops->mtu_reduced(sk);
}

const struct proto tcp_prot = {
	TCP_PROTO_COMMON,
	.close = tcp_close,
	.disconnect = tcp_disconnect,
	.sendmsg = tcp_sendmsg,
	.recvmsg = tcp_recvmsg,
};
