/* SPDX-License-Identifier: BSD-2-Clause */
/* The link between the peer's namespace and that of the kernel's servers. */
#ifndef BENCH_KERNEL_H
#define BENCH_KERNEL_H

/* In the peer's namespace: makes PEER_TAP. @second: the servers' namespace. */
void kernel_near_end(int second);
/* In the servers' namespace: they are reached as PEER_STACK from now on. */
void kernel_far_end(void);
/* In the servers' namespace and a process of its own: carries frames, for ever.
 * NULL: nobody has to. */
extern void (*const kernel_carry)(void);

#endif
