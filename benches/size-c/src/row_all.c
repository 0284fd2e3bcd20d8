/* Every mode in both roles: pairing as well. */
#include "roles.h"
#include "row.h"

const uint32_t row_context = sizeof(lowkey_channel);

bool row_run(void)
{
    return kk_initiator(LOWKEY_KK) && kk_initiator(LOWKEY_KKPSK0) && kk_responder(LOWKEY_KK)
        && kk_responder(LOWKEY_KKPSK0) && xx_initiator(LOWKEY_XX) && xx_initiator(LOWKEY_XXPSK0)
        && xx_responder(LOWKEY_XX) && xx_responder(LOWKEY_XXPSK0);
}
