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

#include <sys/socket.h>

#include <inet/protocol.h>
#include <inet/skbuff.h>

#include "core/dst.h"
#include "core/net.h"
#include "lib/list.h"
#include "lib/lock.h"
#include "lib/refcount.h"
#include "lib/timer.h"

/* sk->sk_state: the values of TCP's states, shared by all protocols. */
enum {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT,
	TCP_SYN_RECV,
	TCP_FIN_WAIT1,
	TCP_FIN_WAIT2,
	TCP_TIME_WAIT,
	TCP_CLOSE,
	TCP_CLOSE_WAIT,
	TCP_LAST_ACK,
	TCP_LISTEN,
	TCP_CLOSING,
	TCP_NEW_SYN_RECV,	/* a request_sock */
	TCP_MAX_STATES,
};

#define TCPF(state) (1u << (state))

/* sk_shutdown */
#define RCV_SHUTDOWN 1
#define SEND_SHUTDOWN 2
#define SHUTDOWN_MASK 3

enum sock_flags {
	SOCK_DEAD,		/* no struct socket any more */
	SOCK_DONE,		/* the peer sent all it will */
	SOCK_URGINLINE,
	SOCK_KEEPOPEN,
	SOCK_LINGER,
	SOCK_DESTROY,
	SOCK_BROADCAST,
	SOCK_LOCALROUTE,
	SOCK_RCVTSTAMP,		/* SO_TIMESTAMP */
	SOCK_RCVTSTAMPNS,
	SOCK_OOBINLINE_UNUSED,
	SOCK_NO_CHECK_TX,	/* SO_NO_CHECK */
	SOCK_RXQ_OVFL,
	SOCK_ZEROCOPY,
};

#define SK_MEM_QUANTUM 4096
#define SOCK_MIN_SNDBUF 4608
#define SOCK_MIN_RCVBUF 2304

/* What sock, request_sock and timewait_sock have in common, so that one hash
 * table holds all three. */
struct sock_common {
	struct hlist_node skc_node;	/* established table, RCU */
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

	/* the lock */
	struct inet_lock sk_lock;	/* guards owner and backlog */
	bool sk_lock_owned;
	struct wait_queue_head sk_lock_wq;	/* waits for ownership */
	struct {
		struct sk_buff *head, *tail;
		u32 len;		/* truesize */
	} sk_backlog;

	/* queues; receive: under sk_queue_lock or the sock lock, as the
	 * protocol documents */
	struct inet_lock sk_queue_lock;
	struct sk_buff_head sk_receive_queue;
	struct sk_buff_head sk_write_queue;
	struct sk_buff_head sk_error_queue;	/* under sk_queue_lock */

	/* memory, bytes of truesize */
	s32 sk_rcvbuf, sk_sndbuf;
	s32 sk_rmem_alloc;		/* atomic: held by the receive side */
	s32 sk_wmem_alloc;		/* atomic: in flight below the socket */
	s32 sk_wmem_queued;		/* TCP's write queue */
	s32 sk_forward_alloc;		/* reserved from proto_mem, unused */
	s32 sk_omem_alloc;
	u32 sk_drops;			/* atomic */
	u8 sk_userlocks;		/* SOCK_{SND,RCV}BUF_LOCK, BIND* */
	u8 sk_mem_id;			/* enum proto_mem_id */

	unsigned long sk_flags;		/* enum sock_flags */
	u16 sk_type;
	u16 sk_protocol;
	u8 sk_shutdown;
	u8 sk_no_check_tx : 1;
	u8 sk_kern : 1;
	int sk_err;			/* reported once, atomic exchange */
	int sk_err_soft;		/* reported with a timeout */
	s64 sk_rcvtimeo_ns, sk_sndtimeo_ns;	/* -1: for ever */
	s32 sk_rcvlowat;
	s64 sk_lingertime_ns;
	u32 sk_priority, sk_mark;
	u32 sk_max_ack_backlog, sk_ack_backlog;
	u64 sk_stamp_ns;		/* of the last packet, wall clock */
	u32 sk_tsflags;
	u32 sk_txhash;

	struct dst_entry *sk_dst_cache;	/* RCU; owner or slock writes */
	struct timer_list sk_timer;
	struct socket *sk_socket;	/* NULL: orphan */
	struct wait_queue_head sk_wq;	/* blocking callers */

	/* Callbacks of protocols and listeners; context: lock held. */
	void (*sk_state_change)(struct sock *sk);
	void (*sk_data_ready)(struct sock *sk);
	void (*sk_write_space)(struct sock *sk);
	void (*sk_error_report)(struct sock *sk);
	int (*sk_backlog_rcv)(struct sock *sk, struct sk_buff *skb);
	void (*sk_destruct)(struct sock *sk);
	struct rcu_head sk_rcu;
};

#define SOCK_SNDBUF_LOCK 1
#define SOCK_RCVBUF_LOCK 2
#define SOCK_BINDADDR_LOCK 4
#define SOCK_BINDPORT_LOCK 8

static inline struct net *sock_net(const struct sock *sk)
{
	return sk->sk_net;
}

static inline bool sock_flag(const struct sock *sk, enum sock_flags f)
{
	return sk->sk_flags & (1UL << f);
}

static inline void sock_set_flag(struct sock *sk, enum sock_flags f)
{
	sk->sk_flags |= 1UL << f;
}

static inline void sock_reset_flag(struct sock *sk, enum sock_flags f)
{
	sk->sk_flags &= ~(1UL << f);
}

static inline void sock_valbool_flag(struct sock *sk, enum sock_flags f, bool v)
{
	if (v)
		sock_set_flag(sk, f);
	else
		sock_reset_flag(sk, f);
}

/* ---- life ------------------------------------------------------------- */

/* A zeroed sock of prot->obj_size, refcnt 1, counted. NULL: short of memory
 * or net.core.max_sockets reached. */
struct sock *sk_alloc(struct net *net, int family, const struct proto *prot);
/* Queues, defaults from the knobs, callbacks; @sock may be NULL. */
void sock_init_data(struct socket *sock, struct sock *sk);
/* A copy for an accepted child: refcnt 2, locked, queues empty. */
struct sock *sk_clone_lock(const struct sock *sk);
void sk_free(struct sock *sk);		/* frees after a grace period */

static inline void sock_hold(struct sock *sk)
{
	refcount_inc(&sk->sk_refcnt);
}

static inline void sock_put(struct sock *sk)
{
	if (refcount_dec_and_test(&sk->sk_refcnt))
		sk_free(sk);
}

/* Cuts the tie to struct socket: nobody will read any more. */
void sock_orphan(struct sock *sk);
void sock_graft(struct sock *sk, struct socket *parent);

/* ---- the lock --------------------------------------------------------- */

void lock_sock(struct sock *sk);
void release_sock(struct sock *sk);

static inline void bh_lock_sock(struct sock *sk)
{
	spin_lock(&sk->sk_lock);
}

static inline void bh_unlock_sock(struct sock *sk)
{
	spin_unlock(&sk->sk_lock);
}

static inline bool sock_owned_by_user(const struct sock *sk)
{
	return sk->sk_lock_owned;
}

/* Under bh_lock_sock(), owned by a user. 0, or -ENOBUFS: @skb stays the
 * caller's. @limit: bytes of truesize. */
int sk_add_backlog(struct sock *sk, struct sk_buff *skb, u32 limit);

/*
 * Waits with the sock locked (and released while it waits) until @cond says
 * true. @timeo_ns: what sock_rcvtimeo() gave, decreased by the wait. Return: 0;
 * -EAGAIN: time is up or the mode never waits; -EINTR; -ESHUTDOWN: the stack
 * stops.
 */
int sk_wait_event(struct sock *sk, s64 *timeo_ns,
		  bool (*cond)(struct sock *sk, void *arg), void *arg);

static inline s64 sock_rcvtimeo(const struct sock *sk, bool noblock)
{
	return noblock ? 0 : sk->sk_rcvtimeo_ns;
}

static inline s64 sock_sndtimeo(const struct sock *sk, bool noblock)
{
	return noblock ? 0 : sk->sk_sndtimeo_ns;
}

/* ---- wake-ups --------------------------------------------------------- */

void sock_def_wakeup(struct sock *sk);		/* sk_state_change */
void sock_def_readable(struct sock *sk);	/* sk_data_ready */
void sock_def_write_space(struct sock *sk);
void sock_def_error_report(struct sock *sk);

/* The pending error, once: 0 or -E. */
int sock_error(struct sock *sk);

/* ---- memory ----------------------------------------------------------- */

/* Reserves @size bytes for the sock from its protocol's budget (tcp_mem,
 * udp_mem). False: over the limit. */
bool sk_mem_schedule(struct sock *sk, s32 size, bool receive);
void sk_mem_reclaim(struct sock *sk);	/* gives whole quanta back */
bool sk_under_memory_pressure(const struct sock *sk);

static inline void sk_mem_charge(struct sock *sk, s32 size)
{
	sk->sk_forward_alloc -= size;
}

static inline void sk_mem_uncharge(struct sock *sk, s32 size)
{
	sk->sk_forward_alloc += size;
}

/* Charges a received skb to the sock until it is freed (destructor). */
void skb_set_owner_r(struct sk_buff *skb, struct sock *sk);
/* Charges a sent skb; when it is freed sk_write_space() may be called. */
void skb_set_owner_w(struct sk_buff *skb, struct sock *sk);
void sock_rfree(struct sk_buff *skb);
void sock_wfree(struct sk_buff *skb);
void skb_orphan(struct sk_buff *skb);

static inline bool sock_writeable(const struct sock *sk)
{
	return READ_ONCE(sk->sk_wmem_alloc) < (sk->sk_sndbuf >> 1);
}

/* A datagram's memory: waits for room as the flags say. *@err is -E when it
 * returns NULL. Charged to @sk (skb_set_owner_w). */
struct sk_buff *sock_alloc_send_skb(struct sock *sk, u32 size, bool noblock,
				    int *err);
/* Queues a received datagram. 0, -ENOMEM (full: drop it, counted), -ENOBUFS.
 * On failure @skb stays the caller's. */
int sock_queue_rcv_skb(struct sock *sk, struct sk_buff *skb);
/* On the error queue, woken up. On failure @skb stays the caller's. */
int sock_queue_err_skb(struct sock *sk, struct sk_buff *skb);

/* ---- datagrams -------------------------------------------------------- */

/* The next datagram (peeked with MSG_PEEK: a reference). Waits by the flags.
 * *@err is -E when it returns NULL. */
struct sk_buff *skb_recv_datagram(struct sock *sk, int flags, int *err);
/* 0 or -EFAULT. Borrows. */
int skb_copy_datagram_msg(const struct sk_buff *skb, u32 off,
			  struct inet_msg *msg, u32 len);
/* The same, and -EINVAL when the checksum over all is wrong. */
int skb_copy_and_csum_datagram_msg(struct sk_buff *skb, u32 hlen,
				   struct inet_msg *msg);
unsigned int datagram_poll(struct socket *sock);
/* SO_TIMESTAMP*, SO_RXQ_OVFL control messages. */
void sock_recv_cmsgs(struct inet_msg *msg, struct sock *sk,
		     struct sk_buff *skb);

/* ---- dst cache -------------------------------------------------------- */

/* Valid cached dst or NULL; borrowed under RCU or the sock lock. */
struct dst_entry *__sk_dst_check(struct sock *sk, u32 cookie);
/* Takes over the reference. */
void sk_dst_set(struct sock *sk, struct dst_entry *dst);
void sk_dst_reset(struct sock *sk);

/* ---- answers for tables ----------------------------------------------- */

int sock_no_bind(struct socket *sock, const struct sockaddr *a, socklen_t l);
int sock_no_connect(struct socket *sock, const struct sockaddr *a, socklen_t l,
		    int flags);
int sock_no_accept(struct socket *sock, struct socket *newsock, int flags);
int sock_no_listen(struct socket *sock, int backlog);
int sock_no_shutdown(struct socket *sock, int how);
int sock_no_getname(struct socket *sock, struct sockaddr *a, socklen_t *l,
		    int peer);

#endif /* CORE_SOCK_H */
