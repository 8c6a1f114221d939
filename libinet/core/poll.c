/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readiness: poll, callbacks, descriptors.
 *
 * The truth is sock_poll(), computed from the sock without its lock. Whoever
 * changes the truth calls sk_wake_up(), which comes here (sock_wake) when
 * sk_watched says that somebody wants to know:
 *
 *	poller		a thread in inet_poll(): woken (threaded mode only; in
 *			the others the poller runs the stack and looks again)
 *	descriptor	an eventfd, written or read so that it is readable
 *			exactly while sock_poll() has one of the wanted bits
 *	callback	the sock is locked here, and the callback may do
 *			anything; so it is a struct app_call of the softnet
 *
 * Order of things between a thread that sets sk_watched or sk_nospace and one
 * that changes the truth: both write, then fence, then read the other's word.
 */
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/busy_poll.h"
#include "core/socket.h"

#define POLL_ALWAYS (POLLERR | POLLHUP | POLLNVAL)
#define POLL_ON_STACK 16	/* entries of inet_poll() without allocation */

/* A thread in inet_poll(): its place on one socket's list, and its call. */
struct poll_entry {
	struct list_head node;
	struct wait_queue_head *wq;
	bool entered;
};

struct poll_table {
	struct net *net;
	struct inet_pollfd *fds;
	struct poll_entry *entries;	/* one for each of fds */
	unsigned int nfds;
	u64 deadline;			/* 0: only look */
	u32 nr_stops;			/* of the stack, when it began */
	struct wait_queue_head wq;
};

static bool sock_event_call(struct app_call *call, struct softnet_data *sd);

void sock_events_init(struct socket *sock)
{
	lock_init(&sock->event_lock, sock->net->smp);
	INIT_LIST_HEAD(&sock->pollers);
	init_waitqueue_head(&sock->cb_wq, sock->net->smp);
	sock->event_call.fn = sock_event_call;
	sock->event_fd = -1;
}

void sock_events_exit(struct socket *sock)
{
	spin_lock(&sock->event_lock);
	WRITE_ONCE(sock->releasing, true);
	if (sock->event_fd >= 0)
		close(sock->event_fd);
	WRITE_ONCE(sock->event_fd, -1);
	sock->cb = NULL;
	spin_unlock(&sock->event_lock);
}

/* Before a look at the truth, after a wish was written. */
static void watch_fence(const struct socket *sock)
{
	if (sock->net->smp)
		smp_mb();
}

unsigned int sock_poll(struct socket *sock)
{
	unsigned int mask = sock->ops->poll(sock);

	if (unlikely(!(mask & POLLOUT) && !READ_ONCE(sock->sk->sk_nospace))) {
		/* sk_write_space() shall tell; room may come just now. */
		WRITE_ONCE(sock->sk->sk_nospace, true);
		watch_fence(sock);
		mask |= sock->ops->poll(sock);
	}
	return mask;
}

/* Under event_lock: does anybody want to be told? */
static void sock_update_watched(struct socket *sock)
{
	WRITE_ONCE(sock->sk->sk_watched, sock->cb || sock->event_fd >= 0 ||
					 !list_empty(&sock->pollers));
	watch_fence(sock);
}

/* ---- descriptor ------------------------------------------------------- */

/* Under event_lock. One system call per change, none without. */
static void sock_update_fd(struct socket *sock)
{
	u64 n = 1;
	bool set = sock_poll(sock) &
		   (unsigned int)(sock->event_fd_events | POLL_ALWAYS);
	ssize_t done;

	if (set == sock->event_fd_set)
		return;
	if (set)
		done = write(sock->event_fd, &n, sizeof(n));
	else
		done = read(sock->event_fd, &n, sizeof(n));
	(void)done;	/* its counter is 0 or 1: neither can fail */
	sock->event_fd_set = set;
}

void sock_refresh_fd(struct socket *sock)
{
	spin_lock(&sock->event_lock);
	if (sock->event_fd >= 0)
		sock_update_fd(sock);
	spin_unlock(&sock->event_lock);
}

int sock_event_fd(struct socket *sock, int events)
{
	int fd;

	spin_lock(&sock->event_lock);
	if (sock->event_fd < 0) {
		WRITE_ONCE(sock->event_fd,
			   eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
		sock->event_fd_set = false;
	}
	fd = sock->event_fd < 0 ? -errno : sock->event_fd;
	if (fd >= 0) {
		sock->event_fd_events = events;
		sock_update_watched(sock);
		sock_update_fd(sock);
	}
	spin_unlock(&sock->event_lock);
	return fd;
}

/* ---- callback --------------------------------------------------------- */

/* Under event_lock, not closed: the callback will be called. */
static void sock_queue_event(struct socket *sock)
{
	if (sock->event_queued) {
		sock->event_again = sock->cb_running;
		return;
	}
	sock->event_queued = true;
	sock_user_get(sock);
	app_call_queue(sock->net, &sock->event_call);
}

/* Calls the callback once. Return: it was woken again meanwhile. */
static bool sock_call_event(struct socket *sock, struct softnet_data *sd)
{
	inet_event_cb *cb;
	void *arg;
	unsigned int mask;
	bool again;

	spin_lock(&sock->event_lock);
	cb = sock->cb;
	arg = sock->cb_arg;
	mask = (unsigned int)sock->cb_events | POLL_ALWAYS;
	sock->event_again = false;
	sock->cb_running = cb ? sd : NULL;
	spin_unlock(&sock->event_lock);
	if (!cb)
		goto out;
	mask &= sock_poll(sock);
	if (mask) {
		net_clock_tick(sock->net);
		cb(sock, (int)mask, arg);
		net_clock_tick(sd->net);
	}
out:
	spin_lock(&sock->event_lock);
	sock->cb_running = NULL;
	again = sock->event_again && sock->cb;
	sock->event_queued = again;
	spin_unlock(&sock->event_lock);
	return again;
}

/* app_call.fn of a socket. */
static bool sock_event_call(struct app_call *call, struct softnet_data *sd)
{
	struct socket *sock = container_of(call, struct socket, event_call);

	if (!sd)
		sock->event_queued = false;
	else if (sock_call_event(sock, sd))
		return true;
	if (sock->net->smp)
		wake_up(&sock->cb_wq);
	sock_user_put(sock);
	return false;
}

/* Nobody is inside the callback. */
static bool callback_returned(void *arg)
{
	struct socket *sock = arg;
	bool idle;

	spin_lock(&sock->event_lock);
	idle = !sock->cb_running;
	spin_unlock(&sock->event_lock);
	return idle;
}

/* Waits until the callback has returned, unless it is the caller. */
void sock_wait_callback(struct socket *sock)
{
	struct softnet_data *runner;

	if (!sock->net->smp)
		return;
	spin_lock(&sock->event_lock);
	runner = sock->cb_running;
	spin_unlock(&sock->event_lock);
	if (runner && runner != this_softnet(sock->net))
		wait_event_until(&sock->cb_wq, WAIT_FOREVER, callback_returned,
				 sock);
}

int sock_set_event_cb(struct socket *sock, int events, inet_event_cb *cb,
		      void *arg)
{
	if (events && !cb)
		return -EFAULT;
	spin_lock(&sock->event_lock);
	sock->cb = events && !sock->closed ? cb : NULL;
	sock->cb_arg = arg;
	sock->cb_events = events;
	sock_update_watched(sock);
	if (sock->cb &&
	    (sock_poll(sock) & ((unsigned int)events | POLL_ALWAYS)))
		sock_queue_event(sock);
	spin_unlock(&sock->event_lock);
	sock_wait_callback(sock);
	return 0;
}

/* ---- told ------------------------------------------------------------- */

void sock_wake(struct socket *sock, unsigned int mask)
{
	struct poll_entry *e;

	spin_lock(&sock->event_lock);
	list_for_each_entry(e, &sock->pollers, node)
		wake_up(e->wq);
	if (sock->event_fd >= 0)
		sock_update_fd(sock);
	if (sock->cb && !sock->closed &&
	    (mask & ((unsigned int)sock->cb_events | POLL_ALWAYS)))
		sock_queue_event(sock);
	spin_unlock(&sock->event_lock);
}

void sock_wake_events(struct socket *sock)
{
	sock_wake(sock, ~0u);
}

void sock_wake_all(struct socket *sock)
{
	struct net *net = sock->net;
	struct poll_entry *e;
	struct sock *sk;

	rcu_read_lock(&net->rcu);
	sk = rcu_dereference(sock->sk);
	if (sk)
		wake_up(&sk->sk_wq);
	rcu_read_unlock(&net->rcu);
	spin_lock(&sock->event_lock);
	list_for_each_entry(e, &sock->pollers, node)
		wake_up(e->wq);
	spin_unlock(&sock->event_lock);
}

/* ---- inet_poll() ------------------------------------------------------ */

/* Keeps the socket, and has its changes wake the poller. 0 or -EBADF. */
static int poll_attach(struct socket *sock, struct poll_entry *e,
		       struct wait_queue_head *wq)
{
	int err = sock_enter(sock);

	e->entered = !err;
	if (err || !sock->net->smp)
		return err;
	e->wq = wq;
	spin_lock(&sock->event_lock);
	list_add_tail(&e->node, &sock->pollers);
	sock_update_watched(sock);
	spin_unlock(&sock->event_lock);
	return 0;
}

/* The way back. */
static void poll_detach(struct socket *sock, struct poll_entry *e)
{
	if (!e->entered)
		return;
	if (sock->net->smp) {
		spin_lock(&sock->event_lock);
		list_del(&e->node);
		sock_update_watched(sock);
		spin_unlock(&sock->event_lock);
	}
	if (READ_ONCE(sock->event_fd) >= 0)
		sock_refresh_fd(sock);
	net_clock_release(sock->net);
	sock_user_put(sock);
}

/* One look at all. Return: how many have something. */
static int poll_look(const struct poll_table *t)
{
	unsigned int i, mask;
	struct socket *sock;
	int nr = 0;

	for (i = 0; i < t->nfds; i++) {
		t->fds[i].revents = 0;
		sock = t->fds[i].sock;
		if (!sock)
			continue;
		mask = POLLNVAL;
		if (t->entries[i].entered && !READ_ONCE(sock->closed))
			mask = sock_poll(sock);
		mask &= (unsigned short)t->fds[i].events | POLL_ALWAYS;
		t->fds[i].revents = (short)mask;
		nr += mask != 0;
	}
	return nr;
}

/* Polls the device of the first socket that has one to poll (net.core.busy_poll).
 * Return: whether something has happened. */
static bool poll_busy_loop(struct poll_table *t, u32 *key)
{
	struct busy_loop loop = {
		.net = t->net, .wq = &t->wq, .key = key,
		.usec = (u32)READ_ONCE(t->net->sysctl_busy_poll),
		.deadline_ns = t->deadline, .budget = BUSY_POLL_BUDGET,
	};
	unsigned int i;

	for (i = 0; i < t->nfds && !loop.napi; i++)
		if (t->fds[i].sock && t->entries[i].entered)
			loop.napi = READ_ONCE(t->fds[i].sock->sk->sk_napi);
	return loop.napi && napi_busy_loop(&loop);
}

/* Sleeps, or runs the stack, once. 0, -EAGAIN past the deadline, -E. */
static int poll_wait(struct poll_table *t, u32 *key)
{
	struct net *net = t->net;

	if (!t->deadline)
		return -EAGAIN;
	if (net_wait_over(net, t->nr_stops))
		return -ESHUTDOWN;
	if (unlikely(READ_ONCE(net->sysctl_busy_poll)) &&
	    poll_busy_loop(t, key))
		return 0;
	if (!net->smp)
		return net_run_wait(net, t->deadline);
	return wait_for_wake(&t->wq, key, t->deadline) ? -EAGAIN : 0;
}

/* Looks, waits, looks again. Return: how many are ready, or -E. */
static int poll_loop(struct poll_table *t)
{
	u32 key = prepare_to_wait(&t->wq);
	int nr, err = 0;

	while (!(nr = poll_look(t)) && !err)
		err = poll_wait(t, &key);
	finish_wait(&t->wq);
	return nr || err == -EAGAIN ? nr : err;
}

/* The stack that all sockets belong to; NULL: none, or several. */
static struct net *poll_net(const struct inet_pollfd *fds, unsigned int nfds)
{
	struct net *net = NULL;
	unsigned int i;

	for (i = 0; i < nfds; i++) {
		if (!fds[i].sock)
			continue;
		if (net && fds[i].sock->net != net)
			return NULL;
		net = fds[i].sock->net;
	}
	return net;
}

/* 0: where nothing may be waited for, or should. */
static u64 poll_deadline(struct net *net, int timeout_ms)
{
	const struct softnet_data *sd = this_softnet(net);

	if (!timeout_ms || net->mode == INET_SIMULATED ||
	    (sd && (net->smp || sd->in_softirq)))
		return 0;
	if (timeout_ms < 0)
		return WAIT_FOREVER;
	return net_now(net) + (u64)timeout_ms * 1000000;
}

/* Leaves all sockets, the first one last: with threads the stack may be gone
 * afterwards. */
static void poll_detach_all(struct poll_table *t, bool on_heap)
{
	struct socket *last = NULL;
	bool smp = t->net->smp;
	unsigned int i;

	for (i = 0; i < t->nfds; i++) {
		if (!t->fds[i].sock)
			continue;
		if (!last && t->entries[i].entered) {
			last = t->fds[i].sock;
			sock_user_get(last);
		}
		poll_detach(t->fds[i].sock, &t->entries[i]);
	}
	if (on_heap)
		mem_free(&t->net->mem, t->entries,
			 t->nfds * sizeof(*t->entries));
	if (last)
		sock_user_put(last);
	if (!smp)
		net_api_exit(t->net);
}

int sock_do_poll(struct inet_pollfd *fds, unsigned int nfds, int timeout_ms)
{
	struct poll_entry few[POLL_ON_STACK] = { 0 };
	struct poll_table t = { .net = poll_net(fds, nfds), .fds = fds,
				.entries = few, .nfds = nfds };
	unsigned int i;
	int ret;

	if (!t.net)
		return nfds || timeout_ms ? -EINVAL : 0;
	if (nfds > POLL_ON_STACK)
		t.entries = mem_calloc(&t.net->mem, nfds, sizeof(*t.entries));
	if (!t.entries)
		return -ENOMEM;
	t.deadline = poll_deadline(t.net, timeout_ms);
	t.nr_stops = READ_ONCE(t.net->nr_stops);
	init_waitqueue_head(&t.wq, t.net->smp);
	for (i = 0; i < nfds; i++)
		if (fds[i].sock)
			poll_attach(fds[i].sock, &t.entries[i], &t.wq);
	ret = poll_loop(&t);
	poll_detach_all(&t, t.entries != few);
	return ret;
}
