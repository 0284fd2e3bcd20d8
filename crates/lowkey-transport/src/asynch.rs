//! The async channel, over any embedded-io-async stream.
//!
//! # Cancel safety
//! Every future of this module may be dropped at any await without losing or repeating a byte that was accepted, as far
//! as the same holds for the stream's own `read` and `write`. What sends was not accepted then, and what receives has
//! taken nothing: call again with the same arguments, or with others.
//!
//! A call of `recv_message` that was dropped is repeated with the same bytes at the front of its buffer, a writer's
//! `finish` with the same rest. A message of a mailbox that is on its way goes on leaving. After `close` and `finish`
//! our direction has ended all the same; another call has the CLOSE leave. An attempt, `connect` or `accept`, is over.
//!
//! # While the stream takes nothing
//! A channel reads then: what has come waits for the next `recv`, PINGs are answered, the peer's end is seen. So two
//! sides that both send never wait for each other, if they receive. A channel that is not split drops futures of its
//! stream for that; a stream that loses bytes by it is to be given as a [`Duplex`] and split, which holds its futures.

mod duplex;
mod halves;
pub(crate) mod joint;
mod message;
mod moving;
#[cfg(feature = "numbered")]
mod numbered;
mod receiver;
mod sender;
pub(crate) mod share;

pub use duplex::Duplex;
pub use halves::{OwnedHalves, OwnedReceiver, OwnedSender};
pub use joint::Joint;
pub use message::{MessageWriter, Sends};
pub use receiver::Receiver;
pub use sender::Sender;
pub use share::{OneTask, Shares};

#[cfg(doc)]
use crate::blocking;
use crate::calls::calls_over;
use crate::error::Error;
use crate::hello::Hello;
use crate::limits::{Buffer, Buffers};
use crate::link::{Link, Step};
use crate::mailbox::Mailbox;
#[cfg(feature = "numbered")]
use crate::numbered::{Acks, Outbox};
use crate::pairing::{Keeper, PairError, Pairing, Window};
use crate::pinning::Pinning;
use crate::record::Fragment;
use core::cell::Cell;
use core::task::Waker;
use embedded_io_async::{Read, Write};
#[cfg(feature = "numbered")]
use lowkey_core::numbered::{DIGEST_LEN, Memory};
use lowkey_core::{Entropy, Ephemerals, Peer, PinStore};

/// An open channel and its stream.
///
/// Holding one tells you what a [`blocking::Channel`] does. `Read` and `Write` move bytes and ignore where messages
/// end.
pub struct Channel<Io, B> {
    link: Link<'static, B>,
    io: Io,
    /// The sending half, while it waits for what the receiving half hears.
    listener: Cell<Option<Waker>>,
}

calls_over!(embedded_io_async, async .await);

impl<Io: Read + Write, B: Buffer> Channel<Io, B> {
    /// As [`blocking::Channel::message`].
    ///
    /// # Errors
    /// As [`blocking::Channel::send`].
    pub fn message(&mut self) -> Result<MessageWriter<'_, Self>, Error> {
        self.link.may_begin()?;
        Ok(MessageWriter::new(self))
    }
}

impl<Io, B: Buffer> Channel<Io, B> {
    /// The channel of a link that is done.
    fn open(io: Io, link: Link<'_, B>) -> Self {
        Self { link: link.settle(), io, listener: Cell::new(None) }
    }

    fn link(&self) -> &Link<'static, B> {
        &self.link
    }

    fn link_mut(&mut self) -> &mut Link<'static, B> {
        &mut self.link
    }
}
