//! Random values of tests: they follow from a seed that is printed, so that a run can be had again.
//!
//! `LOWKEY_TEST_SEED` gives it; without, it is drawn. What the product draws for itself stays its own: no test depends
//! on which values those are.

use lowkey_core::{Entropy, EntropyFailed, Secret};
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};
use std::sync::LazyLock;
use std::{env, thread};

/// The seed of this run. Printed, so that a test that fails shows it.
pub fn seed() -> u64 {
    static SEED: LazyLock<u64> = LazyLock::new(|| match env::var(VARIABLE) {
        Ok(given) => given.parse().unwrap_or_else(|error| panic!("{VARIABLE}: {error}")),
        Err(_) => RandomState::new().hash_one(VARIABLE),
    });
    println!("{VARIABLE}={}", *SEED);
    *SEED
}

/// Numbers that follow from a seed (splitmix64).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Those of the test that runs on this thread: they follow from the run's seed, and are others in each test.
    #[expect(clippy::new_without_default, reason = "they are drawn, and no two are equal")]
    pub fn new() -> Self {
        let mut hasher = DefaultHasher::new();
        (seed(), thread::current().name()).hash(&mut hasher);
        Self(hasher.finish())
    }

    /// Those of a seed, the same in every run.
    pub fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next 32 bits.
    pub fn u32(&mut self) -> u32 {
        self.u64() as u32
    }

    /// A number below `n`; 0 if `n` is.
    pub fn below(&mut self, n: usize) -> usize {
        self.u64().checked_rem(n as u64).unwrap_or(0) as usize
    }

    /// So many bytes.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.fill(&mut bytes);
        bytes
    }

    /// `N` bytes.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        self.fill(&mut array);
        array
    }

    /// 32 bytes of them.
    pub fn secret(&mut self) -> Secret<32> {
        let mut secret = Secret::zeroed();
        self.fill(secret.expose_mut());
        secret
    }

    /// Fills `out` with the next ones.
    pub fn fill(&mut self, out: &mut [u8]) {
        for part in out.chunks_mut(8) {
            part.copy_from_slice(&self.u64().to_le_bytes()[..part.len()]);
        }
    }
}

impl Entropy for Random {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        self.fill(out);
        Ok(())
    }
}

const VARIABLE: &str = "LOWKEY_TEST_SEED";
