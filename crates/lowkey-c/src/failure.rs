//! What a call inside the library gives when it does not go well.

use crate::lowkey_status;
use core::num::NonZeroU32;

/// A status that is not `LOWKEY_OK`: a call without one is a zero. As wide as a pointer, with which it shares a register.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failure(NonZeroU32);

impl Failure {
    /// The failure of the status with this number.
    pub(crate) fn new(code: NonZeroU32) -> Self {
        Self(code)
    }

    pub(crate) fn code(self) -> u32 {
        self.0.get()
    }
}

impl From<lowkey_status> for Failure {
    fn from(status: lowkey_status) -> Self {
        Self(NonZeroU32::new(status as u32).unwrap_or(NonZeroU32::MAX))
    }
}
