/* SPDX-License-Identifier: BSD-2-Clause */
/* The smallest server: a stack on tap0 that greets whoever connects. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <inet/control.h>
#include <inet/inet.h>
#include <inet/netdev.h>
#include <inet/socket.h>

int main(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
				   .sin_port = htons(7) };
	static const char hello[] = "hello from libinet\n";
	struct net *net = inet_create(NULL);
	struct net_device *tap = net ? inet_netdev_open(net, "tap:tap0") : NULL;
	struct socket *server, *client;

	if (!tap || inet_addr_add(tap, "10.0.0.2/24") || inet_netdev_up(tap) ||
	    !(server = inet_socket(net, AF_INET, SOCK_STREAM, 0)) ||
	    inet_bind(server, (struct sockaddr *)&any, sizeof(any)) ||
	    inet_listen(server, 8)) {
		fprintf(stderr, "minimal: %s\n", inet_strerror(net));
		return 1;
	}
	while ((client = inet_accept(server, NULL, NULL))) {
		inet_send(client, hello, strlen(hello), 0);
		inet_close(client);
	}
	inet_destroy(net);
	return 0;
}
