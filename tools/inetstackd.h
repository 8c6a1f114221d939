/* SPDX-License-Identifier: BSD-2-Clause */
/* What inetstackd is to set up: from its command line, or from a file. */
#ifndef TOOLS_INETSTACKD_H
#define TOOLS_INETSTACKD_H

#include <stdbool.h>
#include <sys/types.h>

#include <inet/inet.h>

#include "protocol.h"

#define METRICS_MAX 64

/* What is not the stack's, but the owner's. */
struct settings {
	unsigned int idle_s;
	bool host_loopback;
	char resolv_conf[SHIM_PATH];	/* or "" */
	char metrics[METRICS_MAX];	/* "ADDRESS:PORT", or "" */
	bool becomes_user;		/* once devices are open: */
	uid_t uid;
	gid_t gid;
	bool uses_bpf;			/* some device, also later on */
	bool unfiltered;		/* it may make every system call */
};

/* Reads the file of inet.conf(5) at @path and sets @net up by it. 0, or -1 after a
 * sentence. */
int conf_apply(struct net *net, const char *path, struct settings *settings);

/* "host" or "stack". 0, or -1: it is neither. */
int loopback_parse(const char *text, bool *host);

/* A device that is opened by @spec: what it needs later on. */
void settings_of_device(struct settings *settings, const char *spec);

/* ---- inetstackd_confine.c --------------------------------------------- */

/* Names; "" is none. 0, or -1 after a sentence. */
int user_parse(const char *user, const char *group, struct settings *settings);
/* "on" or "off". 0, or -1 after a sentence. */
int seccomp_parse(const char *text, struct settings *settings);
/* Becomes the user, keeps no capability that is not needed. 0, or -1 after a sentence. */
int drop_privileges(const struct settings *settings);
/* From now on only the system calls of who serves. 0, or -1 after a sentence. */
int filter_system_calls(const struct settings *settings);

#endif /* TOOLS_INETSTACKD_H */
