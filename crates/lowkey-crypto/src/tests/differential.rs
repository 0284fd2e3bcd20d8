//! The bodies against each other on pseudo-random input: 0 to 130 bytes of text and of associated data.
//!
//! `fuzz` does the same on input that somebody thinks up.

use std::vec::Vec;

#[cfg(feature = "aws-lc")]
use super::AwsLc;
use super::{Body, Compact, Portable, Surface};
use crate::{Blake2s, Forged};

#[test]
fn every_body_computes_the_same_public_keys_and_shared_secrets() {
    fn agrees<B: Body>(secret: &[u8; 32], public: &[u8; 32]) {
        assert_eq!(B::public_key(secret), Portable::public_key(secret), "{secret:x?}");
        let expected = Portable::diffie_hellman(secret, public);
        assert_eq!(B::diffie_hellman(secret, public), expected, "{secret:x?}, {public:x?}");
    }

    let mut random = Random(0);
    let odd =
        [[0; 32], [0xff; 32], [0x80; 32], [0x55; 32], near_p(0xec), near_p(0xed), near_p(0xee), near_p(0xff)];
    let odd_secrets = odd.map(|secret| (secret, random.array()));
    let odd_publics = odd.map(|public| (random.array(), public));
    let any = core::array::from_fn::<_, 64, _>(|_| (random.array(), random.array()));
    for (secret, public) in odd_secrets.iter().chain(&odd_publics).chain(&any) {
        agrees::<Surface>(secret, public);
        agrees::<Compact>(secret, public);
        #[cfg(feature = "aws-lc")]
        agrees::<AwsLc>(secret, public);
    }
}

/// 2^255 - 256 + `low`.
fn near_p(low: u8) -> [u8; 32] {
    let mut bytes = [0xff; 32];
    (bytes[0], bytes[31]) = (low, 0x7f);
    bytes
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
            agrees::<Compact, Portable>(&mut random, text_len, ad_len);
            agrees::<Portable, Compact>(&mut random, text_len, ad_len);
            #[cfg(feature = "aws-lc")]
            agrees::<AwsLc, Portable>(&mut random, text_len, ad_len);
            #[cfg(feature = "aws-lc")]
            agrees::<Portable, AwsLc>(&mut random, text_len, ad_len);
        }
    }
}

#[test]
fn every_body_hashes_alike_with_and_without_a_key_and_in_any_pieces() {
    let mut random = Random(0);
    for len in 0..=260 {
        let (key, message) = (random.array(), random.bytes(len));
        let (one, other) = message.split_at(len * 3 / 7);
        for key in [None, Some((&key, 0)), Some((&key, 0x36))] {
            let expected = Portable::hash(key, &[&message]);
            assert_eq!(Compact::hash(key, &[&message]), expected, "{len} bytes");
            assert_eq!(Compact::hash(key, &[one, other]), expected, "{len} bytes in two pieces");
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
