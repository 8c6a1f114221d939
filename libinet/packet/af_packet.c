/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PF_PACKET: sockets that see and send whole frames, packet(7).
 *
 * A packet socket is a packet_type: while it is bound to a protocol and its
 * device is up, prot_hook stands in ptype_base or ptype_all and packet_rcv()
 * gets a reference to each frame. SOCK_RAW hands out the link header too,
 * SOCK_DGRAM begins behind it; both tell in a struct sockaddr_ll what it said.
 *
 * Binding, memberships and the list of packet sockets are guarded by rtnl
 * (taken inside lock_sock), so that a device's end can find them.
 */
#include "packet/af_packet.h"

#include <errno.h>
#include <netpacket/packet.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/dev.h"
#include "core/iov.h"
#include "core/sock.h"
#include "core/socket.h"
#include "core/sockopt.h"
#include "core/trace.h"
#include "lib/byteorder.h"
#include "wire/eth.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

#define PACKET_MAX_MEMBERSHIPS 64	/* different ones of one socket */
#define VLAN_EXTRA 4

struct packet_mclist {
	struct packet_mclist *next;
	int ifindex;
	u32 count;
	u16 type;
	u16 alen;
	u8 addr[MAX_ADDR_LEN];
};

struct packet_sock {
	struct sock sk;			/* first */
	struct list_head node;		/* net->packet, under rtnl */
	struct packet_type prot_hook;
	bool running;			/* prot_hook is registered; rtnl */
	int ifindex;			/* bound to, 0: any, -1: it went away */
	__be16 num;			/* protocol, 0: receives nothing */
	struct packet_mclist *mclist;	/* under rtnl */
	u32 nr_mclist;
	u32 tp_packets, tp_drops;	/* since the last question, atomic */
};

struct packet_sklist {
	struct list_head socks;		/* under rtnl */
};

/* skb->cb of a queued frame. */
struct packet_skb_cb {
	struct sockaddr_ll ll;
};

#define PACKET_SKB_CB(skb) ((struct packet_skb_cb *)(void *)(skb)->cb)

static struct packet_sock *pkt_sk(const struct sock *sk)
{
	return (struct packet_sock *)sk;
}

/* ---- receiving -------------------------------------------------------- */

static void packet_fill_address(struct sk_buff *skb, struct net_device *dev)
{
	struct sockaddr_ll *ll = &PACKET_SKB_CB(skb)->ll;

	memset(ll, 0, sizeof(*ll));
	ll->sll_family = AF_PACKET;
	ll->sll_protocol = skb->protocol;
	ll->sll_ifindex = dev->ifindex;
	ll->sll_hatype = dev->type;
	ll->sll_pkttype = skb->pkt_type;
	if (dev->header_ops && dev->header_ops->parse)
		ll->sll_halen = (u8)dev->header_ops->parse(skb, ll->sll_addr);
}

/* A frame for one socket. Consumes @skb, whose header others may share. */
static int packet_rcv(struct sk_buff *skb, struct net_device *dev,
		      struct packet_type *pt, struct net_device *orig_dev)
{
	struct sock *sk = pt->af_packet_priv;
	struct packet_sock *po = pkt_sk(sk);
	enum skb_drop_reason reason = SKB_DROP_REASON_SOCKET_RCVBUFF;
	struct sk_buff *n;
	int err;

	(void)orig_dev;
	NET_ROAD(dev_net(dev), skb);
	__atomic_fetch_add(&po->tp_packets, 1, __ATOMIC_RELAXED);
	/* Full: no work for a frame that will not be queued. */
	if (sk_rmem_alloc_get(sk) >= READ_ONCE(sk->sk_rcvbuf)) {
		sk_drops_add(sk, 1);
		goto drop;
	}
	if (__atomic_load_n(&skb->users, __ATOMIC_RELAXED) != 1) {
		n = skb_clone(skb);
		consume_skb(skb);
		skb = n;
		if (!skb)
			goto drop;
	}
	packet_fill_address(skb, dev);
	if (sk->sk_type == SOCK_RAW)
		skb_push(skb, (u32)(skb->data - skb_mac_header(skb)));
	err = sock_queue_rcv_skb(sk, skb);
	if (likely(!err))
		return 0;
	reason = sock_queue_drop_reason(err);
drop:
	__atomic_fetch_add(&po->tp_drops, 1, __ATOMIC_RELAXED);
	kfree_skb_reason(skb, reason);
	return 0;
}

/* recvmsg() of a packet socket: one frame, its link address as the name. */
static int packet_recvmsg(struct socket *sock, struct inet_msg *msg, size_t len,
			  int flags)
{
	struct sock *sk = sock->sk;
	struct sk_buff *skb;
	size_t copied;
	int err;

	NET_ROAD(sock->net, NULL);
	if (flags & ~(MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC | MSG_WAITALL |
		      MSG_NOSIGNAL | MSG_CMSG_CLOEXEC))
		return -EINVAL;
	skb = skb_recv_datagram(sk, flags, &err);
	if (!skb)
		return err;
	copied = min(len, (size_t)skb->len);
	if (copied < skb->len)
		msg->flags |= MSG_TRUNC;
	err = skb_copy_datagram_msg(skb, 0, msg, (u32)copied);
	if (!err) {
		sock_recv_cmsgs(msg, sk, skb);
		if (msg->name) {
			memcpy(msg->name, &PACKET_SKB_CB(skb)->ll,
			       sizeof(struct sockaddr_ll));
			msg->namelen = sizeof(struct sockaddr_ll);
		}
		err = (int)(flags & MSG_TRUNC ? skb->len : copied);
	}
	consume_skb(skb);
	return err;
}

/* ---- sending ---------------------------------------------------------- */

/* Where a frame goes, and as what. */
struct packet_dest {
	int ifindex;
	__be16 proto;
	const u8 *addr;		/* link address, NULL: none given */
};

/* From msg->name, or else from the binding. 0 or -EINVAL. */
static int packet_dest(const struct packet_sock *po, const struct inet_msg *msg,
		       struct packet_dest *d)
{
	const struct sockaddr_ll *ll = (const void *)msg->name;

	if (!ll) {
		*d = (struct packet_dest){ READ_ONCE(po->ifindex),
					   READ_ONCE(po->num), NULL };
		return 0;
	}
	if (msg->namelen < sizeof(*ll) || ll->sll_halen > sizeof(ll->sll_addr))
		return -EINVAL;
	*d = (struct packet_dest){ ll->sll_ifindex, ll->sll_protocol, NULL };
	if (po->sk.sk_type == SOCK_DGRAM)
		d->addr = ll->sll_addr;
	return 0;
}

/* The user's bytes behind (DGRAM) or with (RAW) their link header. */
static int packet_fill_skb(struct sk_buff *skb, struct net_device *dev,
			   const struct packet_dest *d, struct inet_msg *msg,
			   u32 len)
{
	struct sock *sk = skb->sk;

	skb_reserve(skb, LL_RESERVED_SPACE(dev));
	skb->dev = dev;
	skb->protocol = d->proto;
	skb->priority = READ_ONCE(sk->sk_priority);
	skb->mark = READ_ONCE(sk->sk_mark);
	skb_reset_network_header(skb);
	if (sk->sk_type == SOCK_DGRAM &&
	    dev_hard_header(skb, dev, be16_to_cpu(d->proto), d->addr, NULL,
			    len) < 0)
		return -EINVAL;
	if (copy_from_iter(skb_put(skb, len), len, &msg->iter) != len)
		return -EFAULT;
	skb_reset_mac_header(skb);
	if (sk->sk_type == SOCK_RAW) {
		skb->network_header = (u16)(skb->mac_header +
					    dev->hard_header_len);
		if (!skb->protocol && dev->hard_header_len >= ETH_HLEN)
			memcpy(&skb->protocol, skb->data + 2 * ETH_ALEN, 2);
	}
	return 0;
}

/* Does a frame of @len bytes, with its header for RAW, fit the device? */
static int packet_check_len(const struct sock *sk, const struct net_device *dev,
			    size_t len)
{
	size_t header = sk->sk_type == SOCK_RAW ? dev->hard_header_len : 0;

	if (len < header)
		return -EINVAL;
	if (len > (size_t)READ_ONCE(dev->mtu) + header + (header ? VLAN_EXTRA : 0))
		return -EMSGSIZE;
	return 0;
}

/* Builds the frame and queues it on @dev. Return: @len or -E. */
static int packet_snd(struct sock *sk, struct net_device *dev,
		      const struct packet_dest *d, struct inet_msg *msg,
		      u32 len)
{
	struct sk_buff *skb;
	int err = packet_check_len(sk, dev, len);

	if (!netif_running(dev))
		err = -ENETDOWN;
	if (err)
		return err;
	skb = sock_alloc_send_skb(sk, LL_RESERVED_SPACE(dev) + len,
				  msg->flags & MSG_DONTWAIT, &err);
	if (!skb)
		return err;
	err = packet_fill_skb(skb, dev, d, msg, len);
	if (err) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOT_SPECIFIED);
		return err;
	}
	err = dev_queue_xmit(skb);
	if (err == NET_XMIT_DROP)
		return -ENOBUFS;
	return err < 0 ? err : (int)len;
}

/* sendmsg() of a packet socket: to the device that was named or bound. */
static int packet_sendmsg(struct socket *sock, struct inet_msg *msg, size_t len)
{
	struct sock *sk = sock->sk;
	struct packet_dest d;
	struct net_device *dev;
	int err = packet_dest(pkt_sk(sk), msg, &d);

	NET_ROAD(sock->net, NULL);
	if (err)
		return err;
	dev = dev_get_by_index(sock->net, d.ifindex);
	if (!dev)
		return -ENXIO;
	err = packet_snd(sk, dev, &d, msg, (u32)len);
	dev_put(dev);
	return err;
}

/* ---- binding ---------------------------------------------------------- */

/* Under rtnl. */
static void packet_hook(struct packet_sock *po)
{
	if (po->running || !po->num)
		return;
	po->running = true;
	dev_add_pack(sock_net(&po->sk), &po->prot_hook);
}

/* Under rtnl. After it packet_rcv() does not run for the socket. */
static void packet_unhook(struct packet_sock *po)
{
	if (!po->running)
		return;
	po->running = false;
	dev_remove_pack(sock_net(&po->sk), &po->prot_hook);
}

static void packet_tell_error(struct sock *sk, int err)
{
	WRITE_ONCE(sk->sk_err, err);
	sk->sk_error_report(sk);
}

/* Under rtnl. @dev NULL: all devices. */
static void packet_do_bind(struct packet_sock *po, struct net_device *dev,
			   __be16 proto)
{
	packet_unhook(po);
	WRITE_ONCE(po->num, proto);
	WRITE_ONCE(po->ifindex, dev ? dev->ifindex : 0);
	po->prot_hook.type = proto;
	po->prot_hook.dev = dev;
	if (!dev || netif_running(dev))
		packet_hook(po);
	else
		packet_tell_error(&po->sk, ENETDOWN);
}

/* bind() of a packet socket: to a device (0: to all) and an ethertype. */
static int packet_bind(struct socket *sock, const struct sockaddr *addr,
		       socklen_t len)
{
	const struct sockaddr_ll *ll = (const void *)addr;
	struct packet_sock *po = pkt_sk(sock->sk);
	struct net_device *dev = NULL;
	struct net *net = sock->net;
	int err = 0;

	if (len < sizeof(*ll) || ll->sll_family != AF_PACKET)
		return -EINVAL;
	rtnl_lock(net);
	if (ll->sll_ifindex) {
		dev = dev_get_by_index(net, ll->sll_ifindex);
		if (!dev)
			err = -ENODEV;
	}
	if (!err)
		packet_do_bind(po, dev,
			       ll->sll_protocol ? ll->sll_protocol : po->num);
	rtnl_unlock(net);
	if (dev)
		dev_put(dev);
	return err;
}

/* getsockname() of a packet socket; it has no peer. */
static int packet_getname(struct socket *sock, struct sockaddr *addr,
			  socklen_t *len, int peer)
{
	const struct packet_sock *po = pkt_sk(sock->sk);
	struct sockaddr_ll ll = { .sll_family = AF_PACKET };
	struct net_device *dev;

	if (peer)
		return -EOPNOTSUPP;
	ll.sll_ifindex = READ_ONCE(po->ifindex);
	ll.sll_protocol = READ_ONCE(po->num);
	dev = dev_get_by_index(sock->net, ll.sll_ifindex);
	if (dev) {
		ll.sll_hatype = dev->type;
		ll.sll_halen = dev->addr_len;
		dev_addr_copy(ll.sll_addr, dev, sizeof(ll.sll_addr));
		dev_put(dev);
	}
	*len = (socklen_t)offsetof(struct sockaddr_ll, sll_addr) + ll.sll_halen;
	memcpy(addr, &ll, sizeof(ll));
	return 0;
}

/* ---- memberships ------------------------------------------------------ */

/* Tells the device; @inc 1 or -1. Under rtnl. */
static int packet_dev_mc(struct net_device *dev, const struct packet_mclist *m,
			 int inc)
{
	switch (m->type) {
	case PACKET_MR_MULTICAST:
		if (m->alen != dev->addr_len)
			return -EINVAL;
		return inc > 0 ? dev_mc_add(dev, m->addr) :
				 dev_mc_del(dev, m->addr);
	case PACKET_MR_PROMISC:
		dev_set_promiscuity(dev, inc);
		return 0;
	case PACKET_MR_ALLMULTI:
		dev_set_allmulti(dev, inc);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static struct packet_mclist **packet_mc_find(struct packet_sock *po,
					     const struct packet_mreq *mreq)
{
	struct packet_mclist **p, *m;

	for (p = &po->mclist; (m = *p); p = &m->next)
		if (m->ifindex == mreq->mr_ifindex &&
		    m->type == mreq->mr_type && m->alen == mreq->mr_alen &&
		    !memcmp(m->addr, mreq->mr_address, m->alen))
			break;
	return p;
}

/* Under rtnl. */
static int packet_mc_new(struct packet_sock *po, struct net_device *dev,
			 const struct packet_mreq *mreq)
{
	struct net *net = sock_net(&po->sk);
	struct packet_mclist *m;
	int err;

	if (po->nr_mclist >= PACKET_MAX_MEMBERSHIPS)
		return -ENOBUFS;
	m = mem_zalloc(&net->mem, sizeof(*m));
	if (!m)
		return -ENOBUFS;
	m->ifindex = mreq->mr_ifindex;
	m->type = mreq->mr_type;
	m->alen = mreq->mr_alen;
	m->count = 1;
	memcpy(m->addr, mreq->mr_address, m->alen);
	err = packet_dev_mc(dev, m, 1);
	if (err) {
		mem_free(&net->mem, m, sizeof(*m));
		return err;
	}
	m->next = po->mclist;
	po->mclist = m;
	po->nr_mclist++;
	return 0;
}

/* The last user of a membership is gone. Under rtnl. @dev may be NULL. */
static void packet_mc_free(struct packet_sock *po, struct packet_mclist **p,
			   struct net_device *dev)
{
	struct packet_mclist *m = *p;

	*p = m->next;
	po->nr_mclist--;
	if (dev)
		packet_dev_mc(dev, m, -1);
	mem_free(&sock_net(&po->sk)->mem, m, sizeof(*m));
}

/* Counts a membership up or down. Context: rtnl. 0 or -E. */
static int packet_mc_change(struct packet_sock *po, struct net_device *dev,
			    const struct packet_mreq *mreq, bool add)
{
	struct packet_mclist **p = packet_mc_find(po, mreq);

	if (add) {
		if (!*p)
			return packet_mc_new(po, dev, mreq);
		(*p)->count++;
		return 0;
	}
	if (!*p)
		return -EADDRNOTAVAIL;
	if (--(*p)->count == 0)
		packet_mc_free(po, p, dev);
	return 0;
}

/* PACKET_ADD_MEMBERSHIP and PACKET_DROP_MEMBERSHIP. */
static int packet_membership(struct sock *sk, const void *val, socklen_t len,
			     bool add)
{
	struct net *net = sock_net(sk);
	struct packet_mreq mreq;
	struct net_device *dev;
	int err;

	if (len < sizeof(mreq))
		return -EINVAL;
	memcpy(&mreq, val, sizeof(mreq));
	if (mreq.mr_alen > sizeof(mreq.mr_address))
		return -EINVAL;
	rtnl_lock(net);
	dev = dev_get_by_index(net, mreq.mr_ifindex);
	if (!dev)
		err = add ? -ENODEV : -EADDRNOTAVAIL;
	else if (mreq.mr_alen > dev->addr_len)
		err = -EINVAL;
	else
		err = packet_mc_change(pkt_sk(sk), dev, &mreq, add);
	rtnl_unlock(net);
	if (dev)
		dev_put(dev);
	return err;
}

/* All memberships on one device, or on all (@ifindex 0). Under rtnl. */
static void packet_flush_mclist(struct packet_sock *po, int ifindex)
{
	struct packet_mclist **p = &po->mclist;
	struct net_device *dev;

	while (*p) {
		if (ifindex && (*p)->ifindex != ifindex) {
			p = &(*p)->next;
			continue;
		}
		dev = dev_get_by_index(sock_net(&po->sk), (*p)->ifindex);
		packet_mc_free(po, p, dev);
		if (dev)
			dev_put(dev);
	}
}

/* ---- options ---------------------------------------------------------- */

static int set_add_membership(struct sock *sk, const void *val, socklen_t len)
{
	return packet_membership(sk, val, len, true);
}

static int set_drop_membership(struct sock *sk, const void *val, socklen_t len)
{
	return packet_membership(sk, val, len, false);
}

/* struct tpacket_stats: all frames, and of these the dropped. Reading it sets
 * both back. */
static int get_statistics(struct sock *sk, void *val, socklen_t *len)
{
	struct packet_sock *po = pkt_sk(sk);
	u32 st[2];

	st[0] = __atomic_exchange_n(&po->tp_packets, 0, __ATOMIC_RELAXED);
	st[1] = __atomic_exchange_n(&po->tp_drops, 0, __ATOMIC_RELAXED);
	*len = min(*len, (socklen_t)sizeof(st));
	if (*len)
		memcpy(val, st, *len);
	return 0;
}

static int set_ignore_outgoing(struct sock *sk, int val)
{
	WRITE_ONCE(pkt_sk(sk)->prot_hook.ignore_outgoing, val);
	return 0;
}

static int get_ignore_outgoing(struct sock *sk, int *val)
{
	*val = pkt_sk(sk)->prot_hook.ignore_outgoing;
	return 0;
}

static const struct sockopt_row packet_options[] = {
	SOCKOPT_ROW_BYTES(SOL_PACKET, PACKET_ADD_MEMBERSHIP,
			  set_add_membership, NULL),
	SOCKOPT_ROW_BYTES(SOL_PACKET, PACKET_DROP_MEMBERSHIP,
			  set_drop_membership, NULL),
	SOCKOPT_ROW_BYTES(SOL_PACKET, PACKET_STATISTICS, NULL, get_statistics),
	SOCKOPT_ROW(SOL_PACKET, PACKET_IGNORE_OUTGOING, INT, 0, 1,
		    set_ignore_outgoing, get_ignore_outgoing),
};

static int packet_setsockopt(struct socket *sock, int level, int optname,
			     const void *val, socklen_t len)
{
	return sock_common_setsockopt(sock->sk, level, optname, val, len);
}

static int packet_getsockopt(struct socket *sock, int level, int optname,
			     void *val, socklen_t *len)
{
	return sock_common_getsockopt(sock->sk, level, optname, val, len);
}

/* How much is queued, either way. */
static int packet_ioctl(struct socket *sock, unsigned long cmd, void *arg)
{
	struct sock *sk = sock->sk;
	int n;

	switch (cmd) {
	case TIOCOUTQ:
		n = sk_wmem_alloc_get(sk);
		break;
	case FIONREAD:
		n = (int)sock_first_datagram_len(sk);
		break;
	default:
		return -ENOTTY;
	}
	memcpy(arg, &n, sizeof(n));
	return 0;
}

/* ---- life ------------------------------------------------------------- */

/* The last close: unhooked from devices, memberships given back. */
static int packet_release(struct socket *sock)
{
	struct sock *sk = sock->sk;
	struct net *net = sock->net;

	if (!sk)
		return 0;
	rtnl_lock(net);
	packet_unhook(pkt_sk(sk));
	packet_flush_mclist(pkt_sk(sk), 0);
	list_del(&pkt_sk(sk)->node);
	rtnl_unlock(net);
	WRITE_ONCE(sock->sk, NULL);
	sk_common_release(sk);
	return 0;
}

static const struct proto_ops packet_ops = {
	.family = PF_PACKET,
	.release = packet_release,
	.bind = packet_bind,
	.connect = sock_no_connect,
	.accept = sock_no_accept,
	.listen = sock_no_listen,
	.shutdown = sock_no_shutdown,
	.getname = packet_getname,
	.poll = datagram_poll,
	.ioctl = packet_ioctl,
	.setsockopt = packet_setsockopt,
	.getsockopt = packet_getsockopt,
	.sendmsg = packet_sendmsg,
	.recvmsg = packet_recvmsg,
};

static const struct proto packet_proto = {
	.name = "PACKET",
	.obj_size = sizeof(struct packet_sock),
	.options = packet_options,
	.nr_options = ARRAY_SIZE(packet_options),
};

/* @protocol: an ethertype in wire order, as packet(7) has it. */
static int packet_create(struct net *net, struct socket *sock, int protocol)
{
	struct packet_sock *po;
	struct sock *sk;

	NET_ROAD(net, NULL);
	if (sock->type != SOCK_RAW && sock->type != SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	sk = sk_alloc(net, PF_PACKET, &packet_proto);
	if (!sk)
		return -ENOMEM;
	sock->ops = &packet_ops;
	sock_init_data(sock, sk);
	sk->sk_protocol = (u16)protocol;
	po = pkt_sk(sk);
	po->prot_hook.func = packet_rcv;
	po->prot_hook.af_packet_priv = sk;
	rtnl_lock(net);
	list_add_tail(&po->node, &net->packet->socks);
	packet_do_bind(po, NULL, (__be16)protocol);
	rtnl_unlock(net);
	return 0;
}

static const struct net_proto_family packet_family_ops = {
	.family = PF_PACKET,
	.create = packet_create,
};

/* ---- devices come and go ---------------------------------------------- */

/* The device of a bound socket went down, or away for good. */
static void packet_dev_gone(struct packet_sock *po, struct net_device *dev,
			    bool for_good)
{
	if (po->prot_hook.dev == dev) {
		if (po->running) {
			packet_unhook(po);
			packet_tell_error(&po->sk, ENETDOWN);
		}
		if (for_good) {
			WRITE_ONCE(po->ifindex, -1);
			po->prot_hook.dev = NULL;
		}
	}
	if (for_good)
		packet_flush_mclist(po, dev->ifindex);
}

/* What sockets that are bound to a device learn. Context: rtnl. */
static int packet_notifier(struct net *net, int event, struct net_device *dev)
{
	struct packet_sock *po;

	if (!net->packet)
		return 0;
	list_for_each_entry(po, &net->packet->socks, node) {
		if (event == NETDEV_UNREGISTER || event == NETDEV_DOWN)
			packet_dev_gone(po, dev, event == NETDEV_UNREGISTER);
		else if (event == NETDEV_UP && po->prot_hook.dev == dev)
			packet_hook(po);
	}
	return 0;
}

/* Registers PF_PACKET with a stack. */
static int packet_net_init(struct net *net)
{
	int err;

	net->packet = mem_zalloc(&net->mem, sizeof(*net->packet));
	if (!net->packet)
		return -ENOMEM;
	INIT_LIST_HEAD(&net->packet->socks);
	err = register_netdevice_notifier(net, packet_notifier);
	if (!err)
		err = sock_register(net, &packet_family_ops);
	if (err) {
		mem_free(&net->mem, net->packet, sizeof(*net->packet));
		net->packet = NULL;
	}
	return err;
}

static void packet_net_exit(struct net *net)
{
	sock_unregister(net, PF_PACKET);
	mem_free(&net->mem, net->packet, sizeof(*net->packet));
	net->packet = NULL;
}

const struct pernet_operations packet_net_ops = {
	.name = "PF_PACKET",
	.init = packet_net_init,
	.exit = packet_net_exit,
};
