/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctored frames, and a world of two hosts for them. */
#include "doctor.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

struct world w;
u8 frame[MAX_FRAME];
struct end *const end_a = &w.conn[0].end[0];
struct end *const end_b = &w.conn[0].end[1];

/* The simulator's own, which has a main() beside it. */
void sim_fail(struct world *world, const char *fmt, ...)
{
	va_list ap;

	if (world->why[0])
		return;
	va_start(ap, fmt);
	vsnprintf(world->why, sizeof(world->why), fmt, ap);
	va_end(ap);
}

/* An IPv4 header for @len bytes of @proto after it. */
void build_ip(int from, u32 to, u8 proto, u32 len, u8 ttl, u8 tos)
{
	u8 *ip = frame + 14;

	memset(frame, 0, 34);
	memcpy(frame, w.host[!from].mac, 6);
	memcpy(frame + 6, w.host[from].mac, 6);
	put16(frame + 12, 0x0800);
	ip[0] = 0x45;
	ip[1] = tos;
	put16(ip + 2, 20 + len);
	ip[8] = ttl ? ttl : 64;
	ip[9] = proto;
	put32(ip + 12, SIM_ADDR(from));
	put32(ip + 16, to);
	put16(ip + 10, fold(sum(ip, 20, 0)));
}

u32 build(const struct spec *s)
{
	u32 tlen = 20 + s->opt_len + s->len;
	u16 client = s->port ? s->port : PORT_A;
	u8 *t = frame + 34;

	build_ip(s->from, SIM_ADDR(!s->from), 6, tlen, s->ttl, s->tos);
	memset(t, 0, 20);
	put16(t, s->from ? SIM_PORT : client);
	put16(t + 2, s->from ? client : SIM_PORT);
	put32(t + 4, s->seq + (s->from ? 500000 : 1000));
	if (s->flags & ACK)
		put32(t + 8, s->ack + (s->from ? 1000 : 500000));
	t[12] = (u8)((5 + s->opt_len / 4) << 4 | s->reserved);
	t[13] = s->flags;
	put16(t + 14, s->window ? s->window : 60000);
	put16(t + 18, s->urgent);
	if (s->opt_len)
		memcpy(t + 20, s->opt, s->opt_len);
	memset(t + 20 + s->opt_len, s->fill, s->len);
	put16(t + 16, fold(sum(t, tlen, sum(frame + 26, 8, 6 + tlen))));
	return 34 + tlen;
}

u32 build_arp(int from, u8 op, u32 sender, u32 addr)
{
	u8 *arp = frame + 14;

	memset(frame, 0, 42);
	memset(frame, op == 1 ? 255 : 0, 6);
	if (op != 1)
		memcpy(frame, w.host[!from].mac, 6);
	memcpy(frame + 6, w.host[from].mac, 6);
	put16(frame + 12, 0x0806);
	put16(arp, 1);
	put16(arp + 2, 0x0800);
	arp[4] = 6;
	arp[5] = 4;
	arp[7] = op;
	memcpy(arp + 8, w.host[from].mac, 6);
	put32(arp + 14, sender);
	put32(arp + 24, addr);
	return 42;
}

u32 build_icmp(u8 type, u8 code, int quoted, u32 frag)
{
	u8 *icmp = frame + 34;

	build_ip(1, SIM_ADDR(0), 1, 36, 0, 0);
	memset(icmp, 0, 36);
	icmp[0] = type;
	icmp[1] = code;
	icmp[8] = 0x45;
	icmp[8 + 9] = 17;
	put16(icmp + 8 + 6, frag);
	put32(icmp + 8 + 12, SIM_ADDR(quoted));
	put32(icmp + 8 + 16, SIM_ADDR(1));
	put16(icmp + 2, fold(sum(icmp, 36, 0)));
	return 70;
}

u32 build_udp(int from, u32 id, u32 len)
{
	u8 *udp = frame + 34;

	build_ip(from, SIM_ADDR(!from), 17, 8 + len, 0, 0);
	memset(udp, 0, 8 + len);
	put16(udp, SIM_UDP_PORT);
	put16(udp + 2, SIM_UDP_PORT);
	put16(udp + 4, 8 + len);
	put16(udp + 8, id);
	put16(udp + 6, fold(sum(udp, 8 + len,
				sum(frame + 26, 8, 17 + 8 + len))));
	return 42 + len;
}

void leaves(struct spec s)
{
	monitor_frame(&w, s.from, true, frame, build(&s));
}

void arrives(struct spec s)
{
	monitor_frame(&w, !s.from, false, frame, build(&s));
}

void passes(struct spec s)
{
	leaves(s);
	arrives(s);
}

void arrives_too_big(u32 seq, u32 mtu)
{
	u8 *icmp = frame + 34;

	build_icmp(3, 4, 0, 0);
	icmp[8 + 9] = 6;
	put16(icmp + 2, 0);
	put16(icmp + 6, mtu);
	put16(icmp + 28, PORT_A);
	put16(icmp + 30, SIM_PORT);
	put32(icmp + 32, 1000 + seq);
	put16(icmp + 2, fold(sum(icmp, 36, 0)));
	monitor_frame(&w, 0, false, frame, 70);
}

void leaves_arp(int from, u8 op, u32 sender, u32 addr)
{
	monitor_frame(&w, from, true, frame, build_arp(from, op, sender, addr));
}

void arrives_arp(int from, u8 op, u32 sender, u32 addr)
{
	monitor_frame(&w, !from, false, frame,
		      build_arp(from, op, sender, addr));
}

void lists(int h, const char *text)
{
	char copy[256];

	strcpy(copy, text);
	monitor_listing(&w, h, copy);
}

void later(u64 ms)
{
	w.now += ms * SIM_MS;
}

void open_world(void)
{
	unsigned int i;

	memset(&w, 0, sizeof(w));
	w.now = 1000 * SIM_S;
	w.nr_hosts = w.nr_stacks = 2;
	for (i = 0; i < 2; i++) {
		w.host[i].mtu = 1500;
		w.host[i].rto_min_us = 200000;
		w.host[i].icmp_ratelimit_ms = 1000;
		w.host[i].addr = SIM_ADDR(i);
		w.host[i].mac[0] = w.host[!i].neighbour[0] = 2;
		w.host[i].mac[5] = w.host[!i].neighbour[5] = (u8)(1 + i);
	}
}

const u8 mss_1460[4] = { 2, 4, 1460 >> 8, 1460 & 255 };
/* MSS, and a timestamp of 7 that echoes 0. */
const u8 syn_ts[16] = { 2, 4, 1460 >> 8, 1460 & 255, 8, 10, 0, 0, 0, 7,
			     0, 0, 0, 0, 1, 1 };

/* Shakes hands; @opt are the options of both SYNs. The second one echoes what
 * syn_ts says. */
void open_with(const u8 *opt, u32 opt_len)
{
	u8 answer[16];

	memcpy(answer, opt, opt_len);
	if (opt_len == sizeof(syn_ts))
		answer[13] = 7;
	open_world();
	PASSES(0, SYN, .opt = opt, .opt_len = opt_len);
	PASSES(1, SYN | ACK, 0, 1, .opt = answer, .opt_len = opt_len);
	assert_string_equal(w.why, "");
}

void open_pair(void)
{
	static const u8 mss_sack[] = { 2, 4, 1460 >> 8, 1460 & 255, 1, 1, 4, 2 };

	open_with(mss_sack, sizeof(mss_sack));
	PASSES(0, ACK, 1, 1);
}

void open_called(void)
{
	open_world();
	w.nr_conns = 1;
	w.conn[0].end[0].conn = w.conn[0].end[1].conn = &w.conn[0];
	w.conn[0].end[1].host = 1;
	w.conn[0].end[0].port = htons(PORT_A);
	w.conn[0].end[1].port = htons(SIM_PORT);
	PASSES(0, SYN, .opt = mss_1460, .opt_len = 4);
	PASSES(1, SYN | ACK, 0, 1, .opt = mss_1460, .opt_len = 4);
	PASSES(0, ACK, 1, 1);
	assert_string_equal(w.why, "");
}

/* ... and both know timestamps: what follows has @ts and echoes @echo. */
const u8 *ts(u8 value, u8 echo)
{
	static u8 opt[12] = { 1, 1, 8, 10 };

	opt[7] = value;
	opt[11] = echo;
	return opt;
}

/* The monitor has said @what, and nothing before. */
void caught(const char *what)
{
	if (!strstr(w.why, what) || (!*what && *w.why))
		fail_msg("expected \"%s\", got \"%s\"", what, w.why);
	monitor_free(&w);
}
