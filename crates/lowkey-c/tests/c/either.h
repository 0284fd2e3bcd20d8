/* With DEVICE, the initiator of a test is a lowkey_kk in the storage of its channel, and the names of lowkey.h are
 * those of both headers: what both have must do the same, so the same programs test both. Whatever lowkey_responder has
 * not begun is taken for a device. */
#ifndef EITHER_H
#define EITHER_H

#include "check.h"
#include "lowkey_kk.h"

#ifdef DEVICE
#define IS_DEVICE true
#else
#define IS_DEVICE false
#endif

/* What both headers have: name, result, parameters and arguments, of which the first is the object. */
#define FOR_EITHER(CALL)                                                                                        \
  CALL(poll, lowkey_status, (lowkey_channel * object, lowkey_event *event), (object, event))                    \
  CALL(feed, lowkey_status, (lowkey_channel * object, const uint8_t *bytes, size_t len, size_t *taken),         \
       (object, bytes, len, taken))                                                                             \
  CALL(feed_end, lowkey_status, (lowkey_channel * object), (object))                                            \
  CALL(space, lowkey_status, (lowkey_channel * object, uint8_t **space, size_t *len), (object, space, len))     \
  CALL(filled, lowkey_status, (lowkey_channel * object, size_t len), (object, len))                             \
  CALL(unsent, lowkey_status, (lowkey_channel * object, const uint8_t **bytes, size_t *len),                    \
       (object, bytes, len))                                                                                    \
  CALL(sent, lowkey_status, (lowkey_channel * object, size_t len), (object, len))                               \
  CALL(take, lowkey_status, (lowkey_channel * object, const uint8_t **data, size_t *len, bool *is_last),        \
       (object, data, len, is_last))                                                                            \
  CALL(send, lowkey_status, (lowkey_channel * object, const uint8_t *message, size_t len),                      \
       (object, message, len))                                                                                  \
  CALL(send_part, lowkey_status,                                                                                \
       (lowkey_channel * object, const uint8_t *bytes, size_t len, bool is_last, size_t *taken),                \
       (object, bytes, len, is_last, taken))                                                                    \
  CALL(ping, lowkey_status, (lowkey_channel * object, const uint8_t *body, size_t len), (object, body, len))    \
  CALL(close, lowkey_status, (lowkey_channel * object), (object))                                               \
  CALL(max_data, lowkey_status, (lowkey_channel * object, size_t *len), (object, len))                          \
  CALL(handshake_hash, lowkey_status, (lowkey_channel * object, uint8_t *hash), (object, hash))                 \
  CALL(is_open, bool, (lowkey_channel * object), (object))                                                      \
  CALL(awaits_pong, bool, (lowkey_channel * object), (object))                                                  \
  CALL(is_closed, bool, (lowkey_channel * object), (object))                                                    \
  CALL(run, lowkey_status, (lowkey_channel * object, const lowkey_io *io, lowkey_event *event),                 \
       (object, io, event))                                                                                     \
  CALL(flush, lowkey_status, (lowkey_channel * object, const lowkey_io *io), (object, io))                      \
  CALL(finish, lowkey_status, (lowkey_channel * object, const lowkey_io *io), (object, io))                     \
  CALL(send_message, lowkey_status,                                                                             \
       (lowkey_channel * object, const lowkey_io *io, const uint8_t *message, size_t len, size_t *done),        \
       (object, io, message, len, done))                                                                        \
  CALL(recv_message, lowkey_status,                                                                             \
       (lowkey_channel * object, const lowkey_io *io, uint8_t *message, size_t len, size_t *n, bool *is_end),   \
       (object, io, message, len, n, is_end))

#define DECLARE(name, result, parameters, arguments) result either_##name parameters;
FOR_EITHER(DECLARE)
lowkey_status either_wipe(lowkey_channel *object);
lowkey_status either_responder(lowkey_channel *channel, const lowkey_buffers *buffers);

#if defined(DEVICE) && !defined(EITHER_ITSELF)
#define lowkey_poll either_poll
#define lowkey_feed either_feed
#define lowkey_feed_end either_feed_end
#define lowkey_space either_space
#define lowkey_filled either_filled
#define lowkey_unsent either_unsent
#define lowkey_sent either_sent
#define lowkey_take either_take
#define lowkey_send either_send
#define lowkey_send_part either_send_part
#define lowkey_ping either_ping
#define lowkey_close either_close
#define lowkey_max_data either_max_data
#define lowkey_handshake_hash either_handshake_hash
#define lowkey_is_open either_is_open
#define lowkey_awaits_pong either_awaits_pong
#define lowkey_is_closed either_is_closed
#define lowkey_run either_run
#define lowkey_flush either_flush
#define lowkey_finish either_finish
#define lowkey_send_message either_send_message
#define lowkey_recv_message either_recv_message
#define lowkey_channel_wipe either_wipe
#define lowkey_responder either_responder
#endif

#endif
