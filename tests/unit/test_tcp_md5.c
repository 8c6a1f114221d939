/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signed segments (RFC 2385), by script: the test signs by libcrypto's digest of the
 * whole, on its own, and so looks at what the stack signs.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>
#include <string.h>

#include "ipv4/tcp_md5.h"
#include "tcp_pair.h"
#include "tcp_peer.h"

#define KEY "key of the two"
#define OTHER "key of others"
#define TEXT_OF_FRAME (14 + 20)

/* ---- a peer that signs ------------------------------------------------ */

/* The signature of a segment, from its header to its end, by @key. */
static void digest(__be32 saddr, __be32 daddr, const u8 *tcp, u32 len, const char *key,
		   u8 *out)
{
	static u8 all[FX_FRAME_MAX + 200];
	u32 hlen = (u32)(tcp[12] >> 4) * 4, n = 12;
	const u8 tail[4] = { 0, IPPROTO_TCP, (u8)(len >> 8), (u8)len };

	memcpy(all, &saddr, 4);
	memcpy(all + 4, &daddr, 4);
	memcpy(all + 8, tail, 4);
	memcpy(all + n, tcp, 20);
	memset(all + n + 16, 0, 2);		/* the checksum */
	n += 20;
	memcpy(all + n, tcp + hlen, len - hlen);
	n += len - hlen;
	memcpy(all + n, key, strlen(key));
	n += (u32)strlen(key);
	assert_non_null(MD5(all, n, out));
}

/* A segment of the peer with @opt, @opt_len octets, and a signature by @key, unless that
 * is NULL, in front of them. */
static void send_with(struct tp *t, u8 flags, u32 seq, u32 ack, const char *key,
		      const void *opt, u32 opt_len, const void *text, u32 len)
{
	static u8 frame[FX_FRAME_MAX];
	const struct tcp_seg_info seg = {
		.source = htons(t->pport), .dest = htons(t->lport),
		.seq = t->iss + seq, .window = t->win, .flags = flags,
		.ack_seq = flags & TCPHDR_ACK ? t->irs + ack : 0,
		.payload_len = len,
	};
	struct fx_ip ip = { .proto = IPPROTO_TCP };
	u8 opts[40] = { TCPOPT_NOP, TCPOPT_NOP, TCPOPT_MD5SIG, TCPOLEN_MD5SIG };
	u32 n = key ? 20 : 0, size;

	if (opt_len)
		memcpy(opts + n, opt, opt_len);
	n += opt_len;
	size = fx_build_tcp(frame, &ip, &seg, opts, n, text, len);
	if (key) {
		digest(FX_PEER, FX_IP, frame + TEXT_OF_FRAME, size - TEXT_OF_FRAME, key,
		       opts + 4);
		size = fx_build_tcp(frame, &ip, &seg, opts, n, text, len);
	}
	fx_inject(&t->f, frame, size);
	tcp_verify_all(t->f.net);
}

static void send_signed(struct tp *t, u8 flags, u32 seq, u32 ack, const char *key,
			const void *text, u32 len)
{
	static const u8 mss[4] = { TCPOPT_MSS, TCPOLEN_MSS, 0x05, 0xb4 };

	send_with(t, flags, seq, ack, key, mss, flags & TCPHDR_SYN ? 4 : 0, text, len);
}

/* What came last is signed by @key, or not at all. */
static void came_signed(struct tp *t, const char *key)
{
	const u8 *tcp = (const u8 *)t->p.tcp, *sig;
	u32 hlen = __tcp_hdrlen(t->p.tcp);
	u8 want[16];

	sig = tcp_options_find(tcp + 20, hlen - 20, TCPOPT_MD5SIG, TCPOLEN_MD5SIG);
	if (!key) {
		assert_null(sig);
		return;
	}
	assert_non_null(sig);
	digest(FX_IP, FX_PEER, tcp, hlen + t->p.data_len, key, want);
	assert_memory_equal(sig, want, sizeof(want));
}

static void expect_signed(struct tp *t, const char *flags, u32 seq, u32 ack, u32 len,
			  const char *key)
{
	tp_expect(t, flags, seq, ack, len);
	came_signed(t, key);
}

static u64 count(struct fx *f, const char *name)
{
	u64 n = 0;

	assert_int_equal(inet_counter_get(f->net, name, &n), 0);
	return n;
}

/* ---- keys ------------------------------------------------------------- */

static int set_key(struct socket *s, __be32 peer, int prefixlen, const char *key)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = peer };
	struct tcp_md5sig sig = { .tcpm_keylen = (u16)strlen(key) };

	memcpy(&sig.tcpm_addr, &a, sizeof(a));
	memcpy(sig.tcpm_key, key, sig.tcpm_keylen);
	if (prefixlen < 0)
		return inet_setsockopt(s, IPPROTO_TCP, TCP_MD5SIG, &sig, sizeof(sig));
	sig.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX;
	sig.tcpm_prefixlen = (u8)prefixlen;
	return inet_setsockopt(s, IPPROTO_TCP, TCP_MD5SIG_EXT, &sig, sizeof(sig));
}

static void give_key(struct socket *s, const char *key)
{
	assert_int_equal(set_key(s, FX_PEER, -1, key), 0);
}

static void open_listener(struct tp *t)
{
	tp_open(t);
	tp_listen(t, 8);
	give_key(t->l, KEY);
	fx_mark(&t->f);
}

/* A SYN by @key; its answer. */
static void signed_syn(struct tp *t, const char *key)
{
	send_signed(t, TCPHDR_SYN, 0, 0, key, NULL, 0);
	tp_next(t);
	assert_int_equal(t->p.tcp->flags, TCPHDR_SYN | TCPHDR_ACK);
	t->irs = ntohl(t->p.tcp->seq);
	came_signed(t, key);
}

/* An accepted connection that both sides sign. */
static void open_passive(struct tp *t)
{
	open_listener(t);
	signed_syn(t, KEY);
	send_signed(t, TCPHDR_ACK, 1, 1, KEY, NULL, 0);
	tp_accept(t);
	assert_int_equal(tp_state(t), TCP_ESTABLISHED);
	fx_mark(&t->f);
}

/* The stack's SYN is on its way. */
static void open_connecting(struct tp *t)
{
	tp_open(t);
	t->s = inet_socket(t->f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	give_key(t->s, KEY);
	tp_connect(t);
	came_signed(t, KEY);
	fx_mark(&t->f);
}

static void open_active(struct tp *t)
{
	open_connecting(t);
	send_signed(t, TCPHDR_SYN | TCPHDR_ACK, 0, 1, KEY, NULL, 0);
	expect_signed(t, "A", 1, 1, 0, KEY);
	assert_int_equal(tp_state(t), TCP_ESTABLISHED);
	fx_mark(&t->f);
}

/* ---- handshakes ------------------------------------------------------- */

/* @req 2385-1 @req 2385-2 @req 2385-5 */
static void established_text_passes_both_ways(void **state)
{
	struct tp t;

	(void)state;
	open_passive(&t);
	send_signed(&t, TCPHDR_ACK | TCPHDR_PSH, 1, 1, KEY, "question", 8);
	expect_signed(&t, "A", 1, 9, 0, KEY);
	tp_read(&t, "question", 8);
	tp_write(&t, "answer", 6);
	expect_signed(&t, "PA", 1, 9, 6, KEY);
	send_signed(&t, TCPHDR_ACK | TCPHDR_FIN, 9, 7, KEY, NULL, 0);
	fx_advance(&t.f, FX_SEC);
	expect_signed(&t, "A", 7, 10, 0, KEY);
	fx_assert_no_drops(&t.f);
	inet_close(t.s);
	t.s = NULL;
	fx_run(&t.f);
	expect_signed(&t, "FA", 7, 10, 0, KEY);
	send_signed(&t, TCPHDR_ACK, 10, 8, KEY, NULL, 0);
	tp_close(&t);
}

/* A listener's refusals: each kind is counted, and none is answered. @req 2385-3 */
static void listen_syn_that_is_signed_otherwise_is_dropped(void **state)
{
	struct tp t;

	(void)state;
	open_listener(&t);
	send_signed(&t, TCPHDR_SYN, 0, 0, NULL, NULL, 0);
	fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_MD5NOTFOUND, 1);
	send_signed(&t, TCPHDR_SYN, 0, 0, OTHER, NULL, 0);
	fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_MD5FAILURE, 1);
	assert_int_equal(set_key(t.l, FX_PEER, -1, ""), 0);
	send_signed(&t, TCPHDR_SYN, 0, 0, KEY, NULL, 0);
	fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_MD5UNEXPECTED, 1);
	tp_silence(&t);
	assert_int_equal(count(&t.f, "TcpExtTCPMD5NotFound"), 1);
	assert_int_equal(count(&t.f, "TcpExtTCPMD5Failure"), 1);
	assert_int_equal(count(&t.f, "TcpExtTCPMD5Unexpected"), 1);
	send_signed(&t, TCPHDR_SYN, 0, 0, NULL, NULL, 0);
	tp_next(&t);
	came_signed(&t, NULL);
	send_signed(&t, TCPHDR_RST, 1, 0, NULL, NULL, 0);
	tp_close(&t);
}

/* A handshake is not ended, nor finished, by who has no key; its own answers are
 * signed. */
static void syn_recv_segment_without_signature_is_dropped(void **state)
{
	struct tp t;

	(void)state;
	open_listener(&t);
	signed_syn(&t, KEY);
	send_signed(&t, TCPHDR_ACK, 1, 1, NULL, NULL, 0);
	fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_MD5NOTFOUND, 1);
	send_signed(&t, TCPHDR_RST, 1, 1, OTHER, NULL, 0);
	fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_MD5FAILURE, 1);
	assert_null(inet_accept(t.l, NULL, NULL));
	send_signed(&t, TCPHDR_ACK, 1000000, 1, KEY, NULL, 0);	/* outside the window */
	expect_signed(&t, "A", 1, 1, 0, KEY);
	send_signed(&t, TCPHDR_ACK, 1, 77, KEY, NULL, 0);	/* of what was not sent */
	tp_next(&t);
	assert_int_equal(t.p.tcp->flags, TCPHDR_RST);
	came_signed(&t, KEY);
	fx_advance(&t.f, FX_SEC + FX_SEC / 2);
	tp_next(&t);						/* once more */
	came_signed(&t, KEY);
	send_signed(&t, TCPHDR_ACK, 1, 1, KEY, NULL, 0);
	tp_accept(&t);
	tp_close(&t);
}

static void syn_sent_answer_without_signature_is_dropped(void **state)
{
	struct tp t;

	(void)state;
	open_connecting(&t);
	assert_false(t.opt.saw_tstamp);		/* they leave no place for SACK */
	assert_true(t.opt.sack_ok && t.opt.saw_mss && t.opt.mss == 1460);
	send_signed(&t, TCPHDR_SYN | TCPHDR_ACK, 0, 1, NULL, NULL, 0);
	fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_MD5NOTFOUND, 1);
	send_signed(&t, TCPHDR_RST | TCPHDR_ACK, 0, 1, OTHER, NULL, 0);
	fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_MD5FAILURE, 1);
	tp_silence(&t);
	assert_int_equal(tp_state(&t), TCP_SYN_SENT);
	send_signed(&t, TCPHDR_SYN | TCPHDR_ACK, 0, 1, KEY, NULL, 0);
	expect_signed(&t, "A", 1, 1, 0, KEY);
	tp_close(&t);
}

/* All that a SYN-ACK may have leaves no place for a cookie of Fast Open. @req 2385-7 */
static void listen_syn_with_all_options_is_answered_within_the_header(void **state)
{
	static const u8 opt[] = { 2, 4, 5, 0xb4, 4, 2, 1, 1, 1, 3, 3, 2, 34, 2, 1, 1 };
	int pending = 4;
	struct tp t;

	(void)state;
	open_listener(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_fastopen", "3");
	assert_int_equal(inet_setsockopt(t.l, IPPROTO_TCP, TCP_FASTOPEN, &pending,
					 sizeof(pending)), 0);
	send_with(&t, TCPHDR_SYN, 0, 0, KEY, opt, sizeof(opt), NULL, 0);
	tp_next(&t);
	came_signed(&t, KEY);
	assert_true(t.opt.sack_ok && t.opt.wscale_ok && t.opt.saw_mss);
	assert_false(t.opt.saw_fastopen);
	tp_close(&t);
}

/* Timestamps and SACK and a signature: the timestamps go (as in Linux). @req 2385-7 */
static void listen_timestamps_beside_sack_are_not_agreed_on(void **state)
{
	static const u8 sack[] = { 2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 1, 1, 0, 0, 0, 0 };
	static const u8 none[] = { 2, 4, 5, 0xb4, 1, 1, 8, 10, 0, 0, 1, 1, 0, 0, 0, 0 };
	struct tp t;

	(void)state;
	open_listener(&t);
	send_with(&t, TCPHDR_SYN, 0, 0, KEY, sack, sizeof(sack), NULL, 0);
	tp_next(&t);
	came_signed(&t, KEY);
	assert_true(t.opt.sack_ok && !t.opt.saw_tstamp);
	t.pport++;
	send_with(&t, TCPHDR_SYN, 0, 0, KEY, none, sizeof(none), NULL, 0);
	tp_next(&t);
	came_signed(&t, KEY);
	assert_true(!t.opt.sack_ok && t.opt.saw_tstamp);
	t.irs = ntohl(t.p.tcp->seq);
	t.ts_on = true;
	send_with(&t, TCPHDR_ACK, 1, 1, KEY, none + 4, 12, NULL, 0);
	tp_accept(&t);
	tp_write(&t, "stamped", 7);
	expect_signed(&t, "PA", 1, 1, 7, KEY);
	tp_close(&t);
}

/* ---- a connection ----------------------------------------------------- */

/* Whoever knows all numbers and not the key does nothing to it. @req 2385-3
 * @req 2385-4 */
static void established_segment_that_is_signed_otherwise_is_dropped(void **state)
{
	struct tp t;

	(void)state;
	open_passive(&t);
	send_signed(&t, TCPHDR_ACK | TCPHDR_PSH, 1, 1, NULL, "forged", 6);
	fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_MD5NOTFOUND, 1);
	send_signed(&t, TCPHDR_ACK | TCPHDR_PSH, 1, 1, OTHER, "forged", 6);
	fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_MD5FAILURE, 1);
	send_signed(&t, TCPHDR_RST, 1, 1, NULL, NULL, 0);
	fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_MD5NOTFOUND, 1);
	send_signed(&t, TCPHDR_SYN, 1, 1, OTHER, NULL, 0);
	fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_MD5FAILURE, 1);
	tp_silence(&t);
	tp_read_nothing(&t);
	send_signed(&t, TCPHDR_ACK | TCPHDR_PSH, 1, 1, KEY, "true", 4);
	tp_read(&t, "true", 4);
	send_signed(&t, TCPHDR_RST, 5, 1, KEY, NULL, 0);
	tp_read_error(&t, ECONNRESET);
	tp_close(&t);
}

/* One bit of all that is signed. @req 2385-2 */
static void established_text_with_a_changed_bit_is_dropped(void **state)
{
	u8 opts[20] = { 1, 1, TCPOPT_MD5SIG, TCPOLEN_MD5SIG };
	static u8 frame[FX_FRAME_MAX];
	struct fx_ip ip = { .proto = IPPROTO_TCP };
	struct tcp_seg_info seg;
	char text[] = "text";
	u32 size, bit;
	struct tp t;

	(void)state;
	open_passive(&t);
	seg = (struct tcp_seg_info){
		.source = htons(t.pport), .dest = htons(t.lport), .seq = t.iss + 1,
		.ack_seq = t.irs + 1, .window = t.win, .flags = TCPHDR_ACK,
		.payload_len = 4,
	};
	size = fx_build_tcp(frame, &ip, &seg, opts, 20, text, 4);
	digest(FX_PEER, FX_IP, frame + TEXT_OF_FRAME, size - TEXT_OF_FRAME, KEY, opts + 4);
	for (bit = 0; bit < 32 + 128 + 16 + 1; bit++) {
		if (bit < 32)
			text[bit / 8] ^= (char)(1 << bit % 8);
		else if (bit < 160)
			opts[4 + (bit - 32) / 8] ^= (u8)(1 << bit % 8);
		else if (bit < 176)
			seg.window ^= (u16)(1 << (bit - 160));
		size = fx_build_tcp(frame, &ip, &seg, opts, 20, text, 4);
		fx_inject(&t.f, frame, size);
		if (bit < 32)
			text[bit / 8] ^= (char)(1 << bit % 8);
		else if (bit < 160)
			opts[4 + (bit - 32) / 8] ^= (u8)(1 << bit % 8);
		else if (bit < 176)
			seg.window ^= (u16)(1 << (bit - 160));
	}
	fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_MD5FAILURE, bit - 1);
	tp_read(&t, "text", 4);
	tp_close(&t);
}

/* An option of another length is none. */
static void established_signature_of_a_wrong_length_is_none(void **state)
{
	u8 opts[20] = { 1, 1, 1, TCPOPT_MD5SIG, TCPOLEN_MD5SIG - 1 };
	struct tp t;

	(void)state;
	open_passive(&t);
	send_with(&t, TCPHDR_ACK, 1, 1, NULL, opts, 20, "x", 1);
	fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_MD5NOTFOUND, 1);
	opts[4] = TCPOLEN_MD5SIG + 1;		/* past the end */
	send_with(&t, TCPHDR_ACK, 1, 1, NULL, opts, 20, "x", 1);
	fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_MD5NOTFOUND, 1);
	tp_silence(&t);
	tp_close(&t);
}

/* Full segments make room for the signature, and each has its own. @req 2385-1
 * @req 2385-6 */
static void established_write_of_many_segments_signs_each(void **state)
{
	u32 i;
	struct tp t;

	(void)state;
	open_active(&t);
	tp_write_pattern(&t, 10 * 1440);
	for (i = 0; i < 10; i++) {
		tp_next(&t);
		assert_int_equal(t.p.data_len, 1440);
		assert_int_equal(ntohl(t.p.tcp->seq) - t.irs, 1 + i * 1440);
		came_signed(&t, KEY);
	}
	assert_int_equal(tp_getsockopt(&t, IPPROTO_TCP, TCP_MAXSEG), 1440);
	tp_silence(&t);
	fx_advance(&t.f, 3 * FX_SEC);		/* the tail's probe, timeouts */
	while (fx_pop(&t.f, &t.p))
		came_signed(&t, KEY);
	tp_close(&t);
}

/* Text that stays in the application's memory is not behind the header. */
static void established_lent_text_is_signed_where_it_lies(void **state)
{
	static u8 text[5000];
	u32 i, got = 0;
	int one = 1;
	struct tp t;

	(void)state;
	open_active(&t);
	for (i = 0; i < sizeof(text); i++)
		text[i] = (u8)(i * 7 + 1);
	assert_int_equal(inet_setsockopt(t.s, SOL_SOCKET, SO_ZEROCOPY, &one,
					 sizeof(one)), 0);
	assert_int_equal(inet_send(t.s, text, sizeof(text), MSG_ZEROCOPY), sizeof(text));
	fx_run(&t.f);
	while (fx_pop(&t.f, &t.p)) {
		assert_memory_equal(t.p.data, text + got, t.p.data_len);
		came_signed(&t, KEY);
		got += t.p.data_len;
	}
	assert_int_equal(got, sizeof(text));
	send_signed(&t, TCPHDR_ACK, 1, 1 + got, KEY, NULL, 0);
	fx_assert_no_drops(&t.f);
	tp_close(&t);
}

/* Text behind a hole: SACK has its place behind the signature. */
static void established_hole_is_told_by_sack_beside_the_signature(void **state)
{
	static const u8 opt[] = { 2, 4, 5, 0xb4, 4, 2, 1, 1 };
	u32 i;
	struct tp t;

	(void)state;
	open_listener(&t);
	send_with(&t, TCPHDR_SYN, 0, 0, KEY, opt, sizeof(opt), NULL, 0);
	tp_next(&t);
	t.irs = ntohl(t.p.tcp->seq);
	send_signed(&t, TCPHDR_ACK, 1, 1, KEY, NULL, 0);
	tp_accept(&t);
	for (i = 0; i < 5; i++) {
		send_signed(&t, TCPHDR_ACK, 11 + 20 * i, 1, KEY, "0123456789", 10);
		tp_expect(&t, "A", 1, 1, 0);
		came_signed(&t, KEY);
		assert_int_equal(t.opt.num_sacks, min(i + 1, 2u));
		assert_int_equal(t.opt.sacks[0].start_seq - t.iss, 11 + 20 * i);
	}
	tp_close(&t);
}

/* ---- keys that change ------------------------------------------------- */

static void established_key_changes_with_the_connection_open(void **state)
{
	struct tp t;

	(void)state;
	open_active(&t);
	give_key(t.s, OTHER);
	send_signed(&t, TCPHDR_ACK, 1, 1, KEY, "x", 1);
	fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_MD5FAILURE, 1);
	tp_write(&t, "by the new", 10);
	expect_signed(&t, "PA", 1, 1, 10, OTHER);
	assert_int_equal(set_key(t.s, FX_PEER, -1, ""), 0);
	send_signed(&t, TCPHDR_ACK, 1, 11, OTHER, "x", 1);
	fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_MD5UNEXPECTED, 1);
	send_signed(&t, TCPHDR_ACK, 1, 11, NULL, "by none", 7);
	expect_signed(&t, "A", 11, 8, 0, NULL);
	tp_read(&t, "by none", 7);
	assert_int_equal(tp_getsockopt(&t, IPPROTO_TCP, TCP_MAXSEG), 1460);
	tp_write_pattern(&t, 1460);
	tp_expect(&t, "PA", 11, 8, 1460);
	came_signed(&t, NULL);
	give_key(t.s, KEY);
	tp_write_pattern(&t, 1440);
	tp_expect(&t, "PA", 1471, 8, 1440);
	came_signed(&t, KEY);
	tp_close(&t);
}

/* What was queued for unsigned segments is cut for signed ones. */
static void established_queue_is_cut_when_a_key_comes(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	t.win = 1000;
	tp_active(&t);
	tp_write_pattern(&t, 5000);
	while (fx_pop(&t.f, &t.p))
		came_signed(&t, NULL);
	give_key(t.s, KEY);
	t.win = 60000;
	send_signed(&t, TCPHDR_ACK, 1, 501, KEY, NULL, 0);
	fx_advance(&t.f, 5 * FX_SEC);
	assert_true(fx_pop(&t.f, &t.p));
	do {
		assert_true(t.p.data_len <= 1440);
		came_signed(&t, KEY);
	} while (fx_pop(&t.f, &t.p));
	tp_close(&t);
}

/* Of the keys that match, the longest prefix counts; the child has it alone. */
static void listen_longest_prefix_counts(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_listen(&t, 8);
	assert_int_equal(set_key(t.l, htonl(0x0a000000), 8, OTHER), 0);
	assert_int_equal(set_key(t.l, htonl(0x0a0000ff), 24, KEY), 0);
	assert_int_equal(set_key(t.l, 0, 0, "all"), 0);
	assert_int_equal(set_key(t.l, htonl(0x0a010000), 16, "elsewhere"), 0);
	signed_syn(&t, KEY);
	send_signed(&t, TCPHDR_ACK, 1, 1, KEY, NULL, 0);
	tp_accept(&t);
	assert_int_equal(set_key(t.s, FX_PEER, 32, ""), 0);
	tp_write(&t, "x", 1);
	expect_signed(&t, "PA", 1, 1, 1, NULL);
	t.pport++;
	assert_int_equal(set_key(t.l, htonl(0x0a0000ff), 24, ""), 0);
	signed_syn(&t, OTHER);
	t.pport++;
	assert_int_equal(set_key(t.l, htonl(0x0a000000), 8, ""), 0);
	signed_syn(&t, "all");
	tp_close(&t);
}

/* @req 2385-8 */
static void key_that_cannot_be_is_refused(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = FX_PEER };
	struct tcp_md5sig sig = { .tcpm_keylen = 81 };
	socklen_t len = sizeof(sig);
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_listen(&t, 8);
	memcpy(&sig.tcpm_addr, &a, sizeof(a));
#define REFUSED(opt, len, err) do {						\
	assert_int_equal(inet_setsockopt(t.l, IPPROTO_TCP, opt, &sig, len), -1);	\
	assert_int_equal(errno, err);						\
} while (0)
	REFUSED(TCP_MD5SIG, sizeof(sig), EINVAL);	/* too long a key */
	sig.tcpm_keylen = 80;
	REFUSED(TCP_MD5SIG, sizeof(sig) - 1, EINVAL);
	sig.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX;
	sig.tcpm_prefixlen = 33;
	REFUSED(TCP_MD5SIG_EXT, sizeof(sig), EINVAL);
	sig.tcpm_flags = 2;				/* TCP_MD5SIG_FLAG_IFINDEX */
	REFUSED(TCP_MD5SIG_EXT, sizeof(sig), EINVAL);
	sig.tcpm_flags = 0;
	assert_int_equal(inet_setsockopt(t.l, IPPROTO_TCP, TCP_MD5SIG, &sig, sizeof(sig)), 0);
	sig.tcpm_keylen = 0;
	assert_int_equal(inet_setsockopt(t.l, IPPROTO_TCP, TCP_MD5SIG, &sig, sizeof(sig)), 0);
	REFUSED(TCP_MD5SIG, sizeof(sig), ENOENT);	/* none to remove */
	sig.tcpm_addr.ss_family = AF_INET6;
	REFUSED(TCP_MD5SIG, sizeof(sig), EINVAL);
	assert_int_equal(inet_getsockopt(t.l, IPPROTO_TCP, TCP_MD5SIG, &sig, &len), -1);
	assert_int_equal(errno, ENOPROTOOPT);
	tp_close(&t);
}

/* As many as net.core.optmem_max has room for; one that replaces another is no more. */
static void keys_are_bounded_by_optmem(void **state)
{
	u32 n = 0;
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_listen(&t, 8);
	fx_sysctl(&t.f, "net.core.optmem_max", "4096");
	while (!set_key(t.l, htonl(0x0a000100 + n), 32, KEY))
		n++;
	assert_int_equal(errno, ENOMEM);
	assert_in_range(n, 10, 40);
	assert_int_equal(set_key(t.l, htonl(0x0a000100), 32, ""), 0);
	assert_int_equal(set_key(t.l, htonl(0x0a000100), 32, OTHER), 0);
	tp_close(&t);
}

/* ---- without a sock --------------------------------------------------- */

/* TIME-WAIT answers by the key of its connection, and a RST without it is none.
 * @req 2385-4 */
static void time_wait_answers_by_its_key(void **state)
{
	struct tp t;

	(void)state;
	open_passive(&t);
	inet_close(t.s);
	t.s = NULL;
	fx_run(&t.f);
	expect_signed(&t, "FA", 1, 1, 0, KEY);
	send_signed(&t, TCPHDR_ACK | TCPHDR_FIN, 1, 2, KEY, NULL, 0);
	expect_signed(&t, "A", 2, 2, 0, KEY);
	inet_close(t.l);			/* its keys are gone */
	t.l = NULL;
	fx_mark(&t.f);
	send_signed(&t, TCPHDR_RST, 2, 2, NULL, NULL, 0);
	fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_MD5NOTFOUND, 1);
	send_signed(&t, TCPHDR_ACK | TCPHDR_FIN, 1, 2, KEY, NULL, 0);
	expect_signed(&t, "A", 2, 2, 0, KEY);
	tp_close(&t);
}

/* A RST for nobody: signed, if a listener at the peer's port has the key; else, to a
 * signed segment, there is none. */
static void nobody_signed_segment_is_reset_by_the_key_only(void **state)
{
	struct tp t;

	(void)state;
	open_listener(&t);
	t.pport = TP_PORT;
	t.lport = 33333;
	send_signed(&t, TCPHDR_ACK, 1, 1, KEY, NULL, 0);
	tp_next(&t);
	assert_int_equal(t.p.tcp->flags, TCPHDR_RST);
	came_signed(&t, KEY);
	send_signed(&t, TCPHDR_ACK, 1, 1, OTHER, NULL, 0);
	tp_silence(&t);
	t.pport = 40000;
	send_signed(&t, TCPHDR_ACK, 1, 1, KEY, NULL, 0);
	tp_silence(&t);
	send_signed(&t, TCPHDR_ACK, 1, 1, NULL, NULL, 0);
	tp_next(&t);
	assert_int_equal(t.p.tcp->flags, TCPHDR_RST);
	came_signed(&t, NULL);
	tp_close(&t);
}

/* ---- two stacks ------------------------------------------------------- */

/* 300 kB both ways over a cable that loses, doubles, delays and turns bits. */
static void pair_over_a_bad_cable_loses_nothing(void **state)
{
	struct pair *p = pair_open(5);
	struct socket *l, *c, *s;
	u64 limit = p->a.now_ns + 3600 * FX_SEC;
	u32 sent[2] = { 0, 0 }, got[2] = { 0, 0 }, i, n = 300000;
	struct socket *end[2];
	u8 buf[4096];
	ssize_t r;

	(void)state;
	p->loss = p->dup = p->late = p->flip = 20;
	p->late_ns = 30 * FX_MS;
	l = pair_listen(&p->b, 7, 8);
	assert_int_equal(set_key(l, 0, 0, KEY), 0);
	c = pair_socket(&p->a);
	assert_int_equal(set_key(c, 0, 0, KEY), 0);
	{
		const struct sockaddr_in to = { .sin_family = AF_INET,
						.sin_port = htons(7),
						.sin_addr.s_addr = htonl(0x0a000002) };

		assert_int_equal(inet_connect(c, (const void *)&to, sizeof(to)), -1);
	}
	while (!(s = inet_accept4(l, NULL, NULL, SOCK_NONBLOCK)))
		assert_true(pair_step(p, limit));
	end[0] = c;
	end[1] = s;
	while (got[0] < n || got[1] < n) {
		for (i = 0; i < 2; i++) {
			memset(buf, (int)i + 1, sizeof(buf));
			r = sent[i] < n ? inet_send(end[i], buf, min(n - sent[i], 4096u), 0) : 0;
			sent[i] += r > 0 ? (u32)r : 0;
			r = inet_recv(end[i], buf, sizeof(buf), 0);
			got[i] += r > 0 ? (u32)r : 0;
			assert_true(r <= 0 || buf[r - 1] == 2 - i);
		}
		assert_true(pair_step(p, limit));
	}
	assert_int_equal(count(&p->a, "TcpExtTCPMD5NotFound") +
			 count(&p->a, "TcpExtTCPMD5Unexpected"), 0);
	inet_close(c);
	inet_close(s);
	inet_close(l);
	pair_run(p, 200 * FX_SEC);
	pair_close(p);
}

/* A child for which there is no memory, at each of its allocations. */
static void listen_child_without_memory_is_none(void **state)
{
	u32 nth;
	struct tp t;

	(void)state;
	open_listener(&t);
	signed_syn(&t, KEY);
	for (nth = 1; nth < 20; nth++) {
		mem_fail_nth(&t.f.net->mem, nth);
		send_signed(&t, TCPHDR_ACK, 1, 1, KEY, NULL, 0);
		t.s = inet_accept(t.l, NULL, NULL);
		if (t.s)
			break;
	}
	mem_fail_nth(&t.f.net->mem, 0);
	assert_non_null(t.s);
	inet_set_nonblock(t.s, true);
	tp_write(&t, "x", 1);
	expect_signed(&t, "PA", 1, 1, 1, KEY);
	tp_close(&t);
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(established_text_passes_both_ways),
		T(listen_syn_that_is_signed_otherwise_is_dropped),
		T(syn_recv_segment_without_signature_is_dropped),
		T(syn_sent_answer_without_signature_is_dropped),
		T(listen_syn_with_all_options_is_answered_within_the_header),
		T(listen_timestamps_beside_sack_are_not_agreed_on),
		T(established_segment_that_is_signed_otherwise_is_dropped),
		T(established_text_with_a_changed_bit_is_dropped),
		T(established_signature_of_a_wrong_length_is_none),
		T(established_write_of_many_segments_signs_each),
		T(established_lent_text_is_signed_where_it_lies),
		T(established_hole_is_told_by_sack_beside_the_signature),
		T(established_key_changes_with_the_connection_open),
		T(established_queue_is_cut_when_a_key_comes),
		T(listen_longest_prefix_counts),
		T(key_that_cannot_be_is_refused),
		T(keys_are_bounded_by_optmem),
		T(time_wait_answers_by_its_key),
		T(nobody_signed_segment_is_reset_by_the_key_only),
		T(pair_over_a_bad_cable_loses_nothing),
		T(listen_child_without_memory_is_none),
	};

	return cmocka_run_group_tests_name("tcp_md5", tests, NULL, NULL);
}
