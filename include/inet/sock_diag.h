/* SPDX-License-Identifier: BSD-2-Clause */
/* The sockets of a stack, one after another: what sock_diag(7) tells of Linux's. */
#ifndef INET_SOCK_DIAG_H
#define INET_SOCK_DIAG_H

#include <netinet/in.h>

#include <inet/export.h>
#include <inet/types.h>

INET_BEGIN_DECLS

struct net;
struct socket;

/* Which timer of a connection runs: Linux's idiag_timer. */
enum inet_diag_timer {
	INET_DIAG_TIMER_OFF,
	INET_DIAG_TIMER_ON,		/* retransmission */
	INET_DIAG_TIMER_KEEPALIVE,
	INET_DIAG_TIMER_TIMEWAIT,
	INET_DIAG_TIMER_PERSIST,	/* probe of a window of zero */
};

/* One socket, or a connection that has none: not accepted yet, closed by the
 * application, in TIME-WAIT. Members that it has not are 0. */
struct inet_diag_info {
	u8 family;		/* AF_INET, AF_PACKET */
	u8 type;		/* SOCK_STREAM, ... */
	u8 state;		/* TCP_ESTABLISHED, ... of netinet/tcp.h; TCP_CLOSE also
				 * of those without a connection */
	u8 timer;		/* enum inet_diag_timer */
	u8 retransmits;		/* of this timer; probes without an answer */
	u8 shutdown;		/* 1: to receive, 2: to send */
	u16 protocol;
	struct sockaddr_in src, dst;	/* port 0: none */
	u32 expires_ms;		/* when the timer does */
	int ifindex;		/* of the device that it is bound to */
	u32 mark;
	/* Bytes to be read; bytes not acknowledged, or not sent. Of a listener: how
	 * many wait to be accepted, and how many may. */
	u32 rqueue, wqueue;
	/* Memory: received, and its limit; sent, and its limit; reserved; in the
	 * write queue; options; backlog; and how many packets were dropped. */
	u32 rmem, rcvbuf, wmem, sndbuf, fwd_alloc, wmem_queued, optmem, backlog, drops;
	u64 cookie;		/* SO_COOKIE, 0: nobody has asked for it */
	/* For inet_getsockopt() behind the call, TCP_INFO for example. NULL: none */
	struct socket *sock;
};

/*
 * Calls @fn for each. It may call nothing of the stack. Those that come or go
 * meanwhile are told of or not.
 */
int inet_diag_each(struct net *net,
		   void (*fn)(void *arg, const struct inet_diag_info *info),
		   void *arg) INET_API;

INET_END_DECLS

#endif /* INET_SOCK_DIAG_H */
