/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks of the pcapng format. A block is its type, its length, a body padded
 * to 32 bits, options, and its length again; an option is a code, a length and
 * a padded value.
 */
#include "pcapng.h"

#include <string.h>

#include "lib/compiler.h"

#define BLOCK_SECTION 0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BLOCK_STATISTICS 5u
#define BLOCK_PACKET 6u
#define BYTE_ORDER_MAGIC 0x1a2b3c4du

#define OPT_END 0
#define OPT_COMMENT 1
#define SHB_USERAPPL 4
#define IF_NAME 2
#define IF_MACADDR 6
#define IF_TSRESOL 9
#define IF_FILTER 11
#define EPB_FLAGS 2
#define ISB_IFRECV 4
#define ISB_IFDROP 5
#define ISB_FILTERACCEPT 6

#define TEXT_MAX 4096u		/* bytes of a text that are kept */

/* A block being made. */
struct block {
	struct outbuf *b;
	size_t begin, at;
	bool full;
};

/* Reserves @len bytes, padded. Return: the first, NULL when there is no room;
 * then the whole block will not be. */
static u8 *block_room(struct block *k, u32 len)
{
	u32 padded = ALIGN(len, 4);
	u8 *p = k->b->data + k->at;

	if (k->full || padded > k->b->size - k->at) {
		k->full = true;
		return NULL;
	}
	memset(p + len, 0, padded - len);
	k->at += padded;
	return p;
}

/* Appends bytes. */
static void block_put(struct block *k, const void *bytes, u32 len)
{
	u8 *p = block_room(k, len);

	if (p)
		memcpy(p, bytes, len);
}

static void block_u32(struct block *k, u32 value)
{
	block_put(k, &value, sizeof(value));
}

/* Two 16-bit numbers. */
static void block_u16s(struct block *k, u16 first, u16 second)
{
	const u16 pair[2] = { first, second };

	block_put(k, pair, sizeof(pair));
}

/* The upper half comes first, in any byte order. */
static void block_time(struct block *k, u64 time_ns)
{
	block_u32(k, (u32)(time_ns >> 32));
	block_u32(k, (u32)time_ns);
}

static void block_option(struct block *k, u16 code, const void *value, u16 len)
{
	block_u16s(k, code, len);
	block_put(k, value, len);
}

/* An option that is a text; none for NULL. */
static void block_text(struct block *k, u16 code, const char *text)
{
	if (text)
		block_option(k, code, text, (u16)strnlen(text, TEXT_MAX));
}

/* A block of @type, empty yet. */
static struct block block_begin(struct outbuf *b, u32 type)
{
	struct block k = { .b = b, .begin = b->end, .at = b->end };

	block_u32(&k, type);
	block_u32(&k, 0);	/* block_end() knows the length */
	return k;
}

/* Return: whether the block is in the buffer. */
static bool block_end(struct block *k)
{
	u32 len = (u32)(k->at - k->begin + sizeof(len));

	block_u32(k, len);
	if (k->full)
		return false;
	memcpy(k->b->data + k->begin + sizeof(u32), &len, sizeof(len));
	k->b->end = k->at;
	return true;
}

/* Version 1.0, a section of unknown length. */
bool pcapng_section(struct outbuf *b, const char *program, const char *comment)
{
	struct block k = block_begin(b, BLOCK_SECTION);

	block_u32(&k, BYTE_ORDER_MAGIC);
	block_u16s(&k, 1, 0);
	block_u32(&k, U32_MAX);
	block_u32(&k, U32_MAX);
	block_text(&k, OPT_COMMENT, comment);
	block_text(&k, SHB_USERAPPL, program);
	block_u16s(&k, OPT_END, 0);
	return block_end(&k);
}

/* Times of this interface are in nanoseconds (10^-9). */
bool pcapng_interface(struct outbuf *b, const struct pcapng_interface *i)
{
	struct block k = block_begin(b, BLOCK_INTERFACE);
	const char *filter = i->filter;
	char value[TEXT_MAX + 1];
	const u8 resolution = 9;

	block_u16s(&k, i->linktype, 0);
	block_u32(&k, i->snaplen);
	block_text(&k, IF_NAME, i->name);
	if (i->mac)
		block_option(&k, IF_MACADDR, i->mac, 6);
	block_option(&k, IF_TSRESOL, &resolution, 1);
	if (filter) {
		u32 len = (u32)strnlen(filter, TEXT_MAX);

		value[0] = 0;		/* a text as in pcap-filter(7) */
		memcpy(value + 1, filter, len);
		block_option(&k, IF_FILTER, value, (u16)(len + 1));
	}
	block_u16s(&k, OPT_END, 0);
	return block_end(&k);
}

/* An enhanced packet block. */
u8 *pcapng_packet(struct outbuf *b, const struct pcapng_packet *p)
{
	struct block k = block_begin(b, BLOCK_PACKET);
	u8 *frame;

	block_u32(&k, p->interface);
	block_time(&k, p->time_ns);
	block_u32(&k, p->captured);
	block_u32(&k, p->length);
	frame = block_room(&k, p->captured);
	block_option(&k, EPB_FLAGS, &p->flags, sizeof(p->flags));
	block_u16s(&k, OPT_END, 0);
	return block_end(&k) ? frame : NULL;
}

/* What became of the frames of one interface. */
bool pcapng_statistics(struct outbuf *b, const struct pcapng_stats *s)
{
	struct block k = block_begin(b, BLOCK_STATISTICS);

	block_u32(&k, s->interface);
	block_time(&k, s->time_ns);
	block_option(&k, ISB_IFRECV, &s->received, sizeof(s->received));
	block_option(&k, ISB_IFDROP, &s->dropped, sizeof(s->dropped));
	block_option(&k, ISB_FILTERACCEPT, &s->accepted, sizeof(s->accepted));
	block_u16s(&k, OPT_END, 0);
	return block_end(&k);
}

u32 pcapng_block(const u8 *block, bool *packet)
{
	u32 head[2];

	memcpy(head, block, sizeof(head));
	*packet = head[0] == BLOCK_PACKET;
	return head[1];
}
