/* SPDX-License-Identifier: BSD-2-Clause */
/* The local address of connections and listeners goes away and comes back. As in
 * Linux they stay: nothing comes or leaves meanwhile, and then they go on. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <inet/control.h>

#include "tcp_peer.h"

#define ADDRESS "10.0.0.2/24"

static void address_goes(struct tp *t)
{
	assert_int_equal(inet_addr_del(t->f.dev, ADDRESS), 0);
	fx_run(&t->f);
}

/* Its announcement is not looked at. */
static void address_comes(struct tp *t)
{
	assert_int_equal(inet_addr_add(t->f.dev, ADDRESS), 0);
	fx_run(&t->f);
	fx_flush(&t->f);
}

/* ---- connections ------------------------------------------------------ */

/* What was in flight is sent again, what the peer sent is not there. */
static void connection_waits_for_its_address(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_write(&t, "before", 6);
	tp_expect(&t, "PA", 1, 1, 6);
	address_goes(&t);
	tp_send(&t, "A", 1, 7, NULL, 0);
	tp_send(&t, "PA", 1, 7, "lost", 4);
	tp_read_nothing(&t);
	tp_silence_for(&t, 5 * FX_SEC);
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	assert_int_equal(tp_error(&t), ENETUNREACH);	/* a soft one: */
	assert_int_equal(tp_error(&t), 0);		/* told, and gone */
	address_comes(&t);
	fx_advance(&t.f, 10 * FX_SEC);
	tp_expect(&t, "PA", 1, 1, 6);
	fx_flush(&t.f);
	tp_send(&t, "PA", 1, 7, "here", 4);
	tp_read(&t, "here", 4);
	fx_flush(&t.f);
	tp_close(&t);
}

/* write() takes the text: it leaves when there is an address to leave from. */
static void text_written_meanwhile_is_sent_afterwards(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	address_goes(&t);
	tp_write(&t, "meanwhile", 9);
	tp_silence_for(&t, 2 * FX_SEC);
	address_comes(&t);
	fx_advance(&t.f, 10 * FX_SEC);
	tp_expect(&t, "PA", 1, 1, 9);
	fx_flush(&t.f);
	tp_send(&t, "A", 1, 10, NULL, 0);
	tp_close(&t);
}

/* An address that stays away: the connection ends by its timer, not before, and
 * says what the reason was. */
static void connection_whose_address_stays_away_times_out(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	address_goes(&t);
	tp_write(&t, "x", 1);
	tp_silence_for(&t, 60 * FX_SEC);
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	fx_advance(&t.f, 2000 * FX_SEC);
	assert_int_equal(tp_state(&t), TCP_CLOSE);
	tp_read_error(&t, ENETUNREACH);
	fx_flush(&t.f);
	tp_close(&t);
}

/* ---- listeners -------------------------------------------------------- */

/* A listener of this address, or of any. */
static void listener_is_deaf_meanwhile(bool any)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(TP_PORT) };
	struct tp t;

	tp_open(&t);
	t.l = inet_socket(t.f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	sin.sin_addr.s_addr = any ? 0 : FX_IP;
	assert_int_equal(inet_bind(t.l, (void *)&sin, sizeof(sin)), 0);
	assert_int_equal(inet_listen(t.l, 5), 0);
	address_goes(&t);
	tp_send(&t, "S", 0, 0, NULL, 0);
	tp_silence_for(&t, 2 * FX_SEC);
	address_comes(&t);
	tp_syn(&t);
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_accept(&t);
	tp_send(&t, "PA", 1, 1, "hi", 2);
	tp_read(&t, "hi", 2);
	fx_flush(&t.f);
	tp_close(&t);
}

static void listener_of_an_address_that_is_away_is_deaf(void **state)
{
	(void)state;
	listener_is_deaf_meanwhile(false);
}

static void listener_of_any_does_not_hear_for_what_is_away(void **state)
{
	(void)state;
	listener_is_deaf_meanwhile(true);
}

/* The SYN-ACK is sent again when it can be. */
static void request_waits_for_its_address(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_listen(&t, 5);
	tp_syn(&t);
	address_goes(&t);
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_silence_for(&t, 2 * FX_SEC);
	address_comes(&t);
	fx_advance(&t.f, 10 * FX_SEC);
	tp_expect(&t, "SA", 0, 1, 0);
	fx_flush(&t.f);
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_accept(&t);
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	tp_close(&t);
}

/* Nobody can be bound to it or connect from it meanwhile. */
static void address_that_is_away_cannot_be_taken(void **state)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(99) };
	struct socket *s;
	struct tp t;

	(void)state;
	tp_open(&t);
	s = inet_socket(t.f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	sin.sin_addr.s_addr = FX_IP;
	address_goes(&t);
	assert_int_equal(inet_bind(s, (void *)&sin, sizeof(sin)), -1);
	assert_int_equal(errno, EADDRNOTAVAIL);
	sin.sin_addr.s_addr = FX_PEER;
	assert_int_equal(inet_connect(s, (void *)&sin, sizeof(sin)), -1);
	assert_int_equal(errno, ENETUNREACH);
	address_comes(&t);
	sin.sin_addr.s_addr = FX_IP;
	assert_int_equal(inet_bind(s, (void *)&sin, sizeof(sin)), 0);
	inet_close(s);
	tp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connection_waits_for_its_address),
		cmocka_unit_test(text_written_meanwhile_is_sent_afterwards),
		cmocka_unit_test(connection_whose_address_stays_away_times_out),
		cmocka_unit_test(listener_of_an_address_that_is_away_is_deaf),
		cmocka_unit_test(listener_of_any_does_not_hear_for_what_is_away),
		cmocka_unit_test(request_waits_for_its_address),
		cmocka_unit_test(address_that_is_away_cannot_be_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
