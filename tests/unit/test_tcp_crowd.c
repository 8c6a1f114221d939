/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP against very many peers who mean no good: connections that are held open
 * for nothing, that never end, that use up the ports, floods of segments.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "attack.h"
#include "core/skbuff.h"
#include "crowd.h"

/* All that an established connection may cost while nothing happens: sock,
 * socket, its place in the tables. */
#define IDLE_CONNECTION_BUDGET 2048
/* With octets that nobody reads: a segment and its frame besides. */
#define SLOW_CONNECTION_BUDGET (IDLE_CONNECTION_BUDGET + 4096)
#define MINI_SOCK_BUDGET 1024

static struct fx f;
static struct crowd c;
static u8 text[5000];

static u32 orphans(void)
{
	return f.net->ipv4.tcp->orphan_count;
}

static struct inet_usage usage(void)
{
	struct inet_usage u;

	assert_int_equal(inet_get_usage(f.net, &u), 0);
	return u;
}

static int so_error(struct socket *s)
{
	int err = -1;
	socklen_t len = sizeof(err);

	assert_int_equal(inet_getsockopt(s, SOL_SOCKET, SO_ERROR, &err, &len),
			 0);
	return err;
}

static void set(struct socket *s, int opt, int val)
{
	assert_int_equal(inet_setsockopt(s, IPPROTO_TCP, opt, &val,
					 sizeof(val)), 0);
}

/* ---- Sockstress ------------------------------------------------------- */

/* The peer says that it is there, and that its window is closed. */
static void answer_probe(struct crowd *crowd, u32 i, const struct fx_pkt *p)
{
	if (!p->tcp->rst)
		crowd_send(crowd, i, TCPHDR_ACK, NULL, 0);
}

/* @nr peers with a window of 0 to whom the application has something to say:
 * @len octets to each tenth, one to the others. */
static void sockstress(u32 nr, u32 len)
{
	u32 i, n;

	crowd_open(&c, &f, nr);
	crowd_listen(&c, 100);
	c.win = 0;
	for (i = 0; i < nr; i++)
		crowd_connect(&c, i);
	c.hears = answer_probe;
	for (i = 0; i < nr; i++) {
		n = i % 10 ? 1 : len;
		assert_int_equal(inet_send(c.conn[i].s, text, n, 0), n);
		if (i % 100 == 0)
			crowd_advance(&c, 100 * FX_MS, FX_SEC);
	}
}

/*
 * Ten thousand, who answer each probe. As long as they do, a connection that
 * has a user lives (RFC 9293 MUST-37), unless the user said how long; one that
 * has none any more does not. @attack W1 @req RFC9293:MUST-37
 */
static void sockstress_lives_while_its_user_does(void **state)
{
	const u32 nr = 10000;
	u32 i;

	(void)state;
	sockstress(nr, 1);
	crowd_advance(&c, 1200 * FX_SEC, FX_SEC);
	assert_int_equal(crowd_alive(&c), nr);
	for (i = 0; i < nr; i++)	/* unanswered ones are 15 at most */
		assert_true(c.conn[i].nr_heard > 15);
	for (i = 0; i < nr / 10; i++)
		set(c.conn[i].s, TCP_USER_TIMEOUT, 30000);
	crowd_advance(&c, 121 * FX_SEC, FX_SEC);
	assert_int_equal(crowd_alive(&c), nr - nr / 10);
	for (i = 0; i < nr / 10; i++)
		assert_int_equal(so_error(c.conn[i].s), ETIMEDOUT);
	for (i = nr / 10; i < nr / 2; i++)
		crowd_app_close(&c, i);
	assert_int_equal(orphans(), nr / 2 - nr / 10);
	crowd_advance(&c, 121 * FX_SEC, FX_SEC);
	assert_int_equal(orphans(), 0);
	assert_int_equal(crowd_alive(&c), nr / 2);
	crowd_close(&c);
}

/* Memory gets short: orphans that hold much of it go, with a RST, at their next
 * probe; who has a user stays, and so does who holds next to nothing.
 * @attack W1 */
static void sockstress_orphans_go_when_memory_is_short(void **state)
{
	const u32 nr = 2000;
	u32 i;

	(void)state;
	sockstress(nr, sizeof(text));
	for (i = 0; i < nr / 2; i++)
		crowd_app_close(&c, i);
	crowd_advance(&c, FX_SEC, FX_MS * 100);
	assert_int_equal(orphans(), nr / 2);
	fx_mark(&f);
	fx_sysctl(&f, "net.ipv4.tcp_mem", "10 20 1000000");
	assert_int_equal(inet_send(c.conn[nr - 1].s, text, sizeof(text), 0),
			 sizeof(text));
	assert_int_equal(fx_mib_delta(&f, MIB_TCP_MEMORYPRESSURES), 1);
	crowd_advance(&c, 20 * FX_SEC, FX_MS * 100);
	assert_int_equal(orphans(), nr / 2 - nr / 20);
	assert_int_equal(fx_mib_delta(&f, MIB_TCP_ABORTONMEMORY), nr / 20);
	for (i = 0; i < nr / 2; i++)
		assert_int_equal(!!(c.conn[i].heard & TCPHDR_RST), i % 10 == 0);
	assert_int_equal(crowd_alive(&c), nr / 2);
	/* one more who says goodbye now: at once */
	crowd_app_close(&c, nr - 10);
	crowd_hear(&c);
	assert_true(c.conn[nr - 10].heard & TCPHDR_RST);
	crowd_close(&c);
}

/* Too many orphans: those who have not moved for longest go first, from half
 * the limit on. @attack W1 */
static void sockstress_oldest_orphans_go_first(void **state)
{
	u32 i, old = 0, young = 0;

	(void)state;
	fx_sysctl(&f, "net.ipv4.tcp_max_orphans", "150");
	crowd_open(&c, &f, 120);
	crowd_listen(&c, 200);
	c.win = 0;
	for (i = 0; i < 120; i++) {
		if (i == 60)
			fx_advance(&f, 300 * FX_SEC);
		crowd_connect(&c, i);
	}
	c.hears = answer_probe;
	for (i = 0; i < 120; i++) {
		assert_int_equal(inet_send(c.conn[i].s, text, 1, 0), 1);
		crowd_app_close(&c, i);
	}
	assert_int_equal(orphans(), 120);
	crowd_advance(&c, 20 * FX_SEC, 100 * FX_MS);
	for (i = 0; i < 120; i++)
		*(i < 60 ? &old : &young) += !!(c.conn[i].heard & TCPHDR_RST);
	assert_int_equal(old, 45);	/* 75 are left */
	assert_int_equal(young, 0);
	crowd_close(&c);
}

/* ---- connections that do not end -------------------------------------- */

/* The peers acknowledge our FIN and say no more: a hundred thousand mini socks,
 * for tcp_fin_timeout. @attack W4 */
static void fin_wait_2_idle_costs_a_mini_sock(void **state)
{
	const u32 nr = 100000;
	struct inet_usage before, now;
	u32 i;

	(void)state;
	crowd_open(&c, &f, nr);
	crowd_listen(&c, 8);
	before = usage();
	for (i = 0; i < nr; i++) {
		crowd_connect(&c, i);
		crowd_app_close(&c, i);
		assert_int_equal(crowd_hear(&c), 1);
		assert_int_equal(c.conn[i].heard, TCPHDR_FIN | TCPHDR_ACK);
		crowd_send(&c, i, TCPHDR_ACK, NULL, 0);
	}
	now = usage();
	assert_int_equal(now.timewaits, nr);
	assert_int_equal(now.sockets, before.sockets);
	assert_int_equal(orphans(), 0);
	assert_true(now.mem_bytes - before.mem_bytes <=
		    (u64)nr * MINI_SOCK_BUDGET);
	fx_advance(&f, 59 * FX_SEC);
	assert_int_equal(usage().timewaits, nr);
	fx_advance(&f, 2 * FX_SEC);
	assert_int_equal(usage().timewaits, 0);
	fx_expect_silence(&f);
	crowd_close(&c);
}

/* Brings the connection to the state in which its peer falls silent. */
static void to_fin_wait_1(u32 i)
{
	crowd_app_close(&c, i);
	crowd_hear(&c);
}

static void to_last_ack(u32 i)
{
	crowd_send(&c, i, TCPHDR_FIN | TCPHDR_ACK, NULL, 0);
	crowd_app_close(&c, i);
	crowd_hear(&c);
}

static void to_closing(u32 i)
{
	crowd_app_close(&c, i);
	crowd_hear(&c);
	c.conn[i].ack--;		/* our FIN is not acknowledged */
	crowd_send(&c, i, TCPHDR_FIN | TCPHDR_ACK, NULL, 0);
	crowd_hear(&c);
}

/* 100,000 that end so, with room for 10,000: the others get a RST, and all are
 * gone when tcp_orphan_retries says so. */
static void orphans_in(u8 wanted, void (*go)(u32 i))
{
	const u32 nr = 100000, room = 10000;
	struct sock *sk;
	u32 i, reset = 0;

	fx_sysctl(&f, "net.ipv4.tcp_max_orphans", "10000");
	crowd_open(&c, &f, nr);
	crowd_listen(&c, 8);
	fx_mark(&f);
	for (i = 0; i < nr; i++) {
		crowd_connect(&c, i);
		sk = c.conn[i].s->sk;
		go(i);
		if (i < room)
			assert_int_equal(sk->sk_state, wanted);
		assert_true(orphans() <= room);
		reset += !!(c.conn[i].heard & TCPHDR_RST);
	}
	assert_int_equal(orphans(), room);
	assert_int_equal(reset, nr - room);
	assert_int_equal(fx_mib_delta(&f, MIB_TCP_ABORTONMEMORY), nr - room);
	crowd_advance(&c, 250 * FX_SEC, FX_SEC / 4);
	assert_int_equal(orphans(), 0);
	assert_int_equal(usage().timewaits, 0);
	assert_int_equal(usage().sockets, 2);	/* listener, canary */
	crowd_close(&c);
}

/* @attack W4 */
static void fin_wait_1_stuck_is_bounded(void **state)
{
	(void)state;
	orphans_in(TCP_FIN_WAIT1, to_fin_wait_1);
}

/* @attack W4 */
static void closing_silent_is_bounded(void **state)
{
	(void)state;
	orphans_in(TCP_CLOSING, to_closing);
}

/* @attack W4 */
static void last_ack_silent_is_bounded(void **state)
{
	(void)state;
	orphans_in(TCP_LAST_ACK, to_last_ack);
}

/* ---- Slowloris -------------------------------------------------------- */

/* Ten thousand that say one octet just before they would be forgotten, again
 * and again: each costs what an idle connection costs, or, when nobody reads,
 * one segment more. @attack W5 */
static void slowloris_costs_little(void **state)
{
	const u32 nr = 10000, rounds = 20;
	struct inet_usage before = { 0 };
	u32 i, k, got = 0;
	u8 buf[64];

	(void)state;
	crowd_open(&c, &f, nr);
	crowd_listen(&c, 8);
	crowd_connect(&c, 0);
	before = usage();
	for (i = 1; i < nr; i++)
		crowd_connect(&c, i);
	assert_true(usage().mem_bytes - before.mem_bytes <=
		    (u64)(nr - 1) * IDLE_CONNECTION_BUDGET);
	for (k = 0; k < rounds; k++)
		for (i = 0; i < nr; i++) {
			crowd_send(&c, i, TCPHDR_ACK | TCPHDR_PSH, "x", 1);
			if (i & 1)
				got += (u32)inet_recv(c.conn[i].s, buf, 64, 0);
			if (i % 100 == 0)
				crowd_advance(&c, 9 * FX_MS, FX_SEC);
		}
	assert_int_equal(got, rounds * nr / 2);
	assert_true(usage().mem_bytes - before.mem_bytes <=
		    (u64)nr / 2 * IDLE_CONNECTION_BUDGET +
		    (u64)nr / 2 * SLOW_CONNECTION_BUDGET);
	for (i = 0; i < nr; i += 2)
		assert_int_equal(inet_recv(c.conn[i].s, buf, 64, 0), rounds);
	crowd_advance(&c, FX_SEC, FX_MS);
	assert_int_equal(usage().skbs, 0);
	assert_int_equal(crowd_alive(&c), nr);
	crowd_close(&c);
}

/* What an application can set against it: how many wait to be accepted, and how
 * long a peer may keep what it was sent. @attack W5 */
static void slowloris_meets_the_limits_of_the_application(void **state)
{
	const u32 nr = 10000, backlog = 100;
	u32 i;

	(void)state;
	crowd_open(&c, &f, nr);
	crowd_listen(&c, (int)backlog);
	for (i = 0; i < nr; i++) {
		crowd_send(&c, i, TCPHDR_SYN, NULL, 0);
		if (crowd_hear(&c))
			crowd_send(&c, i, TCPHDR_ACK, NULL, 0);
	}
	assert_int_equal(usage().sockets, backlog + 1 + 2);
	assert_int_equal(fx_mib_delta(&f, MIB_TCP_LISTENOVERFLOWS),
			 nr - backlog - 1);
	for (i = 0; i <= backlog; i++) {
		c.conn[i].s = inet_accept4(c.l, NULL, NULL, SOCK_NONBLOCK);
		assert_non_null(c.conn[i].s);
		set(c.conn[i].s, TCP_USER_TIMEOUT, 5000);
		assert_int_equal(inet_send(c.conn[i].s, "x", 1, 0), 1);
	}
	assert_int_equal(crowd_alive(&c), backlog + 1);
	for (i = 0; i < 8; i++) {	/* they speak, but acknowledge nothing */
		u32 k;

		crowd_advance(&c, FX_SEC, 100 * FX_MS);
		for (k = 0; k <= backlog; k++) {
			c.conn[k].ack--;
			crowd_send(&c, k, TCPHDR_ACK, "y", 1);
			c.conn[k].ack++;
		}
		crowd_hear(&c);
	}
	assert_int_equal(crowd_alive(&c), 0);
	for (i = 0; i <= backlog; i++)
		assert_int_equal(so_error(c.conn[i].s), ETIMEDOUT);
	crowd_close(&c);
}

/* ---- very many timers ------------------------------------------------- */

#define PER_TURN 256u		/* timers: core/softnet.c */
#define ECHO 0x1234u

/* Asks whether the stack still listens. */
static void queue_echo(void)
{
	static u8 frame[200];
	const struct fx_ip ip = { .proto = IPPROTO_ICMP };

	fx_queue(&f, f.dev, frame,
		 fx_build_icmp(frame, &ip, ICMP_ECHO, 0, ECHO, "?", 1));
}

/* Takes what was sent. Return: probes; *@echoes grows by the answers. */
static u32 take_probes(u32 *echoes)
{
	u32 nr = 0;

	for (; fx_pop(&f, &c.p); nr += !!c.p.tcp)
		*echoes += c.p.icmp != NULL;
	return nr;
}

/* One second later all their timers are due at once: a turn serves some, and
 * whoever else is there. Return: probes that were sent. */
static u32 keepalive_storm(void)
{
	u32 sent = 0, turns = 0, echoes = 0, nr;

	f.now_ns += FX_SEC + FX_MS;	/* and a tick */
	while (inet_next_timeout_ns(f.net) == 0) {
		if (turns++ % 10 == 0)
			queue_echo();
		inet_run(f.net, 0);
		nr = take_probes(&echoes);
		assert_in_range(nr, 0, PER_TURN);
		assert_int_equal(echoes, (turns + 9) / 10);
		sent += nr;
	}
	assert_true(turns >= sent / PER_TURN);
	return sent;
}

/* A hundred thousand connections that are asked each second whether they are
 * there, all at the same moment. They cost what idle ones cost, and answer.
 * @attack M10 */
static void keepalives_all_at_once_are_served_in_portions(void **state)
{
	const u32 nr = 100000;
	struct inet_usage before;
	const int on = 1;
	u32 i, k;
	u8 octet;

	(void)state;
	fx_sysctl(&f, "net.ipv4.icmp_msgs_per_sec", "100000");
	fx_sysctl(&f, "net.ipv4.icmp_msgs_burst", "100000");
	crowd_open(&c, &f, nr);
	crowd_listen(&c, 8);
	before = usage();
	for (i = 0; i < nr; i++) {
		crowd_connect(&c, i);
		set(c.conn[i].s, TCP_KEEPIDLE, 1);
		set(c.conn[i].s, TCP_KEEPINTVL, 1);
	}
	attack_allow(&f, UINT32_MAX);
	for (i = 0; i < nr; i++)
		assert_int_equal(inet_setsockopt(c.conn[i].s, SOL_SOCKET,
				 SO_KEEPALIVE, &on, sizeof(on)), 0);
	for (k = 0; k < 3; k++) {
		assert_int_equal(keepalive_storm(), nr);
		for (i = 0; i < nr; i++)
			crowd_send(&c, i, TCPHDR_ACK, NULL, 0);
	}
	assert_int_equal(crowd_alive(&c), nr);
	assert_true(usage().mem_bytes - before.mem_bytes <=
		    (u64)nr * IDLE_CONNECTION_BUDGET);
	for (i = 0; i < nr; i++) {
		crowd_send(&c, i, TCPHDR_ACK | TCPHDR_PSH, "?", 1);
		assert_int_equal(inet_recv(c.conn[i].s, &octet, 1, 0), 1);
		assert_int_equal(inet_send(c.conn[i].s, "!", 1, 0), 1);
		crowd_hear(&c);
		assert_true(c.conn[i].heard & TCPHDR_PSH);
	}
	crowd_close(&c);
}

/* ---- memory of all ---------------------------------------------------- */

static s64 tcp_memory(void)
{
	return f.net->proto_mem[PROTO_MEM_TCP];
}

/* Connections that are promised no more than four segments from now on. */
static u32 held_short(void)
{
	u32 i, n = 0;

	for (i = 0; i < c.nr; i++)
		n += tcp_sk(c.conn[i].s->sk)->rcv_ssthresh <=
		     4u * tcp_sk(c.conn[i].s->sk)->advmss;
	return n;
}

/*
 * A thousand send what nobody reads, in order and, each tenth, beyond a hole. All
 * of it together stays below tcp_mem's limit but for what each socket is sure of,
 * nobody is promised more than a few segments any more, and when all is read
 * everything is given back. The canary lives all the while. @attack M7
 */
static void unread_text_of_all_is_bounded(void **state)
{
	const u32 nr = 1000, rounds = 40;
	const s64 limit = 1000 * 4096, sure = (s64)nr * 4096;
	s64 most = 0;
	u32 i, k, got = 0;

	(void)state;
	attack_allow(&f, UINT32_MAX);
	fx_sysctl(&f, "net.ipv4.tcp_mem", "250 500 1000");
	crowd_open(&c, &f, nr);
	crowd_listen(&c, 100);
	for (i = 0; i < nr; i++)
		crowd_connect(&c, i);
	for (k = 0; k < rounds; k++) {
		for (i = 0; i < nr; i++) {
			if (i % 10 == 0)
				c.conn[i].seq += 1000;	/* a hole */
			crowd_send(&c, i, TCPHDR_ACK, text, 1000);
			most = max(most, tcp_memory());
		}
		crowd_advance(&c, 100 * FX_MS, 100 * FX_MS);
	}
	print_message("# %lld of %lld bytes, %u held short\n",
		      (long long)most, (long long)limit, held_short());
	assert_true(most > limit / 2);
	assert_true(most <= limit + sure);
	assert_true(held_short() > nr / 2);
	assert_true(fx_mib_delta(&f, MIB_TCP_MEMORYPRESSURES) > 0);
	for (i = 0; i < nr; i++)
		while (inet_recv(c.conn[i].s, text, sizeof(text), 0) > 0)
			got++;
	assert_true(got > 0);
	crowd_advance(&c, FX_SEC, FX_SEC);
	for (i = 0; i < nr; i++)
		crowd_send(&c, i, TCPHDR_RST, NULL, 0);
	crowd_close(&c);
	fx_run(&f);
}

int main(void)
{
#define T(name) cmocka_unit_test_prestate_setup_teardown( \
		name, attack_setup_learned, fx_teardown, &f)
	const struct CMUnitTest tests[] = {
		T(sockstress_lives_while_its_user_does),
		T(sockstress_orphans_go_when_memory_is_short),
		T(sockstress_oldest_orphans_go_first),
		T(fin_wait_2_idle_costs_a_mini_sock),
		T(fin_wait_1_stuck_is_bounded),
		T(closing_silent_is_bounded),
		T(last_ack_silent_is_bounded),
		T(slowloris_costs_little),
		T(slowloris_meets_the_limits_of_the_application),
		T(keepalives_all_at_once_are_served_in_portions),
		T(unread_text_of_all_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
