//! One channel's life: readings go out, commands come in, side by side.
//!
//! The words are those of `examples/tokio-server`, as on the other board. A reading is `r`, its number and the
//! milliseconds since start, both `u32` big-endian. A command is `c` and a text: `period MS` sets the time between
//! readings. Other messages are not for the device.

use core::{cell::Cell, str};

use embassy_futures::select::{Either, select};
use embassy_net::tcp::{TcpReader, TcpWriter};
use embassy_time::{Duration, Instant, Timer};
use embedded_io_async::ErrorKind;
use lowkey_transport::{
    Error, Part,
    asynch::{Receiver, Sender},
};

use crate::{
    connection::{Connection, LOOK, Noted, traffic, within},
    liveness::{Liveness, Traffic, Verdict},
    watchdog,
};

/// What a channel came to.
pub(crate) struct Ended {
    /// Pieces of messages from the server: without any, it was good for nothing.
    pub(crate) received: usize,
    /// What ended it, if that was not the server's CLOSE.
    pub(crate) why: Result<(), Error>,
}

/// Runs until the server closes the channel, or something else ends it.
pub(crate) async fn run(channel: &mut Connection<'_>) -> Ended {
    let received = Cell::new(0);
    let why = work(channel, &received).await;
    Ended { received: received.get(), why }
}

async fn work(channel: &mut Connection<'_>, received: &Cell<usize>) -> Result<(), Error> {
    let period = Cell::new(FIRST_PERIOD);
    let (mut receiver, mut sender) = channel.split();
    // Whichever ends first, the other is dropped; nothing that was accepted is lost by that.
    match select(listen(&mut receiver, &period, received), report(&mut sender, &period)).await {
        Either::First(ended) | Either::Second(ended) => ended?,
    }
    within(PATIENCE, channel.finish()).await
}

/// Takes readings and sends them; between two of them it answers the server's PINGs, and asks it whether it is there.
/// Ends with the server's CLOSE.
async fn report(
    sender: &mut Sender<'_, Noted<TcpWriter<'_>>, &mut [u8]>,
    period: &Cell<Duration>,
) -> Result<(), Error> {
    let mut liveness = Liveness::new(traffic(), now());
    for number in 0.. {
        within(PATIENCE, sender.send(&reading(number))).await?;
        watchdog::progress();
        let begun = Instant::now();
        while begun.elapsed() < period.get() {
            // The first thing that answering does is to let the reading out.
            let next = (begun + period.get()).min(Instant::now() + LOOK);
            match select(Timer::at(next), sender.answer_pings()).await {
                Either::First(()) => look(sender, &mut liveness).await?,
                Either::Second(closed) => return closed,
            }
        }
    }
    Ok(())
}

/// Asks a silent server whether it is there; `TimedOut` if it is not.
async fn look(
    sender: &mut Sender<'_, Noted<TcpWriter<'_>>, &mut [u8]>,
    liveness: &mut Liveness,
) -> Result<(), Error> {
    let traffic = Traffic { is_awaiting: sender.awaits_pong(), ..traffic() };
    match liveness.look(traffic, now(), PING_EVERY, PATIENCE.as_millis() as u32) {
        Verdict::Good => Ok(()),
        Verdict::Ask => within(PATIENCE, sender.ping(b"?")).await,
        Verdict::Dead => Err(Error::Io(ErrorKind::TimedOut)),
    }
}

/// Milliseconds since start, which wrap.
fn now() -> u32 {
    Instant::now().as_millis() as u32
}

/// Does what the server says. Ends with its CLOSE.
async fn listen(
    receiver: &mut Receiver<'_, Noted<TcpReader<'_>>, &mut [u8]>,
    period: &Cell<Duration>,
    received: &Cell<usize>,
) -> Result<(), Error> {
    let mut inside = false; // a message of more than one record: none of ours
    while let Some(fragment) = receiver.recv().await? {
        received.set(received.get() + 1);
        let is_whole = !inside && fragment.part == Part::Last;
        inside = fragment.part == Part::More;
        if is_whole && let Some(new) = asked_period(fragment.bytes) {
            period.set(new);
        }
    }
    Ok(())
}

fn reading(number: u32) -> [u8; 9] {
    let [a, b, c, d] = number.to_be_bytes();
    let [e, f, g, h] = now().to_be_bytes();
    [b'r', a, b, c, d, e, f, g, h]
}

/// `cperiod MS`; `None` where the message is something else.
fn asked_period(message: &[u8]) -> Option<Duration> {
    let number = str::from_utf8(message).ok()?.strip_prefix("cperiod ")?;
    let period = Duration::from_millis(number.parse::<u32>().ok()?.into());
    Some(period.clamp(SHORTEST_PERIOD, LONGEST_PERIOD))
}

const FIRST_PERIOD: Duration = Duration::from_secs(5);
const SHORTEST_PERIOD: Duration = Duration::from_millis(100);
/// The watchdog wants to hear of us every two minutes.
const LONGEST_PERIOD: Duration = Duration::from_secs(60);
/// A server that takes nothing for so long, or does not answer, is given up, whatever its TCP still acknowledges.
const PATIENCE: Duration = Duration::from_secs(20);
/// Milliseconds of silence after which the server is asked with a PING whether it is there.
const PING_EVERY: u32 = 20_000;
