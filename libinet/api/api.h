/* SPDX-License-Identifier: BSD-2-Clause */
/* From the inside's convention (-E) to the public one (-1 and errno). */
#ifndef API_API_H
#define API_API_H

#include <errno.h>

#include <inet/netdevice.h>

#include "core/net.h"

static inline int api_result(int ret)
{
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

/* net_null() of a call on a device. */
static inline int api_null_dev(const struct net_device *dev, const char *call)
{
	return net_null(dev ? dev->net : NULL, call);
}

#endif /* API_API_H */
