/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why a parser refused some bytes.
 *
 * A parser of wire/ returns 0, or the negative of one of these; its output is
 * then untouched, unless it says otherwise. The caller maps the reason to its
 * counter and its skb_drop_reason.
 */
#ifndef INET_WIRE_REASON_H
#define INET_WIRE_REASON_H

/* name, sentence for people */
#define WIRE_REASONS(X) \
	X(SHORT, "shorter than the fixed header") \
	X(VERSION, "wrong version") \
	X(HDR_LEN, "header length below the minimum or past the end") \
	X(TOT_LEN, "length field below the header or past the end") \
	X(CSUM, "wrong checksum") \
	X(VLAN, "VLAN tag cut or nested too deep") \
	X(LLC, "LLC or SNAP header cut or meaningless") \
	X(ARP_TYPE, "not ARP for IPv4 on Ethernet") \
	X(OPTION, "option with an illegal length, pointer or repetition") \
	X(FRAGMENT, "a later fragment, which has no transport header") \
	X(QUOTE, "ICMP quotes too little to tell whose packet it was") \
	X(NO_ROOM, "the buffer is too small for what is to be built") \
	X(RANGE, "a value that the field cannot carry")

enum wire_reason {
	WIRE_OK = 0,
#define WIRE_REASON_ENUM(name, text) WIRE_##name,
	WIRE_REASONS(WIRE_REASON_ENUM)
#undef WIRE_REASON_ENUM
	WIRE_REASON_MAX
};

/*
 * @err: what a parser returned
 *
 * Return: a sentence; "unknown reason" for anything else.
 */
const char *wire_strreason(int err);

#endif /* INET_WIRE_REASON_H */
