/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must always be true of the tables of connections, of listeners and
 * ports, and of the memory that TCP's sockets hold together. Simulations and
 * tests ask; nothing here runs in production.
 */
#include "core/socket.h"
#include "ipv4/inet_connection_sock.h"
#include "ipv4/inet_hashtables.h"
#include "ipv4/tcp.h"

/* What the walks count. */
struct hash_verify_sum {
	const struct sock *listener;	/* whose requests are counted */
	u32 entries, timewaits, requests, young;
	s64 charged;			/* against tcp_mem */
};

/* One entry of ehash, in chain @chain. */
static void verify_entry(const struct inet_hashinfo *h, u32 chain,
			 const struct sock_common *skc,
			 struct hash_verify_sum *sum)
{
	inet_assert((skc->skc_hash & h->ehash->mask) == chain);
	inet_assert(skc->skc_hash == inet_ehashfn(skc->skc_net,
			skc->skc_rcv_saddr, skc->skc_num, skc->skc_daddr,
			skc->skc_dport));
	sum->entries++;
	if (skc->skc_state == TCP_TIME_WAIT)
		sum->timewaits++;
	else if (skc->skc_state == TCP_NEW_SYN_RECV)
		sum->requests++;
}

static void verify_ehash(const struct inet_hashinfo *h,
			 struct hash_verify_sum *sum)
{
	const struct sock_common *skc;
	u32 i;

	for (i = 0; i <= h->ehash->mask; i++)
		hlist_for_each_entry(skc, &h->ehash->chains[i], skc_node)
			verify_entry(h, i, skc, sum);
	inet_assert(sum->entries == h->ehash_count);
}

/* A request of one listener. */
static void count_request(void *arg, struct sock_common *skc)
{
	const struct request_sock *req = inet_reqsk((struct sock *)skc);
	struct hash_verify_sum *sum = arg;

	if (skc->skc_state != TCP_NEW_SYN_RECV ||
	    req->rsk_listener != sum->listener)
		return;
	sum->requests++;
	sum->young += req->num_timeout == 0;
}

/* ---- memory ----------------------------------------------------------- */

/* What a sock has taken out of the budget: what it uses and what it keeps. */
static s64 sock_charged(const struct sock *sk)
{
	return (s64)sk->sk_forward_alloc + sk_rmem_alloc_get(sk) +
	       sk->sk_wmem_queued;
}

/* A child that nobody has accepted and that ended is in no table. */
static s64 queue_charged(const struct sock *sk)
{
	const struct request_sock *req =
		inet_csk(sk)->icsk_accept_queue.rskq_accept_head;
	s64 sum = 0;

	for (; req; req = req->dl_next)
		if (hlist_unhashed(&req->sk->sk_node))
			sum += sock_charged(req->sk);
	return sum;
}

static void count_charged(void *arg, struct sock_common *skc)
{
	struct hash_verify_sum *sum = arg;

	if (skc->skc_state != TCP_TIME_WAIT &&
	    skc->skc_state != TCP_NEW_SYN_RECV)
		sum->charged += sock_charged((const struct sock *)skc);
}

/* All that TCP's sockets hold is what the budget says. */
static void verify_memory(struct net *net)
{
	struct hash_verify_sum sum = { 0 };
	const struct socket *sock;
	const struct sock *sk;

	inet_ehash_each(net, count_charged, &sum);
	list_for_each_entry(sock, &net->sockets, net_list) {
		sk = sock->sk;
		if (!sk || sk->sk_mem_id != PROTO_MEM_TCP)
			continue;
		if (sk->sk_state == TCP_LISTEN)
			sum.charged += sock_charged(sk) + queue_charged(sk);
		else if (hlist_unhashed(&sk->sk_node))
			sum.charged += sock_charged(sk);
	}
	/* what was lent outlives its socket */
	inet_assert(net->loans.nr_out ?
			    sum.charged <= net->proto_mem[PROTO_MEM_TCP] :
			    sum.charged == net->proto_mem[PROTO_MEM_TCP]);
}

/* ---- listeners -------------------------------------------------------- */

/* Both queues of a listener: as long as they say, and not too long. */
static void verify_listener(struct net *net, const struct sock *sk)
{
	const struct request_sock_queue *q = &inet_csk(sk)->icsk_accept_queue;
	struct hash_verify_sum sum = { .listener = sk };
	const struct request_sock *req = q->rskq_accept_head, *last = NULL;
	u32 n = 0;

	for (; req; req = req->dl_next) {
		inet_assert(req->sk && req->rsk_listener == sk);
		last = req;
		n++;
	}
	inet_assert(last == (n ? q->rskq_accept_tail : NULL));
	inet_assert(n == sk->sk_ack_backlog);
	inet_assert(n <= sk->sk_max_ack_backlog + 1);
	inet_ehash_each(net, count_request, &sum);
	inet_assert(sum.requests == q->qlen && sum.young == q->young);
	inet_assert(q->qlen <= sk->sk_max_ack_backlog + 1);
}

/* The table of listeners, 64 chains. Return: requests of all of them. */
static u32 verify_listeners(struct net *net, const struct inet_hashinfo *h)
{
	const struct sock *sk;
	u32 i, requests = 0;

	for (i = 0; i < INET_LHTABLE_SIZE; i++)
		hlist_for_each_entry(sk, &h->lhash2[i].head, sk_node) {
			inet_assert(sk->sk_state == TCP_LISTEN);
			inet_assert(inet_csk(sk)->icsk_bind_hash);
			verify_listener(net, sk);
			requests += inet_csk(sk)->icsk_accept_queue.qlen;
		}
	return requests;
}

/* ---- ports ------------------------------------------------------------ */

/* Who owns a port points back at it. */
static void verify_owner(const struct inet_bind_bucket *tb,
			 const struct sock_common *skc)
{
	const struct sock *sk = (const struct sock *)skc;

	inet_assert(skc->skc_num == tb->port);
	if (skc->skc_state == TCP_TIME_WAIT)
		inet_assert(inet_twsk(sk)->tw_tb == tb);
	else
		inet_assert(inet_csk(sk)->icsk_bind_hash == tb);
}

/* Every port in use has an owner. */
static void verify_ports(const struct inet_hashinfo *h)
{
	const struct inet_bind_bucket *tb;
	const struct sock_common *skc;
	u32 port;

	for (port = 0; port < 65536; port++) {
		if (!h->bhash[port / INET_BHASH_PAGE]) {
			port |= INET_BHASH_PAGE - 1;
			continue;
		}
		tb = h->bhash[port / INET_BHASH_PAGE]
			     ->ports[port % INET_BHASH_PAGE];
		if (!tb)
			continue;
		inet_assert(tb->port == port && !hlist_empty(&tb->owners));
		hlist_for_each_entry(skc, &tb->owners, skc_bind_node)
			verify_owner(tb, skc);
	}
}

void inet_hash_verify(struct net *net)
{
	struct inet_hashinfo *h = net->ipv4.tcp_hashinfo;
	struct hash_verify_sum sum = { 0 };

	verify_ehash(h, &sum);
	inet_assert(sum.timewaits == net->ipv4.tcp->death_row.tw_count);
	inet_assert(sum.timewaits <= (u32)READ_ONCE(net->ipv4.sysctl_tcp_max_tw_buckets));
	inet_assert(verify_listeners(net, h) <= sum.requests);
	verify_ports(h);
	verify_memory(net);
}
