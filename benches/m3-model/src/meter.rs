//! What a run has cost so far: cycles, instructions, stack, and two hashes that stand for its trace.

/// What somebody who watches the pins would see of a stretch of a run.
///
/// Two stretches with equal hashes took the same way through the code, or read and wrote the same places in the same
/// order. The hashes are FNV-1a over 64-bit words with a rotation; they are made against accidents, not against an
/// adversary.
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
}

/// A data access's direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
}

/// The counters, and one trace for the whole run and for each stretch that is being measured.
pub(crate) struct Meter {
    pub(crate) cycles: u64,
    pub(crate) instructions: u64,
    /// The first is the whole run's.
    traces: Vec<Trace>,
}

impl Meter {
    pub(crate) fn new(sp: u32) -> Self {
        Self { cycles: 0, instructions: 0, traces: vec![Trace::new(sp)] }
    }

    pub(crate) fn whole(&self) -> &Trace {
        &self.traces[0]
    }

    /// Begins a trace inside of those that are open.
    pub(crate) fn open(&mut self, sp: u32) {
        self.traces.push(Trace::new(sp));
    }

    /// Ends the innermost trace; the whole run's goes on.
    pub(crate) fn close(&mut self) -> Option<Trace> {
        if self.traces.len() > 1 { self.traces.pop() } else { None }
    }

    #[inline]
    pub(crate) fn instruction(&mut self, pc: u32) {
        self.instructions += 1;
        for trace in &mut self.traces {
            trace.pcs = mix(trace.pcs, u64::from(pc));
        }
    }

    #[inline]
    pub(crate) fn access(&mut self, address: u32, size: u32, direction: Direction) {
        let word = u64::from(address) << 8 | u64::from(size << 1) | u64::from(direction == Direction::Write);
        for trace in &mut self.traces {
            trace.addresses = mix(trace.addresses, word);
        }
    }

    #[inline]
    pub(crate) fn stack(&mut self, sp: u32) {
        for trace in &mut self.traces {
            trace.lowest_sp = trace.lowest_sp.min(sp);
        }
    }
}

fn mix(hash: u64, word: u64) -> u64 {
    (hash ^ word).wrapping_mul(FNV_PRIME).rotate_left(29)
}

const FNV_OFFSET: u64 = 0xCBF2_9CE4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01B3;
