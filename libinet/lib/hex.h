/* SPDX-License-Identifier: BSD-2-Clause */
/* Hexadecimal text. */
#ifndef INET_LIB_HEX_H
#define INET_LIB_HEX_H

/* The value of a hexadecimal digit, -1: it is none. */
static inline int hex_to_bin(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif /* INET_LIB_HEX_H */
