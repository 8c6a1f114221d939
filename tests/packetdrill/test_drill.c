/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libinet as packetdrill's stack, asked as packetdrill asks it: loaded, its table
 * filled, packets of IP in and out, time by its clock. Needs no packetdrill.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "interface.h"

#define SECOND 1000000ll

struct packet {
	struct iphdr ip;
	struct tcphdr tcp;
	u8 text[100];
};

static struct packetdrill_interface ifc;
static void *so;

static int load(void **state)
{
	void (*init)(const char *flags, struct packetdrill_interface *ifc);
	const char *top = getenv("top_builddir");
	char path[512];

	(void)state;
	snprintf(path, sizeof(path), "%s/tests/packetdrill/.libs/%s",
		 top ? top : ".", "libinet-packetdrill.so");
	so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!so)
		fprintf(stderr, "%s\n", dlerror());
	assert_non_null(so);
	*(void **)&init = dlsym(so, "packetdrill_interface_init");
	assert_non_null(init);
	init("ip=192.168.0.1,mtu=1500,knobs=own", &ifc);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	ifc.free(ifc.userdata);
	return dlclose(so);
}

static long long now_us(void)
{
	struct timeval tv;

	assert_int_equal(ifc.gettimeofday(ifc.userdata, &tv, NULL), 0);
	return tv.tv_sec * SECOND + tv.tv_usec;
}

/* A segment of the peer's, port 1000, for @port. */
static void inject(u16 port, u8 flags, u32 seq, u32 ack, u32 len)
{
	struct fx_ip ip = {
		.saddr = inet_addr("192.0.2.1"), .daddr = inet_addr("192.168.0.1"),
	};
	struct tcp_seg_info seg = {
		.source = htons(1000), .dest = htons(port), .seq = seq,
		.ack_seq = ack, .flags = flags, .window = 60000,
	};
	static const u8 text[100];
	u8 frame[FX_FRAME_MAX];
	u32 size = fx_build_tcp(frame, &ip, &seg, NULL, 0, text, len);

	assert_int_equal(ifc.netdev_send(ifc.userdata, frame + ETH_HLEN,
					 size - ETH_HLEN), 0);
}

/* The next segment of the stack's, with @flags and @len octets of text; when it
 * left. */
static long long expect(u8 flags, u32 len, struct packet *p)
{
	struct packet other;
	size_t size = sizeof(*p);
	long long us = 0;

	if (!p)
		p = &other;
	assert_int_equal(ifc.netdev_receive(ifc.userdata, p, &size, &us), 0);
	assert_true(size >= sizeof(p->ip) + sizeof(p->tcp));
	assert_int_equal(p->tcp.flags, flags);
	assert_int_equal(size, sizeof(p->ip) + p->tcp.doff * 4u + len);
	return us;
}

static int listen_on(u16 port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_port = htons(port),
	};
	int fd = ifc.socket(ifc.userdata, AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(ifc.bind(ifc.userdata, fd, (struct sockaddr *)&addr,
				  sizeof(addr)), 0);
	assert_int_equal(ifc.listen(ifc.userdata, fd, 5), 0);
	return fd;
}

/* The peer connects to @port. Return: the stack's first number. */
static u32 handshake(u16 port)
{
	struct packet p;

	inject(port, TCPHDR_SYN, 100, 0, 0);
	expect(TCPHDR_SYN | TCPHDR_ACK, 0, &p);
	inject(port, TCPHDR_ACK, 101, ntohl(p.tcp.seq) + 1, 0);
	return ntohl(p.tcp.seq) + 1;
}

static int connected(u16 port, u32 *iss)
{
	int listener = listen_on(port), fd;

	*iss = handshake(port);
	fd = ifc.accept(ifc.userdata, listener, NULL, NULL);
	assert_true(fd >= 0);
	assert_int_equal(ifc.close(ifc.userdata, listener), 0);
	return fd;
}

/* Nothing is left of what the stack has sent. */
static void drain(void)
{
	size_t size;
	long long us;
	char buf[200];

	do {
		size = sizeof(buf);
		assert_int_equal(ifc.netdev_receive(ifc.userdata, buf, &size,
						    &us), 0);
	} while (size);
}

/* What a script left open packetdrill resets and closes. */
static void reset(u16 port, u32 seq, int fd)
{
	inject(port, TCPHDR_RST | TCPHDR_ACK, seq, 0, 0);
	assert_int_equal(ifc.close(ifc.userdata, fd), 0);
	drain();
}

static void a_connection_carries_text_both_ways(void **state)
{
	char text[10];
	u32 iss;
	int fd = connected(80, &iss);

	(void)state;
	inject(80, TCPHDR_ACK | TCPHDR_PSH, 101, iss, 7);
	expect(TCPHDR_ACK, 0, NULL);
	assert_int_equal(ifc.read(ifc.userdata, fd, text, sizeof(text)), 7);
	assert_int_equal(ifc.write(ifc.userdata, fd, "abcd", 4), 4);
	expect(TCPHDR_ACK | TCPHDR_PSH, 4, NULL);
	assert_int_equal(ifc.shutdown(ifc.userdata, fd, SHUT_WR), 0);
	expect(TCPHDR_ACK | TCPHDR_FIN, 0, NULL);
	reset(80, 108, fd);
}

static void segments_leave_when_the_clock_says(void **state)
{
	int fd = listen_on(81);
	long long first;

	(void)state;
	inject(81, TCPHDR_SYN, 100, 0, 0);
	first = expect(TCPHDR_SYN | TCPHDR_ACK, 0, NULL);
	assert_int_equal(ifc.usleep(ifc.userdata, 5 * SECOND), 0);
	assert_int_equal(expect(TCPHDR_SYN | TCPHDR_ACK, 0, NULL) / SECOND,
			 first / SECOND + 1);
	assert_true(now_us() >= first + 5 * SECOND);
	reset(81, 101, fd);
}

static void silence_ends_the_wait_for_a_packet(void **state)
{
	long long begin = now_us(), us;
	size_t size = 100;
	char buf[100];

	(void)state;
	assert_int_equal(ifc.netdev_receive(ifc.userdata, buf, &size, &us), 0);
	assert_int_equal(size, 0);
	assert_true(now_us() > begin);
}

struct blocked {
	int listener, fd;
	long long end_us;
};

static void *accept_one(void *arg)
{
	struct blocked *b = arg;

	b->fd = ifc.accept(ifc.userdata, b->listener, NULL, NULL);
	b->end_us = now_us();
	return NULL;
}

/* Sleeps: as packetdrill sees that a call blocks. */
static void until_it_sleeps(void)
{
	usleep(200000);
}

static void a_call_that_blocks_ends_when_it_could(void **state)
{
	struct blocked b = { .listener = listen_on(82) };
	long long ready;
	pthread_t t;

	(void)state;
	assert_int_equal(pthread_create(&t, NULL, accept_one, &b), 0);
	until_it_sleeps();
	ifc.usleep(ifc.userdata, SECOND);
	handshake(82);
	ready = now_us();
	/* a minute more is not seen by it */
	ifc.usleep(ifc.userdata, 60 * SECOND);
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_true(b.fd >= 0);
	assert_true(b.end_us <= ready);
	assert_true(b.end_us > ready - SECOND / 1000);
	ifc.close(ifc.userdata, b.listener);
	reset(82, 101, b.fd);
}

static void edges_are_told_once(void **state)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET }, got;
	u32 iss;
	int fd = connected(83, &iss), ep;

	(void)state;
	ep = ifc.epoll_create(ifc.userdata, 1);
	assert_true(ep >= 0);
	e.data.fd = fd;
	assert_int_equal(ifc.epoll_ctl(ifc.userdata, ep, EPOLL_CTL_ADD, fd, &e),
			 0);
	assert_int_equal(ifc.epoll_wait(ifc.userdata, ep, &got, 1, 0), 0);
	inject(83, TCPHDR_ACK | TCPHDR_PSH, 101, iss, 5);
	assert_int_equal(ifc.epoll_wait(ifc.userdata, ep, &got, 1, 0), 1);
	assert_int_equal(got.events, EPOLLIN);
	assert_int_equal(got.data.fd, fd);
	assert_int_equal(ifc.epoll_wait(ifc.userdata, ep, &got, 1, 0), 0);
	inject(83, TCPHDR_ACK | TCPHDR_PSH, 106, iss, 5);
	assert_int_equal(ifc.epoll_wait(ifc.userdata, ep, &got, 1, 0), 1);
	assert_int_equal(ifc.epoll_ctl(ifc.userdata, ep, EPOLL_CTL_ADD, fd, &e),
			 -1);
	assert_int_equal(errno, EEXIST);
	expect(TCPHDR_ACK, 0, NULL);
	reset(83, 111, fd);
	assert_int_equal(ifc.epoll_wait(ifc.userdata, ep, &got, 1, 0), 0);
	assert_int_equal(ifc.close(ifc.userdata, ep), 0);
}

/* What packetdrill calls past the table. */
static void preloaded_calls_know_the_descriptors(void **state)
{
	int (*get)(int fd, int level, int name, void *val, socklen_t *len);
	int (*end)(int fd);
	struct tcp_info info;
	socklen_t len = sizeof(info);
	u32 iss;
	int fd = connected(84, &iss);

	(void)state;
	*(void **)&get = dlsym(so, "getsockopt");
	*(void **)&end = dlsym(so, "close");
	assert_int_equal(get(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	assert_int_equal(info.tcpi_state, TCP_ESTABLISHED);
	assert_int_equal(end(fd), 0);
	expect(TCPHDR_ACK | TCPHDR_FIN, 0, NULL);
	assert_int_equal(ifc.close(ifc.userdata, fd), -1);
	assert_int_equal(errno, EBADF);
	inject(84, TCPHDR_RST | TCPHDR_ACK, 101, iss + 1, 0);
	drain();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_carries_text_both_ways),
		cmocka_unit_test(segments_leave_when_the_clock_says),
		cmocka_unit_test(silence_ends_the_wait_for_a_packet),
		cmocka_unit_test(a_call_that_blocks_ends_when_it_could),
		cmocka_unit_test(edges_are_told_once),
		cmocka_unit_test(preloaded_calls_know_the_descriptors),
	};

	return cmocka_run_group_tests_name("packetdrill", tests, load, unload);
}
