/* SPDX-License-Identifier: BSD-2-Clause */
/* Congestion controls on a path with a rate, a queue and a distance: two stacks on a
 * clock that the test sets, and what of the rate they used. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <netinet/tcp.h>
#include <string.h>

#include <inet/control.h>
#include <inet/inet.h>
#include <inet/netdev.h>
#include <inet/socket.h>

#include "lib/compiler.h"

#define MS 1000000ull
#define SEC (1000 * MS)
#define RATE 200000000ull	/* bits a second */
#define QUEUE 300000u
#define ONE_WAY (10 * MS)
#define LASTS (5 * SEC)
#define TICK (MS / 50)		/* not more often */

struct path {
	u64 now_ns;
	struct inet_env env;
	struct net *a, *b;
	struct inet_wire *wire;
	struct socket *l, *s, *r;
	u64 read;
};

static u64 path_now(void *opaque)
{
	return ((struct path *)opaque)->now_ns;
}

/* The same numbers each time. */
static void path_random(void *opaque, void *buf, size_t len)
{
	(void)opaque;
	memset(buf, 0x5a, len);
}

static struct net *path_stack(struct path *p)
{
	const struct inet_config cfg = {
		.size = sizeof(cfg), .mode = INET_SIMULATED,
		.nr_frames = 16384, .env = &p->env,
	};
	struct net *net = inet_create(&cfg);

	assert_non_null(net);
	assert_int_equal(inet_sysctl_set(net, "net.ipv4.tcp_wmem",
					 "4096 16777216 16777216"), 0);
	assert_int_equal(inet_sysctl_set(net, "net.ipv4.tcp_rmem",
					 "4096 16777216 16777216"), 0);
	return net;
}

static void path_settle(struct path *p)
{
	for (u32 quiet = 0; quiet < 3;)
		quiet = inet_run(p->a, 0) + inet_run(p->b, 0) ? 0 : quiet + 1;
}

/* The application: writes what there is room for, reads what has come. */
static void path_work(struct path *p)
{
	static char text[65536];
	ssize_t n;

	while (inet_send(p->s, text, sizeof(text), MSG_DONTWAIT) > 0)
		;
	while ((n = inet_recv(p->r, text, sizeof(text), MSG_DONTWAIT)) > 0)
		p->read += (u64)n;
}

/* Until the next event, at most until @end. */
static void path_step(struct path *p, u64 end)
{
	s64 a = inet_next_timeout_ns(p->a), b = inet_next_timeout_ns(p->b);
	u64 step = end - p->now_ns;

	if (a >= 0 && (u64)a < step)
		step = (u64)a;
	if (b >= 0 && (u64)b < step)
		step = (u64)b;
	p->now_ns += step < TICK ? TICK : step;
	path_settle(p);
}

static struct socket *path_socket(struct net *net)
{
	struct socket *s = inet_socket(net, AF_INET, SOCK_STREAM, 0);

	assert_non_null(s);
	assert_int_equal(inet_set_nonblock(s, 1), 0);
	return s;
}

static void path_open(struct path *p, const char *ca,
		      const struct inet_fault_config *faults)
{
	struct inet_wire_config cfg = { .size = sizeof(cfg),
					.ring_frames = 4096,
					.mac_a = { 2, 0, 0, 0, 0, 1 },
					.mac_b = { 2, 0, 0, 0, 0, 2 } };
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(7) };

	*p = (struct path){ .now_ns = SEC };
	p->env = *inet_env_default();
	p->env.opaque = p;
	p->env.now = path_now;
	p->env.random = path_random;
	cfg.a_to_b = *faults;
	cfg.a_to_b.seed = 1;
	cfg.a_to_b.rate_bps = RATE;
	cfg.a_to_b.queue_bytes = QUEUE;
	cfg.a_to_b.delay_ns = cfg.b_to_a.delay_ns = ONE_WAY;
	p->a = path_stack(p);
	p->b = path_stack(p);
	p->wire = inet_wire_connect(p->a, "w0", p->b, "w0", &cfg);
	assert_non_null(p->wire);
	inet_addr_add(inet_wire_device(p->wire, 'a'), "10.0.0.1/24");
	inet_addr_add(inet_wire_device(p->wire, 'b'), "10.0.0.2/24");
	inet_netdev_up(inet_wire_device(p->wire, 'a'));
	inet_netdev_up(inet_wire_device(p->wire, 'b'));
	assert_int_equal(inet_sysctl_set(p->a,
				"net.ipv4.tcp_congestion_control", ca), 0);
	p->l = path_socket(p->b);
	p->s = path_socket(p->a);
	inet_pton(AF_INET, "10.0.0.2", &to.sin_addr);
	assert_int_equal(inet_bind(p->l, (void *)&to, sizeof(to)), 0);
	assert_int_equal(inet_listen(p->l, 1), 0);
	inet_connect(p->s, (void *)&to, sizeof(to));
	while (!(p->r = inet_accept(p->l, NULL, NULL)))
		path_step(p, p->now_ns + MS);
	inet_set_nonblock(p->r, 1);
}

static void path_close(struct path *p)
{
	inet_close(p->s);
	inet_close(p->r);
	inet_close(p->l);
	inet_wire_close(p->wire);
	inet_destroy(p->a);
	inet_destroy(p->b);
}

/* Mbit/s of text over LASTS; *@rtt_us: the last smoothed round trip. */
static u32 goodput(const char *ca, const struct inet_fault_config *faults,
		   u32 *rtt_us)
{
	socklen_t len = sizeof(struct tcp_info);
	struct tcp_info info;
	struct path p;
	u64 end;

	path_open(&p, ca, faults);
	for (end = p.now_ns + LASTS; p.now_ns < end; path_step(&p, end))
		path_work(&p);
	inet_getsockopt(p.s, IPPROTO_TCP, TCP_INFO, &info, &len);
	*rtt_us = info.tcpi_rtt;
	path_close(&p);
	return (u32)(p.read * 8 / (LASTS / 1000));
}

/* Least Mbit/s of each on a clean path, with 1 % of the packets 3 ms late, with 1 %
 * lost. */
static void each_uses_the_path(void **st)
{
	static const struct inet_fault_config faults[] = {
		{ .rate_bps = 0 },
		{ .reorder_ppm = 10000, .reorder_ns = 3 * MS },
		{ .loss_ppm = 10000 },
	};
	static const struct {
		const char *ca;
		u32 least[3];
	} rows[] = {
		{ "reno", { 150, 120, 3 } },
		{ "cubic", { 170, 170, 3 } },
		{ "bbr", { 175, 175, 170 } },
	};
	u32 mbit, rtt_us, i, j;

	(void)st;
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		for (j = 0; j < ARRAY_SIZE(faults); j++) {
			mbit = goodput(rows[i].ca, &faults[j], &rtt_us);
			print_message("# %s: %u Mbit/s, %u us\n", rows[i].ca,
				      mbit, rtt_us);
			assert_in_range(mbit, rows[i].least[j], 200);
		}
}

/* What TCP_INFO shows; Linux's layout goes on behind libc's. */
static void path_info(struct path *p, struct tcp_info *info, u64 *pacing_rate)
{
	u8 all[sizeof(*info) + sizeof(*pacing_rate)];
	socklen_t len = sizeof(all);

	assert_int_equal(inet_getsockopt(p->s, IPPROTO_TCP, TCP_INFO, all,
					 &len), 0);
	memcpy(info, all, sizeof(*info));
	memcpy(pacing_rate, all + sizeof(*info), sizeof(*pacing_rate));
}

/* BBR says the same of the path: its bandwidth, in octets, and its round trip. */
static void path_bbr_is_right(const struct path *p)
{
	struct tcp_bbr_info info = { 0 };
	socklen_t len = sizeof(info);
	u64 bw;

	assert_int_equal(inet_getsockopt(p->s, IPPROTO_TCP, TCP_CC_INFO, &info,
					 &len), 0);
	assert_int_equal(len, sizeof(info));
	bw = (u64)info.bbr_bw_hi << 32 | info.bbr_bw_lo;
	assert_in_range(bw, RATE / 8 * 9 / 10, RATE / 8 * 11 / 10);
	assert_in_range(info.bbr_min_rtt, 20000, 21000);
	assert_in_range(info.bbr_pacing_gain, 192, 320);
	assert_int_equal(info.bbr_cwnd_gain, 512);
}

/* Text leaves at the rate of the path, a quarter more or less, and the queue that
 * the start made is gone; after ten seconds without a shorter round trip the window
 * is four packets for 200 ms, and then what it was. */
static void bbr_finds_the_rate_and_the_round_trip(void **st)
{
	static const struct inet_fault_config clean;
	u64 end, small = 0, last, rate;
	struct tcp_info info;
	struct path p;
	u32 before;

	(void)st;
	path_open(&p, "bbr", &clean);
	for (end = p.now_ns + 2 * SEC; p.now_ns < end; path_step(&p, end))
		path_work(&p);
	path_info(&p, &info, &rate);
	assert_in_range(rate, RATE / 8 * 7 / 10, RATE / 8 * 13 / 10);
	assert_in_range(info.tcpi_rtt, 20000, 28000);
	path_bbr_is_right(&p);
	before = info.tcpi_snd_cwnd;
	assert_in_range(before, 340, 1100);	/* the path holds 345 */
	for (end = p.now_ns + 10 * SEC; p.now_ns < end;) {
		path_work(&p);
		last = p.now_ns;
		path_step(&p, end);
		path_info(&p, &info, &rate);
		if (info.tcpi_snd_cwnd <= 4)
			small += p.now_ns - last;
	}
	assert_in_range(small, 200 * MS, 300 * MS);
	path_info(&p, &info, &rate);
	assert_in_range(info.tcpi_snd_cwnd, 340, 1100);
	assert_in_range(rate, RATE / 8 * 7 / 10, RATE / 8 * 13 / 10);
	path_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_uses_the_path),
		cmocka_unit_test(bbr_finds_the_rate_and_the_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
