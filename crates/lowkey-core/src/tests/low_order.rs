//! All-zero Diffie-Hellman results inside a handshake: nothing special (Noise §12.1). And keys that nobody may pin.
//!
//! The dishonest side is played on the bare symmetric state, with zeros where it knows that the
//! honest side gets zeros.

use super::common::{Pair, Rng};
use crate::pattern::{KK, XX};
use crate::symmetric::Symmetric;
use crate::{Claim, Error, Identity, Peer, PublicKey, kk, xx};
use lowkey_crypto::{AeadKey, PrivateKey, Secret};
use std::prelude::v1::*;

const ZERO: [u8; 32] = [0; 32];

#[test]
fn noise_12_1_kk_message_1_with_an_ephemeral_of_low_order_is_read_like_any_other() {
    let mut rng = Rng(1);
    let keys = Pair::new(&mut rng);
    let (i, r) = (&keys.initiator, &keys.responder);
    let mut symmetric = symmetric(KK.h, b"prologue");
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
    let server = Identity::new(rng.secret()).unwrap();
    let claim = prove_to(&server, ZERO, |_| ZERO, &mut rng).unwrap();
    assert_eq!(claim.public_key(), PublicKey::new(ZERO));
    assert_eq!(Peer::pin(&server, claim.public_key()).err(), Some(Error::WeakKey));
}

/// Whoever has our own private key can prove the public one in each of its spellings.
#[test]
fn noise_7_5_xx_our_own_key_is_no_claim_in_any_spelling() {
    let mut rng = Rng(3);
    let secret = rng.secret();
    let (server, twin) = (Identity::new(secret.duplicate()).unwrap(), PrivateKey::new(&secret));
    for key in spellings(server.public_key()) {
        let se = |re: &PublicKey| *twin.diffie_hellman(re).expose();
        assert_eq!(prove_to(&server, *key.as_bytes(), se, &mut rng).err(), Some(Error::OwnKey), "{key:?}");
    }
    let other = Identity::new(rng.secret()).unwrap();
    for key in spellings(other.public_key()) {
        let se = |re: &PublicKey| *other.private().diffie_hellman(re).expose();
        assert_eq!(prove_to(&server, *key.as_bytes(), se, &mut rng).unwrap().public_key(), key);
    }
}

/// Plays XX's initiator with the static key `s` against a responder of ours; `se` computes that Diffie-Hellman.
fn prove_to(
    server: &Identity,
    s: [u8; 32],
    se: impl Fn(&PublicKey) -> [u8; 32],
    rng: &mut Rng,
) -> Result<Claim, Error> {
    let e = PrivateKey::new(&rng.secret());
    let mut symmetric = symmetric(XX.h, b"");
    symmetric.mix_hash(e.public_key().as_bytes());
    symmetric.mix_hash(b"");
    let responder = xx::Responder::new(server, None, b"");
    let (responder, _) = responder.read_message_1(&mut e.public_key().as_bytes().to_vec()).unwrap();

    let mut message = [0; 96];
    let (responder, _) = responder.write_message_2(&mut rng.ephemerals(), b"", &mut message).unwrap();
    let (re, rest) = message.split_at_mut(32);
    let (sealed_rs, payload) = rest.split_at_mut(48);
    let re = PublicKey::new((&*re).try_into().unwrap());
    symmetric.mix_hash(re.as_bytes());
    mix_key(&mut symmetric, e.diffie_hellman(&re).expose()); // ee
    let rs = symmetric.decrypt_and_hash(sealed_rs).unwrap();
    assert_eq!(rs, server.public_key().as_bytes());
    mix_key(&mut symmetric, e.diffie_hellman(&server.public_key()).expose()); // es
    symmetric.decrypt_and_hash(payload).unwrap();

    let mut message = [0; 64];
    message[..32].copy_from_slice(&s);
    let (sealed_s, payload) = message.split_at_mut(48);
    symmetric.encrypt_and_hash(sealed_s).unwrap();
    mix_key(&mut symmetric, &se(&re));
    symmetric.encrypt_and_hash(payload).unwrap();
    let (claim, _) = responder.read_message_3(&mut message)?;
    Ok(claim)
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
                let identity = Identity::new(Secret::new(secret)).unwrap();
                let pinned = Peer::pin(&identity, PublicKey::new(point));
                assert_eq!(pinned.err(), Some(Error::WeakKey), "{point:02x?}");
            }
        }
    }
    let identity = Identity::new(Secret::new([1; 32])).unwrap();
    let stored = Peer::from_parts(&identity, PublicKey::new([9; 32]), Secret::zeroed());
    assert_eq!(stored.err(), Some(Error::WeakKey));
}

/// The highest bit is ignored, and 2^255 - 19 more is the same number.
#[test]
fn rfc_7748_5_our_own_key_cannot_be_pinned_in_any_spelling() {
    // Of a key below 19 nobody knows the private half, but for 9: so only these parts do not belong together.
    let small = |u| Identity::from_parts(Secret::new([3; 32]), PublicKey::new(small(u))).unwrap();
    let mut ours = Vec::from([[3; 32], [4; 32]].map(|secret| Identity::new(Secret::new(secret)).unwrap()));
    ours.extend((2..19).map(small));
    for identity in &ours {
        for key in spellings(identity.public_key()) {
            assert_eq!(Peer::pin(identity, key).err(), Some(Error::OwnKey), "{key:?}");
            let stored = Peer::from_parts(identity, key, Secret::new([1; 32]));
            assert_eq!(stored.err(), Some(Error::OwnKey), "{key:?}");
        }
    }
}

/// Keys that differ from ours in one bit, and in the lowest byte in any way but one; and the highest that there are.
#[test]
fn rfc_7748_5_every_other_key_is_not_our_own() {
    let small = |u| Identity::from_parts(Secret::new([3; 32]), PublicKey::new(small(u))).unwrap();
    let ours = [Identity::new(Secret::new([3; 32])).unwrap(), small(2), small(18), small(19), small(0xed)];
    for identity in &ours {
        let own = *identity.public_key().as_bytes();
        let mut others: Vec<[u8; 32]> = (8..255).map(|bit| flipped(own, bit / 8, 1 << (bit % 8))).collect();
        let all_but_one = (1..=255).filter(|mask| (own[0] ^ mask).wrapping_add(19) != own[0]);
        others.extend(all_but_one.map(|mask| flipped(own, 0, mask)));
        for low in 0..=255 {
            let mut high = [0xff; 32];
            (high[0], high[31]) = (low, 0x7f);
            others.push(high);
        }
        for other in others {
            let other = PublicKey::new(other);
            let same = other.canonical() == identity.public_key().canonical();
            assert_eq!(identity.is(&other), same, "{other:?} is {:?}", identity.public_key());
        }
    }
}

/// The one that is refused beside ours: nobody has its private half, and flash is dear.
#[test]
fn the_key_19_below_ours_counts_as_ours() {
    let ours = Identity::from_parts(Secret::new([3; 32]), PublicKey::new(small(100))).unwrap();
    assert!(ours.is(&PublicKey::new(small(81))) && !ours.is(&PublicKey::new(small(119))));
}

fn small(u: u8) -> [u8; 32] {
    flipped(ZERO, 0, u)
}

fn flipped(mut bytes: [u8; 32], at: usize, mask: u8) -> [u8; 32] {
    bytes[at] ^= mask;
    bytes
}

/// The two ways to write a key, and four if the number is below 19.
fn spellings(key: PublicKey) -> Vec<PublicKey> {
    let mut all = Vec::from([*key.as_bytes()]);
    if all[0][1..] == ZERO[1..] {
        let mut more = [0xff; 32];
        (more[0], more[31]) = (all[0][0] + 0xed, 0x7f);
        all.push(more);
    }
    all.extend(all.clone().into_iter().map(|bytes| flipped(bytes, 31, 0x80)));
    all.into_iter().map(PublicKey::new).collect()
}

fn mix_key(symmetric: &mut Symmetric, ikm: &[u8; 32]) {
    *symmetric.ikm().expose_mut() = *ikm;
    symmetric.mix_key();
}

fn symmetric(hash_of_name: &[u8; 32], prologue: &[u8]) -> Symmetric {
    let mut symmetric = Symmetric::new();
    symmetric.initialize(hash_of_name);
    symmetric.mix_hash(prologue);
    symmetric
}
