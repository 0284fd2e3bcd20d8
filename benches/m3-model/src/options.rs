//! What machine it is, and how it is watched.

use crate::timing::{Core, Rules};

/// What machine it is, and how it is watched.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which core it is.
    pub core: Core,
    /// Bytes of flash, at 0 and again at 0x0800_0000.
    pub flash: usize,
    /// Bytes of RAM.
    pub ram: usize,
    /// Where it begins, unless where the core's usually does.
    pub ram_at: Option<u32>,
    /// How much slower than the core the flash is, in cycles an access.
    pub wait_states: u32,
    /// Whether the flash reads ahead; without wait states it makes no difference.
    pub prefetch: bool,
    /// By which rules loads and stores are counted.
    pub rules: Rules,
    /// An access to a peripheral that the model does not know is a fault; otherwise it reads zero.
    pub strict: bool,
    /// A run or call ends after this many instructions.
    pub limit: u64,
    /// Whether a run counts cycles by function.
    pub profile: bool,
    /// Whether what the firmware says goes to standard output as well.
    pub echo: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            core: Core::CortexM3,
            flash: 1024 * 1024,
            ram: 64 * 1024,
            ram_at: None,
            wait_states: 0,
            prefetch: false,
            rules: Rules::Manual,
            strict: false,
            limit: 10_000_000_000,
            profile: false,
            echo: false,
        }
    }
}
