//! What a pairing leaves behind, and when (the protocol, "Pairing", §6).

use crate::keys::{Id, Peer};
use lowkey_crypto::PublicKey;

/// Where a pairing keeps the key that the peer has proven. A pairing calls it at exactly the moments that are named
/// here, and only with a key that can be pinned.
///
/// A stored key is *pending*: it counts in KK, and the pinning of before stays until this one is *final*. A stream that
/// ends in between calls nothing, so a pending key stays; then a session of KK makes it final, or a pairing that is
/// tried once more. Each call may be repeated, and changes nothing the second time.
///
/// `code` is the name of the code ([`Code::name`](crate::Code::name)). What is stored has the device's key first in the
/// pinning's id ([`Id::of_pinning`]), whoever called.
pub trait PinStore {
    /// Why it was not stored.
    type Error;

    /// Stores the peer's key as pending, so that it is there after a power cut. The word to the peer leaves only
    /// afterwards. The same key again is no error and changes nothing, also when it is final by this code. Another key
    /// is one while a key is pending under this code: who was first has claimed it. On a server it is one also when
    /// that is final.
    ///
    /// # Errors
    /// It was not stored, and what was there before is as it was. The peer is told no, with a CLOSE. A flash that broke
    /// in the middle may show the key as pending after a restart all the same; that is as if the CLOSE had been lost.
    fn store(&mut self, peer: &Peer, code: &Id) -> Result<(), Self::Error>;

    /// The pending pinning of this key and code is final, the code is spent, and an earlier pinning is gone. Called
    /// once the second PING of the pairing has been written and flushed, or has come; and by whoever connects in KK,
    /// once a session of a pending pinning is confirmed.
    ///
    /// # Errors
    /// It stays pending; the next session of KK makes it final.
    fn finalise(&mut self, peer: &PublicKey, code: &Id) -> Result<(), Self::Error>;

    /// Removes what is pending of this key and code, because the peer has said no. What is final stays, and so does the
    /// code.
    ///
    /// # Errors
    /// It stays pending.
    fn remove(&mut self, peer: &PublicKey, code: &Id) -> Result<(), Self::Error>;
}

impl<S: PinStore> PinStore for &mut S {
    type Error = S::Error;

    fn store(&mut self, peer: &Peer, code: &Id) -> Result<(), S::Error> {
        S::store(self, peer, code)
    }

    fn finalise(&mut self, peer: &PublicKey, code: &Id) -> Result<(), S::Error> {
        S::finalise(self, peer, code)
    }

    fn remove(&mut self, peer: &PublicKey, code: &Id) -> Result<(), S::Error> {
        S::remove(self, peer, code)
    }
}
