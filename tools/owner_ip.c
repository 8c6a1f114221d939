/* SPDX-License-Identifier: BSD-2-Clause */
/* inet-ip(1) in the owner: addresses, routes, neighbours and devices, shown and changed
 * by the words of ip(8). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <inet/control.h>

#include "owner.h"

/* One object: how it is shown, and changed. */
struct object {
	const char *name;
	int (*show)(struct net *net, FILE *out);
	/* @command "add" or "del" with @words, without "dev DEVICE" unless @device is NULL */
	int (*change)(struct net *net, const char *command, const char *words,
		      struct net_device *device);
	bool takes_device;	/* changes are made by a device */
};

static int change_addr(struct net *net, const char *command, const char *words,
		       struct net_device *device)
{
	(void)net;
	return *command == 'a' ? inet_addr_add(device, words) : inet_addr_del(device, words);
}

static int change_route(struct net *net, const char *command, const char *words,
			struct net_device *device)
{
	(void)device;
	return *command == 'a' ? inet_route_add(net, words) : inet_route_del(net, words);
}

static int change_neigh(struct net *net, const char *command, const char *words,
			struct net_device *device)
{
	(void)net;
	return *command == 'a' ? inet_neigh_add(device, words) :
				 inet_neigh_del(device, words);
}

static const struct object objects[] = {
	{ "address", inet_addr_show, change_addr, true },
	{ "link", inet_link_show, NULL, true },
	{ "neighbour", inet_neigh_show, change_neigh, true },
	{ "neighbor", inet_neigh_show, change_neigh, true },
	{ "route", inet_route_show, change_route, false },
};

/* Takes "dev NAME" out of the words. Return: NAME, or NULL. */
static char *take_device(char *words)
{
	char *p = words, *name, *end;

	while (p && strncmp(p, "dev ", 4)) {
		p = strchr(p, ' ');
		p = p ? p + strspn(p, " ") : NULL;
	}
	if (!p)
		return NULL;
	name = strndup(p + 4, strcspn(p + 4, " "));
	end = p + 4 + strcspn(p + 4, " ");
	end += strspn(end, " ");
	memmove(p, end, strlen(end) + 1);
	end = words + strlen(words);
	while (end > words && end[-1] == ' ')
		*--end = 0;
	return name;
}

/* Is @name a word of the line? In ip(8)'s lines a colon may follow. */
static bool has_word(const char *line, const char *name)
{
	size_t len = strlen(name);
	const char *p = line;

	for (; (p = strstr(p, name)); p += len)
		if ((p == line || p[-1] == ' ') && strchr(" :\n", p[len]))
			return true;
	return false;
}

/* All entries, or those of a device. 0, an errno, or -1. */
static int show(struct net *net, const struct object *object, const char *device, FILE *out)
{
	char *text = NULL, *line;
	size_t size;
	FILE *all = open_memstream(&text, &size);
	int ret;

	if (!all)
		return errno;
	ret = object->show(net, all);
	fclose(all);
	for (line = strtok(text, "\n"); !ret && line; line = strtok(NULL, "\n"))
		if (!device || has_word(line, device))
			fprintf(out, "%s\n", line);
	free(text);
	return ret;
}

/* "up", "down", "mtu 1400", "address 02:00:00:00:00:01", as many as there are. */
static int set_link(struct net_device *dev, char *words)
{
	char *word, *value, *end;
	unsigned int a[6];
	unsigned char mac[6];
	unsigned long mtu;
	int ret = 0, i;

	for (word = strtok(words, " "); word && !ret; word = strtok(NULL, " ")) {
		value = !strcmp(word, "mtu") || !strcmp(word, "address") ?
				strtok(NULL, " ") : word;
		if (!strcmp(word, "up")) {
			ret = inet_netdev_up(dev);
		} else if (!strcmp(word, "down")) {
			ret = inet_netdev_down(dev);
		} else if (!strcmp(word, "mtu") && value) {
			mtu = strtoul(value, &end, 10);
			ret = *end || mtu > 65535 ? EINVAL :
			      inet_netdev_set_mtu(dev, (unsigned int)mtu);
		} else if (!strcmp(word, "address") && value &&
			   sscanf(value, "%2x:%2x:%2x:%2x:%2x:%2x", &a[0], &a[1], &a[2],
				  &a[3], &a[4], &a[5]) == 6) {
			for (i = 0; i < 6; i++)
				mac[i] = (unsigned char)a[i];
			ret = inet_netdev_set_mac(dev, mac);
		} else {
			ret = EINVAL;
		}
	}
	return ret;
}

/* Changes one thing. 0, an errno, or -1. */
static int change(struct net *net, const struct object *object, const char *command,
		  char *words, const char *device)
{
	struct net_device *dev = device ? inet_netdev_find(net, device) : NULL;

	if (object->takes_device && !device)
		return EINVAL;
	if (object->takes_device && !dev)
		return -1;
	if (!object->change)
		return strcmp(command, "set") ? EINVAL : set_link(dev, words);
	if (strcmp(command, "add") && strcmp(command, "del") && strcmp(command, "delete"))
		return EINVAL;
	return object->change(net, command, words, dev);
}

int admin_ip(struct net *net, char *words, bool may_change, FILE *out)
{
	const struct object *object = NULL;
	char *name = words, *command, *device = NULL;
	size_t i, len = strcspn(name, " ");
	int ret;

	for (i = 0; i < sizeof(objects) / sizeof(objects[0]) && len && !object; i++)
		if (!strncmp(objects[i].name, name, len))
			object = &objects[i];
	command = name + len + strspn(name + len, " ");
	words = command + strcspn(command, " ");
	if (*words)
		*words++ = 0;
	if (!object)
		return EINVAL;
	/* "link set tap0 up": the word "dev" may be left out. */
	if (!strcmp(command, "set") && strncmp(words, "dev ", 4)) {
		device = strndup(words, strcspn(words, " "));
		words += strcspn(words, " ");
		words += strspn(words, " ");
	} else if (object->takes_device || !*command || *command == 's' ||
		   *command == 'l') {
		device = take_device(words);
	}
	if (!*command || !strcmp(command, "show") || !strcmp(command, "list") ||
	    !strcmp(command, "ls"))
		ret = *words ? EINVAL : show(net, object, device, out);
	else
		ret = may_change ? change(net, object, command, words, device) : EPERM;
	free(device);
	return ret;
}
