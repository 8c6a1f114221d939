/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ethernet II, IEEE 802.3 with LLC/SNAP, and VLAN tags.
 */
#include "wire/eth.h"

#include "lib/byteorder.h"
#include "wire/cursor.h"

#define LLC_SNAP_SAP	0xaa
#define LLC_UI		0x03
#define SNAP_OUI_RFC1042 0x000000
#define SNAP_OUI_BRIDGE	0x0000f8	/* IEEE 802.1H tunnels */

static bool is_vlan_tpid(u16 type)
{
	return type == ETH_P_8021Q || type == ETH_P_8021AD;
}

/*
 * Read the tags that follow the addresses.
 *
 * @type: in: the first type field; out: the one after the tags
 *
 * Return: 0 or -WIRE_VLAN.
 */
static int eth_parse_vlan(struct cursor *c, u16 *type, struct eth_info *info)
{
	while (is_vlan_tpid(*type)) {
		u16 tci = cur_be16(c);
		u16 next = cur_be16(c);

		if (!cur_ok(c) || info->nr_vlan == VLAN_MAX_DEPTH)
			return -WIRE_VLAN;
		if (info->nr_vlan++ == 0) {
			info->vlan_proto = cpu_to_be16(*type);
			info->vlan_tci = tci;
		}
		*type = next;
	}
	return 0;
}

/*
 * Read what follows an 802.3 length: LLC, perhaps SNAP with an EtherType
 * (RFC 1042). Other LLC keeps its header as payload, as eth_type_trans() does.
 *
 * @c: the bytes that the length covers
 */
static int eth_parse_llc(struct cursor *c, struct eth_info *info, u8 *skipped)
{
	u8 dsap = cur_u8(c);
	u8 ssap = cur_u8(c);
	u8 ctrl = cur_u8(c);
	u32 oui;
	u16 pid;

	*skipped = 0;
	if (!cur_ok(c))
		return -WIRE_LLC;
	info->proto = cpu_to_be16(ETH_P_802_2);
	if (dsap == 0xff && ssap == 0xff)
		info->proto = cpu_to_be16(ETH_P_802_3);
	if (dsap != LLC_SNAP_SAP || ssap != LLC_SNAP_SAP || ctrl != LLC_UI)
		return 0;

	oui = (u32)cur_u8(c) << 16;
	oui |= cur_be16(c);
	pid = cur_be16(c);
	if (!cur_ok(c))
		return -WIRE_LLC;
	if (oui != SNAP_OUI_RFC1042 && oui != SNAP_OUI_BRIDGE)
		return 0;
	if (pid < ETH_P_802_3_MIN)
		return -WIRE_LLC;
	info->proto = cpu_to_be16(pid);
	*skipped = LLC_HLEN + SNAP_HLEN;
	return 0;
}

/*
 * Find out what a frame carries and where it begins.
 *
 * @frame, @len: from the destination address on, without FCS
 *
 * Return: 0, -WIRE_SHORT, -WIRE_VLAN, -WIRE_TOT_LEN (802.3 length past the
 * end, or one that is neither length nor type) or -WIRE_LLC.
 */
int eth_parse(const void *frame, size_t len, struct eth_info *info)
{
	struct cursor c = cur_init(frame, len), llc;
	struct eth_info got = { .nr_vlan = 0 };
	u8 skipped;
	u16 type;
	int err;

	cur_copy(&c, got.dest, ETH_ALEN);
	cur_copy(&c, got.source, ETH_ALEN);
	type = cur_be16(&c);
	if (!cur_ok(&c))
		return -WIRE_SHORT;

	err = eth_parse_vlan(&c, &type, &got);
	if (err)
		return err;
	got.hdr_len = (u8)(ETH_HLEN + got.nr_vlan * VLAN_HLEN);
	got.payload_len = (u32)cur_left(&c);
	got.proto = cpu_to_be16(type);

	if (type < ETH_P_802_3_MIN) {
		if (type > ETH_DATA_LEN || type > cur_left(&c))
			return -WIRE_TOT_LEN;
		llc = cur_sub(&c, type);
		err = eth_parse_llc(&llc, &got, &skipped);
		if (err)
			return err;
		got.hdr_len += skipped;
		got.payload_len = type - skipped;
	}
	*info = got;
	return 0;
}

/*
 * Write an Ethernet II header.
 *
 * @proto: an EtherType in wire order
 *
 * Return: ETH_HLEN, or -WIRE_NO_ROOM.
 */
int eth_build(void *buf, size_t room, const u8 *dest, const u8 *source,
	      __be16 proto)
{
	struct wcursor w = wcur_init(buf, room);

	if (room < ETH_HLEN)
		return -WIRE_NO_ROOM;
	wcur_bytes(&w, dest, ETH_ALEN);
	wcur_bytes(&w, source, ETH_ALEN);
	wcur_raw_be16(&w, proto);
	return ETH_HLEN;
}
