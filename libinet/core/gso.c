/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Generic segmentation offload, the part that knows no protocol: a packet
 * larger than the wire takes is cut by validate_xmit_skb(), behind the queue
 * discipline, where the device does not do it.
 *
 *	skb_mac_gso_segment -> inet_gso_segment -> tcp4_gso_segment
 *	  -> skb_segment		cuts; each layer then fills in what
 *		differs between the headers of the pieces
 *
 * Payload is not copied where a whole segment lies at the start of a fragment
 * and the room before it is free: because nobody else looks at the frame, or
 * because the owner says so (SKBTX_FRAG_ROOM). The headers go there. Any other
 * segment needs a frame for its headers, into which its payload is copied if it
 * fits.
 */
#include <errno.h>
#include <string.h>

#include "core/gro.h"
#include "core/net.h"
#include "core/tstamp.h"
#include "core/ubuf.h"
#include "lib/assert.h"
#include "lib/points.h"
#include "wire/tcp.h"
#include "wire/udp.h"

/* Where skb_segment() is in the fragments of a packet. */
struct seg_reader {
	const struct sk_buff *skb;
	u32 frag;		/* number of the fragment */
	u32 off;		/* in it */
	u32 pos;		/* from skb->data */
};

/* Copies what differs in no piece: headers and where they are. */
static void segment_headers(struct sk_buff *n, const struct sk_buff *skb,
			    u32 hlen)
{
	memcpy(n->data, skb_mac_header(skb), hlen);
	skb_copy_header(n, skb);
	n->sk = NULL;
	n->mac_header = (u16)(n->data - n->head);
	n->network_header = (u16)(n->mac_header + (skb->network_header -
						   skb->mac_header));
	n->transport_header = (u16)(n->mac_header + (skb->transport_header -
						     skb->mac_header));
}

/* May headers be written before the fragments, although somebody else has a
 * reference to their frames? A clone would write there too. */
static bool segment_has_room(const struct sk_buff *skb)
{
	return (skb->shinfo->tx_flags & SKBTX_FRAG_ROOM) && !__skb_cloned(skb);
}

/* Passes over @len bytes, which lie in one fragment. */
static void reader_skip_frags(struct seg_reader *r, u32 len)
{
	r->pos += len;
	r->off += len;
	if (r->off == r->skb->shinfo->frags[r->frag].len) {
		r->frag++;
		r->off = 0;
	}
}

/*
 * The next @len bytes as a packet over the fragment that they lie in, headers
 * in the room before them. NULL: they do not lie so, or memory is short.
 */
static struct sk_buff *segment_in_place(struct seg_reader *r, u32 hlen, u32 len)
{
	const struct skb_shared_info *si = r->skb->shinfo;
	const struct skb_frag *f;
	struct sk_buff *n;

	if (r->pos < skb_headlen(r->skb))
		return NULL;		/* there may be no fragments */
	f = &si->frags[r->frag];
	if (r->off || f->len < len || f->off < hlen ||
	    f->frame->frags || frame_is_ubuf(f->frame) ||
	    (frame_shared(f->frame) && !segment_has_room(r->skb)))
		return NULL;
	n = skb_over_frame(f->frame);
	if (!n)
		return NULL;
	n->data += f->off - hlen;
	n->tail = f->off + len;
	n->len = hlen + len;
	reader_skip_frags(r, len);
	return n;
}

/* Copies the next @len bytes behind what @n has, and the sum of a fragment that
 * is one segment (SKBTX_FRAG_CSUM). */
static void segment_copy(struct sk_buff *n, struct seg_reader *r, u32 len)
{
	u32 head = skb_headlen(r->skb);
	u32 lin = r->pos < head ? min(head - r->pos, len) : 0, part;

	skb_copy_bits(r->skb, r->pos, skb_put(n, len), len);
	if (lin < len)
		n->shinfo->csum = r->skb->shinfo->frags[r->frag].frame->csum;
	r->pos += lin;
	for (len -= lin; len; len -= part) {
		part = min(r->skb->shinfo->frags[r->frag].len - r->off, len);
		reader_skip_frags(r, part);
	}
}

/* Appends the next @len bytes of fragments to @n. 0 or -ENOMEM. */
static int segment_add_frags(struct sk_buff *n, struct seg_reader *r, u32 len)
{
	int err = 0;

	while (len && !err) {
		const struct skb_frag *f = &r->skb->shinfo->frags[r->frag];
		u32 part = min(f->len - r->off, len);

		err = skb_add_frag_ref(n, f->frame, f->off + r->off, part);
		len -= part;
		reader_skip_frags(r, part);
	}
	return err;
}

/* Does the reader stand in memory of the application? */
static bool reader_in_ubuf(const struct seg_reader *r)
{
	const struct skb_shared_info *si = r->skb->shinfo;

	return r->pos >= skb_headlen(r->skb) &&
	       frame_is_ubuf(si->frags[r->frag].frame);
}

/* The next @len bytes behind a header of their own: what was linear or is short
 * is copied, fragments are shared, and the application's memory always. NULL:
 * memory is short. */
static struct sk_buff *segment_apart(struct seg_reader *r, u32 hlen, u32 len)
{
	u32 head = skb_headlen(r->skb), lin, room = MAX_LINK_HEADER + hlen;
	struct net *net = skb_net(r->skb);
	struct sk_buff *n;

	lin = r->pos < head ? min(head - r->pos, len) : 0;
	if (room + len <= net->pool.frame_size && !reader_in_ubuf(r))
		lin = len;
	n = alloc_skb(net, room + lin);
	if (!n)
		return NULL;
	skb_reserve(n, MAX_LINK_HEADER);
	skb_put(n, hlen);
	segment_copy(n, r, lin);
	if (segment_add_frags(n, r, len - lin)) {
		consume_skb(n);
		return NULL;
	}
	return n;
}

static void free_segments(struct sk_buff *segs)
{
	struct sk_buff *next;

	for (; segs; segs = next) {
		next = segs->next;
		segs->next = NULL;
		consume_skb(segs);
	}
}

/* The sock is charged until the last segment has left. */
static void segment_hand_over_sock(struct sk_buff *last, struct sk_buff *skb)
{
	if (!skb->destructor)
		return;
	swap(last->sk, skb->sk);
	swap(last->destructor, skb->destructor);
	swap(last->truesize, skb->truesize);
}

struct sk_buff *skb_segment(struct sk_buff *skb)
{
	struct seg_reader r = { .skb = skb };
	u32 hlen = (u32)(skb->data - skb_mac_header(skb));
	u32 mss = skb->shinfo->gso_size, len;
	struct sk_buff *segs = NULL, **tail = &segs, *n = NULL;

	INET_PROBE(GSO_CUT);
	inet_assert(mss && skb->len && !skb->shinfo->frag_list);
	while (r.pos < skb->len) {
		len = min(mss, skb->len - r.pos);
		n = segment_in_place(&r, hlen, len);
		if (!n)
			n = segment_apart(&r, hlen, len);
		if (!n) {
			free_segments(segs);
			return NULL;
		}
		segment_headers(n, skb, hlen);
		*tail = n;
		tail = &n->next;
	}
	segment_hand_over_sock(n, skb);
	skb_tstamp_copy(n, skb);
	return segs;
}

u32 skb_gso_network_seglen(const struct sk_buff *skb)
{
	u32 hlen = (u32)(skb->transport_header - skb->network_header);
	const struct tcphdr *th;

	if (skb->shinfo->gso_type & SKB_GSO_UDP_L4)
		return hlen + UDP_HLEN + skb->shinfo->gso_size;
	th = (const struct tcphdr *)(const void *)skb_transport_header(skb);
	return hlen + 4u * th->doff + skb->shinfo->gso_size;
}

struct sk_buff *skb_mac_gso_segment(struct sk_buff *skb, u64 features)
{
	struct packet_offload *po = offload_find(skb_net(skb), skb->protocol);
	u32 hlen = (u32)skb_network_offset(skb);
	struct sk_buff *segs;

	if (!po || !po->gso_segment)
		return NULL;
	skb_reset_mac_header(skb);
	skb_pull(skb, hlen);
	segs = po->gso_segment(skb, features);
	skb_push(skb, hlen);
	return segs;
}
