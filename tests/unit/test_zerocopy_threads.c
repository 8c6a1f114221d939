/* SPDX-License-Identifier: BSD-2-Clause */
/* MSG_ZEROCOPY with threads: memory that is written again as soon as it completes,
 * while softnets of two stacks hold its frames. */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include <netinet/in.h>
#include <linux/errqueue.h>

#include "threaded.h"

#define BUFFERS 8u
#define SIZE 20000u
#define CALLS 100u

static u8 byte_of(u32 call, u32 at)
{
	return (u8)(call * 131 + at * 7 + (at >> 8));
}

/* A sender with a few buffers that it uses in turns. */
struct sender {
	struct socket *s;
	u8 mem[BUFFERS][SIZE];
	u32 nr_done;		/* calls that completed; all before, too */
	u32 nr_bad;
};

/* Waits for completions, which TCP's come in order. */
static void wait_done(struct sender *t)
{
	char control[128] __attribute__((aligned(8)));
	struct msghdr m = { .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct inet_pollfd f = { t->s, 0, 0 };
	struct sock_extended_err ee;

	if (inet_poll(&f, 1, TT_PATIENCE_MS) != 1 ||
	    inet_recvmsg(t->s, &m, MSG_ERRQUEUE) != 0) {
		t->nr_bad++;
		t->nr_done++;
		return;
	}
	memcpy(&ee, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(ee));
	if (ee.ee_origin != SO_EE_ORIGIN_ZEROCOPY || ee.ee_info != t->nr_done)
		t->nr_bad++;
	t->nr_done = ee.ee_data + 1;
}

static void *send_calls(void *arg)
{
	struct sender *t = arg;
	u32 call, i;

	for (call = 0; call < CALLS; call++) {
		u8 *mem = t->mem[call % BUFFERS];

		while (call - t->nr_done >= BUFFERS)
			wait_done(t);
		for (i = 0; i < SIZE; i++)
			mem[i] = byte_of(call, i);
		if (inet_send(t->s, mem, SIZE, MSG_ZEROCOPY) != SIZE)
			t->nr_bad++;
	}
	while (t->nr_done < CALLS)
		wait_done(t);
	return NULL;
}

/* Both ways at once, one thread that sends for each. */
static void memory_is_used_again_when_it_completes(void **state)
{
	static struct sender t[2];
	static u8 got[2][SIZE];
	const int on = 1;
	struct threaded_pair p;
	struct socket *c[2];
	pthread_t thread[2];
	u32 call, i, k;

	(void)state;
	threaded_open(&p, 2, NULL);
	threaded_join(&p, c);
	for (k = 0; k < 2; k++) {
		t[k].s = c[k];
		assert_int_equal(inet_setsockopt(c[k], SOL_SOCKET, SO_ZEROCOPY,
						 &on, sizeof(on)), 0);
		assert_int_equal(pthread_create(&thread[k], NULL, send_calls,
						&t[k]), 0);
	}
	for (call = 0; call < CALLS; call++) {
		for (k = 0; k < 2; k++) {
			assert_int_equal(threaded_recv_all(c[k], got[k], SIZE),
					 SIZE);
			for (i = 0; i < SIZE; i++)
				if (got[k][i] != byte_of(call, i))
					fail_msg("call %u, octet %u", call, i);
		}
	}
	for (k = 0; k < 2; k++) {
		pthread_join(thread[k], NULL);
		assert_int_equal(t[k].nr_bad, 0);
		inet_close(c[k]);
	}
	threaded_close(&p);
}

/* The stack ends while frames are out: nobody looks at the memory afterwards. */
static void stacks_that_end_let_go(void **state)
{
	u8 *mem = malloc(1 << 20);
	const int on = 1;
	struct threaded_pair p;
	struct socket *c[2];

	(void)state;
	memset(mem, 1, 1 << 20);
	threaded_open(&p, 2, NULL);
	threaded_join(&p, c);
	assert_int_equal(inet_setsockopt(c[0], SOL_SOCKET, SO_ZEROCOPY, &on,
					 sizeof(on)), 0);
	assert_true(inet_send(c[0], mem, 1 << 20,
			      MSG_ZEROCOPY | MSG_DONTWAIT) > 0);
	threaded_close(&p);
	free(mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_used_again_when_it_completes),
		cmocka_unit_test(stacks_that_end_let_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
