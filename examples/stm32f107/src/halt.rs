//! What the firmware does when it cannot go on: nothing, until the watchdog resets it.
//!
//! Not at once: see [`watchdog`](crate::watchdog) on what a reset costs. A hard fault ends the same way, in the handler
//! that cortex-m-rt brings. Neither says where it happened: file names would take flash, and a debugger shows it.

use core::panic::PanicInfo;

use cortex_m::interrupt;

#[panic_handler]
fn panicked(_: &PanicInfo<'_>) -> ! {
    interrupt::disable();
    loop {
        cortex_m::asm::nop();
    }
}
