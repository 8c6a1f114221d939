/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TAP beyond the contract of devices: opening, permissions, the kernel's
 * interface going away. In a network namespace of its own; skipped where that
 * is not allowed.
 */
#include "unit.h"

#include <errno.h>
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
	refused(net, "tap:t,queues=2", EINVAL, "unknown argument 'queues'");
	refused(net, "tap:t,mac=01:00:00:00:00:01", EINVAL, "multicast");
	refused(net, "tap:a-name-that-is-long", EINVAL, "longer than 15");
	refused(net, "tap:lo", EINVAL, "it is no TAP");
	assert_non_null(inet_netdev_open(net, "tap:t0"));
	refused(net, "tap:t1,name=t0", EEXIST, "t0");
	assert_int_equal(if_nametoindex("t1"), 0);
	make_tap("mq", 0, IFF_MULTI_QUEUE);
	refused(net, "tap:mq", EINVAL, "several queues");
}

/* ---- permissions ------------------------------------------------------ */

/* A /dev/net/tun that everybody may open, for this process only. */
static bool open_tun_to_all(void)
{
	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", "/dev/net", "tmpfs", 0, NULL) ||
	    mknod("/dev/net/tun", S_IFCHR | 0666, makedev(10, 200)))
		return false;
	return chmod("/dev/net/tun", 0666) == 0;
}

/* Runs @fn as nobody. Return: what it returns, 77: this cannot be done. */
static int as_nobody(bool tun_for_all, int (*fn)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		if (tun_for_all && !open_tun_to_all())
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
	return try_open("tap:foreign0", "foreign0: /dev/net/tun: ");
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
	ret = as_nobody(true, open_new);
	if (ret == 77)
		skip();
	assert_int_equal(ret, 1);
}

static void interface_of_a_user_needs_no_privilege(void **state)
{
	int ret;

	stack_of(state);
	make_tap("mine0", NOBODY, 0);
	make_tap("notmine0", 1, 0);
	ret = as_nobody(true, open_owned);
	if (ret != 77) {
		assert_int_equal(ret, 0);
		assert_int_equal(as_nobody(true, open_not_owned), 1);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TAP_TEST(new_interfaces_are_numbered_by_the_kernel),
		TAP_TEST(arguments_given_are_used),
		TAP_TEST(existing_interface_is_attached_with_its_mtu),
		TAP_TEST(bad_arguments_are_refused_with_a_sentence),
		TAP_TEST(
			without_permission_the_sentence_says_what_is_needed),
		TAP_TEST(interface_of_a_user_needs_no_privilege),
		TAP_TEST(
			interface_down_at_open_gives_carrier_when_it_comes_up),
		TAP_TEST(deleted_interface_takes_the_carrier_for_good),
		TAP_TEST(runts_of_every_length_are_dropped),
		TAP_TEST(full_descriptor_holds_back_and_loses_nothing),
		TAP_TEST(
			frames_without_memory_are_counted_and_the_next_arrive),
	};

	have_namespace = dut_namespace();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
