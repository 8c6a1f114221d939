/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stack with an igb device on a model of the card, whose wire is the test. Time
 * is the real one, and what the test adds.
 */
#ifndef TESTS_IGB_LAB_H
#define TESTS_IGB_LAB_H

#include <inet/control.h>
#include <inet/inet.h>

#include "dut.h"
#include "igb/igb.h"
#include "igb_model.h"

struct igb_lab {
	struct inet_env env;
	u64 added_ns;
	struct net *net;
	struct net_device *dev;
	struct igb *igb;
	struct igb_model *m;
	struct igb_config config;
	struct packet_type pt;
	struct dut_frames rx;		/* the stack received */
	struct dut_frames sent;		/* the card sent */
	char said[2000];		/* the log, lines apart by ';' */
};

/* setup and teardown of CMocka: a stack and a card, not opened. */
int igb_lab_setup(void **state);
int igb_lab_teardown(void **state);

/* Opens the card as config says. 0 or -E. */
int igb_lab_probe(struct igb_lab *l);
/* The same, and fails when that is refused; the device is up, and at rest. */
void igb_lab_open(struct igb_lab *l);
/* What opening says; fails when it does not fail with @err. */
const char *igb_lab_refusal(struct igb_lab *l, int err);
/* Runs the stack until nothing happens. */
void igb_lab_run(struct igb_lab *l);
/* Lets time pass and runs. */
void igb_lab_pass(struct igb_lab *l, u64 ns);
/* A frame of the tests (dut_frame()) to or from the stack. */
void igb_lab_inject(struct igb_lab *l, u32 len, u32 seq);
int igb_lab_send(struct igb_lab *l, u32 len, u32 seq);
/* One frame passes each way. */
void igb_lab_assert_works(struct igb_lab *l);
struct inet_netdev_stats igb_lab_stats(struct igb_lab *l);
u32 igb_lab_reg(struct igb_lab *l, u32 off);

#endif /* TESTS_IGB_LAB_H */
