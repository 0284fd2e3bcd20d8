/* A device and a server in one image, with nothing beside the library: no C library, no functions of the compiler's, no
 * start-up code. A handshake with a PSK and one without, and messages of many lengths both ways; then it ends, by
 * semihosting, with what came of it. */
#include <lowkey.h>
#include <lowkey_kk.h>

#define LONGEST 240u
#define TURNS 60u /* far more than a handshake takes */

static lowkey_kk device;
static lowkey_page page; /* the device's: with a public key and a product that are computed here */
static uint8_t device_key[LOWKEY_KEY_LEN], device_public[LOWKEY_KEY_LEN], shared[LOWKEY_KEY_LEN];
static uint8_t device_incoming[300], device_outgoing[300];

static lowkey_identity identity; /* the server's, as everything below */
static lowkey_peer peer;
static lowkey_psk psk;
static lowkey_ephemerals ephemerals;
static lowkey_channel server;
static uint8_t server_key[LOWKEY_KEY_LEN], server_public[LOWKEY_KEY_LEN];
static uint8_t server_incoming[300], server_outgoing[300];

static uint8_t hedge[LOWKEY_KEY_LEN], psk_bytes[LOWKEY_KEY_LEN], id[LOWKEY_PINNING_ID_LEN];

/* SYS_EXIT, with ADP_Stopped_ApplicationExit or ADP_Stopped_RunTimeErrorUnknown. */
static void end(bool is_good)
{
    register uint32_t operation __asm__("r0") = 0x18;
    register uint32_t reason __asm__("r1") = is_good ? 0x20026 : 0x20023;
    for (;;) {
        __asm__ volatile("bkpt 0xab" : : "r"(operation), "r"(reason) : "memory");
    }
}

static void good(lowkey_status status)
{
    if (status != LOWKEY_OK) {
        end(false);
    }
}

/* No secret of this program is one. */
static int32_t numbers(void *context, uint8_t *out, size_t len)
{
    static uint32_t state;
    (void)context;
    while (len > 0) {
        state = state * 1664525u + 1013904223u;
        out[--len] = (uint8_t)(state >> 24);
    }
    return 0;
}

static void make_keys(void)
{
    static lowkey_identity devices;
    static lowkey_peer servers;
    (void)numbers(NULL, device_key, sizeof device_key);
    (void)numbers(NULL, server_key, sizeof server_key);
    (void)numbers(NULL, hedge, sizeof hedge);
    (void)numbers(NULL, psk_bytes, sizeof psk_bytes);
    good(lowkey_identity_init(&devices, device_key, NULL));
    good(lowkey_identity_public_key(&devices, device_public));
    good(lowkey_identity_init(&identity, server_key, NULL));
    good(lowkey_identity_public_key(&identity, server_public));
    good(lowkey_peer_init(&servers, &devices, server_public, NULL));
    good(lowkey_peer_shared(&servers, shared));
    good(lowkey_peer_init(&peer, &identity, device_public, shared));
    good(lowkey_psk_init(&psk, psk_bytes));
    good(lowkey_ephemerals_init(&ephemerals, hedge, 1, numbers, NULL));
    good(lowkey_pinning_id(device_public, server_public, id));
}

/* `secret` is the PSK's, or NULL. */
static void begin(const uint8_t *secret, uint64_t boot)
{
    /* Static: zeros on the stack would be a call of memset. */
    static lowkey_buffers buffers;
    page.id = id;
    page.id_len = sizeof id;
    page.private_key = device_key;
    page.public_key = device_public;
    page.peer_key = server_public;
    page.shared = shared;
    page.hedge = hedge;
    page.psk = secret;
    buffers.incoming = device_incoming;
    buffers.incoming_len = sizeof device_incoming;
    buffers.outgoing = device_outgoing;
    buffers.outgoing_len = sizeof device_outgoing;
    good(lowkey_kk_init(&device, &page, &buffers, boot, numbers, NULL));
    good(lowkey_kk_begin(&device));
    buffers.incoming = server_incoming;
    buffers.incoming_len = sizeof server_incoming;
    buffers.outgoing = server_outgoing;
    buffers.outgoing_len = sizeof server_outgoing;
    good(lowkey_responder(&server, &buffers));
}

/* What the device has to send goes to the server, as far as that takes it. */
static lowkey_event step_device(void)
{
    const uint8_t *bytes;
    size_t len, taken;
    lowkey_event event;
    good(lowkey_kk_poll(&device, &event));
    good(lowkey_kk_unsent(&device, &bytes, &len));
    if (len > 0) {
        good(lowkey_feed(&server, bytes, len, &taken));
        good(lowkey_kk_sent(&device, taken));
    }
    return event;
}

/* The other way. */
static lowkey_event step_server(void)
{
    const uint8_t *bytes;
    size_t len, taken;
    lowkey_event event;
    good(lowkey_poll(&server, &event));
    if (event == LOWKEY_EVENT_HELLO) {
        const lowkey_pinning pinning = {
            .identity = &identity, .peer = &peer, .psk = page.psk == NULL ? NULL : &psk, .id = id, .id_len = sizeof id};
        good(lowkey_answer_kk(&server, &pinning, &ephemerals));
    }
    good(lowkey_unsent(&server, &bytes, &len));
    if (len > 0) {
        good(lowkey_kk_feed(&device, bytes, len, &taken));
        good(lowkey_sent(&server, taken));
    }
    return event;
}

static uint8_t byte_of(size_t message_len, size_t at)
{
    return (uint8_t)(3 * at + message_len);
}

/* Whether `data` is the message of this length. */
static void compare(const uint8_t *data, size_t len, bool is_last, size_t message_len)
{
    size_t at;
    for (at = 0; at < len && at < message_len; at++) {
        if (data[at] != byte_of(message_len, at)) {
            end(false);
        }
    }
    if (len != message_len || !is_last) {
        end(false);
    }
}

/* The server sends back what it has received. */
static void carry(size_t message_len)
{
    uint8_t message[LONGEST];
    const uint8_t *data;
    size_t len, at;
    bool is_last;
    for (at = 0; at < message_len; at++) {
        message[at] = byte_of(message_len, at);
    }
    good(lowkey_kk_send(&device, message, message_len));
    (void)step_device();
    if (step_server() != LOWKEY_EVENT_DATA) {
        end(false);
    }
    good(lowkey_take(&server, &data, &len, &is_last));
    compare(data, len, is_last, message_len);
    good(lowkey_send(&server, data, len));
    (void)step_server();
    if (step_device() != LOWKEY_EVENT_DATA) {
        end(false);
    }
    good(lowkey_kk_take(&device, &data, &len, &is_last));
    compare(data, len, is_last, message_len);
}

static void play(const uint8_t *secret, uint64_t boot)
{
    unsigned turn;
    size_t len;
    begin(secret, boot);
    for (turn = 0; turn < TURNS && !(lowkey_kk_is_open(&device) && lowkey_is_open(&server)); turn++) {
        (void)step_device();
        (void)step_server();
    }
    for (len = 0; len <= LONGEST; len += 7) {
        carry(len);
    }
}

void reset(void);

void reset(void)
{
    make_keys();
    play(NULL, 1);
    play(psk_bytes, 2);
    end(lowkey_version() == LOWKEY_VERSION);
}

extern const uint32_t stack[];

/* RAM is zeros when QEMU starts, and a fault ends it: there is no handler. */
__attribute__((section(".vectors"), used)) static const struct {
    const uint32_t *stack;
    void (*reset)(void);
} vectors = {stack, reset};
