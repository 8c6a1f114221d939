/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as an ICMP message and as a quoted packet: lengths nest, and a
 * quotation claims only what its bytes can carry.
 */
#include "fuzz.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"

FUZZ_TARGET("icmp");

static void check_quote(const u8 *data, size_t size)
{
	struct icmp_quote q;

	if (icmp_quote_parse(data, size, &q) != 0)
		return;
	fuzz_assert(q.hdr_len >= IP_HLEN_MIN && q.hdr_len <= IP_HLEN_MAX);
	fuzz_assert(q.hdr_len + (size_t)q.quoted_len == size);
	fuzz_assert(q.quoted_len >= 8);
	fuzz_assert(!q.has_seq || q.has_ports);
	fuzz_assert(!q.has_ack || (q.has_seq && q.quoted_len >= 12));
	fuzz_assert(!(q.has_echo && q.has_ports));
	fuzz_assert(!q.has_seq || q.protocol == IPPROTO_TCP);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct icmp_info info, head;

	if (icmp_parse_header(data, size, &head) != 0) {
		fuzz_assert(size < ICMP_HLEN);
	} else {
		fuzz_assert(head.data_len + ICMP_HLEN == size);
		if (icmp_is_err(head.type))
			check_quote(data + ICMP_HLEN, head.data_len);
	}
	if (icmp_parse(data, size, &info) == 0)
		fuzz_assert(info.type == head.type &&
			    info.data_len == head.data_len);
	check_quote(data, size);
	return 0;
}
