/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inetrun: runs a program whose Internet sockets are those of a stack that inetstackd
 * owns, which is started if it does not run yet.
 *
 *	inetrun [-c FILE | -t IF[,ip=ADDR/LEN][,gw=GATEWAY]] [-n NAME]
 *		[-l host|stack] [--] PROGRAM [ARGUMENT]...
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "protocol.h"

#define IDLE_SECONDS "10"	/* the owner outlives its programs by so much */

struct options {
	const char *file, *ip, *gateway, *loopback;
	char device[64];
	char name[PATH_MAX];
	char resolv_conf[SHIM_PATH];	/* or "" */
};

/* After -h, or a mistake. Return: what to exit with. */
static int help(int option)
{
	fputs("usage: inetrun [-h] [-c FILE | -t IF[,ip=ADDR/LEN][,gw=GATEWAY]] [-n NAME]\n"
	      "               [-l host|stack] [--] PROGRAM [ARGUMENT]...\n"
	      "  -h          this text (--help too)\n"
	      "  -c FILE     the stack of this inet.conf(5) (--config too)\n"
	      "  -t IF,...   one on this TAP of the kernel's (--tap too)\n"
	      "  -n NAME     of the stack; alone: one that runs (default: FILE's or IF's)\n"
	      "  -l host|stack  whose 127.0.0.0/8 it has (--loopback; default: as the stack's\n"
	      "              owner was told, or stack)\n",
	      option == 'h' ? stdout : stderr);
	return option == 'h' ? 0 : 2;
}

static int fail(const char *what)
{
	fprintf(stderr, "inetrun: %s: %s\n", what, strerror(errno));
	return 1;
}

/* "tap0,ip=10.0.0.2/24,gw=10.0.0.1"; other words are the device's. 0 or -1. */
static int parse_tap(struct options *o, char *text)
{
	char *word = strtok(text, ",");
	size_t used;

	if (!word)
		return -1;
	snprintf(o->name, sizeof(o->name), "%s", word);
	snprintf(o->device, sizeof(o->device), "tap:%s", word);
	while ((word = strtok(NULL, ","))) {
		used = strlen(o->device);
		if (!strncmp(word, "ip=", 3))
			o->ip = word + 3;
		else if (!strncmp(word, "gw=", 3))
			o->gateway = word + 3;
		else
			snprintf(o->device + used, sizeof(o->device) - used, ",%s",
				 word);
	}
	return 0;
}

/* The name of a stack that a file describes, as inetstackd has it. */
static void name_by_file(struct options *o)
{
	char path[PATH_MAX], *dot;

	snprintf(path, sizeof(path), "%s", o->file);
	snprintf(o->name, sizeof(o->name), "%s", basename(path));
	dot = strrchr(o->name, '.');
	if (dot && dot > o->name)
		*dot = 0;
}

/* The command line up to the program. 0, or what to exit with, plus 1. */
static int parse(struct options *o, int argc, char **argv)
{
	static const struct option words[] = {
		{ .name = "help", .val = 'h' },
		{ .name = "config", .has_arg = 1, .val = 'c' },
		{ .name = "tap", .has_arg = 1, .val = 't' },
		{ .name = "name", .has_arg = 1, .val = 'n' },
		{ .name = "loopback", .has_arg = 1, .val = 'l' },
		{ .name = NULL },
	};
	const char *name = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "+hc:t:n:l:", words, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->file = optarg;
			break;
		case 't':
			if (parse_tap(o, optarg))
				return help('?') + 1;
			break;
		case 'n':
			name = optarg;
			break;
		case 'l':
			if (strcmp(optarg, "host") && strcmp(optarg, "stack"))
				return help('?') + 1;
			o->loopback = optarg;
			break;
		default:
			return help(c) + 1;
		}
	}
	if (optind >= argc || (o->file && *o->device))
		return help('?') + 1;
	if (o->file)
		name_by_file(o);
	if (name || !*o->name)
		snprintf(o->name, sizeof(o->name), "%s", name ? name : "default");
	if (shim_owner_valid(o->name))
		return 0;
	fprintf(stderr, "inetrun: \"%s\" is no name of a stack\n", o->name);
	return 3;
}

/* Asks the owner to stay for us, and what it was told for its programs. 0 or -1: it does
 * not run. */
static int lease(struct options *o)
{
	struct shim_call call = { .op = SHIM_LEASE };
	struct shim_reply reply = { .err = -1 };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un un;
	socklen_t len = shim_place(&un, o->name, "control");
	struct shim_lease told = { 0 };

	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&un, len) ||
	    send(fd, &call, SHIM_CALL_LEN(&call), MSG_NOSIGNAL) < 0 ||
	    recv(fd, &reply, sizeof(reply), 0) < 0)
		reply.err = -1;
	close(fd);
	if (reply.err)
		return -1;
	memcpy(&told, reply.data, sizeof(told));
	if (!o->loopback)
		o->loopback = told.host_loopback ? "host" : "stack";
	snprintf(o->resolv_conf, SHIM_PATH, "%s", told.resolv_conf);
	return 0;
}

/* A file that lies beside this program (also where it was built), or was installed.
 * Return: its path, in @path. */
static const char *find(const char *name, const char *installed, char *path)
{
	static const char *const places[] = { "", ".libs/" };
	char self[PATH_MAX] = "";
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *dir = dirname(self);
	size_t i;

	for (i = 0; n > 0 && i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, PATH_MAX, "%s/%s%s", dir, places[i], name);
		if (!access(path, R_OK))
			return path;
	}
	snprintf(path, PATH_MAX, "%s/%s", installed, name);
	return path;
}

/* The second child: becomes the owner, which is nobody's child and has no terminal. */
static void become_owner(const struct options *o, int ready)
{
	char path[PATH_MAX];
	const char *argv[16];
	int n = 0, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	argv[n++] = find("inetstackd", INETRUN_BINDIR, path);
	argv[n++] = "-n";
	argv[n++] = o->name;
	argv[n++] = "-i";
	argv[n++] = IDLE_SECONDS;
	argv[n++] = o->file ? "-c" : "-d";
	argv[n++] = o->file ? o->file : o->device;
	if (o->ip)
		argv[n++] = "-a", argv[n++] = o->ip;
	if (o->gateway)
		argv[n++] = "-g", argv[n++] = o->gateway;
	argv[n] = NULL;
	setsid();
	dup2(null, 0);
	dup2(ready, 1);
	execv(path, (char *const *)argv);
	_exit(fail(path));
}

/* Starts the owner and waits until it serves. 0 or 1. */
static int start_owner(const struct options *o)
{
	int ready[2], status = 1;
	ssize_t n;
	char line[256];
	pid_t pid;

	if (!o->file && !*o->device) {
		fprintf(stderr, "inetrun: no stack \"%s\" runs, and none is described\n",
			o->name);
		return 1;
	}
	if (pipe2(ready, O_CLOEXEC))
		return fail("pipe");
	pid = fork();
	if (!pid) {
		if (!fork())
			become_owner(o, ready[1]);
		_exit(0);
	}
	close(ready[1]);
	if (pid < 0)
		return fail("fork");
	waitpid(pid, &status, 0);
	n = read(ready[0], line, sizeof(line));
	close(ready[0]);
	return n > 0 ? 0 : 1;	/* it has said why */
}

/* The program. Return: what to exit with. */
static int run(const struct options *o, char **argv)
{
	char path[PATH_MAX], both[2 * PATH_MAX];
	const char *before = getenv("LD_PRELOAD");

	find("libinet-preload.so", INETRUN_LIBDIR, path);
	snprintf(both, sizeof(both), "%s%s%s", path, before ? ":" : "",
		 before ? before : "");
	if (access(path, R_OK))
		return fail(path);
	if (setenv("LD_PRELOAD", both, 1) || setenv("INET_STACK", o->name, 1) ||
	    setenv("INET_LOOPBACK", o->loopback, 1) ||
	    (*o->resolv_conf ? setenv("INET_RESOLV_CONF", o->resolv_conf, 1) :
			       unsetenv("INET_RESOLV_CONF")))
		return fail("environment");
	execvp(argv[0], argv);
	return fail(argv[0]) == 1 && errno == ENOENT ? 127 : 126;
}

int main(int argc, char **argv)
{
	static struct options o;
	int ret = parse(&o, argc, argv);

	if (ret)
		return ret - 1;
	if (lease(&o) && (start_owner(&o) || lease(&o))) {
		fprintf(stderr, "inetrun: the stack \"%s\" does not run\n", o.name);
		return 1;
	}
	return run(&o, argv + optind);
}
