/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tap-dumb, xdp-dumb: the ceiling of each wire. What bench/tap and bench/xdp
 * measure of a stack, answered without one: the same rows, the same peer, the
 * same link.
 *
 *	tap-dumb|xdp-dumb [ROW] [COUNT]
 *
 * Each frame is turned round where it lies. TCP: the handshake, an ACK for every
 * second segment and for the last of those that came together, one byte for
 * what is asked, FIN for FIN; what PEER_SOURCE sends is a template, as fast as
 * the peer's window and FLIGHT let. No socket, no timer, no copy, no checksum
 * looked at, nothing remembered but where the stream of PEER_SOURCE is.
 */
#include <errno.h>
#include <netinet/if_ether.h>

#include "common.h"
#include "frames.h"
#include "peer.h"
#include "segment.h"

#define BATCH 64		/* frames between two looks at the peer */
#define WINDOW_SCALE 7
#define WINDOW 8192		/* times 2^7: a mebibyte */
#define FLIGHT (256u << 10)	/* fits every queue of the kernel */
#define LOST_S 0.02		/* no ACK for so long: begins again there */

static struct {
	struct frames link;
	struct segment head;	/* PEER_SOURCE's segments */
	struct segment ack;	/* PEER_DISCARD's next ACK */
	uint32_t unacked;	/* segments that it stands for */
	uint64_t total, sent, acked;	/* of PEER_SOURCE: bytes, and the FIN */
	uint64_t window;
	uint32_t scale, same;	/* ACKs that said the same */
	double moved;		/* when acked did, or had to */
	bool open;		/* there is a PEER_SOURCE connection */
	uint64_t out, in;
} d;

/* ---- what is sent by itself ------------------------------------------- */

/* The next segment of PEER_SOURCE, at most @room bytes. False: not now. */
static bool source_segment(uint64_t room)
{
	uint64_t left = d.total - d.sent - 1;
	uint64_t n = d.link.most - SEGMENT_HLEN;
	struct segment *s = frames_room(&d.link);

	if (!s)
		return false;
	n = n < left ? n : left;
	n = n < room ? n : room;
	memcpy(s, &d.head, SEGMENT_HLEN);
	s->tcp.seq = htonl((uint32_t)d.sent + 1);
	s->tcp.fin = n == left;
	if (!frames_send(&d.link, s, segment_finish(s, (uint32_t)n, 0,
						    d.link.partial)))
		return false;
	d.sent += n + (n == left);
	d.out++;
	return true;
}

static void source_feed(void)
{
	uint64_t most = d.window < FLIGHT ? d.window : FLIGHT;

	if (d.sent != d.acked && bench_now() - d.moved > LOST_S) {
		d.sent = d.acked;
		d.moved = bench_now();
	}
	while (d.sent < d.total && d.sent - d.acked + SEGMENT_MSS <= most)
		if (!source_segment(most - (d.sent - d.acked)))
			break;
}

/* The ACK that is owed to PEER_DISCARD's client. */
static void acknowledge(void)
{
	struct segment *s = d.unacked ? frames_room(&d.link) : NULL;

	if (!s)
		return;
	memcpy(s, &d.ack, SEGMENT_HLEN);
	d.unacked = 0;
	d.out += frames_send(&d.link, s,
			     segment_finish(s, 0, 0, d.link.partial));
}

/* ---- what comes ------------------------------------------------------- */

/* How far the peer scales its window, in a SYN. */
static uint32_t window_scale(const struct segment *s)
{
	const unsigned char *opt = (const unsigned char *)s + SEGMENT_HLEN;
	uint32_t at = 0, len = s->tcp.doff * 4u - 20;

	while (at + 2 < len && opt[at] != TCPOPT_EOL) {
		if (opt[at] == TCPOPT_WINDOW)
			return opt[at + 2];
		at += opt[at] == TCPOPT_NOP || !opt[at + 1] ? 1 : opt[at + 1];
	}
	return 0;
}

/* Turns @s into the answer to it, which acknowledges @len. */
static void answer(struct segment *s, uint32_t len)
{
	uint32_t seq = ntohl(s->tcp.seq);

	segment_turn(s);
	s->tcp.seq = s->tcp.ack_seq;
	s->tcp.ack_seq = htonl(seq + len);
	s->tcp.window = htons(WINDOW);
	s->tcp.doff = 5;
	s->tcp.psh = s->tcp.fin = 0;
}

static void send_answer(struct segment *s, uint32_t len, uint32_t sum)
{
	d.out += frames_send(&d.link, s,
			     segment_finish(s, len, sum, d.link.partial));
}

static void handshake(struct segment *s)
{
	static const unsigned char options[] = {
		TCPOPT_MAXSEG, TCPOLEN_MAXSEG, SEGMENT_MSS >> 8,
		SEGMENT_MSS & 255, TCPOPT_NOP,
		TCPOPT_WINDOW, TCPOLEN_WINDOW, WINDOW_SCALE,
	};
	uint32_t scale = window_scale(s);

	s->tcp.ack_seq = 0;
	answer(s, 1);
	if (s->tcp.source == htons(PEER_SOURCE)) {
		memcpy(&d.head, s, SEGMENT_HLEN);
		d.head.tcp.syn = 0;
		d.head.tcp.ack = 1;
		d.scale = scale;
	}
	s->tcp.ack = 1;
	s->tcp.doff = 5 + sizeof(options) / 4;
	memcpy(segment_data(s), options, sizeof(options));
	send_answer(s, 0, 0);
}

/* An ACK for PEER_SOURCE. */
static void source_acked(const struct segment *s)
{
	uint32_t more = ntohl(s->tcp.ack_seq) - (uint32_t)d.acked - 1;

	d.window = (uint64_t)ntohs(s->tcp.window) << d.scale;
	d.open = true;
	if (more && more <= d.sent - d.acked) {
		d.acked += more;
		d.same = 0;
		d.moved = bench_now();
	} else if (!more && ++d.same == 3) {
		d.sent = d.acked;
	}
}

static void on_data(struct segment *s, uint32_t len)
{
	if (s->tcp.dest == htons(PEER_ECHO)) {
		answer(s, len);
		segment_data(s)[0] = 'a';
		send_answer(s, 1, htons('a' << 8));
		return;
	}
	answer(s, len);
	memcpy(&d.ack, s, SEGMENT_HLEN);
	d.unacked += len > SEGMENT_MSS ? 2 : 1;
	if (d.unacked >= 2)
		acknowledge();
}

static void on_tcp(struct segment *s)
{
	uint32_t len = segment_payload(s);
	bool fin = s->tcp.fin;

	d.in++;
	if (s->tcp.rst)
		return;
	if (s->tcp.syn) {
		handshake(s);
	} else if (fin) {
		d.unacked = 0;
		answer(s, len + 1);
		s->tcp.fin = s->tcp.source != htons(PEER_SOURCE);
		send_answer(s, 0, 0);
	} else if (s->tcp.dest == htons(PEER_SOURCE)) {
		source_acked(s);
	} else if (len) {
		on_data(s, len);
	}
}

static void on_arp(struct ether_header *eth, size_t len)
{
	struct ether_arp *arp = (struct ether_arp *)(void *)(eth + 1);
	unsigned char pair[10];

	if (len < sizeof(*eth) + sizeof(*arp) ||
	    arp->arp_op != htons(ARPOP_REQUEST))
		return;
	memcpy(eth->ether_dhost, arp->arp_sha, ETH_ALEN);
	memcpy(eth->ether_shost, SEGMENT_MAC, ETH_ALEN);
	arp->arp_op = htons(ARPOP_REPLY);
	memcpy(pair, arp->arp_sha, sizeof(pair));
	memcpy(arp->arp_sha, SEGMENT_MAC, ETH_ALEN);
	memcpy(arp->arp_spa, arp->arp_tpa, 4);
	memcpy(arp->arp_tha, pair, sizeof(pair));
	frames_send(&d.link, eth, len);
}

static void on_frame(struct segment *s, size_t len)
{
	if (segment_is(s, IPPROTO_TCP)) {
		on_tcp(s);
	} else if (segment_is(s, IPPROTO_UDP)) {
		segment_turn(s);
		if (d.link.partial)
			s->udp.check = 0;
		frames_send(&d.link, s, len);
	} else if (s->eth.ether_type == htons(ETHERTYPE_ARP)) {
		on_arp(&s->eth, len);
	}
}

static void serve(int patience)
{
	struct segment *s;
	size_t len;
	int n;

	while (peer_runs()) {
		for (n = 0; n < BATCH && (s = frames_receive(&d.link, &len));
		     n++)
			on_frame(s, len);
		acknowledge();
		if (d.open)
			source_feed();
		frames_flush(&d.link);
		if (!n && patience)
			frames_wait(&d.link, d.open ? 1 : patience);
	}
}

int main(int argc, char **argv)
{
	struct bench_result r = { 0 };
	struct peer peer;

	if (bench_arguments(argc, argv, peer_rows, &r))
		return 2;
	d.total = (r.count << 20) + 1;
	peer_namespace();
	frames_open(&d.link, peer_vnet());
	peer_start(&peer, &r);
	serve(peer_patience(&r));
	peer_result(&peer, &r);
	r.out = d.out;
	r.in = d.in;
	bench_print(&r);
	return 0;
}
