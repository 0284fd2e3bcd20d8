//! Handshakes with the wrong keys, the wrong bytes or the wrong sizes: an error, never a session.

mod common;

use common::{Mode, Pair, Rng, Side, Step, play, seal, sessions};
use lowkey_core::{Error, Identity, MAX_MESSAGE, Peer, Psk, Session, kk, xx};

const PROLOGUE: &[u8] = b"lowkey/1 and a hello";

/// One handshake in `mode`; `tamper` may change each message.
fn tampered(
    mode: Mode,
    keys: &Pair,
    rng: &mut Rng,
    tamper: impl FnMut(usize, &mut Vec<u8>),
) -> Result<(Session, Session), (usize, Error)> {
    let (i, r) = (keys.initiator.initiate(mode, PROLOGUE), keys.responder.respond(mode, PROLOGUE));
    play(i, r, mode.overheads().len(), rng, tamper)
}

/// The length of message `index`, with the payload that [`play`] puts in.
fn message_len(mode: Mode, index: usize) -> usize {
    mode.overheads()[index] + index * 7 + 3
}

/// Where a change in message `index` shows: at once, but in XX's message 1, which carries no tag.
fn shows_in(mode: Mode, index: usize) -> usize {
    if mode == Mode::Xx && index == 0 { 1 } else { index }
}

#[test]
fn every_flipped_byte_of_every_message_ends_the_handshake() {
    let mut rng = Rng(1);
    let keys = Pair::new(&mut rng);
    for mode in Mode::ALL {
        for index in 0..mode.overheads().len() {
            for at in 0..message_len(mode, index) {
                let flip = [1, 0x80, 0xff][at % 3];
                let ended = tampered(mode, &keys, &mut rng, |number, message| {
                    if number == index {
                        message[at] ^= flip;
                    }
                });
                let want = (shows_in(mode, index), Error::Decrypt);
                assert_eq!(ended.err(), Some(want), "{mode:?}: byte {at} of message {index}");
            }
        }
    }
}

/// X25519 ignores the top bit of a public key; the handshake hash does not.
#[test]
fn noise_12_1_the_unused_bit_of_an_ephemeral_is_authenticated() {
    let mut rng = Rng(2);
    let keys = Pair::new(&mut rng);
    for mode in Mode::ALL {
        for index in 0..2 {
            let ended = tampered(mode, &keys, &mut rng, |number, message| {
                if number == index {
                    message[31] ^= 0x80;
                }
            });
            assert_eq!(ended.err(), Some((shows_in(mode, index), Error::Decrypt)));
        }
    }
}

#[test]
fn every_truncated_or_lengthened_message_ends_the_handshake() {
    let mut rng = Rng(3);
    let keys = Pair::new(&mut rng);
    for mode in Mode::ALL {
        for (index, overhead) in mode.overheads().iter().enumerate() {
            let whole = message_len(mode, index);
            for len in (0..whole).chain([whole + 1, whole + 64]) {
                let ended = tampered(mode, &keys, &mut rng, |number, message| {
                    if number == index {
                        message.resize(len, 0);
                    }
                });
                let want = match ended.err().unwrap() {
                    (at, Error::Truncated) => at == index && len < *overhead,
                    (at, Error::Decrypt) => at == shows_in(mode, index) || len < *overhead,
                    _ => false,
                };
                assert!(want, "{mode:?}: {len} of {whole} bytes of message {index}");
            }
        }
    }
}

#[test]
fn another_prologue_ends_the_handshake() {
    let mut rng = Rng(4);
    let keys = Pair::new(&mut rng);
    for mode in Mode::ALL {
        for other in [&b""[..], b"lowkey/1 and a hellp", b"lowkey/1 and a hello "] {
            let (i, r) = (keys.initiator.initiate(mode, PROLOGUE), keys.responder.respond(mode, other));
            let ended = play(i, r, mode.overheads().len(), &mut rng, |_, _| {});
            assert_eq!(ended.err(), Some((shows_in(mode, 0), Error::Decrypt)));
        }
    }
}

#[test]
fn in_kk_a_wrong_static_key_on_either_side_ends_the_handshake() {
    let mut rng = Rng(5);
    let (keys, others) = (Pair::new(&mut rng), Pair::new(&mut rng));
    for mode in [Mode::Kk, Mode::KkPsk0] {
        let pinning_a_stranger = |ours: usize| {
            let identity = Identity::new(keys.secrets[ours].duplicate()).unwrap();
            let peer = Peer::pin(&identity, others.initiator.identity.public_key()).unwrap();
            Side { identity, peer, psk: Psk::new(keys.psk.duplicate()).unwrap() }
        };
        // The initiator expects somebody else; the responder expects somebody else.
        let [wrong_i, wrong_r] = [0, 1].map(pinning_a_stranger);
        for (i, r) in [(&wrong_i, &keys.responder), (&keys.initiator, &wrong_r), (&wrong_i, &wrong_r)] {
            let ended = play(i.initiate(mode, b""), r.respond(mode, b""), 2, &mut rng, |_, _| {});
            assert_eq!(ended.err(), Some((0, Error::Decrypt)));
        }
        // A stranger who knows both public keys and the PSK, but neither private key.
        let stranger = Side {
            identity: Identity::from_parts(
                others.secrets[0].duplicate(),
                keys.initiator.identity.public_key(),
            )
            .unwrap(),
            peer: Peer::pin(&others.initiator.identity, keys.responder.identity.public_key()).unwrap(),
            psk: Psk::new(keys.psk.duplicate()).unwrap(),
        };
        let (i, r) = (stranger.initiate(mode, b""), keys.responder.respond(mode, b""));
        assert_eq!(play(i, r, 2, &mut rng, |_, _| {}).err(), Some((0, Error::Decrypt)));
    }
}

/// Whoever has stolen the static-static secret can write message 1, and gets no further.
#[test]
fn in_kk_without_the_responders_key_message_2_cannot_be_made() {
    let mut rng = Rng(6);
    let (keys, others) = (Pair::new(&mut rng), Pair::new(&mut rng));
    let i = &keys.initiator;
    let imposter =
        Identity::from_parts(others.secrets[1].duplicate(), keys.responder.identity.public_key()).unwrap();
    let ss = keys.responder.peer.shared_secret().duplicate();
    let peer = Peer::from_parts(&imposter, i.identity.public_key(), ss).unwrap();
    let r = Step::KkResponder(kk::Responder::new(&imposter, &peer, None, b""));
    let ended = play(i.initiate(Mode::Kk, b""), r, 2, &mut rng, |_, _| {});
    assert_eq!(ended.err(), Some((0, Error::Decrypt)));
}

#[test]
fn noise_9_a_wrong_or_missing_psk_ends_the_handshake() {
    let mut rng = Rng(7);
    let mut keys = Pair::new(&mut rng);
    for (with, without) in [(Mode::KkPsk0, Mode::Kk), (Mode::XxPsk0, Mode::Xx)] {
        let messages = with.overheads().len();
        let (i, r) = (keys.initiator.initiate(with, b""), keys.responder.respond(without, b""));
        assert!(matches!(play(i, r, messages, &mut rng, |_, _| {}), Err((_, Error::Decrypt))));
        let (i, r) = (keys.initiator.initiate(without, b""), keys.responder.respond(with, b""));
        let ended = play(i, r, messages, &mut rng, |_, _| {});
        assert!(matches!(ended, Err((0, Error::Decrypt | Error::Truncated))));
    }
    keys.responder.psk = Psk::new(rng.secret()).unwrap();
    for mode in [Mode::KkPsk0, Mode::XxPsk0] {
        let ended = tampered(mode, &keys, &mut rng, |_, _| {});
        assert_eq!(ended.err(), Some((0, Error::Decrypt)), "a stranger is refused at message 1");
    }
}

#[test]
fn a_reflected_message_ends_the_handshake() {
    let mut rng = Rng(8);
    let keys = Pair::new(&mut rng);
    let mut message = [0; 96];
    for mode in Mode::ALL {
        // Our message 1 comes back as message 2.
        let step = keys.initiator.initiate(mode, b"");
        let (step, n) = step.write(&mut rng.ephemerals(), b"", &mut message).unwrap();
        assert!(matches!(step.read(&mut message[..n]).err(), Some(Error::Decrypt | Error::Truncated)));
        // And as a message 1 to our own responder, where we serve as well.
        let also_responder = keys.initiator.respond(mode, b"");
        let (_, n) =
            keys.initiator.initiate(mode, b"").write(&mut rng.ephemerals(), b"", &mut message).unwrap();
        match also_responder.read(&mut message[..n]) {
            Err(error) => assert!(mode.is_kk() && error == Error::Decrypt),
            Ok(_) => assert!(!mode.is_kk(), "in XX we answer ourselves, see the next test"),
        }
        // Message 2 comes back as message 3.
        if !mode.is_kk() {
            let (_, n) =
                keys.initiator.initiate(mode, b"").write(&mut rng.ephemerals(), b"", &mut message).unwrap();
            let (step, _) = keys.responder.respond(mode, b"").read(&mut message[..n]).unwrap();
            let (step, n) = step.write(&mut rng.ephemerals(), b"", &mut message).unwrap();
            assert_eq!(step.read(&mut message[..n]).err(), Some(Error::Decrypt));
        }
    }
}

#[test]
fn in_xx_a_handshake_with_ourselves_is_refused() {
    let mut rng = Rng(9);
    let keys = Pair::new(&mut rng);
    for mode in [Mode::Xx, Mode::XxPsk0] {
        let (i, r) = (keys.initiator.initiate(mode, b""), keys.initiator.respond(mode, b""));
        assert_eq!(play(i, r, 3, &mut rng, |_, _| {}).err(), Some((1, Error::OwnKey)));
    }
}

#[test]
fn a_replayed_message_1_opens_at_a_fresh_responder_and_leads_to_other_keys() {
    let mut rng = Rng(10);
    let keys = Pair::new(&mut rng);
    for mode in [Mode::Kk, Mode::KkPsk0] {
        let mut recorded = [0; 52];
        let step = keys.initiator.initiate(mode, b"");
        let (waiting, _) = step.write(&mut rng.ephemerals(), b"1234", &mut recorded).unwrap();
        let mut answer = || {
            let (step, payload) = keys.responder.respond(mode, b"").read(&mut recorded.clone()).unwrap();
            assert_eq!(payload, b"1234");
            let mut message = [0; 48];
            let (step, _) = step.write(&mut rng.ephemerals(), b"", &mut message).unwrap();
            (step.session(), message)
        };
        let (mut genuine, mut message_2) = answer();
        let (mut replayed, _) = answer();
        let mut device = waiting.read(&mut message_2).unwrap().0.session();
        let record = seal(&mut device, b"hello");
        assert_eq!(replayed.opener.open(&mut record.clone()), Err(Error::Decrypt));
        assert_eq!(genuine.opener.open(&mut record.clone()).unwrap(), b"hello");
        assert_ne!(replayed.handshake_hash(), genuine.handshake_hash());
    }
}

#[test]
fn noise_11_2_every_handshake_has_a_hash_of_its_own_that_both_sides_share() {
    let mut rng = Rng(11);
    let keys = Pair::new(&mut rng);
    let mut seen = std::collections::BTreeSet::new();
    for mode in Mode::ALL {
        for _ in 0..4 {
            let (i, r) = sessions(mode, &keys, b"", &mut rng);
            assert_eq!(i.handshake_hash(), r.handshake_hash());
            assert!(seen.insert(*i.handshake_hash()));
        }
    }
}

/// Every length that is too short for the message, in every mode and turn; then the exact one.
#[test]
fn an_output_buffer_of_any_length_too_short_is_an_error() {
    let mut rng = Rng(12);
    let keys = Pair::new(&mut rng);
    for mode in Mode::ALL {
        for (index, overhead) in mode.overheads().iter().enumerate() {
            for payload in [&b""[..], b"parameters"] {
                let needed = overhead + payload.len();
                for room in 0..=needed {
                    let step = step_before(mode, index, &keys, &mut rng);
                    let mut out = vec![0xee; room];
                    let written = step.write(&mut rng.ephemerals(), payload, &mut out);
                    let want = if room < needed { Err(Error::BufferTooSmall) } else { Ok(needed) };
                    assert_eq!(written.map(|(_, n)| n), want, "{mode:?}: message {index} in {room} bytes");
                }
            }
        }
    }
}

/// The state that is about to write message `index`.
fn step_before<'k>(mode: Mode, index: usize, keys: &'k Pair, rng: &mut Rng) -> Step<'k> {
    let mut turn = [keys.initiator.initiate(mode, b""), keys.responder.respond(mode, b"")];
    for _ in 0..index {
        let [writer, reader] = turn;
        let mut message = [0; 96];
        let (writer, n) = writer.write(&mut rng.ephemerals(), b"", &mut message).unwrap();
        let (reader, _) = reader.read(&mut message[..n]).unwrap();
        turn = [reader, writer];
    }
    let [next, _] = turn;
    next
}

#[test]
fn noise_3_messages_have_up_to_65535_bytes() {
    let mut rng = Rng(13);
    let keys = Pair::new(&mut rng);
    for mode in Mode::ALL {
        let most = MAX_MESSAGE - mode.overheads()[0];
        let mut out = vec![0; MAX_MESSAGE + 100];
        let step = keys.initiator.initiate(mode, b"");
        let longer = step.write(&mut rng.ephemerals(), &vec![1; most + 1], &mut out);
        assert_eq!(longer.err(), Some(Error::BufferTooSmall));
        let step = keys.initiator.initiate(mode, b"");
        let (_, n) = step.write(&mut rng.ephemerals(), &vec![1; most], &mut out).unwrap();
        assert_eq!(n, MAX_MESSAGE);
        let (_, payload) = keys.responder.respond(mode, b"").read(&mut out[..n]).unwrap();
        assert_eq!(payload, vec![1; most]);
        let longer = keys.responder.respond(mode, b"").read(&mut out[..n + 1]);
        assert_eq!(longer.err(), Some(Error::BufferTooSmall));
    }
}

#[test]
fn in_xx_the_claim_names_the_key_that_was_proven() {
    let mut rng = Rng(14);
    let keys = Pair::new(&mut rng);
    let mut message = [0; 96];
    let i = xx::Initiator::new(&keys.initiator.identity, None, b"");
    let (i, n) = i.write_message_1(&mut rng.ephemerals(), b"", &mut message).unwrap();
    let r = xx::Responder::new(&keys.responder.identity, None, b"");
    let (r, _) = r.read_message_1(&mut message[..n]).unwrap();
    let (r, n) = r.write_message_2(&mut rng.ephemerals(), b"", &mut message).unwrap();
    let (i, _) = i.read_message_2(&mut message[..n]).unwrap();
    let (at_initiator, n) = i.write_message_3(b"", &mut message).unwrap();
    let (at_responder, _) = r.read_message_3(&mut message[..n]).unwrap();
    assert_eq!(at_initiator.public_key(), keys.responder.identity.public_key());
    assert_eq!(at_responder.public_key(), keys.initiator.identity.public_key());
    assert_eq!(at_initiator.handshake_hash(), at_responder.handshake_hash());
}
