/* SPDX-License-Identifier: BSD-2-Clause */
/* A host on lwIP, as the bench programs that measure lwIP make it. */
#ifndef BENCH_HOST_LWIP_H
#define BENCH_HOST_LWIP_H

#include <lwip/err.h>
#include <lwip/netif.h>

void host_check(err_t err, const char *what);
void host_up(struct netif *netif, unsigned char last,
	     netif_linkoutput_fn output, void *state);

#endif
