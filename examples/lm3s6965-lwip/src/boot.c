/* What happens once at a start: the key page is read, and the boot log counts. */
#include "boot.h"

#include "entropy.h"
#include "flash.h"

const char *boot_start(struct device *device)
{
    lowkey_page *const page = &device->page;
    lowkey_status status = lowkey_page_read(page, FLASH_KEY_PAGE, FLASH_KEY_PAGE_LEN);
    if (status != LOWKEY_OK) {
        return lowkey_status_text(status);
    }
    if (!address_read(&device->server, page->address, page->address_len)) {
        return "key page: the address is not an IPv4 host:port";
    }
    status = lowkey_keys_init(&device->keys, page); /* no multiplication: the page has what one would give */
    if (status != LOWKEY_OK) {
        return lowkey_status_text(status);
    }
    /* Counted before anything is drawn: no two starts may have the same ephemerals. */
    status = lowkey_boot_log_next(&flash_log, &device->boot);
    if (status != LOWKEY_OK || !entropy_start(page->seed, device->boot)) {
        return "boot log: damaged, or the flash failed";
    }
    status = lowkey_ephemerals_init(&device->ephemerals, page->hedge, device->boot, entropy_fill, NULL);
    return status == LOWKEY_OK ? NULL : lowkey_status_text(status);
}
