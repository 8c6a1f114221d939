/* SPDX-License-Identifier: BSD-2-Clause */
/* The AF_XDP device: what it is opened with, what it leaves to the kernel, and
 * an interface that changes under it. That it is a device shows test_devices. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>

#include <inet/control.h>
#include <inet/netdev.h>

#include "core/net.h"
#include "core/skbuff.h"
#include "dut.h"
#include "lib/checksum.h"
#include "xdp.h"

#define NR_FRAMES 4096u

static bool allowed;	/* interfaces, and programs on them */

/* A stack, and a pair of interfaces: n0 for its device, f0 for us. */
struct xdp_fx {
	struct net *net;
	struct net_device *dev;
	struct packet_type pt;
	struct dut_frames rx;	/* the stack received these */
	int near_fd, far_fd;	/* packet sockets on the interfaces */
};

static void ip(const char *args)
{
	char cmd[200];

	snprintf(cmd, sizeof(cmd), "ip link %s 2>/dev/null", args);
	assert_int_equal(system(cmd), 0);
}

static int packet_socket(const char *ifname)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	ll.sll_ifindex = (int)if_nametoindex(ifname);
	assert_int_equal(bind(fd, (struct sockaddr *)&ll, sizeof(ll)), 0);
	return fd;
}

static int setup(void **state)
{
	const struct inet_config cfg = { .size = sizeof(cfg),
					 .nr_frames = NR_FRAMES };
	struct xdp_fx *f;

	*state = NULL;
	if (!allowed)
		return 0;
	f = calloc(1, sizeof(*f));
	ip("add n0 numtxqueues 4 numrxqueues 4 type veth peer name f0 "
	   "numtxqueues 4 numrxqueues 4");
	ip("set n0 up");
	ip("set f0 up");
	pthread_mutex_init(&f->rx.lock, NULL);
	f->net = inet_create(&cfg);
	assert_non_null(f->net);
	f->near_fd = packet_socket("n0");
	f->far_fd = packet_socket("f0");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct xdp_fx *f = *state;

	if (!f)
		return 0;
	if (f->pt.func)
		dev_remove_pack(f->net, &f->pt);
	inet_destroy(f->net);
	if (if_nametoindex("n0"))
		ip("del n0");
	close(f->near_fd);
	close(f->far_fd);
	dut_frames_clear(&f->rx);
	free(f);
	return 0;
}

static struct xdp_fx *fx_of(void **state)
{
	if (!*state)
		skip();
	return *state;
}

/* The device, up, and whatever it receives in f->rx. */
static struct net_device *open_up(struct xdp_fx *f, const char *spec)
{
	f->dev = inet_netdev_open(f->net, spec);
	if (!f->dev)
		fail_msg("%s: %s", spec, inet_strerror(f->net));
	dut_collect(&f->rx, f->net, &f->pt, f->dev);
	dev_remove_pack(f->net, &f->pt);
	f->pt.type = htons(ETH_P_ALL);
	dev_add_pack(f->net, &f->pt);
	assert_int_equal(inet_netdev_up(f->dev), 0);
	return f->dev;
}

static void run_for_ms(struct net *net, u32 ms)
{
	for (u32 i = 0; i < ms; i++)
		inet_run(net, 1000000);
}

static struct inet_xdp_info info_of(struct net_device *dev)
{
	struct inet_xdp_info info;

	assert_int_equal(inet_xdp_get_info(dev, &info), 0);
	return info;
}

static void refused(struct net *net, const char *spec, int err,
		    const char *part)
{
	errno = 0;
	assert_null(inet_netdev_open(net, spec));
	if (errno != err || !strstr(inet_strerror(net), part))
		fail_msg("%s: %d: %s", spec, errno, inet_strerror(net));
}

/* ---- opening ---------------------------------------------------------- */

static void arguments_given_are_used(void **state)
{
	struct xdp_fx *f = fx_of(state);
	struct inet_xdp_info info;
	struct net_device *dev;

	dev = inet_netdev_open(f->net, "xdp:n0,name=eth7,mtu=1400,queue=1,"
			       "queues=2,ring=128,mode=native,"
			       "mac=02:12:34:56:78:9a");
	assert_non_null(dev);
	info = info_of(dev);
	assert_string_equal(dev->name, "eth7");
	assert_int_equal(dev->mtu, 1400);
	assert_memory_equal(dev->dev_addr, "\2\x12\x34\x56\x78\x9a", 6);
	assert_int_equal(dev->num_tx_queues, 2);
	assert_int_equal(info.mode, INET_XDP_NATIVE);
	assert_int_equal(info.queue, 1);
	assert_int_equal(info.nr_queues, 2);
	assert_int_equal(info.ring_size, 128);
	assert_true(info.need_wakeup);
}

static void nothing_said_takes_all_of_the_interface(void **state)
{
	struct xdp_fx *f = fx_of(state);
	struct net_device *dev;
	struct inet_xdp_info info;
	struct ifreq ifr = { .ifr_name = "n0" };

	ip("set n0 mtu 1333");
	dev = inet_netdev_open(f->net, "xdp:n0");
	assert_non_null(dev);
	info = info_of(dev);
	assert_string_equal(dev->name, "n0");
	assert_int_equal(dev->mtu, 1333);
	assert_int_equal(ioctl(f->near_fd, SIOCGIFHWADDR, &ifr), 0);
	assert_memory_equal(dev->dev_addr, ifr.ifr_hwaddr.sa_data, 6);
	assert_int_equal(info.mode, INET_XDP_GENERIC);	/* it is a veth */
	assert_int_equal(info.nr_queues, 4);
	/* a quarter of the pool, four queues */
	assert_int_equal(info.ring_size, NR_FRAMES / 4 / 4);
	assert_int_equal(inet_netdev_close(dev), 0);
	assert_int_equal(frame_pool_used(f->net), 0);
}

static void bad_arguments_are_refused_with_a_sentence(void **state)
{
	struct xdp_fx *f = fx_of(state);
	struct inet_xdp_config c = { .size = sizeof(c) - 1 };
	struct inet_xdp_info info;

	assert_null(inet_xdp_open(f->net, "n0", &c));
	assert_string_equal(inet_strerror(f->net), "xdp: size is not "
			    "sizeof(struct inet_xdp_config)");
	assert_null(inet_xdp_open(f->net, NULL, NULL));
	assert_int_equal(errno, EINVAL);
	refused(f->net, "xdp", EINVAL, "which interface? usage: xdp:IFNAME");
	refused(f->net, "xdp:nobody", ENODEV, "nobody: No such device");
	refused(f->net, "xdp:n0,mode=fast", EINVAL,
		"xdp: mode: 'fast' is none of auto|zerocopy|native|generic|copy");
	refused(f->net, "xdp:n0,queue=4", EINVAL, "it has 4 queues");
	refused(f->net, "xdp:n0,queue=1,queues=4", EINVAL, "it has 4 queues");
	refused(f->net, "xdp:n0,ring=100", EINVAL, "not a power of 2");
	refused(f->net, "xdp:n0,mac=01:00:00:00:00:01", EINVAL, "multicast");
	refused(f->net, "xdp:n0,except=tcp,only=udp", EINVAL, "exclude");
	refused(f->net, "xdp:n0,mode=zerocopy", EOPNOTSUPP, "no such mode");
	refused(f->net, "xdp:lo", EINVAL, "no Ethernet interface");
	assert_int_equal(frame_pool_used(f->net), 0);
	errno = 0;
	assert_int_equal(inet_xdp_get_info(inet_netdev_find(f->net, "lo"),
					   &info), -1);
	assert_int_equal(errno, EINVAL);
}

static void rules_that_are_none_are_named(void **state)
{
	static const char *const bad[] = {
		"tcp/65536", "tcp/x", "tcp/", "tcp/9-8", "sctp/1", "ip/10.0.0",
		"from-ip/10.0.0.1", "proto/256", "ether/65536", "nonsense",
		"from-tcp", "tcp/-1",
	};
	struct xdp_fx *f = fx_of(state);
	char spec[64], part[64];

	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(spec, sizeof(spec), "xdp:n0,except=arp+%s+udp",
			 bad[i]);
		snprintf(part, sizeof(part), "'%s' is no rule", bad[i]);
		refused(f->net, spec, EINVAL, part);
	}
	refused(f->net, "xdp:n0,only=arp+", EINVAL, "is no rule");
	refused(f->net, "xdp:n0,only=+arp", EINVAL, "is no rule");
}

/* Somebody else's device or program; ours goes on. */
static void interface_in_use_is_busy(void **state)
{
	struct xdp_fx *f = fx_of(state);

	open_up(f, "xdp:n0,queues=1");
	refused(f->net, "xdp:n0,name=second,queues=1", EBUSY,
		"an XDP program is attached");
	refused(f->net, "xdp:n0,name=second,mode=native", EBUSY,
		"an XDP program is attached");
	assert_int_equal(inet_netdev_close(f->dev), 0);
	assert_non_null(inet_netdev_open(f->net, "xdp:n0"));
}

/* ---- descriptors ------------------------------------------------------ */

/* How many descriptors we have, and how many of them a program has that we
 * start. */
static u32 descriptors(u32 *inherited)
{
	u32 nr = 0;

	*inherited = 0;
	for (int fd = 0; fd < 1024; fd++) {
		int flags = fcntl(fd, F_GETFD);

		nr += flags >= 0;
		*inherited += flags >= 0 && !(flags & FD_CLOEXEC);
	}
	return nr;
}

/* How many rings of sockets we have in memory. */
static u32 rings_mapped(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[300];
	u32 nr = 0;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		nr += strstr(line, "socket:") != NULL;
	fclose(maps);
	return nr;
}

/* A child that lives longer than we would hold the queue. */
static void descriptors_are_not_for_other_programs(void **state)
{
	struct xdp_fx *f = fx_of(state);
	u32 before, inherited, after;

	before = descriptors(&inherited);
	open_up(f, "xdp:n0");
	assert_true(descriptors(&after) >= before + 4);
	assert_int_equal(after, inherited);
	assert_int_equal(rings_mapped(), 16);
	assert_int_equal(inet_netdev_close(f->dev), 0);
	dut_frames_clear(&f->rx);
	assert_int_equal(descriptors(&after), before);
	assert_int_equal(rings_mapped(), 0);
}

/* However many there are: all, or none is left. */
static void descriptors_that_run_out_leave_nothing(void **state)
{
	struct xdp_fx *f = fx_of(state);
	struct rlimit old, few;
	u32 before, inherited, refusals = 0;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	before = descriptors(&inherited);
	f->dev = NULL;
	for (few = old; !f->dev && refusals < 30; refusals++) {
		few.rlim_cur = before + refusals;
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		f->dev = inet_netdev_open(f->net, "xdp:n0");
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
		if (f->dev)
			break;
		assert_int_equal(descriptors(&inherited), before);
		assert_int_equal(rings_mapped(), 0);
	}
	assert_true(f->dev && refusals >= 8);
	assert_int_equal(inet_netdev_close(f->dev), 0);
	refused(f->net, "xdp:n0,mode=zerocopy", EOPNOTSUPP, "");
	assert_int_equal(descriptors(&inherited), before);
	assert_int_equal(rings_mapped(), 0);
}

/* ---- a queue just released -------------------------------------------- */

/* A socket on queue 0 of n0 that has nothing to do with the library. */
static int foreign_socket(void)
{
	static u8 memory[16 * 4096] __attribute__((aligned(4096)));
	struct xdp_umem_reg reg = {
		.addr = (u64)(uintptr_t)memory, .len = sizeof(memory),
		.chunk_size = 4096,
	};
	struct sockaddr_xdp sxdp = {
		.sxdp_family = AF_XDP, .sxdp_flags = XDP_COPY,
		.sxdp_ifindex = if_nametoindex("n0"),
	};
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0), size = 16;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &reg,
				    sizeof(reg)), 0);
	setsockopt(fd, SOL_XDP, XDP_UMEM_FILL_RING, &size, sizeof(size));
	setsockopt(fd, SOL_XDP, XDP_UMEM_COMPLETION_RING, &size, sizeof(size));
	setsockopt(fd, SOL_XDP, XDP_RX_RING, &size, sizeof(size));
	assert_int_equal(bind(fd, (struct sockaddr *)&sxdp, sizeof(sxdp)), 0);
	return fd;
}

static void *close_soon(void *arg)
{
	const struct timespec wait = { .tv_nsec = 100000000 };

	nanosleep(&wait, NULL);
	close(*(int *)arg);
	return NULL;
}

static void queue_that_is_released_is_waited_for(void **state)
{
	struct xdp_fx *f = fx_of(state);
	int fd = foreign_socket();
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, close_soon, &fd), 0);
	open_up(f, "xdp:n0");
	pthread_join(thread, NULL);
	assert_true(f->dev->carrier);
}

static void queue_that_is_not_released_is_named(void **state)
{
	struct xdp_fx *f = fx_of(state);
	int fd = foreign_socket();

	refused(f->net, "xdp:n0", EBUSY, "another socket has the queue");
	close(fd);
	open_up(f, "xdp:n0");
}

/* What a device waits for whose driver reads and writes our frames. */
static void queue_counts_as_held_until_the_kernel_lets_go(void **state)
{
	int fd, index;
	pthread_t thread;

	fx_of(state);
	index = (int)if_nametoindex("n0");
	fd = foreign_socket();
	assert_int_equal(pthread_create(&thread, NULL, close_soon, &fd), 0);
	xdp_wait_released(index, 0);
	assert_int_equal(fcntl(fd, F_GETFD), -1);	/* it was closed */
	pthread_join(thread, NULL);
	xdp_wait_released(index, 0);	/* nobody holds it */
	xdp_wait_released(index + 1000, 0);	/* nor what is not there */
}

/* ---- who gets what ---------------------------------------------------- */

/* Addresses, ports and the like of one frame. */
struct flow {
	u16 ethertype;
	u8 proto;
	u16 source, dest;	/* ports */
	const char *daddr;
	u16 frag;		/* offset and flags */
	u8 options;		/* words of IPv4 options */
};

/* A frame of that flow, long enough for all headers. Return: its length. */
static u32 make_frame(u8 *p, const struct flow *w)
{
	u32 l4 = 34 + w->options * 4u;

	memset(p, 0, 100);
	memset(p, 0xff, 6);
	p[6] = 2;
	p[11] = 0x99;
	p[12] = (u8)(w->ethertype >> 8);
	p[13] = (u8)w->ethertype;
	if (w->ethertype == 0x0800) {
		p[14] = (u8)(0x45 + w->options);
		p[20] = (u8)(w->frag >> 8);
		p[21] = (u8)w->frag;
		p[23] = w->proto;
		inet_pton(AF_INET, w->daddr ? w->daddr : "10.0.0.2", p + 30);
	} else if (w->ethertype == 0x86dd) {
		p[20] = w->proto;
		l4 = 54;
	} else if (w->ethertype == 0x0806) {
		inet_pton(AF_INET, w->daddr ? w->daddr : "10.0.0.2", p + 38);
	}
	p[l4] = (u8)(w->source >> 8);
	p[l4 + 1] = (u8)w->source;
	p[l4 + 2] = (u8)(w->dest >> 8);
	p[l4 + 3] = (u8)w->dest;
	return 100;
}

/* Frames of ours among those that a packet socket has. */
static u32 seen_by_kernel(int fd)
{
	u8 frame[2048];
	ssize_t n;
	u32 nr = 0;

	while ((n = recv(fd, frame, sizeof(frame), 0)) > 0)
		nr += n >= 12 && frame[6] == 2 && frame[11] == 0x99;
	return nr;
}

/* The far side sends @len bytes. Return: true when the stack received them,
 * false when the kernel did; one of them must have, and only one. */
static bool ours(struct xdp_fx *f, const u8 *frame, u32 len)
{
	u32 kernel = 0;

	seen_by_kernel(f->near_fd);
	dut_frames_clear(&f->rx);
	assert_int_equal(send(f->far_fd, frame, len, 0), len);
	for (u32 i = 0; i < 1000 && !f->rx.nr && !kernel; i++) {
		inet_run(f->net, 1000000);
		kernel = seen_by_kernel(f->near_fd);
	}
	run_for_ms(f->net, 2);
	kernel += seen_by_kernel(f->near_fd);
	assert_int_equal(f->rx.nr + kernel, 1);
	return f->rx.nr == 1;
}

#define FRAME_OF(type) { .ethertype = (type) }
#define IPV4(p, ...) { .ethertype = 0x0800, .proto = (p), ##__VA_ARGS__ }
#define IPV6(p, ...) { .ethertype = 0x86dd, .proto = (p), ##__VA_ARGS__ }
#define ARP(...) { .ethertype = 0x0806, ##__VA_ARGS__ }
#define PORTS(from, to) .source = (from), .dest = (to)

static const struct {
	const char *rules;
	struct flow hit, miss;
} cases[] = {
	{ "tcp/22", IPV4(6, PORTS(9, 22)), IPV4(6, PORTS(22, 9)) },
	{ "tcp/22", IPV6(6, PORTS(9, 22)), IPV6(17, PORTS(9, 22)) },
	{ "tcp/22", IPV4(6, PORTS(9, 22), .options = 10),
	  IPV4(17, PORTS(9, 22), .options = 10) },
	{ "tcp/22", IPV4(6, PORTS(9, 22), .frag = 0x2000),
	  IPV4(6, PORTS(9, 22), .frag = 1) },
	{ "udp/1000-2000", IPV4(17, PORTS(9, 1000)), IPV4(17, PORTS(9, 999)) },
	{ "udp/1000-2000", IPV4(17, PORTS(9, 2000)), IPV4(17, PORTS(9, 2001)) },
	{ "from-udp/53", IPV4(17, PORTS(53, 9)), IPV4(17, PORTS(9, 53)) },
	{ "icmp", IPV4(1), IPV4(6) },
	{ "icmp+tcp", IPV4(6), IPV4(17) },
	{ "icmpv6", IPV6(58), IPV4(1) },
	{ "proto/132", IPV4(132), IPV4(133) },
	{ "arp", ARP(), IPV4(6) },
	{ "ipv6+vlan", FRAME_OF(0x8100), IPV4(6) },
	{ "ether/0x88cc", FRAME_OF(0x88cc), FRAME_OF(0x88cd) },
	{ "ip/10.0.0.3", IPV4(6, .daddr = "10.0.0.3"), IPV4(6) },
	{ "ip/10.0.0.3", ARP(.daddr = "10.0.0.3"), ARP() },
	{ "ip/255.1.2.3", IPV4(6, .daddr = "255.1.2.3"),
	  IPV4(6, .daddr = "255.1.2.4") },
	{ "tcp/22+arp+from-tcp/80+udp/65535", IPV4(17, PORTS(9, 65535)),
	  IPV4(17, PORTS(9, 80)) },
};

/* Each rule in both senses. */
static void rules_divide_the_traffic(void **state)
{
	struct xdp_fx *f = fx_of(state);
	u8 frame[256];
	char spec[128];

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		for (u32 only = 0; only < 2; only++) {
			snprintf(spec, sizeof(spec), "xdp:n0,%s=%s", only ?
				 "only" : "except", cases[i].rules);
			open_up(f, spec);
			make_frame(frame, &cases[i].hit);
			if (ours(f, frame, 100) != (only == 1))
				fail_msg("%s: hit", spec);
			make_frame(frame, &cases[i].miss);
			if (ours(f, frame, 100) != (only == 0))
				fail_msg("%s: miss", spec);
			dev_remove_pack(f->net, &f->pt);
			f->pt.func = NULL;
			assert_int_equal(inet_netdev_close(f->dev), 0);
		}
	}
}

/* Headers that end too early are nobody's: they go where the rest goes. */
static void frames_cut_short_match_no_rule(void **state)
{
	static const struct flow tcp = IPV4(6, PORTS(9, 22), .options = 2);
	struct xdp_fx *f = fx_of(state);
	u8 frame[256];

	make_frame(frame, &tcp);
	open_up(f, "xdp:n0,except=tcp/22+ip/10.9.9.9");
	for (u32 len = 14; len < 34 + 8 + 4; len++)
		assert_true(ours(f, frame, len));
	assert_false(ours(f, frame, 34 + 8 + 4));
}

static void device_down_leaves_everything_to_the_kernel(void **state)
{
	static const struct flow any = IPV4(17, PORTS(9, 9));
	struct xdp_fx *f = fx_of(state);
	u8 frame[256];

	make_frame(frame, &any);
	open_up(f, "xdp:n0");
	assert_true(ours(f, frame, 100));
	assert_int_equal(inet_netdev_down(f->dev), 0);
	assert_false(ours(f, frame, 100));
	assert_int_equal(inet_netdev_up(f->dev), 0);
	assert_true(ours(f, frame, 100));
}

/* Flows that the far side spreads over its queues arrive on ours, all of
 * them. */
/* The far side sends a packet of @proto whose checksum is open, @more than the
 * sum of the pseudo header in its field, and longer than our MTU. Return: whether
 * the stack received it. */
static bool long_one_comes_up(struct xdp_fx *f, u8 proto, u32 more)
{
	const struct flow w = { .ethertype = 0x0800, .proto = proto };
	static u8 frame[4000];
	u32 total = sizeof(frame) - 14, csum = proto == 6 ? 50 : 40, nr;
	u16 sum = (u16)~csum_tcpudp_magic(0, htonl(0x0a000002), total - 20,
					  proto, 0);

	make_frame(frame, &w);
	frame[16] = (u8)(total >> 8);
	frame[17] = (u8)total;
	sum = (u16)(ntohs(sum) + more);
	frame[csum] = (u8)(sum >> 8);
	frame[csum + 1] = (u8)sum;
	frame[46] = 0x50;
	dut_frames_clear(&f->rx);
	assert_int_equal(send(f->far_fd, frame, sizeof(frame), 0), 4000);
	run_for_ms(f->net, 20);
	nr = f->rx.nr;
	if (nr)
		assert_int_equal(f->rx.frame[0].len, sizeof(frame));
	return nr == 1;
}

static void tcp_that_was_not_cut_comes_up_and_nothing_else(void **state)
{
	struct xdp_fx *f = fx_of(state);
	struct inet_netdev_stats stats;

	ip("set n0 mtu 9000");
	ip("set f0 mtu 9000");
	open_up(f, "xdp:n0,mtu=1500");
	assert_true(long_one_comes_up(f, 6, 0));
	assert_false(long_one_comes_up(f, 6, 1));
	assert_false(long_one_comes_up(f, 17, 0));
	assert_int_equal(inet_netdev_get_stats(f->dev, &stats), 0);
	assert_int_equal(stats.rx_over_errors, 2);
}

static void every_queue_receives(void **state)
{
	struct xdp_fx *f = fx_of(state);
	u32 last = 0, per_queue[4] = { 0 };
	u8 frame[256];

	open_up(f, "xdp:n0");
	for (u16 i = 0; i < 200; i++) {
		const struct flow w = IPV4(17, PORTS(i, (u16)(i * 7)));

		make_frame(frame, &w);
		assert_true(ours(f, frame, 100));
	}
	for (struct napi_struct *n = f->dev->napi_list; n; n = n->dev_next)
		per_queue[last++] = n->queue;
	assert_int_equal(last, 4);
	for (u32 i = 0; i < 4; i++)	/* one NAPI for each */
		assert_int_equal(per_queue[i], 3 - i);
}

/* ---- what is forwarded ------------------------------------------------ */

#define TEXT_AT 54u

/* TCP from 10.0.0.1 to 10.1.0.1 with @text octets, its checksum left open. */
static u32 open_segment(u8 *p, const u8 *dst, u32 text)
{
	static const u8 head[TEXT_AT] = {
		[6] = 2, [11] = 0x99, [12] = 8, [14] = 0x45, [20] = 0x40,
		[22] = 64, [23] = 6, [26] = 10, [29] = 1, [30] = 10, [31] = 1,
		[33] = 1, [46] = 0x50, [47] = 0x10,
	};
	u32 total = 40 + text;
	__sum16 sum;

	memcpy(p, head, sizeof(head));
	memcpy(p, dst, 6);
	p[16] = (u8)(total >> 8);
	p[17] = (u8)total;
	sum = ip_fast_csum(p + 14, 5);
	memcpy(p + 24, &sum, 2);
	sum = (__sum16)~csum_tcpudp_magic(htonl(0x0a000001), htonl(0x0a010001),
					  total - 20, 6, 0);
	memcpy(p + 50, &sum, 2);
	for (u32 i = 0; i < text; i++)
		p[TEXT_AT + i] = (u8)(i * 2654435761u >> 11);
	return TEXT_AT + text;
}

/* Reads segments from @fd and compares their text with @sent, from @done on.
 * Return: how far it went. */
static u32 read_segments(int fd, const u8 *sent, u32 done)
{
	u8 p[2048];
	ssize_t n;

	while ((n = recv(fd, p, sizeof(p), 0)) > 0) {
		u32 len = (u32)n - 34;

		if (n <= (ssize_t)TEXT_AT || p[12] != 8 || p[23] != 6)
			continue;
		assert_true(n <= 1514);
		assert_int_equal(csum_tcpudp_magic(htonl(0x0a000001),
						   htonl(0x0a010001), len, 6,
						   csum_partial(p + 34, len, 0)),
				 0);
		assert_memory_equal(p + TEXT_AT, sent + done, len - 20);
		done += len - 20;
	}
	return done;
}

/* The far side of n0 leaves to us what it would leave to a card; behind n1 it is
 * done. */
static void what_was_left_open_is_done_where_it_leaves(void **state)
{
	static const u32 texts[] = { 0, 1, 1460, 1461, 3000, 8900 };
	struct xdp_fx *f = fx_of(state);
	struct net_device *out;
	static u8 frame[9014];
	int fd;

	ip("add n1 type veth peer name f1");
	ip("set n0 mtu 9000");
	ip("set f0 mtu 9000");
	ip("set n1 up");
	ip("set f1 up");
	fd = packet_socket("f1");
	open_up(f, "xdp:n0,mtu=1500");
	out = inet_netdev_open(f->net, "xdp:n1");
	assert_non_null(out);
	assert_int_equal(inet_addr_add(f->dev, "10.0.0.2/24"), 0);
	assert_int_equal(inet_addr_add(out, "10.1.0.2/24"), 0);
	assert_int_equal(inet_netdev_up(out), 0);
	assert_int_equal(inet_sysctl_set(f->net, "net.ipv4.ip_forward", "1"), 0);
	assert_int_equal(inet_neigh_add(out, "10.1.0.1 lladdr "
					"02:00:00:00:00:77 nud permanent"), 0);
	for (u32 i = 0; i < ARRAY_SIZE(texts); i++) {
		u32 len = open_segment(frame, f->dev->dev_addr, texts[i]), done;

		assert_int_equal(send(f->far_fd, frame, len, 0), len);
		done = 0;
		for (u32 n = 0; n < 1000 && done < texts[i]; n++) {
			inet_run(f->net, 1000000);
			done = read_segments(fd, frame + TEXT_AT, done);
		}
		assert_int_equal(done, texts[i]);
	}
	close(fd);
	assert_int_equal(inet_netdev_close(out), 0);
	ip("del n1");
}

/* The kernel takes the option for any socket; a veth has no NAPI to poll. */
static void busy_polling_of_nothing_ends(void **state)
{
	static const char *const specs[] = {
		"xdp:n0,busy-poll=20", "xdp:n0,mode=native,busy-poll=20",
	};
	static const struct flow any = { .ethertype = 0x0800, .proto = 17 };
	struct xdp_fx *f = fx_of(state);
	socklen_t len = sizeof(int);
	int us = 0;
	u8 frame[256];

	make_frame(frame, &any);
	for (u32 i = 0; i < ARRAY_SIZE(specs); i++) {
		open_up(f, specs[i]);
		assert_true(info_of(f->dev).busy_poll);
		assert_int_equal(getsockopt(xdp_priv(f->dev)->queues[3].fd,
					    SOL_SOCKET, SO_BUSY_POLL, &us,
					    &len), 0);
		assert_int_equal(us, 20);
		assert_true(ours(f, frame, 100));
		assert_false(info_of(f->dev).busy_poll);
		dut_frames_clear(&f->rx);
		assert_int_equal(inet_netdev_close(f->dev), 0);
	}
}

/* ---- an interface that changes ---------------------------------------- */

static void wait_for_carrier(struct xdp_fx *f, bool on)
{
	for (u32 i = 0; i < 1000 && f->dev->carrier != on; i++)
		inet_run(f->net, 1000000);
	assert_int_equal(f->dev->carrier, on);
}

/* The kernel lets nothing out of an interface before it has noticed its carrier,
 * which takes it up to a second. */
static void wait_until_running(struct xdp_fx *f, const char *ifname)
{
	struct ifreq ifr = { .ifr_flags = 0 };

	memcpy(ifr.ifr_name, ifname, strlen(ifname));
	for (u32 i = 0; i < 3000 && !(ifr.ifr_flags & IFF_RUNNING); i++) {
		inet_run(f->net, 1000000);
		assert_int_equal(ioctl(f->far_fd, SIOCGIFFLAGS, &ifr), 0);
	}
	assert_true(ifr.ifr_flags & IFF_RUNNING);
}

static void interface_down_takes_the_carrier_until_it_is_up(void **state)
{
	static const struct flow any = IPV4(17, PORTS(9, 9));
	struct xdp_fx *f = fx_of(state);
	u8 frame[256];

	make_frame(frame, &any);
	open_up(f, "xdp:n0");
	for (u32 i = 0; i < 2; i++) {
		assert_true(f->dev->carrier);
		ip(i ? "set f0 down" : "set n0 down");
		wait_for_carrier(f, false);
		assert_true(dut_is_quiet(f->net));
		ip(i ? "set f0 up" : "set n0 up");
		wait_for_carrier(f, true);
		wait_until_running(f, "f0");
		seen_by_kernel(f->far_fd);	/* it has an error to tell */
		assert_true(ours(f, frame, 100));
	}
}

static void interface_with_another_name_goes_on(void **state)
{
	static const struct flow any = IPV4(17, PORTS(9, 9));
	struct xdp_fx *f = fx_of(state);
	u8 frame[256];

	make_frame(frame, &any);
	open_up(f, "xdp:n0");
	ip("set n0 name other");
	run_for_ms(f->net, 5);
	assert_true(f->dev->carrier);
	assert_true(ours(f, frame, 100));
	ip("set other down");
	wait_for_carrier(f, false);
	ip("set other up name n0");
	wait_for_carrier(f, true);
}

static void deleted_interface_takes_the_carrier_for_good(void **state)
{
	struct xdp_fx *f = fx_of(state);
	u32 turns;
	u8 frame[100];

	open_up(f, "xdp:n0");
	ip("del n0");
	wait_for_carrier(f, false);
	dut_frame(frame, sizeof(frame), 0);
	assert_int_equal(dut_xmit(f->net, f->dev, frame, sizeof(frame)),
			 NET_XMIT_CN);
	run_for_ms(f->net, 20);
	assert_true(dut_is_quiet(f->net));
	turns = f->net->softnets[0].turns;
	assert_int_equal(inet_run(f->net, 50000000), 0);
	assert_int_equal(f->net->softnets[0].turns, turns + 1);
	assert_int_equal(inet_netdev_down(f->dev), 0);
	assert_int_equal(inet_netdev_up(f->dev), 0);
	assert_false(f->dev->carrier);
	dev_remove_pack(f->net, &f->pt);
	f->pt.func = NULL;
	assert_int_equal(inet_netdev_close(f->dev), 0);
	assert_int_equal(frame_pool_used(f->net), 0);
}

/* ---- one call for many ------------------------------------------------ */

static struct {
	struct net *net;
	struct xdp *xdp;
	u32 nr, waiting;	/* answers, and how many stood in the ring */
} answers;

/* Does a frame stand in some ring that the kernel has not looked at? */
static bool some_pending(const struct xdp *xdp)
{
	for (u32 i = 0; i < xdp->nr_queues; i++)
		if (xdp_tx_pending(&xdp->queues[i].rings))
			return true;
	return false;
}

/* Answers each frame from inside poll(). */
static int answer(struct sk_buff *skb, struct net_device *dev,
		  struct packet_type *pt, struct net_device *orig_dev)
{
	u8 frame[100];

	(void)pt;
	(void)orig_dev;
	dut_frame(frame, sizeof(frame), answers.nr++);
	dut_xmit(answers.net, dev, frame, sizeof(frame));
	answers.waiting += some_pending(answers.xdp);
	consume_skb(skb);
	return 0;
}

static void what_is_sent_while_receiving_goes_by_one_call(void **state)
{
	struct xdp_fx *f = fx_of(state);
	struct packet_type pt = { .type = htons(DUT_ETHERTYPE),
				  .func = answer };
	struct net_device *dev = open_up(f, "xdp:n0");
	u8 frame[100], got[2048];
	u32 back = 0;

	dut_frame(frame, sizeof(frame), 1);
	memset(&answers, 0, sizeof(answers));
	answers.net = f->net;
	answers.xdp = xdp_priv(dev);
	dev_add_pack(f->net, &pt);
	for (u32 i = 0; i < 20; i++)
		assert_int_equal(send(f->far_fd, frame, sizeof(frame), 0), 100);
	for (u32 i = 0; i < 1000 && answers.nr < 20; i++)
		inet_run(f->net, 1000000);
	dev_remove_pack(f->net, &pt);
	assert_int_equal(answers.nr, 20);
	assert_int_equal(answers.waiting, 20);
	assert_false(some_pending(answers.xdp));
	while (recv(f->far_fd, got, sizeof(got), 0) > 0)
		back++;
	assert_in_range(back, 20, 41);	/* with its own, and what IPv6 says */
	/* outside of poll() it goes at once */
	assert_int_equal(dut_xmit(f->net, dev, frame, sizeof(frame)), 0);
	assert_false(some_pending(answers.xdp));
}

/* The kernel does not get on: the ring fills, the queue stops, and goes on when
 * the kernel does. In its place is a descriptor that is no socket. */
static void full_ring_holds_back_and_loses_nothing(void **state)
{
	struct xdp_fx *f = fx_of(state);
	struct net_device *dev = open_up(f, "xdp:n0,queues=1,ring=64");
	int fd = xdp_priv(dev)->queues[0].fd, socket_fd = dup(fd);
	struct inet_netdev_stats stats;
	u8 frame[100], got[2048];
	u32 nr = 0;

	assert_true(dup2(open("/dev/null", O_RDWR), fd) == fd);
	/* whatever it does: the ring is the limit */
	assert_int_equal(inet_netdev_set_queue(dev,
			 "tx-0/byte_queue_limits/limit_min", "max"), 0);
	netdev_tx_reset_queue(dev, 0);
	for (u32 i = 0; i < 200; i++) {
		dut_frame(frame, sizeof(frame), i);
		assert_int_equal(dut_xmit(f->net, dev, frame, sizeof(frame)),
				 0);
	}
	run_for_ms(f->net, 5);
	inet_netdev_get_stats(dev, &stats);
	assert_in_range(stats.tx_packets, 30, 64);
	assert_true(dup2(socket_fd, fd) == fd);
	close(socket_fd);
	for (u32 i = 0; i < 1000 && nr < 200; i++) {
		ssize_t n;

		inet_run(f->net, 1000000);
		while ((n = recv(f->far_fd, got, sizeof(got), 0)) > 0) {
			if (n != 100 || got[11] != 0x99)
				continue;
			dut_frame(frame, sizeof(frame), nr++);
			assert_memory_equal(got, frame, sizeof(frame));
		}
	}
	assert_int_equal(nr, 200);
	inet_netdev_get_stats(dev, &stats);
	assert_int_equal(stats.tx_packets, 200);
	assert_int_equal(stats.tx_errors + stats.tx_dropped, 0);
	run_for_ms(f->net, 5);
	assert_true(dut_is_quiet(f->net));	/* no more timer */
}

/* ---- memory ----------------------------------------------------------- */

/* All frames are held by somebody: what arrives is lost and counted, and the
 * kernel keeps what it was lent. */
static void frames_gone_lose_packets_until_they_return(void **state)
{
	static const struct flow any = IPV4(17, PORTS(9, 9));
	struct xdp_fx *f = fx_of(state);
	static struct skb_shared_info *hoard[NR_FRAMES];
	struct inet_netdev_stats stats;
	u8 frame[256];
	u32 nr = 0;

	make_frame(frame, &any);
	open_up(f, "xdp:n0,ring=64");	/* whichever the kernel chooses */
	while ((hoard[nr] = netdev_alloc_frame(f->dev)))
		nr++;
	assert_true(nr > NR_FRAMES / 2);
	for (u32 i = 0; i < 300; i++)
		assert_int_equal(send(f->far_fd, frame, 100, 0), 100);
	run_for_ms(f->net, 5);
	inet_netdev_get_stats(f->dev, &stats);
	assert_int_equal(f->rx.nr, 0);
	assert_int_equal(stats.rx_dropped, 300);
	while (nr)
		netdev_frame_put(hoard[--nr]);
	for (u32 i = 0; i < 300; i++)
		assert_true(ours(f, frame, 100));
}

#define XDP_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		XDP_TEST(arguments_given_are_used),
		XDP_TEST(nothing_said_takes_all_of_the_interface),
		XDP_TEST(bad_arguments_are_refused_with_a_sentence),
		XDP_TEST(rules_that_are_none_are_named),
		XDP_TEST(interface_in_use_is_busy),
		XDP_TEST(descriptors_are_not_for_other_programs),
		XDP_TEST(descriptors_that_run_out_leave_nothing),
		XDP_TEST(queue_that_is_released_is_waited_for),
		XDP_TEST(queue_that_is_not_released_is_named),
		XDP_TEST(queue_counts_as_held_until_the_kernel_lets_go),
		XDP_TEST(rules_divide_the_traffic),
		XDP_TEST(frames_cut_short_match_no_rule),
		XDP_TEST(device_down_leaves_everything_to_the_kernel),
		XDP_TEST(tcp_that_was_not_cut_comes_up_and_nothing_else),
		XDP_TEST(every_queue_receives),
		XDP_TEST(what_was_left_open_is_done_where_it_leaves),
		XDP_TEST(busy_polling_of_nothing_ends),
		XDP_TEST(interface_down_takes_the_carrier_until_it_is_up),
		XDP_TEST(interface_with_another_name_goes_on),
		XDP_TEST(deleted_interface_takes_the_carrier_for_good),
		XDP_TEST(what_is_sent_while_receiving_goes_by_one_call),
		XDP_TEST(full_ring_holds_back_and_loses_nothing),
		XDP_TEST(frames_gone_lose_packets_until_they_return),
	};

	allowed = dut_xdp_allowed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
