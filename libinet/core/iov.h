/* SPDX-License-Identifier: BSD-2-Clause */
/* The bytes of the user, beyond what protocol writers see. */
#ifndef CORE_IOV_H
#define CORE_IOV_H

#include <sys/uio.h>

#include <inet/protocol.h>

#define INET_UIO_MAXIOV 1024
#define INET_MAX_RW_COUNT (INT32_MAX & ~4095)	/* bytes of one call */

size_t csum_and_copy_to_iter(const void *from, size_t len, size_t off,
			     __wsum *csum, struct inet_iov_iter *i);
int import_iovec(struct inet_iov_iter *i, const struct iovec *iov, size_t nr);
int import_single_range(struct inet_iov_iter *i, struct iovec *iov, void *buf,
			size_t len);

#endif /* CORE_IOV_H */
