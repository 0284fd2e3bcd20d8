/* A device with lowkey_kk.h, played once in each mode; whether it went as recorded. */
#ifndef DEVICE_H
#define DEVICE_H

#include <lowkey_kk.h>
#include <stdbool.h>

extern lowkey_kk device;

bool device_kk(void);
bool device_kk_psk0(void);

/* The same in KK, with a numbered message. */
bool device_outbox(void);

#endif
