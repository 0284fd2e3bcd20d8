/* memcpy and its like, for lwIP and for what GCC makes of structures: byte by byte, so they take little flash. */
#include <stddef.h>
#include <stdint.h>

/* The linker finds their callers when it is too late to keep them. */
void *memcpy(void *to, const void *from, size_t len) __attribute__((used));
void *memset(void *bytes, int value, size_t len) __attribute__((used));
int memcmp(const void *one, const void *other, size_t len) __attribute__((used));

#ifndef __clang__
/* Or GCC sees a memcpy in memcpy, and calls it. Clang wants -fno-builtin on its command line. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

void *memcpy(void *to, const void *from, size_t len)
{
    uint8_t *out = (uint8_t *)to;
    const uint8_t *in = (const uint8_t *)from;
    while (len-- > 0) {
        *out++ = *in++;
    }
    return to;
}

void *memset(void *bytes, int value, size_t len)
{
    uint8_t *out = (uint8_t *)bytes;
    while (len-- > 0) {
        *out++ = (uint8_t)value;
    }
    return bytes;
}

int memcmp(const void *one, const void *other, size_t len)
{
    const uint8_t *a = (const uint8_t *)one, *b = (const uint8_t *)other;
    for (; len > 0; len--, a++, b++) {
        if (*a != *b) {
            return *a - *b;
        }
    }
    return 0;
}
