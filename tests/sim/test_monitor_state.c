/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who watches the monitor, part two: states, calls, selective ACKs, and what
 * is owed to whom.
 */
#include "doctor.h"

#include <errno.h>
#include <string.h>

/* Both ends have closed, host 0 first; its peer's FIN came last. */
static void close_pair(void)
{
	PASSES(0, FIN | ACK, 1, 1);
	PASSES(1, ACK, 1, 2);
	PASSES(1, FIN | ACK, 1, 2);
	PASSES(0, ACK, 2, 2);
	assert_string_equal(w.why, "");
}

/* ---- states ----------------------------------------------------------- */

RULE(every_way_through_the_states_passes)
{
	(void)state;
	open_pair();
	close_pair();
	monitor_end(&w);
	caught("");
	open_pair();			/* simultaneous close */
	LEAVES(0, FIN | ACK, 1, 1);
	LEAVES(1, FIN | ACK, 1, 1);
	ARRIVES(0, FIN | ACK, 1, 1);
	ARRIVES(1, FIN | ACK, 1, 1);
	PASSES(0, ACK, 2, 2);
	PASSES(1, ACK, 2, 2);
	caught("");
	open_world();			/* simultaneous open */
	LEAVES(0, SYN);
	LEAVES(1, SYN);
	ARRIVES(0, SYN);
	ARRIVES(1, SYN);
	PASSES(0, SYN | ACK, 0, 1);
	PASSES(1, SYN | ACK, 0, 1);
	PASSES(0, ACK | PSH, 1, 1, 10);
	caught("");
}

RULE(ack_without_a_handshake_is_caught)
{
	(void)state;
	open_world();
	LEAVES(0, SYN);
	PASSES(1, SYN);
	LEAVES(0, ACK, 1, 1);
	caught("an ACK in SYN-SENT");
}

RULE(data_before_the_handshake_is_caught)
{
	(void)state;
	open_world();
	PASSES(0, SYN);
	LEAVES(1, SYN | ACK, 0, 1);
	LEAVES(1, ACK, 1, 1, 10);
	caught("data in SYN-RECEIVED");
}

RULE(syn_instead_of_syn_ack_is_caught)
{
	(void)state;
	open_world();
	PASSES(0, SYN);
	LEAVES(1, SYN | ACK, 0, 1);
	LEAVES(1, SYN);
	caught("a SYN in SYN-RECEIVED");
}

RULE(syn_ack_when_established_is_caught)
{
	(void)state;
	open_pair();
	later(1000);
	LEAVES(1, SYN | ACK, 0, 1);
	caught("a SYN-ACK in ESTABLISHED");
}

RULE(data_again_when_all_is_acknowledged_is_caught)
{
	(void)state;
	open_pair();
	PASSES(0, FIN | ACK | PSH, 1, 1, 10);
	PASSES(1, ACK, 1, 12);
	LEAVES(0, ACK, 1, 1, 10);
	caught("data in FIN-WAIT-2");
}

/* The peer's FIN once more and the ACK of host 1's come together; @ms later an
 * answer leaves. */
static void answers_when_over(bool belated, u64 ms)
{
	open_called();
	w.host[1].belated = belated;
	end_a->ending = true;
	PASSES(0, FIN | ACK, 1, 1);
	PASSES(1, ACK, 1, 2);
	end_b->ending = true;
	PASSES(1, FIN | ACK, 1, 2);
	later(10);
	ARRIVES(0, FIN | ACK, 1, 1);
	PASSES(0, ACK, 2, 2);
	later(ms);
	LEAVES(1, ACK, 2, 2);
}

RULE(answer_before_what_gro_holds_passes)
{
	(void)state;
	answers_when_over(true, 0);
	caught("");
}

RULE(answer_after_what_gro_held_is_caught)
{
	(void)state;
	answers_when_over(true, 1);
	caught("an ACK in CLOSED after its end");
}

RULE(answer_when_over_is_caught)
{
	(void)state;
	answers_when_over(false, 0);
	caught("an ACK in CLOSED after its end");
}

RULE(fin_from_time_wait_is_caught)
{
	(void)state;
	open_pair();
	close_pair();
	LEAVES(0, FIN | ACK, 1, 2);
	caught("a FIN in TIME-WAIT");
}

RULE(ack_from_the_grave_is_caught)
{
	(void)state;
	open_called();
	end_a->ending = true;
	PASSES(0, FIN | ACK, 1, 1);
	PASSES(1, ACK, 1, 2);
	end_b->ending = true;
	PASSES(1, FIN | ACK, 1, 2);
	PASSES(0, ACK, 2, 2);
	LEAVES(1, ACK, 2, 2);
	caught("an ACK in CLOSED after its end");
}

RULE(segment_after_a_reset_is_caught)
{
	(void)state;
	open_pair();
	LEAVES(0, RST | ACK, 1, 1);
	LEAVES(0, ACK, 1, 1, 10);
	caught("data in CLOSED after its end");
}

RULE(time_wait_that_is_reused_is_caught)
{
	(void)state;
	open_pair();
	close_pair();
	later(59000);
	LEAVES(0, SYN, 70000);
	caught("a SYN of a connection in TIME-WAIT");
}

RULE(second_owner_is_caught)
{
	(void)state;
	open_pair();
	LEAVES(0, SYN, 70000);
	caught("a second owner of the connection");
}

RULE(fin_that_time_wait_ignores_is_caught)
{
	(void)state;
	open_pair();
	close_pair();
	later(1000);
	ARRIVES(1, FIN | ACK, 1, 2);
	later(1000);
	ARRIVES(1, FIN | ACK, 1, 2);
	caught("a FIN in TIME-WAIT is not answered");
}

/* ---- calls ------------------------------------------------------------ */

RULE(calls_that_are_right_pass)
{
	(void)state;
	open_called();
	monitor_accept(&w, 1, 0, SIM_PORT, PORT_A);
	end_a->writing = 10;
	PASSES(0, ACK | PSH, 1, 1, 10);
	end_a->writing = 0;
	end_a->sent = 10;
	PASSES(1, ACK, 1, 11);
	end_a->ending = end_b->ending = true;
	PASSES(0, FIN | ACK, 11, 1);
	PASSES(1, FIN | ACK, 1, 12);
	PASSES(0, ACK, 12, 2);
	monitor_end(&w);
	caught("");
}

RULE(bytes_of_nobody_are_caught)
{
	(void)state;
	open_called();
	end_a->sent = 4;
	end_a->writing = 5;
	LEAVES(0, ACK | PSH, 1, 1, 10);
	caught("bytes that nobody wrote");
}

RULE(fin_of_nobody_is_caught)
{
	(void)state;
	open_called();
	LEAVES(0, FIN | ACK, 1, 1);
	caught("a FIN that nobody asked for");
}

RULE(fin_before_the_last_byte_is_caught)
{
	(void)state;
	open_called();
	end_a->sent = 11;
	end_a->ending = true;
	LEAVES(0, FIN | ACK | PSH, 1, 1, 10);
	caught("a FIN before the last byte");
}

RULE(write_without_push_is_caught)
{
	(void)state;
	open_called();
	end_a->sent = 10;
	PASSES(0, ACK, 1, 1, 10);
	PASSES(1, ACK, 1, 11);
	caught("no PSH on the last byte written");
}

RULE(urgent_pointer_of_zero_is_caught)
{
	(void)state;
	open_called();
	end_a->urgent = 1;
	end_a->sent = 10;
	LEAVES(0, ACK | URG, 1, 1, 10);
	caught("URG without a pointer");
}

RULE(urgent_pointer_that_goes_back_is_caught)
{
	(void)state;
	open_called();
	end_a->urgent = 1;
	end_a->sent = 10;
	LEAVES(0, ACK | URG, 1, 1, 5, .urgent = 10);
	LEAVES(0, ACK | URG, 6, 1, 5, .urgent = 4);
	caught("the urgent pointer goes back");
}

RULE(urgent_pointer_beyond_the_bytes_is_caught)
{
	(void)state;
	open_called();
	end_a->urgent = 1;
	end_a->sent = 10;
	LEAVES(0, ACK | URG, 1, 1, 10, .urgent = 11);
	caught("urgent is what nobody wrote");
}

RULE(second_accept_is_caught)
{
	(void)state;
	open_called();
	monitor_accept(&w, 1, 0, SIM_PORT, PORT_A);
	monitor_accept(&w, 1, 0, SIM_PORT, PORT_A);
	caught("accepted twice");
}

RULE(early_accept_is_caught)
{
	(void)state;
	open_world();
	PASSES(0, SYN);
	PASSES(1, SYN | ACK, 0, 1);
	monitor_accept(&w, 1, 0, SIM_PORT, PORT_A);
	caught("accepted before its handshake was done");
}

RULE(accept_of_nobody_is_caught)
{
	(void)state;
	open_called();
	monitor_accept(&w, 1, 0, SIM_PORT, PORT_A + 1);
	caught("whose SYN never came");
}

RULE(error_without_a_reset_is_caught)
{
	(void)state;
	open_called();
	monitor_error(&w, end_a, ECONNRESET);
	caught("an error for a RST that did not come");
}

RULE(error_after_a_reset_passes)
{
	(void)state;
	open_called();
	PASSES(1, RST | ACK, 1, 1);
	monitor_error(&w, end_a, ECONNRESET);
	caught("");
}

RULE(early_timeout_is_caught)
{
	(void)state;
	open_called();
	later(9000);
	monitor_error(&w, end_a, ETIMEDOUT);
	caught("a timeout although the peer was heard");
}

RULE(silence_with_unacknowledged_bytes_is_caught)
{
	(void)state;
	open_called();
	end_a->sent = 10;
	LEAVES(0, ACK | PSH, 1, 1, 10);
	monitor_end(&w);
	caught("silence, but not all is acknowledged");
}

RULE(silence_without_an_end_is_caught)
{
	(void)state;
	open_called();
	end_a->ending = end_b->ending = true;
	PASSES(0, FIN | ACK, 1, 1);
	PASSES(1, FIN | ACK, 1, 1);
	PASSES(0, ACK, 2, 2);
	w.flows->of[1].una = 2;		/* as if it had not believed it */
	w.flows->of[0].una = 2;
	monitor_end(&w);
	caught("silence, but not closed");
}

/* ---- what hosts say ---------------------------------------------------- */

#define LISTED "tcp   ESTAB 0 0 10.0.0.1:40000 10.0.1.1:7000\n"

RULE(listing_that_is_right_passes)
{
	(void)state;
	open_called();
	lists(0, "Netid State Recv-Q Send-Q Local Peer\n"
		 "tcp LISTEN 0 0 10.0.0.1:7000 0.0.0.0:*\n" LISTED);
	end_a->ending = true;
	PASSES(0, FIN | ACK, 1, 1);
	lists(1, "tcp CLOSE-WAIT 0 0 10.0.1.1:7000 10.0.0.1:40000\n");
	lists(0, "tcp FIN-WAIT-1 0 0 10.0.0.1:40000 10.0.1.1:7000\n");
	caught("");
}

RULE(listing_of_another_state_is_caught)
{
	(void)state;
	open_called();
	lists(0, "tcp FIN-WAIT-1 0 0 10.0.0.1:40000 10.0.1.1:7000\n");
	caught("says that it is in FIN-WAIT-1");
}

RULE(listing_of_two_owners_is_caught)
{
	(void)state;
	open_called();
	lists(0, LISTED LISTED);
	caught("two owners of one connection");
}

RULE(listing_without_a_connection_is_caught)
{
	(void)state;
	open_called();
	lists(0, "");
	caught("a connection without an owner");
}

RULE(listing_without_time_wait_is_caught)
{
	(void)state;
	open_pair();
	close_pair();
	later(59999);
	lists(0, "");
	caught("left TIME-WAIT too early");
}

/* Host 0 closes first. The answer to the other FIN gets lost, and goes only
 * seven seconds later; then it is @ms since TIME-WAIT has begun. */
static void forgets_after(u64 ms)
{
	open_pair();
	monitor_excuse_all(&w, WHY_SLOW);
	PASSES(0, FIN | ACK, 1, 1);
	PASSES(1, ACK, 1, 2);
	PASSES(1, FIN | ACK, 1, 2);
	later(7000);
	ARRIVES(1, FIN | ACK, 1, 2);
	PASSES(0, ACK, 2, 2);
	later(ms - 7000);
	lists(0, "");
}

RULE(time_wait_begins_with_the_fin_not_with_its_answer)
{
	(void)state;
	forgets_after(60000);
	caught("");
}

RULE(time_wait_that_began_with_the_fin_is_not_too_short)
{
	(void)state;
	forgets_after(59999);
	caught("left TIME-WAIT too early");
}

/* Both close at once; the ACK comes last, and something old is answered later. */
RULE(time_wait_begins_with_the_ack_of_who_closed_at_once)
{
	(void)state;
	open_pair();
	LEAVES(0, FIN | ACK, 1, 1);
	LEAVES(1, FIN | ACK, 1, 1);
	ARRIVES(1, FIN | ACK, 1, 1);
	ARRIVES(0, FIN | ACK, 1, 1);
	PASSES(0, ACK, 2, 2);
	PASSES(1, ACK, 2, 2);
	later(50);
	ARRIVES(1, FIN | ACK, 1, 1);
	PASSES(0, ACK, 2, 2);
	later(59950);
	lists(0, "");
	caught("");
}

/* ---- selective ACKs --------------------------------------------------- */

/* The option with one block, or two. */
static const u8 *sack(u32 left, u32 right, u32 left2, u32 right2)
{
	static u8 opt[20];

	memcpy(opt, (u8[]){ 1, 1, 5, right2 ? 18 : 10 }, 4);
	put32(opt + 4, 1000 + left);
	put32(opt + 8, 1000 + right);
	put32(opt + 12, 1000 + left2);
	put32(opt + 16, 1000 + right2);
	return opt;
}

/* Both know SACK, or the server alone; 1..10 and 21..30 have arrived. */
static void open_sack(bool agreed)
{
	static const u8 opt[] = { 2, 4, 1460 >> 8, 1460 & 255, 1, 1, 4, 2 };

	open_world();
	PASSES(0, SYN, .opt = opt, .opt_len = agreed ? 8 : 4);
	PASSES(1, SYN | ACK, 0, 1, .opt = opt, .opt_len = agreed ? 8 : 4);
	PASSES(0, ACK, 1, 1, 10);
	PASSES(1, ACK, 1, 11);
	LEAVES(0, ACK, 11, 1, 10);
	PASSES(0, ACK, 21, 1, 10);
	assert_string_equal(w.why, "");
}

RULE(sack_that_is_right_passes)
{
	(void)state;
	open_sack(true);
	PASSES(1, ACK, 1, 11, .opt = sack(21, 31, 0, 0), .opt_len = 12);
	ARRIVES(0, ACK, 1, 1, 10);	/* a duplicate */
	PASSES(1, ACK, 1, 11, .opt = sack(1, 11, 21, 31), .opt_len = 20);
	caught("");
}

RULE(sack_permitted_unasked_is_caught)
{
	static const u8 opt[] = { 1, 1, 4, 2 };

	(void)state;
	open_world();
	PASSES(0, SYN);
	LEAVES(1, SYN | ACK, 0, 1, .opt = opt, .opt_len = 4);
	caught("SACK that the SYN did not have");
}

RULE(sack_that_was_not_agreed_is_caught)
{
	(void)state;
	open_sack(false);
	LEAVES(1, ACK, 1, 11, .opt = sack(21, 31, 0, 0), .opt_len = 12);
	caught("a SACK that was not agreed");
}

RULE(sack_of_what_did_not_arrive_is_caught)
{
	(void)state;
	open_sack(true);
	LEAVES(1, ACK, 1, 11, .opt = sack(20, 31, 0, 0), .opt_len = 12);
	caught("a SACK of what did not arrive");
}

RULE(second_block_below_the_ack_is_caught)
{
	(void)state;
	open_sack(true);
	LEAVES(1, ACK, 1, 11, .opt = sack(21, 31, 1, 11), .opt_len = 20);
	caught("a SACK block below the ACK");
}

RULE(newest_block_left_out_is_caught)
{
	(void)state;
	open_sack(true);
	PASSES(1, ACK, 1, 11, .opt = sack(21, 31, 0, 0), .opt_len = 12);
	LEAVES(0, ACK, 31, 1, 10);
	PASSES(0, ACK, 41, 1, 10);
	LEAVES(1, ACK, 1, 11, .opt = sack(21, 31, 41, 51), .opt_len = 20);
	caught("the first SACK block is not the newest");
}

/* Somebody forges a copy of what has arrived; then @real text comes. */
static void answers_a_forged_copy(bool real)
{
	open_sack(true);
	PASSES(1, ACK, 1, 11, .opt = sack(21, 31, 0, 0), .opt_len = 12);
	LEAVES(0, ACK, 31, 1, 10);
	LEAVES(0, ACK, 41, 1, 10);
	ARRIVES(0, ACK, 4, 1, 3, .tos = SIM_FORGED_TOS);
	w.flows->of[1].credit = 1;
	if (real)
		ARRIVES(0, ACK, 41, 1, 10);
	LEAVES(1, ACK, 1, 11, .opt = sack(4, 7, 21, 31), .opt_len = 20);
}

RULE(block_of_a_forged_copy_passes)
{
	(void)state;
	answers_a_forged_copy(false);
	caught("");
}

RULE(block_of_a_forged_copy_is_no_answer_to_the_next)
{
	(void)state;
	answers_a_forged_copy(true);
	LEAVES(1, ACK, 1, 11, .opt = sack(21, 31, 0, 0), .opt_len = 12);
	caught("the first SACK block is not the newest");
}

/* Two come before either is answered. */
RULE(block_of_one_that_came_with_a_newer_passes)
{
	(void)state;
	open_sack(true);
	LEAVES(0, ACK, 31, 1, 10);
	PASSES(0, ACK, 41, 1, 10);
	PASSES(1, ACK, 1, 11, .opt = sack(21, 31, 0, 0), .opt_len = 12);
	PASSES(1, ACK, 1, 11, .opt = sack(41, 51, 21, 31), .opt_len = 20);
	caught("");
}

/* @ts, and @block as sack()'s, or NULL. */
static const u8 *ts_and_sack(u32 ts, const u8 *block)
{
	static u8 opt[24];

	memcpy(opt, (u8[]){ 1, 1, 8, 10 }, 4);
	put32(opt + 4, ts);
	put32(opt + 8, 7);
	if (block)
		memcpy(opt + 12, block, 12);
	return opt;
}

/* 21..30 have arrived at a timestamp of 9, and 31..40 at @ts, which the answer does
 * not name. */
static void open_refused(u32 ts)
{
	static u8 opt[] = { 2, 4, 1460 >> 8, 1460 & 255, 4, 2, 8, 10,
			    0, 0, 0, 7, 0, 0, 0, 0 };

	open_world();
	put32(opt + 12, 0);
	PASSES(0, SYN, .opt = opt, .opt_len = sizeof(opt));
	put32(opt + 12, 7);
	PASSES(1, SYN | ACK, 0, 1, .opt = opt, .opt_len = sizeof(opt));
	PASSES(0, ACK, 1, 1, 10, .opt = ts_and_sack(8, NULL), .opt_len = 12);
	PASSES(1, ACK, 1, 11, .opt = ts_and_sack(8, NULL), .opt_len = 12);
	LEAVES(0, ACK, 11, 1, 10, .opt = ts_and_sack(8, NULL), .opt_len = 12);
	LEAVES(0, ACK, 21, 1, 10, .opt = ts_and_sack(8, NULL), .opt_len = 12);
	LEAVES(0, ACK, 31, 1, 10, .opt = ts_and_sack(ts, NULL), .opt_len = 12);
	PASSES(0, ACK, 21, 1, 10, .opt = ts_and_sack(9, NULL), .opt_len = 12);
	PASSES(1, ACK, 1, 11, .opt = ts_and_sack(9, sack(21, 31, 0, 0)),
	       .opt_len = 24);
	ARRIVES(0, ACK, 31, 1, 10, .opt = ts_and_sack(ts, NULL), .opt_len = 12);
	PASSES(1, ACK, 1, 11, .opt = ts_and_sack(9, sack(21, 31, 0, 0)),
	       .opt_len = 24);
}

RULE(block_without_what_has_an_old_timestamp_passes)
{
	(void)state;
	open_refused(8);
	caught("");
}

RULE(block_without_what_has_a_new_timestamp_is_caught)
{
	(void)state;
	open_refused(9);
	caught("the first SACK block is not the newest");
}

/* Ten segments and two small ones, of which all but the first are named; @nr more leave. */
static void send_after_sack(u32 nr)
{
	u32 i;

	open_sack(true);
	for (i = 0; i < 10; i++) {
		LEAVES(0, ACK, 31 + 1460 * i, 1, 1460);
		ARRIVES(0, ACK, 31 + 1460 * i, 1, 1460);
	}
	PASSES(1, ACK, 1, 11, .opt = sack(21, 31 + 1460 * 10, 0, 0),
	       .opt_len = 12);
	for (; i < 10 + nr; i++)
		LEAVES(0, ACK, 31 + 1460 * i, 1, 1460);
}

RULE(sack_makes_room_for_all_it_names)
{
	(void)state;
	send_after_sack(11);
	caught("");
}

RULE(sack_opens_no_window)
{
	(void)state;
	send_after_sack(12);
	caught("more than the congestion window");
}

/* Twenty more pieces arrive; the receiver names each at once, or none. */
static void open_recorded_sack(bool answers)
{
	u32 i, left;

	open_sack(true);
	w.recorded = true;
	for (i = 0; i < 20; i++) {
		if (answers) {
			left = 21 + 20 * i;
			PASSES(1, ACK, 1, 11,
			       .opt = sack(left, left + 10, 0, 0),
			       .opt_len = 12);
		}
		LEAVES(0, ACK, 31 + 20 * i, 1, 10);
		PASSES(0, ACK, 41 + 20 * i, 1, 10);
	}
	assert_string_equal(w.why, "");
}

/* In a recording the socket may not have got yet what has arrived ... */
RULE(recorded_sack_of_what_is_not_answered_passes)
{
	(void)state;
	open_recorded_sack(false);
	PASSES(1, ACK, 1, 11, .opt = sack(21, 31, 0, 0), .opt_len = 12);
	caught("");
}

/* ... but what is answered it has got. */
RULE(recorded_sack_of_what_was_answered_long_ago_is_caught)
{
	(void)state;
	open_recorded_sack(true);
	LEAVES(1, ACK, 1, 11, .opt = sack(21, 31, 0, 0), .opt_len = 12);
	caught("the first SACK block is not the newest");
}

/* ... nor a segment that fills no gap, when the one before it did. */
RULE(recorded_sack_from_before_what_filled_a_gap_passes)
{
	u32 i;

	(void)state;
	open_recorded_sack(true);
	PASSES(1, ACK, 1, 11, .opt = sack(421, 431, 0, 0), .opt_len = 12);
	ARRIVES(0, ACK, 11, 1, 10);
	for (i = 0; i < 18; i++)
		ARRIVES(0, ACK, 31 + 20 * i, 1, 10);
	LEAVES(0, ACK, 431, 1, 10);
	PASSES(0, ACK, 441, 1, 10);
	PASSES(1, ACK, 1, 391, .opt = sack(421, 431, 0, 0), .opt_len = 12);
	PASSES(1, ACK, 1, 391, .window = 61000,
	       .opt = sack(421, 431, 0, 0), .opt_len = 12);
	caught("");
}

RULE(option_of_syns_elsewhere_is_caught)
{
	(void)state;
	open_pair();
	LEAVES(0, ACK, 1, 1, .opt = mss_1460, .opt_len = 4);
	caught("an option of SYNs elsewhere");
}

/* ---- what is owed ----------------------------------------------------- */

RULE(two_full_segments_without_an_ack_are_caught)
{
	(void)state;
	open_pair();
	PASSES(0, ACK, 1, 1, 1460);
	PASSES(0, ACK, 1461, 1, 1460);
	later(1);
	LEAVES(1, ACK, 1, 2921);
	caught("no ACK for two full segments");
}

RULE(ack_in_pieces_is_caught)
{
	(void)state;
	open_pair();
	w.flows->of[1].credit = 0;
	PASSES(0, ACK, 1, 1, 100);
	LEAVES(1, ACK, 1, 51);
	LEAVES(1, ACK, 1, 101);
	caught("an ACK that answers nothing");
}

/* Six segments, an ACK that covers them, @nr more. */
static void save_recorded_acks(u32 nr)
{
	u32 i;

	open_pair();
	w.recorded = true;
	w.flows->of[1].credit = 0;
	for (i = 0; i < 6; i++)
		PASSES(0, ACK, 1 + i * 10, 1, 10);
	for (i = 0; i <= nr; i++)
		LEAVES(1, ACK, 1, 61);
}

/* A recorder may know of segments before the socket does. */
RULE(few_recorded_acks_of_what_was_covered_pass)
{
	(void)state;
	save_recorded_acks(4);
	caught("");
}

RULE(many_recorded_acks_of_what_was_covered_are_caught)
{
	(void)state;
	save_recorded_acks(5);
	caught("an ACK that answers nothing");
}

RULE(saved_acks_are_caught)
{
	u32 i;

	(void)state;
	open_pair();
	for (i = 0; i < 4; i++)
		PASSES(0, ACK, 1 + i * 10, 1, 10);
	later(40);
	LEAVES(1, ACK, 1, 31);
	LEAVES(1, ACK, 1, 41);
	caught("an ACK that answers nothing");
}

RULE(second_ack_for_all_that_came_is_caught)
{
	u32 i;

	(void)state;
	open_pair();
	for (i = 0; i < 4; i++)
		PASSES(0, ACK, 1 + i * 10, 1, 10);
	LEAVES(1, ACK, 1, 41);
	LEAVES(1, ACK, 1, 41);
	caught("an ACK that answers nothing");
}

RULE(ack_long_after_what_it_answers_is_caught)
{
	(void)state;
	open_pair();
	later(600);
	LEAVES(1, ACK, 1, 1);
	caught("an ACK that answers nothing");
}

RULE(retransmission_within_a_round_trip_is_caught)
{
	(void)state;
	open_pair();
	w.flows->of[0].rtt_us = 0;	/* the handshake took no time */
	LEAVES(0, ACK | PSH, 1, 1, 10);
	later(300);
	ARRIVES(0, ACK | PSH, 1, 1, 10);
	PASSES(1, ACK, 1, 11);
	later(10);
	LEAVES(0, ACK | PSH, 11, 1, 10);
	later(290);
	LEAVES(0, ACK | PSH, 11, 1, 10);
	caught("sent again before the RTO");
}

/* Host 0 probes its tail, and both ends have agreed on SACK. */
static void probes_tail(void)
{
	w.host[0].tail_probes = true;
	w.flows->of[0].sack_offered = w.flows->of[1].sack_offered = true;
}

RULE(tail_probe_without_sack_is_caught)
{
	(void)state;
	open_pair();
	probes_tail();
	w.flows->of[1].sack_offered = false;
	later(10);
	LEAVES(0, ACK | PSH, 1, 1, 10);
	later(50);
	LEAVES(0, ACK | PSH, 1, 1, 10);
	caught("sent again before the RTO");
}

RULE(tail_probe_of_what_is_not_the_tail_is_caught)
{
	(void)state;
	open_pair();
	probes_tail();
	later(10);
	LEAVES(0, ACK, 1, 1, 1000);
	LEAVES(0, ACK, 1001, 1, 1000);
	later(50);
	LEAVES(0, ACK, 1, 1, 1000);
	caught("sent again before the RTO");
}

RULE(tail_probe_is_allowed_once)
{
	(void)state;
	open_pair();
	probes_tail();
	later(10);
	LEAVES(0, ACK | PSH, 1, 1, 10);
	later(50);
	LEAVES(0, ACK | PSH, 1, 1, 10);
	assert_string_equal(w.why, "");
	later(50);
	LEAVES(0, ACK | PSH, 1, 1, 10);
	caught("sent again before the RTO");
}

/* 70 segments of 1,000 bytes leave; in the silence after it the one that
 * is @back from the last comes again. */
static void send_again(u32 back)
{
	static const u8 opt[] = { 2, 4, 1460 >> 8, 1460 & 255, 3, 3, 2, 1 };
	u32 i;

	open_with(opt, sizeof(opt));
	probes_tail();
	w.recorded = true;
	for (i = 0; i < 40; i++) {
		PASSES(0, ACK, 1 + 1000 * i, 1, 1000);
		PASSES(1, ACK, 1, 1001 + 1000 * i);
	}
	later(10);
	for (; i < 110; i++)
		LEAVES(0, ACK, 1 + 1000 * i, 1, 1000);
	later(50);
	LEAVES(0, ACK, 1 + 1000 * (109 - back), 1, 1000);
}

RULE(tail_probe_from_the_last_buffer_is_allowed)
{
	(void)state;
	send_again(65);
	caught("");
}

RULE(tail_probe_of_earlier_buffers_is_caught)
{
	(void)state;
	send_again(66);
	caught("sent again before the RTO");
}

/* Ten segments fill the window; @nr more leave after a silence. */
static void send_more(u32 nr)
{
	u32 i;

	open_pair();
	probes_tail();
	for (i = 0; i < 10; i++)
		LEAVES(0, ACK, 1 + 1460 * i, 1, 1460);
	later(50);
	for (; i < 10 + nr; i++)
		LEAVES(0, ACK, 1 + 1460 * i, 1, 1460);
}

RULE(tail_probe_of_new_data_is_allowed)
{
	(void)state;
	send_more(1);
	caught("");
}

RULE(second_tail_probe_of_new_data_is_caught)
{
	(void)state;
	send_more(2);
	caught("more than the congestion window");
}

/* A SYN is made when ARP asks, and leaves @ms later with the reply. */
static void syn_waits(u64 ms, u64 again_ms)
{
	open_world();
	leaves_arp(0, 1, SIM_ADDR(0), SIM_ADDR(1));
	later(ms);
	arrives_arp(1, 2, SIM_ADDR(1), SIM_ADDR(0));
	LEAVES(0, SYN);
	later(again_ms);
	LEAVES(0, SYN);
}

RULE(syn_that_waited_for_arp_is_sent_again_sooner)
{
	(void)state;
	syn_waits(20, 980);
	caught("");
}

RULE(syn_that_waited_for_arp_is_sent_again_too_soon)
{
	(void)state;
	syn_waits(20, 979);
	caught("sent again before the RTO");
}

RULE(sender_that_falls_silent_is_caught)
{
	(void)state;
	open_pair();
	later(10);
	LEAVES(0, ACK | PSH, 1, 1, 10);
	later(122000);
	LEAVES(0, ACK | PSH, 1, 1, 10);
	caught("silent for longer than the largest RTO");
}

RULE(resets_beyond_the_limit_are_caught)
{
	u32 i;

	(void)state;
	open_world();
	w.host[1].rst_limit = 1;
	for (i = 0; i < 3; i++) {
		if (!i)
			LEAVES(0, SYN);
		ARRIVES(0, SYN);
		LEAVES(1, RST | ACK, 0, 1);
		later(400);
	}
	caught("more RSTs than the limit");
}

RULE(second_challenge_is_caught)
{
	(void)state;
	open_pair();
	ARRIVES(0, RST, 50, .tos = SIM_FORGED_TOS);
	LEAVES(1, ACK, 1, 1);
	later(499);
	ARRIVES(0, RST, 50, .tos = SIM_FORGED_TOS);
	LEAVES(1, ACK, 1, 1);
	caught("two challenge ACKs within 500 ms");
}

RULE(challenges_beyond_the_limit_are_caught)
{
	(void)state;
	open_pair();
	w.host[1].challenge_limit = 1;
	monitor_challenge(&w, 1);
	monitor_challenge(&w, 1);
	caught("more challenge ACKs than the limit");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(every_way_through_the_states_passes),
	cmocka_unit_test(ack_without_a_handshake_is_caught),
	cmocka_unit_test(data_before_the_handshake_is_caught),
	cmocka_unit_test(syn_instead_of_syn_ack_is_caught),
	cmocka_unit_test(syn_ack_when_established_is_caught),
	cmocka_unit_test(data_again_when_all_is_acknowledged_is_caught),
	cmocka_unit_test(answer_before_what_gro_holds_passes),
	cmocka_unit_test(answer_after_what_gro_held_is_caught),
	cmocka_unit_test(answer_when_over_is_caught),
	cmocka_unit_test(fin_from_time_wait_is_caught),
	cmocka_unit_test(ack_from_the_grave_is_caught),
	cmocka_unit_test(segment_after_a_reset_is_caught),
	cmocka_unit_test(time_wait_that_is_reused_is_caught),
	cmocka_unit_test(second_owner_is_caught),
	cmocka_unit_test(fin_that_time_wait_ignores_is_caught),
	cmocka_unit_test(calls_that_are_right_pass),
	cmocka_unit_test(bytes_of_nobody_are_caught),
	cmocka_unit_test(fin_of_nobody_is_caught),
	cmocka_unit_test(fin_before_the_last_byte_is_caught),
	cmocka_unit_test(write_without_push_is_caught),
	cmocka_unit_test(urgent_pointer_of_zero_is_caught),
	cmocka_unit_test(urgent_pointer_that_goes_back_is_caught),
	cmocka_unit_test(urgent_pointer_beyond_the_bytes_is_caught),
	cmocka_unit_test(second_accept_is_caught),
	cmocka_unit_test(early_accept_is_caught),
	cmocka_unit_test(accept_of_nobody_is_caught),
	cmocka_unit_test(error_without_a_reset_is_caught),
	cmocka_unit_test(error_after_a_reset_passes),
	cmocka_unit_test(early_timeout_is_caught),
	cmocka_unit_test(silence_with_unacknowledged_bytes_is_caught),
	cmocka_unit_test(silence_without_an_end_is_caught),
	cmocka_unit_test(listing_that_is_right_passes),
	cmocka_unit_test(listing_of_another_state_is_caught),
	cmocka_unit_test(listing_of_two_owners_is_caught),
	cmocka_unit_test(listing_without_a_connection_is_caught),
	cmocka_unit_test(listing_without_time_wait_is_caught),
	cmocka_unit_test(time_wait_begins_with_the_fin_not_with_its_answer),
	cmocka_unit_test(time_wait_that_began_with_the_fin_is_not_too_short),
	cmocka_unit_test(time_wait_begins_with_the_ack_of_who_closed_at_once),
	cmocka_unit_test(sack_that_is_right_passes),
	cmocka_unit_test(sack_permitted_unasked_is_caught),
	cmocka_unit_test(sack_that_was_not_agreed_is_caught),
	cmocka_unit_test(sack_of_what_did_not_arrive_is_caught),
	cmocka_unit_test(second_block_below_the_ack_is_caught),
	cmocka_unit_test(newest_block_left_out_is_caught),
	cmocka_unit_test(block_of_a_forged_copy_passes),
	cmocka_unit_test(block_of_a_forged_copy_is_no_answer_to_the_next),
	cmocka_unit_test(block_of_one_that_came_with_a_newer_passes),
	cmocka_unit_test(block_without_what_has_an_old_timestamp_passes),
	cmocka_unit_test(block_without_what_has_a_new_timestamp_is_caught),
	cmocka_unit_test(sack_makes_room_for_all_it_names),
	cmocka_unit_test(sack_opens_no_window),
	cmocka_unit_test(recorded_sack_of_what_is_not_answered_passes),
	cmocka_unit_test(
		recorded_sack_from_before_what_filled_a_gap_passes),
	cmocka_unit_test(
		recorded_sack_of_what_was_answered_long_ago_is_caught),
	cmocka_unit_test(option_of_syns_elsewhere_is_caught),
	cmocka_unit_test(two_full_segments_without_an_ack_are_caught),
	cmocka_unit_test(ack_in_pieces_is_caught),
	cmocka_unit_test(few_recorded_acks_of_what_was_covered_pass),
	cmocka_unit_test(
		many_recorded_acks_of_what_was_covered_are_caught),
	cmocka_unit_test(saved_acks_are_caught),
	cmocka_unit_test(second_ack_for_all_that_came_is_caught),
	cmocka_unit_test(ack_long_after_what_it_answers_is_caught),
	cmocka_unit_test(retransmission_within_a_round_trip_is_caught),
	cmocka_unit_test(tail_probe_without_sack_is_caught),
	cmocka_unit_test(tail_probe_of_what_is_not_the_tail_is_caught),
	cmocka_unit_test(tail_probe_is_allowed_once),
	cmocka_unit_test(tail_probe_from_the_last_buffer_is_allowed),
	cmocka_unit_test(tail_probe_of_earlier_buffers_is_caught),
	cmocka_unit_test(tail_probe_of_new_data_is_allowed),
	cmocka_unit_test(second_tail_probe_of_new_data_is_caught),
	cmocka_unit_test(syn_that_waited_for_arp_is_sent_again_sooner),
	cmocka_unit_test(syn_that_waited_for_arp_is_sent_again_too_soon),
	cmocka_unit_test(sender_that_falls_silent_is_caught),
	cmocka_unit_test(resets_beyond_the_limit_are_caught),
	cmocka_unit_test(second_challenge_is_caught),
	cmocka_unit_test(challenges_beyond_the_limit_are_caught),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
