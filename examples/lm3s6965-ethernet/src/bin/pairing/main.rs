//! The firmware of a device that pairs: it makes its keys itself, is brought together with its server by the code on
//! its label, and then sends a reading every second.
//!
//! Nobody provisions it but for the label: a few lines of text in the page at 0x3F000 (see `label`). Its key store is
//! in the two banks behind that. With nothing final or spent in the store it pairs unasked; otherwise somebody has to
//! hold "Select" while it starts. Whoever holds "Down" has it forget its keys and pinnings.
#![no_std]
#![no_main]

mod acquainted;
mod device;
mod label;
mod times;

use cortex_m::asm;
use cortex_m_rt::entry;
use lm3s6965_ethernet::{
    banks::Banks,
    board::Board,
    button::{Button, Buttons},
    ethernet::Ethernet,
    flash::Flash,
    noise::Noise,
    reserved::Reserved,
    tcp::Tcp,
    uart::Uart,
};
use lowkey_core::{
    Entropy, Fingerprint,
    key_store::{KeyStore, StoreError},
};
// Its memcpy takes the place of a faster and larger one.
use lowkey_mem as _;

use crate::{
    device::{Buffers, Device, FRAME},
    label::Label,
};

#[entry]
fn main() -> ! {
    let Some(board) = Board::take() else { unreachable!("main runs once") };
    let Board { clock, mut uart, ethernet, memory, flash, mut noise, buttons, .. } = board;
    uart.text("lowkey on an LM3S6965, which pairs").end();
    let label = Label::read(flash.key_page()).unwrap_or_else(|why| stop(uart.text("label: "), why));
    let (mut store, asked) =
        open(flash, &buttons, &mut noise, &mut uart).unwrap_or_else(|error| stop(&mut uart, error.as_str()));
    let mut ephemerals = store.ephemerals().unwrap_or_else(|error| stop(&mut uart, error.as_str()));
    uart.text("boot ").number(ephemerals.boot() as u32).text(", code ");
    uart.hex(label.code.name().as_bytes()).end();

    let mut seed = [0; 8];
    let _without_it_sequence_numbers_are_guessed = ephemerals.entropy().fill(&mut seed);
    let boot = ephemerals.boot() as u32;
    let tcp = Tcp::new(Ethernet::start(ethernet), clock, memory, boot, u64::from_le_bytes(seed));
    let Some(buffers) = BUFFERS.take() else { unreachable!("main runs once") };
    Device { label, store, ephemerals, tcp, clock, uart, buffers }.run(asked)
}

/// Opens the store, as the buttons ask for, and makes the device's keys if it has none. Says whether a pairing was
/// asked for.
fn open(
    flash: Flash,
    buttons: &Buttons,
    noise: &mut Noise,
    uart: &mut Uart,
) -> Result<(KeyStore<Banks>, bool), StoreError> {
    let held = buttons.held();
    let asked = held == Some(Button::Select);
    let banks = Banks::new(flash);
    let mut store = KeyStore::new(banks);
    if asked {
        store.start_over()?;
    } else {
        store.open()?;
    }
    if held == Some(Button::Down) {
        store.forget()?;
        uart.text("forgot its keys and pinnings; which codes are spent it remembers").end();
    }
    if !store.has_keys() {
        store.make_keys(noise)?;
        uart.text("made its keys").end();
    }
    let fingerprint = Fingerprint::of(&store.identity()?.public_key());
    uart.text("fingerprint ").text(fingerprint.as_str()).end();
    Ok((store, asked))
}

/// A device without a label, or whose store is damaged, does nothing at all.
fn stop(uart: &mut Uart, why: &str) -> ! {
    uart.text(why).end();
    loop {
        asm::wfi();
    }
}

/// One frame each way. All zeros, so nothing of it is in the image.
static BUFFERS: Reserved<Buffers> = Reserved::new(([0; FRAME], [0; FRAME]));
