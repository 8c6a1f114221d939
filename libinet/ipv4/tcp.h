/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP (RFC 9293 and its company) for its own files and for inet_stream_ops.
 *
 * What a segment meets on its way is described at the head of each file:
 *
 *	tcp_ipv4.c	IPv4's side: lookup, handshake, resets, ICMP
 *	tcp_minisocks.c	SYN-RECEIVED and TIME-WAIT without a sock
 *	tcp_input.c	states and acceptability; tcp_synsent.c SYN-SENT
 *	tcp_ack.c	what an ACK does; tcp_recovery.c after a loss
 *	tcp_data.c	received text: queues, window; tcp_urg.c
 *	tcp_output.c	segments out; tcp_window.c; tcp_connect.c SYN
 *	tcp_timer.c	retransmission, probes, keep-alive, delayed ACK
 *	tcp_cong.c	congestion control, Reno
 *	tcp.c tcp_recvmsg.c tcp_close.c tcp_sockopt.c	the calls
 */
#ifndef IPV4_TCP_H
#define IPV4_TCP_H

#include "core/net.h"
#include "core/sock.h"
#include "core/socket.h"
#include "ipv4/inet_connection_sock.h"
#include "ipv4/inet_hashtables.h"
#include "ipv4/inet_timewait_sock.h"
#include "lib/assert.h"
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
#define TCP_DELACK_MIN_US 40000u
#define TCP_DELACK_MAX_US 200000u	/* MUST-40: below 500 ms */
#define TCP_RTO_MIN_US 200000u
#define TCP_RTO_MAX_US (120 * USEC_PER_SEC)
#define TCP_TIMEOUT_INIT_US USEC_PER_SEC	/* RFC 6298 2.1 */
#define TCP_TIMEOUT_FALLBACK_US (3 * USEC_PER_SEC)	/* RFC 6298 5.7 */
#define TCP_RESOURCE_PROBE_INTERVAL_US 500000u
#define TCP_PAWS_WINDOW 1		/* replays of one tick */
#define TCP_PAWS_24DAYS_S (60 * 60 * 24 * 24)
#define TCP_PAWS_MSL_S 60

/* ---- per stack -------------------------------------------------------- */

#define TCP_RST_BUCKETS 256

/* Resets we still may send to the peers of one bucket. */
struct tcp_rst_bucket {
	u32 tokens;
	u32 stamp_ms;
};

struct tcp_net {
	struct inet_hashinfo hashinfo;
	struct inet_timewait_death_row death_row;
	struct kmem_cache *rsk_cache;
	u32 orphan_count;		/* atomic */
	struct inet_lock rst_lock;
	struct tcp_rst_bucket rst_buckets[TCP_RST_BUCKETS];
};

/* ---- the control block of a segment (skb->cb) ------------------------- */

struct tcp_skb_cb {
	u32 seq;
	u32 end_seq;		/* seq + SYN + FIN + payload */
	u32 ack_seq;		/* received: the ACK field */
	u16 tcp_gso_segs;	/* segments it stands for */
	u8 tcp_flags;		/* TCPHDR_* */
	u8 sacked;		/* sent: TCPCB_* */
	u8 eor;			/* nothing may be appended */
	u8 has_rxtstamp;
	u32 delivered;		/* sent: tp->delivered at that time */
};

static_assert(sizeof(struct tcp_skb_cb) <= sizeof(((struct sk_buff *)0)->cb),
	      "the control block fits in skb->cb");

#define TCP_SKB_CB(skb) ((struct tcp_skb_cb *)(skb)->cb)

#define TCPCB_LOST 0x04
#define TCPCB_SACKED_RETRANS 0x02	/* retransmission in flight */
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
	u8 tstamp_ok : 1, sack_ok : 1, wscale_ok : 1, ecn_ok : 1, acked : 1;
	u8 syn_tos;
	u32 ir_mark;
	u32 rcv_isn, snt_isn;
	u32 rcv_nxt;
	u32 ts_off;
	u32 ts_recent;
	u32 rsk_rcv_wnd;
	u32 rsk_window_clamp;
	u64 snt_synack_ns;	/* for the RTT of the handshake */
	u64 last_oow_ack_ns;
};

struct tcp_timewait_sock {
	struct inet_timewait_sock tw_sk;	/* first */
	u32 tw_rcv_nxt, tw_snd_nxt;
	u32 tw_rcv_wnd;
	u32 tw_ts_offset;
	u32 tw_ts_recent;
	s64 tw_ts_recent_stamp;
	u64 tw_last_oow_ack_ns;
};

static_assert(sizeof(struct tcp_request_sock) <= 256, "a small request");
static_assert(sizeof(struct tcp_timewait_sock) <= 256, "a small TIME-WAIT");

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

/* tcp_sock.deferred: work that found the sock owned; done by release_cb. */
#define TCP_WRITE_TIMER_DEFERRED 0x1
#define TCP_DELACK_TIMER_DEFERRED 0x2
#define TCP_MTU_REDUCED_DEFERRED 0x4

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
	u8 nonagle;		/* TCP_NAGLE_* */
	u8 deferred;		/* TCP_*_DEFERRED, atomic */
	u32 reordering;

	/* round trips, us */
	u32 srtt_us;		/* << 3 */
	u32 mdev_us, mdev_max_us, rttvar_us, rtt_seq;
	u32 rtt_min_us;

	/* counting packets */
	u32 packets_out, retrans_out, lost_out, sacked_out;
	u32 snd_cwnd, snd_cwnd_cnt, snd_cwnd_clamp, snd_ssthresh;
	u32 prior_cwnd, prior_ssthresh;	/* before the last reduction */
	u32 snd_cwnd_used;
	u64 snd_cwnd_stamp_ns;
	u32 max_packets_out, cwnd_usage_seq;
	bool is_cwnd_limited;
	u32 high_seq;		/* NewReno's recover */
	u32 undo_marker, undo_retrans;
	u32 retrans_stamp;	/* TS clock: first retransmission since */
	u32 total_retrans;
	u32 delivered;		/* packets known to have arrived */
	u64 lsndtime_ns;	/* last data sent */
	u64 bytes_acked, bytes_received, bytes_sent, bytes_retrans;
	u32 segs_in, segs_out, data_segs_in, data_segs_out;
	u32 rcv_ooopack;

	/* receiving */
	struct rb_root out_of_order_queue;
	struct sk_buff *ooo_last_skb;
	u32 ooo_mem;		/* truesize in it */
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
	u32 urg_seq;		/* receive */
	u32 snd_up;		/* send */

	/* knobs of the application */
	u32 keepalive_time_s, keepalive_intvl_s;
	u8 keepalive_probes;
	u32 notsent_lowat;
	s32 linger2_s;		/* TCP_LINGER2; < 0: no FIN-WAIT-2 */
	u64 rcv_tstamp_ns;	/* last ACK received */
	u64 last_oow_ack_ns;	/* RFC 5961: challenge ACKs */
};

static inline struct tcp_sock *tcp_sk(const struct sock *sk)
{
	return (struct tcp_sock *)sk;
}

extern const struct proto tcp_prot;
struct inet_protocol;
extern const struct inet_protocol tcp_protocol;

/* inet_stream_ops.poll */
unsigned int tcp_poll(struct socket *sock);

#endif /* IPV4_TCP_H */
