//! Numbered messages (protocol §7) by halves: one sends an outbox, the other one hears what is acknowledged, and says
//! what it has stored.

#[cfg(doc)]
use super::Channel;
use super::receiver::Receiver;
use super::sender::Sender;
use super::share::Shares;
use crate::error::Error;
use crate::limits::Buffer;
use crate::numbered::{Acks, Outbox};
use core::future::poll_fn;
use core::task::Poll;
use embedded_io_async::{Read, Write};
use lowkey_core::numbered::{DIGEST_LEN, Memory};

impl<W: Write, B: Buffer, S: Shares> Sender<'_, W, B, S> {
    /// As [`Channel::send_outbox`].
    ///
    /// # Errors
    /// As [`Channel::send_outbox`].
    pub async fn send_outbox<M: Memory>(&mut self, outbox: &mut Outbox<M>) -> Result<(), Error> {
        self.sends(|outgoing, keyed| outgoing.send_outbox(outbox, keyed)).await
    }

    /// Waits until the receiving half has heard that the peer acknowledges more, and releases that from the outbox
    /// (`true`), or until the peer or we have closed (`false`). Meanwhile PINGs are answered.
    ///
    /// # Errors
    /// What ended the channel, and of the outbox as [`Channel::send_outbox`].
    pub async fn wait_for_acks<M: Memory>(&mut self, outbox: &mut Outbox<M>) -> Result<bool, Error> {
        loop {
            self.flush().await?;
            let heard = poll_fn(|context| {
                self.shared.listen(context.waker());
                match self.shared.sends(|keyed| outbox.settle(&mut keyed.numbers)) {
                    Ok(false) => self.shared.news().map(|is_closed| Ok(is_closed.then_some(false))),
                    settled => Poll::Ready(settled.map(Some)),
                }
            });
            if let Some(has_heard) = heard.await? {
                return Ok(has_heard);
            }
        }
    }
}

impl<R: Read, B: Buffer, S: Shares> Receiver<'_, R, B, S> {
    /// As [`Channel::number`].
    pub fn number(&self) -> Option<u64> {
        self.shared.ask(|keyed| keyed.numbers.received.number()).flatten()
    }

    /// As [`Channel::acks`].
    pub fn acks(&self) -> Acks {
        self.shared.ask(|keyed| Acks::of(&keyed.numbers)).unwrap_or_default()
    }

    /// As [`Channel::open_acks`]; the sending half sends it, [`Sender::answer_pings`](super::Sender::answer_pings) too.
    ///
    /// # Errors
    /// As [`Channel::open_acks`].
    pub fn open_acks(&mut self, last: Option<(u64, [u8; DIGEST_LEN])>) -> Result<(), Error> {
        self.in_open(|_, keyed| keyed.open_acks(last))
    }

    /// As [`Channel::acknowledge`]; it leaves as there.
    ///
    /// # Errors
    /// As [`Channel::acknowledge`].
    pub fn acknowledge(&mut self, number: u64) -> Result<(), Error> {
        self.in_open(|_, keyed| keyed.acknowledge(number))
    }
}
