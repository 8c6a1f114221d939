/* SPDX-License-Identifier: BSD-2-Clause */
/* The side of the tools: one question to a running inetstackd. */
#include "admin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol.h"

const char *admin_stack(const char *name)
{
	if (!name)
		name = getenv("INET_STACK");
	return name ? name : "default";
}

/* A connection to the owner; -1 with errno. */
static int reach(const char *stack)
{
	struct sockaddr_un un;
	socklen_t len = shim_place(&un, stack, "admin");
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (!connect(fd, (struct sockaddr *)&un, len)) {
		if (shim_peer_trusted(fd))
			return fd;
		errno = EPERM;
	}
	close(fd);
	return -1;
}

static FILE *complain(const char *program, const char *what, int fd)
{
	fprintf(stderr, "%s: %s\n", program, what);
	if (fd >= 0)
		close(fd);
	return NULL;
}

/* The answer's first line; what is behind it stays for its reader. */
static bool first_line(int fd, char *line, size_t size)
{
	size_t n = 0;
	ssize_t got = 1;

	while (n < size - 1 && got) {
		got = read(fd, line + n, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got != 1 || line[n] == '\n')
			break;
		n++;
	}
	line[n] = 0;
	return n;
}

FILE *admin_ask(const char *program, const char *stack, const char *request)
{
	char line[512];
	int fd = shim_owner_valid(stack) ? reach(stack) : -1;
	FILE *answer;

	if (fd < 0) {
		snprintf(line, sizeof(line), "no stack \"%.64s\" runs here", stack);
		return complain(program, errno == EPERM ? "the stack is somebody else's" :
			       line, -1);
	}
	if (strlen(request) >= ADMIN_REQUEST || strchr(request, '\n'))
		return complain(program, "that is too much", fd);
	if (dprintf(fd, "%s\n", request) < 0 || !first_line(fd, line, sizeof(line)))
		return complain(program, "the stack did not answer", fd);
	if (strcmp(line, "ok"))
		return complain(program, strncmp(line, "error ", 6) ? line : line + 6,
				fd);
	answer = fdopen(fd, "r");
	return answer ? answer : complain(program, strerror(errno), fd);
}
