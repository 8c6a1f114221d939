/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who watches the monitor, part three: ARP, link addresses, ICMP, datagrams.
 */
#include "doctor.h"

#include <string.h>

/* ---- ARP and link addresses ------------------------------------------- */

RULE(question_and_answer_pass)
{
	(void)state;
	open_world();
	memset(w.host[0].neighbour, 0, 6);	/* ARP finds them */
	memset(w.host[1].neighbour, 0, 6);
	leaves_arp(0, 1, SIM_ADDR(0), SIM_ADDR(1));
	later(1000);
	leaves_arp(0, 1, SIM_ADDR(0), SIM_ADDR(1));
	arrives_arp(0, 1, SIM_ADDR(0), SIM_ADDR(1));
	leaves_arp(1, 2, SIM_ADDR(1), SIM_ADDR(0));
	arrives_arp(1, 2, SIM_ADDR(1), SIM_ADDR(0));
	PASSES(0, SYN);
	PASSES(1, SYN | ACK, 0, 1);
	caught("");
}

/* A FIN waits at host 0 for ARP, while it is acknowledged; it leaves @ms after
 * the reply. */
static void fin_waits(u64 ms)
{
	open_pair();
	PASSES(0, FIN | ACK, 1, 1);
	PASSES(1, ACK, 1, 2);
	arrives_arp(1, 2, SIM_ADDR(1), SIM_ADDR(0));
	later(ms);
	LEAVES(0, FIN | ACK, 1, 1);
}

RULE(fin_that_waited_for_arp_passes)
{
	(void)state;
	fin_waits(0);
	caught("");
}

RULE(fin_that_waited_for_nothing_is_caught)
{
	(void)state;
	fin_waits(1);
	caught("a FIN in FIN-WAIT-2");
}

RULE(data_that_nobody_had_to_wait_for_is_caught)
{
	(void)state;
	open_pair();
	PASSES(0, FIN | ACK, 1, 1);
	PASSES(1, ACK, 1, 2);
	arrives_arp(1, 2, SIM_ADDR(1), SIM_ADDR(0));
	LEAVES(0, ACK, 2, 1, 10);
	caught("data in FIN-WAIT-2");
}

RULE(arp_requests_too_close_are_caught)
{
	(void)state;
	open_world();
	leaves_arp(0, 1, SIM_ADDR(0), SIM_ADDR(1));
	later(999);
	leaves_arp(0, 1, SIM_ADDR(0), SIM_ADDR(1));
	caught("more than one ARP request in a second");
}

RULE(arp_reply_unasked_is_caught)
{
	(void)state;
	open_world();
	leaves_arp(1, 2, SIM_ADDR(1), SIM_ADDR(0));
	caught("an ARP reply that nobody asked for");
}

RULE(second_arp_reply_is_caught)
{
	(void)state;
	open_world();
	arrives_arp(0, 1, SIM_ADDR(0), SIM_ADDR(1));
	leaves_arp(1, 2, SIM_ADDR(1), SIM_ADDR(0));
	leaves_arp(1, 2, SIM_ADDR(1), SIM_ADDR(0));
	caught("an ARP reply that nobody asked for");
}

RULE(arp_reply_for_others_is_caught)
{
	(void)state;
	open_world();
	arrives_arp(0, 1, SIM_ADDR(0), SIM_ADDR(2));
	leaves_arp(1, 2, SIM_ADDR(2), SIM_ADDR(0));
	caught("ARP for somebody else's address");
}

RULE(arp_reply_with_anothers_link_address_is_caught)
{
	u32 len;

	(void)state;
	open_world();
	arrives_arp(0, 1, SIM_ADDR(0), SIM_ADDR(1));
	len = build_arp(1, 2, SIM_ADDR(1), SIM_ADDR(0));
	frame[14 + 8 + 5] = 77;
	monitor_frame(&w, 1, true, frame, len);
	caught("ARP with somebody else's link address");
}

RULE(damaged_arp_is_caught)
{
	u32 len;

	(void)state;
	open_world();
	len = build_arp(0, 1, SIM_ADDR(0), SIM_ADDR(1));
	frame[14 + 4] = 8;
	monitor_frame(&w, 0, true, frame, len);
	caught("sends a frame that is damaged");
}

/* A SYN of host 0, with octet @at of the Ethernet header changed. */
static void leaves_changed(u32 at, u32 n)
{
	struct spec s = SEG(0, SYN);
	u32 len;

	open_world();
	len = build(&s);
	memset(frame + at, 255, n);
	monitor_frame(&w, 0, true, frame, len);
}

RULE(frame_to_a_stranger_is_caught)
{
	(void)state;
	leaves_changed(3, 1);
	caught("a frame to an unknown link address");
}

RULE(frame_to_all_is_caught)
{
	(void)state;
	leaves_changed(0, 6);
	caught("a frame to everybody");
}

RULE(frame_from_a_stranger_is_caught)
{
	(void)state;
	leaves_changed(9, 1);
	caught("somebody else's link address");
}

/* ---- ICMP ------------------------------------------------------------- */

static void leaves_icmp(u8 type, int quoted, u32 frag)
{
	monitor_frame(&w, 1, true, frame, build_icmp(type, 3, quoted, frag));
}

static void arrives_udp(void)
{
	monitor_frame(&w, 1, false, frame, build_udp(0, 0, 10));
}

/* The datagram with identification @id, and the error about it. */
static void arrives_nth(u32 id)
{
	u32 len = build_udp(0, 0, 10);

	put16(frame + 14 + 4, id);
	put16(frame + 14 + 10, 0);
	put16(frame + 14 + 10, fold(sum(frame + 14, 20, 0)));
	monitor_frame(&w, 1, false, frame, len);
}

static u32 build_nth_icmp(u32 id)
{
	u8 *icmp = frame + 34;
	u32 len = build_icmp(3, 3, 0, 0);

	put16(icmp + 8 + 4, id);
	put16(icmp + 2, 0);
	put16(icmp + 2, fold(sum(icmp, 36, 0)));
	return len;
}

RULE(errors_about_datagrams_pass)
{
	u32 i;

	(void)state;
	open_world();
	for (i = 0; i < 7; i++) {
		arrives_udp();
		leaves_icmp(3, 0, 0);
		later(i ? 0 : 1000);
	}
	caught("");
}

RULE(icmp_error_about_nothing_is_caught)
{
	(void)state;
	open_world();
	leaves_icmp(3, 0, 0);
	caught("more ICMP errors than datagrams");
}

RULE(icmp_error_to_somebody_else_is_caught)
{
	(void)state;
	open_world();
	arrives_udp();
	leaves_icmp(3, 2, 0);
	caught("an ICMP error about what did not come here");
}

RULE(icmp_error_about_a_fragment_is_caught)
{
	(void)state;
	open_world();
	arrives_udp();
	leaves_icmp(11, 0, 100);
	caught("an ICMP error about a later fragment");
}

RULE(icmp_errors_beyond_the_limit_are_caught)
{
	u32 i;

	(void)state;
	open_world();
	for (i = 0; i < 8; i++)
		arrives_udp();
	for (i = 0; i < 8; i++)
		leaves_icmp(3, 0, 0);
	caught("more ICMP errors than the limit");
}

/* Errors that waited for ARP leave together; the last answers what came
 * @ms after the first. */
static void errors_leave_together(u64 ms)
{
	u32 i;

	open_world();
	arrives_nth(1);
	later(ms);
	for (i = 2; i < 9; i++)
		arrives_nth(i);
	later(5000);
	for (i = 1; i < 9; i++)
		monitor_frame(&w, 1, true, frame, build_nth_icmp(i));
}

RULE(icmp_errors_that_waited_pass)
{
	(void)state;
	errors_leave_together(1000);
	caught("");
}

RULE(icmp_errors_that_waited_are_caught_beyond_the_limit)
{
	(void)state;
	errors_leave_together(999);
	caught("more ICMP errors than the limit");
}

RULE(echo_reply_unasked_is_caught)
{
	(void)state;
	open_world();
	leaves_icmp(0, 0, 0);
	caught("an echo reply that nobody asked for");
}

RULE(segment_above_the_path_mtu_is_caught)
{
	(void)state;
	open_pair();
	LEAVES(0, ACK, 1, 1, 1460);
	arrives_too_big(1, 1000);
	LEAVES(0, ACK, 1, 1, 960);
	LEAVES(0, ACK, 961, 1, 961);
	caught("larger than the path MTU");
}

RULE(path_mtu_of_a_liar_is_not_believed)
{
	(void)state;
	open_pair();
	LEAVES(0, ACK, 1, 1, 1460);
	arrives_too_big(5000, 1000);
	LEAVES(0, ACK, 1461, 1, 1460);
	caught("");
}

RULE(path_mtu_below_what_was_carried_is_not_believed)
{
	(void)state;
	open_pair();
	PASSES(0, ACK, 1, 1, 1460);
	PASSES(1, ACK, 1, 1461);
	LEAVES(0, ACK, 1461, 1, 1460);
	arrives_too_big(1461, 1000);
	LEAVES(0, ACK, 2921, 1, 1460);
	caught("");
}

/* ---- datagrams -------------------------------------------------------- */

static void open_message(void)
{
	open_world();
	w.nr_messages = 1;
	w.message[0] = (struct message){ .to = 1, .len = 10, .sent = true };
}

static void leaves_udp(u32 len)
{
	monitor_frame(&w, 0, true, frame, build_udp(0, 0, len));
}

RULE(datagram_that_is_right_passes)
{
	(void)state;
	open_message();
	leaves_udp(10);
	arrives_udp();
	w.message[0].seen = 1;
	monitor_message(&w, &w.message[0]);
	caught("");
}

RULE(datagram_of_another_length_is_caught)
{
	(void)state;
	open_message();
	leaves_udp(11);
	caught("a datagram that nobody wrote");
}

RULE(datagram_twice_is_caught)
{
	(void)state;
	open_message();
	leaves_udp(10);
	leaves_udp(10);
	caught("a datagram that leaves twice");
}

RULE(datagram_delivered_twice_is_caught)
{
	(void)state;
	open_message();
	leaves_udp(10);
	arrives_udp();
	w.message[0].seen = 2;
	monitor_message(&w, &w.message[0]);
	caught("a datagram delivered more often than it came");
}

RULE(datagram_with_a_wrong_checksum_is_caught)
{
	u32 len;

	(void)state;
	open_message();
	len = build_udp(0, 0, 10);
	frame[len - 1] ^= 1;
	monitor_frame(&w, 0, true, frame, len);
	caught("sends a frame that is damaged");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(question_and_answer_pass),
		cmocka_unit_test(fin_that_waited_for_arp_passes),
		cmocka_unit_test(fin_that_waited_for_nothing_is_caught),
		cmocka_unit_test(data_that_nobody_had_to_wait_for_is_caught),
		cmocka_unit_test(arp_requests_too_close_are_caught),
		cmocka_unit_test(arp_reply_unasked_is_caught),
		cmocka_unit_test(second_arp_reply_is_caught),
		cmocka_unit_test(arp_reply_for_others_is_caught),
		cmocka_unit_test(arp_reply_with_anothers_link_address_is_caught),
		cmocka_unit_test(damaged_arp_is_caught),
		cmocka_unit_test(frame_to_a_stranger_is_caught),
		cmocka_unit_test(frame_to_all_is_caught),
		cmocka_unit_test(frame_from_a_stranger_is_caught),
		cmocka_unit_test(errors_about_datagrams_pass),
		cmocka_unit_test(icmp_error_about_nothing_is_caught),
		cmocka_unit_test(icmp_error_to_somebody_else_is_caught),
		cmocka_unit_test(icmp_error_about_a_fragment_is_caught),
		cmocka_unit_test(icmp_errors_beyond_the_limit_are_caught),
		cmocka_unit_test(icmp_errors_that_waited_pass),
		cmocka_unit_test(icmp_errors_that_waited_are_caught_beyond_the_limit),
		cmocka_unit_test(echo_reply_unasked_is_caught),
		cmocka_unit_test(segment_above_the_path_mtu_is_caught),
		cmocka_unit_test(path_mtu_of_a_liar_is_not_believed),
		cmocka_unit_test(path_mtu_below_what_was_carried_is_not_believed),
		cmocka_unit_test(datagram_that_is_right_passes),
		cmocka_unit_test(datagram_of_another_length_is_caught),
		cmocka_unit_test(datagram_twice_is_caught),
		cmocka_unit_test(datagram_delivered_twice_is_caught),
		cmocka_unit_test(datagram_with_a_wrong_checksum_is_caught),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
