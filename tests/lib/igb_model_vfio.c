/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's side of igb_model.h: files, ioctls, regions, interrupts. */
#include "igb_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#define CONTAINER 9001
#define GROUP 9002
#define DEVICE 9003
#define NOIOMMU 9004
#define CONFIG_OFFSET (7ull << 40)
#define GROUP_NUMBER "7"
#define CAPS_AT 64u		/* in an answer */

/* One more call. Return: whether it is to fail; errno says how. */
static bool fails(struct igb_model *m)
{
	__atomic_fetch_add(&m->nr_calls, 1, __ATOMIC_RELAXED);
	if (!m->fail_nth || --m->fail_nth)
		return false;
	m->has_failed = true;
	errno = m->fail_errno ? m->fail_errno : EIO;
	return true;
}

static int no(int err)
{
	errno = err;
	return -1;
}

/* ---- files ------------------------------------------------------------ */

static int model_open(void *opaque, const char *path)
{
	struct igb_model *m = opaque;

	if (fails(m))
		return -1;
	if (!strcmp(path, "/dev/vfio/vfio")) {
		m->open_container++;
		return CONTAINER;
	}
	if (!strcmp(path, "/dev/vfio/noiommu-" GROUP_NUMBER) && m->noiommu)
		return NOIOMMU;
	if (strcmp(path, "/dev/vfio/" GROUP_NUMBER) || m->noiommu)
		return no(ENOENT);
	if (m->busy)
		return no(EBUSY);
	m->open_group++;
	return GROUP;
}

/* A device that nobody has is reset. */
static int model_close(void *opaque, int fd)
{
	struct igb_model *m = opaque;

	pthread_mutex_lock(&m->lock);
	if (fd == CONTAINER) {
		m->open_container--;
		m->nr_maps = 0;
	} else if (fd == GROUP) {
		m->open_group--;
	} else if (fd == DEVICE) {
		m->open_device--;
		m->nr_armed = 0;
		m->notice_fd[0] = m->notice_fd[1] = -1;
		m->config[PCI_COMMAND] = PCI_COMMAND_MEMORY;
		igb_model_reset(m);
	} else if (fd != NOIOMMU) {
		igb_model_violation(m, "close of %d", fd);
	}
	pthread_mutex_unlock(&m->lock);
	return 0;
}

static ssize_t model_readlink(void *opaque, const char *path, char *buf,
			      size_t size)
{
	static const char device[] = "/sys/bus/pci/devices/" IGB_MODEL_BDF;
	struct igb_model *m = opaque;
	const char *rest = path + sizeof(device) - 1, *target;

	if (fails(m))
		return -1;
	if (strncmp(path, device, sizeof(device) - 1) != 0)
		return no(ENOENT);
	if (!rest[0])
		target = "../../../devices/pci0000:00/" IGB_MODEL_BDF;
	else if (!strcmp(rest, "/driver"))
		target = m->not_bound ? "../../../bus/pci/drivers/igb" :
					"../../../bus/pci/drivers/vfio-pci";
	else if (!strcmp(rest, "/iommu_group"))
		target = "../../../kernel/iommu_groups/" GROUP_NUMBER;
	else
		return no(ENOENT);
	snprintf(buf, size, "%s", target);
	return (ssize_t)strlen(target);
}

/* ---- container -------------------------------------------------------- */

/* The ranges that an IOMMU of Intel translates, behind the structure. */
static int iommu_info(struct igb_model *m, struct vfio_iommu_type1_info *info)
{
	union {
		struct vfio_iommu_type1_info info;
		u8 bytes[CAPS_AT + 512];
	} all = { .info = { .argsz = CAPS_AT + (m->many_ranges ? 512 : 64),
			    .flags = VFIO_IOMMU_INFO_PGSIZES |
				     VFIO_IOMMU_INFO_CAPS,
			    .iova_pgsizes = 4096, .cap_offset = CAPS_AT } };
	struct vfio_iommu_type1_info_cap_iova_range *cap =
		(void *)(all.bytes + CAPS_AT);
	u32 size = info->argsz;

	cap->header.id = VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE;
	cap->nr_iovas = m->many_ranges ? 30 : 2;
	cap->iova_ranges[0].end = 0xfedfffff;
	cap->iova_ranges[1].start = 0xfef00000;
	cap->iova_ranges[1].end = (1ull << 48) - 1;
	if (m->no_caps) {
		all.info.argsz = sizeof(all.info);
		all.info.flags = VFIO_IOMMU_INFO_PGSIZES;
	}
	memcpy(info, &all, min_t(size_t, size, all.info.argsz));
	return 0;
}

static int map_dma(struct igb_model *m,
		   const struct vfio_iommu_type1_dma_map *map)
{
	if (map->iova % 4096 || map->vaddr % 4096 || map->size % 4096 ||
	    !map->size || m->nr_maps == IGB_MODEL_MAPS ||
	    (map->iova <= 0xfeefffff && map->iova + map->size > 0xfee00000))
		return no(EINVAL);
	for (u32 i = 0; i < m->nr_maps; i++)
		if (map->iova < m->maps[i].iova + m->maps[i].len &&
		    m->maps[i].iova < map->iova + map->size)
			return no(EEXIST);
	m->maps[m->nr_maps++] = (struct vfio_map){
		.p = (void *)(uintptr_t)map->vaddr, .len = map->size,
		.iova = map->iova,
	};
	return 0;
}

static int container_ioctl(struct igb_model *m, unsigned long request,
			   void *arg)
{
	switch (request) {
	case VFIO_GET_API_VERSION:
		return VFIO_API_VERSION;
	case VFIO_CHECK_EXTENSION:
		return (uintptr_t)arg == VFIO_TYPE1v2_IOMMU;
	case VFIO_SET_IOMMU:
		return (uintptr_t)arg == VFIO_TYPE1v2_IOMMU ? 0 : no(EINVAL);
	case VFIO_IOMMU_GET_INFO:
		return iommu_info(m, arg);
	case VFIO_IOMMU_MAP_DMA:
		return map_dma(m, arg);
	default:
		return no(ENOTTY);
	}
}

/* ---- group and device ------------------------------------------------- */

static int group_ioctl(struct igb_model *m, unsigned long request, void *arg)
{
	struct vfio_group_status *status = arg;

	switch (request) {
	case VFIO_GROUP_GET_STATUS:
		status->flags = m->not_viable ? 0 : VFIO_GROUP_FLAGS_VIABLE;
		return 0;
	case VFIO_GROUP_SET_CONTAINER:
		return *(int *)arg == CONTAINER ? 0 : no(EBADF);
	case VFIO_GROUP_GET_DEVICE_FD:
		if (strcmp(arg, IGB_MODEL_BDF) != 0)
			return no(ENODEV);
		m->open_device++;
		return DEVICE;
	default:
		return no(ENOTTY);
	}
}

/* BAR 0, of which perhaps only two parts may be mapped. */
static int bar_info(struct igb_model *m, struct vfio_region_info *info)
{
	union {
		struct vfio_region_info info;
		u8 bytes[CAPS_AT + 64];
	} all = { .info = { .argsz = sizeof(all.info), .size = IGB_BAR_SIZE,
			    .flags = VFIO_REGION_INFO_FLAG_READ |
				     VFIO_REGION_INFO_FLAG_WRITE } };
	struct vfio_region_info_cap_sparse_mmap *cap =
		(void *)(all.bytes + CAPS_AT);
	u32 size = info->argsz;

	cap->header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
	cap->nr_areas = 2;
	cap->areas[0].offset = 0x4000;
	cap->areas[0].size = 0x1c000;
	cap->areas[1].offset = 0x1000;
	cap->areas[1].size = 0x1000;
	if (m->can_mmap || m->sparse)
		all.info.flags |= VFIO_REGION_INFO_FLAG_MMAP;
	if (m->sparse) {
		all.info.argsz = sizeof(all);
		all.info.flags |= VFIO_REGION_INFO_FLAG_CAPS;
		all.info.cap_offset = CAPS_AT;
	}
	memcpy(info, &all, min_t(size_t, size, all.info.argsz));
	return 0;
}

static int region_info(struct igb_model *m, struct vfio_region_info *info)
{
	if (info->index == VFIO_PCI_BAR0_REGION_INDEX)
		return bar_info(m, info);
	if (info->index != VFIO_PCI_CONFIG_REGION_INDEX)
		return no(EINVAL);
	info->argsz = sizeof(*info);
	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	info->size = sizeof(m->config);
	info->offset = CONFIG_OFFSET;
	return 0;
}

static int irq_info(struct igb_model *m, struct vfio_irq_info *info)
{
	info->flags = VFIO_IRQ_INFO_EVENTFD;
	if (info->index == VFIO_PCI_MSIX_IRQ_INDEX)
		info->count = m->nr_vectors;
	else
		info->count = info->index >= VFIO_PCI_ERR_IRQ_INDEX &&
			      !m->no_notices;
	return 0;
}

/* All vectors of MSI-X at once, or none; a notice. */
static int set_irqs(struct igb_model *m, const struct vfio_irq_set *set)
{
	const int *fds = (const void *)set->data;

	if (set->start || !(set->flags & VFIO_IRQ_SET_ACTION_TRIGGER))
		return no(EINVAL);
	if (set->index == VFIO_PCI_MSIX_IRQ_INDEX) {
		if (set->count > m->nr_vectors ||
		    (set->count && m->nr_armed))
			return no(EINVAL);
		memcpy(m->vector_fd, fds, set->count * sizeof(*fds));
		m->nr_armed = set->count;
		return 0;
	}
	if (set->index < VFIO_PCI_ERR_IRQ_INDEX || set->count != 1)
		return no(EINVAL);
	m->notice_fd[set->index - VFIO_PCI_ERR_IRQ_INDEX] = fds[0];
	return 0;
}

static int device_ioctl(struct igb_model *m, unsigned long request, void *arg)
{
	struct vfio_device_info *info = arg;

	switch (request) {
	case VFIO_DEVICE_GET_INFO:
		info->flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
		info->num_regions = VFIO_PCI_NUM_REGIONS;
		info->num_irqs = VFIO_PCI_NUM_IRQS;
		return 0;
	case VFIO_DEVICE_GET_REGION_INFO:
		return region_info(m, arg);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return irq_info(m, arg);
	case VFIO_DEVICE_SET_IRQS:
		return set_irqs(m, arg);
	case VFIO_DEVICE_RESET:
		if (m->no_reset)
			return no(EINVAL);
		m->config[PCI_COMMAND] = PCI_COMMAND_MEMORY;
		igb_model_reset(m);
		return 0;
	default:
		return no(ENOTTY);
	}
}

static int model_ioctl(void *opaque, int fd, unsigned long request, void *arg)
{
	struct igb_model *m = opaque;
	int ret;

	if (fails(m))
		return -1;
	pthread_mutex_lock(&m->lock);
	if (fd == CONTAINER)
		ret = container_ioctl(m, request, arg);
	else if (fd == GROUP)
		ret = group_ioctl(m, request, arg);
	else
		ret = fd == DEVICE ? device_ioctl(m, request, arg) : no(EBADF);
	pthread_mutex_unlock(&m->lock);
	return ret;
}

/* ---- regions ---------------------------------------------------------- */

static ssize_t model_pread(void *opaque, int fd, void *buf, size_t len, u64 off)
{
	struct igb_model *m = opaque;
	u32 value;

	if (fd != DEVICE || fails(m))
		return -1;
	if (off >= CONFIG_OFFSET) {
		m->config[PCI_DEVICE_ID] = (u8)m->device_id;
		m->config[PCI_DEVICE_ID + 1] = (u8)(m->device_id >> 8);
		memcpy(buf, m->config + (off - CONFIG_OFFSET), len);
		return (ssize_t)len;
	}
	pthread_mutex_lock(&m->lock);
	value = cpu_to_le32(m->gone ? U32_MAX : igb_model_read(m, (u32)off));
	pthread_mutex_unlock(&m->lock);
	if (len != sizeof(value) || off % 4)
		igb_model_violation(m, "register %#llx read by %zu bytes",
				    (unsigned long long)off, len);
	memcpy(buf, &value, sizeof(value));
	return (ssize_t)len;
}

static ssize_t model_pwrite(void *opaque, int fd, const void *buf, size_t len,
			    u64 off)
{
	struct igb_model *m = opaque;
	u32 value;

	if (fd != DEVICE || fails(m))
		return -1;
	if (off >= CONFIG_OFFSET) {
		memcpy(m->config + (off - CONFIG_OFFSET), buf, len);
		return (ssize_t)len;
	}
	if (len != sizeof(value) || off % 4)
		igb_model_violation(m, "register %#llx written by %zu bytes",
				    (unsigned long long)off, len);
	memcpy(&value, buf, sizeof(value));
	pthread_mutex_lock(&m->lock);
	if (!m->gone)
		igb_model_write(m, (u32)off, le32_to_cpu(value));
	pthread_mutex_unlock(&m->lock);
	return (ssize_t)len;
}

/* Memory that nobody reacts to. */
static void *model_mmap(void *opaque, int fd, size_t len, u64 off)
{
	struct igb_model *m = opaque;

	if (fd != DEVICE || fails(m) || off + len > IGB_BAR_SIZE)
		return MAP_FAILED;
	m->bar = calloc(1, len);
	return m->bar;
}

static int model_munmap(void *opaque, void *p, size_t len __maybe_unused)
{
	struct igb_model *m = opaque;

	if (p != m->bar)
		igb_model_violation(m, "munmap of what is not mapped");
	free(m->bar);
	m->bar = NULL;
	return 0;
}

static void model_sleep_us(void *opaque, u32 us)
{
	struct igb_model *m = opaque;

	__atomic_fetch_add(&m->slept_us, us, __ATOMIC_RELAXED);
}

const struct vfio_ops igb_model_ops = {
	.open = model_open,
	.close = model_close,
	.ioctl = model_ioctl,
	.pread = model_pread,
	.pwrite = model_pwrite,
	.mmap = model_mmap,
	.munmap = model_munmap,
	.readlink = model_readlink,
	.sleep_us = model_sleep_us,
};

/* ---- from making to freeing ------------------------------------------- */

struct igb_model *igb_model_new(void)
{
	static const u8 mac[6] = { 0x02, 0x1b, 0x21, 0, 0, 1 };
	struct igb_model *m = calloc(1, sizeof(*m));

	pthread_mutex_init(&m->lock, NULL);
	memcpy(m->mac, mac, sizeof(mac));
	m->device_id = 0x10c9;
	m->nr_vectors = 10;
	m->cable = true;
	m->notice_fd[0] = m->notice_fd[1] = -1;
	m->config[PCI_VENDOR_ID] = 0x86;
	m->config[PCI_VENDOR_ID + 1] = 0x80;
	m->config[PCI_COMMAND] = PCI_COMMAND_MEMORY;
	igb_model_reset(m);
	return m;
}

void igb_model_free(struct igb_model *m)
{
	char violation[sizeof(m->violation)];
	int open = m->open_container + m->open_group + m->open_device +
		   (m->bar != NULL);

	memcpy(violation, m->violation, sizeof(violation));
	pthread_mutex_destroy(&m->lock);
	free(m->bar);
	free(m);
	if (violation[0])
		fail_msg("the card says: %s", violation);
	assert_int_equal(open, 0);
}

void igb_model_violation(struct igb_model *m, const char *fmt, ...)
{
	va_list ap;

	if (m->violation[0] || m->has_failed)
		return;
	va_start(ap, fmt);
	vsnprintf(m->violation, sizeof(m->violation), fmt, ap);
	va_end(ap);
}

void *igb_model_dma(struct igb_model *m, u64 iova, u64 len)
{
	if (!(m->config[PCI_COMMAND] & PCI_COMMAND_MASTER)) {
		igb_model_violation(m, "DMA without being bus master");
		return NULL;
	}
	for (u32 i = 0; i < m->nr_maps; i++) {
		const struct vfio_map *map = &m->maps[i];

		if (iova >= map->iova && iova - map->iova <= map->len &&
		    map->len - (iova - map->iova) >= len)
			return (u8 *)map->p + (iova - map->iova);
	}
	igb_model_violation(m, "DMA of %llu bytes at %#llx, which is not mapped",
			    (unsigned long long)len, (unsigned long long)iova);
	return NULL;
}

/* The kernel wakes who waits. */
static void signal_fd(int fd)
{
	const u64 one = 1;

	if (fd >= 0 && write(fd, &one, sizeof(one)) < 0)
		fail_msg("eventfd: %s", strerror(errno));
}

void igb_model_notice(struct igb_model *m, enum vfio_notice notice)
{
	signal_fd(m->notice_fd[notice]);
}
