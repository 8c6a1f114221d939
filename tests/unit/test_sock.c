/* SPDX-License-Identifier: BSD-2-Clause */
/* struct sock: life, lock and backlog, waiting, memory budgets, streams'
 * helpers. On a family of the test's own. */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "core/net.h"
#include "fakefam.h"

static int open_sim(void **state)
{
	*state = fake_open(INET_SIMULATED, 0);
	return 0;
}

static int open_embedded(void **state)
{
	*state = fake_open(INET_EMBEDDED, 0);
	return 0;
}

static int close_net(void **state)
{
	fake_close(*state);
	return 0;
}

static void settle(struct net *net)
{
	while (rcu_domain_pending(&net->rcu))
		rcu_domain_run(&net->rcu);
}

/* ---- life ------------------------------------------------------------- */

static void new_sock_has_the_knobs_defaults(void **state)
{
	struct socket *s = fake_socket(*state, SOCK_DGRAM, 0);
	struct sock *sk = s->sk;

	assert_int_equal(sk->sk_rcvbuf, 212992);
	assert_int_equal(sk->sk_sndbuf, 212992);
	assert_int_equal(sk->sk_state, TCP_CLOSE);
	assert_int_equal(sk->sk_rcvlowat, 1);
	assert_int_equal(sk->sk_rcvtimeo_ns, -1);
	assert_int_equal(sk_wmem_alloc_get(sk), 0);
	assert_ptr_equal(sk->sk_socket, s);
	assert_int_equal(inet_close(s), 0);
}

static void last_put_frees_after_grace_period(void **state)
{
	struct net *net = *state;
	struct socket *s = fake_socket(net, SOCK_DGRAM, 0);
	struct sock *sk = s->sk;

	assert_int_equal(net->nr_socks, 1);
	sock_hold(sk);
	inet_close(s);
	settle(net);
	assert_int_equal(net->nr_socks, 1);
	assert_null(sk->sk_socket);
	assert_true(sock_flag(sk, SOCK_DEAD));
	sock_put(sk);
	assert_int_equal(net->nr_socks, 1);	/* a reader may look */
	settle(net);
	assert_int_equal(net->nr_socks, 0);
}

static void packet_in_flight_keeps_sock_alive(void **state)
{
	struct net *net = *state;
	struct socket *s = fake_socket(net, SOCK_DGRAM, 0);
	struct sk_buff *skb = fake_skb(net, 100, 1);

	skb_set_owner_w(skb, s->sk);
	assert_int_equal(sk_wmem_alloc_get(s->sk), skb->truesize);
	inet_close(s);
	settle(net);
	assert_int_equal(net->nr_socks, 1);
	consume_skb(skb);
	settle(net);
	assert_int_equal(net->nr_socks, 0);
}

static void clone_is_locked_and_empty(void **state)
{
	struct net *net = *state;
	struct socket *s = fake_socket(net, SOCK_STREAM, 0);
	struct sock *n;

	assert_int_equal(fake_inject(s, 100, 1), 0);
	s->sk->sk_err = EIO;
	s->sk->sk_priority = 5;
	n = sk_clone_lock(s->sk);
	assert_non_null(n);
	assert_true(spin_is_locked(&n->sk_lock));
	assert_int_equal(refcount_read(&n->sk_refcnt), 2);
	assert_int_equal(n->sk_priority, 5);
	assert_int_equal(n->sk_err, 0);
	assert_int_equal(n->sk_rmem_alloc, 0);
	assert_true(skb_queue_empty(&n->sk_receive_queue));
	assert_null(n->sk_socket);
	assert_int_equal(net->nr_socks, 2);
	bh_unlock_sock(n);
	sock_put(n);
	sock_put(n);
	inet_close(s);
}

static void too_many_sockets_refused_with_enfile(void **state)
{
	struct net *net = *state;
	struct socket *a, *b;

	net->sysctl_max_sockets = 2;
	a = fake_socket(net, SOCK_DGRAM, 0);
	b = fake_socket(net, SOCK_DGRAM, 0);
	errno = 0;
	assert_null(inet_socket(net, PF_FAKE, SOCK_DGRAM, 0));
	assert_int_equal(errno, ENFILE);
	assert_null(sk_clone_lock(a->sk));
	assert_int_equal(net->nr_socks, 2);
	inet_close(a);
	settle(net);
	a = fake_socket(net, SOCK_DGRAM, 0);
	assert_non_null(a);
	inet_close(a);
	inet_close(b);
}

static void every_failing_allocation_leaves_nothing(void **state)
{
	struct net *net = *state;
	struct socket *s;

	for (u64 n = 1; n < 20; n++) {
		mem_fail_nth(&net->mem, n);
		errno = 0;
		s = inet_socket(net, PF_FAKE, SOCK_DGRAM, 0);
		if (s)
			inet_close(s);
		else
			assert_int_equal(errno, ENOMEM);
		mem_fail_nth(&net->mem, 0);
		settle(net);
		assert_int_equal(net->nr_socks, 0);
		assert_true(list_empty(&net->sockets));
	}
}

/* ---- lock and backlog ------------------------------------------------- */

static u32 nr_released;

static void count_release(struct sock *sk)
{
	assert_true(sock_owned_by_user(sk));
	nr_released++;
}

/* A protocol of the stack says when it has work; one of the application is
 * called each time. */
static void protocol_of_the_application_is_called_at_each_release(void **state)
{
	static const struct proto prot = { .name = "APP", .priv_size = 8,
					   .release_cb = count_release };
	struct sock *sk = sk_alloc(*state, PF_INET, &prot);

	assert_non_null(sk);
	sock_init_data(NULL, sk);
	nr_released = 0;
	for (u32 i = 1; i < 4; i++) {
		lock_sock(sk);
		release_sock(sk);
		assert_int_equal(nr_released, i);
	}
	sock_put(sk);
	settle(*state);
}

static void owned_sock_gets_packets_at_release(void **state)
{
	struct socket *p[2];
	struct sock *sk;
	char buf[10];

	fake_pair(*state, SOCK_STREAM, p);
	sk = p[1]->sk;
	lock_sock(sk);
	assert_true(sock_owned_by_user(sk));
	assert_int_equal(inet_send(p[0], "ab", 2, 0), 2);
	assert_int_equal(inet_send(p[0], "cd", 2, 0), 2);
	assert_true(skb_queue_empty(&sk->sk_receive_queue));
	assert_true(sk->sk_backlog.len > 0);
	release_sock(sk);
	assert_false(sock_owned_by_user(sk));
	assert_int_equal(sk->sk_backlog.len, 0);
	assert_int_equal(fake_sk(sk)->nr_backlog, 2);
	assert_int_equal(inet_recv(p[1], buf, 10, 0), 2);
	assert_memory_equal(buf, "ab", 2);
	assert_int_equal(inet_recv(p[1], buf, 10, 0), 2);
	assert_memory_equal(buf, "cd", 2);
	inet_close(p[0]);
	inet_close(p[1]);
}

static void backlog_beyond_limit_refused(void **state)
{
	struct net *net = *state;
	struct socket *s = fake_socket(net, SOCK_STREAM, 0);
	struct sk_buff *skb;
	u32 size, n = 0;

	lock_sock(s->sk);
	skb = fake_skb(net, 100, 0);
	size = skb->truesize;
	bh_lock_sock(s->sk);
	while (!sk_add_backlog(s->sk, skb, 10 * size)) {
		n++;
		skb = fake_skb(net, 100, 0);
	}
	bh_unlock_sock(s->sk);
	consume_skb(skb);
	assert_int_equal(n, 11);
	release_sock(s->sk);
	assert_int_equal(fake_sk(s->sk)->nr_backlog, 11);
	inet_close(s);
}

/* A packet that comes while the backlog is processed is counted against the
 * same limit, so that the owner gets out. */
static u32 refill_left;

static int refill_backlog_rcv(struct sock *sk, struct sk_buff *skb)
{
	struct sk_buff *more = fake_skb(sock_net(sk), 100, 0);
	int err;

	refill_left++;
	consume_skb(skb);
	bh_lock_sock(sk);
	err = sk_add_backlog(sk, more, 10 * more->truesize);
	bh_unlock_sock(sk);
	if (err)
		consume_skb(more);
	return 0;
}

static void backlog_flood_during_release_is_bounded(void **state)
{
	struct net *net = *state;
	struct socket *s = fake_socket(net, SOCK_STREAM, 0);

	s->sk->sk_backlog_rcv = refill_backlog_rcv;
	refill_left = 0;
	lock_sock(s->sk);
	bh_lock_sock(s->sk);
	assert_int_equal(sk_add_backlog(s->sk, fake_skb(net, 100, 0), 1 << 20),
			 0);
	bh_unlock_sock(s->sk);
	release_sock(s->sk);
	assert_int_equal(refill_left, 11);
	inet_close(s);
}

/* ---- waiting ---------------------------------------------------------- */

static void empty_recv_simulated_would_block(void **state)
{
	struct socket *p[2];
	char b;

	fake_pair(*state, SOCK_STREAM, p);
	errno = 0;
	assert_int_equal(inet_recv(p[0], &b, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
	inet_close(p[0]);
	assert_int_equal(inet_recv(p[1], &b, 1, 0), 0);
	inet_close(p[1]);
}

static void recv_embedded_with_timeout_ends_in_time(void **state)
{
	struct net *net = *state;
	struct socket *s = fake_socket(net, SOCK_DGRAM, 0);
	struct timeval tv = { 0, 30000 };
	u64 t0, dt;
	char b;

	assert_int_equal(inet_setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv,
					 sizeof(tv)), 0);
	t0 = net_now(net);
	errno = 0;
	assert_int_equal(inet_recv(s, &b, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
	dt = net_now(net) - t0;
	assert_true(dt >= 30000000);
	assert_true(dt < 1000000000);
	inet_close(s);
}

struct later {
	struct timer_list timer;
	struct socket *to;
	int what;
};

static void later_fire(struct timer_list *t)
{
	struct later *l = from_timer(l, t, timer);

	switch (l->what) {
	case 0:
		fake_inject(l->to, 5, 'x');
		break;
	case 1:
		inet_close(l->to);
		break;
	case 2:
		l->to->net->woken = 1;
		break;
	}
}

static void later_do(struct net *net, struct later *l, struct socket *to,
		     int what)
{
	timer_setup(&l->timer, later_fire);
	l->to = to;
	l->what = what;
	mod_timer(net_wheel(net), &l->timer, net_now(net) + 5000000);
}

static void recv_embedded_runs_the_stack_until_data(void **state)
{
	struct net *net = *state;
	struct socket *s = fake_socket(net, SOCK_DGRAM, 0);
	struct later l;
	char b[10];

	later_do(net, &l, s, 0);
	assert_int_equal(inet_recv(s, b, 10, 0), 5);
	inet_close(s);
}

/* @attack P4: closed by what ran below the blocking call itself. */
static void recv_embedded_closed_below_gets_ebadf(void **state)
{
	struct net *net = *state;
	struct socket *s = fake_socket(net, SOCK_DGRAM, 0);
	struct later l;
	char b[10];

	later_do(net, &l, s, 1);
	errno = 0;
	assert_int_equal(inet_recv(s, b, 10, 0), -1);
	assert_int_equal(errno, EBADF);
	settle(net);
	assert_int_equal(net->nr_socks, 0);
}

static void accept_embedded_closed_below_gets_ebadf(void **state)
{
	struct net *net = *state;
	struct socket *s = fake_socket(net, SOCK_STREAM, 0);
	struct later l;

	inet_listen(s, 5);
	later_do(net, &l, s, 1);
	errno = 0;
	assert_null(inet_accept(s, NULL, NULL));
	assert_int_equal(errno, EBADF);
	settle(net);
	assert_int_equal(net->nr_socks, 0);
	assert_true(list_empty(&net->sockets));
}

static void recv_embedded_woken_gets_eintr(void **state)
{
	struct net *net = *state;
	struct socket *s = fake_socket(net, SOCK_DGRAM, 0);
	struct later l;
	char b[10];

	later_do(net, &l, s, 2);
	errno = 0;
	assert_int_equal(inet_recv(s, b, 10, 0), -1);
	assert_int_equal(errno, EINTR);
	inet_close(s);
}

static bool never(struct sock *sk, void *arg)
{
	(void)sk;
	++*(int *)arg;
	return false;
}

static void wait_leaves_what_is_left_of_the_time(void **state)
{
	struct net *net = *state;
	struct socket *s = fake_socket(net, SOCK_STREAM, 0);
	struct later l;
	s64 timeo = 10000000000LL;
	int calls = 0;

	later_do(net, &l, s, 2);
	lock_sock(s->sk);
	assert_int_equal(sk_wait_event(s->sk, &timeo, never, &calls), -EINTR);
	release_sock(s->sk);
	assert_true(timeo > 8000000000LL && timeo < 9999000000LL);
	assert_true(calls > 1);
	inet_close(s);
}

static void wait_without_time_asks_once(void **state)
{
	struct socket *s = fake_socket(*state, SOCK_STREAM, 0);
	s64 timeo = 0;
	int calls = 0;

	lock_sock(s->sk);
	assert_int_equal(sk_wait_event(s->sk, &timeo, never, &calls), -EAGAIN);
	release_sock(s->sk);
	assert_int_equal(calls, 1);
	inet_close(s);
}

/* ---- budgets ---------------------------------------------------------- */

static void set_udp_mem(struct net *net, s64 a, s64 b, s64 c)
{
	net->ipv4.sysctl_udp_mem[0] = a;
	net->ipv4.sysctl_udp_mem[1] = b;
	net->ipv4.sysctl_udp_mem[2] = c;
}

static void schedule_takes_quanta_and_gives_them_back(void **state)
{
	struct net *net = *state;
	struct socket *s = fake_socket(net, SOCK_DGRAM, 0);
	struct sock *sk = s->sk;

	set_udp_mem(net, 100, 100, 100);
	sk->sk_mem_id = PROTO_MEM_UDP;
	assert_true(sk_mem_schedule(sk, 1, true));
	assert_int_equal(sk->sk_forward_alloc, 4096);
	assert_int_equal(net->proto_mem[PROTO_MEM_UDP], 4096);
	assert_int_equal(net->proto_sockets[PROTO_MEM_UDP], 1);
	sk_mem_charge(sk, 1);
	assert_true(sk_mem_schedule(sk, 4095, true));
	assert_int_equal(net->proto_mem[PROTO_MEM_UDP], 4096);
	assert_true(sk_mem_schedule(sk, 4096, true));
	assert_int_equal(net->proto_mem[PROTO_MEM_UDP], 8192);
	sk_mem_uncharge(sk, 1);
	sk_mem_reclaim(sk);
	assert_int_equal(sk->sk_forward_alloc, 0);
	assert_int_equal(net->proto_mem[PROTO_MEM_UDP], 0);
	inet_close(s);
	settle(net);
	assert_int_equal(net->proto_sockets[PROTO_MEM_UDP], 0);
}

static void budget_exhausted_refuses_and_takes_nothing(void **state)
{
	struct net *net = *state;
	struct socket *s = fake_socket(net, SOCK_DGRAM, 0);
	struct sock *sk = s->sk;

	set_udp_mem(net, 4, 4, 4);
	sk->sk_mem_id = PROTO_MEM_UDP;
	sk->sk_rmem_alloc = 1 << 20;	/* above its guaranteed minimum */
	assert_true(sk_mem_schedule(sk, 4 * 4096, true));
	assert_false(sk_mem_schedule(sk, 5 * 4096, true));
	assert_int_equal(net->proto_mem[PROTO_MEM_UDP], 4 * 4096);
	sk->sk_rmem_alloc = 0;
	sk_mem_reclaim(sk);
	inet_close(s);
}

static void pressure_begins_at_second_mark_ends_at_first(void **state)
{
	struct net *net = *state;
	struct socket *s = fake_socket(net, SOCK_STREAM, 0);
	struct sock *sk = s->sk;

	net->ipv4.sysctl_tcp_mem[0] = 2;
	net->ipv4.sysctl_tcp_mem[1] = 4;
	net->ipv4.sysctl_tcp_mem[2] = 100;
	sk->sk_mem_id = PROTO_MEM_TCP;
	assert_true(sk_mem_schedule(sk, 4 * 4096, true));
	assert_false(sk_under_memory_pressure(sk));
	assert_true(sk_mem_schedule(sk, 5 * 4096, true));
	assert_true(sk_under_memory_pressure(sk));
	assert_int_equal(net_mib_read(net, MIB_TCP_MEMORYPRESSURES), 1);
	__sk_mem_reclaim(sk, 3 * 4096);
	assert_true(sk_under_memory_pressure(sk));
	__sk_mem_reclaim(sk, 4096);
	assert_false(sk_under_memory_pressure(sk));
	sk_mem_reclaim(sk);
	inet_close(s);
}

static void forced_schedule_ignores_the_limit(void **state)
{
	struct net *net = *state;
	struct socket *s = fake_socket(net, SOCK_STREAM, 0);

	memset(net->ipv4.sysctl_tcp_mem, 0, sizeof(net->ipv4.sysctl_tcp_mem));
	s->sk->sk_mem_id = PROTO_MEM_TCP;
	sk_forced_mem_schedule(s->sk, 5000);
	assert_int_equal(s->sk->sk_forward_alloc, 8192);
	sk_mem_reclaim(s->sk);
	assert_int_equal(net->proto_mem[PROTO_MEM_TCP], 0);
	inet_close(s);
}

static void big_uncharge_gives_back_early(void **state)
{
	struct net *net = *state;
	struct socket *s = fake_socket(net, SOCK_STREAM, 0);
	struct sock *sk = s->sk;

	for (int i = 0; i < 3; i++)
		net->ipv4.sysctl_tcp_mem[i] = 10000;
	sk->sk_mem_id = PROTO_MEM_TCP;
	assert_true(sk_mem_schedule(sk, SK_RECLAIM_THRESHOLD, true));
	sk_mem_charge(sk, 4096);
	sk_mem_uncharge(sk, 4096);
	assert_int_equal(net->proto_mem[PROTO_MEM_TCP],
			 SK_RECLAIM_THRESHOLD - SK_RECLAIM_CHUNK);
	sk_mem_reclaim(sk);
	inet_close(s);
}

static void sock_that_dies_settles_its_budget(void **state)
{
	struct net *net = *state;
	struct socket *s = fake_socket(net, SOCK_DGRAM, 0);

	set_udp_mem(net, 1000, 1000, 1000);
	s->sk->sk_mem_id = PROTO_MEM_UDP;
	for (int i = 0; i < 20; i++)
		assert_int_equal(fake_inject(s, 1000, 1), 0);
	assert_true(net->proto_mem[PROTO_MEM_UDP] > 0);
	inet_close(s);
	settle(net);
	assert_int_equal(net->proto_mem[PROTO_MEM_UDP], 0);
}

/* ---- streams ---------------------------------------------------------- */

static void connected_stream_does_not_wait(void **state)
{
	struct socket *s = fake_socket(*state, SOCK_STREAM, 0);
	s64 timeo = -1;

	lock_sock(s->sk);
	s->sk->sk_state = TCP_ESTABLISHED;
	assert_int_equal(sk_stream_wait_connect(s->sk, &timeo), 0);
	s->sk->sk_state = TCP_CLOSE;
	assert_int_equal(sk_stream_wait_connect(s->sk, &timeo), -EPIPE);
	s->sk->sk_state = TCP_SYN_SENT;
	assert_int_equal(sk_stream_wait_connect(s->sk, &timeo), -EAGAIN);
	s->sk->sk_err = ECONNREFUSED;
	assert_int_equal(sk_stream_wait_connect(s->sk, &timeo), -ECONNREFUSED);
	s->sk->sk_state = TCP_CLOSE;
	release_sock(s->sk);
	inet_close(s);
}

static void writer_without_room_asks_to_be_told(void **state)
{
	struct socket *s = fake_socket(*state, SOCK_STREAM, 0);
	struct sock *sk = s->sk;
	s64 timeo = 0;

	lock_sock(sk);
	sk->sk_wmem_queued = sk->sk_sndbuf;
	assert_int_equal(sk_stream_wait_memory(sk, &timeo), -EAGAIN);
	assert_true(sk->sk_nospace);
	sk_stream_write_space(sk);
	assert_true(sk->sk_nospace);	/* still full */
	sk->sk_wmem_queued = sk->sk_sndbuf * 2 / 3 + 10;
	sk_stream_write_space(sk);
	assert_true(sk->sk_nospace);	/* not a third free */
	sk->sk_wmem_queued = sk->sk_sndbuf * 2 / 3 - 10;
	sk_stream_write_space(sk);
	assert_false(sk->sk_nospace);
	sk->sk_shutdown = SEND_SHUTDOWN;
	assert_int_equal(sk_stream_wait_memory(sk, &timeo), -EPIPE);
	sk->sk_wmem_queued = 0;
	release_sock(sk);
	inet_close(s);
}

static void writer_short_of_memory_naps_and_tries_again(void **state)
{
	struct net *net = *state;
	struct socket *s = fake_socket(net, SOCK_STREAM, 0);
	s64 timeo = -1;
	u64 t0 = net_now(net);

	lock_sock(s->sk);
	assert_int_equal(sk_stream_wait_memory(s->sk, &timeo), 0);
	assert_true(net_now(net) - t0 >= 15000000);
	timeo = 5000000;
	assert_int_equal(sk_stream_wait_memory(s->sk, &timeo), -EAGAIN);
	release_sock(s->sk);
	inet_close(s);
}

static void stream_error_prefers_the_pending_one(void **state)
{
	struct socket *s = fake_socket(*state, SOCK_STREAM, 0);

	assert_int_equal(sk_stream_error(s->sk, 0, -EPIPE), -EPIPE);
	s->sk->sk_err = ECONNRESET;
	assert_int_equal(sk_stream_error(s->sk, 0, -EAGAIN), -EAGAIN);
	assert_int_equal(sk_stream_error(s->sk, 0, -EPIPE), -ECONNRESET);
	assert_int_equal(sk_stream_error(s->sk, 0, -EPIPE), -EPIPE);
	inet_close(s);
}

static void accept_queue_takes_one_more_than_backlog(void **state)
{
	struct socket *l = fake_socket(*state, SOCK_STREAM, 77), *c[4];

	inet_listen(l, 1);
	for (int i = 0; i < 3; i++)
		c[i] = fake_socket(*state, SOCK_STREAM, 0);
	assert_int_equal(fake_connect(c[0], 77), 0);
	assert_int_equal(fake_connect(c[1], 77), 0);
	assert_int_equal(fake_connect(c[2], 77), -1);
	assert_int_equal(errno, ECONNREFUSED);
	c[3] = inet_accept(l, NULL, NULL);
	assert_non_null(c[3]);
	assert_int_equal(fake_connect(c[2], 77), 0);
	inet_close(l);	/* with children that nobody accepted */
	for (int i = 0; i < 4; i++)
		inet_close(c[i]);
}

#define SIM(t) cmocka_unit_test_setup_teardown(t, open_sim, close_net)
#define EMB(t) cmocka_unit_test_setup_teardown(t, open_embedded, close_net)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SIM(new_sock_has_the_knobs_defaults),
		SIM(last_put_frees_after_grace_period),
		SIM(packet_in_flight_keeps_sock_alive),
		SIM(clone_is_locked_and_empty),
		SIM(too_many_sockets_refused_with_enfile),
		SIM(every_failing_allocation_leaves_nothing),
		SIM(owned_sock_gets_packets_at_release),
		SIM(protocol_of_the_application_is_called_at_each_release),
		SIM(backlog_beyond_limit_refused),
		SIM(backlog_flood_during_release_is_bounded),
		SIM(empty_recv_simulated_would_block),
		EMB(recv_embedded_with_timeout_ends_in_time),
		EMB(recv_embedded_runs_the_stack_until_data),
		EMB(recv_embedded_closed_below_gets_ebadf),
		EMB(accept_embedded_closed_below_gets_ebadf),
		EMB(recv_embedded_woken_gets_eintr),
		EMB(wait_leaves_what_is_left_of_the_time),
		EMB(wait_without_time_asks_once),
		SIM(schedule_takes_quanta_and_gives_them_back),
		SIM(budget_exhausted_refuses_and_takes_nothing),
		SIM(pressure_begins_at_second_mark_ends_at_first),
		SIM(forced_schedule_ignores_the_limit),
		SIM(big_uncharge_gives_back_early),
		SIM(sock_that_dies_settles_its_budget),
		SIM(connected_stream_does_not_wait),
		SIM(writer_without_room_asks_to_be_told),
		EMB(writer_short_of_memory_naps_and_tries_again),
		SIM(stream_error_prefers_the_pending_one),
		SIM(accept_queue_takes_one_more_than_backlog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
