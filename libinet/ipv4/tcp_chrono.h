/* SPDX-License-Identifier: BSD-2-Clause */
/* What sending waited for: see tcp_chrono.c. */
#ifndef IPV4_TCP_CHRONO_H
#define IPV4_TCP_CHRONO_H

#include "ipv4/tcp.h"

void tcp_chrono_set(struct tcp_sock *tp, enum tcp_chrono what);
/* us, all until now. */
void tcp_chrono_read(const struct tcp_sock *tp, u64 us[TCP_CHRONO_NR]);

/* From now on it is @what, unless it was something stronger. */
static inline void tcp_chrono_start(struct tcp_sock *tp, enum tcp_chrono what)
{
	if (tp->chrono < what)
		tcp_chrono_set(tp, what);
}

/* It is @what no more, if it was. */
static inline void tcp_chrono_stop(struct tcp_sock *tp, enum tcp_chrono what)
{
	if (unlikely(tp->chrono == what))
		tcp_chrono_set(tp, TCP_CHRONO_BUSY);
}

/* All is acknowledged, and nothing waits. */
static inline void tcp_chrono_idle(struct tcp_sock *tp)
{
	if (tp->chrono)
		tcp_chrono_set(tp, TCP_CHRONO_IDLE);
}

#endif /* IPV4_TCP_CHRONO_H */
