/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The error queue of IPv4 sockets (IP_RECVERR, MSG_ERRQUEUE): ICMP errors and
 * errors of our own, each with the packet it is about.
 *
 * An entry is an sk_buff whose data is the payload of the packet that failed,
 * as far as it was quoted, and whose control block says the rest. The reader
 * gets the payload, the destination it was sent to as the address, and one
 * control message: struct sock_extended_err with the offender behind it.
 *
 * Here, too, an application hears that memory which it lent (MSG_ZEROCOPY) is its
 * own again: by an entry for a range of calls, without a payload. That is made
 * when the call begins, so that it cannot fail when the last frame is gone.
 *
 * And when what it sent left, was queued or arrived (SO_TIMESTAMPING): by an entry
 * with the packet, or without (SOF_TIMESTAMPING_OPT_TSONLY).
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "core/skbuff.h"
#include "core/tstamp.h"
#include "core/ubuf.h"
#include "ipv4/inet_common.h"
#include "ipv4/ip.h"
#include "lib/assert.h"
#include "wire/udp.h"

/* skb->cb of an entry; its first part stays what ip_cmsg_recv() reads, the
 * last four bytes are the queue's. */
struct sock_exterr_skb {
	struct inet_skb_parm parm;
	struct sock_extended_err ee;
	__be32 offender;
	__be32 daddr;		/* where the packet was sent */
	__be16 port;
};

static_assert(sizeof(struct sock_exterr_skb) <= 44, "sock_exterr_skb");

#define SKB_EXT_ERR(skb) ((struct sock_exterr_skb *)(skb)->cb)

/* What IP_RECVERR's control message carries. */
struct ip_errhdr {
	struct sock_extended_err ee;
	struct sockaddr_in offender;
};

/* Where the payload of the quoted packet begins, as its socket counts: a raw
 * socket gave us all behind the IP header, or all, and a ping socket the ICMP
 * header too, which tells one request from another. */
static u32 quoted_payload(const struct sock *sk, const struct iphdr *iph)
{
	u32 hlen = ipv4_hdr_len(iph);

	if (sk->sk_type == SOCK_RAW)
		return inet_test_bit(HDRINCL, sk) ? 0 : hlen;
	if (iph->protocol == IPPROTO_UDP)
		return hlen + UDP_HLEN;
	return hlen;
}

void ip_icmp_error(struct sock *sk, struct sk_buff *skb, int err, __be16 port,
		   u32 info)
{
	const struct iphdr *quote = (const struct iphdr *)skb->data;
	const struct icmphdr *icmph =
		(const struct icmphdr *)skb_transport_header(skb);
	struct sk_buff *clone;
	struct sock_exterr_skb *serr;

	if (skb_headlen(skb) < sizeof(*quote))
		return;
	clone = skb_clone(skb);
	if (!clone)
		return;
	serr = SKB_EXT_ERR(clone);
	serr->ee = (struct sock_extended_err){
		.ee_errno = (u32)err,
		.ee_origin = SO_EE_ORIGIN_ICMP,
		.ee_type = icmph->type,
		.ee_code = icmph->code,
		.ee_info = info,
	};
	serr->offender = ip_hdr(skb)->saddr;
	serr->daddr = quote->daddr;
	serr->port = port;
	skb_pull(clone, min(quoted_payload(sk, quote), skb_headlen(clone)));
	if (sock_queue_err_skb(sk, clone))
		kfree_skb_reason(clone, SKB_DROP_REASON_SOCKET_RCVBUFF);
}

void ip_local_error(struct sock *sk, int err, __be32 daddr, __be16 port,
		    u32 info)
{
	struct sock_exterr_skb *serr;
	struct iphdr *iph;
	struct sk_buff *skb;

	if (!inet_test_bit(RECVERR, sk))
		return;
	skb = alloc_skb(sock_net(sk), sizeof(*iph));
	if (!skb)
		return;
	iph = skb_put(skb, sizeof(*iph));
	memset(iph, 0, sizeof(*iph));
	skb_reset_network_header(skb);
	iph->daddr = daddr;
	skb_pull(skb, sizeof(*iph));
	skb_reset_transport_header(skb);
	memset(skb->cb, 0, sizeof(skb->cb));
	serr = SKB_EXT_ERR(skb);
	serr->ee = (struct sock_extended_err){
		.ee_errno = (u32)err,
		.ee_origin = SO_EE_ORIGIN_LOCAL,
		.ee_info = info,
	};
	serr->daddr = daddr;
	serr->port = port;
	if (sock_queue_err_skb(sk, skb))
		kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_RCVBUFF);
}

/* Is an entry about a packet that failed? Others say what became of a call. */
static bool is_error(u8 origin)
{
	return origin == SO_EE_ORIGIN_ICMP || origin == SO_EE_ORIGIN_LOCAL;
}

/* The pending error becomes that of the next entry: one is told by each call
 * that looks, as long as there are some. @was: the origin of the one that was
 * read; what is no error takes none away. */
static void next_error(struct sock *sk, u8 was)
{
	struct sk_buff *next;
	int err = 0;

	spin_lock(&sk->sk_queue_lock);
	next = skb_peek(&sk->sk_error_queue);
	if (next && SKB_EXT_ERR(next)->ee.ee_origin == SO_EE_ORIGIN_ICMP)
		err = (int)SKB_EXT_ERR(next)->ee.ee_errno;
	spin_unlock(&sk->sk_queue_lock);
	if (err || is_error(was))
		WRITE_ONCE(sk->sk_err, err);
	if (err)
		sk->sk_error_report(sk);
}

/* The stamp of an entry, and by which device the packet left. */
static void recv_tx_timestamp(struct sock *sk, struct inet_msg *msg,
			      const struct sk_buff *skb)
{
	struct in_pktinfo info = { .ipi_ifindex = skb->skb_iif };

	sock_recv_timestamp(msg, sk, skb->tstamp);
	if (info.ipi_ifindex &&
	    (READ_ONCE(sk->sk_tsflags) & SOF_TIMESTAMPING_OPT_CMSG) &&
	    (READ_ONCE(inet_sk(sk)->cmsg_flags) & IP_CMSG_PKTINFO))
		put_cmsg(msg, IPPROTO_IP, IP_PKTINFO, sizeof(info), &info);
}

int ip_recv_error(struct sock *sk, struct inet_msg *msg, size_t len)
{
	struct sk_buff *skb = sock_dequeue_err_skb(sk);
	const struct sock_exterr_skb *serr;
	struct ip_errhdr eh;
	u32 copied;
	int err;

	if (!skb)
		return -EAGAIN;
	copied = (u32)min_t(size_t, len, skb->len);
	if (copied < skb->len)
		msg->flags |= MSG_TRUNC;
	err = skb_copy_datagram_msg(skb, 0, msg, copied);
	if (!err) {
		serr = SKB_EXT_ERR(skb);
		if (serr->ee.ee_origin == SO_EE_ORIGIN_TIMESTAMPING)
			recv_tx_timestamp(sk, msg, skb);
		if (msg->name && is_error(serr->ee.ee_origin))
			inet_put_addr(msg->name, &msg->namelen, serr->daddr,
				      serr->port);
		memset(&eh, 0, sizeof(eh));
		eh.ee = serr->ee;
		if (serr->ee.ee_origin == SO_EE_ORIGIN_ICMP) {
			eh.offender.sin_family = AF_INET;
			eh.offender.sin_addr.s_addr = serr->offender;
		}
		put_cmsg(msg, IPPROTO_IP, IP_RECVERR, sizeof(eh), &eh);
		msg->flags |= MSG_ERRQUEUE;
		err = (int)copied;
	}
	next_error(sk, SKB_EXT_ERR(skb)->ee.ee_origin);
	consume_skb(skb);
	return err;
}

/* ---- MSG_ZEROCOPY ----------------------------------------------------- */

/* In the control block of what will be the entry, until it is one. */
struct msg_zerocopy {
	struct ubuf_info ubuf;
	bool sent;		/* the call succeeded: it has a number */
	u32 id;
};

static_assert(sizeof(struct msg_zerocopy) <= sizeof(((struct sk_buff *)0)->cb),
	      "msg_zerocopy");

static struct sk_buff *msg_zerocopy_skb(struct ubuf_info *ubuf)
{
	return container_of((char (*)[48])(void *)ubuf, struct sk_buff, cb);
}

/* Entries count against optmem_max until they are read. */
static void sock_ofree(struct sk_buff *skb)
{
	sk_count_add(skb->sk, &skb->sk->sk_omem_alloc, -(s32)skb->truesize);
}

/* Call @id completes with the same code as those before it: one entry. */
static bool msg_zerocopy_merge(struct sk_buff *tail, u32 id, u8 code)
{
	struct sock_extended_err *ee = &SKB_EXT_ERR(tail)->ee;

	if (ee->ee_origin != SO_EE_ORIGIN_ZEROCOPY || ee->ee_code != code ||
	    ee->ee_data + 1 != id || id == ee->ee_info)
		return false;
	ee->ee_data = id;
	return true;
}

/* ubuf_info.complete: the memory is the application's again. Any context. */
static void msg_zerocopy_complete(struct ubuf_info *ubuf)
{
	const struct msg_zerocopy *z = container_of(ubuf, struct msg_zerocopy,
						    ubuf);
	struct sk_buff *skb = msg_zerocopy_skb(ubuf), *tail;
	bool sent = z->sent, merged = false;
	struct sock *sk = skb->sk;
	struct sock_extended_err ee = {
		.ee_origin = SO_EE_ORIGIN_ZEROCOPY,
		.ee_code = ubuf->copied ? SO_EE_CODE_ZEROCOPY_COPIED : 0,
		.ee_info = z->id, .ee_data = z->id,
	};

	if (sent && !sock_flag(sk, SOCK_DEAD)) {
		memset(skb->cb, 0, sizeof(skb->cb));
		SKB_EXT_ERR(skb)->ee = ee;
		spin_lock(&sk->sk_queue_lock);
		tail = skb_peek_tail(&sk->sk_error_queue);
		merged = tail && msg_zerocopy_merge(tail, ee.ee_info, ee.ee_code);
		if (!merged)
			__skb_queue_tail(&sk->sk_error_queue, skb);
		spin_unlock(&sk->sk_queue_lock);
		if (!merged)
			skb = NULL;
		sk->sk_error_report(sk);
	}
	consume_skb(skb);
	sock_put(sk);
}

int msg_zerocopy_begin(struct sock *sk, struct inet_msg *msg, size_t len)
{
	struct msg_zerocopy *z;
	struct sk_buff *skb;

	if (!len || !sock_flag(sk, SOCK_ZEROCOPY))
		return 0;
	skb = alloc_skb_heap(sock_net(sk), 0);
	if (!skb)
		return -ENOBUFS;
	skb->sk = sk;
	skb->destructor = sock_ofree;
	if (sk_count_add(sk, &sk->sk_omem_alloc, (s32)skb->truesize) >
	    READ_ONCE(sock_net(sk)->sysctl_optmem_max)) {
		consume_skb(skb);
		return -ENOBUFS;
	}
	sock_hold(sk);
	z = (struct msg_zerocopy *)(void *)skb->cb;
	ubuf_init(&z->ubuf, msg_zerocopy_complete);
	msg->ubuf = &z->ubuf;
	return 0;
}

void msg_zerocopy_end(struct sock *sk, struct inet_msg *msg, bool sent)
{
	struct msg_zerocopy *z;

	if (!msg->ubuf)
		return;
	z = container_of(msg->ubuf, struct msg_zerocopy, ubuf);
	z->sent = sent;
	if (sent)
		z->id = count_add(&sk->sk_zckey, 1, sk_smp(sk)) - 1;
	if (!z->ubuf.lent)
		__atomic_store_n(&z->ubuf.copied, true, __ATOMIC_RELAXED);
	ubuf_put(&z->ubuf);
	msg->ubuf = NULL;
}

/* ---- SO_TIMESTAMPING --------------------------------------------------- */

struct sk_buff *skb_tstamp_entry(struct sk_buff *skb, struct sock *sk, u32 type)
{
	struct net *net = skb_net(skb);
	struct sk_buff *entry;
	u32 tsflags, key;

	if (sock_flag(sk, SOCK_DEAD))
		return NULL;
	tsflags = READ_ONCE(sk->sk_tsflags);
	entry = tsflags & SOF_TIMESTAMPING_OPT_TSONLY ? alloc_skb_heap(net, 0) :
							skb_copy(skb);
	if (!entry)
		return NULL;
	/* a stream counts its bytes from where it was asked to */
	key = READ_ONCE(skb->shinfo->tskey);
	if (sk->sk_prot->tskey)
		key -= READ_ONCE(sk->sk_tskey);
	memset(entry->cb, 0, sizeof(entry->cb));
	entry->tstamp = net->env.wall(net->env.opaque);
	entry->skb_iif = skb->dev ? skb->dev->ifindex : 0;
	SKB_EXT_ERR(entry)->ee = (struct sock_extended_err){
		.ee_errno = ENOMSG,
		.ee_origin = SO_EE_ORIGIN_TIMESTAMPING,
		.ee_info = type,
		.ee_data = tsflags & SOF_TIMESTAMPING_OPT_ID ? key : 0,
	};
	return entry;
}

void skb_tstamp_queue(struct sock *sk, struct sk_buff *entry)
{
	if (sock_queue_err_skb(sk, entry))
		kfree_skb_reason(entry, SKB_DROP_REASON_SOCKET_RCVBUFF);
}

void __skb_tstamp_tx(struct sk_buff *skb, struct sock *sk, u32 type)
{
	struct sk_buff *entry = sk ? skb_tstamp_entry(skb, sk, type) : NULL;

	if (entry)
		skb_tstamp_queue(sk, entry);
}
