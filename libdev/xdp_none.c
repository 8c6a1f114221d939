/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the library is built without AF_XDP: its calls say so. */
#include <inet/netdev.h>

#include <errno.h>

#include "lib/compiler.h"

struct net_device *inet_xdp_open(struct net *net,
				 const char *ifname,
				 const struct inet_xdp_config *config
				 __maybe_unused)
{
	errno = -netdev_error(net, -ENOSYS, "%s: this libinetdev was built "
			      "without AF_XDP", ifname);
	return NULL;
}

int inet_xdp_get_info(struct net_device *dev __maybe_unused,
		      struct inet_xdp_info *info __maybe_unused)
{
	errno = EINVAL;
	return -1;
}
