/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * igb devices of two threaded stacks, their cards joined by a cable with a thread
 * each way: several queues, senders in other threads than pollers, and cards that
 * are taken down and up meanwhile.
 */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include <inet/control.h>

#include "igb/igb.h"
#include "igb_model.h"
#include "threaded.h"

#define QUEUES 4u
#define STREAMS 4u
#define BYTES 300000u
#define SLOTS 1024u		/* frames on the cable, one way */

/* A direction of the cable. */
struct way {
	pthread_mutex_t lock;
	pthread_t thread;
	struct igb_model *to;
	u32 head, tail;
	bool stop;
	struct {
		u32 len;
		u8 frame[1600];
	} slot[SLOTS];
};

struct cable {
	struct threaded_pair p;
	struct igb_model *m[2];
	struct way *way[2];
};

/* A card puts a frame on it; a full cable loses it. */
static void put(void *arg, const u8 *frame, u32 len)
{
	struct way *w = arg;

	pthread_mutex_lock(&w->lock);
	if (w->tail - w->head < SLOTS && len <= sizeof(w->slot[0].frame)) {
		memcpy(w->slot[w->tail % SLOTS].frame, frame, len);
		w->slot[w->tail++ % SLOTS].len = len;
	}
	pthread_mutex_unlock(&w->lock);
}

/* Carries what was put. Return: false: it is to end. */
static bool carry(struct way *w)
{
	u8 frame[sizeof(w->slot[0].frame)];
	u32 len = 0;
	bool stop;

	pthread_mutex_lock(&w->lock);
	stop = w->stop;
	if (w->head != w->tail) {
		len = w->slot[w->head % SLOTS].len;
		memcpy(frame, w->slot[w->head++ % SLOTS].frame, len);
	}
	pthread_mutex_unlock(&w->lock);
	if (len)
		igb_model_inject(w->to, frame, len);
	else
		threaded_pause_us(50);
	return !stop;
}

static void *carrier(void *arg)
{
	while (carry(arg))
		;
	return NULL;
}

static struct net *stack(void)
{
	const struct inet_config cfg = {
		.size = sizeof(cfg), .mode = INET_THREADED, .nr_threads = 2,
		.nr_frames = 8192,
	};
	struct net *net = inet_create(&cfg);

	assert_non_null(net);
	assert_int_equal(inet_start(net), 0);
	return net;
}

/* Both ends, up, and the cable between. */
static void open_cable(struct cable *c)
{
	struct igb_config config = { .bdf = IGB_MODEL_BDF,
				     .nr_queues = QUEUES };

	for (int i = 0; i < 2; i++) {
		c->m[i] = igb_model_new();
		c->m[i]->mac[5] = (u8)(i + 1);
		igb_model_reset(c->m[i]);
		c->way[i] = calloc(1, sizeof(*c->way[i]));
		pthread_mutex_init(&c->way[i]->lock, NULL);
	}
	for (int i = 0; i < 2; i++) {
		struct threaded_pair *p = &c->p;

		c->way[i]->to = c->m[!i];
		c->m[i]->sent = put;
		c->m[i]->sent_arg = c->way[i];
		p->net[i] = stack();
		assert_int_equal(igb_probe(p->net[i], &config, &igb_model_ops,
					   c->m[i], &p->dev[i]), 0);
		assert_int_equal(inet_addr_add(p->dev[i], i ? "10.0.0.2/24" :
					       "10.0.0.1/24"), 0);
		assert_int_equal(inet_netdev_up(p->dev[i]), 0);
	}
	c->p.wire = NULL;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&c->way[i]->thread, NULL,
						carrier, c->way[i]), 0);
}

static void close_cable(struct cable *c)
{
	threaded_close(&c->p);
	for (int i = 0; i < 2; i++) {
		pthread_mutex_lock(&c->way[i]->lock);
		c->way[i]->stop = true;
		pthread_mutex_unlock(&c->way[i]->lock);
		pthread_join(c->way[i]->thread, NULL);
	}
	for (int i = 0; i < 2; i++) {
		free(c->way[i]);
		igb_model_free(c->m[i]);
	}
}

/* One end of a connection, which sends and reads the same. */
struct end {
	struct socket *s;
	pthread_t sender, reader;
	u32 seed;
	u32 wrong;
};

static u8 octet(u32 seed, u32 i)
{
	return (u8)((i * 2654435761u + seed) >> 13);
}

static void *send_stream(void *arg)
{
	struct end *e = arg;
	u8 *buf = malloc(BYTES);

	for (u32 i = 0; i < BYTES; i++)
		buf[i] = octet(e->seed, i);
	if (threaded_send_all(e->s, buf, BYTES) != (ssize_t)BYTES)
		threaded_count(&e->wrong);
	free(buf);
	return NULL;
}

static void *read_stream(void *arg)
{
	struct end *e = arg;
	u8 *buf = malloc(BYTES);

	if (threaded_recv_all(e->s, buf, BYTES) != (ssize_t)BYTES)
		threaded_count(&e->wrong);
	for (u32 i = 0; i < BYTES; i++)
		if (buf[i] != octet(e->seed, i)) {
			threaded_count(&e->wrong);
			break;
		}
	free(buf);
	return NULL;
}

/* STREAMS connections at once, both ways; @meanwhile runs beside them. */
static void pass_streams(struct cable *c, void (*meanwhile)(struct cable *c))
{
	struct end ends[STREAMS][2] = { 0 };

	for (u32 k = 0; k < STREAMS; k++) {
		struct socket *s[2];

		threaded_join(&c->p, s);
		for (u32 i = 0; i < 2; i++) {
			ends[k][i] = (struct end){ .s = s[i], .seed = k };
			pthread_create(&ends[k][i].sender, NULL, send_stream,
				       &ends[k][i]);
			pthread_create(&ends[k][i].reader, NULL, read_stream,
				       &ends[k][i]);
		}
	}
	if (meanwhile)
		meanwhile(c);
	for (u32 k = 0; k < STREAMS; k++) {
		for (u32 i = 0; i < 2; i++) {
			pthread_join(ends[k][i].sender, NULL);
			pthread_join(ends[k][i].reader, NULL);
			assert_int_equal(ends[k][i].wrong, 0);
		}
		inet_close(ends[k][0].s);
		inet_close(ends[k][1].s);
	}
}

static void streams_over_several_queues_are_whole(void **state)
{
	struct cable c = { 0 };

	(void)state;
	open_cable(&c);
	pass_streams(&c, NULL);
	close_cable(&c);
}

/* Rings are taken down and up under senders and pollers. */
static void change_mtus(struct cable *c)
{
	for (u32 i = 0; i < 30; i++) {
		inet_netdev_set_mtu(c->p.dev[i % 2], i % 3 ? 1500 : 1499);
		threaded_pause_us(2000);
	}
}

static void mtu_changes_under_streams(void **state)
{
	struct cable c = { 0 };

	(void)state;
	open_cable(&c);
	pass_streams(&c, change_mtus);
	close_cable(&c);
}

/* As a card does that was reset by somebody else. */
static void reset_cards(struct cable *c)
{
	for (u32 i = 0; i < 30; i++) {
		igb_model_cause(c->m[i % 2], E1000_ICR_DRSTA);
		threaded_pause_us(2000);
	}
}

static void cards_are_reset_under_streams(void **state)
{
	struct cable c = { 0 };

	(void)state;
	open_cable(&c);
	pass_streams(&c, reset_cards);
	assert_true(((struct igb *)c.p.dev[0]->priv)->resets > 0);
	close_cable(&c);
}

/* Everything at once that may be called from any thread. */
static void ask_and_set(struct cable *c)
{
	struct inet_netdev_stats s;

	for (u32 i = 0; i < 300; i++) {
		inet_netdev_get_stats(c->p.dev[i % 2], &s);
		dev_set_promiscuity(c->p.dev[i % 2], i / 2 % 2 ? -1 : 1);
		if (i % 50 == 0) {
			igb_model_cable(c->m[0], false);
			igb_model_cable(c->m[0], true);
		}
	}
}

static void questions_and_settings_under_streams(void **state)
{
	struct cable c = { 0 };

	(void)state;
	open_cable(&c);
	pass_streams(&c, ask_and_set);
	close_cable(&c);
}

/* The kernel wants it back while it goes up and down. */
static void card_goes_while_it_is_changed(void **state)
{
	struct inet_netdev_stats s;
	struct cable c = { 0 };

	(void)state;
	for (u32 round = 0; round < 5; round++) {
		open_cable(&c);
		for (u32 i = 0; i < 20 + round; i++) {
			if (i == 10)
				igb_model_notice(c.m[0], VFIO_NOTICE_REQUEST);
			inet_netdev_set_mtu(c.p.dev[0], 1400 + i);
			inet_netdev_get_stats(c.p.dev[0], &s);
		}
		close_cable(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_over_several_queues_are_whole),
		cmocka_unit_test(mtu_changes_under_streams),
		cmocka_unit_test(cards_are_reset_under_streams),
		cmocka_unit_test(questions_and_settings_under_streams),
		cmocka_unit_test(card_goes_while_it_is_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
