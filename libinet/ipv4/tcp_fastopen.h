/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP Fast Open: see tcp_fastopen.c. */
#ifndef IPV4_TCP_FASTOPEN_H
#define IPV4_TCP_FASTOPEN_H

#include "ipv4/tcp.h"

void tcp_fastopen_exit(struct net *net);
/* Will the first write send the SYN? connect() is done then. */
bool tcp_fastopen_defers_connect(struct sock *sk);
/* @syn is about to be sent: together with text, and was? Context: it is alone on
 * the queue. */
bool tcp_send_syn_data(struct sock *sk, struct sk_buff *syn);
/* connect() by a write. 0: there is a connection; -EINPROGRESS, -E. What the SYN
 * took @msg has no more. */
int tcp_sendmsg_fastopen(struct sock *sk, struct inet_msg *msg);
/* The SYN with the option was not answered. */
void tcp_fastopen_syn_lost(struct sock *sk);
/* A SYN-ACK to a SYN of Fast Open, with @info, made a connection. True: the text that
 * it did not acknowledge has been sent again. Borrows @skb. */
bool tcp_rcv_fastopen_synack(struct sock *sk, const struct sk_buff *skb,
			     const struct tcp_options_info *info);
/* The option of a SYN, or of a child's SYN-ACK; of a request's, with room for a
 * cookie. */
void tcp_fastopen_syn_options(const struct sock *sk,
			      struct tcp_out_options *opts);
void tcp_fastopen_synack_options(const struct request_sock *req, u8 *cookie,
				 struct tcp_out_options *opts);
/* @sk is about to listen. 0, -ENOMEM. */
int tcp_fastopen_listen(struct sock *sk);
/* A SYN for a listener that has such a thing. True: all is done, @req is gone. */
bool tcp_fastopen_server(struct sock *sk, struct sk_buff *skb,
			 struct request_sock *req);
/* The ACK of such a child's SYN-ACK. */
void tcp_rcv_fastopen_acked(struct sock *sk, const struct sk_buff *skb);
/* Of a child that the SYN made: has its SYN-ACK not been acknowledged? */
bool tcp_fastopen_waits(const struct sock *sk);
/* It waits no more. */
void tcp_fastopen_done(struct sock *sk, bool reset);

#endif /* IPV4_TCP_FASTOPEN_H */
