/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of datagrams between the stack and the kernel over a TAP and a TUN: what one call
 * sends with UDP_SEGMENT arrives as the datagrams that it stands for, octet by
 * octet, with UDP_GRO at the reader and without. All in one thread, in a namespace
 * of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <inet/control.h>
#include <inet/inet.h>
#include <inet/netdev.h>
#include <inet/socket.h>

#include "core/net.h"
#include "host_net.h"

#define MS 1000000ll
#define PORT 9000
#define ROUNDS 60
#define MOST 65507u

struct lab {
	struct net *net;
	struct net_device *dev;
	struct socket *s;
	int fd;			/* the kernel's socket */
	u64 seed;
};

static const char *refused;	/* why there is no namespace */
static char sent[MOST], got[MOST];

static u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000 + (u64)ts.tv_nsec / 1000000;
}

static u32 roll(u64 *seed, u32 n)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)(*seed >> 33) % n;
}

/* ---- set-up ----------------------------------------------------------- */

static struct sockaddr_in address(const char *text)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(PORT) };

	inet_pton(AF_INET, text, &sin.sin_addr);
	return sin;
}

/* Two sockets that are each other's peer. */
static void open_sockets(struct lab *l)
{
	struct sockaddr_in kernel = address("10.0.0.1"), own = address("10.0.0.2");
	int room = 1 << 22;

	l->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_true(l->fd >= 0);
	setsockopt(l->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	assert_int_equal(bind(l->fd, (struct sockaddr *)&kernel,
			      sizeof(kernel)), 0);
	assert_int_equal(connect(l->fd, (struct sockaddr *)&own, sizeof(own)), 0);
	assert_int_equal(inet_sysctl_set(l->net, "net.core.rmem_max", "4194304"),
			 0);
	l->s = inet_socket(l->net, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_non_null(l->s);
	assert_int_equal(inet_setsockopt(l->s, SOL_SOCKET, SO_RCVBUF, &room,
					 sizeof(room)), 0);
	assert_int_equal(inet_bind(l->s, (struct sockaddr *)&own, sizeof(own)), 0);
	assert_int_equal(inet_connect(l->s, (struct sockaddr *)&kernel,
				      sizeof(kernel)), 0);
}

static int setup(void **state)
{
	const char *spec = *state;
	struct lab *l = calloc(1, sizeof(*l));

	*state = l;
	if (refused)
		return 0;
	l->seed = 1;
	l->net = inet_create(NULL);
	l->dev = inet_netdev_open(l->net, spec);
	if (!l->dev)
		fail_msg("%s", inet_strerror(l->net));
	assert_true(host_net_run("ip address add 10.0.0.1/24 dev t0 && "
				 "ip link set t0 up"));
	assert_int_equal(inet_addr_add(l->dev, "10.0.0.2/24"), 0);
	assert_int_equal(inet_netdev_up(l->dev), 0);
	open_sockets(l);
	return 0;
}

static int teardown(void **state)
{
	struct lab *l = *state;

	if (l->net) {
		inet_close(l->s);
		inet_destroy(l->net);
		close(l->fd);
	}
	free(l);
	return 0;
}

static struct lab *lab_of(void **state)
{
	if (refused)
		skip();
	return *state;
}

/* ---- rows ------------------------------------------------------------- */

/* One read at one end. Return: bytes, and in *@size those of each datagram. */
static ssize_t read_some(struct lab *l, bool by_kernel, char *to, int *size)
{
	char control[64] __attribute__((aligned(8)));
	struct iovec iov = { to, MOST };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = by_kernel ? recvmsg(l->fd, &m, 0) :
				inet_recvmsg(l->s, &m, 0);

	if (n < 0)
		return -1;
	*size = (int)n;
	if (CMSG_FIRSTHDR(&m)) {
		assert_int_equal(CMSG_FIRSTHDR(&m)->cmsg_type, UDP_GRO);
		memcpy(size, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(*size));
	}
	return n;
}

/* Reads a row of datagrams of @size, @len bytes in all. Return: how many reads
 * that took. */
static u32 read_row(struct lab *l, bool by_kernel, u32 len, u32 size)
{
	u64 end = now_ms() + 60000;
	u32 have = 0, reads = 0;
	int part = 0;

	while (have < len) {
		ssize_t n = read_some(l, by_kernel, got, &part);

		if (n < 0) {
			inet_run(l->net, MS);
			if (now_ms() > end)
				fail_msg("%u of %u by %u", have, len, size);
			continue;
		}
		assert_true((u32)part == size || have + (u32)n == len);
		assert_true(have + (u32)n <= len);
		assert_memory_equal(got, sent + have, (size_t)n);
		have += (u32)n;
		reads++;
	}
	assert_int_equal(read_some(l, by_kernel, got, &part), -1);
	return reads;
}

static void send_row(struct lab *l, bool by_kernel, u32 len, u32 size)
{
	const int cut = (int)size;
	ssize_t n;

	for (u32 i = 0; i < len; i++)
		sent[i] = (char)roll(&l->seed, 256);
	if (by_kernel) {
		assert_int_equal(setsockopt(l->fd, IPPROTO_UDP, UDP_SEGMENT,
					    &cut, sizeof(cut)), 0);
		n = send(l->fd, sent, len, 0);
	} else {
		assert_int_equal(inet_setsockopt(l->s, IPPROTO_UDP, UDP_SEGMENT,
						 &cut, sizeof(cut)), 0);
		n = inet_send(l->s, sent, len, 0);
	}
	assert_int_equal(n, len);
}

/* Rows of random lengths. Return: datagrams to a read, in hundredths. */
static u32 pass_rows(struct lab *l, bool to_kernel, bool gro)
{
	u32 i, size, len, datagrams = 0, reads = 0;
	const int on = gro;

	assert_int_equal(setsockopt(l->fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)),
			 0);
	assert_int_equal(inet_setsockopt(l->s, IPPROTO_UDP, UDP_GRO, &on,
					 sizeof(on)), 0);
	for (i = 0; i < ROUNDS; i++) {
		size = 1 + roll(&l->seed, 1472);
		len = size * 60 < MOST ? size * 60 : MOST;
		len = 1 + roll(&l->seed, len);
		send_row(l, !to_kernel, len, size);
		reads += read_row(l, to_kernel, len, size);
		datagrams += (len + size - 1) / size;
	}
	return datagrams * 100 / reads;
}

static void rows_of_the_kernel_arrive_as_they_are(void **state)
{
	struct lab *l = lab_of(state);

	assert_int_equal(pass_rows(l, false, false), 100);
	assert_true(pass_rows(l, false, true) > 200);
}

static void rows_of_the_stack_arrive_as_they_are(void **state)
{
	struct lab *l = lab_of(state);

	assert_int_equal(pass_rows(l, true, false), 100);
	assert_true(pass_rows(l, true, true) >= 100);
}

static struct inet_netdev_stats stats_of(struct lab *l)
{
	struct inet_netdev_stats s;

	assert_int_equal(inet_netdev_get_stats(l->dev, &s), 0);
	return s;
}

/* Where the kernel leaves UDP to be cut, a row is one packet, both ways; where
 * that is switched off, what the stack sends is cut again. */
static void rows_cross_in_one_piece(void **state)
{
	struct lab *l = lab_of(state);
	struct inet_netdev_stats before = stats_of(l), after;

	if (!host_net_has_uso())
		skip();
	pass_rows(l, false, true);
	pass_rows(l, true, true);
	after = stats_of(l);
	/* and some ARP */
	assert_in_range(after.rx_packets - before.rx_packets, ROUNDS,
			ROUNDS + 5);
	assert_in_range(after.tx_packets - before.tx_packets, ROUNDS,
			ROUNDS + 5);
	assert_int_equal(inet_netdev_set_feature(l->dev, "tx-udp-segmentation",
						 0), 0);
	before = after;
	pass_rows(l, true, true);
	after = stats_of(l);
	assert_true(after.tx_packets - before.tx_packets > 5 * ROUNDS);
}

#define TEST(name, spec, how)						\
	{ #name "_over_" how, name, setup, teardown,			\
	  (void *)(uintptr_t)(spec) }

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rows_of_the_kernel_arrive_as_they_are, "tap:t0", "tap"),
		TEST(rows_of_the_stack_arrive_as_they_are, "tap:t0", "tap"),
		TEST(rows_of_the_kernel_arrive_as_they_are, "tap:t0,vnet",
		     "tap_with_offloads"),
		TEST(rows_of_the_stack_arrive_as_they_are, "tap:t0,vnet",
		     "tap_with_offloads"),
		TEST(rows_cross_in_one_piece, "tap:t0,vnet",
		     "tap_with_offloads"),
		TEST(rows_of_the_kernel_arrive_as_they_are, "tun:t0", "tun"),
		TEST(rows_of_the_stack_arrive_as_they_are, "tun:t0", "tun"),
		TEST(rows_of_the_kernel_arrive_as_they_are, "tun:t0,vnet",
		     "tun_with_offloads"),
		TEST(rows_of_the_stack_arrive_as_they_are, "tun:t0,vnet",
		     "tun_with_offloads"),
		TEST(rows_cross_in_one_piece, "tun:t0,vnet",
		     "tun_with_offloads"),
	};

	refused = host_net_enter_tun();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
