/* KK and KKpsk0: a device that others connect to. */
#include "fixed.h"
#include "play.h"
#include "roles.h"

static lowkey_status answer(void)
{
    lowkey_hello hello;
    lowkey_status status = lowkey_hello_read(&play_channel, &hello);
    if (status == LOWKEY_OK) {
        play_pinning.psk = hello.mode == LOWKEY_KKPSK0 ? &play_psk : NULL;
        status = lowkey_answer_kk(&play_channel, &play_pinning, &play_ephemerals);
    }
    return status;
}

bool kk_responder(lowkey_mode mode)
{
    static const play_answers answers = {answer, NULL};
    return play_as_server() == LOWKEY_OK && lowkey_responder(&play_channel, &play_buffers) == LOWKEY_OK
        && play(mode, &answers);
}
