/* The header and the archive say which version they are, and it is the same. */
#include "check.h"

#if LOWKEY_VERSION_MAJOR == 0 && LOWKEY_VERSION < 1000000 && LOWKEY_VERSION >= 1000
#define IS_BEFORE_1_0 1
#else
#define IS_BEFORE_1_0 0
#endif

int main(void) {
  char numbers[32];
  const int len = snprintf(numbers, sizeof numbers, "%d.%d.%d", LOWKEY_VERSION_MAJOR, LOWKEY_VERSION_MINOR,
                           LOWKEY_VERSION_PATCH);
  CHECK(lowkey_version() == LOWKEY_VERSION);
  CHECK(len > 0 && strncmp(LOWKEY_VERSION_TEXT, numbers, (size_t)len) == 0);
  CHECK(IS_BEFORE_1_0 == (LOWKEY_VERSION_TEXT[0] == '0'));
  return 0;
}
