//! The instructions that a Cortex-M4 has and a Cortex-M3 has not, but for those of its FPU: Armv7E-M's DSP extension.
//!
//! What they are: ARMv7-M Architecture Reference Manual, A5.3.11, A5.3.12, A5.3.14 to A5.3.17; what they do: A7.7. Each
//! takes one cycle (Cortex-M4 TRM r0p1, table 3-2). Armagnac has few of them, so the model executes all itself.

use armagnac::core::Processor;

use crate::core::{register, set_ge, set_register};

/// One of them, and its registers: the destination (the upper half's where there are two), the operands, and what is
/// added to (the lower half of the destination where there are two).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dsp {
    how: How,
    rd: u8,
    rn: u8,
    rm: u8,
    ra: u8,
}

#[derive(Debug, Clone, Copy)]
enum How {
    /// SXTAH, UXTAH, SXTAB16, UXTAB16, SXTAB, UXTAB, by their number, and without the sum; the rotation in bits.
    Extend { number: u32, by: u32 },
    /// Sums and differences of halves or bytes.
    Parallel { lanes: Lanes, ending: Ending, signed: bool },
    /// QADD, QDADD, QSUB, QDSUB.
    Saturating { doubles: bool, subtracts: bool },
    /// SEL.
    Select,
    /// SMLAxy, SMULxy: which halves.
    Halves { n: bool, m: bool },
    /// SMLAWy, SMULWy: which half.
    ByHalf { m: bool },
    /// SMLAD, SMUAD; SMLSD, SMUSD: whether the halves of the second operand change places.
    Dual { subtracts: bool, crossed: bool },
    /// SMMLA, SMMUL; SMMLS.
    Most { subtracts: bool, rounds: bool },
    /// USAD8, USADA8.
    Distance,
    /// UMAAL.
    AddTwice,
    /// SMLALxy.
    LongHalves { n: bool, m: bool },
    /// SMLALD; SMLSLD.
    LongDual { subtracts: bool, crossed: bool },
    /// PKHBT; PKHTB.
    Pack { from_top: bool, by: u32 },
    /// SSAT16; USAT16.
    Saturate { signed: bool, to: u32 },
}

/// What meets what.
#[derive(Debug, Clone, Copy)]
enum Lanes {
    Bytes {
        subtracts: bool,
    },
    Halves {
        subtracts: bool,
    },
    /// Crossed: the upper halves' sum and the lower ones' difference (ASX), or the other way round (SAX).
    Crossed {
        adds_high: bool,
    },
}

/// What becomes of a lane's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// It wraps, and the flags of its bytes say whether it did.
    Wraps,
    Saturates,
    Halves,
}

impl Dsp {
    /// The instruction that `code`, of 32 bits, is, if it is one of these.
    pub(crate) fn decode(code: u32) -> Option<Self> {
        let [rn, ra, rd, rm] = [16, 12, 8, 0].map(|at| (code >> at & 15) as u8);
        let how = match code >> 23 {
            0b1_1111_0100 | 0b1_1111_0101 if ra == 15 => of_registers(code, rn)?,
            0b1_1111_0110 => of_multiplies(code)?,
            0b1_1111_0111 => of_long_multiplies(code)?,
            // Data processing with a shifted register: PKH without S.
            _ if code >> 20 == 0xEAC && code & 1 << 4 == 0 => {
                How::Pack { from_top: code & 1 << 5 != 0, by: code >> 10 & 0x1C | code >> 6 & 3 }
            }
            // SSAT and USAT with ASR by nothing.
            _ if matches!(code >> 20, 0xF32 | 0xF3A) && code & 0xF0F0 == 0 => {
                How::Saturate { signed: code >> 20 == 0xF32, to: code & 15 }
            }
            _ => return None,
        };
        Some(Self { how, rd, rn, rm, ra })
    }

    /// Executes it; returns the registers it has written, a bit each.
    pub(crate) fn execute(&self, core: &mut Processor) -> u16 {
        let [n, m, a] = [self.rn, self.rm, self.ra].map(|number| register(core, number));
        // 15 stands for none where something can be added to.
        let added = if self.ra == 15 { 0 } else { i64::from(a as i32) };
        let result = match self.how {
            How::Extend { number, by } => {
                let to = if self.rn == 15 { 0 } else { n };
                extended(number, m.rotate_right(by), to)
            }
            How::Parallel { lanes, ending, signed } => {
                let (result, flags) = parallel(lanes, ending, signed, n, m);
                if ending == Ending::Wraps {
                    set_ge(core, flags);
                }
                result
            }
            How::Saturating { doubles, subtracts } => {
                let double = i64::from(n as i32) << u32::from(doubles);
                let second = saturated(core, double, 32);
                let second = if subtracts { -second } else { second };
                saturated(core, i64::from(m as i32) + second, 32) as u32
            }
            How::Select => {
                let mask = (0..4).filter(|byte| core.registers.psr.ge() >> byte & 1 != 0);
                let mask: u32 = mask.map(|byte| 0xFF << (8 * byte)).sum();
                n & mask | m & !mask
            }
            How::Halves { n: upper_n, m: upper_m } => {
                wrapped(core, half(n, upper_n) * half(m, upper_m) + added)
            }
            How::ByHalf { m: upper } => wrapped(core, ((i64::from(n as i32) * half(m, upper)) >> 16) + added),
            How::Dual { subtracts, crossed } => wrapped(core, dual(n, m, subtracts, crossed) + added),
            How::Most { subtracts, rounds } => {
                let product = i64::from(n as i32) * i64::from(m as i32);
                let product = if subtracts { -product } else { product };
                let half = if rounds { 1 << 31 } else { 0 };
                (added << 32).wrapping_add(product).wrapping_add(half).wrapping_shr(32) as u32
            }
            How::Distance => {
                let bytes = n.to_le_bytes().into_iter().zip(m.to_le_bytes());
                let sum: u32 = bytes.map(|(n, m)| u32::from(n.abs_diff(m))).sum();
                sum.wrapping_add(added as u32)
            }
            How::Pack { from_top, by } => pack(n, m, from_top, by),
            How::Saturate { signed, to } => {
                let mut halves = |upper| {
                    let value = half(n, upper);
                    let kept =
                        if signed { saturated(core, value, to + 1) } else { unsigned(core, value, to) };
                    kept as u32 & 0xFFFF
                };
                halves(false) | halves(true) << 16
            }
            How::AddTwice => {
                let d = register(core, self.rd);
                let sum = u64::from(n) * u64::from(m) + u64::from(a) + u64::from(d);
                return self.long(core, sum);
            }
            How::LongHalves { n: upper_n, m: upper_m } => {
                let sum = self.pair(core).wrapping_add(half(n, upper_n) * half(m, upper_m));
                return self.long(core, sum as u64);
            }
            How::LongDual { subtracts, crossed } => {
                let sum = self.pair(core).wrapping_add(dual(n, m, subtracts, crossed));
                return self.long(core, sum as u64);
            }
        };
        set_register(core, self.rd, result);
        1 << self.rd
    }

    /// What both destinations hold.
    fn pair(&self, core: &Processor) -> i64 {
        (u64::from(register(core, self.rd)) << 32 | u64::from(register(core, self.ra))) as i64
    }

    /// Writes both destinations.
    fn long(&self, core: &mut Processor, value: u64) -> u16 {
        set_register(core, self.ra, value as u32);
        set_register(core, self.rd, (value >> 32) as u32);
        1 << self.ra | 1 << self.rd
    }
}

/// A5.3.12, A5.3.14, A5.3.15: data processing with registers.
fn of_registers(code: u32, rn: u8) -> Option<How> {
    let (first, second) = (code >> 20 & 15, code >> 4 & 15);
    Some(match (first, second) {
        // Those that extend alone and are not of two halves, the Cortex-M3 has.
        (0..=5, 8..=11) if rn != 15 || matches!(first, 2 | 3) => {
            How::Extend { number: first, by: 8 * (second & 3) }
        }
        (8, 8..=11) => How::Saturating { doubles: second & 1 != 0, subtracts: second & 2 != 0 },
        (10, 8) => How::Select,
        (8..=14, 0..=2 | 4..=6) => {
            let lanes = match first {
                8 => Lanes::Bytes { subtracts: false },
                9 => Lanes::Halves { subtracts: false },
                10 => Lanes::Crossed { adds_high: true },
                12 => Lanes::Bytes { subtracts: true },
                13 => Lanes::Halves { subtracts: true },
                14 => Lanes::Crossed { adds_high: false },
                _ => return None,
            };
            let ending = [Ending::Wraps, Ending::Saturates, Ending::Halves][(second & 3) as usize];
            How::Parallel { lanes, ending, signed: second & 4 == 0 }
        }
        _ => return None,
    })
}

/// A5.3.16; MUL, MLA and MLS the Cortex-M3 has.
fn of_multiplies(code: u32) -> Option<How> {
    let (n, m) = (code & 1 << 5 != 0, code & 1 << 4 != 0);
    Some(match code >> 20 & 7 {
        _ if code & 0xC0 != 0 => return None,
        1 => How::Halves { n, m },
        2 | 4 if !n => How::Dual { subtracts: code >> 20 & 7 == 4, crossed: m },
        3 if !n => How::ByHalf { m },
        5 | 6 if !n => How::Most { subtracts: code >> 20 & 7 == 6, rounds: m },
        7 if !n && !m => How::Distance,
        _ => return None,
    })
}

/// A5.3.17; the others the Cortex-M3 has.
fn of_long_multiplies(code: u32) -> Option<How> {
    let (n, m) = (code & 1 << 5 != 0, code & 1 << 4 != 0);
    Some(match (code >> 20 & 7, code >> 4 & 15) {
        (4, 8..=11) => How::LongHalves { n, m },
        (4, 12 | 13) => How::LongDual { subtracts: false, crossed: m },
        (5, 12 | 13) => How::LongDual { subtracts: true, crossed: m },
        (6, 6) => How::AddTwice,
        _ => return None,
    })
}

/// The number of a half, with its sign.
fn half(word: u32, upper: bool) -> i64 {
    i64::from((if upper { word >> 16 } else { word }) as i16)
}

/// Two products of halves, added or one less the other.
fn dual(n: u32, m: u32, subtracts: bool, crossed: bool) -> i64 {
    let (low, high) = (half(n, false) * half(m, crossed), half(n, true) * half(m, !crossed));
    if subtracts { low - high } else { low + high }
}

/// The lower 32 bits; Q if there are more.
fn wrapped(core: &mut Processor, value: i64) -> u32 {
    if i32::try_from(value).is_err() {
        core.registers.psr.set_q(true);
    }
    value as u32
}

/// The nearest number of so many bits, with a sign; Q if it is another.
fn saturated(core: &mut Processor, value: i64, bits: u32) -> i64 {
    let limit = 1_i64 << (bits - 1);
    clamped(core, value, -limit, limit - 1)
}

/// The nearest number of so many bits, without one.
fn unsigned(core: &mut Processor, value: i64, bits: u32) -> i64 {
    clamped(core, value, 0, (1 << bits) - 1)
}

fn clamped(core: &mut Processor, value: i64, least: i64, most: i64) -> i64 {
    let kept = value.clamp(least, most);
    if kept != value {
        core.registers.psr.set_q(true);
    }
    kept
}

fn extended(number: u32, m: u32, to: u32) -> u32 {
    let two = |low: i32, high: i32| {
        let low = to.wrapping_add_signed(low) & 0xFFFF;
        low | (to >> 16).wrapping_add_signed(high) << 16
    };
    match number {
        0 => to.wrapping_add_signed(i32::from(m as i16)),
        1 => to.wrapping_add(m & 0xFFFF),
        2 => two(i32::from(m as i8), i32::from((m >> 16) as i8)),
        3 => two(i32::from(m as u8), i32::from((m >> 16) as u8)),
        4 => to.wrapping_add_signed(i32::from(m as i8)),
        _ => to.wrapping_add(m & 0xFF),
    }
}

fn pack(n: u32, m: u32, from_top: bool, by: u32) -> u32 {
    if from_top {
        // ASR, where 0 is 32.
        let by = if by == 0 { 31 } else { by };
        n & 0xFFFF_0000 | ((m as i32) >> by) as u32 & 0xFFFF
    } else {
        n & 0xFFFF | m << by & 0xFFFF_0000
    }
}

/// The results of all lanes, and the GE flag of each byte.
fn parallel(lanes: Lanes, ending: Ending, signed: bool, n: u32, m: u32) -> (u32, u8) {
    let bits = if matches!(lanes, Lanes::Bytes { .. }) { 8 } else { 16 };
    let lane = |word: u32, index: u32| {
        let word = word >> (index * bits);
        match (bits, signed) {
            (8, true) => i32::from(word as i8),
            (8, false) => i32::from(word as u8),
            (_, true) => i32::from(word as i16),
            (_, false) => i32::from(word as u16),
        }
    };
    let (mut result, mut flags) = (0, 0);
    for index in 0..32 / bits {
        let (from, subtracts) = match lanes {
            Lanes::Bytes { subtracts } | Lanes::Halves { subtracts } => (index, subtracts),
            Lanes::Crossed { adds_high } => (1 - index, (index == 1) != adds_high),
        };
        let (n, m) = (lane(n, index), lane(m, from));
        let value = if subtracts { n - m } else { n + m };
        let (least, most) =
            if signed { (-1 << (bits - 1), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) };
        let ended = match ending {
            Ending::Wraps => value,
            Ending::Saturates => value.clamp(least, most),
            Ending::Halves => value >> 1,
        };
        result |= (ended as u32 & (u32::MAX >> (32 - bits))) << (index * bits);
        // A sum without signs: whether it carries; all others: whether it is not below zero.
        let flag = if signed || subtracts { value >= 0 } else { value > most };
        if flag {
            flags |= (if bits == 8 { 1 } else { 3 }) << (index * bits / 8);
        }
    }
    (result, flags)
}
