/* What the C chapter's program names of lwIP, for a compiler that only looks. */
#ifndef LWIP_TCP_H
#define LWIP_TCP_H

#include <stdint.h>

typedef struct {
    uint32_t addr;
} ip_addr_t;

#define IP_ADDR4(address, a, b, c, d) \
    ((address)->addr = (uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

struct tcp_pcb;
struct pbuf;

#endif
