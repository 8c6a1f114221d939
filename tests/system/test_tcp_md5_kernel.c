/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signed segments (RFC 2385) against the kernel's, over a TAP in a namespace of its own:
 * who has the key connects, either way, and streams pass; who has another, or none, is
 * not heard, and both count it alike.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/tcp.h>
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
#define PORT 179
#define STREAM (1u << 20)
#define KERNEL "10.6.0.1"
#define OURS "10.6.0.2"

static const char *refused;		/* why there is no namespace, or no signature */

struct lab {
	struct net *net;
	struct socket *l, *s;		/* ours */
	int kl, ks;			/* the kernel's */
};

static u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000 + (u64)ts.tv_nsec / 1000000;
}

static struct sockaddr_in at(const char *ip)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(PORT) };

	a.sin_addr.s_addr = inet_addr(ip);
	return a;
}

static void command(const char *text)
{
	if (!host_net_run(text))
		fail_msg("%s", text);
}

static int enter(void **state)
{
	struct net_device *tap;
	struct lab *l = calloc(1, sizeof(*l));

	l->net = inet_create(NULL);
	assert_non_null(l->net);
	tap = inet_netdev_open(l->net, "tap:tap0");
	if (!tap)
		fail_msg("%s", inet_strerror(l->net));
	command("ip addr add " KERNEL "/24 dev tap0");
	command("ip link set tap0 up");
	assert_int_equal(inet_netdev_up(tap), 0);
	assert_int_equal(inet_addr_add(tap, OURS "/24"), 0);
	l->s = inet_socket(l->net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	l->ks = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	l->kl = -1;
	*state = l;
	return 0;
}

static int leave(void **state)
{
	struct lab *l = *state;

	inet_close(l->s);
	inet_close(l->l);
	inet_destroy(l->net);
	close(l->ks);
	if (l->kl >= 0)
		close(l->kl);
	free(l);
	return 0;
}

/* ---- keys and counters ------------------------------------------------ */

static struct tcp_md5sig key_for(const char *peer, const char *key)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct tcp_md5sig sig = { .tcpm_keylen = (u16)strlen(key) };

	a.sin_addr.s_addr = inet_addr(peer);
	memcpy(&sig.tcpm_addr, &a, sizeof(a));
	memcpy(sig.tcpm_key, key, sig.tcpm_keylen);
	return sig;
}

static void kernel_key(int fd, const char *key)
{
	struct tcp_md5sig sig = key_for(OURS, key);

	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &sig, sizeof(sig)), 0);
}

/* For all of the network. */
static void our_key(struct socket *s, const char *key)
{
	struct tcp_md5sig sig = key_for("10.6.0.0", key);

	sig.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX;
	sig.tcpm_prefixlen = 24;
	assert_int_equal(inet_setsockopt(s, IPPROTO_TCP, TCP_MD5SIG_EXT, &sig,
					 sizeof(sig)), 0);
}

static u64 ours(struct lab *l, const char *name)
{
	u64 n = 0;

	assert_int_equal(inet_counter_get(l->net, name, &n), 0);
	return n;
}

/* @name of the kernel's counters: TcpExt's, without that word. */
static u64 kernels(const char *name)
{
	static char names[16384], values[16384];
	char *n, *v, *save_n = NULL, *save_v = NULL;
	FILE *f = fopen("/proc/net/netstat", "r");
	u64 value = 0;

	assert_non_null(f);
	assert_non_null(fgets(names, sizeof(names), f));
	assert_non_null(fgets(values, sizeof(values), f));
	fclose(f);
	v = strtok_r(values, " \n", &save_v);
	for (n = strtok_r(names, " \n", &save_n); n && v;
	     n = strtok_r(NULL, " \n", &save_n), v = strtok_r(NULL, " \n", &save_v))
		if (!strcmp(n, name))
			value = strtoull(v, NULL, 10);
	return value;
}

/* ---- connections ------------------------------------------------------ */

static void we_listen(struct lab *l)
{
	struct sockaddr_in a = at(OURS);

	l->l = l->s;
	l->s = NULL;
	assert_int_equal(inet_bind(l->l, (void *)&a, sizeof(a)), 0);
	assert_int_equal(inet_listen(l->l, 8), 0);
}

static void kernel_listens(struct lab *l)
{
	struct sockaddr_in a = at(KERNEL);
	int on = 1;

	l->kl = l->ks;
	l->ks = -1;
	assert_int_equal(setsockopt(l->kl, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	assert_int_equal(bind(l->kl, (void *)&a, sizeof(a)), 0);
	assert_int_equal(listen(l->kl, 8), 0);
}

static void kernel_connects(struct lab *l)
{
	struct sockaddr_in a = at(OURS);

	assert_int_equal(connect(l->ks, (void *)&a, sizeof(a)), -1);
	assert_int_equal(errno, EINPROGRESS);
}

static void we_connect(struct lab *l)
{
	struct sockaddr_in a = at(KERNEL);

	assert_int_equal(inet_connect(l->s, (void *)&a, sizeof(a)), -1);
	assert_int_equal(errno, EINPROGRESS);
}

/* Both have the other end, sooner or later. */
static void accept_both(struct lab *l)
{
	u64 end = now_ms() + PATIENCE_MS;

	while ((!l->s || l->ks < 0) && now_ms() < end) {
		inet_run(l->net, MS);
		if (!l->s)
			l->s = inet_accept4(l->l, NULL, NULL, SOCK_NONBLOCK);
		if (l->ks < 0)
			l->ks = accept4(l->kl, NULL, NULL, SOCK_NONBLOCK);
	}
	assert_non_null(l->s);
	assert_true(l->ks >= 0);
}

/* STREAM octets each way at the same time. */
static void stream_both_ways(struct lab *l)
{
	static u8 text[STREAM], in[2][STREAM];
	size_t sent[2] = { 0, 0 }, got[2] = { 0, 0 };
	u64 end = now_ms() + PATIENCE_MS;
	ssize_t n;

	for (u32 i = 0; i < STREAM; i++)
		text[i] = (u8)(i * 7 + i / 251);
	while ((got[0] < STREAM || got[1] < STREAM) && now_ms() < end) {
		n = inet_send(l->s, text + sent[0], STREAM - sent[0], 0);
		sent[0] += n > 0 ? (size_t)n : 0;
		n = send(l->ks, text + sent[1], STREAM - sent[1], 0);
		sent[1] += n > 0 ? (size_t)n : 0;
		inet_run(l->net, sent[0] < STREAM ? 0 : MS);
		n = recv(l->ks, in[0] + got[0], STREAM - got[0], 0);
		got[0] += n > 0 ? (size_t)n : 0;
		n = inet_recv(l->s, in[1] + got[1], STREAM - got[1], 0);
		got[1] += n > 0 ? (size_t)n : 0;
	}
	assert_int_equal(got[0], STREAM);
	assert_int_equal(got[1], STREAM);
	assert_memory_equal(in[0], text, STREAM);
	assert_memory_equal(in[1], text, STREAM);
}

/* One end closes, the other reads that. */
static void close_both(struct lab *l)
{
	u64 end = now_ms() + PATIENCE_MS;
	ssize_t n = -1;
	char c;

	assert_int_equal(shutdown(l->ks, SHUT_WR), 0);
	while (n < 0 && now_ms() < end) {
		inet_run(l->net, MS);
		n = inet_recv(l->s, &c, 1, 0);
	}
	assert_int_equal(n, 0);
	assert_int_equal(inet_shutdown(l->s, SHUT_WR), 0);
	for (n = -1; n < 0 && now_ms() < end;) {
		inet_run(l->net, MS);
		n = recv(l->ks, &c, 1, 0);
	}
	assert_int_equal(n, 0);
}

/* The connection that was asked for stands, serves, and ends; nothing is refused. */
static void it_works(struct lab *l)
{
	accept_both(l);
	stream_both_ways(l);
	close_both(l);
	assert_int_equal(ours(l, "TcpExtTCPMD5NotFound"), 0);
	assert_int_equal(ours(l, "TcpExtTCPMD5Unexpected"), 0);
	assert_int_equal(ours(l, "TcpExtTCPMD5Failure"), 0);
}

static void kernel_with_the_key_connects(void **state)
{
	struct lab *l = *state;

	our_key(l->s, "secret");
	we_listen(l);
	kernel_key(l->ks, "secret");
	kernel_connects(l);
	it_works(l);
}

static void kernel_with_the_key_is_connected_to(void **state)
{
	struct lab *l = *state;
	u64 before = kernels("TCPMD5Failure") + kernels("TCPMD5NotFound");

	kernel_key(l->ks, "a longer secret, of many words");
	kernel_listens(l);
	our_key(l->s, "a longer secret, of many words");
	we_connect(l);
	it_works(l);
	assert_int_equal(kernels("TCPMD5Failure") + kernels("TCPMD5NotFound"), before);
}

/* A SYN through cookies: the key is asked for again with the ACK. */
static void kernel_with_the_key_connects_by_a_cookie(void **state)
{
	struct lab *l = *state;

	assert_int_equal(inet_sysctl_set(l->net, "net.ipv4.tcp_syncookies", "2"), 0);
	kernel_with_the_key_connects(state);
	assert_int_equal(ours(l, "TcpExtSyncookiesRecv"), 1);
}

/* ---- refusals --------------------------------------------------------- */

/* The kernel's SYN comes, and is counted as @name; the kernel's end is not connected. */
static void we_refuse(struct lab *l, const char *key, const char *theirs,
		      const char *name)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);
	u64 end = now_ms() + PATIENCE_MS;

	if (key)
		our_key(l->s, key);
	we_listen(l);
	if (theirs)
		kernel_key(l->ks, theirs);
	kernel_connects(l);
	while (!ours(l, name) && now_ms() < end)
		inet_run(l->net, MS);
	assert_true(ours(l, name) > 0);
	assert_int_equal(getsockopt(l->ks, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	assert_int_equal(info.tcpi_state, TCP_SYN_SENT);
}

static void other_key_is_a_failure(void **state)
{
	we_refuse(*state, "secret", "Secret", "TcpExtTCPMD5Failure");
}

static void no_signature_is_not_found(void **state)
{
	we_refuse(*state, "secret", NULL, "TcpExtTCPMD5NotFound");
}

static void signature_without_a_key_is_unexpected(void **state)
{
	we_refuse(*state, NULL, "secret", "TcpExtTCPMD5Unexpected");
}

/* The same the other way round. */
static void kernel_refuses(struct lab *l, const char *key, const char *theirs,
			   const char *name)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);
	u64 before = kernels(name), end = now_ms() + PATIENCE_MS;

	if (theirs)
		kernel_key(l->ks, theirs);
	kernel_listens(l);
	if (key)
		our_key(l->s, key);
	we_connect(l);
	while (kernels(name) == before && now_ms() < end)
		inet_run(l->net, MS);
	assert_true(kernels(name) > before);
	assert_int_equal(inet_getsockopt(l->s, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	assert_int_equal(info.tcpi_state, TCP_SYN_SENT);
}

static void other_key_is_a_failure_to_the_kernel(void **state)
{
	kernel_refuses(*state, "secret", "Secret", "TCPMD5Failure");
}

static void no_signature_is_not_found_by_the_kernel(void **state)
{
	kernel_refuses(*state, NULL, "secret", "TCPMD5NotFound");
}

static void signature_is_unexpected_by_the_kernel(void **state)
{
	kernel_refuses(*state, "secret", NULL, "TCPMD5Unexpected");
}

/* Does this kernel sign at all? */
static const char *kernel_signs(void)
{
	struct tcp_md5sig sig = key_for(OURS, "x");
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int ret = setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &sig, sizeof(sig));

	close(fd);
	return ret ? "the kernel has no TCP_MD5SIG" : NULL;
}

/* Instead of the others. */
static void tcp_md5_against_the_kernel(void **state)
{
	(void)state;
	print_message("# %s\n", refused);
	skip();
}

#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(kernel_with_the_key_connects),
		T(kernel_with_the_key_is_connected_to),
		T(kernel_with_the_key_connects_by_a_cookie),
		T(other_key_is_a_failure),
		T(no_signature_is_not_found),
		T(signature_without_a_key_is_unexpected),
		T(other_key_is_a_failure_to_the_kernel),
		T(no_signature_is_not_found_by_the_kernel),
		T(signature_is_unexpected_by_the_kernel),
	};

	const struct CMUnitTest none[] = { cmocka_unit_test(tcp_md5_against_the_kernel) };

	refused = host_net_enter_tun();
	if (!refused)
		refused = kernel_signs();
	return refused ? cmocka_run_group_tests(none, NULL, NULL) :
			 cmocka_run_group_tests(tests, NULL, NULL);
}
