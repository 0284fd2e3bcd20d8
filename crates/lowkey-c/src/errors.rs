//! Which status an error of the crates below has.

use crate::raw::{self, Failure};
use crate::status::lowkey_status::{self, *};
use embedded_io::ErrorKind;
use lowkey_core::key_store::StoreError;
use lowkey_core::page::PageError;
use lowkey_transport::{Error, Refusal};

/// How far the number of a channel's status is above that of its error.
const OFFSET: u32 = 3;

impl From<Error> for Failure {
    /// A status has the number of the channel's error, plus [`OFFSET`]: one addition, no table. An error that says more
    /// than one thing has statuses of its own.
    #[inline(never)] // nearly every function of a channel ends with it
    fn from(error: Error) -> Self {
        match error {
            Error::Io(ErrorKind::TimedOut | ErrorKind::Interrupted) => LOWKEY_WOULD_BLOCK.into(),
            Error::Io(_) => LOWKEY_IO.into(),
            Error::Refused(Refusal::VERSION) => LOWKEY_REFUSED_VERSION.into(),
            Error::Refused(Refusal::MODE) => LOWKEY_REFUSED_MODE.into(),
            Error::Refused(Refusal::BUSY) => LOWKEY_REFUSED_BUSY.into(),
            error => Self::numbered(u32::from(raw::number(error)) + OFFSET),
        }
    }
}

/// What C is told of a call of a channel that gives nothing.
#[inline(never)] // its callers end with it
pub(crate) fn told(result: Result<(), Error>) -> Result<(), Failure> {
    result.map_err(Failure::from)
}

impl From<PageError> for Failure {
    fn from(error: PageError) -> Self {
        let status = match error {
            PageError::Truncated => LOWKEY_PAGE_TOO_SHORT,
            PageError::Blank => LOWKEY_PAGE_BLANK,
            PageError::NoPage => LOWKEY_PAGE_MISSING,
            PageError::Version(_) => LOWKEY_PAGE_VERSION,
            PageError::Damaged => LOWKEY_PAGE_DAMAGED,
            _ => LOWKEY_PAGE_MALFORMED,
        };
        status.into()
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let status = match error {
            StoreError::Unfit | StoreError::Address => LOWKEY_LENGTH,
            StoreError::Damaged => LOWKEY_STORE_DAMAGED,
            StoreError::Source => LOWKEY_ENTROPY,
            StoreError::Flash => LOWKEY_FLASH,
            StoreError::PeerKey => LOWKEY_PEER_KEY,
            _ => LOWKEY_OUT_OF_TURN,
        };
        status.into()
    }
}

/// Whether an error is [`OFFSET`] below its status.
const fn is_below(error: Error, status: lowkey_status) -> bool {
    raw::number(error) as u32 + OFFSET == status as u32
}

const _: () = assert!(is_below(Error::BufferTooSmall, LOWKEY_BUFFER_TOO_SMALL));
const _: () = assert!(is_below(Error::OutOfTurn, LOWKEY_OUT_OF_TURN));
const _: () = assert!(is_below(Error::NotOpen, LOWKEY_NOT_OPEN));
const _: () = assert!(is_below(Error::TooLong, LOWKEY_TOO_LONG));
const _: () = assert!(is_below(Error::Closed, LOWKEY_CLOSED));
const _: () = assert!(is_below(Error::Unfinished, LOWKEY_UNFINISHED));
const _: () = assert!(is_below(Error::PingPending, LOWKEY_PING_PENDING));
const _: () = assert!(is_below(Error::Entropy, LOWKEY_ENTROPY));
const _: () = assert!(is_below(Error::Exhausted, LOWKEY_EXHAUSTED));
const _: () = assert!(is_below(Error::PeerKey, LOWKEY_PEER_KEY));
const _: () = assert!(is_below(Error::Refused(Refusal::REFUSED), LOWKEY_REFUSED));
const _: () = assert!(is_below(Error::Declined(Refusal::BUSY), LOWKEY_DECLINED));
const _: () = assert!(is_below(Error::HungUp, LOWKEY_HUNG_UP));
const _: () = assert!(is_below(Error::NotWelcome, LOWKEY_NOT_WELCOME));
const _: () = assert!(is_below(Error::Truncated, LOWKEY_TRUNCATED));
const _: () = assert!(is_below(Error::EmptyFrame, LOWKEY_EMPTY_FRAME));
const _: () = assert!(is_below(Error::FrameTooLong, LOWKEY_FRAME_TOO_LONG));
const _: () = assert!(is_below(Error::FrameTooShort, LOWKEY_FRAME_TOO_SHORT));
const _: () = assert!(is_below(Error::Hello, LOWKEY_HELLO));
const _: () = assert!(is_below(Error::Handshake, LOWKEY_HANDSHAKE));
const _: () = assert!(is_below(Error::Parameters, LOWKEY_PARAMETERS));
const _: () = assert!(is_below(Error::Record, LOWKEY_RECORD));
const _: () = assert!(is_below(Error::Kind, LOWKEY_KIND));
const _: () = assert!(is_below(Error::MessageTooLong, LOWKEY_MESSAGE_TOO_LONG));
const _: () = assert!(is_below(Error::AfterClose, LOWKEY_AFTER_CLOSE));
const _: () = assert!(is_below(Error::Bug, LOWKEY_BUG));

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::lowkey_is_recoverable;

    #[test]
    fn every_error_of_a_channel_has_the_status_of_its_name() {
        let pairs = [
            (Error::BufferTooSmall, LOWKEY_BUFFER_TOO_SMALL),
            (Error::OutOfTurn, LOWKEY_OUT_OF_TURN),
            (Error::NotOpen, LOWKEY_NOT_OPEN),
            (Error::TooLong, LOWKEY_TOO_LONG),
            (Error::Closed, LOWKEY_CLOSED),
            (Error::Unfinished, LOWKEY_UNFINISHED),
            (Error::PingPending, LOWKEY_PING_PENDING),
            (Error::Io(ErrorKind::TimedOut), LOWKEY_WOULD_BLOCK),
            (Error::Io(ErrorKind::Interrupted), LOWKEY_WOULD_BLOCK),
            (Error::Io(ErrorKind::Other), LOWKEY_IO),
            (Error::Io(ErrorKind::WriteZero), LOWKEY_IO),
            (Error::Entropy, LOWKEY_ENTROPY),
            (Error::Exhausted, LOWKEY_EXHAUSTED),
            (Error::PeerKey, LOWKEY_PEER_KEY),
            (Error::Refused(Refusal::VERSION), LOWKEY_REFUSED_VERSION),
            (Error::Refused(Refusal::MODE), LOWKEY_REFUSED_MODE),
            (Error::Refused(Refusal::BUSY), LOWKEY_REFUSED_BUSY),
            (Error::Refused(Refusal::REFUSED), LOWKEY_REFUSED),
            (Error::Refused(Refusal::new(0)), LOWKEY_REFUSED),
            (Error::Refused(Refusal::new(255)), LOWKEY_REFUSED),
            (Error::Declined(Refusal::BUSY), LOWKEY_DECLINED),
            (Error::HungUp, LOWKEY_HUNG_UP),
            (Error::NotWelcome, LOWKEY_NOT_WELCOME),
            (Error::Truncated, LOWKEY_TRUNCATED),
            (Error::EmptyFrame, LOWKEY_EMPTY_FRAME),
            (Error::FrameTooLong, LOWKEY_FRAME_TOO_LONG),
            (Error::FrameTooShort, LOWKEY_FRAME_TOO_SHORT),
            (Error::Hello, LOWKEY_HELLO),
            (Error::Handshake, LOWKEY_HANDSHAKE),
            (Error::Parameters, LOWKEY_PARAMETERS),
            (Error::Record, LOWKEY_RECORD),
            (Error::Kind, LOWKEY_KIND),
            (Error::MessageTooLong, LOWKEY_MESSAGE_TOO_LONG),
            (Error::AfterClose, LOWKEY_AFTER_CLOSE),
            (Error::Bug, LOWKEY_BUG),
        ];
        for (error, status) in pairs {
            assert_eq!(raw::status(Err(error.into())), status, "{error:?}");
            assert_eq!(lowkey_is_recoverable(status as i32), error.is_recoverable(), "{error:?}");
        }
    }
}
