//! What each instruction costs: Cortex-M3 TRM r2p1, table 3-1 (§3.3.1) and "Load/store timings" (§3.3.2); Cortex-M4
//! TRM r0p1, tables 3-1 and 3-2, of which the load/store timings are the same, word for word. (Texas Instruments prints
//! both again for the Cortex-M4F of its CC13x2 and CC26x2, SWCU192: held against that.) Of a Cortex-M33 no manual says
//! what an instruction costs: [`Core::CortexM33`] has what is taken instead.
//!
//! Where the manual leaves room, the rule taken is stated at the constant or function that takes it.

/// Which core it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Core {
    /// Armv7-M. Long multiplies take a time that depends on their operands.
    #[default]
    CortexM3,
    /// Armv7E-M, without an FPU: every multiply takes one cycle, whatever the operands, and there are the instructions
    /// of the DSP extension.
    CortexM4,
    /// Armv8-M Mainline with the DSP extension, without an FPU. **Not by a manual: there is none.** As a Cortex-M4, but
    /// that what goes through the multiplier, and the rest of the DSP extension, takes two cycles whatever the
    /// operands. So says one source, the crate `rp2350-emu` 0.2.6, of what it measured on an RP2354; it also says
    /// things that are not modelled, and some of them would make the core slower ([`Rules::Rp2350`] has those).
    CortexM33,
}

impl Core {
    /// Whether it has the DSP extension.
    pub(crate) fn has_dsp(self) -> bool {
        self != Self::CortexM3
    }

    /// MUL.
    pub(crate) fn multiply(self) -> u64 {
        match self {
            Self::CortexM3 | Self::CortexM4 => 1,
            Self::CortexM33 => MULTIPLIER_OF_M33,
        }
    }

    /// What the DSP extension adds.
    pub(crate) fn dsp(self) -> u64 {
        match self {
            Self::CortexM3 | Self::CortexM4 => 1,
            Self::CortexM33 => MULTIPLIER_OF_M33,
        }
    }

    /// MLA, MLS.
    pub(crate) fn multiply_accumulate(self) -> u64 {
        match self {
            Self::CortexM3 => 2,
            Self::CortexM4 => 1,
            Self::CortexM33 => MULTIPLIER_OF_M33,
        }
    }

    /// UMULL, SMULL, UMLAL, SMLAL. On a Cortex-M4 1, on a Cortex-M33 2.
    ///
    /// On a Cortex-M3 3 to 5 and 4 to 7: "early termination depending on the size of the source values". The true rule
    /// is not public. The model takes one cycle more for each operand that has more than 16 significant bits; and one
    /// more for SMLAL, because earlier revisions of the manual say that accumulating takes a cycle longer with signs
    /// than without. So UMLAL takes 4 to 6 and SMLAL 5 to 7.
    pub(crate) fn long_multiply(self, a: u32, b: u32, signed: bool, accumulate: bool) -> u64 {
        match self {
            Self::CortexM3 => {}
            Self::CortexM4 => return 1,
            Self::CortexM33 => return MULTIPLIER_OF_M33,
        }
        let is_long = |x: u32| {
            if signed { i16::try_from(x as i32).is_err() } else { u16::try_from(x).is_err() }
        };
        3 + u64::from(accumulate) * (1 + u64::from(signed)) + u64::from(is_long(a)) + u64::from(is_long(b))
    }
}

/// By which rules loads and stores are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rules {
    /// Table 3-1 with all of §3.3.2: nothing is pipelined behind a store, a base update or a used result, and an
    /// address that comes from the instruction before costs a cycle.
    #[default]
    Manual,
    /// Table 3-1 and its note c alone: a load directly behind any single load or store takes one cycle, unless its
    /// address is what that load brought.
    Table,
    /// What `rp2350-emu` says of an RP2354's Cortex-M33 besides the multiplier, as far as it makes code slower than the
    /// Cortex-M4's manual has it: a single load or store takes two cycles wherever it stands, and so does an operand of
    /// data processing that is shifted otherwise than to the left by one or two bits, or an immediate that is rotated.
    /// It is one source, and says nothing of how it measured; that no load is hidden behind another may be what a
    /// single one takes in a loop. So this is taken for an upper bound.
    Rp2350,
}

/// What the instruction before left behind for this one.
pub(crate) struct Pipeline {
    core: Core,
    rules: Rules,
    before: Before,
    /// The instruction before had 16 bits, and an IT can be folded into it.
    can_fold: bool,
}

enum Before {
    /// Nothing that matters.
    Other,
    /// A data processing instruction that wrote these registers.
    Computed(u16),
    /// A single load of these registers whose data phase can overlap with the next address phase.
    Load(u16),
    /// A single store.
    Store,
}

impl Pipeline {
    pub(crate) fn new(core: Core, rules: Rules) -> Self {
        Self { core, rules, before: Before::Other, can_fold: false }
    }

    pub(crate) fn core(&self) -> Core {
        self.core
    }

    /// Data processing with a shifted operand, or a rotated immediate.
    pub(crate) fn shifted(&self) -> u64 {
        1 + u64::from(self.rules == Rules::Rp2350)
    }

    /// After anything that is neither data processing nor a single load or store.
    pub(crate) fn other(&mut self, wide: bool) {
        self.before = Before::Other;
        self.can_fold = !wide;
    }

    /// After a taken branch, a region's mark, an IT.
    pub(crate) fn refilled(&mut self) {
        self.before = Before::Other;
        self.can_fold = false;
    }

    /// After a data processing instruction that wrote `registers`.
    pub(crate) fn computed(&mut self, registers: u16, wide: bool) {
        self.before = if registers == 0 { Before::Other } else { Before::Computed(registers) };
        self.can_fold = !wide;
    }

    /// Table 3-1, note e: an IT behind a 16-bit instruction is folded into it and takes no cycle. (It *can* be; the
    /// model takes it that it always is, unless a branch has just been taken.)
    pub(crate) fn it(&mut self) -> u64 {
        let cost = u64::from(!self.can_fold);
        self.refilled();
        cost
    }

    /// A single load: 2, and 1 behind a load that it can be pipelined with.
    pub(crate) fn load(&mut self, access: &Access, wide: bool) -> u64 {
        let pipelined = match self.before {
            Before::Load(loaded) => self.rules != Rules::Rp2350 && loaded & access.address == 0,
            Before::Store => self.rules == Rules::Table,
            Before::Other | Before::Computed(_) => false,
        };
        let cost = 2 - u64::from(pipelined) + self.address(access.address);
        // "Any load with a base update is not normally pipelined." Its other sentence, that such a load takes one
        // cycle ahead of an instruction that writes no register, is not modelled.
        let update = access.base_update && self.rules == Rules::Manual;
        self.before = if update { Before::Other } else { Before::Load(access.registers) };
        self.can_fold = !wide;
        cost
    }

    /// A single store: "`STR Rx,[Ry,#imm]` is always one cycle"; with a register offset 2, and 1 behind a load.
    pub(crate) fn store(&mut self, access: &Access, wide: bool) -> u64 {
        let slow = match self.rules {
            Rules::Manual => {
                access.register_offset
                    && !matches!(self.before, Before::Load(loaded) if loaded & access.address == 0)
            }
            Rules::Table => false,
            Rules::Rp2350 => true,
        };
        let cost = 1 + u64::from(slow) + self.address(access.address);
        self.before = Before::Store;
        self.can_fold = !wide;
        cost
    }

    /// "Any load or store that generates an address dependent on the result of a preceding data processing
    /// operation will stall the pipeline for an additional cycle."
    pub(crate) fn address(&self, registers: u16) -> u64 {
        match self.before {
            Before::Computed(written) => u64::from(self.rules == Rules::Manual && written & registers != 0),
            _ => 0,
        }
    }
}

/// What of a single load or store matters for its time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access {
    /// The registers that make the address, a bit each.
    pub(crate) address: u16,
    /// The register that is loaded.
    pub(crate) registers: u16,
    pub(crate) base_update: bool,
    pub(crate) register_offset: bool,
}

/// P of table 3-1, the refill of the pipeline behind a branch: "from 1 to 3 depending on the alignment and width of
/// the target instruction, and whether the processor manages to speculate the address early".
///
/// The model takes 2, and 3 if the target is a 32-bit instruction that does not begin at a word. No branch is taken
/// to be speculated.
pub(crate) fn refill(target: u32, target_is_wide: bool) -> u64 {
    if target_is_wide && target & 2 != 0 { 3 } else { 2 }
}

/// P of a load to PC, and of TBB and TBH: "three cycles for the pipeline reload" (§3.3.2).
pub(crate) const LOADED_REFILL: u64 = 3;

/// UDIV, SDIV: 2 to 12, "dependent on the values of the input operands".
///
/// The true rule is not public. The model takes 2 if the quotient is zero, and otherwise 3 and a cycle for every
/// started 32/9 bits of the quotient (by the operands' lengths: at most one bit too many).
pub(crate) fn divide(dividend: u32, divisor: u32) -> u64 {
    if divisor == 0 || dividend < divisor {
        return 2;
    }
    let bits = divisor.leading_zeros() - dividend.leading_zeros() + 1;
    3 + u64::from(bits * 9).div_ceil(32)
}

/// "Unaligned word or halfword loads or stores add penalty cycles" (§3.3.2).
pub(crate) fn unaligned(address: u32, size: u32) -> u64 {
    match (size, address & 3) {
        (2, 1 | 3) | (4, 2) => 1,
        (4, 1 | 3) => 2,
        _ => 0,
    }
}

/// MUL, MLA, MLS, the long multiplies and the DSP extension on a Cortex-M33; see [`Core::CortexM33`].
const MULTIPLIER_OF_M33: u64 = 2;
/// MRS, MSR, CPS: "1 or 2"; the model takes 2.
pub(crate) const STATUS: u64 = 2;
/// ISB: 1 + B; the model takes a refill for B. DMB and DSB have nothing to wait for here and take 1.
pub(crate) const ISB: u64 = 1 + 2;
