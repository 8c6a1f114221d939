/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For writers of protocols: the registries of one stack.
 *
 *	net_families[family]->create	socket(family, ...)
 *	inetsw[type]			PF_INET: type + protocol -> ops, proto
 *	inet_protos[protocol]		IPv4 payload -> handler
 *	ptype_base[ethertype]		frame -> handler; ptype_all: every frame
 *
 * Each is a table inside struct net, filled at creation from explicit lists,
 * and open: an application may add its own entry to one stack at run time and
 * take it away again. All registrations are read under RCU; the caller's
 * struct must stay until the unregister call returns, and the proto and
 * proto_ops it names until the last socket is closed. Unregistering waits for
 * packets and calls that are inside: any thread but the stack's own, so not
 * from a handler. What a protocol is written with is <inet/sock.h> and
 * <inet/ip.h>.
 *
 * Return of all: 0 or a negative errno.
 */
#ifndef INET_PROTOCOL_H
#define INET_PROTOCOL_H

#include <sys/socket.h>

#include <inet/export.h>
#include <inet/skbuff.h>
#include <inet/types.h>

INET_BEGIN_DECLS

struct socket;
struct proto;
struct inet_iov_iter;
struct skb_lender;
struct skb_loan;

#define NET_NPROTO 46		/* AF_MAX of this stack */
#define INET_MAX_PROTOS 256

/* ---- ethertypes ------------------------------------------------------- */

struct packet_type {
	__be16 type;		/* ethertype; ETH_P_ALL (3) for a tap */
	struct net_device *dev;	/* only this device; NULL: all */
	/* Gets a reference of its own to @skb and consumes it. @orig_dev is
	 * the device the frame arrived on. Context: softnet, RCU. Taps also
	 * see frames that leave (pkt_type SKB_PACKET_OUTGOING). */
	int (*func)(struct sk_buff *skb, struct net_device *dev,
		    struct packet_type *pt, struct net_device *orig_dev);
	void *af_packet_priv;
	bool ignore_outgoing;
	struct packet_type *next;	/* the stack's */
};

/* Return: 0, -EEXIST (@pt is in already), -EINVAL (no func, a device of
 * another stack). */
int dev_add_pack(struct net *net, struct packet_type *pt)
	INET_EXPORT(dev_add_pack);
/* After it returns func() is not running and never called again. */
void dev_remove_pack(struct net *net, struct packet_type *pt)
	INET_EXPORT(dev_remove_pack);

/*
 * What the layers can do with many packets at once, by ethertype: merge what
 * is received (GRO), cut what is sent (GSO). Registered per stack.
 *
 * GRO. A packet that arrives is compared with the packets that its NAPI holds
 * in one bucket (by flow hash), layer by layer. Each layer finds its header at
 * skb->data + NAPI_GRO_CB(skb)->data_offset, clears same_flow of the held ones
 * that are of another flow, sets flush where two packets must not be one, and
 * asks the next layer. The last one, a transport, appends with
 * skb_gro_receive(), which leaves same_flow of the packet set: merged.
 */
struct napi_gro_cb {
	u32 data_offset;	/* of the header looked at, from skb->data */
	u16 count;		/* packets merged into this one, itself too */
	u8 same_flow;		/* held: may be of this flow; new: was merged */
	u8 flush;		/* not to be merged with, not to be held */
	u32 hash;		/* flow hash */
	u8 stolen;		/* merged: its frame is the held one's now */
};

#define NAPI_GRO_CB(skb) ((struct napi_gro_cb *)(void *)(skb)->cb)

struct packet_offload {
	__be16 type;
	/* Tries to merge @skb (at its network header) into a member of @held,
	 * a list by skb->next. Return: the member that must go up now, before
	 * anything else of its flow, or NULL. May be NULL. Context: softnet,
	 * RCU. */
	struct sk_buff *(*gro_receive)(struct sk_buff *held,
				       struct sk_buff *skb);
	/* @skb was merged from several: fix its headers before it goes up. 0
	 * or -E: it is dropped. */
	int (*gro_complete)(struct sk_buff *skb, int nhoff);
	/* Cuts @skb (at its network header) into a list by skb->next. NULL on
	 * failure, and @skb is still the caller's. May be NULL. */
	struct sk_buff *(*gso_segment)(struct sk_buff *skb, u64 features);
	struct packet_offload *next;	/* the stack's */
};

/* Appends the payload of @skb (from data_offset on) to the held packet @p,
 * without copying. Return: 0 and @skb was merged, or -E2BIG, -ENOMEM. */
int skb_gro_receive(struct sk_buff *p, struct sk_buff *skb)
	INET_EXPORT(skb_gro_receive);

/* Return: 0, -EEXIST (@po is in already), -EINVAL (nothing to call, or
 * gro_receive without gro_complete). */
int dev_add_offload(struct net *net, struct packet_offload *po)
	INET_EXPORT(dev_add_offload);
/* Merged packets that are held at this moment are dropped, not passed up. */
void dev_remove_offload(struct net *net, struct packet_offload *po)
	INET_EXPORT(dev_remove_offload);

/* ---- families --------------------------------------------------------- */

struct net_proto_family {
	int family;
	/* Fills in sock->ops and sock->sk. Return: 0, -EPROTONOSUPPORT,
	 * -ESOCKTNOSUPPORT, -ENOMEM. */
	int (*create)(struct net *net, struct socket *sock, int protocol);
};

/* Return: 0, -EEXIST, -EINVAL. */
int sock_register(struct net *net, const struct net_proto_family *family)
	INET_EXPORT(sock_register);
void sock_unregister(struct net *net, int family) INET_EXPORT(sock_unregister);

/* ---- IPv4 payload protocols ------------------------------------------- */

struct net_protocol {
	/* skb->data is at the transport header, network_header is set, the IP
	 * header has been checked, fragments are reassembled. Consumes @skb.
	 * Return: 0, or -protocol to have it delivered again to another. */
	int (*handler)(struct sk_buff *skb);
	/* An ICMP error quotes a packet of ours: skb->data is at the quoted IP
	 * header, @info is the MTU of a frag-needed or a gateway. Borrows
	 * @skb. Return: 0, or -ENOENT when no socket of ours was quoted. May
	 * be NULL. */
	int (*err_handler)(struct sk_buff *skb, u32 info);
};

/* Return: 0, -EEXIST (there is one), -EINVAL (no handler). */
int inet_add_protocol(struct net *net, const struct net_protocol *prot,
		      u8 protocol) INET_EXPORT(inet_add_protocol);
/* Return: 0, -ENOENT (there is none, or it is not @prot), -EINVAL. */
int inet_del_protocol(struct net *net, const struct net_protocol *prot,
		      u8 protocol) INET_EXPORT(inet_del_protocol);

/*
 * What a payload protocol of IPv4 does with many packets at once; called by the
 * offload of IPv4 as struct packet_offload's functions are, with the transport
 * header set. Each may be NULL, but gro_receive wants gro_complete.
 */
struct net_offload {
	struct sk_buff *(*gro_receive)(struct sk_buff *held,
				       struct sk_buff *skb);
	/* @thoff: of the transport header, from skb->data. */
	int (*gro_complete)(struct sk_buff *skb, int thoff);
	/* @skb at its transport header. */
	struct sk_buff *(*gso_segment)(struct sk_buff *skb, u64 features);
};

/* Return: 0, -EEXIST (there is one), -EINVAL. */
int inet_add_offload(struct net *net, const struct net_offload *off,
		     u8 protocol) INET_EXPORT(inet_add_offload);
/* Return: 0, -ENOENT (there is none, or it is not @off), -EINVAL. */
int inet_del_offload(struct net *net, const struct net_offload *off,
		     u8 protocol) INET_EXPORT(inet_del_offload);

/* ---- socket types of PF_INET ------------------------------------------ */

#define INET_PROTOSW_REUSE 0x01		/* ports may be reused at once */
#define INET_PROTOSW_PERMANENT 0x02	/* cannot be replaced */
#define INET_PROTOSW_ICSK 0x04		/* an inet_connection_sock */

struct inet_protosw {
	u16 type;		/* SOCK_* */
	u16 protocol;		/* IPPROTO_*; IPPROTO_IP (0) is a wildcard */
	const struct proto *prot;
	const struct proto_ops *ops;
	u8 flags;
};

/* Return: 0, -EEXIST (@p is in already), -EPERM (would replace a permanent
 * one), -EINVAL, -ENOMEM. Open sockets outlive their row. */
int inet_register_protosw(struct net *net, const struct inet_protosw *p)
	INET_EXPORT(inet_register_protosw);
void inet_unregister_protosw(struct net *net, const struct inet_protosw *p)
	INET_EXPORT(inet_unregister_protosw);

/* ---- the two tables of a socket --------------------------------------- */

/* Where user bytes come from and go to: a cursor over an iovec. */
struct inet_iov_iter {
	const struct iovec *iov;
	size_t nr_segs;
	size_t iov_offset;	/* into iov[0] */
	size_t count;		/* bytes left */
};

/* One message on its way in or out of a socket. */
struct inet_msg {
	/* send: destination; recv: room for a sockaddr_storage, for the source;
	 * may be NULL */
	struct sockaddr *name;
	socklen_t namelen;	/* recv: 0, until there is a source */
	int flags;		/* MSG_* in; MSG_TRUNC, MSG_CTRUNC, … out */
	struct inet_iov_iter iter;
	void *control;		/* cmsg buffer */
	size_t controllen;	/* bytes from control on */
	struct ubuf_info *ubuf;	/* send: of MSG_ZEROCOPY, or NULL */
	/* recv: lend packets instead of copying; only where frames_put is set */
	struct skb_lender *lend;
};

/* What a socket of one family and type does; struct socket's table. All
 * return 0, a count, or -E. Only ioctl and the option calls may be NULL. */
struct proto_ops {
	int family;
	int (*release)(struct socket *sock);
	int (*bind)(struct socket *sock, const struct sockaddr *addr,
		    socklen_t len);
	int (*connect)(struct socket *sock, const struct sockaddr *addr,
		       socklen_t len, int flags);
	int (*accept)(struct socket *sock, struct socket *newsock, int flags);
	int (*listen)(struct socket *sock, int backlog);
	int (*shutdown)(struct socket *sock, int how);
	/* @peer: 0 own name, 1 the peer's, 2 the peer's even if it has gone
	 * already (accept). *@len capacity in, length out. */
	int (*getname)(struct socket *sock, struct sockaddr *addr,
		       socklen_t *len, int peer);
	unsigned int (*poll)(struct socket *sock);	/* POLL* bits */
	int (*ioctl)(struct socket *sock, unsigned long cmd, void *arg);
	int (*setsockopt)(struct socket *sock, int level, int optname,
			  const void *val, socklen_t len);
	int (*getsockopt)(struct socket *sock, int level, int optname,
			  void *val, socklen_t *len);
	int (*sendmsg)(struct socket *sock, struct inet_msg *msg, size_t len);
	int (*recvmsg)(struct socket *sock, struct inet_msg *msg, size_t len,
		       int flags);
};

/*
 * What a transport does with a struct sock. NULL members: the call answers
 * -EOPNOTSUPP, unless said otherwise. connect, disconnect, shutdown, bind,
 * get_port and backlog_rcv run with the sock locked by their caller; sendmsg,
 * recvmsg, close, accept, ioctl and the option calls lock it themselves (as
 * far as they need to); hash and unhash do not ask.
 */
struct proto {
	const char *name;	/* "TCP" */
	/* Bytes of the protocol's own in each sock: sk_priv(), zeroed. */
	u32 priv_size;
	/* Inside the stack: of the whole, struct sock first. Else 0. */
	u32 obj_size;
	int (*init)(struct sock *sk);		/* may be NULL */
	void (*destroy)(struct sock *sk);	/* last reference is gone */
	void (*close)(struct sock *sk, s64 timeout_ns);
	int (*connect)(struct sock *sk, const struct sockaddr *addr,
		       socklen_t len);
	int (*disconnect)(struct sock *sk, int flags);
	struct sock *(*accept)(struct sock *sk, int flags, int *err);
	void (*shutdown)(struct sock *sk, int how);
	int (*ioctl)(struct sock *sk, unsigned long cmd, int *karg);
	int (*setsockopt)(struct sock *sk, int level, int optname,
			  const void *val, socklen_t len);
	int (*getsockopt)(struct sock *sk, int level, int optname,
			  void *val, socklen_t *len);
	int (*sendmsg)(struct sock *sk, struct inet_msg *msg, size_t len);
	int (*recvmsg)(struct sock *sk, struct inet_msg *msg, size_t len,
		       int flags);
	int (*bind)(struct sock *sk, const struct sockaddr *addr,
		    socklen_t len);	/* NULL: the family's */
	int (*backlog_rcv)(struct sock *sk, struct sk_buff *skb);
	/* At each release_sock(), still owned; may be NULL. */
	void (*release_cb)(struct sock *sk);
	void (*hash)(struct sock *sk);
	void (*unhash)(struct sock *sk);
	int (*get_port)(struct sock *sk, u16 port);
	void (*keepalive)(struct sock *sk, bool on);	/* SO_KEEPALIVE was
							 * set; may be NULL */
	/* Inside the stack: takes back what recvmsg lent (inet_msg.lend). Any
	 * thread, nothing is locked. NULL: it lends nothing. */
	void (*frames_put)(struct sock *sk, struct skb_loan *loan);
	/* Inside the stack, of streams: what counts against SO_SNDBUF now. Any
	 * thread, nothing is locked. NULL: what is queued, by true size. */
	s32 (*stream_held)(const struct sock *sk);
	/* Inside the stack, of streams: from which byte on SO_TIMESTAMPING
	 * counts, the next to be written or to be acknowledged. Locked. 0, or
	 * -EINVAL: not in this state. NULL: it counts datagrams. */
	int (*tskey)(struct sock *sk, bool unwritten, u32 *key);
	const struct sockopt_row *options;	/* own level's, or NULL */
	u32 nr_options;
};

/* Copies between a message and memory. Return: bytes copied. */
size_t copy_from_iter(void *to, size_t len, struct inet_iov_iter *i)
	INET_EXPORT(copy_from_iter);
size_t copy_to_iter(const void *from, size_t len, struct inet_iov_iter *i)
	INET_EXPORT(copy_to_iter);
/* Copies and sums in one pass (what leaves goes through this one). */
size_t csum_and_copy_from_iter(void *to, size_t len, __wsum *csum,
				    struct inet_iov_iter *i)
	INET_EXPORT(csum_and_copy_from_iter);
/* Appends one control message: moves msg->control on and lowers controllen.
 * MSG_CTRUNC is set when it does not fit. */
void put_cmsg(struct inet_msg *msg, int level, int type, size_t len,
		   const void *data) INET_EXPORT(put_cmsg);

/* Skips @n bytes. */
void iov_iter_advance(struct inet_iov_iter *i, size_t n)
	INET_EXPORT(iov_iter_advance);
/*
 * Walks the control messages of a sender, whose buffer may lie: start with
 * *@pos 0. Fills in a header (cmsg_len checked against the buffer) and *@data.
 * Return: 1, 0 at the end, -EINVAL.
 */
int cmsg_next(const struct inet_msg *msg, size_t *pos, struct cmsghdr *hdr,
	      const void **data) INET_EXPORT(cmsg_next);

INET_END_DECLS

#endif /* INET_PROTOCOL_H */
