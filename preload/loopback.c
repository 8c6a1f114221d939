/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * INET_LOOPBACK=host: addresses of 127.0.0.0/8 are the host kernel's. Whether a socket
 * is to have one is known only when it is bound, connected or sends; it is made one of
 * the kernel's then, under the number that it has: with its options, its flags and its
 * places in epoll, which the kernel takes off a number that gets another socket.
 *
 * A socket that has its address from here is bound to 127.0.0.0/8, also when it is
 * of UDP and not connected: nothing of it leaves the host.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload.h"

#define PLACES 16		/* in epoll descriptors; more are lost */

static const struct {
	int level, name;
} options[] = {
	{ SOL_SOCKET, SO_REUSEADDR },	{ SOL_SOCKET, SO_REUSEPORT },
	{ SOL_SOCKET, SO_KEEPALIVE },	{ SOL_SOCKET, SO_BROADCAST },
	{ SOL_SOCKET, SO_OOBINLINE },	{ SOL_SOCKET, SO_LINGER },
	{ SOL_SOCKET, SO_RCVTIMEO },	{ SOL_SOCKET, SO_SNDTIMEO },
	{ SOL_SOCKET, SO_TIMESTAMP },	{ SOL_SOCKET, SO_TIMESTAMPNS },
	{ SOL_SOCKET, SO_TIMESTAMPING },
	{ IPPROTO_IP, IP_TOS },		{ IPPROTO_IP, IP_TTL },
	{ IPPROTO_IP, IP_RECVTTL },	{ IPPROTO_IP, IP_RECVTOS },
	{ IPPROTO_IP, IP_PKTINFO },	{ IPPROTO_IP, IP_RECVERR },
	{ IPPROTO_TCP, TCP_NODELAY },	{ IPPROTO_TCP, TCP_CORK },
	{ IPPROTO_TCP, TCP_KEEPIDLE },	{ IPPROTO_TCP, TCP_KEEPINTVL },
	{ IPPROTO_TCP, TCP_KEEPCNT },	{ IPPROTO_TCP, TCP_USER_TIMEOUT },
	{ IPPROTO_TCP, TCP_DEFER_ACCEPT },
};

/* Is @addr one that stays with the host? */
static bool is_hosts(const struct sockaddr *addr, socklen_t len)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)addr;
	const char *choice = getenv("INET_LOOPBACK");

	return choice && !strcmp(choice, "host") && len >= sizeof(*in) &&
	       in->sin_family == AF_INET && ntohl(in->sin_addr.s_addr) >> 24 == 127;
}

/* What has been set of the socket, and is not so by itself, of the new one, too. */
static void copy_options(int from, int to, bool tcp)
{
	union {
		int number;
		struct linger linger;
		struct timeval time;
	} was, is;
	socklen_t was_len, is_len;
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (options[i].level == IPPROTO_TCP && !tcp)
			continue;
		was_len = is_len = sizeof(was);
		if (getsockopt(from, options[i].level, options[i].name, &was, &was_len) ||
		    syscall(SYS_getsockopt, to, options[i].level, options[i].name, &is,
			    &is_len) || (was_len == is_len && !memcmp(&was, &is, is_len)))
			continue;
		syscall(SYS_setsockopt, to, options[i].level, options[i].name, &was,
			was_len);
	}
}

/* A place in an epoll descriptor. */
struct place {
	int epoll;
	struct epoll_event event;
};

/*
 * Takes @fd out of the epoll descriptor @epoll, of which the kernel tells in lines
 * "tfd: 5 events: 19 data: 5 pos:0 ino:3a41 sdev:8". Return: how many places @p has.
 */
static size_t leave_epoll(int epoll, int fd, ino_t ino, struct place *p, size_t n)
{
	char path[64], line[256];
	unsigned long long data;
	unsigned int events;
	unsigned long inode;
	FILE *info;
	int tfd;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", epoll);
	info = fopen(path, "re");
	while (info && n < PLACES && fgets(line, sizeof(line), info)) {
		if (sscanf(line, "tfd: %d events: %x data: %llx pos:%*s ino:%lx", &tfd,
			   &events, &data, &inode) != 4 || tfd != fd || inode != ino ||
		    epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL))
			continue;
		p[n++] = (struct place){ epoll, { events, { .u64 = data } } };
		break;
	}
	if (info)
		fclose(info);
	return n;
}

/* The same of all epoll descriptors of this process. */
static size_t leave_all(int fd, struct place *p)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	char what[32] = "";
	struct stat st;
	size_t n = 0;

	if (!dir || fstat(fd, &st)) {
		if (dir)
			closedir(dir);
		return 0;
	}
	while ((entry = readdir(dir))) {
		ssize_t len = readlinkat(dirfd(dir), entry->d_name, what, sizeof(what) - 1);

		what[len > 0 ? len : 0] = 0;
		if (!strcmp(what, "anon_inode:[eventpoll]"))
			n = leave_epoll(atoi(entry->d_name), fd, st.st_ino, p, n);
	}
	closedir(dir);
	return n;
}

/* Puts @new in the place of @fd, everywhere. 0 or an errno. */
static int replace(int fd, int new)
{
	struct place places[PLACES];
	int cloexec = fcntl(fd, F_GETFD) & FD_CLOEXEC ? O_CLOEXEC : 0;
	size_t i, n = leave_all(fd, places);
	int err = dup3(new, fd, cloexec) < 0 ? errno : 0;

	for (i = 0; i < n; i++)
		epoll_ctl(places[i].epoll, EPOLL_CTL_ADD, fd, &places[i].event);
	return err;
}

/* A socket of the kernel's as the one of @sock, whose port it has. Return: -1 with
 * errno. */
static int make(const struct shim_socket *sock, bool known, in_port_t port, bool bound)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = port,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	bool tcp = sock->kind == 's';
	int type = tcp ? SOCK_STREAM : sock->own.type;
	int flags = fcntl(sock->fd, F_GETFL) & O_NONBLOCK ? SOCK_NONBLOCK : 0;
	int new = shim_next_socket()(AF_INET, type | flags | SOCK_CLOEXEC,
				     tcp ? IPPROTO_TCP : sock->own.protocol);

	if (new < 0)
		return -1;
	if (known)
		copy_options(sock->fd, new, tcp);
	if (!bound || !shim_next_bind()(new, (struct sockaddr *)&addr, sizeof(addr)))
		return new;
	close(new);
	return -1;
}

/* It has no peer, does not listen, and its own address is none of the stack's: of TCP a
 * port is allowed. */
static bool is_free(const struct shim_socket *sock, bool *known, in_port_t *port)
{
	struct shim_call call = { .op = SHIM_SOCKNAME };
	struct sockaddr_in own = { 0 };
	struct shim_reply reply;
	socklen_t len = sizeof(int);
	int listens = 0;

	syscall(SYS_getsockopt, sock->fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len);
	if (listens || (sock->kind == 's' && sock->attached) || sock->kind == 'c' ||
	    (sock->kind == 'd' && sock->own.type == SOCK_RAW))
		return false;
	*known = !shim_call(sock, &call, &reply);
	if (*known)
		memcpy(&own, reply.data, sizeof(own));
	*port = own.sin_port;
	return !own.sin_addr.s_addr && (sock->kind == 's' || !own.sin_port);
}

int shim_loopback(const struct shim_socket *sock, const struct sockaddr *addr,
		  socklen_t len, bool bind)
{
	bool known = false, dgram = sock->kind == 'd';
	int new, err, before = errno;
	in_port_t port = 0;

	if (!addr || !is_hosts(addr, len) || !is_free(sock, &known, &port) ||
	    (bind && port))
		return 0;
	new = make(sock, known, port, !bind && (dgram || port));
	if (new < 0)
		return -1;
	err = replace(sock->fd, new);
	close(new);
	errno = err ? err : before;
	return err ? -1 : 1;
}
