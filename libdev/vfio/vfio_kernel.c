/* SPDX-License-Identifier: BSD-2-Clause */
/* The system calls that vfio.c makes, as they are. */
#include "vfio.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static int kernel_open(void *opaque __maybe_unused, const char *path)
{
	return open(path, O_RDWR | O_CLOEXEC);
}

static int kernel_close(void *opaque __maybe_unused, int fd)
{
	return close(fd);
}

static int kernel_ioctl(void *opaque __maybe_unused, int fd,
			unsigned long request, void *arg)
{
	return ioctl(fd, request, arg);
}

static ssize_t kernel_pread(void *opaque __maybe_unused, int fd, void *buf,
			    size_t len, u64 off)
{
	return pread(fd, buf, len, (off_t)off);
}

static ssize_t kernel_pwrite(void *opaque __maybe_unused, int fd,
			     const void *buf, size_t len, u64 off)
{
	return pwrite(fd, buf, len, (off_t)off);
}

static void *kernel_mmap(void *opaque __maybe_unused, int fd, size_t len,
			 u64 off)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    (off_t)off);
}

static int kernel_munmap(void *opaque __maybe_unused, void *p, size_t len)
{
	return munmap(p, len);
}

static ssize_t kernel_readlink(void *opaque __maybe_unused, const char *path,
			       char *buf, size_t size)
{
	return readlink(path, buf, size);
}

static void kernel_sleep_us(void *opaque __maybe_unused, u32 us)
{
	const struct timespec ts = { .tv_sec = us / 1000000,
				     .tv_nsec = us % 1000000 * 1000l };

	nanosleep(&ts, NULL);
}

const struct vfio_ops vfio_kernel = {
	.open = kernel_open,
	.close = kernel_close,
	.ioctl = kernel_ioctl,
	.pread = kernel_pread,
	.pwrite = kernel_pwrite,
	.mmap = kernel_mmap,
	.munmap = kernel_munmap,
	.readlink = kernel_readlink,
	.sleep_us = kernel_sleep_us,
};
