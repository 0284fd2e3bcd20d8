/* Every function on a channel, all right but the channel: each checks that a failure left its outputs alone. */
#ifndef CALLS_H
#define CALLS_H

#include "side.h"

typedef struct channel_call {
  const char *name;
  lowkey_status (*call)(lowkey_channel *channel);
} channel_call;

/* What acts on a channel. After an error that ended it each of these and of the next gives that one. */
extern const channel_call ACTS[];
extern const size_t ACT_COUNT;
/* What asks a channel something; NULL or not a channel is a status here too. */
extern const channel_call QUESTIONS[];
extern const size_t QUESTION_COUNT;
/* What makes or wipes a channel, whatever its storage holds. */
extern const channel_call MAKERS[];
extern const size_t MAKER_COUNT;

/* Keys that the calls are made with. */
extern side CALLER;
void make_caller(void);

#endif
