/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the language lacks: hints, single accesses to shared words, small
 * arithmetic, and the thread-safety annotations that clang checks.
 */
#ifndef INET_LIB_COMPILER_H
#define INET_LIB_COMPILER_H

#include <inet/types.h>

/* ---- which sanitizer builds this object (1 or 0, for #if) ---- */

#ifndef __has_feature
#define __has_feature(x) 0
#endif

#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define INET_TSAN 1
#else
#define INET_TSAN 0
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define INET_ASAN 1
#else
#define INET_ASAN 0
#endif

/* ---- hints and attributes ---- */

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#ifndef __always_inline
#define __always_inline inline __attribute__((__always_inline__))
#endif
#define __noinline __attribute__((__noinline__))
#define __cold __attribute__((__cold__))
#define __noreturn __attribute__((__noreturn__))
#define __must_check __attribute__((__warn_unused_result__))
#define __maybe_unused __attribute__((__unused__))
#define __printf(fmt, args) __attribute__((__format__(__printf__, fmt, args)))
#define __packed __attribute__((__packed__))
#define __aligned(n) __attribute__((__aligned__(n)))
#define fallthrough __attribute__((__fallthrough__))

#define SMP_CACHE_BYTES 64
/* Processors fetch lines in pairs: what two of them write lies this far apart. */
#define SMP_APART_BYTES 128
#define ____cacheline_aligned __aligned(SMP_CACHE_BYTES)

/* ---- shared words ---- */

/*
 * A read that may race where any value seen is right, used at once for one
 * test. READ_ONCE() promises more and costs an instruction: the compiler may
 * not compare in memory what is volatile.
 */
#if INET_TSAN
#define data_race(x) READ_ONCE(x)
#else
#define data_race(x) (x)
#endif

/*
 * One access, neither torn nor repeated. No ordering: pair with
 * smp_store_release() and smp_load_acquire() where order matters.
 */
#if INET_TSAN
#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELAXED)
#else
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#endif

#define smp_load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define smp_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

/* A full fence. ThreadSanitizer knows none: an exchange does the same. */
static inline void smp_mb(void)
{
#if INET_TSAN
	u32 word = 0;

	__atomic_exchange_n(&word, 1, __ATOMIC_SEQ_CST);
#else
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/* Keeps the compiler, not the processor, from moving accesses across. */
#define barrier() __asm__ __volatile__("" ::: "memory")

/* Tells the processor that this loop waits for another one. */
static inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ __volatile__("yield" ::: "memory");
#else
	barrier();
#endif
}

/*
 * Orders that ThreadSanitizer cannot see for itself (a system call, a grace
 * period): what came before release() on an address is seen after acquire().
 */
#if INET_TSAN
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
#define inet_tsan_acquire(p) __tsan_acquire((void *)(p))
#define inet_tsan_release(p) __tsan_release((void *)(p))
#else
#define inet_tsan_acquire(p) ((void)(p))
#define inet_tsan_release(p) ((void)(p))
#endif

/*
 * memcpy() of what other threads change meanwhile, where the copier then gives
 * every such member a value of its own, or either value is right. ThreadSanitizer
 * does not look.
 */
#if INET_TSAN
__attribute__((no_sanitize("thread"), noinline, unused))
static void memcpy_shared(void *to, const void *from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((volatile u8 *)to)[i] = ((const volatile u8 *)from)[i];
}
#else
static inline void memcpy_shared(void *to, const void *from, size_t len)
{
	__builtin_memcpy(to, from, len);
}
#endif

/* Tells the compiler what the code around guarantees; nothing is checked. */
#define compiler_assume(x)                         \
	do {                                       \
		if (!(x))                          \
			__builtin_unreachable();   \
	} while (0)

/* ---- objects and arrays ---- */

#define container_of(ptr, type, member) \
	((type *)(void *)((char *)(ptr) - offsetof(type, member)))
#define ARRAY_SIZE(a)                                                  \
	(sizeof(a) / sizeof((a)[0]) +                                  \
	 0 * sizeof(char[1 - 2 * __builtin_types_compatible_p(         \
					 __typeof__(a),                \
					 __typeof__(&(a)[0]))]))

/* ---- small arithmetic ---- */

#define U16_MAX UINT16_MAX
#define U32_MAX UINT32_MAX
#define U64_MAX UINT64_MAX

#define INET_PASTE_(a, b) a##b
#define INET_PASTE(a, b) INET_PASTE_(a, b)
#define INET_UNIQUE(name) INET_PASTE(name, __COUNTER__)

#define INET_CMP_(a, op, b, x, y)                  \
	({                                         \
		__typeof__(a) x = (a);             \
		__typeof__(b) y = (b);             \
		x op y ? x : y;                    \
	})
#define INET_CMP_T_(type, a, op, b, x, y)          \
	({                                         \
		type x = (type)(a);                \
		type y = (type)(b);                \
		x op y ? x : y;                    \
	})
#define min(a, b) INET_CMP_(a, <, b, INET_UNIQUE(x_), INET_UNIQUE(y_))
#define max(a, b) INET_CMP_(a, >, b, INET_UNIQUE(x_), INET_UNIQUE(y_))
#define min_t(type, a, b) \
	INET_CMP_T_(type, a, <, b, INET_UNIQUE(x_), INET_UNIQUE(y_))
#define max_t(type, a, b) \
	INET_CMP_T_(type, a, >, b, INET_UNIQUE(x_), INET_UNIQUE(y_))
#define clamp(v, lo, hi) min(max(v, lo), hi)
#define clamp_t(type, v, lo, hi) min_t(type, max_t(type, v, lo), hi)

#define INET_SWAP_(a, b, t)                        \
	do {                                       \
		__typeof__(a) t = (a);             \
		(a) = (b);                         \
		(b) = t;                           \
	} while (0)
#define swap(a, b) INET_SWAP_(a, b, INET_UNIQUE(t_))

#define BIT(n) (1UL << (n))
#define BIT_ULL(n) (1ULL << (n))
#define ALIGN(x, a) (((x) + ((__typeof__(x))(a) - 1)) & ~((__typeof__(x))(a) - 1))
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a) - 1))
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a) - 1)) == 0)
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))

static inline bool is_power_of_2(u64 n)
{
	return n && !(n & (n - 1));
}

/* Index of the highest bit, counted from 1; 0 when no bit is set. */
static inline int fls(u32 x)
{
	return x ? 32 - __builtin_clz(x) : 0;
}

static inline int fls64(u64 x)
{
	return x ? 64 - __builtin_clzll(x) : 0;
}

/* Index of the lowest bit, counted from 0; undefined when no bit is set. */
static inline int __ffs64(u64 x)
{
	return __builtin_ctzll(x);
}

/* Floor of the binary logarithm; undefined for 0. */
static inline int ilog2(u64 x)
{
	return 63 - __builtin_clzll(x);
}

/* The smallest power of two that is not less than n; n <= 2^63. */
static inline u64 roundup_pow_of_two(u64 n)
{
	return n <= 1 ? 1 : 1ULL << fls64(n - 1);
}

static inline u32 rol32(u32 x, unsigned int n)
{
	return (x << (n & 31)) | (x >> (-n & 31));
}

static inline u32 ror32(u32 x, unsigned int n)
{
	return (x >> (n & 31)) | (x << (-n & 31));
}

/* ---- thread-safety annotations (clang -Wthread-safety) ---- */

#if defined(__clang__)
#define INET_TS_(x) __attribute__((x))
#else
#define INET_TS_(x)
#endif

#define lockable(name) INET_TS_(capability(name))
#define must_hold(...) INET_TS_(requires_capability(__VA_ARGS__))
#define must_hold_shared(...) INET_TS_(requires_shared_capability(__VA_ARGS__))
#define acquires(...) INET_TS_(acquire_capability(__VA_ARGS__))
#define acquires_shared(...) INET_TS_(acquire_shared_capability(__VA_ARGS__))
#define releases(...) INET_TS_(release_capability(__VA_ARGS__))
#define releases_shared(...) INET_TS_(release_shared_capability(__VA_ARGS__))
#define tries_to_acquire(...) INET_TS_(try_acquire_capability(__VA_ARGS__))
#define excludes(...) INET_TS_(locks_excluded(__VA_ARGS__))
#define unchecked_locking INET_TS_(no_thread_safety_analysis)

#endif /* INET_LIB_COMPILER_H */
