/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Busy polling: calls that wait poll their device themselves, beside the softnets
 * that do the same, while devices go down and up and sockets close.
 */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/tcp.h>

#include <inet/control.h>
#include <inet/netdev.h>

#include "core/busy_poll.h"
#include "core/dev.h"
#include "core/net.h"
#include "core/socket.h"
#include "threaded.h"

#ifndef SO_BUSY_POLL_BUDGET
#define SO_BUSY_POLL_BUDGET 70
#endif

#define ROUNDS 1000u
#define LONG_US 1000000	/* longer than any answer takes */
#define LONG_TEXT "1000000"

static u64 busy_packets(struct net *net)
{
	u64 n = 0;

	assert_int_equal(inet_counter_get(net, "TcpExtBusyPollRxPackets", &n),
			 0);
	return n;
}

static void set(struct socket *s, int level, int name, int value)
{
	assert_int_equal(inet_setsockopt(s, level, name, &value, sizeof(value)),
			 0);
}

/* ---- questions and answers -------------------------------------------- */

struct echo {
	struct socket *s;
	pthread_t thread;
};

/* Answers each octet until the end. */
static void *echo(void *arg)
{
	struct echo *e = arg;
	u8 buf[64];
	ssize_t n;

	while ((n = inet_recv(e->s, buf, sizeof(buf), 0)) > 0)
		if (threaded_send_all(e->s, buf, (size_t)n) != n)
			break;
	return NULL;
}

/* @rounds questions; 0, or the number of the first that was not answered. */
static u32 ask(struct socket *s, u32 rounds, bool by_poll)
{
	struct inet_pollfd fd = { .sock = s, .events = POLLIN };
	u8 out, in;
	u32 i;

	for (i = 1; i <= rounds; i++) {
		out = (u8)i;
		if (inet_send(s, &out, 1, 0) != 1 ||
		    (by_poll && inet_poll(&fd, 1, -1) != 1) ||
		    inet_recv(s, &in, 1, 0) != 1 || in != out)
			return i;
	}
	return 0;
}

struct rig {
	struct threaded_pair p;
	struct socket *c[2];
	struct echo e;
};

static void rig_open(struct rig *r, u32 nr_threads, int busy_us)
{
	memset(r, 0, sizeof(*r));
	threaded_open(&r->p, nr_threads, NULL);
	threaded_join(&r->p, r->c);
	for (u32 i = 0; i < 2; i++) {
		set(r->c[i], IPPROTO_TCP, TCP_NODELAY, 1);
		set(r->c[i], SOL_SOCKET, SO_BUSY_POLL, busy_us);
	}
	r->e.s = r->c[1];
	pthread_create(&r->e.thread, NULL, echo, &r->e);
}

static void rig_close(struct rig *r)
{
	inet_shutdown(r->c[0], SHUT_WR);
	pthread_join(r->e.thread, NULL);
	inet_close(r->c[0]);
	inet_close(r->c[1]);
	threaded_close(&r->p);
}

/* Some answers were taken from the wire by the one who waited for them. */
static void waiting_reader_polls_its_device(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, 1, LONG_US);
	assert_int_equal(ask(r.c[0], ROUNDS, false), 0);
	assert_true(busy_packets(r.p.net[0]) > 0);
	assert_true(busy_packets(r.p.net[1]) > 0);
	rig_close(&r);
}

static void poll_polls_the_device_of_its_first_socket(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, 2, 0);
	assert_int_equal(inet_sysctl_set(r.p.net[0], "net.core.busy_poll",
					 LONG_TEXT), 0);
	assert_int_equal(ask(r.c[0], ROUNDS, true), 0);
	assert_true(busy_packets(r.p.net[0]) > 0);
	assert_int_equal(busy_packets(r.p.net[1]), 0);
	rig_close(&r);
}

/* Nobody asked: the softnet alone polls. */
static void without_the_option_nobody_does(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, 1, 0);
	assert_int_equal(ask(r.c[0], 200, false), 0);
	assert_int_equal(busy_packets(r.p.net[0]), 0);
	rig_close(&r);
}

/* ---- idle ------------------------------------------------------------- */

/* Nothing comes: what is spun shrinks, and grows when something does. */
static void idle_reader_spins_less_and_less(void **state)
{
	struct timeval soon = { .tv_usec = 2000 };
	struct rig r;
	u8 byte;
	u32 i;

	(void)state;
	rig_open(&r, 1, 160);
	assert_int_equal(ask(r.c[0], 20, false), 0);
	assert_int_equal(inet_setsockopt(r.c[0], SOL_SOCKET, SO_RCVTIMEO, &soon,
					 sizeof(soon)), 0);
	for (i = 0; i < 10; i++)
		assert_int_equal(inet_recv(r.c[0], &byte, 1, 0), -1);
	assert_int_equal(r.c[0]->sk->sk_ll_spin_usec, 10);
	set(r.c[0], SOL_SOCKET, SO_BUSY_POLL, 160);
	assert_int_equal(r.c[0]->sk->sk_ll_spin_usec, 160);
	rig_close(&r);
}

/* Where the caller runs the stack he runs it without a wait, and sleeps when time
 * is up. */
static void embedded_reader_runs_the_stack(void **state)
{
	struct inet_config cfg = { .size = sizeof(cfg), .nr_frames = 256 };
	struct timeval soon = { .tv_usec = 3000 };
	struct net *net = inet_create(&cfg);
	struct socket *s = inet_socket(net, AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	u8 byte = 7;
	u32 i;

	(void)state;
	assert_int_equal(inet_bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
	set(s, SOL_SOCKET, SO_BUSY_POLL, 1000);
	inet_setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	for (i = 0; i < 6; i++) {
		assert_int_equal(inet_sendto(s, &byte, 1, 0,
					     (struct sockaddr *)&a, sizeof(a)),
				 1);
		assert_int_equal(inet_recv(s, &byte, 1, 0), 1);
		assert_int_equal(inet_recv(s, &byte, 1, 0), -1);
		assert_int_equal(errno, EAGAIN);
	}
	assert_int_equal(s->sk->sk_ll_spin_usec, 1000 / 16);
	inet_close(s);
	inet_destroy(net);
}

/* Sends back what comes, until the end: the datagram of a raw device, whose
 * checksums hold when both ends change places. */
static void *send_back(void *arg)
{
	int fd = *(int *)arg;
	u8 packet[100], from[4], port[2];
	ssize_t n;

	while ((n = read(fd, packet, sizeof(packet))) > 27) {
		memcpy(from, packet + 12, 4);
		memcpy(packet + 12, packet + 16, 4);
		memcpy(packet + 16, from, 4);
		memcpy(port, packet + 20, 2);
		memcpy(packet + 20, packet + 22, 2);
		memcpy(packet + 22, port, 2);
		threaded_pause_us(200);
		if (write(fd, packet, (size_t)n) != n)
			break;
	}
	return NULL;
}

/* The device is polled without a question to the system whether it is ready. */
static void embedded_reader_polls_its_device(void **state)
{
	const struct inet_fd_config c = { .size = sizeof(c), .raw = true };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9),
				  .sin_addr.s_addr = inet_addr("10.0.0.1") };
	struct net *net = inet_create(NULL);
	struct socket *s = inet_socket(net, AF_INET, SOCK_DGRAM, 0);
	struct net_device *dev;
	pthread_t thread;
	int pair[2], i;
	u8 byte = 7;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	dev = inet_fd_open(net, "fd0", pair[0], &c);
	assert_non_null(dev);
	assert_int_equal(inet_addr_add(dev, "10.0.0.2/24"), 0);
	assert_int_equal(inet_netdev_up(dev), 0);
	assert_int_equal(inet_connect(s, (struct sockaddr *)&to, sizeof(to)),
			 0);
	set(s, SOL_SOCKET, SO_BUSY_POLL, LONG_US);
	pthread_create(&thread, NULL, send_back, &pair[1]);
	for (i = 0; i < 50; i++) {
		assert_int_equal(inet_send(s, &byte, 1, 0), 1);
		assert_int_equal(inet_recv(s, &byte, 1, 0), 1);
	}
	assert_true(busy_packets(net) > 0);
	inet_destroy(net);	/* the end of the thread */
	pthread_join(thread, NULL);
	close(pair[1]);
}

/* ---- counted ---------------------------------------------------------- */

/* What the NAPI that is looked at does, and how often. */
static int (*counted_poll)(struct napi_struct *napi, int budget);
static u32 nr_polls;			/* atomic */

static int count_poll(struct napi_struct *napi, int budget)
{
	threaded_count(&nr_polls);
	return counted_poll(napi, budget);
}

/* Before anybody polls it. */
static struct napi_struct *look_at(struct net_device *dev)
{
	struct napi_struct *napi = dev->napi_list;

	nr_polls = 0;
	counted_poll = napi->poll;
	napi->poll = count_poll;
	return napi;
}

/* A microsecond later with each question. */
static u64 counting_clock(void *opaque)
{
	u64 *ns = opaque;

	return *ns += 1000;
}

static struct net *counting_net(struct inet_env *env, u64 *ns,
				enum inet_mode mode)
{
	struct inet_config cfg = { .size = sizeof(cfg), .env = env,
				   .mode = mode, .nr_frames = 256 };
	struct net *net;

	*env = *inet_env_default();
	env->now = counting_clock;
	env->opaque = ns;
	net = inet_create(&cfg);
	assert_non_null(net);
	return net;
}

/* Two stacks whose threads never started, and a wire: nobody else polls. */
struct bench {
	struct inet_env env[2];
	u64 ns[2];
	struct net *net[2];
	struct inet_wire *wire;
	struct napi_struct *napi;	/* of the first one */
	struct wait_queue_head wq;
	u32 key;
};

static void bench_open(struct bench *b, struct busy_loop *loop)
{
	memset(b, 0, sizeof(*b));
	for (int i = 0; i < 2; i++)
		b->net[i] = counting_net(&b->env[i], &b->ns[i], INET_THREADED);
	b->wire = inet_wire_connect(b->net[0], "w0", b->net[1], "w0", NULL);
	b->napi = look_at(inet_wire_device(b->wire, 'a'));
	assert_int_equal(inet_netdev_up(b->napi->dev), 0);
	init_waitqueue_head(&b->wq, true);
	b->key = prepare_to_wait(&b->wq);
	*loop = (struct busy_loop){
		.net = b->net[0], .wq = &b->wq, .key = &b->key, .usec = 50,
		.budget = 8, .deadline_ns = U64_MAX,
		.napi = (u32)b->napi->dev->ifindex << 8 | b->napi->queue,
	};
}

static void bench_close(struct bench *b)
{
	finish_wait(&b->wq);
	inet_wire_close(b->wire);
	inet_destroy(b->net[0]);
	inet_destroy(b->net[1]);
}

/* No more polls than microseconds that were asked for, none behind the deadline;
 * the NAPI is nobody's afterwards. */
static void spinning_ends_when_time_is_up(void **state)
{
	struct busy_loop loop;
	struct bench b;

	(void)state;
	bench_open(&b, &loop);
	assert_false(napi_busy_loop(&loop));
	assert_in_range(nr_polls, 10, 51);	/* the last one lets go */
	assert_int_equal(b.napi->state, 0);
	nr_polls = 0;
	loop.deadline_ns = b.ns[0] + 8000;
	assert_false(napi_busy_loop(&loop));
	assert_in_range(nr_polls, 1, 9);
	nr_polls = 0;
	wake_up(&b.wq);
	assert_true(napi_busy_loop(&loop));
	assert_int_equal(nr_polls, 0);
	bench_close(&b);
}

/* Somebody owns the NAPI all the while: it is not polled, and the end is the
 * same. */
static void spinning_beside_the_owner_polls_nothing(void **state)
{
	struct busy_loop loop;
	struct bench b;

	(void)state;
	bench_open(&b, &loop);
	assert_true(napi_schedule_prep(b.napi));
	assert_false(napi_busy_loop(&loop));
	assert_int_equal(nr_polls, 0);
	assert_true(b.napi->state & NAPIF_STATE_SCHED);
	napi_complete_done(b.napi, 0);
	assert_int_equal(b.napi->state, 0);
	bench_close(&b);
}

/* An embedded stack is run for as long, and then the caller sleeps. */
static void embedded_spinning_ends_when_time_is_up(void **state)
{
	struct busy_loop loop = { .usec = 50, .deadline_ns = U64_MAX };
	struct inet_env env;
	u64 ns = 0;
	u32 turns;

	(void)state;
	loop.net = counting_net(&env, &ns, INET_EMBEDDED);
	turns = loop.net->softnets[0].turns;
	assert_false(napi_busy_loop(&loop));
	assert_in_range(loop.net->softnets[0].turns - turns, 2, 51);
	inet_destroy(loop.net);
}

/* What came within the whole is worth the whole, also to one who has slept; what
 * came later changes nothing. */
static void what_comes_soon_is_spun_for_again(void **state)
{
	struct inet_env env;
	struct socket *s;
	struct rig r;
	struct net *net;
	u64 ns = 0;

	(void)state;
	net = counting_net(&env, &ns, INET_EMBEDDED);
	s = inet_socket(net, AF_INET, SOCK_DGRAM, 0);
	set(s, SOL_SOCKET, SO_BUSY_POLL, 100);
	s->sk->sk_ll_spin_usec = 7;
	ns += 1000000;
	sk_busy_came(s->sk, ns - 200000);
	assert_int_equal(s->sk->sk_ll_spin_usec, 7);
	sk_busy_came(s->sk, ns - 50000);
	assert_int_equal(s->sk->sk_ll_spin_usec, 100);
	inet_close(s);
	inet_destroy(net);

	rig_open(&r, 1, LONG_US);
	assert_int_equal(ask(r.c[0], 1, false), 0);
	r.c[0]->sk->sk_ll_spin_usec = 0;
	/* an answer that is there before anybody waits says nothing */
	for (u32 i = 0; i < 1000 && r.c[0]->sk->sk_ll_spin_usec != LONG_US; i++) {
		r.c[0]->sk->sk_ll_spin_usec = 0;
		assert_int_equal(ask(r.c[0], 1, false), 0);
	}
	assert_int_equal(r.c[0]->sk->sk_ll_spin_usec, LONG_US);
	rig_close(&r);
}

static void *read_one(void *arg)
{
	u8 byte;

	inet_recv(arg, &byte, 1, 0);
	return NULL;
}

/* Who has spun in vain sleeps: nobody polls the device any more, no softnet
 * takes a turn, until something comes. */
static void idle_reader_sleeps(void **state)
{
	u32 polls = 1, turns = 0, before = 0;
	pthread_t reader;
	struct rig r;
	u8 byte = 0;

	(void)state;
	rig_open(&r, 1, 100);
	assert_int_equal(ask(r.c[0], 20, false), 0);
	inet_netdev_down(r.p.dev[0]);
	look_at(r.p.dev[0]);
	inet_netdev_up(r.p.dev[0]);
	pthread_create(&reader, NULL, read_one, r.c[0]);
	/* it comes to rest: some timers of TCP are left */
	for (u32 i = 0; i < 100 && (polls || turns); i++) {
		polls = threaded_read(&nr_polls);
		turns = __atomic_load_n(&r.p.net[0]->softnets[0].turns,
					__ATOMIC_ACQUIRE);
		threaded_pause_us(100000);
		polls = threaded_read(&nr_polls) - polls;
		before = turns;
		turns = __atomic_load_n(&r.p.net[0]->softnets[0].turns,
					__ATOMIC_ACQUIRE) - before;
	}
	assert_int_equal(polls, 0);
	assert_int_equal(turns, 0);
	assert_int_equal(inet_send(r.c[0], &byte, 1, 0), 1);
	pthread_join(reader, NULL);
	assert_true(threaded_read(&nr_polls) > 0);
	rig_close(&r);
}

/* ---- changes ---------------------------------------------------------- */

struct flapper {
	struct rig *r;
	u32 stop;
	pthread_t thread;
};

static void *flap(void *arg)
{
	struct flapper *f = arg;
	u32 i;

	for (i = 0; !threaded_read(&f->stop); i++) {
		inet_netdev_down(f->r->p.dev[i % 2]);
		threaded_pause_us(300);
		inet_netdev_up(f->r->p.dev[i % 2]);
		threaded_pause_us(3000);
	}
	return NULL;
}

/* The device goes down while it is polled, again and again: who polls it lets
 * go, and what was lost is sent again. */
static void device_goes_while_it_is_polled(void **state)
{
	struct flapper f = { 0 };
	struct rig r;

	(void)state;
	rig_open(&r, 2, LONG_US);
	inet_sysctl_set(r.p.net[0], "net.ipv4.tcp_rto_min_us", "5000");
	f.r = &r;
	pthread_create(&f.thread, NULL, flap, &f);
	assert_int_equal(ask(r.c[0], 300, false), 0);
	threaded_count(&f.stop);
	pthread_join(f.thread, NULL);
	assert_int_equal(ask(r.c[0], 100, false), 0);
	rig_close(&r);
}

struct asker {
	struct socket *c[2];
	struct echo e;
	u32 failed;
	pthread_t thread;
};

static void *ask_many(void *arg)
{
	struct asker *a = arg;

	a->failed = ask(a->c[0], 300, false);
	return NULL;
}

/* Several threads wait on sockets of one device: one polls, the others wait. */
static void many_readers_share_one_device(void **state)
{
	struct threaded_pair p;
	struct asker a[4];
	u32 i;

	(void)state;
	threaded_open(&p, 2, NULL);
	assert_int_equal(inet_sysctl_set(p.net[0], "net.core.busy_read",
					 LONG_TEXT), 0);
	for (i = 0; i < 4; i++) {
		threaded_join(&p, a[i].c);
		set(a[i].c[0], IPPROTO_TCP, TCP_NODELAY, 1);
		a[i].e.s = a[i].c[1];
		pthread_create(&a[i].e.thread, NULL, echo, &a[i].e);
	}
	for (i = 0; i < 4; i++)
		pthread_create(&a[i].thread, NULL, ask_many, &a[i]);
	for (i = 0; i < 4; i++) {
		pthread_join(a[i].thread, NULL);
		assert_int_equal(a[i].failed, 0);
	}
	assert_true(busy_packets(p.net[0]) > 0);
	for (i = 0; i < 4; i++) {
		inet_shutdown(a[i].c[0], SHUT_WR);
		pthread_join(a[i].e.thread, NULL);
		inet_close(a[i].c[0]);
		inet_close(a[i].c[1]);
	}
	threaded_close(&p);
}

/* ---- the options ------------------------------------------------------ */

static void options_have_their_ranges(void **state)
{
	struct rig r;
	int v = -1;
	socklen_t len = sizeof(v);

	(void)state;
	rig_open(&r, 1, 50);
	assert_int_equal(inet_setsockopt(r.c[0], SOL_SOCKET, SO_BUSY_POLL, &v,
					 sizeof(v)), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(inet_getsockopt(r.c[0], SOL_SOCKET, SO_BUSY_POLL, &v,
					 &len), 0);
	assert_int_equal(v, 50);
	v = 0;
	assert_int_equal(inet_setsockopt(r.c[0], SOL_SOCKET,
					 SO_BUSY_POLL_BUDGET, &v, sizeof(v)),
			 -1);
	set(r.c[0], SOL_SOCKET, SO_BUSY_POLL_BUDGET, 1);
	assert_int_equal(ask(r.c[0], 200, false), 0);
	assert_int_equal(inet_getsockopt(r.c[0], SOL_SOCKET,
					 SO_INCOMING_NAPI_ID, &v, &len), 0);
	assert_int_equal(v, r.p.dev[0]->napi_list->id);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waiting_reader_polls_its_device),
		cmocka_unit_test(poll_polls_the_device_of_its_first_socket),
		cmocka_unit_test(without_the_option_nobody_does),
		cmocka_unit_test(idle_reader_spins_less_and_less),
		cmocka_unit_test(embedded_reader_runs_the_stack),
		cmocka_unit_test(embedded_reader_polls_its_device),
		cmocka_unit_test(spinning_ends_when_time_is_up),
		cmocka_unit_test(spinning_beside_the_owner_polls_nothing),
		cmocka_unit_test(embedded_spinning_ends_when_time_is_up),
		cmocka_unit_test(what_comes_soon_is_spun_for_again),
		cmocka_unit_test(idle_reader_sleeps),
		cmocka_unit_test(device_goes_while_it_is_polled),
		cmocka_unit_test(many_readers_share_one_device),
		cmocka_unit_test(options_have_their_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
