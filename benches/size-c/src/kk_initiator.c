/* KK and KKpsk0: a device that connects to its server. */
#include "play.h"
#include "roles.h"

bool kk_initiator(lowkey_mode mode)
{
    static const play_answers nothing = {NULL, NULL};
    play_pinning.psk = mode == LOWKEY_KKPSK0 ? &play_psk : NULL;
    return play_as_device() == LOWKEY_OK
        && lowkey_kk_initiator(&play_channel, &play_buffers, &play_pinning, &play_ephemerals) == LOWKEY_OK
        && play(mode, &nothing);
}
