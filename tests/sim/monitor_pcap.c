/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * monitor-pcap: the monitor of the simulation, on frames that were recorded.
 *
 *	monitor-pcap [-h] [-m MTU] [-r RTO_MIN] [-e EARLY] [-l LATE] [-j ADDR]
 *		ADDR=FILE [ADDR[=FILE]]
 *
 * A FILE (pcap or pcapng, Ethernet) has what was recorded at the host ADDR;
 * both hosts' clocks are the same. Of a host without a FILE the frames are
 * taken from the other's: they arrive when they leave, which is nearly right
 * if nothing is lost or overtaken between the two (that the newest SACK block
 * comes first is not checked); else only the other one may be judged (-j ADDR).
 * Frames of anybody else are ignored, and the recording must begin before the first ARP
 * request and the first SYN.
 *
 * -m is the MTU of both (1500), -r the smallest RTO in milliseconds (200), -e
 * how many milliseconds too early a timer may seem to be (10: clocks that tick)
 * and -l how late an answer (100: who records is not who answers).
 *
 * What the application has asked for is not to be seen in a file, so the rules
 * that compare with it rest: those about written bytes, URG, accept() and
 * errors, and who closed first. What Linux does beyond the rules of a simulated
 * world is allowed: tail loss probes (RFC 8985), a window that grows by SACKs;
 * and that a segment is recorded before those that its socket gets earlier.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include "monitor.h"

#define MAX_VIOLATIONS 20

/* What was recorded at a host: the next frame. */
struct recording {
	pcap_t *pcap;
	struct pcap_pkthdr *head;
	const u8 *frame;
	u64 ns;			/* UINT64_MAX: no more */
};

static struct world w;
static struct recording rec[2];
static u64 violations, start_ns;

/* Where the monitor says what it has seen. */
void sim_fail(struct world *world, const char *fmt, ...)
{
	u64 t = world->now - start_ns;
	va_list ap;

	if (++violations > MAX_VIOLATIONS)
		return;
	printf("frame %llu, %llu.%09llu s: ",
	       (unsigned long long)world->frames,
	       (unsigned long long)(t / SIM_S), (unsigned long long)(t % SIM_S));
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

/* After -h, or a mistake. */
static void __attribute__((noreturn)) usage(int option)
{
	fputs("usage: monitor-pcap [-h] [-m MTU] [-r RTO_MIN] [-e EARLY] "
	      "[-l LATE] [-j ADDR]\n                    ADDR=FILE ADDR[=FILE]\n"
	      "  ADDR=FILE   a host, and the pcap file that was recorded at it\n"
	      "  -h          this text (--help too)\n"
	      "  -m MTU      of both hosts (default 1500)\n"
	      "  -r RTO_MIN  of both hosts, in ms (default 200)\n"
	      "  -e EARLY    ms that a timer may run early (default 10)\n"
	      "  -l LATE     ms that one may run late (default 100)\n"
	      "  -j ADDR     judge only this host\n",
	      option == 'h' ? stdout : stderr);
	exit(option == 'h' ? 0 : 2);
}

static u32 parse_address(const char *text)
{
	struct in_addr a;

	if (inet_pton(AF_INET, text, &a) != 1) {
		fprintf(stderr, "monitor-pcap: %s: no address\n", text);
		exit(2);
	}
	return ntohl(a.s_addr);
}

/* ADDR or ADDR=FILE, the @i-th of them. */
static void parse_host(unsigned int i, char *text)
{
	char why[PCAP_ERRBUF_SIZE], *file = strchr(text, '=');

	if (file)
		*file++ = '\0';
	w.host[i].addr = parse_address(text);
	rec[i].ns = UINT64_MAX;
	if (!file)
		return;
	rec[i].pcap = pcap_open_offline_with_tstamp_precision(
		file, PCAP_TSTAMP_PRECISION_NANO, why);
	if (!rec[i].pcap || pcap_datalink(rec[i].pcap) != DLT_EN10MB) {
		fprintf(stderr, "monitor-pcap: %s: %s\n", file,
			rec[i].pcap ? "not Ethernet" : why);
		exit(2);
	}
}

/* Takes the next frame of a recording. */
static void advance(struct recording *r)
{
	int got = r->pcap ? pcap_next_ex(r->pcap, &r->head, &r->frame) :
			    PCAP_ERROR_BREAK;

	r->ns = UINT64_MAX;
	if (got == 1)
		r->ns = (u64)r->head->ts.tv_sec * SIM_S +
			(u64)r->head->ts.tv_usec;
	else if (got == PCAP_ERROR) {
		fprintf(stderr, "monitor-pcap: %s\n", pcap_geterr(r->pcap));
		exit(2);
	}
}

/* Whose frame it is, -1: neither's, or a piece of one. */
static int sender(const struct recording *r)
{
	struct segment s;

	if (r->head->caplen < r->head->len ||
	    monitor_parse(&s, r->frame, r->head->caplen) < FRAME_ARP)
		return -1;
	if (!memcmp(s.to, (u8[]){ 1, 0, 0x5e }, 3))
		return -1;		/* multicast */
	return monitor_host(&w, s.addr[0]);
}

/* A frame that was recorded at host @at. The first of a host tells its link
 * address. Those that were damaged on their way reach nobody. */
static void feed(int at, const struct recording *r)
{
	static const u8 none[6];
	int from = sender(r), h;

	w.now = r->ns;
	if (from < 0)
		return;
	if (!memcmp(w.host[from].mac, none, 6))
		memcpy(w.host[from].mac, r->frame + 6, 6);
	h = !from;
	if (from == at || !rec[from].pcap)
		monitor_frame(&w, from, true, r->frame, r->head->len);
	if (h == at || !rec[h].pcap)
		monitor_frame(&w, h, false, r->frame, r->head->len);
}

/* A number from 0 to a million for option @c; else a sentence, and the end. */
static u32 number(int c)
{
	char *end;
	unsigned long v = strtoul(optarg, &end, 10);

	if (*optarg >= '0' && *optarg <= '9' && !*end && v <= 1000000)
		return (u32)v;
	fprintf(stderr, "monitor-pcap: -%c \"%s\": a number from 0 to 1000000 "
		"is wanted\n", c, optarg);
	exit(2);
}

static void parse(int argc, char **argv)
{
	u32 mtu = 1500, rto_min = 200, early = 10, late = 100, judged = 0;
	static const struct option words[] = {
		{ .name = "help", .val = 'h' }, { .name = NULL },
	};
	unsigned int i;
	int c;

	while ((c = getopt_long(argc, argv, "hm:r:e:l:j:", words,
				NULL)) != -1) {
		switch (c) {
		case 'm': mtu = number(c); break;
		case 'r': rto_min = number(c); break;
		case 'e': early = number(c); break;
		case 'l': late = number(c); break;
		case 'j': judged = parse_address(optarg); break;
		default: usage(c);
		}
	}
	if (argc - optind != 2)
		usage('?');
	w.nr_hosts = w.nr_stacks = 2;
	w.recorded = true;
	w.slack_ns = early * SIM_MS;
	w.late_ns = late * SIM_MS;
	for (i = 0; i < 2; i++) {
		parse_host(i, argv[optind + (int)i]);
		w.blurred |= !rec[i].pcap;
		w.host[i].mtu = mtu;
		w.host[i].rto_min_us = rto_min * 1000;
		w.host[i].tail_probes = true;
		w.host[i].unjudged = judged && judged != w.host[i].addr;
	}
}

int main(int argc, char **argv)
{
	const struct flow *f;
	u32 flows = 0;
	int at;

	parse(argc, argv);
	advance(&rec[0]);
	advance(&rec[1]);
	while (rec[0].ns != UINT64_MAX || rec[1].ns != UINT64_MAX) {
		at = rec[1].ns < rec[0].ns;
		/* at the same moment: what leaves comes before what arrives */
		if (rec[0].ns == rec[1].ns && sender(&rec[0]) != 0)
			at = 1;
		if (!start_ns)
			start_ns = rec[at].ns;
		feed(at, &rec[at]);
		advance(&rec[at]);
	}
	for (f = w.flows; f; f = f->next)
		flows++;
	printf("%llu frames, %u connections, %llu violations; rules about "
	       "calls rest\n", (unsigned long long)w.frames, flows,
	       (unsigned long long)violations);
	monitor_free(&w);
	return violations || !flows ? 1 : 0;
}
