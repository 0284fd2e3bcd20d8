//! The ways of shifting an operand by a register.

/// The four ways of shifting, in the order of their codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shift {
    Left,
    Right,
    ArithmeticRight,
    Rotate,
}

impl Shift {
    pub(crate) fn new(code: u32) -> Self {
        match code & 3 {
            0 => Self::Left,
            1 => Self::Right,
            2 => Self::ArithmeticRight,
            _ => Self::Rotate,
        }
    }
}

/// Shifts `value` by the low byte of `by` and says what comes out last, `carry` if nothing does (ARMv7-M, `Shift_C`).
pub(crate) fn shift(how: Shift, value: u32, by: u32, carry: bool) -> (u32, bool) {
    let by = by & 0xFF;
    if by == 0 {
        return (value, carry);
    }
    match how {
        Shift::Left if by > 32 => (0, false),
        Shift::Left => (value.checked_shl(by).unwrap_or(0), value >> (32 - by) & 1 != 0),
        Shift::Right if by > 32 => (0, false),
        Shift::Right => (value.checked_shr(by).unwrap_or(0), value >> (by - 1) & 1 != 0),
        Shift::ArithmeticRight => {
            let value = value as i32;
            ((value >> by.min(31)) as u32, value >> (by - 1).min(31) & 1 != 0)
        }
        Shift::Rotate => {
            let rotated = value.rotate_right(by);
            (rotated, rotated >> 31 != 0)
        }
    }
}
