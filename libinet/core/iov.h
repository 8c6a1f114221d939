/* SPDX-License-Identifier: BSD-2-Clause */
/* The bytes of the user, beyond what protocol writers see. */
#ifndef CORE_IOV_H
#define CORE_IOV_H

#include <errno.h>
#include <sys/uio.h>

#include <inet/protocol.h>

#include "lib/compiler.h"

#define INET_UIO_MAXIOV 1024
#define INET_MAX_RW_COUNT (INT32_MAX & ~4095)	/* bytes of one call */

size_t csum_and_copy_to_iter(const void *from, size_t len, size_t off,
			     __wsum *csum, struct inet_iov_iter *i);
/* Where the cursor stands and how many bytes follow in one piece, at most @want;
 * 0: nothing left. Moves over empty segments only. */
size_t iov_iter_piece(struct inet_iov_iter *i, size_t want, u8 **p);
/* In how many pieces its bytes lie; more than @most count as @most + 1. */
u32 iov_iter_npieces(struct inet_iov_iter i, u32 most);
int import_iovec(struct inet_iov_iter *i, const struct iovec *iov, size_t nr);

/* The same for one buffer; @iov is the caller's and must last as long. */
static inline int import_single_range(struct inet_iov_iter *i,
				      struct iovec *iov, void *buf, size_t len)
{
	if (unlikely((ssize_t)len < 0))
		return -EINVAL;
	if (unlikely(len && !buf))
		return -EFAULT;
	iov->iov_base = buf;
	iov->iov_len = min(len, (size_t)INET_MAX_RW_COUNT);
	*i = (struct inet_iov_iter){ .iov = iov, .nr_segs = 1,
				     .count = iov->iov_len };
	return 0;
}

#endif /* CORE_IOV_H */
