//! The cores that there is a library for, and how GCC and QEMU are told of them.

use crate::archive::Machine;

/// A microcontroller's core, with those that the same library is for.
pub(super) struct Core {
    /// Rust's name of what they have in common.
    pub(super) target: &'static str,
    /// Whether they have the DSP extension and that name does not say so.
    pub(super) has_dsp: bool,
    /// What the symbol `lowkey_core_is_…` says.
    pub(super) says: &'static str,
    pub(super) title: &'static str,
    /// How GCC is told: of each core, and of each way to pass floating point. The first is the one to show.
    pub(super) options: &'static [&'static str],
    pub(super) boards: &'static [Board],
}

/// A board that QEMU has.
pub(super) struct Board {
    pub(super) name: &'static str,
    /// How GCC is told of a program for it.
    pub(super) options: &'static str,
    /// The first addresses of what it starts from, and of 16 KB of RAM.
    pub(super) flash: &'static str,
    pub(super) ram: &'static str,
}

impl Core {
    /// The core of a machine, if it is a microcontroller.
    pub(super) fn of(machine: &Machine) -> Option<&'static Self> {
        CORES.iter().find(|core| core.machine() == *machine)
    }

    /// What the library is made for.
    pub(super) fn machine(&self) -> Machine {
        if self.has_dsp { Machine::with_dsp(self.target) } else { Machine::bare(self.target) }
    }
}

/// All of them, the smallest first.
pub(super) const CORES: &[Core] = &[
    Core {
        target: "thumbv6m-none-eabi",
        has_dsp: false,
        says: "cortex_m0",
        title: "a Cortex-M0, M0+ or M1",
        options: &["-mcpu=cortex-m0 -mthumb", "-mcpu=cortex-m0plus -mthumb", "-mcpu=cortex-m1 -mthumb"],
        boards: &[Board { name: "microbit", options: "-mcpu=cortex-m0 -mthumb", flash: "0", ram: SRAM }],
    },
    Core {
        target: "thumbv7m-none-eabi",
        has_dsp: false,
        says: "cortex_m3",
        title: "a Cortex-M3",
        options: &["-mcpu=cortex-m3 -mthumb"],
        boards: &[Board { name: "lm3s6965evb", options: "-mcpu=cortex-m3 -mthumb", flash: "0", ram: SRAM }],
    },
    Core {
        target: "thumbv7em-none-eabi",
        has_dsp: false,
        says: "cortex_m4",
        title: "a Cortex-M4 or M7, with any `-mfloat-abi`",
        options: &[
            "-mcpu=cortex-m4 -mthumb",
            "-mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=softfp",
            "-mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard",
            "-mcpu=cortex-m7 -mthumb -mfloat-abi=soft",
            "-mcpu=cortex-m7 -mthumb -mfpu=fpv5-sp-d16 -mfloat-abi=softfp",
            "-mcpu=cortex-m7 -mthumb -mfpu=fpv5-d16 -mfloat-abi=hard",
        ],
        boards: &[
            Board {
                name: "netduinoplus2",
                options: "-mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard",
                flash: "0",
                ram: SRAM,
            },
            Board {
                name: "mps2-an500",
                options: "-mcpu=cortex-m7 -mthumb -mfpu=fpv5-d16 -mfloat-abi=hard",
                flash: "0",
                ram: SRAM,
            },
        ],
    },
    Core {
        target: BASELINE,
        has_dsp: false,
        says: "cortex_m0",
        title: "a Cortex-M23",
        options: &["-mcpu=cortex-m23 -mthumb", "-mcpu=cortex-m23 -mthumb -mcmse"],
        // QEMU has no M23. An M33 has all of its instructions.
        boards: &[Board {
            name: "mps2-an505",
            options: "-mcpu=cortex-m23 -mthumb",
            flash: SECURE_CODE,
            ram: SECURE_SSRAM,
        }],
    },
    Core {
        target: "thumbv8m.main-none-eabi",
        has_dsp: false,
        says: "cortex_m33",
        title: "a Cortex-M33, M35P or M55, whether it has the DSP extension or not, with any `-mfloat-abi`",
        options: &[
            "-mcpu=cortex-m33 -mthumb -mfloat-abi=soft",
            "-mcpu=cortex-m33+nodsp -mthumb -mfloat-abi=soft",
            "-mcpu=cortex-m33 -mthumb -mfpu=fpv5-sp-d16 -mfloat-abi=softfp",
            "-mcpu=cortex-m33 -mthumb -mfpu=fpv5-sp-d16 -mfloat-abi=hard",
            "-mcpu=cortex-m33 -mthumb -mcmse -mfpu=fpv5-sp-d16 -mfloat-abi=hard",
            "-mcpu=cortex-m35p -mthumb -mfpu=fpv5-sp-d16 -mfloat-abi=hard",
            "-mcpu=cortex-m55 -mthumb -mfloat-abi=soft",
            "-mcpu=cortex-m55 -mthumb -mfloat-abi=hard",
        ],
        boards: &[
            Board {
                name: "mps2-an505",
                options: "-mcpu=cortex-m33 -mthumb -mfpu=fpv5-sp-d16 -mfloat-abi=hard",
                flash: SECURE_CODE,
                ram: SECURE_SSRAM,
            },
            Board {
                name: "mps3-an547",
                options: "-mcpu=cortex-m55 -mthumb -mfloat-abi=hard",
                flash: SECURE_CODE,
                ram: "0x30000000",
            },
        ],
    },
    Core {
        target: "thumbv8m.main-none-eabi",
        has_dsp: true,
        says: "cortex_m33_dsp",
        title: "a Cortex-M33 or M35P that has the DSP extension, or an M55, with any `-mfloat-abi`",
        options: &[
            "-mcpu=cortex-m33 -mthumb -mfloat-abi=soft",
            "-mcpu=cortex-m33 -mthumb -mfpu=fpv5-sp-d16 -mfloat-abi=hard",
            "-mcpu=cortex-m55 -mthumb -mfloat-abi=hard",
        ],
        boards: &[Board {
            name: "mps2-an505",
            options: "-mcpu=cortex-m33 -mthumb -mfpu=fpv5-sp-d16 -mfloat-abi=hard",
            flash: SECURE_CODE,
            ram: SECURE_SSRAM,
        }],
    },
];
/// Armv8-M Baseline: Armv6-M and a few instructions more, and the same primitives in Rust.
pub(super) const BASELINE: &str = "thumbv8m.base-none-eabi";
const SRAM: &str = "0x20000000";
/// A core with TrustZone starts in its secure state, which sees memory at addresses of its own.
const SECURE_CODE: &str = "0x10000000";
const SECURE_SSRAM: &str = "0x38000000";
