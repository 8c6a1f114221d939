/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP as one protocol of a stack: its descriptor, its knobs, its tables' birth
 * and end.
 */
#include <errno.h>
#include <netinet/in.h>

#include "ipv4/inet_common.h"
#include "ipv4/protocol.h"
#include "ipv4/tcp.h"
#include "ipv4/tcp_fastopen.h"
#include "ipv4/tcp_secret.h"

#define TCP_MEM_PAGES_MAX (1ll << 31)
#define TCP_BUF_MAX (1 << 30)

/* net.ipv4.tcp_syncookie_key, which all stacks behind one address may share. */
static int set_syncookie_key(struct net *net, const struct sysctl_row *row,
			     const char *value)
{
	return tcp_secrets_set(net, row, value, &net->ipv4.tcp->cookie_keys);
}

static int get_syncookie_key(struct net *net, const struct sysctl_row *row,
			     char *buf, size_t size)
{
	struct tcp_secrets keys;

	(void)row;
	tcp_secrets_read(net->ipv4.tcp, &net->ipv4.tcp->cookie_keys, &keys);
	return tcp_secrets_print(&keys, buf, size);
}

/* net.ipv4.tcp_fastopen_key, as Linux writes it. */
static int set_fastopen_key(struct net *net, const struct sysctl_row *row,
			    const char *value)
{
	return tcp_secrets_set(net, row, value, &net->ipv4.tcp->fastopen_keys);
}

static int get_fastopen_key(struct net *net, const struct sysctl_row *row,
			    char *buf, size_t size)
{
	struct tcp_secrets keys;

	(void)row;
	tcp_secrets_read(net->ipv4.tcp, &net->ipv4.tcp->fastopen_keys, &keys);
	return tcp_secrets_print(&keys, buf, size);
}

/* The table of connections grows by itself; the knob makes it large at once. */
static int set_ehash_entries(struct net *net, const struct sysctl_row *row,
			     const char *value)
{
	(void)row;
	(void)value;
	return inet_ehash_resize(net->ipv4.tcp_hashinfo,
				 (u32)READ_ONCE(net->ipv4.sysctl_tcp_ehash_entries));
}

#define TCP_ROW(name, lo, hi, ...) \
	SYSCTL_ROW("net.ipv4.tcp_" #name, ipv4.sysctl_tcp_##name, S32, lo, \
		   hi, __VA_ARGS__)
#define TCP_ROW_VEC3(name, lo, hi, ...) \
	SYSCTL_ROW("net.ipv4.tcp_" #name, ipv4.sysctl_tcp_##name, S64_VEC3, \
		   lo, hi, __VA_ARGS__)

static const struct sysctl_row tcp_knobs[] = {
	/* pages of 4096 bytes: free, pressure, limit */
	TCP_ROW_VEC3(mem, 0, TCP_MEM_PAGES_MAX, 287901, 383868, 575802),
	/* bytes: least, initial, most */
	TCP_ROW_VEC3(rmem, 2304, TCP_BUF_MAX, 4096, 131072, 6291456),
	TCP_ROW_VEC3(wmem, 4096, TCP_BUF_MAX, 4096, 16384, 4194304),
	/* 1, 2, 4 … 64, 120 s: above the 3 minutes of RFC 9293 MUST-23 */
	TCP_ROW(syn_retries, 1, 127, 7),
	TCP_ROW(synack_retries, 0, 127, 5),
	TCP_ROW(retries1, 0, 255, 3),
	TCP_ROW(retries2, 0, 255, 15),
	TCP_ROW(orphan_retries, 0, 255, 0),
	TCP_ROW(fin_timeout, 1, 3600, 60),
	TCP_ROW(max_orphans, 0, INT32_MAX, 131072),
	TCP_ROW(max_tw_buckets, 0, INT32_MAX, 131072),
	TCP_ROW(tw_reuse, 0, 2, 2),
	TCP_ROW(max_syn_backlog, 1, INT32_MAX, 2048),
	TCP_ROW(syncookies, 0, 2, 1),
	{ .name = "net.ipv4.tcp_syncookie_key", .kind = SYSCTL_STRING,
	  .set = set_syncookie_key, .get = get_syncookie_key },
	/* 1: client, 2: server, 4 and 0x200: the same without cookies, 0x400: every
	 * listener */
	TCP_ROW(fastopen, 0, 0x607, 1),
	{ .name = "net.ipv4.tcp_fastopen_key", .kind = SYSCTL_STRING,
	  .set = set_fastopen_key, .get = get_fastopen_key },
	TCP_ROW(abort_on_overflow, 0, 1, 0),
	TCP_ROW(keepalive_time, 1, 32767, 7200),
	TCP_ROW(keepalive_intvl, 1, 32767, 75),
	TCP_ROW(keepalive_probes, 1, 127, 9),
	TCP_ROW(timestamps, 0, 1, 1),
	TCP_ROW(window_scaling, 0, 1, 1),
	TCP_ROW(sack, 0, 1, 1),
	TCP_ROW(dsack, 0, 1, 1),
	TCP_ROW(early_retrans, 0, 4, 3),
	TCP_ROW(frto, 0, 2, 2),
	/* 1: asks for it, too */
	TCP_ROW(ecn, 0, 2, 2),
	TCP_ROW(ecn_fallback, 0, 1, 1),
	TCP_ROW(rfc1337, 0, 1, 1),
	TCP_ROW(stdurg, 0, 1, 0),
	TCP_ROW(invalid_ratelimit, 0, INT32_MAX, 500),
	TCP_ROW(challenge_ack_limit, 0, INT32_MAX, INT32_MAX),
	/* resets that end nothing, per peer and second; 0: no limit */
	TCP_ROW(rst_per_sec, 0, INT32_MAX, 1000),
	TCP_ROW(min_snd_mss, 40, 65535, 48),
	/* 1: when nothing arrives any more, 2: always; where the search begins and how
	 * low it goes, what is not worth a probe, and seconds until the next search */
	TCP_ROW(mtu_probing, 0, 2, 0),
	TCP_ROW(base_mss, 48, 65535, 1024),
	TCP_ROW(mtu_probe_floor, 48, 65535, 48),
	TCP_ROW(probe_threshold, 0, 65535, 8),
	TCP_ROW(probe_interval, 1, INT32_MAX, 600),
	TCP_ROW(adv_win_scale, -31, 31, 1),
	TCP_ROW(moderate_rcvbuf, 0, 1, 1),
	TCP_ROW(reordering, 1, 127, 3),
	TCP_ROW(max_reordering, 1, 10000, 300),
	TCP_ROW(slow_start_after_idle, 0, 1, 1),
	SYSCTL_ROW("net.ipv4.tcp_notsent_lowat", ipv4.sysctl_tcp_notsent_lowat,
		   U32, 0, U32_MAX, U32_MAX),
	TCP_ROW(pacing_ss_ratio, 0, 1000, 200),
	TCP_ROW(pacing_ca_ratio, 0, 1000, 120),
	TCP_ROW(min_tso_segs, 1, 44, 2),
	TCP_ROW(tso_rtt_log, 0, 31, 9),
	TCP_ROW(rto_min_us, 1000, 1000000, 200000),
	TCP_ROW(rto_max_ms, 1000, 120000, 120000),
	TCP_ROW(rto_jitter, 0, 50, 0),
	TCP_ROW(workaround_signed_windows, 0, 1, 0),
	{ .name = "net.ipv4.tcp_ehash_entries", .kind = SYSCTL_S32,
	  .offset = offsetof(struct net, ipv4.sysctl_tcp_ehash_entries),
	  .min = 64, .max = 1 << 24, .def = { 1024 },
	  .set = set_ehash_entries },
};

/* The tables of one stack. 0 or -ENOMEM, everything undone. */
static int tcp_net_init(struct net *net)
{
	struct tcp_net *tn = mem_zalloc(&net->mem, sizeof(*tn));
	int err = -ENOMEM;

	if (!tn)
		return -ENOMEM;
	net->ipv4.tcp = tn;
	lock_init(&tn->limit_lock, net->smp);
	net_random_bytes(net, net->ipv4.isn_secret,
			 sizeof(net->ipv4.isn_secret));
	tcp_secrets_draw(net, &tn->cookie_keys);
	tcp_secrets_draw(net, &tn->fastopen_keys);
	tn->rsk_cache = kmem_cache_create(&net->mem, "tcp_request_sock",
					  sizeof(struct tcp_request_sock), 64);
	tn->death_row.cache = kmem_cache_create(&net->mem, "tcp_timewait_sock",
					  sizeof(struct tcp_timewait_sock),
					  64);
	if (tn->rsk_cache && tn->death_row.cache)
		err = tcp_cong_net_init(net);
	if (!err)
		err = inet_hashinfo_init(&tn->hashinfo, net,
			(u32)READ_ONCE(net->ipv4.sysctl_tcp_ehash_entries));
	if (!err) {
		net->ipv4.tcp_hashinfo = &tn->hashinfo;
		tcp_tsq_init(net);
		return 0;
	}
	if (tn->rsk_cache)
		kmem_cache_destroy(tn->rsk_cache);
	if (tn->death_row.cache)
		kmem_cache_destroy(tn->death_row.cache);
	mem_free(&net->mem, tn, sizeof(*tn));
	net->ipv4.tcp = NULL;
	return err;
}

/* Ends what is in the established table: connections without a socket, by a
 * RST; handshakes; TIME-WAIT. Gives back the walk's reference. */
static void tcp_kill(struct sock *sk)
{
	if (sk->sk_state == TCP_TIME_WAIT) {
		inet_twsk_deschedule_put(inet_twsk(sk));
		return;
	}
	if (sk->sk_state == TCP_NEW_SYN_RECV) {
		struct request_sock *req = inet_reqsk(sk);

		inet_csk_reqsk_queue_drop_and_put(req->rsk_listener, req);
		return;
	}
	bh_lock_sock(sk);
	tcp_mstamp_refresh(sk);
	if (sk->sk_state != TCP_CLOSE) {
		tcp_send_active_reset(sk);
		tcp_done(sk);
	}
	bh_unlock_sock(sk);
	sock_put(sk);
}

static void tcp_net_pre_exit(struct net *net)
{
	if (net->ipv4.tcp)
		inet_ehash_walk(&net->ipv4.tcp->hashinfo, tcp_kill);
}

/* After the last connection: tcp_net_pre_exit() ended them. */
static void tcp_net_exit(struct net *net)
{
	struct tcp_net *tn = net->ipv4.tcp;

	if (!tn)
		return;
	tcp_tsq_exit(net);
	rcu_barrier(&net->rcu);
	inet_hashinfo_destroy(&tn->hashinfo);
	tcp_fastopen_exit(net);
	kmem_cache_destroy(tn->rsk_cache);
	kmem_cache_destroy(tn->death_row.cache);
	mem_free(&net->mem, tn, sizeof(*tn));
	net->ipv4.tcp = NULL;
	net->ipv4.tcp_hashinfo = NULL;
}

static const struct net_protocol tcp_net_protocol = {
	.handler = tcp_v4_rcv,
	.err_handler = tcp_v4_err,
};

static const struct inet_protosw tcp_sw = {
	.type = SOCK_STREAM,
	.protocol = IPPROTO_TCP,
	.prot = &tcp_prot,
	.ops = &inet_stream_ops,
	.flags = INET_PROTOSW_PERMANENT | INET_PROTOSW_ICSK,
};

const struct inet_protocol tcp_protocol = {
	.name = "TCP",
	.protocol = IPPROTO_TCP,
	.sw = &tcp_sw,
	.nr_sw = 1,
	.net_protocol = &tcp_net_protocol,
	.offload = &tcp_offload,
	.knobs = tcp_knobs,
	.nr_knobs = ARRAY_SIZE(tcp_knobs),
	.net_init = tcp_net_init,
	.net_pre_exit = tcp_net_pre_exit,
	.net_exit = tcp_net_exit,
};
