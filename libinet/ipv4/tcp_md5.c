/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: signatures by MD5 (RFC 2385), as routers use them for BGP: each segment carries
 * the digest of its addresses, its header without options, its text, and a key that
 * both ends were given. What has none, or a wrong one, is dropped.
 *
 * Keys are a list of the sock's (tcp_seldom.md5_keys), for addresses and prefixes: of
 * those that match the longest prefix counts. A key never changes; a new one for the same
 * peers takes its place. A listener's keys are for the handshakes, and the answers that
 * need no sock; a child gets the one for its peer, TIME-WAIT a reference to it.
 *
 * Sending. tp->signs: there is a key for the peer. Then the header is so much longer
 * (tp->tcp_header_len), and its af_ops sign where others only sum: no other connection
 * pays for it. Behind the timestamps is the option's place, in a SYN before all others.
 * Each segment on the wire has a signature of its own: none is cut by the device.
 *
 * Receiving. The first look at what is not predicted; and of a connection that signs
 * nothing is.
 *
 * Context: the list changes under the lock of the sock, and is read under that or RCU.
 */
#include "ipv4/tcp_md5.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>

#include "core/skbuff.h"
#include "lib/mem.h"

#define TCP_MD5_PREFIX_MAX 32u
#define TCP_MD5_FLAG_IFINDEX 2		/* libc does not know it */

struct tcp_md5_key {
	struct tcp_md5_key *next;	/* RCU */
	struct net *net;
	struct rcu_head rcu;
	refcount_t refcnt;	/* the list, and TIME-WAIT socks */
	__be32 addr;
	u8 prefixlen, len;
	u8 bytes[TCP_MD5SIG_MAXKEYLEN];
};

static_assert(MD5_DIGEST_LENGTH == TCPOLEN_MD5SIG - 2, "a signature is a digest");

/* ---- the list --------------------------------------------------------- */

static void md5_key_free_rcu(struct rcu_head *head)
{
	struct tcp_md5_key *key = container_of(head, struct tcp_md5_key, rcu);
	struct net *net = key->net;

	sodium_memzero(key, sizeof(*key));
	mem_free(&net->mem, key, sizeof(*key));
}

static void md5_key_put(struct tcp_md5_key *key)
{
	if (refcount_dec_and_test(&key->refcnt))
		call_rcu(&key->net->rcu, &key->rcu, md5_key_free_rcu);
}

static bool md5_key_matches(const struct tcp_md5_key *key, __be32 peer)
{
	u32 others = TCP_MD5_PREFIX_MAX - key->prefixlen;

	return !((u64)ntohl(key->addr ^ peer) >> others);
}

const struct tcp_md5_key *tcp_md5_find(const struct sock *sk, __be32 peer)
{
	const struct tcp_seldom *seldom = READ_ONCE(tcp_sk(sk)->seldom);
	const struct tcp_md5_key *key, *best = NULL;

	if (!seldom)
		return NULL;
	for (key = rcu_dereference(seldom->md5_keys); key;
	     key = rcu_dereference(key->next))
		if (md5_key_matches(key, peer) &&
		    (!best || key->prefixlen > best->prefixlen))
			best = key;
	return best;
}

/* Where the key for just these peers is linked, or the list's end. */
static struct tcp_md5_key **md5_key_place(struct tcp_seldom *seldom, __be32 addr,
					  u8 prefixlen)
{
	struct tcp_md5_key **at = &seldom->md5_keys;

	while (*at && ((*at)->addr != addr || (*at)->prefixlen != prefixlen))
		at = &(*at)->next;
	return at;
}

/* A key with no place yet, charged to @sk. NULL: no memory, or enough of it. */
static struct tcp_md5_key *md5_key_alloc(struct sock *sk)
{
	struct net *net = sock_net(sk);
	struct tcp_md5_key *key = NULL;

	if (sk_count_add(sk, &sk->sk_omem_alloc, (s32)sizeof(*key)) <=
	    READ_ONCE(net->sysctl_optmem_max))
		key = mem_zalloc(&net->mem, sizeof(*key));
	if (!key) {
		sk_count_add(sk, &sk->sk_omem_alloc, -(s32)sizeof(*key));
		return NULL;
	}
	key->net = net;
	refcount_init(&key->refcnt, 1, sk_smp(sk));
	return key;
}

/* @old is out of the list of @sk. */
static void md5_key_removed(struct sock *sk, struct tcp_md5_key *old)
{
	sk_count_add(sk, &sk->sk_omem_alloc, -(s32)sizeof(*old));
	md5_key_put(old);
}

/* The key for these peers from now on. */
static int md5_key_add(struct sock *sk, __be32 addr, u8 prefixlen, const u8 *bytes,
		       u8 len)
{
	struct tcp_seldom *seldom = tcp_seldom_get(sk);
	struct tcp_md5_key *key = seldom ? md5_key_alloc(sk) : NULL;
	struct tcp_md5_key **at, *old;

	if (!key)
		return -ENOMEM;
	key->addr = addr;
	key->prefixlen = prefixlen;
	key->len = len;
	memcpy(key->bytes, bytes, len);
	at = md5_key_place(seldom, addr, prefixlen);
	old = *at;
	key->next = old ? old->next : NULL;
	rcu_assign_pointer(*at, key);
	if (old)
		md5_key_removed(sk, old);
	return 0;
}

/* None, for just these peers. */
static int md5_key_del(struct sock *sk, __be32 addr, u8 prefixlen)
{
	struct tcp_seldom *seldom = tcp_sk(sk)->seldom;
	struct tcp_md5_key **at, *old;

	if (!seldom)
		return -ENOENT;
	at = md5_key_place(seldom, addr, prefixlen);
	old = *at;
	if (!old)
		return -ENOENT;
	rcu_assign_pointer(*at, old->next);
	md5_key_removed(sk, old);
	return 0;
}

void tcp_md5_free(struct tcp_seldom *seldom)
{
	struct tcp_md5_key *key = seldom->md5_keys, *next;

	for (; key; key = next) {
		next = key->next;
		md5_key_put(key);
	}
}

/* ---- digests ---------------------------------------------------------- */

static bool md5_add_piece(const u8 *p, u32 len, void *arg)
{
	return MD5_Update(arg, p, len);
}

/* Of @skb, with its header at skb->data. */
static void md5_digest(const struct tcp_md5_key *key, __be32 saddr, __be32 daddr,
		       const struct sk_buff *skb, u8 *digest)
{
	const struct {
		__be32 saddr, daddr;
		u8 zero, protocol;
		__be16 len;
	} pseudo = {
		.saddr = saddr, .daddr = daddr, .protocol = IPPROTO_TCP,
		.len = htons((u16)skb->len),
	};
	struct tcphdr th = *tcp_hdr(skb);
	u32 hlen = __tcp_hdrlen(&th);
	MD5_CTX ctx;

	th.check = 0;
	MD5_Init(&ctx);
	MD5_Update(&ctx, &pseudo, sizeof(pseudo));
	MD5_Update(&ctx, &th, sizeof(th));
	(void)skb_walk(skb, hlen, skb->len - hlen, md5_add_piece, &ctx);
	MD5_Update(&ctx, key->bytes, key->len);
	MD5_Final(digest, &ctx);
	sodium_memzero(&ctx, sizeof(ctx));
}

/* The signature of @skb, which was received; NULL: none. */
static const u8 *md5_signature(const struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);

	return tcp_options_find((const u8 *)(th + 1), __tcp_hdrlen(th) - TCP_HLEN_MIN,
				TCPOPT_MD5SIG, TCPOLEN_MD5SIG);
}

static bool md5_signed_by(const struct tcp_md5_key *key, const struct sk_buff *skb,
			  const u8 *signature)
{
	u8 digest[MD5_DIGEST_LENGTH];

	md5_digest(key, ip_hdr(skb)->saddr, ip_hdr(skb)->daddr, skb, digest);
	return !sodium_memcmp(digest, signature, sizeof(digest));
}

/* By @key, or none: is @skb signed otherwise, then counted and consumed? */
bool __tcp_md5_refuses(const struct tcp_md5_key *key, struct sk_buff *skb)
{
	const u8 *signature = md5_signature(skb);
	struct net *net = skb_net(skb);
	enum skb_drop_reason reason;

	if (!key && !signature)
		return false;
	if (!signature) {
		NET_INC_STATS(net, TCP_MD5NOTFOUND);
		reason = SKB_DROP_REASON_TCP_MD5NOTFOUND;
	} else if (!key) {
		NET_INC_STATS(net, TCP_MD5UNEXPECTED);
		reason = SKB_DROP_REASON_TCP_MD5UNEXPECTED;
	} else if (md5_signed_by(key, skb, signature)) {
		return false;
	} else {
		NET_INC_STATS(net, TCP_MD5FAILURE);
		reason = SKB_DROP_REASON_TCP_MD5FAILURE;
	}
	kfree_skb_reason(skb, reason);
	return true;
}

void tcp_md5_sign(const struct tcp_md5_key *key, __be32 saddr, __be32 daddr,
		  struct sk_buff *skb)
{
	u8 *at = (u8 *)(tcp_hdr(skb) + 1) + TCPOLEN_MD5SIG_ALIGNED - MD5_DIGEST_LENGTH;

	md5_digest(key, saddr, daddr, skb, at);
}

/*
 * Who sends what is for nobody here may be a peer that has not heard of the end of a
 * connection of ours. If a listener at its port here, as routers have, has the key that
 * it signs with, it may be told.
 */
static const struct tcp_md5_key *md5_key_of_the_lost(const struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);
	const struct inet_lookup key = {
		.saddr = ip_hdr(skb)->saddr, .daddr = ip_hdr(skb)->daddr,
		.sport = th->source, .hnum = ntohs(th->source), .dif = skb->skb_iif,
	};
	const struct sock *sk = __inet_lookup_listener(skb_net(skb), &key);

	return sk ? tcp_md5_find(sk, ip_hdr(skb)->saddr) : NULL;
}

bool tcp_md5_reset_key(const struct sock *sk, const struct sk_buff *skb,
		       const struct tcp_md5_key **key)
{
	const u8 *signature;

	if (sk) {	/* @skb was looked at */
		*key = READ_ONCE(sk->sk_state) == TCP_TIME_WAIT ?
			       tcp_md5_timewait(sk) :
			       tcp_md5_lookup(sk, ip_hdr(skb)->saddr);
		return true;
	}
	*key = NULL;
	signature = tcp_may_be_signed(tcp_hdr(skb)) ? md5_signature(skb) : NULL;
	if (likely(!signature))
		return true;
	*key = md5_key_of_the_lost(skb);
	return *key && md5_signed_by(*key, skb, signature);
}

/* ---- connections ------------------------------------------------------ */

void tcp_v4_send_signed(struct sock *sk, struct sk_buff *skb, __wsum header)
{
	static const u8 head[] = { TCPOPT_NOP, TCPOPT_NOP, TCPOPT_MD5SIG,
				   TCPOLEN_MD5SIG };
	const struct tcp_md5_key *key = tcp_md5_lookup(sk, sk->sk_daddr);
	struct tcphdr *th = tcp_hdr(skb);
	u8 *at = (u8 *)(th + 1);

	inet_assert(key);
	if (!th->syn && tcp_sk(sk)->rx_opt.tstamp_ok)
		at += TCPOLEN_TSTAMP_ALIGNED;
	memcpy(at, head, sizeof(head));
	md5_digest(key, inet_sk(sk)->inet_saddr, sk->sk_daddr, skb, at + sizeof(head));
	header = csum_partial(th, __tcp_hdrlen(th), 0);
	ipv4_specific.send_check(sk, skb, header);
}

/* Does @sk sign from now on, or no more? Return: that is news. */
static bool md5_follow(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool signs = tcp_md5_lookup(sk, sk->sk_daddr);

	if (tp->signs == signs)
		return false;
	tp->tcp_header_len -= tcp_md5_header_len(tp);
	tp->signs = signs;
	tp->tcp_header_len += tcp_md5_header_len(tp);
	inet_csk(sk)->icsk_af_ops = signs ? &ipv4_signed : &ipv4_specific;
	tp->pred_flags = 0;
	return true;
}

void tcp_md5_connect(struct sock *sk)
{
	tcp_sk(sk)->signs = 0;
	inet_csk(sk)->icsk_af_ops = &ipv4_specific;
	(void)md5_follow(sk);
}

bool tcp_md5_inherit(const struct sock *sk, struct sock *child)
{
	const struct tcp_md5_key *key = tcp_md5_lookup(sk, child->sk_daddr);

	if (key && md5_key_add(child, child->sk_daddr, TCP_MD5_PREFIX_MAX, key->bytes,
			       key->len))
		return false;
	tcp_md5_connect(child);
	return true;
}

void tcp_md5_time_wait(const struct sock *sk, struct tcp_timewait_sock *tcptw)
{
	/* a reference is no change of it */
	tcptw->tw_md5_key = (void *)(uintptr_t)tcp_md5_lookup(sk, sk->sk_daddr);
	refcount_inc(&tcptw->tw_md5_key->refcnt);
}

void tcp_md5_timewait_free(struct tcp_timewait_sock *tcptw)
{
	if (unlikely(tcptw->tw_md5_key))
		md5_key_put(tcptw->tw_md5_key);
}

void tcp_md5_verify(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	inet_assert(inet_csk(sk)->icsk_af_ops == (tp->signs ? &ipv4_signed :
							      &ipv4_specific));
	inet_assert(!tp->signs || !tp->pred_flags);
	if (!(TCPF(sk->sk_state) & (TCPF(TCP_CLOSE) | TCPF(TCP_LISTEN))))
		inet_assert(tp->signs == !!tcp_md5_lookup(sk, sk->sk_daddr));
}

/* ---- the option ------------------------------------------------------- */

/* The key for @addr/@prefixlen changes; none, without octets of it. */
static int md5_set(struct sock *sk, const struct tcp_md5sig *cmd, u8 prefixlen)
{
	const struct sockaddr_in *sin = (const void *)&cmd->tcpm_addr;
	int err;

	if (sin->sin_family != AF_INET || prefixlen > TCP_MD5_PREFIX_MAX ||
	    cmd->tcpm_keylen > TCP_MD5SIG_MAXKEYLEN)
		return -EINVAL;
	if (cmd->tcpm_keylen)
		err = md5_key_add(sk, sin->sin_addr.s_addr, prefixlen, cmd->tcpm_key,
				  (u8)cmd->tcpm_keylen);
	else
		err = md5_key_del(sk, sin->sin_addr.s_addr, prefixlen);
	if (!err && !(TCPF(sk->sk_state) & (TCPF(TCP_CLOSE) | TCPF(TCP_LISTEN))) &&
	    md5_follow(sk))
		tcp_sync_mss(sk, inet_csk(sk)->icsk_pmtu_cookie);
	return err;
}

/* Reads the user's; what it holds of a key is wiped by who calls. */
static int md5_take(const void *val, socklen_t len, struct tcp_md5sig *cmd)
{
	if (len < sizeof(*cmd))
		return -EINVAL;
	memcpy(cmd, val, sizeof(*cmd));
	return 0;
}

int tcp_set_md5sig(struct sock *sk, const void *val, socklen_t len)
{
	struct tcp_md5sig cmd;
	int err = md5_take(val, len, &cmd);

	if (!err)
		err = md5_set(sk, &cmd, TCP_MD5_PREFIX_MAX);
	sodium_memzero(&cmd, sizeof(cmd));
	return err;
}

/* No device here is a domain of addresses of its own, as TCP_MD5SIG_FLAG_IFINDEX
 * means. */
int tcp_set_md5sig_ext(struct sock *sk, const void *val, socklen_t len)
{
	struct tcp_md5sig cmd;
	int err = md5_take(val, len, &cmd);

	if (!err && (cmd.tcpm_flags & TCP_MD5_FLAG_IFINDEX))
		err = -EINVAL;
	if (!err)
		err = md5_set(sk, &cmd, cmd.tcpm_flags & TCP_MD5SIG_FLAG_PREFIX ?
						cmd.tcpm_prefixlen :
						TCP_MD5_PREFIX_MAX);
	sodium_memzero(&cmd, sizeof(cmd));
	return err;
}
