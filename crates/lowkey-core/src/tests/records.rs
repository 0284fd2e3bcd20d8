//! Sealer and opener (Noise §5.1, §4.2): nonces, failures, and the rekeying.

use super::common::{Mode, Pair, Rng, seal, sessions};
use crate::cipher::nonce;
use crate::{Error, MAX_MESSAGE, Opener, REKEY_INTERVAL, Sealer, Session};
use lowkey_crypto::{AeadKey, Secret};
use std::prelude::v1::*;
use std::vec;

const KEY: [u8; 32] = [0x42; 32];

fn key() -> AeadKey {
    AeadKey::new(&Secret::new(KEY))
}

fn pair() -> (Sealer, Opener) {
    (Sealer::new(&Secret::new(KEY)), Opener::new(&Secret::new(KEY)))
}

/// A record of `text`, made with the key and nonce of the specification and nothing of ours but the AEAD.
fn by_hand(key: &AeadKey, n: u64, text: &[u8]) -> Vec<u8> {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&n.to_le_bytes());
    let mut record = text.to_vec();
    let tag = key.seal_in_place(&nonce, &[], &mut record);
    record.extend_from_slice(&tag);
    record
}

fn sealed(sealer: &mut Sealer, text: &[u8]) -> Vec<u8> {
    let mut record = [text, &[0; 16]].concat();
    sealer.seal(&mut record).unwrap();
    record
}

#[test]
fn noise_5_1_the_first_nonce_is_zero_and_each_record_moves_it_by_one() {
    let (mut sealer, mut opener) = pair();
    for n in 0..100 {
        assert_eq!((sealer.count(), opener.count()), (n, n));
        let mut record = sealed(&mut sealer, b"text");
        assert_eq!(record, by_hand(&key(), n, b"text"));
        assert_eq!(opener.open(&mut record).unwrap(), b"text");
    }
}

#[test]
fn a_sealer_that_was_wiped_seals_nothing_and_has_its_key_no_more() {
    let (mut sealer, _) = pair();
    sealed(&mut sealer, b"text");
    sealer.wipe();
    let mut record = *b"more\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    assert_eq!(sealer.seal(&mut record), Err(Error::Exhausted));
    assert_eq!(&record[..4], b"more", "nothing changed");
    sealer.skip_to(1);
    assert_ne!(sealed(&mut sealer, b"more"), by_hand(&key(), 1, b"more"));
}

#[test]
fn noise_12_3_the_nonce_is_32_zero_bits_and_little_endian() {
    assert_eq!(nonce(0x0102_0304_0506_0708), [0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1]);
}

#[test]
fn noise_5_1_opener_keeps_n_when_tag_is_wrong() {
    let (mut sealer, mut opener) = pair();
    for n in 0..3 {
        let record = sealed(&mut sealer, b"twenty-one bytes long");
        for at in 0..record.len() {
            for flip in [1, 0x80, 0xff] {
                let mut forged = record.clone();
                forged[at] ^= flip;
                assert_eq!(opener.open(&mut forged), Err(Error::Decrypt));
                assert_eq!(opener.count(), n);
                assert!(!forged.windows(10).any(|part| part == b"twenty-one"), "no plaintext is left");
            }
        }
        assert_eq!(opener.open(&mut record.clone()).unwrap(), b"twenty-one bytes long");
    }
}

#[test]
fn noise_5_1_a_truncated_record_does_not_open_and_keeps_n() {
    let (mut sealer, mut opener) = pair();
    let mut record = sealed(&mut sealer, b"text");
    for len in 0..record.len() {
        let want = if len < 16 { Error::Truncated } else { Error::Decrypt };
        assert_eq!(opener.open(&mut record[..len].to_vec()), Err(want));
    }
    let mut longer = [&record[..], &[0]].concat();
    assert_eq!(opener.open(&mut longer), Err(Error::Decrypt));
    assert_eq!(opener.count(), 0);
    assert_eq!(opener.open(&mut record).unwrap(), b"text");
}

#[test]
fn noise_5_1_replay_reorder_and_gap_do_not_open() {
    let (mut sealer, mut opener) = pair();
    let records: Vec<_> = (0..4).map(|n| sealed(&mut sealer, &[n; 8])).collect();
    assert_eq!(opener.open(&mut records[1].clone()), Err(Error::Decrypt), "reordered");
    opener.open(&mut records[0].clone()).unwrap();
    assert_eq!(opener.open(&mut records[0].clone()), Err(Error::Decrypt), "replayed");
    assert_eq!(opener.open(&mut records[2].clone()), Err(Error::Decrypt), "after a gap");
    for (n, mut record) in (0..4).zip(records).skip(1) {
        assert_eq!(opener.open(&mut record).unwrap(), [n; 8]);
    }
}

#[test]
fn noise_5_1_two_to_the_64_minus_1_is_never_used() {
    let (mut sealer, mut opener) = pair();
    sealer.skip_to(u64::MAX - 1);
    opener.skip_to(u64::MAX - 1);
    let mut record = sealed(&mut sealer, b"last");
    opener.open(&mut record).unwrap();
    for _ in 0..2 {
        let mut record = *b"text................";
        assert_eq!(sealer.seal(&mut record), Err(Error::Exhausted));
        assert_eq!(record, *b"text................", "nothing changed");
        let mut rekeying = by_hand(&key(), u64::MAX, b"text");
        let before = rekeying.clone();
        assert_eq!(opener.open(&mut rekeying), Err(Error::Exhausted));
        assert_eq!(rekeying, before, "nothing changed");
        assert_eq!((sealer.count(), opener.count()), (u64::MAX, u64::MAX));
    }
}

#[test]
fn noise_4_2_11_3_rekeys_before_1024_and_2048_and_not_at_0() {
    let (mut sealer, mut opener) = pair();
    let keys = [0, 1, 2, 3].map(rekeyed);
    for n in 0..3 * REKEY_INTERVAL + 2 {
        let text = n.to_be_bytes();
        let mut record = sealed(&mut sealer, &text);
        // The specification's way: at a non-zero multiple of 1,024, just before the record.
        let under = match n {
            0..=1_023 => 0,
            1_024..=2_047 => 1,
            2_048..=3_071 => 2,
            _ => 3,
        };
        assert_eq!(record, by_hand(&keys[under], n, &text), "record {n}");
        assert_eq!(opener.open(&mut record).unwrap(), text, "record {n}");
    }
}

/// The key after so many `REKEY()`.
fn rekeyed(times: usize) -> AeadKey {
    let mut key = key();
    (0..times).for_each(|_| key.rekey());
    key
}

#[test]
fn noise_4_2_rekeying_is_encrypt_of_zeros_at_the_last_nonce() {
    let new = by_hand(&key(), u64::MAX, &[0; 32]);
    let by_spec = AeadKey::new(&Secret::new(new[..32].try_into().unwrap()));
    assert_eq!(by_hand(&by_spec, 7, b"text"), by_hand(&rekeyed(1), 7, b"text"));
}

#[test]
fn noise_4_2_a_forged_record_at_the_edge_of_a_key_does_not_move_it() {
    let (mut sealer, mut opener) = pair();
    for n in 0..=REKEY_INTERVAL {
        let record = sealed(&mut sealer, b"text");
        if n >= REKEY_INTERVAL - 1 {
            for _ in 0..3 {
                assert_eq!(opener.open(&mut [0; 20]), Err(Error::Decrypt));
            }
        }
        assert_eq!(opener.open(&mut record.clone()).unwrap(), b"text");
    }
}

#[test]
fn noise_5_1_records_are_sealed_in_place_at_every_length() {
    let (mut sealer, mut opener) = pair();
    let mut rng = Rng(5);
    for len in (0..200).chain([1_024, 4_096, MAX_MESSAGE - 16]) {
        let text = rng.vec(len);
        let mut record = sealed(&mut sealer, &text);
        assert_eq!(record.len(), len + 16);
        let at = record.as_ptr();
        let opened = opener.open(&mut record).unwrap();
        assert_eq!(opened.as_ptr(), at);
        assert_eq!(opened, text);
    }
}

#[test]
fn noise_3_a_buffer_no_record_fits_changes_nothing() {
    let (mut sealer, mut opener) = pair();
    for len in (0..16).chain([MAX_MESSAGE + 1]) {
        let mut record = vec![9; len];
        assert_eq!(sealer.seal(&mut record), Err(Error::BufferTooSmall));
        assert_eq!(record, vec![9; len]);
    }
    let mut first = sealed(&mut sealer, b"");
    assert_eq!(first, by_hand(&key(), 0, b""));
    assert!(opener.open(&mut first).unwrap().is_empty());
}

#[test]
fn a_record_for_one_direction_does_not_open_in_the_other() {
    let mut rng = Rng(6);
    let keys = Pair::new(&mut rng);
    for mode in Mode::ALL {
        let (mut i, mut r) = sessions(mode, &keys, b"", &mut rng);
        let record = seal(&mut i, b"to the responder");
        assert_eq!(i.opener.open(&mut record.clone()), Err(Error::Decrypt));
        assert_eq!(r.opener.open(&mut record.clone()).unwrap(), b"to the responder");
        let record = seal(&mut r, b"to the initiator");
        assert_eq!(r.opener.open(&mut record.clone()), Err(Error::Decrypt));
        assert_eq!(i.opener.open(&mut record.clone()).unwrap(), b"to the initiator");
    }
}

#[test]
fn a_session_is_two_keys_two_nonces_and_a_hash() {
    let key = size_of::<AeadKey>();
    assert_eq!(size_of::<Session>(), 2 * (key + 8) + 32);
    // The portable body's key is its 32 bytes; another body's may be a live object of its library.
    assert!(key > 32 || size_of::<Session>() <= 160);
}
