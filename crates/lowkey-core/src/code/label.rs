//! A label's text, and a code as people type it or a scanner reads it: bare, or in that text.
//!
//! The text is `LOWKEY:1/` and the base32 of name (8 bytes) ‖ code (16) ‖ check (2); the check is the first two bytes
//! of BLAKE2s-256(`lowkey label` ‖ name ‖ code). So a typing error in it is seen as one, before anybody connects. All
//! of it is in the alphanumeric characters of QR codes, which take the least room.

use super::base32;
use super::{Code, CodeError};
use core::fmt;
use lowkey_crypto::{Blake2s, Secret};

/// The length of a label's text, in bytes.
pub const LEN: usize = START.len() + (BYTES * 8).div_ceil(5);

/// Why a text is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LabelError {
    /// It is not how a code is written.
    Code(CodeError),
    /// The label's parts do not belong together: one of its letters is another.
    Typing,
    /// The label is one of a later version.
    Version,
}

impl LabelError {
    /// The message of this error, for firmware that prints without `core::fmt`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Code(CodeError::Letter) => "a typing error: a letter that does not belong into a code",
            Self::Code(CodeError::LastLetter) => {
                "a typing error: its last letter is wrong, or letters are missing"
            }
            Self::Code(CodeError::Length) => "a typing error: too short or too long for a code",
            Self::Code(error) => error.as_str(),
            Self::Typing => "a typing error: the label's letters do not belong together",
            Self::Version => "the label is one of a later version of Lowkey",
        }
    }
}

impl fmt::Display for LabelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::error::Error for LabelError {}

/// The code that `text` is: bare, or in a label's text. Spaces and hyphens are skipped, lower case is accepted, and so
/// is white space around it, and a label's letters without the `LOWKEY:1/` before them. A bare code has no check: a
/// wrong letter of base32 in it is another code.
///
/// # Errors
/// [`LabelError`], which repeats nothing of the text.
pub fn parse(text: impl AsRef<[u8]>) -> Result<Code, LabelError> {
    read(text.as_ref().trim_ascii())
}

fn read(text: &[u8]) -> Result<Code, LabelError> {
    let (scheme, rest) = text.split_at_checked(SCHEME_LEN).unwrap_or_default();
    let is_label = scheme.eq_ignore_ascii_case(&START[..SCHEME_LEN]);
    let letters = match is_label {
        true => version_of(rest).strip_prefix(&START[SCHEME_LEN..]).ok_or(LabelError::Version)?,
        false => text,
    };
    let written = Code::decode(letters).map_err(LabelError::Code)?;
    let code = match of_label(&written) {
        Err(error) if is_label => return Err(error),
        // As many bytes as a label's may be a bare code as well.
        Err(_) => written,
        Ok(code) => code,
    };
    code.check().map(|()| code).map_err(LabelError::Code)
}

/// What is behind spaces and hyphens.
fn version_of(mut rest: &[u8]) -> &[u8] {
    while let [b' ' | b'-', behind @ ..] = rest {
        rest = behind;
    }
    rest
}

/// The code in a label's bytes, which are written as those of a code.
fn of_label(written: &Code) -> Result<Code, LabelError> {
    let (Some((name, rest)), BYTES) = (written.expose().split_first_chunk(), written.len) else {
        return Err(LabelError::Code(CodeError::Length));
    };
    let code = Code::of(rest.get(..CODE).unwrap_or_default()).map_err(LabelError::Code)?;
    // Both are public: the name goes over the wire, and the check is of no use without the label.
    let is_right = code.name().front() == name && rest.get(CODE..) == Some(&check(&code));
    if is_right { Ok(code) } else { Err(LabelError::Typing) }
}

/// Writes all of a label's text to `out`.
///
/// # Errors
/// [`CodeError::Length`]: the code is longer than those of labels, which have 16 bytes; `out` is as it was.
pub fn write(code: &Code, out: &mut [u8; LEN]) -> Result<(), CodeError> {
    if code.expose().len() != CODE {
        return Err(CodeError::Length);
    }
    let mut bytes = Secret::<BYTES>::zeroed();
    let (name, check) = (code.name(), check(code));
    let parts = name.as_bytes().iter().chain(code.expose()).chain(&check);
    bytes.expose_mut().iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
    let (start, letters) = out.split_at_mut(START.len());
    start.copy_from_slice(START);
    base32::encode(bytes.expose(), letters).map(drop)
}

fn check(code: &Code) -> [u8; CHECK] {
    let mut sum = [0; 32];
    Blake2s::hash(&[b"lowkey label", code.name().as_bytes(), code.expose()], &mut sum);
    sum.first_chunk().copied().unwrap_or_default()
}

const START: &[u8] = b"LOWKEY:1/";
const SCHEME_LEN: usize = "LOWKEY:".len();
const CODE: usize = Code::MIN;
const CHECK: usize = 2;
const BYTES: usize = Code::NAME_LEN + CODE + CHECK;
