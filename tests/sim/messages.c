/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP beside TCP: datagrams of any size, many of them in fragments, some in rows by
 * one call (UDP_SEGMENT). What is delivered, to every other host merged where
 * GRO could (UDP_GRO), was sent, to this host, whole and unchanged, and only as
 * often as the cables made copies.
 */
#include "sim.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>

#define MAX_LEN 4000
#define HEAD 2			/* the number of the message */
#define ROW_LEN 600		/* of a row's, at most */
#define ROW_MAX 20

/* Makes the messages from @i on one row, the last of which may be short. Return:
 * how many. */
static unsigned int row_draw(struct world *w, unsigned int i, struct rng *own)
{
	struct message *first = &w->message[i];
	unsigned int n = (unsigned int)rng_range(own, 2, ROW_MAX), k;

	n = n < w->nr_messages - i ? n : w->nr_messages - i;
	first->len = (u16)rng_log(own, HEAD, ROW_LEN);
	first->row = (u8)n;
	for (k = 1; k < n; k++) {
		first[k] = *first;
		first[k].row = 0;
	}
	first[n - 1].len = (u16)rng_range(own, HEAD, first->len);
	return n;
}

void messages_draw(struct world *w)
{
	struct rng own;
	unsigned int i, n;

	if (!sim_draw(w, &w->config, SIM_UDP, 40, &own))
		return;
	w->nr_messages = (unsigned int)rng_log(&own, 1, SIM_MAX_MESSAGES);
	for (i = 0; i < w->nr_messages; i += n) {
		struct message *m = &w->message[i];

		m->at_ns = w->now + rng_log(&own, SIM_MS, 5 * SIM_S);
		m->from = (u8)rng_range(&own, 0, w->nr_hosts - 1);
		m->to = (u8)((m->from + rng_range(&own, 1, w->nr_hosts - 1)) %
			     w->nr_hosts);
		m->len = (u16)rng_log(&own, HEAD, MAX_LEN);
		m->row = 1;
		n = rng_range(&own, 0, 3) ? 1 : row_draw(w, i, &own);
	}
}

static void message_ready(struct socket *sock, int revents, void *arg)
{
	struct host *h = arg;

	(void)sock;
	(void)revents;
	h->mail = true;
}

int messages_open(struct host *h)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(SIM_UDP_PORT) };
	struct rng own;
	int small = 1, merge = (int)(h - h->w->host) & 1;

	h->udp = inet_socket(h->net, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (!h->udp)
		return -1;
	inet_set_event_cb(h->udp, POLLIN, message_ready, h);
	inet_setsockopt(h->udp, IPPROTO_UDP, UDP_GRO, &merge, sizeof(merge));
	if (sim_draw(h->w, &h->w->config, SIM_BUFFERS, 10, &own)) {
		inet_setsockopt(h->udp, SOL_SOCKET, SO_RCVBUF, &small,
				sizeof(small));
		h->mail_gap = rng_log(&own, SIM_MS, SIM_S);
	}
	return inet_bind(h->udp, (struct sockaddr *)&a, sizeof(a));
}

static void fill(u8 *p, u32 id, u32 len)
{
	u32 i;

	p[0] = (u8)(id >> 8);
	p[1] = (u8)id;
	for (i = HEAD; i < len; i++)
		p[i] = app_byte(id, i);
}

/* Sends one, or a row; it may be refused, but not for a strange reason. */
static void message_send(struct world *w, struct message *m)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(SIM_UDP_PORT) };
	struct socket *s = w->host[m->from].udp;
	int i, size = m->row > 1 ? m->len : 0;
	u8 buf[ROW_MAX * ROW_LEN];
	u32 len = 0;

	static_assert(sizeof(buf) >= MAX_LEN, "one alone, too");
	to.sin_addr.s_addr = htonl(SIM_ADDR(m->to));
	for (i = 0; i < m->row; i++) {
		m[i].sent = true;
		fill(buf + len, (u32)(m + i - w->message), m[i].len);
		len += m[i].len;
	}
	inet_setsockopt(s, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size));
	if (inet_sendto(s, buf, len, 0, (struct sockaddr *)&to, sizeof(to)) !=
	    (ssize_t)len && !(errno == EMSGSIZE && size) &&
	    errno != EAGAIN && errno != ENOBUFS && errno != ENOMEM &&
	    errno != EHOSTUNREACH && errno != ENETUNREACH && errno != ENETDOWN)
		sim_fail(w, "message %d of %u bytes: %s",
			 (int)(m - w->message), len, strerror(errno));
}

/* Compares a datagram that came to host @h with the one that was sent. */
static void message_check(struct world *w, unsigned int h, const u8 *p, u32 len,
			  u32 from)
{
	u32 id = len >= HEAD ? (u32)(p[0] << 8 | p[1]) : UINT32_MAX;
	u8 want[MAX_LEN];
	struct message *m = &w->message[id < w->nr_messages ? id : 0];

	if (id >= w->nr_messages || !m->sent || m->to != h ||
	    SIM_ADDR(m->from) != from || len != m->len) {
		sim_fail(w, "host %u: a datagram of %u bytes that nobody sent",
			 h, len);
		return;
	}
	fill(want, id, len);
	if (memcmp(p, want, len))
		sim_fail(w, "host %u: message %u is damaged", h, id);
	m->seen++;
	monitor_message(w, m);
	if (m->seen > 1 && !w->dups)
		sim_fail(w, "host %u: message %u came twice", h, id);
}

/* One read of host @h: a datagram, or some of a row. Return: 0, or an errno. */
static int messages_read(struct world *w, unsigned int h)
{
	char control[64] __attribute__((aligned(8)));
	static u8 buf[65536];
	struct iovec iov = { buf, sizeof(buf) };
	struct sockaddr_in a;
	struct msghdr m = { .msg_name = &a, .msg_namelen = sizeof(a),
			    .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = inet_recvmsg(w->host[h].udp, &m, 0);
	u32 at = 0, part;
	int size = (int)n;

	if (n < 0)
		return errno;
	if (CMSG_FIRSTHDR(&m))
		memcpy(&size, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(size));
	do {
		part = (u32)n - at < (u32)size ? (u32)n - at : (u32)size;
		message_check(w, h, buf + at, part, ntohl(a.sin_addr.s_addr));
		at += part;
	} while (at < (u32)n && !w->why[0]);
	return 0;
}

static void messages_receive(struct world *w, unsigned int h)
{
	int i;

	w->host[h].mail = false;
	if (!w->host[h].udp)
		return;
	for (i = 0; i < 2 * SIM_MAX_MESSAGES * 11 && !w->why[0]; i++)
		if (messages_read(w, h) == EAGAIN)
			return;
}

/* Reads what came for host @i, if it is its time. Return: when it is, or
 * @next. */
static u64 mailbox_step(struct world *w, unsigned int i, u64 next)
{
	struct host *h = &w->host[i];

	if (!h->mail || h->paused_until > w->now)
		return next;
	if (h->mail_ns > w->now)
		return h->mail_ns < next ? h->mail_ns : next;
	messages_receive(w, i);
	h->mail_ns = w->now + h->mail_gap;
	return next;
}

u64 messages_step(struct world *w)
{
	u64 next = UINT64_MAX, at;
	unsigned int i;

	for (i = 0; i < w->nr_hosts; i++)
		next = mailbox_step(w, i, next);
	for (i = 0; i < w->nr_messages; i++) {
		struct message *m = &w->message[i];

		if (m->sent || !m->row || !w->host[m->from].udp)
			continue;
		at = w->host[m->from].paused_until;
		at = m->at_ns > at ? m->at_ns : at;
		if (at <= w->now)
			message_send(w, m);
		else if (at < next)
			next = at;
	}
	return next;
}
