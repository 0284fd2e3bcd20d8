/* What every test program in C uses: a check that says where it failed. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lowkey.h"

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);         \
      exit(1);                                                                \
    }                                                                         \
  } while (0)

/* A call gives this status. */
#define GIVES(status, call)                                                   \
  do {                                                                        \
    const lowkey_status check_given = (lowkey_status)(call);                  \
    if (check_given != (status)) {                                            \
      fprintf(stderr, "%s:%d: %s\n  gave: %s\n", __FILE__, __LINE__, #call,   \
              lowkey_status_text(check_given));                               \
      exit(1);                                                                \
    }                                                                         \
  } while (0)

#define OK(call) GIVES(LOWKEY_OK, call)

/* A call whose status does not matter here. */
#define TRY(call)                                                             \
  do {                                                                        \
    if ((call) != LOWKEY_OK) break;                                           \
  } while (0)

#endif
