/* A device, from the key page that `lowkey provision` makes. */
#include "device.h"

#include <string.h>

#include "secrets.h"

/* A boot, for Lowkey, is one run of this program. Firmware has a hedge secret in its key page and counts its starts,
 * because its random source may be weak or stuck. Here the system's is good: both are drawn anew, so no two runs share
 * one, and nothing has to be stored. After a fork(), do this again in the child. */
static const char *begin_boot(struct device *device, lowkey_page *page, const lowkey_buffers *buffers)
{
    if (secrets_draw(NULL, (uint8_t *)&device->drawn, sizeof device->drawn) != 0) {
        return "the system gives no random numbers";
    }
    page->hedge = device->drawn.hedge;
    const lowkey_status status =
        lowkey_kk_init(&device->lowkey, page, buffers, device->drawn.boot, secrets_draw, NULL);
    return status == LOWKEY_OK ? NULL : lowkey_status_text(status);
}

const char *device_from_page(struct device *device, const char *page_file, const lowkey_buffers *buffers)
{
    size_t len;
    lowkey_page page;
    const char *const why = secrets_read(page_file, device->page, sizeof device->page, &len);
    if (why != NULL) {
        return why;
    }
    const lowkey_status status = lowkey_page_read(&page, device->page, len);
    if (status != LOWKEY_OK) {
        return lowkey_status_text(status);
    }
    if (lowkey_page_is_published(&page)) {
        return "its keys are printed in Lowkey's documentation";
    }
    memcpy(device->address, page.address, page.address_len);
    device->address[page.address_len] = '\0';
    return begin_boot(device, &page, buffers);
}

void device_wipe(struct device *device)
{
    (void)lowkey_kk_wipe(&device->lowkey); /* it cannot fail: no callback is running */
    secrets_wipe(device->page, sizeof device->page);
    secrets_wipe(&device->drawn, sizeof device->drawn);
}
