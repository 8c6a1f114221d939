/* SPDX-License-Identifier: BSD-2-Clause */
/* Moving a connection: see tcp_repair.c. */
#ifndef IPV4_TCP_REPAIR_H
#define IPV4_TCP_REPAIR_H

#include "ipv4/tcp.h"

/* Instead of tcp_connect(). */
int tcp_repair_connect(struct sock *sk);
int tcp_set_repair(struct sock *sk, int val);
int tcp_set_queue_seq(struct sock *sk, int val);
int tcp_set_repair_options(struct sock *sk, const void *val, socklen_t len);
int tcp_set_repair_window(struct sock *sk, const void *val, socklen_t len);
int tcp_get_repair_window(struct sock *sk, void *val, socklen_t *len);

#endif /* IPV4_TCP_REPAIR_H */
