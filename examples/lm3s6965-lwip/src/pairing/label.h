/* What stands on the label, as whoever makes the device writes it to flash: a file of `lowkey code new`, a few lines
 * more, and erased flash behind them. Lines that begin with `#` are skipped.
 *
 *     LOWKEY:1/...             the label's text, or the bare code
 *     server 192.168.1.10:7000
 *     wait 7000                only if the server is to call: the port on which this device waits for it */
#ifndef LABEL_H
#define LABEL_H

#include "address.h"
#include "lowkey.h"

/* What this device was told when it was made. */
struct label {
    lowkey_psk psk;                     /* made of the code */
    uint8_t name[LOWKEY_CODE_NAME_LEN]; /* the code's */
    struct address server;
    uint16_t wait; /* the port on which it waits to be called for a pairing; 0: it calls */
};

/* Reads the page, of `len` bytes. Returns NULL, or what is wrong with it, for people. */
const char *label_read(struct label *label, const char *page, size_t len);

#endif
