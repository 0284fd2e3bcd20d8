/* The LM3S6965's Ethernet controller under lwIP.
 *
 * Frames go through a 2 KB FIFO each way, a word at a time and without DMA (data sheet 16, "Ethernet Controller").
 * The PHY is on the chip and negotiates by itself; nothing here waits for a link, TCP's retransmissions do. QEMU models
 * no PHY, no clock gating and no address filter, sends at once and appends a wrong CRC, which nobody reads.
 *
 * The interrupt only wakes: its handler masks itself and the main loop does the work. ethernet_sleep is the one place
 * that unmasks, and looks for a frame once more before it stops the core, with interrupts held back: one that arrives
 * in between stays pending and ends the wait. No frame waits for the next tick. */
#include "ethernet.h"

#include "core.h"
#include "lwip/etharp.h"
#include "lwip/pbuf.h"
#include "registers.h"

#define LINE 42
#define RCGC2_GPIOF (1u << 5)
#define RCGC2_EMAC0 (1u << 28)
#define RCGC2_EPHY0 (1u << 30)
#define LAMPS (3u << 2) /* PF2 (activity) and PF3 (link) */
#define RIS_RECEIVED (1u << 0)
#define RIS_OVERRUN (1u << 3)
#define RIS_ALL 0x7Fu
#define RCTL_ENABLE (1u << 0)
#define RCTL_REJECT_BAD_CRC (1u << 3)
#define RCTL_RESET_FIFO (1u << 4)
#define TCTL_ENABLE (1u << 0)
#define TCTL_PAD (1u << 1)
#define TCTL_CRC (1u << 2)
#define TCTL_DUPLEX (1u << 4)
#define THR_WHOLE_FRAMES 0x3Fu
#define NP_COUNT 0x3Fu
#define TR_BUSY (1u << 0)

/* The length field before a frame, in both FIFOs, is where lwIP has its ETH_PAD_SIZE bytes. */
#define HEAD ((size_t)ETH_PAD_SIZE)
#define HEADER 14u
#define CRC 4u
/* The longest frame, without its CRC: 14 bytes of header and 1,500 of payload. */
#define FRAME 1514u
#define FIFO 2048u
/* Each turn takes at least 6 clocks. */
#define SEND_PATIENCE 100000

#if ETH_PAD_SIZE != 2
#error "the FIFO's length field has two bytes"
#endif
#if PBUF_POOL_BUFSIZE % 4 != 0
#error "a frame is read into a chain of pbufs by words"
#endif

static err_t send(struct netif *netif, struct pbuf *frame);

/* The address in USER0 and USER1, where the maker (or QEMU's `-nic mac=`) puts it. */
static void hardware_address(uint8_t address[6])
{
    /* A locally administered address, for a part whose maker left none. */
    static const uint8_t unprogrammed[6] = {0x02, 0x00, 0x00, 0x69, 0x65, 0x02};
    const uint32_t front = USER0, back = USER1;
    for (int i = 0; i < 3; i++) {
        address[i] = (uint8_t)(front >> (8 * i));
        address[3 + i] = (uint8_t)(back >> (8 * i));
    }
    /* Bit 0 of the first byte marks a group: 0xFF is what an unprogrammed part has. */
    if ((address[0] & 1u) != 0) {
        SMEMCPY(address, unprogrammed, 6);
    }
}

/* Empties the receive FIFO and lets the receiver begin anew (data sheet: disable, reset, enable). */
static void restart_receiver(void)
{
    MACRCTL = RCTL_RESET_FIFO;
    MACRCTL = RCTL_ENABLE | RCTL_REJECT_BAD_CRC;
}

err_t ethernet_start(struct netif *netif)
{
    RCGC2 |= RCGC2_EMAC0 | RCGC2_EPHY0 | RCGC2_GPIOF;
    (void)RCGC2; /* three clocks before the first access */
    GPIOF_AFSEL |= LAMPS;
    GPIOF_DEN |= LAMPS;

    /* All sources are unmasked after reset: off before the core can hear them. */
    MACIM = 0;
    MACRIS = RIS_ALL;
    uint8_t *address = netif->hwaddr;
    hardware_address(address);
    MACIA0 = address[0] | (uint32_t)address[1] << 8 | (uint32_t)address[2] << 16 | (uint32_t)address[3] << 24;
    MACIA1 = address[4] | (uint32_t)address[5] << 8;
    /* Whole frames only: cut-through sending loses data on this part (errata). */
    MACTHR = THR_WHOLE_FRAMES;
    restart_receiver();
    MACTCTL = TCTL_ENABLE | TCTL_PAD | TCTL_CRC | TCTL_DUPLEX;
    NVIC_ISER1 = 1u << (LINE - 32);

    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->hwaddr_len = 6;
    netif->mtu = FRAME - HEADER;
    netif->output = etharp_output;
    netif->linkoutput = send;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
    return ERR_OK;
}

/* Takes the rest of a frame of `length` bytes, whose `word` has been taken, out of the FIFO. Without a pbuf it is lost,
 * as on a cable; it is read to its end all the same, for the next begins behind it. */
static void read_frame(uint32_t word, size_t length, struct pbuf *frame)
{
    size_t unread = (length + 3) / 4 - 1;
    for (struct pbuf *piece = frame; piece != NULL; piece = piece->next) {
        uint8_t *const to = (uint8_t *)piece->payload;
        for (size_t at = 0; at < piece->len; at += 4) {
            const size_t left = piece->len - at;
            SMEMCPY(to + at, &word, left < 4 ? left : 4);
            if (unread > 0) {
                word = MACDATA;
                unread--;
            }
        }
    }
    for (; unread > 0; unread--) {
        (void)MACDATA;
    }
}

struct pbuf *ethernet_receive(void)
{
    if ((MACRIS & RIS_OVERRUN) != 0) {
        /* The FIFO lost a frame and may hold a part of it: where the next begins is no longer known. */
        MACRIS = RIS_OVERRUN;
        restart_receiver();
    }
    /* Only while a frame waits: reading an empty FIFO is an underflow. */
    while ((MACNP & NP_COUNT) != 0) {
        const uint32_t first = MACDATA;
        const size_t length = first & 0xFFFFu; /* counts itself (HEAD) and the CRC */
        if (length < HEAD + HEADER + CRC || length >= FIFO) {
            restart_receiver();
            return NULL;
        }
        struct pbuf *frame = NULL;
        if (length <= HEAD + FRAME + CRC) {
            frame = pbuf_alloc(PBUF_RAW, (u16_t)(length - CRC), PBUF_POOL);
        }
        read_frame(first, length, frame);
        if (frame != NULL) {
            return frame;
        }
    }
    return NULL;
}

/* lwIP's linkoutput: sends one frame, whose first ETH_PAD_SIZE bytes are not part of it. */
static err_t send(struct netif *netif, struct pbuf *frame)
{
    static uint32_t words[(HEAD + FRAME) / 4];
    (void)netif;
    /* The FIFO still holds the last one: 1.2 ms at most at 10 Mbit/s. A controller that does not get it out in ten
     * times that has no one to send to; the frame is dropped, as a cable would drop it. */
    for (int turn = 0; (MACTR & TR_BUSY) != 0; turn++) {
        if (turn == SEND_PATIENCE) {
            return ERR_IF;
        }
    }
    const size_t length = frame->tot_len;
    if (length < HEAD + HEADER || length > sizeof words) {
        return ERR_VAL;
    }
    pbuf_copy_partial(frame, words, (u16_t)length, 0);
    /* The FIFO's first half-word is the length without the Ethernet header. */
    words[0] = (words[0] & 0xFFFF0000u) | (uint32_t)(length - HEAD - HEADER);
    for (size_t i = 0; i < (length + 3) / 4; i++) {
        MACDATA = words[i];
    }
    MACTR = TR_BUSY;
    return ERR_OK;
}

void ethernet_sleep(void)
{
    const uint32_t mask = core_mask();
    MACRIS = RIS_RECEIVED;
    MACIM = RIS_RECEIVED;
    /* After the unmasking, or a frame from between the last drain and here would be slept through. */
    if ((MACNP & NP_COUNT) == 0) {
        core_wait();
    }
    core_unmask(mask);
}

void ethernet_on_interrupt(void)
{
    MACIM = 0;
    /* The write must reach the controller before the core looks at the line again. */
    core_barrier();
}
