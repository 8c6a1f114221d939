/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * card: a stack on one or more igb cards that does what it is told, for igb_vm.py.
 *
 *	card DEVICE=ADDRESS/LEN...
 *
 * Each line of standard input is a command; what it prints ends in "ok" or "error:
 * ...". On the way it serves TCP: port 9 throws away and closes, port 19 sends what
 * "source" says and closes.
 *
 *	rss			key and table, as the first card has them
 *	seen			packets since the last time: both link addresses, the
 *				ethertype, length, queue, hash; and of TCP: addresses, ports
 *	promisc N, allmulti N	more or less
 *	mc MAC, mac MAC		a group is joined; our own address
 *	feature NAME 0|1, sysctl NAME VALUE, source MIB
 *	counter NAME		of the card's own
 *	raw SIZE N BATCH	frames per second of a bare loop on the first card's first
 *				queue, BATCH frames a doorbell and a report
 *	path SIZE N BATCH	the same by the driver alone: its ndo_start_xmit() with
 *				frames that are there already, its poll()
 *	xmit SIZE N		the same by the stack's dev_queue_xmit(), frames made anew
 *	udp SIZE N IP		the same by a socket
 *	road N			the stations of the next N milliseconds
 *	drain IP		MiB per second from port 19 there
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <inet/control.h>
#include <inet/inet.h>
#include <inet/netdev.h>
#include <inet/protocol.h>
#include <inet/socket.h>
#include <inet/trace.h>

#include "core/sch_generic.h"
#include "igb/igb.h"

#define NR_SEEN 4096u
#define BATCH 32u
#define CHUNK 65536u
#define LOOK_NS 1000000000ll

struct seen {
	u8 dst[6], src[6];
	u16 type, queue;
	u32 len, hash;
	u8 ip[8], ports[4];
	bool tcp;
};

static struct {
	struct net *net;
	struct net_device *dev;		/* the first one */
	struct packet_type pt;
	struct socket *discard, *source;
	u64 left;			/* bytes for whom port 19 serves */
	struct seen seen[NR_SEEN];
	u32 nr_seen;
	char buf[CHUNK];
} card;

static void die(const char *what)
{
	fprintf(stderr, "card: %s: %s\n", what, inet_strerror(card.net));
	exit(1);
}

/* ---- what arrives ----------------------------------------------------- */

static int take(struct sk_buff *skb, struct net_device *dev __maybe_unused,
		struct packet_type *pt __maybe_unused,
		struct net_device *orig __maybe_unused)
{
	struct seen *s = &card.seen[card.nr_seen];
	const u8 *mac = skb_mac_header(skb);
	u8 ip[40] = { 0 };

	if (card.nr_seen == NR_SEEN) {
		consume_skb(skb);
		return 0;
	}
	skb_copy_bits(skb, 0, ip, min(skb->len, (u32)sizeof(ip)));
	memcpy(s->dst, mac, 6);
	memcpy(s->src, mac + 6, 6);
	s->type = get_unaligned_be16(mac + 12);
	s->len = skb->len + ETHER_HEADER;
	s->queue = skb->queue_mapping;
	s->hash = skb->hash;
	s->tcp = s->type == 0x0800 && ip[0] == 0x45 && ip[9] == IPPROTO_TCP;
	memcpy(s->ip, ip + 12, 8);
	memcpy(s->ports, ip + 20, 4);
	card.nr_seen++;
	consume_skb(skb);
	return 0;
}

static void print_bytes(const u8 *p, u32 n)
{
	for (u32 i = 0; i < n; i++)
		printf("%02x", p[i]);
}

static const char *seen(char **w __maybe_unused)
{
	for (u32 i = 0; i < card.nr_seen; i++) {
		const struct seen *s = &card.seen[i];

		print_bytes(s->dst, 6);
		printf(" ");
		print_bytes(s->src, 6);
		printf(" %04x %u %u %08x ", s->type, s->len, s->queue, s->hash);
		print_bytes(s->ip, s->tcp ? 8 : 0);
		print_bytes(s->ports, s->tcp ? 4 : 0);
		printf("\n");
	}
	card.nr_seen = 0;
	return NULL;
}

/* ---- the servers ------------------------------------------------------ */

static void discard_event(struct socket *sock, int revents __maybe_unused,
			  void *arg __maybe_unused)
{
	ssize_t n;

	while ((n = inet_recv(sock, card.buf, CHUNK, 0)) > 0)
		;
	if (n == 0 || errno != EAGAIN)
		inet_close(sock);
}

static void source_event(struct socket *sock, int revents __maybe_unused,
			 void *arg __maybe_unused)
{
	ssize_t n = 1;

	while (card.left &&
	       (n = inet_send(sock, card.buf, min((size_t)card.left,
						  sizeof(card.buf)),
			      MSG_NOSIGNAL)) > 0)
		card.left -= (u64)n;
	if (!card.left || errno != EAGAIN)
		inet_close(sock);
}

static void accept_event(struct socket *listener, int revents __maybe_unused,
			 void *arg __maybe_unused)
{
	struct socket *s;

	while ((s = inet_accept4(listener, NULL, NULL, SOCK_NONBLOCK))) {
		if (listener == card.source)
			inet_set_event_cb(s, POLLOUT, source_event, NULL);
		else
			inet_set_event_cb(s, POLLIN, discard_event, NULL);
	}
}

static struct socket *server(u16 port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(port) };
	struct socket *s = inet_socket(card.net, AF_INET, SOCK_STREAM |
				       SOCK_NONBLOCK, 0);

	if (!s || inet_bind(s, (struct sockaddr *)&sin, sizeof(sin)) ||
	    inet_listen(s, 512))
		die("listen");
	inet_set_event_cb(s, POLLIN, accept_event, NULL);
	return s;
}

/* ---- frames per second ------------------------------------------------ */

/* The stack's own clock stands still between its runs. */
static u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000000000ull + (u64)t.tv_nsec;
}

static void rate(u64 begun_ns, u32 n)
{
	u64 ns = now_ns() - begun_ns;

	printf("%.0f\n", n * 1e9 / (double)(ns ? ns : 1));
}

/* A frame that nobody takes: for an address of nobody's. */
static void fill(u8 *p, u32 len)
{
	memset(p, 0, len);
	memcpy(p, "\x02\0\0\0\0\x99", 6);
	memcpy(p + 6, card.dev->dev_addr, 6);
	memcpy(p + 12, "\x88\xb5", 2);
}

/* The queue is ours alone: the stack is at rest. */
static const char *raw(char **w)
{
	struct igb *igb = igb_priv(card.dev);
	struct igb_tx_ring *tx = &igb->q_vector[0].tx;
	struct skb_shared_info *frame = netdev_alloc_frame(card.dev);
	u32 len = (u32)atoi(w[1]), n = (u32)atoi(w[2]), i = tx->next_to_use;
	u32 batch = (u32)atoi(w[3]);
	u32 cmd = len | E1000_ADVTXD_DTYP_DATA | E1000_ADVTXD_DCMD_DEXT |
		  E1000_ADVTXD_DCMD_IFCS | E1000_ADVTXD_DCMD_EOP;
	u64 begun = now_ns();
	u32 last = i;

	if (!frame || i != tx->next_to_clean)
		return "the ring is in use";
	fill(frame->frame, len);
	for (u32 done = 0; done < n; done += batch) {
		for (u32 k = 0; k < batch; k++) {
			union e1000_adv_tx_desc *d = &tx->desc[i];

			d->read.buffer_addr = igb_dma(igb, frame, 0);
			d->read.olinfo_status = len << E1000_ADVTXD_PAYLEN_SHIFT;
			d->read.cmd_type_len = cmd | (k == batch - 1 ?
						      E1000_ADVTXD_DCMD_RS : 0);
			last = i;
			i = (i + 1) & (tx->size - 1);
		}
		vfio_wmb();
		igb_wr32(igb, E1000_TDT(0), i);
		while (!(READ_ONCE(tx->desc[last].wb.status) &
			 E1000_TXD_STAT_DD))
			;
	}
	rate(begun, n);
	tx->next_to_use = tx->next_to_clean = i;
	netdev_frame_put(frame);
	return NULL;
}

/* Frames that are sent again and again: each has come back before, for the card of
 * this machine sends while its tail is written. */
static const char *path(char **w)
{
	u32 len = (u32)atoi(w[1]), n = (u32)atoi(w[2]), batch = (u32)atoi(w[3]);
	struct netdev_queue *txq = &card.dev->tx[0];
	struct igb *igb = igb_priv(card.dev);
	struct sk_buff *frames[BATCH];
	u64 begun;

	for (u32 i = 0; i < BATCH; i++) {
		frames[i] = alloc_skb(card.net, len);
		if (!frames[i] || batch > BATCH)
			return "no memory, or too many";
		fill(skb_put(frames[i], len), len);
		frames[i]->dev = card.dev;
		frames[i]->queue_mapping = 0;
	}
	begun = now_ns();
	for (u32 done = 0; done < n; done += batch) {
		for (u32 k = 0; k < batch; k++) {
			frames[k]->users++;
			txq->more = k < batch - 1;
			igb_xmit_frame(frames[k], card.dev);
		}
		napi_schedule(&igb->q_vector[0].napi);
		inet_run(card.net, 0);
	}
	rate(begun, n);
	for (u32 i = 0; i < BATCH; i++)
		consume_skb(frames[i]);
	return NULL;
}

static const char *xmit(char **w)
{
	u32 len = (u32)atoi(w[1]), n = (u32)atoi(w[2]);
	u64 begun = now_ns();

	for (u32 i = 0; i < n; i++) {
		struct sk_buff *skb = alloc_skb(card.net, len + 64);

		if (!skb)
			return "no memory";
		skb_reserve(skb, 64);
		fill(skb_put(skb, len), len);
		skb->dev = card.dev;
		if (dev_queue_xmit(skb) != NET_XMIT_SUCCESS) {
			inet_run(card.net, 0);
			i--;
		}
		if (i % BATCH == BATCH - 1)
			inet_run(card.net, 0);
	}
	rate(begun, n);
	return NULL;
}

static const char *udp(char **w)
{
	u32 len = (u32)atoi(w[1]) - 42, n = (u32)atoi(w[2]);
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9),
				  .sin_addr.s_addr = inet_addr(w[3]) };
	struct socket *s = inet_socket(card.net, AF_INET, SOCK_DGRAM |
				       SOCK_NONBLOCK, 0);
	u64 begun;

	if (!s || inet_connect(s, (struct sockaddr *)&to, sizeof(to)))
		return "no socket";
	/* the first one asks for the neighbour */
	inet_send(s, card.buf, len, 0);
	for (u32 i = 0; i < 20; i++)
		inet_run(card.net, LOOK_NS / 50);
	begun = now_ns();
	for (u32 i = 0; i < n; i++) {
		if (inet_send(s, card.buf, len, 0) < 0) {
			inet_run(card.net, 0);
			i--;
		}
		if (i % BATCH == BATCH - 1)
			inet_run(card.net, 0);
	}
	rate(begun, n);
	inet_close(s);
	return NULL;
}

static const char *drain(char **w)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(19),
				  .sin_addr.s_addr = inet_addr(w[1]) };
	struct socket *s = inet_socket(card.net, AF_INET, SOCK_STREAM, 0);
	u64 begun = now_ns(), total = 0;
	ssize_t n;

	if (!s || inet_connect(s, (struct sockaddr *)&to, sizeof(to)))
		return "no connection";
	while ((n = inet_recv(s, card.buf, CHUNK, 0)) > 0)
		total += (u64)n;
	printf("%.1f\n", (double)total / 1048576 * 1e9 /
	       (double)(now_ns() - begun));
	inet_close(s);
	return n ? "it was cut off" : NULL;
}

/* ---- commands --------------------------------------------------------- */

static const char *rss(char **w __maybe_unused)
{
	struct igb *igb = igb_priv(card.dev);
	u32 reg;

	for (u32 i = 0; i < E1000_RSSRK_REGS; i++) {
		reg = cpu_to_le32(igb_rd32(igb, E1000_RSSRK(i)));
		print_bytes((u8 *)&reg, 4);
	}
	printf("\n");
	for (u32 i = 0; i < E1000_RETA_ENTRIES / 4; i++) {
		reg = cpu_to_le32(igb_rd32(igb, E1000_RETA(i)));
		print_bytes((u8 *)&reg, 4);
	}
	printf("\n");
	return NULL;
}

/* A word for each station, on one line. */
static const char *road(char **w)
{
	const struct inet_trace_point *pt;
	u64 end = now_ns() + strtoull(w[1], NULL, 10) * 1000000;

	if (inet_trace_start(card.net, 100000))
		return "no trace";
	while (now_ns() < end)
		inet_run(card.net, LOOK_NS / 100);
	inet_trace_stop(card.net);
	for (size_t i = 0; (pt = inet_trace_get(card.net, i)); i++)
		printf("%s ", pt->function);
	printf("\n");
	return NULL;
}

static const char *promisc(char **w)
{
	dev_set_promiscuity(card.dev, atoi(w[1]));
	return NULL;
}

static const char *allmulti(char **w)
{
	dev_set_allmulti(card.dev, atoi(w[1]));
	return NULL;
}

/* w[1]: twelve digits. */
static void parse_mac(const char *text, u8 mac[8])
{
	u64 n = strtoull(text, NULL, 16);

	for (u32 i = 0; i < 6; i++)
		mac[i] = (u8)(n >> (8 * (5 - i)));
}

static const char *mc(char **w)
{
	u8 addr[8] = { 0 };

	parse_mac(w[1], addr);
	return dev_mc_add(card.dev, addr) ? "refused" : NULL;
}

static const char *mac(char **w)
{
	u8 addr[8] = { 0 };

	parse_mac(w[1], addr);
	return inet_netdev_set_mac(card.dev, addr) ? "refused" : NULL;
}

static const char *feature(char **w)
{
	return inet_netdev_set_feature(card.dev, w[1], atoi(w[2])) ?
	       "refused" : NULL;
}

static const char *sysctl(char **w)
{
	return inet_sysctl_set(card.net, w[1], w[2]) ? "refused" : NULL;
}

static const char *source(char **w)
{
	card.left = strtoull(w[1], NULL, 10) << 20;
	return NULL;
}

static void print_counter(void *arg, const char *name, u64 value)
{
	if (!strcmp(name, arg))
		printf("%llu\n", (unsigned long long)value);
}

static const char *counter(char **w)
{
	return inet_netdev_counter_each(card.dev, print_counter, w[1]) ?
	       "refused" : NULL;
}

static const struct {
	const char *name;
	u32 nr_words;
	const char *(*run)(char **words);
} commands[] = {
	{ "rss", 1, rss }, { "seen", 1, seen }, { "promisc", 2, promisc },
	{ "allmulti", 2, allmulti }, { "mc", 2, mc }, { "mac", 2, mac },
	{ "feature", 3, feature }, { "sysctl", 3, sysctl },
	{ "source", 2, source }, { "counter", 2, counter }, { "raw", 4, raw },
	{ "path", 4, path }, { "xmit", 3, xmit }, { "road", 2, road },
	{ "udp", 4, udp }, { "drain", 2, drain },
};

static void command(char *line)
{
	const char *error = "no such command";
	char *words[5] = { 0 };
	u32 n = 0;

	for (char *w = strtok(line, " \n"); w && n < 4; w = strtok(NULL, " \n"))
		words[n++] = w;
	for (u32 i = 0; n && i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, words[0]) &&
		    commands[i].nr_words == n)
			error = commands[i].run(words);
	if (error)
		printf("error: %s: %s\n", error, inet_strerror(card.net));
	else
		printf("ok\n");
	fflush(stdout);
}

/* DEVICE=ADDRESS: opened, and up. */
static void open_device(char *spec)
{
	char *addr = strrchr(spec, '=');
	struct net_device *dev;

	if (!addr)
		die(spec);
	*addr++ = 0;
	/* an argument of the device's may have '=' too: the last one counts */
	dev = inet_netdev_open(card.net, spec);
	if (!dev || inet_addr_add(dev, addr) || inet_netdev_up(dev))
		die(spec);
	if (!card.dev)
		card.dev = dev;
}

int main(int argc, char **argv)
{
	struct pollfd fds[2] = { { .events = POLLIN }, { .events = POLLIN } };
	char line[200];

	card.net = inet_create(NULL);
	if (!card.net)
		die("stack");
	for (int i = 1; i < argc; i++)
		open_device(argv[i]);
	if (!card.dev)
		die("which device?");
	card.pt = (struct packet_type){ .type = cpu_to_be16(3), .func = take,
					.dev = card.dev, .ignore_outgoing = true };
	dev_add_pack(card.net, &card.pt);
	card.discard = server(9);
	card.source = server(19);
	fds[1].fd = inet_poll_fd(card.net);
	for (;;) {
		s64 ns = inet_next_timeout_ns(card.net);

		if (ns < 0 || ns > LOOK_NS)
			ns = LOOK_NS;
		poll(fds, 2, (int)((ns + 999999) / 1000000));
		inet_run(card.net, 0);
		if (!fds[0].revents)
			continue;
		if (!fgets(line, sizeof(line), stdin))
			break;
		command(line);
	}
	dev_remove_pack(card.net, &card.pt);
	inet_destroy(card.net);
	return 0;
}
