/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PF_INET: the family, its socket types, and the calls that all its sockets
 * have in common.
 *
 * Theory of operation. socket(PF_INET, type, protocol) arrives in
 * inet_create(), which looks the pair up in the stack's inetsw[type] and ties
 * three things together: sock->ops (what the application calls, one of the
 * tables below), sk->sk_prot (the transport) and a new struct sock. From then
 * on a call goes sock->ops->x() -> sk->sk_prot->x(): the functions here do
 * what is the same for every transport (addresses, states of the struct
 * socket, waiting for a connection, autobind) and leave the rest to it.
 *
 * Locking is that of struct proto: connect, disconnect, shutdown, bind and
 * get_port are called with the sock locked, the others lock it themselves.
 * The registries inetsw[] and inet_protos[] are read under RCU and changed
 * under rtnl and by compare-and-swap.
 *
 * Ports. Any socket may bind any port: net.ipv4.ip_unprivileged_port_start is
 * 0 here, since a stack has no users; raise it to refuse ports below it with
 * EACCES.
 */

/* In Linux inet_create() is what this file has; the installed header gives the
 * name to the creation of a stack. Here it is Linux's. */
#define inet_create inet_create_stack
#include "ipv4/inet_common.h"
#undef inet_create

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/rps.h"
#include "core/sockopt.h"
#include "core/trace.h"
#include "ipv4/igmp.h"
#include "ipv4/inet_connection_sock.h"
#include "ipv4/protocol.h"
#include "ipv4/route.h"
#include "ipv4/tcp.h"
#include "ipv4/udp.h"
#include "lib/byteorder.h"
#include "wire/ipv4.h"

/* A row of inetsw[type]: a chain per type, in the order of the lookup. */
struct inet_protosw_node {
	const struct inet_protosw *sw;
	struct inet_protosw_node *next;
	struct rcu_head rcu;
	struct net *net;
};

/* ---- the family ------------------------------------------------------- */

/*
 * Finds the row for (type, *protocol); a wildcard on either side matches, and
 * then *protocol becomes the row's. Context: RCU.
 * Return: the row, or NULL with *@err.
 */
static const struct inet_protosw *inetsw_lookup(struct net *net, int type,
						int *protocol, int *err)
{
	struct inet_protosw_node *n;

	*err = -ESOCKTNOSUPPORT;
	if (type < 0 || type > SOCK_PACKET)
		return NULL;
	for (n = rcu_dereference(net->ipv4.inetsw[type]); n;
	     n = rcu_dereference(n->next)) {
		*err = -EPROTONOSUPPORT;
		if (n->sw->protocol == *protocol && *protocol != IPPROTO_IP)
			return n->sw;
		if (n->sw->protocol == *protocol)
			continue;	/* wild on both sides says nothing */
		if (*protocol == IPPROTO_IP) {
			*protocol = n->sw->protocol;
			return n->sw;
		}
		if (n->sw->protocol == IPPROTO_IP)
			return n->sw;
	}
	return NULL;
}

/* Fills in what every inet_sock starts with. */
static void inet_sock_defaults(struct sock *sk, int protocol,
			       const struct inet_protosw *sw)
{
	struct inet_sock *inet = inet_sk(sk);

	sk->sk_reuse = !!(sw->flags & INET_PROTOSW_REUSE);
	sk->sk_protocol = (u16)protocol;
	sk->sk_destruct = inet_sock_destruct;
	inet_assign_bit(IS_ICSK, sk, sw->flags & INET_PROTOSW_ICSK);
	inet->uc_ttl = -1;
	inet_assign_bit(MC_LOOP, sk, true);
	inet->mc_ttl = 1;
	inet_assign_bit(MC_ALL, sk, true);
	inet->pmtudisc = READ_ONCE(sock_net(sk)->ipv4.sysctl_ip_no_pmtu_disc) ?
				 IP_PMTUDISC_DONT : IP_PMTUDISC_WANT;
	if (sw->type == SOCK_RAW) {
		inet->inet_num = (u16)protocol;
		inet->inet_sport = cpu_to_be16((u16)protocol);
		inet_assign_bit(HDRINCL, sk, protocol == IPPROTO_RAW);
	}
}

/* socket(PF_INET, ...). Return: 0, -EINVAL, -ESOCKTNOSUPPORT,
 * -EPROTONOSUPPORT, -ENOMEM. */
static int inet_create(struct net *net, struct socket *sock, int protocol)
{
	const struct inet_protosw *sw;
	struct sock *sk;
	int err;

	NET_ROAD(net, NULL);
	if (protocol < 0 || protocol >= INET_MAX_PROTOS)
		return -EINVAL;
	sock->state = SS_UNCONNECTED;
	rcu_read_lock(&net->rcu);
	sw = inetsw_lookup(net, sock->type, &protocol, &err);
	sk = NULL;
	if (sw) {
		NET_ROAD_AT(net, NULL, "inetsw[]");
		sock->ops = sw->ops;
		sk = sk_alloc(net, PF_INET, sw->prot);
		err = sk ? 0 : -ENOMEM;
	}
	if (sk) {
		sock_init_data(sock, sk);
		inet_sock_defaults(sk, protocol, sw);
	}
	rcu_read_unlock(&net->rcu);
	if (err)
		return err;

	if (sk->sk_prot->init)
		err = sk->sk_prot->init(sk);
	if (!err && inet_sk(sk)->inet_num && sk->sk_prot->hash)
		sk->sk_prot->hash(sk);
	if (err) {
		sk_common_release(sk);
		sock->sk = NULL;
	}
	return err;
}

const struct net_proto_family inet_family_ops = {
	.family = PF_INET,
	.create = inet_create,
};

/* ---- registries ------------------------------------------------------- */

int inet_add_protocol(struct net *net, const struct net_protocol *prot,
		      u8 protocol)
{
	const struct net_protocol *none = NULL;

	if (!net || !prot || !prot->handler)
		return -EINVAL;
	return __atomic_compare_exchange_n(&net->ipv4.inet_protos[protocol],
					   &none, prot, false,
					   __ATOMIC_RELEASE,
					   __ATOMIC_RELAXED) ? 0 : -EEXIST;
}

int inet_del_protocol(struct net *net, const struct net_protocol *prot,
		      u8 protocol)
{
	const struct net_protocol *old = prot;

	if (!net || !prot)
		return -EINVAL;
	if (!__atomic_compare_exchange_n(&net->ipv4.inet_protos[protocol],
					 &old, NULL, false, __ATOMIC_RELEASE,
					 __ATOMIC_RELAXED))
		return -ENOENT;
	synchronize_rcu(&net->rcu);
	return 0;
}

static_assert(sizeof(struct inet_sock) <= sizeof(struct sock) + SK_FAMILY_ROOM,
	      "sk_priv() is behind struct inet_sock");

/* Can sockets be made by this row? */
static bool inet_protosw_valid(const struct inet_protosw *p)
{
	return p && p->type <= SOCK_PACKET && p->protocol < INET_MAX_PROTOS &&
	       proto_ops_complete(p->ops) && p->prot &&
	       (!p->prot->obj_size ||
		p->prot->obj_size >= sizeof(struct inet_sock));
}

/*
 * A new row stands behind the permanent ones of its type, so that it cannot
 * take their place, and in front of the others, so that it can take theirs.
 */
int inet_register_protosw(struct net *net, const struct inet_protosw *p)
{
	struct inet_protosw_node **pos, *n, *new;
	int err = 0;

	if (!net || !inet_protosw_valid(p))
		return -EINVAL;
	new = mem_zalloc(&net->mem, sizeof(*new));
	if (!new)
		return -ENOMEM;
	new->sw = p;
	new->net = net;

	rtnl_lock(net);
	pos = &net->ipv4.inetsw[p->type];
	for (n = *pos; n && (n->sw->flags & INET_PROTOSW_PERMANENT); n = *pos) {
		if (n->sw->protocol == p->protocol)
			err = -EPERM;
		pos = &n->next;
	}
	for (; n && !err; n = n->next)
		err = n->sw == p ? -EEXIST : 0;
	if (!err) {
		new->next = *pos;
		rcu_assign_pointer(*pos, new);
		new = NULL;
	}
	rtnl_unlock(net);
	mem_free(&net->mem, new, sizeof(*new));
	return err;
}

/* Frees a row when nobody reads it any more. */
static void inet_protosw_free(struct rcu_head *head)
{
	struct inet_protosw_node *n =
		container_of(head, struct inet_protosw_node, rcu);

	mem_free(&n->net->mem, n, sizeof(*n));
}

void inet_unregister_protosw(struct net *net, const struct inet_protosw *p)
{
	struct inet_protosw_node **pos, *n;

	if (!net || !p || p->type > SOCK_PACKET)
		return;
	rtnl_lock(net);
	pos = &net->ipv4.inetsw[p->type];
	while (*pos && (*pos)->sw != p)
		pos = &(*pos)->next;
	n = *pos;
	if (n) {
		rcu_assign_pointer(*pos, n->next);
		call_rcu(&net->rcu, &n->rcu, inet_protosw_free);
	}
	rtnl_unlock(net);
	synchronize_rcu(&net->rcu);
}

void inet_protosw_purge(struct net *net)
{
	struct inet_protosw_node *n, *next;
	int type;

	for (type = 0; type <= SOCK_PACKET; type++) {
		n = net->ipv4.inetsw[type];
		RCU_INIT_POINTER(net->ipv4.inetsw[type], NULL);
		for (; n; n = next) {
			next = n->next;
			call_rcu(&net->rcu, &n->rcu, inet_protosw_free);
		}
	}
}

/* ---- addresses -------------------------------------------------------- */

int inet_check_addr(const struct sockaddr *addr, socklen_t len)
{
	if (!addr || len < sizeof(struct sockaddr_in))
		return -EINVAL;
	return addr->sa_family == AF_INET ? 0 : -EAFNOSUPPORT;
}

void inet_put_addr(struct sockaddr *to, socklen_t *len, __be32 addr,
		   __be16 port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = port,
		.sin_addr.s_addr = addr,
	};

	if (to)
		memcpy(to, &sin, sizeof(sin));
	*len = sizeof(sin);
}

bool inet_addr_valid_or_nonlocal(struct net *net, const struct inet_sock *inet,
				 __be32 addr, u8 type)
{
	return READ_ONCE(net->ipv4.sysctl_ip_nonlocal_bind) ||
	       inet_test_bit(FREEBIND, &inet->sk) ||
	       inet_test_bit(TRANSPARENT, &inet->sk) ||
	       addr == INADDR_ANY || type == RTN_LOCAL ||
	       type == RTN_MULTICAST || type == RTN_BROADCAST;
}

/* ---- release ---------------------------------------------------------- */

void inet_sock_destruct(struct sock *sk)
{
	struct inet_sock *inet = inet_sk(sk);

	mem_free(&sock_net(sk)->mem, inet->inet_opt, sizeof(*inet->inet_opt));
	inet->inet_opt = NULL;
}

/* close(): SO_LINGER is how long the transport may take for it. */
int inet_stream_release(struct socket *sock)
{
	struct sock *sk = sock->sk;
	s64 timeout_ns = 0;

	if (!sk)
		return 0;
	ip_mc_drop_socket(sk);
	if (sock_flag(sk, SOCK_LINGER))
		timeout_ns = sk->sk_lingertime_ns;
	/* Who lingers is woken by sock->sk: it ends before the sock does. */
	sock_hold(sk);
	if (sk->sk_prot->close)
		sk->sk_prot->close(sk, timeout_ns);
	else
		sk_common_release(sk);
	WRITE_ONCE(sock->sk, NULL);
	sock_put(sk);
	return 0;
}

/* ---- bind ------------------------------------------------------------- */

int inet_autobind(struct sock *sk)
{
	struct inet_sock *inet = inet_sk(sk);

	if (inet->inet_num || !sk->sk_prot->get_port)
		return 0;
	if (sk->sk_prot->get_port(sk, 0))
		return -EAGAIN;
	WRITE_ONCE(inet->inet_sport, cpu_to_be16(inet->inet_num));
	return 0;
}

/* The sock is locked, the address is one that may be bound. */
static int inet_bind_locked(struct sock *sk, __be32 addr, u16 port, u8 type)
{
	struct inet_sock *inet = inet_sk(sk);
	int err;

	if (sk->sk_state != TCP_CLOSE || inet->inet_num)
		return -EINVAL;
	WRITE_ONCE(inet->inet_rcv_saddr, addr);
	/* a group or a broadcast address is no source */
	WRITE_ONCE(inet->inet_saddr, type == RTN_MULTICAST ||
				     type == RTN_BROADCAST ? 0 : addr);
	if ((port || !inet_test_bit(BIND_ADDRESS_NO_PORT, sk)) && sk->sk_prot->get_port) {
		err = sk->sk_prot->get_port(sk, port);
		if (err) {
			WRITE_ONCE(inet->inet_saddr, 0);
			WRITE_ONCE(inet->inet_rcv_saddr, 0);
			return err;
		}
	}
	if (addr)
		sk->sk_userlocks |= SOCK_BINDADDR_LOCK;
	if (port)
		sk->sk_userlocks |= SOCK_BINDPORT_LOCK;
	WRITE_ONCE(inet->inet_sport, cpu_to_be16(inet->inet_num));
	WRITE_ONCE(inet->inet_daddr, 0);
	WRITE_ONCE(inet->inet_dport, 0);
	sk_dst_reset(sk);
	return 0;
}

/* bind() of a transport that has no rule of its own. */
static int inet_generic_bind(struct sock *sk, const struct sockaddr_in *sin,
			     const struct sockaddr *addr)
{
	struct net *net = sock_net(sk);
	u16 port = be16_to_cpu(sin->sin_port);
	u8 type;
	int err;

	/* as Linux: AF_UNSPEC passes for the wildcard, for old programs */
	if (addr->sa_family != AF_INET &&
	    (addr->sa_family != AF_UNSPEC || sin->sin_addr.s_addr))
		return -EAFNOSUPPORT;
	rcu_read_lock(&net->rcu);
	type = inet_addr_type(net, sin->sin_addr.s_addr);
	rcu_read_unlock(&net->rcu);
	if (!inet_addr_valid_or_nonlocal(net, inet_sk(sk),
					 sin->sin_addr.s_addr, type))
		return -EADDRNOTAVAIL;
	if (port && port < READ_ONCE(net->ipv4.sysctl_ip_unprivileged_port_start))
		return -EACCES;
	lock_sock(sk);
	err = inet_bind_locked(sk, sin->sin_addr.s_addr, port, type);
	release_sock(sk);
	return err;
}

/* bind(): the transport's own, or the one above. */
int inet_sock_bind(struct socket *sock, const struct sockaddr *addr,
		   socklen_t len)
{
	struct sock *sk = sock->sk;
	struct sockaddr_in sin;
	int err;

	if (sk->sk_prot->bind) {
		lock_sock(sk);
		err = sk->sk_prot->bind(sk, addr, len);
		release_sock(sk);
		return err;
	}
	if (!addr || len < sizeof(sin))
		return -EINVAL;
	memcpy(&sin, addr, sizeof(sin));
	return inet_generic_bind(sk, &sin, addr);
}

/* ---- connect ---------------------------------------------------------- */

/* A family number is there, at least. */
static bool addr_has_family(const struct sockaddr *addr, socklen_t len)
{
	return addr && len >= sizeof(addr->sa_family);
}

/* connect() of a socket that has no connections: only the peer is set. */
int inet_dgram_connect(struct socket *sock, const struct sockaddr *addr,
		       socklen_t len, int flags)
{
	struct sock *sk = sock->sk;
	int err = -EOPNOTSUPP;

	NET_ROAD(sock->net, NULL);
	if (!addr_has_family(addr, len))
		return -EINVAL;
	lock_sock(sk);
	if (addr->sa_family == AF_UNSPEC) {
		if (sk->sk_prot->disconnect)
			err = sk->sk_prot->disconnect(sk, flags);
	} else if (sk->sk_prot->connect) {
		err = inet_autobind(sk);
		if (!err)
			err = sk->sk_prot->connect(sk, addr, len);
	}
	release_sock(sk);
	return err;
}

/* The handshake is over, one way or the other. */
static bool inet_connect_done(struct sock *sk, void *arg)
{
	(void)arg;
	return !(TCPF(sk->sk_state) & (TCPF(TCP_SYN_SENT) | TCPF(TCP_SYN_RECV)));
}

/* connect() on a socket that has none yet. Return: 0 or -E; -EINPROGRESS is
 * what a caller hears who does not wait. */
static int inet_stream_start(struct socket *sock, const struct sockaddr *addr,
			     socklen_t len)
{
	struct sock *sk = sock->sk;
	int err;

	if (sk->sk_state != TCP_CLOSE)
		return -EISCONN;
	if (!sk->sk_prot->connect)
		return -EOPNOTSUPP;
	err = sk->sk_prot->connect(sk, addr, len);
	if (err < 0)
		return err;
	sock->state = SS_CONNECTING;
	return 0;
}

/* The connection could not be made: why, and back to the beginning. */
static int inet_stream_connect_failed(struct socket *sock, int flags)
{
	struct sock *sk = sock->sk;
	int err = sock_error(sk);

	if (!err)
		err = -ECONNABORTED;
	sock->state = SS_UNCONNECTED;
	if (sk->sk_prot->disconnect && sk->sk_prot->disconnect(sk, flags))
		sock->state = SS_DISCONNECTING;
	return err;
}

/* After the SYN: waits as far as the flags allow. @busy is the answer to those
 * who do not wait. */
static int inet_stream_wait(struct socket *sock, int flags, int busy)
{
	struct sock *sk = sock->sk;
	bool noblock = sock->nonblock || (flags & O_NONBLOCK);
	s64 timeo_ns = sock_sndtimeo(sk, noblock);
	int err;

	/* the first write will be the SYN (TCP_FASTOPEN_CONNECT) */
	if (unlikely(inet_test_bit(DEFER_CONNECT, sk)))
		return busy == -EALREADY ? -EISCONN : 0;
	if (!inet_connect_done(sk, NULL)) {
		if (!timeo_ns)
			return busy;
		err = sk_wait_event(sk, &timeo_ns, inet_connect_done, NULL);
		if (err)
			return err == -EAGAIN ? busy : err;
	}
	if (sk->sk_state == TCP_CLOSE)
		return inet_stream_connect_failed(sock, flags);
	sock->state = SS_CONNECTED;
	return 0;
}

/* connect() with AF_UNSPEC: no connection any more. */
static int inet_stream_disconnect(struct socket *sock, int flags)
{
	struct sock *sk = sock->sk;
	int err = -EOPNOTSUPP;

	if (sk->sk_prot->disconnect)
		err = sk->sk_prot->disconnect(sk, flags);
	sock->state = err ? SS_DISCONNECTING : SS_UNCONNECTED;
	return err;
}

/* The steps of connect() by the state of the struct socket. Context: locked. */
int __inet_stream_connect(struct socket *sock, const struct sockaddr *addr,
			  socklen_t len, int flags)
{
	int err;

	if (sock->state == SS_UNCONNECTED && !addr_has_family(addr, len))
		return -EINVAL;
	if (addr && addr->sa_family == AF_UNSPEC)
		return inet_stream_disconnect(sock, flags);
	switch (sock->state) {
	case SS_CONNECTED:
		return -EISCONN;
	case SS_CONNECTING:
		return inet_stream_wait(sock, flags, -EALREADY);
	case SS_UNCONNECTED:
		err = inet_stream_start(sock, addr, len);
		return err ? err : inet_stream_wait(sock, flags, -EINPROGRESS);
	default:
		return -EINVAL;
	}
}

/* connect() of a stream; see the two functions above. */
int inet_stream_connect(struct socket *sock, const struct sockaddr *addr,
			socklen_t len, int flags)
{
	struct sock *sk = sock->sk;
	int err;

	NET_ROAD(sock->net, NULL);
	if (!addr_has_family(addr, len))
		return -EINVAL;
	lock_sock(sk);
	err = __inet_stream_connect(sock, addr, len, flags);
	release_sock(sk);
	return err;
}

/* ---- listen, accept, shutdown ----------------------------------------- */

/* listen(): once more only changes the backlog. */
int inet_stream_listen(struct socket *sock, int backlog)
{
	struct sock *sk = sock->sk;
	int somaxconn = READ_ONCE(sock_net(sk)->sysctl_somaxconn);
	int err = -EINVAL;

	if (!inet_test_bit(IS_ICSK, sk))
		return -EOPNOTSUPP;
	if (backlog < 0 || backlog > somaxconn)
		backlog = somaxconn;
	lock_sock(sk);
	if (sock->state == SS_UNCONNECTED &&
	    (TCPF(sk->sk_state) & (TCPF(TCP_CLOSE) | TCPF(TCP_LISTEN)))) {
		WRITE_ONCE(sk->sk_max_ack_backlog, (u32)backlog);
		err = 0;
		if (sk->sk_state != TCP_LISTEN)
			err = inet_csk_listen_start(sk);
	}
	release_sock(sk);
	return err;
}

/* accept(): a child of the transport becomes @newsock's. */
int inet_stream_accept(struct socket *sock, struct socket *newsock, int flags)
{
	struct sock *sk = sock->sk, *child;
	int err = -EINVAL;

	NET_ROAD(sock->net, NULL);
	if (!sk->sk_prot->accept)
		return -EOPNOTSUPP;
	if (sock->nonblock)
		flags |= O_NONBLOCK;
	child = sk->sk_prot->accept(sk, flags, &err);
	if (!child)
		return err;
	lock_sock(child);
	sock_graft(child, newsock);
	newsock->state = SS_CONNECTED;
	release_sock(child);
	return 0;
}

/* The sock is locked; @how is a mask of RCV_SHUTDOWN and SEND_SHUTDOWN. */
static int inet_shutdown_locked(struct socket *sock, u8 how)
{
	struct sock *sk = sock->sk;
	int err = 0;

	if (sock->state == SS_CONNECTING)
		sock->state = TCPF(sk->sk_state) &
			      (TCPF(TCP_SYN_SENT) | TCPF(TCP_SYN_RECV) |
			       TCPF(TCP_CLOSE)) ? SS_DISCONNECTING : SS_CONNECTED;
	switch (sk->sk_state) {
	case TCP_LISTEN:
		if (!(how & RCV_SHUTDOWN))
			break;
		fallthrough;
	case TCP_SYN_SENT:
		if (sk->sk_prot->disconnect)
			err = sk->sk_prot->disconnect(sk, O_NONBLOCK);
		sock->state = err ? SS_DISCONNECTING : SS_UNCONNECTED;
		break;
	case TCP_CLOSE:
		err = -ENOTCONN;	/* and still: nobody reads or writes */
		fallthrough;
	default:
		WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | how);
		if (sk->sk_prot->shutdown)
			sk->sk_prot->shutdown(sk, how);
		break;
	}
	sk->sk_state_change(sk);
	return err;
}

/* shutdown(): SHUT_RD, _WR, _RDWR are 0, 1, 2; the mask is one more. */
int inet_sock_shutdown(struct socket *sock, int how)
{
	int err;

	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	lock_sock(sock->sk);
	err = inet_shutdown_locked(sock, (u8)(how + 1));
	release_sock(sock->sk);
	return err;
}

/* getsockname() and getpeername(). */
int inet_sock_getname(struct socket *sock, struct sockaddr *addr,
		      socklen_t *len, int peer)
{
	struct sock *sk = sock->sk;
	const struct inet_sock *inet = inet_sk(sk);
	int err = 0;

	lock_sock(sk);
	if (!peer)
		inet_put_addr(addr, len, inet->inet_rcv_saddr ?
			      inet->inet_rcv_saddr : inet->inet_saddr,
			      inet->inet_sport);
	else if (!inet->inet_dport ||
		 (peer == 1 && (TCPF(sk->sk_state) &
				(TCPF(TCP_CLOSE) | TCPF(TCP_SYN_SENT)))))
		err = -ENOTCONN;
	else
		inet_put_addr(addr, len, inet->inet_daddr, inet->inet_dport);
	release_sock(sk);
	return err;
}

/* ---- data ------------------------------------------------------------- */

/* All sends of a stream come by here. */
int inet_stream_sendmsg(struct socket *sock, struct inet_msg *msg, size_t len)
{
	struct sock *sk = sock->sk;

	NET_ROAD(sock->net, NULL);
	sock_rps_record_flow(sk);
	if (!sk->sk_prot->sendmsg)
		return -EOPNOTSUPP;
	return sk->sk_prot->sendmsg(sk, msg, len);
}

/* All receives of a stream come by here. */
int inet_stream_recvmsg(struct socket *sock, struct inet_msg *msg, size_t len,
			int flags)
{
	struct sock *sk = sock->sk;

	NET_ROAD(sock->net, NULL);
	sock_rps_record_flow(sk);
	if (!sk->sk_prot->recvmsg)
		return -EOPNOTSUPP;
	return sk->sk_prot->recvmsg(sk, msg, len, flags);
}

/* Who sends without a port gets one. */
int inet_dgram_sendmsg(struct socket *sock, struct inet_msg *msg, size_t len)
{
	struct sock *sk = sock->sk;
	int err;

	NET_ROAD(sock->net, NULL);
	sock_rps_record_flow(sk);
	if (!sk->sk_prot->sendmsg)
		return -EOPNOTSUPP;
	/* the last thing that a bind of another thread writes */
	if (unlikely(!READ_ONCE(inet_sk(sk)->inet_sport))) {
		lock_sock(sk);
		err = inet_autobind(sk);
		release_sock(sk);
		if (err)
			return err;
	}
	return sk->sk_prot->sendmsg(sk, msg, len);
}

/* All receives of datagrams come by here. */
int inet_dgram_recvmsg(struct socket *sock, struct inet_msg *msg, size_t len,
		       int flags)
{
	struct sock *sk = sock->sk;

	NET_ROAD(sock->net, NULL);
	sock_rps_record_flow(sk);
	if (!sk->sk_prot->recvmsg)
		return -EOPNOTSUPP;
	return sk->sk_prot->recvmsg(sk, msg, len, flags);
}

/* The transport's questions about its queues; set-up of devices is the
 * business of <inet/control.h>. */
int inet_sock_ioctl(struct socket *sock, unsigned long cmd, void *arg)
{
	struct sock *sk = sock->sk;
	int val = 0, err;

	if (!sk->sk_prot->ioctl)
		return -ENOTTY;
	err = sk->sk_prot->ioctl(sk, cmd, &val);
	if (err)
		return err;
	if (!arg)
		return -EFAULT;
	memcpy(arg, &val, sizeof(val));
	return 0;
}

int inet_sock_setsockopt(struct socket *sock, int level, int optname,
			 const void *val, socklen_t len)
{
	return sock_common_setsockopt(sock->sk, level, optname, val, len);
}

int inet_sock_getsockopt(struct socket *sock, int level, int optname, void *val,
			 socklen_t *len)
{
	return sock_common_getsockopt(sock->sk, level, optname, val, len);
}

/* ---- the tables ------------------------------------------------------- */

const struct proto_ops inet_stream_ops = {
	.family = PF_INET,
	.release = inet_stream_release,
	.bind = inet_sock_bind,
	.connect = inet_stream_connect,
	.accept = inet_stream_accept,
	.listen = inet_stream_listen,
	.shutdown = inet_sock_shutdown,
	.getname = inet_sock_getname,
	.poll = tcp_poll,
	.ioctl = inet_sock_ioctl,
	.setsockopt = inet_sock_setsockopt,
	.getsockopt = inet_sock_getsockopt,
	.sendmsg = inet_stream_sendmsg,
	.recvmsg = inet_stream_recvmsg,
};

const struct proto_ops inet_dgram_ops = {
	.family = PF_INET,
	.release = inet_stream_release,
	.bind = inet_sock_bind,
	.connect = inet_dgram_connect,
	.accept = sock_no_accept,
	.listen = sock_no_listen,
	.shutdown = inet_sock_shutdown,
	.getname = inet_sock_getname,
	.poll = udp_poll,
	.ioctl = inet_sock_ioctl,
	.setsockopt = inet_sock_setsockopt,
	.getsockopt = inet_sock_getsockopt,
	.sendmsg = inet_dgram_sendmsg,
	.recvmsg = inet_dgram_recvmsg,
};

/* Raw and ping sockets, and protocols of the application: no port search, and
 * readable when there is a datagram. */
const struct proto_ops inet_sockraw_ops = {
	.family = PF_INET,
	.release = inet_stream_release,
	.bind = inet_sock_bind,
	.connect = inet_dgram_connect,
	.accept = sock_no_accept,
	.listen = sock_no_listen,
	.shutdown = inet_sock_shutdown,
	.getname = inet_sock_getname,
	.poll = datagram_poll,
	.ioctl = inet_sock_ioctl,
	.setsockopt = inet_sock_setsockopt,
	.getsockopt = inet_sock_getsockopt,
	.sendmsg = inet_dgram_sendmsg,
	.recvmsg = inet_dgram_recvmsg,
};
