//! Ids as registries write them.

use super::Hex;
use lowkey_core::Id;
use std::fmt;

/// An id as a registry writes it: as text where that is plain (printable ASCII without spaces), otherwise as `0x` and
/// hex. [`parse_id`](crate::parse_id) reads both. It follows from the id's bytes and nothing else.
///
/// ```
/// # use lowkey_host::{Id, text::ShownId};
/// assert_eq!(ShownId(Id::new(b"pump-7").unwrap()).to_string(), "pump-7");
/// assert_eq!(ShownId(Id::new(b"pump 7").unwrap()).to_string(), "0x70756d702037");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ShownId(pub Id);

impl fmt::Display for ShownId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match std::str::from_utf8(self.0.as_bytes()) {
            Ok(text) if !text.starts_with("0x") && text.chars().all(|c| c.is_ascii_graphic()) => {
                f.write_str(text)
            }
            _ => write!(f, "0x{}", Hex(self.0.as_bytes())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::parse_id;

    #[test]
    fn an_id_is_read_as_what_it_was_from_how_it_is_shown() {
        for id in [&b"pump-7"[..], b"0x7", b"a b\x1b", b"\"", b"\xff\x00", b"\"x\"=y", &[7; 32]] {
            let id = Id::new(id).unwrap();
            let shown = ShownId(id).to_string();
            assert!(parse_id(&shown) == Some(id), "{shown}");
            assert!(shown.chars().all(|c| c.is_ascii_graphic()), "{shown}");
        }
        assert_eq!(ShownId(Id::new(b"0x7").unwrap()).to_string(), "0x307837");
    }
}
