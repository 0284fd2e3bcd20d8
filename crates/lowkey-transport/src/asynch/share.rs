//! How the two halves of a channel share what both have to know, on one thread: [`joint`](super::joint) is how two
//! tasks do.

use crate::error::Error;
use crate::keyed::{Keyed, Ours};
use crate::link::State;
use core::cell::{Cell, RefCell};
use core::task::{Poll, Waker};

/// How halves share their state: [`OneTask`], or a [`Joint`](super::Joint). Nothing else is a way.
#[expect(private_bounds, reason = "what is shared is nobody else's business")]
pub trait Shares: Share {}

/// The same, with what it does. Nothing is held across an await. It names no memory: what is made of a trait with a
/// borrow in it, as `&'static mut [u8]`, is no future that the compiler lets another thread have.
pub(crate) trait Share: Copy {
    /// Does what only the sending half of an open channel can. An error ends both directions, unless it is recoverable.
    fn sends<T>(self, call: impl FnOnce(&mut Keyed) -> Result<T, Error>) -> Result<T, Error>;

    /// Does what only the receiving half can, likewise. Wakes the sending half if there is something for it.
    fn receives<T>(self, call: impl FnOnce(&mut Keyed) -> Result<T, Error>) -> Result<T, Error>;

    /// What there is for a sending half that has nothing to send: an end of the channel, in order (`true`) or not, or a
    /// PONG or an ACK that is owed (`false`).
    fn news(self) -> Poll<bool>;

    /// What both halves know, if the channel goes on.
    fn ask<T>(self, ask: impl FnOnce(&Keyed) -> T) -> Option<T>;

    /// As [`State::stream_end`].
    fn stream_end(self) -> Result<(), Error>;

    /// Has the sending half woken when there is something for it.
    fn listen(self, waker: &Waker);
}

/// What the halves of [`Channel::split`](super::Channel::split) share, on one thread.
pub struct OneTask<'c, B> {
    pub(crate) state: &'c RefCell<State<'static, B>>,
    pub(crate) listener: &'c Cell<Option<Waker>>,
}

impl<B> Clone for OneTask<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B> Copy for OneTask<'_, B> {}

impl<B> OneTask<'_, B> {
    /// `None` never comes to be.
    fn look<T>(self, look: impl FnOnce(&State<'static, B>) -> T) -> Option<T> {
        self.state.try_borrow().ok().map(|state| look(&state))
    }
}

impl<B> Shares for OneTask<'_, B> {}

impl<B> Share for OneTask<'_, B> {
    fn sends<T>(self, call: impl FnOnce(&mut Keyed) -> Result<T, Error>) -> Result<T, Error> {
        let mut state = self.state.try_borrow_mut().map_err(|_| Error::Bug)?;
        let result = state.open().and_then(call);
        result.map_err(|error| state.end(error))
    }

    fn receives<T>(self, call: impl FnOnce(&mut Keyed) -> Result<T, Error>) -> Result<T, Error> {
        let result = self.sends(call);
        if self.look(is_heard).unwrap_or(true) {
            self.listener.take().into_iter().for_each(Waker::wake);
        }
        result
    }

    fn news(self) -> Poll<bool> {
        self.look(news).unwrap_or(Poll::Ready(false)) // the next call says what ended it
    }

    fn ask<T>(self, ask: impl FnOnce(&Keyed) -> T) -> Option<T> {
        self.look(|state| state.look().map(ask)).flatten()
    }

    fn stream_end(self) -> Result<(), Error> {
        self.look(State::stream_end).unwrap_or(Err(Error::Bug))
    }

    fn listen(self, waker: &Waker) {
        self.listener.set(Some(waker.clone()));
    }
}

/// Whether the sending half has something to hear: [`Share::news`], or an ACK.
pub(crate) fn is_heard<B>(state: &State<'_, B>) -> bool {
    news(state).is_ready() || state.look().is_some_and(|keyed| keyed.numbers.is_fresh())
}

/// As [`Share::news`].
pub(crate) fn news<B>(state: &State<'_, B>) -> Poll<bool> {
    let Some(keyed) = state.look() else { return Poll::Ready(false) };
    let is_closed = keyed.is_peer_closed || keyed.ours != Ours::Goes;
    match keyed.has_word() {
        true => Poll::Ready(false),
        false if is_closed => Poll::Ready(true),
        false => Poll::Pending,
    }
}
