/* lwIP for one TCP connection over Ethernet and IPv4 with a static address: no system, no sockets, no heap but its
 * own. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#include "entropy.h"

/* A main loop, and interrupts that never call lwIP. */
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0

/* IPv4, ARP and TCP, and nothing else. */
#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_ARP 1
#define LWIP_ICMP 0
#define LWIP_UDP 0
#define LWIP_TCP 1
#define LWIP_RAW 0
#define LWIP_DHCP 0
#define LWIP_DNS 0
#define IP_FORWARD 0
#define IP_FRAG 0
#define IP_REASSEMBLY 0
#define IP_OPTIONS_ALLOWED 0
#define LWIP_STATS 0
#define LWIP_SINGLE_NETIF 1
#define ARP_TABLE_SIZE 2
#define ARP_QUEUEING 0

/* The Ethernet controller's FIFO has two bytes before a frame, which also aligns the IP header. */
#define ETH_PAD_SIZE 2
#define MEM_ALIGNMENT 4

/* One full segment and a half each way: the receive FIFO has 2 KB, and with less than a segment a peer waits for each
 * acknowledgement. */
#define TCP_MSS 1460
#define TCP_WND 2048
#define TCP_SND_BUF (2 * TCP_MSS)
#define TCP_SND_QUEUELEN 8
#define TCP_CALCULATE_EFF_SEND_MSS 0 /* it is always Ethernet's */
#define TCP_OVERSIZE 0               /* a record is written at once: no room for more behind it */
#define TCP_QUEUE_OOSEQ 0
#define LWIP_TCP_TIMESTAMPS 0
#define LWIP_TCP_SACK_OUT 0
#define LWIP_CALLBACK_API 1

/* The connection, and two before it that are still closing. */
#define MEMP_NUM_TCP_PCB 3
#define MEMP_NUM_TCP_PCB_LISTEN 1
#define MEMP_NUM_TCP_SEG TCP_SND_QUEUELEN
#define MEMP_NUM_PBUF 4
/* Received bytes: the window, and what a stranger broadcasts. */
#define PBUF_POOL_SIZE 12
#define PBUF_POOL_BUFSIZE 512
/* Bytes to be sent, until they have been acknowledged, and acknowledgements. */
#define MEM_SIZE 6144

/* Ports and sequence numbers that do not begin where they began before a reset, and are hard to guess. */
#define LWIP_RANDOMIZE_INITIAL_LOCAL_PORTS 1
#define LWIP_HOOK_TCP_ISN(local_ip, local_port, remote_ip, remote_port) entropy_word()

#endif
