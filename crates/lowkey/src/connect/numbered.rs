//! Each line of standard input as a numbered message (protocol §7), kept until the server says that it is stored.
//!
//! A session that ends leaves what was not acknowledged in the outbox, and the next one sends it.

mod printer;
mod typed;

use crate::failure::{Exit, Failure};
use crate::terminal::say;
use lowkey_host::entropy::chance;
use lowkey_host::numbered::{Last, Outbox, PushError, RunId, message_digest};
use lowkey_host::{Backoff, ChannelError, Connection, Error, Limits, Pinning, connect_tcp};
use printer::Printer;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Sleep, sleep};
use typed::Typed;

/// Sends the lines of `input` to the server at `address`, in as many sessions as it takes, until the input has ended
/// and all of it is acknowledged.
///
/// # Errors
/// The first attempt to connect, the input or the output; [`Exit::NotAcknowledged`], [`Exit::WentBack`].
pub(super) async fn deliver<I, O>(
    address: &str,
    pinning: Pinning<'_>,
    mut limits: Limits,
    run: RunId,
    input: I,
    output: O,
) -> Result<(), Failure>
where
    I: AsyncRead + Unpin,
    O: AsyncWrite + Unpin,
{
    limits.acks = true;
    limits.run = Some(run);
    let mut desk = Desk::new(run, boot().await?, input, output);
    let mut backoff = Backoff::new(FIRST_MS, LONGEST_MS);
    let mut is_first = true;
    loop {
        let (pause, why) = match connect_tcp(address, pinning, &limits).await {
            Ok(mut connection) => {
                let (since, before) = (Instant::now(), desk.heard);
                desk.has_opened = false;
                let Some(why) = poll_fn(|context| desk.poll(context, &mut connection)).await? else {
                    let _ = connection.finish(LINGER).await; // all of ours is stored
                    return desk.outcome();
                };
                let lasted = u32::try_from(since.elapsed().as_millis()).unwrap_or(u32::MAX);
                (backoff.ended(lasted, desk.heard - before, chance()), why)
            }
            Err(error) if is_first => return Err(Failure::connecting(address, &error)),
            Err(Error::Channel(error)) => (backoff.failed(&error, chance()), error.to_string()),
            Err(error) => (backoff.failed(&ChannelError::HungUp, chance()), error.to_string()),
        };
        is_first = false;
        let pause = Duration::from_millis(pause.into());
        let waits = desk.unacknowledged();
        let seconds = pause.as_secs_f64();
        say(format_args!("lowkey: {why}; not acknowledged: {waits}; connecting again in {seconds:.1} s"));
        let mut pause = pin!(sleep(pause));
        if poll_fn(|context| desk.poll_apart(context, pause.as_mut())).await? {
            return desk.outcome();
        }
    }
}

/// The number of this start: the second that begins next, so that one which follows at once has another.
async fn boot() -> Result<u32, Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_err(|_| Failure::file("the clock is before 1970"))?;
    let next = now.as_secs() + 1;
    sleep(Duration::from_secs(next) - now).await;
    u32::try_from(next).map_err(|_| Failure::file("the clock is after 2106"))
}

/// What outlasts a session.
struct Desk<I, O> {
    outbox: Outbox<Vec<u8>>,
    /// Up to which number ours are acknowledged; at first what is below all of them.
    acknowledged: u64,
    typed: Typed<I>,
    /// A line that has had no room yet.
    held: Option<Vec<u8>>,
    input: Input,
    printer: Printer<O>,
    /// What came last from the server, of its run, and was printed.
    last: Option<(RunId, Last)>,
    /// The same, on its way to the output.
    printing: Option<(RunId, Last)>,
    /// Messages and acknowledgements.
    heard: usize,
    /// We have said in this session what we have.
    has_opened: bool,
    /// What came last from the server is printed, and not acknowledged yet.
    owes: bool,
    /// A server has said what it has of ours.
    is_known: bool,
}

/// What is to be had of the input.
enum Input {
    Open,
    Ended,
    /// No more of it is read.
    Wrong(Failure),
}

/// Why a session goes no further.
enum Over {
    Ended(String),
    Failed(Failure),
}

impl<I: AsyncRead + Unpin, O: AsyncWrite + Unpin> Desk<I, O> {
    fn new(run: RunId, boot: u32, input: I, output: O) -> Self {
        let outbox = Outbox::new(vec![0; ROOM], run, boot);
        Self {
            acknowledged: outbox.last(),
            outbox,
            typed: Typed::of(input, LONGEST),
            held: None,
            input: Input::Open,
            printer: Printer::on(output),
            last: None,
            printing: None,
            heard: 0,
            has_opened: false,
            owes: false,
            is_known: false,
        }
    }

    /// A session: ready with `None` once all is done, or with why it is over before.
    fn poll<Io: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        context: &mut Context<'_>,
        connection: &mut Connection<Io>,
    ) -> Poll<Result<Option<String>, Failure>> {
        loop {
            match self.move_on(context, connection) {
                Ok(_) if self.is_done() => return Poll::Ready(Ok(None)),
                Ok(true) => (),
                Ok(false) => return Poll::Pending,
                Err(Over::Ended(why)) => return Poll::Ready(Ok(Some(why))),
                Err(Over::Failed(failure)) => return Poll::Ready(Err(failure)),
            }
        }
    }

    /// Does what can be done now; whether more may be done at once.
    fn move_on<Io: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        context: &mut Context<'_>,
        connection: &mut Connection<Io>,
    ) -> Result<bool, Over> {
        let mut has_moved = false;
        if self.poll_printed(context)? {
            if let Some((_, Last { number, .. })) = self.last.filter(|_| self.owes) {
                connection.acknowledge(number).map_err(|error| over(&error))?;
                self.owes = false;
            }
            has_moved |= self.receive(context, connection)?;
        }
        has_moved |= self.take_lines(context);
        if let Poll::Ready(Err(error)) = connection.poll_send_outbox(context, &mut self.outbox) {
            return Err(over(&error));
        }
        self.note();
        Ok(has_moved || self.printer.is_fresh())
    }

    /// Takes one thing that has come; whether there was one.
    fn receive<Io: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        context: &mut Context<'_>,
        connection: &mut Connection<Io>,
    ) -> Result<bool, Over> {
        let peer_run = connection.acks().peer_run;
        // Before our first ACK it numbers nothing.
        if let Some(run) = peer_run.filter(|_| !self.has_opened) {
            let last = self.last.filter(|(of, _)| *of == run).map(|(_, last)| last);
            connection.open_acks(last).map_err(|error| over(&error))?;
            self.has_opened = true;
        }
        let heard = connection.poll_recv_acks(context, &mut self.outbox);
        if let Poll::Ready(Err(error)) = heard {
            return Err(over(&error));
        }
        self.is_known |= connection.acks().first.is_some();
        match heard {
            Poll::Pending => return Ok(false),
            Poll::Ready(Ok(true)) => return Ok(true),
            Poll::Ready(_) => (),
        }
        match connection.poll_recv(context) {
            Poll::Pending => Ok(false),
            Poll::Ready(Ok(None)) => Err(Over::Ended("the server has closed".to_owned())),
            Poll::Ready(Err(error)) => Err(over(&error)),
            Poll::Ready(Ok(Some(message))) => {
                self.heard += 1;
                let number = connection.number();
                if let Some((number, run)) = number.zip(peer_run) {
                    let digest = message_digest(number, [&message, b""]);
                    self.printing = Some((run, Last { number, digest }));
                }
                self.printer.received(number, &message);
                Ok(true)
            }
        }
    }

    /// Between two sessions: ready after the pause (`false`), or once there is nothing left to connect for (`true`).
    fn poll_apart(
        &mut self,
        context: &mut Context<'_>,
        pause: Pin<&mut Sleep>,
    ) -> Poll<Result<bool, Failure>> {
        self.take_lines(context);
        let is_printed = self.poll_printed(context)?;
        self.owes = false; // the next session begins with it
        if self.is_done() {
            return Poll::Ready(Ok(true));
        }
        match pause.poll(context) {
            Poll::Ready(()) if is_printed => Poll::Ready(Ok(false)),
            _ => Poll::Pending,
        }
    }

    /// Whether the output has all there was for it.
    fn poll_printed(&mut self, context: &mut Context<'_>) -> Result<bool, Failure> {
        if self.printer.poll(context)?.is_pending() {
            return Ok(false);
        }
        if let Some(printed) = self.printing.take() {
            self.last = Some(printed);
            self.owes = true;
        }
        Ok(true)
    }

    /// Takes what lines there are and have room; whether there were any.
    fn take_lines(&mut self, context: &mut Context<'_>) -> bool {
        let mut has_taken = false;
        loop {
            let line = match self.held.take() {
                Some(line) => line,
                None if !matches!(self.input, Input::Open) => return has_taken,
                None => match self.typed.poll(context) {
                    Poll::Pending => return has_taken,
                    Poll::Ready(Ok(Some(line))) => line,
                    Poll::Ready(Ok(None)) => {
                        self.input = Input::Ended;
                        return true;
                    }
                    Poll::Ready(Err(error)) => return self.ends_with(&error),
                },
            };
            match self.outbox.push(&line) {
                Ok(_) => has_taken = true,
                Err(PushError::Full) => {
                    self.held = Some(line);
                    return has_taken;
                }
                Err(error) => return self.ends_with(&error),
            }
        }
    }

    fn ends_with(&mut self, error: &dyn std::fmt::Display) -> bool {
        self.input = Input::Wrong(Failure::file(format_args!("standard input: {error}")));
        true
    }

    /// Prints up to which number all of ours is acknowledged now.
    fn note(&mut self) {
        let waits = self.outbox.above(0).map(|waiting| waiting.number());
        let up_to = waits.map_or(self.outbox.last(), |number| number - 1);
        if up_to > self.acknowledged {
            self.acknowledged = up_to;
            self.heard += 1;
            self.printer.acknowledged(up_to);
        }
    }

    /// All lines are acknowledged, no more come, and all is printed.
    fn is_done(&self) -> bool {
        let is_over = !matches!(self.input, Input::Open) && self.held.is_none() && self.outbox.is_empty();
        is_over && self.is_known && self.printer.is_empty() && self.printing.is_none() && !self.owes
    }

    /// How many lines, as far as they are read.
    fn unacknowledged(&self) -> u64 {
        self.outbox.last() - self.acknowledged + u64::from(self.held.is_some())
    }

    fn outcome(self) -> Result<(), Failure> {
        match self.input {
            Input::Wrong(failure) => Err(failure),
            _ => Ok(()),
        }
    }
}

impl From<Failure> for Over {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// What becomes of us, after what ended a session.
fn over(error: &Error) -> Over {
    let (exit, why) = match error {
        Error::Channel(ChannelError::NotAcknowledged) => {
            let why = "messages are not acknowledged here: what stands behind this server does not say that it has \
                       stored them";
            (Exit::NotAcknowledged, why)
        }
        Error::Channel(ChannelError::WentBack) => {
            let why = "numbers went back: the server has numbers of this page that were not sent from here; was the \
                       clock set back, or does a device have this page?";
            (Exit::WentBack, why)
        }
        Error::Channel(ChannelError::MessageTooLong) => {
            (Exit::Broken, "a message is longer than --max-message takes")
        }
        _ => return Over::Ended(error.to_string()),
    };
    Over::Failed(Failure::new(exit, why))
}

/// Bytes of lines that wait to be acknowledged, in memory.
const ROOM: usize = 1 << 20;
/// Bytes of a line: no outbox takes a longer message.
const LONGEST: usize = u16::MAX as usize;
const FIRST_MS: u32 = 500;
const LONGEST_MS: u32 = 30_000;
/// For how long the last CLOSE may take.
const LINGER: Duration = Duration::from_secs(5);
