/* SPDX-License-Identifier: BSD-2-Clause */
/* inet.conf(5): devices, addresses, routes and knobs, read by libconfuse. */
#include <confuse.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <inet/control.h>
#include <inet/netdev.h>

#include "inetstackd.h"

/* The stack's own sentence about what was refused. Return: -1. */
static int refused(struct net *net, const char *what)
{
	fprintf(stderr, "inetstackd: %s: %s\n", what, inet_strerror(net));
	return -1;
}

/* "name = value". 0 or -1. */
static int apply_sysctl(struct net *net, const char *line)
{
	const char *value = strchr(line, '=');
	size_t len = strcspn(line, " =");
	char *name = value && len ? strndup(line, len) : NULL;
	int ret;

	if (!name) {
		fprintf(stderr, "inetstackd: sysctl \"%s\": NAME = VALUE is wanted\n",
			line);
		return -1;
	}
	value += 1 + strspn(value + 1, " ");
	ret = inet_sysctl_set(net, name, value) ? refused(net, line) : 0;
	free(name);
	return ret;
}

void settings_of_device(struct settings *settings, const char *spec)
{
	if (!strncmp(spec, "xdp:", strlen("xdp:")))
		settings->uses_bpf = true;
}

/* One device with its addresses, up. 0 or -1. */
static int apply_device(struct net *net, cfg_t *section, struct settings *settings)
{
	const char *spec = cfg_title(section);
	struct net_device *dev = inet_netdev_open(net, spec);
	const char *qdisc = cfg_getstr(section, "qdisc");
	unsigned int i;

	if (!dev)
		return refused(net, spec);
	settings_of_device(settings, spec);
	for (i = 0; i < cfg_size(section, "addresses"); i++)
		if (inet_addr_add(dev, cfg_getnstr(section, "addresses", i)))
			return refused(net, spec);
	if (qdisc && inet_netdev_set_qdisc(dev, qdisc))
		return refused(net, spec);
	return inet_netdev_up(dev) ? refused(net, spec) : 0;
}

int loopback_parse(const char *text, bool *host)
{
	*host = !strcmp(text, "host");
	return *host || !strcmp(text, "stack") ? 0 : -1;
}

/* All of the file, in the order of devices, knobs, routes. 0 or -1. */
static int apply(struct net *net, cfg_t *cfg, struct settings *settings)
{
	const char *route;
	unsigned int i;

	for (i = 0; i < cfg_size(cfg, "device"); i++)
		if (apply_device(net, cfg_getnsec(cfg, "device", i), settings))
			return -1;
	for (i = 0; i < cfg_size(cfg, "sysctls"); i++)
		if (apply_sysctl(net, cfg_getnstr(cfg, "sysctls", i)))
			return -1;
	for (i = 0; i < cfg_size(cfg, "routes"); i++) {
		route = cfg_getnstr(cfg, "routes", i);
		if (inet_route_add(net, route))
			return refused(net, route);
	}
	return 0;
}

/* Programs read it, wherever they are. 0 or -1. */
static int apply_resolv_conf(cfg_t *cfg, struct settings *settings)
{
	const char *path = cfg_getstr(cfg, "resolv_conf");

	if (!*path)
		return 0;
	if (*path != '/' || strlen(path) >= SHIM_PATH) {
		fprintf(stderr, "inetstackd: resolv_conf \"%s\": a path from / on, of at most "
			"%d bytes, is wanted\n", path, SHIM_PATH - 1);
		return -1;
	}
	if (access(path, R_OK)) {
		fprintf(stderr, "inetstackd: resolv_conf %s: %s\n", path, strerror(errno));
		return -1;
	}
	strcpy(settings->resolv_conf, path);
	return 0;
}

/* Who it becomes, and what that one may do. 0 or -1. */
static int apply_confinement(cfg_t *cfg, struct settings *settings)
{
	const char *seccomp = cfg_getstr(cfg, "seccomp");

	if (user_parse(cfg_getstr(cfg, "user"), cfg_getstr(cfg, "group"), settings))
		return -1;
	return *seccomp ? seccomp_parse(seccomp, settings) : 0;
}

int conf_apply(struct net *net, const char *path, struct settings *settings)
{
	cfg_opt_t device[] = {
		CFG_STR_LIST("addresses", "{}", CFGF_NONE),
		CFG_STR("qdisc", NULL, CFGF_NONE),
		CFG_END(),
	};
	cfg_opt_t file[] = {
		CFG_SEC("device", device, CFGF_MULTI | CFGF_TITLE),
		CFG_STR_LIST("routes", "{}", CFGF_NONE),
		CFG_STR_LIST("sysctls", "{}", CFGF_NONE),
		CFG_INT("idle", 0, CFGF_NONE),
		CFG_STR("metrics", "", CFGF_NONE),
		CFG_STR("loopback", "stack", CFGF_NONE),
		CFG_STR("resolv_conf", "", CFGF_NONE),
		CFG_STR("user", "", CFGF_NONE),
		CFG_STR("group", "", CFGF_NONE),
		CFG_STR("seccomp", "", CFGF_NONE),
		CFG_END(),
	};
	cfg_t *cfg = cfg_init(file, CFGF_NONE);
	long idle;
	int ret;

	if (!cfg)
		return -1;
	ret = cfg_parse(cfg, path);
	if (ret == CFG_FILE_ERROR)
		fprintf(stderr, "inetstackd: %s: %s\n", path, strerror(errno));
	ret = ret == CFG_SUCCESS ? apply(net, cfg, settings) : -1;
	idle = cfg_getint(cfg, "idle");
	if (!ret && (idle < 0 || idle > 86400)) {
		fprintf(stderr, "inetstackd: %s: idle is not from 0 to 86400\n", path);
		ret = -1;
	}
	if (!ret && apply_resolv_conf(cfg, settings))
		ret = -1;
	if (!ret && apply_confinement(cfg, settings))
		ret = -1;
	if (!ret && loopback_parse(cfg_getstr(cfg, "loopback"), &settings->host_loopback)) {
		fprintf(stderr, "inetstackd: %s: loopback is not \"host\" or \"stack\"\n",
			path);
		ret = -1;
	}
	settings->idle_s = (unsigned int)idle;
	snprintf(settings->metrics, METRICS_MAX, "%s", cfg_getstr(cfg, "metrics"));
	cfg_free(cfg);
	return ret;
}
