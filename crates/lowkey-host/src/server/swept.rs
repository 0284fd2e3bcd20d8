//! Up to which registry the sessions have been looked through.

/// What the look-ups of sessions have come to; generations are the registry's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Swept {
    /// Nobody who was looked up before this one gets a seat any more.
    least: u64,
    /// Sessions of pinnings that were gone in this one have been ended.
    done: u64,
    /// How many that were.
    ended: u64,
}

impl Swept {
    /// Sessions are looked up in this generation from now on.
    pub(super) fn begin(&mut self, generation: u64) {
        self.least = self.least.max(generation);
    }

    /// All that were seated before have been looked up in this generation, and `ended` were told to end.
    pub(super) fn finish(&mut self, generation: u64, ended: u64) {
        if generation > self.done {
            (self.done, self.ended) = (generation, ended);
        }
    }

    /// Whether a look-up in this generation is too old for a seat.
    pub(super) fn is_past(&self, generation: u64) -> bool {
        generation < self.least
    }

    /// How many sessions ended for the registry of this generation; `None` as long as some may be left.
    pub(crate) fn since(&self, generation: u64) -> Option<u64> {
        (self.done >= generation).then_some(self.ended)
    }
}
