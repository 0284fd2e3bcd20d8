/* What happens once at a start: the key page is read, and the boot log counts. */
#include "boot.h"

#include "entropy.h"
#include "flash.h"

lowkey_status boot_start(struct device *device)
{
    lowkey_page *const page = &device->page;
    lowkey_status status = lowkey_page_read(page, FLASH_KEY_PAGE, FLASH_KEY_PAGE_LEN);
    if (status == LOWKEY_OK && !address_read(&device->server, page->address, page->address_len)) {
        status = LOWKEY_PAGE_MALFORMED;
    }
    if (status == LOWKEY_OK) {
        /* Counted before anything is drawn: no two starts may have the same ephemerals. */
        status = lowkey_boot_log_next(&flash_log, &device->boot);
    }
    return status == LOWKEY_OK ? entropy_start(page->seed, device->boot) : status;
}
