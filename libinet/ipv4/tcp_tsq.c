/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: sending once for many ACKs.
 *
 * Theory of operation. Each ACK opens the window by a segment or two, and a
 * softirq brings many of them. Sent at each, the text would leave in packets of
 * two segments; sent behind the last of the round, it leaves as one. So a
 * connection that has text waits on its softnet's list until the receive softirq
 * is through, and TASKLET_SOFTIRQ, which comes next, sends. That costs no time:
 * the softnet has nothing else to do meanwhile but to look at those packets.
 *
 * The list holds a reference. A sock that its user owns sends when it is
 * released (TCP_TSQ_DEFERRED), as does one whose ACKs come from the backlog.
 */
#include "core/softnet.h"
#include "ipv4/tcp.h"

void tcp_tsq_write(struct sock *sk)
{
	tcp_mstamp_refresh(sk);
	if (unlikely(tcp_sk(sk)->lost_out))
		tcp_xmit_retransmit_queue(sk);
	tcp_push_pending_frames(sk);
}

static void tcp_tsq_queue(struct softnet_data *sd, struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (tp->tsq_queued)
		return;
	tp->tsq_queued = true;
	tp->tsq_next = NULL;
	sock_hold(sk);
	*sd->tsq_tailp = sk;
	sd->tsq_tailp = &tp->tsq_next;
	raise_softirq(sd, TASKLET_SOFTIRQ);
}

/* Context: the sock is locked. */
void tcp_tsq_push(struct sock *sk)
{
	struct softnet_data *sd;

	if (tcp_write_queue_empty(sk))
		return;
	sd = this_softnet(sock_net(sk));
	/* an ACK that is owed rides on the text */
	if (inet_csk_ack_scheduled(sk))
		tcp_push_pending_frames(sk);
	else if (sock_owned_by_user(sk))
		sk_defer(sk, TCP_TSQ_DEFERRED);
	else if (sd && sd->in_softirq)
		tcp_tsq_queue(sd, sk);
	else
		tcp_push_pending_frames(sk);
}

/* Takes the first of the list. */
static struct sock *tcp_tsq_dequeue(struct softnet_data *sd)
{
	struct sock *sk = sd->tsq_head;

	if (!sk)
		return NULL;
	sd->tsq_head = tcp_sk(sk)->tsq_next;
	if (!sd->tsq_head)
		sd->tsq_tailp = &sd->tsq_head;
	return sk;
}

void tcp_tsq_handler(struct sock *sk)
{
	if (sock_owned_by_user(sk))
		sk_defer(sk, TCP_TSQ_DEFERRED);
	else
		tcp_tsq_write(sk);
}

/* TASKLET_SOFTIRQ. */
static void tcp_tsq_action(struct softnet_data *sd)
{
	struct sock *sk;

	NET_ROAD(sd->net, NULL);
	while ((sk = tcp_tsq_dequeue(sd))) {
		bh_lock_sock(sk);
		tcp_sk(sk)->tsq_queued = false;
		tcp_tsq_handler(sk);
		bh_unlock_sock(sk);
		sock_put(sk);
	}
}

void tcp_tsq_init(struct net *net)
{
	open_softirq(net, TASKLET_SOFTIRQ, tcp_tsq_action);
}

/* Nothing runs any more. */
void tcp_tsq_exit(struct net *net)
{
	struct sock *sk;
	u32 i;

	for (i = 0; i < net->nr_softnets; i++)
		while ((sk = tcp_tsq_dequeue(&net->softnets[i])))
			sock_put(sk);
}
