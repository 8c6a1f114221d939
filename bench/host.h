/* SPDX-License-Identifier: BSD-2-Clause */
/* A host on libinet, as the bench programs that measure libinet make it. */
#ifndef BENCH_HOST_H
#define BENCH_HOST_H

#include <inet/control.h>
#include <inet/inet.h>
#include <inet/netdev.h>
#include <inet/socket.h>

struct net *host_create(const char *name, enum inet_mode mode);
void host_up(struct net *net, const char *dev, const char *addr);
struct socket *host_sock(struct net *net, int type);
u64 host_counter(struct net *net, const char *name);
void host_die(struct net *net, const char *what) __attribute__((noreturn));

#endif
