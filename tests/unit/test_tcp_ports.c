/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP when things are used up: every port towards one peer, the queues of a
 * listener; and floods of segments for ports that are closed or open.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "attack.h"
#include "core/skbuff.h"
#include "crowd.h"

#define FIRST_PORT 32768u
#define NR_PORTS 28232u		/* 32768 to 60999 */
#define SERVER_PORT 80

static struct fx f;
static struct fx_pkt p;
static struct crowd c;
static u8 frame[256];

static struct inet_usage usage(void)
{
	struct inet_usage u;

	assert_int_equal(inet_get_usage(f.net, &u), 0);
	return u;
}

/* ---- the stack connects ----------------------------------------------- */

/* What the server knows of the connection from each port. */
static struct {
	struct socket *s;
	u32 seq, ack, ts;
} conn[NR_PORTS];

/* A segment of the server, with timestamps. */
static void serve(u32 i, u8 flags)
{
	const struct fx_ip ip = { 0 };
	const struct tcp_seg_info seg = {
		.source = htons(SERVER_PORT),
		.dest = htons((u16)(FIRST_PORT + i)), .seq = conn[i].seq,
		.ack_seq = conn[i].ack, .window = 60000, .flags = flags,
	};
	__be32 opt[3] = { htonl(0x0101080a),
			  htonl((u32)(f.now_ns / FX_MS)), htonl(conn[i].ts) };

	conn[i].seq += !!(flags & (TCPHDR_SYN | TCPHDR_FIN));
	fx_inject(&f, frame, fx_build_tcp(frame, &ip, &seg, opt, sizeof(opt),
					  NULL, 0));
}

/* The next segment for the server. Return: whose it is. */
static u32 served(u8 flags)
{
	struct tcp_options_info info;
	u32 i;

	fx_expect(&f, &p);
	assert_non_null(p.tcp);
	assert_int_equal(p.tcp->flags, flags);
	i = ntohs(p.tcp->source) - FIRST_PORT;
	assert_true(i < NR_PORTS);
	tcp_options_parse(p.tcp + 1, __tcp_hdrlen(p.tcp) - TCP_HLEN_MIN,
			  p.tcp->syn, &info);
	conn[i].ts = info.rcv_tsval;
	conn[i].ack = ntohl(p.tcp->seq) + !!(flags & (TCPHDR_SYN | TCPHDR_FIN));
	return i;
}

/* connect() to the server. Return: whose place it took, or -errno. */
static int connect_one(void)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_port = htons(SERVER_PORT),
					.sin_addr.s_addr = FX_PEER };
	struct socket *s = inet_socket(f.net, AF_INET,
				       SOCK_STREAM | SOCK_NONBLOCK, 0);
	u32 i;

	assert_non_null(s);
	assert_int_equal(inet_connect(s, (const void *)&to, sizeof(to)), -1);
	if (errno != EINPROGRESS) {
		int err = errno;

		inet_close(s);
		return -err;
	}
	fx_run(&f);
	i = served(TCPHDR_SYN);
	assert_null(conn[i].s);
	conn[i].s = s;
	return (int)i;
}

/* The server answers, the application closes, the server too: TIME-WAIT. */
static void live_and_die(u32 i)
{
	conn[i].seq = 0x1000 + i;
	serve(i, TCPHDR_SYN | TCPHDR_ACK);
	assert_int_equal(served(TCPHDR_ACK), i);
	assert_int_equal(inet_close(conn[i].s), 0);
	conn[i].s = NULL;
	fx_run(&f);
	assert_int_equal(served(TCPHDR_FIN | TCPHDR_ACK), i);
	serve(i, TCPHDR_FIN | TCPHDR_ACK);
	assert_int_equal(served(TCPHDR_ACK), i);
}

/* How many ports connect() looked at so far: where the walks end is kept, and
 * that is at most 7 too many for each. */
static u32 ports_looked_at(void)
{
	const u32 *t = f.net->ipv4.tcp_hashinfo->table_perturb;
	u32 i, sum = 0;

	for (i = 0; t && i < INET_PORT_TABLE_PERTURB; i++)
		sum += t[i];
	return sum / 2;
}

/* One more than there are. */
static void expect_exhausted(void)
{
	u32 before = ports_looked_at();

	assert_int_equal(connect_one(), -EADDRNOTAVAIL);
	assert_in_range(ports_looked_at() - before, NR_PORTS,
			NR_PORTS + 8);		/* once around, no more */
	fx_expect_silence(&f);
}

/*
 * Every port is used, by a connection or by its TIME-WAIT: the next connect()
 * fails after one walk. A second later, when every timestamp is newer than the
 * last of the old connection, tcp_tw_reuse gives each of them again.
 * @attack P1 @req 9293/6056-x @req 6191-1
 */
static void ports_to_one_peer_are_used_up_and_used_again(void **state)
{
	struct inet_usage first;
	u32 i;

	(void)state;
	for (i = 0; i < NR_PORTS; i++)
		assert_true(connect_one() >= 0);
	assert_true(ports_looked_at() < 12 * NR_PORTS);
	expect_exhausted();
	for (i = 0; i < NR_PORTS; i++)
		live_and_die(i);
	first = usage();
	assert_int_equal(first.timewaits, NR_PORTS);
	expect_exhausted();
	fx_advance(&f, 2 * FX_SEC);
	expect_exhausted();		/* tcp_tw_reuse 2: loopback only */
	fx_sysctl(&f, "net.ipv4.tcp_tw_reuse", "1");
	fx_mark(&f);
	for (i = 0; i < NR_PORTS; i++) {
		int who = connect_one();

		assert_true(who >= 0);
		live_and_die((u32)who);
	}
	assert_int_equal(usage().timewaits, NR_PORTS);
	assert_true(fx_mib_delta(&f, MIB_TCP_TIMEWAITRECYCLED) == NR_PORTS);
	expect_exhausted();		/* the second has not passed again */
	assert_true(usage().mem_bytes <= first.mem_bytes + 65536);
	fx_advance(&f, 61 * FX_SEC);
	assert_int_equal(usage().timewaits, 0);
}

/* ---- floods ----------------------------------------------------------- */

/* A segment from 10.0.0.1 port @sport. */
static void flood_one(u16 sport, u16 dport, u8 flags, u32 seq)
{
	const struct fx_ip ip = { 0 };
	const struct tcp_seg_info seg = {
		.source = htons(sport), .dest = htons(dport), .seq = seq,
		.ack_seq = flags & TCPHDR_ACK ? seq * 7 : 0, .window = 1000,
		.flags = flags,
	};

	fx_inject(&f, frame, fx_build_tcp(frame, &ip, &seg, NULL, 0, NULL, 0));
}

/* 10,000 segments. Return: answers, all of them RSTs or challenge ACKs. */
static u32 flood(u16 sport, u16 dport, u8 flags)
{
	size_t live = f.net->mem.live_bytes;
	u32 i, n = 0;

	fx_advance(&f, 2 * FX_SEC);	/* the limits are fresh */
	fx_flush(&f);
	for (i = 0; i < 10000; i++) {
		flood_one(sport, dport, flags, 0x5a000000u + i);
		while (fx_pop(&f, &p)) {
			assert_true(p.tcp->rst || p.tcp->flags == TCPHDR_ACK);
			assert_false(p.tcp->syn);
			assert_int_equal(p.data_len, 0);
			n++;
		}
	}
	/* nothing is kept of it, but what the caches of packets grew by */
	assert_true(f.net->mem.live_bytes <= live + (256 << 10));
	return n;
}

/*
 * ACKs, SYN-ACKs and RSTs by the ten thousand, to a closed port, a listener, a
 * connection that is being opened and one that is open: at most as many RSTs as
 * tcp_rst_per_sec, one challenge ACK, none to a RST. @attack S3
 */
static void flood_of_segments_is_answered_at_the_limit(void **state)
{
	static const struct {
		u8 flags;
		bool reset;
	} kind[] = { { TCPHDR_ACK, true }, { TCPHDR_SYN | TCPHDR_ACK, true },
		     { TCPHDR_RST, false },
		     { TCPHDR_RST | TCPHDR_ACK, false } };
	u32 i, port;

	(void)state;
	fx_sysctl(&f, "net.ipv4.tcp_rst_per_sec", "100");
	crowd_open(&c, &f, 1);
	crowd_listen(&c, 8);
	port = FIRST_PORT + (u32)connect_one();
	for (i = 0; i < ARRAY_SIZE(kind); i++) {
		u32 want = kind[i].reset ? 100 : 0;

		assert_int_equal(flood(999, 9, kind[i].flags), want);
		assert_int_equal(flood(999, CROWD_PORT, kind[i].flags), want);
		/* SYN-SENT: our SYN again now and then beside it */
		assert_int_equal(flood(SERVER_PORT, (u16)port, kind[i].flags),
				 want);
	}
	conn[port - FIRST_PORT].seq = 0x1000;
	serve(port - FIRST_PORT, TCPHDR_SYN | TCPHDR_ACK);
	assert_int_equal(served(TCPHDR_ACK), port - FIRST_PORT);
	for (i = 0; i < ARRAY_SIZE(kind); i++)
		assert_true(flood(SERVER_PORT, (u16)port, kind[i].flags) <= 1);
	assert_int_equal(conn[port - FIRST_PORT].s->sk->sk_state,
			 TCP_ESTABLISHED);
	inet_close(conn[port - FIRST_PORT].s);
	crowd_close(&c);
}

/* ---- a listener ends -------------------------------------------------- */

/*
 * It closes with a thousand handshakes half done and as many connections not
 * accepted, in the middle of a flood: those that exist get a RST, the ACKs of
 * the others find nobody, and nothing is left. @attack S8 @attack P7
 */
static void listener_closed_under_a_syn_flood(void **state)
{
	const u32 nr = 1000;
	u32 i, resets = 0;

	(void)state;
	crowd_open(&c, &f, 4 * nr);
	crowd_listen(&c, (int)nr);
	for (i = 0; i < 2 * nr; i++) {		/* these finish */
		crowd_send(&c, i, TCPHDR_SYN, NULL, 0);
		if (i < nr && crowd_hear(&c))
			crowd_send(&c, i, TCPHDR_ACK, NULL, 0);
	}
	crowd_hear(&c);
	assert_int_equal(c.l->sk->sk_ack_backlog, nr);
	assert_int_equal(reqsk_queue_len(
		&inet_csk(c.l->sk)->icsk_accept_queue), nr);
	assert_int_equal(inet_close(c.l), 0);
	c.l = NULL;
	fx_run(&f);
	crowd_hear(&c);
	for (i = 0; i < nr; i++)
		resets += !!(c.conn[i].heard & TCPHDR_RST);
	assert_int_equal(resets, nr);
	for (i = nr; i < 2 * nr; i++)		/* too late */
		crowd_send(&c, i, TCPHDR_ACK, NULL, 0);
	for (i = 2 * nr; i < 4 * nr; i++)	/* and the flood goes on */
		crowd_send(&c, i, TCPHDR_SYN, NULL, 0);
	crowd_hear(&c);
	for (i = nr; i < 2 * nr; i++)
		assert_true(c.conn[i].heard & TCPHDR_RST);
	assert_int_equal(usage().sockets, 1);	/* the canary */
	fx_advance(&f, 70 * FX_SEC);
	assert_int_equal(f.net->ipv4.tcp_hashinfo->ehash_count, 1);
	crowd_close(&c);
}

int main(void)
{
#define T(name) cmocka_unit_test_prestate_setup_teardown( \
		name, attack_setup_learned, fx_teardown, &f)
	const struct CMUnitTest tests[] = {
		T(ports_to_one_peer_are_used_up_and_used_again),
		T(flood_of_segments_is_answered_at_the_limit),
		T(listener_closed_under_a_syn_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
