/* lwIP on this board: one interface with a static address. */
#include "network.h"

#include "ethernet.h"
#include "lwip/init.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"

static struct netif board;

void network_start(void)
{
    ip4_addr_t address, mask, gateway;
    IP4_ADDR(&address, 10, 0, 2, 15);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&gateway, 10, 0, 2, 2);
    lwip_init();
    netif_add(&board, &address, &mask, &gateway, NULL, ethernet_start, ethernet_input);
    netif_set_default(&board);
    netif_set_up(&board);
}

void network_poll(void)
{
    struct pbuf *frame;
    while ((frame = ethernet_receive()) != NULL) {
        if (board.input(frame, &board) != ERR_OK) {
            pbuf_free(frame);
        }
    }
    sys_check_timeouts();
}
