//! Random values of tests: they follow from a seed that is printed, so that a run can be had again.
//!
//! `LOWKEY_TEST_SEED` gives it; without, it is drawn. What the product draws for itself stays its own: no test depends
//! on which values those are.
#![allow(dead_code, unreachable_pub)] // every test takes what it needs

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

/// Numbers that follow from the seed, others in each test.
pub struct Random(u64);

impl Random {
    /// Those of the test that runs on this thread.
    pub fn new() -> Self {
        let mut hasher = DefaultHasher::new();
        (seed(), thread::current().name()).hash(&mut hasher);
        Self(hasher.finish())
    }

    /// The next one (splitmix64).
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Fills `out` with the next ones.
    pub fn fill(&mut self, out: &mut [u8]) {
        for part in out.chunks_mut(8) {
            part.copy_from_slice(&self.next().to_le_bytes()[..part.len()]);
        }
    }
}

const VARIABLE: &str = "LOWKEY_TEST_SEED";
