//! One channel's life: readings out, commands in.
//!
//! A server that acknowledges gets readings with numbers, from an outbox, in which they stay until they are stored. To
//! any other they go as they are, and are gone with whatever loses them.
//!
//! A command is `c` and a text, in a message of one record: `period MS` sets the time between readings, `report` is
//! answered with the device's state, `close` ends the channel. Other messages are not for the device, and neither is
//! what lies inside a longer one.

use core::{str, task::Poll};

use embedded_io::ErrorKind;
use lm3s6965_ethernet::{
    clock::Clock,
    liveness::{Liveness, Traffic, Verdict},
    stack,
    tcp::Tcp,
    uart::Uart,
};
use lowkey_transport::{Error, Outbox, Part, blocking::Channel};

use crate::{
    readings,
    times::{PATIENCE, PING_EVERY},
};

/// What outlives a channel.
pub(crate) struct Session {
    clock: Clock,
    /// Pieces of messages on the last channel.
    received: usize,
    /// Readings that TCP has taken on it, and the server's TCP has not acknowledged.
    in_flight: u32,
    /// Readings that wait until they are acknowledged.
    outbox: Outbox<&'static mut [u8]>,
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
    pub(crate) fn new(clock: Clock, outbox: Outbox<&'static mut [u8]>) -> Self {
        Self {
            clock,
            received: 0,
            in_flight: 0,
            outbox,
            #[cfg(feature = "demo")]
            checked: crate::times::READINGS != 0, // who counts readings has no echo
        }
    }

    /// How much came of the last channel: without anything, it was good for nothing.
    pub(crate) fn received(&self) -> usize {
        self.received
    }

    /// Runs until both sides have closed the channel.
    ///
    /// # Errors
    /// What ended it otherwise; `TimedOut` if the server takes nothing or does not answer any more.
    pub(crate) fn run(&mut self, channel: &mut Connection<'_>, uart: &mut Uart) -> Result<(), Error> {
        channel.stream().set_patience(PATIENCE);
        (self.received, self.in_flight) = (0, 0);
        let ended = self.work(channel, uart);
        channel.stream().set_patience(PATIENCE);
        if ended.is_err() && channel.stream().traffic().is_waiting && self.in_flight > 0 {
            uart.text("readings under way, and lost: ").number(self.in_flight).end();
            readings::lose(self.in_flight);
        }
        ended
    }

    fn work(&mut self, channel: &mut Connection<'_>, uart: &mut Uart) -> Result<(), Error> {
        #[cfg(feature = "demo")]
        if !self.checked {
            crate::trial::run(channel, uart, self.clock)?;
            self.checked = true;
            self.received = 1;
        }
        // From here on no call waits: what does not go now goes in a later turn, and what comes is read meanwhile.
        channel.stream().set_patience(0);
        let mut liveness = Liveness::new(channel.stream().traffic(), self.clock.now());
        let mut inside = false; // a message of more than one record
        let (mut sent, mut owes_report) = (0, false);
        let acknowledges = channel.acks().are_given;
        let mut waits = !self.outbox.is_empty() || !readings::are_over();
        loop {
            self.look(channel, &mut liveness)?;
            // What goes out in one turn has to be acknowledged before the next: a dead line swallows no more than that.
            if !channel.stream().traffic().is_waiting {
                if owes_report {
                    owes_report = now(self.report(channel, sent))?.is_none();
                }
                if acknowledges {
                    // What does not fit stays in the mailbox.
                    sent += self.outbox.take_from(&readings::MAILBOX).unwrap_or(0) as u32;
                    now(channel.send_outbox(&mut self.outbox))?;
                } else {
                    self.in_flight = now(channel.deliver(&readings::MAILBOX))?.unwrap_or(0) as u32;
                    sent += self.in_flight;
                }
            }
            if waits && acknowledges && readings::are_over() && self.outbox.is_empty() {
                waits = false;
                uart.text("readings acknowledged: ").number(self.outbox.last() as u32).end();
            }
            let command = match now(channel.try_recv())? {
                None | Some(Poll::Pending) => {
                    channel.stream().rest();
                    continue;
                }
                Some(Poll::Ready(None)) => return self.finish(channel),
                Some(Poll::Ready(Some(fragment))) => {
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
                Some(Command::Report) => owes_report = true,
                Some(Command::Close) => {
                    uart.text("asked to close").end();
                    return self.finish(channel);
                }
                Some(Command::Unknown) => uart.text("asked for something unknown").end(),
                None => (),
            }
        }
    }

    /// Asks a silent server whether it is there.
    ///
    /// # Errors
    /// `TimedOut`: it is not.
    fn look(&self, channel: &mut Connection<'_>, liveness: &mut Liveness) -> Result<(), Error> {
        let traffic = Traffic { is_awaiting: channel.awaits_pong(), ..channel.stream().traffic() };
        match liveness.look(traffic, self.clock.now(), PING_EVERY, PATIENCE) {
            Verdict::Dead => Err(Error::Io(ErrorKind::TimedOut)),
            Verdict::Ask if !traffic.is_waiting => {
                now(channel.ping(b"?"))?;
                now(channel.flush()).map(|_| ())
            }
            Verdict::Ask | Verdict::Good => Ok(()),
        }
    }

    /// Ends both directions: what the server still sends is read, so that no reset destroys our last words.
    ///
    /// # Errors
    /// `TimedOut`: it takes them no more, or talks on for ever.
    fn finish(&self, channel: &mut Connection<'_>) -> Result<(), Error> {
        let begun = self.clock.now();
        while now(channel.finish())?.is_none() {
            if self.clock.since(begun) >= PATIENCE {
                return Err(Error::Io(ErrorKind::TimedOut));
            }
            channel.stream().rest();
        }
        Ok(())
    }

    /// `s` and four numbers (`u32` big-endian): milliseconds since start, readings sent on this channel, readings
    /// lost, the stack's peak in bytes.
    fn report(&self, channel: &mut Connection<'_>, sent: u32) -> Result<(), Error> {
        let mut message = [b's'; 17];
        let numbers = [self.clock.now(), sent, readings::lost(), stack::peak() as u32].map(u32::to_be_bytes);
        message[1..].iter_mut().zip(numbers.as_flattened()).for_each(|(to, from)| *to = *from);
        channel.send(&message)
    }
}

/// What a call gives, `None` if it has to be repeated in a later turn.
fn now<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Err(Error::Io(ErrorKind::TimedOut)) => Ok(None),
        result => result.map(Some),
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
