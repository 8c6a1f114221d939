/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The faults of one direction of a link, decided frame by frame.
 *
 * Randomness is counted, not streamed: the number drawn for fault kind k of
 * frame i is a mix of (seed, k, i). A fault that is switched off, vetoed or
 * never drawn moves no other one.
 */
#include "lib/fault.h"

#include <errno.h>
#include <string.h>

#include "lib/checksum.h"

#define PPM 1000000u
#define NS_PER_SEC 1000000000ull
#define REORDER_DEFAULT_NS 1000000ull

#define ETH_HEADER 14u
#define ETHERTYPE_OFFSET 12u
#define IPV4_MIN_FRAME (ETH_HEADER + 20u)
/* Behind every header with a checksum that we send: 14 + 20 + 20 + 12. */
#define HIDDEN_OFFSET 66u
#define HIDDEN_TRIES 8

/* The finaliser of SplitMix64. */
static u64 mix64(u64 x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ull;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

/* The random number of fault @kind for frame @index; @n: the n-th of it. */
static u64 draw(const struct fault_state *f, enum fault_kind kind, u64 index,
		u32 n)
{
	u64 x = f->key[kind] + index * 0x9e3779b97f4a7c15ull;

	x = mix64(x);
	return n ? mix64(x + n * 0xd1342543de82ef95ull) : x;
}

/* 0 .. ceil - 1 from the upper half of a random number; ceil < 2^32. */
static u32 below(u64 random, u64 ceil)
{
	return (u32)(((random >> 32) * ceil) >> 32);
}

/* 0 .. span, for any span up to INET_FAULT_MAX_NS. */
static u64 span_ns(u64 random, u64 span)
{
	return random % (span + 1);
}

/* Whether fault @kind happens to frame @index with probability @ppm. */
static bool happens(const struct fault_state *f, enum fault_kind kind,
		    u64 index, u32 ppm)
{
	if (ppm == 0 || below(draw(f, kind, index, 0), PPM) >= ppm)
		return false;
	return !f->veto || !f->veto(f->veto_arg, index, kind);
}

/* One row for each member with a limit. */
struct fault_problem fault_config_problem(const struct inet_fault_config *c)
{
	const struct fault_problem ranges[] = {
		{ "queue_bytes", c->queue_bytes, 0x7fffffff },
		{ "mark_bytes", c->mark_bytes, 0x7fffffff },
		{ "mark_ppm", c->mark_ppm, PPM },
		{ "rate_bps", c->rate_bps, INET_FAULT_MAX_BPS },
		{ "delay_ns", c->delay_ns, INET_FAULT_MAX_NS },
		{ "jitter_ns", c->jitter_ns, INET_FAULT_MAX_NS },
		{ "reorder_ppm", c->reorder_ppm, PPM },
		{ "reorder_ns", c->reorder_ns, INET_FAULT_MAX_NS },
		{ "reorder_least_ns", c->reorder_least_ns,
		  c->reorder_ns ? c->reorder_ns : REORDER_DEFAULT_NS },
		{ "loss_ppm", c->loss_ppm, PPM },
		{ "burst_enter_ppm", c->burst_enter_ppm, PPM },
		{ "burst_leave_ppm", c->burst_leave_ppm, PPM },
		{ "burst_loss_ppm", c->burst_loss_ppm, PPM },
		{ "corrupt_ppm", c->corrupt_ppm, PPM },
		{ "corrupt_hidden_ppm", c->corrupt_hidden_ppm, PPM },
		{ "truncate_ppm", c->truncate_ppm, PPM },
		{ "pad_ppm", c->pad_ppm, PPM },
		{ "dup_ppm", c->dup_ppm, PPM },
		{ "dup_max", c->dup_max, INET_FAULT_MAX_COPIES - 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (ranges[i].value > ranges[i].max)
			return ranges[i];
	return (struct fault_problem){ 0 };
}

/* The seed, and what only refines another member, do not count. */
bool fault_config_none(const struct inet_fault_config *c)
{
	return !(c->rate_bps | c->mtu | c->delay_ns | c->jitter_ns |
		 c->reorder_ppm | c->loss_ppm | c->loss_every |
		 c->burst_enter_ppm | c->corrupt_ppm | c->corrupt_hidden_ppm |
		 c->truncate_ppm | c->pad_ppm | c->dup_ppm | c->mark_ppm) &&
	       !c->partition;
}

/* How long @bytes take; 0 of them, or no rate: for ever. */
static u64 bytes_ns(const struct inet_fault_config *c, u32 bytes)
{
	return c->rate_bps && bytes ?
		       (u64)bytes * 8 * NS_PER_SEC / c->rate_bps : U64_MAX;
}

/* Fills in the defaults of a description that is in range. */
static void adopt(struct fault_state *f, const struct inet_fault_config *c)
{
	u64 seed = f->config.seed;

	f->config = *c;
	f->config.seed = seed;
	if (c->burst_loss_ppm == 0)
		f->config.burst_loss_ppm = PPM;
	if (c->reorder_ns == 0)
		f->config.reorder_ns = REORDER_DEFAULT_NS;
	if (c->reorder_least_ns == 0)
		f->config.reorder_least_ns = 1;
	if (c->dup_max == 0)
		f->config.dup_max = 1;
	if (c->burst_enter_ppm == 0)
		f->bad = false;
	f->queue_ns = bytes_ns(c, c->queue_bytes);
	f->mark_ns = bytes_ns(c, c->mark_bytes);
}

/* Each kind of fault gets a key of its own. */
int fault_init(struct fault_state *f, const struct inet_fault_config *c)
{
	if (fault_config_problem(c).name)
		return -EINVAL;
	*f = (struct fault_state){ .config.seed = c->seed };
	for (u32 kind = 0; kind < NR_FAULT_KINDS; kind++)
		f->key[kind] = mix64(mix64(c->seed + 0x9e3779b97f4a7c15ull) +
				     (kind + 1) * 0xff51afd7ed558ccdull);
	adopt(f, c);
	return 0;
}

/* Nothing but the description changes. */
int fault_change(struct fault_state *f, const struct inet_fault_config *c)
{
	if (fault_config_problem(c).name)
		return -EINVAL;
	adopt(f, c);
	return 0;
}

/* Whether the queue takes the frame; *leaves_ns: when it is on the wire. */
static bool queue_takes(struct fault_state *f, u64 now_ns, u32 len,
			u64 *leaves_ns)
{
	u64 rate = f->config.rate_bps;

	*leaves_ns = now_ns;
	if (!rate)
		return true;
	if (f->busy_until_ns < now_ns)
		f->busy_until_ns = now_ns;
	if (f->busy_until_ns - now_ns > f->queue_ns)
		return false;
	f->busy_until_ns += (u64)len * 8 * NS_PER_SEC / rate;
	*leaves_ns = f->busy_until_ns;
	return true;
}

/* Whether the medium loses frame @i. */
static bool medium_loses(struct fault_state *f, u64 i)
{
	const struct inet_fault_config *c = &f->config;

	if (c->burst_enter_ppm &&
	    happens(f, FAULT_BURST_STATE, i,
		    f->bad ? c->burst_leave_ppm : c->burst_enter_ppm))
		f->bad = !f->bad;
	if (f->bad && happens(f, FAULT_BURST_LOSS, i, c->burst_loss_ppm)) {
		f->counters.lost_burst++;
		return true;
	}
	if ((c->loss_every && (i + 1) % c->loss_every == 0) ||
	    happens(f, FAULT_LOSS, i, c->loss_ppm)) {
		f->counters.lost++;
		return true;
	}
	return false;
}

/* Whether the frame is lost; else *leaves_ns is when it is on the wire. */
static bool frame_is_lost(struct fault_state *f, u64 now_ns, u32 len,
			  u64 *leaves_ns)
{
	const struct inet_fault_config *c = &f->config;
	u64 i = f->index - 1;

	if (c->partition) {
		f->counters.lost_partition++;
		return true;
	}
	if (c->mtu && len > ETH_HEADER && len - ETH_HEADER > c->mtu) {
		f->counters.lost_mtu++;
		return true;
	}
	if (!queue_takes(f, now_ns, len, leaves_ns)) {
		f->counters.lost_queue++;
		return true;
	}
	return medium_loses(f, i);
}

/* When a frame that is on the wire at @leaves_ns arrives. */
static u64 arrival(struct fault_state *f, u64 leaves_ns, u64 i)
{
	const struct inet_fault_config *c = &f->config;
	u64 due = leaves_ns + c->delay_ns;

	if (c->jitter_ns)
		due += span_ns(draw(f, FAULT_JITTER, i, 0), c->jitter_ns);
	if (due < f->last_due_ns)
		due = f->last_due_ns;
	if (happens(f, FAULT_REORDER, i, c->reorder_ppm)) {
		f->counters.reordered++;
		return due + c->reorder_least_ns +
		       span_ns(draw(f, FAULT_REORDER, i, 1),
			       c->reorder_ns - c->reorder_least_ns);
	}
	f->last_due_ns = due;
	return due;
}

/* Draws for each kind that is on, whatever the others say. */
void fault_decide(struct fault_state *f, u64 now_ns, u32 len,
		  struct fault_verdict *v)
{
	const struct inet_fault_config *c = &f->config;
	u64 i = f->index++;
	bool crowded = f->busy_until_ns > now_ns &&
		       f->busy_until_ns - now_ns > f->mark_ns;
	u64 leaves_ns;

	v->nr_copies = 0;
	v->damage = 0;
	v->index = i;
	f->counters.frames++;
	f->counters.bytes += len;
	if (frame_is_lost(f, now_ns, len, &leaves_ns))
		return;
	v->nr_copies = 1;
	v->due_ns[0] = arrival(f, leaves_ns, i);
	if (happens(f, FAULT_DUP, i, c->dup_ppm)) {
		u32 extra = 1 + below(draw(f, FAULT_DUP, i, 1), c->dup_max);

		for (u32 n = 0; n < extra; n++)
			v->due_ns[v->nr_copies++] = v->due_ns[0];
		f->counters.duplicated += extra;
	}
	f->counters.passed += v->nr_copies;
	if (crowded || happens(f, FAULT_MARK, i, c->mark_ppm))
		v->damage |= BIT(FAULT_MARK);
	if (happens(f, FAULT_CORRUPT, i, c->corrupt_ppm))
		v->damage |= BIT(FAULT_CORRUPT);
	if (happens(f, FAULT_CORRUPT_HIDDEN, i, c->corrupt_hidden_ppm))
		v->damage |= BIT(FAULT_CORRUPT_HIDDEN);
	if (happens(f, FAULT_TRUNCATE, i, c->truncate_ppm))
		v->damage |= BIT(FAULT_TRUNCATE);
	if (happens(f, FAULT_PAD, i, c->pad_ppm))
		v->damage |= BIT(FAULT_PAD);
}

static bool is_ipv4(const u8 *frame, u32 len)
{
	return len >= IPV4_MIN_FRAME && frame[ETHERTYPE_OFFSET] == 0x08 &&
	       frame[ETHERTYPE_OFFSET + 1] == 0x00;
}

/* Bytes of frame that its IP header claims, Ethernet padding left out. */
static u32 ipv4_end(const u8 *frame, u32 len)
{
	u32 total = (u32)frame[ETH_HEADER + 2] << 8 | frame[ETH_HEADER + 3];

	return min(len, ETH_HEADER + total);
}

/*
 * Flips one to three bits behind the Ethernet header. No two have the same
 * place in their 16-bit word, so that no ones-complement sum over them can
 * come out even: the difference is a sum of up to three different powers of
 * two below 2^16, which is no multiple of 2^16 - 1.
 */
static void flip_bits(struct fault_state *f, u64 index, u8 *frame, u32 len)
{
	u64 random = draw(f, FAULT_CORRUPT, index, 1);
	u32 words = (ipv4_end(frame, len) - ETH_HEADER) / 2;
	u32 nr = 1 + (u32)(random & 0xff) % 3;
	u32 first_bit = (u32)(random >> 8) & 15;

	if (words == 0)
		return;
	for (u32 n = 0; n < nr; n++) {
		u32 word = below(draw(f, FAULT_CORRUPT, index, 2 + n), words);
		u32 bit = (first_bit + 5 * n) & 15;

		frame[ETH_HEADER + word * 2 + bit / 8] ^= 1u << (bit % 8);
	}
	f->counters.corrupted++;
}

/*
 * Flips the same bit of two 16-bit words that differ in it: their sum stays.
 * Does nothing where no such pair is found in a few tries.
 */
static void flip_hidden(struct fault_state *f, u64 index, u8 *frame, u32 len)
{
	u32 end = ipv4_end(frame, len);
	u32 words = end > HIDDEN_OFFSET ? (end - HIDDEN_OFFSET) / 2 : 0;

	for (u32 n = 0; words >= 2 && n < HIDDEN_TRIES; n++) {
		u64 random = draw(f, FAULT_CORRUPT_HIDDEN, index, 1 + n);
		u32 a = HIDDEN_OFFSET + 2 * below(random, words);
		u32 b = HIDDEN_OFFSET + 2 * below(random << 32, words);
		u32 byte = random & 1;
		u8 differ = frame[a + byte] ^ frame[b + byte];

		if (!differ)
			continue;
		differ &= (u8)-differ;
		frame[a + byte] ^= differ;
		frame[b + byte] ^= differ;
		f->counters.corrupted_hidden++;
		return;
	}
}

/* Says CE where the sender said ECT (RFC 3168 5), and mends the sum. */
static void mark_ce(struct fault_state *f, u8 *frame)
{
	u8 *ip = frame + ETH_HEADER;	/* wherever the frame may lie */
	__be16 was, now;
	__sum16 check;

	if (!(ip[1] & 3) || (ip[1] & 3) == 3)
		return;
	memcpy(&was, ip, sizeof(was));
	ip[1] |= 3;
	memcpy(&now, ip, sizeof(now));
	memcpy(&check, ip + 10, sizeof(check));
	csum_replace2(&check, was, now);
	memcpy(ip + 10, &check, sizeof(check));
	f->counters.marked++;
}

/* Flips come before cutting: they need the whole headers. */
u32 fault_damage(struct fault_state *f, const struct fault_verdict *v,
		 u8 *frame, u32 len)
{
	u64 i = v->index;

	if (v->damage & BIT(FAULT_MARK) && is_ipv4(frame, len))
		mark_ce(f, frame);
	if (v->damage & BIT(FAULT_CORRUPT) && is_ipv4(frame, len))
		flip_bits(f, i, frame, len);
	if (v->damage & BIT(FAULT_CORRUPT_HIDDEN) && is_ipv4(frame, len))
		flip_hidden(f, i, frame, len);
	if (v->damage & BIT(FAULT_TRUNCATE) && len > 0) {
		len = below(draw(f, FAULT_TRUNCATE, i, 1), len);
		f->counters.truncated++;
	}
	if (v->damage & BIT(FAULT_PAD)) {
		u64 random = draw(f, FAULT_PAD, i, 1);
		u32 pad = 1 + below(random, INET_FAULT_MAX_PAD);

		memset(frame + len, (int)(random & 0xff), pad);
		len += pad;
		f->counters.padded++;
	}
	return len;
}
