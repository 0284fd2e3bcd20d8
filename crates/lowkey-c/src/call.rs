//! From the inside of a function of C to what C gets.

use crate::raw::{self, Failure, Out};
use crate::status::lowkey_status;
use lowkey_core::wipe_dead_stack;

/// Runs the inside of a function of C.
pub(crate) fn attempt(call: impl FnOnce() -> Result<(), Failure>) -> lowkey_status {
    raw::status(call())
}

/// Wipes the stack beneath the caller, where a call that has returned has moved secrets into an object, or out of one.
#[inline(never)]
pub(crate) fn wiped(status: lowkey_status) -> lowkey_status {
    wipe_dead_stack::<MOVED_WORDS>();
    status
}

/// Runs the inside of a function of C that gives something.
pub(crate) fn give<T: Copy>(call: impl FnOnce() -> Result<(Out<T>, T), Failure>) -> lowkey_status {
    attempt(|| {
        let (out, value) = call()?;
        out.set(value);
        Ok(())
    })
}

/// Deeper than secrets are moved on any core; as many as a link wipes, so that there is one such function.
const MOVED_WORDS: usize = 232;
