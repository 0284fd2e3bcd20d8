//! What happens when a program must not go on: it says so and ends as a failure.
#![allow(unsafe_code)]

use core::panic::PanicInfo;

use cortex_m_rt::{ExceptionFrame, exception};

use crate::host::{Exit, Line, exit};

/// It does not say where: the names of files are as long as the path to them, and the same source must give the same
/// image wherever it lies.
#[panic_handler]
fn panicked(_: &PanicInfo<'_>) -> ! {
    Line::new().text("panicked").say();
    exit(Exit::Failure)
}

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    Line::new().text("hard fault at ").hex(u64::from(frame.pc())).say();
    exit(Exit::Failure)
}
