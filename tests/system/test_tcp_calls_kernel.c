/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random programs of calls on TCP sockets, on libinet's loopback and on the
 * kernel's: twenty calls each, in right and wrong states, with flags and
 * options in any mix. What each call says (result, errno, data, flags), and
 * after each call the poll mask and the state of every socket, must be the
 * same.
 *
 * A program is made from its seed. One that differs is run again with fewer and
 * fewer calls as long as it differs, and what is left is printed. CALLS_SEED and
 * CALLS_PROGRAMS run others than make check does.
 *
 * Every program has an address of 127.0.0.0/8 to itself, so that none meets what
 * another left behind. On the kernel's side ACKs are never delayed (a route with
 * quickack), and a datagram sent after each call is the mark behind all that the
 * call brought about; on ours the time of a delayed ACK passes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include "host_net.h"
#include "ipv4/tcp.h"
#include "lib/random.h"
#include "sides.h"
#include "sockets.h"

#define NR_PROGRAMS 20000u
#define PROGRAMS_A_NET 500u	/* then a new stack and a new namespace */
#define NR_OPS 20
#define NR_SLOTS 5
#define CLOSED_PORT 1
#define MAX_DATA 300

enum what {
	OP_SOCKET, OP_BIND, OP_LISTEN, OP_CONNECT, OP_ACCEPT, OP_SEND, OP_RECV,
	OP_SHUTDOWN, OP_CLOSE, OP_NAME, OP_SET, OP_GET, OP_IOCTL,
	NR_WHATS,
};

/* One call; what a, b, c mean is the call's affair. */
struct op {
	enum what what;
	u32 slot;
	u32 a, b, c;
	bool left_out;
};

struct program {
	u64 seed;
	u32 addr;		/* its own, host order */
	bool connected;		/* begins with a connection: slots 0 to 2 */
	struct op ops[NR_OPS];
};

/* A program that runs on one side. */
struct runner {
	struct side *d;
	const struct program *p;
	union sk s[NR_SLOTS];
	bool open[NR_SLOTS];
	u16 port;		/* the last that was bound to */
	u8 next;		/* octet of what is sent */
};

static struct fx stack_fx;
static struct side ours, kernels;
static int marker = -1;
static const char *why_not;

/* ---- after a call ---------------------------------------------------------- */

/* The datagram comes back behind everything that was sent before it. */
static void settle_kernel(void)
{
	char c;
	int i;

	for (i = 0; i < 2; i++) {
		assert_int_equal(send(marker, "m", 1, 0), 1);
		assert_int_equal(recv(marker, &c, 1, 0), 1);
	}
}

static void settle(struct runner *r)
{
	if (!r->d->f) {
		settle_kernel();
		return;
	}
	fx_advance(r->d->f, 45 * FX_MS);
	tcp_verify_all(r->d->f->net);
}

static int state_of(struct runner *r, u32 slot)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	r->d->get(r->s[slot], IPPROTO_TCP, TCP_INFO, &info, &len);
	return info.tcpi_state;
}

/* Everything that can be seen without touching it. */
static void note_slots(struct runner *r)
{
	u32 i;

	for (i = 0; i < NR_SLOTS; i++)
		if (r->open[i])
			side_note(r->d, "    socket %u: poll %x state %d", i,
				  r->d->poll(r->s[i]), state_of(r, i));
}

/* ---- the calls ------------------------------------------------------------ */

static void do_socket(struct runner *r, const struct op *op)
{
	if (r->open[op->slot])
		return;
	r->open[op->slot] = !r->d->open(r->d, SOCK_STREAM, 0, &r->s[op->slot]);
	side_note(r->d, "socket %u", op->slot);
}

/* The port that the last bind() got. */
static void learn_port(struct runner *r, u32 slot)
{
	struct sockaddr_in a;

	if (!r->d->getname(r->s[slot], 0, &a))
		r->port = ntohs(a.sin_port);
}

static void do_bind(struct runner *r, const struct op *op)
{
	const u32 addrs[] = { r->p->addr, r->p->addr, r->p->addr, 0xc0000201 };
	const u16 ports[] = { 0, 0, r->port };
	struct sockaddr_in a = sk_addr(addrs[op->a % 4], ports[op->b % 3]);
	int err;

	err = r->d->bind(r->s[op->slot], (void *)&a,
			 op->c % 16 ? sizeof(a) : op->c / 16 % 16);
	side_note(r->d, "bind %u %08x %s: %s", op->slot, addrs[op->a % 4],
		  ports[op->b % 3] ? "again" : "0", side_result(err));
	if (!err)
		learn_port(r, op->slot);
}

static void do_listen(struct runner *r, const struct op *op)
{
	static const int backlogs[] = { 0, 1, 5, -1 };
	int err = r->d->listen(r->s[op->slot], backlogs[op->a % 4]);

	side_note(r->d, "listen %u %d: %s", op->slot, backlogs[op->a % 4],
		  side_result(err));
	if (!err)
		learn_port(r, op->slot);
}

static void do_connect(struct runner *r, const struct op *op)
{
	static const char *const names[] = { "the port", "a closed port",
		"itself", "AF_UNSPEC", "a short one", "AF_INET6", "a group" };
	const u32 kind = op->a % 12 < 6 ? 0 : op->a % 12 - 5;
	struct sockaddr_in a = sk_addr(r->p->addr, r->port ? r->port :
							    CLOSED_PORT);
	socklen_t len = sizeof(a);

	if (kind == 1)
		a.sin_port = htons(CLOSED_PORT);
	else if (kind == 2)
		r->d->getname(r->s[op->slot], 0, &a);
	else if (kind == 3)
		a.sin_family = AF_UNSPEC;
	else if (kind == 4)
		len = op->b % sizeof(a);
	else if (kind == 5)
		a.sin_family = AF_INET6;
	else if (kind == 6)
		a.sin_addr.s_addr = htonl(0xe0000001);
	side_note(r->d, "connect %u to %s: %s", op->slot, names[kind],
		  side_result(r->d->connect(r->s[op->slot], (void *)&a, len)));
}

static void do_accept(struct runner *r, const struct op *op)
{
	u32 to;
	int err;

	for (to = 0; to < NR_SLOTS - 1 && r->open[to]; to++)
		;
	if (r->open[to])
		return;
	err = r->d->accept(r->s[op->slot], &r->s[to]);
	r->open[to] = !err;
	side_note(r->d, "accept %u as %u: %s", op->slot, to, side_result(err));
}

/* Flags of @bits, of those that a call is asked with. */
static int pick_flags(u32 bits, const int *flags, u32 nr)
{
	int mask = 0;
	u32 i;

	for (i = 0; i < nr; i++)
		if ((bits >> i * 3 & 7) == 7)
			mask |= flags[i];
	return mask;
}

/* Without MSG_MORE: what waits for more goes by whichever segment of the peer
 * is not as predicted, and that is a matter of windows. */
static void do_send(struct runner *r, const struct op *op)
{
	static const int kinds[] = { MSG_OOB, MSG_DONTWAIT, MSG_EOR,
				     MSG_CONFIRM, MSG_DONTROUTE, MSG_OOB };
	static const u32 lens[] = { 0, 1, 1, 2, 5, 100 };
	u32 i, len = lens[op->a % 6], cut = len ? op->c % len : 0;
	int flags = pick_flags(op->b, kinds, ARRAY_SIZE(kinds)), n;
	u8 data[MAX_DATA];
	struct iovec iov[] = { { data, cut }, { data + cut, len - cut } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };
	struct sockaddr_in to = sk_addr(r->p->addr, CLOSED_PORT);

	if (op->c >> 8 & 1) {		/* which is not looked at */
		m.msg_name = &to;
		m.msg_namelen = sizeof(to);
	}
	for (i = 0; i < len; i++)
		data[i] = (u8)(r->next + i);
	n = r->d->send(r->s[op->slot], &m, flags);
	side_note(r->d, "send %u %u octets flags %x: %s", op->slot, len, flags,
		  side_result(n));
	if (n > 0)
		r->next = (u8)(r->next + n);
}

static void note_data(struct runner *r, const u8 *data, int n)
{
	char text[2 * MAX_DATA + 1] = "";
	int i;

	for (i = 0; i < n; i++)
		snprintf(text + 2 * i, 3, "%02x", data[i]);
	side_note(r->d, "    %s", text);
}

static void do_recv(struct runner *r, const struct op *op)
{
	static const int kinds[] = { MSG_PEEK, MSG_TRUNC, MSG_WAITALL, MSG_OOB,
				     MSG_DONTWAIT, MSG_PEEK, MSG_OOB };
	static const u32 lens[] = { 0, 1, 1, 3, 10, MAX_DATA };
	int flags = pick_flags(op->b, kinds, ARRAY_SIZE(kinds)), n;
	u32 len = lens[op->a % 6], cut = len ? op->c % len : 0;
	u8 data[MAX_DATA];
	struct iovec iov[] = { { data, cut }, { data + cut, len - cut } };
	struct sockaddr_in from;
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2,
			    .msg_name = &from, .msg_namelen = sizeof(from) };

	memset(data, 0xee, sizeof(data));
	if (op->c % 64 == 63)
		flags |= MSG_ERRQUEUE;
	n = r->d->recv(r->s[op->slot], &m, flags);
	side_note(r->d, "recv %u %u octets flags %x: %s, flags %x name %u",
		  op->slot, len, flags, side_result(n),
		  n < 0 ? 0 : m.msg_flags, n < 0 ? 0 : m.msg_namelen);
	if (n > 0)
		note_data(r, data, n);
}

static void do_shutdown(struct runner *r, const struct op *op)
{
	static const int hows[] = { SHUT_RD, SHUT_WR, SHUT_WR, SHUT_RDWR, 3,
				    -1 };

	side_note(r->d, "shutdown %u %d: %s", op->slot, hows[op->a % 6],
		  side_result(r->d->shutdown(r->s[op->slot],
					     hows[op->a % 6])));
}

static void do_close(struct runner *r, const struct op *op)
{
	r->d->close(r->s[op->slot]);
	r->open[op->slot] = false;
	side_note(r->d, "close %u", op->slot);
}

/* Names, without the numbers that are chosen freely. */
static void do_name(struct runner *r, const struct op *op)
{
	struct sockaddr_in a = { 0 };
	int err = r->d->getname(r->s[op->slot], op->a & 1, &a);

	if (err)
		side_note(r->d, "name %u %u: %s", op->slot, op->a & 1,
			  side_result(err));
	else
		side_note(r->d, "name %u %u: %08x port %s", op->slot, op->a & 1,
			  ntohl(a.sin_addr.s_addr), !a.sin_port ? "0" :
			  ntohs(a.sin_port) == r->port ? "known" : "some");
}

/* Not IP_FREEBIND: kernels differ in what connect() then says. */
static const struct {
	int level, name;
} options[] = {
	{ SOL_SOCKET, SO_LINGER }, { SOL_SOCKET, SO_LINGER },
	{ SOL_SOCKET, SO_OOBINLINE }, { SOL_SOCKET, SO_OOBINLINE },
	{ SOL_SOCKET, SO_RCVLOWAT }, { SOL_SOCKET, SO_RCVLOWAT },
	{ SOL_SOCKET, SO_REUSEADDR }, { SOL_SOCKET, SO_REUSEPORT },
	{ SOL_SOCKET, SO_KEEPALIVE }, { SOL_SOCKET, SO_ERROR },
	{ SOL_SOCKET, SO_ERROR }, { SOL_SOCKET, SO_ACCEPTCONN },
	{ SOL_SOCKET, SO_TYPE }, { SOL_SOCKET, SO_PRIORITY },
	{ IPPROTO_TCP, TCP_NODELAY }, { IPPROTO_TCP, TCP_KEEPIDLE },
	{ IPPROTO_TCP, TCP_KEEPINTVL }, { IPPROTO_TCP, TCP_KEEPCNT },
	{ IPPROTO_TCP, TCP_SYNCNT }, { IPPROTO_TCP, TCP_LINGER2 },
	{ IPPROTO_TCP, TCP_MAXSEG }, { IPPROTO_TCP, TCP_USER_TIMEOUT },
	{ IPPROTO_TCP, TCP_CORK }, { IPPROTO_IP, IP_TOS },
	{ IPPROTO_IP, IP_TTL }, { IPPROTO_IP, IP_RECVERR },
	{ IPPROTO_IP, IP_MTU_DISCOVER },
	{ IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT },
};

static void do_set(struct runner *r, const struct op *op)
{
	static const int values[] = { 0, 0, 1, 1, 2, 5, 100, 1 << 20, -1 };
	const u32 i = op->a % ARRAY_SIZE(options);
	int v[2] = { values[op->b % 9], op->b / 9 % 3 == 2 };
	socklen_t len = options[i].name == SO_LINGER ? 8 : 4;

	if (op->c % 16 == 0)
		len = op->c / 16 % 9;
	side_note(r->d, "set %u %d/%d %d %d len %u: %s", op->slot,
		  options[i].level, options[i].name, v[0], v[1], len,
		  side_result(r->d->set(r->s[op->slot], options[i].level,
					options[i].name, v, len)));
}

static void do_get(struct runner *r, const struct op *op)
{
	const u32 i = op->a % ARRAY_SIZE(options);
	int v[2] = { -7, -7 };
	socklen_t len = op->c % 16 ? 8 : op->c / 16 % 9;
	int err;

	/* it may be half the other's window, which is the other's affair, also
	 * when the connection is over */
	if (options[i].level == IPPROTO_TCP && options[i].name == TCP_MAXSEG)
		return;
	err = r->d->get(r->s[op->slot], options[i].level, options[i].name, v,
			&len);
	side_note(r->d, "get %u %d/%d: %s len %u: %d %d", op->slot,
		  options[i].level, options[i].name, side_result(err), len,
		  v[0], v[1]);
}

static void do_ioctl(struct runner *r, const struct op *op)
{
	static const unsigned long cmds[] = { SIOCINQ, SIOCOUTQ, SIOCOUTQNSD,
					      SIOCATMARK, SIOCATMARK };
	int v = -7, err;

	/* the kernel's sequence numbers jump when a socket is reused */
	if ((op->a % 5 == 1 || op->a % 5 == 2) &&
	    state_of(r, op->slot) == TCP_CLOSE)
		return;
	err = r->d->ioctl(r->s[op->slot], cmds[op->a % 5], &v);
	side_note(r->d, "ioctl %u %lx: %s %d", op->slot, cmds[op->a % 5],
		  side_result(err), v);
}

static void (*const calls[NR_WHATS])(struct runner *r, const struct op *op) = {
	[OP_SOCKET] = do_socket, [OP_BIND] = do_bind, [OP_LISTEN] = do_listen,
	[OP_CONNECT] = do_connect, [OP_ACCEPT] = do_accept,
	[OP_SEND] = do_send, [OP_RECV] = do_recv, [OP_SHUTDOWN] = do_shutdown,
	[OP_CLOSE] = do_close, [OP_NAME] = do_name, [OP_SET] = do_set,
	[OP_GET] = do_get, [OP_IOCTL] = do_ioctl,
};

/* ---- programs --------------------------------------------------------------- */

/* Which calls there are, and how often of 64. */
static const u8 weights[NR_WHATS] = {
	[OP_SOCKET] = 4, [OP_BIND] = 2, [OP_LISTEN] = 2, [OP_CONNECT] = 4,
	[OP_ACCEPT] = 3, [OP_SEND] = 14, [OP_RECV] = 16, [OP_SHUTDOWN] = 3,
	[OP_CLOSE] = 2, [OP_NAME] = 2, [OP_SET] = 5, [OP_GET] = 3,
	[OP_IOCTL] = 4,
};

static enum what pick_what(u32 n)
{
	u32 i;

	for (i = 0; i < NR_WHATS - 1 && n >= weights[i]; i++)
		n -= weights[i];
	return i;
}

static void make_program(struct program *p, u64 seed)
{
	struct rnd_state rnd;
	u32 i;

	memset(p, 0, sizeof(*p));
	prandom_seed_state(&rnd, seed);
	p->seed = seed;
	/* 127.1.0.1 and on, never the network's own nor its broadcast */
	p->addr = 0x7f010001u + (u32)(seed % (16u << 20));
	p->connected = prandom_u32_below(&rnd, 4) != 0;
	for (i = 0; i < NR_OPS; i++)
		p->ops[i] = (struct op){
			.what = pick_what(prandom_u32_below(&rnd, 64)),
			.slot = prandom_u32_below(&rnd, NR_SLOTS),
			.a = prandom_u32_below(&rnd, 1 << 16),
			.b = prandom_u32_state(&rnd),
			.c = prandom_u32_below(&rnd, 1 << 16),
		};
	/* most calls are on the connection */
	for (i = 0; p->connected && i < NR_OPS; i++)
		if (p->ops[i].a & 1 << 15)
			p->ops[i].slot = 1 + p->ops[i].slot % 2;
}

/* Socket 0 listens, 1 is connected to it, 2 accepted. */
static void begin_connected(struct runner *r)
{
	static const enum what first[] = { OP_SOCKET, OP_BIND, OP_LISTEN };
	struct op op = { .a = 2, .c = 1 };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(first); i++)
		calls[first[i]](r, &op);
	op = (struct op){ .slot = 1 };
	do_socket(r, &op);
	do_connect(r, &op);
	settle(r);
	op.slot = 0;
	do_accept(r, &op);
}

/* Runs @p on @d; the transcript is d->log. */
static void run_program(struct side *d, const struct program *p)
{
	struct runner r = { .d = d, .p = p };
	const struct linger now = { .l_onoff = 1 };
	const struct op *op;
	u32 i;

	d->len = 0;
	side_note(d, "program");
	if (p->connected)
		begin_connected(&r);
	for (op = p->ops; op < p->ops + NR_OPS; op++) {
		if (op->left_out || (op->what != OP_SOCKET &&
				     !r.open[op->slot]))
			continue;
		calls[op->what](&r, op);
		settle(&r);
		note_slots(&r);
	}
	for (i = 0; i < NR_SLOTS; i++) {
		if (!r.open[i])
			continue;
		d->set(r.s[i], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		d->close(r.s[i]);
	}
	settle(&r);
}

/* ---- the comparison ---------------------------------------------------------- */

static bool differs(const struct program *p)
{
	run_program(&ours, p);
	run_program(&kernels, p);
	return ours.len != kernels.len ||
	       memcmp(ours.log, kernels.log, ours.len);
}

/* Leaves out every call that the difference does not need. */
static void shrink(struct program *p)
{
	bool smaller;
	int i;

	do {
		smaller = false;
		for (i = NR_OPS - 1; i >= 0; i--) {
			if (p->ops[i].left_out)
				continue;
			p->ops[i].left_out = true;
			if (differs(p))
				smaller = true;
			else
				p->ops[i].left_out = false;
		}
	} while (smaller);
	(void)differs(p);
}

/* Both transcripts up to the first line that differs, which is printed of
 * both. */
static void print_difference(const struct program *p)
{
	const char *x = ours.log, *y = kernels.log;
	size_t line;

	print_error("CALLS_SEED=%llu CALLS_PROGRAMS=1, shrunk:\n",
		    (unsigned long long)p->seed);
	while (*x && *y) {
		line = strcspn(x, "\n") + 1;
		if (strncmp(x, y, line))
			break;
		print_error("  %.*s", (int)line, x);
		x += line;
		y += line;
	}
	print_error("  ours:   %.*s\n  kernel: %.*s\n", (int)strcspn(x, "\n"),
		    x, (int)strcspn(y, "\n"), y);
}

/* ---- life ------------------------------------------------------------------ */

/* What both have: nothing is sent by a timer, and limits are the same. */
static const char *const knobs[][2] = {
	{ "net.ipv4.tcp_rto_min_us", "1000000" },
	{ "net.ipv4.tcp_syn_retries", "6" },
	{ "net.ipv4.tcp_rmem", "4096 131072 6291456" },
	{ "net.ipv4.tcp_wmem", "4096 16384 4194304" },
};

static const char *open_kernel(void)
{
	struct sockaddr_in a = sk_addr(SK_LOOPBACK, 0);
	socklen_t len = sizeof(a);
	const char *why = host_net_enter();
	size_t i;

	if (why)
		return why;
	for (i = 0; i < ARRAY_SIZE(knobs); i++)
		host_net_sysctl(knobs[i][0], knobs[i][1]);
	host_net_sysctl("net.ipv4.tcp_syncookies", "0");
	if (!host_net_run("for to in 127.0.0.0/8 127.0.0.1; do "
			  "ip route replace table local local $to dev lo "
			  "proto kernel scope host src 127.0.0.1 quickack 1 "
			  "|| exit 1; done"))
		return "no ip(8)";
	marker = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (marker < 0 || bind(marker, (void *)&a, sizeof(a)) ||
	    getsockname(marker, (void *)&a, &len) ||
	    connect(marker, (void *)&a, sizeof(a)))
		return strerror(errno);
	return NULL;
}

static void open_net(void)
{
	size_t i;

	why_not = open_kernel();
	fx_open_bare(&stack_fx, 0);
	for (i = 0; i < ARRAY_SIZE(knobs); i++)
		fx_sysctl(&stack_fx, knobs[i][0], knobs[i][1]);
	ours.f = &stack_fx;
}

static void close_net(void)
{
	close(marker);
	fx_run(&stack_fx);
	fx_close(&stack_fx);
}

static u64 from_environment(const char *name, u64 otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

/* @attack P6 */
static void random_calls_say_what_the_kernel_says(void **state)
{
	u64 seed = from_environment("CALLS_SEED", 1);
	u64 nr = from_environment("CALLS_PROGRAMS", NR_PROGRAMS), i;
	u32 wrong = 0;
	struct program p;

	(void)state;
	ours = stack_side;
	kernels = host_side;
	open_net();
	for (i = 0; i < nr && !why_not && wrong < 5; i++) {
		if (i && i % PROGRAMS_A_NET == 0) {
			close_net();
			open_net();
		}
		make_program(&p, seed + i);
		/* twice: a machine that stood still let a timer run */
		if (!differs(&p) || !differs(&p))
			continue;
		wrong++;
		shrink(&p);
		print_difference(&p);
	}
	close_net();
	free(ours.log);
	free(kernels.log);
	if (why_not) {
		print_message("# no kernel to compare with: %s\n", why_not);
		skip();
	}
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_calls_say_what_the_kernel_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
