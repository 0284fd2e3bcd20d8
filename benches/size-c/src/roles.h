/* Each role of each pattern, played once; whether it went as recorded. A row calls those that it measures. */
#ifndef ROLES_H
#define ROLES_H

#include <lowkey.h>
#include <stdbool.h>

bool kk_initiator(lowkey_mode mode);
bool kk_responder(lowkey_mode mode);
bool xx_initiator(lowkey_mode mode);
bool xx_responder(lowkey_mode mode);

#endif
