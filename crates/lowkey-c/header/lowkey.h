// Lowkey: an authenticated, encrypted channel over any byte stream, for firmware. C99 and C++11.
//
// Made from the library's sources: do not change it here.
//
// A channel needs an identity (our key pair), a peer (a pinned key), ephemerals (one for each boot) and two buffers;
// all storage is yours. There is no heap, no global, and nothing is printed. Several channels live side by side.
// Look at the status that each call gives, which is left out here:
//
//   static lowkey_channel channel;                                      // zeros at first
//   lowkey_kk_initiator(&channel, &buffers, &pinning, &ephemerals);     // makes the first message; no network yet
//
// Way 1, you move the bytes (lwIP, interrupts, an RTOS). Whenever bytes have come or could be sent:
//
//   lowkey_feed(&channel, bytes, len, &taken);                          // for what is not taken: after the events
//   while (lowkey_poll(&channel, &event) == LOWKEY_OK && event != LOWKEY_EVENT_READ) {
//     if (event == LOWKEY_EVENT_WRITE) {
//       lowkey_unsent(&channel, &out, &n);                              // write m of the n bytes; 0 if none goes now
//       lowkey_sent(&channel, m);
//     }
//     if (event == LOWKEY_EVENT_DATA) {
//       lowkey_take(&channel, &data, &n, &is_last);                     // use the n bytes
//       lowkey_send(&channel, answer, answer_len);
//     }
//     if (event == LOWKEY_EVENT_END) break;
//   }
//   lowkey_close(&channel);                                             // when all is said; then LOWKEY_EVENT_WRITE
//   lowkey_feed_end(&channel);                                          // when the stream has ended, behind all bytes
//
// The loop ends even if the stream takes nothing, and it sees what comes meanwhile: the first lowkey_poll after
// lowkey_sent(&channel, 0) looks past what is unsent. lowkey_send gives LOWKEY_WOULD_BLOCK then: keep the answer until
// nothing is unsent.
//
// Way 2, two callbacks move the bytes (sockets, a UART), waiting or not:
//
//   lowkey_run(&channel, &io, &event);                                  // LOWKEY_EVENT_OPEN
//   lowkey_send_message(&channel, &io, report, report_len, &done);      // done is 0 before
//   lowkey_recv_message(&channel, &io, answer, sizeof answer, &n, &is_end);
//   lowkey_finish(&channel, &io);                                       // our CLOSE, then all up to the peer's
//
// Two sides that have not met, and a code that both know, for example on a label:
//
//   lowkey_code_psk(&psk, label, label_len, name);
//   lowkey_pairing_init(&pairing, &identity, &psk, name, &store);       // your flash, as three callbacks
//   lowkey_pairing_initiator(&pairing, &channel, &buffers, &ephemerals);
//   lowkey_pairing_run(&pairing, &channel, &io, &ephemerals);           // the store has the peer's key: KK is next
//
// What holds for every object stands at the top of lowkey_common.h, and here besides:
// - An identity, a peer and a PSK may be shared by channels of several threads. Of them a call from a callback cannot
//   be seen.
#ifndef LOWKEY_H
#define LOWKEY_H

#include "lowkey_common.h"

@DECLARATIONS@
LOWKEY_ASSERT(identity, sizeof(lowkey_identity) == LOWKEY_IDENTITY_SIZE);
LOWKEY_ASSERT(peer, sizeof(lowkey_peer) == LOWKEY_PEER_SIZE);
LOWKEY_ASSERT(psk, sizeof(lowkey_psk) == LOWKEY_PSK_SIZE);
LOWKEY_ASSERT(ephemerals, sizeof(lowkey_ephemerals) == LOWKEY_EPHEMERALS_SIZE);
LOWKEY_ASSERT(channel, sizeof(lowkey_channel) == LOWKEY_CHANNEL_SIZE);
LOWKEY_ASSERT(pairing, sizeof(lowkey_pairing) == LOWKEY_PAIRING_SIZE);
LOWKEY_ASSERT(key_store, sizeof(lowkey_key_store) == LOWKEY_KEY_STORE_SIZE);
LOWKEY_ASSERT(mode, sizeof(lowkey_mode) == 4);

#endif // LOWKEY_H
