/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP by script: the stack at one end (10.0.0.2), the test as the other end
 * (10.0.0.1). Sequence numbers of the script are relative: 0 is each side's
 * SYN, 1 its first octet.
 *
 *	tp_open(&t);			the stack, its peer's address known
 *	tp_passive(&t);			the peer connects to port 7; t.s is the
 *					accepted socket
 *	tp_send(&t, "PA", 1, 1, "hi", 2);	flags, seq, ack, text
 *	tp_expect(&t, "A", 1, 3, 0);	flags, seq, ack, length of what comes
 *	tp_silence(&t);			and nothing else
 *	tp_close(&t);			nothing may be left
 *
 * Flags: S F R P A U E C; "" is none. tcp_verify_all() runs after each frame.
 */
#ifndef TESTS_TCP_PEER_H
#define TESTS_TCP_PEER_H

#include <inet/socket.h>

#include "fixture.h"
#include "ipv4/tcp.h"

#define TP_PORT 7		/* of the stack */
#define TP_PEER_PORT 40000

struct tp {
	struct fx f;
	struct fx_pkt p;		/* what tp_expect() took last */
	struct tcp_options_info opt;	/* of it */
	struct socket *l, *s;
	u16 lport, pport;		/* the stack's, the peer's */
	u32 iss;			/* the peer's */
	u32 irs;			/* the stack's */
	/* what the peer says */
	u16 win;
	u16 mss;			/* 0: no option */
	s8 ws;				/* -1: no option */
	bool sack;			/* permitted */
	bool ts;			/* on every segment once agreed on */
	bool ecn;			/* asks for it, or agrees on it */
	u8 tos;				/* of tp_send()'s segments */
	u32 ts_val;			/* the peer's clock; ms */
	u32 ts_ecr;
	u16 urg_ptr;
	bool ts_on;
	u16 id;				/* of the last queued segment's IP */
};

void tp_open(struct tp *t);
/* The same with @nr softnets and queues. */
void tp_open_smp(struct tp *t, u32 nr);
/* As tp_open(), watched (attack.h). */
void tp_open_watched(struct tp *t);
void tp_close(struct tp *t);

/* A segment from the peer. */
void tp_send(struct tp *t, const char *flags, u32 seq, u32 ack,
	     const void *data, u32 len);
/* The same with @ip's header (zero members: the usual, and the next
 * identification), not run yet: several segments in one poll, then fx_run(). */
void tp_queue(struct tp *t, const struct fx_ip *ip, const char *flags, u32 seq,
	      const void *data, u32 len);
/* tp_send() with other options than usual. */
void tp_send_opt(struct tp *t, const char *flags, u32 seq, u32 ack,
		 const void *opt, u32 opt_len);
/* The next segment of the stack to this peer port must be this one. */
void tp_expect(struct tp *t, const char *flags, u32 seq, u32 ack, u32 len);
/* The next segment, whatever it is. */
void tp_next(struct tp *t);
/* Nothing was sent. */
void tp_silence(struct tp *t);
/* Nothing is sent while @ns pass. */
void tp_silence_for(struct tp *t, u64 ns);
/* After @ns of silence, counted from the last segment of the stack and to one
 * part in a thousand (and 1 ms), comes a segment with @flags and @seq. */
void tp_expect_after(struct tp *t, u64 ns, const char *flags, u32 seq);

/* A listener on TP_PORT. */
void tp_listen(struct tp *t, int backlog);
/* The peer's SYN; the SYN-ACK to it tells the stack's ISN. */
void tp_syn(struct tp *t);
/* The whole handshake, either way. */
void tp_passive(struct tp *t);
void tp_active(struct tp *t);
/* connect() only: the SYN is sent and was taken. */
void tp_connect(struct tp *t);
/* The accepted socket. */
void tp_accept(struct tp *t);

struct sock *tp_sk(const struct tp *t);
int tp_state(const struct tp *t);
/* Writes; all must be taken. */
void tp_write(struct tp *t, const void *data, u32 len);
/* @len octets of text, octet i being (u8)(i * 7 + 1). */
void tp_write_pattern(struct tp *t, u32 len);
/* Reads exactly @len octets and compares them (@data NULL: the pattern). */
void tp_read(struct tp *t, const void *data, u32 len);
void tp_read_eof(struct tp *t);
/* Nothing to read yet. */
void tp_read_nothing(struct tp *t);
/* recv() fails with @err. */
void tp_read_error(struct tp *t, int err);
/* SO_ERROR. */
int tp_error(struct tp *t);
void tp_setsockopt(struct tp *t, int level, int opt, int val);
int tp_getsockopt(struct tp *t, int level, int opt);
short tp_poll(struct tp *t);

/* Lets time pass until the stack's next ISN for this peer is @isn. */
void tp_wait_for_isn(struct tp *t, u32 isn);
/* An ICMP error that quotes the stack's segment @seq (relative). */
void tp_icmp(struct tp *t, u8 type, u8 code, u32 rest, u32 seq);

#endif /* TESTS_TCP_PEER_H */
