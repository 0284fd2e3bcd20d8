//! The layout, which does not change: stores in the field are read by every later version.

use super::{Change, after, code, flash, mac, open, servers};
use crate::NATURES;
use lowkey_core::boot_log::Bank;
use lowkey_core::{Identity, Peer, Secret};
use lowkey_crypto::Blake2s;
use test_support::Random;
use test_support::flash::Model;

/// The tables in the book, field by field, of a device with a final pinning and a pending one.
#[test]
fn a_store_lies_in_the_flash_as_the_book_says() {
    let [private, hedge, mut seed] = keys_of(Random::from_seed(1));
    let us = Identity::new(Secret::new(private)).expect("a key");
    let shared = |n: usize| *Peer::pin(&us, servers()[n]).expect("a key").shared_secret().expose();
    let pinning = |n: usize| [&servers()[n].as_bytes()[..], &shared(n), code(n as u8).as_bytes()].concat();
    let address = b"192.168.1.10:7000";
    let entry = checked(&[
        b"LKS\x02",
        &8_u32.to_le_bytes(), // the address, the keys, two starts, and pairing: 1 + 1 + 2 + 3, and one more start
        &[0b1111, 17, 0, 0],
        address,
        &[0; 64 - 17],
        code(0).as_bytes(),
        &[0; 24],
        &private,
        us.public_key().as_bytes(),
        &hedge,
        &pinning(0),
        &pinning(1),
    ]);
    (0..3).for_each(|_| seed = mac(&seed, b"lowkey next"));
    let slot = checked(&[&3_u32.to_le_bytes(), &seed]);
    let unit = [0; 8];
    let blank = [0xff; 8];
    let in_use = [&unit[..], &unit, &unit, &blank, &blank, &blank, &entry, &slot].concat();
    let guarded = unit;

    let mut flash = paired();
    for (bank, begins) in [(Bank::First, &guarded[..]), (Bank::Second, &in_use)] {
        let bytes = flash.bytes(bank);
        assert_eq!(&bytes[..begins.len()], begins, "{bank:?}");
        assert!(bytes[begins.len()..].iter().all(|byte| *byte == 0xff), "{bank:?}");
    }
    // And what was written by hand is read.
    let banks = [Bank::First, Bank::Second].map(|bank| flash.bytes(bank));
    let mut by_hand = Model::new(8, banks[0].len(), 1, NATURES[0]);
    by_hand.put(Bank::First, &banks[0]);
    by_hand.put(Bank::Second, &banks[1]);
    assert_eq!(after(&mut by_hand, &[]), after(&mut flash, &[]));
}

/// The same of one store, byte for byte: what the field by field above and the crate cannot get wrong together.
#[test]
fn a_store_of_version_2_is_this_to_the_byte() {
    let flash = paired();
    let mut hash = [0; 32];
    Blake2s::hash(&[&flash.bytes(Bank::First), &flash.bytes(Bank::Second)], &mut hash);
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "d79af59c06f2be27a11cf79d46a5f81bc07a5beb4e40294c78ac017548e190c3");
}

fn paired() -> Model {
    let mut flash = flash(8, false, NATURES[0], 1);
    let changes = [
        Change::Address("192.168.1.10:7000"),
        Change::MakeKeys(1),
        Change::Start,
        Change::Store(0, 0),
        Change::Finalise(0, 0),
        Change::Start,
        Change::Store(1, 1),
        Change::Start,
    ];
    after(&mut flash, &changes);
    assert!(open(&mut flash).is_ok());
    flash
}

/// The private key, the hedge secret and the seed that are made of a source: 1,024 bytes of it are stirred into zeros,
/// 32 at a time, and three times 32 bytes drawn of that.
fn keys_of(mut source: Random) -> [[u8; 32]; 3] {
    let mut r = [0; 32];
    for _ in 0..32 {
        r = mac(&r, &[b"lowkey stir", &source.bytes(32)[..]].concat());
    }
    [(); 3].map(|()| {
        let drawn = mac(&r, b"lowkey draw");
        r = mac(&r, b"lowkey next");
        drawn
    })
}

/// These, and the first 12 bytes of their hash.
fn checked(fields: &[&[u8]]) -> Vec<u8> {
    let mut bytes = fields.concat();
    let mut hash = [0; 32];
    Blake2s::hash(&[&bytes], &mut hash);
    bytes.extend(&hash[..12]);
    bytes
}
