/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Knobs of net.ipv4 about ports and addresses of sockets, whatever their
 * protocol, and the questions that bind() and connect() ask of them.
 */
#include "ipv4/sysctl_net_ipv4.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/net.h"
#include "core/sysctl.h"
#include "ipv4/inet_common.h"

#define NR_PORTS 65536
#define BITS_PER_WORD (8 * sizeof(unsigned long))

/* A bit per port; net->ipv4.reserved_ports points at the bits. */
struct port_set {
	struct rcu_head rcu;
	struct net *net;
	unsigned long bits[NR_PORTS / BITS_PER_WORD];
};

static bool port_set_has(const unsigned long *bits, u32 port)
{
	return bits[port / BITS_PER_WORD] >> (port % BITS_PER_WORD) & 1;
}

static void port_set_add(unsigned long *bits, u32 port)
{
	bits[port / BITS_PER_WORD] |= 1UL << (port % BITS_PER_WORD);
}

static void port_set_free(struct rcu_head *head)
{
	struct port_set *set = container_of(head, struct port_set, rcu);

	mem_free(&set->net->mem, set, sizeof(*set));
}

/* Puts @bits (or NULL) in the place of the old set. */
static void port_set_replace(struct net *net, unsigned long *bits)
{
	unsigned long *old = __atomic_exchange_n(&net->ipv4.reserved_ports,
						 bits, __ATOMIC_ACQ_REL);

	if (old)
		call_rcu(&net->rcu,
			 &container_of(old, struct port_set, bits[0])->rcu,
			 port_set_free);
}

/* Reads a decimal port at *@s and moves on. Return: -1 when there is none. */
static int port_parse(const char **s)
{
	int port = 0, digits = 0;

	while (**s >= '0' && **s <= '9' && digits++ < 5)
		port = port * 10 + (*(*s)++ - '0');
	return digits && port < NR_PORTS ? port : -1;
}

/* "8080,9000-9100"; true and the bits set, or false. */
static bool port_list_parse(const char *s, unsigned long *bits)
{
	int from, to;

	for (;;) {
		from = to = port_parse(&s);
		if (*s == '-') {
			s++;
			to = port_parse(&s);
		}
		if (from < 0 || to < from)
			return false;
		for (; from <= to; from++)
			port_set_add(bits, (u32)from);
		if (*s != ',')
			return !*s;
		s++;
	}
}

/* Stores a list of ports; the empty string is no port. */
static int reserved_ports_set(struct net *net, const struct sysctl_row *row,
			      const char *value)
{
	struct port_set *set = NULL;

	if (*value) {
		set = mem_zalloc(&net->mem, sizeof(*set));
		if (!set)
			return -ENOMEM;
		set->net = net;
		if (!port_list_parse(value, set->bits)) {
			mem_free(&net->mem, set, sizeof(*set));
			return net_error(net, -EINVAL,
					 "%s: \"%s\" is not a list of ports like 8080,9000-9100",
					 row->name, value);
		}
	}
	port_set_replace(net, set ? set->bits : NULL);
	return 0;
}

/* Writes the set as ranges. -ERANGE: the buffer is too small. */
static int reserved_ports_get(struct net *net, const struct sysctl_row *row,
			      char *buf, size_t size)
{
	const unsigned long *bits;
	size_t used = 0;
	u32 from, to;

	(void)row;
	if (!size)
		return -ERANGE;
	buf[0] = '\0';
	rcu_read_lock(&net->rcu);
	bits = rcu_dereference(net->ipv4.reserved_ports);
	for (from = 0; bits && from < NR_PORTS && used < size; from = to + 1) {
		to = from;
		if (!port_set_has(bits, from))
			continue;
		while (to + 1 < NR_PORTS && port_set_has(bits, to + 1))
			to++;
		used += (size_t)snprintf(buf + used, size - used,
					 from == to ? "%s%u" : "%s%u-%u",
					 used ? "," : "", from, to);
	}
	rcu_read_unlock(&net->rcu);
	return used < size ? 0 : -ERANGE;
}

static const struct sysctl_row ipv4_knobs[] = {
	SYSCTL_ROW("net.ipv4.ip_local_port_range",
		   ipv4.sysctl_ip_local_port_range, S32_VEC2, 1, 65535,
		   32768, 60999),
	SYSCTL_ROW("net.ipv4.ip_nonlocal_bind", ipv4.sysctl_ip_nonlocal_bind,
		   S32, 0, 1, 0),
	SYSCTL_ROW("net.ipv4.ip_unprivileged_port_start",
		   ipv4.sysctl_ip_unprivileged_port_start, S32, 0, 65535, 0),
	SYSCTL_ROW("net.ipv4.igmp_max_memberships",
		   ipv4.sysctl_igmp_max_memberships, S32, 0, 1 << 20, 20),
	{
		.name = "net.ipv4.ip_local_reserved_ports",
		.kind = SYSCTL_STRING,
		.set = reserved_ports_set,
		.get = reserved_ports_get,
	},
};

int ipv4_sysctl_init(struct net *net)
{
	return register_net_sysctl(net, ipv4_knobs, ARRAY_SIZE(ipv4_knobs));
}

void ipv4_sysctl_exit(struct net *net)
{
	port_set_replace(net, NULL);
}

/* ---- what they mean --------------------------------------------------- */

bool inet_is_local_reserved_port(struct net *net, u16 port)
{
	const unsigned long *bits;
	bool reserved;

	if (!rcu_access_pointer(net->ipv4.reserved_ports))
		return false;
	rcu_read_lock(&net->rcu);
	bits = rcu_dereference(net->ipv4.reserved_ports);
	reserved = bits && port_set_has(bits, port);
	rcu_read_unlock(&net->rcu);
	return reserved;
}

void inet_sk_get_local_port_range(const struct sock *sk, int *low, int *high)
{
	const s32 *range = sock_net(sk)->ipv4.sysctl_ip_local_port_range;
	const s32 *own = inet_sk(sk)->local_port_range;
	int lo = READ_ONCE(range[0]), hi = READ_ONCE(range[1]);

	/* IP_LOCAL_PORT_RANGE narrows, it never widens */
	*low = own[0] >= lo && own[0] <= hi ? own[0] : lo;
	*high = own[1] >= lo && own[1] <= hi ? own[1] : hi;
	if (*low > *high) {
		*low = lo;
		*high = hi;
	}
}
