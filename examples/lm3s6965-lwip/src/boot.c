/* What happens once at a start: the key page is read, and the boot log counts. */
#include "boot.h"

#include "entropy.h"
#include "flash.h"

/* Reads a decimal number of at most `max` at the front of `text`; returns how many characters it has, 0 for none. */
static size_t read_number(const char *text, size_t len, uint32_t max, uint32_t *number)
{
    size_t digits = 0;
    uint32_t value = 0;
    while (digits < len && text[digits] >= '0' && text[digits] <= '9') {
        value = value * 10u + (uint32_t)(text[digits] - '0');
        digits++;
        if (value > max) {
            return 0;
        }
    }
    *number = value;
    return digits;
}

/* Reads `a.b.c.d:port`. */
static bool read_address(const char *text, size_t len, struct device *device)
{
    static const char separators[] = "...:";
    uint32_t numbers[5];
    for (size_t i = 0; i < 5; i++) {
        const size_t digits = read_number(text, len, i < 4 ? 255u : 65535u, &numbers[i]);
        if (digits == 0) {
            return false;
        }
        text += digits;
        len -= digits;
        if (i < 4) {
            if (len == 0 || *text != separators[i]) {
                return false;
            }
            text++;
            len--;
        }
    }
    IP_ADDR4(&device->server, (uint8_t)numbers[0], (uint8_t)numbers[1], (uint8_t)numbers[2], (uint8_t)numbers[3]);
    device->port = (uint16_t)numbers[4];
    return len == 0;
}

/* Makes the keys of the page ready. No multiplication on the curve: the page has what one would give. */
static lowkey_status read_keys(struct device *device)
{
    const lowkey_page *const page = &device->page;
    lowkey_status status = lowkey_identity_init(&device->identity, page->private_key, page->public_key);
    if (status == LOWKEY_OK) {
        status = lowkey_peer_init(&device->peer, &device->identity, page->peer_key, page->shared);
    }
    if (status == LOWKEY_OK && page->psk != NULL) {
        status = lowkey_psk_init(&device->psk, page->psk);
    }
    device->pinning.identity = &device->identity;
    device->pinning.peer = &device->peer;
    device->pinning.psk = page->psk != NULL ? &device->psk : NULL;
    device->pinning.id = page->id;
    device->pinning.id_len = page->id_len;
    return status;
}

const char *boot_start(struct device *device)
{
    lowkey_page *const page = &device->page;
    lowkey_status status = lowkey_page_read(page, FLASH_KEY_PAGE, FLASH_KEY_PAGE_LEN);
    if (status != LOWKEY_OK) {
        return lowkey_status_text(status);
    }
    if (!read_address(page->address, page->address_len, device)) {
        return "key page: the address is not an IPv4 host:port";
    }
    status = read_keys(device);
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
