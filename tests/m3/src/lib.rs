//! Firmware for tests on a Cortex-M3, in QEMU and in the cycle model of `benches/m3-model`.
//!
//! | program | what it is |
//! | --- | --- |
//! | `channel` | nothing but a channel, in every mode and role: its whole image is searched for long multiplies and divisions, and its handshakes are traced |
//! | `primitives` | the primitives, each as a function that the model calls and traces |
//! | `planted` | six leaks, which the gates have to find |
//! | `on_device` | tests of the primitives' results |
//!
//! The first three are called by the model, function by function, and do nothing when they are started.
//!
//! The library is what they share with the programs of `tests/host` that run them.
#![no_std]

pub mod digest;
pub mod page;
pub mod script;
