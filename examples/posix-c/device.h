/* A device, from the key page that `lowkey provision` makes. */
#ifndef DEVICE_H
#define DEVICE_H

#include "lowkey_kk.h"

/* Do not move or copy it: `lowkey` points to the rest. */
struct device {
    lowkey_kk lowkey;
    uint8_t page[LOWKEY_PAGE_LEN];
    struct {
        uint8_t hedge[LOWKEY_KEY_LEN];
        uint64_t boot;
    } drawn;
    char address[65]; /* of the server */
};

/* Reads a key page. NULL, or what is wrong, for people. */
const char *device_from_page(struct device *device, const char *page_file, const lowkey_buffers *buffers);

/* Makes zeros of all of it. */
void device_wipe(struct device *device);

#endif
