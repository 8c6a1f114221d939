/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One line of text for one frame, in the manner of tcpdump -n.
 */
#ifndef INET_WIRE_PRINT_H
#define INET_WIRE_PRINT_H

#include <inet/types.h>

#define WIRE_PRINT_MAX	512		/* no line is longer, its NUL included */

size_t wire_print_frame(char *buf, size_t size, const void *frame, size_t len);
size_t wire_print_ipv4(char *buf, size_t size, const void *pkt, size_t len);

#endif /* INET_WIRE_PRINT_H */
