//! What gateways of one server say to each other so that nobody else reads or writes it, whatever NATS lets whom do.

use crate::error::NatsError;
use lowkey_crypto::{AeadKey, Blake2s, hkdf};
use lowkey_host::{Identity, Secret, entropy};
use std::fmt;

/// The key that all gateways of a server have, and nobody else: it follows from the server's own.
///
/// X25519(s, s·G), the server's static key with itself, is known to whoever knows s and to nobody else; no handshake
/// has it. What is sealed has a key of its own: HKDF (Noise §4.3) with a random salt, so that no nonce comes twice.
pub(crate) struct FleetKey(Secret<32>);

impl FleetKey {
    pub(crate) fn of(identity: &Identity) -> Self {
        let mut shared = Secret::zeroed();
        identity.shared_with(&identity.public_key(), &mut shared);
        let mut label = Secret::zeroed();
        Blake2s::hash(&[LABEL], label.expose_mut());
        let [key, _] = hkdf::<2>(&label, shared.expose());
        Self(key)
    }

    /// A text sealed with what it is about, which has to be said again to open it.
    pub(crate) fn seal(&self, about: &[&[u8]], text: &[u8]) -> Result<Vec<u8>, NatsError> {
        let salt = entropy::random().map_err(|error| NatsError::File(error.to_string()))?;
        let mut sealed = salt.expose().to_vec();
        sealed.extend_from_slice(text);
        let tag = self.key(salt.expose()).seal_in_place(&NONCE, &ad(about), &mut sealed[SALT..]);
        sealed.extend_from_slice(&tag);
        Ok(sealed)
    }

    /// What was sealed; `None` if it was not, or about something else.
    pub(crate) fn open(&self, about: &[&[u8]], sealed: &[u8]) -> Option<Vec<u8>> {
        let (salt, text) = sealed.split_first_chunk::<SALT>()?;
        let mut text = text.to_vec();
        self.key(salt).open_in_place(&NONCE, &ad(about), &mut text).ok()?;
        text.truncate(text.len() - TAG);
        Some(text)
    }

    fn key(&self, salt: &[u8; SALT]) -> AeadKey {
        let [key, _] = hkdf::<2>(&self.0, salt);
        AeadKey::new(&key)
    }
}

impl fmt::Debug for FleetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FleetKey(..)")
    }
}

/// Each part with its length before it, so that no two lists are the same bytes.
fn ad(about: &[&[u8]]) -> Vec<u8> {
    let mut ad = Vec::new();
    for part in about {
        ad.extend_from_slice(&(part.len() as u64).to_be_bytes());
        ad.extend_from_slice(part);
    }
    ad
}

/// The length of what stands before a sealed text, in bytes; no two texts have the same.
pub(crate) const SALT: usize = 32;
const TAG: usize = 16;
/// Each key seals one text.
const NONCE: [u8; 12] = [0; 12];
const LABEL: &[u8] = b"lowkey gateways of one server, 1";

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> FleetKey {
        FleetKey::of(&Identity::new(Secret::new([byte; 32])).unwrap())
    }

    #[test]
    fn what_one_gateway_seals_the_others_of_its_server_open_and_nobody_else() {
        let sealed = key(1).seal(&[b"a", b"bc"], b"text").unwrap();
        assert_eq!(key(1).open(&[b"a", b"bc"], &sealed).unwrap(), b"text");
        assert_eq!(key(2).open(&[b"a", b"bc"], &sealed), None, "another server's");
        assert_eq!(key(1).open(&[b"ab", b"c"], &sealed), None, "about something else");
        for at in 0..sealed.len() {
            let mut forged = sealed.clone();
            forged[at] ^= 1;
            assert_eq!(key(1).open(&[b"a", b"bc"], &forged), None, "{at}");
            assert_eq!(key(1).open(&[b"a", b"bc"], &sealed[..at]), None, "{at}");
        }
        assert_ne!(sealed, key(1).seal(&[b"a", b"bc"], b"text").unwrap());
        assert_eq!(format!("{:?}", key(1)), "FleetKey(..)");
    }
}
