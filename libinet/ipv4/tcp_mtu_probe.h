/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP: how large a packet the path carries, found out by sending one: RFC 4821. */
#ifndef IPV4_TCP_MTU_PROBE_H
#define IPV4_TCP_MTU_PROBE_H

#include "ipv4/tcp.h"

/* The connection begins; its search, too, if all are to have one. */
void tcp_mtup_init(struct sock *sk);
/* Of a connection that searches: IP knows the path as @pmtu wide. Return: what a
 * packet may have that is no probe. */
u32 tcp_mtup_follow(struct sock *sk, u32 pmtu);
/* Sends a probe, if it is time for one: *@sent counts it. Return: false: there is no
 * room yet, and nothing else is to take it. */
bool tcp_mtu_probe(struct sock *sk, u32 *sent);
/* SND.UNA may have moved beyond the probe that is out. */
void tcp_mtup_ack(struct sock *sk);
/* Something is lost. Return: true: that was the probe, and nothing else; its text
 * goes again, and no window comes down for it. */
bool tcp_mtup_probe_lost(struct sock *sk);
/* R1: nothing is answered. If packets are too large, who should say so is silent. */
void tcp_mtup_black_hole(struct sock *sk);

#endif /* IPV4_TCP_MTU_PROBE_H */
