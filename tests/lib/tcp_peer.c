/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP by script: see tcp_peer.h. */
#include "tcp_peer.h"

#include "attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

static const char flag_names[] = "FSRPAUEC";

static u8 flags_of(const char *s)
{
	u8 flags = 0;

	for (; *s; s++) {
		assert_non_null(strchr(flag_names, *s));
		flags |= (u8)(1u << (strchr(flag_names, *s) - flag_names));
	}
	return flags;
}

static const char *flags_name(u8 flags)
{
	static char buf[9];
	char *p = buf;
	int i;

	for (i = 0; i < 8; i++)
		if (flags & 1u << i)
			*p++ = flag_names[i];
	*p = '\0';
	return buf;
}

/* ---- life ------------------------------------------------------------- */

void tp_open(struct tp *t)
{
	tp_open_smp(t, 1);
}

void tp_open_smp(struct tp *t, u32 nr)
{
	memset(t, 0, sizeof(*t));
	fx_open_smp(&t->f, nr);
	fx_learn(&t->f);
	t->lport = TP_PORT;
	t->pport = TP_PEER_PORT;
	t->iss = 0x10000000;
	t->win = 65535;
	t->mss = 1460;
	t->ws = -1;
	t->ts_val = 1000;
}

void tp_open_watched(struct tp *t)
{
	tp_open(t);
	attack_begin(&t->f);
}

void tp_close(struct tp *t)
{
	if (t->s)
		inet_close(t->s);
	if (t->l)
		inet_close(t->l);
	fx_run(&t->f);
	fx_flush(&t->f);
	fx_close(&t->f);
}

/* ---- segments --------------------------------------------------------- */

static void put_ts(struct tp *t, u8 *opt)
{
	__be32 v[3] = { htonl(0x0101080a), htonl(t->ts_val), htonl(t->ts_ecr) };

	memcpy(opt, v, sizeof(v));
}

/* The options that the peer puts on a segment with @flags. */
static u32 usual_options(struct tp *t, u8 flags, u8 *opt)
{
	u32 len = 0;

	if (!(flags & TCPHDR_SYN)) {
		if (!t->ts_on)
			return 0;
		put_ts(t, opt);
		return 12;
	}
	if (t->mss) {
		opt[0] = TCPOPT_MSS;
		opt[1] = TCPOLEN_MSS;
		put_unaligned_be16(t->mss, opt + 2);
		len = 4;
	}
	if (t->sack) {
		memcpy(opt + len, "\1\1\4\2", 4);
		len += 4;
	}
	if (t->ts) {
		put_ts(t, opt + len);
		len += 12;
	}
	if (t->ws >= 0) {
		memcpy(opt + len, "\1\3\3", 3);
		opt[len + 3] = (u8)t->ws;
		len += 4;
	}
	return len;
}

static void send_segment(struct tp *t, const struct tcp_seg_info *seg,
			 const void *opt, u32 opt_len, const void *data)
{
	static u8 frame[FX_FRAME_MAX];
	struct fx_ip ip = { .proto = IPPROTO_TCP, .tos = t->tos };
	u32 len = fx_build_tcp(frame, &ip, seg, opt, opt_len, data,
			       seg->payload_len);

	fx_inject(&t->f, frame, len);
	tcp_verify_all(t->f.net);
}

static struct tcp_seg_info segment(const struct tp *t, const char *flags,
				   u32 seq, u32 ack)
{
	u8 f = flags_of(flags);

	return (struct tcp_seg_info){
		.source = htons(t->pport), .dest = htons(t->lport),
		.seq = t->iss + seq, .window = t->win, .flags = f,
		.ack_seq = f & TCPHDR_ACK ? t->irs + ack : ack,
		.urg_ptr = t->urg_ptr,
	};
}

void tp_send(struct tp *t, const char *flags, u32 seq, u32 ack,
	     const void *data, u32 len)
{
	struct tcp_seg_info seg = segment(t, flags, seq, ack);
	u8 opt[40];

	seg.payload_len = len;
	send_segment(t, &seg, opt, usual_options(t, seg.flags, opt), data);
}

void tp_queue(struct tp *t, const struct fx_ip *ip, const char *flags, u32 seq,
	      const void *data, u32 len)
{
	static u8 frame[FX_FRAME_MAX];
	struct fx_ip head = ip ? *ip : (struct fx_ip){ 0 };
	struct tcp_seg_info seg = segment(t, flags, seq, 1);
	u8 opt[40];

	head.proto = IPPROTO_TCP;
	t->id = head.id ? head.id : (u16)(t->id + 1);
	head.id = t->id;
	seg.payload_len = len;
	len = fx_build_tcp(frame, &head, &seg, opt,
			   usual_options(t, seg.flags, opt), data, len);
	fx_queue(&t->f, t->f.dev, frame, len);
}

void tp_send_opt(struct tp *t, const char *flags, u32 seq, u32 ack,
		 const void *opt, u32 opt_len)
{
	struct tcp_seg_info seg = segment(t, flags, seq, ack);

	send_segment(t, &seg, opt, opt_len, NULL);
}

void tp_next(struct tp *t)
{
	const struct tcphdr *th;

	fx_expect(&t->f, &t->p);
	th = t->p.tcp;
	assert_non_null(th);
	assert_int_equal(t->p.ip->saddr, FX_IP);
	assert_int_equal(t->p.ip->daddr, FX_PEER);
	assert_int_equal(th->dest, htons(t->pport));
	assert_int_equal(th->source, htons(t->lport));
	assert_int_equal(th->doff_res & 0xf, 0);	/* 9293-SM-15 */
	tcp_options_parse(th + 1, __tcp_hdrlen(th) - TCP_HLEN_MIN, th->syn,
			  &t->opt);
	assert_false(t->opt.malformed || t->opt.bad_len);
	if (!th->syn) {
		assert_false(t->opt.saw_mss);
		if (!th->rst)
			assert_int_equal(t->opt.saw_tstamp, t->ts_on);
	}
	if (t->opt.saw_tstamp)
		t->ts_ecr = t->opt.rcv_tsval;
}

void tp_expect(struct tp *t, const char *flags, u32 seq, u32 ack, u32 len)
{
	const struct tcphdr *th;
	u32 got_seq, got_ack;

	tp_next(t);
	th = t->p.tcp;
	got_seq = ntohl(th->seq) - t->irs;
	got_ack = th->ack ? ntohl(th->ack_seq) - t->iss : 0;
	if (th->flags != flags_of(flags) || got_seq != seq ||
	    (th->ack && got_ack != ack) || t->p.data_len != len)
		fail_msg("%s %u:%u ack %u came instead of %s %u:%u ack %u",
			 flags_name(th->flags), got_seq,
			 got_seq + t->p.data_len, got_ack, flags, seq,
			 seq + len, ack);
}

void tp_silence(struct tp *t)
{
	if (!fx_pop(&t->f, &t->p))
		return;
	if (!t->p.tcp)
		fail_msg("a frame that is no TCP came");
	fail_msg("%s %u ack %u with %u octets came: silence was expected",
		 flags_name(t->p.tcp->flags), ntohl(t->p.tcp->seq) - t->irs,
		 ntohl(t->p.tcp->ack_seq) - t->iss, t->p.data_len);
}

void tp_silence_for(struct tp *t, u64 ns)
{
	fx_advance(&t->f, ns);
	tcp_verify_all(t->f.net);
	tp_silence(t);
}

void tp_expect_after(struct tp *t, u64 ns, const char *flags, u32 seq)
{
	u64 slack = ns / 1000 + FX_MS, due = t->p.time_ns + ns;

	if (due - slack > t->f.now_ns)
		fx_advance(&t->f, due - slack - t->f.now_ns);
	tp_silence(t);
	fx_advance(&t->f, due + slack - t->f.now_ns);
	tcp_verify_all(t->f.net);
	tp_next(t);
	if (t->p.tcp->flags != flags_of(flags) ||
	    ntohl(t->p.tcp->seq) - t->irs != seq)
		fail_msg("%s %u came instead of %s %u",
			 flags_name(t->p.tcp->flags),
			 ntohl(t->p.tcp->seq) - t->irs, flags, seq);
}

/* ---- handshakes ------------------------------------------------------- */

static struct socket *new_socket(struct tp *t)
{
	struct socket *s = inet_socket(t->f.net, AF_INET,
				       SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_non_null(s);
	return s;
}

void tp_listen(struct tp *t, int backlog)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
				   .sin_port = htons(TP_PORT) };

	t->l = new_socket(t);
	assert_int_equal(inet_bind(t->l, (void *)&any, sizeof(any)), 0);
	assert_int_equal(inet_listen(t->l, backlog), 0);
}

/* The stack's SYN or SYN-ACK tells its ISN. */
static void take_isn(struct tp *t, const char *flags, u32 ack)
{
	tp_next(t);
	t->irs = ntohl(t->p.tcp->seq);
	assert_int_equal(t->p.tcp->flags, flags_of(flags));
	assert_int_equal(t->p.data_len, 0);
	if (t->p.tcp->ack)
		assert_int_equal(ntohl(t->p.tcp->ack_seq) - t->iss, ack);
	t->ts_on = t->ts && t->opt.saw_tstamp;
}

void tp_syn(struct tp *t)
{
	tp_send(t, t->ecn ? "SEC" : "S", 0, 0, NULL, 0);
	take_isn(t, t->ecn ? "SAE" : "SA", 1);
}

void tp_accept(struct tp *t)
{
	t->s = inet_accept(t->l, NULL, NULL);
	assert_non_null(t->s);
	inet_set_nonblock(t->s, true);
}

void tp_passive(struct tp *t)
{
	if (!t->l)
		tp_listen(t, 8);
	tp_syn(t);
	tp_send(t, "A", 1, 1, NULL, 0);
	tp_silence(t);
	tp_accept(t);
	assert_int_equal(tp_state(t), TCP_ESTABLISHED);
}

void tp_connect(struct tp *t)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(t->pport),
				  .sin_addr.s_addr = FX_PEER };

	if (!t->s)
		t->s = new_socket(t);
	assert_int_equal(inet_connect(t->s, (void *)&to, sizeof(to)), -1);
	assert_int_equal(errno, EINPROGRESS);
	fx_run(&t->f);
	t->lport = tp_sk(t)->sk_num;
	take_isn(t, t->ecn ? "SEC" : "S", 0);
}

void tp_active(struct tp *t)
{
	tp_connect(t);
	tp_send(t, t->ecn ? "SAE" : "SA", 0, 1, NULL, 0);
	t->ts_on = t->ts && t->ts_on;
	tp_expect(t, "A", 1, 1, 0);
	assert_int_equal(tp_state(t), TCP_ESTABLISHED);
}

/* ---- the application -------------------------------------------------- */

struct sock *tp_sk(const struct tp *t)
{
	return t->s->sk;
}

int tp_state(const struct tp *t)
{
	return tp_sk(t)->sk_state;
}

void tp_write(struct tp *t, const void *data, u32 len)
{
	assert_int_equal(inet_send(t->s, data, len, 0), len);
	fx_run(&t->f);
	tcp_verify_all(t->f.net);
}

static u8 pattern(u32 i)
{
	return (u8)(i * 7 + 1);
}

void tp_write_pattern(struct tp *t, u32 len)
{
	u8 *buf = malloc(len);
	u32 i;

	assert_non_null(buf);
	for (i = 0; i < len; i++)
		buf[i] = pattern(i);
	tp_write(t, buf, len);
	free(buf);
}

void tp_read(struct tp *t, const void *data, u32 len)
{
	const u8 *want = data;
	u8 *buf = malloc(len + 1);
	u32 i, got = 0;
	ssize_t n;

	assert_non_null(buf);
	while (got < len) {
		n = inet_recv(t->s, buf + got, len - got, 0);
		if (n <= 0)
			fail_msg("%u of %u octets, then %zd (%s)", got, len, n,
				 strerror(errno));
		got += (u32)n;
	}
	for (i = 0; i < len; i++)
		assert_int_equal(buf[i], want ? want[i] : pattern(i));
	free(buf);
	fx_run(&t->f);
	tcp_verify_all(t->f.net);
}

void tp_read_eof(struct tp *t)
{
	u8 b;

	assert_int_equal(inet_recv(t->s, &b, 1, 0), 0);
}

void tp_read_error(struct tp *t, int err)
{
	u8 b;

	assert_int_equal(inet_recv(t->s, &b, 1, 0), -1);
	assert_int_equal(errno, err);
}

void tp_read_nothing(struct tp *t)
{
	tp_read_error(t, EAGAIN);
}

int tp_error(struct tp *t)
{
	return tp_getsockopt(t, SOL_SOCKET, SO_ERROR);
}

void tp_setsockopt(struct tp *t, int level, int opt, int val)
{
	if (inet_setsockopt(t->s, level, opt, &val, sizeof(val)))
		fail_msg("option %d: %s", opt, strerror(errno));
	fx_run(&t->f);
}

int tp_getsockopt(struct tp *t, int level, int opt)
{
	int val = -1;
	socklen_t len = sizeof(val);

	assert_int_equal(inet_getsockopt(t->s, level, opt, &val, &len), 0);
	return val;
}

short tp_poll(struct tp *t)
{
	struct inet_pollfd fd = {
		.sock = t->s,
		.events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP,
	};

	inet_poll(&fd, 1, 0);
	return fd.revents;
}

/* ---- numbers, errors -------------------------------------------------- */

void tp_wait_for_isn(struct tp *t, u32 isn)
{
	u32 now = secure_tcp_seq_and_ts_off(t->f.net, FX_IP, FX_PEER,
					    htons(t->lport),
					    htons(t->pport)).seq;

	/* the clock part counts 64 ns */
	fx_advance(&t->f, (u64)(isn - now) * 64);
}

void tp_icmp(struct tp *t, u8 type, u8 code, u32 rest, u32 seq)
{
	struct fx_ip ip = { .proto = IPPROTO_ICMP };
	struct fx_ip inner = { .saddr = FX_IP, .daddr = FX_PEER,
			       .proto = IPPROTO_TCP };
	struct tcp_seg_info seg = {
		.source = htons(t->lport), .dest = htons(t->pport),
		.seq = t->irs + seq, .flags = TCPHDR_ACK, .payload_len = 1460,
	};
	static u8 frame[FX_FRAME_MAX], quote[FX_FRAME_MAX], text[1460];
	u32 len;

	fx_build_tcp(quote, &inner, &seg, NULL, 0, text, seg.payload_len);
	len = fx_build_icmp(frame, &ip, type, code, rest, quote + ETH_HLEN,
			    IP_HLEN_MIN + 8);
	fx_inject(&t->f, frame, len);
	tcp_verify_all(t->f.net);
}
