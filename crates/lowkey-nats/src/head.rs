//! What stands before the rows of a registry, and which registry it is.

use crate::error::NatsError;
use lowkey_host::PublicKey;
use lowkey_registry::keys::encode_public;
use lowkey_registry::rows::server_of;

/// The head of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Drawn when the registry was made: a registry that was put in its place is another.
    pub(crate) born: String,
    /// The text before the first device.
    pub(crate) text: String,
}

impl Head {
    pub(crate) fn kept(&self) -> String {
        format!("{MARK}{}\n{}", self.born, self.text)
    }

    pub(crate) fn of_kept(kept: &str) -> Option<Self> {
        let (born, text) = kept.strip_prefix(MARK)?.split_once('\n')?;
        let is_ours = born.len() == 32 && born.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_ours.then(|| Self { born: born.to_owned(), text: text.to_owned() })
    }
}

/// Whether a registry that begins with this text is one for the server of this key; one may not say.
pub(crate) fn for_server(text: &str, server: &PublicKey) -> Result<(), NatsError> {
    match server_of(text) {
        Some(other) if other.canonical() != server.canonical() => {
            let [other, ours] = [other, *server].map(|key| encode_public(&key));
            Err(NatsError::Foreign(format!("it is for the server {other}, and the key here is {ours}")))
        }
        _ => Ok(()),
    }
}

const MARK: &str = "# lowkey registry 1, born as ";
