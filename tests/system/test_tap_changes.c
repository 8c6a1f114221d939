/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's interface behind a TAP or a TUN changes under load: down, without link,
 * renamed, moved, with other addresses, shorter frames, deleted. A TCP stream
 * runs both ways between the stack and the kernel meanwhile, datagrams too, and
 * somebody listens. All in one thread, in a namespace of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
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
#define TAP "tap:tap0,mac=02:00:00:00:00:02"
#define TUN "tun:tap0"		/* the same name: the same commands */
#define KERNEL_UP "ip address add 10.0.0.1/24 dev tap0 && ip link set tap0 up"
#define CHUNK 16384u

/* One direction of the stream: the octet at @pos is a function of @pos. */
struct flow {
	u64 sent, received;
};

struct lab {
	struct inet_env env;
	struct net *net;
	struct net_device *dev;
	struct socket *tcp, *udp, *listener;
	int fd, server, sink;		/* the kernel's; sink: of datagrams */
	struct flow out, in;		/* of the stack */
	const char *spec;
	char said[2000];
};

static const char *refused;		/* why there is no namespace */

static u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000 + (u64)ts.tv_nsec / 1000000;
}

static void keep_log(void *opaque, int level, const char *line)
{
	struct lab *l = opaque;
	size_t used = strlen(l->said);

	(void)level;
	snprintf(l->said + used, sizeof(l->said) - used, "%s;", line);
}

static void command(const char *text)
{
	if (!host_net_run(text))
		fail_msg("%s", text);
}

/* ---- traffic ---------------------------------------------------------- */

static void fill(char *buf, u64 pos, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf[i] = (char)((pos + i) * 2654435761u >> 13);
}

static void check(struct flow *f, const char *buf, size_t len)
{
	char want[CHUNK];

	fill(want, f->received, len);
	assert_memory_equal(buf, want, len);
	f->received += len;
}

/* Sends and receives what goes, at both ends; nobody may see an error. */
static void step(struct lab *l)
{
	char buf[CHUNK];
	ssize_t n;

	fill(buf, l->out.sent, sizeof(buf));
	n = inet_send(l->tcp, buf, sizeof(buf), MSG_DONTWAIT);
	assert_true(n > 0 || errno == EAGAIN);
	l->out.sent += n > 0 ? (u64)n : 0;
	fill(buf, l->in.sent, sizeof(buf));
	n = send(l->fd, buf, sizeof(buf), MSG_DONTWAIT);
	assert_true(n > 0 || errno == EAGAIN);
	l->in.sent += n > 0 ? (u64)n : 0;
	while ((n = inet_recv(l->tcp, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		check(&l->in, buf, (size_t)n);
	assert_true(n < 0 && errno == EAGAIN);
	while ((n = recv(l->fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		check(&l->out, buf, (size_t)n);
	assert_true(n < 0 && errno == EAGAIN);
	assert_true(inet_run(l->net, MS) >= 0);
}

static void step_for_ms(struct lab *l, u64 ms)
{
	for (u64 end = now_ms() + ms; now_ms() < end;)
		step(l);
}

/* The stream goes on: a megabyte more each way that is asked for. */
static void assert_flows(struct lab *l, bool out, bool in)
{
	u64 end = now_ms() + 60000, o = l->out.received, i = l->in.received;

	while ((out && l->out.received < o + (1 << 20)) ||
	       (in && l->in.received < i + (1 << 20))) {
		step(l);
		if (now_ms() > end)
			fail_msg("stalled: %llu out, %llu in; %s",
				 (unsigned long long)(l->out.received - o),
				 (unsigned long long)(l->in.received - i),
				 l->said);
	}
}

/* Waits until the link is as it should. */
static void assert_carrier(struct lab *l, int on)
{
	u64 end = now_ms() + 5000;

	while (inet_netdev_get_carrier(l->dev) != on && now_ms() < end)
		inet_run(l->net, MS);
	assert_int_equal(inet_netdev_get_carrier(l->dev), on);
}

/* What the stack's datagram to the kernel gets: 0 or an errno. */
static int datagram(struct lab *l)
{
	return inet_send(l->udp, "x", 1, MSG_DONTWAIT) < 0 ? errno : 0;
}

/* The log has a line with @part. It is emptied. */
static void assert_said(struct lab *l, const char *part)
{
	if (!strstr(l->said, part))
		fail_msg("'%s' is not in: %s", part, l->said);
	l->said[0] = '\0';
}

/* Nothing to do: in @ms the stack is not woken more than @most times. */
static void assert_idle(struct lab *l, u32 ms, u32 most)
{
	u32 turns = l->net->softnets[0].turns, woken = 0;
	u64 end = now_ms() + ms, now;

	while ((now = now_ms()) < end) {
		inet_run(l->net, (s64)(end - now) * MS);
		woken++;
	}
	assert_in_range(l->net->softnets[0].turns - turns, 1, most);
	assert_in_range(woken, 1, most);
}

/* ---- set-up ----------------------------------------------------------- */

static struct sockaddr_in address(const char *text)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(PORT) };

	inet_pton(AF_INET, text, &sin.sin_addr);
	return sin;
}

/* The stack's end of tap0, with more arguments; the kernel's comes after it. */
static void attach(struct lab *l, const char *more)
{
	char spec[80];

	snprintf(spec, sizeof(spec), "%s%s", l->spec, more);
	l->dev = inet_netdev_open(l->net, spec);
	if (!l->dev)
		fail_msg("%s", inet_strerror(l->net));
	command(KERNEL_UP);
	assert_int_equal(inet_addr_add(l->dev, "10.0.0.2/24"), 0);
	assert_int_equal(inet_netdev_up(l->dev), 0);
	assert_carrier(l, 1);
}

static void connect_both(struct lab *l)
{
	struct sockaddr_in kernel = address("10.0.0.1"), own = address("0");
	int size = 1 << 18, on = 1;

	l->server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(l->server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(l->server, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	assert_int_equal(bind(l->server, (struct sockaddr *)&kernel,
			      sizeof(kernel)), 0);
	assert_int_equal(listen(l->server, 8), 0);
	l->sink = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(l->sink, (struct sockaddr *)&kernel,
			      sizeof(kernel)), 0);
	l->tcp = inet_socket(l->net, AF_INET, SOCK_STREAM, 0);
	assert_int_equal(inet_connect(l->tcp, (struct sockaddr *)&kernel,
				      sizeof(kernel)), 0);
	for (u64 end = now_ms() + 5000; l->fd < 0 && now_ms() < end;) {
		l->fd = accept4(l->server, NULL, NULL, SOCK_NONBLOCK);
		inet_run(l->net, MS);
	}
	assert_true(l->fd >= 0);
	l->udp = inet_socket(l->net, AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(inet_connect(l->udp, (struct sockaddr *)&kernel,
				      sizeof(kernel)), 0);
	l->listener = inet_socket(l->net, AF_INET, SOCK_STREAM, 0);
	assert_int_equal(inet_bind(l->listener, (struct sockaddr *)&own,
				   sizeof(own)), 0);
	assert_int_equal(inet_listen(l->listener, 8), 0);
}

static int setup(void **state)
{
	struct lab *l = calloc(1, sizeof(*l));
	struct inet_config cfg = { .size = sizeof(cfg), .env = &l->env };

	l->spec = *state;
	*state = l;
	if (refused)
		return 0;
	l->env = *inet_env_default();
	l->env.opaque = l;
	l->env.log = keep_log;
	l->fd = l->server = l->sink = -1;
	l->net = inet_create(&cfg);
	attach(l, "");
	connect_both(l);
	assert_flows(l, true, true);
	return 0;
}

static int teardown(void **state)
{
	struct lab *l = *state;

	if (l->net) {
		inet_close(l->tcp);
		inet_close(l->udp);
		inet_close(l->listener);
		inet_destroy(l->net);
		close(l->fd);
		close(l->server);
		close(l->sink);
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

/* ---- what changes ----------------------------------------------------- */

/* The kernel tells: nobody has to send for it to be noticed. */
static void interface_down_is_told_and_the_stream_waits_for_it(void **state)
{
	struct lab *l = lab_of(state);

	for (u32 i = 0; i < 3; i++) {
		l->said[0] = '\0';
		command("ip link set tap0 down");
		assert_carrier(l, 0);
		assert_said(l, "tap0: link is down");
		step_for_ms(l, 50);
		assert_int_equal(datagram(l), 0);	/* lost, as on Linux */
		command("ip link set tap0 up");
		assert_carrier(l, 1);
		assert_said(l, "tap0: link is up");
		assert_flows(l, true, true);
	}
}

static void interface_down_and_idle_wakes_nobody(void **state)
{
	struct lab *l = lab_of(state);

	inet_close(l->tcp);
	l->tcp = NULL;
	close(l->fd);
	l->fd = -1;
	for (u32 i = 0; i < 20; i++)
		inet_run(l->net, 10 * MS);
	command("ip link set tap0 down");
	assert_carrier(l, 0);
	assert_idle(l, 500, 12);
	command("ip link del tap0");
	for (u32 i = 0; i < 5; i++)
		inet_run(l->net, MS);
	assert_idle(l, 500, 12);
}

static void carrier_of_the_interface_is_ours(void **state)
{
	struct lab *l = lab_of(state);

	command("ip link set tap0 carrier off");
	assert_carrier(l, 0);
	step_for_ms(l, 20);
	command("ip link set tap0 carrier on");
	assert_carrier(l, 1);
	assert_flows(l, true, true);
}

static void interface_renamed_is_followed(void **state)
{
	struct lab *l = lab_of(state);

	command("ip link set tap0 name other0 2>/dev/null || { "
		"ip link set tap0 down; ip link set tap0 name other0; "
		"ip link set other0 up; }");
	step_for_ms(l, 20);
	assert_said(l, "tap0: the kernel's interface is called other0 now");
	assert_flows(l, true, true);
	command("ip link set other0 down");
	assert_carrier(l, 0);
	command("ip link set other0 up");
	assert_carrier(l, 1);
	assert_flows(l, true, true);
}

/* A process in a namespace of its own, which ends with it. */
static pid_t namespace(void)
{
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

/* Nothing is told from there, but the end is: the descriptor says it. */
static void interface_moved_away_is_used_until_it_ends(void **state)
{
	struct lab *l = lab_of(state);
	pid_t pid = namespace();
	char text[100];

	snprintf(text, sizeof(text), "ip link set tap0 netns %d", (int)pid);
	command(text);
	for (u32 i = 0; i < 300; i++) {
		datagram(l);
		inet_run(l->net, MS);
	}
	assert_said(l, "is in another network namespace");
	assert_idle(l, 300, 40);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (u64 end = now_ms() + 10000;
	     !strstr(l->said, "deleted") && now_ms() < end;)
		inet_run(l->net, 10 * MS);
	assert_said(l, "the kernel's interface was deleted");
	assert_int_equal(inet_netdev_get_carrier(l->dev), 0);
}

static void address_of_the_kernel_gone_the_stream_waits(void **state)
{
	struct lab *l = lab_of(state);

	command("ip address del 10.0.0.1/24 dev tap0");
	step_for_ms(l, 300);
	assert_int_equal(datagram(l), 0);
	command("ip address add 10.0.0.1/24 dev tap0");
	assert_flows(l, true, true);
}

/* The kernel asks for our address at once, and we learn its new one by that. */
static void link_address_of_the_kernel_changed_is_learned(void **state)
{
	struct lab *l = lab_of(state);

	command("ip link set tap0 address 02:00:00:00:00:77");
	command("ip neigh flush dev tap0");
	assert_flows(l, true, true);
	assert_int_equal(inet_netdev_set_mac(l->dev,
			 (const u8[]){ 2, 0, 0, 0, 0, 0x55 }), 0);
	assert_flows(l, true, true);
}

/* Its frames are shorter; ours are not its concern. */
static void mtu_of_the_kernel_lowered_goes_on(void **state)
{
	struct lab *l = lab_of(state);

	command("ip link set tap0 mtu 600");
	assert_flows(l, true, true);
	command("ip link set tap0 mtu 1500");
	assert_flows(l, true, true);
}

/* What the kernel sends is too long then: counted, and sent again later. */
/* What is too large vanishes, and no ICMP says so: smaller segments arrive, as large as
 * pass. @req 4821-6 */
static void path_narrowed_in_silence_is_found_out(void **state)
{
	struct lab *l = lab_of(state);
	socklen_t len = sizeof(int);
	int mss = 0;

	if (!host_net_run("iptables -A INPUT -m length --length 1301: -j DROP"))
		skip();
	inet_sysctl_set(l->net, "net.ipv4.tcp_mtu_probing", "1");
	inet_sysctl_set(l->net, "net.ipv4.tcp_retries1", "0");
	assert_flows(l, true, false);
	assert_int_equal(inet_getsockopt(l->tcp, IPPROTO_TCP, TCP_MAXSEG, &mss,
					 &len), 0);
	assert_in_range(mss, 1300 - 52 - 7, 1300 - 52);
	command("iptables -F INPUT");
}

static void own_mtu_lowered_drops_and_counts_what_is_too_long(void **state)
{
	struct lab *l = lab_of(state);
	struct inet_netdev_stats stats;

	assert_int_equal(inet_netdev_set_mtu(l->dev, 576), 0);
	step_for_ms(l, 200);
	inet_netdev_get_stats(l->dev, &stats);
	assert_true(stats.rx_over_errors > 0);
	assert_flows(l, true, false);
	assert_int_equal(inet_netdev_set_mtu(l->dev, 1500), 0);
	assert_flows(l, true, true);
}

/* The kernel's packets uncut, and what it is told to do for us: on either side
 * the stream is the same, and so is a datagram. */
static void work_left_to_the_other_side_changes_no_octet(void **state)
{
	struct lab *l = lab_of(state);
	struct inet_netdev_stats before, after;
	u64 errors;

	command("ip link del tap0");
	assert_int_equal(inet_netdev_close(l->dev), 0);
	attach(l, ",vnet,queues=2");
	for (u32 i = 0; i < 4; i++) {
		assert_flows(l, true, true);
		assert_int_equal(inet_netdev_set_feature(l->dev, "tso", i & 1),
				 0);
		assert_int_equal(inet_netdev_set_feature(l->dev, "tx", i & 2),
				 0);
	}
	inet_netdev_get_stats(l->dev, &before);
	assert_flows(l, true, true);
	inet_netdev_get_stats(l->dev, &after);
	/* with acknowledgments: more than any frame holds */
	assert_true((after.rx_bytes - before.rx_bytes) /
		    (after.rx_packets - before.rx_packets) > 1514);
	assert_int_equal(inet_counter_get(l->net, "TcpInCsumErrors", &errors),
			 0);
	assert_int_equal(errors, 0);
}

/* ---- its end ---------------------------------------------------------- */

static void interface_deleted_is_told_and_what_is_left_waits(void **state)
{
	struct lab *l = lab_of(state);
	struct inet_netdev_stats stats;
	struct net_device *old = l->dev;
	u64 errors;

	command("ip link del tap0");
	assert_carrier(l, 0);
	assert_said(l, "tap0: the kernel's interface was deleted");
	step_for_ms(l, 100);	/* no error for the stream */
	assert_int_equal(datagram(l), 0);
	inet_netdev_get_stats(l->dev, &stats);
	errors = stats.rx_errors + stats.tx_errors;
	step_for_ms(l, 400);
	inet_netdev_get_stats(l->dev, &stats);
	assert_int_equal(stats.rx_errors + stats.tx_errors, errors);
	assert_idle(l, 500, 40);	/* what retransmits, and no more */
	assert_null(inet_netdev_open(l->net, l->spec));	/* our own is in its way */
	assert_int_equal(errno, EEXIST);
	assert_int_equal(inet_netdev_down(old), 0);
	assert_int_equal(inet_netdev_up(old), 0);
	assert_int_equal(inet_netdev_get_carrier(old), 0);
}

/* As on Linux: without the address a datagram has no way, and a stream goes on
 * when it is there again. */
static void interface_deleted_and_made_again_the_stream_goes_on(void **state)
{
	struct lab *l = lab_of(state);
	struct socket *client;
	struct sockaddr_in own = address("10.0.0.2");
	int fd;

	for (u32 i = 0; i < 2; i++) {
		command("ip link del tap0");
		step_for_ms(l, 20);
		assert_int_equal(inet_netdev_close(l->dev), 0);
		step_for_ms(l, 20);
		assert_int_equal(datagram(l), ENETUNREACH);
		attach(l, "");
		assert_int_equal(datagram(l), 0);
		assert_flows(l, true, true);
	}
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	connect(fd, (struct sockaddr *)&own, sizeof(own));
	client = inet_accept(l->listener, NULL, NULL);
	assert_non_null(client);
	inet_close(client);
	close(fd);
}

/* Down, and up after that: the address stays, the stream too. */
static void device_reopened_beside_the_dead_one_takes_its_place(void **state)
{
	struct lab *l = lab_of(state);
	struct net_device *old = l->dev;

	command("ip link del tap0");
	step_for_ms(l, 20);
	assert_int_equal(inet_addr_del(old, "10.0.0.2/24"), 0);
	attach(l, ",name=tap1");
	assert_flows(l, true, true);
	assert_int_equal(inet_netdev_close(old), 0);
	assert_flows(l, true, true);
}

/* The kernel floods; our end goes while frames wait in every queue. */
static void closed_while_the_kernel_sends_leaks_nothing(void **state)
{
	struct lab *l = lab_of(state);
	struct sockaddr_in own = address("10.0.0.2");
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	char buf[1000] = { 0 };
	struct inet_usage usage;

	for (u32 i = 0; i < 200; i++) {
		sendto(fd, buf, sizeof(buf), 0, (struct sockaddr *)&own,
		       sizeof(own));
		if (i % 50 == 0)
			inet_run(l->net, 0);
	}
	assert_int_equal(inet_netdev_close(l->dev), 0);
	for (u32 i = 0; i < 100; i++) {
		sendto(fd, buf, sizeof(buf), 0, (struct sockaddr *)&own,
		       sizeof(own));
		inet_run(l->net, 0);
	}
	close(fd);
	inet_close(l->tcp);
	inet_close(l->udp);
	inet_close(l->listener);
	l->tcp = l->udp = l->listener = NULL;
	for (u32 i = 0; i < 10; i++)
		inet_run(l->net, MS);
	assert_int_equal(inet_get_usage(l->net, &usage), 0);
	assert_in_range(usage.frames_used, 0, 2000);	/* an orphan's queue */
}

#define CASE(f, how, spec)						\
	{ #f "_" how, f, setup, teardown, (void *)(uintptr_t)(spec) }
#define TEST_TAP(f) CASE(f, "tap", TAP)
#define TEST(f) TEST_TAP(f), CASE(f, "tun", TUN)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(interface_down_is_told_and_the_stream_waits_for_it),
		TEST(interface_down_and_idle_wakes_nobody),
		TEST(carrier_of_the_interface_is_ours),
		TEST(interface_renamed_is_followed),
		TEST(interface_moved_away_is_used_until_it_ends),
		TEST(address_of_the_kernel_gone_the_stream_waits),
		TEST_TAP(link_address_of_the_kernel_changed_is_learned),
		TEST(mtu_of_the_kernel_lowered_goes_on),
		TEST(path_narrowed_in_silence_is_found_out),
		TEST(own_mtu_lowered_drops_and_counts_what_is_too_long),
		TEST(work_left_to_the_other_side_changes_no_octet),
		TEST(interface_deleted_is_told_and_what_is_left_waits),
		TEST(interface_deleted_and_made_again_the_stream_goes_on),
		TEST(device_reopened_beside_the_dead_one_takes_its_place),
		TEST(closed_while_the_kernel_sends_leaks_nothing),
	};

	refused = host_net_enter_tun();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
