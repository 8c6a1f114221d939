/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two stacks and the cable between them: a is 10.0.0.1, b is 10.0.0.2. Frames
 * take one_way_ns, and may be lost, doubled, delayed (and so overtaken) or have
 * a bit turned, all from one seed. After each step tcp_verify_all() looks at
 * both stacks.
 */
#ifndef TESTS_TCP_PAIR_H
#define TESTS_TCP_PAIR_H

#include <inet/socket.h>

#include "fixture.h"
#include "lib/random.h"

#define PAIR_MAX_FLIGHT 8192

struct pair_frame {
	u64 due_ns;
	u64 order;
	struct fx *to;
	u32 len;
	u8 *data;
};

struct pair {
	struct fx a, b;
	struct rnd_state rnd;
	u64 one_way_ns;
	u32 loss, dup, late, flip;	/* of 1,000 frames */
	u64 late_ns;			/* at most */
	bool cut;			/* nothing gets through */
	u64 burst_ns, burst_every_ns;	/* no segment then, again and again */
	struct pair_frame flight[PAIR_MAX_FLIGHT];	/* a heap by time */
	u32 nr_flight;
	u64 order;
	u64 sent, lost;
	struct fx_pkt pkt;
};

struct pair *pair_open(u64 seed);
void pair_close(struct pair *p);

/* Delivers what is due, or lets time pass to the next event, at most until
 * @limit_ns. False: nothing is left to happen before it. */
bool pair_step(struct pair *p, u64 limit_ns);
/* Steps until nothing happens, at most @ns. */
void pair_run(struct pair *p, u64 ns);

/* A non-blocking TCP socket of @f, and a listener. */
struct socket *pair_socket(struct fx *f);
struct socket *pair_listen(struct fx *f, u16 port, int backlog);
/* From a to @port of b: the SYN is on its way. */
struct socket *pair_connect(struct pair *p, u16 port);

#endif /* TESTS_TCP_PAIR_H */
