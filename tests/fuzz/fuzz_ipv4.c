/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as an IPv4 datagram, as they come and with the checksum put right:
 * lengths nest, and what is accepted is built again byte for byte.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "lib/checksum.h"
#include "wire/ipv4.h"

FUZZ_TARGET("ipv4");

static void check(const u8 *data, size_t size)
{
	u8 again[IP_HLEN_MAX];
	struct ipv4_info info;

	if (ipv4_parse(data, size, &info) != 0)
		return;
	fuzz_assert(info.hdr_len >= IP_HLEN_MIN && info.hdr_len <= IP_HLEN_MAX);
	fuzz_assert(info.hdr_len <= info.tot_len && info.tot_len <= size);
	fuzz_assert(info.opt_len == info.hdr_len - IP_HLEN_MIN);
	if (data[6] & 0x80)		/* the reserved flag is not sent */
		return;
	memcpy(again, data, info.hdr_len);
	fuzz_assert(ipv4_build(again, info.hdr_len, &info) == info.hdr_len);
	again[10] = data[10];		/* 0 and 0xffff are the same sum */
	again[11] = data[11];
	fuzz_assert(memcmp(data, again, info.hdr_len) == 0);
	fuzz_assert(ipv4_parse(again, info.hdr_len, &info) == 0 ||
		    info.tot_len > info.hdr_len);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	size_t hdr_len;
	u8 *copy;

	check(data, size);
	if (size < IP_HLEN_MIN)
		return 0;
	hdr_len = (data[0] & 15u) * 4;
	if (hdr_len < IP_HLEN_MIN || hdr_len > size)
		return 0;
	copy = malloc(size);
	fuzz_assert(copy);
	memcpy(copy, data, size);
	ip_send_check((struct iphdr *)copy);
	fuzz_assert(ip_fast_csum(copy, (unsigned int)hdr_len / 4) == 0);
	check(copy, size);
	free(copy);
	return 0;
}
