/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a frame to print: through every parser and the text, as it
 * comes and with the checksum of its IPv4 header put right. The line ends
 * where its buffer does.
 */
#include <string.h>

#include "fuzz.h"
#include "wire/eth.h"
#include "wire/ipv4.h"
#include "wire/print.h"

FUZZ_TARGET("print");

static void check(const u8 *frame, size_t size)
{
	char whole[WIRE_PRINT_MAX + 1], *cut;
	size_t n = wire_print_frame(whole, sizeof(whole), frame, size);
	size_t room = n / 2 + 1, i;

	fuzz_assert(n > 0 && n < WIRE_PRINT_MAX && whole[n] == '\0');
	for (i = 0; i < n; i++)
		fuzz_assert(whole[i] >= ' ' && whole[i] <= '~');
	cut = malloc(room);
	fuzz_assert(cut);
	fuzz_assert(wire_print_frame(cut, room, frame, size) == room - 1);
	fuzz_assert(cut[room - 1] == '\0' && !memcmp(cut, whole, room - 1));
	free(cut);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	size_t hdr_len;
	u8 *copy;

	check(data, size);
	if (size < ETH_HLEN + IP_HLEN_MIN)
		return 0;
	hdr_len = (data[ETH_HLEN] & 15u) * 4;
	if (hdr_len < IP_HLEN_MIN || hdr_len > size - ETH_HLEN)
		return 0;
	copy = malloc(size);
	fuzz_assert(copy);
	memcpy(copy, data, size);
	ip_send_check((struct iphdr *)(copy + ETH_HLEN));
	check(copy, size);
	free(copy);
	return 0;
}
