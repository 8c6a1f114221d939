/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long the walks of lib/walks.def were, in a program whose library is the
 * simulator's (tests/sim/libpoints.la): others count nothing.
 */
#ifndef TESTS_WALKS_H
#define TESTS_WALKS_H

/* From now on. */
void walks_begin(void);
/* Fails the test when one took more than twice the steps that it may take in a
 * world of the simulator, or none was counted. */
void walks_judge(void);

#endif /* TESTS_WALKS_H */
