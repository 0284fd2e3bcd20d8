//! All-zero Diffie-Hellman results inside a handshake: nothing special (Noise §12.1).
//!
//! The dishonest side is played on the bare symmetric state, with zeros where it knows that the
//! honest side gets zeros.

use super::common::{Pair, Rng};
use crate::pattern::{KK, XX};
use crate::symmetric::Symmetric;
use crate::{Error, Identity, Peer, PublicKey, kk, xx};
use lowkey_crypto::{AeadKey, PrivateKey, Secret};
use std::prelude::v1::*;

const ZERO: [u8; 32] = [0; 32];

#[test]
fn noise_12_1_kk_message_1_with_an_ephemeral_of_low_order_is_read_like_any_other() {
    let mut rng = Rng(1);
    let keys = Pair::new(&mut rng);
    let (i, r) = (&keys.initiator, &keys.responder);
    let mut symmetric = symmetric(KK.name, b"prologue");
    symmetric.mix_hash(i.identity.public_key().as_bytes());
    symmetric.mix_hash(r.identity.public_key().as_bytes());
    symmetric.mix_hash(&ZERO); // e
    mix_key(&mut symmetric, &ZERO); // es
    mix_key(&mut symmetric, i.peer.shared_secret().expose()); // ss
    let mut sealed = *b"payload................";
    symmetric.encrypt_and_hash(&mut sealed).unwrap();

    let mut message = [&ZERO[..], &sealed].concat();
    let responder = kk::Responder::new(&r.identity, &r.peer, None, b"prologue");
    let (responder, payload) = responder.read_message_1(&mut message).unwrap();
    assert_eq!(payload, b"payload");

    let mut message = [0; 48];
    let (mut session, _) = responder.write_message_2(&mut rng.ephemerals(), b"", &mut message).unwrap();
    let (re, tag) = message.split_at_mut(32);
    let re = PublicKey::new((&*re).try_into().unwrap());
    symmetric.mix_hash(re.as_bytes());
    mix_key(&mut symmetric, &ZERO); // ee
    mix_key(&mut symmetric, i.identity.private().diffie_hellman(&re).expose()); // se
    assert!(symmetric.decrypt_and_hash(tag).unwrap().is_empty());
    symmetric.split();
    let mut record = AeadKey::new(symmetric.split_keys().0).seal_in_place(&[0; 12], &[], &mut []);
    assert!(session.opener.open(&mut record).unwrap().is_empty());
}

/// In XX anybody can "prove" a static key of low order. It comes out as a claim; it can never be pinned.
#[test]
fn noise_12_1_xx_with_a_static_key_of_low_order_ends_in_a_claim_that_cannot_be_pinned() {
    let mut rng = Rng(2);
    let server = Identity::new(rng.secret());
    let e = PrivateKey::new(&rng.secret());
    let mut symmetric = symmetric(XX.name, b"");
    symmetric.mix_hash(e.public_key().as_bytes());
    symmetric.mix_hash(b"");
    let responder = xx::Responder::new(&server, None, b"");
    let (responder, _) = responder.read_message_1(&mut e.public_key().as_bytes().to_vec()).unwrap();

    let mut message = [0; 96];
    let (responder, _) = responder.write_message_2(&mut rng.ephemerals(), b"", &mut message).unwrap();
    let (re, rest) = message.split_at_mut(32);
    let (s, payload) = rest.split_at_mut(48);
    let re = PublicKey::new((&*re).try_into().unwrap());
    symmetric.mix_hash(re.as_bytes());
    mix_key(&mut symmetric, e.diffie_hellman(&re).expose()); // ee
    let rs = symmetric.decrypt_and_hash(s).unwrap();
    assert_eq!(rs, server.public_key().as_bytes());
    mix_key(&mut symmetric, e.diffie_hellman(&server.public_key()).expose()); // es
    symmetric.decrypt_and_hash(payload).unwrap();

    let mut message = [0; 64];
    let (s, payload) = message.split_at_mut(48);
    symmetric.encrypt_and_hash(s).unwrap(); // a static key of 32 zero bytes
    mix_key(&mut symmetric, &ZERO); // se
    symmetric.encrypt_and_hash(payload).unwrap();
    let (claim, _) = responder.read_message_3(&mut message).unwrap();
    assert_eq!(claim.public_key(), PublicKey::new(ZERO));
    assert_eq!(Peer::pin(&server, claim.public_key()).err(), Some(Error::WeakKey));
}

/// The points of order 1, 2, 4 and 8 on the curve and its twist, in every spelling of 32 bytes.
#[test]
fn rfc_7748_6_1_no_key_of_low_order_can_be_pinned() {
    let order_8 = [
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    ];
    let ends_in_ff = |first| {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (first, 0x7f);
        bytes
    };
    let [p_minus_1, p, p_plus_1] = [0xec, 0xed, 0xee].map(ends_in_ff); // p = 2^255 - 19
    let one = std::array::from_fn(|at| u8::from(at == 0));
    let mut points: Vec<[u8; 32]> = Vec::from([ZERO, one, p_minus_1, p, p_plus_1]);
    points.extend(order_8.map(|point| <[u8; 32]>::try_from(super::common::hex(point)).unwrap()));
    for point in points {
        for top_bit in [0, 0x80] {
            let mut point = point;
            point[31] |= top_bit;
            for secret in [[1; 32], [0xfe; 32]] {
                let identity = Identity::new(Secret::new(secret));
                let pinned = Peer::pin(&identity, PublicKey::new(point));
                assert_eq!(pinned.err(), Some(Error::WeakKey), "{point:02x?}");
            }
        }
    }
    let identity = Identity::new(Secret::new([1; 32]));
    let stored = Peer::from_parts(&identity, PublicKey::new([9; 32]), Secret::zeroed());
    assert_eq!(stored.err(), Some(Error::WeakKey));
}

#[test]
fn our_own_key_cannot_be_pinned() {
    let identity = Identity::new(Secret::new([3; 32]));
    assert_eq!(Peer::pin(&identity, identity.public_key()).err(), Some(Error::OwnKey));
    let stored = Peer::from_parts(&identity, identity.public_key(), Secret::new([1; 32]));
    assert_eq!(stored.err(), Some(Error::OwnKey));
}

fn mix_key(symmetric: &mut Symmetric, ikm: &[u8; 32]) {
    *symmetric.ikm().expose_mut() = *ikm;
    symmetric.mix_key();
}

fn symmetric(protocol_name: &[u8], prologue: &[u8]) -> Symmetric {
    let mut symmetric = Symmetric::new();
    symmetric.initialize(protocol_name);
    symmetric.mix_hash(prologue);
    symmetric
}
