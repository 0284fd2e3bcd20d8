//! Bytes as people read them.

use std::fmt;

/// Bytes in hex: two digits each, in lower case.
///
/// ```
/// assert_eq!(lowkey_host::text::Hex(b"pump").to_string(), "70756d70");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Hex<'b>(pub &'b [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
