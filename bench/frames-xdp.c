/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames by an AF_XDP socket on a veth, in generic mode, which is the faster one
 * there. Half of the memory is lent to the kernel to receive into, the other
 * half is for frames of our own; both rings of each half hold all of it, so that
 * none is ever full. One that came and is sent goes back when it has left.
 */
#include "frames.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/if_xdp.h>

#include "common.h"
#include "peer.h"
#include "segment.h"

#define HALF 2048u		/* frames */
#define FRAME 2048u
#define MASK (2 * HALF - 1)	/* of a ring */

/* The kernel writes one index, we the other. */
struct ring {
	uint32_t *producer, *consumer;
	void *slots;
	uint32_t ours;
};

static struct {
	unsigned char *memory;
	struct ring fill, rx, tx, completion;
	uint64_t room[HALF];	/* frames of our own that are free */
	uint32_t nr_room;
	uint64_t came;		/* the frame that frames_receive() returned */
	bool has;		/* it did, and nobody has sent it */
} x;

static void want(int is, const char *what)
{
	if (is)
		return;
	if (errno == EPERM || errno == EACCES)
		bench_skip(what, strerror(errno));
	bench_die(what, strerror(errno));
}

/* ---- the socket and its program --------------------------------------- */

static int bpf(int cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* return bpf_redirect_map(&map, ctx->rx_queue_index, XDP_PASS) */
static int program(int map)
{
	struct bpf_insn code[] = {
		{ BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_1,
		  offsetof(struct xdp_md, rx_queue_index), 0 },
		{ BPF_LD | BPF_IMM | BPF_DW, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0,
		  map },
		{ 0, 0, 0, 0, 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, XDP_PASS },
		{ BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_redirect_map },
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
	};
	union bpf_attr attr = { 0 };

	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = (uintptr_t)code;
	attr.insn_cnt = sizeof(code) / sizeof(code[0]);
	attr.license = (uintptr_t)"BSD";
	return bpf(BPF_PROG_LOAD, &attr);
}

/* Frames of @ifindex go to the socket; that ends with this process. */
static void attach(int fd, uint32_t ifindex)
{
	union bpf_attr map = { .map_type = BPF_MAP_TYPE_XSKMAP, .key_size = 4,
			       .value_size = 4, .max_entries = 1 };
	union bpf_attr update = { 0 }, link = { 0 };
	uint32_t queue = 0;
	int map_fd = bpf(BPF_MAP_CREATE, &map);

	want(map_fd >= 0, "XSKMAP");
	update.map_fd = (uint32_t)map_fd;
	update.key = (uintptr_t)&queue;
	update.value = (uintptr_t)&fd;
	want(!bpf(BPF_MAP_UPDATE_ELEM, &update), "XSKMAP");
	link.link_create.prog_fd = (uint32_t)program(map_fd);
	link.link_create.target_ifindex = ifindex;
	link.link_create.attach_type = BPF_XDP;
	link.link_create.flags = XDP_FLAGS_SKB_MODE;
	want(bpf(BPF_LINK_CREATE, &link) >= 0, "XDP program");
}

/* What the four rings are called, and how long a slot is. */
static const struct kind {
	int option;
	off_t page;
	size_t slot;
} fill_kind = { XDP_UMEM_FILL_RING, (off_t)XDP_UMEM_PGOFF_FILL_RING, 8 },
  completion_kind = { XDP_UMEM_COMPLETION_RING,
		      (off_t)XDP_UMEM_PGOFF_COMPLETION_RING, 8 },
  rx_kind = { XDP_RX_RING, XDP_PGOFF_RX_RING, sizeof(struct xdp_desc) },
  tx_kind = { XDP_TX_RING, (off_t)XDP_PGOFF_TX_RING, sizeof(struct xdp_desc) };

static void map_ring(int fd, struct ring *r, const struct kind *kind,
		     const struct xdp_ring_offset *at)
{
	uint32_t size = 2 * HALF;
	char *m;

	want(!setsockopt(fd, SOL_XDP, kind->option, &size, sizeof(size)),
	     "ring");
	m = mmap(NULL, at->desc + size * kind->slot, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_POPULATE, fd, kind->page);
	want(m != MAP_FAILED, "ring");
	r->producer = (uint32_t *)(void *)(m + at->producer);
	r->consumer = (uint32_t *)(void *)(m + at->consumer);
	r->slots = m + at->desc;
}

static void map_rings(int fd)
{
	struct xdp_mmap_offsets at;
	socklen_t len = sizeof(at);

	want(!getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &len), "rings");
	map_ring(fd, &x.fill, &fill_kind, &at.fr);
	map_ring(fd, &x.completion, &completion_kind, &at.cr);
	map_ring(fd, &x.rx, &rx_kind, &at.rx);
	map_ring(fd, &x.tx, &tx_kind, &at.tx);
}

static void publish(struct ring *r, uint32_t *index)
{
	__atomic_store_n(index, r->ours, __ATOMIC_RELEASE);
}

static void fill(uint64_t addr)
{
	((uint64_t *)x.fill.slots)[x.fill.ours++ & MASK] = addr;
	publish(&x.fill, x.fill.producer);
}

void frames_open(struct frames *f, bool vnet)
{
	struct xdp_umem_reg umem = { .len = 2 * HALF * FRAME,
				     .chunk_size = FRAME };
	struct sockaddr_xdp sxdp = { .sxdp_family = AF_XDP,
				     .sxdp_flags = XDP_COPY |
						   XDP_USE_NEED_WAKEUP };

	(void)vnet;
	peer_veth();
	peer_up();
	f->most = SEGMENT_FRAME;
	f->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	want(f->fd >= 0, "AF_XDP");
	x.memory = mmap(NULL, umem.len, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	want(x.memory != MAP_FAILED, "memory");
	umem.addr = (uintptr_t)x.memory;
	want(!setsockopt(f->fd, SOL_XDP, XDP_UMEM_REG, &umem, sizeof(umem)),
	     "XDP_UMEM_REG");
	map_rings(f->fd);
	sxdp.sxdp_ifindex = if_nametoindex(PEER_VETH);
	want(!bind(f->fd, (struct sockaddr *)&sxdp, sizeof(sxdp)), "bind");
	attach(f->fd, sxdp.sxdp_ifindex);
	for (uint32_t i = 0; i < HALF; i++) {
		fill(i * FRAME);
		x.room[x.nr_room++] = (HALF + i) * FRAME;
	}
}

/* ---- frames ----------------------------------------------------------- */

/* Takes back what has left. */
static void reap(void)
{
	struct ring *r = &x.completion;
	uint32_t end = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);

	if (r->ours == end)
		return;
	for (; r->ours != end; r->ours++) {
		uint64_t addr = ((uint64_t *)r->slots)[r->ours & MASK];

		addr -= addr % FRAME;
		if (addr < HALF * FRAME)
			fill(addr);
		else
			x.room[x.nr_room++] = addr;
	}
	publish(r, r->consumer);
}

void *frames_receive(struct frames *f, size_t *len)
{
	struct ring *r = &x.rx;
	struct xdp_desc *desc;

	(void)f;
	if (x.has)
		fill(x.came - x.came % FRAME);
	x.has = r->ours != __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);
	if (!x.has)
		return NULL;
	desc = (struct xdp_desc *)r->slots + (r->ours++ & MASK);
	x.came = desc->addr;
	*len = desc->len;
	publish(r, r->consumer);
	return x.memory + x.came;
}

void *frames_room(struct frames *f)
{
	(void)f;
	if (!x.nr_room)
		reap();
	return x.nr_room ? x.memory + x.room[--x.nr_room] : NULL;
}

bool frames_send(struct frames *f, void *frame, size_t len)
{
	struct xdp_desc *desc;

	(void)f;
	desc = (struct xdp_desc *)x.tx.slots + (x.tx.ours++ & MASK);
	desc->addr = (uint64_t)((unsigned char *)frame - x.memory);
	desc->len = (uint32_t)len;
	desc->options = 0;
	if (x.has && desc->addr == x.came)
		x.has = false;
	return true;
}

size_t frames_read(struct frames *f, void *to, size_t size)
{
	size_t len;
	void *frame = frames_receive(f, &len);

	if (!frame || len > size)
		return 0;
	memcpy(to, frame, len);
	return len;
}

bool frames_write(struct frames *f, const struct iovec *iov, int nr)
{
	unsigned char *frame = frames_room(f);
	size_t len = 0;
	int i;

	for (i = 0; frame && i < nr; i++) {
		memcpy(frame + len, iov[i].iov_base, iov[i].iov_len);
		len += iov[i].iov_len;
	}
	return frame && frames_send(f, frame, len);
}

/* A call sends 32 frames at most. */
void frames_flush(struct frames *f)
{
	publish(&x.tx, x.tx.producer);
	while (__atomic_load_n(x.tx.consumer, __ATOMIC_ACQUIRE) != x.tx.ours)
		if (sendto(f->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 &&
		    errno != EAGAIN && errno != EBUSY && errno != ENOBUFS)
			bench_die("send", strerror(errno));
	reap();
}

void frames_drain(struct frames *f)
{
	do
		frames_flush(f);
	while (x.nr_room < HALF);
}

void frames_wait(const struct frames *f, int ms)
{
	struct pollfd pfd = { .fd = f->fd, .events = POLLIN };

	poll(&pfd, 1, ms);
}
