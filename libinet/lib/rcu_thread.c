/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only file that sees liburcu (whose headers claim the names of rcu.h).
 *
 * The flavour is "bp": a thread is registered at its first read section and
 * forgotten when it ends, by the library itself, even when destructors of the
 * application read at the very end; and it does no harm when the application
 * uses liburcu too. Like "memb" it has no barrier on the read side, since the
 * writer asks the kernel for one (membarrier(2)).
 *
 * ThreadSanitizer does not see a grace period, as liburcu is not instrumented.
 * So the end of a read section releases, and the end of a grace period
 * acquires, the address of `grace`. What is freed too early has no such edge
 * from its reader and is reported.
 */
#include <urcu/urcu-bp.h>

#include "lib/rcu_thread.h"

#include "lib/compiler.h"

static const char grace;	/* only its address is used */

void inet_rcu_read_lock(void)
{
	urcu_bp_read_lock();
}

void inet_rcu_read_unlock(void)
{
	inet_tsan_release(&grace);
	urcu_bp_read_unlock();
}

void inet_rcu_synchronize(void)
{
	inet_tsan_release(&grace);
	urcu_bp_synchronize_rcu();
	inet_tsan_acquire(&grace);
}
