/* SPDX-License-Identifier: BSD-2-Clause */
/* Packet sockets: packet/af_packet.c. */
#include "unit.h"

#include <errno.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include <inet/netdev.h>

#include "fixture.h"
#include "lib/byteorder.h"
#include "sockets.h"

#define ETHERTYPE 0x88b5		/* for experiments, IEEE 802 */
#define PAYLOAD 60u
#define FRAME (ETH_HLEN + PAYLOAD)

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

static struct fx_pkt p;

/* struct tpacket_stats of <linux/if_packet.h>. */
struct statistics {
	unsigned int packets, drops;
};

static struct socket *packet_socket(struct fx *f, int type, u16 proto)
{
	struct socket *s = inet_socket(f->net, AF_PACKET, type | SOCK_NONBLOCK,
				       cpu_to_be16(proto));

	assert_non_null(s);
	return s;
}

static struct sockaddr_ll link_address(const struct net_device *dev, u16 proto)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET,
				  .sll_protocol = cpu_to_be16(proto),
				  .sll_ifindex = dev ? dev->ifindex : 0,
				  .sll_halen = ETH_ALEN };

	memcpy(ll.sll_addr, fx_peer_mac, ETH_ALEN);
	return ll;
}

/* bind(): 0 or -errno. */
static int bind_to(struct socket *s, const struct net_device *dev, u16 proto)
{
	const struct sockaddr_ll ll = link_address(dev, proto);

	return inet_bind(s, (const struct sockaddr *)&ll, sizeof(ll)) ?
		       -errno : 0;
}

/* sendto(): bytes or -errno. */
static int send_to(struct socket *s, const struct sockaddr_ll *ll,
		   const void *data, size_t len)
{
	ssize_t n = inet_sendto(s, data, len, 0, (const struct sockaddr *)ll,
				sizeof(*ll));

	return n < 0 ? -errno : (int)n;
}

/* recvfrom(): bytes or -errno. */
static int receive(struct socket *s, void *buf, size_t len, int flags,
		   struct sockaddr_ll *from)
{
	socklen_t from_len = sizeof(*from);
	ssize_t n = inet_recvfrom(s, buf, len, flags, (struct sockaddr *)from,
				  &from_len);

	assert_true(n < 0 || from_len == sizeof(*from));
	return n < 0 ? -errno : (int)n;
}

/* A frame of PAYLOAD counted bytes from the peer. */
static void build(u8 *frame, const u8 *dst, u16 proto)
{
	memcpy(frame, dst, ETH_ALEN);
	memcpy(frame + ETH_ALEN, fx_peer_mac, ETH_ALEN);
	frame[12] = (u8)(proto >> 8);
	frame[13] = (u8)proto;
	for (u32 i = 0; i < PAYLOAD; i++)
		frame[ETH_HLEN + i] = (u8)i;
}

static void inject(struct fx *f, const u8 *dst, u16 proto)
{
	u8 frame[FRAME];

	build(frame, dst, proto);
	fx_inject(f, frame, sizeof(frame));
}

/* ---- receiving --------------------------------------------------------- */

static void raw_socket_reads_the_frame_with_its_header(void **state)
{
	struct fx *f = *state;
	struct socket *s = packet_socket(f, SOCK_RAW, ETHERTYPE);
	struct sockaddr_ll from;
	u8 frame[FRAME], buf[200];

	build(frame, fx_mac, ETHERTYPE);
	fx_inject(f, frame, sizeof(frame));
	assert_int_equal(receive(s, buf, sizeof(buf), 0, &from), FRAME);
	assert_memory_equal(buf, frame, FRAME);
	assert_int_equal(from.sll_family, AF_PACKET);
	assert_int_equal(from.sll_protocol, cpu_to_be16(ETHERTYPE));
	assert_int_equal(from.sll_ifindex, f->dev->ifindex);
	assert_int_equal(from.sll_hatype, 1);		/* ARPHRD_ETHER */
	assert_int_equal(from.sll_pkttype, PACKET_HOST);
	assert_int_equal(from.sll_halen, ETH_ALEN);
	assert_memory_equal(from.sll_addr, fx_peer_mac, ETH_ALEN);
	assert_int_equal(receive(s, buf, sizeof(buf), 0, &from), -EAGAIN);
	inet_close(s);
}

static void dgram_socket_reads_what_is_behind_the_header(void **state)
{
	struct fx *f = *state;
	struct socket *s = packet_socket(f, SOCK_DGRAM, ETHERTYPE);
	struct sockaddr_ll from;
	u8 frame[FRAME], buf[200];

	build(frame, fx_mac, ETHERTYPE);
	fx_inject(f, frame, sizeof(frame));
	assert_int_equal(receive(s, buf, sizeof(buf), 0, &from), PAYLOAD);
	assert_memory_equal(buf, frame + ETH_HLEN, PAYLOAD);
	assert_memory_equal(from.sll_addr, fx_peer_mac, ETH_ALEN);
	inet_close(s);
}

static void pkttype_says_to_whom_the_frame_went(void **state)
{
	static const u8 all[ETH_ALEN] = { 255, 255, 255, 255, 255, 255 };
	static const u8 group[ETH_ALEN] = { 1, 0, 0x5e, 0, 0, 1 };
	struct fx *f = *state;
	struct socket *s = packet_socket(f, SOCK_RAW, ETHERTYPE);
	struct sockaddr_ll from;
	u8 buf[200];

	inject(f, all, ETHERTYPE);
	assert_int_equal(receive(s, buf, sizeof(buf), 0, &from), FRAME);
	assert_int_equal(from.sll_pkttype, PACKET_BROADCAST);
	inject(f, group, ETHERTYPE);
	assert_int_equal(receive(s, buf, sizeof(buf), 0, &from), FRAME);
	assert_int_equal(from.sll_pkttype, PACKET_MULTICAST);
	inject(f, fx_stranger_mac, ETHERTYPE);
	assert_int_equal(receive(s, buf, sizeof(buf), 0, &from), FRAME);
	assert_int_equal(from.sll_pkttype, PACKET_OTHERHOST);
	inet_close(s);
}

static void all_protocols_are_seen_both_ways_and_nothing_is_lost(void **state)
{
	struct fx *f = *state;
	struct socket *s = packet_socket(f, SOCK_RAW, ETH_P_ALL);
	struct sockaddr_ll from;
	u8 frame[200], buf[200];
	u32 len = fx_build_icmp(frame, &(struct fx_ip){ 0 }, ICMP_ECHO, 0, 1,
				"ping", 4);

	fx_inject(f, frame, len);
	fx_expect(f, &p);		/* the stack answers all the same */
	assert_int_equal(p.icmp->type, ICMP_ECHOREPLY);
	assert_int_equal(receive(s, buf, sizeof(buf), 0, &from), len);
	assert_memory_equal(buf, frame, len);
	assert_int_equal(from.sll_pkttype, PACKET_HOST);
	assert_int_equal(receive(s, buf, sizeof(buf), 0, &from), p.len);
	assert_memory_equal(buf, p.frame, p.len);
	assert_int_equal(from.sll_pkttype, PACKET_OUTGOING);
	assert_int_equal(from.sll_protocol, cpu_to_be16(ETH_P_IP));

	assert_int_equal(sk_set(s, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1), 0);
	assert_int_equal(sk_get(s, SOL_PACKET, PACKET_IGNORE_OUTGOING), 1);
	fx_inject(f, frame, len);
	assert_int_equal(receive(s, buf, sizeof(buf), 0, &from), len);
	assert_int_equal(receive(s, buf, sizeof(buf), 0, &from), -EAGAIN);
	inet_close(s);
}

static void short_buffer_cuts_the_frame_and_says_so(void **state)
{
	struct fx *f = *state;
	struct socket *s = packet_socket(f, SOCK_RAW, ETHERTYPE);
	u8 buf[20];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int queued = 0;

	inject(f, fx_mac, ETHERTYPE);
	assert_int_equal(inet_ioctl(s, FIONREAD, &queued), 0);
	assert_int_equal(queued, FRAME);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), MSG_PEEK), sizeof(buf));
	assert_int_equal(sk_recv(s, buf, sizeof(buf), MSG_PEEK | MSG_TRUNC),
			 FRAME);
	assert_int_equal(inet_recvmsg(s, &msg, 0), sizeof(buf));
	assert_int_equal(msg.msg_flags, MSG_TRUNC);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -EAGAIN);
	inet_close(s);
}

static void socket_of_protocol_zero_receives_nothing_until_bound(void **state)
{
	struct fx *f = *state;
	struct socket *s = packet_socket(f, SOCK_RAW, 0);
	u8 buf[200];

	inject(f, fx_mac, ETHERTYPE);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -EAGAIN);
	assert_int_equal(bind_to(s, NULL, ETHERTYPE), 0);
	inject(f, fx_mac, ETHERTYPE + 1);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -EAGAIN);
	inject(f, fx_mac, ETHERTYPE);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), FRAME);
	inet_close(s);
}

static void bound_socket_hears_its_device_only(void **state)
{
	struct fx *f = *state;
	struct socket *s = packet_socket(f, SOCK_RAW, ETHERTYPE);
	struct net_device *other = fx_add_dev(f, "test1", fx_stranger_mac,
					      NULL);
	u8 frame[FRAME], buf[200];

	assert_int_equal(bind_to(s, other, 0), 0);
	inject(f, fx_mac, ETHERTYPE);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -EAGAIN);
	build(frame, fx_stranger_mac, ETHERTYPE);
	fx_inject_on(f, other, frame, sizeof(frame));
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), FRAME);
	inet_close(s);
}

static void full_queue_drops_and_counts(void **state)
{
	struct fx *f = *state;
	struct socket *s = packet_socket(f, SOCK_RAW, ETHERTYPE);
	struct statistics st;
	socklen_t len = sizeof(st);
	u32 sent = 200, got = 0;
	u8 buf[200];

	assert_int_equal(sk_set(s, SOL_SOCKET, SO_RCVBUF, 4096), 0);
	fx_mark(f);
	for (u32 i = 0; i < sent; i++)
		inject(f, fx_mac, ETHERTYPE);
	while (sk_recv(s, buf, sizeof(buf), 0) > 0)
		got++;
	assert_in_range(got, 1, sent - 1);
	fx_assert_dropped(f, SKB_DROP_REASON_SOCKET_RCVBUFF, sent - got);
	assert_int_equal(inet_getsockopt(s, SOL_PACKET, PACKET_STATISTICS, &st,
					 &len), 0);
	assert_int_equal(len, sizeof(st));
	assert_int_equal(st.packets, sent);
	assert_int_equal(st.drops, sent - got);
	/* asking sets them back */
	assert_int_equal(inet_getsockopt(s, SOL_PACKET, PACKET_STATISTICS, &st,
					 &len), 0);
	assert_int_equal(st.packets + st.drops, 0);
	inet_close(s);
}

/* ---- sending ----------------------------------------------------------- */

static void raw_socket_sends_the_bytes_as_they_are(void **state)
{
	struct fx *f = *state;
	struct socket *s = packet_socket(f, SOCK_RAW, 0);
	struct sockaddr_ll to = link_address(f->dev, 0);
	u8 frame[FRAME];

	build(frame, fx_stranger_mac, ETHERTYPE);
	assert_int_equal(send_to(s, &to, frame, FRAME), FRAME);
	fx_expect(f, &p);
	assert_int_equal(p.len, FRAME);
	assert_memory_equal(p.frame, frame, FRAME);
	assert_ptr_equal(p.dev, f->dev);
	/* the binding is the destination of who names none */
	assert_int_equal(sk_send(s, frame, FRAME), -ENXIO);
	assert_int_equal(bind_to(s, f->dev, ETHERTYPE), 0);
	assert_int_equal(sk_send(s, frame, FRAME), FRAME);
	fx_expect(f, &p);
	assert_memory_equal(p.frame, frame, FRAME);
	inet_close(s);
}

static void dgram_socket_gets_its_link_header_made(void **state)
{
	struct fx *f = *state;
	struct socket *s = packet_socket(f, SOCK_DGRAM, 0);
	struct sockaddr_ll to = link_address(f->dev, ETHERTYPE);
	u8 frame[FRAME];

	build(frame, fx_peer_mac, ETHERTYPE);
	memcpy(frame + ETH_ALEN, fx_mac, ETH_ALEN);
	assert_int_equal(send_to(s, &to, frame + ETH_HLEN, PAYLOAD), PAYLOAD);
	fx_expect(f, &p);
	assert_int_equal(p.len, FRAME);
	assert_memory_equal(p.frame, frame, FRAME);
	inet_close(s);
}

static void frame_that_does_not_fit_is_refused(void **state)
{
	static u8 frame[2000];
	struct fx *f = *state;
	struct socket *raw = packet_socket(f, SOCK_RAW, 0);
	struct socket *dgram = packet_socket(f, SOCK_DGRAM, 0);
	struct sockaddr_ll to = link_address(f->dev, ETHERTYPE);
	u32 most = f->dev->mtu + ETH_HLEN;

	build(frame, fx_peer_mac, ETHERTYPE);
	assert_int_equal(send_to(raw, &to, frame, ETH_HLEN - 1), -EINVAL);
	assert_int_equal(send_to(raw, &to, frame, most + 5), -EMSGSIZE);
	assert_int_equal(send_to(dgram, &to, frame, f->dev->mtu + 1),
			 -EMSGSIZE);
	fx_expect_silence(f);
	assert_int_equal(send_to(raw, &to, frame, ETH_HLEN), ETH_HLEN);
	assert_int_equal(send_to(raw, &to, frame, most), most);
	assert_int_equal(send_to(dgram, &to, frame, f->dev->mtu), f->dev->mtu);
	assert_int_equal(fx_flush(f), 3);
	inet_close(raw);
	inet_close(dgram);
}

static void address_that_cannot_be_is_refused(void **state)
{
	struct fx *f = *state;
	struct socket *s = packet_socket(f, SOCK_RAW, 0);
	struct sockaddr_ll ll = link_address(f->dev, ETHERTYPE);
	const struct sockaddr *addr = (const struct sockaddr *)&ll;
	u8 frame[FRAME];

	build(frame, fx_peer_mac, ETHERTYPE);
	assert_int_equal(inet_sendto(s, frame, FRAME, 0, addr, sizeof(ll) - 1),
			 -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(inet_bind(s, addr, sizeof(ll) - 1), -1);
	assert_int_equal(errno, EINVAL);
	ll.sll_halen = sizeof(ll.sll_addr) + 1;
	assert_int_equal(send_to(s, &ll, frame, FRAME), -EINVAL);
	ll.sll_halen = ETH_ALEN;
	ll.sll_ifindex = 12345;
	assert_int_equal(send_to(s, &ll, frame, FRAME), -ENXIO);
	assert_int_equal(inet_bind(s, addr, sizeof(ll)), -1);
	assert_int_equal(errno, ENODEV);
	ll.sll_family = AF_INET;
	assert_int_equal(inet_bind(s, addr, sizeof(ll)), -1);
	assert_int_equal(errno, EINVAL);
	fx_expect_silence(f);
	inet_close(s);
}

static void calls_of_connections_are_refused(void **state)
{
	struct fx *f = *state;
	struct socket *s = packet_socket(f, SOCK_RAW, ETHERTYPE);
	struct sockaddr_ll ll = link_address(f->dev, ETHERTYPE);
	socklen_t len = sizeof(ll);

	assert_int_equal(inet_connect(s, (struct sockaddr *)&ll, len), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(inet_listen(s, 1), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_null(inet_accept(s, NULL, NULL));
	assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(inet_shutdown(s, SHUT_RDWR), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(inet_getpeername(s, (struct sockaddr *)&ll, &len), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	inet_close(s);
	assert_null(inet_socket(f->net, AF_PACKET, SOCK_STREAM, 0));
	assert_int_equal(errno, ESOCKTNOSUPPORT);
}

static void getsockname_tells_the_binding(void **state)
{
	struct fx *f = *state;
	struct socket *s = packet_socket(f, SOCK_RAW, ETHERTYPE);
	struct sockaddr_ll ll;
	socklen_t len = sizeof(ll);

	assert_int_equal(bind_to(s, f->dev, 0), 0);
	assert_int_equal(inet_getsockname(s, (struct sockaddr *)&ll, &len), 0);
	assert_int_equal(len, offsetof(struct sockaddr_ll, sll_addr) + ETH_ALEN);
	assert_int_equal(ll.sll_family, AF_PACKET);
	assert_int_equal(ll.sll_protocol, cpu_to_be16(ETHERTYPE));
	assert_int_equal(ll.sll_ifindex, f->dev->ifindex);
	assert_int_equal(ll.sll_halen, ETH_ALEN);
	assert_memory_equal(ll.sll_addr, fx_mac, ETH_ALEN);
	inet_close(s);
}

/* ---- devices come and go ----------------------------------------------- */

static void device_down_is_an_error_and_up_again_goes_on(void **state)
{
	struct fx *f = *state;
	struct socket *s = packet_socket(f, SOCK_RAW, ETHERTYPE);
	struct sockaddr_ll to = link_address(f->dev, ETHERTYPE);
	u8 frame[FRAME], buf[200];

	build(frame, fx_peer_mac, ETHERTYPE);
	assert_int_equal(bind_to(s, f->dev, 0), 0);
	assert_int_equal(sk_poll(s), POLLOUT);
	assert_int_equal(inet_netdev_down(f->dev), 0);
	assert_true(sk_poll(s) & POLLERR);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -ENETDOWN);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -EAGAIN);
	assert_int_equal(send_to(s, &to, frame, FRAME), -ENETDOWN);
	assert_int_equal(inet_netdev_up(f->dev), 0);
	fx_flush(f);
	inject(f, fx_mac, ETHERTYPE);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), FRAME);
	inet_close(s);
}

static void bind_to_a_device_that_is_down_waits_for_it(void **state)
{
	struct fx *f = *state;
	struct socket *s = packet_socket(f, SOCK_RAW, ETHERTYPE);
	u8 buf[200];

	assert_int_equal(inet_netdev_down(f->dev), 0);
	assert_int_equal(bind_to(s, f->dev, 0), 0);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -ENETDOWN);
	assert_int_equal(inet_netdev_up(f->dev), 0);
	fx_flush(f);
	inject(f, fx_mac, ETHERTYPE);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), FRAME);
	inet_close(s);
}

static void device_gone_for_good_leaves_a_socket_without_one(void **state)
{
	struct fx *f = *state;
	struct socket *s = packet_socket(f, SOCK_RAW, ETHERTYPE);
	struct net_device *dev = inet_netdev_open(f->net, "wire:w0,peer=w1");
	const struct packet_mreq mreq = { .mr_ifindex = dev->ifindex,
					  .mr_type = PACKET_MR_PROMISC };
	struct sockaddr_ll ll;
	socklen_t len = sizeof(ll);
	u8 frame[FRAME], buf[200];

	build(frame, fx_peer_mac, ETHERTYPE);
	assert_int_equal(inet_netdev_up(dev), 0);
	assert_int_equal(bind_to(s, dev, 0), 0);
	assert_int_equal(inet_setsockopt(s, SOL_PACKET, PACKET_ADD_MEMBERSHIP,
					 &mreq, sizeof(mreq)), 0);
	inet_netdev_close(dev);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -ENETDOWN);
	assert_int_equal(sk_send(s, frame, FRAME), -ENXIO);
	assert_int_equal(inet_getsockname(s, (struct sockaddr *)&ll, &len), 0);
	assert_int_equal(ll.sll_ifindex, -1);
	assert_int_equal(inet_setsockopt(s, SOL_PACKET, PACKET_DROP_MEMBERSHIP,
					 &mreq, sizeof(mreq)), -1);
	assert_int_equal(errno, EADDRNOTAVAIL);
	/* it can be bound again */
	assert_int_equal(bind_to(s, f->dev, 0), 0);
	inject(f, fx_mac, ETHERTYPE);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), FRAME);
	inet_close(s);
}

/* ---- memberships ------------------------------------------------------- */

static int membership(struct socket *s, int option, struct packet_mreq mreq)
{
	return inet_setsockopt(s, SOL_PACKET, option, &mreq, sizeof(mreq)) ?
		       -errno : 0;
}

static void memberships_are_counted_and_given_back(void **state)
{
	struct fx *f = *state;
	struct socket *s = packet_socket(f, SOCK_RAW, ETHERTYPE);
	struct packet_mreq promisc = { .mr_ifindex = f->dev->ifindex,
				       .mr_type = PACKET_MR_PROMISC };
	struct packet_mreq all = { .mr_ifindex = f->dev->ifindex,
				   .mr_type = PACKET_MR_ALLMULTI };

	assert_int_equal(membership(s, PACKET_ADD_MEMBERSHIP, promisc), 0);
	assert_int_equal(membership(s, PACKET_ADD_MEMBERSHIP, promisc), 0);
	assert_int_equal(membership(s, PACKET_ADD_MEMBERSHIP, all), 0);
	assert_int_equal(f->dev->promiscuity, 1);
	assert_int_equal(f->dev->allmulti, 1);
	assert_int_equal(membership(s, PACKET_DROP_MEMBERSHIP, promisc), 0);
	assert_int_equal(f->dev->promiscuity, 1);
	assert_int_equal(membership(s, PACKET_DROP_MEMBERSHIP, promisc), 0);
	assert_int_equal(f->dev->promiscuity, 0);
	assert_int_equal(membership(s, PACKET_DROP_MEMBERSHIP, promisc),
			 -EADDRNOTAVAIL);
	inet_close(s);
	assert_int_equal(f->dev->allmulti, 0);
}

static void membership_that_cannot_be_is_refused(void **state)
{
	struct fx *f = *state;
	struct socket *s = packet_socket(f, SOCK_RAW, ETHERTYPE);
	struct packet_mreq mreq = { .mr_ifindex = 12345,
				    .mr_type = PACKET_MR_PROMISC };

	assert_int_equal(membership(s, PACKET_ADD_MEMBERSHIP, mreq), -ENODEV);
	mreq.mr_ifindex = f->dev->ifindex;
	mreq.mr_type = 77;
	assert_int_equal(membership(s, PACKET_ADD_MEMBERSHIP, mreq),
			 -EOPNOTSUPP);
	mreq.mr_type = PACKET_MR_MULTICAST;
	mreq.mr_alen = ETH_ALEN - 1;
	assert_int_equal(membership(s, PACKET_ADD_MEMBERSHIP, mreq), -EINVAL);
	mreq.mr_alen = sizeof(mreq.mr_address) + 1;
	assert_int_equal(membership(s, PACKET_ADD_MEMBERSHIP, mreq), -EINVAL);
	assert_int_equal(inet_setsockopt(s, SOL_PACKET, PACKET_ADD_MEMBERSHIP,
					 &mreq, sizeof(mreq) - 1), -1);
	assert_int_equal(errno, EINVAL);
	/* as many different ones as a socket may have */
	mreq.mr_alen = ETH_ALEN;
	mreq.mr_address[0] = 1;
	for (u32 i = 0; i < 64; i++) {
		mreq.mr_address[5] = (u8)i;
		assert_int_equal(membership(s, PACKET_ADD_MEMBERSHIP, mreq), 0);
	}
	mreq.mr_address[5] = 64;
	assert_int_equal(membership(s, PACKET_ADD_MEMBERSHIP, mreq), -ENOBUFS);
	inet_close(s);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, fx_setup_learned, fx_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(raw_socket_reads_the_frame_with_its_header),
		TEST(dgram_socket_reads_what_is_behind_the_header),
		TEST(pkttype_says_to_whom_the_frame_went),
		TEST(all_protocols_are_seen_both_ways_and_nothing_is_lost),
		TEST(short_buffer_cuts_the_frame_and_says_so),
		TEST(socket_of_protocol_zero_receives_nothing_until_bound),
		TEST(bound_socket_hears_its_device_only),
		TEST(full_queue_drops_and_counts),
		TEST(raw_socket_sends_the_bytes_as_they_are),
		TEST(dgram_socket_gets_its_link_header_made),
		TEST(frame_that_does_not_fit_is_refused),
		TEST(address_that_cannot_be_is_refused),
		TEST(calls_of_connections_are_refused),
		TEST(getsockname_tells_the_binding),
		TEST(device_down_is_an_error_and_up_again_goes_on),
		TEST(bind_to_a_device_that_is_down_waits_for_it),
		TEST(device_gone_for_good_leaves_a_socket_without_one),
		TEST(memberships_are_counted_and_given_back),
		TEST(membership_that_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
