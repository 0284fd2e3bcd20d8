//! `memcpy` and its kin in as little flash as they can do with, for firmware on Cortex-M.
//!
//! The compiler calls these functions by name whenever a program moves, fills or compares memory. Rust's own
//! (`compiler_builtins`) are made for speed, in many copies under the names of the Arm ABI. Link this crate if flash
//! matters more than the speed of copying:
//!
//! ```
//! use lowkey_mem as _;
//! ```
//!
//! That is all: Rust's symbols are weak and give way. The time of everything but a comparison depends on addresses and
//! lengths only, never on the bytes. `memcmp` stops at the first difference, as it does everywhere: whoever compares
//! secrets compares them some other way.
//!
//! On Armv7-M and Armv8-M Mainline loads and stores of words may be unaligned, which the core allows unless
//! `CCR.UNALIGN_TRP` is set. On Armv6-M and Armv8-M Baseline bytes are moved one by one. On every other target the
//! crate is empty.
#![no_std]
#![allow(unsafe_code)] // the assembly: the four functions of C (ISO C §7.24) and the Arm run-time ABI's names (§4.3.4)

#[cfg(lowkey_mem = "thumb2")]
core::arch::global_asm!(include_str!("frame.s"), include_str!("thumb2.s"), include_str!("end.s"));
#[cfg(lowkey_mem = "thumb1")]
core::arch::global_asm!(
    include_str!("frame.s"),
    include_str!("thumb1.s"),
    include_str!("end.s"),
    options(raw) // braces are lists of registers
);

#[cfg(all(lowkey_testing, lowkey_mem = "thumb2"))]
mod testing;

/// The code in the README, compiled as it stands there.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
