//! The key of one direction, taken out for as long as a record is sealed or opened, while the other direction may be at
//! work.
//!
//! What is lent is a whole [`Keyed`], of which one direction works; the other's key stays where it was, and what each
//! of both says of the other is put together when the key comes back.

use super::{Echo, Keyed, Ours};
use core::mem::swap;

/// Wiped when it is dropped. Nothing of a key stays where it was taken from: keys change places with one that is spent.
pub(crate) struct Lent {
    /// What a direction works with.
    pub(crate) keyed: Keyed,
    /// A PONG was awaited when it was lent.
    was_asking: bool,
}

impl Lent {
    /// Before anything is lent.
    pub(crate) fn nothing() -> Self {
        Self { keyed: Keyed::spent(), was_asking: false }
    }

    /// Takes what the sending direction works with.
    pub(crate) fn take_sealer(&mut self, from: &mut Keyed) {
        swap(&mut self.keyed.session.sealer, &mut from.session.sealer);
        swap(&mut self.keyed.owed, &mut from.owed);
        self.look(from);
    }

    /// Gives it back. A PONG that has come to be owed meanwhile takes the place of one that has not gone; after our
    /// CLOSE none goes (§4).
    pub(crate) fn give_sealer(&mut self, to: &mut Keyed) {
        swap(&mut self.keyed.session.sealer, &mut to.session.sealer);
        to.ours = self.keyed.ours;
        to.numbers.sent(&self.keyed.numbers);
        if to.owed().is_empty() {
            swap(&mut self.keyed.owed, &mut to.owed);
        }
        rest(to);
        if !self.was_asking {
            to.ask(self.keyed.asked.as_bytes());
        }
    }

    /// Takes what the receiving direction works with.
    pub(crate) fn take_opener(&mut self, from: &mut Keyed) {
        swap(&mut self.keyed.session.opener, &mut from.session.opener);
        self.look(from);
    }

    /// Gives it back.
    pub(crate) fn give_opener(&mut self, to: &mut Keyed) {
        swap(&mut self.keyed.session.opener, &mut to.session.opener);
        to.is_peer_closed = self.keyed.is_peer_closed;
        to.numbers.received(&self.keyed.numbers);
        rest(to);
        to.owe(self.keyed.owed.as_bytes());
        if self.was_asking && !self.keyed.is_asking() {
            to.asked = Echo::NONE;
        }
    }

    /// What a direction has to know.
    fn look(&mut self, from: &Keyed) {
        self.was_asking = from.is_asking();
        self.keyed.ask(from.asked.as_bytes());
        self.keyed.ours = from.ours;
        self.keyed.is_peer_closed = from.is_peer_closed;
        self.keyed.numbers = from.numbers;
    }
}

/// After our CLOSE nothing goes that is owed.
fn rest(keyed: &mut Keyed) {
    if keyed.ours == Ours::Closed {
        keyed.owed = Echo::NONE;
        keyed.numbers.rest();
    }
}
