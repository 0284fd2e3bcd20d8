//! What happens to devices, for whoever keeps a record of it.

use super::ended::Ended;
use crate::registry::Pinned;
use lowkey_core::{Id, PublicKey};
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

/// Hears what happens to devices, when it has taken effect.
///
/// It is called on the thread on which that was, under no lock of the server's, and devices wait for it: it should look
/// at memory and nothing else. Two threads can bring the events of one device in another order than they happened in;
/// the numbers of its sessions tell, which grow.
pub trait Observer: Send + Sync {
    /// This has happened.
    fn observe(&self, event: &Event<'_>);
}

/// What happened to a device.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'e> {
    /// A session has begun: its first record has opened, and it has a seat.
    Confirmed {
        /// The session's number, as its [`SessionInfo`](super::SessionInfo) has it.
        session: u64,
        /// The pinning by which the device came.
        pinned: &'e Arc<Pinned>,
        /// Where it came from, if that is known.
        from: Option<SocketAddr>,
    },
    /// A session is over.
    Ended(&'e Ended),
    /// A pairing is final: the device's key is in the registry to stay.
    Paired {
        /// The device's name.
        device: &'e str,
        /// The name of its code.
        code: Id,
        /// Its key.
        key: PublicKey,
    },
}

/// Who hears it, each in turn.
#[derive(Default)]
pub(crate) struct Observed(OnceLock<Box<Hears>>);

struct Hears {
    observer: Box<dyn Observer>,
    next: Observed,
}

impl Observed {
    /// From now on this hears it as well.
    pub(super) fn by(&self, observer: impl Observer + 'static) {
        let mut last = self;
        let mut hears = Box::new(Hears { observer: Box::new(observer), next: Self::default() });
        while let Err(taken) = last.0.set(hears) {
            hears = taken;
            let Some(before) = last.0.get() else { return };
            last = &before.next;
        }
    }

    pub(super) fn tell(&self, event: &Event<'_>) {
        let mut next = self.0.get();
        while let Some(hears) = next {
            hears.observer.observe(event);
            next = hears.next.0.get();
        }
    }
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observed").field(&self.0.get().is_some()).finish()
    }
}
