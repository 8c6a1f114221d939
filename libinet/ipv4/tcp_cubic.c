/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: CUBIC (RFC 9438) with HyStart++ (RFC 9406).
 *
 * Theory of operation. After a loss the window grows with time and not with round
 * trips, along a cubic curve that is flat where the loss was:
 *
 *	W(t) = C (t - K)^3 + W_max, in packets, t in seconds
 *
 * K is how long it takes to come back to W_max. Each ACK takes the window a part of
 * the way to where the curve will be a round trip later. Reno would sometimes be
 * faster, on short paths above all: W_est follows what it would have reached, and
 * is the least.
 *
 * t is the time in which the window was what bounded sending, no other: it moves
 * from one ACK to the next, and begins anew after silence (stamp_ns). A stage of
 * growth ends with a loss, or with slow start; the next one takes the curve from
 * the window that it begins with.
 *
 * Windows are kept in 1/2^20 of a packet. What is not yet a whole one is the
 * credit.
 *
 * Slow start, the first one, ends before there are losses: when the least round trip
 * of a round is longer than that of the one before, the window grows four times
 * slower (CSS); when that is still so five rounds later, it was right. However many
 * packets one ACK acknowledges, the window opens by as many, as Linux's does: RFC
 * 9406's L is infinite. Receivers merge what comes (GRO) and acknowledge a row of
 * segments at once, of which a limit would take most.
 *
 * What a repair that was not needed has to give back is in one struct, copied
 * before each loss.
 */
#include "ipv4/tcp.h"

#define ONE (1ull << 20)		/* packet */
#define MS_MAX (1u << 17)		/* of the curve, each side: 131 s */

/* RFC 9406 4.3 */
#define HYSTART_MIN_RTT_THRESH_US 4000u
#define HYSTART_MAX_RTT_THRESH_US 16000u
#define HYSTART_MIN_RTT_DIVISOR 8
#define HYSTART_N_RTT_SAMPLE 8
#define HYSTART_CSS_GROWTH_DIVISOR 4
#define HYSTART_CSS_ROUNDS 5

struct cubic_curve {
	u32 w_max;		/* packets; 0: none */
	u32 cwnd_prior;		/* before the loss */
	u32 origin;		/* of the flat part */
	u32 k_ms;
	u32 t_us;
	bool begun;		/* else all but w_max and cwnd_prior is old */
	u64 w_est;		/* packets / 2^20 */
};

struct cubic {
	struct cubic_curve c, before;	/* before the last loss */
	u64 stamp_ns;			/* t is counted up to here */
	u32 before_cwnd;
	u32 credit;			/* packets / 2^20 */
	u32 round_end;			/* SND.NXT when the round began */
	u32 round_rtt_us, last_rtt_us;	/* the least; UINT32_MAX: none */
	u32 css_rtt_us;			/* that led to CSS */
	u8 samples, css_rounds;
	bool css;
};

static_assert(sizeof(struct cubic) <= TCP_CA_PRIV_SIZE, "CUBIC's state fits");

/* ---- the curve --------------------------------------------------------- */

/* The greatest whole number whose cube is not above @a. */
static u32 cubic_root(u64 a)
{
	u64 x = 0, y;
	int bit;

	for (bit = 20; bit >= 0; bit--) {
		y = x | 1ull << bit;
		if (y * y * y <= a)
			x = y;
	}
	return (u32)x;
}

/* Where the curve is at @t_us, in 1/2^20 packets. C is 0.4. */
static u64 cubic_window(const struct cubic_curve *c, u64 t_us)
{
	u64 t = t_us / USEC_PER_MSEC, base = c->origin * ONE, d, way;

	d = min(t > c->k_ms ? t - c->k_ms : c->k_ms - t, (u64)MS_MAX);
	/* 0.4 * 2^20 * (d / 1000)^3 */
	way = d * d * d / 1000 * 4194304 / 10000000;
	if (t > c->k_ms)
		return base + way;
	return base - min(way, base);
}

/* Growth begins, with no slow start from here to the next loss. */
static void cubic_begin(struct cubic *ca, const struct tcp_sock *tp)
{
	struct cubic_curve *c = &ca->c;

	if (tp->snd_cwnd < c->w_max) {
		/* K = cbrt((W_max - cwnd) / C) */
		c->k_ms = min(cubic_root((c->w_max - tp->snd_cwnd) *
					 2500000000ull), MS_MAX);
	} else {	/* after slow start, or a timeout */
		c->w_max = tp->snd_cwnd;
		c->k_ms = 0;
	}
	c->origin = c->w_max;
	c->t_us = 0;
	c->w_est = tp->snd_cwnd * ONE;
	c->begun = true;
	ca->credit = 0;
	ca->stamp_ns = tp->mstamp_ns;
}

/* t moves on. */
static void cubic_tick(struct cubic *ca, u64 now_ns)
{
	u64 us = (now_ns - ca->stamp_ns) / NSEC_PER_USEC;

	ca->stamp_ns += us * NSEC_PER_USEC;
	ca->c.t_us += (u32)min(us, (u64)(UINT32_MAX - ca->c.t_us));
}

/* The window that Reno would have by now: alpha, which is 3 (1 - 0.7) / (1 + 0.7),
 * per round trip, one as soon as it is what it was. */
static void cubic_reno(struct cubic_curve *c, u32 cwnd, u32 acked)
{
	if (c->w_est < c->cwnd_prior * ONE)
		c->w_est += acked * ONE * 9 / 17 / cwnd;
	else
		c->w_est += acked * ONE / cwnd;
}

/* RFC 9438 4.2: @acked packets more have arrived. */
static void cubic_grow(struct cubic *ca, struct tcp_sock *tp, u32 acked)
{
	u32 cwnd = tp->snd_cwnd;
	u64 now = cwnd * ONE, target;

	if (!ca->c.begun)
		cubic_begin(ca, tp);
	cubic_tick(ca, tp->mstamp_ns);
	cubic_reno(&ca->c, cwnd, acked);
	if (cubic_window(&ca->c, ca->c.t_us) < ca->c.w_est) {
		target = min(ca->c.w_est, now + acked * ONE);
		cwnd = max(cwnd, (u32)(target / ONE));
	} else {
		target = cubic_window(&ca->c, (u64)ca->c.t_us +
					      (tp->srtt_us >> 3));
		target = clamp(target, now, now + now / 2) - now;
		target = ca->credit + target * acked / cwnd;
		cwnd += (u32)(target / ONE);
		ca->credit = (u32)(target % ONE);
	}
	tp->snd_cwnd = min(cwnd, tp->snd_cwnd_clamp);
}

/* ---- slow start -------------------------------------------------------- */

/* Is this the first one? */
static bool hystart_runs(const struct tcp_sock *tp)
{
	return tp->snd_ssthresh >= TCP_INFINITE_SSTHRESH;
}

/* All that was in flight when the round began is acknowledged. */
static void hystart_round(struct cubic *ca, struct tcp_sock *tp)
{
	ca->round_end = tp->snd_nxt;
	ca->last_rtt_us = ca->round_rtt_us;
	ca->round_rtt_us = UINT32_MAX;
	ca->samples = 0;
	if (ca->css && ++ca->css_rounds >= HYSTART_CSS_ROUNDS) {
		INET_PROBE(HYSTART_LEFT);
		tp->snd_ssthresh = tp->snd_cwnd;
	}
}

/* RFC 9406 4.2: one sample. */
static void hystart_sample(struct cubic *ca, struct tcp_sock *tp, u32 rtt_us)
{
	struct net *net = sock_net(&tp->inet_conn.icsk_inet.sk);
	u32 rise;

	if (!before(tp->snd_una, ca->round_end))
		hystart_round(ca, tp);
	ca->round_rtt_us = min(ca->round_rtt_us, rtt_us);
	if (ca->samples < HYSTART_N_RTT_SAMPLE &&
	    ++ca->samples < HYSTART_N_RTT_SAMPLE)
		return;
	if (ca->css) {
		if (ca->round_rtt_us < ca->css_rtt_us)
			ca->css = false;	/* it was a moment's */
	} else if (ca->last_rtt_us != UINT32_MAX) {
		rise = clamp(ca->last_rtt_us / HYSTART_MIN_RTT_DIVISOR,
			     HYSTART_MIN_RTT_THRESH_US,
			     HYSTART_MAX_RTT_THRESH_US);
		if (ca->round_rtt_us >= ca->last_rtt_us + rise) {
			INET_PROBE(HYSTART_CSS);
			NET_INC_STATS(net, TCP_HYSTARTDELAYDETECT);
			NET_ADD_STATS(net, TCP_HYSTARTDELAYCWND, tp->snd_cwnd);
			ca->css = true;
			ca->css_rtt_us = ca->round_rtt_us;
			ca->css_rounds = 0;
		}
	}
}

static void cubic_pkts_acked(struct sock *sk, const struct ack_sample *sample)
{
	/* what does not grow need not stop */
	if (hystart_runs(tcp_sk(sk)) && tcp_is_cwnd_limited(sk))
		hystart_sample(inet_csk_ca(sk), tcp_sk(sk),
			       (u32)sample->rtt_us);
}

/* Return: what is left of @acked when the threshold is reached. */
static u32 cubic_slow_start(struct sock *sk, struct cubic *ca, u32 acked)
{
	bool lossy = inet_csk(sk)->icsk_ca_state == TCP_CA_Loss;
	struct tcp_sock *tp = tcp_sk(sk);
	u64 grown;

	ca->c.begun = false;
	if (lossy)			/* RFC 3465 2.3 */
		acked = min(acked, 1u);
	if (ca->css && hystart_runs(tp)) {
		grown = ca->credit + acked * ONE / HYSTART_CSS_GROWTH_DIVISOR;
		ca->credit = (u32)(grown % ONE);
		acked = (u32)(grown / ONE);
	}
	return tcp_slow_start(tp, acked);
}

/* ---- the table --------------------------------------------------------- */

static void cubic_init(struct sock *sk)
{
	struct cubic *ca = inet_csk_ca(sk);

	ca->round_end = tcp_sk(sk)->snd_nxt;
	ca->round_rtt_us = ca->last_rtt_us = UINT32_MAX;
}

/* The window is used, and may grow. */
static void cubic_limited(struct sock *sk, struct cubic *ca, u32 acked)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (tcp_in_slow_start(tp))
		acked = cubic_slow_start(sk, ca, acked);
	if (acked && !tcp_in_slow_start(tp))
		cubic_grow(ca, tp, acked);
}

static void cubic_cong_avoid(struct sock *sk, u32 ack, u32 acked)
{
	struct cubic *ca = inet_csk_ca(sk);

	(void)ack;
	if (tcp_is_cwnd_limited(sk))
		cubic_limited(sk, ca, acked);
	else
		ca->stamp_ns = tcp_sk(sk)->mstamp_ns;
}

/* RFC 9438 4.6, 4.7. With the window, not the flight: it does not grow while it is
 * not used. */
static u32 cubic_ssthresh(struct sock *sk)
{
	struct cubic *ca = inet_csk_ca(sk);
	u32 cwnd = tcp_sk(sk)->snd_cwnd;

	ca->before = ca->c;
	ca->before_cwnd = cwnd;
	/* fast convergence: somebody else needs room */
	ca->c.w_max = cwnd < ca->c.w_max ? (u32)(cwnd * 17ull / 20) : cwnd;
	ca->c.cwnd_prior = cwnd;
	ca->c.begun = false;
	return max((u32)(cwnd * 7ull / 10), 2u);
}

/* RFC 9438 4.9: the curve, too, is what it was. */
static u32 cubic_undo_cwnd(struct sock *sk)
{
	struct cubic *ca = inet_csk_ca(sk);
	const struct tcp_sock *tp = tcp_sk(sk);

	if (ca->before_cwnd == tp->undo.cwnd)
		ca->c = ca->before;
	ca->stamp_ns = tp->mstamp_ns;
	return max(tp->snd_cwnd, tp->undo.cwnd);
}

static void cubic_cwnd_event(struct sock *sk, enum tcp_ca_event event)
{
	struct cubic *ca = inet_csk_ca(sk);

	if (event == CA_EVENT_TX_START)
		ca->stamp_ns = tcp_sk(sk)->mstamp_ns;
	else if (event == CA_EVENT_LOSS)	/* RFC 9438 4.8 */
		ca->c.w_max = 0;
}

const struct tcp_congestion_ops tcp_cubic = {
	.name = "cubic",
	.init = cubic_init,
	.ssthresh = cubic_ssthresh,
	.undo_cwnd = cubic_undo_cwnd,
	.cong_avoid = cubic_cong_avoid,
	.cwnd_event = cubic_cwnd_event,
	.pkts_acked = cubic_pkts_acked,
};
