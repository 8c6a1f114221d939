/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stack's creation, running and end; THE list of its subsystems, in the
 * order in which they start. They stop in reverse.
 */
#include <inet/inet.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "core/dev.h"
#include "core/net.h"
#include "core/rps.h"
#include "core/socket.h"
#include "core/vlan.h"
#include "ipv4/inet_net.h"
#include "ipv4/ip_net.h"
#include "packet/af_packet.h"

#define DEFAULT_FRAMES 16384
#define DEFAULT_FRAME_SIZE 2048

static const struct pernet_operations *const pernet_list[] = {
	&sock_net_ops,
	&net_dev_ops,
	&rps_net_ops,
	&vlan_net_ops,
	&ipv4_net_ops,
	&inet_net_ops,
	&packet_net_ops,
	&loopback_net_ops,
};

/* A sentence for inet_strerror(NULL). */
static int create_fail(int err, const char *sentence)
{
	errno = -err;
	return net_error(NULL, err, "%s", sentence);
}

static bool env_is_whole(const struct inet_env *env)
{
	return env->now && env->wall && env->random && env->alloc &&
	       env->free && env->log;
}

/* Fills in defaults; refuses what makes no sense. */
static int config_check(struct inet_config *cfg, const struct inet_config *user)
{
	memset(cfg, 0, sizeof(*cfg));
	if (user) {
		if (user->size != sizeof(*cfg))
			return create_fail(-EINVAL, "inet_config.size is not "
					   "sizeof(struct inet_config)");
		*cfg = *user;
	}
	if (!cfg->env)
		cfg->env = inet_env_default();
	if (cfg->env->size != sizeof(*cfg->env))
		return create_fail(-EINVAL, "inet_env.size is not "
				   "sizeof(struct inet_env)");
	if (!env_is_whole(cfg->env))
		return create_fail(-EINVAL, "inet_env: a function is missing; "
				   "begin with a copy of *inet_env_default()");
	if (!cfg->nr_frames)
		cfg->nr_frames = DEFAULT_FRAMES;
	if (!cfg->frame_size)
		cfg->frame_size = DEFAULT_FRAME_SIZE;
	if ((unsigned int)cfg->mode > INET_SIMULATED)
		return create_fail(-EINVAL, "inet_config.mode: no such mode");
	if (cfg->mode == INET_EMBEDDED && cfg->nr_threads > 1)
		return create_fail(-EINVAL, "inet_config.nr_threads: "
				   "an embedded stack has the one that runs it");
	if (!cfg->nr_threads)
		cfg->nr_threads = 1;
	if (cfg->nr_threads > NET_MAX_SOFTNETS)
		return create_fail(-EINVAL,
				   "inet_config.nr_threads: at most 64");
	return 0;
}

/* The struct itself, from the environment that it will hold. */
static struct net *net_alloc(const struct inet_config *cfg)
{
	const struct inet_env *env = cfg->env;
	struct net *net = env->alloc(env->opaque, sizeof(*net),
				     _Alignof(struct net));

	if (!net) {
		create_fail(-ENOMEM, "no memory for a stack");
		return NULL;
	}
	net_error_forget(net);
	memset(net, 0, sizeof(*net));
	net->env = *env;
	net->mode = cfg->mode;
	net->smp = cfg->mode == INET_THREADED;
	net->nr_softnets = cfg->nr_threads;
	net->pin_threads = cfg->pin_threads;
	strncpy(net->name, cfg->name ? cfg->name : "inet",
		sizeof(net->name) - 1);
	mem_init(&net->mem, &net->env, net->smp);
	return net;
}

/* Ends the first @n subsystems: first all let go, then all end. */
static void pernet_exit(struct net *net, u32 n)
{
	u32 i;

	for (i = n; i-- > 0;)
		if (pernet_list[i]->pre_exit)
			pernet_list[i]->pre_exit(net);
	for (i = n; i-- > 0;)
		if (pernet_list[i]->exit)
			pernet_list[i]->exit(net);
}

static void net_free(struct net *net)
{
	struct inet_env env = net->env;

	net_cleanup(net);
	inet_assert(mem_destroy(&net->mem) == 0);
	env.free(env.opaque, net, sizeof(*net));
}

struct net *inet_create(const struct inet_config *config)
{
	struct inet_config cfg;
	const char *why;
	struct net *net;
	int err;
	u32 n;

	net_error_forget(NULL);
	if (config_check(&cfg, config))
		return NULL;
	net = net_alloc(&cfg);
	if (!net)
		return NULL;
	err = net_setup(net, &cfg);
	for (n = 0; !err && n < ARRAY_SIZE(pernet_list); n++)
		err = pernet_list[n]->init(net);
	if (!err) {
		err = dev_open(net->loopback_dev);
		if (!err)
			return net;
	} else if (n > 0) {
		n--;	/* the one that failed cleaned up after itself */
	}
	why = net_strerror(net);
	create_fail(err, *why ? why : strerror(-err));
	net->stopping = true;
	pernet_exit(net, n);
	net_free(net);
	errno = -err;
	return NULL;
}

void inet_destroy(struct net *net)
{
	if (!net)
		return;
	WRITE_ONCE(net->stopping, true);
	net_stop(net);
	app_calls_drop(net);
	sock_net_drain(net);
	sock_net_exit(net);
	pernet_exit(net, ARRAY_SIZE(pernet_list));
	net_free(net);
}

int inet_start(struct net *net)
{
	return api_result(net_start(net));
}

void inet_stop(struct net *net)
{
	net_stop(net);
	sock_net_wake(net);
}

int inet_run(struct net *net, s64 timeout_ns)
{
	if (net->smp)
		return api_result(net_error(net, -EINVAL,
				  "a threaded stack runs itself"));
	if (net->mode == INET_SIMULATED)
		return (int)net_run_softnet(net);
	if (__atomic_exchange_n(&net->woken, 0, __ATOMIC_ACQ_REL))
		return api_result(-EINTR);
	return (int)softnet_wait_run(net->softnet, timeout_ns < 0 ? U64_MAX :
				     (u64)timeout_ns);
}

int inet_poll_fd(struct net *net)
{
	if (net->mode != INET_EMBEDDED)
		return api_result(net_error(net, -EINVAL,
				  "only an embedded stack has a descriptor"));
	return poller_fd(&net->softnets->poller);
}

s64 inet_next_timeout_ns(struct net *net)
{
	u64 next = net_next(net), now;

	if (next == 0)
		return 0;
	if (next == U64_MAX)
		return -1;
	now = net_clock(net);
	return next <= now ? 0 : (s64)(next - now);
}

void inet_wake(struct net *net)
{
	__atomic_store_n(&net->woken, 1, __ATOMIC_RELEASE);
	if (net->mode == INET_EMBEDDED)
		poller_wake(&net->softnets->poller);
}

const char *inet_strerror(struct net *net)
{
	return net_strerror(net);
}

u64 inet_now_ns(struct net *net)
{
	return net_clock(net);
}

u64 inet_wall_ns(struct net *net)
{
	return net->env.wall(net->env.opaque);
}

enum inet_mode inet_get_mode(const struct net *net)
{
	return net->mode;
}
