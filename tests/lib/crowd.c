/* SPDX-License-Identifier: BSD-2-Clause */
/* Very many TCP peers of one fixture: see crowd.h. */
#include "crowd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define CROWD_NET 0x14000000u
#define CROWD_ISS 0x10000000u

__be32 crowd_addr(u32 i)
{
	return htonl(CROWD_NET + i / CROWD_PER_ADDR + 1);
}

u16 crowd_port(u32 i)
{
	return (u16)(CROWD_FIRST_PORT + i % CROWD_PER_ADDR);
}

void crowd_open(struct crowd *c, struct fx *f, u32 nr)
{
	u32 i;

	memset(c, 0, sizeof(*c));
	c->f = f;
	c->nr = nr;
	c->win = 60000;
	c->conn = calloc(nr, sizeof(*c->conn));
	assert_non_null(c->conn);
	for (i = 0; i < nr; i++) {
		c->conn[i].seq = CROWD_ISS + i;
		c->conn[i].lport = CROWD_PORT;
	}
	(void)inet_route_add(f->net, "20.0.0.0/8 via 10.0.0.1");
}

void crowd_close(struct crowd *c)
{
	u32 i;

	for (i = 0; i < c->nr; i++)
		if (c->conn[i].s)
			crowd_app_close(c, i);
	if (c->l)
		inet_close(c->l);
	fx_run(c->f);
	free(c->conn);
}

void crowd_send(struct crowd *c, u32 i, u8 flags, const void *data, u32 len)
{
	static const u8 mss[4] = { TCPOPT_MSS, TCPOLEN_MSS, 0x05, 0xb4 };
	struct crowd_conn *conn = &c->conn[i];
	const struct fx_ip ip = { .saddr = crowd_addr(i) };
	const struct tcp_seg_info seg = {
		.source = htons(crowd_port(i)), .dest = htons(conn->lport),
		.seq = conn->seq, .window = c->win, .flags = flags,
		.ack_seq = flags & TCPHDR_ACK ? conn->ack : 0,
	};
	static u8 frame[2048];

	conn->seq += len + !!(flags & TCPHDR_SYN) + !!(flags & TCPHDR_FIN);
	fx_inject(c->f, frame,
		  fx_build_tcp(frame, &ip, &seg, mss,
			       flags & TCPHDR_SYN ? sizeof(mss) : 0, data,
			       len));
}

/* Whose segment is it? */
static u32 crowd_find(const struct crowd *c, const struct fx_pkt *p)
{
	u32 net, i;

	assert_non_null(p->tcp);
	net = ntohl(p->ip->daddr) - CROWD_NET - 1;
	i = net * CROWD_PER_ADDR + ntohs(p->tcp->dest) - CROWD_FIRST_PORT;
	assert_true(i < c->nr);
	return i;
}

u32 crowd_hear(struct crowd *c)
{
	struct crowd_conn *conn;
	u32 i, nr = 0, end;

	for (; fx_pop(c->f, &c->p); nr++) {
		i = crowd_find(c, &c->p);
		conn = &c->conn[i];
		end = ntohl(c->p.tcp->seq) + c->p.data_len + c->p.tcp->syn +
		      c->p.tcp->fin;
		if (c->p.tcp->syn || after(end, conn->ack))
			conn->ack = end;
		conn->heard |= c->p.tcp->flags;
		conn->nr_heard++;
		if (c->hears)
			c->hears(c, i, &c->p);
	}
	return nr;
}

void crowd_listen(struct crowd *c, int backlog)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
				   .sin_port = htons(CROWD_PORT) };

	c->l = inet_socket(c->f->net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_non_null(c->l);
	assert_int_equal(inet_bind(c->l, (void *)&any, sizeof(any)), 0);
	assert_int_equal(inet_listen(c->l, backlog), 0);
}

void crowd_connect(struct crowd *c, u32 i)
{
	crowd_send(c, i, TCPHDR_SYN, NULL, 0);
	assert_int_equal(crowd_hear(c), 1);
	crowd_send(c, i, TCPHDR_ACK, NULL, 0);
	c->conn[i].s = inet_accept4(c->l, NULL, NULL, SOCK_NONBLOCK);
	assert_non_null(c->conn[i].s);
	c->conn[i].heard = 0;
	c->conn[i].nr_heard = 0;
}

void crowd_app_close(struct crowd *c, u32 i)
{
	assert_int_equal(inet_close(c->conn[i].s), 0);
	c->conn[i].s = NULL;
	fx_run(c->f);
}

u64 crowd_advance(struct crowd *c, u64 ns, u64 step)
{
	u64 nr = 0, part;

	for (; ns; ns -= part) {
		part = min(ns, step);
		fx_advance(c->f, part);
		nr += crowd_hear(c);
	}
	return nr;
}

u32 crowd_alive(const struct crowd *c)
{
	u32 i, nr = 0;

	for (i = 0; i < c->nr; i++)
		nr += c->conn[i].s &&
		      c->conn[i].s->sk->sk_state == TCP_ESTABLISHED;
	return nr;
}
