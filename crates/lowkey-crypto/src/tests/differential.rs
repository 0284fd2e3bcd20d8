//! The bodies against each other on pseudo-random input: 0 to 130 bytes of text and of associated data.

use std::vec::Vec;

#[cfg(feature = "aws-lc")]
use super::AwsLc;
use super::{Body, Portable, Surface};
use crate::{Blake2s, Forged};

#[test]
fn every_body_computes_the_same_public_keys_and_shared_secrets() {
    let mut random = Random(0);
    for _ in 0..64 {
        let (secret, public) = (random.array(), random.array());
        let expected = (Portable::public_key(&secret), Portable::diffie_hellman(&secret, &public));
        assert_eq!(expected, (Surface::public_key(&secret), Surface::diffie_hellman(&secret, &public)));
        #[cfg(feature = "aws-lc")]
        assert_eq!(expected, (AwsLc::public_key(&secret), AwsLc::diffie_hellman(&secret, &public)));
    }
}

#[test]
fn every_body_seals_alike_and_opens_what_another_sealed() {
    fn agrees<A: Body, B: Body>(random: &mut Random, text_len: usize, ad_len: usize) {
        let (key, nonce) = (random.array(), random.array());
        let (ad, plain) = (random.bytes(ad_len), random.bytes(text_len));

        let mut text = plain.clone();
        let tag = A::seal(&key, &nonce, &ad, &mut text);
        let mut other = plain.clone();
        assert_eq!(B::seal(&key, &nonce, &ad, &mut other), tag);
        assert_eq!(other, text);

        assert_eq!(B::open(&key, &nonce, &ad, &mut other, &tag), Ok(()));
        assert_eq!(other, plain);

        let mut wrong = tag;
        wrong[text_len % 16] ^= 1 << (ad_len % 8);
        assert_eq!(B::open(&key, &nonce, &ad, &mut text, &wrong), Err(Forged));
    }

    let mut random = Random(0);
    for len in 0..=130 {
        for (text_len, ad_len) in [(len, 0), (0, len), (len, 130 - len), (130 - len, 130 - len)] {
            agrees::<Portable, Surface>(&mut random, text_len, ad_len);
            agrees::<Surface, Portable>(&mut random, text_len, ad_len);
            #[cfg(feature = "aws-lc")]
            agrees::<AwsLc, Portable>(&mut random, text_len, ad_len);
            #[cfg(feature = "aws-lc")]
            agrees::<Portable, AwsLc>(&mut random, text_len, ad_len);
        }
    }
}

/// Hashes of a counter: the same input in every run.
struct Random(u64);

impl Random {
    fn array<const N: usize>(&mut self) -> [u8; N] {
        self.bytes(N).try_into().unwrap()
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < len {
            self.0 += 1;
            let mut hash = Blake2s::new();
            hash.update(&self.0.to_be_bytes());
            bytes.extend(hash.finalize());
        }
        bytes.truncate(len);
        bytes
    }
}
