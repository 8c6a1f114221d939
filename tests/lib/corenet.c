/* SPDX-License-Identifier: BSD-2-Clause */
/* See corenet.h. */
#include "corenet.h"

#include <stdlib.h>
#include <string.h>

#include "core/dev.h"
#include "core/net.h"
#include "core/socket.h"
#include "packet/af_packet.h"

/* The environment of one stack: the default one, with its own clock. */
struct corenet_env {
	struct inet_env env;
	const struct inet_env *def;
	u64 now;
	bool virtual;
};

static u64 corenet_now(void *opaque)
{
	struct corenet_env *e = opaque;

	return e->virtual ? e->now : e->def->now(e->def->opaque);
}

static u64 corenet_wall(void *opaque)
{
	struct corenet_env *e = opaque;

	return e->virtual ? 1700000000000000000ull + e->now :
			    e->def->wall(e->def->opaque);
}

static struct net *corenet_alloc(const struct corenet_config *cfg)
{
	struct corenet_env *e = calloc(1, sizeof(*e));
	struct net *net = aligned_alloc(_Alignof(struct net), sizeof(*net));

	if (!net || !e)
		abort();
	e->def = inet_env_default();
	e->env = *e->def;
	e->env.opaque = e;
	e->env.now = corenet_now;
	e->env.wall = corenet_wall;
	e->now = 1000000000;
	e->virtual = cfg->mode == INET_SIMULATED;
	memset(net, 0, sizeof(*net));
	net->env = e->env;
	net->mode = cfg->mode;
	net->smp = cfg->mode == INET_THREADED;
	net->nr_softnets = cfg->nr_threads ? cfg->nr_threads : 1;
	strcpy(net->name, "corenet");
	mem_init(&net->mem, &net->env, net->smp);
	return net;
}

struct net *corenet_open_cfg(const struct corenet_config *cfg)
{
	struct inet_config ic = { .nr_frames = cfg->nr_frames ?
						       cfg->nr_frames : 1024,
				  .frame_size = 2048 };
	struct net *net = corenet_alloc(cfg);

	if (net_setup(net, &ic) || sock_net_ops.init(net) ||
	    net_dev_ops.init(net) || packet_net_ops.init(net))
		abort();
	if (cfg->with_lo && (loopback_net_ops.init(net) ||
			     dev_open(net->loopback_dev)))
		abort();
	if (net->smp && net_start(net))
		abort();
	return net;
}

struct net *corenet_open(enum inet_mode mode, unsigned int nr_threads)
{
	return corenet_open_cfg(&(struct corenet_config){
		.mode = mode, .nr_threads = nr_threads });
}

void corenet_close(struct net *net)
{
	struct corenet_env *e = net->env.opaque;

	net->stopping = true;
	net_stop(net);
	sock_net_exit(net);
	packet_net_ops.exit(net);
	net_dev_ops.exit(net);
	sock_net_ops.exit(net);
	net_cleanup(net);
	if (mem_destroy(&net->mem))
		abort();
	free(net);
	free(e);
}

void corenet_advance(struct net *net, u64 ns)
{
	struct corenet_env *e = net->env.opaque;

	e->now += ns;
}
