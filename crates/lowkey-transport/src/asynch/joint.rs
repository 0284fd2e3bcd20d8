//! How the two halves of a channel share what both have to know, when two tasks own them.
//!
//! Interrupts are masked while keys change places, never while a record is sealed or opened: a key is taken out for
//! that. When the other half has failed meanwhile, it is wiped instead of given back.

use super::share::{Share, Shares, is_heard, news};
use crate::error::Error;
use crate::keyed::{Keyed, Lent};
use crate::link::State;
use core::cell::RefCell;
use core::mem::swap;
use core::ptr;
use core::task::{Poll, Waker};
use critical_section::Mutex;
use lowkey_core::wipe_dead_stack;

/// What two tasks with a half of a channel each share: for a `static`, as [`Mailbox`](crate::Mailbox) is.
pub struct Joint<B>(Mutex<RefCell<Shared<B>>>);

struct Shared<B> {
    state: State<'static, B>,
    listener: Option<Waker>,
    /// How many halves there are.
    halves: u8,
}

impl<B> Joint<B> {
    /// One that serves no channel.
    pub const fn new() -> Self {
        let shared = Shared { state: State::Idle, listener: None, halves: 0 };
        Self(Mutex::new(RefCell::new(shared)))
    }

    /// Takes the state of a channel, for two halves; `None` while it has another one's.
    pub(crate) fn occupy<'c>(&'c self, state: &mut State<'static, B>) -> Option<[Hold<'c, B>; 2]> {
        self.with(|shared| {
            if shared.halves > 0 {
                return None;
            }
            shared.halves = 2;
            swap(&mut shared.state, state);
            Some([Hold(self), Hold(self)])
        })
    }

    /// Does what one direction can, with what it works with; an error ends both.
    fn work<T>(
        &self,
        take: fn(&mut Lent, &mut Keyed),
        call: impl FnOnce(&mut Keyed) -> Result<T, Error>,
        give: fn(&mut Lent, &mut Keyed),
    ) -> Result<T, Error> {
        let mut lent = Lent::nothing();
        self.with(|shared| shared.state.open().map(|keyed| take(&mut lent, keyed)))?;
        let result = call(&mut lent.keyed);
        let result = self.with(|shared| {
            let result = shared.state.open().and_then(|keyed| {
                give(&mut lent, keyed);
                result
            });
            result.map_err(|error| shared.state.end(error))
        });
        drop(lent);
        wipe_dead_stack::<MOVED_WORDS>();
        result
    }

    /// Looks at where the channel stands.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&State<'static, B>) -> T) -> T {
        self.with(|shared| look(&shared.state))
    }

    fn with<T>(&self, f: impl FnOnce(&mut Shared<B>) -> T) -> T {
        critical_section::with(|section| f(&mut self.0.borrow_ref_mut(section)))
    }
}

impl<B> Default for Joint<B> {
    fn default() -> Self {
        Self::new()
    }
}

impl<B> Shares for &Joint<B> {}

impl<B> Share for &Joint<B> {
    fn sends<T>(self, call: impl FnOnce(&mut Keyed) -> Result<T, Error>) -> Result<T, Error> {
        self.work(Lent::take_sealer, call, Lent::give_sealer)
    }

    fn receives<T>(self, call: impl FnOnce(&mut Keyed) -> Result<T, Error>) -> Result<T, Error> {
        let result = self.work(Lent::take_opener, call, Lent::give_opener);
        let listener =
            self.with(|shared| if is_heard(&shared.state) { shared.listener.take() } else { None });
        listener.into_iter().for_each(Waker::wake); // outside: it may run anything
        result
    }

    fn news(self) -> Poll<bool> {
        self.look(news)
    }

    fn ask<T>(self, ask: impl FnOnce(&Keyed) -> T) -> Option<T> {
        self.look(|state| state.look().map(ask))
    }

    fn stream_end(self) -> Result<(), Error> {
        self.look(State::stream_end)
    }

    fn listen(self, waker: &Waker) {
        let waker = waker.clone();
        let displaced = self.with(|shared| shared.listener.replace(waker));
        drop(displaced);
    }
}

/// A half's use of a [`Joint`], which is free again after both. Keys are wiped then.
pub(crate) struct Hold<'c, B>(&'c Joint<B>);

impl<'c, B> Hold<'c, B> {
    pub(crate) fn joint(&self) -> &'c Joint<B> {
        self.0
    }

    /// Gives the state back if both are of one channel, whichever is first.
    pub(crate) fn leave(&self, other: &Self, state: &mut State<'static, B>) -> bool {
        let is_same = ptr::eq(self.0, other.0);
        if is_same {
            self.0.with(|shared| swap(&mut shared.state, state));
        }
        is_same
    }
}

impl<B> Drop for Hold<'_, B> {
    fn drop(&mut self) {
        let listener = self.0.with(|shared| {
            shared.halves = shared.halves.saturating_sub(1);
            if shared.halves > 0 {
                return None;
            }
            shared.state = State::Idle;
            shared.listener.take()
        });
        drop(listener); // outside: it may run anything
    }
}

/// As deep as keys lie that change places.
const MOVED_WORDS: usize = 64;
