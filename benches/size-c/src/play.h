/* One connection with the recorded peer: handshake, a message each way unless it is a pairing, both CLOSEs. Every
 * object is static, as in firmware that has one channel. */
#ifndef PLAY_H
#define PLAY_H

#include <lowkey.h>
#include <stdbool.h>

/* What a side of a connection answers that not every side is asked. */
typedef struct {
    /* An initiator has come; NULL where we are the initiator. */
    lowkey_status (*hello)(void);
    /* The peer has proven a key; NULL where it is pinned. */
    lowkey_status (*claim)(void);
} play_answers;

extern lowkey_identity play_identity;
extern lowkey_psk play_psk;
extern lowkey_ephemerals play_ephemerals;
extern lowkey_channel play_channel;
extern lowkey_pinning play_pinning;
extern const lowkey_buffers play_buffers;

/* Makes the keys and the randomness of the device. */
lowkey_status play_as_device(void);

/* The same of the server. */
lowkey_status play_as_server(void);

/* Drives play_channel to its end with what was recorded for this mode and role; whether it went as recorded. */
bool play(lowkey_mode mode, const play_answers *answers);

#endif
