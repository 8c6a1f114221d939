/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The same packets and calls on libinet and on the kernel below us: every counter
 * that both have must have grown by the same. Where one need not, a row of
 * differing[] says why.
 *
 * The kernel is the far side of a TUN in a namespace of our own: the test is its
 * peer and its application at once. A write to the TUN runs the kernel's
 * stack to the end, so that all it sends can be read afterwards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <netinet/tcp.h>

#include "host_net.h"
#include "ipv4/ip.h"
#include "ipv4/tcp.h"
#include "lib/byteorder.h"
#include "sides.h"
#include "sockets.h"

#define PORT 7
#define NOBODYS_PORT 9
#define PEER_ISS 0x10000000u
#define PEER_MSS 536u		/* of which it said nothing */
#define SLOW_NS (150 * FX_MS)	/* the kernel's timers may have run */
#define MAX_TRIES 50

/* One of the two, and its connection. */
struct end {
	struct side d;
	void (*put)(struct end *e, const u8 *frame, u32 len);
	union sk l, s, u;	/* a listener, what it accepted, for datagrams */
	u16 pport;		/* of the peer, another for each script */
	u32 irs;		/* the end's own ISN */
	u32 ts_val;		/* 0: no timestamps */
	u32 ts_ecr;
	bool sack;
	u16 win;
};

static struct fx stack_fx;
static int tun = -1;
static const char *why_not;
static struct end ours, kernels;
static u8 text[4096];

/* ---- counters --------------------------------------------------------------- */

/* In the order of enum mib_counter. */
static const struct counter {
	const char *name;
} counters[] = {
#define MIB(id, name) [MIB_##id] = { name },
#include "core/mib.def"
};

/* Behind them those of ICMP's types: received, then sent. */
#define NR_NAMED ARRAY_SIZE(counters)
#define NR_COUNTERS (NR_NAMED + 2 * ICMP_MSG_TYPES)

/* Which the kernel has, and how far it was. */
static bool has[NR_COUNTERS];
static u64 was[NR_COUNTERS];
/* Which have grown on both sides. */
static bool grew[NR_COUNTERS];

static const char *counter_name(size_t i)
{
	static char name[32];

	if (i < NR_NAMED)
		return counters[i].name;
	i -= NR_NAMED;
	snprintf(name, sizeof(name), "IcmpMsg%sType%zu",
		 i < ICMP_MSG_TYPES ? "In" : "Out", i % ICMP_MSG_TYPES);
	return name;
}

/* How far our own has come, by the name that users know. */
static u64 read_ours(size_t i)
{
	u64 value;

	assert_int_equal(inet_counter_get(stack_fx.net, counter_name(i), &value), 0);
	return value;
}

/* The value of @name in a pair of lines of /proc/net/snmp. */
static void note_counter(const char *group, const char *name, const char *value)
{
	unsigned int type;
	char full[80], way[4];

	if (sscanf(name, "%3[InOut]Type%u", way, &type) == 2) {
		type += NR_NAMED + (*way == 'O' ? ICMP_MSG_TYPES : 0);
		has[type] = true;
		was[type] = strtoull(value, NULL, 10);
		return;
	}
	snprintf(full, sizeof(full), "%s%s", group, name);
	for (size_t i = 0; i < NR_NAMED; i++) {
		if (strcmp(counters[i].name, full))
			continue;
		has[i] = true;
		was[i] = strtoull(value, NULL, 10);
	}
}

/* "Ip: Forwarding ..." and "Ip: 1 ...". */
static void note_lines(char *names, char *values)
{
	char *group, *name, *value, *p, *q;

	group = strtok_r(names, ": \n", &p);
	(void)strtok_r(values, " \n", &q);
	while ((name = strtok_r(NULL, " \n", &p)) != NULL &&
	       (value = strtok_r(NULL, " \n", &q)) != NULL)
		note_counter(group, name, value);
}

static void read_kernel(void)
{
	static const char *const files[] = { "/proc/self/net/snmp",
					     "/proc/self/net/netstat" };
	static char names[8192], values[8192];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		FILE *f = fopen(files[i], "re");

		assert_non_null(f);
		while (fgets(names, sizeof(names), f) &&
		       fgets(values, sizeof(values), f))
			note_lines(names, values);
		fclose(f);
	}
}

/* ---- packets ---------------------------------------------------------------- */

static void take_segment(struct end *e, const struct tcphdr *th, u32 hlen)
{
	struct tcp_options_info opt;

	if (ntohs(th->dest) != e->pport)
		return;
	if (th->syn)
		e->irs = ntohl(th->seq);
	tcp_options_parse(th + 1, hlen - TCP_HLEN_MIN, th->syn, &opt);
	if (opt.saw_tstamp)
		e->ts_ecr = opt.rcv_tsval;
}

static void put_to_stack(struct end *e, const u8 *frame, u32 len)
{
	static struct fx_pkt p;

	if (len)
		fx_inject(e->d.f, frame, len);
	fx_run(e->d.f);
	while (fx_pop(e->d.f, &p))
		if (p.tcp)
			take_segment(e, p.tcp, __tcp_hdrlen(p.tcp));
}

static void put_to_kernel(struct end *e, const u8 *frame, u32 len)
{
	u8 buf[2048];
	const struct iphdr *ip = (const struct iphdr *)buf;
	const struct tcphdr *th = (const struct tcphdr *)(ip + 1);
	ssize_t n;

	if (len)	/* it refuses what is no packet */
		(void)!write(tun, frame + ETH_HLEN, len - ETH_HLEN);
	while ((n = read(tun, buf, sizeof(buf))) > 0)
		if (ip->ver_ihl == 0x45 && ip->protocol == IPPROTO_TCP)
			take_segment(e, th, __tcp_hdrlen(th));
	assert_int_equal(errno, EAGAIN);
}

static void hear(struct end *e)
{
	e->put(e, NULL, 0);
}

static void put_icmp(struct end *e, const struct fx_ip *ip, u8 type, u8 code,
		     u32 rest, const void *data, u32 len)
{
	u8 frame[FX_FRAME_MAX];

	e->put(e, frame, fx_build_icmp(frame, ip, type, code, rest, data, len));
}

static void put_udp(struct end *e, u16 port, u32 len, u8 tos)
{
	const struct fx_ip ip = { .proto = IPPROTO_UDP, .tos = tos };
	u8 frame[FX_FRAME_MAX];

	e->put(e, frame, fx_build_udp(frame, &ip, 40000, port, text, len));
}

static void put_ip(struct end *e, const struct fx_ip *ip, u32 len)
{
	u8 frame[FX_FRAME_MAX];

	e->put(e, frame, fx_build_ip(frame, ip, text, len));
}

/* A segment with @ip's header; numbers relative to the ISNs. */
static void put_tcp(struct end *e, const struct fx_ip *ip, u8 flags, u32 seq,
		    u32 ack, u32 len)
{
	struct tcp_seg_info seg = {
		.source = htons(e->pport), .dest = htons(PORT),
		.seq = PEER_ISS + seq, .window = e->win, .flags = flags,
		.ack_seq = flags & TCPHDR_ACK ? e->irs + ack : 0,
		.payload_len = len,
	};
	u8 frame[FX_FRAME_MAX], opt[40];
	u32 n = 0;

	if (flags & TCPHDR_SYN && e->sack) {
		memcpy(opt, "\1\1\4\2", 4);
		n = 4;
	}
	if (e->ts_val) {
		memcpy(opt + n, "\1\1\x8\xa", 4);
		put_unaligned_be32(e->ts_val, opt + n + 4);
		put_unaligned_be32(e->ts_ecr, opt + n + 8);
		n += 12;
	}
	e->put(e, frame, fx_build_tcp(frame, ip, &seg, opt, n, text, len));
}

static void give(struct end *e, u8 flags, u32 seq, u32 ack, u32 len)
{
	const struct fx_ip ip = { .proto = IPPROTO_TCP };

	put_tcp(e, &ip, flags, seq, ack, len);
}

#define ACK TCPHDR_ACK
#define PSH (TCPHDR_PSH | TCPHDR_ACK)
#define FIN (TCPHDR_FIN | TCPHDR_ACK)
#define RST TCPHDR_RST
#define SYN TCPHDR_SYN

static void accept_one(struct end *e)
{
	give(e, SYN, 0, 0, 0);
	give(e, ACK, 1, 1, 0);
	assert_int_equal(e->d.accept(e->l, &e->s), 0);
}

static void writes(struct end *e, u32 len)
{
	struct iovec iov = { text, len };
	const struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	assert_int_equal(e->d.send(e->s, &m, 0), len);
	hear(e);
}

static void reads(struct end *e, u32 len)
{
	static u8 buf[65536];
	struct iovec iov = { buf, len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	assert_int_equal(e->d.recv(e->s, &m, 0), len);
	hear(e);
}

static void closes(struct end *e)
{
	e->d.close(e->s);
	hear(e);
}

/* By a RST of the peer at @seq: nothing is left. */
static void ends(struct end *e, u32 seq)
{
	give(e, RST, seq, 0, 0);
	closes(e);
}

/* ---- scripts ---------------------------------------------------------------- */

static void headers(struct end *e)
{
	static const u8 record[8] = { 7, 7, 3, 0 };	/* points at itself */
	static const struct fx_ip lies[] = {
		{ .proto = IPPROTO_UDP, .bad_csum = true },
		{ .proto = IPPROTO_UDP, .ver_ihl = 0x44 },
		{ .proto = IPPROTO_UDP, .tot_len = 19 },
		{ .proto = IPPROTO_UDP, .tot_len = 1500 },
		{ .proto = 253 },
		{ .proto = IPPROTO_UDP, .opt = record, .opt_len = 8 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lies); i++)
		put_ip(e, &lies[i], 64);
	put_ip(e, &(struct fx_ip){ .proto = IPPROTO_UDP,
				   .daddr = htonl(0x0a000063) }, 64);
	for (u8 ecn = 0; ecn < 4; ecn++)
		put_udp(e, PORT, 10, ecn);
}

static void messages(struct end *e)
{
	static const struct {
		u8 type, code;
	} kinds[] = {
		{ ICMP_ECHO, 0 }, { ICMP_ECHOREPLY, 0 },
		{ ICMP_DEST_UNREACH, ICMP_PORT_UNREACH }, { ICMP_TIME_EXCEEDED, 0 },
		{ ICMP_PARAMETERPROB, 0 }, { 4, 0 }, { 41, 0 },
		{ ICMP_DEST_UNREACH, 99 },
	};
	const struct fx_ip ip = { .proto = IPPROTO_ICMP };
	u8 frame[FX_FRAME_MAX], quote[FX_FRAME_MAX];
	const struct fx_ip own = { .proto = IPPROTO_UDP,
				   .saddr = FX_IP, .daddr = FX_PEER };
	u32 n = fx_build_udp(quote, &own, PORT, 40000, text, 8) - ETH_HLEN;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		put_icmp(e, &ip, kinds[i].type, kinds[i].code, 0,
			 quote + ETH_HLEN, n);
	put_icmp(e, &ip, ICMP_ECHO, 0, 0, "", 0);
	put_icmp(e, &ip, ICMP_DEST_UNREACH, 0, 0, "", 0);
	n = fx_build_icmp(frame, &ip, ICMP_ECHO, 0, 0, "x", 1);
	frame[n - 1] ^= 1;
	e->put(e, frame, n);
}

static void fragments(struct end *e)
{
	struct fx_ip ip = { .proto = 253, .id = 77, .frag = 0x2000 };

	put_ip(e, &ip, 64);
	put_ip(e, &ip, 64);		/* again */
	ip.frag = 8;
	put_ip(e, &ip, 64);
	ip.id++;
	ip.frag = 0x2000;
	put_ip(e, &ip, 64);
	ip.frag = 0x2004;		/* overlaps */
	put_ip(e, &ip, 64);
	ip.id++;
	ip.frag = 0x2000;
	put_ip(e, &ip, 63);		/* no multiple of 8 */
}

/* Sums are looked at when a datagram is read, at the latest. */
static void drain(struct end *e)
{
	u8 buf[2048];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	while (e->d.recv(e->u, &m, 0) >= 0)
		;
}

static void datagrams(struct end *e)
{
	struct sockaddr_in to = sk_addr(SK_PEER, 40000);
	struct iovec iov = { text, 100 };
	const struct msghdr m = { .msg_name = &to, .msg_namelen = sizeof(to),
				  .msg_iov = &iov, .msg_iovlen = 1 };
	const struct fx_ip ip = { .proto = IPPROTO_UDP };
	u8 frame[FX_FRAME_MAX];
	u32 n = fx_build_udp(frame, &ip, 40000, PORT, text, 10);

	put_udp(e, PORT, 100, 0);
	put_udp(e, NOBODYS_PORT, 100, 0);
	frame[n - 1] ^= 1;
	e->put(e, frame, n);
	put_ip(e, &ip, 7);
	assert_int_equal(e->d.send(e->u, &m, 0), 100);
	iov.iov_len = 3000;			/* in fragments */
	assert_int_equal(e->d.send(e->u, &m, 0), 3000);
	iov.iov_len = 100;
	to = sk_addr(0xc0000201, 9);
	assert_int_equal(e->d.send(e->u, &m, 0), -ENETUNREACH);
	hear(e);
	drain(e);
}

/* Text each way, with and without the peer's timestamps. */
static void talk(struct end *e)
{
	accept_one(e);
	for (u32 i = 0; i < 10; i++) {
		give(e, PSH, 1 + i * 1000, 1, 1000);
		reads(e, 1000);
	}
	for (u32 i = 0; i < 10; i++) {
		writes(e, 1000);
		give(e, ACK, 10001, 1 + (i + 1) * 1000, 0);
	}
	writes(e, 500);
	give(e, PSH, 10001, 10501, 7);		/* with its acknowledgment */
	give(e, ACK, 10008, 10501, 0);		/* again */
	reads(e, 7);
	give(e, FIN, 10008, 10501, 0);
	closes(e);
	give(e, ACK, 10009, 10502, 0);
}

static void talk_with_timestamps(struct end *e)
{
	e->ts_val = 1000;
	e->sack = true;
	talk(e);
}

/* The end closes first. */
static void time_wait(struct end *e)
{
	accept_one(e);
	assert_int_equal(e->d.shutdown(e->s, SHUT_WR), 0);
	hear(e);
	give(e, ACK, 1, 2, 0);
	closes(e);
	give(e, FIN, 1, 2, 0);
	give(e, FIN, 1, 2, 0);
	give(e, SYN, 0x100000, 0, 0);
	give(e, RST, 0x100001, 0, 0);
}

/* A hole, what is there twice, and what is outside. */
static void disorder(struct end *e)
{
	e->sack = true;
	accept_one(e);
	give(e, PSH, 1, 1, 1000);
	give(e, PSH, 1, 1, 1000);
	give(e, PSH, 3001, 1, 1000);
	give(e, PSH, 3001, 1, 1000);
	give(e, PSH, 2501, 1, 1000);
	give(e, PSH, 2001, 1, 2000);
	give(e, PSH, 1001, 1, 1000);
	reads(e, 4000);
	give(e, PSH, 0x100000, 1, 10);
	give(e, PSH, 4001, 77777, 10);
	ends(e, 4001);
}

/* The first of five segments is lost: three duplicate ACKs, and two that show the
 * end. */
static void losses(struct end *e)
{
	accept_one(e);
	writes(e, 5 * PEER_MSS);
	for (u32 i = 0; i < 3; i++)
		give(e, ACK, 1, 1, 0);
	give(e, ACK, 1, 1 + 4 * PEER_MSS, 0);
	give(e, ACK, 1, 1 + 5 * PEER_MSS, 0);
	ends(e, 1);
}

static void strangers(struct end *e)
{
	e->ts_val = 1000;
	accept_one(e);
	give(e, RST, 2, 0, 0);			/* inside */
	give(e, RST, 0x100000, 0, 0);
	give(e, SYN, 1, 0, 0);
	give(e, SYN, 0x100000, 0, 0);
	e->ts_val = 900;
	give(e, PSH, 1, 1, 10);
	e->ts_val = 1000;
	ends(e, 1);
}

static void nobody(struct end *e)
{
	const struct fx_ip bad = { .proto = IPPROTO_TCP, .bad_l4_csum = true };

	give(e, ACK, 1, 1, 0);
	give(e, RST, 1, 0, 0);
	give(e, FIN, 1, 1, 0);
	put_tcp(e, &bad, SYN, 0, 0, 0);
	put_ip(e, &(struct fx_ip){ .proto = IPPROTO_TCP }, 12);
	give(e, SYN, 0, 0, 0);
	give(e, RST, 1, 0, 0);			/* its request */
}

static void connects(struct end *e)
{
	struct sockaddr_in to = sk_addr(SK_PEER, e->pport), own;
	const struct fx_ip ip = { .proto = IPPROTO_TCP };
	struct tcp_seg_info seg = { .source = htons(e->pport), .window = 1000 };
	u8 frame[FX_FRAME_MAX];

	for (u32 i = 0; i < 2; i++) {
		assert_int_equal(e->d.open(&e->d, SOCK_STREAM, 0, &e->s), 0);
		assert_int_equal(e->d.connect(e->s, (void *)&to, sizeof(to)),
				 -EINPROGRESS);
		hear(e);
		assert_int_equal(e->d.getname(e->s, 0, &own), 0);
		seg.dest = own.sin_port;
		seg.seq = PEER_ISS;
		seg.ack_seq = e->irs + 1;
		seg.flags = i ? TCPHDR_SYN | TCPHDR_ACK : RST | TCPHDR_ACK;
		e->put(e, frame, fx_build_tcp(frame, &ip, &seg, NULL, 0, "", 0));
		seg.seq++;
		seg.flags = RST;
		if (i)
			e->put(e, frame, fx_build_tcp(frame, &ip, &seg, NULL, 0,
						      "", 0));
		closes(e);
	}
}

/* Closed with text unread, closed and written to, and cut off. */
static void aborts(struct end *e)
{
	const struct linger now = { .l_onoff = 1 };

	accept_one(e);
	give(e, PSH, 1, 1, 10);
	closes(e);
	e->pport++;
	accept_one(e);
	closes(e);
	give(e, ACK, 1, 2, 0);
	give(e, PSH, 1, 2, 10);
	e->pport++;
	accept_one(e);
	e->d.set(e->s, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	closes(e);
}

static void too_far(struct end *e)
{
	const int ttl = 255;

	accept_one(e);
	e->d.set(e->s, IPPROTO_IP, IP_MINTTL, &ttl, sizeof(ttl));
	give(e, PSH, 1, 1, 10);
	closes(e);
	give(e, RST, 1, 0, 0);
}

static const struct script {
	const char *name;
	void (*run)(struct end *e);
} scripts[] = {
#define S(name) { #name, name }
	S(headers), S(messages), S(fragments), S(datagrams), S(talk),
	S(talk_with_timestamps), S(time_wait), S(disorder), S(losses),
	S(strangers),
	S(nobody), S(connects), S(aborts), S(too_far),
#undef S
};

/* ---- the comparison --------------------------------------------------------- */

/* What the scripts are to move, so that it is compared and not two zeros. */
static const enum mib_counter moved[] = {
	MIB_IP_INRECEIVES, MIB_IP_INHDRERRORS, MIB_IP_INADDRERRORS,
	MIB_IP_INUNKNOWNPROTOS, MIB_IP_INDELIVERS, MIB_IP_OUTREQUESTS,
	MIB_IP_OUTNOROUTES, MIB_IP_REASMREQDS, MIB_IP_REASMOKS, MIB_IP_REASMFAILS,
	MIB_IP_INCSUMERRORS, MIB_IP_INTRUNCATEDPKTS, MIB_IP_INOCTETS,
	MIB_IP_INECT1PKTS, MIB_IP_INECT0PKTS, MIB_IP_INCEPKTS, MIB_IP_OUTOCTETS,
	MIB_ICMP_INMSGS, MIB_ICMP_INERRORS, MIB_ICMP_INCSUMERRORS,
	MIB_ICMP_INDESTUNREACHS, MIB_ICMP_INTIMEEXCDS, MIB_ICMP_INPARMPROBS,
	MIB_ICMP_INSRCQUENCHS, MIB_ICMP_INECHOS, MIB_ICMP_INECHOREPS,
	MIB_ICMP_OUTMSGS, MIB_ICMP_OUTDESTUNREACHS, MIB_ICMP_OUTPARMPROBS,
	MIB_ICMP_OUTECHOREPS, MIB_UDP_INDATAGRAMS, MIB_UDP_NOPORTS,
	MIB_UDP_INERRORS, MIB_UDP_OUTDATAGRAMS, MIB_UDP_INCSUMERRORS,
	MIB_TCP_ACTIVEOPENS, MIB_TCP_PASSIVEOPENS, MIB_TCP_ATTEMPTFAILS,
	MIB_TCP_ESTABRESETS, MIB_TCP_INSEGS, MIB_TCP_OUTSEGS, MIB_TCP_INERRS,
	MIB_TCP_OUTRSTS, MIB_TCP_INCSUMERRORS, MIB_TCP_EMBRYONICRSTS,
	MIB_TCP_TIMEWAITED, MIB_TCP_PAWSESTABREJECTED, MIB_TCP_DELAYEDACKLOST,
	MIB_TCP_HPHITS, MIB_TCP_PUREACKS, MIB_TCP_HPACKS, MIB_TCP_ABORTONDATA,
	MIB_TCP_ABORTONCLOSE, MIB_TCP_MINTTLDROP, MIB_TCP_OFOQUEUE,
	MIB_TCP_OFOMERGE, MIB_TCP_DSACKOLDSENT, MIB_TCP_DSACKOFOSENT,
	MIB_TCP_CHALLENGEACK, MIB_TCP_SYNCHALLENGE, MIB_TCP_ORIGDATASENT,
	MIB_TCP_OVERWINDOWDROP, MIB_IP_FRAGOKS, MIB_IP_FRAGCREATES,
	MIB_IP_INNOECTPKTS, MIB_IP_OUTTRANSMITS, MIB_IP_REASMOVERLAPS,
	MIB_TCP_DELIVERED, MIB_TCP_RENORECOVERY, MIB_TCP_FASTRETRANS,
	MIB_TCP_RETRANSSEGS,
};

/* Where the two may differ, and why. */
static const struct differing {
	const char *script, *counter, *reason;	/* script NULL: in any */
} differing[] = {
	{ NULL, "TcpExtTCPHPHits",
	  "Linux leaves the fast path when the memory that the socket has paid "
	  "for is used up, which is a page or two" },
	{ "fragments", "IpReasmFails",
	  "RFC 791: Linux cuts a fragment to a multiple of 8, we drop it" },
	{ "nobody", "TcpInErrs",
	  "RFC 4022: a segment too short for its header is in error, too" },
	{ NULL, NULL, NULL },
};

static bool seen[ARRAY_SIZE(differing)];

static bool may_differ(const char *script, const char *counter)
{
	for (const struct differing *d = differing; d->counter; d++) {
		if ((d->script && strcmp(d->script, script)) ||
		    strcmp(d->counter, counter))
			continue;
		seen[d - differing] = true;
		return true;
	}
	return false;
}

static void run_script(struct end *e, const struct script *s, u16 pport)
{
	e->pport = pport;
	e->ts_val = 0;
	e->sack = false;
	e->win = 65535;
	s->run(e);
}

/* How far the kernel's counters come, by @grown. Return: nanoseconds. */
static u64 run_kernel(const struct script *s, u16 pport, u64 *grown)
{
	struct timespec begin, end;

	read_kernel();
	memcpy(grown, was, sizeof(was));
	clock_gettime(CLOCK_MONOTONIC, &begin);
	run_script(&kernels, s, pport);
	clock_gettime(CLOCK_MONOTONIC, &end);
	read_kernel();
	for (size_t i = 0; i < NR_COUNTERS; i++)
		grown[i] = was[i] - grown[i];
	return (u64)(end.tv_sec - begin.tv_sec) * NSEC_PER_SEC +
	       (u64)end.tv_nsec - (u64)begin.tv_nsec;
}

static void every_counter_is_the_kernels(void **state)
{
	const struct script *s = *state;
	static u16 pport = 20000;
	u64 grown[NR_COUNTERS], before[NR_COUNTERS];
	u32 wrong = 0, tries = 0;
	s64 delta;

	if (why_not)
		skip();
	while (run_kernel(s, pport += 10, grown) > SLOW_NS)
		assert_true(++tries < MAX_TRIES);
	for (size_t i = 0; i < NR_COUNTERS; i++)
		before[i] = read_ours(i);
	run_script(&ours, s, pport);
	for (size_t i = 0; i < NR_COUNTERS; i++) {
		delta = (s64)(read_ours(i) - before[i]);
		grew[i] |= has[i] && delta;
		if (!has[i] || (u64)delta == grown[i] ||
		    may_differ(s->name, counter_name(i)))
			continue;
		print_error("%s: %lld, the kernel %lld\n", counter_name(i),
			    (long long)delta, (long long)grown[i]);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void every_counter_was_compared(void **state)
{
	(void)state;
	if (why_not)
		skip();
	assert_true(grew[NR_NAMED + ICMP_ECHO]);
	assert_true(grew[NR_NAMED + ICMP_MSG_TYPES + ICMP_ECHOREPLY]);
	for (size_t i = 0; i < ARRAY_SIZE(moved); i++)
		if (has[moved[i]] && !grew[moved[i]])
			fail_msg("%s: nothing counted it", counters[moved[i]].name);
}

static void every_difference_is_one(void **state)
{
	(void)state;
	if (why_not)
		skip();
	for (const struct differing *d = differing; d->counter; d++) {
		print_message("# %s: %s\n", d->counter, d->reason);
		if (!seen[d - differing] && d->script)
			fail_msg("%s, %s: no difference any more", d->script,
				 d->counter);
	}
}

/* ---- life ------------------------------------------------------------------- */

static const char *const knobs[][2] = {
	{ "net.ipv4.tcp_invalid_ratelimit", "0" },
	{ "net.ipv4.icmp_ratemask", "0" },
	{ "net.ipv4.tcp_early_retrans", "0" },
};

static const char *open_kernel(void)
{
	const char *why = host_net_enter();

	if (why)
		return why;
	host_net_sysctl("net.ipv6.conf.all.disable_ipv6", "1");
	tun = host_net_tun("tun0");
	if (tun < 0)
		return "no TUN";
	for (size_t i = 0; i < ARRAY_SIZE(knobs); i++)
		host_net_sysctl(knobs[i][0], knobs[i][1]);
	if (!host_net_run("ip address add 10.0.0.2/24 dev tun0 && "
			  "ip link set tun0 txqueuelen 10000 up"))
		return "no ip(8)";
	return NULL;
}

/* What all scripts share: a listener, and a socket for datagrams. */
static void open_sockets(struct end *e)
{
	struct sockaddr_in a = sk_addr(0, PORT);

	assert_int_equal(e->d.open(&e->d, SOCK_STREAM, 0, &e->l), 0);
	assert_int_equal(e->d.bind(e->l, (void *)&a, sizeof(a)), 0);
	assert_int_equal(e->d.listen(e->l, 8), 0);
	assert_int_equal(e->d.open(&e->d, SOCK_DGRAM, 0, &e->u), 0);
	assert_int_equal(e->d.bind(e->u, (void *)&a, sizeof(a)), 0);
	hear(e);
}

static int open_ends(void **state)
{
	(void)state;
	why_not = open_kernel();
	if (why_not)
		print_message("# no kernel to compare with: %s\n", why_not);
	fx_open(&stack_fx);
	fx_learn(&stack_fx);
	for (size_t i = 0; i < ARRAY_SIZE(knobs); i++)
		fx_sysctl(&stack_fx, knobs[i][0], knobs[i][1]);
	ours = (struct end){ .d = stack_side, .put = put_to_stack };
	ours.d.f = &stack_fx;
	open_sockets(&ours);
	if (why_not)
		return 0;
	kernels = (struct end){ .d = host_side, .put = put_to_kernel };
	open_sockets(&kernels);
	return 0;
}

static int close_ends(void **state)
{
	(void)state;
	ours.d.close(ours.l);
	ours.d.close(ours.u);
	fx_advance(&stack_fx, 200 * FX_SEC);	/* TIME-WAIT ends */
	fx_flush(&stack_fx);
	fx_close(&stack_fx);
	if (why_not)
		return 0;
	kernels.d.close(kernels.l);
	kernels.d.close(kernels.u);
	close(tun);
	return 0;
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(scripts) + 2];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(scripts); i++)
		tests[i] = (struct CMUnitTest){
			.name = scripts[i].name,
			.test_func = every_counter_is_the_kernels,
			.initial_state = (void *)(uintptr_t)&scripts[i],
		};
	tests[i++] = (struct CMUnitTest)
		cmocka_unit_test(every_counter_was_compared);
	tests[i] = (struct CMUnitTest)
		cmocka_unit_test(every_difference_is_one);
	return cmocka_run_group_tests(tests, open_ends, close_ends);
}
