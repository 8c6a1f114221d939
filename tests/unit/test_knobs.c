/* SPDX-License-Identifier: BSD-2-Clause */
/* Knobs do what they say, what there is no knob for is refused, and what the
 * stack holds is shown. */
#include "unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <inet/control.h>
#include <inet/netdev.h>
#include <inet/sock_diag.h>
#include <inet/socket.h>
#include <inet/trace.h>

#include "road.h"
#include "sockets.h"
#include "tcp_peer.h"

static struct fx f;

/* Six fragments go over lo at once. Return: polls of the backlog. */
static u32 polls_for_six(struct socket *s)
{
	static u8 data[8000];

	assert_int_equal(inet_trace_start(f.net, 1024), 0);
	assert_int_equal(sk_sendto(s, data, sizeof(data), SK_LOOPBACK, 1000),
			 sizeof(data));
	fx_run(&f);
	inet_trace_stop(f.net);
	return road_passed(f.net, "process_backlog");
}

static void dev_weight_bounds_a_poll_of_the_backlog(void **state)
{
	struct socket *s = sk_udp(f.net, SK_LOOPBACK, 1000);

	(void)state;
	assert_int_equal(inet_netdev_set_mtu(inet_netdev_find(f.net, "lo"),
					     1500), 0);
	assert_int_equal(polls_for_six(s), 1);
	fx_sysctl(&f, "net.core.dev_weight", "2");
	polls_for_six(s);		/* takes it up */
	assert_int_equal(polls_for_six(s), 4);	/* 2, 2, 2, and none left */
	inet_close(s);
}

static void optmem_max_bounds_the_control_messages_of_a_call(void **state)
{
	struct socket *s = sk_udp(f.net, SK_LOOPBACK, 1000);
	u64 control[CMSG_SPACE(sizeof(int)) / 8] = { 0 };
	struct cmsghdr *cmsg = (struct cmsghdr *)control;
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(1000),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct iovec iov = { "x", 1 };
	struct msghdr msg = {
		.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &iov,
		.msg_iovlen = 1, .msg_control = control,
		.msg_controllen = sizeof(control),
	};
	const int ttl = 9;

	(void)state;
	cmsg->cmsg_level = IPPROTO_IP;
	cmsg->cmsg_type = IP_TTL;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &ttl, sizeof(ttl));
	assert_int_equal(inet_sendmsg(s, &msg, 0), 1);
	fx_sysctl(&f, "net.core.optmem_max", "8");
	assert_int_equal(inet_sendmsg(s, &msg, 0), -1);
	assert_int_equal(errno, ENOBUFS);
	fx_run(&f);
	inet_close(s);
}

static void knob_that_is_not_there_is_named(void **state)
{
	static const char *const none[] = {
		"net.ipv4.tcp_fack", "net.ipv4.neigh.default.gc_interval",
		"net.ipv6.conf.all.forwarding", "", "net",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(none); i++) {
		assert_int_equal(inet_sysctl_set(f.net, none[i], "1"), -1);
		assert_int_equal(errno, ENOENT);
		assert_non_null(strstr(inet_strerror(f.net), none[i]));
	}
}

/* As Linux: a backlog of 0 holds one. */
static void listener_with_a_full_queue_counts_the_syn_as_dropped(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_listen(&t, 0);
	tp_syn(&t);
	tp_send(&t, "A", 1, 1, NULL, 0);	/* the queue's one place */
	fx_mark(&t.f);
	t.pport++;
	tp_send(&t, "S", 0, 0, NULL, 0);
	tp_silence(&t);
	fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_LISTEN_OVERFLOW, 1);
	t.pport--;
	tp_accept(&t);
	tp_close(&t);
}

/* What inet_socket_show() says of TCP, one word per line: the states. */
static const char *tcp_states(struct fx *fx)
{
	static char states[256];
	const char *line = fx_show(fx, inet_socket_show);
	char state[16];

	states[0] = 0;
	for (; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "tcp %15s", state) == 1)
			strcat(strcat(states, state), " ");
	}
	return states;
}

static void connections_without_a_socket_are_shown(void **state)
{
	struct inet_usage usage;
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_listen(&t, 4);
	tp_syn(&t);
	assert_string_equal(tcp_states(&t.f), "LISTEN SYN-RECV ");
	tp_send(&t, "A", 1, 1, NULL, 0);
	assert_string_equal(tcp_states(&t.f), "LISTEN ESTAB ");
	tp_accept(&t);
	assert_string_equal(tcp_states(&t.f), "LISTEN ESTAB ");
	assert_int_equal(inet_close(t.s), 0);
	t.s = NULL;
	fx_run(&t.f);
	tp_expect(&t, "FA", 1, 1, 0);
	assert_string_equal(tcp_states(&t.f), "LISTEN FIN-WAIT-1 ");
	assert_int_equal(inet_get_usage(t.f.net, &usage), 0);
	assert_int_equal(usage.timewaits, 0);
	tp_send(&t, "FA", 1, 2, NULL, 0);
	tp_expect(&t, "A", 2, 2, 0);
	assert_string_equal(tcp_states(&t.f), "LISTEN TIME-WAIT ");
	assert_int_equal(inet_get_usage(t.f.net, &usage), 0);
	assert_int_equal(usage.timewaits, 1);
	fx_advance(&t.f, 61 * FX_SEC);
	assert_string_equal(tcp_states(&t.f), "LISTEN ");
	assert_int_equal(inet_get_usage(t.f.net, &usage), 0);
	assert_int_equal(usage.timewaits, 0);
	tp_close(&t);
}

/* What inet_diag_each() tells of the connection @t of @state. */
struct told {
	u8 state;
	u32 times;
	struct inet_diag_info info;
};

static void told(void *arg, const struct inet_diag_info *info)
{
	struct told *told = arg;

	if (info->state != told->state)
		return;
	told->info = *info;
	told->times++;
}

static struct inet_diag_info info_of(struct tp *t, u8 state)
{
	struct told found = { .state = state };

	assert_int_equal(inet_diag_each(t->f.net, told, &found), 0);
	assert_int_equal(found.times, 1);
	return found.info;
}

static void connection_is_told_of_with_its_queues_and_timer(void **state)
{
	struct inet_diag_info info;
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_listen(&t, 4);
	info = info_of(&t, TCP_LISTEN);
	assert_int_equal(info.rqueue, 0);
	assert_int_equal(info.wqueue, 4);
	tp_syn(&t);
	assert_null(info_of(&t, TCP_SYN_RECV).sock);
	tp_send(&t, "A", 1, 1, NULL, 0);
	assert_int_equal(info_of(&t, TCP_LISTEN).rqueue, 1);
	tp_accept(&t);
	tp_send(&t, "PA", 1, 1, "four", 4);
	fx_run(&t.f);
	assert_int_equal(inet_send(t.s, "sixsix", 6, 0), 6);
	info = info_of(&t, TCP_ESTABLISHED);
	assert_ptr_equal(info.sock, t.s);
	assert_int_equal(info.rqueue, 4);
	assert_int_equal(info.wqueue, 6);
	assert_int_equal(info.timer, INET_DIAG_TIMER_ON);
	assert_true(info.expires_ms > 0 && info.expires_ms <= 3000);
	assert_int_equal(info.dst.sin_port, htons(t.pport));
	tp_close(&t);
}

#define EINVAL_IS(call, failed) do { \
	errno = 0; \
	assert_true((call) == (failed)); \
	assert_int_equal(errno, EINVAL); \
} while (0)

/* A getenv() or an argument that is not there. */
static void text_that_is_null_is_einval(void **state)
{
	struct net *net = f.net;
	char buf[8];
	u64 v;

	(void)state;
	EINVAL_IS(inet_netdev_open(net, NULL), NULL);
	EINVAL_IS(inet_netdev_find(net, NULL), NULL);
	EINVAL_IS(inet_addr_add(f.dev, NULL), -1);
	EINVAL_IS(inet_addr_del(f.dev, NULL), -1);
	EINVAL_IS(inet_route_add(net, NULL), -1);
	EINVAL_IS(inet_route_del(net, NULL), -1);
	EINVAL_IS(inet_neigh_add(f.dev, NULL), -1);
	EINVAL_IS(inet_neigh_del(f.dev, NULL), -1);
	EINVAL_IS(inet_sysctl_set(net, NULL, "1"), -1);
	EINVAL_IS(inet_sysctl_set(net, "net.ipv4.ip_forward", NULL), -1);
	EINVAL_IS(inet_sysctl_get(net, NULL, buf, sizeof(buf)), -1);
	EINVAL_IS(inet_counter_get(net, NULL, &v), -1);
	EINVAL_IS(inet_drop_get(net, NULL, &v), -1);
	EINVAL_IS(inet_netdev_set_mac(f.dev, NULL), -1);
}

/* Nowhere to print to, nobody to call. */
static void output_that_is_null_is_einval(void **state)
{
	struct net *net = f.net;

	(void)state;
	EINVAL_IS(inet_addr_show(net, NULL), -1);
	EINVAL_IS(inet_addr_each(net, NULL, NULL), -1);
	EINVAL_IS(inet_route_show(net, NULL), -1);
	EINVAL_IS(inet_neigh_show(net, NULL), -1);
	EINVAL_IS(inet_link_show(net, NULL), -1);
	EINVAL_IS(inet_qdisc_show(net, NULL), -1);
	EINVAL_IS(inet_socket_show(net, NULL), -1);
	EINVAL_IS(inet_sysctl_each(net, NULL, NULL), -1);
	EINVAL_IS(inet_counter_each(net, NULL, NULL), -1);
	EINVAL_IS(inet_drop_each(net, NULL, NULL), -1);
	EINVAL_IS(inet_get_usage(net, NULL), -1);
	EINVAL_IS(inet_netdev_get_stats(f.dev, NULL), -1);
}

/* As after an inet_netdev_open() that nobody looked at. */
static void stack_or_device_that_is_null_is_einval(void **state)
{
	struct inet_netdev_stats stats;
	struct inet_usage usage;

	(void)state;
	assert_int_equal(inet_netdev_up(NULL), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(inet_netdev_down(NULL), -1);
	assert_int_equal(inet_netdev_close(NULL), -1);
	assert_int_equal(inet_netdev_set_mtu(NULL, 1500), -1);
	assert_int_equal(inet_netdev_set_mac(NULL, fx_mac), -1);
	assert_int_equal(inet_netdev_get_stats(NULL, &stats), -1);
	assert_int_equal(inet_addr_add(NULL, "10.0.0.2/24"), -1);
	assert_int_equal(inet_addr_del(NULL, "10.0.0.2/24"), -1);
	errno = 0;
	assert_int_equal(inet_neigh_add(NULL, "10.0.0.1 lladdr 2:0:0:0:0:1"),
			 -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(inet_neigh_del(NULL, "10.0.0.1"), -1);
	assert_int_equal(inet_route_add(NULL, "default via 10.0.0.1"), -1);
	assert_int_equal(inet_route_del(NULL, "default"), -1);
	EINVAL_IS(inet_socket(NULL, AF_INET, SOCK_STREAM, 0), NULL);
	EINVAL_IS(inet_addr_show(NULL, stdout), -1);
	EINVAL_IS(inet_route_show(NULL, stdout), -1);
	EINVAL_IS(inet_neigh_show(NULL, stdout), -1);
	EINVAL_IS(inet_link_show(NULL, stdout), -1);
	EINVAL_IS(inet_qdisc_show(NULL, stdout), -1);
	EINVAL_IS(inet_socket_show(NULL, stdout), -1);
	EINVAL_IS(inet_get_usage(NULL, &usage), -1);
	EINVAL_IS(inet_netdev_index(NULL), -1);
}

/* The addresses as text, one behind the other. */
static void append_address(void *arg, const struct inet_addr_info *info)
{
	char *text = arg;
	size_t n = strlen(text);

	snprintf(text + n, 256 - n, "%s %08x/%u brd %08x%s; ", info->dev->name,
		 ntohl(info->local), info->prefix_len, ntohl(info->broadcast),
		 info->secondary ? " secondary" : "");
}

static void addresses_of_all_devices_are_told_one_by_one(void **state)
{
	char text[256] = "";

	(void)state;
	assert_int_equal(inet_addr_add(f.dev, "10.0.0.3/24"), 0);
	assert_int_equal(inet_addr_add(f.dev, "10.9.0.2"), 0);
	assert_int_equal(inet_addr_each(f.net, append_address, text), 0);
	assert_string_equal(text, "lo 7f000001/8 brd 00000000; "
				  "test0 0a000002/24 brd 0a0000ff; "
				  "test0 0a090002/32 brd 00000000; "
				  "test0 0a000003/24 brd 0a0000ff secondary; ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define C(name) cmocka_unit_test_prestate_setup_teardown( \
		name, fx_setup_learned, fx_teardown, &f)
		C(dev_weight_bounds_a_poll_of_the_backlog),
		C(optmem_max_bounds_the_control_messages_of_a_call),
		C(knob_that_is_not_there_is_named),
		C(text_that_is_null_is_einval),
		C(output_that_is_null_is_einval),
		C(addresses_of_all_devices_are_told_one_by_one),
		cmocka_unit_test(stack_or_device_that_is_null_is_einval),
		cmocka_unit_test(connections_without_a_socket_are_shown),
		cmocka_unit_test(connection_is_told_of_with_its_queues_and_timer),
		cmocka_unit_test(
			listener_with_a_full_queue_counts_the_syn_as_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
