/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as an Ethernet frame: the payload lies inside the frame, the type
 * is one that a handler may have.
 */
#include <arpa/inet.h>

#include "fuzz.h"
#include "wire/eth.h"

FUZZ_TARGET("eth");

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct eth_info info;
	u16 proto;

	if (eth_parse(data, size, &info) != 0)
		return 0;
	proto = ntohs(info.proto);
	fuzz_assert(info.hdr_len >= ETH_HLEN);
	fuzz_assert((size_t)info.hdr_len + info.payload_len <= size);
	fuzz_assert(info.nr_vlan <= VLAN_MAX_DEPTH);
	fuzz_assert(!info.nr_vlan == !info.vlan_proto);
	fuzz_assert(proto >= ETH_P_802_3_MIN || proto == ETH_P_802_2 ||
		    proto == ETH_P_802_3);
	fuzz_assert(proto != ETH_P_8021Q || info.hdr_len > ETH_HLEN);
	fuzz_assert(memcmp(info.dest, data, ETH_ALEN) == 0);
	return 0;
}
