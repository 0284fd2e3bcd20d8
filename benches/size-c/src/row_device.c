/* A device that connects to its server, with lowkey_kk.h. */
#include "device.h"
#include "row.h"

const uint32_t row_context = sizeof(lowkey_kk);

bool row_run(void)
{
    return device_kk() && device_kk_psk0();
}
