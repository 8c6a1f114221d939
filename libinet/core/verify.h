/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must always be true of the core's structures. Each function returns
 * when all is well and ends the program when it is not: simulations call them
 * after each step, unit tests break something by hand and see them fail.
 * Nothing here runs in production. Context: the thread that runs the stack,
 * between two turns.
 */
#ifndef CORE_VERIFY_H
#define CORE_VERIFY_H

#include <inet/skbuff.h>

#include "lib/assert.h"

struct Qdisc;
struct net;
struct neigh_table;
struct sock;
struct softnet_data;

/* The list is whole and as long as it says. Return: truesize of all. */
u64 skb_queue_verify(const struct sk_buff_head *q);

/* Lists of a softnet: whatever waits has its softirq raised. */
void softnet_verify(struct softnet_data *sd);
/* Its caches and wheel, and the pool of frames: walks all of them. */
void softnet_verify_caches(struct softnet_data *sd);
/* Whatever waits is scheduled, or the driver's ring is full. */
/* Queues of all devices. */
void dev_verify(struct net *net);

/* The true size of the largest packet that can come: one frame, or as many as GRO makes
 * one of, or a peer in the same process (wire) has not cut. */
s64 net_largest_packet(const struct net *net);

/* A sock that nobody owns: queues, memory against its buffers. TCP's queues
 * are tcp_verify()'s. */
void sock_verify(struct sock *sk);

/* The table: states, timers, queues, lists and counts. */
void neigh_verify(struct neigh_table *tbl);

#endif /* CORE_VERIFY_H */
