/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection moves: taken apart on one stack, put together on another with the
 * same address, by TCP_REPAIR and nothing else, while its peer notices nothing.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sockets.h"
#include "tcp_peer.h"

/* What has to be carried over. */
struct image {
	struct sockaddr_in local, peer;
	u32 send_seq, recv_seq;		/* of the first octet in each queue */
	u32 timestamp;
	struct tcp_repair_opt opts[4];
	u32 nr_opts;
	struct tcp_repair_window window;
	u8 *sent, *unread;
	ssize_t nr_sent, nr_unread;
};

static void set(struct socket *s, int opt, int val)
{
	if (inet_setsockopt(s, IPPROTO_TCP, opt, &val, sizeof(val)))
		fail_msg("option %d: %s", opt, strerror(errno));
}

static int get(struct socket *s, int opt)
{
	socklen_t len = sizeof(int);
	int val;

	assert_int_equal(inet_getsockopt(s, IPPROTO_TCP, opt, &val, &len), 0);
	return val;
}

/* The contents of one queue; *@seq: where it begins. */
static u8 *dump_queue(struct socket *s, int queue, u32 *seq, ssize_t *nr)
{
	u8 *buf = malloc(100000);

	assert_non_null(buf);
	set(s, TCP_REPAIR_QUEUE, queue);
	*nr = inet_recv(s, buf, 100000, MSG_PEEK);
	if (*nr < 0)
		*nr = 0;
	*seq = (u32)get(s, TCP_QUEUE_SEQ) - (u32)*nr;
	return buf;
}

static void dump(struct socket *s, struct image *im)
{
	socklen_t len = sizeof(im->local);
	struct tcp_info info;

	memset(im, 0, sizeof(*im));
	set(s, TCP_REPAIR, TCP_REPAIR_ON);
	assert_int_equal(inet_getsockname(s, (void *)&im->local, &len), 0);
	assert_int_equal(inet_getpeername(s, (void *)&im->peer, &len), 0);
	im->sent = dump_queue(s, TCP_SEND_QUEUE, &im->send_seq, &im->nr_sent);
	im->unread = dump_queue(s, TCP_RECV_QUEUE, &im->recv_seq,
				&im->nr_unread);
	im->timestamp = (u32)get(s, TCP_TIMESTAMP);
	len = sizeof(info);
	assert_int_equal(inet_getsockopt(s, IPPROTO_TCP, TCP_INFO, &info, &len),
			 0);
	im->opts[im->nr_opts++] = (struct tcp_repair_opt){
		TCPOPT_MSS, (u32)get(s, TCP_MAXSEG) +
		(info.tcpi_options & TCPI_OPT_TIMESTAMPS ? 12 : 0) };
	if (info.tcpi_options & TCPI_OPT_TIMESTAMPS)
		im->opts[im->nr_opts++] =
			(struct tcp_repair_opt){ TCPOPT_TIMESTAMP, 0 };
	if (info.tcpi_options & TCPI_OPT_SACK)
		im->opts[im->nr_opts++] =
			(struct tcp_repair_opt){ TCPOPT_SACK_PERM, 0 };
	if (info.tcpi_options & TCPI_OPT_WSCALE)
		im->opts[im->nr_opts++] = (struct tcp_repair_opt){
			TCPOPT_WINDOW, info.tcpi_snd_wscale |
			(u32)info.tcpi_rcv_wscale << 16 };
	len = sizeof(im->window);
	assert_int_equal(inet_getsockopt(s, IPPROTO_TCP, TCP_REPAIR_WINDOW,
					 &im->window, &len), 0);
}

static void fill_queue(struct socket *s, int queue, const u8 *data, ssize_t nr)
{
	set(s, TCP_REPAIR_QUEUE, queue);
	if (nr)
		assert_int_equal(inet_send(s, data, (size_t)nr, 0), nr);
}

static struct socket *restore(struct net *net, const struct image *im)
{
	struct socket *s = inet_socket(net, AF_INET,
				       SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_non_null(s);
	set(s, TCP_REPAIR, TCP_REPAIR_ON);
	assert_int_equal(inet_bind(s, (void *)&im->local, sizeof(im->local)), 0);
	set(s, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE);
	set(s, TCP_QUEUE_SEQ, (int)im->send_seq);
	set(s, TCP_REPAIR_QUEUE, TCP_RECV_QUEUE);
	set(s, TCP_QUEUE_SEQ, (int)im->recv_seq);
	assert_int_equal(inet_connect(s, (void *)&im->peer, sizeof(im->peer)), 0);
	assert_int_equal(inet_setsockopt(s, IPPROTO_TCP, TCP_REPAIR_OPTIONS,
					 im->opts, im->nr_opts *
					 (socklen_t)sizeof(im->opts[0])), 0);
	set(s, TCP_TIMESTAMP, (int)im->timestamp);
	fill_queue(s, TCP_RECV_QUEUE, im->unread, im->nr_unread);
	fill_queue(s, TCP_SEND_QUEUE, im->sent, im->nr_sent);
	assert_int_equal(inet_setsockopt(s, IPPROTO_TCP, TCP_REPAIR_WINDOW,
					 &im->window, sizeof(im->window)), 0);
	set(s, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP);
	return s;
}

static void forget(struct image *im)
{
	free(im->sent);
	free(im->unread);
}

/* The peer of @from speaks to @to from now on. */
static void follow(struct tp *to, const struct tp *from)
{
	to->lport = from->lport;
	to->pport = from->pport;
	to->iss = from->iss;
	to->irs = from->irs;
	to->ts = from->ts;
	to->ts_on = from->ts_on;
	to->ts_val = from->ts_val;
	to->ts_ecr = from->ts_ecr;
	to->ws = from->ws;
	to->sack = from->sack;
}

static void connection_moves_to_another_stack(void **state)
{
	struct tp one, two;
	struct image im;

	(void)state;
	tp_open(&one);
	one.ts = one.sack = true;
	one.ws = 3;
	tp_passive(&one);
	tp_send(&one, "PA", 1, 1, "readunread", 10);
	fx_flush(&one.f);
	tp_read(&one, "read", 4);
	fx_flush(&one.f);
	tp_write(&one, "acked", 5);
	tp_expect(&one, "PA", 1, 11, 5);
	tp_send(&one, "A", 11, 6, NULL, 0);
	tp_write(&one, "in flight", 9);
	tp_expect(&one, "PA", 6, 11, 9);

	dump(one.s, &im);
	assert_int_equal(im.nr_sent, 9);
	assert_memory_equal(im.sent, "in flight", 9);
	assert_int_equal(im.nr_unread, 6);
	assert_memory_equal(im.unread, "unread", 6);
	inet_close(one.s);
	one.s = NULL;
	fx_run(&one.f);
	tp_silence(&one);		/* neither FIN nor RST */

	tp_open(&two);
	two.f.seed += 4711;
	fx_advance(&two.f, 3 * NSEC_PER_SEC);
	follow(&two, &one);
	two.s = restore(two.f.net, &im);
	fx_run(&two.f);
	tp_silence(&two);
	tcp_verify_all(two.f.net);
	assert_int_equal(tp_state(&two), TCP_ESTABLISHED);
	tp_read(&two, "unread", 6);
	/* what was in flight comes again, from there */
	fx_advance(&two.f, 2 * NSEC_PER_SEC);
	tp_expect(&two, "PA", 6, 11, 9);
	assert_memory_equal(two.p.data, "in flight", 9);
	assert_in_range(two.opt.rcv_tsval - one.ts_ecr, 1, 2500);
	fx_flush(&two.f);
	two.ts_val++;
	tp_send(&two, "PA", 11, 15, "on we go", 8);
	tp_read(&two, "on we go", 8);
	fx_flush(&two.f);
	tp_write(&two, "as ever", 7);
	tp_expect(&two, "PA", 15, 19, 7);
	assert_int_equal(tcp_sk(tp_sk(&two))->rx_opt.snd_wscale, 3);
	tp_send(&two, "FA", 19, 22, NULL, 0);
	tp_read_eof(&two);
	inet_close(two.s);
	two.s = NULL;
	fx_run(&two.f);
	tp_expect(&two, "FA", 22, 20, 0);
	tp_send(&two, "A", 20, 23, NULL, 0);
	forget(&im);
	tp_close(&one);
	tp_close(&two);
}

/* Much in both queues, without any option; and the peer is asked where it is. */
static void queues_of_many_segments_move(void **state)
{
	static u8 text[1400];
	struct tp one, two;
	struct image im;
	u32 i;

	(void)state;
	tp_open(&one);
	tp_passive(&one);
	for (i = 0; i < 20; i++) {
		memset(text, (int)i, sizeof(text));
		tp_send(&one, "A", 1 + i * 1400, 1, text, sizeof(text));
	}
	tp_write_pattern(&one, 14600);	/* a window's worth */
	fx_flush(&one.f);
	dump(one.s, &im);
	assert_int_equal(im.nr_sent, 14600);
	assert_int_equal(im.nr_unread, 28000);
	tp_open(&two);
	follow(&two, &one);
	two.s = restore(two.f.net, &im);
	set(two.s, TCP_REPAIR, TCP_REPAIR_ON);
	set(two.s, TCP_REPAIR, TCP_REPAIR_OFF);
	fx_run(&two.f);
	tp_expect(&two, "A", 0, 28001, 0);	/* a probe */
	for (i = 0; i < 20; i++) {
		memset(text, (int)i, sizeof(text));
		tp_read(&two, text, sizeof(text));
	}
	fx_flush(&two.f);
	tp_send(&two, "A", 28001, 1461, NULL, 0);
	tcp_verify_all(two.f.net);
	tp_send(&two, "A", 28001, 14601, NULL, 0);
	tp_write(&two, "more", 4);
	tp_expect(&two, "PA", 14601, 28001, 4);
	forget(&im);
	inet_close(one.s);
	one.s = NULL;
	fx_run(&one.f);
	fx_flush(&one.f);
	tp_close(&one);
	tp_close(&two);
}

static void repair_refuses_what_makes_no_sense(void **state)
{
	struct tcp_repair_window w = { .snd_wnd = 2, .max_window = 1 };
	struct tcp_repair_opt opt = { TCPOPT_WINDOW, 15 };
	char buf[4];
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	assert_int_equal(inet_setsockopt(t.l, IPPROTO_TCP, TCP_REPAIR,
					 &(int){ 1 }, sizeof(int)), -1);
	assert_int_equal(errno, EPERM);
	set(t.s, TCP_REPAIR, TCP_REPAIR_ON);
	assert_int_equal(inet_send(t.s, "x", 1, 0), -1);
	assert_int_equal(errno, EINVAL);		/* no queue */
	assert_int_equal(inet_recv(t.s, buf, 4, 0), -1);
	assert_int_equal(errno, EPERM);			/* only peeks */
	assert_int_equal(inet_setsockopt(t.s, IPPROTO_TCP, TCP_REPAIR_WINDOW,
					 &w, sizeof(w)), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(inet_setsockopt(t.s, IPPROTO_TCP, TCP_REPAIR_OPTIONS,
					 &opt, sizeof(opt)), -1);
	assert_int_equal(errno, EFBIG);
	set(t.s, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE);
	assert_int_equal(inet_setsockopt(t.s, IPPROTO_TCP, TCP_QUEUE_SEQ,
					 &(int){ 1 }, sizeof(int)), -1);
	assert_int_equal(errno, EPERM);			/* it is connected */
	set(t.s, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP);
	tp_write(&t, "as before", 9);
	tp_expect(&t, "PA", 1, 1, 9);
	tp_close(&t);
}

static void refused(struct socket *s, const void *buf, size_t len, int why)
{
	assert_int_equal(inet_send(s, buf, len, 0), -1);
	assert_int_equal(errno, why);
}

/* Text that waits for the window would come behind what is put in. */
static void unsent_text_keeps_its_place(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	t.win = 0;
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_write(&t, "waits", 5);
	set(t.s, TCP_REPAIR, TCP_REPAIR_ON);
	set(t.s, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE);
	refused(t.s, "sent", 4, EBUSY);
	set(t.s, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP);
	tcp_verify_all(t.f.net);
	tp_close(&t);
}

/* Each queue takes what the socket's buffer holds, and no more. */
static void queues_end_with_their_buffers(void **state)
{
	static const char text[65536];
	const int queues[] = { TCP_SEND_QUEUE, TCP_RECV_QUEUE };
	const int why[] = { EAGAIN, ENOMEM };
	ssize_t n, all;
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	set(t.s, TCP_REPAIR, TCP_REPAIR_ON);
	for (int i = 0; i < 2; i++) {
		set(t.s, TCP_REPAIR_QUEUE, queues[i]);
		all = 0;
		while ((n = inet_send(t.s, text, sizeof(text), 0)) > 0) {
			all += n;
			assert_true(all < 64 << 20);
		}
		assert_int_equal(errno, why[i]);
		assert_true(all > 16384);
	}
	inet_close(t.s);
	t.s = NULL;
	tp_close(&t);
}

/* Zero is a sequence number as good as any. */
static void sequence_of_zero_is_one(void **state)
{
	struct socket *s;
	struct tp t;

	(void)state;
	tp_open(&t);
	s = inet_socket(t.f.net, AF_INET, SOCK_STREAM, 0);
	assert_non_null(s);
	set(s, TCP_REPAIR, TCP_REPAIR_ON);
	assert_int_equal(sk_bind(s, SK_HOST, 99), 0);
	set(s, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE);
	set(s, TCP_QUEUE_SEQ, 0);
	assert_int_equal(sk_connect(s, SK_PEER, 98), 0);
	assert_int_equal(get(s, TCP_QUEUE_SEQ), 0);
	inet_close(s);
	tp_close(&t);
}

static void socket_in_repair_does_not_listen(void **state)
{
	struct socket *s;
	struct tp t;

	(void)state;
	tp_open(&t);
	s = inet_socket(t.f.net, AF_INET, SOCK_STREAM, 0);
	assert_non_null(s);
	set(s, TCP_REPAIR, TCP_REPAIR_ON);
	assert_int_equal(inet_listen(s, 1), -1);
	assert_int_equal(errno, EINVAL);
	set(s, TCP_REPAIR, TCP_REPAIR_OFF);
	assert_int_equal(inet_listen(s, 1), 0);
	inet_close(s);
	tp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connection_moves_to_another_stack),
		cmocka_unit_test(queues_of_many_segments_move),
		cmocka_unit_test(repair_refuses_what_makes_no_sense),
		cmocka_unit_test(unsent_text_keeps_its_place),
		cmocka_unit_test(queues_end_with_their_buffers),
		cmocka_unit_test(sequence_of_zero_is_one),
		cmocka_unit_test(socket_in_repair_does_not_listen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
