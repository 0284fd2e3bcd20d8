//! Where the state of a handshake lies between its steps: in the step, or in a [`Storage`] that the caller gives.

use crate::engine::{Engine, Role, Side, Statics};
use crate::entropy::{Entropy, Ephemerals};
use crate::error::Error;
use crate::keys::{Identity, Peer, Psk};
use crate::pattern::Known;
use crate::session::Session;
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
    #[inline(never)] // the engine on its way there lies in no frame beneath the next step's
    pub(crate) fn new(
        storage: &'p mut Storage<'k>,
        side: Side,
        statics: Option<&'static Statics>,
        s: &'k Identity,
        rs: Option<&'k Peer>,
        psk: Option<&'k Psk>,
        prologue: &[u8],
    ) -> Self {
        let engine = storage.0.insert(Engine::new(side, statics, s, rs, psk));
        engine.begin(prologue);
        Self(engine)
    }

    /// The peer's static key.
    pub(crate) fn peer_key(&self) -> Option<PublicKey> {
        self.0.rs().ok().copied()
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

/// The two ways to begin as `role`: with the state in the step, and with the state in storage.
macro_rules! begins {
    ($(#[$new:meta])* $step:ident($us:ident $(, $peer:ident)?), $role:expr, $statics:expr, $rs:expr) => {
        impl<'k> $step<Owned<'k>> {
            $(#[$new])*
            pub fn new($us: &'k Identity, $($peer: &'k Peer,)? psk: Option<&'k Psk>, prologue: &[u8]) -> Self {
                Self(Owned::new(Engine::new(side($role, psk), $statics, $us, $rs, psk), prologue))
            }
        }

        impl<'p, 'k> $step<Stored<'p, 'k>> {
            #[doc = concat!("[`new`](", stringify!($step), "::new) with its state in `storage`.")]
            pub fn new_in(
                storage: &'p mut Storage<'k>,
                $us: &'k Identity,
                $($peer: &'k Peer,)?
                psk: Option<&'k Psk>,
                prologue: &[u8],
            ) -> Self {
                Self(Stored::new(storage, side($role, psk), $statics, $us, $rs, psk, prologue))
            }
        }
    };
}

/// A step that waits for a message, after `done` of them, can be left in its storage.
macro_rules! waits {
    ($step:ident, $role:expr, $known:expr, $done:literal, $what:literal) => {
        impl<'p, 'k> $step<Stored<'p, 'k>> {
            /// Leaves the attempt in its storage until [`resume`](Self::resume).
            pub fn park(self) {
                self.0.park();
            }

            #[doc = concat!("Goes on with the attempt that was parked in `storage`; `None` if it holds none that awaits ", $what)]
            /// or one that was given up since.
            pub fn resume(storage: &'p mut Storage<'k>) -> Option<Self> {
                Stored::resume(storage, $role, $known, $done).map(Self)
            }
        }
    };
}

pub(crate) use {begins, waits};

/// [`Owned`] or [`Stored`]. Not for other crates to implement.
pub trait State: sealed::State {}
impl<S: sealed::State> State for S {}

pub(crate) mod sealed {
    use super::{Engine, Entropy, Ephemerals, Error, Session};

    /// The one thing to do with a state is to let its engine play.
    pub trait State {
        #[allow(private_interfaces, private_bounds)]
        fn play<R>(&mut self, with: impl FnOnce(&mut Engine<'_>) -> R) -> R;

        /// Writes a message with a fresh ephemeral; its length.
        fn write<E: Entropy>(
            &mut self,
            ephemerals: &mut Ephemerals<E>,
            payload: &[u8],
            out: &mut [u8],
        ) -> Result<usize, Error> {
            self.play(|engine| {
                engine.draw(ephemerals)?;
                engine.write_message(payload, out)
            })
        }

        fn read<'m>(&mut self, message: &'m mut [u8]) -> Result<&'m mut [u8], Error> {
            self.play(|engine| engine.read_message(message))
        }

        fn finish(&mut self) -> Session {
            self.play(|engine| engine.finish())
        }
    }
}

#[allow(private_interfaces, private_bounds)]
impl sealed::State for Owned<'_> {
    fn play<R>(&mut self, with: impl FnOnce(&mut Engine<'_>) -> R) -> R {
        with(&mut self.0)
    }
}

#[allow(private_interfaces, private_bounds)]
impl sealed::State for Stored<'_, '_> {
    fn play<R>(&mut self, with: impl FnOnce(&mut Engine<'_>) -> R) -> R {
        with(self.0)
    }
}

#[cfg(test)]
impl Storage<'_> {
    pub(crate) fn is_wiped(&self) -> bool {
        self.0.as_ref().is_none_or(|engine| engine.is_wiped())
    }
}
