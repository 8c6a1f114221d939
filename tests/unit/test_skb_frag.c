/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets in pieces: cut at either end, shared, and cut into segments; and what
 * a softnet keeps of those that died. */
#include "unit.h"

#include <string.h>

#include "core/gro.h"
#include "core/skbuff.h"
#include "fixture.h"

#define HEAD 100u	/* bytes in the linear part */
#define PIECE 700u	/* in each fragment */
#define NR_PIECES 6u
#define LEN (HEAD + NR_PIECES * PIECE)
#define ROOM 200u	/* before each piece */

static u8 bytes[LEN];

/* A packet of bytes[]: a linear part and six fragments. */
static struct sk_buff *in_pieces(struct fx *f)
{
	struct sk_buff *skb = alloc_skb(f->net, ROOM + HEAD);
	struct skb_shared_info *frame;
	u32 i;

	for (i = 0; i < LEN; i++)
		bytes[i] = (u8)(i * 31 + i / 256);
	assert_non_null(skb);
	skb_reserve(skb, ROOM);
	memcpy(skb_put(skb, HEAD), bytes, HEAD);
	for (i = 0; i < NR_PIECES; i++) {
		frame = frame_alloc(f->net, false);
		assert_non_null(frame);
		memcpy(frame->frame + ROOM, bytes + HEAD + i * PIECE, PIECE);
		assert_int_equal(skb_add_frag(skb, frame, ROOM, PIECE), 0);
	}
	return skb;
}

/* @skb is bytes[@off..@off + @len), and hangs together. */
static void assert_bytes(const struct sk_buff *skb, u32 off, u32 len)
{
	static u8 copy[LEN];
	u32 i, in_frags = 0;

	assert_int_equal(skb->len, len);
	assert_int_equal(skb_copy_bits(skb, 0, copy, len), 0);
	assert_memory_equal(copy, bytes + off, len);
	for (i = 0; i < skb->shinfo->nr_frags; i++) {
		assert_true(skb->shinfo->frags[i].len > 0);
		in_frags += skb->shinfo->frags[i].len;
	}
	assert_int_equal(in_frags, skb->data_len);
	assert_ptr_equal(skb->data + skb_headlen(skb), skb_tail_pointer(skb));
}

static void trimmed_at_every_length(void **state)
{
	struct fx *f = *state;
	struct sk_buff *skb;
	u32 len;

	for (len = 0; len <= LEN; len += 50) {
		skb = in_pieces(f);
		assert_int_equal(pskb_trim(skb, len), 0);
		assert_bytes(skb, 0, len);
		consume_skb(skb);
	}
}

static void pulled_by_every_length(void **state)
{
	struct fx *f = *state;
	struct sk_buff *skb;
	u32 len;

	for (len = 0; len <= LEN; len += 50) {
		skb = in_pieces(f);
		assert_int_equal(pskb_pull(skb, len), 0);
		assert_bytes(skb, len, LEN - len);
		consume_skb(skb);
	}
}

static void pulled_and_trimmed_in_turns(void **state)
{
	struct sk_buff *skb = in_pieces(*state);
	u32 off = 0, len = LEN;

	while (len > 150) {
		assert_int_equal(pskb_pull(skb, 70), 0);
		assert_int_equal(pskb_trim(skb, len - 70 - 60), 0);
		off += 70;
		len -= 130;
		assert_bytes(skb, off, len);
	}
	consume_skb(skb);
}

static void clone_keeps_what_is_cut_off_the_other(void **state)
{
	struct sk_buff *skb = in_pieces(*state), *clone = skb_clone(skb);

	assert_non_null(clone);
	assert_int_equal(pskb_pull(skb, HEAD + 10), 0);
	assert_int_equal(pskb_trim(skb, PIECE), 0);
	assert_bytes(skb, HEAD + 10, PIECE);
	assert_bytes(clone, 0, LEN);
	consume_skb(clone);
	assert_bytes(skb, HEAD + 10, PIECE);
	consume_skb(skb);
}

static void list_of_packets_is_cut_too(void **state)
{
	struct fx *f = *state;
	struct sk_buff *skb, *rest;

	for (int pull = 0; pull < 2; pull++) {
		rest = in_pieces(f);
		skb = alloc_skb(f->net, HEAD);
		assert_non_null(skb);
		memcpy(skb_put(skb, HEAD), bytes, HEAD);
		assert_int_equal(pskb_pull(rest, HEAD), 0);
		skb->shinfo->frag_list = rest;
		skb->len += rest->len;
		skb->data_len += rest->len;
		if (pull)
			assert_int_equal(pskb_pull(skb, HEAD + 33), 0);
		else
			assert_int_equal(pskb_trim(skb, HEAD + 33), 0);
		assert_bytes(skb, pull ? HEAD + 33 : 0,
			     pull ? LEN - HEAD - 33 : HEAD + 33);
		consume_skb(skb);
	}
}

/* ---- segments --------------------------------------------------------- */

/* What skb_segment() makes of @skb, whose first @hlen bytes are headers. */
static void assert_segments(struct sk_buff *skb, u32 hlen, u32 mss)
{
	struct sk_buff *segs, *next;
	static u8 copy[LEN];
	u32 off = hlen, len;

	skb->mac_header = (u16)skb_headroom(skb);
	skb_pull(skb, hlen);
	skb->shinfo->gso_size = (u16)mss;
	segs = skb_segment(skb);
	assert_non_null(segs);
	assert_bytes(skb, hlen, LEN - hlen);	/* borrowed */
	for (; segs; segs = next, off += len) {
		next = segs->next;
		segs->next = NULL;
		len = min(mss, LEN - off);
		assert_int_equal(segs->len, hlen + len);
		assert_int_equal(skb_copy_bits(segs, 0, copy, segs->len), 0);
		assert_memory_equal(copy, bytes, hlen);
		assert_memory_equal(copy + hlen, bytes + off, len);
		consume_skb(segs);
	}
	assert_int_equal(off, LEN);
	consume_skb(skb);
}

static void segments_of_every_size_hold_every_byte(void **state)
{
	u32 mss;

	for (mss = 1; mss < LEN; mss += mss / 7 + 1) {
		assert_segments(in_pieces(*state), HEAD, mss);
		assert_segments(in_pieces(*state), HEAD - 40, mss);
	}
}

/* A whole segment at the start of a frame that nobody else holds is sent from
 * there; one whose frame is held otherwise leaves it as it is. */
static void segment_takes_the_frame_when_it_may(void **state)
{
	struct sk_buff *skb = in_pieces(*state), *segs, *next;
	struct skb_frag *frags = skb->shinfo->frags;
	u8 before[ROOM];
	u32 i;

	skb->mac_header = (u16)skb_headroom(skb);
	skb_pull(skb, HEAD);
	skb->shinfo->gso_size = PIECE;
	frags[2].frame->dataref++;		/* somebody else's too */
	memset(frags[2].frame->frame, 0x55, ROOM);
	memcpy(before, frags[2].frame->frame, ROOM);
	segs = skb_segment(skb);
	assert_non_null(segs);
	for (i = 0; segs; segs = next, i++) {
		next = segs->next;
		segs->next = NULL;
		assert_int_equal(segs->head == frags[i].frame->frame, i != 2);
		consume_skb(segs);
	}
	assert_int_equal(i, NR_PIECES);
	assert_memory_equal(frags[2].frame->frame, before, ROOM);
	frags[2].frame->dataref--;
	consume_skb(skb);
}

/* Who sent it is told when the last segment has gone, not before. */
static u32 destroyed;

static void note_destruction(struct sk_buff *skb)
{
	(void)skb;
	destroyed++;
}

static void sock_is_charged_until_the_last_segment_is_gone(void **state)
{
	struct sk_buff *skb = in_pieces(*state), *segs, *next;
	u32 truesize = skb->truesize;

	destroyed = 0;
	skb->destructor = note_destruction;
	skb->mac_header = (u16)skb_headroom(skb);
	skb_pull(skb, HEAD);
	skb->shinfo->gso_size = PIECE;
	segs = skb_segment(skb);
	assert_non_null(segs);
	consume_skb(skb);
	for (; segs; segs = next) {
		next = segs->next;
		segs->next = NULL;
		assert_int_equal(destroyed, 0);
		if (!next)
			assert_int_equal(segs->truesize, truesize);
		consume_skb(segs);
	}
	assert_int_equal(destroyed, 1);
}

/* A device that writes memory itself: frames by their number, up as they are,
 * home when nobody holds them. */
static void frame_that_a_device_wrote_becomes_a_packet(void **state)
{
	struct fx *f = *state;
	u32 used = frame_pool_used(f->net);
	struct skb_shared_info *head, *more;
	struct netdev_frames frames;
	struct sk_buff *skb;
	u32 nr;

	netdev_get_frames(f->dev, &frames);
	assert_int_equal((uintptr_t)frames.region % 4096, 0);
	head = netdev_alloc_frame(f->dev);
	more = netdev_alloc_frame(f->dev);
	nr = netdev_frame_nr(&frames, head);
	assert_in_range(nr, 0, frames.nr_frames - 1);
	assert_ptr_equal(netdev_frame(&frames, nr), head);
	assert_ptr_equal(head->frame,
			 frames.region + (size_t)nr * frames.frame_size);
	memset(head->frame + 258, 0x11, 100);
	memset(more->frame + 2, 0x22, 50);
	skb = napi_build_skb(f->dev, head, 258, 100);
	assert_ptr_equal(skb->data, head->frame + 258);
	assert_ptr_equal(skb->dev, f->dev);
	assert_int_equal(skb_add_frag(skb, more, 2, 50), 0);
	assert_int_equal(skb->len, 150);
	netdev_frame_get(more);		/* as if it were being sent too */
	consume_skb(skb);
	assert_int_equal(frame_pool_used(f->net), used + 1);
	netdev_frame_put(more);
	assert_int_equal(frame_pool_used(f->net), used);
}

static void frame_without_a_header_goes_home(void **state)
{
	struct fx *f = *state;
	u32 used = frame_pool_used(f->net), nr = 0;
	struct skb_shared_info *frame = netdev_alloc_frame(f->dev);
	struct sk_buff *hoard[600];

	mem_fail_nth(&f->net->mem, 1);	/* the next slab of headers */
	while (nr < 600 && (hoard[nr] = alloc_skb(f->net, 100)))
		nr++;
	mem_fail_nth(&f->net->mem, 1);
	assert_null(napi_build_skb(f->dev, frame, 258, 100));
	mem_fail_nth(&f->net->mem, 0);
	while (nr)
		consume_skb(hoard[--nr]);
	assert_int_equal(frame_pool_used(f->net), used);
}

/* Header and frame come back together, as if nobody had ever used them. */
static void freed_packet_comes_back_clean(void **state)
{
	static const struct sk_buff none;
	struct fx *f = *state;
	struct sk_buff *skb = alloc_skb(f->net, 100), *again;
	struct skb_shared_info *frame = skb->shinfo;

	skb_reserve(skb, 40);
	skb_put(skb, 60);
	memset(skb->cb, 1, sizeof(skb->cb));
	skb->mark = skb->csum = skb->hash = 1;
	frame->gso_size = frame->gso_segs = 2;
	frame->tskey = 3;
	consume_skb(skb);
	assert_int_equal(skb_pool_used(f->net), 0);
	assert_int_equal(frame_pool_used(f->net), 0);
	again = alloc_skb(f->net, 100);
	assert_ptr_equal(again, skb);
	assert_ptr_equal(again->shinfo, frame);
	assert_ptr_equal(again->data, again->head);
	assert_int_equal(again->len | again->tail | again->mark, 0);
	assert_int_equal(again->csum | again->hash, 0);
	assert_memory_equal(again->cb, none.cb, sizeof(none.cb));
	assert_int_equal(frame->gso_size | frame->gso_segs | frame->tskey, 0);
	consume_skb(again);
}

/* A frame that a clone, or a packet it is a piece of, still holds is not given
 * to the next. */
static void freed_packet_leaves_its_frame_to_others(void **state)
{
	struct fx *f = *state;
	struct sk_buff *skb = alloc_skb(f->net, 100), *clone = skb_clone(skb);
	struct skb_shared_info *frame = skb->shinfo;
	struct sk_buff *next, *whole = alloc_skb(f->net, 100);

	consume_skb(skb);
	next = alloc_skb(f->net, 100);
	assert_ptr_not_equal(next->shinfo, frame);
	assert_int_equal(skb_add_frag_ref(whole, next->shinfo, 0, 10), 0);
	frame = next->shinfo;
	consume_skb(next);
	next = alloc_skb(f->net, 100);
	assert_ptr_not_equal(next->shinfo, frame);
	consume_skb(whole);
	consume_skb(clone);
	consume_skb(next);
}

/* A softnet must not keep the whole pool to itself. */
static void freed_packets_are_kept_up_to_a_bound(void **state)
{
	struct fx *f = *state;
	const struct softnet_data *sd = f->net->softnets;
	const u32 most = f->net->pool.cache_max;
	struct sk_buff_head q;
	u32 i;

	skb_queue_head_init(&q);
	for (i = 0; i < 4 * most; i++)
		__skb_queue_tail(&q, alloc_skb(f->net, 100));
	skb_queue_purge_reason(&q, SKB_DROP_REASON_NOT_SPECIFIED);
	assert_in_range(sd->nr_skb_whole, 1, most);
	assert_in_range(sd->frames.nr, 0, most);
	assert_true(f->net->pool.nr_free >=
		    f->net->pool.nr_frames - 2 * most);
}

/* The numbers that the packets of @q have, from @nr on, both ways. */
static void queue_holds(const struct sk_buff_head *q, u32 nr, u32 n)
{
	const struct sk_buff *skb;
	u32 i = 0;

	assert_int_equal(q->qlen, n);
	skb_queue_walk(q, skb)
		assert_int_equal(skb->mark, nr + i++);
	assert_int_equal(i, n);
	for (skb = q->prev; skb != (const struct sk_buff *)q; skb = skb->prev)
		assert_int_equal(skb->mark, nr + --i);
	assert_int_equal(i, 0);
}

static void first_of_a_queue_move_behind_another(void **state)
{
	struct fx *f = *state;
	struct sk_buff_head from, to;
	struct sk_buff *skb, *last;
	u32 nr, n, moved = 0;

	skb_queue_head_init(&from);
	skb_queue_head_init(&to);
	for (nr = 0; nr < 10; nr++) {
		skb = alloc_skb(f->net, 100);
		skb->mark = nr;
		__skb_queue_tail(&from, skb);
	}
	for (n = 1; n <= 4; n++) {
		for (last = from.next, nr = 1; nr < n; nr++)
			last = last->next;
		skb_queue_move_first(&from, last, n, &to);
		moved += n;
		queue_holds(&to, 0, moved);
		queue_holds(&from, moved, 10 - moved);
	}
	assert_true(skb_queue_empty(&from));
	skb_queue_purge_reason(&to, SKB_DROP_REASON_NOT_SPECIFIED);
}

#define T(t) cmocka_unit_test_setup_teardown(t, fx_setup, fx_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(trimmed_at_every_length),
		T(pulled_by_every_length),
		T(pulled_and_trimmed_in_turns),
		T(clone_keeps_what_is_cut_off_the_other),
		T(list_of_packets_is_cut_too),
		T(segments_of_every_size_hold_every_byte),
		T(segment_takes_the_frame_when_it_may),
		T(sock_is_charged_until_the_last_segment_is_gone),
		T(frame_that_a_device_wrote_becomes_a_packet),
		T(frame_without_a_header_goes_home),
		T(freed_packet_comes_back_clean),
		T(freed_packet_leaves_its_frame_to_others),
		T(freed_packets_are_kept_up_to_a_bound),
		T(first_of_a_queue_move_behind_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
