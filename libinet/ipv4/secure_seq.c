/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers of TCP that nobody outside may guess: SipHash of the connection's
 * names under a key that was drawn when the stack was made (RFC 6528, 7323
 * 5.4).
 */
#include "ipv4/tcp.h"
#include "lib/random.h"

#define ISN_TICK_SHIFT 6	/* 64 ns: wraps in 274 s, above the MSL */

/* One hash has bits enough for both, and neither half tells of the other. */
struct tcp_seq_and_ts_off secure_tcp_seq_and_ts_off(struct net *net,
						    __be32 saddr, __be32 daddr,
						    __be16 sport, __be16 dport)
{
	struct {
		__be32 saddr, daddr;
		__be16 sport, dport;
	} key = { saddr, daddr, sport, dport };
	u64 hash = siphash((const siphash_key_t *)net->ipv4.isn_secret, &key,
			   sizeof(key));

	return (struct tcp_seq_and_ts_off){
		/* ISN = M + F(...): M faster than one per 4 us (MUST-8) */
		.seq = (u32)hash + (u32)(net_now(net) >> ISN_TICK_SHIFT),
		.ts_off = READ_ONCE(net->ipv4.sysctl_tcp_timestamps) == 1 ?
			  (u32)(hash >> 32) : 0,
	};
}
