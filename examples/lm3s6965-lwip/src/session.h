/* One channel's life: readings out, commands in.
 *
 * A command is `c` and a text, in a message of one record: `period MS` sets the time between readings, `report` is
 * answered with the device's state, `close` ends the channel. Other messages are not for the device, and neither is
 * what lies inside a longer one. */
#ifndef SESSION_H
#define SESSION_H

#include "channel.h"
#include "readings.h"

/* Who counts readings has no echo. */
#if defined(DEMO) && READINGS == 0
#define TRIAL
#endif

/* Has readings numbered, and kept until they are acknowledged, on a channel whose server does that. To any other they
 * go as they are. `boot` is the number of this start. */
lowkey_status session_number(struct channel *channel, const lowkey_page *page, uint64_t boot);

/* The state of a session. */
struct session {
    uint32_t sent;          /* readings that the server's TCP has acknowledged, on this channel */
    uint32_t in_flight;     /* readings that it has not */
    size_t received;        /* pieces of messages: a channel without any was good for nothing */
    bool is_inside;         /* a message of more than one record */
    bool owes_report;
    bool went_back; /* said so: the server knows numbers that this board has not given */
    bool is_over;   /* said so: all readings of a trial are acknowledged */
};

/* A session on a channel that has just opened. */
void session_begin(struct session *session);

/* Sends what waits, as far as there is room. */
void session_send(struct session *session, struct channel *channel);

/* Looks at what has come: at CHANNEL_DATA. False: the channel is to be dropped, and why has been said. */
bool session_receive(struct session *session, struct channel *channel);

#endif
