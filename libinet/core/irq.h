/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts: descriptors that a softnet waits for. */
#ifndef CORE_IRQ_H
#define CORE_IRQ_H

#include "core/net.h"

/* A descriptor of @data's poller is ready. Return: 1 if a handler ran. */
u32 irq_handle(void *data, u32 events);
/* Frees what free_irq() left, at a point where no event refers to it. */
void irq_free_dead(struct softnet_data *sd);

#endif /* CORE_IRQ_H */
