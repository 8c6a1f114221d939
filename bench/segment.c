/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames of programs without a stack. */
#include "segment.h"

#include <stddef.h>

#include <linux/virtio_net.h>

#define TTL 64

void segment_turn(struct segment *s)
{
	struct ether_header eth = s->eth;
	uint32_t from = s->ip.saddr;
	uint16_t port = s->udp.source;

	memcpy(s->eth.ether_dhost, eth.ether_shost, ETH_ALEN);
	memcpy(s->eth.ether_shost, eth.ether_dhost, ETH_ALEN);
	s->ip.saddr = s->ip.daddr;
	s->ip.daddr = from;
	s->udp.source = s->udp.dest;
	s->udp.dest = port;
}

static uint32_t sum_of(const void *from, size_t len)
{
	const unsigned char *p = from;
	uint32_t sum = 0;
	uint16_t word;

	for (; len; len -= 2, p += 2) {
		memcpy(&word, p, 2);
		sum += word;
	}
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

size_t segment_finish(struct segment *s, uint32_t len, uint32_t sum,
		      bool partial)
{
	uint32_t hlen = s->tcp.doff * 4u;

	s->ip.tot_len = htons((uint16_t)(20 + hlen + len));
	s->ip.check = 0;
	s->ip.check = (uint16_t)~fold(sum_of(&s->ip, 20));
	s->tcp.check = 0;
	if (!partial)
		sum += sum_of(&s->tcp, hlen);
	sum += sum_of(&s->ip.saddr, 8) + htons(IPPROTO_TCP) +
	       htons((uint16_t)(hlen + len));
	s->tcp.check = partial ? fold(sum) : (uint16_t)~fold(sum);
	return ETHER_HDR_LEN + 20 + hlen + len;
}

void segment_template(struct segment *s, uint32_t from, uint32_t to)
{
	memset(s, 0, SEGMENT_HLEN);
	memcpy(s->eth.ether_shost, SEGMENT_MAC, ETH_ALEN);
	s->eth.ether_type = htons(ETHERTYPE_IP);
	s->ip.version = 4;
	s->ip.ihl = 5;
	s->ip.ttl = TTL;
	s->ip.protocol = IPPROTO_TCP;
	s->ip.frag_off = htons(IP_DF);
	s->ip.saddr = htonl(from);
	s->ip.daddr = htonl(to);
	s->tcp.doff = 5;
	s->tcp.ack = 1;
}

void segment_offload(void *vnet, const struct segment *s, size_t len)
{
	struct virtio_net_hdr h = { 0 };

	if (segment_is(s, IPPROTO_TCP)) {
		h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h.csum_start = ETHER_HDR_LEN + sizeof(struct iphdr);
		h.csum_offset = offsetof(struct tcphdr, check);
	}
	if (h.flags && len > SEGMENT_FRAME) {
		h.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
		h.gso_size = SEGMENT_MSS;
		h.hdr_len = SEGMENT_HLEN;
	}
	memcpy(vnet, &h, sizeof(h));
}
