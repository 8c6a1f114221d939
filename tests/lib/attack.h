/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must hold under every attack, whatever the row of tests/ATTACKS.md says
 * besides: the stack of a fixture is watched while a test injects frames.
 *
 * A canary, a TCP connection with a host that has nothing to do with it, goes
 * on all the while: each octet that it sends comes back, and at the end it
 * closes in order. Each injected frame lies elsewhere in memory, at every
 * alignment, in one piece and in many, and passes GRO or not. What a burst of
 * frames provokes is not more than the burst, in packets, and in octets but for
 * one header each. No walk through a chain or a tree is longer than twice what
 * walks.def allows it: what one packet costs does not grow. No packet dies
 * twice. When the timers have run out the stack
 * holds nothing: no packet, no socket, no TIME-WAIT.
 *
 *	attack_begin(&f);	after fx_open(), or: attack_setup
 *	fx_inject(&f, ...);
 *	fx_close(&f);		judges
 *
 * The canary's frames are not among those that fx_pop() gives, and what it
 * does does not move what fx_mark() remembers.
 */
#ifndef TESTS_ATTACK_H
#define TESTS_ATTACK_H

#include "fixture.h"

/* Begins to watch @f, whose test0 is 10.0.0.2. */
void attack_begin(struct fx *f);
/* From now on the stack has something to say of its own: one burst may let it
 * send up to @frames frames. UINT32_MAX: any number. */
void attack_allow(struct fx *f, u32 frames);
/* Time that the stack may take to forget everything; 400 s if never said. */
void attack_patience(struct fx *f, u64 ns);
/* Octets that the canary got back so far. */
u64 attack_canary(const struct fx *f);

/* As fx_setup() and fx_setup_learned(), watched. */
int attack_setup(void **state);
int attack_setup_learned(void **state);

/* One frame from which nothing follows: it dies of @reason, in silence. */
void attack_dies(struct fx *f, const void *frame, u32 len,
		 enum skb_drop_reason reason);

#endif /* TESTS_ATTACK_H */
