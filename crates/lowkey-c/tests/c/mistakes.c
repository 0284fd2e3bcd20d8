/* Mistakes that a compiler has to find, one for each MISTAKE; with 0 there is none. C99 and C++11. With DEVICE they are
 * made with lowkey_kk.h. */
#ifdef DEVICE
#include "lowkey_kk.h"
#define lowkey_channel lowkey_kk
#define lowkey_poll lowkey_kk_poll
#define lowkey_close lowkey_kk_close
#define lowkey_channel_wipe lowkey_kk_wipe
#else
#include "lowkey.h"
#endif

#if defined(__clang__) && __clang_major__ < 19 && !defined(__cplusplus)
#define KNOWS_ENUMERATORS 0 /* to it they are plain numbers */
#else
#define KNOWS_ENUMERATORS 1
#endif

lowkey_status mistake(lowkey_channel *channel);

lowkey_status mistake(lowkey_channel *channel) {
  lowkey_event event = LOWKEY_EVENT_READ;
  lowkey_status status = lowkey_poll(channel, &event);
#if MISTAKE == 0
  if (status == LOWKEY_OK && event == LOWKEY_EVENT_END) {
    status = lowkey_close(channel);
  }
  lowkey_channel_wipe(channel);
#elif MISTAKE == 1
  status = event;
#elif MISTAKE == 2
  status = LOWKEY_EVENT_WRITE;
#elif MISTAKE == 3
  event = status;
#elif MISTAKE == 4
  if (status == event) {
    return LOWKEY_OK;
  }
#elif MISTAKE == 5 && KNOWS_ENUMERATORS
  if (lowkey_poll(channel, &event) == LOWKEY_EVENT_DATA) {
    return LOWKEY_OK;
  }
#elif MISTAKE == 6 && KNOWS_ENUMERATORS
  if (event == LOWKEY_OK) {
    return LOWKEY_OK;
  }
#elif MISTAKE == 7
  status = lowkey_poll(channel, &status);
#elif MISTAKE == 8
  return LOWKEY_EVENT_READ;
#elif MISTAKE == 9
  if (lowkey_status_text(event)[0] != '\0') {
    return LOWKEY_OK;
  }
#elif MISTAKE == 10 && !defined(DEVICE)
  if (lowkey_refuse(channel, LOWKEY_REFUSED_BUSY) == LOWKEY_OK) { /* a refusal is meant: LOWKEY_REFUSAL_BUSY */
    return LOWKEY_OK;
  }
#elif MISTAKE == 11
  lowkey_close(channel);
#elif MISTAKE == 12
  lowkey_poll(channel, &event);
#else
#error "there is no such mistake, or this compiler is too old to find it"
#endif
  return status;
}
