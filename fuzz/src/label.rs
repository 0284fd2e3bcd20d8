//! The text of a label: read from arbitrary texts, and from labels that somebody has mistyped.
//!
//! Held to: whatever is read is what a writer writes for that code, but for its spaces, hyphens and small letters, and
//! perhaps a label's beginning; and of a label with another letter nothing is read.

use lowkey_core::label::{LEN, LabelError, parse, write};
use lowkey_core::{Code, CodeError, base32};
use test_support::Input;

/// Reads labels and bare codes. The first byte says how they come about.
pub fn label(data: &[u8]) {
    let mut input = Input::new(data);
    if input.flag() {
        typed(&mut input);
    } else {
        read(&String::from_utf8_lossy(input.bytes(usize::MAX)));
    }
}

/// Any text.
fn read(text: &str) {
    let code = match parse(text) {
        Ok(code) => code,
        Err(error) => {
            assert!(!error.as_str().is_empty() && error.to_string() == error.as_str());
            return;
        }
    };
    let skipped = |c: &char| !matches!(c, ' ' | '-');
    let plain: String = text.trim_ascii().chars().filter(skipped).collect::<String>().to_ascii_uppercase();
    let mut letters = [0; 64];
    let len = base32::encode(code.expose(), &mut letters).expect("room");
    let bare = std::str::from_utf8(&letters[..len]).expect("letters");
    let is_label =
        |label: String| [label.as_str(), label.trim_start_matches(START)].contains(&plain.as_str());
    assert!(plain == bare || written(&code).is_ok_and(is_label), "{text:?}");
}

/// A label of a code, as somebody types it: with spaces, hyphens and small letters, and perhaps one letter for another.
fn typed(input: &mut Input<'_>) {
    let Ok(code) = Code::new(input.bytes(16)) else { return };
    let label = written(&code).expect("16 bytes");
    let begin = START.len();
    let wrong = input.flag().then(|| begin + input.below(LEN - begin));
    let other = char::from(input.choose(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567abcxyz01 9-="));
    let (mut text, mut is_right) = (String::new(), true);
    for (at, letter) in label.chars().enumerate() {
        let typed = if wrong == Some(at) { other } else { letter };
        is_right &= typed.to_ascii_uppercase() == letter;
        match input.byte() % 8 {
            0 => text.push(typed.to_ascii_lowercase()),
            1 if at >= begin => text.extend([' ', typed]),
            2 if at >= begin => text.extend(['-', typed]),
            _ => text.push(typed),
        }
    }
    match parse(&text) {
        Ok(read) => assert!(is_right && read.expose() == code.expose(), "{text}"),
        Err(error) => {
            let of_typing =
                [CodeError::Letter, CodeError::LastLetter, CodeError::Length].map(LabelError::Code);
            assert!(
                !is_right && (error == LabelError::Typing || of_typing.contains(&error)),
                "{text}: {error}"
            );
        }
    }
}

/// The text of a label of this code.
pub(crate) fn written(code: &Code) -> Result<String, CodeError> {
    let mut text = [0; LEN];
    write(code, &mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// How every label begins.
const START: &str = "LOWKEY:1/";
