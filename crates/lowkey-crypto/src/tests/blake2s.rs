//! BLAKE2s-256: RFC 7693, the reference implementation's known answers, and that pieces do not matter.

use std::format;

use super::{array, counting};
use crate::{
    Blake2s, Secret,
    testing::{Compact, Portable},
};

#[test]
fn rfc7693_b_hash_of_abc() {
    let abc = array("508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
    assert_eq!(plain(b"abc"), abc);
}

#[test]
fn rfc7693_2_8_hash_of_nothing() {
    let empty = array("69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9");
    assert_eq!(plain(b""), empty);
    assert_eq!(Blake2s::default().finalize(), empty);
}

/// From the reference implementation's `blake2s-test.txt`: key 00 01 … 1f over 00 01 … n-1.
#[test]
fn rfc7693_2_9_keyed_known_answers() {
    let known = [
        (0, "48a8997da407876b3d79c0d92325ad3b89cbb754d86ab71aee047ad345fd2c49"),
        (1, "40d15fee7c328830166ac3f918650f807e7e01e177258cdc0a39b11f598066f1"),
        (63, "c65382513f07460da39833cb666c5ed82e61b9e998f4b0c4287cee56c3cc9bcd"),
        (64, "8975b0577fd35566d750b362b0897a26c399136df07bababbde6203ff2954ed4"),
        (65, "21fe0ceb0052be7fb0f004187cacd7de67fa6eb0938d927677f2398c132317a8"),
        (128, "0c311f38c35a4fb90d651c289d486856cd1413df9b0677f53ece2cd9e477c60a"),
        (255, "3fb735061abc519dfe979e54c1ee5bfad0a9d858b3315bad34bde999efd724dd"),
    ];
    for (len, hash) in known {
        assert_eq!(keyed(&counting::<256>()[..len]), array(hash), "{len} bytes");
    }
}

/// All 256 known answers of either kind at once: their hash, computed by Python's hashlib.
#[test]
fn rfc7693_3_3_every_length_up_to_four_blocks() {
    let input: [u8; 256] = counting();
    let (mut all_plain, mut all_keyed) = (Blake2s::new(), Blake2s::new());
    for len in 0..256 {
        all_plain.update(&plain(&input[..len]));
        all_keyed.update(&keyed(&input[..len]));
    }
    let expected = array("6d86d20a9d486cc270bc10f4523a3e811f7f88636204b0a9a76277823b30b672");
    assert_eq!(all_plain.finalize(), expected);
    let expected = array("2582f7b18a91f66ef22aa9455384ada69b2590306a6470ee8588df75ee982f02");
    assert_eq!(all_keyed.finalize(), expected);
}

#[test]
fn the_pieces_that_a_message_comes_in_do_not_matter() {
    let input: [u8; 200] = counting();
    for first in 0..=130 {
        for second in [0, 1, 63, 64, 65] {
            let mut hash = Blake2s::new();
            hash.update(&input[..first]);
            hash.update(&input[first..first + second]);
            hash.update(&input[first + second..]);
            assert_eq!(hash.finalize(), plain(&input), "{first} and {second} bytes");
        }
    }
}

/// Wherever a message lies and ends, and wherever it is cut in two: the compact body takes it in byte by byte and
/// compresses a block when the next byte comes.
#[test]
fn rfc7693_3_3_the_compact_body_hashes_as_the_portable_one() {
    let input: [u8; 134] = counting();
    let key = counting();
    for mac in [None, Some((&key, 0)), Some((&key, 0x36))] {
        for len in 0..=130 {
            for offset in 0..=3 {
                let message = [&input[offset..offset + len]];
                let expected = Portable::hash(mac, &message);
                assert_eq!(Compact::hash(mac, &message), expected, "{len} bytes at {offset}");
            }
            for cut in 0..=len {
                let (front, back) = input[..len].split_at(cut);
                let expected = Portable::hash(mac, &[front, back]);
                assert_eq!(Compact::hash(mac, &[front, back]), expected, "{len} bytes, cut at {cut}");
            }
        }
    }
}

#[test]
fn rfc7693_b_hash_of_abc_by_the_compact_body() {
    let hash = Compact::hash(None, &[b"abc"]);
    assert_eq!(hash, array("508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982"));
}

#[test]
fn parts_hash_as_the_whole() {
    let input: [u8; 100] = counting();
    let (mut hash, key) = ([0; 32], Secret::new(counting()));
    Blake2s::hash(&[&input[..1], &input[1..70], &[], &input[70..]], &mut hash);
    assert_eq!(hash, plain(&input));
    Blake2s::mac(&key, &[&input[..64], &input[64..]], &mut hash);
    assert_eq!(hash, keyed(&input));
}

#[test]
fn debug_of_a_hash_prints_none_of_its_state() {
    assert_eq!(format!("{:?}", Blake2s::keyed(&Secret::new(counting()))), "Blake2s(..)");
}

fn plain(message: &[u8]) -> [u8; 32] {
    let mut hash = Blake2s::new();
    hash.update(message);
    hash.finalize()
}

fn keyed(message: &[u8]) -> [u8; 32] {
    let mut hash = Blake2s::keyed(&Secret::new(counting()));
    hash.update(message);
    hash.finalize()
}
