/* SPDX-License-Identifier: BSD-2-Clause */
/* Printing what a lock guards, without holding it while the reader is slow. */
#ifndef INET_LIB_PRINT_WHOLE_H
#define INET_LIB_PRINT_WHOLE_H

#include <stdio.h>

/*
 * Lets @print write to memory, then writes all of it to @out.
 * Return: 0, -ENOMEM, -EIO.
 */
int print_whole(FILE *out, void (*print)(FILE *mem, void *arg), void *arg);

#endif /* INET_LIB_PRINT_WHOLE_H */
