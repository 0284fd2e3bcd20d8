//! What the AEAD says of a text that is not genuine (RFC 8439 §2.8).

use core::{error, fmt};

/// A text that was not sealed under this key, nonce and associated data.
///
/// Nothing more is known, and nothing more is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forged;

impl fmt::Display for Forged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the text was not sealed under this key")
    }
}

impl error::Error for Forged {}
