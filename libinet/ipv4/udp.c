/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP: datagrams from and to an application (RFC 768, RFC 1122 4.1).
 *
 * Theory of operation.
 *
 * In: udp_rcv() checks the header, trims what IP carried too much, finds the
 * socket (udp_table.c) and queues the payload; a multicast or broadcast goes
 * to every socket that wants it, each with a clone of its own. Nobody there:
 * port unreachable. A checksum that no device has verified is verified while
 * the reader copies the payload, in one pass; udp_poll() looks first, so that
 * a socket is never called readable for a datagram that will turn out bad. Many
 * datagrams in one packet (GRO, or a sender of this machine) are queued as one
 * for a socket with UDP_GRO, and cut for every other.
 *
 * Out: udp_sendmsg() takes no lock. ip_send_datagram() copies the bytes (and
 * sums them on the way unless the device will) and calls udp_finish_skb() for
 * the header. With UDP_CORK or MSG_MORE the pieces are gathered in a buffer,
 * under the sock lock, until the last one comes; then it is one datagram. With
 * UDP_SEGMENT a message is many datagrams, and one packet until the device or
 * udp_offload.c cuts it.
 *
 * Errors: an ICMP error finds its socket by the ports it quotes. Without
 * IP_RECVERR only a hard error on a connected socket is told, by the next
 * call, once (RFC 1122 4.1.3.3); with it, all are queued with what they quote.
 *
 * Memory: a queued datagram is charged by truesize against SO_RCVBUF and
 * net.ipv4.udp_mem. Limits: no UDP_ENCAP (ENOPROTOOPT).
 */
#include "ipv4/udp.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/dev.h"
#include "core/gro.h"
#include "core/loan.h"
#include "core/rps.h"
#include "core/skbuff.h"
#include "core/sockopt.h"
#include "core/trace.h"
#include "ipv4/datagram.h"
#include "ipv4/forward.h"
#include "ipv4/inet_common.h"
#include "ipv4/ip.h"
#include "ipv4/protocol.h"
#include "lib/byteorder.h"
#include "lib/err.h"
#include "lib/mem.h"

/* ---- checksums -------------------------------------------------------- */

/* Someone has verified the checksum, or there is none. */
static bool udp_csum_unnecessary(const struct sk_buff *skb)
{
	return skb->ip_summed == CHECKSUM_UNNECESSARY || skb->csum_valid;
}

/*
 * Prepares a received datagram, trimmed, at its header: either nothing is left
 * to verify, or skb->csum holds the sum of the pseudo-header.
 */
static void udp4_csum_init(struct sk_buff *skb, bool no_check)
{
	const struct iphdr *iph = ip_hdr(skb);
	__wsum pseudo = csum_tcpudp_nofold(iph->saddr, iph->daddr, skb->len,
					   IPPROTO_UDP, 0);

	if (no_check || skb->ip_summed == CHECKSUM_PARTIAL) {
		/* the sender had none, or it is one of our own */
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	} else if (skb->ip_summed == CHECKSUM_COMPLETE) {
		if (!csum_fold(csum_add(pseudo, skb->csum)))
			skb->ip_summed = CHECKSUM_UNNECESSARY;
	}
	if (skb->ip_summed != CHECKSUM_UNNECESSARY) {
		skb->ip_summed = CHECKSUM_NONE;
		skb->csum_valid = 0;
		skb->csum = pseudo;
	}
}

bool udp_csum_ok(struct sk_buff *skb)
{
	return udp_csum_unnecessary(skb) ||
	       !csum_fold(skb_checksum(skb, 0, skb->len, skb->csum));
}

/* Takes the header off. A short datagram is verified at once; of another the
 * header's part of the sum goes into skb->csum, the rest is summed while it is
 * copied to the reader. False: the checksum is wrong. */
static bool udp_csum_pull(struct sk_buff *skb)
{
	if (skb->len <= CSUM_SHORT) {
		if (!udp_csum_ok(skb))
			return false;
		skb->csum_valid = 1;
	} else if (!udp_csum_unnecessary(skb)) {
		skb->csum = csum_partial(skb->data, UDP_HLEN, skb->csum);
	}
	skb_pull(skb, UDP_HLEN);
	return true;
}

/* The end of a datagram whose checksum is wrong. */
static void udp_csum_drop(struct sk_buff *skb)
{
	struct net *net = skb_net(skb);

	NET_INC_STATS(net, UDP_INCSUMERRORS);
	NET_INC_STATS(net, UDP_INERRORS);
	kfree_skb_reason(skb, SKB_DROP_REASON_UDP_CSUM);
}

/* ---- in --------------------------------------------------------------- */

/* Queues a datagram (at its header) for @sk. Consumes it. */
static void udp_queue_rcv_one_skb(struct sock *sk, struct sk_buff *skb)
{
	struct net *net = sock_net(sk);
	int err;

	sock_rps_save_rxhash(sk, skb);
	if (!udp_csum_pull(skb)) {
		sk_drops_add(sk, 1);
		udp_csum_drop(skb);
		return;
	}
	ipv4_pktinfo_prepare(sk, skb);
	err = sock_queue_rcv_skb(sk, skb);
	if (likely(!err))
		return;
	if (err == -ENOMEM)
		NET_INC_STATS(net, UDP_RCVBUFERRORS);
	else
		NET_INC_STATS(net, UDP_MEMERRORS);
	NET_INC_STATS(net, UDP_INERRORS);
	kfree_skb_reason(skb, sock_queue_drop_reason(err));
}

/* Many datagrams in one packet, for a socket that has not asked for such: each
 * by itself. Nobody sums them again. Consumes. */
static __noinline void udp_rcv_segment(struct sock *sk, struct sk_buff *skb)
{
	struct sk_buff *segs, *next;

	skb_push(skb, (u32)-skb_network_offset(skb));
	segs = skb_mac_gso_segment(skb, NETIF_F_HW_CSUM);
	if (!segs) {
		NET_INC_STATS(sock_net(sk), UDP_INERRORS);
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return;
	}
	consume_skb(skb);
	for (; segs; segs = next) {
		next = segs->next;
		segs->next = NULL;
		segs->ip_summed = CHECKSUM_UNNECESSARY;
		skb_pull(segs, (u32)skb_transport_offset(segs));
		udp_queue_rcv_one_skb(sk, segs);
	}
}

void udp_queue_rcv_skb(struct sock *sk, struct sk_buff *skb)
{
	NET_ROAD(sock_net(sk), skb);
	if (likely(!skb->shinfo->gso_size) ||
	    READ_ONCE(udp_sk(sk)->gro_enabled))
		udp_queue_rcv_one_skb(sk, skb);
	else
		udp_rcv_segment(sk, skb);
}

/* A multicast on its way to the second and later of its sockets. */
struct udp_mcast_ctx {
	struct sk_buff *skb;
	struct sock *last;	/* gets @skb itself, when all are known */
};

/* One more socket: the one before it gets a clone. */
static void udp_mcast_one(struct sock *sk, void *arg)
{
	struct udp_mcast_ctx *ctx = arg;
	struct sock *to = ctx->last;
	struct sk_buff *clone;

	ctx->last = sk;
	if (!to)
		return;
	clone = skb_clone(ctx->skb);
	if (clone) {
		udp_queue_rcv_skb(to, clone);
		return;
	}
	sk_drops_add(to, 1);
	NET_INC_STATS(sock_net(to), UDP_RCVBUFERRORS);
	NET_INC_STATS(sock_net(to), UDP_INERRORS);
	net_count_drop(sock_net(to), SKB_DROP_REASON_NOMEM);
}

/* A datagram to a group or a broadcast address. Consumes it. */
static int udp4_mcast_deliver(struct net *net, struct sk_buff *skb,
			      const struct udp_flow *flow)
{
	struct udp_mcast_ctx ctx = { .skb = skb };

	if (!udp_csum_ok(skb)) {	/* once for all readers */
		udp_csum_drop(skb);
		return 0;
	}
	skb->csum_valid = 1;
	udp4_lib_for_each_mcast(net, flow, udp_mcast_one, &ctx);
	if (ctx.last) {
		udp_queue_rcv_skb(ctx.last, skb);
		return 0;
	}
	NET_INC_STATS(net, UDP_IGNOREDMULTI);
	kfree_skb_reason(skb, SKB_DROP_REASON_NO_SOCKET);
	return 0;
}

/* Nobody listens: say so, if the datagram is what it claims to be. Consumes. */
static int udp_no_port(struct net *net, struct sk_buff *skb)
{
	if (!udp_csum_ok(skb)) {
		udp_csum_drop(skb);
		return 0;
	}
	if (unlikely(net_forwards(net)) && udp_forward_rcv(skb))
		return 0;
	NET_INC_STATS(net, UDP_NOPORTS);
	/* RFC 1122 4.1.3.1 */
	icmp_send(skb, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
	kfree_skb_reason(skb, SKB_DROP_REASON_NO_SOCKET);
	return 0;
}

/* For an address of somebody else: a socket of the flow or of the address, or one
 * that is transparent; else a forwarder is asked. Consumes. */
static int udp_rcv_foreign(struct net *net, struct sk_buff *skb,
			   const struct udp_flow *flow)
{
	struct sock *sk = udp4_lib_lookup(net, flow);

	if (!sk || (!READ_ONCE(sk->sk_rcv_saddr) &&
		    !inet_test_bit(TRANSPARENT, sk)))
		return udp_no_port(net, skb);
	if (READ_ONCE(udp_sk(sk)->send_flags) & UDP_NOTES_SENT)
		WRITE_ONCE(udp_sk(sk)->used_ns, net_now(net));
	udp_queue_rcv_skb(sk, skb);
	return 0;
}

/* Not for one address of this host. Consumes. */
static __noinline int udp_rcv_special(struct net *net, struct sk_buff *skb,
				      const struct udp_flow *flow)
{
	return skb_is_foreign(skb) ? udp_rcv_foreign(net, skb, flow) :
				     udp4_mcast_deliver(net, skb, flow);
}

/*
 * Checks the header and cuts off what lies behind the datagram: RFC 768 has a
 * length of its own.
 */
static bool udp_check_header(struct sk_buff *skb, struct udp_info *info)
{
	if (!pskb_may_pull(skb, UDP_HLEN) ||
	    udp_parse(skb->data, skb_headlen(skb), skb->len, info))
		return false;
	if (info->len < skb->len) {
		if (skb->ip_summed == CHECKSUM_COMPLETE)
			skb->ip_summed = CHECKSUM_NONE;
		if (pskb_trim(skb, info->len))
			return false;
	}
	return true;
}

/* net_protocol.handler of UDP. */
int udp_rcv(struct sk_buff *skb)
{
	struct net *net = skb_net(skb);
	const struct rtable *rt = skb_rtable(skb);
	const struct iphdr *iph = ip_hdr(skb);
	struct udp_flow flow;
	struct udp_info info;
	struct sock *sk;

	NET_ROAD(net, skb);
	if (!udp_check_header(skb, &info)) {
		NET_INC_STATS(net, UDP_INERRORS);
		kfree_skb_reason(skb, SKB_DROP_REASON_UDP_INVALID);
		return 0;
	}
	iph = ip_hdr(skb);	/* pulling may have moved it */
	udp4_csum_init(skb, info.no_check);
	flow = (struct udp_flow){
		.saddr = iph->saddr,
		.daddr = iph->daddr,
		.sport = info.source,
		.dport = be16_to_cpu(info.dest),
		.dif = skb->skb_iif,
	};
	if (rt && unlikely(rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST |
					   RTCF_FOREIGN)))
		return udp_rcv_special(net, skb, &flow);
	sk = udp4_lib_lookup(net, &flow);
	if (!sk)
		return udp_no_port(net, skb);
	udp_queue_rcv_skb(sk, skb);
	return 0;
}

/* ---- ICMP errors ------------------------------------------------------ */

/* net_protocol.err_handler of UDP. */
int udp_err(struct sk_buff *skb, u32 info)
{
	struct net *net = skb_net(skb);
	struct icmp_quote quote;
	struct udp_flow flow;
	struct sock *sk;

	NET_ROAD(net, skb);
	if (icmp_quote_parse(skb->data, skb_headlen(skb), &quote) ||
	    !quote.has_ports)
		return -ENOENT;
	/* what we sent, as its answer would come in */
	flow = (struct udp_flow){
		.saddr = quote.daddr,
		.daddr = quote.saddr,
		.sport = quote.dport,
		.dport = be16_to_cpu(quote.sport),
		.dif = skb->skb_iif,
	};
	sk = udp4_lib_lookup(net, &flow);
	if (!sk)
		return -ENOENT;
	ip4_datagram_tell_err(sk, skb, quote.dport, info);
	return 0;
}

/* ---- out -------------------------------------------------------------- */

/* ip_datagram.finish: the header, and the checksum or what the device needs
 * to make it. */
static int udp_finish_skb(struct sock *sk, struct sk_buff *skb,
			  struct ip_datagram *d)
{
	struct udphdr *uh = (struct udphdr *)skb->data;
	__be32 saddr = d->fl4.saddr, daddr = d->fl4.daddr;
	__wsum sum;

	/* RFC 1122 4.1.3.2: a source route does not change what is summed */
	if (unlikely(d->ipc->opt && d->ipc->opt->faddr))
		daddr = d->ipc->addr;

	skb_reset_transport_header(skb);
	uh->source = d->fl4.fl4_sport;
	uh->dest = d->fl4.fl4_dport;
	uh->len = cpu_to_be16(skb->len);
	uh->check = 0;
	if (sk->sk_no_check_tx) {
		skb->ip_summed = CHECKSUM_NONE;
	} else if (d->csum && !d->gso_size) {
		sum = csum_partial(uh, d->csum == DATAGRAM_CSUM_WHOLE ?
				   skb->len : UDP_HLEN, skb->csum);
		uh->check = udp_mangle_zero(udp_v4_check(skb->len, saddr,
							 daddr, sum));
		skb->ip_summed = CHECKSUM_NONE;
	} else {
		udp_partial_csum(skb, udp_v4_check(skb->len, saddr, daddr, 0));
	}
	return 0;
}

/* Does the sender sum, because no device will? Fragments have no checksum of
 * their own that a device could fill in. */
static bool udp_sums(const struct sock *sk, const struct ip_datagram *d,
		     size_t len)
{
	return !sk->sk_no_check_tx &&
	       (!dst_hw_csum(&d->rt->dst) || d->ipc->opt ||
		len + UDP_HLEN + IP_HLEN_MIN > dst_mtu(&d->rt->dst));
}

/* udp_prepare() of what goes as datagrams of ipc->gso_size octets each. */
static __noinline int udp_prepare_row(const struct sock *sk,
				      struct ip_datagram *d, size_t len)
{
	const struct ip_options_sock *opt = d->ipc->opt;
	u32 hlen = IP_HLEN_MIN + (opt ? opt->optlen : 0) + UDP_HLEN;
	u16 size = d->ipc->gso_size;
	size_t longest = min_t(size_t, len, size);

	if (hlen + longest > ip_sk_mtu(sk, &d->rt->dst))
		return -EMSGSIZE;
	if (len > (size_t)size * UDP_MAX_SEGMENTS || sk->sk_no_check_tx)
		return -EINVAL;
	if (size < len)
		d->gso_size = size;
	if (udp_sums(sk, d, longest))
		d->csum = DATAGRAM_CSUM_COPY;
	return 0;
}

/* ip_datagram.prepare. */
static int udp_prepare(struct sock *sk, struct ip_datagram *d, size_t len)
{
	if (unlikely(d->ipc->gso_size))
		return udp_prepare_row(sk, d, len);
	if (udp_sums(sk, d, len))
		d->csum = len <= CSUM_SHORT ? DATAGRAM_CSUM_WHOLE :
					      DATAGRAM_CSUM_COPY;
	return 0;
}

/* Counts how a send ended. Return: @len or @err. */
static int udp_count_sent(struct net *net, int err, size_t len)
{
	if (likely(!err)) {
		NET_INC_STATS(net, UDP_OUTDATAGRAMS);
		return (int)len;
	}
	if (err == -ENOBUFS || err == -EAGAIN || err == -ENOMEM)
		NET_INC_STATS(net, UDP_SNDBUFERRORS);
	return err;
}

/* One whole datagram. Return: @len or -E. */
static int udp_send_one(struct sock *sk, struct inet_msg *msg, size_t len,
			const struct ip4_dest *dest, struct ipcm_cookie *ipc)
{
	struct ip_datagram d;
	int err;

	ip_datagram_init(&d, ipc, UDP_HLEN);
	d.prepare = udp_prepare;
	d.finish = udp_finish_skb;
	ip4_datagram_flow(sk, dest, ipc, &d.fl4);
	err = ip4_datagram_send(sk, msg, len, &d, dest);
	return udp_count_sent(sock_net(sk), err, len);
}

/* Control messages of the level IPPROTO_UDP: *@gso_size. 0 or -EINVAL. */
static int udp_cmsg_send(const struct inet_msg *msg, u16 *gso_size)
{
	struct cmsghdr hdr;
	const void *data;
	size_t pos = 0;
	int more;

	while ((more = cmsg_next(msg, &pos, &hdr, &data)) > 0) {
		if (hdr.cmsg_level != IPPROTO_UDP)
			continue;
		if (hdr.cmsg_type != UDP_SEGMENT ||
		    hdr.cmsg_len != CMSG_LEN(sizeof(*gso_size)))
			return -EINVAL;
		memcpy(gso_size, data, sizeof(*gso_size));
	}
	return more;
}

/* ip4_datagram_target(), a port, and into how many datagrams it is cut. */
static int udp_send_target(struct sock *sk, const struct inet_msg *msg,
			   struct ip4_dest *dest, struct ipcm_cookie *ipc)
{
	int err = ip4_datagram_target(sk, msg, dest, ipc);

	ipc->gso_size = READ_ONCE(udp_sk(sk)->gso_size);
	if (!err && unlikely(msg->controllen))
		err = udp_cmsg_send(msg, &ipc->gso_size);
	return err ? err : dest->dport ? 0 : -EINVAL;
}

/* ---- UDP_CORK, MSG_MORE ----------------------------------------------- */

/* A datagram in the making. */
struct udp_cork {
	struct ip4_dest dest;
	struct ipcm_cookie ipc;
	struct ip4_pieces pieces;
};

/* Forgets a datagram in the making. NULL is fine. */
static void udp_cork_free(struct sock *sk, struct udp_cork *cork)
{
	struct mem *mem = &sock_net(sk)->mem;

	if (!cork)
		return;
	ipcm_free(sk, &cork->ipc);
	ip4_pieces_free(sk, &cork->pieces);
	mem_free(mem, cork, sizeof(*cork));
}

/* The first piece decides where it goes. Context: sock lock. */
static int udp_cork_begin(struct sock *sk, const struct inet_msg *msg)
{
	struct udp_cork *cork = mem_zalloc(&sock_net(sk)->mem, sizeof(*cork));
	int err;

	if (!cork)
		return -ENOBUFS;
	err = udp_send_target(sk, msg, &cork->dest, &cork->ipc);
	if (err) {
		udp_cork_free(sk, cork);
		return err;
	}
	WRITE_ONCE(udp_sk(sk)->cork, cork);
	return 0;
}

/* Sends what was gathered, and frees it. Context: the sock is not owned. */
static int udp_cork_push(struct sock *sk, struct udp_cork *cork, int flags)
{
	struct inet_msg msg = { .flags = flags & ~(MSG_MORE) };
	struct iovec iov;
	int err;

	ip4_pieces_iter(&cork->pieces, &iov, &msg.iter);
	err = udp_send_one(sk, &msg, cork->pieces.len, &cork->dest, &cork->ipc);
	udp_cork_free(sk, cork);
	return err < 0 ? err : 0;
}

/* sendmsg() of a piece. Return: @len or -E, and then nothing is kept. */
static int udp_cork_sendmsg(struct sock *sk, struct inet_msg *msg, size_t len)
{
	struct udp_sock *up = udp_sk(sk);
	struct udp_cork *done = NULL;
	int err = 0;

	lock_sock(sk);
	if (!up->cork)
		err = udp_cork_begin(sk, msg);
	if (!err)
		err = ip4_pieces_add(sk, &up->cork->pieces, msg, len,
				     UDP_MAX_PAYLOAD);
	if (err || !(up->send_flags & UDP_CORKED || msg->flags & MSG_MORE)) {
		done = up->cork;
		WRITE_ONCE(up->cork, NULL);
	}
	release_sock(sk);
	if (err)
		udp_cork_free(sk, done);
	else if (done)
		err = udp_cork_push(sk, done, msg->flags);
	return err ? err : (int)len;
}

/* UDP_CORK is taken off: what waits goes out. Context: sock lock. The last
 * piece is sent without waiting: the option call cannot. */
static int udp_set_cork(struct sock *sk, int on)
{
	struct udp_sock *up = udp_sk(sk);
	struct udp_cork *cork = up->cork;

	WRITE_ONCE(up->send_flags, on ? up->send_flags | UDP_CORKED :
				   (u8)(up->send_flags & ~UDP_CORKED));
	if (on || !cork)
		return 0;
	WRITE_ONCE(up->cork, NULL);
	udp_cork_push(sk, cork, MSG_DONTWAIT);
	return 0;
}

static int udp_get_cork(struct sock *sk, int *on)
{
	*on = udp_sk(sk)->send_flags & UDP_CORKED;
	return 0;
}

/* ---- the calls -------------------------------------------------------- */

/* Is the message a piece of a datagram? Notes it, if @sk is a forwarder's. */
static __noinline bool udp_sends_piece(struct sock *sk,
				       const struct inet_msg *msg)
{
	struct udp_sock *up = udp_sk(sk);
	u8 flags = READ_ONCE(up->send_flags);

	if (flags & UDP_NOTES_SENT)
		WRITE_ONCE(up->used_ns, net_now(sock_net(sk)));
	return flags & UDP_CORKED || msg->flags & MSG_MORE ||
	       READ_ONCE(up->cork);
}

/* Sends one datagram, or gathers a piece of one. */
static int udp_do_sendmsg(struct sock *sk, struct inet_msg *msg, size_t len)
{
	struct ipcm_cookie ipc;
	struct ip4_dest dest;
	int err;

	if (len > 0xffff)
		return -EMSGSIZE;
	if (msg->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN)
		return -EPIPE;
	if (unlikely((msg->flags & MSG_MORE) ||
		     READ_ONCE(udp_sk(sk)->send_flags) ||
		     READ_ONCE(udp_sk(sk)->cork)) && udp_sends_piece(sk, msg))
		return udp_cork_sendmsg(sk, msg, len);

	err = udp_send_target(sk, msg, &dest, &ipc);
	if (!err)
		err = udp_send_one(sk, msg, len, &dest, &ipc);
	ipcm_free(sk, &ipc);
	return err;
}

static int udp_sendmsg(struct sock *sk, struct inet_msg *msg, size_t len)
{
	int ret;

	NET_ROAD(sock_net(sk), NULL);
	if (likely(!(msg->flags & MSG_ZEROCOPY)))
		return udp_do_sendmsg(sk, msg, len);
	ret = msg_zerocopy_begin(sk, msg, len);
	if (!ret)
		ret = udp_do_sendmsg(sk, msg, len);
	msg_zerocopy_end(sk, msg, ret >= 0);
	return ret;
}

/* Copies a datagram out, verifying what is left to verify. 0, -EFAULT, or
 * -EINVAL when the checksum is wrong. Borrows. */
static int udp_copy_out(struct sk_buff *skb, struct inet_msg *msg, u32 len)
{
	if (unlikely(msg->lend))
		return udp_csum_ok(skb) ? 0 : -EINVAL;
	if (udp_csum_unnecessary(skb))
		return skb_copy_datagram_msg(skb, 0, msg, len);
	if (len == skb->len)
		return skb_copy_and_csum_datagram_msg(skb, 0, msg);
	if (!udp_csum_ok(skb))
		return -EINVAL;
	return skb_copy_datagram_msg(skb, 0, msg, len);
}

/* A datagram with a wrong checksum was about to be read: drops it. Who only
 * peeked holds the last reference, unless another reader was faster. */
static void udp_drop_unread(struct sock *sk, struct sk_buff *skb, bool peeked)
{
	if (peeked && !skb_kill_datagram(sk, skb, SKB_DROP_REASON_UDP_CSUM)) {
		consume_skb(skb);
		return;
	}
	udp_csum_drop(skb);
}

/* The address and the control messages of a datagram that was copied out. */
static void udp_recv_about(struct sock *sk, struct inet_msg *msg,
			   struct sk_buff *skb)
{
	const struct udphdr *uh = udp_hdr(skb);
	int size;

	sock_recv_cmsgs(msg, sk, skb);
	if (msg->name)
		inet_put_addr(msg->name, &msg->namelen, ip_hdr(skb)->saddr,
			      uh->source);
	if (unlikely(skb->shinfo->gso_size) &&
	    READ_ONCE(udp_sk(sk)->gro_enabled)) {
		size = skb->shinfo->gso_size;
		put_cmsg(msg, IPPROTO_UDP, UDP_GRO, sizeof(size), &size);
	}
	if (READ_ONCE(inet_sk(sk)->cmsg_flags))
		ip_cmsg_recv(msg, sk, skb);
}

/* Reads one datagram whose checksum is right; others die on the way. */
static int udp_recvmsg(struct sock *sk, struct inet_msg *msg, size_t len,
		       int flags)
{
	bool peek = flags & MSG_PEEK;
	struct sk_buff *skb;
	u32 copied, whole;
	int err;

	NET_ROAD(sock_net(sk), NULL);
	if (flags & MSG_ERRQUEUE)
		return ip_recv_error(sk, msg, len);
	for (;;) {
		skb = skb_recv_datagram(sk, flags, &err);
		if (!skb)
			return err;
		whole = skb->len;
		copied = (u32)min_t(size_t, len, whole);
		err = udp_copy_out(skb, msg, copied);
		if (err != -EINVAL)
			break;
		udp_drop_unread(sk, skb, peek);
	}
	if (err) {
		if (!peek)
			NET_INC_STATS(sock_net(sk), UDP_INERRORS);
		consume_skb(skb);
		return err;
	}
	if (!peek)
		NET_INC_STATS(sock_net(sk), UDP_INDATAGRAMS);
	if (unlikely(msg->lend))
		copied = skb_lend(msg->lend, skb, 0, copied);
	if (copied < whole)
		msg->flags |= MSG_TRUNC;
	udp_recv_about(sk, msg, skb);
	if (unlikely(msg->lend) && copied)
		sock_lend_datagram(sk, msg->lend, skb);
	else
		consume_skb(skb);
	return (int)(flags & MSG_TRUNC ? whole : copied);
}

/* A reference to the first datagram, or NULL; says nothing of errors. */
static struct sk_buff *udp_peek(struct sock *sk)
{
	struct sk_buff *skb;

	spin_lock(&sk->sk_queue_lock);
	skb = skb_peek(&sk->sk_receive_queue);
	if (skb)
		skb_get(skb);
	spin_unlock(&sk->sk_queue_lock);
	return skb;
}

/* Bytes of the first datagram whose checksum is right (others die here), -1:
 * none. */
static int udp_first_len(struct sock *sk)
{
	struct sk_buff *skb;
	int len;

	while ((skb = udp_peek(sk))) {
		if (udp_csum_ok(skb))
			break;
		udp_drop_unread(sk, skb, true);
	}
	if (!skb)
		return -1;
	/* do not sum it again; the flag is a reader's, so only without others */
	if (!sk_smp(sk))
		skb->csum_valid = 1;
	len = (int)skb->len;
	consume_skb(skb);
	return len;
}

/* Readable only if a datagram with a right checksum is there. */
unsigned int udp_poll(struct socket *sock)
{
	unsigned int mask = datagram_poll(sock);
	struct sock *sk = sock->sk;

	if ((mask & POLLIN) && !(READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN) &&
	    udp_first_len(sk) < 0)
		mask &= ~(unsigned int)(POLLIN | POLLRDNORM);
	return mask;
}

/* SIOCINQ: the size of the next datagram with a right checksum. */
static int udp_ioctl(struct sock *sk, unsigned long cmd, int *karg)
{
	if (cmd != SIOCINQ)
		return ip4_datagram_ioctl(sk, cmd, karg);
	*karg = max(0, udp_first_len(sk));
	return 0;
}

/* ---- connect, close --------------------------------------------------- */

/* connect(): only one peer from now on, and the way to it is kept. */
static int udp_connect(struct sock *sk, const struct sockaddr *addr,
		       socklen_t len)
{
	struct inet_sock *inet = inet_sk(sk);
	struct flowi4 fl4;
	struct rtable *rt;
	int err;

	sk_dst_reset(sk);
	rt = ip4_datagram_route(sk, addr, len, &fl4);
	if (IS_ERR(rt))
		return (int)PTR_ERR(rt);
	err = udp_lib_set_addrs(sk, inet->inet_rcv_saddr ?
				inet->inet_rcv_saddr : fl4.saddr,
				fl4.daddr, fl4.fl4_dport);
	if (err) {
		dst_release(&rt->dst);
		return -ENOBUFS;
	}
	if (!inet->inet_saddr)
		WRITE_ONCE(inet->inet_saddr, fl4.saddr);
	WRITE_ONCE(sk->sk_state, TCP_ESTABLISHED);
	sk_dst_set(sk, &rt->dst);
	return 0;
}

/* connect(AF_UNSPEC). An address and a port that bind() did not name are
 * forgotten with the peer, and the device with them, as in Linux. */
static int udp_disconnect(struct sock *sk, int flags)
{
	struct inet_sock *inet = inet_sk(sk);
	bool bound = sk->sk_userlocks & SOCK_BINDADDR_LOCK;
	int err;

	(void)flags;
	err = udp_lib_set_addrs(sk, bound ? inet->inet_rcv_saddr : 0, 0, 0);
	if (err)
		return -ENOBUFS;
	WRITE_ONCE(sk->sk_state, TCP_CLOSE);
	WRITE_ONCE(sk->sk_bound_dev_if, 0);
	if (!bound)
		WRITE_ONCE(inet->inet_saddr, 0);
	if (!(sk->sk_userlocks & SOCK_BINDPORT_LOCK)) {
		udp_lib_unhash(sk);
		WRITE_ONCE(inet->inet_sport, 0);
	}
	sk_dst_reset(sk);
	return 0;
}

static int udp_init_sock(struct sock *sk)
{
	sk->sk_mem_id = PROTO_MEM_UDP;
	return 0;
}

/* Packets are merged while somebody asks for it. Context: sock lock. */
static int udp_set_gro(struct sock *sk, int on)
{
	struct netns_ipv4 *v4 = &sock_net(sk)->ipv4;

	if (udp_sk(sk)->gro_enabled != on)
		count_add(&v4->udp_gro_sockets, on ? 1u : -1u, sk_smp(sk));
	WRITE_ONCE(udp_sk(sk)->gro_enabled, on);
	return 0;
}

/* What waits for its last piece is forgotten. */
static void udp_close(struct sock *sk, s64 timeout_ns)
{
	struct udp_sock *up = udp_sk(sk);
	struct udp_cork *cork;

	(void)timeout_ns;
	lock_sock(sk);
	udp_set_gro(sk, false);
	cork = up->cork;
	WRITE_ONCE(up->cork, NULL);
	release_sock(sk);
	udp_cork_free(sk, cork);
	if (unlikely(up->send_flags & UDP_NOTES_SENT))
		forward_sock_done(sk, IPPROTO_UDP);
	sk_common_release(sk);
}

/* ---- options ---------------------------------------------------------- */

static int udp_set_segment(struct sock *sk, int size)
{
	WRITE_ONCE(udp_sk(sk)->gso_size, (u16)size);
	return 0;
}

static int udp_get_segment(struct sock *sk, int *size)
{
	*size = udp_sk(sk)->gso_size;
	return 0;
}

static int udp_get_gro(struct sock *sk, int *on)
{
	*on = udp_sk(sk)->gro_enabled;
	return 0;
}

const struct sockopt_row udp_options[] = {
	SOCKOPT_ROW(IPPROTO_UDP, UDP_CORK, BOOL, 0, 0, udp_set_cork,
		    udp_get_cork),
	SOCKOPT_ROW(IPPROTO_UDP, UDP_SEGMENT, INT, 0, U16_MAX, udp_set_segment,
		    udp_get_segment),
	SOCKOPT_ROW(IPPROTO_UDP, UDP_GRO, BOOL, 0, 0, udp_set_gro, udp_get_gro),
};

const u32 nr_udp_options = ARRAY_SIZE(udp_options);

/* ---- the tables ------------------------------------------------------- */

const struct proto udp_prot = {
	.name = "UDP",
	.obj_size = sizeof(struct udp_sock),
	.init = udp_init_sock,
	.close = udp_close,
	.connect = udp_connect,
	.disconnect = udp_disconnect,
	.ioctl = udp_ioctl,
	.setsockopt = ip4_datagram_setsockopt,
	.getsockopt = ip4_datagram_getsockopt,
	.sendmsg = udp_sendmsg,
	.recvmsg = udp_recvmsg,
	.frames_put = sock_frames_put,
	.unhash = udp_lib_unhash,
	.get_port = udp_v4_get_port,
	.options = udp_options,
	.nr_options = ARRAY_SIZE(udp_options),
};

static const struct inet_protosw udp_protosw = {
	.type = SOCK_DGRAM,
	.protocol = IPPROTO_UDP,
	.prot = &udp_prot,
	.ops = &inet_dgram_ops,
	.flags = INET_PROTOSW_PERMANENT,
};

static const struct net_protocol udp_net_protocol = {
	.handler = udp_rcv,
	.err_handler = udp_err,
};

static const struct sysctl_row udp_knobs[] = {
	SYSCTL_ROW("net.ipv4.udp_mem", ipv4.sysctl_udp_mem, S64_VEC3, 0,
		   INT64_MAX / 4096, 575802, 767736, 1151604),
	SYSCTL_ROW("net.ipv4.udp_rmem_min", ipv4.sysctl_udp_rmem_min, S32,
		   SK_MEM_QUANTUM, INT32_MAX, 4096),
	SYSCTL_ROW("net.ipv4.udp_wmem_min", ipv4.sysctl_udp_wmem_min, S32,
		   SK_MEM_QUANTUM, INT32_MAX, 4096),
};

const struct inet_protocol udp_protocol = {
	.name = "udp",
	.protocol = IPPROTO_UDP,
	.sw = &udp_protosw,
	.nr_sw = 1,
	.net_protocol = &udp_net_protocol,
	.offload = &udp_offload,
	.knobs = udp_knobs,
	.nr_knobs = ARRAY_SIZE(udp_knobs),
	.net_init = udp_table_init,
	.net_exit = udp_table_destroy,
};
