/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks of the pcapng format (draft-ietf-opsawg-pcapng), appended to memory
 * in the byte order of this machine. Each function returns false, and appends
 * nothing, when there is not enough room.
 */
#ifndef LIBDEV_PCAPNG_H
#define LIBDEV_PCAPNG_H

#include <inet/types.h>

#define PCAPNG_LINKTYPE_ETHERNET 1
#define PCAPNG_LINKTYPE_RAW 101

/* epb_flags: direction and kind of reception */
#define PCAPNG_IN 0x1u
#define PCAPNG_OUT 0x2u
#define PCAPNG_UNICAST (1u << 2)
#define PCAPNG_MULTICAST (2u << 2)
#define PCAPNG_BROADCAST (3u << 2)
#define PCAPNG_PROMISC (4u << 2)

/* Bytes from start to end wait to be written. */
struct outbuf {
	u8 *data;
	size_t size, start, end;
};

struct pcapng_interface {
	const char *name;
	const char *filter;	/* NULL: none */
	const u8 *mac;		/* 6 bytes, NULL: none */
	u16 linktype;
	u32 snaplen;
};

struct pcapng_packet {
	u32 interface;		/* number of its interface block, from 0 */
	u32 captured, length;	/* bytes stored, bytes there were */
	u32 flags;
	u64 time_ns;		/* since 1970 */
};

struct pcapng_stats {
	u32 interface;
	u64 time_ns;
	u64 received, dropped, accepted;
};

/* Section header. @comment may be NULL. */
bool pcapng_section(struct outbuf *b, const char *program,
		    const char *comment);
bool pcapng_interface(struct outbuf *b, const struct pcapng_interface *i);
/* Return: where p->captured bytes of the frame go, NULL when there is no
 * room. */
u8 *pcapng_packet(struct outbuf *b, const struct pcapng_packet *p);
bool pcapng_statistics(struct outbuf *b, const struct pcapng_stats *s);

/* The length of the block that begins at @block, and whether it is a packet's. */
u32 pcapng_block(const u8 *block, bool *packet);

#endif /* LIBDEV_PCAPNG_H */
