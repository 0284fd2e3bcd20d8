//! What the board does when it cannot go on: say where on the serial line, and stop.
//!
//! It does not start again by itself: a fault must be seen while somebody is looking. A product would reset from
//! here, or let a watchdog do it.
//!
//! The feature `panic-place` adds file and line, which cost 5.6 KB of flash for every name of a file.

use core::panic::PanicInfo;

use cortex_m::{asm, interrupt, peripheral::SCB};
use cortex_m_rt::{ExceptionFrame, exception};

use crate::uart::Uart;

#[panic_handler]
fn panicked(info: &PanicInfo<'_>) -> ! {
    interrupt::disable();
    let mut uart = Uart::of_last_words();
    uart.text("panicked");
    if cfg!(feature = "panic-place")
        && let Some(place) = info.location()
    {
        uart.text(" at ").text(place.file()).text(":").number(place.line());
    }
    uart.end();
    stop()
}

#[exception]
#[allow(unsafe_code)]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    interrupt::disable();
    Uart::of_last_words().text("hard fault at ").hex(&frame.pc().to_be_bytes()).end();
    stop()
}

/// The handler of every line in the table that nobody enabled.
pub(crate) extern "C" fn unexpected() {
    interrupt::disable();
    let number = match SCB::vect_active() {
        cortex_m::peripheral::scb::VectActive::Interrupt { irqn } => u32::from(irqn),
        _ => u32::MAX,
    };
    Uart::of_last_words().text("unexpected interrupt ").number(number).end();
    stop()
}

fn stop() -> ! {
    loop {
        asm::wfi();
    }
}
