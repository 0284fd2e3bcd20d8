//! What a run has cost so far: cycles, instructions, stack, and two hashes that stand for its trace.

/// What somebody who watches the pins would see of a stretch of a run.
///
/// Two stretches with equal hashes took the same way through the code, or read and wrote the same places in the same
/// order; a stretch inside of another is to that one as one step and one access, which stand for all of its own. The
/// hashes are FNV-1a over 64-bit words with a rotation; they are made against accidents, not against an adversary.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trace {
    pub(crate) pcs: u64,
    pub(crate) addresses: u64,
    pub(crate) lowest_sp: u32,
}

impl Trace {
    pub(crate) fn new(sp: u32) -> Self {
        Self { pcs: FNV_OFFSET, addresses: FNV_OFFSET, lowest_sp: sp }
    }

    /// Goes on behind the end of one that was inside of it, as if that were a word.
    fn take(&mut self, inner: &Self) {
        self.pcs = mix(self.pcs, inner.pcs);
        self.addresses = mix(self.addresses, inner.addresses);
        self.lowest_sp = self.lowest_sp.min(inner.lowest_sp);
    }
}

/// A data access's direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
}

/// The counters, and one trace for the whole run and for each stretch that is being measured. Only the innermost grows
/// with each instruction: there are hundreds of millions.
pub(crate) struct Meter {
    pub(crate) cycles: u64,
    pub(crate) instructions: u64,
    /// How often memory was read or written.
    pub(crate) accesses: u64,
    /// The innermost.
    trace: Trace,
    /// Those around it, the whole run's first.
    around: Vec<Trace>,
}

impl Meter {
    pub(crate) fn new(sp: u32) -> Self {
        Self { cycles: 0, instructions: 0, accesses: 0, trace: Trace::new(sp), around: Vec::new() }
    }

    /// The innermost trace.
    pub(crate) fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Begins a trace inside of those that are open.
    pub(crate) fn open(&mut self, sp: u32) {
        self.around.push(std::mem::replace(&mut self.trace, Trace::new(sp)));
    }

    /// Ends the innermost trace; the whole run's goes on.
    pub(crate) fn close(&mut self) -> Option<Trace> {
        let mut around = self.around.pop()?;
        around.take(&self.trace);
        Some(std::mem::replace(&mut self.trace, around))
    }

    /// Bit 0 of `pc` is free for whether the instruction's condition failed.
    #[inline]
    pub(crate) fn instruction(&mut self, pc: u32, skipped: bool) {
        self.instructions += 1;
        self.trace.pcs = mix(self.trace.pcs, u64::from(pc | u32::from(skipped)));
    }

    #[inline]
    pub(crate) fn access(&mut self, address: u32, size: u32, direction: Direction) {
        let word = u64::from(address) << 8 | u64::from(size << 1) | u64::from(direction == Direction::Write);
        self.trace.addresses = mix(self.trace.addresses, word);
        self.accesses += 1;
    }

    #[inline]
    pub(crate) fn stack(&mut self, sp: u32) {
        self.trace.lowest_sp = self.trace.lowest_sp.min(sp);
    }
}

fn mix(hash: u64, word: u64) -> u64 {
    (hash ^ word).wrapping_mul(FNV_PRIME).rotate_left(29)
}

const FNV_OFFSET: u64 = 0xCBF2_9CE4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01B3;
