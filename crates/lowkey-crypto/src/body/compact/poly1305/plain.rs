//! Poly1305 in Rust: nothing wider than 32 bits, and carries without comparisons. Builds that check for overflow
//! check the bounds that are stated here.

use zeroize::Zeroize;

use super::OneTimeKey;
use crate::TAG_LEN;

/// The tag of `ad` and `text` and their lengths, §2.8's `mac_data`, under a key that is zeros afterwards.
pub(crate) fn tag(key: &mut OneTimeKey, ad: &[u8], text: &[u8]) -> [u8; TAG_LEN] {
    let mut poly = Poly1305::new(key);
    key.0.zeroize();
    let mut lengths = [0; 16];
    for (to, part) in lengths.as_chunks_mut().0.iter_mut().zip([ad, text]) {
        *to = (part.len() as u64).to_le_bytes();
    }
    for part in [ad, text, &lengths] {
        for bytes in part.chunks(16) {
            let mut block = [0; 16]; // §2.8.1: padded with zeros
            for (to, from) in block.iter_mut().zip(bytes) {
                *to = *from;
            }
            poly.add_block(&block);
        }
    }
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
        let [s1, s2, s3, r @ ..] = &mut new.multipliers;
        for (word, bytes) in r.iter_mut().chain(&mut new.pad).zip(key.0.as_chunks().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        let [r0, r1, r2, r3] = r;
        *r0 &= 0x0fff_ffff;
        for (s, r) in [(s1, r1), (s2, r2), (s3, r3)] {
            *r &= 0x0fff_fffc;
            *s = *r + (*r >> 2); // < 5/4 · 2^28
        }
        new
    }

    /// `h = (h + block + 2^128) · r mod p`.
    pub(crate) fn add_block(&mut self, block: &[u8; 16]) {
        add_to(&mut self.h, block); // h4 ≤ 6
        multiply(&mut self.h, &self.multipliers);
    }

    /// `h mod p + pad`, modulo 2^128.
    pub(crate) fn tag(&self) -> [u8; TAG_LEN] {
        let [words @ .., h4] = self.h;
        // h < 2p: the bits of h + 5 from 2^130 on are 1 if h ≥ p, and h − p is h + 5 without them.
        let (mut five, mut carry) = (5, 0);
        for word in words {
            (_, carry) = add(word, five, carry);
            five = 0;
        }
        five = 5 * ((h4 + carry) >> 2);

        let mut tag = [0; TAG_LEN];
        let (mut carry, mut pad_carry) = (0, 0);
        for ((bytes, word), pad) in tag.as_chunks_mut().0.iter_mut().zip(words).zip(self.pad) {
            let (reduced, sum);
            (reduced, carry) = add(word, five, carry);
            (sum, pad_carry) = add(reduced, pad, pad_carry);
            *bytes = sum.to_le_bytes();
            five = 0;
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

/// `h += block + 2^128`, for h4 ≤ 4.
fn add_to([h @ .., h4]: &mut [u32; 5], block: &[u8; 16]) {
    let mut carry = 0;
    for (h, bytes) in h.iter_mut().zip(block.as_chunks().0) {
        (*h, carry) = add(*h, u32::from_le_bytes(*bytes), carry);
    }
    *h4 = h4.wrapping_add(carry + 1);
}

/// `h = h · r mod p`, for h4 ≤ 6; afterwards h4 ≤ 4.
fn multiply(h: &mut [u32; 5], multipliers: &[u32; 7]) {
    let low = multipliers.map(|word| word & 0xffff);
    let high = multipliers.map(|word| word >> 16);
    let [words @ .., h4] = *h;
    let (low_h, high_h) = (words.map(|word| word & 0xffff), words.map(|word| word >> 16));

    // At 2^32: < (1 + 3 · 5/4) · 2^16 · 2^12 = 4.75 · 2^28, the word that meets most of s.
    let upper = sums(&high_h, &high);
    // At 2^16: sums of that size, then products with carries; the fifth word is at most 4.
    let [m0, m1, m2, m3] = sums(&low_h, &high);
    let mut middle = [m0, m1, m2, m3, 0];
    add_products(&mut middle, &high_h, &low);

    // At 1: middle · 2^16 + (upper + h4 · (s1, s2, s3, r0)) · 2^32. What lies askew sums to
    // < (4.75 + 6 · 1.25) · 2^28 + 2^16 < 2^32.
    let [s1, s2, s3, r0, ..] = *multipliers;
    let (mut askew, mut product) = ([0; 5], [0; 5]);
    let [_, words @ ..] = &mut askew;
    for (((word, upper), multiplier), middle) in words.iter_mut().zip(upper).zip([s1, s2, s3, r0]).zip(middle)
    {
        *word = upper + h4 * multiplier + (middle >> 16);
    }
    let mut carry = 0;
    for ((word, askew), middle) in product.iter_mut().zip(askew).zip(middle) {
        (*word, carry) = add(askew, middle << 16, carry);
    }
    add_products(&mut product, &low_h, &low);

    // The highest word is < 2.5 · 2^30 and less than 2^20 of middle and carries: < 2^31.4. What of it is above 2^130
    // comes down times five.
    let [words @ .., top] = product;
    let [h @ .., h4] = h;
    carry = 0;
    let mut five = 5 * (top >> 2);
    for (h, word) in h.iter_mut().zip(words) {
        (*h, carry) = add(word, five, carry);
        five = 0;
    }
    *h4 = (top & 3) + carry;
}

/// Words of `halves · multipliers` that fit 32 bits: each a sum of four products.
fn sums(halves: &[u32; 4], multipliers: &[u32; 7]) -> [u32; 4] {
    let mut sums = [0; 4];
    for (half, row) in halves.iter().zip(multipliers.windows(4).rev()) {
        for (sum, multiplier) in sums.iter_mut().zip(row) {
            *sum += half * multiplier;
        }
    }
    sums
}

/// `sum += halves · multipliers`.
fn add_products([words @ .., top]: &mut [u32; 5], halves: &[u32; 4], multipliers: &[u32; 7]) {
    for (half, row) in halves.iter().zip(multipliers.windows(4).rev()) {
        let mut carry = 0;
        for (word, multiplier) in words.iter_mut().zip(row) {
            (*word, carry) = add(*word, half * multiplier, carry);
        }
        *top += carry;
    }
}

/// `a + b + carry` and its carry, each carry 0 or 1.
fn add(a: u32, b: u32, carry: u32) -> (u32, u32) {
    let sum = a.wrapping_add(b).wrapping_add(carry);
    (sum, ((a & b) | ((a | b) & !sum)) >> 31)
}
