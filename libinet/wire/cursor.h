/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cursors: the one way to walk bytes that came from somebody else.
 *
 * A reader (struct cursor) never looks outside the bytes it was given and
 * never fails loudly in the middle: a read past the end gives zero and sets
 * `bad`, which stays set, so that a parser reads a whole structure and asks
 * once at the end. A writer (struct wcursor) does the same for building: what
 * does not fit is not written, not even in part, and `full` stays set.
 *
 * Values are in host order; cur_raw_be16() and cur_raw_be32() keep the order
 * of the wire, for the fields which are kept so (addresses, ports, EtherType).
 */
#ifndef INET_WIRE_CURSOR_H
#define INET_WIRE_CURSOR_H

#include <string.h>

#include <inet/types.h>

struct cursor {
	const u8 *p;		/* next byte to read */
	const u8 *end;		/* first byte that is not ours */
	bool bad;		/* a read went past the end; sticky */
};

struct wcursor {
	u8 *start;
	size_t len;		/* bytes written */
	size_t size;		/* bytes there are */
	bool full;		/* a write did not fit; sticky */
};

/* A reader over @len bytes at @buf (which may be NULL when @len is 0). */
static inline struct cursor cur_init(const void *buf, size_t len)
{
	struct cursor c = { .p = (const u8 *)buf };

	c.end = len ? c.p + len : c.p;
	return c;
}

/* Bytes not read yet; 0 after an error. */
static inline size_t cur_left(const struct cursor *c)
{
	return c->bad ? 0 : (size_t)(c->end - c->p);
}

static inline bool cur_ok(const struct cursor *c)
{
	return !c->bad;
}

/*
 * Take @len bytes.
 *
 * Return: where they are, or NULL (and `bad`) when fewer are left.
 */
static inline const u8 *cur_bytes(struct cursor *c, size_t len)
{
	const u8 *p = c->p;

	if (cur_left(c) < len || c->bad) {
		c->bad = true;
		return NULL;
	}
	if (len)
		c->p += len;
	return p;
}

static inline void cur_skip(struct cursor *c, size_t len)
{
	(void)cur_bytes(c, len);
}

/* Copy @len bytes to @dst; all zero when fewer are left. */
static inline void cur_copy(struct cursor *c, void *dst, size_t len)
{
	const u8 *p = cur_bytes(c, len);

	if (p && len)
		memcpy(dst, p, len);
	else if (len)
		memset(dst, 0, len);
}

/* A reader over the next @len bytes, which @c leaves behind it. */
static inline struct cursor cur_sub(struct cursor *c, size_t len)
{
	const u8 *p = cur_bytes(c, len);
	struct cursor sub = cur_init(p, p ? len : 0);

	sub.bad = c->bad;
	return sub;
}

static inline u8 cur_u8(struct cursor *c)
{
	const u8 *p = cur_bytes(c, 1);

	return p ? p[0] : 0;
}

static inline u16 cur_be16(struct cursor *c)
{
	const u8 *p = cur_bytes(c, 2);

	return p ? (u16)(p[0] << 8 | p[1]) : 0;
}

static inline u32 cur_be32(struct cursor *c)
{
	const u8 *p = cur_bytes(c, 4);

	return p ? (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3] : 0;
}

static inline __be16 cur_raw_be16(struct cursor *c)
{
	__be16 v;

	cur_copy(c, &v, sizeof(v));
	return v;
}

static inline __be32 cur_raw_be32(struct cursor *c)
{
	__be32 v;

	cur_copy(c, &v, sizeof(v));
	return v;
}

/* A writer over @size bytes at @buf. */
static inline struct wcursor wcur_init(void *buf, size_t size)
{
	struct wcursor w = { .start = (u8 *)buf, .size = size };

	return w;
}

static inline size_t wcur_room(const struct wcursor *w)
{
	return w->full ? 0 : w->size - w->len;
}

/* Bytes written so far. */
static inline size_t wcur_len(const struct wcursor *w)
{
	return w->len;
}

static inline bool wcur_ok(const struct wcursor *w)
{
	return !w->full;
}

/*
 * Reserve @len bytes.
 *
 * Return: where to write them, or NULL (and `full`) when they do not fit.
 */
static inline u8 *wcur_take(struct wcursor *w, size_t len)
{
	u8 *p;

	if (w->full || w->size - w->len < len) {
		w->full = true;
		return NULL;
	}
	p = w->start + w->len;
	w->len += len;
	return p;
}

static inline void wcur_bytes(struct wcursor *w, const void *src, size_t len)
{
	u8 *p = wcur_take(w, len);

	if (p && len)
		memcpy(p, src, len);
}

static inline void wcur_zero(struct wcursor *w, size_t len)
{
	u8 *p = wcur_take(w, len);

	if (p && len)
		memset(p, 0, len);
}

static inline void wcur_u8(struct wcursor *w, u8 v)
{
	u8 *p = wcur_take(w, 1);

	if (p)
		p[0] = v;
}

static inline void wcur_be16(struct wcursor *w, u16 v)
{
	const u8 b[2] = { (u8)(v >> 8), (u8)v };

	wcur_bytes(w, b, sizeof(b));
}

static inline void wcur_be32(struct wcursor *w, u32 v)
{
	const u8 b[4] = { (u8)(v >> 24), (u8)(v >> 16), (u8)(v >> 8), (u8)v };

	wcur_bytes(w, b, sizeof(b));
}

static inline void wcur_raw_be16(struct wcursor *w, __be16 v)
{
	wcur_bytes(w, &v, sizeof(v));
}

static inline void wcur_raw_be32(struct wcursor *w, __be32 v)
{
	wcur_bytes(w, &v, sizeof(v));
}

#endif /* INET_WIRE_CURSOR_H */
