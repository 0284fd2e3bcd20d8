//! Every test of a primitive is written once and runs on the surface and on every body that is compiled.

use std::vec::Vec;

#[cfg(feature = "aws-lc")]
use crate::testing::AwsLc;
use crate::{
    AeadKey, Forged, PrivateKey, PublicKey, Secret,
    testing::{Body, Compact, Portable},
};

mod aead;
mod blake2s;
mod chacha20;
mod differential;
mod field;
mod hkdf;
mod poly1305;
mod secret;
mod wide;
mod wycheproof;
mod x25519;

/// What callers hold, whichever body is behind it.
struct Surface;

impl Body for Surface {
    fn public_key(secret: &[u8; 32]) -> [u8; 32] {
        *PrivateKey::new(&Secret::new(*secret)).public_key().as_bytes()
    }

    fn diffie_hellman(secret: &[u8; 32], public: &[u8; 32]) -> [u8; 32] {
        *PrivateKey::new(&Secret::new(*secret)).diffie_hellman(&PublicKey::new(*public)).expose()
    }

    fn seal(key: &[u8; 32], nonce: &[u8; 12], ad: &[u8], text: &mut [u8]) -> [u8; 16] {
        AeadKey::new(&Secret::new(*key)).seal_in_place(nonce, ad, text)
    }

    fn open(
        key: &[u8; 32],
        nonce: &[u8; 12],
        ad: &[u8],
        text: &mut [u8],
        tag: &[u8; 16],
    ) -> Result<(), Forged> {
        let mut text_and_tag = [&*text, tag].concat();
        let opened = AeadKey::new(&Secret::new(*key)).open_in_place(nonce, ad, &mut text_and_tag);
        text.copy_from_slice(&text_and_tag[..text.len()]);
        opened
    }
}

/// Makes of each function a test for the surface and one for every body.
macro_rules! on_every_body {
    ($($(#[$attribute:meta])* fn $name:ident<$body:ident>() $check:block)*) => {$(
        mod $name {
            use super::*;

            fn check<$body: Body>() $check

            #[test]
            $(#[$attribute])*
            fn surface() {
                check::<Surface>();
            }

            #[test]
            $(#[$attribute])*
            fn portable() {
                check::<Portable>();
            }

            #[test]
            $(#[$attribute])*
            fn compact() {
                check::<Compact>();
            }

            #[cfg(feature = "aws-lc")]
            #[test]
            $(#[$attribute])*
            fn aws_lc() {
                check::<AwsLc>();
            }
        }
    )*};
}
use on_every_body;

/// The bytes of a hex string, white space skipped.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|c| c.to_digit(16)).map(|digit| u8::try_from(digit).unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// [`hex`], of a length known beforehand.
fn array<const N: usize>(text: &str) -> [u8; N] {
    hex(text).try_into().unwrap()
}

/// The bytes 0, 1, 2, …, `N` - 1.
fn counting<const N: usize>() -> [u8; N] {
    core::array::from_fn(|i| u8::try_from(i).unwrap())
}
