/* Standard input, line by line, without waiting for it. */
#include "lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

const char *lines_read(struct lines *lines)
{
    lines->end -= lines->begin;
    memmove(lines->bytes, lines->bytes + lines->begin, lines->end);
    lines->begin = 0;
    if (lines->end == sizeof lines->bytes) {
        return "standard input: a line is too long";
    }
    const ssize_t n = read(STDIN_FILENO, lines->bytes + lines->end, sizeof lines->bytes - lines->end);
    if (n < 0) {
        return errno == EINTR || errno == EAGAIN ? NULL : strerror(errno);
    }
    lines->has_ended = n == 0;
    lines->end += (size_t)n;
    return NULL;
}

const uint8_t *lines_first(const struct lines *lines, size_t *len)
{
    const size_t left = lines->end - lines->begin;
    const uint8_t *const first = lines->bytes + lines->begin;
    const uint8_t *const end = (const uint8_t *)memchr(first, '\n', left);
    *len = end != NULL ? (size_t)(end - first) : left;
    return end != NULL || (lines->has_ended && left > 0) ? first : NULL;
}

void lines_drop(struct lines *lines)
{
    size_t len;
    if (lines_first(lines, &len) != NULL) {
        const size_t left = lines->end - lines->begin;
        lines->begin += len < left ? len + 1 : len; /* the last line may have no end */
    }
}
