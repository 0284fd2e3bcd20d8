//! The numbers that programs in C were compiled with.

use lowkey_c::{lowkey_event, lowkey_mode, lowkey_refusal, lowkey_status, lowkey_status_text};

use lowkey_event::*;
use lowkey_mode::*;
use lowkey_refusal::*;
use lowkey_status::*;

/// A number is never given to another status, and a status never gets another number.
#[test]
fn numbers_never_change() {
    let ours = [
        LOWKEY_OK,
        LOWKEY_NULL,
        LOWKEY_NOT_INITIALISED,
        LOWKEY_LENGTH,
        LOWKEY_BUFFER_TOO_SMALL,
        LOWKEY_OUT_OF_TURN,
        LOWKEY_NOT_OPEN,
        LOWKEY_TOO_LONG,
        LOWKEY_CLOSED,
        LOWKEY_UNFINISHED,
        LOWKEY_PING_PENDING,
        LOWKEY_WOULD_BLOCK,
    ];
    let channels = [
        LOWKEY_ENTROPY,
        LOWKEY_EXHAUSTED,
        LOWKEY_PEER_KEY,
        LOWKEY_REFUSED,
        LOWKEY_DECLINED,
        LOWKEY_HUNG_UP,
        LOWKEY_NOT_WELCOME,
        LOWKEY_TRUNCATED,
        LOWKEY_EMPTY_FRAME,
        LOWKEY_FRAME_TOO_LONG,
        LOWKEY_FRAME_TOO_SHORT,
        LOWKEY_HELLO,
        LOWKEY_HANDSHAKE,
        LOWKEY_PARAMETERS,
        LOWKEY_RECORD,
        LOWKEY_KIND,
        LOWKEY_MESSAGE_TOO_LONG,
        LOWKEY_AFTER_CLOSE,
    ];
    let others = [
        LOWKEY_IO,
        LOWKEY_COUNTER,
        LOWKEY_PAGE_TOO_SHORT,
        LOWKEY_PAGE_BLANK,
        LOWKEY_PAGE_MISSING,
        LOWKEY_PAGE_VERSION,
        LOWKEY_PAGE_DAMAGED,
        LOWKEY_PAGE_MALFORMED,
        LOWKEY_BLANK,
        LOWKEY_STORE_DAMAGED,
        LOWKEY_FLASH,
        LOWKEY_NUMBER,
        LOWKEY_NOT_ACKNOWLEDGED,
        LOWKEY_WENT_BACK,
        LOWKEY_FULL,
    ];
    let refusals = [LOWKEY_REFUSED_VERSION, LOWKEY_REFUSED_MODE, LOWKEY_REFUSED_BUSY];
    for (first, statuses) in [(0, &ours[..]), (12, &channels), (32, &others), (65, &refusals)] {
        for (number, status) in (first..).zip(statuses) {
            assert_eq!(*status as i32, number, "{status:?}");
            assert_ne!(lowkey_status_text(number), lowkey_status_text(-1), "{status:?} has no text");
        }
    }
    let modes = [LOWKEY_KK, LOWKEY_KKPSK0, LOWKEY_XX, LOWKEY_XXPSK0];
    assert_eq!(modes.map(|mode| mode as i32), [1, 2, 3, 4]);
    let refusals = [LOWKEY_REFUSAL_MODE, LOWKEY_REFUSAL_BUSY, LOWKEY_REFUSAL_REFUSED];
    assert_eq!(refusals.map(|refusal| refusal as i32), [2, 3, 4]);
    let events = [
        LOWKEY_EVENT_READ,
        LOWKEY_EVENT_WRITE,
        LOWKEY_EVENT_HELLO,
        LOWKEY_EVENT_CLAIM,
        LOWKEY_EVENT_OPEN,
        LOWKEY_EVENT_DATA,
        LOWKEY_EVENT_END,
    ];
    assert_eq!(events.map(|event| event as i32), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(lowkey_c::LOWKEY_IO_WOULD_BLOCK, -1);
}
