//! Loads and stores: what they are (ARMv7-M, A5.2.4, A5.3.5, A5.3.6, A5.3.7 to A5.3.10), and those of Armv8-M that
//! acquire and release.
//!
//! The model executes them itself, in [`crate::transfer`]: it must know each address, and armagnac's own lack loads
//! to PC and a system control space that does not panic.

use crate::timing::Core;

/// A load or store. Registers are numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Operation {
    /// One register.
    Single(Single),
    /// LDA, STL and their relatives: one register, at an address that is aligned.
    Ordered(Single),
    /// LDRD, STRD.
    Dual(Dual),
    /// LDM, STM, PUSH, POP.
    Multiple(Multiple),
    /// TBB (size 1), TBH (size 2).
    Table { rn: u8, rm: u8, size: u32 },
    /// LDREX, LDAEX and their relatives.
    LoadExclusive { rt: u8, rn: u8, offset: u32, size: u32 },
    /// STREX, STLEX and their relatives.
    StoreExclusive { rd: u8, rt: u8, rn: u8, offset: u32, size: u32 },
}

/// A load or store of one register.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Single {
    pub(crate) load: bool,
    /// In bytes.
    pub(crate) size: u32,
    pub(crate) signed: bool,
    pub(crate) rt: u8,
    pub(crate) address: Address,
}

/// A load or store of two registers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dual {
    pub(crate) load: bool,
    pub(crate) rt: u8,
    pub(crate) rt2: u8,
    pub(crate) address: Address,
}

/// A load or store of the registers in `list`, a bit each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Multiple {
    pub(crate) load: bool,
    pub(crate) rn: u8,
    pub(crate) list: u16,
    /// The base goes down first.
    pub(crate) before: bool,
    pub(crate) write_back: bool,
}

/// Base, offset, and what becomes of the base.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Address {
    pub(crate) rn: u8,
    pub(crate) offset: Offset,
    /// The offset counts for this access already.
    pub(crate) index: bool,
    pub(crate) write_back: bool,
}

/// What is added to the base.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Offset {
    Immediate(u32),
    Register { rm: u8, shift: u32 },
}

impl Address {
    fn plain(rn: u32, offset: Offset) -> Self {
        Self { rn: rn as u8, offset, index: true, write_back: false }
    }

    fn immediate(rn: u32, offset: u32) -> Self {
        Self::plain(rn, Offset::Immediate(offset))
    }

    /// The registers that it is made of, a bit each; PC does not count, for it is there.
    pub(crate) fn registers(&self) -> u16 {
        let index = match self.offset {
            Offset::Immediate(_) => 0,
            Offset::Register { rm, .. } => 1 << rm,
        };
        (1 << self.rn | index) & 0x7FFF
    }
}

/// The load or store that `code` is, if it is one.
pub(crate) fn operation(code: u32, wide: bool, core: Core) -> Option<Operation> {
    if !wide {
        return narrow(code);
    }
    match code >> 25 {
        0b111_0100 if code & 1 << 22 == 0 => wide_multiple(code),
        0b111_0100 => {
            let of_armv8m = || if core == Core::CortexM33 { ordered(code) } else { None };
            dual_or_exclusive(code).or_else(of_armv8m)
        }
        0b111_1100 => wide_single(code),
        _ => None,
    }
}

fn narrow(code: u32) -> Option<Operation> {
    let (rt, rn, rm) = (code & 7, code >> 3 & 7, code >> 6 & 7);
    let five = code >> 6 & 31;
    let eight = code & 0xFF;
    let high = code >> 8 & 7;
    let single = |load, size, signed, rt: u32, address| {
        Some(Operation::Single(Single { load, size, signed, rt: rt as u8, address }))
    };
    let multiple = |load, rn: u32, list: u32, before, write_back| {
        let list = list as u16;
        (list != 0).then_some(Operation::Multiple(Multiple { load, rn: rn as u8, list, before, write_back }))
    };
    match code >> 11 {
        0b01001 => single(true, 4, false, high, Address::immediate(15, eight * 4)),
        0b01010 | 0b01011 => {
            let (load, size, signed) = match code >> 9 & 7 {
                0 => (false, 4, false),
                1 => (false, 2, false),
                2 => (false, 1, false),
                3 => (true, 1, true),
                4 => (true, 4, false),
                5 => (true, 2, false),
                6 => (true, 1, false),
                _ => (true, 2, true),
            };
            single(load, size, signed, rt, Address::plain(rn, Offset::Register { rm: rm as u8, shift: 0 }))
        }
        0b01100 | 0b01101 => single(code & 0x800 != 0, 4, false, rt, Address::immediate(rn, five * 4)),
        0b01110 | 0b01111 => single(code & 0x800 != 0, 1, false, rt, Address::immediate(rn, five)),
        0b10000 | 0b10001 => single(code & 0x800 != 0, 2, false, rt, Address::immediate(rn, five * 2)),
        0b10010 | 0b10011 => single(code & 0x800 != 0, 4, false, high, Address::immediate(13, eight * 4)),
        0b10110 if code >> 9 & 3 == 2 => multiple(false, 13, eight | (code & 0x100) << 6, true, true),
        0b10111 if code >> 9 & 3 == 2 => multiple(true, 13, eight | (code & 0x100) << 7, false, true),
        0b11000 => multiple(false, high, eight, false, true),
        // The base is written back unless it is loaded.
        0b11001 => multiple(true, high, eight, false, eight & 1 << high == 0),
        _ => None,
    }
}

fn wide_multiple(code: u32) -> Option<Operation> {
    let (load, write_back) = (code & 1 << 20 != 0, code & 1 << 21 != 0);
    let before = match code >> 23 & 3 {
        1 => false,
        2 => true,
        _ => return None,
    };
    let (rn, list) = ((code >> 16 & 15) as u8, code as u16);
    // Unpredictable (A7.7.41, A7.7.159): fewer than two, SP, PC stored, PC with LR, a base that is loaded and updated.
    let bad = list.count_ones() < 2
        || list & 1 << 13 != 0
        || rn == 15
        || if load { list >> 14 == 3 } else { list & 1 << 15 != 0 }
        || write_back && list & 1 << rn != 0;
    (!bad).then_some(Operation::Multiple(Multiple { load, rn, list, before, write_back }))
}

fn dual_or_exclusive(code: u32) -> Option<Operation> {
    let (index, up, write_back, load) =
        (code & 1 << 24 != 0, code & 1 << 23 != 0, code & 1 << 21 != 0, code & 1 << 20 != 0);
    let (rn, rt, rt2) = ((code >> 16 & 15) as u8, (code >> 12 & 15) as u8, (code >> 8 & 15) as u8);
    let eight = code & 0xFF;
    if index || write_back {
        let offset = Offset::Immediate(if up { eight * 4 } else { (eight * 4).wrapping_neg() });
        let address = Address { rn, offset, index, write_back };
        return Some(Operation::Dual(Dual { load, rt, rt2, address }));
    }
    if !up {
        return Some(if load {
            Operation::LoadExclusive { rt, rn, offset: eight * 4, size: 4 }
        } else {
            Operation::StoreExclusive { rd: rt2, rt, rn, offset: eight * 4, size: 4 }
        });
    }
    let low = (code & 15) as u8;
    match (load, code >> 4 & 15) {
        (true, 0) => Some(Operation::Table { rn, rm: low, size: 1 }),
        (true, 1) => Some(Operation::Table { rn, rm: low, size: 2 }),
        (true, 4) => Some(Operation::LoadExclusive { rt, rn, offset: 0, size: 1 }),
        (true, 5) => Some(Operation::LoadExclusive { rt, rn, offset: 0, size: 2 }),
        (false, 4) => Some(Operation::StoreExclusive { rd: low, rt, rn, offset: 0, size: 1 }),
        (false, 5) => Some(Operation::StoreExclusive { rd: low, rt, rn, offset: 0, size: 2 }),
        _ => None,
    }
}

/// What acquires or releases (Armv8-M Architecture Reference Manual, C2.4: LDA to LDAH, STL to STLH). There is one core
/// and no cache: they do what those without an order do.
fn ordered(code: u32) -> Option<Operation> {
    let (rn, rt, low) = (code >> 16 & 15, (code >> 12 & 15) as u8, (code & 15) as u8);
    let size = 1 << (code >> 4 & 3);
    if code >> 21 != 0b111_0100_0110 || code >> 8 & 15 != 15 || size > 4 {
        return None;
    }
    let load = code & 1 << 20 != 0;
    Some(match (code >> 6 & 3, load) {
        (2, _) => {
            let address = Address::immediate(rn, 0);
            Operation::Ordered(Single { load, size, signed: false, rt, address })
        }
        (3, true) => Operation::LoadExclusive { rt, rn: rn as u8, offset: 0, size },
        (3, false) => Operation::StoreExclusive { rd: low, rt, rn: rn as u8, offset: 0, size },
        _ => return None,
    })
}

fn wide_single(code: u32) -> Option<Operation> {
    let (load, signed) = (code & 1 << 20 != 0, code & 1 << 24 != 0);
    let size = match code >> 21 & 3 {
        0 => 1,
        1 => 2,
        2 if !signed => 4,
        _ => return None,
    };
    let (rn, rt) = (code >> 16 & 15, code >> 12 & 15);
    // Stores know neither sign nor literals; a byte or halfword loaded to PC is a hint.
    if !load && (signed || rn == 15 || rt == 15) || load && rt == 15 && size != 4 {
        return None;
    }
    let twelve = code & 0xFFF;
    let eight = code & 0xFF;
    let address = if rn == 15 {
        let down = code & 1 << 23 == 0;
        Address::immediate(15, if down { twelve.wrapping_neg() } else { twelve })
    } else if code & 1 << 23 != 0 {
        Address::immediate(rn, twelve)
    } else if code & 0xFC0 == 0 {
        Address::plain(rn, Offset::Register { rm: (code & 15) as u8, shift: code >> 4 & 3 })
    } else if code & 0x800 != 0 {
        let (index, up, write_back) = (code & 0x400 != 0, code & 0x200 != 0, code & 0x100 != 0);
        // Unpredictable: no index and no update; or an update of what is transferred.
        if !index && !write_back || write_back && rn == rt {
            return None;
        }
        let offset = Offset::Immediate(if up { eight } else { eight.wrapping_neg() });
        Address { rn: rn as u8, offset, index, write_back }
    } else {
        return None;
    };
    Some(Operation::Single(Single { load, size, signed, rt: rt as u8, address }))
}
