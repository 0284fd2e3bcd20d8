/* A stream between two sides for the callbacks. */
#include "wire.h"

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static bool stutters(const wire_end *end, unsigned *calls) { return end->stutter != 0 && ++*calls % end->stutter == 0; }

int32_t wire_read(void *context, uint8_t *out, size_t len) {
  wire_end *end = (wire_end *)context;
  const size_t n = least(least(len, end->most), end->in->len);
  CHECK(len > 0);
  if (stutters(end, &end->reads)) return LOWKEY_IO_WOULD_BLOCK;
  if (n == 0) return end->ended ? 0 : LOWKEY_IO_WOULD_BLOCK;
  memcpy(out, end->in->bytes, n);
  memmove(end->in->bytes, end->in->bytes + n, end->in->len - n);
  end->in->len -= n;
  return (int32_t)n;
}

int32_t wire_write(void *context, const uint8_t *bytes, size_t len) {
  wire_end *end = (wire_end *)context;
  const size_t n = least(least(len, end->most), end->out->room - end->out->len);
  CHECK(len > 0);
  if (n == 0 || stutters(end, &end->writes)) return LOWKEY_IO_WOULD_BLOCK;
  memcpy(end->out->bytes + end->out->len, bytes, n);
  end->out->len += n;
  return (int32_t)n;
}
