/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * THE list of IPv4's protocols, and how a stack takes each of them in: one
 * line here is all that a new protocol needs outside its own file.
 *
 * The order is that of the rows of inetsw[type]: socket(PF_INET, SOCK_DGRAM,
 * 0) is the first protocol here that has datagram sockets.
 */
#include "ipv4/protocol.h"

#include <errno.h>

#include "core/sysctl.h"
#include "ipv4/forward.h"
#include "ipv4/inet_common.h"
#include "ipv4/inet_net.h"
#include "ipv4/sysctl_net_ipv4.h"

const struct inet_protocol *const inet_protocols[] = {
	&tcp_protocol,
	&udp_protocol,
	&icmp_protocol,
	&ping_protocol,
	&raw_protocol,
};

const u32 nr_inet_protocols = ARRAY_SIZE(inet_protocols);

/* Undoes inet_protocol_start(), also a half finished one. */
static void inet_protocol_stop(struct net *net, const struct inet_protocol *p,
			       bool initialised)
{
	u32 i;

	for (i = 0; i < p->nr_sw; i++)
		inet_unregister_protosw(net, &p->sw[i]);
	if (p->offload)
		inet_del_offload(net, p->offload, p->protocol);
	if (p->net_protocol)
		inet_del_protocol(net, p->net_protocol, p->protocol);
	if (initialised && p->net_exit)
		p->net_exit(net);
}

/* Knobs, tables, payload handler, socket types. 0 or -E, undone. */
static int inet_protocol_start(struct net *net, const struct inet_protocol *p)
{
	bool initialised = false;
	int err = 0;
	u32 i;

	if (p->nr_knobs)
		err = register_net_sysctl(net, p->knobs, p->nr_knobs);
	if (!err && p->net_init)
		err = p->net_init(net);
	initialised = !err;
	if (!err && p->net_protocol)
		err = inet_add_protocol(net, p->net_protocol, p->protocol);
	if (!err && p->offload)
		err = inet_add_offload(net, p->offload, p->protocol);
	for (i = 0; !err && i < p->nr_sw; i++)
		err = inet_register_protosw(net, &p->sw[i]);
	if (err)
		inet_protocol_stop(net, p, initialised);
	return err;
}

/* The first @nr of the list, last first. */
static void inet_protocols_stop(struct net *net, u32 nr)
{
	while (nr-- > 0)
		inet_protocol_stop(net, inet_protocols[nr], true);
}

/* The list, then the family: nobody opens a socket before all are there. */
static int inet_net_init(struct net *net)
{
	int err;
	u32 i;

	err = ipv4_sysctl_init(net);
	if (err)
		return err;
	for (i = 0; i < nr_inet_protocols; i++) {
		err = inet_protocol_start(net, inet_protocols[i]);
		if (err)
			goto stop;
	}
	err = sock_register(net, &inet_family_ops);
	if (err)
		goto stop;
	return 0;
stop:
	inet_protocols_stop(net, i);
	ipv4_sysctl_exit(net);
	return err;
}

static void inet_net_pre_exit(struct net *net)
{
	u32 i;

	forward_net_end(net);
	for (i = 0; i < nr_inet_protocols; i++)
		if (inet_protocols[i]->net_pre_exit)
			inet_protocols[i]->net_pre_exit(net);
}

/* Rows that the application added and forgot go too. */
static void inet_net_exit(struct net *net)
{
	sock_unregister(net, PF_INET);
	inet_protocols_stop(net, nr_inet_protocols);
	inet_protosw_purge(net);
	ipv4_sysctl_exit(net);
}

const struct pernet_operations inet_net_ops = {
	.name = "inet",
	.init = inet_net_init,
	.pre_exit = inet_net_pre_exit,
	.exit = inet_net_exit,
};
