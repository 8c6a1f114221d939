/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers and checksums into a frame, octet by octet. */
#include "packet.h"

void put16(u8 *p, u32 v)
{
	p[0] = (u8)(v >> 8);
	p[1] = (u8)v;
}

void put32(u8 *p, u32 v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

u32 sum(const u8 *p, u32 len, u32 s)
{
	u32 i;

	for (i = 0; i < len; i++)
		s += i & 1 ? p[i] : (u32)p[i] << 8;
	return s;
}

u16 fold(u32 s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (u16)~s;
}
