/* SPDX-License-Identifier: BSD-2-Clause */
/* UDP_SEGMENT: when datagrams go down as one packet, and that nobody can tell
 * on the wire. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <linux/sockios.h>

#include <inet/netfilter.h>

#include "core/skbuff.h"
#include "fixture.h"
#include "ipv4/udp.h"
#include "lib/byteorder.h"
#include "sockets.h"

#define PORT 5000
#define PEER_PORT 53
#define SIZE 1400u
#define CUTS (NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_GSO_UDP_L4)

static struct fx_pkt p;		/* too big for a stack */
static u8 data[65536];

static int setup(void **state)
{
	u32 i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (u8)(i * 7 + i / 256);
	return fx_setup_learned(state);
}

static struct socket *cutter(struct fx *f, int size)
{
	struct socket *s = sk_udp(f->net, 0, PORT);

	assert_int_equal(sk_set(s, IPPROTO_UDP, UDP_SEGMENT, size), 0);
	return s;
}

static int send_some(struct socket *s, u32 len)
{
	return sk_sendto(s, data, len, SK_PEER, PEER_PORT);
}

/* The next frame is a datagram with these bytes of the message. */
static void expect_part(struct fx *f, u32 off, u32 len)
{
	fx_expect(f, &p);
	assert_non_null(p.udp);
	assert_int_equal(be16_to_cpu(p.udp->source), PORT);
	assert_int_equal(be16_to_cpu(p.udp->dest), PEER_PORT);
	assert_int_equal(be16_to_cpu(p.udp->len), UDP_HLEN + len);
	assert_int_not_equal(p.udp->check, 0);
	assert_int_equal(p.data_len, len);
	assert_memory_equal(p.data, data + off, len);
}

/* ---- one packet ------------------------------------------------------- */

static void device_that_cuts_gets_one_packet(void **state)
{
	struct fx *f = *state;
	struct socket *s = cutter(f, SIZE);

	f->dev->features |= CUTS;
	assert_int_equal(send_some(s, 20 * SIZE + 17), 20 * SIZE + 17);
	expect_part(f, 0, 20 * SIZE + 17);
	fx_expect_silence(f);
	fx_assert_no_skbs(f);
	inet_close(s);
}

/* A device without one of the three cannot cut. */
static void other_devices_get_datagrams(void **state)
{
	static const u64 less[] = { CUTS, NETIF_F_SG, NETIF_F_HW_CSUM,
				    NETIF_F_GSO_UDP_L4 };
	struct fx *f = *state;
	struct socket *s = cutter(f, SIZE);
	u32 i, j;

	for (i = 0; i < ARRAY_SIZE(less); i++) {
		f->dev->features &= ~CUTS;
		f->dev->features |= CUTS & ~less[i];
		assert_int_equal(send_some(s, 5 * SIZE + 17), 5 * SIZE + 17);
		for (j = 0; j < 5; j++)
			expect_part(f, j * SIZE, SIZE);
		expect_part(f, 5 * SIZE, 17);
		fx_expect_silence(f);
	}
	inet_close(s);
}

/* Of 128 a fragment of a packet holds up to three. */
static void as_many_as_there_may_be_are_cut(void **state)
{
	static const u32 counts[] = { 45, 46, 90, 91, 128 };
	struct fx *f = *state;
	u32 c, i, size;

	for (c = 0; c < ARRAY_SIZE(counts); c++) {
		struct socket *s;

		size = min(65507u / counts[c], SIZE);
		s = cutter(f, (int)size);
		assert_int_equal(send_some(s, counts[c] * size),
				 counts[c] * size);
		for (i = 0; i < counts[c]; i++)
			expect_part(f, i * size, size);
		fx_expect_silence(f);
		inet_close(s);
	}
}

static void jumbo_datagrams_are_cut(void **state)
{
	struct fx *f = *state;
	struct socket *s = cutter(f, 8972);
	u32 i;

	f->dev->max_mtu = 9000;
	assert_int_equal(dev_set_mtu(f->dev, 9000), 0);
	assert_int_equal(send_some(s, 65507), 65507);
	for (i = 0; i < 7; i++)
		expect_part(f, i * 8972, 8972);
	expect_part(f, i * 8972, 65507 - i * 8972);
	inet_close(s);
}

/* What the device is left to do is not done before. */
static u8 seen_flags;

static unsigned int see_flags(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *hook)
{
	(void)priv;
	(void)hook;
	seen_flags = skb->shinfo->tx_flags;
	return NF_ACCEPT;
}

static void payload_is_summed_once_and_only_if_the_device_does_not(void **state)
{
	struct nf_hook_ops ops = { .hook = see_flags,
				   .hooknum = NF_INET_POST_ROUTING };
	struct fx *f = *state;
	struct socket *s = cutter(f, SIZE);

	assert_int_equal(nf_register_net_hook(f->net, &ops), 0);
	assert_int_equal(send_some(s, 2 * SIZE), 2 * SIZE);
	assert_int_equal(seen_flags, SKBTX_FRAG_FLAGS);
	f->dev->features |= NETIF_F_HW_CSUM;
	assert_int_equal(send_some(s, 2 * SIZE), 2 * SIZE);
	assert_int_equal(seen_flags, SKBTX_FRAG_ROOM);
	assert_int_equal(fx_flush(f), 4);
	nf_unregister_net_hook(f->net, &ops);
	inet_close(s);
}

/* What fits into one datagram is one, and not changed by the option. */
static void single_datagram_is_left_as_it_is(void **state)
{
	struct fx *f = *state;
	struct socket *s = cutter(f, SIZE);

	f->dev->features |= CUTS;
	assert_int_equal(send_some(s, SIZE), SIZE);
	expect_part(f, 0, SIZE);
	assert_int_equal(send_some(s, 1), 1);
	expect_part(f, 0, 1);
	assert_int_equal(send_some(s, 0), 0);
	expect_part(f, 0, 0);
	inet_close(s);
}

/* ---- what is refused -------------------------------------------------- */

static void datagrams_longer_than_the_path_takes_are_refused(void **state)
{
	struct fx *f = *state;
	struct socket *s = cutter(f, 1473);

	assert_int_equal(send_some(s, 3000), -EMSGSIZE);
	assert_int_equal(send_some(s, 1473), -EMSGSIZE);
	assert_int_equal(send_some(s, 1472), 1472);
	expect_part(f, 0, 1472);
	assert_int_equal(sk_set(s, IPPROTO_UDP, UDP_SEGMENT, 1472), 0);
	assert_int_equal(send_some(s, 1473), 1473);
	expect_part(f, 0, 1472);
	expect_part(f, 1472, 1);
	fx_expect_silence(f);
	fx_assert_no_skbs(f);
	inet_close(s);
}

/* Every datagram is as long with options, and may be no longer than that. */
static void options_count_into_the_length(void **state)
{
	static const u8 record[8] = { 7, 7, 4, 0, 0, 0, 0, 0 };
	struct fx *f = *state;
	struct socket *s = cutter(f, 1465);

	assert_int_equal(inet_setsockopt(s, IPPROTO_IP, IP_OPTIONS, record, 8),
			 0);
	assert_int_equal(send_some(s, 2928), -EMSGSIZE);
	assert_int_equal(sk_set(s, IPPROTO_UDP, UDP_SEGMENT, 1464), 0);
	assert_int_equal(send_some(s, 2928), 2928);
	expect_part(f, 0, 1464);
	assert_int_equal(p.ip_len, 1500);
	expect_part(f, 1464, 1464);
	assert_int_equal(p.ip_len, 1500);
	inet_close(s);
}

/* ---- memory ------------------------------------------------------------ */

static int unsent(struct socket *s)
{
	int n = -1;

	assert_int_equal(inet_ioctl(s, SIOCOUTQ, &n), 0);
	return n;
}

/* All that waits is charged, and a full buffer makes the sender wait. */
static void what_waits_is_charged_to_its_sender(void **state)
{
	struct fx *f = *state;
	struct socket *s = cutter(f, SIZE);
	int n;

	assert_int_equal(inet_set_nonblock(s, 1), 0);
	netif_tx_stop_queue(f->dev, 0);
	assert_int_equal(send_some(s, 40 * SIZE), 40 * SIZE);
	assert_true(unsent(s) > (int)(40 * SIZE));
	while ((n = send_some(s, 40 * SIZE)) > 0)
		;
	assert_int_equal(n, -EAGAIN);
	assert_true(unsent(s) > sk_get(s, SOL_SOCKET, SO_SNDBUF));
	netif_tx_wake_queue(f->dev, 0);
	fx_run(f);
	assert_int_equal(unsent(s), 0);
	assert_true(fx_flush(f) >= 80);
	fx_assert_no_skbs(f);
	inet_close(s);
}

/* Below the low-water mark of the pool too. */
static void frames_of_ordinary_memory_do_as_well(void **state)
{
	struct fx *f = *state;
	struct socket *s = cutter(f, SIZE);
	u32 i, mark = f->net->pool.low_water;

	f->net->pool.low_water = f->net->pool.nr_frames;
	assert_int_equal(send_some(s, 5 * SIZE), 5 * SIZE);
	for (i = 0; i < 5; i++)
		expect_part(f, i * SIZE, SIZE);
	f->net->pool.low_water = mark;
	inet_close(s);
}

/* The row waits for the address of the neighbour, whole. */
static void row_waits_for_its_neighbour(void **state)
{
	struct fx *f = *state;
	struct socket *s = cutter(f, SIZE);
	u32 i;

	assert_int_equal(sk_sendto(s, data, 5 * SIZE, 0x0a000009, PEER_PORT),
			 5 * SIZE);
	fx_expect(f, &p);
	assert_int_equal(p.proto, ETH_P_ARP);
	fx_expect_silence(f);
	fx_arp_reply(f, FX_STRANGER, fx_stranger_mac);
	for (i = 0; i < 5; i++)
		expect_part(f, i * SIZE, SIZE);
	inet_close(s);
}

/* ---- in ---------------------------------------------------------------- */

static void assert_arrives_in_parts(struct socket *s, u32 parts)
{
	static u8 buf[65536];
	u32 i;

	for (i = 0; i < parts; i++) {
		assert_int_equal(sk_recv(s, buf, sizeof(buf), MSG_DONTWAIT), SIZE);
		assert_memory_equal(buf, data + i * SIZE, SIZE);
	}
	assert_int_equal(sk_recv(s, buf, 1, MSG_DONTWAIT), -EAGAIN);
}

/* Over lo the packet is never cut on its way. */
static void socket_that_did_not_ask_gets_datagrams(void **state)
{
	struct fx *f = *state;
	struct socket *s = cutter(f, SIZE), *t = sk_udp(f->net, 0, PEER_PORT);
	struct socket *tap = inet_socket(f->net, AF_PACKET, SOCK_DGRAM,
					 htons(ETH_P_IP));

	assert_int_equal(sk_sendto(s, data, 20 * SIZE, SK_LOOPBACK, PEER_PORT),
			 20 * SIZE);
	fx_run(f);
	assert_arrives_in_parts(t, 20);
	assert_int_equal(sk_recv(tap, data + 65000, 1, MSG_DONTWAIT | MSG_TRUNC),
			 20 + UDP_HLEN + 20 * SIZE);
	fx_assert_no_drops(f);
	inet_close(tap);
	inet_close(s);
	inet_close(t);
}

/* A group of this host's too: two members here, one packet for the others. */
static void members_of_a_group_get_datagrams(void **state)
{
	const u32 group = 0xe0010203;
	const struct ip_mreq mreq = { { htonl(group) }, { htonl(SK_HOST) } };
	struct fx *f = *state;
	struct socket *s = cutter(f, SIZE), *t[2];
	u32 i;

	f->dev->features |= CUTS;
	for (i = 0; i < 2; i++) {
		t[i] = sk_udp(f->net, 0, 0);
		assert_int_equal(sk_set(t[i], SOL_SOCKET, SO_REUSEADDR, 1), 0);
		assert_int_equal(sk_bind(t[i], group, PEER_PORT), 0);
		assert_int_equal(inet_setsockopt(t[i], IPPROTO_IP,
						 IP_ADD_MEMBERSHIP, &mreq,
						 sizeof(mreq)), 0);
	}
	assert_int_equal(inet_setsockopt(s, IPPROTO_IP, IP_MULTICAST_IF,
					 &mreq.imr_interface, 4), 0);
	assert_int_equal(sk_sendto(s, data, 6 * SIZE, group, PEER_PORT),
			 6 * SIZE);
	fx_run(f);
	assert_arrives_in_parts(t[0], 6);
	assert_arrives_in_parts(t[1], 6);
	expect_part(f, 0, 6 * SIZE);
	fx_assert_no_drops(f);
	inet_close(s);
	inet_close(t[0]);
	inet_close(t[1]);
}

/* ---- nobody can tell --------------------------------------------------- */

/* A step of a script that a seed writes. */
static u32 roll(u64 *seed, u32 n)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)(*seed >> 33) % n;
}

struct script {
	struct fx_watch watch;	/* first */
	struct fx f;
	struct socket *s;
	bool gso;
	u64 seed, hash;
	u32 mtu, room;		/* for payload */
};

/* Takes what is sent into the hash, each octet. (fx_pop() could not sum what goes
 * by a route of the source.) */
static bool script_sent(struct fx_watch *w, struct fx *f, const u8 *frame,
			u32 len)
{
	struct script *c = (struct script *)w;
	u32 i;

	assert_true(len <= c->mtu + ETH_HLEN);
	for (i = 0; i < len; i++)
		c->hash = (c->hash ^ frame[i]) * 1099511628211ULL;
	c->hash = (c->hash ^ f->now_ns) * 1099511628211ULL;
	return true;
}

static void script_nothing(struct fx_watch *w, struct fx *f)
{
	(void)w;
	(void)f;
}

/* @len bytes in datagrams of @size: at once, or one after another. */
static void script_send(struct script *c, const u8 *from, u32 len, u32 size)
{
	u32 n;

	if (c->gso) {
		assert_int_equal(sk_set(c->s, IPPROTO_UDP, UDP_SEGMENT,
					(int)size), 0);
		assert_int_equal(sk_send(c->s, from, len), len);
		return;
	}
	for (; len; len -= n, from += n) {
		n = min(len, size);
		assert_int_equal(sk_send(c->s, from, n), n);
	}
}

static void script_step(struct script *c)
{
	u32 size = 1 + roll(&c->seed, roll(&c->seed, 3) ? c->room : 40);
	u32 most = min(size * UDP_MAX_SEGMENTS, 65400u);
	u32 len = 1 + roll(&c->seed, most), off = roll(&c->seed, 100);

	switch (roll(&c->seed, 6)) {
	case 0:
		fx_advance(&c->f, roll(&c->seed, 20) * FX_MS);
		break;
	case 1:
		sk_set(c->s, IPPROTO_IP, IP_TOS, (int)roll(&c->seed, 256));
		break;
	case 2:
		sk_set(c->s, IPPROTO_IP, IP_MTU_DISCOVER,
		       (int)roll(&c->seed, 4));
		break;
	default:
		script_send(c, data + off, len, size);
		fx_run(&c->f);
	}
}

/* The options of a seed: none, a record of the route, a route by way of the
 * peer. */
static u32 script_options(struct script *c)
{
	static const u8 record[12] = { 7, 11, 4 };
	static const u8 source[8] = { 131, 7, 4, 10, 0, 0, 1 };
	u32 which = (u32)(c->seed >> 3) % 3;

	if (which)
		assert_int_equal(inet_setsockopt(c->s, IPPROTO_IP, IP_OPTIONS,
				which == 1 ? record : source,
				which == 1 ? sizeof(record) : sizeof(source)), 0);
	return which == 1 ? sizeof(record) : which ? sizeof(source) : 0;
}

/* Runs a script. Return: the hash of all that was on the wire. */
static u64 run_script(u64 seed, bool gso, u32 mtu)
{
	struct script *c = calloc(1, sizeof(*c));
	u64 hash;
	u32 i;

	assert_non_null(c);
	c->seed = seed;
	c->gso = gso;
	c->mtu = mtu;
	fx_open(&c->f);
	fx_learn(&c->f);
	assert_int_equal(inet_neigh_add(c->f.dev, "10.0.0.77 lladdr "
					"02:00:00:00:00:01"), 0);
	c->f.dev->max_mtu = mtu;
	assert_int_equal(dev_set_mtu(c->f.dev, mtu), 0);
	c->s = sk_udp(c->f.net, 0, PORT);
	if (seed & 1)
		c->f.dev->features |= NETIF_F_SG;
	if (seed & 2)
		c->f.dev->features |= NETIF_F_HW_CSUM;
	c->room = mtu - 28 - script_options(c);
	assert_int_equal(sk_connect(c->s, 0x0a00004d, PEER_PORT), 0);
	c->watch = (struct fx_watch){ script_nothing, script_sent,
				      script_nothing };
	c->f.watch = &c->watch;
	for (i = 0; i < 30; i++)
		script_step(c);
	inet_close(c->s);
	fx_close(&c->f);
	hash = c->hash;
	free(c);
	return hash;
}

static void wire_is_the_same_with_and_without(void **state)
{
	static const u32 mtus[] = { 1500, 576, 9000 };
	u32 seed;

	(void)state;
	for (seed = 1; seed <= 200; seed++) {
		u32 mtu = mtus[seed % 3];

		if (run_script(seed, true, mtu) != run_script(seed, false, mtu))
			fail_msg("seed %u, mtu %u", seed, mtu);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fx_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(device_that_cuts_gets_one_packet),
		TEST(other_devices_get_datagrams),
		TEST(as_many_as_there_may_be_are_cut),
		TEST(jumbo_datagrams_are_cut),
		TEST(payload_is_summed_once_and_only_if_the_device_does_not),
		TEST(single_datagram_is_left_as_it_is),
		TEST(datagrams_longer_than_the_path_takes_are_refused),
		TEST(options_count_into_the_length),
		TEST(what_waits_is_charged_to_its_sender),
		TEST(frames_of_ordinary_memory_do_as_well),
		TEST(row_waits_for_its_neighbour),
		TEST(socket_that_did_not_ask_gets_datagrams),
		TEST(members_of_a_group_get_datagrams),
		TEST(wire_is_the_same_with_and_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
