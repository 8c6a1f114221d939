/* SPDX-License-Identifier: BSD-2-Clause */
/* inet_socket_show(): the sockets of a stack as ss(8) prints them. */
#include <inet/control.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include "api/api.h"
#include "core/socket.h"
#include "ipv4/inet_hashtables.h"
#include "ipv4/inet_timewait_sock.h"
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

/* One line of @skc, which is no whole sock when its state says so. */
static void show_one(FILE *out, const struct sock_common *skc, u8 state)
{
	const struct sock *sk = (const struct sock *)skc;
	bool whole = state != TCP_TIME_WAIT && state != TCP_NEW_SYN_RECV;
	u8 shown = state;

	if (state == TCP_TIME_WAIT)
		shown = READ_ONCE(inet_twsk(sk)->tw_substate);
	else if (state == TCP_NEW_SYN_RECV)
		shown = TCP_SYN_RECV;
	fprintf(out, "%-5s %-10s %7d %7d", whole ? family_name(sk) : "tcp",
		shown < TCP_MAX_STATES && state_names[shown] ?
		state_names[shown] : "UNCONN",
		whole ? sk_rmem_alloc_get(sk) : 0,
		whole ? READ_ONCE(sk->sk_wmem_queued) : 0);
	put_name(out, skc->skc_rcv_saddr, skc->skc_num);
	put_name(out, skc->skc_daddr, ntohs(skc->skc_dport));
	fputc('\n', out);
}

/* A connection that no struct socket stands for: not accepted yet, closed by
 * its owner, in TIME-WAIT. */
static void show_unowned(void *out, struct sock_common *skc)
{
	u8 state = READ_ONCE(skc->skc_state);

	if (state == TCP_TIME_WAIT || state == TCP_NEW_SYN_RECV ||
	    !READ_ONCE(((struct sock *)skc)->sk_socket))
		show_one(out, skc, state);
}

/* Prints them all; print_whole()'s print. */
static void show_all(FILE *out, void *arg)
{
	struct net *net = arg;
	struct socket *sock;

	fprintf(out, "%-5s %-10s %7s %7s %22s %22s\n", "Netid", "State",
		"Recv-Q", "Send-Q", "Local", "Peer");
	spin_lock(&net->sockets_lock);
	list_for_each_entry(sock, &net->sockets, net_list)
		if (sock->sk)
			show_one(out, &sock->sk->__sk_common,
				 READ_ONCE(sock->sk->sk_state));
	spin_unlock(&net->sockets_lock);
	inet_ehash_each(net, show_unowned, out);
}

int inet_socket_show(struct net *net, FILE *out)
{
	if (!net || !out)
		return api_result(-EINVAL);
	return api_result(print_whole(out, show_all, net));
}
