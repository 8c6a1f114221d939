/* SPDX-License-Identifier: BSD-2-Clause */
/* The fixture of the protocols' unit tests: see fixture.h. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/dst.h"
#include "core/skbuff.h"
#include "ipv4/ip.h"
#include "lib/byteorder.h"
#include "lib/checksum.h"
#include "wire/ip_options.h"

#define FX_MAX_TURNS 100000	/* of a stack that never comes to rest */
#define FX_MAX_STEPS 10000000
#define FX_MAX_CUT 75		/* fx_vary(): beyond all headers */

const u8 fx_mac[ETH_ALEN] = { 2, 0, 0, 0, 0, 2 };
const u8 fx_peer_mac[ETH_ALEN] = { 2, 0, 0, 0, 0, 1 };
const u8 fx_stranger_mac[ETH_ALEN] = { 2, 0, 0, 0, 0, 9 };

/* A frame on one of the two queues. */
struct fx_frame {
	struct fx_frame *next;
	struct net_device *dev;
	u64 time_ns;
	u32 len;
	u8 data[];
};

/* ---- the environment ---------------------------------------------------- */

static u64 fx_env_now(void *opaque)
{
	return ((struct fx *)opaque)->now_ns;
}

/* The stack's time of day: midnight of 2024-01-01 and what has passed. */
static u64 fx_env_wall(void *opaque)
{
	return 1704067200ULL * FX_SEC + ((struct fx *)opaque)->now_ns;
}

/* xorshift64*: the same bytes in each run. */
static void fx_env_random(void *opaque, void *buf, size_t len)
{
	struct fx *f = opaque;
	u8 *p = buf;

	while (len--) {
		f->seed ^= f->seed >> 12;
		f->seed ^= f->seed << 25;
		f->seed ^= f->seed >> 27;
		*p++ = (u8)(f->seed * 0x2545f4914f6cdd1dULL >> 56);
	}
}

static void *fx_env_alloc(void *opaque, size_t size, size_t align)
{
	struct fx *f = opaque;
	void *p = aligned_alloc(align, (size + align - 1) & ~(align - 1));

	if (p) {
		memset(p, 0xa5, size);
		f->live++;
	}
	return p;
}

static void fx_env_free(void *opaque, void *p, size_t size)
{
	struct fx *f = opaque;

	memset(p, 0x5a, size);
	f->live--;
	free(p);
}

static void fx_env_log(void *opaque, int level, const char *line)
{
	struct fx *f = opaque;

	(void)level;
	strncpy(f->log, line, sizeof(f->log) - 1);
	f->nr_log++;
}

/* ---- the device ---------------------------------------------------------- */

static struct fx_frame *fx_frame_new(struct fx *f, struct net_device *dev,
				     u32 len)
{
	struct fx_frame *fr = malloc(sizeof(*fr) + len);

	assert_non_null(fr);
	fr->next = NULL;
	fr->dev = dev;
	fr->time_ns = f->now_ns;
	fr->len = len;
	return fr;
}

/* What a device that sums does: a driver's frame is complete on the wire. */
static void fx_fill_csum(const struct sk_buff *skb, u8 *frame)
{
	u32 start = skb->csum_start - skb_headroom(skb);
	__sum16 csum = csum_fold(csum_partial(frame + start, skb->len - start,
					      0));

	memcpy(frame + start + skb->csum_offset, &csum, sizeof(csum));
}

/* ndo_start_xmit: the frame is the test's to look at. */
static enum netdev_tx fx_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct fx *f = (*(struct fx_dev **)dev->priv)->f;
	struct fx_frame *fr = fx_frame_new(f, dev, skb->len);

	assert_int_equal(skb_copy_bits(skb, 0, fr->data, skb->len), 0);
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		fx_fill_csum(skb, fr->data);
	consume_skb(skb);
	if (f->watch && f->watch->sent(f->watch, f, fr->data, fr->len)) {
		free(fr);
		return NETDEV_TX_OK;
	}
	f->total_sent++;
	f->bytes_sent += fr->len;
	if (f->nr_sent >= FX_MAX_SENT) {
		free(fr);
		return NETDEV_TX_OK;
	}
	*f->sent_tail = fr;
	f->sent_tail = &fr->next;
	f->nr_sent++;
	return NETDEV_TX_OK;
}

/* Moves everything behind the first @cut bytes into fragments of @cut. */
static void fx_cut(struct sk_buff *skb, const u8 *data, u32 len, u32 cut)
{
	struct net *net = skb_net(skb);
	struct skb_shared_info *si;
	u32 at, n;

	n = cut < len ? cut : len;
	memcpy(skb_put(skb, n), data, n);
	for (at = n; at < len; at += n) {
		n = len - at < cut ? len - at : cut;
		if (skb->shinfo->nr_frags == MAX_SKB_FRAGS - 1)
			n = len - at;
		si = frame_alloc_heap(net, n);
		assert_non_null(si);
		memcpy(si->frame, data + at, n);
		assert_int_equal(skb_add_frag(skb, si, 0, n), 0);
	}
}

/* The next of all ways in which a frame may lie in memory: at each alignment
 * whole, then in pieces of ever more bytes. */
static void fx_vary(struct fx *f)
{
	f->rx_align = (f->rx_align + 1) % 8;
	if (f->rx_align)
		return;
	f->rx_cut = f->rx_cut ? f->rx_cut + 1 : ETH_HLEN;
	if (f->rx_cut > FX_MAX_CUT)
		f->rx_cut = 0;
}

/* A received frame as the test wants it to lie in memory. */
static struct sk_buff *fx_build_skb(struct fx *f, struct net_device *dev,
				    const struct fx_frame *fr)
{
	struct sk_buff *skb = napi_alloc_skb(dev, fr->len + 8);

	if (!skb)
		return NULL;
	if (f->rx_vary)
		fx_vary(f);
	skb_reserve(skb, f->rx_align);
	if (f->rx_cut)
		fx_cut(skb, fr->data, fr->len, f->rx_cut < ETH_HLEN ?
		       ETH_HLEN : f->rx_cut);
	else
		memcpy(skb_put(skb, fr->len), fr->data, fr->len);
	skb->ip_summed = f->rx_summed;
	return skb;
}

/* With GRO and without in turns, such that each alignment has both. Only
 * between two polls: a burst has the one or the other. */
static void fx_vary_gro(struct fx *f, struct net_device *dev)
{
	u32 n = f->nr_polls++;

	dev->features &= ~NETIF_F_GRO;
	if ((n ^ n >> 3) & 1)
		dev->features |= NETIF_F_GRO;
}

/* napi->poll: what was injected goes up. */
static int fx_poll(struct napi_struct *napi, int budget)
{
	struct fx_queue *q = container_of(napi, struct fx_queue, napi);
	struct fx_dev *d = q->d;
	struct fx_frame *fr;
	struct sk_buff *skb;
	int done = 0;

	if (d->f->rx_vary)
		fx_vary_gro(d->f, d->dev);
	while (done < budget && (fr = q->rx_head) != NULL) {
		q->rx_head = fr->next;
		if (!q->rx_head)
			q->rx_tail = &q->rx_head;
		skb = fx_build_skb(d->f, d->dev, fr);
		free(fr);
		done++;
		if (!skb)
			continue;
		skb->protocol = d->dev->hard_header_len ?
				eth_type_trans(skb, d->dev) :
				raw_ip_type_trans(skb, d->dev);
		skb->queue_mapping = (u16)q->nr;
		napi_gro_receive(napi, skb);
	}
	if (done < budget)
		napi_complete_done(napi, done);
	return done;
}

static int fx_dev_open(struct net_device *dev)
{
	struct fx_dev *d = *(struct fx_dev **)dev->priv;

	for (u32 i = 0; i < d->f->nr_softnets; i++)
		napi_enable(&d->queue[i].napi);
	return 0;
}

static int fx_dev_stop(struct net_device *dev)
{
	struct fx_dev *d = *(struct fx_dev **)dev->priv;

	for (u32 i = 0; i < d->f->nr_softnets; i++)
		napi_disable(&d->queue[i].napi);
	return 0;
}

static void fx_dev_uninit(struct net_device *dev)
{
	struct fx_dev *d = *(struct fx_dev **)dev->priv;

	for (u32 i = 0; i < d->f->nr_softnets; i++)
		netif_napi_del(&d->queue[i].napi);
}

static const struct net_device_ops fx_netdev_ops = {
	.ndo_open = fx_dev_open,
	.ndo_stop = fx_dev_stop,
	.ndo_start_xmit = fx_xmit,
	.ndo_uninit = fx_dev_uninit,
};

/* A queue for each softnet. */
static void fx_make_queues(struct fx_dev *d)
{
	d->dev->num_rx_queues = d->f->nr_softnets;
	for (u32 i = 0; i < d->f->nr_softnets; i++) {
		struct fx_queue *q = &d->queue[i];

		q->d = d;
		q->nr = i;
		q->rx_tail = &q->rx_head;
		netif_napi_add(d->dev, &q->napi, i, fx_poll);
	}
}

/* A device that @setup makes, up. */
static struct net_device *fx_make_dev(struct fx *f, const char *name,
				      const u8 *mac, const char *addr,
				      void (*setup)(struct net_device *dev))
{
	struct fx_dev *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	assert_true(f->nr_devs < FX_MAX_DEVS);
	f->devs[f->nr_devs++] = d;
	d->f = f;
	d->dev = alloc_netdev(f->net, sizeof(d), name, setup);
	assert_non_null(d->dev);
	*(struct fx_dev **)d->dev->priv = d;
	d->dev->netdev_ops = &fx_netdev_ops;
	if (mac)
		memcpy(d->dev->dev_addr, mac, ETH_ALEN);
	fx_make_queues(d);
	assert_int_equal(register_netdevice(d->dev), 0);
	assert_int_equal(dev_open(d->dev), 0);
	if (addr && inet_addr_add(d->dev, addr))
		fail_msg("%s", inet_strerror(f->net));
	return d->dev;
}

struct net_device *fx_add_dev(struct fx *f, const char *name, const u8 *mac,
			      const char *addr)
{
	return fx_make_dev(f, name, mac, addr, ether_setup);
}

struct net_device *fx_add_raw_dev(struct fx *f, const char *name,
				  const char *addr)
{
	return fx_make_dev(f, name, NULL, addr, raw_ip_setup);
}

static struct fx_dev *fx_dev_of(struct fx *f, const struct net_device *dev)
{
	for (u32 i = 0; i < f->nr_devs; i++)
		if (f->devs[i]->dev == dev)
			return f->devs[i];
	fail_msg("a device that is not the fixture's");
	return NULL;
}

/* ---- life ------------------------------------------------------------------ */

/* A stack with nothing but lo. */
static void fx_make_stack(struct fx *f, u32 nr_frames, u32 nr_softnets)
{
	struct inet_config cfg = {
		.size = sizeof(cfg), .mode = INET_SIMULATED,
		.env = &f->env, .nr_frames = nr_frames ? nr_frames : 2048,
		.nr_threads = nr_softnets, .name = "fixture",
	};

	memset(f, 0, sizeof(*f));
	f->env = (struct inet_env){
		.size = sizeof(f->env), .opaque = f, .now = fx_env_now,
		.wall = fx_env_wall, .random = fx_env_random,
		.alloc = fx_env_alloc, .free = fx_env_free, .log = fx_env_log,
	};
	f->now_ns = 1000 * FX_SEC;
	f->seed = 0x9e3779b97f4a7c15ULL;
	f->sent_tail = &f->sent_head;
	f->nr_softnets = nr_softnets;
	f->net = inet_create(&cfg);
	if (!f->net)
		fail_msg("inet_create: %s", inet_strerror(NULL));
}

void fx_open_bare(struct fx *f, u32 nr_frames)
{
	fx_make_stack(f, nr_frames, 1);
}

void fx_open(struct fx *f)
{
	fx_open_smp(f, 1);
}

void fx_open_smp(struct fx *f, u32 nr)
{
	assert_in_range(nr, 1, FX_MAX_QUEUES);
	fx_make_stack(f, 0, nr);
	f->dev = fx_add_dev(f, "test0", fx_mac, "10.0.0.2/24");
	fx_advance(f, 3 * FX_SEC);	/* both announcements */
	fx_flush(f);
	fx_mark(f);
}

/* Throws away what was injected and not polled. */
static void fx_forget(struct fx_queue *q)
{
	struct fx_frame *fr;

	while ((fr = q->rx_head) != NULL) {
		q->rx_head = fr->next;
		free(fr);
	}
}

void fx_close(struct fx *f)
{
	fx_run(f);
	if (f->watch)
		f->watch->end(f->watch, f);
	inet_destroy(f->net);
	f->net = NULL;
	assert_int_equal(f->live, 0);
	fx_flush(f);
	for (u32 i = 0; i < f->nr_devs; i++) {
		for (u32 k = 0; k < FX_MAX_QUEUES; k++)
			fx_forget(&f->devs[i]->queue[k]);
		free(f->devs[i]);
	}
}

int fx_setup(void **state)
{
	static struct fx own;

	if (!*state)
		*state = &own;
	fx_open(*state);
	return 0;
}

int fx_setup_learned(void **state)
{
	fx_setup(state);
	fx_learn(*state);
	return 0;
}

int fx_teardown(void **state)
{
	fx_close(*state);
	return 0;
}

/* ---- time ------------------------------------------------------------------ */

void fx_run(struct fx *f)
{
	u32 turns = 0;

	while (inet_next_timeout_ns(f->net) == 0) {
		assert_true(inet_run(f->net, 0) >= 0);
		assert_true(++turns < FX_MAX_TURNS);
	}
	if (f->watch)
		f->watch->ran(f->watch, f);
}

void fx_advance(struct fx *f, u64 ns)
{
	u64 end = f->now_ns + ns;
	u32 steps = 0;
	s64 next;

	fx_run(f);
	for (;;) {
		next = inet_next_timeout_ns(f->net);
		if (next < 0 || f->now_ns + (u64)next > end)
			break;
		f->now_ns += (u64)next;
		inet_run(f->net, 0);
		fx_run(f);
		assert_true(++steps < FX_MAX_STEPS);
	}
	f->now_ns = end;
	fx_run(f);
}

/* ---- the wire --------------------------------------------------------------- */

void fx_queue(struct fx *f, struct net_device *dev, const void *frame, u32 len)
{
	struct fx_queue *q = &fx_dev_of(f, dev)->queue[f->rx_queue];
	struct fx_frame *fr = fx_frame_new(f, dev, len);

	memcpy(fr->data, frame, len);
	f->total_queued++;
	f->bytes_queued += len;
	*q->rx_tail = fr;
	q->rx_tail = &fr->next;
	napi_schedule(&q->napi);
}

void fx_inject_on(struct fx *f, struct net_device *dev, const void *frame,
		  u32 len)
{
	fx_queue(f, dev, frame, len);
	fx_run(f);
}

void fx_inject(struct fx *f, const void *frame, u32 len)
{
	fx_inject_on(f, f->dev, frame, len);
}

/* Where the packet is to end: of a source route with hops left, its last. */
static __be32 fx_final_daddr(const struct iphdr *ip)
{
	struct ip_options_info info;
	__be32 daddr = ip->daddr;
	const u8 *srr;

	if (!ip_options_parse(ip + 1, ipv4_hdr_len(ip) - sizeof(*ip), &info) &&
	    info.next_hop) {
		srr = (const u8 *)ip + info.srr;
		memcpy(&daddr, srr + srr[IPOPT_OLEN] - sizeof(daddr),
		       sizeof(daddr));
	}
	return daddr;
}

/* The transport, its checksum verified. */
static void fx_parse_l4(struct fx_pkt *p)
{
	__wsum sum = csum_partial(p->l4, p->l4_len, 0);
	__be32 daddr = fx_final_daddr(p->ip);

	if (p->ip->protocol == IPPROTO_ICMP) {
		assert_true(p->l4_len >= ICMP_HLEN);
		assert_int_equal(csum_fold(sum), 0);
		p->icmp = (const void *)p->l4;
		p->data = p->l4 + ICMP_HLEN;
	} else if (p->ip->protocol == IPPROTO_UDP) {
		assert_true(p->l4_len >= UDP_HLEN);
		p->udp = (const void *)p->l4;
		if (p->udp->check)
			assert_int_equal(udp_v4_check(p->l4_len, p->ip->saddr,
						      daddr, sum), 0);
		p->data = p->l4 + UDP_HLEN;
	} else if (p->ip->protocol == IPPROTO_TCP) {
		assert_true(p->l4_len >= TCP_HLEN_MIN);
		assert_int_equal(tcp_v4_check(p->l4_len, p->ip->saddr, daddr,
					      sum), 0);
		p->tcp = (const void *)p->l4;
		assert_true(__tcp_hdrlen(p->tcp) >= TCP_HLEN_MIN &&
			    __tcp_hdrlen(p->tcp) <= p->l4_len);
		p->data = p->l4 + __tcp_hdrlen(p->tcp);
	}
	if (p->data)
		p->data_len = p->l4_len - (u32)(p->data - p->l4);
}

/* Takes a frame apart; the stack must have sent something well formed. */
static void fx_parse(struct fx_pkt *p)
{
	u32 head = p->dev->hard_header_len;
	struct ipv4_info info;

	assert_true(p->len >= head);
	p->proto = ETH_P_IP;
	if (head) {
		p->eth = (const void *)p->frame;
		p->proto = be16_to_cpu(p->eth->h_proto);
	}
	if (p->proto == ETH_P_ARP) {
		assert_int_equal(arp_parse(p->frame + head, p->len - head,
					   &p->arp), 0);
		return;
	}
	if (p->proto != ETH_P_IP)
		return;
	assert_int_equal(ipv4_parse(p->frame + head, p->len - head, &info), 0);
	p->ip = (const void *)(p->frame + head);
	p->ip_len = info.tot_len;
	p->l4 = p->frame + head + info.hdr_len;
	p->l4_len = (u32)info.tot_len - info.hdr_len;
	if (!ip_is_fragment(p->ip))
		fx_parse_l4(p);
}

bool fx_pop(struct fx *f, struct fx_pkt *p)
{
	struct fx_frame *fr = f->sent_head;

	if (!fr)
		return false;
	f->sent_head = fr->next;
	if (!f->sent_head)
		f->sent_tail = &f->sent_head;
	f->nr_sent--;
	memset(p, 0, offsetof(struct fx_pkt, frame));
	memset((u8 *)p + offsetof(struct fx_pkt, len), 0,
	       sizeof(*p) - offsetof(struct fx_pkt, len));
	assert_true(fr->len <= sizeof(p->frame));
	memcpy(p->frame, fr->data, fr->len);
	p->len = fr->len;
	p->dev = fr->dev;
	p->time_ns = fr->time_ns;
	free(fr);
	fx_parse(p);
	return true;
}

void fx_expect(struct fx *f, struct fx_pkt *p)
{
	if (!fx_pop(f, p))
		fail_msg("the stack sent nothing");
}

void fx_expect_silence(struct fx *f)
{
	struct fx_pkt *p;

	if (!f->sent_head)
		return;
	p = malloc(sizeof(*p));
	assert_non_null(p);
	fx_pop(f, p);
	fail_msg("the stack sent a frame of %u bytes, type %04x", p->len,
		 p->proto);
}

u32 fx_flush(struct fx *f)
{
	struct fx_frame *fr;
	u32 nr = 0;

	while ((fr = f->sent_head) != NULL) {
		f->sent_head = fr->next;
		free(fr);
		nr++;
	}
	f->sent_tail = &f->sent_head;
	f->nr_sent = 0;
	return nr;
}

/* ---- frames ------------------------------------------------------------------ */

u32 fx_build_ip(u8 *frame, const struct fx_ip *ip, const void *l4, u32 len)
{
	struct iphdr *iph = (struct iphdr *)(frame + ETH_HLEN);
	u32 hlen = IP_HLEN_MIN + ip->opt_len;

	eth_build(frame, ETH_HLEN, ip->dst_mac ? ip->dst_mac : fx_mac,
		  ip->src_mac ? ip->src_mac : fx_peer_mac,
		  cpu_to_be16(ETH_P_IP));
	memset(iph, 0, sizeof(*iph));
	iph->ver_ihl = ip->ver_ihl ? ip->ver_ihl : (u8)(0x40 | hlen / 4);
	iph->tos = ip->tos;
	iph->tot_len = cpu_to_be16(ip->tot_len ? ip->tot_len :
				   (u16)(hlen + len));
	iph->id = cpu_to_be16(ip->id);
	iph->frag_off = cpu_to_be16(ip->frag);
	iph->ttl = ip->ttl || ip->zero_ttl ? ip->ttl : 64;
	iph->protocol = ip->proto;
	iph->saddr = ip->saddr || ip->zero_saddr ? ip->saddr : FX_PEER;
	iph->daddr = ip->daddr || ip->zero_daddr ? ip->daddr : FX_IP;
	if (ip->opt_len)
		memcpy(iph + 1, ip->opt, ip->opt_len);
	if (len)
		memmove((u8 *)iph + hlen, l4, len);
	iph->check = csum_fold(csum_partial(iph, hlen, 0));
	if (ip->bad_csum)
		iph->check ^= 0x5555;
	memset((u8 *)iph + hlen + len, 0x5a, ip->pad);
	return ETH_HLEN + hlen + len + ip->pad;
}

/* Source and destination as fx_build_ip() will fill them in. */
static __be32 fx_saddr(const struct fx_ip *ip)
{
	return ip->saddr || ip->zero_saddr ? ip->saddr : FX_PEER;
}

static __be32 fx_daddr(const struct fx_ip *ip)
{
	return ip->daddr || ip->zero_daddr ? ip->daddr : FX_IP;
}

u32 fx_build_udp(u8 *frame, const struct fx_ip *ip, u16 sport, u16 dport,
		 const void *data, u32 len)
{
	struct fx_ip with = *ip;
	struct udphdr *uh = calloc(1, UDP_HLEN + len);
	u32 n;

	assert_non_null(uh);
	with.proto = IPPROTO_UDP;
	uh->source = cpu_to_be16(sport);
	uh->dest = cpu_to_be16(dport);
	uh->len = cpu_to_be16((u16)(UDP_HLEN + len));
	if (len)
		memcpy(uh + 1, data, len);
	uh->check = udp_mangle_zero(udp_v4_check(
		UDP_HLEN + len, fx_saddr(ip), fx_daddr(ip),
		csum_partial(uh, UDP_HLEN + len, 0)));
	n = fx_build_ip(frame, &with, uh, UDP_HLEN + len);
	free(uh);
	return n;
}

u32 fx_build_icmp(u8 *frame, const struct fx_ip *ip, u8 type, u8 code,
		  u32 rest, const void *data, u32 len)
{
	struct fx_ip with = *ip;
	struct icmphdr *ih = calloc(1, ICMP_HLEN + len);
	u32 n;

	assert_non_null(ih);
	with.proto = IPPROTO_ICMP;
	ih->type = type;
	ih->code = code;
	ih->un.gateway = cpu_to_be32(rest);
	if (len)
		memcpy(ih + 1, data, len);
	ih->checksum = ip_compute_csum(ih, ICMP_HLEN + len);
	n = fx_build_ip(frame, &with, ih, ICMP_HLEN + len);
	free(ih);
	return n;
}

u32 fx_build_tcp(u8 *frame, const struct fx_ip *ip,
		 const struct tcp_seg_info *seg, const void *opt, u32 opt_len,
		 const void *data, u32 len)
{
	u32 hlen = TCP_HLEN_MIN + opt_len, n;
	struct tcp_seg_info s = *seg;
	struct fx_ip with = *ip;
	u8 *b = calloc(1, hlen + len);

	assert_non_null(b);
	with.proto = IPPROTO_TCP;
	if (!s.hdr_len)
		s.hdr_len = (u8)hlen;
	assert_true(tcp_build(b, hlen, &s) > 0);
	if (opt_len)
		memcpy(b + TCP_HLEN_MIN, opt, opt_len);
	if (len)
		memcpy(b + hlen, data, len);
	((struct tcphdr *)b)->check = 0;
	((struct tcphdr *)b)->check = tcp_v4_check(
		hlen + len, fx_saddr(ip), fx_daddr(ip),
		csum_partial(b, hlen + len, 0));
	if (ip->bad_l4_csum)
		((struct tcphdr *)b)->check ^= 0x5555;
	n = fx_build_ip(frame, &with, b, hlen + len);
	free(b);
	return n;
}

u32 fx_build_arp(u8 *frame, const u8 *dst_mac, const u8 *src_mac,
		 const struct arp_info *arp)
{
	eth_build(frame, ETH_HLEN, dst_mac, src_mac, cpu_to_be16(ETH_P_ARP));
	memset(frame + ETH_HLEN, 0, ETH_ZLEN - ETH_HLEN);
	arp_build(frame + ETH_HLEN, ARP_HLEN, arp);
	return ETH_ZLEN;
}

void fx_arp_request(struct fx *f, __be32 sip, const u8 *sha, __be32 tip)
{
	struct arp_info a = { .op = ARPOP_REQUEST, .sip = sip, .tip = tip };
	u8 frame[ETH_ZLEN], all[ETH_ALEN];

	eth_broadcast_addr(all);
	ether_addr_copy(a.sha, sha);
	fx_inject(f, frame, fx_build_arp(frame, all, sha, &a));
}

void fx_arp_reply(struct fx *f, __be32 sip, const u8 *sha)
{
	struct arp_info a = { .op = ARPOP_REPLY, .sip = sip, .tip = FX_IP };
	u8 frame[ETH_ZLEN];

	ether_addr_copy(a.sha, sha);
	ether_addr_copy(a.tha, fx_mac);
	fx_inject(f, frame, fx_build_arp(frame, fx_mac, sha, &a));
}

void fx_learn(struct fx *f)
{
	if (inet_neigh_add(f->dev, "10.0.0.1 lladdr 02:00:00:00:00:01"))
		fail_msg("%s", inet_strerror(f->net));
}

int fx_send(struct fx *f, __be32 daddr, u8 proto, const void *data, u32 len)
{
	const struct ip_packet_info to = { .daddr = daddr, .protocol = proto };
	struct sk_buff *skb = alloc_skb(f->net, 64 + len);
	int err;

	assert_non_null(skb);
	skb_reserve(skb, 64);
	skb_reset_transport_header(skb);
	if (len)
		memcpy(skb_put(skb, len), data, len);
	err = ip_send_reply(f->net, skb, &to, NULL);
	fx_run(f);
	return err;
}

/* ---- counters ------------------------------------------------------------------ */

void fx_mark(struct fx *f)
{
	u32 i;

	for (i = 1; i < SKB_DROP_REASON_MAX; i++)
		f->drops[i] = net_drop_read(f->net, i);
	for (i = 0; i < MIB_MAX; i++)
		f->mib[i] = net_mib_read(f->net, i);
}

s64 fx_drop_delta(struct fx *f, enum skb_drop_reason reason)
{
	return (s64)(net_drop_read(f->net, reason) - f->drops[reason]);
}

s64 fx_mib_delta(struct fx *f, enum mib_counter id)
{
	return (s64)(net_mib_read(f->net, id) - f->mib[id]);
}

void fx_assert_dropped(struct fx *f, enum skb_drop_reason reason, u64 n)
{
	s64 delta;
	u32 i;

	for (i = 1; i < SKB_DROP_REASON_MAX; i++) {
		delta = fx_drop_delta(f, i);
		if (delta != (i == reason ? (s64)n : 0))
			fail_msg("%lld packets died of %s, wanted %lld",
				 (long long)delta, skb_drop_reason_name(i),
				 i == reason ? (long long)n : 0);
	}
	fx_mark(f);
}

void fx_assert_no_drops(struct fx *f)
{
	fx_assert_dropped(f, SKB_NOT_DROPPED_YET, 0);
}

void fx_assert_no_skbs(struct fx *f)
{
	assert_int_equal(skb_pool_used(f->net), 0);
	assert_int_equal(frame_pool_used(f->net), 0);
}

void fx_sysctl(struct fx *f, const char *name, const char *value)
{
	if (inet_sysctl_set(f->net, name, value))
		fail_msg("%s=%s: %s", name, value, inet_strerror(f->net));
}

const char *fx_show(struct fx *f, int (*show)(struct net *net, FILE *out))
{
	static char text[16384];
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_non_null(out);
	assert_int_equal(show(f->net, out), 0);
	fclose(out);
	return text;
}
