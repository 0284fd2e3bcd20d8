//! What a side has stored of the other (protocol §6), and a power supply that fails.

use core::cell::Cell;
use lowkey_core::{Id, Peer, PinStore, PublicKey};
use std::rc::Rc;

/// What `store`, `finalise` and `remove` have left, as flash would keep it.
#[derive(Debug, Default)]
pub(crate) struct Pins {
    pub(crate) pending: Option<(PublicKey, Id)>,
    pub(crate) last: Option<PublicKey>,
    pub(crate) spent: Vec<Id>,
    pub(crate) calls: Vec<&'static str>,
    /// The call that does not succeed, and why.
    pub(crate) fails: Option<(&'static str, Trouble)>,
    /// Shared with whoever drives the side: without power it does nothing more.
    pub(crate) has_no_power: Rc<Cell<bool>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It cannot be written.
    Full,
    /// The power fails before it is written.
    CutBefore,
    /// The power fails once it is written.
    CutBehind,
    /// Another key is pending under this code.
    Claimed,
}

impl Pins {
    /// A side that was paired before.
    pub(crate) fn paired_with(key: PublicKey) -> Self {
        Self { last: Some(key), ..Self::default() }
    }

    pub(crate) fn failing(call: &'static str, trouble: Trouble) -> Self {
        Self { fails: Some((call, trouble)), ..Self::default() }
    }

    /// The power is back, and everything can be written.
    pub(crate) fn start_again(&mut self) {
        self.has_no_power.set(false);
        self.fails = None;
    }

    fn does(&mut self, call: &'static str, change: impl FnOnce(&mut Self)) -> Result<(), Trouble> {
        assert!(!self.has_no_power.get(), "{call} without power");
        self.calls.push(call);
        let trouble = self.fails.filter(|(failing, _)| *failing == call).map(|(_, trouble)| trouble);
        if trouble.is_none_or(|trouble| trouble == Trouble::CutBehind) {
            change(self);
        }
        self.has_no_power.set(matches!(trouble, Some(Trouble::CutBefore | Trouble::CutBehind)));
        trouble.map_or(Ok(()), Err)
    }
}

impl PinStore for Pins {
    type Error = Trouble;

    fn store(&mut self, peer: &Peer, code: &Id) -> Result<(), Trouble> {
        let new = (peer.public_key(), *code);
        if self.pending.is_some_and(|(key, claimed)| claimed == *code && key != new.0) {
            return Err(Trouble::Claimed);
        }
        self.does("store", |pins| pins.pending = Some(new))
    }

    fn finalise(&mut self, peer: &PublicKey, code: &Id) -> Result<(), Trouble> {
        let key = *peer;
        assert!(
            self.pending == Some((key, *code)) || self.last == Some(key),
            "final without having been stored"
        );
        self.does("finalise", |pins| {
            (pins.pending, pins.last) = (None, Some(key));
            pins.spent.push(*code);
        })
    }

    fn remove(&mut self, peer: &PublicKey, code: &Id) -> Result<(), Trouble> {
        let gone = Some((*peer, *code));
        self.does("remove", |pins| pins.pending = pins.pending.filter(|_| pins.pending != gone))
    }
}
