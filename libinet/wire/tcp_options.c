/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options of the TCP header: the walker behind tcp_options_parse(), and the
 * writer.
 *
 * An option with a length that cannot be (0, 1, past the end) ends the walk:
 * what came before it counts, `malformed` is set, the segment lives on
 * (RFC 9293 MUST-7). A known kind with a wrong length and an unknown kind are
 * skipped by their length (MUST-6).
 */
#include "wire/tcp_options.h"

#include "lib/byteorder.h"
#include "wire/cursor.h"

#define TCPOLEN_KIND_LEN 2		/* the two bytes each option begins with */

/* Four bytes that begin on a word, as a number. */
#define OPT_WORD(a, b, c, d) \
	((u32)(a) << 24 | (u32)(b) << 16 | (u32)(c) << 8 | (u32)(d))
#define OPT_WORD_MSS OPT_WORD(TCPOPT_MSS, TCPOLEN_MSS, 0, 0)
#define OPT_WORD_TS \
	OPT_WORD(TCPOPT_NOP, TCPOPT_NOP, TCPOPT_TIMESTAMP, TCPOLEN_TIMESTAMP)
#define OPT_WORD_SACK_TS					\
	OPT_WORD(TCPOPT_SACK_PERM, TCPOLEN_SACK_PERM,		\
		 TCPOPT_TIMESTAMP, TCPOLEN_TIMESTAMP)
#define OPT_WORD_SACK_PERM \
	OPT_WORD(TCPOPT_NOP, TCPOPT_NOP, TCPOPT_SACK_PERM, TCPOLEN_SACK_PERM)
#define OPT_WORD_WINDOW OPT_WORD(TCPOPT_NOP, TCPOPT_WINDOW, TCPOLEN_WINDOW, 0)
#define OPT_WORD_MD5 OPT_WORD(TCPOPT_NOP, TCPOPT_NOP, TCPOPT_MD5SIG, TCPOLEN_MD5SIG)
#define OPT_WORD_SACKS OPT_WORD(TCPOPT_NOP, TCPOPT_NOP, TCPOPT_SACK, 0)

/* Maximum segment size: two bytes, of any value. */
static void walk_mss(struct cursor *body, struct tcp_options_info *info)
{
	if (cur_left(body) != TCPOLEN_MSS - TCPOLEN_KIND_LEN) {
		info->bad_len = true;
		return;
	}
	info->saw_mss = true;
	info->mss = cur_be16(body);
}

/* RFC 7323 2.3: a shift above 14 is taken as 14. */
static void take_wscale(u8 shift, struct tcp_options_info *info)
{
	info->wscale_ok = true;
	info->wscale_clamped = shift > TCP_MAX_WSCALE;
	info->snd_wscale = info->wscale_clamped ? TCP_MAX_WSCALE : shift;
}

static void walk_wscale(struct cursor *body, struct tcp_options_info *info)
{
	if (cur_left(body) == TCPOLEN_WINDOW - TCPOLEN_KIND_LEN)
		take_wscale(cur_u8(body), info);
	else
		info->bad_len = true;
}

/* Timestamps (RFC 7323 3.2). */
static void walk_timestamp(struct cursor *body, struct tcp_options_info *info)
{
	if (cur_left(body) != TCPOLEN_TIMESTAMP - TCPOLEN_KIND_LEN) {
		info->bad_len = true;
		return;
	}
	info->saw_tstamp = true;
	info->rcv_tsval = cur_be32(body);
	info->rcv_tsecr = cur_be32(body);
}

/* One to four whole blocks; whether they make sense is for TCP to judge. */
static void walk_sack(struct cursor *body, struct tcp_options_info *info)
{
	size_t left = cur_left(body);
	u8 i, n = (u8)(left / TCPOLEN_SACK_PERBLOCK);

	if (n == 0 || n > TCP_MAX_SACKS || left % TCPOLEN_SACK_PERBLOCK) {
		info->bad_len = true;
		return;
	}
	info->num_sacks = n;
	for (i = 0; i < n; i++) {
		info->sacks[i].start_seq = cur_be32(body);
		info->sacks[i].end_seq = cur_be32(body);
	}
}

/* A request (no cookie) or a cookie of 4 to 16 bytes, even (RFC 7413 2). */
static void walk_fastopen(struct cursor *body, bool exp,
			  struct tcp_options_info *info)
{
	size_t len = cur_left(body);

	if (len != 0 && (len < TCP_FASTOPEN_COOKIE_MIN ||
			 len > TCP_FASTOPEN_COOKIE_MAX || len % 2)) {
		info->bad_len = true;
		return;
	}
	info->saw_fastopen = true;
	info->fastopen_exp = exp;
	info->fastopen_len = (u8)len;
	info->fastopen_cookie = len ? cur_bytes(body, len) : NULL;
}

/* Options that mean something in a SYN only. */
static void walk_syn_option(u8 kind, struct cursor *body,
			    struct tcp_options_info *info)
{
	switch (kind) {
	case TCPOPT_MSS:
		walk_mss(body, info);
		break;
	case TCPOPT_WINDOW:
		walk_wscale(body, info);
		break;
	case TCPOPT_SACK_PERM:
		if (cur_left(body) == TCPOLEN_SACK_PERM - TCPOLEN_KIND_LEN)
			info->sack_ok = true;
		else
			info->bad_len = true;
		break;
	case TCPOPT_FASTOPEN:
		walk_fastopen(body, false, info);
		break;
	case TCPOPT_EXP:
		if (cur_be16(body) == TCPOPT_FASTOPEN_MAGIC)
			walk_fastopen(body, true, info);
		else
			info->nr_unknown++;
		break;
	}
}

/* One option other than EOL and NOP; @body is what follows kind and length. */
static void walk_option(u8 kind, struct cursor *body, bool syn,
			struct tcp_options_info *info)
{
	switch (kind) {
	case TCPOPT_TIMESTAMP:
		walk_timestamp(body, info);
		break;
	case TCPOPT_SACK:
		walk_sack(body, info);
		break;
	case TCPOPT_MSS:
	case TCPOPT_WINDOW:
	case TCPOPT_SACK_PERM:
	case TCPOPT_FASTOPEN:
	case TCPOPT_EXP:
		if (syn)
			walk_syn_option(kind, body, info);
		break;
	case TCPOPT_MD5SIG:
		info->saw_md5 = true;
		info->bad_len |= cur_left(body) !=
				 TCPOLEN_MD5SIG - TCPOLEN_KIND_LEN;
		break;
	case TCPOPT_AO:
		info->saw_ao = true;
		info->bad_len |= cur_left(body) <
				 TCPOLEN_AO_MIN - TCPOLEN_KIND_LEN;
		break;
	case TCPOPT_MPTCP:
		info->saw_mptcp = true;
		break;
	default:
		info->nr_unknown++;
		break;
	}
}

static struct cursor options_begin(const u8 *opt, size_t len)
{
	return cur_init(opt, min(len, (size_t)MAX_TCP_OPTION_SPACE));
}

/* Steps to the next option that has a length: its @kind and what follows both in
 * @body. False: there is none, or *@malformed what there is. */
static inline bool options_next(struct cursor *c, u8 *kind, struct cursor *body,
				bool *malformed)
{
	u8 size;

	while (cur_left(c) > 0) {	/* each round takes a byte or leaves */
		*kind = cur_u8(c);
		if (*kind == TCPOPT_EOL)
			return false;
		if (*kind == TCPOPT_NOP)
			continue;
		size = cur_u8(c);
		if (size < TCPOLEN_KIND_LEN ||
		    size - TCPOLEN_KIND_LEN > (int)cur_left(c)) {
			*malformed = true;
			return false;
		}
		*body = cur_sub(c, size - TCPOLEN_KIND_LEN);
		return true;
	}
	return false;
}

/*
 * Walk options one by one. The caller has cleared the fixed part of @info;
 * see tcp_options_parse(). An option that comes twice counts as it came last.
 */
void tcp_options_walk(const u8 *opt, size_t len, bool syn,
		      struct tcp_options_info *info)
{
	struct cursor c = options_begin(opt, len), body;
	bool malformed = false;
	u8 kind;

	while (options_next(&c, &kind, &body, &malformed))
		walk_option(kind, &body, syn, info);
	if (malformed)
		info->malformed = true;
}

const u8 *tcp_options_find(const u8 *opt, size_t len, u8 kind, u8 size)
{
	struct cursor c = options_begin(opt, len), body;
	bool malformed;
	u8 k;

	while (options_next(&c, &k, &body, &malformed))
		if (k == kind &&
		    cur_left(&body) == (size_t)(size - TCPOLEN_KIND_LEN))
			return body.p;
	return NULL;
}

bool tcp_options_usual_syn(const u8 *opt, struct tcp_options_info *info)
{
	u32 word[TCPOLEN_USUAL_SYN / 4], ts;

	memcpy(word, opt, sizeof(word));
	ts = be32_to_cpu(word[1]);
	if ((be32_to_cpu(word[0]) & 0xffff0000u) != OPT_WORD_MSS ||
	    (ts != OPT_WORD_TS && ts != OPT_WORD_SACK_TS) ||
	    (be32_to_cpu(word[4]) & 0xffffff00u) != OPT_WORD_WINDOW)
		return false;
	info->saw_mss = true;
	info->mss = (u16)be32_to_cpu(word[0]);
	info->sack_ok = ts == OPT_WORD_SACK_TS;
	info->saw_tstamp = true;
	info->rcv_tsval = be32_to_cpu(word[2]);
	info->rcv_tsecr = be32_to_cpu(word[3]);
	take_wscale((u8)be32_to_cpu(word[4]), info);
	return true;
}

/* Bytes of the Fast Open option, its padding included. */
static size_t fastopen_size(const struct tcp_out_options *opts)
{
	size_t base = opts->fastopen_exp ? TCPOLEN_EXP_FASTOPEN_BASE :
					   TCPOLEN_FASTOPEN_BASE;

	return (base + opts->fastopen_len + 3) & ~(size_t)3;
}

/* Bytes that tcp_options_write() needs: a multiple of 4, perhaps above 40. */
size_t tcp_options_size(const struct tcp_out_options *opts)
{
	size_t size = 0;

	if (opts->options & OPTION_MD5)
		size += TCPOLEN_MD5SIG_ALIGNED;
	if (opts->options & OPTION_MSS)
		size += TCPOLEN_MSS_ALIGNED;
	if (opts->options & OPTION_TS)
		size += TCPOLEN_TSTAMP_ALIGNED;
	else if (opts->options & OPTION_SACK_ADVERTISE)
		size += TCPOLEN_SACKPERM_ALIGNED;
	if (opts->options & OPTION_WSCALE)
		size += TCPOLEN_WSCALE_ALIGNED;
	if (opts->num_sack_blocks)
		size += TCPOLEN_SACK_BASE_ALIGNED +
			(size_t)opts->num_sack_blocks * TCPOLEN_SACK_PERBLOCK;
	if (opts->options & OPTION_FAST_OPEN_COOKIE)
		size += fastopen_size(opts);
	return size;
}

/* How many SACK blocks fit beside the other options of @opts. */
unsigned int tcp_options_max_sacks(const struct tcp_out_options *opts)
{
	struct tcp_out_options rest = *opts;
	size_t used, n;

	rest.num_sack_blocks = 0;
	used = tcp_options_size(&rest) + TCPOLEN_SACK_BASE_ALIGNED;
	if (used > MAX_TCP_OPTION_SPACE)
		return 0;
	n = (MAX_TCP_OPTION_SPACE - used) / TCPOLEN_SACK_PERBLOCK;
	return n > TCP_MAX_SACKS ? TCP_MAX_SACKS : (unsigned int)n;
}

/* One word of head, and room for the signature. */
static void write_md5(struct wcursor *w)
{
	static const u8 none[TCPOLEN_MD5SIG - TCPOLEN_KIND_LEN];

	wcur_be32(w, OPT_WORD_MD5);
	wcur_bytes(w, none, sizeof(none));
}

/* Three words: SACK permitted or two NOPs, then the timestamps. */
static void write_timestamp(struct wcursor *w,
			    const struct tcp_out_options *opts)
{
	wcur_be32(w, opts->options & OPTION_SACK_ADVERTISE ? OPT_WORD_SACK_TS :
							     OPT_WORD_TS);
	wcur_be32(w, opts->tsval);
	wcur_be32(w, opts->tsecr);
}

/* One word of head, then two words for each block. */
static void write_sacks(struct wcursor *w, const struct tcp_out_options *opts)
{
	u8 i;

	wcur_be32(w, OPT_WORD_SACKS |
		     (u8)(TCPOLEN_SACK_BASE +
			  opts->num_sack_blocks * TCPOLEN_SACK_PERBLOCK));
	for (i = 0; i < opts->num_sack_blocks; i++) {
		wcur_be32(w, opts->sacks[i].start_seq);
		wcur_be32(w, opts->sacks[i].end_seq);
	}
}

/* The cookie, or the request for one, and NOPs to the next word. */
static void write_fastopen(struct wcursor *w,
			   const struct tcp_out_options *opts)
{
	size_t end = wcur_len(w) + fastopen_size(opts);

	if (opts->fastopen_exp) {
		wcur_u8(w, TCPOPT_EXP);
		wcur_u8(w, TCPOLEN_EXP_FASTOPEN_BASE + opts->fastopen_len);
		wcur_be16(w, TCPOPT_FASTOPEN_MAGIC);
	} else {
		wcur_u8(w, TCPOPT_FASTOPEN);
		wcur_u8(w, TCPOLEN_FASTOPEN_BASE + opts->fastopen_len);
	}
	wcur_bytes(w, opts->fastopen_cookie, opts->fastopen_len);
	while (wcur_ok(w) && wcur_len(w) < end)
		wcur_u8(w, TCPOPT_NOP);
}

/* Is every member something that the format can carry? */
static bool out_options_valid(const struct tcp_out_options *opts)
{
	return opts->ws <= TCP_MAX_WSCALE &&
	       opts->num_sack_blocks <= TCP_MAX_SACKS &&
	       opts->fastopen_len <= TCP_FASTOPEN_COOKIE_MAX &&
	       opts->fastopen_len % 2 == 0;
}

/*
 * Write options in the layout that Linux sends, each on its word, filled up
 * with NOP: a signature of zeros; MSS; SACK permitted and timestamps in three words, or alone; NOP
 * and window scale; SACK blocks; Fast Open.
 *
 * Return: bytes written, a multiple of 4; -WIRE_NO_ROOM when they do not fit
 * into @room or into a header; -WIRE_RANGE.
 */
int tcp_options_write(void *buf, size_t room,
		      const struct tcp_out_options *opts)
{
	size_t size = tcp_options_size(opts);
	struct wcursor w = wcur_init(buf, room);

	if (!out_options_valid(opts))
		return -WIRE_RANGE;
	if (size > room || size > MAX_TCP_OPTION_SPACE)
		return -WIRE_NO_ROOM;

	if (opts->options & OPTION_MD5)
		write_md5(&w);
	if (opts->options & OPTION_MSS)
		wcur_be32(&w, OPT_WORD_MSS | opts->mss);
	if (opts->options & OPTION_TS)
		write_timestamp(&w, opts);
	else if (opts->options & OPTION_SACK_ADVERTISE)
		wcur_be32(&w, OPT_WORD_SACK_PERM);
	if (opts->options & OPTION_WSCALE)
		wcur_be32(&w, OPT_WORD_WINDOW | opts->ws);
	if (opts->num_sack_blocks)
		write_sacks(&w, opts);
	if (opts->options & OPTION_FAST_OPEN_COOKIE)
		write_fastopen(&w, opts);
	return (int)wcur_len(&w);
}

/*
 * The largest payload to send to a peer, before timestamps and the path are
 * considered.
 *
 * @user_mss: the application's TCP_MAXSEG, 0 = none
 * @dflt: what holds when the peer sent none, or 0 (RFC 9293 MUST-15)
 * @floor: below this a segment is mostly header (CVE-2019-11479)
 */
u16 tcp_options_mss(const struct tcp_options_info *info, u16 user_mss,
		    u16 dflt, u16 floor)
{
	u16 mss = info->mss ? info->mss : dflt;

	if (user_mss && user_mss < mss)
		mss = user_mss;
	return mss < floor ? floor : mss;
}
