/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as IPv4 options: what is accepted stays acceptable after we have
 * recorded ourselves in it, echoed it, or cut it for a fragment, and the fixed
 * part of the header is not touched but for the destination.
 */
#include <string.h>

#include "fuzz.h"
#include "wire/ip_options.h"

FUZZ_TARGET("ip_options");

#define ME	0x0201000au

static void check_echo(const u8 *iph, size_t hdr_len,
		       const struct ip_options_info *info)
{
	struct ip_options_info again;
	u8 out[MAX_IPOPTLEN];
	__be32 hop;
	int n = ip_options_echo(iph, hdr_len, info, out, &hop);

	fuzz_assert(n >= 0 && n <= MAX_IPOPTLEN && n % 4 == 0);
	fuzz_assert(ip_options_parse(out, (size_t)n, &again) == 0);
	fuzz_assert(!again.srr || info->srr);
	fuzz_assert(!again.rr == !info->rr && !again.ts == !info->ts);
	fuzz_assert(!again.router_alert && !again.has_unknown);
}

/*
 * May the next station refuse a header in which we are recorded? Yes, when the
 * sender left room for a part of an entry, or the overflow is at its end.
 */
static bool may_refuse(const u8 *iph, u8 blamed)
{
	const u8 *list = iph + blamed - IPOPT_OFFSET;

	if (blamed < IP_HLEN_MIN + IPOPT_OFFSET)
		return false;
	if (list[-1] == IPOPT_TIMESTAMP && iph[blamed] >> 4 == 15)
		return true;
	return list[IPOPT_OFFSET] <= list[IPOPT_OLEN];
}

/* Return: whether the header parses after we recorded ourselves in it. */
static bool check_update(u8 *iph, size_t hdr_len,
			 const struct ip_options_info *info)
{
	struct ip_options_info again;
	u8 before[IP_HLEN_MIN];
	bool rr, ts, srr;

	memcpy(before, iph, sizeof(before));
	rr = ip_options_rr_update(iph, hdr_len, info, ME);
	ts = ip_options_ts_update(iph, hdr_len, info, ME, 1234);
	srr = ip_options_srr_update(iph, hdr_len, info, ME);
	fuzz_assert(rr == info->rr_room);
	fuzz_assert(!ts || info->ts);
	fuzz_assert(!srr || info->srr);
	fuzz_assert(memcmp(before, iph, 16) == 0);
	if (srr)
		fuzz_assert(memcmp(iph + 16, &info->next_hop, 4) == 0);
	else
		fuzz_assert(memcmp(before + 16, iph + 16, 4) == 0);
	if (ip_options_parse(iph + IP_HLEN_MIN, hdr_len - IP_HLEN_MIN,
			     &again) != 0) {
		fuzz_assert(may_refuse(iph, again.pp_ptr));
		return false;
	}
	fuzz_assert(again.rr == info->rr && again.ts == info->ts &&
		    again.srr == info->srr);
	return true;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct ip_options_info info, again;
	u8 iph[IP_HLEN_MAX] = { 0x4f };

	memset(&info, 0, sizeof(info));
	if (ip_options_parse(data, size, &info) != 0) {
		fuzz_assert(size > MAX_IPOPTLEN ? info.pp_ptr == 0 :
			    info.pp_ptr >= IP_HLEN_MIN &&
			    info.pp_ptr < IP_HLEN_MIN + size);
		return 0;
	}
	memcpy(iph + IP_HLEN_MIN, data, size);
	check_echo(iph, IP_HLEN_MIN + size, &info);
	if (check_update(iph, IP_HLEN_MIN + size, &info))
		check_echo(iph, IP_HLEN_MIN + size, &info);

	memcpy(iph, data, size);
	ip_options_fragment(iph, size);
	fuzz_assert(ip_options_parse(iph, size, &again) == 0);
	fuzz_assert(!again.rr && !again.ts && again.srr == info.srr);
	return 0;
}
