/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How frames are written here: by the forger, and by who tests the monitor.
 * Neither the stack's code nor the monitor's, which has to judge them.
 */
#ifndef SIM_PACKET_H
#define SIM_PACKET_H

#include <inet/types.h>

void put16(u8 *p, u32 v);
void put32(u8 *p, u32 v);
/* The Internet checksum: of several parts by @s, what was summed before, and
 * at the end fold(). All parts but the last are of even length. */
u32 sum(const u8 *p, u32 len, u32 s);
u16 fold(u32 s);

#endif /* SIM_PACKET_H */
