/* SPDX-License-Identifier: BSD-2-Clause */
/* ipv4/ip_output.c: headers, identification, fragments, groups, loops back. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <time.h>
#include <linux/errqueue.h>

#include <inet/socket.h>

#include "fixture.h"
#include "ipv4/devinet.h"
#include "ipv4/ip.h"
#include "lib/checksum.h"
#include "wire/ip_options.h"

static struct fx f;
static struct fx_pkt p;
static u8 big[65536], whole[65536];

#define A FX_ADDR

static int setup(void **state)
{
	size_t i;

	fx_setup_learned(state);
	for (i = 0; i < sizeof(big); i++)
		big[i] = (u8)(i * 7 + (i >> 8));
	return 0;
}

static struct socket *udp_to(__be32 addr)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = cpu_to_be16(5000),
				  .sin_addr.s_addr = addr };
	struct socket *s = inet_socket(f.net, AF_INET, SOCK_DGRAM, 0);

	assert_non_null(s);
	assert_int_equal(inet_connect(s, (struct sockaddr *)&to, sizeof(to)),
			 0);
	return s;
}

static void set_int(struct socket *s, int level, int opt, int val)
{
	assert_int_equal(inet_setsockopt(s, level, opt, &val, sizeof(val)), 0);
}

static int send_bytes(struct socket *s, u32 len)
{
	int ret = (int)inet_send(s, big, len, MSG_DONTWAIT);

	fx_run(&f);
	return ret;
}

/* Puts the fragments that were sent together; their number. @len: of the IP
 * payload. */
static u32 reassemble(u32 *len, u32 mtu)
{
	u32 nr = 0, at = 0;
	u16 id = 0;

	for (;;) {
		u16 frag;

		fx_expect(&f, &p);
		assert_int_equal(p.proto, ETH_P_IP);
		assert_true(p.ip_len <= mtu);
		frag = be16_to_cpu(p.ip->frag_off);
		assert_false(frag & IP_DF);
		if (nr++ == 0)
			id = p.ip->id;
		assert_int_equal(p.ip->id, id);
		assert_int_equal((frag & IP_OFFSET) * 8, at);
		memcpy(whole + at, p.l4, p.l4_len);
		at += p.l4_len;
		if (!(frag & IP_MF))
			break;
		assert_int_equal(p.l4_len % 8, 0);
	}
	*len = at;
	return nr;
}

/* @req RFC9293:MUST-49 @req 1122-3.2.1.7c */
static void datagram_header_is_what_knobs_and_options_say(void **state)
{
	struct socket *s = udp_to(FX_PEER);

	(void)state;
	assert_int_equal(send_bytes(s, 10), 10);
	fx_expect(&f, &p);
	assert_int_equal(p.ip->ttl, 64);
	assert_int_equal(p.ip->tos, 0);
	assert_int_equal(p.ip->saddr, FX_IP);
	assert_int_equal(p.ip->frag_off, cpu_to_be16(IP_DF));
	fx_sysctl(&f, "net.ipv4.ip_default_ttl", "33");
	set_int(s, IPPROTO_IP, IP_TOS, 0x10);
	assert_int_equal(send_bytes(s, 10), 10);
	fx_expect(&f, &p);
	assert_int_equal(p.ip->ttl, 33);
	assert_int_equal(p.ip->tos, 0x10);
	set_int(s, IPPROTO_IP, IP_TTL, 7);
	assert_int_equal(send_bytes(s, 10), 10);
	fx_expect(&f, &p);
	assert_int_equal(p.ip->ttl, 7);
	assert_true(fx_mib_delta(&f, MIB_IP_OUTREQUESTS) == 3);
	assert_int_equal(inet_close(s), 0);
}

/* @req 791-6 @req 1122-3.3.3a */
static void datagram_too_big_obeys_the_discovery_mode(void **state)
{
	struct socket *s = udp_to(FX_PEER);
	u32 len;

	(void)state;
	/* want: cut here when it must be, never on the way */
	set_int(s, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT);
	assert_int_equal(send_bytes(s, 1472), 1472);
	fx_expect(&f, &p);
	assert_true(p.ip->frag_off & cpu_to_be16(IP_DF));
	assert_int_equal(send_bytes(s, 1473), 1473);
	assert_int_equal(reassemble(&len, 1500), 2);
	assert_int_equal(len, 1481);
	/* do: never */
	set_int(s, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
	assert_int_equal(send_bytes(s, 1473), -1);
	assert_int_equal(errno, EMSGSIZE);
	fx_expect_silence(&f);
	/* dont: anywhere */
	set_int(s, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	assert_int_equal(send_bytes(s, 100), 100);
	fx_expect(&f, &p);
	assert_false(p.ip->frag_off & cpu_to_be16(IP_DF));
	/* probe: never, and omit: as dont */
	set_int(s, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
	assert_int_equal(send_bytes(s, 1472), 1472);
	fx_expect(&f, &p);
	assert_true(p.ip->frag_off & cpu_to_be16(IP_DF));
	assert_int_equal(send_bytes(s, 1473), -1);
	assert_int_equal(errno, EMSGSIZE);
	set_int(s, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
	assert_int_equal(send_bytes(s, 1473), 1473);
	assert_int_equal(reassemble(&len, 1500), 2);
	assert_int_equal(inet_close(s), 0);
}

/* An error that this host alone knows of has the MTU, where it is asked for. */
static void datagram_too_big_is_told_with_the_mtu(void **state)
{
	struct socket *s = udp_to(FX_PEER);
	struct sock_extended_err ee;
	char control[128];
	struct msghdr msg = { .msg_control = control,
			      .msg_controllen = sizeof(control) };

	(void)state;
	set_int(s, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
	set_int(s, IPPROTO_IP, IP_RECVERR, 1);
	assert_int_equal(send_bytes(s, 1473), -1);
	assert_int_equal(inet_recvmsg(s, &msg, MSG_ERRQUEUE | MSG_DONTWAIT), 0);
	memcpy(&ee, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(ee));
	assert_int_equal(ee.ee_errno, EMSGSIZE);
	assert_int_equal(ee.ee_origin, SO_EE_ORIGIN_LOCAL);
	assert_int_equal(ee.ee_info, 1500);
	assert_int_equal(inet_close(s), 0);
}

/* A router cuts what was cut before: the pieces lie where they belong in the whole,
 * and none but the last is that. */
static void fragment_is_cut_again_in_its_place(void **state)
{
	const struct fx_ip ip = { .daddr = A(10, 1, 0, 9), .proto = 253, .id = 7,
				  .frag = IP_MF | 100 };
	struct net_device *dev1 = fx_add_dev(&f, "test1", fx_stranger_mac,
					     "10.1.0.2/24");
	static u8 frame[1600];
	u32 at = 800, last;

	(void)state;
	fx_sysctl(&f, "net.ipv4.ip_forward", "1");
	assert_int_equal(inet_netdev_set_mtu(dev1, 500), 0);
	assert_int_equal(inet_neigh_add(dev1, "10.1.0.9 lladdr 02:00:00:00:01:09"), 0);
	fx_advance(&f, 3 * FX_SEC);
	fx_flush(&f);
	fx_inject(&f, frame, fx_build_ip(frame, &ip, big, 1200));
	for (; fx_pop(&f, &p); at += p.l4_len) {
		u16 frag = be16_to_cpu(p.ip->frag_off);

		assert_int_equal((frag & IP_OFFSET) * 8, at);
		assert_true(frag & IP_MF);
		assert_int_equal(be16_to_cpu(p.ip->id), 7);
		assert_memory_equal(p.l4, big + at - 800, p.l4_len);
		last = p.l4_len;
	}
	assert_int_equal(at, 2000);
	assert_int_equal(last, 1200 - 2 * 480);
}

static void datagram_of_any_size_is_cut_and_whole_again(void **state)
{
	static const u32 sizes[] = { 1472, 1473, 1479, 1480, 1481, 2952, 2953,
				     9000, 20000, 65507 };
	struct socket *s = udp_to(FX_PEER);
	const struct udphdr *uh = (const void *)whole;
	size_t i;
	u32 len;

	(void)state;
	set_int(s, SOL_SOCKET, SO_SNDBUF, 1 << 20);
	set_int(s, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		assert_int_equal(send_bytes(s, sizes[i]), (int)sizes[i]);
		reassemble(&len, 1500);
		assert_int_equal(len, sizes[i] + 8);
		assert_memory_equal(whole + 8, big, sizes[i]);
		assert_int_equal(be16_to_cpu(uh->len), sizes[i] + 8);
		assert_int_equal(udp_v4_check(len, FX_IP, FX_PEER,
					      csum_partial(whole, len, 0)), 0);
		fx_expect_silence(&f);
	}
	assert_int_equal(send_bytes(s, 65508), -1);
	assert_int_equal(errno, EMSGSIZE);
	fx_run(&f);
	fx_assert_no_skbs(&f);
	assert_int_equal(inet_close(s), 0);
}

/* The smallest MTU a link may have. */
static void datagram_by_a_link_of_68_bytes_is_cut_to_48(void **state)
{
	struct socket *s = udp_to(FX_PEER);
	u32 len;

	(void)state;
	set_int(s, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	assert_int_equal(inet_netdev_set_mtu(f.dev, 68), 0);
	assert_int_equal(send_bytes(s, 1000), 1000);
	assert_int_equal(reassemble(&len, 68), 21);
	assert_int_equal(len, 1008);
	assert_memory_equal(whole + 8, big, 1000);
	assert_int_equal(inet_close(s), 0);
}

/* @req 791-7 */
static void options_with_the_copy_flag_are_in_every_fragment(void **state)
{
	/* record route (not copied), a copied unknown one, padding */
	static const u8 opt[12] = { IPOPT_RR, 7, 4, 0, 0, 0, 0,
				    0x88, 4, 0xaa, 0xbb, 0 };
	struct socket *s = udp_to(FX_PEER);

	(void)state;
	assert_int_equal(inet_setsockopt(s, IPPROTO_IP, IP_OPTIONS, opt,
					 sizeof(opt)), 0);
	set_int(s, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	assert_int_equal(send_bytes(s, 3000), 3000);
	fx_expect(&f, &p);
	assert_int_equal(ipv4_hdr_len(p.ip), 32);
	assert_memory_equal(p.frame + ETH_HLEN + 20, opt, sizeof(opt));
	while (fx_pop(&f, &p)) {
		static const u8 later[12] = { 1, 1, 1, 1, 1, 1, 1,
					      0x88, 4, 0xaa, 0xbb, 0 };

		assert_int_equal(ipv4_hdr_len(p.ip), 32);
		assert_memory_equal(p.frame + ETH_HLEN + 20, later,
				    sizeof(later));
	}
	assert_int_equal(inet_close(s), 0);
}

/* ---- identification ---------------------------------------------------------- */

/* The id of a packet without DF to @daddr. */
static u16 id_to(__be32 daddr, u8 proto)
{
	struct sk_buff *skb = alloc_skb(f.net, 64);
	struct iphdr *iph = skb_put(skb, sizeof(*iph));
	u16 id;

	memset(iph, 0, sizeof(*iph));
	skb_reset_network_header(skb);
	iph->saddr = FX_IP;
	iph->daddr = daddr;
	iph->protocol = proto;
	ip_select_ident(f.net, skb, NULL, 1);
	id = be16_to_cpu(iph->id);
	consume_skb(skb);
	return id;
}

/* @req 6864-2 */
static void ident_does_not_repeat_for_a_destination(void **state)
{
	static u8 seen[65536];
	u32 i;

	(void)state;
	memset(seen, 0, sizeof(seen));
	for (i = 0; i < 30000; i++) {
		u16 id = id_to(FX_PEER, 17);

		assert_int_equal(seen[id], 0);
		seen[id] = 1;
	}
}

/* @req 6864-3 @attack B9 @attack R4 @attack F10 */
static void ident_of_one_destination_says_nothing_of_another(void **state)
{
	u32 i, near = 0, zero = 0;
	u16 last = 0;

	(void)state;
	/* a burst to one destination; what a neighbour in the table gets is not
	 * its continuation */
	for (i = 0; i < 4096; i++) {
		u16 mine = id_to(A(10, 0, 0, 1), 17);
		u16 other = id_to(cpu_to_be32(0x0b000000u + i * 977), 17);

		near += (u16)(other - mine) < 64 || (u16)(mine - other) < 64;
		zero += other == 0;
		last = mine;
	}
	(void)last;
	/* by chance 128 in 65,536: 8 in 4,096 */
	assert_true(near < 40);
	assert_true(zero < 5);
}

/* @req 6864-1 */
static void ident_of_atomic_datagrams_is_zero_or_the_sockets(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = cpu_to_be16(5000),
				  .sin_addr.s_addr = FX_PEER };
	struct socket *s = udp_to(FX_PEER);
	u16 first;

	(void)state;
	assert_int_equal(send_bytes(s, 10), 10);
	fx_expect(&f, &p);
	first = be16_to_cpu(p.ip->id);
	assert_int_equal(send_bytes(s, 10), 10);
	fx_expect(&f, &p);
	assert_int_equal(be16_to_cpu(p.ip->id), (u16)(first + 1));
	fx_send(&f, FX_PEER, 253, "x", 1);
	fx_expect(&f, &p);
	assert_true(p.ip->frag_off & cpu_to_be16(IP_DF));
	assert_int_equal(p.ip->id, 0);
	/* without a peer it has no counter, either */
	assert_int_equal(inet_connect(s, &(struct sockaddr){ AF_UNSPEC, "" },
				      sizeof(struct sockaddr)), 0);
	assert_int_equal(inet_sendto(s, "x", 1, 0, (struct sockaddr *)&to,
				     sizeof(to)), 1);
	fx_expect(&f, &p);
	assert_int_equal(p.ip->id, 0);
	assert_int_equal(inet_close(s), 0);
}

/* ---- many ------------------------------------------------------------------------ */

static void group_datagram_goes_out_with_ttl_one_and_loops_to_members(
	void **state)
{
	static const u8 mac[ETH_ALEN] = { 1, 0, 0x5e, 1, 2, 3 };
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = cpu_to_be16(5000) };
	struct socket *r = inet_socket(f.net, AF_INET, SOCK_DGRAM, 0), *s;
	u8 got[16];

	(void)state;
	assert_int_equal(inet_route_add(f.net, "224.0.0.0/4 dev test0"), 0);
	assert_int_equal(inet_bind(r, (struct sockaddr *)&at, sizeof(at)), 0);
	s = udp_to(A(239, 129, 2, 3));
	assert_int_equal(send_bytes(s, 10), 10);
	fx_expect(&f, &p);
	assert_int_equal(fx_mib_delta(&f, MIB_IP_OUTMCASTPKTS), 1);
	assert_int_equal(fx_mib_delta(&f, MIB_IP_OUTMCASTOCTETS), 38);
	assert_memory_equal(p.eth->h_dest, mac, ETH_ALEN);
	assert_int_equal(p.ip->ttl, 1);
	assert_int_equal(p.ip->saddr, FX_IP);
	assert_int_equal(inet_recv(r, got, sizeof(got), MSG_DONTWAIT), -1);
	rtnl_lock(f.net);
	assert_int_equal(ip_mc_inc_group(f.dev, A(239, 129, 2, 3)), 0);
	rtnl_unlock(f.net);
	assert_int_equal(send_bytes(s, 10), 10);
	fx_expect(&f, &p);
	assert_int_equal(inet_recv(r, got, sizeof(got), MSG_DONTWAIT), 10);
	set_int(s, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
	set_int(s, IPPROTO_IP, IP_MULTICAST_TTL, 9);
	assert_int_equal(send_bytes(s, 10), 10);
	fx_expect(&f, &p);
	assert_int_equal(p.ip->ttl, 9);
	assert_int_equal(inet_recv(r, got, sizeof(got), MSG_DONTWAIT), -1);
	/* ttl 0 stays here */
	set_int(s, IPPROTO_IP, IP_MULTICAST_TTL, 0);
	set_int(s, IPPROTO_IP, IP_MULTICAST_LOOP, 1);
	assert_int_equal(send_bytes(s, 10), 10);
	fx_expect_silence(&f);
	assert_int_equal(inet_recv(r, got, sizeof(got), MSG_DONTWAIT), 10);
	rtnl_lock(f.net);
	assert_int_equal(ip_mc_dec_group(f.dev, A(239, 129, 2, 3)), 0);
	rtnl_unlock(f.net);
	assert_int_equal(inet_close(r), 0);
	assert_int_equal(inet_close(s), 0);
}

static void broadcast_datagram_reaches_link_and_host(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = cpu_to_be16(5000) };
	struct sockaddr_in to = at;
	struct socket *r = inet_socket(f.net, AF_INET, SOCK_DGRAM, 0);
	struct socket *s = inet_socket(f.net, AF_INET, SOCK_DGRAM, 0);
	u8 got[16];

	(void)state;
	assert_int_equal(inet_bind(r, (struct sockaddr *)&at, sizeof(at)), 0);
	to.sin_addr.s_addr = A(10, 0, 0, 255);
	assert_int_equal(inet_sendto(s, "abc", 3, 0, (struct sockaddr *)&to,
				     sizeof(to)), -1);
	assert_int_equal(errno, EACCES);
	set_int(s, SOL_SOCKET, SO_BROADCAST, 1);
	assert_int_equal(inet_sendto(s, "abc", 3, 0, (struct sockaddr *)&to,
				     sizeof(to)), 3);
	fx_run(&f);
	fx_expect(&f, &p);
	assert_true(is_broadcast_ether_addr(p.eth->h_dest));
	assert_int_equal(p.ip->daddr, A(10, 0, 0, 255));
	assert_int_equal(fx_mib_delta(&f, MIB_IP_OUTBCASTPKTS), 1);
	assert_int_equal(fx_mib_delta(&f, MIB_IP_OUTBCASTOCTETS), 31);
	assert_int_equal(p.ip->saddr, FX_IP);
	assert_int_equal(inet_recv(r, got, sizeof(got), MSG_DONTWAIT), 3);
	assert_int_equal(inet_close(r), 0);
	assert_int_equal(inet_close(s), 0);
}

/* ---- this host ---------------------------------------------------------------------- */

static void datagram_to_ourselves_never_touches_the_wire(void **state)
{
	static const __be32 own[] = { FX_IP, A(127, 0, 0, 1), A(127, 5, 5, 5) };
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = cpu_to_be16(5000) };
	struct socket *r = inet_socket(f.net, AF_INET, SOCK_DGRAM, 0), *s;
	static u8 got[65536];
	size_t i;

	(void)state;
	assert_int_equal(inet_bind(r, (struct sockaddr *)&at, sizeof(at)), 0);
	set_int(r, SOL_SOCKET, SO_RCVBUF, 1 << 20);
	for (i = 0; i < ARRAY_SIZE(own); i++) {
		s = udp_to(own[i]);
		set_int(s, SOL_SOCKET, SO_SNDBUF, 1 << 20);
		assert_int_equal(send_bytes(s, 60000), 60000);
		assert_int_equal(inet_recv(r, got, sizeof(got), MSG_DONTWAIT),
				 60000);
		assert_memory_equal(got, big, 60000);
		assert_int_equal(inet_close(s), 0);
	}
	fx_expect_silence(&f);
	fx_assert_no_drops(&f);
	assert_int_equal(inet_close(r), 0);
}

static void no_route_fails_at_once(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = cpu_to_be16(5000),
				  .sin_addr.s_addr = A(8, 8, 8, 8) };
	struct socket *s = inet_socket(f.net, AF_INET, SOCK_DGRAM, 0);

	(void)state;
	assert_int_equal(inet_sendto(s, "abc", 3, 0, (struct sockaddr *)&to,
				     sizeof(to)), -1);
	assert_int_equal(errno, ENETUNREACH);
	assert_int_equal(inet_route_add(f.net, "unreachable 8.8.8.0/24"), 0);
	assert_int_equal(inet_sendto(s, "abc", 3, 0, (struct sockaddr *)&to,
				     sizeof(to)), -1);
	assert_int_equal(errno, EHOSTUNREACH);
	fx_expect_silence(&f);
	assert_int_equal(inet_close(s), 0);
}

static void device_down_packets_die_there(void **state)
{
	struct socket *s = udp_to(FX_PEER);

	(void)state;
	assert_int_equal(inet_netdev_down(f.dev), 0);
	assert_int_equal(send_bytes(s, 10), -1);
	assert_int_equal(errno, ENETUNREACH);
	assert_int_equal(inet_netdev_up(f.dev), 0);
	fx_flush(&f);
	fx_learn(&f);
	assert_int_equal(send_bytes(s, 10), 10);
	fx_expect(&f, &p);
	assert_int_equal(inet_close(s), 0);
}

/* Every allocation of a fragmented send fails once. @attack M8 */
static void memory_short_anywhere_leaks_nothing(void **state)
{
	struct socket *s = udp_to(FX_PEER);
	u32 n, len;

	(void)state;
	set_int(s, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	for (n = 1; n < 60; n++) {
		mem_fail_nth(&f.net->mem, n);
		send_bytes(s, 9000);
		fx_run(&f);
		if (!mem_failed(&f.net->mem))
			break;
		fx_flush(&f);
		fx_assert_no_skbs(&f);
	}
	mem_fail_nth(&f.net->mem, 0);
	fx_flush(&f);
	assert_int_equal(send_bytes(s, 9000), 9000);
	reassemble(&len, 1500);
	assert_int_equal(len, 9008);
	assert_int_equal(inet_close(s), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_prestate_setup_teardown( \
		name, setup, fx_teardown, &f)
	const struct CMUnitTest tests[] = {
		T(datagram_header_is_what_knobs_and_options_say),
		T(datagram_too_big_obeys_the_discovery_mode),
		T(datagram_too_big_is_told_with_the_mtu),
		T(fragment_is_cut_again_in_its_place),
		T(datagram_of_any_size_is_cut_and_whole_again),
		T(datagram_by_a_link_of_68_bytes_is_cut_to_48),
		T(options_with_the_copy_flag_are_in_every_fragment),
		T(ident_does_not_repeat_for_a_destination),
		T(ident_of_one_destination_says_nothing_of_another),
		T(ident_of_atomic_datagrams_is_zero_or_the_sockets),
		T(group_datagram_goes_out_with_ttl_one_and_loops_to_members),
		T(broadcast_datagram_reaches_link_and_host),
		T(datagram_to_ourselves_never_touches_the_wire),
		T(no_route_fails_at_once),
		T(device_down_packets_die_there),
		T(memory_short_anywhere_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
