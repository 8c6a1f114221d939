/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the preloaded library in a program and the owner of the stack say to each
 * other. ARCHITECTURE.md, "Unmodified programs", tells why it is so.
 *
 * A socket of a program is an AF_UNIX socket A; the owner holds the other end B. All
 * names are abstract and begin with "inet/OWNER/":
 *
 *	control		SOCK_SEQPACKET; one connection per call
 *	stream		where a program connects A, once connect() may succeed
 *	dgram		SOCK_SEQPACKET: where it connects A of a datagram socket, at once
 *	s/ID		A of a stream socket; ID is its SO_COOKIE
 *	d/ID/MARK/TPPP	A of a datagram socket, also of ICMP and raw ones; MARK is random,
 *			T and PPP are its type and protocol
 *	c/ID/L/P	B of an accepted connection, connected to the listening A;
 *			L and P are the addresses of the stack and of the peer
 *
 * Whether a descriptor is ours, and which one it is, is asked of the kernel by
 * getsockname() and getpeername(); no table can become stale.
 *
 * Everybody in the network namespace sees these names, and may connect to them: each
 * side asks who the other one is (shim_peer_trusted()). A call on a socket brings its
 * descriptor (SCM_RIGHTS): who has it may do as he likes, nobody else.
 *
 * Prologue. Before its first byte A sends SHIM_PROLOGUE bytes or more: the ID and
 * the length of all of it in hexadecimal. A long one fills A's buffer, so that A is
 * not writable until the owner has read it: the connection stands. The owner always
 * leaves the last byte of what A has sent unread (it has looked at it): when B is
 * closed, by a reset or by the owner's death, A has ECONNRESET then.
 *
 * Datagrams. A message is a datagram, for or from the peer if the socket is connected.
 * With another address, with control messages, or of a socket that is not connected it
 * has a struct shim_dgram and the control messages in front, told by a number that the
 * program has made up and nobody on the network knows.
 */
#ifndef SHIM_PROTOCOL_H
#define SHIM_PROTOCOL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#define SHIM_OWNER_MAX 32	/* bytes of an owner's name */
#define SHIM_DATA 1024		/* of an address or of an option's value */
#define SHIM_PROLOGUE 24	/* "%016x%08x" */
/* Of each A, asked for: the kernel makes twice of it, and says "not writable" above a
 * quarter of that. The one packet that is left unread for its last byte must be less
 * (sendfile() makes them of 64 KiB), the whole of a long prologue more. */
#define SHIM_SNDBUF 212992
#define SHIM_FILL 131072

#define SHIM_CONTROL 512		/* bytes of control messages of a datagram */

/* In front of a datagram. */
struct shim_dgram {
	uint64_t mark;		/* of the socket's name */
	int32_t err;		/* to the program: no datagram, but this error */
	uint32_t control_len;
	struct sockaddr_in addr;	/* whose, or whither; AF_UNSPEC: the peer */
};

enum shim_op {
	SHIM_PING,		/* is anybody there? */
	SHIM_LEASE,		/* stay as long as the calling process lives; reply:
				 * struct shim_lease */
	SHIM_BIND,		/* data: the address */
	SHIM_LISTEN,		/* value: backlog */
	SHIM_UNLISTEN,
	SHIM_CONNECT,		/* data: the address; value: wait. Then there is a
				 * second reply, when it has come to something */
	SHIM_SOCKNAME,
	SHIM_PEERNAME,
	SHIM_SETSOCKOPT,	/* level, value: the option; data */
	SHIM_GETSOCKOPT,	/* and size: how much is wanted */
	SHIM_SO_ERROR,		/* why the connection is gone; resets it */
	SHIM_IOCTL,		/* value: SIOCOUTQ; reply: an int */
	SHIM_ERRQUEUE,		/* value: flags; reply: struct shim_errqueue and more */
	SHIM_MAY_RAW,		/* of no socket; value: the protocol */
	SHIM_INTERFACES,	/* of no socket; value: from which row on; reply: rows of
				 * struct shim_interface, at the end fewer than fit */
};

#define SHIM_PATH 256

/* What the owner was told for its programs. */
struct shim_lease {
	int32_t host_loopback;	/* 127.0.0.0/8 is the host's */
	char resolv_conf[SHIM_PATH];	/* "": /etc/resolv.conf */
};

/* A message of the error queue; its control messages and bytes follow. */
struct shim_errqueue {
	uint32_t flags;		/* of the msghdr */
	uint32_t control_len, len;
	struct sockaddr_in addr;	/* AF_UNSPEC: none */
};

/* An interface, or one of its addresses; first come all the interfaces. */
struct shim_interface {
	char name[16];
	uint32_t index, flags, mtu;	/* flags: IFF_* */
	uint16_t type;		/* ARPHRD_* */
	uint8_t is_address;
	uint8_t prefix_len;
	uint8_t hwaddr_len;
	unsigned char hwaddr[8], hwbroadcast[8];
	struct in_addr local, broadcast;	/* 0.0.0.0: none */
};

#define SHIM_INTERFACES_MAX (SHIM_DATA / sizeof(struct shim_interface))	/* of a reply */

struct shim_call {
	uint32_t op;
	int32_t level;
	int32_t value;
	uint32_t size;
	uint64_t id;
	uint32_t kind;		/* 's', 'd' or 'c' */
	uint32_t len;		/* of data */
	unsigned char data[SHIM_DATA];
};

struct shim_reply {
	int32_t err;		/* 0, or an errno */
	uint32_t len;
	unsigned char data[SHIM_DATA];
};

/*
 * Who is at the other end of @fd? Both sides have one rule: root is trusted, and who
 * runs as we do. A stack that root runs is everybody's, like the kernel's own; the
 * owner asks for no more than that then.
 */
bool shim_peer_trusted(int fd);

#define SHIM_CALL_LEN(call) (offsetof(struct shim_call, data) + (call)->len)
#define SHIM_REPLY_LEN(reply) (offsetof(struct shim_reply, data) + (reply)->len)

/* A name, taken apart. */
struct shim_name {
	char owner[SHIM_OWNER_MAX + 1];
	char kind;		/* 's', 'd', 'c'; 0: a place of the owner's */
	uint64_t id;
	uint64_t mark;		/* of kind 'd', and: */
	uint8_t type;		/* as of socket() */
	uint16_t protocol;
	struct sockaddr_in local, peer;	/* of kind 'c' */
};

/* May an owner be called @text? Letters, digits, '-', '_', '.'. */
bool shim_owner_valid(const char *text);

/* "inet/OWNER/PLACE". Return: the length of @un. */
socklen_t shim_place(struct sockaddr_un *un, const char *owner,
		     const char *place);
/* The name of A or B as @name says. Return: the length of @un. */
socklen_t shim_build(struct sockaddr_un *un, const struct shim_name *name);
/* Is @un one of our names? It is taken apart then. */
bool shim_parse(const struct sockaddr_un *un, socklen_t len,
		struct shim_name *name);

/* The first SHIM_PROLOGUE bytes of @buf, and the way back: 0 when it is none of
 * @id's, else its length. */
void shim_prologue(char *buf, uint64_t id, uint32_t total);
uint32_t shim_prologue_parse(const char *buf, uint64_t id);

#endif /* SHIM_PROTOCOL_H */
