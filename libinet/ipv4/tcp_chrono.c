/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: how long a connection was busy, and what it waited for: the times that
 * TCP_INFO tells, as Linux counts them. Busy from the first octet that is written
 * until the last one is acknowledged; of that
 *
 *	RWND_LIMITED	the peer's window is what holds text back
 *	SNDBUF_LIMITED	the windows are open, all that was written is sent, and the
 *			application waits for room in the buffer
 *
 * One of them at a time, the last one being the strongest. The time is that of the
 * event (mstamp_ns), in ticks of 2^17 ns: 32 bits of them are six days, which no
 * stage of a connection is meant to take.
 */
#include "ipv4/tcp.h"
#include "ipv4/tcp_chrono.h"

#define CHRONO_SHIFT 17

static u32 chrono_now(const struct tcp_sock *tp)
{
	return (u32)(tp->mstamp_ns >> CHRONO_SHIFT);
}

void tcp_chrono_set(struct tcp_sock *tp, enum tcp_chrono what)
{
	u32 now = chrono_now(tp);

	if (tp->chrono)
		tp->chrono_ticks[tp->chrono - 1] += now - tp->chrono_since;
	tp->chrono = (u8)what;
	tp->chrono_since = now;
}

void tcp_chrono_read(const struct tcp_sock *tp, u64 us[TCP_CHRONO_NR])
{
	u32 ticks;
	int i;

	us[TCP_CHRONO_IDLE] = 0;
	for (i = TCP_CHRONO_BUSY; i < TCP_CHRONO_NR; i++) {
		ticks = tp->chrono_ticks[i - 1];
		if (i == tp->chrono)
			ticks += chrono_now(tp) - tp->chrono_since;
		us[i] = ((u64)ticks << CHRONO_SHIFT) / NSEC_PER_USEC;
	}
}
