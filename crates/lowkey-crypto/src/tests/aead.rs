//! ChaCha20-Poly1305: the vectors of RFC 8439, every way a text can be forged, and `REKEY`.

use std::{format, vec};

#[cfg(feature = "aws-lc")]
use super::AwsLc;
use super::{Body, Compact, Portable, Surface, array, counting, hex, on_every_body};
use crate::{AeadKey, Forged, Secret};

on_every_body! {
    fn rfc8439_2_8_2_seals_and_opens<B>() {
        let key: [u8; 32] = core::array::from_fn(|i| 0x80 + u8::try_from(i).unwrap());
        let nonce = array("070000004041424344454647");
        let ad = hex("50515253c0c1c2c3c4c5c6c7");
        let mut text = SUNSCREEN.to_vec();
        let tag = B::seal(&key, &nonce, &ad, &mut text);
        assert_eq!(text, hex(SUNSCREEN_SEALED));
        assert_eq!(tag, array("1ae10b594f09e26a7e902ecbd0600691"));
        assert_eq!(B::open(&key, &nonce, &ad, &mut text, &tag), Ok(()));
        assert_eq!(text, SUNSCREEN);
    }

    fn rfc8439_a_5_opens<B>() {
        let key = array("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0");
        let nonce = array("000000000102030405060708");
        let ad = hex("f33388860000000000004e91");
        let mut text = hex(DRAFTS_SEALED);
        let tag = array("eead9d67890cbb22392336fea1851f38");
        assert_eq!(B::open(&key, &nonce, &ad, &mut text, &tag), Ok(()));
        assert_eq!(text, DRAFTS.as_bytes());
        assert_eq!(B::seal(&key, &nonce, &ad, &mut text), tag);
        assert_eq!(text, hex(DRAFTS_SEALED));
    }

    fn rfc8439_2_8_any_flipped_bit_is_a_forgery_and_shows_no_plaintext<B>() {
        let (key, nonce, ad) = (counting(), counting(), [0x5a; 13]);
        let plain = [0x77; 65];
        let mut text = plain;
        let tag = B::seal(&key, &nonce, &ad, &mut text);
        let forged = |key: &_, nonce: &_, ad: &[u8], text: &[u8], tag: &_| {
            let mut text = text.to_vec();
            assert_eq!(B::open(key, nonce, ad, &mut text, tag), Err(Forged));
            assert!(!text.windows(16).any(|part| plain.starts_with(part)));
        };
        let flipped = |bytes: &[u8], bit: usize| {
            let mut bytes = bytes.to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            bytes
        };
        for bit in 0..128 {
            forged(&key, &nonce, &ad, &text, &flipped(&tag, bit).try_into().unwrap());
        }
        for bit in 0..65 * 8 {
            forged(&key, &nonce, &ad, &flipped(&text, bit), &tag);
        }
        for bit in 0..13 * 8 {
            forged(&key, &nonce, &flipped(&ad, bit), &text, &tag);
        }
        for bit in 0..12 * 8 {
            forged(&key, &flipped(&nonce, bit).try_into().unwrap(), &ad, &text, &tag);
        }
        for bit in 0..32 * 8 {
            forged(&flipped(&key, bit).try_into().unwrap(), &nonce, &ad, &text, &tag);
        }
        assert_eq!(B::open(&key, &nonce, &ad, &mut text, &tag), Ok(()));
        assert_eq!(text, plain);
    }

    fn rfc8439_2_8_a_byte_moved_between_ad_and_text_is_a_forgery<B>() {
        let (key, nonce) = (counting(), counting());
        let mut text = [9; 32];
        let tag = B::seal(&key, &nonce, &[1; 16], &mut text);
        assert_eq!(B::open(&key, &nonce, &[1; 15], &mut text.clone(), &tag), Err(Forged));
        assert_eq!(B::open(&key, &nonce, &[1; 16], &mut text[..31].to_vec(), &tag), Err(Forged));
        assert_eq!(B::open(&key, &nonce, &[], &mut [&[1; 16], &text[..]].concat(), &tag), Err(Forged));
    }

    fn noise_4_2_rekey_is_the_key_stream_under_the_last_nonce<B>() {
        let mut nonce = [0xff; 12];
        nonce[..4].fill(0);
        let mut key = [0; 32];
        let _ = B::seal(&counting(), &nonce, &[], &mut key);
        assert_eq!(key, array(REKEYED));
    }
}

/// On a Cortex-M words are loaded wherever a text begins.
#[test]
fn rfc8439_2_8_every_length_at_every_alignment_on_the_compact_body() {
    let (key, nonce) = (counting(), counting());
    let bytes: [u8; 136] = counting();
    for len in 0..=130 {
        for start in 0..4 {
            let mut aligned = Aligned(bytes);
            let (ad, text) = (&bytes[start..][..130 - len], &mut aligned.0[start..][..len]);
            let mut expected = text.to_vec();
            let tag = Compact::seal(&key, &nonce, ad, text);
            assert_eq!(tag, Portable::seal(&key, &nonce, ad, &mut expected));
            assert_eq!(text, expected);
            assert_eq!(Compact::open(&key, &nonce, ad, text, &tag), Ok(()));
            assert_eq!(aligned.0, bytes);
        }
    }
}

#[repr(align(4))]
struct Aligned([u8; 136]);

#[test]
fn a_text_shorter_than_its_tag_is_forged() {
    let key = AeadKey::new(&Secret::new(counting()));
    for len in 0..16 {
        assert_eq!(key.open_in_place(&[0; 12], &[], &mut vec![0; len]), Err(Forged));
    }
    let mut tag = key.seal_in_place(&[0; 12], &[], &mut []);
    assert_eq!(key.open_in_place(&[0; 12], &[], &mut tag), Ok(()));
}

#[test]
fn noise_4_2_rekeyed_key_seals_as_the_key_it_should_be() {
    let seal = |key: &AeadKey| key.seal_in_place(&[7; 12], b"ad", &mut [1, 2, 3]);
    let mut key = AeadKey::new(&Secret::new(counting()));
    key.rekey();
    assert_eq!(seal(&key), seal(&AeadKey::new(&Secret::new(array(REKEYED)))));
    key.rekey();
    assert_eq!(seal(&key), seal(&AeadKey::new(&Secret::new(array(REKEYED_TWICE)))));
}

#[test]
fn debug_of_a_key_prints_none_of_it() {
    let key = AeadKey::new(&Secret::new(counting()));
    assert_eq!(format!("{key:?}"), "AeadKey(..)");
}

/// `REKEY(00 01 … 1f)`, and `REKEY` of that: computed by a separate ChaCha20 in Python.
const REKEYED: &str = "50835543a205b22c9323f2022bc4f67d838f90e61d5ccf33c4513e01f85b5042";
const REKEYED_TWICE: &str = "30fe3726fa0f864af01d15663c77f95e490e30143788af57e90d56fb9aa71609";

const SUNSCREEN: &[u8] = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip \
for the future, sunscreen would be it.";
const SUNSCREEN_SEALED: &str = "
    d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6
    3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36
    92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc
    3ff4def08e4b7a9de576d26586cec64b6116";

const DRAFTS: &str = "Internet-Drafts are draft documents valid for a maximum of six months and may be \
updated, replaced, or obsoleted by other documents at any time. It is inappropriate to use Internet-Drafts \
as reference material or to cite them other than as /\u{201c}work in progress./\u{201d}";
const DRAFTS_SEALED: &str = "
    64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb2
    4c6cfc18755d43eea09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf
    332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855
    9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4
    b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523e
    af4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a
    0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a10
    49e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29
    a6ad5cb4022b02709b";
