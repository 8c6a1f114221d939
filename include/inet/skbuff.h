/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct sk_buff: one packet on its way through the stack.
 *
 * A sk_buff is a small header over reference-counted memory, the frame:
 *
 *	head           data              tail            end
 *	 |<- headroom ->|<-- linear len -->|<- tailroom ->|
 *
 * The frame's bookkeeping (struct skb_shared_info) lives beside the frame,
 * never inside it, so that a device that scribbles over the frame cannot
 * touch a reference count. Clones (skb_clone()) share the frame. Payload that
 * does not fit one frame hangs off shared_info as an array of fragments (each
 * a reference to another frame) or as frag_list, a chain of sk_buffs.
 *
 * Ownership. A function that takes an skb consumes it on every path, unless
 * its comment says "borrows". A packet that dies goes through
 * kfree_skb_reason(), one that reached its reader through consume_skb().
 *
 * Context. A sk_buff has one owner at a time and is not locked; the frame
 * under it may be shared between threads.
 */
#ifndef INET_SKBUFF_H
#define INET_SKBUFF_H

#include <inet/export.h>
#include <inet/types.h>

INET_BEGIN_DECLS

struct net;
struct sock;
struct net_device;
struct dst_entry;
struct sk_buff;
struct ubuf_info;

/* Why a packet died: one row each in drop_reason.def. */
enum skb_drop_reason {
	SKB_NOT_DROPPED_YET,
#define DROP(name, text) SKB_DROP_REASON_##name,
#include <inet/drop_reason.def>
#undef DROP
	SKB_DROP_REASON_MAX,
};

/* skb->ip_summed: who has checked, or will fill in, the L4 checksum. */
enum {
	CHECKSUM_NONE,		/* rx: nobody looked; tx: already filled in */
	CHECKSUM_UNNECESSARY,	/* rx: the device found it right */
	CHECKSUM_COMPLETE,	/* rx: skb->csum sums skb->data..tail */
	CHECKSUM_PARTIAL,	/* tx: fill at csum_start + csum_offset */
};

/* skb->pkt_type, the values of Linux's <linux/if_packet.h>. */
enum {
	SKB_PACKET_HOST,
	SKB_PACKET_BROADCAST,
	SKB_PACKET_MULTICAST,
	SKB_PACKET_OTHERHOST,
	SKB_PACKET_OUTGOING,
};

#define MAX_SKB_FRAGS 45	/* 64 KiB in fragments of one MSS each */

/* One piece of payload outside the linear part: a reference to a frame. */
struct skb_frag {
	struct skb_shared_info *frame;	/* holds one reference */
	u32 off;			/* of the first byte in the frame */
	u32 len;
};

/* gso_type */
#define SKB_GSO_TCPV4 (1u << 0)
#define SKB_GSO_UDP_L4 (1u << 1)
#define SKB_GSO_TCP_ECN (1u << 2)	/* TCPV4 with CWR, which is the first segment's */
#define SKB_GSO_DODGY (1u << 3)	/* the header came from outside: check it */

/* Bookkeeping of one frame, one cache line. */
struct skb_shared_info {
	u32 dataref;		/* sk_buffs and fragments that hold the frame */
	u32 size;		/* bytes of the frame */
	u8 *frame;		/* its first byte */
	struct net *net;	/* the stack whose pool it returns to */
	struct skb_frag *frags;	/* array of MAX_SKB_FRAGS, or NULL */
	struct sk_buff *frag_list;
	u16 gso_size;		/* payload bytes of a segment, 0: no GSO */
	u16 gso_segs;
	u8 gso_type;
	u8 nr_frags;
	u8 heap;		/* FRAME_*: whose memory it is */
	u8 tx_flags;		/* SKBTX_* */
	u32 tskey;		/* of which byte or datagram, for its stamps */
	__wsum csum;		/* see SKBTX_FRAG_CSUM */
	union {
		struct skb_shared_info *next_free;
		struct ubuf_info *ubuf;		/* of FRAME_UBUF */
	};
};

/* heap: the pool's, or ordinary memory, or the application's own */
#define FRAME_POOL 0
#define FRAME_HEAP 1
#define FRAME_UBUF 2

/* Wants to be stamped: leaving, coming to the queue, acknowledged. */
#define SKBTX_SW_TSTAMP 1u
#define SKBTX_SCHED_TSTAMP 8u
#define SKBTX_ACK_TSTAMP 16u
#define SKBTX_ANY_TSTAMP (SKBTX_SW_TSTAMP | SKBTX_SCHED_TSTAMP | SKBTX_ACK_TSTAMP)

/* Of a packet that is to be cut, each of whose fragments is one segment: */
#define SKBTX_FRAG_ROOM 2u	/* headers may be written before each */
#define SKBTX_FRAG_CSUM 4u	/* its frame's csum is the sum of it */
#define SKBTX_FRAG_FLAGS (SKBTX_FRAG_ROOM | SKBTX_FRAG_CSUM)

#define SKB_DST_NOREF 1UL	/* low bit of refdst: borrowed under RCU */

struct sk_buff {
	union {
		struct {
			struct sk_buff *next;
			struct sk_buff *prev;
			struct net_device *dev;	/* arrived on or leaves by */
		};
		/* member of TCP's out-of-order tree; same size as rb_node */
		uintptr_t rbnode_space[3];
	};
	struct sock *sk;	/* charged to */
	u64 tstamp;		/* ns: arrival, or earliest departure */
	char cb[48] __attribute__((aligned(8)));	/* the current layer's */
	union {
		struct {
			unsigned long refdst;	/* struct dst_entry *, see
						 * skb_dst() */
			void (*destructor)(struct sk_buff *skb);
		};
		/* member of TCP's list by time; same size as list_head */
		uintptr_t list_space[2];
	};
	struct skb_shared_info *shinfo;
	u8 *head;
	u8 *data;
	u32 tail;		/* offset from head */
	u32 end;		/* offset from head */
	u32 len;		/* bytes from data on, fragments included */
	u32 data_len;		/* of these, bytes in fragments */
	u32 truesize;		/* memory charged for this packet */
	u32 hash;		/* flow hash, 0: not computed */
	u32 mark;
	u32 priority;
	union {
		__wsum csum;
		struct {
			u16 csum_start;	/* offset from head */
			u16 csum_offset;
		};
	};
	u32 users;		/* references to this header */
	u16 mac_header;		/* offsets from head */
	u16 network_header;
	u16 transport_header;
	__be16 protocol;	/* ETH_P_* */
	u16 vlan_tci;		/* the tag beside it, valid if vlan_present */
	u16 queue_mapping;
	u8 pkt_type : 3;
	u8 ip_summed : 2;
	u8 csum_valid : 1;
	u8 cloned : 1;		/* frame may have other owners */
	u8 l4_hash : 1;
	u8 vlan_present : 1;
	u8 traced : 1;		/* the road of this one is recorded */
	u8 ooo_okay : 1;	/* may leave by another queue than the last one */
	u8 vlan_stag : 1;	/* vlan_tci is of 802.1ad, not of 802.1Q */
	u8 drop_reason;		/* last seen, for the tracer */
	int skb_iif;		/* ifindex it arrived on */
};

/* A queue of sk_buffs; guard it with the lock its owner documents. */
struct sk_buff_head {
	struct sk_buff *next;
	struct sk_buff *prev;
	u32 qlen;
};

/* ---- life ------------------------------------------------------------- */

/*
 * A new skb with room for @size bytes behind skb->data, headroom 0: call
 * skb_reserve(). Up to the stack's frame size it takes one frame of the pool,
 * above it ordinary memory. Return: NULL when memory is short.
 */
struct sk_buff *alloc_skb(struct net *net, u32 size) INET_EXPORT(alloc_skb);

/* alloc_skb() with the device's headroom reserved, skb->dev set; for receive
 * paths of drivers: always a frame of the pool. */
struct sk_buff *napi_alloc_skb(struct net_device *dev, u32 len)
	INET_EXPORT(napi_alloc_skb);

/*
 * A received frame that a device wrote itself: a header over @frame, whose
 * reference it takes over, with the @len bytes at @off as its data. Return: NULL
 * when memory is short; the reference is given back then too.
 */
struct sk_buff *napi_build_skb(struct net_device *dev,
			       struct skb_shared_info *frame, u32 off, u32 len)
	INET_EXPORT(napi_build_skb);

/* Appends @len bytes of @frame as a fragment, taking over one reference. 0, or
 * -ENOMEM, -EMSGSIZE (MAX_SKB_FRAGS): the reference stays the caller's. */
int skb_add_frag(struct sk_buff *skb, struct skb_shared_info *frame, u32 off,
		 u32 len) INET_EXPORT(skb_add_frag);

/* A second header over the same frame. Return: NULL when memory is short. */
struct sk_buff *skb_clone(struct sk_buff *skb) INET_EXPORT(skb_clone);

/* A private copy of header and linear part; fragments stay shared. Room for
 * @headroom bytes in front. Borrows @skb. */
struct sk_buff *__pskb_copy(struct sk_buff *skb, u32 headroom)
	INET_EXPORT(__pskb_copy);

/* A private, linear copy of everything. Borrows @skb. */
struct sk_buff *skb_copy(const struct sk_buff *skb) INET_EXPORT(skb_copy);

/* Drops one reference; the last one frees. NULL is fine. */
void kfree_skb_reason(struct sk_buff *skb, enum skb_drop_reason reason)
	INET_EXPORT(kfree_skb_reason);
void consume_skb(struct sk_buff *skb) INET_EXPORT(consume_skb);

/* Name of a reason as `inet-nstat` prints it, never NULL. */
const char *skb_drop_reason_name(unsigned int reason)
	INET_EXPORT(skb_drop_reason_name);

/* ---- geometry --------------------------------------------------------- */

static inline u8 *skb_tail_pointer(const struct sk_buff *skb)
{
	return skb->head + skb->tail;
}

static inline u8 *skb_end_pointer(const struct sk_buff *skb)
{
	return skb->head + skb->end;
}

static inline u32 skb_headroom(const struct sk_buff *skb)
{
	return (u32)(skb->data - skb->head);
}

/* Bytes in the linear part. */
static inline u32 skb_headlen(const struct sk_buff *skb)
{
	return skb->len - skb->data_len;
}

static inline bool skb_is_nonlinear(const struct sk_buff *skb)
{
	return skb->data_len != 0;
}

static inline u32 skb_tailroom(const struct sk_buff *skb)
{
	return skb_is_nonlinear(skb) ? 0 : skb->end - skb->tail;
}

/* Only on an empty skb: moves data and tail, making headroom. */
static inline void skb_reserve(struct sk_buff *skb, u32 len)
{
	skb->data += len;
	skb->tail += len;
}

/* Ends the program: @len bytes do not fit behind, before, or are not there. */
void skb_over_panic(const struct sk_buff *skb, u32 len)
	INET_EXPORT(skb_over_panic) __attribute__((noreturn, cold));

/* These three assert that the room is there: callers know their sizes. */
static inline void *skb_put(struct sk_buff *skb, u32 len)
{
	u8 *tail = skb_tail_pointer(skb);

	if (__builtin_expect(skb->data_len || len > skb->end - skb->tail, 0))
		skb_over_panic(skb, len);
	skb->tail += len;
	skb->len += len;
	return tail;
}

static inline void *skb_push(struct sk_buff *skb, u32 len)
{
	if (__builtin_expect(len > skb_headroom(skb), 0))
		skb_over_panic(skb, len);
	skb->data -= len;
	skb->len += len;
	return skb->data;
}

static inline void *skb_pull(struct sk_buff *skb, u32 len)
{
	if (__builtin_expect(len > skb_headlen(skb), 0))
		skb_over_panic(skb, len);
	skb->len -= len;
	return skb->data += len;
}

/* Cuts the packet to @len bytes (no-op if shorter). Return: 0 or -ENOMEM. */
int pskb_trim(struct sk_buff *skb, u32 len) INET_EXPORT(pskb_trim);

/*
 * Makes the first @len bytes linear, so that they may be read at skb->data.
 * Return: false when the packet is shorter or memory is short. Every parser
 * of wire bytes calls it before it reads.
 */
bool __pskb_pull_tail(struct sk_buff *skb, u32 len)
	INET_EXPORT(__pskb_pull_tail);

static inline bool pskb_may_pull(struct sk_buff *skb, u32 len)
{
	if (__builtin_expect(len <= skb_headlen(skb), 1))
		return true;
	if (len > skb->len)
		return false;
	return __pskb_pull_tail(skb, len);
}

/* skb_pull() that goes on into the fragments. Return: 0 or -ENOMEM. */
int pskb_pull(struct sk_buff *skb, u32 len) INET_EXPORT(pskb_pull);

/* Everything linear. Return: 0 or -ENOMEM. */
int skb_linearize(struct sk_buff *skb) INET_EXPORT(skb_linearize);

/* Private, writable linear part with @headroom bytes in front. 0 / -ENOMEM. */
int skb_cow_head(struct sk_buff *skb, u32 headroom) INET_EXPORT(skb_cow_head);

/* True while another header may see the frame. */
bool skb_cloned(const struct sk_buff *skb) INET_EXPORT(skb_cloned);

/* Copies @len bytes from @off of the packet. Return: 0, -EFAULT if short. */
int skb_copy_bits(const struct sk_buff *skb, u32 off, void *to, u32 len)
	INET_EXPORT(skb_copy_bits);

/* Ones-complement sum over @len bytes from @off on, added to @csum. */
__wsum skb_checksum(const struct sk_buff *skb, u32 off, u32 len, __wsum csum)
	INET_EXPORT(skb_checksum);

/* Fills a CHECKSUM_PARTIAL checksum in software. 0 or -EINVAL/-ENOMEM. */
int skb_checksum_help(struct sk_buff *skb) INET_EXPORT(skb_checksum_help);

/* ---- headers ---------------------------------------------------------- */

static inline void skb_reset_mac_header(struct sk_buff *skb)
{
	skb->mac_header = (u16)(skb->data - skb->head);
}

static inline void skb_reset_network_header(struct sk_buff *skb)
{
	skb->network_header = (u16)(skb->data - skb->head);
}

static inline void skb_reset_transport_header(struct sk_buff *skb)
{
	skb->transport_header = (u16)(skb->data - skb->head);
}

static inline void skb_set_transport_header(struct sk_buff *skb, int off)
{
	skb->transport_header = (u16)(skb->data - skb->head + off);
}

static inline u8 *skb_mac_header(const struct sk_buff *skb)
{
	return skb->head + skb->mac_header;
}

static inline u8 *skb_network_header(const struct sk_buff *skb)
{
	return skb->head + skb->network_header;
}

static inline u8 *skb_transport_header(const struct sk_buff *skb)
{
	return skb->head + skb->transport_header;
}

/* Offset of the header from skb->data; may be negative. */
static inline int skb_network_offset(const struct sk_buff *skb)
{
	return (int)(skb_network_header(skb) - skb->data);
}

static inline int skb_transport_offset(const struct sk_buff *skb)
{
	return (int)(skb_transport_header(skb) - skb->data);
}

/* The stack this packet belongs to. */
static inline struct net *skb_net(const struct sk_buff *skb)
{
	return skb->shinfo->net;
}

/* ---- queues ----------------------------------------------------------- */

/* What a head and its members have in common: links may point to either. */
struct sk_buff_list {
	struct sk_buff *next;
	struct sk_buff *prev;
};

static inline struct sk_buff_list *skb_list(struct sk_buff *skb)
{
	return (struct sk_buff_list *)(void *)skb;
}

static inline void skb_queue_head_init(struct sk_buff_head *q)
{
	q->prev = (struct sk_buff *)q;
	__atomic_store_n(&q->next, (struct sk_buff *)q, __ATOMIC_RELAXED);
	q->qlen = 0;
}

static inline bool skb_queue_empty(const struct sk_buff_head *q)
{
	return q->next == (const struct sk_buff *)q;
}

/* The same for somebody who does not hold the queue's lock: a hint. */
static inline bool skb_queue_empty_lockless(const struct sk_buff_head *q)
{
	return __atomic_load_n(&q->next, __ATOMIC_RELAXED) ==
	       (const struct sk_buff *)q;
}

static inline struct sk_buff *skb_peek(const struct sk_buff_head *q)
{
	return skb_queue_empty(q) ? NULL : q->next;
}

static inline struct sk_buff *skb_peek_tail(const struct sk_buff_head *q)
{
	return skb_queue_empty(q) ? NULL : q->prev;
}

static inline bool skb_queue_is_last(const struct sk_buff_head *q,
				     const struct sk_buff *skb)
{
	return skb->next == (const struct sk_buff *)q;
}

static inline bool skb_queue_is_first(const struct sk_buff_head *q,
				      const struct sk_buff *skb)
{
	return skb->prev == (const struct sk_buff *)q;
}

static inline void __skb_insert(struct sk_buff *n, struct sk_buff *prev,
				struct sk_buff *next, struct sk_buff_head *q)
{
	n->next = next;
	n->prev = prev;
	skb_list(next)->prev = n;
	__atomic_store_n(&skb_list(prev)->next, n, __ATOMIC_RELAXED);
	q->qlen++;
}

static inline void __skb_queue_tail(struct sk_buff_head *q, struct sk_buff *n)
{
	__skb_insert(n, q->prev, (struct sk_buff *)q, q);
}

static inline void __skb_queue_head(struct sk_buff_head *q, struct sk_buff *n)
{
	__skb_insert(n, (struct sk_buff *)q, q->next, q);
}

static inline void __skb_queue_after(struct sk_buff_head *q,
				     struct sk_buff *prev, struct sk_buff *n)
{
	__skb_insert(n, prev, prev->next, q);
}

static inline void __skb_unlink(struct sk_buff *skb, struct sk_buff_head *q)
{
	q->qlen--;
	skb_list(skb->next)->prev = skb->prev;
	__atomic_store_n(&skb_list(skb->prev)->next, skb->next, __ATOMIC_RELAXED);
	skb->next = skb->prev = NULL;
}

static inline struct sk_buff *__skb_dequeue(struct sk_buff_head *q)
{
	struct sk_buff *skb = skb_peek(q);

	if (skb)
		__skb_unlink(skb, q);
	return skb;
}

/* Moves all of @from to the end of @to, leaving @from empty. */
static inline void skb_queue_splice_tail_init(struct sk_buff_head *from,
					      struct sk_buff_head *to)
{
	if (skb_queue_empty(from))
		return;
	skb_list(from->next)->prev = to->prev;
	__atomic_store_n(&skb_list(to->prev)->next, from->next, __ATOMIC_RELAXED);
	skb_list(from->prev)->next = (struct sk_buff *)to;
	to->prev = from->prev;
	to->qlen += from->qlen;
	skb_queue_head_init(from);
}

/* Frees everything on the queue with @reason. */
void skb_queue_purge_reason(struct sk_buff_head *q, enum skb_drop_reason reason)
	INET_EXPORT(skb_queue_purge_reason);

#define skb_queue_walk(q, skb) \
	for ((skb) = (q)->next; (skb) != (struct sk_buff *)(q); \
	     (skb) = (skb)->next)

#define skb_queue_walk_safe(q, skb, tmp) \
	for ((skb) = (q)->next, (tmp) = (skb)->next; \
	     (skb) != (struct sk_buff *)(q); (skb) = (tmp), (tmp) = (skb)->next)

INET_END_DECLS

#endif /* INET_SKBUFF_H */
