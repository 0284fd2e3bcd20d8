//! Runs what is measured and says on the serial line how it ended and how deep the stack was.

use crate::replay::Script;
use cortex_m::interrupt;
use lm3s6965_ethernet::{board::Board, stack};

/// Runs `measured` with the recorded peer and reports; never returns.
pub fn report(measured: fn(Script<'_>) -> bool) -> ! {
    if let Some(mut board) = Board::take() {
        // The clock's tick would use the same stack, and not equally deep at every run.
        interrupt::disable();
        let ok = measured(Script::new(board.flash.key_page()));
        let uart = board.uart.text(if ok { "ok" } else { "failed" }).text(" stack ");
        uart.number(u32::try_from(stack::peak()).unwrap_or(u32::MAX)).end();
    }
    loop {
        core::hint::spin_loop();
    }
}
