/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ARP for IPv4 on Ethernet (RFC 826).
 */
#include "wire/arp.h"

#include "wire/cursor.h"

/*
 * Read one ARP packet.
 *
 * @len: may exceed 28: Ethernet pads
 *
 * Return: 0, -WIRE_SHORT, or -WIRE_ARP_TYPE when it is not about IPv4 on
 * Ethernet, its address lengths included. Any opcode is passed on.
 */
int arp_parse(const void *buf, size_t len, struct arp_info *info)
{
	struct cursor c = cur_init(buf, len);
	u16 hrd = cur_be16(&c);
	u16 pro = cur_be16(&c);
	u8 hln = cur_u8(&c);
	u8 pln = cur_u8(&c);
	struct arp_info got;

	got.op = cur_be16(&c);
	cur_copy(&c, got.sha, ETH_ALEN);
	got.sip = cur_raw_be32(&c);
	cur_copy(&c, got.tha, ETH_ALEN);
	got.tip = cur_raw_be32(&c);
	if (!cur_ok(&c))
		return -WIRE_SHORT;
	if (hrd != ARPHRD_ETHER || pro != ETH_P_IP || hln != ETH_ALEN ||
	    pln != sizeof(__be32))
		return -WIRE_ARP_TYPE;
	*info = got;
	return 0;
}

/*
 * Write one ARP packet.
 *
 * Return: ARP_HLEN, or -WIRE_NO_ROOM.
 */
int arp_build(void *buf, size_t room, const struct arp_info *info)
{
	struct wcursor w = wcur_init(buf, room);

	if (room < ARP_HLEN)
		return -WIRE_NO_ROOM;
	wcur_be16(&w, ARPHRD_ETHER);
	wcur_be16(&w, ETH_P_IP);
	wcur_u8(&w, ETH_ALEN);
	wcur_u8(&w, sizeof(__be32));
	wcur_be16(&w, info->op);
	wcur_bytes(&w, info->sha, ETH_ALEN);
	wcur_raw_be32(&w, info->sip);
	wcur_bytes(&w, info->tha, ETH_ALEN);
	wcur_raw_be32(&w, info->tip);
	return ARP_HLEN;
}
