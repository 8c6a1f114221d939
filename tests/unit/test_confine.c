/* SPDX-License-Identifier: BSD-2-Clause */
/* What inetstackd may still do when it serves: tools/inetstackd_confine.c. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "inetstackd.h"

#define FILTER_FAILED 200

/* What one call says, in a child that is confined: 0 or an errno. */
static int confined(long (*call)(void), const struct settings *settings)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		if (drop_privileges(settings) || filter_system_calls(settings))
			_exit(FILTER_FAILED);
		errno = 0;
		_exit(call() == -1 ? errno : 0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static long execute(void)
{
	char *argv[] = { "true", NULL };

	return execv("/bin/true", argv);
}

static long new_process(void)
{
	return syscall(SYS_clone3, NULL, 0);
}

static long write_a_file(void)
{
	return open("/dev/null", O_WRONLY);
}

static long make_a_file(void)
{
	return open("/tmp", O_RDONLY | O_CREAT, 0600);
}

static long internet_socket(void)
{
	return socket(AF_INET, SOCK_DGRAM, 0);
}

static long packet_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0);
}

static long executable_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	       MAP_FAILED ? -1 : 0;
}

static long signal_the_parent(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static long change_a_map(void)
{
	return syscall(SYS_bpf, -1, NULL, 0);
}

static long mount_something(void)
{
	return syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL);
}

static long read_a_file(void)
{
	return open("/etc/services", O_RDONLY) < 0 && errno == EPERM ? -1 : 0;
}

static long unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static long memory(void)
{
	void *p = malloc(10000000);

	free(p);
	return p ? 0 : -1;
}

static long (*const refused[])(void) = {
	execute, new_process, write_a_file, make_a_file, internet_socket, packet_socket,
	executable_memory, signal_the_parent, change_a_map, mount_something,
};

static void filter_refuses_what_serving_does_not_need(void **state)
{
	const struct settings settings = { 0 };

	(void)state;
	if (seccomp_parse("on", &(struct settings){ 0 }))
		skip();
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (confined(refused[i], &settings) != EPERM)
			fail_msg("call %zu was not refused", i);
}

static void filter_lets_what_serving_needs(void **state)
{
	const struct settings settings = { 0 };

	(void)state;
	assert_int_equal(confined(read_a_file, &settings), 0);
	assert_int_equal(confined(unix_socket, &settings), 0);
	assert_int_equal(confined(memory, &settings), 0);
}

/* The line of /proc/self/status, as a number. */
static uint64_t status_of(const char *name)
{
	uint64_t value = ~0ull;
	size_t len = strlen(name);
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, len) && line[len] == ':')
			value = strtoull(line + len + 1, NULL, 16);
	if (f)
		fclose(f);
	return value;
}

/* CAP_BPF, and CAP_SETPCAP by which others are dropped. */
static bool may_keep_capabilities(void)
{
	uint64_t has = status_of("CapEff");

	return (has >> 39 & 1) && (has >> 8 & 1);
}

/* EINVAL is bpf()'s own answer. */
static void filter_of_a_stack_with_xdp_lets_bpf(void **state)
{
	const struct settings settings = { .uses_bpf = true };

	(void)state;
	if (!may_keep_capabilities())
		skip();
	assert_int_equal(confined(change_a_map, &settings), EINVAL);
}

static void unfiltered_refuses_nothing(void **state)
{
	const struct settings settings = { .unfiltered = true };

	(void)state;
	assert_int_equal(confined(write_a_file, &settings), 0);
	assert_int_equal(confined(internet_socket, &settings), 0);
	assert_int_equal(confined(execute, &settings), 0);
}

static long has_capabilities(void)
{
	errno = EACCES;
	return !status_of("CapEff") && !status_of("CapPrm") && !status_of("CapInh") &&
	       !status_of("CapAmb") && status_of("NoNewPrivs") == 1 ? 0 : -1;
}

static long has_two_capabilities(void)
{
	const uint64_t two = 1ull << 12 | 1ull << 39;

	errno = EACCES;
	return status_of("CapEff") == two && status_of("CapBnd") == two ? 0 : -1;
}

static void no_capability_is_kept(void **state)
{
	(void)state;
	assert_int_equal(confined(has_capabilities, &(struct settings){ 0 }), 0);
}

static void two_capabilities_are_kept_with_xdp(void **state)
{
	(void)state;
	if (!may_keep_capabilities())
		skip();
	assert_int_equal(confined(has_two_capabilities,
				  &(struct settings){ .uses_bpf = true }), 0);
}

static void words_that_are_none_are_refused(void **state)
{
	struct settings s = { 0 };

	(void)state;
	assert_int_equal(seccomp_parse("off", &s), 0);
	assert_true(s.unfiltered);
	assert_int_equal(seccomp_parse("maybe", &s), -1);
	assert_int_equal(user_parse("nobody-of-that-name", "", &s), -1);
	assert_int_equal(user_parse("root", "nobody-of-that-name", &s), -1);
	assert_int_equal(user_parse("", "root", &s), -1);
	assert_int_equal(user_parse("", "", &s), 0);
	assert_false(s.becomes_user);
	assert_int_equal(user_parse("root", "", &s), 0);
	assert_true(s.becomes_user);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filter_refuses_what_serving_does_not_need),
		cmocka_unit_test(filter_lets_what_serving_needs),
		cmocka_unit_test(filter_of_a_stack_with_xdp_lets_bpf),
		cmocka_unit_test(unfiltered_refuses_nothing),
		cmocka_unit_test(no_capability_is_kept),
		cmocka_unit_test(two_capabilities_are_kept_with_xdp),
		cmocka_unit_test(words_that_are_none_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
