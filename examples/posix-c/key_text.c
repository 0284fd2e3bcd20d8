/* Keys as text, as the `lowkey` command writes them: Bech32 (BIP 173) of 32 bytes. */
#include "key_text.h"

#include <ctype.h>
#include <string.h>

/* One step of the checksum of Bech32 (BIP 173). */
static uint32_t checksum(uint32_t sum, uint32_t value)
{
    static const uint32_t generator[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    const uint32_t top = sum >> 25;
    sum = (sum & 0x1ffffff) << 5 ^ value;
    for (int i = 0; i < 5; i++) {
        sum ^= generator[i] & (0u - (top >> i & 1u));
    }
    return sum;
}

bool key_text_read(const char *text, const char *prefix, uint8_t key[LOWKEY_KEY_LEN])
{
    static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    uint32_t sum = 1, bits = 0;
    if (strlen(text) != 5 + 1 + 52 + 6 || text[5] != '1') {
        return false;
    }
    for (size_t i = 0; i < 5; i++) {
        if (tolower((unsigned char)text[i]) != prefix[i]) {
            return false;
        }
        sum = checksum(sum, (uint32_t)prefix[i] >> 5);
    }
    sum = checksum(sum, 0);
    for (size_t i = 0; i < 5; i++) {
        sum = checksum(sum, (uint32_t)prefix[i] & 31u);
    }
    for (size_t i = 0; i < 52 + 6; i++) {
        const char *const found = strchr(alphabet, tolower((unsigned char)text[6 + i]));
        if (found == NULL) {
            return false;
        }
        const uint32_t value = (uint32_t)(found - alphabet);
        const size_t whole = (i + 1) * 5 / 8; /* bytes that are whole with this character */
        sum = checksum(sum, value);
        bits = bits << 5 | value;
        if (whole > i * 5 / 8 && whole <= LOWKEY_KEY_LEN) {
            key[whole - 1] = (uint8_t)(bits >> ((i + 1) * 5 % 8));
        }
    }
    return sum == 1;
}
