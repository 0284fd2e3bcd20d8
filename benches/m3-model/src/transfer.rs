//! Loads and stores: what they do and what they cost (TRM §3.3.2).

use armagnac::core::Processor;

use crate::{
    bus::Bus,
    core::{register, set_register},
    fault::Cause,
    flash::Flash,
    memory::{Address, Dual, Multiple, Offset, Operation, Single},
    meter::{Direction, Meter},
    timing::{self, Access, Pipeline},
};

/// What a load or store needs of the machine.
pub(crate) struct Transfer<'m> {
    pub(crate) core: &'m mut Processor,
    pub(crate) bus: &'m mut Bus,
    pub(crate) meter: &'m mut Meter,
    pub(crate) pipeline: &'m mut Pipeline,
    pub(crate) flash: &'m mut Flash,
    /// The instruction's address, and whether it has 32 bits.
    pub(crate) pc: u32,
    pub(crate) wide: bool,
}

/// What a load or store was.
pub(crate) struct Done {
    /// Its cycles, those of a jump's refill not included.
    pub(crate) cycles: u64,
    /// Where it loaded PC with.
    pub(crate) jump: Option<u32>,
}

impl Transfer<'_> {
    /// Executes `operation`.
    pub(crate) fn run(&mut self, operation: &Operation) -> Result<Done, Cause> {
        match *operation {
            Operation::Single(single) => self.single(&single),
            Operation::Ordered(single) => {
                aligned(self.address(&single.address).0, single.size)?;
                self.single(&single)
            }
            Operation::Dual(dual) => self.dual(&dual),
            Operation::Multiple(multiple) => self.multiple(&multiple),
            Operation::Table { rn, rm, size } => self.table(rn, rm, size),
            Operation::LoadExclusive { rt, rn, offset, size } => self.load_exclusive(rt, rn, offset, size),
            Operation::StoreExclusive { rd, rt, rn, offset, size } => {
                self.store_exclusive(rd, rt, rn, offset, size)
            }
        }
    }

    fn single(&mut self, single: &Single) -> Result<Done, Cause> {
        let (address, base) = self.address(&single.address);
        let access = Access {
            address: single.address.registers(),
            registers: 1 << single.rt,
            base_update: single.address.write_back,
            register_offset: matches!(single.address.offset, Offset::Register { .. }),
        };
        if !single.load {
            // However it is aligned: "A STR or STRH cannot delay the processor because of the write buffer."
            let cycles = self.pipeline.store(&access, self.wide);
            let value = register(self.core, single.rt);
            self.write(address, single.size, value)?;
            self.write_back(&single.address, base);
            return Ok(Done { cycles, jump: None });
        }
        let cycles = self.pipeline.load(&access, self.wide) + timing::unaligned(address, single.size);
        let (value, stall) = self.read(address, single.size)?;
        self.write_back(&single.address, base);
        let mut jump = None;
        match single.rt {
            15 if address & 3 != 0 => return Err(Cause::Unaligned(address)),
            15 => jump = Some(value),
            rt => set_register(self.core, rt, extend(value, single.size, single.signed)),
        }
        Ok(Done { cycles: cycles + stall, jump })
    }

    /// "LDRD and STRD cannot be pipelined with preceding or following instructions": 1 + N.
    fn dual(&mut self, dual: &Dual) -> Result<Done, Cause> {
        let (address, base) = self.address(&dual.address);
        let mut cycles = 3 + self.pipeline.address(dual.address.registers());
        aligned(address, 4)?;
        for (register_number, place) in [(dual.rt, address), (dual.rt2, address.wrapping_add(4))] {
            cycles += self.word(dual.load, register_number, place)?;
        }
        self.write_back(&dual.address, base);
        self.pipeline.other(true);
        Ok(Done { cycles, jump: None })
    }

    /// "LDM and STM cannot be pipelined with preceding or following instructions": 1 + N.
    fn multiple(&mut self, multiple: &Multiple) -> Result<Done, Cause> {
        let count = multiple.list.count_ones();
        let base = register(self.core, multiple.rn);
        let start = if multiple.before { base.wrapping_sub(4 * count) } else { base };
        let end = if multiple.before { start } else { base.wrapping_add(4 * count) };
        let mut cycles = 1 + u64::from(count) + self.pipeline.address(1 << multiple.rn);
        aligned(start, 4)?;
        let mut jump = None;
        let mut place = start;
        for number in (0..16).filter(|number| multiple.list & 1 << number != 0) {
            if multiple.load && number == 15 {
                let (value, stall) = self.read(place, 4)?;
                cycles += stall;
                jump = Some(value);
            } else {
                cycles += self.word(multiple.load, number, place)?;
            }
            place = place.wrapping_add(4);
        }
        if multiple.write_back {
            set_register(self.core, multiple.rn, end);
        }
        self.pipeline.other(self.wide);
        Ok(Done { cycles, jump })
    }

    /// TBB, TBH: 2 + P, but "at least two cycles for the load, one cycle for the add, and three cycles for the
    /// pipeline reload".
    fn table(&mut self, rn: u8, rm: u8, size: u32) -> Result<Done, Cause> {
        let next = self.pc.wrapping_add(4);
        let base = if rn == 15 { next } else { register(self.core, rn) };
        let address = base.wrapping_add(register(self.core, rm) * size);
        let registers = (1 << rn | 1 << rm) & 0x7FFF;
        let cycles = 3 + self.pipeline.address(registers) + timing::unaligned(address, size);
        let (halfwords, stall) = self.read(address, size)?;
        Ok(Done { cycles: cycles + stall, jump: Some(next.wrapping_add(2 * halfwords) | 1) })
    }

    /// "LDREX and STREX can be pipelined exactly as LDR."
    fn load_exclusive(&mut self, rt: u8, rn: u8, offset: u32, size: u32) -> Result<Done, Cause> {
        let address = register(self.core, rn).wrapping_add(offset);
        aligned(address, size)?;
        let cycles = self.pipeline.load(&exclusive(rn, rt), true);
        let (value, stall) = self.read(address, size)?;
        self.core.set_exclusive_monitors(address & !3, size);
        set_register(self.core, rt, value);
        Ok(Done { cycles: cycles + stall, jump: None })
    }

    fn store_exclusive(&mut self, rd: u8, rt: u8, rn: u8, offset: u32, size: u32) -> Result<Done, Cause> {
        let address = register(self.core, rn).wrapping_add(offset);
        aligned(address, size)?;
        let cycles = self.pipeline.load(&exclusive(rn, rd), true);
        let passes = self.core.exclusive_monitors_pass(address & !3, size).unwrap_or(false);
        if passes {
            let value = register(self.core, rt);
            self.write(address, size, value)?;
        }
        set_register(self.core, rd, u32::from(!passes));
        Ok(Done { cycles, jump: None })
    }

    /// Moves one word of several; returns what it waited for.
    fn word(&mut self, load: bool, number: u8, address: u32) -> Result<u64, Cause> {
        if load {
            let (value, stall) = self.read(address, 4)?;
            set_register(self.core, number, value);
            Ok(stall)
        } else {
            let value = register(self.core, number);
            self.write(address, 4, value)?;
            Ok(0)
        }
    }

    /// The address of the access, and the base behind it.
    fn address(&self, address: &Address) -> (u32, u32) {
        let base =
            if address.rn == 15 { self.pc.wrapping_add(4) & !3 } else { register(self.core, address.rn) };
        let offset = match address.offset {
            Offset::Immediate(offset) => offset,
            Offset::Register { rm, shift } => register(self.core, rm) << shift,
        };
        let moved = base.wrapping_add(offset);
        (if address.index { moved } else { base }, moved)
    }

    fn write_back(&mut self, address: &Address, base: u32) {
        if address.write_back {
            set_register(self.core, address.rn, base);
        }
    }

    /// Reads, and says how long flash made it wait.
    fn read(&mut self, address: u32, size: u32) -> Result<(u32, u64), Cause> {
        self.meter.access(address, size, Direction::Read);
        let stall = if !self.flash.is_fast() && self.bus.flash_offset(address).is_some() {
            self.flash.load(self.meter.cycles)
        } else {
            0
        };
        Ok((self.bus.read(address, size, self.meter.cycles)?, stall))
    }

    fn write(&mut self, address: u32, size: u32, value: u32) -> Result<(), Cause> {
        self.meter.access(address, size, Direction::Write);
        self.bus.write(address, size, value, self.meter.cycles)
    }
}

fn exclusive(rn: u8, loaded: u8) -> Access {
    Access { address: 1 << rn, registers: 1 << loaded, base_update: false, register_offset: false }
}

fn aligned(address: u32, size: u32) -> Result<(), Cause> {
    if address & (size - 1) == 0 { Ok(()) } else { Err(Cause::Unaligned(address)) }
}

fn extend(value: u32, size: u32, signed: bool) -> u32 {
    match (size, signed) {
        (1, true) => value as u8 as i8 as u32,
        (2, true) => value as u16 as i16 as u32,
        _ => value,
    }
}
