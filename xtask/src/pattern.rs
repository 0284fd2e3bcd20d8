//! The bytes that the board makes in its trials (its own `pattern` module), made here as well.

/// xorshift32, its top byte.
#[derive(Debug)]
pub struct Pattern(u32);

impl Pattern {
    /// The pattern from its beginning, the same at every start.
    #[allow(clippy::new_without_default)] // there is nothing default about it
    pub fn new() -> Self {
        Self(0x4C4F_574B)
    }

    /// The next byte.
    #[allow(clippy::should_implement_trait)] // it never ends
    pub fn next(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        (self.0 >> 24) as u8
    }
}
