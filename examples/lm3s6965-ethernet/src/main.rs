//! The firmware: connects, sends back what it gets, and connects again when the server is gone.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use embedded_io::{ErrorKind, Read, Write};
use lm3s6965_ethernet::{board::Board, ethernet::Ethernet, stack, tcp::Tcp, uart::Uart};

#[entry]
fn main() -> ! {
    let Some(board) = Board::take() else { unreachable!("main runs once") };
    let Board { clock, mut uart, ethernet, memory, .. } = board;
    uart.text("hello from an LM3S6965").end();
    let ethernet = Ethernet::start(ethernet);
    let mut tcp = Tcp::new(ethernet, clock, memory, 0, 0);
    let mut pause = FIRST_PAUSE;
    loop {
        match tcp.connect(SERVER, PORT, CONNECT_DEADLINE) {
            Ok(()) => {
                pause = FIRST_PAUSE;
                uart.text("connected").end();
                let end = echo(&mut tcp, &mut uart);
                uart.text(if end.is_ok() { "the server hung up" } else { "the connection broke" }).end();
            }
            Err(ErrorKind::ConnectionRefused) => uart.text("nobody listens").end(),
            Err(_) => uart.text("no answer").end(),
        }
        uart.text("stack peak ").number(stack::peak() as u32).end();
        tcp.abort();
        tcp.idle(pause);
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

/// Sends back what arrives until the server ends its direction.
fn echo(tcp: &mut Tcp, uart: &mut Uart) -> Result<(), ErrorKind> {
    let mut buffer = [0; 256];
    let mut total = 0;
    loop {
        let length = tcp.read(&mut buffer)?;
        if length == 0 {
            uart.text("echoed ").number(total).end();
            return tcp.close();
        }
        tcp.write_all(&buffer[..length])?;
        tcp.flush()?;
        total += length as u32;
    }
}

/// The host, as QEMU's user network names it.
const SERVER: [u8; 4] = [10, 0, 2, 2];
const PORT: u16 = 7_000;
const CONNECT_DEADLINE: u32 = 10_000;
const FIRST_PAUSE: u32 = 500;
const LAST_PAUSE: u32 = 30_000;
