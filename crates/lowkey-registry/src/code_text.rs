//! A pairing code as people type it or a scanner reads it: the code itself, or all of a label's text.
//!
//! The label's text is `LOWKEY:1/` and the base32 of name (8 bytes) ‖ code (16) ‖ check (2); the check is the first two
//! bytes of BLAKE2s-256(`lowkey label` ‖ name ‖ code). So a typing error in it is seen as one, before anybody connects.

use lowkey_core::{Code, CodeError, Secret, base32};
use lowkey_crypto::Blake2s;
use std::fmt;

/// Why a text is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodeTextError {
    /// It is not how a code is written.
    Code(CodeError),
    /// The label's parts do not belong together: one of its letters is another.
    Typing,
    /// The label is one of a later version.
    Version,
}

impl fmt::Display for CodeTextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(CodeError::Blank) => write!(f, "{}", CodeError::Blank),
            Self::Code(error) => write!(f, "a typing error: {error}"),
            Self::Typing => f.write_str("a typing error: the label's letters do not belong together"),
            Self::Version => f.write_str("the label is one of a later version of Lowkey"),
        }
    }
}

impl std::error::Error for CodeTextError {}

/// The code that `text` is: bare, or in a label's text. Spaces and hyphens are skipped, and lower case is accepted.
///
/// # Errors
/// [`CodeTextError`], which repeats nothing of the text.
pub fn parse_code(text: &str) -> Result<Code, CodeTextError> {
    let text = text.trim();
    match text.split_at_checked(SCHEME.len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SCHEME) => of_label(rest),
        _ => Code::parse(text).map_err(CodeTextError::Code),
    }
}

fn of_label(text: &str) -> Result<Code, CodeTextError> {
    let text = text.trim_start().strip_prefix("1/").ok_or(CodeTextError::Version)?;
    let mut bytes = Secret::<{ NAME + CODE + CHECK }>::zeroed();
    let len = base32::decode(text, bytes.expose_mut()).map_err(CodeTextError::Code)?;
    if len != bytes.expose().len() {
        return Err(CodeTextError::Code(CodeError::Length));
    }
    let (name, rest) = bytes.expose().split_at(NAME);
    let (code_bytes, check) = rest.split_at(CODE);
    let code = Code::new(code_bytes).map_err(CodeTextError::Code)?;
    let mut sum = [0; 32];
    Blake2s::hash(&[b"lowkey label", name, code_bytes], &mut sum);
    // Both are public: the name goes over the wire, and the check is on no wire and of no use without the label.
    if code.name().as_bytes() != name || sum[..CHECK] != *check {
        return Err(CodeTextError::Typing);
    }
    Ok(code)
}

const SCHEME: &str = "LOWKEY:";
const NAME: usize = Code::NAME_LEN;
const CODE: usize = 16;
const CHECK: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by another implementation of BLAKE2s and base32 (Python's), of the code 00 01 … 0f.
    const LABEL: &str = "LOWKEY:1/IPOSAREYCZMUIAABAIBQIBIGA4EASCQLBQGQ4DYVRQ";
    const CODE: &str = "AAAQEAYEAUDAOCAJBIFQYDIOB4";

    fn name(text: &str) -> Result<Vec<u8>, CodeTextError> {
        parse_code(text).map(|code| code.name().as_bytes().to_vec())
    }

    #[test]
    fn pairing_a_code_is_typed_bare_or_as_the_whole_label() {
        let expected = name(CODE).unwrap();
        let spaced = "  lowkey:1/ iposa-reycz muiaa-baibq-ibiga-4easc-qlbqg-q4dyv-rq\n";
        for text in [LABEL, spaced, "aaaq-eaye-auda-ocaj-bifq-ydio-b4 "] {
            assert_eq!(name(text), Ok(expected.clone()), "{text}");
        }
    }

    #[test]
    fn pairing_a_typing_error_anywhere_in_a_label_is_named_as_one() {
        let body = "LOWKEY:1/".len();
        for at in body..LABEL.len() {
            for other in ["A", "7", ""] {
                let wrong = format!("{}{other}{}", &LABEL[..at], &LABEL[at + 1..]);
                if wrong != LABEL {
                    let error = name(&wrong).unwrap_err().to_string();
                    assert!(error.starts_with("a typing error"), "{wrong}: {error}");
                }
            }
        }
        for (wrong, error) in [
            ("", CodeTextError::Code(CodeError::Length)),
            ("LOWKEY:2/AAAA", CodeTextError::Version),
            ("LOWKEY:1/AAAA", CodeTextError::Code(CodeError::Length)),
            ("AAAQEAYEAUDAOCAJBIFQYDIOB1", CodeTextError::Code(CodeError::Letter)),
            ("\u{202e}AAAQ", CodeTextError::Code(CodeError::Letter)),
            ("AAAAAAAAAAAAAAAAAAAAAAAAAA", CodeTextError::Code(CodeError::Blank)),
        ] {
            assert_eq!(name(wrong), Err(error), "{wrong}");
        }
    }
}
