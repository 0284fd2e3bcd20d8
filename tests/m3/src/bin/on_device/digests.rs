//! The public functions on input of every length from 0 to 130 bytes and at every alignment; the host has made the same
//! digests with its own primitives.

use lowkey_crypto::Blake2s;
use m3_tests::digest;

use crate::Verdict;

/// Compares with the host's digest of function `of`, at each alignment.
pub(crate) fn check(of: u16, expected: &[u8; 32]) -> Verdict {
    for alignment in 0..4 {
        let mut hash = Blake2s::new();
        digest::of(of, alignment, |result| hash.update(result));
        if hash.finalize() != *expected {
            return Err(["at words", "one off a word", "two off a word", "three off a word"][alignment]);
        }
    }
    Ok(())
}
