/* SPDX-License-Identifier: BSD-2-Clause */
/* A host on libinet; whatever fails ends the program with a sentence. */
#include "host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common.h"

void host_die(struct net *net, const char *what)
{
	char why[256];

	snprintf(why, sizeof(why), "%s (%s)", strerror(errno),
		 inet_strerror(net));
	bench_die(what, why);
}

/*
 * A stack. Two in one thread are INET_SIMULATED: no descriptor is ever polled,
 * the clock is the real one.
 */
struct net *host_create(const char *name, enum inet_mode mode)
{
	struct inet_config cfg = { .size = sizeof(cfg), .name = name,
				   .mode = mode };
	struct net *net = inet_create(&cfg);

	if (!net)
		host_die(NULL, "stack");
	return net;
}

void host_up(struct net *net, const char *name, const char *addr)
{
	struct net_device *dev = inet_netdev_find(net, name);

	if (!dev || inet_addr_add(dev, addr) || inet_netdev_up(dev))
		host_die(net, addr);
}

struct socket *host_sock(struct net *net, int type)
{
	struct socket *s = inet_socket(net, AF_INET, type | SOCK_NONBLOCK, 0);

	if (!s)
		host_die(net, "socket");
	return s;
}

u64 host_counter(struct net *net, const char *name)
{
	u64 v = 0;

	inet_counter_get(net, name, &v);
	return v;
}
