/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * relay: a bad link between two interfaces, by the faults of the wire device.
 *
 *	relay [-f FAULTS] [-a FAULTS] [-b FAULTS] [-t SECONDS] END END
 *
 * An END is "tap:NAME" (made if it is not there; the kernel is its other
 * side) or the name of an interface, whose frames are taken by a packet
 * socket. -f is for both directions, -a for what the first END sends, -b for
 * the second. FAULTS are those of "wire:", such as
 * "delay=20ms,loss=2%,rate=200mbit,queue=300k,seed=7".
 *
 * Prints "relay: ready", and at its end (SIGTERM, SIGINT, -t) one line of
 * counters for each direction.
 *
 * What to mind with an interface: its offloads must be off (ethtool -K NAME
 * tx off tso off gso off gro off), since the frames are taken as they are; it
 * must be up; and it should answer no ARP by itself (ip link set NAME arp
 * off). A TAP has no such traps. libinet against the kernel of one namespace:
 *
 *	ip tuntap add tap0 mode tap; ip link set tap0 arp off up
 *	relay -f delay=20ms,loss=2% tap:k0 tap0 &
 *	ip addr add 10.0.0.1/24 dev k0; ip link set k0 up
 *	echo -d tap:tap0 -a 10.0.0.2/24
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>

#include "args.h"
#include "lib/compiler.h"
#include "wire_queue.h"

#define FRAME_MAX 65600u
#define BATCH 64u		/* frames of one end before the other's turn */
#define SOCKET_BUFFER (8 << 20)
#define LONGEST_NS 100000000u	/* of a sleep */

struct end {
	const char *name;
	int fd;
	bool packet;		/* a packet socket */
	bool waits;		/* its queue takes no more just now */
	struct inet_fault_config faults;	/* of what it sends */
	struct wire_queue out;	/* on its way from here to the other */
	u64 in_frames, out_frames, refused;
};

struct fault_args {
	struct inet_fault_config faults;
};

static const struct arg_row fault_rows[] = {
	FAULT_ARG_ROWS(struct fault_args, faults),
};

static const struct args_spec fault_spec = {
	.driver = "relay", .usage = FAULT_ARGS_USAGE,
	.rows = fault_rows, .nr_rows = ARRAY_SIZE(fault_rows),
};

static volatile sig_atomic_t stopped;

static void on_signal(int nr)
{
	(void)nr;
	stopped = 1;
}

/* Says what is wrong and ends the program. */
static void __noreturn die(const char *name, const char *what)
{
	fprintf(stderr, "relay: %s: %s: %s\n", name, what, strerror(errno));
	exit(1);
}

static u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000000000u + (u64)ts.tv_nsec;
}

/* ---- the two ends ----------------------------------------------------- */

static int open_tap(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		die(name, "/dev/net/tun");
	strncpy(ifr.ifr_name, name, sizeof(ifr.ifr_name) - 1);
	if (ioctl(fd, TUNSETIFF, &ifr))
		die(name, "TUNSETIFF");
	return fd;
}

/* A packet socket that sees all frames of one interface. */
static int open_packet(const char *name)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL) };
	struct packet_mreq all = { .mr_type = PACKET_MR_PROMISC };
	int size = SOCKET_BUFFER, one = 1, fd;

	fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die(name, "packet socket");
	ll.sll_ifindex = all.mr_ifindex = (int)if_nametoindex(name);
	if (!ll.sll_ifindex)
		die(name, "no such interface");
	if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all,
		       sizeof(all)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one,
		       sizeof(one)))
		die(name, "setsockopt");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&ll, sizeof(ll)))
		die(name, "bind");
	return fd;
}

static void end_open(struct end *e, const char *text)
{
	e->packet = strncmp(text, "tap:", 4) != 0;
	e->name = e->packet ? text : text + 4;
	e->fd = e->packet ? open_packet(e->name) : open_tap(e->name);
	if (wire_queue_init(&e->out, 512, &e->faults))
		die(e->name, "queue");
}

/* Takes what an end sends, until its queue is full. Return: frames. */
static u32 take(struct end *e)
{
	static u8 frame[FRAME_MAX];
	u32 n;

	e->waits = false;
	for (n = 0; n < BATCH; n++) {
		struct wire_source source = { .bytes = frame };
		ssize_t len;

		if (e->out.nr_heap >= WIRE_MAX_IN_FLIGHT) {
			e->waits = true;
			break;
		}
		len = read(e->fd, frame, sizeof(frame));
		if (len < 0 && (errno == EBADFD || errno == ENXIO))
			die(e->name, "it is gone");
		if (len < 0)
			break;
		source.len = (u32)len;
		e->in_frames++;
		if (wire_queue_delay(&e->out, now_ns(), &source) ==
		    WIRE_DELAY_FULL)
			e->refused++;
	}
	return n;
}

/* Gives to @to what of @from is due. Return: frames. */
static u32 give(struct end *from, struct end *to)
{
	struct wire_buf *bufs[BATCH];
	u32 nr = wire_queue_due(&from->out, now_ns(), bufs, BATCH);

	for (u32 i = 0; i < nr; i++) {
		if (write(to->fd, bufs[i]->data, bufs[i]->len) < 0)
			from->refused++;
		else
			from->out_frames++;
		wire_buf_put(&from->out, bufs[i]);
	}
	return nr;
}

/* ---- the loop --------------------------------------------------------- */

/* Sleeps until an end sends, a frame is due or @deadline has come; not for long,
 * because a signal may have come just before. */
static void sleep_until(struct end *ends, u64 deadline_ns)
{
	u64 now = now_ns(), until = now + LONGEST_NS;
	struct pollfd fds[2];
	struct timespec ts;

	until = min(until, deadline_ns);
	for (u32 i = 0; i < 2; i++) {
		until = min(until, wire_queue_next(&ends[i].out));
		fds[i] = (struct pollfd){ .fd = ends[i].waits ? -1 : ends[i].fd,
					  .events = POLLIN };
	}
	until = until > now ? until - now : 0;
	ts = (struct timespec){ .tv_nsec = (long)until };
	ppoll(fds, 2, &ts, NULL);
}

static void relay(struct end *ends, u64 deadline_ns)
{
	while (!stopped && now_ns() < deadline_ns) {
		u32 work = take(&ends[0]) + take(&ends[1]);

		work += give(&ends[0], &ends[1]) + give(&ends[1], &ends[0]);
		if (!work)
			sleep_until(ends, deadline_ns);
	}
}

/* One line of what happened to the frames of @from. */
static void print_counters(struct end *from, struct end *to)
{
	struct inet_fault_counters c;
	const struct {
		const char *name;
		u64 value;
	} rows[] = {
		{ "frames", from->in_frames },
		{ "bytes", from->out.faults.counters.bytes },
		{ "delivered", from->out_frames },
		{ "refused", from->refused },
	};

	wire_queue_counters(&from->out, &c);
	printf("%s>%s", from->name, to->name);
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
		printf(" %s=%llu", rows[i].name,
		       (unsigned long long)rows[i].value);
#define PRINT(member) printf(" " #member "=%llu", (unsigned long long)c.member)
	PRINT(lost);
	PRINT(lost_burst);
	PRINT(lost_partition);
	PRINT(lost_mtu);
	PRINT(lost_queue);
	PRINT(duplicated);
	PRINT(reordered);
	PRINT(corrupted);
	PRINT(corrupted_hidden);
	PRINT(truncated);
	PRINT(padded);
#undef PRINT
	printf("\n");
}

/* ---- the command line ------------------------------------------------- */

/* After -h, or a mistake. */
static void __noreturn usage(int option)
{
	fprintf(option == 'h' ? stdout : stderr, "usage: relay [-h] "
		"[-f FAULTS] [-a FAULTS] [-b FAULTS] "
		"[-t SECONDS] END END\nEND: tap:NAME or an interface\n"
		"FAULTS, behind commas: %s\n", FAULT_ARGS_USAGE);
	exit(option == 'h' ? 0 : 2);
}

static void parse_faults(struct inet_fault_config *faults, const char *text)
{
	struct fault_args args = { .faults = *faults };
	char why[256];

	if (args_parse(&fault_spec, text, &args, why, sizeof(why))) {
		fprintf(stderr, "%s\n", why);
		exit(2);
	}
	*faults = args.faults;
}

/* Return: when to end. */
static u64 parse_options(int argc, char **argv, struct end *ends)
{
	static const struct option words[] = {
		{ .name = "help", .val = 'h' }, { .name = NULL },
	};
	u64 deadline_ns = U64_MAX;
	int opt;

	while ((opt = getopt_long(argc, argv, "hf:a:b:t:", words, NULL)) != -1) {
		switch (opt) {
		case 'f':
			parse_faults(&ends[0].faults, optarg);
			ends[1].faults = ends[0].faults;
			ends[1].faults.seed++;
			break;
		case 'a':
			parse_faults(&ends[0].faults, optarg);
			break;
		case 'b':
			parse_faults(&ends[1].faults, optarg);
			break;
		case 't':
			deadline_ns = now_ns() +
				      (u64)(atof(optarg) * 1e9);
			break;
		default:
			usage(opt);
		}
	}
	if (argc - optind != 2)
		usage('?');
	return deadline_ns;
}

int main(int argc, char **argv)
{
	const struct sigaction sa = { .sa_handler = on_signal };
	struct end ends[2] = { 0 };
	u64 deadline_ns = parse_options(argc, argv, ends);

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	prctl(PR_SET_TIMERSLACK, 1000UL);
	end_open(&ends[0], argv[optind]);
	end_open(&ends[1], argv[optind + 1]);
	printf("relay: ready\n");
	fflush(stdout);
	relay(ends, deadline_ns);
	print_counters(&ends[0], &ends[1]);
	print_counters(&ends[1], &ends[0]);
	for (u32 i = 0; i < 2; i++) {
		wire_queue_destroy(&ends[i].out);
		close(ends[i].fd);
	}
	return 0;
}
