/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the numbers of a segment may lie in a state: for the tests that send
 * every segment in every state, to libinet and to the kernel. */
#ifndef TESTS_TCP_FLAGS_H
#define TESTS_TCP_FLAGS_H

#include <inet/types.h>

#define ABOVE 0x20000u		/* beyond every window */
#define INSIDE 10u

enum { BELOW, AT, IN, OVER };

struct seg {
	u8 flags;
	u32 seq, ack;		/* relative to the ISNs */
	u32 len;
};

/* Sequence variables when the segment comes. */
struct before {
	int state;
	u32 rcv_nxt, una, nxt;
};

/* Below, at, inside and above the window. */
static inline u32 pick_seq(const struct before *b, int where)
{
	switch (where) {
	case BELOW:
		return b->rcv_nxt - 1;
	case AT:
		return b->rcv_nxt;
	case IN:
		return b->rcv_nxt + INSIDE;
	default:
		return b->rcv_nxt + ABOVE;
	}
}

/* Below, of what was acknowledged (IN), of all that is in flight (AT), above. */
static inline u32 pick_ack(const struct before *b, int where)
{
	switch (where) {
	case BELOW:
		return b->una - 1;
	case AT:
		return b->nxt;
	case IN:
		return b->una;
	default:
		return b->nxt + 1;
	}
}

#endif /* TESTS_TCP_FLAGS_H */
