/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP (RFC 9293 and its company) for its own files and for inet_stream_ops.
 *
 * What a segment meets on its way is described at the head of each file:
 *
 *	tcp_ipv4.c	IPv4's side: lookup, handshake, resets, ICMP
 *	tcp_minisocks.c	SYN-RECEIVED and TIME-WAIT without a sock
 *	tcp_listen.c tcp_syncookies.c	a SYN; one for which there is no room
 *	tcp_fastopen.c	a SYN with text
 *	tcp_input.c	states and acceptability; tcp_synsent.c SYN-SENT
 *	tcp_ack.c	what an ACK does; tcp_recovery.c after a loss
 *	tcp_scoreboard.c tcp_rack.c	what arrived behind it, what is lost
 *	tcp_rate.c	how fast the path delivers
 *	tcp_loss_probe.c tcp_undo.c	the tail; what was no loss after all
 *	tcp_mtu_probe.c	how large a packet the path carries
 *	tcp_data.c	received text: queues, window; tcp_sack.c; tcp_urg.c
 *	tcp_output.c	segments out; tcp_window.c; tcp_connect.c SYN
 *	tcp_timer.c	retransmission, probes, keep-alive, delayed ACK
 *	tcp_ecn.c	marks instead of losses
 *	tcp_cong.c	congestion control: tcp_reno.c, tcp_cubic.c, tcp_bbr.c, tcp_dctcp.c
 *	tcp_pacing.c	when text may leave; tcp_chrono.c what it waited for
 *	tcp.c tcp_recvmsg.c tcp_close.c tcp_sockopt.c	the calls
 */
#ifndef IPV4_TCP_H
#define IPV4_TCP_H

#include <inet/congestion.h>

#include "core/net.h"
#include "core/sock.h"
#include "core/socket.h"
#include "core/sockopt.h"
#include "ipv4/inet_connection_sock.h"
#include "ipv4/inet_hashtables.h"
#include "ipv4/inet_timewait_sock.h"
#include "lib/assert.h"
#include "lib/points.h"
#include "lib/random.h"
#include "lib/rbtree.h"
#include "wire/tcp.h"
#include "wire/tcp_options.h"

/* ---- constants -------------------------------------------------------- */

/* Headroom of every segment we build: link, IP with options, TCP. */
#define MAX_TCP_HEADER 192

#define MAX_TCP_WINDOW 32767u		/* without scaling, signed peers */
#define TCP_MIN_MSS 88u
#define TCP_INIT_CWND 10u		/* RFC 6928 */
#define TCP_FASTRETRANS_THRESH 3
#define TCP_INFINITE_SSTHRESH 0x7fffffffu
#define TCP_MAX_QUICKACKS 16u
#define TCP_MAX_WINDOW_SHIFT 14		/* RFC 7323 2.3 */

#define TCP_TIMEWAIT_LEN_NS (60 * NSEC_PER_SEC)	/* 2 MSL */
#define TCP_ATO_MIN_US 40000u
#define TCP_DELACK_FIN_US 1000u		/* a reader that closes now sends it along */
#define TCP_DELACK_MIN_US 40000u
#define TCP_DELACK_MAX_US 200000u	/* MUST-40: below 500 ms */
#define TCP_RACK_PERSIST 16		/* repairs */
#define TCP_PTO_SLACK_US 2000u		/* probes of the tail: timers are coarse */
#define TCP_RTO_MIN_DFLT_US 200000u
#define TCP_RTO_MAX_US (120 * USEC_PER_SEC)
#define TCP_TIMEOUT_INIT_US USEC_PER_SEC	/* RFC 6298 2.1 */
#define TCP_TIMEOUT_FALLBACK_US (3 * USEC_PER_SEC)	/* RFC 6298 5.7 */
#define TCP_RESOURCE_PROBE_INTERVAL_US 500000u
#define TCP_PAWS_WINDOW 1		/* replays of one tick */
#define TCP_PAWS_24DAYS_S (60 * 60 * 24 * 24)
#define TCP_PAWS_MSL_S 60

/* net.ipv4.tcp_fastopen */
#define TFO_CLIENT_ENABLE 0x1
#define TFO_SERVER_ENABLE 0x2
#define TFO_CLIENT_NO_COOKIE 0x4
#define TFO_SERVER_NO_COOKIE 0x200
#define TFO_SERVER_ALL 0x400	/* listeners that do not ask for it, too */

/* ---- per stack -------------------------------------------------------- */

#define TCP_RST_BUCKETS 256

/* Resets sent of late to the peers of one bucket. */
struct tcp_rst_bucket {
	u32 sent;
	u32 stamp_ms;		/* until when passed time was taken off it */
};

/* Keys that others may know: the first is used, both are understood. */
struct tcp_secrets {
	siphash_key_t key[2];
	u8 nr;
	bool given;		/* by a knob: others may have it */
};

struct tcp_net {
	struct inet_hashinfo hashinfo;
	struct inet_timewait_death_row death_row;
	struct kmem_cache *rsk_cache;
	u32 orphan_count;		/* atomic */
	u64 cookie_sent_ns;		/* the last SYN cookie; 0: none yet */
	/* tcp_cong.c: under rtnl, the rows are read under RCU */
	const struct tcp_congestion_ops *cong[TCP_CA_MAX], *cong_default;
	u32 cong_allowed;
	struct inet_lock limit_lock;	/* guards what is below */
	struct tcp_secrets cookie_keys, fastopen_keys;
	struct tcp_fastopen_peer *fastopen_peers;	/* or NULL */
	u32 challenge_stamp_s, challenge_count;
	struct tcp_rst_bucket rst_buckets[TCP_RST_BUCKETS];
};

/* ---- the control block of a segment (skb->cb) ------------------------- */

/* What was known when a segment was sent: see tcp_rate.c. Times in ticks. */
struct tcp_tx {
	u32 delivered;		/* packets known to have arrived */
	u32 at;			/* when the last of them was heard of */
	u32 first;		/* when the newest of them had been sent */
};

struct tcp_skb_cb {
	u32 seq;
	u32 end_seq;		/* seq + SYN + FIN + payload */
	u16 tcp_gso_segs;	/* segments it stands for */
	u8 tcp_flags;		/* TCPHDR_* */
	u8 sacked;		/* sent: TCPCB_* */
	union {
		u32 ack_seq;	/* received: the ACK field */
		struct tcp_tx tx;	/* sent, not SACKed */
		struct {
			u32 __unused[2];
			/* received SYN: begin with this ISN, 0: any; sent, SACKed:
			 * so is all from here to there */
			union { u32 tcp_tw_isn, sacked_end; };
		};
	};
	struct rb_node rtx_node;	/* sent: see tcp_scoreboard.c */
};

static_assert(sizeof(struct tcp_skb_cb) <= sizeof(((struct sk_buff *)0)->cb),
	      "the control block fits in skb->cb");

#define TCP_SKB_CB(skb) ((struct tcp_skb_cb *)(skb)->cb)

#define TCPCB_SACKED_ACKED 0x01	/* arrived, but for what is before it */
#define TCPCB_SACKED_RETRANS 0x02	/* retransmission in flight */
#define TCPCB_LOST 0x04
#define TCPCB_EOR 0x10		/* nothing may be appended (MSG_EOR) */
#define TCPCB_TSTAMP 0x08	/* has tskey: tcp_tstamp.h */
#define TCPCB_APP_LIMITED 0x20	/* sent when there was little to send */
#define TCPCB_EVER_RETRANS 0x80
#define TCPCB_RETRANS (TCPCB_SACKED_RETRANS | TCPCB_EVER_RETRANS)

static inline u32 tcp_skb_pcount(const struct sk_buff *skb)
{
	return TCP_SKB_CB(skb)->tcp_gso_segs;
}

/* ---- options of the peer ---------------------------------------------- */

struct tcp_options_received {
	u32 ts_recent;		/* TS.Recent */
	s64 ts_recent_stamp;	/* seconds: when it was stored, 0: never */
	u32 rcv_tsval, rcv_tsecr;
	u16 saw_tstamp : 1, tstamp_ok : 1, wscale_ok : 1, sack_ok : 1,
	    snd_wscale : 4, rcv_wscale : 4;
	u16 user_mss;		/* TCP_MAXSEG */
	u16 mss_clamp;		/* the peer's MSS */
};

struct tcp_request_sock {
	struct request_sock req;	/* first */
	u8 snd_wscale : 4, rcv_wscale : 4;
	u8 tstamp_ok : 1, sack_ok : 1, wscale_ok : 1, ecn_ok : 1, acked : 1,
	   tfo_reqd : 1, tfo_exp : 1;	/* give a cookie of Fast Open */
	bool unhashed;		/* in no table: it was a cookie, or text came */
	u8 syn_tos;
	u32 ir_mark;
	struct dst_entry *dst;	/* found at the SYN; holds a reference */
	struct ip_options_sock *ireq_opt;	/* the SYN's way back, or NULL */
	u32 rcv_isn, snt_isn;
	u32 rcv_nxt;
	u32 ts_off;
	u32 ts_recent;
	u32 rsk_rcv_wnd;
	u32 rsk_window_clamp;
	u32 snt_synack_us;	/* for the RTT of the handshake, 0: unknown */
	struct tcp_saved_syn *saved_syn;	/* the child's; or NULL */
	u64 last_oow_ack_ns;
};

/* TCP_SAVE_SYN: the SYN's headers. */
struct tcp_saved_syn {
	u32 len;
	u8 data[];
};

/* Of a search for the path's MTU: tcp_mtu_probe.c. */
struct tcp_mtup {
	u16 search_low, search_high, probe_size;	/* of packets */
	u32 probe_seq, probe_end, search_ms;		/* since when */
};

/* What few connections need; the sock's, made when it is wanted. */
struct tcp_seldom {
	struct rcu_head rcu;
	struct net *net;
	struct tcp_saved_syn *saved_syn;

	/* Fast Open, of a client: what the call that connects sends; of both:
	 * the cookie in the SYN, or the SYN-ACK */
	struct inet_msg *fastopen_msg;
	u8 cookie[TCP_FASTOPEN_COOKIE_MAX], cookie_len;
	bool cookie_exp;
	/* of a listener: children that wait for their ACK, atomic */
	u32 max_pending, pending;
	u32 nr_reset;			/* atomic: that were reset of late */
	u64 reset_until_ns;
	struct tcp_secrets fastopen_keys;	/* its own; nr 0: the stack's */
	/* of such a child, with a reference; or NULL */
	struct sock *listener;
	struct tcp_mtup mtup;
	struct tcp_md5_key *md5_keys;	/* RCU */
};

struct tcp_timewait_sock {
	struct inet_timewait_sock tw_sk;	/* first */
	u32 tw_rcv_nxt, tw_snd_nxt;
	u32 tw_rcv_wnd;
	u32 tw_ts_offset;
	u32 tw_ts_recent, tw_ts_recent_stamp;
	u64 tw_last_oow_ack_ns;
	struct tcp_md5_key *tw_md5_key;	/* with a reference; or NULL */
};

static_assert(sizeof(struct tcp_request_sock) <= 256, "a small request");
static_assert(sizeof(struct tcp_timewait_sock) <= 192, "a small TIME-WAIT");

static inline struct tcp_request_sock *tcp_rsk(const struct request_sock *req)
{
	return (struct tcp_request_sock *)req;
}

static inline struct tcp_timewait_sock *tcp_twsk(const struct sock *sk)
{
	return (struct tcp_timewait_sock *)sk;
}

/* ---- the connection --------------------------------------------------- */

#define TCP_NAGLE_OFF 1		/* TCP_NODELAY */
#define TCP_NAGLE_CORK 2	/* TCP_CORK, MSG_MORE */
#define TCP_NAGLE_PUSH 4	/* once, although corked */

/* sk_deferred: work that found the sock owned; done by release_cb. */
#define TCP_WRITE_TIMER_DEFERRED 0x1
#define TCP_DELACK_TIMER_DEFERRED 0x2
#define TCP_MTU_REDUCED_DEFERRED 0x4
#define TCP_KEEPALIVE_DEFERRED 0x8
#define TCP_TSQ_DEFERRED 0x10

/* tcp_sock.frto */
#define TCP_FRTO_OFF 0
#define TCP_FRTO_SENT_HEAD 1	/* the first segment once more, no other */
#define TCP_FRTO_SENT_NEW 2	/* then new text */

/* tcp_sock.chrono: see tcp_chrono.c */
enum tcp_chrono {
	TCP_CHRONO_IDLE, TCP_CHRONO_BUSY, TCP_CHRONO_RWND_LIMITED,
	TCP_CHRONO_SNDBUF_LIMITED, TCP_CHRONO_NR
};

#define TCP_URG_VALID 0x0100	/* low byte of urg_data is the octet */
#define TCP_URG_NOTYET 0x0200	/* announced, not arrived */
#define TCP_URG_READ 0x0400	/* handed out */

struct tcp_sock {
	struct inet_connection_sock inet_conn;	/* first */

	/* the fast path reads these */
	__be32 pred_flags;	/* header word of the expected next segment */
	u16 tcp_header_len;	/* of a segment without SACK */
	u16 advmss;		/* what we told the peer */
	u32 rcv_nxt, copied_seq, rcv_wup;
	u32 snd_una, snd_nxt, write_seq;
	u32 rcv_wnd;		/* the window we offered at rcv_wup */
	u32 snd_wnd, snd_wl1, max_window;
	u32 mss_cache;		/* payload of a full segment now */
	u32 window_clamp, rcv_ssthresh;
	u64 mstamp_ns;		/* the time of this event */
	struct sk_buff_head rtx_queue;	/* sent, not acknowledged */
	struct tcp_options_received rx_opt;
	u32 tsoffset;
	u32 snd_sml;		/* last byte of the last small segment */
	u32 pushed_seq;
	u32 batch_seq;		/* where a writer last asked for room */
	u8 nonagle;		/* TCP_NAGLE_* */
	u8 save_syn : 2;	/* TCP_SAVE_SYN; of a listener */
	u8 recvmsg_inq : 1;	/* TCP_INQ */
	u8 fastopen_connect : 1;	/* TCP_FASTOPEN_CONNECT */
	u8 fastopen_no_cookie : 1;
	u8 syn_fastopen : 1;	/* the option goes with the SYN or SYN-ACK */
	u8 syn_data : 1;	/* so does text */
	u8 syn_data_acked : 1;	/* and it was taken */
	u8 passive_fastopen : 1;	/* of a child that the SYN made */
	u8 syn_plain : 1;	/* from now on the SYN goes without the option */
	u8 repair : 1, repair_queue : 2;	/* TCP_REPAIR */
	u8 mtu_probing : 1, forwarded : 1, signs : 1;	/* seldom->mtup; forward.h; tcp_md5.h */

	/* round trips, us */
	u32 srtt_us;		/* << 3 */
	u32 mdev_us, mdev_max_us, rttvar_us, rtt_seq;
	u32 rtt_min_us;

	/* counting packets */
	u32 packets_out, retrans_out, lost_out, sacked_out;
	u32 snd_cwnd, snd_cwnd_cnt, snd_cwnd_clamp, snd_ssthresh;
	u32 snd_cwnd_used;	/* most in flight since snd_cwnd_stamp_ns */
	u64 snd_cwnd_stamp_ns;
	u32 max_packets_out, cwnd_usage_seq;
	bool is_cwnd_limited;
	bool fin_pending;	/* no memory for the FIN yet */
	bool rtx_indexed;	/* rtx_tree is there, from the first SACK on */
	struct sk_buff *retransmit_skb_hint;	/* all before it were tried */
	struct rb_root rtx_tree;	/* of rtx_queue, by sequence number */
	struct list_head tsorted_sent;	/* in flight, by time of sending */
	struct {
		u64 mstamp_ns;		/* when the newest that arrived was sent */
		u32 end_seq;		/* ... and where it ends */
		u32 rtt_us;
		u32 reord_seen;		/* how often packets were overtaken */
		u32 dsack_round;	/* RFC 8985 6.2 step 4 */
		u8 reo_wnd_steps, reo_wnd_persist;
	} rack;
	union {			/* a probe is: of the tail; of the path's MTU */
		struct { bool tlp_out, mtu_probe_out; };
		u16 probes_out;
	};
	bool tlp_retrans;		/* of old text */
	bool tlp_sampled;		/* a round trip was measured since */
	u8 frto;			/* TCP_FRTO_* */
	u32 tlp_high_seq, tlp_flight;	/* SND.NXT, packets after the probe */
	struct {			/* see tcp_undo.c */
		bool armed, tsval_set, marked;	/* ECE came meanwhile */
		u32 tsval;		/* of the first retransmission */
		u32 marker;		/* SND.UNA when the repair began */
		u32 cwnd, ssthresh;	/* before */
		u32 again, in_vain;	/* segments sent again, duplicates */
	} undo;
	u32 sack_high;			/* the highest end of a block */
	u32 prr_delivered, prr_out, prior_cwnd;	/* RFC 6937 */
	u32 dsack_dups;
	u32 reordering;
	u32 high_seq;		/* NewReno's "recover" */
	u64 retrans_stamp_ns;	/* first retransmission of this loss, 0: none */
	/* RFC 5927 7.2: what the path is known to carry, text alone and as a
	 * packet, and an error that says it does not; that is about ptb_seq and
	 * waits, 0: none */
	u32 max_seg_acked, max_size_acked, ptb_mtu, ptb_seq;
	u32 total_retrans;
	struct tcp_tx tx;	/* now */
	u32 lost, delivered_ce;	/* packets that were lost, or whose ACKs told of marks, ever */
	u32 app_limited, rate_delivered, rate_ticks;	/* see tcp_rate.c */
	bool rate_limited;
	u8 chrono;		/* TCP_CHRONO_*: what bounds sending now */
	u16 total_rto, total_rto_recoveries;	/* timeouts, and rows of them */
	u32 total_rto_ms, rto_since_ms;	/* of rows that are over; the last's begin, or 0 */
	u32 chrono_since, chrono_ticks[TCP_CHRONO_NR - 1];	/* see tcp_chrono.c */
	u64 lsndtime_ns;	/* last data sent */
	u64 bytes_acked, bytes_received, bytes_sent, bytes_retrans;
	u32 segs_in, segs_out, data_segs_in, data_segs_out;
	u32 rcv_ooopack;

	/* receiving */
	union {			/* to be told: of selective_acks, newest first; duplicate_sack */
		struct { u8 num_sacks; bool dsack; };
		u16 has_sacks;
	};
	bool sack_news;		/* the newest block is not told yet */
	u8 ecn_flags;		/* TCP_ECN_* */
	struct tcp_sack_block duplicate_sack, selective_acks[TCP_MAX_SACKS];
	struct rb_root out_of_order_queue;
	struct sk_buff *ooo_last_skb;
	struct {
		u32 rtt_us;	/* << 3 */
		u32 seq;
		u64 time_ns;
	} rcv_rtt_est;
	struct {
		u32 space;
		u32 seq;
		u64 time_ns;
	} rcvq_space;
	u16 urg_data;		/* TCP_URG_* and the octet */
	bool urg_mode;		/* there is urgent data to send */
	u32 urg_seq;		/* receive: of the urgent octet */
	u32 snd_up;		/* send: behind the urgent octet */

	/* knobs of the application; 0: the stack's */
	u32 keepalive_time_s, keepalive_intvl_s;
	u8 keepalive_probes;
	bool tsq_queued;	/* on tsq_next's list */
	u32 notsent_lowat;
	s32 linger2_s;		/* TCP_LINGER2; < 0: no FIN-WAIT-2 */
	u64 rcv_tstamp_ns;	/* last ACK received */
	u64 last_oow_ack_ns;	/* RFC 5961: the last challenge ACK */
	u64 wstamp_ns;		/* paced: text leaves not before; else 0 */
	u64 edt_ns;		/* when the last that was sent leaves */
	struct sock *tsq_next;	/* on a softnet's list, see tcp_tsq.c */
	struct tcp_seldom *seldom;	/* or NULL */
};

static inline struct tcp_sock *tcp_sk(const struct sock *sk)
{
	return (struct tcp_sock *)sk;
}

static inline struct tcphdr *tcp_hdr(const struct sk_buff *skb)
{
	return (struct tcphdr *)skb_transport_header(skb);
}

/* ---- time ------------------------------------------------------------- */

/* Takes the time once per event. */
static inline void tcp_mstamp_refresh(struct sock *sk)
{
	tcp_sk(sk)->mstamp_ns = net_now(sock_net(sk));
}

/* The clock of the timestamps option: 1 ms (RFC 7323 5.4). */
static inline u32 tcp_ns_to_ts(u64 ns)
{
	return (u32)(ns / NSEC_PER_MSEC);
}

/* A clock of microseconds; it wraps. */
static inline u32 tcp_us(u64 ns)
{
	return (u32)(ns / NSEC_PER_USEC);
}

static inline u32 tcp_time_stamp(const struct tcp_sock *tp)
{
	return tcp_ns_to_ts(tp->mstamp_ns) + tp->tsoffset;
}

/* us since @ns, at least 1. */
static inline u32 tcp_us_since(const struct tcp_sock *tp, u64 ns)
{
	s64 us = (s64)(tp->mstamp_ns - ns) / (s64)NSEC_PER_USEC;

	/* what is to leave in a moment may have left, if nobody paced it */
	return (u32)clamp(us, 1ll, 0x7fffffffll);
}

/* Of tcp_rate.c. */
static inline u32 tcp_ticks(u64 ns)
{
	return (u32)(ns >> 10);
}

/* What timeouts sent again has arrived. */
static inline void tcp_rto_recovered(struct tcp_sock *tp)
{
	if (!tp->rto_since_ms)
		return;
	tp->total_rto_ms += tcp_ns_to_ts(tp->mstamp_ns) - tp->rto_since_ms;
	tp->rto_since_ms = 0;
}

/* ---- sequence space and windows --------------------------------------- */

/* Receive window still open, as the peer knows it. */
static inline u32 tcp_receive_window(const struct tcp_sock *tp)
{
	s32 win = (s32)(tp->rcv_wup + tp->rcv_wnd - tp->rcv_nxt);

	return win < 0 ? 0 : (u32)win;
}

static inline u32 tcp_wnd_end(const struct tcp_sock *tp)
{
	return tp->snd_una + tp->snd_wnd;
}

/* The window that @space bytes of truesize can back (tcp_adv_win_scale). */
static inline s32 tcp_win_from_space(const struct sock *sk, s32 space)
{
	s32 scale = READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_adv_win_scale);

	return likely(scale > 0) ? space - (space >> scale) : space >> -scale;
}

/* The truesize that @win bytes of payload need. */
static inline s64 tcp_space_from_win(const struct sock *sk, s64 win)
{
	s32 scale = READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_adv_win_scale);

	return scale <= 0 ? win << -scale :
			    win + win / ((1 << scale) - 1);
}

/* Truesize of what was received and not yet read. */
static inline s32 tcp_rmem_held(const struct sock *sk)
{
	return (s32)READ_ONCE(sk->sk_backlog.len) + sk_rmem_alloc_get(sk);
}

static inline s32 tcp_space(const struct sock *sk)
{
	return tcp_win_from_space(sk, READ_ONCE(sk->sk_rcvbuf) -
				      tcp_rmem_held(sk));
}

static inline s32 tcp_full_space(const struct sock *sk)
{
	return tcp_win_from_space(sk, READ_ONCE(sk->sk_rcvbuf));
}

/* ---- queues ----------------------------------------------------------- */

/* Oldest segment never sent, and oldest sent one; NULL: none. */
static inline struct sk_buff *tcp_send_head(const struct sock *sk)
{
	return skb_peek(&sk->sk_write_queue);
}

static inline struct sk_buff *tcp_write_queue_tail(const struct sock *sk)
{
	return skb_peek_tail(&sk->sk_write_queue);
}

static inline bool tcp_write_queue_empty(const struct sock *sk)
{
	return skb_queue_empty(&sk->sk_write_queue);
}

static inline struct sk_buff *tcp_rtx_queue_head(const struct sock *sk)
{
	return skb_peek(&tcp_sk(sk)->rtx_queue);
}

/* Behind @skb in tp->rtx_queue; NULL: it is the last. */
static inline struct sk_buff *tcp_rtx_next(const struct tcp_sock *tp,
					   struct sk_buff *skb)
{
	return skb_queue_is_last(&tp->rtx_queue, skb) ? NULL : skb->next;
}

static inline struct list_head *tcp_skb_tsorted(struct sk_buff *skb)
{
	return (struct list_head *)skb->list_space;
}

static inline struct sk_buff *tcp_tsorted_skb(struct list_head *pos)
{
	return container_of((void *)pos, struct sk_buff, list_space);
}

static inline bool tcp_skb_is_tsorted(const struct sk_buff *skb)
{
	return skb->list_space[0];
}

/* @skb arrived, is lost, or leaves the queue. */
static inline void tcp_tsorted_del(struct sk_buff *skb)
{
	if (tcp_skb_is_tsorted(skb))
		list_del(tcp_skb_tsorted(skb));
}

static inline bool tcp_rtx_queue_empty(const struct sock *sk)
{
	return skb_queue_empty(&tcp_sk(sk)->rtx_queue);
}

static inline struct rb_node *tcp_skb_rb(struct sk_buff *skb)
{
	return (struct rb_node *)skb->rbnode_space;
}

static inline struct sk_buff *tcp_rb_skb(struct rb_node *n)
{
	return container_of((void *)n, struct sk_buff, rbnode_space);
}

/* ---- counting --------------------------------------------------------- */

/* Packets that left the network at the other end or got lost on the way. */
static inline u32 tcp_left_out(const struct tcp_sock *tp)
{
	return tp->sacked_out + tp->lost_out;
}

static inline u32 tcp_packets_in_flight(const struct tcp_sock *tp)
{
	return tp->packets_out - tcp_left_out(tp) + tp->retrans_out;
}

static inline bool tcp_in_slow_start(const struct tcp_sock *tp)
{
	return tp->snd_cwnd < tp->snd_ssthresh;
}

static inline bool tcp_in_cwnd_reduction(const struct sock *sk)
{
	return inet_csk(sk)->icsk_ca_state == TCP_CA_CWR ||
	       inet_csk(sk)->icsk_ca_state == TCP_CA_Recovery;
}

/* ---- tcp.c, tcp_recvmsg.c, tcp_close.c: the calls --------------------- */

extern const struct proto tcp_prot;
/* What sockets in repair (tcp_repair.c) do as all others. */
#define TCP_PROTO_COMMON						\
	.name = "TCP", .obj_size = sizeof(struct tcp_sock),		\
	.init = tcp_init_sock, .destroy = tcp_v4_destroy_sock,		\
	.connect = tcp_v4_connect, .accept = inet_csk_accept,		\
	.shutdown = tcp_shutdown, .ioctl = tcp_ioctl,			\
	.setsockopt = tcp_setsockopt, .getsockopt = tcp_getsockopt,	\
	.frames_put = tcp_frames_put, .backlog_rcv = tcp_v4_do_rcv,	\
	.release_cb = tcp_release_cb, .keepalive = tcp_set_keepalive,	\
	.stream_held = tcp_stream_held, .tskey = tcp_tskey,		\
	.hash = inet_hash, .unhash = inet_unhash, .get_port = inet_csk_get_port
struct inet_protocol;
extern const struct inet_protocol tcp_protocol;

void tcp_release_cb(struct sock *sk);	/* proto.release_cb */
unsigned int tcp_poll(struct socket *sock);	/* inet_stream_ops.poll */
int tcp_init_sock(struct sock *sk);
/* Everything that a new connection of either kind begins with. */
void tcp_init_connection_state(struct sock *sk);
int tcp_sendmsg(struct sock *sk, struct inet_msg *msg, size_t len);
int tcp_recvmsg(struct sock *sk, struct inet_msg *msg, size_t len, int flags);
void tcp_frames_put(struct sock *sk, struct skb_loan *loan) unchecked_locking;
int tcp_ioctl(struct sock *sk, unsigned long cmd, int *karg);
int tcp_setsockopt(struct sock *sk, int level, int optname, const void *val,
		   socklen_t len);
int tcp_getsockopt(struct sock *sk, int level, int optname, void *val,
		   socklen_t *len);
void tcp_close(struct sock *sk, s64 timeout_ns);
void tcp_shutdown(struct sock *sk, int how);
int tcp_disconnect(struct sock *sk, int flags);
/* Everything the sock holds but itself. */
void tcp_v4_destroy_sock(struct sock *sk);
/* To CLOSE: out of the tables, no timers; an orphan is freed. */
void tcp_done(struct sock *sk);
void tcp_set_state(struct sock *sk, int state);
/* An orphan for which there is no memory, or no room among the orphans? */
bool tcp_check_oom(struct sock *sk, int shift);
void tcp_write_queue_purge(struct sock *sk);
/* A segment for the write queue with room for @size bytes of payload, not
 * charged. NULL: over a limit (the sndbuf shrinks) or no memory. */
struct sk_buff *tcp_stream_alloc_skb(struct sock *sk, u32 size, bool force);
void tcp_skb_entail(struct sock *sk, struct sk_buff *skb);
/* Octets that are not acknowledged yet, or where segments are small, a part of what
 * they take: proto.stream_held. */
s32 tcp_stream_held(const struct sock *sk);
/* May a writer queue more: buffer, and TCP_NOTSENT_LOWAT? */
bool tcp_stream_memory_free(const struct sock *sk);
void tcp_wmem_free_skb(struct sock *sk, struct sk_buff *skb);
void tcp_push(struct sock *sk, int flags, u32 mss_now, int nonagle);
/* Bytes were read: does the peer need to know that the window opened? */
void tcp_cleanup_rbuf(struct sock *sk, u32 copied);
u32 tcp_inq(struct sock *sk);
void tcp_get_info(struct sock *sk, void *buf, socklen_t *len);
extern const struct sockopt_row tcp_options[];
extern const u32 nr_tcp_options;
void __tcp_sock_set_cork(struct sock *sk, bool on);
void __tcp_sock_set_quickack(struct sock *sk, int val);

/* ---- tcp_output.c: segments out --------------------------------------- */

/* Sends @skb as it stands in the queue: a clone or, for control segments
 * (@clone_it false, consumed), itself. 0, > 0: dropped below us, -E. */
int tcp_transmit_skb(struct sock *sk, struct sk_buff *skb, bool clone_it);
void __tcp_push_pending_frames(struct sock *sk, u32 cur_mss, int nonagle);
/* Octets that one packet to the device may have; 0: no more than one segment. */
u32 tcp_gso_max_text(const struct sock *sk);
/* Segments that one may stand for, at the rate of now. */
u32 tcp_gso_max_segs(struct sock *sk, u32 mss_now);
void tcp_rtx_queue_unlink_and_free(struct sock *sk, struct sk_buff *skb);
/* Cuts @skb (on the queue @q) at @len: the rest follows it. 0 or -ENOMEM. */
int tcp_fragment(struct sock *sk, struct sk_buff_head *q, struct sk_buff *skb,
		 u32 len);
/* Takes the first @len octets off it. */
void tcp_trim_head(struct sk_buff *skb, u32 len);
/* 0, -EBUSY: still below us; -EAGAIN: outside the window; -E. */
int tcp_retransmit_skb(struct sock *sk, struct sk_buff *skb);
/* @limit octets of @skb, the first that was not sent, whatever cwnd says. 0, > 0: dropped
 * below us, -E. */
int tcp_send_first(struct sock *sk, struct sk_buff *skb, u32 limit);
/* One segment of new text, the same way. Return: it went. */
bool tcp_send_one_new(struct sock *sk);
/* Sends again what is marked lost, as cwnd allows. */
void tcp_xmit_retransmit_queue(struct sock *sk);
void tcp_init_nondata_skb(struct sk_buff *skb, u32 seq, u8 flags);
void tcp_send_ack(struct sock *sk);
void tcp_send_delayed_ack(struct sock *sk);
void tcp_send_fin(struct sock *sk);
void tcp_send_active_reset(struct sock *sk);
/* Window probe or keep-alive. 0, > 0: local congestion, -1: CLOSE. */
int tcp_write_wakeup(struct sock *sk, bool keepalive);
void tcp_send_probe0(struct sock *sk);
u64 tcp_probe0_when_ns(const struct sock *sk);

/* ---- tcp_pacing.c: spreading a window over the round trip ------------- */

static inline bool tcp_is_paced(const struct sock *sk)
{
	return READ_ONCE(sk->sk_pacing_status) != SK_PACING_NONE;
}

/* When a segment that is given to IP now is to leave. */
static inline u64 tcp_departure_ns(const struct tcp_sock *tp)
{
	return max(tp->mstamp_ns, tp->wstamp_ns);
}

/* Of a connection that is paced: */

/* Has the next segment yet to wait? Then a timer is set. */
bool tcp_pacing_holds(struct sock *sk);
/* Writes down when @skb leaves, which has @len bytes of text. */
void tcp_pacing_sent(struct sock *sk, struct sk_buff *skb, u32 len);
/* Bytes of one packet, at most @size. */
u32 tcp_tso_autosize(struct sock *sk, u32 size, u32 mss_now);
void tcp_pacing_timer(struct timer_list *t);

/* Sets sk_pacing_rate from the window and the round trip. */
void tcp_update_pacing_rate(struct sock *sk);

/* ---- tcp_tsq.c: sending once for many ACKs ----------------------------- */

void tcp_tsq_init(struct net *net);
void tcp_tsq_exit(struct net *net);
/* Sends what may be sent, now or at the end of this round. */
void tcp_tsq_push(struct sock *sk);
/* Sends what may be sent by now. Context: the sock is locked. */
void tcp_tsq_write(struct sock *sk);
/* The same, or leaves it to the sock's owner. Context: bh lock. */
void tcp_tsq_handler(struct sock *sk);

/* ---- tcp_window.c: segment sizes and windows -------------------------- */

u32 tcp_mtu_to_mss(const struct sock *sk, u32 pmtu);
u32 tcp_sync_mss(struct sock *sk, u32 pmtu);
u32 tcp_current_mss(struct sock *sk);

static inline void tcp_push_pending_frames(struct sock *sk)
{
	if (!tcp_write_queue_empty(sk))
		__tcp_push_pending_frames(sk, tcp_current_mss(sk),
					  tcp_sk(sk)->nonagle);
}

u32 tcp_advertise_mss(const struct sock *sk);
/* The window field of the segment being sent. */
u16 tcp_select_window(struct sock *sk);
/* What may be told at all: the field has 16 bits, 15 for some peers. */
u32 tcp_largest_window(const struct sock *sk);
/* What we would like to offer now. */
u32 __tcp_select_window(struct sock *sk);

/* The receive window with which a connection begins. */
struct tcp_initial_window {
	u32 space;		/* in: bytes of buffer, as payload */
	u32 mss;		/* in: ours */
	bool wscale_ok;		/* in */
	u32 window_clamp;	/* in: 0 = none; out */
	u32 rcv_wnd;		/* out */
	u8 rcv_wscale;		/* out */
};
void tcp_select_initial_window(const struct sock *sk,
			       struct tcp_initial_window *w);
void tcp_initialize_rcv_mss(struct sock *sk);
void tcp_init_buffer_space(struct sock *sk);

/* ---- tcp_connect.c: SYN and SYN-ACK ----------------------------------- */

int tcp_connect(struct sock *sk);
/* @skb, the end of the stream, counts as sent. */
void tcp_connect_queue_skb(struct sock *sk, struct sk_buff *skb);
/* Everything a new connection begins with. Context: the route is known. */
void tcp_connect_init(struct sock *sk);
/* The options of a SYN of ours. Return: their size. */
u32 tcp_syn_options(struct sock *sk, struct tcp_out_options *opts);
struct sk_buff *tcp_make_synack(const struct sock *sk, struct dst_entry *dst,
				struct request_sock *req);
/* SYN crosses SYN (RFC 9293 3.5, figure 8). */
void tcp_send_synack(struct sock *sk);

/* ---- tcp_input.c, tcp_synsent.c --------------------------------------- */

void tcp_rcv_established(struct sock *sk, struct sk_buff *skb);
/* @skb is consumed when it returns 0; 1: answer it with a RST, -1: drop. */
int tcp_rcv_state_process(struct sock *sk, struct sk_buff *skb);
/* To ESTABLISHED. */
void tcp_finish_connect(struct sock *sk);
int tcp_rcv_synsent_state_process(struct sock *sk, struct sk_buff *skb);
void tcp_init_transfer(struct sock *sk);
void tcp_reset(struct sock *sk);
void tcp_parse_options(const struct sk_buff *skb,
		       struct tcp_options_info *info);
/* Reads the options of a segment of a connection into tp->rx_opt. */
void tcp_fast_parse_options(struct sock *sk, const struct sk_buff *skb);
void tcp_store_ts_recent(struct tcp_sock *tp);
void tcp_send_challenge_ack(struct sock *sk);
/* Too soon after the last answer to a bad segment? Remembers this one. @skb:
 * the segment (text is always answered), or NULL. */
bool tcp_oow_rate_limited(struct net *net, const struct sk_buff *skb,
			  enum mib_counter mib, u64 *last_oow_ack_ns);
void tcp_ack_snd_check(struct sock *sk);
void tcp_data_snd_check(struct sock *sk);
void tcp_sndbuf_expand(struct sock *sk);
void tcp_fast_path_on(struct tcp_sock *tp);
void tcp_fast_path_check(struct sock *sk);
/* tcp_listen.c: a segment for a listener; as tcp_rcv_state_process(). */
int tcp_rcv_listen(struct sock *sk, struct sk_buff *skb);
/* A SYN for a listener. Borrows. @skb's cb tells of a TIME-WAIT before it. */
void tcp_conn_request(struct sock *sk, struct sk_buff *skb);

/* What names the request's connection, which @skb belongs to. */
void tcp_openreq_init_names(struct request_sock *req, const struct sk_buff *skb);
/* The way back, and the window that fits to it; of @req the options of the SYN
 * are known. Return: false: there is none, or no memory. */
bool tcp_openreq_init_route(struct request_sock *req, const struct sock *sk,
			    const struct sk_buff *skb);

/* ---- tcp_seldom.c ----------------------------------------------------- */

/* That of @sk, made if there is none; NULL: no memory. */
struct tcp_seldom *tcp_seldom_get(struct sock *sk);
/* Frees it, and what it holds. */
void tcp_seldom_free(struct sock *sk);
/* What belonged to the connection that is over. */
void tcp_seldom_reset(struct sock *sk);
/* Keeps the headers of the SYN @skb, if the listener @sk wants them. */
void tcp_save_syn(const struct sock *sk, struct request_sock *req,
		  const struct sk_buff *skb);
/* What @req kept becomes its child's. */
void tcp_inherit_syn(struct sock *child, struct request_sock *req);
void tcp_saved_syn_free(struct net *net, struct tcp_saved_syn **saved);

/* ---- tcp_ack.c, tcp_recovery.c ---------------------------------------- */

#define FLAG_DATA 0x01			/* the segment has data */
#define FLAG_WIN_UPDATE 0x02		/* the window moved */
#define FLAG_DATA_ACKED 0x04		/* new data acknowledged */
#define FLAG_RETRANS_DATA_ACKED 0x08	/* some of it retransmitted */
#define FLAG_SYN_ACKED 0x10
#define FLAG_SET_XMIT_TIMER 0x20	/* the RTO must start anew */
#define FLAG_SND_UNA_ADVANCED 0x40
#define FLAG_SLOWPATH 0x80
#define FLAG_UPDATE_TS_RECENT 0x100
#define FLAG_DATA_SACKED 0x200		/* new SACK */
#define FLAG_DSACK 0x400		/* what was sent twice came twice */
#define FLAG_DSACK_TLP 0x800		/* the probe of the tail did */
#define FLAG_ORIG_ACKED 0x1000		/* F-RTO: what was sent once came */
#define FLAG_ECE 0x2000			/* a mark came */
#define FLAG_DSACK_ANY 0x4000		/* something came twice */
#define FLAG_ACKED (FLAG_DATA_ACKED | FLAG_SYN_ACKED)
/* RFC 5681: none of these in a duplicate ACK */
#define FLAG_NOT_DUP (FLAG_DATA | FLAG_WIN_UPDATE | FLAG_ACKED)

/* What the stages of tcp_ack() tell one another. */
struct tcp_ack_state {
	u32 ack, ack_seq;
	int flag;
	u32 prior_una, prior_packets, prior_in_flight, prior_lost;
	u32 acked;		/* packets */
	u32 delivered;		/* packets, acknowledged or SACKed just now */
	u32 prior_sack_high;	/* of what is SACKed, if anything was */
	s64 rtt_us;		/* of a segment sent once, or -1 */
	u64 last_ns;		/* when the newest of those was sent */
	u64 resent_ns;		/* and the newest sent again, or 0 */
	u64 tx_ns;		/* of those that arrived now, of the one that was
				 * sent last: when; 0: none did */
	struct tcp_tx tx;	/* what it took down */
	u8 tx_sacked;
	bool late;		/* packets came that were overtaken, the first: */
	u32 late_seq;
	u32 rate_delivered, rate_ticks;	/* tcp_rate.c; 0: no sample */
};

/* RFC 5681 2: does the ACK say that a segment came, and not which? */
static inline bool tcp_ack_is_dup(const struct tcp_ack_state *a)
{
	return !(a->flag & (FLAG_NOT_DUP | FLAG_SND_UNA_ADVANCED));
}

/* Acknowledged or SACKed: F-RTO looks for what was sent once, before the timeout. */
static inline void tcp_frto_came(const struct tcp_sock *tp,
				 const struct tcp_skb_cb *tcb,
				 struct tcp_ack_state *a)
{
	if (unlikely(tp->frto) && !(tcb->sacked & TCPCB_RETRANS) &&
	    !after(tcb->end_seq, tp->high_seq))
		a->flag |= FLAG_ORIG_ACKED;
}

/* 1; 0: old, ignored; -1: acknowledges what was never sent (or is too old). */
int tcp_ack(struct sock *sk, const struct sk_buff *skb, int flag);
void tcp_update_wl(struct tcp_sock *tp, u32 seq);
void tcp_rtt_estimator(struct sock *sk, u32 mrtt_us);
void tcp_set_rto(struct sock *sk);
void tcp_rearm_rto(struct sock *sk);
/* The same, or a probe of the tail before that. */
void tcp_set_xmit_timer(struct sock *sk);
void tcp_synack_rtt_meas(struct sock *sk, const struct request_sock *req);

/* tcp_scoreboard.c: marks what the SACK blocks of the segment @ack name. */
void tcp_sacktag_write_queue(struct sock *sk, const struct sk_buff *ack,
			     struct tcp_ack_state *a);
/* Indexes tp->rtx_queue, until it is empty. */
void tcp_rtx_index_build(struct tcp_sock *tp);
/* Where the last one came that was sent once, and that was sent again: each kind is
 * mostly in the order of the queue. */
struct tcp_tsorted_row {
	struct list_head *last[2];
};
/* Puts @skb, in flight again, where its time is in the list. */
void tcp_tsorted_put(struct tcp_sock *tp, struct sk_buff *skb,
		     struct tcp_tsorted_row *rows);
/* @skb came to, or leaves, tp->rtx_queue, which is indexed. */
void tcp_rtx_index_add(struct tcp_sock *tp, struct sk_buff *skb);
void tcp_rtx_index_remove(struct tcp_sock *tp, struct sk_buff *skb);
void tcp_sack_renege(struct sock *sk);
/* @skb becomes longer than what has arrived of it. */
void tcp_sack_forget(struct tcp_sock *tp, struct sk_buff *skb);

/* tcp_recovery.c, without SACK. */
void tcp_reno_delivered(const struct tcp_sock *tp, struct tcp_ack_state *a);

/* tcp_rack.c */
void tcp_rack_advance(struct tcp_sock *tp, const struct sk_buff *skb,
		      struct tcp_ack_state *a);
/* A segment was overtaken, by so many octets. */
void tcp_rack_reordering(struct sock *sk, u32 octets);
/* Marks what is lost by now. Return: a timer is set for what may be soon. */
bool tcp_rack_mark_lost(struct sock *sk);
void tcp_rack_reo_timeout(struct sock *sk);
/* A duplicate was reported: segments may be later than was thought. */
void tcp_rack_dsack(struct tcp_sock *tp);
/* A repair is over. */
void tcp_rack_recovered(struct tcp_sock *tp);

/* tcp_loss_probe.c. Something is in flight. Return: a timer is set. */
bool tcp_schedule_loss_probe(struct sock *sk);
void tcp_send_loss_probe(struct sock *sk);
/* The ACK of which @a tells may be about the probe that is out. */
void tcp_process_tlp_ack(struct sock *sk, const struct tcp_ack_state *a);

/* tcp_undo.c. Before the windows come down for a loss. */
void tcp_undo_arm(struct sock *sk);
/* @segs are sent again; not in retrans_out yet. */
void tcp_undo_retransmitted(struct sock *sk, u32 segs);
void tcp_undo_dsack(struct tcp_sock *tp, const struct tcp_sack_block *b);
/* Takes a repair back when it shows that it was not needed. */
bool tcp_try_undo(struct sock *sk, const struct tcp_ack_state *a);
/* A timeout, in a state that was @prior_state. */
void tcp_enter_frto(struct sock *sk, u8 prior_state);
/* An ACK after that. Return: nothing is to be sent again now. */
bool tcp_process_frto(struct sock *sk, const struct tcp_ack_state *a);

/* The time has come to believe in a loss, without an ACK. */
void tcp_enter_recovery_by_timer(struct sock *sk);
void tcp_fastretrans_alert(struct sock *sk, struct tcp_ack_state *a);
void tcp_enter_loss(struct sock *sk);
void tcp_enter_cwr(struct sock *sk);
void tcp_simple_retransmit(struct sock *sk);
/* The first packet in flight is lost, for no want of room on the path: it is sent
 * again. */
void tcp_retransmit_refused(struct sock *sk, struct sk_buff *head);

/* ---- tcp_data.c, tcp_urg.c: received text ----------------------------- */

/* Consumes: skb->data at the TCP header. */
void tcp_data_queue(struct sock *sk, struct sk_buff *skb);
/* Appends in-order text (header pulled) to the receive queue. True: it was
 * merged into the last one, and @skb is still the caller's. */
bool tcp_queue_rcv(struct sock *sk, struct sk_buff *skb);
/* Makes room for @skb in buffer and budget. False: there is none. */
bool tcp_try_rmem_schedule(struct sock *sk, const struct sk_buff *skb);
void tcp_event_data_recv(struct sock *sk, struct sk_buff *skb);
void tcp_data_ready(struct sock *sk);
void tcp_rcv_space_adjust(struct sock *sk);
void tcp_enter_quickack_mode(struct sock *sk, u32 max_quickacks);
void tcp_incr_quickack(struct sock *sk, u32 max_quickacks);
void tcp_fin(struct sock *sk);
void tcp_ofo_queue_purge(struct sock *sk);
void tcp_check_urg(struct sock *sk, const struct tcphdr *th);
void tcp_urg(struct sock *sk, const struct sk_buff *skb,
	     const struct tcphdr *th);
int tcp_recv_urg(struct sock *sk, struct inet_msg *msg, size_t len, int flags);

/* ---- tcp_sack.c: what waits behind a hole ----------------------------- */

/* Does the next ACK say more than how far text is in order? */
static inline bool tcp_has_sacks(const struct tcp_sock *tp)
{
	return tp->has_sacks;
}

/* Nothing waits any more, or nobody is to count on it. */
void tcp_sack_reset(struct tcp_sock *tp);
/* [@seq, @end_seq) waits, of which the newest segment is a part. */
void tcp_sack_new(struct tcp_sock *tp, u32 seq, u32 end_seq);
/* rcv_nxt moved. */
void tcp_sack_remove(struct tcp_sock *tp);
/* [@seq, @end_seq) came, and was there already. */
void tcp_dsack_set(struct sock *sk, u32 seq, u32 end_seq);
/* The option for @skb, its text without a header, with at most TCP_MAX_SACKS
 * @blocks. Return: its size, 0: no place. */
u32 tcp_sack_options(const struct tcp_sock *tp, const struct sk_buff *skb,
		     struct tcp_sack_block *blocks,
		     struct tcp_out_options *opts);

/* ---- tcp_timer.c ------------------------------------------------------ */

void tcp_init_xmit_timers(struct sock *sk);
void tcp_write_timer_handler(struct sock *sk);
void tcp_delack_timer_handler(struct sock *sk);
void tcp_keepalive_timer_handler(struct sock *sk);
void tcp_set_keepalive(struct sock *sk, bool on);

static inline u64 keepalive_time_ns(const struct tcp_sock *tp)
{
	u32 s = tp->keepalive_time_s;

	return NSEC_PER_SEC *
	       (s ? s : (u32)sock_net(&tp->inet_conn.icsk_inet.sk)
				->ipv4.sysctl_tcp_keepalive_time);
}

/* FIN-WAIT-2 of an orphan. */
static inline u64 tcp_fin_time_ns(const struct sock *sk)
{
	u64 s = tcp_sk(sk)->linger2_s ?
		(u64)tcp_sk(sk)->linger2_s :
		(u64)READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_fin_timeout);
	u64 rto = (u64)inet_csk(sk)->icsk_rto_us * NSEC_PER_USEC;

	return max(s * NSEC_PER_SEC, rto * 7 / 2);
}

/* ---- tcp_cong.c ------------------------------------------------------- */

extern const struct tcp_congestion_ops tcp_reno, tcp_cubic, tcp_bbr, tcp_dctcp;

/* The list and its knobs, at a stack's creation. */
int tcp_cong_net_init(struct net *net);
/* Context: RCU or rtnl. */
const struct tcp_congestion_ops *tcp_ca_find(struct net *net, const char *name);
/* The stack's default becomes the socket's. */
void tcp_assign_congestion_control(struct sock *sk);
void tcp_init_congestion_control(struct sock *sk);
void tcp_cleanup_congestion_control(struct sock *sk);
int tcp_set_congestion_control(struct sock *sk, const char *name);
u32 tcp_slow_start(struct tcp_sock *tp, u32 acked);
void tcp_cong_avoid_ai(struct tcp_sock *tp, u32 w, u32 acked);
void tcp_cwnd_restart(struct sock *sk, u64 idle_ns);
/* Nothing is in flight; was nothing sent for an RTO either? Then what the window was
 * may be true no more. */
static inline void tcp_slow_start_after_idle_check(struct sock *sk)
{
	u64 idle_ns = tcp_sk(sk)->mstamp_ns - tcp_sk(sk)->lsndtime_ns;

	if (unlikely(idle_ns > (u64)inet_csk(sk)->icsk_rto_us * NSEC_PER_USEC))
		tcp_cwnd_restart(sk, idle_ns);
}

void tcp_cwnd_validate(struct sock *sk, bool is_cwnd_limited);

/* Did the window, and not the application, bound what was sent of late? Only
 * then is it right to widen it (RFC 7661). */
static inline bool tcp_is_cwnd_limited(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (tp->is_cwnd_limited)
		return true;
	return tcp_in_slow_start(tp) && tp->snd_cwnd < 2 * tp->max_packets_out;
}

/* Does it set the window in loss recovery, too, and the rate? */
static inline bool tcp_ca_controls(const struct sock *sk)
{
	return inet_csk(sk)->icsk_ca_ops->cong_control != NULL;
}

static inline void tcp_ca_event(struct sock *sk, enum tcp_ca_event event)
{
	const struct tcp_congestion_ops *ca = inet_csk(sk)->icsk_ca_ops;

	if (ca->cwnd_event)
		ca->cwnd_event(sk, event);
}

static inline void tcp_set_ca_state(struct sock *sk, u8 state)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	if (icsk->icsk_ca_ops->set_state)
		icsk->icsk_ca_ops->set_state(sk, state);
	if (state != TCP_CA_Loss)
		tcp_rto_recovered(tcp_sk(sk));
	icsk->icsk_ca_state = state;
}

/* ---- tcp_minisocks.c -------------------------------------------------- */

enum tcp_tw_status {
	TCP_TW_SUCCESS,		/* drop it */
	TCP_TW_RST,		/* answer a RST */
	TCP_TW_ACK,		/* answer an ACK */
	TCP_TW_SYN,		/* a SYN that may open anew */
};

void tcp_time_wait(struct sock *sk, u8 state, u64 timeo_ns);
/* @tw_isn: out, with TCP_TW_SYN: the ISN to begin with. Only for
 * TCP_TW_ACK and TCP_TW_RST the caller still has its reference. */
enum tcp_tw_status tcp_timewait_state_process(struct inet_timewait_sock *tw,
					      struct sk_buff *skb, u32 *tw_isn);
/* May connect() take the 4-tuple of the timewait sock @sktw? Context: ehash
 * lock. */
bool tcp_twsk_unique(struct sock *sk, struct sock *sktw);
/* A segment for a request. Return: the child (locked, with a reference); the
 * listener: @skb is for it; NULL: done. @req's lookup reference stays the
 * caller's. */
struct sock *tcp_check_req(struct sock *sk, struct sk_buff *skb,
			   struct request_sock *req, bool *req_stolen);
/* Gives @skb to the new child and unlocks it. As tcp_rcv_state_process(). */
int tcp_child_process(struct sock *parent, struct sock *child,
		      struct sk_buff *skb);
struct sock *tcp_create_openreq_child(const struct sock *sk,
				      struct request_sock *req,
				      struct sk_buff *skb);

/* ---- tcp_offload.c ---------------------------------------------------- */

/* Leaves the checksum of a segment of @len bytes with its header to the device:
 * what it needs to fill it in. */
static inline void __tcp_v4_send_check(struct sk_buff *skb, u32 len,
				       __be32 saddr, __be32 daddr)
{
	struct tcphdr *th = tcp_hdr(skb);

	th->check = (__sum16)~tcp_v4_check(len, saddr, daddr, 0);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb->transport_header;
	skb->csum_offset = offsetof(struct tcphdr, check);
}

extern const struct net_offload tcp_offload;

/* ---- tcp_ipv4.c ------------------------------------------------------- */

/* MUST-3: is the checksum right? The TCP header of @skb is at offset @off, its
 * network header is set. */
bool tcp_v4_checksum_ok(const struct sk_buff *skb, u32 off);

extern const struct inet_connection_sock_af_ops ipv4_specific;
extern const struct request_sock_ops tcp_request_sock_ops;

int tcp_v4_connect(struct sock *sk, const struct sockaddr *addr, socklen_t len);
int tcp_v4_rcv(struct sk_buff *skb);
int tcp_v4_do_rcv(struct sock *sk, struct sk_buff *skb);
int tcp_v4_err(struct sk_buff *skb, u32 info);
void tcp_v4_mtu_reduced(struct sock *sk);
/* The segment timed out of which an ICMP error said that it is too large. */
void tcp_believe_too_big(struct sock *sk);
int tcp_v4_send_synack(const struct sock *sk, struct request_sock *req,
		       struct dst_entry *dst);
/* A RST in answer to @skb; @sk may be NULL. Borrows. */
void tcp_v4_send_reset(const struct sock *sk, const struct sk_buff *skb);
/* The route of a request's connection: the one it has while that is good. With
 * a reference, or NULL. */
struct dst_entry *inet_csk_route_req(const struct sock *sk,
				     const struct request_sock *req);

/* The numbers that need a key: secure_seq.c. The ISN moves with the clock, the
 * offset of the timestamps stays: a 4-tuple used again goes on from it. */
struct tcp_seq_and_ts_off {
	u32 seq, ts_off;
};
struct tcp_seq_and_ts_off secure_tcp_seq_and_ts_off(struct net *net,
						    __be32 saddr, __be32 daddr,
						    __be16 sport, __be16 dport);

/* ---- tcp_verify.c ----------------------------------------------------- */

/* Asserts every invariant of a connection. Context: nobody else runs. */
void tcp_verify(struct sock *sk);
/* Of all of a stack, handshakes and TIME-WAIT included. */
void tcp_verify_all(struct net *net);

#endif /* IPV4_TCP_H */
