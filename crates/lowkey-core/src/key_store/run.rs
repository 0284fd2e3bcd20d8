//! What a device draws from after one start: a secret that is only in RAM, and moves on.

use crate::entropy::{Entropy, EntropyFailed};
use core::fmt;
use lowkey_crypto::{Blake2s, Secret};

/// The entropy source of one start. Whoever reads the flash or the RAM later cannot compute what it gave before.
///
/// It is as secret as the seed that it was made of was then; [`Self::stir`] adds what nobody knows who knew the seed.
pub struct Run(Secret<32>);

impl Run {
    /// Nothing yet: whoever draws from one stirs in all that it is to give.
    pub fn empty() -> Self {
        Self(Secret::zeroed())
    }

    /// Begins r = BLAKE2s(s, `"lowkey run"`), and s' = BLAKE2s(s, `"lowkey next"`), which is for the next start, takes
    /// the place of s.
    pub(super) fn begin(&mut self, seed: &mut [u8; 32]) {
        Blake2s::mac(Secret::of(seed), &[b"lowkey run"], self.0.expose_mut());
        move_on(seed, &[NEXT]);
    }

    /// Adds `noise`, whatever the device has: r = BLAKE2s(r, `"lowkey stir"` ‖ noise). It cannot make it worse.
    pub fn stir(&mut self, noise: &[u8]) {
        move_on(self.0.expose_mut(), &[b"lowkey stir", noise]);
    }
}

impl Entropy for Run {
    /// BLAKE2s(r, `"lowkey draw"`) for each 32 bytes, and then r = BLAKE2s(r, `"lowkey next"`); never fails.
    fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        for piece in out.chunks_mut(32) {
            let mut drawn = Secret::zeroed();
            Blake2s::mac(&self.0, &[b"lowkey draw"], drawn.expose_mut());
            piece.iter_mut().zip(drawn.expose()).for_each(|(to, from)| *to = *from);
            move_on(self.0.expose_mut(), &[NEXT]);
        }
        Ok(())
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Run(..)")
    }
}

/// Makes a secret BLAKE2s(of itself, `parts`).
fn move_on(secret: &mut [u8; 32], parts: &[&[u8]]) {
    let mut moved = Secret::zeroed();
    Blake2s::mac(Secret::of(secret), parts, moved.expose_mut());
    *secret = *moved.expose(); // a move would leave a copy
}

const NEXT: &[u8] = b"lowkey next";
