//! Where the state of a handshake lies between its steps: in the step, or in a [`Storage`] that the caller gives.

use crate::engine::{Engine, Role};
use crate::pattern::Known;
use core::mem;
use lowkey_crypto::PublicKey;

/// Room for one handshake, for firmware that counts the bytes of its stack: about 200.
///
/// A step that holds its state copies it into the next step, so for a moment there are two. The steps that `new_in`
/// begins leave it in their storage. It is wiped when the attempt is over: when its last step is done, has failed or is
/// dropped. Then the storage is free for another. A step that waits for a message can be parked: it stays in the
/// storage until it is resumed, or wiped with it.
///
/// ```
/// # use lowkey_core::*;
/// # struct Os; impl Entropy for Os { fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> {
/// #   out.iter_mut().enumerate().for_each(|(i, b)| *b = i as u8); Ok(()) } }
/// # struct Boots; impl Counter for Boots { fn next(&mut self) -> Result<u64, CounterFailed> { Ok(1) } }
/// # let device = Identity::new(Secret::new([1; 32]))?;
/// # let server = Peer::pin(&device, Identity::new(Secret::new([2; 32]))?.public_key())?;
/// # let mut ephemerals = Ephemerals::new(Os, Secret::new([3; 32]), &mut Boots)?;
/// let mut storage = kk::Storage::new();
/// let mut wire = [0; 48];
/// let initiator = kk::Initiator::new_in(&mut storage, &device, &server, None, b"app/1");
/// let (initiator, n) = initiator.write_message_1(&mut ephemerals, b"", &mut wire)?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Default)]
pub struct Storage<'k>(Option<Engine<'k>>);

impl Storage<'_> {
    /// Free storage.
    pub const fn new() -> Self {
        Self(None)
    }

    /// The peer's static key: in KK the pinned one, in XX what has been read of it. It stays when the attempt is over.
    pub fn peer_key(&self) -> Option<PublicKey> {
        self.0.as_ref()?.rs().ok().copied()
    }
}

/// The state, in a [`Storage`].
pub struct Stored<'p, 'k>(&'p mut Engine<'k>);

impl<'p, 'k> Stored<'p, 'k> {
    pub(crate) fn new(storage: &'p mut Storage<'k>, engine: Engine<'k>, prologue: &[u8]) -> Self {
        let engine = storage.0.insert(engine);
        engine.begin(prologue);
        Self(engine)
    }

    /// Leaves the state where it is.
    pub(crate) fn park(self) {
        mem::forget(self); // only a reference, and what does the wiping
    }

    /// The state that was parked in `storage`, if it is that of `role` after `done` messages of a pattern with the
    /// static keys `known`. One that was wiped since is after no message.
    pub(crate) fn resume(storage: &'p mut Storage<'k>, role: Role, known: Known, done: u8) -> Option<Self> {
        storage.0.as_mut().filter(|engine| engine.is_at(role, known, done)).map(Self)
    }
}

impl Drop for Stored<'_, '_> {
    fn drop(&mut self) {
        self.0.wipe();
    }
}

/// The state itself.
pub struct Owned<'k>(pub(crate) Engine<'k>);

impl<'k> Owned<'k> {
    pub(crate) fn new(mut engine: Engine<'k>, prologue: &[u8]) -> Self {
        engine.begin(prologue);
        Self(engine)
    }
}

/// [`Owned`] or [`Stored`]. Not for other crates to implement.
pub trait State<'k>: sealed::State<'k> {}
impl<'k, S: sealed::State<'k>> State<'k> for S {}

pub(crate) mod sealed {
    use super::Engine;

    pub trait State<'k> {
        #[allow(private_interfaces)]
        fn engine(&mut self) -> &mut Engine<'k>;
    }
}

#[allow(private_interfaces)]
impl<'k> sealed::State<'k> for Owned<'k> {
    fn engine(&mut self) -> &mut Engine<'k> {
        &mut self.0
    }
}

#[allow(private_interfaces)]
impl<'k> sealed::State<'k> for Stored<'_, 'k> {
    fn engine(&mut self) -> &mut Engine<'k> {
        self.0
    }
}

#[cfg(test)]
impl Storage<'_> {
    pub(crate) fn is_wiped(&self) -> bool {
        self.0.as_ref().is_none_or(|engine| engine.is_wiped())
    }
}
