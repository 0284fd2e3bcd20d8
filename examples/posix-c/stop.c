/* Stopping when a signal says so. */
#include "stop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static int ends[2];
static volatile sig_atomic_t is_asked;

static void on_signal(int number)
{
    const int before = errno;
    (void)number;
    is_asked = 1;
    if (write(ends[1], "", 1) < 0) {
        /* The pipe is full: we have been told often enough. */
    }
    errno = before;
}

int stop_on_signals(const char **why)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    if (pipe(ends) != 0 || sigaction(SIGINT, &action, NULL) != 0 || sigaction(SIGTERM, &action, NULL) != 0) {
        *why = strerror(errno);
        return -1;
    }
    return ends[0];
}

bool stop_is_asked(void)
{
    return is_asked != 0;
}
