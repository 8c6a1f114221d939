/* SPDX-License-Identifier: BSD-2-Clause */
/* A text made in memory and written in one piece. */
#include "lib/print_whole.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

int print_whole(FILE *out, void (*print)(FILE *mem, void *arg), void *arg)
{
	char *text = NULL;
	size_t len = 0;
	FILE *mem = open_memstream(&text, &len);
	bool complete;

	if (!mem)
		return -ENOMEM;
	print(mem, arg);
	complete = !ferror(mem);
	if (fclose(mem) || !complete) {
		free(text);
		return -ENOMEM;
	}
	complete = fwrite(text, 1, len, out) == len;
	free(text);
	return complete ? 0 : -EIO;
}
