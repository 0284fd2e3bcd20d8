//! Keys as text and as files.
//!
//! | what | text |
//! | --- | --- |
//! | a public key | `lkpub1…`, lower case |
//! | a static private key | `LKSEC1…`, upper case, so that it is seen |
//! | a PSK | `LKPSK1…`, upper case |
//!
//! All are Bech32 (BIP 173) of 32 bytes. Its checksum finds every error of up to four characters; what is
//! known of Bech32 and inserted characters does not matter here, since the length is fixed.
//!
//! A key file holds one such line of a secret, below comment lines that begin with `#`. Only its owner
//! may read it (mode 0600), or if that is root a group as well (mode 0640); one that others may read, and one
//! of a user who is neither us nor root, is refused. None is ever overwritten. Buffers that
//! held secrets are wiped, and no error shows any part of a file that may be one.

mod file;
mod text;

pub use file::{KeyFileError, read_identity, read_identity_from, read_psk, write_identity, write_psk};
pub(crate) use file::{
    create_private, create_private_unsettled, read_psk_secret, read_secret_text, remove_unfinished,
};
pub use text::{KeyTextError, SecretText, encode_public, identity_text, parse_public, psk_text};
pub(crate) use text::{identity, psk};

use lowkey_host::{Error, Secret, entropy};

/// A new static private key, or a new PSK: 32 random bytes.
///
/// # Errors
/// [`Error::Entropy`]: the operating system has no randomness now.
pub fn generate() -> Result<Secret<32>, Error> {
    entropy::random()
}
