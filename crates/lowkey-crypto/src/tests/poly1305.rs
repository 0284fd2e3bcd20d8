//! The compact body's Poly1305 in Rust: the vectors of RFC 8439, and words at the ends of their ranges.

use super::{
    array,
    chacha20::{JABBERWOCKY, JABBERWOCKY_KEY, SUBMISSION},
    hex,
};
use crate::body::compact::poly1305::{
    OneTimeKey,
    plain::{Poly1305, tag},
};

#[test]
fn rfc8439_2_5_2_tag() {
    let key = array("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b");
    assert_eq!(mac(&key, b"Cryptographic Forum Research Group"), array("a8061dc1305136c6c22b8baf0c0127a9"));
}

#[test]
fn rfc8439_a_3_tags_of_texts() {
    assert_eq!(mac(&[0; 32], &[0; 64]), [0; 16]);
    let submission = array("36e5f6b5c5e06070f0efca96227a863e");
    assert_eq!(mac(&key(&[0; 16], &submission), SUBMISSION), submission);
    assert_eq!(mac(&key(&submission, &[0; 16]), SUBMISSION), array("f3477e7cd95417af89a6b8794c310cf0"));
    assert_eq!(mac(&array(JABBERWOCKY_KEY), JABBERWOCKY), array("4541669a7eaaee61e708dc7cbcc5eb62"));
}

/// Vectors 5 to 11: sums that are p, a little more, and all ones.
#[test]
fn rfc8439_a_3_tags_at_the_edges_of_the_field() {
    let (zero, ones, two) = ([0; 16], [0xff; 16], small(2));
    let cases: [(_, _, &[&str], _); 7] = [
        (two, zero, &["ffffffffffffffffffffffffffffffff"], small(3)),
        (two, ones, &["02000000000000000000000000000000"], small(3)),
        (
            small(1),
            zero,
            &[
                "ffffffffffffffffffffffffffffffff",
                "f0ffffffffffffffffffffffffffffff",
                "11000000000000000000000000000000",
            ],
            small(5),
        ),
        (
            small(1),
            zero,
            &[
                "ffffffffffffffffffffffffffffffff",
                "fbfefefefefefefefefefefefefefefe",
                "01010101010101010101010101010101",
            ],
            zero,
        ),
        (two, zero, &["fdffffffffffffffffffffffffffffff"], array("faffffffffffffffffffffffffffffff")),
        (
            array("01000000000000000400000000000000"),
            zero,
            VECTOR_10,
            array("14000000000000005500000000000000"),
        ),
        (array("01000000000000000400000000000000"), zero, &VECTOR_10[..3], small(0x13)),
    ];
    for (r, s, text, tag) in cases {
        assert_eq!(mac(&key(&r, &s), &hex(&text.concat())), tag, "{text:?}");
    }
}

#[test]
fn rfc8439_2_8_tag_is_over_both_parts_padded_and_their_lengths() {
    let key = array("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b");
    for ad_len in 0..=33 {
        for text_len in 0..=33 {
            let (ad, text) = (&[0xaa; 33][..ad_len], &[0x55; 33][..text_len]);
            let mut data = ad.to_vec();
            data.resize(ad_len.next_multiple_of(16), 0);
            data.extend(text);
            data.resize(data.len().next_multiple_of(16), 0);
            data.extend(u64::try_from(ad_len).unwrap().to_le_bytes());
            data.extend(u64::try_from(text_len).unwrap().to_le_bytes());
            let mut used_up = OneTimeKey(key);
            assert_eq!(tag(&mut used_up, ad, text), mac(&key, &data));
            assert_eq!(used_up.0, [0; 32]);
        }
    }
}

/// §2.5: `h = (h + block + 2^128) · r mod p`, against arithmetic of another kind; this build checks for overflow.
#[test]
fn rfc8439_2_5_words_at_the_ends_of_their_ranges() {
    let words = [0, 1, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_0000, 0xffff_ffff];
    for r_word in words {
        for h_word in words {
            for block_word in words {
                for h4 in 0..=4 {
                    let r = [r_word; 4].map(u32::to_le_bytes);
                    let block = [block_word; 4].map(u32::to_le_bytes);
                    let mut poly = Poly1305::new(&OneTimeKey(key(&array_of(&r), &[0; 16])));
                    poly.h = [h_word, h_word, h_word, h_word, h4];
                    let expected = product(poly.h, &array_of(&block), &array_of(&r));
                    poly.add_block(&array_of(&block));
                    assert!(poly.h[4] <= 4);
                    assert_eq!(poly.tag(), expected, "r {r_word:x}, h {h4} {h_word:x}, block {block_word:x}");
                }
            }
        }
    }
}

#[test]
fn rfc8439_2_5_tag_is_of_the_remainder() {
    for (low, high, expected) in [
        (0xffff_fffa, 3, array("faffffffffffffffffffffffffffffff")), // p - 1
        (0xffff_fffb, 3, [0; 16]),
        (0xffff_ffff, 3, small(4)),
        (0xffff_ffff, 4, array("04000000000000000000000000000000")), // 2^130 + 2^128 - 1
    ] {
        let mut poly = Poly1305::new(&OneTimeKey([0; 32]));
        poly.h = [low, u32::MAX, u32::MAX, u32::MAX, high];
        assert_eq!(poly.tag(), expected);
    }
}

/// §2.5 for texts of any length. The AEAD's blocks are all whole, and a whole one's 2^128 is what `add_block` adds;
/// a short one has its bit elsewhere, so that 2^128 is taken off `h` first.
fn mac(key: &[u8; 32], text: &[u8]) -> [u8; 16] {
    let mut poly = Poly1305::new(&OneTimeKey(*key));
    let (blocks, rest) = text.as_chunks();
    for block in blocks {
        poly.add_block(block);
    }
    if !rest.is_empty() {
        let mut last = [0; 16];
        last[..rest.len()].copy_from_slice(rest);
        last[rest.len()] = 1;
        poly.h[4] = poly.h[4].wrapping_sub(1);
        poly.add_block(&last);
    }
    poly.tag()
}

/// `(h + block + 2^128) · r mod p`, its low 128 bits: bit by bit, with numbers below 2^131.
fn product(h: [u32; 5], block: &[u8; 16], r: &[u8; 16]) -> [u8; 16] {
    let low = |words: &[u32]| words.iter().rev().fold(0, |low, word| low << 32 | u128::from(*word));
    let sum = add((low(&h[..4]), h[4].into()), (u128::from_le_bytes(*block), 1));
    let r = u128::from_le_bytes(*r) & 0x0fff_fffc_0fff_fffc_0fff_fffc_0fff_ffff;
    let mut product = (0, 0);
    for bit in (0..128).rev() {
        product = add(product, product);
        if r >> bit & 1 == 1 {
            product = add(product, sum);
        }
    }
    product.0.to_le_bytes()
}

/// `a + b mod p`: low 128 bits, and what is above them.
fn add(a: (u128, u128), b: (u128, u128)) -> (u128, u128) {
    let (low, carry) = a.0.overflowing_add(b.0);
    let mut sum = (low, a.1 + b.1 + u128::from(carry));
    while sum.1 > 3 || sum.1 == 3 && sum.0 >= P_LOW {
        let (low, borrow) = sum.0.overflowing_sub(P_LOW);
        sum = (low, sum.1 - 3 - u128::from(borrow));
    }
    sum
}

fn key(r: &[u8; 16], s: &[u8; 16]) -> [u8; 32] {
    [*r, *s].concat().try_into().unwrap()
}

fn array_of(words: &[[u8; 4]; 4]) -> [u8; 16] {
    words.concat().try_into().unwrap()
}

fn small(low: u8) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[0] = low;
    bytes
}

/// p = 3 · 2^128 + this.
const P_LOW: u128 = u128::MAX - 4;
const VECTOR_10: &[&str] = &[
    "e33594d7505e43b90000000000000000",
    "3394d7505e4379cd0100000000000000",
    "00000000000000000000000000000000",
    "01000000000000000000000000000000",
];
