/* What happens once at a start: the key page is read, and the boot log counts. */
#ifndef BOOT_H
#define BOOT_H

#include "address.h"
#include "lowkey.h"

/* Who this device is. The page lies in flash; the rest is made of it once. */
struct device {
    lowkey_page page;
    lowkey_keys keys;
    lowkey_ephemerals ephemerals;
    struct address server;
    uint64_t boot;
};

/* Reads the key page and counts this start. NULL, or what is wrong, for people; a device that has no keys or cannot
 * count its starts must not go on. */
const char *boot_start(struct device *device);

#endif
