/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a bad link does to frames: one description for the wire device, the
 * simulator and the relay of the tests.
 *
 * A link is, in this order: a queue that drains at a rate, a medium that
 * loses, damages and duplicates, and a distance. Whether a frame suffers is
 * decided by the seed, the kind of fault and the number of the frame alone,
 * so that a run repeats, and switching one fault off leaves the others where
 * they were.
 */
#ifndef INET_FAULT_H
#define INET_FAULT_H

#include <inet/export.h>
#include <inet/types.h>

INET_BEGIN_DECLS

#define INET_FAULT_MAX_COPIES 11	/* a frame and ten duplicates */
#define INET_FAULT_MAX_PAD 64		/* bytes that padding may add */
#define INET_FAULT_MAX_BPS 1000000000000000ull	/* a petabit per second */
#define INET_FAULT_MAX_NS 1000000000000000000ull /* 31 years */

/* One direction of a link. Zero means "no such fault" for every member; _ppm
 * is a probability in millionths, 0 .. 1000000. */
struct inet_fault_config {
	u64 seed;

	/* the queue and its rate */
	u64 rate_bps;		/* bits per second; 0: no limit */
	u32 queue_bytes;	/* waiting for the wire, the next is dropped;
				 * below 2^31; has no meaning without a rate */
	u32 mark_bytes;		/* waiting: an IPv4 packet that finds more, and may
				 * be, is marked (RFC 3168); 0: none; needs a rate */
	u32 mark_ppm;		/* marked whatever waits */
	u32 mtu;		/* frames with more than this after their
				 * Ethernet header vanish: a black hole */

	/* the distance */
	u64 delay_ns;
	u64 jitter_ns;		/* 0 .. jitter_ns more; keeps the order */
	u32 reorder_ppm;	/* a frame is overtaken: it comes ... */
	u64 reorder_ns;		/* ... at most so late; 0: 1 ms */
	u64 reorder_least_ns;	/* ... and at least so late; 0: 1 ns */

	/* losses */
	u32 loss_ppm;		/* each frame for itself */
	u32 loss_every;		/* every n-th frame */
	u32 burst_enter_ppm;	/* Gilbert: a frame finds the link turned bad */
	u32 burst_leave_ppm;	/* ... or good again */
	u32 burst_loss_ppm;	/* lost while it is bad; 0: all */
	bool partition;		/* nothing passes */

	/* damage */
	u32 corrupt_ppm;	/* an IPv4 frame with 1 .. 3 bits flipped such
				 * that one of its checksums is wrong */
	u32 corrupt_hidden_ppm;	/* two bits of its payload flipped such that
				 * every Internet checksum still fits */
	u32 truncate_ppm;	/* cut anywhere */
	u32 pad_ppm;		/* 1 .. 64 bytes of rubbish at the end */

	/* copies */
	u32 dup_ppm;
	u32 dup_max;		/* 1 .. dup_max extra copies, up to 10; 0: 1 */
};

/* What one direction of a link has done since it was made. */
struct inet_fault_counters {
	u64 frames, bytes;	/* offered */
	u64 passed;		/* copies that go on, duplicates included */
	u64 lost;		/* loss_ppm and loss_every */
	u64 lost_burst;
	u64 lost_partition;
	u64 lost_mtu;
	u64 lost_queue;
	u64 marked;
	u64 duplicated;		/* extra copies */
	u64 reordered;
	u64 corrupted;
	u64 corrupted_hidden;
	u64 truncated;
	u64 padded;
};

INET_END_DECLS

#endif /* INET_FAULT_H */
