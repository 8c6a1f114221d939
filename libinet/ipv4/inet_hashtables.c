/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables in which a transport finds its connections and ports.
 *
 * Readers of ehash and lhash2 are inside an RCU section and take no lock. An
 * entry is freed only after a grace period. A sock, though, may leave one chain
 * and join another while a reader stands on it (connect() or listen() after a
 * connection that ended): `moves` counts that, and a reader begins again who
 * may have been led astray. So does one who meets an entry without references:
 * another, its heir, may have its place in the chain by now. What a reader of
 * ehash does find is always right: it compares the whole key after it has a
 * reference.
 *
 * ehash grows to twice its size when it holds half as many entries as chains, so
 * that who looks for what is not there (each SYN does) seldom meets somebody
 * else's memory: all its locks are taken, every entry is moved, and ehash_seq
 * tells readers who found nothing meanwhile to look again.
 *
 * Ports. bhash says for each local port who uses it; connect() walks the
 * range of ephemeral ports from a place that depends on a keyed hash of the
 * peer (RFC 6056, algorithm 4, with the larger table and random steps that
 * CVE-2022-1012 taught), at most once around.
 */
#include "ipv4/inet_hashtables.h"

#include <errno.h>

#include "ipv4/inet_common.h"
#include "ipv4/inet_connection_sock.h"
#include "ipv4/inet_timewait_sock.h"
#include "ipv4/tcp.h"
#include "lib/jhash.h"
#include "lib/multilinear.h"

#define INET_EHASH_MAX (1u << 24)

/* ---- ehash ------------------------------------------------------------ */

/* The key's hash in this stack. */
u32 inet_ehashfn(const struct net *net, __be32 laddr, u16 lport, __be32 faddr,
		 __be16 fport)
{
	return multilinear_3words(inet_hashinfo(net)->ehash_secret, laddr, faddr,
				  (u32)lport << 16 | fport);
}

static u32 sk_ehashfn(const struct sock *sk)
{
	return inet_ehashfn(sock_net(sk), sk->sk_rcv_saddr, sk->sk_num,
			    sk->sk_daddr, sk->sk_dport);
}

static struct inet_lock *inet_ehash_lockp(struct inet_hashinfo *h, u32 hash)
{
	return &h->ehash_locks[hash & (INET_EHASH_LOCKS - 1)];
}

/* The chain of @hash. Context: its lock. */
static struct hlist_head *inet_ehash_chain(struct inet_hashinfo *h, u32 hash)
{
	struct inet_ehash_table *t = rcu_dereference_protected(h->ehash);

	return &t->chains[hash & t->mask];
}

static size_t ehash_size(u32 entries)
{
	return sizeof(struct inet_ehash_table) +
	       (size_t)entries * sizeof(struct hlist_head);
}

static struct inet_ehash_table *ehash_alloc(struct net *net, u32 entries)
{
	struct inet_ehash_table *t = mem_zalloc(&net->mem, ehash_size(entries));

	if (!t)
		return NULL;
	t->mask = entries - 1;
	t->net = net;
	return t;
}

static void ehash_free_rcu(struct rcu_head *head)
{
	struct inet_ehash_table *t =
		container_of(head, struct inet_ehash_table, rcu);

	mem_free(&t->net->mem, t, ehash_size(t->mask + 1));
}

/* Moves every entry. Context: all ehash_locks. */
static void ehash_move(struct inet_ehash_table *from,
		       struct inet_ehash_table *to)
{
	struct sock_common *skc;
	struct hlist_node *n;
	u32 i;

	for (i = 0; i <= from->mask; i++)
		hlist_for_each_entry_safe(skc, n, &from->chains[i], skc_node) {
			hlist_del_rcu(&skc->skc_node);
			hlist_add_head_rcu(&skc->skc_node,
					   &to->chains[skc->skc_hash & to->mask]);
		}
}

/* Replaces the table by one of @entries chains. Context: ehash_grow. */
unchecked_locking	/* all of an array of locks */
static int ehash_rehash(struct inet_hashinfo *h, u32 entries)
{
	struct inet_ehash_table *old = h->ehash;
	struct inet_ehash_table *t = ehash_alloc(h->net, entries);
	int i;

	if (!t)
		return -ENOMEM;
	for (i = 0; i < INET_EHASH_LOCKS; i++)
		spin_lock(&h->ehash_locks[i]);
	write_seqcount_begin(&h->ehash_seq);
	ehash_move(old, t);
	rcu_assign_pointer(h->ehash, t);
	write_seqcount_end(&h->ehash_seq);
	for (i = INET_EHASH_LOCKS - 1; i >= 0; i--)
		spin_unlock(&h->ehash_locks[i]);
	call_rcu(&h->net->rcu, &old->rcu, ehash_free_rcu);
	return 0;
}

int inet_ehash_resize(struct inet_hashinfo *h, u32 entries)
{
	int err = 0;

	entries = (u32)roundup_pow_of_two(clamp(entries, (u32)INET_EHASH_LOCKS,
						INET_EHASH_MAX));
	spin_lock(&h->ehash_grow);
	if (entries > h->ehash->mask + 1)
		err = ehash_rehash(h, entries);
	spin_unlock(&h->ehash_grow);
	return err;
}

/* One more entry: grows the table when it is due. */
static void ehash_added(struct inet_hashinfo *h)
{
	u32 n = count_add(&h->ehash_count, 1, lock_smp(&h->ehash_grow));
	u32 size = READ_ONCE(h->ehash)->mask + 1;

	/* without memory it stays as it is */
	if (unlikely(n > size / 2) ||
	    (size < INET_EHASH_MAX >> 12 && INET_BUGGIFY(EHASH_GROWS)))
		(void)inet_ehash_resize(h, size * 2);
}

/* Is it the connection of the key? Compared by words of two members each. Who
 * is leaving the table may lose its names at this moment. */
static bool inet_match(const struct sock_common *skc,
		       const struct inet_lookup *key)
{
	static_assert(offsetof(struct sock_common, skc_num) ==
		      offsetof(struct sock_common, skc_daddr) +
			      offsetof(struct inet_lookup, hnum),
		      "addresses and ports lie as in the key");
	u64 mine;
	u32 my_ports;
	int dif = READ_ONCE(skc->skc_bound_dev_if);

	memcpy_shared(&mine, &skc->skc_daddr, sizeof(mine));
	memcpy_shared(&my_ports, &skc->skc_dport, sizeof(my_ports));
	return key->addrs == mine && key->ports == my_ports &&
	       (!dif || dif == key->dif);
}

/*
 * One walk of the chain.
 *
 * Return: the entry, with a reference, or NULL: then *@end says whether the walk
 * came to an end, and *@lost is somebody whose reference has to be given back,
 * or NULL.
 */
static __always_inline struct sock_common *
ehash_walk_chain(struct inet_hashinfo *h, u32 hash,
		 const struct inet_lookup *key, bool *end,
		 struct sock_common **lost)
{
	struct inet_ehash_table *t = rcu_dereference(h->ehash);
	struct sock_common *skc;

	*lost = NULL;
	*end = false;
	INET_WALK(EHASH);
	hlist_for_each_entry_rcu(skc, &t->chains[hash & t->mask], skc_node) {
		INET_STEP(EHASH);
		if (READ_ONCE(skc->skc_hash) != hash || !inet_match(skc, key))
			continue;
		if (unlikely(!refcount_inc_not_zero(&skc->skc_refcnt)))
			return NULL;
		if (likely(inet_match(skc, key)))
			return skc;
		*lost = skc;
		return NULL;
	}
	*end = true;
	return NULL;
}

/* Walks until it is sure: to the end of a chain from which nobody led it astray.
 * @lost: of the walk before. */
static __noinline struct sock *ehash_lookup(struct inet_hashinfo *h, u32 hash,
					    const struct inet_lookup *key,
					    struct sock_common *lost)
{
	struct sock_common *skc;
	u32 seq, moves;
	bool end;

	do {
		if (lost)
			sock_gen_put((struct sock *)lost);
		seq = read_seqcount_begin(&h->ehash_seq);
		moves = smp_load_acquire(&h->moves);
		skc = ehash_walk_chain(h, hash, key, &end, &lost);
	} while (!skc && (!end || READ_ONCE(h->moves) != moves ||
			  read_seqcount_retry(&h->ehash_seq, seq)));
	return (struct sock *)skc;
}

/* What is found is right, so a first walk asks nothing but the names. */
struct sock *__inet_lookup_established(struct net *net,
				       const struct inet_lookup *key)
{
	struct inet_hashinfo *h = inet_hashinfo(net);
	u32 hash = inet_ehashfn(net, key->daddr, key->hnum, key->saddr,
				key->sport);
	struct sock_common *skc, *lost;
	bool end;

	skc = ehash_walk_chain(h, hash, key, &end, &lost);
	return likely(skc) ? (struct sock *)skc :
			     ehash_lookup(h, hash, key, lost);
}

void sock_gen_put(struct sock *sk)
{
	u8 state = READ_ONCE(sk->sk_state);

	if (state == TCP_TIME_WAIT)
		inet_twsk_put(inet_twsk(sk));
	else if (state == TCP_NEW_SYN_RECV)
		reqsk_put(inet_reqsk(sk));
	else
		sock_put(sk);
}

bool inet_ehash_insert(struct sock *sk, struct sock *osk)
{
	struct inet_hashinfo *h = inet_hashinfo(sock_net(sk));
	struct inet_lock *lock;
	bool ret = true;

	WRITE_ONCE(sk->sk_hash, osk ? osk->sk_hash : sk_ehashfn(sk));
	lock = inet_ehash_lockp(h, sk->sk_hash);
	spin_lock(lock);
	if (!osk)
		hlist_add_head_rcu(&sk->sk_node,
				   inet_ehash_chain(h, sk->sk_hash));
	else if (hlist_unhashed(&osk->sk_node))
		ret = false;
	else
		hlist_replace_rcu(&osk->sk_node, &sk->sk_node);
	spin_unlock(lock);
	if (!osk)
		ehash_added(h);
	return ret;
}

bool inet_ehash_insert_new(struct sock *sk)
{
	struct inet_hashinfo *h = inet_hashinfo(sock_net(sk));
	const struct inet_lookup key = {
		.saddr = sk->sk_daddr, .daddr = sk->sk_rcv_saddr,
		.sport = sk->sk_dport, .hnum = sk->sk_num,
		.dif = sk->sk_bound_dev_if,
	};
	u32 hash = sk_ehashfn(sk);
	struct inet_lock *lock = inet_ehash_lockp(h, hash);
	struct sock_common *skc;

	spin_lock(lock);
	hlist_for_each_entry(skc, inet_ehash_chain(h, hash), skc_node) {
		if (READ_ONCE(skc->skc_hash) == hash && inet_match(skc, &key)) {
			spin_unlock(lock);
			return false;
		}
	}
	WRITE_ONCE(sk->sk_hash, hash);
	hlist_add_head_rcu(&sk->sk_node, inet_ehash_chain(h, hash));
	spin_unlock(lock);
	ehash_added(h);
	return true;
}

bool inet_ehash_remove(struct sock_common *skc)
{
	struct inet_hashinfo *h = inet_hashinfo(skc->skc_net);
	struct inet_lock *lock = inet_ehash_lockp(h, skc->skc_hash);
	bool found;

	spin_lock(lock);
	found = !hlist_unhashed(&skc->skc_node);
	if (found)
		hlist_del_rcu(&skc->skc_node);
	spin_unlock(lock);
	if (found)
		count_add(&h->ehash_count, -1, lock_smp(lock));
	return found;
}

void inet_ehash_walk(struct inet_hashinfo *h, void (*fn)(struct sock *sk))
{
	struct inet_ehash_table *t = h->ehash;
	struct sock_common *skc;
	u32 i;

	for (i = 0; i <= t->mask; i++)
		while (!hlist_empty(&t->chains[i])) {
			skc = hlist_entry(t->chains[i].first,
					  struct sock_common, skc_node);
			refcount_inc(&skc->skc_refcnt);
			fn((struct sock *)skc);
		}
}

void inet_ehash_each(struct net *net,
		     void (*fn)(void *arg, struct sock_common *skc),
		     void *arg)
{
	struct inet_hashinfo *h = net->ipv4.tcp_hashinfo;
	struct sock_common *skc;
	u32 i;

	rcu_read_lock(&net->rcu);
	spin_lock(&h->ehash_grow);
	for (i = 0; i <= h->ehash->mask; i++)
		hlist_for_each_entry_rcu(skc, &h->ehash->chains[i], skc_node)
			fn(arg, skc);
	spin_unlock(&h->ehash_grow);
	rcu_read_unlock(&net->rcu);
}

/* ---- lhash2 ----------------------------------------------------------- */

static struct inet_listen_hashbucket *
inet_lhash2_bucket(struct net *net, __be32 addr, u16 num)
{
	u32 hash = jhash_2words(addr, num, net->hash_secret);

	return &inet_hashinfo(net)->lhash2[hash & (INET_LHTABLE_SIZE - 1)];
}

/* How well a listener fits, 0: not at all. Reads only sock_common: the entry
 * may be anything by now. */
static int compute_score(const struct sock_common *skc, __be32 addr,
			 const struct inet_lookup *key)
{
	int dif = READ_ONCE(skc->skc_bound_dev_if);

	if (READ_ONCE(skc->skc_num) != key->hnum ||
	    READ_ONCE(skc->skc_rcv_saddr) != addr ||
	    READ_ONCE(skc->skc_state) != TCP_LISTEN)
		return 0;
	if (!dif)
		return 1;
	return dif == key->dif ? 2 : 0;
}

/* Of listeners that fit as well as one another, the @k-th one met replaces the
 * one before with probability 1/k; a flow always chooses the same. */
static bool inet_flow_prefers(const struct net *net,
			      const struct inet_lookup *key, u32 k)
{
	u32 hash = inet_ehashfn(net, key->daddr, key->hnum, key->saddr,
				key->sport);

	return reciprocal_scale(jhash_1word(hash, k), k) == 0;
}

/* One walk of the chain: the best listener of an address, or NULL. */
static struct sock *lhash2_walk_chain(struct net *net, __be32 addr,
				      const struct inet_lookup *key)
{
	struct inet_listen_hashbucket *b =
		inet_lhash2_bucket(net, addr, key->hnum);
	struct sock_common *skc, *best = NULL;
	int score, best_score = 0;
	u32 matches = 0;

	INET_WALK(LHASH);
	hlist_for_each_entry_rcu(skc, &b->head, skc_node) {
		INET_STEP(LHASH);
		score = compute_score(skc, addr, key);
		if (!score || score < best_score)
			continue;
		matches = score == best_score ? matches + 1 : 1;
		if (matches == 1 || inet_flow_prefers(net, key, matches))
			best = skc;
		best_score = score;
	}
	return (struct sock *)best;
}

/* One that was found counts as little as none when the walk may have missed a
 * better one. */
struct sock *__inet_lookup_listener(struct net *net,
				    const struct inet_lookup *key)
{
	const u32 *moves = &inet_hashinfo(net)->moves;
	struct sock *sk;
	u32 before;

	do {
		before = smp_load_acquire(moves);
		sk = lhash2_walk_chain(net, key->daddr, key);
		if (!sk)
			sk = lhash2_walk_chain(net, htonl(INADDR_ANY), key);
	} while (unlikely(READ_ONCE(*moves) != before));
	return sk;
}

/* ---- hash and unhash -------------------------------------------------- */

void inet_hash(struct sock *sk)
{
	struct inet_listen_hashbucket *b;

	if (sk->sk_state == TCP_CLOSE)
		return;
	sk_join_chain(sk, &inet_hashinfo(sock_net(sk))->moves);
	if (sk->sk_state != TCP_LISTEN) {
		(void)inet_ehash_insert(sk, NULL);
		return;
	}
	b = inet_lhash2_bucket(sock_net(sk), sk->sk_rcv_saddr, sk->sk_num);
	spin_lock(&b->lock);
	hlist_add_head_rcu(&sk->sk_node, &b->head);
	spin_unlock(&b->lock);
}

void inet_unhash(struct sock *sk)
{
	struct inet_listen_hashbucket *b;

	if (hlist_unhashed(&sk->sk_node))
		return;
	if (sk->sk_state != TCP_LISTEN) {
		inet_ehash_remove(&sk->__sk_common);
		return;
	}
	b = inet_lhash2_bucket(sock_net(sk), sk->sk_rcv_saddr, sk->sk_num);
	spin_lock(&b->lock);
	hlist_del_init_rcu(&sk->sk_node);
	spin_unlock(&b->lock);
}

/* ---- ports ------------------------------------------------------------ */

struct inet_bind_bucket *inet_bind_bucket_get(struct inet_hashinfo *h, u16 port)
{
	struct inet_bind_page *page = h->bhash[port / INET_BHASH_PAGE];

	return page ? page->ports[port % INET_BHASH_PAGE] : NULL;
}

struct inet_bind_bucket *inet_bind_bucket_create(struct inet_hashinfo *h,
						 u16 port)
{
	struct inet_bind_page **page = &h->bhash[port / INET_BHASH_PAGE];
	struct inet_bind_bucket *tb;

	if (!*page)
		*page = mem_zalloc(&h->net->mem, sizeof(**page));
	if (!*page)
		return NULL;
	tb = kmem_cache_zalloc(h->bind_bucket_cachep);
	if (!tb)
		return NULL;
	tb->port = port;
	(*page)->ports[port % INET_BHASH_PAGE] = tb;
	return tb;
}

void inet_bind_bucket_destroy(struct inet_hashinfo *h,
			      struct inet_bind_bucket *tb)
{
	if (!hlist_empty(&tb->owners))
		return;
	h->bhash[tb->port / INET_BHASH_PAGE]
		->ports[tb->port % INET_BHASH_PAGE] = NULL;
	kmem_cache_free(h->bind_bucket_cachep, tb);
}

void inet_bind_hash(struct sock *sk, struct inet_bind_bucket *tb, u16 port)
{
	WRITE_ONCE(sk->sk_num, port);
	inet_sk(sk)->inet_sport = htons(port);
	hlist_add_head(&sk->sk_bind_node, &tb->owners);
	inet_csk(sk)->icsk_bind_hash = tb;
}

void inet_put_port(struct sock *sk)
{
	struct inet_hashinfo *h = inet_hashinfo(sock_net(sk));
	struct inet_bind_bucket *tb;
	struct inet_lock *lock;

	if (!inet_csk(sk)->icsk_bind_hash)
		return;
	lock = inet_bhash_lock(h, sk->sk_num);
	spin_lock(lock);
	tb = inet_csk(sk)->icsk_bind_hash;
	hlist_del(&sk->sk_bind_node);
	inet_csk(sk)->icsk_bind_hash = NULL;
	inet_bind_bucket_destroy(h, tb);
	spin_unlock(lock);
	WRITE_ONCE(sk->sk_num, 0);
}

int __inet_inherit_port(const struct sock *sk, struct sock *child)
{
	struct inet_hashinfo *h = inet_hashinfo(sock_net(sk));
	struct inet_lock *lock = inet_bhash_lock(h, child->sk_num);
	struct inet_bind_bucket *tb;
	int err = 0;

	spin_lock(lock);
	tb = inet_csk(sk)->icsk_bind_hash;
	if (tb)
		inet_bind_hash(child, tb, tb->port);
	else
		err = -ENOENT;
	spin_unlock(lock);
	return err;
}

/* The port is shared with all who have it: their addresses are others. */
int inet_bind_forwarded(struct sock *sk, u16 port)
{
	struct inet_hashinfo *h = inet_hashinfo(sock_net(sk));
	struct inet_lock *lock = inet_bhash_lock(h, port);
	struct inet_bind_bucket *tb;

	spin_lock(lock);
	tb = inet_bind_bucket_get(h, port);
	if (!tb) {
		tb = inet_bind_bucket_create(h, port);
		if (tb)		/* as connect() has them */
			tb->fastreuse = tb->fastreuseport = -1;
	}
	if (tb)
		inet_bind_hash(sk, tb, port);
	spin_unlock(lock);
	return tb ? 0 : -ENOMEM;
}

/*
 * Puts @sk, which is to use @lport, into ehash unless its 4-tuple lives
 * already. A timewait sock in the way yields when the transport says so: it
 * comes back in *@twp with a reference, for the caller to end once the lock
 * is free. Context: bhash lock of @lport.
 */
static int __inet_check_established(struct inet_hashinfo *h, struct sock *sk,
				    u16 lport, struct inet_timewait_sock **twp)
{
	struct inet_lookup key = {
		.saddr = sk->sk_daddr, .daddr = sk->sk_rcv_saddr,
		.sport = sk->sk_dport, .hnum = lport,
		.dif = sk->sk_bound_dev_if,
	};
	u32 hash = inet_ehashfn(sock_net(sk), key.daddr, lport, key.saddr,
				key.sport);
	struct inet_lock *lock = inet_ehash_lockp(h, hash);
	struct sock_common *skc;

	*twp = NULL;
	spin_lock(lock);
	hlist_for_each_entry(skc, inet_ehash_chain(h, hash), skc_node) {
		if (READ_ONCE(skc->skc_hash) != hash || !inet_match(skc, &key))
			continue;
		if (READ_ONCE(skc->skc_state) != TCP_TIME_WAIT ||
		    !tcp_twsk_unique(sk, (struct sock *)skc)) {
			spin_unlock(lock);
			return -EADDRNOTAVAIL;
		}
		*twp = inet_twsk((struct sock *)skc);
		refcount_inc(&skc->skc_refcnt);
		break;
	}
	/* who walks a chain of listeners may still look at it */
	WRITE_ONCE(sk->sk_num, lport);
	inet_sk(sk)->inet_sport = htons(lport);
	WRITE_ONCE(sk->sk_hash, hash);
	sk_join_chain(sk, &h->moves);
	if (*twp)
		hlist_replace_rcu(&(*twp)->tw_node, &sk->sk_node);
	else
		hlist_add_head_rcu(&sk->sk_node, inet_ehash_chain(h, hash));
	spin_unlock(lock);
	if (!*twp)
		ehash_added(h);
	return 0;
}

/* connect() took the place of @tw (may be NULL). */
static void inet_recycle_twsk(struct inet_hashinfo *h,
			      struct inet_timewait_sock *tw)
{
	if (!tw)
		return;
	NET_INC_STATS(h->net, TCP_TIMEWAITRECYCLED);
	inet_twsk_deschedule_put(tw);
}

/* Tries one port for connect(). 0, -EADDRNOTAVAIL: taken, -ENOMEM. */
static int inet_try_port(struct inet_hashinfo *h, struct sock *sk, u16 port)
{
	struct inet_lock *lock = inet_bhash_lock(h, port);
	struct inet_timewait_sock *tw = NULL;
	struct inet_bind_bucket *tb;
	int err = -EADDRNOTAVAIL;

	spin_lock(lock);
	tb = inet_bind_bucket_get(h, port);
	if (!tb) {
		tb = inet_bind_bucket_create(h, port);
		if (!tb) {
			spin_unlock(lock);
			return -ENOMEM;
		}
		tb->fastreuse = -1;
		tb->fastreuseport = -1;
	}
	/* ports that somebody chose by bind() are not shared */
	if (tb->fastreuse < 0 && tb->fastreuseport < 0)
		err = __inet_check_established(h, sk, port, &tw);
	if (!err)
		inet_bind_hash(sk, tb, port);
	else
		inet_bind_bucket_destroy(h, tb);
	spin_unlock(lock);
	inet_recycle_twsk(h, tw);
	return err;
}

/* Keyed hash of what connect() knows (RFC 6056 3.3.4). */
static u64 inet_sk_port_offset(struct inet_hashinfo *h, const struct sock *sk)
{
	struct {
		__be32 saddr, daddr;
		u32 dport;
	} key = { sk->sk_rcv_saddr, sk->sk_daddr, sk->sk_dport };

	return siphash(&h->port_key, &key, sizeof(key));
}

/* The counter of the peer's hash, NULL when there is no memory for it. */
static u32 *inet_port_perturb(struct inet_hashinfo *h, u64 hash)
{
	size_t size = INET_PORT_TABLE_PERTURB * sizeof(u32);
	u32 *table, *none = NULL;

	if (!smp_load_acquire(&h->table_perturb)) {
		table = mem_zalloc(&h->net->mem, size);
		if (!table)
			return NULL;
		if (!__atomic_compare_exchange_n(&h->table_perturb, &none,
						 table, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_ACQUIRE))
			mem_free(&h->net->mem, table, size);
	}
	return &READ_ONCE(h->table_perturb)[hash & (INET_PORT_TABLE_PERTURB - 1)];
}

/* See the header. */
u32 inet_nth_port(u32 offset, u32 range, u32 i)
{
	u32 parity = offset & 1;
	u32 first = (range - parity + 1) / 2;

	if (i < first)
		return parity + 2 * ((offset / 2 + i) % first);
	return (parity ^ 1) + 2 * ((offset / 2 + i) % (range - first));
}

/*
 * Moves the peer's counter behind the @i-th port of the walk from @offset, and
 * at random a little farther (CVE-2022-1012): the next walk begins there, also
 * when that is among the ports of the other parity, and does not go over what
 * this one found taken.
 */
static void inet_port_walked(u32 *perturb, u32 offset, u32 range, u32 i)
{
	u32 parity = offset & 1, step = 2 * (i + 1);

	if (i >= (range - parity + 1) / 2)
		step += parity ? -1u : 1;
	WRITE_ONCE(*perturb, READ_ONCE(*perturb) + step);
}

/*
 * Walks the range of ephemeral ports once: first the ports of one parity,
 * then the others, as bind(0) does the other way round, so that the two seldom
 * meet.
 */
static int inet_hash_connect_any(struct inet_hashinfo *h, struct sock *sk)
{
	u64 hash = inet_sk_port_offset(h, sk);
	u32 *perturb = inet_port_perturb(h, hash);
	u32 range, offset, i, step;
	int low, high, err = -EADDRNOTAVAIL;
	u16 port;

	inet_sk_get_local_port_range(sk, &low, &high);
	range = (u32)(high - low) + 1;
	net_random_bytes(h->net, &step, sizeof(step));
	offset = (u32)(hash >> 32) + (perturb ? READ_ONCE(*perturb) : step);
	offset %= range;
	INET_WALK(BIND);
	for (i = 0; i < range && err == -EADDRNOTAVAIL; i++) {
		INET_STEP(BIND);
		port = (u16)((u32)low + inet_nth_port(offset, range, i));
		if (!inet_is_local_reserved_port(h->net, port))
			err = inet_try_port(h, sk, port);
	}
	if (perturb)
		inet_port_walked(perturb, offset, range, i - 1 + (step & 7));
	return err;
}

int inet_hash_connect(struct net *net, struct sock *sk)
{
	struct inet_hashinfo *h = inet_hashinfo(net);
	struct inet_timewait_sock *tw;
	struct inet_lock *lock;
	int err;

	if (!sk->sk_num)
		return inet_hash_connect_any(h, sk);
	lock = inet_bhash_lock(h, sk->sk_num);
	spin_lock(lock);
	err = __inet_check_established(h, sk, sk->sk_num, &tw);
	spin_unlock(lock);
	inet_recycle_twsk(h, tw);
	return err;
}

/* ---- life ------------------------------------------------------------- */

int inet_hashinfo_init(struct inet_hashinfo *h, struct net *net, u32 entries)
{
	int i;

	h->net = net;
	seqcount_init(&h->ehash_seq);
	lock_init(&h->ehash_grow, net->smp);
	for (i = 0; i < INET_EHASH_LOCKS; i++)
		lock_init(&h->ehash_locks[i], net->smp);
	for (i = 0; i < INET_LHTABLE_SIZE; i++)
		lock_init(&h->lhash2[i].lock, net->smp);
	for (i = 0; i < INET_BHASH_PAGES; i++)
		lock_init(&h->bhash_locks[i], net->smp);
	net_random_bytes(net, h->ehash_secret, sizeof(h->ehash_secret));
	net_random_bytes(net, &h->port_key, sizeof(h->port_key));
	h->bind_bucket_cachep =
		kmem_cache_create(&net->mem, "tcp_bind_bucket",
				  sizeof(struct inet_bind_bucket), 0);
	if (!h->bind_bucket_cachep)
		return -ENOMEM;
	h->ehash = ehash_alloc(net, entries);
	if (h->ehash)
		return 0;
	kmem_cache_destroy(h->bind_bucket_cachep);
	return -ENOMEM;
}

void inet_hashinfo_destroy(struct inet_hashinfo *h)
{
	struct mem *mem = &h->net->mem;
	int i;

	for (i = 0; i < INET_BHASH_PAGES; i++)
		mem_free(mem, h->bhash[i], sizeof(*h->bhash[i]));
	mem_free(mem, h->table_perturb, INET_PORT_TABLE_PERTURB * sizeof(u32));
	kmem_cache_destroy(h->bind_bucket_cachep);
	mem_free(mem, h->ehash, ehash_size(h->ehash->mask + 1));
}
