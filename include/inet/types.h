/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scalar types with the names the field uses. A __be16 or __be32 holds bytes
 * in wire order; convert with the be16_to_cpu() family of lib/byteorder.h.
 */
#ifndef INET_TYPES_H
#define INET_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#ifndef _LINUX_TYPES_H		/* the kernel's header defines the same names */
typedef uint16_t __be16;
typedef uint32_t __be32;
typedef unsigned long long __be64;	/* as the kernel has it */
typedef uint16_t __sum16;
typedef uint32_t __wsum;
#endif

#endif /* INET_TYPES_H */
