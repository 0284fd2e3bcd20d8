//! The firmware: opens a channel to its server, sends readings, does what the server asks, and comes back when the
//! server goes away.
//!
//! The image holds no key. The key page says who this device is, whom it trusts and where to find it; the boot log
//! says which start this is.
#![no_std]
#![no_main]

mod boot;
mod readings;
mod session;
mod times;
#[cfg(feature = "demo")]
mod trial;

use cortex_m::asm;
use cortex_m_rt::entry;
use embedded_io::Read;
use lm3s6965_ethernet::{
    address::Address, board::Board, ethernet::Ethernet, flash::Flash, reserved::Reserved, stack, tcp::Tcp,
    uart::Uart,
};
use lowkey_core::{
    Entropy, Ephemerals, SeedEntropy,
    page::{Keys, Page},
};
// Its memcpy takes the place of a faster and larger one.
use lowkey_mem as _;
use lowkey_transport::{Backoff, Buffers, Error, Link, Outbox, Pinning, RunId, blocking::Channel};

use crate::{
    boot::Start,
    session::Session,
    times::{CONNECT_LIMIT, PATIENCE},
};

#[entry]
fn main() -> ! {
    let Some(board) = Board::take() else { unreachable!("main runs once") };
    let Board { clock, mut uart, timer, ethernet, memory, flash, .. } = board;
    uart.text("lowkey on an LM3S6965").end();
    let Some(Start { device, mut ephemerals }) = start(flash, &mut uart) else { stop() };
    uart.text("boot ").number(ephemerals.boot() as u32).text(", server ");
    uart.text(device.page.address()).end();

    readings::start(timer, clock);
    let ethernet = Ethernet::start(ethernet);
    let mut tcp = Tcp::new(ethernet, clock, memory, ephemerals.boot() as u32, device.tcp_seed);
    let (Some(buffers), Some(waiting)) = (BUFFERS.take(), WAITING.take()) else {
        unreachable!("main runs once")
    };
    let mut session =
        Session::new(clock, Outbox::new(&mut waiting[..], device.run, ephemerals.boot() as u32));
    let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
    loop {
        // When the network, the server and the timer let us come here is the one noise this part has.
        ephemerals.entropy().stir(&clock.cycles().to_be_bytes());
        let chance = chance(ephemerals.entropy());
        let (in_order, pause) = match connect(&device, &mut ephemerals, &mut tcp, buffers) {
            Ok(mut channel) => {
                let opened = clock.now();
                uart.text("channel open, ").text(device.pinning().mode().as_str());
                uart.text(", hash ").hex(&channel.handshake_hash().unwrap_or_default()[..8]).end();
                let ended = session.run(&mut channel, &mut uart);
                uart.text(ended.map_or_else(|error| error.as_str(), |()| "the server closed the channel"))
                    .end();
                (ended.is_ok(), backoff.ended(clock.since(opened), session.received(), chance))
            }
            Err(error) => {
                uart.text("no channel: ").text(error.as_str()).end();
                (false, backoff.failed(&error, chance))
            }
        };
        uart.text("stack peak ")
            .number(stack::peak() as u32)
            .text(" B, again in ")
            .number(pause)
            .text(" ms")
            .end();
        if in_order {
            hang_up(&mut tcp);
        }
        tcp.abort();
        tcp.set_limit(None); // the attempt's or the end's; the pause has its own length
        tcp.idle(pause);
    }
}

/// Who this device is, read once.
struct Device<'f> {
    page: Page<'f>,
    keys: Keys,
    server: Address,
    tcp_seed: u64,
    /// What its readings are numbered in.
    run: RunId,
}

impl Device<'_> {
    fn pinning(&self) -> Pinning<'_> {
        Pinning::of(&self.keys)
    }
}

/// What differs between devices and attempts, for the pause.
fn chance(entropy: &mut SeedEntropy) -> u32 {
    let mut chance = [0; 4];
    let _without_it_the_pause_is_the_shortest = entropy.fill(&mut chance);
    u32::from_be_bytes(chance)
}

/// Reads the key page and counts this start. `None`, said why: nothing is guessed.
fn start(flash: Flash, uart: &mut Uart) -> Option<Start<'static>> {
    boot::start(flash).map_err(|why| uart.text(why).end()).ok()
}

/// One attempt: message 1 is made first, so that only what needs the server's answer is left when the network is up.
/// Everything from the first packet to the channel has [`CONNECT_LIMIT`].
fn connect<'c>(
    device: &Device<'_>,
    ephemerals: &mut Ephemerals<SeedEntropy>,
    tcp: &'c mut Tcp,
    buffers: &'c mut ([u8; FRAME], [u8; FRAME]),
) -> Result<Channel<&'c mut Tcp, &'c mut [u8]>, Error> {
    let buffers = Buffers::new(&mut buffers.0[..], &mut buffers.1[..])?.with_run(device.run);
    let link: Link<'_, _> = Link::kk_initiator(device.pinning(), ephemerals, buffers)?;
    tcp.set_limit(Some(CONNECT_LIMIT));
    tcp.set_patience(CONNECT_LIMIT);
    tcp.connect(device.server.ip, device.server.port, CONNECT_LIMIT).map_err(Error::Io)?;
    let mut channel = Channel::connect(tcp, link)?;
    channel.stream().set_limit(None);
    Ok(channel)
}

/// Ends a connection on which both sides have closed, in [`PATIENCE`] at the most: a reset before the server's TCP has
/// our last words would destroy them.
fn hang_up(tcp: &mut Tcp) {
    tcp.set_limit(Some(PATIENCE));
    if tcp.close().is_ok() {
        while tcp.read(&mut [0; 16]).is_ok_and(|length| length > 0) {}
    }
}

/// A device without keys, or that cannot count its starts, does nothing at all.
fn stop() -> ! {
    loop {
        asm::wfi();
    }
}

/// One frame each way. All zeros, so nothing of it is in the image.
static BUFFERS: Reserved<([u8; FRAME], [u8; FRAME])> = Reserved::new(([0; FRAME], [0; FRAME]));
/// Where readings wait until they are acknowledged.
static WAITING: Reserved<[u8; 2_048]> = Reserved::new([0; 2_048]);
/// The longest frame each way, in bytes.
const FRAME: usize = 1_024;
/// The longest that the first pause can be, in milliseconds; the demo has no time to wait for a server that was killed
/// on purpose.
const FIRST_PAUSE: u32 = if cfg!(feature = "demo") { 100 } else { 500 };
const LONGEST_PAUSE: u32 = 30_000;
