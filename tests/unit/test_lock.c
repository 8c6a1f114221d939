/* SPDX-License-Identifier: BSD-2-Clause */
/* lock.c, thread.c, and the lock-free headers between two threads. */
#include "unit.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "lib/lock.h"
#include "lib/llist.h"
#include "lib/refcount.h"
#include "lib/ring.h"
#include "lib/seqlock.h"
#include "lib/thread.h"

#define ROUNDS 20000
#define MSEC 1000000ULL

static u64 now(void)
{
	const struct inet_env *env = inet_env_default();

	return env->now(env->opaque);
}

static void start(struct thread *t, void (*fn)(void *arg), void *arg)
{
	assert_int_equal(thread_create(t, "test", fn, arg, THREAD_ANY_CPU), 0);
}

/* ---- locks ---- */

struct counter {
	struct inet_lock lock;
	int value;		/* plain: the lock guards it */
	refcount_t refs;
};

static void count_up(void *arg)
{
	struct counter *c = arg;

	for (int i = 0; i < ROUNDS; i++) {
		while (i % 3 == 0 && !mutex_trylock(&c->lock))
			thread_yield();
		if (i % 3)
			mutex_lock(&c->lock);
		c->value++;
		mutex_unlock(&c->lock);
	}
}

static void contended_lock_loses_no_count(void **state)
{
	struct counter c = { .value = 0 };
	struct thread t[3];

	(void)state;
	lock_init(&c.lock, true);
	for (int i = 0; i < 3; i++)
		start(&t[i], count_up, &c);
	for (int i = 0; i < 3; i++)
		thread_join(&t[i]);
	assert_int_equal(c.value, 3 * ROUNDS);
	assert_false(spin_is_locked(&c.lock));
}

/* The holder sleeps, so that the other one must sleep too. */
static void held_long_waiter_sleeps_and_gets_it(void **state)
{
	struct counter c = { .value = 0 };
	struct thread t;

	(void)state;
	lock_init(&c.lock, true);
	spin_lock(&c.lock);
	start(&t, count_up, &c);
	usleep(20000);
	assert_int_equal(c.value, 0);
	spin_unlock(&c.lock);
	thread_join(&t);
	assert_int_equal(c.value, ROUNDS);
}

static void lock_twice(void *lock)
{
	spin_lock(lock);
	spin_lock(lock);
}

static void unlock_free(void *lock)
{
	spin_unlock(lock);
}

static void single_threaded_misuse_aborts(void **state)
{
	struct inet_lock l;

	(void)state;
	lock_init(&l, false);
	spin_lock(&l);
	assert_true(spin_is_locked(&l));
	assert_false(spin_trylock(&l));
	spin_unlock(&l);
	assert_true(spin_trylock(&l));
	spin_unlock(&l);
	assert_true(aborts(lock_twice, &l));
	assert_true(aborts(unlock_free, &l));
}

/* ---- wait queues ---- */

struct event {
	struct wait_queue_head wq;
	int turn;
};

struct player {
	struct event *e;
	int me;
};

static bool my_turn(void *arg)
{
	struct player *p = arg;

	return smp_load_acquire(&p->e->turn) % 2 == p->me;
}

/* Two threads that only move when the other has: a lost wake-up hangs. */
static void play(void *arg)
{
	struct player *p = arg;

	for (int i = 0; i < ROUNDS / 4; i++) {
		inet_assert(wait_event_until(&p->e->wq, now() + 60000 * MSEC,
					     my_turn, p) == 0);
		smp_store_release(&p->e->turn, p->e->turn + 1);
		wake_up(&p->e->wq);
	}
}

static void two_waiters_alternate_without_lost_wakeup(void **state)
{
	struct event e = { .turn = 0 };
	struct player p[2] = { { &e, 0 }, { &e, 1 } };
	struct thread t;

	(void)state;
	init_waitqueue_head(&e.wq, true);
	start(&t, play, &p[1]);
	play(&p[0]);
	thread_join(&t);
	assert_int_equal(e.turn, ROUNDS / 4 * 2);
	assert_int_equal(e.wq.waiters, 0);
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static bool always(void *arg)
{
	(void)arg;
	return true;
}

/* ---- what the kernel is asked ---- */

static struct {
	int waits, wakes;	/* atomic: futex(2) of each kind */
} asked;

/* In the place of libc's: counts. */
long syscall(long number, ...)
{
	static void *libc;	/* atomic: whoever is first finds it */
	long (*real)(long number, ...);
	long a[6];
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_futex) {
		int op = (int)a[1] & FUTEX_CMD_MASK;

		__atomic_fetch_add(op == FUTEX_WAKE ? &asked.wakes :
				   &asked.waits, 1, __ATOMIC_SEQ_CST);
	}
	*(void **)&real = __atomic_load_n(&libc, __ATOMIC_RELAXED);
	if (!real) {
		*(void **)&real = dlsym(RTLD_NEXT, "syscall");
		__atomic_store_n(&libc, *(void **)&real, __ATOMIC_RELAXED);
	}
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

struct sleeper {
	struct wait_queue_head wq;
	int awake;		/* atomic */
};

static bool may_wake(void *arg)
{
	return __atomic_load_n(&((struct sleeper *)arg)->awake,
			       __ATOMIC_SEQ_CST);
}

static void sleep_once(void *arg)
{
	struct sleeper *s = arg;

	inet_assert(!wait_event_until(&s->wq, WAIT_FOREVER, may_wake, s));
}

/* Packet after packet while the woken thread has not run yet. */
static void sleeper_woken_often_costs_one_system_call(void **state)
{
	struct sleeper s = { .awake = 0 };
	struct thread t;

	(void)state;
	for (int round = 0; round < 20; round++) {
		s.awake = asked.waits = asked.wakes = 0;
		init_waitqueue_head(&s.wq, true);
		start(&t, sleep_once, &s);
		while (!__atomic_load_n(&asked.waits, __ATOMIC_SEQ_CST))
			sched_yield();
		__atomic_store_n(&s.awake, 1, __ATOMIC_SEQ_CST);
		for (int i = 0; i < 100; i++)
			wake_up(&s.wq);
		thread_join(&t);
		assert_int_equal(asked.wakes, 1);
	}
	wake_up(&s.wq);
	assert_int_equal(asked.wakes, 1);	/* nobody waits */
}

static void waiting_past_deadline_times_out(void **state)
{
	struct wait_queue_head wq;
	u64 before = now();

	(void)state;
	init_waitqueue_head(&wq, true);
	assert_int_equal(wait_event_until(&wq, before + 20 * MSEC, never, NULL),
			 -ETIMEDOUT);
	assert_in_range(now() - before, 20 * MSEC, 10000 * MSEC);
	assert_int_equal(wait_event_until(&wq, 0, never, NULL), -ETIMEDOUT);
	assert_int_equal(wait_event_until(&wq, 0, always, NULL), 0);
	assert_int_equal(wq.waiters, 0);
}

static void single_threaded_wait_is_refused(void **state)
{
	struct wait_queue_head wq;

	(void)state;
	init_waitqueue_head(&wq, false);
	assert_int_equal(wait_event_until(&wq, WAIT_FOREVER, never, NULL),
			 -EDEADLK);
	assert_int_equal(wait_event_until(&wq, WAIT_FOREVER, always, NULL), 0);
	wake_up(&wq);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* Signals every millisecond do not end the wait before its time. */
static void waiting_interrupted_by_signals_goes_on(void **state)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	struct timespec ms = { .tv_nsec = 1000000 };
	struct itimerspec every = { ms, ms };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
			       .sigev_signo = SIGALRM };
	struct wait_queue_head wq;
	u64 before = now();
	timer_t timer;

	(void)state;
	sigaction(SIGALRM, &sa, NULL);
	assert_int_equal(timer_create(CLOCK_MONOTONIC, &ev, &timer), 0);
	timer_settime(timer, 0, &every, NULL);
	init_waitqueue_head(&wq, true);
	assert_int_equal(wait_event_until(&wq, before + 50 * MSEC, never, NULL),
			 -ETIMEDOUT);
	assert_true(now() - before >= 50 * MSEC);
	timer_delete(timer);
}

/* ---- threads ---- */

struct report {
	struct thread *self;
	sigset_t mask;
	cpu_set_t cpus;
	char name[16];
	bool is_self;
};

static void look_around(void *arg)
{
	struct report *r = arg;

	pthread_sigmask(SIG_BLOCK, NULL, &r->mask);
	pthread_getaffinity_np(pthread_self(), sizeof(r->cpus), &r->cpus);
	pthread_getname_np(pthread_self(), r->name, sizeof(r->name));
	r->is_self = thread_is_self(r->self);
}

static void thread_started_has_name_mask_and_cpu(void **state)
{
	struct thread t;
	struct report r = { .self = &t };
	sigset_t before, after;

	(void)state;
	pthread_sigmask(SIG_BLOCK, NULL, &before);
	assert_int_equal(thread_create(&t, "a-name-that-is-long", look_around,
				       &r, 0), 0);
	thread_join(&t);
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	assert_int_equal(sigismember(&before, SIGTERM),
			 sigismember(&after, SIGTERM));
	assert_string_equal(r.name, "a-name-that-is-");
	assert_true(sigismember(&r.mask, SIGTERM));
	assert_true(CPU_ISSET(0, &r.cpus));
	assert_int_equal(CPU_COUNT(&r.cpus), 1);
	assert_true(r.is_self);
}

static void thread_on_no_cpu_is_refused(void **state)
{
	struct thread t;

	(void)state;
	assert_int_equal(thread_create(&t, "x", look_around, NULL, 100000),
			 -EINVAL);
	assert_int_equal(thread_create(&t, "x", look_around, NULL, -2),
			 -EINVAL);
	assert_int_equal(thread_create(&t, "x", look_around, NULL, 1000),
			 -EINVAL);
}

/* ---- reference counts ---- */

static void get_and_put(void *arg)
{
	struct counter *c = arg;

	for (int i = 0; i < ROUNDS; i++) {
		if (!refcount_inc_not_zero(&c->refs))
			return;
		refcount_inc(&c->refs);
		inet_assert(!refcount_dec_and_test(&c->refs));
		if (refcount_dec_and_test(&c->refs))
			c->value++;
	}
}

static void references_of_three_threads_one_is_last(void **state)
{
	struct counter c = { 0 };
	struct thread t[2];

	(void)state;
	refcount_init(&c.refs, 1, true);
	for (int i = 0; i < 2; i++)
		start(&t[i], get_and_put, &c);
	if (refcount_dec_and_test(&c.refs))
		__atomic_fetch_add(&c.value, 0, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		thread_join(&t[i]);
	assert_int_equal(refcount_read(&c.refs), 0);
	assert_in_range(c.value, 0, 1);
	assert_false(refcount_inc_not_zero(&c.refs));
}

static void reference_of_one_thread_counts_the_same(void **state)
{
	refcount_t r;

	(void)state;
	refcount_init(&r, 1, false);
	refcount_inc(&r);
	assert_true(refcount_inc_not_zero(&r));
	assert_int_equal(refcount_read(&r), 3);
	assert_false(refcount_dec_and_test(&r));
	assert_false(refcount_dec_and_test(&r));
	assert_true(refcount_dec_and_test(&r));
	assert_int_equal(refcount_read(&r), 0);
	assert_false(refcount_inc_not_zero(&r));
}

static void inc(void *r)
{
	refcount_inc(r);
}

static void dec(void *r)
{
	(void)!refcount_dec_and_test(r);
}

static void inc_not_zero(void *r)
{
	(void)!refcount_inc_not_zero(r);
}

static void reference_out_of_range_aborts(void **state)
{
	refcount_t r;

	(void)state;
	for (int smp = 0; smp < 2; smp++) {
		refcount_init(&r, 0, smp);
		assert_true(aborts(inc, &r));
		assert_true(aborts(dec, &r));
		refcount_init(&r, REFCOUNT_MAX, smp);
		assert_true(aborts(inc, &r));
		assert_true(aborts(inc_not_zero, &r));
		refcount_init(&r, REFCOUNT_MAX - 1, smp);
		assert_false(aborts(inc, &r));
	}
}

/* ---- sequence counters ---- */

struct pair {
	seqcount_t seq;
	u64 a, b;	/* always a * 3 == b */
	bool stop;
};

static void write_pair(void *arg)
{
	struct pair *p = arg;

	for (u64 i = 1; !READ_ONCE(p->stop); i++) {
		write_seqcount_begin(&p->seq);
		WRITE_ONCE(p->a, i);
		WRITE_ONCE(p->b, i * 3);
		write_seqcount_end(&p->seq);
	}
}

static void pair_read_while_written_is_consistent(void **state)
{
	struct pair p = { .stop = false };
	struct thread t;

	(void)state;
	seqcount_init(&p.seq);
	start(&t, write_pair, &p);
	for (int i = 0; i < ROUNDS * 5; i++) {
		u64 a, b;
		u32 seq;

		do {
			seq = read_seqcount_begin(&p.seq);
			a = READ_ONCE(p.a);
			b = READ_ONCE(p.b);
		} while (read_seqcount_retry(&p.seq, seq));
		if (a * 3 != b)
			fail_msg("%llu %llu", (unsigned long long)a,
				 (unsigned long long)b);
	}
	WRITE_ONCE(p.stop, true);
	thread_join(&t);
}

static void pair_written_meanwhile_must_be_read_again(void **state)
{
	seqcount_t s;
	u32 seq;

	(void)state;
	seqcount_init(&s);
	seq = read_seqcount_begin(&s);
	assert_false(read_seqcount_retry(&s, seq));
	write_seqcount_begin(&s);
	assert_true(read_seqcount_retry(&s, seq));
	write_seqcount_end(&s);
	assert_true(read_seqcount_retry(&s, seq));
}

/* ---- rings and lists between threads ---- */

struct pipe {
	struct spsc_ring ring;
	struct llist_head list;
	struct mem mem;
	struct message {
		struct llist_node node;
		int value;	/* plain: handed over by the queue */
	} messages[ROUNDS];
};

static void produce_ring(void *arg)
{
	struct pipe *p = arg;

	for (int i = 0; i < ROUNDS; i++) {
		p->messages[i].value = i;
		while (!spsc_ring_produce(&p->ring, &p->messages[i]))
			thread_yield();
	}
}

static struct pipe *pipe_new(void)
{
	struct pipe *p = aligned_alloc(SMP_CACHE_BYTES, sizeof(*p));

	memset(p, 0, sizeof(*p));
	mem_init(&p->mem, inet_env_default(), false);
	init_llist_head(&p->list);
	assert_int_equal(spsc_ring_init(&p->ring, &p->mem, 64), 0);
	return p;
}

static void pipe_free(struct pipe *p)
{
	spsc_ring_destroy(&p->ring, &p->mem);
	assert_int_equal(mem_destroy(&p->mem), 0);
	free(p);
}

static void ring_between_threads_keeps_order(void **state)
{
	struct pipe *p = pipe_new();
	struct thread t;

	(void)state;
	start(&t, produce_ring, p);
	for (int i = 0; i < ROUNDS; i++) {
		struct message *m;

		while (!(m = spsc_ring_consume(&p->ring)))
			thread_yield();
		assert_int_equal(m->value, i);
	}
	thread_join(&t);
	assert_null(spsc_ring_consume(&p->ring));
	pipe_free(p);
}

static void ring_full_refuses_empty_gives_nothing(void **state)
{
	struct pipe *p = pipe_new();

	(void)state;
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 64; i++)
			assert_true(spsc_ring_produce(&p->ring,
						      &p->messages[i]));
		assert_false(spsc_ring_produce(&p->ring, p));
		for (int i = 0; i < 64; i++)
			assert_ptr_equal(spsc_ring_consume(&p->ring),
					 &p->messages[i]);
		assert_null(spsc_ring_consume(&p->ring));
	}
	pipe_free(p);
}

static void ring_without_memory_fails_clean(void **state)
{
	struct spsc_ring ring;
	struct mem mem;

	(void)state;
	mem_init(&mem, inet_env_default(), false);
	mem_fail_nth(&mem, 1);
	assert_int_equal(spsc_ring_init(&ring, &mem, 64), -ENOMEM);
	spsc_ring_destroy(&ring, &mem);
	assert_int_equal(mem_destroy(&mem), 0);
}

struct half {
	struct pipe *pipe;
	int first;
};

static void produce_list(void *arg)
{
	struct half *h = arg;

	for (int i = h->first; i < ROUNDS; i += 2) {
		h->pipe->messages[i].value = i;
		llist_add(&h->pipe->messages[i].node, &h->pipe->list);
	}
}

/* Two producers; each one's messages arrive once and in its order. */
static void llist_two_producers_none_lost(void **state)
{
	struct pipe *p = pipe_new();
	struct half halves[2] = { { p, 0 }, { p, 1 } };
	int next[2] = { 0, 1 }, seen = 0;
	struct llist_node *pos, *n;
	struct thread t[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		start(&t[i], produce_list, &halves[i]);
	while (seen < ROUNDS) {
		pos = llist_reverse_order(llist_del_all(&p->list));
		if (!pos)
			thread_yield();
		llist_for_each_safe(pos, n, pos) {
			int v = llist_entry(pos, struct message, node)->value;

			assert_int_equal(v, next[v % 2]);
			next[v % 2] += 2;
			seen++;
		}
	}
	for (int i = 0; i < 2; i++)
		thread_join(&t[i]);
	assert_true(llist_empty(&p->list));
	pipe_free(p);
}

static void use_cache(void *arg)
{
	struct kmem_cache *c = arg;
	void *p[16] = { NULL };

	for (int i = 0; i < ROUNDS; i++) {
		kmem_cache_free(c, p[i % 16]);
		p[i % 16] = kmem_cache_alloc(c);
		memset(p[i % 16], i, 48);
	}
	for (int i = 0; i < 16; i++)
		kmem_cache_free(c, p[i]);
}

static void cache_of_two_threads_stays_whole(void **state)
{
	struct kmem_cache *c;
	struct thread t;
	struct mem mem;

	(void)state;
	mem_init(&mem, inet_env_default(), true);
	c = kmem_cache_create(&mem, "shared", 48, 0);
	start(&t, use_cache, c);
	use_cache(c);
	thread_join(&t);
	assert_int_equal(kmem_cache_live(c), 0);
	kmem_cache_destroy(c);
	assert_int_equal(mem_destroy(&mem), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contended_lock_loses_no_count),
		cmocka_unit_test(held_long_waiter_sleeps_and_gets_it),
		cmocka_unit_test(single_threaded_misuse_aborts),
		cmocka_unit_test(two_waiters_alternate_without_lost_wakeup),
		cmocka_unit_test(sleeper_woken_often_costs_one_system_call),
		cmocka_unit_test(waiting_past_deadline_times_out),
		cmocka_unit_test(single_threaded_wait_is_refused),
		cmocka_unit_test(waiting_interrupted_by_signals_goes_on),
		cmocka_unit_test(thread_started_has_name_mask_and_cpu),
		cmocka_unit_test(thread_on_no_cpu_is_refused),
		cmocka_unit_test(references_of_three_threads_one_is_last),
		cmocka_unit_test(reference_of_one_thread_counts_the_same),
		cmocka_unit_test(reference_out_of_range_aborts),
		cmocka_unit_test(pair_read_while_written_is_consistent),
		cmocka_unit_test(pair_written_meanwhile_must_be_read_again),
		cmocka_unit_test(ring_between_threads_keeps_order),
		cmocka_unit_test(ring_full_refuses_empty_gives_nothing),
		cmocka_unit_test(ring_without_memory_fails_clean),
		cmocka_unit_test(llist_two_producers_none_lost),
		cmocka_unit_test(cache_of_two_threads_stays_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
