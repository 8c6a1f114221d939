/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection of the stack's with full segments in flight, numbered from 0, and a
 * peer that selects, for what happens after a loss. On top of tcp_peer.h. Windows are
 * Reno's.
 */
#ifndef TESTS_TCP_FLIGHT_H
#define TESTS_TCP_FLIGHT_H

#include "tcp_peer.h"

#define FLIGHT_RTT (40 * FX_MS)
/* The octet that segment @n begins with; with timestamps. */
#define SEG(n) (1u + (n) * 1460u)
#define TSEG(n) (1u + (n) * 1448u)

/* @n segments are in flight, the window is full, more is written, and one round trip
 * has passed. */
void flight_open(struct tp *t, u32 n);
/* What is open, and says what the peer permits, gets its connection, the peer's way
 * a round trip long, with a window of @cwnd. */
void flight_connect(struct tp *t, u32 cwnd);
/* @len octets are written, the window is @cwnd, the peer permits SACK, timestamps;
 * nothing was looked at yet. */
void flight_open_with(struct tp *t, u32 cwnd, u32 len, bool sack, bool ts);
void flight_write(struct tp *t, u32 len);
struct tcp_sock *flight_tcp(const struct tp *t);
u8 flight_state(const struct tp *t);
/* The next @n segments of the stack are full ones from number @first on. */
void flight_expect(struct tp *t, u32 first, u32 n);
/* The peer acknowledges everything up to @ack, and the pairs that follow, ended by
 * 0, 0; relative to the stack's SYN. */
void flight_sack(struct tp *t, u32 ack, ...);

#define SACK(t, ack, ...) flight_sack(t, ack, __VA_ARGS__, 0u, 0u)
#define ACK(t, ack) flight_sack(t, ack, 0u, 0u)

#endif /* TESTS_TCP_FLIGHT_H */
