/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What inetstackd gives up when its stack is set up: root's user, capabilities, and
 * every system call that serving programs does not make.
 *
 * Devices keep the descriptors that they have opened, and need no rights to go down and
 * up again; but AF_XDP changes its map by bpf(2) then, which asks for CAP_BPF and
 * CAP_NET_ADMIN.
 *
 * A call that is not in the list fails with EPERM, and the kernel's log says which it was
 * (seccomp(2), "SECCOMP_FILTER_FLAG_LOG"). It does not end the owner, which other
 * programs use.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "inetstackd.h"

#ifndef CAP_BPF
#define CAP_BPF 39
#endif

/* Return: -1. */
static int failed(const char *what)
{
	fprintf(stderr, "inetstackd: %s: %s\n", what, strerror(errno));
	return -1;
}

/* What was written as @name for @what. Return: -1. */
static int wrong(const char *what, const char *name, const char *why)
{
	fprintf(stderr, "inetstackd: %s \"%s\": %s\n", what, name, why);
	return -1;
}

/* ---- user and capabilities -------------------------------------------- */

int user_parse(const char *user, const char *group, struct settings *settings)
{
	const struct passwd *pw = *user ? getpwnam(user) : NULL;
	const struct group *gr = *group ? getgrnam(group) : NULL;

	if (*user && !pw)
		return wrong("user", user, "there is none");
	if (*group && !gr)
		return wrong("group", group, "there is none");
	if (*group && !pw)
		return wrong("group", group, "a user is wanted, too");
	settings->becomes_user = pw != NULL;
	if (pw) {
		settings->uid = pw->pw_uid;
		settings->gid = gr ? gr->gr_gid : pw->pw_gid;
	}
	return 0;
}

/* The user of the settings, of one group only. 0 or -1. */
static int become_user(const struct settings *settings)
{
	if (getenv("LISTEN_FDS")) {
		fputs("inetstackd: user: programs would not know whose the sockets of a "
		      "service manager are\n", stderr);
		return -1;
	}
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || setgroups(0, NULL) ||
	    setresgid(settings->gid, settings->gid, settings->gid) ||
	    setresuid(settings->uid, settings->uid, settings->uid))
		return failed("user");
	return 0;
}

/* Those of the set @kept that it has, and no way to more. 0 or -1. */
static int keep_capabilities(uint64_t kept)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];
	unsigned int i;

	if (syscall(SYS_capget, &head, data))
		return failed("capabilities");
	for (i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(kept >> 32 * i);
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &head, data) ||
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return failed("capabilities");
	return 0;
}

int drop_privileges(const struct settings *settings)
{
	uint64_t kept = 0;
	unsigned long cap;

	if (settings->uses_bpf)
		kept = 1ull << CAP_NET_ADMIN | 1ull << CAP_BPF;
	/* Refused to who has no CAP_SETPCAP, and who then gains nothing by it either. */
	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!(kept >> cap & 1) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) &&
		    errno != EPERM)
			return failed("capabilities");
	if (settings->becomes_user && become_user(settings))
		return -1;
	return keep_capabilities(kept);
}

/* ---- system calls ----------------------------------------------------- */

int seccomp_parse(const char *text, struct settings *settings)
{
#ifndef HAVE_SECCOMP
	if (!strcmp(text, "on")) {
		fputs("inetstackd: seccomp: this build has no filter of system calls\n",
		      stderr);
		return -1;
	}
#endif
	if (strcmp(text, "on") && strcmp(text, "off"))
		return wrong("seccomp", text, "\"on\" or \"off\" is wanted");
	settings->unfiltered = !strcmp(text, "off");
	return 0;
}

#ifdef HAVE_SECCOMP
#include <seccomp.h>

/* Whatever their arguments are. */
static const int calls[] = {
	/* descriptors, and what waits for them */
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(write), SCMP_SYS(writev),
	SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(close), SCMP_SYS(lseek),
	SCMP_SYS(fcntl), SCMP_SYS(ioctl), SCMP_SYS(fstat), SCMP_SYS(newfstatat),
	SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(eventfd2),
	SCMP_SYS(pidfd_open),
	/* sockets of AF_UNIX, and those that devices have */
	SCMP_SYS(accept4), SCMP_SYS(bind), SCMP_SYS(connect), SCMP_SYS(listen),
	SCMP_SYS(shutdown), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
	SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg), SCMP_SYS(sendto), SCMP_SYS(sendmsg),
	SCMP_SYS(sendmmsg),
	/* memory */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	/* time, chance, locks, signals, the end */
	SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time),
	SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(getrandom),
	SCMP_SYS(futex), SCMP_SYS(membarrier), SCMP_SYS(sched_yield), SCMP_SYS(getcpu),
	SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(geteuid), SCMP_SYS(getuid),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group),
#ifdef INET_SANITIZED
	/* what looks for leaks at the end: a thread that stops the others */
	SCMP_SYS(clone), SCMP_SYS(ptrace), SCMP_SYS(wait4), SCMP_SYS(prctl),
	SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getdents64), SCMP_SYS(getdents),
	SCMP_SYS(kill),
	SCMP_SYS(sigaltstack), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(getppid), SCMP_SYS(pipe), SCMP_SYS(open), SCMP_SYS(stat),
#endif
};

/* Those whose argument says what it is for: @mask of it must be @value. */
static int allow_some(scmp_filter_ctx ctx)
{
	const scmp_datum_t self = (scmp_datum_t)getpid();
	const struct {
		int call;
		struct scmp_arg_cmp arg;
	} some[] = {
		/* abort() */
		{ SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, self, 0) },
		{ SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0) },
		/* a filter of captures looks into /etc/services and the like */
		{ SCMP_SYS(openat),
		  SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY) },
		/* no memory that can be executed */
		{ SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) },
		{ SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) },
	};
	size_t i;
	int err = 0;

	for (i = 0; i < sizeof(some) / sizeof(some[0]) && !err; i++)
		err = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, some[i].call, 1,
					     &some[i].arg);
	return err;
}

int filter_system_calls(const struct settings *settings)
{
	scmp_filter_ctx ctx;
	int err;
	size_t i;

	if (settings->unfiltered)
		return 0;
	ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	err = ctx ? seccomp_attr_set(ctx, SCMP_FLTATR_CTL_LOG, 1) : -ENOMEM;
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]) && !err; i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
	if (!err && settings->uses_bpf)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(bpf), 0);
	err = err ? err : allow_some(ctx);
	err = err ? err : seccomp_load(ctx);
	seccomp_release(ctx);
	errno = -err;
	return err ? failed("seccomp") : 0;
}
#else
int filter_system_calls(const struct settings *settings)
{
	(void)settings;
	return 0;
}
#endif
