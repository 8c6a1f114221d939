/* SPDX-License-Identifier: BSD-2-Clause */
/* One direction of a wire: ring, heap of delayed frames, their buffers. */
#include "wire_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_SEC 1000000000ull
#define BUF_ROOM 2048u		/* buffers are at least this big */
#define HEAP_FIRST 64u
/* One frame may bring its duplicates beyond the limit. */
#define HEAP_MOST (WIRE_MAX_IN_FLIGHT + INET_FAULT_MAX_COPIES)

/* Frames of the process, not of a stack: a wire outlives each of its ends. */
static int ring_init(struct spsc_ring *r, u32 size)
{
	*r = (struct spsc_ring){ .mask = size - 1 };
	r->slots = calloc(size, sizeof(*r->slots));
	return r->slots ? 0 : -ENOMEM;
}

/* Chooses between the ring and the locked road. Under the lock. */
static void choose_road(struct wire_queue *q)
{
	const struct inet_fault_config *c = &q->faults.config;
	bool slow = q->nr_heap || c->partition || !fault_config_none(c);

	WRITE_ONCE(q->slow, slow);
	WRITE_ONCE(q->holds, c->rate_bps && !c->queue_bytes);
}

/* The heap grows when it is needed. */
int wire_queue_init(struct wire_queue *q, u32 ring_frames,
		    const struct inet_fault_config *faults)
{
	int err = fault_init(&q->faults, faults);

	if (err)
		return err;
	lock_init(&q->lock, true);
	q->ring_frames = ring_frames;
	choose_road(q);
	if (ring_init(&q->ring, ring_frames) ||
	    ring_init(&q->spare, ring_frames)) {
		wire_queue_destroy(q);
		return -ENOMEM;
	}
	return 0;
}

/* Frees what is still inside; also a half made queue. */
void wire_queue_destroy(struct wire_queue *q)
{
	void *entry;

	if (q->ring.slots)
		while ((entry = spsc_ring_consume(&q->ring)))
			free(wire_entry_buf(entry));
	if (q->spare.slots)
		while ((entry = spsc_ring_consume(&q->spare)))
			free(entry);
	while (q->nr_heap)
		free(q->heap[--q->nr_heap]);
	free(q->heap);
	free(q->ring.slots);
	free(q->spare.slots);
}

/* Frames under way keep their fate. */
int wire_queue_set_faults(struct wire_queue *q,
			  const struct inet_fault_config *faults)
{
	int err;

	spin_lock(&q->lock);
	err = fault_change(&q->faults, faults);
	choose_road(q);
	spin_unlock(&q->lock);
	return err;
}

/* Changes one member of the faults. */
void wire_queue_partition(struct wire_queue *q, bool on)
{
	spin_lock(&q->lock);
	q->faults.config.partition = on;
	choose_road(q);
	spin_unlock(&q->lock);
}

/* Copies under the lock. */
void wire_queue_counters(struct wire_queue *q, struct inet_fault_counters *c)
{
	spin_lock(&q->lock);
	*c = q->faults.counters;
	spin_unlock(&q->lock);
}

/* ---- buffers ---------------------------------------------------------- */

/* From the spares; one that is too small is replaced. */
struct wire_buf *wire_buf_get(struct wire_queue *q, u32 len)
{
	struct wire_buf *buf = spsc_ring_consume(&q->spare);
	u32 room = max(len + INET_FAULT_MAX_PAD, BUF_ROOM);

	if (likely(buf && buf->room >= room))
		return buf;
	free(buf);
	buf = malloc(sizeof(*buf) + room);
	if (buf)
		buf->room = room;
	return buf;
}

void wire_buf_put(struct wire_queue *q, struct wire_buf *buf)
{
	if (!spsc_ring_produce(&q->spare, buf))
		free(buf);
}

/* ---- the heap --------------------------------------------------------- */

static bool earlier(const struct wire_buf *a, const struct wire_buf *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns :
					a->seq < b->seq;
}

/* Makes room for one more. Return: false when memory is short. */
static bool heap_grow(struct wire_queue *q)
{
	u32 size = q->heap_size ? q->heap_size * 2 : HEAP_FIRST;
	struct wire_buf **heap;

	if (q->nr_heap < q->heap_size)
		return true;
	size = min(size, HEAP_MOST);
	if (size <= q->nr_heap)
		return false;
	heap = reallocarray(q->heap, size, sizeof(struct wire_buf *));
	if (!heap)
		return false;
	q->heap = heap;
	q->heap_size = size;
	return true;
}

/* Adds @buf; there is room. */
static void heap_push(struct wire_queue *q, struct wire_buf *buf)
{
	u32 i = q->nr_heap++;

	while (i && earlier(buf, q->heap[(i - 1) / 2])) {
		q->heap[i] = q->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	q->heap[i] = buf;
}

/* Takes the earliest; there is one. */
static struct wire_buf *heap_pop(struct wire_queue *q)
{
	struct wire_buf *first = q->heap[0], *last = q->heap[--q->nr_heap];
	u32 i = 0, child;

	while ((child = 2 * i + 1) < q->nr_heap) {
		if (child + 1 < q->nr_heap &&
		    earlier(q->heap[child + 1], q->heap[child]))
			child++;
		if (!earlier(q->heap[child], last))
			break;
		q->heap[i] = q->heap[child];
		i = child;
	}
	q->heap[i] = last;
	return first;
}

/* ---- frames that come later ------------------------------------------- */

/* Frames that the heap takes: without a queue limit a slow link has a ring
 * like a device, and its sender waits. */
static u32 heap_limit(const struct wire_queue *q)
{
	return q->holds ? q->ring_frames : WIRE_MAX_IN_FLIGHT;
}

/* What the rate will take: the link's next idle moment says it. */
u64 wire_queue_backlog(struct wire_queue *q, u64 now_ns, u64 *drain_ns)
{
	u64 bytes = 0;

	*drain_ns = 0;
	spin_lock(&q->lock);
	if (q->holds && q->faults.busy_until_ns > now_ns) {
		*drain_ns = q->faults.busy_until_ns - now_ns;
		bytes = *drain_ns * q->faults.config.rate_bps /
				(8 * NS_PER_SEC) + 1;
	}
	spin_unlock(&q->lock);
	return bytes;
}

/* Queues copy @n of a frame. Under the lock. Return: false: memory is short. */
static bool delay_copy(struct wire_queue *q, const struct fault_verdict *v,
		       u32 n, const struct wire_source *frame)
{
	struct wire_buf *buf = wire_buf_get(q, frame->len);

	if (!buf)
		return false;
	if (!heap_grow(q)) {
		free(buf);
		return false;
	}
	if (frame->skb)
		skb_copy_bits(frame->skb, 0, buf->data, frame->len);
	else
		memcpy(buf->data, frame->bytes, frame->len);
	buf->len = frame->len;
	if (n == 0 && v->damage)
		buf->len = fault_damage(&q->faults, v, buf->data, buf->len);
	buf->due_ns = v->due_ns[n];
	buf->seq = q->seq++;
	heap_push(q, buf);
	return true;
}

/* Nothing is decided when there is no room: the sender comes again. */
enum wire_delay wire_queue_delay(struct wire_queue *q, u64 now_ns,
				 const struct wire_source *frame)
{
	enum wire_delay ret = WIRE_DELAY_DONE;
	struct fault_verdict v;
	u64 next_ns;

	spin_lock(&q->lock);
	if (q->nr_heap >= heap_limit(q)) {
		spin_unlock(&q->lock);
		return WIRE_DELAY_FULL;
	}
	next_ns = q->nr_heap ? q->heap[0]->due_ns : U64_MAX;
	fault_decide(&q->faults, now_ns, frame->len, &v);
	for (u32 n = 0; n < v.nr_copies; n++)
		if (!delay_copy(q, &v, n, frame))
			break;
	if (q->nr_heap && q->heap[0]->due_ns < next_ns)
		ret = WIRE_DELAY_RING;
	choose_road(q);
	spin_unlock(&q->lock);
	return ret;
}

/* When the heap is empty and there are no faults the ring takes over. */
u32 wire_queue_due(struct wire_queue *q, u64 now_ns, struct wire_buf **bufs,
		   u32 max)
{
	u32 nr = 0;

	spin_lock(&q->lock);
	while (nr < max && q->nr_heap && q->heap[0]->due_ns <= now_ns)
		bufs[nr++] = heap_pop(q);
	if (!q->nr_heap)
		choose_road(q);
	spin_unlock(&q->lock);
	return nr;
}

/* Looks under the lock. */
u64 wire_queue_next(struct wire_queue *q)
{
	u64 next_ns = U64_MAX;

	spin_lock(&q->lock);
	if (q->nr_heap)
		next_ns = q->heap[0]->due_ns;
	spin_unlock(&q->lock);
	return next_ns;
}

/* The sender may run meanwhile. */
u32 wire_queue_flush(struct wire_queue *q)
{
	u32 nr;

	spin_lock(&q->lock);
	nr = q->nr_heap;
	while (q->nr_heap)
		free(q->heap[--q->nr_heap]);
	choose_road(q);
	spin_unlock(&q->lock);
	return nr;
}

/* At half, so that a stop is worth its price. */
bool wire_queue_may_wake(struct wire_queue *q, bool own)
{
	struct spsc_ring *r = &q->ring;
	u32 used;

	/* Pairs with the producer, who writes it and then looks at the ring:
	 * either it sees our progress or we see its flag. */
	if (likely(!(own ? READ_ONCE(q->stopped) :
		     __atomic_fetch_or(&q->stopped, 0, __ATOMIC_ACQ_REL))))
		return false;
	used = smp_load_acquire(&r->producer.head) -
	       smp_load_acquire(&r->consumer.tail);
	used += wire_queue_large(q) * (WIRE_LARGE_FRAMES - 1);
	if (used > q->ring_frames / 2)
		return false;
	if (READ_ONCE(q->slow)) {
		bool crowded;

		spin_lock(&q->lock);
		crowded = q->nr_heap > heap_limit(q) / 2;
		spin_unlock(&q->lock);
		if (crowded)
			return false;
	}
	return __atomic_exchange_n(&q->stopped, 0, __ATOMIC_ACQ_REL);
}
