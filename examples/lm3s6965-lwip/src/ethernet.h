/* The LM3S6965's Ethernet controller under lwIP. */
#ifndef ETHERNET_H
#define ETHERNET_H

#include "lwip/netif.h"

/* Powers controller and PHY and starts both directions. A netif_init_fn. */
err_t ethernet_start(struct netif *netif);

/* The next frame that has come, NULL if none waits. */
struct pbuf *ethernet_receive(void);

/* Stops the core until a frame waits or another interrupt has run. Returns at once if a frame waits already. */
void ethernet_sleep(void);

/* Interrupt handler. */
void ethernet_on_interrupt(void);

#endif
