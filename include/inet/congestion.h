/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For writers of a congestion control of TCP's: how many packets may be in
 * flight, as Linux's struct tcp_congestion_ops.
 *
 * A stack knows some by name (net.ipv4.tcp_available_congestion_control). An
 * application adds its own to one stack at run time; sockets take it by
 * TCP_CONGESTION, or all new ones by net.ipv4.tcp_congestion_control.
 *
 * Context. All functions of the table run with the connection locked, in a
 * thread of the stack or of the user's, must not wait, and call nothing but what
 * is declared here. All that a connection has to remember is in its private area.
 *
 * All int functions return 0 or a negative errno.
 */
#ifndef INET_CONGESTION_H
#define INET_CONGESTION_H

#include <stdbool.h>

#include <inet/export.h>
#include <inet/types.h>

INET_BEGIN_DECLS

struct net;
struct sock;

#define TCP_CA_NAME_MAX 16	/* with the 0 */
#define TCP_CA_PRIV_SIZE 104	/* bytes of tcp_cong_priv() */
#define TCP_CA_MAX 32		/* that a stack knows */

enum tcp_ca_event {
	CA_EVENT_TX_START,	/* first send with nothing in flight */
	CA_EVENT_CWND_RESTART,	/* after idle */
	CA_EVENT_COMPLETE_CWR,	/* the window has come down */
	CA_EVENT_LOSS,		/* timeout */
	CA_EVENT_ECN_NO_CE,	/* text came that was not marked, */
	CA_EVENT_ECN_IS_CE,	/* or was: TCP_CONG_NEEDS_ECN */
};

/* What one ACK says about the path. */
struct ack_sample {
	u32 pkts_acked;		/* packets */
	s32 rtt_us;		/* of the newest of them that was sent once */
	u32 in_flight;		/* packets, before the ACK */
};

/* What one ACK says about the rate. Of the segment that was sent last of those that
 * have just arrived: what arrived since it was sent, and in which time. */
struct rate_sample {
	u32 prior_delivered;	/* packets that had arrived when it was sent */
	s32 delivered;		/* packets since; 0: there is no sample */
	s32 interval_us;
	s32 rtt_us;		/* as in struct ack_sample; -1: none */
	u32 acked_sacked;	/* packets that have just arrived */
	u32 losses;		/* packets that were just found lost */
	u32 prior_in_flight;	/* packets, before the ACK */
	bool is_app_limited;	/* it was sent when there was little to send */
};

/* tcp_congestion_ops.flags: all packets of the connection may be marked (ECT), and it
 * asks for ECN and agrees on it, whatever net.ipv4.tcp_ecn says. */
#define TCP_CONG_NEEDS_ECN 0x2

/*
 * The members that are not said to be may not be NULL. States are TCP_CA_Open,
 * TCP_CA_Disorder, TCP_CA_CWR, TCP_CA_Recovery and TCP_CA_Loss of
 * <netinet/tcp.h>.
 */
struct tcp_congestion_ops {
	const char *name;
	u32 flags;		/* TCP_CONG_* */
	/* The connection begins, or changes over to this one; its private area
	 * is zeroed. May be NULL. */
	void (*init)(struct sock *sk);
	/* It ends, or changes to another one. May be NULL. */
	void (*release)(struct sock *sk);
	/* A loss, or a mark: the slow start threshold from now on, in packets,
	 * to which the window comes down. */
	u32 (*ssthresh)(struct sock *sk);
	/* That was none: the window from now on. */
	u32 (*undo_cwnd)(struct sock *sk);
	/* Up to @ack is acknowledged, @acked packets arrived; the window does
	 * not come down now. */
	void (*cong_avoid)(struct sock *sk, u32 ack, u32 acked);
	/* Each ACK: sets the window, in loss recovery too, and how fast text
	 * leaves; then cong_avoid is not called, and may be NULL. Else NULL. */
	void (*cong_control)(struct sock *sk, const struct rate_sample *rs);
	/* Before the state changes. May be NULL. */
	void (*set_state)(struct sock *sk, u8 new_state);
	/* May be NULL. */
	void (*cwnd_event)(struct sock *sk, enum tcp_ca_event ev);
	/* New text is acknowledged, and a round trip measured. May be NULL. */
	void (*pkts_acked)(struct sock *sk, const struct ack_sample *sample);
	/* What TCP_CC_INFO says: at most @size octets to @info. Return: how many.
	 * NULL: nothing. */
	u32 (*get_info)(const struct sock *sk, void *info, u32 size);
};

/* Return: 0, -EEXIST (there is one of this name), -EINVAL (no name, or too long
 * a one, or a member is missing), -ENOSPC. @ca must stay until inet_destroy(). */
int tcp_register_congestion_control(struct net *net,
				    const struct tcp_congestion_ops *ca)
	INET_EXPORT(tcp_register_congestion_control);
/* Nobody finds @ca by name any more; connections that have it keep it. Return: 0,
 * -ENOENT, -EBUSY (net.ipv4.tcp_congestion_control names it). */
int tcp_unregister_congestion_control(struct net *net,
				      const struct tcp_congestion_ops *ca)
	INET_EXPORT(tcp_unregister_congestion_control);

/* ---- what the functions of a table may call --------------------------- */

/* TCP_CA_PRIV_SIZE bytes of the connection's, aligned for a u64. */
void *tcp_cong_priv(const struct sock *sk) INET_EXPORT(tcp_cong_priv);

/* What a congestion control sees of its connection. */
struct tcp_cong_info {
	u64 now_ns;		/* of the stack's clock */
	u32 snd_cwnd;		/* packets, as the next five */
	u32 snd_ssthresh;
	u32 snd_cwnd_clamp;	/* the window is never larger */
	u32 packets_in_flight;
	u32 delivered;		/* since the beginning, the handshake's too */
	u32 delivered_ce;	/* ... by ACKs that told of marks */
	u32 mss;		/* bytes */
	u32 srtt_us;		/* 0: not measured yet */
	u32 min_rtt_us;
	u8 ca_state;
	bool cwnd_limited;	/* the window, and not the application, was what
				 * bounded sending of late */
};

void tcp_cong_get_info(const struct sock *sk, struct tcp_cong_info *info)
	INET_EXPORT(tcp_cong_get_info);
/* At least 1 and at most snd_cwnd_clamp. */
void tcp_cong_set_cwnd(struct sock *sk, u32 cwnd)
	INET_EXPORT(tcp_cong_set_cwnd);
/* At least 2. */
void tcp_cong_set_ssthresh(struct sock *sk, u32 ssthresh)
	INET_EXPORT(tcp_cong_set_ssthresh);
/* Octets per second, at most what SO_MAX_PACING_RATE says; from now on text leaves
 * evenly. Only with cong_control: else the window sets the rate. */
void tcp_cong_set_pacing_rate(struct sock *sk, u64 rate)
	INET_EXPORT(tcp_cong_set_pacing_rate);

/* Reno's (RFC 5681), for tables that change a part of it. */
u32 tcp_reno_ssthresh(struct sock *sk) INET_EXPORT(tcp_reno_ssthresh);
u32 tcp_reno_undo_cwnd(struct sock *sk) INET_EXPORT(tcp_reno_undo_cwnd);
void tcp_reno_cong_avoid(struct sock *sk, u32 ack, u32 acked)
	INET_EXPORT(tcp_reno_cong_avoid);

INET_END_DECLS

#endif /* INET_CONGESTION_H */
