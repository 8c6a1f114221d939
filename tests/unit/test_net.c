/* SPDX-License-Identifier: BSD-2-Clause */
/* What a stack asks of its environment, and how often: the clock once per stay,
 * random bytes in batches; and which of its softnets has a turn. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>

#include <inet/control.h>
#include <inet/inet.h>
#include <inet/socket.h>

#include "api/verify.h"
#include "core/net.h"
#include "core/sock.h"
#include "core/socket.h"

#define TICK_NS 1000

/* A stack with its loopback, and a clock that moves when it is read. */
struct rig {
	struct inet_env env;
	u64 now_ns;
	u32 reads;
	struct net *net;
	struct socket *c, *s;
	u64 in_callback_ns;
	u32 draws;		/* of random bytes */
};

static u64 rig_now(void *opaque)
{
	struct rig *r = opaque;

	__atomic_fetch_add(&r->reads, 1, __ATOMIC_RELAXED);
	return __atomic_add_fetch(&r->now_ns, TICK_NS, __ATOMIC_RELAXED);
}

/* All bytes of a draw are its number. */
static void rig_random(void *opaque, void *buf, size_t len)
{
	struct rig *r = opaque;

	memset(buf, (int)++r->draws, len);
}

static void rig_open_cfg(struct rig *r, enum inet_mode mode, u32 nr_threads)
{
	struct inet_config cfg = { .size = sizeof(cfg), .mode = mode,
				   .env = &r->env, .nr_threads = nr_threads };

	*r = (struct rig){ .now_ns = 1000000000 };
	r->env = *inet_env_default();
	r->env.opaque = r;
	r->env.now = rig_now;
	r->env.random = rig_random;
	r->net = inet_create(&cfg);
	assert_non_null(r->net);
}

static void rig_open(struct rig *r, enum inet_mode mode)
{
	rig_open_cfg(r, mode, 1);
}

/* A connection of the stack with itself. */
static void rig_join(struct rig *r)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(7),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct socket *l = inet_socket(r->net, AF_INET,
				       SOCK_STREAM | SOCK_NONBLOCK, 0);
	const int on = 1;

	r->c = inet_socket(r->net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(inet_bind(l, (void *)&sin, sizeof(sin)), 0);
	assert_int_equal(inet_listen(l, 1), 0);
	assert_int_equal(inet_connect(r->c, (void *)&sin, sizeof(sin)), -1);
	assert_int_equal(errno, EINPROGRESS);
	while (inet_run(r->net, 0))
		continue;
	r->s = inet_accept4(l, NULL, NULL, SOCK_NONBLOCK);
	assert_non_null(r->s);
	inet_setsockopt(r->c, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	inet_close(l);
	while (inet_run(r->net, 0))
		continue;
}

/* Room for one read by the call and one after the poll of a device. */
static void one_byte_each_way_reads_the_clock_rarely(void **state)
{
	struct rig r;
	char byte;

	(void)state;
	rig_open(&r, INET_SIMULATED);
	rig_join(&r);
	r.reads = 0;
	assert_int_equal(inet_send(r.c, "q", 1, 0), 1);
	assert_in_range(r.reads, 1, 2);
	r.reads = 0;
	assert_int_equal(inet_recv(r.s, &byte, 1, 0), 1);
	assert_int_equal(r.reads, 0);
	inet_run(r.net, 0);
	assert_int_equal(r.reads, 1);
	inet_destroy(r.net);
}

/* What close() sends, and the stack's answers to it in the same call. */
static void close_reads_the_clock_rarely(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, INET_SIMULATED);
	rig_join(&r);
	r.reads = 0;
	assert_int_equal(inet_close(r.c), 0);
	assert_in_range(r.reads, 1, 2);
	inet_destroy(r.net);
}

/* Is what net_now() says what the clock said last? */
static bool is_last_read(struct rig *r)
{
	u64 now = net_now(r->net);

	return now == r->now_ns;
}

static void stay_has_one_time_until_a_tick(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, INET_SIMULATED);
	net_clock_hold(r.net);
	r.reads = 0;
	assert_true(is_last_read(&r));
	net_clock_hold(r.net);
	net_clock_release(r.net);
	assert_true(is_last_read(&r));
	assert_int_equal(r.reads, 1);
	net_clock_tick(r.net);
	assert_true(is_last_read(&r));
	assert_int_equal(r.reads, 2);
	inet_now_ns(r.net);
	assert_int_equal(r.reads, 3);	/* the application's is not held */
	net_clock_release(r.net);
	net_now(r.net);
	net_now(r.net);
	assert_int_equal(r.reads, 5);	/* nobody is inside */
	inet_destroy(r.net);
}

static void look_and_work(struct socket *sock, int events, void *arg)
{
	struct rig *r = arg;

	(void)sock;
	(void)events;
	r->in_callback_ns = net_now(r->net);
	r->now_ns += 5000 * TICK_NS;	/* the application works */
}

static void callback_that_takes_long_is_time(void **state)
{
	struct rig r;
	u64 before;

	(void)state;
	rig_open(&r, INET_SIMULATED);
	rig_join(&r);
	assert_int_equal(inet_set_event_cb(r.s, POLLIN, look_and_work, &r),
			 0);
	net_clock_hold(r.net);
	before = net_now(r.net);
	assert_int_equal(inet_send(r.c, "q", 1, 0), 1);
	while (inet_run(r.net, 0))
		continue;
	assert_true(r.in_callback_ns > before);
	assert_true(net_now(r.net) > before + 5000 * TICK_NS);
	net_clock_release(r.net);
	inet_destroy(r.net);
}

/* Else a thread's answer could be older than another's question. */
static void threaded_stack_reads_the_clock_each_time(void **state)
{
	struct rig r;
	u64 first;

	(void)state;
	rig_open(&r, INET_THREADED);
	net_clock_hold(r.net);
	first = net_now(r.net);
	assert_true(net_now(r.net) > first);
	net_clock_release(r.net);
	assert_int_equal(r.net->stays, 0);
	inet_destroy(r.net);
}

static void blocking_call_sees_the_time_pass(void **state)
{
	const struct timeval tv = { .tv_usec = 20 };
	struct rig r;
	char byte;

	(void)state;
	rig_open(&r, INET_EMBEDDED);
	rig_join(&r);
	assert_int_equal(inet_set_nonblock(r.s, 0), 0);
	assert_int_equal(inet_setsockopt(r.s, SOL_SOCKET, SO_RCVTIMEO, &tv,
					 sizeof(tv)), 0);
	errno = 0;
	assert_int_equal(inet_recv(r.s, &byte, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(r.net->stays, 0);
	inet_destroy(r.net);
}

static void random_bytes_are_drawn_in_batches_and_forgotten(void **state)
{
	u8 big[sizeof(((struct net *)0)->random_batch) + 1];
	struct rig r;
	u32 i, word;

	(void)state;
	rig_open(&r, INET_SIMULATED);
	r.net->random_left = 0;
	r.draws = 0;
	for (i = 0; i < 2 * sizeof(r.net->random_batch) / 4; i++) {
		net_random_bytes(r.net, &word, 4);
		assert_int_equal(word, r.draws * 0x01010101u);
	}
	assert_int_equal(r.draws, 2);
	for (i = 0; i < sizeof(r.net->random_batch); i++)
		assert_int_equal(r.net->random_batch[i], 0);
	net_random_bytes(r.net, big, sizeof(big));	/* not by the batch */
	assert_int_equal(big[0], 3);
	assert_int_equal(big[sizeof(big) - 1], 3);
	assert_int_equal(r.draws, 3);
	inet_destroy(r.net);
}

/* Refused with a sentence about the environment. */
static void refused(const struct inet_env *env)
{
	const struct inet_config cfg = { .size = sizeof(cfg), .env = env };

	errno = 0;
	assert_null(inet_create(&cfg));
	assert_int_equal(errno, EINVAL);
	assert_ptr_equal(strstr(inet_strerror(NULL), "inet_env"),
			 inet_strerror(NULL));
}

static void environment_that_is_not_whole_is_refused(void **state)
{
	struct inet_env env;
	void *members[] = { &env.now, &env.wall, &env.random, &env.alloc,
			    &env.free, &env.log };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		env = *inet_env_default();
		memset(members[i], 0, sizeof(env.now));
		refused(&env);
	}
	for (size_t size = 0; size < sizeof(env); size++) {
		env = *inet_env_default();
		env.size = size;
		refused(&env);
	}
}

static void config_of_another_size_is_refused(void **state)
{
	struct inet_config cfg = { .size = 8, .mode = (enum inet_mode)77 };

	(void)state;
	assert_null(inet_create(&cfg));
	assert_non_null(strstr(inet_strerror(NULL), "inet_config.size"));
	cfg.size = sizeof(cfg);
	assert_null(inet_create(&cfg));
	assert_non_null(strstr(inet_strerror(NULL), "inet_config.mode"));
}

/* The owner of a softnet leaves a sent packet in one list, a thread that owns
 * none in another: an unstarted threaded stack has no owner. */
static void completion_that_nobody_ran_dies_with_the_stack(void **state)
{
	static const enum inet_mode modes[] = {
		INET_EMBEDDED, INET_SIMULATED, INET_THREADED,
	};
	struct sk_buff *skb;
	struct rig r;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		rig_open(&r, modes[i]);
		skb = alloc_skb(r.net, 100);
		assert_non_null(skb);
		dev_consume_skb_any(skb);
		assert_true(r.net->softnets->completion_queue ||
			    r.net->softnets->remote_completion);
		inet_destroy(r.net);	/* asserts that all frames are back */
	}
}

/* The socket is closed: its last packet holds it, and a route. */
static void completion_that_holds_a_socket_dies_with_the_stack(void **state)
{
	static const enum inet_mode modes[] = {
		INET_EMBEDDED, INET_SIMULATED, INET_THREADED,
	};
	struct sockaddr_in lo = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct sk_buff *skb;
	struct socket *s;
	struct rig r;
	size_t i;

	(void)state;
	lo.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		rig_open(&r, modes[i]);
		s = inet_socket(r.net, AF_INET, SOCK_DGRAM, 0);
		skb = alloc_skb(r.net, 100);
		assert_non_null(s);
		assert_non_null(skb);
		assert_int_equal(inet_connect(s, (struct sockaddr *)&lo,
					      sizeof(lo)), 0);
		skb_set_owner_w(skb, s->sk);
		dst_hold(s->sk->sk_dst_cache);
		skb_dst_set(skb, s->sk->sk_dst_cache);
		dev_consume_skb_any(skb);
		assert_int_equal(inet_close(s), 0);
		inet_destroy(r.net);	/* asserts that all memory is back */
	}
}

/* A softnet that its thread is about to sleep in, as others see it. */
static void softnet_that_sleeps_is_rung_once(void **state)
{
	struct softnet_data *sd;
	eventfd_t rings;
	struct rig r;

	(void)state;
	rig_open(&r, INET_THREADED);
	sd = r.net->softnets;
	r.net->running = true;
	sd->sleeping = 1;
	for (int i = 0; i < 100; i++)
		kick_softnet(sd);
	assert_int_equal(eventfd_read(sd->poller.wakefd, &rings), 0);
	assert_int_equal(rings, 1);
	r.net->running = false;
	softnet_run(sd);	/* collects */
	r.net->running = true;
	kick_softnet(sd);
	assert_int_equal(eventfd_read(sd->poller.wakefd, &rings), 0);
	assert_int_equal(rings, 1);
	r.net->running = false;
	inet_destroy(r.net);
}

/* ---- softnets of a simulated stack ------------------------------------ */

#define NR_SOFTNETS 4u

static void run_all_due(struct rig *r)
{
	while (!inet_next_timeout_ns(r->net))
		inet_run(r->net, 0);
}

static void rig_open_softnets(struct rig *r)
{
	rig_open_cfg(r, INET_SIMULATED, NR_SOFTNETS);
	run_all_due(r);
}

/* Each call of inet_run() gives one of those that were kicked a turn, in any
 * order, and the stack has work until the last one had its own. */
static void softnets_take_turns_in_any_order(void **state)
{
	u32 round, turn, i, seen, first = 0;
	struct rig r;

	(void)state;
	rig_open_softnets(&r);
	for (round = 0; round < 64; round++) {
		for (i = 0; i < NR_SOFTNETS; i++)
			kick_softnet(&r.net->softnets[i]);
		for (turn = seen = 0; turn < NR_SOFTNETS; turn++) {
			assert_int_equal(inet_next_timeout_ns(r.net), 0);
			inet_run(r.net, 0);
			i = this_softnet(r.net)->id;
			assert_int_equal(r.net->softnets[i].kicked, 0);
			assert_false(seen >> i & 1);
			seen |= 1u << i;
			if (!turn)
				first |= 1u << i;
		}
		assert_true(inet_next_timeout_ns(r.net) != 0);
	}
	assert_int_equal(first, (1u << NR_SOFTNETS) - 1);
	inet_destroy(r.net);
}

struct alarm {
	struct timer_list timer;
	struct rig *rig;
	u32 fired_on;
};

static void alarm_fires(struct timer_list *t)
{
	struct alarm *a = from_timer(a, t, timer);

	a->fired_on = this_softnet(a->rig->net)->id;
}

/* A timer of any wheel is one of the stack, and its owner runs it. */
static void softnet_runs_its_own_timers(void **state)
{
	struct rig r;
	struct alarm a = { .rig = &r };
	u32 i;

	(void)state;
	rig_open_softnets(&r);
	timer_setup(&a.timer, alarm_fires);
	for (i = 0; i < NR_SOFTNETS; i++) {
		a.fired_on = NR_SOFTNETS;
		mod_timer(&r.net->softnets[i].wheel, &a.timer,
			  net_now(r.net) + 5000000);
		assert_in_range(inet_next_timeout_ns(r.net), 1, 10000000);
		inet_run(r.net, 0);
		assert_int_equal(a.fired_on, NR_SOFTNETS);
		r.now_ns += 20000000;
		assert_int_equal(inet_next_timeout_ns(r.net), 0);
		run_all_due(&r);
		assert_int_equal(a.fired_on, i);
	}
	inet_destroy(r.net);
}

/* What a call raises is run by the softnet that had the last turn; the stack
 * and its connection do not care which. */
static void connection_lives_on_any_softnet(void **state)
{
	struct rig r;
	u32 i;
	char byte;

	(void)state;
	rig_open_softnets(&r);
	rig_join(&r);
	for (i = 0; i < NR_SOFTNETS; i++) {
		kick_softnet(&r.net->softnets[i]);
		run_all_due(&r);
		assert_ptr_equal(this_softnet(r.net), &r.net->softnets[i]);
		assert_int_equal(inet_send(r.c, "q", 1, 0), 1);
		assert_int_equal(inet_recv(r.s, &byte, 1, 0), 1);
		net_verify(r.net);
	}
	inet_destroy(r.net);
}

static void embedded_stack_has_one_softnet(void **state)
{
	struct inet_config cfg = { .size = sizeof(cfg), .nr_threads = 2 };

	(void)state;
	errno = 0;
	assert_null(inet_create(&cfg));
	assert_int_equal(errno, EINVAL);
	assert_non_null(strstr(inet_strerror(NULL), "nr_threads"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(environment_that_is_not_whole_is_refused),
		cmocka_unit_test(config_of_another_size_is_refused),
		cmocka_unit_test(one_byte_each_way_reads_the_clock_rarely),
		cmocka_unit_test(close_reads_the_clock_rarely),
		cmocka_unit_test(stay_has_one_time_until_a_tick),
		cmocka_unit_test(callback_that_takes_long_is_time),
		cmocka_unit_test(threaded_stack_reads_the_clock_each_time),
		cmocka_unit_test(blocking_call_sees_the_time_pass),
		cmocka_unit_test(random_bytes_are_drawn_in_batches_and_forgotten),
		cmocka_unit_test(completion_that_nobody_ran_dies_with_the_stack),
		cmocka_unit_test(
			completion_that_holds_a_socket_dies_with_the_stack),
		cmocka_unit_test(softnet_that_sleeps_is_rung_once),
		cmocka_unit_test(softnets_take_turns_in_any_order),
		cmocka_unit_test(softnet_runs_its_own_timers),
		cmocka_unit_test(connection_lives_on_any_softnet),
		cmocka_unit_test(embedded_stack_has_one_softnet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
