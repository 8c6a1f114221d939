/* SPDX-License-Identifier: BSD-2-Clause */
/* The stack that packetdrill drives: see drill.h. */
#include "drill.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PACKET_WAIT (10 * NS_PER_S)	/* then the script has failed */
#define LONGEST_CALL (3600 * NS_PER_S)	/* of the thread that moves the clock */
#define DEADLINE_REAL_S 5		/* of a thread that could go on */
#define RUNS_MAX 100000
#define SETTLE_TRIES 5000

struct drill drill = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.moved = PTHREAD_COND_INITIALIZER,
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "libinet-packetdrill: %s: %s\n", what, why);
	exit(1);
}

/* ---- the clock and who waits ------------------------------------------- */

static bool is_first(void)
{
	return pthread_equal(pthread_self(), drill.first);
}

/* A thread that sleeps in a call looks again; what it does until it has asked for
 * the time is done at this time. Real time bounds what may never end. */
static void drill_hand_over(void)
{
	struct timespec end;

	if (drill.blocked != BLOCKED_SLEEPS)
		return;
	drill.blocked = BLOCKED_TRIES;
	pthread_cond_broadcast(&drill.moved);
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += DEADLINE_REAL_S;
	while (drill.blocked == BLOCKED_TRIES ||
	       drill.blocked == BLOCKED_RETURNED)
		if (pthread_cond_timedwait(&drill.moved, &drill.lock, &end))
			return;
}

void drill_run(void)
{
	int runs = 0;

	while (inet_run(drill.net, 0) > 0 && ++runs < RUNS_MAX)
		;
	drill_hand_over();
}

void drill_run_until(u64 ns)
{
	s64 next;

	for (;;) {
		drill_run();
		next = inet_next_timeout_ns(drill.net);
		if (next < 0 || drill.now_ns + (u64)next > ns)
			break;
		drill.now_ns += (u64)next;
	}
	if (ns > drill.now_ns)
		drill.now_ns = ns;
	drill_run();
}

/* The first thread waits itself: nobody else moves the clock. */
static bool wait_first(u64 deadline_ns)
{
	s64 next;

	if (deadline_ns == DRILL_NEVER)
		deadline_ns = drill.now_ns + LONGEST_CALL;
	drill_run();
	next = inet_next_timeout_ns(drill.net);
	if (drill.now_ns >= deadline_ns)
		return false;
	if (next < 0 || drill.now_ns + (u64)next > deadline_ns)
		drill_run_until(deadline_ns);
	else
		drill_run_until(drill.now_ns + (u64)next);
	return true;
}

bool drill_wait(u64 deadline_ns)
{
	if (is_first())
		return wait_first(deadline_ns);
	if (drill.now_ns >= deadline_ns)
		return false;
	drill.blocked = BLOCKED_SLEEPS;
	pthread_cond_broadcast(&drill.moved);
	while (drill.blocked == BLOCKED_SLEEPS)
		pthread_cond_wait(&drill.moved, &drill.lock);
	return true;
}

void drill_enter(void)
{
	pthread_mutex_lock(&drill.lock);
}

ssize_t drill_leave(ssize_t ret)
{
	int err = errno;

	drill_run();
	if (!is_first() && drill.blocked == BLOCKED_TRIES) {
		drill.blocked = BLOCKED_RETURNED;
		pthread_cond_broadcast(&drill.moved);
	}
	pthread_mutex_unlock(&drill.lock);
	errno = err;
	return ret;
}

/* Who looks often enough sees it move; but who has just come out of a call that
 * blocked sees when that ended. */
u64 drill_time(void)
{
	u64 ns;

	drill_enter();
	if (drill.blocked != BLOCKED_RETURNED || is_first()) {
		drill_run_until(drill.now_ns + NS_PER_US);
	} else {
		drill.blocked = BLOCKED_NOT;
		drill.settles = gettid();
		pthread_cond_broadcast(&drill.moved);
	}
	ns = drill.now_ns;
	pthread_mutex_unlock(&drill.lock);
	return ns;
}

/* The thread runs until it waits for its next call, or is gone. */
void drill_settle(void)
{
	const struct timespec pause = { .tv_nsec = 200000 };
	char path[64], state = 'R';
	pid_t thread;
	FILE *f;

	pthread_mutex_lock(&drill.lock);
	thread = drill.settles;
	drill.settles = 0;
	pthread_mutex_unlock(&drill.lock);
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)thread);
	for (int i = 0; thread && i < SETTLE_TRIES; i++) {
		nanosleep(&pause, NULL);
		f = fopen(path, "r");
		if (!f || fscanf(f, "%*d (%*[^)]) %c", &state) != 1 || state == 'S')
			thread = 0;
		if (f)
			fclose(f);
	}
}

/* ---- the environment --------------------------------------------------- */

static u64 env_now(void *opaque __maybe_unused)
{
	return drill.now_ns;
}

/* packetdrill compares stamps of packets with the time that it set. */
static u64 env_wall(void *opaque __maybe_unused)
{
	return drill.now_ns;
}

/* The same in every run (splitmix64). */
static void env_random(void *opaque __maybe_unused, void *buf, size_t len)
{
	u8 *p = buf;
	u64 z = 0;

	for (size_t i = 0; i < len; i++, z >>= 8) {
		if (i % 8 == 0) {
			z = drill.random += 0x9e3779b97f4a7c15ull;
			z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
			z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
			z ^= z >> 31;
		}
		p[i] = (u8)z;
	}
}

/* ---- the device -------------------------------------------------------- */

static int dev_up(struct net_device *dev __maybe_unused)
{
	napi_enable(&drill.napi);
	return 0;
}

static int dev_down(struct net_device *dev __maybe_unused)
{
	napi_disable(&drill.napi);
	return 0;
}

static enum netdev_tx dev_xmit(struct sk_buff *skb,
			       struct net_device *dev __maybe_unused)
{
	struct drill_packet *p = malloc(sizeof(*p) + skb->len);

	if (!p)
		die("malloc", strerror(errno));
	p->next = NULL;
	p->left_ns = drill.now_ns;
	p->len = skb->len;
	skb_copy_bits(skb, 0, p->data, skb->len);
	*drill.tx_tail = p;
	drill.tx_tail = &p->next;
	consume_skb(skb);
	return NETDEV_TX_OK;
}

/* NAPI poll: the one packet that drill_inject() left. */
static int dev_poll(struct napi_struct *napi, int budget __maybe_unused)
{
	struct sk_buff *skb;

	if (drill.rx) {
		skb = napi_alloc_skb(drill.dev, (u32)drill.rx_len);
		if (!skb)
			die("a packet", "out of memory");
		memcpy(skb_put(skb, (u32)drill.rx_len), drill.rx, drill.rx_len);
		drill.rx = NULL;
		skb->protocol = raw_ip_type_trans(skb, drill.dev);
		napi_gro_receive(napi, skb);
	}
	napi_complete_done(napi, 0);
	return 0;
}

static void dev_gone(struct net_device *dev __maybe_unused)
{
	netif_napi_del(&drill.napi);
}

static const struct net_device_ops dev_ops = {
	.ndo_open = dev_up,
	.ndo_stop = dev_down,
	.ndo_start_xmit = dev_xmit,
	.ndo_uninit = dev_gone,
};

int drill_inject(const void *buf, size_t len)
{
	drill_read_device();
	drill.rx = buf;
	drill.rx_len = len;
	napi_schedule(&drill.napi);
	drill_run();
	return 0;
}

struct drill_packet *drill_next_packet(void)
{
	u64 end_ns = drill.now_ns + PACKET_WAIT;
	struct drill_packet *p;

	while (!drill.tx)
		if (!wait_first(end_ns))
			return NULL;
	p = drill.tx;
	drill.tx = p->next;
	if (!drill.tx)
		drill.tx_tail = &drill.tx;
	return p;
}

/* ---- knobs ------------------------------------------------------------- */

static void add_knob(void *arg, const char *name, const char *value __maybe_unused)
{
	size_t *nr = arg;

	drill.knobs = realloc(drill.knobs, (*nr + 2) * sizeof(char *));
	if (!drill.knobs)
		die("malloc", strerror(errno));
	drill.knobs[(*nr)++] = strdup(name);
	drill.knobs[*nr] = NULL;
}

/* The value of @name below /proc/sys, in one line with blanks between. */
static bool kernel_knob(const char *name, char *value, size_t size)
{
	char path[256];
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	for (char *c = path + strlen("/proc/sys/"); *c; c++)
		if (*c == '.')
			*c = '/';
	f = fopen(path, "r");
	if (!f)
		return false;
	ok = fgets(value, (int)size, f);
	fclose(f);
	if (!ok)
		return false;
	value[strcspn(value, "\n")] = '\0';
	for (char *c = value; *c; c++)
		if (*c == '\t')
			*c = ' ';
	return true;
}

/* The bits of tcp_fastopen that Linux has a meaning for: scripts set others, too. */
#define FASTOPEN_BITS 0x607ul

/* The value of @name as the stack is to have it. */
static void adapt_knob(const char *name, char *value, size_t size)
{
	if (strcmp(name, "net.ipv4.tcp_fastopen") == 0)
		snprintf(value, size, "%lu",
			 strtoul(value, NULL, 10) & FASTOPEN_BITS);
}

/*
 * Scripts set Linux's knobs with sysctl(8) before they begin: in the namespace of
 * packetdrill they are the configuration. A value that the stack does not take is
 * one for which the script may fail.
 */
void drill_read_knobs(void)
{
	char value[256];

	for (char **name = drill.knobs; name && *name; name++) {
		if (!kernel_knob(*name, value, sizeof(value)))
			continue;
		adapt_knob(*name, value, sizeof(value));
		if (inet_sysctl_set(drill.net, *name, value) &&
		    getenv("DRILL_VERBOSE"))
			fprintf(stderr, "%s\n", inet_strerror(drill.net));
	}
}

/* ---- set-up ------------------------------------------------------------ */

static void need(int ret, const char *what)
{
	if (ret)
		die(what, inet_strerror(drill.net));
}

/* The value of @key in "key=value,key=value" into @value. */
static void flag(const char *flags, const char *key, char *value, size_t size)
{
	const char *at = flags ? strstr(flags, key) : NULL;

	if (at && (at == flags || at[-1] == ','))
		snprintf(value, size, "%.*s", (int)strcspn(at + strlen(key), ","),
			 at + strlen(key));
}

static void start_device(const char *ip, unsigned int mtu)
{
	char addr[64];

	drill.dev = alloc_netdev(drill.net, 0, "tun0", raw_ip_setup);
	if (!drill.dev)
		die("tun0", "out of memory");
	drill.dev->netdev_ops = &dev_ops;
	/* as the kernel's scripts see it: a row of segments is one packet */
	drill.dev->features |= NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_TSO;
	drill.dev->hw_features |= NETIF_F_TSO;
	netif_napi_add(drill.dev, &drill.napi, 0, dev_poll);
	need(register_netdevice(drill.dev), "tun0");
	snprintf(addr, sizeof(addr), "%s/16", ip);
	need(inet_netdev_set_mtu(drill.dev, mtu), "mtu");
	need(inet_addr_add(drill.dev, addr), addr);
	need(inet_netdev_up(drill.dev), "tun0");
	need(inet_route_add(drill.net, "default dev tun0"), "default route");
	/* packetdrill listens to the kernel's device by a packet socket, for which
	 * lent memory is copied: scripts are written for that */
	drill.sniffer = inet_socket(drill.net, AF_PACKET, SOCK_RAW,
				    htons(ETH_P_ALL));
	if (!drill.sniffer)
		die("sniffer", inet_strerror(drill.net));
}

void drill_start(const char *flags)
{
	struct inet_env env = *inet_env_default();
	struct inet_config config = {
		.size = sizeof(config), .mode = INET_SIMULATED, .env = &env,
		.name = "packetdrill",
	};
	char ip[64] = "192.168.0.1", mtu[16] = "1500", knobs[16] = "kernel";
	size_t nr = 0;

	flag(flags, "ip=", ip, sizeof(ip));
	flag(flags, "mtu=", mtu, sizeof(mtu));
	flag(flags, "knobs=", knobs, sizeof(knobs));
	drill.first = pthread_self();
	drill.now_ns = NS_PER_S;
	drill.random = 1;
	drill.tx_tail = &drill.tx;
	env.now = env_now;
	env.wall = env_wall;
	env.random = env_random;
	drill.net = inet_create(&config);
	if (!drill.net)
		die("inet_create", inet_strerror(NULL));
	start_device(ip, (unsigned int)strtoul(mtu, NULL, 10));
	if (strcmp(knobs, "kernel") == 0)
		inet_sysctl_each(drill.net, add_knob, &nr);
}

void drill_stop(void)
{
	struct drill_packet *p;

	inet_close(drill.sniffer);
	inet_destroy(drill.net);
	while ((p = drill.tx)) {
		drill.tx = p->next;
		free(p);
	}
	for (char **name = drill.knobs; name && *name; name++)
		free(*name);
	free(drill.knobs);
}
