/* SPDX-License-Identifier: BSD-2-Clause */
/* What stream protocols have in common: waiting, errors, the end. */
#include <errno.h>
#include <poll.h>

#include "core/sock.h"
#include "core/socket.h"

#define CONNECTING (TCPF(TCP_SYN_SENT) | TCPF(TCP_SYN_RECV))
#define CONNECTED (TCPF(TCP_ESTABLISHED) | TCPF(TCP_CLOSE_WAIT))

/* How long a writer sleeps when not its buffer but memory was short. */
#define STREAM_MEMORY_NAP_NS 20000000LL

/* The handshake is over, one way or the other. */
static bool stream_connected(struct sock *sk, void *arg)
{
	(void)arg;
	return READ_ONCE(sk->sk_err) || !(TCPF(sk->sk_state) & CONNECTING);
}

int sk_stream_wait_connect(struct sock *sk, s64 *timeo_ns)
{
	int err = sock_error(sk);

	if (!err && (TCPF(sk->sk_state) & CONNECTING))
		err = sk_wait_event(sk, timeo_ns, stream_connected, NULL);
	if (!err)
		err = sock_error(sk);
	if (!err && !(TCPF(sk->sk_state) & CONNECTED))
		err = -EPIPE;
	return err;
}

static bool stream_send_failed(struct sock *sk, void *arg)
{
	(void)arg;
	return READ_ONCE(sk->sk_err) || (sk->sk_shutdown & SEND_SHUTDOWN);
}

static bool stream_writable(struct sock *sk, void *arg)
{
	return stream_send_failed(sk, arg) || sk_stream_memory_free(sk);
}

/* There is room in the buffer, but memory was short: tries again soon. */
static int stream_nap(struct sock *sk, s64 *timeo_ns)
{
	s64 nap = STREAM_MEMORY_NAP_NS, rest;
	int err;

	if (*timeo_ns >= 0)
		nap = min(nap, *timeo_ns);
	rest = nap;
	err = sk_wait_event(sk, &rest, stream_send_failed, NULL);
	if (*timeo_ns >= 0)
		*timeo_ns -= nap - rest;
	return err == -EAGAIN && *timeo_ns && sk_may_sleep(sk) ? 0 : err;
}

/* Waits for room, or a little for memory when there is room. */
int sk_stream_wait_memory(struct sock *sk, s64 *timeo_ns)
{
	int err;

	if (stream_send_failed(sk, NULL))
		return -EPIPE;
	/* Tell me: sk_stream_write_space() asks after it made room. */
	WRITE_ONCE(sk->sk_nospace, true);
	/* Where nothing is queued nobody will make room: memory is short. */
	if (!*timeo_ns)
		return sk->sk_wmem_queued ? -EAGAIN : -ENOBUFS;
	if (sk_stream_memory_free(sk))
		err = stream_nap(sk, timeo_ns);
	else
		err = sk_wait_event(sk, timeo_ns, stream_writable, NULL);
	if (!err && stream_send_failed(sk, NULL))
		err = -EPIPE;
	return err;
}

static bool stream_closed(struct sock *sk, void *arg)
{
	(void)arg;
	return !(TCPF(sk->sk_state) & (TCPF(TCP_FIN_WAIT1) | TCPF(TCP_CLOSING) |
				      TCPF(TCP_LAST_ACK)));
}

void sk_stream_wait_close(struct sock *sk, s64 timeo_ns)
{
	if (timeo_ns)
		sk_wait_event(sk, &timeo_ns, stream_closed, NULL);
}

static bool stream_has_data(struct sock *sk, void *arg)
{
	return skb_peek_tail(&sk->sk_receive_queue) != arg ||
	       READ_ONCE(sk->sk_err) || (sk->sk_shutdown & RCV_SHUTDOWN) ||
	       sk->sk_state == TCP_CLOSE;
}

int sk_wait_data(struct sock *sk, s64 *timeo_ns, const struct sk_buff *last)
{
	return sk_wait_event(sk, timeo_ns, stream_has_data, (void *)last);
}

/* Room was made: wakes writers that were told there is none. */
void sk_stream_write_space(struct sock *sk)
{
	NET_ROAD(sock_net(sk), NULL);
	if (!READ_ONCE(sk->sk_nospace) || !sk_stream_is_writeable(sk))
		return;
	WRITE_ONCE(sk->sk_nospace, false);
	sk_wake_up(sk, POLLOUT | POLLWRNORM | POLLWRBAND);
}

int sk_stream_error(struct sock *sk, int flags, int err)
{
	(void)flags;	/* MSG_NOSIGNAL: no call raises SIGPIPE */
	if (err == -EPIPE) {
		int pending = sock_error(sk);

		if (pending)
			err = pending;
	}
	return err;
}

void sk_stream_kill_queues(struct sock *sk)
{
	skb_queue_purge_reason(&sk->sk_receive_queue,
			       SKB_DROP_REASON_SOCKET_CLOSED);
	sk_error_queue_purge(sk);
	inet_assert(skb_queue_empty(&sk->sk_write_queue));
	sk_mem_reclaim(sk);
	inet_assert(!sk->sk_wmem_queued);
}
