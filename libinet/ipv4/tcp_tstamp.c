/* SPDX-License-Identifier: BSD-2-Clause */
/* SO_TIMESTAMPING of what a stream sends: see tcp_tstamp.h. */
#include <errno.h>

#include "ipv4/ip.h"
#include "ipv4/tcp_tstamp.h"

int tcp_tskey(struct sock *sk, bool unwritten, u32 *key)
{
	if (TCPF(sk->sk_state) & (TCPF(TCP_CLOSE) | TCPF(TCP_LISTEN)))
		return -EINVAL;
	*key = unwritten ? tcp_sk(sk)->write_seq : tcp_sk(sk)->snd_una;
	return 0;
}

int tcp_tsflags(struct sock *sk, const struct inet_msg *msg, u32 *tsflags)
{
	struct ipcm_cookie ipc;
	int err = 0;

	ipcm_init_sk(&ipc, inet_sk(sk));
	if (msg->controllen)
		err = sock_cmsg_send(sk, msg, &ipc);
	*tsflags = ipc.tsflags & SOF_TIMESTAMPING_TX_HERE;
	return err;
}

void tcp_tx_timestamp(struct sock *sk, const struct inet_msg *msg)
{
	struct sk_buff *skb = tcp_write_queue_tail(sk);
	u32 tsflags;

	if (!skb)
		skb = skb_peek_tail(&tcp_sk(sk)->rtx_queue);	/* it is off already */
	if (tcp_tsflags(sk, msg, &tsflags) || !tsflags || !skb)
		return;
	WRITE_ONCE(skb->shinfo->tskey, tcp_sk(sk)->write_seq - 1);
	WRITE_ONCE(skb->shinfo->tx_flags, skb->shinfo->tx_flags | tstamp_tx_flags(tsflags));
	TCP_SKB_CB(skb)->sacked |= TCPCB_TSTAMP;
}

void __tcp_tstamp_split(struct sk_buff *skb, struct sk_buff *rest)
{
	if (before(skb->shinfo->tskey, TCP_SKB_CB(rest)->seq)) {
		TCP_SKB_CB(rest)->sacked &= (u8)~TCPCB_TSTAMP;
		return;
	}
	skb_tstamp_copy(rest, skb);
	TCP_SKB_CB(skb)->sacked &= (u8)~TCPCB_TSTAMP;
	WRITE_ONCE(skb->shinfo->tx_flags,
		   skb->shinfo->tx_flags & (u8)~SKBTX_ANY_TSTAMP);
}
