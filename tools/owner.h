/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inside inetstackd: the owner of a stack and the sockets that it keeps for programs.
 *
 * One thread does all: it waits in epoll for the stack's descriptor, for calls, and
 * for the owner's ends of the programs' sockets. Nothing here blocks.
 */
#ifndef TOOLS_OWNER_H
#define TOOLS_OWNER_H

#include <signal.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <inet/inet.h>
#include <inet/netfilter.h>
#include <inet/socket.h>

#include "protocol.h"

#define OWNER_BUFFER 65536	/* bytes moved at a time, and kept at most */
#define OWNER_BUCKETS 16384	/* of the table of sockets; a power of two */

struct owner;
struct caller;
struct guest;
struct scrape;

/* Something that epoll watches. */
struct watch {
	void (*ready)(struct owner *o, struct watch *w, uint32_t events);
	int fd;			/* -1: not watched */
};

/* Bytes that the next one did not take. */
struct rest {
	char *buf;		/* NULL: none */
	size_t start, end;
};

/* One socket of a program. */
struct conn {
	struct watch watch;	/* of B; first */
	struct conn *next;	/* in its bucket, or of the dead */
	struct conn *next_bare, **prev_bare;	/* without B: swept */
	struct conn *next_work, *next_put_off;
	struct owner *owner;
	uint64_t id;
	uint64_t mark;		/* of datagrams with something in front */
	char kind;		/* protocol.h */
	struct socket *sock;	/* NULL: it is over */
	int err;		/* SO_ERROR of a connection that is gone */
	struct watch *waiter;	/* call of a connect() that waits */
	bool listening;
	u16 port;		/* where; in network order */
	bool connecting;
	bool bare;		/* a connected datagram socket's messages */
	bool dead;		/* freed after this round */
	bool to_work, is_put_off;	/* is on the list */
	uint32_t events;	/* of B, since it was worked on */
	int revents;		/* of the inet socket */
	bool over;		/* B closes when there is something unread in it */
	bool prologue_read;
	bool unread;		/* B may have something new */
	bool held;		/* the first byte in B has been sent already */
	bool net_ended;		/* the peer's FIN was passed on */
	bool shut;		/* the program has shut its sending side */
	bool program_ended;	/* and the stack has sent a FIN */
	bool hung_up;		/* no descriptor of A is left, or both ways are shut */
	bool deaf;		/* the program has shut its receiving side */
	struct rest in, out;	/* to the program, to the network */
	struct conn *parked;	/* of a listener: A had no room for it */
};

struct owner {
	struct net *net;
	const char *name;
	int epoll;
	struct watch stack, control, stream, dgram, admin;
	int spare;		/* a descriptor for when there is none, or -1 */
	bool everybody;		/* may use it: root runs it */
	struct nf_hook_ops hook;	/* conn_see_packet() */
	struct conn *buckets[OWNER_BUCKETS];
	struct caller *callers;
	struct conn *bare, *dead;
	struct conn *work, **work_tail;
	struct conn *put_off;	/* for the next round */
	struct guest *guests, *gone;	/* tools that ask */
	unsigned int nr_guests;
	struct socket *metrics;	/* listens for those who scrape; NULL: none */
	struct scrape *scrapes;
	unsigned int nr_scrapes;
	bool scraped;		/* there is something to do for them */
	unsigned int nr_conns, nr_leases;
	bool parked;		/* some listener has one */
	u64 swept_ns, busy_ns;	/* the last time */
	struct shim_lease lease;	/* for inetrun(1), unless it is told otherwise */
	unsigned int idle_s;	/* ends when unused for so long; 0: never */
	alignas(max_align_t) char buf[SHIM_FILL];	/* also of control messages */
};

/* ---- owner.c ---------------------------------------------------------- */

/* Opens the two places of protocol.h. 0, or -1 with errno: EADDRINUSE, this owner
 * runs already. */
int owner_listen(struct owner *o);
/* May the process at the other end of @fd use this stack? */
bool owner_serves(const struct owner *o, int fd);
/* Takes the datagram sockets that programs have made by now. */
void owner_accept_dgrams(struct owner *o);
/* Who has connected to the place @w; -1: nobody more, or nobody whom we serve. Without
 * a descriptor left who waits there is sent away. */
int owner_accept(struct owner *o, struct watch *w, struct sockaddr_un *un,
		 socklen_t *len);
/* Serves until *@stop. 0, or -1 with errno. */
int owner_run(struct owner *o, const volatile sig_atomic_t *stop);
/* Watches @w->fd. 0 or -1. */
int owner_watch(struct owner *o, struct watch *w, uint32_t events);
/* Closes the descriptor; @w may be freed after the events of this round. */
void owner_unwatch(struct watch *w);

/* ---- owner_conn.c ----------------------------------------------------- */

struct conn *conn_find(struct owner *o, uint64_t id);
/* @sock may be NULL, and is the connection's. NULL: no memory. */
struct conn *conn_new(struct owner *o, uint64_t id, char kind, struct socket *sock);
/* Keeps what the next one did not take. 0, or -1: no memory. */
int rest_keep(struct rest *r, const char *buf, size_t len);
void rest_free(struct rest *r);
/* Closes everything, with a RST if @reset. */
void conn_free(struct conn *c, bool reset);
/* B is there: the program has connected A, or we have connected B to it. */
void conn_attach(struct conn *c, int fd);
/* Begins to listen for events of the inet socket. */
void conn_watch_sock(struct conn *c);
/* Does what events have asked for, and those that come of it; what is put off is the
 * next round's. They only ask, since a call on one socket may have the stack tell of
 * another. */
void conn_work(struct owner *o);
/* Once more, in the next round. */
void conn_put_off(struct conn *c);
/* Frees those that died since the last time. */
void conn_bury(struct owner *o);
/* Closes sockets without B whose A is gone, if it is time or @now. */
void conn_sweep(struct owner *o, bool now);
/* Packets for this host: a listener whose program is gone is refused, as on Linux. */
unsigned int conn_see_packet(void *owner, struct sk_buff *skb,
			     const struct nf_hook_state *state);
/* Stops to listen, and ends who waits there. */
void conn_unlisten(struct conn *listener);
/* Tries again what listeners had no room for. */
void conn_unpark(struct owner *o);
/* Bytes of the program that the stack has not got yet. */
int conn_unsent(const struct conn *c);

/* ---- owner_dgram.c ---------------------------------------------------- */

/* A program has made a datagram socket: @fd is its B. */
void dgram_new(struct owner *o, int fd, const struct shim_name *name);
/* What events of both sides ask for. */
void dgram_work(struct conn *c, uint32_t events);

/* ---- owner_call.c ----------------------------------------------------- */

/* A program has connected to "control". */
void call_new(struct owner *o, int fd);
/* Hangs up on all who call. */
void call_close(struct owner *o);
/* The second reply to a connect() that waits. */
void call_answer(struct watch *waiter, int err);

/* ---- owner_interfaces.c ----------------------------------------------- */

/* Rows of interfaces and addresses, from row @first on, as many as fit. */
void interfaces_tell(struct net *net, int first, struct shim_reply *reply);

/* ---- owner_admin.c, owner_ip.c ---------------------------------------- */

/* A tool has connected to "admin". */
void admin_new(struct owner *o, int fd);
/* Ends captures that have what they want; frees who has gone; and at the end all. */
void admin_work(struct owner *o);
void admin_bury(struct owner *o);
void admin_close(struct owner *o);
/* "OBJECT COMMAND ...", as inet-ip(1). 0, an errno, or -1: the stack has a sentence. */
int admin_ip(struct net *net, char *words, bool may_change, FILE *out);

/* ---- owner_metrics.c -------------------------------------------------- */

/* All that the stack counts as text of Prometheus. 0 or -1. */
int metrics_show(struct net *net, FILE *out);
/* Listens for HTTP at "ADDRESS:PORT" of the stack. 0, or -1 with errno. */
int metrics_listen(struct owner *o, const char *address);
void metrics_work(struct owner *o);
void metrics_close(struct owner *o);

#endif /* TOOLS_OWNER_H */
