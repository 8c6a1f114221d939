/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctored frames for who watches the monitor: two hosts, a connection between
 * them, and segments as they should be or as they should not.
 */
#ifndef SIM_DOCTOR_H
#define SIM_DOCTOR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "monitor.h"
#include "packet.h"

#define PORT_A 40000
#define MAX_FRAME 2100

/* A segment of host @from; numbers are relative, options as bytes. */
struct spec {
	int none;		/* what SEG() names, so that all may be left out */
	int from;
	u8 flags;
	u32 seq, ack, len;
	u16 window;		/* 0: 60000 */
	u8 fill;		/* the bytes of the data */
	u8 reserved;
	u8 ttl, tos;		/* 0: 64 */
	u16 port;		/* of host 0; 0: PORT_A */
	u16 urgent;
	const u8 *opt;
	u32 opt_len;
};

#define SEG(...) ((struct spec){ .none = 0, __VA_ARGS__ })
#define LEAVES(...) leaves(SEG(__VA_ARGS__))
#define ARRIVES(...) arrives(SEG(__VA_ARGS__))
#define PASSES(...) passes(SEG(__VA_ARGS__))
#define RULE(name) static void name(void **state)

extern struct world w;
extern u8 frame[MAX_FRAME];
extern const u8 mss_1460[4];
/* MSS, and a timestamp of 7 that echoes 0. */
extern const u8 syn_ts[16];

/* Heads for @len bytes of @proto after it. */
void build_ip(int from, u32 to, u8 proto, u32 len, u8 ttl, u8 tos);
/* Return: the length of the frame. */
u32 build(const struct spec *s);
/* ARP of @from: @op about @addr, which @of has. */
u32 build_arp(int from, u8 op, u32 sender, u32 addr);
/* An ICMP message of @type from host 1 that quotes a datagram of host @quoted
 * to host 1, with fragment offset @frag. */
u32 build_icmp(u8 type, u8 code, int quoted, u32 frag);
/* A datagram of @len octets from @from, with message @id. */
u32 build_udp(int from, u32 id, u32 len);
/* Host 0 hears that its segment @seq was too large for a path of @mtu. */
void arrives_too_big(u32 seq, u32 mtu);
/* As build_arp(): leaves host @from, reaches the other one. */
void leaves_arp(int from, u8 op, u32 sender, u32 addr);
void arrives_arp(int from, u8 op, u32 sender, u32 addr);
/* Host @h says that it has @text. */
void lists(int h, const char *text);
/* A segment leaves its host, reaches the other, or both at once. */
void leaves(struct spec s);
void arrives(struct spec s);
void passes(struct spec s);
void later(u64 ms);
void open_world(void);
/* Shakes hands; @opt are the options of both SYNs. The second one echoes what
 * syn_ts says. */
void open_with(const u8 *opt, u32 opt_len);
void open_pair(void);
/* A connection that the applications know, too; they are in end_a, end_b. */
extern struct end *const end_a, *const end_b;
void open_called(void);
/* ... and both know timestamps: what follows has @ts and echoes @echo. */
const u8 *ts(u8 value, u8 echo);
/* The monitor has said @what, and nothing before; "": nothing at all. */
void caught(const char *what);

#endif /* SIM_DOCTOR_H */
