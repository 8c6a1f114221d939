/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sentences that belong to the reasons of wire/.
 */
#include "wire/reason.h"

static const char *const wire_reason_text[WIRE_REASON_MAX] = {
	[WIRE_OK] = "fine",
#define WIRE_REASON_TEXT(name, text) [WIRE_##name] = text,
	WIRE_REASONS(WIRE_REASON_TEXT)
#undef WIRE_REASON_TEXT
};

/* The sentence for what a parser returned; takes both signs. */
const char *wire_strreason(int err)
{
	if (err > -WIRE_REASON_MAX && err <= 0)
		err = -err;
	if (err < 0 || err >= WIRE_REASON_MAX)
		return "unknown reason";
	return wire_reason_text[err];
}
