/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VFIO: container, group, device.
 *
 * Theory of operation. sysfs says in which IOMMU group the device at an address is.
 * The group is put into a container of its own, whose IOMMU lets the device see the
 * memory that is mapped there and nothing else. The device's descriptor then gives
 * its regions and its interrupts. Everything hangs on descriptors: a process that
 * ends, in whatever way, leaves a device that is reset and reaches no memory.
 *
 * What the kernel says comes as structures that may be longer than we know: they
 * are asked for twice, with the length that it wants, at most INFO_MAX, and what
 * hangs on them is walked within that length (next_cap()).
 *
 * Addresses that the device sees are given out upwards, in the ranges that the
 * IOMMU translates, each mapping on a border of HUGE_PAGE, so that the kernel may
 * take large pages.
 */
#include "vfio.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#define INFO_MAX 4096u		/* bytes of one answer */
#define CAPS_MAX 64u		/* that hang on it */
#define HUGE_PAGE (2ull << 20)
#define IOVA_LOWEST HUGE_PAGE	/* address 0 stays a mistake */

/* An answer of the kernel. */
union info {
	u32 argsz;
	struct vfio_region_info region;
	struct vfio_iommu_type1_info iommu;
	u8 bytes[INFO_MAX];
};

/* Leaves a sentence. Return: @err. */
static int __printf(3, 4) fail(struct vfio_device *v, int err, const char *fmt,
			       ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(v->why, sizeof(v->why), fmt, ap);
	va_end(ap);
	return err;
}

/* 0 or more, or -errno. */
static int call(struct vfio_device *v, int fd, unsigned long request, void *arg)
{
	int ret = v->ops->ioctl(v->opaque, fd, request, arg);

	return ret < 0 ? -errno : ret;
}

/* Asks @request, of a structure of @size bytes in @info that begins with its
 * length, and again if the answer is longer. Return: 0 or -errno. */
static int ask(struct vfio_device *v, int fd, unsigned long request,
	       union info *info, u32 size)
{
	int err;

	info->argsz = size;
	err = call(v, fd, request, info);
	if (err < 0 || info->argsz <= size)
		return err < 0 ? err : 0;
	if (info->argsz > INFO_MAX)
		return -EOVERFLOW;
	size = info->argsz;
	err = call(v, fd, request, info);
	if (err < 0)
		return err;
	info->argsz = min(info->argsz, size);
	return 0;
}

/* The capability at *@off of @info, with at least @size bytes, and *@off becomes
 * the next one's; NULL: there is none. The caller counts. */
static const struct vfio_info_cap_header *next_cap(const union info *info,
						   u32 *off, u32 size)
{
	const struct vfio_info_cap_header *cap;

	if (!*off || *off % 8 || *off > info->argsz ||
	    info->argsz - *off < size)
		return NULL;
	cap = (const void *)(info->bytes + *off);
	*off = cap->next;
	return cap;
}

/* How many bytes stand in @info from @cap on. */
static u32 room_of(const union info *info, const void *cap)
{
	return info->argsz - (u32)((const u8 *)cap - info->bytes);
}

/* ---- the group -------------------------------------------------------- */

/* "0000:01:00.0", so that it may stand in a path. */
static bool is_bdf(const char *s)
{
	static const char shape[] = "hhhh:hh:hh.h";

	for (u32 i = 0; i < sizeof(shape); i++) {
		bool hex = s[i] && strchr("0123456789abcdef", s[i]);

		if (shape[i] == 'h' ? !hex : s[i] != shape[i])
			return false;
	}
	return true;
}

/* Where the link @what of the device leads, the last part. Return: 0 or -E. */
static int sysfs_link(struct vfio_device *v, const char *what, char name[256])
{
	char path[64], target[256];
	const char *last;
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s%s%s", v->bdf,
		 what[0] ? "/" : "", what);
	len = v->ops->readlink(v->opaque, path, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	last = strrchr(target, '/');
	snprintf(name, sizeof(target), "%s", last ? last + 1 : target);
	return 0;
}

/* Finds the group. Return: 0 or -E with a sentence. */
static int find_group(struct vfio_device *v)
{
	char name[256];

	if (sysfs_link(v, "", name))
		return fail(v, -ENODEV, "%s: there is no such PCI device",
			    v->bdf);
	if (sysfs_link(v, "driver", name) ||
	    strcmp(name, "vfio-pci") != 0)
		return fail(v, -ENODEV, "%s: it is not bound to vfio-pci "
			    "(inet-igb(4) shows how)", v->bdf);
	if (sysfs_link(v, "iommu_group", name))
		return fail(v, -ENODEV, "%s: there is no IOMMU before it; "
			    "without one it could write to any memory", v->bdf);
	v->group = (u32)strtoul(name, NULL, 10);
	return 0;
}

/* Opens the group's file. Return: 0 or -E with a sentence. */
static int open_group(struct vfio_device *v)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char path[48];
	int err, fd;

	snprintf(path, sizeof(path), "/dev/vfio/%u", v->group);
	v->group_fd = v->ops->open(v->opaque, path);
	err = -errno;
	if (v->group_fd < 0 && err == -ENOENT) {
		snprintf(path, sizeof(path), "/dev/vfio/noiommu-%u", v->group);
		fd = v->ops->open(v->opaque, path);
		if (fd >= 0 || errno != ENOENT) {
			if (fd >= 0)
				v->ops->close(v->opaque, fd);
			return fail(v, -EOPNOTSUPP, "%s: VFIO is in its mode "
				    "without an IOMMU, in which the card could "
				    "write to any memory", v->bdf);
		}
		snprintf(path, sizeof(path), "/dev/vfio/%u", v->group);
	}
	if (v->group_fd < 0)
		return fail(v, err, "%s: %s%s", path, strerror(-err),
			    err == -EBUSY ? "; another process has it" :
			    err == -EACCES ? "; it belongs to somebody else "
			    "(chown)" : "");
	err = call(v, v->group_fd, VFIO_GROUP_GET_STATUS, &status);
	if (err < 0)
		return fail(v, err, "%s: %s", path, strerror(-err));
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return fail(v, -EBUSY, "%s: other devices of its IOMMU group %u "
			    "have drivers of the kernel", v->bdf, v->group);
	return 0;
}

/* A container with the group in it. Return: 0 or -E with a sentence. */
static int open_container(struct vfio_device *v)
{
	int err;

	v->container_fd = v->ops->open(v->opaque, "/dev/vfio/vfio");
	if (v->container_fd < 0) {
		err = -errno;
		return fail(v, err, "/dev/vfio/vfio: %s%s", strerror(-err),
			    err == -ENOENT ? "; modprobe vfio-pci" : "");
	}
	err = call(v, v->container_fd, VFIO_GET_API_VERSION, NULL);
	if (err != VFIO_API_VERSION)
		return fail(v, -EOPNOTSUPP, "/dev/vfio/vfio: the kernel speaks "
			    "version %d of VFIO", err);
	/* the request's argument is the number itself */
	if (call(v, v->container_fd, VFIO_CHECK_EXTENSION,
		 (void *)(uintptr_t)VFIO_TYPE1v2_IOMMU) <= 0)
		return fail(v, -EOPNOTSUPP, "/dev/vfio/vfio: the kernel has no "
			    "TYPE1v2 IOMMU");
	err = call(v, v->group_fd, VFIO_GROUP_SET_CONTAINER, &v->container_fd);
	if (!err)
		err = call(v, v->container_fd, VFIO_SET_IOMMU,
			   (void *)(uintptr_t)VFIO_TYPE1v2_IOMMU);
	if (err < 0)
		return fail(v, err, "%s: IOMMU: %s%s", v->bdf, strerror(-err),
			    err == -EPERM ? "; without remapped interrupts the "
			    "kernel wants vfio_iommu_type1."
			    "allow_unsafe_interrupts=1" : "");
	return 0;
}

/* ---- addresses -------------------------------------------------------- */

/* The ranges of capability @cap, as many as there are bytes for. */
static void take_ranges(struct vfio_device *v, const union info *info,
			const struct vfio_info_cap_header *cap)
{
	const struct vfio_iommu_type1_info_cap_iova_range *r = (const void *)cap;
	u32 room = room_of(info, cap), nr;

	if (room < sizeof(*r))
		return;
	nr = min(r->nr_iovas, (room - (u32)sizeof(*r)) /
			      (u32)sizeof(r->iova_ranges[0]));
	v->nr_ranges = min(nr, VFIO_MAX_RANGES);
	for (u32 i = 0; i < v->nr_ranges; i++)
		v->ranges[i] = (struct vfio_range){
			.from = r->iova_ranges[i].start,
			.to = r->iova_ranges[i].end,
		};
}

/* Which addresses the IOMMU translates; a kernel that does not say takes those
 * below the window of messages. Return: 0 or -E with a sentence. */
static int ask_ranges(struct vfio_device *v)
{
	const struct vfio_info_cap_header *cap;
	union info info = { .argsz = 0 };
	u32 off, n = 0;
	int err = ask(v, v->container_fd, VFIO_IOMMU_GET_INFO, &info,
		      sizeof(info.iommu));

	if (err)
		return fail(v, err, "%s: IOMMU: %s", v->bdf, strerror(-err));
	v->ranges[0] = (struct vfio_range){ .to = 0xfedfffff };
	v->nr_ranges = 1;
	off = info.iommu.flags & VFIO_IOMMU_INFO_CAPS ? info.iommu.cap_offset : 0;
	while (n++ < CAPS_MAX && (cap = next_cap(&info, &off, sizeof(*cap))))
		if (cap->id == VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE)
			take_ranges(v, &info, cap);
	return 0;
}

/* The lowest address in @r, at or above @least, for @len bytes; 0: none. */
static u64 fit(const struct vfio_range *r, u64 least, u64 len)
{
	u64 at = max(r->from, least);

	if (at > r->to || r->to - at < HUGE_PAGE)
		return 0;
	at = ALIGN(at, HUGE_PAGE);
	return at <= r->to && r->to - at >= len - 1 ? at : 0;
}

/* Upwards: behind the mapping that was made last. */
int vfio_dma_map(struct vfio_device *v, void *p, u64 len, u64 *iova)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map), .vaddr = (uintptr_t)p, .size = len,
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
	};
	u64 least = IOVA_LOWEST;
	int err;

	if (v->nr_maps)
		least = v->maps[v->nr_maps - 1].iova +
			v->maps[v->nr_maps - 1].len;
	for (u32 i = 0; i < v->nr_ranges && !map.iova; i++)
		map.iova = fit(&v->ranges[i], least, len);
	if (v->nr_maps == VFIO_MAX_MAPS || !map.iova)
		return fail(v, -ENOSPC, "%s: the IOMMU has no room for %llu "
			    "bytes", v->bdf, (unsigned long long)len);
	err = call(v, v->container_fd, VFIO_IOMMU_MAP_DMA, &map);
	if (err < 0)
		return fail(v, err, "%s: %llu bytes of memory: %s%s", v->bdf,
			    (unsigned long long)len, strerror(-err),
			    err == -ENOMEM ? "; they are locked (ulimit -l), or "
			    "take fewer (inet_config.nr_frames)" : "");
	v->maps[v->nr_maps++] = (struct vfio_map){
		.p = p, .len = len, .iova = map.iova,
	};
	*iova = map.iova;
	return 0;
}

/* ---- regions ---------------------------------------------------------- */

/* The longest area of a region that may be mapped in parts only. */
static void take_areas(const union info *info,
		       const struct vfio_info_cap_header *cap, u64 *from,
		       u64 *len)
{
	const struct vfio_region_info_cap_sparse_mmap *s = (const void *)cap;
	u32 room = room_of(info, cap), nr;

	*len = 0;
	if (room < sizeof(*s))
		return;
	nr = min(s->nr_areas, (room - (u32)sizeof(*s)) /
			      (u32)sizeof(s->areas[0]));
	for (u32 i = 0; i < nr; i++) {
		if (s->areas[i].size <= *len)
			continue;
		*from = s->areas[i].offset;
		*len = s->areas[i].size;
	}
}

/* What of region @info may be mapped. */
static void mappable(const union info *info, u64 *from, u64 *len)
{
	const struct vfio_info_cap_header *cap;
	u32 off = 0, n = 0;

	*from = 0;
	*len = info->region.flags & VFIO_REGION_INFO_FLAG_MMAP ?
	       info->region.size : 0;
	if (info->region.flags & VFIO_REGION_INFO_FLAG_CAPS)
		off = info->region.cap_offset;
	while (*len && n++ < CAPS_MAX &&
	       (cap = next_cap(info, &off, sizeof(*cap))))
		if (cap->id == VFIO_REGION_INFO_CAP_SPARSE_MMAP)
			take_areas(info, cap, from, len);
	if (*from > info->region.size || *len > info->region.size - *from ||
	    *from % VFIO_PAGE)
		*len = 0;
}

/* Finds region @index, of at least @size bytes, and maps what of it can be
 * mapped if @map. Return: 0 or -E with a sentence. */
static int open_region(struct vfio_device *v, struct vfio_region *r, u32 index,
		       u32 size, bool map)
{
	const u32 both = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	union info info = { .region = { .index = index } };
	u64 from, len;
	void *p;
	int err = ask(v, v->device_fd, VFIO_DEVICE_GET_REGION_INFO, &info,
		      sizeof(info.region));

	if (err)
		return fail(v, err, "%s: region %u: %s", v->bdf, index,
			    strerror(-err));
	if (info.region.size < size || info.region.size > U32_MAX ||
	    (info.region.flags & both) != both)
		return fail(v, -ENXIO, "%s: region %u is not what a card of "
			    "this kind has", v->bdf, index);
	*r = (struct vfio_region){ .offset = info.region.offset,
				   .size = info.region.size };
	mappable(&info, &from, &len);
	if (!map || !len)
		return 0;
	p = v->ops->mmap(v->opaque, v->device_fd, len, r->offset + from);
	if (p == MAP_FAILED) {
		err = -errno;
		return fail(v, err, "%s: registers: %s", v->bdf, strerror(-err));
	}
	r->map = p;
	r->map_from = (u32)from;
	r->map_len = (u32)len;
	return 0;
}

/* A device that is gone, or a register outside, reads as ones. */
u32 vfio_read32_call(struct vfio_device *v, u32 off)
{
	u32 value;

	if (off > v->bar.size - sizeof(value) ||
	    v->ops->pread(v->opaque, v->device_fd, &value, sizeof(value),
			  v->bar.offset + off) != sizeof(value))
		return U32_MAX;
	return le32_to_cpu(value);
}

void vfio_write32_call(struct vfio_device *v, u32 off, u32 value)
{
	value = cpu_to_le32(value);
	if (off > v->bar.size - sizeof(value))
		return;
	/* of a device that is gone nothing comes back that would say so */
	if (v->ops->pwrite(v->opaque, v->device_fd, &value, sizeof(value),
			   v->bar.offset + off) < 0)
		return;
}

int vfio_config_read(struct vfio_device *v, u32 off, u32 size, u32 *value)
{
	u8 bytes[4] = { 0 };

	if (v->ops->pread(v->opaque, v->device_fd, bytes, size,
			  v->config.offset + off) != (ssize_t)size)
		return fail(v, -EIO, "%s: configuration space cannot be read",
			    v->bdf);
	*value = bytes[0] | (u32)bytes[1] << 8 | (u32)bytes[2] << 16 |
		 (u32)bytes[3] << 24;
	return 0;
}

int vfio_config_write(struct vfio_device *v, u32 off, u32 size, u32 value)
{
	const u8 bytes[4] = { (u8)value, (u8)(value >> 8), (u8)(value >> 16),
			      (u8)(value >> 24) };

	if (v->ops->pwrite(v->opaque, v->device_fd, bytes, size,
			   v->config.offset + off) != (ssize_t)size)
		return fail(v, -EIO, "%s: configuration space cannot be "
			    "written", v->bdf);
	return 0;
}

/* The memory that registers lie in is on as well. */
int vfio_set_master(struct vfio_device *v, bool on)
{
	u32 command;
	int err = vfio_config_read(v, PCI_COMMAND, 2, &command);

	if (err)
		return err;
	command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	if (!on)
		command &= ~(u32)PCI_COMMAND_MASTER;
	return vfio_config_write(v, PCI_COMMAND, 2, command);
}

int vfio_reset(struct vfio_device *v)
{
	int err = call(v, v->device_fd, VFIO_DEVICE_RESET, NULL);

	return err < 0 ? fail(v, err, "%s: reset: %s", v->bdf, strerror(-err)) :
			 0;
}

/* ---- interrupts ------------------------------------------------------- */

/* How many interrupts of kind @index there are. Return: that or -errno. */
static int irq_count(struct vfio_device *v, u32 index)
{
	struct vfio_irq_info irq = { .argsz = sizeof(irq), .index = index };
	int err = call(v, v->device_fd, VFIO_DEVICE_GET_IRQ_INFO, &irq);

	if (err < 0)
		return err;
	return irq.flags & VFIO_IRQ_INFO_EVENTFD ?
	       (int)min(irq.count, VFIO_MAX_VECTORS) : 0;
}

/* Interrupt i of kind @index becomes an event of fds[i], which ends with the
 * device. */
static int set_irqs(struct vfio_device *v, u32 index, const int *fds, u32 nr)
{
	union {
		struct vfio_irq_set set;
		u8 room[sizeof(struct vfio_irq_set) +
			VFIO_MAX_VECTORS * sizeof(int)];
	} u = { .set = {
		.argsz = (u32)(sizeof(u.set) + nr * sizeof(int)),
		.flags = VFIO_IRQ_SET_ACTION_TRIGGER |
			 VFIO_IRQ_SET_DATA_EVENTFD,
		.index = index, .count = nr,
	} };

	memcpy(u.room + sizeof(u.set), fds, nr * sizeof(int));
	return call(v, v->device_fd, VFIO_DEVICE_SET_IRQS, &u.set);
}

int vfio_msix_enable(struct vfio_device *v, const int *fds, u32 nr)
{
	int err = -EINVAL;

	if (nr && nr <= v->nr_vectors)
		err = set_irqs(v, VFIO_PCI_MSIX_IRQ_INDEX, fds, nr);
	if (err < 0)
		return fail(v, err, "%s: %u interrupts: %s", v->bdf, nr,
			    strerror(-err));
	return 0;
}

int vfio_notify(struct vfio_device *v, enum vfio_notice notice, int fd)
{
	u32 index = notice == VFIO_NOTICE_ERROR ? VFIO_PCI_ERR_IRQ_INDEX :
						  VFIO_PCI_REQ_IRQ_INDEX;
	int err;

	if (irq_count(v, index) < 1)
		return -ENOENT;
	err = set_irqs(v, index, &fd, 1);
	return err < 0 ? fail(v, err, "%s: notices: %s", v->bdf, strerror(-err)) :
			 0;
}

/* ---- from opening to closing ------------------------------------------ */

/* The device of the group, with its regions. Return: 0 or -E with a sentence. */
static int open_device(struct vfio_device *v, u32 bar_size)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	int err = call(v, v->group_fd, VFIO_GROUP_GET_DEVICE_FD, v->bdf);

	if (err < 0)
		return fail(v, err, "%s: %s", v->bdf, strerror(-err));
	v->device_fd = err;
	err = call(v, v->device_fd, VFIO_DEVICE_GET_INFO, &info);
	if (err < 0)
		return fail(v, err, "%s: %s", v->bdf, strerror(-err));
	if (!(info.flags & VFIO_DEVICE_FLAGS_PCI) ||
	    info.num_regions <= VFIO_PCI_CONFIG_REGION_INDEX)
		return fail(v, -ENXIO, "%s: it is no PCI device", v->bdf);
	err = open_region(v, &v->config, VFIO_PCI_CONFIG_REGION_INDEX,
			  PCI_STD_HEADER_SIZEOF, false);
	if (!err)
		err = open_region(v, &v->bar, VFIO_PCI_BAR0_REGION_INDEX,
				  bar_size, true);
	if (err)
		return err;
	err = irq_count(v, VFIO_PCI_MSIX_IRQ_INDEX);
	if (err < 0)
		return fail(v, err, "%s: interrupts: %s", v->bdf,
			    strerror(-err));
	v->nr_vectors = (u32)err;
	return 0;
}

int vfio_open(struct vfio_device *v, const struct vfio_ops *ops, void *opaque,
	      const char *bdf, u32 bar_size)
{
	int err;

	*v = (struct vfio_device){ .ops = ops, .opaque = opaque,
				   .container_fd = -1, .group_fd = -1,
				   .device_fd = -1 };
	if (!is_bdf(bdf))
		return fail(v, -EINVAL, "'%.32s' is no PCI address; such are "
			    "0000:01:00.0 (lspci -D)", bdf);
	memcpy(v->bdf, bdf, strlen(bdf));
	err = find_group(v);
	if (!err)
		err = open_group(v);
	if (!err)
		err = open_container(v);
	if (!err)
		err = ask_ranges(v);
	if (!err)
		err = open_device(v, bar_size);
	if (err)
		vfio_close(v);
	return err;
}

static void close_fd(struct vfio_device *v, int *fd)
{
	if (*fd >= 0)
		v->ops->close(v->opaque, *fd);
	*fd = -1;
}

/* The device first, which is reset by that; its interrupts and its memory go with
 * these. */
void vfio_close(struct vfio_device *v)
{
	if (v->bar.map)
		v->ops->munmap(v->opaque, v->bar.map, v->bar.map_len);
	v->bar.map = NULL;
	v->bar.map_len = 0;
	close_fd(v, &v->device_fd);
	close_fd(v, &v->group_fd);
	close_fd(v, &v->container_fd);
	v->nr_maps = 0;
}
