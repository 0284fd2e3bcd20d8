//! From the inside of a function of C to what C gets.

use crate::lowkey_status;
use crate::raw::Failure;
use crate::raw::{self, Out};

/// Runs the inside of a function of C.
pub(crate) fn attempt(call: impl FnOnce() -> Result<(), Failure>) -> lowkey_status {
    raw::status(call())
}

/// Runs the inside of a function of C that gives something.
pub(crate) fn give<T: Copy>(call: impl FnOnce() -> Result<(Out<T>, T), Failure>) -> lowkey_status {
    attempt(|| {
        let (out, value) = call()?;
        out.set(value);
        Ok(())
    })
}
