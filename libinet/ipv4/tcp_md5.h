/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP segments with a signature by a key that both ends know (RFC 2385): see
 * tcp_md5.c. Of a build without libcrypto nothing here costs anything.
 */
#ifndef IPV4_TCP_MD5_H
#define IPV4_TCP_MD5_H

#include "ipv4/ip.h"
#include "ipv4/tcp.h"

struct tcp_md5_key;

#ifdef HAVE_OPENSSL

/* Octets of the header that signatures take. */
static inline u16 tcp_md5_header_len(const struct tcp_sock *tp)
{
	return tp->signs ? TCPOLEN_MD5SIG_ALIGNED : 0;
}

/* The key of the sock @sk, of any kind but a request, for @peer; NULL: none. Context:
 * RCU, or the sock is locked. */
const struct tcp_md5_key *tcp_md5_find(const struct sock *sk, __be32 peer);
static inline const struct tcp_md5_key *tcp_md5_lookup(const struct sock *sk,
						       __be32 peer)
{
	return likely(!READ_ONCE(tcp_sk(sk)->seldom)) ? NULL :
							tcp_md5_find(sk, peer);
}

/* That of a TIME-WAIT sock. */
static inline const struct tcp_md5_key *tcp_md5_timewait(const struct sock *tw)
{
	return tcp_twsk(tw)->tw_md5_key;
}

/* Is there room in the header for a signature, beside what a SYN usually has? */
static inline bool tcp_may_be_signed(const struct tcphdr *th)
{
	const u8 *opt = (const u8 *)(th + 1);
	u32 hlen = __tcp_hdrlen(th), least = TCP_HLEN_MIN + TCPOLEN_MD5SIG_ALIGNED;

	return unlikely(hlen >= least) &&
	       !(hlen == least && opt[0] == TCPOPT_MSS && opt[1] == TCPOLEN_MSS);
}

bool __tcp_md5_refuses(const struct tcp_md5_key *key, struct sk_buff *skb);

/* Is @skb, for the sock @sk of whole size, not signed as it must be? Then it is counted and
 * consumed. Context: RCU, or the sock is locked. */
static inline bool tcp_md5_refuses(const struct sock *sk, struct sk_buff *skb)
{
	if (likely(!READ_ONCE(tcp_sk(sk)->seldom) &&
		   !tcp_may_be_signed(tcp_hdr(skb))))
		return false;
	return __tcp_md5_refuses(tcp_md5_find(sk, ip_hdr(skb)->saddr), skb);
}

/* The same for a TIME-WAIT sock, if it has a key. */
static inline bool tcp_md5_refuses_timewait(const struct sock *tw, struct sk_buff *skb)
{
	return unlikely(tcp_md5_timewait(tw)) &&
	       __tcp_md5_refuses(tcp_md5_timewait(tw), skb);
}

/*
 * The key for a RST to @skb, for the sock @sk, which may be in TIME-WAIT or NULL. False:
 * there must be none, since nobody here could have asked for that signature.
 */
bool tcp_md5_reset_key(const struct sock *sk, const struct sk_buff *skb,
		       const struct tcp_md5_key **key);
/* Fills in the option that tcp_options_write() put at the begin of @skb's, which has its
 * header at skb->data. */
void tcp_md5_sign(const struct tcp_md5_key *key, __be32 saddr, __be32 daddr,
		  struct sk_buff *skb);

/* What a connection that signs has instead of ipv4_specific, and its send_check: sign, then
 * sum. */
extern const struct inet_connection_sock_af_ops ipv4_signed;
void tcp_v4_send_signed(struct sock *sk, struct sk_buff *skb, __wsum header);
/* The route of @sk is known, its header begins anew: will it sign? */
void tcp_md5_connect(struct sock *sk);
/* @child becomes what its listener @sk, which has a seldom, has a key for. False: no
 * memory. */
bool tcp_md5_inherit(const struct sock *sk, struct sock *child);
/* The sock becomes @tcptw. */
void tcp_md5_time_wait(const struct sock *sk, struct tcp_timewait_sock *tcptw);
void tcp_md5_timewait_free(struct tcp_timewait_sock *tcptw);
/* All keys go. Context: nobody finds the sock any more, but under RCU. */
void tcp_md5_free(struct tcp_seldom *seldom);
/* Asserts what signing changes. */
void tcp_md5_verify(const struct sock *sk);

int tcp_set_md5sig(struct sock *sk, const void *val, socklen_t len);
int tcp_set_md5sig_ext(struct sock *sk, const void *val, socklen_t len);

#else

static inline u16 tcp_md5_header_len(const struct tcp_sock *tp)
{
	(void)tp;
	return 0;
}

static inline const struct tcp_md5_key *tcp_md5_lookup(const struct sock *sk,
						       __be32 peer)
{
	(void)sk, (void)peer;
	return NULL;
}

static inline const struct tcp_md5_key *tcp_md5_timewait(const struct sock *tw)
{
	(void)tw;
	return NULL;
}

static inline bool tcp_md5_refuses(const struct sock *sk, struct sk_buff *skb)
{
	(void)sk, (void)skb;
	return false;
}

static inline bool tcp_md5_refuses_timewait(const struct sock *tw, struct sk_buff *skb)
{
	(void)tw, (void)skb;
	return false;
}

static inline bool tcp_md5_reset_key(const struct sock *sk,
				     const struct sk_buff *skb,
				     const struct tcp_md5_key **key)
{
	(void)sk, (void)skb, (void)key;
	return true;
}

static inline void tcp_md5_sign(const struct tcp_md5_key *key, __be32 saddr,
				__be32 daddr, struct sk_buff *skb)
{
	(void)key, (void)saddr, (void)daddr, (void)skb;
}

static inline void tcp_md5_connect(struct sock *sk)
{
	(void)sk;
}

static inline bool tcp_md5_inherit(const struct sock *sk, struct sock *child)
{
	(void)sk, (void)child;
	return true;
}

static inline void tcp_md5_time_wait(const struct sock *sk,
				     struct tcp_timewait_sock *tcptw)
{
	(void)sk, (void)tcptw;
}

static inline void tcp_md5_timewait_free(struct tcp_timewait_sock *tcptw)
{
	(void)tcptw;
}

static inline void tcp_md5_free(struct tcp_seldom *seldom)
{
	(void)seldom;
}

static inline void tcp_md5_verify(const struct sock *sk)
{
	(void)sk;
}

#endif /* HAVE_OPENSSL */

#endif /* IPV4_TCP_MD5_H */
