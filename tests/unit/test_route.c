/* SPDX-License-Identifier: BSD-2-Clause */
/* route.c, fib_*.c, devinet.c: routes as text, lookups, sources, exceptions. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "attack.h"
#include "fixture.h"
#include "ipv4/devinet.h"
#include "ipv4/fib.h"
#include "ipv4/ip.h"
#include "ipv4/route_cache.h"
#include "lib/err.h"
#include "sockets.h"

static struct fx f;
static struct fx_pkt p;
static u8 frame[2048];
static struct net_device *dev1;
static const u8 mac1[ETH_ALEN] = { 2, 0, 0, 0, 1, 2 };

#define A FX_ADDR

static int setup(void **state)
{
	fx_setup(state);
	dev1 = fx_add_dev(&f, "test1", mac1, "10.1.0.2/24");
	fx_advance(&f, 3 * FX_SEC);
	fx_flush(&f);
	fx_mark(&f);
	return 0;
}

/* The same, watched. */
static int setup_watched(void **state)
{
	setup(state);
	attack_begin(&f);
	return 0;
}

static void add(const char *route)
{
	if (inet_route_add(f.net, route))
		fail_msg("%s: %s", route, inet_strerror(f.net));
}

static void del(const char *route)
{
	if (inet_route_del(f.net, route))
		fail_msg("%s: %s", route, inet_strerror(f.net));
}

static void routes_are(const char *want)
{
	assert_string_equal(fx_show(&f, inet_route_show), want);
}

#define CONNECTED \
	"10.0.0.0/24 dev test0 proto kernel scope link src 10.0.0.2\n" \
	"10.1.0.0/24 dev test1 proto kernel scope link src 10.1.0.2\n"

/* The answer for @daddr: kept in @fl4 and returned, with a reference. */
static struct rtable *route(__be32 daddr, struct flowi4 *fl4)
{
	memset(fl4, 0, sizeof(*fl4));
	fl4->daddr = daddr;
	return ip_route_output_flow(f.net, fl4, NULL);
}

/* It leaves by @dev to @gw from @saddr. */
static void leads(__be32 daddr, struct net_device *dev, __be32 gw, __be32 saddr)
{
	struct flowi4 fl4;
	struct rtable *rt = route(daddr, &fl4);

	assert_false(IS_ERR(rt));
	assert_ptr_equal(rt->dst.dev, dev);
	assert_int_equal(rt->rt_gw4, gw);
	assert_int_equal(fl4.saddr, saddr);
	assert_int_equal(fl4.oif, dev->ifindex);
	dst_release(&rt->dst);
}

static void fails(__be32 daddr, int err)
{
	struct flowi4 fl4;
	struct rtable *rt = route(daddr, &fl4);

	assert_true(IS_ERR(rt));
	assert_int_equal(PTR_ERR(rt), err);
}

/* ---- as text ---------------------------------------------------------------- */

/* @req 1122-3.3.1.1 */
static void table_fresh_has_the_connected_networks(void **state)
{
	(void)state;
	routes_are(CONNECTED);
	leads(FX_PEER, f.dev, 0, FX_IP);
	leads(A(10, 1, 0, 77), dev1, 0, A(10, 1, 0, 2));
	fails(A(192, 0, 2, 1), -ENETUNREACH);
}

static void route_every_word_is_kept_and_shown(void **state)
{
	(void)state;
	add("default via 10.0.0.1");
	add("192.0.2.0/24 via 10.0.0.9 dev test0 metric 10 src 10.0.0.2 "
	    "mtu 1400 advmss 1300 proto static");
	add("192.0.3.0/24 dev test1 scope link");
	add("192.0.4.1 via 172.16.0.1 dev test1 onlink mtu lock 1300");
	add("unreachable 192.0.5.0/24");
	add("blackhole 192.0.6.0/24");
	add("prohibit 192.0.7.0/24 metric 7");
	add("throw 192.0.8.0/24");
	add("unicast 192.0.9.0/24 dev test0");
	routes_are("default via 10.0.0.1 dev test0\n"
		   CONNECTED
		   "192.0.2.0/24 via 10.0.0.9 dev test0 proto static "
		   "src 10.0.0.2 metric 10 mtu 1400 advmss 1300\n"
		   "192.0.3.0/24 dev test1 scope link\n"
		   "192.0.4.1 via 172.16.0.1 dev test1 mtu lock 1300 onlink\n"
		   "unreachable 192.0.5.0/24\n"
		   "blackhole 192.0.6.0/24\n"
		   "prohibit 192.0.7.0/24 metric 7\n"
		   "throw 192.0.8.0/24\n"
		   "192.0.9.0/24 dev test0 scope link\n");
	leads(A(192, 0, 2, 7), f.dev, A(10, 0, 0, 9), FX_IP);
	leads(A(192, 0, 4, 1), dev1, A(172, 16, 0, 1), A(10, 1, 0, 2));
	leads(A(192, 0, 4, 2), f.dev, FX_PEER, FX_IP);
	fails(A(192, 0, 5, 1), -EHOSTUNREACH);
	fails(A(192, 0, 6, 1), -EINVAL);
	fails(A(192, 0, 7, 1), -EACCES);
	fails(A(192, 0, 8, 1), -ENETUNREACH);
}

static void route_nonsense_is_refused_with_a_sentence(void **state)
{
	static const struct {
		const char *text, *says;
		int err;
	} bad[] = {
		{ "", "at its end: a prefix is wanted", EINVAL },
		{ "10.2.0.0/33 dev test0", "word 1, \"10.2.0.0/33\"", EINVAL },
		{ "10.2.0.0/x dev test0", "word 1", EINVAL },
		{ "10.2/16 dev test0", "word 1", EINVAL },
		{ "10.2.0.1/16 dev test0", "beyond the prefix length", EINVAL },
		{ "unreachable", "at its end", EINVAL },
		{ "default", "needs a gateway", ENODEV },
		{ "default via", "at its end: an address", EINVAL },
		{ "default via 10.0.0.1/24", "word 3", EINVAL },
		{ "default via 10.0.0.300", "word 3, \"10.0.0.300\"", EINVAL },
		{ "default dev nope", "word 3, \"nope\": there is no such device", ENODEV },
		{ "default via 10.0.0.1 metric", "a number is wanted", EINVAL },
		{ "default via 10.0.0.1 metric 99999999999", "not in 0..4294967295", EINVAL },
		{ "default via 10.0.0.1 metric -1", "a number is wanted", EINVAL },
		{ "default via 10.0.0.1 mtu 67", "not in 68..65535", EINVAL },
		{ "default via 10.0.0.1 mtu lock", "a number is wanted", EINVAL },
		{ "default via 10.0.0.1 speed 9", "word 4, \"speed\"", EINVAL },
		{ "default via 10.0.0.1 scope wide", "a scope is", EINVAL },
		{ "default via 10.0.0.1 proto bgp", "a proto is", EINVAL },
		{ "default via 192.168.1.1", "Nexthop has invalid gateway", ENETUNREACH },
		{ "default via 10.0.0.2", "Nexthop has invalid gateway", EINVAL },
		{ "default via 10.0.0.255", "Nexthop has invalid gateway", EINVAL },
		{ "default via 10.0.0.1 dev test1", "Nexthop has invalid gateway", ENETUNREACH },
		{ "default via 172.16.0.1 onlink", "onlink needs a device", EINVAL },
		{ "default via 10.0.0.1 src 10.0.0.7", "Invalid prefsrc", EINVAL },
		{ "unreachable 10.2.0.0/16 via 10.0.0.1", "neither gateway", EINVAL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		errno = 0;
		if (!inet_route_add(f.net, bad[i].text))
			fail_msg("\"%s\" was taken", bad[i].text);
		if (errno != bad[i].err ||
		    !strstr(inet_strerror(f.net), bad[i].says))
			fail_msg("\"%s\": errno %d, \"%s\"", bad[i].text, errno,
				 inet_strerror(f.net));
	}
	routes_are(CONNECTED);
}

static void route_same_metric_twice_exists(void **state)
{
	(void)state;
	add("default via 10.0.0.1");
	assert_int_equal(inet_route_add(f.net, "default via 10.0.0.9"), -1);
	assert_int_equal(errno, EEXIST);
	assert_non_null(strstr(inet_strerror(f.net), "default"));
	add("default via 10.0.0.9 metric 5");
	add("default via 10.1.0.1 metric 3");
	leads(A(192, 0, 2, 1), f.dev, FX_PEER, FX_IP);
	del("default via 10.0.0.1");
	leads(A(192, 0, 2, 1), dev1, A(10, 1, 0, 1), A(10, 1, 0, 2));
	del("default metric 3");
	leads(A(192, 0, 2, 1), f.dev, A(10, 0, 0, 9), FX_IP);
	assert_int_equal(inet_route_del(f.net, "default metric 3"), -1);
	assert_int_equal(errno, ESRCH);
	del("default");
	fails(A(192, 0, 2, 1), -ENETUNREACH);
}

/* @req 1122-3.2.1.3a */
static void longest_prefix_wins(void **state)
{
	(void)state;
	add("default via 10.0.0.1");
	add("192.0.0.0/8 via 10.0.0.11");
	add("192.0.2.0/24 via 10.1.0.1");
	add("192.0.2.128/25 via 10.0.0.13");
	add("192.0.2.129 via 10.1.0.14");
	leads(A(8, 8, 8, 8), f.dev, FX_PEER, FX_IP);
	leads(A(192, 0, 3, 1), f.dev, A(10, 0, 0, 11), FX_IP);
	leads(A(192, 0, 2, 127), dev1, A(10, 1, 0, 1), A(10, 1, 0, 2));
	leads(A(192, 0, 2, 128), f.dev, A(10, 0, 0, 13), FX_IP);
	leads(A(192, 0, 2, 129), dev1, A(10, 1, 0, 14), A(10, 1, 0, 2));
}

/* ---- devices and addresses ----------------------------------------------------- */

static void device_down_and_up_takes_and_brings_the_connected(void **state)
{
	(void)state;
	add("default via 10.1.0.1");
	assert_int_equal(inet_netdev_down(dev1), 0);
	routes_are("10.0.0.0/24 dev test0 proto kernel scope link src 10.0.0.2\n");
	fails(A(10, 1, 0, 7), -ENETUNREACH);
	/* its address is still ours (the weak model) */
	assert_int_equal(inet_addr_type(f.net, A(10, 1, 0, 2)), RTN_LOCAL);
	assert_int_equal(inet_route_add(f.net, "10.5.0.0/16 dev test1"), -1);
	assert_int_equal(errno, ENETDOWN);
	assert_int_equal(inet_netdev_up(dev1), 0);
	routes_are(CONNECTED);
	leads(A(10, 1, 0, 7), dev1, 0, A(10, 1, 0, 2));
}

static void device_closed_takes_everything(void **state)
{
	struct flowi4 fl4;
	struct rtable *rt;

	(void)state;
	add("default via 10.1.0.1");
	rt = route(A(8, 8, 8, 8), &fl4);
	assert_false(IS_ERR(rt));
	assert_int_equal(inet_netdev_close(dev1), 0);
	f.nr_devs--;
	free(f.devs[f.nr_devs]);
	fx_run(&f);
	routes_are("10.0.0.0/24 dev test0 proto kernel scope link src 10.0.0.2\n");
	assert_int_equal(inet_addr_type(f.net, A(10, 1, 0, 2)), RTN_UNICAST);
	/* who held the route holds one that leads nowhere */
	assert_null(rt->dst.ops->check(&rt->dst, 0));
	assert_ptr_equal(rt->dst.dev, f.net->loopback_dev);
	dst_release(&rt->dst);
	fx_run(&f);
}

static void address_added_and_deleted_brings_and_takes_routes(void **state)
{
	(void)state;
	assert_int_equal(inet_addr_add(f.dev, "172.16.5.1/16"), 0);
	assert_int_equal(inet_addr_type(f.net, A(172, 16, 5, 1)), RTN_LOCAL);
	assert_int_equal(inet_addr_type(f.net, A(172, 16, 255, 255)),
			 RTN_BROADCAST);
	assert_int_equal(inet_addr_type(f.net, A(172, 16, 0, 0)), RTN_UNICAST);
	leads(A(172, 16, 9, 9), f.dev, 0, A(172, 16, 5, 1));
	add("192.0.2.0/24 via 172.16.0.9 src 172.16.5.1");
	assert_int_equal(inet_addr_del(f.dev, "172.16.5.1/16"), 0);
	/* and those that preferred it as a source */
	routes_are(CONNECTED);
}

static void address_second_of_a_network_takes_over(void **state)
{
	(void)state;
	assert_int_equal(inet_addr_add(f.dev, "10.0.0.3/24"), 0);
	assert_non_null(strstr(fx_show(&f, inet_addr_show),
			       "10.0.0.3/24 brd 10.0.0.255 scope global secondary test0"));
	leads(FX_PEER, f.dev, 0, FX_IP);
	assert_int_equal(inet_addr_del(f.dev, "10.0.0.2"), 0);
	leads(FX_PEER, f.dev, 0, A(10, 0, 0, 3));
	assert_int_equal(inet_addr_type(f.net, A(10, 0, 0, 255)),
			 RTN_BROADCAST);
	assert_null(strstr(fx_show(&f, inet_addr_show), "secondary"));
	assert_int_equal(inet_addr_del(f.dev, "10.0.0.3"), 0);
	fails(FX_PEER, -ENETUNREACH);
	assert_int_equal(inet_addr_type(f.net, A(10, 0, 0, 255)), RTN_UNICAST);
}

/* Without an address there is no source to send from: routes by the device that
 * were added by hand go too, as on Linux. */
/* @req 1122-3.2.1.3b */
static void address_last_of_a_device_takes_all_routes(void **state)
{
	(void)state;
	add("default via 10.0.0.1");
	add("192.0.2.0/24 dev test0");
	leads(A(192, 0, 2, 1), f.dev, 0, FX_IP);
	assert_int_equal(inet_addr_add(f.dev, "10.0.0.3/24"), 0);
	assert_int_equal(inet_addr_del(f.dev, "10.0.0.2"), 0);
	leads(A(192, 0, 2, 1), f.dev, 0, A(10, 0, 0, 3));
	assert_int_equal(inet_addr_del(f.dev, "10.0.0.3"), 0);
	fails(A(192, 0, 2, 1), -ENETUNREACH);
	fails(A(198, 51, 100, 1), -ENETUNREACH);
	assert_null(strstr(fx_show(&f, inet_route_show), "test0"));
}

/* What there is of addresses and routes, those of the table local counted. */
struct sight {
	char text[1024];
	u32 nr;
};

static void look(struct sight *s)
{
	size_t n;

	memset(s, 0, sizeof(*s));
	n = (size_t)snprintf(s->text, 512, "%s", fx_show(&f, inet_addr_show));
	snprintf(s->text + n, sizeof(s->text) - n, "%s",
		 fx_show(&f, inet_route_show));
	s->nr = f.net->ipv4.fib->nr;
}

static int up(struct net_device *dev, const char *text)
{
	(void)text;
	return inet_netdev_up(dev);
}

/* Whichever allocation of @call fails: all is as before and the error says
 * so, or it is @whole. */
static void whole_or_refused(int (*call)(struct net_device *, const char *),
			     const char *text, const struct sight *whole)
{
	struct sight before, now;
	int ret, n, refused = 0;
	bool failed;

	look(&before);
	for (n = 1, failed = true; failed; n++) {
		errno = 0;
		mem_fail_nth(&f.net->mem, (u64)n);
		ret = call(dev1, text);
		failed = mem_failed(&f.net->mem);
		mem_fail_nth(&f.net->mem, 0);
		look(&now);
		if (!ret)
			break;
		assert_int_equal(errno, ENOMEM);
		assert_non_null(strstr(inet_strerror(f.net), "memory"));
		assert_memory_equal(&now, &before, sizeof(now));
		fx_run(&f);
		refused++;
	}
	assert_true(refused >= 2);
	assert_memory_equal(&now, whole, sizeof(now));
}

static void address_without_memory_is_refused_wholly(void **state)
{
	struct sight whole;

	(void)state;
	assert_int_equal(inet_addr_add(dev1, "172.16.5.1/16"), 0);
	look(&whole);
	assert_int_equal(inet_addr_del(dev1, "172.16.5.1/16"), 0);
	fx_run(&f);
	whole_or_refused(inet_addr_add, "172.16.5.1/16", &whole);
}

static void address_whose_heir_has_no_memory_stays(void **state)
{
	struct sight whole;

	(void)state;
	assert_int_equal(inet_addr_add(dev1, "10.1.0.3/24"), 0);
	assert_int_equal(inet_addr_del(dev1, "10.1.0.2"), 0);
	look(&whole);
	assert_int_equal(inet_addr_add(dev1, "10.1.0.2/24"), 0);
	assert_int_equal(inet_addr_del(dev1, "10.1.0.3"), 0);
	assert_int_equal(inet_addr_add(dev1, "10.1.0.3/24"), 0);
	fx_run(&f);
	whole_or_refused(inet_addr_del, "10.1.0.2", &whole);
}

static void device_without_memory_for_its_networks_stays_down(void **state)
{
	struct sight whole;

	(void)state;
	look(&whole);
	assert_int_equal(inet_netdev_down(dev1), 0);
	fx_run(&f);
	whole_or_refused(up, NULL, &whole);
}

/* A host may have one address on two devices, or with two prefixes. */
static void address_that_is_there_twice_stays_with_its_routes(void **state)
{
	struct sight before, now;

	(void)state;
	look(&before);
	assert_int_equal(inet_addr_add(f.dev, "10.1.0.2/24"), 0);
	assert_int_equal(inet_addr_del(f.dev, "10.1.0.2/24"), 0);
	look(&now);
	assert_memory_equal(&now, &before, sizeof(now));
	assert_int_equal(inet_addr_type(f.net, A(10, 1, 0, 2)), RTN_LOCAL);
	assert_int_equal(inet_addr_add(dev1, "10.1.0.2/16 brd 10.1.0.255"), 0);
	assert_int_equal(inet_addr_del(dev1, "10.1.0.2/16"), 0);
	look(&now);
	assert_memory_equal(&now, &before, sizeof(now));
	leads(A(10, 1, 0, 77), dev1, 0, A(10, 1, 0, 2));
}

static void address_nonsense_is_refused_with_a_sentence(void **state)
{
	static const char *const bad[] = {
		"", "10.0.0", "10.0.0.5/33", "10.0.0.5/", "10.0.0.5/24 brd",
		"10.0.0.5/24 broadcast 10.0.0.256", "10.0.0.5/24 x 10.0.0.255",
		"0.0.0.0/8", "224.0.0.1/24", "240.0.0.1/24", "10.3.0.0/24",
		"10.3.0.255/24", "fe80::1/64",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(inet_addr_add(f.dev, bad[i]), -1);
		assert_int_equal(errno, EINVAL);
		assert_non_null(strstr(inet_strerror(f.net), "test0"));
	}
	assert_int_equal(inet_addr_add(f.dev, "10.0.0.2/24"), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(inet_addr_del(f.dev, "10.0.0.77/24"), -1);
	assert_int_equal(errno, EADDRNOTAVAIL);
	routes_are(CONNECTED);
}

static void address_point_to_point_31_has_no_broadcast(void **state)
{
	(void)state;
	assert_int_equal(inet_addr_add(f.dev, "172.16.5.0/31"), 0);
	leads(A(172, 16, 5, 1), f.dev, 0, A(172, 16, 5, 0));
	assert_int_equal(inet_addr_add(f.dev, "172.16.6.7"), 0);
	assert_int_equal(inet_addr_type(f.net, A(172, 16, 6, 7)), RTN_LOCAL);
}

/* ---- output ----------------------------------------------------------------------- */

static void destination_of_ours_goes_by_lo(void **state)
{
	struct net_device *lo = f.net->loopback_dev;

	(void)state;
	leads(FX_IP, lo, 0, FX_IP);
	leads(A(10, 1, 0, 2), lo, 0, A(10, 1, 0, 2));
	leads(A(127, 0, 0, 1), lo, 0, A(127, 0, 0, 1));
	leads(A(127, 3, 2, 1), lo, 0, A(127, 0, 0, 1));
	leads(0, lo, 0, A(127, 0, 0, 1));
}

/* @req 1122-3.2.1.3b @req 1122-3.3.6b */
static void source_that_is_not_ours_is_refused(void **state)
{
	struct flowi4 fl4 = { .daddr = FX_PEER, .saddr = A(10, 0, 0, 77) };
	struct rtable *rt;

	(void)state;
	assert_int_equal(PTR_ERR(ip_route_output_flow(f.net, &fl4, NULL)),
			 -ENETUNREACH);		/* as on Linux */
	fl4 = (struct flowi4){ .daddr = FX_PEER, .saddr = A(10, 0, 0, 255) };
	assert_true(IS_ERR(ip_route_output_flow(f.net, &fl4, NULL)));
	fl4 = (struct flowi4){ .daddr = FX_PEER, .saddr = A(255, 255, 255, 255) };
	assert_int_equal(PTR_ERR(ip_route_output_flow(f.net, &fl4, NULL)),
			 -EINVAL);
	fl4 = (struct flowi4){ .daddr = FX_PEER, .saddr = A(127, 0, 0, 1) };
	assert_true(IS_ERR(ip_route_output_flow(f.net, &fl4, NULL)));
	fl4 = (struct flowi4){ .daddr = FX_PEER, .saddr = A(10, 0, 0, 77),
			       .flags = FLOWI_FLAG_ANYSRC };
	rt = ip_route_output_flow(f.net, &fl4, NULL);
	assert_false(IS_ERR(rt));
	dst_release(&rt->dst);
}

static void device_bound_flow_stays_on_its_device(void **state)
{
	struct flowi4 fl4 = { .daddr = A(192, 0, 2, 1) };
	struct rtable *rt;

	(void)state;
	add("default via 10.0.0.1");
	add("default via 10.1.0.1 metric 9");
	fl4.oif = dev1->ifindex;
	rt = ip_route_output_flow(f.net, &fl4, NULL);
	assert_false(IS_ERR(rt));
	assert_ptr_equal(rt->dst.dev, dev1);
	assert_int_equal(fl4.saddr, A(10, 1, 0, 2));
	dst_release(&rt->dst);
	fl4 = (struct flowi4){ .daddr = A(255, 255, 255, 255),
			       .oif = dev1->ifindex };
	rt = ip_route_output_flow(f.net, &fl4, NULL);
	assert_false(IS_ERR(rt));
	assert_true(rt->rt_flags & RTCF_BROADCAST);
	assert_ptr_equal(rt->dst.dev, dev1);
	dst_release(&rt->dst);
	fl4 = (struct flowi4){ .daddr = FX_PEER, .oif = 99 };
	assert_int_equal(PTR_ERR(ip_route_output_flow(f.net, &fl4, NULL)),
			 -ENODEV);
}

static void broadcast_and_group_are_known(void **state)
{
	struct flowi4 fl4;
	struct rtable *rt;

	(void)state;
	rt = route(A(10, 0, 0, 255), &fl4);
	assert_false(IS_ERR(rt));
	assert_true(rt->rt_flags & RTCF_BROADCAST);
	dst_release(&rt->dst);
	fails(A(239, 1, 2, 3), -ENETUNREACH);
	add("default via 10.0.0.1");
	rt = route(A(239, 1, 2, 3), &fl4);
	assert_false(IS_ERR(rt));
	assert_true(rt->rt_flags & RTCF_MULTICAST);
	assert_int_equal(rt->rt_gw4, 0);
	dst_release(&rt->dst);
	rt = route(A(255, 255, 255, 255), &fl4);
	assert_false(IS_ERR(rt));
	assert_true(rt->rt_flags & RTCF_BROADCAST);
	dst_release(&rt->dst);
}

/* The same next hop gives the same rtable; a change of tables another. */
static void rtable_is_shared_until_tables_change(void **state)
{
	struct rtable *a, *b;
	struct flowi4 fl4;

	(void)state;
	add("default via 10.0.0.1");
	a = route(A(192, 0, 2, 1), &fl4);
	b = route(A(198, 51, 100, 1), &fl4);
	assert_ptr_equal(a, b);
	assert_ptr_equal(a->dst.ops->check(&a->dst, 0), &a->dst);
	dst_release(&b->dst);
	add("192.0.2.0/24 via 10.0.0.9");
	assert_null(a->dst.ops->check(&a->dst, 0));
	b = route(A(198, 51, 100, 1), &fl4);
	assert_ptr_not_equal(a, b);
	dst_release(&a->dst);
	dst_release(&b->dst);
}

/* @req 1122-3.3.1.2 @req 1122-3.3.1.4a */
static void gateway_silent_the_next_is_used(void **state)
{
	static const u8 gw2[ETH_ALEN] = { 2, 0, 0, 0, 0, 0x13 };

	(void)state;
	add("default via 10.0.0.1");
	add("default via 10.0.0.13 metric 10");
	leads(A(8, 8, 8, 8), f.dev, FX_PEER, FX_IP);
	fx_send(&f, A(8, 8, 8, 8), 253, "x", 1);
	fx_advance(&f, 4 * FX_SEC);
	fx_flush(&f);
	leads(A(8, 8, 8, 8), f.dev, A(10, 0, 0, 13), FX_IP);
	fx_send(&f, A(8, 8, 8, 8), 253, "x", 1);
	fx_expect(&f, &p);
	assert_int_equal(p.arp.tip, A(10, 0, 0, 13));
	fx_arp_reply(&f, A(10, 0, 0, 13), gw2);
	fx_expect(&f, &p);
	assert_int_equal(p.ip->daddr, A(8, 8, 8, 8));
	assert_memory_equal(p.eth->h_dest, gw2, ETH_ALEN);
	/* a minute later the first one has another chance */
	fx_advance(&f, 61 * FX_SEC);
	leads(A(8, 8, 8, 8), f.dev, FX_PEER, FX_IP);
}

/* How many questions about @daddr the softnet would not ask again. */
static u32 remembered(__be32 daddr)
{
	const struct rt_output *output = f.net->ipv4.rt->output;
	u32 i, nr = 0;

	for (i = 0; i < 1u << RT_OUTPUT_SHIFT; i++)
		nr += output[i].daddr == daddr && rt_is_valid(output[i].rt);
	return nr;
}

static void answer_is_remembered_until_tables_change(void **state)
{
	struct flowi4 fl4 = { .daddr = A(8, 8, 8, 8), .saddr = FX_IP };
	struct rtable *rt;

	(void)state;
	add("default via 10.0.0.1");
	leads(A(8, 8, 8, 8), f.dev, FX_PEER, FX_IP);
	leads(A(8, 8, 8, 8), f.dev, FX_PEER, FX_IP);
	assert_int_equal(remembered(A(8, 8, 8, 8)), 1);
	rt = ip_route_output_flow(f.net, &fl4, NULL);	/* another question */
	dst_release(&rt->dst);
	assert_int_equal(remembered(A(8, 8, 8, 8)), 2);
	add("8.8.0.0/16 via 10.0.0.13");
	assert_int_equal(remembered(A(8, 8, 8, 8)), 0);
	leads(A(8, 8, 8, 8), f.dev, A(10, 0, 0, 13), FX_IP);
	/* which of several gateways is used may change at any time */
	add("8.8.0.0/16 via 10.0.0.14 metric 10");
	leads(A(8, 8, 8, 8), f.dev, A(10, 0, 0, 13), FX_IP);
	assert_int_equal(remembered(A(8, 8, 8, 8)), 0);
}

/* ---- input ------------------------------------------------------------------------ */

/* A packet of an unknown protocol, so that a delivered one is NOPROTO. */
static void receive(__be32 saddr, __be32 daddr)
{
	struct fx_ip ip = { .saddr = saddr, .daddr = daddr, .proto = 253,
			    .zero_saddr = true, .zero_daddr = true };

	fx_mark(&f);
	fx_inject(&f, frame, fx_build_ip(frame, &ip, "12345678", 8));
	fx_flush(&f);
}

/* @attack I3 @req 1122-3.2.1.3d @req RFC9293:MUST-63 */
static void source_that_cannot_be_on_a_wire_is_dropped(void **state)
{
	static const __be32 bad[] = {
		FX_IP, A(10, 1, 0, 2), A(127, 0, 0, 1), A(127, 9, 9, 9), 0,
		A(0, 1, 2, 3), A(255, 255, 255, 255), A(224, 0, 0, 1),
		A(239, 255, 255, 255), A(240, 0, 0, 1), A(10, 0, 0, 255),
		A(10, 1, 0, 255),
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		receive(bad[i], FX_IP);
		fx_assert_dropped(&f, SKB_DROP_REASON_IP_MARTIAN_SOURCE, 1);
		if (bad[i]) {	/* 0.0.0.0 may ask everybody */
			receive(bad[i], A(255, 255, 255, 255));
			fx_assert_dropped(&f,
					  SKB_DROP_REASON_IP_MARTIAN_SOURCE, 1);
		}
	}
	receive(FX_PEER, FX_IP);
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_NOPROTO, 1);
}

/* @req 1122-3.1c */
static void discards_are_counted_and_logged_if_asked(void **state)
{
	u64 before, after;
	u32 lines;

	(void)state;
	fx_sysctl(&f, "net.ipv4.conf.all.log_martians", "0");
	assert_int_equal(inet_drop_get(f.net, "IP_MARTIAN_SOURCE", &before),
			 0);
	lines = f.nr_log;
	receive(A(127, 0, 0, 1), FX_IP);
	assert_int_equal(f.nr_log, lines);
	fx_sysctl(&f, "net.ipv4.conf.all.log_martians", "1");
	receive(A(127, 0, 0, 1), FX_IP);
	assert_int_equal(f.nr_log, lines + 1);
	assert_non_null(strstr(f.log, "127.0.0.1"));
	assert_int_equal(inet_drop_get(f.net, "IP_MARTIAN_SOURCE", &after),
			 0);
	assert_int_equal(after - before, 2);
}

static void destination_that_cannot_be_on_a_wire_is_dropped(void **state)
{
	static const __be32 bad[] = {
		A(127, 0, 0, 1), 0, A(0, 0, 0, 1), A(240, 0, 0, 1),
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		receive(FX_PEER, bad[i]);
		fx_assert_dropped(&f, SKB_DROP_REASON_IP_MARTIAN_DEST, 1);
	}
}

/* @req 1122-3.2.1.3c @req 1122-3.1b */
static void destination_of_others_is_dropped_by_a_host(void **state)
{
	(void)state;
	receive(FX_PEER, A(10, 0, 0, 77));
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_INADDRERRORS, 1);
	receive(FX_PEER, A(10, 1, 0, 77));
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_INADDRERRORS, 1);
	receive(FX_PEER, A(8, 8, 8, 8));
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_INADDRERRORS, 1);
	receive(FX_PEER, A(239, 1, 2, 3));
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_INADDRERRORS, 1);
}

/* @req 1122-3.3.4.2 */
static void address_of_another_device_is_ours_too(void **state)
{
	(void)state;
	receive(FX_PEER, A(10, 1, 0, 2));
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_NOPROTO, 1);
}

/* @req 1122-3.3.6a */
static void broadcast_forms_are_recognised(void **state)
{
	static const __be32 forms[] = {
		A(255, 255, 255, 255), A(10, 0, 0, 255),
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(forms); i++) {
		receive(FX_PEER, forms[i]);
		assert_true(fx_mib_delta(&f, MIB_IP_INBCASTPKTS) == 1);
		assert_int_equal(fx_mib_delta(&f, MIB_IP_INBCASTOCTETS), 28);
		fx_assert_dropped(&f, SKB_DROP_REASON_IP_NOPROTO, 1);
	}
}

static void group_joined_is_received_until_left(void **state)
{
	(void)state;
	receive(FX_PEER, A(224, 0, 0, 1));
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_NOPROTO, 1);
	rtnl_lock(f.net);
	assert_int_equal(ip_mc_inc_group(f.dev, A(239, 1, 2, 3)), 0);
	assert_int_equal(ip_mc_inc_group(f.dev, A(239, 1, 2, 3)), 0);
	assert_int_equal(ip_mc_inc_group(f.dev, A(10, 1, 2, 3)), -EINVAL);
	rtnl_unlock(f.net);
	receive(FX_PEER, A(239, 1, 2, 3));
	assert_true(fx_mib_delta(&f, MIB_IP_INMCASTPKTS) == 1);
	assert_int_equal(fx_mib_delta(&f, MIB_IP_INMCASTOCTETS), 28);
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_NOPROTO, 1);
	rtnl_lock(f.net);
	assert_int_equal(ip_mc_dec_group(f.dev, A(239, 1, 2, 3)), 0);
	assert_int_equal(ip_mc_dec_group(f.dev, A(239, 1, 2, 3)), 0);
	assert_int_equal(ip_mc_dec_group(f.dev, A(239, 1, 2, 3)),
			 -EADDRNOTAVAIL);
	rtnl_unlock(f.net);
	receive(FX_PEER, A(239, 1, 2, 3));
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_INADDRERRORS, 1);
}

static void rp_filter_strict_and_loose(void **state)
{
	(void)state;
	add("192.0.2.0/24 via 10.1.0.1");
	receive(A(192, 0, 2, 1), FX_IP);
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_NOPROTO, 1);
	receive(A(8, 8, 8, 8), FX_IP);
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_NOPROTO, 1);
	fx_sysctl(&f, "net.ipv4.conf.all.rp_filter", "2");
	receive(A(192, 0, 2, 1), FX_IP);
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_NOPROTO, 1);
	receive(A(8, 8, 8, 8), FX_IP);
	assert_int_equal(fx_mib_delta(&f, MIB_IP_RPFILTER), 1);
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_RPFILTER, 1);
	fx_sysctl(&f, "net.ipv4.conf.all.rp_filter", "1");
	receive(A(192, 0, 2, 1), FX_IP);
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_RPFILTER, 1);
	receive(FX_PEER, FX_IP);
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_NOPROTO, 1);
}

static void input_remembered_until_tables_change(void **state)
{
	u32 i, nr = 4u << RT_INPUT_SHIFT;

	(void)state;
	/* twice: asked, then remembered; more than there are places for */
	for (i = 0; i < 2 * nr; i++) {
		receive(cpu_to_be32(0xc0000200u + i % nr), FX_IP);
		fx_assert_dropped(&f, SKB_DROP_REASON_IP_NOPROTO, 1);
	}
	receive(FX_PEER, FX_IP);
	receive(FX_PEER, A(10, 1, 0, 2));
	assert_int_equal(inet_addr_add(f.dev, "192.0.2.9/32"), 0);
	receive(A(192, 0, 2, 9), FX_IP);	/* good before, ours now */
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_MARTIAN_SOURCE, 1);
	receive(FX_PEER, A(10, 1, 0, 2));
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_NOPROTO, 1);
	assert_int_equal(inet_addr_del(dev1, "10.1.0.2/24"), 0);
	receive(FX_PEER, A(10, 1, 0, 2));
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_INADDRERRORS, 1);
	receive(FX_PEER, FX_IP);
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_NOPROTO, 1);
}

/* ---- path MTU ----------------------------------------------------------------------- */

static u32 mtu_to(__be32 daddr)
{
	struct flowi4 fl4;
	struct rtable *rt = route(daddr, &fl4);
	u32 mtu;

	assert_false(IS_ERR(rt));
	mtu = dst_mtu(&rt->dst);
	dst_release(&rt->dst);
	return mtu;
}

/* What an ICMP about a packet of ours to @daddr makes the stack believe. */
static void told_mtu(__be32 daddr, u32 mtu)
{
	struct flowi4 fl4;
	struct rtable *rt = route(daddr, &fl4);
	struct sk_buff *quote = alloc_skb(f.net, 64);
	struct iphdr *iph = skb_put(quote, sizeof(*iph));

	assert_false(IS_ERR(rt));
	memset(iph, 0, sizeof(*iph));
	iph->ver_ihl = 0x45;
	iph->saddr = FX_IP;
	iph->daddr = daddr;
	iph->protocol = IPPROTO_UDP;
	ipv4_update_pmtu(quote, f.net, mtu, 0, IPPROTO_UDP);
	dst_release(&rt->dst);
	consume_skb(quote);
	fx_run(&f);
}

/* @attack C4 @req 1191-1 @req 1191-2 @req 1191-3 @req 1191-4 */
static void path_mtu_is_clamped_never_raised_and_expires(void **state)
{
	static const u32 low[] = { 0, 1, 67, 68, 296, 551, 552 };
	const __be32 d = A(192, 0, 2, 1);
	size_t i;

	(void)state;
	add("default via 10.0.0.1");
	for (i = 0; i < ARRAY_SIZE(low); i++) {
		told_mtu(d, low[i]);
		assert_int_equal(mtu_to(d), 552);
		told_mtu(d, 1400);	/* a Too Big does not raise */
		assert_int_equal(mtu_to(d), 552);
		fx_advance(&f, 599 * FX_SEC);
		assert_int_equal(mtu_to(d), 552);
		fx_advance(&f, 2 * FX_SEC);
		assert_int_equal(mtu_to(d), 1500);
	}
	told_mtu(d, 1400);
	assert_int_equal(mtu_to(d), 1400);
	told_mtu(d, 65535);
	assert_int_equal(mtu_to(d), 1400);
	told_mtu(d, 1300);
	assert_int_equal(mtu_to(d), 1300);
	/* nobody else's path changed */
	assert_int_equal(mtu_to(A(192, 0, 2, 2)), 1500);
	assert_int_equal(mtu_to(FX_PEER), 1500);
}

static void path_mtu_learned_makes_sockets_look_again(void **state)
{
	const __be32 d = A(192, 0, 2, 1);
	struct rtable *rt;
	struct flowi4 fl4;

	(void)state;
	add("default via 10.0.0.1");
	rt = route(d, &fl4);
	told_mtu(d, 1400);
	assert_null(rt->dst.ops->check(&rt->dst, 0));
	dst_release(&rt->dst);
	rt = route(d, &fl4);
	assert_int_equal(dst_mtu(&rt->dst), 1400);
	assert_false(rt->rt_mtu_locked);
	told_mtu(d, 100);
	dst_release(&rt->dst);
	rt = route(d, &fl4);
	assert_int_equal(dst_mtu(&rt->dst), 552);
	assert_true(rt->rt_mtu_locked);	/* no DF from now on */
	dst_release(&rt->dst);
}

static void path_mtu_of_a_locked_route_is_not_touched(void **state)
{
	(void)state;
	add("default via 10.0.0.1 mtu lock 1450");
	told_mtu(A(192, 0, 2, 1), 600);
	assert_int_equal(mtu_to(A(192, 0, 2, 1)), 1450);
	told_mtu(FX_IP, 600);
	assert_int_equal(mtu_to(FX_IP), 65535);
}

/* @attack C5 */
static void path_mtu_flood_is_bounded_and_recycles_the_oldest(void **state)
{
	struct fib_result res;
	struct flowi4 fl4 = { .daddr = A(8, 8, 8, 8) };
	u32 i;

	(void)state;
	add("default via 10.0.0.1");
	told_mtu(A(8, 8, 8, 8), 1000);
	for (i = 0; i < 100000; i++) {
		told_mtu(cpu_to_be32(0x14000000u + i), 1200);
		if (i % 256 == 0)
			fx_advance(&f, FX_MS);
	}
	assert_int_equal(fib_lookup(f.net, &fl4, &res, 0), 0);
	assert_true(res.fi->nh.exceptions->nr <= 256 * FNHE_DEPTH);
	assert_true(res.fi->nh.exceptions->nr >= 1000);
	/* the newest is there, the oldest is gone */
	assert_int_equal(mtu_to(cpu_to_be32(0x14000000u + 99999)), 1200);
	assert_int_equal(mtu_to(A(8, 8, 8, 8)), 1500);
	fx_advance(&f, FX_SEC);
	assert_true(f.net->ipv4.rt->nr < 64);
}

/* ---- redirects ------------------------------------------------------------------------ */

/* @src says: packets to 192.0.2.1 go by @gw. */
static void redirect(__be32 src, __be32 gw)
{
	struct fx_ip outer = { .saddr = src };
	u8 quote[28] = { 0x45 };
	struct iphdr *iph = (struct iphdr *)quote;

	iph->protocol = IPPROTO_ICMP;
	iph->saddr = FX_IP;
	iph->daddr = A(192, 0, 2, 1);
	iph->ttl = 63;
	quote[20] = ICMP_ECHO;
	fx_inject(&f, frame, fx_build_icmp(frame, &outer, ICMP_REDIRECT,
					   ICMP_REDIR_HOST, be32_to_cpu(gw),
					   quote, sizeof(quote)));
	fx_flush(&f);
}

/* @attack C6 */
static void redirect_is_ignored_by_default(void **state)
{
	(void)state;
	add("default via 10.0.0.1");
	redirect(FX_PEER, A(10, 0, 0, 50));
	assert_true(fx_mib_delta(&f, MIB_ICMP_INREDIRECTS) == 1);
	fx_assert_dropped(&f, SKB_DROP_REASON_ICMP_TYPE, 1);
	leads(A(192, 0, 2, 1), f.dev, FX_PEER, FX_IP);
}

/* @attack C6 @req 1122-3.2.2.2b @req 1122-3.2.2.2c */
static void redirect_accepted_only_from_the_gateway_to_a_neighbour(void **state)
{
	static const __be32 bad[] = {
		A(192, 168, 9, 9), A(10, 1, 0, 50), FX_IP, A(10, 0, 0, 255),
		A(224, 0, 0, 1), A(127, 0, 0, 1), 0, A(240, 0, 0, 1), FX_PEER,
	};
	size_t i;

	(void)state;
	fx_sysctl(&f, "net.ipv4.conf.all.accept_redirects", "1");
	add("default via 10.0.0.1");
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		redirect(FX_PEER, bad[i]);
		leads(A(192, 0, 2, 1), f.dev, FX_PEER, FX_IP);
	}
	redirect(FX_STRANGER, A(10, 0, 0, 50));
	leads(A(192, 0, 2, 1), f.dev, FX_PEER, FX_IP);
	redirect(FX_PEER, A(10, 0, 0, 50));
	leads(A(192, 0, 2, 1), f.dev, A(10, 0, 0, 50), FX_IP);
	leads(A(192, 0, 2, 2), f.dev, FX_PEER, FX_IP);
}

/* ---- size ------------------------------------------------------------------------------- */

static void hundred_thousand_routes_are_looked_up_in_six_steps(void **state)
{
	struct fib_trie_match m;
	char text[64];
	u32 i;

	(void)state;
	add("default via 10.0.0.1");
	for (i = 0; i < 100000; i++) {
		u32 net = 0x20000000u + (i * 2654435761u >> 4 << 8);

		snprintf(text, sizeof(text), "%u.%u.%u.0/24 via 10.0.0.%u",
			 net >> 24, net >> 16 & 255, net >> 8 & 255,
			 3 + i % 200);
		if (inet_route_add(f.net, text))
			assert_int_equal(errno, EEXIST);
	}
	assert_true(f.net->ipv4.fib->nr > 90000);
	assert_true(f.net->ipv4.fib->nr_infos < 250);
	for (i = 0; i < 10000; i++) {
		fib_trie_lookup(&f.net->ipv4.fib->trie, i * 2654435761u, &m);
		assert_true(m.steps <= FIB_TRIE_DEPTH);
	}
	leads(A(8, 8, 8, 8), f.dev, FX_PEER, FX_IP);
	assert_int_equal(inet_netdev_down(f.dev), 0);
	assert_true(f.net->ipv4.fib->nr < 16);
	fx_run(&f);
}

/* Without it by the gateway; with it only to who is on the link. */
static void dontroute_keeps_connections_on_the_link(void **state)
{
	static const int types[] = { SOCK_DGRAM, SOCK_STREAM };
	struct socket *s;

	(void)state;
	assert_int_equal(inet_route_add(f.net, "default via 10.0.0.1"), 0);
	for (size_t i = 0; i < 2; i++) {
		s = inet_socket(f.net, AF_INET, types[i] | SOCK_NONBLOCK, 0);
		assert_int_equal(sk_set(s, SOL_SOCKET, SO_DONTROUTE, 1), 0);
		assert_int_equal(sk_connect(s, 0x08080808, 80), -ENETUNREACH);
		assert_int_equal(sk_connect(s, SK_PEER, 80),
				 i ? -EINPROGRESS : 0);
		inet_close(s);
		s = inet_socket(f.net, AF_INET, types[i] | SOCK_NONBLOCK, 0);
		assert_int_equal(sk_connect(s, 0x08080808, 80),
				 i ? -EINPROGRESS : 0);
		inet_close(s);
	}
	fx_advance(&f, FX_SEC);
	fx_flush(&f);
}

/* ---- which of our addresses ------------------------------------------------ */

static void addr(const char *text)
{
	if (inet_addr_add(f.dev, text))
		fail_msg("%s: %s", text, inet_strerror(f.net));
}

/* One of the device's own, of the network if there is one; else another device's,
 * never one that is this host's alone. */
static void source_is_of_the_network_and_never_the_hosts_alone(void **state)
{
	struct net_device *dev2 = fx_add_dev(&f, "test2", mac1, NULL);

	(void)state;
	addr("10.9.0.2/24");
	assert_int_equal(inet_select_addr(f.dev, A(10, 9, 0, 1),
					  RT_SCOPE_UNIVERSE), A(10, 9, 0, 2));
	assert_int_equal(inet_select_addr(f.dev, A(10, 8, 0, 1),
					  RT_SCOPE_UNIVERSE), FX_IP);
	assert_int_equal(inet_select_addr(dev2, 0, RT_SCOPE_UNIVERSE), FX_IP);
	assert_int_equal(inet_select_addr(dev2, 0, RT_SCOPE_HOST), FX_IP);
	assert_int_equal(inet_select_addr(f.net->loopback_dev, 0,
					  RT_SCOPE_UNIVERSE), FX_IP);
	assert_true(inet_addr_onlink(f.dev, FX_PEER, FX_STRANGER));
	assert_false(inet_addr_onlink(f.dev, FX_PEER, A(10, 9, 0, 1)));
	/* a gateway's network counts, not the destination's; but a route may say */
	add("10.6.0.0/16 via 10.9.0.1");
	leads(A(10, 6, 0, 1), f.dev, A(10, 9, 0, 1), A(10, 9, 0, 2));
	add("10.5.0.0/16 via 10.0.0.1 src 10.1.0.2");
	leads(A(10, 5, 0, 1), f.dev, FX_PEER, A(10, 1, 0, 2));
}

/* The second address of a network is secondary, and the heir of the first; one with
 * another mask, or in another network, has nothing to do with that. */
static void address_that_goes_leaves_its_network_to_the_next(void **state)
{
	const char *text;

	(void)state;
	addr("10.0.0.66/25");
	addr("10.9.0.2/24");
	addr("10.9.0.3/24");
	addr("10.0.0.77/24");
	text = fx_show(&f, inet_addr_show);
	assert_non_null(strstr(text, "10.0.0.66/25 brd 10.0.0.127 scope global test0"));
	assert_non_null(strstr(text, "10.0.0.77/24 brd 10.0.0.255 scope global secondary"));
	assert_non_null(strstr(text, "127.0.0.1/8 scope host lo"));
	assert_int_equal(inet_addr_del(f.dev, "10.0.0.2/24"), 0);
	text = fx_show(&f, inet_addr_show);
	assert_non_null(strstr(text, "10.0.0.77/24 brd 10.0.0.255 scope global test0"));
	assert_non_null(strstr(text, "10.9.0.3/24 brd 10.9.0.255 scope global secondary"));
	assert_int_equal(inet_addr_add(f.dev, "10.3.0.2/24x"), -1);
	assert_int_equal(inet_addr_add(f.dev, "10.3.0.2/24 brd 10.3.0.255/24"),
			 -1);
	fx_flush(&f);
}

/* What is remembered of a destination is not the answer for a device, and who is
 * nowhere is not looked for. */
static void question_about_a_device_has_its_own_answer(void **state)
{
	struct flowi4 fl4;
	struct rtable *rt;
	u32 i;

	(void)state;
	for (i = 0; i < 4; i++) {
		memset(&fl4, 0, sizeof(fl4));
		fl4.daddr = FX_PEER;
		fl4.oif = i & 1 ? dev1->ifindex : 0;
		rt = ip_route_output_flow(f.net, &fl4, NULL);
		assert_ptr_equal(rt->dst.dev, i & 1 ? dev1 : f.dev);
		dst_release(&rt->dst);
	}
	assert_int_equal(PTR_ERR(route(A(0, 1, 2, 3), &fl4)), -EINVAL);
}

/* The MSS to tell is that of the route's MTU, but never too small. */
static void route_mtu_bounds_the_mss(void **state)
{
	static const struct { const char *route; u32 mss; } rows[] = {
		{ "10.7.0.0/16 via 10.0.0.1 mtu 1000", 960 },
		{ "10.7.0.0/16 via 10.0.0.1 mtu 200", 256 },
		{ "10.7.0.0/16 via 10.0.0.1", 1460 },
	};
	struct flowi4 fl4;
	struct rtable *rt;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		add(rows[i].route);
		rt = route(A(10, 7, 0, 1), &fl4);
		assert_int_equal(rt->dst.ops->default_advmss(&rt->dst),
				 rows[i].mss);
		dst_release(&rt->dst);
		del("10.7.0.0/16");
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_prestate_setup_teardown( \
		name, setup, fx_teardown, &f)
#define W(name) cmocka_unit_test_prestate_setup_teardown( \
		name, setup_watched, fx_teardown, &f)
	const struct CMUnitTest tests[] = {
		T(table_fresh_has_the_connected_networks),
		T(route_every_word_is_kept_and_shown),
		T(route_nonsense_is_refused_with_a_sentence),
		T(route_same_metric_twice_exists),
		T(longest_prefix_wins),
		T(device_down_and_up_takes_and_brings_the_connected),
		T(device_closed_takes_everything),
		T(address_added_and_deleted_brings_and_takes_routes),
		T(address_second_of_a_network_takes_over),
		T(address_last_of_a_device_takes_all_routes),
		T(address_without_memory_is_refused_wholly),
		T(address_whose_heir_has_no_memory_stays),
		T(device_without_memory_for_its_networks_stays_down),
		T(address_that_is_there_twice_stays_with_its_routes),
		T(address_nonsense_is_refused_with_a_sentence),
		T(address_point_to_point_31_has_no_broadcast),
		T(destination_of_ours_goes_by_lo),
		T(source_that_is_not_ours_is_refused),
		T(device_bound_flow_stays_on_its_device),
		T(broadcast_and_group_are_known),
		T(rtable_is_shared_until_tables_change),
		T(gateway_silent_the_next_is_used),
		T(answer_is_remembered_until_tables_change),
		W(source_that_cannot_be_on_a_wire_is_dropped),
		T(discards_are_counted_and_logged_if_asked),
		T(destination_that_cannot_be_on_a_wire_is_dropped),
		T(destination_of_others_is_dropped_by_a_host),
		T(address_of_another_device_is_ours_too),
		T(broadcast_forms_are_recognised),
		T(group_joined_is_received_until_left),
		T(rp_filter_strict_and_loose),
		T(input_remembered_until_tables_change),
		W(path_mtu_is_clamped_never_raised_and_expires),
		T(path_mtu_learned_makes_sockets_look_again),
		T(path_mtu_of_a_locked_route_is_not_touched),
		W(path_mtu_flood_is_bounded_and_recycles_the_oldest),
		W(redirect_is_ignored_by_default),
		W(redirect_accepted_only_from_the_gateway_to_a_neighbour),
		T(hundred_thousand_routes_are_looked_up_in_six_steps),
		T(dontroute_keeps_connections_on_the_link),
		T(source_is_of_the_network_and_never_the_hosts_alone),
		T(address_that_goes_leaves_its_network_to_the_next),
		T(question_about_a_device_has_its_own_answer),
		T(route_mtu_bounds_the_mss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
