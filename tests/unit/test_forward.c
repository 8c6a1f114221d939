/* SPDX-License-Identifier: BSD-2-Clause */
/* Forwarders of TCP: requests, verdicts, limits, ends. */
#include "unit.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>

#include "api/verify.h"
#include "forward_lab.h"
#include "ipv4/tcp.h"
#include "sockets.h"

#define PORT 8080
#define PEER_PORT 40000
#define ISS 1000u
#define MS FX_MS

/* A segment from @saddr:@sport to @daddr:PORT, absolute numbers. */
struct segment {
	__be32 saddr, daddr;	/* 0: the peer, the foreign address */
	u16 sport, dport;	/* 0: PEER_PORT, PORT */
	u8 flags;
	u32 seq, ack;
	const char *text;
	bool plain;		/* a SYN without options */
};

/* Return: octets of the frame of @g. */
static u32 build(u8 *frame, struct segment g)
{
	static const u8 opt[] = {	/* MSS 1400, SACK, window scaling 7 */
		2, 4, 0x05, 0x78, 4, 2, 1, 1, 3, 3, 7, 1 };
	const struct fx_ip ip = {
		.saddr = g.saddr ? g.saddr : FX_PEER,
		.daddr = g.daddr ? g.daddr : FOREIGN,
		.proto = IPPROTO_TCP };
	const struct tcp_seg_info seg = {
		.source = htons(g.sport ? g.sport : PEER_PORT),
		.dest = htons(g.dport ? g.dport : PORT),
		.seq = g.seq, .ack_seq = g.ack, .window = 5000,
		.flags = g.flags };
	bool with = g.flags == TCPHDR_SYN && !g.plain;

	return fx_build_tcp(frame, &ip, &seg, opt, with ? sizeof(opt) : 0,
			    g.text, g.text ? (u32)strlen(g.text) : 0);
}

static void put(struct lab *l, struct segment g)
{
	u8 frame[256];

	fx_inject(&l->f, frame, build(frame, g));
}

/* Without running. */
static void queue(struct lab *l, struct segment g)
{
	u8 frame[256];

	fx_queue(&l->f, l->f.dev, frame, build(frame, g));
}

static void put_syn(struct lab *l)
{
	put(l, (struct segment){ .flags = TCPHDR_SYN, .seq = ISS });
}

/* The next segment of the stack has @flags and the names of the flow. */
static void expect(struct lab *l, u8 flags)
{
	fx_expect(&l->f, &l->p);
	assert_non_null(l->p.tcp);
	assert_int_equal(tcp_flag_byte(l->p.tcp), flags);
	assert_int_equal(l->p.ip->saddr, FOREIGN);
	assert_int_equal(l->p.ip->daddr, FX_PEER);
	assert_int_equal(ntohs(l->p.tcp->source), PORT);
	assert_int_equal(ntohs(l->p.tcp->dest), PEER_PORT);
}

static void expect_synack(struct lab *l)
{
	expect(l, TCPHDR_SYN | TCPHDR_ACK);
	assert_int_equal(ntohl(l->p.tcp->ack_seq), ISS + 1);
	l->irs = ntohl(l->p.tcp->seq);
}

/* Its options. */
static void synack_options(const struct lab *l, struct tcp_options_info *info)
{
	tcp_options_parse(l->p.tcp + 1,
			  __tcp_hdrlen(l->p.tcp) - TCP_HLEN_MIN, true, info);
}

static void put_ack(struct lab *l, const char *text)
{
	put(l, (struct segment){ .flags = TCPHDR_ACK, .seq = ISS + 1,
				 .ack = l->irs + 1, .text = text });
}

static void put_rst(struct lab *l, u32 seq)
{
	put(l, (struct segment){ .flags = TCPHDR_RST, .seq = seq });
}

static void decide_reset(struct lab *l)
{
	assert_int_equal(inet_forward_reset(l->fwd, l->req.id), 0);
}

/* errno of inet_forward_accept(), which must fail. */
static int accept_error(struct lab *l, u64 id)
{
	assert_null(inet_forward_accept(l->fwd, id, 0));
	return errno;
}

/* ---- requests --------------------------------------------------------- */

static void request_says_what_the_syn_says(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	put_syn(&l);
	assert_int_equal(l.nr_req, 1);
	assert_true(l.req.id);
	assert_int_equal(l.req.src.sin_addr.s_addr, FX_PEER);
	assert_int_equal(ntohs(l.req.src.sin_port), PEER_PORT);
	assert_int_equal(l.req.dst.sin_addr.s_addr, FOREIGN);
	assert_int_equal(ntohs(l.req.dst.sin_port), PORT);
	assert_int_equal(l.req.ifindex, l.f.dev->ifindex);
	assert_int_equal(l.req.protocol, IPPROTO_TCP);
	assert_int_equal(l.req.ttl, 64);
	assert_int_equal(l.req.mss, 1400);
	assert_int_equal(l.req.window, 5000);
	assert_true(l.req.sack && l.req.window_scaling);
	assert_false(l.req.timestamps || l.req.ecn);
	fx_expect_silence(&l.f);		/* nothing is said before the verdict */
	fx_assert_no_drops(&l.f);
	assert_int_equal(lab_stats(&l).held, 1);
	lab_close(&l);
}

static void request_without_options_has_no_mss(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	put(&l, (struct segment){ .flags = TCPHDR_SYN, .seq = ISS,
				  .plain = true });
	assert_int_equal(l.nr_req, 1);
	assert_int_equal(l.req.mss, 0);
	assert_false(l.req.sack || l.req.window_scaling);
	lab_close(&l);
}

/* Not a SYN alone: as where nobody listens. */
static void no_syn_is_reset(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	put(&l, (struct segment){ .flags = TCPHDR_ACK, .seq = 5, .ack = 9 });
	expect(&l, TCPHDR_RST);
	put(&l, (struct segment){ .flags = TCPHDR_SYN | TCPHDR_FIN, .seq = 5 });
	expect(&l, TCPHDR_RST | TCPHDR_ACK);
	put_rst(&l, 5);
	fx_expect_silence(&l.f);
	assert_int_equal(l.nr_req, 0);
	lab_close(&l);
}

/* Nobody can answer to port 0, nor have it. */
static void port_0_is_reset(void **state)
{
	const struct fx_ip ip = { .daddr = FOREIGN, .proto = IPPROTO_TCP };
	struct tcp_seg_info seg = { .source = htons(PEER_PORT), .seq = ISS,
				    .flags = TCPHDR_SYN };
	struct lab l;
	u8 frame[128];
	int i;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	for (i = 0; i < 2; i++) {
		fx_inject(&l.f, frame,
			  fx_build_tcp(frame, &ip, &seg, NULL, 0, NULL, 0));
		fx_expect(&l.f, &l.p);
		assert_true(l.p.tcp->rst);
		seg.dest = seg.source;
		seg.source = 0;
	}
	assert_int_equal(l.nr_req, 0);
	lab_close(&l);
}

static void syn_of_many_is_dropped(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	put(&l, (struct segment){ .flags = TCPHDR_SYN, .seq = ISS,
				  .daddr = FX_ADDR(10, 0, 0, 255) });
	assert_int_equal(l.nr_req, 0);
	fx_expect_silence(&l.f);
	lab_close(&l);
}

/* The same number is absorbed, another one is another request. */
static void syn_again_is_absorbed(void **state)
{
	struct lab l;
	u64 first;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	put_syn(&l);
	first = l.req.id;
	fx_mark(&l.f);
	put_syn(&l);
	fx_assert_dropped(&l.f, SKB_DROP_REASON_FORWARD_HELD, 1);
	assert_int_equal(l.nr_req, 1);
	assert_int_equal(lab_stats(&l).absorbed, 1);
	put(&l, (struct segment){ .flags = TCPHDR_SYN, .seq = ISS + 77 });
	assert_int_equal(l.nr_req, 2);
	assert_true(l.req.id != first);
	assert_int_equal(accept_error(&l, first), ENOENT);
	assert_int_equal(lab_stats(&l).gave_up, 1);
	assert_int_equal(lab_stats(&l).held, 1);
	lab_close(&l);
}

static void reset_ends_the_request(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	put_syn(&l);
	put_rst(&l, ISS + 100);			/* a blind one */
	assert_int_equal(lab_stats(&l).held, 1);
	put_rst(&l, ISS + 1);
	assert_int_equal(lab_stats(&l).held, 0);
	assert_int_equal(lab_stats(&l).gave_up, 1);
	assert_int_equal(accept_error(&l, l.req.id), ENOENT);
	put_syn(&l);
	put_rst(&l, ISS);
	assert_int_equal(lab_stats(&l).gave_up, 2);
	put_rst(&l, ISS);			/* there is none any more */
	fx_expect_silence(&l.f);
	lab_close(&l);
}

/* Who has given up before the packets of one poll are done with. */
static void reset_at_once_asks_nobody(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	queue(&l, (struct segment){ .flags = TCPHDR_SYN, .seq = ISS });
	queue(&l, (struct segment){ .flags = TCPHDR_RST, .seq = ISS + 1 });
	fx_run(&l.f);
	assert_int_equal(l.nr_req, 0);
	assert_int_equal(lab_stats(&l).gave_up, 1);
	assert_int_equal(lab_stats(&l).held, 0);
	fx_expect_silence(&l.f);
	lab_close(&l);
}

static void request_expires(void **state)
{
	struct inet_forward_options o = lab_options();
	struct lab l;

	(void)state;
	o.hold_ms = 300;
	lab_open(&l, IPPROTO_TCP, &o);
	put_syn(&l);
	fx_advance(&l.f, 290 * MS);
	assert_int_equal(lab_stats(&l).held, 1);
	fx_advance(&l.f, 20 * MS);
	assert_int_equal(lab_stats(&l).held, 0);
	assert_int_equal(lab_stats(&l).expired, 1);
	assert_int_equal(accept_error(&l, l.req.id), ENOENT);
	assert_int_equal(inet_forward_reset(l.fwd, l.req.id), -1);
	assert_int_equal(errno, ENOENT);
	fx_expect_silence(&l.f);
	put_syn(&l);				/* it comes again: asked again */
	assert_int_equal(l.nr_req, 2);
	lab_close(&l);
}

/* ---- verdicts --------------------------------------------------------- */

/* Bytes both ways over an accepted connection, and a close. */
static void talk(struct lab *l)
{
	char buf[16];

	put_ack(l, "hello");
	assert_int_equal(sk_poll(l->s), POLLIN | POLLOUT);
	assert_int_equal(sk_recv(l->s, buf, sizeof(buf), 0), 5);
	assert_memory_equal(buf, "hello", 5);
	fx_flush(&l->f);
	assert_int_equal(sk_send(l->s, "world!", 6), 6);
	fx_run(&l->f);
	expect(l, TCPHDR_PSH | TCPHDR_ACK);
	assert_int_equal(l->p.data_len, 6);
	put(l, (struct segment){ .flags = TCPHDR_ACK, .seq = ISS + 6,
				 .ack = l->irs + 7 });
	net_verify(l->f.net);
}

static void accept_in_the_callback_opens(void **state)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	l.decide = lab_accept;
	put_syn(&l);
	expect_synack(&l);
	assert_int_equal(lab_stats(&l).open, 1);
	assert_int_equal(sk_poll(l.s), 0);
	net_verify(l.f.net);
	put_ack(&l, NULL);
	assert_int_equal(sk_poll(l.s), POLLOUT);
	assert_int_equal(lab_stats(&l).open, 0);
	assert_int_equal(lab_stats(&l).accepted, 1);
	assert_int_equal(inet_getsockname(l.s, (struct sockaddr *)&a, &len), 0);
	assert_int_equal(a.sin_addr.s_addr, FOREIGN);
	assert_int_equal(ntohs(a.sin_port), PORT);
	assert_int_equal(inet_getpeername(l.s, (struct sockaddr *)&a, &len), 0);
	assert_int_equal(a.sin_addr.s_addr, FX_PEER);
	assert_int_equal(ntohs(a.sin_port), PEER_PORT);
	talk(&l);
	lab_close(&l);
}

/* The SYN-ACK answers the options of the SYN. */
static void accept_later_opens(void **state)
{
	struct tcp_options_info info;
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	put_syn(&l);
	fx_advance(&l.f, 3 * FX_SEC);
	lab_accept(&l);
	fx_run(&l.f);
	expect_synack(&l);
	synack_options(&l, &info);
	assert_int_equal(info.mss, 1460);
	assert_true(info.sack_ok && info.wscale_ok && !info.saw_tstamp);
	assert_int_equal(accept_error(&l, l.req.id), ENOENT);	/* once */
	talk(&l);
	lab_close(&l);
}

static void accept_answers_a_plain_syn_plainly(void **state)
{
	struct tcp_options_info info;
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	l.decide = lab_accept;
	put(&l, (struct segment){ .flags = TCPHDR_SYN, .seq = ISS,
				  .plain = true });
	expect_synack(&l);
	synack_options(&l, &info);
	assert_false(info.sack_ok || info.wscale_ok || info.saw_tstamp);
	talk(&l);
	lab_close(&l);
}

/* The SYN-ACK was lost: at once when the SYN comes again, and by the timer. */
static void accepted_syn_again_gets_the_synack_again(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	l.decide = lab_accept;
	put_syn(&l);
	expect_synack(&l);
	put_syn(&l);
	expect_synack(&l);
	fx_advance(&l.f, 1100 * MS);
	expect_synack(&l);
	assert_int_equal(l.nr_req, 1);
	talk(&l);
	lab_close(&l);
}

/* @attack S4 */
static void accepted_handshake_gives_up(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	l.decide = lab_accept;
	fx_sysctl(&l.f, "net.ipv4.tcp_synack_retries", "2");
	put_syn(&l);
	fx_advance(&l.f, 30 * FX_SEC);
	assert_int_equal(fx_flush(&l.f), 3);
	assert_true(sk_poll(l.s) & POLLHUP);
	assert_int_equal(sk_get(l.s, SOL_SOCKET, SO_ERROR), ETIMEDOUT);
	assert_int_equal(lab_stats(&l).open, 0);
	lab_close(&l);
}

static void accepted_handshake_is_reset(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	l.decide = lab_accept;
	put_syn(&l);
	expect_synack(&l);
	put_rst(&l, ISS + 1);
	assert_int_equal(sk_get(l.s, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
	assert_int_equal(lab_stats(&l).open, 0);
	lab_close(&l);
}

/* Closed before the handshake is over: it is still a connection, which ends. */
static void accepted_and_closed_at_once(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	l.decide = lab_accept;
	put_syn(&l);
	expect_synack(&l);
	assert_int_equal(inet_close(l.s), 0);
	l.s = NULL;
	assert_int_equal(lab_stats(&l).open, 1);	/* an orphan, but of ours */
	net_verify(l.f.net);
	put_ack(&l, NULL);
	assert_int_equal(lab_stats(&l).open, 0);
	expect(&l, TCPHDR_FIN | TCPHDR_ACK);
	lab_close(&l);
}

static void reject_resets_from_the_foreign_address(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	l.decide = decide_reset;
	put_syn(&l);
	expect(&l, TCPHDR_RST | TCPHDR_ACK);
	assert_int_equal(ntohl(l.p.tcp->ack_seq), ISS + 1);
	assert_int_equal(lab_stats(&l).rejected, 1);
	assert_int_equal(lab_stats(&l).held, 0);
	l.decide = NULL;			/* and later */
	put_syn(&l);
	fx_advance(&l.f, FX_SEC);
	decide_reset(&l);
	fx_run(&l.f);
	expect(&l, TCPHDR_RST | TCPHDR_ACK);
	fx_assert_no_drops(&l.f);
	lab_close(&l);
}

static void reject_by_icmp_quotes_the_syn(void **state)
{
	const struct iphdr *quoted;
	struct tcphdr th;
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	put_syn(&l);
	assert_int_equal(inet_forward_unreachable(l.fwd, l.req.id,
						  ICMP_PKT_FILTERED), 0);
	fx_run(&l.f);
	fx_expect(&l.f, &l.p);
	assert_non_null(l.p.icmp);
	assert_int_equal(l.p.ip->saddr, FOREIGN);
	assert_int_equal(l.p.icmp->type, ICMP_DEST_UNREACH);
	assert_int_equal(l.p.icmp->code, ICMP_PKT_FILTERED);
	quoted = (const struct iphdr *)l.p.data;
	assert_int_equal(quoted->saddr, FX_PEER);
	assert_int_equal(quoted->daddr, FOREIGN);
	memcpy(&th, l.p.data + sizeof(*quoted), sizeof(th));
	assert_int_equal(ntohl(th.seq), ISS);
	assert_int_equal(ntohs(th.dest), PORT);
	assert_int_equal(lab_stats(&l).rejected, 1);
	put_syn(&l);
	assert_int_equal(inet_forward_unreachable(l.fwd, l.req.id,
						  ICMP_FRAG_NEEDED), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(inet_forward_unreachable(l.fwd, l.req.id, 16), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(lab_stats(&l).held, 1);
	lab_close(&l);
}

static void drop_says_nothing(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	put_syn(&l);
	assert_int_equal(inet_forward_drop(l.fwd, l.req.id), 0);
	assert_int_equal(inet_forward_drop(l.fwd, l.req.id), -1);
	assert_int_equal(errno, ENOENT);
	fx_expect_silence(&l.f);
	assert_int_equal(lab_stats(&l).dropped, 1);
	put_syn(&l);
	assert_int_equal(l.nr_req, 2);
	lab_close(&l);
}

/* The device went away: no way to say anything. */
static void accept_without_a_device_is_refused(void **state)
{
	struct inet_forward_options o = lab_options();
	struct net_device *dev;
	struct lab l;
	u8 frame[128];
	u32 len;
	const struct fx_ip ip = { .daddr = FOREIGN, .proto = IPPROTO_TCP,
				  .saddr = FX_ADDR(10, 1, 0, 1) };
	const struct tcp_seg_info seg = { .source = htons(1), .dest = htons(2),
					  .flags = TCPHDR_SYN, .seq = ISS };

	(void)state;
	lab_open(&l, IPPROTO_TCP, &o);
	dev = fx_add_dev(&l.f, "test1", fx_mac, "10.1.0.2/24");
	len = fx_build_tcp(frame, &ip, &seg, NULL, 0, NULL, 0);
	fx_inject_on(&l.f, dev, frame, len);
	assert_int_equal(l.nr_req, 1);
	assert_int_equal(inet_netdev_down(dev), 0);
	assert_null(inet_forward_accept(l.fwd, l.req.id, 0));
	assert_int_equal(errno, ENETUNREACH);
	assert_int_equal(lab_stats(&l).held, 1);		/* still */
	assert_int_equal(inet_forward_drop(l.fwd, l.req.id), 0);
	lab_close(&l);
}

/* Two sockets of one tuple cannot be: the second is refused and nothing is left. */
static void accept_of_a_taken_tuple_is_refused(void **state)
{
	struct lab l;
	struct socket *s;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	put_syn(&l);
	s = inet_socket(l.f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(sk_set(s, IPPROTO_IP, IP_TRANSPARENT, 1), 0);
	assert_int_equal(sk_bind(s, FOREIGN_HOST, PORT), 0);
	assert_int_equal(sk_connect(s, SK_PEER, PEER_PORT), -EINPROGRESS);
	assert_int_equal(accept_error(&l, l.req.id), EADDRINUSE);
	assert_int_equal(lab_stats(&l).held, 1);
	net_verify(l.f.net);
	inet_close(s);
	lab_accept(&l);			/* now it is free */
	lab_close(&l);
}

/* ---- TIME-WAIT -------------------------------------------------------- */

/* The stack closes first; the names are used again at once. */
static void time_wait_is_reopened(void **state)
{
	struct lab l;
	u32 old;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	l.decide = lab_accept;
	put_syn(&l);
	expect_synack(&l);
	old = l.irs;
	put_ack(&l, NULL);
	inet_close(l.s);
	l.s = NULL;
	fx_run(&l.f);
	expect(&l, TCPHDR_FIN | TCPHDR_ACK);
	put(&l, (struct segment){ .flags = TCPHDR_FIN | TCPHDR_ACK,
				  .seq = ISS + 1, .ack = l.irs + 2 });
	expect(&l, TCPHDR_ACK);
	put(&l, (struct segment){ .flags = TCPHDR_SYN, .seq = ISS + 1000 });
	assert_int_equal(l.nr_req, 2);
	expect(&l, TCPHDR_SYN | TCPHDR_ACK);
	assert_true((s32)(ntohl(l.p.tcp->seq) - old) > 65535);
	lab_close(&l);
}

/* ---- who is asked ----------------------------------------------------- */

static struct socket *listener(struct lab *l, u32 addr, bool transparent)
{
	struct socket *s = inet_socket(l->f.net, AF_INET,
				       SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_non_null(s);
	assert_int_equal(sk_set(s, IPPROTO_IP, IP_TRANSPARENT, transparent), 0);
	assert_int_equal(sk_set(s, SOL_SOCKET, SO_REUSEADDR, 1), 0);
	assert_int_equal(sk_bind(s, addr, PORT), 0);
	assert_int_equal(inet_listen(s, 5), 0);
	return s;
}

/* @addr's listener is asked and not the forwarder, or the other way round. */
static void who_is_asked(u32 addr, bool transparent, bool listens)
{
	struct socket *s, *c;
	struct lab l;

	lab_open(&l, IPPROTO_TCP, NULL);
	s = listener(&l, addr, transparent);
	put_syn(&l);
	assert_int_equal(l.nr_req, !listens);
	if (listens) {
		expect_synack(&l);
		put_ack(&l, NULL);
		c = inet_accept(s, NULL, NULL);
		assert_non_null(c);
		inet_close(c);
		fx_run(&l.f);
		expect(&l, TCPHDR_FIN | TCPHDR_ACK);
	}
	fx_flush(&l.f);
	inet_close(s);
	lab_close(&l);
}

static void listener_of_the_address_is_asked_first(void **state)
{
	(void)state;
	who_is_asked(FOREIGN_HOST, true, true);
	who_is_asked(0, true, true);		/* TPROXY's way */
}

static void listener_of_no_address_is_for_own_addresses(void **state)
{
	(void)state;
	who_is_asked(0, false, false);
}

static void own_addresses_are_asked_about_only_with_own(void **state)
{
	const struct segment syn = { .flags = TCPHDR_SYN, .seq = ISS,
				     .daddr = FX_IP };
	struct inet_forward_options o = lab_options();
	struct socket *s;
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	put(&l, syn);
	assert_int_equal(l.nr_req, 0);
	fx_expect(&l.f, &l.p);
	assert_true(l.p.tcp->rst);
	lab_close(&l);

	o.own = true;
	lab_open(&l, IPPROTO_TCP, &o);
	l.decide = lab_accept;
	put(&l, syn);
	assert_int_equal(l.nr_req, 1);
	fx_expect(&l.f, &l.p);
	assert_int_equal(l.p.ip->saddr, FX_IP);
	assert_true(l.p.tcp->syn && l.p.tcp->ack);
	inet_close(l.s);
	l.s = NULL;
	s = listener(&l, 0, false);
	put(&l, (struct segment){ .flags = TCPHDR_SYN, .seq = ISS,
				  .sport = 5, .daddr = FX_IP });
	assert_int_equal(l.nr_req, 1);
	fx_flush(&l.f);
	inet_close(s);
	lab_close(&l);
}

/* A device of its own, all others, and none twice. */
static void forwarders_are_told_apart_by_device(void **state)
{
	struct inet_forward_options o = lab_options();
	struct inet_forwarder *other;
	struct lab l, l2 = { 0 };

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	assert_null(inet_tcp_forwarder(l.f.net, NULL, lab_asked, &l2));
	assert_int_equal(errno, EEXIST);
	o.dev = "test0";
	other = inet_tcp_forwarder(l.f.net, &o, lab_asked, &l2);
	assert_non_null(other);
	assert_null(inet_tcp_forwarder(l.f.net, &o, lab_asked, &l2));
	assert_int_equal(errno, EEXIST);
	put_syn(&l);
	assert_int_equal(l.nr_req, 0);
	assert_int_equal(l2.nr_req, 1);
	inet_forwarder_destroy(other);
	put(&l, (struct segment){ .flags = TCPHDR_SYN, .seq = ISS, .sport = 9 });
	assert_int_equal(l.nr_req, 1);
	lab_close(&l);
}

/* Loopback is no device of a forwarder for all. */
static void loopback_is_not_asked_about(void **state)
{
	struct inet_forward_options o = lab_options();
	struct socket *s;
	struct lab l;

	(void)state;
	o.own = true;
	lab_open(&l, IPPROTO_TCP, &o);
	s = inet_socket(l.f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	sk_connect(s, SK_LOOPBACK, PORT);
	fx_run(&l.f);
	assert_int_equal(sk_get(s, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
	assert_int_equal(l.nr_req, 0);
	inet_close(s);
	lab_close(&l);
}

static void wrong_options_are_refused(void **state)
{
	struct inet_forward_options o;
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	o = lab_options();
	o.size = 4;
	assert_null(inet_tcp_forwarder(l.f.net, &o, lab_asked, NULL));
	assert_int_equal(errno, EINVAL);
	assert_non_null(strstr(inet_strerror(l.f.net), "size"));
	o = lab_options();
	o.dev = "none0";
	assert_null(inet_tcp_forwarder(l.f.net, &o, lab_asked, NULL));
	assert_int_equal(errno, ENODEV);
	assert_non_null(strstr(inet_strerror(l.f.net), "none0"));
	o = lab_options();
	o.max_flows = 65537;
	assert_null(inet_tcp_forwarder(l.f.net, &o, lab_asked, NULL));
	assert_int_equal(errno, EINVAL);
	o = lab_options();
	o.max_flows = 5;
	o.max_per_source = 6;
	assert_null(inet_tcp_forwarder(l.f.net, &o, lab_asked, NULL));
	assert_int_equal(errno, EINVAL);
	o = lab_options();
	o.idle_ms = 5;
	assert_null(inet_tcp_forwarder(l.f.net, &o, lab_asked, NULL));
	assert_int_equal(errno, EINVAL);
	assert_null(inet_tcp_forwarder(l.f.net, NULL, NULL, NULL));
	assert_int_equal(errno, EINVAL);
	assert_null(inet_tcp_forwarder(NULL, NULL, lab_asked, NULL));
	assert_int_equal(errno, EINVAL);
	assert_null(inet_forward_accept(NULL, 1, 0));
	assert_int_equal(errno, EINVAL);
	assert_null(inet_forward_accept(l.fwd, 1, 0x77));
	assert_int_equal(errno, EINVAL);
	assert_int_equal(inet_forward_drop(NULL, 1), -1);
	assert_int_equal(inet_forward_reset(NULL, 1), -1);
	assert_int_equal(inet_forward_unreachable(NULL, 1, 1), -1);
	inet_forwarder_destroy(NULL);
	lab_close(&l);
}

/* ---- the rest of what is foreign -------------------------------------- */

/* What a route says nobody shall have, nobody has. */
static void rejected_destinations_are_not_asked_about(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	assert_int_equal(inet_route_add(l.f.net, "blackhole 203.0.113.0/24"), 0);
	put_syn(&l);
	assert_int_equal(l.nr_req, 0);
	fx_expect_silence(&l.f);
	assert_int_equal(inet_route_del(l.f.net, "blackhole 203.0.113.0/24"), 0);
	put_syn(&l);
	assert_int_equal(l.nr_req, 1);
	lab_close(&l);
}

/* A router's forwarder takes its protocol, the rest goes on by the table. */
static void router_forwards_what_no_forwarder_takes(void **state)
{
	const struct fx_ip ip = { .daddr = FOREIGN, .proto = IPPROTO_UDP };
	struct net_device *dev;
	struct lab l;
	u8 frame[128];

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	dev = fx_add_dev(&l.f, "test1", fx_mac, "10.1.0.2/24");
	assert_int_equal(inet_route_add(l.f.net,
					"203.0.113.0/24 via 10.1.0.1"), 0);
	fx_flush(&l.f);
	fx_inject(&l.f, frame, fx_build_udp(frame, &ip, 1, 2, "x", 1));
	fx_expect(&l.f, &l.p);			/* a host: port unreachable */
	assert_int_equal(l.p.ip->saddr, FOREIGN);
	assert_int_equal(l.p.icmp->code, ICMP_PORT_UNREACH);
	fx_sysctl(&l.f, "net.ipv4.ip_forward", "1");
	put_syn(&l);
	assert_int_equal(l.nr_req, 1);
	fx_inject(&l.f, frame, fx_build_udp(frame, &ip, 1, 2, "x", 1));
	fx_expect(&l.f, &l.p);			/* an ARP request for 10.1.0.1 */
	assert_ptr_equal(l.p.dev, dev);
	lab_accept(&l);
	fx_run(&l.f);
	expect_synack(&l);
	talk(&l);
	lab_close(&l);
}

/* Nor is what has no way anybody's but the forwarder's of its protocol. */
static void router_says_that_there_is_no_route(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_UDP, NULL);
	fx_sysctl(&l.f, "net.ipv4.ip_forward", "1");
	put_syn(&l);
	fx_expect(&l.f, &l.p);
	assert_non_null(l.p.icmp);
	assert_int_equal(l.p.ip->saddr, FX_IP);
	assert_int_equal(l.p.icmp->type, ICMP_DEST_UNREACH);
	assert_int_equal(l.p.icmp->code, ICMP_NET_UNREACH);
	fx_assert_dropped(&l.f, SKB_DROP_REASON_IP_INNOROUTES, 1);
	lab_close(&l);
}

/* A host without a forwarder of the protocol: nobody listens. */
static void other_protocol_is_reset_from_the_foreign_address(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_UDP, NULL);
	put_syn(&l);
	expect(&l, TCPHDR_RST | TCPHDR_ACK);
	assert_int_equal(l.nr_req, 0);
	lab_close(&l);
}

/* Connections stay, deaf until there is a forwarder at the device again. */
static void connection_is_deaf_without_a_forwarder(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	l.decide = lab_accept;
	put_syn(&l);
	expect_synack(&l);
	put_ack(&l, NULL);
	inet_forwarder_destroy(l.fwd);
	fx_mark(&l.f);
	put_ack(&l, "hello");
	fx_assert_dropped(&l.f, SKB_DROP_REASON_IP_INADDRERRORS, 1);
	assert_int_equal(sk_poll(l.s), POLLOUT);
	l.fwd = inet_udp_forwarder(l.f.net, NULL, lab_asked, &l);
	assert_non_null(l.fwd);
	talk(&l);
	assert_int_equal(l.nr_req, 1);
	inet_forwarder_destroy(l.fwd);
	l.fwd = NULL;
	assert_int_equal(sk_send(l.s, "x", 1), 1);	/* nobody answers */
	fx_advance(&l.f, 2000 * FX_SEC);
	assert_int_equal(sk_get(l.s, SOL_SOCKET, SO_ERROR), ETIMEDOUT);
	fx_flush(&l.f);
	lab_close(&l);
}

/* Without a forwarder nothing foreign is taken. */
static void destroyed_forwarder_takes_nothing(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	put_syn(&l);
	inet_forwarder_destroy(l.fwd);
	l.fwd = NULL;
	fx_expect_silence(&l.f);
	fx_mark(&l.f);
	put_syn(&l);
	fx_assert_dropped(&l.f, SKB_DROP_REASON_IP_INADDRERRORS, 1);
	assert_int_equal(l.nr_req, 1);
	lab_close(&l);
}

/* The error about a segment from the foreign address comes to its socket. */
static void icmp_error_comes_to_the_flow(void **state)
{
	const struct fx_ip ip = { .daddr = FOREIGN, .proto = IPPROTO_ICMP };
	struct lab l;
	u8 frame[256];

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	l.decide = lab_accept;
	put_syn(&l);
	expect_synack(&l);
	put_ack(&l, NULL);
	assert_int_equal(sk_set(l.s, IPPROTO_IP, IP_RECVERR, 1), 0);
	assert_int_equal(sk_send(l.s, "x", 1), 1);
	fx_run(&l.f);
	expect(&l, TCPHDR_PSH | TCPHDR_ACK);
	fx_inject(&l.f, frame, fx_build_icmp(frame, &ip, ICMP_DEST_UNREACH,
					     ICMP_HOST_UNREACH, 0, l.p.ip,
					     l.p.ip_len));
	assert_int_equal(sk_get(l.s, SOL_SOCKET, SO_ERROR), EHOSTUNREACH);
	lab_close(&l);
}

/* What was too long for the path comes again in pieces that are not. */
static void narrow_path_is_learned(void **state)
{
	const struct fx_ip ip = { .daddr = FOREIGN, .proto = IPPROTO_ICMP };
	static const char text[1200];
	struct lab l;
	u8 frame[256];

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	l.decide = lab_accept;
	put_syn(&l);
	expect_synack(&l);
	put_ack(&l, NULL);
	assert_int_equal(sk_send(l.s, text, sizeof(text)), sizeof(text));
	fx_run(&l.f);
	expect(&l, TCPHDR_PSH | TCPHDR_ACK);
	assert_int_equal(l.p.ip_len, sizeof(text) + 40);
	fx_inject(&l.f, frame, fx_build_icmp(frame, &ip, ICMP_DEST_UNREACH,
					     ICMP_FRAG_NEEDED, 700, l.p.ip, 28));
	fx_advance(&l.f, FX_SEC);
	fx_expect(&l.f, &l.p);
	assert_true(l.p.data_len);
	assert_true(l.p.ip_len <= 700);
	assert_int_equal(sk_get(l.s, IPPROTO_IP, IP_MTU), 700);
	fx_flush(&l.f);
	lab_close(&l);
}

/* ---- ends ------------------------------------------------------------- */

/* inet_destroy() with a request held and a handshake under way. */
static void destroyed_stack_ends_its_forwarders(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	put_syn(&l);
	lab_accept(&l);
	put(&l, (struct segment){ .flags = TCPHDR_SYN, .seq = 1, .sport = 7 });
	assert_int_equal(lab_stats(&l).held, 1);
	assert_int_equal(lab_stats(&l).open, 1);
	fx_flush(&l.f);
	inet_close(l.s);
	fx_flush(&l.f);
	fx_close(&l.f);
}

static void decide_destroy(struct lab *l)
{
	inet_forwarder_destroy(l->fwd);
	l->fwd = NULL;
}

static void destroyed_in_its_callback(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	l.decide = decide_destroy;
	put_syn(&l);
	assert_int_equal(l.nr_req, 1);
	fx_expect_silence(&l.f);
	lab_close(&l);
}

/* ---- limits ----------------------------------------------------------- */

static void more_than_max_flows_are_dropped(void **state)
{
	struct inet_forward_options o = lab_options();
	struct lab l;
	u16 i;

	(void)state;
	o.max_flows = 3;
	o.max_per_source = 3;
	lab_open(&l, IPPROTO_TCP, &o);
	for (i = 1; i <= 3; i++)
		put(&l, (struct segment){ .flags = TCPHDR_SYN, .sport = i });
	fx_mark(&l.f);
	put(&l, (struct segment){ .flags = TCPHDR_SYN, .sport = 4 });
	fx_assert_dropped(&l.f, SKB_DROP_REASON_FORWARD_FULL, 1);
	assert_int_equal(l.nr_req, 3);
	assert_int_equal(lab_stats(&l).full, 1);
	lab_accept(&l);			/* a handshake counts, too */
	put(&l, (struct segment){ .flags = TCPHDR_SYN, .sport = 4 });
	assert_int_equal(l.nr_req, 3);
	inet_close(l.s);			/* still */
	l.s = NULL;
	put(&l, (struct segment){ .flags = TCPHDR_SYN, .sport = 4 });
	assert_int_equal(l.nr_req, 3);
	put(&l, (struct segment){ .flags = TCPHDR_RST, .sport = 3, .seq = 1 });
	put(&l, (struct segment){ .flags = TCPHDR_SYN, .sport = 4 });
	assert_int_equal(l.nr_req, 4);
	fx_flush(&l.f);
	lab_close(&l);
}

static void one_source_leaves_room_for_others(void **state)
{
	struct inet_forward_options o = lab_options();
	struct lab l;
	u16 i;

	(void)state;
	o.max_flows = 9;			/* six of one source */
	lab_open(&l, IPPROTO_TCP, &o);
	for (i = 1; i <= 8; i++)
		put(&l, (struct segment){ .flags = TCPHDR_SYN, .sport = i });
	assert_int_equal(l.nr_req, 6);
	put(&l, (struct segment){ .flags = TCPHDR_SYN,
				  .saddr = FX_STRANGER });
	assert_int_equal(l.nr_req, 7);
	assert_int_equal(lab_stats(&l).full, 2);
	lab_close(&l);
}

/* Each address has a share of its own, however many there are. */
static void sources_are_told_apart(void **state)
{
	struct inet_forward_options o = lab_options();
	struct lab l;
	u32 i;

	(void)state;
	o.max_flows = 500;
	o.max_per_source = 1;
	lab_open(&l, IPPROTO_TCP, &o);
	for (i = 0; i < 500; i++)
		put(&l, (struct segment){
			.flags = TCPHDR_SYN,
			.saddr = FX_ADDR(20, 0, 1 + i / 200, 1 + i % 200) });
	assert_int_equal(l.nr_req, 500);
	assert_int_equal(lab_stats(&l).full, 0);
	fx_advance(&l.f, 11 * FX_SEC);
	for (i = 0; i < 2; i++)
		put(&l, (struct segment){ .flags = TCPHDR_SYN,
					  .sport = (u16)(1 + i) });
	assert_int_equal(l.nr_req, 501);
	assert_int_equal(lab_stats(&l).full, 1);
	lab_close(&l);
}

/* A flood from everywhere costs what max_flows says, and when it is over
 * everything is as before. @attack S1 */
static void flood_is_bounded(void **state)
{
	struct lab l;
	size_t before, most = 0;
	u32 i;

	(void)state;
	lab_open(&l, IPPROTO_TCP, NULL);
	before = l.f.live;
	for (i = 0; i < 20000; i++) {
		put(&l, (struct segment){
			.flags = TCPHDR_SYN, .seq = i,
			.saddr = FX_ADDR(20 + i % 7, i >> 8, i, 9),
			.sport = (u16)(1 + i % 60000) });
		most = max(most, l.f.live);
	}
	assert_int_equal(l.nr_req, 1024);
	assert_int_equal(lab_stats(&l).full, 20000 - 1024);
	assert_true(most - before < 2 << 20);
	fx_expect_silence(&l.f);
	fx_advance(&l.f, 11 * FX_SEC);
	assert_int_equal(lab_stats(&l).held, 0);
	assert_int_equal(lab_stats(&l).expired, 1024);
	put_syn(&l);
	assert_int_equal(l.nr_req, 1025);
	lab_close(&l);
}

/* Whoever says yes to everybody has no more handshakes than that either. */
static void flood_of_accepted_handshakes_is_bounded(void **state)
{
	struct inet_forward_options o = lab_options();
	struct socket *s[64];
	struct lab l;
	u32 i, n = 0;

	(void)state;
	o.max_flows = 64;
	lab_open(&l, IPPROTO_TCP, &o);
	l.decide = lab_accept;
	for (i = 0; i < 500; i++) {
		l.s = NULL;
		put(&l, (struct segment){
			.flags = TCPHDR_SYN, .seq = i,
			.saddr = FX_ADDR(10, 0, 0, 10 + i % 200),
			.sport = (u16)(1 + i) });
		if (l.s)
			s[n++] = l.s;
	}
	assert_int_equal(n, 64);
	net_verify(l.f.net);
	fx_advance(&l.f, 100 * FX_SEC);
	assert_int_equal(lab_stats(&l).open, 0);
	for (i = 0; i < n; i++) {
		assert_int_equal(sk_get(s[i], SOL_SOCKET, SO_ERROR), ETIMEDOUT);
		inet_close(s[i]);
	}
	l.s = NULL;
	fx_flush(&l.f);
	lab_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_says_what_the_syn_says),
		cmocka_unit_test(request_without_options_has_no_mss),
		cmocka_unit_test(no_syn_is_reset),
		cmocka_unit_test(port_0_is_reset),
		cmocka_unit_test(syn_of_many_is_dropped),
		cmocka_unit_test(syn_again_is_absorbed),
		cmocka_unit_test(reset_ends_the_request),
		cmocka_unit_test(reset_at_once_asks_nobody),
		cmocka_unit_test(request_expires),
		cmocka_unit_test(accept_in_the_callback_opens),
		cmocka_unit_test(accept_later_opens),
		cmocka_unit_test(accept_answers_a_plain_syn_plainly),
		cmocka_unit_test(accepted_syn_again_gets_the_synack_again),
		cmocka_unit_test(accepted_handshake_gives_up),
		cmocka_unit_test(accepted_handshake_is_reset),
		cmocka_unit_test(accepted_and_closed_at_once),
		cmocka_unit_test(reject_resets_from_the_foreign_address),
		cmocka_unit_test(reject_by_icmp_quotes_the_syn),
		cmocka_unit_test(drop_says_nothing),
		cmocka_unit_test(accept_without_a_device_is_refused),
		cmocka_unit_test(accept_of_a_taken_tuple_is_refused),
		cmocka_unit_test(time_wait_is_reopened),
		cmocka_unit_test(listener_of_the_address_is_asked_first),
		cmocka_unit_test(listener_of_no_address_is_for_own_addresses),
		cmocka_unit_test(own_addresses_are_asked_about_only_with_own),
		cmocka_unit_test(forwarders_are_told_apart_by_device),
		cmocka_unit_test(loopback_is_not_asked_about),
		cmocka_unit_test(wrong_options_are_refused),
		cmocka_unit_test(rejected_destinations_are_not_asked_about),
		cmocka_unit_test(router_forwards_what_no_forwarder_takes),
		cmocka_unit_test(router_says_that_there_is_no_route),
		cmocka_unit_test(other_protocol_is_reset_from_the_foreign_address),
		cmocka_unit_test(connection_is_deaf_without_a_forwarder),
		cmocka_unit_test(destroyed_forwarder_takes_nothing),
		cmocka_unit_test(icmp_error_comes_to_the_flow),
		cmocka_unit_test(narrow_path_is_learned),
		cmocka_unit_test(destroyed_stack_ends_its_forwarders),
		cmocka_unit_test(destroyed_in_its_callback),
		cmocka_unit_test(more_than_max_flows_are_dropped),
		cmocka_unit_test(one_source_leaves_room_for_others),
		cmocka_unit_test(sources_are_told_apart),
		cmocka_unit_test(flood_is_bounded),
		cmocka_unit_test(flood_of_accepted_handshakes_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
