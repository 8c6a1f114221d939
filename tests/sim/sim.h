/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The simulator: two stacks on a virtual clock, a cable that harms frames,
 * applications that talk TCP over it, and a monitor that sees only frames.
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
#include <inet/protocol.h>
#include <inet/skbuff.h>
#include <inet/socket.h>

#define SIM_MAX_CONNS 32
#define SIM_MAX_BYTES 65536u
#define SIM_PORT 7000
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
	F(KNOBS, "knobs") F(BUFFERS, "buffers") F(ARP, "arp") F(MTU, "mtu")

#define SIM_FEATURE_ENUM(name, text) SIM_##name,
enum sim_feature { SIM_FEATURES(SIM_FEATURE_ENUM) SIM_NR_FEATURES };
#undef SIM_FEATURE_ENUM

struct rng {
	u64 state;
};

/* One socket's program: bytes to write, bytes to expect, when to close. */
struct end {
	struct conn *conn;
	struct socket *sock;
	u32 key;		/* of the bytes that this end writes */
	u32 to_send, sent;
	u32 to_recv, rcvd;
	u32 write_chunk, read_chunk;
	u32 burst;		/* calls before the application thinks */
	u64 think_ns;
	u64 wake_ns;		/* UINT64_MAX: only when the socket says so */
	bool lazy;		/* closes only after the peer's FIN */
	bool half;		/* shutdown() before close() */
	bool dirty;		/* the socket said so */
	bool shut, eof, closed;
};

struct conn {
	struct world *w;
	u8 client;		/* the host that connects */
	u16 port;		/* the client's, network order */
	u64 start_ns;
	bool started;
	struct end end[2];	/* client, server */
};

struct host {
	struct world *w;
	struct net *net;
	struct net_device *dev;
	struct socket *listener;
	struct packet_type tap;
	struct rng random;
	u64 allocated;		/* bytes from env->alloc, not given back */
	struct inet_usage base;
	bool dirty;		/* something to accept */
};

struct flow;

struct world {
	u64 seed, now, hash;
	struct rng config, app;
	struct host host[2];
	struct inet_wire *wire;
	struct inet_fault_config healthy[2];
	u32 mtu;
	u64 heal_ns;
	bool healed;
	bool chatty;
	u32 without;		/* faults and habits that are turned off */
	u32 keep;		/* connections that are there, one bit each */
	struct conn conn[SIM_MAX_CONNS];
	unsigned int nr_conns, nr_ends_open;
	struct flow *flows;	/* the monitor's */
	u64 frames, bytes;
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

/* ---- app.c ---- */
void app_draw(struct world *w);
int app_listen(struct host *h);
/* Does all that is due now. Return: when it is to be called again. */
u64 app_step(struct world *w);
void app_close_all(struct world *w);
/* Prints the ends that are open. */
void app_show(const struct world *w);
bool app_done(const struct world *w);
u8 app_byte(u32 key, u32 pos);

/* ---- monitor.c ---- */
/* A frame leaves host @h (@sent) or has arrived there. */
void monitor_frame(struct world *w, int h, bool sent, const u8 *p, u32 len);
void monitor_free(struct world *w);

#endif
