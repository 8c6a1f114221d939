/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct sock: the protocol's side of a socket (struct socket is the user's).
 *
 * Locking, as in Linux. lock_sock() makes the caller the owner; while somebody
 * owns the sock, the softnet puts packets for it on the backlog, and
 * release_sock() processes them. The softnet takes bh_lock_sock() and asks
 * sock_owned_by_user(). Lock order: sock -> neighbour -> transmit queue.
 */
#ifndef CORE_SOCK_H
#define CORE_SOCK_H

#include <errno.h>
#include <sys/socket.h>

#include <netinet/tcp.h>

#include <inet/protocol.h>
#include <inet/skbuff.h>
#include <inet/sock.h>

#include "core/dst.h"
#include "core/net.h"
#include "core/skbuff.h"
#include "lib/list.h"
#include "lib/lock.h"
#include "lib/points.h"
#include "lib/refcount.h"
#include "lib/timer.h"

/* sk->sk_state: the values of TCP's states (TCP_ESTABLISHED … TCP_CLOSING of
 * <netinet/tcp.h>), shared by all protocols, and: */
enum {
	TCP_NEW_SYN_RECV = TCP_CLOSING + 1,	/* a request_sock */
	TCP_MAX_STATES,
};

#define TCPF(state) (1u << (state))

/* sk_shutdown */
#define RCV_SHUTDOWN 1
#define SEND_SHUTDOWN 2
#define SHUTDOWN_MASK 3

/* Who sees to it that the sock's packets leave at sk_pacing_rate. */
enum sk_pacing {
	SK_PACING_NONE,		/* nobody: as fast as they come */
	SK_PACING_NEEDED,	/* the protocol, by timers of its own */
	SK_PACING_FQ,		/* a fq discipline, by their tstamp */
};

enum sock_flags {
	SOCK_DEAD,		/* no struct socket any more */
	SOCK_DONE,		/* the peer sent all it will */
	SOCK_URGINLINE,
	SOCK_KEEPOPEN,
	SOCK_LINGER,
	SOCK_DESTROY,		/* proto.destroy() has done its work */
	SOCK_BROADCAST,
	SOCK_LOCALROUTE,
	SOCK_RCVTSTAMP,		/* SO_TIMESTAMP */
	SOCK_RCVTSTAMPNS,
	SOCK_TIMESTAMPING_RX_SOFTWARE,
	SOCK_NO_CHECK_TX,	/* SO_NO_CHECK */
	SOCK_RXQ_OVFL,
	SOCK_ZEROCOPY,
	SOCK_TXTIME,		/* SCM_TXTIME may say when a datagram leaves */
	SOCK_HASHED,		/* it was in a chain before: sk_join_chain() */
};

#define SK_DEFERRED_ALWAYS 0x80	/* the protocol keeps no account of its work */

#define SK_MEM_QUANTUM 4096
#define SK_RECLAIM_THRESHOLD (1 << 21)
#define SK_RECLAIM_CHUNK (1 << 20)
#define SOCK_MIN_SNDBUF 4608
#define SOCK_MIN_RCVBUF 2304

/* What sock, request_sock and timewait_sock have in common, so that one hash
 * table holds all three. */
struct sock_common {
	struct hlist_node skc_node;	/* established table, RCU */
	struct hlist_node skc_bind_node;	/* owners of the port */
	struct net *skc_net;
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	u16 skc_num;			/* local port, host order */
	u32 skc_hash;
	int skc_bound_dev_if;
	u16 skc_family;
	u8 skc_state;
	u8 skc_reuse : 1;
	u8 skc_reuseport : 1;
	refcount_t skc_refcnt;
	const struct proto *skc_prot;
};

struct sock {
	struct sock_common __sk_common;
#define sk_node __sk_common.skc_node
#define sk_bind_node __sk_common.skc_bind_node
#define sk_net __sk_common.skc_net
#define sk_daddr __sk_common.skc_daddr
#define sk_rcv_saddr __sk_common.skc_rcv_saddr
#define sk_dport __sk_common.skc_dport
#define sk_num __sk_common.skc_num
#define sk_hash __sk_common.skc_hash
#define sk_bound_dev_if __sk_common.skc_bound_dev_if
#define sk_family __sk_common.skc_family
#define sk_state __sk_common.skc_state
#define sk_reuse __sk_common.skc_reuse
#define sk_reuseport __sk_common.skc_reuseport
#define sk_refcnt __sk_common.skc_refcnt
#define sk_prot __sk_common.skc_prot

	/* ---- of this sock alone; a clone begins with zeroes ---- */

	/* the lock */
	struct inet_lock sk_lock;	/* guards owner and backlog */
	bool sk_lock_owned;
	u8 sk_deferred;		/* prot->release_cb has work: bits of its own, or
				 * SK_DEFERRED_ALWAYS; see sk_defer() */

	/* readiness, written under socket->event_lock */
	bool sk_watched;	/* callback, descriptor or poller: tell them */
	bool sk_nospace;	/* somebody was told "not writable" */
	bool sk_mem_counted;		/* in net->proto_sockets */
	struct wait_queue_head sk_lock_wq;	/* waits for ownership */
	struct {
		struct sk_buff *head, *tail;
		u32 len;		/* truesize */
	} sk_backlog;
	struct socket *sk_socket;	/* NULL: orphan; RCU */
	struct wait_queue_head sk_wq;	/* blocking callers */

	/* queues; receive: under sk_queue_lock or the sock lock, as the
	 * protocol documents */
	struct inet_lock sk_queue_lock;
	struct sk_buff_head sk_receive_queue;

	/* memory, bytes of truesize */
	s32 sk_rmem_alloc;		/* atomic: held by the receive side */
	s32 sk_wmem_alloc;		/* atomic: in flight below the socket,
					 * and 1 for the sock itself */
	s32 sk_wmem_queued;		/* TCP's write queue */
	s32 sk_forward_alloc;		/* reserved from proto_mem, unused */
	s32 sk_omem_alloc;		/* atomic: against optmem_max */
	u32 sk_zckey;			/* MSG_ZEROCOPY calls so far, atomic */
	u32 sk_tskey;			/* datagrams stamped so far, atomic; of a
					 * stream where the count of bytes begins */
	u32 sk_drops;			/* atomic */
	u32 sk_rxhash;			/* of the flow received, 0: not known */
	s32 sk_incoming_cpu;		/* softnet of the last packet, or -1 */
	u16 sk_tx_queue;		/* of its device, + 1; 0: none yet */
	int sk_err;			/* reported once, atomic exchange */
	int sk_err_soft;		/* reported with a timeout */
	u32 sk_ack_backlog;

	struct dst_entry *sk_dst_cache;	/* RCU; owner or slock writes */
	struct sk_buff_head sk_write_queue;
	struct sk_buff_head sk_error_queue;	/* under sk_queue_lock */
	struct timer_list sk_timer;
	u64 sk_stamp_ns;		/* of the last packet, wall clock */
	u64 sk_cookie;			/* SO_COOKIE, 0: not asked for yet */
	struct rcu_head sk_rcu;

	/* ---- copied by sk_clone_lock(), from sk_rcvbuf on ---- */

	s32 sk_rcvbuf, sk_sndbuf;
	u8 sk_userlocks;		/* SOCK_{SND,RCV}BUF_LOCK, BIND* */
	u8 sk_mem_id;			/* enum proto_mem_id; proto->init sets
					 * it, PROTO_MEM_RAW is not limited */
	u8 sk_shutdown;
	u8 sk_no_check_tx : 1;
	u8 sk_kern : 1;
	u16 sk_type;
	u16 sk_protocol;
	unsigned long sk_flags;		/* enum sock_flags */
	s64 sk_rcvtimeo_ns, sk_sndtimeo_ns;	/* -1: for ever */
	s64 sk_lingertime_ns;
	s32 sk_rcvlowat;
	u32 sk_priority, sk_mark;
	u32 sk_max_ack_backlog;
	u32 sk_tsflags;
	u32 sk_txhash;
	u32 sk_ll_usec;			/* SO_BUSY_POLL */
	u32 sk_napi;			/* where packets come from: sk_mark_napi() */
	u32 sk_ll_spin_usec;		/* what of sk_ll_usec is worth it */
	u16 sk_busy_poll_budget;
	u8 sk_pacing_status;		/* enum sk_pacing, raised by fq */
	u64 sk_pacing_rate;		/* bytes a second; U64_MAX: no limit */
	u64 sk_max_pacing_rate;		/* SO_MAX_PACING_RATE */

	/* Callbacks of protocols and listeners; context: lock held. */
	void (*sk_state_change)(struct sock *sk);
	void (*sk_data_ready)(struct sock *sk);
	void (*sk_write_space)(struct sock *sk);
	void (*sk_error_report)(struct sock *sk);
	int (*sk_backlog_rcv)(struct sock *sk, struct sk_buff *skb);
	void (*sk_destruct)(struct sock *sk);
};

#define SOCK_SNDBUF_LOCK 1
#define SOCK_RCVBUF_LOCK 2
#define SOCK_BINDADDR_LOCK 4
#define SOCK_BINDPORT_LOCK 8

static inline struct net *sock_net(const struct sock *sk)
{
	return sk->sk_net;
}

/* May other threads touch the sock at this moment? */
static inline bool sk_smp(const struct sock *sk)
{
	return lock_smp(&sk->sk_lock);
}

/* Flags are changed under the lock of the sock, and read by anybody. */
static inline bool sock_flag(const struct sock *sk, enum sock_flags f)
{
	return data_race(sk->sk_flags) & (1UL << f);
}

static inline void sock_set_flag(struct sock *sk, enum sock_flags f)
{
	WRITE_ONCE(sk->sk_flags, sk->sk_flags | (1UL << f));
}

static inline void sock_reset_flag(struct sock *sk, enum sock_flags f)
{
	WRITE_ONCE(sk->sk_flags, sk->sk_flags & ~(1UL << f));
}

static inline void sock_valbool_flag(struct sock *sk, enum sock_flags f, bool v)
{
	if (v)
		sock_set_flag(sk, f);
	else
		sock_reset_flag(sk, f);
}

/* ---- chains that are read under RCU -------------------------------------- */

/*
 * A sock is freed after a grace period, but it may leave one chain and join
 * another while a reader stands on it, who then comes to the end of a chain that
 * is not his. So each move is counted, in @moves of the table, before the sock
 * joins: a reader whom it led astray sees another number than before his walk,
 * and begins again. Context: before the sock joins; nobody else changes its
 * flags.
 */
static inline void sk_join_chain(struct sock *sk, u32 *moves)
{
	if (unlikely(sock_flag(sk, SOCK_HASHED)))
		__atomic_fetch_add(moves, 1, __ATOMIC_RELEASE);
	else
		sock_set_flag(sk, SOCK_HASHED);
}

/* ---- life: see <inet/sock.h>, and ---------------------------------------- */

/* A copy for an accepted child: refcnt 2, bh_lock_sock() held, unhashed, no
 * struct socket, queues and counts empty, timer idle. NULL as sk_alloc(). */
struct sock *sk_clone_lock(const struct sock *sk) unchecked_locking;
/*
 * The last reference is gone. When no sent packet points at the sock any more
 * and a grace period has passed: sk->sk_prot->destroy(sk) unless that was done
 * (SOCK_DESTROY), sk->sk_destruct(sk) (each may be NULL), the queues, the dst and
 * the memory.
 */
void sk_free(struct sock *sk);

static inline void sock_hold(struct sock *sk)
{
	refcount_inc(&sk->sk_refcnt);
}

static inline void sock_put(struct sock *sk)
{
	if (refcount_dec_and_test(&sk->sk_refcnt))
		sk_free(sk);
}

/* A reference that cannot be the last one. */
static inline void __sock_put(struct sock *sk)
{
	bool last = refcount_dec_and_test(&sk->sk_refcnt);

	inet_debug_assert(!last);
	(void)last;
}

/* Cuts the tie to struct socket: nobody will read any more. */
void sock_orphan(struct sock *sk);
void sock_graft(struct sock *sk, struct socket *parent);

/* ---- the lock --------------------------------------------------------- */

static inline void bh_lock_sock(struct sock *sk)
	acquires(&sk->sk_lock) unchecked_locking;
static inline void bh_unlock_sock(struct sock *sk)
	releases(&sk->sk_lock) unchecked_locking;

static inline void bh_lock_sock(struct sock *sk)
{
	spin_lock(&sk->sk_lock);
}

static inline void bh_unlock_sock(struct sock *sk)
{
	spin_unlock(&sk->sk_lock);
}

/* Context: bh_lock_sock() or owner. */
static inline bool sock_owned_by_user(const struct sock *sk)
{
	return sk->sk_lock_owned;
}

/* True now and then in a simulation, where nobody else can own @sk meanwhile:
 * the sock is owned from here to a release_sock(). Context: bh_lock_sock(). */
static inline bool sock_buggify_owned(struct sock *sk)
{
	if (!INET_BUGGIFY(BACKLOG) || sk->sk_lock_owned)
		return false;
	sk->sk_lock_owned = true;
	return true;
}

void __lock_sock(struct sock *sk);	/* waits for the owner to leave */
void __release_sock(struct sock *sk);	/* processes the backlog */

/* Leaves @work to release_sock(). Context: the sock is owned, or bh_lock_sock(),
 * and each while another thread does the other. */
static inline void sk_defer(struct sock *sk, u8 work)
{
	if (sk_smp(sk))
		__atomic_fetch_or(&sk->sk_deferred, work, __ATOMIC_RELAXED);
	else
		sk->sk_deferred |= work;
}

/* Makes the caller the owner. Context: may sleep; no lock held. */
static inline void lock_sock(struct sock *sk)
{
	if (likely(!sk_smp(sk))) {	/* or the one thread waits for itself */
		inet_assert(!spin_is_locked(&sk->sk_lock) && !sk->sk_lock_owned);
		sk->sk_lock_owned = true;
		return;
	}
	spin_lock(&sk->sk_lock);
	if (unlikely(sk->sk_lock_owned))
		__lock_sock(sk);
	sk->sk_lock_owned = true;
	spin_unlock(&sk->sk_lock);
}

/* Processes what came meanwhile, does the deferred work (prot->release_cb, under
 * bh_lock_sock(), still owned), lets the next one in. */
static inline void release_sock(struct sock *sk)
{
	if (likely(!sk_smp(sk) && !sk->sk_backlog.tail && !sk->sk_deferred)) {
		inet_assert(sk->sk_lock_owned);
		sk->sk_lock_owned = false;
		return;
	}
	spin_lock(&sk->sk_lock);
	if (sk->sk_backlog.tail)
		__release_sock(sk);
	if (sk->sk_deferred)
		sk->sk_prot->release_cb(sk);
	sk->sk_lock_owned = false;
	spin_unlock(&sk->sk_lock);
	if (sk_smp(sk))
		wake_up(&sk->sk_lock_wq);
}

/* Under bh_lock_sock(), owned by a user. 0, or -ENOBUFS: @skb stays the
 * caller's. @limit: bytes of truesize. */
int sk_add_backlog(struct sock *sk, struct sk_buff *skb, u32 limit);

/* sk_wait_event() for a sock that the caller does not own; @cond takes what locks it
 * needs. */
int sk_wait_event_unlocked(struct sock *sk, s64 *timeo_ns,
			   bool (*cond)(struct sock *sk, void *arg), void *arg);

/* False in simulated mode and inside a softirq: nothing is waited for. */
bool sk_may_sleep(const struct sock *sk);

static inline s64 sock_rcvtimeo(const struct sock *sk, bool noblock)
{
	return noblock ? 0 : sk->sk_rcvtimeo_ns;
}

static inline s64 sock_sndtimeo(const struct sock *sk, bool noblock)
{
	return noblock ? 0 : sk->sk_sndtimeo_ns;
}

/* ---- timers: an armed one holds a reference --------------------------- */

void sk_reset_timer(struct sock *sk, struct timer_list *t, u64 expires_ns);

static inline void sk_stop_timer(struct sock *sk, struct timer_list *t)
{
	if (timer_pending(t) && del_timer(t))
		__sock_put(sk);
}

/* ---- wake-ups --------------------------------------------------------- */

void sock_def_wakeup(struct sock *sk);		/* sk_state_change */
void sock_def_readable(struct sock *sk);	/* sk_data_ready */
void sock_def_write_space(struct sock *sk);
void sock_def_error_report(struct sock *sk);

/* ---- memory ----------------------------------------------------------- */

/*
 * Two counts. rmem/wmem: truesize that the sock itself holds, against
 * sk_rcvbuf and sk_sndbuf. forward_alloc: bytes taken in quanta of 4 KiB out
 * of net->proto_mem[sk_mem_id], which tcp_mem and udp_mem limit; charging
 * takes from it, uncharging gives back to it. forward_alloc is guarded by the
 * sock's lock (streams) or sk_queue_lock (datagrams).
 */
static inline bool sk_has_account(const struct sock *sk)
{
	return sk->sk_mem_id != PROTO_MEM_RAW;
}

bool __sk_mem_schedule(struct sock *sk, s32 size, bool receive);
void __sk_mem_reclaim(struct sock *sk, s32 amount);
/* Reserves without asking the limit: for the FIN that must go out. */
void sk_forced_mem_schedule(struct sock *sk, s32 size);
static inline bool sk_under_memory_pressure(const struct sock *sk)
{
	return data_race(sock_net(sk)->proto_pressure[sk->sk_mem_id]);
}

void sk_stream_moderate_sndbuf(struct sock *sk);

/* Who looks at the sock without its lock sees it, too (inet_diag_each()). */
static inline void sk_forward_alloc_add(struct sock *sk, s32 size)
{
	WRITE_ONCE(sk->sk_forward_alloc, sk->sk_forward_alloc + size);
}

/* Reserves @size bytes for the sock from its protocol's budget (tcp_mem,
 * udp_mem). False: over the limit. */
static inline bool sk_mem_schedule(struct sock *sk, s32 size, bool receive)
{
	if (!sk_has_account(sk) || size <= sk->sk_forward_alloc)
		return true;
	return __sk_mem_schedule(sk, size, receive);
}

/* Gives whole quanta back. */
static inline void sk_mem_reclaim(struct sock *sk)
{
	if (sk_has_account(sk) && sk->sk_forward_alloc >= SK_MEM_QUANTUM)
		__sk_mem_reclaim(sk, sk->sk_forward_alloc);
}

static inline void sk_mem_charge(struct sock *sk, s32 size)
{
	if (sk_has_account(sk))
		sk_forward_alloc_add(sk, -size);
}

static inline void sk_mem_uncharge(struct sock *sk, s32 size)
{
	if (!sk_has_account(sk))
		return;
	sk_forward_alloc_add(sk, size);
	/* a burst shall not keep the budget for ever */
	if (unlikely(sk->sk_forward_alloc >= SK_RECLAIM_THRESHOLD))
		__sk_mem_reclaim(sk, SK_RECLAIM_CHUNK);
}

/* Adds to a count that several threads change. Return: the new value. */
static inline s32 sk_count_add(const struct sock *sk, s32 *count, s32 n)
{
	if (sk_smp(sk))
		return __atomic_add_fetch(count, n, __ATOMIC_ACQ_REL);
	return *count += n;
}

static inline s32 sk_rmem_alloc_get(const struct sock *sk)
{
	return READ_ONCE(sk->sk_rmem_alloc);
}

static inline s32 sk_wmem_alloc_get(const struct sock *sk)
{
	return READ_ONCE(sk->sk_wmem_alloc) - 1;
}

static inline void sk_wmem_queued_add(struct sock *sk, s32 n)
{
	WRITE_ONCE(sk->sk_wmem_queued, sk->sk_wmem_queued + n);
}

static inline void sk_drops_add(struct sock *sk, u32 n)
{
	if (sk_smp(sk))
		__atomic_fetch_add(&sk->sk_drops, n, __ATOMIC_RELAXED);
	else
		sk->sk_drops += n;
}

void sock_rfree(struct sk_buff *skb);
void sock_wfree(struct sk_buff *skb);

/* Charges a received skb to the sock until it is freed (destructor). */
static inline void skb_set_owner_r(struct sk_buff *skb, struct sock *sk)
{
	skb_orphan(skb);
	skb->sk = sk;
	skb->destructor = sock_rfree;
	sk_count_add(sk, &sk->sk_rmem_alloc, (s32)skb->truesize);
	sk_mem_charge(sk, (s32)skb->truesize);
}

/* Charges a sent skb, which keeps the sock's memory alive; when it is freed
 * sk_write_space() is called (not for streams: they are woken by ACKs). */
static inline void skb_set_owner_w(struct sk_buff *skb, struct sock *sk)
{
	skb_orphan(skb);
	skb->sk = sk;
	skb->destructor = sock_wfree;
	skb->hash = sk->sk_txhash;
	sk_count_add(sk, &sk->sk_wmem_alloc, (s32)skb->truesize);
}

void sock_rmem_free(struct sk_buff *skb);	/* error queue: no budget */
/* For destructors of one's own: gives back @n of sk_wmem_alloc. */
void sk_wmem_free(struct sock *sk, s32 n);

static inline bool sock_writeable(const struct sock *sk)
{
	return READ_ONCE(sk->sk_wmem_alloc) < (sk->sk_sndbuf >> 1);
}

/* The drop reason that fits an error of sock_queue_rcv_skb(). */
static inline enum skb_drop_reason sock_queue_drop_reason(int err)
{
	return err == -ENOMEM ? SKB_DROP_REASON_SOCKET_RCVBUFF :
				SKB_DROP_REASON_PROTO_MEM;
}
/* On the error queue, woken up. On failure @skb stays the caller's. */
int sock_queue_err_skb(struct sock *sk, struct sk_buff *skb);
/* The oldest of the error queue, uncharged, or NULL. */
struct sk_buff *sock_dequeue_err_skb(struct sock *sk);
void sk_error_queue_purge(struct sock *sk);

/* ---- datagrams -------------------------------------------------------- */

/* Takes a peeked datagram off the queue (its checksum was wrong): true when
 * it was still there and the queue's reference is dropped with @reason. */
bool skb_kill_datagram(struct sock *sk, struct sk_buff *skb,
		       enum skb_drop_reason reason);
/* Bytes of the first datagram, 0 when there is none (FIONREAD). */
u32 sock_first_datagram_len(struct sock *sk);
/* skb_copy_datagram_msg() from @hlen on to the end, and -EINVAL when the checksum over all
 * is wrong (skb->csum holds the pseudo-header's sum unless the checksum is
 * known to be right): nothing counts as copied then. */
int skb_copy_and_csum_datagram_msg(struct sk_buff *skb, u32 hlen,
				   struct inet_msg *msg);
/* SO_TIMESTAMP*, SO_RXQ_OVFL control messages. */
void sock_recv_cmsgs(struct inet_msg *msg, struct sock *sk,
		     struct sk_buff *skb);

/* ---- streams ---------------------------------------------------------- */

/* The owner waits until the handshake is over. 0, -EPIPE, -EAGAIN, … */
int sk_stream_wait_connect(struct sock *sk, s64 *timeo_ns);
/* The owner waits until the write queue has room. 0, -EPIPE, -EAGAIN, … */
int sk_stream_wait_memory(struct sock *sk, s64 *timeo_ns);
/* SO_LINGER: waits until the FIN is acknowledged or time is up. */
void sk_stream_wait_close(struct sock *sk, s64 timeo_ns);
/* The owner waits until the last skb of the receive queue is not @last, or
 * there is an error or the end. 0 or -E. */
int sk_wait_data(struct sock *sk, s64 *timeo_ns, const struct sk_buff *last);
void sk_stream_write_space(struct sock *sk);	/* sk_write_space */
/* -EPIPE becomes the pending error if there is one. Return: the error. */
int sk_stream_error(struct sock *sk, int flags, int err);
/* Empties the queues of a dead stream and settles its budget. */
void sk_stream_kill_queues(struct sock *sk);

/* What counts against the buffer. */
static inline s32 sk_stream_held(const struct sock *sk)
{
	const struct proto *prot = READ_ONCE(sk->sk_prot);

	return prot->stream_held ? prot->stream_held(sk) :
				   READ_ONCE(sk->sk_wmem_queued);
}

static inline s32 sk_stream_wspace(const struct sock *sk)
{
	return READ_ONCE(sk->sk_sndbuf) - sk_stream_held(sk);
}

static inline bool sk_stream_memory_free(const struct sock *sk)
{
	return sk_stream_wspace(sk) > 0;
}

/* A third of the buffer is free: worth waking a writer. */
static inline bool sk_stream_is_writeable(const struct sock *sk)
{
	s32 held = sk_stream_held(sk), room = READ_ONCE(sk->sk_sndbuf) - held;

	return room > 0 && room >= held >> 1;
}

static inline bool sk_acceptq_is_full(const struct sock *sk)
{
	return READ_ONCE(sk->sk_ack_backlog) >
	       READ_ONCE(sk->sk_max_ack_backlog);
}

static inline void sk_acceptq_added(struct sock *sk)
{
	WRITE_ONCE(sk->sk_ack_backlog, sk->sk_ack_backlog + 1);
}

static inline void sk_acceptq_removed(struct sock *sk)
{
	WRITE_ONCE(sk->sk_ack_backlog, sk->sk_ack_backlog - 1);
}

/* ---- dst cache -------------------------------------------------------- */

/* Valid cached dst or NULL; borrowed under RCU or the sock lock. */
static inline struct dst_entry *__sk_dst_check(struct sock *sk, u32 cookie);
/* Takes over the reference. */
void sk_dst_set(struct sock *sk, struct dst_entry *dst);
void sk_dst_reset(struct sock *sk);

static inline struct dst_entry *__sk_dst_check(struct sock *sk, u32 cookie)
{
	struct dst_entry *dst = rcu_dereference(sk->sk_dst_cache);

	if (dst && unlikely(!dst->ops->check(dst, cookie))) {
		sk_dst_reset(sk);
		return NULL;
	}
	return dst;
}

/* ---- for sk_priv() ---------------------------------------------------- */

/* What a family may have behind struct sock; the protocol's part follows. */
#define SK_FAMILY_ROOM 128
#define SK_PRIV_OFFSET \
	((u32)((sizeof(struct sock) + SK_FAMILY_ROOM + 63) & ~(size_t)63))

#endif /* CORE_SOCK_H */
