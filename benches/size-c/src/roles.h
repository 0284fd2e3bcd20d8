/* Each role of each pattern, played once; whether it went as recorded. A row calls those that it measures. */
#ifndef ROLES_H
#define ROLES_H

#include <lowkey.h>
#include <stdbool.h>

bool kk_initiator(lowkey_mode mode);
bool kk_responder(lowkey_mode mode);
bool xx_initiator(lowkey_mode mode);
bool xx_responder(lowkey_mode mode);
bool pairing_initiator(void);
bool pairing_responder(void);

/* What both have paired with last. */
extern lowkey_pairing pairing;

#endif
