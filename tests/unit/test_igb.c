/* SPDX-License-Identifier: BSD-2-Clause */
/* The igb device: opening a card, its registers, its interrupts, its watchdog, and
 * its end; on a model of the card (tests/lib/igb_model.h). */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/pci_regs.h>
#include <sys/eventfd.h>

#include <inet/netdev.h>
#include <inet/trace.h>

#include "core/net.h"
#include "igb_lab.h"

#define WATCH (IGB_WATCHDOG_NS + 1000000000)	/* timers are coarse */

/* ---- opening ---------------------------------------------------------- */

static void each_part_opens_and_passes_frames(void **state)
{
	static const struct {
		u16 id;
		bool by_row;
		const char *name;
	} parts[] = {
		{ 0x10c9, false, "igb0: 82576 at 0000:01:00.0: 1 of 16 queues, "
		  "rings of 256;" },
		{ 0x10e8, false, "82576" }, { 0x1526, false, "82576" },
		{ 0x150a, false, "82576" },
		{ 0x1521, true, "I350 at 0000:01:00.0: 1 of 8 queues, rings of "
		  "256; nobody has run this driver on one yet" },
		{ 0x1533, true, "I210" }, { 0x1539, true, "I211" },
	};
	struct igb_lab *l = *state;

	for (u32 i = 0; i < ARRAY_SIZE(parts); i++) {
		l->m->device_id = parts[i].id;
		l->m->by_row = parts[i].by_row;
		l->said[0] = '\0';
		igb_lab_open(l);
		assert_non_null(strstr(l->said, parts[i].name));
		igb_lab_assert_works(l);
		dev_remove_pack(l->net, &l->pt);
		l->pt.func = NULL;
		assert_int_equal(inet_netdev_close(l->dev), 0);
	}
}

static void card_of_another_kind_is_refused(void **state)
{
	static const u16 ids[] = { 0, 0x10a7, 0x10ca, 0x10e6, 0x157b, 0x1528,
				   0xffff };
	struct igb_lab *l = *state;

	for (u32 i = 0; i < ARRAY_SIZE(ids); i++) {
		l->m->device_id = ids[i];
		assert_non_null(strstr(igb_lab_refusal(l, -ENODEV),
				       "is no card that this driver knows"));
	}
	l->m->device_id = 0x10c9;
	l->m->config[0] = 0x87;
	igb_lab_refusal(l, -ENODEV);
}

static void card_without_interrupts_is_refused(void **state)
{
	struct igb_lab *l = *state;

	l->m->nr_vectors = 0;
	assert_non_null(strstr(igb_lab_refusal(l, -ENXIO), "MSI-X"));
	l->m->nr_vectors = 1;
	igb_lab_refusal(l, -ENXIO);
}

static void card_without_an_address_is_refused(void **state)
{
	struct igb_lab *l = *state;

	memset(l->m->mac, 0, 6);
	assert_non_null(strstr(igb_lab_refusal(l, -EIO), "no link address"));
	l->m->mac[0] = 1;
	igb_lab_refusal(l, -EIO);
}

static void card_that_does_not_answer_is_refused(void **state)
{
	struct igb_lab *l = *state;

	l->m->gone = true;
	assert_non_null(strstr(igb_lab_refusal(l, -EIO), "does not answer"));
}

static void configuration_that_cannot_be_is_refused(void **state)
{
	struct igb_lab *l = *state;

	l->config.nr_queues = 10;
	assert_non_null(strstr(igb_lab_refusal(l, -EINVAL), "it has 9 queues"));
	l->config.nr_queues = 1;
	l->config.ring_size = 100;
	assert_non_null(strstr(igb_lab_refusal(l, -EINVAL), "power of 2"));
	l->config.ring_size = 0;
	l->config.mac[0] = 1;
	assert_non_null(strstr(igb_lab_refusal(l, -EINVAL), "multicast"));
	l->config.mac[0] = 0;
	l->config.bdf[0] = '\0';
	assert_non_null(strstr(igb_lab_refusal(l, -EINVAL), "which card?"));
	strcpy(l->config.bdf, "eth0");
	assert_non_null(strstr(igb_lab_refusal(l, -EINVAL), "no PCI address"));
}

static void arguments_are_taken(void **state)
{
	static const u8 mac[6] = { 2, 0, 0, 0, 0, 0x55 };
	struct igb_lab *l = *state;

	l->config.mtu = 1400;
	l->config.ring_size = 128;
	memcpy(l->config.mac, mac, 6);
	strcpy(l->config.name, "uplink");
	igb_lab_open(l);
	assert_string_equal(inet_netdev_name(l->dev), "uplink");
	assert_int_equal(l->dev->mtu, 1400);
	assert_memory_equal(l->dev->dev_addr, mac, 6);
	assert_int_equal(l->igb->ring_size, 128);
	assert_int_equal(igb_lab_reg(l, E1000_RAL(0)), 0x00000002);
	assert_int_equal(igb_lab_reg(l, E1000_RAH(0)), 0x80005500);
	igb_lab_assert_works(l);
}

/* No more than a quarter of the pool is lent. */
static void rings_of_many_queues_are_shorter(void **state)
{
	struct igb_lab *l = *state;

	l->config.nr_queues = 8;
	igb_lab_open(l);
	assert_int_equal(l->igb->ring_size, 128);
	assert_int_equal(frame_pool_used(l->net), 8 * 127);
}

/* The tenth descriptor that would be opened now. */
static int next_fds(void)
{
	int fd[10];

	for (u32 i = 0; i < 10; i++)
		fd[i] = eventfd(0, 0);
	for (u32 i = 0; i < 10; i++)
		close(fd[i]);
	return fd[9];
}

/* It has nothing to say, and costs no descriptor. */
static void kernel_without_notices_is_taken(void **state)
{
	struct igb_lab *l = *state;
	int before = next_fds(), after;

	l->m->no_notices = true;
	igb_lab_open(l);
	igb_lab_assert_works(l);
	dev_remove_pack(l->net, &l->pt);
	l->pt.func = NULL;
	assert_int_equal(inet_netdev_close(l->dev), 0);
	after = next_fds();
	assert_int_equal(after, before);
}

static void line_of_text_is_read_and_refused_with_a_sentence(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "igb:", "which card? usage: igb:PCI-ADDRESS" },
		{ "igb:eth0", "'eth0' is no PCI address" },
		{ "igb:ffff:ff:1f.7", "there is no such PCI device" },
		{ "igb:0000:01:00.0,mtu=9217", "mtu" },
		{ "igb:0000:01:00.0,queues=17", "queues" },
		{ "igb:0000:01:00.0,ring=63", "ring" },
		{ "igb:0000:01:00.0,itr=8192", "itr" },
	};
	struct igb_lab *l = *state;

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_null(inet_netdev_open(l->net, rows[i].text));
		if (!strstr(inet_strerror(l->net), rows[i].why))
			fail_msg("%s: '%s'", rows[i].text,
				 inet_strerror(l->net));
	}
}

static void config_is_refused_with_a_sentence(void **state)
{
	static const struct {
		struct inet_igb_config config;
		const char *why;
	} rows[] = {
		{ { .size = 1 }, "size is not" },
		{ { .mtu = 67 }, "mtu" }, { { .mtu = 9217 }, "mtu" },
		{ { .ring_size = 32 }, "ring" }, { { .ring_size = 8192 }, "ring" },
		{ { .ring_size = 100 }, "ring" }, { { .itr_us = 8192 }, "itr" },
		{ { .mac = { 1 } }, "mac" }, { { 0 }, "no such PCI device" },
	};
	struct igb_lab *l = *state;

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		struct inet_igb_config c = rows[i].config;

		c.size = c.size ? c.size : sizeof(c);
		assert_null(inet_igb_open(l->net, "ffff:ff:1f.7", &c));
		if (!strstr(inet_strerror(l->net), rows[i].why))
			fail_msg("row %u: '%s'", i, inet_strerror(l->net));
	}
	assert_null(inet_igb_open(l->net, NULL, NULL));
	assert_null(inet_igb_open(NULL, "ffff:ff:1f.7", NULL));
	assert_int_equal(errno, EINVAL);
}

static void device_says_what_it_is(void **state)
{
	struct inet_igb_info info;
	struct igb_lab *l = *state;

	l->config.nr_queues = 2;
	igb_lab_open(l);
	assert_int_equal(inet_igb_get_info(l->dev, &info), 0);
	/* whether there are any is the machine's; the pool is where some can be */
	assert_true(info.huge_bytes <= 8u << 20);
	assert_int_equal((uintptr_t)l->igb->frames.region % (2u << 20), 0);
	assert_string_equal(info.part, "82576");
	assert_string_equal(info.pci_address, IGB_MODEL_BDF);
	assert_int_equal(info.nr_queues, 2);
	assert_int_equal(info.nr_card_queues, 16);
	assert_int_equal(info.ring_size, 256);
	assert_int_equal(info.link_mbit, 1000);
	assert_int_equal(info.resets, 0);
	assert_false(info.gone);
	igb_model_cause(l->m, E1000_ICR_DRSTA);
	igb_lab_run(l);
	igb_model_cable(l->m, false);
	igb_lab_run(l);
	igb_model_notice(l->m, VFIO_NOTICE_REQUEST);
	igb_lab_run(l);
	assert_int_equal(inet_igb_get_info(l->dev, &info), 0);
	assert_int_equal(info.link_mbit, 0);
	assert_int_equal(info.resets, 1);
	assert_true(info.gone);
	assert_int_equal(inet_igb_get_info(inet_netdev_find(l->net, "lo"),
					   &info), -1);
	assert_int_equal(inet_igb_get_info(NULL, &info), -1);
}

static void stack_on_a_virtual_clock_is_refused(void **state)
{
	const struct inet_config cfg = { .size = sizeof(cfg),
					 .mode = INET_SIMULATED };
	struct igb_lab *l = *state;
	struct net *net = inet_create(&cfg);
	struct net_device *dev;

	assert_int_equal(igb_probe(net, &l->config, &igb_model_ops, l->m, &dev),
			 -EOPNOTSUPP);
	inet_destroy(net);
}

static void frames_that_are_no_whole_pages_are_refused(void **state)
{
	const struct inet_config cfg = { .size = sizeof(cfg),
					 .nr_frames = 1001 };
	struct igb_lab *l = *state;
	struct net *net = inet_create(&cfg);
	struct net_device *dev;

	assert_int_equal(igb_probe(net, &l->config, &igb_model_ops, l->m, &dev),
			 -EINVAL);
	assert_non_null(strstr(inet_strerror(net), "must be even"));
	inet_destroy(net);
}

/* Two have it in turn; the name is taken while the first is there. */
static void name_that_is_taken_is_refused(void **state)
{
	struct igb_lab *l = *state;
	struct igb_model *other = igb_model_new();
	struct net_device *dev;

	strcpy(l->config.name, "nic");
	igb_lab_open(l);
	assert_int_equal(igb_probe(l->net, &l->config, &igb_model_ops, other,
				   &dev), -EEXIST);
	igb_model_free(other);
	igb_lab_assert_works(l);
}

/* Each call fails in turn, registers among them, which then read as ones. Whatever
 * comes of it, nothing is left and the next one works. */
static void each_call_that_fails_leaves_nothing_behind(void **state)
{
	struct igb_lab *l = *state;
	u32 n = 0, refused = 0;

	for (bool failed = true; failed; n++) {
		l->m->fail_nth = n + 1;
		if (igb_lab_probe(l) == 0) {
			refused += inet_netdev_up(l->dev) != 0;
			igb_lab_run(l);
			failed = !l->m->fail_nth;
			l->m->fail_nth = 0;
			assert_int_equal(inet_netdev_close(l->dev), 0);
		} else {
			assert_true(inet_strerror(l->net)[0]);
			refused++;
		}
		assert_int_equal(l->m->open_container + l->m->open_group +
				 l->m->open_device, 0);
		assert_int_equal(frame_pool_used(l->net), 0);
		if (n > 5000)
			fail_msg("it never ends");
	}
	assert_in_range(refused, 30, 1000);
	l->m->fail_nth = 0;
	igb_lab_open(l);
	igb_lab_assert_works(l);
}

/* ---- registers -------------------------------------------------------- */

static void address_and_filter_are_set(void **state)
{
	static const u8 mac[6] = { 2, 0, 0, 0, 0, 0x55 };
	struct igb_lab *l = *state;

	igb_lab_open(l);
	assert_int_equal(igb_lab_reg(l, E1000_RAL(0)), 0x00211b02);
	assert_int_equal(igb_lab_reg(l, E1000_RAH(0)), 0x80000100);
	assert_int_equal(inet_netdev_set_mac(l->dev, mac), 0);
	assert_int_equal(igb_lab_reg(l, E1000_RAL(0)), 0x00000002);
	assert_int_equal(igb_lab_reg(l, E1000_RAH(0)), 0x80005500);
	/* and again after a reset */
	assert_int_equal(inet_netdev_set_mtu(l->dev, 9000), 0);
	assert_int_equal(igb_lab_reg(l, E1000_RAH(0)), 0x80005500);
}

static void receive_control_follows_the_flags(void **state)
{
	const u32 always = E1000_RCTL_EN | E1000_RCTL_BAM | E1000_RCTL_SECRC |
			   E1000_RCTL_LPE, filter = always | E1000_RCTL_VFE;
	struct igb_lab *l = *state;

	igb_lab_open(l);
	assert_int_equal(igb_lab_reg(l, E1000_RCTL), filter);
	dev_set_promiscuity(l->dev, 1);
	assert_int_equal(igb_lab_reg(l, E1000_RCTL),
			 always | E1000_RCTL_UPE | E1000_RCTL_MPE);
	dev_set_promiscuity(l->dev, -1);
	dev_set_allmulti(l->dev, 1);
	assert_int_equal(igb_lab_reg(l, E1000_RCTL), filter | E1000_RCTL_MPE);
	dev_set_allmulti(l->dev, -1);
	assert_int_equal(igb_lab_reg(l, E1000_RCTL), filter);
}

/* The example of Intel's data sheet. */
static void group_sets_its_bit_of_the_table(void **state)
{
	static const u8 group[6] = { 0x01, 0xaa, 0x00, 0x12, 0x34, 0x56 };
	struct igb_lab *l = *state;

	assert_int_equal(igb_hash_mc_addr(group), 0x563);
	igb_lab_open(l);
	assert_int_equal(igb_lab_reg(l, E1000_MTA(0x2b)), 0);
	assert_int_equal(dev_mc_add(l->dev, group), 0);
	assert_int_equal(igb_lab_reg(l, E1000_MTA(0x2b)), 1u << 3);
	assert_int_equal(inet_netdev_set_mtu(l->dev, 1400), 0);
	assert_int_equal(igb_lab_reg(l, E1000_MTA(0x2b)), 1u << 3);
	assert_int_equal(dev_mc_del(l->dev, group), 0);
	assert_int_equal(igb_lab_reg(l, E1000_MTA(0x2b)), 0);
}

static void frame_for_a_group_passes_when_it_was_joined(void **state)
{
	static const u8 group[6] = { 0x01, 0x00, 0x5e, 1, 2, 3 };
	struct igb_lab *l = *state;
	u8 frame[100];

	igb_lab_open(l);
	dut_frame(frame, sizeof(frame), 1);
	memcpy(frame, group, 6);
	assert_int_equal(igb_model_inject(l->m, frame, sizeof(frame)), -1);
	assert_int_equal(dev_mc_add(l->dev, group), 0);
	assert_int_equal(igb_model_inject(l->m, frame, sizeof(frame)), 0);
	igb_lab_run(l);
	assert_int_equal(l->rx.nr, 1);
	assert_int_equal(l->rx.frame[0].pkt_type, SKB_PACKET_MULTICAST);
	assert_int_equal(dev_mc_del(l->dev, group), 0);
}

/* Longest frame, buffers and their split by the MTU. */
static void buffers_follow_the_mtu(void **state)
{
	static const struct {
		u32 mtu, rlpml, kib;
	} rows[] = {
		{ 1500, 1522, 2 }, { 1000, 1022, 1 }, { 1768, 1790, 2 },
		{ 1769, 1791, 1 }, { 9216, 9238, 1 }, { 68, 90, 1 },
	};
	struct igb_lab *l = *state;

	igb_lab_open(l);
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(inet_netdev_set_mtu(l->dev, rows[i].mtu), 0);
		assert_int_equal(igb_lab_reg(l, E1000_RLPML), rows[i].rlpml);
		assert_int_equal(igb_lab_reg(l, E1000_SRRCTL(0)),
				 rows[i].kib | 1u << 25);
	}
	assert_int_equal(inet_netdev_set_mtu(l->dev, 9217), -1);
}

static void rings_are_where_the_card_finds_them(void **state)
{
	struct igb_lab *l = *state;
	u64 dma;

	igb_lab_open(l);
	dma = igb_lab_reg(l, E1000_RDBAL(0)) |
	      (u64)igb_lab_reg(l, E1000_RDBAH(0)) << 32;
	assert_ptr_equal(igb_model_dma(l->m, dma, 4096),
			 l->igb->q_vector[0].rx.desc);
	dma = igb_lab_reg(l, E1000_TDBAL(0)) |
	      (u64)igb_lab_reg(l, E1000_TDBAH(0)) << 32;
	assert_ptr_equal(igb_model_dma(l->m, dma, 4096),
			 l->igb->q_vector[0].tx.desc);
	assert_int_equal(igb_lab_reg(l, E1000_RDLEN(0)), 4096);
	assert_int_equal(igb_lab_reg(l, E1000_TDLEN(0)), 4096);
	assert_int_equal(igb_model_lent(l->m, 0), 255);
}

/* Thresholds: 1 on the 82576, an erratum with MSI-X. */
static void thresholds_are_those_of_the_part(void **state)
{
	struct igb_lab *l = *state;

	igb_lab_open(l);
	assert_int_equal(igb_lab_reg(l, E1000_RXDCTL(0)), 0x02010808);
	assert_int_equal(igb_lab_reg(l, E1000_TXDCTL(0)), 0x02010108);
	assert_int_equal(inet_netdev_close(l->dev), 0);
	dev_remove_pack(l->net, &l->pt);
	l->m->device_id = 0x1521;
	l->m->by_row = true;
	igb_lab_open(l);
	assert_int_equal(igb_lab_reg(l, E1000_RXDCTL(0)), 0x02040808);
	assert_int_equal(igb_lab_reg(l, E1000_TXDCTL(0)), 0x02100108);
	assert_int_equal(igb_lab_reg(l, E1000_DVMOLR(0)), 1u << 31);
}

static void queues_have_vectors_in_columns_on_82576(void **state)
{
	struct igb_lab *l = *state;

	l->m->nr_vectors = 25;
	l->config.nr_queues = 16;
	igb_lab_open(l);
	for (u32 q = 0; q < 8; q++)
		assert_int_equal(igb_lab_reg(l, E1000_IVAR(q)),
				 (0x80808080 | (q + 1) * 0x0101 |
				  (q + 9) * 0x01010000));
	assert_int_equal(igb_lab_reg(l, E1000_IVAR_MISC), 0x8000);
	assert_int_equal(igb_lab_reg(l, E1000_EIAC), 0x1ffff);
	assert_int_equal(igb_lab_reg(l, E1000_EIAM), 0x1fffe);
	assert_int_equal(igb_lab_reg(l, E1000_EIMS), 0x1ffff);
	assert_int_equal(igb_lab_reg(l, E1000_GPIE), 0xc0000011);
}

static void part_with_more_quirks_is_set_up(void **state)
{
	struct igb_lab *l = *state;

	l->m->device_id = 0x1521;
	l->m->by_row = true;
	igb_lab_open(l);
	assert_int_equal(igb_lab_reg(l, E1000_PHPM) & E1000_PHPM_GO_LINKD, 0);
	assert_int_equal(igb_lab_reg(l, E1000_STATUS) &
			 E1000_STATUS_DEV_RST_SET, 0);
}

static void queues_have_vectors_in_rows_on_i350(void **state)
{
	struct igb_lab *l = *state;

	l->m->device_id = 0x1521;
	l->m->by_row = true;
	l->config.nr_queues = 8;
	igb_lab_open(l);
	for (u32 i = 0; i < 4; i++)
		assert_int_equal(igb_lab_reg(l, E1000_IVAR(i)),
				 (0x80808080 | (2 * i + 1) * 0x0101 |
				  (2 * i + 2) * 0x01010000));
}

static void moderation_is_in_microseconds(void **state)
{
	struct igb_lab *l = *state;

	l->config.nr_queues = 2;
	l->config.itr_us = 250;
	igb_lab_open(l);
	assert_int_equal(igb_lab_reg(l, E1000_EITR(0)), 0);
	assert_int_equal(igb_lab_reg(l, E1000_EITR(1)), 250 << 2);
	assert_int_equal(igb_lab_reg(l, E1000_EITR(2)), 250 << 2);
}

static void flows_are_spread_over_all_queues_evenly(void **state)
{
	struct igb_lab *l = *state;
	u32 hits[8] = { 0 }, key = 0;

	l->config.nr_queues = 8;
	igb_lab_open(l);
	for (u32 i = 0; i < 128; i++)
		hits[igb_lab_reg(l, E1000_RETA(i / 4)) >> (i % 4 * 8) & 0xff]++;
	for (u32 i = 0; i < 8; i++)
		assert_int_equal(hits[i], 16);
	for (u32 i = 0; i < 10; i++)
		key |= igb_lab_reg(l, E1000_RSSRK(i));
	assert_int_not_equal(key, 0);
	assert_int_equal(igb_lab_reg(l, E1000_MRQC), 0x00330002);
	assert_int_equal(igb_lab_reg(l, E1000_RXCSUM), 0x2300);
	assert_int_equal(igb_lab_reg(l, E1000_SRRCTL(3)), 0x82000002);
}

static void single_queue_of_i211_hashes_without_spreading(void **state)
{
	struct igb_lab *l = *state;

	l->m->device_id = 0x1539;
	l->m->by_row = true;
	igb_lab_open(l);
	assert_int_equal(igb_lab_reg(l, E1000_MRQC), 0x00330000);
}

/* As Intel asks for it: nothing is at work while the card is reset, it is told
 * that it has a driver, and at last that it has none. */
static void card_is_at_rest_while_the_device_is_down(void **state)
{
	struct igb_lab *l = *state;
	u32 resets;

	igb_lab_open(l);
	assert_true(igb_lab_reg(l, E1000_CTRL_EXT) & E1000_CTRL_EXT_DRV_LOAD);
	resets = l->m->nr_reset;
	assert_int_equal(inet_netdev_down(l->dev), 0);
	assert_int_equal(l->m->nr_reset, resets + 1);
	assert_int_equal(igb_lab_reg(l, E1000_RCTL), 0);
	assert_int_equal(igb_lab_reg(l, E1000_EIMS), 0);
	assert_int_equal(igb_lab_reg(l, E1000_RXDCTL(0)), 0);
	assert_false(igb_lab_reg(l, E1000_CTRL_EXT) & E1000_CTRL_EXT_DRV_LOAD);
	assert_int_equal(frame_pool_used(l->net), 0);
}

/* ---- the link --------------------------------------------------------- */

static void link_is_offered_without_pauses(void **state)
{
	struct igb_lab *l = *state;

	igb_lab_open(l);
	assert_int_equal(l->m->phy[PHY_AUTONEG_ADV], 0x01e1);
	assert_int_equal(l->m->phy[PHY_1000T_CTRL], 0x0200);
	assert_true(l->m->phy[PHY_CONTROL] & MII_CR_AUTO_NEG_EN);
	assert_int_equal(igb_lab_reg(l, E1000_CTRL) &
			 (E1000_CTRL_SLU | E1000_CTRL_RFCE | E1000_CTRL_TFCE |
			  E1000_CTRL_FRCSPD | E1000_CTRL_FRCDPX),
			 E1000_CTRL_SLU);
	assert_int_equal(igb_lab_reg(l, E1000_SW_FW_SYNC), 0);
	assert_non_null(strstr(l->said, "igb0: 1000 Mbit/s;"));
}

static void link_that_comes_late_is_told_by_its_interrupt(void **state)
{
	struct igb_lab *l = *state;

	l->m->link_slow = true;
	igb_lab_open(l);
	assert_int_equal(inet_netdev_get_carrier(l->dev), 0);
	igb_model_cable(l->m, true);
	igb_lab_run(l);
	assert_int_equal(inet_netdev_get_carrier(l->dev), 1);
	igb_lab_assert_works(l);
}

static void link_goes_and_comes_many_times(void **state)
{
	struct igb_lab *l = *state;

	igb_lab_open(l);
	for (u32 i = 0; i < 20; i++) {
		igb_model_cable(l->m, i % 2);
		igb_lab_run(l);
		assert_int_equal(inet_netdev_get_carrier(l->dev), i % 2);
	}
	igb_lab_assert_works(l);
	assert_in_range(l->m->messages[0], 20, 22);
}

/* The message was lost; while there is no link the watchdog looks. */
static void link_without_its_interrupt_is_found(void **state)
{
	struct igb_lab *l = *state;

	l->m->cable = false;
	igb_lab_open(l);
	l->m->deaf = true;
	igb_model_cable(l->m, true);
	l->m->deaf = false;
	igb_lab_run(l);
	assert_int_equal(inet_netdev_get_carrier(l->dev), 0);
	igb_lab_pass(l, WATCH);
	assert_int_equal(inet_netdev_get_carrier(l->dev), 1);
}

static void phy_that_does_not_answer_fails_up_with_a_sentence(void **state)
{
	struct igb_lab *l = *state;

	l->m->phy_dead = true;
	assert_int_equal(igb_lab_probe(l), 0);
	assert_int_equal(inet_netdev_up(l->dev), -1);
	assert_int_equal(errno, EIO);
	assert_true(inet_strerror(l->net)[0]);
	assert_int_equal(frame_pool_used(l->net), 0);
	l->m->phy_dead = false;
	assert_int_equal(inet_netdev_up(l->dev), 0);
}

static void phy_that_says_no_fails_up(void **state)
{
	struct igb_lab *l = *state;

	l->m->phy_error = true;
	assert_int_equal(igb_lab_probe(l), 0);
	assert_int_equal(inet_netdev_up(l->dev), -1);
	assert_int_equal(errno, EIO);
}

static void phy_that_firmware_keeps_fails_up(void **state)
{
	struct igb_lab *l = *state;

	l->m->semaphore_stuck = true;
	assert_int_equal(igb_lab_probe(l), 0);
	assert_int_equal(inet_netdev_up(l->dev), -1);
	assert_int_equal(errno, EBUSY);
	assert_true(l->m->slept_us < 2000000);
	l->m->semaphore_stuck = false;
	assert_int_equal(inet_netdev_up(l->dev), 0);
}

static void phy_that_firmware_has_for_a_while_is_waited_for(void **state)
{
	struct igb_lab *l = *state;

	l->m->firmware_has = 50;
	igb_lab_open(l);
	assert_int_equal(l->m->firmware_has, 0);
	igb_lab_assert_works(l);
	/* and not for ever */
	assert_int_equal(inet_netdev_down(l->dev), 0);
	l->m->firmware_has = U32_MAX;
	assert_int_equal(inet_netdev_up(l->dev), -1);
	assert_int_equal(errno, EBUSY);
	l->m->firmware_has = 0;
	assert_int_equal(inet_netdev_up(l->dev), 0);
}

/* ---- interrupts ------------------------------------------------------- */

static void vector_is_masked_while_it_is_polled(void **state)
{
	struct igb_lab *l = *state;
	u32 before;

	igb_lab_open(l);
	before = l->m->messages[1];
	for (u32 i = 0; i < 10; i++)
		igb_lab_inject(l, 100, i);
	assert_int_equal(l->m->messages[1], before + 1);
	assert_false(igb_lab_reg(l, E1000_EIMS) & 2);
	igb_lab_run(l);
	assert_int_equal(l->rx.nr, 10);
	assert_true(igb_lab_reg(l, E1000_EIMS) & 2);
}

/* Of QEMU's card no vector masks itself: more events than work. */
static void card_that_does_not_mask_works(void **state)
{
	struct igb_lab *l = *state;

	l->m->no_mask = true;
	igb_lab_open(l);
	for (u32 i = 0; i < 100; i++) {
		igb_lab_inject(l, 100, i);
		if (i % 7 == 0)
			igb_lab_run(l);
	}
	igb_lab_run(l);
	assert_int_equal(l->rx.nr, 100);
}

static void event_without_a_cause_is_an_empty_poll(void **state)
{
	struct igb_lab *l = *state;

	igb_lab_open(l);
	for (u32 i = 0; i < 2; i++)
		igb_model_fire(l->m, i);
	igb_lab_run(l);
	igb_lab_assert_works(l);
}

static void message_that_is_lost_is_asked_for_again(void **state)
{
	struct igb_lab *l = *state;

	igb_lab_open(l);
	igb_lab_pass(l, WATCH);
	assert_int_equal(l->igb->timer_armed, 0);
	igb_lab_inject(l, 100, 0);
	igb_lab_run(l);
	l->m->nr_armed = 0;		/* on its way */
	igb_lab_inject(l, 100, 1);
	l->m->nr_armed = 2;
	igb_lab_run(l);
	assert_int_equal(l->rx.nr, 1);
	igb_lab_pass(l, WATCH);
	assert_int_equal(l->rx.nr, 2);
}

static void frame_of_each_queue_comes_by_its_vector(void **state)
{
	struct igb_lab *l = *state;
	u32 polled[8] = { 0 };
	u8 frame[100];

	l->config.nr_queues = 8;
	igb_lab_open(l);
	for (u32 q = 0; q < 8; q++)
		polled[q] = l->m->messages[q + 1];
	/* an IPv4 packet of each of many hosts, whose addresses differ in all bits: the
	 * hash is linear, and with one key of many a few bits reach half the queues */
	dut_frame(frame, sizeof(frame), 1);
	memcpy(frame + 12, "\x08\x00\x45\x00\x00\x56", 6);
	for (u32 i = 0; i < 200; i++) {
		u32 host = i * 2654435761u;

		memcpy(frame + 26, &host, sizeof(host));
		igb_model_inject(l->m, frame, sizeof(frame));
		igb_lab_run(l);
	}
	for (u32 q = 0; q < 8; q++) {
		assert_true(l->m->messages[q + 1] > polled[q]);
		assert_true(l->igb->q_vector[q].rx.packets > 0);
	}
	assert_int_equal(igb_lab_stats(l).rx_packets, 200);
}

/* The names that a reader of Linux's driver looks for, in their order, one behind
 * the other. */
static void road_leads_from_the_message_to_the_stack(void **state)
{
	static const char *const stations[] = {
		"irq_handle", "igb_msix_ring", "napi_schedule",
		"__napi_schedule", "____napi_schedule", "net_rx_action",
		"napi->poll", "igb_poll", "igb_clean_rx_irq", "eth_type_trans",
		"napi_gro_receive", "netif_receive_skb",
		"__netif_receive_skb_core",
	};
	struct igb_lab *l = *state;
	size_t i = 0;

	igb_lab_open(l);
	igb_lab_assert_works(l);
	assert_int_equal(inet_trace_start(l->net, 1000), 0);
	igb_lab_inject(l, 100, 1);
	igb_lab_run(l);
	inet_trace_stop(l->net);
	while (i < inet_trace_count(l->net) &&
	       strcmp(inet_trace_get(l->net, i)->function, stations[0]) != 0)
		i++;
	for (size_t k = 0; k < ARRAY_SIZE(stations); k++, i++)
		assert_string_equal(inet_trace_get(l->net, i)->function,
				    stations[k]);
	assert_int_equal(l->rx.nr, 1);
}

/* ---- the watchdog ----------------------------------------------------- */

/* Two looks apart: what was there at the first is still there. */
static void queue_that_does_not_move_resets_the_card(void **state)
{
	struct igb_lab *l = *state;
	u32 resets;

	igb_lab_open(l);
	igb_lab_assert_works(l);
	resets = l->m->nr_reset;
	l->m->deaf = true;
	assert_int_equal(igb_lab_send(l, 100, 1), 0);
	igb_lab_pass(l, WATCH);
	assert_int_equal(l->m->nr_reset, resets);
	l->m->deaf = false;
	igb_lab_pass(l, WATCH);
	assert_true(l->m->nr_reset > resets);
	assert_int_equal(l->igb->resets, 1);
	assert_non_null(strstr(l->said, "sends nothing any more: reset;"));
	igb_lab_assert_works(l);
}

static void queue_that_moves_slowly_is_left_alone(void **state)
{
	struct igb_lab *l = *state;

	igb_lab_open(l);
	l->m->hold = true;
	for (u32 i = 0; i < 10; i++) {
		assert_int_equal(igb_lab_send(l, 100, i), 0);
		igb_lab_pass(l, WATCH);
		igb_model_complete(l->m);
		igb_lab_run(l);
	}
	assert_int_equal(l->igb->resets, 0);
	assert_int_equal(l->sent.nr, 10);
}

static void idle_device_has_no_timer(void **state)
{
	struct igb_lab *l = *state;

	igb_lab_open(l);
	igb_lab_assert_works(l);
	igb_lab_pass(l, WATCH);
	assert_true(dut_is_quiet(l->net));
	assert_int_equal(l->igb->timer_armed, 0);
	igb_lab_pass(l, WATCH);
	assert_int_equal(l->igb->timer_armed, 0);
}

static void card_that_was_reset_is_set_up_again(void **state)
{
	struct igb_lab *l = *state;

	igb_lab_open(l);
	igb_model_cause(l->m, E1000_ICR_DRSTA);
	igb_lab_run(l);
	assert_int_equal(l->igb->resets, 1);
	assert_non_null(strstr(l->said, "igb0: was reset;"));
	igb_lab_assert_works(l);
}

/* In full flight; the watchdog tries until there are frames again. */
static void mtu_changes_in_full_flight(void **state)
{
	struct igb_lab *l = *state;

	igb_lab_open(l);
	l->m->hold = true;
	for (u32 i = 0; i < 100; i++) {
		igb_lab_send(l, 200, i);
		igb_lab_inject(l, 200, i);
	}
	assert_int_equal(inet_netdev_set_mtu(l->dev, 9000), 0);
	l->m->hold = false;
	igb_lab_run(l);
	igb_lab_assert_works(l);
	igb_lab_inject(l, 9014, 1);
	igb_lab_run(l);
	assert_int_equal(l->rx.nr, 1);
	assert_true(dut_frame_is(&l->rx.frame[0], 9014, 1));
}

static void card_that_cannot_be_set_up_is_tried_again(void **state)
{
	struct igb_lab *l = *state;

	igb_lab_open(l);
	l->m->phy_dead = true;
	assert_int_equal(inet_netdev_set_mtu(l->dev, 9000), -1);
	assert_int_equal(l->dev->mtu, 1500);
	igb_lab_pass(l, WATCH);
	assert_false(l->igb->up);
	l->m->phy_dead = false;
	igb_lab_pass(l, WATCH);
	assert_true(l->igb->up);
	igb_lab_assert_works(l);
}

/* What cannot be reset by itself is by the bus, or it may not read memory any
 * more. */
static void card_that_cannot_be_reset_is_stopped_by_the_bus(void **state)
{
	struct igb_lab *l = *state;
	u32 resets;

	igb_lab_open(l);
	resets = l->m->nr_reset;
	l->m->gone = true;
	assert_int_equal(inet_netdev_down(l->dev), 0);
	assert_int_equal(l->m->nr_reset, resets + 1);
	assert_false(l->m->config[PCI_COMMAND] & PCI_COMMAND_MASTER);
	l->m->gone = false;
	assert_int_equal(inet_netdev_up(l->dev), 0);
	igb_lab_assert_works(l);
	l->m->gone = l->m->no_reset = true;
	assert_int_equal(inet_netdev_down(l->dev), 0);
	assert_false(l->m->config[PCI_COMMAND] & PCI_COMMAND_MASTER);
}

/* ---- the end ---------------------------------------------------------- */

static void notice_takes_the_carrier_and_says_why(void **state)
{
	struct igb_lab *l = *state;

	igb_lab_open(l);
	igb_model_notice(l->m, VFIO_NOTICE_REQUEST);
	igb_lab_run(l);
	assert_int_equal(inet_netdev_get_carrier(l->dev), 0);
	assert_non_null(strstr(l->said, "igb0: the kernel wants the card back: "
				       "close the device;"));
	/* who unbinds it does not wait for the program */
	assert_int_equal(l->m->open_device + l->m->open_group +
			 l->m->open_container, 0);
	assert_int_equal(frame_pool_used(l->net), 0);
	assert_int_equal(igb_lab_stats(l).rx_dropped, 0);
	igb_lab_send(l, 100, 1);
	igb_lab_pass(l, WATCH);
	assert_int_equal(inet_netdev_set_mtu(l->dev, 1400), 0);
	assert_int_equal(inet_netdev_down(l->dev), 0);
	assert_int_equal(inet_netdev_up(l->dev), -1);
	assert_non_null(strstr(inet_strerror(l->net), "the card is gone"));
	assert_int_equal(frame_pool_used(l->net), 0);
}

static void error_of_the_bus_takes_the_carrier(void **state)
{
	struct igb_lab *l = *state;

	igb_lab_open(l);
	l->m->gone = true;
	igb_model_notice(l->m, VFIO_NOTICE_ERROR);
	igb_lab_run(l);
	assert_non_null(strstr(l->said, "fatal error"));
	assert_int_equal(inet_netdev_get_carrier(l->dev), 0);
	igb_lab_pass(l, 3 * WATCH);
	assert_int_equal(l->m->open_device, 0);
	assert_int_equal(inet_netdev_close(l->dev), 0);
}

/* Registers that read as ones, noticed by the next interrupt. */
static void card_that_is_pulled_out_is_noticed(void **state)
{
	struct igb_lab *l = *state;

	igb_lab_open(l);
	l->m->gone = true;
	assert_int_equal(igb_lab_stats(l).rx_dropped, 0);
	igb_model_fire(l->m, 0);
	igb_lab_run(l);
	assert_non_null(strstr(l->said, "does not answer any more"));
	assert_int_equal(inet_netdev_get_carrier(l->dev), 0);
	assert_int_equal(igb_lab_stats(l).rx_dropped, 0);
	assert_int_equal(inet_netdev_close(l->dev), 0);
}

struct wanted {
	const char *name;
	u64 value;
	u32 nr;			/* times that it was named */
	u32 all;
};

static void look_for(void *arg, const char *name, u64 value)
{
	struct wanted *w = arg;

	w->all++;
	if (strcmp(name, w->name))
		return;
	w->value = value;
	w->nr++;
}

static u64 counter_of(struct igb_lab *l, const char *name)
{
	struct wanted w = { .name = name };

	assert_int_equal(inet_netdev_counter_each(l->dev, look_for, &w), 0);
	assert_int_equal(w.nr, 1);
	assert_int_equal(w.all, IGB_NR_STATS + 1 + 6 * l->config.nr_queues);
	return w.value;
}

/* They are added up, those of two words as one, by ethtool's names. */
static void counters_of_the_card_have_names(void **state)
{
	struct igb_lab *l = *state;

	l->config.nr_queues = 2;
	igb_lab_open(l);
	for (u32 i = 1; i < 3; i++) {
		l->m->regs[E1000_GPRC / 4] = 5;
		l->m->regs[E1000_GORCL / 4] = 7;
		l->m->regs[E1000_GORCL / 4 + 1] = 1;
		l->m->regs[E1000_TSCTC / 4] = 3;
		l->m->regs[E1000_CRCERRS / 4] = 2;
		l->m->regs[E1000_RQDPC(1) / 4] = 6;
		assert_int_equal(counter_of(l, "rx_packets"), 5 * i);
		assert_int_equal(counter_of(l, "rx_bytes"),
				 (0x100000007ull) * i);
		assert_int_equal(counter_of(l, "tx_tcp_seg_good"), 3 * i);
		assert_int_equal(counter_of(l, "rx_crc_errors"), 2 * i);
		assert_int_equal(counter_of(l, "rx_queue_1_drops"), 6 * i);
		assert_int_equal(counter_of(l, "rx_queue_0_drops"), 0);
	}
	igb_lab_assert_works(l);
	assert_int_equal(counter_of(l, "rx_queue_0_packets"), 1);
	assert_int_equal(counter_of(l, "tx_queue_0_bytes") +
			 counter_of(l, "tx_queue_1_bytes"), 300);
	assert_int_equal(counter_of(l, "resets"), 0);
	assert_int_equal(inet_netdev_counter_each(NULL, look_for, l), -1);
	assert_int_equal(inet_netdev_counter_each(l->dev, NULL, l), -1);
	assert_int_equal(inet_netdev_counter_each(
				 inet_netdev_find(l->net, "lo"), look_for,
				 &(struct wanted){ .name = "none" }), 0);
}

/* ---- counters --------------------------------------------------------- */

static void counters_of_the_card_are_in_the_statistics(void **state)
{
	struct igb_lab *l = *state;
	struct inet_netdev_stats s;

	igb_lab_open(l);
	l->m->regs[E1000_MPC / 4] = 3;
	l->m->regs[E1000_RQDPC(0) / 4] = 4;
	l->m->regs[E1000_CRCERRS / 4] = 5;
	l->m->regs[E1000_RUC / 4] = 6;
	l->m->regs[E1000_ROC / 4] = 7;
	for (u32 i = 0; i < 2; i++) {		/* a read clears them */
		s = igb_lab_stats(l);
		assert_int_equal(s.rx_dropped, 7);
		assert_int_equal(s.rx_frame_errors, 5);
		assert_int_equal(s.rx_length_errors, 6);
		assert_int_equal(s.rx_over_errors, 7);
		assert_int_equal(s.rx_errors, 18);
	}
	/* and what was not asked for is not lost when it goes down */
	l->m->regs[E1000_MPC / 4] = 2;
	assert_int_equal(inet_netdev_down(l->dev), 0);
	assert_int_equal(igb_lab_stats(l).rx_dropped, 9);
}

static void frames_beyond_the_ring_are_counted(void **state)
{
	struct igb_lab *l = *state;

	igb_lab_open(l);
	for (u32 i = 0; i < 300; i++)
		igb_lab_inject(l, 100, i);
	igb_lab_run(l);
	assert_int_equal(l->rx.nr, 255);
	assert_int_equal(igb_lab_stats(l).rx_dropped, 45);
	assert_int_equal(igb_model_lent(l->m, 0), 255);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, igb_lab_setup, \
						igb_lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_part_opens_and_passes_frames),
		CASE(card_of_another_kind_is_refused),
		CASE(card_without_interrupts_is_refused),
		CASE(card_without_an_address_is_refused),
		CASE(card_that_does_not_answer_is_refused),
		CASE(configuration_that_cannot_be_is_refused),
		CASE(arguments_are_taken),
		CASE(rings_of_many_queues_are_shorter),
		CASE(kernel_without_notices_is_taken),
		CASE(line_of_text_is_read_and_refused_with_a_sentence),
		CASE(config_is_refused_with_a_sentence),
		CASE(device_says_what_it_is),
		CASE(stack_on_a_virtual_clock_is_refused),
		CASE(frames_that_are_no_whole_pages_are_refused),
		CASE(name_that_is_taken_is_refused),
		CASE(each_call_that_fails_leaves_nothing_behind),
		CASE(address_and_filter_are_set),
		CASE(receive_control_follows_the_flags),
		CASE(group_sets_its_bit_of_the_table),
		CASE(frame_for_a_group_passes_when_it_was_joined),
		CASE(buffers_follow_the_mtu),
		CASE(rings_are_where_the_card_finds_them),
		CASE(thresholds_are_those_of_the_part),
		CASE(queues_have_vectors_in_columns_on_82576),
		CASE(part_with_more_quirks_is_set_up),
		CASE(queues_have_vectors_in_rows_on_i350),
		CASE(counters_of_the_card_have_names),
		CASE(moderation_is_in_microseconds),
		CASE(flows_are_spread_over_all_queues_evenly),
		CASE(single_queue_of_i211_hashes_without_spreading),
		CASE(card_is_at_rest_while_the_device_is_down),
		CASE(link_is_offered_without_pauses),
		CASE(link_that_comes_late_is_told_by_its_interrupt),
		CASE(link_goes_and_comes_many_times),
		CASE(link_without_its_interrupt_is_found),
		CASE(phy_that_does_not_answer_fails_up_with_a_sentence),
		CASE(phy_that_says_no_fails_up),
		CASE(phy_that_firmware_keeps_fails_up),
		CASE(phy_that_firmware_has_for_a_while_is_waited_for),
		CASE(vector_is_masked_while_it_is_polled),
		CASE(card_that_does_not_mask_works),
		CASE(event_without_a_cause_is_an_empty_poll),
		CASE(message_that_is_lost_is_asked_for_again),
		CASE(frame_of_each_queue_comes_by_its_vector),
		CASE(road_leads_from_the_message_to_the_stack),
		CASE(queue_that_does_not_move_resets_the_card),
		CASE(queue_that_moves_slowly_is_left_alone),
		CASE(idle_device_has_no_timer),
		CASE(card_that_was_reset_is_set_up_again),
		CASE(mtu_changes_in_full_flight),
		CASE(card_that_cannot_be_set_up_is_tried_again),
		CASE(card_that_cannot_be_reset_is_stopped_by_the_bus),
		CASE(notice_takes_the_carrier_and_says_why),
		CASE(error_of_the_bus_takes_the_carrier),
		CASE(card_that_is_pulled_out_is_noticed),
		CASE(counters_of_the_card_are_in_the_statistics),
		CASE(frames_beyond_the_ring_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
