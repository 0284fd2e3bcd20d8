/* A device that numbers what it sends and keeps it until it is acknowledged, with lowkey_kk.h. */
#include "device.h"
#include "row.h"

const uint32_t row_context = sizeof(lowkey_kk) + sizeof(lowkey_outbox);

bool row_run(void)
{
    return device_outbox();
}
