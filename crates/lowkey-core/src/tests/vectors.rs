//! The engine against cacophony's test vectors: not only our four patterns but every one of the
//! vectors, because a table-driven engine that plays them all has no rule of Noise left to get wrong.
//!
//! Three vectors travel with the crate; all 59 run where the collection is present.

use super::common::hex;
use crate::engine::{self, Engine, Role, STATICS};
use crate::pattern::{KK, KKPSK0, Known, Pattern, Token, XX, XXPSK0};
use crate::{Identity, Peer, Psk, PublicKey, Secret, Session};
use lowkey_crypto::Blake2s;
use serde_json::Value;
use std::boxed::Box;
use std::vec::Vec;
use std::{eprintln, fs, vec};

/// Patterns as Noise §7.4, §7.5 and §18.1 write them: who is known (`i`, `r`), then the messages.
const PATTERNS: &[(&str, &str, &str)] = &[
    ("N", "r", "e es"),
    ("K", "ir", "e es ss"),
    ("X", "r", "e es s ss"),
    ("NN", "", "e, e ee"),
    ("NK", "r", "e es, e ee"),
    ("NX", "", "e, e ee s es"),
    ("XN", "", "e, e ee, s se"),
    ("XK", "r", "e es, e ee, s se"),
    ("XX", "", "e, e ee s es, s se"),
    ("KN", "i", "e, e ee se"),
    ("KK", "ir", "e es ss, e ee se"),
    ("KX", "i", "e, e ee se s es"),
    ("IN", "", "e s, e ee se"),
    ("IK", "r", "e es s ss, e ee se"),
    ("IX", "", "e s, e ee se s es"),
    ("NK1", "r", "e, e ee es"),
    ("NX1", "", "e, e ee s, es"),
    ("X1N", "", "e, e ee, s, se"),
    ("X1K", "r", "e es, e ee, s, se"),
    ("XK1", "r", "e, e ee es, s se"),
    ("X1K1", "r", "e, e ee es, s, se"),
    ("X1X", "", "e, e ee s es, s, se"),
    ("XX1", "", "e, e ee s, es s se"),
    ("X1X1", "", "e, e ee s, es s, se"),
    ("K1N", "i", "e, e ee, se"),
    ("K1K", "ir", "e es, e ee, se"),
    ("KK1", "ir", "e, e ee se es"),
    ("K1K1", "ir", "e, e ee es, se"),
    ("K1X", "i", "e, e ee s es, se"),
    ("KX1", "i", "e, e ee se s, es"),
    ("K1X1", "i", "e, e ee s, se es"),
    ("I1N", "", "e s, e ee, se"),
    ("I1K", "r", "e es s, e ee, se"),
    ("IK1", "r", "e s, e ee se es"),
    ("I1K1", "r", "e s, e ee es, se"),
    ("I1X", "", "e s, e ee s es, se"),
    ("IX1", "", "e s, e ee se s, es"),
    ("I1X1", "", "e s, e ee s, se es"),
];

/// What `InitializeSymmetric` (§5.2) makes of a protocol name.
fn hash_of_name(protocol_name: &str) -> [u8; 32] {
    let name = protocol_name.as_bytes();
    let mut h = [0; 32];
    match h.get_mut(..name.len()) {
        Some(front) => front.copy_from_slice(name),
        None => Blake2s::hash(&[name], &mut h),
    }
    h
}

/// The pattern of a protocol name; `pskN` goes to the front of message 1 (N = 0) or the end of message N (§9.4).
fn pattern(protocol_name: &str) -> &'static Pattern {
    let full = protocol_name.split('_').nth(1).unwrap();
    let (name, psk) =
        full.split_once("psk").map_or((full, None), |(name, at)| (name, at.parse::<usize>().ok()));
    let (_, known, messages) = PATTERNS.iter().find(|row| row.0 == name).expect(name);
    let mut messages: Vec<Vec<Token>> =
        messages.split(", ").map(|message| message.split(' ').map(token).collect()).collect();
    match psk {
        Some(0) => messages[0].insert(0, Token::Psk),
        Some(n) => messages[n - 1].push(Token::Psk),
        None => {}
    }
    let messages: Vec<&'static [Token]> = messages.into_iter().map(|message| &*message.leak()).collect();
    Box::leak(Box::new(Pattern {
        h: Box::leak(Box::new(hash_of_name(protocol_name))),
        known: Known { initiator: known.contains('i'), responder: known.contains('r') },
        messages: messages.leak(),
    }))
}

fn token(word: &str) -> Token {
    match word {
        "e" => Token::E,
        "s" => Token::S,
        "ee" => Token::Ee,
        "es" => Token::Es,
        "se" => Token::Se,
        "ss" => Token::Ss,
        _ => panic!("{word} is no token"),
    }
}

/// What one side of a vector knows; a side without a static key gets one that is never used.
struct Side {
    role: Role,
    prologue: Vec<u8>,
    identity: Identity,
    ephemeral: Option<Secret<32>>,
    peer: Option<Peer>,
    psk: Option<Psk>,
}

impl Side {
    fn new(vector: &Value, role: Role, prefix: &str) -> Self {
        let bytes = |name: &str| vector[[prefix, name].concat()].as_str().map(hex);
        let key = |name: &str| bytes(name).map(|key| <[u8; 32]>::try_from(key).unwrap());
        let identity = Identity::new(Secret::new(key("_static").unwrap_or([0x77; 32]))).unwrap();
        let peer = key("_remote_static").map(|rs| Peer::pin(&identity, PublicKey::new(rs)).unwrap());
        let psk = vector[[prefix, "_psks"].concat()].as_array().map(|psks| {
            assert_eq!(psks.len(), 1);
            Psk::new(Secret::new(hex(psks[0].as_str().unwrap()).try_into().unwrap())).unwrap()
        });
        let ephemeral = key("_ephemeral").map(Secret::new);
        Self { role, prologue: bytes("_prologue").unwrap(), identity, ephemeral, peer, psk }
    }

    fn engine(&self, pattern: &'static Pattern) -> Engine<'_> {
        let side = engine::Side(self.role, pattern);
        let (peer, psk) = (self.peer.as_ref(), self.psk.as_ref());
        let mut engine = Engine::new(side, Some(&STATICS), &self.identity, peer, psk);
        engine.begin(&self.prologue);
        if let Some(e) = &self.ephemeral {
            engine.fix_e(e);
        }
        engine
    }
}

/// Plays one vector; both sides compute everything, and every byte on the wire is the vector's.
fn play(vector: &Value) {
    let name = vector["protocol_name"].as_str().unwrap();
    let pattern = pattern(name);
    let (i, r) = (Side::new(vector, Role::Initiator, "init"), Side::new(vector, Role::Responder, "resp"));
    let mut sides = [i.engine(pattern), r.engine(pattern)];
    let messages: Vec<[Vec<u8>; 2]> = vector["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| ["payload", "ciphertext"].map(|field| hex(message[field].as_str().unwrap())))
        .collect();
    let (handshake, transport) = messages.split_at(pattern.messages.len());

    for (index, [payload, ciphertext]) in handshake.iter().enumerate() {
        let [writer, reader] = if index % 2 == 0 { [0, 1] } else { [1, 0] };
        let mut message = vec![0xee; ciphertext.len() + 5];
        let len = sides[writer].write_message(payload, &mut message).unwrap();
        assert_eq!(&message[..len], ciphertext, "{name}: message {index}");
        assert_eq!(message[len..], [0xee; 5], "{name}: nothing behind the message is touched");
        assert_eq!(
            sides[reader].read_message(&mut message[..len]).unwrap(),
            payload,
            "{name}: payload {index}"
        );
    }

    let hash = hex(vector["handshake_hash"].as_str().unwrap());
    for side in &sides {
        assert_eq!(side.h()[..], hash, "{name}: handshake hash");
    }
    let mut sessions: [Session; 2] = sides.each_mut().map(Engine::finish);
    let one_way = handshake.len() == 1;
    for (index, [payload, ciphertext]) in (handshake.len()..).zip(transport) {
        let [writer, reader] = if one_way || index % 2 == 0 { [0, 1] } else { [1, 0] };
        let mut record = [&payload[..], &[0; 16]].concat();
        sessions[writer].sealer.seal(&mut record).unwrap();
        assert_eq!(&record, ciphertext, "{name}: record {index}");
        assert_eq!(sessions[reader].opener.open(&mut record).unwrap(), payload, "{name}: record {index}");
    }
    assert_eq!(sessions[0].handshake_hash()[..], hash);
}

fn play_all(json: &str) -> usize {
    let vectors: Value = serde_json::from_str(json).unwrap();
    let vectors = vectors["vectors"].as_array().unwrap();
    vectors.iter().for_each(play);
    vectors.len()
}

#[test]
fn noise_7_our_patterns_match_cacophony_byte_for_byte() {
    assert_eq!(play_all(include_str!("cacophony.json")), 3);
}

#[test]
fn noise_7_9_18_every_pattern_of_cacophony_matches_byte_for_byte() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/vectors/noise-cacophony-25519-chachapoly-blake2s.json"
    );
    let Ok(json) = fs::read_to_string(path) else {
        eprintln!("skipped: the collection of vectors is not here");
        return;
    };
    assert_eq!(play_all(&json), 59);
}

#[test]
fn noise_7_5_9_4_our_tables_are_those_of_the_specification() {
    for (ours, name) in [(&KK, "KK"), (&KKPSK0, "KKpsk0"), (&XX, "XX"), (&XXPSK0, "XXpsk0")] {
        let theirs = pattern(&["Noise_", name, "_25519_ChaChaPoly_BLAKE2s"].concat());
        assert_eq!(ours.h, theirs.h, "{name}");
        assert_eq!(ours.known, theirs.known, "{name}");
        assert_eq!(ours.messages, theirs.messages, "{name}");
        assert_eq!(ours.messages.concat().contains(&Token::Psk), name.contains("psk"), "{name}");
    }
}
