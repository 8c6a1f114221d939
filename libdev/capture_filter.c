/* SPDX-License-Identifier: BSD-2-Clause */
/* Filter expressions of captures: libpcap compiles and runs them. */
#include "capture_filter.h"

#include <errno.h>

#include <inet/netdevice.h>

#include "lib/compiler.h"
#include "pcapng.h"

#if HAVE_PCAP
#include <pcap/pcap.h>
#include <stdlib.h>

/* An expression means other bytes on another kind of link. */
struct capture_filter {
	struct bpf_program ethernet;
	struct bpf_program raw;		/* if has_raw */
	bool has_raw;
};

/* Compiles for one kind of link. Return: 0 or -E with a sentence. */
static int compile(struct net *net, const char *text, int linktype,
		   u32 snaplen, struct bpf_program *program)
{
	pcap_t *p = pcap_open_dead(linktype, (int)snaplen);
	int err = 0;

	if (!p)
		return netdev_error(net, -ENOMEM, "filter: out of memory");
	if (pcap_compile(p, program, text, 1, PCAP_NETMASK_UNKNOWN))
		err = netdev_error(net, -EINVAL, "filter '%.100s': %s", text,
				   pcap_geterr(p));
	pcap_close(p);
	return err;
}

/* What makes sense on Ethernet only matches nothing on raw IP. */
int capture_filter_open(struct net *net, const char *text, u32 snaplen,
			struct capture_filter **filter)
{
	struct capture_filter *f;
	int err;

	*filter = NULL;
	if (!text)
		return 0;
	f = calloc(1, sizeof(*f));
	if (!f)
		return netdev_error(net, -ENOMEM, "filter: out of memory");
	f->has_raw = compile(net, text, DLT_RAW, snaplen, &f->raw) == 0;
	err = compile(net, text, DLT_EN10MB, snaplen, &f->ethernet);
	if (err) {
		if (f->has_raw)
			pcap_freecode(&f->raw);
		free(f);
		return err;
	}
	*filter = f;
	return 0;
}

/* NULL is fine. */
void capture_filter_close(struct capture_filter *f)
{
	if (!f)
		return;
	pcap_freecode(&f->ethernet);
	if (f->has_raw)
		pcap_freecode(&f->raw);
	free(f);
}

/* No filter matches everything. */
bool capture_filter_match(const struct capture_filter *f, u16 linktype,
			  const u8 *frame, u32 len)
{
	const struct pcap_pkthdr hdr = { .caplen = len, .len = len };

	if (!f)
		return true;
	if (linktype == PCAPNG_LINKTYPE_ETHERNET)
		return pcap_offline_filter(&f->ethernet, &hdr, frame) != 0;
	return f->has_raw && pcap_offline_filter(&f->raw, &hdr, frame) != 0;
}

#else /* !HAVE_PCAP */

/* Without libpcap every frame is taken, and an expression is refused. */
int capture_filter_open(struct net *net, const char *text,
			u32 snaplen __maybe_unused,
			struct capture_filter **filter)
{
	*filter = NULL;
	if (!text)
		return 0;
	return netdev_error(net, -ENOTSUP, "filter '%.100s': this libinetdev "
			    "was built without libpcap", text);
}

void capture_filter_close(struct capture_filter *f __maybe_unused)
{
}

bool capture_filter_match(const struct capture_filter *f __maybe_unused,
			  u16 linktype __maybe_unused,
			  const u8 *frame __maybe_unused,
			  u32 len __maybe_unused)
{
	return true;
}

#endif /* HAVE_PCAP */
