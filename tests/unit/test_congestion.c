/* SPDX-License-Identifier: BSD-2-Clause */
/* The congestion controls that a stack knows: its knobs, TCP_CONGESTION, and one
 * that an application wrote with <inet/congestion.h>. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

#include <inet/congestion.h>
#include <inet/control.h>

#include "tcp_flight.h"

/* ---- one of our own: as many packets as it was told ---------------------- */

struct steady {
	u32 cwnd;
	u32 nr_acked, nr_samples, nr_states, nr_losses;
};

static u32 released;	/* by all connections */

static void steady_init(struct sock *sk)
{
	struct steady *s = tcp_cong_priv(sk);

	assert_int_equal(s->cwnd, 0);	/* zeroed */
	s->cwnd = 4;
	tcp_cong_set_cwnd(sk, s->cwnd);
}

static void steady_release(struct sock *sk)
{
	assert_int_equal(((struct steady *)tcp_cong_priv(sk))->cwnd, 4);
	released++;
}

static u32 steady_ssthresh(struct sock *sk)
{
	struct steady *s = tcp_cong_priv(sk);

	s->nr_losses++;
	return s->cwnd;
}

static u32 steady_undo(struct sock *sk)
{
	return ((struct steady *)tcp_cong_priv(sk))->cwnd;
}

static void steady_avoid(struct sock *sk, u32 ack, u32 acked)
{
	struct steady *s = tcp_cong_priv(sk);
	struct tcp_cong_info info;

	(void)ack;
	s->nr_acked += acked;
	tcp_cong_get_info(sk, &info);
	assert_int_equal(info.mss, 1460);
	assert_int_equal(info.snd_cwnd, s->cwnd);
	assert_int_equal(info.delivered, 1 + s->nr_acked);	/* and the SYN-ACK */
	assert_int_equal(info.srtt_us, FLIGHT_RTT / 1000);
}

static void steady_acked(struct sock *sk, const struct ack_sample *sample)
{
	struct steady *s = tcp_cong_priv(sk);

	s->nr_samples++;
	assert_int_equal(sample->rtt_us, FLIGHT_RTT / 1000);
	assert_int_equal(sample->in_flight, 4);
}

static void steady_state(struct sock *sk, u8 state)
{
	(void)state;
	((struct steady *)tcp_cong_priv(sk))->nr_states++;
}

static const struct tcp_congestion_ops steady = {
	.name = "steady",
	.init = steady_init,
	.release = steady_release,
	.ssthresh = steady_ssthresh,
	.undo_cwnd = steady_undo,
	.cong_avoid = steady_avoid,
	.set_state = steady_state,
	.pkts_acked = steady_acked,
};

/* ---- help ---------------------------------------------------------------- */

static void knob_is(struct tp *t, const char *knob, const char *want)
{
	char value[256];

	assert_int_equal(inet_sysctl_get(t->f.net, knob, value, sizeof(value)),
			 0);
	assert_string_equal(value, want);
}

static int set_ca(struct socket *s, const char *name)
{
	return inet_setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, name,
			       (socklen_t)strlen(name)) ? errno : 0;
}

static void ca_is(struct socket *s, const char *want)
{
	char name[TCP_CA_NAME_MAX];
	socklen_t len = sizeof(name);

	assert_int_equal(inet_getsockopt(s, IPPROTO_TCP, TCP_CONGESTION, name,
					 &len), 0);
	assert_string_equal(name, want);
}

/* ---- cases --------------------------------------------------------------- */

static void stack_lists_what_there_is(void **st)
{
	struct tp t;

	(void)st;
	tp_open(&t);
	knob_is(&t, "net.ipv4.tcp_congestion_control", "cubic");
	knob_is(&t, "net.ipv4.tcp_available_congestion_control", "cubic reno bbr dctcp");
	knob_is(&t, "net.ipv4.tcp_allowed_congestion_control", "cubic reno bbr dctcp");
	assert_int_equal(inet_sysctl_set(t.f.net,
		"net.ipv4.tcp_available_congestion_control", "reno"), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(inet_sysctl_set(t.f.net,
		"net.ipv4.tcp_allowed_congestion_control", "reno vegas"), -1);
	assert_int_equal(errno, ENOENT);
	knob_is(&t, "net.ipv4.tcp_allowed_congestion_control", "cubic reno bbr dctcp");
	tp_close(&t);
}

static void socket_takes_what_is_allowed(void **st)
{
	struct tp t;

	(void)st;
	tp_open(&t);
	tp_passive(&t);
	ca_is(t.s, "cubic");
	assert_int_equal(set_ca(t.s, "vegas"), ENOENT);
	assert_int_equal(set_ca(t.s, "cubi"), ENOENT);
	assert_int_equal(set_ca(t.s, "reno"), 0);
	ca_is(t.s, "reno");
	fx_sysctl(&t.f, "net.ipv4.tcp_allowed_congestion_control", "reno");
	assert_int_equal(set_ca(t.s, "cubic"), EPERM);
	ca_is(t.s, "reno");
	/* what new sockets have is allowed */
	fx_sysctl(&t.f, "net.ipv4.tcp_congestion_control", "cubic");
	assert_int_equal(set_ca(t.s, "cubic"), 0);
	tp_close(&t);
}

/* A listener's own choice is that of those it accepts; else they have the stack's
 * when they come. */
static void accepted_have_the_listeners_choice_or_the_default(void **st)
{
	struct tp t;

	(void)st;
	tp_open(&t);
	tp_listen(&t, 8);
	fx_sysctl(&t.f, "net.ipv4.tcp_congestion_control", "reno");
	tp_syn(&t);
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_accept(&t);
	ca_is(t.l, "cubic");
	ca_is(t.s, "reno");
	inet_close(t.s);
	assert_int_equal(set_ca(t.l, "cubic"), 0);
	t.pport++;
	fx_flush(&t.f);
	tp_syn(&t);
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_accept(&t);
	ca_is(t.s, "cubic");
	tp_close(&t);
}

/* @req RFC9293:MAY-18 */
static void own_one_decides_what_is_in_flight(void **st)
{
	const struct steady *s;
	struct tp t;

	(void)st;
	released = 0;
	tp_open(&t);
	assert_int_equal(tcp_register_congestion_control(t.f.net, &steady), 0);
	fx_sysctl(&t.f, "net.ipv4.tcp_congestion_control", "steady");
	t.sack = true;
	flight_connect(&t, 4);
	ca_is(t.s, "steady");
	s = tcp_cong_priv(tp_sk(&t));
	flight_write(&t, 30 * 1460);
	for (u32 i = 0; i < 4; i++) {
		flight_expect(&t, 4 * i, 4);
		tp_silence(&t);
		fx_advance(&t.f, FLIGHT_RTT);
		ACK(&t, SEG(4 * i + 4));
	}
	assert_int_equal(s->nr_acked, 16);
	assert_int_equal(s->nr_samples, 4);
	assert_int_equal(s->nr_losses, 0);
	/* a hole */
	fx_advance(&t.f, FLIGHT_RTT);
	SACK(&t, SEG(16), SEG(17), SEG(20));
	assert_int_equal(s->nr_losses, 1);
	assert_true(s->nr_states >= 1);
	/* in the middle of it all, another one */
	assert_int_equal(set_ca(t.s, "reno"), 0);
	assert_int_equal(released, 1);
	ca_is(t.s, "reno");
	ACK(&t, SEG(21));
	tp_close(&t);
	assert_int_equal(released, 1);
}

static void own_one_comes_and_goes(void **st)
{
	static const struct tcp_congestion_ops wrong[] = {
		{ .name = "no members" },
		{ .name = "", .ssthresh = steady_ssthresh,
		  .undo_cwnd = steady_undo, .cong_avoid = steady_avoid },
		{ .name = "sixteen_letters_", .ssthresh = steady_ssthresh,
		  .undo_cwnd = steady_undo, .cong_avoid = steady_avoid },
		{ .name = "two words", .ssthresh = steady_ssthresh,
		  .undo_cwnd = steady_undo, .cong_avoid = steady_avoid },
		{ .name = "no_avoid", .ssthresh = steady_ssthresh,
		  .undo_cwnd = steady_undo },
	};
	struct tp t;
	u32 i;

	(void)st;
	tp_open(&t);
	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(tcp_register_congestion_control(t.f.net,
						&wrong[i]), -EINVAL);
	assert_int_equal(tcp_unregister_congestion_control(t.f.net, &steady),
			 -ENOENT);
	assert_int_equal(tcp_register_congestion_control(t.f.net, &steady), 0);
	assert_int_equal(tcp_register_congestion_control(t.f.net, &steady),
			 -EEXIST);
	knob_is(&t, "net.ipv4.tcp_available_congestion_control",
		"cubic reno bbr dctcp steady");
	fx_sysctl(&t.f, "net.ipv4.tcp_congestion_control", "steady");
	assert_int_equal(tcp_unregister_congestion_control(t.f.net, &steady),
			 -EBUSY);
	tp_passive(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_congestion_control", "cubic");
	assert_int_equal(tcp_unregister_congestion_control(t.f.net, &steady),
			 0);
	knob_is(&t, "net.ipv4.tcp_available_congestion_control", "cubic reno bbr dctcp");
	ca_is(t.s, "steady");		/* it keeps what it has */
	assert_int_equal(set_ca(t.l, "steady"), ENOENT);
	tp_close(&t);
}

/* More than a stack knows are refused. */
static void list_is_bounded(void **st)
{
	static struct tcp_congestion_ops many[TCP_CA_MAX];
	static char names[TCP_CA_MAX][4];
	u32 i, taken = 0;
	struct tp t;

	(void)st;
	tp_open(&t);
	for (i = 0; i < TCP_CA_MAX; i++) {
		many[i] = steady;
		snprintf(names[i], sizeof(names[i]), "c%u", i);
		many[i].name = names[i];
		if (!tcp_register_congestion_control(t.f.net, &many[i]))
			taken++;
	}
	assert_int_equal(taken, TCP_CA_MAX - 4);
	assert_int_equal(tcp_register_congestion_control(t.f.net, &steady),
			 -ENOSPC);
	tp_close(&t);
}

/* BBR's window follows what arrives while a hole is repaired, packet for packet, and
 * is then what it was. */
static void bbr_keeps_its_window_across_a_repair(void **st)
{
	struct tcp_sock *tp;
	struct tp t;

	(void)st;
	flight_open(&t, 20);
	tp = flight_tcp(&t);
	assert_int_equal(set_ca(t.s, "bbr"), 0);
	SACK(&t, 1, SEG(1), SEG(9));
	assert_int_equal(flight_state(&t), TCP_CA_Recovery);
	assert_int_equal(tp->snd_cwnd, 20 - 1 - 8 + 8);
	fx_advance(&t.f, FLIGHT_RTT);
	SACK(&t, 1, SEG(1), SEG(10));
	assert_in_range(tp->snd_cwnd, 19, 20);
	fx_advance(&t.f, FLIGHT_RTT);
	ACK(&t, SEG(20));
	fx_advance(&t.f, FLIGHT_RTT);
	ACK(&t, tp->snd_nxt - t.irs);
	assert_int_equal(flight_state(&t), TCP_CA_Open);
	assert_in_range(tp->snd_cwnd, 20, 80);
	assert_int_equal(tp->snd_ssthresh, TCP_INFINITE_SSTHRESH);
	tp_close(&t);
}

/* After a timeout it begins with one packet, and has its window again when all is
 * repaired. */
static void bbr_begins_small_after_a_timeout(void **st)
{
	struct tcp_sock *tp;
	struct tp t;

	(void)st;
	flight_open_with(&t, 40, 20 * 1460, true, false);
	fx_flush(&t.f);
	tp = flight_tcp(&t);
	assert_int_equal(set_ca(t.s, "bbr"), 0);
	fx_sysctl(&t.f, "net.ipv4.tcp_early_retrans", "0");
	fx_sysctl(&t.f, "net.ipv4.tcp_frto", "0");
	fx_advance(&t.f, FX_SEC);
	assert_int_equal(flight_state(&t), TCP_CA_Loss);
	assert_int_equal(tp->snd_cwnd, 1);
	fx_flush(&t.f);
	ACK(&t, SEG(20));
	flight_write(&t, 1460);
	fx_advance(&t.f, FLIGHT_RTT);
	ACK(&t, SEG(21));
	assert_int_equal(flight_state(&t), TCP_CA_Open);
	assert_in_range(tp->snd_cwnd, 40, 80);
	tp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stack_lists_what_there_is),
		cmocka_unit_test(socket_takes_what_is_allowed),
		cmocka_unit_test(accepted_have_the_listeners_choice_or_the_default),
		cmocka_unit_test(own_one_decides_what_is_in_flight),
		cmocka_unit_test(own_one_comes_and_goes),
		cmocka_unit_test(list_is_bounded),
		cmocka_unit_test(bbr_keeps_its_window_across_a_repair),
		cmocka_unit_test(bbr_begins_small_after_a_timeout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
