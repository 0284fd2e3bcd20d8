//! Whether a source of noise is alive, before keys are made of it: NIST SP 800-90B, §4.3 and §4.4.
//!
//! A sample is a byte, of which at least one bit of min-entropy is asked: what has less is no source for keys. The
//! tests are those that the standard requires, over its least number of samples at a start; each is wrong about a good
//! source once in 2^20 times. They find a source that is stuck or nearly so. No test finds one that only looks random,
//! a stored seed for example.

use super::run::Run;
use crate::entropy::{Entropy, EntropyFailed};
use lowkey_crypto::Secret;

/// Stirs as many samples of `source` into a run as a start-up test takes (§4.3), if both tests pass them.
pub(super) fn draw<E: Entropy + ?Sized>(source: &mut E) -> Result<Run, EntropyFailed> {
    let (mut run, mut health) = (Run::empty(), Health::new());
    for _ in 0..PIECES {
        let mut piece = Secret::<PIECE>::zeroed();
        source.fill(piece.expose_mut())?;
        piece.expose().iter().try_for_each(|sample| health.see(*sample))?;
        run.stir(piece.expose());
    }
    Ok(run)
}

/// Both continuous tests. What they look at is a secret, so no branch depends on it but the verdict.
struct Health {
    /// The sample before, and how often it has come in a row.
    last: u8,
    repeated: u16,
    /// The first sample of a window, how often it has come in it, and how many samples have.
    first: u8,
    same: u16,
    seen: u16,
}

impl Health {
    fn new() -> Self {
        Self { last: 0, repeated: 0, first: 0, same: 0, seen: 0 }
    }

    fn see(&mut self, sample: u8) -> Result<(), EntropyFailed> {
        // §4.4.1, the repetition count test.
        self.repeated = self.repeated * is_equal(sample, self.last) + 1;
        self.last = sample;
        // §4.4.2, the adaptive proportion test.
        if self.seen == 0 {
            (self.first, self.same) = (sample, 0);
        }
        self.same += is_equal(sample, self.first);
        self.seen = (self.seen + 1) & (WINDOW - 1);
        if self.repeated >= REPETITIONS || self.same >= PROPORTION { Err(EntropyFailed) } else { Ok(()) }
    }
}

/// 1 if both are equal, otherwise 0.
fn is_equal(a: u8, b: u8) -> u16 {
    (u16::from(a ^ b).wrapping_sub(1) >> 8) & 1
}

/// Bytes that are asked for at once.
const PIECE: usize = 32;
/// 1,024 samples.
const PIECES: usize = 32;
/// 1 + ⌈20 / H⌉, for H = 1 bit in a sample.
const REPETITIONS: u16 = 21;
/// Samples in a window, where a sample has more than two values.
const WINDOW: u16 = 512;
/// 1 + the least number that binomial chance, 512 times 1/2, exceeds once in 2^20 times.
const PROPORTION: u16 = 311;
