/* SPDX-License-Identifier: BSD-2-Clause */
/* What must hold under every attack: see attack.h. */
#include "attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <inet/socket.h>

#include "core/skbuff.h"
#include "walks.h"

#define CANARY_IP FX_ADDR(10, 0, 0, 77)
#define CANARY_PORT 50077
#define CANARY_AT 7077		/* of the stack */
#define CANARY_ISS 0x7fffff00u	/* passes 2^31 soon */
#define CANARY_PIECE 61
#define CANARY_EAGER 64		/* frames after each of which it speaks */
#define CANARY_PERIOD 64	/* and then after so many */
#define CANARY_TRIES 40
#define HEADERS 96		/* link, IP, ICMP or TCP with options */

static const u8 canary_mac[ETH_ALEN] = { 2, 0, 0, 0, 0, 77 };

struct attack {
	struct fx_watch watch;		/* first */
	struct socket *sock;		/* the stack's end of the canary */
	bool busy;			/* the canary speaks, do not judge */
	u32 irs;			/* the stack's */
	u32 sent, back;			/* octets to the stack, and from it */
	u32 acked;			/* by the stack */
	bool syn_ack, fin;		/* seen from the stack */
	u32 most;			/* frames that one burst may provoke */
	u64 patience_ns;
	/* at the end of the last burst */
	u64 queued, queued_bytes, out, out_bytes, spoke;
	u64 first_drops;		/* before everything */
	u64 own;			/* frames of the canary */
};

static struct attack *attack_of(const struct fx *f)
{
	assert_non_null(f->watch);
	return (struct attack *)f->watch;
}

static u8 canary_octet(u32 i)
{
	return (u8)((i * 0x9e3779b1u) >> 24);
}

static u64 all_drops(const struct fx *f)
{
	u64 sum = 0;
	u32 i;

	for (i = 1; i < SKB_DROP_REASON_MAX; i++)
		sum += net_drop_read(f->net, i);
	return sum;
}

/* ---- the canary ------------------------------------------------------- */

/* A segment from the canary's far end. */
static void canary_send(struct attack *a, struct fx *f, u8 flags, u32 seq,
			u32 len)
{
	const struct fx_ip ip = { .saddr = CANARY_IP, .src_mac = canary_mac };
	const struct tcp_seg_info seg = {
		.source = htons(CANARY_PORT), .dest = htons(CANARY_AT),
		.seq = CANARY_ISS + seq, .window = 60000, .flags = flags,
		.ack_seq = flags & TCPHDR_ACK ?
			a->irs + 1 + a->back + a->fin : 0,
	};
	u8 frame[256], data[CANARY_PIECE];
	u64 queued = f->total_queued, bytes = f->bytes_queued;
	u32 i;

	for (i = 0; i < len; i++)
		data[i] = canary_octet(seq - 1 + i);
	fx_inject(f, frame, fx_build_tcp(frame, &ip, &seg, NULL, 0, data, len));
	a->own += f->total_queued - queued;
	f->total_queued = queued;
	f->bytes_queued = bytes;
}

/* A segment of the stack for the canary: octets as they were sent? */
static void canary_takes(struct attack *a, const struct iphdr *iph, u32 len)
{
	const struct tcphdr *th = (const void *)(iph + 1);
	u32 seq, i, hlen = IP_HLEN_MIN + __tcp_hdrlen(th);
	const u8 *data = (const u8 *)iph + hlen;

	assert_true(hlen <= len);
	assert_int_equal(tcp_v4_check(len - IP_HLEN_MIN, iph->saddr,
				      iph->daddr,
				      csum_partial(th, len - IP_HLEN_MIN, 0)),
			 0);
	assert_false(th->rst);
	if (th->syn) {
		a->irs = ntohl(th->seq);
		a->syn_ack = true;
		return;
	}
	assert_int_equal(ntohl(th->dest), ntohl(htons(CANARY_PORT)));
	a->acked = ntohl(th->ack_seq) - CANARY_ISS - 1;
	seq = ntohl(th->seq) - a->irs - 1;
	for (i = 0; i < len - hlen; i++)
		assert_int_equal(data[i], canary_octet(seq + i));
	if (seq <= a->back && seq + len - hlen > a->back)
		a->back = seq + len - hlen;
	assert_true(a->back <= a->sent);
	if (th->fin && seq + len - hlen == a->back)
		a->fin = true;
}

/* The stack's application: gives back what it reads. */
static void canary_echo(struct attack *a, struct fx *f)
{
	u8 buf[4 * CANARY_PIECE];
	ssize_t n;

	while ((n = inet_recv(a->sock, buf, sizeof(buf), 0)) > 0)
		assert_int_equal(inet_send(a->sock, buf, (size_t)n, 0), n);
	fx_run(f);
}

/* Counters as if nothing had happened since @mark was the fixture's. */
static void canary_hide(struct fx *f, const struct fx *mark)
{
	u32 i;

	for (i = 1; i < SKB_DROP_REASON_MAX; i++)
		f->drops[i] = mark->drops[i] + (u64)fx_drop_delta(f, i);
	for (i = 0; i < MIB_MAX; i++)
		f->mib[i] = mark->mib[i] + (u64)fx_mib_delta(f, i);
}

/* One piece there and back; what is lost is said again the next time. */
static void canary_speak(struct attack *a, struct fx *f)
{
	struct fx mark;
	u8 summed = f->rx_summed;
	u32 i;

	memcpy(mark.drops, f->drops, sizeof(mark.drops));
	memcpy(mark.mib, f->mib, sizeof(mark.mib));
	fx_mark(f);
	a->busy = true;
	f->rx_summed = 0;
	if (a->back == a->sent)
		a->sent += CANARY_PIECE;
	i = a->sent - CANARY_PIECE;
	canary_send(a, f, TCPHDR_ACK | TCPHDR_PSH, 1 + i, CANARY_PIECE);
	canary_echo(a, f);
	canary_send(a, f, TCPHDR_ACK, 1 + a->sent, 0);
	f->rx_summed = summed;
	a->busy = false;
	canary_hide(f, &mark);
	a->spoke = f->total_queued;
}

static bool canary_sees(struct fx_watch *w, struct fx *f, const u8 *frame,
			u32 len)
{
	struct attack *a = (struct attack *)w;
	const struct iphdr *iph = (const void *)(frame + ETH_HLEN);

	(void)f;
	if (len < ETH_HLEN + IP_HLEN_MIN + TCP_HLEN_MIN ||
	    memcmp(frame, canary_mac, ETH_ALEN) != 0 ||
	    iph->protocol != IPPROTO_TCP)
		return false;
	canary_takes(a, iph, len - ETH_HLEN);
	return true;
}

/* ---- judging ---------------------------------------------------------- */

/* The stack came to rest: what did the burst cost? */
static void attack_ran(struct fx_watch *w, struct fx *f)
{
	struct attack *a = (struct attack *)w;
	u64 in = f->total_queued - a->queued;
	u64 bytes = f->bytes_queued - a->queued_bytes;
	u64 out = f->total_sent - a->out, out_bytes = f->bytes_sent -
						      a->out_bytes;

	if (a->busy)
		return;
	a->queued = f->total_queued;
	a->queued_bytes = f->bytes_queued;
	a->out = f->total_sent;
	a->out_bytes = f->bytes_sent;
	if (!in)		/* time passed, or a call was made */
		return;
	if (!a->most && (out > in || out_bytes > bytes + in * HEADERS))
		fail_msg("%llu frames of %llu octets provoked %llu of %llu",
			 (unsigned long long)in, (unsigned long long)bytes,
			 (unsigned long long)out,
			 (unsigned long long)out_bytes);
	if (a->most)
		assert_true(out <= a->most);
	if (f->total_queued < CANARY_EAGER ||
	    f->total_queued - a->spoke >= CANARY_PERIOD)
		canary_speak(a, f);
}

/* Tries again, as time passes, until @a->back is all. */
static void canary_finish(struct attack *a, struct fx *f)
{
	u32 i;

	for (i = 0; i < CANARY_TRIES && (!i || a->back < a->sent); i++) {
		canary_speak(a, f);
		if (a->back < a->sent)
			fx_advance(f, FX_SEC);
	}
	assert_int_equal(a->back, a->sent);
	a->busy = true;
	assert_int_equal(inet_shutdown(a->sock, SHUT_WR), 0);
	fx_run(f);
	for (i = 0; i < CANARY_TRIES && !a->fin; i++)
		fx_advance(f, FX_SEC);
	assert_true(a->fin);
	canary_send(a, f, TCPHDR_ACK | TCPHDR_FIN, 1 + a->sent, 0);
	assert_int_equal(inet_close(a->sock), 0);
	assert_int_equal(a->acked, a->sent + 1);
	canary_send(a, f, TCPHDR_ACK, 2 + a->sent, 0);
}

/* The stack must have forgotten everything, be it attacker's or ours. */
static void attack_end(struct fx_watch *w, struct fx *f)
{
	struct attack *a = (struct attack *)w;
	struct inet_usage u;

	walks_judge();
	mem_fail_nth(&f->net->mem, 0);
	a->busy = true;
	f->rx_vary = false;
	f->rx_cut = f->rx_align = 0;
	canary_finish(a, f);
	fx_advance(f, a->patience_ns);
	fx_flush(f);
	assert_int_equal(inet_get_usage(f->net, &u), 0);
	assert_int_equal(u.skbs, 0);
	assert_int_equal(u.frames_used, 0);
	assert_int_equal(u.sockets, 0);
	assert_int_equal(u.timewaits, 0);
	assert_int_equal(u.rcu_callbacks, 0);
	if (!a->most)		/* no packet but those that came */
		assert_true(all_drops(f) - a->first_drops <=
			    f->total_queued + a->own);
	f->watch = NULL;
	free(a);
}

/* ---- for the tests ---------------------------------------------------- */

/* The stack's end of the canary listens, and is connected to. */
static void canary_connect(struct attack *a, struct fx *f)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
				   .sin_port = htons(CANARY_AT) };
	struct socket *l = inet_socket(f->net, AF_INET,
				       SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_non_null(l);
	assert_int_equal(inet_bind(l, (void *)&any, sizeof(any)), 0);
	assert_int_equal(inet_listen(l, 1), 0);
	canary_send(a, f, TCPHDR_SYN, 0, 0);
	assert_true(a->syn_ack);
	canary_send(a, f, TCPHDR_ACK, 1, 0);
	a->sock = inet_accept4(l, NULL, NULL, SOCK_NONBLOCK);
	assert_non_null(a->sock);
	inet_close(l);
	fx_run(f);
}

void attack_begin(struct fx *f)
{
	struct attack *a = calloc(1, sizeof(*a));

	assert_non_null(a);
	assert_null(f->watch);
	a->watch = (struct fx_watch){ .ran = attack_ran, .sent = canary_sees,
				      .end = attack_end };
	a->patience_ns = 400 * FX_SEC;
	walks_begin();
	if (inet_neigh_add(f->dev, "10.0.0.77 lladdr 02:00:00:00:00:4d"))
		fail_msg("%s", inet_strerror(f->net));
	a->busy = true;
	f->watch = &a->watch;
	canary_connect(a, f);
	fx_flush(f);
	f->rx_vary = true;
	f->total_queued = f->bytes_queued = f->total_sent = f->bytes_sent = 0;
	a->first_drops = all_drops(f);
	a->busy = false;
	fx_mark(f);
}

void attack_allow(struct fx *f, u32 frames)
{
	attack_of(f)->most = frames;
}

void attack_patience(struct fx *f, u64 ns)
{
	attack_of(f)->patience_ns = ns;
}

u64 attack_canary(const struct fx *f)
{
	return attack_of(f)->back;
}

int attack_setup(void **state)
{
	fx_setup(state);
	attack_begin(*state);
	return 0;
}

int attack_setup_learned(void **state)
{
	fx_setup_learned(state);
	attack_begin(*state);
	return 0;
}

void attack_dies(struct fx *f, const void *frame, u32 len,
		 enum skb_drop_reason reason)
{
	fx_mark(f);
	fx_inject(f, frame, len);
	fx_assert_dropped(f, reason, 1);
	fx_expect_silence(f);
}
