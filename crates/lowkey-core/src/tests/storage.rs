//! Steps whose state lies in storage that the caller gives: the same handshake, and nothing stays behind.

use super::common::{Pair, Rng};
use crate::{Error, kk, xx};
use std::prelude::v1::*;

#[test]
fn a_handshake_in_places_is_that_of_the_steps_and_leaves_no_secret_in_them() {
    let (mut rng, mut again) = (Rng(7), Rng(7));
    let keys = Pair::new(&mut rng);
    let same = Pair::new(&mut again);
    let (i, r) = (&keys.initiator, &keys.responder);
    let (mut ours, mut theirs) = (kk::Storage::new(), kk::Storage::default());
    let (mut wire, mut expected) = ([0; 48], [0; 48]);

    let initiator = kk::Initiator::new_in(&mut ours, &i.identity, &i.peer, None, b"prologue");
    let (initiator, _) = initiator.write_message_1(&mut rng.ephemerals(), b"", &mut wire).unwrap();
    let owned = kk::Initiator::new(&same.initiator.identity, &same.initiator.peer, None, b"prologue");
    owned.write_message_1(&mut again.ephemerals(), b"", &mut expected).unwrap();
    assert_eq!(wire, expected);

    let responder = kk::Responder::new_in(&mut theirs, &r.identity, &r.peer, None, b"prologue");
    let (responder, _) = responder.read_message_1(&mut wire).unwrap();
    let (mut at_responder, _) = responder.write_message_2(&mut rng.ephemerals(), b"", &mut wire).unwrap();
    let (mut at_initiator, _) = initiator.read_message_2(&mut wire).unwrap();
    assert!(ours.is_wiped() && theirs.is_wiped());

    let mut record = *b"text................";
    at_initiator.sealer.seal(&mut record).unwrap();
    assert_eq!(at_responder.opener.open(&mut record).unwrap(), b"text");
}

#[test]
fn a_place_is_wiped_when_an_attempt_fails_or_is_given_up() {
    let mut rng = Rng(8);
    let keys = Pair::new(&mut rng);
    let i = &keys.initiator;
    let (mut storage, mut wire) = (kk::Storage::new(), [0; 48]);

    let initiator = kk::Initiator::new_in(&mut storage, &i.identity, &i.peer, None, b"");
    let too_short = initiator.write_message_1(&mut rng.ephemerals(), b"", &mut wire[..47]);
    assert_eq!(too_short.err(), Some(Error::BufferTooSmall));
    assert!(storage.is_wiped());

    let initiator = kk::Initiator::new_in(&mut storage, &i.identity, &i.peer, None, b"");
    let (initiator, _) = initiator.write_message_1(&mut rng.ephemerals(), b"", &mut wire).unwrap();
    assert_eq!(initiator.read_message_2(&mut [0; 48]).err().unwrap(), Error::Decrypt);
    assert!(storage.is_wiped());

    let initiator = kk::Initiator::new_in(&mut storage, &i.identity, &i.peer, None, b"");
    drop(initiator.write_message_1(&mut rng.ephemerals(), b"", &mut wire).unwrap());
    assert!(storage.is_wiped());
}

#[test]
fn a_step_can_be_parked_and_goes_on_only_as_what_it_is() {
    let mut rng = Rng(9);
    let keys = Pair::new(&mut rng);
    let (i, r) = (&keys.initiator, &keys.responder);
    let (mut ours, mut theirs, mut wire) = (xx::Storage::new(), xx::Storage::new(), [0; 96]);
    assert!(kk::AwaitMessage2::resume(&mut ours).is_none());

    let step = xx::Initiator::new_in(&mut ours, &i.identity, None, b"");
    let (step, len) = step.write_message_1(&mut rng.ephemerals(), b"", &mut wire).unwrap();
    step.park();
    let step = xx::Responder::new_in(&mut theirs, &r.identity, None, b"");
    let (step, _) = step.read_message_1(&mut wire[..len]).unwrap();
    let (step, _) = step.write_message_2(&mut rng.ephemerals(), b"", &mut wire).unwrap();
    step.park();
    assert!(!ours.is_wiped() && !theirs.is_wiped());
    assert_eq!(ours.peer_key(), None);
    assert!(kk::AwaitMessage2::resume(&mut ours).is_none());
    assert!(xx::AwaitMessage3::resume(&mut ours).is_none());
    assert!(xx::AwaitMessage2::resume(&mut theirs).is_none());

    let step = xx::AwaitMessage2::resume(&mut ours).unwrap();
    let (step, _) = step.read_message_2(&mut wire).unwrap();
    let (at_initiator, len) = step.write_message_3(b"", &mut wire).unwrap();
    let step = xx::AwaitMessage3::resume(&mut theirs).unwrap();
    let (at_responder, _) = step.read_message_3(&mut wire[..len]).unwrap();
    assert_eq!(at_initiator.handshake_hash(), at_responder.handshake_hash());
    assert!(ours.is_wiped() && theirs.is_wiped());
    assert_eq!(ours.peer_key(), Some(r.identity.public_key()));
    assert!(xx::AwaitMessage2::resume(&mut ours).is_none());
    assert!(xx::AwaitMessage3::resume(&mut theirs).is_none());
}

#[test]
fn a_parked_attempt_is_wiped_when_its_place_is_taken_by_another() {
    let mut rng = Rng(10);
    let keys = Pair::new(&mut rng);
    let i = &keys.initiator;
    let (mut storage, mut wire) = (kk::Storage::new(), [0; 48]);
    for _ in 0..2 {
        let step = kk::Initiator::new_in(&mut storage, &i.identity, &i.peer, None, b"");
        let (step, _) = step.write_message_1(&mut rng.ephemerals(), b"", &mut wire).unwrap();
        step.park();
    }
    let step = kk::AwaitMessage2::resume(&mut storage).unwrap();
    assert_eq!(step.read_message_2(&mut [0; 48]).err(), Some(Error::Decrypt));
    assert!(storage.is_wiped());
}

/// It would go on with zeros for keys.
#[test]
fn a_wiped_attempt_is_not_resumed_as_one_that_was_parked() {
    let mut rng = Rng(11);
    let keys = Pair::new(&mut rng);
    let (i, r) = (&keys.initiator, &keys.responder);
    let (mut ours, mut theirs, mut wire) = (kk::Storage::new(), xx::Storage::new(), [0; 96]);

    // given up with message 1 on its way, and once more after it was parked
    let step = kk::Initiator::new_in(&mut ours, &i.identity, &i.peer, None, b"");
    drop(step.write_message_1(&mut rng.ephemerals(), b"", &mut wire).unwrap());
    assert!(ours.is_wiped() && kk::AwaitMessage2::resume(&mut ours).is_none());
    let step = kk::Initiator::new_in(&mut ours, &i.identity, &i.peer, None, b"");
    step.write_message_1(&mut rng.ephemerals(), b"", &mut wire).unwrap().0.park();
    drop(kk::AwaitMessage2::resume(&mut ours).unwrap());
    assert!(ours.is_wiped() && kk::AwaitMessage2::resume(&mut ours).is_none());

    let step = xx::Initiator::new_in(&mut ours, &i.identity, None, b"");
    let (step, len) = step.write_message_1(&mut rng.ephemerals(), b"", &mut wire).unwrap();
    step.park();
    drop(xx::AwaitMessage2::resume(&mut ours).unwrap());
    assert!(ours.is_wiped() && xx::AwaitMessage2::resume(&mut ours).is_none());

    let step = xx::Responder::new_in(&mut theirs, &r.identity, None, b"");
    let (step, _) = step.read_message_1(&mut wire[..len]).unwrap();
    step.write_message_2(&mut rng.ephemerals(), b"", &mut wire).unwrap().0.park();
    drop(xx::AwaitMessage3::resume(&mut theirs).unwrap());
    assert!(theirs.is_wiped() && xx::AwaitMessage3::resume(&mut theirs).is_none());
}
