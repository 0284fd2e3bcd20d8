//! Words that are the same at every run, and the odd ones among them.

/// xorshift32.
pub(crate) struct Random(u32);

impl Random {
    pub(crate) fn new() -> Self {
        Self(0x4C4F_574B)
    }

    pub(crate) fn word(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// Random words; one in four is all zeros or all ones, where carries begin and end.
    pub(crate) fn words<const N: usize>(&mut self) -> [u32; N] {
        core::array::from_fn(|_| match self.word() >> 28 {
            0 | 1 => 0,
            2 | 3 => u32::MAX,
            _ => self.word(),
        })
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        core::array::from_fn(|_| (self.word() >> 24) as u8)
    }
}
