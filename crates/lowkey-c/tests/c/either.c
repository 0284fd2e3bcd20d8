/* A call on a channel or on a device, whichever lies there. */
#define EITHER_ITSELF
#include "either.h"

typedef char a_device_fits_into_a_channel[sizeof(lowkey_kk) <= sizeof(lowkey_channel) ? 1 : -1];

/* Where responders were begun, and not wiped since. */
static const lowkey_channel *responders[16];

static size_t place_of(const lowkey_channel *channel) {
  size_t at = 0;
  while (at < sizeof responders / sizeof *responders && responders[at] != channel) at++;
  return at;
}

static bool is_channel(const lowkey_channel *object) {
  return object != NULL && place_of(object) < sizeof responders / sizeof *responders;
}

#define EITHER(name, result, parameters, arguments)          \
  result either_##name parameters {                          \
    lowkey_kk *const device = (lowkey_kk *)(void *)object;   \
    if (is_channel(object)) return lowkey_##name arguments;  \
    {                                                        \
      lowkey_kk *const object = device;                      \
      return lowkey_kk_##name arguments;                     \
    }                                                        \
  }
FOR_EITHER(EITHER)

lowkey_status either_wipe(lowkey_channel *object) {
  if (!is_channel(object)) return lowkey_kk_wipe((lowkey_kk *)(void *)object);
  responders[place_of(object)] = NULL;
  return lowkey_channel_wipe(object);
}

lowkey_status either_responder(lowkey_channel *channel, const lowkey_buffers *buffers) {
  const lowkey_status status = lowkey_responder(channel, buffers);
  if (status == LOWKEY_OK && !is_channel(channel)) responders[place_of(NULL)] = channel;
  return status;
}
