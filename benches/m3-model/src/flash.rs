//! Flash that is slower than the core: an STM32F1's, in 64-bit lines behind a prefetch buffer of two (RM0008 §3.3.3).
//!
//! A line that is read takes the wait states on top of a cycle. With the prefetch on, the line behind the one that is
//! executed is read as soon as the flash is free. Loads from flash go past the buffer, pay the wait states and keep
//! the flash from fetching meanwhile. That the core itself fetches up to three words ahead is not modelled.

/// The flash's lines in the buffer, and when it is free again.
pub(crate) struct Flash {
    wait_states: u64,
    prefetch: bool,
    /// Line numbers and when each is there.
    buffer: [(u32, u64); 2],
    free: u64,
}

impl Flash {
    pub(crate) fn new(wait_states: u32, prefetch: bool) -> Self {
        Self { wait_states: u64::from(wait_states), prefetch, buffer: [(NO_LINE, 0); 2], free: 0 }
    }

    /// An empty buffer, at cycle zero.
    pub(crate) fn reset(&mut self) {
        self.buffer = [(NO_LINE, 0); 2];
        self.free = 0;
    }

    /// Whether it is as fast as the core.
    pub(crate) fn is_fast(&self) -> bool {
        self.wait_states == 0
    }

    /// The cycles that an instruction of `size` bytes at `pc` waits for.
    pub(crate) fn fetch(&mut self, pc: u32, size: u32, now: u64) -> u64 {
        let first = pc / LINE;
        let last = (pc + size - 1) / LINE;
        let stall = self.line(first, now);
        if last == first { stall } else { stall + self.line(last, now + stall) }
    }

    /// The cycles that a load from flash waits for.
    pub(crate) fn load(&mut self, now: u64) -> u64 {
        let start = now.max(self.free);
        self.free = start + self.wait_states + 1;
        start - now + self.wait_states
    }

    fn line(&mut self, line: u32, now: u64) -> u64 {
        let ready = match self.buffer.iter().find(|(held, _)| *held == line) {
            Some((_, ready)) => *ready,
            None => {
                let start = now.max(self.free);
                self.free = start + self.wait_states + 1;
                // In place of the line before it, if that is there: the other may be the one behind.
                let place = usize::from(self.buffer[0].0 == line.wrapping_add(1));
                self.buffer[place] = (line, start + self.wait_states);
                start + self.wait_states
            }
        };
        let there = now.max(ready);
        let next = line.wrapping_add(1);
        if !self.prefetch {
            // One line is held, the one that was read last.
            self.buffer = [(line, ready), (NO_LINE, 0)];
        } else if self.buffer.iter().all(|(held, _)| *held != next) {
            let start = there.max(self.free);
            self.free = start + self.wait_states + 1;
            let place = usize::from(self.buffer[0].0 == line);
            self.buffer[place] = (next, start + self.wait_states + 1);
        }
        there - now
    }
}

const LINE: u32 = 8;
const NO_LINE: u32 = u32::MAX;
