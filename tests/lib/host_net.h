/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's network in a namespace of our own: it begins empty, nothing of
 * it is seen outside, and it ends with the process.
 */
#ifndef TESTS_HOST_NET_H
#define TESTS_HOST_NET_H

#include <inet/types.h>

/* Moves the process into a new namespace, its loopback up and one processor
 * its own. Return: NULL, or what is not permitted here. */
const char *host_net_enter(void);
/* The same for who needs a TUN or TAP: the reason may be that there is none. */
const char *host_net_enter_tun(void);
/* Like sysctl(8); a name that this kernel lacks is no failure. */
void host_net_sysctl(const char *name, const char *value);
/* A command, such as "ip route show". Return: it succeeded. */
bool host_net_run(const char *command);
/* Does the kernel leave UDP uncut to who has a TUN (since Linux 6.2)? */
bool host_net_has_uso(void);
/* A TUN: IP packets without a header. Return: its descriptor, non-blocking. */
int host_net_tun(const char *name);

#endif /* TESTS_HOST_NET_H */
