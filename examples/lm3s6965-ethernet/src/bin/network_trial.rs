//! The network under the channel, tried from the device's side; `cargo xtask test` plays the server.
//!
//! Each trial is one connection in a fixed order and says `ok: <name>` on the serial line, or `failed: <name>` and
//! stops. The key page begins with the server's port and a port where nobody listens (`u16` each, big-endian).
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m::asm;
use cortex_m_rt::entry;
use embedded_io::{ErrorKind, Read, ReadReady, Write, WriteReady};
use lm3s6965_ethernet::{
    board::{Board, CLOCK_HZ},
    clock::{Clock, Ticker},
    ethernet::Ethernet,
    flash::{self, Flash},
    pattern::Pattern,
    stack,
    tcp::Tcp,
    timer::Timer,
};

#[entry]
fn main() -> ! {
    let Some(board) = Board::take() else { unreachable!("main runs once") };
    let Board { clock, ticker, mut uart, timer, ethernet, memory, flash, .. } = board;
    uart.text("network trial").end();
    let [a, b, c, d, ..] = *flash.key_page();
    let ethernet = Ethernet::start(ethernet);
    uart.text("address ").hex(&ethernet.address()).end();
    let tcp = Tcp::new(ethernet, clock, memory, 1, 0);
    let mut trial = Trial {
        clock,
        ticker,
        timer: Some(timer),
        flash,
        tcp,
        port: u16::from_be_bytes([a, b]),
        closed: u16::from_be_bytes([c, d]),
    };
    for (name, run) in TRIALS {
        if run(&mut trial).is_none() {
            uart.text("failed: ").text(name).end();
            break;
        }
        uart.text("ok: ").text(name).end();
    }
    uart.text("stack peak ").number(stack::peak() as u32).text(" of ").number(stack::size() as u32).end();
    uart.text("the end").end();
    loop {
        trial.tcp.idle(u32::MAX);
    }
}

/// A name, and what must hold.
type Named = (&'static str, fn(&mut Trial) -> Option<()>);

const TRIALS: [Named; 10] = [
    ("not connected", Trial::not_connected),
    ("64 KiB each way", Trial::bulk),
    ("no lost wake-up", Trial::wake_ups),
    ("reset", Trial::reset),
    ("read times out and goes on", Trial::patience),
    ("slow reader", Trial::slow_reader),
    ("close", Trial::close),
    ("refused", Trial::refused),
    ("no such host", Trial::nobody),
    ("timer and flash", Trial::rest),
];

struct Trial {
    clock: Clock,
    ticker: Ticker,
    timer: Option<Timer>,
    flash: Flash,
    tcp: Tcp,
    port: u16,
    closed: u16,
}

impl Trial {
    fn not_connected(&mut self) -> Option<()> {
        let mut byte = [0];
        check(self.tcp.read(&mut byte) == Err(ErrorKind::NotConnected))?;
        check(self.tcp.write(&byte) == Err(ErrorKind::NotConnected))?;
        check(self.tcp.close() == Err(ErrorKind::NotConnected))
    }

    /// The server sends back what it gets, then hangs up.
    fn bulk(&mut self) -> Option<()> {
        self.connect()?;
        let (mut sent, mut received) = (Pattern::new(), Pattern::new());
        let mut buffer = [0; 1_461];
        let mut left = 65_536;
        // Around every edge: a byte, an odd word, a full segment, one byte more.
        for size in [1, 2, 3, 5, 64, 255, 1_024, 1_460, 1_461].into_iter().cycle() {
            let size = left.min(size);
            let piece = &mut buffer[..size];
            piece.fill_with(|| sent.next());
            self.tcp.write_all(piece).ok()?;
            self.tcp.flush().ok()?;
            piece.fill(0);
            self.tcp.read_exact(piece).ok()?;
            check(piece.iter().all(|byte| *byte == received.next()))?;
            left -= size;
            if left == 0 {
                break;
            }
        }
        // The server hangs up at 64 KiB; a connection that ended stays ended.
        check(self.tcp.read(&mut buffer) == Ok(0))?;
        check(self.tcp.read_ready() == Ok(true) && self.tcp.read(&mut buffer) == Ok(0))?;
        self.tcp.close().ok()
    }

    /// A thousand round trips without a tick: one frame slept through would be the last.
    fn wake_ups(&mut self) -> Option<()> {
        self.connect()?;
        self.ticker.pause();
        for turn in 0..1_000_u32 {
            let mut byte = [turn as u8];
            self.tcp.write_all(&byte).ok()?;
            self.tcp.read_exact(&mut byte).ok()?;
            check(byte == [turn as u8])?;
        }
        self.ticker.resume();
        self.tcp.close().ok()
    }

    /// The server resets the connection after one byte.
    fn reset(&mut self) -> Option<()> {
        self.connect()?;
        self.tcp.write_all(b"reset").ok()?;
        let mut byte = [0];
        check(self.tcp.read(&mut byte) == Err(ErrorKind::ConnectionReset))?;
        check(self.tcp.write(&byte) == Err(ErrorKind::ConnectionReset))
    }

    /// The server is silent until it gets a byte.
    fn patience(&mut self) -> Option<()> {
        self.connect()?;
        self.tcp.set_patience(200);
        let start = self.clock.now();
        let mut byte = [0];
        check(self.tcp.read_ready() == Ok(false) && self.tcp.write_ready() == Ok(true))?;
        check(self.tcp.read(&mut byte) == Err(ErrorKind::TimedOut))?;
        check(self.clock.since(start) >= 200)?;
        self.tcp.set_patience(u32::MAX);
        self.tcp.write_all(b"?").ok()?;
        self.tcp.read_exact(&mut byte).ok()?;
        self.tcp.abort();
        check(byte == *b"!" && self.tcp.read(&mut byte) == Err(ErrorKind::NotConnected))
    }

    /// The server sends 64 KiB at once; we look only now and then, so that our window closes and opens.
    fn slow_reader(&mut self) -> Option<()> {
        self.connect()?;
        self.tcp.write_all(b"go").ok()?;
        let mut pattern = Pattern::new();
        let mut buffer = [0; 700];
        let mut total = 0;
        loop {
            let length = self.tcp.read(&mut buffer).ok()?;
            if length == 0 {
                break;
            }
            check(buffer[..length].iter().all(|byte| *byte == pattern.next()))?;
            if total % 16_384 > (total + length) % 16_384 {
                asm::delay(CLOCK_HZ / 50);
            }
            total += length;
        }
        check(total == 65_536)?;
        self.tcp.close().ok()
    }

    /// We end our direction first; the server answers into the other.
    fn close(&mut self) -> Option<()> {
        self.connect()?;
        self.tcp.write_all(b"last words").ok()?;
        self.tcp.close().ok()?;
        let mut answer = [0; 10];
        self.tcp.read_exact(&mut answer).ok()?;
        check(answer == *b"last words" && self.tcp.read(&mut answer) == Ok(0))
    }

    fn refused(&mut self) -> Option<()> {
        check(self.tcp.connect(SERVER, self.closed, 10_000) == Err(ErrorKind::ConnectionRefused))
    }

    fn nobody(&mut self) -> Option<()> {
        let start = self.clock.now();
        check(self.tcp.connect([10, 0, 2, 77], 7, 300) == Err(ErrorKind::TimedOut))?;
        check(self.clock.since(start) >= 300)
    }

    fn rest(&mut self) -> Option<()> {
        // Not before: it would end every sleep, and hide a lost wake-up.
        let count = || READINGS.store(READINGS.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        self.timer.take()?.start(10, count);
        self.tcp.idle(200);
        // Twenty; a busy machine under the emulator merges some, of either timer.
        check((5..=60).contains(&(READINGS.load(Ordering::Relaxed))))?;
        check(self.flash.program_word(flash::BANKS, [0; 4]) == Err(flash::Error::Address))?;
        check(self.flash.program_word(2, [0; 4]) == Err(flash::Error::Address))?;
        check(self.flash.erase_page(512) == Err(flash::Error::Address))?;
        check(self.flash.banks().len() == flash::BANKS)
    }

    fn connect(&mut self) -> Option<()> {
        self.tcp.connect(SERVER, self.port, 10_000).ok()
    }
}

fn check(promise: bool) -> Option<()> {
    promise.then_some(())
}

static READINGS: AtomicU32 = AtomicU32::new(0);
/// The host, as QEMU's user network names it.
const SERVER: [u8; 4] = [10, 0, 2, 2];
