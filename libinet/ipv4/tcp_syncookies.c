/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: SYN cookies (RFC 4987 3.6). A listener without room for another request
 * keeps nothing of a SYN: what it must know again is in the sequence number of
 * the SYN-ACK, which the ACK brings back.
 *
 *	cookie = hash(who) + (minute << 24) + ((hash(who, minute) + mss) mod 2^24)
 *
 * "who" are addresses, ports and the peer's ISN; the hashes are SipHash. The
 * minute is that of the time of day, so that stacks that share a key
 * (net.ipv4.tcp_syncookie_key) understand one another's cookies; one from
 * the last minute but one is too old. mss is a place in a table. Of 2^32 numbers
 * 16 are good: two minutes, eight sizes.
 *
 * With timestamps the low bits of ours carry window scale, SACK and ECN; without
 * them the connection has none. The child's timestamps go on from the one that
 * was echoed: whoever made it, the peer sees no step back.
 *
 * Text that has overtaken the ACK, and the text right behind that, tells of no
 * cookie. A RST would end what is about to begin, so it is dropped: it comes again
 * when the first text has come.
 */
#include <string.h>

#include "ipv4/ip.h"
#include "ipv4/tcp_ecn.h"
#include "ipv4/tcp_secret.h"
#include "ipv4/tcp_syncookies.h"

#define COOKIE_MINUTES 2		/* that are good: this one, the last */
#define COOKIE_RECENT_NS (2 * 60 * (s64)NSEC_PER_SEC)
#define COOKIE_DATA_BITS 24
#define COOKIE_DATA_MASK ((1u << COOKIE_DATA_BITS) - 1)

/* The low bits of a timestamp. */
#define TS_OPT_WSCALE_MASK 0xfu		/* all ones: none */
#define TS_OPT_SACK 0x10u
#define TS_OPT_ECN 0x20u
#define TS_OPT_MASK 0x3fu

/* Sizes that occur: headers of 40 octets, tunnels, PPPoE, jumbo frames. */
static const u16 cookie_mss[] = { 48, 256, 536, 1220, 1360, 1440, 1460, 8960 };

/* The wall clock's minute. */
static u32 cookie_minute(const struct net *net)
{
	return (u32)(net->env.wall(net->env.opaque) / (60 * NSEC_PER_SEC));
}

/* @minute U32_MAX: the hash that is the same in each. */
static u32 cookie_hash(const siphash_key_t *key, const struct sk_buff *skb,
		       u32 isn, u32 minute)
{
	struct {
		__be32 saddr, daddr;
		__be16 sport, dport;
		u32 isn, minute;
	} who = {
		.saddr = ip_hdr(skb)->saddr, .daddr = ip_hdr(skb)->daddr,
		.sport = tcp_hdr(skb)->source, .dport = tcp_hdr(skb)->dest,
		.isn = isn, .minute = minute,
	};

	return (u32)siphash(key, &who, sizeof(who));
}

/* The greatest size in the table that is not above @mss. */
static u32 cookie_mss_index(u16 mss)
{
	u32 i = ARRAY_SIZE(cookie_mss) - 1;

	while (i && cookie_mss[i] > mss)
		i--;
	return i;
}

/* The cookie that answers the SYN @skb. */
static u32 cookie_v4_init_sequence(struct net *net, const struct sk_buff *skb,
				   u16 mss)
{
	u32 isn = TCP_SKB_CB(skb)->seq, minute = cookie_minute(net);
	struct tcp_net *tn = net->ipv4.tcp;
	struct tcp_secrets keys;

	tcp_secrets_read(tn, &tn->cookie_keys, &keys);
	WRITE_ONCE(tn->cookie_sent_ns, net_now(net) + 1);
	return cookie_hash(&keys.key[0], skb, isn, U32_MAX) +
	       (minute << COOKIE_DATA_BITS) +
	       ((cookie_hash(&keys.key[0], skb, isn, minute) +
		 cookie_mss_index(mss)) & COOKIE_DATA_MASK);
}

/* What @cookie says, which answered the SYN before the ACK @skb: a place in the
 * table, or -1 when it is none of that key's. */
static int cookie_check(const siphash_key_t *key, const struct sk_buff *skb,
			u32 cookie, u32 minute)
{
	u32 isn = TCP_SKB_CB(skb)->seq - 1, age, data;

	cookie -= cookie_hash(key, skb, isn, U32_MAX);
	age = (minute - (cookie >> COOKIE_DATA_BITS)) & 0xff;
	if (age >= COOKIE_MINUTES)
		return -1;
	data = (cookie - cookie_hash(key, skb, isn, minute - age)) &
	       COOKIE_DATA_MASK;
	return data < ARRAY_SIZE(cookie_mss) ? (int)data : -1;
}

/* The size that the cookie acknowledged by @skb tells, 0: it is none. Context: a
 * cookie may be on its way, sent by us or by who shares the key. */
static u16 cookie_v4_mss(struct net *net, const struct sk_buff *skb,
			 const struct tcp_secrets *keys)
{
	u32 cookie = TCP_SKB_CB(skb)->ack_seq - 1, minute = cookie_minute(net);
	int index = -1;
	u32 i;

	for (i = 0; i < keys->nr && index < 0; i++)
		index = cookie_check(&keys->key[i], skb, cookie, minute);
	if (index < 0)
		return 0;
	return max(cookie_mss[index],
		   (u16)READ_ONCE(net->ipv4.sysctl_tcp_min_snd_mss));
}

/* ---- options in a timestamp ------------------------------------------- */

/* The newest timestamp, not after @now, whose low bits tell of @treq. */
static u32 cookie_ts_encode(const struct tcp_request_sock *treq, u32 now)
{
	u32 opt = treq->wscale_ok ? treq->snd_wscale : TS_OPT_WSCALE_MASK;
	u32 ts;

	if (treq->sack_ok)
		opt |= TS_OPT_SACK;
	if (treq->ecn_ok)
		opt |= TS_OPT_ECN;
	ts = (now & ~TS_OPT_MASK) | opt;
	return ts - (after(ts, now) ? TS_OPT_MASK + 1 : 0);
}

static void cookie_ts_decode(struct tcp_request_sock *treq, u32 ts)
{
	const struct net *net = treq->req.rsk_net;
	u32 wscale = ts & TS_OPT_WSCALE_MASK;

	treq->sack_ok = (ts & TS_OPT_SACK) && READ_ONCE(net->ipv4.sysctl_tcp_sack);
	treq->ecn_ok = (ts & TS_OPT_ECN) &&
		       (READ_ONCE(net->ipv4.sysctl_tcp_ecn) ||
			tcp_ca_needs_ecn(treq->req.rsk_listener));
	treq->wscale_ok = wscale <= TCP_MAX_WINDOW_SHIFT &&
			  READ_ONCE(net->ipv4.sysctl_tcp_window_scaling);
	treq->snd_wscale = treq->wscale_ok ? wscale & 0xf : 0;
}

void cookie_init_options(struct request_sock *req)
{
	struct tcp_request_sock *treq = tcp_rsk(req);

	if (treq->tstamp_ok)
		return;
	treq->wscale_ok = treq->sack_ok = treq->ecn_ok = 0;
	treq->snd_wscale = 0;
}

void cookie_init_sequence(struct request_sock *req, const struct sk_buff *skb)
{
	struct tcp_request_sock *treq = tcp_rsk(req);
	struct net *net = req->rsk_net;
	u32 now = tcp_ns_to_ts(net_now(net));

	treq->snt_isn = cookie_v4_init_sequence(net, skb, req->mss);
	if (treq->tstamp_ok)
		treq->ts_off = cookie_ts_encode(treq, now + treq->ts_off) - now;
	NET_INC_STATS(net, TCP_SYNCOOKIESSENT);
}

/* ---- the ACK ---------------------------------------------------------- */

/* The request as it would have been, but for what nobody knows any more. */
static void cookie_restore(struct request_sock *req, const struct sk_buff *skb,
			   u16 mss)
{
	struct tcp_request_sock *treq = tcp_rsk(req);
	struct net *net = req->rsk_net;
	struct tcp_options_info info;

	tcp_parse_options(skb, &info);
	tcp_openreq_init_names(req, skb);
	req->mss = mss;
	treq->unhashed = true;
	treq->rcv_isn = TCP_SKB_CB(skb)->seq - 1;
	treq->rcv_nxt = TCP_SKB_CB(skb)->seq;
	treq->snt_isn = TCP_SKB_CB(skb)->ack_seq - 1;
	treq->tstamp_ok = info.saw_tstamp &&
			  READ_ONCE(net->ipv4.sysctl_tcp_timestamps);
	if (!treq->tstamp_ok)
		return;
	treq->ts_recent = info.rcv_tsval;
	treq->ts_off = info.rcv_tsecr - tcp_ns_to_ts(net_now(net));
	cookie_ts_decode(treq, info.rcv_tsecr);
}

unchecked_locking
struct sock *tcp_child_of_unhashed(struct sock *sk, struct sk_buff *skb,
				   struct request_sock *req)
{
	struct sock *child;
	bool own_req;

	child = inet_csk(sk)->icsk_af_ops->syn_recv_sock(sk, skb, req,
							 &own_req);
	if (child && own_req) {
		refcount_init(&req->rsk_refcnt, 1, sk_smp(sk));
		if (inet_csk_reqsk_queue_add(sk, req, child))
			return child;
	} else {
		reqsk_free(req);
	}
	if (child) {
		bh_unlock_sock(child);
		sock_put(child);
	}
	return NULL;
}

struct sock *cookie_v4_check(struct sock *sk, struct sk_buff *skb)
{
	struct net *net = sock_net(sk);
	struct tcp_net *tn = net->ipv4.tcp;
	u64 sent = READ_ONCE(tn->cookie_sent_ns);
	struct tcp_secrets keys;
	struct request_sock *req;
	u16 mss;

	if (!READ_ONCE(net->ipv4.sysctl_tcp_syncookies))
		return sk;
	tcp_secrets_read(tn, &tn->cookie_keys, &keys);
	/* most ACKs of nothing meet a listener that sent no cookie of late */
	if (!keys.given && (!sent || (s64)(net_now(net) - sent) > COOKIE_RECENT_NS))
		return sk;
	mss = cookie_v4_mss(net, skb, &keys);
	if (!mss) {
		NET_INC_STATS(net, TCP_SYNCOOKIESFAILED);
		return TCP_SKB_CB(skb)->end_seq != TCP_SKB_CB(skb)->seq ? NULL :
									  sk;
	}
	NET_INC_STATS(net, TCP_SYNCOOKIESRECV);
	req = reqsk_alloc(tn->rsk_cache, &tcp_request_sock_ops, sk);
	if (!req)
		return NULL;
	cookie_restore(req, skb, mss);
	if (!tcp_openreq_init_route(req, sk, skb)) {
		reqsk_free(req);
		return NULL;
	}
	return tcp_child_of_unhashed(sk, skb, req);
}
