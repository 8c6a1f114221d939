/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IPv4 part of struct net: tables by pointer (their layout is IPv4's own
 * business) and the knobs of net.ipv4.
 */
#ifndef CORE_NETNS_IPV4_H
#define CORE_NETNS_IPV4_H

#include <inet/protocol.h>
#include <inet/types.h>

#include "core/neighbour.h"

struct arp_state;
struct fib_table;
struct icmp_state;
struct inet_addr_table;
struct inet_forwarder;
struct inet_hashinfo;
struct ip_frags;
struct ip_idents;
struct ping_table;
struct raw_hashinfo;
struct rt_state;
struct udp_table;
struct inet_protosw_node;
struct tcp_net;

struct netns_ipv4 {
	/* registries */
	const struct net_protocol *inet_protos[INET_MAX_PROTOS];	/* RCU */
	const struct net_offload *inet_offloads[INET_MAX_PROTOS]; /* RCU */
	struct inet_protosw_node *inetsw[SOCK_PACKET + 1];	/* RCU */
	struct packet_type ip_packet_type;
	struct packet_type arp_packet_type;
	struct packet_offload ip_packet_offload;

	struct neigh_table *arp_tbl;
	struct arp_state *arp;
	struct inet_addr_table *addrs;
	struct fib_table *fib;
	struct rt_state *rt;
	struct ip_idents *idents;
	struct icmp_state *icmp;
	struct ip_frags *frags;
	struct tcp_net *tcp;
	struct inet_hashinfo *tcp_hashinfo;	/* of tcp */
	struct udp_table *udp_table;
	struct ping_table *ping_table;
	struct raw_hashinfo *raw_hashinfo;
	struct inet_forwarder *forwarders;	/* RCU; NULL: none */
	struct inet_lock forwarders_lock;	/* of the list */
	u32 rt_genid;			/* routing changed: cached dsts are stale */
	u8 isn_secret[16], ipid_secret[16];

	/* net.ipv4.*, one comment per file that owns the row */
	/* ip */
	s32 sysctl_ip_forward;
	s32 sysctl_ip_default_ttl;
	s32 sysctl_ip_nonlocal_bind;
	s32 sysctl_ip_no_pmtu_disc;
	s32 sysctl_min_pmtu;
	s32 sysctl_mtu_expires;
	s32 sysctl_min_adv_mss;
	s32 sysctl_ip_local_port_range[2];
	s32 sysctl_ip_unprivileged_port_start;
	unsigned long *reserved_ports;	/* ip_local_reserved_ports: a bit per
					 * port, NULL: none; RCU */
	/* net.ipv4.conf.all.* */
	s32 sysctl_accept_source_route;
	s32 sysctl_accept_redirects;
	s32 sysctl_send_redirects;
	s32 sysctl_rp_filter;
	s32 sysctl_log_martians;
	s32 sysctl_arp_ignore;
	s32 sysctl_arp_announce;
	s32 sysctl_arp_accept;
	s32 sysctl_arp_defend;
	s32 sysctl_arp_notify;
	/* net.ipv4.neigh.default.* */
	struct neigh_parms neigh;
	/* fragments */
	s64 sysctl_ipfrag_high_thresh, sysctl_ipfrag_low_thresh;
	s32 sysctl_ipfrag_time, sysctl_ipfrag_max_dist;
	/* icmp */
	s32 sysctl_icmp_echo_ignore_all;
	s32 sysctl_icmp_echo_ignore_broadcasts;
	s32 sysctl_icmp_ignore_bogus_error_responses;
	s32 sysctl_icmp_ratelimit, sysctl_icmp_ratemask;
	s32 sysctl_icmp_msgs_per_sec, sysctl_icmp_msgs_burst;
	s32 sysctl_icmp_errors_use_inbound_ifaddr;
	/* multicast */
	s32 sysctl_igmp_max_memberships;
	/* udp */
	s64 sysctl_udp_mem[3];
	s32 sysctl_udp_rmem_min, sysctl_udp_wmem_min;
	u32 udp_gro_sockets;	/* that asked for UDP_GRO; atomic */
	/* tcp */
	s64 sysctl_tcp_mem[3], sysctl_tcp_rmem[3], sysctl_tcp_wmem[3];
	s32 sysctl_tcp_syn_retries, sysctl_tcp_synack_retries;
	s32 sysctl_tcp_retries1, sysctl_tcp_retries2, sysctl_tcp_orphan_retries;
	s32 sysctl_tcp_fin_timeout, sysctl_tcp_max_orphans;
	s32 sysctl_tcp_max_tw_buckets, sysctl_tcp_tw_reuse;
	s32 sysctl_tcp_max_syn_backlog, sysctl_tcp_abort_on_overflow;
	s32 sysctl_tcp_syncookies, sysctl_tcp_fastopen;
	s32 sysctl_tcp_keepalive_time, sysctl_tcp_keepalive_intvl;
	s32 sysctl_tcp_keepalive_probes;
	s32 sysctl_tcp_timestamps, sysctl_tcp_window_scaling;
	s32 sysctl_tcp_sack, sysctl_tcp_dsack;
	s32 sysctl_tcp_early_retrans, sysctl_tcp_frto;
	s32 sysctl_tcp_ecn, sysctl_tcp_ecn_fallback;
	s32 sysctl_tcp_rfc1337, sysctl_tcp_stdurg;
	s32 sysctl_tcp_invalid_ratelimit, sysctl_tcp_challenge_ack_limit;
	s32 sysctl_tcp_rst_per_sec;
	s32 sysctl_tcp_min_snd_mss, sysctl_tcp_adv_win_scale;
	s32 sysctl_tcp_mtu_probing, sysctl_tcp_base_mss, sysctl_tcp_mtu_probe_floor;
	s32 sysctl_tcp_probe_threshold, sysctl_tcp_probe_interval;
	s32 sysctl_tcp_moderate_rcvbuf;
	s32 sysctl_tcp_reordering, sysctl_tcp_max_reordering;
	s32 sysctl_tcp_slow_start_after_idle;
	u32 sysctl_tcp_notsent_lowat;
	s32 sysctl_tcp_rto_min_us, sysctl_tcp_rto_max_ms, sysctl_tcp_rto_jitter;
	s32 sysctl_tcp_workaround_signed_windows;
	s32 sysctl_tcp_ehash_entries;
	s32 sysctl_tcp_pacing_ss_ratio, sysctl_tcp_pacing_ca_ratio;
	s32 sysctl_tcp_min_tso_segs, sysctl_tcp_tso_rtt_log;
};

#endif /* CORE_NETNS_IPV4_H */
