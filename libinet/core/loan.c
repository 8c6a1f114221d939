/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loans: see loan.h.
 *
 * A loan is a slot of a table of the stack; its number is the slot's and a
 * serial one that begins at random, so that a number that was given back, or
 * is another stack's, finds a slot that says something else. The table grows by
 * blocks, each twice the last one, and never moves.
 *
 * What is lent stays charged to its sock: a stream's window does not open and a
 * datagram socket's buffer has no more room before it is given back. Each loan
 * is charged to net.core.optmem_max besides, or a reader of single bytes could
 * make us keep any number of them for one packet.
 */
#include "core/loan.h"

#include <errno.h>

#include "core/net.h"
#include "lib/mem.h"
#include "lib/thread.h"

#define LOAN_SERIAL_MASK (U64_MAX >> LOAN_INDEX_BITS)

/* Bytes of optmem that a loan costs. */
#define LOAN_SIZE ((s32)sizeof(struct skb_loan))

static u32 loan_block_slots(u32 block)
{
	return LOAN_FIRST << block;
}

/* The slots of all blocks before @block. */
static u32 loan_block_start(u32 block)
{
	return loan_block_slots(block) - LOAN_FIRST;
}

static struct skb_loan *loan_slot(struct loan_table *t, u32 index)
{
	u32 block = 31 - (u32)__builtin_clz(index / LOAN_FIRST + 1);

	return &t->blocks[block][index - loan_block_start(block)];
}

/* One more block; its slots are free. Under the lock. */
static bool loan_table_grow(struct net *net)
{
	struct loan_table *t = &net->loans;
	u32 i, slots = loan_block_slots(t->nr_blocks);
	struct skb_loan *block;

	if (t->nr_blocks == LOAN_MAX_BLOCKS)
		return false;
	block = mem_calloc(&net->mem, slots, sizeof(*block));
	if (!block)
		return false;
	if (!t->nr_blocks)
		net_random_bytes(net, &t->serial, sizeof(t->serial));
	for (i = 0; i < slots; i++)
		block[i].next_free = i + 1 < slots ?
			loan_block_start(t->nr_blocks) + i + 2 : 0;
	t->free = loan_block_start(t->nr_blocks) + 1;
	t->blocks[t->nr_blocks++] = block;
	return true;
}

/* Under the lock. The slot's number waits in next_free. */
static struct skb_loan *loan_take_locked(struct net *net)
{
	struct loan_table *t = &net->loans;
	struct skb_loan *loan;
	u32 index;

	if (!t->free && !loan_table_grow(net))
		return NULL;
	index = t->free - 1;
	loan = loan_slot(t, index);
	t->free = loan->next_free;
	loan->next_free = index;
	return loan;
}

/* Under the lock. */
static void loan_give_locked(struct loan_table *t, struct skb_loan *loan,
			     u32 index)
{
	loan->frames = 0;
	loan->next_free = t->free;
	t->free = index + 1;
}

int skb_loan_begin(struct sock *sk, struct skb_loan **loan)
{
	struct net *net = sock_net(sk);

	if (sk_count_add(sk, &sk->sk_omem_alloc, LOAN_SIZE) <=
	    READ_ONCE(net->sysctl_optmem_max)) {
		spin_lock(&net->loans.lock);
		*loan = loan_take_locked(net);
		spin_unlock(&net->loans.lock);
		if (*loan)
			return 0;
	}
	sk_count_add(sk, &sk->sk_omem_alloc, -LOAN_SIZE);
	return -ENOBUFS;
}

void skb_loan_cancel(struct skb_loan *loan, struct sock *sk)
{
	struct loan_table *t = &sock_net(sk)->loans;

	spin_lock(&t->lock);
	loan_give_locked(t, loan, loan->next_free);
	spin_unlock(&t->lock);
	sk_count_add(sk, &sk->sk_omem_alloc, -LOAN_SIZE);
}

u64 skb_loan_commit(struct skb_loan *loan, struct sock *sk,
		    const struct skb_lender *l)
{
	struct loan_table *t = &sock_net(sk)->loans;
	u64 frames;

	sock_hold(sk);
	spin_lock(&t->lock);
	t->nr_out++;
	t->serial = (t->serial + 1) & LOAN_SERIAL_MASK;
	if (!t->serial)
		t->serial = 1;
	frames = t->serial << LOAN_INDEX_BITS | loan->next_free;
	loan->frames = frames;
	loan->sk = sk;
	loan->list = l->list;
	loan->part = l->part;
	spin_unlock(&t->lock);
	return frames;
}

void skb_loan_free(struct skb_loan *loan)
{
	struct sk_buff *skb, *next;

	for (skb = loan->list; skb; skb = next) {
		next = skb->next;
		skb->next = NULL;
		consume_skb(skb);
	}
	consume_skb(loan->part);
}

/* Takes loan @frames out of the table into @loan. */
static bool loan_find(struct loan_table *t, u64 frames, struct skb_loan *loan)
{
	u32 index = (u32)frames & ((1u << LOAN_INDEX_BITS) - 1);
	struct skb_loan *slot;
	bool found = false;

	spin_lock(&t->lock);
	if (frames && index < loan_block_start(t->nr_blocks)) {
		slot = loan_slot(t, index);
		found = slot->frames == frames;
		if (found) {
			*loan = *slot;
			loan_give_locked(t, slot, index);
			t->nr_out--;
			__atomic_fetch_add(&t->nr_inside, 1, __ATOMIC_RELAXED);
		}
	}
	spin_unlock(&t->lock);
	return found;
}

int skb_loan_return(struct net *net, u64 frames)
{
	struct skb_loan loan;
	struct sock *sk;

	if (!loan_find(&net->loans, frames, &loan))
		return net_error(net, -EINVAL, "inet_frames_put: %llu: no such "
				 "loan", (unsigned long long)frames);
	sk = loan.sk;
	sk->sk_prot->frames_put(sk, &loan);
	sk_count_add(sk, &sk->sk_omem_alloc, -LOAN_SIZE);
	sock_put(sk);
	__atomic_fetch_sub(&net->loans.nr_inside, 1, __ATOMIC_RELEASE);
	return 0;
}

void skb_loans_return(struct net *net)
{
	struct loan_table *t = &net->loans;
	u32 i;

	while (__atomic_load_n(&t->nr_inside, __ATOMIC_ACQUIRE))
		thread_yield();
	for (i = 0; i < loan_block_start(t->nr_blocks) && t->nr_out; i++)
		if (loan_slot(t, i)->frames)
			(void)skb_loan_return(net, loan_slot(t, i)->frames);
}

void skb_loans_exit(struct net *net)
{
	struct loan_table *t = &net->loans;

	inet_assert(!t->nr_out);
	while (t->nr_blocks) {
		t->nr_blocks--;
		mem_free(&net->mem, t->blocks[t->nr_blocks],
			 loan_block_slots(t->nr_blocks) *
			 sizeof(struct skb_loan));
	}
}

/* ---- what lends -------------------------------------------------------- */

/* One piece of a packet; false: there is no room to tell of it. */
static bool lend_piece(const u8 *p, u32 len, void *arg)
{
	struct skb_lender *l = arg;

	if (l->nr == l->max)
		return false;
	l->iov[l->nr++] = (struct iovec){ (void *)(uintptr_t)p, len };
	return true;
}

u32 skb_lend(struct skb_lender *l, const struct sk_buff *skb, u32 off, u32 len)
{
	u32 from = l->nr, told = 0;

	(void)skb_walk(skb, off, len, lend_piece, l);
	for (; from < l->nr; from++)
		told += (u32)l->iov[from].iov_len;
	return told;
}

void sock_lend_datagram(struct sock *sk, struct skb_lender *l,
			struct sk_buff *skb)
{
	spin_lock(&sk->sk_queue_lock);
	sk_forced_mem_schedule(sk, (s32)skb->truesize);
	skb_set_owner_r(skb, sk);
	spin_unlock(&sk->sk_queue_lock);
	skb_lender_take(l, skb);
}

void sock_frames_put(struct sock *sk, struct skb_loan *loan)
{
	struct sk_buff *skb;

	spin_lock(&sk->sk_queue_lock);
	for (skb = loan->list; skb; skb = skb->next)
		skb_orphan(skb);
	if (!sk_rmem_alloc_get(sk))
		sk_mem_reclaim(sk);
	spin_unlock(&sk->sk_queue_lock);
	skb_loan_free(loan);
}
