//! A pairing code as text that is wiped when nobody needs it any more.

use crate::keys::SecretText;
use lowkey_core::{Code, CodeError, Secret, base32, label};
use zeroize::Zeroizing;

/// All of a label's text: what its QR code holds.
///
/// # Errors
/// [`CodeError::Length`]: the code is longer than those of labels, which have 16 bytes.
pub fn label_text(code: &Code) -> Result<SecretText, CodeError> {
    let mut letters = Secret::<{ label::LEN }>::zeroed();
    label::write(code, letters.expose_mut())?;
    Ok(written(letters.expose(), |_| false))
}

/// A code as people read it from a label: base32, with a hyphen behind every fourth letter.
pub fn code_text(code: &Code) -> SecretText {
    let mut letters = Secret::<{ (Code::MAX * 8).div_ceil(5) }>::zeroed();
    let len = base32::encode(code.expose(), letters.expose_mut()).unwrap_or_default(); // there is room
    written(&letters.expose()[..len], |at| at > 0 && at % 4 == 0)
}

/// In one piece of memory, which is wiped: a string that grew would leave its old place as it was.
fn written(letters: &[u8], is_behind_hyphen: impl Fn(usize) -> bool) -> SecretText {
    let mut text = Zeroizing::new(String::with_capacity(2 * letters.len()));
    for (at, letter) in letters.iter().enumerate() {
        if is_behind_hyphen(at) {
            text.push('-');
        }
        text.push(char::from(*letter));
    }
    SecretText::new(text)
}
