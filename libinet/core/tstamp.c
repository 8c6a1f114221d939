/* SPDX-License-Identifier: BSD-2-Clause */
/* SO_TIMESTAMP, SO_TIMESTAMPNS, SO_TIMESTAMPING of all sockets: see tstamp.h. */
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <time.h>

#include "core/iov.h"
#include "core/sockopt.h"
#include "core/tstamp.h"

/* Newer than the headers of some systems. */
#define TSTAMP_OPT_ID_TCP (1u << 16)
#define TSTAMP_ALL ((1u << 18) - 1)

/* What is built: not what hardware notes (there are no such drivers), nor the state
 * of the connection beside each stamp. */
#define TSTAMP_BUILT							\
	(SOF_TIMESTAMPING_TX_HERE | SOF_TIMESTAMPING_RX_SOFTWARE |	\
	 SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID |		\
	 SOF_TIMESTAMPING_OPT_CMSG | SOF_TIMESTAMPING_OPT_TSONLY |	\
	 TSTAMP_OPT_ID_TCP)

/* The option's value: flags alone, or a clock of hardware behind them. */
struct timestamping {
	u32 flags;
	s32 bind_phc;
};

static int check_flags(const struct sock *sk, u32 flags)
{
	if (flags & ~TSTAMP_ALL ||
	    ((flags & TSTAMP_OPT_ID_TCP) && !(flags & SOF_TIMESTAMPING_OPT_ID)))
		return -EINVAL;
	if (flags & ~TSTAMP_BUILT)
		return -EOPNOTSUPP;
	if ((flags & SOF_TIMESTAMPING_TX_HERE) && sk->sk_family != AF_INET)
		return -EOPNOTSUPP;	/* no error queue */
	return 0;
}

/* Who asks for numbers now has them counted from here on. */
int sock_set_timestamping(struct sock *sk, const void *val, socklen_t len)
{
	struct timestamping t = { 0 };
	u32 key = 0;
	int err;

	if (len < sizeof(t.flags))
		return -EINVAL;
	memcpy(&t, val, len == sizeof(t) ? sizeof(t) : sizeof(t.flags));
	err = check_flags(sk, t.flags);
	if (err)
		return err;
	if (t.flags & SOF_TIMESTAMPING_OPT_ID & ~sk->sk_tsflags) {
		if (sk->sk_prot->tskey)
			err = sk->sk_prot->tskey(sk, t.flags & TSTAMP_OPT_ID_TCP,
						 &key);
		if (err)
			return err;
		WRITE_ONCE(sk->sk_tskey, key);
	}
	WRITE_ONCE(sk->sk_tsflags, t.flags);
	sock_valbool_flag(sk, SOCK_TIMESTAMPING_RX_SOFTWARE,
			  t.flags & SOF_TIMESTAMPING_RX_SOFTWARE);
	return 0;
}

int sock_get_timestamping(struct sock *sk, void *val, socklen_t *len)
{
	struct timestamping t = { .flags = sk->sk_tsflags };

	return sockopt_put(val, len, &t, sizeof(t));
}

void sock_tx_timestamp(struct sock *sk, struct sk_buff *skb, u32 tsflags)
{
	skb->shinfo->tx_flags |= tstamp_tx_flags(tsflags);
	if ((tsflags & SOF_TIMESTAMPING_OPT_ID) &&
	    (tsflags & SOF_TIMESTAMPING_TX_HERE))
		skb->shinfo->tskey = count_add(&sk->sk_tskey, 1, sk_smp(sk)) - 1;
}

void sock_recv_timestamp(struct inet_msg *msg, struct sock *sk, u64 ns)
{
	struct scm_timestamping all = { 0 };
	struct timespec ts;
	struct timeval tv;

	/* Asked for after it had arrived: now is the best answer. */
	if (!ns)
		ns = sock_net(sk)->env.wall(sock_net(sk)->env.opaque);
	ts = (struct timespec){ .tv_sec = (time_t)(ns / 1000000000),
				.tv_nsec = (long)(ns % 1000000000) };
	if (sock_flag(sk, SOCK_RCVTSTAMPNS)) {
		put_cmsg(msg, SOL_SOCKET, SO_TIMESTAMPNS, sizeof(ts), &ts);
	} else if (sock_flag(sk, SOCK_RCVTSTAMP)) {
		tv = (struct timeval){ .tv_sec = ts.tv_sec,
				       .tv_usec = ts.tv_nsec / 1000 };
		put_cmsg(msg, SOL_SOCKET, SO_TIMESTAMP, sizeof(tv), &tv);
	}
	if (READ_ONCE(sk->sk_tsflags) & SOF_TIMESTAMPING_SOFTWARE) {
		all.ts[0].tv_sec = ts.tv_sec;
		all.ts[0].tv_nsec = ts.tv_nsec;
		put_cmsg(msg, SOL_SOCKET, SCM_TIMESTAMPING, sizeof(all), &all);
	}
}
