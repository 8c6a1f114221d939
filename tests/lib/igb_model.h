/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A model of an Intel 82576 and of the kernel's VFIO before it: what libdev/vfio
 * asks of the kernel is answered here (igb_model_ops), registers are read and
 * written through it, rings and frames are the driver's own memory, interrupts are
 * its eventfds.
 *
 *	m = igb_model_new();
 *	igb_probe(net, &config, &igb_model_ops, m, &dev)
 *	igb_model_inject(m, frame, len);	from the wire
 *	m->sent = ...				to the wire
 *	igb_model_free(m);			nothing may be left open
 *
 * It is strict where a real card corrupts frames or hangs: what the driver does
 * wrong is a violation, and igb_model_free() fails the test. What the card would
 * find out later is found out at once; frames are on the wire when the tail is
 * written. It checks and computes as the card does, from what descriptors say, so
 * that a wrong offset or a missing seed spoils the frame.
 */
#ifndef TESTS_IGB_MODEL_H
#define TESTS_IGB_MODEL_H

#include <pthread.h>

#include "igb/igb_regs.h"
#include "vfio/vfio.h"

#define IGB_MODEL_BDF "0000:01:00.0"
#define IGB_MODEL_QUEUES 16u
#define IGB_MODEL_VECTORS 25u
#define IGB_MODEL_MAPS 8u
#define IGB_MODEL_FRAME 16384u

struct igb_model_ring {
	u32 head;		/* next descriptor of the card */
	u32 told;		/* sending: first that is not written back */
	u8 frame[65536 + 512];	/* sending: gathered so far */
	u32 len, nr;
	u32 olinfo, cmd;	/* of the first descriptor */
	struct e1000_adv_tx_context_desc ctx;
	bool ctx_known;
};

struct igb_model {
	pthread_mutex_t lock;
	u32 regs[IGB_BAR_SIZE / 4];
	u8 config[256];
	u16 phy[32];
	u8 mac[6];
	struct igb_model_ring tx[IGB_MODEL_QUEUES], rx[IGB_MODEL_QUEUES];

	/* what it is; changed before it is opened */
	u16 device_id;
	u32 nr_vectors;		/* of MSI-X */
	bool by_row;		/* IVAR of I350 and later */
	bool can_mmap, sparse;	/* BAR 0 */
	bool no_caps;		/* an old kernel: no ranges of addresses */
	bool many_ranges;	/* 30 of them */
	bool noiommu, not_viable, busy, not_bound;
	bool no_mask;		/* vectors do not mask themselves (QEMU) */
	bool link_slow;		/* the link comes by igb_model_cable() only */
	bool phy_dead, phy_error, semaphore_stuck;
	u32 firmware_has;	/* times that SWESMBI cannot be set yet */
	bool no_notices;	/* an old kernel */
	bool no_reset;		/* by the bus */

	/* how it behaves */
	bool cable;		/* a partner is there */
	bool hold;		/* what was sent is not written back */
	u32 head_lie;		/* what it writes back as its head; 0: the truth */
	bool gone;		/* registers read as ones */
	bool deaf;		/* sends nothing, says nothing */
	u32 fail_nth;		/* this call from now on fails; 0: none */
	int fail_errno;
	bool has_failed;	/* what follows is no violation */
	/* Changes what is written back for a received buffer. */
	void (*tamper)(void *arg, union e1000_adv_rx_desc *d);
	/* Was lent buffers: may write back at once. */
	void (*lent)(void *arg);
	void *tamper_arg;
	void (*sent)(void *arg, const u8 *frame, u32 len);
	void *sent_arg;

	/* what happened */
	u32 nr_calls;
	u32 nr_reset;
	u32 doorbells;		/* tails written for sending */
	u32 contexts;		/* context descriptors */
	u32 messages[IGB_MODEL_VECTORS];
	u32 lost;		/* injected, and not taken */
	u32 slept_us;
	int open_container, open_group, open_device;
	struct vfio_map maps[IGB_MODEL_MAPS];
	u32 nr_maps;
	int vector_fd[IGB_MODEL_VECTORS];
	u32 nr_armed;
	int notice_fd[2];
	u8 *bar;		/* while mapped */
	char violation[200];	/* the first one */
};

extern const struct vfio_ops igb_model_ops;

struct igb_model *igb_model_new(void);
void igb_model_free(struct igb_model *m);

/* A frame comes from the wire. Return: the queue, -1: nobody took it. */
int igb_model_inject(struct igb_model *m, const u8 *frame, u32 len);
/* The plug is pulled or put back. */
void igb_model_cable(struct igb_model *m, bool on);
/* Writes back what was held. */
void igb_model_complete(struct igb_model *m);
/* Descriptors that receive queue @q may still fill. */
u32 igb_model_lent(struct igb_model *m, u32 q);
/* The card has a message for @vector, for whatever reason. */
void igb_model_fire(struct igb_model *m, u32 vector);
/* A cause of the vector for all else. */
void igb_model_cause(struct igb_model *m, u32 icr);
/* The kernel says something. */
void igb_model_notice(struct igb_model *m, enum vfio_notice notice);

/* ---- between its parts ------------------------------------------------ */

void igb_model_violation(struct igb_model *m, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The driver's memory at @iova; NULL: it is not the card's, a violation. */
void *igb_model_dma(struct igb_model *m, u64 iova, u64 len);
u32 igb_model_read(struct igb_model *m, u32 off);
void igb_model_write(struct igb_model *m, u32 off, u32 value);
/* State of a start. */
void igb_model_reset(struct igb_model *m);
/* Puts what was gathered on the wire. */
void igb_model_transmit(struct igb_model *m, struct igb_model_ring *r);
/* Takes a tag off. Return: false: the filter does not know it. */
bool igb_model_take_tag(struct igb_model *m, u8 *frame, u32 *len,
			union e1000_adv_rx_desc *d);
/* What the card finds out about a received frame. */
void igb_model_judge(struct igb_model *m, const u8 *frame, u32 len,
		     union e1000_adv_rx_desc *d);
/* Toeplitz, of @len octets. */
u32 igb_model_toeplitz(const struct igb_model *m, const u8 *data, u32 len);

#endif /* TESTS_IGB_MODEL_H */
