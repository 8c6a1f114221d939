/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct net: what is common to all parts of a stack, its threads, and the
 * waits of embedded mode.
 */
#include "core/net.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/dev.h"
#include "core/netfilter.h"
#include "core/skbuff.h"
#include "lib/assert.h"

#define SOFTIRQD_IDLE_NS U64_MAX

/* ---- errors ----------------------------------------------------------- */

/* The last failure of a set-up call of this thread. The longest sentence lists
 * what a device string may say. */
static __thread struct {
	const struct net *net;		/* NULL: of inet_create() */
	const char *call;		/* that failed with @err: its sentence
					 * is made when it is asked for */
	int err;
	char text[512];
} last_error;

/* The arguments may be the sentence before; errno stays. */
static int net_verror(const struct net *net, int err, const char *fmt,
		      va_list ap)
{
	char text[sizeof(last_error.text)];
	int saved = errno;

	vsnprintf(text, sizeof(text), fmt, ap);
	errno = saved;
	memcpy(last_error.text, text, strlen(text) + 1);
	last_error.net = net;
	last_error.call = NULL;
	return err;
}

int net_error(const struct net *net, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	net_verror(net, err, fmt, ap);
	va_end(ap);
	return err;
}

int netdev_error(struct net *net, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	net_verror(net, err, fmt, ap);
	va_end(ap);
	return err;
}

int net_null(const struct net *net, const char *call)
{
	if (net)
		net_error(net, 0, "%s: an argument is NULL", call);
	errno = EINVAL;
	return -1;
}

/* A call that would block fails often, and nobody asks why. */
void net_call_failed(const struct net *net, int err, const char *call)
{
	last_error.net = net;
	last_error.call = call;
	last_error.err = err;
}

const char *net_strerror(const struct net *net)
{
	if (last_error.net != net)
		return "";
	if (last_error.call)
		net_error(net, 0, "%s: %s", last_error.call,
			  strerror(-last_error.err));
	return last_error.text;
}

void net_error_forget(const struct net *net)
{
	if (last_error.net != net)
		return;
	last_error.call = NULL;
	last_error.text[0] = '\0';
}

/* ---- randomness, timers ----------------------------------------------- */

u32 net_random(struct net *net)
{
	struct softnet_data *sd = this_softnet(net);

	return sd ? prandom_u32_state(&sd->rnd) : get_random_u32(&net->env);
}

/* From a batch, since asking may be a system call. What was given out is
 * forgotten at once. */
void net_random_bytes(struct net *net, void *buf, size_t len)
{
	u8 *next;

	if (len > sizeof(net->random_batch)) {
		get_random_bytes(&net->env, buf, len);
		return;
	}
	spin_lock(&net->random_lock);
	if (net->random_left < len) {
		net->random_left = sizeof(net->random_batch);
		get_random_bytes(&net->env, net->random_batch,
				 net->random_left);
	}
	net->random_left -= (u32)len;
	next = net->random_batch + net->random_left;
	memcpy(buf, next, len);
	memset(next, 0, len);
	spin_unlock(&net->random_lock);
}

struct wheel *net_wheel(struct net *net)
{
	struct softnet_data *sd = this_softnet(net);

	return sd ? &sd->wheel : &net->softnets->wheel;
}

u64 net_clock(const struct net *net)
{
	return net->clock ? tsc_clock_read(net->clock) :
			    net->env.now(net->env.opaque);
}

u64 net_now_read(struct net *net)
{
	u64 now = net_clock(net);

	if (net->stays)
		net->clock_ns = now;
	return now;
}

/* ---- running: embedded and simulated ---------------------------------- */

/* One of those that have work, each as likely as any other; the last one when
 * there is none. */
static struct softnet_data *net_pick_softnet(struct net *net)
{
	struct softnet_data *pick = net->softnet;
	u64 now = net_clock(net);
	u32 i, nr_due = 0;

	for (i = 0; i < net->nr_softnets; i++)
		if (softnet_next(&net->softnets[i]) <= now &&
		    net_random(net) % ++nr_due == 0)
			pick = &net->softnets[i];
	return pick;
}

u32 net_run_softnet(struct net *net)
{
	if (net->nr_softnets > 1)
		net->softnet = net_pick_softnet(net);
	return softnet_run(net->softnet);
}

u64 net_next(struct net *net)
{
	u64 next = U64_MAX;
	u32 i;

	for (i = 0; i < net->nr_softnets; i++)
		next = min(next, softnet_next(&net->softnets[i]));
	return next;
}

int net_run_wait(struct net *net, u64 deadline_ns)
{
	struct softnet_data *sd = net->softnets;
	u64 now = net_clock(net);

	if (net->mode == INET_SIMULATED || sd->in_softirq)
		return -EWOULDBLOCK;
	if (__atomic_exchange_n(&net->woken, 0, __ATOMIC_ACQ_REL))
		return -EINTR;
	if (now >= deadline_ns)
		return -EAGAIN;
	softnet_wait_run(sd, deadline_ns == U64_MAX ? U64_MAX :
			 deadline_ns - now);
	return 0;
}

/* ---- running: threads ------------------------------------------------- */

/* A softirq thread: Linux's ksoftirqd and interrupt context in one. */
static void softirqd(void *arg)
{
	struct softnet_data *sd = arg;

	current_softnet = sd;
	mem_home = sd->id + 1;
	while (!READ_ONCE(sd->net->stop_threads))
		softnet_wait_run(sd, SOFTIRQD_IDLE_NS);
	mem_home = 0;
	current_softnet = NULL;
}

static void net_join(struct net *net, u32 started)
{
	u32 i;

	WRITE_ONCE(net->stop_threads, true);
	for (i = 0; i < started; i++)
		poller_wake(&net->softnets[i].poller);
	for (i = 0; i < started; i++)
		thread_join(&net->softnets[i].thread);
}

int net_start(struct net *net)
{
	char name[24];
	int err;
	u32 i;

	if (!net->smp || net->running)
		return net_error(net, -EINVAL, net->smp ?
				 "the stack runs already" :
				 "only a threaded stack has threads to start");
	err = rcu_domain_start(&net->rcu);
	if (err)
		return err;
	WRITE_ONCE(net->stop_threads, false);
	WRITE_ONCE(net->running, true);
	for (i = 0; i < net->nr_softnets; i++) {
		snprintf(name, sizeof(name), "softirqd/%u", i);
		err = thread_create(&net->softnets[i].thread, name, softirqd,
				    &net->softnets[i],
				    net->pin_threads ? (int)i : THREAD_ANY_CPU);
		if (err) {
			net_join(net, i);
			WRITE_ONCE(net->running, false);
			rcu_domain_stop(&net->rcu);
			return net_error(net, err, "thread %u: %s", i,
					 strerror(-err));
		}
	}
	return 0;
}

void net_stop(struct net *net)
{
	if (!net->running)
		return;
	net_join(net, net->nr_softnets);
	WRITE_ONCE(net->nr_stops, net->nr_stops + 1);
	WRITE_ONCE(net->running, false);
	rcu_domain_stop(&net->rcu);
}

/* ---- life ------------------------------------------------------------- */

static void net_init_locks(struct net *net)
{
	lock_init(&net->rtnl, net->smp);
	lock_init(&net->random_lock, net->smp);
	net_log_init(&net->log, &net->env, net->smp);
}

/* Its own reading of the default clock, where one thread reads it. */
static void net_init_clock(struct net *net)
{
	if (net->smp || net->env.now != inet_env_default()->now ||
	    !tsc_clock_usable())
		return;
	tsc_clock_init(&net->tsc_clock, net->env.now, net->env.opaque);
	net->clock = &net->tsc_clock;
}

static size_t softnets_size(const struct net *net)
{
	return net->nr_softnets * sizeof(*net->softnets);
}

int net_setup(struct net *net, const struct inet_config *cfg)
{
	int err;
	u32 i;

	net_init_locks(net);
	net_init_clock(net);
	if (net->smp)
		net->mem.nr_homes = net->nr_softnets + 1;
	rcu_domain_init(&net->rcu, &net->mem, net->smp);
	get_random_bytes(&net->env, &net->hash_secret,
			 sizeof(net->hash_secret));
	get_random_bytes(&net->env, net->flow_keys, sizeof(net->flow_keys));
	net->softnets = mem_zalloc_aligned(&net->mem, softnets_size(net),
					   _Alignof(struct softnet_data));
	if (!net->softnets)
		return -ENOMEM;
	net->softnet = net->softnets;
	err = skb_pool_init(net);
	if (!err)
		err = frame_pool_init(net, cfg->nr_frames, cfg->frame_size);
	for (i = 0; !err && i < net->nr_softnets; i++)
		err = softnet_init(net, i);
	return err;
}

void net_cleanup(struct net *net)
{
	u32 i;

	rcu_barrier(&net->rcu);
	netfilter_net_exit(net);
	net_trace_free(net);
	for (i = 0; net->softnets && i < net->nr_softnets; i++) {
		net->softnet = &net->softnets[i];	/* its caches, flushed last */
		softnet_destroy(net->softnet);
	}
	frame_pool_destroy(net);
	skb_pool_destroy(net);
	mem_free(&net->mem, net->softnets, softnets_size(net));
	net->softnets = NULL;
}
