/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sequence counters: readers of a few words never wait and never write; they
 * try again when a writer came between. Writers exclude one another by a lock
 * of their own. The guarded words are accessed by READ_ONCE and WRITE_ONCE.
 */
#ifndef INET_LIB_SEQLOCK_H
#define INET_LIB_SEQLOCK_H

#include <string.h>

#include "lib/compiler.h"

typedef struct seqcount {
	u32 sequence;	/* odd while a writer is at work */
} seqcount_t;

static inline void seqcount_init(seqcount_t *s)
{
	s->sequence = 0;
}

/* The fence that orders plain accesses on both sides of the counter. */
static inline void seqcount_fence_(seqcount_t *s __maybe_unused, int order)
{
#if INET_TSAN
	/* ThreadSanitizer does not see fences: a no-op on the counter. */
	(void)order;
	__atomic_fetch_add(&s->sequence, 0, __ATOMIC_ACQ_REL);
#else
	__atomic_thread_fence(order);
#endif
}

static inline void write_seqcount_begin(seqcount_t *s)
{
	WRITE_ONCE(s->sequence, READ_ONCE(s->sequence) + 1);
	seqcount_fence_(s, __ATOMIC_RELEASE);
}

static inline void write_seqcount_end(seqcount_t *s)
{
	smp_store_release(&s->sequence, READ_ONCE(s->sequence) + 1);
}

/* Return: the sequence to give to read_seqcount_retry(). */
static inline u32 read_seqcount_begin(const seqcount_t *s)
{
	u32 seq;

	while (unlikely((seq = smp_load_acquire(&s->sequence)) & 1))
		cpu_relax();
	return seq;
}

/* Return: true when what was read since begin must be read again. */
static inline bool read_seqcount_retry(const seqcount_t *s, u32 seq)
{
	seqcount_fence_((seqcount_t *)s, __ATOMIC_ACQUIRE);
	return unlikely(READ_ONCE(s->sequence) != seq);
}

/* Words that readers copy while a writer may change them. */
typedef u64 __attribute__((may_alias)) seq_word_t;

/* Copies @n guarded words out, to anywhere. Context: reader or writer. */
static inline void seq_words_read(void *to, const seq_word_t *from, unsigned n)
{
	u64 word;

	for (unsigned i = 0; i < n; i++) {
		word = READ_ONCE(from[i]);
		memcpy((u8 *)to + i * sizeof(word), &word, sizeof(word));
	}
}

/* Copies @n words from anywhere in. Context: writer. */
static inline void seq_words_write(seq_word_t *to, const void *from, unsigned n)
{
	u64 word;

	for (unsigned i = 0; i < n; i++) {
		memcpy(&word, (const u8 *)from + i * sizeof(word), sizeof(word));
		WRITE_ONCE(to[i], word);
	}
}

#endif /* INET_LIB_SEQLOCK_H */
