/* KK and KKpsk0 in both roles: what a device has that others connect to as well. */
#include "roles.h"
#include "row.h"

const uint32_t row_context = sizeof(lowkey_channel);

bool row_run(void)
{
    return kk_initiator(LOWKEY_KK) && kk_initiator(LOWKEY_KKPSK0) && kk_responder(LOWKEY_KK)
        && kk_responder(LOWKEY_KKPSK0);
}
