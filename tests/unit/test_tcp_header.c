/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP and the header of IP: what it sets there, and what it lets pass. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "tcp_peer.h"
#include "wire/ip_options.h"

/* The next segment has @ttl and @tos. */
static void expect_header(struct tp *t, const char *flags, u32 seq, u32 len,
			  u8 ttl, u8 tos)
{
	tp_expect(t, flags, seq, 1, len);
	assert_int_equal(t->p.ip->ttl, ttl);
	assert_int_equal(t->p.ip->tos, tos);
}

/* The knob's TTL, then the socket's; of what answers before accept() the
 * listener's, which its connections get.
 * @req RFC9293:MUST-49 */
static void ttl_is_what_knob_and_option_say(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	fx_sysctl(&t.f, "net.ipv4.ip_default_ttl", "33");
	tp_connect(&t);
	assert_int_equal(t.p.ip->ttl, 33);
	tp_send(&t, "SA", 0, 1, NULL, 0);
	expect_header(&t, "A", 1, 0, 33, 0);
	tp_setsockopt(&t, IPPROTO_IP, IP_TTL, 7);
	tp_setsockopt(&t, IPPROTO_IP, IP_TOS, 0x10);
	tp_write(&t, "a", 1);
	expect_header(&t, "PA", 1, 1, 7, 0x10);
	/* sent again with what is said now */
	tp_setsockopt(&t, IPPROTO_IP, IP_TTL, 255);
	fx_advance(&t.f, FX_SEC);
	expect_header(&t, "PA", 1, 1, 255, 0x10);
	fx_flush(&t.f);
	tp_setsockopt(&t, IPPROTO_IP, IP_TTL, -1);
	fx_advance(&t.f, FX_SEC);
	expect_header(&t, "PA", 1, 1, 33, 0x10);
	tp_close(&t);

	tp_open(&t);
	tp_listen(&t, 1);
	assert_int_equal(inet_setsockopt(t.l, IPPROTO_IP, IP_TTL, &(int){ 9 },
					 sizeof(int)), 0);
	tp_syn(&t);
	assert_int_equal(t.p.ip->ttl, 9);
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_accept(&t);
	tp_write(&t, "a", 1);
	expect_header(&t, "PA", 1, 1, 9, 0);
	assert_int_equal(tp_getsockopt(&t, IPPROTO_IP, IP_TTL), 9);
	tp_close(&t);
}

/* A segment with @opt in its IP header arrives. */
static void send_with(struct tp *t, const u8 *opt, u8 opt_len,
		      const char *flags, u32 seq, const char *text)
{
	const struct fx_ip ip = { .opt = opt, .opt_len = opt_len };

	tp_queue(t, &ip, flags, seq, text, (u32)strlen(text));
	fx_run(&t->f);
	tcp_verify_all(t->f.net);
}

/* A connection is opened, used and closed by segments whose IP headers all have
 * options that mean nothing to TCP; the answers have none.
 * @req RFC9293:MUST-50 */
static void ip_options_without_a_meaning_are_ignored(void **state)
{
	static const struct {
		u8 opt[12], len;
	} odd[] = {
		{ { IPOPT_NOOP, IPOPT_NOOP, IPOPT_NOOP, IPOPT_NOOP }, 4 },
		{ { IPOPT_END, 0xff, 0xff, 0xff }, 4 },
		{ { 99, 4, 1, 2 }, 4 },
		{ { 99 | IPOPT_COPY, 12 }, 12 },
		{ { IPOPT_SID, 4, 1, 2, IPOPT_RA, 4, 0, 0 }, 8 },
		{ { IPOPT_TIMESTAMP, 8, 5, 0 }, 8 },
	};
	struct tp t;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(odd); i++) {
		const u8 *opt = odd[i].opt, len = odd[i].len;

		tp_open(&t);
		tp_listen(&t, 1);
		send_with(&t, opt, len, "S", 0, "");
		tp_next(&t);
		assert_true(t.p.tcp->syn && t.p.tcp->ack);
		assert_int_equal(t.p.ip->ver_ihl, 0x45);
		t.irs = ntohl(t.p.tcp->seq);
		send_with(&t, opt, len, "A", 1, "");
		tp_accept(&t);
		send_with(&t, opt, len, "PA", 1, "hello");
		tp_expect(&t, "A", 1, 6, 0);
		assert_int_equal(t.p.ip->ver_ihl, 0x45);
		tp_read(&t, "hello", 5);
		send_with(&t, opt, len, "FA", 6, "");
		tp_read_eof(&t);
		assert_int_equal(tp_state(&t), TCP_CLOSE_WAIT);
		fx_assert_no_drops(&t.f);
		fx_flush(&t.f);
		tp_close(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ttl_is_what_knob_and_option_say),
		cmocka_unit_test(ip_options_without_a_meaning_are_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
