/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMP (RFC 792, 1122 3.2.2, 1812 4.3): echo, errors that we send, errors that
 * we are told.
 *
 * Sent. icmp_send() asks first whether an error may be sent at all (never about
 * errors, broadcasts, later fragments, or to who is no single host), then the
 * limits: one token bucket per destination, then one for all whose credit is
 * taken in random amounts, so that counting our answers says nothing about the
 * answers that others got (CVE-2020-25705). Both only for types in
 * icmp_ratemask. An error quotes as much as fits 576 bytes (RFC 1812 4.3.2.3)
 * and carries no options.
 *
 * Told. An error is handed to the protocol of the packet it quotes, after what
 * can be known here has been checked: the packet was ours, the quotation is
 * long enough to name a flow, the error itself makes sense. Whether the flow
 * lives, and whether to believe, is the transport's business (RFC 5927).
 *
 * Not answered: timestamp, information and mask requests; source quench (RFC
 * 6633); router discovery.
 */
#include <errno.h>
#include <string.h>

#include "core/dev.h"
#include "core/skbuff.h"
#include "ipv4/devinet.h"
#include "ipv4/forward.h"
#include "ipv4/ip.h"
#include "ipv4/ip_options.h"
#include "ipv4/ping.h"
#include "ipv4/protocol.h"
#include "ipv4/raw.h"
#include "lib/checksum.h"
#include "lib/err.h"
#include "lib/jhash.h"

#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_SEC 1000000000ULL

#define ICMP_MAX_ERROR_LEN 576u		/* of the IP packet, RFC 1812 4.3.2.3 */
#define ICMP_PEER_SETS_SHIFT 8
#define ICMP_PEER_WAYS 4
#define XRLIM_BURST_FACTOR 6
#define ICMP_GLOBAL_SLICE_NS (20 * NSEC_PER_MSEC)
#define IPTOS_PREC_INTERNETCONTROL_ 0xc0	/* RFC 1812 4.3.2.5 */

/* One destination's bucket; tokens are nanoseconds. */
struct icmp_peer {
	__be32 daddr;
	u64 last_ns;		/* 0: unused */
	u64 tokens;
};

struct icmp_state {
	u64 in[ICMP_MSG_TYPES];	/* by type; any thread */
	u64 out[ICMP_MSG_TYPES];
	struct inet_lock lock;	/* of all below */
	u32 secret;
	u32 credit;		/* of the global bucket */
	u64 stamp_ns;
	struct icmp_peer peer[1 << ICMP_PEER_SETS_SHIFT][ICMP_PEER_WAYS];
};

const struct icmp_err icmp_err_convert[] = {
	[ICMP_NET_UNREACH] = { ENETUNREACH, false },
	[ICMP_HOST_UNREACH] = { EHOSTUNREACH, false },
	[ICMP_PROT_UNREACH] = { ENOPROTOOPT, true },
	[ICMP_PORT_UNREACH] = { ECONNREFUSED, true },
	[ICMP_FRAG_NEEDED] = { EMSGSIZE, false },
	[ICMP_SR_FAILED] = { EOPNOTSUPP, false },
	[ICMP_NET_UNKNOWN] = { ENETUNREACH, true },
	[ICMP_HOST_UNKNOWN] = { EHOSTDOWN, true },
	[ICMP_HOST_ISOLATED] = { ENONET, true },
	[ICMP_NET_ANO] = { ENETUNREACH, true },
	[ICMP_HOST_ANO] = { EHOSTUNREACH, true },
	[ICMP_NET_UNR_TOS] = { ENETUNREACH, false },
	[ICMP_HOST_UNR_TOS] = { EHOSTUNREACH, false },
	[ICMP_PKT_FILTERED] = { EHOSTUNREACH, true },
	[ICMP_PREC_VIOLATION] = { EHOSTUNREACH, true },
	[ICMP_PREC_CUTOFF] = { EHOSTUNREACH, true },
};

/* ---- limits --------------------------------------------------------------- */

/* The bucket of a destination: its own, or the one unused for longest. */
static struct icmp_peer *icmp_peer_find(struct icmp_state *s, __be32 daddr)
{
	u32 set = jhash_1word(daddr, s->secret) >> (32 - ICMP_PEER_SETS_SHIFT);
	struct icmp_peer *p, *oldest = s->peer[set];

	for (p = s->peer[set]; p < s->peer[set] + ICMP_PEER_WAYS; p++) {
		if (p->last_ns && p->daddr == daddr)
			return p;
		if (p->last_ns < oldest->last_ns)
			oldest = p;
	}
	oldest->daddr = daddr;
	oldest->last_ns = 0;
	oldest->tokens = 0;
	return oldest;
}

/* May this destination have another error now? Context: lock. */
static bool icmp_peer_allow(struct net *net, __be32 daddr, u64 now)
{
	u64 period = (u64)READ_ONCE(net->ipv4.sysctl_icmp_ratelimit) * NSEC_PER_MSEC;
	struct icmp_peer *p;

	if (!period)
		return true;
	p = icmp_peer_find(net->ipv4.icmp, daddr);
	p->tokens = p->last_ns ? p->tokens + (now - p->last_ns) :
		    XRLIM_BURST_FACTOR * period;
	p->tokens = min(p->tokens, XRLIM_BURST_FACTOR * period);
	p->last_ns = max(now, (u64)1);
	if (p->tokens < period)
		return false;
	p->tokens -= period;
	return true;
}

/* May the stack send another error now? Context: lock. */
static bool icmp_global_allow(struct net *net, u64 now)
{
	struct icmp_state *s = net->ipv4.icmp;
	u64 burst = (u64)READ_ONCE(net->ipv4.sysctl_icmp_msgs_burst);
	u64 rate = (u64)READ_ONCE(net->ipv4.sysctl_icmp_msgs_per_sec), gain;

	if (s->credit < burst && now - s->stamp_ns >= ICMP_GLOBAL_SLICE_NS) {
		gain = rate * min(now - s->stamp_ns, NSEC_PER_SEC) /
		       NSEC_PER_SEC;
		s->credit = (u32)min(s->credit + gain, burst);
		if (gain)	/* time that gives none yet still counts */
			s->stamp_ns = now;
	}
	if (!s->credit)
		return false;
	/* One on average, 0 to 2: the credit left cannot be counted. */
	s->credit -= min(net_random(net) % 3, s->credit);
	return true;
}

/* Types that are never limited, for speed or because nothing may stop them. */
static bool icmp_mask_allow(const struct net *net, u8 type, u8 code)
{
	if (type > NR_ICMP_TYPES)
		return true;
	/* Path MTU discovery must not be slowed down. */
	if (type == ICMP_DEST_UNREACH && code == ICMP_FRAG_NEEDED)
		return true;
	return !((u32)READ_ONCE(net->ipv4.sysctl_icmp_ratemask) >> type & 1);
}

/* Both limits, the destination's first. */
static bool icmp_allow(struct net *net, __be32 daddr, u8 type, u8 code)
{
	struct icmp_state *s = net->ipv4.icmp;
	bool host, all = true;
	u64 now;

	if (type != ICMP_REDIRECT && icmp_mask_allow(net, type, code))
		return true;
	now = net_now(net);
	spin_lock(&s->lock);
	host = icmp_peer_allow(net, daddr, now);
	if (host)
		all = icmp_global_allow(net, now);
	spin_unlock(&s->lock);
	if (!host)
		NET_INC_STATS(net, ICMP_OUTRATELIMITHOST);
	else if (!all)
		NET_INC_STATS(net, ICMP_OUTRATELIMITGLOBAL);
	return host && all;
}

/* ---- counters of types ------------------------------------------------------ */

u64 icmp_msg_read(const struct net *net, bool out, u8 type)
{
	const struct icmp_state *s = net->ipv4.icmp;

	return READ_ONCE((out ? s->out : s->in)[type]);
}

/* ---- sending -------------------------------------------------------------- */

void icmp_out_count(struct net *net, u8 type)
{
	NET_INC_STATS(net, ICMP_OUTMSGS);
	__atomic_fetch_add(&net->ipv4.icmp->out[type], 1, __ATOMIC_RELAXED);
	switch (type) {
	case ICMP_ECHOREPLY:
		NET_INC_STATS(net, ICMP_OUTECHOREPS);
		break;
	case ICMP_DEST_UNREACH:
		NET_INC_STATS(net, ICMP_OUTDESTUNREACHS);
		break;
	case ICMP_TIME_EXCEEDED:
		NET_INC_STATS(net, ICMP_OUTTIMEEXCDS);
		break;
	case ICMP_PARAMETERPROB:
		NET_INC_STATS(net, ICMP_OUTPARMPROBS);
		break;
	case ICMP_REDIRECT:
		NET_INC_STATS(net, ICMP_OUTREDIRECTS);
		break;
	case ICMP_ECHO:
		NET_INC_STATS(net, ICMP_OUTECHOS);
		break;
	default:
		break;
	}
}

/* Copies from the network header on, whatever skb->data points at. */
static int icmp_copy_from(const struct sk_buff *skb, u8 *to, u32 len)
{
	int off = skb_network_offset(skb);
	u32 before = off < 0 ? min((u32)-off, len) : 0;

	memcpy(to, skb_network_header(skb), before);
	return skb_copy_bits(skb, off > 0 ? (u32)off : 0, to + before,
			     len - before);
}

/* Bytes from the network header to the end. */
static u32 icmp_len_from_header(const struct sk_buff *skb)
{
	return (u32)((int)skb->len - skb_network_offset(skb));
}

/* Can @addr be the address of exactly one host? */
static bool icmp_is_single_host(struct net *net, __be32 addr)
{
	return !ipv4_is_this_network(addr) && !ipv4_is_multicast(addr) &&
	       !ipv4_is_class_e(addr) &&
	       inet_addr_type(net, addr) != RTN_BROADCAST;
}

/*
 * RFC 1122 3.2.2: may an error be sent about this packet? Not about ICMP
 * errors, what came to many, later fragments; not to nobody or many.
 */
static bool icmp_may_complain(struct net *net, const struct sk_buff *skb,
			      const struct iphdr *iph, u8 type)
{
	const struct rtable *rt = skb_rtable(skb);
	u8 hdr[IP_HLEN_MAX + 1];
	u32 hlen;

	if (skb->pkt_type != SKB_PACKET_HOST &&
	    skb->pkt_type != SKB_PACKET_OUTGOING)
		return false;
	if (rt ? rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST) :
	    ipv4_is_multicast(iph->daddr) ||
	    inet_addr_type(net, iph->daddr) == RTN_BROADCAST)
		return false;
	if (be16_to_cpu(iph->frag_off) & IP_OFFSET)
		return false;
	if (!icmp_is_single_host(net, iph->saddr))
		return false;
	if (iph->protocol != IPPROTO_ICMP || !icmp_is_err(type))
		return true;
	hlen = ipv4_hdr_len(iph);
	if (icmp_len_from_header(skb) < hlen + 1 ||
	    icmp_copy_from(skb, hdr, hlen + 1))
		return false;
	return hdr[hlen] <= NR_ICMP_TYPES && !icmp_is_err(hdr[hlen]);
}

/* The source of an error: the address that was spoken to, if it is ours. */
static __be32 icmp_source(struct net *net, const struct sk_buff *skb,
			  const struct iphdr *iph)
{
	const struct rtable *rt = skb_rtable(skb);

	if (rt && rt->rt_flags & RTCF_LOCAL)
		return iph->daddr;
	if (READ_ONCE(net->ipv4.sysctl_icmp_errors_use_inbound_ifaddr) && skb->dev &&
	    rt && rt->rt_is_input)
		return inet_select_addr(skb->dev, iph->saddr, RT_SCOPE_LINK);
	return 0;
}

/* Header and quotation. NULL: memory is short. */
static struct sk_buff *icmp_make_error(struct net *net, struct net_device *dev,
				       const struct sk_buff *in, u32 quote,
				       const struct icmphdr *icmph)
{
	u32 room = LL_RESERVED_SPACE(dev) + IP_HLEN_MIN;
	struct sk_buff *skb = alloc_skb(net, room + ICMP_HLEN + quote);
	struct icmphdr *h;

	if (!skb)
		return NULL;
	skb_reserve(skb, room);
	skb_reset_transport_header(skb);
	h = skb_put(skb, ICMP_HLEN);
	*h = *icmph;
	if (icmp_copy_from(in, skb_put(skb, quote), quote)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return NULL;
	}
	h->checksum = 0;
	h->checksum = ip_compute_csum(skb->data, skb->len);
	return skb;
}

void icmp_send(struct sk_buff *skb_in, u8 type, u8 code, __be32 info)
{
	struct net *net = skb_net(skb_in);
	struct icmphdr icmph = { .type = type, .code = code };
	const struct iphdr *iph = ip_hdr(skb_in);
	struct flowi4 fl4 = { .proto = IPPROTO_ICMP };
	struct ip_packet_info to = { .protocol = IPPROTO_ICMP,
				     .tos = IPTOS_PREC_INTERNETCONTROL_ };
	struct net_device *dev;
	struct sk_buff *skb;
	struct rtable *rt;
	u32 quote;

	NET_ROAD(net, skb_in);
	if (icmp_len_from_header(skb_in) < sizeof(*iph) ||
	    !icmp_may_complain(net, skb_in, iph, type))
		return;
	fl4.daddr = iph->saddr;
	fl4.saddr = icmp_source(net, skb_in, iph);
	to.any_saddr = skb_is_foreign(skb_in);
	fl4.flags = to.any_saddr ? FLOWI_FLAG_ANYSRC : 0;
	rt = ip_route_output_flow(net, &fl4, NULL);
	if (IS_ERR(rt))
		return;
	dev = rt->dst.dev;
	if (!(READ_ONCE(dev->flags) & NETDEV_IFF_LOOPBACK) &&
	    !icmp_allow(net, fl4.daddr, type, code))
		goto out;
	quote = min(dst_mtu(&rt->dst), ICMP_MAX_ERROR_LEN) - IP_HLEN_MIN -
		ICMP_HLEN;
	quote = min(quote, icmp_len_from_header(skb_in));
	memcpy(&icmph.un.gateway, &info, sizeof(info));
	skb = icmp_make_error(net, dev, skb_in, quote, &icmph);
	if (!skb) {
		NET_INC_STATS(net, ICMP_OUTERRORS);
		goto out;
	}
	icmp_out_count(net, type);
	to.daddr = fl4.daddr;
	to.saddr = fl4.saddr;
	ip_send_reply(net, skb, &to, NULL);
out:
	dst_release(&rt->dst);
}

/* ---- echo ------------------------------------------------------------------ */

/*
 * The request becomes the reply: the same bytes, another type (RFC 792; RFC
 * 1122 3.2.2.6). Its source is the address that was asked; its options are
 * returned with our part in them.
 */
static enum skb_drop_reason icmp_echo(struct net *net, struct sk_buff *skb)
{
	struct iphdr iph = *ip_hdr(skb);
	const struct rtable *rt = skb_rtable(skb);
	bool to_many = rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST);
	const struct ip_packet_info to = {
		.daddr = iph.saddr, .saddr = to_many ? 0 : iph.daddr,
		.protocol = IPPROTO_ICMP, .tos = iph.tos,
		.any_saddr = rt->rt_flags & RTCF_FOREIGN,
	};
	struct ip_options_sock opt = { .optlen = 0 };
	struct icmphdr *icmph;
	__sum16 check;

	NET_ROAD(net, skb);
	if (READ_ONCE(net->ipv4.sysctl_icmp_echo_ignore_all) ||
	    (unlikely(to.any_saddr) && !forward_echoes(net, skb->dev)))
		return SKB_DROP_REASON_ICMP_TYPE;
	if (!icmp_is_single_host(net, iph.saddr))
		return SKB_DROP_REASON_IP_MARTIAN_SOURCE;
	if (!icmp_mask_allow(net, ICMP_ECHOREPLY, 0) &&
	    !icmp_allow(net, iph.saddr, ICMP_ECHOREPLY, 0))
		return SKB_DROP_REASON_ICMP_RATELIMIT;
	if (skb_cow_head(skb, IP_HLEN_MIN + MAX_LINK_HEADER))
		return SKB_DROP_REASON_NOMEM;
	if (unlikely(IPCB(skb)->optlen))
		ip_options_reply(skb, &opt);
	icmph = (struct icmphdr *)skb->data;
	check = icmph->checksum;
	csum_replace2(&check, cpu_to_be16(ICMP_ECHO << 8),
		      cpu_to_be16(ICMP_ECHOREPLY << 8));
	icmph->type = ICMP_ECHOREPLY;
	/* of a message that is all zeros there is no sum of zero */
	icmph->checksum = check ? check : CSUM_MANGLED_0;
	skb_reset_transport_header(skb);
	skb->pkt_type = SKB_PACKET_HOST;
	skb->ip_summed = CHECKSUM_NONE;
	skb->tstamp = 0;
	skb->hash = 0;
	skb->priority = 0;
	icmp_out_count(net, ICMP_ECHOREPLY);
	ip_send_reply(net, skb, &to, &opt);
	return SKB_NOT_DROPPED_YET;
}

/* ---- errors told to us ------------------------------------------------------ */

/* What an error says beside its type, and whether it can be meant. */
static enum skb_drop_reason icmp_error_info(struct net *net,
					    const struct sk_buff *skb,
					    const struct iphdr *quoted,
					    u32 *info)
{
	const struct icmphdr *icmph = icmp_hdr(skb);

	*info = 0;
	switch (icmph->type) {
	case ICMP_DEST_UNREACH:
		if (icmph->code > NR_ICMP_UNREACH)
			return SKB_DROP_REASON_ICMP_INVALID;
		if (icmph->code != ICMP_FRAG_NEEDED)
			return SKB_NOT_DROPPED_YET;
		if (READ_ONCE(net->ipv4.sysctl_ip_no_pmtu_disc))
			return SKB_DROP_REASON_ICMP_TYPE;
		*info = be16_to_cpu(icmph->un.frag.mtu);
		return SKB_NOT_DROPPED_YET;
	case ICMP_TIME_EXCEEDED:
		return icmph->code > ICMP_EXC_FRAGTIME ?
		       SKB_DROP_REASON_ICMP_INVALID : SKB_NOT_DROPPED_YET;
	case ICMP_PARAMETERPROB:
		*info = icmph->un.reserved[0];
		return icmph->code == ICMP_PARAMPROB_PTR &&
		       *info >= ipv4_hdr_len(quoted) ?
		       SKB_DROP_REASON_ICMP_INVALID : SKB_NOT_DROPPED_YET;
	case ICMP_REDIRECT:
		if (!READ_ONCE(net->ipv4.sysctl_accept_redirects))
			return SKB_DROP_REASON_ICMP_TYPE;
		*info = be32_to_cpu(icmph->un.gateway);
		return icmph->code > ICMP_REDIR_HOSTTOS ?
		       SKB_DROP_REASON_ICMP_INVALID : SKB_NOT_DROPPED_YET;
	default:
		return SKB_DROP_REASON_ICMP_TYPE;
	}
}

/* Hands the error to who sent the quoted packet. Borrows. */
static enum skb_drop_reason icmp_socket_deliver(struct net *net,
						struct sk_buff *skb, u32 info)
{
	u8 protocol = ((const struct iphdr *)skb->data)->protocol;
	const struct net_protocol *ipprot;

	raw_icmp_error(skb, protocol, info);
	ipprot = rcu_dereference(net->ipv4.inet_protos[protocol]);
	if (!ipprot || !ipprot->err_handler ||
	    ipprot->err_handler(skb, info) != 0)
		return SKB_DROP_REASON_ICMP_NOSOCK;
	return SKB_NOT_DROPPED_YET;
}

/*
 * An error message: @skb at the ICMP header. What is quoted must be a packet of
 * ours, long enough to name its flow (RFC 792: 8 bytes).
 */
static enum skb_drop_reason icmp_error(struct net *net, struct sk_buff *skb)
{
	const struct iphdr *quoted;
	enum skb_drop_reason reason;
	u32 info;

	skb_pull(skb, ICMP_HLEN);
	if (!pskb_may_pull(skb, sizeof(*quoted)))
		return SKB_DROP_REASON_ICMP_INVALID;
	quoted = (const struct iphdr *)skb->data;
	if (quoted->ver_ihl >> 4 != IPVERSION ||
	    ipv4_hdr_len(quoted) < IP_HLEN_MIN ||
	    !pskb_may_pull(skb, ipv4_hdr_len(quoted) + 8))
		return SKB_DROP_REASON_ICMP_INVALID;
	quoted = (const struct iphdr *)skb->data;
	if (be16_to_cpu(quoted->frag_off) & IP_OFFSET)
		return SKB_DROP_REASON_ICMP_INVALID;
	reason = icmp_error_info(net, skb, quoted, &info);
	if (reason)
		return reason;
	/* Linux's icmp_ignore_bogus_error_responses: a broadcast of ours
	 * provokes no error from an honest host (RFC 1122 3.2.2) */
	if (READ_ONCE(net->ipv4.sysctl_icmp_ignore_bogus_error_responses) &&
	    inet_addr_type(net, quoted->daddr) == RTN_BROADCAST)
		return SKB_DROP_REASON_ICMP_INVALID;
	if (inet_addr_type(net, quoted->saddr) != RTN_LOCAL &&
	    !(skb_is_foreign(skb) && quoted->saddr == ip_hdr(skb)->daddr))
		return SKB_DROP_REASON_ICMP_NOSOCK;
	return icmp_socket_deliver(net, skb, info);
}

/* ---- input ------------------------------------------------------------------ */

/* The counter of @type among those received. */
static void icmp_count_in(struct net *net, u8 type)
{
	__atomic_fetch_add(&net->ipv4.icmp->in[type], 1, __ATOMIC_RELAXED);
	switch (type) {
	case ICMP_ECHOREPLY:
		NET_INC_STATS(net, ICMP_INECHOREPS);
		break;
	case ICMP_DEST_UNREACH:
		NET_INC_STATS(net, ICMP_INDESTUNREACHS);
		break;
	case ICMP_SOURCE_QUENCH:
		NET_INC_STATS(net, ICMP_INSRCQUENCHS);
		break;
	case ICMP_REDIRECT:
		NET_INC_STATS(net, ICMP_INREDIRECTS);
		break;
	case ICMP_ECHO:
		NET_INC_STATS(net, ICMP_INECHOS);
		break;
	case ICMP_TIME_EXCEEDED:
		NET_INC_STATS(net, ICMP_INTIMEEXCDS);
		break;
	case ICMP_PARAMETERPROB:
		NET_INC_STATS(net, ICMP_INPARMPROBS);
		break;
	case ICMP_TIMESTAMP:
		NET_INC_STATS(net, ICMP_INTIMESTAMPS);
		break;
	default:
		break;
	}
}

/* A message to many: only echo, and that only when allowed (smurf). */
static bool icmp_to_many_is_fine(struct net *net, u8 type)
{
	return type == ICMP_ECHO &&
	       !READ_ONCE(net->ipv4.sysctl_icmp_echo_ignore_broadcasts);
}

static bool icmp_csum_ok(const struct sk_buff *skb)
{
	if (skb->ip_summed == CHECKSUM_UNNECESSARY)
		return true;
	return csum_fold(skb_checksum(skb, 0, skb->len, 0)) == 0;
}

/* By type. SKB_NOT_DROPPED_YET: *@skb is gone when it is NULL. */
static enum skb_drop_reason icmp_dispatch(struct net *net, struct sk_buff **skb)
{
	u8 type = icmp_hdr(*skb)->type;
	enum skb_drop_reason reason;

	switch (type) {
	case ICMP_ECHO:
		reason = icmp_echo(net, *skb);
		if (!reason)
			*skb = NULL;
		return reason;
	case ICMP_ECHOREPLY:
		ping_rcv(*skb);
		*skb = NULL;
		return SKB_NOT_DROPPED_YET;
	case ICMP_DEST_UNREACH:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
	case ICMP_REDIRECT:
		return icmp_error(net, *skb);
	default:
		return SKB_DROP_REASON_ICMP_TYPE;
	}
}

/* net_protocol.handler. */
static int icmp_rcv(struct sk_buff *skb)
{
	enum skb_drop_reason reason = SKB_DROP_REASON_ICMP_INVALID;
	struct net *net = skb_net(skb);
	const struct rtable *rt = skb_rtable(skb);
	u8 type;

	NET_ROAD(net, skb);
	NET_INC_STATS(net, ICMP_INMSGS);
	if (!pskb_may_pull(skb, ICMP_HLEN))
		goto error;
	if (!icmp_csum_ok(skb)) {
		NET_INC_STATS(net, ICMP_INCSUMERRORS);
		reason = SKB_DROP_REASON_ICMP_CSUM;
		goto error;
	}
	skb_reset_transport_header(skb);
	type = icmp_hdr(skb)->type;
	icmp_count_in(net, type);
	if (rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST) &&
	    !icmp_to_many_is_fine(net, type)) {
		reason = SKB_DROP_REASON_ICMP_BROADCAST;
		goto drop;
	}
	reason = icmp_dispatch(net, &skb);
	if (reason == SKB_DROP_REASON_ICMP_INVALID)
		goto error;
	if (reason)
		goto drop;
	consume_skb(skb);
	return 0;
error:
	NET_INC_STATS(net, ICMP_INERRORS);
drop:
	kfree_skb_reason(skb, reason);
	return 0;
}

/* net_protocol.err_handler: an error quotes an ICMP message of ours. */
static int icmp_err(struct sk_buff *skb, u32 info)
{
	const struct iphdr *quoted = (const struct iphdr *)skb->data;
	const struct icmphdr *inner =
		(const struct icmphdr *)(skb->data + ipv4_hdr_len(quoted));
	const struct icmphdr *icmph = icmp_hdr(skb);
	int err = 0;

	/* Errors that we sent are not complained about (RFC 1122 3.2.2) */
	if (icmp_is_err(inner->type))
		return -ENOENT;
	if (inner->type == ICMP_ECHO)
		err = ping_err(skb, info);
	if (icmph->type == ICMP_DEST_UNREACH && icmph->code == ICMP_FRAG_NEEDED)
		ipv4_update_pmtu(skb, skb_net(skb), info, 0, IPPROTO_ICMP);
	else if (icmph->type == ICMP_REDIRECT)
		ipv4_redirect(skb, skb_net(skb), 0);
	return err;
}

/* ---- the descriptor ---------------------------------------------------------- */

static const struct sysctl_row icmp_sysctls[] = {
	SYSCTL_ROW("net.ipv4.icmp_echo_ignore_all",
		   ipv4.sysctl_icmp_echo_ignore_all, S32, 0, 1, 0),
	SYSCTL_ROW("net.ipv4.icmp_echo_ignore_broadcasts",
		   ipv4.sysctl_icmp_echo_ignore_broadcasts, S32, 0, 1, 1),
	SYSCTL_ROW("net.ipv4.icmp_ignore_bogus_error_responses",
		   ipv4.sysctl_icmp_ignore_bogus_error_responses, S32, 0, 1,
		   1),
	SYSCTL_ROW("net.ipv4.icmp_ratelimit", ipv4.sysctl_icmp_ratelimit, S32,
		   0, 3600000, 1000),
	SYSCTL_ROW("net.ipv4.icmp_ratemask", ipv4.sysctl_icmp_ratemask, S32,
		   0, INT32_MAX, 6168),
	SYSCTL_ROW("net.ipv4.icmp_msgs_per_sec", ipv4.sysctl_icmp_msgs_per_sec,
		   S32, 0, INT32_MAX, 1000),
	SYSCTL_ROW("net.ipv4.icmp_msgs_burst", ipv4.sysctl_icmp_msgs_burst,
		   S32, 0, INT32_MAX, 50),
	SYSCTL_ROW("net.ipv4.icmp_errors_use_inbound_ifaddr",
		   ipv4.sysctl_icmp_errors_use_inbound_ifaddr, S32, 0, 1, 0),
};

static int icmp_net_init(struct net *net)
{
	struct icmp_state *s = mem_zalloc(&net->mem, sizeof(*s));

	if (!s)
		return -ENOMEM;
	lock_init(&s->lock, net->smp);
	net_random_bytes(net, &s->secret, sizeof(s->secret));
	s->credit = (u32)READ_ONCE(net->ipv4.sysctl_icmp_msgs_burst);
	s->stamp_ns = net_now(net);
	net->ipv4.icmp = s;
	return 0;
}

static void icmp_net_exit(struct net *net)
{
	mem_free(&net->mem, net->ipv4.icmp, sizeof(struct icmp_state));
	net->ipv4.icmp = NULL;
}

static const struct net_protocol icmp_net_protocol = {
	.handler = icmp_rcv,
	.err_handler = icmp_err,
};

const struct inet_protocol icmp_protocol = {
	.name = "ICMP",
	.protocol = IPPROTO_ICMP,
	.net_protocol = &icmp_net_protocol,
	.knobs = icmp_sysctls,
	.nr_knobs = ARRAY_SIZE(icmp_sysctls),
	.net_init = icmp_net_init,
	.net_exit = icmp_net_exit,
};
