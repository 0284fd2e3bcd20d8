//! Keys are made of noise that passes the tests of NIST SP 800-90B, and of nothing else.

use super::{flash, open};
use crate::NATURES;
use lowkey_core::key_store::StoreError;
use lowkey_core::{Entropy, EntropyFailed};
use test_support::Random;

/// A source that gives these bytes, and fails behind them.
struct Samples(std::vec::IntoIter<u8>);

impl Entropy for Samples {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        out.iter_mut().try_for_each(|byte| self.0.next().map(|next| *byte = next).ok_or(EntropyFailed))
    }
}

/// What becomes of keys from these samples, and whether anything was written.
fn keys_of(samples: Vec<u8>) -> Result<(), StoreError> {
    let mut flash = flash(8, false, NATURES[0], 1);
    let made = open(&mut flash).and_then(|mut store| store.make_keys(&mut Samples(samples.into_iter())));
    let has_keys = open(&mut flash).expect("a store").has_keys();
    assert_eq!(has_keys, made.is_ok());
    assert!(made.is_ok() || flash.erases == 0, "something was written");
    made
}

/// So many random samples without two equal ones in a row, and none of this value.
fn noise_without(value: u8, len: usize) -> Vec<u8> {
    let mut rng = Random::from_seed(1);
    let mut noise = vec![];
    while noise.len() < len {
        let sample = rng.u32() as u8;
        if sample != value && noise.last() != Some(&sample) {
            noise.push(sample);
        }
    }
    noise
}

#[test]
fn sp_800_90b_4_3_keys_take_the_samples_of_a_start_up_test_and_not_one_less() {
    assert_eq!(keys_of(Random::from_seed(1).bytes(1_024)), Ok(()));
    assert_eq!(keys_of(Random::from_seed(1).bytes(1_023)), Err(StoreError::Source));
    assert_eq!(keys_of(vec![]), Err(StoreError::Source), "there is no source");
}

#[test]
fn sp_800_90b_4_4_1_a_sample_that_comes_21_times_in_a_row_is_no_noise() {
    for at in [0, 1, 31, 500, 1_024 - REPETITIONS] {
        for value in [0, 0x5a, 0xff] {
            let with = |times: usize| {
                let mut samples = noise_without(value, 1_024);
                samples.iter_mut().skip(at).take(times).for_each(|sample| *sample = value);
                keys_of(samples)
            };
            assert_eq!(with(REPETITIONS - 1), Ok(()), "{value} at {at}");
            assert_eq!(with(REPETITIONS), Err(StoreError::Source), "{value} at {at}");
        }
    }
    for stuck in [0, 0xff, 7] {
        assert_eq!(keys_of(vec![stuck; 1_024]), Err(StoreError::Source));
    }
}

#[test]
fn sp_800_90b_4_4_2_a_sample_that_comes_311_times_in_a_window_is_no_noise() {
    for window in [0, 512] {
        let with = |times: usize| {
            let mut samples = noise_without(7, 1_024);
            // The first of the window, and every second one, then some more beside each other.
            let spread = (0..512).step_by(2).chain((1..512).step_by(4));
            spread.take(times).for_each(|at| samples[window + at] = 7);
            keys_of(samples)
        };
        assert_eq!(with(PROPORTION - 1), Ok(()), "window at {window}");
        assert_eq!(with(PROPORTION), Err(StoreError::Source), "window at {window}");
    }
    // A window is judged by its first sample, §4.4.2.
    let mut other = noise_without(7, 1_024);
    (1..512).step_by(2).for_each(|at| other[at] = 7);
    assert_eq!(keys_of(other), Ok(()));
}

/// Both cut-offs follow from a chance of 2^-20 and one bit of entropy in a sample.
#[test]
fn sp_800_90b_4_4_the_cutoffs_are_those_of_one_bit_in_a_sample() {
    // How likely a sample is to come n times in a row, once it has come.
    let in_a_row = |n: usize| (1..n).map(|_| 0.5).product::<f64>();
    let repeated = (1..).find(|n| in_a_row(*n) <= f64::exp2(-20.0)).expect("somewhere");
    assert_eq!(repeated, REPETITIONS);
    // How likely n of 512 are, each with 1/2, in logarithms; and how likely more than n are.
    let ln_factorials: Vec<f64> = (0..=512)
        .scan(0.0, |sum, i: u32| {
            *sum += f64::from(i.max(1)).ln();
            Some(*sum)
        })
        .collect();
    let term = |n: usize| {
        (ln_factorials[512] - ln_factorials[n] - ln_factorials[512 - n] - 512.0 * std::f64::consts::LN_2)
            .exp()
    };
    let above = |n: usize| (n + 1..=512).map(term).sum::<f64>();
    let critical = (0..512).find(|n| above(*n) <= f64::exp2(-20.0)).expect("somewhere");
    assert_eq!(1 + critical, PROPORTION);
}

/// So often in a row, and so often in a window.
const REPETITIONS: usize = 21;
const PROPORTION: usize = 311;
