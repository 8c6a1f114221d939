/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A protocol family of a test's own: datagrams and streams between sockets of
 * one stack, addressed by a number, delivered at once by the sender. It uses
 * what core/sock.h offers to protocols and nothing else.
 */
#ifndef TESTS_FAKEFAM_H
#define TESTS_FAKEFAM_H

#include <sys/socket.h>

#include <inet/inet.h>
#include <inet/protocol.h>
#include <inet/socket.h>

#include "core/sock.h"
#include "core/socket.h"

#define PF_FAKE 45

struct sockaddr_fake {
	sa_family_t family;
	u16 num;
};

struct fake_sock {
	struct sock sk;		/* first */
	struct list_head node;	/* all of the process, under a lock */
	struct list_head accept;	/* children, on the listener's queue */
	struct list_head accept_queue;	/* of a listener, its lock */
	u16 num, peer;
	struct sock *other;	/* stream: the other end, a reference */
	u32 nr_backlog;		/* came through the backlog */
	u32 nr_destroyed;
	bool hold;		/* datagrams stay in flight */
	struct sk_buff *held;	/* these */
};

static inline struct fake_sock *fake_sk(const struct sock *sk)
{
	return (struct fake_sock *)sk;
}

extern const struct net_proto_family fake_family;

/* A stack of core with the family, and sockets of it. */
struct net *fake_open(enum inet_mode mode, unsigned int nr_threads);
void fake_close(struct net *net);
struct socket *fake_socket(struct net *net, int type, u16 num);
/* Two datagram or stream sockets that talk to one another. */
void fake_pair(struct net *net, int type, struct socket *pair[2]);
/* The end of the stack, and before it of those of @pair that are not NULL. */
void fake_close_pair(struct net *net, struct socket *pair[2]);
int fake_connect(struct socket *sock, u16 num);

/* Lets go what @sock sent while ->hold was set. */
void fake_release_held(struct socket *sock);
/* One datagram of @len bytes @fill from nobody. */
int fake_inject(struct socket *sock, u32 len, u8 fill);
struct sk_buff *fake_skb(struct net *net, u32 len, u8 fill);

#endif /* TESTS_FAKEFAM_H */
