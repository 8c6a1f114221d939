/* SPDX-License-Identifier: BSD-2-Clause */
/* inet_socket_show(): the sockets of a stack as ss(8) prints them. */
#include <inet/control.h>
#include <inet/sock_diag.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include "api/api.h"
#include "core/sock.h"
#include "lib/print_whole.h"

static const char *const state_names[TCP_MAX_STATES] = {
	[TCP_ESTABLISHED] = "ESTAB",
	[TCP_SYN_SENT] = "SYN-SENT",
	[TCP_SYN_RECV] = "SYN-RECV",
	[TCP_FIN_WAIT1] = "FIN-WAIT-1",
	[TCP_FIN_WAIT2] = "FIN-WAIT-2",
	[TCP_TIME_WAIT] = "TIME-WAIT",
	[TCP_CLOSE] = "UNCONN",
	[TCP_CLOSE_WAIT] = "CLOSE-WAIT",
	[TCP_LAST_ACK] = "LAST-ACK",
	[TCP_LISTEN] = "LISTEN",
	[TCP_CLOSING] = "CLOSING",
};

static const char *family_name(const struct inet_diag_info *info)
{
	if (info->family != AF_INET)
		return "pkt";
	switch (info->type) {
	case SOCK_STREAM:
		return "tcp";
	case SOCK_DGRAM:
		return info->protocol == IPPROTO_UDP ? "udp" : "icmp";
	default:
		return "raw";
	}
}

static void put_name(FILE *out, const struct sockaddr_in *addr)
{
	char text[INET_ADDRSTRLEN], name[INET_ADDRSTRLEN + 8];

	inet_ntop(AF_INET, &addr->sin_addr, text, sizeof(text));
	if (addr->sin_port)
		snprintf(name, sizeof(name), "%s:%u", text, ntohs(addr->sin_port));
	else
		snprintf(name, sizeof(name), "%s:*", text);
	fprintf(out, " %22s", name);
}

static void show_one(void *arg, const struct inet_diag_info *info)
{
	FILE *out = arg;

	fprintf(out, "%-5s %-10s %7u %7u", family_name(info),
		info->state < TCP_MAX_STATES && state_names[info->state] ?
		state_names[info->state] : "UNCONN", info->rqueue, info->wqueue);
	put_name(out, &info->src);
	put_name(out, &info->dst);
	fputc('\n', out);
}

/* Prints them all; print_whole()'s print. */
static void show_all(FILE *out, void *net)
{
	fprintf(out, "%-5s %-10s %7s %7s %22s %22s\n", "Netid", "State",
		"Recv-Q", "Send-Q", "Local", "Peer");
	inet_diag_each(net, show_one, out);
}

int inet_socket_show(struct net *net, FILE *out)
{
	if (!net || !out)
		return net_null(net, __func__);
	return api_result(print_whole(out, show_all, net));
}
