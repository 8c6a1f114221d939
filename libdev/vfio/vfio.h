/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PCI device that the kernel's vfio-pci hands to this process: its registers,
 * its interrupts as eventfds, and memory that it may read and write.
 *
 * The container is of TYPE1v2, the group API: what the kernels of Debian offer.
 * All calls of that API are in vfio.c, and go through a table (struct vfio_ops), so
 * that a model of a card can stand where the kernel stands.
 *
 * Context: one thread at a time, but for registers, which any thread may read and
 * write as the card allows.
 */
#ifndef LIBDEV_VFIO_H
#define LIBDEV_VFIO_H

#include <sys/types.h>

#include <inet/types.h>

#include "lib/byteorder.h"
#include "lib/compiler.h"

#define VFIO_MAX_VECTORS 32u	/* of MSI-X, that we ask for */
#define VFIO_MAX_RANGES 16u	/* of addresses that the IOMMU translates */
#define VFIO_MAX_MAPS 8u	/* pieces of memory that the device sees */
#define VFIO_PAGE 4096ull
#define VFIO_WHY_LEN 256

/* What is asked of the kernel: each returns what the system call does, -1 with
 * errno. */
struct vfio_ops {
	int (*open)(void *opaque, const char *path);
	int (*close)(void *opaque, int fd);
	int (*ioctl)(void *opaque, int fd, unsigned long request, void *arg);
	ssize_t (*pread)(void *opaque, int fd, void *buf, size_t len, u64 off);
	ssize_t (*pwrite)(void *opaque, int fd, const void *buf, size_t len,
			  u64 off);
	/* MAP_FAILED as mmap() has it; readable and writable, shared. */
	void *(*mmap)(void *opaque, int fd, size_t len, u64 off);
	int (*munmap)(void *opaque, void *p, size_t len);
	ssize_t (*readlink)(void *opaque, const char *path, char *buf,
			    size_t size);
	void (*sleep_us)(void *opaque, u32 us);
};

/* Those of the kernel; opaque is NULL. */
extern const struct vfio_ops vfio_kernel;

/* A piece of the device's memory: configuration space, or a BAR. */
struct vfio_region {
	u64 offset;		/* of the device's descriptor */
	u64 size;
	u8 *map;		/* what of it is mapped, and how much; the rest */
	u32 map_from, map_len;	/* is read and written by calls */
};

struct vfio_range {
	u64 from, to;		/* both included */
};

struct vfio_map {
	void *p;
	u64 len, iova;
};

struct vfio_device {
	const struct vfio_ops *ops;
	void *opaque;
	int container_fd, group_fd, device_fd;	/* -1: none */
	char bdf[16];				/* "0000:01:00.0" */
	u32 group;
	u32 nr_vectors;				/* of MSI-X */
	struct vfio_region config, bar;
	struct vfio_range ranges[VFIO_MAX_RANGES];
	u32 nr_ranges;
	struct vfio_map maps[VFIO_MAX_MAPS];
	u32 nr_maps;
	char why[VFIO_WHY_LEN];		/* what failed last, a sentence */
};

/* Interrupts other than MSI-X. */
enum vfio_notice {
	VFIO_NOTICE_ERROR,	/* the bus says that the device is broken */
	VFIO_NOTICE_REQUEST,	/* somebody wants it back: close it */
};

/*
 * Opens the device at @bdf, resets it and maps its BAR 0 of at least @bar_size
 * bytes. It is no bus master yet.
 * Return: 0 or -E, with a sentence in why, and nothing is open.
 */
int vfio_open(struct vfio_device *v, const struct vfio_ops *ops, void *opaque,
	      const char *bdf, u32 bar_size);
/* Stops interrupts and DMA and gives everything back. Twice is fine. */
void vfio_close(struct vfio_device *v);

/* Resets the function. Bus master is off afterwards. 0 or -E. */
int vfio_reset(struct vfio_device *v);

/* Configuration space, @size 1, 2 or 4 bytes. 0 or -E. */
int vfio_config_read(struct vfio_device *v, u32 off, u32 size, u32 *value);
int vfio_config_write(struct vfio_device *v, u32 off, u32 size, u32 value);
/* Whether the device may read and write memory. 0 or -E. */
int vfio_set_master(struct vfio_device *v, bool on);

/* Lets the device read and write @len bytes at @p, whole pages; it finds them
 * at *@iova, until it is closed. 0 or -E. */
int vfio_dma_map(struct vfio_device *v, void *p, u64 len, u64 *iova);

/* Message i becomes an event of fds[i]; all at once, which every kernel takes. 0
 * or -E. */
int vfio_msix_enable(struct vfio_device *v, const int *fds, u32 nr);
/* The notice becomes an event of @fd. 0, -E (-ENOENT: the kernel has none). */
int vfio_notify(struct vfio_device *v, enum vfio_notice notice, int fd);

/* Of a register that is not mapped. A device that is gone reads as ones. */
u32 vfio_read32_call(struct vfio_device *v, u32 off);
void vfio_write32_call(struct vfio_device *v, u32 off, u32 value);

/* A register of BAR 0, 4 bytes, little endian. */
static inline u32 vfio_read32(struct vfio_device *v, u32 off)
{
	u32 at = off - v->bar.map_from;

	if (likely(at < v->bar.map_len))
		return le32_to_cpu(READ_ONCE(*(u32 *)(void *)(v->bar.map + at)));
	return vfio_read32_call(v, off);
}

static inline void vfio_write32(struct vfio_device *v, u32 off, u32 value)
{
	u32 at = off - v->bar.map_from;

	if (likely(at < v->bar.map_len))
		WRITE_ONCE(*(u32 *)(void *)(v->bar.map + at), cpu_to_le32(value));
	else
		vfio_write32_call(v, off, value);
}

/* What was written to memory is there before the register that is written next
 * tells the device to look. */
static inline void vfio_wmb(void)
{
#if defined(__aarch64__)
	__asm__ __volatile__("dmb oshst" ::: "memory");
#elif defined(__x86_64__) || defined(__i386__)
	barrier();
#else
	smp_mb();
#endif
}

/* What the device wrote before @last is read after it. */
static inline void vfio_rmb(const void *last __maybe_unused)
{
	inet_tsan_acquire(last);
#if defined(__aarch64__)
	__asm__ __volatile__("dmb oshld" ::: "memory");
#elif defined(__x86_64__) || defined(__i386__)
	barrier();
#else
	smp_mb();
#endif
}

#endif /* LIBDEV_VFIO_H */
