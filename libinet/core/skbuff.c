/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sk_buffs: their life and geometry.
 *
 * Theory of operation. A header comes from the softnet's cache (a LIFO list),
 * behind it the slab of the stack. Its frame comes from the frame pool. The
 * last user of a header frees it; the last header (or fragment) over a frame
 * frees the frame. Headers and frames are separate so that clones are cheap:
 * TCP keeps the original on its queue and sends a clone.
 *
 * Most packets die as the only holder of a frame of the pool. Such a one stays
 * whole in a list of the softnet, header and frame together, and is the next
 * packet that is asked for: its memory is still warm.
 *
 * Everything that writes headers into a packet must own its linear part:
 * skb_cow_head() gives it a private one when a clone may look.
 */
#include "core/skbuff.h"

#include <errno.h>
#include <string.h>

#include "core/dst.h"
#include "core/net.h"
#include "lib/assert.h"
#include "lib/byteorder.h"
#include "lib/checksum.h"
#include "lib/points.h"

#define SKB_CACHE_MAX 1024	/* a window or two of a fast connection */
#define SKB_CACHE_BATCH 256
#define SKB_BULK 64		/* headers to and from the slab at once */
#define SKB_HEAP_ALIGN 256u	/* leaves a little room behind small packets */

static const char *const drop_reason_names[] = {
	"NOT_DROPPED_YET",
#define DROP(name, text) #name,
#include <inet/drop_reason.def>
#undef DROP
};

static_assert(ARRAY_SIZE(drop_reason_names) == SKB_DROP_REASON_MAX,
	      "one name for each drop reason");
static_assert(sizeof(struct sk_buff) <= 256, "a header is four lines at most");
static_assert(sizeof(struct skb_shared_info) == 64, "one line for each frame");

/* ---- life ------------------------------------------------------------- */

int skb_pool_init(struct net *net)
{
	net->skb_slab = kmem_cache_create(&net->mem, "skbuff",
					  sizeof(struct sk_buff), SMP_APART_BYTES);
	net->frags_slab = kmem_cache_create(&net->mem, "skb_frags",
			MAX_SKB_FRAGS * sizeof(struct skb_frag), 16);
	net->ubuf_slab = kmem_cache_create(&net->mem, "ubuf_frames",
			sizeof(struct skb_shared_info), 64);
	return net->skb_slab && net->frags_slab && net->ubuf_slab ? 0 : -ENOMEM;
}

void skb_pool_destroy(struct net *net)
{
	if (net->skb_slab)
		kmem_cache_destroy(net->skb_slab);
	if (net->frags_slab)
		kmem_cache_destroy(net->frags_slab);
	kmem_cache_destroy(net->ubuf_slab);
}

u64 skb_pool_used(struct net *net)
{
	u64 used = kmem_cache_live(net->skb_slab);
	u32 i;

	for (i = 0; i < net->nr_softnets; i++)
		used -= READ_ONCE(net->softnets[i].nr_skb_cache) +
			READ_ONCE(net->softnets[i].nr_skb_whole);
	return used;
}

/* Up to @nr headers of the cache go back to their slab. */
static void skb_cache_drop(struct softnet_data *sd, u32 nr)
{
	void *bulk[SKB_BULK];
	u32 n;

	do {
		for (n = 0; n < nr && n < SKB_BULK && sd->skb_cache; n++) {
			bulk[n] = sd->skb_cache;
			sd->skb_cache = sd->skb_cache->next;
		}
		WRITE_ONCE(sd->nr_skb_cache, sd->nr_skb_cache - n);
		kmem_cache_free_bulk(sd->net->skb_slab, n, bulk);
		nr -= n;
	} while (n == SKB_BULK);
}

/* The cache is empty, or there is none. Where the slab has a lock, and what is
 * freed elsewhere comes back to it, many are taken at once. */
static __noinline struct sk_buff *skb_header_alloc_slow(struct net *net,
							struct softnet_data *sd)
{
	void *bulk[SKB_BULK];
	struct sk_buff *skb;
	u32 i, n;

	n = kmem_cache_alloc_bulk(net->skb_slab, sd && net->smp ? SKB_BULK : 1,
				  bulk);
	for (i = 1; i < n; i++) {
		skb = bulk[i];
		skb->next = sd->skb_cache;
		sd->skb_cache = skb;
	}
	if (n > 1)
		WRITE_ONCE(sd->nr_skb_cache, n - 1);
	return n ? bulk[0] : NULL;
}

/* From the softnet's cache, mostly. */
static inline struct sk_buff *skb_header_alloc(struct net *net,
					       struct softnet_data *sd)
{
	struct sk_buff *skb;

	if (INET_BUGGIFY(NO_MEMORY))
		return NULL;
	if (likely(sd && sd->skb_cache)) {
		skb = sd->skb_cache;
		sd->skb_cache = skb->next;
		WRITE_ONCE(sd->nr_skb_cache, sd->nr_skb_cache - 1);
		return skb;
	}
	return skb_header_alloc_slow(net, sd);
}

/* Into the cache of the softnet, or back to the slab. */
static inline void skb_header_free(struct net *net, struct softnet_data *sd,
				   struct sk_buff *skb)
{
	if (unlikely(!sd)) {
		kmem_cache_free(net->skb_slab, skb);
		return;
	}
	skb->next = sd->skb_cache;
	sd->skb_cache = skb;
	WRITE_ONCE(sd->nr_skb_cache, sd->nr_skb_cache + 1);
	if (unlikely(sd->nr_skb_cache > SKB_CACHE_MAX))
		skb_cache_drop(sd, SKB_CACHE_BATCH);
}

/* Takes up to @nr whole packets apart. */
static __noinline void skb_whole_drop(struct softnet_data *sd, u32 nr)
{
	struct skb_shared_info *si;
	struct sk_buff *skb;

	for (; nr && sd->skb_whole; nr--) {
		skb = sd->skb_whole;
		sd->skb_whole = skb->next;
		WRITE_ONCE(sd->nr_skb_whole, sd->nr_skb_whole - 1);
		si = skb->shinfo;
		skb_header_free(sd->net, sd, skb);
		frame_free(si);
	}
}

void skb_cache_flush(struct softnet_data *sd)
{
	skb_whole_drop(sd, sd->nr_skb_whole);
	skb_cache_drop(sd, sd->nr_skb_cache);
}

/* Zeroes a header, in pieces short enough to become plain stores: one long
 * memset() is a string instruction that takes its time to start. */
static inline void skb_clear(struct sk_buff *skb)
{
	char *p = (char *)skb;

	static_assert(sizeof(*skb) > 128 && sizeof(*skb) <= 256, "four pieces");
	memset(p, 0, 64);
	memset(p + 64, 0, 64);
	memset(p + 128, 0, (sizeof(*skb) - 128) / 2);
	memset(p + 128 + (sizeof(*skb) - 128) / 2, 0,
	       (sizeof(*skb) - 128 + 1) / 2);
}

/* An empty packet: @skb over the whole of @si, whose reference it takes over. */
static __always_inline struct sk_buff *skb_init(struct sk_buff *skb,
						struct skb_shared_info *si)
{
	skb_clear(skb);
	skb->users = 1;
	skb->shinfo = si;
	skb->head = si->frame;
	skb->data = si->frame;
	skb->end = si->size;
	skb->truesize = SKB_TRUESIZE(si->size);
	return skb;
}

/* A header over @si, whose reference it takes over; NULL frees @si. */
static struct sk_buff *skb_build(struct net *net, struct skb_shared_info *si)
{
	struct sk_buff *skb;

	if (unlikely(!si))
		return NULL;
	skb = skb_header_alloc(net, this_softnet(net));
	if (unlikely(!skb)) {
		frame_put(si);
		return NULL;
	}
	return skb_init(skb, si);
}

/* A packet with a frame of the pool, or one as big: see frame_alloc(). */
static __always_inline struct sk_buff *skb_alloc_frame(struct net *net,
						       bool for_device)
{
	struct softnet_data *sd = this_softnet(net);
	struct skb_shared_info *si;
	struct sk_buff *skb;

	if (unlikely(frame_wants_heap(net, for_device)))
		return skb_build(net, frame_alloc_heap(net,
						       net->pool.frame_size));
	if (unlikely(!sd || !sd->skb_whole))
		return skb_build(net, frame_alloc_pool(net));
	if (INET_BUGGIFY(NO_MEMORY))
		return NULL;
	skb = sd->skb_whole;
	sd->skb_whole = skb->next;
	WRITE_ONCE(sd->nr_skb_whole, sd->nr_skb_whole - 1);
	si = skb->shinfo;
	frame_reset(si);
	return skb_init(skb, si);
}

struct sk_buff *alloc_skb(struct net *net, u32 size)
{
	if (unlikely(size > net->pool.frame_size))
		return skb_build(net, frame_alloc_heap(net, size));
	return skb_alloc_frame(net, false);
}

struct sk_buff *alloc_skb_heap(struct net *net, u32 size)
{
	return skb_build(net, frame_alloc_heap(net, size));
}

struct sk_buff *napi_alloc_skb(struct net_device *dev, u32 len)
{
	const u32 room = NET_SKB_PAD + NET_IP_ALIGN;
	struct net *net = dev->net;
	struct sk_buff *skb;

	if (unlikely(len + room > net->pool.frame_size))
		skb = skb_build(net, frame_alloc_heap(net, len + room));
	else
		skb = skb_alloc_frame(net, true);
	if (unlikely(!skb))
		return NULL;
	skb_reserve(skb, room);
	skb->dev = dev;
	return skb;
}

struct sk_buff *napi_build_skb(struct net_device *dev,
			       struct skb_shared_info *frame, u32 off, u32 len)
{
	struct sk_buff *skb = skb_build(dev->net, frame);

	if (unlikely(!skb))
		return NULL;
	skb_reserve(skb, off);
	skb_put(skb, len);
	skb->dev = dev;
	return skb;
}

struct sk_buff *skb_over_frame(struct skb_shared_info *frame)
{
	struct sk_buff *skb;

	frame_get(frame);
	skb = skb_build(frame->net, frame);
	if (likely(skb))
		skb->cloned = 1;
	return skb;
}

struct sk_buff *skb_clone(struct sk_buff *skb)
{
	struct net *net = skb_net(skb);
	struct sk_buff *n = skb_header_alloc(net, this_softnet(net));

	if (unlikely(!n))
		return NULL;
	memcpy(n, skb, sizeof(*n));
	n->next = n->prev = NULL;
	n->sk = NULL;
	n->destructor = NULL;
	n->users = 1;
	n->cloned = 1;
	skb->cloned = 1;
	skb_dst_copy(n, skb);
	frame_get(skb->shinfo);
	return n;
}

struct sk_buff *skb_share_check(struct sk_buff *skb)
{
	struct sk_buff *n;

	if (!skb_shared(skb))
		return skb;
	n = skb_clone(skb);
	if (n)
		consume_skb(skb);
	else
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
	return n;
}

/* The next one that is asked for. */
static __always_inline void skb_keep_whole(struct softnet_data *sd,
					   struct sk_buff *skb)
{
	frame_poison(skb->shinfo);
	skb->next = sd->skb_whole;
	sd->skb_whole = skb;
	WRITE_ONCE(sd->nr_skb_whole, sd->nr_skb_whole + 1);
	if (unlikely(sd->nr_skb_whole > sd->net->pool.cache_max))
		skb_whole_drop(sd, FRAME_CACHE_BATCH);
}

/* Header and frame part: others hold the frame, or it is not a plain one of the
 * pool. */
static __noinline void skb_free_apart(struct sk_buff *skb)
{
	struct skb_shared_info *si = skb->shinfo;

	skb_header_free(si->net, this_softnet(si->net), skb);
	frame_put(si);
}

/* The last reference is gone. */
static __always_inline void __kfree_skb(struct sk_buff *skb)
{
	struct skb_shared_info *si;
	struct softnet_data *sd;

	if (unlikely(skb->refdst > SKB_DST_NOREF))
		skb_dst_drop(skb);
	if (skb->destructor)
		skb->destructor(skb);
	si = skb->shinfo;
	NET_ROAD_END(si->net, skb);
	sd = this_softnet(si->net);
	if (likely(sd) && likely(!frame_shared(si)) && likely(frame_is_plain(si)))
		skb_keep_whole(sd, skb);
	else
		skb_free_apart(skb);
}

void skb_free_stolen_head(struct sk_buff *skb)
{
	struct net *net = skb_net(skb);

	NET_ROAD_END(net, skb);
	skb_header_free(net, this_softnet(net), skb);
}

/* Drops one reference. Return: true when it was the last. */
static bool skb_unref(struct sk_buff *skb)
{
	return count_put(&skb->users, skb_net(skb)->smp);
}

void kfree_skb_reason(struct sk_buff *skb, enum skb_drop_reason reason)
{
	if (!skb || !skb_unref(skb))
		return;
	net_count_drop(skb_net(skb), reason);
	NET_ROAD(skb_net(skb), skb);
	__kfree_skb(skb);
}

void kfree_skb_list_reason(struct sk_buff *skb, enum skb_drop_reason reason)
{
	struct sk_buff *next;

	for (; skb; skb = next) {
		next = skb->next;
		skb->next = NULL;
		kfree_skb_reason(skb, reason);
	}
}

void consume_skb(struct sk_buff *skb)
{
	if (skb && skb_unref(skb))
		__kfree_skb(skb);
}

const char *skb_drop_reason_name(unsigned int reason)
{
	if (reason >= SKB_DROP_REASON_MAX)
		return "UNKNOWN";
	return drop_reason_names[reason];
}

void skb_queue_purge_reason(struct sk_buff_head *q, enum skb_drop_reason reason)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(q)))
		kfree_skb_reason(skb, reason);
}

/* ---- geometry --------------------------------------------------------- */

bool skb_cloned(const struct sk_buff *skb)
{
	return __skb_cloned(skb);
}

/* A programmer's error; the assertion says it and does not return. */
void skb_over_panic(const struct sk_buff *skb, u32 len)
{
	inet_assert(skb->data_len == 0 && len <= skb->end - skb->tail);
	inet_assert(len <= skb_headroom(skb));
	inet_assert(len <= skb_headlen(skb));
	__builtin_trap();
}

/* The bit fields, all at once. */
#define SKB_FLAGS_LEN 2
#define skb_flags(skb) \
	((u8 *)(uintptr_t)&(skb)->queue_mapping + sizeof((skb)->queue_mapping))
static_assert(offsetof(struct sk_buff, drop_reason) ==
	      offsetof(struct sk_buff, queue_mapping) + 2 + SKB_FLAGS_LEN,
	      "the bit fields stand between the two");

void skb_copy_header(struct sk_buff *to, const struct sk_buff *from)
{
	bool cloned = to->cloned;

	to->dev = from->dev;
	to->tstamp = from->tstamp;
	memcpy(to->cb, from->cb, sizeof(to->cb));
	skb_dst_copy(to, from);
	to->hash = from->hash;
	to->mark = from->mark;
	to->priority = from->priority;
	to->protocol = from->protocol;
	to->vlan_tci = from->vlan_tci;
	to->queue_mapping = from->queue_mapping;
	memcpy(skb_flags(to), skb_flags(from), SKB_FLAGS_LEN);
	to->cloned = cloned;
	to->skb_iif = from->skb_iif;
	to->csum = from->csum;
}

/* Shifts everything that counts from skb->head by @delta. */
static void skb_headers_offset(struct sk_buff *skb, int delta)
{
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		skb->csum_start = (u16)(skb->csum_start + delta);
	skb->mac_header = (u16)(skb->mac_header + delta);
	skb->network_header = (u16)(skb->network_header + delta);
	skb->transport_header = (u16)(skb->transport_header + delta);
}

/* A frame of at least @size bytes. */
static struct skb_shared_info *frame_of_size(struct net *net, u32 size)
{
	return size <= net->pool.frame_size ? frame_alloc(net, false)
					    : frame_alloc_heap(net, size);
}

/* Gives @to its own references to the fragments and frag_list of @from. 0 or
 * -ENOMEM (then @to has none). */
static int frags_share(struct skb_shared_info *to,
		       const struct skb_shared_info *from)
{
	struct sk_buff **tail = &to->frag_list;
	const struct sk_buff *f;
	u32 i;

	to->gso_size = from->gso_size;
	to->gso_segs = from->gso_segs;
	to->gso_type = from->gso_type;
	to->tx_flags = from->tx_flags & (u8)~SKBTX_FRAG_FLAGS;
	to->tskey = from->tskey;
	if (from->nr_frags) {
		to->frags = kmem_cache_alloc(to->net->frags_slab);
		if (!to->frags)
			return -ENOMEM;
		for (i = 0; i < from->nr_frags; i++) {
			to->frags[i] = from->frags[i];
			frame_get(to->frags[i].frame);
		}
		to->nr_frags = from->nr_frags;
	}
	for (f = from->frag_list; f; f = f->next) {
		*tail = skb_clone((struct sk_buff *)f);
		if (!*tail)
			return -ENOMEM;	/* frame_put() frees what is there */
		tail = &(*tail)->next;
	}
	return 0;
}

int pskb_expand_head(struct sk_buff *skb, u32 nhead, u32 ntail)
{
	u32 off = skb_headroom(skb), len = skb_headlen(skb);
	struct skb_shared_info *old = skb->shinfo, *si;
	u32 size = off + nhead + len + ntail;
	u32 used = skb->tail;

	si = frame_of_size(skb_net(skb), max(size, used + nhead + ntail));
	if (!si)
		return -ENOMEM;
	if (frags_share(si, old)) {
		frame_put(si);
		return -ENOMEM;
	}
	memcpy(si->frame + nhead, skb->head, used);
	frame_put(old);
	skb->shinfo = si;
	skb->head = si->frame;
	skb->data = si->frame + off + nhead;
	skb->tail = used + nhead;
	skb->end = si->size;
	skb->cloned = 0;
	skb_headers_offset(skb, (int)nhead);
	return 0;
}

int skb_cow_head(struct sk_buff *skb, u32 headroom)
{
	u32 have = skb_headroom(skb);

	if (likely(have >= headroom && !skb_cloned(skb)) &&
	    !INET_BUGGIFY(SKB_COW))
		return 0;
	INET_PROBE(SKB_COPIED);
	return pskb_expand_head(skb, have < headroom ?
				ALIGN(headroom - have, 16) : 0, 0);
}

struct sk_buff *__pskb_copy(struct sk_buff *skb, u32 headroom)
{
	u32 len = skb_headlen(skb);
	struct sk_buff *n = alloc_skb(skb_net(skb), headroom + len);

	if (!n)
		return NULL;
	skb_reserve(n, headroom);
	memcpy(skb_put(n, len), skb->data, len);
	skb_copy_header(n, skb);
	n->mac_header = skb->mac_header;
	n->network_header = skb->network_header;
	n->transport_header = skb->transport_header;
	skb_headers_offset(n, (int)headroom - (int)skb_headroom(skb));
	if (frags_share(n->shinfo, skb->shinfo)) {
		consume_skb(n);
		return NULL;
	}
	n->len = skb->len;
	n->data_len = skb->data_len;
	n->truesize += n->data_len;
	return n;
}

struct sk_buff *skb_copy(const struct sk_buff *skb)
{
	u32 headroom = skb_headroom(skb);
	struct sk_buff *n = alloc_skb(skb_net(skb), headroom + skb->len);

	if (!n)
		return NULL;
	skb_reserve(n, headroom);
	skb_copy_bits(skb, 0, skb_put(n, skb->len), skb->len);
	skb_copy_header(n, skb);
	n->mac_header = skb->mac_header;
	n->network_header = skb->network_header;
	n->transport_header = skb->transport_header;
	n->shinfo->gso_size = skb->shinfo->gso_size;
	n->shinfo->gso_segs = skb->shinfo->gso_segs;
	n->shinfo->gso_type = skb->shinfo->gso_type;
	return n;
}

int skb_move_to_heap(struct sk_buff *skb)
{
	u32 off = skb_headroom(skb), len = skb->len;
	struct skb_shared_info *si, *old = skb->shinfo;

	inet_assert(!skb->destructor);
	if (old->heap)
		return 0;
	si = frame_alloc_heap(skb_net(skb), ALIGN(off + len, SKB_HEAP_ALIGN));
	if (!si)
		return -ENOMEM;
	memcpy(si->frame, skb->head, off);	/* the headers before it */
	skb_copy_bits(skb, 0, si->frame + off, len);
	si->gso_size = old->gso_size;
	si->gso_segs = old->gso_segs;
	si->gso_type = old->gso_type;
	frame_put(old);
	skb->shinfo = si;
	skb->head = si->frame;
	skb->data = si->frame + off;
	skb->tail = off + len;
	skb->end = si->size;
	skb->data_len = 0;
	skb->cloned = 0;
	skb->truesize = SKB_TRUESIZE(si->size);
	return 0;
}

int skb_add_frag(struct sk_buff *skb, struct skb_shared_info *frame, u32 off,
		 u32 len)
{
	struct skb_shared_info *si = skb->shinfo;

	if (si->nr_frags == MAX_SKB_FRAGS)
		return -EMSGSIZE;
	if (skb_make_frags(skb))
		return -ENOMEM;
	__skb_add_frag(skb, frame, off, len);
	return 0;
}

int skb_add_frag_ref(struct sk_buff *skb, struct skb_shared_info *frame,
		     u32 off, u32 len)
{
	int err = skb_add_frag(skb, frame, off, len);

	if (likely(!err))
		frame_get(frame);
	return err;
}

/* ---- reading over fragments ------------------------------------------- */

/* Calls @fn with the parts of [@off, @off + @len) that lie in fragments.
 * Return: what is left of @len. Moves *@off to the remaining offset. */
static u32 skb_walk_frags(const struct skb_shared_info *si, u32 *off, u32 len,
			  skb_piece_fn *fn, void *arg)
{
	u32 i, n;

	for (i = 0; i < si->nr_frags && len; i++) {
		const struct skb_frag *f = &si->frags[i];

		if (*off >= f->len) {
			*off -= f->len;
			continue;
		}
		n = min(f->len - *off, len);
		fn(f->frame->frame + f->off + *off, n, arg);
		*off = 0;
		len -= n;
	}
	return len;
}

/* The same for linear part and fragments of one sk_buff. */
static u32 skb_walk_one(const struct sk_buff *skb, u32 *off, u32 len,
			skb_piece_fn *fn, void *arg)
{
	u32 head = skb_headlen(skb), n;

	if (*off < head) {
		n = min(head - *off, len);
		fn(skb->data + *off, n, arg);
		*off = 0;
		len -= n;
	} else {
		*off -= head;
	}
	return len ? skb_walk_frags(skb->shinfo, off, len, fn, arg) : 0;
}

bool skb_walk(const struct sk_buff *skb, u32 off, u32 len, skb_piece_fn *fn,
	      void *arg)
{
	const struct sk_buff *f;

	if (off > skb->len || len > skb->len - off)
		return false;
	len = skb_walk_one(skb, &off, len, fn, arg);
	for (f = skb->shinfo->frag_list; f && len; f = f->next)
		len = skb_walk_one(f, &off, len, fn, arg);
	return len == 0;
}

static bool copy_piece(const u8 *p, u32 len, void *arg)
{
	u8 **to = arg;

	memcpy(*to, p, len);
	*to += len;
	return true;
}

int skb_copy_bits(const struct sk_buff *skb, u32 off, void *to, u32 len)
{
	u8 *p = to;

	if (likely(off <= skb_headlen(skb) && len <= skb_headlen(skb) - off)) {
		memcpy(to, skb->data + off, len);
		return 0;
	}
	return skb_walk(skb, off, len, copy_piece, &p) ? 0 : -EFAULT;
}

struct csum_state {
	__wsum sum;
	u32 pos;
};

static bool csum_piece(const u8 *p, u32 len, void *arg)
{
	struct csum_state *st = arg;

	st->sum = csum_block_add(st->sum, csum_partial(p, len, 0), st->pos);
	st->pos += len;
	return true;
}

__wsum skb_checksum(const struct sk_buff *skb, u32 off, u32 len, __wsum csum)
{
	struct csum_state st = { .sum = csum };

	if (likely(off + len <= skb_headlen(skb)))
		return csum_partial(skb->data + off, len, csum);
	skb_walk(skb, off, len, csum_piece, &st);
	return st.sum;
}

int skb_checksum_help(struct sk_buff *skb)
{
	u32 start = skb->csum_start - skb_headroom(skb);
	__sum16 csum;
	u8 *field;

	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return 0;
	if (start > skb->len || skb->csum_offset + 2u > skb->len - start)
		return -EINVAL;
	if (!pskb_may_pull(skb, start + skb->csum_offset + 2) ||
	    skb_cow_head(skb, 0))
		return -ENOMEM;
	csum = csum_fold(skb_checksum(skb, start, skb->len - start, 0));
	field = skb->data + start + skb->csum_offset;
	if (!csum)
		csum = (__sum16)~0;
	memcpy(field, &csum, sizeof(csum));
	skb->ip_summed = CHECKSUM_NONE;
	return 0;
}

/* ---- making linear, cutting ------------------------------------------- */

/* Replaces the whole data by one linear frame. */
static int skb_make_linear(struct sk_buff *skb)
{
	u32 headroom = skb_headroom(skb);
	struct skb_shared_info *si;

	si = frame_of_size(skb_net(skb), headroom + skb->len);
	if (!si)
		return -ENOMEM;
	memcpy(si->frame, skb->head, headroom);
	skb_copy_bits(skb, 0, si->frame + headroom, skb->len);
	si->gso_size = skb->shinfo->gso_size;
	si->gso_segs = skb->shinfo->gso_segs;
	si->gso_type = skb->shinfo->gso_type;
	frame_put(skb->shinfo);
	skb->shinfo = si;
	skb->head = si->frame;
	skb->data = si->frame + headroom;
	skb->tail = headroom + skb->len;
	skb->end = si->size;
	skb->data_len = 0;
	skb->cloned = 0;
	return 0;
}

int skb_linearize(struct sk_buff *skb)
{
	return skb_is_nonlinear(skb) ? skb_make_linear(skb) : 0;
}

bool __pskb_pull_tail(struct sk_buff *skb, u32 len)
{
	return len <= skb->len && skb_make_linear(skb) == 0;
}

int pskb_trim(struct sk_buff *skb, u32 len)
{
	if (len >= skb->len)
		return 0;
	if (skb_is_nonlinear(skb)) {
		if (skb_trim_frags(skb, len))
			return -ENOMEM;
	} else {
		skb->len = len;
		skb->tail = skb_headroom(skb) + len;
	}
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	return 0;
}
