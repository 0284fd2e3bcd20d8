/* The smallest program that shows that a library was found, is the header's, and runs. */
#include <lowkey.h>

static lowkey_psk psk;

int main(void)
{
    static const uint8_t bytes[LOWKEY_KEY_LEN] = {1};
    if (lowkey_psk_init(&psk, bytes) != LOWKEY_OK || lowkey_psk_wipe(&psk) != LOWKEY_OK) {
        return 1;
    }
    if (lowkey_psk_init(NULL, bytes) != LOWKEY_NULL) {
        return 2;
    }
    if (lowkey_version() != LOWKEY_VERSION) {
        return 3;
    }
    return lowkey_status_text(LOWKEY_OK)[0] == '\0';
}
