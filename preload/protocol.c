/* SPDX-License-Identifier: BSD-2-Clause */
/* Names and prologues, as both sides write and read them. No call here takes a
 * lock or memory: a handler of a signal may use all of them. */
#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "protocol.h"

#define PREFIX "inet/"

bool shim_owner_valid(const char *text)
{
	size_t i;

	for (i = 0; text[i]; i++)
		if (i == SHIM_OWNER_MAX ||
		    (!isalnum((unsigned char)text[i]) && !strchr("-_.", text[i])))
			return false;
	return i > 0;
}

bool shim_peer_trusted(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return !syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) &&
	       (!cred.uid || cred.uid == geteuid());
}

socklen_t shim_place(struct sockaddr_un *un, const char *owner,
		     const char *place)
{
	int n;

	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	n = snprintf(un->sun_path + 1, sizeof(un->sun_path) - 1,
		     PREFIX "%.*s/%s", SHIM_OWNER_MAX, owner, place);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}

socklen_t shim_build(struct sockaddr_un *un, const struct shim_name *name)
{
	char place[64];

	if (name->kind == 's')
		snprintf(place, sizeof(place), "s/%016llx", (unsigned long long)name->id);
	else if (name->kind == 'd')
		snprintf(place, sizeof(place), "d/%016llx/%016llx/%x%03x",
			 (unsigned long long)name->id, (unsigned long long)name->mark,
			 name->type & 0xfu, name->protocol & 0xfffu);
	else
		snprintf(place, sizeof(place), "c/%016llx/%08x:%04x/%08x:%04x",
			 (unsigned long long)name->id,
			 ntohl(name->local.sin_addr.s_addr),
			 ntohs(name->local.sin_port),
			 ntohl(name->peer.sin_addr.s_addr),
			 ntohs(name->peer.sin_port));
	return shim_place(un, name->owner, place);
}

/* @digits hexadecimal digits and, unless it is 0, the byte @then. Return: what
 * follows, or NULL. */
static const char *hex(const char *p, int digits, char then, uint64_t *value)
{
	const char *place;

	*value = 0;
	while (p && digits--) {
		place = *p ? strchr("0123456789abcdef", *p) : NULL;
		if (!place)
			return NULL;
		*value = *value << 4 |
			 (uint64_t)(place - strchr("0123456789abcdef", '0'));
		p++;
	}
	if (!p || !then)
		return p;
	return *p == then ? p + 1 : NULL;
}

/* "AAAAAAAA:PPPP" and the byte @then. Return: what follows, or NULL. */
static const char *hex_address(const char *p, char then,
			       struct sockaddr_in *addr)
{
	uint64_t ip, port;

	p = p ? hex(p, 8, ':', &ip) : NULL;
	p = p ? hex(p, 4, then, &port) : NULL;
	if (!p)
		return NULL;
	memset(addr, 0, sizeof(*addr));
	addr->sin_family = AF_INET;
	addr->sin_addr.s_addr = htonl((uint32_t)ip);
	addr->sin_port = htons((uint16_t)port);
	return p;
}

bool shim_parse(const struct sockaddr_un *un, socklen_t len,
		struct shim_name *name)
{
	char text[sizeof(un->sun_path) + 1] = { 0 };
	size_t offset = offsetof(struct sockaddr_un, sun_path) + 1;
	uint64_t type = 0, protocol = 0;
	const char *p, *slash;

	if (len <= offset || len > sizeof(*un) || un->sun_family != AF_UNIX ||
	    un->sun_path[0])
		return false;
	memcpy(text, un->sun_path + 1, len - offset);
	if (strncmp(text, PREFIX, strlen(PREFIX)))
		return false;
	p = text + strlen(PREFIX);
	slash = strchr(p, '/');
	if (!slash || slash - p > SHIM_OWNER_MAX)
		return false;
	memset(name, 0, sizeof(*name));
	memcpy(name->owner, p, (size_t)(slash - p));
	p = slash + 1;
	if ((p[0] != 's' && p[0] != 'd' && p[0] != 'c') || p[1] != '/')
		return true;
	name->kind = p[0];
	p = hex(p + 2, 16, p[0] == 's' ? 0 : '/', &name->id);
	if (name->kind == 'd') {
		p = hex(p, 16, '/', &name->mark);
		p = hex(p, 1, 0, &type);
		p = hex(p, 3, 0, &protocol);
		name->type = (uint8_t)type;
		name->protocol = (uint16_t)protocol;
	}
	if (name->kind == 'c') {
		p = hex_address(p, '/', &name->local);
		p = hex_address(p, 0, &name->peer);
	}
	return p && !*p;
}

void shim_prologue(char *buf, uint64_t id, uint32_t total)
{
	char text[SHIM_PROLOGUE + 1];

	snprintf(text, sizeof(text), "%016llx%08x", (unsigned long long)id, total);
	memcpy(buf, text, SHIM_PROLOGUE);
}

uint32_t shim_prologue_parse(const char *buf, uint64_t id)
{
	char text[SHIM_PROLOGUE + 1] = { 0 };
	uint64_t said, total;
	const char *p;

	memcpy(text, buf, SHIM_PROLOGUE);
	p = hex(text, 16, 0, &said);
	p = p ? hex(p, 8, 0, &total) : NULL;
	if (!p || said != id || total < SHIM_PROLOGUE || total > SHIM_FILL)
		return 0;
	return (uint32_t)total;
}
