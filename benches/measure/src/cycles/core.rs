//! The cores, and what plays their programs.

use xtask::toolchain::{CORTEX_M4, TARGET};

/// A core that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Core {
    /// The target of its programs.
    pub(super) target: &'static str,
    /// The cycle model's word for it.
    pub(super) model: &'static str,
    /// Whether it is measured with the flash of an STM32F1 as well.
    pub(super) has_slow_flash: bool,
    /// QEMU's board, which has memory where the programs are linked to.
    pub(super) board: &'static str,
    /// A tick of that board's SysTick, in nanoseconds.
    pub(super) tick: u64,
    /// What the names of its programs end in.
    pub(super) ending: &'static str,
}

/// 12.5 MHz, because nothing sets the board's clock.
pub(super) const M3: Core =
    Core { target: TARGET, model: "m3", has_slow_flash: true, board: "lm3s6965evb", tick: 80, ending: "" };
/// 25 MHz.
pub(super) const M4: Core = Core {
    target: CORTEX_M4,
    model: "m4",
    has_slow_flash: false,
    board: "mps2-an386",
    tick: 40,
    ending: "-m4",
};
