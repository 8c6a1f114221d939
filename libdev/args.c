/* SPDX-License-Identifier: BSD-2-Clause */
/* Arguments of drivers, read by a table of keys. */
#include "args.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/compiler.h"
#include "lib/hex.h"

/* What may follow a number, and what it is worth. */
struct unit {
	const char *name;
	u64 worth;
};

static const struct unit units_u32[] = {
	{ "", 1 }, { "k", 1ull << 10 }, { "M", 1ull << 20 }, { NULL, 0 },
};

static const struct unit units_u64[] = {
	{ "", 1 }, { NULL, 0 },
};

static const struct unit units_time[] = {
	{ "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 },
	{ NULL, 0 },
};

static const struct unit units_rate[] = {
	{ "bit", 1 }, { "kbit", 1000 }, { "mbit", 1000000 },
	{ "gbit", 1000000000 }, { NULL, 0 },
};

static const struct unit units_ppm[] = {
	{ "ppm", 1 }, { "%", 10000 }, { NULL, 0 },
};

/* What a parser needs to say what is wrong. */
struct reader {
	const struct args_spec *spec;
	char *why;
	size_t size;
};

/* Leaves a sentence that begins with the driver's name. Return: -EINVAL. */
static int __printf(2, 3) bad(const struct reader *r, const char *fmt, ...)
{
	int n = snprintf(r->why, r->size, "%s: ", r->spec->driver);
	va_list ap;

	if (n >= 0 && (size_t)n < r->size) {
		va_start(ap, fmt);
		vsnprintf(r->why + n, r->size - (size_t)n, fmt, ap);
		va_end(ap);
	}
	return -EINVAL;
}

/* Reads digits of base 10 or 16; *fits: the number does 64 bits. Return: the
 * first character that is none. */
static const char *read_digits(const char *s, u32 base, u64 *value, bool *fits)
{
	int digit;

	*value = 0;
	*fits = true;
	for (; (digit = hex_to_bin(*s)) >= 0 && digit < (int)base; s++) {
		if (*value > (U64_MAX - (u32)digit) / base)
			*fits = false;
		*value = *value * base + (u32)digit;
	}
	return s;
}

/* Reads ".375" as a fraction in millionths; more digits are ignored. */
static const char *read_fraction(const char *s, u64 *millionths)
{
	u64 place = 100000;

	*millionths = 0;
	if (*s != '.')
		return s;
	for (s++; isdigit((unsigned char)*s); s++) {
		*millionths += (u64)(*s - '0') * place;
		place /= 10;
	}
	return s;
}

/* "1.5ms" with its unit. Return: 0, -EINVAL, -ERANGE: more than 64 bits. */
static int parse_quantity(const char *text, const struct unit *units,
			  u64 *value)
{
	u64 whole, millionths;
	const char *s;
	bool fits;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	s = read_digits(text, 10, &whole, &fits);
	s = read_fraction(s, &millionths);
	for (; units->name; units++) {
		if (strcmp(s, units->name) != 0)
			continue;
		if (millionths && units->worth == 1)
			return -EINVAL;
		if (!fits || whole > U64_MAX / units->worth - 1)
			return -ERANGE;
		*value = whole * units->worth +
			 millionths * units->worth / 1000000;
		return 0;
	}
	return -EINVAL;
}

/* A plain number, decimal or 0x. Return: 0, -EINVAL, -ERANGE. */
static int parse_u64(const char *text, u64 *value)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = hex ? text + 2 : text;
	bool fits;
	const char *end = read_digits(digits, hex ? 16 : 10, value, &fits);

	if (end == digits || *end != '\0')
		return -EINVAL;
	return fits ? 0 : -ERANGE;
}

/* "02:00:00:00:00:01". Return: 0, -EINVAL. */
static int parse_mac(const char *text, u8 *mac)
{
	u8 bytes[6];

	for (u32 i = 0; i < 6; i++, text += 2) {
		u64 byte;
		bool fits;
		char pair[3] = { text[0], text[0] ? text[1] : '\0', '\0' };
		const char *end = read_digits(pair, 16, &byte, &fits);

		if (end != pair + 2)
			return -EINVAL;
		bytes[i] = (u8)byte;
		if (i < 5 && (text++)[2] != ':')
			return -EINVAL;
	}
	if (*text != '\0')
		return -EINVAL;
	memcpy(mac, bytes, sizeof(bytes));
	return 0;
}

/* The largest unit that *value has a whole number of, which it becomes; none
 * for zero where it may be written without. */
static const char *in_units(const struct unit *units, u64 *value)
{
	const struct unit *best = units;

	if (!*value && !*best->name)
		return "";
	for (; units->name; units++)
		if (*value % units->worth == 0)
			best = units;
	*value /= best->worth;
	return best->name;
}

/* Says what the range is, in units that may be written so. */
static int out_of_range(const struct reader *r, const struct arg_row *row,
			const char *text, const struct unit *units)
{
	u64 lo = row->lo, hi = row->hi;
	const char *lo_unit = in_units(units, &lo);
	const char *hi_unit = in_units(units, &hi);

	return bad(r, "%s=%s is out of range: %llu%s to %llu%s", row->key, text,
		   (unsigned long long)lo, lo_unit, (unsigned long long)hi,
		   hi_unit);
}

/* Reads the value of one row that is a number with a unit. */
static int read_number(const struct reader *r, const struct arg_row *row,
		       const char *text, void *member)
{
	static const struct {
		const struct unit *units;
		const char *shape;
	} kinds[] = {
		[ARG_U32] = { units_u32, "a number like 1500, 64k or 1M" },
		[ARG_TIME] = { units_time, "a time like 20ms, 1.5s or 10us" },
		[ARG_RATE] = { units_rate, "a rate like 200mbit or 1.5gbit" },
		[ARG_PPM] = { units_ppm, "a share like 2%, 0.1% or 150ppm" },
		[ARG_U64] = { units_u64, "a number like 42 or 0x2a" },
	};
	u64 value;
	int err;

	err = row->kind == ARG_U64 ? parse_u64(text, &value) :
		parse_quantity(text, kinds[row->kind].units, &value);
	if (err == -EINVAL)
		return bad(r, "%s: '%s' is not %s", row->key, text,
			   kinds[row->kind].shape);
	if (err || value < row->lo || value > row->hi)
		return out_of_range(r, row, text, kinds[row->kind].units);
	if (row->size == sizeof(u32))
		*(u32 *)member = (u32)value;
	else
		*(u64 *)member = value;
	return 0;
}

/* Reads the value of one row. @text is NULL when there was no '='. */
static int read_value(const struct reader *r, const struct arg_row *row,
		      const char *text, void *out)
{
	void *member = (char *)out + row->offset;

	if (row->kind == ARG_FLAG) {
		if (text && strcmp(text, "0") != 0 && strcmp(text, "1") != 0)
			return bad(r, "%s: '%s' is neither 0 nor 1", row->key,
				   text);
		*(bool *)member = !text || text[0] == '1';
		return 0;
	}
	if (!text || !text[0])
		return bad(r, "%s needs a value; usage: %s", row->key,
			   r->spec->usage);
	switch (row->kind) {
	case ARG_STRING:
		if (strlen(text) >= row->size)
			return bad(r, "'%s' is longer than %u characters",
				   text, (unsigned int)row->size - 1);
		memcpy(member, text, strlen(text) + 1);
		return 0;
	case ARG_MAC:
		if (parse_mac(text, member))
			return bad(r, "%s: '%s' is not an address like "
				   "02:00:00:00:00:01", row->key, text);
		return 0;
	default:
		return read_number(r, row, text, member);
	}
}

/* The row of @key, or NULL. */
static const struct arg_row *find_row(const struct args_spec *spec,
				      const char *key)
{
	for (u32 i = 0; i < spec->nr_rows; i++)
		if (strcmp(spec->rows[i].key, key) == 0)
			return &spec->rows[i];
	return NULL;
}

/* Reads "key=value", "flag", or, as the first one, a value without a key.
 * @seen: a bit for each row that has been read */
static int read_item(const struct reader *r, char *item, bool first, u64 *seen,
		     void *out)
{
	const struct arg_row *row;
	char *value = strchr(item, '=');
	u64 bit;

	if (value)
		*value++ = '\0';
	if (!value && first && find_row(r->spec, "") && item[0])
		return read_value(r, find_row(r->spec, ""), item, out);
	row = item[0] ? find_row(r->spec, item) : NULL;
	if (!row)
		return bad(r, "unknown argument '%s'; usage: %s", item,
			   r->spec->usage);
	bit = 1ull << (row - r->spec->rows);
	if (*seen & bit)
		return bad(r, "%s is said twice", row->key);
	*seen |= bit;
	return read_value(r, row, value, out);
}

/* Items between commas, one after the other, on a copy. */
int args_parse(const struct args_spec *spec, const char *text, void *out,
	       char *why, size_t size)
{
	const struct reader r = { .spec = spec, .why = why, .size = size };
	char copy[ARGS_MAX];
	char *item = copy;
	bool first = true;
	u64 seen = 0;

	inet_assert(spec->nr_rows <= 64);
	if (strlen(text) >= sizeof(copy))
		return bad(&r, "more than %d characters of arguments",
			   ARGS_MAX - 1);
	memcpy(copy, text, strlen(text) + 1);
	while (item && copy[0]) {
		char *next = strchr(item, ',');
		int err;

		if (next)
			*next++ = '\0';
		err = read_item(&r, item, first, &seen, out);
		if (err)
			return err;
		item = next;
		first = false;
	}
	return 0;
}
