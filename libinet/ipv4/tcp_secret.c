/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: keys that several stacks may share, so that one understands what another
 * gave out: those of SYN cookies and of Fast Open. Written as Linux writes
 * tcp_fastopen_key, 32 hexadecimal digits in four groups; behind a comma the key
 * before it, which is understood but not used any more, while all change over.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ipv4/tcp.h"
#include "ipv4/tcp_secret.h"

#define GROUPS 4
#define GROUP_DIGITS 8
#define KEY_CHARS (GROUPS * (GROUP_DIGITS + 1))	/* with '-', ',' or the end */

/* Eight digits at @s: four octets, the last ones first. */
static bool group_parse(const char *s, u8 *to)
{
	static const char digits[] = "0123456789abcdef";
	u32 value = 0;
	const char *d;
	int i;

	for (i = 0; i < GROUP_DIGITS; i++) {
		d = s[i] ? strchr(digits, s[i] | 0x20) : NULL;
		if (!d || s[i] < '0')
			return false;
		value = value << 4 | (u32)(d - digits);
	}
	value = htole32(value);
	memcpy(to, &value, sizeof(value));
	return true;
}

/* One key at @s, and what must end each of its groups. */
static bool key_parse(const char *s, siphash_key_t *key)
{
	int i;

	for (i = 0; i < GROUPS; i++, s += GROUP_DIGITS + 1)
		if (!group_parse(s, key->bytes + 4 * i) ||
		    (i < GROUPS - 1 && s[GROUP_DIGITS] != '-'))
			return false;
	return true;
}

int tcp_secrets_parse(const char *s, struct tcp_secrets *secrets)
{
	size_t len = strlen(s);

	memset(secrets, 0, sizeof(*secrets));
	if ((len != KEY_CHARS - 1 && len != 2 * KEY_CHARS - 1) ||
	    !key_parse(s, &secrets->key[0]))
		return -EINVAL;
	secrets->nr = 1;
	if (len == KEY_CHARS - 1)
		return 0;
	if (s[KEY_CHARS - 1] != ',' ||
	    !key_parse(s + KEY_CHARS, &secrets->key[1]))
		return -EINVAL;
	secrets->nr = 2;
	return 0;
}

int tcp_secrets_print(const struct tcp_secrets *secrets, char *buf, size_t size)
{
	u32 i, words[GROUPS];
	int j;

	if (size < secrets->nr * KEY_CHARS || !size)
		return -ERANGE;
	buf[0] = '\0';
	for (i = 0; i < secrets->nr; i++) {
		memcpy(words, secrets->key[i].bytes, sizeof(words));
		for (j = 0; j < GROUPS; j++)
			words[j] = le32toh(words[j]);
		snprintf(buf + i * KEY_CHARS, size - i * KEY_CHARS,
			 "%08x-%08x-%08x-%08x%s", words[0], words[1], words[2],
			 words[3], i + 1 < secrets->nr ? "," : "");
	}
	return 0;
}

void tcp_secrets_read(struct tcp_net *tn, const struct tcp_secrets *from,
		      struct tcp_secrets *to)
{
	spin_lock(&tn->limit_lock);
	*to = *from;
	spin_unlock(&tn->limit_lock);
}

void tcp_secrets_draw(struct net *net, struct tcp_secrets *secrets)
{
	memset(secrets, 0, sizeof(*secrets));
	net_random_bytes(net, &secrets->key[0], sizeof(secrets->key[0]));
	secrets->nr = 1;
}

int tcp_secrets_set(struct net *net, const struct sysctl_row *row,
		    const char *value, struct tcp_secrets *secrets)
{
	struct tcp_net *tn = net->ipv4.tcp;
	struct tcp_secrets new;

	if (tcp_secrets_parse(value, &new))
		return net_error(net, -EINVAL,
				 "%s: this is no key like 00112233-44556677-8899aabb-ccddeeff, nor two behind a comma",
				 row->name);
	new.given = true;
	spin_lock(&tn->limit_lock);
	*secrets = new;
	spin_unlock(&tn->limit_lock);
	return 0;
}
