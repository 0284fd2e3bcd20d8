//! A small, complete network board: an LM3S6965 (Cortex-M3, 256 KB of flash, 64 KB of RAM) with its own Ethernet
//! controller, and one TCP connection as an `embedded-io` stream.
//!
//! It knows nothing of Lowkey, but for [`banks`] and [`noise`], which are what a Lowkey device asks of a board;
//! the programs put the channel on [`tcp::Tcp`]. Everything runs as well in QEMU's
//! `lm3s6965evb` as on the part; where the two differ the module says so.
//!
//! Nothing here allocates, and nothing formats with `core::fmt`, which alone would cost 12 KB of flash.
#![no_std]

pub mod address;
pub mod banks;
pub mod board;
pub mod button;
pub mod clock;
pub mod ethernet;
pub mod flash;
mod halt;
pub mod liveness;
pub mod noise;
pub mod pattern;
mod registers;
pub mod reserved;
pub mod stack;
pub mod tcp;
pub mod timer;
pub mod uart;
mod vectors;
