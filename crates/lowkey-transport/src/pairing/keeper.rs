//! What the application does in a pairing (protocol §6): it stores the key that the peer has proven, before it says so,
//! and learns whether that is final.

use super::{PairError, Pairing};
use crate::error::Error;
use crate::limits::Buffer;
use crate::link::{Link, Step, wipe_handshake_stack};
use core::mem;
use lowkey_core::{Id, Identity, Peer, PinStore, PublicKey};

/// Plays a pairing on a link, in either role, over a [`PinStore`].
///
/// A driver does for [`Keeper::step`] what it does for [`Link::step`], and gives what came of it to [`Keeper::end`].
pub struct Keeper<'p, S: PinStore> {
    identity: &'p Identity,
    code: Id,
    store: S,
    peer: Option<Peer>,
    kept: Kept<S::Error>,
}

/// What is kept of the peer's key.
enum Kept<E> {
    /// Nothing yet, or no longer.
    Nothing,
    /// It is stored, and may go again.
    Pending,
    /// Both sides have stored the other's.
    Final,
    /// A call of the store did not succeed, and how the pairing ends for it.
    Failed(fn(E) -> PairError<E>, E),
}

impl<'p, S: PinStore> Keeper<'p, S> {
    /// A pairing with this identity and code, from its beginning; what the peer proves goes to `store`.
    pub fn new(pairing: Pairing<'p>, store: S) -> Self {
        let Pairing { identity, code, .. } = pairing;
        Self { identity, code, store, peer: None, kept: Kept::Nothing }
    }

    /// As [`Link::step`] of the same link, but for what it decides itself: it stores the proven key and accepts it, or
    /// refuses it with a CLOSE; it makes what is stored final, or removes it; then it closes. `Write` with nothing
    /// unsent: flush the stream. `Done` when both sides have closed.
    ///
    /// # Errors
    /// As [`Link::step`]: the pairing is over. [`Self::end`] says what has become of it.
    pub fn step<B: Buffer>(&mut self, link: &mut Link<'_, B>) -> Result<Step, Error> {
        loop {
            match link.step() {
                Ok(Step::Claim) => self.judge(link)?,
                Ok(Step::Done) if link.is_unflushed() => return Ok(Step::Write), // not yet the stream's word that it left
                Ok(Step::Done) if link.is_closed() => return Ok(Step::Done),
                Ok(Step::Done) => {
                    self.finalise();
                    link.close()?;
                    if !link.has_unsent() {
                        return Ok(Step::Read);
                    }
                }
                Err(Error::NotWelcome) => {
                    self.remove();
                    return Err(Error::NotWelcome);
                }
                other => return other,
            }
        }
    }

    /// The same for a driver of a stream; `answer` answers the hello.
    pub(crate) fn play<'k, B: Buffer>(
        &mut self,
        link: &mut Link<'k, B>,
        mut answer: impl FnMut(&mut Link<'k, B>) -> Result<(), Error>,
    ) -> Result<Step, Error> {
        loop {
            match self.step(link)? {
                Step::Hello => answer(link)?,
                step => return Ok(step),
            }
        }
    }

    /// What has become of the pairing, once it is over for the link, for the stream or for whoever drives it: `Ok` if
    /// the peer's key is final.
    ///
    /// # Errors
    /// [`PairError`].
    pub fn end(&mut self, ended: Result<(), Error>) -> Result<(), PairError<S::Error>> {
        match mem::replace(&mut self.kept, Kept::Nothing) {
            Kept::Failed(how, error) => Err(how(error)),
            Kept::Final => Ok(()), // whatever came behind it
            _ => Err(PairError::Failed(ended.err().unwrap_or(Error::OutOfTurn))),
        }
    }

    /// The peer whose key was stored.
    pub fn into_peer(self) -> Option<Peer> {
        self.peer
    }

    /// Stores the key that the peer has proven and says so, or refuses it.
    fn judge<B: Buffer>(&mut self, link: &mut Link<'_, B>) -> Result<(), Error> {
        let proven = link.proven_key().ok_or(Error::Bug)?;
        self.keep(proven.canonical());
        wipe_handshake_stack();
        if let Kept::Pending = self.kept { link.accept() } else { link.close() }
    }

    /// Stores a key, if it can be pinned and the store takes it.
    #[inline(never)] // what it moves lies beneath what is wiped
    fn keep(&mut self, proven: PublicKey) {
        let Ok(peer) = Peer::pin(self.identity, proven) else { return }; // of low order
        self.kept = match self.store.store(&peer, &self.code) {
            Ok(()) => Kept::Pending,
            Err(error) => Kept::Failed(PairError::NotStored, error),
        };
        self.peer = Some(peer);
    }

    /// The second PING has passed.
    fn finalise(&mut self) {
        let (Kept::Pending, Some(peer)) = (&self.kept, &self.peer) else { return };
        self.kept = match self.store.finalise(&peer.public_key(), &self.code) {
            Ok(()) => Kept::Final,
            Err(error) => Kept::Failed(PairError::NotFinal, error),
        };
    }

    /// The peer has said no.
    fn remove(&mut self) {
        let (Kept::Pending, Some(peer)) = (&self.kept, &self.peer) else { return };
        self.kept = match self.store.remove(&peer.public_key(), &self.code) {
            Ok(()) => Kept::Nothing,
            Err(error) => Kept::Failed(PairError::NotRemoved, error),
        };
    }
}
