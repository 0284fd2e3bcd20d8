//! What happens when a program must not go on: it says so and ends as a failure.
#![allow(unsafe_code)]

use core::panic::PanicInfo;

use cortex_m_rt::{ExceptionFrame, exception};

use crate::host::{Exit, Line, exit};

#[panic_handler]
fn panicked(info: &PanicInfo<'_>) -> ! {
    let (file, line) = info.location().map_or(("?", 0), |place| (place.file(), place.line()));
    Line::new().text("panicked at ").text(file).text(":").number(line).say();
    exit(Exit::Failure)
}

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    Line::new().text("hard fault at ").hex(u64::from(frame.pc())).say();
    exit(Exit::Failure)
}
