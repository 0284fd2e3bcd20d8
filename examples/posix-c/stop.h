/* Stopping when a signal says so. */
#ifndef STOP_H
#define STOP_H

#include <stdbool.h>

/* From now on SIGINT and SIGTERM end nothing at once: what is returned can be read when one has come. poll sees that
 * even if the signal comes just before. -1: it could not be done, and why, for people. */
int stop_on_signals(const char **why);

/* Whether one has come. */
bool stop_is_asked(void);

#endif
