/* SPDX-License-Identifier: BSD-2-Clause */
/* SYN cookies: see tcp_syncookies.c. */
#ifndef IPV4_TCP_SYNCOOKIES_H
#define IPV4_TCP_SYNCOOKIES_H

#include "ipv4/tcp.h"

/* Takes from @req what a cookie cannot carry; then, in this order, makes the
 * cookie its ISN and the timestamp's offset fit. @skb: the SYN. */
void cookie_init_options(struct request_sock *req);
void cookie_init_sequence(struct request_sock *req, const struct sk_buff *skb);
/* An ACK for the listener @sk, borrowed. Return: @sk: it acknowledges no cookie;
 * the child, locked, with a reference; NULL: drop @skb, it may come again. */
struct sock *cookie_v4_check(struct sock *sk, struct sk_buff *skb);

/* The child of @req, which is in no table, on the accept queue and locked; or NULL,
 * and @req is gone. */
struct sock *tcp_child_of_unhashed(struct sock *sk, struct sk_buff *skb,
				   struct request_sock *req) unchecked_locking;

#endif /* IPV4_TCP_SYNCOOKIES_H */
