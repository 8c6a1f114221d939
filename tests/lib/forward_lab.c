/* SPDX-License-Identifier: BSD-2-Clause */
#include "forward_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "api/verify.h"
#include "ipv4/udp.h"

struct inet_forward_options lab_options(void)
{
	return (struct inet_forward_options){
		.size = sizeof(struct inet_forward_options) };
}

void lab_asked(struct inet_forwarder *fwd,
	       const struct inet_forward_request *req, void *arg)
{
	struct lab *l = arg;

	assert_true(!l->fwd || fwd == l->fwd);
	l->fwd = fwd;
	l->req = *req;
	l->nr_req++;
	if (l->decide)
		l->decide(l);
}

void lab_open(struct lab *l, int protocol,
	      const struct inet_forward_options *opts)
{
	memset(l, 0, sizeof(*l));
	fx_open(&l->f);
	fx_learn(&l->f);
	l->fwd = protocol == IPPROTO_TCP ?
		inet_tcp_forwarder(l->f.net, opts, lab_asked, l) :
		inet_udp_forwarder(l->f.net, opts, lab_asked, l);
	assert_non_null(l->fwd);
	fx_mark(&l->f);
}

void lab_close(struct lab *l)
{
	if (l->s)
		assert_int_equal(inet_close(l->s), 0);
	inet_forwarder_destroy(l->fwd);
	net_verify(l->f.net);
	udp_verify(l->f.net);
	fx_advance(&l->f, 300 * FX_SEC);
	fx_flush(&l->f);
	fx_close(&l->f);
}

struct inet_forward_stats lab_stats(struct lab *l)
{
	struct inet_forward_stats s;

	inet_forwarder_stats(l->fwd, &s);
	return s;
}

void lab_accept(struct lab *l)
{
	l->s = inet_forward_accept(l->fwd, l->req.id, SOCK_NONBLOCK);
	assert_non_null(l->s);
}
