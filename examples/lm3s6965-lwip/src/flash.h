/* The last 4 KB of flash, which are not the program's: the key page and the boot log; of a firmware that pairs, the
 * label and the key store.
 *
 *     0x3F000  2,048      written by whoever provisions the device, never by this firmware
 *     0x3F800  2 x 1,024  written by this firmware, a word at a time; erased a page at a time
 *
 * QEMU models neither programming nor erasing: both fail there. A firmware built with DEMO=1 has its log played by
 * whoever is on the serial line (played_flash.c). */
#ifndef FLASH_H
#define FLASH_H

#include "lowkey_common.h"

#define FLASH_KEY_PAGE ((const uint8_t *)0x3F000)
#define FLASH_KEY_PAGE_LEN 2048u
#define FLASH_LOG ((const uint32_t *)0x3F800)
#define FLASH_ERASE_PAGE 1024u

/* The two banks, for lowkey_boot_log_next or lowkey_key_store_open. */
extern const lowkey_flash flash_log;

/* Makes zeros of a word of them; a lowkey_clear. */
int32_t flash_clear(void *context, uint32_t bank, size_t offset, size_t len);

#endif
