//! Stretches of a run that the firmware marks: `dbg #1` begins one, whose number is then in r0; `dbg #2` ends it.
//!
//! DBG is a hint (ARMv7-M, A7.7.32): real silicon and QEMU execute it as a NOP.

use crate::{bus::Bus, meter::Meter};

/// What a marked region took, without its marks. Regions can be nested; the outer one's figures then contain the
/// marks of the inner one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// What was in r0 at the beginning.
    pub number: u32,
    /// Cycles, by the model.
    pub cycles: u64,
    /// Instructions, those of which the condition failed included.
    pub instructions: u64,
    /// How far the stack pointer went below where it was at the beginning, in bytes.
    pub peak_stack: u32,
    /// Stands for the sequence of program counters, and for whether each instruction's condition failed.
    pub pc_hash: u64,
    /// Stands for the sequence of data addresses with the size and direction of each access.
    pub address_hash: u64,
    /// What then lay in the stack that nobody used any more: everything between the lowest stack pointer and the last
    /// one, from below.
    pub left: Vec<u8>,
}

/// The regions so far, in the order of their beginnings.
#[derive(Default)]
pub(crate) struct Regions {
    all: Vec<Option<Region>>,
    open: Vec<Open>,
}

struct Open {
    index: usize,
    number: u32,
    cycles: u64,
    instructions: u64,
    sp: u32,
}

impl Regions {
    pub(crate) fn begin(&mut self, number: u32, sp: u32, meter: &mut Meter) {
        let index = self.all.len();
        self.all.push(None);
        let (cycles, instructions) = (meter.cycles, meter.instructions);
        self.open.push(Open { index, number, cycles, instructions, sp });
        meter.open(sp);
    }

    /// Ends the innermost region at what the meter shows and the stack of `bus` holds below `sp`; does nothing if none
    /// is open.
    pub(crate) fn end(&mut self, meter: &mut Meter, bus: &Bus, sp: u32) {
        let Some(open) = self.open.pop() else { return };
        let Some(trace) = meter.close() else { return };
        self.all[open.index] = Some(Region {
            number: open.number,
            cycles: meter.cycles - open.cycles,
            instructions: meter.instructions - open.instructions,
            peak_stack: open.sp - trace.lowest_sp,
            pc_hash: trace.pcs,
            address_hash: trace.addresses,
            left: bus.between(trace.lowest_sp, sp),
        });
    }

    /// Ends without a result what is still open.
    pub(crate) fn abandon(&mut self, meter: &mut Meter) {
        for _ in self.open.drain(..) {
            meter.close();
        }
    }

    /// The regions that have ended since this was last asked.
    pub(crate) fn take(&mut self) -> Vec<Region> {
        std::mem::take(&mut self.all).into_iter().flatten().collect()
    }
}
