/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The header of IFF_VNET_HDR: read, written, and lied in; packets of 64 KiB
 * through a TAP whose descriptor is one end of a pair of sockets, to this host
 * and to a second TAP. The devices' tests are skipped where no TAP can be made.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/virtio_net.h>

#include <inet/control.h>
#include <inet/netdev.h>

#include "core/net.h"
#include "dut.h"
#include "host_net.h"
#include "lib/checksum.h"
#include "tap.h"

#define MSS 1448u
#define HEADERS (14u + 20 + 32)		/* of a segment with timestamps */
#define UDP_HEADERS (14u + 20 + 8)
#define UDP_L4 5			/* VIRTIO_NET_HDR_GSO_UDP_L4 */
#define MOST (14u + 65535)
#define NEEDS_CSUM VIRTIO_NET_HDR_F_NEEDS_CSUM
#define DATA_VALID VIRTIO_NET_HDR_F_DATA_VALID
#define TCPV4 VIRTIO_NET_HDR_GSO_TCPV4

static bool have_namespace;

/* A segment of TCP from 10.0.0.1 to 10.1.0.1 with @text octets; its checksum is
 * that of the pseudo-header, as the kernel leaves it. */
static u32 segment(u8 *f, const u8 *dst, u32 text)
{
	static const u8 head[HEADERS] = {
		0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0x99, 8, 0,
		0x45, 0, 0, 0, 0, 7, 0x40, 0, 64, 6, 0, 0,
		10, 0, 0, 1, 10, 1, 0, 1,
		0x11, 0x11, 0x22, 0x22, 0, 0, 1, 0, 0, 0, 0, 9,
		0x80, 0x10, 1, 0, 0, 0, 0, 0,
		1, 1, 8, 10, 0, 0, 0, 5, 0, 0, 0, 6,
	};
	u32 len = HEADERS + text;
	__sum16 sum;

	memcpy(f, head, sizeof(head));
	memcpy(f, dst, 6);
	f[16] = (u8)((len - 14) >> 8);
	f[17] = (u8)(len - 14);
	sum = ip_fast_csum(f + 14, 5);
	memcpy(f + 24, &sum, 2);
	sum = (__sum16)~csum_tcpudp_magic(htonl(0x0a000001), htonl(0x0a010001),
					  len - 34, 6, 0);
	memcpy(f + 50, &sum, 2);
	for (u32 i = 0; i < text; i++)
		f[HEADERS + i] = (u8)(i * 2654435761u >> 11);
	return len;
}

/* A row of UDP from 10.0.0.1 port 4369 to 10.1.0.1 port 8738 with @text octets. */
static u32 row(u8 *f, const u8 *dst, u32 text)
{
	u32 len = UDP_HEADERS + text;
	__sum16 sum;

	segment(f, dst, 0);
	f[16] = (u8)((len - 14) >> 8);
	f[17] = (u8)(len - 14);
	f[23] = 17;
	memset(f + 24, 0, 2);
	sum = ip_fast_csum(f + 14, 5);
	memcpy(f + 24, &sum, 2);
	f[38] = (u8)((len - 34) >> 8);
	f[39] = (u8)(len - 34);
	sum = (__sum16)~csum_tcpudp_magic(htonl(0x0a000001), htonl(0x0a010001),
					  len - 34, 17, 0);
	memcpy(f + 40, &sum, 2);
	for (u32 i = 0; i < text; i++)
		f[UDP_HEADERS + i] = (u8)(i * 2654435761u >> 11);
	return len;
}

static struct virtio_net_hdr super_row(u16 size)
{
	return (struct virtio_net_hdr){
		.flags = NEEDS_CSUM, .gso_type = UDP_L4, .gso_size = size,
		.hdr_len = UDP_HEADERS, .csum_start = 34, .csum_offset = 6,
	};
}

static const u8 some_mac[6] = { 2, 0, 0, 0, 0, 1 };

static bool uso;	/* parse() was told that UDP may be cut */
static bool raw;	/* parse() leaves the link header out, as a TUN does */

/* What tap_vnet_parse() says of @h before a frame of @len octets, which end where
 * reading must. */
static int parse(const struct virtio_net_hdr *h, const u8 *frame, u32 head,
		 u32 len, struct tap_vnet *v)
{
	const u32 cut = raw ? 14 : 0;
	struct virtio_net_hdr moved = *h;
	u8 hdr[TAP_VNET_LEN], *exact;
	int err;

	head = head > cut ? head - cut : 0;
	len -= cut;
	frame += cut;
	moved.csum_start = (u16)(moved.csum_start - cut);
	moved.hdr_len = moved.hdr_len > cut ? (u16)(moved.hdr_len - cut) : 0;
	exact = malloc(head ? head : 1);
	v->link_len = (u16)(14 - cut);
	v->uso = uso;
	memcpy(hdr, &moved, sizeof(hdr));
	memcpy(exact, frame, head);
	err = tap_vnet_parse(hdr, exact, head, len, v);
	free(exact);
	return err;
}

/* ---- the header ------------------------------------------------------- */

static void true_headers_are_read(void **state)
{
	struct virtio_net_hdr h = { 0 };
	struct tap_vnet v;
	u8 *f = malloc(MOST);
	u32 len = segment(f, some_mac, 10 * MSS + 1);

	(void)state;
	assert_int_equal(parse(&h, f, 100, len, &v), 0);
	assert_false(v.valid || v.partial || v.gso_size);
	h.flags = DATA_VALID;
	assert_int_equal(parse(&h, f, 100, len, &v), 0);
	assert_true(v.valid && !v.partial);
	h = (struct virtio_net_hdr){ .flags = NEEDS_CSUM, .csum_start = 34,
				     .csum_offset = 16 };
	assert_int_equal(parse(&h, f, 52, len, &v), 0);
	assert_true(v.partial && v.csum_start == 34 && v.csum_offset == 16);
	h.gso_type = TCPV4;
	h.gso_size = MSS;
	h.hdr_len = HEADERS;
	assert_int_equal(parse(&h, f, HEADERS, len, &v), 0);
	assert_int_equal(v.gso_size, MSS);
	assert_int_equal(v.gso_segs, 11);
	assert_int_equal(v.hlen, HEADERS);
	h.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	assert_int_equal(parse(&h, f, HEADERS, len, &v), 0);
	/* one segment is not cut */
	len = segment(f, some_mac, MSS);
	assert_int_equal(parse(&h, f, len, len, &v), 0);
	assert_int_equal(v.gso_size, 0);
	assert_true(v.partial);
	free(f);
}

/* One lie in a header that is true but for that. @attack L3 */
static void each_lie_is_refused(void **state)
{
	static const struct virtio_net_hdr truth = {
		.flags = NEEDS_CSUM, .gso_type = TCPV4, .hdr_len = HEADERS,
		.gso_size = MSS, .csum_start = 34, .csum_offset = 16,
	};
	struct virtio_net_hdr lie[24];
	u32 nr = 0, len, lens[2];
	struct tap_vnet v;
	u8 *f = malloc(MOST);

	(void)state;
#define LIE(member, value) \
	do { lie[nr] = truth; lie[nr++].member = (value); } while (0)
	LIE(flags, 0);
	LIE(flags, DATA_VALID);
	LIE(flags, NEEDS_CSUM | 4);
	LIE(flags, NEEDS_CSUM | 0x80);
	LIE(gso_type, 2);
	LIE(gso_type, VIRTIO_NET_HDR_GSO_UDP);
	LIE(gso_type, VIRTIO_NET_HDR_GSO_TCPV6);
	LIE(gso_type, 5);
	LIE(gso_type, VIRTIO_NET_HDR_GSO_ECN);
	LIE(gso_type, 0xff);
	LIE(hdr_len, 0xffff);
	LIE(gso_size, 0);
	LIE(gso_size, 1);
	LIE(gso_size, 7);
	LIE(csum_start, 0);
	LIE(csum_start, 33);
	LIE(csum_start, 36);
	LIE(csum_start, 0xfffe);
	LIE(csum_offset, 6);
	LIE(csum_offset, 17);
	LIE(csum_offset, 0xfffe);
#undef LIE
	len = segment(f, some_mac, 10 * MSS);
	for (u32 i = 0; i < nr; i++)
		if (parse(&lie[i], f, 200, len, &v) != -EINVAL)
			fail_msg("lie %u is believed", i);
	/* headers that are cut, and text that is none */
	lens[0] = HEADERS - 1;
	lens[1] = HEADERS;
	for (u32 i = 0; i < 2; i++)
		assert_int_equal(parse(&truth, f, lens[i], lens[i], &v),
				 -EINVAL);
	for (u32 head = 0; head < HEADERS; head++)
		assert_int_equal(parse(&truth, f, head, len, &v), -EINVAL);
	/* no header begins, and no checksum lies, at an odd place */
	lie[0] = (struct virtio_net_hdr){ .flags = NEEDS_CSUM,
					  .csum_start = 34, .csum_offset = 16 };
	assert_int_equal(parse(&lie[0], f, 200, len, &v), 0);
	lie[0].csum_start = 35;
	assert_int_equal(parse(&lie[0], f, 200, len, &v), -EINVAL);
	lie[0].csum_start = 34;
	lie[0].csum_offset = 15;
	assert_int_equal(parse(&lie[0], f, 200, len, &v), -EINVAL);
	free(f);
}

/* A row of datagrams, where that was offered and where it was not. */
static void rows_of_datagrams_are_read_if_asked_for(void **state)
{
	struct virtio_net_hdr h = super_row(1000);
	struct tap_vnet v;
	u8 *f = malloc(MOST);
	u32 len = row(f, some_mac, 10001);

	(void)state;
	assert_int_equal(parse(&h, f, UDP_HEADERS, len, &v), -EINVAL);
	uso = true;
	assert_int_equal(parse(&h, f, UDP_HEADERS, len, &v), 0);
	assert_true(v.udp && v.partial && v.csum_offset == 6);
	assert_int_equal(v.gso_size, 1000);
	assert_int_equal(v.gso_segs, 11);
	assert_int_equal(v.hlen, UDP_HEADERS);
	h.gso_size = 79;		/* 127 of them, 128, 129 */
	len = row(f, some_mac, 127 * 79);
	assert_int_equal(parse(&h, f, UDP_HEADERS, len, &v), 0);
	len = row(f, some_mac, 128 * 79);
	assert_int_equal(parse(&h, f, UDP_HEADERS, len, &v), 0);
	assert_int_equal(v.gso_segs, 128);
	len = row(f, some_mac, 128 * 79 + 1);
	assert_int_equal(parse(&h, f, UDP_HEADERS, len, &v), -EINVAL);
	/* one is not cut */
	len = row(f, some_mac, 79);
	assert_int_equal(parse(&h, f, len, len, &v), 0);
	assert_int_equal(v.gso_size, 0);
	/* what an IPv6 host may send: true, and nobody's */
	f[12] = 0x86;
	f[13] = 0xdd;
	f[14] = 0x60;
	assert_int_equal(parse(&h, f, len, len, &v), -EPFNOSUPPORT);
	uso = false;
	free(f);
}

/* One lie about a row, and one octet of it that is another packet's. @attack L3 */
static void each_lie_about_a_row_is_refused(void **state)
{
	static const struct { u8 at, value; } bad[] = {
		{ 12, 0x86 }, { 13, 6 }, { 14, 0x65 }, { 14, 0x44 },
		{ 14, 0x46 }, { 16, 0 }, { 17, 1 }, { 20, 0x20 }, { 21, 1 },
		{ 23, 6 }, { 38, 0 }, { 39, 1 }, { 39, 0 },
	};
	const struct virtio_net_hdr truth = super_row(1000);
	struct virtio_net_hdr lie[16];
	struct tap_vnet v;
	u8 *f = malloc(MOST);
	u32 nr = 0, len = row(f, some_mac, 10001);

	(void)state;
	uso = true;
#define LIE(member, value) \
	do { lie[nr] = truth; lie[nr++].member = (value); } while (0)
	LIE(flags, 0);
	LIE(flags, DATA_VALID);
	LIE(gso_type, TCPV4);
	LIE(gso_type, VIRTIO_NET_HDR_GSO_UDP);
	LIE(gso_type, UDP_L4 | VIRTIO_NET_HDR_GSO_ECN);
	LIE(gso_size, 0);
	LIE(gso_size, 1);
	LIE(gso_size, 78);
	LIE(hdr_len, 0xffff);
	LIE(csum_start, 32);
	LIE(csum_start, 36);
	LIE(csum_offset, 4);
	LIE(csum_offset, 16);
#undef LIE
	for (u32 i = 0; i < nr; i++)
		if (parse(&lie[i], f, 200, len, &v) != -EINVAL)
			fail_msg("lie %u is believed", i);
	for (u32 head = 0; head < UDP_HEADERS; head++)
		assert_int_equal(parse(&truth, f, head, len, &v), -EINVAL);
	assert_int_equal(parse(&truth, f, 200, len - 1, &v), -EINVAL);
	assert_int_equal(parse(&truth, f, 200, len + 1, &v), -EINVAL);
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		u8 was = f[bad[i].at];

		f[bad[i].at] = bad[i].value;
		if (parse(&truth, f, 200, len, &v) != -EINVAL)
			fail_msg("octet %u", bad[i].at);
		f[bad[i].at] = was;
	}
	uso = false;
	free(f);
}

/* The same packets as a TUN has them, and the truth.
 * @attack L3 */
static void packets_without_a_link_header_are_judged_alike(void **state)
{
	struct virtio_net_hdr h = {
		.flags = NEEDS_CSUM, .gso_type = TCPV4, .hdr_len = HEADERS,
		.gso_size = MSS, .csum_start = 34, .csum_offset = 16,
	};
	struct tap_vnet v;
	u8 *f = malloc(MOST);
	u32 len = segment(f, some_mac, 10 * MSS + 1);

	raw = true;
	assert_int_equal(parse(&h, f, HEADERS, len, &v), 0);
	assert_true(v.partial && v.csum_start == 20 && v.csum_offset == 16);
	assert_int_equal(v.gso_segs, 11);
	assert_int_equal(v.hlen, HEADERS - 14);
	f[14] = 0x65;		/* no IPv4 */
	assert_int_equal(parse(&h, f, HEADERS, len, &v), -EINVAL);
	each_lie_is_refused(state);
	raw = false;
	free(f);
}

/* The frame is not what the header says: every octet of its headers. */
static void header_of_another_packet_is_refused(void **state)
{
	static const struct { u8 at, value; } bad[] = {
		{ 12, 0x86 }, { 13, 6 }, { 14, 0x65 }, { 14, 0x44 },
		{ 14, 0x40 }, { 14, 0x46 }, { 14, 0x4f }, { 20, 0x20 },
		{ 21, 1 }, { 23, 17 }, { 46, 0x40 }, { 46, 0x00 },
	};
	const struct virtio_net_hdr h = {
		.flags = NEEDS_CSUM, .gso_type = TCPV4, .hdr_len = HEADERS,
		.gso_size = MSS, .csum_start = 34, .csum_offset = 16,
	};
	struct tap_vnet v;
	u8 *f = malloc(MOST);

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		u32 len = segment(f, some_mac, 10 * MSS);

		f[bad[i].at] = bad[i].value;
		if (parse(&h, f, 200, len, &v) != -EINVAL)
			fail_msg("octet %u", bad[i].at);
	}
	free(f);
}

/* What holds of whatever is believed. */
static void assert_sound(const struct tap_vnet *v, u32 head, u32 len)
{
	if (v->partial) {
		assert_true(v->csum_start >= 14);
		assert_true(v->csum_start + v->csum_offset + 2u <= head);
	}
	if (v->gso_size) {
		assert_true(v->partial && v->gso_size >= (v->udp ? 1 : 8));
		assert_true(!v->udp || v->gso_segs <= 128);
		assert_true(v->hlen <= head && v->hlen < len);
		assert_int_equal(v->gso_segs, (len - v->hlen + v->gso_size - 1) /
				 v->gso_size);
		assert_true(v->gso_segs > 1);
	}
}

/* Every combination of values that are at an edge. @attack L3 */
static void combinations_of_lies_leave_nothing_out_of_bounds(void **state)
{
	static const u8 flags[] = { 0, 1, 2, 3, 4, 0x81 };
	static const u8 types[] = { 0, 1, 3, 4, 5, 0x80, 0x81, 0xff };
	static const u16 hlens[] = { 0, 14, 66, 1514, 0xffff };
	static const u16 sizes[] = { 0, 1, 7, 8, 1448, 0xffff };
	static const u16 starts[] = { 0, 13, 14, 34, 52, 64, 0xfffe };
	static const u16 offs[] = { 0, 1, 6, 16, 48, 0xfffe };
	static const u32 texts[] = { 0, 1, 8, 1448, 4000 };
	u32 believed[2] = { 0 };
	u8 *f = malloc(MOST);

	(void)state;
	for (u32 i = 0; i < 2 * 6u * 8 * 5 * 6 * 7 * 6 * 5; i++) {
		u32 k = i / 2, len, head;
		struct virtio_net_hdr h;
		struct tap_vnet v;

#define PICK(a) (a[k % ARRAY_SIZE(a)]); k /= ARRAY_SIZE(a)
		h.flags = PICK(flags);
		h.gso_type = PICK(types);
		h.hdr_len = PICK(hlens);
		h.gso_size = PICK(sizes);
		h.csum_start = PICK(starts);
		h.csum_offset = PICK(offs);
		len = PICK(texts);
#undef PICK
		uso = i & 1;
		len = uso ? row(f, some_mac, len) : segment(f, some_mac, len);
		head = len < 1982 ? len : 1982;
		if (parse(&h, f, head, len, &v))
			continue;
		believed[v.udp]++;
		assert_sound(&v, head, len);
	}
	uso = false;
	assert_true(believed[0] > 100 && believed[1] > 10);
	free(f);
}

/* ---- two devices ------------------------------------------------------ */

struct rig {
	struct net *net;
	struct net_device *dev[2];
	int far[2];
};

static void link_up(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	strcpy(ifr.ifr_name, name);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &ifr), 0);
	close(fd);
}

/* Device @i: its descriptor becomes one end of a pair. */
static void open_fake(struct rig *r, u32 i, const char *spec, const char *addr)
{
	struct net_device *dev = inet_netdev_open(r->net, spec);
	int sv[2], fd, size = 1 << 20;

	assert_non_null(dev);
	link_up(dev->name);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, sv),
			 0);
	setsockopt(sv[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(sv[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	fd = tap_priv(dev)->queue[0].fd;
	assert_int_equal(dup2(sv[0], fd), fd);
	close(sv[0]);
	r->far[i] = sv[1];
	r->dev[i] = dev;
	assert_int_equal(inet_addr_add(dev, addr), 0);
	assert_int_equal(inet_netdev_up(dev), 0);
}

static struct rig *open_rig(const char *second)
{
	const struct inet_config cfg = { .size = sizeof(cfg),
					 .nr_frames = 2048 };
	struct rig *r;

	if (!have_namespace)
		skip();
	r = calloc(1, sizeof(*r));
	r->net = inet_create(&cfg);
	assert_int_equal(inet_sysctl_set(r->net, "net.ipv4.ip_forward", "1"), 0);
	open_fake(r, 0, "tap:v0,vnet", "10.0.0.2/24");
	open_fake(r, 1, second, "10.1.0.2/24");
	assert_int_equal(inet_neigh_add(r->dev[1], "10.1.0.1 lladdr "
			 "02:00:00:00:00:77 nud permanent"), 0);
	return r;
}

static void close_rig(struct rig *r)
{
	assert_int_equal(inet_netdev_close(r->dev[0]), 0);
	assert_int_equal(inet_netdev_close(r->dev[1]), 0);
	for (u32 i = 0; i < 10; i++)
		inet_run(r->net, 0);
	assert_int_equal(frame_pool_used(r->net), 0);
	inet_destroy(r->net);
	close(r->far[0]);
	close(r->far[1]);
	free(r);
}

static void feed(struct rig *r, const struct virtio_net_hdr *h, const u8 *frame,
		 u32 len)
{
	struct iovec iov[] = {
		{ (void *)(uintptr_t)h, TAP_VNET_LEN },
		{ (void *)(uintptr_t)frame, len },
	};

	assert_int_equal(writev(r->far[0], iov, 2), TAP_VNET_LEN + len);
	for (u32 i = 0; i < 5; i++)
		inet_run(r->net, 0);
}

/* What the second device sent, but for what it says of itself by ARP. @skip: of
 * octets before a frame. Return: octets, or -1. */
static ssize_t take(struct rig *r, u8 *buf, size_t size, u32 skip)
{
	ssize_t n;

	do
		n = recv(r->far[1], buf, size, 0);
	while (n > (ssize_t)skip + 14 && buf[skip + 13] == 6);
	return n;
}

static struct virtio_net_hdr super(void)
{
	return (struct virtio_net_hdr){
		.flags = NEEDS_CSUM, .gso_type = TCPV4, .hdr_len = HEADERS,
		.gso_size = MSS, .csum_start = 34, .csum_offset = 16,
	};
}

/* Whole: the checksum of TCP in @f is right. */
static void assert_tcp_right(const u8 *f, u32 len)
{
	assert_int_equal(ip_fast_csum(f + 14, 5), 0);
	assert_int_equal(csum_tcpudp_magic(htonl(0x0a000001), htonl(0x0a010001),
					   len - 34, 6,
					   csum_partial(f + 34, len - 34, 0)), 0);
}

/* In by one descriptor, out by the other in one piece, to the last octet. */
static void super_packet_is_forwarded_whole_where_the_device_cuts(void **state)
{
	static const u32 texts[] = { 1449, 2000, 4000, 30000, 65535 - 52 };
	struct rig *r = open_rig("tap:v1,vnet");
	u8 *f = malloc(MOST), *got = malloc(MOST + 100);
	struct virtio_net_hdr h = super(), out;

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(texts); i++) {
		u32 len = segment(f, r->dev[0]->dev_addr, texts[i]);
		ssize_t n;

		feed(r, &h, f, len);
		n = take(r, got, MOST + 100, TAP_VNET_LEN);
		assert_int_equal(n, TAP_VNET_LEN + len);
		memcpy(&out, got, sizeof(out));
		assert_int_equal(out.flags, NEEDS_CSUM);
		assert_int_equal(out.gso_type, TCPV4);
		assert_int_equal(out.gso_size, MSS);
		assert_int_equal(out.csum_start, 34);
		assert_int_equal(out.csum_offset, 16);
		assert_true(out.hdr_len >= HEADERS);
		assert_memory_equal(got + TAP_VNET_LEN + 34, f + 34, len - 34);
		assert_int_equal(take(r, got, MOST, TAP_VNET_LEN), -1);
	}
	free(f);
	free(got);
	close_rig(r);
}

/* A segment that GRO holds goes up before the packet that follows it, which came
 * in the same poll. */
static void super_packet_does_not_overtake_what_is_held(void **state)
{
	struct rig *r = open_rig("tap:v1,vnet");
	u8 *f = malloc(MOST), *got = malloc(MOST + 100);
	struct virtio_net_hdr h = super(), one = super();
	u32 len = segment(f, r->dev[0]->dev_addr, MSS);
	struct iovec iov[] = { { &one, TAP_VNET_LEN }, { f, len } };

	(void)state;
	one.gso_type = 0;
	one.gso_size = 0;
	assert_true(writev(r->far[0], iov, 2) > 0);
	len = segment(f, r->dev[0]->dev_addr, 4 * MSS);
	f[40] = (u8)((256 + MSS) >> 8);
	f[41] = (u8)(256 + MSS);
	feed(r, &h, f, len);
	assert_int_equal(take(r, got, MOST + 100, TAP_VNET_LEN),
			 TAP_VNET_LEN + HEADERS + MSS);
	assert_int_equal(take(r, got, MOST + 100, TAP_VNET_LEN),
			 TAP_VNET_LEN + len);
	free(f);
	free(got);
	close_rig(r);
}

/* Out by a device that takes plain frames: segments, each with its checksum. */
static void super_packet_is_cut_where_the_device_does_not(void **state)
{
	struct rig *r = open_rig("tap:v1");
	u8 *f = malloc(MOST), got[2000];
	struct virtio_net_hdr h = super();
	u32 text = 20 * MSS + 100, pos = 0;
	u32 len = segment(f, r->dev[0]->dev_addr, text);

	(void)state;
	feed(r, &h, f, len);
	while (pos < text) {
		ssize_t n = take(r, got, sizeof(got), 0);

		assert_true(n > (ssize_t)HEADERS);
		assert_tcp_right(got, (u32)n);
		assert_memory_equal(got + HEADERS, f + HEADERS + pos,
				    (u32)n - HEADERS);
		pos += (u32)n - HEADERS;
	}
	assert_int_equal(pos, text);
	free(f);
	close_rig(r);
}

/* A row of datagrams by a device that cuts it, and by one that does not. */
static void row_is_forwarded_whole_or_cut(void **state)
{
	const struct virtio_net_hdr h = super_row(1000);
	struct virtio_net_hdr out;
	struct rig *r;
	u8 *f, *got;
	u32 len, pos;

	(void)state;
	if (!host_net_has_uso())
		skip();
	r = open_rig("tap:v1,vnet");
	f = malloc(MOST);
	got = malloc(MOST + 100);
	len = row(f, r->dev[0]->dev_addr, 20500);
	feed(r, &h, f, len);
	assert_int_equal(take(r, got, MOST + 100, TAP_VNET_LEN),
			 TAP_VNET_LEN + len);
	memcpy(&out, got, sizeof(out));
	assert_int_equal(out.flags, NEEDS_CSUM);
	assert_int_equal(out.gso_type, UDP_L4);
	assert_int_equal(out.gso_size, 1000);
	assert_int_equal(out.csum_start, 34);
	assert_int_equal(out.csum_offset, 6);
	assert_memory_equal(got + TAP_VNET_LEN + 34, f + 34, len - 34);
	assert_int_equal(inet_netdev_set_feature(r->dev[1],
						 "tx-udp-segmentation", 0), 0);
	feed(r, &h, f, len);
	for (pos = 0; pos < 20500; pos += 1000) {
		u32 part = 20500 - pos < 1000 ? 20500 - pos : 1000;

		assert_int_equal(take(r, got, MOST + 100, TAP_VNET_LEN),
				 TAP_VNET_LEN + UDP_HEADERS + part);
		memcpy(&out, got, sizeof(out));
		assert_int_equal(out.gso_type, 0);
		assert_memory_equal(got + TAP_VNET_LEN + UDP_HEADERS,
				    f + UDP_HEADERS + pos, part);
	}
	free(f);
	free(got);
	close_rig(r);
}

/* One that lies in a single frame has no fragments. */
static void small_row_is_cut(void **state)
{
	const struct virtio_net_hdr h = super_row(20);
	u8 f[200], got[200];
	struct rig *r;
	u32 len;

	(void)state;
	if (!host_net_has_uso())
		skip();
	r = open_rig("tap:v1");
	len = row(f, r->dev[0]->dev_addr, 60);
	feed(r, &h, f, len);
	for (u32 pos = 0; pos < 60; pos += 20) {
		assert_int_equal(take(r, got, sizeof(got), 0),
				 UDP_HEADERS + 20);
		assert_memory_equal(got + UDP_HEADERS, f + UDP_HEADERS + pos,
				    20);
	}
	close_rig(r);
}

/* A single one whose checksum was left: filled in on its way out, or left too,
 * and not taken for one that somebody has checked. */
static void checksum_left_open_is_filled_in_when_forwarded(void **state)
{
	u8 f[2000], got[2000];
	struct virtio_net_hdr h = super(), out;

	(void)state;
	h.gso_type = 0;
	h.gso_size = 0;
	for (u32 vnet = 0; vnet < 2; vnet++) {
		struct rig *r = open_rig(vnet ? "tap:v1,vnet" : "tap:v1");
		u32 len = segment(f, r->dev[0]->dev_addr, 500);
		ssize_t n;

		feed(r, &h, f, len);
		n = take(r, got, sizeof(got), vnet ? TAP_VNET_LEN : 0);
		assert_int_equal(n, len + (vnet ? TAP_VNET_LEN : 0));
		memcpy(&out, got, sizeof(out));
		if (vnet)
			assert_int_equal(out.flags, NEEDS_CSUM);
		else
			assert_tcp_right(got, len);
		close_rig(r);
	}
}

/* @attack L3: counted, and the next frame arrives. */
static void lies_to_the_device_are_counted_and_dropped(void **state)
{
	struct rig *r = open_rig("tap:v1");
	struct inet_netdev_stats stats;
	u8 *f = malloc(MOST), got[2000];
	u32 len = segment(f, r->dev[0]->dev_addr, 3 * MSS);
	struct virtio_net_hdr h;
	u64 drops;

	(void)state;
	for (u32 i = 0; i < 6; i++) {
		h = super();
		if (i == 0)
			h.gso_size = 0;
		else if (i == 1)
			h.gso_type = 77;
		else if (i == 2)
			h.hdr_len = 0xffff;
		else if (i == 3)
			h.csum_start = 0xfff0;
		else if (i == 4)
			h.csum_offset = 3;
		else
			h.flags = 0xf0;
		feed(r, &h, f, len);
	}
	assert_int_equal(send(r->far[0], f, 3, 0), 3);	/* half a header */
	inet_run(r->net, 0);
	inet_run(r->net, 0);
	inet_netdev_get_stats(r->dev[0], &stats);
	assert_int_equal(stats.rx_frame_errors, 7);
	assert_int_equal(stats.rx_packets, 0);
	assert_int_equal(inet_drop_get(r->net, "DEV_HDR", &drops), 0);
	assert_int_equal(drops, 7);
	h = super();
	feed(r, &h, f, len);
	assert_true(take(r, got, sizeof(got), 0) > 0);
	free(f);
	close_rig(r);
}

/* @attack L2: longer than IPv4, or segments longer than the MTU. */
static void giants_with_a_header_are_dropped(void **state)
{
	struct rig *r = open_rig("tap:v1");
	struct inet_netdev_stats stats;
	u8 *f = malloc(70000);
	struct virtio_net_hdr h = super();
	u32 len = segment(f, r->dev[0]->dev_addr, 20 * MSS);

	(void)state;
	h.gso_size = MSS + 1;
	feed(r, &h, f, len);			/* segments of 1,501 */
	h = super();
	memset(f + len, 0, 70000 - len);
	feed(r, &h, f, MOST + 1);
	feed(r, &h, f, 70000);			/* more than is ever read */
	h = (struct virtio_net_hdr){ 0 };
	feed(r, &h, f, 1515);			/* not to be cut */
	inet_netdev_get_stats(r->dev[0], &stats);
	assert_int_equal(stats.rx_over_errors, 4);
	assert_int_equal(stats.rx_packets, 0);
	free(f);
	close_rig(r);
}

/* Accepted lies about the checksum's place meet the code that fills it in. @attack
 * L3 */
static void accepted_headers_do_no_harm_on_their_way_out(void **state)
{
	struct rig *r = open_rig("tap:v1");
	u8 f[3000], got[3000];

	(void)state;
	for (u32 start = 14; start < 120; start += 2) {
		for (u32 off = 0; off < 60; off += 2) {
			struct virtio_net_hdr h = {
				.flags = NEEDS_CSUM, .csum_start = (u16)start,
				.csum_offset = (u16)off,
			};
			u32 len = segment(f, r->dev[0]->dev_addr, 40);

			feed(r, &h, f, len);
			while (recv(r->far[1], got, sizeof(got), 0) > 0)
				;
		}
	}
	close_rig(r);
}

/* The way out is full, and packets wait in all frames that there are: what comes
 * then is lost and counted, and what comes when they have left is not. */
static void packet_without_memory_is_counted(void **state)
{
	struct rig *r = open_rig("tap:v1,vnet");
	struct inet_netdev_stats stats = { 0 };
	u8 *f = malloc(MOST), *got = malloc(MOST + 100);
	struct virtio_net_hdr h = super();
	u32 len = segment(f, r->dev[0]->dev_addr, 60000);

	(void)state;
	for (u32 i = 0; i < 500 && stats.rx_dropped < 3; i++) {
		feed(r, &h, f, len);
		inet_netdev_get_stats(r->dev[0], &stats);
	}
	assert_int_equal(stats.rx_dropped, 3);
	for (u32 idle = 0; idle < 20;) {
		idle = take(r, got, MOST + 100, TAP_VNET_LEN) > 0 ? 0 : idle + 1;
		inet_run(r->net, 1000000);
	}
	feed(r, &h, f, len);
	assert_int_equal(take(r, got, MOST + 100, TAP_VNET_LEN),
			 TAP_VNET_LEN + len);
	free(f);
	free(got);
	close_rig(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(true_headers_are_read),
		cmocka_unit_test(each_lie_is_refused),
		cmocka_unit_test(rows_of_datagrams_are_read_if_asked_for),
		cmocka_unit_test(each_lie_about_a_row_is_refused),
		cmocka_unit_test(packets_without_a_link_header_are_judged_alike),
		cmocka_unit_test(header_of_another_packet_is_refused),
		cmocka_unit_test(
			combinations_of_lies_leave_nothing_out_of_bounds),
		cmocka_unit_test(
			super_packet_is_forwarded_whole_where_the_device_cuts),
		cmocka_unit_test(super_packet_does_not_overtake_what_is_held),
		cmocka_unit_test(super_packet_is_cut_where_the_device_does_not),
		cmocka_unit_test(row_is_forwarded_whole_or_cut),
		cmocka_unit_test(small_row_is_cut),
		cmocka_unit_test(
			checksum_left_open_is_filled_in_when_forwarded),
		cmocka_unit_test(lies_to_the_device_are_counted_and_dropped),
		cmocka_unit_test(giants_with_a_header_are_dropped),
		cmocka_unit_test(accepted_headers_do_no_harm_on_their_way_out),
		cmocka_unit_test(packet_without_memory_is_counted),
	};

	have_namespace = dut_namespace();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
