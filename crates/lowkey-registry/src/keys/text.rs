//! Bech32 of 32 bytes, and what is around it in a key file.

use bech32::primitives::decode::{CheckedHrpstring, UncheckedHrpstring};
use bech32::{Bech32, Hrp};
use lowkey_core::published::{is_published, is_published_psk};
use lowkey_core::{Identity, Psk, PublicKey, Secret};
use lowkey_host::show_time;
use std::fmt;
use std::time::SystemTime;
use zeroize::Zeroizing;

/// What a text of ours holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Public,
    Static,
    Psk,
}

impl Content {
    const ALL: [Self; 3] = [Self::Public, Self::Static, Self::Psk];

    fn hrp(self) -> Hrp {
        Hrp::parse_unchecked(match self {
            Self::Public => "lkpub",
            Self::Static => "lksec",
            Self::Psk => "lkpsk",
        })
    }

    fn article(self) -> &'static str {
        match self {
            Self::Public => "a public key (lkpub1…)",
            Self::Static => "a private key (LKSEC1…)",
            Self::Psk => "a PSK (LKPSK1…)",
        }
    }
}

/// Why a text is not the key it should be. Shows nothing of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyTextError {
    /// It is another text of Lowkey's: what it holds, and what belongs here.
    Other {
        /// What was found.
        found: &'static str,
        /// What belongs here.
        expected: &'static str,
    },
    /// It is no text of Lowkey's; what belongs here.
    Foreign(&'static str),
    /// It begins right and is damaged: mistyped or cut off.
    Damaged(&'static str),
    /// All its bits are zero, or all are one: nobody has drawn it; what it should be.
    Blank(&'static str),
    /// It is printed in Lowkey's documentation, so that everybody has it; what it should be.
    Published(&'static str),
}

impl fmt::Display for KeyTextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other { found, expected } => write!(f, "this is {found}; here belongs {expected}"),
            Self::Foreign(expected) => write!(f, "not a Lowkey key; here belongs {expected}"),
            Self::Damaged(expected) => write!(f, "{expected} that is mistyped or cut off"),
            Self::Published(expected) => {
                write!(f, "{expected} that is printed in Lowkey's documentation; make one of your own")
            }
            Self::Blank(expected) => write!(f, "{expected} of zeros or ones only; nobody has drawn it"),
        }
    }
}

impl std::error::Error for KeyTextError {}

/// A secret as text, wiped on drop; `{:?}` prints none of it.
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// A text that was made with room for all of it.
    pub(crate) fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// The text, to be written where nobody else reads.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(..)")
    }
}

/// A public key as text.
pub fn encode_public(key: &PublicKey) -> String {
    let mut text = String::new();
    encode(&mut text, Content::Public, key.as_bytes());
    text
}

/// Reads a public key from text, and gives it as its owner spells it ([`PublicKey::canonical`]): one key in two
/// spellings is one key.
///
/// # Errors
/// [`KeyTextError`]; a secret in its place is named as one and not shown.
pub fn parse_public(text: &str) -> Result<PublicKey, KeyTextError> {
    Ok(PublicKey::new(*decode(Content::Public, text.trim())?.expose()).canonical())
}

/// The content of a key file for a static private key.
///
/// # Errors
/// [`KeyTextError::Blank`], [`KeyTextError::Published`].
pub fn identity_text(secret: &Secret<32>) -> Result<SecretText, KeyTextError> {
    let public = identity(secret.duplicate())?.public_key();
    with_comments(Content::Static, secret, &format!("# public key: {}\n", encode_public(&public)))
}

/// The content of a key file for a PSK.
///
/// # Errors
/// [`KeyTextError::Blank`], [`KeyTextError::Published`].
pub fn psk_text(secret: &Secret<32>) -> Result<SecretText, KeyTextError> {
    with_comments(Content::Psk, secret, "# pre-shared key of one device and one server\n")
}

/// The identity of a private key.
pub(crate) fn identity(secret: Secret<32>) -> Result<Identity, KeyTextError> {
    Identity::new(secret).map_err(|_| KeyTextError::Blank(Content::Static.article()))
}

/// The PSK of these bytes.
pub(crate) fn psk(secret: Secret<32>) -> Result<Psk, KeyTextError> {
    Psk::new(secret).map_err(|_| KeyTextError::Blank(Content::Psk.article()))
}

fn with_comments(content: Content, secret: &Secret<32>, comment: &str) -> Result<SecretText, KeyTextError> {
    let secret = written(content, secret)?;
    // Room for all of it at once: a string that grew would leave its old place unwiped.
    let mut text = Zeroizing::new(String::with_capacity(512));
    text.push_str("# created: ");
    text.push_str(&show_time(SystemTime::now()));
    text.push('\n');
    text.push_str(comment);
    encode(&mut text, content, secret.expose());
    text.push('\n');
    Ok(SecretText(text))
}

/// The secret in the one line of a key file that is not a comment.
pub(crate) fn parse_secret(content: Content, text: &str) -> Result<Secret<32>, KeyTextError> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    match (lines.next(), lines.next()) {
        (Some(line), None) => {
            let secret = decode(content, line)?;
            written(content, &secret)?;
            Ok(secret)
        }
        _ => Err(KeyTextError::Foreign(content.article())),
    }
}

/// A secret that somebody has drawn, and not copied from a page that everybody reads.
fn written(content: Content, secret: &Secret<32>) -> Result<&Secret<32>, KeyTextError> {
    if secret.is_blank() {
        return Err(KeyTextError::Blank(content.article()));
    }
    let is_published = match content {
        Content::Psk => is_published_psk(secret),
        _ => is_published(&identity(secret.duplicate())?.public_key()),
    };
    if is_published { Err(KeyTextError::Published(content.article())) } else { Ok(secret) }
}

fn encode(text: &mut String, content: Content, bytes: &[u8; 32]) {
    let encoded = match content {
        Content::Public => bech32::encode_lower_to_fmt::<Bech32, String>(text, content.hrp(), bytes),
        Content::Static | Content::Psk => {
            bech32::encode_upper_to_fmt::<Bech32, String>(text, content.hrp(), bytes)
        }
    };
    debug_assert!(encoded.is_ok(), "32 bytes always fit");
}

fn decode(content: Content, text: &str) -> Result<Secret<32>, KeyTextError> {
    let prefix = text.split_once('1').map_or("", |(prefix, _)| prefix);
    let found = Content::ALL.into_iter().find(|content| content.hrp().as_str().eq_ignore_ascii_case(prefix));
    match found {
        Some(found) if found == content => (),
        Some(found) => {
            return Err(KeyTextError::Other { found: found.article(), expected: content.article() });
        }
        None => return Err(KeyTextError::Foreign(content.article())),
    }
    let damaged = KeyTextError::Damaged(content.article());
    let checked: CheckedHrpstring<'_> = UncheckedHrpstring::new(text)
        .ok()
        .and_then(|text| text.validate_and_remove_checksum::<Bech32>().ok())
        .ok_or(damaged.clone())?;
    // 52 characters of 5 bits are 32 bytes and 4 bits, which are zero.
    let padding = checked.fe32_iter().last().is_some_and(|last| last.to_u8() & 0b1111 == 0);
    if checked.data_part_ascii_no_checksum().len() != 52 || !padding {
        return Err(damaged);
    }
    let mut secret = Secret::zeroed();
    for (to, from) in secret.expose_mut().iter_mut().zip(checked.byte_iter()) {
        *to = from;
    }
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_comes_back_from_its_text() {
        let key = PublicKey::new(std::array::from_fn(|at| at as u8));
        let text = encode_public(&key);
        assert!(text.starts_with("lkpub1"), "{text}");
        assert_eq!(parse_public(&text), Ok(key));
        assert_eq!(parse_public(&text.to_uppercase()), Ok(key));
    }

    #[test]
    fn every_single_mistyped_character_is_found() {
        let text = encode_public(&PublicKey::new([7; 32]));
        for at in 6..text.len() {
            let mut wrong = text.clone().into_bytes();
            wrong[at] = if wrong[at] == b'q' { b'p' } else { b'q' };
            let wrong = String::from_utf8(wrong).unwrap();
            assert!(matches!(parse_public(&wrong), Err(KeyTextError::Damaged(_))), "{wrong}");
        }
    }

    #[test]
    fn other_lengths_and_other_checksums_are_damage() {
        let hrp = Content::Public.hrp();
        let long = bech32::encode::<Bech32>(hrp, &[1; 33]).unwrap();
        let short = bech32::encode::<Bech32>(hrp, &[1; 31]).unwrap();
        let other = bech32::encode::<bech32::Bech32m>(hrp, &[1; 32]).unwrap();
        for text in [long, short, other] {
            assert!(matches!(parse_public(&text), Err(KeyTextError::Damaged(_))), "{text}");
        }
    }

    #[test]
    fn a_secret_where_a_public_key_belongs_is_named_and_not_shown() {
        let secret = identity_text(&Secret::new([3; 32])).unwrap();
        let line = secret.expose().lines().last().unwrap();
        let error = parse_public(line).unwrap_err().to_string();
        assert_eq!(error, "this is a private key (LKSEC1…); here belongs a public key (lkpub1…)");
    }

    #[test]
    fn a_secret_that_nobody_has_drawn_is_neither_written_nor_read() {
        for (content, expected) in
            [(Content::Static, "a private key (LKSEC1…)"), (Content::Psk, "a PSK (LKPSK1…)")]
        {
            for blank in [0x00, 0xff].map(|byte| [byte; 32]) {
                let mut text = String::new();
                encode(&mut text, content, &blank);
                let why = parse_secret(content, &text).unwrap_err();
                assert_eq!(why, KeyTextError::Blank(expected));
                assert_eq!(why.to_string(), format!("{expected} of zeros or ones only; nobody has drawn it"));
                let blank = Secret::new(blank);
                let written = match content {
                    Content::Psk => psk_text(&blank),
                    _ => identity_text(&blank),
                };
                assert_eq!(written.unwrap_err(), KeyTextError::Blank(expected));
            }
        }
    }
}
