//! Inputs to begin with: scripts of undisturbed connections, recorded frames, pages; and the same damaged.

mod c;
mod kept;
mod wire;

use test_support::Random;

/// Seeds for the target of this name.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    let clean = match target {
        "page" => kept::pages(),
        "boot_log" => kept::boots(),
        "key_store" => kept::stores(),
        "label" => kept::labels(),
        "pairing" => kept::pairings(),
        "handshake" => wire::handshakes(),
        "records" => wire::records(),
        "link" => wire::links(),
        "numbered" => wire::numbers(),
        "primitives" => primitives(),
        "c_abi" => c::channels(),
        "both_headers" => c::devices(),
        "channel" => wire::deliveries(),
        _ => wire::pairs(),
    };
    let damaged = damage(&clean);
    [clean, damaged, found(target)].concat()
}

/// What libFuzzer has found, each mended since.
fn found(target: &str) -> Vec<Vec<u8>> {
    let inputs: &[&str] = match target {
        "label" => &[
            "004c4f574b45593a09312f575850374737474f4d58373432423737514d434150373444415144373741594541373759474245574d45",
        ],
        "link" => &["001815010105180d03000c0515000105180d0300"],
        _ => &[],
    };
    let byte = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
    inputs.iter().map(|hex| hex.as_bytes().chunks(2).filter_map(byte).collect()).collect()
}

/// Each with bits flipped, cut short, and one behind the other.
fn damage(clean: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut rng = Random::from_seed(1);
    let mut damaged = vec![];
    for seed in clean {
        for _ in 0..4 {
            let mut flipped = seed.clone();
            let bit = rng.below(seed.len() * 8);
            flipped[bit / 8] ^= 1 << (bit % 8);
            damaged.push(flipped);
            damaged.push(seed[..rng.below(seed.len())].to_vec());
            damaged.push([&seed[..], &clean[rng.below(clean.len())][..]].concat());
        }
    }
    damaged
}

/// Every operation with every kind of number, on odd bytes and texts around a block.
fn primitives() -> Vec<Vec<u8>> {
    let mut seeds = vec![];
    for op in 0..4 {
        for kind in 0..8 {
            for byte in [0, 1, 0x80, 0xED, 0xFF] {
                let (one, other) = (kind, (kind ^ byte) % 8);
                let number = |kind: u8| [&[kind], &[byte; 32][..if kind < 4 { 32 } else { 1 }]].concat();
                let mut seed = [&[op][..], &number(one)].concat();
                match op {
                    // A nonce, data and a text.
                    1 => seed.extend(
                        [&[byte; 12], &[other * 9][..], &[byte; 63][..usize::from(other) * 9]].concat(),
                    ),
                    // A key or none, and two pieces.
                    2 => seed.extend([&[other, byte, 2, 64][..], &[byte; 64], &[other], &[byte; 7]].concat()),
                    _ => seed.extend(number(other)),
                }
                seed.extend([&[op * 40][..], &[byte; 40]].concat());
                seeds.push(seed);
            }
        }
    }
    seeds
}
