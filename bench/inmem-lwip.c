/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inmem-lwip: what bench/inmem measures, on lwIP: the same rows, the same
 * command line, the same line at the end.
 *
 * lwIP has one stack per process, so both hosts live in it: two netifs on one
 * Ethernet, 10.0.0.1 and 10.0.0.2, whose connections stand in the same lists
 * of PCBs. A PCB bound to its netif sends there (tcp_bind_netif), whatever the
 * order of the netifs; without that lwIP would see its own address and loop
 * the packet back without a frame. What leaves is copied and queued, and taken
 * in when the other side has its turn: frames with ARP, IP and checksums both
 * ways, one copy in, one on the wire, one out, one thread, as with libinet.
 *
 * Where there is a choice it is made in lwIP's favour:
 *  - raw callbacks, lwIP's fastest interface, beside libinet's sockets;
 *  - one thread, without tcpip_thread, mailboxes or the core's lock;
 *  - a request is written by the callback of its connection, so that one frame
 *    takes it and the last ACK of the handshake;
 *  - lwIP looks at every connection in TIME-WAIT for each SYN. Its pools of
 *    fixed size bound that by dropping the oldest; Debian's build takes PCBs
 *    from malloc() without a bound, so the rows connect and connect-one drop the
 *    oldest themselves beyond MOST_TIME_WAIT; libinet's has the same bound (bench/inmem.c). The
 *    row connect-kept keeps them all on both sides, as RFC 9293 asks. It ends
 *    before the client's 16,384 ports do: lwIP takes one again within two
 *    minutes, and the connection fails.
 */
#include <stddef.h>

#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/pbuf.h>
#include <lwip/tcp.h>
#include <lwip/timeouts.h>
#include <lwip/udp.h>

#include "common.h"
#include "host-lwip.h"

#define CHUNK 16384		/* tcp_write() takes less than 64 KiB */
#define PORT 7
#define RING 512u		/* frames on the wire one way; a power of two */
#define MOST_TIME_WAIT 32u
#define AT_ONCE 32u
#define DATAGRAM 1472
#define TRIES 100000u		/* turns until a connection stands */

/* A host: its end of the wire and the frames on their way to it. */
struct end {
	struct netif netif;
	struct end *peer;
	struct pbuf *ring[RING];
	uint32_t head, tail;
	uint64_t out, in;	/* TCP segments */
};

struct bench {
	struct end a, b;
	struct tcp_pcb *listener, *client, *server;
	struct tcp_pcb *servers[AT_ONCE];	/* accepted */
	uint32_t nr_servers;
	struct tcp_pcb *old[MOST_TIME_WAIT];	/* perhaps in TIME-WAIT */
	uint32_t nr_old;
	uint64_t asked, answered;		/* bytes received by b, by a */
	uint64_t datagrams;
	ip_addr_t addr;				/* b's */
	char buf[CHUNK];
};

/* Ethernet with IPv4 with TCP? */
static int is_tcp(const struct pbuf *p)
{
	const unsigned char *frame = p->payload;

	return p->len > 23 && frame[12] == 8 && frame[13] == 0 &&
	       frame[23] == IP_PROTO_TCP;
}

/*
 * The driver's output: the other end's memory gets a copy. PBUF_RAM, because
 * Debian's 2.1.3 allocates 592 bytes for a PBUF_POOL and writes 1,514 there.
 */
static err_t wire_output(struct netif *netif, struct pbuf *p)
{
	struct end *end = netif->state, *to = end->peer;
	struct pbuf *copy;

	end->out += (uint64_t)is_tcp(p);
	if (to->head - to->tail == RING)
		return ERR_IF;
	copy = pbuf_alloc(PBUF_RAW, p->tot_len, PBUF_RAM);
	if (!copy)
		return ERR_MEM;
	pbuf_copy(copy, p);
	to->ring[to->head++ % RING] = copy;
	return ERR_OK;
}

/* What has arrived at @end is taken in. */
static void take_in(struct end *end)
{
	uint32_t until = end->head;
	struct pbuf *p;

	while (end->tail != until) {
		p = end->ring[end->tail++ % RING];
		end->in += (uint64_t)is_tcp(p);
		if (end->netif.input(p, &end->netif) != ERR_OK)
			pbuf_free(p);
	}
}

/* What the client has sent goes its road, and so does the answer. */
static void turn(struct bench *t)
{
	take_in(&t->b);
	take_in(&t->a);
	sys_check_timeouts();
}

/* The application's copy. */
static uint64_t copy_out(struct bench *t, const struct pbuf *p)
{
	uint16_t at = 0, n;

	do {
		n = pbuf_copy_partial(p, t->buf, CHUNK, at);
		at = (uint16_t)(at + n);
	} while (n && at < p->tot_len);
	return p->tot_len;
}

/* Data for either end, or (@p NULL) the peer's end of it. */
static err_t received(void *arg, struct tcp_pcb *pcb, struct pbuf *p,
		      err_t err)
{
	struct bench *t = arg;
	uint64_t n;

	(void)err;
	if (!p)
		return ERR_OK;
	n = copy_out(t, p);
	tcp_recved(pcb, p->tot_len);
	pbuf_free(p);
	if (pcb == t->client)
		t->answered += n;
	else
		t->asked += n;
	return ERR_OK;
}

static err_t accepted(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct bench *t = arg;

	if (err != ERR_OK)
		return err;
	t->server = pcb;
	if (t->nr_servers < AT_ONCE)
		t->servers[t->nr_servers++] = pcb;
	tcp_arg(pcb, t);
	tcp_recv(pcb, received);
	return ERR_OK;
}

static void say(struct tcp_pcb *pcb, const char *byte)
{
	host_check(tcp_write(pcb, byte, 1, TCP_WRITE_FLAG_COPY), "write");
	tcp_output(pcb);
}

static err_t connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
	(void)arg;
	(void)pcb;
	return err;
}

/* The request, which takes the last ACK of the handshake along. */
static err_t connected_ask(void *arg, struct tcp_pcb *pcb, err_t err)
{
	(void)arg;
	host_check(tcp_write(pcb, "q", 1, TCP_WRITE_FLAG_COPY), "write");
	return err;
}

static void failed(void *arg, err_t err)
{
	(void)arg;
	host_check(err, "connection");
}

static void start(struct bench *t)
{
	struct tcp_pcb *pcb;

	lwip_init();
	t->a.peer = &t->b;
	t->b.peer = &t->a;
	host_up(&t->a.netif, 1, wire_output, &t->a);
	host_up(&t->b.netif, 2, wire_output, &t->b);
	t->addr = t->b.netif.ip_addr;
	pcb = tcp_new();
	if (!pcb)
		bench_die("listen", "no memory");
	host_check(tcp_bind(pcb, &t->addr, PORT), "bind");
	tcp_bind_netif(pcb, &t->b.netif);
	t->listener = tcp_listen(pcb);
	if (!t->listener)
		bench_die("listen", "no memory");
	tcp_arg(t->listener, t);
	tcp_accept(t->listener, accepted);
}

/* A client's end, which has asked for a connection. */
static struct tcp_pcb *call(struct bench *t, tcp_connected_fn then)
{
	struct tcp_pcb *c = tcp_new();

	if (!c)
		bench_die("connect", "no memory");
	tcp_arg(c, t);
	tcp_recv(c, received);
	tcp_err(c, failed);
	tcp_bind_netif(c, &t->a.netif);
	host_check(tcp_connect(c, &t->addr, PORT, then), "connect");
	return c;
}

/* A connection: its ends are t->client and t->server. */
static void join(struct bench *t)
{
	uint32_t tries;

	t->server = NULL;
	t->nr_servers = 0;
	t->client = call(t, connected);
	for (tries = 0; !t->server && tries < TRIES; tries++)
		turn(t);
	if (!t->server)
		bench_die("connect", "no answer");
}

static void part(struct bench *t)
{
	host_check(tcp_close(t->client), "close");
	host_check(tcp_close(t->server), "close");
	turn(t);
}

/*
 * The two ends of the row bulk, functions of their own so that callgrind can
 * count each. The sender writes as much of @left as its buffer has room for.
 */
static uint64_t __attribute__((noinline)) bulk_sender(struct bench *t,
						      uint64_t left)
{
	uint64_t sent = 0, n;

	while (sent < left) {
		n = tcp_sndbuf(t->client);
		n = n < left - sent ? n : left - sent;
		n = n < CHUNK ? n : CHUNK;
		if (!n || tcp_write(t->client, t->buf, (uint16_t)n,
				    TCP_WRITE_FLAG_COPY) != ERR_OK)
			break;
		sent += n;
	}
	tcp_output(t->client);
	take_in(&t->a);
	return sent;
}

static void __attribute__((noinline)) bulk_receiver(struct bench *t)
{
	take_in(&t->b);
}

static void bulk(void *bench, uint64_t count)
{
	struct bench *t = bench;
	uint64_t left = count << 20, total = count << 20;

	join(t);
	while (t->asked < total) {
		left -= bulk_sender(t, left);
		bulk_receiver(t);
		sys_check_timeouts();
	}
	part(t);
}

static void rr(void *bench, uint64_t count)
{
	struct bench *t = bench;
	uint64_t i;

	join(t);
	tcp_nagle_disable(t->client);
	tcp_nagle_disable(t->server);
	for (i = 1; i <= count; i++) {
		say(t->client, "q");
		while (t->asked != i)
			take_in(&t->b);
		say(t->server, "a");
		while (t->answered != i)
			take_in(&t->a);
		sys_check_timeouts();
	}
	part(t);
}

/* Turns until @nr more requests have come. */
static void await_requests(struct bench *t, uint64_t nr)
{
	uint64_t until = t->asked + nr;
	uint32_t tries;

	for (tries = 0; t->asked < until && tries < TRIES; tries++)
		turn(t);
	if (t->asked != until)
		bench_die("connect", "a request is missing");
}

/* A connection with one request; the server's end will be in TIME-WAIT. */
static void connection(struct bench *t)
{
	t->nr_servers = 0;
	t->client = call(t, connected_ask);
	await_requests(t, 1);
	host_check(tcp_close(t->server), "close");
	take_in(&t->a);
	host_check(tcp_close(t->client), "close");
	turn(t);
}

/* The last server's end is in TIME-WAIT; the one from long ago leaves it. */
static void forget_oldest(struct bench *t, struct tcp_pcb *server)
{
	uint32_t at = t->nr_old++ % MOST_TIME_WAIT;

	if (t->old[at])
		tcp_abort(t->old[at]);
	t->old[at] = server;
}

static void connects_one(void *bench, uint64_t count)
{
	struct bench *t = bench;

	while (count--) {
		connection(t);
		forget_oldest(t, t->server);
	}
}

/* AT_ONCE connections, each step for all of them before the next. */
static void connects_together(struct bench *t)
{
	struct tcp_pcb *c[AT_ONCE];
	uint32_t i;

	t->client = NULL;
	t->nr_servers = 0;
	for (i = 0; i < AT_ONCE; i++)
		c[i] = call(t, connected_ask);
	await_requests(t, AT_ONCE);
	for (i = 0; i < AT_ONCE; i++)
		host_check(tcp_close(t->servers[i]), "close");
	take_in(&t->a);
	for (i = 0; i < AT_ONCE; i++)
		host_check(tcp_close(c[i]), "close");
	turn(t);
	for (i = 0; i < AT_ONCE; i++)
		forget_oldest(t, t->servers[i]);
}

static void connects(void *bench, uint64_t count)
{
	struct bench *t = bench;

	connection(t);		/* ARP would queue one packet of the first */
	forget_oldest(t, t->server);
	for (uint64_t i = 0; i < count; i += AT_ONCE)
		connects_together(t);
}

static void connects_kept(void *bench, uint64_t count)
{
	while (count--)
		connection(bench);
}

static void datagram(void *arg, struct udp_pcb *pcb, struct pbuf *p,
		     const ip_addr_t *addr, u16_t port)
{
	struct bench *t = arg;

	(void)pcb;
	(void)addr;
	(void)port;
	copy_out(t, p);
	pbuf_free(p);
	t->datagrams++;
}

/* Sends each datagram back to where it came from. */
static void datagram_back(void *arg, struct udp_pcb *pcb, struct pbuf *p,
			  const ip_addr_t *addr, u16_t port)
{
	struct bench *t = arg;

	copy_out(t, p);
	pbuf_take(p, t->buf, p->tot_len);
	udp_sendto(pcb, p, addr, port);
	pbuf_free(p);
}

static void send_datagram(struct bench *t, struct udp_pcb *pcb, u16_t len)
{
	struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, len, PBUF_RAM);

	if (!p)
		bench_die("datagram", "no memory");
	pbuf_take(p, t->buf, len);
	udp_send(pcb, p);
	pbuf_free(p);
}

/* @count datagrams of @len bytes, 32 of them on their way; the server sends them
 * back if @echo. */
static void datagrams(struct bench *t, uint64_t count, u16_t len, bool echo)
{
	struct udp_pcb *c = udp_new(), *s = udp_new();
	uint64_t sent = 0;
	int i;

	if (!c || !s)
		bench_die("udp", "no memory");
	udp_bind_netif(c, &t->a.netif);
	udp_bind_netif(s, &t->b.netif);
	host_check(udp_bind(s, &t->addr, PORT), "bind");
	host_check(udp_connect(c, &t->addr, PORT), "connect");
	udp_recv(s, echo ? datagram_back : datagram, t);
	udp_recv(c, datagram, t);
	while (t->datagrams < count) {
		for (i = 0; i < 32 && sent < count; i++, sent++)
			send_datagram(t, c, len);
		turn(t);
		if (echo)
			turn(t);
		if (sent == count && t->datagrams < count) {
			sent = t->datagrams;	/* the first ones, before ARP */
			turn(t);
		}
	}
	udp_remove(c);
	udp_remove(s);
}

static void udp(void *bench, uint64_t count)
{
	datagrams(bench, count, DATAGRAM, false);
}

static void udp_echo(void *bench, uint64_t count)
{
	datagrams(bench, count, 18, true);
}

static void udp_1400(void *bench, uint64_t count)
{
	datagrams(bench, count, 1400, false);
}

static const struct bench_row rows[] = {
	{ "bulk", 1024, bulk },
	{ "bulk-gro", 1024, bulk },	/* it has no such thing */
	{ "bulk-tso", 1024, bulk },
	{ "rr", 500000, rr },
	{ "connect", 64000, connects },
	{ "connect-one", 20000, connects_one },
	{ "connect-kept", 10000, connects_kept },
	{ "udp", 1000000, udp },
	{ "udp-echo", 1000000, udp_echo },
	{ "udp-1400", 1000000, udp_1400 },
	{ "udp-gso", 1000000, udp_1400 },	/* nor this */
	{ "udp-gro", 1000000, udp_1400 },
	{ "udp-whole", 1000000, udp_1400 },
	{ NULL, 0, NULL },
};

int main(int argc, char **argv)
{
	static struct bench t;
	struct bench_result r = { 0 };
	double begin;

	if (bench_arguments(argc, argv, rows, &r))
		return 2;
	start(&t);
	begin = bench_now();
	r.row->run(&t, r.count);
	r.seconds = bench_now() - begin;
	r.out = t.a.out;
	r.in = t.a.in;
	bench_print(&r);
	return 0;
}
