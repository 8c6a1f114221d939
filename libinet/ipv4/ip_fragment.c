/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reassembly of IPv4 datagrams (RFC 791 3.2, 815, 1122 3.3.2).
 *
 * Theory of operation. A queue per datagram, found by (source, destination,
 * protocol, id) in a keyed hash table; in it the fragments in a tree by offset,
 * so that any order and any number cost O(log n) each (CVE-2018-5391). The
 * datagram is whole when the bytes held equal its length, for no two fragments
 * overlap: an exact duplicate is ignored, anything else that overlaps kills the
 * queue, as do two ends (RFC 5722's rule, for IPv4 too). A whole datagram is
 * copied once into one linear packet: readers like that, and a chain of small
 * fragments would hold far more memory than it carries.
 *
 * Limits. ipfrag_high_thresh bytes (true size) in all; above it the oldest
 * queues go until ipfrag_low_thresh is reached. A queue lives ipfrag_time
 * seconds from its first fragment. More than ipfrag_max_dist other fragments of
 * the same source between two of a queue mean that the id was used again: the
 * queue starts anew. The queue's timer says Time Exceeded if the first fragment
 * is there (RFC 1122 3.3.2).
 *
 * First fragments that do not hold a TCP header, and those which would overwrite
 * one, are dropped (RFC 1858, 3128).
 *
 * One lock guards everything: fragments are no fast path.
 */
#include "ipv4/ip_fragment.h"

#include <errno.h>
#include <string.h>

#include "core/dev.h"
#include "core/skbuff.h"
#include "ipv4/ip.h"
#include "lib/byteorder.h"
#include "lib/jhash.h"
#include "lib/points.h"
#include "lib/rbtree.h"
#include "lib/timer.h"
#include "wire/tcp.h"

#define IPFRAG_HASH_SHIFT 10
#define IPFRAG_PEER_SHIFT 8
#define IP_MAX_DATAGRAM 65535u
#define NSEC_PER_SEC 1000000000ULL

/* ipq.flags */
#define IPQ_FIRST_IN 1
#define IPQ_LAST_IN 2

struct ipq_key {
	__be32 saddr, daddr;
	__be16 id;
	u16 protocol;
};

struct ipq {
	struct hlist_node hash;
	struct list_head lru;		/* oldest first */
	struct ipq_key key;
	struct ip_frags *frags;
	struct rb_root root;		/* of skb->rbnode_space, by offset */
	struct sk_buff *last;		/* of the highest offset */
	u32 len;			/* of the payload, as far as known */
	u32 meat;			/* bytes of it here */
	u32 truesize;
	u32 rid;			/* count of the source's fragments then */
	u16 max_size;			/* largest fragment, header included */
	u8 ecn;				/* bit per ECN codepoint seen */
	u8 flags;
	bool dead;			/* out of the table */
	int iif;
	struct timer_list timer;	/* holds a reference */
	u32 refs;
};

struct ip_frags {
	struct net *net;
	struct inet_lock lock;
	s64 mem;			/* truesize of all fragments */
	u32 nr_queues;
	u32 secret;
	struct list_head lru;
	u32 peer_rid[1 << IPFRAG_PEER_SHIFT];
	struct hlist_head bucket[1 << IPFRAG_HASH_SHIFT];
};

/* skb->cb of a queued fragment. */
struct ipfrag_cb {
	struct inet_skb_parm h;
	u32 offset;		/* of its payload in the datagram */
};

#define FRAG_CB(skb) ((struct ipfrag_cb *)(skb)->cb)

static_assert(sizeof(struct ipfrag_cb) <= sizeof(((struct sk_buff *)0)->cb),
	      "ipfrag_cb");

/* The tree's node lies over next, prev and dev. */
static struct rb_node *skb_rb(struct sk_buff *skb)
{
	return (struct rb_node *)(void *)skb->rbnode_space;
}

static struct sk_buff *rb_skb(struct rb_node *rb)
{
	return rb ? container_of((void *)rb, struct sk_buff, rbnode_space) :
		    NULL;
}

/* ---- queues -------------------------------------------------------------- */

static struct hlist_head *ipq_bucket(struct ip_frags *f,
				     const struct ipq_key *key)
{
	u32 hash = jhash_3words(key->saddr, key->daddr,
				(u32)key->id << 16 | key->protocol, f->secret);

	return &f->bucket[hash >> (32 - IPFRAG_HASH_SHIFT)];
}

static void ipq_put(struct ipq *q)
{
	if (--q->refs == 0)
		mem_free(&q->frags->net->mem, q, sizeof(*q));
}

/* Frees the fragments that are here, with @reason. */
static void ipq_purge(struct ipq *q, enum skb_drop_reason reason)
{
	struct rb_node *rb;
	struct sk_buff *skb;

	while ((rb = rb_first(&q->root)) != NULL) {
		rb_erase(rb, &q->root);
		skb = rb_skb(rb);
		skb->next = skb->prev = NULL;
		skb->dev = NULL;
		if (reason)
			kfree_skb_reason(skb, reason);
		else
			consume_skb(skb);
	}
	q->frags->mem -= q->truesize;
	q->truesize = 0;
	q->last = NULL;
	q->len = q->meat = 0;
	q->flags = q->ecn = 0;
	q->max_size = 0;
}

/* Out of the table, with its timer; the fragments stay. Context: lock. */
static void ipq_unlink(struct ipq *q)
{
	if (q->dead)
		return;
	q->dead = true;
	hlist_del(&q->hash);
	list_del(&q->lru);
	q->frags->nr_queues--;
	if (del_timer(&q->timer))
		ipq_put(q);
}

/* The end of a queue. Context: lock. */
static void ipq_kill(struct ipq *q, enum skb_drop_reason reason)
{
	ipq_unlink(q);
	ipq_purge(q, reason);
	ipq_put(q);
}

/* A fragment says that the datagram is a forgery, or memory is short. */
static void ipq_fail(struct ipq *q, enum skb_drop_reason reason)
{
	NET_INC_STATS(q->frags->net, IP_REASMFAILS);
	ipq_kill(q, reason);
}

/* ---- running out of time -------------------------------------------------- */

/* Tells the sender that the rest did not come (RFC 792). */
static void ipq_send_time_exceeded(struct net *net, struct sk_buff *head,
				   int iif)
{
	const struct iphdr *iph;
	enum skb_drop_reason reason;

	rcu_read_lock(&net->rcu);
	head->dev = dev_get_by_index_rcu(net, iif);
	if (head->dev) {
		skb_push(head, (u32)-skb_network_offset(head));
		iph = ip_hdr(head);
		if (ip_route_input_noref(head, iph->daddr, iph->saddr,
					 head->dev, &reason) == 0 &&
		    skb_rtable(head)->rt_type == RTN_LOCAL)
			icmp_send(head, ICMP_TIME_EXCEEDED, ICMP_EXC_FRAGTIME,
				  0);
		skb_dst_drop(head);
	}
	rcu_read_unlock(&net->rcu);
}

/* The first fragment out of a queue, or NULL. Context: lock. */
static struct sk_buff *ipq_take_first(struct ipq *q)
{
	struct sk_buff *skb = rb_skb(rb_first(&q->root));

	if (!skb || !(q->flags & IPQ_FIRST_IN))
		return NULL;
	rb_erase(skb_rb(skb), &q->root);
	skb->next = skb->prev = NULL;
	skb->dev = NULL;
	q->truesize -= skb->truesize;
	q->frags->mem -= skb->truesize;
	return skb;
}

/* A datagram that did not become whole in time (RFC 1122 3.3.2). */
static void ip_expire(struct timer_list *t)
{
	struct ipq *q = from_timer(q, t, timer);
	struct ip_frags *f = q->frags;
	struct net *net = f->net;
	struct sk_buff *head = NULL;
	int iif = q->iif;

	spin_lock(&f->lock);
	if (!q->dead) {
		NET_INC_STATS(net, IP_REASMTIMEOUT);
		head = ipq_take_first(q);
		ipq_fail(q, SKB_DROP_REASON_FRAG_REASM_TIMEOUT);
	}
	ipq_put(q);
	spin_unlock(&f->lock);
	if (!head)
		return;
	ipq_send_time_exceeded(net, head, iif);
	kfree_skb_reason(head, SKB_DROP_REASON_FRAG_REASM_TIMEOUT);
}

/* ---- finding -------------------------------------------------------------- */

/* Makes room until @low bytes are left, oldest queues first. Context: lock. */
static void ipfrag_evict(struct ip_frags *f, const struct ipq *keep, s64 low)
{
	struct ipq *q, *tmp;

	list_for_each_entry_safe(q, tmp, &f->lru, lru) {
		if (f->mem <= low)
			break;
		if (q != keep)
			ipq_fail(q, SKB_DROP_REASON_FRAG_TOO_MUCH);
	}
}

/*
 * A queue for the fragments of one datagram, in the table and on the clock.
 * Context: f->lock. Return: NULL: no memory.
 */
static struct ipq *ipq_create(struct ip_frags *f, const struct ipq_key *key)
{
	struct net *net = f->net;
	struct ipq *q = mem_zalloc(&net->mem, sizeof(*q));

	if (!q)
		return NULL;
	q->frags = f;
	q->key = *key;
	q->root = RB_ROOT;
	q->refs = 2;		/* the table's and the timer's */
	q->rid = f->peer_rid[jhash_1word(key->saddr, f->secret) >>
			     (32 - IPFRAG_PEER_SHIFT)];
	hlist_add_head(&q->hash, ipq_bucket(f, key));
	list_add_tail(&q->lru, &f->lru);
	f->nr_queues++;
	timer_setup(&q->timer, ip_expire);
	mod_timer(net_wheel(net), &q->timer, net_now(net) +
		  (u64)READ_ONCE(net->ipv4.sysctl_ipfrag_time) * NSEC_PER_SEC);
	return q;
}

/* The queue of a fragment, made if need be. Context: lock. */
static struct ipq *ip_find(struct ip_frags *f, const struct iphdr *iph)
{
	struct ipq_key key = { .saddr = iph->saddr, .daddr = iph->daddr,
			       .id = iph->id, .protocol = iph->protocol };
	struct ipq *q;

	INET_WALK(FRAG_QUEUES);
	hlist_for_each_entry(q, ipq_bucket(f, &key), hash) {
		INET_STEP(FRAG_QUEUES);
		if (memcmp(&q->key, &key, sizeof(key)) == 0)
			return q;
	}
	return ipq_create(f, &key);
}

/* Were too many other fragments of this source in between? Then the id has
 * come round and what is here belongs to another datagram. */
static bool ip_frag_too_far(struct ip_frags *f, struct ipq *q)
{
	u32 *rid = &f->peer_rid[jhash_1word(q->key.saddr, f->secret) >>
				(32 - IPFRAG_PEER_SHIFT)];
	u32 dist = (u32)READ_ONCE(f->net->ipv4.sysctl_ipfrag_max_dist);
	u32 start = q->rid;

	q->rid = ++*rid;
	return dist && !RB_EMPTY_ROOT(&q->root) && q->rid - start > dist;
}

/* ---- queueing -------------------------------------------------------------- */

/* One fragment's claims. */
struct ipfrag_claim {
	u32 offset, end;
	bool more;
};

/* What can belong to no datagram at all (RFC 791, 1858, 3128). */
static bool ip_frag_is_invalid(const struct sk_buff *skb,
			       struct ipfrag_claim *c)
{
	const struct iphdr *iph = ip_hdr(skb);
	u32 hlen = ipv4_hdr_len(iph), len = skb->len - hlen;
	u16 off = be16_to_cpu(iph->frag_off);

	c->offset = (u32)(off & IP_OFFSET) * 8;
	c->end = c->offset + len;
	c->more = off & IP_MF;
	if (len == 0 || (c->more && len % 8) ||
	    c->end > IP_MAX_DATAGRAM - hlen)
		return true;
	if (iph->protocol != IPPROTO_TCP)
		return false;
	return c->offset == 8 || (c->offset == 0 && len < TCP_HLEN_MIN);
}

/* Are the bytes the same? */
static bool ip_frag_same_bytes(const struct sk_buff *a, const struct sk_buff *b)
{
	u8 x[256], y[256];
	u32 at, n;

	if (a->len != b->len)
		return false;
	for (at = 0; at < a->len; at += n) {
		n = min_t(u32, a->len - at, sizeof(x));
		if (skb_copy_bits(a, at, x, n) || skb_copy_bits(b, at, y, n) ||
		    memcmp(x, y, n))
			return false;
	}
	return true;
}

/*
 * Puts @skb (its payload) into the tree.
 *
 * Return: SKB_NOT_DROPPED_YET; DUP_FRAG: it is here already; FRAG_OVERLAP.
 */
static enum skb_drop_reason ip_frag_insert(struct ipq *q, struct sk_buff *skb,
					   u32 offset, u32 end)
{
	struct rb_node **link = &q->root.rb_node, *parent = NULL;
	struct sk_buff *at;
	u32 at_off;

	/* In order: behind the last one. */
	if (q->last && offset >= FRAG_CB(q->last)->offset + q->last->len) {
		parent = skb_rb(q->last);
		link = &parent->rb_right;
	}
	INET_WALK(FRAGS);
	while (*link) {
		INET_STEP(FRAGS);
		parent = *link;
		at = rb_skb(parent);
		at_off = FRAG_CB(at)->offset;
		if (end <= at_off)
			link = &parent->rb_left;
		else if (offset >= at_off + at->len)
			link = &parent->rb_right;
		else if (offset == at_off && ip_frag_same_bytes(at, skb))
			return SKB_DROP_REASON_DUP_FRAG;
		else
			return SKB_DROP_REASON_FRAG_OVERLAP;
	}
	FRAG_CB(skb)->offset = offset;
	rb_link_node(skb_rb(skb), parent, link);
	rb_insert_color(skb_rb(skb), &q->root);
	if (!q->last || offset > FRAG_CB(q->last)->offset)
		q->last = skb;
	return SKB_NOT_DROPPED_YET;
}

/* Does the fragment agree with what others said of the length? */
static bool ip_frag_length_fits(struct ipq *q, const struct ipfrag_claim *c)
{
	if (!c->more) {
		if (c->end < q->len ||
		    (q->flags & IPQ_LAST_IN && c->end != q->len))
			return false;
		q->flags |= IPQ_LAST_IN;
		q->len = c->end;
	} else if (c->end > q->len) {
		if (q->flags & IPQ_LAST_IN)
			return false;
		q->len = c->end;
	}
	return true;
}

/* Adds @skb to its queue. Return: why it was not, then it is the caller's.
 * Only DUP_FRAG leaves the queue usable. */
static enum skb_drop_reason ip_frag_queue(struct ipq *q, struct sk_buff *skb,
					  const struct ipfrag_claim *c)
{
	const struct iphdr *iph = ip_hdr(skb);
	u16 size = (u16)skb->len;
	enum skb_drop_reason reason;
	u8 ecn = (u8)(1 << (iph->tos & INET_ECN_MASK));
	int iif = skb->skb_iif;

	if (!ip_frag_length_fits(q, c))
		return SKB_DROP_REASON_FRAG_OVERLAP;
	skb_pull(skb, ipv4_hdr_len(iph));
	reason = ip_frag_insert(q, skb, c->offset, c->end);
	if (reason == SKB_DROP_REASON_FRAG_OVERLAP)
		NET_INC_STATS(q->frags->net, IP_REASMOVERLAPS);
	if (reason)
		return reason;
	q->iif = iif;
	q->ecn |= ecn;
	q->meat += skb->len;
	q->truesize += skb->truesize;
	q->frags->mem += skb->truesize;
	q->max_size = max(q->max_size, size);
	if (c->offset == 0)
		q->flags |= IPQ_FIRST_IN;
	return SKB_NOT_DROPPED_YET;
}

/* ---- reassembly ------------------------------------------------------------ */

/* The ECN field of the whole (RFC 3168 5.3). Return: 0, the bits to set, or
 * -EINVAL: fragments with and without ECN. */
static int ip_frag_ecn(u8 seen)
{
	if (seen == 1 << INET_ECN_NOT_ECT)
		return 0;
	if (seen & 1 << INET_ECN_NOT_ECT)
		return -EINVAL;
	return seen & 1 << INET_ECN_CE ? INET_ECN_CE : 0;
}

/* The whole datagram, copied; NULL when memory is short. @skb gives what a
 * packet has besides bytes. Context: lock. */
static struct sk_buff *ip_frag_reasm(struct ipq *q, const struct sk_buff *skb,
				     struct net_device *dev, u8 ecn)
{
	struct sk_buff *first = rb_skb(rb_first(&q->root)), *whole, *frag;
	u32 hlen = ipv4_hdr_len(ip_hdr(first));
	u32 room = LL_RESERVED_SPACE(dev);
	struct rb_node *rb;
	struct iphdr *iph;

	whole = alloc_skb(q->frags->net, room + hlen + q->len);
	if (!whole)
		return NULL;
	skb_copy_header(whole, skb);
	memcpy(whole->cb, first->cb, sizeof(struct inet_skb_parm));
	whole->dev = dev;
	whole->ip_summed = CHECKSUM_NONE;
	skb_reserve(whole, room);
	skb_reset_mac_header(whole);
	skb_reset_network_header(whole);
	iph = skb_put(whole, hlen);
	memcpy(iph, skb_network_header(first), hlen);
	skb_set_transport_header(whole, (int)hlen);
	for (rb = rb_first(&q->root); rb; rb = rb_next(rb)) {
		frag = rb_skb(rb);
		skb_copy_bits(frag, 0, skb_put(whole, frag->len), frag->len);
	}
	iph->frag_off = 0;
	iph->tot_len = cpu_to_be16((u16)whole->len);
	iph->tos |= ecn;
	ip_send_check(iph);
	IPCB(whole)->frag_max_size = q->max_size;
	IPCB(whole)->flags |= IPSKB_FRAG_COMPLETE;
	return whole;
}

/* Everything is there. Ends the queue. @skb, the last to come, is in it. */
static struct sk_buff *ip_frag_complete(struct ipq *q, struct sk_buff *skb,
					struct net_device *dev)
{
	u32 hlen = ipv4_hdr_len(ip_hdr(rb_skb(rb_first(&q->root))));
	struct net *net = q->frags->net;
	struct sk_buff *whole = NULL;
	int ecn = ip_frag_ecn(q->ecn);

	if (ecn < 0 || q->len > IP_MAX_DATAGRAM - hlen) {
		ipq_fail(q, SKB_DROP_REASON_FRAG_INVALID);
		return NULL;
	}
	whole = ip_frag_reasm(q, skb, dev, (u8)ecn);
	if (!whole) {
		ipq_fail(q, SKB_DROP_REASON_NOMEM);
		return NULL;
	}
	NET_INC_STATS(net, IP_REASMOKS);
	ipq_kill(q, SKB_NOT_DROPPED_YET);
	return whole;
}

/* The inside of ip_defrag(). Context: lock. *@reason: why @skb was not taken. */
static struct sk_buff *ip_defrag_locked(struct ip_frags *f, struct sk_buff *skb,
					const struct ipfrag_claim *c,
					enum skb_drop_reason *reason)
{
	struct net_device *dev = skb->dev;
	struct sk_buff *whole = NULL;
	unsigned long refdst = skb->refdst;
	struct ipq *q;

	*reason = SKB_DROP_REASON_FRAG_TOO_MUCH;
	q = ip_find(f, ip_hdr(skb));
	if (!q)
		return NULL;
	if (INET_BUGGIFY(FRAGS_EVICTED))
		ipfrag_evict(f, q, 0);
	if (f->mem + skb->truesize > READ_ONCE(f->net->ipv4.sysctl_ipfrag_high_thresh)) {
		ipfrag_evict(f, q, READ_ONCE(f->net->ipv4.sysctl_ipfrag_low_thresh));
		if (f->mem + skb->truesize >
		    READ_ONCE(f->net->ipv4.sysctl_ipfrag_high_thresh)) {
			ipq_fail(q, *reason);
			return NULL;
		}
	}
	if (ip_frag_too_far(f, q))
		ipq_purge(q, SKB_DROP_REASON_FRAG_TOO_MUCH);
	*reason = ip_frag_queue(q, skb, c);
	if (*reason) {
		if (*reason != SKB_DROP_REASON_DUP_FRAG)
			ipq_fail(q, *reason);
		return NULL;
	}
	skb->refdst = 0;	/* a borrowed one must not be kept */
	if (q->flags == (IPQ_FIRST_IN | IPQ_LAST_IN) && q->meat == q->len)
		whole = ip_frag_complete(q, skb, dev);
	if (whole)
		whole->refdst = refdst;
	else if (refdst && !(refdst & SKB_DST_NOREF))
		dst_release((struct dst_entry *)refdst);
	return whole;
}

struct sk_buff *ip_defrag(struct net *net, struct sk_buff *skb)
{
	enum skb_drop_reason reason = SKB_DROP_REASON_FRAG_INVALID;
	struct ip_frags *f = net->ipv4.frags;
	struct sk_buff *whole;
	struct ipfrag_claim c;

	NET_ROAD(net, skb);
	NET_INC_STATS(net, IP_REASMREQDS);
	skb_orphan(skb);
	(void)skb_leave_pool(skb);
	if (ip_frag_is_invalid(skb, &c)) {
		NET_INC_STATS(net, IP_REASMFAILS);
		kfree_skb_reason(skb, reason);
		return NULL;
	}
	spin_lock(&f->lock);
	whole = ip_defrag_locked(f, skb, &c, &reason);
	spin_unlock(&f->lock);
	if (!whole && reason)
		kfree_skb_reason(skb, reason);
	return whole;
}

/* ---- life ------------------------------------------------------------------ */

static const struct sysctl_row ipfrag_sysctls[] = {
	SYSCTL_ROW("net.ipv4.ipfrag_high_thresh",
		   ipv4.sysctl_ipfrag_high_thresh, S64, 0, INT64_MAX / 2,
		   4 << 20),
	SYSCTL_ROW("net.ipv4.ipfrag_low_thresh", ipv4.sysctl_ipfrag_low_thresh,
		   S64, 0, INT64_MAX / 2, 3 << 20),
	SYSCTL_ROW("net.ipv4.ipfrag_time", ipv4.sysctl_ipfrag_time, S32, 1,
		   3600, 30),
	SYSCTL_ROW("net.ipv4.ipfrag_max_dist", ipv4.sysctl_ipfrag_max_dist,
		   S32, 0, INT32_MAX, 64),
};

s64 ip_frag_mem(struct net *net)
{
	struct ip_frags *f = net->ipv4.frags;
	s64 mem;

	spin_lock(&f->lock);
	mem = f->mem;
	spin_unlock(&f->lock);
	return mem;
}

/* Reassembly of one stack: knobs, secret, empty table. */
static int ip_frag_net_init(struct net *net)
{
	struct ip_frags *f;
	int err;

	err = register_net_sysctl(net, ipfrag_sysctls,
				  ARRAY_SIZE(ipfrag_sysctls));
	if (err)
		return err;
	f = mem_zalloc(&net->mem, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->net = net;
	lock_init(&f->lock, net->smp);
	INIT_LIST_HEAD(&f->lru);
	net_random_bytes(net, &f->secret, sizeof(f->secret));
	net->ipv4.frags = f;
	return 0;
}

static void ip_frag_net_exit(struct net *net)
{
	struct ip_frags *f = net->ipv4.frags;
	struct ipq *q, *tmp;

	spin_lock(&f->lock);
	list_for_each_entry_safe(q, tmp, &f->lru, lru)
		ipq_kill(q, SKB_DROP_REASON_DEV_DOWN);
	spin_unlock(&f->lock);
	mem_free(&net->mem, f, sizeof(*f));
	net->ipv4.frags = NULL;
}

const struct pernet_operations ip_frag_net_ops = {
	.name = "ip_frag",
	.init = ip_frag_net_init,
	.exit = ip_frag_net_exit,
};

/* ---- for tests ------------------------------------------------------------- */

/* One queue: its fragments rise without overlaps and are charged. */
static void ipq_verify(const struct ipq *q)
{
	u32 end = 0, meat = 0, truesize = 0;
	const struct sk_buff *skb = NULL;
	struct rb_node *rb;

	for (rb = rb_first(&q->root); rb; rb = rb_next(rb)) {
		skb = rb_skb(rb);
		inet_assert(skb->len && FRAG_CB(skb)->offset >= end);
		end = FRAG_CB(skb)->offset + skb->len;
		meat += skb->len;
		truesize += skb->truesize;
	}
	inet_assert(q->last == skb);
	inet_assert(end <= q->len && q->len <= IP_MAX_DATAGRAM);
	inet_assert(meat == q->meat && truesize == q->truesize);
	/* a whole one is delivered at once */
	inet_assert(q->flags != (IPQ_FIRST_IN | IPQ_LAST_IN) ||
		    q->meat < q->len);
	inet_assert(!q->dead && timer_pending(&q->timer) && q->refs == 2);
}

void ip_frags_verify(struct net *net)
{
	struct ip_frags *f = net->ipv4.frags;
	u32 listed = 0, hashed = 0, i;
	const struct ipq *q;
	s64 mem = 0;

	list_for_each_entry(q, &f->lru, lru) {
		ipq_verify(q);
		mem += q->truesize;
		listed++;
	}
	inet_assert(listed == f->nr_queues && mem == f->mem);
	inet_assert(mem <= READ_ONCE(net->ipv4.sysctl_ipfrag_high_thresh));
	for (i = 0; f->nr_queues && i < ARRAY_SIZE(f->bucket); i++)
		hlist_for_each_entry(q, &f->bucket[i], hash) {
			inet_assert(ipq_bucket(f, &q->key) == &f->bucket[i]);
			hashed++;
		}
	inet_assert(hashed == f->nr_queues);
}
