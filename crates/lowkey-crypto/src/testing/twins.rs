//! The twins of the compact body, each as a type of its own.

use crate::secret::Secret;
use crate::{
    KEY_LEN, NONCE_LEN, TAG_LEN,
    body::compact::{
        chacha20::{self, Key},
        field,
        poly1305::{self, OneTimeKey},
        x25519,
    },
};

/// An element of the field: any 256-bit number, little-endian words. *Reduced* means below 2^255 + 2^242.
pub type Element = field::Element;

/// The primitives of the compact body that have twins.
pub trait Twin {
    /// `out = a · b`. Any operands; the result is reduced.
    fn mul(out: &mut Element, a: &Element, b: &Element);
    /// `a = a · b`, likewise.
    fn mul_by(a: &mut Element, b: &Element);
    /// `out = a²`, likewise.
    fn square(out: &mut Element, a: &Element);
    /// `a = a²`, likewise.
    fn square_in_place(a: &mut Element);
    /// `a = a + 121,666 · b`, likewise.
    fn add_multiple(a: &mut Element, b: &Element);
    /// `a = b` where `mask` is all ones, `a` as it is where it is zero.
    fn select(a: &mut Element, b: &Element, mask: u32);
    /// `sum = a + b`, `b = a − b`. The operands are reduced; the results need not be.
    fn butterfly(sum: &mut Element, a: &Element, b: &mut Element);
    /// `a = a − b`, likewise.
    fn subtract(a: &mut Element, b: &Element);
    /// `out = X25519(scalar, u)` for a clamped scalar.
    fn multiply(out: &mut [u8; KEY_LEN], scalar: &[u8; KEY_LEN], u: &[u8; KEY_LEN]);
    /// ChaCha20 over `text`, from block number `block` on.
    fn xor(key: &[u8; KEY_LEN], block: u32, nonce: &[u8; NONCE_LEN], text: &mut [u8]);
    /// Poly1305 of `ad`, `text` and their lengths, under a key that is zeros afterwards.
    fn tag(key: &mut [u8; KEY_LEN], ad: &[u8], text: &[u8]) -> [u8; TAG_LEN];
}

macro_rules! twin {
    ($(#[$doc:meta])* $name:ident, $module:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl Twin for $name {
            fn mul(out: &mut Element, a: &Element, b: &Element) {
                field::$module::mul(out, a, b);
            }

            fn mul_by(a: &mut Element, b: &Element) {
                field::$module::mul_by(a, b);
            }

            fn square(out: &mut Element, a: &Element) {
                field::$module::square(out, a);
            }

            fn square_in_place(a: &mut Element) {
                field::$module::square_in_place(a);
            }

            fn add_multiple(a: &mut Element, b: &Element) {
                field::$module::add_multiple(a, b);
            }

            fn select(a: &mut Element, b: &Element, mask: u32) {
                field::$module::select(a, b, mask);
            }

            fn butterfly(sum: &mut Element, a: &Element, b: &mut Element) {
                field::$module::butterfly(sum, a, b);
            }

            fn subtract(a: &mut Element, b: &Element) {
                field::$module::subtract(a, b);
            }

            fn multiply(out: &mut [u8; KEY_LEN], scalar: &[u8; KEY_LEN], u: &[u8; KEY_LEN]) {
                x25519::$module::multiply(out, scalar, u);
            }

            fn xor(key: &[u8; KEY_LEN], block: u32, nonce: &[u8; NONCE_LEN], text: &mut [u8]) {
                chacha20::$module::xor(&Key::new(&Secret::new(*key)), block, nonce, text);
            }

            fn tag(key: &mut [u8; KEY_LEN], ad: &[u8], text: &[u8]) -> [u8; TAG_LEN] {
                let mut once = OneTimeKey(*key);
                let tag = poly1305::$module::tag(&mut once, ad, text);
                *key = once.0;
                tag
            }
        }
    };
}

twin!(
    /// In Rust, for every core.
    Plain,
    plain
);
#[cfg(lowkey_thumb2)]
twin!(
    /// In assembly, for Thumb-2.
    Thumb2,
    thumb2
);
