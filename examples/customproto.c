/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * customproto: an IP protocol of one's own, added to two stacks at run time.
 *
 *	customproto [MESSAGES]		default 10
 *
 * "Counted messages" are IP protocol 253, one of the two that RFC 3692 keeps
 * for experiments, and sockets of type SOCK_RDM. Before the payload stands
 *
 *	sequence (32 bits)	counts what this socket has sent
 *	checksum (16 bits)	over header and payload, as in UDP
 *	reserved (16 bits)	0
 *
 * and what comes twice or too late is dropped.
 *
 *	inet_socket(AF_INET, SOCK_RDM) -> inetsw[SOCK_RDM] -> counted_prot
 *	inet_send -> counted_sendmsg -> ip4_datagram_sendmsg -> counted_header
 *	packet -> inet_protos[253] = counted_rcv -> ip4_datagram_rcv -> inet_recv
 *
 * Two stacks, joined by a wire in memory, have a thread each. One sends, the
 * other echoes. Exit status: 0 when every byte came back, else 1.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <inet/control.h>
#include <inet/inet.h>
#include <inet/ip.h>
#include <inet/netdev.h>
#include <inet/protocol.h>
#include <inet/sock.h>
#include <inet/socket.h>

#define IPPROTO_COUNTED 253
#define MOST 1000000		/* messages */

struct counted_header {
	__be32 sequence;
	__sum16 checksum;
	__be16 reserved;
};

/* What stands behind every sock of ours: sk_priv(). */
struct counted_sock {
	struct sock *sk;
	struct counted_sock *next;	/* in the table */
	u32 sent;			/* atomic: many may send at once */
	u32 expected;			/* the softirq thread's alone */
};

/* ---- the table: all sockets of ours, of all stacks -------------------- */

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static struct counted_sock *table;

/* proto.init: from now on packets find it. */
static int counted_init(struct sock *sk)
{
	struct counted_sock *cs = sk_priv(sk);

	cs->sk = sk;
	pthread_mutex_lock(&table_lock);
	cs->next = table;
	table = cs;
	pthread_mutex_unlock(&table_lock);
	return 0;
}

/* proto.unhash: the socket is being closed. */
static void counted_unhash(struct sock *sk)
{
	struct counted_sock **p;

	pthread_mutex_lock(&table_lock);
	for (p = &table; *p; p = &(*p)->next) {
		if ((*p)->sk == sk) {
			*p = (*p)->next;
			break;
		}
	}
	pthread_mutex_unlock(&table_lock);
}

/* Whom a packet is for: a sock with a reference, or NULL. */
static struct sock *counted_lookup(const struct sk_buff *skb)
{
	struct counted_sock *cs;
	struct sock *sk = NULL;

	pthread_mutex_lock(&table_lock);
	for (cs = table; cs && !sk; cs = cs->next)
		if (sock_net(cs->sk) == skb_net(skb) &&
		    ip4_datagram_match(cs->sk, skb))
			sk = cs->sk;
	if (sk)
		sock_hold(sk);
	pthread_mutex_unlock(&table_lock);
	return sk;
}

/* ---- packets ---------------------------------------------------------- */

/* The Internet checksum; 0 over a packet that holds its own. */
static __sum16 counted_checksum(const struct sk_buff *skb)
{
	__wsum sum = skb_checksum(skb, 0, skb->len, 0);

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__sum16)~sum;
}

/* Out: IP leaves room in front of the payload; this fills it in. */
static int counted_header(struct sock *sk, struct sk_buff *skb)
{
	struct counted_sock *cs = sk_priv(sk);
	struct counted_header h = {
		.sequence = htonl(__atomic_fetch_add(&cs->sent, 1,
						     __ATOMIC_RELAXED)),
	};

	memcpy(skb->data, &h, sizeof(h));
	h.checksum = counted_checksum(skb);
	memcpy(skb->data, &h, sizeof(h));
	return 0;
}

/* proto.sendmsg. */
static int counted_sendmsg(struct sock *sk, struct inet_msg *msg, size_t len)
{
	return ip4_datagram_sendmsg(sk, msg, len, sizeof(struct counted_header),
				    counted_header);
}

/* Is it new to the socket? */
static bool counted_is_new(struct counted_sock *cs, u32 sequence)
{
	if ((s32)(sequence - cs->expected) < 0)
		return false;
	cs->expected = sequence + 1;
	return true;
}

/* In: the handler of IP protocol 253. The packet is ours to consume. */
static int counted_rcv(struct sk_buff *skb)
{
	struct counted_header h;
	struct sock *sk;

	/* what the wire says is read only where it is known to be there */
	if (!pskb_may_pull(skb, sizeof(h)) || counted_checksum(skb)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOT_SPECIFIED);
		return 0;
	}
	memcpy(&h, skb->data, sizeof(h));
	sk = counted_lookup(skb);
	if (sk && counted_is_new(sk_priv(sk), ntohl(h.sequence))) {
		skb_pull(skb, sizeof(h));
		ip4_datagram_rcv(sk, skb);
	} else {
		kfree_skb_reason(skb, SKB_DROP_REASON_NO_SOCKET);
	}
	if (sk)
		sock_put(sk);
	return 0;
}

/* ---- the rows --------------------------------------------------------- */

static const struct proto counted_prot = {
	.name = "COUNTED",
	.priv_size = sizeof(struct counted_sock),
	.init = counted_init,
	.unhash = counted_unhash,
	.connect = ip4_datagram_connect,
	.disconnect = ip4_datagram_disconnect,
	.ioctl = ip4_datagram_ioctl,
	.setsockopt = ip_setsockopt,
	.getsockopt = ip_getsockopt,
	.sendmsg = counted_sendmsg,
	.recvmsg = ip4_datagram_recvmsg,
};

static const struct inet_protosw counted_protosw = {
	.type = SOCK_RDM,
	.protocol = IPPROTO_COUNTED,
	.prot = &counted_prot,
	.ops = &inet_sockraw_ops,
};

static const struct net_protocol counted_protocol = { .handler = counted_rcv };

/* ---- the two stacks --------------------------------------------------- */

static void fail(const char *what)
{
	fprintf(stderr, "customproto: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A stack with a thread of its own that knows the protocol. */
static struct net *stack(const char *name)
{
	const struct inet_config config = {
		.size = sizeof(config), .name = name, .mode = INET_THREADED,
		.nr_threads = 1, .nr_frames = 1024,
	};
	struct net *net = inet_create(&config);

	if (!net || inet_start(net))
		fail(name);
	errno = -inet_add_protocol(net, &counted_protocol, IPPROTO_COUNTED);
	if (!errno)
		errno = -inet_register_protosw(net, &counted_protosw);
	if (errno)
		fail("register");
	return net;
}

/* A socket of our type, tied to @peer; no call on it lasts longer than 5 s. */
static struct socket *endpoint(struct net *net, struct net_device *dev,
			       const char *addr, const char *peer)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	const struct timeval patience = { .tv_sec = 5 };
	struct socket *sock;

	inet_pton(AF_INET, peer, &to.sin_addr);
	if (inet_addr_add(dev, addr) || inet_netdev_up(dev))
		fail(addr);
	sock = inet_socket(net, AF_INET, SOCK_RDM, IPPROTO_COUNTED);
	if (!sock || inet_connect(sock, (struct sockaddr *)&to, sizeof(to)) ||
	    inet_setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience,
			    sizeof(patience)))
		fail("socket");
	return sock;
}

/* One message there and back. Return: whether it came back as it was. */
static int echo(struct socket *here, struct socket *there, int i)
{
	char sent[64], seen[64], back[64];
	int len = snprintf(sent, sizeof(sent), "message %d", i);
	ssize_t n;

	if (inet_send(here, sent, (size_t)len, 0) != len)
		return 0;
	n = inet_recv(there, seen, sizeof(seen), 0);
	if (n < 0 || inet_send(there, seen, (size_t)n, 0) != n)
		return 0;
	n = inet_recv(here, back, sizeof(back), 0);
	return n == len && !memcmp(sent, back, (size_t)len);
}

int main(int argc, char **argv)
{
	char *end = "";
	long messages = argc > 1 ? strtol(argv[1], &end, 10) : 10;
	int exact = 0, i;
	struct net *a, *b;
	struct inet_wire *wire;
	struct socket *sa, *sb;

	if (argc > 2 || *end || messages < 1 || messages > MOST) {
		bool help = argc == 2 && (!strcmp(argv[1], "-h") ||
					  !strcmp(argv[1], "--help"));

		fprintf(help ? stdout : stderr,
			"usage: %s [-h] [MESSAGES], 1 to %d\n", argv[0], MOST);
		return help ? 0 : 2;
	}
	a = stack("a");
	b = stack("b");
	wire = inet_wire_connect(a, "eth0", b, "eth0", NULL);
	if (!wire)
		fail("wire");
	sa = endpoint(a, inet_wire_device(wire, 'a'), "10.0.0.1/24", "10.0.0.2");
	sb = endpoint(b, inet_wire_device(wire, 'b'), "10.0.0.2/24", "10.0.0.1");
	for (i = 0; i < messages; i++)
		exact += echo(sa, sb, i);
	printf("%d of %ld messages came back exactly\n", exact, messages);

	/* and away again, under open sockets; no new one can be made */
	inet_unregister_protosw(a, &counted_protosw);
	inet_del_protocol(a, &counted_protocol, IPPROTO_COUNTED);
	if (inet_socket(a, AF_INET, SOCK_RDM, IPPROTO_COUNTED) ||
	    errno != ESOCKTNOSUPPORT)
		fail("a socket of a type that is gone");
	printf("unregistered: a new socket fails with \"%s\"\n",
	       strerror(errno));
	inet_close(sa);
	inet_close(sb);
	inet_wire_close(wire);
	inet_destroy(a);
	inet_destroy(b);
	return exact == messages ? 0 : 1;
}
