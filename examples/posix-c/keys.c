/* Who we are and whom we expect, from the files that the `lowkey` command makes. */
#include "keys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "key_text.h"

/* The longest key file that is read, in bytes; `lowkey keygen` makes one of 176. */
#define KEY_FILE 1024

/* A memset that the compiler leaves where it is, though nobody reads the bytes any more. */
static void wipe(void *bytes, size_t len)
{
    volatile uint8_t *at = (volatile uint8_t *)bytes;
    while (len-- > 0) {
        *at++ = 0;
    }
}

/* Fills `out` with random bytes of the system. Where there is no getrandom, getentropy does the same. */
static int32_t fill_random(void *context, uint8_t *out, size_t len)
{
    (void)context;
    while (len > 0) {
        const ssize_t n = getrandom(out, len, 0);
        if (n > 0) {
            out += n;
            len -= (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            return -1; /* never go on with what was not filled: Lowkey makes no key then */
        }
    }
    return 0;
}

/* A boot, for Lowkey, is one run of this program. Firmware stores a hedge secret and counts its starts, because its
 * random source may be weak or stuck. Here the system's is good: both are drawn anew, so no two runs share one, and
 * nothing has to be stored. After a fork(), do this again in the child. */
static const char *begin_boot(struct keys *keys)
{
    struct {
        uint8_t hedge[LOWKEY_KEY_LEN];
        uint64_t boot;
    } drawn;
    if (fill_random(NULL, (uint8_t *)&drawn, sizeof drawn) != 0) {
        return "the system gives no random numbers";
    }
    const lowkey_status status =
        lowkey_ephemerals_init(&keys->ephemerals, drawn.hedge, drawn.boot, fill_random, NULL);
    wipe(&drawn, sizeof drawn);
    return status == LOWKEY_OK ? NULL : lowkey_status_text(status);
}

/* Makes the objects of the keys. `page` may lack what can be computed: public_key, shared. */
static const char *use(struct keys *keys, const lowkey_page *page)
{
    const lowkey_status status = lowkey_keys_init(&keys->ours, page);
    return status == LOWKEY_OK ? begin_boot(keys) : lowkey_status_text(status);
}

/* Reads the front of a file. Not with fopen, which would leave a copy of the secrets in its buffer. */
static const char *read_file(const char *file, void *bytes, size_t max, size_t *len)
{
    const int fd = open(file, O_RDONLY);
    if (fd < 0) {
        return strerror(errno);
    }
    ssize_t n = 0;
    *len = 0;
    while (*len < max && (n = read(fd, (uint8_t *)bytes + *len, max - *len)) > 0) {
        *len += (size_t)n;
    }
    const char *const why = n < 0 ? strerror(errno) : NULL;
    close(fd);
    return why;
}

const char *keys_from_page(struct keys *keys, const char *page_file)
{
    uint8_t bytes[LOWKEY_PAGE_LEN];
    size_t len;
    lowkey_page page;
    const char *why = read_file(page_file, bytes, sizeof bytes, &len);
    if (why == NULL) {
        const lowkey_status status = lowkey_page_read(&page, bytes, len);
        if (status != LOWKEY_OK) {
            why = lowkey_status_text(status);
        } else {
            memcpy(keys->address, page.address, page.address_len);
            keys->address[page.address_len] = '\0';
            why = use(keys, &page);
        }
    }
    wipe(bytes, sizeof bytes);
    return why;
}

/* Reads a key file: comments, and one line with a key. */
static const char *read_key(const char *file, const char *prefix, uint8_t key[LOWKEY_KEY_LEN])
{
    char text[KEY_FILE + 1];
    size_t len;
    const char *why = read_file(file, text, KEY_FILE, &len);
    if (why == NULL) {
        char *rest;
        text[len] = '\0';
        const char *line = strtok_r(text, "\r\n", &rest);
        while (line != NULL && line[0] == '#') {
            line = strtok_r(NULL, "\r\n", &rest);
        }
        why = line != NULL && key_text_read(line, prefix, key) ? NULL : "this is not the key file that belongs here";
    }
    wipe(text, sizeof text);
    return why;
}

const char *keys_from_files(struct keys *keys, const char *key_file, const char *device, const char *psk_file,
                            const char **what)
{
    uint8_t ours[LOWKEY_KEY_LEN], theirs[LOWKEY_KEY_LEN], psk[LOWKEY_KEY_LEN];
    uint8_t public_key[LOWKEY_KEY_LEN], id[LOWKEY_PINNING_ID_LEN];
    *what = device;
    const char *why = key_text_read(device, "lkpub", theirs) ? NULL : "this is no public key, or mistyped";
    if (why == NULL) {
        *what = key_file;
        why = read_key(key_file, "lksec", ours);
    }
    if (why == NULL && psk_file != NULL) {
        *what = psk_file;
        why = read_key(psk_file, "lkpsk", psk);
    }
    if (why == NULL) {
        *what = device;
        lowkey_status status = lowkey_identity_init(&keys->ours.identity, ours, NULL);
        if (status == LOWKEY_OK) {
            status = lowkey_identity_public_key(&keys->ours.identity, public_key);
        }
        if (status == LOWKEY_OK) {
            status = lowkey_pinning_id(theirs, public_key, id); /* the device is the initiator */
        }
        const lowkey_page page = {
            .id = id,
            .id_len = sizeof id,
            .private_key = ours,
            .public_key = public_key,
            .peer_key = theirs,
            .psk = psk_file != NULL ? psk : NULL,
        };
        why = status == LOWKEY_OK ? use(keys, &page) : lowkey_status_text(status);
    }
    wipe(ours, sizeof ours);
    wipe(psk, sizeof psk);
    return why;
}

void keys_wipe(struct keys *keys)
{
    /* None of these can fail: the objects are there, and no callback is running. */
    (void)lowkey_keys_wipe(&keys->ours);
    (void)lowkey_ephemerals_wipe(&keys->ephemerals);
}
