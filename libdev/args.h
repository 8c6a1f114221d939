/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arguments of drivers: "tap0,mtu=1500,mac=02:00:00:00:00:01". The first may
 * stand without a key. Each driver has a table of its keys; a value lands in
 * the member of a structure that the row names.
 */
#ifndef LIBDEV_ARGS_H
#define LIBDEV_ARGS_H

#include <inet/fault.h>
#include <inet/types.h>

#define ARGS_MAX 512		/* length of one string of arguments */

enum arg_kind {
	ARG_STRING,	/* char[size], fits with its final zero */
	ARG_U32,	/* u32: 1500, 64k, 1M: powers of 1024 */
	ARG_TIME,	/* u64 ns: 20ms, 1.5s, 10us, 100ns */
	ARG_RATE,	/* u64 bit/s: 200mbit, 1.5gbit, 9600bit */
	ARG_PPM,	/* u32 millionths: 2%, 0.1%, 150ppm */
	ARG_U64,	/* u64: a seed, 0x allowed */
	ARG_MAC,	/* u8[6] */
	ARG_FLAG,	/* bool: alone it is true; =0, =1 */
};

struct arg_row {
	const char *key;	/* "mtu"; "" is the one without a key */
	enum arg_kind kind;
	u32 offset;		/* of the member */
	u32 size;		/* of the member */
	u64 lo, hi;		/* numbers: allowed, both included */
};

#define ARG_ROW(k, type, member, knd, low, high)			\
	{ .key = (k), .kind = ARG_##knd,				\
	  .offset = offsetof(type, member),				\
	  .size = sizeof(((type *)0)->member), .lo = (low), .hi = (high) }

struct args_spec {
	const char *driver;	/* for sentences */
	const char *usage;
	const struct arg_row *rows;
	u32 nr_rows;
};

/*
 * Reads @text into the structure @out, which holds the defaults.
 * @why: gets the sentence when something is wrong, @size bytes
 * Return: 0, -EINVAL.
 */
int args_parse(const struct args_spec *spec, const char *text, void *out,
	       char *why, size_t size);

/* Rows for the member @m, a struct inet_fault_config, of @type. */
#define FAULT_ARG_ROWS(type, m)						\
	ARG_ROW("seed", type, m.seed, U64, 0, UINT64_MAX),		\
	ARG_ROW("rate", type, m.rate_bps, RATE, 1,			\
		INET_FAULT_MAX_BPS),					\
	ARG_ROW("queue", type, m.queue_bytes, U32, 1, 0x7fffffff),	\
	ARG_ROW("mark-queue", type, m.mark_bytes, U32, 1, 0x7fffffff),	\
	ARG_ROW("mark", type, m.mark_ppm, PPM, 0, 1000000),		\
	ARG_ROW("blackhole", type, m.mtu, U32, 1, 65535),		\
	ARG_ROW("delay", type, m.delay_ns, TIME, 0, INET_FAULT_MAX_NS), \
	ARG_ROW("jitter", type, m.jitter_ns, TIME, 0, INET_FAULT_MAX_NS), \
	ARG_ROW("reorder", type, m.reorder_ppm, PPM, 0, 1000000),	\
	ARG_ROW("reorder-late", type, m.reorder_ns, TIME, 1,		\
		INET_FAULT_MAX_NS),					\
	ARG_ROW("reorder-least", type, m.reorder_least_ns, TIME, 1,	\
		INET_FAULT_MAX_NS),					\
	ARG_ROW("loss", type, m.loss_ppm, PPM, 0, 1000000),		\
	ARG_ROW("loss-every", type, m.loss_every, U32, 1, UINT32_MAX),	\
	ARG_ROW("burst-enter", type, m.burst_enter_ppm, PPM, 0, 1000000), \
	ARG_ROW("burst-leave", type, m.burst_leave_ppm, PPM, 0, 1000000), \
	ARG_ROW("burst-loss", type, m.burst_loss_ppm, PPM, 0, 1000000),	\
	ARG_ROW("partition", type, m.partition, FLAG, 0, 1),		\
	ARG_ROW("corrupt", type, m.corrupt_ppm, PPM, 0, 1000000),	\
	ARG_ROW("corrupt-hidden", type, m.corrupt_hidden_ppm, PPM, 0,	\
		1000000),						\
	ARG_ROW("truncate", type, m.truncate_ppm, PPM, 0, 1000000),	\
	ARG_ROW("pad", type, m.pad_ppm, PPM, 0, 1000000),		\
	ARG_ROW("dup", type, m.dup_ppm, PPM, 0, 1000000),		\
	ARG_ROW("dup-max", type, m.dup_max, U32, 1,			\
		INET_FAULT_MAX_COPIES - 1)

#define FAULT_ARGS_USAGE						\
	"[,seed=N][,rate=RATE][,queue=BYTES][,mark-queue=BYTES]"	\
	"[,mark=P][,blackhole=MTU]"					\
	"[,delay=TIME][,jitter=TIME][,reorder=P][,reorder-late=TIME]"	\
	"[,reorder-least=TIME][,loss=P][,loss-every=N][,burst-enter=P]"	\
	"[,burst-leave=P][,burst-loss=P][,partition][,corrupt=P][,corrupt-hidden=P]"	\
	"[,truncate=P][,pad=P][,dup=P][,dup-max=N]"

#endif /* LIBDEV_ARGS_H */
