/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor: sees the frames that leave a host and those that reach it,
 * knows TCP only from RFC 9293, and shares no code with the stacks.
 *
 * For each direction of a connection it keeps the bytes that were sent, which
 * of them arrived, and the furthest window that was promised; of each end the
 * state. What it checks (tests/sim/test_monitor*.c have a frame that breaks
 * each of them):
 *
 *	states		RFC 9293's eleven: a segment may leave in the state of
 *			its sender; a connection has one owner; TIME-WAIT lasts
 *			and answers; in the end all is acknowledged and closed
 *	listings	what inet_socket_show() says: each connection once, in
 *			its state, in TIME-WAIT for 2 MSL
 *	listeners	a full accept queue takes no SYN, and no ACK of a
 *			handshake; a request lives as long as its SYN-ACK is
 *			sent again
 *	calls		accept() returns a connection once, after its handshake;
 *			no byte before it was written, no FIN before close();
 *			the last byte of a write has PSH; the urgent pointer
 *			stays within what was written; an error has its reason
 *	sender		a byte sent again is the same byte; no gap; nothing
 *			behind the FIN; nothing beyond the window that had
 *			arrived (one byte of a probe excepted); no segment above
 *			the peer's MSS, the MTU or the path's MTU; PSH on the
 *			last byte before a pause and a FIN; URG only when the
 *			application sent urgent bytes, its pointer never back
 *	receiver	ACK never covers what did not arrive, never goes back;
 *			the right edge of the window never moves left; at most
 *			one bare ACK for each segment that came, and a delayed
 *			one for all of them; an ACK within 500 ms of data in
 *			order, at once for two full segments
 *	SACK		agreed on; of what has arrived; the newest first
 *	timers		nothing is sent again by the clock before the smallest
 *			RTO (SYN: one second) or within the shortest round trip;
 *			each further time waits twice as long (Karn's backoff);
 *			probes keep the RTO's distance; nobody who waits for an
 *			ACK is silent for longer than the largest RTO
 *	congestion	the first flight is at most ten segments, later ones grow
 *			by what is acknowledged; after a loss, a timeout or a mark
 *			they are as much smaller as CUBIC's or Reno's must be, and
 *			what is sent again leaves no faster than it is delivered
 *			(monitor_cong.c)
 *	options		MSS, scale and SACK-permitted only in SYNs; MSS fits the
 *			MTU; scale, SACK and timestamps in a SYN-ACK only
 *			if the SYN had them, timestamps then in every segment,
 *			else in none; they never go back; an echo is one that
 *			came
 *	ECN		agreed on in both SYNs, before anything tells of it; only
 *			new text may be marked; ECE says that a mark came, CWR
 *			stands on new text
 *	resets		answer something, at most one for each segment; their
 *			numbers are those of the connection; none from TIME-WAIT
 *	challenges	answers to forged segments keep both of their limits
 *	ARP		one request a second and target; a reply for a request,
 *			with the host's own addresses; no frame to a link address
 *			that neither ARP nor anybody else has given
 *	ICMP		an error for a datagram that came, not above the limit,
 *			never about an error or a later fragment; an echo reply
 *			for an echo
 *	UDP		leaves once and as it was written; delivered not more
 *			often than it came
 *	frames		every checksum and length is right; reserved bits are 0;
 *			every segment but the first SYN and RST has ACK; TTL
 *			falls by one at the router; nothing goes to an address
 *			that is nobody's
 *
 * Frames are seen where the cable takes and brings them, before GRO, and after
 * a cable that harms them on purpose (odd.c).
 *
 * Not every rule holds for everybody: a host without memory forgets what it has
 * received; a short queue loses what no cable has taken; one that is paused is late.
 * Each reason lets off as few hosts, connections and rules as it can bend
 * (monitor_rules.c), and how often is counted.
 *
 * Not to be seen from the wire, and so left to tcp_verify() and tests/unit:
 * Karn's samples, the exact congestion window, Nagle, silly windows.
 */
#include "monitor.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define MIN_ADV_MSS 256u	/* net.ipv4.route.min_adv_mss */
#define FIRST_ROOM 4096u
#define RECORDED_MAX (256u << 20)	/* bytes of a stream in a file */

/* The numbers that a stream may have. */
static u32 seq_max(const struct world *w)
{
	return w->recorded ? RECORDED_MAX : SEQ_MAX;
}

/* Makes @p longer, with zeros. */
static void *grow(void *p, size_t size, size_t from, size_t to)
{
	u8 *q = realloc(p, to * size);

	if (!q)
		abort();
	memset(q + from * size, 0, (to - from) * size);
	return q;
}

/* Makes room for the numbers up to @end. */
static void stream_grow(struct stream *st, u32 end)
{
	u32 room = st->room ? st->room : FIRST_ROOM;

	while (room < end)
		room *= 2;
	if (room == st->room)
		return;
	st->bytes = grow(st->bytes, 1, st->room, room);
	st->arrived = grow(st->arrived, 1, st->room, room);
	st->told = grow(st->told, 1, st->room, room);
	st->sent_us = grow(st->sent_us, sizeof(*st->sent_us), st->room, room);
	st->room = room;
}

/* It begins anew; what let it off goes on to do so, and what it has not answered yet
 * it may answer still. */
static void stream_reset(struct stream *me)
{
	struct stream before = *me;

	free(me->bytes);
	free(me->arrived);
	free(me->told);
	free(me->sent_us);
	*me = (struct stream){ .excused = before.excused, .known = before.known,
			       .first_iss = before.first_iss,
			       .rst_credit = before.rst_credit };
}

static void flow_reset(struct world *w, struct flow *f)
{
	monitor_settle(w, f);
	stream_reset(&f->of[0]);
	stream_reset(&f->of[1]);
}

int monitor_host(const struct world *w, u32 addr)
{
	unsigned int i;

	for (i = 0; i < w->nr_hosts; i++)
		if (addr == w->host[i].addr)
			return (int)i;
	return -1;
}

/* Is it a port that many connections have, one after the other? */
static bool is_reused(u16 port)
{
	return port == SIM_REUSED_PORT || port == SIM_REUSED_PORT + 1;
}

struct flow *monitor_find(struct world *w, const struct segment *s, int *side)
{
	int from = monitor_host(w, s->addr[0]);
	int to = monitor_host(w, s->addr[1]);
	struct flow *f;
	int lo;

	if (from < 0 || to < 0 || from == to)
		return NULL;
	*side = from > to;
	lo = *side;
	for (f = w->flows; f; f = f->next)
		if (f->host[*side] == from && f->host[!*side] == to &&
		    f->port[0] == s->port[lo] && f->port[1] == s->port[!lo])
			return f;
	f = calloc(1, sizeof(*f));
	if (!f)
		abort();
	f->host[*side] = (u8)from;
	f->host[!*side] = (u8)to;
	f->port[0] = s->port[lo];
	f->port[1] = s->port[!lo];
	f->next = w->flows;
	w->flows = f;
	if (w->reuse && (is_reused(s->port[0]) || is_reused(s->port[1])))
		monitor_excuse_flow(f, WHY_REUSED);
	return f;
}

void monitor_bad(struct world *w, const struct flow *f, int side,
		 const char *what, u64 a, u64 b)
{
	if (w->host[f->host[side]].unjudged)
		return;
	sim_fail(w, "monitor: host %d port %u to %u: %s (%llu, %llu)",
		 f->host[side], f->port[side], f->port[!side], what,
		 (unsigned long long)a, (unsigned long long)b);
}

#define bad monitor_bad

/* ---- what a sender may do --------------------------------------------- */

/* The options of a SYN: what it may offer. */
static void sent_syn_options(struct world *w, struct flow *f, int h,
			     const struct segment *s)
{
	const struct stream *peer = &f->of[!h];
	u32 mss = w->host[f->host[h]].mtu - 40u;

	if (!monitor_judges(w, f, h, RULE_OPTIONS))
		return;
	if (s->mss > (mss > MIN_ADV_MSS ? mss : MIN_ADV_MSS))
		bad(w, f, h, "offers an MSS above its MTU", s->mss,
		    w->host[f->host[h]].mtu);
	if (!(s->flags & ACK) || !peer->syn)
		return;
	if (s->scale >= 0 && !peer->scale_offered)
		bad(w, f, h, "a window scale that the SYN did not have", 0, 0);
	if (s->has_ts && !peer->ts_offered)
		bad(w, f, h, "a timestamp that the SYN did not have", 0, 0);
}

/* Another number for a connection that is there: an old SYN came late, or a
 * new connection has begun. Return: false if this is not the monitor's. */
static bool sent_syn_again(struct world *w, struct flow *f, int h,
			   const struct segment *s)
{
	const struct stream *me = &f->of[h], *peer = &f->of[!h];
	bool judged = monitor_judges(w, f, h, RULE_STATES);

	if (!(s->flags & ACK)) {
		if (monitor_judges(w, f, h, RULE_TIME_WAIT) &&
		    me->time_wait_ns && w->now + w->slack_ns <
		    me->time_wait_ns + 60 * SIM_S && !me->ts_offered &&
		    !f->forged)
			bad(w, f, h, "a SYN of a connection in TIME-WAIT",
			    (w->now - me->time_wait_ns) / SIM_MS, 60000);
		if (judged && me->state > SYN_RECEIVED && me->state < TIME_WAIT &&
		    !me->got_rst && !f->over && !f->forged &&
		    w->now < me->heard_ns + 10 * SIM_S)
			bad(w, f, h, "a second owner of the connection",
			    me->iss, s->seq);
		f->over = false;
		/* a new connection on an old pair; or the peer has begun it */
		if (peer->state == SYN_SENT)
			stream_reset(&f->of[h]);
		else
			flow_reset(w, f);
		return true;
	}
	if (judged && !me->fin && !me->rst && !peer->rst && !me->got_rst && !f->forged &&
	    !monitor_request_over(w, f, h))
		bad(w, f, h, "SYN-ACK with another number", me->iss, s->seq);
	f->over = true;
	return false;
}

static void sent_syn(struct world *w, struct flow *f, int h,
		     const struct segment *s)
{
	struct stream *me = &f->of[h];
	bool again = f->over && me->late_iss == s->seq;

	monitor_sent_request(w, f, h, s);
	if (again && me->iss != s->seq)		/* judged the first time */
		return;
	if (me->syn && me->iss != s->seq && !sent_syn_again(w, f, h, s))
		return;
	sent_syn_options(w, f, h, s);
	if (me->syn)
		return;
	me->syn = true;
	me->iss = s->seq;
	if (!me->known)
		me->first_iss = s->seq;
	me->known = true;
	me->end = 1;
	me->mss = (u16)(s->mss ? s->mss : 536);
	me->sack_offered = s->sack_ok;
	me->scale_offered = s->scale >= 0;
	me->scale = (u8)(s->scale > 0 ? s->scale : 0);
	me->ts_offered = s->has_ts;
	stream_grow(me, FIRST_ROOM);
	monitor_cong_open(me);
}

/* The FIN is the end, and what was written before it was pushed. */
static void sent_fin(struct world *w, struct flow *f, int h,
		     const struct segment *s, u32 end)
{
	struct stream *me = &f->of[h];
	const struct end *e;
	bool judged = monitor_judges(w, f, h, RULE_SENDER);

	if (judged && me->fin && ((s->len && end > me->fin) ||
			(s->flags & FIN && end != me->fin)))
		bad(w, f, h, "behind the FIN", end, me->fin);
	if (s->flags & PSH && s->len && end > me->pushed)
		me->pushed = end;
	if (s->len)
		me->data_ns = w->now;
	/* A FIN at the same moment pushes as well; a write that was cut short
	 * by a full buffer, and never finished, is not pushed. */
	if (judged && s->flags & FIN && !s->len && end > 1 && end > me->unseen &&
	    me->pushed != end && w->now > me->data_ns) {
		e = monitor_app(w, f, h);
		if (!e || !e->conn->aborted)
			bad(w, f, h, "the last byte was not pushed",
			    me->pushed, end);
	}
	if (s->flags & FIN)
		me->fin = end;
}

/* The bytes, the FIN, and that what is repeated is the same. */
static void sent_data(struct world *w, struct flow *f, int h,
		      const struct segment *s)
{
	struct stream *me = &f->of[h];
	u32 pos = s->seq - me->iss, end = pos + s->len, known;
	bool judged = monitor_judges(w, f, h, RULE_SENDER);

	if (end + (s->flags & FIN) > seq_max(w) || end < pos) {
		if (judged)
			bad(w, f, h, "a sequence number from nowhere", pos,
			    s->len);
		return;
	}
	/* What no cable takes is lost before anybody sees it. */
	if (pos > me->end && w->host[f->host[h]].unseen)
		me->unseen = pos;
	else if (pos > me->end && judged)
		bad(w, f, h, "a gap in what is sent", pos, me->end);
	if (s->len && monitor_judges(w, f, h, RULE_WINDOW) && f->of[!h].seen &&
	    end > me->promised + 1)
		bad(w, f, h, "beyond the window", end, me->promised);
	monitor_sent_calls(w, f, h, s);
	stream_grow(me, end + 2);
	known = me->end < end ? me->end : end;
	if (judged && pos < known && pos >= me->unseen &&
	    memcmp(me->bytes + pos, s->data, known - pos))
		bad(w, f, h, "sent again with other bytes", pos, s->len);
	memcpy(me->bytes + pos, s->data, s->len);
	sent_fin(w, f, h, s, end);
	if (s->flags & CWR)
		monitor_cong_cwr(w, f, h);
	if (s->len || s->flags & FIN)
		monitor_sent_again(w, f, h, pos, s->len);
	end += s->flags & FIN;
	if (end > me->end) {
		if (s->len)
			monitor_flight(w, f, h, end);
		me->end = end;
	}
}

/* As a receiver: its ACK and its window. */
static void sent_ack(struct world *w, struct flow *f, int h,
		     const struct segment *s)
{
	struct stream *me = &f->of[h], *peer = &f->of[!h];
	u32 ack = s->ack - peer->iss, edge, scale = 0;
	bool judged = monitor_judges(w, f, h, RULE_RECEIVER);

	if (!peer->seen || ack > peer->contiguous) {
		if (judged)
			bad(w, f, h, "ACK of what did not arrive", ack,
		    peer->contiguous);
		return;
	}
	if (!(s->flags & SYN) && me->scale_offered && peer->scale_offered)
		scale = me->scale;
	edge = ack + ((u32)s->window << scale);
	if (judged && me->acked_any && ack < me->acked)
		bad(w, f, h, "ACK goes back", ack, me->acked);
	/* A SYN that is sent again cannot scale what it says. */
	if (s->flags & SYN && me->acked_any && edge < me->edge)
		edge = me->edge;
	/* Linux, since 6.1: a host that has no memory for what came closes its
	 * window, though RFC 9293 3.8.6 says that it should not (SHLD-14). */
	if (w->recorded && !s->window && peer->contiguous > ack)
		me->edge = edge;
	if (judged && me->acked_any && edge + (1u << scale) <= me->edge)
		bad(w, f, h, "right edge moves left", edge, me->edge);
	/* It closed first, and now acknowledges the other FIN. */
	if (peer->fin && ack > peer->fin && me->acked <= peer->fin &&
	    me->fin && me->una > me->fin && !me->rst)
		me->time_wait_ns = me->both_ns;
	if (!(s->flags & (SYN | RST)))
		me->fin_ns = 0;
	me->acked_any = true;
	me->acked = ack;
	me->edge = edge;
}

static void sent_size(struct world *w, struct flow *f, int h,
		      const struct segment *s)
{
	struct stream *peer = &f->of[!h];
	u32 mss = peer->seen ? peer->mss : 536;
	u32 pmtu = monitor_pmtu(w, f->host[h], f->host[!h]);

	if (monitor_judges(w, f, h, RULE_PATH_MTU) && s->ip_len > pmtu &&
	    pmtu < w->host[f->host[h]].mtu)
		bad(w, f, h, "larger than the path MTU", s->ip_len, pmtu);
	if (!monitor_judges(w, f, h, RULE_SENDER))
		return;
	if (s->ip_len > w->host[f->host[h]].mtu)
		bad(w, f, h, "larger than the MTU", s->ip_len,
		    w->host[f->host[h]].mtu);
	if (s->len && s->len + s->opt_len > mss)
		bad(w, f, h, "larger than the peer's MSS", s->len + s->opt_len,
		    mss);
}

/* Who never heard that the peer gave up answers an earlier SYN (their numbers only
 * grow: RFC 6528): of that connection nothing is known any more. */
static bool answers_the_past(const struct flow *f, int h, const struct segment *s)
{
	const struct stream *peer = &f->of[!h];

	return s->flags & ACK && peer->syn && !f->of[h].acked_any &&
	       s->ack - 1 - peer->first_iss < peer->iss - peer->first_iss;
}

/* A RST: an answer, or the end of what its sender had. */
static void sent_rst(struct world *w, struct flow *f, int h,
		     const struct segment *s)
{
	struct stream *me = &f->of[h], *peer = &f->of[!h];
	bool judged;

	me->rst = true;
	if (me->state == CLOSED || me->state == GONE)
		monitor_reset(w, f->host[h], f->host[!h]);
	judged = monitor_judges(w, f, h, RULE_RESETS);
	if (judged && !peer->syn)
		bad(w, f, h, "a RST that answers nothing", 0, 0);
	if (!me->rst_credit && judged)
		bad(w, f, h, "more RSTs than segments", 0, 0);
	else if (me->rst_credit)
		me->rst_credit--;
	/* Without memory, or room, there is no TIME-WAIT. */
	if (me->time_wait_ns && monitor_judges(w, f, h, RULE_TIME_WAIT) &&
	    !me->got_rst &&
	    w->now + w->slack_ns < me->time_wait_ns + 60 * SIM_S)
		bad(w, f, h, "a RST from TIME-WAIT",
		    (w->now - me->time_wait_ns) / SIM_MS, 60000);
	if (f->over || !judged)
		return;
	if (s->flags & ACK && peer->syn && s->ack - peer->iss > peer->end &&
	    !answers_the_past(f, h, s))
		bad(w, f, h, "a RST for what was not sent", s->ack, 0);
	if (!(s->flags & ACK) && me->syn && s->seq - me->iss > me->end)
		bad(w, f, h, "a RST from nowhere", s->seq - me->iss, me->end);
}

static void sent_options(struct world *w, struct flow *f, int h,
			 const struct segment *s)
{
	struct stream *me = &f->of[h], *peer = &f->of[!h];
	bool judged = monitor_judges(w, f, h, RULE_OPTIONS);

	if (judged && s->has_ts && me->ts && (s32)(s->ts - me->ts) < 0)
		bad(w, f, h, "the timestamp goes back", s->ts, me->ts);
	if (s->has_ts)
		me->ts = s->ts;
	if (!judged)
		return;
	if (s->has_ts && s->flags & ACK && me->ts_last &&
	    ((s32)(s->ts_echo - me->ts_last) > 0 ||
	     (s32)(s->ts_echo - me->ts_first) < 0))
		bad(w, f, h, "echoes a timestamp that did not come",
		    s->ts_echo, me->ts_last);
	if (!(s->flags & SYN) && (s->mss || s->scale >= 0 || s->sack_ok))
		bad(w, f, h, "an option of SYNs elsewhere", s->mss, s->flags);
	if (!(s->flags & SYN) && peer->seen &&
	    s->has_ts != (me->ts_offered && peer->ts_offered))
		bad(w, f, h, s->has_ts ? "a timestamp that was not agreed" :
		    "no timestamp where it was agreed", 0, 0);
}

/* RFC 3168, of a SYN. */
static void sent_syn_ecn(struct world *w, struct flow *f, int h,
			 const struct segment *s)
{
	struct stream *me = &f->of[h], *peer = &f->of[!h];
	u8 ecn = s->flags & ECN;

	if (!monitor_judges(w, f, h, RULE_ECN))
		return;
	if (s->flags & ACK ? ecn & CWR || (ecn && !peer->ecn) :
			     ecn && ecn != ECN)
		bad(w, f, h, "a SYN that asks for no ECN there is", s->flags,
		    peer->ecn);
	if (ecn)
		me->ecn = true;
	else
		me->no_ecn = true;
}

/* ... of any segment; before its text is known. */
static void sent_ecn(struct world *w, struct flow *f, int h,
		     const struct segment *s)
{
	const struct stream *me = &f->of[h], *peer = &f->of[!h];
	bool fresh = s->len && s->seq - me->iss >= me->end;

	if (s->flags & SYN)
		sent_syn_ecn(w, f, h, s);
	if (!monitor_judges(w, f, h, RULE_ECN))
		return;
	if (!(s->flags & SYN) && s->flags & ECN && !(me->ecn && peer->ecn))
		bad(w, f, h, "ECN that was not agreed", s->flags, 0);
	else if (!(s->flags & SYN) && ((s->flags & ECE && !me->ce) || (s->flags & CWR && !fresh)))
		bad(w, f, h, "ECN without a reason", s->flags, fresh);
	if (s->tos & TOS_CE && !(fresh && me->ecn && peer->ecn && !me->no_ecn))
		bad(w, f, h, "a packet that must not be marked", s->tos, fresh);
}

static void monitor_sent(struct world *w, const struct segment *s)
{
	int h;
	struct flow *f = monitor_find(w, s, &h);
	struct stream *me;

	if (!f)
		return;
	me = &f->of[h];
	if (monitor_judges_host(w, f->host[h], RULE_FRAMES) && s->reserved)
		bad(w, f, h, "reserved bits", s->reserved, s->flags);
	if (s->flags & RST) {
		sent_rst(w, f, h, s);
		monitor_sent_state(w, f, h, s);
		return;
	}
	if (s->flags & SYN)
		sent_syn(w, f, h, s);
	f->over |= answers_the_past(f, h, s);
	if (f->over)
		return;
	if (!me->syn) {
		if (monitor_judges(w, f, h, RULE_STATES) && !f->forged)
			bad(w, f, h, "a segment before the SYN", s->seq,
			    s->len);
		return;
	}
	if (!(s->flags & (ACK | SYN)) &&
	    monitor_judges(w, f, h, RULE_STATES))
		bad(w, f, h, "a segment without ACK", s->flags, 0);
	monitor_sent_state(w, f, h, s);
	sent_ecn(w, f, h, s);
	sent_options(w, f, h, s);
	monitor_sent_sack(w, f, h, s);
	sent_size(w, f, h, s);
	monitor_sent_time(w, f, h, s);
	if (!(s->flags & SYN))
		sent_data(w, f, h, s);
	else
		monitor_sent_again(w, f, h, 0, 0);
	if (s->flags & ACK)
		sent_ack(w, f, h, s);
}

/* ---- what has arrived ------------------------------------------------- */

/* Its bytes, in the stream of who sent them. */
static void arrived_data(struct stream *peer, const struct segment *s, u32 pos)
{
	u32 end = pos + s->len;

	if (s->flags & SYN) {
		peer->seen = true;
		peer->arrived[0] = 1;
	} else {
		memset(peer->arrived + pos, 1, s->len);
		if (s->flags & FIN)
			peer->arrived[end] = 1;
	}
	while (peer->contiguous < peer->end &&
	       peer->arrived[peer->contiguous])
		peer->contiguous++;
}

/* The segments up to @ack came through, with so many bytes. */
static void note_carried(struct stream *me, u32 ack)
{
	u32 begin = me->una, pos;

	for (pos = me->una + 1; pos <= ack; pos++) {
		if (pos < ack && !me->sent_us[pos])
			continue;
		if (pos - begin > me->carried)
			me->carried = pos - begin;
		begin = pos;
	}
}

/* The window that @s gives host @h. */
static u32 arrived_window(const struct flow *f, int h, const struct segment *s)
{
	bool scaled = !(s->flags & SYN) && f->of[h].scale_offered &&
		      f->of[!h].scale_offered;

	return (u32)s->window << (scaled ? f->of[!h].scale : 0);
}

/* Its ACK and window: host @h may send more. */
static void arrived_ack(struct world *w, struct flow *f, int h,
			const struct segment *s)
{
	struct stream *me = &f->of[h];
	u32 ack = s->ack - me->iss, edge, i;

	edge = ack + arrived_window(f, h, s);
	if (edge > me->promised)
		me->promised = edge;
	monitor_cong_heard(w, f, h, s, ack);
	if (ack > me->una) {
		monitor_round_trip(w, me, ack);
		note_carried(me, ack);
		me->una = ack;
	}
	for (i = 0; i < s->nr_sacks; i++)
		if (s->sack[i][1] - me->iss <= me->end &&
		    s->sack[i][1] - me->iss > me->sacked)
			me->sacked = s->sack[i][1] - me->iss;
	if (me->una == me->end)
		monitor_all_heard(w, f, h);
}

/* RFC 5961 5.2: may host @h refuse the segment, because its ACK lies further
 * back than any window reached? An answer is not owed: there is a limit. */
static bool arrived_stale(const struct flow *f, int h, const struct segment *s)
{
	const struct stream *me = &f->of[h];

	return s->flags & ACK && me->widest &&
	       s->ack - me->iss + me->widest < me->una;
}

/* Nobody refuses a segment that begins in the window, or ends in what was not
 * acknowledged yet: its ACK counts. What was acknowledged while the cable was
 * out nobody has seen. */
static void arrived_sure(const struct world *w, struct flow *f, int h,
			 const struct segment *s, u32 pos)
{
	struct stream *me = &f->of[h];
	u32 end = pos + s->len + (s->flags & FIN), ack = s->ack - me->iss;
	u32 acked = w->host[f->host[h]].unseen ? f->of[!h].contiguous : me->acked;

	if (!(s->flags & SYN) && me->acked_any &&
	    (end < acked || pos > me->edge || arrived_stale(f, h, s)))
		return;
	if (ack > me->sure)
		me->sure = ack;
	if (arrived_window(f, h, s) > me->widest)
		me->widest = arrived_window(f, h, s);
	monitor_arrived_state(w, f, h);
}

static void arrived_timestamp(struct stream *me, u32 ts)
{
	if (!me->ts_first || (s32)(ts - me->ts_first) < 0)
		me->ts_first = ts;
	if (!me->ts_last || (s32)(ts - me->ts_last) > 0)
		me->ts_last = ts;
}

/* The last segment with text, or a SYN. One with an old timestamp, or a forged
 * one, may be refused (RFC 7323 5.3, RFC 5961 5.2), or named as a duplicate: a
 * SACK need not have it, but may. */
static void arrived_text(struct stream *me, const struct segment *s, u32 pos)
{
	u32 end = pos + s->len, at = me->nr_recent++ % NR_RECENT;

	if (s->tos == SIM_FORGED_TOS ||
	    (s->has_ts && (s32)(s->ts - me->ts_last) < 0))
		pos = end = 0;
	me->recent[at] = me->last_pos = pos;
	me->recent_end[at] = me->last_end = end;
}

/* The other side got a segment: it may acknowledge more and send more. */
static void monitor_arrived(struct world *w, const struct segment *s)
{
	int from;
	struct flow *f = monitor_find(w, s, &from);
	struct stream *peer, *me;
	u32 pos, was;
	int h = !from;
	bool no_room;

	if (!f)
		return;
	peer = &f->of[from];
	me = &f->of[h];
	pos = s->seq - peer->iss;
	me->heard_ns = me->spoke_ns = w->now;
	me->credit++;
	me->since++;
	if (!(s->flags & RST))
		me->rst_credit++;
	if (s->tos == SIM_FORGED_TOS) {
		if (!f->forged)
			monitor_excuse_flow(f, WHY_FORGED);
		f->forged = true;
		/* One that occupies numbers is no part of a war of ACKs. */
		me->challenged_ns = s->len || s->flags & FIN ? 0 : w->now;
		if (s->len)
			arrived_text(me, s, pos);
		return;
	}
	me->challenged_ns = 0;
	me->ce |= (s->tos & TOS_CE) == TOS_CE;
	if (s->flags & RST) {
		me->got_rst = true;
		if (s->has_ts)		/* TIME-WAIT takes it, but not the RST */
			arrived_timestamp(me, s->ts);
		return;
	}
	no_room = monitor_no_room(w, f, h, s);
	if (!peer->syn || f->over || pos > peer->end ||
	    s->len + (s->flags & FIN) > peer->end - pos ||
	    (s->flags & SYN && pos))
		return;		/* an old connection's late segment */
	if (s->has_ts)
		arrived_timestamp(me, s->ts);
	if (no_room)
		return;		/* but its timestamp was taken */
	was = peer->contiguous;
	arrived_data(peer, s, pos);
	if (peer->contiguous > was)
		me->since = 0;
	if (!(s->flags & SYN) && peer->contiguous > was && !me->owed_ns &&
	    !arrived_stale(f, h, s))
		me->owed_ns = w->now;
	if (s->len || s->flags & SYN)
		arrived_text(me, s, pos);
	else
		me->last_pos = 0;
	if (s->flags & ACK && me->syn && s->ack - me->iss <= me->end) {
		arrived_ack(w, f, h, s);
		arrived_sure(w, f, h, s, pos);
	}
	/* its ACK may get lost, or be late */
	if (!me->both_ns && me->fin && me->una > me->fin && peer->fin &&
	    peer->contiguous > peer->fin)
		me->both_ns = w->now;
	monitor_arrived_time(w, f, h, s, was);
}

/* ---- the tap ---------------------------------------------------------- */

static void fnv(struct world *w, const void *p, size_t len)
{
	const u8 *b = p;

	for (; len; len--)
		w->hash = (w->hash ^ *b++) * 0x100000001b3ull;
}

static void record(struct world *w, const u8 *p, u32 len)
{
	u32 head[4] = { (u32)(w->now / SIM_S), (u32)(w->now % SIM_S), len,
			len };

	if (fwrite(head, sizeof(head), 1, w->pcap) != 1 ||
	    fwrite(p, len, 1, w->pcap) != 1)
		perror("pcap");
}

/* A datagram goes to somebody who is there. */
static void check_address(struct world *w, int h, const struct segment *s)
{
	u32 to = s->addr[1];
	bool router = w->nr_stacks > w->nr_hosts && (to & 255) == 254 &&
		      (to >> 8 & 255) < w->nr_hosts && to >> 16 == 0x0a00;

	if (!monitor_judges_host(w, h, RULE_FRAMES))
		return;
	if (s->addr[0] != w->host[h].addr)
		sim_fail(w, "monitor: host %d sends from %08x", h, s->addr[0]);
	if (monitor_host(w, to) < 0 && !router)
		sim_fail(w, "monitor: host %d sends to %08x, who is nobody", h,
			 to);
}

void monitor_frame(struct world *w, int h, bool sent, const u8 *p, u32 len)
{
	enum monitor_kind kind;
	struct segment s;
	struct flow *f;

	if (++w->frames == w->fail_at)
		sim_fail(w, "frame %llu fails, as asked",
			 (unsigned long long)w->frames);
	if (w->frames == w->abort_at)
		abort();
	fnv(w, &w->now, sizeof(w->now));
	fnv(w, p, len);
	if (w->pcap && sent)
		record(w, p, len);
	/* For its trace only; but the forger wants numbers. */
	if (w->again && !w->forge_gap)
		return;
	kind = monitor_parse(&s, p, len);
	if (!sent && memcmp(p, w->host[h].mac, 6) && p[0] != 255)
		return;			/* for somebody else */
	if (!sent && p[6] & 1)
		return;			/* a group sends nothing */
	if ((kind == FRAME_DAMAGED || s.lies) && sent && !w->host[h].unjudged)
		sim_fail(w, "monitor: host %d sends a frame that is damaged",
			 h);
	if (kind >= FRAME_IP && sent)
		check_address(w, h, &s);
	if (kind < FRAME_ARP)
		return;
	if (sent)
		monitor_sent_frame(w, h, kind, &s);
	else
		monitor_arrived_frame(w, h, kind, &s);
	if (kind == FRAME_TCP && sent)
		monitor_sent(w, &s);
	else if (kind == FRAME_TCP && s.addr[1] == w->host[h].addr)
		monitor_arrived(w, &s);
	/* The path has become narrower: what is sent again is no timeout. */
	for (f = w->flows; f && kind == FRAME_ICMP && !sent; f = f->next) {
		if (f->host[0] != h && f->host[1] != h)
			continue;
		f->of[f->host[1] == h].heard_ns = w->now;
		monitor_cong_narrower(&f->of[f->host[1] == h]);
	}
}

bool monitor_iss(const struct world *w, const struct end *from,
		 const struct end *to, u32 *iss)
{
	int side = from->host > to->host;
	struct flow *f;

	for (f = w->flows; f; f = f->next) {
		if (f->host[side] != from->host || f->host[!side] != to->host ||
		    f->port[side] != ntohs(from->port) ||
		    f->port[!side] != ntohs(to->port))
			continue;
		*iss = f->of[side].iss;
		return f->of[side].syn && !f->over;
	}
	return false;
}

void monitor_free(struct world *w)
{
	struct flow *f;

	free(w->watch);
	w->watch = NULL;
	while ((f = w->flows)) {
		w->flows = f->next;
		flow_reset(w, f);
		free(f);
	}
}
