/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every segment in every state, on libinet and on the kernel below us: all 256
 * bytes of flags, the sequence number below, at, inside and above the window,
 * the ACK below, at, of what is in flight and above, with and without an octet
 * of text; in the eleven states, and in SYN-RECEIVED of a simultaneous open
 * too. What comes back, the socket's state and error, what a listener has to
 * accept and what a probe says afterwards must be the same; where it is not,
 * a row of differing[] says why.
 *
 * The kernel is the far side of a TUN in a namespace of our own: the test is its
 * peer and its application at once. A write to the TUN runs the kernel's
 * stack to the end, and an echo behind it is the mark that nothing else comes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <netinet/tcp.h>

#include "host_net.h"
#include "ipv4/tcp.h"
#include "lib/byteorder.h"
#include "lib/checksum.h"
#include "sides.h"
#include "sockets.h"
#include "tcp_flags.h"

#define FIRST_PORT 2000
#define FIRST_LISTENER 100	/* of the first state */
#define PORT_OF_NOBODY 9
#define PEER_ISS 0x10000000u
#define MAX_ANSWERS 8
#define CROSSED TCP_MAX_STATES	/* SYN-RECEIVED of two active opens */
#define SLOW_NS (200 * FX_MS)	/* the kernel's timers may have run */

static const struct before befores[] = {
	{ TCP_CLOSE, 0, 0, 0 },
	{ TCP_LISTEN, 0, 0, 0 },
	{ TCP_SYN_SENT, 0, 0, 1 },
	{ TCP_SYN_RECV, 1, 0, 1 },
	{ CROSSED, 1, 0, 1 },
	{ TCP_ESTABLISHED, 1, 1, 1 },
	{ TCP_FIN_WAIT1, 1, 1, 2 },
	{ TCP_FIN_WAIT2, 1, 2, 2 },
	{ TCP_CLOSE_WAIT, 2, 1, 1 },
	{ TCP_CLOSING, 2, 1, 2 },
	{ TCP_LAST_ACK, 2, 1, 2 },
	{ TCP_TIME_WAIT, 2, 2, 2 },
};

/* A segment that came back, relative to the ISNs. */
struct answer {
	u8 flags;
	u32 seq, ack, len;
};

/* All that can be seen of one case. */
struct verdict {
	struct answer to_segment[MAX_ANSWERS], to_probe[MAX_ANSWERS];
	int nr_to_segment, nr_to_probe;
	int state, err;		/* of the socket; -1: there is none */
	int accepted;		/* the state of what accept() gave; -1 */
};

/* One of the two, and its connection. */
struct end {
	struct side d;
	/* @len 0: no frame, only what the end does by itself */
	void (*put)(struct end *e, const u8 *frame, u32 len);
	struct answer got[MAX_ANSWERS];
	int nr_got;
	union sk l, s;
	bool has_s;
	u16 lport, pport;
	u32 irs;		/* the end's own ISN */
};

static struct fx stack_fx;
static int tun = -1;
static const char *why_not;	/* the kernel's side cannot be */
static struct end ours, kernels;

/* ---- frames ------------------------------------------------------------- */

/* Adds what an end sent; its ISN is taken from its first SYN. */
static void take_segment(struct end *e, const struct tcphdr *th, u32 data_len)
{
	struct answer *a = &e->got[e->nr_got];

	if (ntohs(th->dest) != e->pport)
		return;		/* of a case before */
	if (th->flags == TCPHDR_SYN && e->irs)
		return;		/* a timer's: Linux hurries it after a bad ACK */
	assert_true(e->nr_got++ < MAX_ANSWERS);
	if (th->syn && !e->irs)
		e->irs = ntohl(th->seq);
	a->flags = th->flags;
	a->seq = th->seq ? ntohl(th->seq) - e->irs : 0;
	a->ack = th->ack ? ntohl(th->ack_seq) - PEER_ISS : 0;
	a->len = data_len;
}

static void put_to_stack(struct end *e, const u8 *frame, u32 len)
{
	static struct fx_pkt p;

	if (len)
		fx_inject(e->d.f, frame, len);
	fx_advance(e->d.f, 60 * FX_MS);		/* delayed ACKs */
	tcp_verify_all(e->d.f->net);
	while (fx_pop(e->d.f, &p))
		if (p.tcp)
			take_segment(e, p.tcp, p.data_len);
}

static void write_to_tun(const u8 *frame, u32 len)
{
	assert_int_equal(write(tun, frame + ETH_HLEN, len - ETH_HLEN),
			 len - ETH_HLEN);
}

/* One packet of the kernel's. Return: it is the mark @id. */
static bool read_from_tun(struct end *e, u32 id)
{
	struct pollfd p = { .fd = tun, .events = POLLIN };
	u8 buf[2048];
	const struct iphdr *ip = (const struct iphdr *)buf;
	const struct tcphdr *th = (const struct tcphdr *)(ip + 1);
	const struct icmphdr *ih = (const struct icmphdr *)(ip + 1);
	ssize_t n = read(tun, buf, sizeof(buf));

	if (n < 0 && errno == EAGAIN) {
		assert_int_equal(poll(&p, 1, 20000), 1);
		return false;
	}
	assert_true(n >= (ssize_t)sizeof(*ip));
	if (ip->ver_ihl != 0x45)
		return false;	/* IPv6 finds its way */
	if (ip->protocol == IPPROTO_ICMP)
		return ih->type == ICMP_ECHOREPLY &&
		       ntohl(ih->un.gateway) == id;
	if (ip->protocol == IPPROTO_TCP)
		take_segment(e, th, ntohs(ip->tot_len) - IP_HLEN_MIN -
				    __tcp_hdrlen(th));
	return false;
}

static void put_to_kernel(struct end *e, const u8 *frame, u32 len)
{
	static u8 echo[256];
	static u32 id;
	struct fx_ip ip = { 0 };

	if (len)
		write_to_tun(frame, len);
	write_to_tun(echo, fx_build_icmp(echo, &ip, ICMP_ECHO, 0, ++id, "", 0));
	while (!read_from_tun(e, id))
		;
}

/* The peer's segment; what it brings about is in e->got. */
static void put(struct end *e, const struct seg *s)
{
	static u8 frame[FX_FRAME_MAX];
	struct fx_ip ip = { .proto = IPPROTO_TCP };
	struct tcp_seg_info seg = {
		.source = htons(e->pport), .dest = htons(e->lport),
		.seq = PEER_ISS + s->seq, .ack_seq = e->irs + s->ack,
		.window = 65535, .flags = s->flags, .payload_len = s->len,
	};

	e->nr_got = 0;
	e->put(e, frame, fx_build_tcp(frame, &ip, &seg, NULL, 0, "x", s->len));
}

/* What an end sends by itself. */
static void hear(struct end *e)
{
	e->nr_got = 0;
	e->put(e, NULL, 0);
}

/* ---- the ends in that state ----------------------------------------------- */

/* Exactly this came. */
static void expect(const struct end *e, u8 flags, u32 seq, u32 ack)
{
	const struct answer *a = &e->got[0];

	if (e->nr_got == 1 && a->flags == flags && a->seq == seq &&
	    a->ack == ack && !a->len)
		return;
	fail_msg("%s, port %u: %d answers, flags %02x seq %u ack %u instead of "
		 "%02x seq %u ack %u", e->d.name, e->pport, e->nr_got, a->flags,
		 a->seq, a->ack, flags, seq, ack);
}

static void give(struct end *e, u8 flags, u32 seq, u32 ack)
{
	put(e, &(struct seg){ flags, seq, ack, 0 });
}

static void enter_active(struct end *e)
{
	struct sockaddr_in to = sk_addr(SK_PEER, e->pport), own;

	assert_int_equal(e->d.open(&e->d, SOCK_STREAM, 0, &e->s), 0);
	e->has_s = true;
	assert_int_equal(e->d.connect(e->s, (void *)&to, sizeof(to)),
			 -EINPROGRESS);
	hear(e);
	expect(e, TCPHDR_SYN, 0, 0);
	assert_int_equal(e->d.getname(e->s, 0, &own), 0);
	e->lport = ntohs(own.sin_port);
}

static void enter_passive(struct end *e)
{
	give(e, TCPHDR_ACK, 1, 1);
	assert_int_equal(e->nr_got, 0);
	assert_int_equal(e->d.accept(e->l, &e->s), 0);
	e->has_s = true;
}

static void take_fin(struct end *e, u32 ack)
{
	assert_int_equal(e->d.shutdown(e->s, SHUT_WR), 0);
	hear(e);
	expect(e, TCPHDR_FIN | TCPHDR_ACK, 1, ack);
}

/* From ESTABLISHED to a state of its end. */
static void enter_closing(struct end *e, int state)
{
	if (state == TCP_CLOSE_WAIT || state == TCP_LAST_ACK) {
		give(e, TCPHDR_FIN | TCPHDR_ACK, 1, 1);
		expect(e, TCPHDR_ACK, 1, 2);
	}
	if (state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT)
		return;
	take_fin(e, state == TCP_LAST_ACK ? 2 : 1);
	if (state == TCP_CLOSING) {
		give(e, TCPHDR_FIN | TCPHDR_ACK, 1, 1);
		expect(e, TCPHDR_ACK, 2, 2);
	} else if (state == TCP_FIN_WAIT2 || state == TCP_TIME_WAIT) {
		give(e, TCPHDR_ACK, 1, 2);
		assert_int_equal(e->nr_got, 0);
	}
	if (state == TCP_TIME_WAIT) {
		give(e, TCPHDR_FIN | TCPHDR_ACK, 1, 2);
		expect(e, TCPHDR_ACK, 2, 2);
	}
}

/* Brings a new connection to @state. */
static void enter(struct end *e, int state, u16 lport, u16 pport)
{
	e->lport = state == TCP_CLOSE ? PORT_OF_NOBODY : lport;
	e->pport = pport;
	e->irs = 0;
	e->has_s = false;
	if (state == TCP_CLOSE || state == TCP_LISTEN)
		return;
	if (state == TCP_SYN_SENT || state == CROSSED) {
		enter_active(e);
		if (state == TCP_SYN_SENT)
			return;
		give(e, TCPHDR_SYN, 0, 0);
		expect(e, TCPHDR_SYN | TCPHDR_ACK, 0, 1);
		return;
	}
	give(e, TCPHDR_SYN, 0, 0);
	expect(e, TCPHDR_SYN | TCPHDR_ACK, 0, 1);
	if (state == TCP_SYN_RECV)
		return;
	enter_passive(e);
	enter_closing(e, state);
}

/* ---- what can be seen afterwards -------------------------------------------- */

static int state_of(struct end *e, union sk s)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	assert_int_equal(e->d.get(s, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	return info.tcpi_state;
}

/* It is over: a RST. */
static void drop_socket(struct end *e, union sk s)
{
	const struct linger now = { .l_onoff = 1 };

	e->d.set(s, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	e->d.close(s);
}

/* Ends what is left of the connection, half open or not. */
static void leave(struct end *e, const struct before *b,
		  const struct verdict *v)
{
	u32 seq = b->rcv_nxt;

	if (v->nr_to_segment && (v->to_segment[0].flags & TCPHDR_SYN))
		seq = v->to_segment[0].ack;
	if (b->state == TCP_LISTEN || b->state == TCP_SYN_RECV ||
	    b->state == TCP_TIME_WAIT)
		give(e, TCPHDR_RST, seq, 0);
	if (e->has_s)
		drop_socket(e, e->s);
	hear(e);
}

/* One segment to one end. */
static void judge(struct end *e, const struct before *b, const struct seg *s,
		  struct verdict *v)
{
	const struct seg probe = { TCPHDR_ACK, b->rcv_nxt + ABOVE, b->nxt, 0 };
	socklen_t len = sizeof(v->err);
	union sk child;

	memset(v, 0, sizeof(*v));
	put(e, s);
	v->nr_to_segment = e->nr_got;
	memcpy(v->to_segment, e->got, sizeof(e->got[0]) * (u32)e->nr_got);
	v->state = v->err = v->accepted = -1;
	if (e->has_s)
		v->state = state_of(e, e->s);
	if (e->has_s)
		e->d.get(e->s, SOL_SOCKET, SO_ERROR, &v->err, &len);
	if (!e->has_s && e->d.accept(e->l, &child) == 0) {
		v->accepted = state_of(e, child);
		e->s = child;
		e->has_s = true;
	}
	put(e, &probe);
	v->nr_to_probe = e->nr_got;
	memcpy(v->to_probe, e->got, sizeof(e->got[0]) * (u32)e->nr_got);
	leave(e, b, v);
}

/* ---- the comparison --------------------------------------------------------- */

static bool has(const struct seg *s, u8 flag)
{
	return s->flags & flag;
}

/* Linux looks at the ACK bit before the sequence number. */
static bool no_ack(const struct before *b, const struct seg *s)
{
	(void)b;
	return !has(s, TCPHDR_ACK | TCPHDR_RST | TCPHDR_SYN);
}

/* A RST just below the window that with its text or FIN ends in it. */
static bool rst_below(const struct before *b, const struct seg *s)
{
	return has(s, TCPHDR_RST) && s->seq + 1 == b->rcv_nxt;
}

/* Linux answers by a RST when it goes back to LISTEN. */
static bool syn_in_window(const struct before *b, const struct seg *s)
{
	return has(s, TCPHDR_SYN) && !has(s, TCPHDR_RST) &&
	       s->seq - b->rcv_nxt < ABOVE;
}

/* Linux goes on to ESTABLISHED by an ACK of nothing. */
static bool ack_of_nothing(const struct before *b, const struct seg *s)
{
	return has(s, TCPHDR_ACK) && s->ack == b->una;
}

/* Linux says ECONNRESET. */
static bool rst_in_order(const struct before *b, const struct seg *s)
{
	return has(s, TCPHDR_RST) && s->seq == b->rcv_nxt;
}

/* Linux takes a second FIN for another octet of the stream. */
static bool fin_again_later(const struct before *b, const struct seg *s)
{
	return has(s, TCPHDR_FIN) && s->len && s->seq + 1 == b->rcv_nxt;
}

/* Linux ends TIME-WAIT for a SYN that its listener then ignores. */
static bool syn_with_fin(const struct before *b, const struct seg *s)
{
	(void)b;
	return has(s, TCPHDR_SYN) && has(s, TCPHDR_FIN);
}

#define SYNCHRONIZED \
	(TCPF(TCP_ESTABLISHED) | TCPF(TCP_FIN_WAIT1) | TCPF(TCP_FIN_WAIT2) | \
	 TCPF(TCP_CLOSE_WAIT) | TCPF(TCP_CLOSING) | TCPF(TCP_LAST_ACK))

/* Where the two may differ, and why. */
static const struct differing {
	u32 states;		/* bits */
	bool (*covers)(const struct before *b, const struct seg *s);
	const char *reason;
} differing[] = {
	{ SYNCHRONIZED | TCPF(CROSSED), no_ack,
	  "RFC 9293 3.10.7.4: what is unacceptable is answered, ACK or not" },
	{ SYNCHRONIZED | TCPF(TCP_SYN_RECV) | TCPF(CROSSED), rst_below,
	  "RFC 5961 3.2: of a RST only its sequence number counts" },
	{ TCPF(TCP_SYN_RECV), syn_in_window,
	  "RFC 9293 3.10.7.4, fourth: back to LISTEN, without a RST" },
	{ TCPF(CROSSED), ack_of_nothing,
	  "RFC 9293 3.10.7.4, fifth: not an ACK of the SYN is a RST's" },
	{ TCPF(CROSSED), rst_in_order,
	  "RFC 9293 MUST-11: an active open was refused" },
	{ SYNCHRONIZED, fin_again_later,
	  "RFC 9293 3.10.7.4, seventh: no text follows a FIN" },
	{ TCPF(TCP_TIME_WAIT), syn_with_fin,
	  "SYN with FIN is no new connection: TIME-WAIT goes on" },
	{ 0, NULL, NULL },
};

static u64 nr_differing[ARRAY_SIZE(differing)];

static const char *flags_text(u8 flags)
{
	static char text[9];
	char *p = text;
	int i;

	for (i = 0; i < 8; i++)
		if (flags & 1 << i)
			*p++ = "FSRPAUEC"[i];
	*p = 0;
	return text;
}

static void print_answers(const char *what, const struct answer *a, int n)
{
	print_error(" %s", what);
	for (; n; n--, a++)
		print_error(" %s %u:%u(%u)", flags_text(a->flags), a->seq,
			    a->ack, a->len);
	print_error(";");
}

static void print_verdict(const char *name, const struct verdict *v)
{
	print_error("  %s:", name);
	print_answers("answers", v->to_segment, v->nr_to_segment);
	print_error(" state %d error %d accepted %d;", v->state, v->err,
		    v->accepted);
	print_answers("to the probe", v->to_probe, v->nr_to_probe);
	print_error("\n");
}

static const struct differing *find_differing(const struct before *b,
					      const struct seg *s)
{
	const struct differing *d;

	for (d = differing; d->covers; d++)
		if ((d->states & TCPF(b->state)) && d->covers(b, s))
			return d;
	return NULL;
}

static u64 real_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * FX_SEC + (u64)t.tv_nsec;
}

static bool alike(const struct verdict *x, const struct verdict *y)
{
	return !memcmp(x, y, sizeof(*x));
}

/* One segment. Return: the two agree, or it is known why not. When the machine
 * let us wait, the kernel may have sent something again: once more. */
static bool one(const struct before *b, const struct seg *s, u16 lport,
		u16 *pport)
{
	const struct differing *d = find_differing(b, s);
	struct verdict v, w;
	u64 began;

	do {
		(*pport)++;
		enter(&ours, b->state, lport, *pport);
		judge(&ours, b, s, &v);
		began = real_ns();
		enter(&kernels, b->state, lport, *pport);
		judge(&kernels, b, s, &w);
	} while (real_ns() - began > SLOW_NS);
	if (alike(&v, &w))
		return true;
	if (d) {
		nr_differing[d - differing]++;
		return true;
	}
	print_error("state %d: %s seq %u ack %u len %u\n", b->state,
		    flags_text(s->flags), s->seq, s->ack, s->len);
	print_verdict("ours", &v);
	print_verdict("kernel", &w);
	return false;
}

static void open_listener(struct end *e, u16 port)
{
	struct sockaddr_in any = sk_addr(0, port);

	assert_int_equal(e->d.open(&e->d, SOCK_STREAM, 0, &e->l), 0);
	assert_int_equal(e->d.bind(e->l, (void *)&any, sizeof(any)), 0);
	assert_int_equal(e->d.listen(e->l, 8), 0);
}

/* @attack T5 */
static void every_segment_is_judged_as_the_kernel_does(void **state)
{
	const struct before *b = *state;
	u16 lport = (u16)(FIRST_LISTENER + (b - befores));
	u16 pport = FIRST_PORT;
	u32 flags, wrong = 0, n = 0;
	int seq, ack;

	if (why_not)
		skip();
	open_listener(&ours, lport);
	open_listener(&kernels, lport);
	for (flags = 0; flags < 256; flags++)
		for (seq = BELOW; seq <= OVER; seq++)
			for (ack = BELOW; ack <= OVER; ack++) {
				struct seg s = { (u8)flags, pick_seq(b, seq),
						 pick_ack(b, ack), 0 };

				for (s.len = 0; s.len < 2; s.len++, n++)
					wrong += !one(b, &s, lport, &pport);
				if (wrong > 20)
					fail_msg("and so on");
			}
	assert_int_equal(n, 8192);
	assert_int_equal(wrong, 0);
	ours.d.close(ours.l);
	kernels.d.close(kernels.l);
}

/* Every reason is one still. */
static void every_difference_is_one(void **state)
{
	const struct differing *d;

	(void)state;
	if (why_not)
		skip();
	for (d = differing; d->covers; d++) {
		print_message("# %llu times: %s\n",
			      (unsigned long long)nr_differing[d - differing],
			      d->reason);
		assert_true(nr_differing[d - differing]);
	}
}

/* ---- life ----------------------------------------------------------------- */

/* Both judge at once and as often as they are asked; neither has what the other
 * has not. */
static const char *const knobs[][2] = {
	{ "net.ipv4.tcp_invalid_ratelimit", "0" },
	{ "net.ipv4.tcp_max_syn_backlog", "1024" },
	{ "net.ipv4.tcp_max_tw_buckets", "100000" },
	{ "net.ipv4.tcp_rfc1337", "1" },
	{ "net.ipv4.tcp_sack", "0" },
	{ "net.ipv4.tcp_syncookies", "0" },
	{ "net.ipv4.tcp_early_retrans", "0" },
	{ "net.ipv4.tcp_rto_min_us", "60000000" },
	{ "net.ipv4.conf.all.rp_filter", "0" },
	{ "net.ipv6.conf.all.disable_ipv6", "1" },
};

static const char *open_kernel(void)
{
	const char *why = host_net_enter();
	size_t i;

	if (why)
		return why;
	tun = host_net_tun("tun0");
	if (tun < 0)
		return "no TUN";
	for (i = 0; i < ARRAY_SIZE(knobs); i++)
		host_net_sysctl(knobs[i][0], knobs[i][1]);
	if (!host_net_run("ip address add 10.0.0.2/32 dev tun0 && "
			  "ip link set tun0 txqueuelen 10000 up && "
			  "ip route add 10.0.0.0/24 dev tun0 quickack 1"))
		return "no ip(8)";
	return NULL;
}

static int open_ends(void **state)
{
	(void)state;
	why_not = open_kernel();
	if (why_not)
		print_message("# no kernel to compare with: %s\n", why_not);
	fx_open(&stack_fx);
	fx_learn(&stack_fx);
	fx_sysctl(&stack_fx, "net.ipv4.tcp_invalid_ratelimit", "0");
	ours = (struct end){ .d = stack_side, .put = put_to_stack };
	ours.d.f = &stack_fx;
	kernels = (struct end){ .d = host_side, .put = put_to_kernel };
	return 0;
}

static int close_ends(void **state)
{
	(void)state;
	fx_advance(&stack_fx, 200 * FX_SEC);	/* TIME-WAIT ends */
	fx_flush(&stack_fx);
	fx_close(&stack_fx);
	close(tun);
	return 0;
}

int main(void)
{
	static const char *const names[] = {
		"closed", "listen", "syn_sent", "syn_received",
		"syn_received_of_two_active_opens", "established",
		"fin_wait_1", "fin_wait_2", "close_wait", "closing", "last_ack",
		"time_wait",
	};
	struct CMUnitTest tests[ARRAY_SIZE(befores) + 1];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(befores); i++)
		tests[i] = (struct CMUnitTest){
			.name = names[i],
			.test_func = every_segment_is_judged_as_the_kernel_does,
			.initial_state = (void *)(uintptr_t)&befores[i],
		};
	tests[i] = (struct CMUnitTest)
		cmocka_unit_test(every_difference_is_one);
	return cmocka_run_group_tests(tests, open_ends, close_ends);
}
