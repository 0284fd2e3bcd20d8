//! From halfwords to what the model executes, remembered for each address of flash.

use std::rc::Rc;

use armagnac::{
    core::{ArmVersion, Condition, ItState},
    decoder::{BasicInstructionDecoder, InstructionDecode},
    instructions::{Instruction, InstructionSize},
};

use crate::{
    bus::Bus,
    fault::Cause,
    kind::{Kind, for_armagnac, kind},
    memory::{Operation, operation},
    timing::Core,
};

/// One instruction.
pub(crate) struct Decoded {
    pub(crate) operation: What,
    /// 32 bits.
    pub(crate) wide: bool,
    /// Its own condition, whatever an IT says.
    pub(crate) condition: Option<Condition>,
    /// It was decoded for this state: inside of an IT block 16-bit instructions set no flags.
    it: u8,
}

/// Who executes it.
pub(crate) enum What {
    /// Armagnac.
    Core(Rc<dyn Instruction>, Kind),
    /// A load or store: the model.
    Memory(Operation),
    /// Anything that armagnac lacks: the model.
    Special(Kind),
}

/// The decoder and what it has decoded.
pub(crate) struct Code {
    core: Core,
    decoder: BasicInstructionDecoder,
    /// For each halfword of flash the place in `decoded`, plus one.
    index: Vec<u32>,
    decoded: Vec<Decoded>,
    /// The last one from RAM, which may have changed when we come back.
    from_ram: Option<Decoded>,
}

impl Code {
    pub(crate) fn new(flash_len: usize, core: Core) -> Self {
        Self {
            core,
            decoder: BasicInstructionDecoder::new(ArmVersion::V7M),
            index: vec![0; flash_len.div_ceil(2)],
            decoded: Vec::new(),
            from_ram: None,
        }
    }

    /// Forgets everything: the flash was written to.
    pub(crate) fn forget(&mut self) {
        self.index.fill(0);
        self.decoded.clear();
    }

    /// The instruction at `pc`.
    #[inline]
    pub(crate) fn at(&mut self, pc: u32, it: ItState, bus: &Bus) -> Result<&Decoded, Cause> {
        let Some(offset) = bus.flash_offset(pc) else {
            let decoded = self.decode(pc, it, bus)?;
            return Ok(self.from_ram.insert(decoded));
        };
        let mut place = self.index[offset / 2] as usize;
        if place == 0 || self.decoded[place - 1].it != it.0 {
            let decoded = self.decode(pc, it, bus)?;
            if place == 0 {
                self.decoded.push(decoded);
                place = self.decoded.len();
                self.index[offset / 2] = place as u32;
            } else {
                self.decoded[place - 1] = decoded;
            }
        }
        Ok(&self.decoded[place - 1])
    }

    fn decode(&self, pc: u32, it: ItState, bus: &Bus) -> Result<Decoded, Cause> {
        let first = u32::from(bus.halfword(pc).ok_or(Cause::Fetch)?);
        let wide = is_wide(first);
        let code = if wide {
            let second = u32::from(bus.halfword(pc.wrapping_add(2)).ok_or(Cause::Fetch)?);
            first << 16 | second
        } else {
            first
        };
        let plain = |operation| Decoded { operation, wide, condition: None, it: it.0 };
        if let Some(operation) = operation(code, wide, self.core) {
            return Ok(plain(What::Memory(operation)));
        }
        let kind = kind(code, wide, it.in_it_block(), self.core).ok_or(Cause::Undefined(code))?;
        if kind.is_special() {
            return Ok(plain(What::Special(kind)));
        }
        let size = if wide { InstructionSize::Ins32 } else { InstructionSize::Ins16 };
        let instruction = self
            .decoder
            .try_decode(for_armagnac(code, kind, wide), size, it)
            .map_err(|_| Cause::Undefined(code))?;
        let condition = instruction.condition();
        Ok(Decoded { operation: What::Core(instruction, kind), wide, condition, it: it.0 })
    }
}

/// Whether an instruction that begins with `first` has a second halfword (ARMv7-M, A5.1).
pub(crate) fn is_wide(first: u32) -> bool {
    first >> 11 >= 0b11101
}
