/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every segment in every state: all 256 bytes of flags, its sequence number
 * below, at, inside and above the window, its ACK below, at, of what is in
 * flight and above, with and without an octet of text: 8,192 segments in each
 * of the eleven states. What comes back and which state follows is compared
 * with model(), which is RFC 9293 3.10.7 with RFC 5961, written down from
 * them alone; where those leave a choice it says which one this is.
 */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "tcp_flags.h"
#include "tcp_peer.h"

#define FIRST_PORT 2000
#define GONE TCP_CLOSE		/* no socket, or one that has been reset */

enum reply { NOTHING, ACK, RST_OF_ACK, RST_OF_SEG, SYN_ACK };

struct after {
	enum reply reply;
	u32 ack;		/* of ACK and SYN_ACK */
	int state;
};

static const struct before befores[] = {
	{ TCP_CLOSE, 0, 0, 0 },
	{ TCP_LISTEN, 0, 0, 0 },
	{ TCP_SYN_SENT, 0, 0, 1 },
	{ TCP_SYN_RECV, 1, 0, 1 },
	{ TCP_ESTABLISHED, 1, 1, 1 },
	{ TCP_FIN_WAIT1, 1, 1, 2 },
	{ TCP_FIN_WAIT2, 1, 2, 2 },
	{ TCP_CLOSE_WAIT, 2, 1, 1 },
	{ TCP_CLOSING, 2, 1, 2 },
	{ TCP_LAST_ACK, 2, 1, 2 },
	{ TCP_TIME_WAIT, 2, 2, 2 },
};

/* ---- the model ---------------------------------------------------------- */

static bool has(const struct seg *s, u8 flag)
{
	return s->flags & flag;
}

static struct after stay(const struct before *b)
{
	return (struct after){ NOTHING, 0, b->state };
}

static struct after answer(const struct before *b)
{
	return (struct after){ ACK, b->rcv_nxt, b->state };
}

static u32 seg_len(const struct seg *s)
{
	return s->len + has(s, TCPHDR_SYN) + has(s, TCPHDR_FIN);
}

/* 3.10.7.1 */
static struct after model_closed(const struct before *b, const struct seg *s)
{
	if (has(s, TCPHDR_RST))
		return stay(b);
	return (struct after){ has(s, TCPHDR_ACK) ? RST_OF_ACK : RST_OF_SEG, 0,
			       b->state };
}

/* 3.10.7.2. Choice: SYN with FIN is nonsense; text in a SYN is not taken. */
static struct after model_listen(const struct before *b, const struct seg *s)
{
	if (has(s, TCPHDR_RST))
		return stay(b);
	if (has(s, TCPHDR_ACK))
		return (struct after){ RST_OF_ACK, 0, b->state };
	if (!has(s, TCPHDR_SYN) || has(s, TCPHDR_FIN))
		return stay(b);
	return (struct after){ SYN_ACK, s->seq + 1, b->state };
}

/* 3.10.7.3. Choice: FIN and text of a SYN are not taken. */
static struct after model_syn_sent(const struct before *b, const struct seg *s)
{
	if (has(s, TCPHDR_ACK) && s->ack != b->nxt)
		return has(s, TCPHDR_RST) ? stay(b) :
		       (struct after){ RST_OF_ACK, 0, b->state };
	if (has(s, TCPHDR_RST))
		return has(s, TCPHDR_ACK) ? (struct after){ NOTHING, 0, GONE } :
		       stay(b);
	if (!has(s, TCPHDR_SYN))
		return stay(b);
	if (has(s, TCPHDR_ACK))
		return (struct after){ ACK, s->seq + 1, TCP_ESTABLISHED };
	return (struct after){ SYN_ACK, s->seq + 1, TCP_SYN_RECV };
}

/* 3.10.7.4, first: is any of it in the window? Choice: text or a FIN that ends
 * where the window begins is no harm; it is old, which is said later. */
static bool acceptable(const struct before *b, const struct seg *s)
{
	u32 end = s->seq + seg_len(s);

	return (s->seq >= b->rcv_nxt && s->seq < b->rcv_nxt + ABOVE / 2) ||
	       (end >= b->rcv_nxt && end < b->rcv_nxt + ABOVE / 2);
}

/* RFC 5961 3: only its sequence number counts. */
static struct after model_reset(const struct before *b, const struct seg *s)
{
	if (s->seq == b->rcv_nxt)
		return (struct after){ NOTHING, 0, GONE };
	return s->seq == b->rcv_nxt + INSIDE ? answer(b) : stay(b);
}

/* 3.10.7.4, the passive open. Choices: a SYN again is answered by the SYN-ACK
 * again, and an ACK of something else by a RST wherever it is. */
static struct after model_syn_recv(const struct before *b, const struct seg *s)
{
	if (has(s, TCPHDR_SYN) && !(s->flags & (TCPHDR_RST | TCPHDR_ACK)) &&
	    s->seq == b->rcv_nxt - 1)
		return (struct after){ SYN_ACK, b->rcv_nxt, b->state };
	if (has(s, TCPHDR_ACK) && !has(s, TCPHDR_RST) && s->ack != b->nxt)
		return (struct after){ RST_OF_ACK, 0, b->state };
	if (has(s, TCPHDR_RST))
		return model_reset(b, s);
	if (!acceptable(b, s) || s->seq + seg_len(s) == b->rcv_nxt)
		return s->seq == b->rcv_nxt ? stay(b) : answer(b);
	if (has(s, TCPHDR_SYN) && s->seq != b->rcv_nxt - 1)
		return (struct after){ NOTHING, 0, GONE };
	/* its own SYN with the ACK of ours and more (figure 8): RFC 5961 4 */
	return has(s, TCPHDR_ACK) ? answer(b) : stay(b);
}

/* The state that an ACK of our FIN leads to. */
static int fin_acked(int state)
{
	switch (state) {
	case TCP_FIN_WAIT1:
		return TCP_FIN_WAIT2;
	case TCP_CLOSING:
		return TCP_TIME_WAIT;
	case TCP_LAST_ACK:
		return GONE;
	default:
		return state;
	}
}

/* ... and the peer's FIN. */
static int fin_taken(int state)
{
	switch (state) {
	case TCP_ESTABLISHED:
		return TCP_CLOSE_WAIT;
	case TCP_FIN_WAIT1:
		return TCP_CLOSING;
	case TCP_FIN_WAIT2:
		return TCP_TIME_WAIT;
	default:
		return state;
	}
}

/* 3.10.7.4, seventh and eighth: text and FIN. */
static struct after model_text(const struct before *b, const struct seg *s)
{
	struct before now = *b;
	u32 end = s->seq + s->len;

	if (!s->len && !has(s, TCPHDR_FIN))
		return stay(b);
	if (b->state != TCP_ESTABLISHED && b->state != TCP_FIN_WAIT1 &&
	    b->state != TCP_FIN_WAIT2)
		/* the peer has said it has no more: its FIN again, or ignored */
		return s->seq + seg_len(s) <= b->rcv_nxt ? answer(b) : stay(b);
	if (s->seq <= now.rcv_nxt && end >= now.rcv_nxt) {
		now.rcv_nxt = end;
		if (has(s, TCPHDR_FIN)) {
			now.rcv_nxt++;
			now.state = fin_taken(now.state);
		}
	}
	return answer(&now);
}

/* 3.10.7.4 of the synchronized states, with RFC 5961 3, 4, 5. */
static struct after model_synchronized(const struct before *b,
				       const struct seg *s)
{
	struct before now = *b;

	if (has(s, TCPHDR_RST))
		return model_reset(b, s);
	if (has(s, TCPHDR_SYN) || !acceptable(b, s))
		return answer(b);
	if (!has(s, TCPHDR_ACK))
		return stay(b);
	/* nothing was sent that would be acknowledged by the ISN itself */
	if (s->ack > b->nxt || s->ack < 1)
		return answer(b);
	if (s->ack == b->nxt && b->nxt > b->una)
		now.state = fin_acked(now.state);
	if (now.state == GONE || now.state == TCP_TIME_WAIT)
		return stay(&now);
	return model_text(&now, s);
}

/* 3.10.7.4 TIME-WAIT, and RFC 6191 without timestamps. Choices: a RST does
 * not end it (RFC 1337); a SYN above what was received opens the next
 * connection; whatever else is not empty is answered as the FIN is. */
static struct after model_time_wait(const struct before *b,
				    const struct seg *s)
{
	bool syn = (s->flags & (TCPHDR_SYN | TCPHDR_RST | TCPHDR_ACK |
				TCPHDR_FIN)) == TCPHDR_SYN;

	if (has(s, TCPHDR_RST) || (s->seq == b->rcv_nxt && !seg_len(s)))
		return stay(b);
	if (syn && s->seq > b->rcv_nxt)
		return (struct after){ SYN_ACK, s->seq + 1, TCP_SYN_RECV };
	return answer(b);
}

static struct after model(const struct before *b, const struct seg *s)
{
	switch (b->state) {
	case TCP_CLOSE:
		return model_closed(b, s);
	case TCP_LISTEN:
		return model_listen(b, s);
	case TCP_SYN_SENT:
		return model_syn_sent(b, s);
	case TCP_SYN_RECV:
		if (has(s, TCPHDR_ACK) && s->ack == b->nxt &&
		    !(s->flags & (TCPHDR_RST | TCPHDR_SYN)) &&
		    acceptable(b, s) &&
		    (s->seq == b->rcv_nxt || s->seq + seg_len(s) > b->rcv_nxt)) {
			/* the handshake is done: as in ESTABLISHED */
			struct before est = { TCP_ESTABLISHED, 1, 1, 1 };

			return model_synchronized(&est, s);
		}
		return model_syn_recv(b, s);
	case TCP_TIME_WAIT:
		return model_time_wait(b, s);
	default:
		return model_synchronized(b, s);
	}
}

/* ---- the stack in that state ------------------------------------------------- */

static void take_fin(struct tp *t, u32 ack)
{
	assert_int_equal(inet_shutdown(t->s, SHUT_WR), 0);
	fx_run(&t->f);
	tp_expect(t, "FA", 1, ack, 0);
}

/* Brings a new connection to @state. */
static void enter(struct tp *t, int state)
{
	t->lport = state == TCP_CLOSE ? 9 : TP_PORT;
	t->s = NULL;
	switch (state) {
	case TCP_CLOSE:
	case TCP_LISTEN:
		t->irs = 0;
		return;
	case TCP_SYN_SENT:
		tp_connect(t);
		return;
	case TCP_SYN_RECV:
		tp_syn(t);
		return;
	default:
		tp_passive(t);
	}
	if (state == TCP_CLOSE_WAIT || state == TCP_LAST_ACK) {
		tp_send(t, "FA", 1, 1, NULL, 0);
		fx_advance(&t->f, 60 * FX_MS);
		tp_expect(t, "A", 1, 2, 0);
	}
	if (state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT)
		return;
	take_fin(t, state == TCP_LAST_ACK ? 2 : 1);
	if (state == TCP_CLOSING) {
		tp_send(t, "FA", 1, 1, NULL, 0);
		tp_expect(t, "A", 2, 2, 0);
	} else if (state == TCP_FIN_WAIT2 || state == TCP_TIME_WAIT) {
		tp_send(t, "A", 1, 2, NULL, 0);
	}
	if (state == TCP_TIME_WAIT) {
		tp_send(t, "FA", 1, 2, NULL, 0);
		tp_expect(t, "A", 2, 2, 0);
	}
	tp_silence(t);
}

/* The state of the connection now, as the tables of the stack know it. */
static int state_now(struct tp *t, int before)
{
	const struct inet_lookup key = {
		.saddr = FX_PEER, .daddr = FX_IP, .sport = htons(t->pport),
		.hnum = t->lport, .dif = t->f.dev->ifindex,
	};
	struct sock *sk;
	int state;

	if (before == TCP_CLOSE || before == TCP_LISTEN)
		return before;
	sk = __inet_lookup_established(t->f.net, &key);
	if (!sk)
		return GONE;
	state = sk->sk_state;
	if (state == TCP_NEW_SYN_RECV)
		state = TCP_SYN_RECV;
	sock_gen_put(sk);
	return state;
}

/* Ends what is left of the connection; @t->p is the last frame, if any. */
static void leave(struct tp *t, bool replied)
{
	const struct linger now = { .l_onoff = 1 };
	struct socket *s;

	if (replied && t->p.tcp->syn && t->p.tcp->ack)	/* half open */
		tp_send(t, "R", ntohl(t->p.tcp->ack_seq) - t->iss, 0, NULL, 0);

	if (t->s) {
		inet_setsockopt(t->s, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		inet_close(t->s);
		t->s = NULL;
	}
	while (t->l && (s = inet_accept(t->l, NULL, NULL))) {
		inet_setsockopt(s, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		inet_close(s);
	}
	fx_run(&t->f);
	fx_flush(&t->f);
}

/* ---- the comparison ---------------------------------------------------------- */

/* Is @p what @want says, to @s? */
static bool right_reply(const struct tp *t, const struct before *b,
			const struct seg *s, const struct after *want)
{
	const struct tcphdr *th = t->p.tcp;
	u32 seq = ntohl(th->seq), ack = ntohl(th->ack_seq);
	bool begins = b->state == TCP_LISTEN || b->state == TCP_TIME_WAIT;
	u8 ecn = begins && s->flags & TCPHDR_ECE && s->flags & TCPHDR_CWR ?
		TCPHDR_ECE : 0;

	switch (want->reply) {
	case ACK:
		return th->flags == TCPHDR_ACK && seq == t->irs + b->nxt &&
		       ack == t->iss + want->ack && !t->p.data_len;
	case SYN_ACK:
		return th->flags == (TCPHDR_SYN | TCPHDR_ACK | ecn) &&
		       ack == t->iss + want->ack;
	case RST_OF_ACK:
		return th->flags == TCPHDR_RST && seq == t->irs + s->ack;
	case RST_OF_SEG:
		return th->flags == (TCPHDR_RST | TCPHDR_ACK) && seq == 0 &&
		       ack == t->iss + s->seq + seg_len(s);
	default:
		return false;
	}
}

static void flags_text(u8 flags, char *text)
{
	int i;

	for (i = 0; i < 8; i++)
		if (flags & 1 << i)
			*text++ = "FSRPAUEC"[i];
	*text = 0;
}

/* One segment. Return: it was judged as the model says. */
static bool one(struct tp *t, const struct before *b, const struct seg *s)
{
	struct after want = model(b, s);
	char flags[9];
	bool replied, right = true;
	int state;

	enter(t, b->state);
	flags_text(s->flags, flags);
	tp_send(t, flags, s->seq, s->ack, "x", s->len);
	fx_advance(&t->f, 60 * FX_MS);		/* delayed ACKs */
	replied = fx_pop(&t->f, &t->p);
	if (replied != (want.reply != NOTHING) ||
	    (replied && !right_reply(t, b, s, &want)))
		right = false;
	state = state_now(t, b->state);
	if (state != want.state || t->f.nr_sent)
		right = false;
	if (!right)
		print_error("state %d: %s seq %u ack %u len %u: wanted reply %d ack %u state %d; replied %d state %d\n",
			    b->state, flags, s->seq, s->ack, s->len, want.reply,
			    want.ack, want.state, replied, state);
	if (b->state == TCP_SYN_RECV)
		tp_send(t, "R", 1, 0, NULL, 0);
	leave(t, replied);
	return right;
}

/* @attack T5 @attack I10 @req 9293-SM-1 @req 9293-SM-2 @req 9293-SM-3
 * @req 9293-SM-4 @req 9293-SM-5 @req 5961-3a @req 5961-4 @req 5961-5 */
static void every_segment_is_judged_as_the_rfc_says(void **state)
{
	const struct before *b = *state;
	u32 flags, wrong = 0, n = 0;
	int seq, ack;
	struct tp t;

	tp_open_watched(&t);
	tp_listen(&t, 8);
	for (flags = 0; flags < 256; flags++)
		for (seq = BELOW; seq <= OVER; seq++)
			for (ack = BELOW; ack <= OVER; ack++) {
				struct seg s = { (u8)flags, pick_seq(b, seq),
						 pick_ack(b, ack), 0 };

				for (s.len = 0; s.len < 2; s.len++) {
					t.pport = (u16)(FIRST_PORT + n++);
					wrong += !one(&t, b, &s);
				}
				if (wrong > 20)
					fail_msg("and so on");
			}
	assert_int_equal(n, 8192);
	assert_int_equal(wrong, 0);
	fx_advance(&t.f, 200 * FX_SEC);		/* TIME-WAIT ends */
	fx_flush(&t.f);
	tp_close(&t);
}

int main(void)
{
	static const char *const names[] = {
		"closed", "listen", "syn_sent", "syn_received", "established",
		"fin_wait_1", "fin_wait_2", "close_wait", "closing", "last_ack",
		"time_wait",
	};
	struct CMUnitTest tests[ARRAY_SIZE(befores)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(befores); i++)
		tests[i] = (struct CMUnitTest){
			.name = names[i],
			.test_func = every_segment_is_judged_as_the_rfc_says,
			.initial_state = (void *)(uintptr_t)&befores[i],
		};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
