/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One line of text for one frame, in the manner of tcpdump -n.
 *
 *	02:00:00:00:00:01 > 02:00:00:00:00:02 IP (ttl 64, id 7, DF)
 *	10.0.0.1.40000 > 10.0.0.2.7: Flags [P.], seq 1:5, ack 9, win 512,
 *	options [nop,nop,TS val 5 ecr 6], length 4
 *
 * All reading goes through the parsers, so a frame that lies is printed with
 * the sentence of the reason. Sequence numbers are absolute, in decimal.
 */
#include "wire/print.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/byteorder.h"
#include "lib/checksum.h"
#include "wire/arp.h"
#include "wire/cursor.h"
#include "wire/eth.h"
#include "wire/icmp.h"
#include "wire/ip_options.h"
#include "wire/ipv4.h"
#include "wire/tcp.h"
#include "wire/tcp_options.h"
#include "wire/udp.h"

/* Text that grows up to a limit; what does not fit is cut. */
struct line {
	char *buf;
	size_t size;
	size_t len;		/* without the NUL */
};

/* An empty line in @size bytes at @buf. */
static struct line line_init(char *buf, size_t size)
{
	struct line l = { .buf = buf, .size = size };

	if (l.size > WIRE_PRINT_MAX)
		l.size = WIRE_PRINT_MAX;
	if (l.size)
		buf[0] = '\0';
	return l;
}

/* Append, as printf() does. */
static void __attribute__((format(printf, 2, 3)))
put(struct line *l, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (l->len + 1 >= l->size)
		return;
	va_start(ap, fmt);
	n = vsnprintf(l->buf + l->len, l->size - l->len, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	l->len += (size_t)n;
	if (l->len >= l->size)
		l->len = l->size - 1;
}

static void put_bad(struct line *l, const char *what, int err)
{
	put(l, "[bad %s: %s]", what, wire_strreason(err));
}

static void put_mac(struct line *l, const u8 *a)
{
	put(l, "%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3], a[4],
	    a[5]);
}

static void put_addr(struct line *l, __be32 addr)
{
	u32 a = be32_to_cpu(addr);

	put(l, "%u.%u.%u.%u", a >> 24, a >> 16 & 0xff, a >> 8 & 0xff, a & 0xff);
}

/* "a > b: ", or with ports "a.1 > b.2: " */
static void put_ends(struct line *l, const struct ipv4_info *ip,
		     const __be16 *sport, const __be16 *dport)
{
	put_addr(l, ip->saddr);
	if (sport)
		put(l, ".%u", be16_to_cpu(*sport));
	put(l, " > ");
	put_addr(l, ip->daddr);
	if (dport)
		put(l, ".%u", be16_to_cpu(*dport));
	put(l, ": ");
}

/* ---- TCP ---- */

/* The flags as tcpdump letters them; "e" is AE. */
static void put_tcp_flags(struct line *l, const struct tcp_seg_info *seg)
{
	static const char letters[] = "FSRP.UEW";
	unsigned int i;

	put(l, "Flags [");
	for (i = 0; i < sizeof(letters) - 1; i++)
		if (seg->flags & 1u << i)
			put(l, "%c", letters[i]);
	if (seg->ae)
		put(l, "e");
	if (!seg->flags && !seg->ae)
		put(l, "none");
	put(l, "]");
}

/* SACK blocks, as many whole ones as there are. */
static void put_tcp_sacks(struct line *l, struct cursor *body)
{
	u32 start, end;

	put(l, "sack");
	while (cur_left(body) >= TCPOLEN_SACK_PERBLOCK) {
		start = cur_be32(body);
		end = cur_be32(body);
		put(l, " %u:%u", start, end);
	}
}

/* Kind and length of an option whose body is not shown. */
static void put_tcp_unknown(struct line *l, u8 kind, size_t body_len)
{
	static const struct {
		u8 kind;
		const char *name;
	} names[] = {
		{ TCPOPT_SACK_PERM, "sackOK" }, { TCPOPT_MD5SIG, "md5" },
		{ TCPOPT_AO, "ao" }, { TCPOPT_MPTCP, "mptcp" },
		{ TCPOPT_FASTOPEN, "tfo" }, { TCPOPT_EXP, "exp" },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].kind != kind)
			continue;
		put(l, "%s", names[i].name);
		if (body_len)
			put(l, " len %zu", body_len + 2);
		return;
	}
	put(l, "opt-%u len %zu", kind, body_len + 2);
}

/* One option whose length is right as far as the walk can tell. */
static void put_tcp_option(struct line *l, u8 kind, struct cursor *body)
{
	size_t len = cur_left(body);
	u32 val;

	if (kind == TCPOPT_MSS && len == TCPOLEN_MSS - 2) {
		put(l, "mss %u", cur_be16(body));
	} else if (kind == TCPOPT_WINDOW && len == TCPOLEN_WINDOW - 2) {
		put(l, "wscale %u", cur_u8(body));
	} else if (kind == TCPOPT_TIMESTAMP && len == TCPOLEN_TIMESTAMP - 2) {
		val = cur_be32(body);
		put(l, "TS val %u ecr %u", val, cur_be32(body));
	} else if (kind == TCPOPT_SACK) {
		put_tcp_sacks(l, body);
	} else {
		put_tcp_unknown(l, kind, len);
	}
}

/* All options in the order they stand, up to the first lie. */
static void put_tcp_options(struct line *l, const u8 *opt, size_t len)
{
	struct cursor c = cur_init(opt, len), body;
	const char *sep = "";
	u8 kind, size;

	if (!len)
		return;
	put(l, ", options [");
	while (cur_left(&c)) {		/* each round takes a byte or leaves */
		kind = cur_u8(&c);
		put(l, "%s", sep);
		sep = ",";
		if (kind == TCPOPT_NOP) {
			put(l, "nop");
			continue;
		}
		if (kind == TCPOPT_EOL) {
			put(l, "eol");
			break;
		}
		size = cur_u8(&c);
		body = cur_sub(&c, size < 2 ? SIZE_MAX : size - 2u);
		if (!cur_ok(&c)) {
			put(l, "bad opt-%u len %u", kind, size);
			break;
		}
		put_tcp_option(l, kind, &body);
	}
	put(l, "]");
}

/* A segment, or the head of one whose other fragments follow. */
static void put_tcp(struct line *l, const struct ipv4_info *ip, const u8 *p,
		    size_t len)
{
	struct tcp_seg_info seg;
	int err = tcp_parse(p, len, len, &seg);

	if (err) {
		put_ends(l, ip, NULL, NULL);
		put_bad(l, "TCP", err);
		return;
	}
	put_ends(l, ip, &seg.source, &seg.dest);
	put_tcp_flags(l, &seg);
	if (!ip->mf && tcp_v4_check((u32)len, ip->saddr, ip->daddr,
				    csum_partial(p, len, 0)))
		put(l, " (bad cksum)");
	put(l, ", seq %u", seg.seq);
	if (seg.payload_len)
		put(l, ":%u", seg.seq + seg.payload_len);
	if (seg.flags & TCPHDR_ACK)
		put(l, ", ack %u", seg.ack_seq);
	put(l, ", win %u", seg.window);
	if (seg.flags & TCPHDR_URG)
		put(l, ", urg %u", seg.urg_ptr);
	put_tcp_options(l, p + TCP_HLEN_MIN, seg.hdr_len - TCP_HLEN_MIN);
	put(l, ", length %u", seg.payload_len);
}

/* ---- UDP and ICMP ---- */

/* A datagram, or the head of one whose other fragments follow. */
static void put_udp(struct line *l, const struct ipv4_info *ip, const u8 *p,
		    size_t len)
{
	struct udp_info udp;
	int err = udp_parse(p, len, ip->mf ? IP_MAX_TOT_LEN : len, &udp);

	if (err) {
		put_ends(l, ip, NULL, NULL);
		put_bad(l, "UDP", err);
		return;
	}
	put_ends(l, ip, &udp.source, &udp.dest);
	put(l, "UDP");
	if (udp.no_check)
		put(l, " (no cksum)");
	else if (!ip->mf && udp_v4_check(udp.len, ip->saddr, ip->daddr,
					 csum_partial(p, udp.len, 0)))
		put(l, " (bad cksum)");
	put(l, ", length %u", udp.len - UDP_HLEN);
}

/* The packet that an error is about. */
static void put_quote(struct line *l, const u8 *p, size_t len)
{
	struct icmp_quote q;
	int err = icmp_quote_parse(p, len, &q);

	if (err) {
		put(l, " ");
		put_bad(l, "quote", err);
		return;
	}
	put(l, " (");
	put_addr(l, q.saddr);
	if (q.has_ports)
		put(l, ".%u", be16_to_cpu(q.sport));
	put(l, " > ");
	put_addr(l, q.daddr);
	if (q.has_ports)
		put(l, ".%u", be16_to_cpu(q.dport));
	put(l, " proto %u", q.protocol);
	if (q.has_seq)
		put(l, " seq %u", q.seq);
	put(l, ")");
}

/* NULL for a type without a name here. */
static const char *icmp_type_name(u8 type)
{
	static const char *const names[NR_ICMP_TYPES + 1] = {
		[ICMP_ECHOREPLY] = "echo reply",
		[ICMP_DEST_UNREACH] = "unreachable",
		[ICMP_SOURCE_QUENCH] = "source quench",
		[ICMP_REDIRECT] = "redirect",
		[ICMP_ECHO] = "echo request",
		[ICMP_TIME_EXCEEDED] = "time exceeded",
		[ICMP_PARAMETERPROB] = "parameter problem",
		[ICMP_TIMESTAMP] = "timestamp request",
		[ICMP_TIMESTAMPREPLY] = "timestamp reply",
	};

	return type <= NR_ICMP_TYPES ? names[type] : NULL;
}

/* A message, with the fields that its type has. */
static void put_icmp(struct line *l, const struct ipv4_info *ip, const u8 *p,
		     size_t len)
{
	struct icmp_info icmp;
	const char *name;
	int err = icmp_parse_header(p, len, &icmp);

	put_ends(l, ip, NULL, NULL);
	if (err) {
		put_bad(l, "ICMP", err);
		return;
	}
	name = icmp_type_name(icmp.type);
	if (name)
		put(l, "ICMP %s", name);
	else
		put(l, "ICMP type %u", icmp.type);
	if (icmp.code || icmp_is_err(icmp.type))
		put(l, " code %u", icmp.code);
	if (!ip->mf && ip_compute_csum(p, len))
		put(l, " (bad cksum)");
	if (icmp.type == ICMP_ECHO || icmp.type == ICMP_ECHOREPLY)
		put(l, ", id %u, seq %u", be16_to_cpu(icmp.id),
		    be16_to_cpu(icmp.sequence));
	if (icmp.type == ICMP_DEST_UNREACH && icmp.code == ICMP_FRAG_NEEDED)
		put(l, ", mtu %u", icmp.mtu);
	if (icmp.type == ICMP_PARAMETERPROB)
		put(l, ", pointer %u", icmp.pointer);
	if (icmp.type == ICMP_REDIRECT) {
		put(l, ", gateway ");
		put_addr(l, icmp.gateway);
	}
	if (icmp_is_err(icmp.type))
		put_quote(l, p + ICMP_HLEN, len - ICMP_HLEN);
	put(l, ", length %zu", len);
}

/* ---- IPv4, ARP, Ethernet ---- */

/* TTL and identification always; the rest where it is unusual. */
static void put_ip_head(struct line *l, const struct ipv4_info *ip,
			const u8 *opt)
{
	struct ip_options_info io;

	put(l, "IP (ttl %u, id %u", ip->ttl, ip->id);
	if (ip->tos)
		put(l, ", tos 0x%x", ip->tos);
	if (ip->df)
		put(l, ", DF");
	if (ip->mf)
		put(l, ", MF");
	if (ip->frag_off)
		put(l, ", offset %u", ip->frag_off);
	if (ip->opt_len) {
		put(l, ", options %u", ip->opt_len);
		if (ip_options_parse(opt, ip->opt_len, &io))
			put(l, " bad at %u", io.pp_ptr);
		else
			put(l, "%s%s%s%s", io.srr ? " srr" : "",
			    io.rr ? " rr" : "", io.ts ? " ts" : "",
			    io.router_alert ? " ra" : "");
	}
	put(l, ") ");
}

/* A datagram, whose padding is left out. */
static void put_ipv4(struct line *l, const u8 *p, size_t len)
{
	struct ipv4_info ip;
	size_t plen;
	int err = ipv4_parse(p, len, &ip);

	if (err) {
		put_bad(l, "IP", err);
		return;
	}
	put_ip_head(l, &ip, p + IP_HLEN_MIN);
	plen = ip.tot_len - ip.hdr_len;
	p += ip.hdr_len;
	if (ip.frag_off) {
		put_ends(l, &ip, NULL, NULL);
		put(l, "fragment of proto %u, length %zu", ip.protocol, plen);
	} else if (ip.protocol == IPPROTO_TCP) {
		put_tcp(l, &ip, p, plen);
	} else if (ip.protocol == IPPROTO_UDP) {
		put_udp(l, &ip, p, plen);
	} else if (ip.protocol == IPPROTO_ICMP) {
		put_icmp(l, &ip, p, plen);
	} else {
		put_ends(l, &ip, NULL, NULL);
		put(l, "proto %u, length %zu", ip.protocol, plen);
	}
}

/* Requests and replies in words, other opcodes by number. */
static void put_arp(struct line *l, const u8 *p, size_t len)
{
	struct arp_info arp;
	int err = arp_parse(p, len, &arp);

	if (err) {
		put_bad(l, "ARP", err);
		return;
	}
	if (arp.op == ARPOP_REQUEST) {
		put(l, "ARP who-has ");
		put_addr(l, arp.tip);
		put(l, " tell ");
		put_addr(l, arp.sip);
	} else if (arp.op == ARPOP_REPLY) {
		put(l, "ARP reply ");
		put_addr(l, arp.sip);
		put(l, " is-at ");
		put_mac(l, arp.sha);
	} else {
		put(l, "ARP op %u from ", arp.op);
		put_mac(l, arp.sha);
	}
}

/*
 * Print an Ethernet frame.
 *
 * @buf, @size: where to; always ends in NUL when @size is not 0, cut when the
 *              line is longer than @size or WIRE_PRINT_MAX
 *
 * Return: characters in @buf.
 */
size_t wire_print_frame(char *buf, size_t size, const void *frame, size_t len)
{
	struct line l = line_init(buf, size);
	struct eth_info eth;
	const u8 *p = frame;
	int err = eth_parse(frame, len, &eth);

	if (err) {
		put_bad(&l, "frame", err);
		put(&l, ", length %zu", len);
		return l.len;
	}
	put_mac(&l, eth.source);
	put(&l, " > ");
	put_mac(&l, eth.dest);
	put(&l, " ");
	if (eth.nr_vlan)
		put(&l, "vlan %u ", eth.vlan_tci & VLAN_VID_MASK);
	p += eth.hdr_len;
	if (eth.proto == cpu_to_be16(ETH_P_IP))
		put_ipv4(&l, p, eth.payload_len);
	else if (eth.proto == cpu_to_be16(ETH_P_ARP))
		put_arp(&l, p, eth.payload_len);
	else
		put(&l, "ethertype 0x%04x, length %u", be16_to_cpu(eth.proto),
		    eth.payload_len);
	return l.len;
}

/* Print an IPv4 datagram; else as wire_print_frame(). */
size_t wire_print_ipv4(char *buf, size_t size, const void *pkt, size_t len)
{
	struct line l = line_init(buf, size);

	put_ipv4(&l, pkt, len);
	return l.len;
}
