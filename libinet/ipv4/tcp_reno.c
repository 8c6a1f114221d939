/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: Reno (RFC 5681). One ACK opens the window by two packets at most in slow
 * start (RFC 3465, its limit L = 2; L = 1 after a timeout).
 */
#include "ipv4/tcp.h"

#define TCP_ABC_L 2u

/* RFC 5681 equation 4: half of the flight, at least two segments. */
u32 tcp_reno_ssthresh(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 flight = min(tp->snd_cwnd, tp->packets_out);

	return max(flight / 2, 2u);
}

u32 tcp_reno_undo_cwnd(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	return max(tp->snd_cwnd, tp->undo.cwnd);
}

void tcp_reno_cong_avoid(struct sock *sk, u32 ack, u32 acked)
{
	bool lossy = inet_csk(sk)->icsk_ca_state == TCP_CA_Loss;
	struct tcp_sock *tp = tcp_sk(sk);

	(void)ack;
	if (!tcp_is_cwnd_limited(sk))
		return;
	if (tcp_in_slow_start(tp)) {
		acked = min(acked, lossy ? 1 : TCP_ABC_L);
		acked = tcp_slow_start(tp, acked);
		if (!acked)
			return;
	}
	tcp_cong_avoid_ai(tp, tp->snd_cwnd, acked);
}

const struct tcp_congestion_ops tcp_reno = {
	.name = "reno",
	.ssthresh = tcp_reno_ssthresh,
	.undo_cwnd = tcp_reno_undo_cwnd,
	.cong_avoid = tcp_reno_cong_avoid,
};
