/* SPDX-License-Identifier: BSD-2-Clause */
/* The device over a descriptor, beyond the contract: what descriptors there are,
 * whose they are, and what happens when the other end goes. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <inet/control.h>
#include <inet/inet.h>
#include <inet/netdev.h>
#include <inet/socket.h>

#include "core/dev.h"
#include "core/net.h"
#include "core/sch_generic.h"
#include "host_net.h"
#include "lib/compiler.h"

#define MS 1000000ll
#define TEXT 400000u

struct lab {
	struct inet_env env;
	struct net *net;
	struct net_device *dev;
	int far;		/* the other end; -1: closed */
	char said[500];
	u8 packet[100];
};

static void keep_log(void *opaque, int level, const char *line)
{
	struct lab *l = opaque;

	(void)level;
	snprintf(l->said + strlen(l->said), sizeof(l->said) - strlen(l->said),
		 "%s;", line);
}

static int setup(void **state)
{
	struct lab *l = calloc(1, sizeof(*l));
	struct inet_config cfg = { .size = sizeof(cfg), .env = &l->env };

	l->env = *inet_env_default();
	l->env.opaque = l;
	l->env.log = keep_log;
	l->net = inet_create(&cfg);
	l->far = -1;
	*state = l;
	return !l->net;
}

static int teardown(void **state)
{
	struct lab *l = *state;

	inet_destroy(l->net);
	if (l->far >= 0)
		close(l->far);
	free(l);
	return 0;
}

/* "fd0", raw, over one end of a pair of @type; up, 10.0.0.2. */
static void open_pair(struct lab *l, int type)
{
	const struct inet_fd_config c = { .size = sizeof(c), .raw = true };
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, pair), 0);
	l->far = pair[1];
	l->dev = inet_fd_open(l->net, "fd0", pair[0], &c);
	if (!l->dev)
		fail_msg("%s", inet_strerror(l->net));
	assert_int_equal(inet_addr_add(l->dev, "10.0.0.2/24"), 0);
	assert_int_equal(inet_netdev_up(l->dev), 0);
}

static void run(struct lab *l)
{
	for (u32 i = 0; i < 20; i++)
		inet_run(l->net, 0);
}

/* A datagram to the other end. Return: 0 or an errno. */
static int say(struct lab *l)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9),
				  .sin_addr.s_addr = inet_addr("10.0.0.1") };
	struct socket *s = inet_socket(l->net, AF_INET, SOCK_DGRAM, 0);
	int err = inet_sendto(s, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&to,
			      sizeof(to)) < 0 ? errno : 0;

	inet_close(s);
	return err;
}

static struct inet_netdev_stats stats_of(struct lab *l)
{
	struct inet_netdev_stats s;

	assert_int_equal(inet_netdev_get_stats(l->dev, &s), 0);
	return s;
}

/* ---- the other end goes ------------------------------------------------ */

static void close_far(struct lab *l)
{
	close(l->far);
	l->far = -1;
}

/* It stays gone, whoever tries, and wakes nobody. */
static void assert_gone(struct lab *l)
{
	u32 turns;

	assert_int_equal(inet_netdev_get_carrier(l->dev), 0);
	assert_non_null(strstr(l->said, "fd0: the other end has closed;"));
	assert_int_equal(say(l), 0);	/* lost, as on a cable */
	assert_int_equal(inet_netdev_down(l->dev), 0);
	assert_int_equal(inet_netdev_up(l->dev), 0);
	assert_int_equal(inet_netdev_get_carrier(l->dev), 0);
	run(l);
	turns = l->net->softnets[0].turns;
	inet_run(l->net, 30 * MS);
	assert_in_range(l->net->softnets[0].turns - turns, 1, 3);
}

static void packet_socket_closed_takes_the_carrier(void **state)
{
	struct lab *l = *state;

	open_pair(l, SOCK_SEQPACKET);
	assert_int_equal(say(l), 0);
	run(l);
	assert_int_equal(recv(l->far, l->packet, sizeof(l->packet), 0), 29);
	close_far(l);
	run(l);
	assert_int_equal(stats_of(l).rx_errors, 1);
	assert_gone(l);
}

/* By whoever comes first, and without SIGPIPE. */
static void packet_socket_closed_is_noticed_by_sending(void **state)
{
	struct lab *l = *state;

	open_pair(l, SOCK_SEQPACKET);
	close_far(l);
	assert_int_equal(say(l), 0);
	assert_int_equal(inet_netdev_get_carrier(l->dev), 0);
	assert_int_equal(stats_of(l).tx_errors, 1);
	run(l);
	assert_gone(l);
}

/* What had not been read there is no harm here. */
static void packet_socket_closed_with_unread_packets_does_too(void **state)
{
	struct lab *l = *state;

	open_pair(l, SOCK_SEQPACKET);
	for (u32 i = 0; i < 5; i++)
		assert_int_equal(say(l), 0);
	close_far(l);
	run(l);
	assert_true(stats_of(l).rx_errors >= 1);
	assert_gone(l);
}

/* What it sent before it closed still arrives. */
static void last_words_are_heard(void **state)
{
	u8 packet[40] = { 0x60 };
	struct lab *l = *state;

	open_pair(l, SOCK_SEQPACKET);
	for (u32 i = 0; i < 7; i++)
		assert_int_equal(send(l->far, packet, sizeof(packet), 0),
				 sizeof(packet));
	close_far(l);
	run(l);
	assert_int_equal(stats_of(l).rx_packets, 7);
	assert_gone(l);
}

/* Nobody is told but who sends: without a signal. */
static void datagram_socket_closed_is_noticed_by_sending(void **state)
{
	struct lab *l = *state;

	open_pair(l, SOCK_DGRAM);
	close_far(l);
	run(l);
	assert_int_equal(inet_netdev_get_carrier(l->dev), 1);
	assert_int_equal(say(l), 0);
	run(l);
	assert_int_equal(stats_of(l).tx_errors, 1);
	assert_gone(l);
}

static void empty_message_is_no_end(void **state)
{
	struct lab *l = *state;

	open_pair(l, SOCK_SEQPACKET);
	for (u32 i = 0; i < 3; i++)
		assert_int_equal(send(l->far, "", 0, 0), 0);
	run(l);
	assert_int_equal(inet_netdev_get_carrier(l->dev), 1);
	assert_int_equal(stats_of(l).rx_length_errors, 3);
	assert_int_equal(say(l), 0);
	assert_int_equal(recv(l->far, l->packet, sizeof(l->packet), 0), 29);
}

/* What waits for a reader that is slow is dropped when he goes. */
static void queue_that_waits_is_emptied(void **state)
{
	struct lab *l = *state;
	struct inet_usage usage;
	u64 drops = 0;

	open_pair(l, SOCK_SEQPACKET);
	for (u32 i = 0; i < 1200 && !netif_xmit_stopped(&l->dev->tx[0]); i++)
		say(l);
	assert_true(netif_xmit_stopped(&l->dev->tx[0]));
	for (u32 i = 0; i < 20; i++)
		say(l);
	close_far(l);
	run(l);
	assert_gone(l);
	assert_int_equal(inet_drop_get(l->net, "XMIT_ERROR", &drops), 0);
	assert_true(drops >= 20);
	assert_int_equal(inet_get_usage(l->net, &usage), 0);
	assert_int_equal(usage.skbs, 0);
}

/* ---- how often it asks -------------------------------------------------- */

static u32 nr_asked;	/* calls that read; the device's are these */

int recvmmsg(int fd, struct mmsghdr *msgs, unsigned int nr, int flags,
	     struct timespec *timeout)
{
	nr_asked++;
	return (int)syscall(SYS_recvmmsg, fd, msgs, nr, flags, timeout);
}

/* Packets that wait come by few calls, and one alone by one; in their order, whole,
 * and one that is too long among them is a giant. */
static void packets_that_wait_are_read_at_once(void **state)
{
	static u8 packet[1700] = { 0x60 };
	struct lab *l = *state;

	open_pair(l, SOCK_SEQPACKET);
	for (u32 n = 1; n <= 70; n = n * 3 + 1) {
		struct inet_netdev_stats before = stats_of(l), after;
		u64 bytes = 0;

		for (u32 i = 0; i < n; i++) {
			u32 size = i == 5 ? sizeof(packet) : 40 + i;

			assert_int_equal(send(l->far, packet, size, 0), size);
			bytes += i == 5 ? 0 : size;
		}
		nr_asked = 0;
		run(l);
		after = stats_of(l);
		assert_int_equal(after.rx_packets - before.rx_packets,
				 n - (n > 5));
		assert_int_equal(after.rx_bytes - before.rx_bytes, bytes);
		assert_int_equal(after.rx_over_errors - before.rx_over_errors,
				 n > 5);
		assert_int_equal(nr_asked, n / 16 + 1);
	}
}

/* ---- other descriptors ------------------------------------------------- */

/* Two sockets of UDP: an ICMP error about the one that is not there yet is no
 * end. */
static void peer_of_udp_may_come_back(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct inet_fd_config c = { .size = sizeof(c), .raw = true };
	const u8 packet[40] = { 0x60 };
	struct sockaddr_in near;
	socklen_t len = sizeof(at);
	struct lab *l = *state;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	u64 before;

	l->far = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (bind(l->far, (struct sockaddr *)&at, sizeof(at)))
		skip();
	assert_int_equal(getsockname(l->far, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&near, &len), 0);
	l->dev = inet_fd_open(l->net, "fd0", fd, &c);
	assert_non_null(l->dev);
	assert_int_equal(inet_addr_add(l->dev, "10.0.0.2/24"), 0);
	assert_int_equal(inet_netdev_up(l->dev), 0);
	for (u32 i = 0; i < 3; i++) {
		close_far(l);
		for (u32 k = 0; k < 3; k++) {
			run(l);
			assert_int_equal(say(l), 0);
		}
		assert_int_equal(inet_netdev_get_carrier(l->dev), 1);
		l->far = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		assert_int_equal(bind(l->far, (struct sockaddr *)&at, len), 0);
		/* an error and a packet behind it make one edge */
		before = stats_of(l).rx_packets;
		assert_int_equal(sendto(l->far, packet, sizeof(packet), 0,
					(struct sockaddr *)&near, len),
				 sizeof(packet));
		run(l);
		assert_int_equal(stats_of(l).rx_packets, before + 1);
		assert_int_equal(say(l), 0);
		assert_int_equal(recv(l->far, l->packet, sizeof(l->packet), 0),
				 29);
	}
	assert_true(stats_of(l).tx_errors + stats_of(l).rx_errors >= 3);
}

/* A TUN that somebody else has made. */
static void descriptor_of_a_tun_is_taken(void **state)
{
	const struct inet_fd_config c = { .size = sizeof(c), .raw = true };
	struct lab *l = *state;
	const char *why = host_net_enter();
	int fd = why ? -1 : host_net_tun("given");

	if (fd < 0)
		skip();
	l->dev = inet_fd_open(l->net, "fd0", fd, &c);
	assert_non_null(l->dev);
	assert_int_equal(inet_addr_add(l->dev, "10.0.0.2/24"), 0);
	assert_int_equal(inet_netdev_up(l->dev), 0);
	assert_true(host_net_run("ip address add 10.0.0.1/24 dev given && "
				 "ip link set given up"));
	assert_true(host_net_run("ping -c 1 -W 0.01 10.0.0.2 >/dev/null; true"));
	run(l);
	assert_int_equal(stats_of(l).tx_packets, 1);	/* its answer */
	assert_true(host_net_run("ip link del given"));
	say(l);
	run(l);
	assert_int_equal(inet_netdev_get_carrier(l->dev), 0);
}

/* ---- whose it is ------------------------------------------------------- */

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void refused(struct lab *l, const char *name, int fd,
		    const struct inet_fd_config *c, int err, const char *why)
{
	assert_null(inet_fd_open(l->net, name, fd, c));
	assert_int_equal(errno, err);
	if (!strstr(inet_strerror(l->net), why))
		fail_msg("\"%s\" is not in \"%s\"", why, inet_strerror(l->net));
}

static void what_has_no_packets_is_refused_and_stays_its_owners(void **state)
{
	struct lab *l = *state;
	struct inet_fd_config c = { .size = sizeof(c) };
	int file = memfd_create("file", 0), s[2], p[2], d[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, d), 0);
	assert_int_equal(pipe(p), 0);
	refused(l, "f", -1, NULL, EBADF, "descriptor -1: Bad file descriptor");
	refused(l, "f", file, NULL, EINVAL, "no socket of datagrams");
	refused(l, "f", s[0], NULL, EINVAL, "no socket of datagrams");
	refused(l, "f", p[0], NULL, EINVAL, "no socket of datagrams");
	refused(l, "", d[0], NULL, EINVAL, "a name of 1 to 15");
	refused(l, "lo", d[0], NULL, EEXIST, "lo");
	c.mtu = 65522;
	refused(l, "f", d[0], &c, EINVAL, "68 to 65521");
	c.raw = true;
	c.mtu = 65536;
	refused(l, "f", d[0], &c, EINVAL, "68 to 65535");
	c.mtu = 65535;
	c.mac[5] = 1;
	refused(l, "f", d[0], &c, EINVAL, "there is no link header");
	c.raw = false;
	c.mtu = 0;
	c.mac[0] = 1;
	refused(l, "f", d[0], &c, EINVAL, "multicast");
	c = (struct inet_fd_config){ .size = sizeof(c) + 1 };
	refused(l, "f", d[0], &c, EINVAL, "fd: size is not sizeof(");
	c.size = 0;
	refused(l, "f", d[0], &c, EINVAL, "fd: size is not sizeof(");
	assert_null(inet_netdev_open(l->net, "fd:f"));
	assert_non_null(strstr(inet_strerror(l->net), "usage: fd:NAME,fd=N"));
	assert_true(is_open(d[0]) && is_open(s[0]));
	l->dev = inet_fd_open(l->net, "f", d[0], NULL);
	assert_non_null(l->dev);
	assert_int_equal(inet_netdev_close(l->dev), 0);
	assert_false(is_open(d[0]));
	close(file);
	for (u32 i = 0; i < 2; i++) {
		close(s[i]);
		close(p[i]);
	}
	close(d[1]);
}

static void simulated_stack_has_none(void **state)
{
	const struct inet_config cfg = { .size = sizeof(cfg),
					 .mode = INET_SIMULATED };
	struct net *net = inet_create(&cfg);
	int d[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, d), 0);
	assert_null(inet_fd_open(net, "f", d[0], NULL));
	assert_int_equal(errno, EOPNOTSUPP);
	close(d[0]);
	close(d[1]);
	inet_destroy(net);
}

/* ---- two stacks -------------------------------------------------------- */

/* TEXT octets from one stack to another over a pair of @type. */
static void stream_crosses(struct lab *l, int type, const char *more)
{
	static u8 out[TEXT], in[TEXT];
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(7),
				  .sin_addr.s_addr = inet_addr("10.0.0.1") };
	struct net *far = inet_create(NULL), *nets[2] = { l->net, far };
	struct socket *listener, *a, *b = NULL;
	u32 sent = 0, got = 0;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, type, 0, pair), 0);
	for (u32 i = 0; i < 2; i++) {
		char spec[64];
		struct net_device *dev;

		snprintf(spec, sizeof(spec), "fd:f%u,fd=%d%s", i, pair[i], more);
		dev = inet_netdev_open(nets[i], spec);
		assert_non_null(dev);
		assert_int_equal(inet_addr_add(dev, i ? "10.0.0.1/24" :
							"10.0.0.2/24"), 0);
		assert_int_equal(inet_netdev_up(dev), 0);
	}
	for (u32 i = 0; i < TEXT; i++)
		out[i] = (u8)(i * 31 + i / 251);
	listener = inet_socket(far, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(inet_bind(listener, (struct sockaddr *)&to, sizeof(to)),
			 0);
	assert_int_equal(inet_listen(listener, 8), 0);
	a = inet_socket(l->net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	(void)inet_connect(a, (struct sockaddr *)&to, sizeof(to));
	for (u32 turn = 0; got < TEXT && turn < 200000; turn++) {
		ssize_t n;

		inet_run(l->net, 0);
		inet_run(far, turn % 64 ? 0 : MS);
		if (!b)
			b = inet_accept4(listener, NULL, NULL, SOCK_NONBLOCK);
		n = inet_send(a, out + sent, TEXT - sent, 0);
		sent += n > 0 ? (u32)n : 0;
		while (b && (n = inet_recv(b, in + got, TEXT - got, 0)) > 0)
			got += (u32)n;
	}
	assert_int_equal(got, TEXT);
	assert_memory_equal(in, out, TEXT);
	inet_close(a);
	inet_close(b);
	inet_close(listener);
	inet_destroy(far);
}

static void stacks_talk_over_a_pair_of_sockets(void **state)
{
	stream_crosses(*state, SOCK_SEQPACKET, "");
}

static void stacks_talk_without_a_link_header(void **state)
{
	stream_crosses(*state, SOCK_DGRAM, ",raw,mtu=9000");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(packet_socket_closed_takes_the_carrier),
		TEST(packet_socket_closed_is_noticed_by_sending),
		TEST(packet_socket_closed_with_unread_packets_does_too),
		TEST(last_words_are_heard),
		TEST(datagram_socket_closed_is_noticed_by_sending),
		TEST(empty_message_is_no_end),
		TEST(packets_that_wait_are_read_at_once),
		TEST(queue_that_waits_is_emptied),
		TEST(peer_of_udp_may_come_back),
		TEST(what_has_no_packets_is_refused_and_stays_its_owners),
		TEST(simulated_stack_has_none),
		TEST(stacks_talk_over_a_pair_of_sockets),
		TEST(stacks_talk_without_a_link_header),
		TEST(descriptor_of_a_tun_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
