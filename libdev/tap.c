/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tap: an Ethernet device whose other side is the Linux kernel.
 *
 * Theory of operation. /dev/net/tun gives a descriptor for one queue of a
 * kernel interface, either made for us or existing ("ip tuntap add"). One
 * read() is one frame that the kernel sends, one write() one that it receives.
 *
 *	fd readable -> tap_irq -> napi_schedule -> tap_poll: read() straight
 *	  into frames of the pool until EAGAIN or the budget is used
 *	tap_start_xmit: one writev() of the fragments
 *
 * The descriptor is edge triggered: tap_poll() ends only at EAGAIN (or comes
 * again), so no frame is left waiting. The kernel takes what we write into its
 * own memory, so EAGAIN there is rare (only with a send buffer limit on the
 * interface); the queue then stops and a timer tries again.
 *
 * Carrier. A write to an interface that is down fails with EIO: the carrier
 * goes, and a timer looks every 100 ms whether the interface is up again. A
 * deleted interface (EBADFD, EFAULT) takes the carrier for good.
 *
 * Limits: one queue, no offloads; a read is one frame of at most the MTU.
 */
#include <inet/inet.h>
#include <inet/netdev.h>

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/if_tun.h>

#include "driver.h"
#include "lib/compiler.h"

#define TUN_PATH "/dev/net/tun"
#define CARRIER_CHECK_NS 100000000ull	/* while the interface is down */
#define RETRY_NS 1000000ull		/* after EAGAIN of a write */
#define STALE_MAX 65536			/* frames thrown away at ndo_open */

struct tap {
	int fd;
	int ctl_fd;			/* a socket, to ask about ifname */
	bool gone;			/* the interface was deleted */
	char ifname[IFNAMSIZ];		/* the kernel's side */
	struct net_device *dev;
	struct napi_struct napi;
	struct netdev_timer *timer;	/* while the device is up */
	struct sk_buff *next;		/* what the next read() fills, or NULL */

	u64 rx_packets, rx_bytes, rx_over, rx_dropped;	/* by tap_poll() */
	u64 tx_errors;					/* under xmit_lock */
};

static inline struct tap *tap_priv(const struct net_device *dev)
{
	return dev->priv;
}

/* A counter with one writer, read by others. */
static inline void count(u64 *counter, u64 n)
{
	WRITE_ONCE(*counter, *counter + n);
}

/* ---- the kernel's side ------------------------------------------------ */

/* Whether the kernel's interface is up. One that has moved to another network
 * namespace counts as up: the next write will tell. */
static bool tap_peer_is_up(const struct tap *tap)
{
	struct ifreq ifr = { 0 };

	memcpy(ifr.ifr_name, tap->ifname, sizeof(ifr.ifr_name));
	if (ioctl(tap->ctl_fd, SIOCGIFFLAGS, &ifr))
		return true;
	return ifr.ifr_flags & IFF_UP;
}

/* The carrier goes; looks for it again later, unless it can never return. */
static void tap_lost_carrier(struct tap *tap, bool for_good)
{
	netif_carrier_off(tap->dev);
	if (for_good)
		WRITE_ONCE(tap->gone, true);
	else
		netdev_timer_arm(tap->timer,
				 netdev_now_ns(tap->dev) + CARRIER_CHECK_NS);
}

/* True for the errors of a deleted interface. */
static bool tap_error_is_final(int err)
{
	return err == EBADFD || err == EFAULT || err == ENXIO;
}

/* Looks whether what stopped us has passed. Context: softnet. */
static void tap_timer(struct net_device *dev)
{
	struct tap *tap = tap_priv(dev);

	if (!dev->carrier && !READ_ONCE(tap->gone)) {
		if (!tap_peer_is_up(tap)) {
			tap_lost_carrier(tap, false);
			return;
		}
		netif_carrier_on(dev);
	}
	netif_tx_wake_queue(dev, 0);
}

/* ---- sending ---------------------------------------------------------- */

/* One frame to the kernel. Return: 0 or -errno. Borrows @skb. */
static int tap_write(const struct tap *tap, const struct sk_buff *skb)
{
	struct iovec iov[1 + MAX_SKB_FRAGS];
	const struct skb_shared_info *si = skb->shinfo;
	int nr = 0;

	iov[nr++] = (struct iovec){ skb->data, skb_headlen(skb) };
	for (u32 i = 0; i < si->nr_frags; i++)
		iov[nr++] = (struct iovec){
			si->frags[i].frame->frame + si->frags[i].off,
			si->frags[i].len,
		};
	return writev(tap->fd, iov, nr) < 0 ? -errno : 0;
}

/* ndo_start_xmit: one system call for one frame. */
static enum netdev_tx tap_start_xmit(struct sk_buff *skb,
				     struct net_device *dev)
{
	struct tap *tap = tap_priv(dev);
	int err;

	if (unlikely(skb->shinfo->frag_list) && skb_linearize(skb)) {
		count(&tap->tx_errors, 1);
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return NETDEV_TX_OK;
	}
	err = tap_write(tap, skb);
	if (likely(!err)) {
		consume_skb(skb);
		return NETDEV_TX_OK;
	}
	if (err == -EAGAIN) {
		netif_tx_stop_queue(dev, 0);
		netdev_timer_arm(tap->timer, netdev_now_ns(dev) + RETRY_NS);
		return NETDEV_TX_BUSY;
	}
	if (err == -EIO || tap_error_is_final(-err))
		tap_lost_carrier(tap, err != -EIO);
	count(&tap->tx_errors, 1);
	kfree_skb_reason(skb, SKB_DROP_REASON_XMIT_ERROR);
	return NETDEV_TX_OK;
}

/* ---- receiving -------------------------------------------------------- */

/* Up into the stack. Consumes @skb, whose frame holds @len bytes. */
static void tap_receive(struct tap *tap, struct sk_buff *skb, u32 len)
{
	struct net_device *dev = tap->dev;

	skb_put(skb, len);
	if (unlikely(driver_frame_is_giant(dev, skb->data, len))) {
		count(&tap->rx_over, 1);
		kfree_skb_reason(skb, SKB_DROP_REASON_RX_OVER);
		return;
	}
	count(&tap->rx_packets, 1);
	count(&tap->rx_bytes, len);
	skb->protocol = eth_type_trans(skb, dev);
	napi_gro_receive(&tap->napi, skb);
}

/*
 * Has an empty sk_buff ready in tap->next, with more room than any frame that
 * is not a giant: a longer one then shows by its length. Return: its room.
 */
static u32 tap_prepare(struct tap *tap)
{
	u32 need = READ_ONCE(tap->dev->mtu) + ETHER_HEADER + ETHER_VLAN + 1;

	if (tap->next && skb_tailroom(tap->next) >= need)
		return skb_tailroom(tap->next);
	consume_skb(tap->next);
	tap->next = napi_alloc_skb(tap->dev, need);
	return tap->next ? skb_tailroom(tap->next) : 0;
}

/* Reads one frame and delivers it. Return: 0 or -errno. */
static int tap_read(struct tap *tap)
{
	u32 room = tap_prepare(tap);
	struct sk_buff *skb = tap->next;
	ssize_t n;
	u8 one;

	/* Without memory the frame is read all the same, and lost: the kernel
	 * would tell of it only once. */
	n = read(tap->fd, skb ? skb->data : &one, skb ? room : sizeof(one));
	if (n < 0)
		return -errno;
	if (unlikely(!skb)) {
		count(&tap->rx_dropped, 1);
		return 0;
	}
	tap->next = NULL;
	tap_receive(tap, skb, (u32)n);
	return 0;
}

/* NAPI poll: reads until there is no frame left. Context: softnet. */
static int tap_poll(struct napi_struct *napi, int budget)
{
	struct tap *tap = container_of(napi, struct tap, napi);
	int work = 0, err = 0;

	while (work < budget) {
		err = tap_read(tap);
		if (err && err != -EINTR)
			break;
		work++;
	}
	if (work == budget)
		return work;
	if (unlikely(tap_error_is_final(-err)))
		tap_lost_carrier(tap, true);
	napi_complete_done(napi, work);
	return work;
}

static void tap_irq(int fd __maybe_unused, void *data)
{
	struct tap *tap = data;

	napi_schedule(&tap->napi);
}

/* ---- the device ------------------------------------------------------- */

/* Throws away what the kernel sent while the device was down. */
static void tap_drain(const struct tap *tap)
{
	u8 one;

	for (int i = 0; i < STALE_MAX; i++)
		if (read(tap->fd, &one, sizeof(one)) < 0 && errno != EINTR)
			break;
}

/* ndo_open. NAPI first: the first edge of the descriptor must find it. */
static int tap_open(struct net_device *dev)
{
	struct tap *tap = tap_priv(dev);
	int err;

	tap->timer = netdev_timer_create(dev, tap_timer);
	if (!tap->timer)
		return netdev_error(dev->net, -ENOMEM, "%s: out of memory",
				    dev->name);
	tap_drain(tap);
	napi_enable(&tap->napi);
	err = request_irq(dev, 0, tap->fd, tap_irq, tap);
	if (err) {
		napi_disable(&tap->napi);
		netdev_timer_destroy(tap->timer);
		return netdev_error(dev->net, err, "%s: %s", dev->name,
				    strerror(-err));
	}
	if (tap->gone || !tap_peer_is_up(tap))
		tap_lost_carrier(tap, tap->gone);
	else
		netif_carrier_on(dev);
	return 0;
}

/* ndo_stop: the kernel may go on sending, nobody reads. */
static int tap_stop(struct net_device *dev)
{
	struct tap *tap = tap_priv(dev);

	free_irq(dev, tap->fd);
	napi_disable(&tap->napi);
	netdev_timer_destroy(tap->timer);
	tap->timer = NULL;
	consume_skb(tap->next);
	tap->next = NULL;
	return 0;
}

/* ndo_get_stats64: what the stack does not count itself. */
static void tap_get_stats(struct net_device *dev,
			  struct inet_netdev_stats *stats)
{
	const struct tap *tap = tap_priv(dev);

	stats->rx_packets += READ_ONCE(tap->rx_packets);
	stats->rx_bytes += READ_ONCE(tap->rx_bytes);
	stats->rx_errors += READ_ONCE(tap->rx_over);
	stats->rx_over_errors += READ_ONCE(tap->rx_over);
	stats->rx_dropped += READ_ONCE(tap->rx_dropped);
	stats->tx_errors += READ_ONCE(tap->tx_errors);
}

/* ndo_uninit: an interface that was made for us goes with its queue. */
static void tap_uninit(struct net_device *dev)
{
	struct tap *tap = tap_priv(dev);

	netif_napi_del(&tap->napi);
	close(tap->fd);
	close(tap->ctl_fd);
}

static const struct net_device_ops tap_netdev_ops = {
	.ndo_open = tap_open,
	.ndo_stop = tap_stop,
	.ndo_start_xmit = tap_start_xmit,
	.ndo_get_stats64 = tap_get_stats,
	.ndo_uninit = tap_uninit,
};

/* ---- "tap:tap0" ------------------------------------------------------- */

struct tap_args {
	char ifname[IFNAMSIZ];
	char name[INET_IFNAMSIZ];
	u32 mtu;
	u8 mac[6];
};

static const struct arg_row tap_rows[] = {
	ARG_ROW("", struct tap_args, ifname, STRING, 0, 0),
	ARG_ROW("name", struct tap_args, name, STRING, 0, 0),
	ARG_ROW("mtu", struct tap_args, mtu, U32, ETHER_MIN_MTU,
		ETHER_MAX_MTU),
	ARG_ROW("mac", struct tap_args, mac, MAC, 0, 0),
};

#define TAP_USAGE "tap:IFNAME[,name=NAME][,mtu=N][,mac=ADDR]"

static const struct args_spec tap_spec = {
	.driver = "tap",
	.usage = TAP_USAGE,
	.rows = tap_rows,
	.nr_rows = ARRAY_SIZE(tap_rows),
};

/* Says why the kernel refused. Return: -err. */
static int tap_refused(struct net *net, const char *ifname, const char *what,
		       int err)
{
	const char *hint = "";

	if (err == EPERM || err == EACCES)
		hint = "; needs CAP_NET_ADMIN, or a TAP of your own "
		       "(ip tuntap add mode tap user NAME)";
	else if (err == EBUSY)
		hint = "; another program has it open";
	else if (err == EINVAL)
		hint = "; it is no TAP, or one with several queues";
	else if (err == ENOENT || err == ENODEV)
		hint = "; the kernel has no tun driver loaded";
	return netdev_error(net, -err, "%s: %s: %s%s", ifname, what,
			    strerror(err), hint);
}

/* Opens the queue of interface @ifname and learns its final name. Return: the
 * descriptor or -E with a sentence. */
static int tap_attach(struct net *net, char *ifname)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd, err;

	fd = open(TUN_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return tap_refused(net, ifname, TUN_PATH, errno);
	memcpy(ifr.ifr_name, ifname, sizeof(ifr.ifr_name));
	if (ioctl(fd, TUNSETIFF, &ifr)) {
		err = tap_refused(net, ifname, TUN_PATH, errno);
		close(fd);
		return err;
	}
	memcpy(ifname, ifr.ifr_name, sizeof(ifr.ifr_name));
	/* Whoever had it before may have left offloads switched on. */
	if (ioctl(fd, TUNSETOFFLOAD, 0UL)) {
		err = tap_refused(net, ifname, "TUNSETOFFLOAD", errno);
		close(fd);
		return err;
	}
	return fd;
}

/* The MTU of the kernel's interface. */
static u32 tap_peer_mtu(int ctl_fd, const char *ifname)
{
	struct ifreq ifr = { 0 };

	memcpy(ifr.ifr_name, ifname, sizeof(ifr.ifr_name));
	if (ioctl(ctl_fd, SIOCGIFMTU, &ifr))
		return 1500;
	return clamp_t(u32, ifr.ifr_mtu, ETHER_MIN_MTU, ETHER_MAX_MTU);
}

/* For alloc_netdev(). */
static void tap_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->min_mtu = ETHER_MIN_MTU;
	dev->max_mtu = ETHER_MAX_MTU;
	dev->features |= NETIF_F_SG | NETIF_F_GRO;
	dev->netdev_ops = &tap_netdev_ops;
}

/* Makes and registers the device around two open descriptors, which are the
 * device's if it succeeds. Return: 0 or -E with a sentence. */
static int tap_create(struct net *net, const struct tap_args *args, int fd,
		      int ctl_fd, struct net_device **res)
{
	static const u8 none[6];
	const char *name = args->name[0] ? args->name : args->ifname;
	struct net_device *dev;
	struct tap *tap;
	int err;

	dev = alloc_netdev(net, sizeof(*tap), name, tap_setup);
	if (!dev)
		return netdev_error(net, -ENOMEM, "%s: out of memory", name);
	tap = tap_priv(dev);
	tap->dev = dev;
	tap->fd = fd;
	tap->ctl_fd = ctl_fd;
	memcpy(tap->ifname, args->ifname, sizeof(tap->ifname));
	dev->mtu = args->mtu ? args->mtu : tap_peer_mtu(ctl_fd, args->ifname);
	if (memcmp(args->mac, none, sizeof(none)) == 0)
		eth_hw_addr_random(dev);
	else
		memcpy(dev->dev_addr, args->mac, sizeof(args->mac));
	netif_napi_add(dev, &tap->napi, 0, tap_poll);
	err = driver_register(dev);
	if (err) {
		netif_napi_del(&tap->napi);
		free_netdev(dev);
		return err;
	}
	*res = dev;
	return 0;
}

/* Reads the arguments. Return: 0 or -E with a sentence. */
static int tap_parse(struct net *net, const char *text, struct tap_args *args)
{
	int err = driver_args(net, &tap_spec, text, args);

	if (err)
		return err;
	if (!args->ifname[0])
		return netdev_error(net, -EINVAL,
				    "tap: which interface? usage: %s",
				    TAP_USAGE);
	if (args->mac[0] & 1)
		return netdev_error(net, -EINVAL, "tap: mac: a station's address "
				    "cannot be multicast");
	if (strcmp(args->ifname, "%d") == 0)
		strcpy(args->ifname, "tap%d");
	if (inet_get_mode(net) == INET_SIMULATED)
		return netdev_error(net, -EOPNOTSUPP, "%s: the kernel cannot "
				    "talk to a simulated stack", args->ifname);
	return 0;
}

/* netdev_driver.open. */
static int tap_open_spec(struct net *net, const char *text,
			 struct net_device **dev)
{
	struct tap_args args = { 0 };
	int err = tap_parse(net, text, &args);
	int fd, ctl_fd;

	if (err)
		return err;
	fd = tap_attach(net, args.ifname);
	if (fd < 0)
		return fd;
	ctl_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (ctl_fd < 0) {
		err = netdev_error(net, -errno, "%s: no socket: %s",
				   args.ifname, strerror(errno));
		goto close_fd;
	}
	err = tap_create(net, &args, fd, ctl_fd, dev);
	if (!err)
		return 0;
	close(ctl_fd);
close_fd:
	close(fd);
	return err;
}

const struct netdev_driver tap_driver = {
	.name = "tap",
	.usage = TAP_USAGE,
	.open = tap_open_spec,
};
