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

/* Nothing more than was asked for is taken: who closes @answer early is no reader. */
static FILE *complain(const char *program, const char *what, FILE *answer)
{
	fprintf(stderr, "%s: %s\n", program, what);
	if (answer)
		fclose(answer);
	return NULL;
}

FILE *admin_ask(const char *program, const char *stack, const char *request)
{
	char line[512];
	int fd = shim_owner_valid(stack) ? reach(stack) : -1;
	FILE *answer;

	if (fd < 0) {
		snprintf(line, sizeof(line), "no stack \"%.64s\" runs here", stack);
		return complain(program, errno == EPERM ? "the stack is somebody else's" :
			       line, NULL);
	}
	answer = fdopen(fd, "r+");
	if (!answer) {
		close(fd);
		return complain(program, strerror(errno), NULL);
	}
	if (strlen(request) >= ADMIN_REQUEST || strchr(request, '\n'))
		return complain(program, "that is too much", answer);
	setvbuf(answer, NULL, _IONBF, 0);	/* dump is copied past it */
	if (fprintf(answer, "%s\n", request) < 0 || fflush(answer) ||
	    !fgets(line, sizeof(line), answer))
		return complain(program, "the stack did not answer", answer);
	line[strcspn(line, "\n")] = 0;
	if (!strcmp(line, "ok"))
		return answer;
	return complain(program, strncmp(line, "error ", 6) ? line : line + 6, answer);
}
