/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets whose data lies in fragments: cutting them at either end without
 * copying a byte, and putting one packet behind another.
 *
 * The array of fragments hangs off the frame, so clones share it. Whoever
 * changes it makes it private first (skb_own_frags()), as skb_cow_head() does
 * for the linear part.
 */
#include <errno.h>
#include <string.h>

#include "core/skbuff.h"
#include "lib/assert.h"

int __skb_own_frags(struct sk_buff *skb)
{
	if (skb->shinfo->frag_list)
		return skb_linearize(skb);
	return skb_cloned(skb) ? pskb_expand_head(skb, 0, 0) : 0;
}

/* Lets go of the fragments from number @from on. */
static void frags_drop_tail(struct skb_shared_info *si, u32 from)
{
	u32 i;

	for (i = from; i < si->nr_frags; i++)
		frame_put(si->frags[i].frame);
	si->nr_frags = (u8)from;
}

int skb_trim_frags(struct sk_buff *skb, u32 len)
{
	u32 headlen, left, i;
	struct skb_shared_info *si;

	if (skb_own_frags(skb))
		return -ENOMEM;
	si = skb->shinfo;
	si->tx_flags &= (u8)~SKBTX_FRAG_CSUM;
	headlen = skb_headlen(skb);
	left = len > headlen ? len - headlen : 0;
	skb->data_len = left;
	skb->len = len;
	if (len < headlen)
		skb->tail = skb_headroom(skb) + len;
	for (i = 0; i < si->nr_frags && left; i++) {
		si->frags[i].len = min(si->frags[i].len, left);
		left -= si->frags[i].len;
	}
	frags_drop_tail(si, i);
	return 0;
}

/* Takes @len bytes off the front of the fragments, which hold more. */
static void frags_eat(struct skb_shared_info *si, u32 len)
{
	u32 i = 0;

	si->tx_flags &= (u8)~SKBTX_FRAG_CSUM;
	while (i < si->nr_frags && si->frags[i].len <= len) {
		len -= si->frags[i].len;
		frame_put(si->frags[i].frame);
		i++;
	}
	si->nr_frags = (u8)(si->nr_frags - i);
	memmove(si->frags, si->frags + i, si->nr_frags * sizeof(*si->frags));
	if (len) {
		si->frags[0].off += len;
		si->frags[0].len -= len;
	}
}

int pskb_pull(struct sk_buff *skb, u32 len)
{
	u32 headlen = skb_headlen(skb);

	inet_assert(len <= skb->len);
	if (likely(len <= headlen)) {
		skb_pull(skb, len);
		return 0;
	}
	if (skb_own_frags(skb))
		return -ENOMEM;
	headlen = skb_headlen(skb);	/* all of it, if there was a list */
	if (len <= headlen) {
		skb_pull(skb, len);
		return 0;
	}
	frags_eat(skb->shinfo, len - headlen);
	skb->data += headlen;
	skb->len -= len;
	skb->data_len = skb->len;
	return 0;
}
