/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys that several nodes may share: see tcp_secret.c. */
#ifndef IPV4_TCP_SECRET_H
#define IPV4_TCP_SECRET_H

#include "ipv4/tcp.h"

/* A knob's value. 0, -EINVAL. */
int tcp_secrets_parse(const char *s, struct tcp_secrets *secrets);
/* The same, written. 0, -ERANGE. */
int tcp_secrets_print(const struct tcp_secrets *secrets, char *buf, size_t size);
/* A copy of what stands in @tn. */
void tcp_secrets_read(struct tcp_net *tn, const struct tcp_secrets *from,
		      struct tcp_secrets *to);
/* One at random. */
void tcp_secrets_draw(struct net *net, struct tcp_secrets *secrets);
/* The rest of sysctl_row.set. */
int tcp_secrets_set(struct net *net, const struct sysctl_row *row,
		    const char *value, struct tcp_secrets *secrets);

#endif /* IPV4_TCP_SECRET_H */
