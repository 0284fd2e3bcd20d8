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

/// The bytes that hex stands for, in letters of either case; `None`: it is no hex.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    if odd.is_empty() { bytes } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_as_it_was_written_and_nothing_else_is_hex() {
        let bytes: Vec<u8> = (0..=255).collect();
        let text = Hex(&bytes).to_string();
        assert_eq!((unhex(&text), unhex(&text.to_uppercase())), (Some(bytes.clone()), Some(bytes)));
        assert_eq!(unhex(""), Some(Vec::new()));
        for wrong in ["0", "0g", "+1", " 00", "0x00", "\u{fc}"] {
            assert_eq!(unhex(wrong), None, "{wrong}");
        }
    }
}
