/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What packetdrill asks of a stack that it loads with --so_filename: one function
 * that fills a table. Declared here from what the program calls; the order of the
 * members is the interface.
 */
#ifndef TESTS_PACKETDRILL_INTERFACE_H
#define TESTS_PACKETDRILL_INTERFACE_H

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* Every function is given @userdata first, then what the call of libc is given, and
 * reports as that does: -1 and errno. */
struct packetdrill_interface {
	void *userdata;
	void (*free)(void *userdata);
	int (*socket)(void *userdata, int family, int type, int protocol);
	int (*bind)(void *userdata, int fd, const struct sockaddr *addr,
		    socklen_t len);
	int (*listen)(void *userdata, int fd, int backlog);
	int (*accept)(void *userdata, int fd, struct sockaddr *addr,
		      socklen_t *len);
	int (*connect)(void *userdata, int fd, const struct sockaddr *addr,
		       socklen_t len);
	ssize_t (*read)(void *userdata, int fd, void *buf, size_t len);
	ssize_t (*readv)(void *userdata, int fd, const struct iovec *iov, int nr);
	ssize_t (*recv)(void *userdata, int fd, void *buf, size_t len, int flags);
	ssize_t (*recvfrom)(void *userdata, int fd, void *buf, size_t len,
			    int flags, struct sockaddr *addr, socklen_t *alen);
	ssize_t (*recvmsg)(void *userdata, int fd, struct msghdr *msg, int flags);
	ssize_t (*write)(void *userdata, int fd, const void *buf, size_t len);
	ssize_t (*writev)(void *userdata, int fd, const struct iovec *iov, int nr);
	ssize_t (*send)(void *userdata, int fd, const void *buf, size_t len,
			int flags);
	ssize_t (*sendto)(void *userdata, int fd, const void *buf, size_t len,
			  int flags, const struct sockaddr *addr, socklen_t alen);
	ssize_t (*sendmsg)(void *userdata, int fd, const struct msghdr *msg,
			   int flags);
	int (*fcntl)(void *userdata, int fd, int cmd, ...);
	int (*ioctl)(void *userdata, int fd, unsigned long cmd, ...);
	int (*close)(void *userdata, int fd);
	int (*shutdown)(void *userdata, int fd, int how);
	int (*getsockopt)(void *userdata, int fd, int level, int name, void *val,
			  socklen_t *len);
	int (*setsockopt)(void *userdata, int fd, int level, int name,
			  const void *val, socklen_t len);
	int (*poll)(void *userdata, struct pollfd *fds, nfds_t nr, int timeout_ms);
	/* A packet of IP on its way to the stack. */
	int (*netdev_send)(void *userdata, const void *buf, size_t len);
	/* The next packet that has left it: *@len is the room, then its length (0:
	 * there will be none), *@usecs when it left. */
	int (*netdev_receive)(void *userdata, void *buf, size_t *len,
			      long long *usecs);
	int (*usleep)(void *userdata, useconds_t usecs);
	int (*gettimeofday)(void *userdata, struct timeval *tv,
			    struct timezone *tz);
	int (*epoll_create)(void *userdata, int size);
	int (*epoll_ctl)(void *userdata, int epfd, int op, int fd,
			 struct epoll_event *event);
	int (*epoll_wait)(void *userdata, int epfd, struct epoll_event *events,
			  int max, int timeout_ms);
	int (*pipe)(void *userdata, int fds[2]);
	int (*splice)(void *userdata, int in, loff_t *in_off, int out,
		      loff_t *out_off, size_t len, unsigned int flags);
};

void packetdrill_interface_init(const char *flags,
				struct packetdrill_interface *ifc);

#endif /* TESTS_PACKETDRILL_INTERFACE_H */
