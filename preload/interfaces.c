/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stack's interfaces, as ioctl() and libc tell of them: rows that the owner has
 * (protocol.h), asked for each time.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "preload.h"

#define DEVICE_FIRST 0x8910	/* <linux/sockios.h>: what may concern an interface */
#define DEVICE_LAST 0x89ff

const struct shim_interface *shim_next_interface(struct shim_walk *walk)
{
	struct shim_socket nobody = { .fd = -1 };
	struct shim_call call = { .op = SHIM_INTERFACES, .value = walk->row };
	const size_t size = sizeof(struct shim_interface);
	uint32_t n = walk->reply.len / size;

	if (walk->at == n && (!walk->begun || n == SHIM_INTERFACES_MAX)) {
		strncpy(nobody.own.owner, walk->owner, SHIM_OWNER_MAX);
		walk->begun = true;
		walk->at = 0;
		walk->err = shim_call(&nobody, &call, &walk->reply);
		n = walk->err ? 0 : walk->reply.len / size;
		walk->reply.len = n * size;
	}
	if (walk->at == n)
		return NULL;
	walk->row++;
	return (const void *)(walk->reply.data + walk->at++ * size);
}

/* ---- ioctl ------------------------------------------------------------ */

bool shim_is_device_ioctl(unsigned long request)
{
	return request >= DEVICE_FIRST && request <= DEVICE_LAST &&
	       request != SIOCOUTQNSD;
}

static struct sockaddr_in to_sockaddr(struct in_addr addr)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = addr };
}

static struct in_addr mask_of(const struct shim_interface *i)
{
	uint32_t mask = i->prefix_len ? ~0u << (32 - i->prefix_len) : 0;

	return (struct in_addr){ htonl(mask) };
}

/* SIOCGIFCONF: all addresses, as many as there is room for. 0 or an errno. */
static int list(struct shim_walk *walk, struct ifconf *conf)
{
	const struct shim_interface *i;
	struct sockaddr_in addr;
	struct ifreq ifr;
	int len = 0;

	while ((i = shim_next_interface(walk))) {
		if (!i->is_address)
			continue;
		if (conf->ifc_buf && len > conf->ifc_len - (int)sizeof(ifr))
			break;
		memset(&ifr, 0, sizeof(ifr));
		memcpy(ifr.ifr_name, i->name, sizeof(ifr.ifr_name));
		addr = to_sockaddr(i->local);
		memcpy(&ifr.ifr_addr, &addr, sizeof(addr));
		if (conf->ifc_buf)
			memcpy(conf->ifc_buf + len, &ifr, sizeof(ifr));
		len += (int)sizeof(ifr);
	}
	if (!walk->err)
		conf->ifc_len = len;
	return walk->err;
}

/*
 * The row that is meant: the interface; or its address, the one that stands in @ifr if
 * there is one, else the first. 0 or an errno.
 */
static int find(struct shim_walk *walk, const struct ifreq *ifr, bool address,
		struct shim_interface *found)
{
	const struct shim_interface *i;
	struct sockaddr_in wanted;
	bool exact, device = false;

	memcpy(&wanted, &ifr->ifr_addr, sizeof(wanted));
	found->is_address = 0;
	while ((i = shim_next_interface(walk))) {
		if (strncmp(i->name, ifr->ifr_name, sizeof(i->name)))
			continue;
		device = true;
		if (i->is_address != address)
			continue;
		exact = !address || (wanted.sin_family == AF_INET &&
				     wanted.sin_addr.s_addr == i->local.s_addr);
		if (exact || !found->is_address)
			*found = *i;
		if (exact)
			return 0;
	}
	if (walk->err)
		return walk->err;
	return !device ? ENODEV : found->is_address ? 0 : EADDRNOTAVAIL;
}

/* SIOCGIFNAME. 0 or an errno. */
static int name(struct shim_walk *walk, struct ifreq *ifr)
{
	const struct shim_interface *i;

	while ((i = shim_next_interface(walk))) {
		if ((int)i->index != ifr->ifr_ifindex)
			continue;
		memcpy(ifr->ifr_name, i->name, sizeof(ifr->ifr_name));
		return 0;
	}
	return walk->err ? walk->err : ENODEV;
}

/* What is asked for of the row @i. 0 or an errno. */
static int answer(unsigned long request, const struct shim_interface *i,
		  struct ifreq *ifr)
{
	struct sockaddr_in addr = to_sockaddr(i->local);

	switch (request) {
	case SIOCGIFFLAGS:
		ifr->ifr_flags = (short)i->flags;
		return 0;
	case SIOCGIFMTU:
		ifr->ifr_mtu = (int)i->mtu;
		return 0;
	case SIOCGIFINDEX:
		ifr->ifr_ifindex = (int)i->index;
		return 0;
	case SIOCGIFMETRIC:
		ifr->ifr_metric = 0;
		return 0;
	case SIOCGIFHWADDR:
		memset(&ifr->ifr_hwaddr, 0, sizeof(ifr->ifr_hwaddr));
		ifr->ifr_hwaddr.sa_family = i->type;
		memcpy(ifr->ifr_hwaddr.sa_data, i->hwaddr, sizeof(i->hwaddr));
		return 0;
	case SIOCGIFNETMASK:
		addr.sin_addr = mask_of(i);
		break;
	case SIOCGIFBRDADDR:
		addr.sin_addr = i->broadcast;
		break;
	default:		/* SIOCGIFADDR, SIOCGIFDSTADDR: there is no other end */
		break;
	}
	memcpy(&ifr->ifr_addr, &addr, sizeof(addr));
	return 0;
}

/* Nothing of this may reach the kernel, whose interfaces are others, and which would
 * do it on AF_UNIX sockets too. Programs change no interface: inet-ip(1) does. */
int shim_device_ioctl(const char *owner, unsigned long request, void *arg)
{
	struct shim_walk walk = { .owner = owner };
	struct shim_interface row;
	struct ifreq *ifr = arg;
	int err;

	switch (request) {
	case SIOCGIFCONF:
		return arg ? list(&walk, arg) : EFAULT;
	case SIOCGIFNAME:
		return arg ? name(&walk, ifr) : EFAULT;
	case SIOCGIFADDR:
	case SIOCGIFNETMASK:
	case SIOCGIFBRDADDR:
	case SIOCGIFDSTADDR:
	case SIOCGIFFLAGS:
	case SIOCGIFMTU:
	case SIOCGIFINDEX:
	case SIOCGIFMETRIC:
	case SIOCGIFHWADDR:
		if (!arg)
			return EFAULT;
		ifr->ifr_name[IFNAMSIZ - 1] = 0;
		err = find(&walk, ifr, request == SIOCGIFADDR || request == SIOCGIFNETMASK ||
			   request == SIOCGIFBRDADDR || request == SIOCGIFDSTADDR, &row);
		return err ? err : answer(request, &row, ifr);
	case SIOCSIFADDR:
	case SIOCSIFNETMASK:
	case SIOCSIFBRDADDR:
	case SIOCSIFDSTADDR:
	case SIOCSIFFLAGS:
	case SIOCSIFMTU:
	case SIOCSIFMETRIC:
	case SIOCSIFHWADDR:
	case SIOCSIFNAME:
		return EPERM;
	case SIOCETHTOOL:
		return EOPNOTSUPP;
	default:
		return ENOTTY;
	}
}

/* ---- libc ------------------------------------------------------------- */

/* An entry of getifaddrs() with all that it points to. */
struct entry {
	struct ifaddrs ifa;
	char name[IFNAMSIZ];
	union {
		struct sockaddr_in in;
		struct sockaddr_ll ll;
	} addr, mask, broadcast;
};

/* The interface itself, AF_PACKET, or one of its addresses. */
static void fill(struct entry *e, const struct shim_interface *i)
{
	memcpy(e->name, i->name, sizeof(e->name));
	e->ifa.ifa_name = e->name;
	e->ifa.ifa_flags = i->flags;
	e->ifa.ifa_addr = (struct sockaddr *)&e->addr;
	if (i->is_address) {
		e->addr.in = to_sockaddr(i->local);
		e->mask.in = to_sockaddr(mask_of(i));
		e->broadcast.in = to_sockaddr(i->broadcast);
		e->ifa.ifa_netmask = (struct sockaddr *)&e->mask;
		if (i->broadcast.s_addr)
			e->ifa.ifa_broadaddr = (struct sockaddr *)&e->broadcast;
		return;
	}
	e->addr.ll.sll_family = AF_PACKET;
	e->addr.ll.sll_ifindex = (int)i->index;
	e->addr.ll.sll_hatype = i->type;
	e->addr.ll.sll_halen = i->hwaddr_len;
	memcpy(e->addr.ll.sll_addr, i->hwaddr, sizeof(i->hwaddr));
	e->broadcast = e->addr;
	memcpy(e->broadcast.ll.sll_addr, i->hwbroadcast, sizeof(i->hwbroadcast));
	e->ifa.ifa_broadaddr = (struct sockaddr *)&e->broadcast;
}

/* All rows, as an array. Return: how many, or -1 with errno. */
static int all_rows(const char *owner, struct shim_interface **rows)
{
	struct shim_walk walk = { .owner = owner };
	const struct shim_interface *i;
	struct shim_interface *more;
	int n = 0;

	*rows = NULL;
	while ((i = shim_next_interface(&walk))) {
		if (!(n & (n - 1))) {
			more = realloc(*rows, (n ? 2 * (size_t)n : 1) * sizeof(*i));
			if (!more) {
				walk.err = ENOMEM;
				break;
			}
			*rows = more;
		}
		(*rows)[n++] = *i;
	}
	if (!walk.err)
		return n;
	free(*rows);
	errno = walk.err;
	return -1;
}

/* One piece of memory, as glibc's, whose freeifaddrs() is free(). */
SHIM_EXPORT int getifaddrs(struct ifaddrs **list)
{
	const char *owner = shim_owner();
	struct shim_interface *rows;
	struct entry *entries;
	int i, n;

	if (!owner)
		return shim_next_getifaddrs()(list);
	n = all_rows(owner, &rows);
	if (n < 0)
		return -1;
	entries = calloc((size_t)n + !n, sizeof(*entries));
	for (i = 0; entries && i < n; i++) {
		fill(&entries[i], &rows[i]);
		entries[i].ifa.ifa_next = i + 1 < n ? &entries[i + 1].ifa : NULL;
	}
	free(rows);
	if (!entries)
		return -1;
	*list = &entries->ifa;
	return 0;
}

/* 0 with ENODEV: there is none. */
SHIM_EXPORT unsigned int if_nametoindex(const char *name)
{
	const char *owner = shim_owner();
	struct shim_walk walk = { .owner = owner };
	const struct shim_interface *i;

	if (!owner)
		return shim_next_if_nametoindex()(name);
	while ((i = shim_next_interface(&walk)))
		if (!strncmp(i->name, name, sizeof(i->name)))
			return i->index;
	errno = walk.err ? walk.err : ENODEV;
	return 0;
}

/* NULL with ENXIO: there is none. */
SHIM_EXPORT char *if_indextoname(unsigned int index, char name[16])
{
	const char *owner = shim_owner();
	struct shim_walk walk = { .owner = owner };
	const struct shim_interface *i;

	if (!owner)
		return shim_next_if_indextoname()(index, name);
	while ((i = shim_next_interface(&walk)))
		if (i->index == index)
			return memcpy(name, i->name, sizeof(i->name));
	errno = walk.err ? walk.err : ENXIO;
	return NULL;
}

/* An array whose last entry is zeros, each name by itself: glibc frees it so. */
SHIM_EXPORT struct if_nameindex *if_nameindex(void)
{
	const char *owner = shim_owner();
	struct if_nameindex *names;
	struct shim_interface *rows;
	int i, n;

	if (!owner)
		return shim_next_if_nameindex()();
	n = all_rows(owner, &rows);
	if (n < 0)
		return NULL;
	names = calloc((size_t)n + 1, sizeof(*names));
	for (i = 0; names && i < n && !rows[i].is_address; i++) {
		names[i].if_index = rows[i].index;
		names[i].if_name = strdup(rows[i].name);
		if (!names[i].if_name) {
			if_freenameindex(names);
			names = NULL;
		}
	}
	free(rows);
	return names;
}
