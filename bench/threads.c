/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * threads: what softirq threads bring. One stack with BENCH_THREADS of them (2 if
 * nothing is said), thread i on core i, serves FLOWS connections of TCP; the
 * clients are inside a device in memory, which answers each answer with the next
 * question and does nothing else (as tap-dumb, from the other end).
 *
 *	threads [queues|rps] [COUNT]
 *
 * COUNT one-byte questions and answers. queues: the device has a receive queue for
 * each thread, and each flow one of them, as a card with RSS; rps: one queue, polled
 * by thread 0, and the stack spreads the flows. bench/run puts two threads beside
 * one.
 *
 * A question that is due is an entry in a ring of its queue, one ring for each
 * thread that fills it, so that threads meet where the stack lets them meet only.
 *
 * BENCH_APART=1: not one stack, but as many processes, each with a stack of one
 * thread: what the machine gives to those who share nothing. Two cores may be one
 * that does two things at a time, and then not even they are twice as fast.
 */
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <inet/netdevice.h>
#include <inet/skbuff.h>

#include "common.h"
#include "host.h"
#include "segment.h"

#define FLOWS 512u		/* a power of two: of a ring, too */
#define FIRST_PORT 10000u
#define PORT 7
#define MAX_THREADS 8u
#define CLIENT 0x0a000001u
#define SERVER 0x0a000002u
#define LINE __attribute__((aligned(128)))

struct flow {
	uint32_t seq, ack;	/* of the next question; 0: SYN */
} LINE;

struct ring {
	uint32_t head LINE;	/* by who fills it */
	uint16_t flows[FLOWS];
	uint32_t tail LINE;	/* by poll() */
};

struct queue {
	struct napi_struct napi LINE;
	uint32_t armed LINE;	/* poll() has to be scheduled */
	struct ring from[MAX_THREADS + 1];
};

struct counter {
	uint64_t answers;
} LINE;

static struct {
	struct net *net;
	struct net_device *dev;
	struct socket *listener;
	uint32_t nr_threads, nr_queues;
	struct queue queues[MAX_THREADS];
	struct flow flows[FLOWS];
	struct counter (*counters)[MAX_THREADS + 1];	/* of each process */
	uint32_t nr_processes, process;
	pid_t child;
	uint32_t nr_seen;	/* atomic: threads that have asked */
	bool over;		/* connections may be reset */
} t;

/* Which ring the calling thread fills. */
static uint32_t me(void)
{
	static __thread uint32_t number;

	if (!number)
		number = __atomic_add_fetch(&t.nr_seen, 1, __ATOMIC_RELAXED);
	if (number > MAX_THREADS + 1)
		bench_die("threads", "more than there should be");
	return number - 1;
}

/* ---- the device ------------------------------------------------------- */

/* The next question of flow @f is due. */
static void ask(uint32_t f)
{
	struct queue *q = &t.queues[f % t.nr_queues];
	struct ring *r = &q->from[me()];

	r->flows[r->head % FLOWS] = (uint16_t)f;
	__atomic_store_n(&r->head, r->head + 1, __ATOMIC_SEQ_CST);
	/* Pairs with the exchange in poll_queue(). */
	if (__atomic_load_n(&q->armed, __ATOMIC_SEQ_CST) &&
	    __atomic_exchange_n(&q->armed, 0, __ATOMIC_SEQ_CST))
		napi_schedule(&q->napi);
}

/* What the stack sends: an answer, the handshake, or an ACK that we ignore. */
static enum netdev_tx start_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct segment *s = (void *)skb->data;
	uint32_t f = ntohs(s->tcp.dest) - FIRST_PORT;
	uint32_t len, seq = ntohl(s->tcp.seq);

	(void)dev;
	if (segment_is(s, IPPROTO_TCP) && f < FLOWS) {
		len = s->tcp.syn ? 1 : segment_payload(s);
		if (s->tcp.rst && !t.over)
			bench_die("threads", "a connection was reset");
		if (len && (s->tcp.syn || seq == t.flows[f].ack)) {
			t.flows[f].seq = ntohl(s->tcp.ack_seq);
			t.flows[f].ack = seq + len;
			t.counters[t.process][me()].answers += !s->tcp.syn;
			ask(f);
		}
	}
	dev_consume_skb_any(skb);
	return NETDEV_TX_OK;
}

static void receive(struct queue *q, uint32_t f)
{
	bool syn = !t.flows[f].seq;
	uint32_t len = SEGMENT_HLEN + !syn;
	struct sk_buff *skb = napi_alloc_skb(t.dev, len);
	struct segment *s;

	if (!skb)
		bench_die("threads", "no frame");
	s = (void *)skb_put(skb, len);
	segment_template(s, CLIENT, SERVER);
	memcpy(s->eth.ether_dhost, t.dev->dev_addr, ETH_ALEN);
	s->tcp.source = htons((uint16_t)(FIRST_PORT + f));
	s->tcp.dest = htons(PORT);
	s->tcp.seq = htonl(t.flows[f].seq);
	s->tcp.ack_seq = htonl(t.flows[f].ack);
	s->tcp.window = htons(0xffff);
	s->tcp.syn = syn;
	s->tcp.ack = !syn;
	if (!syn)
		segment_data(s)[0] = 'q';
	segment_finish(s, !syn, syn ? 0 : htons('q' << 8), false);
	skb->protocol = eth_type_trans(skb, t.dev);
	napi_gro_receive(&q->napi, skb);
}

/* The rings of @q, one question of each in turn. Return: how many were due. */
static int receive_due(struct queue *q, int budget)
{
	uint32_t nr = __atomic_load_n(&t.nr_seen, __ATOMIC_RELAXED), i;
	int n = 0, before;

	do {
		before = n;
		for (i = 0; i < nr && n < budget; i++) {
			struct ring *r = &q->from[i];

			if (r->tail == __atomic_load_n(&r->head,
						       __ATOMIC_ACQUIRE))
				continue;
			receive(q, r->flows[r->tail++ % FLOWS]);
			n++;
		}
	} while (n != before && n < budget);
	return n;
}

static int poll_queue(struct napi_struct *napi, int budget)
{
	struct queue *q = &t.queues[napi->queue];
	int n = receive_due(q, budget);

	if (n)
		return budget;	/* not before a poll finds nothing at all */
	__atomic_exchange_n(&q->armed, 1, __ATOMIC_SEQ_CST);
	n = receive_due(q, budget - 1);
	if (napi_complete_done(napi, n) && n &&
	    __atomic_exchange_n(&q->armed, 0, __ATOMIC_SEQ_CST))
		napi_schedule(napi);
	return n;
}

static int device_open(struct net_device *dev)
{
	uint32_t i;

	(void)dev;
	for (i = 0; i < t.nr_queues; i++)
		napi_enable(&t.queues[i].napi);
	return 0;
}

static int device_stop(struct net_device *dev)
{
	uint32_t i;

	(void)dev;
	for (i = 0; i < t.nr_queues; i++)
		napi_disable(&t.queues[i].napi);
	return 0;
}

static const struct net_device_ops device_ops = {
	.ndo_open = device_open,
	.ndo_stop = device_stop,
	.ndo_start_xmit = start_xmit,
};

/* The device has a transmit queue for each thread. */
static void make_device(void)
{
	char knob[32], mask[16];
	uint32_t i;

	t.dev = alloc_netdev(t.net, 0, "bench0", ether_setup);
	if (!t.dev)
		host_die(t.net, "device");
	eth_hw_addr_random(t.dev);
	t.dev->mtu = 1500;
	t.dev->netdev_ops = &device_ops;
	t.dev->num_rx_queues = t.nr_queues;
	t.dev->num_tx_queues = t.nr_threads;
	for (i = 0; i < t.nr_queues; i++) {
		netif_napi_add(t.dev, &t.queues[i].napi, i, poll_queue);
		t.queues[i].armed = 1;
	}
	if (register_netdevice(t.dev))
		host_die(t.net, "device");
	host_up(t.net, "bench0", "10.0.0.2/24");
	if (inet_neigh_add(t.dev, "10.0.0.1 lladdr 02:00:00:00:00:02"))
		host_die(t.net, "neighbour");
	for (i = 0; i < t.nr_threads; i++) {
		snprintf(knob, sizeof(knob), "tx-%u/xps_cpus", i);
		snprintf(mask, sizeof(mask), "%x", 1u << i);
		if (t.nr_threads > 1 && inet_netdev_set_queue(t.dev, knob, mask))
			host_die(t.net, knob);
	}
}

/* ---- the servers ------------------------------------------------------ */

static void answer_event(struct socket *sock, int revents, void *arg)
{
	char byte;

	(void)revents;
	(void)arg;
	if (inet_recv(sock, &byte, 1, 0) == 1)
		inet_send(sock, &byte, 1, MSG_NOSIGNAL);
}

static void accept_event(struct socket *listener, int revents, void *arg)
{
	struct socket *s;

	(void)revents;
	(void)arg;
	while ((s = inet_accept4(listener, NULL, NULL, SOCK_NONBLOCK)))
		inet_set_event_cb(s, POLLIN, answer_event, NULL);
}

static void start(void)
{
	struct inet_config cfg = { .size = sizeof(cfg), .name = "threads",
				   .mode = INET_THREADED,
				   .nr_threads = t.nr_threads,
				   .pin_threads = t.nr_processes == 1 };
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(PORT) };

	t.net = inet_create(&cfg);
	if (!t.net || inet_start(t.net))
		host_die(t.net, "stack");
	make_device();
	t.listener = host_sock(t.net, SOCK_STREAM);
	if (inet_bind(t.listener, (struct sockaddr *)&sin, sizeof(sin)) ||
	    inet_listen(t.listener, FLOWS))
		host_die(t.net, "listen");
	inet_set_event_cb(t.listener, POLLIN, accept_event, NULL);
}

/* ---- the rows --------------------------------------------------------- */

static uint64_t answers(void)
{
	uint64_t sum = 0;
	uint32_t p, i;

	for (p = 0; p < t.nr_processes; p++)
		for (i = 0; i <= MAX_THREADS; i++)
			sum += __atomic_load_n(&t.counters[p][i].answers,
					       __ATOMIC_RELAXED);
	return sum;
}

/* Until there were @n answers. */
static void wait_for(uint64_t n)
{
	const struct timespec while_ns = { .tv_nsec = 1000000 };

	while (answers() < n)
		nanosleep(&while_ns, NULL);
}

/* All connections are made, and some questions asked, before the clock runs. All
 * processes go on until the last answer. */
static void run_row(struct bench_result *r)
{
	uint64_t before;
	double begin;
	uint32_t f;

	for (f = 0; f < FLOWS; f++)
		ask(f);
	wait_for(FLOWS * 4 * t.nr_processes);
	before = answers();
	begin = bench_now();
	wait_for(before + r->count);
	r->seconds = bench_now() - begin;
	r->count = answers() - before;
}

static void queues(void *unused, uint64_t count)
{
	(void)unused;
	(void)count;
	t.nr_queues = t.nr_threads;
	start();
}

static void rps(void *unused, uint64_t count)
{
	char mask[16];

	(void)unused;
	(void)count;
	t.nr_queues = 1;
	start();
	snprintf(mask, sizeof(mask), "%x", (1u << t.nr_threads) - 1);
	if (t.nr_threads > 1 && inet_netdev_set_rps_cpus(t.dev, 0, mask))
		host_die(t.net, "rps_cpus");
}

static const struct bench_row rows[] = {
	{ "queues", 2000000, queues },
	{ "rps", 2000000, rps },
	{ NULL, 0, NULL },
};

/* What processes share; then one for each thread, on its core. */
static void part(bool apart)
{
	cpu_set_t cpu;

	t.nr_processes = apart ? t.nr_threads : 1;
	t.counters = mmap(NULL, t.nr_processes * sizeof(*t.counters),
			  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
			  0);
	bench_want(t.counters != MAP_FAILED, "counters");
	if (!apart)
		return;
	t.nr_threads = 1;
	while (!t.child && t.process + 1 < t.nr_processes) {
		t.child = fork();
		bench_want(t.child >= 0, "fork");
		t.process += !t.child;
	}
	CPU_ZERO(&cpu);
	CPU_SET(t.process, &cpu);
	bench_want(!sched_setaffinity(0, sizeof(cpu), &cpu), "affinity");
}

/* The first process prints. Return: its exit status. */
static int finish(const struct bench_result *r)
{
	int status = 0;

	if (t.child && waitpid(t.child, &status, 0) != t.child)
		status = 1;
	if (!t.process)
		bench_print(r);
	return status != 0;
}

int main(int argc, char **argv)
{
	const char *threads = getenv("BENCH_THREADS");
	struct bench_result r = { 0 };

	if (bench_arguments(argc, argv, rows, &r))
		return 2;
	t.nr_threads = threads ? (uint32_t)atoi(threads) : 2;
	if (!t.nr_threads || t.nr_threads > MAX_THREADS)
		bench_die("BENCH_THREADS", "1 to 8");
	part(getenv("BENCH_APART") != NULL);
	r.row->run(NULL, r.count);
	run_row(&r);
	r.out = host_counter(t.net, "TcpOutSegs");
	r.in = host_counter(t.net, "TcpInSegs");
	inet_stop(t.net);
	t.over = true;
	inet_destroy(t.net);
	return finish(&r);
}
