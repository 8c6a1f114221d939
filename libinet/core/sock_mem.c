/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Socket memory: who holds which bytes, and the budgets tcp_mem and udp_mem.
 *
 * A budget has three marks, in pages. Below the first nobody is bothered.
 * Above it a datagram socket gets no more than its guaranteed minimum; TCP
 * goes on, but above the second mark it is under pressure, until the first is
 * reached again, and a sock gets no more than its share. Above the third mark
 * nobody gets anything, save a stream's writer whose buffer is full anyway:
 * he shall wait, not fail.
 */
#include "core/sock.h"
#include "core/snmp.h"

#define SK_MIN_GUARANTEE_UDP 4096

/* The three marks of the sock's budget, or NULL: no limit. */
static const s64 *sk_mem_limits(const struct sock *sk)
{
	struct net *net = sock_net(sk);

	switch (sk->sk_mem_id) {
	case PROTO_MEM_TCP:
		return net->ipv4.sysctl_tcp_mem;
	case PROTO_MEM_UDP:
		return net->ipv4.sysctl_udp_mem;
	default:
		return NULL;
	}
}

static s64 sk_mem_limit(const struct sock *sk, int i)
{
	const s64 *limits = sk_mem_limits(sk);

	return limits ? READ_ONCE(limits[i]) * SK_MEM_QUANTUM : INT64_MAX;
}

/* Adds to the budget's use. Return: the new value. */
static s64 sk_memory_allocated_add(const struct sock *sk, s64 n)
{
	return count_add(&sock_net(sk)->proto_mem[sk->sk_mem_id], n,
			 sk_smp(sk));
}

/* The part of the sockets of this protocol that this one may hold always. */
static s32 sk_mem_guarantee(const struct sock *sk, bool receive)
{
	const struct netns_ipv4 *v4 = &sock_net(sk)->ipv4;

	s32 knob;

	if (sk->sk_mem_id == PROTO_MEM_TCP)
		return (s32)(receive ? READ_ONCE(v4->sysctl_tcp_rmem[0]) :
				       READ_ONCE(v4->sysctl_tcp_wmem[0]));
	knob = receive ? READ_ONCE(v4->sysctl_udp_rmem_min) :
			 READ_ONCE(v4->sysctl_udp_wmem_min);
	return max(knob, SK_MIN_GUARANTEE_UDP);
}

/* Counted when it begins. */
static void sk_set_pressure(const struct sock *sk, bool on)
{
	struct net *net = sock_net(sk);
	bool *pressure = &net->proto_pressure[sk->sk_mem_id];

	if (READ_ONCE(*pressure) == on)
		return;
	WRITE_ONCE(*pressure, on);
	if (on && sk->sk_mem_id == PROTO_MEM_TCP)
		NET_INC_STATS(net, TCP_MEMORYPRESSURES);
}

void sk_stream_moderate_sndbuf(struct sock *sk)
{
	s32 val;

	if (sk->sk_userlocks & SOCK_SNDBUF_LOCK)
		return;
	val = min(sk->sk_sndbuf, sk_stream_held(sk) >> 1);
	WRITE_ONCE(sk->sk_sndbuf, max(val, SOCK_MIN_SNDBUF));
}

/* How many socks draw from the budget, this one among them. */
static u32 sk_count_once(struct sock *sk)
{
	u32 *nr = &sock_net(sk)->proto_sockets[sk->sk_mem_id];

	if (sk->sk_mem_counted)
		return READ_ONCE(*nr);
	sk->sk_mem_counted = true;
	return count_add(nr, 1, sk_smp(sk));
}

/* Not more than its share of the budget? */
static bool sk_mem_fair(const struct sock *sk, u32 nr)
{
	s64 mine = (s64)sk->sk_wmem_queued + sk_rmem_alloc_get(sk) +
		   sk->sk_forward_alloc;

	return !sk_under_memory_pressure(sk) || mine * nr < sk_mem_limit(sk, 2);
}

/* Above the first mark: may this sock still have @size bytes? */
static bool sk_mem_allowed(struct sock *sk, s32 size, bool receive,
			   s64 allocated, u32 nr)
{
	bool stream = sk->sk_type == SOCK_STREAM;
	s32 held = sk_rmem_alloc_get(sk);

	if (!receive)
		held = stream ? sk->sk_wmem_queued : sk_wmem_alloc_get(sk);
	if (allocated > sk_mem_limit(sk, 1))
		sk_set_pressure(sk, true);
	if (allocated <= sk_mem_limit(sk, 2) &&
	    (held < sk_mem_guarantee(sk, receive) ||
	     (sk->sk_mem_id == PROTO_MEM_TCP && sk_mem_fair(sk, nr))))
		return true;
	if (receive || !stream)
		return false;
	sk_stream_moderate_sndbuf(sk);
	return sk_stream_held(sk) + size >= sk->sk_sndbuf;
}

/* forward_alloc is too small: takes quanta out of the budget. */
bool __sk_mem_schedule(struct sock *sk, s32 size, bool receive)
{
	s32 amount = ALIGN(size - sk->sk_forward_alloc, SK_MEM_QUANTUM);
	s64 allocated = sk_memory_allocated_add(sk, amount);
	u32 nr = sk_count_once(sk);

	sk_forward_alloc_add(sk, amount);
	if (likely(allocated <= sk_mem_limit(sk, 0))) {
		sk_set_pressure(sk, false);
		return true;
	}
	if (sk_mem_allowed(sk, size, receive, allocated, nr))
		return true;
	sk_forward_alloc_add(sk, -amount);
	sk_memory_allocated_add(sk, -amount);
	return false;
}

void sk_forced_mem_schedule(struct sock *sk, s32 size)
{
	s32 amount;

	if (!sk_has_account(sk) || size <= sk->sk_forward_alloc)
		return;
	amount = ALIGN(size - sk->sk_forward_alloc, SK_MEM_QUANTUM);
	sk_count_once(sk);
	sk_forward_alloc_add(sk, amount);
	sk_memory_allocated_add(sk, amount);
}

void __sk_mem_reclaim(struct sock *sk, s32 amount)
{
	s64 allocated;

	amount = ALIGN_DOWN(amount, SK_MEM_QUANTUM);
	sk_forward_alloc_add(sk, -amount);
	allocated = sk_memory_allocated_add(sk, -amount);
	if (sk_under_memory_pressure(sk) && allocated < sk_mem_limit(sk, 0))
		sk_set_pressure(sk, false);
}

/* ---- packets that are charged ----------------------------------------- */

void sock_rfree(struct sk_buff *skb)
{
	struct sock *sk = skb->sk;

	sk_count_add(sk, &sk->sk_rmem_alloc, -(s32)skb->truesize);
	sk_mem_uncharge(sk, (s32)skb->truesize);
}

void sock_rmem_free(struct sk_buff *skb)
{
	struct sock *sk = skb->sk;

	sk_count_add(sk, &sk->sk_rmem_alloc, -(s32)skb->truesize);
}

/* One unit stays charged while sk_write_space() looks at the sock. */
void sock_wfree(struct sk_buff *skb)
{
	struct sock *sk = skb->sk;
	s32 n = (s32)skb->truesize;

	if (sk->sk_type != SOCK_STREAM) {
		sk_count_add(sk, &sk->sk_wmem_alloc, 1 - n);
		sk->sk_write_space(sk);
		n = 1;
	}
	sk_wmem_free(sk, n);
}
