/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the monitor's files share: a segment that was read, and what is known
 * of a connection from its frames alone.
 */
#ifndef SIM_MONITOR_H
#define SIM_MONITOR_H

#include <string.h>

#include "sim.h"

#define FIN 1
#define SYN 2
#define RST 4
#define PSH 8
#define ACK 16
#define URG 32
#define ECE 64
#define CWR 128
#define ECN (ECE | CWR)
#define TOS_CE 3		/* of the two low bits */
#define SEQ_MAX (SIM_MAX_BYTES + 2)	/* SYN, bytes, FIN */
#define MAX_SACKS 4
#define NR_RECENT 1024

enum monitor_kind { FRAME_DAMAGED, FRAME_OTHER, FRAME_ARP, FRAME_IP,
		    FRAME_ICMP, FRAME_UDP, FRAME_TCP };

struct segment {
	const u8 *to, *from;	/* link addresses */
	const u8 *ip;		/* the header of a datagram */
	u16 op;			/* of ARP, whose addresses stand in addr */
	const u8 *sender;	/* ... and link addresses here, */
	const u8 *target;	/* ... and here */
	u32 addr[2];		/* source, destination */
	u16 port[2];
	u8 tos, ttl, proto;
	u16 frag;		/* its offset in octets */
	const u8 *payload;	/* of the datagram */
	u32 payload_len;
	u32 ip_len, pseudo;
	u32 seq, ack;
	u16 window, urgent;
	u8 flags, reserved;
	const u8 *opt, *data;
	u32 opt_len, len;
	bool lies;		/* the options do */
	bool has_ts;
	u32 ts, ts_echo, mss;
	int scale;		/* -1: none */
	bool sack_ok;
	u32 nr_sacks, sack[MAX_SACKS][2];
};

/* RFC 9293 3.3.2, as far as frames show it. A server's LISTEN is CLOSED here;
 * GONE is CLOSED again. */
enum monitor_state { CLOSED, SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1,
		     FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT,
		     GONE };

/* Why a segment leaves that has left before: it has not; it may be that a loss was
 * heard of; only the timer can have been it; perhaps to probe the tail. */
enum monitor_again { AGAIN_NOT, AGAIN_MAYBE, AGAIN_TIMER, AGAIN_PROBE };

/* What is being repaired, until all that was under way is acknowledged. */
enum monitor_episode { EPISODE_NONE, EPISODE_FAST, EPISODE_TIMEOUT,
		       EPISODE_MARKED };

/* A congestion window in segments, and what was delivered since it grew. */
struct window {
	u32 cwnd, credit;
};

/* The largest congestion window that a sender may have. */
struct congestion {
	struct window v;
	u32 thresh;
	u32 begun;		/* segments sent, each once */
	u32 probes;		/* under way beyond it */
	u32 dups;		/* without SACK: duplicate ACKs, less what they
				 * told of */
	u8 episode;		/* enum monitor_episode */
	bool counted;		/* all that left in it is known */
	bool maybe_timer;	/* the timer may have begun it, and then ... */
	struct window after;	/* ... this is its window */
	bool unsure;		/* or some of the next one may be */
	u32 recover;		/* it ends when this is acknowledged */
	u32 beyond;		/* the end of what was sent behind that, and again: ... */
	u32 vague;		/* ... another may have begun below this, unseen */
	u32 una, begin_us;	/* when it began */
	u64 begin_ns;
	u32 pos;		/* ... by this, after a timeout */
	u32 out, back, heard;	/* segments, delivered ones, ACKs since */
	u32 prior_cwnd, prior_thresh;	/* before; 0: undone */
	u32 later;		/* or of this: it may have been the timer */
	u32 kept_recover;	/* the sender may not believe that, and go on */
	u32 kept_cwnd, kept_thresh;
	u32 again, in_vain;	/* segments repeated; named as duplicates */
	u32 ts;			/* of the first one repeated */
	bool ts_known;
	bool marked;		/* the peer told of a mark, in between */
	u32 mark_end;		/* ... when so much was sent, */
	u32 mark_flight;	/* and so many segments not acknowledged */
	u32 narrow;		/* below, what is repeated was too large */
	u32 last;		/* delivered at that moment */
	u64 last_ns;
	u64 cue_ns;		/* ... the last such moment */
	bool overtaken;		/* what came later was told of before */
};

/*
 * One direction: what its sender did, and what arrived of it. Positions count
 * from the initial sequence number: 0 is the SYN, 1 the first byte.
 */
struct stream {
	u32 excused;		/* rules, one bit each, ... */
	u32 applied, let_off;	/* ... those applied, and not applied */
	bool syn, seen;		/* sent; arrived */
	u8 state;		/* enum monitor_state of its sender */
	u8 old_state;		/* before what came at this moment: */
	u64 old_ns;
	bool passive;		/* ... who had not closed when a FIN came, */
	u64 passive_ns;		/* at this moment; */
	bool unsure;		/* or had when a copy of that came */
	bool accepted;		/* ... which accept() has returned */
	bool queued;		/* it entered the accept queue */
	u64 request_ns;		/* its first SYN-ACK */
	u32 late_iss;		/* of the SYN-ACK after which it is over */
	u32 listed;		/* the last listing that had it */
	const struct end *app;	/* its program, NULL: not known yet */
	u32 iss, first_iss;	/* of this connection; the first of all on the pair, */
	bool known;		/* ... if there was one */
	u32 end;		/* sent so far */
	u32 unseen;		/* some below may have left without a witness */
	u32 fin;		/* position of the FIN, 0: not sent */
	u32 pushed;		/* end of the last segment with PSH */
	u32 urgent;		/* how far its urgent pointer went */
	u64 data_ns;		/* the last segment with data */
	u16 mss;		/* that the sender of this stream offers */
	bool scale_offered, ts_offered, sack_offered;
	bool ecn;		/* its SYN asks, its SYN-ACK agrees */
	bool no_ecn;		/* or one does not */
	u8 scale;
	u32 ts;			/* last timestamp */
	bool rst;		/* sent one */
	/* as a receiver of the other stream */
	bool acked_any;
	bool ce;		/* a packet came that was marked */
	u32 acked, edge;	/* positions in the other stream */
	u32 credit;		/* segments that it may answer */
	u32 since;		/* ... that came after the last in order */
	u32 rst_credit;
	u32 ts_first, ts_last;	/* of the timestamps that arrived */
	u64 owed_ns;		/* since then an ACK is due; 0: none */
	u32 full;		/* full-sized segments since the last ACK */
	u64 two_ns;		/* ... of which the second came here */
	u32 last_pos, last_end;	/* the last segment with text */
	u32 recent[NR_RECENT], recent_end[NR_RECENT], nr_recent;	/* ... and before it */
	u64 answer_ns;		/* the last bare ACK */
	u64 challenged_ns;	/* a forged segment without data came */
	u64 challenge_ns;	/* the last answer to one */
	u64 fin_ns;		/* a FIN reached TIME-WAIT, unanswered */
	bool got_rst;
	u64 both_ns;		/* the peer's FIN, and the ACK of its own, came */
	u64 time_wait_ns;	/* since then it is in TIME-WAIT */
	/* as its sender, what it heard and what its timer did */
	u64 heard_ns;		/* the last segment from the peer, or ICMP */
	u64 spoke_ns;		/* ... from the peer himself */
	u32 una;		/* acknowledged, as far as it has heard */
	u32 sure;		/* ... in a segment that nobody refuses */
	u32 widest;		/* window that such a segment gave it */
	u32 carried;		/* bytes of the largest segment acknowledged */
	u32 sacked;		/* the furthest byte a SACK has named */
	u32 rtt_us;		/* smallest round trip, 0: not known */
	u64 sent_ns, before_ns;	/* the last segments that occupy numbers */
	u32 left_us;		/* the last that had waited for ARP ... */
	u64 made_ns;		/* ... perhaps since then */
	bool probed;		/* its tail, in this silence (RFC 8985) */
	u32 segments_acked;
	struct congestion cong;
	u64 probe_ns;
	u32 rto_pos;		/* the last retransmission in silence */
	u64 rto_ns, rto_gap;
	/* what the other side has seen of it */
	u32 contiguous;		/* everything below has arrived */
	u32 promised;		/* furthest right edge that arrived here,
				 * in positions of this stream */
	u32 room;		/* numbers that these have room for */
	u8 *bytes, *arrived;
	u8 *told;		/* acknowledged in any way */
	u32 *sent_us;		/* when a segment began there; 0: none did */
};

struct flow {
	struct flow *next;
	u8 host[2];		/* the lower number first */
	u16 port[2];
	bool over;		/* a late SYN opened it again */
	bool forged;		/* somebody else's frames came */
	struct stream of[2];	/* by the host that sends */
};

/* Reads a frame. FRAME_DAMAGED: some length or checksum is wrong. */
enum monitor_kind monitor_parse(struct segment *s, const u8 *p, u32 len);

/* @side of @f did what it must not. */
void monitor_bad(struct world *w, const struct flow *f, int side,
		 const char *what, u64 a, u64 b);

/* ---- monitor_rules.c ---- */
/* Counts a judgement. Return: @rule is in force for @side, or for host @h. */
bool monitor_judges(struct world *w, struct flow *f, int side,
		    enum sim_rule rule);
bool monitor_judges_host(struct world *w, int h, enum sim_rule rule);
/* @rule applies to @side here, and is not asked: nobody knows. Counted. */
void monitor_lets_off(struct world *w, struct flow *f, int side,
		      enum sim_rule rule);
/* One side, or both, are let off some rules. */
void monitor_excuse_end(struct flow *f, int h, enum sim_why why);
void monitor_excuse_flow(struct flow *f, enum sim_why why);
/* @f goes: which rules judged it. */
void monitor_settle(struct world *w, const struct flow *f);

/* The connection of a segment and in *side who sent it; made when there is
 * none. */
struct flow *monitor_find(struct world *w, const struct segment *s, int *side);
/* The host with @addr, -1: none. */
int monitor_host(const struct world *w, u32 addr);
/* The connection of @host's @port with @peer's, NULL: no frame of it was seen. */
struct flow *monitor_flow(const struct world *w, int host, int peer, u16 port,
			  u16 peer_port);
/* The program behind @side, NULL: none or not known. */
const struct end *monitor_app(const struct world *w, struct flow *f, int side);

/* ---- monitor_state.c: RFC 9293's states, and what the calls allow ---- */
/* A segment leaves, and may leave in the state of its sender. */
void monitor_sent_state(struct world *w, struct flow *f, int side,
			const struct segment *s);
/* A segment has reached @side, which has heard its ACK. */
void monitor_arrived_state(const struct world *w, struct flow *f, int side);
/* The state in which @side may still be: where it sees later what comes together,
 * that of the moment's beginning. */
u8 monitor_old_state(const struct world *w, const struct flow *f, int side);
/* May @side have closed before it went on with the peer's FIN, though that had
 * come? */
bool monitor_unsure(const struct world *w, struct flow *f, int side);
/* Bytes, PSH and FIN against what the application has asked for. */
void monitor_sent_calls(struct world *w, struct flow *f, int side,
			const struct segment *s);
/* All that @side has sent is acknowledged. */
void monitor_all_heard(struct world *w, struct flow *f, int side);

/* ---- monitor_listen.c: the accept queue ---- */
/* A SYN-ACK leaves. */
void monitor_sent_request(struct world *w, struct flow *f, int side,
			  const struct segment *s);
/* May @side have forgotten its request, and made another one? */
bool monitor_request_over(const struct world *w, const struct flow *f,
			  int side);
/* A segment has reached @side. Return: true: with an ACK of the handshake, for
 * which there is no room: it is as if it had not come. */
bool monitor_no_room(struct world *w, struct flow *f, int side,
		     const struct segment *s);

/* ---- monitor_link.c: what is below and beside TCP ---- */
void monitor_sent_frame(struct world *w, int h, enum monitor_kind kind,
			const struct segment *s);
void monitor_arrived_frame(struct world *w, int h, enum monitor_kind kind,
			   const struct segment *s);
/* The MTU that host @h was told of for its way to host @to. */
u32 monitor_pmtu(const struct world *w, int h, int to);
/* What host @h sends now may have waited for ARP: since when? 0: it has not. */
u64 monitor_waited(const struct world *w, int h);
/* Has host @h asked by ARP, and nobody answered yet? */
bool monitor_asking(const struct world *w, int h);
/* Host @h sends a RST to host @to about a connection that it does not have. */
void monitor_reset(struct world *w, int h, int to);
/* Host @h answers a forged segment. */
void monitor_challenge(struct world *w, int h);

/* ---- monitor_sack.c ---- */
void monitor_sent_sack(struct world *w, struct flow *f, int side,
		       const struct segment *s);

/* ---- monitor_time.c: when something may or must be sent ---- */
void monitor_sent_time(struct world *w, struct flow *f, int side,
		       const struct segment *s);
void monitor_arrived_time(struct world *w, struct flow *f, int side,
			  const struct segment *s, u32 was);
/* Up to @ack of @me is acknowledged now. */
void monitor_round_trip(const struct world *w, struct stream *me, u32 ack);
/* The retransmission rules, for what begins at @pos; marks it as sent. */
void monitor_sent_again(struct world *w, struct flow *f, int side, u32 pos,
			u32 len);
/* May @side send its tail, or more, up to @end, as a probe? Then it has. */
bool monitor_tail_probe(const struct world *w, struct flow *f, int side,
			u32 end);

/* ---- monitor_cong.c: the congestion window ---- */
void monitor_cong_open(struct stream *me);
/* What begins at @pos leaves, up to @end, again or not. */
void monitor_cong_sent(struct world *w, struct flow *f, int side,
		       enum monitor_again how, u32 pos, u32 end);
/* A segment with CWR leaves. */
void monitor_cong_cwr(const struct world *w, struct flow *f, int side);
/* New bytes, up to @end: as far as the wire can know it. */
void monitor_flight(struct world *w, struct flow *f, int side, u32 end);
/* @side hears of @ack. */
void monitor_cong_heard(const struct world *w, struct flow *f, int side,
			const struct segment *s, u32 ack);
/* The path has become narrower. */
void monitor_cong_narrower(struct stream *me);

#endif
