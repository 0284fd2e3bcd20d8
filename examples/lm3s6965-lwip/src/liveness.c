/* Whether the server is still there. */
#include "liveness.h"

void liveness_begin(struct liveness *liveness, const struct traffic *traffic, uint32_t now)
{
    liveness->last = *traffic;
    liveness->heard = liveness->taken = liveness->moved = now;
    liveness->is_delivered = false;
}

enum liveness_verdict liveness_look(struct liveness *liveness, const struct traffic *traffic, uint32_t now,
                                    uint32_t silence, uint32_t patience)
{
    const bool has_come = traffic->received != liveness->last.received;
    const bool is_taken = traffic->acknowledged != liveness->last.acknowledged;
    liveness->last = *traffic;
    if (has_come) {
        liveness->heard = now;
    }
    if (is_taken || !traffic->is_waiting) {
        liveness->taken = now;
    }
    /* Once the server's TCP has had everything, it may go on to take readings for hours in the name of a server that
     * hangs: only while more waits does what it takes show that our question has not got through yet. */
    if (has_come || !traffic->is_awaiting || (is_taken && (traffic->is_waiting || !liveness->is_delivered))) {
        liveness->moved = now;
    }
    liveness->is_delivered = traffic->is_awaiting && (liveness->is_delivered || !traffic->is_waiting);
    if (now - liveness->taken >= patience || now - liveness->moved >= patience) {
        return LIVENESS_DEAD;
    }
    return !traffic->is_awaiting && now - liveness->heard >= silence ? LIVENESS_ASK : LIVENESS_GOOD;
}
