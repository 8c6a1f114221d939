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

#if defined(__x86_64__) && !defined(CSUM_WITHOUT_VECTORS)
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

/*
 * The functions below come in two versions each: `copy` is a constant at
 * compile time. Without it dst is NULL, and stays so.
 */
static __always_inline u8 *further(bool copy, u8 *dst, size_t len)
{
	return copy ? dst + len : dst;
}

/* The last 0-7 bytes, each piece at an even offset. */
static __always_inline u64 sum_tail(bool copy, u8 *dst, const u8 *src,
				    size_t len)
{
	u64 sum = 0;
	u32 word = 0;
	u16 half = 0;

	if (len & 4) {
		memcpy(&word, src, 4);
		if (copy)
			memcpy(dst, &word, 4);
		sum += word;
	}
	if (len & 2) {
		memcpy(&half, src + (len & 4), 2);
		if (copy)
			memcpy(dst + (len & 4), &half, 2);
		sum += half;
	}
	if (len & 1) {
		/* RFC 1071: an odd byte is followed by a zero. */
		half = 0;
		memcpy(&half, src + len - 1, 1);
		if (copy)
			dst[len - 1] = src[len - 1];
		sum += half;
	}
	return sum;
}

/* Adds the 64-bit word at @src to @sum, and copies it. */
static __always_inline u64 sum_word(bool copy, u8 *dst, const u8 *src, u64 sum)
{
	u64 word;

	memcpy(&word, src, 8);
	if (copy)
		memcpy(dst, &word, 8);
	sum += word;
	return sum + (sum < word);	/* add with carry, where there is one */
}

/* Any length by 64-bit words. */
static __always_inline u64 sum_words(bool copy, u8 *dst, const u8 *src,
				     size_t len)
{
	size_t whole = len & ~(size_t)7, i;
	u64 sum = 0;

	for (i = 0; i < whole; i += 8)
		sum = sum_word(copy, further(copy, dst, i), src + i, sum);
	sum = (sum & 0xffffffffu) + (sum >> 32);
	return sum + sum_tail(copy, further(copy, dst, whole), src + whole,
			      len & 7);
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

/* What four lanes summed as above are worth; of blocks below 2^32 bytes. */
static __avx2 u64 join_lanes(__m256i all, __m256i high)
{
	__m256i low = _mm256_sub_epi64(all, _mm256_slli_epi64(high, 32));
	__m256i four = _mm256_add_epi64(low, high);
	__m128i two = _mm_add_epi64(_mm256_castsi256_si128(four),
				    _mm256_extracti128_si256(four, 1));

	return (u64)_mm_cvtsi128_si64(
		_mm_add_epi64(two, _mm_unpackhi_epi64(two, two)));
}

/* Loads a vector and stores it. */
static __always_inline __avx2 __m256i load(bool copy, u8 *dst, const u8 *src)
{
	__m256i v = _mm256_loadu_si256((const void *)src);

	if (copy)
		_mm256_storeu_si256((void *)dst, v);
	return v;
}

/* Any length by 256-bit vectors. */
static __always_inline __avx2 u64 sum_vectors(bool copy, u8 *dst,
					      const u8 *src, size_t len)
{
	__m256i all = _mm256_setzero_si256(), high = all;
	__m256i all2 = all, high2 = all;

#pragma GCC unroll 4
	for (; len >= 64; len -= 64, src += 64, dst = further(copy, dst, 64)) {
		__m256i v = load(copy, dst, src);
		__m256i v2 = load(copy, further(copy, dst, 32), src + 32);

		ADD_VECTOR(all, high, v);
		ADD_VECTOR(all2, high2, v2);
	}
	if (len >= 32) {
		__m256i v = load(copy, dst, src);

		ADD_VECTOR(all, high, v);
		len -= 32;
		src += 32;
		dst = further(copy, dst, 32);
	}
	return fold64(join_lanes(_mm256_add_epi64(all, all2),
				 _mm256_add_epi64(high, high2))) +
	       sum_words(copy, dst, src, len);
}

/* Called last, so that a short block costs no frame on the stack. */
static __noinline __avx2 __wsum sum_avx2(const u8 *src, size_t len, __wsum sum)
{
	return fold64(sum_vectors(false, NULL, src, len) + sum);
}

static __noinline __avx2 __wsum copy_avx2(u8 *dst, const u8 *src, size_t len,
					  __wsum sum)
{
	return fold64(sum_vectors(true, dst, src, len) + sum);
}

static bool use_vectors(size_t len)
{
	return len >= VECTOR_MIN && __builtin_cpu_supports("avx2");
}
#else
#define use_vectors(len) false
#define sum_avx2(src, len, sum) 0
#define copy_avx2(dst, src, len, sum) 0
#endif

__wsum csum_partial(const void *buf, size_t len, __wsum sum)
{
	if (use_vectors(len))
		return sum_avx2(buf, len, sum);
	return fold64(sum_words(false, NULL, buf, len) + sum);
}

__wsum csum_copy(void *dst, const void *src, size_t len, __wsum sum)
{
	if (use_vectors(len))
		return copy_avx2(dst, src, len, sum);
	return fold64(sum_words(true, dst, src, len) + sum);
}
