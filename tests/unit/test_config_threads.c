/* SPDX-License-Identifier: BSD-2-Clause */
/* One thread changes and shows the configuration of a stack while the others
 * send and receive by it: nothing stops, and what was there is there again. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <inet/control.h>
#include <inet/netdevice.h>
#include <inet/protocol.h>

#include "lib/compiler.h"
#include "threaded.h"
#include "wire/eth.h"

#define ROUNDS 25

/* Who sends and receives meanwhile: a connection both ways, and datagrams. */
struct mover {
	struct socket *s;
	bool sends;
	pthread_t thread;
	u32 pieces;		/* atomic */
};

struct rig {
	struct threaded_pair p;
	struct socket *c[2], *u[2];
	struct mover m[6];
	FILE *null;
	u32 stop;		/* atomic */
};

/* What the far device saw while the near one's address changed. */
struct source_check {
	u8 may[2][ETH_ALEN];
	u32 nr, nr_bad;		/* atomic */
};

static struct rig rig;

static void *move(void *arg)
{
	static __thread char buf[1200];
	struct mover *m = arg;
	ssize_t n = 1;

	while (!threaded_read(&rig.stop)) {
		n = m->sends ? inet_send(m->s, buf, sizeof(buf), 0) :
			       inet_recv(m->s, buf, sizeof(buf), 0);
		if (n > 0)
			threaded_count(&m->pieces);
		else if (n == 0)
			break;
	}
	return NULL;
}

static int open_rig(void **state)
{
	struct rig *r = *state = &rig;

	memset(r, 0, sizeof(*r));
	threaded_open(&r->p, 2, NULL);
	threaded_join(&r->p, r->c);
	for (int i = 0; i < 2; i++)
		r->u[i] = threaded_socket(&r->p, i, SOCK_DGRAM, 5000);
	for (int i = 0; i < 2; i++)
		assert_int_equal(threaded_connect(r->u[i], !i, 5000), 0);
	for (int i = 0; i < 6; i++) {
		r->m[i] = (struct mover){
			.s = i < 4 ? r->c[i / 2] : r->u[i - 4],
			.sends = i < 4 ? i % 2 : i == 4,
		};
		pthread_create(&r->m[i].thread, NULL, move, &r->m[i]);
	}
	r->null = fopen("/dev/null", "w");
	return 0;
}

/* Everything still moves, when the change is over. */
static int close_rig(void **state)
{
	struct rig *r = *state;
	u32 before[6];

	for (int i = 0; i < 6; i++)
		before[i] = threaded_read(&r->m[i].pieces);
	for (int i = 0; i < 6; i++)
		if (!threaded_wait(&r->m[i].pieces, before[i] + 10))
			fail_msg("mover %d stands still", i);
	__atomic_store_n(&r->stop, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < 2; i++) {
		inet_shutdown(r->c[i], SHUT_RDWR);
		inet_shutdown(r->u[i], SHUT_RDWR);
	}
	for (int i = 0; i < 6; i++)
		pthread_join(r->m[i].thread, NULL);
	for (int i = 0; i < 2; i++) {
		inet_close(r->c[i]);
		inet_close(r->u[i]);
	}
	fclose(r->null);
	threaded_close(&r->p);
	return 0;
}

static void routes_come_and_go(void **state)
{
	struct rig *r = *state;
	char route[64];

	for (int i = 0; i < ROUNDS * 4; i++) {
		snprintf(route, sizeof(route), "10.%d.0.0/16 via 10.0.0.2",
			 1 + i % 50);
		assert_int_equal(inet_route_add(r->p.net[0], route), 0);
		assert_int_equal(inet_route_add(r->p.net[0],
						"10.0.0.2/32 dev w0"), 0);
		inet_route_show(r->p.net[0], r->null);
		assert_int_equal(inet_route_del(r->p.net[0],
						"10.0.0.2/32 dev w0"), 0);
		assert_int_equal(inet_route_del(r->p.net[0], route), 0);
	}
}

static void addresses_come_and_go(void **state)
{
	struct rig *r = *state;

	for (int i = 0; i < ROUNDS * 2; i++) {
		struct net_device *dev = r->p.dev[i % 2];

		assert_int_equal(inet_addr_add(dev, "10.9.0.1/24"), 0);
		inet_addr_show(r->p.net[i % 2], r->null);
		assert_int_equal(inet_addr_del(dev, "10.9.0.1/24"), 0);
	}
}

static void neighbours_come_and_go(void **state)
{
	struct rig *r = *state;
	char mac[64];
	const u8 *m = r->p.dev[1]->dev_addr;

	snprintf(mac, sizeof(mac), "10.0.0.2 lladdr %02x:%02x:%02x:%02x:%02x:"
		 "%02x nud permanent", m[0], m[1], m[2], m[3], m[4], m[5]);
	for (int i = 0; i < ROUNDS * 2; i++) {
		inet_neigh_add(r->p.dev[0], mac);
		inet_neigh_add(r->p.dev[0],
			       "10.0.0.77 lladdr 02:00:00:00:00:77 nud permanent");
		inet_neigh_show(r->p.net[0], r->null);
		inet_neigh_del(r->p.dev[0], "10.0.0.77");
		inet_neigh_del(r->p.dev[0], "10.0.0.2");
	}
}

/* Its own value once more: each is written while packets read it. */
static void set_again(void *arg, const char *name, const char *value)
{
	inet_sysctl_set(arg, name, value);
}

static void knobs_are_turned(void **state)
{
	struct rig *r = *state;

	for (int i = 0; i < ROUNDS; i++)
		inet_sysctl_each(r->p.net[i % 2], set_again, r->p.net[i % 2]);
}

static void mtu_changes(void **state)
{
	struct rig *r = *state;

	for (int i = 0; i < ROUNDS * 2; i++) {
		assert_int_equal(inet_netdev_set_mtu(r->p.dev[i % 2],
						     i & 2 ? 1280 : 1500), 0);
		inet_link_show(r->p.net[i % 2], r->null);
		threaded_pause_us(200);
	}
	for (int i = 0; i < 2; i++)
		assert_int_equal(inet_netdev_set_mtu(r->p.dev[i], 1500), 0);
}

/* Whose address has bytes of both, or of neither. */
static int check_source(struct sk_buff *skb, struct net_device *dev,
			struct packet_type *pt, struct net_device *orig_dev)
{
	struct source_check *c = pt->af_packet_priv;
	const u8 *source = skb_mac_header(skb) + ETH_ALEN;

	(void)dev;
	(void)orig_dev;
	if (skb->pkt_type != SKB_PACKET_OUTGOING)
		threaded_count(&c->nr);
	if (skb->pkt_type != SKB_PACKET_OUTGOING &&
	    memcmp(source, c->may[0], ETH_ALEN) &&
	    memcmp(source, c->may[1], ETH_ALEN))
		threaded_count(&c->nr_bad);
	consume_skb(skb);
	return 0;
}

/* Frames to the old address are lost meanwhile; none has half of each. */
static void the_link_address_changes(void **state)
{
	struct rig *r = *state;
	struct source_check c = { .may[1] = { 2, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb } };
	struct packet_type pt = {
		.type = htons(ETH_P_ALL), .dev = r->p.dev[1],
		.func = check_source, .af_packet_priv = &c,
	};
	u32 before;

	memcpy(c.may[0], r->p.dev[0]->dev_addr, ETH_ALEN);
	assert_int_equal(dev_add_pack(r->p.net[1], &pt), 0);
	for (int i = 0; i < ROUNDS * 8; i++) {
		before = threaded_read(&c.nr);
		assert_int_equal(inet_netdev_set_mac(r->p.dev[0],
						     c.may[!(i % 2)]), 0);
		inet_link_show(r->p.net[0], r->null);
		assert_true(threaded_wait(&c.nr, before + 1));
	}
	dev_remove_pack(r->p.net[1], &pt);
	assert_int_equal(c.nr_bad, 0);
	assert_memory_equal(r->p.dev[0]->dev_addr, c.may[0], ETH_ALEN);
}

/* Another wire beside that of the traffic. */
static void devices_are_opened_and_closed(void **state)
{
	struct rig *r = *state;
	struct net_device *dev;
	struct inet_wire *w;

	for (int i = 0; i < ROUNDS; i++) {
		w = inet_wire_connect(r->p.net[0], "w1", r->p.net[1], "w1",
				      NULL);
		assert_non_null(w);
		dev = inet_wire_device(w, 'a');
		assert_int_equal(inet_addr_add(dev, "10.8.0.1/24"), 0);
		assert_int_equal(inet_netdev_up(dev), 0);
		assert_int_equal(inet_netdev_up(inet_wire_device(w, 'b')), 0);
		assert_int_equal(inet_netdev_down(dev), 0);
		assert_int_equal(inet_netdev_up(dev), 0);
		inet_wire_close(w);
	}
}

static void the_device_of_the_traffic_goes_down_and_up(void **state)
{
	struct rig *r = *state;

	for (int i = 0; i < ROUNDS; i++) {
		assert_int_equal(inet_netdev_down(r->p.dev[i % 2]), 0);
		threaded_pause_us(200);
		assert_int_equal(inet_netdev_up(r->p.dev[i % 2]), 0);
		threaded_pause_us(2000);
	}
}

static void set_option(struct socket *s, int opt, int val)
{
	assert_int_equal(inet_setsockopt(s, IPPROTO_IP, opt, &val, sizeof(val)),
			 0);
}

/* Options of IP that packets on their way in or out ask for without the lock of
 * the socket; and one whose datagrams nobody wants, so that errors come. */
static void options_are_switched(void **state)
{
	static const int switches[] = {
		IP_RECVERR, IP_MULTICAST_ALL, IP_MULTICAST_LOOP, IP_FREEBIND,
		IP_TRANSPARENT, IP_BIND_ADDRESS_NO_PORT, IP_PKTINFO, IP_RECVTTL,
	};
	struct rig *r = *state;
	struct socket *all[] = { r->c[0], r->c[1], r->u[0], r->u[1], NULL };
	struct socket *x = threaded_socket(&r->p, 0, SOCK_DGRAM, 0);
	char c;

	all[4] = x;
	assert_int_equal(threaded_connect(x, 1, 9), 0);
	for (u32 i = 0; i < ROUNDS * 2; i++)
		for (u32 j = 0; j < ARRAY_SIZE(all); j++) {
			for (u32 k = 0; k < ARRAY_SIZE(switches); k++)
				set_option(all[j], switches[k], i % 2);
			set_option(all[j], IP_TTL, 64 - (int)(i % 2));
			set_option(all[j], IP_MINTTL, (int)(i % 2));
			set_option(all[j], IP_TOS, (int)(i % 2) << 4);
			set_option(all[j], IP_MTU_DISCOVER, i % 2 ?
				   IP_PMTUDISC_DONT : IP_PMTUDISC_WANT);
			inet_send(x, "x", 1, 0);
			inet_recv(x, &c, 1, MSG_DONTWAIT);
		}
	inet_close(x);
}

static void skip_value(void *arg, const char *name, u64 value)
{
	(void)arg, (void)name, (void)value;
}

static void everything_is_shown(void **state)
{
	struct rig *r = *state;
	struct inet_netdev_stats stats;
	struct inet_usage usage;

	for (int i = 0; i < ROUNDS * 2; i++) {
		struct net *net = r->p.net[i % 2];

		inet_link_show(net, r->null);
		inet_socket_show(net, r->null);
		inet_neigh_show(net, r->null);
		inet_counter_each(net, skip_value, NULL);
		inet_drop_each(net, skip_value, NULL);
		assert_int_equal(inet_get_usage(net, &usage), 0);
		assert_int_equal(inet_netdev_get_stats(r->p.dev[i % 2], &stats),
				 0);
		assert_true(usage.sockets >= 2);
	}
}

static void *remove_address_that_is_not_there(void *dev)
{
	assert_int_equal(inet_addr_del(dev, "9.9.9.9/8"), -1);
	assert_non_null(strstr(inet_strerror(rig.p.net[0]), "9.9.9.9"));
	return NULL;
}

static void sentence_is_of_the_thread_that_failed(void **state)
{
	struct rig *r = *state;
	struct net *net = r->p.net[0];
	pthread_t other;

	assert_int_equal(inet_addr_del(r->p.dev[0], "8.8.8.8/8"), -1);
	pthread_create(&other, NULL, remove_address_that_is_not_there,
		       r->p.dev[0]);
	pthread_join(other, NULL);
	assert_non_null(strstr(inet_strerror(net), "8.8.8.8"));
	assert_string_equal(inet_strerror(r->p.net[1]), "");
	assert_string_equal(inet_strerror(NULL), "");
}

#define T(t) cmocka_unit_test_setup_teardown(t, open_rig, close_rig)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(routes_come_and_go),
		T(addresses_come_and_go),
		T(neighbours_come_and_go),
		T(knobs_are_turned),
		T(mtu_changes),
		T(the_link_address_changes),
		T(devices_are_opened_and_closed),
		T(the_device_of_the_traffic_goes_down_and_up),
		T(options_are_switched),
		T(everything_is_shown),
		T(sentence_is_of_the_thread_that_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
