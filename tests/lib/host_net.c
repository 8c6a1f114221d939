/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's network in a namespace of our own: see host_net.h. */
#include "host_net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

static bool write_file(const char *path, const char *text)
{
	size_t len = strlen(text);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, len) == (ssize_t)len;

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Root in a user namespace, for who is not root outside. */
static bool become_root(uid_t uid, gid_t gid)
{
	char map[32];

	if (!write_file("/proc/self/setgroups", "deny"))
		return false;
	snprintf(map, sizeof(map), "0 %u 1", gid);
	if (!write_file("/proc/self/gid_map", map))
		return false;
	snprintf(map, sizeof(map), "0 %u 1", uid);
	return write_file("/proc/self/uid_map", map);
}

/* The backlog of a processor is a queue: what one call sends over the loopback
 * is received in order. */
static void one_processor(void)
{
	cpu_set_t set;
	int cpu = sched_getcpu();

	CPU_ZERO(&set);
	CPU_SET(cpu < 0 ? 0 : cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

const char *host_net_enter(void)
{
	uid_t uid = getuid();
	gid_t gid = getgid();

	if (uid ? unshare(CLONE_NEWUSER | CLONE_NEWNET) : unshare(CLONE_NEWNET))
		return strerror(errno);
	if (uid && !become_root(uid, gid))
		return "the user namespace has no root";
	if (!host_net_run("ip link set lo up"))
		return "no ip(8), or it may not";
	one_processor();
	return NULL;
}

void host_net_sysctl(const char *name, const char *value)
{
	char path[128] = "/proc/sys/", *c = path + strlen(path);

	assert_true(strlen(path) + strlen(name) < sizeof(path));
	strcpy(c, name);
	for (; *c; c++)
		if (*c == '.')
			*c = '/';
	if (access(path, F_OK) == 0 && !write_file(path, value))
		fail_msg("%s = %s: %s", name, value, strerror(errno));
}

bool host_net_run(const char *command)
{
	fflush(stdout);
	return system(command) == 0;
}

int host_net_tun(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -1;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &ifr)) {
		close(fd);
		return -1;
	}
	return fd;
}

bool host_net_has_uso(void)
{
	/* TUN_F_CSUM, TUN_F_USO4, TUN_F_USO6: older headers lack the last two */
	int fd = host_net_tun("probe");
	bool has = fd >= 0 && !ioctl(fd, TUNSETOFFLOAD, 0x01 | 0x20 | 0x40);

	if (!has)
		fputs("# the kernel leaves no UDP uncut\n", stdout);
	if (fd >= 0)
		close(fd);
	return has;
}

const char *host_net_enter_tun(void)
{
	const char *why = host_net_enter();
	int fd;

	if (why)
		return why;
	fd = host_net_tun("probe");
	if (fd < 0)
		return "no TUN";
	close(fd);
	return NULL;
}
