/* SPDX-License-Identifier: BSD-2-Clause */
/* The bytes of the user: cursors over an iovec, and control messages. */
#include <errno.h>
#include <string.h>

#include <inet/protocol.h>

#include "core/iov.h"
#include "lib/checksum.h"
#include "lib/compiler.h"

/* Where the cursor stands and how many bytes follow in one piece, at most
 * @want; steps over segments that are used up. 0: nothing left. */
static inline size_t iov_piece(struct inet_iov_iter *i, size_t want, u8 **p)
{
	size_t left;

	want = min(want, i->count);
	while (want && i->nr_segs) {
		left = i->iov->iov_len - i->iov_offset;
		if (likely(left)) {
			*p = (u8 *)i->iov->iov_base + i->iov_offset;
			return min(want, left);
		}
		i->iov++;
		i->nr_segs--;
		i->iov_offset = 0;
	}
	return 0;
}

static inline void iov_step(struct inet_iov_iter *i, size_t n)
{
	i->iov_offset += n;
	i->count -= n;
}

/* The usual case: all of @len bytes are in the segment under the cursor. Steps
 * over them. Return: where they are; NULL: it is not so. */
static inline u8 *iov_whole(struct inet_iov_iter *i, size_t len)
{
	size_t off = i->iov_offset;

	if (unlikely(!len || !i->nr_segs || len > i->count ||
		     len > i->iov->iov_len - off))
		return NULL;
	iov_step(i, len);
	return (u8 *)i->iov->iov_base + off;
}

/* copy_from_iter() of what lies in several pieces, or is not all there. */
static __noinline size_t copy_pieces_from(void *to, size_t len,
					  struct inet_iov_iter *i)
{
	size_t done = 0, n;
	u8 *p = NULL;

	while ((n = iov_piece(i, len - done, &p))) {
		memcpy((u8 *)to + done, p, n);
		iov_step(i, n);
		done += n;
	}
	return done;
}

/* From the user to @to. Return: bytes copied, less than @len at the end. */
size_t copy_from_iter(void *to, size_t len, struct inet_iov_iter *i)
{
	u8 *p = iov_whole(i, len);

	if (unlikely(!p))
		return copy_pieces_from(to, len, i);
	memcpy(to, p, len);
	return len;
}

/* copy_to_iter() in the same case. */
static __noinline size_t copy_pieces_to(const void *from, size_t len,
					struct inet_iov_iter *i)
{
	size_t done = 0, n;
	u8 *p = NULL;

	while ((n = iov_piece(i, len - done, &p))) {
		memcpy(p, (const u8 *)from + done, n);
		iov_step(i, n);
		done += n;
	}
	return done;
}

/* To the user from @from. Return: bytes copied, less than @len at the end. */
size_t copy_to_iter(const void *from, size_t len, struct inet_iov_iter *i)
{
	u8 *p = iov_whole(i, len);

	if (unlikely(!p))
		return copy_pieces_to(from, len, i);
	memcpy(p, from, len);
	return len;
}

/*
 * From the user to @to, adding to *@csum, as if @to began at an even offset.
 * A piece that begins at an odd one is summed with its bytes swapped.
 */
size_t csum_and_copy_from_iter(void *to, size_t len, __wsum *csum,
			       struct inet_iov_iter *i)
{
	u8 *p = iov_whole(i, len);
	size_t done = 0, n;
	__wsum part;

	if (likely(p)) {
		*csum = csum_copy(to, p, len, *csum);
		return len;
	}
	while ((n = iov_piece(i, len - done, &p))) {
		part = csum_copy((u8 *)to + done, p, n, 0);
		*csum = csum_block_add(*csum, part, done);
		iov_step(i, n);
		done += n;
	}
	return done;
}

/* The other direction; @off: where @from lies in the packet that is summed. */
size_t csum_and_copy_to_iter(const void *from, size_t len, size_t off,
			     __wsum *csum, struct inet_iov_iter *i)
{
	size_t done = 0, n;
	__wsum part;
	u8 *p = NULL;

	while ((n = iov_piece(i, len - done, &p))) {
		part = csum_copy(p, (const u8 *)from + done, n, 0);
		*csum = csum_block_add(*csum, part, off + done);
		iov_step(i, n);
		done += n;
	}
	return done;
}

size_t iov_iter_piece(struct inet_iov_iter *i, size_t want, u8 **p)
{
	return iov_piece(i, want, p);
}

u32 iov_iter_npieces(struct inet_iov_iter i, u32 most)
{
	size_t step;
	u8 *p = NULL;
	u32 n = 0;

	while (n <= most && (step = iov_piece(&i, i.count, &p))) {
		iov_step(&i, step);
		n++;
	}
	return n;
}

void iov_iter_advance(struct inet_iov_iter *i, size_t n)
{
	size_t step;
	u8 *p = NULL;

	while ((step = iov_piece(i, n, &p))) {
		iov_step(i, step);
		n -= step;
	}
}

/*
 * One control message for a reader. What does not fit is cut, and MSG_CTRUNC
 * tells so. The user's buffer may be unaligned.
 */
void put_cmsg(struct inet_msg *msg, int level, int type, size_t len,
	      const void *data)
{
	struct cmsghdr hdr = { .cmsg_level = level, .cmsg_type = type };
	size_t want = CMSG_LEN(len), step;

	if (!msg->control || msg->controllen < sizeof(hdr)) {
		msg->flags |= MSG_CTRUNC;
		return;
	}
	if (msg->controllen < want) {
		msg->flags |= MSG_CTRUNC;
		want = msg->controllen;
	}
	hdr.cmsg_len = want;
	memcpy(msg->control, &hdr, sizeof(hdr));
	if (want > CMSG_LEN(0))
		memcpy((u8 *)msg->control + CMSG_LEN(0), data,
		       want - CMSG_LEN(0));
	step = min(CMSG_SPACE(len), msg->controllen);
	msg->control = (u8 *)msg->control + step;
	msg->controllen -= step;
}

int cmsg_next(const struct inet_msg *msg, size_t *pos, struct cmsghdr *hdr,
	      const void **data)
{
	size_t left = msg->controllen - *pos;

	if (!msg->control || left < sizeof(*hdr))
		return 0;
	memcpy(hdr, (const u8 *)msg->control + *pos, sizeof(*hdr));
	if (hdr->cmsg_len < CMSG_LEN(0) || hdr->cmsg_len > left)
		return -EINVAL;
	*data = (const u8 *)msg->control + *pos + CMSG_LEN(0);
	*pos += min((size_t)CMSG_ALIGN(hdr->cmsg_len), left);
	return 1;
}

/*
 * Points @i at @nr segments of the user. The sum is cut at INET_MAX_RW_COUNT,
 * as the kernel cuts it. 0, -EMSGSIZE, -EFAULT, -EINVAL.
 */
int import_iovec(struct inet_iov_iter *i, const struct iovec *iov, size_t nr)
{
	size_t sum = 0, n;

	if (nr > INET_UIO_MAXIOV)
		return -EMSGSIZE;
	if (nr && !iov)
		return -EFAULT;
	for (n = 0; n < nr; n++) {
		if ((ssize_t)iov[n].iov_len < 0)
			return -EINVAL;
		if (iov[n].iov_len && !iov[n].iov_base)
			return -EFAULT;
		sum = min(sum + iov[n].iov_len, (size_t)INET_MAX_RW_COUNT);
	}
	*i = (struct inet_iov_iter){ .iov = iov, .nr_segs = nr, .count = sum };
	return 0;
}
