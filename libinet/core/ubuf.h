/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets over memory of the application (MSG_ZEROCOPY): a frame may be some of
 * its bytes instead of a piece of the pool.
 *
 * Such a frame has no room before or behind it and is never written. It counts
 * as a reference to the struct ubuf_info of the call that lent it; with the last
 * one the memory is the application's again. So whoever holds a packet for
 * somebody else's time, a tap or a receiver of this host, copies it first:
 * skb_orphan_frags().
 */
#ifndef CORE_UBUF_H
#define CORE_UBUF_H

#include "core/skbuff.h"

/* The memory of one call. */
struct ubuf_info {
	u32 refcnt;		/* atomic: its frames, and who made it */
	bool lent;		/* a frame was made */
	bool copied;		/* atomic: somebody had to copy after all */
	void (*complete)(struct ubuf_info *ubuf);	/* the last is gone */
};

static inline bool frame_is_ubuf(const struct skb_shared_info *frame)
{
	return frame->heap == FRAME_UBUF;
}

static inline void ubuf_init(struct ubuf_info *ubuf,
			     void (*complete)(struct ubuf_info *ubuf))
{
	*ubuf = (struct ubuf_info){ .refcnt = 1, .complete = complete };
}

static inline void ubuf_put(struct ubuf_info *ubuf)
{
	if (!__atomic_sub_fetch(&ubuf->refcnt, 1, __ATOMIC_ACQ_REL))
		ubuf->complete(ubuf);
}

/* A frame of @len bytes at @p, with dataref 1. NULL: memory is short. */
struct skb_shared_info *frame_over_ubuf(struct net *net, struct ubuf_info *ubuf,
					void *p, u32 len);
/* The last reference to such a frame is gone. */
void frame_free_ubuf(struct skb_shared_info *frame);

/* Copies what @skb, which has fragments, shows of the application's memory. */
int __skb_orphan_frags(struct sk_buff *skb);

/* @skb is about to be held for long: it becomes independent of the memory of
 * who sent it. 0 or -ENOMEM. */
static inline int skb_orphan_frags(struct sk_buff *skb)
{
	return unlikely(skb_is_nonlinear(skb)) ? __skb_orphan_frags(skb) : 0;
}

#endif /* CORE_UBUF_H */
