/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tap-lwip, xdp-lwip: what bench/tap and bench/xdp measure, on lwIP: the same
 * rows, the same command line, the same peer, the same kind of link. Over TAP it
 * takes plain frames only.
 *
 * One thread without tcpip_thread waits in poll() for a frame, reads frames
 * into pbufs until there is none, and lets lwIP's timers run. As in inmem-lwip the
 * choices are in lwIP's favour: raw callbacks, no lock, and a datagram goes back
 * in the pbuf that it came in, without a copy. TAP's frames are read straight into
 * pbufs; those of AF_XDP are copied, as lwIP's memory is its own.
 */
#include <string.h>

#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/pbuf.h>
#include <lwip/tcp.h>
#include <lwip/timeouts.h>
#include <lwip/udp.h>

#include "common.h"
#include "frames.h"
#include "host-lwip.h"
#include "peer.h"

#define CHUNK 16384		/* tcp_write() takes less than 64 KiB */
#define FRAME 1514
#define PIECES 8
#define BATCH 64		/* frames between two looks at the timers */

struct tap {
	struct netif netif;
	struct frames link;
	struct pbuf *next;	/* what the next frame fills, or NULL */
	uint64_t left;		/* bytes that source still sends */
	uint64_t out, in;	/* TCP segments */
	char buf[CHUNK];
};

/* Ethernet with IPv4 with TCP? */
static int is_tcp(const struct pbuf *p)
{
	const unsigned char *frame = p->payload;

	return p->len > 23 && frame[12] == 8 && frame[13] == 0 &&
	       frame[23] == IP_PROTO_TCP;
}

/* ---- the device ------------------------------------------------------- */

static err_t tap_output(struct netif *netif, struct pbuf *p)
{
	struct tap *t = netif->state;
	struct iovec iov[PIECES];
	struct pbuf *q;
	int nr = 0;

	for (q = p; q && nr < PIECES; q = q->next) {
		iov[nr].iov_base = q->payload;
		iov[nr++].iov_len = q->len;
	}
	t->out += (uint64_t)is_tcp(p);
	return q || !frames_write(&t->link, iov, nr) ? ERR_IF : ERR_OK;
}

/* Takes in what frames there are, a batch at most. Return: how many. */
static int take_in(struct tap *t)
{
	size_t n;
	int i;

	for (i = 0; i < BATCH; i++) {
		if (!t->next)
			t->next = pbuf_alloc(PBUF_RAW, FRAME, PBUF_RAM);
		if (!t->next)
			bench_die("frame", "no memory");
		n = frames_read(&t->link, t->next->payload, FRAME);
		if (!n)
			break;
		pbuf_realloc(t->next, (uint16_t)n);
		t->in += (uint64_t)is_tcp(t->next);
		if (t->netif.input(t->next, &t->netif) != ERR_OK)
			pbuf_free(t->next);
		t->next = NULL;
	}
	return i;
}

static void serve(struct tap *t, uint32_t patience)
{
	uint32_t wait;

	while (peer_runs()) {
		sys_check_timeouts();
		if (take_in(t) == BATCH)
			continue;
		frames_flush(&t->link);
		wait = sys_timeouts_sleeptime();
		wait = wait < patience ? wait : patience;
		if (wait)
			frames_wait(&t->link, (int)wait);
	}
}

/* ---- the servers ------------------------------------------------------ */

/* Closes, at the latest when lwIP has memory for the FIN. */
static err_t leave(struct tcp_pcb *pcb)
{
	tcp_recv(pcb, NULL);
	tcp_sent(pcb, NULL);
	if (tcp_close(pcb) == ERR_OK)
		return ERR_OK;
	tcp_abort(pcb);
	return ERR_ABRT;
}

/* The application's copy; what comes is acknowledged as read. */
static void copy_out(struct tap *t, struct tcp_pcb *pcb, struct pbuf *p)
{
	uint16_t at = 0, n;

	do {
		n = pbuf_copy_partial(p, t->buf, CHUNK, at);
		at = (uint16_t)(at + n);
	} while (n && at < p->tot_len);
	tcp_recved(pcb, p->tot_len);
}

static err_t echo_received(void *arg, struct tcp_pcb *pcb, struct pbuf *p,
			   err_t err)
{
	struct tap *t = arg;

	(void)err;
	if (!p)
		return leave(pcb);
	copy_out(t, pcb, p);
	if (p->tot_len <= CHUNK)
		tcp_write(pcb, t->buf, p->tot_len, TCP_WRITE_FLAG_COPY);
	pbuf_free(p);
	return ERR_OK;
}

static err_t discard_received(void *arg, struct tcp_pcb *pcb, struct pbuf *p,
			      err_t err)
{
	(void)err;
	if (!p)
		return leave(pcb);
	copy_out(arg, pcb, p);
	pbuf_free(p);
	return ERR_OK;
}

/* As much as the send buffer has room for, then the end. */
static err_t source_feed(struct tap *t, struct tcp_pcb *pcb)
{
	uint64_t n;

	while (t->left) {
		n = tcp_sndbuf(pcb);
		n = n < t->left ? n : t->left;
		n = n < CHUNK ? n : CHUNK;
		if (!n || tcp_write(pcb, t->buf, (uint16_t)n,
				    TCP_WRITE_FLAG_COPY) != ERR_OK)
			return tcp_output(pcb);
		t->left -= n;
	}
	return leave(pcb);
}

static err_t source_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
	(void)len;
	return source_feed(arg, pcb);
}

static err_t accepted(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct tap *t = arg;

	if (err != ERR_OK)
		return err;
	tcp_nagle_disable(pcb);
	tcp_arg(pcb, t);
	if (pcb->local_port == PEER_SOURCE) {
		tcp_sent(pcb, source_sent);
		return source_feed(t, pcb);
	}
	tcp_recv(pcb, pcb->local_port == PEER_ECHO ? echo_received :
		 discard_received);
	return ERR_OK;
}

static void datagram(void *arg, struct udp_pcb *pcb, struct pbuf *p,
		     const ip_addr_t *addr, u16_t port)
{
	(void)arg;
	udp_sendto(pcb, p, addr, port);
	pbuf_free(p);
}

static void server(struct tap *t, uint16_t port)
{
	struct tcp_pcb *pcb = tcp_new();

	if (!pcb)
		bench_die("listen", "no memory");
	host_check(tcp_bind(pcb, IP4_ADDR_ANY, port), "bind");
	pcb = tcp_listen(pcb);
	if (!pcb)
		bench_die("listen", "no memory");
	tcp_arg(pcb, t);
	tcp_accept(pcb, accepted);
}

static void start(struct tap *t)
{
	struct udp_pcb *udp;

	frames_open(&t->link, false);
	lwip_init();
	host_up(&t->netif, 2, tap_output, t);
	server(t, PEER_ECHO);
	server(t, PEER_DISCARD);
	server(t, PEER_SOURCE);
	udp = udp_new();
	if (!udp)
		bench_die("udp", "no memory");
	host_check(udp_bind(udp, IP4_ADDR_ANY, PEER_ECHO), "bind");
	udp_recv(udp, datagram, t);
}

int main(int argc, char **argv)
{
	struct bench_result r = { 0 };
	static struct tap t;
	struct peer peer;

	if (bench_arguments(argc, argv, peer_rows, &r))
		return 2;
	t.left = r.count << 20;
	peer_namespace();
	start(&t);
	peer_start(&peer, &r);
	serve(&t, (uint32_t)peer_patience(&r));
	peer_result(&peer, &r);
	r.out = t.out;
	r.in = t.in;
	bench_print(&r);
	return 0;
}
