//! The assembly of the compact body and the same algorithms in Rust: equal word for word, on random and on odd
//! operands.

mod chacha20;
mod field;
mod poly1305;
#[cfg(lowkey_dsp)]
mod wide;
mod x25519;

use crate::{Verdict, random::Random};

/// Compares the ladders, on `most` odd scalars and points.
pub(crate) fn compare_ladders(most: u16) -> Verdict {
    let mut random = Random::new();
    #[cfg(lowkey_dsp)]
    wide::compare_ladders(most, &mut random)?;
    x25519::compare(most, &mut random)
}

/// Compares all the others on `rounds` random operands, and on odd ones.
pub(crate) fn compare(rounds: u16) -> Verdict {
    let mut random = Random::new();
    field::compare(rounds, &mut random)?;
    #[cfg(lowkey_dsp)]
    wide::compare(rounds, &mut random)?;
    chacha20::compare(rounds, &mut random)?;
    poly1305::compare(rounds, &mut random)
}

/// An error that says which.
fn equal<T: PartialEq>(one: &T, other: &T, otherwise: &'static str) -> Verdict {
    if one == other { Ok(()) } else { Err(otherwise) }
}
