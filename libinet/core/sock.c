/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct sock: its life, its lock, waiting and waking.
 *
 * Life. sk_alloc() gives one reference. The struct stays until three things
 * are over: the references (sock_put), the packets in flight that are charged
 * to it (sk_wmem_alloc, which holds one for the sock itself), and a grace
 * period, because lookups read hash chains under RCU. Then sk_destruct_rcu()
 * takes it apart, in the reclaimer (threaded) or at the end of a softirq round.
 *
 * The lock. sk_lock is held for moments; ownership (sk_lock_owned) for the
 * whole of a call. A softnet that finds the sock owned adds to the backlog;
 * the owner processes it in release_sock(). The backlog's length is set back
 * only when it is empty, so that a flood cannot keep the owner there: the limit
 * that sk_add_backlog() tests is also the bound of the work.
 *
 * Waiting. One function for three modes. Threaded: the sock's wait queue, woken
 * by sk_wake_up(). Embedded: the caller runs the stack, and looks again after
 * each turn. Simulated, and inside a callback: nothing is waited for.
 */
#include <poll.h>
#include <string.h>

#include "core/busy_poll.h"
#include "core/sock.h"
#include "core/socket.h"

#define SK_WMEM_BIAS 1	/* the sock's own part of sk_wmem_alloc */

/* ---- memory of the struct --------------------------------------------- */

/*
 * The slab for socks of @size bytes, made at its first use. NULL: memory is
 * short, or the stack has NET_MAX_SK_SLABS sizes already.
 */
static struct kmem_cache *sk_slab(struct net *net, u32 size)
{
	struct kmem_cache *slab = NULL;
	u32 i, seen;

	for (i = 0; i < NET_MAX_SK_SLABS; i++) {
		seen = smp_load_acquire(&net->sk_slabs[i].size);
		if (seen == size)
			return net->sk_slabs[i].slab;
		if (!seen)
			break;
	}
	spin_lock(&net->sockets_lock);
	for (; i < NET_MAX_SK_SLABS; i++) {
		if (net->sk_slabs[i].size == size) {
			slab = net->sk_slabs[i].slab;
			break;
		}
		if (net->sk_slabs[i].size)
			continue;
		slab = kmem_cache_create(&net->mem, "sock", size,
					 SMP_CACHE_BYTES);
		net->sk_slabs[i].slab = slab;
		if (slab)
			smp_store_release(&net->sk_slabs[i].size, size);
		break;
	}
	spin_unlock(&net->sockets_lock);
	return slab;
}

/* Bytes of a sock of @prot. Private parts are rounded up, so that a few slabs
 * do for many protocols. */
static u32 sk_obj_size(const struct proto *prot)
{
	if (prot->obj_size)
		return prot->obj_size;
	return SK_PRIV_OFFSET + ((prot->priv_size + 63) & ~63u);
}

void *sk_priv(const struct sock *sk)
{
	inet_debug_assert(!sk->sk_prot->obj_size);
	return (u8 *)(uintptr_t)sk + SK_PRIV_OFFSET;
}

/* Uninitialised memory for a sock of @prot, counted. */
static struct sock *sk_prot_alloc(struct net *net, const struct proto *prot)
{
	struct kmem_cache *slab;
	struct sock *sk = NULL;
	u64 nr;

	inet_assert(sk_obj_size(prot) >= sizeof(struct sock));
	nr = count_add(&net->nr_socks, 1, net->smp);
	if (nr <= (u64)READ_ONCE(net->sysctl_max_sockets)) {
		slab = sk_slab(net, sk_obj_size(prot));
		sk = slab ? kmem_cache_alloc(slab) : NULL;
	}
	if (!sk)
		count_add(&net->nr_socks, -1, net->smp);
	return sk;
}

static void sk_prot_free(struct net *net, const struct proto *prot,
			 struct sock *sk)
{
	kmem_cache_free(sk_slab(net, sk_obj_size(prot)), sk);
	count_add(&net->nr_socks, -1, net->smp);
}

struct sock *sk_alloc(struct net *net, int family, const struct proto *prot)
{
	struct sock *sk;

	NET_ROAD(net, NULL);
	sk = sk_prot_alloc(net, prot);
	if (!sk)
		return NULL;
	memset(sk, 0, sk_obj_size(prot));
	sk->sk_net = net;
	sk->sk_family = (u16)family;
	sk->sk_prot = prot;
	lock_init(&sk->sk_lock, net->smp);
	sk->sk_wmem_alloc = SK_WMEM_BIAS;
	refcount_init(&sk->sk_refcnt, 1, net->smp);
	return sk;
}

/* What a new sock and a clone have in common: own locks, empty queues. */
static void sk_init_queues(struct sock *sk)
{
	bool smp = sock_net(sk)->smp;

	lock_init(&sk->sk_lock, smp);
	sk->sk_lock_owned = false;
	sk->sk_deferred = sk->sk_prot->release_cb && !sk->sk_prot->obj_size ?
			  SK_DEFERRED_ALWAYS : 0;
	init_waitqueue_head(&sk->sk_lock_wq, smp);
	lock_init(&sk->sk_queue_lock, smp);
	skb_queue_head_init(&sk->sk_receive_queue);
	skb_queue_head_init(&sk->sk_write_queue);
	skb_queue_head_init(&sk->sk_error_queue);
	init_waitqueue_head(&sk->sk_wq, smp);
	timer_setup(&sk->sk_timer, NULL);
	sk->sk_incoming_cpu = -1;
}

void sock_init_data(struct socket *sock, struct sock *sk)
{
	struct net *net = sock_net(sk);

	sk_init_queues(sk);
	sk->sk_rcvbuf = READ_ONCE(net->sysctl_rmem_default);
	sk->sk_sndbuf = READ_ONCE(net->sysctl_wmem_default);
	sk->sk_mem_id = PROTO_MEM_RAW;
	sk->sk_state = TCP_CLOSE;
	sk->sk_rcvlowat = 1;
	sk->sk_pacing_rate = sk->sk_max_pacing_rate = U64_MAX;
	sk->sk_ll_usec = sk->sk_ll_spin_usec =
		(u32)READ_ONCE(net->sysctl_busy_read);
	sk->sk_busy_poll_budget = BUSY_POLL_BUDGET;
	sk->sk_rcvtimeo_ns = -1;
	sk->sk_sndtimeo_ns = -1;
	sk->sk_state_change = sock_def_wakeup;
	sk->sk_data_ready = sock_def_readable;
	sk->sk_write_space = sock_def_write_space;
	sk->sk_error_report = sock_def_error_report;
	sk->sk_backlog_rcv = sk->sk_prot->backlog_rcv;
	if (sock) {
		sk->sk_type = sock->type;
		sock_graft(sk, sock);
	}
}

/* Who it is, not where it hangs: the links stay empty. */
static void sock_common_copy(struct sock *newsk, const struct sock *sk)
{
	newsk->sk_net = sk->sk_net;
	newsk->sk_daddr = sk->sk_daddr;
	newsk->sk_rcv_saddr = sk->sk_rcv_saddr;
	newsk->sk_dport = sk->sk_dport;
	newsk->sk_num = sk->sk_num;
	newsk->sk_hash = sk->sk_hash;
	newsk->sk_bound_dev_if = READ_ONCE(sk->sk_bound_dev_if);
	newsk->sk_family = sk->sk_family;
	newsk->sk_state = READ_ONCE(sk->sk_state);
	newsk->sk_reuse = sk->sk_reuse;
	newsk->sk_reuseport = sk->sk_reuseport;
	newsk->sk_prot = sk->sk_prot;
}

struct sock *sk_clone_lock(const struct sock *sk)
{
	const size_t copied = offsetof(struct sock, sk_rcvbuf);
	struct net *net = sock_net(sk);
	struct sock *newsk = sk_prot_alloc(net, sk->sk_prot);

	if (!newsk)
		return NULL;
	memset(newsk, 0, copied);
	sock_common_copy(newsk, sk);
	/* Its owner may set an option, another thread accept() at this time. */
	memcpy_shared((u8 *)newsk + copied, (const u8 *)sk + copied,
		      sk_obj_size(sk->sk_prot) - copied);
	sk_init_queues(newsk);
	newsk->sk_wmem_alloc = SK_WMEM_BIAS;
	newsk->sk_userlocks &= (u8)~SOCK_BINDPORT_LOCK;
	newsk->sk_flags &= ~(BIT(SOCK_DONE) | BIT(SOCK_DEAD));
	newsk->sk_flags |= BIT(SOCK_HASHED);	/* it will be */
	refcount_init(&newsk->sk_refcnt, 2, sk_smp(sk));
	bh_lock_sock(newsk);
	return newsk;
}

/* ---- the end ---------------------------------------------------------- */

/* What streams have emptied already. */
static void sk_queue_purge(struct sk_buff_head *q)
{
	if (unlikely(!skb_queue_empty(q)))
		skb_queue_purge_reason(q, SKB_DROP_REASON_SOCKET_CLOSED);
}

/* Nobody can find the sock any more. */
static void sk_destruct_rcu(struct rcu_head *head)
{
	struct sock *sk = container_of(head, struct sock, sk_rcu);
	struct net *net = sock_net(sk);
	const struct proto *prot = sk->sk_prot;

	if (prot->destroy && !sock_flag(sk, SOCK_DESTROY))
		prot->destroy(sk);
	if (sk->sk_destruct)
		sk->sk_destruct(sk);
	sk_queue_purge(&sk->sk_receive_queue);
	sk_queue_purge(&sk->sk_write_queue);
	sk_queue_purge(&sk->sk_error_queue);
	inet_assert(!sk->sk_backlog.head);
	inet_assert(!timer_pending(&sk->sk_timer));
	dst_release(sk->sk_dst_cache);
	sk_mem_reclaim(sk);
	inet_debug_assert(!sk_has_account(sk) || !sk->sk_forward_alloc);
	if (sk->sk_mem_counted)
		count_add(&net->proto_sockets[sk->sk_mem_id], -1, net->smp);
	sk_prot_free(net, prot, sk);
}

void sk_wmem_free(struct sock *sk, s32 n)
{
	if (!sk_count_add(sk, &sk->sk_wmem_alloc, -n))
		call_rcu(&sock_net(sk)->rcu, &sk->sk_rcu, sk_destruct_rcu);
}

void sk_free(struct sock *sk)
{
	sk_wmem_free(sk, SK_WMEM_BIAS);
}

void sk_common_release(struct sock *sk)
{
	if (sk->sk_prot->unhash)
		sk->sk_prot->unhash(sk);
	sock_orphan(sk);
	sock_put(sk);
}

void sock_orphan(struct sock *sk)
{
	sock_set_flag(sk, SOCK_DEAD);
	WRITE_ONCE(sk->sk_watched, false);
	rcu_assign_pointer(sk->sk_socket, NULL);
}

void sock_graft(struct sock *sk, struct socket *parent)
{
	rcu_assign_pointer(parent->sk, sk);	/* sock_wake_all() may look */
	rcu_assign_pointer(sk->sk_socket, parent);
}

/* ---- the lock --------------------------------------------------------- */

/* sk_lock is held, and held again afterwards, when nobody owns the sock. */
void __lock_sock(struct sock *sk) unchecked_locking
{
	u32 key;

	inet_assert(sk_smp(sk));	/* one thread cannot wait for itself */
	key = prepare_to_wait(&sk->sk_lock_wq);
	while (sk->sk_lock_owned) {
		spin_unlock(&sk->sk_lock);
		wait_for_wake(&sk->sk_lock_wq, &key, WAIT_FOREVER);
		spin_lock(&sk->sk_lock);
	}
	finish_wait(&sk->sk_lock_wq);
}

/* sk_lock is held, and dropped while the protocol looks at the packets. */
void __release_sock(struct sock *sk) unchecked_locking
{
	struct sk_buff *skb, *next;

	NET_ROAD(sock_net(sk), NULL);
	while ((skb = sk->sk_backlog.head)) {
		sk->sk_backlog.head = NULL;
		WRITE_ONCE(sk->sk_backlog.tail, NULL);
		spin_unlock(&sk->sk_lock);
		for (; skb; skb = next) {
			next = skb->next;
			skb->next = NULL;
			sk->sk_backlog_rcv(sk, skb);
		}
		spin_lock(&sk->sk_lock);
	}
	WRITE_ONCE(sk->sk_backlog.len, 0);
}

int sk_add_backlog(struct sock *sk, struct sk_buff *skb, u32 limit)
{
	u32 held = sk->sk_backlog.len + (u32)sk_rmem_alloc_get(sk);

	NET_ROAD(sock_net(sk), skb);
	if (held > limit)
		return -ENOBUFS;
	skb_dst_force(skb);
	skb->next = NULL;
	if (sk->sk_backlog.tail)
		sk->sk_backlog.tail->next = skb;
	else
		sk->sk_backlog.head = skb;
	WRITE_ONCE(sk->sk_backlog.tail, skb);
	WRITE_ONCE(sk->sk_backlog.len, sk->sk_backlog.len + skb->truesize);
	return 0;
}

/* ---- waiting ---------------------------------------------------------- */

bool sk_may_sleep(const struct sock *sk)
{
	struct net *net = sock_net(sk);
	const struct softnet_data *sd;

	if (net->mode == INET_SIMULATED)
		return false;
	sd = this_softnet(net);
	if (net->smp)
		return !sd;	/* a softnet's thread must go on */
	return !sd->in_softirq;
}

/* Why a waiter shall not wait on: 0 or -E. */
static int sk_wait_over(struct sock *sk, u32 nr_stops)
{
	const struct socket *sock = READ_ONCE(sk->sk_socket);

	if (sock && READ_ONCE(sock->closed) && !READ_ONCE(sock->releasing))
		return -EBADF;
	return net_wait_over(sock_net(sk), nr_stops) ? -ESHUTDOWN : 0;
}

/* Sleeps, or runs the stack, once. 0, -EAGAIN past the deadline, -EINTR. */
static int sk_wait_turn(struct sock *sk, u32 *key, u64 deadline_ns)
{
	struct net *net = sock_net(sk);
	int err;

	if (unlikely(READ_ONCE(sk->sk_ll_usec)) &&
	    sk_busy_loop(sk, key, deadline_ns))
		return 0;
	if (!net->smp) {
		err = net_run_wait(net, deadline_ns);
		return err == -EWOULDBLOCK ? -EAGAIN : err;
	}
	err = wait_for_wake(&sk->sk_wq, key, deadline_ns);
	return err == -ETIMEDOUT ? -EAGAIN : err;
}

/* See sk_wait_event(). @locked: the caller owns the sock. */
static int sk_wait(struct sock *sk, s64 *timeo_ns,
		   bool (*cond)(struct sock *sk, void *arg), void *arg,
		   bool locked)
{
	struct net *net = sock_net(sk);
	u64 now, deadline = WAIT_FOREVER, began = 0;
	u32 key, nr_stops = READ_ONCE(net->nr_stops);
	int err = 0, over;

	if (cond(sk, arg))
		return 0;
	if (!*timeo_ns || !sk_may_sleep(sk))
		return -EAGAIN;
	if (*timeo_ns > 0)
		deadline = net_now(net) + (u64)*timeo_ns;
	if (unlikely(READ_ONCE(sk->sk_ll_usec)))
		began = net_clock(net);
	key = prepare_to_wait(&sk->sk_wq);
	/* The condition comes first: what arrived in time is not an error. */
	while (!cond(sk, arg)) {
		over = sk_wait_over(sk, nr_stops);
		if (over)
			err = over;
		if (err)
			break;
		if (locked)
			release_sock(sk);
		err = sk_wait_turn(sk, &key, deadline);
		if (locked)
			lock_sock(sk);
		if (!err || cond(sk, arg))
			err = 0;
	}
	finish_wait(&sk->sk_wq);
	if (unlikely(began) && !err)
		sk_busy_came(sk, began);
	if (*timeo_ns > 0) {
		now = net_now(net);
		*timeo_ns = now < deadline ? (s64)(deadline - now) : 0;
	}
	return err;
}

int sk_wait_event(struct sock *sk, s64 *timeo_ns,
		  bool (*cond)(struct sock *sk, void *arg), void *arg)
{
	return sk_wait(sk, timeo_ns, cond, arg, true);
}

int sk_wait_event_unlocked(struct sock *sk, s64 *timeo_ns,
			   bool (*cond)(struct sock *sk, void *arg), void *arg)
{
	return sk_wait(sk, timeo_ns, cond, arg, false);
}

/* ---- timers ----------------------------------------------------------- */

void sk_reset_timer(struct sock *sk, struct timer_list *t, u64 expires_ns)
{
	sock_hold(sk);		/* before it can fire */
	if (mod_timer(net_wheel(sock_net(sk)), t, expires_ns))
		sock_put(sk);
}

/* ---- waking ----------------------------------------------------------- */

/* Somebody watches the socket. */
static __noinline void sk_tell_socket(struct sock *sk, unsigned int mask)
{
	struct net *net = sock_net(sk);
	struct socket *sock;

	rcu_read_lock(&net->rcu);
	sock = rcu_dereference(sk->sk_socket);
	if (sock)
		sock_wake(sock, mask);
	rcu_read_unlock(&net->rcu);
}

__always_inline void sk_wake_up(struct sock *sk, unsigned int mask)
{
	/* Also the fence between what changed and the look at sk_watched. */
	if (unlikely(sk_smp(sk)))
		wake_up(&sk->sk_wq);
	if (likely(!data_race(sk->sk_watched)))
		return;
	sk_tell_socket(sk, mask);
}

void sock_def_wakeup(struct sock *sk)
{
	sk_wake_up(sk, ~0u);
}

void sock_def_readable(struct sock *sk)
{
	NET_ROAD(sock_net(sk), NULL);
	sk_wake_up(sk, POLLIN | POLLPRI | POLLRDNORM | POLLRDBAND | POLLRDHUP);
}

/* At least half of the send buffer is free again. */
void sock_def_write_space(struct sock *sk)
{
	if (sock_writeable(sk))
		sk_wake_up(sk, POLLOUT | POLLWRNORM | POLLWRBAND);
}

void sock_def_error_report(struct sock *sk)
{
	sk_wake_up(sk, POLLERR | POLLPRI);
}

void sk_report_error(struct sock *sk, int err)
{
	WRITE_ONCE(sk->sk_err, err);
	sk->sk_error_report(sk);
}

int sock_error(struct sock *sk)
{
	if (likely(!data_race(sk->sk_err)))
		return 0;
	return -__atomic_exchange_n(&sk->sk_err, 0, __ATOMIC_RELAXED);
}

/* ---- dst cache -------------------------------------------------------- */

void sk_dst_set(struct sock *sk, struct dst_entry *dst)
{
	struct dst_entry *old;

	if (sk_smp(sk)) {
		old = __atomic_exchange_n(&sk->sk_dst_cache, dst,
					  __ATOMIC_ACQ_REL);
	} else {
		old = sk->sk_dst_cache;
		sk->sk_dst_cache = dst;
	}
	if (unlikely(READ_ONCE(sk->sk_tx_queue)))
		WRITE_ONCE(sk->sk_tx_queue, 0);	/* another device, perhaps */
	dst_release(old);
}

void sk_dst_reset(struct sock *sk)
{
	sk_dst_set(sk, NULL);
}

/* ---- answers for tables ----------------------------------------------- */

int sock_no_bind(struct socket *sock, const struct sockaddr *a, socklen_t l)
{
	(void)sock, (void)a, (void)l;
	return -EOPNOTSUPP;
}

int sock_no_connect(struct socket *sock, const struct sockaddr *a, socklen_t l,
		    int flags)
{
	(void)sock, (void)a, (void)l, (void)flags;
	return -EOPNOTSUPP;
}

int sock_no_accept(struct socket *sock, struct socket *newsock, int flags)
{
	(void)sock, (void)newsock, (void)flags;
	return -EOPNOTSUPP;
}

int sock_no_listen(struct socket *sock, int backlog)
{
	(void)sock, (void)backlog;
	return -EOPNOTSUPP;
}

int sock_no_shutdown(struct socket *sock, int how)
{
	(void)sock, (void)how;
	return -EOPNOTSUPP;
}

int sock_no_getname(struct socket *sock, struct sockaddr *a, socklen_t *l,
		    int peer)
{
	(void)sock, (void)a, (void)l, (void)peer;
	return -EOPNOTSUPP;
}

int sock_no_ioctl(struct socket *sock, unsigned long cmd, void *arg)
{
	(void)sock, (void)cmd, (void)arg;
	return -ENOTTY;
}

int sock_no_sendmsg(struct socket *sock, struct inet_msg *msg, size_t len)
{
	(void)sock, (void)msg, (void)len;
	return -EOPNOTSUPP;
}

int sock_no_recvmsg(struct socket *sock, struct inet_msg *msg, size_t len,
		    int flags)
{
	(void)sock, (void)msg, (void)len, (void)flags;
	return -EOPNOTSUPP;
}
