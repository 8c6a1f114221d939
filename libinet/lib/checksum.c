/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Summing and copying at the speed of the memory.
 *
 * The checksum is a number modulo 2^16 - 1, and 2^16, 2^32, 2^48 are all 1
 * there: so words of any width may be added, as long as no carry is lost. A
 * block of 64-bit words w is summed by three operations for each word,
 *
 *	all += w (carries lost)		high += w >> 32 (none possible)
 *
 * since the sum of the low halves is all - (high << 32) modulo 2^64, and is
 * itself smaller than that. With AVX2 one operation does four words. The
 * processor is asked by __builtin_cpu_supports(), a load and a test.
 */
#include "lib/checksum.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define HAVE_AVX2 1
#else
#define HAVE_AVX2 0
#endif

#define VECTOR_MIN 64	/* shorter blocks do not pay for the set-up */

/* Brings a sum of sums to 32 bits. */
static u32 fold64(u64 sum)
{
	sum = (sum & 0xffffffffu) + (sum >> 32);
	return (u32)(sum + (sum >> 32));
}

/* What a block summed as above is worth. */
static u64 join(u64 all, u64 high)
{
	return (u64)fold64(all - (high << 32)) + fold64(high);
}

/* The last 0-7 bytes, each piece at an even offset; copies them to dst. */
static __always_inline u64 sum_tail(u8 *dst, const u8 *src, size_t len)
{
	u64 sum = 0;
	u32 word = 0;
	u16 half = 0;

	if (len & 4) {
		memcpy(&word, src, 4);
		if (dst)
			memcpy(dst, &word, 4);
		sum += word;
	}
	if (len & 2) {
		memcpy(&half, src + (len & 4), 2);
		if (dst)
			memcpy(dst + (len & 4), &half, 2);
		sum += half;
	}
	if (len & 1) {
		/* RFC 1071: an odd byte is followed by a zero. */
		half = 0;
		memcpy(&half, src + len - 1, 1);
		if (dst)
			dst[len - 1] = src[len - 1];
		sum += half;
	}
	return sum;
}

/* Any length by 64-bit words; dst may be NULL: only sum. */
static __always_inline u64 sum_words(u8 *dst, const u8 *src, size_t len)
{
	u64 all = 0, high = 0, word;
	size_t done = 0;

	for (; len - done >= 8; done += 8) {
		memcpy(&word, src + done, 8);
		if (dst)
			memcpy(dst + done, &word, 8);
		all += word;
		high += word >> 32;
	}
	return join(all, high) +
	       sum_tail(dst ? dst + done : NULL, src + done, len - done);
}

#if HAVE_AVX2
#define __avx2 __attribute__((target("avx2")))

/* Adds the four words of v to the lanes. */
#define ADD_VECTOR(all, high, v)                                     \
	do {                                                         \
		(all) = _mm256_add_epi64((all), (v));                \
		(high) = _mm256_add_epi64((high),                    \
					  _mm256_srli_epi64((v), 32)); \
	} while (0)

/* What four lanes summed as above are worth. */
static __avx2 u64 join_lanes(__m256i all, __m256i high)
{
	u64 a[4], h[4];

	_mm256_storeu_si256((__m256i *)a, all);
	_mm256_storeu_si256((__m256i *)h, high);
	return join(a[0], h[0]) + join(a[1], h[1]) + join(a[2], h[2]) +
	       join(a[3], h[3]);
}

/* Any length by 256-bit vectors; dst may be NULL: only sum. */
static __always_inline __avx2 u64 sum_vectors(u8 *dst, const u8 *src, size_t len)
{
	__m256i all = _mm256_setzero_si256(), high = all;
	__m256i all2 = all, high2 = all;
	size_t done = 0;

	for (; len - done >= 64; done += 64) {
		__m256i v = _mm256_loadu_si256((const void *)(src + done));
		__m256i v2 =
			_mm256_loadu_si256((const void *)(src + done + 32));

		if (dst) {
			_mm256_storeu_si256((void *)(dst + done), v);
			_mm256_storeu_si256((void *)(dst + done + 32), v2);
		}
		ADD_VECTOR(all, high, v);
		ADD_VECTOR(all2, high2, v2);
	}
	all = _mm256_add_epi64(all, all2);
	high = _mm256_add_epi64(high, high2);
	return join_lanes(all, high) +
	       sum_words(dst ? dst + done : NULL, src + done, len - done);
}

static __avx2 u64 sum_avx2(const u8 *src, size_t len)
{
	return sum_vectors(NULL, src, len);
}

static __avx2 u64 copy_avx2(u8 *dst, const u8 *src, size_t len)
{
	return sum_vectors(dst, src, len);
}

static bool use_vectors(size_t len)
{
	return len >= VECTOR_MIN && __builtin_cpu_supports("avx2");
}
#else
#define use_vectors(len) false
#define sum_avx2(src, len) 0
#define copy_avx2(dst, src, len) 0
#endif

__wsum csum_partial(const void *buf, size_t len, __wsum sum)
{
	u64 s = use_vectors(len) ? sum_avx2(buf, len) :
				   sum_words(NULL, buf, len);

	return fold64(s + sum);
}

__wsum csum_copy(void *dst, const void *src, size_t len, __wsum sum)
{
	u64 s = use_vectors(len) ? copy_avx2(dst, src, len) :
				   sum_words(dst, src, len);

	return fold64(s + sum);
}
