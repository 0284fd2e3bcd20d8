//! What the programs of `tests/m3` are compiled for.

use m3_model::Core;

/// A core, or for Armv6-M all that have no more.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    CortexM3,
    CortexM4,
    /// A Cortex-M33 with the DSP extension.
    CortexM33Dsp,
    CortexM33,
    Armv6M,
}

impl Target {
    /// The one of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "m3" => Self::CortexM3,
            "m4" => Self::CortexM4,
            "m33-dsp" => Self::CortexM33Dsp,
            "m33" => Self::CortexM33,
            "armv6m" => Self::Armv6M,
            _ => return None,
        })
    }

    /// What is said before the names of its classes.
    pub(crate) fn title(self) -> Option<&'static str> {
        match self {
            Self::CortexM3 => None,
            Self::CortexM4 => Some("Cortex-M4"),
            Self::CortexM33Dsp => Some("Cortex-M33 with DSP"),
            Self::CortexM33 => Some("Cortex-M33"),
            Self::Armv6M => Some("Armv6-M"),
        }
    }

    /// The model's core that runs it. A Cortex-M3 has all instructions of Armv6-M.
    pub(crate) fn core(self) -> Core {
        match self {
            Self::CortexM3 | Self::Armv6M => Core::CortexM3,
            Self::CortexM4 => Core::CortexM4,
            Self::CortexM33Dsp | Self::CortexM33 => Core::CortexM33,
        }
    }

    /// Its files, in the order of `Program`.
    pub(crate) fn programs(self) -> &'static [&'static str] {
        let all = &["channel", "primitives", "planted"];
        if self == Self::Armv6M { &all[..2] } else { all }
    }

    /// Whether whole connections are played with a few secrets only: they take ten times as long on Armv6-M, and what a
    /// Cortex-M33 without the DSP extension computes with is the Cortex-M3's.
    pub(crate) fn is_brief(self) -> bool {
        matches!(self, Self::CortexM33 | Self::Armv6M)
    }

    /// Whether the model multiplies long in a time that depends on the operands.
    pub(crate) fn multiplies_unevenly(self) -> bool {
        self.core() == Core::CortexM3
    }
}
