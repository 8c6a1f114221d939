/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fd: a device over a descriptor of packets that somebody hands to us: one end of
 * a socketpair() whose other end a virtual machine, a VPN or a test has, a
 * connected datagram socket, a descriptor of /dev/net/tun. One message is one
 * frame, with a link header of Ethernet or, if asked, without any.
 *
 *	fd readable -> pfd_irq -> napi_schedule -> pfd_poll: a recvmmsg() for up
 *	  to PFD_BATCH frames (TUN: a read() for one), straight into frames of
 *	  the pool, until it finds fewer or the budget is spent
 *	pfd_start_xmit: one sendmsg() of the fragments; EAGAIN stops the queue
 *	fd writable -> pfd_write_irq wakes it
 *
 * The other end may go. A socket of SOCK_SEQPACKET tells: what is read ends. One
 * of SOCK_DGRAM tells who sends to it (ECONNREFUSED). Then the carrier is gone for
 * good, and nothing is read any more.
 */
#include <inet/inet.h>
#include <inet/netdev.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "driver.h"

#define STALE_MAX 65536			/* frames thrown away at ndo_open */
#define PFD_BATCH 16u			/* frames read at once */

struct pfd {
	struct net_device *dev;
	struct napi_struct napi;
	struct sk_buff *next[PFD_BATCH];	/* what the next read fills: */
	u32 nr_next;				/* so many */
	int fd;
	bool is_socket;
	bool is_local;			/* of AF_UNIX: there is one other end */
	bool gone;			/* it has closed; any context */

	u64 rx_packets, rx_bytes;			/* by pfd_poll() */
	u64 rx_over, rx_dropped, rx_errors;
	u64 tx_errors;					/* under xmit_lock */
};

static inline struct pfd *pfd_priv(const struct net_device *dev)
{
	return dev->priv;
}

/* The other end has closed. */
static __noinline void pfd_gone(struct pfd *p)
{
	if (__atomic_exchange_n(&p->gone, true, __ATOMIC_RELAXED))
		return;
	netdev_printk(INET_LOG_WARNING, p->dev, "the other end has closed");
	netif_carrier_off(p->dev);
	netif_tx_wake_queue(p->dev, 0);	/* what waits is dropped */
}

/* Does @err of a call say that the other end has closed? */
static bool pfd_error_is_final(const struct pfd *p, int err)
{
	return err == EBADFD || (p->is_local &&
	       (err == ECONNREFUSED || err == ECONNRESET || err == ENOTCONN ||
		err == EPIPE));
}

/* ---- sending ---------------------------------------------------------- */

/* One frame to the other end. Return: 0 or -errno. Borrows @skb. */
static int pfd_write(const struct pfd *p, const struct sk_buff *skb)
{
	const struct skb_shared_info *si = skb->shinfo;
	struct iovec iov[1 + MAX_SKB_FRAGS];
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 1 };
	ssize_t n;

	iov[0] = (struct iovec){ skb->data, skb_headlen(skb) };
	for (u32 i = 0; i < si->nr_frags; i++)
		iov[msg.msg_iovlen++] = (struct iovec){
			si->frags[i].frame->frame + si->frags[i].off,
			si->frags[i].len,
		};
	do
		n = p->is_socket ?
			sendmsg(p->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) :
			writev(p->fd, iov, (int)msg.msg_iovlen);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* The other end is slow: stops the queue, and tries once more, since it may have
 * become writable before. Return: as pfd_write(). */
static __noinline int pfd_write_stopped(struct pfd *p, const struct sk_buff *skb)
{
	int err;

	netif_tx_stop_queue(p->dev, 0);
	err = pfd_write(p, skb);
	if (err != -EAGAIN)
		netif_tx_wake_queue(p->dev, 0);
	return err;
}

/* ndo_start_xmit: one system call for one frame. */
static enum netdev_tx pfd_start_xmit(struct sk_buff *skb,
				     struct net_device *dev)
{
	struct pfd *p = pfd_priv(dev);
	int err = 0;

	if (unlikely(skb->shinfo->frag_list))
		err = skb_linearize(skb);
	if (!err)
		err = pfd_write(p, skb);
	if (unlikely(err == -EAGAIN))
		err = pfd_write_stopped(p, skb);
	if (likely(!err)) {
		consume_skb(skb);
		return NETDEV_TX_OK;
	}
	if (err == -EAGAIN)
		return NETDEV_TX_BUSY;
	if (pfd_error_is_final(p, -err))
		pfd_gone(p);
	count(&p->tx_errors, 1);
	kfree_skb_reason(skb, SKB_DROP_REASON_XMIT_ERROR);
	return NETDEV_TX_OK;
}

/* ---- receiving -------------------------------------------------------- */

/* Reads a message into @size octets at @buf: its length, as far as there is
 * room, or -errno. */
static ssize_t pfd_read(const struct pfd *p, void *buf, size_t size)
{
	ssize_t n = p->is_socket ? recv(p->fd, buf, size, MSG_DONTWAIT) :
				   read(p->fd, buf, size);

	return n < 0 ? -errno : n;
}

/* Nothing was read, without an error: an empty message, or the end? */
static bool pfd_has_ended(const struct pfd *p)
{
	struct pollfd pfd = { .fd = p->fd, .events = POLLRDHUP };

	return poll(&pfd, 1, 0) > 0 && (pfd.revents & (POLLRDHUP | POLLHUP));
}

/* Up into the stack. Consumes @skb. */
static void pfd_receive(struct pfd *p, struct sk_buff *skb)
{
	struct net_device *dev = p->dev;

	if (unlikely(driver_frame_is_giant(dev, skb->data, skb->len))) {
		count(&p->rx_over, 1);
		kfree_skb_reason(skb, SKB_DROP_REASON_RX_OVER);
		return;
	}
	count(&p->rx_packets, 1);
	count(&p->rx_bytes, skb->len);
	skb->protocol = driver_type_trans(skb, dev);
	napi_gro_receive(&p->napi, skb);
}

/* How many frames one call may read. */
static inline u32 pfd_batch(const struct pfd *p)
{
	return p->is_socket ? PFD_BATCH : 1;
}

/* Has up to @most empty sk_buffs ready in p->next, with room for a frame that is no
 * giant and an octet more: a longer one then shows by its length. Return: how many
 * there are. */
static u32 pfd_prepare(struct pfd *p, u32 most)
{
	u32 need = READ_ONCE(p->dev->mtu) + ETHER_HEADER + ETHER_VLAN + 1;

	while (unlikely(p->nr_next && skb_tailroom(p->next[0]) < need))
		consume_skb(p->next[--p->nr_next]);
	for (; p->nr_next < most; p->nr_next++) {
		p->next[p->nr_next] = napi_alloc_skb(p->dev, need);
		if (unlikely(!p->next[p->nr_next]))
			break;
	}
	return min(p->nr_next, most);
}

/* Reads messages into the first @nr of p->next, as far as there is room, and their
 * lengths into @len. Return: how many there were, or -errno. */
static int pfd_read_into(const struct pfd *p, u32 nr, u32 *len)
{
	struct mmsghdr msgs[PFD_BATCH];
	struct iovec iov[PFD_BATCH];
	ssize_t n;
	int got;

	if (!p->is_socket) {
		n = pfd_read(p, p->next[0]->data, skb_tailroom(p->next[0]));
		len[0] = (u32)n;
		return n < 0 ? (int)n : 1;
	}
	for (u32 i = 0; i < nr; i++) {
		iov[i] = (struct iovec){ p->next[i]->data,
					 skb_tailroom(p->next[i]) };
		msgs[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i],
						   .msg_iovlen = 1 };
	}
	got = recvmmsg(p->fd, msgs, nr, MSG_DONTWAIT, NULL);
	for (int i = 0; i < got; i++)
		len[i] = msgs[i].msg_len;
	return got < 0 ? -errno : got;
}

/* No memory: reads all the same, since it would be told of only once. Return: as
 * pfd_read_frames(). */
static __noinline int pfd_read_nowhere(struct pfd *p)
{
	u8 few;
	ssize_t n = pfd_read(p, &few, sizeof(few));

	if (n < 0)
		return (int)n;
	count(&p->rx_dropped, 1);
	return 1;
}

/* Reads up to @most frames and delivers them. Return: how many, or -errno; -EPIPE:
 * the end. *@drained: there were no more. */
static int pfd_read_frames(struct pfd *p, u32 most, bool *drained)
{
	struct sk_buff *ready[PFD_BATCH];
	u32 nr = pfd_prepare(p, min(most, pfd_batch(p)));
	u32 len[PFD_BATCH];
	int got, i;

	if (unlikely(!nr))
		return pfd_read_nowhere(p);
	got = pfd_read_into(p, nr, len);
	if (got < 0)
		return got;
	/* an error that came between would have an edge of its own */
	*drained = p->is_socket && (u32)got < nr;
	memcpy(ready, p->next, sizeof(ready[0]) * (u32)got);
	p->nr_next -= (u32)got;
	memmove(p->next, p->next + got, sizeof(ready[0]) * p->nr_next);
	for (i = 0; i < got; i++) {
		if (unlikely(!len[i]) && pfd_has_ended(p)) {
			for (; i < got; i++)
				consume_skb(ready[i]);
			return -EPIPE;
		}
		skb_put(ready[i], len[i]);
		pfd_receive(p, ready[i]);
	}
	return got;
}

/* A read failed. What may pass (an ICMP error about what a UDP socket sent) is
 * told once, so that the next read goes on. Return: whether to read on. */
static __noinline bool pfd_read_failed(struct pfd *p, int err)
{
	if (err == EAGAIN)
		return false;
	if (err == EINTR)
		return true;
	count(&p->rx_errors, 1);
	if (err != EPIPE && !pfd_error_is_final(p, err))
		return p->is_socket;
	pfd_gone(p);
	return false;
}

/* NAPI poll: reads until there is no frame left. Context: softnet. */
static int pfd_poll(struct napi_struct *napi, int budget)
{
	struct pfd *p = container_of(napi, struct pfd, napi);
	bool drained = false;
	int work = 0, n;

	while (work < budget && !drained && !READ_ONCE(p->gone)) {
		n = pfd_read_frames(p, (u32)(budget - work), &drained);
		if (unlikely(n < 0) && !pfd_read_failed(p, -n))
			break;
		work += max(n, 1);
	}
	if (!READ_ONCE(p->gone))	/* for the next time */
		(void)pfd_prepare(p, pfd_batch(p));
	if (work < budget)
		napi_complete_done(napi, work);
	return work;
}

static void pfd_irq(int fd __maybe_unused, void *data)
{
	struct pfd *p = data;

	napi_schedule(&p->napi);
}

static void pfd_write_irq(int fd __maybe_unused, void *data)
{
	struct pfd *p = data;

	netif_tx_wake_queue(p->dev, 0);
}

/* ---- the device ------------------------------------------------------- */

/* Throws away what came while the device was down. */
static void pfd_drain(const struct pfd *p)
{
	u8 few;

	for (int i = 0; i < STALE_MAX; i++) {
		ssize_t n = pfd_read(p, &few, sizeof(few));

		if ((n < 0 && n != -EINTR) || (!n && pfd_has_ended(p)))
			break;
	}
}

/* ndo_open. NAPI first: the first edge of the descriptor must find it. */
static int pfd_open(struct net_device *dev)
{
	struct pfd *p = pfd_priv(dev);
	int err;

	pfd_drain(p);
	napi_enable(&p->napi);
	err = request_irq_rw(dev, 0, p->fd, pfd_irq, pfd_write_irq, p);
	if (!err)
		return 0;
	napi_disable(&p->napi);
	return netdev_error(dev->net, err, "%s: %s", dev->name, strerror(-err));
}

/* ndo_stop: the other end may go on sending, nobody reads. */
static int pfd_stop(struct net_device *dev)
{
	struct pfd *p = pfd_priv(dev);

	free_irq(dev, p->fd);
	napi_disable(&p->napi);
	while (p->nr_next)
		consume_skb(p->next[--p->nr_next]);
	return 0;
}

/* ndo_get_stats64: what the stack does not count itself. */
static void pfd_get_stats(struct net_device *dev,
			  struct inet_netdev_stats *stats)
{
	const struct pfd *p = pfd_priv(dev);

	stats->rx_packets += READ_ONCE(p->rx_packets);
	stats->rx_bytes += READ_ONCE(p->rx_bytes);
	stats->rx_errors += READ_ONCE(p->rx_errors) + READ_ONCE(p->rx_over);
	stats->rx_over_errors += READ_ONCE(p->rx_over);
	stats->rx_dropped += READ_ONCE(p->rx_dropped);
	stats->tx_errors += READ_ONCE(p->tx_errors);
}

static void pfd_uninit(struct net_device *dev)
{
	struct pfd *p = pfd_priv(dev);

	netif_napi_del(&p->napi);
	close(p->fd);
}

static const struct net_device_ops pfd_netdev_ops = {
	.ndo_open = pfd_open,
	.ndo_stop = pfd_stop,
	.ndo_start_xmit = pfd_start_xmit,
	.ndo_get_stats64 = pfd_get_stats,
	.ndo_uninit = pfd_uninit,
};

/* ---- opening ---------------------------------------------------------- */

/* What kind of descriptor it is, and whether its messages are packets. Return: 0
 * or -E with a sentence. */
static int pfd_look(struct net *net, struct pfd *p, const char *name)
{
	socklen_t len = sizeof(int);
	int type, domain, flags;
	struct stat st;

	if (fstat(p->fd, &st))
		return netdev_error(net, -errno, "%s: descriptor %d: %s", name,
				    p->fd, strerror(errno));
	if (S_ISSOCK(st.st_mode) &&
	    !getsockopt(p->fd, SOL_SOCKET, SO_TYPE, &type, &len) &&
	    (type == SOCK_DGRAM || type == SOCK_SEQPACKET)) {
		p->is_socket = true;
		len = sizeof(domain);
		p->is_local = !getsockopt(p->fd, SOL_SOCKET, SO_DOMAIN, &domain,
					  &len) && domain == AF_UNIX;
		return 0;
	}
	flags = fcntl(p->fd, F_GETFL);
	if (!S_ISCHR(st.st_mode) ||
	    fcntl(p->fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return netdev_error(net, -EINVAL, "%s: descriptor %d: no socket "
				    "of datagrams or packets, and no TUN", name,
				    p->fd);
	return 0;
}

/* MTU and link address, and the napi. Return: 0 or -E with a sentence. */
static int pfd_register(struct pfd *p, const struct inet_fd_config *c)
{
	struct net_device *dev = p->dev;
	int err;

	dev->features |= NETIF_F_SG | NETIF_F_GRO;
	dev->netdev_ops = &pfd_netdev_ops;
	if (c->mtu)
		dev->mtu = c->mtu;
	if (!c->raw)
		driver_set_mac(dev, c->mac);
	netif_napi_add(dev, &p->napi, 0, pfd_poll);
	err = driver_register(dev);
	if (err)
		netif_napi_del(&p->napi);
	return err;
}

/* Return: 0 or -EINVAL, -EOPNOTSUPP with a sentence. */
static int pfd_check(struct net *net, const struct inet_fd_config *c)
{
	static const u8 none[6];
	u32 most = c->raw ? RAW_MAX_MTU : ETHER_MAX_MTU;

	if (inet_get_mode(net) == INET_SIMULATED)
		return netdev_error(net, -EOPNOTSUPP, "fd: a simulated stack "
				    "waits for no descriptor");
	if (c->mtu && (c->mtu < ETHER_MIN_MTU || c->mtu > most))
		return netdev_error(net, -EINVAL, "fd: mtu %u is out of range: "
				    "%u to %u", c->mtu, ETHER_MIN_MTU, most);
	if ((c->mac[0] & 1) || (c->raw && memcmp(c->mac, none, sizeof(none))))
		return netdev_error(net, -EINVAL, "fd: mac: %s", c->raw ?
				    "there is no link header" :
				    "a station's address cannot be multicast");
	return 0;
}

/* Makes the device @name over @fd, which is the device's if it succeeds. Return:
 * 0 or -E with a sentence. */
static int pfd_create(struct net *net, const char *name, int fd,
		      const struct inet_fd_config *c, struct net_device **res)
{
	struct net_device *dev;
	struct pfd *p;
	int err = pfd_check(net, c);

	if (err)
		return err;
	if (!name || !name[0] || strlen(name) >= INET_IFNAMSIZ)
		return netdev_error(net, -EINVAL, "fd: a name of 1 to %d "
				    "characters is needed", INET_IFNAMSIZ - 1);
	dev = alloc_netdev(net, sizeof(*p), name,
			   c->raw ? raw_ip_setup : driver_ether_setup);
	if (!dev)
		return netdev_error(net, -ENOMEM, "%s: out of memory", name);
	p = pfd_priv(dev);
	p->dev = dev;
	p->fd = fd;
	err = pfd_look(net, p, name);
	if (!err)
		err = pfd_register(p, c);
	if (err)
		free_netdev(dev);
	else
		*res = dev;
	return err;
}

struct net_device *inet_fd_open(struct net *net, const char *name, int fd,
				const struct inet_fd_config *config)
{
	struct inet_fd_config c = { .size = sizeof(c) };
	struct net_device *dev = NULL;
	int err = driver_config(net, "fd", config, &c, sizeof(c));

	if (!err)
		err = pfd_create(net, name, fd, &c, &dev);
	if (err)
		errno = -err;
	return dev;
}

/* ---- "fd:vpn0,fd=5,raw" ------------------------------------------------ */

struct pfd_args {
	char name[INET_IFNAMSIZ];
	u32 fd;
	u32 mtu;
	bool raw;
	u8 mac[6];
};

static const struct arg_row pfd_rows[] = {
	ARG_ROW("", struct pfd_args, name, STRING, 0, 0),
	ARG_ROW("fd", struct pfd_args, fd, U32, 0, 1 << 20),
	ARG_ROW("mtu", struct pfd_args, mtu, U32, ETHER_MIN_MTU, RAW_MAX_MTU),
	ARG_ROW("mac", struct pfd_args, mac, MAC, 0, 0),
	ARG_ROW("raw", struct pfd_args, raw, FLAG, 0, 1),
};

#define PFD_USAGE "fd:NAME,fd=N[,mtu=N][,mac=ADDR][,raw]"

static const struct args_spec pfd_spec = {
	.driver = "fd",
	.usage = PFD_USAGE,
	.rows = pfd_rows,
	.nr_rows = ARRAY_SIZE(pfd_rows),
};

/* netdev_driver.open. */
static int pfd_open_spec(struct net *net, const char *text,
			 struct net_device **dev)
{
	struct pfd_args args = { .fd = U32_MAX };
	struct inet_fd_config c = { .size = sizeof(c) };
	int err = driver_args(net, &pfd_spec, text, &args);

	if (err)
		return err;
	if (!args.name[0] || args.fd == U32_MAX)
		return netdev_error(net, -EINVAL, "fd: a name and a descriptor "
				    "are needed; usage: %s", PFD_USAGE);
	c.mtu = args.mtu;
	c.raw = args.raw;
	memcpy(c.mac, args.mac, sizeof(c.mac));
	return pfd_create(net, args.name, (int)args.fd, &c, dev);
}

const struct netdev_driver fd_driver = {
	.name = "fd",
	.usage = PFD_USAGE,
	.open = pfd_open_spec,
};
