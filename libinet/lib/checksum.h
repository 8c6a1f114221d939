/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Internet checksum (RFC 1071) and its arithmetic. A __wsum is a partial
 * sum of 16-bit words in memory order, not yet folded; a __sum16 goes into a
 * header as it is. Any alignment, any length.
 */
#ifndef INET_LIB_CHECKSUM_H
#define INET_LIB_CHECKSUM_H

#include "lib/byteorder.h"
#include "lib/compiler.h"

/* Value of a checksum field that means "not computed" after mangling 0. */
#define CSUM_MANGLED_0 ((__sum16)0xffff)

/* Adds len bytes to sum. The bytes count as beginning at an even offset. */
__wsum csum_partial(const void *buf, size_t len, __wsum sum);

/* So short a block is copied and summed sooner by itself, together with the header
 * in front of it, than in one pass. */
#define CSUM_SHORT 128

/* Copies len bytes (not overlapping) and adds them to sum, in one pass. */
__wsum csum_copy(void *dst, const void *src, size_t len, __wsum sum);

static inline __wsum csum_add(__wsum a, __wsum b)
{
	__wsum sum = a + b;

	return sum + (sum < b);
}

static inline __wsum csum_sub(__wsum a, __wsum b)
{
	return csum_add(a, ~b);
}

static inline __wsum csum_unfold(__sum16 sum)
{
	return sum;
}

/* Folds to 16 bits and complements: what the header carries. */
static inline __sum16 csum_fold(__wsum sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	return (__sum16)~sum;
}

/* Adds the sum of a part that begins at this offset of the whole. */
static inline __wsum csum_block_add(__wsum sum, __wsum part, size_t offset)
{
	return csum_add(sum, offset & 1 ? ror32(part, 8) : part);
}

static inline __wsum csum_block_sub(__wsum sum, __wsum part, size_t offset)
{
	return csum_block_add(sum, ~part, offset);
}

/* Adds the pseudo-header of UDP and TCP; addresses in wire order. */
static inline __wsum csum_tcpudp_nofold(__be32 saddr, __be32 daddr, u32 len,
					u8 proto, __wsum sum)
{
	u64 s = (u64)sum + saddr + daddr + cpu_to_be32(len + proto);

	s = (s & 0xffffffffu) + (s >> 32);
	return (__wsum)(s + (s >> 32));
}

static inline __sum16 csum_tcpudp_magic(__be32 saddr, __be32 daddr, u32 len,
					u8 proto, __wsum sum)
{
	return csum_fold(csum_tcpudp_nofold(saddr, daddr, len, proto, sum));
}

/* ---- a field under a checksum changes: RFC 1624, equation 3 ---- */

static inline void csum_replace_by_diff(__sum16 *sum, __wsum diff)
{
	*sum = csum_fold(csum_add(diff, (__wsum)(u16)~*sum));
}

static inline void csum_replace2(__sum16 *sum, __be16 from, __be16 to)
{
	csum_replace_by_diff(sum, csum_add((__wsum)(u16)~from, to));
}

static inline void csum_replace4(__sum16 *sum, __be32 from, __be32 to)
{
	csum_replace_by_diff(sum, csum_add(~from, to));
}

/* ---- whole headers ---- */

static inline u32 csum_word(const u8 *p)
{
	u32 word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* The checksum of an IPv4 header of ihl 32-bit words, five at least. */
static inline __sum16 ip_fast_csum(const void *iph, unsigned int ihl)
{
	const u8 *p = iph;
	u64 sum = (u64)csum_word(p) + csum_word(p + 4) + csum_word(p + 8) +
		  csum_word(p + 12) + csum_word(p + 16);

	for (; unlikely(ihl > 5); ihl--) {	/* nearly never */
		p += 4;
		sum += csum_word(p + 16);
	}
	sum = (sum & 0xffffffffu) + (sum >> 32);
	return csum_fold((__wsum)(sum + (sum >> 32)));
}

static inline __sum16 ip_compute_csum(const void *buf, size_t len)
{
	return csum_fold(csum_partial(buf, len, 0));
}

#endif /* INET_LIB_CHECKSUM_H */
