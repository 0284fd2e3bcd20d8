//! Secrets: the oddest first, then random ones, the same at every run.

use test_support::Random;

/// How many secrets a class has.
pub(crate) const SECRETS: usize = 64;
/// How many of them are odd.
pub(crate) const ODD: usize = 24;
const _: () = assert!(2 * ODD < SECRETS, "odd scalars, odd points, and some that are neither");

/// The `n`-th secret of a kind: odd if `n` is small enough, otherwise random.
pub(crate) fn secret(kind: u64, n: usize) -> [u8; 32] {
    odd(n).unwrap_or_else(|| random(kind, n).array())
}

/// The same, but for those that no key can be: all zeros and all ones are flash that nobody has written.
pub(crate) fn key(kind: u64, n: usize) -> [u8; 32] {
    let blank =
        |secret: &[u8; 32]| matches!(secret[0], 0 | 0xFF) && secret.iter().all(|byte| *byte == secret[0]);
    Some(secret(kind, n)).filter(|secret| !blank(secret)).unwrap_or_else(|| random(kind, n).array())
}

/// Randomness of its own for every kind and number.
pub(crate) fn random(kind: u64, n: usize) -> Random {
    let mut random = Random::from_seed(kind << 32 | n as u64);
    random.u64();
    random
}

/// 256-bit numbers at which arithmetic modulo 2^255 - 19 goes wrong if it does, and bytes of one kind.
pub(crate) fn odd(n: usize) -> Option<[u8; 32]> {
    let small = |low: u8| {
        let mut bytes = [0; 32];
        bytes[0] = low;
        bytes
    };
    // 2^255 - 19 + k, for k of -18 to 18 at least.
    let near_p = |low: u8| {
        let mut bytes = [0xFF; 32];
        (bytes[0], bytes[31]) = (low, 0x7F);
        bytes
    };
    let words = |word: u32| std::array::from_fn(|i| word.to_le_bytes()[i % 4]);
    let all: [_; ODD] = [
        small(0),
        small(1),
        [0xFF; 32],
        // The high bit alone.
        std::array::from_fn(|i| if i == 31 { 0x80 } else { 0 }),
        // p - 1, p, p + 1, 2^255 - 1.
        near_p(0xEC),
        near_p(0xED),
        near_p(0xEE),
        near_p(0xFF),
        // 2p - 1, 2p, 2p + 1.
        std::array::from_fn(|i| if i == 0 { 0xD9 } else { 0xFF }),
        std::array::from_fn(|i| if i == 0 { 0xDA } else { 0xFF }),
        std::array::from_fn(|i| if i == 0 { 0xDB } else { 0xFF }),
        // The two points of order 8.
        LOW_ORDER[0],
        LOW_ORDER[1],
        small(2),
        small(9),
        small(18),
        small(19),
        [0x55; 32],
        [0xAA; 32],
        [0x80; 32],
        words(0x8000_0000),
        words(0x0000_FFFF),
        words(0xFFFF_0000),
        words(0x0000_8000),
    ];
    all.get(n).copied()
}

const LOW_ORDER: [[u8; 32]; 2] = [
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda,
        0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04,
        0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ],
];
