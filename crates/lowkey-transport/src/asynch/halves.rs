//! The two directions of a channel, each with its half of the stream: borrowed, or owned by a task each.

use super::Channel;
use super::duplex::Duplex;
use super::joint::{Hold, Joint};
use super::receiver::Receiver;
use super::sender::Sender;
use super::share::OneTask;
use crate::incoming::Incoming;
use crate::limits::Buffer;
use crate::link::{Link, State};
use crate::numbers::Shown;
use crate::outgoing::Outgoing;
use core::cell::RefCell;

impl<R, W, B: Buffer> Channel<Duplex<R, W>, B> {
    /// The two directions, to be used side by side on one thread.
    ///
    /// A PONG that the receiving half owes goes out with the sending half's next call; where that
    /// may be long, let [`Sender::answer_pings`] run beside.
    pub fn split(&mut self) -> (Receiver<'_, R, B>, Sender<'_, W, B>) {
        let Self { link: Link { incoming, outgoing, state, .. }, io, listener } = self;
        let shared = OneTask { state, listener };
        (Receiver { incoming, io: &mut io.reader, shared }, Sender { outgoing, io: &mut io.writer, shared })
    }

    /// The two directions, to be owned by a task each, which may have executors of different priority or run on two
    /// threads. They share what they must by way of `joint`, which serves one channel at a time and is free again when
    /// both are gone.
    ///
    /// # Errors
    /// The channel itself: `joint` serves another one.
    #[allow(clippy::result_large_err, reason = "what was given is given back; on a device it is not large")]
    pub fn into_split<'c>(mut self, joint: &'c Joint<B>) -> Result<OwnedHalves<'c, R, W, B>, Self> {
        let Some(holds) = joint.occupy(self.link.state.get_mut()) else { return Err(self) };
        let [hold, other] = holds;
        let Self { link: Link { incoming, outgoing, max_frame, shown, .. }, io, .. } = self;
        Ok((
            OwnedReceiver { incoming, io: io.reader, max_frame, shown, hold },
            OwnedSender { outgoing, io: io.writer, hold: other },
        ))
    }

    /// The channel of two halves that [`Self::into_split`] has made.
    ///
    /// # Errors
    /// The halves themselves: they are not of the same channel.
    #[allow(clippy::result_large_err, reason = "what was given is given back; on a device it is not large")]
    pub fn reunite<'c>(halves: OwnedHalves<'c, R, W, B>) -> Result<Self, OwnedHalves<'c, R, W, B>> {
        let (receiver, sender) = halves;
        let mut state = State::Idle;
        if !receiver.hold.leave(&sender.hold, &mut state) {
            return Err((receiver, sender));
        }
        let OwnedReceiver { incoming, io: reader, max_frame, shown, .. } = receiver;
        let OwnedSender { outgoing, io: writer, .. } = sender;
        let link = Link { incoming, outgoing, state: RefCell::new(state), max_frame, shown };
        Ok(Self::open(Duplex { reader, writer }, link))
    }
}

/// What [`Channel::into_split`] makes, and [`Channel::reunite`] puts together.
pub type OwnedHalves<'c, R, W, B> = (OwnedReceiver<'c, R, B>, OwnedSender<'c, W, B>);

/// The receiving half of a channel, for a task to own. Dropped, it leaves the sending half as it is.
pub struct OwnedReceiver<'c, R, B> {
    incoming: Incoming<B>,
    io: R,
    max_frame: u16,
    shown: Shown,
    hold: Hold<'c, B>,
}

impl<'c, R, B> OwnedReceiver<'c, R, B> {
    /// The half, to be used.
    pub fn lend(&mut self) -> Receiver<'_, R, B, &'c Joint<B>> {
        let Self { incoming, io, hold, .. } = self;
        Receiver { incoming, io, shared: hold.joint() }
    }
}

/// The sending half of a channel, for a task to own. Dropped, it leaves the receiving half as it is, and without a
/// close it is a truncation to the peer, once the stream ends.
pub struct OwnedSender<'c, W, B> {
    outgoing: Outgoing<B>,
    io: W,
    hold: Hold<'c, B>,
}

impl<'c, W, B> OwnedSender<'c, W, B> {
    /// The half, to be used.
    pub fn lend(&mut self) -> Sender<'_, W, B, &'c Joint<B>> {
        let Self { outgoing, io, hold } = self;
        Sender { outgoing, io, shared: hold.joint() }
    }
}
