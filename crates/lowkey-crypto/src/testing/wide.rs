//! The twins of X25519 for cores with UMAAL.

use super::Element;
use crate::{KEY_LEN, body::compact::wide};

/// What has twins there. *Reduced* means below 2^255 + 2^11.
pub trait Wide {
    /// `out = a · b`. Of any operands, and reduced.
    fn mul(out: &mut Element, a: &Element, b: &Element);
    /// `out = a²`. Of any operand, and reduced.
    fn square(out: &mut Element, a: &Element);
    /// The same of the first, or of the second where `mask` is all ones.
    fn square_of_one(out: &mut Element, pair: &[Element; 2], mask: u32);
    /// `a = a + b`, `out = a − b`. Of reduced operands; the results need not be.
    fn butterfly(out: &mut Element, a: &mut Element, b: &Element);
    /// `out = X25519(scalar, u)` for a clamped scalar.
    fn multiply(out: &mut [u8; KEY_LEN], scalar: &[u8; KEY_LEN], u: &[u8; KEY_LEN]);
}

macro_rules! wide {
    ($name:ident, $module:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug)]
        pub struct $name;

        impl Wide for $name {
            fn mul(out: &mut Element, a: &Element, b: &Element) {
                wide::$module::mul(out, a, b);
            }

            fn square(out: &mut Element, a: &Element) {
                wide::$module::square(out, a);
            }

            fn square_of_one(out: &mut Element, pair: &[Element; 2], mask: u32) {
                wide::$module::square_of_one(out, pair, mask);
            }

            fn butterfly(out: &mut Element, a: &mut Element, b: &Element) {
                wide::$module::butterfly(out, a, b);
            }

            fn multiply(out: &mut [u8; KEY_LEN], scalar: &[u8; KEY_LEN], u: &[u8; KEY_LEN]) {
                wide::$module::multiply(out, scalar, u);
            }
        }
    };
}

wide!(PlainWide, plain, "In Rust.");
#[cfg(all(lowkey_dsp, lowkey_testing))]
wide!(Dsp, dsp, "In assembly.");
