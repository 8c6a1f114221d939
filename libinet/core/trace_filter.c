/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which packets a trace is of. A packet is judged where it enters a road and
 * enough of it is known: as a frame in eth_type_trans() and dev_queue_xmit(),
 * by its socket in ip_queue_xmit(), by its IP header in ip_local_out(). One
 * that is taken carries a mark, which its clones inherit.
 */
#include "core/trace_filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/dst.h"
#include "core/net.h"
#include "core/skbuff.h"
#include "core/sock.h"
#include "lib/byteorder.h"
#include "wire/arp.h"
#include "wire/eth.h"
#include "wire/ipv4.h"

#define FILTER_MAX_TEXT 256
#define PORTS_LEN 4

/* ---- the words -------------------------------------------------------- */

static const struct kind {
	const char *word;
	u16 ethertype;
	u8 protocol;
} kinds[] = {
	{ "arp", ETH_P_ARP, 0 },
	{ "ip", ETH_P_IP, 0 },
	{ "icmp", ETH_P_IP, IPPROTO_ICMP },
	{ "tcp", ETH_P_IP, IPPROTO_TCP },
	{ "udp", ETH_P_IP, IPPROTO_UDP },
};

/* "tcp", besides what stands before it: 0; -EINVAL: no packet is both; 1: @word
 * is no kind. */
static int parse_kind(const char *word, struct trace_filter *f)
{
	const struct kind *k = kinds;

	while (k < kinds + ARRAY_SIZE(kinds) && strcmp(word, k->word))
		k++;
	if (k == kinds + ARRAY_SIZE(kinds))
		return 1;
	if ((f->ethertype && f->ethertype != k->ethertype) ||
	    (f->protocol && k->protocol && f->protocol != k->protocol))
		return -EINVAL;
	f->ethertype = k->ethertype;
	if (k->protocol)
		f->protocol = k->protocol;
	return 0;
}

/* A number of 1 to @max, or 0. */
static u64 parse_number(const char *text, u64 max)
{
	char *end;
	u64 n = strtoull(text, &end, 10);

	return *end || *text < '0' || *text > '9' || n > max ? 0 : n;
}

/* "port 80": 0, -EINVAL, -ENODEV; -EEXIST: it was said before; 1: @word is
 * none that has a value. */
static int parse_pair(struct net *net, const char *word, const char *value,
		      struct trace_filter *f)
{
	const struct {
		const char *word;
		__be32 *addr;
		u16 *port;
	} fields[] = {
		{ "src", &f->saddr, NULL }, { "dst", &f->daddr, NULL },
		{ "host", &f->host, NULL }, { "sport", NULL, &f->sport },
		{ "dport", NULL, &f->dport }, { "port", NULL, &f->port },
	};
	struct net_device *dev;
	u32 i;

	if (!strcmp(word, "dev")) {
		if (f->ifindex)
			return -EEXIST;
		dev = dev_get_by_name(net, value);
		if (!dev)
			return -ENODEV;
		f->ifindex = dev->ifindex;
		dev_put(dev);
		return 0;
	}
	if (!strcmp(word, "next")) {
		if (f->limited)
			return -EEXIST;
		f->limited = true;
		f->left = parse_number(value, U32_MAX);
		return f->left ? 0 : -EINVAL;
	}
	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		if (strcmp(word, fields[i].word))
			continue;
		if (fields[i].addr ? *fields[i].addr : *fields[i].port)
			return -EEXIST;
		if (fields[i].addr)
			return inet_pton(AF_INET, value, fields[i].addr) == 1 &&
			       *fields[i].addr ? 0 : -EINVAL;
		*fields[i].port = (u16)parse_number(value, U16_MAX);
		return *fields[i].port ? 0 : -EINVAL;
	}
	return 1;
}

/* What is wrong with the value of @word, by what parse_pair() made of it. */
static const char *wrong_value(const char *word, int err)
{
	if (err == -EEXIST)
		return "said twice";
	if (err == -ENODEV)
		return "no such device";
	if (strstr(word, "port"))
		return "a number from 1 to 65535 is wanted";
	return strcmp(word, "next") ? "an address is wanted, A.B.C.D" :
				      "a number from 1 to 4294967295 is wanted";
}

int trace_filter_parse(struct net *net, const char *text,
		       struct trace_filter *f)
{
	char copy[FILTER_MAX_TEXT], *word, *value, *save;
	int err;

	memset(f, 0, sizeof(*f));
	if (!text || !*text)
		return 0;
	if (strlen(text) >= sizeof(copy))
		return net_error(net, -EINVAL, "trace filter: longer than %u",
				 FILTER_MAX_TEXT - 1);
	strcpy(copy, text);
	for (word = strtok_r(copy, " \t", &save); word;
	     word = strtok_r(NULL, " \t", &save)) {
		f->on = true;
		err = parse_kind(word, f);
		if (err < 0)
			return net_error(net, err, "trace filter: '%s': no "
					 "packet is both this and what stands "
					 "before it", word);
		if (!err)
			continue;
		value = strtok_r(NULL, " \t", &save);
		err = parse_pair(net, word, value ? value : "", f);
		if (err > 0)
			return net_error(net, -EINVAL, "trace filter: '%s' is "
					 "none of arp ip icmp tcp udp, dev NAME, "
					 "src dst host ADDRESS, sport dport "
					 "port next NUMBER", word);
		if (err)
			return net_error(net, err == -ENODEV ? err : -EINVAL,
					 "trace filter: %s '%s': %s", word,
					 value ? value : "",
					 wrong_value(word, err));
	}
	return 0;
}

/* ---- what is known of a packet ------------------------------------------ */

struct flow {
	int ifindex;
	u16 ethertype;
	u8 protocol;
	__be32 saddr, daddr;
	u16 sport, dport;
};

/* From the IP header at @off. */
static void flow_of_ip(const struct sk_buff *skb, u32 off, struct flow *flow)
{
	struct iphdr iph;
	u8 ports[PORTS_LEN];

	flow->ethertype = ETH_P_IP;
	if (skb_copy_bits(skb, off, &iph, sizeof(iph)))
		return;
	flow->protocol = iph.protocol;
	flow->saddr = iph.saddr;
	flow->daddr = iph.daddr;
	if ((iph.protocol != IPPROTO_TCP && iph.protocol != IPPROTO_UDP) ||
	    be16_to_cpu(iph.frag_off) & IP_OFFSET ||
	    skb_copy_bits(skb, off + ipv4_hdr_len(&iph), ports, sizeof(ports)))
		return;
	flow->sport = (u16)(ports[0] << 8 | ports[1]);
	flow->dport = (u16)(ports[2] << 8 | ports[3]);
}

/* From a packet without a link header. */
static bool flow_of_raw_ip(const struct sk_buff *skb, struct flow *flow)
{
	flow->ifindex = skb->dev ? skb->dev->ifindex : 0;
	if (skb_headlen(skb) && skb->data[0] >> 4 == 4)
		flow_of_ip(skb, 0, flow);
	return true;
}

/* From an Ethernet frame, or what its device has instead. */
static bool flow_of_frame(const struct sk_buff *skb, struct flow *flow)
{
	u8 eth[ETH_HLEN], bytes[ARP_HLEN];
	struct arp_info arp;

	if (skb->dev && !skb->dev->hard_header_len)
		return flow_of_raw_ip(skb, flow);
	if (skb_copy_bits(skb, 0, eth, sizeof(eth)))
		return false;
	flow->ifindex = skb->dev ? skb->dev->ifindex : 0;
	flow->ethertype = (u16)(eth[12] << 8 | eth[13]);
	if (flow->ethertype == ETH_P_IP) {
		flow_of_ip(skb, ETH_HLEN, flow);
	} else if (flow->ethertype == ETH_P_ARP &&
		   !skb_copy_bits(skb, ETH_HLEN, bytes, sizeof(bytes)) &&
		   !arp_parse(bytes, sizeof(bytes), &arp)) {
		flow->saddr = arp.sip;
		flow->daddr = arp.tip;
	}
	return true;
}

/* The device that its route leads to. */
static int route_ifindex(const struct sk_buff *skb)
{
	const struct dst_entry *dst = skb_dst(skb);

	return dst && dst->dev ? dst->dev->ifindex : 0;
}

/* A packet for which IP has no header yet: from its socket. */
static bool flow_of_socket(const struct sk_buff *skb, struct flow *flow)
{
	const struct sock *sk = skb->sk;

	if (!sk || sk->sk_family != AF_INET)
		return false;
	*flow = (struct flow){
		.ifindex = sk->sk_dst_cache && sk->sk_dst_cache->dev ?
			   sk->sk_dst_cache->dev->ifindex : 0,
		.ethertype = ETH_P_IP, .protocol = IPPROTO_TCP,
		.saddr = sk->sk_rcv_saddr, .daddr = sk->sk_daddr,
		.sport = sk->sk_num, .dport = be16_to_cpu(sk->sk_dport),
	};
	return true;
}

static bool flow_of_header(const struct sk_buff *skb, struct flow *flow)
{
	flow->ifindex = route_ifindex(skb);
	flow_of_ip(skb, (u32)skb_network_offset(skb), flow);
	return true;
}

static const struct {
	const char *station;
	bool (*flow)(const struct sk_buff *skb, struct flow *flow);
} judges[] = {
	{ "eth_type_trans", flow_of_frame },
	{ "raw_ip_type_trans", flow_of_raw_ip },
	{ "ip_queue_xmit", flow_of_socket },
	{ "ip_local_out", flow_of_header },
	{ "dev_queue_xmit", flow_of_frame },
};

/* ---- judging ------------------------------------------------------------- */

static bool flow_fits(const struct trace_filter *f, const struct flow *flow)
{
	return (!f->ifindex || f->ifindex == flow->ifindex) &&
	       (!f->ethertype || f->ethertype == flow->ethertype) &&
	       (!f->protocol || f->protocol == flow->protocol) &&
	       (!f->saddr || f->saddr == flow->saddr) &&
	       (!f->daddr || f->daddr == flow->daddr) &&
	       (!f->host || f->host == flow->saddr || f->host == flow->daddr) &&
	       (!f->sport || f->sport == flow->sport) &&
	       (!f->dport || f->dport == flow->dport) &&
	       (!f->port || f->port == flow->sport || f->port == flow->dport);
}

/* One more packet, if there may be one. */
static bool filter_charge(struct trace_filter *f)
{
	u64 left = __atomic_load_n(&f->left, __ATOMIC_RELAXED);

	do {
		if (f->limited && !left)
			return false;
	} while (f->limited &&
		 !__atomic_compare_exchange_n(&f->left, &left, left - 1, false,
					      __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return true;
}

bool trace_filter_takes(struct trace_filter *f, const struct sk_buff *skb,
			const char *station)
{
	struct flow flow = { 0 };
	u32 i;

	if (!f->on)
		return true;
	if (!skb || skb->traced)
		return skb;
	for (i = 0; i < ARRAY_SIZE(judges); i++)
		if (!strcmp(station, judges[i].station))
			break;
	if (i == ARRAY_SIZE(judges) || !judges[i].flow(skb, &flow) ||
	    !flow_fits(f, &flow) || !filter_charge(f))
		return false;
	((struct sk_buff *)(uintptr_t)skb)->traced = 1;
	return true;
}
