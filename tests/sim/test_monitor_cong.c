/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who watches the monitor, part six: the congestion window, that comes down after a
 * loss, a timeout and a mark, and what brings it back.
 */
#include "doctor.h"

#include <string.h>

#define MSS 1460u
#define AT(i) (1 + MSS * (i))

/* The @i-th segment of host 0 leaves; reaches host 1, too. */
static void sends(u32 i)
{
	later(1);
	LEAVES(0, ACK, AT(i), 1, MSS);
}

static void sends_to(u32 from, u32 to)
{
	for (; from < to; from++)
		LEAVES(0, ACK, AT(from), 1, MSS);
}

static void comes(u32 from, u32 to)
{
	for (; from < to; from++)
		ARRIVES(0, ACK, AT(from), 1, MSS);
}

/* Host 1 has all below @i; and, if there are any, [@left, @right). */
static void has(u32 i, u32 left, u32 right)
{
	u8 opt[12] = { 1, 1, 5, 10 };

	later(1);
	put32(opt + 4, 1000 + AT(left));
	put32(opt + 8, 1000 + AT(right));
	PASSES(1, ACK, 1, AT(i), .opt = opt, .opt_len = right ? 12 : 0);
}

/* Two hosts that know SACK, of which the first has @control; @nr segments of it are
 * under way. */
static void open_flight(enum sim_control control, u32 nr)
{
	static const u8 opt[] = { 2, 4, MSS >> 8, MSS & 255, 1, 1, 4, 2 };

	open_world();
	w.host[0].control = (u8)control;
	w.host[1].excused = 1u << RULE_ANSWERS;	/* that it is late */
	if (control == CONTROL_BBR)
		monitor_excuse(&w, 0, WHY_CONTROL);
	PASSES(0, SYN, .opt = opt, .opt_len = 8);
	PASSES(1, SYN | ACK, 0, 1, .opt = opt, .opt_len = 8);
	PASSES(0, ACK, 1, 1);
	later(10);
	sends_to(0, nr);
	assert_string_equal(w.why, "");
}

/* Of ten segments the first is lost, and sent again when the others are named. */
static void open_repair(enum sim_control control)
{
	open_flight(control, 10);
	later(10);
	comes(1, 10);
	has(0, 1, 10);
	LEAVES(0, ACK, AT(0), 1, MSS);
}

/* ... all is acknowledged, and @nr more leave. */
static void recovers(enum sim_control control, u32 nr)
{
	open_repair(control);
	comes(0, 1);
	has(10, 0, 0);
	sends_to(10, 10 + nr);
}

RULE(seven_tenths_after_a_loss_pass)
{
	(void)state;
	recovers(CONTROL_CUBIC, 7);
	caught("");
}

RULE(more_than_seven_tenths_are_caught)
{
	(void)state;
	recovers(CONTROL_CUBIC, 8);
	caught("more than the congestion window");
}

RULE(reno_has_half_after_a_loss)
{
	(void)state;
	recovers(CONTROL_RENO, 5);
	caught("");
}

RULE(reno_with_more_than_half_is_caught)
{
	(void)state;
	recovers(CONTROL_RENO, 6);
	caught("more than the congestion window");
}

RULE(window_of_bbr_is_not_known_but_counted)
{
	(void)state;
	recovers(CONTROL_BBR, 10);
	assert_int_not_equal(w.tally[RULE_REDUCTION].excused, 0);
	caught("");
}

/* Eight of ten are lost; one that is named brings @nr of them back. */
static void repairs(u32 nr)
{
	u32 i;

	open_flight(CONTROL_CUBIC, 10);
	later(10);
	comes(9, 10);
	has(0, 9, 10);
	for (i = 0; i < nr; i++)
		LEAVES(0, ACK, AT(i), 1, MSS);
}

RULE(two_for_one_that_was_delivered_pass)
{
	(void)state;
	repairs(2);
	caught("");
}

RULE(burst_of_repairs_is_caught)
{
	(void)state;
	repairs(3);
	caught("more than was delivered, in a recovery");
}

/* What left in an episode is lost, too, and sent again in it, or behind it; all is
 * acknowledged, and five more leave. */
static void loses_on(bool inside)
{
	open_repair(CONTROL_RENO);
	sends_to(10, 14);
	comes(11, 14);
	has(0, 11, 14);
	if (inside)
		LEAVES(0, ACK, AT(10), 1, MSS);
	comes(0, 1);
	has(10, 11, 14);
	if (!inside)
		LEAVES(0, ACK, AT(10), 1, MSS);
	comes(10, 11);
	has(14, 0, 0);
	sends_to(14, 19);
}

RULE(episode_that_no_frame_shows_is_not_judged)
{
	(void)state;
	loses_on(true);
	caught("");
}

RULE(second_episode_brings_the_window_down_again)
{
	(void)state;
	loses_on(false);
	caught("more than the congestion window");
}

/* One is acknowledged and six are named by one ACK; @nr more leave. */
static void opens_by_seven(u32 nr)
{
	open_flight(CONTROL_CUBIC, 10);
	later(10);
	comes(0, 1);
	comes(2, 8);
	has(1, 2, 8);
	sends_to(10, 10 + nr);
}

RULE(what_is_named_beside_an_ack_opens_the_window)
{
	(void)state;
	opens_by_seven(15);
	caught("");
}

RULE(window_opens_no_further_than_what_is_named)
{
	(void)state;
	opens_by_seven(16);
	caught("more than the congestion window");
}

/* ---- timeouts ---------------------------------------------------------- */

/* Ten segments are lost; the timer sends the first again. */
static void times_out(void)
{
	open_flight(CONTROL_CUBIC, 10);
	later(300);
	LEAVES(0, ACK, AT(0), 1, MSS);
}

RULE(two_after_the_first_ack_of_a_timeout_pass)
{
	(void)state;
	times_out();
	comes(0, 1);
	has(1, 0, 0);
	sends_to(1, 3);
	comes(1, 3);
	has(3, 0, 0);
	sends_to(3, 6);		/* one ACK: one more */
	caught("");
}

RULE(three_after_the_first_ack_of_a_timeout_are_caught)
{
	(void)state;
	times_out();
	comes(0, 1);
	has(1, 0, 0);
	sends_to(1, 4);
	caught("more than slow start after a timeout");
}

RULE(whole_window_sent_again_by_the_timer_is_caught)
{
	(void)state;
	times_out();
	sends_to(1, 10);
	caught("more than slow start after a timeout");
}

/* Slow start goes on to seven, and no further; with @nr at the end. */
static void slow_start_ends(u32 nr)
{
	u32 i, next = 1;

	times_out();
	comes(0, 10);
	for (i = 1; i <= 10; i++) {
		has(i, 0, 0);
		sends_to(next, next < 9 ? next + 2 : 10);
		next += next < 9 ? 2 : 10 - next;
	}
	sends_to(10, 10 + nr);
}

RULE(slow_start_ends_at_the_threshold)
{
	(void)state;
	slow_start_ends(9);
	caught("");
}

/* Six ACKs lead to seven; three more let CUBIC grow by one, not by three. */
RULE(slow_start_beyond_the_threshold_is_caught)
{
	(void)state;
	slow_start_ends(10);
	caught("more than the congestion window");
}

/* ---- undone ------------------------------------------------------------ */

/* ... all had come, late: the copy is named, or not. */
static void was_only_late(bool named)
{
	open_repair(CONTROL_CUBIC);
	comes(0, 1);
	comes(0, 1);
	has(10, 0, named ? 1 : 0);
	sends_to(10, 20);
}

RULE(duplicate_that_is_named_undoes_it)
{
	(void)state;
	was_only_late(true);
	caught("");
}

RULE(nothing_undoes_it_unnamed)
{
	(void)state;
	was_only_late(false);
	caught("more than the congestion window");
}

/* A timeout, and then two ACKs: the second of what was not sent again, or not. */
static void was_early(bool early)
{
	times_out();
	comes(0, 1);
	has(1, 0, 0);
	if (!early)
		sends_to(1, 3);
	comes(1, 3);
	has(3, 0, 0);
	sends_to(10, 15);
}

RULE(ack_of_what_was_not_sent_again_undoes_a_timeout)
{
	(void)state;
	was_early(true);
	caught("");
}

RULE(ack_of_what_was_sent_again_does_not)
{
	(void)state;
	was_early(false);
	caught("more than slow start after a timeout");
}

/* ---- marks ------------------------------------------------------------- */

/* The peer tells of a mark; host 0 says that it has slowed down, or nothing yet. */
static void is_marked(bool answers, u32 nr)
{
	static const u8 opt[] = { 2, 4, MSS >> 8, MSS & 255, 1, 1, 4, 2 };

	open_world();
	PASSES(0, SYN | ECN, .opt = opt, .opt_len = 8);
	PASSES(1, SYN | ACK | ECE, 0, 1, .opt = opt, .opt_len = 8);
	PASSES(0, ACK, 1, 1);
	later(10);
	sends_to(0, 10);
	comes(0, 10);
	w.flows->of[1].ce = true;
	PASSES(1, ACK | ECE, 1, AT(9));
	LEAVES(0, answers ? ACK | CWR : ACK, AT(10), 1, MSS);
	PASSES(1, ACK, 1, AT(10));
	comes(10, 11);
	PASSES(1, ACK, 1, AT(11));
	sends_to(11, 11 + nr);
}

RULE(window_after_a_mark_comes_down)
{
	(void)state;
	is_marked(true, 14);
	caught("");
}

RULE(window_that_does_not_is_caught)
{
	(void)state;
	is_marked(true, 15);
	caught("more than the congestion window");
}

/* The end of a flight, sent once more, is no loss. */
RULE(probe_of_the_tail_costs_nothing)
{
	(void)state;
	open_flight(CONTROL_CUBIC, 10);
	w.host[0].tail_probes = true;
	comes(0, 9);
	has(9, 0, 0);
	later(50);
	sends(9);
	comes(9, 10);
	has(10, 0, 0);
	sends_to(10, 30);
	caught("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seven_tenths_after_a_loss_pass),
		cmocka_unit_test(more_than_seven_tenths_are_caught),
		cmocka_unit_test(reno_has_half_after_a_loss),
		cmocka_unit_test(reno_with_more_than_half_is_caught),
		cmocka_unit_test(window_of_bbr_is_not_known_but_counted),
		cmocka_unit_test(two_for_one_that_was_delivered_pass),
		cmocka_unit_test(burst_of_repairs_is_caught),
		cmocka_unit_test(episode_that_no_frame_shows_is_not_judged),
		cmocka_unit_test(second_episode_brings_the_window_down_again),
		cmocka_unit_test(what_is_named_beside_an_ack_opens_the_window),
		cmocka_unit_test(window_opens_no_further_than_what_is_named),
		cmocka_unit_test(two_after_the_first_ack_of_a_timeout_pass),
		cmocka_unit_test(
			three_after_the_first_ack_of_a_timeout_are_caught),
		cmocka_unit_test(
			whole_window_sent_again_by_the_timer_is_caught),
		cmocka_unit_test(slow_start_ends_at_the_threshold),
		cmocka_unit_test(slow_start_beyond_the_threshold_is_caught),
		cmocka_unit_test(duplicate_that_is_named_undoes_it),
		cmocka_unit_test(nothing_undoes_it_unnamed),
		cmocka_unit_test(
			ack_of_what_was_not_sent_again_undoes_a_timeout),
		cmocka_unit_test(ack_of_what_was_sent_again_does_not),
		cmocka_unit_test(window_after_a_mark_comes_down),
		cmocka_unit_test(window_that_does_not_is_caught),
		cmocka_unit_test(probe_of_the_tail_costs_nothing),
	};

	return cmocka_run_group_tests_name("tests", tests, NULL, NULL);
}
