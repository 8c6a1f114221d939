/* SPDX-License-Identifier: BSD-2-Clause */
/* What must always be true of a whole stack. See verify.h. */
#include "api/verify.h"

#include "core/neighbour.h"
#include "core/socket.h"
#include "core/verify.h"
#include "ipv4/fib.h"
#include "ipv4/ip_fragment.h"
#include "ipv4/ping.h"
#include "ipv4/raw.h"
#include "ipv4/tcp.h"
#include "ipv4/udp.h"

/* Every socket that the application holds, and what those of UDP hold. What it
 * has closed holds its bytes for some time yet. */
static void verify_sockets(struct net *net)
{
	const struct socket *sock;
	u32 nr = 0;
	s64 udp = 0;

	list_for_each_entry(sock, &net->sockets, net_list) {
		if (!sock->sk)
			continue;
		sock_verify(sock->sk);
		if (sock->sk->sk_mem_id != PROTO_MEM_UDP)
			continue;
		nr += sock->sk->sk_mem_counted;
		udp += sock->sk->sk_forward_alloc + (s64)
		       skb_queue_verify(&sock->sk->sk_receive_queue);
	}
	inet_assert(nr <= net->proto_sockets[PROTO_MEM_UDP]);
	inet_assert(nr == net->proto_sockets[PROTO_MEM_UDP] &&
		    !net->loans.nr_out ?
			    udp == net->proto_mem[PROTO_MEM_UDP] :
			    udp <= net->proto_mem[PROTO_MEM_UDP]);
}

void net_verify(struct net *net)
{
	u32 i;

	for (i = 0; i < net->nr_softnets; i++)
		softnet_verify(&net->softnets[i]);
	dev_verify(net);
	verify_sockets(net);
	tcp_verify_all(net);
	neigh_verify(net->ipv4.arp_tbl);
	ip_frags_verify(net);
}

void net_verify_tables(struct net *net)
{
	u32 i;

	for (i = 0; i < net->nr_softnets; i++)
		softnet_verify_caches(&net->softnets[i]);
	fib_verify(net);
	inet_hash_verify(net);
	udp_verify(net);
	ping_verify(net);
	raw_verify(net);
}
