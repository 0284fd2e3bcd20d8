//! Poly1305 in Rust: nothing wider than 32 bits, and carries without comparisons. Builds that check for overflow
//! check the bounds that are stated here.

use zeroize::Zeroize;

use super::OneTimeKey;
use crate::TAG_LEN;

/// The tag of `ad` and `text` and their lengths, §2.8's `mac_data`, under a key that is zeros afterwards.
pub(crate) fn tag(key: &mut OneTimeKey, ad: &[u8], text: &[u8]) -> [u8; TAG_LEN] {
    let mut poly = Poly1305::new(key);
    key.0.zeroize();
    poly.add_padded(ad);
    poly.add_padded(text);
    let mut lengths = [0; 16];
    for (to, part) in lengths.as_chunks_mut().0.iter_mut().zip(&[ad, text]) {
        *to = (part.len() as u64).to_le_bytes();
    }
    poly.add_block(&lengths);
    poly.tag()
}

/// A tag in the making; wiped on drop.
pub(crate) struct Poly1305 {
    /// The accumulator. Between blocks the highest word is at most 4: below 2^130 + 2^128.
    pub(crate) h: [u32; 5],
    /// s1, s2, s3, r0, r1, r2, r3: word i of a product is the sum of h_j times the word at 3 + i − j.
    multipliers: [u32; 7],
    /// The key's other half, §2.5's `s`.
    pad: [u32; 4],
}

impl Poly1305 {
    pub(crate) fn new(key: &OneTimeKey) -> Self {
        let mut new = Self { h: [0; 5], multipliers: [0; 7], pad: [0; 4] };
        let (low, high) = key.0.split_at(16);
        let [s1, s2, s3, r @ ..] = &mut new.multipliers;
        read(r, low);
        read(&mut new.pad, high);
        let [r0, r1, r2, r3] = r;
        *r0 &= 0x0fff_ffff;
        for (s, r) in [(s1, r1), (s2, r2), (s3, r3)] {
            *r &= 0x0fff_fffc;
            *s = *r + (*r >> 2); // < 5/4 · 2^28
        }
        new
    }

    /// Adds the blocks of `bytes`, the last one padded with zeros (§2.8.1).
    fn add_padded(&mut self, bytes: &[u8]) {
        for bytes in bytes.chunks(16) {
            let mut block = [0; 16];
            for (to, from) in block.iter_mut().zip(bytes) {
                *to = *from;
            }
            self.add_block(&block);
        }
    }

    /// `h = (h + block + 2^128) · r mod p`.
    pub(crate) fn add_block(&mut self, block: &[u8; 16]) {
        let [words @ .., h4] = &mut self.h;
        let mut carry = 0;
        for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
            (*word, carry) = add(*word, u32::from_le_bytes(*bytes), carry);
        }
        *h4 = h4.wrapping_add(carry + 1); // ≤ 6
        multiply(&mut self.h, &self.multipliers);
    }

    /// `h mod p + pad`, modulo 2^128.
    pub(crate) fn tag(&mut self) -> [u8; TAG_LEN] {
        let [words @ .., h4] = &mut self.h;
        // h < 2p: the bits of h + 5 from 2^130 on are 1 if h ≥ p, and h − p is h + 5 without them.
        let mut sum = *words;
        let over = (*h4 + add_small(&mut sum, 5)) >> 2;
        sum.zeroize();
        add_small(words, 5 * over);

        let mut tag = [0; TAG_LEN];
        let mut carry = 0;
        for ((bytes, word), pad) in tag.as_chunks_mut().0.iter_mut().zip(words).zip(&self.pad) {
            (*word, carry) = add(*word, *pad, carry);
            *bytes = word.to_le_bytes();
        }
        tag
    }
}

impl Drop for Poly1305 {
    fn drop(&mut self) {
        self.h.zeroize();
        self.multipliers.zeroize();
        self.pad.zeroize();
    }
}

/// Little-endian words.
#[inline(never)] // two calls
fn read(words: &mut [u32; 4], bytes: &[u8]) {
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
}

/// `h = h · r mod p`, for h4 ≤ 6; afterwards h4 ≤ 4.
fn multiply(h: &mut [u32; 5], multipliers: &[u32; 7]) {
    let [words @ .., h4] = h;
    // At 2^32: < (1 + 3 · 5/4) · 2^16 · 2^12 = 4.75 · 2^28 where a word meets most of s.
    let mut upper = [0; 5];
    add_higher(&mut upper, words, HIGHER, multipliers);
    // At 2^16: sums of that size, then products with carries; the fifth word is at most 4.
    let mut product = [0; 5];
    add_higher(&mut product, words, LOWER, multipliers);
    add_lower(&mut product, words, HIGHER, multipliers);

    // At 1: those · 2^16 + (upper + h4 · (s1, s2, s3, r0)) · 2^32. What lies askew sums to
    // < (4.75 + 6 · 5/4) · 2^28 + 2^16 < 2^32; the last round's is not used: s1 in the first stands for it.
    let (mut askew, mut carry) = (0, 0);
    for ((word, upper), multiplier) in product.iter_mut().zip(&upper).zip(multipliers) {
        let next = upper + *h4 * multiplier + (*word >> 16);
        (*word, carry) = add(askew, *word << 16, carry);
        askew = next;
    }
    add_lower(&mut product, words, LOWER, multipliers);

    // The highest word is < 2.5 · 2^30 and less than 2^20 of middle and carries: < 2^31.4. What of it is above 2^130
    // comes down times five.
    let [low @ .., top] = &product;
    (*words, *h4) = (*low, top & 3);
    *h4 += add_small(words, 5 * (top >> 2));
    upper.zeroize();
    product.zeroize();
}

/// `sum += half of h · higher halves`, where every sum fits 32 bits.
#[inline(never)] // two calls
fn add_higher(sum: &mut [u32; 5], h: &[u32; 4], half: u32, multipliers: &[u32; 7]) {
    for (word, row) in h.iter().zip(multipliers.windows(4).rev()) {
        for (sum, multiplier) in sum.iter_mut().zip(row) {
            *sum += half_of(*word, half) * half_of(*multiplier, HIGHER);
        }
    }
}

/// `sum += half of h · lower halves`.
#[inline(never)] // two calls
fn add_lower([sum @ .., top]: &mut [u32; 5], h: &[u32; 4], half: u32, multipliers: &[u32; 7]) {
    for (word, row) in h.iter().zip(multipliers.windows(4).rev()) {
        let mut carry = 0;
        for (sum, multiplier) in sum.iter_mut().zip(row) {
            (*sum, carry) = add(*sum, half_of(*word, half) * half_of(*multiplier, LOWER), carry);
        }
        *top += carry;
    }
}

/// Sixteen bits of `word`, from bit `half` on.
fn half_of(word: u32, half: u32) -> u32 {
    (word >> half) & 0xffff
}

/// `words += small`; its carry.
#[inline(never)] // three calls
fn add_small(words: &mut [u32; 4], small: u32) -> u32 {
    let (mut small, mut carry) = (small, 0);
    for word in words {
        (*word, carry) = add(*word, small, carry);
        small = 0;
    }
    carry
}

/// `a + b + carry` and its carry, each carry 0 or 1.
fn add(a: u32, b: u32, carry: u32) -> (u32, u32) {
    let sum = a.wrapping_add(b).wrapping_add(carry);
    (sum, ((a & b) | ((a | b) & !sum)) >> 31)
}

const LOWER: u32 = 0;
const HIGHER: u32 = 16;
