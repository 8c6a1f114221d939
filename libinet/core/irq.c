/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts. The "interrupt line" of a device is a file descriptor: an
 * eventfd of VFIO's MSI-X, an AF_XDP socket, a TAP queue. request_irq() adds
 * it, edge triggered, to the poller of the softnet that owns the queue; when
 * it becomes ready the handler runs there and schedules a NAPI.
 */
#include "core/irq.h"

#include <errno.h>

#include <inet/netdevice.h>

struct irq_desc {
	struct irq_desc *next;		/* net->irqs, or sd->dead_irqs */
	struct softnet_data *sd;
	struct net_device *dev;
	irq_handler_t *handler;
	irq_handler_t *write_handler;
	void *data;
	int fd;
	bool dead;			/* owner only */
};

u32 irq_handle(void *data, u32 events)
{
	struct irq_desc *irq = data;

	NET_ROAD(irq->dev->net, NULL);
	if (READ_ONCE(irq->dead))
		return 0;
	if (events & (POLLER_IN | POLLER_ERR | POLLER_HUP))
		irq->handler(irq->fd, irq->data);
	if ((events & POLLER_OUT) && !READ_ONCE(irq->dead) &&
	    irq->write_handler)
		irq->write_handler(irq->fd, irq->data);
	return 1;
}

void irq_free_dead(struct softnet_data *sd)
{
	struct irq_desc *irq, *next;

	spin_lock(&sd->input_lock);
	irq = sd->dead_irqs;
	sd->dead_irqs = NULL;
	spin_unlock(&sd->input_lock);
	for (; irq; irq = next) {
		next = irq->next;
		mem_free(&sd->net->mem, irq, sizeof(*irq));
	}
}

int request_irq_rw(struct net_device *dev, u32 queue, int fd,
		   irq_handler_t *handler, irq_handler_t *write_handler,
		   void *data)
{
	struct net *net = dev->net;
	struct softnet_data *sd = &net->softnets[queue % net->nr_softnets];
	u32 events = POLLER_IN | (write_handler ? POLLER_OUT : 0);
	struct irq_desc *irq;
	int err;

	if (net->mode == INET_SIMULATED)
		return net_error(net, -EOPNOTSUPP,
				 "%s: a simulated stack waits for no descriptor",
				 dev->name);
	irq = mem_zalloc(&net->mem, sizeof(*irq));
	if (!irq)
		return -ENOMEM;
	*irq = (struct irq_desc){ .next = net->irqs, .sd = sd, .dev = dev,
				  .handler = handler, .data = data, .fd = fd,
				  .write_handler = write_handler };
	err = poller_add(&sd->poller, fd, events, true, irq);
	if (err) {
		mem_free(&net->mem, irq, sizeof(*irq));
		return err;
	}
	net->irqs = irq;
	return 0;
}

int request_irq(struct net_device *dev, u32 queue, int fd,
		irq_handler_t *handler, void *data)
{
	return request_irq_rw(dev, queue, fd, handler, NULL, data);
}

void disable_irq_nosync(struct net_device *dev, u32 queue, int fd)
{
	struct net *net = dev->net;

	poller_del(&net->softnets[queue % net->nr_softnets].poller, fd);
}

void free_irq(struct net_device *dev, int fd)
{
	struct irq_desc **p, *irq;

	for (p = &dev->net->irqs; (irq = *p); p = &irq->next)
		if (irq->dev == dev && irq->fd == fd)
			break;
	if (!irq)
		return;
	*p = irq->next;
	poller_del(&irq->sd->poller, fd);
	WRITE_ONCE(irq->dead, true);
	softnet_quiesce(irq->sd);
	spin_lock(&irq->sd->input_lock);
	irq->next = irq->sd->dead_irqs;
	irq->sd->dead_irqs = irq;
	spin_unlock(&irq->sd->input_lock);
}
