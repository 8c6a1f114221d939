/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connection-oriented sockets over IP: ports, listening, accepting, the life
 * of requests and children, timers. Nothing here knows TCP's header.
 */
#include "ipv4/inet_connection_sock.h"

#include <errno.h>
#include <fcntl.h>

#include "ipv4/inet_common.h"
#include "ipv4/tcp.h"
#include "ipv4/tcp_fastopen.h"

/* ---- bind ------------------------------------------------------------- */

/* May @sk not share its port with the owner @skc2? */
static bool inet_bind_conflict(const struct sock *sk,
			       const struct sock_common *skc2)
{
	if (sk->sk_bound_dev_if && skc2->skc_bound_dev_if &&
	    sk->sk_bound_dev_if != skc2->skc_bound_dev_if)
		return false;
	if (sk->sk_reuse && skc2->skc_reuse &&
	    READ_ONCE(skc2->skc_state) != TCP_LISTEN)
		return false;
	if (sk->sk_reuseport && skc2->skc_reuseport)
		return false;
	return !sk->sk_rcv_saddr || !skc2->skc_rcv_saddr ||
	       sk->sk_rcv_saddr == skc2->skc_rcv_saddr;
}

/* Context: bhash lock. */
static bool inet_csk_bind_conflict(const struct sock *sk,
				   const struct inet_bind_bucket *tb)
{
	const struct sock_common *skc2;

	hlist_for_each_entry(skc2, &tb->owners, skc_bind_node)
		if (skc2 != &sk->__sk_common && inet_bind_conflict(sk, skc2))
			return true;
	return false;
}

/* Is it clear without looking at each owner that @sk may join? */
static bool inet_bind_fast(const struct sock *sk,
			   const struct inet_bind_bucket *tb)
{
	return (tb->fastreuse > 0 && sk->sk_reuse &&
		sk->sk_state != TCP_LISTEN) ||
	       (tb->fastreuseport > 0 && sk->sk_reuseport);
}

/* @sk becomes an owner: what does that say of the others to come? */
static void inet_csk_update_fastreuse(struct inet_bind_bucket *tb,
				      const struct sock *sk)
{
	bool reuse = sk->sk_reuse && sk->sk_state != TCP_LISTEN;

	if (hlist_empty(&tb->owners)) {
		tb->fastreuse = reuse;
		tb->fastreuseport = sk->sk_reuseport;
		return;
	}
	if (!reuse)
		tb->fastreuse = 0;
	if (!sk->sk_reuseport)
		tb->fastreuseport = 0;
}

/* Takes @port if nobody is against it. 0, -EADDRINUSE, -ENOMEM. */
static int inet_csk_try_port(struct inet_hashinfo *h, struct sock *sk,
			     u16 port, bool only_free)
{
	struct inet_lock *lock = inet_bhash_lock(h, port);
	struct inet_bind_bucket *tb;
	int err = 0;

	spin_lock(lock);
	tb = inet_bind_bucket_get(h, port);
	if (!tb)
		tb = inet_bind_bucket_create(h, port);
	else if (only_free || (!inet_bind_fast(sk, tb) &&
			       inet_csk_bind_conflict(sk, tb)))
		err = -EADDRINUSE;
	if (!tb)
		err = -ENOMEM;
	if (!err) {
		inet_csk_update_fastreuse(tb, sk);
		if (!inet_csk(sk)->icsk_bind_hash)
			inet_bind_hash(sk, tb, port);
	}
	spin_unlock(lock);
	return err;
}

/*
 * bind() to any port: begins at a random place, odd offsets first (connect()
 * takes even ones). A port that others use is shared only when all are used.
 */
static int inet_csk_find_open_port(struct inet_hashinfo *h, struct sock *sk)
{
	int low, high, pass, err = -EADDRINUSE;
	u32 range, offset, i;
	u16 port;

	inet_sk_get_local_port_range(sk, &low, &high);
	range = (u32)(high - low) + 1;
	net_random_bytes(h->net, &offset, sizeof(offset));
	offset = offset % range | 1;
	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < range && err == -EADDRINUSE; i++) {
			port = (u16)((u32)low + inet_nth_port(offset, range, i));
			if (inet_is_local_reserved_port(h->net, port))
				continue;
			err = inet_csk_try_port(h, sk, port, pass == 0);
		}
	return err;
}

int inet_csk_get_port(struct sock *sk, u16 snum)
{
	struct inet_hashinfo *h = inet_hashinfo(sock_net(sk));

	if (!snum)
		return inet_csk_find_open_port(h, sk);
	return inet_csk_try_port(h, sk, snum, false);
}

/* ---- listen and accept ------------------------------------------------ */

int inet_csk_listen_start(struct sock *sk)
{
	int err;

	if (tcp_sk(sk)->repair)
		return -EINVAL;		/* its children would be, too */
	err = tcp_fastopen_listen(sk);
	if (err)
		return err;
	WRITE_ONCE(sk->sk_state, TCP_LISTEN);
	/* the port once more: others may share it only with those who do not
	 * listen */
	err = inet_csk_get_port(sk, sk->sk_num);
	if (err) {
		WRITE_ONCE(sk->sk_state, TCP_CLOSE);
		return err;
	}
	inet_sk(sk)->inet_sport = htons(sk->sk_num);
	inet_csk_delack_init(sk);
	sk_dst_reset(sk);
	sk->sk_prot->hash(sk);
	return 0;
}

/* A child that nobody will accept. Context: its bh lock; the caller has a
 * reference of its own. */
static void inet_child_forget(struct sock *child)
{
	struct tcp_net *tn = sock_net(child)->ipv4.tcp;

	child->sk_prot->disconnect(child, O_NONBLOCK);
	sock_orphan(child);
	count_add(&tn->orphan_count, 1, sk_smp(child));
	inet_csk_destroy_sock(child);
}

void inet_csk_listen_stop(struct sock *sk)
{
	struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;
	struct request_sock *req;
	struct sock *child;

	while ((req = reqsk_queue_remove(queue, sk)) != NULL) {
		child = req->sk;
		req->sk = NULL;
		reqsk_put(req);
		sock_hold(child);
		bh_lock_sock(child);
		inet_child_forget(child);
		bh_unlock_sock(child);
		sock_put(child);
	}
	inet_assert(sk->sk_ack_backlog == 0);
}

/* Is there something to accept, or an end to waiting for it? */
static bool inet_csk_accept_ready(struct sock *sk, void *arg)
{
	(void)arg;
	return sk->sk_state != TCP_LISTEN ||
	       !reqsk_queue_empty(&inet_csk(sk)->icsk_accept_queue);
}

struct sock *inet_csk_accept(struct sock *sk, int flags, int *err)
{
	struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;
	s64 timeo = sock_rcvtimeo(sk, flags & O_NONBLOCK);
	struct request_sock *req;
	struct sock *newsk = NULL;

	NET_ROAD(sock_net(sk), NULL);
	lock_sock(sk);
	*err = -EINVAL;
	if (sk->sk_state == TCP_LISTEN)
		*err = sk_wait_event(sk, &timeo, inet_csk_accept_ready, NULL);
	if (!*err && sk->sk_state != TCP_LISTEN)
		*err = -EINVAL;
	if (!*err) {
		req = reqsk_queue_remove(queue, sk);
		newsk = req->sk;
		req->sk = NULL;
		reqsk_put(req);
	}
	release_sock(sk);
	return newsk;
}

/* ---- requests --------------------------------------------------------- */

/* Unlinks @req. True: the caller ended it and must drop the table's
 * reference. */
static bool reqsk_queue_unlink(struct request_sock *req)
{
	bool found = inet_ehash_remove(&req->__req_common);

	if (del_timer(&req->rsk_timer))
		reqsk_put(req);
	return found;
}

void inet_csk_reqsk_queue_drop(struct sock *sk, struct request_sock *req)
{
	if (!reqsk_queue_unlink(req))
		return;
	reqsk_queue_removed(&inet_csk(sk)->icsk_accept_queue, req);
	reqsk_put(req);
}

void inet_csk_reqsk_queue_drop_and_put(struct sock *sk,
				       struct request_sock *req)
{
	inet_csk_reqsk_queue_drop(sk, req);
	reqsk_put(req);
}

/*
 * How often a SYN-ACK may be sent again. When more than half of the listener's
 * queue is taken, old requests must make room: each further doubling of the
 * load on the young takes one try away, but not below two.
 */
static int reqsk_max_retries(const struct sock *sk)
{
	const struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;
	int retries = inet_csk(sk)->icsk_syn_retries ?
		inet_csk(sk)->icsk_syn_retries :
		READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_synack_retries);
	u32 qlen = reqsk_queue_len(queue);
	u32 young = reqsk_queue_len_young(queue) * 2;

	if (qlen * 2 <= max(8u, sk->sk_max_ack_backlog))
		return retries;
	for (; retries > 2 && qlen >= young; retries--)
		young *= 2;
	return retries;
}

static u64 reqsk_timeout_ns(const struct request_sock *req)
{
	u64 us = (u64)TCP_TIMEOUT_INIT_US << min(req->num_timeout, (u8)30);

	return min(us, (u64)TCP_RTO_MAX_US) * NSEC_PER_USEC;
}

/* Is a request to be given up now? One whose listener wants text first
 * (TCP_DEFER_ACCEPT) waits for it as long as that says, in silence but for the
 * last time: the answer to that counts without text. */
static bool reqsk_is_over(const struct sock *sk, const struct request_sock *req,
			  bool *resend)
{
	u8 defer = READ_ONCE(inet_csk(sk)->icsk_defer_accept);
	bool acked = defer && tcp_rsk(req)->acked;

	*resend = !acked || req->num_timeout >= defer - 1;
	return req->num_timeout >= reqsk_max_retries(sk) &&
	       (!acked || req->num_timeout >= defer);
}

/* The SYN-ACK is not acknowledged: again, or give up. */
static void reqsk_timer_handler(struct timer_list *t)
{
	struct request_sock *req = from_timer(req, t, rsk_timer);
	struct sock *sk = req->rsk_listener;
	struct net *net = sock_net(sk);
	bool resend;

	rcu_read_lock(&net->rcu);
	if (READ_ONCE(sk->sk_state) != TCP_LISTEN ||
	    reqsk_is_over(sk, req, &resend)) {
		INET_PROBE(SYNACK_GIVES_UP);
		if (inet_ehash_remove(&req->__req_common)) {
			reqsk_queue_removed(&inet_csk(sk)->icsk_accept_queue,
					    req);
			reqsk_put(req);
		}
		reqsk_put(req);
		rcu_read_unlock(&net->rcu);
		return;
	}
	if (req->num_timeout++ == 0)
		count_add(&inet_csk(sk)->icsk_accept_queue.young, -1,
			  net->smp);
	if (likely(resend))
		(void)req->rsk_ops->rtx_syn_ack(sk, req);
	mod_timer(net_wheel(net), t, net_now(net) + reqsk_timeout_ns(req));
	/* it left the table while it was not armed: nobody will end it */
	if (hlist_unhashed(&req->__req_common.skc_node) && del_timer(t))
		reqsk_put(req);
	rcu_read_unlock(&net->rcu);
}

void inet_csk_reqsk_queue_hash_add(struct sock *sk, struct request_sock *req)
{
	struct net *net = sock_net(sk);

	/* one reference for the table, one for the timer, one for the caller */
	refcount_init(&req->rsk_refcnt, 3, net->smp);
	timer_setup(&req->rsk_timer, reqsk_timer_handler);
	mod_timer(net_wheel(net), &req->rsk_timer,
		  net_now(net) + reqsk_timeout_ns(req));
	(void)inet_ehash_insert(req_to_sk(req), NULL);
	reqsk_queue_added(&inet_csk(sk)->icsk_accept_queue);
}

struct sock *inet_csk_reqsk_queue_add(struct sock *sk, struct request_sock *req,
				      struct sock *child)
{
	struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;
	bool listening;

	spin_lock(&queue->rskq_lock);
	listening = sk->sk_state == TCP_LISTEN;
	if (listening) {
		req->sk = child;
		reqsk_queue_add_tail(queue, req);
		sk_acceptq_added(sk);
	}
	spin_unlock(&queue->rskq_lock);
	if (listening)
		return child;
	reqsk_put(req);
	inet_child_forget(child);
	return NULL;
}

/*
 * The handshake is done: the child stands in the request's place in the
 * table, and the table's reference to the request becomes the accept queue's.
 * Not @own_req: another ACK was faster, and @child is closed already.
 */
unchecked_locking
struct sock *inet_csk_complete_hashdance(struct sock *sk, struct sock *child,
					 struct request_sock *req, bool own_req)
{
	if (own_req) {
		if (del_timer(&req->rsk_timer))
			reqsk_put(req);
		reqsk_queue_removed(&inet_csk(sk)->icsk_accept_queue, req);
		if (inet_csk_reqsk_queue_add(sk, req, child))
			return child;
	}
	bh_unlock_sock(child);
	sock_put(child);
	return NULL;
}

/* ---- life ------------------------------------------------------------- */

struct sock *inet_csk_clone_lock(const struct sock *sk,
				 const struct request_sock *req)
{
	struct sock *newsk = sk_clone_lock(sk);
	struct inet_connection_sock *icsk;
	struct inet_sock *inet;

	if (!newsk)
		return NULL;
	icsk = inet_csk(newsk);
	inet = inet_sk(newsk);
	newsk->sk_state = TCP_SYN_RECV;
	icsk->icsk_bind_hash = NULL;
	INIT_HLIST_NODE(&newsk->sk_bind_node);
	newsk->sk_daddr = req->__req_common.skc_daddr;
	newsk->sk_rcv_saddr = req->__req_common.skc_rcv_saddr;
	newsk->sk_dport = req->__req_common.skc_dport;
	newsk->sk_num = req->__req_common.skc_num;
	newsk->sk_bound_dev_if = req->__req_common.skc_bound_dev_if;
	inet->inet_saddr = newsk->sk_rcv_saddr;
	inet->inet_sport = htons(newsk->sk_num);
	inet->inet_opt = NULL;		/* the listener's own */
	inet->mc_list = NULL;
	WRITE_ONCE(icsk->icsk_retransmits, 0);
	icsk->icsk_backoff = 0;
	WRITE_ONCE(icsk->icsk_probes_out, 0);
	icsk->icsk_probes_tstamp_ns = 0;
	WRITE_ONCE(icsk->icsk_pending, 0);
	icsk->icsk_timeout_ns = 0;
	reqsk_queue_init(&icsk->icsk_accept_queue, sk_smp(newsk));
	return newsk;
}

void inet_csk_destroy_sock(struct sock *sk)
{
	struct tcp_net *tn = sock_net(sk)->ipv4.tcp;

	inet_assert(sk->sk_state == TCP_CLOSE);
	inet_assert(sock_flag(sk, SOCK_DEAD));
	inet_assert(hlist_unhashed(&sk->sk_node));
	sk->sk_prot->destroy(sk);
	sock_set_flag(sk, SOCK_DESTROY);
	sk_stream_kill_queues(sk);
	count_add(&tn->orphan_count, -1, sk_smp(sk));
	sock_put(sk);
}

/* ---- timers ----------------------------------------------------------- */

void inet_csk_init_xmit_timers(struct sock *sk,
			       void (*retransmit)(struct timer_list *t),
			       void (*delack)(struct timer_list *t),
			       void (*keepalive)(struct timer_list *t),
			       void (*pacing)(struct timer_list *t))
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	timer_setup(&icsk->icsk_retransmit_timer, retransmit);
	timer_setup(&icsk->icsk_delack_timer, delack);
	timer_setup(&sk->sk_timer, keepalive);
	timer_setup(&icsk->icsk_pacing_timer, pacing);
	WRITE_ONCE(icsk->icsk_pending, 0);
	icsk->icsk_ack.pending = 0;
}

void inet_csk_clear_xmit_timers(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	WRITE_ONCE(icsk->icsk_pending, 0);
	icsk->icsk_ack.pending = 0;
	icsk->icsk_ack.retry = 0;
	sk_stop_timer(sk, &icsk->icsk_retransmit_timer);
	sk_stop_timer(sk, &icsk->icsk_delack_timer);
	sk_stop_timer(sk, &sk->sk_timer);
	sk_stop_timer(sk, &icsk->icsk_pacing_timer);
}

void inet_csk_reset_keepalive_timer(struct sock *sk, u64 when_ns)
{
	sk_reset_timer(sk, &sk->sk_timer, net_now(sock_net(sk)) + when_ns);
}

void inet_csk_delete_keepalive_timer(struct sock *sk)
{
	sk_stop_timer(sk, &sk->sk_timer);
}
