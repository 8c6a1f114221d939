/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a TCP segment: header and payload make up the segment, what is
 * accepted is built again but for reserved bits and checksum.
 */
#include <string.h>

#include "fuzz.h"
#include "wire/tcp.h"
#include "wire/tcp_options.h"

FUZZ_TARGET("tcp");

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct tcp_options_info opts;
	struct tcp_seg_info seg;
	u8 again[TCP_HLEN_MAX];

	if (tcp_parse(data, size, size, &seg) != 0)
		return 0;
	fuzz_assert(seg.hdr_len >= TCP_HLEN_MIN && seg.hdr_len <= TCP_HLEN_MAX);
	fuzz_assert(seg.hdr_len + (size_t)seg.payload_len == size);
	fuzz_assert(tcp_build(again, sizeof(again), &seg) == TCP_HLEN_MIN);
	fuzz_assert(memcmp(data, again, 12) == 0);
	fuzz_assert(again[12] == (data[12] & 0xf1));
	fuzz_assert(memcmp(data + 13, again + 13, 3) == 0);
	fuzz_assert(memcmp(data + 18, again + 18, 2) == 0);

	tcp_options_parse(data + TCP_HLEN_MIN, seg.hdr_len - TCP_HLEN_MIN,
			  seg.flags & TCPHDR_SYN, &opts);
	fuzz_assert((seg.flags & TCPHDR_SYN) ||
		    !(opts.saw_mss || opts.wscale_ok || opts.sack_ok ||
		      opts.saw_fastopen));
	return 0;
}
