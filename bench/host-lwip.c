/* SPDX-License-Identifier: BSD-2-Clause */
/* A host on lwIP; whatever fails ends the program with a sentence. */
#include "host-lwip.h"

#include <stdio.h>

#include <lwip/etharp.h>
#include <netif/ethernet.h>

#include "common.h"

/* Debian's lwIP is built without the texts of lwip_strerr(). */
void host_check(err_t err, const char *what)
{
	char reason[32];

	if (err == ERR_OK)
		return;
	snprintf(reason, sizeof(reason), "lwIP's error %d", err);
	bench_die(what, reason);
}

static err_t init(struct netif *netif)
{
	netif->hwaddr_len = 6;
	netif->hwaddr[0] = 2;
	netif->hwaddr[5] = netif->num;
	netif->name[0] = 'w';
	netif->name[1] = '0';
	netif->mtu = 1500;
	netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP |
		       NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
	netif->output = etharp_output;
	return ERR_OK;
}

/* An Ethernet device, 10.0.0.@last/24, up; @output sends its frames. */
void host_up(struct netif *netif, unsigned char last,
	     netif_linkoutput_fn output, void *state)
{
	ip4_addr_t addr, mask, none;

	IP4_ADDR(&addr, 10, 0, 0, last);
	IP4_ADDR(&mask, 255, 255, 255, 0);
	IP4_ADDR(&none, 0, 0, 0, 0);
	if (!netif_add(netif, &addr, &mask, &none, state, init,
		       ethernet_input))
		bench_die("netif", "not added");
	netif->linkoutput = output;
	netif_set_up(netif);
}
