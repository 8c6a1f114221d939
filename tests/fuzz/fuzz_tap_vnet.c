/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a header of IFF_VNET_HDR and its frame: what is believed lies
 * inside, and is headers of TCP or UDP over IPv4 where it is to be cut. The first
 * two octets say how much of the frame is linear, the topmost bit whether it has a
 * link header, the lowest whether UDP was offered.
 */
#include <string.h>

#include "fuzz.h"
#include "tap_vnet.h"

FUZZ_TARGET("tap_vnet");

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct tap_vnet v = { 0 };
	u32 head, len, link;
	const u8 *frame;

	if (size < 2 + TAP_VNET_LEN || size > 2 + TAP_VNET_LEN + 65549)
		return 0;
	len = (u32)size - 2 - TAP_VNET_LEN;
	head = (u32)((data[0] & 0x7f) << 8 | data[1]);
	link = data[0] & 0x80 ? 14 : 0;
	v.link_len = (u16)link;
	v.uso = data[1] & 1;
	head = head > len ? len : head;
	frame = data + 2 + TAP_VNET_LEN;
	if (tap_vnet_parse(data + 2, frame, head, len, &v) != 0)
		return 0;
	if (v.partial) {
		fuzz_assert(v.csum_start >= link);
		fuzz_assert(v.csum_start + v.csum_offset + 2u <= head);
	}
	if (v.gso_size) {
		fuzz_assert(v.partial && v.hlen <= head && v.hlen < len);
		fuzz_assert(v.gso_segs > 1 && v.gso_size < len);
		fuzz_assert(!link || (frame[12] == 8 && frame[13] == 0));
		fuzz_assert(frame[link] >> 4 == 4 && frame[link + 9] ==
			    (v.udp ? 17 : 6));
		fuzz_assert(!v.udp || (v.uso && v.gso_segs <= 128));
	}
	return 0;
}
