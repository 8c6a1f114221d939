/* SPDX-License-Identifier: BSD-2-Clause */
/* VFIO: what is asked of the kernel, and what becomes of its refusals. The kernel
 * is that of tests/lib/igb_model.h. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#include "igb_model.h"

#define GIB (1ull << 30)

struct bench {
	struct vfio_device v;
	struct igb_model *m;
	struct vfio_ops ops;	/* a copy, to be bent */
};

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	b->m = igb_model_new();
	b->ops = igb_model_ops;
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	vfio_close(&b->v);
	igb_model_free(b->m);
	free(b);
	return 0;
}

static int open_bench(struct bench *b)
{
	return vfio_open(&b->v, &b->ops, b->m, IGB_MODEL_BDF, IGB_BAR_SIZE);
}

static void assert_open(struct bench *b)
{
	if (open_bench(b))
		fail_msg("%s", b->v.why);
}

/* It fails so, says so, and nothing is open. */
static void assert_refused(struct bench *b, int err, const char *why)
{
	assert_int_equal(open_bench(b), err);
	if (!strstr(b->v.why, why))
		fail_msg("'%s' does not say '%s'", b->v.why, why);
	assert_int_equal(b->m->open_container + b->m->open_group +
			 b->m->open_device, 0);
}

/* ---- opening ---------------------------------------------------------- */

static void device_that_is_ours_opens_and_closes(void **state)
{
	struct bench *b = *state;

	for (u32 i = 0; i < 3; i++) {
		assert_open(b);
		assert_int_equal(b->v.nr_vectors, 10);
		assert_int_equal(b->v.group, 7);
		vfio_close(&b->v);
		vfio_close(&b->v);
		assert_int_equal(b->m->open_device, 0);
	}
}

static void address_that_is_none_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "eth0", "01:00.0", "0000:01:00", "0000:01:00.00",
		"0000:01:00.0/", "../../01:00.0", "0000:0G:00.0",
		"0000-01-00.0",
	};
	struct bench *b = *state;

	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(vfio_open(&b->v, &b->ops, b->m, bad[i],
					   IGB_BAR_SIZE), -EINVAL);
		assert_non_null(strstr(b->v.why, "is no PCI address"));
		assert_int_equal(b->m->nr_calls, 0);
	}
}

static void device_that_is_not_there_is_refused(void **state)
{
	struct bench *b = *state;

	assert_int_equal(vfio_open(&b->v, &b->ops, b->m, "0000:02:00.0",
				   IGB_BAR_SIZE), -ENODEV);
	assert_non_null(strstr(b->v.why, "there is no such PCI device"));
}

static void device_of_another_driver_is_refused(void **state)
{
	struct bench *b = *state;

	b->m->not_bound = true;
	assert_refused(b, -ENODEV, "not bound to vfio-pci");
}

static void group_that_is_in_use_is_refused(void **state)
{
	struct bench *b = *state;

	b->m->busy = true;
	assert_refused(b, -EBUSY, "another process has it");
}

static void group_with_drivers_of_the_kernel_is_refused(void **state)
{
	struct bench *b = *state;

	b->m->not_viable = true;
	assert_refused(b, -EBUSY, "other devices of its IOMMU group 7");
}

static void mode_without_an_iommu_is_refused(void **state)
{
	struct bench *b = *state;

	b->m->noiommu = true;
	assert_refused(b, -EOPNOTSUPP, "without an IOMMU");
}

/* Each call fails in turn, until none is left that could. */
static void each_call_that_fails_leaves_nothing_open(void **state)
{
	struct bench *b = *state;
	u32 n;

	for (n = 1; n < 100; n++) {
		b->m->fail_nth = n;
		if (!open_bench(b))
			break;
		assert_true(b->v.why[0]);
		assert_int_equal(b->m->open_container + b->m->open_group +
				 b->m->open_device, 0);
		assert_int_equal(b->m->fail_nth, 0);
	}
	assert_in_range(n, 10, 99);
}

static void refusal_of_a_group_names_the_remedy(void **state)
{
	static const struct {
		int err;
		const char *why;
	} rows[] = {
		{ EACCES, "belongs to somebody else" },
		{ EBUSY, "another process has it" },
	};
	struct bench *b = *state;

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		b->m->fail_nth = 4;	/* three links, then the group */
		b->m->fail_errno = rows[i].err;
		assert_refused(b, -rows[i].err, rows[i].why);
	}
}

/* ---- what the kernel says --------------------------------------------- */

/* An answer that is bent: of regions, or of the IOMMU. */
static int bend;
enum { HONEST, TOO_LONG, LOOP, OUTSIDE, UNALIGNED, TOO_MANY, SMALL, HUGE_BAR,
       NO_WRITE, NO_PCI };

static void bend_caps(u32 *argsz, u32 *cap_offset, u8 *answer)
{
	struct vfio_info_cap_header *cap = (void *)(answer + *cap_offset);

	if (bend == TOO_LONG)
		*argsz = 100000;
	else if (bend == OUTSIDE)
		*cap_offset = *argsz - 4;
	else if (bend == UNALIGNED)
		*cap_offset += 4;
	else if (*argsz >= *cap_offset + sizeof(*cap) && bend == LOOP)
		cap->next = *cap_offset;
}

static int bent_ioctl(void *opaque, int fd, unsigned long request, void *arg)
{
	int ret = igb_model_ops.ioctl(opaque, fd, request, arg);
	struct vfio_iommu_type1_info *iommu = arg;
	struct vfio_region_info *region = arg;
	struct vfio_device_info *device = arg;

	if (request == VFIO_IOMMU_GET_INFO) {
		bend_caps(&iommu->argsz, &iommu->cap_offset, arg);
		if (bend == TOO_MANY)
			((struct vfio_iommu_type1_info_cap_iova_range *)
			 ((u8 *)arg + iommu->cap_offset))->nr_iovas = U32_MAX;
	}
	if (request == VFIO_DEVICE_GET_REGION_INFO) {
		if (bend == SMALL)
			region->size = 64;
		if (bend == HUGE_BAR)
			region->size = 1ull << 40;
		if (bend == NO_WRITE)
			region->flags = VFIO_REGION_INFO_FLAG_READ;
	}
	if (request == VFIO_DEVICE_GET_INFO && bend == NO_PCI)
		device->flags = VFIO_DEVICE_FLAGS_PLATFORM;
	return ret;
}

static void answer_that_is_too_long_is_refused(void **state)
{
	struct bench *b = *state;

	b->ops.ioctl = bent_ioctl;
	bend = TOO_LONG;
	assert_refused(b, -EOVERFLOW, "IOMMU");
}

/* The walk ends, whatever the links say; without ranges the lower ones hold. */
static void capabilities_that_lie_are_passed_over(void **state)
{
	static const int bends[] = { LOOP, OUTSIDE, UNALIGNED, TOO_MANY };
	struct bench *b = *state;
	u64 iova;

	b->ops.ioctl = bent_ioctl;
	for (u32 i = 0; i < ARRAY_SIZE(bends); i++) {
		bend = bends[i];
		assert_open(b);
		assert_in_range(b->v.nr_ranges, 1, 3);
		assert_int_equal(vfio_dma_map(&b->v, (void *)4096, 4096, &iova),
				 0);
		vfio_close(&b->v);
	}
}

/* More than are kept. */
static void ranges_beyond_the_table_are_passed_over(void **state)
{
	struct bench *b = *state;

	b->m->many_ranges = true;
	assert_open(b);
	assert_int_equal(b->v.nr_ranges, VFIO_MAX_RANGES);
	assert_int_equal(b->v.nr_maps, 0);
}

static void region_that_no_card_has_is_refused(void **state)
{
	static const int bends[] = { SMALL, HUGE_BAR, NO_WRITE };
	struct bench *b = *state;

	b->ops.ioctl = bent_ioctl;
	for (u32 i = 0; i < ARRAY_SIZE(bends); i++) {
		bend = bends[i];
		b->ops.ioctl = bent_ioctl;
		assert_refused(b, -ENXIO, "is not what a card of this kind has");
	}
	bend = NO_PCI;
	assert_refused(b, -ENXIO, "it is no PCI device");
}

/* ---- registers -------------------------------------------------------- */

static void registers_are_read_and_written_by_calls(void **state)
{
	struct bench *b = *state;

	assert_open(b);
	assert_null(b->v.bar.map);
	vfio_write32(&b->v, E1000_VET, 0x12345678);
	assert_int_equal(b->m->regs[E1000_VET / 4], 0x12345678);
	assert_int_equal(vfio_read32(&b->v, E1000_VET), 0x12345678);
}

static void registers_that_are_mapped_are_memory(void **state)
{
	struct bench *b = *state;
	u32 calls;

	b->m->can_mmap = true;
	assert_open(b);
	calls = b->m->nr_calls;
	vfio_write32(&b->v, 0x1fffc, 0x12345678);
	assert_int_equal(vfio_read32(&b->v, 0x1fffc), 0x12345678);
	assert_memory_equal(b->m->bar + 0x1fffc, "\x78\x56\x34\x12", 4);
	assert_int_equal(b->m->nr_calls, calls);
}

/* The longest area is mapped, the rest is reached by calls. */
static void sparse_region_is_memory_in_part(void **state)
{
	struct bench *b = *state;
	u32 calls;

	b->m->sparse = true;
	assert_open(b);
	assert_int_equal(b->v.bar.map_from, 0x4000);
	assert_int_equal(b->v.bar.map_len, 0x1c000);
	calls = b->m->nr_calls;
	vfio_write32(&b->v, 0x4000, 1);
	vfio_write32(&b->v, 0x1fffc, 2);
	assert_int_equal(b->m->nr_calls, calls);
	assert_int_equal(b->m->bar[0], 1);
	vfio_write32(&b->v, 0x3ffc, 3);
	vfio_write32(&b->v, E1000_VET, 4);
	assert_int_equal(b->m->nr_calls, calls + 2);
	assert_int_equal(b->m->regs[0x3ffc / 4], 3);
}

static void register_outside_reads_as_ones(void **state)
{
	struct bench *b = *state;

	assert_open(b);
	assert_int_equal(vfio_read32(&b->v, IGB_BAR_SIZE), U32_MAX);
	assert_int_equal(vfio_read32(&b->v, IGB_BAR_SIZE - 2), U32_MAX);
	vfio_write32(&b->v, IGB_BAR_SIZE, 1);
	b->m->gone = true;
	assert_int_equal(vfio_read32(&b->v, E1000_STATUS), U32_MAX);
}

static void configuration_is_little_endian_of_any_width(void **state)
{
	struct bench *b = *state;
	u32 value;

	assert_open(b);
	assert_int_equal(vfio_config_read(&b->v, PCI_VENDOR_ID, 4, &value), 0);
	assert_int_equal(value, 0x10c98086);
	assert_int_equal(vfio_config_write(&b->v, 0x40, 2, 0xabcd), 0);
	assert_int_equal(vfio_config_read(&b->v, 0x41, 1, &value), 0);
	assert_int_equal(value, 0xab);
}

static void bus_master_is_set_and_lost_by_a_reset(void **state)
{
	struct bench *b = *state;

	assert_open(b);
	assert_false(b->m->config[PCI_COMMAND] & PCI_COMMAND_MASTER);
	assert_int_equal(vfio_set_master(&b->v, true), 0);
	assert_true(b->m->config[PCI_COMMAND] & PCI_COMMAND_MASTER);
	assert_int_equal(vfio_reset(&b->v), 0);
	assert_false(b->m->config[PCI_COMMAND] & PCI_COMMAND_MASTER);
	assert_int_equal(vfio_set_master(&b->v, true), 0);
	assert_int_equal(vfio_set_master(&b->v, false), 0);
	assert_false(b->m->config[PCI_COMMAND] & PCI_COMMAND_MASTER);
	assert_true(b->m->config[PCI_COMMAND] & PCI_COMMAND_MEMORY);
}

/* ---- memory ----------------------------------------------------------- */

static void mappings_do_not_meet_each_other_or_the_messages(void **state)
{
	struct bench *b = *state;
	u64 iova[4], len[4] = { 4096, 2 * GIB, 3 * GIB, 4096 };

	assert_open(b);
	for (u32 i = 0; i < 4; i++) {
		assert_int_equal(vfio_dma_map(&b->v, (void *)4096, len[i],
					      &iova[i]), 0);
		assert_true(iova[i] >= 4096 && iova[i] % (2 << 20) == 0);
		if (i)
			assert_true(iova[i] >= iova[i - 1] + len[i - 1]);
	}
	assert_true(iova[2] > 0xfeefffff);	/* did not fit below */
	assert_int_equal(b->m->nr_maps, 4);
}

static void kernel_without_ranges_gets_low_addresses(void **state)
{
	struct bench *b = *state;
	u64 iova;

	b->m->no_caps = true;
	assert_open(b);
	assert_int_equal(vfio_dma_map(&b->v, (void *)4096, GIB, &iova), 0);
	assert_true(iova + GIB <= 0xfee00000);
	assert_int_equal(vfio_dma_map(&b->v, (void *)4096, 4 * GIB, &iova),
			 -ENOSPC);
	assert_non_null(strstr(b->v.why, "no room"));
}

static void mappings_have_an_end(void **state)
{
	struct bench *b = *state;
	u64 iova;

	assert_open(b);
	for (u32 i = 0; i < VFIO_MAX_MAPS; i++)
		assert_int_equal(vfio_dma_map(&b->v, (void *)4096, 4096, &iova),
				 0);
	assert_int_equal(vfio_dma_map(&b->v, (void *)4096, 4096, &iova),
			 -ENOSPC);
}

static void memory_that_cannot_be_locked_names_the_remedy(void **state)
{
	struct bench *b = *state;
	u64 iova;

	assert_open(b);
	b->m->fail_nth = 1;
	b->m->fail_errno = ENOMEM;
	assert_int_equal(vfio_dma_map(&b->v, (void *)4096, 4096, &iova),
			 -ENOMEM);
	assert_non_null(strstr(b->v.why, "ulimit -l"));
	assert_int_equal(b->v.nr_maps, 0);
}

/* ---- interrupts ------------------------------------------------------- */

static void each_vector_has_its_descriptor(void **state)
{
	struct bench *b = *state;
	int fds[10];
	u64 n;

	assert_open(b);
	for (u32 i = 0; i < 10; i++)
		fds[i] = eventfd(0, EFD_NONBLOCK);
	assert_int_equal(vfio_msix_enable(&b->v, fds, 10), 0);
	for (u32 i = 0; i < 10; i++) {
		igb_model_fire(b->m, i);
		for (u32 k = 0; k < 10; k++)
			assert_int_equal(read(fds[k], &n, sizeof(n)),
					 k == i ? 8 : -1);
	}
	vfio_close(&b->v);
	assert_int_equal(b->m->nr_armed, 0);
	for (u32 i = 0; i < 10; i++)
		close(fds[i]);
}

static void more_vectors_than_there_are_is_refused(void **state)
{
	struct bench *b = *state;
	int fds[11] = { 0 };

	assert_open(b);
	assert_int_equal(vfio_msix_enable(&b->v, fds, 11), -EINVAL);
	assert_int_equal(vfio_msix_enable(&b->v, fds, 0), -EINVAL);
	assert_non_null(strstr(b->v.why, "interrupts"));
	assert_int_equal(b->m->nr_armed, 0);
}

static void notices_come_by_their_descriptors(void **state)
{
	struct bench *b = *state;
	int error, request;
	u64 n;

	assert_open(b);
	error = eventfd(0, EFD_NONBLOCK);
	request = eventfd(0, EFD_NONBLOCK);
	assert_int_equal(vfio_notify(&b->v, VFIO_NOTICE_ERROR, error), 0);
	assert_int_equal(vfio_notify(&b->v, VFIO_NOTICE_REQUEST, request), 0);
	igb_model_notice(b->m, VFIO_NOTICE_REQUEST);
	assert_int_equal(read(error, &n, sizeof(n)), -1);
	assert_int_equal(read(request, &n, sizeof(n)), 8);
	igb_model_notice(b->m, VFIO_NOTICE_ERROR);
	assert_int_equal(read(error, &n, sizeof(n)), 8);
	close(error);
	close(request);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(device_that_is_ours_opens_and_closes),
		CASE(address_that_is_none_is_refused),
		CASE(device_that_is_not_there_is_refused),
		CASE(device_of_another_driver_is_refused),
		CASE(group_that_is_in_use_is_refused),
		CASE(group_with_drivers_of_the_kernel_is_refused),
		CASE(mode_without_an_iommu_is_refused),
		CASE(each_call_that_fails_leaves_nothing_open),
		CASE(refusal_of_a_group_names_the_remedy),
		CASE(answer_that_is_too_long_is_refused),
		CASE(capabilities_that_lie_are_passed_over),
		CASE(ranges_beyond_the_table_are_passed_over),
		CASE(region_that_no_card_has_is_refused),
		CASE(registers_are_read_and_written_by_calls),
		CASE(registers_that_are_mapped_are_memory),
		CASE(sparse_region_is_memory_in_part),
		CASE(register_outside_reads_as_ones),
		CASE(configuration_is_little_endian_of_any_width),
		CASE(bus_master_is_set_and_lost_by_a_reset),
		CASE(mappings_do_not_meet_each_other_or_the_messages),
		CASE(kernel_without_ranges_gets_low_addresses),
		CASE(mappings_have_an_end),
		CASE(memory_that_cannot_be_locked_names_the_remedy),
		CASE(each_vector_has_its_descriptor),
		CASE(more_vectors_than_there_are_is_refused),
		CASE(notices_come_by_their_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
