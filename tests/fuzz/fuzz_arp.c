/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as an ARP packet: what is accepted is built again byte for byte.
 */
#include <string.h>

#include "fuzz.h"
#include "wire/arp.h"

FUZZ_TARGET("arp");

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct arp_info info;
	u8 again[ARP_HLEN];

	if (arp_parse(data, size, &info) != 0)
		return 0;
	fuzz_assert(arp_build(again, sizeof(again), &info) == ARP_HLEN);
	fuzz_assert(memcmp(data, again, ARP_HLEN) == 0);
	return 0;
}
