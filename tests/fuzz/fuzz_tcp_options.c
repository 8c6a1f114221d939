/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as TCP options: bounds hold, the inline way agrees with the
 * walker, and what was read, written out again, reads the same.
 */
#include <string.h>

#include "fuzz.h"
#include "wire/tcp_options.h"

FUZZ_TARGET("tcp_options");

static bool same(const struct tcp_options_info *a,
		 const struct tcp_options_info *b)
{
	return a->saw_tstamp == b->saw_tstamp && a->rcv_tsval == b->rcv_tsval &&
	       a->rcv_tsecr == b->rcv_tsecr && a->saw_mss == b->saw_mss &&
	       a->mss == b->mss && a->wscale_ok == b->wscale_ok &&
	       a->snd_wscale == b->snd_wscale && a->sack_ok == b->sack_ok &&
	       a->num_sacks == b->num_sacks &&
	       memcmp(a->sacks, b->sacks,
		      a->num_sacks * sizeof(a->sacks[0])) == 0 &&
	       a->saw_fastopen == b->saw_fastopen &&
	       a->fastopen_len == b->fastopen_len &&
	       (!a->fastopen_len || memcmp(a->fastopen_cookie,
					   b->fastopen_cookie,
					   a->fastopen_len) == 0);
}

/* Write what was read; it must read back alike. */
static void check_again(const struct tcp_options_info *in)
{
	struct tcp_out_options out = {
		.options = (u8)((in->saw_mss ? OPTION_MSS : 0) |
				(in->saw_tstamp ? OPTION_TS : 0) |
				(in->sack_ok ? OPTION_SACK_ADVERTISE : 0) |
				(in->wscale_ok ? OPTION_WSCALE : 0) |
				(in->saw_fastopen ? OPTION_FAST_OPEN_COOKIE : 0)),
		.mss = in->mss, .ws = in->snd_wscale,
		.tsval = in->rcv_tsval, .tsecr = in->rcv_tsecr,
		.num_sack_blocks = in->num_sacks, .sacks = in->sacks,
		.fastopen_len = in->fastopen_len,
		.fastopen_cookie = in->fastopen_cookie,
		.fastopen_exp = in->fastopen_exp,
	};
	struct tcp_options_info again;
	u8 buf[MAX_TCP_OPTION_SPACE];
	int n = tcp_options_write(buf, sizeof(buf), &out);

	if (n == -WIRE_NO_ROOM) {	/* our padding needs more than theirs */
		fuzz_assert(tcp_options_size(&out) > sizeof(buf));
		return;
	}
	fuzz_assert(n >= 0 && (size_t)n == tcp_options_size(&out));
	tcp_options_parse(buf, (size_t)n, true, &again);
	fuzz_assert(!again.malformed && !again.bad_len && !again.nr_unknown);
	fuzz_assert(same(in, &again));
}

static void check(const u8 *data, size_t size, bool syn)
{
	struct tcp_options_info info, walked;

	tcp_options_parse(data, size, syn, &info);
	memset(&walked, 0, sizeof(walked));
	tcp_options_walk(data, size, syn, &walked);
	fuzz_assert(same(&info, &walked));
	fuzz_assert(info.malformed == walked.malformed);
	fuzz_assert(info.num_sacks <= TCP_MAX_SACKS);
	fuzz_assert(info.snd_wscale <= TCP_MAX_WSCALE);
	fuzz_assert(info.fastopen_len <= TCP_FASTOPEN_COOKIE_MAX);
	if (info.fastopen_cookie)
		fuzz_assert(info.fastopen_cookie >= data &&
			    info.fastopen_cookie + info.fastopen_len <=
			    data + size);
	fuzz_assert(tcp_options_mss(&info, 0, 536, TCP_MIN_SND_MSS) >=
		    TCP_MIN_SND_MSS);
	if (syn)
		check_again(&info);
	else
		fuzz_assert(!info.saw_mss && !info.wscale_ok &&
			    !info.sack_ok && !info.saw_fastopen);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	check(data, size, true);
	check(data, size, false);
	return 0;
}
