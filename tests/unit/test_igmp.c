/* SPDX-License-Identifier: BSD-2-Clause */
/* Multicast groups of sockets: ipv4/igmp.c. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "fixture.h"
#include "lib/byteorder.h"
#include "sockets.h"

#define PORT 5000
#define GROUP 0xef010203u		/* 239.1.2.3 */

static struct fx_pkt p;

/* IP_ADD_MEMBERSHIP or IP_DROP_MEMBERSHIP: 0 or -errno. */
static int membership(struct socket *s, int option, u32 group, u32 addr,
		      int ifindex)
{
	struct ip_mreqn m = {
		.imr_multiaddr.s_addr = htonl(group),
		.imr_address.s_addr = htonl(addr),
		.imr_ifindex = ifindex,
	};

	return inet_setsockopt(s, IPPROTO_IP, option, &m, sizeof(m)) ?
		       -errno : 0;
}

/* A datagram to the group at the link address that belongs to it. */
static void inject_group(struct fx *f, u32 group)
{
	u8 mac[6] = { 1, 0, 0x5e, (group >> 16) & 0x7f, (u8)(group >> 8),
		      (u8)group };
	const struct fx_ip ip = { .dst_mac = mac, .daddr = htonl(group) };
	u8 frame[128];

	fx_inject(f, frame, fx_build_udp(frame, &ip, 9, PORT, "x", 1));
}

static void group_is_heard_while_joined(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	char buf[4];

	inject_group(f, GROUP);
	assert_int_equal(sk_recv(s, buf, 4, 0), -EAGAIN);
	assert_int_equal(membership(s, IP_ADD_MEMBERSHIP, GROUP, SK_HOST, 0),
			 0);
	inject_group(f, GROUP);
	assert_int_equal(sk_recv(s, buf, 4, 0), 1);
	inject_group(f, GROUP + 1);
	assert_int_equal(sk_recv(s, buf, 4, 0), -EAGAIN);
	assert_int_equal(membership(s, IP_DROP_MEMBERSHIP, GROUP, SK_HOST, 0),
			 0);
	inject_group(f, GROUP);
	assert_int_equal(sk_recv(s, buf, 4, 0), -EAGAIN);
	fx_expect_silence(f);
	inet_close(s);
}

static void membership_rules_are_linux(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, 0);
	int ifindex = inet_netdev_index(f->dev);
	u32 i;

	assert_int_equal(membership(s, IP_ADD_MEMBERSHIP, SK_PEER, 0, ifindex),
			 -EINVAL);
	assert_int_equal(membership(s, IP_ADD_MEMBERSHIP, GROUP, 0, 99),
			 -ENODEV);
	assert_int_equal(membership(s, IP_ADD_MEMBERSHIP, GROUP, SK_PEER, 0),
			 -ENODEV);
	assert_int_equal(membership(s, IP_ADD_MEMBERSHIP, GROUP, 0, ifindex),
			 0);
	assert_int_equal(membership(s, IP_ADD_MEMBERSHIP, GROUP, 0, ifindex),
			 -EADDRINUSE);
	assert_int_equal(membership(s, IP_DROP_MEMBERSHIP, GROUP + 1, 0,
				    ifindex), -EADDRNOTAVAIL);
	assert_int_equal(inet_setsockopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &i,
					 4), -1);
	assert_int_equal(errno, EINVAL);
	for (i = 1; i < 20; i++)
		assert_int_equal(membership(s, IP_ADD_MEMBERSHIP, GROUP + i, 0,
					    ifindex), 0);
	assert_int_equal(membership(s, IP_ADD_MEMBERSHIP, GROUP + i, 0,
				    ifindex), -ENOBUFS);
	fx_sysctl(f, "net.ipv4.igmp_max_memberships", "21");
	assert_int_equal(membership(s, IP_ADD_MEMBERSHIP, GROUP + i, 0,
				    ifindex), 0);
	inet_close(s);
}

/* One socket joins; another hears the group too, unless it says otherwise. */
static void other_socket_hears_by_multicast_all(void **state)
{
	struct fx *f = *state;
	struct socket *a = sk_udp(f->net, 0, 0), *b = sk_udp(f->net, 0, 0);
	char buf[4];

	sk_set(a, SOL_SOCKET, SO_REUSEADDR, 1);
	sk_set(b, SOL_SOCKET, SO_REUSEADDR, 1);
	assert_int_equal(sk_bind(a, 0, PORT), 0);
	assert_int_equal(sk_bind(b, 0, PORT), 0);
	assert_int_equal(membership(a, IP_ADD_MEMBERSHIP, GROUP, SK_HOST, 0),
			 0);
	inject_group(f, GROUP);
	assert_int_equal(sk_recv(a, buf, 4, 0), 1);
	assert_int_equal(sk_recv(b, buf, 4, 0), 1);
	assert_int_equal(sk_set(b, IPPROTO_IP, IP_MULTICAST_ALL, 0), 0);
	inject_group(f, GROUP);
	assert_int_equal(sk_recv(a, buf, 4, 0), 1);
	assert_int_equal(sk_recv(b, buf, 4, 0), -EAGAIN);
	/* closing leaves the groups */
	inet_close(a);
	inject_group(f, GROUP);
	assert_int_equal(sk_set(b, IPPROTO_IP, IP_MULTICAST_ALL, 1), 0);
	inject_group(f, GROUP);
	assert_int_equal(sk_recv(b, buf, 4, 0), -EAGAIN);
	inet_close(b);
}

static void sent_to_group_by_device_ttl_and_loop(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	struct in_addr addr = { htonl(SK_HOST) };
	char buf[4];

	assert_int_equal(inet_setsockopt(s, IPPROTO_IP, IP_MULTICAST_IF, &addr,
					 sizeof(addr)), 0);
	assert_int_equal(membership(s, IP_ADD_MEMBERSHIP, GROUP, SK_HOST, 0),
			 0);
	assert_int_equal(sk_sendto(s, "x", 1, GROUP, PORT), 1);
	fx_expect(f, &p);
	assert_int_equal(p.ip->ttl, 1);
	assert_memory_equal(p.frame, "\x01\0\x5e\x01\x02\x03", 6);
	/* we are of the group: our own comes back, once */
	fx_run(f);
	assert_int_equal(sk_recv(s, buf, 4, 0), 1);
	assert_int_equal(sk_recv(s, buf, 4, 0), -EAGAIN);
	assert_int_equal(sk_set(s, IPPROTO_IP, IP_MULTICAST_LOOP, 0), 0);
	assert_int_equal(sk_set(s, IPPROTO_IP, IP_MULTICAST_TTL, 7), 0);
	assert_int_equal(sk_sendto(s, "x", 1, GROUP, PORT), 1);
	fx_expect(f, &p);
	assert_int_equal(p.ip->ttl, 7);
	fx_run(f);
	assert_int_equal(sk_recv(s, buf, 4, 0), -EAGAIN);
	inet_close(s);
}

static void device_that_goes_takes_its_groups_along(void **state)
{
	struct fx *f = *state;
	struct net_device *dev = fx_add_dev(f, "test1", fx_stranger_mac,
					    "10.1.0.2/24");
	struct socket *s = sk_udp(f->net, 0, PORT);
	int ifindex = inet_netdev_index(dev);

	assert_int_equal(membership(s, IP_ADD_MEMBERSHIP, GROUP, 0, ifindex),
			 0);
	assert_int_equal(inet_netdev_close(dev), 0);
	assert_int_equal(membership(s, IP_DROP_MEMBERSHIP, GROUP, 0, 0), 0);
	inet_close(s);
	fx_flush(f);
}

/* The same of device @dev. */
static void inject_group_on(struct fx *f, struct net_device *dev, u32 group)
{
	u8 mac[6] = { 1, 0, 0x5e, (group >> 16) & 0x7f, (u8)(group >> 8),
		      (u8)group };
	const struct fx_ip ip = { .dst_mac = mac, .saddr = FX_ADDR(10, 1, 0, 1),
				  .daddr = htonl(group) };
	u8 frame[128];

	fx_inject_on(f, dev, frame, fx_build_udp(frame, &ip, 9, PORT, "x", 1));
}

/* A device's number counts more than an address of another, and a group is joined
 * by device: on both, and left on one. */
static void membership_is_of_one_device(void **state)
{
	struct fx *f = *state;
	struct net_device *dev = fx_add_dev(f, "test1", fx_stranger_mac,
					    "10.1.0.2/24");
	struct socket *s = sk_udp(f->net, 0, PORT);
	int first = inet_netdev_index(f->dev), second = inet_netdev_index(dev);
	char buf[4];

	assert_int_equal(membership(s, IP_ADD_MEMBERSHIP, GROUP, SK_HOST,
				    second), 0);
	inject_group(f, GROUP);
	assert_int_equal(sk_recv(s, buf, 4, 0), -EAGAIN);
	inject_group_on(f, dev, GROUP);
	assert_int_equal(sk_recv(s, buf, 4, 0), 1);
	assert_int_equal(membership(s, IP_ADD_MEMBERSHIP, GROUP, 0, first), 0);
	inject_group(f, GROUP);
	assert_int_equal(sk_recv(s, buf, 4, 0), 1);
	assert_int_equal(membership(s, IP_DROP_MEMBERSHIP, GROUP, 0, second),
			 0);
	inject_group(f, GROUP);
	assert_int_equal(sk_recv(s, buf, 4, 0), 1);
	inject_group_on(f, dev, GROUP);
	assert_int_equal(sk_recv(s, buf, 4, 0), -EAGAIN);
	inet_close(s);
	fx_flush(f);
}

/* Who wants its own groups only hears them of its own device, and broadcasts as
 * before. */
static void other_groups_unwanted_are_of_other_devices_too(void **state)
{
	struct fx *f = *state;
	struct net_device *dev = fx_add_dev(f, "test1", fx_stranger_mac,
					    "10.1.0.2/24");
	struct socket *a = sk_udp(f->net, 0, 0), *b = sk_udp(f->net, 0, 0);
	const struct fx_ip all = { .daddr = FX_ADDR(10, 0, 0, 255) };
	u8 frame[128];
	char buf[4];

	sk_set(a, SOL_SOCKET, SO_REUSEADDR, 1);
	sk_set(b, SOL_SOCKET, SO_REUSEADDR, 1);
	assert_int_equal(sk_bind(a, 0, PORT), 0);
	assert_int_equal(sk_bind(b, 0, PORT), 0);
	assert_int_equal(sk_set(a, IPPROTO_IP, IP_MULTICAST_ALL, 0), 0);
	assert_int_equal(membership(a, IP_ADD_MEMBERSHIP, GROUP, SK_HOST, 0),
			 0);
	assert_int_equal(membership(b, IP_ADD_MEMBERSHIP, GROUP, 0,
				    inet_netdev_index(dev)), 0);
	inject_group_on(f, dev, GROUP);
	assert_int_equal(sk_recv(a, buf, 4, 0), -EAGAIN);
	assert_int_equal(sk_recv(b, buf, 4, 0), 1);
	fx_inject(f, frame, fx_build_udp(frame, &all, 9, PORT, "xy", 2));
	assert_int_equal(sk_recv(a, buf, 4, 0), 2);
	inet_close(a);
	inet_close(b);
	fx_flush(f);
}

/* Neither a device nor an address: that of the route, if there is one. */
static void membership_without_a_device_follows_the_route(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	char buf[4];

	assert_int_equal(membership(s, IP_ADD_MEMBERSHIP, GROUP, 0, 0),
			 -ENODEV);
	assert_int_equal(inet_route_add(f->net, "default via 10.0.0.1"), 0);
	assert_int_equal(membership(s, IP_ADD_MEMBERSHIP, GROUP, 0, 0), 0);
	inject_group(f, GROUP);
	assert_int_equal(sk_recv(s, buf, 4, 0), 1);
	inet_close(s);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, fx_setup_learned, fx_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(group_is_heard_while_joined),
		TEST(membership_rules_are_linux),
		TEST(other_socket_hears_by_multicast_all),
		TEST(sent_to_group_by_device_ttl_and_loop),
		TEST(device_that_goes_takes_its_groups_along),
		TEST(membership_is_of_one_device),
		TEST(other_groups_unwanted_are_of_other_devices_too),
		TEST(membership_without_a_device_follows_the_route),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
