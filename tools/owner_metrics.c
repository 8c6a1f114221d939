/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the stack counts as text of Prometheus, under the names that node_exporter gives
 * to the kernel's; and a web server for it, on the stack: one page, for a few at a time.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <inet/control.h>
#include <inet/netdevice.h>
#include <inet/sock_diag.h>
#include <netinet/tcp.h>

#include "owner.h"

#define SCRAPES 8		/* at a time; the oldest one goes when there are more */
#define REQUEST 4096		/* bytes of a request */

/* ---- the page --------------------------------------------------------- */

/* "TcpExtListenDrops" is node_netstat_TcpExt_ListenDrops. */
static void put_counter(void *out, const char *name, u64 value)
{
	static const char *const groups[] = { "TcpExt", "IpExt", "IcmpMsg", "Icmp", "Ip",
					      "Tcp", "UdpLite", "Udp", "Arp", "Softnet" };
	size_t i, len = 0;

	for (i = 0; i < sizeof(groups) / sizeof(groups[0]) && !len; i++)
		if (!strncmp(name, groups[i], strlen(groups[i])))
			len = strlen(groups[i]);
	fprintf(out, "# HELP node_netstat_%.*s_%s Statistic %s.\n"
		"# TYPE node_netstat_%.*s_%s untyped\nnode_netstat_%.*s_%s %llu\n",
		(int)len, name, name + len, name, (int)len, name, name + len, (int)len, name,
		name + len, (unsigned long long)value);
}

/* One value of each device; a row. */
struct device_metric {
	const char *name, *type;
	size_t offset;		/* in the statistics; NONE: Linux counts it, we do not */
};

#define NONE ((size_t)-1)
#define STAT(member) offsetof(struct inet_netdev_stats, member)
static const struct device_metric device_metrics[] = {
	{ "receive_bytes_total", "counter", STAT(rx_bytes) },
	{ "receive_drop_total", "counter", STAT(rx_dropped) },
	{ "receive_errs_total", "counter", STAT(rx_errors) },
	{ "receive_fifo_total", "counter", STAT(rx_over_errors) },
	{ "receive_frame_total", "counter", STAT(rx_frame_errors) },
	{ "receive_multicast_total", "counter", STAT(multicast) },
	{ "receive_packets_total", "counter", STAT(rx_packets) },
	{ "transmit_bytes_total", "counter", STAT(tx_bytes) },
	{ "transmit_drop_total", "counter", STAT(tx_dropped) },
	{ "transmit_errs_total", "counter", STAT(tx_errors) },
	{ "transmit_fifo_total", "counter", STAT(tx_fifo_errors) },
	{ "transmit_packets_total", "counter", STAT(tx_packets) },
	{ "carrier", "gauge", NONE },
	{ "iface_id", "gauge", NONE },
	{ "mtu_bytes", "gauge", NONE },
	{ "up", "gauge", NONE },
};

/* Where one row's values go. */
struct page {
	FILE *out;
	const struct device_metric *row;
};

/* What is no statistic. */
static u64 device_value(const struct net_device *dev, const char *name)
{
	switch (*name) {
	case 'c':
		return inet_netdev_get_carrier(dev) > 0;
	case 'i':
		return (u64)inet_netdev_index(dev);
	case 'm':
		return inet_netdev_get_mtu(dev);
	default:
		return inet_netdev_is_up(dev);
	}
}

/* A row's value of one device. */
static void put_device(void *arg, struct net_device *dev)
{
	const struct page *page = arg;
	const struct device_metric *row = page->row;
	struct inet_netdev_stats stats;
	u64 value;

	if (row->offset == NONE) {
		value = device_value(dev, row->name);
	} else {
		if (inet_netdev_get_stats(dev, &stats))
			return;
		memcpy(&value, (char *)&stats + row->offset, sizeof(value));
	}
	fprintf(page->out, "node_network_%s{device=\"%s\"} %llu\n", row->name,
		inet_netdev_name(dev), (unsigned long long)value);
}

/* What the driver counts, as the exporter's collector "ethtool". */
struct own_counters {
	FILE *out;
	const struct net_device *dev;
};

static void put_own_counter(void *arg, const char *name, u64 value)
{
	const struct own_counters *own = arg;
	const char *p;

	fputs("node_ethtool_", own->out);
	for (p = name; *p; p++)
		fputc(strchr(" -.[]:", *p) ? '_' : *p, own->out);
	fprintf(own->out, "{device=\"%s\"} %llu\n", inet_netdev_name(own->dev),
		(unsigned long long)value);
}

static void put_own_counters(void *out, struct net_device *dev)
{
	struct own_counters own = { out, dev };

	inet_netdev_counter_each(dev, put_own_counter, &own);
}

static void put_drop(void *out, const char *reason, u64 value)
{
	fprintf(out, "libinet_drops_total{reason=\"%s\"} %llu\n", reason,
		(unsigned long long)value);
}

/* Sockets, as /proc/net/sockstat counts them. */
struct sockstat {
	u64 used, tcp, tw, orphan, udp, raw;
};

/* inet_diag_each()'s call. */
static void count_socket(void *arg, const struct inet_diag_info *info)
{
	struct sockstat *n = arg;

	n->used += info->sock != NULL;
	if (info->state == TCP_TIME_WAIT)
		n->tw++;
	else if (info->protocol == IPPROTO_TCP && info->state != TCP_CLOSE)
		n->tcp++;
	n->orphan += info->protocol == IPPROTO_TCP && !info->sock &&
		     info->state != TCP_TIME_WAIT && info->state != TCP_SYN_RECV;
	n->udp += info->protocol == IPPROTO_UDP;
	n->raw += info->type == SOCK_RAW;
}

static void put_gauge(FILE *out, const char *name, u64 value)
{
	fprintf(out, "# HELP node_sockstat_%s Number of %s sockets.\n"
		"# TYPE node_sockstat_%s gauge\nnode_sockstat_%s %llu\n", name, name, name,
		name, (unsigned long long)value);
}

int metrics_show(struct net *net, FILE *out)
{
	struct sockstat n = { 0 };
	struct page page = { .out = out };
	size_t i;

	for (i = 0; i < sizeof(device_metrics) / sizeof(device_metrics[0]); i++) {
		page.row = &device_metrics[i];
		fprintf(out, "# HELP node_network_%s Network device statistic %s.\n"
			"# TYPE node_network_%s %s\n", page.row->name, page.row->name,
			page.row->name, page.row->type);
		inet_netdev_each(net, put_device, &page);
	}
	inet_netdev_each(net, put_own_counters, out);
	inet_diag_each(net, count_socket, &n);
	put_gauge(out, "TCP_inuse", n.tcp);
	put_gauge(out, "TCP_orphan", n.orphan);
	put_gauge(out, "TCP_tw", n.tw);
	put_gauge(out, "UDP_inuse", n.udp);
	put_gauge(out, "RAW_inuse", n.raw);
	put_gauge(out, "sockets_used", n.used);
	fputs("# HELP libinet_drops_total Packets that died, by reason.\n"
	      "# TYPE libinet_drops_total counter\n", out);
	inet_drop_each(net, put_drop, out);
	return inet_counter_each(net, put_counter, out);
}

/* ---- the server ------------------------------------------------------- */

/* One who asks. */
struct scrape {
	struct scrape *next;
	struct socket *sock;
	size_t asked;
	char request[REQUEST];
	char *answer;		/* NULL: still to be asked for */
	size_t len, sent;
};

/* Readiness of any of our sockets: metrics_work() looks at all. */
static void scrape_event(struct socket *sock, int revents, void *arg)
{
	struct owner *o = arg;

	(void)sock;
	(void)revents;
	o->scraped = true;
}

int metrics_listen(struct owner *o, const char *address)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	const char *colon = strrchr(address, ':');
	char ip[INET_ADDRSTRLEN];
	long port = colon ? strtol(colon + 1, NULL, 10) : 0;
	const int on = 1;

	if (port < 1 || port > 65535 || colon - address >= (long)sizeof(ip)) {
		errno = EINVAL;
		return -1;
	}
	snprintf(ip, sizeof(ip), "%.*s", (int)(colon - address), address);
	addr.sin_port = htons((uint16_t)port);
	if (*ip && inet_pton(AF_INET, ip, &addr.sin_addr) != 1) {
		errno = EINVAL;
		return -1;
	}
	o->metrics = inet_socket(o->net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (!o->metrics)
		return -1;
	inet_setsockopt(o->metrics, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (inet_bind(o->metrics, (struct sockaddr *)&addr, sizeof(addr)) ||
	    inet_listen(o->metrics, SCRAPES))
		return -1;
	return inet_set_event_cb(o->metrics, POLLIN, scrape_event, o);
}

/* The page, or why there is none. */
static void make_answer(struct owner *o, struct scrape *s)
{
	bool get = !strncmp(s->request, "GET ", 4);
	bool found = get && !strncmp(s->request + 4, "/metrics", 8) &&
		     strchr(" ?", s->request[12]);
	const char *status = found ? "200 OK" : get ? "404 Not Found" :
						      "405 Method Not Allowed";
	FILE *out = open_memstream(&s->answer, &s->len);

	if (!out)
		return;
	fprintf(out, "HTTP/1.0 %s\r\nContent-Type: text/plain; version=0.0.4\r\n"
		"Connection: close\r\n\r\n", status);
	if (found)
		metrics_show(o->net, out);
	else
		fprintf(out, "%s: GET /metrics\n", status);
	fclose(out);
}

/* Goes on as far as it can. Return: false, it is over. */
static bool scrape_work(struct owner *o, struct scrape *s)
{
	ssize_t n;

	while (!s->answer) {
		n = inet_recv(s->sock, s->request + s->asked, REQUEST - 1 - s->asked,
			      MSG_DONTWAIT);
		if (n <= 0)
			return n < 0 && errno == EAGAIN;
		s->asked += (size_t)n;
		s->request[s->asked] = 0;
		if (strstr(s->request, "\r\n\r\n"))
			make_answer(o, s);
		else if (s->asked == REQUEST - 1)
			return false;
	}
	while (s->sent < s->len) {
		n = inet_send(s->sock, s->answer + s->sent, s->len - s->sent, MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN;
		s->sent += (size_t)n;
	}
	return false;
}

static void scrape_free(struct owner *o, struct scrape **p)
{
	struct scrape *s = *p;

	*p = s->next;
	o->nr_scrapes--;
	inet_close(s->sock);
	free(s->answer);
	free(s);
}

/* The next one who has connected; with too many the oldest has to go. */
static bool scrape_new(struct owner *o)
{
	struct socket *sock = inet_accept4(o->metrics, NULL, NULL, SOCK_NONBLOCK);
	struct scrape *s = sock ? calloc(1, sizeof(*s)) : NULL, **p;

	if (!s) {
		if (sock)
			inet_close(sock);
		return false;
	}
	s->sock = sock;
	for (p = &o->scrapes; *p; p = &(*p)->next)
		;
	*p = s;
	if (++o->nr_scrapes > SCRAPES)
		scrape_free(o, &o->scrapes);
	return !inet_set_event_cb(sock, POLLIN | POLLOUT, scrape_event, o);
}

void metrics_work(struct owner *o)
{
	struct scrape **p = &o->scrapes;

	if (!o->metrics || !o->scraped)
		return;
	o->scraped = false;
	while (scrape_new(o))
		;
	while (*p) {
		if (scrape_work(o, *p))
			p = &(*p)->next;
		else
			scrape_free(o, p);
	}
}

void metrics_close(struct owner *o)
{
	while (o->scrapes)
		scrape_free(o, &o->scrapes);
	if (o->metrics)
		inet_close(o->metrics);
}
