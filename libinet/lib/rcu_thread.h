/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Read sections and grace periods of real threads: liburcu's.
 * Any thread may call these; it need not make itself known before. The core
 * uses rcu_read_lock() of rcu.h, which is free where no threads are.
 */
#ifndef INET_LIB_RCU_THREAD_H
#define INET_LIB_RCU_THREAD_H

/* Read sections nest. Nothing may sleep inside. */
void inet_rcu_read_lock(void);
void inet_rcu_read_unlock(void);

/* Waits until all read sections that run now have ended. Not inside one. */
void inet_rcu_synchronize(void);

#endif /* INET_LIB_RCU_THREAD_H */
