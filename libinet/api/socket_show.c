/* SPDX-License-Identifier: BSD-2-Clause */
/* inet_socket_show(): the sockets of a stack as ss(8) prints them. */
#include <inet/control.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include "api/api.h"
#include "core/socket.h"

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

static const char *family_name(const struct sock *sk)
{
	if (sk->sk_family != AF_INET)
		return "pkt";
	switch (sk->sk_type) {
	case SOCK_STREAM:
		return "tcp";
	case SOCK_DGRAM:
		return sk->sk_protocol == IPPROTO_UDP ? "udp" : "icmp";
	default:
		return "raw";
	}
}

static void put_name(FILE *out, __be32 addr, u16 port)
{
	char text[INET_ADDRSTRLEN], name[INET_ADDRSTRLEN + 8];

	inet_ntop(AF_INET, &addr, text, sizeof(text));
	if (port)
		snprintf(name, sizeof(name), "%s:%u", text, port);
	else
		snprintf(name, sizeof(name), "%s:*", text);
	fprintf(out, " %22s", name);
}

static void show_one(FILE *out, const struct sock *sk)
{
	u8 state = READ_ONCE(sk->sk_state);

	fprintf(out, "%-5s %-10s %7d %7d", family_name(sk),
		state < TCP_MAX_STATES && state_names[state] ?
		state_names[state] : "UNCONN", sk_rmem_alloc_get(sk),
		READ_ONCE(sk->sk_wmem_queued));
	put_name(out, sk->sk_rcv_saddr, sk->sk_num);
	put_name(out, sk->sk_daddr, ntohs(sk->sk_dport));
	fputc('\n', out);
}

int inet_socket_show(struct net *net, FILE *out)
{
	struct socket *sock;

	fprintf(out, "%-5s %-10s %7s %7s %22s %22s\n", "Netid", "State",
		"Recv-Q", "Send-Q", "Local", "Peer");
	spin_lock(&net->sockets_lock);
	list_for_each_entry(sock, &net->sockets, net_list)
		if (sock->sk)
			show_one(out, sock->sk);
	spin_unlock(&net->sockets_lock);
	return ferror(out) ? api_result(-EIO) : 0;
}
