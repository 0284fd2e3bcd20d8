//! The interrupt table: 43 words instead of the 240 of cortex-m-rt's default, which saves 788 bytes of flash.
#![allow(unsafe_code)]

use crate::{ethernet, halt, timer};

/// What the core calls for interrupts 0 to 42; cortex-m-rt's script puts it behind the exceptions by this name.
// SAFETY: the section and the name are the ones link.x reserves for it, and each entry is a function without arguments.
#[unsafe(link_section = ".vector_table.interrupts")]
// SAFETY: no other crate in this firmware defines the name.
#[unsafe(no_mangle)]
static __INTERRUPTS: [extern "C" fn(); LINES] = {
    let mut table = [halt::unexpected as extern "C" fn(); LINES];
    table[TIMER0A] = timer::on_interrupt;
    table[ETHERNET] = ethernet::on_interrupt;
    table
};

/// Timer 0's first half (and the whole of it in 32-bit mode).
pub(crate) const TIMER0A: usize = 19;
/// The Ethernet controller, the part's highest line but two.
pub(crate) const ETHERNET: usize = 42;
const LINES: usize = ETHERNET + 1;
