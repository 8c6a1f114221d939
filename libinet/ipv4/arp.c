/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ARP: from IPv4 addresses to Ethernet addresses (RFC 826), and what keeps two
 * hosts from using one address (RFC 5227).
 *
 * Theory of operation. The states are neighbour.c's; here is what is asked,
 * answered and believed.
 *
 * Believed: an ARP packet of a known sender changes his entry (RFC 826's merge
 * rule), but a known address only after `locktime`, so that of several answers
 * the first counts; a request for us creates an entry for a sender who is on
 * the link; nothing else creates one (arp_accept 1: announcements too). Only an
 * answer that was asked for makes an entry REACHABLE. Senders with addresses
 * that nobody may own are dropped.
 *
 * Answered: requests for an address of ours, as arp_ignore allows. Not answered:
 * RARP, InARP, anything broadcast that is no request.
 *
 * Conflicts: somebody else's packet with our address as its sender is counted,
 * logged and answered by one announcement, at most every DEFEND_INTERVAL (RFC
 * 5227 2.4 (c); arp_defend 0: never). A new address, or a device that comes up,
 * is announced twice (2.3); addresses are used at once, as Linux does.
 */
#include "ipv4/arp.h"

#include <errno.h>
#include <string.h>

#include <inet/control.h>

#include "core/dst.h"
#include "ipv4/devinet.h"
#include "ipv4/fib.h"
#include "ipv4/ip.h"
#include "lib/hex.h"
#include "wire/arp.h"
#include "wire/eth.h"

#define NSEC_PER_SEC 1000000000ULL
#define ANNOUNCE_NUM 2				/* RFC 5227 1.1 */
#define ANNOUNCE_INTERVAL_NS (2 * NSEC_PER_SEC)
#define DEFEND_INTERVAL_NS (10 * NSEC_PER_SEC)

static void arp_solicit(struct neighbour *n, struct sk_buff *skb);
static void arp_error_report(struct neighbour *n, struct sk_buff *skb);

static const struct neigh_ops arp_neigh_ops = {
	.solicit = arp_solicit,
	.error_report = arp_error_report,
};

static __be32 neigh_addr(const struct neighbour *n)
{
	__be32 addr;

	memcpy(&addr, n->primary_key, sizeof(addr));
	return addr;
}

/* ---- entries ----------------------------------------------------------- */

/* A new entry: most need asking, some addresses say it themselves. */
static int arp_constructor(struct neighbour *n)
{
	struct net_device *dev = n->dev;
	__be32 addr = neigh_addr(n);

	if (!rcu_access_pointer(dev->ip_ptr))
		return -EINVAL;
	n->ops = &arp_neigh_ops;
	n->type = inet_dev_addr_type(dev_net(dev), dev, addr);
	n->output = neigh_resolve_output;
	if (!dev->header_ops) {
		n->nud_state = NUD_NOARP;
		n->output = neigh_direct_output;
		return 0;
	}
	if (n->type == RTN_MULTICAST) {
		ip_eth_mc_map(addr, n->ha);
	} else if (READ_ONCE(dev->flags) & (NETDEV_IFF_NOARP | NETDEV_IFF_LOOPBACK)) {
		dev_addr_copy(n->ha, dev, dev->addr_len);
	} else if (n->type == RTN_BROADCAST ||
		   READ_ONCE(dev->flags) & NETDEV_IFF_POINTOPOINT) {
		memcpy(n->ha, dev->broadcast, dev->addr_len);
	} else {
		return 0;
	}
	n->nud_state = NUD_NOARP;
	n->output = neigh_connected_output;
	return 0;
}

/* ---- sending ----------------------------------------------------------- */

void arp_send(struct net_device *dev, u16 op, __be32 dest_ip, __be32 src_ip,
	      const u8 *dest_hw, const u8 *target_hw)
{
	struct net *net = dev_net(dev);
	struct arp_info info = { .op = op, .sip = src_ip, .tip = dest_ip };
	struct sk_buff *skb;

	NET_ROAD(net, NULL);
	if (READ_ONCE(dev->flags) & NETDEV_IFF_NOARP || !dev->header_ops ||
	    !netif_running(dev))
		return;
	skb = alloc_skb(net, LL_RESERVED_SPACE(dev) + ARP_HLEN);
	if (!skb)
		return;
	dev_addr_copy(info.sha, dev, ETH_ALEN);
	if (target_hw)
		ether_addr_copy(info.tha, target_hw);
	skb_reserve(skb, LL_RESERVED_SPACE(dev));
	skb_reset_network_header(skb);
	arp_build(skb_put(skb, ARP_HLEN), ARP_HLEN, &info);
	skb->dev = dev;
	skb->protocol = cpu_to_be16(ETH_P_ARP);
	if (dev_hard_header(skb, dev, ETH_P_ARP,
			    dest_hw ? dest_hw : dev->broadcast, NULL,
			    skb->len) < 0) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return;
	}
	if (op == ARPOP_REQUEST)
		NET_INC_STATS(net, ARP_OUTREQUESTS);
	else
		NET_INC_STATS(net, ARP_OUTREPLIES);
	dev_queue_xmit(skb);
}

/* The source to ask with: the packet's own where arp_announce lets us. */
static __be32 arp_source(struct neighbour *n, struct sk_buff *skb)
{
	struct net *net = dev_net(n->dev);
	__be32 saddr = 0, target = neigh_addr(n);
	s32 announce = READ_ONCE(net->ipv4.sysctl_arp_announce);

	if (skb && skb->protocol == cpu_to_be16(ETH_P_IP) && announce < 2 &&
	    pskb_may_pull(skb, sizeof(struct iphdr)))
		saddr = ip_hdr(skb)->saddr;
	if (saddr && inet_addr_type(net, saddr) != RTN_LOCAL)
		saddr = 0;
	/* 1: only a source of the target's network */
	if (saddr && announce == 1 && !inet_addr_onlink(n->dev, target, saddr))
		saddr = 0;
	return saddr ? saddr : inet_select_addr(n->dev, target, RT_SCOPE_LINK);
}

/* neigh_ops.solicit: the first requests of a known entry go to its address,
 * the others to all (RFC 1122 2.3.2.1). */
static void arp_solicit(struct neighbour *n, struct sk_buff *skb)
{
	const struct neigh_parms *p = n->tbl->parms;
	struct net_device *dev = n->dev;
	u8 ha[MAX_ADDR_LEN];
	__be32 saddr;

	NET_ROAD(dev_net(dev), skb);
	rcu_read_lock(&dev_net(dev)->rcu);
	saddr = arp_source(n, skb);
	rcu_read_unlock(&dev_net(dev)->rcu);
	if (!saddr)
		return;
	if (n->probes < (u32)p->ucast_probes &&
	    READ_ONCE(n->nud_state) & NUD_VALID) {
		neigh_ha_snapshot(ha, n);
		arp_send(dev, ARPOP_REQUEST, neigh_addr(n), saddr, ha, NULL);
		return;
	}
	arp_send(dev, ARPOP_REQUEST, neigh_addr(n), saddr, NULL, NULL);
}

/* neigh_ops.error_report. */
static void arp_error_report(struct neighbour *n, struct sk_buff *skb)
{
	struct net *net = n->tbl->net;

	rcu_read_lock(&net->rcu);
	ipv4_link_failure(skb);
	rcu_read_unlock(&net->rcu);
}

/* ---- announcements ------------------------------------------------------ */

/* "I am here": a request for our own address (RFC 5227 2.3). */
static void arp_announce(const struct in_ifaddr *ifa)
{
	arp_send(ifa->ifa_dev->dev, ARPOP_REQUEST, ifa->ifa_local,
		 ifa->ifa_local, NULL, NULL);
}

static void arp_announce_timer(struct timer_list *t)
{
	struct in_ifaddr *ifa = from_timer(ifa, t, announce_timer);
	struct net *net = dev_net(ifa->ifa_dev->dev);

	arp_announce(ifa);
	if (--ifa->announces_left)
		mod_timer(net_wheel(net), t,
			  net_now(net) + ANNOUNCE_INTERVAL_NS);
}

void arp_ifa_init(struct in_ifaddr *ifa)
{
	timer_setup(&ifa->announce_timer, arp_announce_timer);
}

void arp_announce_start(struct in_ifaddr *ifa)
{
	struct net_device *dev = ifa->ifa_dev->dev;
	struct net *net = dev_net(dev);

	if (READ_ONCE(dev->flags) & (NETDEV_IFF_NOARP | NETDEV_IFF_LOOPBACK) ||
	    !dev->header_ops || !READ_ONCE(net->ipv4.sysctl_arp_notify))
		return;
	del_timer_sync(&ifa->announce_timer);
	ifa->announces_left = ANNOUNCE_NUM - 1;
	arp_announce(ifa);
	mod_timer(net_wheel(net), &ifa->announce_timer,
		  net_now(net) + ANNOUNCE_INTERVAL_NS);
}

void arp_announce_stop(struct in_ifaddr *ifa)
{
	del_timer_sync(&ifa->announce_timer);
}

/* ---- receiving ---------------------------------------------------------- */

/* An ARP packet being looked at. */
struct arp_in {
	struct net *net;
	struct net_device *dev;
	const struct sk_buff *skb;
	struct arp_info a;
};

/* May a host have this address? */
static bool arp_addr_is_host(__be32 addr)
{
	return !ipv4_is_this_network(addr) && !ipv4_is_multicast(addr) &&
	       !ipv4_is_class_e(addr) && !ipv4_is_loopback(addr);
}

/* Why the packet is not to be believed at all, or SKB_NOT_DROPPED_YET. */
static enum skb_drop_reason arp_check(const struct arp_in *in)
{
	const struct arp_info *a = &in->a;

	if (a->op != ARPOP_REQUEST && a->op != ARPOP_REPLY)
		return SKB_DROP_REASON_ARP_INVALID;
	if (!is_valid_ether_addr(a->sha))
		return SKB_DROP_REASON_ARP_MARTIAN;
	if (a->sip && !arp_addr_is_host(a->sip))
		return SKB_DROP_REASON_ARP_MARTIAN;
	if (!arp_addr_is_host(a->tip))
		return SKB_DROP_REASON_ARP_MARTIAN;
	if (a->sip && inet_addr_type(in->net, a->sip) == RTN_BROADCAST)
		return SKB_DROP_REASON_ARP_MARTIAN;
	/* A reply without a sender says nothing. */
	if (!a->sip && a->op != ARPOP_REQUEST)
		return SKB_DROP_REASON_ARP_MARTIAN;
	return SKB_NOT_DROPPED_YET;
}

/*
 * The sender claims an address of ours (RFC 5227 2.4): defend it, seldom. Our
 * own packets come back on some links and mean nothing.
 */
static bool arp_conflict(const struct arp_in *in)
{
	struct in_ifaddr *ifa;
	u64 now;

	ifa = in->a.sip ? inet_lookup_ifaddr_rcu(in->net, in->a.sip) : NULL;
	if (!ifa || ifa->ifa_dev->dev != in->dev)
		return ifa != NULL;
	if (dev_addr_equal(in->dev, in->a.sha))
		return true;
	NET_INC_STATS(in->net, ARP_CONFLICTS);
	net_warn_ratelimited(&in->net->log,
			     "%s: %02x:%02x:%02x:%02x:%02x:%02x uses our address",
			     in->dev->name, in->a.sha[0], in->a.sha[1],
			     in->a.sha[2], in->a.sha[3], in->a.sha[4],
			     in->a.sha[5]);
	now = net_now(in->net);
	if (!READ_ONCE(in->net->ipv4.sysctl_arp_defend) ||
	    (ifa->defended_ns && now - ifa->defended_ns < DEFEND_INTERVAL_NS))
		return true;
	ifa->defended_ns = now;
	arp_announce(ifa);
	return true;
}

/* May this device answer for @tip? (arp_ignore) */
static bool arp_may_answer(const struct arp_in *in)
{
	const struct in_ifaddr *ifa;

	if (inet_addr_type(in->net, in->a.tip) != RTN_LOCAL)
		return false;
	ifa = inet_lookup_ifaddr_rcu(in->net, in->a.tip);
	switch (READ_ONCE(in->net->ipv4.sysctl_arp_ignore)) {
	case 1:		/* only addresses of this device */
		return ifa && ifa->ifa_dev->dev == in->dev;
	case 2:		/* and only to askers of the same network */
		return ifa && ifa->ifa_dev->dev == in->dev &&
		       inet_ifa_match(in->a.sip, ifa);
	case 3:		/* only addresses that are not of this host alone */
		return ifa && ifa->ifa_scope != RT_SCOPE_HOST;
	case 8:		/* none */
		return false;
	default:
		return true;
	}
}

/* Is the sender a neighbour by this device, as the tables see it? */
static bool arp_sender_on_link(const struct arp_in *in)
{
	struct flowi4 fl4 = { .daddr = in->a.sip, .oif = in->dev->ifindex };
	struct fib_result res;

	return fib_lookup(in->net, &fl4, &res, 0) == 0 &&
	       res.type == RTN_UNICAST && !res.fi->nh.gw;
}

/* A known neighbour has another address now. */
static void arp_note_change(const struct arp_in *in, const u8 *old)
{
	const u8 *sha = in->a.sha;
	char text[INET_ADDR_STRLEN];

	NET_INC_STATS(in->net, ARP_CHANGED);
	net_warn_ratelimited(&in->net->log,
			     "%s: %s moved from %02x:%02x:%02x:%02x:%02x:%02x "
			     "to %02x:%02x:%02x:%02x:%02x:%02x",
			     in->dev->name, inet_addr_print(in->a.sip, text),
			     old[0], old[1], old[2], old[3], old[4], old[5],
			     sha[0], sha[1], sha[2], sha[3], sha[4], sha[5]);
}

/* Tells the entry of the sender what this packet says. */
static void arp_merge(const struct arp_in *in, struct neighbour *n)
{
	const struct neigh_parms *p = n->tbl->parms;
	u8 old[MAX_ADDR_LEN], state = NUD_STALE, was;
	u64 lock = (u64)READ_ONCE(p->locktime_ms) * 1000000;
	u32 flags = 0;
	bool known;

	was = READ_ONCE(n->nud_state);
	known = was & NUD_VALID;
	neigh_ha_snapshot(old, n);
	if (net_now(in->net) - READ_ONCE(n->updated_ns) > lock)
		flags = NEIGH_UPDATE_F_OVERRIDE;
	/* Only an answer that was asked for, to us alone, confirms. */
	if (in->a.op == ARPOP_REPLY && in->skb->pkt_type == SKB_PACKET_HOST &&
	    was & (NUD_INCOMPLETE | NUD_PROBE | NUD_DELAY))
		state = NUD_REACHABLE;
	else if (known && ether_addr_equal(old, in->a.sha))
		return;
	if (neigh_update(n, in->a.sha, state, flags) == 0 && known && flags &&
	    !ether_addr_equal(old, in->a.sha))
		arp_note_change(in, old);
}

/* Finds, or, if @create, makes the sender's entry and merges. */
static void arp_learn(const struct arp_in *in, bool create)
{
	struct neigh_table *tbl = in->net->ipv4.arp_tbl;
	struct neighbour *n = neigh_lookup(tbl, &in->a.sip, in->dev);

	if (!n && create && arp_sender_on_link(in))
		n = neigh_create(tbl, &in->a.sip, in->dev);
	if (!n)
		return;
	arp_merge(in, n);
	neigh_release(n);
}

/* Is it an announcement: the sender speaks of himself? */
static bool arp_is_announcement(const struct arp_info *a)
{
	return a->sip == a->tip;
}

/* A checked packet. Context: RCU. */
static void arp_process(const struct arp_in *in)
{
	const struct arp_info *a = &in->a;
	bool for_us;

	NET_ROAD(in->net, in->skb);
	if (a->op == ARPOP_REQUEST)
		NET_INC_STATS(in->net, ARP_INREQUESTS);
	else
		NET_INC_STATS(in->net, ARP_INREPLIES);
	if (arp_conflict(in))
		return;
	for_us = a->op == ARPOP_REQUEST && arp_may_answer(in);
	if (a->sip)
		arp_learn(in, for_us || (arp_is_announcement(a) &&
					 READ_ONCE(in->net->ipv4.sysctl_arp_accept)));
	/* A probe (sender 0) is answered too: that defends (RFC 5227 2.1.1) */
	if (for_us)
		arp_send(in->dev, ARPOP_REPLY, a->sip, a->tip, a->sha, a->sha);
}

/* packet_type.func of ETH_P_ARP. */
int arp_rcv(struct sk_buff *skb, struct net_device *dev,
	    struct packet_type *pt, struct net_device *orig_dev)
{
	enum skb_drop_reason reason = SKB_DROP_REASON_ARP_INVALID;
	struct arp_in in = { .net = dev_net(dev), .dev = dev, .skb = skb };
	u8 bytes[ARP_HLEN];

	(void)pt;
	(void)orig_dev;
	NET_ROAD(in.net, skb);
	if (READ_ONCE(dev->flags) & (NETDEV_IFF_NOARP | NETDEV_IFF_LOOPBACK) ||
	    !rcu_access_pointer(dev->ip_ptr))
		goto drop;
	if (skb->pkt_type == SKB_PACKET_OTHERHOST) {
		reason = SKB_DROP_REASON_OTHERHOST;
		goto drop;
	}
	if (skb_copy_bits(skb, 0, bytes, sizeof(bytes)) ||
	    arp_parse(bytes, sizeof(bytes), &in.a))
		goto drop;
	reason = arp_check(&in);
	if (reason)
		goto drop;
	arp_process(&in);
	consume_skb(skb);
	return NET_RX_SUCCESS;
drop:
	kfree_skb_reason(skb, reason);
	return NET_RX_DROP;
}

/* ---- devices ------------------------------------------------------------ */

void arp_ifdown(struct net_device *dev)
{
	if (dev_net(dev)->ipv4.arp_tbl)
		neigh_ifdown(dev_net(dev)->ipv4.arp_tbl, dev);
}

/* Another link address: neighbours are asked again and told ours. */
void arp_changeaddr(struct net_device *dev)
{
	struct in_device *in_dev = dev->ip_ptr;
	struct in_ifaddr *ifa;

	if (dev_net(dev)->ipv4.arp_tbl)
		neigh_changeaddr(dev_net(dev)->ipv4.arp_tbl, dev);
	if (in_dev && netif_running(dev))
		for (ifa = in_dev->ifa_list; ifa; ifa = ifa->ifa_next)
			arp_announce_start(ifa);
}

/* ---- the public calls --------------------------------------------------- */

static int neigh_syntax(struct net_device *dev, const char *text)
{
	return net_error(dev_net(dev), -EINVAL,
			 "%s: \"%s\" is not a neighbour (A.B.C.D lladdr "
			 "XX:XX:XX:XX:XX:XX, then perhaps nud "
			 "permanent|reachable|stale)",
			 dev->name, text);
}

/* "02:00:00:00:00:09" */
static int parse_mac(const char *text, u8 *mac)
{
	int i, hi, lo;

	for (i = 0; i < ETH_ALEN; i++) {
		hi = hex_to_bin(text[3 * i]);
		if (hi < 0)
			return -EINVAL;
		lo = hex_to_bin(text[3 * i + 1]);
		if (lo < 0 || text[3 * i + 2] != (i == ETH_ALEN - 1 ? 0 : ':'))
			return -EINVAL;
		mac[i] = (u8)(hi << 4 | lo);
	}
	return 0;
}

/* The name of a neighbour state, as ip-neighbour(8) spells it. */
static int parse_nud(const char *word, u8 *nud)
{
	static const struct {
		const char *name;
		u8 nud;
	} states[] = {
		{ "permanent", NUD_PERMANENT }, { "reachable", NUD_REACHABLE },
		{ "stale", NUD_STALE }, { "noarp", NUD_NOARP },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(states); i++)
		if (strcmp(word, states[i].name) == 0) {
			*nud = states[i].nud;
			return 0;
		}
	return -EINVAL;
}

/* "10.0.0.9 lladdr 02:00:00:00:00:09 nud permanent"; a deletion needs only the
 * address. */
static int neigh_parse(struct net_device *dev, const char *text, bool adding,
		       __be32 *addr, u8 *mac)
{
	char copy[128], *words[8];
	bool has_mac = false;
	u8 nud = NUD_PERMANENT;
	int nr, i, plen;

	if (strlen(text) >= sizeof(copy))
		return neigh_syntax(dev, "…");
	memcpy(copy, text, strlen(text) + 1);
	nr = inet_split_words(copy, words, ARRAY_SIZE(words));
	if (nr < 1 || inet_parse_prefix(words[0], addr, &plen) || plen != -1)
		return neigh_syntax(dev, text);
	for (i = 1; i + 1 < nr; i += 2) {
		if (strcmp(words[i], "lladdr") == 0 &&
		    parse_mac(words[i + 1], mac) == 0)
			has_mac = true;
		else if (strcmp(words[i], "nud") != 0 ||
			 parse_nud(words[i + 1], &nud))
			return neigh_syntax(dev, text);
	}
	if (i != nr || (adding && !has_mac))
		return neigh_syntax(dev, text);
	if ((adding && !arp_addr_is_host(*addr)) ||
	    (has_mac && !is_valid_ether_addr(mac)))
		return net_error(dev_net(dev), -EINVAL, "%s: \"%s\": no "
				 "neighbour has such an address", dev->name,
				 text);
	return nud;
}

static int neigh_result(struct net *net, int err)
{
	net_api_exit(net);
	if (err >= 0)
		return 0;
	errno = -err;
	return -1;
}

int inet_neigh_add(struct net_device *dev, const char *neigh)
{
	struct neighbour *n;
	u8 mac[ETH_ALEN];
	struct net *net;
	__be32 addr;
	int err;

	if (!dev || !neigh)
		return net_null_dev(dev, __func__);
	net = dev_net(dev);
	rtnl_lock(net);
	err = dev->addr_len ? neigh_parse(dev, neigh, true, &addr, mac) :
	      net_error(net, -EOPNOTSUPP, "%s: has no link addresses",
			dev->name);
	if (err > 0) {
		n = neigh_create(net->ipv4.arp_tbl, &addr, dev);
		if (n)
			err = neigh_update(n, mac, (u8)err,
					   NEIGH_UPDATE_F_OVERRIDE |
					   NEIGH_UPDATE_F_ADMIN);
		else
			err = net_error(net, -ENOBUFS,
					"%s: the neighbour table is full",
					dev->name);
		neigh_release(n);
	}
	rtnl_unlock(net);
	return neigh_result(net, err);
}

int inet_neigh_del(struct net_device *dev, const char *neigh)
{
	struct neighbour *n;
	u8 mac[ETH_ALEN];
	struct net *net;
	__be32 addr;
	int err;

	if (!dev || !neigh)
		return net_null_dev(dev, __func__);
	net = dev_net(dev);
	rtnl_lock(net);
	err = neigh_parse(dev, neigh, false, &addr, mac);
	if (err >= 0) {
		n = neigh_lookup(net->ipv4.arp_tbl, &addr, dev);
		if (n)
			neigh_remove(n);
		else
			err = net_error(net, -ENOENT,
					"%s: there is no neighbour \"%s\"",
					dev->name, neigh);
		neigh_release(n);
	}
	rtnl_unlock(net);
	return neigh_result(net, err);
}

/* As "ip neighbour": without what needs no asking. */
static void neigh_show_one(struct neighbour *n, void *arg)
{
	u8 state = READ_ONCE(n->nud_state), ha[MAX_ADDR_LEN];
	char text[INET_ADDR_STRLEN];
	FILE *out = arg;

	if (state & NUD_NOARP || state == NUD_NONE)
		return;
	neigh_ha_snapshot(ha, n);
	fprintf(out, "%s dev %s", inet_addr_print(neigh_addr(n), text),
		n->dev->name);
	if (state & NUD_VALID)
		fprintf(out, " lladdr %02x:%02x:%02x:%02x:%02x:%02x", ha[0],
			ha[1], ha[2], ha[3], ha[4], ha[5]);
	fprintf(out, " %s\n", neigh_state_name(state));
}

int inet_neigh_show(struct net *net, FILE *out)
{
	if (!net || !out) {
		errno = EINVAL;
		return -1;
	}
	rcu_read_lock(&net->rcu);
	neigh_for_each(net->ipv4.arp_tbl, neigh_show_one, out);
	rcu_read_unlock(&net->rcu);
	return ferror(out) ? -1 : 0;
}

/* ---- life ---------------------------------------------------------------- */

#define NEIGH_ROW(n, member, lo, hi, def) \
	SYSCTL_ROW("net.ipv4.neigh.default." n, ipv4.neigh.member, S32, lo, \
		   hi, def)

/* A new base counts at once, as in Linux, not from the next choice on. */
static int set_base_reachable_time(struct net *net,
				   const struct sysctl_row *row,
				   const char *value)
{
	(void)row;
	(void)value;
	neigh_rand_reach_time(net->ipv4.arp_tbl);
	return 0;
}

static const struct sysctl_row arp_sysctls[] = {
	{ .name = "net.ipv4.neigh.default.base_reachable_time_ms",
	  .offset = offsetof(struct net, ipv4.neigh.base_reachable_time_ms),
	  .kind = SYSCTL_S32, .min = 1000, .max = 3600000, .def = { 30000 },
	  .set = set_base_reachable_time },
	NEIGH_ROW("retrans_time_ms", retrans_time_ms, 1000, 60000, 1000),
	NEIGH_ROW("gc_stale_time", gc_stale_time_s, 1, 86400, 60),
	NEIGH_ROW("delay_first_probe_time", delay_first_probe_time_s, 1, 3600,
		  5),
	NEIGH_ROW("ucast_solicit", ucast_probes, 0, 100, 3),
	NEIGH_ROW("mcast_solicit", mcast_probes, 1, 100, 3),
	NEIGH_ROW("app_solicit", app_probes, 0, 0, 0),
	NEIGH_ROW("locktime", locktime_ms, 0, 60000, 1000),
	NEIGH_ROW("unres_qlen_bytes", unres_qlen_bytes, 0, INT32_MAX, 212992),
	NEIGH_ROW("gc_thresh1", gc_thresh1, 0, 1 << 20, 128),
	NEIGH_ROW("gc_thresh2", gc_thresh2, 1, 1 << 20, 512),
	NEIGH_ROW("gc_thresh3", gc_thresh3, 1, 1 << 20, 1024),
	SYSCTL_ROW("net.ipv4.conf.all.arp_ignore", ipv4.sysctl_arp_ignore, S32,
		   0, 8, 0),
	SYSCTL_ROW("net.ipv4.conf.all.arp_announce", ipv4.sysctl_arp_announce,
		   S32, 0, 2, 0),
	SYSCTL_ROW("net.ipv4.conf.all.arp_accept", ipv4.sysctl_arp_accept, S32,
		   0, 1, 0),
	SYSCTL_ROW("net.ipv4.conf.all.arp_defend", ipv4.sysctl_arp_defend, S32,
		   0, 1, 1),
	SYSCTL_ROW("net.ipv4.conf.all.arp_notify", ipv4.sysctl_arp_notify, S32,
		   0, 1, 1),
};

/* The table of neighbours and the handler of ETH_P_ARP. */
static int arp_net_init(struct net *net)
{
	struct packet_type *pt = &net->ipv4.arp_packet_type;
	struct neigh_table *tbl;
	int err;

	err = register_net_sysctl(net, arp_sysctls, ARRAY_SIZE(arp_sysctls));
	if (err)
		return err;
	tbl = mem_zalloc(&net->mem, sizeof(*tbl));
	if (!tbl)
		return -ENOMEM;
	tbl->family = AF_INET;
	tbl->key_len = sizeof(__be32);
	tbl->protocol = cpu_to_be16(ETH_P_IP);
	tbl->constructor = arp_constructor;
	tbl->parms = &net->ipv4.neigh;
	err = neigh_table_init(net, tbl);
	if (err) {
		mem_free(&net->mem, tbl, sizeof(*tbl));
		return err;
	}
	net->ipv4.arp_tbl = tbl;
	pt->type = cpu_to_be16(ETH_P_ARP);
	pt->func = arp_rcv;
	dev_add_pack(net, pt);
	return 0;
}

static void arp_net_exit(struct net *net)
{
	struct neigh_table *tbl = net->ipv4.arp_tbl;

	if (!tbl)
		return;
	dev_remove_pack(net, &net->ipv4.arp_packet_type);
	neigh_table_clear(tbl);
	mem_free(&net->mem, tbl, sizeof(*tbl));
	net->ipv4.arp_tbl = NULL;
}

const struct pernet_operations arp_net_ops = {
	.name = "arp",
	.init = arp_net_init,
	.exit = arp_net_exit,
};
