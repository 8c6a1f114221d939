/* SPDX-License-Identifier: BSD-2-Clause */
/* Captures: what is written is what passed, filters filter, nothing waits. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <inet/capture.h>
#include <inet/control.h>
#include <inet/netdev.h>

#include "dut.h"
#include "core/net.h"
#include "core/skbuff.h"

#define WALL_NS 1234567890123456789ull
#define MAX_PACKETS 64u

/* ---- two stacks on a wire, and a file --------------------------------- */

struct rig {
	struct inet_env env;
	struct net *net, *far;
	struct net_device *dev, *far_dev;
	struct inet_wire *wire;
	struct packet_type pt;
	struct dut_frames rx;
	char path[64];
};

static u64 fixed_wall(void *opaque)
{
	(void)opaque;
	return WALL_NS;
}

static int setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct inet_config cfg = { .size = sizeof(cfg), .nr_frames = 1024,
				   .mode = INET_SIMULATED };
	int fd;

	r->env = *inet_env_default();
	r->env.wall = fixed_wall;
	cfg.env = &r->env;
	r->net = inet_create(&cfg);
	r->far = inet_create(&cfg);
	r->wire = inet_wire_connect(r->net, "eth0", r->far, "far0", NULL);
	r->dev = inet_wire_device(r->wire, 'a');
	r->far_dev = inet_wire_device(r->wire, 'b');
	inet_netdev_up(r->dev);
	inet_netdev_up(r->far_dev);
	pthread_mutex_init(&r->rx.lock, NULL);
	dut_collect(&r->rx, r->net, &r->pt, NULL);
	strcpy(r->path, "/tmp/inet-capture-XXXXXX");
	fd = mkstemp(r->path);
	close(fd);
	*state = r;
	return fd < 0;
}

static int teardown(void **state)
{
	struct rig *r = *state;

	dev_remove_pack(r->net, &r->pt);
	dut_frames_clear(&r->rx);
	inet_wire_close(r->wire);
	inet_destroy(r->net);
	inet_destroy(r->far);
	unlink(r->path);
	free(r);
	return 0;
}

static void run(struct rig *r)
{
	for (u32 i = 0; i < 5; i++) {
		inet_run(r->net, 0);
		inet_run(r->far, 0);
	}
}

/* The device receives, and sends. */
static void pass(struct rig *r, u32 len, u32 seq, bool out)
{
	u8 *frame = malloc(len);

	dut_frame(frame, len, seq);
	if (out)
		dut_xmit(r->net, r->dev, frame, len);
	else
		dut_xmit(r->far, r->far_dev, frame, len);
	run(r);
	free(frame);
}

static struct inet_capture_config config(struct rig *r)
{
	return (struct inet_capture_config){
		.size = sizeof(struct inet_capture_config), .path = r->path,
	};
}

/* ---- reading a file back ---------------------------------------------- */

struct packet {
	u32 interface, captured, length, flags;
	u64 time_ns;
	u8 *bytes;
};

struct recording {
	u8 *data;
	size_t size;
	u32 nr_interfaces, nr_packets, nr_stats;
	char comment[64], if_name[4][16], filter[64];
	u8 mac[6];
	u8 resolution;
	u32 snaplen;
	u16 linktype;
	struct packet packet[MAX_PACKETS];
	u64 received, dropped, accepted;	/* of interface 0 */
};

static u16 get16(const u8 *p)
{
	u16 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static u32 get32(const u8 *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static u64 get_time(const u8 *p)
{
	return (u64)get32(p) << 32 | get32(p + 4);
}

/* Finds an option in [@p, @end). Return: its value, *len its length. */
static const u8 *option(const u8 *p, const u8 *end, u16 code, u16 *len)
{
	*len = 0;
	while (p + 4 <= end) {
		*len = get16(p + 2);
		if (get16(p) == code)
			return p + 4;
		if (get16(p) == 0)
			break;
		p += 4 + ((*len + 3u) & ~3u);
	}
	return NULL;
}

static void copy_text(char *to, size_t size, const u8 *p, u16 len)
{
	assert_true(p && len < size);
	memcpy(to, p, len);
	to[len] = '\0';
}

static void read_interface(struct recording *rec, const u8 *b, const u8 *end)
{
	const u8 *p;
	u16 len;

	rec->linktype = get16(b + 8);
	rec->snaplen = get32(b + 12);
	p = option(b + 16, end, 2, &len);
	copy_text(rec->if_name[rec->nr_interfaces], 16, p, len);
	p = option(b + 16, end, 9, &len);
	assert_non_null(p);
	rec->resolution = *p;
	p = option(b + 16, end, 6, &len);
	if (p && len == 6)
		memcpy(rec->mac, p, 6);
	p = option(b + 16, end, 11, &len);
	if (p)
		copy_text(rec->filter, sizeof(rec->filter), p + 1, len - 1);
	rec->nr_interfaces++;
}

static void read_packet(struct recording *rec, u8 *b, const u8 *end)
{
	struct packet *k = &rec->packet[rec->nr_packets++];
	const u8 *p;
	u16 len;

	assert_true(rec->nr_packets <= MAX_PACKETS);
	k->interface = get32(b + 8);
	assert_true(k->interface < rec->nr_interfaces);
	k->time_ns = get_time(b + 12);
	k->captured = get32(b + 20);
	k->length = get32(b + 24);
	k->bytes = b + 28;
	p = option(b + 28 + ((k->captured + 3) & ~3u), end, 2, &len);
	assert_true(p && len == 4);
	k->flags = get32(p);
}

static void read_statistics(struct recording *rec, const u8 *b, const u8 *end)
{
	static const u16 codes[] = { 4, 5, 6 };
	u64 *values[] = { &rec->received, &rec->dropped, &rec->accepted };
	u16 len;

	rec->nr_stats++;
	for (u32 i = 0; i < 3 && get32(b + 8) == 0; i++) {
		const u8 *p = option(b + 20, end, codes[i], &len);

		assert_true(p && len == 8);
		memcpy(values[i], p, 8);
	}
}

static void read_block(struct recording *rec, u8 *b, u32 len)
{
	const u8 *end = b + len - 4, *p;
	u16 n;

	switch (get32(b)) {
	case 0x0a0d0d0a:
		assert_int_equal(get32(b + 8), 0x1a2b3c4d);
		p = option(b + 24, end, 1, &n);
		if (p)
			copy_text(rec->comment, sizeof(rec->comment), p, n);
		break;
	case 1:
		read_interface(rec, b, end);
		break;
	case 5:
		read_statistics(rec, b, end);
		break;
	case 6:
		read_packet(rec, b, end);
		break;
	default:
		fail_msg("block of type %u", get32(b));
	}
}

/* Takes a pcapng stream apart, and checks that it is well formed. */
static struct recording *parse(u8 *data, size_t size)
{
	struct recording *rec = calloc(1, sizeof(*rec));

	rec->data = data;
	rec->size = size;
	for (size_t at = 0; at < size;) {
		u32 len = get32(data + at + 4);

		assert_true(len % 4 == 0 && len >= 12 && len <= size - at);
		assert_int_equal(get32(data + at + len - 4), len);
		read_block(rec, data + at, len);
		at += len;
	}
	return rec;
}

static struct recording *read_file(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY);
	u8 *data;

	assert_int_equal(fstat(fd, &st), 0);
	data = malloc((size_t)st.st_size + 1);
	assert_int_equal(read(fd, data, (size_t)st.st_size), st.st_size);
	close(fd);
	return parse(data, (size_t)st.st_size);
}

static void recording_free(struct recording *rec)
{
	free(rec->data);
	free(rec);
}

/* Closes the capture and reads its file. */
static struct recording *finish(struct rig *r, struct inet_capture *c)
{
	assert_int_equal(inet_capture_close(c), 0);
	return read_file(r->path);
}

static void assert_is_frame(const struct packet *p, u32 len, u32 seq)
{
	struct dut_frame f = { .len = p->captured, .bytes = p->bytes };

	assert_int_equal(p->length, len);
	assert_true(dut_frame_is(&f, len, seq));
}

/* ---- what is written -------------------------------------------------- */

static void both_directions_are_recorded_as_they_passed(void **state)
{
	struct rig *r = *state;
	struct inet_capture_config cfg = config(r);
	struct inet_capture *c;
	struct recording *rec;

	cfg.comment = "two words";
	c = inet_capture_open(r->net, &cfg);
	assert_non_null(c);
	pass(r, 60, 1, false);
	pass(r, 1514, 2, true);
	pass(r, 61, 3, false);
	rec = finish(r, c);
	assert_string_equal(rec->comment, "two words");
	assert_int_equal(rec->nr_interfaces, 1);
	assert_string_equal(rec->if_name[0], "eth0");
	assert_memory_equal(rec->mac, r->dev->dev_addr, 6);
	assert_int_equal(rec->resolution, 9);
	assert_int_equal(rec->linktype, 1);
	assert_int_equal(rec->snaplen, 262144);
	assert_int_equal(rec->nr_packets, 3);
	assert_is_frame(&rec->packet[0], 60, 1);
	assert_is_frame(&rec->packet[1], 1514, 2);
	assert_is_frame(&rec->packet[2], 61, 3);
	assert_int_equal(rec->packet[0].flags, 1 | 3 << 2);	/* broadcast */
	assert_int_equal(rec->packet[1].flags, 2);
	assert_true(rec->packet[0].time_ns == WALL_NS);
	assert_int_equal(rec->nr_stats, 1);
	assert_int_equal(rec->received, 3);
	assert_int_equal(rec->accepted, 3);
	assert_int_equal(rec->dropped, 0);
	recording_free(rec);
}

/* The stack still gets what is captured. */
static void captured_frames_reach_their_handler(void **state)
{
	struct rig *r = *state;
	struct inet_capture_config cfg = config(r);
	struct inet_capture *c = inet_capture_open(r->net, &cfg);

	pass(r, 100, 1, false);
	assert_int_equal(r->rx.nr, 1);
	assert_int_equal(inet_capture_close(c), 0);
	pass(r, 100, 2, false);
	assert_int_equal(r->rx.nr, 2);
	assert_int_equal(inet_capture_close(NULL), 0);
}

static void one_device_asked_others_are_left_out(void **state)
{
	struct rig *r = *state;
	struct inet_capture_config cfg = config(r);
	struct net_device *lo = inet_netdev_find(r->net, "lo");
	struct inet_capture *c, *all;
	struct recording *rec;
	char path[80];
	u8 frame[100];

	snprintf(path, sizeof(path), "%s.all", r->path);
	cfg.device = "eth0";
	c = inet_capture_open(r->net, &cfg);
	cfg.device = NULL;
	cfg.path = path;
	all = inet_capture_open(r->net, &cfg);
	dut_frame(frame, sizeof(frame), 9);
	dut_xmit(r->net, lo, frame, sizeof(frame));
	pass(r, 100, 1, true);
	rec = finish(r, c);
	assert_int_equal(rec->nr_packets, 1);
	assert_is_frame(&rec->packet[0], 100, 1);
	recording_free(rec);
	assert_int_equal(inet_capture_close(all), 0);
	rec = read_file(path);
	assert_int_equal(rec->nr_interfaces, 2);
	assert_string_equal(rec->if_name[0], "lo");
	assert_string_equal(rec->if_name[1], "eth0");
	assert_int_equal(rec->nr_packets, 3);	/* lo: out and in */
	assert_int_equal(rec->nr_stats, 2);
	recording_free(rec);
	unlink(path);
}

static void direction_asked_the_other_is_left_out(void **state)
{
	static const enum inet_capture_direction way[] = {
		INET_CAPTURE_IN, INET_CAPTURE_OUT,
	};
	struct rig *r = *state;

	for (u32 i = 0; i < 2; i++) {
		struct inet_capture_config cfg = config(r);
		struct inet_capture *c;
		struct recording *rec;

		cfg.direction = way[i];
		c = inet_capture_open(r->net, &cfg);
		pass(r, 100, 0, false);
		pass(r, 100, 1, true);
		rec = finish(r, c);
		assert_int_equal(rec->nr_packets, 1);
		assert_is_frame(&rec->packet[0], 100, i);
		recording_free(rec);
	}
}

static void snaplen_cuts_and_keeps_the_true_length(void **state)
{
	struct rig *r = *state;
	struct inet_capture_config cfg = config(r);
	struct inet_capture *c;
	struct recording *rec;
	u8 frame[1000];

	cfg.snaplen = 77;
	c = inet_capture_open(r->net, &cfg);
	pass(r, 1000, 1, false);
	pass(r, 60, 2, false);
	rec = finish(r, c);
	assert_int_equal(rec->snaplen, 77);
	assert_int_equal(rec->packet[0].captured, 77);
	assert_int_equal(rec->packet[0].length, 1000);
	dut_frame(frame, 1000, 1);
	assert_memory_equal(rec->packet[0].bytes, frame, 77);
	assert_is_frame(&rec->packet[1], 60, 2);
	recording_free(rec);
}

static void max_frames_ends_the_recording(void **state)
{
	struct rig *r = *state;
	struct inet_capture_config cfg = config(r);
	struct inet_capture_stats stats;
	struct inet_capture *c;
	struct recording *rec;

	cfg.max_frames = 2;
	c = inet_capture_open(r->net, &cfg);
	for (u32 i = 0; i < 5; i++)
		pass(r, 100, i, true);
	inet_capture_get_stats(c, &stats);
	assert_int_equal(stats.seen, 5);
	assert_int_equal(stats.written, 2);
	rec = finish(r, c);
	assert_int_equal(rec->nr_packets, 2);
	recording_free(rec);
}

static void device_closed_while_captured_is_survived(void **state)
{
	struct rig *r = *state;
	struct inet_capture_config cfg = config(r);
	struct inet_capture *c;
	struct recording *rec;

	cfg.device = "eth0";
	c = inet_capture_open(r->net, &cfg);
	pass(r, 100, 1, false);
	assert_int_equal(inet_netdev_close(r->dev), 0);
	rec = finish(r, c);
	assert_int_equal(rec->nr_packets, 1);
	recording_free(rec);
}

/* Standard tools read it. */
static void file_is_read_by_tcpdump(void **state)
{
	struct rig *r = *state;
	struct inet_capture_config cfg = config(r);
	struct inet_capture *c;
	char command[128], line[256];
	u32 lines = 0;
	FILE *p;

	if (system("tcpdump --version >/dev/null 2>&1"))
		skip();
	c = inet_capture_open(r->net, &cfg);
	for (u32 i = 0; i < 3; i++)
		pass(r, 100 + i, i, i % 2);
	assert_int_equal(inet_capture_close(c), 0);
	snprintf(command, sizeof(command),
		 "tcpdump -nn -e -tt --nano -r %s 2>&1", r->path);
	p = popen(command, "r");
	while (fgets(line, sizeof(line), p))
		if (strstr(line, "1234567890.123456789") &&
		    strstr(line, "ethertype Unknown (0x88b5)"))
			lines++;
	assert_int_equal(pclose(p), 0);
	assert_int_equal(lines, 3);
}

/* ---- filters ---------------------------------------------------------- */

#if HAVE_PCAP
static void filter_takes_only_what_matches(void **state)
{
	struct rig *r = *state;
	struct inet_capture_config cfg = config(r);
	struct inet_capture *c;
	struct recording *rec;

	cfg.filter = "ether proto 0x88b5 and len <= 100";
	c = inet_capture_open(r->net, &cfg);
	for (u32 i = 0; i < 10; i++)
		pass(r, 91 + 2 * i, i, i % 2);
	rec = finish(r, c);
	assert_string_equal(rec->filter, cfg.filter);
	assert_int_equal(rec->nr_packets, 5);
	for (u32 i = 0; i < 5; i++)
		assert_is_frame(&rec->packet[i], 91 + 2 * i, i);
	assert_int_equal(rec->received, 10);
	assert_int_equal(rec->accepted, 5);
	recording_free(rec);
}

static void filter_sees_behind_fragments(void **state)
{
	struct rig *r = *state;
	struct inet_capture_config cfg = config(r);
	struct sk_buff *skb = alloc_skb(r->net, 200);
	struct skb_shared_info *si = frame_alloc(r->net, false);
	struct inet_capture *c;
	struct recording *rec;
	u8 frame[300];

	dut_frame(frame, sizeof(frame), 5);
	frame[290] = 0xa5;
	cfg.filter = "ether[290] = 0xa5";
	c = inet_capture_open(r->net, &cfg);
	skb_reserve(skb, 64);
	memcpy(skb_put(skb, 100), frame, 100);
	memcpy(si->frame, frame + 100, 200);
	assert_int_equal(skb_add_frag(skb, si, 0, 200), 0);
	skb->dev = r->dev;
	dev_queue_xmit(skb);
	pass(r, 300, 6, true);
	rec = finish(r, c);
	assert_int_equal(rec->nr_packets, 1);
	assert_int_equal(rec->packet[0].captured, 300);
	assert_memory_equal(rec->packet[0].bytes, frame, 300);
	recording_free(rec);
}

static void bad_filter_gives_the_sentence_of_libpcap(void **state)
{
	struct rig *r = *state;
	struct inet_capture_config cfg = config(r);
	struct stat st;
	int fd = open(r->path, O_WRONLY);

	assert_int_equal(write(fd, "precious", 8), 8);
	close(fd);
	cfg.filter = "tcp prot 80";
	assert_null(inet_capture_open(r->net, &cfg));
	assert_int_equal(errno, EINVAL);
	assert_non_null(strstr(inet_strerror(r->net), "filter 'tcp prot 80': "));
	assert_non_null(strstr(inet_strerror(r->net), "syntax error"));
	assert_int_equal(stat(r->path, &st), 0);
	assert_int_equal(st.st_size, 8);
}
#endif

/* ---- the output ------------------------------------------------------- */

static void bad_configurations_are_refused(void **state)
{
	struct rig *r = *state;
	struct inet_capture_config cfg = config(r);

	for (size_t size = 0; size <= sizeof(cfg) + 8; size += 8) {
		cfg = config(r);
		cfg.size = size;
		if (size == sizeof(cfg))
			continue;
		assert_null(inet_capture_open(r->net, &cfg));
		assert_int_equal(errno, EINVAL);
	}
	cfg = config(r);
	cfg.device = "eth7";
	assert_null(inet_capture_open(r->net, &cfg));
	assert_int_equal(errno, ENODEV);
	cfg = config(r);
	cfg.snaplen = 262145;
	assert_null(inet_capture_open(r->net, &cfg));
	assert_int_equal(errno, EINVAL);
	cfg = config(r);
	cfg.direction = INET_CAPTURE_OUT + 1;
	assert_null(inet_capture_open(r->net, &cfg));
	assert_non_null(strstr(inet_strerror(r->net), "direction 3"));
	assert_null(inet_capture_open(r->net, NULL));
	assert_int_equal(errno, EINVAL);
	cfg = config(r);
	cfg.buffer_bytes = 100;
	assert_null(inet_capture_open(r->net, &cfg));
	assert_non_null(strstr(inet_strerror(r->net), "buffer_bytes 100"));
	cfg = config(r);
	cfg.path = "/no/such/folder/x";
	assert_null(inet_capture_open(r->net, &cfg));
	assert_int_equal(errno, ENOENT);
	cfg = config(r);
	cfg.path = NULL;
	cfg.fd = 999;
	assert_null(inet_capture_open(r->net, &cfg));
	assert_int_equal(errno, EBADF);
}

/* Reads what is in a pipe and appends it. */
static size_t drain(int fd, u8 *to, size_t size)
{
	size_t n = 0;
	ssize_t got;

	while ((got = read(fd, to + n, size - n)) > 0)
		n += (size_t)got;
	return n;
}

static void pipe_not_read_never_waits_and_counts_drops(void **state)
{
	struct rig *r = *state;
	struct inet_capture_config cfg = config(r);
	struct inet_capture_stats stats;
	size_t size = 4 << 20, n = 0;
	u8 *data = malloc(size);
	struct inet_capture *c;
	u32 written = 0;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	cfg.path = NULL;
	cfg.fd = fds[1];
	cfg.buffer_bytes = 128 << 10;
	c = inet_capture_open(r->net, &cfg);
	assert_non_null(c);
	for (u32 i = 0; i < 200; i++)	/* 300 KB; pipe and buffer: 192 */
		pass(r, 1514, i, true);
	inet_capture_get_stats(c, &stats);
	assert_int_equal(stats.seen, 200);
	assert_true(stats.dropped > 20);
	assert_int_equal(stats.written + stats.dropped, 200);
	assert_int_equal(inet_capture_flush(c), -1);
	assert_int_equal(errno, EAGAIN);
	while (inet_capture_flush(c))
		n += drain(fds[0], data + n, size - n);
	n += drain(fds[0], data + n, size - n);
	assert_int_equal(inet_capture_close(c), 0);
	close(fds[1]);
	n += drain(fds[0], data + n, size - n);
	close(fds[0]);
	/* No block is torn: count those with packets. */
	for (size_t at = 0; at < n; at += get32(data + at + 4))
		written += get32(data + at) == 6;
	assert_int_equal(written, stats.written);
	free(data);
}

static void pipe_read_sees_each_frame_at_once(void **state)
{
	struct rig *r = *state;
	struct inet_capture_config cfg = config(r);
	u8 data[8192];
	struct inet_capture *c;
	int fds[2];
	size_t n;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	cfg.path = NULL;
	cfg.fd = fds[1];
	c = inet_capture_open(r->net, &cfg);
	assert_true(drain(fds[0], data, sizeof(data)) > 0);	/* the head */
	pass(r, 100, 1, true);
	n = drain(fds[0], data, sizeof(data));
	assert_true(n > 100);
	pass(r, 100, 2, true);
	assert_true(drain(fds[0], data, sizeof(data)) > 100);
	assert_int_equal(inet_capture_close(c), 0);
	close(fds[0]);
	close(fds[1]);
}

static void reader_gone_is_an_error_and_no_signal(void **state)
{
	struct rig *r = *state;
	struct inet_capture_config cfg = config(r);
	struct inet_capture_stats stats;
	struct inet_capture *c;
	sigset_t pending;
	int fds[2];

	signal(SIGPIPE, SIG_DFL);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	cfg.path = NULL;
	cfg.fd = fds[1];
	c = inet_capture_open(r->net, &cfg);
	close(fds[0]);
	pass(r, 100, 1, true);
	pass(r, 100, 2, true);
	inet_capture_get_stats(c, &stats);
	assert_int_equal(stats.written, 0);
	assert_int_equal(stats.dropped, 2);
	assert_int_equal(inet_capture_close(c), -1);
	assert_int_equal(errno, EPIPE);
	sigpending(&pending);
	assert_int_equal(sigismember(&pending, SIGPIPE), 0);
	close(fds[1]);
}

/* ---- no room ---------------------------------------------------------- */

/* Frames until the output is full, and some more: the error is told, the stack
 * goes on, the file is whole up to where it ends. */
static void fill(struct rig *r, const char *path, bool immediate, int err)
{
	struct inet_capture_config cfg = config(r);
	struct inet_capture_stats stats;
	struct recording *rec;
	struct inet_capture *c;
	u32 nr = 0;

	cfg.path = path;
	cfg.immediate = immediate;
	cfg.buffer_bytes = 128 << 10;
	c = inet_capture_open(r->net, &cfg);
	assert_non_null(c);
	while (nr < 200) {
		pass(r, 1000, nr++, false);
		dut_frames_clear(&r->rx);
	}
	assert_int_equal(inet_capture_flush(c), -1);
	assert_int_equal(errno, err);
	pass(r, 100, nr++, false);
	assert_int_equal(r->rx.nr, 1);
	inet_capture_get_stats(c, &stats);
	assert_int_equal(stats.seen, nr);
	assert_int_equal(stats.accepted, nr);
	assert_int_equal(stats.written + stats.dropped, nr);
	assert_int_equal(inet_capture_close(c), -1);
	assert_int_equal(errno, err);
	rec = read_file(path);		/* each block is whole */
	assert_int_equal(rec->size, stats.bytes);
	assert_int_equal(rec->nr_packets, stats.written);
	assert_in_range(rec->nr_packets, 5, 60);
	for (u32 i = 0; i < rec->nr_packets; i++)
		assert_is_frame(&rec->packet[i], 1000, i);
	recording_free(rec);
}

/* "ulimit -f": the signal would end the program. */
static void file_at_its_limit_is_cut_at_a_block(void **state)
{
	struct rig *r = *state;
	struct rlimit old, limit;

	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	for (rlim_t size = 20000; size < 20020; size += 3) {
		limit.rlim_cur = size;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		fill(r, r->path, size % 2, EFBIG);
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
}

static void full_disk_is_an_error_and_the_file_is_whole(void **state)
{
	char folder[] = "/tmp/inet-full-XXXXXX", path[64];
	struct rig *r = *state;

	assert_non_null(mkdtemp(folder));
	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", folder, "tmpfs", 0, "size=32k")) {
		rmdir(folder);
		skip();
	}
	snprintf(path, sizeof(path), "%s/full.pcapng", folder);
	fill(r, path, true, ENOSPC);
	fill(r, path, false, ENOSPC);
	umount(folder);
	rmdir(folder);
}

static void output_that_takes_no_head_is_refused(void **state)
{
	struct rig *r = *state;
	struct inet_capture_config cfg = config(r);

	cfg.path = "/dev/full";
	assert_null(inet_capture_open(r->net, &cfg));
	assert_int_equal(errno, ENOSPC);
	assert_non_null(strstr(inet_strerror(r->net), "nothing can be written"));
	pass(r, 100, 1, false);
	assert_int_equal(r->rx.nr, 1);
}

#define CAPTURE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CAPTURE_TEST(both_directions_are_recorded_as_they_passed),
		CAPTURE_TEST(captured_frames_reach_their_handler),
		CAPTURE_TEST(one_device_asked_others_are_left_out),
		CAPTURE_TEST(direction_asked_the_other_is_left_out),
		CAPTURE_TEST(snaplen_cuts_and_keeps_the_true_length),
		CAPTURE_TEST(max_frames_ends_the_recording),
		CAPTURE_TEST(device_closed_while_captured_is_survived),
		CAPTURE_TEST(file_is_read_by_tcpdump),
#if HAVE_PCAP
		CAPTURE_TEST(filter_takes_only_what_matches),
		CAPTURE_TEST(filter_sees_behind_fragments),
		CAPTURE_TEST(bad_filter_gives_the_sentence_of_libpcap),
#endif
		CAPTURE_TEST(bad_configurations_are_refused),
		CAPTURE_TEST(pipe_not_read_never_waits_and_counts_drops),
		CAPTURE_TEST(pipe_read_sees_each_frame_at_once),
		CAPTURE_TEST(reader_gone_is_an_error_and_no_signal),
		CAPTURE_TEST(file_at_its_limit_is_cut_at_a_block),
		CAPTURE_TEST(output_that_takes_no_head_is_refused),
		CAPTURE_TEST(full_disk_is_an_error_and_the_file_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
