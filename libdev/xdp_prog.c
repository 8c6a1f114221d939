/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program that the kernel runs for each frame of the interface, before its
 * own stack: the frame goes to the socket of its queue, or on to the kernel.
 *
 * It is some twenty instructions and depends on the rules, so it is put
 * together here, for which no compiler is needed at any time. Jumps go forward
 * only, to labels that are resolved at the end. libbpf loads and attaches it.
 *
 * The program hangs on the interface by a link, which is a descriptor: when the
 * process ends, in whatever way, the kernel closes it, and the program is gone.
 * A queue whose socket is not in the map is the kernel's, so the program stays
 * where it is while the device is down.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lib/compiler.h"
#include "xdp.h"

#ifndef BPF_F_XDP_HAS_FRAGS
#define BPF_F_XDP_HAS_FRAGS (1u << 5)
#endif

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_ARP 0x0806
#define ETHERTYPE_IPV6 0x86dd
#define MAX_INSNS 512u
#define MAX_JUMPS 256u

/* ---- rules as text ---------------------------------------------------- */

/* A number from 0 to @most, all of @text, decimal or 0x. */
static bool parse_number(const char *text, u32 most, u32 *value)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	*value = (u32)strtoul(text, &end, 0);
	return *end == '\0' && *value <= most;
}

/* "22" or "1000-2000". */
static bool parse_ports(char *text, struct xdp_rule *rule)
{
	char *dash = strchr(text, '-');
	u32 lo, hi;

	if (dash)
		*dash++ = '\0';
	if (!parse_number(text, 65535, &lo) ||
	    !parse_number(dash ? dash : text, 65535, &hi) || lo > hi)
		return false;
	rule->lo = (u16)lo;
	rule->hi = (u16)hi;
	return true;
}

static const struct {
	const char *name;
	struct xdp_rule rule;
} words[] = {
	{ "arp", { .kind = XDP_RULE_ETHER, .ethertype = ETHERTYPE_ARP } },
	{ "ipv4", { .kind = XDP_RULE_ETHER, .ethertype = ETHERTYPE_IPV4 } },
	{ "ipv6", { .kind = XDP_RULE_ETHER, .ethertype = ETHERTYPE_IPV6 } },
	{ "vlan", { .kind = XDP_RULE_ETHER, .ethertype = 0x8100 } },
	{ "icmp", { .kind = XDP_RULE_PROTO, .proto = IPPROTO_ICMP } },
	{ "icmpv6", { .kind = XDP_RULE_PROTO, .proto = IPPROTO_ICMPV6 } },
	{ "tcp", { .kind = XDP_RULE_PROTO, .proto = IPPROTO_TCP } },
	{ "udp", { .kind = XDP_RULE_PROTO, .proto = IPPROTO_UDP } },
};

static bool parse_word(const char *item, struct xdp_rule *rule)
{
	for (u32 i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i].name, item) != 0)
			continue;
		*rule = words[i].rule;
		return true;
	}
	return false;
}

/* "tcp/22", "from-udp/53", "ip/192.0.2.1", "proto/132", "ether/0x88cc". */
static bool parse_value(char *item, struct xdp_rule *rule)
{
	char *value = strchr(item, '/');
	bool from = strncmp(item, "from-", 5) == 0;
	u32 n;

	*value++ = '\0';
	if (from)
		item += 5;
	if (strcmp(item, "tcp") == 0 || strcmp(item, "udp") == 0) {
		rule->kind = from ? XDP_RULE_SOURCE_PORT : XDP_RULE_PORT;
		rule->proto = item[0] == 't' ? IPPROTO_TCP : IPPROTO_UDP;
		return parse_ports(value, rule);
	}
	if (from)
		return false;
	if (strcmp(item, "ip") == 0) {
		rule->kind = XDP_RULE_ADDR;
		return inet_pton(AF_INET, value, &rule->addr) == 1;
	}
	if (strcmp(item, "proto") == 0 && parse_number(value, 255, &n)) {
		*rule = (struct xdp_rule){ .kind = XDP_RULE_PROTO,
					   .proto = (u8)n };
		return true;
	}
	if (strcmp(item, "ether") == 0 && parse_number(value, 65535, &n)) {
		*rule = (struct xdp_rule){ .kind = XDP_RULE_ETHER,
					   .ethertype = (u16)n };
		return true;
	}
	return false;
}

/* Items between plus signs; *@bad points into @text. */
int xdp_rules_parse(struct xdp_rules *rules, const char *text, const char **bad)
{
	while (*text) {
		size_t len = strcspn(text, "+");
		struct xdp_rule rule = { 0 };
		char item[XDP_RULES_LEN];

		*bad = text;
		if (rules->nr == XDP_MAX_RULES || !len || len >= sizeof(item))
			return -EINVAL;
		memcpy(item, text, len);
		item[len] = '\0';
		if (strchr(item, '/') ? !parse_value(item, &rule)
				      : !parse_word(item, &rule))
			return -EINVAL;
		rules->rule[rules->nr++] = rule;
		text += len;
		if (*text == '+' && !*++text)
			return -EINVAL;
	}
	return 0;
}

/* ---- a small assembler ------------------------------------------------ */

enum label { MATCH, OTHER, IPV4, IPV6, ARP, PORTS, NR_LABELS };

struct code {
	struct bpf_insn insn[MAX_INSNS];
	u32 nr;
	u32 label[NR_LABELS];
	struct { u32 insn; enum label to; } jump[MAX_JUMPS];
	u32 nr_jumps;
};

/* Registers. r2 to r5 hold nothing across a call; there is one, at the end. */
enum { R0, R1, R2, R3, R4, R5, R6, R7 };
#define DATA R2		/* first byte of the packet */
#define END R3		/* behind its last */
#define AT R4		/* a place in it */
#define VAL R5		/* a value out of it */
#define CTX R6
#define PROTO R7

#define INSN(op, dst, src, o, i)					\
	((struct bpf_insn){ .code = (op), .dst_reg = (dst),		\
			    .src_reg = (src), .off = (o), .imm = (i) })

/* One instruction; too many make the program one that is refused. */
static void put(struct code *c, struct bpf_insn insn)
{
	if (c->nr < MAX_INSNS)
		c->insn[c->nr++] = insn;
}

static void here(struct code *c, enum label label)
{
	c->label[label] = c->nr;
}

/* A jump to @to, whose place comes later. */
static void jump(struct code *c, struct bpf_insn insn, enum label to)
{
	if (c->nr_jumps == MAX_JUMPS)
		return;
	c->jump[c->nr_jumps].insn = c->nr;
	c->jump[c->nr_jumps++].to = to;
	put(c, insn);
}

static void resolve(struct code *c)
{
	for (u32 i = 0; i < c->nr_jumps; i++) {
		u32 at = c->jump[i].insn;

		c->insn[at].off = (s16)(c->label[c->jump[i].to] - at - 1);
	}
}

/* VAL = what stands at @off behind @base; @size is BPF_B, BPF_H or BPF_W. */
static void load(struct code *c, u8 size, u8 to, u8 base, s16 off)
{
	put(c, INSN(BPF_LDX | BPF_MEM | size, to, base, off, 0));
}

/* To OTHER if the packet ends before @base + @len. */
static void need(struct code *c, u8 base, s32 len)
{
	put(c, INSN(BPF_ALU64 | BPF_MOV | BPF_X, AT, base, 0, 0));
	put(c, INSN(BPF_ALU64 | BPF_ADD | BPF_K, AT, 0, 0, len));
	jump(c, INSN(BPF_JMP | BPF_JGT | BPF_X, AT, END, 0, 0), OTHER);
}

static void jump_if(struct code *c, u8 reg, u32 value, enum label to)
{
	jump(c, INSN(BPF_JMP32 | BPF_JEQ | BPF_K, reg, 0, 0, (s32)value), to);
}

static void jump_to(struct code *c, enum label to)
{
	jump(c, INSN(BPF_JMP | BPF_JA, 0, 0, 0, 0), to);
}

static bool has_kind(const struct xdp_rules *rules, enum xdp_rule_kind kind)
{
	for (u32 i = 0; i < rules->nr; i++)
		if (rules->rule[i].kind == kind)
			return true;
	return false;
}

static bool has_ports(const struct xdp_rules *rules)
{
	return has_kind(rules, XDP_RULE_PORT) ||
	       has_kind(rules, XDP_RULE_SOURCE_PORT);
}

/* ---- the program ------------------------------------------------------ */

/* Link header: the rules for ethertypes, then by what follows. */
static void put_ether(struct code *c, const struct xdp_rules *rules)
{
	bool inside = has_ports(rules) || has_kind(rules, XDP_RULE_PROTO);

	need(c, DATA, ETHER_HEADER);
	load(c, BPF_H, VAL, DATA, 12);
	for (u32 i = 0; i < rules->nr; i++)
		if (rules->rule[i].kind == XDP_RULE_ETHER)
			jump_if(c, VAL, htons(rules->rule[i].ethertype), MATCH);
	if (inside || has_kind(rules, XDP_RULE_ADDR))
		jump_if(c, VAL, htons(ETHERTYPE_IPV4), IPV4);
	if (has_kind(rules, XDP_RULE_ADDR))
		jump_if(c, VAL, htons(ETHERTYPE_ARP), ARP);
	if (inside)
		jump_if(c, VAL, htons(ETHERTYPE_IPV6), IPV6);
	jump_to(c, OTHER);
}

/* To MATCH if the four bytes at @off are an address of the rules. */
static void put_addrs(struct code *c, const struct xdp_rules *rules, s16 off)
{
	load(c, BPF_W, VAL, DATA, off);
	for (u32 i = 0; i < rules->nr; i++)
		if (rules->rule[i].kind == XDP_RULE_ADDR)
			jump_if(c, VAL, rules->rule[i].addr, MATCH);
}

/* To MATCH if the protocol at @off is one of the rules. */
static void put_protos(struct code *c, const struct xdp_rules *rules, s16 off)
{
	load(c, BPF_B, PROTO, DATA, off);
	for (u32 i = 0; i < rules->nr; i++)
		if (rules->rule[i].kind == XDP_RULE_PROTO)
			jump_if(c, PROTO, rules->rule[i].proto, MATCH);
}

/* IPv4. Leaves DATA at the transport header; of fragments only the first has
 * one. */
static void put_ipv4(struct code *c, const struct xdp_rules *rules)
{
	here(c, IPV4);
	need(c, DATA, ETHER_HEADER + 20);
	put_addrs(c, rules, ETHER_HEADER + 16);
	put_protos(c, rules, ETHER_HEADER + 9);
	load(c, BPF_H, VAL, DATA, ETHER_HEADER + 6);
	put(c, INSN(BPF_ALU64 | BPF_AND | BPF_K, VAL, 0, 0, htons(0x1fff)));
	jump(c, INSN(BPF_JMP | BPF_JNE | BPF_K, VAL, 0, 0, 0), OTHER);
	load(c, BPF_B, VAL, DATA, ETHER_HEADER);
	put(c, INSN(BPF_ALU64 | BPF_AND | BPF_K, VAL, 0, 0, 15));
	put(c, INSN(BPF_ALU64 | BPF_LSH | BPF_K, VAL, 0, 0, 2));
	put(c, INSN(BPF_ALU64 | BPF_ADD | BPF_K, DATA, 0, 0, ETHER_HEADER));
	put(c, INSN(BPF_ALU64 | BPF_ADD | BPF_X, DATA, VAL, 0, 0));
	jump_to(c, PORTS);
}

/* IPv6 without extension headers. */
static void put_ipv6(struct code *c, const struct xdp_rules *rules)
{
	here(c, IPV6);
	need(c, DATA, ETHER_HEADER + 40);
	put_protos(c, rules, ETHER_HEADER + 6);
	put(c, INSN(BPF_ALU64 | BPF_ADD | BPF_K, DATA, 0, 0, ETHER_HEADER + 40));
}

/* To MATCH if a port lies in a range of the rules. */
static void put_ports(struct code *c, const struct xdp_rules *rules)
{
	here(c, PORTS);
	need(c, DATA, 4);
	for (u32 i = 0; i < rules->nr; i++) {
		const struct xdp_rule *rule = &rules->rule[i];
		bool from = rule->kind == XDP_RULE_SOURCE_PORT;

		if (!from && rule->kind != XDP_RULE_PORT)
			continue;
		put(c, INSN(BPF_JMP | BPF_JNE | BPF_K, PROTO, 0, 4, rule->proto));
		load(c, BPF_H, VAL, DATA, from ? 0 : 2);
		put(c, INSN(BPF_ALU | BPF_END | BPF_TO_BE, VAL, 0, 0, 16));
		put(c, INSN(BPF_JMP | BPF_JLT | BPF_K, VAL, 0, 1, rule->lo));
		jump(c, INSN(BPF_JMP | BPF_JLE | BPF_K, VAL, 0, 0, rule->hi), MATCH);
	}
}

/* To the socket of the queue, or to the kernel if there is none. */
static void put_redirect(struct code *c, int map_fd)
{
	put(c, INSN(BPF_LD | BPF_IMM | BPF_DW, R1, BPF_PSEUDO_MAP_FD, 0, map_fd));
	put(c, INSN(0, 0, 0, 0, 0));
	load(c, BPF_W, R2, CTX, offsetof(struct xdp_md, rx_queue_index));
	put(c, INSN(BPF_ALU64 | BPF_MOV | BPF_K, R3, 0, 0, XDP_PASS));
	put(c, INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_redirect_map));
	put(c, INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
}

static void put_pass(struct code *c)
{
	put(c, INSN(BPF_ALU64 | BPF_MOV | BPF_K, R0, 0, 0, XDP_PASS));
	put(c, INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
}

/* The verifier refuses code that cannot be reached, so only what the rules
 * need is written. */
static void put_program(struct code *c, const struct xdp_rules *rules,
			int map_fd)
{
	put(c, INSN(BPF_ALU64 | BPF_MOV | BPF_X, CTX, R1, 0, 0));
	if (rules->nr) {
		bool inside = has_ports(rules) ||
			      has_kind(rules, XDP_RULE_PROTO);

		load(c, BPF_W, DATA, CTX, offsetof(struct xdp_md, data));
		load(c, BPF_W, END, CTX, offsetof(struct xdp_md, data_end));
		put_ether(c, rules);
		if (has_kind(rules, XDP_RULE_ADDR)) {
			here(c, ARP);
			need(c, DATA, ETHER_HEADER + 28);
			put_addrs(c, rules, ETHER_HEADER + 24);
			jump_to(c, OTHER);
		}
		if (inside || has_kind(rules, XDP_RULE_ADDR))
			put_ipv4(c, rules);
		if (inside)
			put_ipv6(c, rules);
		if (inside || has_kind(rules, XDP_RULE_ADDR))
			put_ports(c, rules);
	}
	here(c, OTHER);
	if (rules->only) {
		put_pass(c);
		here(c, MATCH);
	}
	put_redirect(c, map_fd);
	if (!rules->only && rules->nr) {
		here(c, MATCH);
		put_pass(c);
	}
	resolve(c);
}

/* ---- the kernel ------------------------------------------------------- */

/* Has the verifier look. Return: a descriptor or -errno. */
static int prog_create(const struct code *c, u32 flags)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
		    .expected_attach_type = BPF_XDP, .prog_flags = flags);

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "libinet", "BSD", c->insn,
			     c->nr, &opts);
}

/* A kernel before 5.18 knows no packets in several buffers. */
int xdp_prog_load(struct xdp_prog *prog, const struct xdp_rules *rules,
		  u32 nr_queues)
{
	struct code *c = calloc(1, sizeof(*c));
	int fd;

	if (!c)
		return -ENOMEM;
	prog->map_fd = bpf_map_create(BPF_MAP_TYPE_XSKMAP, "inet_xsks",
				      sizeof(u32), sizeof(u32), nr_queues,
				      NULL);
	if (prog->map_fd < 0) {
		free(c);
		return prog->map_fd;
	}
	put_program(c, rules, prog->map_fd);
	fd = prog_create(c, BPF_F_XDP_HAS_FRAGS);
	prog->frags = fd >= 0;
	if (fd == -EINVAL)
		fd = prog_create(c, 0);
	free(c);
	prog->prog_fd = fd;
	return fd < 0 ? fd : 0;
}

int xdp_prog_attach(struct xdp_prog *prog, int ifindex, u32 flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);
	int fd = bpf_link_create(prog->prog_fd, ifindex, BPF_XDP, &opts);

	if (fd < 0)
		return fd;
	prog->link_fd = fd;
	return 0;
}

void xdp_prog_detach(struct xdp_prog *prog)
{
	if (prog->link_fd >= 0)
		close(prog->link_fd);
	prog->link_fd = -1;
}

int xdp_prog_set(const struct xdp_prog *prog, u32 queue, int fd)
{
	return fd < 0 ? bpf_map_delete_elem(prog->map_fd, &queue) :
			bpf_map_update_elem(prog->map_fd, &queue, &fd, 0);
}

void xdp_prog_close(struct xdp_prog *prog)
{
	xdp_prog_detach(prog);
	if (prog->prog_fd >= 0)
		close(prog->prog_fd);
	if (prog->map_fd >= 0)
		close(prog->map_fd);
	prog->prog_fd = prog->map_fd = -1;
}

bool xdp_prog_attached(int ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, opts);

	return !bpf_xdp_query(ifindex, 0, &opts) && opts.attach_mode;
}
