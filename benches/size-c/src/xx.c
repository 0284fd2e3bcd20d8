/* XX and XXpsk0: pairing, from both sides. */
#include "fixed.h"
#include "play.h"
#include "roles.h"

static const lowkey_psk *code;

static lowkey_status answer(void)
{
    return lowkey_answer_xx(&play_channel, &play_identity, code, &play_ephemerals);
}

static lowkey_status judge(void)
{
    uint8_t key[LOWKEY_KEY_LEN];
    const lowkey_status status = lowkey_peer_key(&play_channel, key);
    return status == LOWKEY_OK ? lowkey_accept(&play_channel) : status;
}

bool xx_initiator(lowkey_mode mode)
{
    static const play_answers answers = {NULL, judge};
    const uint8_t *id = (const uint8_t *)ID;
    code = mode == LOWKEY_XXPSK0 ? &play_psk : NULL;
    return play_as_device() == LOWKEY_OK
        && lowkey_xx_initiator(&play_channel, &play_buffers, &play_identity, code, id, ID_LEN, &play_ephemerals)
               == LOWKEY_OK
        && play(mode, &answers);
}

bool xx_responder(lowkey_mode mode)
{
    static const play_answers answers = {answer, judge};
    code = mode == LOWKEY_XXPSK0 ? &play_psk : NULL;
    return play_as_server() == LOWKEY_OK && lowkey_responder(&play_channel, &play_buffers) == LOWKEY_OK
        && play(mode, &answers);
}
