//! One channel's life: readings out, commands in.
//!
//! A command is `c` and a text, in a message of one record: `period MS` sets the time between readings, `report` is
//! answered with the device's state, `close` ends the channel. Other messages are not for the device, and neither is
//! what lies inside a longer one.

use core::{str, sync::atomic::Ordering, task::Poll};

use lm3s6965_ethernet::{clock::Clock, stack, tcp::Tcp, uart::Uart};
use lowkey_transport::{Error, Part, blocking::Channel};

use crate::readings;

/// What outlives a channel.
pub(crate) struct Session {
    clock: Clock,
    /// Pieces of messages on the last channel.
    received: usize,
    #[cfg(feature = "demo")]
    checked: bool,
}

/// The channel as the session sees it.
pub(crate) type Connection<'c> = Channel<&'c mut Tcp, &'c mut [u8]>;

enum Command {
    Period(u32),
    Report,
    Close,
    Unknown,
}

impl Session {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            received: 0,
            #[cfg(feature = "demo")]
            checked: false,
        }
    }

    /// How much came of the last channel: without anything, it was good for nothing.
    pub(crate) fn received(&self) -> usize {
        self.received
    }

    /// Runs until the server closes the channel.
    ///
    /// # Errors
    /// What ended it otherwise.
    pub(crate) fn run(&mut self, channel: &mut Connection<'_>, uart: &mut Uart) -> Result<(), Error> {
        channel.stream().set_patience(PATIENCE);
        self.received = 0;
        #[cfg(feature = "demo")]
        if !self.checked {
            crate::trial::run(channel, uart, self.clock)?;
            self.checked = true;
            self.received = 1;
        }
        let mut sent = 0;
        let mut inside = false; // a message of more than one record
        loop {
            sent += channel.deliver(&readings::MAILBOX)? as u32;
            let command = match channel.try_recv()? {
                Poll::Pending => {
                    channel.stream().rest();
                    continue;
                }
                Poll::Ready(None) => return channel.close(),
                Poll::Ready(Some(fragment)) => {
                    self.received += 1;
                    let is_whole = !inside && fragment.part == Part::Last;
                    inside = fragment.part == Part::More;
                    if is_whole { Command::read(fragment.bytes) } else { None }
                }
            };
            match command {
                Some(Command::Period(period)) => {
                    readings::set_period(period);
                    uart.text("asked for a reading every ").number(period).text(" ms").end();
                }
                Some(Command::Report) => self.report(channel, sent)?,
                Some(Command::Close) => {
                    uart.text("asked to close").end();
                    channel.close()?;
                    while channel.recv()?.is_some() {}
                    return Ok(());
                }
                Some(Command::Unknown) => uart.text("asked for something unknown").end(),
                None => (),
            }
        }
    }

    /// `s` and four numbers (`u32` big-endian): milliseconds since start, readings sent on this channel, readings
    /// lost, the stack's peak in bytes.
    fn report(&self, channel: &mut Connection<'_>, sent: u32) -> Result<(), Error> {
        let mut message = [b's'; 17];
        let numbers = [self.clock.now(), sent, readings::LOST.load(Ordering::Relaxed), stack::peak() as u32]
            .map(u32::to_be_bytes);
        message[1..].iter_mut().zip(numbers.as_flattened()).for_each(|(to, from)| *to = *from);
        channel.send(&message)
    }
}

impl Command {
    /// `None` where the message is not a command.
    fn read(message: &[u8]) -> Option<Self> {
        let text = str::from_utf8(message.strip_prefix(b"c")?).unwrap_or_default();
        Some(match text.split_once(' ') {
            None if text == "report" => Self::Report,
            None if text == "close" => Self::Close,
            Some(("period", period)) => period.parse().map_or(Self::Unknown, Self::Period),
            _ => Self::Unknown,
        })
    }
}

/// Milliseconds for which the stream may take nothing before the channel is given up.
const PATIENCE: u32 = 20_000;
