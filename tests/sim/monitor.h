/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the monitor's files share: a segment that was read, and what is known
 * of a connection from its frames alone.
 */
#ifndef SIM_MONITOR_H
#define SIM_MONITOR_H

#include "sim.h"

#define FIN 1
#define SYN 2
#define RST 4
#define PSH 8
#define ACK 16
#define URG 32
#define SEQ_MAX (SIM_MAX_BYTES + 2)	/* SYN, bytes, FIN */

enum monitor_kind { FRAME_DAMAGED, FRAME_OTHER, FRAME_IP, FRAME_ICMP,
		    FRAME_TCP };

struct segment {
	u32 addr[2];		/* source, destination */
	u16 port[2];
	u8 tos, ttl;
	u32 ip_len, pseudo;
	u32 seq, ack;
	u16 window, urgent;
	u8 flags, reserved;
	const u8 *opt, *data;
	u32 opt_len, len;
	bool has_ts;
	u32 ts, ts_echo, mss;
	int scale;		/* -1: none */
};

/*
 * One direction: what its sender did, and what arrived of it. Positions count
 * from the initial sequence number: 0 is the SYN, 1 the first byte.
 */
struct stream {
	bool syn, seen;		/* sent; arrived */
	u32 iss;
	u32 end;		/* sent so far */
	u32 fin;		/* position of the FIN, 0: not sent */
	u32 pushed;		/* end of the last segment with PSH */
	u64 data_ns;		/* the last segment with data */
	u16 mss;		/* that the sender of this stream offers */
	bool scale_offered, ts_offered;
	u8 scale;
	u32 ts;			/* last timestamp */
	bool rst;		/* sent one */
	/* as a receiver of the other stream */
	bool acked_any;
	u32 acked, edge;	/* positions in the other stream */
	u32 credit;		/* segments that it may answer */
	u32 rst_credit;
	u32 ts_first, ts_last;	/* of the timestamps that arrived */
	u64 owed_ns;		/* since then an ACK is due; 0: none */
	bool got_rst;
	u64 time_wait_ns;	/* since then it is in TIME-WAIT */
	/* as its sender, what it heard and what its timer did */
	u64 heard_ns;		/* the last segment from the peer */
	u32 una;		/* acknowledged, as far as it has heard */
	u32 segments_acked, dup_acks;
	u64 probe_ns;
	u32 rto_pos;		/* the last retransmission in silence */
	u64 rto_ns, rto_gap;
	/* what the other side has seen of it */
	u32 contiguous;		/* everything below has arrived */
	u32 promised;		/* furthest right edge that arrived here,
				 * in positions of this stream */
	u8 *bytes, *arrived;	/* SEQ_MAX of each */
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

/* ---- monitor_time.c: when something may or must be sent ---- */
void monitor_sent_time(struct world *w, struct flow *f, int side,
		       const struct segment *s);
void monitor_arrived_time(struct world *w, struct flow *f, int side,
			  const struct segment *s);
/* The retransmission rules, for what begins at @pos; marks it as sent. */
void monitor_sent_again(struct world *w, struct flow *f, int side, u32 pos,
			u32 len);
/* Congestion window, as far as the wire can know it. */
void monitor_flight(struct world *w, struct flow *f, int side, u32 end);

#endif
