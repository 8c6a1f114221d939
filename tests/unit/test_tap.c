/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TAP beyond the contract of devices: opening, permissions, the kernel's
 * interface going away. In a network namespace of its own; skipped where that
 * is not allowed.
 */
#include "unit.h"

#include <errno.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/if_tun.h>

#include <inet/control.h>
#include <inet/netdev.h>

#include "core/net.h"
#include "dut.h"
#include "tap.h"

#define NOBODY 65534u

static bool have_namespace;

static int setup(void **state)
{
	*state = have_namespace ? inet_create(NULL) : NULL;
	return 0;
}

static int teardown(void **state)
{
	inet_destroy(*state);
	return 0;
}

static struct net *stack_of(void **state)
{
	if (!*state)
		skip();
	return *state;
}

/* Asserts that opening @spec fails with @err and a sentence that holds @part */
static void refused(struct net *net, const char *spec, int err,
		    const char *part)
{
	assert_null(inet_netdev_open(net, spec));
	assert_int_equal(errno, err);
	if (!strstr(inet_strerror(net), part))
		fail_msg("'%s': %s", spec, inet_strerror(net));
}

/* Makes a persistent interface. @owner: 0 for none. */
static void make_tap(const char *name, uid_t owner, int extra_flags)
{
	struct ifreq ifr = { .ifr_flags = (short)(IFF_TAP | IFF_NO_PI |
						  extra_flags) };
	int fd = open("/dev/net/tun", O_RDWR);

	assert_true(fd >= 0);
	strcpy(ifr.ifr_name, name);
	assert_int_equal(ioctl(fd, TUNSETIFF, &ifr), 0);
	assert_int_equal(ioctl(fd, TUNSETPERSIST, 1UL), 0);
	if (owner)
		assert_int_equal(ioctl(fd, TUNSETOWNER, (unsigned long)owner),
				 0);
	close(fd);
}

static void remove_tap(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR);

	strcpy(ifr.ifr_name, name);
	if (ioctl(fd, TUNSETIFF, &ifr) == 0)
		ioctl(fd, TUNSETPERSIST, 0UL);
	close(fd);
}

static void link_ioctl(const char *name, unsigned long what, struct ifreq *ifr)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	strcpy(ifr->ifr_name, name);
	assert_int_equal(ioctl(fd, what, ifr), 0);
	close(fd);
}

/* ---- opening ---------------------------------------------------------- */

static void new_interfaces_are_numbered_by_the_kernel(void **state)
{
	struct net *net = stack_of(state);
	struct net_device *first = inet_netdev_open(net, "tap:%d");
	struct net_device *second = inet_netdev_open(net, "tap:tap%d");

	assert_non_null(first);
	assert_non_null(second);
	assert_string_equal(first->name, "tap0");
	assert_string_equal(second->name, "tap1");
	assert_true(if_nametoindex("tap1") != 0);
	assert_int_equal(inet_netdev_close(second), 0);
	assert_int_equal(if_nametoindex("tap1"), 0);
}

static void arguments_given_are_used(void **state)
{
	struct net *net = stack_of(state);
	struct net_device *dev;

	dev = inet_netdev_open(net, "tap:ktap,name=eth0,mtu=1280,"
			       "mac=02:12:34:56:78:9a");
	assert_non_null(dev);
	assert_string_equal(dev->name, "eth0");
	assert_int_equal(dev->mtu, 1280);
	assert_memory_equal(dev->dev_addr, "\2\x12\x34\x56\x78\x9a", 6);
	assert_true(if_nametoindex("ktap") != 0);
}

static void existing_interface_is_attached_with_its_mtu(void **state)
{
	struct net *net = stack_of(state);
	struct ifreq ifr = { .ifr_mtu = 1333 };
	struct net_device *dev;

	make_tap("ptap", 0, 0);
	link_ioctl("ptap", SIOCSIFMTU, &ifr);
	dev = inet_netdev_open(net, "tap:ptap");
	assert_non_null(dev);
	assert_int_equal(dev->mtu, 1333);
	refused(net, "tap:ptap,name=other", EBUSY, "another program has it");
	assert_int_equal(inet_netdev_close(dev), 0);
	assert_true(if_nametoindex("ptap") != 0);	/* it persists */
	assert_non_null(inet_netdev_open(net, "tap:ptap"));
	assert_int_equal(inet_netdev_close(inet_netdev_find(net, "ptap")), 0);
	remove_tap("ptap");
}

static void bad_arguments_are_refused_with_a_sentence(void **state)
{
	struct net *net = stack_of(state);

	refused(net, "tap", EINVAL, "which interface? usage: tap:IFNAME");
	refused(net, "tap:", EINVAL, "which interface?");
	refused(net, "tap:t,mtu=67", EINVAL, "mtu=67 is out of range");
	refused(net, "tap:t,colour=2", EINVAL, "unknown argument 'colour'");
	refused(net, "tap:t,queues=0", EINVAL, "queues=0 is out of range");
	refused(net, "tap:t,queues=65", EINVAL, "1 to 64");
	refused(net, "tap:t,mac=01:00:00:00:00:01", EINVAL, "multicast");
	refused(net, "tap:a-name-that-is-long", EINVAL, "longer than 15");
	refused(net, "tap:lo", EINVAL, "it is no TAP");
	assert_non_null(inet_netdev_open(net, "tap:t0"));
	refused(net, "tap:t1,name=t0", EEXIST, "t0");
	assert_int_equal(if_nametoindex("t1"), 0);
	make_tap("mq", 0, IFF_MULTI_QUEUE);
	refused(net, "tap:mq", EINVAL, "several queues (queues=N)");
	make_tap("sq", 0, 0);
	refused(net, "tap:sq,queues=2", EINVAL, "without several queues");
}

/* The same for packets without a link header. */
static void tun_is_opened_as_a_tap_is(void **state)
{
	struct net *net = stack_of(state);
	struct inet_tap_config c = { .size = sizeof(c), .tun = true,
				     .mtu = 65535, .vnet_hdr = true };
	struct net_device *dev = inet_netdev_open(net, "tun:%d");

	assert_non_null(dev);
	assert_string_equal(dev->name, "tun0");
	assert_int_equal(dev->type, NETDEV_TYPE_NONE);
	assert_int_equal(dev->hard_header_len, 0);
	assert_int_equal(dev->mtu, 1500);
	dev = inet_netdev_open(net, "tun:ktun,name=vpn0,mtu=1280,queues=2");
	assert_non_null(dev);
	assert_string_equal(dev->name, "vpn0");
	assert_int_equal(dev->mtu, 1280);
	assert_int_equal(dev->num_tx_queues, 2);
	dev = inet_tap_open(net, "tun9", &c);
	assert_non_null(dev);
	assert_int_equal(dev->mtu, 65535);
	assert_int_equal(inet_netdev_get_feature(dev, "tso"), 1);
	c.mac[0] = 2;
	assert_null(inet_tap_open(net, "tun8", &c));
	assert_string_equal(inet_strerror(net), "tun: has no link address");
	refused(net, "tun", EINVAL, "tun: which interface? usage: tun:IFNAME");
	refused(net, "tun:t,mac=02:00:00:00:00:01", EINVAL,
		"unknown argument 'mac'");
	refused(net, "tun:t,mtu=65536", EINVAL, "68 to 65535");
	make_tap("ptap", 0, 0);
	refused(net, "tun:ptap", EINVAL, "it is no TUN");
	refused(net, "tun:ptap,queues=2", EINVAL,
		"(ip tuntap add mode tun multi_queue)");
	remove_tap("ptap");
}

static char said[500];

static void keep_log(void *opaque, int level, const char *line)
{
	(void)opaque;
	(void)level;
	snprintf(said, sizeof(said), "%s", line);
}

/* What the log says last when @spec is brought up. */
static const char *said_at_up(const char *spec)
{
	struct inet_env env = *inet_env_default();
	struct inet_config cfg = { .size = sizeof(cfg), .env = &env };
	struct net_device *dev;
	struct net *net;

	env.log = keep_log;
	said[0] = '\0';
	net = inet_create(&cfg);
	dev = inet_netdev_open(net, spec);
	assert_non_null(dev);
	said[0] = '\0';
	assert_int_equal(inet_netdev_up(dev), 0);
	inet_destroy(net);
	return said;
}

static void interface_down_log_says_what_brings_it_up(void **state)
{
	struct ifreq ifr = { .ifr_flags = IFF_UP };

	stack_of(state);
	assert_string_equal(said_at_up("tap:htap,name=eth0"), "eth0: the kernel's "
			    "interface is new: ip address add A.B.C.D/LENGTH "
			    "dev htap; ip link set htap up");
	make_tap("htap", 0, 0);
	assert_string_equal(said_at_up("tap:htap"), "htap: the kernel's "
			    "interface is down: ip link set htap up");
	link_ioctl("htap", SIOCSIFFLAGS, &ifr);
	assert_string_equal(said_at_up("tap:htap"), "");
	remove_tap("htap");
}

static void structure_opens_what_a_line_does(void **state)
{
	struct net *net = stack_of(state);
	struct inet_tap_config c = {
		.size = sizeof(c), .name = "eth0", .mtu = 1280,
		.mac = { 2, 0, 0, 0, 0, 9 }, .nr_queues = 3, .vnet_hdr = true,
	};
	struct net_device *dev = inet_tap_open(net, "ktap", &c);

	assert_non_null(dev);
	assert_string_equal(dev->name, "eth0");
	assert_int_equal(dev->mtu, 1280);
	assert_memory_equal(dev->dev_addr, c.mac, 6);
	assert_int_equal(dev->num_tx_queues, 3);
	assert_int_equal(inet_netdev_get_feature(dev, "tso"), 1);
	dev = inet_tap_open(net, "%d", NULL);
	assert_non_null(dev);
	assert_string_equal(dev->name, "tap0");
	assert_int_equal(dev->num_tx_queues, 1);
	assert_int_equal(inet_netdev_get_feature(dev, "tso"), 0);
}

static void wrong_structure_is_refused(void **state)
{
	struct net *net = stack_of(state);
	struct inet_tap_config c = { .size = 0 };

	for (; c.size <= sizeof(c) + 1; c.size += sizeof(c) + 1) {
		assert_null(inet_tap_open(net, "t0", &c));
		assert_int_equal(errno, EINVAL);
		assert_string_equal(inet_strerror(net), "tap: size is not "
				    "sizeof(struct inet_tap_config)");
	}
	assert_null(inet_tap_open(NULL, "t0", NULL));
	assert_null(inet_tap_open(net, NULL, NULL));
	c = (struct inet_tap_config){ .size = sizeof(c), .mtu = 67 };
	assert_null(inet_tap_open(net, "t0", &c));
	assert_non_null(strstr(inet_strerror(net), "mtu 67"));
	c = (struct inet_tap_config){ .size = sizeof(c), .nr_queues = 65 };
	assert_null(inet_tap_open(net, "t0", &c));
	assert_non_null(strstr(inet_strerror(net), "65 queues"));
	c = (struct inet_tap_config){ .size = sizeof(c), .mac = { 1 } };
	assert_null(inet_tap_open(net, "t0", &c));
	c = (struct inet_tap_config){ .size = sizeof(c),
				      .name = "a name beyond its room" };
	assert_null(inet_tap_open(net, "t0", &c));
	assert_int_equal(errno, EINVAL);
	assert_int_equal(if_nametoindex("t0"), 0);
}

/* ---- permissions ------------------------------------------------------ */

/* A /dev/net/tun of this @mode, for this process only. */
static bool change_tun(mode_t mode)
{
	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", "/dev/net", "tmpfs", 0, NULL) ||
	    mknod("/dev/net/tun", S_IFCHR | mode, makedev(10, 200)))
		return false;
	return chmod("/dev/net/tun", mode) == 0;
}

/* Runs @fn as nobody. Return: what it returns, 77: this cannot be done. */
static int as_nobody(mode_t tun_mode, int (*fn)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		if (!change_tun(tun_mode))
			_exit(77);
		if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
		    setresuid(NOBODY, NOBODY, NOBODY))
			_exit(77);
		_exit(fn());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Opens a TAP. Return: 0 if it works, 1 if it is refused as it should be. */
static int try_open(const char *spec, const char *part)
{
	struct net *net = inet_create(NULL);
	struct net_device *dev = inet_netdev_open(net, spec);
	int ret = 2;

	if (dev)
		ret = inet_netdev_up(dev) == 0 ? 0 : 3;
	else if ((errno == EPERM || errno == EACCES) &&
		 strstr(inet_strerror(net), part))
		ret = 1;
	inet_destroy(net);
	return ret;
}

static int open_new(void)
{
	return try_open("tap:foreign0", "foreign0: /dev/net/tun: Operation not "
			"permitted; needs CAP_NET_ADMIN, or a TAP of your own "
			"(ip tuntap add mode tap user NAME)");
}

static int open_closed_file(void)
{
	return try_open("tap:foreign0", "foreign0: /dev/net/tun: Permission "
			"denied; this user may not open it, which Debian lets "
			"all");
}

static int open_owned(void)
{
	return try_open("tap:mine0", "needs CAP_NET_ADMIN");
}

static int open_not_owned(void)
{
	return try_open("tap:notmine0", "needs CAP_NET_ADMIN");
}

static void without_permission_the_sentence_says_what_is_needed(void **state)
{
	int ret;

	stack_of(state);
	ret = as_nobody(0666, open_new);
	if (ret == 77)
		skip();
	assert_int_equal(ret, 1);
	assert_int_equal(as_nobody(0600, open_closed_file), 1);
}

static void interface_of_a_user_needs_no_privilege(void **state)
{
	int ret;

	stack_of(state);
	make_tap("mine0", NOBODY, 0);
	make_tap("notmine0", 1, 0);
	ret = as_nobody(0666, open_owned);
	if (ret != 77) {
		assert_int_equal(ret, 0);
		assert_int_equal(as_nobody(0666, open_not_owned), 1);
	}
	remove_tap("mine0");
	remove_tap("notmine0");
	if (ret == 77)
		skip();
}

/* ---- the kernel's side ------------------------------------------------ */

static void run_for_ms(struct net *net, u32 ms)
{
	for (u32 i = 0; i < ms; i++)
		inet_run(net, 1000000);
}

static void interface_down_at_open_gives_carrier_when_it_comes_up(void **state)
{
	struct net *net = stack_of(state);
	struct net_device *dev = inet_netdev_open(net, "tap:t0");
	struct ifreq ifr = { 0 };

	assert_int_equal(inet_netdev_up(dev), 0);
	assert_false(dev->carrier);
	link_ioctl("t0", SIOCGIFFLAGS, &ifr);
	ifr.ifr_flags |= IFF_UP;
	link_ioctl("t0", SIOCSIFFLAGS, &ifr);
	for (u32 i = 0; i < 1000 && !dev->carrier; i++)
		inet_run(net, 1000000);
	assert_true(dev->carrier);
	assert_true(dut_is_quiet(net));	/* no more timer */
}

static void deleted_interface_takes_the_carrier_for_good(void **state)
{
	struct net *net = stack_of(state);
	struct net_device *dev = inet_netdev_open(net, "tap:t0");
	struct ifreq ifr = { 0 };
	u8 frame[100];

	link_ioctl("t0", SIOCGIFFLAGS, &ifr);
	ifr.ifr_flags |= IFF_UP;
	link_ioctl("t0", SIOCSIFFLAGS, &ifr);
	assert_int_equal(inet_netdev_up(dev), 0);
	assert_true(dev->carrier);
	if (system("ip link del t0 2>/dev/null"))
		skip();
	run_for_ms(net, 20);
	dut_frame(frame, sizeof(frame), 0);
	dut_xmit(net, dev, frame, sizeof(frame));
	run_for_ms(net, 20);
	assert_false(dev->carrier);
	assert_true(dut_is_quiet(net));
	assert_int_equal(inet_netdev_down(dev), 0);
	assert_int_equal(inet_netdev_up(dev), 0);
	assert_false(dev->carrier);
	assert_int_equal(inet_netdev_close(dev), 0);
}

/* ---- a descriptor that is no TAP -------------------------------------- */

/* ---- several queues --------------------------------------------------- */

#define NR_QUEUES 4u

/* A stack whose softnets are as many as the queues, at rest. */
static int setup_queues(void **state)
{
	const struct inet_config cfg = {
		.size = sizeof(cfg), .mode = INET_THREADED,
		.nr_threads = NR_QUEUES,
	};

	*state = have_namespace ? inet_create(&cfg) : NULL;
	return 0;
}

/* A datagram of flow @flow leaves. */
static void xmit_flow(struct net *net, struct net_device *dev, u32 flow)
{
	static const u8 head[] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0,
		0x45, 0, 0, 46, 0, 0, 0x40, 0, 64, 17, 0, 0,
		10, 0, 0, 2, 10, 0, 0, 1, 0, 0, 0, 9, 0, 26, 0, 0,
	};

	struct sk_buff *skb = alloc_skb(net, 200);
	u8 *frame;

	skb_reserve(skb, 66);
	frame = skb_put(skb, 60);
	memset(frame, 0, 60);
	memcpy(frame, head, sizeof(head));
	frame[34] = (u8)(flow >> 8);
	frame[35] = (u8)flow;
	skb->protocol = htons(0x0800);
	skb->network_header = 66 + 14;
	skb->dev = dev;
	assert_int_equal(dev_queue_xmit(skb), 0);
}

/* Every queue of the device becomes a pair of sockets; *far: the other ends. */
static struct net_device *fake_queues(struct net *net, int *far)
{
	struct net_device *dev = inet_netdev_open(net, "tap:t0,queues=4");
	struct ifreq ifr = { 0 };

	assert_non_null(dev);
	link_ioctl("t0", SIOCGIFFLAGS, &ifr);
	ifr.ifr_flags |= IFF_UP;
	link_ioctl("t0", SIOCSIFFLAGS, &ifr);
	for (u32 i = 0; i < NR_QUEUES; i++) {
		int sv[2], fd = tap_priv(dev)->queue[i].fd;

		assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK,
					    0, sv), 0);
		assert_int_equal(dup2(sv[0], fd), fd);
		close(sv[0]);
		far[i] = sv[1];
	}
	assert_int_equal(inet_netdev_up(dev), 0);
	return dev;
}

static void flows_sent_keep_to_a_queue_each_and_use_all(void **state)
{
	struct net *net = stack_of(state);
	struct net_device *dev;
	int far[NR_QUEUES];
	u32 used = 0;
	u8 frame[60];

	dev = fake_queues(net, far);
	assert_int_equal(dev->num_tx_queues, NR_QUEUES);
	for (u32 flow = 1; flow <= 64; flow++) {
		u32 queues = 0, nr = 0;

		for (u32 i = 0; i < 3; i++)
			xmit_flow(net, dev, flow);
		for (u32 q = 0; q < NR_QUEUES; q++)
			while (recv(far[q], frame, sizeof(frame), 0) > 0) {
				queues |= 1u << q;
				nr++;
			}
		assert_int_equal(nr, 3);
		assert_int_equal(__builtin_popcount(queues), 1);
		used |= queues;
	}
	assert_int_equal(used, (1u << NR_QUEUES) - 1);
	for (u32 q = 0; q < NR_QUEUES; q++)
		close(far[q]);
}

/* Each queue belongs to the softnet of its number, whose thread polls it. */
static void frames_of_a_queue_are_polled_by_its_softnet(void **state)
{
	struct net *net = stack_of(state);
	struct inet_netdev_stats stats = { 0 };
	struct net_device *dev;
	int far[NR_QUEUES];
	u8 frame[60];

	dev = fake_queues(net, far);
	assert_int_equal(inet_start(net), 0);
	dut_frame(frame, sizeof(frame), 0);
	for (u32 q = 0; q < NR_QUEUES; q++)
		for (u32 i = 0; i <= q; i++)
			assert_int_equal(send(far[q], frame, sizeof(frame), 0),
					 sizeof(frame));
	for (u32 ms = 0; ms < 5000 && stats.rx_packets < 10; ms++) {
		inet_netdev_get_stats(dev, &stats);
		usleep(1000);
	}
	assert_int_equal(stats.rx_packets, 10);
	for (u32 q = 0; q < NR_QUEUES; q++) {
		struct tap_queue *tq = &tap_priv(dev)->queue[q];

		assert_int_equal(READ_ONCE(tq->rx_packets), q + 1);
		assert_ptr_equal(tq->napi.softnet, &net->softnets[q]);
		close(far[q]);
	}
}

static void interface_with_queues_is_attached_and_given_back(void **state)
{
	struct net *net = stack_of(state);
	struct net_device *dev;

	make_tap("mq0", 0, IFF_MULTI_QUEUE);
	for (u32 nr = 1; nr <= 3; nr++) {
		char spec[40];

		snprintf(spec, sizeof(spec), "tap:mq0,queues=%u", nr);
		dev = inet_netdev_open(net, spec);
		assert_non_null(dev);
		assert_int_equal(dev->num_rx_queues, nr);
		assert_int_equal(inet_netdev_up(dev), 0);
		assert_int_equal(inet_netdev_close(dev), 0);
		assert_true(if_nametoindex("mq0") != 0);
	}
	assert_non_null(inet_netdev_open(net, "tap:%d,queues=64"));
}

/*
 * The device's descriptor becomes one end of a pair of datagram sockets, so
 * that the test can send what no kernel would, and can refuse to read.
 * Return: the other end.
 */
static int fake_tap(struct net *net, struct net_device **dev)
{
	int sv[2], size = 16384, fd;
	struct ifreq ifr = { 0 };

	*dev = inet_netdev_open(net, "tap:t0");
	assert_non_null(*dev);
	link_ioctl("t0", SIOCGIFFLAGS, &ifr);
	ifr.ifr_flags |= IFF_UP;
	link_ioctl("t0", SIOCSIFFLAGS, &ifr);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, sv),
			 0);
	setsockopt(sv[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	fd = tap_priv(*dev)->queue[0].fd;
	assert_int_equal(dup2(sv[0], fd), fd);
	close(sv[0]);
	assert_int_equal(inet_netdev_up(*dev), 0);
	assert_true((*dev)->carrier);
	return sv[1];
}

/* @attack L1 */
static void runts_of_every_length_are_dropped(void **state)
{
	struct net *net = stack_of(state);
	struct inet_netdev_stats stats;
	struct net_device *dev;
	int far = fake_tap(net, &dev);
	u8 frame[14];
	u64 drops;

	dut_frame(frame, sizeof(frame), 0);
	for (u32 len = 0; len < sizeof(frame); len++)
		assert_int_equal(send(far, frame, len, 0), len);
	run_for_ms(net, 5);
	assert_int_equal(inet_drop_get(net, "RX_SHORT", &drops), 0);
	assert_int_equal(drops, 14);
	inet_netdev_get_stats(dev, &stats);
	assert_int_equal(stats.rx_length_errors, 14);
	close(far);
}

/* The kernel does not take more: the queue stops, and goes on later. */
static void full_descriptor_holds_back_and_loses_nothing(void **state)
{
	struct net *net = stack_of(state);
	struct inet_netdev_stats stats;
	struct net_device *dev;
	int far = fake_tap(net, &dev);
	u8 frame[500], got[600];

	for (u32 i = 0; i < 300; i++) {
		dut_frame(frame, sizeof(frame), i);
		assert_int_equal(dut_xmit(net, dev, frame, sizeof(frame)), 0);
	}
	inet_netdev_get_stats(dev, &stats);
	assert_true(stats.tx_packets < 100);
	for (u32 i = 0, idle = 0; i < 300 && idle < 1000;) {
		ssize_t n = recv(far, got, sizeof(got), 0);

		if (n < 0) {
			inet_run(net, 1000000);
			idle++;
			continue;
		}
		idle = 0;
		dut_frame(frame, sizeof(frame), i++);
		assert_int_equal(n, sizeof(frame));
		assert_memory_equal(got, frame, sizeof(frame));
	}
	inet_netdev_get_stats(dev, &stats);
	assert_int_equal(stats.tx_packets, 300);
	assert_int_equal(stats.tx_errors + stats.tx_dropped, 0);
	close(far);
}

static void frames_without_memory_are_counted_and_the_next_arrive(void **state)
{
	struct net *net = stack_of(state);
	struct inet_netdev_stats stats;
	struct packet_type pt;
	struct dut_frames rx = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct sk_buff *hoard[600];
	struct net_device *dev;
	int far = fake_tap(net, &dev);
	u32 nr = 0;
	u8 frame[100];

	dut_collect(&rx, net, &pt, dev);
	dut_frame(frame, sizeof(frame), 1);
	/* Headers come from a cache until the next slab is refused. */
	mem_fail_nth(&net->mem, 1);
	while (nr < 600 && (hoard[nr] = alloc_skb(net, 100)))
		nr++;
	assert_true(mem_failed(&net->mem));
	mem_fail_nth(&net->mem, 1);
	assert_int_equal(send(far, frame, sizeof(frame), 0), sizeof(frame));
	run_for_ms(net, 2);
	inet_netdev_get_stats(dev, &stats);
	assert_int_equal(stats.rx_dropped, 1);
	assert_int_equal(rx.nr, 0);
	mem_fail_nth(&net->mem, 0);
	assert_int_equal(send(far, frame, sizeof(frame), 0), sizeof(frame));
	run_for_ms(net, 2);
	assert_int_equal(rx.nr, 1);
	while (nr)
		consume_skb(hoard[--nr]);
	dev_remove_pack(net, &pt);
	dut_frames_clear(&rx);
	close(far);
}

#define TAP_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#define QUEUES_TEST(f) \
	cmocka_unit_test_setup_teardown(f, setup_queues, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TAP_TEST(new_interfaces_are_numbered_by_the_kernel),
		TAP_TEST(arguments_given_are_used),
		TAP_TEST(existing_interface_is_attached_with_its_mtu),
		TAP_TEST(interface_down_log_says_what_brings_it_up),
		TAP_TEST(structure_opens_what_a_line_does),
		TAP_TEST(tun_is_opened_as_a_tap_is),
		TAP_TEST(wrong_structure_is_refused),
		TAP_TEST(bad_arguments_are_refused_with_a_sentence),
		TAP_TEST(
			without_permission_the_sentence_says_what_is_needed),
		TAP_TEST(interface_of_a_user_needs_no_privilege),
		TAP_TEST(
			interface_down_at_open_gives_carrier_when_it_comes_up),
		TAP_TEST(deleted_interface_takes_the_carrier_for_good),
		QUEUES_TEST(flows_sent_keep_to_a_queue_each_and_use_all),
		QUEUES_TEST(frames_of_a_queue_are_polled_by_its_softnet),
		TAP_TEST(interface_with_queues_is_attached_and_given_back),
		TAP_TEST(runts_of_every_length_are_dropped),
		TAP_TEST(full_descriptor_holds_back_and_loses_nothing),
		TAP_TEST(
			frames_without_memory_are_counted_and_the_next_arrive),
	};

	have_namespace = dut_namespace();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
