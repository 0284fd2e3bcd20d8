/* Who we are and whom we expect, from the key files that the `lowkey` command makes. */
#include "keys.h"

#include <string.h>

#include "key_text.h"
#include "secrets.h"

/* The longest key file that is read, in bytes; `lowkey keygen` makes one of 176. */
#define KEY_FILE 1024

/* A boot, for Lowkey, is one run of this program: what firmware stores and counts is drawn anew. After a fork(), do
 * this again in the child. */
static const char *begin_boot(struct keys *keys)
{
    struct {
        uint8_t hedge[LOWKEY_KEY_LEN];
        uint64_t boot;
    } drawn;
    if (secrets_draw(NULL, (uint8_t *)&drawn, sizeof drawn) != 0) {
        return "the system gives no random numbers";
    }
    const lowkey_status status =
        lowkey_ephemerals_init(&keys->ephemerals, drawn.hedge, drawn.boot, secrets_draw, NULL);
    secrets_wipe(&drawn, sizeof drawn);
    return status == LOWKEY_OK ? NULL : lowkey_status_text(status);
}

/* Makes the objects of the keys. `page` may lack `shared`, which is computed. */
static const char *use(struct keys *keys, const lowkey_page *page)
{
    if (lowkey_page_is_published(page)) {
        return "a key of ours or theirs is printed in Lowkey's documentation";
    }
    const lowkey_status status = lowkey_keys_init(&keys->ours, page);
    return status == LOWKEY_OK ? begin_boot(keys) : lowkey_status_text(status);
}

/* Reads a key file: comments, and one line with a key. */
static const char *read_key(const char *file, const char *prefix, uint8_t key[LOWKEY_KEY_LEN])
{
    char text[KEY_FILE + 1];
    size_t len;
    const char *why = secrets_read(file, text, KEY_FILE, &len);
    if (why == NULL) {
        char *rest;
        text[len] = '\0';
        const char *line = strtok_r(text, "\r\n", &rest);
        while (line != NULL && line[0] == '#') {
            line = strtok_r(NULL, "\r\n", &rest);
        }
        why = line != NULL && key_text_read(line, prefix, key) ? NULL : "this is not the key file that belongs here";
    }
    secrets_wipe(text, sizeof text);
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
    secrets_wipe(ours, sizeof ours);
    secrets_wipe(psk, sizeof psk);
    return why;
}

void keys_wipe(struct keys *keys)
{
    /* None of these can fail: the objects are there, and no callback is running. */
    (void)lowkey_keys_wipe(&keys->ours);
    (void)lowkey_ephemerals_wipe(&keys->ephemerals);
}
