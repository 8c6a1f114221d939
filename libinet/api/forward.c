/* SPDX-License-Identifier: BSD-2-Clause */
/* <inet/forward.h>: the calls of forwarders. */
#include <inet/forward.h>

#include <errno.h>
#include <sys/socket.h>

#include "api/api.h"
#include "core/socket.h"
#include "ipv4/forward.h"

/* What a call does at its end. Return: -1 with errno and a sentence, or 0. */
static int forward_leave(struct net *net, int err, const char *call)
{
	net_api_exit(net);
	net_clock_release(net);
	if (err < 0)
		net_call_failed(net, err, call);
	return api_result(err);
}

/* NULL with errno and a sentence on failure. */
static struct inet_forwarder *forwarder_new(struct net *net,
					    const struct forward_ops *ops,
					    const struct inet_forward_options *opts,
					    struct forward_owner owner)
{
	struct inet_forwarder *fwd = NULL;

	if ((!net || !owner.cb) && net_null(net, ops == &tcp_forward_ops ?
					    "inet_tcp_forwarder" :
					    "inet_udp_forwarder"))
		return NULL;
	net_clock_hold(net);
	if (api_result(forwarder_create(net, ops, opts, owner, &fwd)))
		fwd = NULL;
	net_clock_release(net);
	return fwd;
}

struct inet_forwarder *inet_tcp_forwarder(struct net *net,
					  const struct inet_forward_options *opts,
					  inet_forward_cb *cb, void *arg)
{
	return forwarder_new(net, &tcp_forward_ops, opts,
			     (struct forward_owner){ cb, arg });
}

struct inet_forwarder *inet_udp_forwarder(struct net *net,
					  const struct inet_forward_options *opts,
					  inet_forward_cb *cb, void *arg)
{
	return forwarder_new(net, &udp_forward_ops, opts,
			     (struct forward_owner){ cb, arg });
}

void inet_forwarder_destroy(struct inet_forwarder *fwd)
{
	struct net *net;

	if (!fwd)
		return;
	net = fwd->net;
	net_clock_hold(net);
	forwarder_destroy(fwd);
	net_clock_release(net);
}

struct socket *inet_forward_accept(struct inet_forwarder *fwd, u64 id, int flags)
{
	struct socket *sock = NULL;
	int err = -EINVAL;

	if (!fwd && api_result(-EINVAL))
		return NULL;
	net_clock_hold(fwd->net);
	if (!(flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)))
		err = forward_accept(fwd, id, flags & SOCK_NONBLOCK, &sock);
	return forward_leave(fwd->net, err, __func__) ? NULL : sock;
}

int inet_forward_reset(struct inet_forwarder *fwd, u64 id)
{
	if (!fwd)
		return api_result(-EINVAL);
	net_clock_hold(fwd->net);
	return forward_leave(fwd->net, forward_reset(fwd, id), __func__);
}

int inet_forward_unreachable(struct inet_forwarder *fwd, u64 id, u8 code)
{
	if (!fwd)
		return api_result(-EINVAL);
	net_clock_hold(fwd->net);
	return forward_leave(fwd->net, forward_unreachable(fwd, id, code),
			     __func__);
}

int inet_forward_drop(struct inet_forwarder *fwd, u64 id)
{
	if (!fwd)
		return api_result(-EINVAL);
	net_clock_hold(fwd->net);
	return forward_leave(fwd->net, forward_drop(fwd, id), __func__);
}

void inet_forwarder_stats(struct inet_forwarder *fwd,
			  struct inet_forward_stats *stats)
{
	if (!fwd || !stats)
		return;
	spin_lock(&fwd->lock);
	*stats = fwd->stats;
	spin_unlock(&fwd->lock);
}
