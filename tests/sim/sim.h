/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The simulator: stacks on a virtual clock, cables that harm frames, a router
 * between them or none, applications that talk TCP and UDP, somebody who forges
 * frames, and a monitor that sees only frames and calls.
 *
 * A world is drawn from one seed and is nothing but a function of it. The
 * clock jumps from event to event; every random stream has a purpose of its
 * own, so that one more draw in the application leaves the faults alone.
 */
#ifndef SIM_H
#define SIM_H

#include <stdio.h>

#include <inet/control.h>
#include <inet/inet.h>
#include <inet/netdev.h>
#include <inet/netfilter.h>
#include <inet/protocol.h>
#include <inet/skbuff.h>
#include <inet/socket.h>

#include "core/snmp.h"
#include "lib/points.h"

#define SIM_MAX_CONNS 32
#define SIM_MAX_BYTES 65536u
#define SIM_PORT 7000		/* TCP; hosts that open at once have others */
#define SIM_UDP_PORT 7001
#define SIM_REUSED_PORT 9000	/* and 9001: of many connections */
#define SIM_CLOSED_PORT 7002	/* nobody listens there */
#define SIM_MAX_HOSTS 4		/* and one router */
#define SIM_MAX_EVENTS 10
#define SIM_MAX_SOFTNETS 4
#define SIM_STEERED 256		/* flows whose order a host remembers */
#define SIM_MAX_MESSAGES 48
#define SIM_ADDR(h) (0x0a000001u + ((u32)(h) << 8))
#define SIM_FORGED_TOS 0xc4	/* on frames that no host has sent */
#define SIM_MS 1000000ull
#define SIM_S 1000000000ull

/*
 * What a seed may draw and -x turns off again, one by one, so that a world
 * that fails can be made as dull as it may be.
 */
#define SIM_FEATURES(F) \
	F(LOSS, "loss") F(BURST, "burst") F(REORDER, "reorder") \
	F(DUP, "dup") F(CORRUPT, "corrupt") F(TRUNCATE, "truncate") \
	F(PAD, "pad") F(JITTER, "jitter") F(DELAY, "delay") F(RATE, "rate") \
	F(KNOBS, "knobs") F(BUFFERS, "buffers") F(ARP, "arp") F(MTU, "mtu") \
	F(ROUTER, "router") F(PARTITION, "partition") F(CARRIER, "carrier") \
	F(PAUSE, "pause") F(ALLOC, "alloc") F(FORGE, "forge") F(UDP, "udp") \
	F(URGENT, "urgent") F(ABORT, "abort") F(LINGER, "linger") \
	F(CROSSING, "crossing") F(STALL, "stall") F(BUGGIFY, "buggify") \
	F(BACKLOG, "backlog") F(RING, "ring") F(POOR, "poor") F(DEATH, "death") \
	F(DOOMED, "doomed") F(REUSE, "reuse") F(PMTU, "pmtu") F(ODD, "odd") \
	F(ADDRESS, "address") F(TICK, "tick") F(STRANGE, "strange") \
	F(GRO, "gro") F(RPS, "rps") F(TSO, "tso")

#define SIM_FEATURE_ENUM(name, text) SIM_##name,
enum sim_feature { SIM_FEATURES(SIM_FEATURE_ENUM) SIM_NR_FEATURES };
#undef SIM_FEATURE_ENUM

/* What the monitor judges; from ARP on of hosts, before it of connections. */
#define SIM_RULES(R) \
	R(STATES, "states") R(END, "end") R(LISTINGS, "listings") \
	R(LISTENERS, "listeners") R(TIME_WAIT, "time-wait") R(CALLS, "calls") \
	R(SENDER, "sender") R(WINDOW, "window") R(PATH_MTU, "path-mtu") \
	R(RECEIVER, "receiver") R(SACK, "sack") R(NEWEST, "newest-sack") \
	R(TIMERS, "timers") R(BACKOFF, "backoff") R(ANSWERS, "answers") \
	R(BARE, "bare-acks") R(CONGESTION, "congestion") \
	R(REDUCTION, "reduction") R(OPTIONS, "options") R(ECN, "ecn") \
	R(RESETS, "resets") R(CHALLENGES, "challenges") R(ARP, "arp") \
	R(ICMP, "icmp") R(UDP, "udp") R(FRAMES, "frames")

#define SIM_RULE_ENUM(name, text) RULE_##name,
enum sim_rule { SIM_RULES(SIM_RULE_ENUM) SIM_NR_RULES };
#undef SIM_RULE_ENUM

/* Why a host, or a connection, is let off some of them (monitor_rules.c). */
enum sim_why {
	WHY_FORGETS,	/* what has come may be gone: no memory, no room, no address */
	WHY_UNSEEN,	/* what leaves may be lost before a cable takes it */
	WHY_LATE,	/* what leaves has waited in a queue of the host */
	WHY_UNPLUGGED,	/* its cable was out for a while: the same */
	WHY_SLOW,	/* it was paused */
	WHY_FORGOTTEN,	/* neighbours are dropped, and asked anew */
	WHY_POOR,	/* memory for a few packets */
	WHY_FULL,	/* no room for TIME-WAIT */
	WHY_TIGHT,	/* a small receive buffer: what waits may be dropped */
	WHY_FORGED,	/* somebody else has spoken in this connection */
	WHY_STRANGE,	/* ... of anything, to the host */
	WHY_MOVED,	/* its address was away */
	WHY_REUSED,	/* ports whose late segments nobody can tell */
	WHY_CONTROL,	/* a congestion control without a window that falls */
};

/* How often a rule was applied, and how often not; on how many sides of connections
 * there was a reason to, and on how many of them always. */
struct tally {
	u64 made, excused, sides, whole;
};

/* How a world is run once more: the same, or with something the other way: GRO,
 * RPS or TSO on where it was off and off where it was on, one softnet where there
 * were several and several where there was one. */
enum sim_other { SAME, OTHER_GRO, OTHER_RPS, OTHER_TSO, OTHER_SOFTNETS, NR_OTHERS };

struct rng {
	u64 state;
};

/* What the congestion control of a host promises of its window. */
enum sim_control { CONTROL_CUBIC, CONTROL_RENO, CONTROL_BBR };

/* One socket's program: bytes to write, bytes to expect, when to close. */
struct end {
	struct conn *conn;
	struct socket *sock;
	u8 host;
	u16 port;		/* network order; 0: not known yet */
	u32 first_ack;		/* that came to it, in an odd world */
	u32 key;		/* of the bytes that this end writes */
	u32 to_send, sent;
	u32 to_recv, rcvd;
	u32 write_chunk, read_chunk;
	u32 burst;		/* calls before the application thinks */
	u64 think_ns;
	u64 wake_ns;		/* UINT64_MAX: only when the socket says so */
	u32 stall_at;		/* reads nothing for stall_ns after so much */
	u64 stall_ns, stall_until;
	u32 abort_at;		/* gives up after so many bytes; 0: never */
	bool abort_rst;		/* ... with a RST at once (SO_LINGER 0) */
	bool tight;		/* its receive buffer is small */
	u8 urgent;		/* percent of the writes that are urgent */
	bool lazy;		/* closes only after the peer's FIN */
	bool half;		/* shutdown() before close() */
	bool dirty;		/* the socket said so */
	u32 writing;		/* bytes of the send() that runs */
	bool cut;		/* the last one took less than it was given */
	bool ending;		/* shutdown() or close() was called */
	u64 ending_ns;		/* ... first at this moment */
	bool shut, eof, closed;
	bool reset;		/* closed so that nothing but a RST left */
	u64 frames;		/* lent to it by its socket */
	struct sim_lent *lent;	/* by it, to its socket, in nr_lent calls */
	u32 nr_lent;
};

struct conn {
	struct world *w;
	u64 start_ns;
	bool started;
	bool crossing;		/* both ends connect, at the same moment */
	bool doomed;		/* nobody is where it connects to */
	bool reuse;		/* from a port that others have used */
	bool aborted;		/* an end has given up: the other may fail */
	struct end end[2];	/* client, server */
};

/* The other end of its connection. */
static inline struct end *end_peer(const struct end *e)
{
	return &e->conn->end[e == &e->conn->end[0]];
}

struct message {
	u64 at_ns;
	u8 from, to;
	u16 len;
	u8 row;			/* so many leave by one call, this one first;
				 * 0: with one before it */
	u8 seen;		/* how often it was delivered */
	u32 left, arrived;	/* how often its (first) frame was seen */
	bool sent;
};

/* The last packet of a flow that a host went on with. */
struct steered {
	u32 key, mark;
};

struct host {
	struct world *w;
	struct net *net;
	struct net_device *dev;		/* NULL for the router */
	struct socket *listener, *udp;
	struct packet_type tap;
	struct nf_hook_ops rule;
	struct rng random, memory;
	u32 addr, mtu;
	u8 mac[6], neighbour[6];	/* link addresses; 0: ARP finds it */
	bool belated;		/* GRO, RPS: sees what comes together later */
	bool tight;		/* its listener has a small receive buffer */
	bool tail_probes;	/* RFC 8985 7 */
	bool short_arp;		/* few frames wait for a neighbour, others die */
	bool odd;		/* sees odd peers */
	bool unjudged;		/* the monitor does not see all of it */
	u32 excused;		/* rules, one bit each */
	bool unseen, late;	/* WHY_UNSEEN, WHY_LATE */
	u32 rto_min_us;
	u8 control;		/* enum sim_control */
	u32 least_window;	/* in segments, of its congestion control */
	u32 icmp_ratelimit_ms, challenge_limit, rst_limit;	/* 0: none */
	u32 alloc_ppm;		/* allocations that fail */
	u64 allocated;		/* bytes from env->alloc, not given back */
	u64 paused_until;
	u64 tick_ns;		/* its clock stands still in between */
	u64 mail_gap, mail_ns;	/* reads datagrams slowly: not before */
	u64 accept_gap, accept_ns;	/* accepts slowly: not before */
	u32 backlog;		/* of its listener; 0: not known */
	u32 queued;		/* the monitor's: what waits for accept() */
	u64 filled_ns;		/* ... and when that became too many */
	u32 nr_softnets;
	bool steers;
	u64 steer_gap, steer_ns;	/* another map: not before; 0: never */
	struct rng steer;
	struct steered steered[SIM_STEERED];
	struct inet_usage base;
	bool dirty;		/* something to accept */
	bool mail;		/* a datagram has come */
};

/* A fault that comes and goes: on at @at_ns, off at @off_ns. */
struct event {
	u64 at_ns, off_ns;
	enum sim_feature kind;
	u8 which;		/* wire or host */
	u8 direction;		/* of a partition */
	u32 size;		/* of a narrow path */
	bool silent;		/* what is too large for it vanishes */
	bool on;
};

struct link {
	struct inet_wire *wire;
	struct host *at[2];	/* its ends */
	struct inet_fault_config harmed[2], healthy[2];	/* until it is healed, then */
};

struct flow;
struct watch;

/* How often each thing was reached, in all worlds of a batch. */
struct reach {
	u64 points[NR_BUGGIFY], probes[NR_PROBES];
	u64 mib[MIB_MAX], drops[SKB_DROP_REASON_MAX];
	u32 walks[NR_WALKS];	/* the longest */
};

struct world {
	u64 seed, now, hash;
	struct rng config, app, forge, verify, odd;
	bool again;		/* for its trace only */
	enum sim_other other;	/* against what the seed says */
	u32 arrivals;		/* frames that cables have brought */
	/* hosts first, the router, if there is one, behind them */
	struct host host[SIM_MAX_HOSTS + 1];
	unsigned int nr_hosts, nr_stacks;
	struct link link[SIM_MAX_HOSTS];
	unsigned int nr_links;
	struct event event[SIM_MAX_EVENTS];
	unsigned int nr_events;
	struct rng points;
	u32 point_ppm[NR_BUGGIFY];
	u64 forge_ns, forge_gap;	/* the next forged frame; 0: none */
	u64 heal_ns;
	bool healed;
	bool chatty;
	bool dups;		/* a cable duplicates frames */
	bool arp;		/* neighbours are not known from the start */
	bool reuse;		/* some ports are used again */
	bool strange;		/* forged frames of all kinds */
	bool forgetful;		/* a path MTU is not known for long */
	bool fragile;		/* a connection may end for want of memory, or
				 * of a peer: errors are no failures */
	u64 death_ns;		/* a cable breaks for good; 0: never */
	unsigned int dead_link;
	u64 without;		/* faults and habits that are turned off */
	u32 keep;		/* connections that are there, one bit each */
	u64 fail_at, abort_at;	/* frames that do so on purpose; 0: none */
	struct conn conn[SIM_MAX_CONNS];
	unsigned int nr_conns, nr_ends_open;
	struct message message[SIM_MAX_MESSAGES];
	unsigned int nr_messages;
	struct flow *flows;	/* the monitor's */
	struct watch *watch;
	struct tally tally[SIM_NR_RULES];
	u32 nr_listings;
	u64 listing_ns, listing_gap;	/* when the next one is due */
	bool recorded;		/* frames of a file: no calls are known */
	bool blurred;		/* ... of which nobody knows when they arrived */
	u64 slack_ns, late_ns;	/* of its clocks: early, late */
	u64 frames, bytes, forged;
	FILE *pcap;
	char why[256];		/* "" as long as all is well */
};

/* ---- sim.c ---- */
u64 rng_next(struct rng *r);
/* lo .. hi, all alike. */
u64 rng_range(struct rng *r, u64 lo, u64 hi);
/* lo .. hi, each order of magnitude alike. */
u64 rng_log(struct rng *r, u64 lo, u64 hi);
bool rng_chance(struct rng *r, unsigned int percent);
void rng_init(struct rng *r, u64 seed, u64 purpose);
/* True in @percent of the worlds that have @f; @own is a stream of its own,
 * and exactly one number is taken from @r. */
bool sim_draw(struct world *w, struct rng *r, enum sim_feature f,
	      unsigned int percent, struct rng *own);
/* The first failure counts. */
void sim_fail(struct world *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- world.c ---- */
/* Runs @seed. Return: 0, or -1 with w->why. */
int world_run(struct world *w, u64 seed);

/* ---- topology.c ---- */
/* Draws and makes stacks, cables, addresses and routes. 0, or -1. */
int topology_create(struct world *w);
void topology_destroy(struct world *w);

/* Takes away, or gives back, the address and the routes of host @i; @down: with
 * its device. Return: 0, or -1: it had no memory for all of them. */
int host_address(struct world *w, unsigned int i, bool down, bool on);

/* What a cable has taken from @dev. */
void topology_sent(struct world *w, const struct net_device *dev,
		   const struct sk_buff *skb);
/* ... and what it brings. Return: true: it does not. */
bool topology_lost(struct world *w, const struct net_device *dev,
		   struct sk_buff *skb);

/* ---- cut.c ---- */
/* Shows the monitor each frame that @skb, which host @h sends or which reaches it,
 * stands for, as a device would make them; @head octets stand before skb->data. */
void cut_frames(struct host *h, bool sent, const struct sk_buff *skb, u32 head);

/* ---- steer.c ---- */
/* Draws how many softnets @h has, and whether its devices steer. */
void steer_draw(struct world *w, struct host *h);
/* The first map of a device. 0, or -1. */
int steer_device(struct host *h, struct net_device *dev);
/* Changes the maps that are due. Return: when it is to be called again. */
u64 steer_step(struct world *w);
/* Has @h go on with what waits in backlogs: the monitor has seen it arrive. */
void steer_settle(struct host *h);
/* A cable brings @skb ... */
void steer_arrives(struct world *w, const struct net_device *dev,
		   struct sk_buff *skb);
/* ... and @h goes on with it: in the order of its flow? */
void steer_goes_on(struct host *h, const struct sk_buff *skb, const u8 *frame,
		   u32 len);

/* ---- odd.c ---- */
/* Has the hosts see odd peers, if the seed says so. */
void odd_draw(struct world *w);
/* The cable brings @frame to @h, perhaps another one. Return: true: none. */
bool odd_frame(struct host *h, u8 *frame, u32 len);

/* ---- faults.c ---- */
/* Of what host @from sends. */
void faults_draw_link(struct world *w, struct inet_fault_config *f,
		      struct inet_fault_config *healthy, unsigned int from);
void faults_draw_events(struct world *w);
/* Does what is due. Return: when it is to be called again. */
u64 faults_step(struct world *w);
void faults_heal(struct world *w);

/* ---- forge.c ---- */
void forge_draw(struct world *w);
/* Forges what is due. Return: when it is to be called again. */
u64 forge_step(struct world *w);
/* Is it one of the forger's? */
bool forge_is_own(const u8 *frame);

/* ---- app.c ---- */
void app_draw(struct world *w);
int app_listen(struct host *h);
/* Does all that is due now. Return: when it is to be called again. */
u64 app_step(struct world *w);
void app_close_all(struct world *w);
/* The stacks are gone: what the ends lent them. */
void app_free(struct world *w);
/* Prints the ends that are open. */
void app_show(const struct world *w);
bool app_done(const struct world *w);
/* How the connections have ended: what must be the same in every enum sim_other. */
u64 app_outcome(const struct world *w);
u8 app_byte(u32 key, u32 pos);

/* ---- messages.c ---- */
void messages_draw(struct world *w);
int messages_open(struct host *h);
u64 messages_step(struct world *w);

/* ---- points.c ---- */
/* Which points of lib/points.h misbehave, and how often. */
void points_draw(struct world *w);
/* From now on the library's points are of @w; counts go to @reach. */
void points_begin(struct world *w, struct reach *reach);
void points_collect(const struct world *w);
void points_show(const struct reach *r);
/* Prints what was never reached. Return: how much. */
unsigned int points_missing(const struct reach *r);

/* ---- verify.c ---- */
void verify_init(struct world *w);
/* Looks at every stack, between two steps. */
void verify_step(struct world *w);

/* ---- monitor.c ---- */
/* A frame leaves host @h (@sent) or has arrived there. */
void monitor_frame(struct world *w, int h, bool sent, const u8 *p, u32 len);
/* The initial sequence number that @from used towards @to, if it was seen. */
bool monitor_iss(const struct world *w, const struct end *from,
		 const struct end *to, u32 *iss);
/* accept() at @host returns the connection of @port with @peer's. */
void monitor_accept(struct world *w, int host, int peer, u16 port,
		    u16 peer_port);
/* A call of @e failed with @err. */
void monitor_error(struct world *w, const struct end *e, int err);
/* @m was delivered once more. */
void monitor_message(struct world *w, const struct message *m);
/* What inet_socket_show() says of host @h; @text is taken apart. */
void monitor_listing(struct world *w, int h, char *text);
/* Host @h is let off some rules; or every one; or its connections that are there. */
void monitor_excuse(struct world *w, unsigned int h, enum sim_why why);
void monitor_excuse_all(struct world *w, enum sim_why why);
void monitor_excuse_flows(struct world *w, unsigned int h, enum sim_why why);
/* The cable of @h is out: from now on it may ask for addresses, and nobody hears it. */
void monitor_unplugged(struct world *w, unsigned int h);
/* Prints the counts of all rules. */
void monitor_show(const struct tally *t);
/* Nothing is due any more. */
void monitor_end(struct world *w);
void monitor_free(struct world *w);

#endif
