/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The same calls on a stack and on the kernel below us, over 127.0.0.1: what
 * each says must be the same, errno by errno. A script is written once; it
 * runs on both sides through a small table of calls and leaves a transcript.
 *
 * Only what every kernel of the last years agrees on is asked. Without a
 * network of its own (no loopback) the kernel's side is skipped.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>

#include "sides.h"
#include "sockets.h"

/* ---- words of the scripts --------------------------------------------- */

static union sk udp(struct side *d)
{
	union sk s;

	assert_int_equal(d->open(d, SOCK_DGRAM, 0, &s), 0);
	return s;
}

static int do_bind(struct side *d, union sk s, u32 addr, u16 port)
{
	struct sockaddr_in a = sk_addr(addr, port);

	return d->bind(s, (struct sockaddr *)&a, sizeof(a));
}

static int do_connect(struct side *d, union sk s, u32 addr, u16 port)
{
	struct sockaddr_in a = sk_addr(addr, port);

	return d->connect(s, (struct sockaddr *)&a, sizeof(a));
}

static u16 port_of(struct side *d, union sk s)
{
	struct sockaddr_in a;

	assert_int_equal(d->getname(s, 0, &a), 0);
	return ntohs(a.sin_port);
}

static int do_send(struct side *d, union sk s, const char *data, size_t len,
		   u16 port)
{
	struct sockaddr_in to = sk_addr(SK_LOOPBACK, port);
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (port) {
		m.msg_name = &to;
		m.msg_namelen = sizeof(to);
	}
	return d->send(s, &m, 0);
}

static int do_recv(struct side *d, union sk s, size_t len, int flags,
		   int *flags_out)
{
	char buf[256];
	struct iovec iov = { buf, len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	int n = d->recv(s, &m, flags);

	if (flags_out)
		*flags_out = n < 0 ? 0 : m.msg_flags;
	return n;
}

/* ---- the scripts ------------------------------------------------------ */

/* Every pair of addresses and options, once with and once without. */
static void script_bind(struct side *d)
{
	static const u32 addr[] = { 0, SK_LOOPBACK, SK_LOOPBACK + 1 };
	static const int opt[] = { 0, SO_REUSEADDR, SO_REUSEPORT };
	u32 a, b, i, j;
	int one = 1;

	for (a = 0; a < 3; a++)
		for (b = 0; b < 3; b++)
			for (i = 0; i < 3; i++)
				for (j = 0; j < 3; j++) {
					union sk s = udp(d), t = udp(d);

					if (opt[i])
						d->set(s, SOL_SOCKET, opt[i],
						       &one, 4);
					if (opt[j])
						d->set(t, SOL_SOCKET, opt[j],
						       &one, 4);
					assert_int_equal(do_bind(d, s, addr[a],
								 0), 0);
					side_note(d, "bind %u %u %u %u: %s", a, b, i,
					     j, side_result(do_bind(
						d, t, addr[b], port_of(d, s))));
					d->close(s);
					d->close(t);
				}
}

/* Poll's bits, names and answers over the life of a socket. */
static void state_line(struct side *d, union sk s, const char *what)
{
	struct sockaddr_in a = { 0 };
	int n = -1, err;

	err = d->getname(s, 0, &a);
	side_note(d, "%s: poll %x name %d %08x port %d", what, d->poll(s), err,
	     ntohl(a.sin_addr.s_addr), a.sin_port != 0);
	err = d->getname(s, 1, &a);
	side_note(d, "  peer %s", side_result(err));
	err = d->ioctl(s, FIONREAD, &n);
	side_note(d, "  queue %d %d", err, n);
	err = d->ioctl(s, TIOCOUTQ, &n);
	side_note(d, "  out %d %d", err, n);
}

static void script_life(struct side *d)
{
	struct sockaddr unspec = { .sa_family = AF_UNSPEC };
	union sk s = udp(d), t = udp(d);
	u16 port;
	int fl, how;

	state_line(d, s, "new");
	side_note(d, "send %s", side_result(do_send(d, s, "x", 1, 0)));
	side_note(d, "recv %s", side_result(do_recv(d, s, 9, 0, NULL)));
	side_note(d, "shutdown %s", side_result(d->shutdown(t, SHUT_WR)));
	side_note(d, "bind %s", side_result(do_bind(d, s, SK_LOOPBACK, 0)));
	side_note(d, "again %s", side_result(do_bind(d, s, SK_LOOPBACK, 0)));
	state_line(d, s, "bound");
	port = port_of(d, s);
	d->close(t);
	t = udp(d);
	side_note(d, "connect %s", side_result(do_connect(d, t, SK_LOOPBACK, port)));
	state_line(d, t, "connected");
	side_note(d, "send %s", side_result(do_send(d, t, "hello", 5, 0)));
	side_note(d, "send %s", side_result(do_send(d, t, "", 0, 0)));
	side_note(d, "send %s", side_result(do_send(d, t, "third", 5, 0)));
	state_line(d, s, "data");
	side_note(d, "peek %s", side_result(do_recv(d, s, 3, MSG_PEEK, &fl)));
	side_note(d, "flags %x", fl);
	side_note(d, "peek %s", side_result(do_recv(d, s, 3, MSG_PEEK | MSG_TRUNC,
					    &fl)));
	side_note(d, "recv %s", side_result(do_recv(d, s, 3, 0, &fl)));
	side_note(d, "flags %x", fl);
	state_line(d, s, "empty datagram");
	side_note(d, "recv %s", side_result(do_recv(d, s, 3, 0, &fl)));
	side_note(d, "recv %s", side_result(do_recv(d, s, 0, MSG_TRUNC, &fl)));
	side_note(d, "flags %x", fl);
	side_note(d, "recv %s", side_result(do_recv(d, s, 3, 0, &fl)));
	/* nobody there any more */
	d->close(s);
	side_note(d, "send %s", side_result(do_send(d, t, "x", 1, 0)));
	state_line(d, t, "refused");
	side_note(d, "recv %s", side_result(do_recv(d, t, 3, 0, &fl)));
	side_note(d, "recv %s", side_result(do_recv(d, t, 3, 0, &fl)));
	side_note(d, "oob %s", side_result(do_recv(d, t, 3, MSG_OOB, &fl)));
	side_note(d, "errqueue %s", side_result(do_recv(d, t, 3, MSG_ERRQUEUE, &fl)));
	side_note(d, "unspec %s", side_result(d->connect(t, &unspec, sizeof(unspec))));
	state_line(d, t, "disconnected");
	side_note(d, "send %s", side_result(do_send(d, t, "x", 1, 0)));
	side_note(d, "again %s", side_result(d->connect(t, &unspec, sizeof(unspec))));
	side_note(d, "short %s", side_result(d->connect(t, &unspec, 1)));
	d->close(t);
	for (how = 0; how < 3; how++) {
		s = udp(d);
		do_bind(d, s, SK_LOOPBACK, 0);
		do_connect(d, s, SK_LOOPBACK, port_of(d, s));
		do_send(d, s, "me", 2, 0);
		side_note(d, "shutdown %s", side_result(d->shutdown(s, how)));
		state_line(d, s, "shut");
		side_note(d, "send %s", side_result(do_send(d, s, "x", 1, 0)));
		side_note(d, "recv %s", side_result(do_recv(d, s, 9, 0, &fl)));
		side_note(d, "recv %s", side_result(do_recv(d, s, 9, 0, &fl)));
		d->close(s);
	}
}

/* Options whose row every kernel of the last years has. */
static const int ip_opts[] = {
	IP_TOS, IP_TTL, IP_HDRINCL, IP_RECVOPTS, IP_RETOPTS, IP_PKTINFO,
	IP_MTU_DISCOVER, IP_RECVERR, IP_RECVTTL, IP_RECVTOS, IP_MTU,
	IP_FREEBIND, IP_MINTTL, IP_RECVORIGDSTADDR,
	IP_BIND_ADDRESS_NO_PORT, IP_MULTICAST_TTL, IP_MULTICAST_LOOP,
	IP_MULTICAST_ALL, IP_RECVFRAGSIZE, IP_MULTICAST_IF, IP_UNICAST_IF,
	IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP, IP_OPTIONS,
};

static void script_sockopt_type(struct side *d, int type)
{
	static const int values[] = { -2, -1, 0, 1, 2, 3, 4, 5, 6, 63, 255,
				      256, 257, INT32_MAX, INT32_MIN };
	char buf[80];
	socklen_t len, room;
	union sk s;
	u32 i, v;
	int err;

	for (i = 0; i < ARRAY_SIZE(ip_opts); i++) {
		assert_int_equal(d->open(d, type, 0, &s), 0);
		for (v = 0; v < ARRAY_SIZE(values); v++)
			for (len = 0; len <= 16; len++) {
				memset(buf, 0, sizeof(buf));
				memcpy(buf + 8, &values[v], 4);
				err = d->set(s, IPPROTO_IP, ip_opts[i],
					     buf + 8, len);
				side_note(d, "type %d set %d = %d len %u: %s", type,
				     ip_opts[i], values[v], len,
				     side_result(err));
				memset(buf, 0x55, sizeof(buf));
				room = 16;
				err = d->get(s, IPPROTO_IP, ip_opts[i], buf,
					     &room);
				side_note(d, "  get: %s len %u %02x%02x%02x%02x",
				     side_result(err), room, (u8)buf[0],
				     (u8)buf[1], (u8)buf[2], (u8)buf[3]);
			}
		for (len = 0; len <= 8; len++) {
			room = len;
			memset(buf, 0x55, sizeof(buf));
			err = d->get(s, IPPROTO_IP, ip_opts[i], buf, &room);
			side_note(d, "type %d get %d room %u: %s len %u %02x%02x",
			     type, ip_opts[i], len, side_result(err), room,
			     (u8)buf[0], (u8)buf[4]);
		}
		d->close(s);
	}
}

static void script_sockopt(struct side *d)
{
	script_sockopt_type(d, SOCK_DGRAM);
	script_sockopt_type(d, SOCK_STREAM);
}

/* Control messages of a sender, true and false. */
static void script_cmsg(struct side *d)
{
	static const size_t lens[] = { 0, 1, 15, 16, 17, 19, 20, 21, 24, 28,
				       29, 40, 80, (size_t)-1, INT32_MAX };
	static const int types[] = { IP_TTL, IP_TOS, IP_PKTINFO, IP_RETOPTS,
				     99 };
	static const int values[] = { 0, 1, 255, 256, -1 };
	union sk s = udp(d), t = udp(d);
	char control[96] __attribute__((aligned(8)));
	struct cmsghdr c = { .cmsg_level = IPPROTO_IP };
	struct iovec iov = { "x", 1 };
	struct sockaddr_in to;
	struct msghdr m = { .msg_name = &to, .msg_namelen = sizeof(to),
			    .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = control };
	u32 i, j, k, room;

	do_bind(d, s, SK_LOOPBACK, 0);
	to = sk_addr(SK_LOOPBACK, port_of(d, s));
	for (i = 0; i < ARRAY_SIZE(lens); i++)
		for (j = 0; j < ARRAY_SIZE(types); j++)
			for (k = 0; k < ARRAY_SIZE(values); k++)
				for (room = 0; room <= 48; room += 4) {
					memset(control, 0, sizeof(control));
					c.cmsg_len = lens[i];
					c.cmsg_type = types[j];
					memcpy(control, &c, sizeof(c));
					memcpy(control + sizeof(c), &values[k],
					       4);
					m.msg_controllen = room;
					side_note(d, "cmsg %zd type %d = %d in %u: %s",
					     (ssize_t)lens[i], types[j],
					     values[k], room,
					     side_result(d->send(t, &m, 0)));
				}
	d->close(s);
	d->close(t);
}

static void script_cork(struct side *d)
{
	static char big[65000];
	union sk s = udp(d), t = udp(d);
	int one = 1, zero = 0, fl;
	u16 port;

	do_bind(d, s, SK_LOOPBACK, 0);
	port = port_of(d, s);
	side_note(d, "cork %s", side_result(d->set(t, IPPROTO_UDP, UDP_CORK, &one, 4)));
	side_note(d, "send %s", side_result(do_send(d, t, "ab", 2, port)));
	side_note(d, "send %s", side_result(do_send(d, t, "cd", 2, port)));
	side_note(d, "recv %s", side_result(do_recv(d, s, 99, 0, &fl)));
	side_note(d, "cork %s", side_result(d->set(t, IPPROTO_UDP, UDP_CORK, &zero,
					   4)));
	side_note(d, "recv %s", side_result(do_recv(d, s, 99, 0, &fl)));
	d->set(t, IPPROTO_UDP, UDP_CORK, &one, 4);
	side_note(d, "send %s", side_result(do_send(d, t, big, sizeof(big), port)));
	side_note(d, "send %s", side_result(do_send(d, t, big, 1000, port)));
	d->set(t, IPPROTO_UDP, UDP_CORK, &zero, 4);
	side_note(d, "recv %s", side_result(do_recv(d, s, 99, 0, &fl)));
	side_note(d, "no address %s", side_result(do_send(d, t, "x", 1, 0)));
	side_note(d, "segment %s", side_result(d->set(t, IPPROTO_UDP, 99, &one, 4)));
	side_note(d, "length %s", side_result(d->set(t, IPPROTO_UDP, UDP_CORK, &one,
					     3)));
	d->close(s);
	d->close(t);
}

static void bind_is_judged_alike(void **state)
{
	(void)state;
	sides_compare(script_bind);
}

/* @attack P6 */
static void life_of_a_socket_is_alike(void **state)
{
	(void)state;
	sides_compare(script_life);
}

/* @attack P5 */
static void options_are_judged_alike(void **state)
{
	(void)state;
	sides_compare(script_sockopt);
}

/* @attack P5 */
static void control_messages_are_judged_alike(void **state)
{
	(void)state;
	sides_compare(script_cmsg);
}

static void corked_datagrams_are_alike(void **state)
{
	(void)state;
	sides_compare(script_cork);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bind_is_judged_alike),
		cmocka_unit_test(life_of_a_socket_is_alike),
		cmocka_unit_test(options_are_judged_alike),
		cmocka_unit_test(control_messages_are_judged_alike),
		cmocka_unit_test(corked_datagrams_are_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
