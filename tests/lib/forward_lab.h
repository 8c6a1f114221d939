/* SPDX-License-Identifier: BSD-2-Clause */
/* A forwarder on the fixture's stack, and what it was asked. */
#ifndef TESTS_FORWARD_LAB_H
#define TESTS_FORWARD_LAB_H

#include <inet/forward.h>
#include <inet/socket.h>

#include "fixture.h"

/* An address that nobody here has. */
#define FOREIGN FX_ADDR(203, 0, 113, 7)
#define FOREIGN_HOST 0xcb007107u

struct lab {
	struct fx f;
	struct fx_pkt p;
	struct inet_forwarder *fwd;
	struct inet_forward_request req;	/* the last one */
	u32 nr_req;
	void (*decide)(struct lab *l);		/* in the callback; NULL: later */
	struct socket *s;			/* what was accepted last */
	u32 irs;				/* TCP: the stack's number */
};

/* All as usual. */
struct inet_forward_options lab_options(void);
/* The callback, whose argument is a lab. */
void lab_asked(struct inet_forwarder *fwd,
	       const struct inet_forward_request *req, void *arg);
/* The peer is known; a forwarder of @protocol is there. */
void lab_open(struct lab *l, int protocol,
	      const struct inet_forward_options *opts);
/* Nothing may be left, also of connections that nobody ended. */
void lab_close(struct lab *l);
struct inet_forward_stats lab_stats(struct lab *l);
/* lab.decide: a socket that does not block. */
void lab_accept(struct lab *l);

#endif /* TESTS_FORWARD_LAB_H */
