//! What a finished handshake leaves behind.

use crate::cipher::{Opener, Sealer};
use core::fmt;
use lowkey_crypto::{PublicKey, Secret};

/// Keys that both sides hold, one direction each.
///
/// After KK as the initiator it tells you that the pinned peer took part. After KK as the responder
/// it does not yet: message 1 can be a recording, so treat the peer as authenticated when its first
/// record has opened.
#[derive(Debug)]
pub struct Session {
    /// The direction from us to the peer.
    pub sealer: Sealer,
    /// The direction from the peer to us.
    pub opener: Opener,
    handshake_hash: [u8; 32], // public: not wiped
}

impl Session {
    pub(crate) fn new(sealer: &Secret<32>, opener: &Secret<32>, handshake_hash: &[u8; 32]) -> Self {
        let (sealer, opener) = (Sealer::new(sealer), Opener::new(opener));
        Self { sealer, opener, handshake_hash: *handshake_hash }
    }

    /// One without keys, to stand in for one whose keys are elsewhere: all that it gives is
    /// [`Error::Exhausted`](crate::Error::Exhausted).
    pub fn spent() -> Self {
        Self { sealer: Sealer::spent(), opener: Opener::spent(), handshake_hash: [0; 32] }
    }

    /// The final `h` (Noise §11.2): 32 bytes, equal on both sides and different for every handshake.
    pub fn handshake_hash(&self) -> &[u8; 32] {
        &self.handshake_hash
    }
}

/// After XX: the peer has proven that it holds this key; nobody has yet said that it is welcome.
///
/// Accept it, or drop it and the session with it.
#[must_use = "dropping a claim refuses the peer"]
pub struct Claim {
    session: Session,
    rs: PublicKey,
}

impl Claim {
    pub(crate) fn new(session: Session, rs: PublicKey) -> Self {
        Self { session, rs }
    }

    /// The static key that the peer has proven. Anybody can "prove" a key of low order (Noise §12.1):
    /// pin it with [`Peer::pin`](crate::Peer::pin), which refuses one, before trusting it.
    pub fn public_key(&self) -> PublicKey {
        self.rs
    }

    /// The final `h` (Noise §11.2), for a comparison of all 32 bytes by machine.
    pub fn handshake_hash(&self) -> &[u8; 32] {
        self.session.handshake_hash()
    }

    /// Says that this key is welcome.
    pub fn accept(self) -> Session {
        self.session
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Claim").field(&self.rs).finish()
    }
}
