/* SPDX-License-Identifier: BSD-2-Clause */
/* The socket-semantics suite: interfaces, by ioctl() and by libc. */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "body.h"

#define COMPARED (IFF_UP | IFF_BROADCAST | IFF_LOOPBACK | IFF_MULTICAST | IFF_POINTOPOINT)

/* "own", "lo" or the address. */
static const char *address_text(const struct sockaddr *sa)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)sa;

	if (!sa || sa->sa_family != AF_INET)
		return sa ? "of another family" : "none";
	if (in->sin_addr.s_addr == own_address().sin_addr.s_addr)
		return "own";
	return inet_ntoa(in->sin_addr);
}

/* A case of several of one name. */
static const char *numbered(const char *name)
{
	static char text[64];
	static int n;

	snprintf(text, sizeof(text), "%s_%d", name, n++);
	return text;
}

/* The name of the interface that has our address, from SIOCGIFCONF. */
static void by_conf(int fd, char *name)
{
	struct ifreq ifr[8] = { 0 };
	struct ifconf conf = { .ifc_len = sizeof(ifr), .ifc_req = ifr };
	struct ifconf size = { .ifc_len = 0, .ifc_buf = NULL };
	struct ifconf little = { .ifc_len = (int)sizeof(*ifr) + 3, .ifc_req = ifr };
	int i;

	/* All entries, a size, and room for one. */
	said_result("if_conf_little", ioctl(fd, SIOCGIFCONF, &little));
	said("if_conf_little_len", "%d of %zu", little.ifc_len, sizeof(*ifr));
	said_result("if_conf_size", ioctl(fd, SIOCGIFCONF, &size));
	said("if_conf_size_len", "%d", size.ifc_len);
	said_result("if_conf", ioctl(fd, SIOCGIFCONF, &conf));
	said("if_conf_len", "%d", conf.ifc_len);
	for (i = 0; i < conf.ifc_len / (int)sizeof(*ifr); i++) {
		said(numbered("if_conf_entry"), "%s %s", ifr[i].ifr_name,
		     address_text(&ifr[i].ifr_addr));
		if (!strcmp(address_text(&ifr[i].ifr_addr), "own"))
			memcpy(name, ifr[i].ifr_name, IFNAMSIZ);
	}
}

static void one(int fd, const char *name)
{
	static const struct {
		const char *name;
		unsigned long request;
	} addresses[] = {
		{ "if_addr", SIOCGIFADDR }, { "if_netmask", SIOCGIFNETMASK },
		{ "if_brdaddr", SIOCGIFBRDADDR }, { "if_dstaddr", SIOCGIFDSTADDR },
	};
	struct ifreq ifr = { 0 };
	char text[64];
	size_t i;

	for (i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		memset(&ifr, 0, sizeof(ifr));
		snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
		snprintf(text, sizeof(text), "%s_of_%s", addresses[i].name, name);
		said_result(text, ioctl(fd, addresses[i].request, &ifr));
		strcat(text, "_is");
		said(text, "%d %s", ifr.ifr_addr.sa_family, address_text(&ifr.ifr_addr));
	}
	snprintf(text, sizeof(text), "if_flags_of_%s", name);
	ioctl(fd, SIOCGIFFLAGS, &ifr);
	said(text, "%x", ifr.ifr_flags & COMPARED);
	snprintf(text, sizeof(text), "if_mtu_of_%s", name);
	ioctl(fd, SIOCGIFMTU, &ifr);
	said(text, "%d", ifr.ifr_mtu);
	snprintf(text, sizeof(text), "if_metric_of_%s", name);
	said(text, "%d %d", ioctl(fd, SIOCGIFMETRIC, &ifr), ifr.ifr_metric);
	snprintf(text, sizeof(text), "if_hwaddr_of_%s", name);
	ioctl(fd, SIOCGIFHWADDR, &ifr);
	said(text, "type %d, %s", ifr.ifr_hwaddr.sa_family,
	     memcmp(ifr.ifr_hwaddr.sa_data, "\0\0\0\0\0", 6) ? "an address" : "none");
}

/* Name, number and name again; and what there is not. */
static void numbers(int fd, const char *name)
{
	struct ifreq ifr = { 0 };
	char back[IFNAMSIZ] = "";
	unsigned int index = if_nametoindex(name);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	ioctl(fd, SIOCGIFINDEX, &ifr);
	said("if_index", "%s", index && ifr.ifr_ifindex == (int)index ? "same" : "other");
	memset(ifr.ifr_name, 0, sizeof(ifr.ifr_name));
	said_result("if_name", ioctl(fd, SIOCGIFNAME, &ifr));
	said("if_name_is", "%s", ifr.ifr_name);
	said("if_indextoname", "%s", if_indextoname(index, back) ? back : "NULL");
	said_result("if_nametoindex_none", if_nametoindex("none7") ? 0 : -1);
	said_result("if_indextoname_none", if_indextoname(12345, back) ? 0 : -1);
	ifr.ifr_ifindex = 12345;
	said_result("if_name_none", ioctl(fd, SIOCGIFNAME, &ifr));
	strcpy(ifr.ifr_name, "none7");
	said_result("if_addr_none", ioctl(fd, SIOCGIFADDR, &ifr));
	said_result("if_flags_none", ioctl(fd, SIOCGIFFLAGS, &ifr));
	said_result("if_conf_null", ioctl(fd, SIOCGIFCONF, NULL));
	said_result("if_unknown", ioctl(fd, 0x89e5, &ifr));
}

/* getifaddrs() and if_nameindex(), of the loopback and our own interface. */
static void lists(const char *name)
{
	struct if_nameindex *names = if_nameindex(), *n;
	struct ifaddrs *all = NULL, *i;
	struct sockaddr_ll *ll;

	for (n = names; n && n->if_name; n++)
		said(numbered("if_nameindex"), "%s", !strcmp(n->if_name, "lo") ||
		     !strcmp(n->if_name, name) ? n->if_name : "?");
	if (names)
		if_freenameindex(names);
	said_result("if_getifaddrs", getifaddrs(&all));
	for (i = all; i; i = i->ifa_next) {
		ll = (struct sockaddr_ll *)i->ifa_addr;
		if (ll && ll->sll_family == AF_PACKET)
			said(numbered("if_packet"), "%s type %d, %d bytes, flags %x", i->ifa_name,
			     ll->sll_hatype, ll->sll_halen, i->ifa_flags & COMPARED);
		else if (ll && ll->sll_family == AF_INET)
			said(numbered("if_inet"), "%s %s flags %x", i->ifa_name,
			     address_text(i->ifa_addr), i->ifa_flags & COMPARED);
		if (ll && ll->sll_family == AF_INET)
			said(numbered("if_mask"), "%s", address_text(i->ifa_netmask));
	}
	freeifaddrs(all);
}

void test_interfaces(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), stream = tcp();
	char name[IFNAMSIZ] = "";

	by_conf(fd, name);
	one(fd, "lo");
	one(stream, name);
	numbers(stream, name);
	lists(name);
	close(stream);
	close(fd);
}
