//! What an instruction that is no load or store is to the model: how it is timed, and whether armagnac can execute it.

use crate::{dsp::Dsp, shift::Shift, timing::Core};

/// The groups that differ in time or need the model's help. Registers are numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// One cycle, unless it writes PC; then it is a branch. The registers it writes, a bit each.
    Plain(u16),
    /// One cycle, with an operand shifted by `ASR #32`, which armagnac cannot: it is given `ASR #31`, which is the same
    /// number but another carry. The carry is bit 31 of this register, if the instruction sets it from the shift.
    Asr32 { writes: u16, carry_from: Option<u8> },
    /// The same with an operand that is shifted, otherwise than to the left by one or two bits, but for a MOV or MVN;
    /// or with an immediate that is rotated.
    Shifted(u16),
    /// MUL.
    Multiply(u16),
    /// MLA, MLS.
    MultiplyAccumulate(u16),
    /// UMULL and its relatives.
    LongMultiply { rn: u8, rm: u8, signed: bool, accumulate: bool, writes: u16 },
    /// B, CBZ, BX, BL, BLX; whether it sets the link register.
    Branch { links: bool },
    /// If-then.
    It,
    /// CPS.
    ChangeState,
    /// ISB.
    Isb,
    /// A shift by a register: armagnac gives up at ASR by 32 and more and at ROR by a multiple of 32.
    Shift { how: Shift, rd: u8, rn: u8, rm: u8, sets_flags: bool },
    /// UDIV, SDIV: armagnac gives up when the divisor is zero.
    Divide { rd: u8, rn: u8, rm: u8, signed: bool },
    /// MRS: armagnac lacks BASEPRI and FAULTMASK.
    FromStatus { rd: u8, register: u8 },
    /// MSR: armagnac has MSP, PSP and CONTROL only.
    ToStatus { rn: u8, register: u8 },
    /// BKPT and its number.
    Break(u8),
    /// DBG and its number.
    Mark(u8),
    /// WFI, WFE.
    Wait,
    /// SEV, which armagnac lacks.
    SendEvent,
    /// SVC.
    Exception,
    /// One that a Cortex-M3 has not.
    Dsp(Dsp),
}

impl Kind {
    /// Whether the model executes it itself.
    pub(crate) fn is_special(self) -> bool {
        matches!(
            self,
            Self::Shift { .. }
                | Self::Divide { .. }
                | Self::FromStatus { .. }
                | Self::ToStatus { .. }
                | Self::Break(_)
                | Self::Mark(_)
                | Self::Wait
                | Self::SendEvent
                | Self::Exception
                | Self::Dsp(_)
        )
    }
}

/// The kind of `code`, inside of an IT block or not; `None` for what this core has not.
pub(crate) fn kind(code: u32, wide: bool, in_it: bool, core: Core) -> Option<Kind> {
    if !wide {
        return of_narrow(code, in_it);
    }
    let dsp = if core.has_dsp() { Dsp::decode(code) } else { None };
    dsp.map(Kind::Dsp).or_else(|| of_wide(code))
}

/// What armagnac is given for `code`, as [`Kind::Asr32`] says.
pub(crate) fn for_armagnac(code: u32, kind: Kind, wide: bool) -> u32 {
    match (kind, wide) {
        (Kind::Asr32 { .. }, false) => code | 31 << 6,
        (Kind::Asr32 { .. }, true) => code | 7 << 12 | 3 << 6,
        _ => code,
    }
}

fn of_narrow(code: u32, in_it: bool) -> Option<Kind> {
    let low = 1 << (code & 7);
    Some(match code >> 10 {
        // ASR Rd, Rm, #32.
        0b00_0100 if code >> 6 & 31 == 0 => {
            let carry_from = (!in_it).then_some((code >> 3 & 7) as u8);
            Kind::Asr32 { writes: low, carry_from }
        }
        // Shifts, add and subtract with three registers.
        0b00_0000..=0b00_0111 => Kind::Plain(low),
        // MOV, CMP, ADD, SUB with an immediate.
        0b00_1000..=0b00_1111 => Kind::Plain(if code >> 11 & 3 == 1 { 0 } else { 1 << (code >> 8 & 7) }),
        // Data processing; TST, CMP and CMN write nothing.
        0b01_0000 if matches!(code >> 6 & 15, 2 | 3 | 4 | 7) => {
            let how = match code >> 6 & 15 {
                7 => Shift::Rotate,
                number => Shift::new(number - 2),
            };
            let (rd, rm) = ((code & 7) as u8, (code >> 3 & 7) as u8);
            Kind::Shift { how, rd, rn: rd, rm, sets_flags: !in_it }
        }
        0b01_0000 if code >> 6 & 15 == 13 => Kind::Multiply(low),
        0b01_0000 => Kind::Plain(if matches!(code >> 6 & 15, 8 | 10 | 11) { 0 } else { low }),
        0b01_0001 => match code >> 8 & 3 {
            1 => Kind::Plain(0),
            3 => Kind::Branch { links: code & 0x80 != 0 },
            _ => Kind::Plain(1 << (code & 7 | code >> 4 & 8)),
        },
        // ADR, ADD from SP.
        0b10_1000..=0b10_1011 => Kind::Plain(1 << (code >> 8 & 7)),
        0b10_1100..=0b10_1111 => miscellaneous(code)?,
        // Conditional branches, SVC, UDF.
        0b11_0100..=0b11_0111 => match code >> 8 & 15 {
            14 => return None,
            15 => Kind::Exception,
            _ => Kind::Branch { links: false },
        },
        0b11_1000..=0b11_1001 => Kind::Branch { links: false },
        _ => return None,
    })
}

/// ARMv7-M, A5.2.5.
fn miscellaneous(code: u32) -> Option<Kind> {
    Some(match code >> 8 & 15 {
        0b0000 => Kind::Plain(1 << 13),
        0b0001 | 0b0011 | 0b1001 | 0b1011 => Kind::Branch { links: false },
        0b0010 | 0b1010 => Kind::Plain(1 << (code & 7)),
        0b0110 => Kind::ChangeState,
        0b1110 => Kind::Break(code as u8),
        0b1111 if code & 15 != 0 => Kind::It,
        0b1111 => hint(code >> 4 & 15),
        _ => return None,
    })
}

fn hint(number: u32) -> Kind {
    match number {
        2 | 3 => Kind::Wait,
        4 => Kind::SendEvent,
        _ => Kind::Plain(0),
    }
}

fn of_wide(code: u32) -> Option<Kind> {
    let rd = code >> 8 & 15;
    let writes = |register: u32| if register == 15 { 0 } else { 1_u16 << register };
    Some(match code >> 25 {
        // Data processing with a shifted register; with an immediate.
        0b111_0101 if code & 0x70F0 == 0x20 => {
            let sets_carry = code & 1 << 20 != 0 && !matches!(code >> 21 & 15, 8 | 10 | 11 | 13 | 14);
            Kind::Asr32 { writes: writes(rd), carry_from: sets_carry.then_some((code & 15) as u8) }
        }
        0b111_0101 if is_shifted(code) => Kind::Shifted(writes(rd)),
        0b111_0101 => Kind::Plain(writes(rd)),
        0b111_1000 | 0b111_1010 if code & 0x8000 == 0 && is_rotated(code) => Kind::Shifted(writes(rd)),
        0b111_1000..=0b111_1011 if code & 0x8000 == 0 => Kind::Plain(writes(rd)),
        0b111_1000..=0b111_1011 => branch_or_control(code)?,
        0b111_1101 => match code >> 23 & 3 {
            0 if code & 0xF0 == 0 => Kind::Shift {
                how: Shift::new(code >> 21),
                rd: rd as u8,
                rn: (code >> 16 & 15) as u8,
                rm: (code & 15) as u8,
                sets_flags: code & 1 << 20 != 0,
            },
            // Extensions, reversals, CLZ.
            0 | 1 => Kind::Plain(writes(rd)),
            // MUL has no accumulator.
            2 if code >> 12 & 15 == 15 => Kind::Multiply(writes(rd)),
            2 => Kind::MultiplyAccumulate(writes(rd)),
            _ => long_multiply_or_divide(code)?,
        },
        // Coprocessors, of which there are none; PLD and PLI are loads to PC.
        0b111_1100 => Kind::Plain(0),
        _ => return None,
    })
}

/// Data processing with a shifted register, as [`Kind::Shifted`] has it (ARMv7-M, A5.3.11).
fn is_shifted(code: u32) -> bool {
    let (how, by) = (code >> 4 & 3, code >> 10 & 0x1C | code >> 6 & 3);
    code >> 16 & 15 != 15 && (how != 0 || by > 2)
}

/// Whether an immediate is not one of the four patterns of bytes but rotated (ARMv7-M, A5.3.2).
fn is_rotated(code: u32) -> bool {
    code & (1 << 26 | 1 << 14) != 0
}

/// ARMv7-M, A5.3.4.
fn branch_or_control(code: u32) -> Option<Kind> {
    if code >> 12 & 5 != 0 {
        return Some(Kind::Branch { links: code >> 14 & 1 != 0 });
    }
    Some(match code >> 20 & 0x7F {
        0b011_1000 | 0b011_1001 => Kind::ToStatus { rn: (code >> 16 & 15) as u8, register: code as u8 },
        0b011_1010 if code >> 8 & 7 != 0 => Kind::ChangeState,
        0b011_1010 if code >> 4 & 15 == 15 => Kind::Mark((code & 15) as u8),
        0b011_1010 => hint(code & 0xFF),
        0b011_1011 if code >> 4 & 15 == 6 => Kind::Isb,
        0b011_1011 => Kind::Plain(0),
        0b011_1110 | 0b011_1111 => Kind::FromStatus { rd: (code >> 8 & 15) as u8, register: code as u8 },
        0b111_1111 => return None,
        _ => Kind::Branch { links: false },
    })
}

/// ARMv7-M, A5.3.17.
fn long_multiply_or_divide(code: u32) -> Option<Kind> {
    let (rn, rm, rd) = ((code >> 16 & 15) as u8, (code & 15) as u8, (code >> 8 & 15) as u8);
    let writes = 1 << (code >> 12 & 15) | 1 << rd;
    let multiply = |signed, accumulate| Kind::LongMultiply { rn, rm, signed, accumulate, writes };
    Some(match (code >> 20 & 7, code >> 4 & 15) {
        (0, 0) => multiply(true, false),
        (2, 0) => multiply(false, false),
        (4, 0) => multiply(true, true),
        (6, 0) => multiply(false, true),
        (1, 15) => Kind::Divide { rd, rn, rm, signed: true },
        (3, 15) => Kind::Divide { rd, rn, rm, signed: false },
        _ => return None,
    })
}
