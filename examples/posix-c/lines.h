/* Standard input, line by line, without waiting for it. */
#ifndef LINES_H
#define LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest line, in bytes. */
#define LINES_LONGEST (1024 * 1024)

/* All zeros: nothing has been read. */
struct lines {
    uint8_t bytes[LINES_LONGEST + 1];
    size_t begin, end; /* where the bytes lie that have been read and not been dropped */
    bool has_ended;    /* nothing more will come */
};

/* Reads what there is, once poll has said that there is something. NULL, or what is wrong, for people. */
const char *lines_read(struct lines *lines);

/* The first line, without its end. NULL: it has not come whole. */
const uint8_t *lines_first(const struct lines *lines, size_t *len);

/* Drops the first line. */
void lines_drop(struct lines *lines);

#endif
