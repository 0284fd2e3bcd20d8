/* What happens once at a start: the key page is read, and the boot log counts. */
#ifndef BOOT_H
#define BOOT_H

#include "address.h"
#include "lowkey_common.h"

/* Who this device is, and which start this is. What the page points to lies in flash. */
struct device {
    lowkey_page page;
    struct address server;
    uint64_t boot;
};

/* Reads the key page, counts this start, and begins with the page's seed. A device that has no keys or cannot count its
 * starts must not go on. LOWKEY_PAGE_MALFORMED is also a page whose address is not an IPv4 host:port. */
lowkey_status boot_start(struct device *device);

#endif
