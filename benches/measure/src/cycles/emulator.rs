//! A second opinion from QEMU, which shares no code with the model: the results, and the number of instructions.
//!
//! QEMU has no CYCCNT. With `-icount` its time is the number of instructions so far, and SysTick counts it, in 24
//! bits. At 128 ns an instruction, one tick to four go by with every instruction, by the board's clock, and a row's
//! ticks tell its instructions apart.

use std::path::Path;

use xtask::command::{Command, Result};

use super::{
    core::Core,
    model::LIMIT,
    output::{Region, Row},
};

/// Runs the firmware `elf`; returns what it said.
///
/// # Errors
/// The firmware failed, with its last words.
pub(super) fn run(core: Core, elf: &Path) -> Result<String> {
    let board = ["-M", core.board, "-display", "none", "-monitor", "none", "-serial", "none"];
    // Without a device of its own semihosting would speak on standard error.
    let host = ["-chardev", "stdio,id=host", "-semihosting-config", "enable=on,target=native,chardev=host"];
    let time = ["-icount", "shift=7,sleep=off", "-kernel"];
    Command::new("qemu-system-arm").args(board).args(host).args(time).args([elf]).limit(LIMIT).quiet()
}

/// Makes sure that QEMU executed as many instructions for `row` as the model.
///
/// # Errors
/// It did not.
pub(super) fn check(core: Core, row: &Row, region: &Region) -> Result<()> {
    let tick = core.tick;
    let expected = u64::from(region.instructions) * INSTRUCTION / tick;
    // SysTick wraps; what it cannot tell apart is 10 million instructions away.
    let more = u64::from(row.ticks).wrapping_sub(expected) % WRAP;
    if more.wrapping_add(ROUNDED) % WRAP <= ROUNDED + MARKS * INSTRUCTION / tick + 1 {
        return Ok(());
    }
    let off = if more > WRAP / 2 { more as i64 - WRAP as i64 } else { more as i64 };
    let off = off * tick as i64 / INSTRUCTION as i64;
    let (name, instructions) = (&row.name, region.instructions);
    Err(format!("{name}: the model executed {instructions} instructions, QEMU {off:+} more").into())
}

/// In nanoseconds: an instruction (`shift=7`).
const INSTRUCTION: u64 = 128;
/// In ticks: both readings of a row are whole, and so are those of the empty one that is subtracted.
const ROUNDED: u64 = 1;
/// SysTick's 24 bits.
const WRAP: u64 = 1 << 24;
/// The instructions between reading SysTick and the marks of a row, at most; they depend on what is measured.
const MARKS: u64 = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cycles::core::M3;

    fn checked(ticks: u32, instructions: u32) -> Result<()> {
        check(M3, &Row { name: "a".to_owned(), cycles: 0, ticks }, &Region { instructions, stack: 0 })
    }

    #[test]
    fn ticks_are_eight_fifths_of_the_instructions_and_of_a_few_around_them() {
        assert!(checked(2_745_814, 1_716_134).is_ok());
        assert!(checked(2_745_822, 1_716_134).is_ok());
        assert!(checked(2_745_813, 1_716_134).is_ok(), "rounded");
        let error = checked(2_745_900, 1_716_134).unwrap_err().to_string();
        assert_eq!(error, "a: the model executed 1716134 instructions, QEMU +53 more");
        assert!(checked(2_745_812, 1_716_134).is_err());
        let error = checked(2_745_800, 1_716_134).unwrap_err().to_string();
        assert!(error.ends_with("QEMU -8 more"), "{error}");
    }

    #[test]
    fn ticks_that_wrapped_are_understood() {
        let instructions = 12_000_000;
        assert!(checked(19_200_000 - (1 << 24), instructions).is_ok());
        assert!(checked(19_200_000 - (1 << 24) + 100, instructions).is_err());
    }
}
