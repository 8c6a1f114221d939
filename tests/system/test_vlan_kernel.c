/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VLAN devices above a TAP, against those of the kernel's interface (ip link add type
 * vlan): 802.1Q, and 802.1Q within 802.1ad. A ping, datagrams to the full MTU and a
 * TCP stream pass each way, in a namespace of its own; on a kernel without VLANs
 * nothing is tested, and check-igb-vm does it in its machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <inet/control.h>
#include <inet/inet.h>
#include <inet/netdev.h>
#include <inet/socket.h>

#include "host_net.h"
#include "lib/compiler.h"

#define MS 1000000ll
#define PATIENCE_MS 10000
#define PORT 7000
#define STREAM (2u << 20)

static const char *refused;		/* why there is no namespace */

struct lab {
	struct net *net;
	struct net_device *vlan;
	u32 mtu;
};

static u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000 + (u64)ts.tv_nsec / 1000000;
}

static void command(const char *text)
{
	if (!host_net_run(text))
		fail_msg("%s", text);
}

/* A stack on tap0, and both ends' devices by @kernel's commands and @specs. */
static void open_lab(struct lab *l, const char *spec, const char *kernel,
		     const char *const *specs)
{
	struct net_device *tap;

	l->net = inet_create(NULL);
	assert_non_null(l->net);
	tap = inet_netdev_open(l->net, spec);
	assert_non_null(tap);
	command("ip link set tap0 up");
	command(kernel);
	assert_int_equal(inet_netdev_up(tap), 0);
	for (; *specs; specs++) {
		l->vlan = inet_netdev_open(l->net, *specs);
		if (!l->vlan)
			fail_msg("%s", inet_strerror(l->net));
		if (specs[1])
			assert_int_equal(inet_netdev_up(l->vlan), 0);
	}
	l->mtu = strstr(kernel, "mtu 1496") ? 1496 : 1500;
	assert_int_equal(inet_netdev_set_mtu(l->vlan, l->mtu), 0);
	assert_int_equal(inet_addr_add(l->vlan, "10.5.0.2/24"), 0);
	assert_int_equal(inet_netdev_up(l->vlan), 0);
}

static void close_lab(struct lab *l)
{
	inet_destroy(l->net);
}

static struct sockaddr_in at(const char *ip)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(PORT) };

	a.sin_addr.s_addr = inet_addr(ip);
	return a;
}

/* One datagram of @len each way: ours first, so that both know the neighbour. */
static void datagram_passes(struct lab *l, struct socket *ours, int kernels,
			    size_t len)
{
	struct sockaddr_in to = at("10.5.0.1"), back = at("10.5.0.2");
	u8 out[2000], in[2000];
	u64 end = now_ms() + PATIENCE_MS;
	ssize_t n = -1;

	for (size_t i = 0; i < len; i++)
		out[i] = (u8)(i * 7 + len);
	assert_int_equal(inet_sendto(ours, out, len, 0, (void *)&to,
				     sizeof(to)), len);
	while (n < 0 && now_ms() < end) {
		inet_run(l->net, MS);
		n = recv(kernels, in, sizeof(in), MSG_DONTWAIT);
	}
	assert_int_equal(n, len);
	assert_memory_equal(in, out, len);
	assert_int_equal(sendto(kernels, out, len, 0, (void *)&back,
				sizeof(back)), len);
	for (n = -1; n < 0 && now_ms() < end;) {
		inet_run(l->net, MS);
		n = inet_recv(ours, in, sizeof(in), MSG_DONTWAIT);
	}
	assert_int_equal(n, len);
	assert_memory_equal(in, out, len);
}

static void datagrams_pass(struct lab *l)
{
	struct sockaddr_in us = at("10.5.0.2"), them = at("10.5.0.1");
	struct socket *ours = inet_socket(l->net, AF_INET, SOCK_DGRAM, 0);
	int kernels = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(bind(kernels, (void *)&them, sizeof(them)), 0);
	assert_int_equal(inet_bind(ours, (void *)&us, sizeof(us)), 0);
	for (size_t len = 1; len < l->mtu - 28; len += 97)
		datagram_passes(l, ours, kernels, len);
	datagram_passes(l, ours, kernels, l->mtu - 28);
	inet_close(ours);
	close(kernels);
}

/* As much as goes of the stream of bytes that are those of their place. */
static void push(struct socket *ours, int kernels, bool out, u32 *sent)
{
	u8 block[16384];
	size_t len = min(sizeof(block), (size_t)(STREAM - *sent));
	ssize_t n;

	for (size_t i = 0; i < len; i++)
		block[i] = (u8)((*sent + i) * 2654435761u >> 21);
	n = out ? inet_send(ours, block, len, MSG_DONTWAIT) :
		  send(kernels, block, len, MSG_DONTWAIT);
	*sent += n > 0 ? (u32)n : 0;
}

static void pull(struct socket *ours, int kernels, bool out, u32 *received)
{
	u8 block[16384];
	ssize_t n = out ? recv(kernels, block, sizeof(block), MSG_DONTWAIT) :
		    inet_recv(ours, block, sizeof(block), MSG_DONTWAIT);

	for (ssize_t i = 0; i < n; i++)
		assert_int_equal(block[i],
				 (u8)((*received + (u32)i) * 2654435761u >> 21));
	*received += n > 0 ? (u32)n : 0;
}

static void stream_passes(struct lab *l, bool out)
{
	struct sockaddr_in them = at("10.5.0.1");
	struct socket *ours = inet_socket(l->net, AF_INET, SOCK_STREAM |
					  SOCK_NONBLOCK, 0);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int one = 1, kernels = -1;
	u64 end = now_ms() + 3 * PATIENCE_MS;
	u32 sent = 0, received = 0;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(listener, (void *)&them, sizeof(them)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(inet_connect(ours, (void *)&them, sizeof(them)), -1);
	while (kernels < 0 && now_ms() < end) {
		inet_run(l->net, MS);
		kernels = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	}
	assert_true(kernels >= 0);
	while (received < STREAM && now_ms() < end) {
		if (sent < STREAM)
			push(ours, kernels, out, &sent);
		inet_run(l->net, MS / 10);
		pull(ours, kernels, out, &received);
	}
	assert_int_equal(received, STREAM);
	inet_close(ours);
	close(kernels);
	close(listener);
}

static void all_passes(struct lab *l)
{
	datagrams_pass(l);
	stream_passes(l, true);
	stream_passes(l, false);
}

static void vlan_against_the_kernels(void **state)
{
	static const char *const specs[] = { "vlan:tap0,id=5", NULL };
	static const char *const taps[] = { "tap:tap0", "tap:tap0,vnet" };
	struct lab l;

	(void)state;
	if (refused)
		skip();
	for (u32 i = 0; i < ARRAY_SIZE(taps); i++) {
		open_lab(&l, taps[i], "ip link add link tap0 name v5 type vlan "
			 "id 5 && ip address add 10.5.0.1/24 dev v5 && "
			 "ip link set v5 up", specs);
		all_passes(&l);
		close_lab(&l);
	}
}

static void two_tags_against_the_kernels(void **state)
{
	static const char *const specs[] = {
		"vlan:tap0,id=100,ad,name=outer", "vlan:outer,id=5", NULL,
	};
	struct lab l;

	(void)state;
	if (refused)
		skip();
	open_lab(&l, "tap:tap0,vnet", "ip link add link tap0 name s100 type vlan "
		 "id 100 proto 802.1ad && ip link set s100 up && ip link add "
		 "link s100 name c5 type vlan id 5 && ip link set c5 mtu 1496 && "
		 "ip address add 10.5.0.1/24 dev c5 && ip link set c5 up", specs);
	all_passes(&l);
	close_lab(&l);
}

/* What is of another VLAN, or of none, does not get in. */
static void other_vlans_are_apart(void **state)
{
	static const char *const specs[] = { "vlan:tap0,id=6", NULL };
	u64 dropped = 0, end = now_ms() + PATIENCE_MS;
	struct lab l;

	(void)state;
	if (refused)
		skip();
	open_lab(&l, "tap:tap0", "ip link add link tap0 name v5 type vlan id 5 "
		 "&& ip address add 10.5.0.1/24 dev v5 && ip link set v5 up",
		 specs);
	host_net_run("ping -c 1 -W 1 10.5.0.2 >/dev/null");
	while (!dropped && now_ms() < end) {
		inet_run(l.net, MS);
		inet_drop_get(l.net, "VLAN", &dropped);
	}
	assert_true(dropped);
	close_lab(&l);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(vlan_against_the_kernels),
		cmocka_unit_test(two_tags_against_the_kernels),
		cmocka_unit_test(other_vlans_are_apart),
	};

	refused = host_net_enter_tun();
	if (!refused && !host_net_run("ip tuntap add mode tap name probe && ip link "
				      "add link probe name v1 type vlan id 1 "
				      "2>/dev/null && ip link del probe"))
		refused = "this kernel has no VLANs; make check-igb-vm runs it";
	if (refused)
		print_message("%s\n", refused);
	return cmocka_run_group_tests_name("vlan_kernel", tests, NULL, NULL);
}
