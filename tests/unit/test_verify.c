/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the simulator asks after each step: api/verify.c and the *_verify() of
 * all layers. A stack with something of everything passes; each damage, done
 * by hand in a child, is seen.
 */
#include "unit.h"

#include <string.h>

#include "api/verify.h"
#include "core/neighbour.h"
#include "core/sch_generic.h"
#include "core/skbuff.h"
#include "core/socket.h"
#include "core/verify.h"
#include "fixture.h"
#include "ipv4/fib.h"
#include "ipv4/ip_fragment.h"
#include "ipv4/route_cache.h"
#include "ipv4/tcp.h"
#include "ipv4/udp.h"
#include "sockets.h"

static struct fx f;
static struct socket *listener, *client, *server, *bound, *flow, *ping, *raw;
static struct neighbour *waiting, *known;
static struct fib_nh *nh;

/* ---- something of everything ------------------------------------------ */

/* A SYN of the peer, so that a request waits for its ACK. */
static void open_request(void)
{
	static const struct fx_ip ip = { .proto = IPPROTO_TCP };
	struct tcp_seg_info seg = {
		.source = cpu_to_be16(5000), .dest = cpu_to_be16(80),
		.seq = 1000, .flags = TCPHDR_SYN, .window = 1000,
	};
	u8 frame[128];

	fx_inject(&f, frame, fx_build_tcp(frame, &ip, &seg, NULL, 0, NULL, 0));
}

/* The first fragment of a datagram that never becomes whole. */
static void open_fragment(void)
{
	static const struct fx_ip ip = { .proto = 253, .id = 7, .frag = IP_MF };
	static const u8 bytes[80];
	u8 frame[256];

	fx_inject(&f, frame, fx_build_ip(frame, &ip, bytes, sizeof(bytes)));
}

/* A destination with a path MTU of its own. */
static void open_exception(void)
{
	struct flowi4 fl4 = { .daddr = FX_PEER };
	struct fnhe_change change = { .pmtu = 1000 };
	struct fib_result res;

	rcu_read_lock(&f.net->rcu);
	assert_int_equal(fib_lookup(f.net, &fl4, &res, 0), 0);
	nh = &res.fi->nh;
	update_or_create_fnhe(f.net, nh, FX_PEER, &change);
	rcu_read_unlock(&f.net->rcu);
}

/* Connections over the loopback: one lives, with unread text, one is in
 * TIME-WAIT. */
static void open_tcp(void)
{
	struct socket *c, *s;

	listener = inet_socket(f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(sk_bind(listener, INADDR_ANY, 80), 0);
	assert_int_equal(inet_listen(listener, 8), 0);
	client = inet_socket(f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	sk_connect(client, SK_LOOPBACK, 80);
	c = inet_socket(f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	sk_connect(c, SK_LOOPBACK, 80);
	fx_run(&f);
	server = inet_accept(listener, NULL, NULL);
	s = inet_accept(listener, NULL, NULL);
	assert_non_null(s);
	inet_close(c);
	inet_close(s);
	fx_run(&f);
	assert_int_equal(f.net->ipv4.tcp->death_row.tw_count, 1);
	sk_send(client, "text", 4);
	fx_run(&f);
	/* the kept one that nobody has accepted */
	c = inet_socket(f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	sk_connect(c, SK_LOOPBACK, 80);
	fx_run(&f);
	inet_close(c);
	fx_run(&f);
}

static int setup(void **state)
{
	__be32 addr = FX_STRANGER, peer = FX_PEER;

	(void)state;
	fx_open(&f);
	fx_learn(&f);
	open_tcp();
	open_request();
	open_fragment();
	bound = sk_udp(f.net, SK_HOST, 4000);
	flow = sk_udp(f.net, SK_HOST, 4001);
	sk_connect(flow, SK_PEER, 9);
	sk_sendto(flow, "ping", 4, SK_HOST, 4000);
	sk_sendto(bound, "to a stranger", 13, 0x0a000009, 4000);
	ping = inet_socket(f.net, AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	sk_bind(ping, SK_HOST, 77);
	raw = inet_socket(f.net, AF_INET, SOCK_RAW, 253);
	fx_run(&f);
	open_exception();
	waiting = neigh_lookup(f.net->ipv4.arp_tbl, &addr, f.dev);
	known = neigh_lookup(f.net->ipv4.arp_tbl, &peer, f.dev);
	neigh_release(waiting);
	neigh_release(known);
	assert_int_equal(waiting->nud_state, NUD_INCOMPLETE);
	return 0;
}

static int teardown(void **state)
{
	struct socket *all[] = { server, client, listener, bound, flow, ping,
				 raw };
	u32 i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(all); i++)
		inet_close(all[i]);
	fx_advance(&f, 300 * FX_SEC);
	fx_close(&f);
	return 0;
}

/* ---- damages ---------------------------------------------------------- */

static struct softnet_data *sd(void)
{
	return f.net->softnets;
}

static struct Qdisc *qdisc(void)
{
	return f.dev->tx[0].qdisc;
}

/* Any timer that is pending, and where it hangs. */
static struct timer_list *some_timer(int *level, int *slot)
{
	struct wheel *w = &sd()->wheel;

	for (*level = 0; !w->occupied[*level]; (*level)++)
		;
	*slot = __ffs64(w->occupied[*level]);
	return list_first_entry(&w->slots[*level][*slot], struct timer_list,
				entry);
}

static void wheel_bit(void) { sd()->wheel.occupied[2] ^= 1; }
static void wheel_clock(void) { sd()->wheel.clk += 1ull << 40; }

static void timer_slot(void)
{
	int level, slot;

	some_timer(&level, &slot)->slot ^= 1;
}

static void timer_forgotten(void)
{
	int level, slot;

	list_del(&some_timer(&level, &slot)->entry);
}

static void poll_tail(void) { sd()->poll_tail = NULL; }
static void process_qlen(void) { sd()->process_queue.qlen++; }
static void input_qlen(void) { sd()->input_pkt_queue.qlen = 1; }
static void output_tail(void) { sd()->output_queue_tailp = NULL; }
static void remote_forgotten(void) { sd()->remote_output = qdisc(); }
static void cached_headers(void) { sd()->nr_skb_cache++; }
static void whole_packets(void) { sd()->nr_skb_whole++; }
static void cached_frames(void) { sd()->frames.nr++; }
static void pool_frames(void) { f.net->pool.nr_free++; }
static void qdisc_qlen(void) { qdisc()->qlen = 1; }
static void qdisc_running(void) { qdisc()->running = true; }

static void qdisc_asleep(void)
{
	struct sk_buff *skb = alloc_skb(f.net, 100);

	qdisc()->gso_skb = skb;
	qdisc()->qlen = 1;
}

static void sock_rmem(void) { bound->sk->sk_rmem_alloc++; }
static void sock_forward(void) { bound->sk->sk_forward_alloc += 4096; }
static void sock_backlog(void) { bound->sk->sk_backlog.len = 1; }
static void sock_cap(void) { server->sk->sk_rcvbuf = -1000000; }
static void sock_qlen(void) { bound->sk->sk_receive_queue.qlen++; }

static void sock_prev(void)
{
	skb_peek(&bound->sk->sk_receive_queue)->prev = NULL;
}

static void neigh_two_states(void) { known->nud_state |= NUD_STALE; }
static void neigh_no_timer(void) { del_timer(&waiting->timer); }
static void neigh_late(void) { known->nud_state = NUD_REACHABLE; }
static void neigh_bytes(void) { waiting->arp_queue_len_bytes++; }
static void neigh_qlen(void) { waiting->arp_queue.qlen++; }
static void neigh_cap(void) { f.net->ipv4.neigh.unres_qlen_bytes = 0; }
static void neigh_count(void) { f.net->ipv4.arp_tbl->entries++; }
static void neigh_gc_count(void) { f.net->ipv4.arp_tbl->gc_entries++; }
static void neigh_gc_flag(void) { known->on_gc_list ^= 1; }
static void neigh_key(void) { known->primary_key[3] ^= 64; }
static void neigh_table_cap(void) { f.net->ipv4.neigh.gc_thresh3 = 0; }
static void neigh_output_way(void) { waiting->output = neigh_connected_output; }
static void neigh_gc_timer(void) { del_timer(&f.net->ipv4.arp_tbl->gc_timer); }

static void frag_cap(void) { f.net->ipv4.sysctl_ipfrag_high_thresh = 0; }

/* All timers of the wheel stop, that of the queue among them. */
static void frag_timer(void)
{
	int level, slot, i;

	del_timer(&waiting->timer);
	for (i = 0; i < 64 && sd()->wheel.occupied[0] | sd()->wheel.occupied[1] |
			       sd()->wheel.occupied[2] | sd()->wheel.occupied[3];
	     i++)
		del_timer(some_timer(&level, &slot));
	ip_frags_verify(f.net);
}

static void trie_nodes(void) { f.net->ipv4.fib->trie.nr_nodes++; }
static void trie_leaves(void) { f.net->ipv4.fib->trie.nr_leaves--; }
static void trie_bytes(void) { f.net->ipv4.fib->trie.bytes++; }
static void trie_count(void) { f.net->ipv4.fib->trie.root->nr_internal++; }
static void trie_place(void) { f.net->ipv4.fib->trie.root->internal ^= 6; }
static void fib_count(void) { f.net->ipv4.fib->nr++; }
static void fib_infos(void) { f.net->ipv4.fib->nr_infos++; }
static void fib_exceptions(void) { nh->exceptions->nr++; }
static void fib_rtables(void) { f.net->ipv4.rt->nr++; }

static void fib_leaf_lost(void)
{
	list_first_entry(&f.net->ipv4.fib->all, struct fib_alias, all)
		->leaf->plen = 31;
}

static void hash_count(void) { f.net->ipv4.tcp_hashinfo->ehash_count++; }
static void hash_of_sock(void) { client->sk->sk_hash ^= 1; }
static void hash_of_port(void) { client->sk->sk_num ^= 1; }
static void tw_count(void) { f.net->ipv4.tcp->death_row.tw_count++; }
static void tw_cap(void) { f.net->ipv4.sysctl_tcp_max_tw_buckets = 0; }
static void udp_memory(void) { f.net->proto_mem[PROTO_MEM_UDP] += 4096; }
static void udp_count(void) { f.net->proto_sockets[PROTO_MEM_UDP] = 0; }
static void tcp_memory(void) { f.net->proto_mem[PROTO_MEM_TCP] += 4096; }
static void accept_count(void) { listener->sk->sk_ack_backlog++; }
static void accept_cap(void) { listener->sk->sk_max_ack_backlog = -1u; }
static void bind_owner(void) { inet_csk(client->sk)->icsk_bind_hash = NULL; }

static void syn_count(void)
{
	inet_csk(listener->sk)->icsk_accept_queue.qlen++;
}

static void syn_young(void)
{
	inet_csk(listener->sk)->icsk_accept_queue.young++;
}

static void udp_port(void) { bound->sk->sk_num ^= 1; }
static void udp_flow_flag(void) { udp_sk(flow->sk)->flow_hashed = false; }
static void udp_peer(void) { flow->sk->sk_dport = 0; }
static void udp_peer_hash(void) { flow->sk->sk_daddr ^= 1; }
static void ping_ident(void) { ping->sk->sk_num ^= 1; }
static void raw_proto(void) { raw->sk->sk_num ^= 1; }

/* ---- cases ------------------------------------------------------------ */

#define D(name) { #name, name }
static const struct damage {
	const char *name;
	void (*fn)(void);
} per_step[] = {
	D(poll_tail), D(process_qlen), D(input_qlen), D(output_tail),
	D(remote_forgotten), D(qdisc_qlen), D(qdisc_running), D(qdisc_asleep),
	D(sock_rmem), D(sock_forward), D(sock_backlog), D(sock_cap),
	D(sock_qlen), D(sock_prev), D(neigh_two_states), D(neigh_no_timer),
	D(neigh_late), D(neigh_bytes), D(neigh_qlen), D(neigh_cap),
	D(neigh_count), D(neigh_gc_count), D(neigh_gc_flag), D(neigh_key),
	D(neigh_table_cap), D(neigh_output_way), D(neigh_gc_timer),
	D(frag_cap), D(frag_timer), D(udp_memory), D(udp_count),
}, of_tables[] = {
	D(wheel_bit), D(wheel_clock), D(timer_slot), D(timer_forgotten),
	D(cached_headers), D(whole_packets), D(cached_frames), D(pool_frames),
	D(trie_nodes), D(trie_leaves), D(trie_bytes), D(trie_count), D(trie_place),
	D(fib_count), D(fib_infos), D(fib_exceptions), D(fib_rtables),
	D(fib_leaf_lost), D(hash_count), D(hash_of_sock), D(hash_of_port),
	D(tw_count), D(tw_cap), D(tcp_memory), D(accept_count), D(accept_cap),
	D(bind_owner), D(syn_count), D(syn_young), D(udp_port),
	D(udp_flow_flag), D(udp_peer), D(udp_peer_hash), D(ping_ident),
	D(raw_proto),
};
#undef D

static void damaged_step(void *arg)
{
	((const struct damage *)arg)->fn();
	net_verify(f.net);
}

static void damaged_tables(void *arg)
{
	((const struct damage *)arg)->fn();
	net_verify_tables(f.net);
}

/* Every one of @d is seen by @fn. */
static void all_seen(void (*fn)(void *arg), const struct damage *d, size_t nr)
{
	for (; nr--; d++)
		if (!aborts(fn, (void *)d))
			fail_msg("%s is not seen", d->name);
}

static void stack_with_something_of_everything_passes(void **state)
{
	(void)state;
	net_verify(f.net);
	net_verify_tables(f.net);
	assert_true(ip_frag_mem(f.net) > 0);
	assert_int_equal(f.net->ipv4.tcp->death_row.tw_count, 1);
	assert_int_equal(inet_csk(listener->sk)->icsk_accept_queue.qlen, 1);
	assert_true(udp_sk(flow->sk)->flow_hashed);
}

/* Until the stack runs again, what nobody has read is still there. */
static void closed_socket_with_unread_text_passes(void **state)
{
	struct socket *s = sk_udp(f.net, SK_HOST, 4002);
	s64 before = f.net->proto_mem[PROTO_MEM_UDP];

	(void)state;
	sk_sendto(bound, "unread", 6, SK_HOST, 4002);
	fx_run(&f);
	net_verify(f.net);
	assert_true(f.net->proto_mem[PROTO_MEM_UDP] > before);
	inet_close(s);
	assert_true(f.net->proto_mem[PROTO_MEM_UDP] > before);
	net_verify(f.net);
	fx_run(&f);
	assert_int_equal(f.net->proto_mem[PROTO_MEM_UDP], before);
	net_verify(f.net);
}

static void damage_of_what_changes_with_each_packet_is_seen(void **state)
{
	(void)state;
	all_seen(damaged_step, per_step, ARRAY_SIZE(per_step));
}

static void damage_of_tables_and_caches_is_seen(void **state)
{
	(void)state;
	all_seen(damaged_tables, of_tables, ARRAY_SIZE(of_tables));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stack_with_something_of_everything_passes),
		cmocka_unit_test(closed_socket_with_unread_text_passes),
		cmocka_unit_test(
			damage_of_what_changes_with_each_packet_is_seen),
		cmocka_unit_test(damage_of_tables_and_caches_is_seen),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
