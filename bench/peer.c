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
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PEER_KERNEL 0x0a000001u
#define CHUNK 65536
#define DATAGRAM 1472
#define WINDOW 32		/* datagrams on their way at once */
#define LOST_US 100000		/* a datagram that takes longer is lost */
#define FIRST_PORT 1024
#define GIVE_UP_S 300

static volatile sig_atomic_t ended;

/* ---- the rows, in the peer's process ---------------------------------- */

static void want(int is, const char *what)
{
	if (!is)
		bench_die(what, strerror(errno));
}

/*
 * A socket from port @own (0: any) to @port of the stack. Its congestion
 * control is cubic, whatever this system prefers.
 */
static int client(int type, uint16_t own, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	const int on = 1;

	want(fd >= 0, "peer: socket");
	sin.sin_port = htons(own);
	want(!own || !bind(fd, (struct sockaddr *)&sin, sizeof(sin)),
	     "peer: bind");
	if (type == SOCK_STREAM) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		want(!setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5),
		     "peer: cubic");
	}
	sin.sin_port = htons(port);
	sin.sin_addr.s_addr = htonl(PEER_STACK);
	want(!connect(fd, (struct sockaddr *)&sin, sizeof(sin)),
	     "peer: connect");
	return fd;
}

/* What comes up to the end. */
static uint64_t drain(int fd)
{
	char buf[CHUNK];
	uint64_t got = 0;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		got += (uint64_t)n;
	want(n == 0, "peer: read");
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
		want(n > 0, "peer: write");
		left -= (uint64_t)n;
	}
	shutdown(fd, SHUT_WR);
	want(drain(fd) == 0, "peer: bulk-in");
	close(fd);
}

static void bulk_out(void *unused, uint64_t count)
{
	int fd = client(SOCK_STREAM, 0, PEER_SOURCE);

	(void)unused;
	errno = EPROTO;
	want(drain(fd) == count << 20, "peer: bulk-out");
	close(fd);
}

static void ask(int fd)
{
	char byte = 'q';

	want(write(fd, &byte, 1) == 1, "peer: question");
	want(read(fd, &byte, 1) == 1, "peer: answer");
}

static void rr(void *unused, uint64_t count)
{
	int fd = client(SOCK_STREAM, 0, PEER_ECHO);

	(void)unused;
	while (count--)
		ask(fd);
	close(fd);
}

/*
 * The kernel closes first, and has the TIME-WAITs: each connection has a port
 * of its own, chosen here because the kernel searches ever longer for a free
 * one, until that is all that one measures.
 */
static void connects(void *unused, uint64_t count)
{
	uint64_t i;
	int fd;

	(void)unused;
	errno = ERANGE;
	want(count <= 0xffff - FIRST_PORT, "peer: connections");
	for (i = 0; i < count; i++) {
		fd = client(SOCK_STREAM, (uint16_t)(FIRST_PORT + i), PEER_ECHO);
		ask(fd);
		close(fd);
	}
}

/* WINDOW datagrams are on their way; what is lost is sent again. */
static void udp(void *unused, uint64_t count)
{
	const struct timeval lost = { .tv_usec = LOST_US };
	int fd = client(SOCK_DGRAM, 0, PEER_ECHO);
	uint64_t sent = 0, got = 0;
	char buf[DATAGRAM] = { 0 };

	(void)unused;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &lost, sizeof(lost));
	while (got < count) {
		while (sent < count && sent - got < WINDOW)
			sent += send(fd, buf, sizeof(buf), 0) == DATAGRAM;
		if (recv(fd, buf, sizeof(buf), 0) == DATAGRAM)
			got++;
		else if (errno == EAGAIN)
			sent = got;
	}
	close(fd);
}

const struct bench_row peer_rows[] = {
	{ "bulk-out", 1024, bulk_out },
	{ "bulk-in", 1024, bulk_in },
	{ "rr", 100000, rr },
	{ "connect", 20000, connects },
	{ "udp", 300000, udp },
	{ NULL, 0, NULL },
};

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

static void command(const char *text)
{
	if (system(text))
		bench_skip(text, "it failed");
}

/*
 * A veth from PEER_TAP, the kernel's end, to PEER_VETH. Neither end leaves
 * checksums or segments to the other, unless VETH_OFFLOADS is set.
 */
void peer_veth(void)
{
	command("ip link add " PEER_VETH " type veth peer name " PEER_TAP);
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

	want(fd >= 0, "peer: socket");
	sin.sin_addr.s_addr = htonl(PEER_KERNEL);
	memcpy(&ifr.ifr_addr, &sin, sizeof(sin));
	want(!ioctl(fd, SIOCSIFADDR, &ifr), "peer: address");
	sin.sin_addr.s_addr = htonl(0xffffff00u);
	memcpy(&ifr.ifr_netmask, &sin, sizeof(sin));
	want(!ioctl(fd, SIOCSIFNETMASK, &ifr), "peer: netmask");
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	want(!ioctl(fd, SIOCSIFFLAGS, &ifr), "peer: up");
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
	double begin, seconds;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sched_setaffinity(0, sizeof(*cores), cores);
	alarm(GIVE_UP_S);
	begin = bench_now();
	r->row->run(NULL, r->count);
	seconds = bench_now() - begin;
	want(write(fd, &seconds, sizeof(seconds)) == sizeof(seconds),
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
	want(!pipe(fds), "pipe");
	peer->pid = fork();
	want(peer->pid >= 0, "fork");
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

/* How long the row took; a peer that failed has said why. */
double peer_seconds(struct peer *peer)
{
	double seconds = 0;
	ssize_t n = read(peer->fd, &seconds, sizeof(seconds));

	close(peer->fd);
	waitpid(peer->pid, NULL, 0);
	if (n != sizeof(seconds))
		bench_die("peer", "ended early");
	return seconds;
}
