/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Busy polling.
 *
 * Theory of operation. A packet for a thread that sleeps wakes two: the softnet,
 * by its descriptor, and then the thread. A call that is to wait (SO_BUSY_POLL,
 * net.core.busy_poll) first takes the NAPI that brought its socket's last packet
 * and polls it in the softnet's place, for some microseconds.
 *
 * Who polls owns the NAPI by its SCHED bit, as the softnet does; BUSY_POLL beside
 * it says that this goes on from poll to poll: napi_complete_done() keeps both,
 * and the device does not ask for its interrupt again. An interrupt that comes
 * all the same leaves MISSED and does nothing. In the end the bits are let go
 * and the device is polled a last time, in which it completes, or what is left
 * is the softnet's. napi_disable() waits for that.
 *
 * What a socket spins is halved with each time that nothing came, down to a
 * sixteenth: a connection that is idle sleeps. It is whole again when something
 * came so soon that the whole would have met it, to who spins or sleeps.
 *
 * An embedded stack has no other thread: there the caller runs it without a wait,
 * and has it poll the device whether there is news of it or not.
 */
#include "core/busy_poll.h"

#include "core/dev.h"
#include "core/gro.h"
#include "core/sock.h"
#include "core/softnet.h"

#define LEAST_SPIN 16u		/* of what was asked for */
#define OTHERS_EVERY 32u	/* turns: a look at all descriptors */

/* ---- the NAPI --------------------------------------------------------- */

/* Context: RCU. */
static struct napi_struct *napi_by_mark(struct net *net, u32 mark)
{
	struct net_device *dev = dev_get_by_index_rcu(net, (int)(mark >> 8));
	struct napi_struct *napi;

	for (napi = dev ? dev->napi_list : NULL; napi; napi = napi->dev_next)
		if (napi->queue == (mark & 0xff))
			return napi;
	return NULL;
}

u32 napi_id_of(struct net *net, u32 mark)
{
	struct napi_struct *napi;
	u32 id;

	rcu_read_lock(&net->rcu);
	napi = napi_by_mark(net, mark);
	id = napi ? napi->id : 0;
	rcu_read_unlock(&net->rcu);
	return id;
}

/* Makes the caller its owner. False: somebody is, or it is off. */
static bool napi_busy_take(struct napi_struct *napi)
{
	u32 old = __atomic_load_n(&napi->state, __ATOMIC_RELAXED), new;

	do {
		if (old & (NAPIF_STATE_SCHED | NAPIF_STATE_DISABLE))
			return false;
		new = old | NAPIF_STATE_SCHED | NAPIF_STATE_BUSY_POLL;
	} while (!__atomic_compare_exchange_n(&napi->state, &old, new, true,
					      __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	return true;
}

/* Takes the one that @mark stands for. NULL: it cannot be had now. While it is
 * ours its device cannot go. */
static struct napi_struct *napi_busy_begin(struct net *net, u32 mark)
{
	struct napi_struct *napi;

	rcu_read_lock(&net->rcu);
	napi = napi_by_mark(net, mark);
	if (napi && !napi_busy_take(napi))
		napi = NULL;
	rcu_read_unlock(&net->rcu);
	return napi;
}

static bool napi_is_wanted(const struct napi_struct *napi)
{
	return __atomic_load_n(&napi->state, __ATOMIC_ACQUIRE) &
	       NAPIF_STATE_DISABLE;
}

/* One poll in the softnet's place. Return: packets. */
static int napi_busy_poll(struct net *net, struct napi_struct *napi, u16 budget)
{
	int work;

	rcu_read_lock(&net->rcu);
	work = napi->poll(napi, budget);
	rcu_read_unlock(&net->rcu);
	if (work)
		net_mib_add(net, MIB_TCP_BUSYPOLLRXPACKETS, (u64)work);
	return work;
}

/* Lets go of it: a last poll, in which the device asks for its interrupt. */
static void napi_busy_end(struct net *net, struct napi_struct *napi, u16 budget)
{
	if (napi_is_wanted(napi)) {
		rcu_read_lock(&net->rcu);
		napi_gro_flush(napi);
		rcu_read_unlock(&net->rcu);
		__atomic_fetch_and(&napi->state, ~(NAPIF_STATE_SCHED |
						   NAPIF_STATE_BUSY_POLL),
				   __ATOMIC_RELEASE);
		return;
	}
	__atomic_fetch_and(&napi->state,
			   ~(NAPIF_STATE_MISSED | NAPIF_STATE_BUSY_POLL),
			   __ATOMIC_ACQ_REL);
	if (napi_busy_poll(net, napi, budget) >= budget)
		__napi_schedule(napi);
}

/* ---- waiting ---------------------------------------------------------- */

/* Has the NAPI polled by the next turn. False: it is gone. */
static bool napi_busy_schedule(const struct busy_loop *loop)
{
	struct napi_struct *napi;

	rcu_read_lock(&loop->net->rcu);
	napi = napi_by_mark(loop->net, loop->napi);
	if (napi)
		napi_schedule(napi);
	rcu_read_unlock(&loop->net->rcu);
	return napi;
}

/* A turn of an embedded stack that begins with the device, unasked. Return: what
 * was done. */
static u32 busy_turn(const struct busy_loop *loop)
{
	struct softnet_data *sd = loop->net->softnets;
	u64 before = sd->mib[MIB_SOFTNET_PROCESSED];
	u32 work = softnet_run(sd);

	net_mib_add(loop->net, MIB_TCP_BUSYPOLLRXPACKETS,
		    sd->mib[MIB_SOFTNET_PROCESSED] - before);
	return work;
}

/* An embedded stack: runs it, without a wait, until it has done something. Mostly
 * the system is not even asked what is ready: the device will know. */
static bool busy_run(const struct busy_loop *loop, u64 until)
{
	u32 round = 0, work;

	do {
		if (round++ % OTHERS_EVERY && napi_busy_schedule(loop))
			work = busy_turn(loop);
		else
			work = softnet_wait_run(loop->net->softnets, 0);
		if (work)
			return true;
	} while (net_clock(loop->net) < until);
	return false;
}

bool napi_busy_loop(const struct busy_loop *loop)
{
	struct net *net = loop->net;
	u64 until = min(net_clock(net) + loop->usec * 1000ull,
			loop->deadline_ns);
	struct napi_struct *napi = NULL;
	bool woken = false, wanted = false;

	if (!net->smp)
		return busy_run(loop, until);
	while (!wanted && !(woken = wait_was_woken(loop->wq, loop->key)) &&
	       net_clock(net) < until) {
		if (!napi)
			napi = napi_busy_begin(net, loop->napi);
		if (napi) {
			napi_busy_poll(net, napi, loop->budget);
			wanted = napi_is_wanted(napi);
		}
		cpu_relax();
	}
	if (napi)
		napi_busy_end(net, napi, loop->budget);
	return woken || wait_was_woken(loop->wq, loop->key);
}

bool sk_busy_loop(struct sock *sk, u32 *key, u64 deadline_ns)
{
	u32 whole = READ_ONCE(sk->sk_ll_usec);
	struct busy_loop loop = {
		.net = sock_net(sk), .napi = READ_ONCE(sk->sk_napi),
		.wq = &sk->sk_wq, .key = key, .deadline_ns = deadline_ns,
		.usec = min(READ_ONCE(sk->sk_ll_spin_usec), whole),
		.budget = READ_ONCE(sk->sk_busy_poll_budget),
	};
	bool woken = loop.napi && napi_busy_loop(&loop);

	if (!woken)
		WRITE_ONCE(sk->sk_ll_spin_usec,
			   max(loop.usec / 2, whole / LEAST_SPIN));
	return woken;
}

void sk_busy_came(struct sock *sk, u64 since_ns)
{
	u32 whole = READ_ONCE(sk->sk_ll_usec);

	if (net_clock(sock_net(sk)) - since_ns <= whole * 1000ull)
		WRITE_ONCE(sk->sk_ll_spin_usec, whole);
}
