/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside libinet-preload.so: the next library's calls, and calls to the owner. */
#ifndef SHIM_PRELOAD_H
#define SHIM_PRELOAD_H

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>

#include "protocol.h"

#define SHIM_EXPORT __attribute__((visibility("default")))

/* shim_next_socket(), ...: what would have been called without us. */
#define CALL(type, name, parameters) \
	type name parameters; \
	type(*shim_next_##name(void)) parameters;
#include "calls.def"
#undef CALL

/* A socket of the stack, by what the kernel says of its descriptor. */
struct shim_socket {
	struct shim_name own;
	uint64_t id;
	int fd;
	char kind;		/* 's', 'd': made by socket(); 'c': by accept() */
	bool attached;		/* has its other end */
	struct sockaddr_in local, peer;	/* of kind 'c' */
};

/* Is @fd one? */
bool shim_identify(int fd, struct shim_socket *sock);

/*
 * A walk over all rows of interfaces, begun with zeros behind the owner's name. NULL at
 * the end, or with @err.
 */
struct shim_walk {
	const char *owner;
	int err;
	int row;		/* the next one */
	uint32_t at;		/* in the reply */
	bool begun;
	struct shim_reply reply;
};
const struct shim_interface *shim_next_interface(struct shim_walk *walk);
/* ioctl() about interfaces: is it one, and what it says, 0 or an errno. */
bool shim_is_device_ioctl(unsigned long request);
int shim_device_ioctl(const char *owner, unsigned long request, void *arg);

/*
 * A call to the owner. The first reply is waited for whatever signals come. Return: a
 * descriptor to get a second reply from, or -1: the owner is not there, or is not
 * trusted (errno ENETDOWN), or what socket() says.
 */
int shim_call_start(const struct shim_socket *sock, const struct shim_call *call,
		    struct shim_reply *reply);
/* The same when there is only one reply. Return: the owner's answer, 0 or an errno. */
int shim_call(const struct shim_socket *sock, struct shim_call *call,
	      struct shim_reply *reply);
/* What the kernel calls @err, ECONNRESET or nothing, the owner may know better. */
int shim_why(const struct shim_socket *sock, int err);
/* The owner's name of this process; NULL: none, all calls go on to the kernel. */
const char *shim_owner(void);

/* Connects A to the owner and sends a prologue of @total bytes. 0 or an errno. */
int shim_attach(int fd, const struct shim_socket *sock, uint32_t total);

/* The prologue of a connected A, whose buffer is made large enough. */
void shim_send_prologue(int fd, uint64_t id, uint32_t total);

/* The kernel's connect() to a place of the owner's. 0 or an errno. */
int shim_connect_place(int fd, const char *owner, const char *place);

/* Is @fd a datagram socket of the stack? One question for other descriptors. */
bool shim_is_dgram(int fd, struct shim_socket *sock);
/* As recvmsg() and sendmsg(), of such a socket. */
ssize_t shim_dgram_recv(int fd, const struct shim_socket *sock, struct msghdr *msg,
			int flags);
ssize_t shim_dgram_send(int fd, const struct shim_socket *sock,
			const struct msghdr *msg, int flags);
/* The program shuts it for reading: the end that reads of it see is its own. */
void shim_dgram_read_no_more(int fd);
/* As recvmsg() with MSG_ERRQUEUE, of any. */
ssize_t shim_errqueue(const struct shim_socket *sock, struct msghdr *msg, int flags);
/* How long the next datagram is; 0: there is none. */
int shim_dgram_next(int fd, const struct shim_socket *sock);

/*
 * With INET_LOOPBACK=host: if @addr, to which the socket is about to go or, with @bind,
 * be bound, is of 127.0.0.0/8, its descriptor becomes a socket of the kernel's.
 * Return: 1 it has, 0 it stays the stack's, -1 with errno.
 */
int shim_loopback(const struct shim_socket *sock, const struct sockaddr *addr,
		  socklen_t len, bool bind);

/* As @len bytes are copied out by the kernel: cut to *@room, which becomes @len. */
void shim_copy_out(const void *value, socklen_t len, void *out, socklen_t *room);

#endif /* SHIM_PRELOAD_H */
