/* SPDX-License-Identifier: BSD-2-Clause */
/* The Linux kernel's side of the bench programs over TAP and veth. */
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/if_tun.h>

#define CHUNK 65536
#define DATAGRAM 1472
#define SMALL 18
#define AT_ONCE 32		/* connections, or datagrams on their way */
#define LOST_US 100000		/* a datagram that takes longer is lost */
#define FIRST_PORT 1024
#define GIVE_UP_S 300

static volatile sig_atomic_t ended;

/* ---- the rows, in the peer's process ---------------------------------- */

/*
 * A socket from port @own (0: any) to @port of the stack. Its congestion
 * control is cubic, whatever this system prefers.
 */
static int client(int type, uint16_t own, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	const int on = 1;

	bench_want(fd >= 0, "peer: socket");
	sin.sin_port = htons(own);
	bench_want(!own || !bind(fd, (struct sockaddr *)&sin, sizeof(sin)),
		   "peer: bind");
	if (type == SOCK_STREAM) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		bench_want(!setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic",
				       5), "peer: cubic");
	}
	sin.sin_port = htons(port);
	sin.sin_addr.s_addr = htonl(PEER_STACK);
	bench_want(!connect(fd, (struct sockaddr *)&sin, sizeof(sin)) ||
		   errno == EINPROGRESS, "peer: connect");
	return fd;
}

/* There are ports for @count connections. */
static void want_ports(uint64_t count)
{
	errno = ERANGE;
	bench_want(count <= 0xffff - FIRST_PORT, "peer: connections");
}

/* What comes up to the end. */
static uint64_t drain(int fd)
{
	char buf[CHUNK];
	uint64_t got = 0;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		got += (uint64_t)n;
	bench_want(n == 0, "peer: read");
	return got;
}

/* The kernel sends; it is over when the stack has read and closed. */
static void bulk_in(void *unused, uint64_t count)
{
	static const char buf[CHUNK];
	uint64_t left = count << 20;
	int fd = client(SOCK_STREAM, 0, PEER_DISCARD);
	ssize_t n;

	(void)unused;
	while (left) {
		n = write(fd, buf, left < CHUNK ? (size_t)left : CHUNK);
		bench_want(n > 0, "peer: write");
		left -= (uint64_t)n;
	}
	shutdown(fd, SHUT_WR);
	bench_want(drain(fd) == 0, "peer: bulk-in");
	close(fd);
}

static void bulk_out(void *unused, uint64_t count)
{
	int fd = client(SOCK_STREAM, 0, PEER_SOURCE);

	(void)unused;
	errno = EPROTO;
	bench_want(drain(fd) == count << 20, "peer: bulk-out");
	close(fd);
}

/* A question and its answer. @flags: MSG_DONTWAIT does not sleep for it. */
static void ask(int fd, int flags)
{
	char byte = 'q';
	ssize_t n;

	bench_want(write(fd, &byte, 1) == 1, "peer: question");
	do
		n = recv(fd, &byte, 1, flags);
	while (n < 0 && errno == EAGAIN);
	bench_want(n == 1, "peer: answer");
}

static int by_size(const void *a, const void *b)
{
	const float *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* @count questions, and how long half and 99 of 100 of them took at most. */
static void questions(struct bench_result *r, uint64_t count, int flags)
{
	float *us = calloc(count, sizeof(*us));
	int fd = client(SOCK_STREAM, 0, PEER_ECHO);
	double begin = bench_now(), end;
	uint64_t i;

	bench_want(us != NULL, "peer: memory");
	for (i = 0; i < count; i++) {
		ask(fd, flags);
		end = bench_now();
		us[i] = (float)((end - begin) * 1e6);
		begin = end;
	}
	close(fd);
	qsort(us, count, sizeof(*us), by_size);
	r->p50_us = us[count / 2];
	r->p99_us = us[count * 99 / 100];
	free(us);
}

static void rr(void *result, uint64_t count)
{
	questions(result, count, 0);
}

static void rr_spin(void *result, uint64_t count)
{
	questions(result, count, MSG_DONTWAIT);
}

/*
 * The kernel closes first, and has the TIME-WAITs: each connection has a port
 * of its own, chosen here because the kernel searches ever longer for a free
 * one, until that is all that one measures.
 */
static void connects_one(void *unused, uint64_t count)
{
	uint64_t i;
	int fd;

	(void)unused;
	want_ports(count);
	for (i = 0; i < count; i++) {
		fd = client(SOCK_STREAM, (uint16_t)(FIRST_PORT + i), PEER_ECHO);
		ask(fd, 0);
		close(fd);
	}
}

/* Begins a connection; it is served by what @epoll says. */
static void begin_connection(int epoll, uint16_t port)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLET };

	ev.data.fd = client(SOCK_STREAM | SOCK_NONBLOCK, port, PEER_ECHO);
	bench_want(!epoll_ctl(epoll, EPOLL_CTL_ADD, ev.data.fd, &ev),
		   "peer: epoll");
}

/* A step of a connection: its question, or the answer. True: it is over. */
static bool step(const struct epoll_event *ev)
{
	char byte = 'q';

	if (!(ev->events & EPOLLIN)) {
		bench_want(write(ev->data.fd, &byte, 1) == 1, "peer: question");
		return false;
	}
	bench_want(read(ev->data.fd, &byte, 1) == 1, "peer: answer");
	close(ev->data.fd);
	return true;
}

/* The same, AT_ONCE of them under way. */
static void connects(void *unused, uint64_t count)
{
	struct epoll_event ev[AT_ONCE];
	int epoll = epoll_create1(EPOLL_CLOEXEC), i, n;
	uint64_t begun = 0, done = 0;

	(void)unused;
	want_ports(count);
	while (done < count) {
		for (; begun < count && begun - done < AT_ONCE; begun++)
			begin_connection(epoll, (uint16_t)(FIRST_PORT + begun));
		n = epoll_wait(epoll, ev, AT_ONCE, -1);
		for (i = 0; i < n; i++)
			done += step(&ev[i]);
	}
	close(epoll);
}

/* AT_ONCE datagrams are on their way; what is lost is sent again. */
static void datagrams(uint64_t count, ssize_t size)
{
	const struct timeval lost = { .tv_usec = LOST_US };
	int fd = client(SOCK_DGRAM, 0, PEER_ECHO);
	uint64_t sent = 0, got = 0;
	char buf[DATAGRAM] = { 0 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &lost, sizeof(lost));
	while (got < count) {
		while (sent < count && sent - got < AT_ONCE)
			sent += send(fd, buf, (size_t)size, 0) == size;
		if (recv(fd, buf, sizeof(buf), 0) == size)
			got++;
		else if (errno == EAGAIN)
			sent = got;
	}
	close(fd);
}

static void udp(void *unused, uint64_t count)
{
	(void)unused;
	datagrams(count, DATAGRAM);
}

static void udp_small(void *unused, uint64_t count)
{
	(void)unused;
	datagrams(count, SMALL);
}

const struct bench_row peer_rows[] = {
	{ "bulk-out", 1024, bulk_out },
	{ "bulk-in", 1024, bulk_in },
	{ "rr", 100000, rr },
	{ "rr-adaptive", 100000, rr },
	{ "rr-spin", 200000, rr_spin },
	{ "connect", 40000, connects },
	{ "connect-one", 20000, connects_one },
	{ "udp", 300000, udp },
	{ "udp-18", 300000, udp_small },
	{ NULL, 0, NULL },
};

/*
 * How the server of a row waits: as the name of the row says, where it can.
 *
 * Return: how long it may sleep, in ms
 */
int peer_patience(const struct bench_result *result)
{
	return strncmp(result->row->name, "rr-", 3) ? PEER_LOOK_MS : 0;
}

/* ---- the namespace ---------------------------------------------------- */

/* Become root of a user namespace. Return: 0, or -1 with errno. */
static int be_root(void)
{
	char map[64];
	ssize_t n = -1;
	int fd;

	snprintf(map, sizeof(map), "0 %u 1", (unsigned int)getuid());
	if (unshare(CLONE_NEWUSER))
		return -1;
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = write(fd, map, strlen(map));
		close(fd);
	}
	return n < 0 ? -1 : 0;
}

/* A network of our own, by a user namespace where we are not root. */
void peer_namespace(void)
{
	if (unshare(CLONE_NEWNET) && (be_root() || unshare(CLONE_NEWNET)))
		bench_skip("a network namespace", strerror(errno));
}

/* There are TAPs here. */
void peer_tun(void)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		bench_skip("/dev/net/tun", strerror(errno));
	close(fd);
}

/* Does BENCH_TAP ask for a virtio_net_hdr before each frame? */
bool peer_vnet(void)
{
	const char *more = getenv("BENCH_TAP");

	return more && strstr(more, "vnet");
}

/* A TAP of our own, which does not wait. @vnet: with a virtio_net_hdr before each
 * frame; checksums and TSO are left to the other side. Return: its descriptor. */
int peer_tap(const char *name, bool vnet)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (vnet)
		ifr.ifr_flags |= IFF_VNET_HDR;
	bench_want(fd >= 0 && !ioctl(fd, TUNSETIFF, &ifr), "peer: TAP");
	bench_want(!vnet || !ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4),
		   "peer: offloads");
	return fd;
}

static void command(const char *text)
{
	if (system(text))
		bench_skip(text, "it failed");
}

/*
 * A veth from PEER_TAP, the kernel's end, to PEER_VETH. Neither end leaves
 * checksums or segments to the other, unless VETH_OFFLOADS is set. BENCH_MTU is
 * the MTU, if not Ethernet's.
 */
void peer_veth(void)
{
	const char *mtu = getenv("BENCH_MTU");
	char text[128];

	snprintf(text, sizeof(text), "ip link add " PEER_VETH " mtu %d type "
		 "veth peer name " PEER_TAP " mtu %d",
		 mtu ? atoi(mtu) : 1500, mtu ? atoi(mtu) : 1500);
	command(text);
	command("ip link set " PEER_VETH " up");
	if (!getenv("VETH_OFFLOADS"))
		command("ethtool -K " PEER_TAP " tx off >/dev/null && "
			"ethtool -K " PEER_VETH " tx off >/dev/null");
}

/* PEER_VETH moves to another namespace. */
void peer_move(int netns)
{
	char text[100];

	snprintf(text, sizeof(text), "ip link set " PEER_VETH
		 " netns /proc/%d/fd/%d", (int)getpid(), netns);
	command(text);
}

/* The loopback of this namespace is up. */
void peer_loopback(void)
{
	command("ip link set lo up");
}

/* PEER_VETH is an interface of the kernel too, with the stack's address. */
void peer_configure_stack(void)
{
	command("ip address add 10.0.0.2/24 dev " PEER_VETH);
	command("ip link set " PEER_VETH " up");
}

/* The kernel's end of PEER_TAP gets its address and goes up. */
void peer_up(void)
{
	struct ifreq ifr = { .ifr_name = PEER_TAP };
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	bench_want(fd >= 0, "peer: socket");
	sin.sin_addr.s_addr = htonl(PEER_KERNEL);
	memcpy(&ifr.ifr_addr, &sin, sizeof(sin));
	bench_want(!ioctl(fd, SIOCSIFADDR, &ifr), "peer: address");
	sin.sin_addr.s_addr = htonl(0xffffff00u);
	memcpy(&ifr.ifr_netmask, &sin, sizeof(sin));
	bench_want(!ioctl(fd, SIOCSIFNETMASK, &ifr), "peer: netmask");
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	bench_want(!ioctl(fd, SIOCSIFFLAGS, &ifr), "peer: up");
	close(fd);
}

/* ---- the process ------------------------------------------------------ */

static void child_ended(int sig)
{
	(void)sig;
	ended = 1;
}

/* The stack keeps the last of its cores, the peer gets all others. */
static void part_cores(cpu_set_t *others)
{
	long nr = sysconf(_SC_NPROCESSORS_ONLN), i, own = 0;
	cpu_set_t ours;

	CPU_ZERO(others);
	if (sched_getaffinity(0, sizeof(ours), &ours))
		return;
	for (i = 0; i < nr && i < CPU_SETSIZE; i++) {
		CPU_SET((size_t)i, others);
		if (CPU_ISSET((size_t)i, &ours))
			own = i;
	}
	CPU_ZERO(&ours);
	CPU_SET((size_t)own, &ours);
	sched_setaffinity(0, sizeof(ours), &ours);
	if (nr > 1)
		CPU_CLR((size_t)own, others);
}

static void child(const struct bench_result *r, int fd, const cpu_set_t *cores)
{
	struct bench_result mine = *r;
	double begin;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sched_setaffinity(0, sizeof(*cores), cores);
	alarm(GIVE_UP_S);
	begin = bench_now();
	r->row->run(&mine, r->count);
	mine.seconds = bench_now() - begin;
	bench_want(write(fd, &mine, sizeof(mine)) == sizeof(mine),
		   "peer: result");
	_exit(0);
}

/*
 * The process that does the row, while the caller's stack serves it.
 *
 * Context: the stack is up; SIGCHLD ends its waits from now on.
 */
void peer_start(struct peer *peer, const struct bench_result *result)
{
	struct sigaction sa = { .sa_handler = child_ended };
	cpu_set_t others;
	int fds[2];

	sigaction(SIGCHLD, &sa, NULL);
	part_cores(&others);
	bench_want(!pipe(fds), "pipe");
	peer->pid = fork();
	bench_want(peer->pid >= 0, "fork");
	if (!peer->pid)
		child(result, fds[1], &others);
	close(fds[1]);
	peer->fd = fds[0];
}

/* Is the row still going on? */
int peer_runs(void)
{
	return !ended;
}

/* Fills in how long the row took; a peer that failed has said why. */
void peer_result(struct peer *peer, struct bench_result *result)
{
	ssize_t n = read(peer->fd, result, sizeof(*result));

	close(peer->fd);
	waitpid(peer->pid, NULL, 0);
	if (n != sizeof(*result))
		bench_die("peer", "ended early");
}
