/* A stream between two sides for the callbacks: two queues, and what can go wrong with them. */
#ifndef WIRE_H
#define WIRE_H

#include "side.h"

typedef struct queue {
  uint8_t bytes[4096];
  size_t len;
  size_t room; /* it takes no more than this */
} queue;

/* One end of it. */
typedef struct wire_end {
  queue *in, *out;
  size_t most;       /* bytes that one call moves at most */
  unsigned stutter;  /* every so many reads, and as many writes, it says LOWKEY_IO_WOULD_BLOCK; 0 is never */
  unsigned reads, writes;
  bool ended;        /* when `in` is empty, that is the end of the stream */
} wire_end;

int32_t wire_read(void *context, uint8_t *out, size_t len);
int32_t wire_write(void *context, const uint8_t *bytes, size_t len);

#endif
