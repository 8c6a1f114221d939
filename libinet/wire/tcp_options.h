/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options of the TCP header: read and write.
 *
 * tcp_options_parse() is the entry for received segments. The layout of almost
 * every data segment (NOP NOP Timestamps, 12 bytes) and "no options at all"
 * are decided inline by two loads, that of the SYNs of Linux and ourselves by
 * three words; everything else goes to the walker.
 */
#ifndef INET_WIRE_TCP_OPTIONS_H
#define INET_WIRE_TCP_OPTIONS_H

#include <string.h>

#include <inet/types.h>

#include "wire/reason.h"
#include "wire/tcp.h"

/* Kinds; <netinet/tcp.h> has some of them under the same names */
#define TCPOPT_MSS		2
#define TCPOPT_SACK_PERM	4
#define TCPOPT_MD5SIG		19	/* RFC 2385 */
#define TCPOPT_AO		29	/* RFC 5925 */
#define TCPOPT_MPTCP		30	/* RFC 8684 */
#define TCPOPT_FASTOPEN		34	/* RFC 7413 */
#define TCPOPT_EXP		254	/* RFC 6994: two more bytes tell */
#define TCPOPT_FASTOPEN_MAGIC	0xF989

#define TCPOLEN_MSS		4
#define TCPOLEN_SACK_PERM	2
#define TCPOLEN_SACK_BASE	2
#define TCPOLEN_SACK_PERBLOCK	8
#define TCPOLEN_MD5SIG		18
#define TCPOLEN_AO_MIN		4
#define TCPOLEN_FASTOPEN_BASE	2
#define TCPOLEN_EXP_FASTOPEN_BASE 4

/* Lengths with the padding we send */
#define TCPOLEN_TSTAMP_ALIGNED		12
#define TCPOLEN_WSCALE_ALIGNED		4
#define TCPOLEN_SACKPERM_ALIGNED	4
#define TCPOLEN_SACK_BASE_ALIGNED	4
#define TCPOLEN_MSS_ALIGNED		4
#define TCPOLEN_MD5SIG_ALIGNED		20

/* MSS, timestamps and window scale: a SYN's, in most cases */
#define TCPOLEN_USUAL_SYN \
	(TCPOLEN_MSS_ALIGNED + TCPOLEN_TSTAMP_ALIGNED + TCPOLEN_WSCALE_ALIGNED)

#define TCP_MAX_WSCALE		14	/* RFC 7323 2.3 */
#define TCP_MAX_SACKS		4
#define TCP_FASTOPEN_COOKIE_MIN	4
#define TCP_FASTOPEN_COOKIE_MAX	16
#define TCP_MIN_SND_MSS		48	/* default of tcp_min_snd_mss */

struct tcp_sack_block {
	u32 start_seq;
	u32 end_seq;
};

/* What a segment's options say. Only the first num_sacks blocks are set. */
struct tcp_options_info {
	u32 rcv_tsval;		/* when saw_tstamp */
	u32 rcv_tsecr;
	u16 mss;		/* as sent: any value; 0 = none (SYN only) */
	u8 snd_wscale;		/* 0 to 14, when wscale_ok (SYN only) */
	u8 num_sacks;
	bool saw_tstamp:1;
	bool saw_mss:1;
	bool wscale_ok:1;
	bool wscale_clamped:1;	/* the peer asked for more than 14 */
	bool sack_ok:1;		/* SACK permitted (SYN only) */
	bool saw_fastopen:1;	/* (SYN only) */
	bool fastopen_exp:1;	/* it came as experiment (kind 254) */
	bool saw_md5:1;
	bool saw_ao:1;
	bool saw_mptcp:1;
	bool malformed:1;	/* a length was 0, 1 or past the end: the rest is
				 * not read */
	bool bad_len:1;		/* a known kind with a wrong length: skipped */
	u8 fastopen_len;	/* 0: a request for a cookie */
	u8 nr_unknown;
	const u8 *fastopen_cookie; /* points into the segment */
	struct tcp_sack_block sacks[TCP_MAX_SACKS];
};

#define TCP_OPTIONS_INFO_FIXED	offsetof(struct tcp_options_info, sacks)

/* What we send; a zero member is left out. */
#define OPTION_SACK_ADVERTISE	0x01
#define OPTION_TS		0x02
#define OPTION_WSCALE		0x04
#define OPTION_MSS		0x08
#define OPTION_FAST_OPEN_COOKIE	0x10
#define OPTION_MD5		0x20	/* the signature is filled in later */

struct tcp_out_options {
	u8 options;		/* OPTION_* */
	u8 ws;
	u8 num_sack_blocks;
	u8 fastopen_len;
	u16 mss;
	bool fastopen_exp;
	u32 tsval;
	u32 tsecr;
	const u8 *fastopen_cookie;
	const struct tcp_sack_block *sacks;
};

/* What follows kind and length of the first option of @kind that is @size long in the
 * @len bytes at @opt; NULL: there is none. */
const u8 *tcp_options_find(const u8 *opt, size_t len, u8 kind, u8 size);
void tcp_options_walk(const u8 *opt, size_t len, bool syn,
		      struct tcp_options_info *info);
/* The TCPOLEN_USUAL_SYN bytes at @opt, if they are what Linux sends in a SYN, or
 * we. False: walk; @info is as it was. */
bool tcp_options_usual_syn(const u8 *opt, struct tcp_options_info *info);
size_t tcp_options_size(const struct tcp_out_options *opts);
int tcp_options_write(void *buf, size_t room,
		      const struct tcp_out_options *opts);
unsigned int tcp_options_max_sacks(const struct tcp_out_options *opts);
u16 tcp_options_mss(const struct tcp_options_info *info, u16 user_mss,
		    u16 dflt, u16 floor);

/*
 * Read the options of one segment.
 *
 * @opt, @len: the bytes between the fixed header and the payload
 * @syn: the segment has SYN: MSS, window scale, SACK permitted and Fast Open
 *       count; in other segments they are skipped
 */
static inline void tcp_options_parse(const void *opt, size_t len, bool syn,
				     struct tcp_options_info *info)
{
	static const u8 aligned_ts[4] = {
		TCPOPT_NOP, TCPOPT_NOP, TCPOPT_TIMESTAMP, TCPOLEN_TIMESTAMP
	};
	const u8 *p = (const u8 *)opt;
	u32 v[2];

	memset(info, 0, TCP_OPTIONS_INFO_FIXED);
	if (len == 0)
		return;
	if (syn && len == TCPOLEN_USUAL_SYN && tcp_options_usual_syn(p, info))
		return;
	if (len != TCPOLEN_TSTAMP_ALIGNED ||
	    memcmp(p, aligned_ts, sizeof(aligned_ts)) != 0) {
		tcp_options_walk(p, len, syn, info);
		return;
	}
	memcpy(v, p + 4, sizeof(v));
	info->saw_tstamp = true;
	info->rcv_tsval = ntohl(v[0]);
	info->rcv_tsecr = ntohl(v[1]);
}

#endif /* INET_WIRE_TCP_OPTIONS_H */
