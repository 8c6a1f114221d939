/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who watches the monitor, part five: what it lets pass because it cannot know
 * better, each with what lies just outside of that and is a fault.
 */
#include "doctor.h"

#define SLACK_MS 10		/* of the clocks in some of these worlds */

/* ---- what came together ----------------------------------------------- */

/* The peer's FIN has come to host 1, which closes @ms later: before or after it
 * went on with that. */
static void closes_beside_a_fin(bool belated, u64 ms)
{
	open_called();
	w.host[1].belated = belated;
	end_a->ending = true;
	PASSES(0, FIN | ACK, 1, 1);
	later(ms);
	end_b->ending = true;
	end_b->ending_ns = w.now;
	PASSES(1, ACK, 1, 2);
	PASSES(1, FIN | ACK, 1, 2);
	PASSES(0, ACK, 2, 2);
	later(1);
}

RULE(close_beside_a_fin_leaves_open_who_was_first)
{
	(void)state;
	closes_beside_a_fin(true, 0);
	LEAVES(1, ACK, 2, 2);
	lists(1, "tcp TIME-WAIT 0 0 10.0.1.1:7000 10.0.0.1:40000\n");
	caught("");
}

RULE(close_after_a_fin_is_caught_in_time_wait)
{
	(void)state;
	closes_beside_a_fin(true, 1);
	lists(1, "tcp TIME-WAIT 0 0 10.0.1.1:7000 10.0.0.1:40000\n");
	caught("says that it is in TIME-WAIT");
}

RULE(close_after_a_fin_that_answers_later_is_caught)
{
	(void)state;
	closes_beside_a_fin(true, 1);
	LEAVES(1, ACK, 2, 2);
	caught("an ACK in CLOSED after its end");
}

RULE(close_beside_a_fin_is_caught_where_nothing_is_belated)
{
	(void)state;
	closes_beside_a_fin(false, 0);
	lists(1, "tcp TIME-WAIT 0 0 10.0.1.1:7000 10.0.0.1:40000\n");
	caught("says that it is in TIME-WAIT");
}

/* A request was given up; then a SYN, and the ACK of its first SYN-ACK. @ms after
 * them leaves another SYN-ACK. */
static void syn_and_late_ack(bool belated, u64 ms)
{
	open_world();
	w.host[1].backlog = 1;
	w.host[1].belated = belated;
	PASSES(0, SYN, .opt = mss_1460, .opt_len = 4);
	PASSES(1, SYN | ACK, 0, 1, .opt = mss_1460, .opt_len = 4);
	LEAVES(0, ACK, 1, 1);
	later(7000);
	ARRIVES(0, SYN, .opt = mss_1460, .opt_len = 4);
	ARRIVES(0, ACK, 1, 1);
	later(ms);
	LEAVES(1, SYN | ACK, 5000, 1, .opt = mss_1460, .opt_len = 4);
}

RULE(request_beside_a_late_ack_passes)
{
	(void)state;
	syn_and_late_ack(true, 0);
	assert_int_equal(w.host[1].queued, 0);
	PASSES(0, ACK, 1, 5001);
	assert_int_equal(w.host[1].queued, 1);
	caught("");
}

RULE(request_beside_a_late_ack_answers_again)
{
	(void)state;
	syn_and_late_ack(true, 0);
	later(1000);
	LEAVES(1, SYN | ACK, 5000, 1, .opt = mss_1460, .opt_len = 4);
	caught("");
}

RULE(request_beside_a_late_ack_answers_again_with_its_number)
{
	(void)state;
	syn_and_late_ack(true, 0);
	later(1000);
	LEAVES(1, SYN | ACK, 6000, 1, .opt = mss_1460, .opt_len = 4);
	caught("SYN-ACK with another number");
}

RULE(request_after_a_late_ack_is_caught)
{
	(void)state;
	syn_and_late_ack(true, 1);
	caught("SYN-ACK with another number");
}

RULE(request_beside_a_late_ack_is_caught_where_nothing_is_belated)
{
	(void)state;
	syn_and_late_ack(false, 0);
	caught("SYN-ACK with another number");
}

/* Host 1 has answered a forged segment; 499 ms later comes a copy, another forged
 * one, and @nr bare ACKs leave. */
static void challenged_beside_a_copy(bool belated, u32 nr)
{
	open_pair();
	w.host[1].belated = belated;
	PASSES(0, ACK | PSH, 1, 1, 10);
	PASSES(1, ACK, 1, 11);
	w.flows->of[1].credit = 0;
	ARRIVES(0, RST, 50, .tos = SIM_FORGED_TOS);
	LEAVES(1, ACK, 1, 11);
	later(499);
	ARRIVES(0, ACK | PSH, 1, 1, 10);
	ARRIVES(0, RST, 50, .tos = SIM_FORGED_TOS);
	while (nr--)
		LEAVES(1, ACK, 1, 11);
}

RULE(answer_to_a_copy_beside_a_forged_one_is_no_challenge)
{
	(void)state;
	challenged_beside_a_copy(true, 1);
	caught("");
}

RULE(second_answer_beside_a_forged_one_is_a_challenge)
{
	(void)state;
	challenged_beside_a_copy(true, 2);
	caught("two challenge ACKs within 500 ms");
}

RULE(answer_to_a_forged_one_is_a_challenge_where_nothing_is_belated)
{
	(void)state;
	challenged_beside_a_copy(false, 1);
	caught("two challenge ACKs within 500 ms");
}

/* An option of three octets that says it has 225. */
static const u8 lying[4] = { 61, 225, 0, 0 };

RULE(answer_to_options_that_lie_passes)
{
	(void)state;
	open_pair();
	w.flows->of[1].credit = 0;
	ARRIVES(0, ACK, 90000, 1, .opt = lying, .opt_len = 4,
		.tos = SIM_FORGED_TOS);
	LEAVES(1, ACK, 1, 1);
	caught("");
}

RULE(options_that_lie_are_caught)
{
	(void)state;
	open_pair();
	LEAVES(0, ACK, 1, 1, .opt = lying, .opt_len = 4);
	caught("a frame that is damaged");
}

/* ---- what was before -------------------------------------------------- */

/* Host 1 closes when it has the FIN, of which a copy comes before its own leaves. */
RULE(copy_of_a_fin_leaves_open_nothing)
{
	(void)state;
	open_called();
	end_a->ending = true;
	PASSES(0, FIN | ACK, 1, 1);
	later(1);
	end_b->ending = true;
	ARRIVES(0, FIN | ACK, 1, 1);
	PASSES(1, FIN | ACK, 1, 2);
	PASSES(0, ACK, 2, 2);
	later(1);
	lists(1, "");
	caught("");
}

/* Host 0 gave up, and tries again from the same port; host 1 has not heard of it,
 * and answers the SYN number @seq. */
static void answers_after_a_second_syn(u32 seq)
{
	open_world();
	PASSES(0, SYN, .opt = mss_1460, .opt_len = 4);
	LEAVES(0, SYN, 70000, .opt = mss_1460, .opt_len = 4);
	LEAVES(1, SYN | ACK, 0, seq + 1, .opt = mss_1460, .opt_len = 4);
}

RULE(answer_to_the_syn_before_passes)
{
	(void)state;
	answers_after_a_second_syn(0);
	caught("");
}

RULE(answer_to_a_syn_that_was_not_is_caught)
{
	(void)state;
	answers_after_a_second_syn(70001);
	caught("ACK of what did not arrive");
}

/* ---- what waited for ARP ---------------------------------------------- */

/* A SYN waits 20 ms for a reply that comes twice, the copy @ms later; it leaves
 * with that, and is sent again 980 ms later. */
static void syn_waits_for_two(u64 ms)
{
	open_world();
	leaves_arp(0, 1, SIM_ADDR(0), SIM_ADDR(1));
	later(20);
	arrives_arp(1, 2, SIM_ADDR(1), SIM_ADDR(0));
	later(ms);
	arrives_arp(1, 2, SIM_ADDR(1), SIM_ADDR(0));
	LEAVES(0, SYN);
	later(980);
	LEAVES(0, SYN);
}

RULE(copy_of_a_reply_changes_nothing)
{
	(void)state;
	syn_waits_for_two(0);
	caught("");
}

RULE(later_copy_of_a_reply_is_waited_for_by_nothing)
{
	(void)state;
	syn_waits_for_two(1);
	caught("sent again before the RTO");
}

/* An ACK leaves 600 ms after what it answers, and @ms after an ARP reply. */
static void ack_waits(u64 ms)
{
	open_pair();
	later(600 - ms);
	arrives_arp(0, 2, SIM_ADDR(0), SIM_ADDR(1));
	later(ms);
	LEAVES(1, ACK, 1, 1);
}

RULE(ack_that_waited_for_arp_passes)
{
	(void)state;
	ack_waits(0);
	caught("");
}

RULE(ack_that_waited_for_nothing_is_caught)
{
	(void)state;
	ack_waits(1);
	caught("an ACK that answers nothing");
}

/* Host 0 in TIME-WAIT asks by ARP before a FIN comes again, twice. */
static void fin_again_while_asking(bool answered)
{
	open_pair();
	PASSES(0, FIN | ACK, 1, 1);
	PASSES(1, ACK, 1, 2);
	PASSES(1, FIN | ACK, 1, 2);
	PASSES(0, ACK, 2, 2);
	later(1000);
	leaves_arp(0, 1, SIM_ADDR(0), SIM_ADDR(1));
	if (answered)
		arrives_arp(1, 2, SIM_ADDR(1), SIM_ADDR(0));
	ARRIVES(1, FIN | ACK, 1, 2);
	later(1000);
	ARRIVES(1, FIN | ACK, 1, 2);
}

RULE(answer_to_a_fin_may_wait_for_arp)
{
	(void)state;
	fin_again_while_asking(false);
	caught("");
}

RULE(answer_to_a_fin_does_not_wait_for_what_has_come)
{
	(void)state;
	fin_again_while_asking(true);
	caught("a FIN in TIME-WAIT is not answered");
}

/* ---- a cable that was out --------------------------------------------- */

/* Host 0 sends from 11 on; nobody has seen what came before. */
static void sends_behind_a_gap(bool unplugged)
{
	open_pair();
	monitor_excuse_all(&w, WHY_SLOW);
	w.host[0].unseen = w.host[1].unseen = unplugged;
	LEAVES(0, ACK, 11, 1, 10);
}

RULE(gap_of_a_cable_that_was_out_passes)
{
	(void)state;
	sends_behind_a_gap(true);
	LEAVES(0, ACK, 1, 1, 10, .fill = 7);
	caught("");
}

RULE(gap_of_a_cable_that_was_in_is_caught)
{
	(void)state;
	sends_behind_a_gap(false);
	caught("a gap in what is sent");
}

RULE(other_bytes_behind_the_gap_are_caught)
{
	(void)state;
	sends_behind_a_gap(true);
	LEAVES(0, ACK, 11, 1, 10, .fill = 7);
	caught("sent again with other bytes");
}

RULE(fin_behind_the_gap_passes)
{
	(void)state;
	open_pair();
	w.host[0].unseen = w.host[1].unseen = true;
	later(1);
	LEAVES(0, FIN | ACK, 11, 1);
	caught("");
}

RULE(fin_behind_what_was_not_pushed_is_caught)
{
	(void)state;
	sends_behind_a_gap(true);
	later(1);
	LEAVES(0, FIN | ACK, 21, 1);
	caught("the last byte was not pushed");
}

/* Both have closed; what host 1 acknowledged left while the cable was out. Then
 * comes an ACK of its FIN in a segment that begins at @seq. */
static void fin_is_acked_at(bool unplugged, u32 seq, u32 len)
{
	open_pair();
	monitor_excuse_all(&w, WHY_SLOW);
	w.host[0].unseen = w.host[1].unseen = unplugged;
	PASSES(1, ACK | PSH, 1, 1, 10);
	PASSES(1, FIN | ACK, 11, 1);
	PASSES(0, ACK | PSH, 1, 1, 8);
	PASSES(0, FIN | ACK, 9, 1);
	PASSES(0, ACK | (len ? PSH : 0), seq, 12, len);
	LEAVES(1, ACK, 12, 10);
	LEAVES(1, ACK | PSH, 1, 10, 10);
}

RULE(ack_in_what_was_acknowledged_unseen_may_not_count)
{
	(void)state;
	fin_is_acked_at(true, 1, 8);
	caught("");
}

RULE(ack_behind_what_was_acknowledged_unseen_counts)
{
	(void)state;
	fin_is_acked_at(true, 10, 0);
	caught("data in TIME-WAIT");
}

RULE(ack_in_what_was_not_acknowledged_counts)
{
	(void)state;
	fin_is_acked_at(false, 1, 8);
	caught("data in TIME-WAIT");
}

/* ---- a path that is narrower ------------------------------------------ */

/* Host 0's first connection hears that its segment was too large for the path, and
 * another one sends as large a segment. @reset: the first was reset before. */
static void narrower_path_heard_by(bool reset)
{
	open_pair();
	LEAVES(0, ACK, 1, 1, 1460);
	if (reset)
		PASSES(1, RST | ACK, 1, 1);
	arrives_too_big(1, 1000);
	PASSES(0, SYN, .port = PORT_A + 1, .opt = mss_1460, .opt_len = 4);
	PASSES(1, SYN | ACK, 0, 1, .port = PORT_A + 1, .opt = mss_1460,
	       .opt_len = 4);
	LEAVES(0, ACK, 1, 1, 1460, .port = PORT_A + 1);
}

RULE(narrower_path_of_who_is_no_more_is_not_heard)
{
	(void)state;
	narrower_path_heard_by(true);
	caught("");
}

RULE(narrower_path_of_who_lives_is_heard)
{
	(void)state;
	narrower_path_heard_by(false);
	caught("larger than the path MTU");
}

/* ---- an ACK that lies too far back ------------------------------------ */

/* Host 1 has 1,500 bytes acknowledged, in windows of 1,000; then bytes of host 0
 * come late, with an older @ack, and are never answered. */
static void bytes_come_with(u32 ack)
{
	u32 i;

	open_world();
	PASSES(0, SYN);
	PASSES(1, SYN | ACK, 0, 1);
	PASSES(0, ACK, 1, 1, .window = 1000);
	for (i = 0; i < 3; i++) {
		PASSES(1, ACK | PSH, 1 + 500 * i, 1, 500);
		if (!i)
			LEAVES(0, ACK | PSH, 1, ack, 10, .window = 1000);
		else
			PASSES(0, ACK, 11, 501 + 500 * i, .window = 1000);
	}
	ARRIVES(0, ACK | PSH, 1, ack, 10, .window = 1000);
	later(600);
	ARRIVES(0, ACK, 11, 1501, .window = 1000);
}

RULE(bytes_whose_ack_is_too_old_need_no_answer)
{
	(void)state;
	bytes_come_with(500);
	caught("");
}

RULE(bytes_whose_ack_is_just_new_enough_need_one)
{
	(void)state;
	bytes_come_with(501);
	caught("no ACK for more than 500 ms");
}

/* ---- clocks that tick ------------------------------------------------- */

/* Two questions of host 0 with @ms between them. */
static void asks_twice(u64 ms)
{
	open_world();
	w.slack_ns = SLACK_MS * SIM_MS;
	leaves_arp(0, 1, SIM_ADDR(0), SIM_ADDR(1));
	later(ms);
	leaves_arp(0, 1, SIM_ADDR(0), SIM_ADDR(1));
}

RULE(second_of_a_ticking_clock_may_be_a_tick_shorter)
{
	(void)state;
	asks_twice(1000 - SLACK_MS);
	caught("");
}

RULE(second_of_a_ticking_clock_is_not_shorter_than_that)
{
	(void)state;
	asks_twice(1000 - SLACK_MS - 1);
	caught("more than one ARP request in a second");
}

/* Bytes that are acknowledged @ms later. */
static void answers_after(u64 ms)
{
	open_pair();
	w.late_ns = SLACK_MS * SIM_MS;
	PASSES(0, ACK | PSH, 1, 1, 10);
	later(ms);
	LEAVES(1, ACK, 1, 11);
}

RULE(ack_of_a_ticking_clock_may_be_a_tick_late)
{
	(void)state;
	answers_after(500 + SLACK_MS);
	caught("");
}

RULE(ack_of_a_ticking_clock_is_not_later_than_that)
{
	(void)state;
	answers_after(500 + SLACK_MS + 1);
	caught("an ACK after more than 500 ms");
}

/* Bytes that are sent again 320 ms later, and @ms after that. */
static void backs_off_to(u64 ms)
{
	open_pair();
	w.late_ns = SLACK_MS * SIM_MS;
	later(100);
	LEAVES(0, ACK | PSH, 1, 1, 10);
	later(320);
	LEAVES(0, ACK | PSH, 1, 1, 10);
	later(ms);
	LEAVES(0, ACK | PSH, 1, 1, 10);
}

RULE(rto_before_may_have_been_a_tick_late)
{
	(void)state;
	backs_off_to(600 - 2 * SLACK_MS);
	caught("");
}

RULE(rto_before_was_no_later_than_that)
{
	(void)state;
	backs_off_to(600 - 2 * SLACK_MS - 1);
	caught("the RTO did not back off");
}

/* Bytes that are sent again @ms later. */
static void sends_again_after(u64 ms)
{
	open_pair();
	w.slack_ns = SLACK_MS * SIM_MS;
	later(100);
	LEAVES(0, ACK | PSH, 1, 1, 10);
	later(ms);
	LEAVES(0, ACK | PSH, 1, 1, 10);
}

RULE(rto_of_a_ticking_clock_may_be_a_tick_shorter)
{
	(void)state;
	sends_again_after(200 - SLACK_MS);
	caught("");
}

RULE(rto_of_a_ticking_clock_is_not_shorter_than_that)
{
	(void)state;
	sends_again_after(200 - SLACK_MS - 1);
	caught("sent again before the RTO");
}

/* ---- a table of TIME-WAIT that is full -------------------------------- */

static void open_full_table(void)
{
	open_pair();
	monitor_excuse_all(&w, WHY_FULL);
}

/* Host 0 closes first, and forgets it at once. */
static void close_unremembered(void)
{
	open_full_table();
	PASSES(0, FIN | ACK, 1, 1);
	PASSES(1, ACK, 1, 2);
	PASSES(1, FIN | ACK, 1, 2);
	PASSES(0, ACK, 2, 2);
	later(1000);
}

RULE(connection_that_found_no_time_wait_may_be_forgotten)
{
	(void)state;
	close_unremembered();
	lists(0, "");
	ARRIVES(1, FIN | ACK, 1, 2);
	later(1000);
	ARRIVES(1, FIN | ACK, 1, 2);
	LEAVES(0, SYN, 70000);
	caught("");
}

RULE(connection_before_time_wait_is_not_forgotten)
{
	(void)state;
	open_called();
	monitor_excuse_all(&w, WHY_FULL);
	end_b->ending = true;
	PASSES(1, FIN | ACK, 1, 1);
	PASSES(0, ACK, 1, 2);
	lists(0, "");
	caught("a connection without an owner");
}

RULE(second_owner_beside_a_full_table_is_caught)
{
	(void)state;
	open_full_table();
	LEAVES(0, SYN, 70000);
	caught("a second owner of the connection");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(close_beside_a_fin_leaves_open_who_was_first),
		cmocka_unit_test(close_after_a_fin_is_caught_in_time_wait),
		cmocka_unit_test(close_after_a_fin_that_answers_later_is_caught),
		cmocka_unit_test(
			close_beside_a_fin_is_caught_where_nothing_is_belated),
		cmocka_unit_test(request_beside_a_late_ack_passes),
		cmocka_unit_test(request_beside_a_late_ack_answers_again),
		cmocka_unit_test(
			request_beside_a_late_ack_answers_again_with_its_number),
		cmocka_unit_test(request_after_a_late_ack_is_caught),
		cmocka_unit_test(
			request_beside_a_late_ack_is_caught_where_nothing_is_belated),
		cmocka_unit_test(
			answer_to_a_copy_beside_a_forged_one_is_no_challenge),
		cmocka_unit_test(
			second_answer_beside_a_forged_one_is_a_challenge),
		cmocka_unit_test(
			answer_to_a_forged_one_is_a_challenge_where_nothing_is_belated),
		cmocka_unit_test(answer_to_options_that_lie_passes),
		cmocka_unit_test(options_that_lie_are_caught),
		cmocka_unit_test(copy_of_a_fin_leaves_open_nothing),
		cmocka_unit_test(answer_to_the_syn_before_passes),
		cmocka_unit_test(answer_to_a_syn_that_was_not_is_caught),
		cmocka_unit_test(copy_of_a_reply_changes_nothing),
		cmocka_unit_test(later_copy_of_a_reply_is_waited_for_by_nothing),
		cmocka_unit_test(ack_that_waited_for_arp_passes),
		cmocka_unit_test(ack_that_waited_for_nothing_is_caught),
		cmocka_unit_test(answer_to_a_fin_may_wait_for_arp),
		cmocka_unit_test(answer_to_a_fin_does_not_wait_for_what_has_come),
		cmocka_unit_test(gap_of_a_cable_that_was_out_passes),
		cmocka_unit_test(gap_of_a_cable_that_was_in_is_caught),
		cmocka_unit_test(other_bytes_behind_the_gap_are_caught),
		cmocka_unit_test(fin_behind_the_gap_passes),
		cmocka_unit_test(fin_behind_what_was_not_pushed_is_caught),
		cmocka_unit_test(
			ack_in_what_was_acknowledged_unseen_may_not_count),
		cmocka_unit_test(ack_behind_what_was_acknowledged_unseen_counts),
		cmocka_unit_test(ack_in_what_was_not_acknowledged_counts),
		cmocka_unit_test(narrower_path_of_who_is_no_more_is_not_heard),
		cmocka_unit_test(narrower_path_of_who_lives_is_heard),
		cmocka_unit_test(bytes_whose_ack_is_too_old_need_no_answer),
		cmocka_unit_test(bytes_whose_ack_is_just_new_enough_need_one),
		cmocka_unit_test(
			second_of_a_ticking_clock_may_be_a_tick_shorter),
		cmocka_unit_test(
			second_of_a_ticking_clock_is_not_shorter_than_that),
		cmocka_unit_test(ack_of_a_ticking_clock_may_be_a_tick_late),
		cmocka_unit_test(ack_of_a_ticking_clock_is_not_later_than_that),
		cmocka_unit_test(rto_before_may_have_been_a_tick_late),
		cmocka_unit_test(rto_before_was_no_later_than_that),
		cmocka_unit_test(rto_of_a_ticking_clock_may_be_a_tick_shorter),
		cmocka_unit_test(
			rto_of_a_ticking_clock_is_not_shorter_than_that),
		cmocka_unit_test(
			connection_that_found_no_time_wait_may_be_forgotten),
		cmocka_unit_test(connection_before_time_wait_is_not_forgotten),
		cmocka_unit_test(second_owner_beside_a_full_table_is_caught),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
