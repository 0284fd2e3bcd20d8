// Lowkey for a device that connects to one server: the initiator of KK and KKpsk0, smaller than any role of lowkey.h.
// C99 and C++11.
//
// Made from the library's sources: do not change it here.
//
// One object is the device, its keys and its channel: it points to the key page, which stays where it is, and has two
// buffers. All storage is yours. There is no heap, no global, and nothing is printed. Look at the status that each call
// gives, which is left out here:
//
//   static lowkey_kk device;                                            // zeros at first
//   lowkey_page_read(&page, flash, flash_len);
//   lowkey_boot_log_next(&flash_log, &boot);
//   lowkey_kk_init(&device, &page, &buffers, boot, random, NULL);       // once a start
//   lowkey_kk_begin(&device);                                           // each time: the first message; no network yet
//
// Way 1, you move the bytes (lwIP, interrupts, an RTOS). Whenever bytes have come or could be sent:
//
//   lowkey_kk_feed(&device, bytes, len, &taken);                        // for what is not taken: after the events
//   while (lowkey_kk_poll(&device, &event) == LOWKEY_OK && event != LOWKEY_EVENT_READ) {
//     if (event == LOWKEY_EVENT_WRITE) {
//       lowkey_kk_unsent(&device, &out, &n);                            // write m of the n bytes; 0 if none goes now
//       lowkey_kk_sent(&device, m);
//     }
//     if (event == LOWKEY_EVENT_DATA) {
//       lowkey_kk_take(&device, &data, &n, &is_last);                   // use the n bytes
//       lowkey_kk_send(&device, answer, answer_len);
//     }
//     if (event == LOWKEY_EVENT_END) break;
//   }
//   lowkey_kk_close(&device);                                           // when all is said; then LOWKEY_EVENT_WRITE
//   lowkey_kk_feed_end(&device);                                        // when the stream has ended, behind all bytes
//
// The loop ends even if the stream takes nothing, and it sees what comes meanwhile: the first lowkey_kk_poll after
// lowkey_kk_sent(&device, 0) looks past what is unsent. lowkey_kk_send gives LOWKEY_WOULD_BLOCK then: keep the answer
// until nothing is unsent.
//
// Way 2, two callbacks move the bytes (sockets, a UART), waiting or not:
//
//   lowkey_kk_run(&device, &io, &event);                                // LOWKEY_EVENT_OPEN
//   lowkey_kk_send_message(&device, &io, report, report_len, &done);    // done is 0 before
//   lowkey_kk_recv_message(&device, &io, answer, sizeof answer, &n, &is_end);
//   lowkey_kk_finish(&device, &io);                                     // our CLOSE, then all up to the peer's
//
// The rules stand at the top of lowkey_common.h.
#ifndef LOWKEY_KK_H
#define LOWKEY_KK_H

#include "lowkey_common.h"

@DECLARATIONS@
LOWKEY_ASSERT(kk, sizeof(lowkey_kk) == LOWKEY_KK_SIZE);
LOWKEY_ASSERT(outbox, sizeof(lowkey_outbox) == LOWKEY_OUTBOX_SIZE);

#endif // LOWKEY_KK_H
