/* SPDX-License-Identifier: BSD-2-Clause */
/* A pointer that may carry an error: the last 4095 addresses are -errno. */
#ifndef LIB_ERR_H
#define LIB_ERR_H

#include "lib/compiler.h"

#define MAX_ERRNO 4095

static inline void *ERR_PTR(long error)
{
	return (void *)error;
}

static inline long PTR_ERR(const void *ptr)
{
	return (long)ptr;
}

static inline bool IS_ERR(const void *ptr)
{
	return (unsigned long)ptr >= (unsigned long)-MAX_ERRNO;
}

#endif /* LIB_ERR_H */
