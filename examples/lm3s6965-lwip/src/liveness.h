/* Whether the server is still there: judged by what comes from it, what it takes, and whether it answers.
 *
 * Neither Lowkey nor TCP says when to give up: a line that dies sends no word of it. Nothing here knows Lowkey or
 * lwIP. */
#ifndef LIVENESS_H
#define LIVENESS_H

#include <stdbool.h>
#include <stdint.h>

/* What has passed on a connection, and what it waits for. */
struct traffic {
    uint32_t received;     /* bytes that came, in all; may wrap */
    uint32_t acknowledged; /* bytes that the server's TCP has acknowledged, in all; may wrap */
    bool is_waiting;       /* other bytes wait for that */
    bool is_awaiting;      /* a PONG, an answer or the server's CLOSE has to come */
};

/* What to do about it. */
enum liveness_verdict {
    LIVENESS_GOOD,
    LIVENESS_ASK,  /* send a PING, and say that an answer has to come */
    LIVENESS_DEAD, /* give it up */
};

/* The members are the functions' own. Times in milliseconds, which may wrap. */
struct liveness {
    struct traffic last;
    uint32_t heard;    /* when something came last */
    uint32_t taken;    /* when something was acknowledged last, or nothing waited for that */
    uint32_t moved;    /* when what is awaited came closer last, or nothing was awaited */
    bool is_delivered; /* the server's TCP has had all that we sent, since something is awaited */
};

/* A connection that is good now. */
void liveness_begin(struct liveness *liveness, const struct traffic *traffic, uint32_t now);

/* Looks at it, often. After `silence` milliseconds in which nothing came the server is to be asked. It is dead when it
 * has taken nothing of what waits for `patience` milliseconds, or when nothing has brought what is awaited closer for
 * as long: neither a byte that came, nor one that was taken while more waited. A slow line is not a dead one, and a
 * server that takes nothing is dead however much it sends. */
enum liveness_verdict liveness_look(struct liveness *liveness, const struct traffic *traffic, uint32_t now,
                                    uint32_t silence, uint32_t patience);

#endif
