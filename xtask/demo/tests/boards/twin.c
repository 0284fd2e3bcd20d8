/* What the board in C decides, told line by line: `twin address` reads addresses, `twin liveness` looks at a
 * connection. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "liveness.h"

static void address(const char *line)
{
    struct address at;
    if (address_read(&at, line, strlen(line))) {
        printf("%u.%u.%u.%u:%u\n", at.ip[0], at.ip[1], at.ip[2], at.ip[3], at.port);
    } else {
        puts("none");
    }
}

/* `now received acknowledged is_waiting is_awaiting`; the first line begins it. */
static void look(const char *line)
{
    static const char *const verdicts[] = {"good", "ask", "dead"};
    static struct liveness liveness;
    static int is_begun;
    struct traffic traffic;
    uint32_t now;
    unsigned waiting, awaiting;
    if (sscanf(line, "%" SCNu32 " %" SCNu32 " %" SCNu32 " %u %u", &now, &traffic.received, &traffic.acknowledged, &waiting,
               &awaiting) != 5) {
        puts("?");
        return;
    }
    traffic.is_waiting = waiting != 0;
    traffic.is_awaiting = awaiting != 0;
    if (!is_begun) {
        liveness_begin(&liveness, &traffic, now);
        is_begun = 1;
    }
    puts(verdicts[liveness_look(&liveness, &traffic, now, 20, 10)]);
}

int main(int argc, char **argv)
{
    char line[128];
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        (argc > 1 && strcmp(argv[1], "address") == 0 ? address : look)(line);
    }
    return 0;
}
