/* A device that pairs by a code and then connects in KK. */
#include "roles.h"
#include "row.h"

const uint32_t row_context = sizeof(lowkey_channel);

bool row_run(void)
{
    return pairing_initiator() && kk_initiator(LOWKEY_KK);
}
