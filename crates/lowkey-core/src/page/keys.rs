//! The keys of one page or pairing, which belong together.

use super::{Fields, Page, secret};
use crate::error::Error;
use crate::keys::{Id, Identity, Peer, Psk};
use lowkey_crypto::{PublicKey, Secret};

/// Who a device is, whom it trusts, what both share, and the name of all that: the keys of one key page, or of one
/// pairing in a [key store](crate::key_store).
///
/// Holding one tells you that they belong together: the peer is pinned with this identity, and the PSK is this
/// pinning's. The secrets are not printed, and are wiped when it is dropped. `lowkey_transport::Pinning::of` lends them
/// to a handshake.
#[derive(Debug)]
pub struct Keys {
    id: Id,
    identity: Identity,
    peer: Peer,
    psk: Option<Psk>,
}

impl Page<'_> {
    /// The keys of the page, in RAM. No multiplication: the public key and the static-static Diffie-Hellman are in the
    /// page.
    ///
    /// # Errors
    /// [`Error::OwnKey`], [`Error::WeakKey`]: such a peer should never have been provisioned.
    pub fn load(&self) -> Result<Keys, Error> {
        let Fields { private_key, public_key, peer, shared, psk, .. } = self.fields;
        // Reading the page has seen that no secret is blank.
        let identity = Identity::copy_of(Secret::of(private_key), Some(PublicKey::of(public_key)));
        let peer = Peer::from_parts(&identity, PublicKey::new(*peer), secret(shared))?;
        Ok(Keys { id: self.id, identity, peer, psk: psk.map(|psk| Psk::of_written(secret(psk))) })
    }
}

impl Keys {
    /// What a device and the peer that it has paired with are to each other. The device's key is the first in the id.
    pub(crate) fn of_pairing(identity: Identity, peer: Peer) -> Self {
        let id = Id::of_pinning(identity.public(), peer.public());
        Self { id, identity, peer, psk: None }
    }

    /// The pinning's id.
    pub fn id(&self) -> &Id {
        &self.id
    }

    /// Our static key pair.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The one peer it expects.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The PSK, where the pinning has one.
    pub fn psk(&self) -> Option<&Psk> {
        self.psk.as_ref()
    }
}
