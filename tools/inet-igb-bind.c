/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inet-igb-bind: takes a network card from the kernel's driver and gives it to
 * vfio-pci, for igb devices, and gives it back.
 *
 *	inet-igb-bind [-n] [-u USER] [-S SYS] [-P PROC] [-D DEV] bind|unbind|show BDF
 *
 * Everything is looked at first, and said; only then anything is written. A card
 * whose interfaces have an address, a route or a master is not taken: whoever did
 * that from afar would be cut off.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MOST_INTERFACES 16
#define WAIT_MS 3000		/* for a driver to have it */

static struct {
	const char *sys, *proc, *dev, *user, *bdf;
	bool dry;
	char driver[64], group[32];	/* "": none */
	char vendor[16], device[16], class[16];
	char ifname[MOST_INTERFACES][32];
	int nr_interfaces;
} o = { .sys = "/sys", .proc = "/proc", .dev = "/dev" };

static void refuse(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

static void refuse(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "inet-igb-bind: %s: ", o.bdf);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* ---- looking ---------------------------------------------------------- */

/* A path below the card's folder. Good until the next call. */
static const char *of_card(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/%s", o.sys, o.bdf,
		 name);
	return path;
}

/* The first word of a file, "" if there is none. */
static void read_word(const char *path, char *word, size_t size)
{
	FILE *f = fopen(path, "re");

	if (!f || !fgets(word, (int)size, f))
		word[0] = 0;
	word[strcspn(word, " \n")] = 0;
	if (f)
		fclose(f);
}

/* The last part of where a link leads, "" if there is none. */
static void read_link(const char *path, char *name, size_t size)
{
	char to[512];
	ssize_t n = readlink(path, to, sizeof(to) - 1);
	const char *last;

	to[n > 0 ? n : 0] = 0;
	last = strrchr(to, '/');
	snprintf(name, size, "%.*s", (int)size - 1, last ? last + 1 : to);
}

static bool is_bdf(const char *s)
{
	unsigned int a, b, c, d;
	int end = 0;

	return sscanf(s, "%4x:%2x:%2x.%1u%n", &a, &b, &c, &d, &end) == 4 &&
	       end == 12 && !s[end] && d < 8;
}

/* Those of this namespace. */
static void look_for_interfaces(void)
{
	DIR *dir = opendir(of_card("net"));
	struct dirent *e;

	while (dir && o.nr_interfaces < MOST_INTERFACES && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			snprintf(o.ifname[o.nr_interfaces++],
				 sizeof(o.ifname[0]), "%.31s", e->d_name);
	if (dir)
		closedir(dir);
}

/* What it is, and who has it. */
static void look(void)
{
	if (!is_bdf(o.bdf))
		refuse("not an address such as 0000:01:00.0");
	if (access(of_card("vendor"), R_OK))
		refuse("there is no such device");
	read_word(of_card("vendor"), o.vendor, sizeof(o.vendor));
	read_word(of_card("device"), o.device, sizeof(o.device));
	read_word(of_card("class"), o.class, sizeof(o.class));
	read_link(of_card("driver"), o.driver, sizeof(o.driver));
	read_link(of_card("iommu_group"), o.group, sizeof(o.group));
	look_for_interfaces();
}

/* One line. */
static void show(void)
{
	printf("%s: %s:%s, driver %s, IOMMU group %s", o.bdf, o.vendor + 2,
	       o.device + 2, o.driver[0] ? o.driver : "none",
	       o.group[0] ? o.group : "none");
	for (int i = 0; i < o.nr_interfaces; i++)
		printf(", interface %s", o.ifname[i]);
	printf("\n");
}

/* ---- what speaks against it ------------------------------------------- */

/* Is it one that somebody gave? Every interface has a link-local one of IPv6. */
static bool is_given(const struct sockaddr *sa)
{
	const struct sockaddr_in6 *in6 = (const void *)sa;

	return sa && (sa->sa_family == AF_INET ||
		      (sa->sa_family == AF_INET6 &&
		       !IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr)));
}

/* Who works here through it would be cut off. */
static void refuse_addresses(const char *name)
{
	struct ifaddrs *all, *a;

	if (getifaddrs(&all))
		refuse("addresses of %s cannot be read", name);
	for (a = all; a; a = a->ifa_next)
		if (!strcmp(a->ifa_name, name) && is_given(a->ifa_addr))
			refuse("%s has an address of the host's: take it off "
			       "first (ip address flush dev %s)", name, name);
	freeifaddrs(all);
}

/* Lines of a table of routes whose column @column is @name; those of IPv6 that
 * every interface has, link-local and multicast ones, do not count. */
static void refuse_routes(const char *table, int column, const char *name)
{
	char path[512], line[512], *words[16];
	FILE *f;

	snprintf(path, sizeof(path), "%s/net/%s", o.proc, table);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		int n = 0;

		for (char *w = strtok(line, " \t\n"); w && n < 16;
		     w = strtok(NULL, " \t\n"))
			words[n++] = w;
		if (n <= column || strcmp(words[column], name) ||
		    !strncmp(words[0], "fe80", 4) || !strncmp(words[0], "ff", 2))
			continue;
		refuse("the host has routes by %s", name);
	}
	if (f)
		fclose(f);
}

/* A bridge or a bond that it is part of. */
static void refuse_master(const char *name)
{
	char master[64], path[600];

	snprintf(path, sizeof(path), "%s/class/net/%s/master", o.sys, name);
	read_link(path, master, sizeof(master));
	if (master[0])
		refuse("%s is part of %s", name, master);
}

/* Others of the group, which would go with it. */
static void refuse_neighbours(void)
{
	char path[600], driver[64];
	struct dirent *e;
	DIR *dir;

	if (!o.group[0])
		refuse("it is behind no IOMMU: boot with intel_iommu=on or "
		       "amd_iommu=on");
	dir = opendir(of_card("iommu_group/devices"));
	while (dir && (e = readdir(dir))) {
		if (e->d_name[0] == '.' || !strcmp(e->d_name, o.bdf))
			continue;
		snprintf(path, sizeof(path), "%s/bus/pci/devices/%.32s/driver",
			 o.sys, e->d_name);
		read_link(path, driver, sizeof(driver));
		if (driver[0] && strcmp(driver, "vfio-pci") &&
		    strcmp(driver, "pcieport"))
			refuse("%s of its IOMMU group %s has the driver %s: "
			       "all of a group are given away together",
			       e->d_name, o.group, driver);
	}
	if (dir)
		closedir(dir);
}

/* ---- doing ------------------------------------------------------------ */

/* Says what is written, and writes it. Return: whether it was. */
static bool put(const char *path, const char *text)
{
	size_t len = strlen(text);
	bool ok;
	int fd;

	printf("  %s > %s\n", text[0] == '\n' ? "(nothing)" : text, path);
	fflush(stdout);
	if (o.dry)
		return true;
	fd = open(path, O_WRONLY | O_CLOEXEC | O_TRUNC);
	ok = fd >= 0 && write(fd, text, len) == (ssize_t)len;
	if (!ok)
		fprintf(stderr, "inet-igb-bind: %s: %s\n", path,
			strerror(errno));
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool put_below(const char *name, const char *text)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", o.sys, name);
	return put(path, text);
}

/* Has a driver taken it? */
static bool has_driver(const char *name)
{
	const struct timespec ms = { .tv_nsec = 1000000 };

	for (int i = 0; i < WAIT_MS; i++) {
		read_link(of_card("driver"), o.driver, sizeof(o.driver));
		if (name ? !strcmp(o.driver, name) : o.driver[0] != 0)
			return true;
		nanosleep(&ms, NULL);
	}
	return false;
}

/* From the driver that it has to @next, "\n": whichever wants it. */
static bool move(const char *next)
{
	return put(of_card("driver_override"), next) &&
	       (!o.driver[0] || put(of_card("driver/unbind"), o.bdf)) &&
	       put_below("bus/pci/drivers_probe", o.bdf);
}

/* The file by which the card is opened. */
static void give_to_user(void)
{
	const struct passwd *user = getpwnam(o.user);
	char path[600];

	snprintf(path, sizeof(path), "%s/vfio/%s", o.dev, o.group);
	printf("  owner of %s: %s\n", path, o.user);
	if (o.dry)
		return;
	if (chown(path, user->pw_uid, (gid_t)-1))
		refuse("%s: %s", path, strerror(errno));
}

/* After everything was looked at. Return: 0. */
static int bind_card(void)
{
	char path[512];

	if (strcmp(o.vendor, "0x8086") || strncmp(o.class, "0x0200", 6))
		refuse("%s:%s is no Ethernet card of Intel's", o.vendor + 2,
		       o.device + 2);
	if (o.user && !getpwnam(o.user))
		refuse("there is no user %s", o.user);
	refuse_neighbours();
	snprintf(path, sizeof(path), "%s/bus/pci/drivers/vfio-pci", o.sys);
	if (access(path, F_OK))
		refuse("the kernel has no vfio-pci: modprobe vfio-pci");
	for (int i = 0; i < o.nr_interfaces; i++) {
		refuse_addresses(o.ifname[i]);
		refuse_routes("route", 0, o.ifname[i]);
		refuse_routes("ipv6_route", 9, o.ifname[i]);
		refuse_master(o.ifname[i]);
	}
	if (!strcmp(o.driver, "vfio-pci")) {
		printf("it is bound to vfio-pci already\n");
	} else if (!move("vfio-pci") || (!o.dry && !has_driver("vfio-pci"))) {
		printf("it is given back:\n");
		o.driver[0] = 0;
		move("\n");
		refuse("vfio-pci did not take it; the kernel's log says why");
	}
	if (o.user)
		give_to_user();
	return 0;
}

/* Return: 0. */
static int unbind_card(void)
{
	if (strcmp(o.driver, "vfio-pci"))
		refuse("it is not bound to vfio-pci, but to %s",
		       o.driver[0] ? o.driver : "nothing");
	if (!move("\n") || (!o.dry && !has_driver(NULL)))
		refuse("no driver of the kernel took it");
	return 0;
}

/* After -h, or a mistake. Return: what to exit with. */
static int help(int option)
{
	fputs("usage: inet-igb-bind [-hn] [-u USER] [-S DIR] [-P DIR] [-D DIR]\n"
	      "                     bind|unbind|show PCI-ADDRESS\n"
	      "  -h          this text (--help too)\n"
	      "  -n          only say what would be done (--dry-run too)\n"
	      "  -u USER     bind: may open the card without being root\n"
	      "  -S DIR      instead of /sys\n"
	      "  -P DIR      instead of /proc\n"
	      "  -D DIR      instead of /dev\n",
	      option == 'h' ? stdout : stderr);
	return option == 'h' ? 0 : 2;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ 0 },
	};
	const char *what;
	int c;

	while ((c = getopt_long(argc, argv, "hnu:S:P:D:", longs, NULL)) != -1) {
		switch (c) {
		case 'n': o.dry = true; break;
		case 'u': o.user = optarg; break;
		case 'S': o.sys = optarg; break;
		case 'P': o.proc = optarg; break;
		case 'D': o.dev = optarg; break;
		default: return help(c);
		}
	}
	if (argc - optind != 2)
		return help(0);
	what = argv[optind];
	o.bdf = argv[optind + 1];
	if (strcmp(what, "bind") && strcmp(what, "unbind") &&
	    strcmp(what, "show"))
		return help(0);
	look();
	show();
	if (!strcmp(what, "show"))
		return 0;
	return what[0] == 'b' ? bind_card() : unbind_card();
}
