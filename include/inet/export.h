/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How libinet exports its symbols.
 *
 * Every symbol of the library begins with "inet_", so that it can live beside
 * any other code. Functions for driver and protocol writers keep the name
 * they have in Linux in the source; the symbol in the object file is prefixed
 * by an assembler label:
 *
 *	void napi_schedule(struct napi_struct *n) INET_EXPORT(napi_schedule);
 *
 * is the symbol inet_napi_schedule.
 */
#ifndef INET_EXPORT_H
#define INET_EXPORT_H

#define INET_API __attribute__((visibility("default")))
#define INET_EXPORT(name) __asm__("inet_" #name) INET_API

#ifdef __cplusplus
#define INET_BEGIN_DECLS extern "C" {
#define INET_END_DECLS }
#else
#define INET_BEGIN_DECLS
#define INET_END_DECLS
#endif

#endif /* INET_EXPORT_H */
