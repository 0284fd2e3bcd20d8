//! What must not lie over something else.

use crate::raw::{self, Failure};
use crate::status::lowkey_status::LOWKEY_LENGTH;

/// Refuses bytes that are not there, or lie over some of the others, each given by their start and their length in
/// bytes; NULL is none.
#[inline(never)]
pub(crate) fn lies_apart(bytes: *const u8, len: usize, others: &[(*const u8, usize)]) -> Result<(), Failure> {
    raw::is_span(bytes, len.max(1))?; // NULL is none, whatever its length
    let lies_over = others.iter().any(|(start, other_len)| {
        !start.is_null()
            && bytes.addr() < start.addr().wrapping_add(*other_len)
            && start.addr() < bytes.addr().wrapping_add(len)
    });
    if lies_over { Err(LOWKEY_LENGTH.into()) } else { Ok(()) }
}
