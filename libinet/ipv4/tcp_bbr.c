/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: BBR, version 1 (Cardwell et al., "BBR: congestion-based congestion control",
 * 2016; draft-cardwell-iccrg-bbr-congestion-control-00).
 *
 * Theory of operation. Not losses are what says how fast to send, but a model of the
 * path: the greatest rate that it delivered at, in ten round trips (max_bw, from
 * tcp_rate.c), and the least round trip in ten seconds. Text leaves at that rate,
 * paced, times a gain; and no more than twice what the path holds without a queue
 * (their product) is in flight.
 *
 *	STARTUP		gain 2.89: doubles each round, until three rounds in a
 *			row brought less than a quarter more
 *	DRAIN		1/2.89: until the queue that this made is gone
 *	PROBE_BW	one round 5/4, one 3/4, six 1, and again; it begins
 *			anywhere but with 3/4
 *	PROBE_RTT	ten seconds without a round trip as short: four packets
 *			in flight for 200 ms, so that the queue shows
 *
 * Rates are packets per us, times 2^24; gains are times 256. A round ends when a
 * segment arrives that was sent after the last round's end had been heard of.
 *
 * In loss recovery the window first follows what arrives, packet for packet; after a
 * round it grows again, and is what it was when all is repaired.
 */
#include <string.h>

#include <linux/inet_diag.h>

#include "ipv4/tcp.h"

#define BW_SHIFT 24
#define UNIT 256u
#define HIGH_GAIN 739u			/* 2 / ln 2 */
#define DRAIN_GAIN 88u
#define CWND_GAIN 512u
#define BW_ROUNDS 10u
#define MIN_RTT_MS 10000u
#define PROBE_RTT_MS 200u
#define FULL_ROUNDS 3
#define MIN_CWND 4u
#define CYCLE 8u

enum bbr_mode { BBR_STARTUP, BBR_DRAIN, BBR_PROBE_BW, BBR_PROBE_RTT };

struct bbr {
	u32 bw[BW_ROUNDS];	/* the greatest of each round; a ring */
	u32 max_bw;
	u32 min_rtt_us;		/* UINT32_MAX: none */
	u32 min_rtt_ms;		/* when it was measured */
	u32 probe_done_ms;	/* 0: the window has not come down yet */
	u32 next_delivered;	/* ends the round */
	u32 full_bw;
	u32 cycle_ticks;	/* when this gain began */
	u32 prior_cwnd;		/* before recovery, or PROBE_RTT */
	u8 round;		/* index of bw */
	u8 mode, cycle, full_rounds, prior_state;
	bool round_start, filled, idle_restart, conserve, probe_round_done,
		started;
};

static_assert(sizeof(struct bbr) <= TCP_CA_PRIV_SIZE, "BBR's state fits");

static u32 bbr_ms(const struct tcp_sock *tp)
{
	return (u32)(tp->mstamp_ns / NSEC_PER_MSEC);
}

/* ---- what the model says ------------------------------------------------ */

/* Of the mode, and of the place in its cycle. */
static u32 bbr_pacing_gain(const struct bbr *b)
{
	static const u32 cycle[CYCLE] = {
		UNIT * 5 / 4, UNIT * 3 / 4, UNIT, UNIT, UNIT, UNIT, UNIT, UNIT
	};

	switch (b->mode) {
	case BBR_STARTUP:
		return HIGH_GAIN;
	case BBR_DRAIN:
		return DRAIN_GAIN;
	case BBR_PROBE_BW:
		return cycle[b->cycle];
	default:
		return UNIT;
	}
}

/* Octets per second of @bw times @gain, less a hundredth, so that no queue grows
 * from rounding. */
static u64 bbr_rate(const struct tcp_sock *tp, u32 bw, u32 gain)
{
	u64 rate = (u64)bw * tp->mss_cache * gain / UNIT;

	return (rate >> 6) * (USEC_PER_SEC / 100 * 99) >> (BW_SHIFT - 6);
}

static void bbr_set_pacing_rate(struct sock *sk, u32 gain)
{
	const struct bbr *b = inet_csk_ca(sk);
	u64 rate = bbr_rate(tcp_sk(sk), b->max_bw, gain);

	/* the first rates are small, and no bound */
	if (b->max_bw && (b->filled || rate > sk->sk_pacing_rate))
		tcp_cong_set_pacing_rate(sk, rate);
}

/* No rate is known yet: the first window in a round trip, if that is. */
static void bbr_init_pacing_rate(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct bbr *b = inet_csk_ca(sk);
	u32 rtt_us = tp->srtt_us >> 3;
	u64 bw;

	b->started = rtt_us != 0;
	if (!rtt_us)
		rtt_us = USEC_PER_MSEC;
	bw = ((u64)tp->snd_cwnd << BW_SHIFT) / rtt_us;
	tcp_cong_set_pacing_rate(sk, bbr_rate(tp, (u32)min(bw, 1ull << 30),
					      HIGH_GAIN));
}

/* Packets that the path holds, times @gain, and what waits in the sender and in the
 * receiver because both work by heaps. */
static u32 bbr_inflight(const struct sock *sk, u32 gain)
{
	const struct bbr *b = inet_csk_ca(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	u64 bdp;

	if (b->min_rtt_us == UINT32_MAX || !b->max_bw)
		return TCP_INIT_CWND * gain / UNIT;
	bdp = ((u64)b->max_bw * b->min_rtt_us >> 8) * gain;
	bdp = (bdp >> BW_SHIFT) + 1;
	bdp += 3 * max((READ_ONCE(sk->sk_pacing_rate) >> 10) / tp->mss_cache,
		       2ull);
	return (u32)min(bdp, (u64)tp->snd_cwnd_clamp);
}

/* ---- the model ----------------------------------------------------------- */

/* Has a round ended? Then its rate is one of the last ten, and the oldest none. */
static void bbr_update_round(struct bbr *b, const struct tcp_sock *tp,
			     const struct rate_sample *rs)
{
	u32 i;

	b->round_start = rs->delivered > 0 &&
			 !before(rs->prior_delivered, b->next_delivered);
	if (!b->round_start)
		return;
	b->next_delivered = tp->tx.delivered;
	b->conserve = false;
	b->round = (u8)((b->round + 1) % BW_ROUNDS);
	b->bw[b->round] = 0;
	b->max_bw = 0;
	for (i = 0; i < BW_ROUNDS; i++)
		b->max_bw = max(b->max_bw, b->bw[i]);
}

/* Takes a sample into this round's greatest. */
static void bbr_update_bw(struct bbr *b, const struct rate_sample *rs)
{
	u64 bw;

	if (rs->delivered <= 0 || rs->interval_us <= 0)
		return;
	bw = min(((u64)rs->delivered << BW_SHIFT) / (u32)rs->interval_us,
		 1ull << 30);
	/* an application that sends little says little of the path */
	if (rs->is_app_limited && bw < b->max_bw)
		return;
	b->bw[b->round] = max(b->bw[b->round], (u32)bw);
	b->max_bw = max(b->max_bw, (u32)bw);
}

/* Does the rate still grow? */
static void bbr_check_full(struct bbr *b, const struct rate_sample *rs)
{
	if (b->filled || !b->round_start || rs->is_app_limited)
		return;
	if (b->max_bw >= b->full_bw + b->full_bw / 4) {
		b->full_bw = max(b->max_bw, 1u);
		b->full_rounds = 0;
		return;
	}
	b->filled = ++b->full_rounds >= FULL_ROUNDS;
}

static void bbr_enter_probe_bw(struct sock *sk)
{
	struct bbr *b = inet_csk_ca(sk);

	b->mode = BBR_PROBE_BW;
	b->cycle = (u8)(net_random(sock_net(sk)) % (CYCLE - 1));
	b->cycle += b->cycle > 0;	/* any but 3/4 */
	b->cycle_ticks = tcp_ticks(tcp_sk(sk)->mstamp_ns);
}

/* The next gain of the cycle: after a round trip; 5/4 when that has filled what it
 * meant to, or too much, and 3/4 no longer than it has to. */
static void bbr_check_cycle(struct sock *sk, const struct rate_sample *rs)
{
	u32 now = tcp_ticks(tcp_sk(sk)->mstamp_ns), gain;
	struct bbr *b = inet_csk_ca(sk);
	bool next;

	if (b->mode != BBR_PROBE_BW)
		return;
	gain = bbr_pacing_gain(b);
	next = now - b->cycle_ticks > b->min_rtt_us - (b->min_rtt_us >> 6);
	if (gain > UNIT)
		next = next && (rs->losses ||
				rs->prior_in_flight >= bbr_inflight(sk, gain));
	else if (gain < UNIT)
		next = next || rs->prior_in_flight <= bbr_inflight(sk, UNIT);
	if (next) {
		b->cycle = (u8)((b->cycle + 1) % CYCLE);
		b->cycle_ticks = now;
	}
}

static void bbr_check_drain(struct sock *sk)
{
	struct bbr *b = inet_csk_ca(sk);

	if (b->mode == BBR_STARTUP && b->filled)
		b->mode = BBR_DRAIN;
	if (b->mode == BBR_DRAIN && tcp_packets_in_flight(tcp_sk(sk)) <=
					    bbr_inflight(sk, UNIT))
		bbr_enter_probe_bw(sk);
}

/* ---- the least round trip ------------------------------------------------ */

static void bbr_save_cwnd(struct bbr *b, u32 cwnd)
{
	if (b->prior_state < TCP_CA_Recovery && b->mode != BBR_PROBE_RTT)
		b->prior_cwnd = cwnd;
	else
		b->prior_cwnd = max(b->prior_cwnd, cwnd);
}

/* While the window is small; then back to what was before. */
static void bbr_probe_rtt(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct bbr *b = inet_csk_ca(sk);
	u32 in_flight = tcp_packets_in_flight(tp), now = bbr_ms(tp);

	/* the rates of now are not the path's */
	tp->app_limited = max(tp->tx.delivered + in_flight, 1u);
	if (!b->probe_done_ms) {
		if (in_flight > MIN_CWND)
			return;
		b->probe_done_ms = max(now + PROBE_RTT_MS, 1u);
		b->probe_round_done = false;
		b->next_delivered = tp->tx.delivered;
		return;
	}
	b->probe_round_done |= b->round_start;
	if (!b->probe_round_done || before(now, b->probe_done_ms))
		return;
	b->min_rtt_ms = now;
	tp->snd_cwnd = max(tp->snd_cwnd, b->prior_cwnd);
	if (b->filled)
		bbr_enter_probe_bw(sk);
	else
		b->mode = BBR_STARTUP;
}

/* Takes a round trip, or goes to look for one. */
static void bbr_update_min_rtt(struct sock *sk, const struct rate_sample *rs)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct bbr *b = inet_csk_ca(sk);
	bool expired = bbr_ms(tp) - b->min_rtt_ms > MIN_RTT_MS;

	if (rs->rtt_us >= 0 &&
	    ((u32)rs->rtt_us <= b->min_rtt_us || expired)) {
		b->min_rtt_us = (u32)rs->rtt_us;
		b->min_rtt_ms = bbr_ms(tp);
	}
	if (expired && !b->idle_restart && b->mode != BBR_PROBE_RTT) {
		INET_PROBE(BBR_PROBE_RTT);
		bbr_save_cwnd(b, tp->snd_cwnd);
		b->mode = BBR_PROBE_RTT;
		b->probe_done_ms = 0;
	}
	if (b->mode == BBR_PROBE_RTT)
		bbr_probe_rtt(sk);
	if (rs->delivered > 0)
		b->idle_restart = false;
}

/* ---- the window ----------------------------------------------------------- */

/* Return: true while the window follows what arrives. */
static bool bbr_recovers(struct sock *sk, const struct rate_sample *rs)
{
	u8 state = inet_csk(sk)->icsk_ca_state;
	struct tcp_sock *tp = tcp_sk(sk);
	struct bbr *b = inet_csk_ca(sk);
	u32 kept = tcp_packets_in_flight(tp) + rs->acked_sacked;

	if (rs->losses)
		tp->snd_cwnd -= min(rs->losses, tp->snd_cwnd - 1);
	if (state == TCP_CA_Recovery && b->prior_state != TCP_CA_Recovery) {
		b->conserve = true;
		b->next_delivered = tp->tx.delivered;
		tp->snd_cwnd = max(kept, 1u);
	} else if (b->prior_state >= TCP_CA_Recovery &&
		   state < TCP_CA_Recovery) {
		b->conserve = false;
		tp->snd_cwnd = max(tp->snd_cwnd, b->prior_cwnd);
	}
	b->prior_state = state;
	if (b->conserve)
		tp->snd_cwnd = max(tp->snd_cwnd, kept);
	return b->conserve;
}

static u32 bbr_cwnd_gain(const struct bbr *b)
{
	return b->mode == BBR_STARTUP || b->mode == BBR_DRAIN ? HIGH_GAIN :
								CWND_GAIN;
}

/* Up to what the model says by what arrives, and no more. */
static void bbr_set_cwnd(struct sock *sk, const struct rate_sample *rs)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct bbr *b = inet_csk_ca(sk);
	u32 target, cwnd;

	if (rs->acked_sacked && !bbr_recovers(sk, rs)) {
		target = bbr_inflight(sk, bbr_cwnd_gain(b));
		cwnd = tp->snd_cwnd;
		if (b->filled)
			cwnd = min(cwnd + rs->acked_sacked, target);
		else if (cwnd < target || tp->tx.delivered < TCP_INIT_CWND)
			cwnd += rs->acked_sacked;
		tp->snd_cwnd = clamp(cwnd, MIN_CWND, tp->snd_cwnd_clamp);
	}
	if (b->mode == BBR_PROBE_RTT)
		tp->snd_cwnd = min(tp->snd_cwnd, MIN_CWND);
}

/* ---- the table ------------------------------------------------------------ */

static void bbr_init(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct bbr *b = inet_csk_ca(sk);

	b->min_rtt_us = tp->srtt_us ? tp->rtt_min_us : UINT32_MAX;
	b->min_rtt_ms = bbr_ms(tp);
	b->next_delivered = tp->tx.delivered;
	tp->snd_ssthresh = TCP_INFINITE_SSTHRESH;
	bbr_init_pacing_rate(sk);
}

/* One ACK. */
static void bbr_main(struct sock *sk, const struct rate_sample *rs)
{
	struct bbr *b = inet_csk_ca(sk);

	if (unlikely(!b->started) && tcp_sk(sk)->srtt_us)
		bbr_init_pacing_rate(sk);
	bbr_update_round(b, tcp_sk(sk), rs);
	bbr_update_bw(b, rs);
	bbr_check_cycle(sk, rs);
	bbr_check_full(b, rs);
	bbr_check_drain(sk);
	bbr_update_min_rtt(sk, rs);
	bbr_set_pacing_rate(sk, bbr_pacing_gain(b));
	bbr_set_cwnd(sk, rs);
}

/* Losses are not what it goes by. */
static u32 bbr_ssthresh(struct sock *sk)
{
	bbr_save_cwnd(inet_csk_ca(sk), tcp_sk(sk)->snd_cwnd);
	return tcp_sk(sk)->snd_ssthresh;
}

static u32 bbr_undo_cwnd(struct sock *sk)
{
	struct bbr *b = inet_csk_ca(sk);

	b->full_bw = 0;		/* what was slow was the repair */
	b->full_rounds = 0;
	return max(tcp_sk(sk)->snd_cwnd, b->prior_cwnd);
}

static void bbr_set_state(struct sock *sk, u8 new_state)
{
	struct bbr *b = inet_csk_ca(sk);

	if (new_state == TCP_CA_Loss) {
		b->prior_state = TCP_CA_Loss;
		b->full_bw = 0;
		b->conserve = false;
	}
}

/* After silence of the application text goes at the rate of the path, no faster. */
static void bbr_cwnd_event(struct sock *sk, enum tcp_ca_event event)
{
	struct bbr *b = inet_csk_ca(sk);

	if (event != CA_EVENT_TX_START || !tcp_sk(sk)->app_limited)
		return;
	b->idle_restart = true;
	if (b->mode == BBR_PROBE_BW)
		bbr_set_pacing_rate(sk, UNIT);
}

/* tcp_congestion_ops.get_info. */
static u32 bbr_get_info(const struct sock *sk, void *info, u32 size)
{
	const struct bbr *b = inet_csk_ca(sk);
	u64 bw = ((u64)b->max_bw * tcp_sk(sk)->mss_cache >> 6) * USEC_PER_SEC >>
		 (BW_SHIFT - 6);
	const struct tcp_bbr_info i = {
		.bbr_bw_lo = (u32)bw, .bbr_bw_hi = (u32)(bw >> 32),
		.bbr_min_rtt = b->min_rtt_us,
		.bbr_pacing_gain = bbr_pacing_gain(b),
		.bbr_cwnd_gain = bbr_cwnd_gain(b),
	};

	size = min(size, (u32)sizeof(i));
	memcpy(info, &i, size);
	return size;
}

const struct tcp_congestion_ops tcp_bbr = {
	.name = "bbr",
	.init = bbr_init,
	.ssthresh = bbr_ssthresh,
	.undo_cwnd = bbr_undo_cwnd,
	.cong_control = bbr_main,
	.set_state = bbr_set_state,
	.cwnd_event = bbr_cwnd_event,
	.get_info = bbr_get_info,
};
