/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inetstackd: owns a stack, and the sockets that programs run by inetrun have of it.
 *
 *	inetstackd [-c FILE | -d DEVICE [-a ADDR/LEN] [-g GATEWAY]] [-n NAME]
 *		[-i SECONDS] [-l host|stack] [-m ADDR:PORT] [-s on|off] [-u USER[:GROUP]]
 *
 * It says "inetstackd: NAME: ready" when programs may come, on standard output.
 */
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <inet/control.h>
#include <inet/netdev.h>

#include "inetstackd.h"
#include "owner.h"

struct options {
	const char *file, *device, *addr, *gateway, *name, *loopback, *metrics, *seccomp;
	char *user;
	int idle_s;		/* -1: not said */
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

/* After -h, or a mistake. Return: what to exit with. */
static int help(int option)
{
	fputs("usage: inetstackd [-h] [-c FILE | -d DEVICE [-a ADDR/LEN] [-g GATEWAY]]\n"
	      "                  [-n NAME] [-i SECONDS] [-l host|stack] [-m ADDR:PORT]\n"
	      "                  [-s on|off] [-u USER[:GROUP]]\n"
	      "  -h          this text (--help too)\n"
	      "  -c FILE     devices, addresses, routes, knobs: inet.conf(5)\n"
	      "  -d DEVICE   such as tap:tap0\n"
	      "  -a ADDR/LEN its address\n"
	      "  -g GATEWAY  default route\n"
	      "  -n NAME     what programs find it by (default: FILE's, or \"default\")\n"
	      "  -i SECONDS  end after being unused for so long (default 0: never)\n"
	      "  -l host|stack  whose 127.0.0.0/8 programs have (--loopback; default: stack)\n"
	      "  -m ADDR:PORT  answer Prometheus there, on the stack\n"
	      "  -s on|off   refuse system calls that serving does not need (--seccomp;\n"
	      "              default: on, if this build can)\n"
	      "  -u USER[:GROUP]  become that user when devices are open (--user; default: no)\n",
	      option == 'h' ? stdout : stderr);
	return option == 'h' ? 0 : 2;
}

/* The command line. 0, or what to exit with, plus 1. */
static int parse(struct options *o, int argc, char **argv)
{
	static const struct option words[] = {
		{ .name = "help", .val = 'h' },
		{ .name = "loopback", .has_arg = 1, .val = 'l' },
		{ .name = "seccomp", .has_arg = 1, .val = 's' },
		{ .name = "user", .has_arg = 1, .val = 'u' },
		{ .name = NULL },
	};
	bool host;
	char *end = NULL;
	long idle;
	int c;

	while ((c = getopt_long(argc, argv, "hc:d:a:g:n:i:l:m:s:u:", words, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->file = optarg;
			break;
		case 'd':
			o->device = optarg;
			break;
		case 'a':
			o->addr = optarg;
			break;
		case 'g':
			o->gateway = optarg;
			break;
		case 'n':
			o->name = optarg;
			break;
		case 'l':
			if (loopback_parse(optarg, &host))
				return help('?') + 1;
			o->loopback = optarg;
			break;
		case 'm':
			o->metrics = optarg;
			break;
		case 's':
			o->seccomp = optarg;
			break;
		case 'u':
			o->user = optarg;
			break;
		case 'i':
			idle = strtol(optarg, &end, 10);
			if (!*optarg || *end || idle < 0 || idle > 86400)
				return help('?') + 1;
			o->idle_s = (int)idle;
			break;
		default:
			return help(c) + 1;
		}
	}
	if (optind != argc || (o->file && (o->device || o->addr || o->gateway)) ||
	    (!o->device && (o->addr || o->gateway)))
		return help('?') + 1;
	return 0;
}

/* What programs find us by. NULL after a sentence. */
static const char *name_of(const struct options *o)
{
	static char name[PATH_MAX];
	char *dot;

	snprintf(name, sizeof(name), "%s", o->name ? o->name :
				     o->file ? o->file : "default");
	if (!o->name && o->file) {
		memmove(name, basename(name), strlen(basename(name)) + 1);
		dot = strrchr(name, '.');
		if (dot && dot > name)
			*dot = 0;
	}
	if (shim_owner_valid(name))
		return name;
	fprintf(stderr, "inetstackd: \"%s\" is no name: %d letters, digits, '-', '_', '.'\n",
		name, SHIM_OWNER_MAX);
	return NULL;
}

/* What the command line says of the user and the system calls. 0 or -1. */
static int confine(const struct options *o, struct settings *settings)
{
	char *group = o->user ? strchr(o->user, ':') : NULL;

	if (group)
		*group++ = 0;
	if (o->user && user_parse(o->user, group ? group : "", settings))
		return -1;
	return o->seccomp ? seccomp_parse(o->seccomp, settings) : 0;
}

/* The stack as the command line or the file wants it. 0 or -1. */
static int set_up(struct net *net, const struct options *o, struct settings *settings)
{
	struct net_device *dev;
	char route[64];

	if (o->file && conf_apply(net, o->file, settings))
		return -1;
	if (o->idle_s >= 0)
		settings->idle_s = (unsigned int)o->idle_s;
	if (o->loopback)
		loopback_parse(o->loopback, &settings->host_loopback);
	if (o->metrics)
		snprintf(settings->metrics, METRICS_MAX, "%s", o->metrics);
	if (confine(o, settings))
		return -1;
	if (!o->device)
		return 0;
	settings_of_device(settings, o->device);
	dev = inet_netdev_open(net, o->device);
	if (!dev || (o->addr && inet_addr_add(dev, o->addr)) || inet_netdev_up(dev))
		goto fail;
	snprintf(route, sizeof(route), "default via %s", o->gateway ? o->gateway : "");
	if (o->gateway && inet_route_add(net, route))
		goto fail;
	return 0;
fail:
	fprintf(stderr, "inetstackd: %s\n", inet_strerror(net));
	return -1;
}

/* SIGTERM and SIGINT end it; a program that is gone is no reason to. */
static void signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

/* A connection of a program takes a descriptor: as many as we may have. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	struct options options = { .idle_s = -1 };
	struct settings settings = { 0 };
	static struct owner o;
	int ret = parse(&options, argc, argv);

	if (ret)
		return ret - 1;
	o.name = name_of(&options);
	if (!o.name)
		return 2;
	signals();
	raise_limit();
	o.net = inet_create(NULL);
	if (!o.net || set_up(o.net, &options, &settings) || drop_privileges(&settings)) {
		inet_destroy(o.net);
		return 1;
	}
	o.idle_s = settings.idle_s;
	o.lease.host_loopback = settings.host_loopback;
	memcpy(o.lease.resolv_conf, settings.resolv_conf, SHIM_PATH);
	ret = owner_listen(&o);
	if (!ret && *settings.metrics && metrics_listen(&o, settings.metrics)) {
		fprintf(stderr, "inetstackd: metrics \"%s\": %s\n", settings.metrics,
			strerror(errno));
		ret = -1;
	} else if (ret) {
		fprintf(stderr, "inetstackd: %s: %s\n", o.name, strerror(errno));
	} else if (!(ret = filter_system_calls(&settings))) {
		printf("inetstackd: %s: ready\n", o.name);
		fflush(stdout);
		ret = owner_run(&o, &stop);
	}
	metrics_close(&o);
	admin_close(&o);
	call_close(&o);
	inet_destroy(o.net);
	return ret ? 1 : 0;
}
