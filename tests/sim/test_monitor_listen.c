/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who watches the monitor: a listener whose accept queue is full, as it should
 * be and a little beside that.
 */
#include "doctor.h"

#include <string.h>

#define SHORT 1			/* backlog: two connections fill the queue */

/* The connection of @port stands in the accept queue. */
static void queue_up(u16 port)
{
	PASSES(0, SYN, .port = port, .opt = mss_1460, .opt_len = 4);
	PASSES(1, SYN | ACK, 0, 1, .port = port, .opt = mss_1460,
	       .opt_len = 4);
	PASSES(0, ACK, 1, 1, .port = port);
}

/* Two wait for accept(), and the request of PORT_A for room. */
static void open_full(void)
{
	open_world();
	w.host[1].backlog = SHORT;
	PASSES(0, SYN, .opt = mss_1460, .opt_len = 4);
	PASSES(1, SYN | ACK, 0, 1, .opt = mss_1460, .opt_len = 4);
	queue_up(PORT_A + 1);
	queue_up(PORT_A + 2);
	PASSES(0, ACK, 1, 1);
	PASSES(0, ACK | PSH, 1, 1, 10);
	assert_string_equal(w.why, "");
}

static void list(const char *said)
{
	char text[128];

	snprintf(text, sizeof(text), "tcp %s 0 0 10.0.1.1:7000 10.0.0.1:40000\n",
		 said);
	lists(1, text);
}

RULE(full_queue_keeps_the_request)
{
	(void)state;
	open_full();
	list("SYN-RECV");
	later(1000);
	PASSES(1, SYN | ACK, 0, 1, .opt = mss_1460, .opt_len = 4);
	monitor_accept(&w, 1, 0, SIM_PORT, PORT_A + 2);
	PASSES(0, ACK | PSH, 1, 1, 10);
	PASSES(1, ACK, 1, 11);
	list("ESTAB");
	monitor_accept(&w, 1, 0, SIM_PORT, PORT_A);
	caught("");
}

RULE(connection_that_found_no_room_is_caught)
{
	(void)state;
	open_full();
	list("ESTAB");
	caught("says that it is in ESTAB");
}

RULE(ack_of_bytes_that_found_no_room_is_caught)
{
	(void)state;
	open_full();
	LEAVES(1, ACK, 1, 11);
	caught("ACK of what did not arrive");
}

RULE(data_to_who_found_no_room_is_caught)
{
	(void)state;
	open_full();
	LEAVES(1, ACK | PSH, 1, 1, 10);
	caught("data in SYN-RECEIVED");
}

RULE(accept_of_who_found_no_room_is_caught)
{
	(void)state;
	open_full();
	monitor_accept(&w, 1, 0, SIM_PORT, PORT_A);
	caught("accepted before its handshake was done");
}

RULE(syn_taken_by_a_full_queue_is_caught)
{
	(void)state;
	open_full();
	PASSES(0, SYN, .port = PORT_A + 3, .opt = mss_1460, .opt_len = 4);
	LEAVES(1, SYN | ACK, 0, 1, .port = PORT_A + 3, .opt = mss_1460,
	       .opt_len = 4);
	caught("takes a SYN although its queue is full");
}

RULE(room_by_accept_takes_one_more_syn)
{
	(void)state;
	open_full();
	monitor_accept(&w, 1, 0, SIM_PORT, PORT_A + 1);
	queue_up(PORT_A + 3);
	caught("");
}

/* A SYN, and the ACK that fills the queue; @ms later the SYN-ACK. */
static void takes_a_syn_beside_the_last(bool belated, u64 ms)
{
	open_world();
	w.host[1].backlog = SHORT;
	w.host[1].belated = belated;
	queue_up(PORT_A + 1);
	PASSES(0, SYN, .opt = mss_1460, .opt_len = 4);
	PASSES(1, SYN | ACK, 0, 1, .opt = mss_1460, .opt_len = 4);
	PASSES(0, SYN, .port = PORT_A + 3, .opt = mss_1460, .opt_len = 4);
	PASSES(0, ACK, 1, 1);
	later(ms);
	LEAVES(1, SYN | ACK, 0, 1, .port = PORT_A + 3, .opt = mss_1460,
	       .opt_len = 4);
}

RULE(syn_beside_the_ack_that_fills_the_queue_passes)
{
	(void)state;
	takes_a_syn_beside_the_last(true, 0);
	caught("");
}

RULE(syn_after_the_ack_that_fills_the_queue_is_caught)
{
	(void)state;
	takes_a_syn_beside_the_last(true, 1);
	caught("takes a SYN although its queue is full");
}

RULE(syn_beside_the_ack_is_caught_where_nothing_is_belated)
{
	(void)state;
	takes_a_syn_beside_the_last(false, 0);
	caught("takes a SYN although its queue is full");
}

/* A request of @backlog gets another number @ms after its first. */
static void another_request(u32 backlog, u64 ms)
{
	open_world();
	w.host[1].backlog = backlog;
	LEAVES(0, SYN, .opt = mss_1460, .opt_len = 4);
	ARRIVES(0, SYN, .opt = mss_1460, .opt_len = 4);
	LEAVES(1, SYN | ACK, 0, 1, .opt = mss_1460, .opt_len = 4);
	later(ms);
	ARRIVES(0, SYN, .opt = mss_1460, .opt_len = 4);
	LEAVES(1, SYN | ACK, 5000, 1, .opt = mss_1460, .opt_len = 4);
}

RULE(request_after_one_that_was_given_up_passes)
{
	(void)state;
	another_request(SHORT, 7000);
	PASSES(0, ACK, 1, 5001);
	monitor_accept(&w, 1, 0, SIM_PORT, PORT_A);
	caught("");
}

RULE(request_that_is_given_up_too_early_is_caught)
{
	(void)state;
	another_request(SHORT, 6999);
	caught("SYN-ACK with another number");
}

RULE(request_of_a_long_queue_that_is_given_up_is_caught)
{
	(void)state;
	another_request(2 * SIM_MAX_CONNS, 62999);
	caught("SYN-ACK with another number");
}

RULE(another_request_of_a_connection_is_caught)
{
	(void)state;
	open_pair();
	w.host[1].backlog = SHORT;
	later(7000);
	LEAVES(1, SYN | ACK, 5000, 1, .opt = mss_1460, .opt_len = 4);
	caught("SYN-ACK with another number");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_queue_keeps_the_request),
		cmocka_unit_test(connection_that_found_no_room_is_caught),
		cmocka_unit_test(ack_of_bytes_that_found_no_room_is_caught),
		cmocka_unit_test(data_to_who_found_no_room_is_caught),
		cmocka_unit_test(accept_of_who_found_no_room_is_caught),
		cmocka_unit_test(syn_taken_by_a_full_queue_is_caught),
		cmocka_unit_test(room_by_accept_takes_one_more_syn),
		cmocka_unit_test(syn_beside_the_ack_that_fills_the_queue_passes),
		cmocka_unit_test(syn_after_the_ack_that_fills_the_queue_is_caught),
		cmocka_unit_test(syn_beside_the_ack_is_caught_where_nothing_is_belated),
		cmocka_unit_test(request_after_one_that_was_given_up_passes),
		cmocka_unit_test(request_that_is_given_up_too_early_is_caught),
		cmocka_unit_test(request_of_a_long_queue_that_is_given_up_is_caught),
		cmocka_unit_test(another_request_of_a_connection_is_caught),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
