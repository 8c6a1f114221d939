/* SPDX-License-Identifier: BSD-2-Clause */
/* Which sockets inet-ss shows: states and expressions in ss(8)'s words. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "ss.h"

#define RULES 64		/* words of an expression, after "dst" and the like */

static const struct {
	const char *name, *word;
} states[] = {
	[1] = { "ESTAB", "established" },   [2] = { "SYN-SENT", "syn-sent" },
	[3] = { "SYN-RECV", "syn-recv" },   [4] = { "FIN-WAIT-1", "fin-wait-1" },
	[5] = { "FIN-WAIT-2", "fin-wait-2" }, [6] = { "TIME-WAIT", "time-wait" },
	[7] = { "UNCONN", "closed" },	    [8] = { "CLOSE-WAIT", "close-wait" },
	[9] = { "LAST-ACK", "last-ack" },   [10] = { "LISTEN", "listening" },
	[11] = { "CLOSING", "closing" },
};

static const struct {
	const char *word;
	unsigned int mask;
} groups[] = {
	{ "all", SS_ALL },
	{ "connected", SS_ALL & ~(SS_STATE(SS_CLOSE) | SS_STATE(SS_LISTEN)) },
	{ "synchronized", SS_ALL & ~(SS_STATE(SS_CLOSE) | SS_STATE(SS_LISTEN) |
				     SS_STATE(2)) },
	{ "bucket", SS_STATE(SS_SYN_RECV) | SS_STATE(SS_TIME_WAIT) },
	{ "big", SS_ALL & ~(SS_STATE(SS_SYN_RECV) | SS_STATE(SS_TIME_WAIT)) },
	{ "listen", SS_STATE(SS_LISTEN) },
	{ "unconnected", SS_STATE(SS_CLOSE) },
};

const char *ss_state_name(unsigned int state)
{
	return state < sizeof(states) / sizeof(states[0]) ? states[state].name : NULL;
}

unsigned int ss_states(const char *word)
{
	size_t i;

	for (i = 1; i < sizeof(states) / sizeof(states[0]); i++)
		if (!strcmp(states[i].word, word))
			return SS_STATE(i);
	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (!strcmp(groups[i].word, word))
			return groups[i].mask;
	return 0;
}

/* What an expression is made of: in the order in which it is worked out, operands before
 * their operator. */
struct rule {
	enum { RULE_ADDRESS, RULE_PORT, RULE_NOT, RULE_AND, RULE_OR, RULE_OPEN } what;
	bool source;
	char compare;		/* of ports: '=', '!', '<', '>', 'l' (<=), 'g' (>=) */
	uint32_t addr, mask;	/* mask 0: any */
	uint16_t port;		/* of an address: 0: any */
};

static struct rule rules[RULES];
static size_t nr_rules;
static struct rule waiting[RULES];	/* operators whose second operand is to come */
static size_t nr_waiting;

/* A port's number or its service's name. Return: it is one. */
static bool parse_port(const char *text, uint16_t *port)
{
	struct servent *service;
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text && !*end && n <= 65535) {
		*port = (uint16_t)n;
		return true;
	}
	service = getservbyname(text, NULL);
	if (service)
		*port = ntohs((uint16_t)service->s_port);
	return service != NULL;
}

/* "10.0.0.1", "10.0.0.0/24:80", ":http", "*:80". Return: it is one. */
static bool parse_address(const char *text, struct rule *rule)
{
	char ip[64], *slash, *colon;
	struct in_addr addr;
	unsigned int len = 32;

	if (strlen(text) >= sizeof(ip))
		return false;
	strcpy(ip, text);
	colon = strrchr(ip, ':');
	if (colon) {
		*colon++ = 0;
		if (strcmp(colon, "*") && !parse_port(colon, &rule->port))
			return false;
	}
	slash = strchr(ip, '/');
	if (slash) {
		*slash++ = 0;
		if (sscanf(slash, "%2u", &len) != 1 || len > 32)
			return false;
	}
	if (!*ip || !strcmp(ip, "*"))
		return true;
	if (inet_pton(AF_INET, ip, &addr) != 1)
		return false;
	rule->mask = len ? 0xffffffffu << (32 - len) : 0;
	rule->addr = ntohl(addr.s_addr) & rule->mask;
	return true;
}

/* The comparisons by their words. 0: none. */
static char comparison(const char *word)
{
	static const struct {
		const char *word;
		char compare;
	} all[] = { { "=", '=' }, { "==", '=' }, { "eq", '=' }, { "!=", '!' }, { "ne", '!' },
		    { "neq", '!' }, { "<", '<' }, { "lt", '<' }, { ">", '>' }, { "gt", '>' },
		    { "<=", 'l' }, { "le", 'l' }, { ">=", 'g' }, { "ge", 'g' } };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(all[i].word, word))
			return all[i].compare;
	return 0;
}

static bool emit(const struct rule *rule)
{
	if (nr_rules == RULES)
		return false;
	rules[nr_rules++] = *rule;
	return true;
}

/* An operator: those that bind more tightly, and came before, are worked out first. */
static bool operator_waits(int what)
{
	if (nr_waiting == RULES)
		return false;
	while (what != RULE_OPEN && what != RULE_NOT && nr_waiting &&
	       (int)waiting[nr_waiting - 1].what <= what)
		if (!emit(&waiting[--nr_waiting]))
			return false;
	waiting[nr_waiting++] = (struct rule){ .what = what };
	return true;
}

/* What stands in parentheses is whole. */
static bool closed(void)
{
	while (nr_waiting && waiting[nr_waiting - 1].what != RULE_OPEN)
		if (!emit(&waiting[--nr_waiting]))
			return false;
	return nr_waiting && nr_waiting--;
}

/* "dst ADDRESS", "sport = :PORT": takes its words. Return: they are one. */
static bool parse_condition(char ***words)
{
	const char *word = *(*words)++, *value;
	struct rule rule = { .source = *word == 's', .compare = '=' };

	if (!strcmp(word, "dst") || !strcmp(word, "src"))
		rule.what = RULE_ADDRESS;
	else if (!strcmp(word, "dport") || !strcmp(word, "sport"))
		rule.what = RULE_PORT;
	else
		return false;
	if (**words && comparison(**words))
		rule.compare = comparison(*(*words)++);
	value = **words;
	if (!value || (rule.what == RULE_ADDRESS && !strchr("=!", rule.compare)))
		return false;
	++*words;
	if (rule.what == RULE_ADDRESS)
		return parse_address(value, &rule) && emit(&rule);
	return parse_port(value + (*value == ':'), &rule.port) && emit(&rule);
}

int ss_filter_parse(char **words)
{
	bool operand = false, good = true;	/* an operand has just been read */

	while (*words && good) {
		if (!strcmp(*words, "and") || !strcmp(*words, "&&") ||
		    !strcmp(*words, "or") || !strcmp(*words, "||")) {
			good = operand && operator_waits(strchr("a&", **words) ? RULE_AND :
									      RULE_OR);
			operand = false;
			words++;
		} else if (!strcmp(*words, ")")) {
			good = operand && closed();
			words++;
		} else {
			if (operand)	/* ss(8): nothing between them is "and" */
				good = operator_waits(RULE_AND);
			operand = strcmp(*words, "(") && strcmp(*words, "not") &&
				  strcmp(*words, "!");
			if (good && operand)
				good = parse_condition(&words);
			else if (good)
				good = operator_waits(**words++ == '(' ? RULE_OPEN :
								       RULE_NOT);
		}
	}
	while (good && nr_waiting)
		good = waiting[nr_waiting - 1].what != RULE_OPEN &&
		       emit(&waiting[--nr_waiting]);
	return good && (operand || !nr_rules) ? 0 : -1;
}

/* One condition. */
static bool holds(const struct rule *rule, const struct admin_socket *as)
{
	const struct sockaddr_in *addr = rule->source ? &as->info.src : &as->info.dst;
	uint16_t port = ntohs(addr->sin_port);
	bool same;

	if (rule->what == RULE_ADDRESS) {
		same = (ntohl(addr->sin_addr.s_addr) & rule->mask) == rule->addr &&
		       (!rule->port || rule->port == port);
		return same == (rule->compare == '=');
	}
	switch (rule->compare) {
	case '=':
		return port == rule->port;
	case '!':
		return port != rule->port;
	case '<':
		return port < rule->port;
	case '>':
		return port > rule->port;
	case 'l':
		return port <= rule->port;
	default:
		return port >= rule->port;
	}
}

bool ss_filter_wants(const struct admin_socket *as)
{
	bool stack[RULES];
	size_t i, n = 0;

	for (i = 0; i < nr_rules; i++) {
		if (rules[i].what == RULE_NOT) {
			stack[n - 1] = !stack[n - 1];
		} else if (rules[i].what == RULE_AND || rules[i].what == RULE_OR) {
			n--;
			stack[n - 1] = rules[i].what == RULE_AND ?
					       stack[n - 1] && stack[n] :
					       stack[n - 1] || stack[n];
		} else {
			stack[n++] = holds(&rules[i], as);
		}
	}
	return !n || stack[0];
}
