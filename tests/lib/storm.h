/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Storms: eight threads make all calls on one socket, in and out of season, and
 * one of them closes it in the middle. Nothing may crash or leak, and no call may
 * fail for a reason that makes no sense there.
 */
#ifndef TESTS_STORM_H
#define TESTS_STORM_H

#include <sys/socket.h>

#include <inet/socket.h>

struct storm {
	/* The address that thread @id binds to, or (@peer) connects to. */
	void (*address)(int id, bool peer, struct sockaddr_storage *to,
			socklen_t *len);
	/* NULL, or what else thread @id does beside its call number @i. */
	void (*beside)(void *arg, int id, int i);
	void *arg;
	bool passive;	/* no connect(), shutdown() and getpeername() */
};

/* One storm on @s, which is closed afterwards. Asserts. */
void storm_round(const struct storm *st, struct socket *s);

#endif /* TESTS_STORM_H */
