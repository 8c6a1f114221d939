/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names, by c-ares: its sockets are made by our socket(), so that questions go over the
 * stack, to the name servers of INET_RESOLV_CONF or /etc/resolv.conf; /etc/hosts is looked
 * at first. Both are read for each question: nothing to go stale, or to do at a fork.
 *
 * What is no name, a number or nothing at all, is libc's work, which asks nobody then.
 */
#include <ares.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "preload.h"

#define ROOM 8192		/* for an answer of the calls without a buffer; the first try
				 * of getaddrinfo() */
#define ROOM_MAX (1 << 20)

/* A name or an address, and where the answer goes. */
struct question {
	const char *name;
	const void *addr;
	socklen_t addr_len;
	int family;
	struct hostent *host;
	char *buf;
	size_t len;
	int status;		/* ARES_* */
	bool done, no_room;
};

/* ---- questions -------------------------------------------------------- */

/* @size bytes of what is left, aligned; NULL: there is no room. */
static void *take(struct question *q, size_t size)
{
	size_t pad = -(uintptr_t)q->buf % alignof(void *);
	char *p = q->buf + pad;

	if (q->no_room || pad + size > q->len) {
		q->no_room = true;
		return NULL;
	}
	q->buf += pad + size;
	q->len -= pad + size;
	return p;
}

static void *keep(struct question *q, const void *value, size_t size)
{
	void *p = take(q, size);

	return p ? memcpy(p, value, size) : NULL;
}

/* A copy of the list, whose entries are text or, with a @size, of that. */
static char **keep_list(struct question *q, char *const *list, size_t size)
{
	char **to;
	size_t i, n = 0;

	while (list && list[n])
		n++;
	to = take(q, (n + 1) * sizeof(*to));
	for (i = 0; to && i < n; i++)
		to[i] = keep(q, list[i], size ? size : strlen(list[i]) + 1);
	if (to)
		to[n] = NULL;
	return to;
}

/* c-ares has an answer, or gives up. */
static void answered(void *arg, int status, int timeouts, struct hostent *host)
{
	struct question *q = arg;

	(void)timeouts;
	q->done = true;
	q->status = status;
	if (status != ARES_SUCCESS)
		return;
	*q->host = (struct hostent){ .h_addrtype = host->h_addrtype,
				     .h_length = host->h_length };
	q->host->h_addr_list = keep_list(q, host->h_addr_list, (size_t)host->h_length);
	q->host->h_aliases = keep_list(q, host->h_aliases, 0);
	q->host->h_name = keep(q, host->h_name, strlen(host->h_name) + 1);
}

/* Waits for c-ares' sockets, or for the time when it asks again. */
static void wait_for(ares_channel channel)
{
	ares_socket_t fds[ARES_GETSOCK_MAXNUM];
	int i, n = 0, bits = ares_getsock(channel, fds, ARES_GETSOCK_MAXNUM);
	struct timeval tv = { 1, 0 }, *left = ares_timeout(channel, &tv, &tv);
	struct pollfd p[ARES_GETSOCK_MAXNUM];

	for (i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		p[n].fd = fds[i];
		p[n].events = (short)((ARES_GETSOCK_READABLE(bits, i) ? POLLIN : 0) |
				      (ARES_GETSOCK_WRITABLE(bits, i) ? POLLOUT : 0));
		n += p[n].events != 0;
	}
	if (poll(p, (nfds_t)n, (int)(left->tv_sec * 1000 + left->tv_usec / 1000 + 1)) <= 0)
		ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	for (i = 0; i < n; i++)
		if (p[i].revents)
			ares_process_fd(channel,
					p[i].events & POLLIN ? p[i].fd : ARES_SOCKET_BAD,
					p[i].events & POLLOUT ? p[i].fd : ARES_SOCKET_BAD);
}

/* Asks. 0; ERANGE: there was no room; else the answer is h_errno's @*why. */
static int ask(struct question *q, int *why)
{
	struct ares_options options = { .resolvconf_path = getenv("INET_RESOLV_CONF") };
	ares_channel channel;

	q->status = ares_init_options(&channel, &options,
				      options.resolvconf_path ? ARES_OPT_RESOLVCONF : 0);
	if (q->status == ARES_SUCCESS) {
		if (q->name)
			ares_gethostbyname(channel, q->name, q->family, answered, q);
		else
			ares_gethostbyaddr(channel, q->addr, (int)q->addr_len, q->family,
					   answered, q);
		while (!q->done)
			wait_for(channel);
		ares_destroy(channel);
	}
	*why = q->status == ARES_SUCCESS ? NETDB_SUCCESS :
	       q->status == ARES_ENOTFOUND || q->status == ARES_EBADNAME ? HOST_NOT_FOUND :
	       q->status == ARES_ENODATA ? NO_DATA :
	       q->status == ARES_ENOMEM || q->status == ARES_EFILE ? NETDB_INTERNAL :
	       q->status == ARES_ETIMEOUT || q->status == ARES_ECONNREFUSED ||
	       q->status == ARES_ESERVFAIL ? TRY_AGAIN : NO_RECOVERY;
	if (!q->no_room)
		return *why ? ENOENT : 0;
	*why = NETDB_INTERNAL;
	return ERANGE;
}

/* ---- gethostby* ------------------------------------------------------- */

/* As gethostbyname_r(): it is no error that there is no answer. */
static int reentrant(struct question *q, struct hostent **result, int *why)
{
	int err = ask(q, why);

	*result = err ? NULL : q->host;
	if (err == ERANGE || *why == NETDB_INTERNAL)
		errno = err == ERANGE ? ERANGE : ENOMEM;
	return err == ERANGE ? ERANGE : *why == TRY_AGAIN ? EAGAIN :
	       *why == NETDB_INTERNAL ? ENOMEM : 0;
}

/* The calls without a buffer have one a thread. */
static struct hostent *with_own_buffer(struct question q)
{
	static __thread struct {
		struct hostent host;
		char buf[ROOM];
	} own;
	struct hostent *result;
	int why;

	q.host = &own.host;
	q.buf = own.buf;
	q.len = sizeof(own.buf);
	reentrant(&q, &result, &why);
	if (!result)
		h_errno = why;
	return result;
}

SHIM_EXPORT struct hostent *gethostbyname2(const char *name, int family)
{
	if (!shim_owner())
		return shim_next_gethostbyname2()(name, family);
	return with_own_buffer((struct question){ .name = name, .family = family });
}

SHIM_EXPORT struct hostent *gethostbyname(const char *name)
{
	if (!shim_owner())
		return shim_next_gethostbyname()(name);
	return gethostbyname2(name, AF_INET);
}

SHIM_EXPORT struct hostent *gethostbyaddr(const void *addr, socklen_t len, int family)
{
	if (!shim_owner())
		return shim_next_gethostbyaddr()(addr, len, family);
	return with_own_buffer((struct question){ .addr = addr, .addr_len = len,
						  .family = family });
}

SHIM_EXPORT int gethostbyname2_r(const char *name, int family, struct hostent *host,
				 char *buf, size_t len, struct hostent **result, int *why)
{
	struct question q = { .name = name, .family = family, .host = host, .buf = buf,
			      .len = len };

	if (!shim_owner())
		return shim_next_gethostbyname2_r()(name, family, host, buf, len, result,
						    why);
	return reentrant(&q, result, why);
}

SHIM_EXPORT int gethostbyname_r(const char *name, struct hostent *host, char *buf,
				size_t len, struct hostent **result, int *why)
{
	if (!shim_owner())
		return shim_next_gethostbyname_r()(name, host, buf, len, result, why);
	return gethostbyname2_r(name, AF_INET, host, buf, len, result, why);
}

SHIM_EXPORT int gethostbyaddr_r(const void *addr, socklen_t addr_len, int family,
				struct hostent *host, char *buf, size_t len,
				struct hostent **result, int *why)
{
	struct question q = { .addr = addr, .addr_len = addr_len, .family = family,
			      .host = host, .buf = buf, .len = len };

	if (!shim_owner())
		return shim_next_gethostbyaddr_r()(addr, addr_len, family, host, buf, len,
						   result, why);
	return reentrant(&q, result, why);
}

/* ---- getaddrinfo, getnameinfo ----------------------------------------- */

/* h_errno's number as one of getaddrinfo()'s. */
static int to_eai(int why)
{
	switch (why) {
	case NETDB_SUCCESS:
		return 0;
	case HOST_NOT_FOUND:
		return EAI_NONAME;
	case NO_DATA:
		return EAI_NODATA;
	case TRY_AGAIN:
		return EAI_AGAIN;
	case NETDB_INTERNAL:
		return EAI_MEMORY;
	default:
		return EAI_FAIL;
	}
}

/* Libc's entries of each address, one list behind the other. 0 or EAI_*. */
static int entries(const struct hostent *host, const char *service, struct addrinfo wanted,
		   struct addrinfo **list)
{
	struct addrinfo **end = list, *first = NULL;
	char text[INET6_ADDRSTRLEN];
	int i, err = 0;

	*list = NULL;
	wanted.ai_flags |= AI_NUMERICHOST;
	for (i = 0; host->h_addr_list[i] && !err; i++) {
		inet_ntop(host->h_addrtype, host->h_addr_list[i], text, sizeof(text));
		err = shim_next_getaddrinfo()(text, service, &wanted, end);
		wanted.ai_flags &= ~AI_CANONNAME;	/* of the first only */
		while (!err && *end)
			end = &(*end)->ai_next;
	}
	first = *list;
	if (!err && first && first->ai_canonname) {
		free(first->ai_canonname);
		first->ai_canonname = strdup(host->h_name);
		err = first->ai_canonname ? 0 : EAI_MEMORY;
	}
	if (err && first)
		freeaddrinfo(first);
	return err;
}

/* The name's answer in memory that grows as needed. 0 or EAI_*. */
static int ask_name(const char *name, int family, struct hostent *host, char **buf)
{
	size_t room;
	int err, why;

	*buf = NULL;
	for (room = ROOM; room <= ROOM_MAX; room *= 4) {
		struct question q = { .name = name, .family = family, .host = host,
				      .len = room };

		free(*buf);
		*buf = q.buf = malloc(room);
		if (!q.buf)
			return EAI_MEMORY;
		err = ask(&q, &why);
		if (err != ERANGE)
			return to_eai(why);
	}
	return EAI_MEMORY;
}

/* The stack has IPv4: who has no family in mind has that. */
SHIM_EXPORT int getaddrinfo(const char *node, const char *service,
			    const struct addrinfo *hints, struct addrinfo **list)
{
	struct addrinfo wanted = { 0 }, number;
	struct hostent host;
	char *buf;
	int err;

	if (!shim_owner())
		return shim_next_getaddrinfo()(node, service, hints, list);
	if (hints)
		wanted = *hints;
	wanted.ai_flags &= ~AI_ADDRCONFIG;
	number = wanted;
	if (node)
		number.ai_flags |= AI_NUMERICHOST;
	else if (wanted.ai_family == AF_UNSPEC)
		number.ai_family = AF_INET;
	err = shim_next_getaddrinfo()(node, service, &number, list);
	if (!node || err != EAI_NONAME || (wanted.ai_flags & AI_NUMERICHOST))
		return err;
	if (wanted.ai_family == AF_UNSPEC)
		wanted.ai_family = AF_INET;
	err = ask_name(node, wanted.ai_family, &host, &buf);
	if (!err)
		err = entries(&host, service, wanted, list);
	free(buf);
	return err;
}

/* The name of the address, or what libc makes of it without one. */
SHIM_EXPORT int getnameinfo(const struct sockaddr *addr, socklen_t len, char *name,
			    socklen_t name_len, char *service, socklen_t service_len,
			    int flags)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)addr;
	struct hostent host;
	char buf[ROOM];
	struct question q = { .family = AF_INET, .host = &host, .buf = buf,
			      .len = sizeof(buf), .addr_len = sizeof(in->sin_addr) };
	int err, why;

	if (!shim_owner() || !name || !name_len || (flags & NI_NUMERICHOST) ||
	    len < sizeof(*in) || in->sin_family != AF_INET)
		return shim_next_getnameinfo()(addr, len, name, name_len, service,
					       service_len, flags);
	q.addr = &in->sin_addr;
	ask(&q, &why);
	if (why && (flags & NI_NAMEREQD))
		return why == HOST_NOT_FOUND || why == NO_DATA ? EAI_NONAME : to_eai(why);
	flags = (flags & ~NI_NAMEREQD) | NI_NUMERICHOST;
	err = shim_next_getnameinfo()(addr, len, why ? name : NULL, why ? name_len : 0,
				      service, service_len, flags);
	if (why || (err && service))
		return err;
	if (flags & NI_NOFQDN)
		host.h_name[strcspn(host.h_name, ".")] = 0;
	if (strlen(host.h_name) >= name_len)
		return EAI_OVERFLOW;
	strcpy(name, host.h_name);
	return 0;
}
