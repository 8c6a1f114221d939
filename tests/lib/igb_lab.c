/* SPDX-License-Identifier: BSD-2-Clause */
/* See igb_lab.h. */
#include "igb_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <inet/netdev.h>

static u64 lab_now(void *opaque)
{
	const struct igb_lab *l = opaque;

	return inet_env_default()->now(NULL) + l->added_ns;
}

static void lab_log(void *opaque, int level __maybe_unused, const char *line)
{
	struct igb_lab *l = opaque;
	size_t used = strlen(l->said);

	snprintf(l->said + used, sizeof(l->said) - used, "%s;", line);
}

static void lab_sent(void *arg, const u8 *frame, u32 len)
{
	struct igb_lab *l = arg;

	dut_keep(&l->sent, frame, len, 0);
}

int igb_lab_setup(void **state)
{
	struct igb_lab *l = calloc(1, sizeof(*l));
	struct inet_config cfg = { .size = sizeof(cfg), .env = &l->env,
				   .nr_frames = 4096 };

	l->env = *inet_env_default();
	l->env.opaque = l;
	l->env.now = lab_now;
	l->env.log = lab_log;
	l->net = inet_create(&cfg);
	l->m = igb_model_new();
	l->m->sent = lab_sent;
	l->m->sent_arg = l;
	l->config = (struct igb_config){ .bdf = IGB_MODEL_BDF, .nr_queues = 1 };
	pthread_mutex_init(&l->rx.lock, NULL);
	pthread_mutex_init(&l->sent.lock, NULL);
	*state = l;
	return !l->net;
}

int igb_lab_teardown(void **state)
{
	struct igb_lab *l = *state;

	if (l->pt.func)
		dev_remove_pack(l->net, &l->pt);
	inet_destroy(l->net);
	dut_frames_clear(&l->rx);
	dut_frames_clear(&l->sent);
	igb_model_free(l->m);
	free(l);
	return 0;
}

int igb_lab_probe(struct igb_lab *l)
{
	int err = igb_probe(l->net, &l->config, &igb_model_ops, l->m, &l->dev);

	l->igb = err ? NULL : igb_priv(l->dev);
	return err;
}

void igb_lab_open(struct igb_lab *l)
{
	if (igb_lab_probe(l) || inet_netdev_up(l->dev))
		fail_msg("%s", inet_strerror(l->net));
	dut_collect(&l->rx, l->net, &l->pt, l->dev);
	igb_lab_run(l);
}

const char *igb_lab_refusal(struct igb_lab *l, int err)
{
	assert_int_equal(igb_lab_probe(l), err);
	assert_int_equal(l->m->open_container + l->m->open_group +
			 l->m->open_device, 0);
	return inet_strerror(l->net);
}

void igb_lab_run(struct igb_lab *l)
{
	for (u32 quiet = 0; quiet < 3;)
		quiet = inet_run(l->net, 0) > 0 ? 0 : quiet + 1;
}

void igb_lab_pass(struct igb_lab *l, u64 ns)
{
	l->added_ns += ns;
	igb_lab_run(l);
}

void igb_lab_inject(struct igb_lab *l, u32 len, u32 seq)
{
	u8 frame[IGB_MODEL_FRAME];

	dut_frame(frame, len, seq);
	igb_model_inject(l->m, frame, len);
}

int igb_lab_send(struct igb_lab *l, u32 len, u32 seq)
{
	u8 frame[IGB_MODEL_FRAME];

	dut_frame(frame, len, seq);
	return dut_xmit(l->net, l->dev, frame, len);
}

void igb_lab_assert_works(struct igb_lab *l)
{
	igb_lab_run(l);
	dut_frames_clear(&l->rx);
	dut_frames_clear(&l->sent);
	assert_int_equal(igb_lab_send(l, 300, 7), 0);
	igb_lab_inject(l, 400, 8);
	igb_lab_run(l);
	assert_int_equal(l->sent.nr, 1);
	assert_true(dut_frame_is(&l->sent.frame[0], 300, 7));
	assert_int_equal(l->rx.nr, 1);
	assert_true(dut_frame_is(&l->rx.frame[0], 400, 8));
	dut_frames_clear(&l->rx);
	dut_frames_clear(&l->sent);
}

struct inet_netdev_stats igb_lab_stats(struct igb_lab *l)
{
	struct inet_netdev_stats s;

	assert_int_equal(inet_netdev_get_stats(l->dev, &s), 0);
	return s;
}

u32 igb_lab_reg(struct igb_lab *l, u32 off)
{
	return l->m->regs[off / 4];
}
