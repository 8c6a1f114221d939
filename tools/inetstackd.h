/* SPDX-License-Identifier: BSD-2-Clause */
/* What inetstackd is to set up: from its command line, or from a file. */
#ifndef TOOLS_INETSTACKD_H
#define TOOLS_INETSTACKD_H

#include <inet/inet.h>

/* Reads the file of inet.conf(5) at @path and sets @net up by it; *@idle_s: what it
 * says. 0, or -1 after a sentence. */
int conf_apply(struct net *net, const char *path, unsigned int *idle_s);

#endif /* TOOLS_INETSTACKD_H */
