//! The bytes that the page shows, made once more by a Noise library that is not ours: §8's handshake, §6's code.

use crate::support::links::{self, advance, unsent};
use crate::support::page::{self, DATA, PING, hello, parameters, unframe};
use crate::support::{KEYS, PagePeer, keys::ephemerals};
use lowkey_core::{Id, Psk, Secret};
use lowkey_transport::{Link, Mode, Step};
use snow::params::{CipherChoice, HashChoice};
use snow::resolvers::{CryptoResolver, DefaultResolver};
use snow::{Builder, HandshakeState};

const PAGE: &str = include_str!("../../../../docs/src/protocol.md");

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// 32 bytes from the hex of a table on the page.
fn key(hex: &str) -> [u8; 32] {
    assert!(PAGE.contains(hex));
    std::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
}

/// The page shows these bytes, some of them on a line of their own.
#[track_caller]
fn assert_shown(bytes: &[u8], lines: &[usize]) {
    let mut rest = bytes;
    for len in lines {
        let (line, more) = rest.split_at(*len);
        assert!(PAGE.contains(&hex(line)), "the page does not have {}", hex(line));
        rest = more;
    }
    assert!(rest.is_empty(), "{} bytes are left", rest.len());
}

/// One side of §8.
fn side(is_initiator: bool) -> HandshakeState {
    let (ours, theirs) =
        if is_initiator { (&KEYS.initiator, &KEYS.responder) } else { (&KEYS.responder, &KEYS.initiator) };
    let ephemeral = key(match is_initiator {
        true => "3e98927d65f14c4c1f2b45af56b38e1f3e4aedc5d115434352d2eac75621a1bc",
        false => "946b9dab07723c267987349fe102bb390d0168ac15341d72c9dab38aca8168a0",
    });
    let prologue = [b"lowkey/1", &hello(Mode::Kk)[..]].concat();
    let their_key = theirs.identity.public_key();
    let builder = Builder::new("Noise_KK_25519_ChaChaPoly_BLAKE2s".parse().unwrap());
    let builder = builder.prologue(&prologue).unwrap().local_private_key(&ours.secret).unwrap();
    let builder = builder.remote_public_key(their_key.as_bytes()).unwrap();
    let builder = builder.fixed_ephemeral_key_for_testing_only(&ephemeral);
    if is_initiator { builder.build_initiator().unwrap() } else { builder.build_responder().unwrap() }
}

#[test]
fn handshake_and_records_are_the_bytes_of_the_page() {
    for side in [&KEYS.initiator, &KEYS.responder] {
        assert_shown(side.identity.public_key().as_bytes(), &[32]);
    }
    let [mut a, mut b] = [true, false].map(|is_initiator| PagePeer::of(side(is_initiator), &hello(Mode::Kk)));
    let first = a.first_frame(&parameters(1_024));
    assert_shown(&first, &[2, 1, 1, 1, 8, 32, 2, 16]);
    assert_eq!(b.read_first(&first[2..]), parameters(1_024));
    let second = b.next_frame(&parameters(4_096));
    assert_shown(&second, &[2, 32, 2, 16]);
    assert_eq!(a.read(&second[2..]), parameters(4_096));
    assert_shown(&a.hash(), &[32]);
    let (mut a, mut b) = (a.into_records(), b.into_records());
    let (ping, answer) = (a.record(PING, b""), b.record(DATA, b"ok"));
    assert_shown(&ping, &[2, 1, 16]);
    assert_shown(&a.record(DATA, b"21.5 C"), &[2, 7, 16]);
    assert_shown(&answer, &[2, 3, 16]);
    let to_responder = key("e71fb00586f527645177293e83ef1d4d5e7dd90eb11d7b0f35390721dc1244e8");
    assert_eq!(opened(&to_responder, &ping[2..]), [PING]);
    let to_initiator = key("11a33e8519782e595a925ae4fa22a1831e80d71f87428cedcf39130926273ef5");
    assert_eq!(opened(&to_initiator, &answer[2..]), b"\0ok");
    for _ in 0..1_022 {
        a.record(DATA, b"");
    }
    assert_shown(&a.record(DATA, b""), &[2, 1, 16]);

    // The first frame is as good to us as to the Noise library.
    let mut ours = links::responder();
    assert_eq!(advance(&mut ours, &mut first.clone(), &mut vec![]), Ok(Step::Hello));
    links::answer(&mut ours, Mode::Kk).unwrap();
    assert_eq!(ours.max_data(), 300 - 17);
}

/// §6: the code, its PSK and its name, and a pairing with them between our initiator and the page's responder.
#[test]
fn pairing_the_code_s_psk_and_name_are_those_of_the_page() {
    let code: [u8; 16] = std::array::from_fn(|at| at as u8);
    let text = "AAAQEAYEAUDAOCAJBIFQYDIOB4";
    assert!(PAGE.contains(text) && PAGE.contains("00 01 02 … 0f"));
    assert_eq!(base32(&code), text);
    let psk = hash(&[b"lowkey pairing", &code]);
    let name = hash(&[b"lowkey code name", &code]);
    assert_shown(&[&psk[..], &name[..8]].concat(), &[32, 8]);

    let (id, secret) = (Id::new(&name[..8]).unwrap(), Psk::new(Secret::new(psk)).unwrap());
    let (identity, buffers) = (&KEYS.initiator.identity, links::buffers());
    let mut a = Link::xx_psk0_initiator(identity, id, &secret, &mut ephemerals(1), buffers).unwrap();
    let hello = [&[1, 4, 8], &name[..8]].concat();
    let mut peer = page::peer(Mode::XxPsk0, &KEYS.responder, page::Role::Responder, &psk, &hello);
    assert_eq!(peer.read_first(&unframe(&mut unsent(&mut a))), b"");
    let mut third = vec![];
    assert_eq!(advance(&mut a, &mut peer.next_frame(&parameters(300)), &mut third), Ok(Step::Read));
    assert_eq!(peer.read(&unframe(&mut third)), parameters(300));
    assert_eq!(peer.remote_static(), identity.public_key().as_bytes());
}

/// The first record under `key`, opened.
fn opened(key: &[u8; 32], record: &[u8]) -> Vec<u8> {
    let mut cipher = DefaultResolver.resolve_cipher(&CipherChoice::ChaChaPoly).unwrap();
    cipher.set(key);
    let mut text = vec![0; record.len()];
    let len = cipher.decrypt(0, b"", record, &mut text).unwrap();
    text.truncate(len);
    text
}

/// BLAKE2s-256 of what these are together.
fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = DefaultResolver.resolve_hash(&HashChoice::Blake2s).unwrap();
    hash.reset();
    parts.iter().for_each(|part| hash.input(part));
    let mut out = [0; 32];
    hash.result(&mut out);
    out
}

/// RFC 4648 §6 without padding.
fn base32(bytes: &[u8]) -> String {
    let bit = |n: usize| bytes.get(n / 8).is_some_and(|byte| byte << (n % 8) & 0x80 != 0);
    let letter = |n: usize| (0..5).fold(0, |value, at| value * 2 + usize::from(bit(5 * n + at)));
    let letters = (0..(bytes.len() * 8).div_ceil(5)).map(letter);
    letters.map(|value| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[value])).collect()
}
