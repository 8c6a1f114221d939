/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Forwarders: connections and datagrams to any address and port, for VPNs and
 * proxies. While a device has a forwarder, packets that arrive by it and are for
 * nobody here are delivered to this stack nevertheless, and the first of each
 * flow is a request to the application: a SYN before it is answered, a datagram
 * before it is read. The application decides at once, in the callback, or later,
 * from any thread.
 *
 * A request is a number, not a pointer: it ends with the verdict, when hold_ms
 * have passed, or when its peer gives up (RST), and whoever names it afterwards
 * gets ENOENT. It ends with the forwarder, too, but then no call that names the
 * forwarder, outside its callback, may be under way or follow. What a SYN that is
 * held says again is absorbed. What finds no room dies without an answer (drop
 * reason FORWARD_FULL), so that its sender tries again.
 *
 * What is foreign and of a protocol without a forwarder is delivered, too, unless
 * the host is a router, and answered as where nobody listens: by a RST or an ICMP
 * error from the foreign address.
 *
 * Who is asked first: a socket of the very flow; a listener or socket bound to
 * the address; one bound to none with IP_TRANSPARENT; then the forwarder. What
 * else is bound to no address is for addresses of this host.
 */
#ifndef INET_FORWARD_H
#define INET_FORWARD_H

#include <netinet/in.h>

#include <inet/export.h>
#include <inet/types.h>

INET_BEGIN_DECLS

struct net;
struct socket;
struct inet_forwarder;

/* Zero members: what is said behind them. */
struct inet_forward_options {
	size_t size;		/* sizeof(struct inet_forward_options) */
	const char *dev;	/* by which they arrive; NULL: any but loopback */
	bool own;		/* TCP: also what is for an address of this host
				 * where nobody listens */
	bool echo;		/* answer pings to foreign addresses */
	u32 max_flows;		/* TCP: requests and handshakes, 1024. UDP:
				 * requests and flows, 4096. At most 65536;
				 * what is held takes 1 MiB at most besides */
	u32 max_per_source;	/* of these for one address: two thirds, as of
				 * the 1 MiB */
	u32 hold_ms;		/* a request waits for its verdict: 10000 */
	u32 idle_ms;		/* UDP: a flow ends without traffic: 60000 */
};

/* What is asked about. */
struct inet_forward_request {
	u64 id;			/* for the verdict; never 0 */
	struct sockaddr_in src, dst;
	int ifindex;		/* of the device it came by */
	u8 protocol;		/* IPPROTO_TCP, IPPROTO_UDP */
	u8 tos, ttl;
	u32 len;		/* UDP: octets of the datagram, or of those that
				 * arrived as one (GRO) */
	u16 mss;		/* TCP: the peer's, 0: it does not say */
	u16 window;
	bool sack, timestamps, window_scaling, ecn;	/* asked for */
};

/*
 * A request, called as inet_set_event_cb()'s callbacks are: it may call anything
 * but what blocks, and may end the forwarder. One whose peer has given up already
 * is not called for. @req is the callback's until it returns.
 */
typedef void inet_forward_cb(struct inet_forwarder *fwd,
			     const struct inet_forward_request *req, void *arg);

/*
 * From now on requests come, perhaps before the call returns. @opts NULL: all as
 * usual. One forwarder of a protocol for each device, and one for all others.
 * NULL with errno: EINVAL, ENODEV, EEXIST, EOPNOTSUPP (own for UDP), ENOMEM.
 */
struct inet_forwarder *inet_tcp_forwarder(struct net *net,
					  const struct inet_forward_options *opts,
					  inet_forward_cb *cb, void *arg)
	INET_API;
struct inet_forwarder *inet_udp_forwarder(struct net *net,
					  const struct inet_forward_options *opts,
					  inet_forward_cb *cb, void *arg)
	INET_API;

/*
 * Ends it: requests are dropped in silence. Sockets stay, but hear nothing while
 * no forwarder is at the device: connections die by their timers. Returns when no
 * callback runs any more, unless it is called from one, of a forwarder or of a
 * socket: then those of other threads may still use @arg. NULL is nothing.
 * inet_destroy() does it for those that are left.
 */
void inet_forwarder_destroy(struct inet_forwarder *fwd) INET_API;

/* ---- verdicts --------------------------------------------------------- */

/*
 * The socket of the flow, bound to the address that was asked for and connected
 * to who asked. TCP: the handshake goes on now; until its end the socket is as
 * one in connect() that does not block: POLLOUT, or an error. UDP: the datagram
 * is the first to be read; with no traffic for idle_ms the socket fails with
 * ETIMEDOUT and is to be closed. @flags: SOCK_NONBLOCK.
 *
 * NULL with errno: ENOENT, it is over; else (ENOMEM, ENOBUFS, ENFILE, EADDRINUSE,
 * EINVAL: @flags, ENODEV: what it came by is gone, ENETUNREACH: no route back) the
 * request is held on.
 */
struct socket *inet_forward_accept(struct inet_forwarder *fwd, u64 id,
				   int flags) INET_API;

/* TCP: a RST from the address that was asked for, as where nobody listens. 0, or
 * -1: ENOENT, EOPNOTSUPP (UDP). */
int inet_forward_reset(struct inet_forwarder *fwd, u64 id) INET_API;

/* ICMP, destination unreachable, with @code (ICMP_PORT_UNREACH,
 * ICMP_PKT_FILTERED, ... but ICMP_FRAG_NEEDED), from that address, within ICMP's
 * limits. 0, or -1: ENOENT, EINVAL. */
int inet_forward_unreachable(struct inet_forwarder *fwd, u64 id, u8 code)
	INET_API;

/* No answer: a SYN or datagram that comes again is a new request. 0, or -1:
 * ENOENT. */
int inet_forward_drop(struct inet_forwarder *fwd, u64 id) INET_API;

/* ---- counters --------------------------------------------------------- */

struct inet_forward_stats {
	u32 held;		/* requests without a verdict, now */
	u32 open;		/* handshakes, or flows of UDP, now */
	u64 requests;		/* ever */
	u64 accepted, rejected, dropped;	/* by verdict */
	u64 expired;		/* no verdict in time */
	u64 gave_up;		/* by their peers */
	u64 absorbed;		/* sent again while held */
	u64 idle;		/* flows of UDP that ended so */
	u64 full;		/* no room, of all or of one source */
};

void inet_forwarder_stats(struct inet_forwarder *fwd,
			  struct inet_forward_stats *stats) INET_API;

INET_END_DECLS

#endif /* INET_FORWARD_H */
