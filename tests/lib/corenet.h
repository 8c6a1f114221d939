/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stack of core, sockets and PF_PACKET only, without IP: for tests of what
 * lies below. Its clock stands still unless the test moves it (simulated), or
 * is the real one.
 */
#ifndef TESTS_CORENET_H
#define TESTS_CORENET_H

#include <inet/inet.h>

struct corenet_config {
	enum inet_mode mode;
	unsigned int nr_threads;	/* threaded: started at once */
	u32 nr_frames;
	bool with_lo;
};

/* Aborts when it fails, unless memory was made to fail. */
struct net *corenet_open(enum inet_mode mode, unsigned int nr_threads);
struct net *corenet_open_cfg(const struct corenet_config *cfg);
/* Asserts that all memory came back. */
void corenet_close(struct net *net);

/* The virtual clock of simulated stacks, ns. */
void corenet_advance(struct net *net, u64 ns);

#endif /* TESTS_CORENET_H */
