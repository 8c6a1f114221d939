/* SPDX-License-Identifier: BSD-2-Clause */
/* What inetstackd is to set up: from its command line, or from a file. */
#ifndef TOOLS_INETSTACKD_H
#define TOOLS_INETSTACKD_H

#include <stdbool.h>

#include <inet/inet.h>

#include "protocol.h"

#define METRICS_MAX 64

/* What is not the stack's, but the owner's. */
struct settings {
	unsigned int idle_s;
	bool host_loopback;
	char resolv_conf[SHIM_PATH];	/* or "" */
	char metrics[METRICS_MAX];	/* "ADDRESS:PORT", or "" */
};

/* Reads the file of inet.conf(5) at @path and sets @net up by it. 0, or -1 after a
 * sentence. */
int conf_apply(struct net *net, const char *path, struct settings *settings);

/* "host" or "stack". 0, or -1: it is neither. */
int loopback_parse(const char *text, bool *host);

#endif /* TOOLS_INETSTACKD_H */
