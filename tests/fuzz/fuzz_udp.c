/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a UDP datagram: the length lies inside, and a checksum that is
 * put right verifies.
 */
#include <string.h>

#include "fuzz.h"
#include "wire/udp.h"

FUZZ_TARGET("udp");

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct udp_info info;
	u8 again[UDP_HLEN];
	__wsum sum;
	__sum16 check;

	if (udp_parse(data, size, size, &info) != 0)
		return 0;
	fuzz_assert(info.len >= UDP_HLEN && info.len <= size);
	fuzz_assert(info.no_check == !(data[6] | data[7]));
	fuzz_assert(udp_build(again, sizeof(again), &info) == UDP_HLEN);
	fuzz_assert(memcmp(data, again, 6) == 0);

	sum = csum_partial(data + UDP_HLEN, info.len - UDP_HLEN, 0);
	check = udp_mangle_zero(udp_v4_check(info.len, 1, 2,
				csum_partial(again, UDP_HLEN, sum)));
	memcpy(again + 6, &check, sizeof(check));
	fuzz_assert(udp_v4_check(info.len, 1, 2,
				 csum_partial(again, UDP_HLEN, sum)) == 0);
	return 0;
}
