/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only file that sees liburcu (whose headers claim the names of rcu.h).
 *
 * A thread is registered at its first read section and unregistered by a
 * destructor at its end. Destructors of others that run after ours and read
 * once more find the state EXITED: then each outermost section registers and
 * unregisters for itself.
 *
 * ThreadSanitizer does not see a grace period, as liburcu is not instrumented.
 * So the end of a read section releases, and the end of a grace period
 * acquires, the address of `grace`. What is freed too early has no such edge
 * from its reader and is reported.
 */
#include <urcu/urcu-memb.h>

#include "lib/rcu_thread.h"

#include "lib/assert.h"

enum reader_state { UNKNOWN, REGISTERED, EXITED };

/* Caches of the thread. */
static __thread enum reader_state state;
static __thread unsigned int exited_depth;

static const char grace;	/* only its address is used */

/* The C library's own hook behind C++'s thread_local: no key, no global. */
extern void *__dso_handle __attribute__((visibility("hidden")));
int __cxa_thread_atexit_impl(void (*fn)(void *), void *obj, void *dso);

static void forget_thread(void *unused __maybe_unused)
{
	urcu_memb_unregister_thread();
	state = EXITED;
}

/* The first section of a thread, or one after its end has begun. */
static void __noinline enter_unregistered(void)
{
	if (state == UNKNOWN) {
		urcu_memb_register_thread();
		state = REGISTERED;
		inet_assert(__cxa_thread_atexit_impl(forget_thread, NULL,
						     &__dso_handle) == 0);
	} else if (exited_depth++ == 0) {
		urcu_memb_register_thread();
	}
}

void inet_rcu_read_lock(void)
{
	if (unlikely(state != REGISTERED))
		enter_unregistered();
	urcu_memb_read_lock();
}

void inet_rcu_read_unlock(void)
{
	inet_tsan_release(&grace);
	urcu_memb_read_unlock();
	if (unlikely(state == EXITED) && --exited_depth == 0)
		urcu_memb_unregister_thread();
}

void inet_rcu_synchronize(void)
{
	inet_tsan_release(&grace);
	urcu_memb_synchronize_rcu();
	inet_tsan_acquire(&grace);
}
