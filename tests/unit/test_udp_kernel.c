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

/* ---- UDP_SEGMENT ------------------------------------------------------- */

static char bytes[65600];

/* Sends @len bytes to @port, to be cut as a control message says (@cmsg >= 0). */
static int do_send_cut(struct side *d, union sk s, size_t len, u16 port,
		       int cmsg)
{
	struct sockaddr_in to = sk_addr(SK_LOOPBACK, port);
	char control[CMSG_SPACE(sizeof(u16))] __attribute__((aligned(8)));
	struct iovec iov = { bytes, len };
	struct msghdr m = { .msg_name = &to, .msg_namelen = sizeof(to),
			    .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;
	u16 size = (u16)cmsg;

	if (cmsg >= 0) {
		memset(control, 0, sizeof(control));
		m.msg_control = control;
		m.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = IPPROTO_UDP;
		c->cmsg_type = UDP_SEGMENT;
		c->cmsg_len = CMSG_LEN(sizeof(size));
		memcpy(CMSG_DATA(c), &size, sizeof(size));
	}
	return d->send(s, &m, 0);
}

/* The lengths of what has arrived: how many of the first, and the last. */
static void note_arrived(struct side *d, union sk s)
{
	int n, first = -1, last = -1, nr = 0;

	while ((n = do_recv(d, s, 0, MSG_TRUNC, NULL)) >= 0) {
		if (first < 0)
			first = n;
		last = n;
		nr++;
	}
	side_note(d, "  arrived: %d, first %d, last %d", nr, first, last);
}

/* Two sockets, the second with room for what the first sends. */
static u16 cut_pair(struct side *d, union sk *s, union sk *t)
{
	int room = 212992;

	*s = udp(d);
	*t = udp(d);
	assert_int_equal(do_bind(d, *t, SK_LOOPBACK, 0), 0);
	d->set(*t, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return port_of(d, *t);
}

static const int cut_sizes[] = { 0, 1, 99, 100, 1000, 30000, 65507, 65535 };
static const size_t cut_lens[] = { 0, 1, 99, 100, 101, 128, 129, 200, 12800,
				   12801, 60000, 65507, 65508, 65535 };

static void script_segment(struct side *d)
{
	static const int values[] = { -1, 65536, INT32_MAX, INT32_MIN };
	int v = 0, one = 1;
	socklen_t room;
	union sk s, t;
	u16 port = cut_pair(d, &s, &t);
	u32 i, j;

	for (i = 0; i < ARRAY_SIZE(values); i++)
		side_note(d, "set %d: %s", values[i], side_result(d->set(
			s, IPPROTO_UDP, UDP_SEGMENT, &values[i], 4)));
	side_note(d, "short: %s", side_result(d->set(s, IPPROTO_UDP, UDP_SEGMENT,
						     &one, 2)));
	for (i = 0; i < ARRAY_SIZE(cut_sizes); i++) {
		side_note(d, "set %d: %s", cut_sizes[i], side_result(d->set(
			s, IPPROTO_UDP, UDP_SEGMENT, &cut_sizes[i], 4)));
		room = sizeof(v);
		d->get(s, IPPROTO_UDP, UDP_SEGMENT, &v, &room);
		side_note(d, "get %d, %u", v, room);
		for (j = 0; j < ARRAY_SIZE(cut_lens); j++) {
			side_note(d, "%zu: %s", cut_lens[j], side_result(
				do_send_cut(d, s, cut_lens[j], port, -1)));
			note_arrived(d, t);
			side_note(d, "%zu by 50: %s", cut_lens[j], side_result(
				do_send_cut(d, s, cut_lens[j], port, 50)));
			note_arrived(d, t);
			side_note(d, "%zu by 0: %s", cut_lens[j], side_result(
				do_send_cut(d, s, cut_lens[j], port, 0)));
			note_arrived(d, t);
		}
	}
	d->set(s, SOL_SOCKET, SO_NO_CHECK, &one, 4);
	v = 100;
	d->set(s, IPPROTO_UDP, UDP_SEGMENT, &v, 4);
	for (j = 0; j < ARRAY_SIZE(cut_lens); j++)
		side_note(d, "no check %zu: %s", cut_lens[j], side_result(
			do_send_cut(d, s, cut_lens[j], port, -1)));
	note_arrived(d, t);
	d->close(s);
	d->close(t);
}

/* Control messages of the level IPPROTO_UDP, true and false. */
static void script_segment_cmsg(struct side *d)
{
	char control[64] __attribute__((aligned(8)));
	static const int types[] = { 0, UDP_CORK, UDP_SEGMENT, 104 };
	struct cmsghdr c = { .cmsg_level = IPPROTO_UDP };
	struct iovec iov = { "abcdefg", 7 };
	union sk s, t;
	struct sockaddr_in to = sk_addr(SK_LOOPBACK, cut_pair(d, &s, &t));
	struct msghdr m = { .msg_name = &to, .msg_namelen = sizeof(to),
			    .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = control };
	u32 i, len, room;
	u16 size = 3;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		for (len = 14; len <= 24; len++)
			for (room = 0; room <= 24; room += 2) {
				memset(control, 0, sizeof(control));
				c.cmsg_len = len;
				c.cmsg_type = types[i];
				memcpy(control, &c, sizeof(c));
				memcpy(control + sizeof(c), &size, 2);
				m.msg_controllen = room;
				side_note(d, "type %d len %u in %u: %s",
					  types[i], len, room,
					  side_result(d->send(s, &m, 0)));
				note_arrived(d, t);
			}
	d->close(s);
	d->close(t);
}

static void script_segment_cork(struct side *d)
{
	int one = 1, zero = 0, size = 100, other = 30;
	union sk s, t;
	u16 port = cut_pair(d, &s, &t);

	d->set(s, IPPROTO_UDP, UDP_SEGMENT, &size, 4);
	d->set(s, IPPROTO_UDP, UDP_CORK, &one, 4);
	side_note(d, "%s", side_result(do_send_cut(d, s, 150, port, -1)));
	note_arrived(d, t);
	side_note(d, "%s", side_result(do_send_cut(d, s, 120, port, 7)));
	d->set(s, IPPROTO_UDP, UDP_SEGMENT, &other, 4);
	side_note(d, "%s", side_result(do_send_cut(d, s, 130, port, -1)));
	side_note(d, "%s", side_result(d->set(s, IPPROTO_UDP, UDP_CORK, &zero,
					      4)));
	note_arrived(d, t);
	d->set(s, IPPROTO_UDP, UDP_CORK, &one, 4);
	side_note(d, "%s", side_result(do_send_cut(d, s, 4000, port, -1)));
	side_note(d, "%s", side_result(d->set(s, IPPROTO_UDP, UDP_CORK, &zero,
					      4)));
	note_arrived(d, t);
	d->close(s);
	d->close(t);
}

/* What is read at once, and in which pieces it came. */
static void note_rows(struct side *d, union sk s, int flags)
{
	char control[64] __attribute__((aligned(8)));
	struct iovec iov = { bytes, 50000 };
	struct msghdr m;
	struct cmsghdr *c;
	int n, size;

	do {
		m = (struct msghdr){ .msg_iov = &iov, .msg_iovlen = 1,
				     .msg_control = control,
				     .msg_controllen = sizeof(control) };
		n = d->recv(s, &m, flags);
		side_note(d, "  %d flags %x, control %zu", n,
			  n < 0 ? 0 : (unsigned int)m.msg_flags,
			  n < 0 ? 0 : m.msg_controllen);
		if (n < 0)
			break;
		c = CMSG_FIRSTHDR(&m);
		if (!c)
			continue;
		memcpy(&size, CMSG_DATA(c), sizeof(size));
		side_note(d, "  %d %d %zu: %d", c->cmsg_level, c->cmsg_type,
			  c->cmsg_len, size);
	} while (!(flags & MSG_PEEK));
}

static void script_gro(struct side *d)
{
	static const int values[] = { 1, 0, 5, -1 };
	int v = 7, n;
	socklen_t len = sizeof(v);
	union sk s, t;
	u16 port = cut_pair(d, &s, &t);
	u32 i, j;

	side_note(d, "%s", side_result(d->get(t, IPPROTO_UDP, UDP_GRO, &v, &len)));
	for (i = 0; i < ARRAY_SIZE(values); i++) {
		side_note(d, "gro %d: %s", values[i], side_result(d->set(
			t, IPPROTO_UDP, UDP_GRO, &values[i], 4)));
		len = sizeof(v);
		d->get(t, IPPROTO_UDP, UDP_GRO, &v, &len);
		side_note(d, "get %d, %u", v, len);
		for (j = 0; j < ARRAY_SIZE(cut_lens); j++) {
			side_note(d, "%zu: %s", cut_lens[j], side_result(
				do_send_cut(d, s, cut_lens[j], port, 100)));
			note_rows(d, t, MSG_PEEK);
			note_rows(d, t, MSG_PEEK | MSG_TRUNC);
			if (!d->ioctl(t, FIONREAD, &n))
				side_note(d, "  queue %d", n);
			note_rows(d, t, 0);
		}
		do_send_cut(d, s, 60000, port, 1000);
		note_rows(d, t, MSG_TRUNC);
	}
	do_send_cut(d, s, 60000, port, 1000);
	v = 0;
	d->set(t, IPPROTO_UDP, UDP_GRO, &v, 4);
	note_rows(d, t, 0);
	d->close(s);
	d->close(t);
}

static void rows_are_read_alike(void **state)
{
	(void)state;
	sides_compare(script_gro);
}

static void segments_are_cut_alike(void **state)
{
	(void)state;
	sides_compare(script_segment);
}

/* @attack P5 */
static void segment_control_messages_are_judged_alike(void **state)
{
	(void)state;
	sides_compare(script_segment_cmsg);
}

static void corked_segments_are_alike(void **state)
{
	(void)state;
	sides_compare(script_segment_cork);
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
		cmocka_unit_test(segments_are_cut_alike),
		cmocka_unit_test(segment_control_messages_are_judged_alike),
		cmocka_unit_test(corked_segments_are_alike),
		cmocka_unit_test(rows_are_read_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
