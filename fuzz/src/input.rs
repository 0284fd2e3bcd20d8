//! Reading a script from its bytes.

/// A script that is being read. Behind its end everything is zero.
pub(crate) struct Input<'d>(&'d [u8]);

impl<'d> Input<'d> {
    pub(crate) fn new(data: &'d [u8]) -> Self {
        Self(data)
    }

    /// The next operation; `None` at the end.
    pub(crate) fn op(&mut self) -> Option<u8> {
        let (op, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*op)
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.op().unwrap_or(0)
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub(crate) fn u16(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    /// `0..n`; 0 if `n` is.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let drawn = if n <= 256 { usize::from(self.byte()) } else { usize::from(self.u16()) };
        drawn.checked_rem(n).unwrap_or(0)
    }

    /// One of these.
    pub(crate) fn choose<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// `n` bytes, or as many as are left.
    pub(crate) fn bytes(&mut self, n: usize) -> &'d [u8] {
        let (bytes, rest) = self.0.split_at(n.min(self.0.len()));
        self.0 = rest;
        bytes
    }

    /// A length below 256, then that many bytes.
    pub(crate) fn chunk(&mut self) -> &'d [u8] {
        let n = usize::from(self.byte());
        self.bytes(n)
    }
}
