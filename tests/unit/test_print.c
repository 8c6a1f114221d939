/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one-line rendering: what it says, and that nothing makes it stumble.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>

#include "guard.h"
#include "lib/checksum.h"
#include "wire/arp.h"
#include "wire/eth.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"
#include "wire/print.h"
#include "wire/tcp_options.h"
#include "wire/udp.h"

#define MACS "02:00:00:00:00:0a > 02:00:00:00:00:0b "

static const u8 mac_a[ETH_ALEN] = { 2, 0, 0, 0, 0, 0xa };
static const u8 mac_b[ETH_ALEN] = { 2, 0, 0, 0, 0, 0xb };

/* A frame under construction. */
struct frame {
	u8 b[256];
	size_t len;
};

static void ethernet(struct frame *f, u16 type)
{
	memset(f, 0, sizeof(*f));
	assert_int_equal(eth_build(f->b, 14, mac_b, mac_a, htons(type)), 14);
	f->len = 14;
}

/* 10.0.0.1 > 10.0.0.2, @plen bytes of @protocol to follow */
static u8 *ip(struct frame *f, u8 protocol, size_t plen)
{
	struct ipv4_info out = {
		.saddr = inet_addr("10.0.0.1"), .daddr = inet_addr("10.0.0.2"),
		.tot_len = (u16)(20 + plen), .id = 7, .hdr_len = 20, .ttl = 64,
		.protocol = protocol, .df = true,
	};
	u8 *payload;

	ethernet(f, ETH_P_IP);
	assert_int_equal(ipv4_build(f->b + 14, 20, &out), 20);
	payload = f->b + 34;
	f->len += 20 + plen;
	return payload;
}

static void expect(const struct frame *f, const char *want)
{
	char line[WIRE_PRINT_MAX];
	size_t n = wire_print_frame(line, sizeof(line),
				    guard_copy(&guard, f->b, f->len), f->len);

	assert_int_equal(n, strlen(line));
	assert_string_equal(line, want);
}

/* A segment with these options; its checksum right when @good. */
static void tcp(struct frame *f, const struct tcp_out_options *opts, u8 flags,
		size_t payload, bool good)
{
	size_t opt_len = tcp_options_size(opts), len = 20 + opt_len + payload;
	u8 *p = ip(f, IPPROTO_TCP, len);
	struct tcp_seg_info seg = {
		.source = htons(40000), .dest = htons(7), .seq = 1,
		.ack_seq = 9, .window = 512, .flags = flags, .urg_ptr = 3,
		.hdr_len = (u8)(20 + opt_len),
	};
	__sum16 sum;

	assert_int_equal(tcp_build(p, len, &seg), 20);
	assert_int_equal(tcp_options_write(p + 20, opt_len, opts), opt_len);
	sum = tcp_v4_check((u32)len, inet_addr("10.0.0.1"),
			   inet_addr("10.0.0.2"), csum_partial(p, len, 0));
	if (good)
		memcpy(p + 16, &sum, 2);
}

static void tcp_data_reads_as_tcpdump_would(void **state)
{
	struct tcp_out_options opts = { .options = OPTION_TS, .tsval = 5,
					.tsecr = 6 };
	struct frame f;

	(void)state;
	tcp(&f, &opts, TCPHDR_PSH | TCPHDR_ACK, 4, true);
	expect(&f, MACS "IP (ttl 64, id 7, DF) 10.0.0.1.40000 > 10.0.0.2.7: "
	       "Flags [P.], seq 1:5, ack 9, win 512, "
	       "options [nop,nop,TS val 5 ecr 6], length 4");
}

static void tcp_syn_shows_its_options(void **state)
{
	static const struct tcp_sack_block sack = { 10, 20 };
	struct tcp_out_options opts = {
		.options = OPTION_MSS | OPTION_WSCALE | OPTION_SACK_ADVERTISE |
			   OPTION_FAST_OPEN_COOKIE,
		.mss = 1460, .ws = 7, .num_sack_blocks = 1, .sacks = &sack,
	};
	struct frame f;

	(void)state;
	tcp(&f, &opts, TCPHDR_SYN | TCPHDR_ECE | TCPHDR_CWR, 0, true);
	expect(&f, MACS "IP (ttl 64, id 7, DF) 10.0.0.1.40000 > 10.0.0.2.7: "
	       "Flags [SEW], seq 1, win 512, options [mss 1460,nop,nop,sackOK,"
	       "nop,wscale 7,nop,nop,sack 10:20,tfo,nop,nop], length 0");
}

static void tcp_oddities_are_said(void **state)
{
	struct tcp_out_options none = { .options = 0 };
	struct frame f;

	(void)state;
	tcp(&f, &none, 0, 0, true);
	expect(&f, MACS "IP (ttl 64, id 7, DF) 10.0.0.1.40000 > 10.0.0.2.7: "
	       "Flags [none], seq 1, win 512, length 0");
	tcp(&f, &none, TCPHDR_FIN | TCPHDR_RST | TCPHDR_URG, 1, false);
	expect(&f, MACS "IP (ttl 64, id 7, DF) 10.0.0.1.40000 > 10.0.0.2.7: "
	       "Flags [FRU] (bad cksum), seq 1:2, win 512, urg 3, length 1");
	f.b[34 + 12] = 0x40;
	expect(&f, MACS "IP (ttl 64, id 7, DF) 10.0.0.1 > 10.0.0.2: "
	       "[bad TCP: header length below the minimum or past the end]");
}

/* A segment with the options @raw; @offset: data offset and the bits below. */
static void tcp_options(struct frame *f, u8 offset, const u8 *raw, u32 len)
{
	u8 *p = ip(f, IPPROTO_TCP, 20 + len);
	__sum16 sum;

	p[12] = offset;
	memcpy(p + 20, raw, len);
	sum = tcp_v4_check(20 + len, inet_addr("10.0.0.1"),
			   inet_addr("10.0.0.2"),
			   csum_partial(p, 20 + len, 0));
	memcpy(p + 16, &sum, 2);
}

/* AE, end of list, kinds with a body. */
static void tcp_rare_options_are_named(void **state)
{
	static const u8 raw[24] = { 34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 2, 3, 1,
				    4, 2, 29, 4, 0, 0, 0, 9, 9, 9, 9 };
	struct frame f;

	(void)state;
	tcp_options(&f, 0xb1, raw, sizeof(raw));
	expect(&f, MACS "IP (ttl 64, id 7, DF) 10.0.0.1.0 > 10.0.0.2.0: "
	       "Flags [e], seq 0, win 0, options [tfo len 10,opt-2 len 3,"
	       "sackOK,ao len 4,eol], length 0");
}

/* Options whose lengths lie are shown up to the lie. */
static void tcp_option_lie_is_said(void **state)
{
	static const u8 raw[12] = { 2, 4, 1, 0, 200, 3, 1, 19, 2, 77, 60, 1 };
	struct frame f;

	(void)state;
	tcp_options(&f, 0x80, raw, sizeof(raw));
	expect(&f, MACS "IP (ttl 64, id 7, DF) 10.0.0.1.0 > 10.0.0.2.0: "
	       "Flags [none], seq 0, win 0, options [mss 256,opt-200 len 3,"
	       "md5,bad opt-77 len 60], length 0");
}

static void udp_is_shown_with_its_checksum(void **state)
{
	struct udp_info udp = { .source = htons(53), .dest = htons(1024),
				.len = 12 };
	struct frame f;
	__sum16 sum;
	u8 *p = ip(&f, IPPROTO_UDP, 12);

	(void)state;
	assert_int_equal(udp_build(p, 12, &udp), 8);
	expect(&f, MACS "IP (ttl 64, id 7, DF) 10.0.0.1.53 > 10.0.0.2.1024: "
	       "UDP (no cksum), length 4");
	sum = udp_v4_check(12, inet_addr("10.0.0.1"), inet_addr("10.0.0.2"),
			   csum_partial(p, 12, 0));
	memcpy(p + 6, &sum, 2);
	expect(&f, MACS "IP (ttl 64, id 7, DF) 10.0.0.1.53 > 10.0.0.2.1024: "
	       "UDP, length 4");
	p[6] ^= 1;
	expect(&f, MACS "IP (ttl 64, id 7, DF) 10.0.0.1.53 > 10.0.0.2.1024: "
	       "UDP (bad cksum), length 4");
	p[5] = 13;
	expect(&f, MACS "IP (ttl 64, id 7, DF) 10.0.0.1 > 10.0.0.2: "
	       "[bad UDP: length field below the header or past the end]");
}

static void icmp_echo_is_shown(void **state)
{
	struct frame f;
	__sum16 sum;
	u8 *p = ip(&f, IPPROTO_ICMP, 16);

	(void)state;
	p[0] = ICMP_ECHO;
	p[5] = 3;
	p[7] = 4;
	sum = ip_compute_csum(p, 16);
	memcpy(p + 2, &sum, 2);
	expect(&f, MACS "IP (ttl 64, id 7, DF) 10.0.0.1 > 10.0.0.2: "
	       "ICMP echo request, id 3, seq 4, length 16");
	p[0] = 200;
	expect(&f, MACS "IP (ttl 64, id 7, DF) 10.0.0.1 > 10.0.0.2: "
	       "ICMP type 200 (bad cksum), length 16");
}

static void icmp_error_shows_what_it_quotes(void **state)
{
	struct frame f, inner;
	__sum16 sum;
	u8 *p;

	(void)state;
	p = ip(&inner, IPPROTO_TCP, 20);
	p[1] = 80;
	p[3] = 81;
	p[7] = 99;
	p = ip(&f, IPPROTO_ICMP, 36);
	p[0] = ICMP_DEST_UNREACH;
	p[1] = ICMP_FRAG_NEEDED;
	p[6] = 1400 >> 8;
	p[7] = 1400 & 255;
	memcpy(p + 8, inner.b + 14, 28);
	sum = ip_compute_csum(p, 36);
	memcpy(p + 2, &sum, 2);
	expect(&f, MACS "IP (ttl 64, id 7, DF) 10.0.0.1 > 10.0.0.2: "
	       "ICMP unreachable code 4, mtu 1400 (10.0.0.1.80 > 10.0.0.2.81 "
	       "proto 6 seq 99), length 36");
	p[8] = 0x4f;
	sum = 0;
	memcpy(p + 2, &sum, 2);
	sum = ip_compute_csum(p, 36);
	memcpy(p + 2, &sum, 2);
	expect(&f, MACS "IP (ttl 64, id 7, DF) 10.0.0.1 > 10.0.0.2: "
	       "ICMP unreachable code 4, mtu 1400 [bad quote: header length "
	       "below the minimum or past the end], length 36");
}

/* A message of 8 bytes with a right checksum, its line after the addresses. */
static void expect_icmp(u8 type, u8 code, const u8 rest[4], const char *want)
{
	char line[WIRE_PRINT_MAX];
	struct frame f;
	u8 *p = ip(&f, IPPROTO_ICMP, 8);
	__sum16 sum;

	p[0] = type;
	p[1] = code;
	memcpy(p + 4, rest, 4);
	sum = ip_compute_csum(p, 8);
	memcpy(p + 2, &sum, 2);
	wire_print_frame(line, sizeof(line), f.b, f.len);
	assert_string_equal(strstr(line, ": ICMP"), want);
}

static void icmp_fields_are_shown_by_type(void **state)
{
	static const u8 rest[4] = { 192, 0, 2, 9 };
	struct frame f;

	(void)state;
	expect_icmp(ICMP_PARAMETERPROB, 0, rest,
		    ": ICMP parameter problem code 0, pointer 192 "
		    "[bad quote: shorter than the fixed header], length 8");
	expect_icmp(ICMP_REDIRECT, 1, rest,
		    ": ICMP redirect code 1, gateway 192.0.2.9 "
		    "[bad quote: shorter than the fixed header], length 8");
	expect_icmp(ICMP_DEST_UNREACH, 3, rest,
		    ": ICMP unreachable code 3 "
		    "[bad quote: shorter than the fixed header], length 8");
	expect_icmp(ICMP_ADDRESSREPLY, 4, rest,
		    ": ICMP type 18 code 4, length 8");
	expect_icmp(ICMP_TIMESTAMPREPLY, 0, rest,
		    ": ICMP timestamp reply, length 8");
	ip(&f, IPPROTO_ICMP, 7);
	expect(&f, MACS "IP (ttl 64, id 7, DF) 10.0.0.1 > 10.0.0.2: "
	       "[bad ICMP: shorter than the fixed header]");
}

static void arp_is_shown_by_opcode(void **state)
{
	struct arp_info arp = {
		.op = ARPOP_REQUEST, .sha = { 2, 0, 0, 0, 0, 0xa },
		.sip = inet_addr("10.0.0.1"), .tip = inet_addr("10.0.0.2"),
	};
	struct frame f;

	(void)state;
	ethernet(&f, ETH_P_ARP);
	f.len += 28;
	assert_int_equal(arp_build(f.b + 14, 28, &arp), 28);
	expect(&f, MACS "ARP who-has 10.0.0.2 tell 10.0.0.1");
	f.b[21] = 2;
	expect(&f, MACS "ARP reply 10.0.0.1 is-at 02:00:00:00:00:0a");
	f.b[21] = 9;
	memcpy(f.b + 22, "\x10\x21\x32\x43\x54\x65", 6);
	expect(&f, MACS "ARP op 9 from 10:21:32:43:54:65");
	f.b[21] = 1;
	memcpy(f.b + 28, "\xfe\x80\xc1\x07", 4);
	expect(&f, MACS "ARP who-has 10.0.0.2 tell 254.128.193.7");
	f.len--;
	expect(&f, MACS "[bad ARP: shorter than the fixed header]");
}

static void other_frames_are_named(void **state)
{
	struct frame f;

	(void)state;
	ethernet(&f, ETH_P_8021Q);
	f.b[15] = 42;
	f.b[16] = 0x86;
	f.b[17] = 0xdd;
	f.len = 20;
	expect(&f, MACS "vlan 42 ethertype 0x86dd, length 2");
	f.len = 13;
	expect(&f, "[bad frame: shorter than the fixed header], length 13");
	ip(&f, 47, 3);
	expect(&f, MACS "IP (ttl 64, id 7, DF) 10.0.0.1 > 10.0.0.2: "
	       "proto 47, length 3");
	f.b[22] = 63;
	expect(&f, MACS "[bad IP: wrong checksum]");
}

static void ip_head_shows_what_is_unusual(void **state)
{
	struct ipv4_info out = {
		.saddr = inet_addr("10.0.0.1"), .daddr = inet_addr("10.0.0.2"),
		.tot_len = 40, .id = 9, .hdr_len = 28, .ttl = 1, .tos = 0x10,
		.frag_off = 8, .mf = true, .protocol = 17,
	};
	u8 raw[40] = { 0 };
	char line[WIRE_PRINT_MAX];

	(void)state;
	memcpy(raw + 20, "\x07\x07\x04\0\0\0\0\x01", 8);
	assert_int_equal(ipv4_build(raw, 40, &out), 28);
	wire_print_ipv4(line, sizeof(line), raw, 40);
	assert_string_equal(line, "IP (ttl 1, id 9, tos 0x10, MF, offset 8, "
			    "options 8 rr) 10.0.0.1 > 10.0.0.2: "
			    "fragment of proto 17, length 12");
	raw[21] = 1;
	assert_int_equal(ipv4_build(raw, 40, &out), 28);
	wire_print_ipv4(line, sizeof(line), raw, 40);
	assert_non_null(strstr(line, "options 8 bad at 21)"));
}

/* Every size of the buffer: it ends in NUL, and not one byte behind it. */
static void buffer_any_size_is_kept(void **state)
{
	struct tcp_out_options opts = { .options = OPTION_TS };
	char whole[WIRE_PRINT_MAX], *p;
	struct frame f;
	size_t size, n, full;

	(void)state;
	tcp(&f, &opts, TCPHDR_ACK, 1, true);
	full = wire_print_frame(whole, sizeof(whole), f.b, f.len);
	assert_int_equal(wire_print_frame(NULL, 0, f.b, f.len), 0);
	for (size = 1; size < 300; size++) {
		p = (char *)guard_take(&guard, size, 0xcc);
		n = wire_print_frame(p, size, f.b, f.len);
		assert_int_equal(n, full < size ? full : size - 1);
		assert_int_equal(p[n], 0);
		assert_memory_equal(p, whole, n);
	}
}

/* The longest line that a frame can make: the limit holds it. */
static void line_of_many_options_keeps_the_limit(void **state)
{
	char line[2 * WIRE_PRINT_MAX];
	struct frame f;
	u8 *p = ip(&f, IPPROTO_TCP, 60);
	u8 i;

	(void)state;
	p[12] = 0xf0;
	for (i = 0; i < 20; i++) {
		p[20 + 2 * i] = 200;
		p[21 + 2 * i] = 2;
	}
	assert_true(wire_print_frame(line, sizeof(line), f.b, f.len) <
		    WIRE_PRINT_MAX);
	assert_true(strlen(line) > 300);
}

/* Every cut and every single byte changed, of one frame of each kind. */
static void frame_damaged_anywhere_is_printed(void **state)
{
	struct tcp_out_options opts = { .options = OPTION_TS | OPTION_MSS };
	char line[WIRE_PRINT_MAX];
	struct frame f;
	size_t at, len;
	unsigned int v;
	u8 *p;

	(void)state;
	tcp(&f, &opts, TCPHDR_SYN, 3, true);
	for (len = 0; len <= f.len; len++)
		assert_true(wire_print_frame(line, sizeof(line),
					     guard_copy(&guard, f.b, len),
					     len) > 0);
	for (at = 0; at < f.len; at++) {
		for (v = 0; v < 256; v++) {
			p = guard_copy(&guard, f.b, f.len);
			p[at] = (u8)v;
			assert_true(wire_print_frame(line, sizeof(line), p,
						     f.len) > 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_data_reads_as_tcpdump_would),
		cmocka_unit_test(tcp_syn_shows_its_options),
		cmocka_unit_test(tcp_oddities_are_said),
		cmocka_unit_test(tcp_rare_options_are_named),
		cmocka_unit_test(tcp_option_lie_is_said),
		cmocka_unit_test(udp_is_shown_with_its_checksum),
		cmocka_unit_test(icmp_echo_is_shown),
		cmocka_unit_test(icmp_error_shows_what_it_quotes),
		cmocka_unit_test(icmp_fields_are_shown_by_type),
		cmocka_unit_test(arp_is_shown_by_opcode),
		cmocka_unit_test(other_frames_are_named),
		cmocka_unit_test(ip_head_shows_what_is_unusual),
		cmocka_unit_test(buffer_any_size_is_kept),
		cmocka_unit_test(line_of_many_options_keeps_the_limit),
		cmocka_unit_test(frame_damaged_anywhere_is_printed),
	};

	return cmocka_run_group_tests(tests, guard_setup, guard_teardown);
}
