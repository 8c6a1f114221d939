/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames of programs without a stack: Ethernet, IPv4 without options, and TCP or
 * UDP, written into a template. Nothing that comes in is checked.
 */
#ifndef BENCH_SEGMENT_H
#define BENCH_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>

#define SEGMENT_HLEN 54u	/* of TCP without options */
#define SEGMENT_MSS 1460u
#define SEGMENT_FRAME (SEGMENT_HLEN + SEGMENT_MSS)
#define SEGMENT_MAC "\x02\0\0\0\0\x02"

/* A frame as it lies in memory: its words are not aligned. */
struct segment {
	struct ether_header eth;
	struct iphdr ip;
	union {
		struct tcphdr tcp;
		struct udphdr udp;
	};
} __attribute__((packed));

/* Behind TCP's header without options. */
static inline unsigned char *segment_data(struct segment *s)
{
	return (unsigned char *)s + SEGMENT_HLEN;
}

/* Bytes behind TCP's header. */
static inline uint32_t segment_payload(const struct segment *s)
{
	return ntohs(s->ip.tot_len) - 20u - s->tcp.doff * 4u;
}

static inline bool segment_is(const struct segment *s, uint8_t protocol)
{
	return s->eth.ether_type == htons(ETHERTYPE_IP) &&
	       s->ip.protocol == protocol;
}

/* It goes back where it came from. */
void segment_turn(struct segment *s);

/*
 * Lengths and checksums of a TCP segment with @len bytes behind the header,
 * whose own sum is @sum (zeros have none). @partial: who receives it fills in
 * TCP's checksum. Return: bytes of the frame.
 */
size_t segment_finish(struct segment *s, uint32_t len, uint32_t sum,
		      bool partial);

/* Writes the virtio_net_hdr of a frame of @len bytes: what its receiver still
 * has to do. */
void segment_offload(void *vnet, const struct segment *s, size_t len);

/* Everything of a TCP segment that stays the same; the rest is zero. */
void segment_template(struct segment *s, uint32_t from, uint32_t to);

#endif
