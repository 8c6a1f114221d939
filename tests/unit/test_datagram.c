/* SPDX-License-Identifier: BSD-2-Clause */
/* Datagram sockets: what is queued, charged, dropped, peeked and told. */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/time.h>

#include "core/frame_pool.h"
#include "core/net.h"
#include "corenet.h"
#include "fakefam.h"
#include "lib/checksum.h"

struct ctx {
	struct net *net;
	struct socket *p[2];
	struct sock *rx;	/* of p[1] */
};

static int open_pair(void **state)
{
	static struct ctx c;

	c.net = fake_open(INET_SIMULATED, 0);
	fake_pair(c.net, SOCK_DGRAM, c.p);
	c.rx = c.p[1]->sk;
	*state = &c;
	return 0;
}

static int close_pair(void **state)
{
	struct ctx *c = *state;

	fake_close_pair(c->net, c->p);
	return 0;
}

static int set_int(struct socket *s, int opt, int val)
{
	return inet_setsockopt(s, SOL_SOCKET, opt, &val, sizeof(val));
}

static void assert_fails(ssize_t ret, int err)
{
	assert_int_equal(ret, -1);
	assert_int_equal(errno, err);
}

/* ---- in and out ------------------------------------------------------- */

static void sent_datagrams_arrive_in_order(void **state)
{
	struct ctx *c = *state;
	char b[8];

	for (char i = 'a'; i < 'f'; i++)
		assert_int_equal(inet_send(c->p[0], &i, 1, 0), 1);
	for (char i = 'a'; i < 'f'; i++) {
		assert_int_equal(inet_recv(c->p[1], b, 8, 0), 1);
		assert_int_equal(b[0], i);
	}
	assert_fails(inet_recv(c->p[1], b, 8, 0), EAGAIN);
}

static void queued_datagram_is_charged_until_read(void **state)
{
	struct ctx *c = *state;
	char b[2000] = { 0 };

	inet_send(c->p[0], b, 1000, 0);
	assert_true(c->rx->sk_rmem_alloc >= 1000 + (int)sizeof(struct sk_buff));
	assert_int_equal(sk_wmem_alloc_get(c->p[0]->sk), 0);
	inet_recv(c->p[1], b, 2000, 0);
	assert_int_equal(c->rx->sk_rmem_alloc, 0);
}

static void long_datagram_cut_and_told(void **state)
{
	struct ctx *c = *state;
	char b[4];
	struct iovec v = { b, 4 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	inet_send(c->p[0], "0123456789", 10, 0);
	assert_int_equal(inet_recvmsg(c->p[1], &m, 0), 4);
	assert_true(m.msg_flags & MSG_TRUNC);
	assert_memory_equal(b, "0123", 4);
	inet_send(c->p[0], "0123456789", 10, 0);
	assert_int_equal(inet_recv(c->p[1], b, 4, MSG_TRUNC), 10);
	assert_fails(inet_recv(c->p[1], b, 4, 0), EAGAIN);
}

static void empty_datagram_is_a_message(void **state)
{
	struct ctx *c = *state;
	char b[4];

	assert_int_equal(inet_send(c->p[0], NULL, 0, 0), 0);
	assert_int_equal(inet_recv(c->p[1], b, 4, 0), 0);
	assert_fails(inet_recv(c->p[1], b, 4, 0), EAGAIN);
}

/* @attack P6 */
static void peeked_datagram_stays(void **state)
{
	struct ctx *c = *state;
	char b[4] = { 0 };

	inet_send(c->p[0], "ab", 2, 0);
	inet_send(c->p[0], "cd", 2, 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(inet_recv(c->p[1], b, 4, MSG_PEEK), 2);
		assert_memory_equal(b, "ab", 2);
	}
	assert_int_equal(inet_recv(c->p[1], b, 4, 0), 2);
	assert_memory_equal(b, "ab", 2);
	assert_int_equal(inet_recv(c->p[1], b, 4, 0), 2);
	assert_memory_equal(b, "cd", 2);
	assert_int_equal(c->rx->sk_rmem_alloc, 0);
}

static void peeked_while_another_reads_is_freed_once(void **state)
{
	struct ctx *c = *state;
	struct sk_buff *peeked;
	char b[4];
	int err;

	inet_send(c->p[0], "ab", 2, 0);
	peeked = skb_recv_datagram(c->rx, MSG_PEEK | MSG_DONTWAIT, &err);
	assert_non_null(peeked);
	assert_int_equal(inet_recv(c->p[1], b, 4, 0), 2);
	assert_int_equal(c->rx->sk_rmem_alloc, 0);
	consume_skb(peeked);
}

static void killed_datagram_leaves_the_queue_once(void **state)
{
	struct ctx *c = *state;
	struct sk_buff *skb;
	int err;

	inet_send(c->p[0], "ab", 2, 0);
	skb = skb_recv_datagram(c->rx, MSG_PEEK | MSG_DONTWAIT, &err);
	assert_true(skb_kill_datagram(c->rx, skb, SKB_DROP_REASON_UDP_CSUM));
	assert_false(skb_kill_datagram(c->rx, skb, SKB_DROP_REASON_UDP_CSUM));
	consume_skb(skb);
	assert_true(skb_queue_empty(&c->rx->sk_receive_queue));
	assert_int_equal(c->rx->sk_drops, 1);
}

/* ---- limits ----------------------------------------------------------- */

/* @attack U3: a million datagrams of one byte cost what they cost, not what
 * they carry. */
static void tiny_flood_bounded_by_true_size(void **state)
{
	struct ctx *c = *state;
	u32 n = 0, drops;
	int buf;
	socklen_t l = sizeof(buf);

	assert_int_equal(set_int(c->p[1], SO_RCVBUF, 50000), 0);
	inet_getsockopt(c->p[1], SOL_SOCKET, SO_RCVBUF, &buf, &l);
	assert_int_equal(buf, 100000);
	while (!fake_inject(c->p[1], 1, 1))
		n++;
	assert_true(n * sizeof(struct sk_buff) < (size_t)buf);
	assert_true(c->rx->sk_rmem_alloc >= buf);
	assert_true(c->rx->sk_rmem_alloc < buf + 8192);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(fake_inject(c->p[1], 1, 1), -ENOMEM);
	drops = c->rx->sk_drops;
	assert_int_equal(drops, 1001);
	assert_int_equal(fake_inject(c->p[0], 1, 1), 0);	/* others live */
}

/* @attack U3: what all sockets of a protocol hold together has its limit. */
static void budget_of_all_sockets_bounds_the_flood(void **state)
{
	struct ctx *c = *state;
	struct net *net = c->net;
	struct socket *s[8];
	u64 refused = 0;

	for (int i = 0; i < 3; i++)
		net->ipv4.sysctl_udp_mem[i] = 64 + 32 * i;
	for (int i = 0; i < 8; i++) {
		s[i] = fake_socket(net, SOCK_DGRAM, 0);
		s[i]->sk->sk_mem_id = PROTO_MEM_UDP;
		for (int k = 0; k < 100; k++)
			refused += fake_inject(s[i], 1000, 1) == -ENOBUFS;
	}
	assert_true(refused > 0);
	/* each may hold its minimum, and a page of rounding */
	assert_true(net->proto_mem[PROTO_MEM_UDP] <=
		    64 * 4096 + 8 * (2 * 4096 + 4096));
	assert_true(net->proto_mem[PROTO_MEM_UDP] <= 128 * 4096);
	for (int i = 0; i < 8; i++) {
		assert_false(skb_queue_empty(&s[i]->sk->sk_receive_queue));
		inet_close(s[i]);
	}
}

static void last_read_gives_the_budget_back(void **state)
{
	struct ctx *c = *state;
	char b[2000] = { 0 };

	for (int i = 0; i < 3; i++)
		c->net->ipv4.sysctl_udp_mem[i] = 1000;
	c->rx->sk_mem_id = PROTO_MEM_UDP;
	for (int i = 0; i < 30; i++)
		assert_int_equal(inet_send(c->p[0], b, 1000, 0), 1000);
	assert_true(c->net->proto_mem[PROTO_MEM_UDP] >= 30000);
	for (int i = 0; i < 30; i++)
		assert_int_equal(inet_recv(c->p[1], b, 2000, 0), 1000);
	assert_int_equal(c->net->proto_mem[PROTO_MEM_UDP], 0);
	assert_int_equal(c->rx->sk_forward_alloc, 0);
}

static u32 cmsg_u32(const struct msghdr *m, int type, u32 missing)
{
	struct cmsghdr *h;
	u32 v = missing;

	for (h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR((struct msghdr *)m, h))
		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == type)
			memcpy(&v, CMSG_DATA(h), sizeof(v));
	return v;
}

static void drops_told_with_the_datagram_behind_them(void **state)
{
	struct ctx *c = *state;
	u8 ctl[128];
	char b[16];
	struct iovec v = { b, sizeof(b) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	assert_int_equal(set_int(c->p[1], SO_RXQ_OVFL, 1), 0);
	set_int(c->p[1], SO_RCVBUF, 2304);
	while (!fake_inject(c->p[1], 1, 1))
		;
	fake_inject(c->p[1], 1, 1);
	m.msg_control = ctl;
	m.msg_controllen = sizeof(ctl);
	assert_int_equal(inet_recvmsg(c->p[1], &m, 0), 1);
	assert_int_equal(m.msg_controllen, 0);
	while (inet_recv(c->p[1], b, 16, 0) > 0)
		;
	assert_int_equal(fake_inject(c->p[1], 1, 1), 0);
	m.msg_controllen = sizeof(ctl);
	assert_int_equal(inet_recvmsg(c->p[1], &m, 0), 1);
	assert_int_equal(cmsg_u32(&m, SO_RXQ_OVFL, 99), 2);
}

/* A reader that stops reading must not keep the devices' frames. */
static void short_pool_queues_ordinary_memory(void **state)
{
	struct ctx *c = *state;
	struct net *net = c->net;
	struct skb_shared_info *hog[1024];
	struct sk_buff *skb = fake_skb(net, 100, 'q'), *queued;
	u32 n = 0;
	char b[100];

	assert_false(skb->shinfo->heap);
	while (!frame_pool_low(net))
		hog[n++] = frame_alloc(net, true);
	assert_int_equal(sock_queue_rcv_skb(c->rx, skb), 0);
	queued = skb_peek(&c->rx->sk_receive_queue);
	assert_true(queued->shinfo->heap);
	assert_int_equal(inet_recv(c->p[1], b, 100, 0), 100);
	for (int i = 0; i < 100; i++)
		assert_int_equal(b[i], 'q');
	while (n)
		frame_put(hog[--n]);
}

static void short_pool_and_no_memory_drops_and_keeps_callers_skb(void **state)
{
	struct ctx *c = *state;
	struct net *net = c->net;
	struct skb_shared_info *hog[1024];
	struct sk_buff *skb = fake_skb(net, 100, 'q');
	u32 n = 0;

	while (!frame_pool_low(net))
		hog[n++] = frame_alloc(net, true);
	mem_fail_nth(&net->mem, 1);
	assert_int_equal(sock_queue_rcv_skb(c->rx, skb), -ENOBUFS);
	assert_true(mem_failed(&net->mem));
	assert_int_equal(c->rx->sk_drops, 1);
	assert_int_equal(c->rx->sk_rmem_alloc, 0);
	consume_skb(skb);
	while (n)
		frame_put(hog[--n]);
}

/* ---- sending ---------------------------------------------------------- */

static void full_send_buffer_would_block_until_freed(void **state)
{
	struct ctx *c = *state;
	struct socket *tx = c->p[0];
	u32 n = 0;
	char b[1000] = { 0 };

	set_int(tx, SO_SNDBUF, 10000);
	fake_sk(tx->sk)->hold = true;
	while (inet_send(tx, b, sizeof(b), MSG_DONTWAIT) > 0)
		n++;
	assert_int_equal(errno, EAGAIN);
	assert_true(n >= 5 && n <= 20);
	assert_false(sock_poll(tx) & POLLOUT);
	fake_release_held(tx);
	assert_true(sock_poll(tx) & POLLOUT);
	assert_int_equal(inet_send(tx, b, sizeof(b), MSG_DONTWAIT), 1000);
}

static void send_after_shutdown_is_epipe(void **state)
{
	struct ctx *c = *state;

	assert_int_equal(inet_shutdown(c->p[0], SHUT_WR), 0);
	assert_fails(inet_send(c->p[0], "a", 1, 0), EPIPE);
}

static void pending_error_told_once_before_data(void **state)
{
	struct ctx *c = *state;
	char b[4];

	inet_send(c->p[0], "ab", 2, 0);
	c->rx->sk_err = ECONNREFUSED;
	assert_fails(inet_recv(c->p[1], b, 4, 0), ECONNREFUSED);
	assert_int_equal(inet_recv(c->p[1], b, 4, 0), 2);
	c->rx->sk_err = EHOSTUNREACH;
	assert_fails(inet_send(c->p[1], b, 1, 0), EHOSTUNREACH);
	assert_int_equal(inet_send(c->p[1], b, 1, 0), 1);
}

static void recv_after_shutdown_reads_the_rest_then_ends(void **state)
{
	struct ctx *c = *state;
	char b[4];

	inet_send(c->p[0], "ab", 2, 0);
	inet_shutdown(c->p[1], SHUT_RD);
	assert_int_equal(inet_recv(c->p[1], b, 4, 0), 2);
	assert_int_equal(inet_recv(c->p[1], b, 4, 0), 0);
	assert_true(sock_poll(c->p[1]) & POLLRDHUP);
}

/* ---- control messages ------------------------------------------------- */

static void timestamps_as_asked(void **state)
{
	struct ctx *c = *state;
	u8 ctl[128];
	char b[4];
	struct iovec v = { b, 4 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1,
			    .msg_control = ctl, .msg_controllen = sizeof(ctl) };
	struct cmsghdr *h;
	struct timespec ts;
	struct timeval tv;

	set_int(c->p[1], SO_TIMESTAMPNS, 1);
	inet_send(c->p[0], "a", 1, 0);
	corenet_advance(c->net, 5000000000ull);	/* read later */
	inet_recvmsg(c->p[1], &m, 0);
	h = CMSG_FIRSTHDR(&m);
	assert_int_equal(h->cmsg_type, SO_TIMESTAMPNS);
	memcpy(&ts, CMSG_DATA(h), sizeof(ts));
	assert_int_equal(ts.tv_sec, 1700000001);

	set_int(c->p[1], SO_TIMESTAMP, 1);
	inet_send(c->p[0], "a", 1, 0);
	m.msg_controllen = sizeof(ctl);
	inet_recvmsg(c->p[1], &m, 0);
	h = CMSG_FIRSTHDR(&m);
	assert_int_equal(h->cmsg_type, SO_TIMESTAMP);
	assert_null(CMSG_NXTHDR(&m, h));
	memcpy(&tv, CMSG_DATA(h), sizeof(tv));
	assert_int_equal(tv.tv_sec, 1700000006);
}

static void stamp_ioctl_tells_of_the_last_datagram(void **state)
{
	struct ctx *c = *state;
	struct timespec ts = { 0, 0 };
	char b;

	assert_fails(inet_ioctl(c->p[1], 0x8907, &ts), ENOENT);
	set_int(c->p[1], SO_TIMESTAMP, 1);
	inet_send(c->p[0], "a", 1, 0);
	inet_recv(c->p[1], &b, 1, 0);
	assert_int_equal(inet_ioctl(c->p[1], 0x8907, &ts), 0);
	assert_int_equal(ts.tv_sec, 1700000001);
	assert_int_equal(inet_ioctl(c->p[1], 0x8906, &ts), 0);
}

/* ---- the error queue -------------------------------------------------- */

static void queued_error_polls_and_comes_out(void **state)
{
	struct ctx *c = *state;
	struct sk_buff *skb = fake_skb(c->net, 10, 1);

	assert_int_equal(sock_queue_err_skb(c->rx, skb), 0);
	assert_true(sock_poll(c->p[1]) & POLLERR);
	assert_true(c->rx->sk_rmem_alloc > 0);
	assert_ptr_equal(sock_dequeue_err_skb(c->rx), skb);
	assert_int_equal(c->rx->sk_rmem_alloc, 0);
	assert_false(sock_poll(c->p[1]) & POLLERR);
	assert_null(sock_dequeue_err_skb(c->rx));
	consume_skb(skb);
}

static void error_queue_is_bounded_and_purged(void **state)
{
	struct ctx *c = *state;
	struct sk_buff *skb;
	u32 n = 0;

	set_int(c->p[1], SO_RCVBUF, 20000);
	for (;;) {
		skb = fake_skb(c->net, 10, 1);
		if (sock_queue_err_skb(c->rx, skb))
			break;
		n++;
	}
	consume_skb(skb);
	assert_true(n > 0 && n < 200);
	sk_error_queue_purge(c->rx);
	assert_int_equal(c->rx->sk_rmem_alloc, 0);
}

/* ---- copies with a sum ------------------------------------------------ */

/* A packet whose csum makes up for its bytes: all together sums to nothing,
 * unless it is not @good. */
static struct sk_buff *summed_skb(struct net *net, u32 len, bool good)
{
	struct sk_buff *skb = fake_skb(net, len, 0);

	for (u32 i = 0; i < len; i++)
		skb->data[i] = (u8)(i * 13 + 5);
	skb->ip_summed = CHECKSUM_NONE;
	skb->csum = csum_fold(csum_partial(skb->data, len, 0));
	if (!good)
		skb->data[len / 2] ^= 1;
	return skb;
}

static struct inet_msg msg_over(struct iovec *v, void *b, size_t n)
{
	*v = (struct iovec){ b, n };
	return (struct inet_msg){ .iter = { .iov = v, .nr_segs = 1,
					    .count = n } };
}

static void right_sum_copies(void **state)
{
	struct ctx *c = *state;
	u8 b[200];
	struct iovec v;

	for (u32 hlen = 0; hlen <= 9; hlen++) {
		for (u32 room = 0; room <= 110; room += 11) {
			struct sk_buff *skb = summed_skb(c->net, 101, true);
			struct inet_msg m = msg_over(&v, b, room);
			u32 want = min(room, 101 - hlen);

			assert_int_equal(skb_copy_and_csum_datagram_msg(
				skb, hlen, &m), 0);
			assert_int_equal(room - m.iter.count, want);
			assert_memory_equal(b, skb->data + hlen, want);
			consume_skb(skb);
		}
	}
}

static void wrong_sum_counts_as_not_copied(void **state)
{
	struct ctx *c = *state;
	u8 b[200];
	struct iovec v;

	for (u32 room = 0; room <= 200; room += 40) {
		struct sk_buff *skb = summed_skb(c->net, 101, false);
		struct inet_msg m = msg_over(&v, b, room);

		assert_int_equal(skb_copy_and_csum_datagram_msg(skb, 8, &m),
				 -EINVAL);
		assert_int_equal(m.iter.count, room);
		consume_skb(skb);
	}
}

static void known_sum_is_not_summed_again(void **state)
{
	struct ctx *c = *state;
	struct sk_buff *skb = summed_skb(c->net, 101, false);
	u8 b[200];
	struct iovec v;
	struct inet_msg m = msg_over(&v, b, 200);

	skb->ip_summed = CHECKSUM_UNNECESSARY;
	assert_int_equal(skb_copy_and_csum_datagram_msg(skb, 8, &m), 0);
	consume_skb(skb);
}

static void fragments_copied_like_linear_bytes(void **state)
{
	struct ctx *c = *state;
	struct sk_buff *skb = fake_skb(c->net, 10, 'a'), *part;
	u8 b[64], want[60];
	struct iovec v;

	part = fake_skb(c->net, 20, 'b');
	skb->shinfo->frag_list = part;
	part->next = fake_skb(c->net, 30, 'c');
	skb->len += 50;
	skb->data_len += 50;
	memset(want, 'a', 10);
	memset(want + 10, 'b', 20);
	memset(want + 30, 'c', 30);
	for (u32 off = 0; off < 60; off++) {
		for (u32 len = 0; off + len <= 60; len += 7) {
			struct inet_msg m = msg_over(&v, b, 64);

			assert_int_equal(skb_copy_datagram_msg(skb, off, &m,
							       len), 0);
			assert_memory_equal(b, want + off, len);
			assert_int_equal(m.iter.count, 64 - len);
		}
	}
	struct inet_msg m = msg_over(&v, b, 64);

	assert_int_equal(skb_copy_datagram_msg(skb, 0, &m, 61), -EFAULT);
	consume_skb(skb);
}

#define T(t) cmocka_unit_test_setup_teardown(t, open_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(sent_datagrams_arrive_in_order),
		T(queued_datagram_is_charged_until_read),
		T(long_datagram_cut_and_told),
		T(empty_datagram_is_a_message),
		T(peeked_datagram_stays),
		T(peeked_while_another_reads_is_freed_once),
		T(killed_datagram_leaves_the_queue_once),
		T(tiny_flood_bounded_by_true_size),
		T(budget_of_all_sockets_bounds_the_flood),
		T(last_read_gives_the_budget_back),
		T(drops_told_with_the_datagram_behind_them),
		T(short_pool_queues_ordinary_memory),
		T(short_pool_and_no_memory_drops_and_keeps_callers_skb),
		T(full_send_buffer_would_block_until_freed),
		T(send_after_shutdown_is_epipe),
		T(pending_error_told_once_before_data),
		T(recv_after_shutdown_reads_the_rest_then_ends),
		T(timestamps_as_asked),
		T(stamp_ioctl_tells_of_the_last_datagram),
		T(queued_error_polls_and_comes_out),
		T(error_queue_is_bounded_and_purged),
		T(right_sum_copies),
		T(wrong_sum_counts_as_not_copied),
		T(known_sum_is_not_summed_again),
		T(fragments_copied_like_linear_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
