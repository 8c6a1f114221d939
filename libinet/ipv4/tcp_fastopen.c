/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP Fast Open (RFC 7413): text in the SYN, for who was here before.
 *
 * Client. A small table keeps what each peer gave out; TCP_FASTOPEN_CONNECT and
 * MSG_FASTOPEN use it. The SYN and its text stand apart in the retransmission
 * queue and go out as one packet, once: when the SYN is lost it goes again alone,
 * and when the SYN-ACK acknowledges no text that is sent again at once. A SYN-ACK may
 * have text itself. A peer that loses SYNs with text, or gives no cookie, is left in
 * peace for a while that doubles.
 *
 * Server. A listener with TCP_FASTOPEN gives out cookies, SipHash of the two
 * addresses under a key (net.ipv4.tcp_fastopen_key or the listener's own). A SYN
 * with a good one and text becomes a child at once, in SYN-RECEIVED, that may be
 * accepted, read and written; its SYN-ACK is the head of its own queue. There are at
 * most as many of those as TCP_FASTOPEN says: a spoofer who knows a cookie fills
 * that, and nothing else. One that was reset counts for a minute more.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/iov.h"
#include "core/skbuff.h"
#include "ipv4/inet_common.h"
#include "ipv4/ip.h"
#include "ipv4/tcp.h"
#include "ipv4/tcp_chrono.h"
#include "ipv4/tcp_ecn.h"
#include "ipv4/tcp_fastopen.h"
#include "ipv4/tcp_secret.h"
#include "ipv4/tcp_syncookies.h"
#include "lib/jhash.h"
#include "lib/mem.h"

#define FASTOPEN_PEERS 256
#define FASTOPEN_COOKIE_LEN 8
#define FASTOPEN_PAUSE_NS (60 * NSEC_PER_SEC)
#define FASTOPEN_MAX_DOUBLINGS 6

/* ---- what peers gave out ---------------------------------------------- */

struct tcp_fastopen_peer {
	__be32 daddr;		/* 0: nobody */
	u16 mss;
	u8 len;			/* of the cookie, 0: none */
	u8 losses;		/* times in a row that it did not work */
	bool exp;		/* in the option of the experiment */
	u64 pause_until_ns;
	u8 cookie[TCP_FASTOPEN_COOKIE_MAX];
};

/* The place of @daddr; whoever was there goes. NULL: no memory. Context:
 * limit_lock. */
static struct tcp_fastopen_peer *fastopen_peer(struct net *net, __be32 daddr)
{
	struct tcp_net *tn = net->ipv4.tcp;
	struct tcp_fastopen_peer *peer;

	if (!tn->fastopen_peers)
		tn->fastopen_peers = mem_zalloc(&net->mem, FASTOPEN_PEERS *
						sizeof(*tn->fastopen_peers));
	if (!tn->fastopen_peers)
		return NULL;
	peer = &tn->fastopen_peers[jhash_1word(daddr, net->hash_secret) %
				   FASTOPEN_PEERS];
	if (peer->daddr != daddr) {
		memset(peer, 0, sizeof(*peer));
		peer->daddr = daddr;
	}
	return peer;
}

void tcp_fastopen_exit(struct net *net)
{
	struct tcp_net *tn = net->ipv4.tcp;

	if (tn->fastopen_peers)
		mem_free(&net->mem, tn->fastopen_peers,
			 FASTOPEN_PEERS * sizeof(*tn->fastopen_peers));
}

/* May @sk try, and with what? False: not now. */
static bool fastopen_ask(struct sock *sk, struct tcp_fastopen_peer *out)
{
	struct net *net = sock_net(sk);
	struct tcp_net *tn = net->ipv4.tcp;
	struct tcp_fastopen_peer *peer;
	bool ok;

	spin_lock(&tn->limit_lock);
	peer = fastopen_peer(net, sk->sk_daddr);
	ok = peer && net_now(net) >= peer->pause_until_ns;
	if (ok)
		*out = *peer;
	spin_unlock(&tn->limit_lock);
	return ok;
}

/* The SYN-ACK says @info: a cookie or none, if one was asked for. */
static void fastopen_learn(struct sock *sk, const struct tcp_options_info *info)
{
	bool asked = tcp_sk(sk)->syn_fastopen;
	struct net *net = sock_net(sk);
	struct tcp_net *tn = net->ipv4.tcp;
	struct tcp_fastopen_peer *peer;

	spin_lock(&tn->limit_lock);
	peer = fastopen_peer(net, sk->sk_daddr);
	if (peer) {
		if (info->mss)	/* the peer's, whatever TCP_MAXSEG says */
			peer->mss = info->mss;
		if (!tcp_sk(sk)->syn_plain)
			peer->losses = 0;
		if (asked && info->saw_fastopen && info->fastopen_len) {
			peer->len = info->fastopen_len;
			peer->exp = info->fastopen_exp;
			memcpy(peer->cookie, info->fastopen_cookie, peer->len);
		}
		/* a negative answer counts, too (RFC 7413 4.1.3) */
		if (asked && !peer->len && !tcp_sk(sk)->syn_plain)
			peer->pause_until_ns = net_now(net) +
					       FASTOPEN_PAUSE_NS;
	}
	spin_unlock(&tn->limit_lock);
}

void tcp_fastopen_syn_lost(struct sock *sk)
{
	struct net *net = sock_net(sk);
	struct tcp_net *tn = net->ipv4.tcp;
	struct tcp_fastopen_peer *peer;

	if (tcp_sk(sk)->syn_plain)
		return;
	tcp_sk(sk)->syn_plain = 1;
	NET_INC_STATS(net, TCP_FASTOPENACTIVEFAIL);
	if (!tcp_sk(sk)->syn_data)	/* as likely as any SYN */
		return;
	spin_lock(&tn->limit_lock);
	peer = fastopen_peer(net, sk->sk_daddr);
	if (peer) {
		peer->pause_until_ns = net_now(net) +
				       (FASTOPEN_PAUSE_NS << peer->losses);
		if (peer->losses < FASTOPEN_MAX_DOUBLINGS)
			peer->losses++;
	}
	spin_unlock(&tn->limit_lock);
}

/* ---- client ----------------------------------------------------------- */

static bool fastopen_client(const struct sock *sk)
{
	return READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_fastopen) &
	       TFO_CLIENT_ENABLE;
}

/* Does text without a cookie please both sides? */
static bool fastopen_without_cookie(const struct sock *sk)
{
	return tcp_sk(sk)->fastopen_no_cookie ||
	       (READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_fastopen) &
		TFO_CLIENT_NO_COOKIE);
}

bool tcp_fastopen_defers_connect(struct sock *sk)
{
	struct tcp_fastopen_peer peer;
	struct tcp_sock *tp = tcp_sk(sk);

	if (!fastopen_client(sk) || (tp->seldom && tp->seldom->fastopen_msg) ||
	    (!fastopen_without_cookie(sk) &&
	     !(fastopen_ask(sk, &peer) && peer.len)))
		return false;
	WRITE_ONCE(tp->snd_una, tp->write_seq);
	WRITE_ONCE(tp->snd_nxt, tp->write_seq);
	inet_assign_bit(DEFER_CONNECT, sk, true);
	return true;
}

/* How much text fits into a SYN to @peer; one that is not known is taken to be like
 * this side, as in Linux. */
static u32 fastopen_room(struct sock *sk, const struct tcp_fastopen_peer *peer)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	s32 path = (s32)icsk->icsk_pmtu_cookie - TCP_HLEN_MIN -
		   icsk->icsk_af_ops->net_header_len - icsk->icsk_ext_hdr_len;
	s32 mss = peer->mss ? max(peer->mss, (u16)TCP_MSS_DEFAULT) : tp->advmss;

	if (tp->rx_opt.user_mss)
		mss = min(mss, (s32)tp->rx_opt.user_mss);
	return (u32)max(min(mss, path) - MAX_TCP_OPTION_SPACE, 0);
}

/* The first of @msg's octets behind the SYN. NULL: no memory, or none. */
static struct sk_buff *fastopen_text(struct sock *sk, struct inet_msg *msg,
				     u32 room)
{
	u32 len = (u32)min(msg->iter.count, (size_t)room);
	struct sk_buff *skb;

	skb = len ? tcp_stream_alloc_skb(sk, len, true) : NULL;
	if (!skb)
		return NULL;
	len = min(len, skb_tailroom(skb));
	tcp_init_nondata_skb(skb, tcp_sk(sk)->write_seq,
			     TCPHDR_ACK | TCPHDR_PSH);
	copy_from_iter(skb_put(skb, len), len, &msg->iter);
	skb->ip_summed = CHECKSUM_PARTIAL;
	TCP_SKB_CB(skb)->end_seq += len;
	tcp_connect_queue_skb(sk, skb);
	return skb;
}

/* One packet of @syn and @text. False: no memory. */
static bool fastopen_transmit(struct sock *sk, const struct sk_buff *syn,
			      const struct sk_buff *text)
{
	struct sk_buff *skb = alloc_skb(sock_net(sk),
					MAX_TCP_HEADER + text->len);

	if (!skb)
		return false;
	skb_reserve(skb, MAX_TCP_HEADER);
	*TCP_SKB_CB(skb) = *TCP_SKB_CB(syn);
	TCP_SKB_CB(skb)->end_seq += text->len;
	memcpy(skb_put(skb, text->len), text->data, text->len);
	skb->ip_summed = CHECKSUM_PARTIAL;
	(void)tcp_transmit_skb(sk, skb, false);
	return true;
}

bool tcp_send_syn_data(struct sock *sk, struct sk_buff *syn)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_seldom *seldom = tp->seldom;
	struct tcp_fastopen_peer peer;
	struct sk_buff *text = NULL;

	tp->syn_data = tp->syn_fastopen = tp->syn_data_acked = 0;
	tp->syn_plain = 0;
	if (!seldom || tp->signs || !fastopen_client(sk) || !fastopen_ask(sk, &peer) ||
	    (!tp->fastopen_connect && !seldom->fastopen_msg))
		return false;
	tp->syn_fastopen = !fastopen_without_cookie(sk);
	seldom->cookie_len = peer.len;
	seldom->cookie_exp = peer.exp;
	memcpy(seldom->cookie, peer.cookie, sizeof(seldom->cookie));
	if (seldom->fastopen_msg && (peer.len || !tp->syn_fastopen))
		text = fastopen_text(sk, seldom->fastopen_msg,
				     fastopen_room(sk, &peer));
	if (!text)
		return false;
	tp->syn_data = 1;
	tcp_chrono_start(tp, TCP_CHRONO_BUSY);
	syn->tstamp = text->tstamp = tcp_departure_ns(tp);
	return fastopen_transmit(sk, syn, text);
}

int tcp_sendmsg_fastopen(struct sock *sk, struct inet_msg *msg)
{
	const struct sockaddr *to = msg->name;
	int flags = msg->flags & MSG_DONTWAIT ? O_NONBLOCK : 0, err = 0;
	struct tcp_seldom *seldom;
	bool begins = false;

	if (!fastopen_client(sk) || (to && to->sa_family == AF_UNSPEC))
		return -EOPNOTSUPP;
	seldom = tcp_seldom_get(sk);
	if (!seldom)
		return -ENOBUFS;
	if (seldom->fastopen_msg)
		return -EALREADY;
	seldom->fastopen_msg = msg;
	if (inet_test_bit(DEFER_CONNECT, sk)) {
		inet_assign_bit(DEFER_CONNECT, sk, false);
		begins = true;
		err = tcp_connect(sk);
		if (err)
			tcp_done(sk);
	}
	if (!err)
		err = __inet_stream_connect(sk->sk_socket, to, msg->namelen,
					    flags);
	seldom->fastopen_msg = NULL;
	return begins && err == -EALREADY ? -EINPROGRESS : err;
}

void tcp_fastopen_syn_options(const struct sock *sk,
			      struct tcp_out_options *opts)
{
	const struct tcp_seldom *seldom = tcp_sk(sk)->seldom;

	opts->options |= OPTION_FAST_OPEN_COOKIE;
	opts->fastopen_len = seldom->cookie_len;
	opts->fastopen_cookie = seldom->cookie;
	opts->fastopen_exp = seldom->cookie_exp;
	if (tcp_options_size(opts) > MAX_TCP_OPTION_SPACE)
		opts->options &= (u8)~OPTION_FAST_OPEN_COOKIE;
}

/* The text of @skb, which has a SYN, becomes the connection's. */
static void fastopen_add_text(struct sock *sk, const struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *text;

	if (TCP_SKB_CB(skb)->end_seq == tp->rcv_nxt)
		return;
	text = skb_clone((struct sk_buff *)(uintptr_t)skb);
	if (!text)
		return;		/* the peer sends it again */
	skb_dst_drop(text);
	TCP_SKB_CB(text)->seq++;
	TCP_SKB_CB(text)->tcp_flags &= (u8)~TCPHDR_SYN;
	tcp_data_queue(sk, text);
	/* the answer to the SYN acknowledges it */
	inet_csk(sk)->icsk_ack.ato_us = 0;
	inet_csk(sk)->icsk_ack.quick = 0;
	inet_csk(sk)->icsk_ack.pending = 0;
}

bool tcp_rcv_fastopen_synack(struct sock *sk, const struct sk_buff *skb,
			     const struct tcp_options_info *info)
{
	struct tcp_sock *tp = tcp_sk(sk);

	fastopen_learn(sk, info);
	if (!tcp_rtx_queue_empty(sk)) {
		if (tp->syn_fastopen)
			NET_INC_STATS(sock_net(sk), TCP_FASTOPENACTIVEFAIL);
		tcp_retransmit_refused(sk, tcp_rtx_queue_head(sk));
		return true;
	}
	if (tp->syn_data) {
		tp->syn_data_acked = 1;
		tp->tx.delivered--;	/* one packet, of two in the queue */
		NET_INC_STATS(sock_net(sk), TCP_FASTOPENACTIVE);
	}
	fastopen_add_text(sk, skb);
	return false;
}

/* ---- server: cookies -------------------------------------------------- */

/* The keys that hold for the listener @sk. */
static void fastopen_keys(const struct sock *sk, struct tcp_secrets *keys)
{
	struct tcp_net *tn = sock_net(sk)->ipv4.tcp;
	const struct tcp_seldom *seldom = READ_ONCE(tcp_sk(sk)->seldom);

	tcp_secrets_read(tn, seldom && seldom->fastopen_keys.nr ?
				     &seldom->fastopen_keys :
				     &tn->fastopen_keys, keys);
}

static void fastopen_cookie(const siphash_key_t *key, __be32 client,
			    __be32 server, u8 *cookie)
{
	const __be32 names[2] = { client, server };
	u64 hash = htole64(siphash(key, names, sizeof(names)));

	memcpy(cookie, &hash, sizeof(hash));
}

/* The cookie that the listener @sk gives to @client. */
static void fastopen_give(const struct sock *sk, __be32 client, __be32 server,
			  u8 *cookie)
{
	struct tcp_secrets keys;

	fastopen_keys(sk, &keys);
	fastopen_cookie(&keys.key[0], client, server, cookie);
}

void tcp_fastopen_synack_options(const struct request_sock *req, u8 *cookie,
				 struct tcp_out_options *opts)
{
	fastopen_give(req->rsk_listener, req->__req_common.skc_daddr,
		      req->__req_common.skc_rcv_saddr, cookie);
	opts->options |= OPTION_FAST_OPEN_COOKIE;
	opts->fastopen_len = FASTOPEN_COOKIE_LEN;
	opts->fastopen_cookie = cookie;
	opts->fastopen_exp = tcp_rsk(req)->tfo_exp;
	if (unlikely(tcp_options_size(opts) > MAX_TCP_OPTION_SPACE))
		opts->options &= (u8)~OPTION_FAST_OPEN_COOKIE;
}

/* Is the cookie in @info good? @req is told when another is to be given. */
static bool fastopen_cookie_good(const struct sock *sk,
				 struct request_sock *req,
				 const struct tcp_options_info *info)
{
	struct tcp_request_sock *treq = tcp_rsk(req);
	u8 cookie[FASTOPEN_COOKIE_LEN];
	struct tcp_secrets keys;
	u32 i;

	treq->tfo_reqd = 1;
	treq->tfo_exp = info->fastopen_exp;
	if (!info->fastopen_len) {
		NET_INC_STATS(sock_net(sk), TCP_FASTOPENCOOKIEREQD);
		return false;
	}
	fastopen_keys(sk, &keys);
	for (i = 0; i < keys.nr; i++) {
		fastopen_cookie(&keys.key[i], req->__req_common.skc_daddr,
				req->__req_common.skc_rcv_saddr, cookie);
		if (info->fastopen_len != sizeof(cookie) ||
		    memcmp(info->fastopen_cookie, cookie, sizeof(cookie)))
			continue;
		treq->tfo_reqd = i > 0;
		return true;
	}
	NET_INC_STATS(sock_net(sk), TCP_FASTOPENPASSIVEFAIL);
	return false;
}

/* ---- server: children without a handshake ----------------------------- */

int tcp_fastopen_listen(struct sock *sk)
{
	const u32 wanted = TFO_SERVER_ENABLE | TFO_SERVER_ALL;
	u32 mode = (u32)READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_fastopen);
	struct tcp_seldom *seldom;

	if ((mode & wanted) != wanted)
		return 0;
	seldom = tcp_seldom_get(sk);
	if (!seldom)
		return -ENOMEM;
	if (!seldom->max_pending)
		WRITE_ONCE(seldom->max_pending, sk->sk_max_ack_backlog);
	return 0;
}

/* Takes a place among those that wait for their ACK. */
static bool fastopen_reserve(struct sock *sk, struct tcp_seldom *seldom)
{
	struct net *net = sock_net(sk);
	u64 now = net_now(net);

	if (READ_ONCE(seldom->nr_reset) &&
	    now >= READ_ONCE(seldom->reset_until_ns))
		WRITE_ONCE(seldom->nr_reset, 0);
	/* others do the same at the same time: what counts is who came first */
	if (count_add(&seldom->pending, 1, sk_smp(sk)) +
		    READ_ONCE(seldom->nr_reset) <=
	    READ_ONCE(seldom->max_pending))
		return true;
	count_add(&seldom->pending, -1, sk_smp(sk));
	NET_INC_STATS(net, TCP_FASTOPENLISTENOVERFLOW);
	return false;
}

void tcp_fastopen_done(struct sock *sk, bool reset)
{
	struct tcp_seldom *seldom = tcp_sk(sk)->seldom, *of;
	struct sock *listener = seldom ? seldom->listener : NULL;
	struct net *net = sock_net(sk);

	if (!listener)
		return;
	seldom->listener = NULL;
	rcu_read_lock(&net->rcu);
	of = READ_ONCE(tcp_sk(listener)->seldom);
	if (of)
		count_add(&of->pending, -1, net->smp);
	if (of && reset) {
		count_add(&of->nr_reset, 1, net->smp);
		WRITE_ONCE(of->reset_until_ns, net_now(net) + FASTOPEN_PAUSE_NS);
	}
	rcu_read_unlock(&net->rcu);
	sock_put(listener);
}

/* The SYN-ACK, at the head of the child's queue. */
static void fastopen_send_synack(struct sock *child, u32 isn)
{
	struct tcp_sock *tp = tcp_sk(child);
	struct sk_buff *skb = tcp_stream_alloc_skb(child, 0, true);

	if (!skb)		/* the client's SYN comes again, and finds no child */
		return;
	tcp_init_nondata_skb(skb, isn, TCPHDR_SYN | TCPHDR_ACK);
	tcp_ecn_send_synack(child, skb);
	tcp_connect_queue_skb(child, skb);
	WRITE_ONCE(tp->snd_una, isn);
	tp->snd_sml = isn;		/* Nagle: no small segment is out */
	tp->snd_cwnd++;		/* RFC 6928: so much text besides */
	(void)tcp_transmit_skb(child, skb, true);
	inet_csk_reset_xmit_timer(child, ICSK_TIME_RETRANS, tp->mstamp_ns,
				  (u64)inet_csk(child)->icsk_rto_us *
					  NSEC_PER_USEC);
}

/* Context: @child's bh lock; it is on the accept queue of @sk. */
static void fastopen_begin(struct sock *sk, struct sock *child,
			   struct request_sock *req, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(child);
	struct tcp_seldom *seldom = tcp_seldom_get(child);

	if (seldom) {
		sock_hold(sk);
		seldom->listener = sk;
		tp->syn_fastopen = tcp_rsk(req)->tfo_reqd;
		fastopen_give(sk, child->sk_daddr, child->sk_rcv_saddr,
			      seldom->cookie);
		seldom->cookie_len = FASTOPEN_COOKIE_LEN;
		seldom->cookie_exp = tcp_rsk(req)->tfo_exp;
	} else {		/* nobody would give its place back */
		count_add(&tcp_sk(sk)->seldom->pending, -1, sk_smp(sk));
	}
	tp->passive_fastopen = 1;
	tp->max_window = ntohs(tcp_hdr(skb)->window);	/* never scaled */
	tp->snd_wnd = tp->max_window + 1;	/* with the number of our SYN */
	tcp_init_transfer(child);
	fastopen_add_text(child, skb);
	tp->syn_data_acked = tp->rcv_nxt != tp->copied_seq;
	WRITE_ONCE(tp->rcv_wup, tp->rcv_nxt);
	fastopen_send_synack(child, tcp_rsk(req)->snt_isn);
	NET_INC_STATS(sock_net(sk), TCP_FASTOPENPASSIVE);
}

unchecked_locking
bool tcp_fastopen_server(struct sock *sk, struct sk_buff *skb,
			 struct request_sock *req)
{
	struct tcp_seldom *seldom = READ_ONCE(tcp_sk(sk)->seldom);
	s32 mode = READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_fastopen);
	const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_options_info info;
	struct sock *child;
	bool bare, text = tcb->end_seq != tcb->seq + 1;

	if (!READ_ONCE(seldom->max_pending) || !(mode & TFO_SERVER_ENABLE))
		return false;
	bare = (mode & TFO_SERVER_NO_COOKIE) || tcp_sk(sk)->fastopen_no_cookie;
	tcp_parse_options(skb, &info);
	if (!text && !info.saw_fastopen)
		return false;
	/* a good cookie without text is taken, too, as Linux does */
	if (!bare && (!info.saw_fastopen ||
		      !fastopen_cookie_good(sk, req, &info)))
		return false;
	if (!fastopen_reserve(sk, seldom))
		return false;
	tcp_rsk(req)->unhashed = true;
	child = tcp_child_of_unhashed(sk, skb, req);
	if (!child) {
		count_add(&seldom->pending, -1, sk_smp(sk));
		return true;	/* @req is gone; the SYN comes again */
	}
	fastopen_begin(sk, child, req, skb);
	sk->sk_data_ready(sk);
	bh_unlock_sock(child);
	sock_put(child);
	return true;
}

/* ---- the ACK ---------------------------------------------------------- */

bool tcp_fastopen_waits(const struct sock *sk)
{
	const struct sk_buff *head = tcp_rtx_queue_head(sk);

	return tcp_sk(sk)->passive_fastopen && head &&
	       TCP_SKB_CB(head)->tcp_flags & TCPHDR_SYN;
}

void tcp_rcv_fastopen_acked(struct sock *sk, const struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->snd_wnd = (u32)ntohs(tcp_hdr(skb)->window)
		      << tp->rx_opt.snd_wscale;
	tp->max_window = max(tp->max_window, tp->snd_wnd);
	/* the SYN-ACK took its own place; RFC 5681 3.1: one after a lost one */
	tp->snd_cwnd = tp->total_retrans ? 1 : max(tp->snd_cwnd - 1, 1u);
	tcp_update_wl(tp, TCP_SKB_CB(skb)->seq);
	tcp_rto_recovered(tp);
	tcp_set_state(sk, TCP_ESTABLISHED);
	tcp_fast_path_check(sk);
	if (sock_flag(sk, SOCK_KEEPOPEN))
		inet_csk_reset_keepalive_timer(sk, keepalive_time_ns(tp));
	sk->sk_state_change(sk);
}
