// Lowkey: what lowkey.h and lowkey_kk.h have in common. Include one of these. C99 and C++11.
//
// Made from the library's sources: do not change it here.
//
// Functions have the names of lowkey.h here: for lowkey_feed lowkey_kk.h has lowkey_kk_feed, and so on. What
// makes keys and ephemerals of a key page's fields is inside lowkey_kk_init there.
//
// Rules:
// - What the library can see is a status and never a crash: NULL, a length that is not allowed, a call that does not
//   fit, an object that is not initialised, buffers over each other or over an object or key that they are
//   used with, bytes that are fed out of an incoming buffer or sent out of an outgoing one, use after the end. When
//   a call fails, what it was to give is untouched.
// - What it cannot see is up to you: a pointer that is not NULL points to as many bytes as its length or its type says,
//   they stay as long as the function's description says, and otherwise objects and buffers do not overlap: two
//   channels never share a buffer.
// - An object is not moved or copied after it was initialised: it knows its address, so a copy is
//   LOWKEY_NOT_INITIALISED, wherever it lies. Do not put an old state back to where it was saved from: that cannot be
//   seen, and numbers that were used once would be used again, which gives away what they protected.
// - Nothing but its own function initialises an object. Before the first time, its storage is zeros (static, or cleared
//   by you): so that function can see that a call is inside of the object.
// - Threads: one object is used by one thread or interrupt level at a time. Different objects are independent.
// - A callback must not call a function on the objects of the call that it is called from: LOWKEY_OUT_OF_TURN.
// - Lengths are in bytes. Statuses up to LOWKEY_WOULD_BLOCK leave the object usable (lowkey_is_recoverable). After any
//   other the channel is over, its keys are wiped, and every call on it gives that status again. Every function on an
//   object also gives LOWKEY_NULL, LOWKEY_NOT_INITIALISED and LOWKEY_OUT_OF_TURN where it applies.
// - The core: code and tables stay where they were linked, and r9 is a register as any other (no ROPI, no RWPI). But
//   for Cortex-M0, M0+, M1 and M23 the library reads and writes words at odd addresses: CCR.UNALIGN_TRP stays 0, as
//   after a reset; and where an MPU says what kind of memory is where, objects, buffers and flash are Normal, not
//   Device. The library uses no floating point and links into programs of any -mfloat-abi.
#ifndef LOWKEY_COMMON_H
#define LOWKEY_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#if UINTPTR_MAX > 0xffffffffu
#define LOWKEY_POINTERS_OF_64_BITS
#else
#define LOWKEY_POINTERS_OF_32_BITS
#endif

// The version of this header; lowkey_version gives that of the library. Before 1.0, another minor version is another
// interface.
#define LOWKEY_VERSION_MAJOR @MAJOR@
#define LOWKEY_VERSION_MINOR @MINOR@
#define LOWKEY_VERSION_PATCH @PATCH@
#define LOWKEY_VERSION_TEXT "@VERSION@"
// The same as a number, to compare.
#define LOWKEY_VERSION (LOWKEY_VERSION_MAJOR * 1000000 + LOWKEY_VERSION_MINOR * 1000 + LOWKEY_VERSION_PATCH)

// Enumerations have 32 bits, whatever -fshort-enums says. Each is a type of its own: GCC and Clang warn when a status
// is stored or passed as an event (-Wall -Wextra), GCC also when the two are compared; C++ refuses most of it. To a
// compiler that can do neither they are numbers.
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
#define LOWKEY_ENUM(name) enum name : int32_t
#define LOWKEY_ENUM_TYPE(name) typedef enum name name
#elif defined(__GNUC__)
#define LOWKEY_ENUM(name) enum __attribute__((__mode__(__SI__))) name
#define LOWKEY_ENUM_TYPE(name) typedef enum name name
#else
#define LOWKEY_ENUM(name) enum name
#define LOWKEY_ENUM_TYPE(name) typedef int32_t name
#endif

// Before every function that gives a status, but those that wipe: compilers warn when nobody looks at it. To
// GCC, but for C++17 and C23, a cast to void is no look.
#if (defined(__cplusplus) && __cplusplus >= 201703L) || (!defined(__cplusplus) && __STDC_VERSION__ >= 202311L)
#define LOWKEY_MUST_USE [[nodiscard]]
#elif defined(__GNUC__)
#define LOWKEY_MUST_USE __attribute__((__warn_unused_result__))
#else
#define LOWKEY_MUST_USE
#endif

// The compiler and the library agree on how large the objects are.
#if defined(__cplusplus)
#define LOWKEY_ASSERT(name, condition) static_assert(condition, #name)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define LOWKEY_ASSERT(name, condition) _Static_assert(condition, #name)
#else
#define LOWKEY_ASSERT(name, condition) typedef char lowkey_assert_##name[(condition) ? 1 : -1]
#endif

@DECLARATIONS@
struct lowkey_alignment {
  char first;
  lowkey_seed second;
};
LOWKEY_ASSERT(alignment, offsetof(struct lowkey_alignment, second) <= LOWKEY_ALIGN);
LOWKEY_ASSERT(seed, sizeof(lowkey_seed) == LOWKEY_SEED_SIZE);
LOWKEY_ASSERT(backoff, sizeof(lowkey_backoff) == LOWKEY_BACKOFF_SIZE);
LOWKEY_ASSERT(status, sizeof(lowkey_status) == 4 && sizeof(lowkey_event) == 4);

#endif // LOWKEY_COMMON_H
