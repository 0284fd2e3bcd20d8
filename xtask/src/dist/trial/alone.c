/* A device and a server in one image, with nothing beside the library: no C library, no functions of the compiler's, no
 * start-up code. A handshake, and messages of many lengths; then it ends, by semihosting, with what came of it. */
#include <lowkey.h>

#define LONGEST 240u
#define TURNS 60u /* far more than a handshake takes */

struct side {
    lowkey_identity identity;
    lowkey_peer peer;
    lowkey_ephemerals ephemerals;
    lowkey_channel channel;
    uint8_t public_key[LOWKEY_KEY_LEN];
    uint8_t incoming[300], outgoing[300];
};

static struct side device, server;
static uint8_t id[LOWKEY_PINNING_ID_LEN];

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

static void make_key(struct side *side, uint64_t boot)
{
    uint8_t secret[LOWKEY_KEY_LEN];
    (void)numbers(NULL, secret, sizeof secret);
    good(lowkey_identity_init(&side->identity, secret, NULL));
    good(lowkey_identity_public_key(&side->identity, side->public_key));
    good(lowkey_ephemerals_init(&side->ephemerals, secret, boot, numbers, NULL));
}

static void begin(struct side *side, const struct side *other, bool is_device)
{
    /* Static: zeros on the stack would be a call of memset. */
    static lowkey_buffers buffers;
    static lowkey_pinning pinning; /* the device's */
    buffers.incoming = side->incoming;
    buffers.incoming_len = sizeof side->incoming;
    buffers.outgoing = side->outgoing;
    buffers.outgoing_len = sizeof side->outgoing;
    good(lowkey_peer_init(&side->peer, &side->identity, other->public_key, NULL));
    if (is_device) {
        pinning.identity = &side->identity;
        pinning.peer = &side->peer;
        pinning.id = id;
        pinning.id_len = sizeof id;
        good(lowkey_kk_initiator(&side->channel, &buffers, &pinning, &side->ephemerals));
    } else {
        good(lowkey_responder(&side->channel, &buffers));
    }
}

/* What one side has to send goes to the other, as far as that takes it. */
static lowkey_event step(struct side *side, struct side *other)
{
    const uint8_t *bytes;
    size_t len, taken;
    lowkey_event event;
    good(lowkey_poll(&side->channel, &event));
    if (event == LOWKEY_EVENT_HELLO) {
        const lowkey_pinning pinning = {
            .identity = &side->identity, .peer = &side->peer, .psk = NULL, .id = id, .id_len = sizeof id};
        good(lowkey_answer_kk(&side->channel, &pinning, &side->ephemerals));
    }
    good(lowkey_unsent(&side->channel, &bytes, &len));
    if (len > 0) {
        good(lowkey_feed(&other->channel, bytes, len, &taken));
        good(lowkey_sent(&side->channel, taken));
    }
    return event;
}

static void carry(size_t message_len)
{
    uint8_t message[LONGEST];
    const uint8_t *data;
    size_t len, at;
    bool is_last;
    for (at = 0; at < message_len; at++) {
        message[at] = (uint8_t)(3 * at + message_len);
    }
    good(lowkey_send(&device.channel, message, message_len));
    (void)step(&device, &server);
    if (step(&server, &device) != LOWKEY_EVENT_DATA) {
        end(false);
    }
    good(lowkey_take(&server.channel, &data, &len, &is_last));
    for (at = 0; at < len && at < message_len; at++) {
        if (data[at] != message[at]) {
            end(false);
        }
    }
    if (len != message_len || !is_last) {
        end(false);
    }
}

void reset(void);

void reset(void)
{
    unsigned turn;
    size_t len;
    make_key(&device, 1);
    make_key(&server, 2);
    good(lowkey_pinning_id(device.public_key, server.public_key, id));
    begin(&device, &server, true);
    begin(&server, &device, false);
    for (turn = 0; turn < TURNS && !(lowkey_is_open(&device.channel) && lowkey_is_open(&server.channel)); turn++) {
        (void)step(&device, &server);
        (void)step(&server, &device);
    }
    for (len = 0; len <= LONGEST; len += 7) {
        carry(len);
    }
    end(lowkey_version() == LOWKEY_VERSION);
}

extern const uint32_t stack[];

/* RAM is zeros when QEMU starts, and a fault ends it: there is no handler. */
__attribute__((section(".vectors"), used)) static const struct {
    const uint32_t *stack;
    void (*reset)(void);
} vectors = {stack, reset};
