/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readers of the tables of sockets and of neighbours, under RCU, while writers are at work. The
 * library of this program is the simulator's, in which a walk says each step
 * that it takes: there a test does what another thread might do meanwhile.
 */
#include "unit.h"

#include <string.h>

#include "core/neighbour.h"
#include "fixture.h"
#include "ipv4/inet_hashtables.h"
#include "ipv4/tcp.h"
#include "ipv4/udp.h"
#include "lib/jhash.h"
#include "lib/points.h"
#include "sockets.h"

#define ME 0x0a000002u
#define PEER 0x0a000001u
#define PORT 80

static struct fx f;

/* ---- the points ------------------------------------------------------- */

static struct {
	enum inet_walk walk;
	u32 taken;			/* steps */
	void (*at[4])(void);		/* what happens at which of them */
} script;

bool sim_buggify(enum inet_point point)
{
	(void)point;
	return false;
}

void sim_probe(enum inet_probe probe)
{
	(void)probe;
}

void sim_walk(enum inet_walk walk)
{
	(void)walk;
}

void sim_step(enum inet_walk walk)
{
	u32 n = script.taken;

	if (walk != script.walk || n >= ARRAY_SIZE(script.at))
		return;
	script.taken++;
	if (script.at[n])
		script.at[n]();
}

/* While a reader stands on its first or second entry from now on. */
static void meanwhile(enum inet_walk walk, void (*first)(void),
		      void (*second)(void))
{
	memset(&script, 0, sizeof(script));
	script.walk = walk;
	script.at[0] = first;
	script.at[1] = second;
}

static int setup(void **state)
{
	memset(&script, 0, sizeof(script));
	fx_open(&f);
	*state = &f;
	rcu_read_lock(&f.net->rcu);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rcu_read_unlock(&f.net->rcu);
	fx_close(&f);
	return 0;
}

/* ---- connections ------------------------------------------------------ */

static struct tcp_sock target, walker, other, heir;
static struct tcp_timewait_sock old;

/* ME:PORT to PEER:@port. */
static struct inet_lookup from(u16 port)
{
	return (struct inet_lookup){
		.saddr = htonl(PEER), .daddr = htonl(ME),
		.sport = htons(port), .hnum = PORT, .dif = 1,
	};
}

/* Makes @skc the connection with PEER:@port. */
static void name(struct sock_common *skc, u16 port, u8 state)
{
	skc->skc_net = f.net;
	skc->skc_family = AF_INET;
	skc->skc_daddr = htonl(PEER);
	skc->skc_rcv_saddr = htonl(ME);
	skc->skc_dport = htons(port);
	skc->skc_num = PORT;
	skc->skc_state = state;
	refcount_init(&skc->skc_refcnt, 1, false);
}

static struct sock *tcp(struct tcp_sock *tp, u16 port)
{
	struct sock *sk = (struct sock *)tp;

	name(&sk->__sk_common, port, TCP_ESTABLISHED);
	return sk;
}

static void move(struct tcp_sock *tp, u16 port)
{
	struct sock *sk = (struct sock *)tp;

	inet_unhash(sk);
	inet_hash(tcp(tp, port));
}

/* A port of the peer's whose connections stand in the chain of @like's, or
 * in another one. */
static u16 port_like(u16 like, bool same)
{
	u32 mask = inet_hashinfo(f.net)->ehash->mask;
	u32 want = inet_ehashfn(f.net, htonl(ME), PORT, htonl(PEER),
				htons(like));
	u16 port = like;
	u32 hash;

	do
		hash = inet_ehashfn(f.net, htonl(ME), PORT, htonl(PEER),
				    htons(++port));
	while (!((hash ^ want) & mask) != same);
	return port;
}

#define TARGET 1000

static void setup_chains(void)
{
	memset(&target, 0, sizeof(target));
	memset(&walker, 0, sizeof(walker));
	memset(&other, 0, sizeof(other));
	memset(&heir, 0, sizeof(heir));
	memset(&old, 0, sizeof(old));
}

static void walker_leaves(void)
{
	move(&walker, port_like(TARGET, false));
}

/* other, too, is in the chain where walker went. */
static void walker_leads_to_other(void)
{
	u16 away = port_like(TARGET, false);

	inet_hash(tcp(&other, port_like(away, true)));
	move(&walker, away);
}

/* connect() gives other the place of an old connection, the last one in the
 * reader's chain. */
static void other_takes_the_place_of_the_old(void)
{
	struct sock *sk = (struct sock *)&other;

	inet_unhash(sk);
	tcp(&other, ntohs(old.tw_sk.tw_dport));
	sk->sk_userlocks = SOCK_BINDPORT_LOCK;
	assert_int_equal(inet_hash_connect(f.net, sk), 0);
	assert_int_equal(inet_sk(sk)->inet_sport, htons(PORT));
}

/* The established table: target is found whatever happens. */
static void find_target(void)
{
	const struct inet_lookup key = from(TARGET);
	struct sock *sk = __inet_lookup_established(f.net, &key);

	assert_ptr_equal(sk, &target);
	assert_int_equal(refcount_read(&sk->sk_refcnt), 2);
	refcount_init(&sk->sk_refcnt, 1, false);
}

static void forget(void *entry)
{
	inet_ehash_remove(entry);
}

static void reader_whom_an_entry_takes_along_begins_again(void **state)
{
	(void)state;
	setup_chains();
	inet_hash(tcp(&target, TARGET));
	inet_hash(tcp(&walker, port_like(TARGET, true)));
	meanwhile(WALK_EHASH, walker_leaves, NULL);
	find_target();
	forget(&target);
	forget(&walker);
}

/* Out by one entry and back by another, to the end of the right chain: nothing
 * there tells that the middle was passed over. */
static void reader_who_is_led_out_and_back_begins_again(void **state)
{
	(void)state;
	setup_chains();
	name(&old.tw_sk.__tw_common, port_like(port_like(TARGET, true), true),
	     TCP_TIME_WAIT);
	old.tw_sk.tw_substate = TCP_TIME_WAIT;
	old.tw_ts_recent_stamp = 1;
	timer_setup(&old.tw_sk.tw_timer, NULL);
	refcount_init(&old.tw_sk.tw_refcnt, 9, false);
	assert_true(inet_ehash_insert((struct sock *)&old, NULL));
	inet_hash(tcp(&target, TARGET));
	inet_hash(tcp(&walker, port_like(TARGET, true)));
	/* it has been somewhere before, as what is moved has */
	inet_hash(tcp(&other, TARGET + 1));
	inet_unhash((struct sock *)&other);
	meanwhile(WALK_EHASH, walker_leads_to_other,
		  other_takes_the_place_of_the_old);
	find_target();
	assert_true(hlist_unhashed(&old.tw_sk.tw_node));
	forget(&target);
	forget(&walker);
	forget(&other);
}

/* The connection is over; its TIME-WAIT stands where it stood. */
static void target_dies(void)
{
	name(&old.tw_sk.__tw_common, TARGET, TCP_TIME_WAIT);
	assert_true(inet_ehash_insert((struct sock *)&old,
				      (struct sock *)&target));
	refcount_init(&((struct sock *)&target)->sk_refcnt, 0, false);
}

/* A FIN that comes twice must not find nobody, and be answered by a reset. */
static void reader_who_meets_a_dead_entry_finds_its_heir(void **state)
{
	const struct inet_lookup key = from(TARGET);

	(void)state;
	setup_chains();
	inet_hash(tcp(&target, TARGET));
	meanwhile(WALK_EHASH, target_dies, NULL);
	assert_ptr_equal(__inet_lookup_established(f.net, &key), &old);
	assert_int_equal(refcount_read(&old.tw_sk.tw_refcnt), 2);
	forget(&old);
}

/* ---- listeners -------------------------------------------------------- */

static struct sock *listener(struct tcp_sock *tp, u16 port, int dev)
{
	struct sock *sk = tcp(tp, 0);

	sk->sk_daddr = 0;
	sk->sk_rcv_saddr = 0;
	sk->sk_num = port;
	sk->sk_state = TCP_LISTEN;
	sk->sk_bound_dev_if = dev;
	return sk;
}

static void listener_moves(void)
{
	struct sock *sk = (struct sock *)&walker;
	u32 want = jhash_2words(0, PORT, f.net->hash_secret);
	u16 port = PORT;

	inet_unhash(sk);
	do
		port++;
	while (!((jhash_2words(0, port, f.net->hash_secret) ^ want) &
		 (INET_LHTABLE_SIZE - 1)));
	inet_hash(listener(&walker, port, 0));
}

/* The one of any device is met first; the one of this device stands behind an
 * entry that leads away. */
static void better_listener_is_found_behind_one_that_moves(void **state)
{
	const struct inet_lookup key = from(TARGET);
	struct sock *best = (struct sock *)&target;

	(void)state;
	setup_chains();
	inet_hash(listener(&target, PORT, key.dif));
	inet_hash(listener(&walker, PORT, key.dif + 1));
	inet_hash(listener(&other, PORT, 0));
	meanwhile(WALK_LHASH, NULL, listener_moves);
	assert_ptr_equal(__inet_lookup_listener(f.net, &key), best);
	inet_unhash(best);
	inet_unhash((struct sock *)&walker);
	inet_unhash((struct sock *)&other);
}

/* ---- datagrams -------------------------------------------------------- */

static struct socket *moved;

/* The first address of ours from @addr on whose chain is that of (SK_LOOPBACK,
 * PORT). */
static u32 addr_like(u32 addr)
{
	u32 want = jhash_2words(htonl(SK_LOOPBACK), PORT, f.net->hash_secret);

	while ((jhash_2words(htonl(addr), PORT, f.net->hash_secret) ^ want) &
	       0xffff)
		addr++;
	return addr;
}

static void datagrams_elsewhere(void)
{
	assert_int_equal(udp_lib_set_addrs(moved->sk, htonl(SK_LOOPBACK),
					   htonl(SK_PEER), htons(9)), 0);
}

static void port_given_back_and_another_taken(void)
{
	udp_lib_unhash(moved->sk);
	assert_int_equal(udp_v4_get_port(moved->sk, PORT + 1), 0);
}

static struct sock *udp_find(u16 sport)
{
	const struct udp_flow flow = {
		.saddr = htonl(SK_PEER), .daddr = htonl(SK_LOOPBACK),
		.sport = htons(sport), .dport = PORT, .dif = 1,
	};

	return udp4_lib_lookup(f.net, &flow);
}

static void datagram_finds_its_port_behind_a_socket_that_moves(void **state)
{
	struct socket *s = sk_udp(f.net, SK_LOOPBACK, PORT);

	(void)state;
	moved = sk_udp(f.net, addr_like(SK_LOOPBACK + 1), PORT);
	meanwhile(WALK_UDP, port_given_back_and_another_taken, NULL);
	assert_ptr_equal(udp_find(1), s->sk);
	inet_close(s);
	inet_close(moved);
}

/* The server of all does not get what belongs to a connected socket. */
static void datagram_finds_its_flow_behind_a_socket_that_moves(void **state)
{
	struct socket *all = sk_udp(f.net, 0, 0), *s = sk_udp(f.net, 0, 0);

	(void)state;
	moved = sk_udp(f.net, 0, 0);
	assert_int_equal(sk_set(all, SOL_SOCKET, SO_REUSEADDR, 1), 0);
	assert_int_equal(sk_set(s, SOL_SOCKET, SO_REUSEADDR, 1), 0);
	assert_int_equal(sk_set(moved, SOL_SOCKET, SO_REUSEADDR, 1), 0);
	assert_int_equal(sk_bind(all, 0, PORT), 0);
	assert_int_equal(sk_bind(s, SK_LOOPBACK, PORT), 0);
	assert_int_equal(sk_bind(moved, SK_LOOPBACK, PORT), 0);
	assert_int_equal(udp_lib_set_addrs(s->sk, htonl(SK_LOOPBACK),
					   htonl(SK_PEER), htons(1)), 0);
	assert_int_equal(udp_lib_set_addrs(moved->sk, htonl(SK_LOOPBACK),
					   htonl(SK_PEER), htons(1)), 0);
	/* of two for the same flow the one that came last is met first */
	meanwhile(WALK_UDP, datagrams_elsewhere, NULL);
	assert_ptr_equal(udp_find(1), s->sk);
	inet_close(all);
	inet_close(s);
	inet_close(moved);
}

/* ---- neighbours ------------------------------------------------------- */

static struct neighbour *met;

static __be32 nth(u32 n)
{
	return htonl(PEER + 0x100 + n);
}

static struct neighbour *neigh_new(u32 n)
{
	__be32 addr = nth(n);

	return neigh_create(f.net->ipv4.arp_tbl, &addr, f.dev);
}

static struct neighbour *neigh_find(u32 n)
{
	__be32 addr = nth(n);

	return neigh_lookup(f.net->ipv4.arp_tbl, &addr, f.dev);
}

/* How many entries stand between the head of its chain and number 0. */
static u32 steps_to_target(void)
{
	meanwhile(WALK_NEIGH, NULL, NULL);
	neigh_release(neigh_find(0));
	return script.taken;
}

static void table_grows(void)
{
	struct neigh_hash_table *before = f.net->ipv4.arp_tbl->nht;

	neigh_release(neigh_new(2000));
	assert_ptr_not_equal(f.net->ipv4.arp_tbl->nht, before);
}

/* Sixteen entries, and one in front of number 0 in its chain: one more is too
 * many for the smallest table. */
static void reader_in_a_table_that_grows_asks_again(void **state)
{
	struct neigh_table *tbl = f.net->ipv4.arp_tbl;
	struct neighbour *n;
	u32 i;

	(void)state;
	for (i = 1; tbl->entries < 15; i++)
		neigh_release(neigh_new(i));
	neigh_release(neigh_new(0));
	for (n = neigh_new(++i); steps_to_target() < 2; n = neigh_new(++i)) {
		neigh_remove(n);
		neigh_release(n);
	}
	neigh_release(n);
	meanwhile(WALK_NEIGH, table_grows, NULL);
	n = neigh_find(0);
	assert_non_null(n);
	neigh_release(n);
}

static void entry_goes_and_comes_back(void)
{
	neigh_remove(met);
	met = neigh_new(0);
}

static void reader_of_a_neighbour_that_dies_finds_its_heir(void **state)
{
	struct neighbour *n;

	(void)state;
	met = neigh_new(0);
	neigh_release(met);		/* the table's reference is left */
	meanwhile(WALK_NEIGH, entry_goes_and_comes_back, NULL);
	n = neigh_find(0);
	assert_non_null(n);
	assert_ptr_equal(n, met);
	neigh_release(n);
	neigh_release(met);
}

/* ---- echoes ----------------------------------------------------------- */

static struct socket *ping_socket(u16 ident)
{
	struct socket *s = inet_socket(f.net, AF_INET,
				       SOCK_DGRAM | SOCK_NONBLOCK,
				       IPPROTO_ICMP);

	assert_int_equal(sk_bind(s, 0, ident), 0);
	return s;
}

static void ident_given_back_and_another_taken(void)
{
	moved->sk->sk_prot->unhash(moved->sk);
	assert_int_equal(moved->sk->sk_prot->get_port(moved->sk, 2), 0);
}

static void echo_reply_finds_its_id_behind_a_socket_that_moves(void **state)
{
	const struct fx_ip ip = { 0 };
	struct socket *s = ping_socket(1);
	u8 frame[128], buf[128];

	(void)state;
	moved = ping_socket(1 + 256);	/* in the same chain, in front of it */
	meanwhile(WALK_PING, ident_given_back_and_another_taken, NULL);
	fx_inject(&f, frame, fx_build_icmp(frame, &ip, ICMP_ECHOREPLY, 0,
					   1u << 16, "x", 1));
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), 9);
	inet_close(s);
	inet_close(moved);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(reader_whom_an_entry_takes_along_begins_again),
		CASE(reader_who_is_led_out_and_back_begins_again),
		CASE(reader_who_meets_a_dead_entry_finds_its_heir),
		CASE(better_listener_is_found_behind_one_that_moves),
		CASE(datagram_finds_its_port_behind_a_socket_that_moves),
		CASE(datagram_finds_its_flow_behind_a_socket_that_moves),
		CASE(reader_in_a_table_that_grows_asks_again),
		CASE(reader_of_a_neighbour_that_dies_finds_its_heir),
		CASE(echo_reply_finds_its_id_behind_a_socket_that_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
