/* A KK and KKpsk0 initiator: what a device has that connects to its server. */
#include "roles.h"
#include "row.h"

const uint32_t row_context = sizeof(lowkey_channel);

bool row_run(void)
{
    return kk_initiator(LOWKEY_KK) && kk_initiator(LOWKEY_KKPSK0);
}
