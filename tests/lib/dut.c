/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices under test: what they have in common, and each of them. */
#include "dut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_packet.h>

#include <inet/control.h>
#include <inet/netdev.h>

#include "igb/igb.h"
#include "igb_model.h"

#define QUIET_MS 500u

static bool raw_frames;		/* of the device that was made last */

/* ---- frames ----------------------------------------------------------- */

void dut_keep(struct dut_frames *f, const u8 *bytes, u32 len, u8 pkt_type)
{
	pthread_mutex_lock(&f->lock);
	if (f->nr < DUT_MAX_FRAMES) {
		struct dut_frame *k = &f->frame[f->nr];

		k->bytes = malloc(len ? len : 1);
		memcpy(k->bytes, bytes, len);
		k->len = len;
		k->pkt_type = pkt_type;
		f->nr++;
	}
	pthread_mutex_unlock(&f->lock);
}

void dut_frames_clear(struct dut_frames *f)
{
	pthread_mutex_lock(&f->lock);
	while (f->nr)
		free(f->frame[--f->nr].bytes);
	pthread_mutex_unlock(&f->lock);
}

/* A handler of the ethertype; the frame begins at its link header. */
static int collect(struct sk_buff *skb, struct net_device *dev,
		   struct packet_type *pt, struct net_device *orig_dev)
{
	u32 head = (u32)(skb->data - skb_mac_header(skb));
	u32 len = head + skb->len;
	u8 *bytes = malloc(len);

	(void)dev;
	(void)orig_dev;
	memcpy(bytes, skb_mac_header(skb), head);
	skb_copy_bits(skb, 0, bytes + head, skb->len);
	dut_keep(pt->af_packet_priv, bytes, len, skb->pkt_type);
	free(bytes);
	consume_skb(skb);
	return 0;
}

void dut_collect(struct dut_frames *f, struct net *net, struct packet_type *pt,
		 struct net_device *dev)
{
	*pt = (struct packet_type){
		.type = htons(raw_frames ? DUT_RAW_ETHERTYPE : DUT_ETHERTYPE),
		.dev = dev,
		.func = collect,
		.af_packet_priv = f,
	};
	dev_add_pack(net, pt);
}

u32 dut_header(const struct dut *d)
{
	return d->ops->raw ? 0 : DUT_HEADER;
}

void dut_frame(u8 *frame, u32 len, u32 seq)
{
	static const u8 head[DUT_HEADER] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 0x99,
		DUT_ETHERTYPE >> 8, DUT_ETHERTYPE & 0xff,
	};
	u32 x = seq * 2654435761u + len;

	memcpy(frame, head, len < sizeof(head) ? len : sizeof(head));
	if (raw_frames && len)
		frame[0] = 0x60;
	for (u32 i = sizeof(head); i < len; i++) {
		x = x * 1664525 + 1013904223;
		frame[i] = (u8)(x >> 24);
	}
}

bool dut_frame_is(const struct dut_frame *f, u32 len, u32 seq)
{
	u8 *frame = malloc(len);
	bool same;

	dut_frame(frame, len, seq);
	same = f->len == len && memcmp(f->bytes, frame, len) == 0;
	free(frame);
	return same;
}

int dut_xmit(struct net *net, struct net_device *dev, const u8 *frame, u32 len)
{
	struct sk_buff *skb = alloc_skb(net, len + 64);

	assert_non_null(skb);
	skb_reserve(skb, 64);
	memcpy(skb_put(skb, len), frame, len);
	skb->dev = dev;
	return dev_queue_xmit(skb);
}

int dut_send(struct dut *d, const u8 *frame, u32 len)
{
	return dut_xmit(d->net, d->dev, frame, len);
}

struct dut_frames *dut_sent(struct dut *d)
{
	return d->ops->loops ? &d->rx : &d->far_rx;
}

bool dut_is_quiet(struct net *net)
{
	s64 next_ns = inet_next_timeout_ns(net);

	return next_ns < 0 || next_ns > 1000000000;
}

u64 dut_drops(struct dut *d, const char *reason)
{
	u64 n = 0;

	assert_int_equal(inet_drop_get(d->net, reason, &n), 0);
	return n;
}

/* ---- running ---------------------------------------------------------- */

static u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000 + (u64)ts.tv_nsec / 1000000;
}

/* One turn of both sides. Return: whether something happened. */
static bool turn(struct dut *d, s64 timeout_ns)
{
	u32 before = d->far_rx.nr;
	int work = inet_run(d->net, timeout_ns);

	assert_true(work >= 0);
	if (d->ops->far_run)
		d->ops->far_run(d);
	return work > 0 || d->far_rx.nr != before;
}

u32 dut_wait(struct dut *d, struct dut_frames *frames, u32 nr)
{
	u64 last = now_ms();
	u32 seen = frames->nr;

	while (frames->nr < nr && now_ms() - last < QUIET_MS) {
		turn(d, 1000000);
		if (frames->nr != seen) {
			seen = frames->nr;
			last = now_ms();
		}
	}
	return frames->nr;
}

void dut_settle(struct dut *d)
{
	for (u32 quiet = 0; quiet < 20;)
		quiet = turn(d, 500000) ? 0 : quiet + 1;
}

bool dut_create(struct dut *d, const struct dut_ops *ops)
{
	memset(d, 0, sizeof(*d));
	d->ops = ops;
	d->far_fd = -1;
	raw_frames = ops->raw;
	pthread_mutex_init(&d->rx.lock, NULL);
	pthread_mutex_init(&d->far_rx.lock, NULL);
	if (!ops->create(d))
		return false;
	d->dev = ops->open(d);
	assert_non_null(d->dev);
	dut_collect(&d->rx, d->net, &d->pt, NULL);
	assert_int_equal(inet_netdev_up(d->dev), 0);
	dut_settle(d);
	dut_frames_clear(&d->rx);
	dut_frames_clear(&d->far_rx);
	return true;
}

void dut_destroy(struct dut *d)
{
	dev_remove_pack(d->net, &d->pt);
	d->ops->destroy(d);
	dut_frames_clear(&d->rx);
	dut_frames_clear(&d->far_rx);
	pthread_mutex_destroy(&d->rx.lock);
	pthread_mutex_destroy(&d->far_rx.lock);
}

static struct net *new_stack(void)
{
	const struct inet_config cfg = {
		.size = sizeof(cfg), .nr_frames = 4096,
	};
	struct net *net = inet_create(&cfg);

	assert_non_null(net);
	return net;
}

/* ---- lo --------------------------------------------------------------- */

static bool loopback_create(struct dut *d)
{
	d->net = new_stack();
	return true;
}

static struct net_device *loopback_open(struct dut *d)
{
	return inet_netdev_find(d->net, "lo");
}

static void loopback_destroy(struct dut *d)
{
	inet_destroy(d->net);
}

static void loopback_inject(struct dut *d, const u8 *frame, u32 len)
{
	dut_send(d, frame, len);
}

const struct dut_ops dut_loopback = {
	.name = "loopback",
	.loops = true,
	.permanent = true,
	.max_mtu = 65536,
	.create = loopback_create,
	.open = loopback_open,
	.destroy = loopback_destroy,
	.inject = loopback_inject,
};

/* ---- wire ------------------------------------------------------------- */

static bool wire_create(struct dut *d)
{
	d->net = new_stack();
	d->far_net = new_stack();
	return true;
}

static struct net_device *wire_open(struct dut *d)
{
	d->wire = inet_wire_connect(d->net, "w0", d->far_net, "w1", NULL);
	if (!d->wire)
		return NULL;
	d->far_dev = inet_wire_device(d->wire, 'b');
	dut_collect(&d->far_rx, d->far_net, &d->far_pt, d->far_dev);
	assert_int_equal(inet_netdev_up(d->far_dev), 0);
	return inet_wire_device(d->wire, 'a');
}

static void wire_destroy(struct dut *d)
{
	if (d->far_pt.func)
		dev_remove_pack(d->far_net, &d->far_pt);
	inet_wire_close(d->wire);
	inet_destroy(d->net);
	inet_destroy(d->far_net);
}

static void wire_inject(struct dut *d, const u8 *frame, u32 len)
{
	dut_xmit(d->far_net, d->far_dev, frame, len);
}

static void wire_far_run(struct dut *d)
{
	assert_true(inet_run(d->far_net, 0) >= 0);
}

static void wire_far_mtu(struct dut *d, u32 mtu)
{
	assert_int_equal(inet_netdev_set_mtu(d->far_dev, mtu), 0);
}

static void wire_carrier(struct dut *d, bool on)
{
	inet_wire_set_carrier(d->wire, on);
}

const struct dut_ops dut_wire = {
	.name = "wire",
	.has_carrier = true,
	.has_napi = true,
	.max_mtu = 65521,
	.max_inject = 65535,
	.create = wire_create,
	.open = wire_open,
	.destroy = wire_destroy,
	.inject = wire_inject,
	.far_run = wire_far_run,
	.set_far_mtu = wire_far_mtu,
	.set_carrier = wire_carrier,
};

/* ---- a VLAN of a wire ------------------------------------------------- */

#define VLAN_BELOW_MTU 65521

/* Above one end of a wire, @below: up, its own MTU still 1500. */
static struct net_device *vlan_above(struct net_device *below)
{
	struct net_device *dev = inet_vlan_open(below, 5, NULL);

	inet_netdev_set_mtu(below, VLAN_BELOW_MTU);
	inet_netdev_up(below);	/* where memory is short it stays down */
	return dev;
}

static struct net_device *vlan_open(struct dut *d)
{
	struct net_device *far;

	d->wire = inet_wire_connect(d->net, "v0", d->far_net, "v1", NULL);
	if (!d->wire)
		return NULL;
	far = inet_wire_device(d->wire, 'b');
	d->below = inet_wire_device(d->wire, 'a');
	d->far_dev = vlan_above(far);
	assert_non_null(d->far_dev);
	dut_collect(&d->far_rx, d->far_net, &d->far_pt, d->far_dev);
	return vlan_above(d->below);
}

const struct dut_ops dut_vlan = {
	.name = "vlan",
	.above = true,
	.has_carrier = true,
	.max_mtu = VLAN_BELOW_MTU,
	.max_inject = 65535,
	.create = wire_create,
	.open = vlan_open,
	.destroy = wire_destroy,
	.inject = wire_inject,
	.far_run = wire_far_run,
	.set_far_mtu = wire_far_mtu,
	.set_carrier = wire_carrier,
};

/* ---- tap -------------------------------------------------------------- */

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

/* Without root: a user namespace, where we are root. */
static bool user_namespace(void)
{
	char map[64];
	uid_t uid = getuid();
	gid_t gid = getgid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return false;
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1\n", (unsigned int)uid);
	if (!write_file("/proc/self/uid_map", map))
		return false;
	snprintf(map, sizeof(map), "0 %u 1\n", (unsigned int)gid);
	return write_file("/proc/self/gid_map", map);
}

bool dut_namespace(void)
{
	int fd;

	if (unshare(CLONE_NEWNET) && !user_namespace())
		return false;
	write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	write_file("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
	fd = open("/dev/net/tun", O_RDWR);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* An ioctl on the kernel's interface. */
static void tap_ioctl(struct dut *d, unsigned long what, struct ifreq *ifr)
{
	strcpy(ifr->ifr_name, d->far_name);
	if (ioctl(d->far_fd, what, ifr))
		fail_msg("%s: ioctl: %s", d->far_name, strerror(errno));
}

static void tap_carrier(struct dut *d, bool on)
{
	struct ifreq ifr = { 0 };

	tap_ioctl(d, SIOCGIFFLAGS, &ifr);
	if (on)
		ifr.ifr_flags |= IFF_UP;
	else
		ifr.ifr_flags = (short)(ifr.ifr_flags & ~IFF_UP);
	tap_ioctl(d, SIOCSIFFLAGS, &ifr);
}

static bool tap_create(struct dut *d)
{
	d->net = new_stack();
	return true;
}

/* The far side: a packet socket on the kernel's interface, which comes up. */
static void dut_packet_socket(struct dut *d)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(raw_frames ?
						DUT_RAW_ETHERTYPE :
						DUT_ETHERTYPE) };
	int size = 16 << 20;

	d->far_fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(d->far_fd >= 0);
	setsockopt(d->far_fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(d->far_fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	ll.sll_ifindex = (int)if_nametoindex(d->far_name);
	tap_carrier(d, true);
	if (bind(d->far_fd, (struct sockaddr *)&ll, sizeof(ll)))
		fail_msg("bind: %s", strerror(errno));
}

/* The kernel's interface comes with the device. */
static struct net_device *tap_open(struct dut *d)
{
	struct net_device *dev = inet_netdev_open(d->net, d->ops->spec);

	if (!dev)
		return NULL;
	strcpy(d->far_name, inet_netdev_name(dev));
	dut_packet_socket(d);
	return dev;
}

static void tap_destroy(struct dut *d)
{
	if (d->far_fd >= 0)
		close(d->far_fd);
	inet_destroy(d->net);
}

static void tap_inject(struct dut *d, const u8 *frame, u32 len)
{
	if (send(d->far_fd, frame, len, 0) != (ssize_t)len &&
	    errno != ENETDOWN && errno != ENXIO)
		fail_msg("send of %u bytes: %s", len, strerror(errno));
}

static void tap_far_run(struct dut *d)
{
	static u8 frame[70000];
	ssize_t n;

	while ((n = recv(d->far_fd, frame, sizeof(frame), 0)) > 0)
		dut_keep(&d->far_rx, frame, (u32)n, SKB_PACKET_HOST);
}

static void tap_far_mtu(struct dut *d, u32 mtu)
{
	struct ifreq ifr = { .ifr_mtu = (int)mtu };

	tap_ioctl(d, SIOCSIFMTU, &ifr);
}

/* With frames of Ethernet, and without a link header. */
#define TAP_DUT								\
	.in_kernel = true, .has_carrier = true, .has_napi = true,	\
	.by_fd = true, .max_inject = 65535,				\
	.create = tap_create, .open = tap_open,				\
	.destroy = tap_destroy, .inject = tap_inject,			\
	.far_run = tap_far_run, .set_far_mtu = tap_far_mtu,		\
	.set_carrier = tap_carrier

#define TAP_DUT_ETHER							\
	.min_inject = DUT_HEADER, .max_mtu = 65521, TAP_DUT
#define TAP_DUT_RAW							\
	.raw = true, .min_inject = 1, .max_mtu = 65535, TAP_DUT

const struct dut_ops dut_tap = {
	.name = "tap", .spec = "tap:%d", TAP_DUT_ETHER,
};

const struct dut_ops dut_tap_vnet = {
	.name = "tap_vnet", .spec = "tap:%d,vnet", TAP_DUT_ETHER,
};

/* All frames of the tests are one flow, and take one of them. */
const struct dut_ops dut_tap_queues = {
	.name = "tap_queues", .spec = "tap:%d,queues=4", TAP_DUT_ETHER,
};

const struct dut_ops dut_tun = {
	.name = "tun", .spec = "tun:%d", TAP_DUT_RAW,
};

const struct dut_ops dut_tun_vnet = {
	.name = "tun_vnet", .spec = "tun:%d,vnet", TAP_DUT_RAW,
};

/* ---- fd --------------------------------------------------------------- */

static bool fd_create(struct dut *d)
{
	d->net = new_stack();
	return true;
}

/* One end of a pair is the device's, with frames of Ethernet by packets or
 * without by datagrams; the other, which takes much, is the far side's. */
static struct net_device *fd_open_dev(struct dut *d)
{
	const struct inet_fd_config c = { .size = sizeof(c),
					  .raw = d->ops->raw };
	int size = 16 << 20, pair[2];
	struct net_device *dev;

	assert_int_equal(socketpair(AF_UNIX, (d->ops->raw ? SOCK_DGRAM :
					      SOCK_SEQPACKET) | SOCK_CLOEXEC |
				    SOCK_NONBLOCK, 0, pair), 0);
	setsockopt(pair[1], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	d->far_fd = pair[1];
	dev = inet_fd_open(d->net, "fd0", pair[0], &c);
	if (!dev)
		close(pair[0]);
	return dev;
}

static void fd_far_mtu(struct dut *d, u32 mtu)
{
	(void)d;
	(void)mtu;
}

#define FD_DUT								\
	.has_napi = true, .by_fd = true, .max_inject = 262144,		\
	.create = fd_create, .open = fd_open_dev, .destroy = tap_destroy,			\
	.inject = tap_inject, .far_run = tap_far_run,			\
	.set_far_mtu = fd_far_mtu

const struct dut_ops dut_fd = { .name = "fd", .max_mtu = 65521, FD_DUT };

const struct dut_ops dut_fd_raw = {
	.name = "fd_raw", .raw = true, .max_mtu = 65535, FD_DUT,
};

/* ---- igb -------------------------------------------------------------- */

/* A model of the card; real ones are for tests/igb-vm. */
static bool igb_create(struct dut *d)
{
	d->net = new_stack();
	d->card = igb_model_new();
	return true;
}

static void igb_sent(void *arg, const u8 *frame, u32 len)
{
	struct dut *d = arg;

	dut_keep(&d->far_rx, frame, len, 0);
}

static struct net_device *igb_open(struct dut *d)
{
	const struct igb_config c = {
		.bdf = IGB_MODEL_BDF,
		.nr_queues = d->ops == &dut_igb_queues ? 8 : 1,
	};
	struct net_device *dev = NULL;

	d->card->sent = igb_sent;
	d->card->sent_arg = d;
	return igb_probe(d->net, &c, &igb_model_ops, d->card, &dev) ? NULL : dev;
}

static void igb_destroy(struct dut *d)
{
	inet_destroy(d->net);
	igb_model_free(d->card);
}

static void igb_inject(struct dut *d, const u8 *frame, u32 len)
{
	igb_model_inject(d->card, frame, len);
}

static void igb_carrier(struct dut *d, bool on)
{
	igb_model_cable(d->card, on);
}

#define IGB_DUT								\
	.by_fd = true, .has_carrier = true, .has_napi = true,		\
	.min_inject = DUT_HEADER, .max_inject = 65549, .max_mtu = 9216,	\
	.padded = IGB_TX_MIN, .filters = true,			\
	.create = igb_create, .open = igb_open, .destroy = igb_destroy,	\
	.inject = igb_inject, .set_far_mtu = fd_far_mtu,		\
	.set_carrier = igb_carrier

const struct dut_ops dut_igb = { .name = "igb", IGB_DUT };
const struct dut_ops dut_igb_queues = { .name = "igb_queues", IGB_DUT };

#ifdef HAVE_XDP
/* ---- xdp -------------------------------------------------------------- */

/* A pair of interfaces, the device's and the far side's. Return: false when
 * that, or a program on one, is not allowed here. */
static bool xdp_create(struct dut *d)
{
	static u32 nr;
	char cmd[300], spec[32];
	struct net_device *dev;

	snprintf(d->far_name, sizeof(d->far_name), "xf%u", nr);
	snprintf(d->near_name, sizeof(d->near_name), "xn%u", nr++);
	snprintf(cmd, sizeof(cmd), "ip link add %s type veth peer name %s "
		 "2>/dev/null && ip link set %s up && ip link set %s up",
		 d->near_name, d->far_name, d->near_name, d->far_name);
	if (system(cmd))
		return false;
	d->net = new_stack();
	snprintf(spec, sizeof(spec), "xdp:%s", d->near_name);
	dev = inet_netdev_open(d->net, spec);
	if (dev) {
		assert_int_equal(inet_netdev_close(dev), 0);
		return true;
	}
	assert_true(errno == EPERM || errno == EAFNOSUPPORT);
	print_message("# %s\n", inet_strerror(d->net));
	inet_destroy(d->net);
	return false;
}

static struct net_device *xdp_open(struct dut *d)
{
	struct net_device *dev;
	char spec[48];

	snprintf(spec, sizeof(spec), "xdp:%s,mode=%s", d->near_name,
		 d->ops == &dut_xdp_native ? "native" : "auto");
	dev = inet_netdev_open(d->net, spec);
	if (dev)
		dut_packet_socket(d);
	return dev;
}

static void xdp_destroy(struct dut *d)
{
	char cmd[64];

	tap_destroy(d);
	snprintf(cmd, sizeof(cmd), "ip link del %s", d->near_name);
	assert_int_equal(system(cmd), 0);
}

/* Neither interface passes more than the other takes. */
static void xdp_far_mtu(struct dut *d, u32 mtu)
{
	struct ifreq ifr = { .ifr_mtu = (int)mtu };

	tap_ioctl(d, SIOCSIFMTU, &ifr);
	strcpy(ifr.ifr_name, d->near_name);
	if (ioctl(d->far_fd, SIOCSIFMTU, &ifr))
		fail_msg("%s: mtu %u: %s", d->near_name, mtu, strerror(errno));
}

#define DUT_XDP(mode_name)						\
	{								\
		.name = (mode_name),					\
		.in_kernel = true,					\
		.by_fd = true,						\
		.has_carrier = true,					\
		.has_napi = true,					\
		.min_inject = DUT_HEADER,				\
		.max_mtu = 16 * 1790 - DUT_HEADER - 4,			\
		.max_inject = 65549,					\
		.create = xdp_create,					\
		.open = xdp_open,					\
		.destroy = xdp_destroy,					\
		.inject = tap_inject,					\
		.far_run = tap_far_run,					\
		.set_far_mtu = xdp_far_mtu,				\
		.set_carrier = tap_carrier,				\
	}

const struct dut_ops dut_xdp = DUT_XDP("xdp");
const struct dut_ops dut_xdp_native = DUT_XDP("xdp_native");

bool dut_xdp_allowed(void)
{
	struct net_device *dev;
	struct net *net;
	bool ok;

	if (!dut_namespace() ||
	    system("ip link add n0 type veth peer name f0 2>/dev/null"))
		return false;
	net = inet_create(NULL);
	dev = inet_netdev_open(net, "xdp:n0");
	ok = dev || (errno != EPERM && errno != EAFNOSUPPORT);
	if (!ok)
		print_message("# SKIP %s\n", inet_strerror(net));
	inet_destroy(net);
	assert_int_equal(system("ip link del n0"), 0);
	return ok;
}
#endif
