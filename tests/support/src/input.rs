//! Reading a script from its bytes: those of a fuzzer, or random ones.

/// A script that is being read. Behind its end everything is zero.
pub struct Input<'d>(&'d [u8]);

impl<'d> Input<'d> {
    /// The script of these bytes.
    pub fn new(data: &'d [u8]) -> Self {
        Self(data)
    }

    /// The next operation; `None` at the end.
    pub fn op(&mut self) -> Option<u8> {
        let (op, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*op)
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        self.op().unwrap_or(0)
    }

    /// The lowest bit of the next byte.
    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// The next two bytes, big-endian.
    pub fn u16(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    /// `0..n`; 0 if `n` is.
    pub fn below(&mut self, n: usize) -> usize {
        let drawn = if n <= 256 { usize::from(self.byte()) } else { usize::from(self.u16()) };
        drawn.checked_rem(n).unwrap_or(0)
    }

    /// One of these.
    pub fn choose<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// `n` bytes, or as many as are left.
    pub fn bytes(&mut self, n: usize) -> &'d [u8] {
        let (bytes, rest) = self.0.split_at(n.min(self.0.len()));
        self.0 = rest;
        bytes
    }

    /// A length below 256, then that many bytes.
    pub fn chunk(&mut self) -> &'d [u8] {
        let n = usize::from(self.byte());
        self.bytes(n)
    }

    /// A length below `n`, then that many bytes.
    pub fn chunk_of(&mut self, n: usize) -> &'d [u8] {
        let len = self.below(n);
        self.bytes(len)
    }
}
