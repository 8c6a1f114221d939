/* SPDX-License-Identifier: BSD-2-Clause */
/* mem.c: accounts, the armed failure, caches, and what forgetting costs. */
#include "unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/mem.h"
#include "lib/random.h"

/* An environment that counts what it gave and keeps the last log line. */
struct host {
	struct inet_env env;
	size_t bytes;
	size_t objects;
	bool empty;		/* it gives no more */
	int lines;
	char line[256];
};

static void *host_alloc(void *opaque, size_t size, size_t align)
{
	struct host *h = opaque;
	void *p;

	if (h->empty)
		return NULL;
	p = aligned_alloc(align, ALIGN(size, align));
	assert_non_null(p);
	memset(p, 0xa5, size);
	h->bytes += size;
	h->objects++;
	return p;
}

static void host_free(void *opaque, void *p, size_t size)
{
	struct host *h = opaque;

	assert_non_null(p);
	h->bytes -= size;
	h->objects--;
	free(p);
}

static void host_log(void *opaque, int level, const char *line)
{
	struct host *h = opaque;

	assert_int_equal(level, INET_LOG_ERR);
	h->lines++;
	strncpy(h->line, line, sizeof(h->line) - 1);
}

static int setup(void **state)
{
	struct host *h = calloc(1, sizeof(*h));

	h->env = *inet_env_default();
	h->env.opaque = h;
	h->env.alloc = host_alloc;
	h->env.free = host_free;
	h->env.log = host_log;
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static void allocated_freed_counts_return_to_zero(void **state)
{
	struct host *h = *state;
	struct mem mem;
	void *a, *b, *c;

	mem_init(&mem, &h->env, false);
	a = mem_alloc(&mem, 100);
	b = mem_zalloc(&mem, 50);
	c = mem_alloc(&mem, 0);
	assert_non_null(c);
	assert_int_equal(mem.live_bytes, 151);
	assert_int_equal(mem.live_objects, 3);
	assert_int_equal(h->bytes, 151);
	for (int i = 0; i < 50; i++)
		assert_int_equal(((u8 *)b)[i], 0);
	mem_free(&mem, a, 100);
	mem_free(&mem, b, 50);
	mem_free(&mem, c, 0);
	mem_free(&mem, NULL, 7);
	assert_int_equal(mem.peak_bytes, 151);
	assert_int_equal(mem_destroy(&mem), 0);
	assert_int_equal(h->objects, 0);
	assert_int_equal(h->lines, 0);
}

static void aligned_allocation_is_aligned(void **state)
{
	struct host *h = *state;
	struct mem mem;

	mem_init(&mem, &h->env, false);
	for (size_t align = 1; align <= 4096; align *= 2) {
		void *p = mem_alloc_aligned(&mem, 24, align);

		assert_true(IS_ALIGNED((uintptr_t)p, align));
		mem_free(&mem, p, 24);
		p = mem_zalloc(&mem, align);	/* a type is not smaller */
		assert_true(IS_ALIGNED((uintptr_t)p,
				       min_t(size_t, align, SMP_CACHE_BYTES)));
		mem_free(&mem, p, align);
	}
	assert_int_equal(mem_destroy(&mem), 0);
}

static void calloc_that_overflows_fails(void **state)
{
	struct host *h = *state;
	struct mem mem;
	void *p;

	mem_init(&mem, &h->env, false);
	assert_null(mem_calloc(&mem, SIZE_MAX / 2, 3));
	p = mem_calloc(&mem, 3, 7);
	assert_int_equal(mem.live_bytes, 21);
	mem_free(&mem, p, 21);
}

static void host_without_memory_nothing_counted(void **state)
{
	struct host *h = *state;
	struct kmem_cache *c;
	struct mem mem;

	mem_init(&mem, &h->env, false);
	c = kmem_cache_create(&mem, "thing", 40, 0);
	h->empty = true;
	assert_null(mem_alloc(&mem, 10));
	assert_null(kmem_cache_alloc(c));
	assert_null(kmem_cache_zalloc(c));
	assert_null(kmem_cache_create(&mem, "other", 40, 0));
	assert_int_equal(kmem_cache_live(c), 0);
	h->empty = false;
	kmem_cache_destroy(c);
	assert_int_equal(mem_destroy(&mem), 0);
}

static void forgotten_memory_is_reported(void **state)
{
	struct host *h = *state;
	struct mem mem;
	void *p;

	mem_init(&mem, &h->env, false);
	p = mem_alloc(&mem, 33);
	assert_int_equal(mem_destroy(&mem), 1);
	assert_string_equal(h->line, "leak: 33 bytes in 1 allocations");
	mem_free(&mem, p, 33);
}

static void armed_nth_allocation_fails_once(void **state)
{
	struct host *h = *state;
	struct kmem_cache *c;
	struct mem mem;
	void *p[4];

	mem_init(&mem, &h->env, false);
	c = kmem_cache_create(&mem, "thing", 40, 0);
	for (u64 n = 1; n <= 4; n++) {
		mem_fail_nth(&mem, n);
		assert_false(mem_failed(&mem));
		for (u64 i = 0; i < 4; i++) {
			p[i] = i % 2 ? kmem_cache_alloc(c) : mem_alloc(&mem, 8);
			assert_int_equal(p[i] == NULL, i == n - 1);
		}
		assert_true(mem_failed(&mem));
		for (u64 i = 0; i < 4; i++) {
			if (i % 2)
				kmem_cache_free(c, p[i]);
			else
				mem_free(&mem, p[i], 8);
		}
	}
	mem_fail_nth(&mem, 1);
	mem_fail_nth(&mem, 0);
	assert_false(mem_failed(&mem));
	p[0] = mem_alloc(&mem, 8);
	assert_non_null(p[0]);
	mem_free(&mem, p[0], 8);
	kmem_cache_destroy(c);
	assert_int_equal(mem_destroy(&mem), 0);
}

static void armed_cache_creation_fails_clean(void **state)
{
	struct host *h = *state;
	struct mem mem;

	mem_init(&mem, &h->env, false);
	mem_fail_nth(&mem, 1);
	assert_null(kmem_cache_create(&mem, "thing", 40, 0));
	assert_int_equal(h->objects, 0);
	kmem_cache_destroy(NULL);
}

/* Objects do not overlap, are aligned, and keep what is written. */
static void cache_random_use_keeps_contents(void **state)
{
	struct host *h = *state;
	static const size_t sizes[] = { 1, 8, 40, 200, 3000, 40000 };
	struct rnd_state rnd;
	struct mem mem;

	mem_init(&mem, &h->env, false);
	prandom_seed_state(&rnd, 13);
	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
		size_t align = s % 2 ? 64 : 0, size = sizes[s];
		struct kmem_cache *c =
			kmem_cache_create(&mem, "thing", size, align);
		u8 *p[100] = { NULL };
		size_t live = 0;

		for (int op = 0; op < 2000; op++) {
			u32 i = prandom_u32_below(&rnd, 100);

			if (p[i]) {
				assert_int_equal(p[i][0], i);
				assert_int_equal(p[i][size - 1], i);
				kmem_cache_free(c, p[i]);
				p[i] = NULL;
				live--;
			} else {
				p[i] = kmem_cache_zalloc(c);
				assert_true(IS_ALIGNED((uintptr_t)p[i],
						       align ? align : 16));
				assert_int_equal(p[i][size / 2], 0);
				memset(p[i], (int)i, size);
				live++;
			}
			assert_int_equal(kmem_cache_live(c), live);
		}
		for (int i = 0; i < 100; i++)
			kmem_cache_free(c, p[i]);
		kmem_cache_destroy(c);
		assert_int_equal(h->objects, 0);
	}
}

#if !INET_ASAN && !INET_TSAN
/* 1,000 objects of 64 bytes are 4 slabs, and freeing makes room. */
static void cache_grows_by_slabs_and_reuses(void **state)
{
	struct host *h = *state;
	struct kmem_cache *c;
	struct mem mem;
	void *p[1000];

	mem_init(&mem, &h->env, false);
	c = kmem_cache_create(&mem, "thing", 64, 64);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 1000; i++)
			p[i] = kmem_cache_alloc(c);
		assert_int_equal(h->objects, 1 + 4);
		assert_in_range(h->bytes, 64000, 4 * 16384 + 1024);
		for (int i = 0; i < 1000; i++)
			kmem_cache_free(c, p[i]);
	}
	kmem_cache_destroy(c);
	assert_int_equal(mem_destroy(&mem), 0);
}
#endif

static void destroy(void *cache)
{
	kmem_cache_destroy(cache);
}

static void cache_destroyed_with_live_object_aborts(void **state)
{
	struct host *h = *state;
	struct kmem_cache *c;
	struct mem mem;
	void *p;

	mem_init(&mem, &h->env, false);
	c = kmem_cache_create(&mem, "thing", 64, 0);
	p = kmem_cache_alloc(c);
	assert_true(aborts(destroy, c));
	assert_int_not_equal(mem_destroy(&mem), 0);
	assert_int_equal(h->lines, 2);	/* the cache by name, then the sum */
	kmem_cache_free(c, p);
	assert_false(aborts(destroy, c));
	kmem_cache_destroy(c);
}

#if !INET_ASAN && !INET_TSAN
/* What two threads are handed lies pages apart, and comes back to the one that
 * it was handed to, whoever frees it. */
static void homes_share_no_slab(void **state)
{
	struct host *h = *state;
	uintptr_t slab[2], at;
	struct kmem_cache *c;
	void *p[2][8], *q;
	struct mem mem;

	mem_init(&mem, &h->env, false);
	mem.nr_homes = 2;
	c = kmem_cache_create(&mem, "thing", 64, 64);
	for (u32 i = 0; i < 8; i++) {
		for (mem_home = 0; mem_home < 2; mem_home++) {
			p[mem_home][i] = kmem_cache_alloc(c);
			at = (uintptr_t)p[mem_home][i] / 16384;
			if (!i)
				slab[mem_home] = at;
			assert_int_equal(at, slab[mem_home]);
		}
	}
	assert_int_not_equal(slab[0], slab[1]);
	mem_home = 1;
	kmem_cache_free(c, p[0][3]);
	q = kmem_cache_alloc(c);
	assert_int_equal((uintptr_t)q / 16384, slab[1]);
	kmem_cache_free(c, q);
	mem_home = 7;			/* there are not so many */
	assert_ptr_equal(kmem_cache_alloc(c), p[0][3]);
	mem_home = 0;
	assert_int_equal(kmem_cache_live(c), 16);
	kmem_cache_free_bulk(c, 8, p[0]);
	kmem_cache_free_bulk(c, 8, p[1]);
	assert_int_equal(kmem_cache_live(c), 0);
	kmem_cache_destroy(c);
	assert_int_equal(mem_destroy(&mem), 0);
}
#endif

static void many_objects_are_one_allocation(void **state)
{
	struct host *h = *state;
	struct kmem_cache *c;
	struct mem mem;
	void *p[40];

	mem_init(&mem, &h->env, false);
	c = kmem_cache_create(&mem, "thing", 1000, 0);
	mem_fail_nth(&mem, 2);
	assert_int_equal(kmem_cache_alloc_bulk(c, 40, p), 40);
	assert_int_equal(kmem_cache_live(c), 40);
	for (u32 i = 0; i < 40; i++)
		memset(p[i], (int)i, 1000);
	for (u32 i = 0; i < 40; i++)
		assert_int_equal(((u8 *)p[i])[999], i);
	kmem_cache_free_bulk(c, 40, p);
	assert_int_equal(kmem_cache_alloc_bulk(c, 40, p), 0);
	assert_true(mem_failed(&mem));
	assert_int_equal(kmem_cache_live(c), 0);
	kmem_cache_destroy(c);
	assert_int_equal(mem_destroy(&mem), 0);
}

/* Is anything of our memory at @p? A call that takes an address would have to be
 * told one that is nobody's, which valgrind objects to. */
static bool is_mapped(const void *p, size_t len)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	uintptr_t first, end, at = (uintptr_t)p;
	bool found = false;
	char line[512];

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &first, &end) == 2)
			found |= first < at + len && at < end;
	}
	fclose(maps);
	return found;
}

/* Whole huge pages begin at their border, and are given back as a whole; what only
 * has their length is as good. */
static void huge_pages_come_and_go(void **state)
{
	const struct inet_env *env = inet_env_default();
	const size_t huge = 2u << 20;

	(void)state;
	for (size_t n = 1; n <= 4; n++) {
		u8 *p = env->alloc(env->opaque, n * huge, huge);
		u8 *other = env->alloc(env->opaque, n * huge, 4096);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % huge, 0);
		memset(p, 0x5a, n * huge);
		memset(other, 0xa5, n * huge);
		assert_true(is_mapped(p, n * huge));
		env->free(env->opaque, p, n * huge);
		assert_false(is_mapped(p, n * huge));
		assert_int_equal(other[n * huge - 1], 0xa5);
		env->free(env->opaque, other, n * huge);
	}
}

#define C(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(huge_pages_come_and_go),
		C(allocated_freed_counts_return_to_zero),
		C(aligned_allocation_is_aligned),
		C(calloc_that_overflows_fails),
		C(host_without_memory_nothing_counted),
		C(forgotten_memory_is_reported),
		C(armed_nth_allocation_fails_once),
		C(armed_cache_creation_fails_clean),
		C(cache_random_use_keeps_contents),
#if !INET_ASAN && !INET_TSAN
		C(cache_grows_by_slabs_and_reuses),
		C(homes_share_no_slab),
#endif
		C(many_objects_are_one_allocation),
		C(cache_destroyed_with_live_object_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
