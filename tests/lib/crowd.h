/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Very many TCP peers of one fixture, all behind 10.0.0.1: peer i is
 * 20.0.x.y with a port of its own. They know how far each side is, and nothing
 * else; what they answer is the test's.
 */
#ifndef TESTS_CROWD_H
#define TESTS_CROWD_H

#include <inet/socket.h>

#include "fixture.h"
#include "ipv4/tcp.h"

#define CROWD_PORT 7		/* of the stack, when it listens */
#define CROWD_PER_ADDR 32768u
#define CROWD_FIRST_PORT 1024u

struct crowd_conn {
	u32 seq;		/* the peer's next octet */
	u32 ack;		/* the stack's next, as the peer knows it */
	u16 lport;		/* of the stack */
	u8 heard;		/* flags of all segments that came */
	u32 nr_heard;
	struct socket *s;	/* accepted; NULL: none, or closed */
};

struct crowd {
	struct fx *f;
	struct socket *l;
	u32 nr;
	u16 win;		/* that the peers offer */
	bool ts;		/* the SYN-ACKs of the peers have timestamps */
	struct crowd_conn *conn;
	/* A segment of the stack for peer @i, who took it. May be NULL. */
	void (*hears)(struct crowd *c, u32 i, const struct fx_pkt *p);
	struct fx_pkt p;
};

/* @nr peers who have not said anything. */
void crowd_open(struct crowd *c, struct fx *f, u32 nr);
/* Closes what is open still, and frees. */
void crowd_close(struct crowd *c);

__be32 crowd_addr(u32 i);
u16 crowd_port(u32 i);
/* A segment of peer @i; SYN and FIN take their place. */
void crowd_send(struct crowd *c, u32 i, u8 flags, const void *data, u32 len);
/* The stack listens on CROWD_PORT. */
void crowd_listen(struct crowd *c, int backlog);
/* Peer @i connects, and the application accepts it. */
void crowd_connect(struct crowd *c, u32 i);
void crowd_app_close(struct crowd *c, u32 i);
/* The peers take what was sent. Return: how many segments. */
u32 crowd_hear(struct crowd *c);
/* Time passes; the peers hear after each @step. Return: how many segments. */
u64 crowd_advance(struct crowd *c, u64 ns, u64 step);
/* Sockets of the stack's application that are open and not in error. */
u32 crowd_alive(const struct crowd *c);

#endif /* TESTS_CROWD_H */
