/* lwIP on this board: one interface with a static address. */
#ifndef NETWORK_H
#define NETWORK_H

/* Starts lwIP and the Ethernet controller: 10.0.2.15/24, gateway 10.0.2.2.
 * entropy_start comes first: lwIP draws random numbers. */
void network_start(void);

/* Takes in what has arrived and does what is due. lwIP's callbacks are called from here. */
void network_poll(void);

#endif
