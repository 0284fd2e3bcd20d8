/* A program that calls memcpy: its own with OWN, otherwise that of its C library. */
#include <lowkey.h>

void *memcpy(void *to, const void *from, size_t len);

#ifdef OWN
void *memcpy(void *to, const void *from, size_t len)
{
    /* Volatile: the compiler would make a call of memcpy of it. */
    volatile uint8_t *const out = to;
    const uint8_t *const in = from;
    for (size_t i = 0; i < len; i++) {
        out[i] = in[i];
    }
    return to;
}
#endif

int main(void)
{
    static lowkey_psk psk;
    uint8_t bytes[LOWKEY_KEY_LEN];
    volatile size_t len = sizeof bytes; /* not known, so that it is a call */
    memcpy(bytes, "a key that is long enough for it", len);
    return lowkey_psk_init(&psk, bytes) != LOWKEY_OK;
}
