/* SPDX-License-Identifier: BSD-2-Clause */
/* The version of the library a program runs with. */
#ifndef INET_VERSION_H
#define INET_VERSION_H

#include <inet/export.h>

INET_BEGIN_DECLS

/*
 * The version of the library that is loaded, "major.minor.patch".
 *
 * Return: a constant string. Context: any.
 */
const char *inet_version(void) INET_API;

INET_END_DECLS

#endif /* INET_VERSION_H */
