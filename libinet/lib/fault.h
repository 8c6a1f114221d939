/* SPDX-License-Identifier: BSD-2-Clause */
/* The faults of one direction of a link, decided frame by frame. Pure. */
#ifndef INET_LIB_FAULT_H
#define INET_LIB_FAULT_H

#include <inet/fault.h>

#include "lib/compiler.h"

/* Each has a random stream of its own. */
enum fault_kind {
	FAULT_LOSS,
	FAULT_BURST_STATE,
	FAULT_BURST_LOSS,
	FAULT_JITTER,
	FAULT_REORDER,
	FAULT_DUP,
	FAULT_CORRUPT,
	FAULT_CORRUPT_HIDDEN,
	FAULT_TRUNCATE,
	FAULT_PAD,
	FAULT_MARK,
	NR_FAULT_KINDS,
};

struct fault_state {
	struct inet_fault_config config;
	struct inet_fault_counters counters;
	u64 key[NR_FAULT_KINDS];
	u64 index;		/* of the next frame */
	u64 busy_until_ns;	/* when the queue will have drained */
	u64 queue_ns;		/* what config.queue_bytes take to send */
	u64 mark_ns;		/* ... and config.mark_bytes */
	u64 last_due_ns;	/* no frame in order comes earlier */
	bool bad;		/* Gilbert's state */
	/*
	 * Asked before a fault of frame number @index happens; true: it does
	 * not. For shrinking a failing run. NULL: all happen.
	 */
	bool (*veto)(void *arg, u64 index, enum fault_kind kind);
	void *veto_arg;
};

/* What becomes of one frame. */
struct fault_verdict {
	u32 nr_copies;		/* 0: it is lost */
	u32 damage;		/* BIT(FAULT_CORRUPT) ...: of the first copy */
	u64 index;
	u64 due_ns[INET_FAULT_MAX_COPIES];
};

/* A member that is out of its range, which begins at 0. */
struct fault_problem {
	const char *name;	/* NULL: there is none */
	u64 value, max;
};

/* Return: the first member that is out of range. */
struct fault_problem fault_config_problem(const struct inet_fault_config *config);

/* True when every frame passes at once and unharmed. */
bool fault_config_none(const struct inet_fault_config *config);

/* Return: 0, -EINVAL. */
int fault_init(struct fault_state *f, const struct inet_fault_config *config)
	__must_check;

/* Goes on under another description: frame numbers, counters and the order of
 * what was sent before stay; the seed is the first one's. 0 or -EINVAL. */
int fault_change(struct fault_state *f, const struct inet_fault_config *config)
	__must_check;

/* Decides about the next frame, of @len bytes, offered at @now_ns. */
void fault_decide(struct fault_state *f, u64 now_ns, u32 len,
		  struct fault_verdict *v);

/*
 * Damages the first copy as decided, in a buffer with INET_FAULT_MAX_PAD bytes
 * of room behind @len.
 * Return: the new length.
 */
u32 fault_damage(struct fault_state *f, const struct fault_verdict *v,
		 u8 *frame, u32 len);

#endif /* INET_LIB_FAULT_H */
