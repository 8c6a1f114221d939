/* SPDX-License-Identifier: BSD-2-Clause */
#include "tcp_flight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>

static u8 text[200000];

struct tcp_sock *flight_tcp(const struct tp *t)
{
	return tcp_sk(tp_sk(t));
}

u8 flight_state(const struct tp *t)
{
	return inet_csk(tp_sk(t))->icsk_ca_state;
}

/* With timestamps, if the peer has them on, before the blocks. */
void flight_sack(struct tp *t, u32 ack, ...)
{
	u8 opt[40] = { 1, 1 }, *at = opt + 2;
	u32 left, right;
	va_list ap;
	u8 *sack;

	if (t->ts_on) {
		*at++ = 8;
		*at++ = 10;
		put_unaligned_be32(t->ts_val, at);
		put_unaligned_be32(t->ts_ecr, at + 4);
		at += 10;
		at[-2] = at[-1] = 1;
	}
	sack = at;
	sack[0] = 5;
	at += 2;
	va_start(ap, ack);
	for (;;) {
		left = va_arg(ap, u32);
		right = va_arg(ap, u32);
		if (!left && !right)
			break;
		put_unaligned_be32(t->irs + left, at);
		put_unaligned_be32(t->irs + right, at + 4);
		at += 8;
	}
	va_end(ap);
	sack[1] = (u8)(at - sack);
	if (sack[1] == 2)
		at = sack - 2;		/* no block */
	tp_send_opt(t, "A", 1, ack, opt, (u32)(at - opt));
}

void flight_expect(struct tp *t, u32 first, u32 n)
{
	u32 mss = flight_tcp(t)->mss_cache;

	for (u32 i = 0; i < n; i++) {
		tp_next(t);
		assert_int_equal(ntohl(t->p.tcp->seq) - t->irs,
				 1 + (first + i) * mss);
		assert_int_equal(t->p.data_len, mss);
	}
}

void flight_write(struct tp *t, u32 len)
{
	tp_write(t, text, len);
}

void flight_connect(struct tp *t, u32 cwnd)
{
	tp_listen(t, 8);
	tp_syn(t);
	fx_advance(&t->f, FLIGHT_RTT);
	tp_send(t, "A", 1, 1, NULL, 0);
	tp_accept(t);
	tp_setsockopt(t, SOL_SOCKET, SO_SNDBUF, 1 << 20);
	flight_tcp(t)->snd_cwnd = cwnd;
}

void flight_open_with(struct tp *t, u32 cwnd, u32 len, bool sack, bool ts)
{
	tp_open(t);
	fx_sysctl(&t->f, "net.ipv4.tcp_congestion_control", "reno");
	t->sack = sack;
	t->ts = ts;
	flight_connect(t, cwnd);
	flight_write(t, len);
	fx_mark(&t->f);
}

void flight_open(struct tp *t, u32 n)
{
	flight_open_with(t, n, 60 * 1460, true, false);
	flight_expect(t, 0, n);
	tp_silence(t);
	fx_advance(&t->f, FLIGHT_RTT);
}
