/* Keys as text, as the `lowkey` command writes them: Bech32 (BIP 173) of 32 bytes. */
#ifndef KEY_TEXT_H
#define KEY_TEXT_H

#include "lowkey.h"

/* Reads a key of the kind `prefix`: "lkpub" (public), "lksec" (private), "lkpsk" (a PSK). False: it is something else,
 * or mistyped. */
bool key_text_read(const char *text, const char *prefix, uint8_t key[LOWKEY_KEY_LEN]);

#endif
