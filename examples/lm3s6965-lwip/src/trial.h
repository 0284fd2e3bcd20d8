/* For the demo (DEMO=1): 64 KiB of binary data to a server that echoes, compared byte for byte with what comes back. */
#ifndef TRIAL_H
#define TRIAL_H

#include "channel.h"

/* Whether a trial has passed since the board was switched on: then no more are run. */
bool trial_is_over(void);

/* Begins from the first byte, on a channel that has just opened. */
void trial_begin(void);

/* Sends the next message if the last one is back. */
void trial_send(struct channel *channel);

/* Compares what has come: at CHANNEL_DATA. False: wrong bytes, which it has said. */
bool trial_receive(struct channel *channel);

#endif
