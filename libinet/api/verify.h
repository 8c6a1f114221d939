/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must always be true of a whole stack, between two turns, in the thread
 * that runs it. The functions return, or end the program at the structure that
 * is broken. For simulations and tests; nothing of it runs in production.
 */
#ifndef API_VERIFY_H
#define API_VERIFY_H

struct net;

/* What may change with each packet; its cost grows with what is in use. */
void net_verify(struct net *net);
/* Tables, caches and wheels, which are walked from end to end: dear. */
void net_verify_tables(struct net *net);

#endif /* API_VERIFY_H */
