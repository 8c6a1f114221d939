/* SPDX-License-Identifier: BSD-2-Clause */
/* What the stack itself does with sk_buffs beyond <inet/skbuff.h>. */
#ifndef CORE_SKBUFF_H
#define CORE_SKBUFF_H

#include <errno.h>

#include <inet/skbuff.h>

#include "core/frame_pool.h"
#include "core/net.h"
#include "lib/points.h"
#include "lib/refcount.h"

struct softnet_data;

#define NET_SKB_PAD 64		/* headroom of received packets */
#define NET_IP_ALIGN 2		/* puts the IP header on 16 bytes */

/* Header room for anything TCP sends: Ethernet + VLAN, IP and TCP with all
 * options, and a driver's own. */
#define MAX_LINK_HEADER 32
#define MAX_HEADER_ROOM 160

#define SKB_TRUESIZE(frame) \
	((frame) + sizeof(struct sk_buff) + sizeof(struct skb_shared_info))

int skb_pool_init(struct net *net);
void skb_pool_destroy(struct net *net);
/* Headers in use now. */
u64 skb_pool_used(struct net *net);
/* alloc_skb() in ordinary memory, of just @size bytes. */
struct sk_buff *alloc_skb_heap(struct net *net, u32 size);
/* Empties a softnet's cache of headers. */
void skb_cache_flush(struct softnet_data *sd);

/* True below the low-water mark: queues move their data to heap frames. */
static inline bool frame_pool_low(struct net *net)
{
	return data_race(net->pool.nr_free) < net->pool.low_water;
}

/* Shall a new frame be ordinary memory? */
static inline bool frame_wants_heap(struct net *net, bool for_device)
{
	return !for_device &&
	       (unlikely(frame_pool_low(net)) || INET_BUGGIFY(HEAP_FRAME));
}

static inline struct skb_shared_info *skb_shinfo(const struct sk_buff *skb)
{
	return skb->shinfo;
}

/* skb_cloned() for the stack itself: no call. */
static inline bool __skb_cloned(const struct sk_buff *skb)
{
	return skb->cloned &&
	       __atomic_load_n(&skb->shinfo->dataref, __ATOMIC_ACQUIRE) != 1;
}

static inline struct sk_buff *skb_get(struct sk_buff *skb)
{
	count_add(&skb->users, 1, skb_shinfo(skb)->net->smp);
	return skb;
}

static inline bool skb_shared(const struct sk_buff *skb)
{
	return __atomic_load_n(&skb->users, __ATOMIC_ACQUIRE) != 1;
}

/* kfree_skb_reason() of a list by skb->next. */
void kfree_skb_list_reason(struct sk_buff *skb, enum skb_drop_reason reason);

/* A private header: @skb itself, or a clone (and @skb is released). */
struct sk_buff *skb_share_check(struct sk_buff *skb);

static inline void frame_get(struct skb_shared_info *si)
{
	count_add(&si->dataref, 1, si->net->smp);
}

/* Is the header all that dies with @skb if its frame lives on? */
static inline bool skb_may_steal_head(const struct sk_buff *skb)
{
	return skb->users == 1 && !skb->destructor && !skb->refdst;
}

/* Frees the header alone: the reference to the frame is somebody else's now.
 * After skb_may_steal_head(). */
void skb_free_stolen_head(struct sk_buff *skb);

/* Has @skb an array of fragments? It may be empty. 0 or -ENOMEM. */
static inline int skb_make_frags(struct sk_buff *skb)
{
	struct skb_shared_info *si = skb->shinfo;

	if (likely(!si->frags))
		si->frags = kmem_cache_alloc(si->net->frags_slab);
	return likely(si->frags) ? 0 : -ENOMEM;
}

/* skb_add_frag() where there is an array with place. */
static inline void __skb_add_frag(struct sk_buff *skb,
				  struct skb_shared_info *frame, u32 off,
				  u32 len)
{
	struct skb_shared_info *si = skb->shinfo;

	si->frags[si->nr_frags++] = (struct skb_frag){ frame, off, len };
	skb->len += len;
	skb->data_len += len;
	skb->truesize += frame->size;
}

/* The first @n of @from, @last the last of them, go behind those of @to. */
static inline void skb_queue_move_first(struct sk_buff_head *from,
					struct sk_buff *last, u32 n,
					struct sk_buff_head *to)
{
	struct sk_buff *first = from->next;

	skb_list(last->next)->prev = (struct sk_buff *)from;
	__atomic_store_n(&from->next, last->next, __ATOMIC_RELAXED);
	from->qlen -= n;
	first->prev = to->prev;
	last->next = (struct sk_buff *)to;
	__atomic_store_n(&skb_list(to->prev)->next, first, __ATOMIC_RELAXED);
	to->prev = last;
	to->qlen += n;
}

/* skb_add_frag() with a reference of its own. */
int skb_add_frag_ref(struct sk_buff *skb, struct skb_shared_info *frame,
		     u32 off, u32 len);

/* A header over the whole of @frame, empty, with a reference of its own; marked
 * as cloned. NULL: memory is short. */
struct sk_buff *skb_over_frame(struct skb_shared_info *frame);

/* Does somebody else hold @frame too? */
static inline bool frame_shared(const struct skb_shared_info *frame)
{
	return __atomic_load_n(&frame->dataref, __ATOMIC_ACQUIRE) != 1;
}

/* The fragments become this header's alone, a frag_list linear: after it
 * pskb_trim() and pskb_pull() cannot fail. 0 or -ENOMEM. */
int __skb_own_frags(struct sk_buff *skb);

static inline int skb_own_frags(struct sk_buff *skb)
{
	return skb_is_nonlinear(skb) ? __skb_own_frags(skb) : 0;
}

/* pskb_trim() of a packet with fragments. 0 or -ENOMEM. */
int skb_trim_frags(struct sk_buff *skb, u32 len);

/* New linear room: @nhead more in front, @ntail more behind; private. 0 or
 * -ENOMEM. */
int pskb_expand_head(struct sk_buff *skb, u32 nhead, u32 ntail);

/* Moves the data out of the pool into ordinary memory, linear and private:
 * a queue that nobody reads must hold no frame that a device needs. @skb has no
 * destructor. 0 or -ENOMEM (then nothing changed). */
int skb_move_to_heap(struct sk_buff *skb);

/* @skb is about to wait, perhaps for long: not in the last frames of the pool.
 * As above; what belongs to a sock of ours stays, its buffer bounds it. */
static inline int skb_leave_pool(struct sk_buff *skb)
{
	if (likely(!frame_pool_low(skb_net(skb))) || skb->destructor)
		return 0;
	return skb_move_to_heap(skb);
}

/* A piece of a packet: linear part, fragment, or linear part of a member of
 * frag_list. What it says is not asked for. */
typedef bool skb_piece_fn(const u8 *p, u32 len, void *arg);

/* Calls @fn for each piece of [@off, @off + @len). Return: false when the
 * packet is shorter than that. Members of frag_list carry no frag_list. */
bool skb_walk(const struct sk_buff *skb, u32 off, u32 len, skb_piece_fn *fn,
	      void *arg);

/* The destructor is called and forgotten: the packet belongs to no sock. */
static inline void skb_orphan(struct sk_buff *skb)
{
	if (skb->destructor)
		skb->destructor(skb);
	skb->destructor = NULL;
	skb->sk = NULL;
}

/* Copies the fields that describe a packet (not its data). */
void skb_copy_header(struct sk_buff *to, const struct sk_buff *from);

#endif /* CORE_SKBUFF_H */
