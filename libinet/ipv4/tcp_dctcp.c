/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: DCTCP (RFC 8257), for data centers: switches mark what finds more than a few
 * packets before it, and the window comes down by how many were marked, not by half.
 *
 *	receiver	ECE says of each packet whether it was marked: an ACK
 *			that waits is sent before the answer changes (3.2)
 *	sender		alpha, times 1024, is the share of packets whose ACKs
 *			told of marks, smoothed: each window of text counts for
 *			a 16th (3.3); the window comes down by half of alpha
 *	a loss		is one: half (3.4)
 *
 * All packets are ECT. A peer that knows no ECN gets Reno.
 */
#include <string.h>

#include <linux/inet_diag.h>

#include "ipv4/tcp_ecn.h"

#define DCTCP_MAX_ALPHA 1024u
#define DCTCP_SHIFT_G 4		/* RFC 8257 4.2: g = 1/16 */

struct dctcp {
	u32 alpha;
	u32 next_seq;		/* ends the window that is counted */
	u32 old_delivered, old_delivered_ce;	/* at its beginning */
	u32 loss_cwnd;		/* before the window came down */
	bool ce;		/* the last packet that came was marked */
};

/* ---- the receiver ------------------------------------------------------ */

static void dctcp_echo(struct tcp_sock *tp, bool ce)
{
	if (ce)
		tp->ecn_flags |= TCP_ECN_DEMAND_CWR;
	else
		tp->ecn_flags &= (u8)~TCP_ECN_DEMAND_CWR;
}

/* A packet came, marked or not; RCV.NXT is still in front of it. */
static void dctcp_came(struct sock *sk, bool ce)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	struct dctcp *d = inet_csk_ca(sk);

	if (d->ce != ce) {
		if (icsk->icsk_ack.pending & ICSK_ACK_TIMER) {
			dctcp_echo(tp, d->ce);
			tcp_send_ack(sk);
		}
		icsk->icsk_ack.pending |= ICSK_ACK_NOW | ICSK_ACK_SCHED;
	}
	d->ce = ce;
	dctcp_echo(tp, ce);
}

/* ---- the sender -------------------------------------------------------- */

static void dctcp_begin_window(struct dctcp *d, const struct tcp_sock *tp)
{
	d->next_seq = tp->snd_nxt;
	d->old_delivered = tp->tx.delivered;
	d->old_delivered_ce = tp->delivered_ce;
}

/* RFC 8257 3.3: has a window passed? Its share of marks. */
static void dctcp_update_alpha(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	struct dctcp *d = inet_csk_ca(sk);
	u32 marked, delivered, less;
	u64 share;

	if (before(tp->snd_una, d->next_seq))
		return;
	marked = tp->delivered_ce - d->old_delivered_ce;
	delivered = max(tp->tx.delivered - d->old_delivered, 1u);
	less = d->alpha >> DCTCP_SHIFT_G;
	d->alpha -= less ? less : d->alpha;	/* it does come down to 0 */
	share = ((u64)marked * DCTCP_MAX_ALPHA >> DCTCP_SHIFT_G) / delivered;
	d->alpha = (u32)min(d->alpha + share, (u64)DCTCP_MAX_ALPHA);
	dctcp_begin_window(d, tp);
}

static u32 dctcp_ssthresh(struct sock *sk)
{
	struct dctcp *d = inet_csk_ca(sk);
	u32 cwnd = tcp_sk(sk)->snd_cwnd;

	dctcp_update_alpha(sk);
	d->loss_cwnd = cwnd;
	return max(cwnd - (u32)((u64)cwnd * d->alpha >> 11), 2u);
}

static u32 dctcp_undo_cwnd(struct sock *sk)
{
	const struct dctcp *d = inet_csk_ca(sk);

	return max(tcp_sk(sk)->snd_cwnd, d->loss_cwnd);
}

static void dctcp_cong_avoid(struct sock *sk, u32 ack, u32 acked)
{
	dctcp_update_alpha(sk);
	tcp_reno_cong_avoid(sk, ack, acked);
}

/* It was a loss that the window came down for, or was one, too. */
static void dctcp_react_to_loss(struct sock *sk)
{
	const struct dctcp *d = inet_csk_ca(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	tp->snd_ssthresh = min(tp->snd_ssthresh, max(d->loss_cwnd / 2, 2u));
	if (!tp->rx_opt.sack_ok)	/* it does not come down bit by bit */
		tp->snd_cwnd = min(tp->snd_cwnd, tp->snd_ssthresh);
}

static void dctcp_set_state(struct sock *sk, u8 new_state)
{
	if (new_state == TCP_CA_Recovery &&
	    inet_csk(sk)->icsk_ca_state != TCP_CA_Recovery)
		dctcp_react_to_loss(sk);
}

/* tcp_congestion_ops.cwnd_event. */
static void dctcp_cwnd_event(struct sock *sk, enum tcp_ca_event event)
{
	switch (event) {
	case CA_EVENT_ECN_IS_CE:
	case CA_EVENT_ECN_NO_CE:
		dctcp_came(sk, event == CA_EVENT_ECN_IS_CE);
		break;
	case CA_EVENT_LOSS:
		dctcp_react_to_loss(sk);
		break;
	default:
		break;
	}
}

/* ---- what it says of itself ---------------------------------------------- */

/* tcp_congestion_ops.get_info. */
static u32 dctcp_get_info(const struct sock *sk, void *info, u32 size)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct dctcp *d = inet_csk_ca(sk);
	const struct tcp_dctcp_info i = {
		.dctcp_enabled = 1, .dctcp_ce_state = d->ce,
		.dctcp_alpha = d->alpha,
		.dctcp_ab_ecn = tp->mss_cache *
				(tp->delivered_ce - d->old_delivered_ce),
		.dctcp_ab_tot = tp->mss_cache *
				(tp->tx.delivered - d->old_delivered),
	};

	size = min(size, (u32)sizeof(i));
	memcpy(info, &i, size);
	return size;
}

/* ---- life -------------------------------------------------------------- */

static const struct tcp_congestion_ops tcp_dctcp_reno;

static void dctcp_init(struct sock *sk)
{
	struct dctcp *d = inet_csk_ca(sk);

	static_assert(sizeof(*d) <= TCP_CA_PRIV_SIZE, "DCTCP's state fits");
	if (!(tcp_sk(sk)->ecn_flags & TCP_ECN_OK)) {
		inet_csk(sk)->icsk_ca_ops = &tcp_dctcp_reno;
		INET_ECN_dontxmit(sk);
		return;
	}
	d->alpha = DCTCP_MAX_ALPHA;	/* RFC 8257 4.2 */
	dctcp_begin_window(d, tcp_sk(sk));
}

const struct tcp_congestion_ops tcp_dctcp = {
	.name = "dctcp",
	.flags = TCP_CONG_NEEDS_ECN,
	.init = dctcp_init,
	.ssthresh = dctcp_ssthresh,
	.undo_cwnd = dctcp_undo_cwnd,
	.cong_avoid = dctcp_cong_avoid,
	.set_state = dctcp_set_state,
	.cwnd_event = dctcp_cwnd_event,
	.get_info = dctcp_get_info,
};

static const struct tcp_congestion_ops tcp_dctcp_reno = {
	.name = "dctcp-reno",
	.ssthresh = tcp_reno_ssthresh,
	.undo_cwnd = tcp_reno_undo_cwnd,
	.cong_avoid = tcp_reno_cong_avoid,
};
