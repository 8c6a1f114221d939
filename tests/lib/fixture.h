/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One stack on a table: a simulated stack with a virtual clock and a device
 * whose wire is the test.
 *
 *	struct fx f;
 *	fx_open(&f);			stack, test0 10.0.0.2/24, up, quiet
 *	fx_learn(&f);			10.0.0.1's address is known: no ARP
 *	len = fx_udp(&f, frame, ...);	a frame from the peer
 *	fx_inject(&f, frame, len);	through NAPI, as a driver would; runs
 *	fx_pop(&f, &p);			the next frame that the stack sent
 *	fx_advance(&f, FX_SEC);		time passes, timers run in order
 *	fx_close(&f);			checks that nothing is left
 *
 * Everything happens in the calling thread and is the same in each run. All
 * checks fail the running CMocka test. Frames that were sent wait in order;
 * what the test does not pop is thrown away by fx_flush() or fx_close().
 *
 * Counters: fx_mark() remembers all drop and MIB counters; fx_drop_delta(),
 * fx_mib_delta() say what moved since; fx_assert_dropped() demands that one
 * packet died, of this reason and no other (the oracle of attack-plan.md).
 */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include <inet/control.h>
#include <inet/inet.h>

#include "core/dev.h"
#include "core/net.h"
#include "core/snmp.h"
#include "wire/arp.h"
#include "wire/eth.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"
#include "wire/tcp.h"
#include "wire/udp.h"

#define FX_MS 1000000ULL
#define FX_SEC 1000000000ULL

/* 10.0.0.2 is the stack, 10.0.0.1 its peer and gateway, .9 a stranger. */
#define FX_ADDR(a, b, c, d) \
	cpu_to_be32((u32)(a) << 24 | (b) << 16 | (c) << 8 | (d))
#define FX_IP FX_ADDR(10, 0, 0, 2)
#define FX_PEER FX_ADDR(10, 0, 0, 1)
#define FX_STRANGER FX_ADDR(10, 0, 0, 9)

#define FX_FRAME_MAX 65600
#define FX_MAX_DEVS 4
#define FX_MAX_QUEUES 4
#define FX_MAX_SENT 8192	/* frames kept; more are thrown away */

extern const u8 fx_mac[ETH_ALEN];		/* 02:00:00:00:00:02 */
extern const u8 fx_peer_mac[ETH_ALEN];		/* 02:00:00:00:00:01 */
extern const u8 fx_stranger_mac[ETH_ALEN];	/* 02:00:00:00:00:09 */

/* A frame that the stack sent, taken apart as far as it goes. */
struct fx_pkt {
	u8 frame[FX_FRAME_MAX];
	u32 len;
	struct net_device *dev;	/* by which it left */
	u64 time_ns;
	u16 proto;		/* ETH_P_* */
	const struct ethhdr *eth;
	struct arp_info arp;	/* proto ETH_P_ARP */
	const struct iphdr *ip;	/* proto ETH_P_IP, checksum verified */
	u32 ip_len;		/* of the datagram, header included */
	const u8 *l4;		/* behind the IP header */
	u32 l4_len;
	const struct icmphdr *icmp;	/* checksum verified */
	const struct udphdr *udp;	/* checksum verified if there is one */
	const struct tcphdr *tcp;	/* checksum verified */
	const u8 *data;		/* payload of UDP, TCP, ICMP */
	u32 data_len;
};

struct fx_frame;
struct fx;

/* Somebody who looks at everything that a fixture does: attack.h. */
struct fx_watch {
	/* The stack came to rest. */
	void (*ran)(struct fx_watch *w, struct fx *f);
	/* A frame was sent. Return: true when it is not for the test. */
	bool (*sent)(struct fx_watch *w, struct fx *f, const u8 *frame,
		     u32 len);
	/* fx_close() begins. */
	void (*end)(struct fx_watch *w, struct fx *f);
};

/* A receive queue of a device. */
struct fx_queue {
	struct fx_dev *d;
	u32 nr;
	struct napi_struct napi;
	struct fx_frame *rx_head, **rx_tail;	/* injected, not polled yet */
};

/* A device of the fixture. */
struct fx_dev {
	struct fx *f;
	struct net_device *dev;
	struct fx_queue queue[FX_MAX_QUEUES];
};

struct fx {
	struct net *net;
	struct net_device *dev;		/* test0 */
	struct inet_env env;
	u64 now_ns;
	u64 seed;			/* state of env.random */
	size_t live;			/* allocations of the stack */
	struct fx_dev *devs[FX_MAX_DEVS];
	u32 nr_devs;
	struct fx_frame *sent_head, **sent_tail;
	u32 nr_sent;			/* waiting to be popped */
	u64 total_sent;
	u64 total_queued, bytes_queued;	/* frames that arrived */
	u64 bytes_sent;
	struct fx_watch *watch;		/* NULL: nobody */
	u32 nr_softnets;		/* and of queues of each device */
	u32 rx_queue;			/* where the next frames arrive */
	u32 rx_align;			/* 0 to 7: where a frame begins */
	u32 rx_cut;			/* bytes per piece, 0: in one piece */
	bool rx_vary;			/* both, other ones for each frame; */
	u32 nr_polls;			/* ... and GRO, in each poll */
	u8 rx_summed;			/* CHECKSUM_* of received packets */
	u64 drops[SKB_DROP_REASON_MAX];
	u64 mib[MIB_MAX];
	char log[256];			/* the last line */
	u32 nr_log;
};

/* ---- life ------------------------------------------------------------- */

/* A stack with lo and test0 (fx_mac, 10.0.0.2/24, up), the announcements of
 * the address thrown away, counters marked. */
void fx_open(struct fx *f);
/* The same with @nr softnets, which fx_run() lets run in any order, and a
 * queue of each device for each. */
void fx_open_smp(struct fx *f, u32 nr);
/* The same with nothing but lo; @nr_frames of the pool, 0: 2048. */
void fx_open_bare(struct fx *f, u32 nr_frames);
/* Another device, up; @addr may be NULL. */
struct net_device *fx_add_dev(struct fx *f, const char *name, const u8 *mac,
			      const char *addr);
/* One without a link header: its frames begin with the IP header. */
struct net_device *fx_add_raw_dev(struct fx *f, const char *name,
				  const char *addr);
/* Destroys the stack: nothing may be left, no packet, timer, byte. The sockets
 * must have been closed. */
void fx_close(struct fx *f);

/*
 * Setup and teardown of a CMocka case: a stack in the struct fx that its state
 * is, or, if it has none yet, in one that it gets; learned: with the peer's
 * address known. They return 0.
 */
int fx_setup(void **state);
int fx_setup_learned(void **state);
int fx_teardown(void **state);

/* ---- time ------------------------------------------------------------- */

/* Runs what is due now, until nothing is. */
void fx_run(struct fx *f);
/* Lets @ns pass: stops at each timer. */
void fx_advance(struct fx *f, u64 ns);

/* ---- the wire ---------------------------------------------------------- */

/* A frame arrives at test0 (or @dev), and the stack runs. */
void fx_inject(struct fx *f, const void *frame, u32 len);
void fx_inject_on(struct fx *f, struct net_device *dev, const void *frame,
		  u32 len);
/* Without running: several frames in one poll, then fx_run(). */
void fx_queue(struct fx *f, struct net_device *dev, const void *frame, u32 len);
/* The next frame that was sent, taken apart; false: there is none. */
bool fx_pop(struct fx *f, struct fx_pkt *p);
/* The same, and fails when there is none. */
void fx_expect(struct fx *f, struct fx_pkt *p);
/* Nothing was sent. */
void fx_expect_silence(struct fx *f);
/* Throws away what was sent. Return: how many. */
u32 fx_flush(struct fx *f);

/* ---- frames from the peer ----------------------------------------------- */

/* The head of an IPv4 frame; zero members mean the usual: peer to stack, TTL
 * 64, right lengths and checksums. */
struct fx_ip {
	const u8 *dst_mac, *src_mac;
	__be32 saddr, daddr;
	bool zero_saddr, zero_daddr;	/* 0.0.0.0 is meant */
	u8 proto;
	u8 tos;
	u8 ttl;
	bool zero_ttl;
	u16 id;
	u16 frag;		/* frag_off, host order: flags and offset/8 */
	const u8 *opt;
	u8 opt_len;		/* multiple of 4 */
	u8 pad;			/* octets behind the datagram */
	/* lies */
	u16 tot_len;
	u8 ver_ihl;
	bool bad_csum;
	bool bad_l4_csum;	/* of TCP */
};

/* A frame with @len bytes behind the IP header. Return: its length. */
u32 fx_build_ip(u8 *frame, const struct fx_ip *ip, const void *l4, u32 len);
/* Transports with right checksums; @ip->proto is set. */
u32 fx_build_udp(u8 *frame, const struct fx_ip *ip, u16 sport, u16 dport,
		 const void *data, u32 len);
u32 fx_build_icmp(u8 *frame, const struct fx_ip *ip, u8 type, u8 code,
		  u32 rest, const void *data, u32 len);
/* @seg: ports in wire order, flags, seq, …; hdr_len 0: 20 + @opt_len. */
u32 fx_build_tcp(u8 *frame, const struct fx_ip *ip,
		 const struct tcp_seg_info *seg, const void *opt, u32 opt_len,
		 const void *data, u32 len);
u32 fx_build_arp(u8 *frame, const u8 *dst_mac, const u8 *src_mac,
		 const struct arp_info *arp);

/* The peer asks who has the stack's address, or answers for @ip. */
void fx_arp_request(struct fx *f, __be32 sip, const u8 *sha, __be32 tip);
void fx_arp_reply(struct fx *f, __be32 sip, const u8 *sha);
/* The peer's address is known for good. */
void fx_learn(struct fx *f);

/* The stack itself sends @len bytes behind an IP header, without a socket, and
 * runs. Return: what ip_send_reply() said. */
int fx_send(struct fx *f, __be32 daddr, u8 proto, const void *data, u32 len);

/* ---- counters ---------------------------------------------------------- */

void fx_mark(struct fx *f);
s64 fx_drop_delta(struct fx *f, enum skb_drop_reason reason);
s64 fx_mib_delta(struct fx *f, enum mib_counter id);
/* Since the mark @n packets died of @reason, none of anything else; marks. */
void fx_assert_dropped(struct fx *f, enum skb_drop_reason reason, u64 n);
/* No packet died since the mark. */
void fx_assert_no_drops(struct fx *f);
/* No packet is anywhere in the stack. */
void fx_assert_no_skbs(struct fx *f);

/* Sets a knob; fails the test when it is refused. */
void fx_sysctl(struct fx *f, const char *name, const char *value);
/* What a *_show() function prints; static buffer. */
const char *fx_show(struct fx *f, int (*show)(struct net *net, FILE *out));

#endif /* TESTS_FIXTURE_H */
