/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who watches the monitor: a connection that is right passes, and for each rule
 * there is a frame that breaks it and is named.
 */
#include "doctor.h"

#include <string.h>

/* ---- what is right ---------------------------------------------------- */

RULE(connection_that_is_right_passes)
{
	(void)state;
	open_pair();
	PASSES(0, ACK | PSH, 1, 1, 100);
	later(40);
	PASSES(1, ACK, 1, 101);
	PASSES(0, FIN | ACK, 101, 1);
	PASSES(1, ACK, 1, 102);
	PASSES(1, FIN | ACK, 1, 102);
	PASSES(0, ACK, 102, 2);
	caught("");
}

RULE(timeouts_that_double_pass)
{
	(void)state;
	open_pair();
	later(10);
	LEAVES(0, ACK | PSH, 1, 1, 100);
	later(200);
	LEAVES(0, ACK | PSH, 1, 1, 100);
	later(400);
	LEAVES(0, ACK | PSH, 1, 1, 100);
	later(800);
	LEAVES(0, ACK | PSH, 1, 1, 100);
	caught("");
}

/* ---- handshake and options -------------------------------------------- */

RULE(mss_above_the_mtu_is_caught)
{
	static const u8 opt[] = { 2, 4, 1461 >> 8, 1461 & 255 };

	(void)state;
	open_world();
	LEAVES(0, SYN, .opt = opt, .opt_len = 4);
	caught("offers an MSS above its MTU");
}

RULE(scale_that_was_not_offered_is_caught)
{
	static const u8 opt[] = { 1, 3, 3, 7 };

	(void)state;
	open_world();
	PASSES(0, SYN);
	LEAVES(1, SYN | ACK, 0, 1, .opt = opt, .opt_len = 4);
	caught("a window scale that the SYN did not have");
}

RULE(timestamp_in_syn_ack_unasked_is_caught)
{
	(void)state;
	open_world();
	PASSES(0, SYN);
	LEAVES(1, SYN | ACK, 0, 1, .opt = syn_ts, .opt_len = 16);
	caught("a timestamp that the SYN did not have");
}

RULE(timestamp_that_was_not_agreed_is_caught)
{
	(void)state;
	open_pair();
	LEAVES(0, ACK, 1, 1, .opt = ts(8, 0), .opt_len = 12);
	caught("a timestamp that was not agreed");
}

RULE(timestamp_left_out_is_caught)
{
	(void)state;
	open_with(syn_ts, sizeof(syn_ts));
	LEAVES(0, ACK, 1, 1);
	caught("no timestamp where it was agreed");
}

RULE(timestamp_that_goes_back_is_caught)
{
	(void)state;
	open_with(syn_ts, sizeof(syn_ts));
	LEAVES(0, ACK, 1, 1, .opt = ts(6, 7), .opt_len = 12);
	caught("the timestamp goes back");
}

RULE(echo_of_the_future_is_caught)
{
	(void)state;
	open_with(syn_ts, sizeof(syn_ts));
	LEAVES(0, ACK, 1, 1, .opt = ts(8, 9), .opt_len = 12);
	caught("echoes a timestamp that did not come");
}

RULE(echo_of_a_reset_that_time_wait_ignored_passes)
{
	(void)state;
	open_with(syn_ts, sizeof(syn_ts));
	PASSES(0, FIN | ACK, 1, 1, .opt = ts(8, 7), .opt_len = 12);
	PASSES(1, FIN | ACK, 1, 2, .opt = ts(8, 8), .opt_len = 12);
	PASSES(0, ACK, 2, 2, .opt = ts(9, 8), .opt_len = 12);
	PASSES(1, RST | ACK, 2, 2, .opt = ts(9, 9), .opt_len = 12);
	ARRIVES(1, FIN | ACK, 1, 2, .opt = ts(8, 8), .opt_len = 12);
	LEAVES(0, ACK, 2, 2, .opt = ts(9, 9), .opt_len = 12);
	caught("");
}

RULE(second_isn_is_caught)
{
	(void)state;
	open_pair();
	LEAVES(1, SYN | ACK, 77, 1);
	caught("SYN-ACK with another number");
}

RULE(segment_before_the_syn_is_caught)
{
	(void)state;
	open_world();
	LEAVES(0, ACK, 1, 1);
	caught("a segment before the SYN");
}

/* ---- senders ---------------------------------------------------------- */

RULE(data_behind_the_fin_is_caught)
{
	(void)state;
	open_pair();
	LEAVES(0, FIN | ACK, 1, 1);
	LEAVES(0, ACK, 1, 1, 10);
	caught("behind the FIN");
}

RULE(last_byte_without_push_is_caught)
{
	(void)state;
	open_pair();
	LEAVES(0, ACK, 1, 1, 10);
	later(1);
	LEAVES(0, FIN | ACK, 11, 1);
	caught("the last byte was not pushed");
}

RULE(number_from_nowhere_is_caught)
{
	(void)state;
	open_pair();
	LEAVES(0, ACK, 9999999, 1, 10);
	caught("a sequence number from nowhere");
}

RULE(gap_is_caught)
{
	(void)state;
	open_pair();
	LEAVES(0, ACK, 2, 1, 10);
	caught("a gap in what is sent");
}

RULE(data_beyond_the_window_is_caught)
{
	(void)state;
	open_with(mss_1460, 4);
	PASSES(0, ACK, 1, 1);
	w.flows->of[0].promised = 50;
	LEAVES(0, ACK, 1, 1, 51);
	caught("beyond the window");
}

RULE(urgent_unasked_is_caught)
{
	(void)state;
	open_pair();
	LEAVES(0, ACK | URG, 1, 1, 1);
	caught("URG where nothing is urgent");
}

RULE(other_bytes_the_second_time_are_caught)
{
	(void)state;
	open_pair();
	LEAVES(0, ACK, 1, 1, 10);
	later(1000);
	LEAVES(0, ACK, 1, 1, 10, .fill = 1);
	caught("sent again with other bytes");
}

RULE(segment_above_the_mtu_is_caught)
{
	(void)state;
	open_pair();
	w.host[0].mtu = 1400;
	LEAVES(0, ACK, 1, 1, 1400);
	caught("larger than the MTU");
}

RULE(segment_above_the_mss_is_caught)
{
	static const u8 opt[] = { 2, 4, 4, 0 };

	(void)state;
	open_with(opt, sizeof(opt));
	LEAVES(0, ACK, 1, 1, 1025);
	caught("larger than the peer's MSS");
}

RULE(segment_without_ack_is_caught)
{
	(void)state;
	open_pair();
	LEAVES(0, PSH, 1, 0, 10);
	caught("a segment without ACK");
}

RULE(reserved_bits_are_caught)
{
	(void)state;
	open_pair();
	LEAVES(0, ACK, 1, 1, .reserved = 4);
	caught("reserved bits");
}

/* RFC 3168: asked for, agreed on, and only new text may be marked. */
RULE(ecn_that_was_not_agreed_is_caught)
{
	(void)state;
	open_pair();
	LEAVES(0, ACK | ECE, 1, 1);
	caught("ECN that was not agreed");
}

RULE(text_that_may_be_marked_is_caught_without_ecn)
{
	(void)state;
	open_pair();
	LEAVES(0, ACK | PSH, 1, 1, 10, .tos = 2);
	caught("a packet that must not be marked");
}

RULE(half_an_ecn_syn_is_caught)
{
	(void)state;
	open_world();
	LEAVES(0, SYN | CWR);
	caught("a SYN that asks for no ECN there is");
}

/* ---- receivers -------------------------------------------------------- */

RULE(ack_of_what_did_not_arrive_is_caught)
{
	(void)state;
	open_pair();
	LEAVES(0, ACK, 1, 1, 10);
	LEAVES(1, ACK, 1, 11);
	caught("ACK of what did not arrive");
}

RULE(ack_that_goes_back_is_caught)
{
	(void)state;
	open_pair();
	PASSES(0, ACK, 1, 1, 10);
	LEAVES(1, ACK, 1, 11);
	ARRIVES(0, ACK, 1, 1, 10);
	LEAVES(1, ACK, 1, 10);
	caught("ACK goes back");
}

RULE(window_that_shrinks_is_caught)
{
	(void)state;
	open_pair();
	LEAVES(1, ACK, 1, 1, .window = 59999);
	caught("right edge moves left");
}

RULE(late_ack_is_caught)
{
	(void)state;
	open_pair();
	PASSES(0, ACK, 1, 1, 10);
	later(501);
	LEAVES(1, ACK, 1, 11);
	caught("an ACK after more than 500 ms");
}

RULE(missing_ack_is_caught)
{
	(void)state;
	open_pair();
	PASSES(0, ACK, 1, 1, 10);
	later(501);
	ARRIVES(0, ACK, 1, 1, 10);
	caught("no ACK for more than 500 ms");
}

RULE(ack_that_answers_nothing_is_caught)
{
	unsigned int i;

	(void)state;
	open_pair();
	for (i = 0; i < 4; i++)
		LEAVES(1, ACK, 1, 1);
	caught("an ACK that answers nothing");
}

/* ---- timers and congestion -------------------------------------------- */

RULE(early_retransmission_is_caught)
{
	(void)state;
	open_pair();
	later(10);
	LEAVES(0, ACK, 1, 1, 10);
	later(199);
	LEAVES(0, ACK, 1, 1, 10);
	caught("sent again before the RTO");
}

RULE(early_second_syn_is_caught)
{
	(void)state;
	open_world();
	LEAVES(0, SYN);
	later(999);
	LEAVES(0, SYN);
	caught("sent again before the RTO");
}

RULE(missing_backoff_is_caught)
{
	(void)state;
	open_pair();
	later(10);
	LEAVES(0, ACK, 1, 1, 10);
	later(300);
	LEAVES(0, ACK, 1, 1, 10);
	later(300);
	LEAVES(0, ACK, 1, 1, 10);
	caught("the RTO did not back off");
}

RULE(burst_after_a_timeout_is_caught)
{
	(void)state;
	open_pair();
	later(10);
	LEAVES(0, ACK, 1, 1, 10);
	LEAVES(0, ACK, 11, 1, 10);
	later(300);
	LEAVES(0, ACK, 1, 1, 10);
	later(1);
	LEAVES(0, ACK, 21, 1, 10);
	caught("more than slow start after a timeout");
}

RULE(first_flight_of_eleven_is_caught)
{
	u32 i;

	(void)state;
	open_pair();
	for (i = 0; i < 13; i++)
		LEAVES(0, ACK, 1 + i * 1460, 1, 1460);
	caught("more than the congestion window");
}

RULE(probes_too_close_are_caught)
{
	(void)state;
	open_pair();
	PASSES(0, ACK | PSH, 1, 1, 10);
	PASSES(1, ACK, 1, 11);
	later(10);
	LEAVES(0, ACK, 10, 1);
	later(100);
	LEAVES(0, ACK, 10, 1);
	caught("a probe before the RTO");
}

/* ---- resets ----------------------------------------------------------- */

RULE(reset_out_of_the_blue_is_caught)
{
	(void)state;
	open_world();
	LEAVES(1, RST, 0, 0);
	caught("a RST that answers nothing");
}

RULE(second_reset_for_one_segment_is_caught)
{
	(void)state;
	open_world();
	PASSES(0, SYN);
	LEAVES(1, RST | ACK, 0, 1);
	LEAVES(1, RST | ACK, 0, 1);
	caught("more RSTs than segments");
}

RULE(reset_from_time_wait_is_caught)
{
	(void)state;
	open_pair();
	PASSES(0, FIN | ACK, 1, 1);
	PASSES(1, FIN | ACK, 1, 2);
	PASSES(0, ACK, 2, 2);
	later(59000);
	ARRIVES(1, FIN | ACK, 1, 2);
	LEAVES(0, RST, 2, 0);
	caught("a RST from TIME-WAIT");
}

RULE(reset_for_what_was_not_sent_is_caught)
{
	(void)state;
	open_pair();
	LEAVES(1, RST | ACK, 1, 100);
	caught("a RST for what was not sent");
}

RULE(reset_with_a_strange_number_is_caught)
{
	(void)state;
	open_pair();
	LEAVES(1, RST, 100, 0);
	caught("a RST from nowhere");
}

/* ---- frames ----------------------------------------------------------- */

RULE(wrong_ttl_is_caught)
{
	(void)state;
	open_pair();
	ARRIVES(0, ACK, 1, 1, .ttl = 63);
	caught("the TTL is wrong");
}

RULE(wrong_checksum_is_caught)
{
	struct spec s = SEG(0, ACK, 1, 1, 10);
	u32 len;

	(void)state;
	open_pair();
	len = build(&s);
	frame[len - 1] ^= 1;
	monitor_frame(&w, 0, true, frame, len);
	caught("sends a frame that is damaged");
}

RULE(icmp_error_about_an_icmp_error_is_caught)
{
	u8 *icmp = frame + 34;
	u32 len;

	(void)state;
	open_world();
	len = build_icmp(3, 0, 0, 0);
	icmp[8 + 9] = 1;
	icmp[28] = 11;
	put16(icmp + 2, 0);
	put16(icmp + 2, fold(sum(icmp, 36, 0)));
	monitor_frame(&w, 1, true, frame, len);
	caught("sends a frame that is damaged");
}

RULE(address_of_nobody_is_caught)
{
	(void)state;
	open_world();
	build_ip(0, SIM_ADDR(9), 254, 8, 0, 0);
	monitor_frame(&w, 0, true, frame, 42);
	caught("who is nobody");
}

RULE(address_of_somebody_else_is_caught)
{
	(void)state;
	open_world();
	build_ip(1, SIM_ADDR(1), 254, 8, 0, 0);
	monitor_frame(&w, 0, true, frame, 42);
	caught("host 0 sends from");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connection_that_is_right_passes),
		cmocka_unit_test(timeouts_that_double_pass),
		cmocka_unit_test(mss_above_the_mtu_is_caught),
		cmocka_unit_test(scale_that_was_not_offered_is_caught),
		cmocka_unit_test(timestamp_in_syn_ack_unasked_is_caught),
		cmocka_unit_test(timestamp_that_was_not_agreed_is_caught),
		cmocka_unit_test(timestamp_left_out_is_caught),
		cmocka_unit_test(timestamp_that_goes_back_is_caught),
		cmocka_unit_test(echo_of_the_future_is_caught),
		cmocka_unit_test(echo_of_a_reset_that_time_wait_ignored_passes),
		cmocka_unit_test(second_isn_is_caught),
		cmocka_unit_test(segment_before_the_syn_is_caught),
		cmocka_unit_test(data_behind_the_fin_is_caught),
		cmocka_unit_test(last_byte_without_push_is_caught),
		cmocka_unit_test(number_from_nowhere_is_caught),
		cmocka_unit_test(gap_is_caught),
		cmocka_unit_test(data_beyond_the_window_is_caught),
		cmocka_unit_test(urgent_unasked_is_caught),
		cmocka_unit_test(other_bytes_the_second_time_are_caught),
		cmocka_unit_test(segment_above_the_mtu_is_caught),
		cmocka_unit_test(segment_above_the_mss_is_caught),
		cmocka_unit_test(segment_without_ack_is_caught),
		cmocka_unit_test(reserved_bits_are_caught),
		cmocka_unit_test(ecn_that_was_not_agreed_is_caught),
		cmocka_unit_test(text_that_may_be_marked_is_caught_without_ecn),
		cmocka_unit_test(half_an_ecn_syn_is_caught),
		cmocka_unit_test(ack_of_what_did_not_arrive_is_caught),
		cmocka_unit_test(ack_that_goes_back_is_caught),
		cmocka_unit_test(window_that_shrinks_is_caught),
		cmocka_unit_test(late_ack_is_caught),
		cmocka_unit_test(missing_ack_is_caught),
		cmocka_unit_test(ack_that_answers_nothing_is_caught),
		cmocka_unit_test(early_retransmission_is_caught),
		cmocka_unit_test(early_second_syn_is_caught),
		cmocka_unit_test(missing_backoff_is_caught),
		cmocka_unit_test(burst_after_a_timeout_is_caught),
		cmocka_unit_test(first_flight_of_eleven_is_caught),
		cmocka_unit_test(probes_too_close_are_caught),
		cmocka_unit_test(reset_out_of_the_blue_is_caught),
		cmocka_unit_test(second_reset_for_one_segment_is_caught),
		cmocka_unit_test(reset_from_time_wait_is_caught),
		cmocka_unit_test(reset_for_what_was_not_sent_is_caught),
		cmocka_unit_test(reset_with_a_strange_number_is_caught),
		cmocka_unit_test(wrong_ttl_is_caught),
		cmocka_unit_test(wrong_checksum_is_caught),
		cmocka_unit_test(icmp_error_about_an_icmp_error_is_caught),
		cmocka_unit_test(address_of_nobody_is_caught),
		cmocka_unit_test(address_of_somebody_else_is_caught),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
