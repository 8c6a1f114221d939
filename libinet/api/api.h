/* SPDX-License-Identifier: BSD-2-Clause */
/* From the inside's convention (-E) to the public one (-1 and errno). */
#ifndef API_API_H
#define API_API_H

#include <errno.h>

static inline int api_result(int ret)
{
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

#endif /* API_API_H */
