/* SPDX-License-Identifier: BSD-2-Clause */
/* What inet-ss shows behind the columns, as ss(8) does: timers, memory, TCP_INFO. */
#include <linux/tcp.h>
#include <string.h>

#include "ss.h"

#define UNKNOWN 0x7fffffffu	/* ssthresh that no loss has set */

void ss_timer_print(const struct admin_socket *as, FILE *out)
{
	static const char *const names[] = { "off", "on", "keepalive", "timewait",
					     "persist" };
	unsigned int ms = as->info.expires_ms, min = ms / 60000, s = ms / 1000 % 60;
	char when[32];

	if (!as->info.timer || as->info.timer >= sizeof(names) / sizeof(names[0]))
		return;
	/* ss(8): "2min3sec", "54sec", "1.200ms", "200ms" */
	if (min)
		snprintf(when, sizeof(when), s ? "%umin%usec" : "%umin", min, s);
	else if (s > 9)
		snprintf(when, sizeof(when), "%usec", s);
	else if (s)
		snprintf(when, sizeof(when), "%u.%03ums", s, ms % 1000);
	else
		snprintf(when, sizeof(when), "%03ums", ms);
	fprintf(out, " timer:(%s,%s,%u)", names[as->info.timer], when,
		as->info.retransmits);
}

void ss_memory_print(const struct admin_socket *as, FILE *out)
{
	const struct inet_diag_info *i = &as->info;

	fprintf(out, " skmem:(r%u,rb%u,t%u,tb%u,f%u,w%u,o%u,bl%u,d%u)", i->rmem, i->rcvbuf,
		i->wmem, i->sndbuf, i->fwd_alloc, i->wmem_queued, i->optmem, i->backlog,
		i->drops);
}

/* "1.5Mbps" of bytes a second. */
static void print_rate(FILE *out, const char *name, double bytes)
{
	static const char *const units[] = { "bps", "Kbps", "Mbps", "Gbps" };
	double bits = bytes * 8;
	size_t i = 0;

	while (bits >= 1000 && i < 3) {
		bits /= 1000;
		i++;
	}
	fprintf(out, i ? " %s %.3g%s" : " %s %.0f%s", name, bits, units[i]);
}

/* Where it is not 0. */
static void print_count(FILE *out, const char *name, unsigned long long n)
{
	if (n)
		fprintf(out, " %s:%llu", name, n);
}

/* Sizes and times of one direction and the other. */
static void print_path(const struct tcp_info *t, FILE *out)
{
	if (t->tcpi_options & TCPI_OPT_WSCALE)
		fprintf(out, " wscale:%u,%u", t->tcpi_snd_wscale, t->tcpi_rcv_wscale);
	if (t->tcpi_rto && t->tcpi_rto != 3000000)
		fprintf(out, " rto:%g", t->tcpi_rto / 1000.);
	if (t->tcpi_backoff)
		fprintf(out, " backoff:%u", t->tcpi_backoff);
	if (t->tcpi_rtt)
		fprintf(out, " rtt:%g/%g", t->tcpi_rtt / 1000., t->tcpi_rttvar / 1000.);
	if (t->tcpi_ato)
		fprintf(out, " ato:%g", t->tcpi_ato / 1000.);
	print_count(out, "mss", t->tcpi_snd_mss);
	print_count(out, "pmtu", t->tcpi_pmtu);
	print_count(out, "rcvmss", t->tcpi_rcv_mss);
	print_count(out, "advmss", t->tcpi_advmss);
	print_count(out, "cwnd", t->tcpi_snd_cwnd);
	if (t->tcpi_snd_ssthresh < UNKNOWN)
		fprintf(out, " ssthresh:%u", t->tcpi_snd_ssthresh);
}

/* What was sent, received, lost. */
static void print_traffic(const struct tcp_info *t, FILE *out)
{
	print_count(out, "bytes_sent", t->tcpi_bytes_sent);
	print_count(out, "bytes_retrans", t->tcpi_bytes_retrans);
	print_count(out, "bytes_acked", t->tcpi_bytes_acked);
	print_count(out, "bytes_received", t->tcpi_bytes_received);
	print_count(out, "segs_out", t->tcpi_segs_out);
	print_count(out, "segs_in", t->tcpi_segs_in);
	print_count(out, "data_segs_out", t->tcpi_data_segs_out);
	print_count(out, "data_segs_in", t->tcpi_data_segs_in);
	if (t->tcpi_rtt && t->tcpi_snd_mss && t->tcpi_snd_cwnd)
		print_rate(out, "send", (double)t->tcpi_snd_cwnd * t->tcpi_snd_mss *
					1000000. / t->tcpi_rtt);
	print_count(out, "lastsnd", t->tcpi_last_data_sent);
	print_count(out, "lastrcv", t->tcpi_last_data_recv);
	print_count(out, "lastack", t->tcpi_last_ack_recv);
	if (t->tcpi_pacing_rate && ~t->tcpi_pacing_rate)
		print_rate(out, "pacing_rate", (double)t->tcpi_pacing_rate);
	if (t->tcpi_delivery_rate)
		print_rate(out, "delivery_rate", (double)t->tcpi_delivery_rate);
	print_count(out, "delivered", t->tcpi_delivered);
	if (t->tcpi_delivery_rate_app_limited)
		fputs(" app_limited", out);
	if (t->tcpi_busy_time)
		fprintf(out, " busy:%llums", (unsigned long long)t->tcpi_busy_time / 1000);
	print_count(out, "unacked", t->tcpi_unacked);
	if (t->tcpi_retrans || t->tcpi_total_retrans)
		fprintf(out, " retrans:%u/%u", t->tcpi_retrans, t->tcpi_total_retrans);
	print_count(out, "lost", t->tcpi_lost);
	print_count(out, "sacked", t->tcpi_sacked);
	print_count(out, "dsack_dups", t->tcpi_dsack_dups);
}

void ss_tcp_print(const struct admin_socket *as, FILE *out)
{
	struct tcp_info t = { 0 };

	memcpy(&t, as->tcp_info,
	       as->tcp_info_len < sizeof(t) ? as->tcp_info_len : sizeof(t));
	if (!as->tcp_info_len)
		return;
	if (t.tcpi_options & TCPI_OPT_TIMESTAMPS)
		fputs(" ts", out);
	if (t.tcpi_options & TCPI_OPT_SACK)
		fputs(" sack", out);
	if (t.tcpi_options & TCPI_OPT_ECN)
		fputs(" ecn", out);
	fprintf(out, " %.15s", as->congestion);
	print_path(&t, out);
	if (as->info.state == SS_LISTEN)
		return;
	print_traffic(&t, out);
	if (t.tcpi_rcv_rtt)
		fprintf(out, " rcv_rtt:%g", t.tcpi_rcv_rtt / 1000.);
	print_count(out, "rcv_space", t.tcpi_rcv_space);
	print_count(out, "rcv_ssthresh", t.tcpi_rcv_ssthresh);
	if (t.tcpi_min_rtt && ~t.tcpi_min_rtt)
		fprintf(out, " minrtt:%g", t.tcpi_min_rtt / 1000.);
}
