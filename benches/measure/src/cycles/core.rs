//! The cores, and what plays their programs.

use xtask::toolchain;

use crate::numbers::Tolerance;

/// A core that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Core {
    /// As tables call it.
    pub(super) name: &'static str,
    /// What its programs are built for.
    pub(crate) built_for: toolchain::Core,
    /// The cycle model's word for it.
    pub(crate) model: &'static str,
    /// How it is measured a second time.
    pub(super) again: Option<Again>,
    /// QEMU's board, which has memory where the programs are linked to.
    pub(super) board: &'static str,
    /// A tick of that board's SysTick, in nanoseconds.
    pub(super) tick: u64,
    /// What the names of its programs end in.
    pub(super) ending: &'static str,
}

impl Core {
    /// What the program of this name is called on this core.
    pub(crate) fn program(self, name: &str) -> String {
        format!("{name}{}", self.ending)
    }

    /// Whether no manual has its cycles: they are at most those of [`BOUND`].
    pub(super) fn is_bounded(self) -> bool {
        self.again == Some(BOUND)
    }
}

/// Another reading of the same run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Again {
    /// What its cycles are called.
    pub(super) figure: &'static str,
    /// What the model is told for it.
    pub(super) options: &'static [&'static str],
    /// How far a row may grow.
    pub(super) tolerance: Tolerance,
}

/// With two wait states behind a prefetch buffer: an STM32F1 above 48 MHz.
const STM32F1: Again = Again {
    figure: "stm32f1",
    options: &["--flash-wait-states", "2", "--prefetch"],
    // Slow flash is read in lines: a row was seen to move by 3.6 % with the path to the repository.
    tolerance: Tolerance::Percent(10),
};
/// With all that one source says of an RP2354 and that makes code slower.
const BOUND: Again = Again { figure: "bound", options: &["--rp2350"], tolerance: Tolerance::Percent(2) };

pub(super) const ALL: [Core; 4] = [M3, M4, M33, M33_PLAIN];

/// 12.5 MHz, because nothing sets the board's clock.
pub(super) const M3: Core = Core {
    name: "Cortex-M3",
    built_for: toolchain::Core::M3,
    model: "m3",
    again: Some(STM32F1),
    board: "lm3s6965evb",
    tick: 80,
    ending: "",
};
/// 25 MHz.
pub(crate) const M4: Core = Core {
    name: "Cortex-M4",
    built_for: toolchain::Core::M4,
    model: "m4",
    again: None,
    board: "mps2-an386",
    tick: 40,
    ending: "-m4",
};
/// With the DSP extension. 20 MHz. No manual has its cycles: each figure is between two readings, or so it is taken.
pub(crate) const M33: Core = Core {
    name: "Cortex-M33 with DSP",
    built_for: toolchain::Core::M33_DSP,
    model: "m33",
    again: Some(BOUND),
    board: "mps2-an505",
    tick: 50,
    ending: "-m33",
};
/// Without the DSP extension, or with it when nothing says so. By the same readings.
pub(super) const M33_PLAIN: Core =
    Core { name: "Cortex-M33", built_for: toolchain::Core::M33, ending: "-m33-plain", ..M33 };
