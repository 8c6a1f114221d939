/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which processes have a socket of the stack: theirs is an AF_UNIX socket, whose other end
 * the owner has told of. The kernel knows both numbers (sock_diag(7)), and /proc who has
 * a descriptor.
 */
#include <dirent.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "protocol.h"
#include "ss.h"

/* An AF_UNIX socket of the kernel's. */
struct end {
	uint32_t inode, peer;
	unsigned char state;
	uint64_t id;		/* of a socket that a program has made; else 0 */
};

/* A descriptor. */
struct user {
	unsigned long inode;
	int pid, fd;
	char name[20];
};

static struct end *ends;
static struct user *users;
static size_t nr_ends, nr_users;

/* Room for one more. NULL: no memory. */
static void *more(void **all, size_t *n, size_t size)
{
	char *bigger = *n & (*n - 1) ? *all : realloc(*all, (*n ? 2 * *n : 1) * size);

	if (!bigger)
		return NULL;
	*all = bigger;
	return memset(bigger + (*n)++ * size, 0, size);
}

/* One of the kernel's messages. */
static void read_end(const struct nlmsghdr *nlh, const char *stack)
{
	const struct unix_diag_msg *msg = NLMSG_DATA(nlh);
	int len = (int)NLMSG_PAYLOAD(nlh, sizeof(*msg));
	struct rtattr *attr = (struct rtattr *)(msg + 1);
	struct end *end = more((void **)&ends, &nr_ends, sizeof(*end));
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct shim_name name;
	size_t room;

	if (!end)
		return;
	end->inode = msg->udiag_ino;
	end->state = msg->udiag_state;
	for (; RTA_OK(attr, len); attr = RTA_NEXT(attr, len)) {
		room = RTA_PAYLOAD(attr);
		if (attr->rta_type == UNIX_DIAG_PEER && room == sizeof(end->peer))
			memcpy(&end->peer, RTA_DATA(attr), room);
		if (attr->rta_type != UNIX_DIAG_NAME || room > sizeof(un.sun_path))
			continue;
		memcpy(un.sun_path, RTA_DATA(attr), room);
		if (shim_parse(&un, (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
						room), &name) &&
		    !strcmp(name.owner, stack) && name.kind == 's')
			end->id = name.id;
	}
}

/* All of the kernel's AF_UNIX sockets in this namespace. */
static void read_ends(const char *stack)
{
	struct {
		struct nlmsghdr nlh;
		struct unix_diag_req req;
	} ask = { { sizeof(ask), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 },
		  { .sdiag_family = AF_UNIX, .udiag_states = ~0u,
		    .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER } };
	static char buf[65536] __attribute__((aligned(NLMSG_ALIGNTO)));
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	struct nlmsghdr *nlh;
	bool done = fd < 0 || send(fd, &ask, sizeof(ask), 0) < 0;
	ssize_t n;
	unsigned int left;

	while (!done && (n = recv(fd, buf, sizeof(buf), 0)) > 0) {
		left = (unsigned int)n;
		for (nlh = (struct nlmsghdr *)buf; NLMSG_OK(nlh, left);
		     nlh = NLMSG_NEXT(nlh, left)) {
			done = nlh->nlmsg_type != SOCK_DIAG_BY_FAMILY;
			if (done)
				break;
			read_end(nlh, stack);
		}
	}
	if (fd >= 0)
		close(fd);
}

/* The descriptors of one process. */
static void read_process(int pid)
{
	char path[64], target[64], name[20] = "";
	unsigned long inode;
	struct dirent *entry;
	struct user *user;
	ssize_t n;
	FILE *comm;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	comm = fopen(path, "re");
	if (comm && fgets(name, sizeof(name), comm))
		name[strcspn(name, "\n")] = 0;
	if (comm)
		fclose(comm);
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = 0;
		if (sscanf(target, "socket:[%lu", &inode) != 1)
			continue;
		user = more((void **)&users, &nr_users, sizeof(*user));
		if (!user)
			break;
		user->inode = inode;
		user->pid = pid;
		user->fd = atoi(entry->d_name);
		memcpy(user->name, name, sizeof(name));
	}
	if (dir)
		closedir(dir);
}

void ss_users_read(const char *stack)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	read_ends(stack);
	while (dir && (entry = readdir(dir)))
		if (atoi(entry->d_name) > 0)
			read_process(atoi(entry->d_name));
	if (dir)
		closedir(dir);
}

/* The number of the program's end. 0: not known. */
static unsigned long programs_end(const struct admin_socket *as)
{
	size_t i;

	for (i = 0; i < nr_ends; i++) {
		if (as->inode && ends[i].inode == as->inode)
			return ends[i].peer;
		/* Those that are accepted have their listener's name. */
		if (!as->inode && as->kind == 's' && ends[i].id == as->id &&
		    (ends[i].state == SS_LISTEN || !ends[i].peer))
			return ends[i].inode;
	}
	return 0;
}

void ss_users_print(const struct admin_socket *as, char *text, size_t size)
{
	unsigned long inode = programs_end(as);
	size_t i, used = 0;

	*text = 0;
	for (i = 0; inode && i < nr_users && used < size - 64; i++)
		if (users[i].inode == inode)
			used += (size_t)snprintf(text + used, size - used,
						 "%s(\"%s\",pid=%d,fd=%d)",
						 used ? "," : "users:(", users[i].name,
						 users[i].pid, users[i].fd);
	if (used)
		snprintf(text + used, size - used, ")");
}
