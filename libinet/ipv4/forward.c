/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Forwarders: who takes what is for nobody here, and the requests that wait for a
 * verdict of the application.
 *
 * Theory of operation. While a device has a forwarder, routing (route.c) delivers
 * what arrives by it for foreign addresses to this host, as Linux's AnyIP routes
 * do. TCP and UDP look for a socket as always; where there is none, and a RST or
 * an ICMP error would be due, forwarder_find() says who is asked instead: stacks
 * without forwarders pay one test of a pointer there, and established flows
 * nothing.
 *
 * A request is a struct forward_flow in a table of its forwarder, found by the
 * names of the flow (what comes again is absorbed) and by its id, whose low half
 * is the hash of the names. It keeps a copy of the packet in ordinary memory, so
 * that who decides slowly holds no frame of a device, and a verdict is what would
 * have been done when the packet came: a RST or an ICMP error about it, or a
 * socket. A flow stays in the table until its handshake is over or, with UDP, its
 * socket is closed or idle, so that max_flows bounds sockets too that a flood
 * makes; TCP and UDP tell of the end (forward_sock_done()).
 *
 * Limits: max_flows and FORWARD_HELD_BYTES of what is held, and a share of both for
 * each source (struct forward_source). The tables grow to twice their size when
 * there are as many flows as chains; without memory they stay as they are.
 *
 * Concurrency: forwarders are found under RCU and changed under forwarders_lock.
 * A forwarder's lock guards its table and the state of its flows; it is a leaf but
 * for the timer wheel and memory, and is not held when the application is called,
 * a packet is sent or a socket is made. The application is called as sockets'
 * callbacks are (struct app_call), when the packet is done with. A flow is freed by
 * its last reference: the table's, the armed timer's, that of the call that asks,
 * or that of a verdict under way. Who unlinks it gives the table's back.
 */
#include "ipv4/forward.h"

#include <errno.h>
#include <string.h>

#include "core/dev.h"
#include "core/socket.h"
#include "ipv4/inet_connection_sock.h"
#include "lib/err.h"
#include "lib/jhash.h"
#include "lib/mem.h"
#include "lib/random.h"

#define FORWARD_MAX_FLOWS 65536u
#define FORWARD_FIRST_CHAINS 64u
#define FORWARD_HELD_BYTES (1u << 20)	/* of all packets held; two thirds: of
					 * those of one source */
#define FORWARD_HOLD_MS 10000u
#define FORWARD_IDLE_MS 60000u
#define FORWARD_BUSY_NS (100 * NSEC_PER_MSEC)	/* a verdict under way is looked
						 * at again after */

/* ---- who is there ----------------------------------------------------- */

/* Is @fwd for packets that arrive by @dev? */
static bool forwarder_of_dev(const struct inet_forwarder *fwd,
			     const struct net_device *dev)
{
	if (fwd->ifindex)
		return fwd->ifindex == dev->ifindex;
	return !(READ_ONCE(dev->flags) & NETDEV_IFF_LOOPBACK);
}

#define for_each_forwarder_rcu(fwd, net) \
	for ((fwd) = rcu_dereference((net)->ipv4.forwarders); (fwd); \
	     (fwd) = rcu_dereference((fwd)->next))

bool forward_takes_foreign(struct net *net, const struct net_device *dev,
			   u8 protocol)
{
	const struct inet_forwarder *fwd;

	for_each_forwarder_rcu(fwd, net)
		if (forwarder_of_dev(fwd, dev) &&
		    (!protocol || fwd->ops->protocol == protocol))
			return true;
	return false;
}

bool forward_echoes(struct net *net, const struct net_device *dev)
{
	const struct inet_forwarder *fwd;

	for_each_forwarder_rcu(fwd, net)
		if (fwd->echo && forwarder_of_dev(fwd, dev))
			return true;
	return false;
}

struct inet_forwarder *forwarder_find(const struct sk_buff *skb, u8 protocol)
{
	struct inet_forwarder *fwd, *best = NULL;
	bool own = !skb_is_foreign(skb);

	for_each_forwarder_rcu(fwd, skb_net(skb)) {
		if (fwd->ops->protocol != protocol || (own && !fwd->own) ||
		    !forwarder_of_dev(fwd, skb->dev))
			continue;
		if (fwd->ifindex)
			return fwd;
		best = fwd;
	}
	return best;
}

/* ---- memory ----------------------------------------------------------- */

static void forwarder_put(struct inet_forwarder *fwd)
{
	struct mem *mem = &fwd->net->mem;

	if (!refcount_dec_and_test(&fwd->refcnt))
		return;
	mem_free(mem, fwd->chains, (fwd->mask + 1) * sizeof(*fwd->chains));
	mem_free(mem, fwd->sources, (fwd->mask + 1) * sizeof(*fwd->sources));
	mem_free(mem, fwd, sizeof(*fwd));
}

/* Whoever found it is done: what was delivered for it until now and remembered
 * is forgotten, too. */
static void forwarder_free_rcu(struct rcu_head *head)
{
	struct inet_forwarder *fwd = container_of(head, struct inet_forwarder,
						  rcu);

	rt_cache_flush(fwd->net);
	forwarder_put(fwd);
}

void forward_flow_put(struct forward_flow *flow)
{
	struct inet_forwarder *fwd = flow->fwd;

	if (!refcount_dec_and_test(&flow->refcnt))
		return;
	if (flow->skb)
		consume_skb(flow->skb);
	if (flow->sk)
		sock_put(flow->sk);
	mem_free(&fwd->net->mem, flow, sizeof(*flow));
	forwarder_put(fwd);
}

/* ---- the table: under fwd->lock --------------------------------------- */

static u32 forward_hash(const struct inet_forwarder *fwd,
			const struct forward_key *key)
{
	return jhash_3words(key->saddr, key->daddr,
			    (u32)key->sport << 16 | key->dport, fwd->secret);
}

static struct hlist_head *forward_source_chain(const struct inet_forwarder *fwd,
					       __be32 saddr)
{
	return &fwd->sources[jhash_1word(saddr, fwd->secret) & fwd->mask];
}

/* NULL: it has no flow. */
static struct forward_source *forward_source(const struct inet_forwarder *fwd,
					     __be32 saddr)
{
	struct forward_source *source;

	hlist_for_each_entry(source, forward_source_chain(fwd, saddr), node)
		if (source->saddr == saddr)
			return source;
	return NULL;
}

/* For one more flow, perhaps the first. NULL: no memory. */
static struct forward_source *forward_source_get(struct inet_forwarder *fwd,
						 __be32 saddr)
{
	struct forward_source *source = forward_source(fwd, saddr);

	if (!source) {
		source = mem_zalloc(&fwd->net->mem, sizeof(*source));
		if (!source)
			return NULL;
		source->saddr = saddr;
		hlist_add_head(&source->node, forward_source_chain(fwd, saddr));
	}
	source->nr++;
	return source;
}

static void forward_source_put(struct inet_forwarder *fwd,
			       struct forward_source *source)
{
	if (--source->nr)
		return;
	hlist_del_init(&source->node);
	mem_free(&fwd->net->mem, source, sizeof(*source));
}

static struct forward_flow *forward_find(const struct inet_forwarder *fwd,
					 const struct forward_key *key, u32 hash)
{
	struct forward_flow *flow;

	hlist_for_each_entry(flow, &fwd->chains[hash & fwd->mask], node)
		if (flow->key.saddr == key->saddr &&
		    flow->key.daddr == key->daddr &&
		    flow->key.sport == key->sport &&
		    flow->key.dport == key->dport)
			return flow;
	return NULL;
}

static void forward_link(struct inet_forwarder *fwd, struct forward_flow *flow)
{
	hlist_add_head(&flow->node, &fwd->chains[(u32)flow->req.id & fwd->mask]);
}

/* Twice as many chains of both tables, if there is memory. */
static void forward_grow(struct inet_forwarder *fwd)
{
	struct mem *mem = &fwd->net->mem;
	u32 i, n = fwd->mask + 1;
	struct hlist_head *chains = mem_zalloc(mem, 2 * n * sizeof(*chains));
	struct hlist_head *sources = mem_zalloc(mem, 2 * n * sizeof(*sources));
	struct hlist_head *old = fwd->chains, *old_sources = fwd->sources;
	struct forward_source *source;
	struct forward_flow *flow;
	struct hlist_node *next;

	if (!chains || !sources) {
		mem_free(mem, chains, 2 * n * sizeof(*chains));
		mem_free(mem, sources, 2 * n * sizeof(*sources));
		return;
	}
	fwd->chains = chains;
	fwd->sources = sources;
	fwd->mask = 2 * n - 1;
	for (i = 0; i < n; i++) {
		hlist_for_each_entry_safe(flow, next, &old[i], node)
			forward_link(fwd, flow);
		hlist_for_each_entry_safe(source, next, &old_sources[i], node)
			hlist_add_head(&source->node,
				       forward_source_chain(fwd, source->saddr));
	}
	mem_free(mem, old, n * sizeof(*old));
	mem_free(mem, old_sources, n * sizeof(*old_sources));
}

/* It is held, or open, no more (@one -1), or begins to be. */
static void forward_count_state(struct forward_flow *flow, u32 one)
{
	struct inet_forwarder *fwd = flow->fwd;

	if (flow->state == FORWARD_OPEN) {
		fwd->stats.open += one;
		return;
	}
	fwd->stats.held += one;
	fwd->held_bytes += one * flow->bytes;
	flow->source->held_bytes += one * flow->bytes;
}

/* False: somebody did before. Else the table's reference is the caller's. */
static bool forward_unlink(struct forward_flow *flow)
{
	struct inet_forwarder *fwd = flow->fwd;

	if (hlist_unhashed(&flow->node))
		return false;
	hlist_del_init(&flow->node);
	fwd->nr--;
	forward_count_state(flow, -1u);
	forward_source_put(fwd, flow->source);
	flow->source = NULL;
	return true;
}

/* Why there is no room for one more, or 0. */
static enum skb_drop_reason forward_no_room(struct inet_forwarder *fwd,
					    const struct forward_key *key,
					    u32 bytes)
{
	const struct forward_source *source = forward_source(fwd, key->saddr);

	if (fwd->nr < fwd->max_flows &&
	    fwd->held_bytes + bytes <= FORWARD_HELD_BYTES &&
	    (!source || (source->nr < fwd->max_per_source &&
			 source->held_bytes + bytes <=
				 FORWARD_HELD_BYTES / 3 * 2)))
		return SKB_NOT_DROPPED_YET;
	fwd->stats.full++;
	return SKB_DROP_REASON_FORWARD_FULL;
}

/* ---- the end of a flow ------------------------------------------------ */

/* It was unlinked: the timer's and the table's references go. */
static void forward_flow_unlinked(struct forward_flow *flow)
{
	if (del_timer(&flow->timer))
		forward_flow_put(flow);
	forward_flow_put(flow);
}

bool forward_flow_end(struct forward_flow *flow, u64 *counter)
{
	struct inet_forwarder *fwd = flow->fwd;
	bool ended;

	spin_lock(&fwd->lock);
	ended = forward_unlink(flow);
	if (ended && counter)
		(*counter)++;
	spin_unlock(&fwd->lock);
	if (ended)
		forward_flow_unlinked(flow);
	return ended;
}

struct forward_flow *forward_flow_get(struct inet_forwarder *fwd,
				      const struct forward_key *key)
{
	struct forward_flow *flow;

	spin_lock(&fwd->lock);
	flow = forward_find(fwd, key, forward_hash(fwd, key));
	if (flow)
		refcount_inc(&flow->refcnt);
	spin_unlock(&fwd->lock);
	return flow;
}

/* Its flow among those of @fwd ends. What waits for a verdict under the same names
 * is none of its. */
static void forward_end_of_sock(struct inet_forwarder *fwd,
				const struct forward_key *key,
				const struct sock *sk)
{
	struct forward_flow *flow;

	spin_lock(&fwd->lock);
	flow = forward_find(fwd, key, forward_hash(fwd, key));
	if (flow && (fwd->ops->idle_at ? flow->sk == sk :
					 flow->state != FORWARD_HELD))
		forward_unlink(flow);
	else
		flow = NULL;
	spin_unlock(&fwd->lock);
	if (flow)
		forward_flow_unlinked(flow);
}

void forward_sock_done(const struct sock *sk, u8 protocol)
{
	const struct forward_key key = {
		.saddr = sk->sk_daddr, .daddr = sk->sk_rcv_saddr,
		.sport = sk->sk_dport, .dport = inet_sk(sk)->inet_sport,
	};
	struct net *net = sock_net(sk);
	struct inet_forwarder *fwd;

	rcu_read_lock(&net->rcu);
	for_each_forwarder_rcu(fwd, net)
		if (fwd->ops->protocol == protocol)
			forward_end_of_sock(fwd, &key, sk);
	rcu_read_unlock(&net->rcu);
}

/* When @flow is over unless something happens. Context: fwd->lock. */
static u64 forward_ends_at(const struct forward_flow *flow)
{
	u64 now = net_now(flow->fwd->net);

	switch (flow->state) {
	case FORWARD_BUSY:
		return now + FORWARD_BUSY_NS;
	case FORWARD_OPEN:
		return flow->fwd->ops->idle_at(flow);
	default:
		return now;
	}
}

/* Nobody has decided, or nothing was said for long. */
static void forward_timer(struct timer_list *t)
{
	struct forward_flow *flow = from_timer(flow, t, timer);
	struct inet_forwarder *fwd = flow->fwd;
	struct net *net = fwd->net;
	bool open, ends;
	u64 at;

	spin_lock(&fwd->lock);
	open = flow->state == FORWARD_OPEN;
	/* an open flow of TCP has timers of its own */
	ends = !hlist_unhashed(&flow->node) && !(open && !fwd->ops->idle_at);
	at = ends ? forward_ends_at(flow) : 0;
	if (at > net_now(net)) {
		mod_timer(net_wheel(net), t, at);	/* with its reference */
		spin_unlock(&fwd->lock);
		return;
	}
	if (ends) {
		forward_unlink(flow);
		*(open ? &fwd->stats.idle : &fwd->stats.expired) += 1;
	}
	spin_unlock(&fwd->lock);
	if (ends && open) {
		rcu_read_lock(&net->rcu);
		fwd->ops->idle(flow->sk);
		rcu_read_unlock(&net->rcu);
	}
	if (ends)
		forward_flow_put(flow);		/* the table's */
	forward_flow_put(flow);
}

/* ---- requests --------------------------------------------------------- */

/* A copy from the network header on, without a device. NULL: no memory. */
static struct sk_buff *forward_copy(const struct sk_buff *skb, u32 len)
{
	struct sk_buff *copy = alloc_skb_heap(skb_net(skb),
					      MAX_HEADER_ROOM + len);
	int off = skb_network_offset(skb);
	u8 *to;

	if (!copy)
		return NULL;
	skb_reserve(copy, MAX_HEADER_ROOM);
	to = skb_put(copy, len);
	memcpy(to, skb_network_header(skb), (u32)-off);
	if (skb_copy_bits(skb, 0, to + -off, len - (u32)-off)) {
		kfree_skb_reason(copy, SKB_DROP_REASON_NOMEM);
		return NULL;
	}
	skb_reset_network_header(copy);
	skb_set_transport_header(copy, -off);
	memset(IPCB(copy), 0, sizeof(struct inet_skb_parm));
	IPCB(copy)->iif = skb->skb_iif;
	copy->protocol = cpu_to_be16(ETH_P_IP);
	copy->pkt_type = SKB_PACKET_HOST;
	copy->ip_summed = CHECKSUM_UNNECESSARY;
	copy->mark = skb->mark;
	copy->shinfo->gso_size = skb->shinfo->gso_size;
	copy->shinfo->gso_segs = skb->shinfo->gso_segs;
	copy->shinfo->gso_type = skb->shinfo->gso_type;
	return copy;
}

/* app_call.fn: the application is asked, unless it is too late. */
static bool forward_ask(struct app_call *call, struct softnet_data *sd)
{
	struct forward_flow *flow = container_of(call, struct forward_flow, ask);
	struct inet_forwarder *fwd = flow->fwd;
	struct net *net = fwd->net;
	bool due;

	spin_lock(&fwd->lock);
	due = sd && !hlist_unhashed(&flow->node);
	fwd->asking += due;
	spin_unlock(&fwd->lock);
	if (due) {
		net_clock_tick(net);
		fwd->cb(fwd, &flow->req, fwd->arg);
		net_clock_tick(net);
		spin_lock(&fwd->lock);
		fwd->asking--;
		spin_unlock(&fwd->lock);
		if (net->smp)
			wake_up(&fwd->asked);
	}
	forward_flow_put(flow);
	return false;
}

/* No callback runs. */
static bool forward_asked(void *arg)
{
	struct inet_forwarder *fwd = arg;
	bool none;

	spin_lock(&fwd->lock);
	none = !fwd->asking;
	spin_unlock(&fwd->lock);
	return none;
}

/* A flow with a reference for forward_ask(), in no table yet. */
static struct forward_flow *forward_flow_alloc(struct inet_forwarder *fwd,
					       const struct sk_buff *skb,
					       const struct forward_want *want)
{
	struct mem *mem = &fwd->net->mem;
	struct forward_flow *flow = mem_zalloc(mem, sizeof(*flow));

	if (!flow)
		return NULL;
	flow->skb = forward_copy(skb, want->len);
	if (!flow->skb) {
		mem_free(mem, flow, sizeof(*flow));
		return NULL;
	}
	flow->bytes = flow->skb->truesize;
	refcount_init(&flow->refcnt, 1, fwd->net->smp);
	timer_setup(&flow->timer, forward_timer);
	refcount_inc(&fwd->refcnt);
	flow->fwd = fwd;
	flow->key = want->key;
	flow->state = FORWARD_HELD;
	flow->ask.fn = forward_ask;
	flow->seq = want->seq;
	flow->isn = want->isn;
	return flow;
}

/* What the application will be told, but for the number. */
static void forward_describe(struct forward_flow *flow, const struct sk_buff *skb,
			     const struct inet_forward_request *req)
{
	const struct forward_key *key = &flow->key;
	const struct iphdr *iph = ip_hdr(skb);

	flow->req = *req;
	flow->req.src = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = key->sport, .sin_addr.s_addr = key->saddr };
	flow->req.dst = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = key->dport, .sin_addr.s_addr = key->daddr };
	flow->req.protocol = flow->fwd->ops->protocol;
	flow->req.ifindex = skb->skb_iif;
	flow->req.tos = iph->tos;
	flow->req.ttl = iph->ttl;
}

/* Into the table, its timer armed. Return: 0, or why not. */
static enum skb_drop_reason forward_flow_add(struct forward_flow *flow)
{
	struct inet_forwarder *fwd = flow->fwd;
	u32 hash = forward_hash(fwd, &flow->key);
	struct net *net = fwd->net;
	enum skb_drop_reason reason;

	spin_lock(&fwd->lock);
	reason = forward_no_room(fwd, &flow->key, flow->bytes);
	if (!reason && (fwd->dead || READ_ONCE(net->stopping) ||
			forward_find(fwd, &flow->key, hash)))
		reason = SKB_DROP_REASON_FORWARD_HELD;	/* by another thread */
	if (!reason) {
		flow->source = forward_source_get(fwd, flow->key.saddr);
		if (!flow->source)
			reason = SKB_DROP_REASON_NOMEM;
	}
	if (!reason) {
		if (fwd->nr > fwd->mask)
			forward_grow(fwd);
		fwd->serial += fwd->serial == U32_MAX ? 2 : 1;
		flow->req.id = (u64)fwd->serial << 32 | hash;
		refcount_inc(&flow->refcnt);		/* the table's */
		refcount_inc(&flow->refcnt);		/* the timer's */
		forward_link(fwd, flow);
		fwd->nr++;
		fwd->stats.requests++;
		forward_count_state(flow, 1);
		mod_timer(net_wheel(net), &flow->timer,
			  net_now(net) + fwd->hold_ns);
	}
	spin_unlock(&fwd->lock);
	return reason;
}

/* Are the names those of a flow already? With another number the peer has begun
 * anew, and so do we. */
static bool forward_again(struct inet_forwarder *fwd,
			  const struct forward_want *want)
{
	struct forward_flow *flow = forward_flow_get(fwd, &want->key);
	bool again;

	if (!flow)
		return false;
	again = want->seq == flow->seq ||
		READ_ONCE(flow->state) != FORWARD_HELD ||
		!forward_flow_end(flow, &fwd->stats.gave_up);
	forward_flow_put(flow);
	if (again) {
		spin_lock(&fwd->lock);
		fwd->stats.absorbed++;
		spin_unlock(&fwd->lock);
	}
	return again;
}

/* Room is looked for before anything is copied, too: a flood costs little. */
enum skb_drop_reason forward_request(struct inet_forwarder *fwd,
				     const struct sk_buff *skb,
				     const struct forward_want *want,
				     const struct inet_forward_request *req)
{
	enum skb_drop_reason reason;
	struct forward_flow *flow;

	if (forward_again(fwd, want))
		return SKB_DROP_REASON_FORWARD_HELD;
	spin_lock(&fwd->lock);
	reason = forward_no_room(fwd, &want->key, want->len);
	spin_unlock(&fwd->lock);
	if (reason)
		return reason;
	flow = forward_flow_alloc(fwd, skb, want);
	if (!flow)
		return SKB_DROP_REASON_NOMEM;
	forward_describe(flow, skb, req);
	reason = forward_flow_add(flow);
	if (reason) {
		forward_flow_put(flow);
		return reason;
	}
	app_call_queue(fwd->net, &flow->ask);
	return SKB_NOT_DROPPED_YET;
}

/* ---- verdicts --------------------------------------------------------- */

/* The request @id with a reference of the caller's, if it still waits. Context:
 * fwd->lock. */
static struct forward_flow *forward_held(struct inet_forwarder *fwd, u64 id)
{
	struct forward_flow *flow;

	hlist_for_each_entry(flow, &fwd->chains[(u32)id & fwd->mask], node)
		if (flow->req.id == id && flow->state == FORWARD_HELD) {
			refcount_inc(&flow->refcnt);
			return flow;
		}
	return NULL;
}

/* The same, and nobody else decides about it meanwhile. */
static struct forward_flow *forward_begin_accept(struct inet_forwarder *fwd,
						 u64 id)
{
	struct forward_flow *flow;

	spin_lock(&fwd->lock);
	flow = forward_held(fwd, id);
	if (flow)
		WRITE_ONCE(flow->state, FORWARD_BUSY);
	spin_unlock(&fwd->lock);
	return flow;
}

/* What began has failed: it is held on. */
static void forward_undo_accept(struct forward_flow *flow)
{
	spin_lock(&flow->fwd->lock);
	WRITE_ONCE(flow->state, FORWARD_HELD);
	spin_unlock(&flow->fwd->lock);
	forward_flow_put(flow);
}

/* What began has led to @sk. The flow, and the handshake, may be over already. */
static void forward_end_accept(struct forward_flow *flow, struct sock *sk)
{
	struct inet_forwarder *fwd = flow->fwd;
	struct net *net = fwd->net;
	bool stopped = false;

	consume_skb(flow->skb);
	flow->skb = NULL;
	spin_lock(&fwd->lock);
	fwd->stats.accepted++;
	if (!hlist_unhashed(&flow->node)) {
		forward_count_state(flow, -1u);
		WRITE_ONCE(flow->state, FORWARD_OPEN);
		forward_count_state(flow, 1);
		stopped = del_timer(&flow->timer);
		if (fwd->ops->idle_at) {
			sock_hold(sk);
			flow->sk = sk;
		}
		if (stopped && fwd->ops->idle_at) {
			mod_timer(net_wheel(net), &flow->timer,
				  net_now(net) + fwd->idle_ns);
			stopped = false;
		}
	}
	spin_unlock(&fwd->lock);
	if (stopped)
		forward_flow_put(flow);
	forward_flow_put(flow);
}

/* The request @id is decided about, for good. NULL: it is over. */
static struct forward_flow *forward_decide(struct inet_forwarder *fwd, u64 id,
					   u64 *counter)
{
	struct forward_flow *flow;

	spin_lock(&fwd->lock);
	flow = forward_held(fwd, id);
	if (flow) {
		forward_unlink(flow);
		(*counter)++;
	}
	spin_unlock(&fwd->lock);
	if (flow)
		forward_flow_unlinked(flow);
	return flow;
}

/* The packet of @flow as if it had come just now. 0 or -E. Context: RCU. */
static int forward_reroute(struct forward_flow *flow)
{
	struct sk_buff *skb = flow->skb;
	enum skb_drop_reason reason;
	int err;

	skb->dev = dev_get_by_index_rcu(flow->fwd->net, flow->req.ifindex);
	skb->skb_iif = flow->req.ifindex;
	if (!skb->dev)
		return -ENODEV;
	err = ip_route_input_noref(skb, flow->key.daddr, flow->key.saddr,
				   skb->dev, &reason);
	return err ? -ENETUNREACH : 0;
}

/* What it borrowed is given back before the RCU section ends. */
static void forward_forget_route(struct forward_flow *flow)
{
	skb_dst_drop(flow->skb);
	flow->skb->dev = NULL;
}

int forward_route(struct sock *sk, struct flowi4 *fl4,
		  const struct forward_key *key)
{
	struct rtable *rt;

	inet_assign_bit(TRANSPARENT, sk, true);
	rt = ip_route_connect(fl4, key->saddr, key->daddr, 0,
			      (u8)sk->sk_protocol, key->dport, key->sport, sk);
	if (IS_ERR(rt))
		return (int)PTR_ERR(rt);
	sk_dst_set(sk, &rt->dst);
	return rt_is_to_many(rt) ? -ENETUNREACH : 0;
}

int forward_accept(struct inet_forwarder *fwd, u64 id, bool nonblock,
		   struct socket **res)
{
	struct forward_flow *flow = forward_begin_accept(fwd, id);
	struct net *net = fwd->net;
	int err;

	if (!flow)
		return -ENOENT;
	rcu_read_lock(&net->rcu);
	err = forward_reroute(flow);
	if (!err)
		err = fwd->ops->accept(flow, res);
	forward_forget_route(flow);
	rcu_read_unlock(&net->rcu);
	if (err) {
		forward_undo_accept(flow);
		return err;
	}
	(*res)->nonblock = nonblock;
	forward_end_accept(flow, (*res)->sk);
	return 0;
}

/* @reset, if not NULL, else an ICMP error of @code says so. 0 or -ENOENT. */
static int forward_reject(struct inet_forwarder *fwd, u64 id,
			  void (*reset)(struct sk_buff *skb), u8 code)
{
	struct forward_flow *flow = forward_decide(fwd, id,
						   &fwd->stats.rejected);
	struct net *net = fwd->net;

	if (!flow)
		return -ENOENT;
	rcu_read_lock(&net->rcu);
	if (!forward_reroute(flow)) {
		if (reset)
			reset(flow->skb);
		else
			icmp_send(flow->skb, ICMP_DEST_UNREACH, code, 0);
	}
	forward_forget_route(flow);
	rcu_read_unlock(&net->rcu);
	forward_flow_put(flow);
	return 0;
}

int forward_reset(struct inet_forwarder *fwd, u64 id)
{
	return fwd->ops->reset ? forward_reject(fwd, id, fwd->ops->reset, 0) :
				 -EOPNOTSUPP;
}

int forward_unreachable(struct inet_forwarder *fwd, u64 id, u8 code)
{
	if (code > NR_ICMP_UNREACH || code == ICMP_FRAG_NEEDED)
		return -EINVAL;
	return forward_reject(fwd, id, NULL, code);
}

int forward_drop(struct inet_forwarder *fwd, u64 id)
{
	struct forward_flow *flow = forward_decide(fwd, id,
						   &fwd->stats.dropped);

	if (!flow)
		return -ENOENT;
	forward_flow_put(flow);
	return 0;
}

/* ---- life ------------------------------------------------------------- */

/* What the options say. 0 or -E with a sentence. */
static int forwarder_configure(struct inet_forwarder *fwd,
			       const struct inet_forward_options *o)
{
	struct net *net = fwd->net;
	struct net_device *dev;
	u32 most = o->max_flows ? o->max_flows : fwd->ops->max_flows;

	if (most > FORWARD_MAX_FLOWS || o->max_per_source > most)
		return net_error(net, -EINVAL, "a forwarder of %u flows, %u of "
				 "one source: not in 1..%u", most,
				 o->max_per_source, FORWARD_MAX_FLOWS);
	if (o->own && fwd->ops->protocol != IPPROTO_TCP)
		return net_error(net, -EOPNOTSUPP, "only a forwarder of TCP takes "
				 "what is for own addresses");
	if (o->idle_ms && fwd->ops->protocol != IPPROTO_UDP)
		return net_error(net, -EINVAL, "only flows of UDP are idle");
	fwd->max_flows = most;
	fwd->max_per_source = o->max_per_source ? o->max_per_source :
						  max(most * 2 / 3, 1u);
	fwd->hold_ns = NSEC_PER_MSEC * (o->hold_ms ? o->hold_ms :
						     FORWARD_HOLD_MS);
	if (fwd->ops->protocol == IPPROTO_UDP)
		fwd->idle_ns = NSEC_PER_MSEC * (o->idle_ms ? o->idle_ms :
							     FORWARD_IDLE_MS);
	fwd->own = o->own;
	fwd->echo = o->echo;
	if (!o->dev)
		return 0;
	dev = dev_get_by_name(net, o->dev);
	if (!dev)
		return net_error(net, -ENODEV, "%.40s: no such device", o->dev);
	fwd->ifindex = dev->ifindex;
	dev_put(dev);
	return 0;
}

/* NULL: no memory. */
static struct inet_forwarder *forwarder_alloc(struct net *net,
					      const struct forward_ops *ops)
{
	struct inet_forwarder *fwd = mem_zalloc(&net->mem, sizeof(*fwd));

	if (!fwd)
		return NULL;
	lock_init(&fwd->lock, net->smp);
	init_waitqueue_head(&fwd->asked, net->smp);
	refcount_init(&fwd->refcnt, 1, net->smp);
	net_random_bytes(net, &fwd->secret, sizeof(fwd->secret));
	fwd->net = net;
	fwd->ops = ops;
	fwd->mask = FORWARD_FIRST_CHAINS - 1;
	fwd->chains = mem_zalloc(&net->mem, FORWARD_FIRST_CHAINS *
					    sizeof(*fwd->chains));
	fwd->sources = mem_zalloc(&net->mem, FORWARD_FIRST_CHAINS *
					     sizeof(*fwd->sources));
	if (fwd->chains && fwd->sources)
		return fwd;
	forwarder_put(fwd);
	return NULL;
}

/* Into the list, unless there is one like it. 0 or -EEXIST. */
static int forwarder_publish(struct inet_forwarder *fwd)
{
	struct netns_ipv4 *v4 = &fwd->net->ipv4;
	const struct inet_forwarder *other;
	int err = 0;

	spin_lock(&v4->forwarders_lock);
	for (other = v4->forwarders; other; other = other->next)
		if (other->ops == fwd->ops && other->ifindex == fwd->ifindex)
			err = -EEXIST;
	if (!err) {
		fwd->next = v4->forwarders;
		rcu_assign_pointer(v4->forwarders, fwd);
	}
	spin_unlock(&v4->forwarders_lock);
	return err;
}

int forwarder_create(struct net *net, const struct forward_ops *ops,
		     const struct inet_forward_options *opts,
		     struct forward_owner owner, struct inet_forwarder **res)
{
	const struct inet_forward_options none = { .size = sizeof(none) };
	struct inet_forwarder *fwd;
	int err;

	if (!opts)
		opts = &none;
	if (opts->size != sizeof(*opts))
		return net_error(net, -EINVAL, "inet_forward_options.size is not "
				 "sizeof(struct inet_forward_options)");
	fwd = forwarder_alloc(net, ops);
	if (!fwd)
		return -ENOMEM;
	fwd->cb = owner.cb;
	fwd->arg = owner.arg;
	err = forwarder_configure(fwd, opts);
	if (!err && forwarder_publish(fwd))
		err = net_error(net, -EEXIST, "there is a forwarder of this "
				"protocol for %s already",
				opts->dev ? opts->dev : "all devices");
	if (err) {
		forwarder_put(fwd);
		return err;
	}
	rt_cache_flush(net);
	*res = fwd;
	return 0;
}

/* Any flow, with a reference, and then there is one less. NULL: none is left. */
static struct forward_flow *forward_first(struct inet_forwarder *fwd, u32 *chain)
{
	struct forward_flow *flow = NULL;

	spin_lock(&fwd->lock);
	fwd->dead = true;
	for (; *chain <= fwd->mask && !flow; (*chain) += !flow)
		flow = hlist_empty(&fwd->chains[*chain]) ? NULL :
			hlist_entry(fwd->chains[*chain].first,
				    struct forward_flow, node);
	if (flow)
		refcount_inc(&flow->refcnt);
	spin_unlock(&fwd->lock);
	return flow;
}

void forwarder_destroy(struct inet_forwarder *fwd)
{
	struct net *net = fwd->net;
	struct inet_forwarder **p;
	struct forward_flow *flow;
	u32 chain = 0;

	spin_lock(&net->ipv4.forwarders_lock);
	for (p = &net->ipv4.forwarders; *p != fwd; p = &(*p)->next)
		;
	rcu_assign_pointer(*p, fwd->next);
	spin_unlock(&net->ipv4.forwarders_lock);
	rt_cache_flush(net);
	while ((flow = forward_first(fwd, &chain))) {
		forward_flow_end(flow, NULL);
		forward_flow_put(flow);
	}
	/* a softirq thread must not wait for itself */
	if (net->smp && !this_softnet(net))
		wait_event_until(&fwd->asked, WAIT_FOREVER, forward_asked, fwd);
	call_rcu(&net->rcu, &fwd->rcu, forwarder_free_rcu);
}

void forward_net_end(struct net *net)
{
	while (net->ipv4.forwarders)
		forwarder_destroy(net->ipv4.forwarders);
}
