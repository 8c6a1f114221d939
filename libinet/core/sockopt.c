/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Socket options: the lookup that all levels share, and the rows of SOL_SOCKET.
 *
 * Lengths are Linux's. Setting an int takes at least four bytes (IPPROTO_IP
 * alone takes one byte, or none for 0) and ignores what follows; reading one
 * gives at most four and cuts to the caller's room, which may be 0. What is
 * not built answers ENOPROTOOPT, never success.
 */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "core/busy_poll.h"
#include "core/dev.h"
#include "core/sock.h"
#include "core/socket.h"
#include "core/sockopt.h"
#include "core/tstamp.h"

#ifndef SO_BUSY_POLL_BUDGET
#define SO_BUSY_POLL_BUDGET 70
#endif
#ifndef SO_TXTIME
#define SO_TXTIME 61
#endif
#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

#define NSEC_PER_SEC 1000000000LL
#define MAX_TIMEO_SEC (INT64_MAX / NSEC_PER_SEC - 1)

/* ---- all levels ------------------------------------------------------- */

const struct sockopt_row *sockopt_find(const struct sockopt_row *rows, u32 nr,
				       int level, int optname)
{
	u32 i;

	for (i = 0; i < nr; i++)
		if (rows[i].optname == optname && rows[i].level == level)
			return &rows[i];
	return NULL;
}

/* Do unknown options of this level complain about a short length first? */
static bool level_wants_int(int level)
{
	return level == SOL_SOCKET || level == IPPROTO_TCP ||
	       level == IPPROTO_UDP;
}

/* Reads the user's int. 0, -EINVAL, -EFAULT. */
static int sockopt_read_int(int level, const void *val, socklen_t len, int *out)
{
	u8 byte = 0;

	if (len >= sizeof(int)) {
		if (!val)
			return -EFAULT;
		memcpy(out, val, sizeof(int));
		return 0;
	}
	if (level != IPPROTO_IP)
		return -EINVAL;
	if (len && !val)
		return -EFAULT;
	if (len)
		memcpy(&byte, val, 1);
	*out = byte;
	return 0;
}

/* INT and BOOL rows. */
static int sockopt_set_int(struct sock *sk, const struct sockopt_row *row,
			   const void *val, socklen_t len)
{
	int v = 0, err = len < row->min_len ? -EINVAL :
			 sockopt_read_int(row->level, val, len, &v);

	if (err)
		return err;
	if (!row->set)
		return -ENOPROTOOPT;
	if (row->kind == SOCKOPT_BOOL)
		v = !!v;
	else if (v < row->min || v > row->max)
		return -EINVAL;
	lock_sock(sk);
	err = row->set(sk, v);
	release_sock(sk);
	return err;
}

int sockopt_set(struct sock *sk, const struct sockopt_row *rows, u32 nr,
		int level, int optname, const void *val, socklen_t len)
{
	const struct sockopt_row *row = sockopt_find(rows, nr, level, optname);
	int err;

	if ((int)len < 0)
		return -EINVAL;
	if (!row)
		return level_wants_int(level) && len < sizeof(int) ?
			       -EINVAL : -ENOPROTOOPT;
	if (row->kind != SOCKOPT_BYTES)
		return sockopt_set_int(sk, row, val, len);
	if (!row->set_bytes)
		return level_wants_int(level) && len < sizeof(int) ?
			       -EINVAL : -ENOPROTOOPT;
	if (len && !val)
		return -EFAULT;
	lock_sock(sk);
	err = row->set_bytes(sk, val, len);
	release_sock(sk);
	return err;
}

/* Gives the user an int, cut to his room. */
static int sockopt_write_int(int level, int v, void *val, socklen_t *len)
{
	u8 byte = (u8)v;

	if (*len && !val)
		return -EFAULT;
	if (level == IPPROTO_IP && *len && *len < sizeof(int) && v >= 0 &&
	    v <= 255) {
		memcpy(val, &byte, 1);
		*len = 1;
		return 0;
	}
	*len = min(*len, (socklen_t)sizeof(int));
	if (*len)
		memcpy(val, &v, *len);
	return 0;
}

int sockopt_get(struct sock *sk, const struct sockopt_row *rows, u32 nr,
		int level, int optname, void *val, socklen_t *len)
{
	const struct sockopt_row *row = sockopt_find(rows, nr, level, optname);
	int v = 0, err;

	if (!len)
		return -EFAULT;
	if ((int)*len < 0)
		return -EINVAL;
	if (!row || !(row->kind == SOCKOPT_BYTES ? (void *)row->get_bytes :
						   (void *)row->get))
		return -ENOPROTOOPT;
	if (*len && !val)
		return -EFAULT;
	lock_sock(sk);
	if (row->kind == SOCKOPT_BYTES)
		err = row->get_bytes(sk, val, len);
	else
		err = row->get(sk, &v);
	release_sock(sk);
	if (err || row->kind == SOCKOPT_BYTES)
		return err;
	return sockopt_write_int(level, v, val, len);
}

int sockopt_put(void *val, socklen_t *len, const void *src, size_t n)
{
	*len = min(*len, (socklen_t)n);
	if (*len)
		memcpy(val, src, *len);
	return 0;
}

/* ---- SOL_SOCKET: what the socket is ----------------------------------- */

static int get_type(struct sock *sk, int *val)
{
	*val = sk->sk_type;
	return 0;
}

static int get_protocol(struct sock *sk, int *val)
{
	*val = sk->sk_protocol;
	return 0;
}

static int get_domain(struct sock *sk, int *val)
{
	*val = sk->sk_family;
	return 0;
}

/* The pending error, once; else the soft one. */
static int get_error(struct sock *sk, int *val)
{
	*val = -sock_error(sk);
	if (!*val)
		*val = __atomic_exchange_n(&sk->sk_err_soft, 0,
					   __ATOMIC_RELAXED);
	return 0;
}

static int get_acceptconn(struct sock *sk, int *val)
{
	*val = sk->sk_state == TCP_LISTEN;
	return 0;
}

static int get_incoming_cpu(struct sock *sk, int *val)
{
	*val = READ_ONCE(sk->sk_incoming_cpu);
	return 0;
}

/* Unique within the stack, never given out twice. */
static int get_cookie(struct sock *sk, void *val, socklen_t *len)
{
	if (*len < sizeof(sk->sk_cookie))
		return -EINVAL;
	if (!sk->sk_cookie)
		sk->sk_cookie = __atomic_add_fetch(&sock_net(sk)->sock_cookie,
						   1, __ATOMIC_RELAXED);
	return sockopt_put(val, len, &sk->sk_cookie, sizeof(sk->sk_cookie));
}

/* In the order of Linux's SK_MEMINFO_*. */
static int get_meminfo(struct sock *sk, void *val, socklen_t *len)
{
	u32 info[] = {
		(u32)sk_rmem_alloc_get(sk), (u32)sk->sk_rcvbuf,
		(u32)sk_wmem_alloc_get(sk), (u32)sk->sk_sndbuf,
		(u32)sk->sk_forward_alloc, (u32)sk->sk_wmem_queued,
		(u32)sk->sk_omem_alloc, READ_ONCE(sk->sk_backlog.len),
		READ_ONCE(sk->sk_drops),
	};

	return sockopt_put(val, len, info, sizeof(info));
}

/* ---- SOL_SOCKET: flags ------------------------------------------------ */

#define FLAG_OPTION(name, flag)						\
	static int set_##name(struct sock *sk, int val)			\
	{								\
		sock_valbool_flag(sk, flag, val);			\
		return 0;						\
	}								\
	static int get_##name(struct sock *sk, int *val)		\
	{								\
		*val = sock_flag(sk, flag);				\
		return 0;						\
	}

FLAG_OPTION(broadcast, SOCK_BROADCAST)
FLAG_OPTION(oobinline, SOCK_URGINLINE)
FLAG_OPTION(rxq_ovfl, SOCK_RXQ_OVFL)

static int set_reuseaddr(struct sock *sk, int val)
{
	sk->sk_reuse = val & 1;
	return 0;
}

static int get_reuseaddr(struct sock *sk, int *val)
{
	*val = sk->sk_reuse;
	return 0;
}

static int set_reuseport(struct sock *sk, int val)
{
	sk->sk_reuseport = val & 1;
	return 0;
}

static int get_reuseport(struct sock *sk, int *val)
{
	*val = sk->sk_reuseport;
	return 0;
}

static int set_dontroute(struct sock *sk, int val)
{
	sock_valbool_flag(sk, SOCK_LOCALROUTE, val);
	sk_dst_reset(sk);
	return 0;
}

static int get_dontroute(struct sock *sk, int *val)
{
	*val = sock_flag(sk, SOCK_LOCALROUTE);
	return 0;
}

static int set_keepalive(struct sock *sk, int val)
{
	if (sk->sk_prot->keepalive)
		sk->sk_prot->keepalive(sk, val);
	sock_valbool_flag(sk, SOCK_KEEPOPEN, val);
	return 0;
}

static int get_keepalive(struct sock *sk, int *val)
{
	*val = sock_flag(sk, SOCK_KEEPOPEN);
	return 0;
}

static int set_no_check(struct sock *sk, int val)
{
	sk->sk_no_check_tx = val & 1;
	return 0;
}

static int get_no_check(struct sock *sk, int *val)
{
	*val = sk->sk_no_check_tx;
	return 0;
}

/* One of the two at a time; switching either off switches both off. */
static int set_timestamp(struct sock *sk, int val)
{
	sock_valbool_flag(sk, SOCK_RCVTSTAMP, val);
	sock_reset_flag(sk, SOCK_RCVTSTAMPNS);
	return 0;
}

static int get_timestamp(struct sock *sk, int *val)
{
	*val = sock_flag(sk, SOCK_RCVTSTAMP);
	return 0;
}

static int set_timestampns(struct sock *sk, int val)
{
	sock_valbool_flag(sk, SOCK_RCVTSTAMPNS, val);
	sock_reset_flag(sk, SOCK_RCVTSTAMP);
	return 0;
}

static int get_timestampns(struct sock *sk, int *val)
{
	*val = sock_flag(sk, SOCK_RCVTSTAMPNS);
	return 0;
}

/* ---- SOL_SOCKET: buffers ---------------------------------------------- */

/* Twice what was asked for: the other half is for bookkeeping. */
static void sock_set_sndbuf(struct sock *sk, s32 val)
{
	val = min(val, INT32_MAX / 2) * 2;
	sk->sk_userlocks |= SOCK_SNDBUF_LOCK;
	WRITE_ONCE(sk->sk_sndbuf, max(val, SOCK_MIN_SNDBUF));
	sk->sk_write_space(sk);
}

static void sock_set_rcvbuf(struct sock *sk, s32 val)
{
	val = min(val, INT32_MAX / 2) * 2;
	sk->sk_userlocks |= SOCK_RCVBUF_LOCK;
	WRITE_ONCE(sk->sk_rcvbuf, max(val, SOCK_MIN_RCVBUF));
}

static int set_sndbuf(struct sock *sk, int val)
{
	u32 most = (u32)READ_ONCE(sock_net(sk)->sysctl_wmem_max);

	sock_set_sndbuf(sk, (s32)min((u32)val, most));
	return 0;
}

static int set_sndbufforce(struct sock *sk, int val)
{
	sock_set_sndbuf(sk, max(val, 0));
	return 0;
}

static int get_sndbuf(struct sock *sk, int *val)
{
	*val = sk->sk_sndbuf;
	return 0;
}

static int set_rcvbuf(struct sock *sk, int val)
{
	u32 most = (u32)READ_ONCE(sock_net(sk)->sysctl_rmem_max);

	sock_set_rcvbuf(sk, (s32)min((u32)val, most));
	return 0;
}

static int set_rcvbufforce(struct sock *sk, int val)
{
	sock_set_rcvbuf(sk, max(val, 0));
	return 0;
}

static int get_rcvbuf(struct sock *sk, int *val)
{
	*val = sk->sk_rcvbuf;
	return 0;
}

/* A stream never promises more than half of what it can hold, and makes its
 * buffer hold what it promises. */
static int set_rcvlowat(struct sock *sk, int val)
{
	s64 most = INT32_MAX;

	if (val < 0)
		val = INT32_MAX;
	if (sk->sk_type == SOCK_STREAM && sk->sk_mem_id == PROTO_MEM_TCP) {
		most = sk->sk_userlocks & SOCK_RCVBUF_LOCK ?
			       sk->sk_rcvbuf >> 1 :
			       READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_rmem[2])
				       >> 1;
		val = (int)min((s64)val, most);
		if (!(sk->sk_userlocks & SOCK_RCVBUF_LOCK) &&
		    sk->sk_rcvbuf < val * 2LL)
			WRITE_ONCE(sk->sk_rcvbuf, val * 2);
	}
	WRITE_ONCE(sk->sk_rcvlowat, val ? val : 1);
	sk->sk_data_ready(sk);
	return 0;
}

static int get_rcvlowat(struct sock *sk, int *val)
{
	*val = sk->sk_rcvlowat;
	return 0;
}

static int get_sndlowat(struct sock *sk, int *val)
{
	(void)sk;
	*val = 1;
	return 0;
}

/* ---- SOL_SOCKET: times ------------------------------------------------ */

/* {0, 0} is for ever; a negative time is none. 0, -EINVAL, -EDOM. */
static int timeo_from_user(s64 *timeo_ns, const void *val, socklen_t len)
{
	struct timeval tv;

	if (len < sizeof(tv))
		return -EINVAL;
	memcpy(&tv, val, sizeof(tv));
	if (tv.tv_usec < 0 || tv.tv_usec >= 1000000)
		return -EDOM;
	if (tv.tv_sec < 0)
		*timeo_ns = 0;
	else if ((!tv.tv_sec && !tv.tv_usec) || tv.tv_sec > MAX_TIMEO_SEC)
		*timeo_ns = -1;
	else
		*timeo_ns = (s64)tv.tv_sec * NSEC_PER_SEC + tv.tv_usec * 1000;
	return 0;
}

static int timeo_to_user(s64 timeo_ns, void *val, socklen_t *len)
{
	struct timeval tv = { 0, 0 };

	if (timeo_ns >= 0) {
		tv.tv_sec = (time_t)(timeo_ns / NSEC_PER_SEC);
		tv.tv_usec = (suseconds_t)(timeo_ns % NSEC_PER_SEC / 1000);
	}
	return sockopt_put(val, len, &tv, sizeof(tv));
}

static int set_rcvtimeo(struct sock *sk, const void *val, socklen_t len)
{
	s64 timeo_ns = 0;
	int err = timeo_from_user(&timeo_ns, val, len);

	if (!err)
		WRITE_ONCE(sk->sk_rcvtimeo_ns, timeo_ns);
	return err;
}

static int get_rcvtimeo(struct sock *sk, void *val, socklen_t *len)
{
	return timeo_to_user(sk->sk_rcvtimeo_ns, val, len);
}

static int set_sndtimeo(struct sock *sk, const void *val, socklen_t len)
{
	s64 timeo_ns = 0;
	int err = timeo_from_user(&timeo_ns, val, len);

	if (!err)
		WRITE_ONCE(sk->sk_sndtimeo_ns, timeo_ns);
	return err;
}

static int get_sndtimeo(struct sock *sk, void *val, socklen_t *len)
{
	return timeo_to_user(sk->sk_sndtimeo_ns, val, len);
}

static int set_linger(struct sock *sk, const void *val, socklen_t len)
{
	struct linger l;

	if (len < sizeof(l))
		return -EINVAL;
	memcpy(&l, val, sizeof(l));
	sock_valbool_flag(sk, SOCK_LINGER, l.l_onoff);
	if (l.l_onoff)
		sk->sk_lingertime_ns = (s64)(u32)l.l_linger * NSEC_PER_SEC;
	return 0;
}

static int get_linger(struct sock *sk, void *val, socklen_t *len)
{
	struct linger l = {
		.l_onoff = sock_flag(sk, SOCK_LINGER),
		.l_linger = (int)(sk->sk_lingertime_ns / NSEC_PER_SEC),
	};

	return sockopt_put(val, len, &l, sizeof(l));
}

/* ---- SOL_SOCKET: who waits polls -------------------------------------- */

static int set_busy_poll(struct sock *sk, int val)
{
	WRITE_ONCE(sk->sk_ll_usec, (u32)val);
	WRITE_ONCE(sk->sk_ll_spin_usec, (u32)val);
	return 0;
}

static int get_busy_poll(struct sock *sk, int *val)
{
	*val = (int)sk->sk_ll_usec;
	return 0;
}

static int set_busy_poll_budget(struct sock *sk, int val)
{
	WRITE_ONCE(sk->sk_busy_poll_budget, (u16)val);
	return 0;
}

static int get_busy_poll_budget(struct sock *sk, int *val)
{
	*val = sk->sk_busy_poll_budget;
	return 0;
}

static int get_incoming_napi_id(struct sock *sk, int *val)
{
	*val = (int)napi_id_of(sock_net(sk), READ_ONCE(sk->sk_napi));
	return 0;
}

/* ---- SOL_SOCKET: when packets leave ----------------------------------- */

/* Bytes a second, four bytes of them (all ones: no limit) or eight. */
static int set_max_pacing_rate(struct sock *sk, const void *val, socklen_t len)
{
	u64 rate;
	u32 word;

	if (len < sizeof(word))
		return -EINVAL;
	memcpy(&word, val, sizeof(word));
	rate = word == U32_MAX ? U64_MAX : word;
	if (len >= sizeof(rate))
		memcpy(&rate, val, sizeof(rate));
	if (rate != U64_MAX && sk->sk_pacing_status == SK_PACING_NONE)
		WRITE_ONCE(sk->sk_pacing_status, SK_PACING_NEEDED);
	WRITE_ONCE(sk->sk_max_pacing_rate, rate);
	/* a stream finds its own, below that, at the next ACK */
	if (sk->sk_type != SOCK_STREAM || rate < sk->sk_pacing_rate)
		WRITE_ONCE(sk->sk_pacing_rate, rate);
	return 0;
}

static int get_max_pacing_rate(struct sock *sk, void *val, socklen_t *len)
{
	u64 rate = sk->sk_max_pacing_rate;
	u32 word = (u32)min(rate, (u64)U32_MAX);

	return *len >= sizeof(rate) ? sockopt_put(val, len, &rate, sizeof(rate)) :
				      sockopt_put(val, len, &word, sizeof(word));
}

/* For a discipline that keeps times (fq), by the stack's own clock. */
static int set_txtime(struct sock *sk, const void *val, socklen_t len)
{
	struct sock_txtime txtime;

	if (len != sizeof(txtime))
		return -EINVAL;
	memcpy(&txtime, val, sizeof(txtime));
	if (txtime.clockid != CLOCK_MONOTONIC || txtime.flags)
		return -EINVAL;
	sock_set_flag(sk, SOCK_TXTIME);
	return 0;
}

static int get_txtime(struct sock *sk, void *val, socklen_t *len)
{
	struct sock_txtime txtime = {
		.clockid = sock_flag(sk, SOCK_TXTIME) ? CLOCK_MONOTONIC : 0,
	};

	return sockopt_put(val, len, &txtime, sizeof(txtime));
}

/* As in Linux: TCP and UDP, at any time. */
static int set_zerocopy(struct sock *sk, int val)
{
	bool tcp = sk->sk_type == SOCK_STREAM && sk->sk_protocol == IPPROTO_TCP;
	bool udp = sk->sk_type == SOCK_DGRAM && sk->sk_protocol == IPPROTO_UDP;

	if (sk->sk_family != PF_INET || !(tcp || udp))
		return -EOPNOTSUPP;
	if (val < 0 || val > 1)
		return -EINVAL;
	sock_valbool_flag(sk, SOCK_ZEROCOPY, val);
	return 0;
}

static int get_zerocopy(struct sock *sk, int *val)
{
	*val = sock_flag(sk, SOCK_ZEROCOPY);
	return 0;
}

/* ---- SOL_SOCKET: where packets go ------------------------------------- */

static int set_priority(struct sock *sk, int val)
{
	WRITE_ONCE(sk->sk_priority, (u32)val);
	return 0;
}

static int get_priority(struct sock *sk, int *val)
{
	*val = (int)sk->sk_priority;
	return 0;
}

static int set_mark(struct sock *sk, int val)
{
	WRITE_ONCE(sk->sk_mark, (u32)val);
	sk_dst_reset(sk);
	return 0;
}

static int get_mark(struct sock *sk, int *val)
{
	*val = (int)sk->sk_mark;
	return 0;
}

static int set_bindtoifindex(struct sock *sk, int val)
{
	WRITE_ONCE(sk->sk_bound_dev_if, val);
	sk_dst_reset(sk);
	return 0;
}

static int get_bindtoifindex(struct sock *sk, int *val)
{
	*val = sk->sk_bound_dev_if;
	return 0;
}

/* A device's name, or "" for any. */
static int set_bindtodevice(struct sock *sk, const void *val, socklen_t len)
{
	struct net *net = sock_net(sk);
	char name[INET_IFNAMSIZ] = "";
	struct net_device *dev;
	int ifindex = 0;

	memcpy(name, val, min(len, (socklen_t)sizeof(name) - 1));
	if (name[0]) {
		dev = dev_get_by_name(net, name);
		if (!dev)
			return -ENODEV;
		ifindex = dev->ifindex;
		dev_put(dev);
	}
	return set_bindtoifindex(sk, ifindex);
}

/* SO_BINDTODEVICE: the name, or nothing when bound to none. */
static int get_bindtodevice(struct sock *sk, void *val, socklen_t *len)
{
	struct net *net = sock_net(sk);
	struct net_device *dev;
	int err;

	if (!sk->sk_bound_dev_if) {
		*len = 0;
		return 0;
	}
	if (*len < INET_IFNAMSIZ)
		return -EINVAL;
	dev = dev_get_by_index(net, sk->sk_bound_dev_if);
	if (!dev)
		return -ENODEV;
	err = sockopt_put(val, len, dev->name, strlen(dev->name) + 1);
	dev_put(dev);
	return err;
}

/* The name goes before the option, which is a macro, becomes a number. */
#define ROW(opt, str, k, lo, hi, setter, getter)			\
	{ .level = SOL_SOCKET, .optname = (opt), .name = (str),		\
	  .kind = SOCKOPT_##k, .min = (lo), .max = (hi),		\
	  .set = (setter), .get = (getter) }
#define ROW_INT(opt, setter, getter) \
	ROW(opt, #opt, INT, INT32_MIN, INT32_MAX, setter, getter)
#define ROW_BOOL(opt, setter, getter) \
	ROW(opt, #opt, BOOL, 0, 1, setter, getter)

const struct sockopt_row sock_options[] = {
	ROW_BOOL(SO_REUSEADDR, set_reuseaddr, get_reuseaddr),
	ROW_INT(SO_TYPE, NULL, get_type),
	ROW_INT(SO_ERROR, NULL, get_error),
	ROW_BOOL(SO_DONTROUTE, set_dontroute, get_dontroute),
	ROW_BOOL(SO_BROADCAST, set_broadcast, get_broadcast),
	ROW_INT(SO_SNDBUF, set_sndbuf, get_sndbuf),
	ROW_INT(SO_RCVBUF, set_rcvbuf, get_rcvbuf),
	ROW_BOOL(SO_KEEPALIVE, set_keepalive, get_keepalive),
	ROW_BOOL(SO_OOBINLINE, set_oobinline, get_oobinline),
	ROW_BOOL(SO_NO_CHECK, set_no_check, get_no_check),
	ROW_INT(SO_PRIORITY, set_priority, get_priority),
	SOCKOPT_ROW_BYTES(SOL_SOCKET, SO_LINGER, set_linger, get_linger),
	ROW_BOOL(SO_REUSEPORT, set_reuseport, get_reuseport),
	ROW_INT(SO_RCVLOWAT, set_rcvlowat, get_rcvlowat),
	ROW_INT(SO_SNDLOWAT, NULL, get_sndlowat),
	SOCKOPT_ROW_BYTES(SOL_SOCKET, SO_RCVTIMEO, set_rcvtimeo, get_rcvtimeo),
	SOCKOPT_ROW_BYTES(SOL_SOCKET, SO_SNDTIMEO, set_sndtimeo, get_sndtimeo),
	SOCKOPT_ROW_BYTES(SOL_SOCKET, SO_BINDTODEVICE, set_bindtodevice,
			  get_bindtodevice),
	ROW_BOOL(SO_TIMESTAMP, set_timestamp, get_timestamp),
	ROW_INT(SO_ACCEPTCONN, NULL, get_acceptconn),
	ROW_INT(SO_SNDBUFFORCE, set_sndbufforce, NULL),
	ROW_INT(SO_RCVBUFFORCE, set_rcvbufforce, NULL),
	ROW_BOOL(SO_TIMESTAMPNS, set_timestampns, get_timestampns),
	SOCKOPT_ROW_BYTES(SOL_SOCKET, SO_TIMESTAMPING, sock_set_timestamping,
			  sock_get_timestamping),
	ROW_INT(SO_MARK, set_mark, get_mark),
	ROW_INT(SO_PROTOCOL, NULL, get_protocol),
	ROW_INT(SO_DOMAIN, NULL, get_domain),
	ROW_BOOL(SO_RXQ_OVFL, set_rxq_ovfl, get_rxq_ovfl),
	ROW_INT(SO_INCOMING_CPU, NULL, get_incoming_cpu),
	SOCKOPT_ROW(SOL_SOCKET, SO_BUSY_POLL, INT, 0, BUSY_POLL_MAX_US,
		    set_busy_poll, get_busy_poll),
	ROW_INT(SO_INCOMING_NAPI_ID, NULL, get_incoming_napi_id),
	SOCKOPT_ROW(SOL_SOCKET, SO_BUSY_POLL_BUDGET, INT, 1, NAPI_POLL_WEIGHT,
		    set_busy_poll_budget, get_busy_poll_budget),
	SOCKOPT_ROW_BYTES(SOL_SOCKET, SO_MAX_PACING_RATE, set_max_pacing_rate,
			  get_max_pacing_rate),
	SOCKOPT_ROW_BYTES(SOL_SOCKET, SO_MEMINFO, NULL, get_meminfo),
	SOCKOPT_ROW_BYTES(SOL_SOCKET, SO_COOKIE, NULL, get_cookie),
	ROW_INT(SO_ZEROCOPY, set_zerocopy, get_zerocopy),
	SOCKOPT_ROW_BYTES(SOL_SOCKET, SO_TXTIME, set_txtime, get_txtime),
	SOCKOPT_ROW(SOL_SOCKET, SO_BINDTOIFINDEX, INT, 0, INT32_MAX,
		    set_bindtoifindex, get_bindtoifindex),
};

const u32 nr_sock_options = ARRAY_SIZE(sock_options);

/* ---- any socket ------------------------------------------------------- */

int sock_common_setsockopt(struct sock *sk, int level, int optname,
			   const void *val, socklen_t len)
{
	const struct proto *prot = sk->sk_prot;

	if (level == SOL_SOCKET)
		return sockopt_set(sk, sock_options, nr_sock_options, level,
				   optname, val, len);
	if (prot->setsockopt)
		return prot->setsockopt(sk, level, optname, val, len);
	return sockopt_set(sk, prot->options, prot->nr_options, level, optname,
			   val, len);
}

int sock_common_getsockopt(struct sock *sk, int level, int optname, void *val,
			   socklen_t *len)
{
	const struct proto *prot = sk->sk_prot;

	if (level == SOL_SOCKET)
		return sockopt_get(sk, sock_options, nr_sock_options, level,
				   optname, val, len);
	if (prot->getsockopt)
		return prot->getsockopt(sk, level, optname, val, len);
	return sockopt_get(sk, prot->options, prot->nr_options, level, optname,
			   val, len);
}
