/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside inet-ss: filters, who has a socket, what stands behind the columns. */
#ifndef TOOLS_SS_H
#define TOOLS_SS_H

#include "admin.h"

/* ---- ss_filter.c ------------------------------------------------------ */

#define SS_STATE(state) (1u << (state))
#define SS_ALL 0xffeu		/* TCP_ESTABLISHED to TCP_CLOSING */
#define SS_SYN_RECV 3
#define SS_TIME_WAIT 6
#define SS_CLOSE 7
#define SS_LISTEN 10

/* "ESTAB"; NULL: none. */
const char *ss_state_name(unsigned int state);
/* "established", "time-wait", or a group, "connected", as a mask; 0: no such. */
unsigned int ss_states(const char *word);
/* Reads the words of ss(8)'s EXPRESSION. 0 or -1. */
int ss_filter_parse(char **words);
/* Does it want @as? */
bool ss_filter_wants(const struct admin_socket *as);

/* ---- ss_users.c ------------------------------------------------------- */

/* Looks at all processes, those that we may see. */
void ss_users_read(const char *stack);
/* "users:((\"nc\",pid=1,fd=3))", or nothing. */
void ss_users_print(const struct admin_socket *as, char *text, size_t size);

/* ---- ss_detail.c ------------------------------------------------------ */

/* " timer:(on,200ms,0)", or nothing. */
void ss_timer_print(const struct admin_socket *as, FILE *out);
/* " skmem:(...)" */
void ss_memory_print(const struct admin_socket *as, FILE *out);
/* " cubic wscale:7,7 ..." */
void ss_tcp_print(const struct admin_socket *as, FILE *out);

#endif /* TOOLS_SS_H */
