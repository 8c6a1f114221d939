/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets over memory of the application: see ubuf.h. */
#include "core/ubuf.h"

#include <errno.h>

#include "core/net.h"
#include "lib/mem.h"

struct skb_shared_info *frame_over_ubuf(struct net *net, struct ubuf_info *ubuf,
					void *p, u32 len)
{
	struct skb_shared_info *frame = kmem_cache_zalloc(net->ubuf_slab);

	if (!frame)
		return NULL;
	frame->dataref = 1;
	frame->size = len;
	frame->frame = p;
	frame->net = net;
	frame->heap = FRAME_UBUF;
	frame->ubuf = ubuf;
	ubuf->lent = true;
	__atomic_fetch_add(&ubuf->refcnt, 1, __ATOMIC_RELAXED);
	return frame;
}

void frame_free_ubuf(struct skb_shared_info *frame)
{
	struct ubuf_info *ubuf = frame->ubuf;

	kmem_cache_free(frame->net->ubuf_slab, frame);
	ubuf_put(ubuf);
}

int __skb_orphan_frags(struct sk_buff *skb)
{
	const struct skb_shared_info *si = skb->shinfo;
	bool found = false;
	u32 i;

	for (i = 0; i < si->nr_frags; i++) {
		if (!frame_is_ubuf(si->frags[i].frame))
			continue;
		found = true;
		__atomic_store_n(&si->frags[i].frame->ubuf->copied, true,
				 __ATOMIC_RELAXED);
	}
	return found ? skb_linearize(skb) : 0;
}
