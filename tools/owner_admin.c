/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The side of the owner: questions of tools, one connection each (admin.h). An answer
 * is written to memory at once and goes out as the tool reads it; a capture writes to the
 * connection itself, and drops what the tool does not read.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <inet/capture.h>
#include <inet/control.h>
#include <netinet/tcp.h>

#include "admin.h"
#include "owner.h"

#define GUESTS 64		/* at a time */
#define WORDS 32		/* of a question */

/* Who asks. */
struct guest {
	struct watch watch;	/* first */
	struct guest *next, **prev;
	bool may_change;
	size_t asked;
	char question[ADMIN_REQUEST];
	char *answer;
	size_t len, sent;
	struct inet_capture *capture;
	u64 max_frames;		/* of the capture; 0: no limit */
};

static void guest_free(struct owner *o, struct guest *g)
{
	if (g->capture)
		inet_capture_close(g->capture);
	*g->prev = g->next;
	if (g->next)
		g->next->prev = g->prev;
	owner_unwatch(&g->watch);
	free(g->answer);
	o->nr_guests--;
	g->next = o->gone;	/* events of this round may still name it */
	o->gone = g;
}

void admin_bury(struct owner *o)
{
	struct guest *g;

	while ((g = o->gone)) {
		o->gone = g->next;
		free(g);
	}
}

/* ---- answers ---------------------------------------------------------- */

static void put_counter(void *out, const char *name, u64 value)
{
	fprintf(out, "%s %llu\n", name, (unsigned long long)value);
}

/* What is asked for of the connection to the program. */
static void fill_conn(struct admin_socket *as, const struct conn *c)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	struct stat st;

	as->id = c->id;
	as->kind = c->kind;
	if (c->watch.fd < 0)
		return;
	if (!fstat(c->watch.fd, &st))
		as->inode = st.st_ino;
	if (!getsockopt(c->watch.fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		as->uid = cred.uid;
}

/* What only the socket itself tells. */
static void fill_options(struct admin_socket *as)
{
	socklen_t len = ADMIN_TCP_INFO, name_len = sizeof(as->congestion);

	if (as->info.family != AF_INET || as->info.protocol != IPPROTO_TCP)
		return;
	if (!inet_getsockopt(as->info.sock, IPPROTO_TCP, TCP_INFO, as->tcp_info, &len))
		as->tcp_info_len = len;
	inet_getsockopt(as->info.sock, IPPROTO_TCP, TCP_CONGESTION, as->congestion,
			&name_len);
}

/* All sockets, in memory. */
struct sockets {
	struct admin_socket *all;
	size_t n, room;
	bool failed;
};

/* inet_diag_each()'s call. */
static void collect(void *arg, const struct inet_diag_info *info)
{
	struct sockets *s = arg;
	struct admin_socket *more;

	if (s->n == s->room) {
		more = realloc(s->all, (s->room + 256) * 2 * sizeof(*more));
		s->failed |= !more;
		if (!more)
			return;
		s->all = more;
		s->room = (s->room + 256) * 2;
	}
	s->all[s->n] = (struct admin_socket){ .info = *info };
	s->n++;
}

static int by_socket(const void *a, const void *b)
{
	const struct admin_socket *x = a, *y = b;

	return x->info.sock < y->info.sock ? -1 : x->info.sock > y->info.sock;
}

/* All sockets; those of programs with whose they are. */
static int put_sockets(struct owner *o, FILE *out)
{
	struct sockets s = { 0 };
	struct admin_socket key, *found;
	const struct conn *c;
	size_t i;

	inet_diag_each(o->net, collect, &s);
	if (s.n)
		qsort(s.all, s.n, sizeof(*s.all), by_socket);
	for (i = 0; s.n && i < OWNER_BUCKETS; i++) {
		for (c = o->buckets[i]; c; c = c->next) {
			key.info.sock = c->sock;
			found = c->sock ? bsearch(&key, s.all, s.n, sizeof(*s.all),
						  by_socket) : NULL;
			if (found)
				fill_conn(found, c);
		}
	}
	for (i = 0; i < s.n; i++)
		if (s.all[i].info.sock)
			fill_options(&s.all[i]);
	if (s.n)
		fwrite(s.all, sizeof(*s.all), s.n, out);
	free(s.all);
	return s.failed ? ENOMEM : 0;
}

static int put_device(struct owner *o, const char *name, FILE *out)
{
	struct net_device *dev = inet_netdev_find(o->net, name);

	return dev ? inet_netdev_counter_each(dev, put_counter, out) : -1;
}

/* "error SENTENCE". */
static void put_error(struct owner *o, int err, FILE *out)
{
	const char *said = inet_strerror(o->net);

	if (err > 0 || !*said)
		said = err == EPERM ? "only root and who runs inetstackd may do this" :
		       strerror(err > 0 ? err : errno);
	fprintf(out, "error %s\n", said);
}

/* "dump DEVICE SNAPLEN COUNT DIRECTION FILTER": begins to write to the tool, after "ok",
 * since the stack writes at once. Return: as answer_to(). */
static int start_dump(struct owner *o, struct guest *g, char *words)
{
	struct inet_capture_config config = { .size = sizeof(config), .fd = g->watch.fd };
	char *device = strtok(words, " "), *snaplen = strtok(NULL, " ");
	char *count = strtok(NULL, " "), *direction = strtok(NULL, " ");

	if (!direction)
		return EINVAL;
	config.filter = strtok(NULL, "");
	config.device = strcmp(device, "any") ? device : NULL;
	config.snaplen = (u32)strtoul(snaplen, NULL, 10);
	config.max_frames = g->max_frames = strtoull(count, NULL, 10);
	config.direction = !strcmp(direction, "in") ? INET_CAPTURE_IN :
			   !strcmp(direction, "out") ? INET_CAPTURE_OUT :
						       INET_CAPTURE_BOTH;
	if (send(g->watch.fd, "ok\n", 3, MSG_NOSIGNAL | MSG_DONTWAIT) != 3)
		return EPIPE;
	g->capture = inet_capture_open(o->net, &config);
	return g->capture ? 0 : -1;
}

/* Answers to @out. 0, an errno, or -1: the stack has a sentence. */
static int answer_to(struct owner *o, struct guest *g, FILE *out)
{
	char *verb = g->question, *rest = strchr(verb, ' ');

	if (rest)
		*rest++ = 0;
	if (!strcmp(verb, "sockets"))
		return put_sockets(o, out);
	if (!strcmp(verb, "counters"))
		return inet_counter_each(o->net, put_counter, out);
	if (!strcmp(verb, "drops"))
		return inet_drop_each(o->net, put_counter, out);
	if (!strcmp(verb, "metrics"))
		return metrics_show(o->net, out);
	if (!strcmp(verb, "device") && rest)
		return put_device(o, rest, out);
	if (!strcmp(verb, "ip") && rest)
		return admin_ip(o->net, rest, g->may_change, out);
	return strcmp(verb, "dump") ? ENOSYS : EPERM;
}

/* Makes the whole answer. */
static void make_answer(struct owner *o, struct guest *g)
{
	FILE *out = open_memstream(&g->answer, &g->len);
	int err;

	if (!out)
		return;
	fputs("ok\n", out);
	err = answer_to(o, g, out);
	if (err) {
		fclose(out);
		free(g->answer);
		g->answer = NULL;
		out = open_memstream(&g->answer, &g->len);
		if (!out)
			return;
		put_error(o, err, out);
	}
	fclose(out);
}

/* ---- connections ------------------------------------------------------ */

/* Sends what the tool takes. Return: false, all of it is out, or nobody reads. */
static bool send_answer(struct guest *g)
{
	ssize_t n;

	while (g->sent < g->len) {
		n = send(g->watch.fd, g->answer + g->sent, g->len - g->sent,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN;
		g->sent += (size_t)n;
	}
	return false;
}

/* Reads the question, and answers when it is whole. Return: false, it is over. */
static bool read_question(struct owner *o, struct guest *g)
{
	ssize_t n = recv(g->watch.fd, g->question + g->asked,
			 sizeof(g->question) - 1 - g->asked, MSG_DONTWAIT);
	char *end, sentence[512];
	FILE *out;
	int err;

	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	g->asked += (size_t)n;
	g->question[g->asked] = 0;
	end = strchr(g->question, '\n');
	if (!end)
		return g->asked < sizeof(g->question) - 1;
	*end = 0;
	if (!g->may_change || strncmp(g->question, "dump ", 5)) {
		make_answer(o, g);
		return g->answer && send_answer(g);
	}
	err = start_dump(o, g, g->question + 5);
	out = err ? fmemopen(sentence, sizeof(sentence), "w") : NULL;
	if (out) {
		put_error(o, err, out);
		fclose(out);
		send(g->watch.fd, sentence, strlen(sentence), MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	return !err;
}

/* A tool asks, reads, or has gone. */
static void guest_ready(struct owner *o, struct watch *w, uint32_t events)
{
	struct guest *g = (struct guest *)w;
	bool goes_on;

	if (events & (EPOLLHUP | EPOLLERR))
		goes_on = false;
	else if (g->capture)
		goes_on = !(events & EPOLLRDHUP) &&
			  (!inet_capture_flush(g->capture) || errno == EAGAIN);
	else if (g->answer)
		goes_on = send_answer(g);
	else
		goes_on = read_question(o, g);
	if (!goes_on)
		guest_free(o, g);
}

void admin_new(struct owner *o, int fd)
{
	struct guest *g = o->nr_guests < GUESTS ? calloc(1, sizeof(*g)) : NULL;

	if (!g) {
		close(fd);
		return;
	}
	g->watch.fd = fd;
	g->watch.ready = guest_ready;
	g->may_change = shim_peer_trusted(fd);
	g->next = o->guests;
	g->prev = &o->guests;
	if (g->next)
		g->next->prev = &g->next;
	o->guests = g;
	o->nr_guests++;
	if (owner_watch(o, &g->watch, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET))
		guest_free(o, g);
}

void admin_work(struct owner *o)
{
	struct inet_capture_stats stats;
	struct guest *g, *next;

	for (g = o->guests; g; g = next) {
		next = g->next;
		if (!g->capture || !g->max_frames)
			continue;
		inet_capture_get_stats(g->capture, &stats);
		if (stats.written >= g->max_frames &&
		    (!inet_capture_flush(g->capture) || errno != EAGAIN))
			guest_free(o, g);
	}
}

void admin_close(struct owner *o)
{
	while (o->guests)
		guest_free(o, o->guests);
	admin_bury(o);
}
