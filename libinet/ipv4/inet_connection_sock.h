/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inet_connection_sock: what every connection-oriented transport over IP has
 * beyond an inet_sock: a port in the tables, an accept queue, two timers,
 * congestion control, and the seam to the network layer (af_ops).
 */
#ifndef IPV4_INET_CONNECTION_SOCK_H
#define IPV4_INET_CONNECTION_SOCK_H

#include <inet/congestion.h>

#include "core/request_sock.h"
#include "ipv4/inet_hashtables.h"
#include "ipv4/inet_sock.h"

struct inet_bind_bucket;

#define NSEC_PER_USEC 1000ull
#define NSEC_PER_MSEC 1000000ull
#define NSEC_PER_SEC 1000000000ull
#define USEC_PER_MSEC 1000u
#define USEC_PER_SEC 1000000u

/* The network layer under a connection: one table per family. */
struct inet_connection_sock_af_ops {
	/* Sends a segment (skb at its transport header). Consumes. */
	int (*queue_xmit)(struct sock *sk, struct sk_buff *skb,
			  const struct flowi4 *fl);
	/* Fills in the checksum of a segment about to be sent. @header: the
	 * sum of its header, the checksum being 0. */
	void (*send_check)(struct sock *sk, struct sk_buff *skb, __wsum header);
	/* Finds the route again after it went bad. 0 or -E. */
	int (*rebuild_header)(struct sock *sk);
	/* A SYN for a listener. Borrows. */
	/* A SYN for a listener; consumes @skb. */
	void (*conn_request)(struct sock *sk, struct sk_buff *skb);
	/* The child of a finished handshake: locked, with refcnt 2, hashed in
	 * the request's place when *@own_req. NULL: no memory, queue full. */
	struct sock *(*syn_recv_sock)(const struct sock *sk,
				      struct sk_buff *skb,
				      struct request_sock *req,
				      bool *own_req);
	int (*setsockopt)(struct sock *sk, int level, int optname,
			  const void *val, socklen_t len);
	int (*getsockopt)(struct sock *sk, int level, int optname, void *val,
			  socklen_t *len);
	/* The path carries less than it did. Context: sock lock. */
	void (*mtu_reduced)(struct sock *sk);
	u16 net_header_len;
};

/* icsk_pending: what icsk_retransmit_timer is running for. */
#define ICSK_TIME_RETRANS 1	/* retransmission */
#define ICSK_TIME_DACK 2	/* delayed ACK (its own timer) */
#define ICSK_TIME_PROBE0 3	/* zero window probe */
#define ICSK_TIME_REO_TIMEOUT 4	/* what was overtaken is lost */
#define ICSK_TIME_LOSS_PROBE 5	/* probe of the tail */

/* icsk_ack.pending */
#define ICSK_ACK_SCHED 1	/* an ACK is owed */
#define ICSK_ACK_TIMER 2	/* icsk_delack_timer is set */
#define ICSK_ACK_PUSHED 4	/* the peer pushed */
#define ICSK_ACK_PUSHED2 8
#define ICSK_ACK_NOW 16		/* send at the next occasion */

struct inet_connection_sock {
	struct inet_sock icsk_inet;	/* first */
	struct request_sock_queue icsk_accept_queue;
	struct inet_bind_bucket *icsk_bind_hash;
	struct timer_list icsk_retransmit_timer;
	struct timer_list icsk_delack_timer;
	struct timer_list icsk_pacing_timer;
	/* When icsk_pending is due. The timer may fire earlier (it is moved
	 * lazily) and then goes on to this time. */
	u64 icsk_timeout_ns;
	u32 icsk_rto_us;
	u32 icsk_rto_min_us;
	u32 icsk_rto_max_us;
	u32 icsk_pmtu_cookie;		/* path MTU that mss_cache stands for */
	const struct tcp_congestion_ops *icsk_ca_ops;
	const struct inet_connection_sock_af_ops *icsk_af_ops;
	struct flowi4 icsk_fl;		/* the connection's route question */
	u8 icsk_ca_state;		/* enum tcp_ca_state */
	u8 icsk_ca_initialized : 1, icsk_ca_setsockopt : 1;
	u8 icsk_retransmits;		/* of the same segment, by timer */
	u8 icsk_pending;
	u8 icsk_backoff;
	u8 icsk_syn_retries;		/* TCP_SYNCNT, 0: the knob */
	u8 icsk_probes_out;		/* probes without an answer */
	u8 icsk_defer_accept;		/* TCP_DEFER_ACCEPT: in SYN-ACKs */
	u16 icsk_ext_hdr_len;		/* IP options */
	struct {
		u8 pending;		/* ICSK_ACK_* */
		u8 quick;		/* ACKs left to send at once */
		u8 pingpong;		/* the session is interactive */
		u8 retry;		/* delayed while the sock was owned */
		u32 ato_us;		/* predicted gap between segments */
		u64 timeout_ns;		/* when the delayed ACK is due */
		u64 lrcvtime_ns;	/* last data received */
		u16 last_seg_size;
		u16 rcv_mss;		/* estimate of the peer's segment size;
					 * last: inet_poll() reads it */
	} icsk_ack;
	u32 icsk_user_timeout_ms;	/* TCP_USER_TIMEOUT, 0: none */
	u64 icsk_probes_tstamp_ns;	/* first unanswered probe */
	u64 icsk_ca_priv[TCP_CA_PRIV_SIZE / sizeof(u64)];
};

static inline struct inet_connection_sock *inet_csk(const struct sock *sk)
{
	return (struct inet_connection_sock *)sk;
}

static inline void *inet_csk_ca(const struct sock *sk)
{
	return (void *)inet_csk(sk)->icsk_ca_priv;
}

/* ---- listening and accepting: for inet_stream_ops --------------------- */

/* listen(): the sock is locked, in CLOSE. 0, -EADDRINUSE, -E. */
int inet_csk_listen_start(struct sock *sk);
/* Unaccepted children are reset. Context: sock lock. */
void inet_csk_listen_stop(struct sock *sk);
/* accept(): takes the sock lock itself; waits unless @flags has O_NONBLOCK.
 * Return: the child, orphaned (graft it), or NULL and *@err = -E. */
struct sock *inet_csk_accept(struct sock *sk, int flags, int *err);
/* proto.get_port: binds to @snum, 0: any free one. 0, -EADDRINUSE, -ENOMEM. */
int inet_csk_get_port(struct sock *sk, u16 snum);

/* ---- requests --------------------------------------------------------- */

/* Makes the request findable and starts its timer. Gives the caller a
 * reference. */
void inet_csk_reqsk_queue_hash_add(struct sock *sk, struct request_sock *req);
void inet_csk_reqsk_queue_drop(struct sock *sk, struct request_sock *req);
void inet_csk_reqsk_queue_drop_and_put(struct sock *sk,
				       struct request_sock *req);
/* Queues the finished child on its listener, with a reference to @req. NULL:
 * the listener is gone, and the child with it. */
struct sock *inet_csk_reqsk_queue_add(struct sock *sk, struct request_sock *req,
				      struct sock *child);
struct sock *inet_csk_complete_hashdance(struct sock *sk, struct sock *child,
					 struct request_sock *req,
					 bool own_req);

static inline bool inet_csk_reqsk_queue_is_full(const struct sock *sk)
{
	return reqsk_queue_len(&inet_csk(sk)->icsk_accept_queue) >
	       READ_ONCE(sk->sk_max_ack_backlog);
}

/* ---- life ------------------------------------------------------------- */

struct sock *inet_csk_clone_lock(const struct sock *sk,
				 const struct request_sock *req);
void inet_csk_init_xmit_timers(struct sock *sk,
			       void (*retransmit)(struct timer_list *t),
			       void (*delack)(struct timer_list *t),
			       void (*keepalive)(struct timer_list *t),
			       void (*pacing)(struct timer_list *t));
void inet_csk_clear_xmit_timers(struct sock *sk);
/* Frees an orphan in CLOSE. */
void inet_csk_destroy_sock(struct sock *sk);

/* ---- timers ----------------------------------------------------------- */

/* Sets @t unless it will run in time anyway: it then moves on by itself. */
static inline void icsk_arm_lazily(struct sock *sk, struct timer_list *t,
				   u64 expires_ns)
{
	if (unlikely(!timer_pending(t) || timer_expires_ns(t) > expires_ns))
		sk_reset_timer(sk, t, expires_ns);
}

/* (Re)arms @what (ICSK_TIME_*) @when_ns from @now_ns. */
static inline void inet_csk_reset_xmit_timer(struct sock *sk, u8 what,
					     u64 now_ns, u64 when_ns)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	if (what == ICSK_TIME_DACK) {
		icsk->icsk_ack.pending |= ICSK_ACK_TIMER;
		icsk->icsk_ack.timeout_ns = now_ns + when_ns;
		icsk_arm_lazily(sk, &icsk->icsk_delack_timer,
				icsk->icsk_ack.timeout_ns);
		return;
	}
	WRITE_ONCE(icsk->icsk_pending, what);
	WRITE_ONCE(icsk->icsk_timeout_ns, now_ns +
		   min(when_ns, (u64)icsk->icsk_rto_max_us * NSEC_PER_USEC));
	icsk_arm_lazily(sk, &icsk->icsk_retransmit_timer,
			icsk->icsk_timeout_ns);
}

static inline void inet_csk_clear_xmit_timer(struct sock *sk)
{
	/* Left running: it finds nothing to do, or the next use finds it
	 * armed. Cheaper than taking it out on every ACK. */
	WRITE_ONCE(inet_csk(sk)->icsk_pending, 0);
}

void inet_csk_reset_keepalive_timer(struct sock *sk, u64 when_ns);
void inet_csk_delete_keepalive_timer(struct sock *sk);

/* ---- delayed ACK ------------------------------------------------------ */

#define TCP_PINGPONG_THRESH 1

/* No ACK is owed, none foreseen. A connection accepted starts with what its
 * listener has: TCP_QUICKACK, and nothing else. */
static inline void inet_csk_delack_init(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	memset(&icsk->icsk_ack, 0,
	       offsetof(__typeof__(icsk->icsk_ack), rcv_mss));
}

static inline void inet_csk_enter_pingpong_mode(struct sock *sk)
{
	inet_csk(sk)->icsk_ack.pingpong = TCP_PINGPONG_THRESH;
}

static inline void inet_csk_exit_pingpong_mode(struct sock *sk)
{
	inet_csk(sk)->icsk_ack.pingpong = 0;
}

static inline bool inet_csk_in_pingpong_mode(const struct sock *sk)
{
	return inet_csk(sk)->icsk_ack.pingpong >= TCP_PINGPONG_THRESH;
}

static inline void inet_csk_inc_pingpong_cnt(struct sock *sk)
{
	if (inet_csk(sk)->icsk_ack.pingpong < 255)
		inet_csk(sk)->icsk_ack.pingpong++;
}

static inline void inet_csk_schedule_ack(struct sock *sk)
{
	inet_csk(sk)->icsk_ack.pending |= ICSK_ACK_SCHED;
}

static inline bool inet_csk_ack_scheduled(const struct sock *sk)
{
	return inet_csk(sk)->icsk_ack.pending & ICSK_ACK_SCHED;
}

#endif /* IPV4_INET_CONNECTION_SOCK_H */
