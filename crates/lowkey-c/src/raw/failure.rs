//! What a call inside the library gives when it does not go well, and what C gets for it.

use crate::status::lowkey_status::{self, *};
use core::mem::transmute;
use core::num::NonZeroU32;

/// A status that is not `LOWKEY_OK`. Of a call that went well there is none, which is a zero; so a failure shares a
/// register with the pointer that a call gives.
///
/// It is always the number of a status: only this file makes one of a number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failure(NonZeroU32);

impl Failure {
    /// LOWKEY_OUT_OF_TURN.
    pub(crate) const OUT_OF_TURN: Self = Self(NonZeroU32::MIN.saturating_add(LOWKEY_OUT_OF_TURN as u32 - 1));

    /// Whether the object goes on: `lowkey_is_recoverable` of a channel's status.
    pub(crate) fn is_recoverable(self) -> bool {
        self.0.get() <= LOWKEY_WOULD_BLOCK as u32
    }

    /// The failure with this number of a status, 1 to 30: there the numbers have no gap. Of another number it is the
    /// nearest of them.
    pub(crate) fn numbered(number: u32) -> Self {
        Self(NonZeroU32::new(number.min(LAST)).unwrap_or(NonZeroU32::MIN))
    }
}

impl From<lowkey_status> for Failure {
    /// `LOWKEY_OK` is none, and becomes `LOWKEY_NULL`.
    fn from(status: lowkey_status) -> Self {
        Self(NonZeroU32::new(status as u32).unwrap_or(NonZeroU32::MIN))
    }
}

/// What C gets for the result of a call.
pub(crate) fn status(result: Result<(), Failure>) -> lowkey_status {
    let code = result.err().map_or(0, |failure| failure.0.get());
    // SAFETY: 0 is `LOWKEY_OK`, and a failure is the number of a status.
    unsafe { transmute::<u32, lowkey_status>(code) }
}

/// The last of the statuses without a gap.
const LAST: u32 = LOWKEY_BUG as u32;

/// Each number up to [`LAST`] is a status.
const _: () = {
    let mut number = 0;
    while number <= LAST {
        assert!(WITHOUT_A_GAP[number as usize] as u32 == number);
        number += 1;
    }
    assert!(LOWKEY_NULL as u32 == NonZeroU32::MIN.get());
};

const WITHOUT_A_GAP: [lowkey_status; 31] = [
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
    LOWKEY_BUG,
];
