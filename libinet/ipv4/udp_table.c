/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP's ports and the way from a datagram to its socket.
 *
 * Theory of operation. Three tables, each of 65,536 chains in pages that are
 * made when first needed, so that a stack with two sockets is small and one
 * with 100,000 has chains as short as before:
 *
 *	ports	by local port, exactly: who has it. Read and written under the
 *		table's lock, for bind() only.
 *	addrs	by (local address, local port), keyed: sockets without a peer.
 *	flows	by the whole 4-tuple, keyed: connected sockets.
 *
 * A datagram is looked for in flows, then in addrs with its destination, then
 * in addrs with the wildcard; all three under RCU. A connected socket is not
 * in addrs: ten thousand peers of one server port cost the newcomer nothing.
 * Within a chain Linux's scores decide: a device asked for counts more than
 * none, and what was bound last wins a tie; sockets with SO_REUSEPORT share by
 * a keyed hash of the flow, which changes only when the group does.
 *
 * A reader may stand on a socket while it moves to another chain and so miss
 * those behind it. Every move counts in `moves`; a lookup that sees the number
 * changed looks again, whatever it found, in the end under the table's lock.
 * Only a multicast that arrives at that moment may miss a socket.
 *
 * Free ports are found from a random start in random strides (RFC 6056 3.3.2),
 * both fresh for each bind() and secret. Unlike Linux bind(0) never answers
 * with a port that is in use, not even when SO_REUSEADDR would allow to.
 */
#include "ipv4/udp.h"

#include <errno.h>

#include "ipv4/igmp.h"
#include "ipv4/inet_common.h"
#include "lib/byteorder.h"
#include "lib/jhash.h"
#include "lib/mem.h"
#include "lib/points.h"
#include "lib/random.h"
#include "wire/ipv4.h"

#define UDP_PAGE_BITS 8
#define UDP_PAGE_SIZE (1u << UDP_PAGE_BITS)
#define UDP_NR_PAGES 256
#define UDP_LOOKUP_TRIES 3	/* without the lock, when sockets keep moving */

struct udp_page {
	struct hlist_head chain[UDP_PAGE_SIZE];
};

/* 65,536 chains. Pages are published once and stay until the end. */
struct udp_chains {
	struct udp_page *page[UDP_NR_PAGES];
};

struct udp_table {
	struct inet_lock lock;		/* guards all; a leaf */
	u32 moves;			/* atomic; see sk_join_chain() */
	u32 nr_flows;			/* sockets in flows */
	struct udp_chains ports, addrs, flows;
};

/* ---- chains ----------------------------------------------------------- */

/* NULL: no socket was ever there. */
static struct hlist_head *udp_chain_find(struct udp_chains *c, u32 hash)
{
	struct udp_page *page =
		rcu_dereference(c->page[hash >> UDP_PAGE_BITS &
					(UDP_NR_PAGES - 1)]);

	return page ? &page->chain[hash & (UDP_PAGE_SIZE - 1)] : NULL;
}

/* The same, made when missing. NULL: no memory. Context: table lock. */
static struct hlist_head *udp_chain_get(struct net *net, struct udp_chains *c,
					u32 hash)
{
	struct udp_page **slot =
		&c->page[hash >> UDP_PAGE_BITS & (UDP_NR_PAGES - 1)];
	struct udp_page *page = *slot;

	if (!page) {
		page = mem_zalloc(&net->mem, sizeof(*page));
		if (!page)
			return NULL;
		rcu_assign_pointer(*slot, page);
	}
	return &page->chain[hash & (UDP_PAGE_SIZE - 1)];
}

static void udp_chains_free(struct net *net, struct udp_chains *c)
{
	u32 i;

	for (i = 0; i < UDP_NR_PAGES; i++)
		mem_free(&net->mem, c->page[i], sizeof(*c->page[i]));
}

int udp_table_init(struct net *net)
{
	struct udp_table *t = mem_zalloc(&net->mem, sizeof(*t));

	if (!t)
		return -ENOMEM;
	lock_init(&t->lock, net->smp);
	net->ipv4.udp_table = t;
	return 0;
}

void udp_table_destroy(struct net *net)
{
	struct udp_table *t = net->ipv4.udp_table;

	if (!t)
		return;
	udp_chains_free(net, &t->ports);
	udp_chains_free(net, &t->addrs);
	udp_chains_free(net, &t->flows);
	mem_free(&net->mem, t, sizeof(*t));
	net->ipv4.udp_table = NULL;
}

static u32 udp_addr_hash(const struct net *net, __be32 addr, u16 port)
{
	return jhash_2words(addr, port, net->hash_secret);
}

static u32 udp_flow_hash(const struct net *net, const struct udp_flow *f)
{
	return jhash_3words(f->daddr, f->saddr,
			    (u32)f->dport << 16 | f->sport, net->hash_secret);
}

/* The flow whose datagrams a connected socket wants. */
static struct udp_flow udp_sk_flow(const struct sock *sk)
{
	return (struct udp_flow){
		.saddr = sk->sk_daddr,
		.daddr = sk->sk_rcv_saddr,
		.sport = sk->sk_dport,
		.dport = sk->sk_num,
	};
}

/* Which table a socket with these addresses belongs in. */
static bool udp_is_flow(__be32 rcv_saddr, __be32 daddr, __be16 dport)
{
	return rcv_saddr && daddr && dport;
}

/* Puts a socket that has its port into flows or addrs. False: no memory.
 * Context: table lock. */
static bool udp_hash_locked(struct udp_table *t, struct sock *sk)
{
	struct net *net = sock_net(sk);
	struct udp_sock *up = udp_sk(sk);
	struct udp_flow f = udp_sk_flow(sk);
	struct hlist_head *chain;

	if (udp_is_flow(sk->sk_rcv_saddr, sk->sk_daddr, sk->sk_dport)) {
		chain = udp_chain_get(net, &t->flows, udp_flow_hash(net, &f));
		if (!chain)
			return false;
		sk_join_chain(sk, &t->moves);
		hlist_add_head_rcu(&sk->sk_node, chain);
		up->flow_hashed = true;
		WRITE_ONCE(t->nr_flows, t->nr_flows + 1);
		return true;
	}
	chain = udp_chain_get(net, &t->addrs,
			      udp_addr_hash(net, sk->sk_rcv_saddr, sk->sk_num));
	if (!chain)
		return false;
	sk_join_chain(sk, &t->moves);
	hlist_add_head_rcu(&up->addr_node, chain);
	return true;
}

/* Takes it out again. Context: table lock. */
static void udp_unhash_locked(struct udp_table *t, struct sock *sk)
{
	struct udp_sock *up = udp_sk(sk);

	if (up->flow_hashed) {
		up->flow_hashed = false;
		hlist_del_init_rcu(&sk->sk_node);
		WRITE_ONCE(t->nr_flows, t->nr_flows - 1);
	}
	hlist_del_init_rcu(&up->addr_node);
}

/* ---- ports ------------------------------------------------------------ */

/* Would two sockets of one port hear the same datagrams? */
static bool udp_saddr_overlap(const struct sock *a, const struct sock *b)
{
	return !a->sk_rcv_saddr || !b->sk_rcv_saddr ||
	       a->sk_rcv_saddr == b->sk_rcv_saddr;
}

/* May @sk not have @port because of who has it? Context: table lock. */
static bool udp_port_conflict(struct udp_table *t, const struct sock *sk,
			      u16 port)
{
	struct hlist_head *chain = udp_chain_find(&t->ports, port);
	struct udp_sock *other;

	/* a forwarder's flow, of which there may be many, is in nobody's way */
	if (!chain || READ_ONCE(udp_sk(sk)->send_flags) & UDP_NOTES_SENT)
		return false;
	hlist_for_each_entry(other, chain, port_node) {
		const struct sock *sk2 = &other->inet.sk;

		if (sk2 == sk || (sk2->sk_reuse && sk->sk_reuse) ||
		    READ_ONCE(other->send_flags) & UDP_NOTES_SENT)
			continue;
		if (READ_ONCE(sk2->sk_bound_dev_if) &&
		    sk->sk_bound_dev_if &&
		    sk2->sk_bound_dev_if != sk->sk_bound_dev_if)
			continue;
		if (!udp_saddr_overlap(sk, sk2))
			continue;
		/* the group has been let in before: so is its next member */
		return !(sk2->sk_reuseport && sk->sk_reuseport);
	}
	return false;
}

/* Nobody has @port at all. Context: table lock. */
static bool udp_port_free(struct udp_table *t, struct sock *sk, u16 port)
{
	struct hlist_head *chain = udp_chain_find(&t->ports, port);

	return (!chain || hlist_empty(chain)) &&
	       !inet_is_local_reserved_port(sock_net(sk), port);
}

static u32 gcd(u32 a, u32 b)
{
	while (b) {
		u32 r = a % b;

		a = b;
		b = r;
	}
	return a;
}

/* A free port in the socket's range, 0: none. Context: table lock. */
static u16 udp_choose_port(struct udp_table *t, struct sock *sk)
{
	const struct inet_env *env = &sock_net(sk)->env;
	u32 n, at, stride, i;
	int low, high;

	inet_sk_get_local_port_range(sk, &low, &high);
	n = (u32)(high - low) + 1;
	at = get_random_u32_below(env, n);
	if (udp_port_free(t, sk, (u16)(low + (int)at)))
		return (u16)(low + (int)at);
	stride = n > 1 ? 1 + get_random_u32_below(env, n - 1) : 1;
	while (gcd(stride, n) != 1)	/* 1 has none in common with any */
		stride--;
	for (i = 1; i < n; i++) {
		at = (at + stride) % n;
		if (udp_port_free(t, sk, (u16)(low + (int)at)))
			return (u16)(low + (int)at);
	}
	return 0;
}

/* Context: table lock. */
static int udp_get_port_locked(struct udp_table *t, struct sock *sk, u16 port)
{
	struct hlist_head *chain;

	if (!port)
		port = udp_choose_port(t, sk);
	else if (udp_port_conflict(t, sk, port))
		return -EADDRINUSE;
	if (!port)
		return -EADDRINUSE;
	chain = udp_chain_get(sock_net(sk), &t->ports, port);
	if (!chain)
		return -ENOMEM;
	WRITE_ONCE(sk->sk_num, port);
	if (!udp_hash_locked(t, sk)) {
		WRITE_ONCE(sk->sk_num, 0);
		return -ENOMEM;
	}
	hlist_add_head(&udp_sk(sk)->port_node, chain);
	return 0;
}

int udp_v4_get_port(struct sock *sk, u16 port)
{
	struct udp_table *t = sock_net(sk)->ipv4.udp_table;
	int err;

	spin_lock(&t->lock);
	err = udp_get_port_locked(t, sk, port);
	spin_unlock(&t->lock);
	return err;
}

void udp_lib_unhash(struct sock *sk)
{
	struct udp_table *t = sock_net(sk)->ipv4.udp_table;

	spin_lock(&t->lock);
	if (!hlist_unhashed(&udp_sk(sk)->port_node)) {
		hlist_del_init(&udp_sk(sk)->port_node);
		udp_unhash_locked(t, sk);
		WRITE_ONCE(sk->sk_num, 0);
	}
	spin_unlock(&t->lock);
}

int udp_lib_set_addrs(struct sock *sk, __be32 rcv_saddr, __be32 daddr,
		      __be16 dport)
{
	struct udp_table *t = sock_net(sk)->ipv4.udp_table;
	struct udp_flow old = udp_sk_flow(sk);
	bool hashed, ok = true;

	spin_lock(&t->lock);
	hashed = !hlist_unhashed(&udp_sk(sk)->port_node);
	if (hashed)
		udp_unhash_locked(t, sk);
	WRITE_ONCE(sk->sk_rcv_saddr, rcv_saddr);
	WRITE_ONCE(sk->sk_daddr, daddr);
	WRITE_ONCE(sk->sk_dport, dport);
	if (hashed && !udp_hash_locked(t, sk)) {
		ok = false;
		WRITE_ONCE(sk->sk_rcv_saddr, old.daddr);
		WRITE_ONCE(sk->sk_daddr, old.saddr);
		WRITE_ONCE(sk->sk_dport, old.sport);
		/* the page it was in is still there: cannot fail */
		udp_hash_locked(t, sk);
	}
	spin_unlock(&t->lock);
	return ok ? 0 : -ENOMEM;
}

/* ---- lookup ----------------------------------------------------------- */

/*
 * How well @sk, bound to @laddr, fits: -1 not at all; higher is better. The
 * numbers are Linux's.
 */
static int udp_score(const struct sock *sk, const struct udp_flow *f,
		     __be32 laddr)
{
	__be32 daddr = READ_ONCE(sk->sk_daddr);
	__be16 dport = READ_ONCE(sk->sk_dport);
	int dev = READ_ONCE(sk->sk_bound_dev_if);
	int score = 2;

	if (READ_ONCE(sk->sk_num) != f->dport ||
	    READ_ONCE(sk->sk_rcv_saddr) != laddr)
		return -1;
	if ((daddr && daddr != f->saddr) || (dport && dport != f->sport) ||
	    (dev && dev != f->dif))
		return -1;
	return score + (daddr ? 4 : 0) + (dport ? 4 : 0) + (dev ? 4 : 0);
}

/* The best of the connected sockets of this very flow. */
static struct sock *udp_lookup_flow(struct net *net, struct udp_table *t,
				    const struct udp_flow *f)
{
	struct hlist_head *chain;
	struct sock *sk, *best = NULL;
	int score, best_score = 0;

	chain = udp_chain_find(&t->flows, udp_flow_hash(net, f));
	if (!chain)
		return NULL;
	INET_WALK(UDP);
	hlist_for_each_entry_rcu(sk, chain, sk_node) {
		INET_STEP(UDP);
		score = udp_score(sk, f, f->daddr);
		if (score > best_score) {
			best_score = score;
			best = sk;
		}
	}
	return best;
}

/* The @n-th socket of a group: those of one score that share the port. */
static struct sock *udp_reuseport_select(struct hlist_head *chain,
					 const struct udp_flow *f,
					 __be32 laddr, int score, u32 n)
{
	struct udp_sock *up;

	hlist_for_each_entry_rcu(up, chain, addr_node) {
		struct sock *sk = &up->inet.sk;

		if (sk->sk_reuseport && udp_score(sk, f, laddr) == score &&
		    n-- == 0)
			return sk;
	}
	return NULL;
}

/* The best of the sockets bound to (@laddr, port). */
static struct sock *udp_lookup_addr(struct net *net, struct udp_table *t,
				    const struct udp_flow *f, __be32 laddr)
{
	struct sock *best = NULL, *other;
	struct hlist_head *chain;
	struct udp_sock *up;
	int best_score = 0;
	u32 sharing = 0;

	chain = udp_chain_find(&t->addrs, udp_addr_hash(net, laddr, f->dport));
	if (!chain)
		return NULL;
	INET_WALK(UDP);
	hlist_for_each_entry_rcu(up, chain, addr_node) {
		struct sock *sk = &up->inet.sk;
		int score = udp_score(sk, f, laddr);

		INET_STEP(UDP);
		if (score > best_score) {
			best_score = score;
			best = sk;
			sharing = sk->sk_reuseport;
		} else if (best && score == best_score && sk->sk_reuseport) {
			sharing++;
		}
	}
	if (!best || !best->sk_reuseport || sharing < 2)
		return best;
	other = udp_reuseport_select(chain, f, laddr, best_score,
				     reciprocal_scale(udp_flow_hash(net, f),
						      sharing));
	return other ? other : best;
}

/* The first of the chains in which there is one. */
static struct sock *udp_lookup_chains(struct net *net, struct udp_table *t,
				      const struct udp_flow *f)
{
	struct sock *sk = NULL;

	if (READ_ONCE(t->nr_flows))
		sk = udp_lookup_flow(net, t, f);
	if (!sk)
		sk = udp_lookup_addr(net, t, f, f->daddr);
	if (!sk)
		sk = udp_lookup_addr(net, t, f, INADDR_ANY);
	return sk;
}

struct sock *udp4_lib_lookup(struct net *net, const struct udp_flow *f)
{
	struct udp_table *t = net->ipv4.udp_table;
	u32 moves, tries;
	struct sock *sk;

	for (tries = 0; tries < UDP_LOOKUP_TRIES; tries++) {
		moves = smp_load_acquire(&t->moves);
		sk = udp_lookup_chains(net, t, f);
		if (likely(READ_ONCE(t->moves) == moves))
			return sk;
	}
	spin_lock(&t->lock);
	sk = udp_lookup_chains(net, t, f);
	spin_unlock(&t->lock);
	return sk;
}

/* ---- multicast and broadcast ------------------------------------------ */

/* Is the datagram, sent to many, for this socket too? */
static bool udp_mcast_match(const struct sock *sk, const struct udp_flow *f,
			    __be32 laddr)
{
	return udp_score(sk, f, laddr) >= 0 &&
	       ip_mc_sf_allow(sk, f->daddr, f->saddr, f->dif);
}

/* Those bound to (@laddr, port). */
static u32 udp_mcast_addr(struct net *net, const struct udp_flow *f,
			  __be32 laddr,
			  void (*fn)(struct sock *sk, void *arg), void *arg)
{
	struct udp_table *t = net->ipv4.udp_table;
	struct hlist_head *chain;
	struct udp_sock *up;
	u32 n = 0;

	chain = udp_chain_find(&t->addrs, udp_addr_hash(net, laddr, f->dport));
	if (!chain)
		return 0;
	hlist_for_each_entry_rcu(up, chain, addr_node) {
		if (!udp_mcast_match(&up->inet.sk, f, laddr))
			continue;
		fn(&up->inet.sk, arg);
		n++;
	}
	return n;
}

u32 udp4_lib_for_each_mcast(struct net *net, const struct udp_flow *f,
			    void (*fn)(struct sock *sk, void *arg), void *arg)
{
	struct udp_table *t = net->ipv4.udp_table;
	struct hlist_head *chain;
	struct sock *sk;
	u32 n;

	n = udp_mcast_addr(net, f, f->daddr, fn, arg);
	n += udp_mcast_addr(net, f, INADDR_ANY, fn, arg);
	chain = udp_chain_find(&t->flows, udp_flow_hash(net, f));
	if (!chain)
		return n;
	hlist_for_each_entry_rcu(sk, chain, sk_node) {
		if (!udp_mcast_match(sk, f, f->daddr))
			continue;
		fn(sk, arg);
		n++;
	}
	return n;
}

void udp_for_each_sock(struct net *net,
		       void (*fn)(struct sock *sk, void *arg), void *arg)
{
	struct udp_table *t = net->ipv4.udp_table;
	struct hlist_head *chain;
	struct udp_sock *up;
	u32 port;

	spin_lock(&t->lock);
	for (port = 0; port <= 65535; port++) {
		chain = udp_chain_find(&t->ports, port);
		if (!chain)
			continue;
		hlist_for_each_entry(up, chain, port_node)
			fn(&up->inet.sk, arg);
	}
	spin_unlock(&t->lock);
}

/* ---- for tests -------------------------------------------------------- */

/* A bound socket is found in the one table it belongs in. */
static void udp_verify_sock(struct sock *sk, void *arg)
{
	const struct udp_sock *up = udp_sk(sk);
	u32 *bound = arg;

	inet_assert(sk->sk_num);
	inet_assert(up->flow_hashed ==
		    udp_is_flow(sk->sk_rcv_saddr, sk->sk_daddr, sk->sk_dport));
	inet_assert(up->flow_hashed == !hlist_unhashed(&sk->sk_node));
	inet_assert(up->flow_hashed == hlist_unhashed(&up->addr_node));
	(*bound)++;
}

/* Every chain of flows and addrs holds what hashes to it. Return: sockets. */
static u32 udp_verify_chains(struct net *net, const struct udp_table *t,
			     u32 *flows)
{
	const struct udp_page *flow_page, *addr_page;
	const struct udp_sock *up;
	const struct sock *sk;
	u32 i, at, n = 0;

	for (i = 0; i < 65536; i++) {
		flow_page = t->flows.page[i >> UDP_PAGE_BITS];
		addr_page = t->addrs.page[i >> UDP_PAGE_BITS];
		at = i & (UDP_PAGE_SIZE - 1);
		if (!flow_page && !addr_page) {
			i |= UDP_PAGE_SIZE - 1;
			continue;
		}
		if (flow_page)
			hlist_for_each_entry(sk, &flow_page->chain[at], sk_node) {
				struct udp_flow f = udp_sk_flow(sk);

				inet_assert((u16)udp_flow_hash(net, &f) == i);
				(*flows)++;
			}
		if (addr_page)
			hlist_for_each_entry(up, &addr_page->chain[at],
					     addr_node) {
				sk = &up->inet.sk;
				inet_assert((u16)udp_addr_hash(
					net, sk->sk_rcv_saddr, sk->sk_num) == i);
				n++;
			}
	}
	return n + *flows;
}

void udp_verify(struct net *net)
{
	const struct udp_table *t = net->ipv4.udp_table;
	u32 bound = 0, flows = 0;

	udp_for_each_sock(net, udp_verify_sock, &bound);
	inet_assert(udp_verify_chains(net, t, &flows) == bound);
	inet_assert(flows == t->nr_flows);
}
