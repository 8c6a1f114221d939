/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Urgent data against peers who lie: pointers that move without end, that name
 * what was, what never comes, or a SYN, FIN or RST; and calls and segments in
 * every order. A model says what each read must give.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/sockios.h>

#include "attack.h"
#include "lib/random.h"
#include "tcp_peer.h"

/* The receiver as RFC 9293 3.8.5 and Linux see it. Octets are counted from the
 * first of the stream. */
struct model {
	u32 copied, end;	/* read, received */
	u32 urg;		/* the urgent octet */
	bool has;		/* there is one ahead */
	bool in_line;		/* SO_OOBINLINE */
};

static u8 octet(u32 i)
{
	return (u8)((i * 0x9e3779b1u) >> 24);
}

/* A segment of @len octets with the pointer @ptr arrives in order. */
static void model_segment(struct model *m, u16 ptr, u32 len)
{
	u32 at = m->end + (ptr ? ptr - 1u : 0);

	if (at >= m->copied && (!m->has || at > m->urg)) {
		/* nobody read the last one, and it is the next: lost */
		if (m->has && m->urg == m->copied && !m->in_line &&
		    m->copied != m->end)
			m->copied++;
		m->has = true;
		m->urg = at;
	}
	m->end += len;
}

/* What one read gives, with a buffer that is large enough: octets from
 * @from on. */
static u32 model_read(struct model *m, u32 *from)
{
	u32 got = 0, limit;

	*from = m->copied;
	while (m->copied < m->end) {
		if (m->has && m->urg == m->copied) {
			if (got)
				break;
			m->has = false;
			m->copied++;
			if (m->in_line)
				got++;
			else
				*from = m->copied;
			continue;
		}
		limit = m->has && m->urg < m->end ? m->urg : m->end;
		got += limit - m->copied;
		m->copied = limit;
	}
	return got;
}

static int ioctl_int(struct tp *t, unsigned long cmd)
{
	int val = -1;

	assert_int_equal(inet_ioctl(t->s, cmd, &val), 0);
	return val;
}

/* Reads all that is there and compares it with the model. */
static void read_all(struct tp *t, struct model *m)
{
	u8 buf[1024];
	u32 from, want, i;
	ssize_t n;

	do {
		assert_int_equal(ioctl_int(t, SIOCATMARK),
				 m->has && m->urg == m->copied);
		assert_in_range(ioctl_int(t, SIOCINQ), 0, m->end - m->copied);
		want = model_read(m, &from);
		n = inet_recv(t->s, buf, sizeof(buf), 0);
		assert_int_equal(n, want ? (ssize_t)want : -1);
		for (i = 0; i < want; i++)
			assert_int_equal(buf[i], octet(from + i));
	} while (want);
	assert_int_equal(errno, EAGAIN);
}

/* The urgent octet, if there is one, is the one that the model knows. */
static void read_urgent(struct tp *t, const struct model *m)
{
	u8 b;
	ssize_t n = inet_recv(t->s, &b, 1, MSG_OOB);

	if (n == 1) {
		assert_true(m->has && !m->in_line && m->urg < m->end);
		assert_int_equal(b, octet(m->urg));
		return;
	}
	assert_int_equal(n, -1);
	assert_true(errno == EINVAL || errno == EAGAIN);
}

/* One segment with one octet or none, and a pointer to anywhere. */
static void send_urgent(struct tp *t, struct model *m, struct rnd_state *rnd)
{
	static const u16 special[] = { 0, 1, 2, 3, 0x7fff, 0x8000, 65535 };
	u32 pick = prandom_u32_below(rnd, 16);
	u32 len = pick != 15;
	u8 b = octet(m->end);

	t->urg_ptr = pick < ARRAY_SIZE(special) ?
		special[pick] : (u16)prandom_u32_below(rnd, 64);
	tp_send(t, "UA", 1 + m->end, 1, &b, len);
	model_segment(m, t->urg_ptr, len);
}

/* @nr pointers; the application reads now and then. */
static void moving_pointers(u32 nr, bool in_line)
{
	struct model m = { .in_line = in_line };
	struct rnd_state rnd;
	struct tp t;
	u32 i;

	prandom_seed_state(&rnd, 7);
	tp_open_watched(&t);
	tp_passive(&t);
	if (in_line)
		tp_setsockopt(&t, SOL_SOCKET, SO_OOBINLINE, 1);
	for (i = 0; i < nr; i++) {
		send_urgent(&t, &m, &rnd);
		if (prandom_u32_below(&rnd, 8) == 0)
			read_urgent(&t, &m);
		if (prandom_u32_below(&rnd, 64) == 0)
			read_all(&t, &m);
		fx_flush(&t.f);
	}
	read_all(&t, &m);
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	tp_close(&t);
}

/* @attack T7 @req RFC9293:MUST-31 */
static void pointers_that_move_without_end_leave_the_stream_exact(void **state)
{
	(void)state;
	moving_pointers(1000000, true);
}

/* @attack T7 */
static void pointers_that_move_take_one_octet_each_at_most(void **state)
{
	(void)state;
	moving_pointers(200000, false);
}

/* URG where it means nothing: SYN, FIN, RST. @attack T7 */
static void pointer_on_syn_fin_and_rst_is_harmless(void **state)
{
	static const u16 ptr[] = { 0, 1, 2, 100, 65535 };
	struct tp t;
	size_t i;
	u8 b;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(ptr); i++) {
		tp_open_watched(&t);
		tp_listen(&t, 4);
		t.urg_ptr = ptr[i];
		tp_send(&t, "SU", 0, 0, NULL, 0);
		tp_next(&t);
		t.irs = ntohl(t.p.tcp->seq);
		t.urg_ptr = 0;
		tp_send(&t, "A", 1, 1, NULL, 0);
		tp_accept(&t);
		assert_int_equal(ioctl_int(&t, SIOCATMARK), 0);
		assert_int_equal(inet_recv(t.s, &b, 1, MSG_OOB), -1);
		assert_int_equal(errno, EINVAL);
		tp_send(&t, "PA", 1, 1, "abc", 3);
		t.urg_ptr = ptr[i];
		tp_send(&t, "UFA", 4, 1, NULL, 0);
		assert_in_range(ioctl_int(&t, SIOCINQ), 0, 3);
		tp_read(&t, "abc", 3);
		tp_read_eof(&t);
		tp_read_eof(&t);
		assert_in_range(ioctl_int(&t, SIOCINQ), 0, 0);
		assert_true(inet_recv(t.s, &b, 1, MSG_OOB) <= 0);
		tp_send(&t, "URA", 5, 1, NULL, 0);
		assert_int_equal(tp_state(&t), TCP_CLOSE);
		fx_flush(&t.f);
		tp_close(&t);
	}
}

/* ---- a closed window --------------------------------------------------- */

/* The window is full; then comes a segment with the urgent pointer, with text or
 * without, and a RST. */
static void zero_window_takes_all_but_text(u32 text)
{
	static const u8 full[1460];
	struct tp t;
	u32 seq = 1, wnd;
	u8 octet = 0;

	tp_open(&t);
	tp_passive(&t);
	tp_write(&t, "abc", 3);
	tp_expect(&t, "PA", 1, 1, 3);
	while ((wnd = tcp_receive_window(tcp_sk(tp_sk(&t)))) > 0) {
		tp_send(&t, "A", seq, 1, full, min(wnd, 1460u));
		seq += min(wnd, 1460u);
		fx_advance(&t.f, 100 * FX_MS);
	}
	fx_flush(&t.f);
	/* text is refused, but its ACK counts */
	tp_send(&t, "A", seq, 4, "x", 1);
	tp_next(&t);
	assert_int_equal(ntohs(t.p.tcp->window), 0);
	assert_int_equal(ntohl(t.p.tcp->ack_seq) - t.iss, seq);
	assert_int_equal(tcp_sk(tp_sk(&t))->snd_una, t.irs + 4);
	/* and its urgent pointer: the octet is announced, or even there */
	assert_int_equal(inet_recv(t.s, &octet, 1, MSG_OOB), -1);
	assert_int_equal(errno, EINVAL);
	t.urg_ptr = 1;
	tp_send(&t, "UA", seq, 4, "x", text);
	t.urg_ptr = 0;
	assert_int_equal(!!(tp_poll(&t) & POLLPRI), text);
	assert_int_equal(inet_recv(t.s, &octet, 1, MSG_OOB), text ? 1 : -1);
	assert_true(text ? octet == 'x' : errno == EAGAIN);
	assert_int_equal(tcp_sk(tp_sk(&t))->rcv_nxt, t.iss + seq);
	/* a RST exactly at RCV.NXT too */
	tp_send(&t, "R", seq, 0, NULL, 0);
	assert_int_equal(tp_state(&t), TCP_CLOSE);
	tp_close(&t);
}

/* @req RFC9293:MUST-66 @req RFC9293:SHLD-14 */
static void established_zero_window_still_takes_ack_urgent_and_reset(void **state)
{
	(void)state;
	zero_window_takes_all_but_text(0);
	zero_window_takes_all_but_text(1);
}

/* ---- calls and segments in every order -------------------------------- */

enum { URGENT, OOB, SHUT_READ, SHUT_WRITE, FIN, RST, NR_EVENTS };

/* Reading the urgent octet gives it, or nothing, or a reason. */
static void recv_oob(struct tp *t)
{
	u8 b = 0;
	ssize_t n = inet_recv(t->s, &b, 1, MSG_OOB);

	if (n == 1)
		assert_int_equal(b, 'X');
	else if (n < 0)
		assert_true(errno == EINVAL || errno == EAGAIN ||
			    errno == ENOTCONN);
}

static void happen(struct tp *t, int event, u32 *seq)
{
	switch (event) {
	case URGENT:
		t->urg_ptr = 2;
		tp_send(t, "UPA", *seq, 1, "aXb", 3);
		t->urg_ptr = 0;
		*seq += 3;
		break;
	case OOB:
		recv_oob(t);
		break;
	case SHUT_READ:
	case SHUT_WRITE:
		(void)inet_shutdown(t->s, event == SHUT_READ ? SHUT_RD :
							       SHUT_WR);
		fx_run(&t->f);
		break;
	case FIN:
		tp_send(t, "FA", (*seq)++, 1, NULL, 0);
		break;
	case RST:
		tp_send(t, "R", *seq, 0, NULL, 0);
		break;
	}
}

/* All 720 orders of an urgent octet, its reading, shutdown() of either side,
 * FIN and RST: none loops, none reads what is not there. @attack T7 */
static void urgent_read_in_any_order_with_shutdown_ends(void **state)
{
	struct tp t;
	u32 order, rest, seq, left, i, k;
	ssize_t n;
	u8 buf[8];

	(void)state;
	for (order = 0; order < 720; order++) {
		int events[NR_EVENTS] = { 0, 1, 2, 3, 4, 5 };

		tp_open_watched(&t);
		attack_allow(&t.f, 4);
		tp_passive(&t);
		seq = 1;
		for (i = NR_EVENTS, rest = order; i; rest /= i, i--) {
			k = rest % i;
			happen(&t, events[k], &seq);
			memmove(&events[k], &events[k + 1],
				(i - 1 - k) * sizeof(events[0]));
		}
		recv_oob(&t);
		for (left = 8; left; left--) {
			n = inet_recv(t.s, buf, sizeof(buf), 0);
			assert_true(n <= 2);
			if (n <= 0)
				break;
		}
		assert_true(left > 0);
		fx_flush(&t.f);
		tp_close(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			pointers_that_move_without_end_leave_the_stream_exact),
		cmocka_unit_test(
			pointers_that_move_take_one_octet_each_at_most),
		cmocka_unit_test(pointer_on_syn_fin_and_rst_is_harmless),
		cmocka_unit_test(
			established_zero_window_still_takes_ack_urgent_and_reset),
		cmocka_unit_test(urgent_read_in_any_order_with_shutdown_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
