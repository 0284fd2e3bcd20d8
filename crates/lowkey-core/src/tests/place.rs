//! Steps whose state lies in a place of the caller's: the same handshake, and nothing stays behind.

use super::common::{Pair, Rng};
use crate::{Error, kk};
use std::prelude::v1::*;

#[test]
fn a_handshake_in_places_is_that_of_the_steps_and_leaves_no_secret_in_them() {
    let (mut rng, mut again) = (Rng(7), Rng(7));
    let keys = Pair::new(&mut rng);
    let same = Pair::new(&mut again);
    let (i, r) = (&keys.initiator, &keys.responder);
    let (mut ours, mut theirs) = (kk::Place::new(), kk::Place::default());
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
    let (mut place, mut wire) = (kk::Place::new(), [0; 48]);

    let initiator = kk::Initiator::new_in(&mut place, &i.identity, &i.peer, None, b"");
    let too_short = initiator.write_message_1(&mut rng.ephemerals(), b"", &mut wire[..47]);
    assert_eq!(too_short.err(), Some(Error::BufferTooSmall));
    assert!(place.is_wiped());

    let initiator = kk::Initiator::new_in(&mut place, &i.identity, &i.peer, None, b"");
    let (initiator, _) = initiator.write_message_1(&mut rng.ephemerals(), b"", &mut wire).unwrap();
    assert_eq!(initiator.read_message_2(&mut [0; 48]).err().unwrap(), Error::Decrypt);
    assert!(place.is_wiped());

    let initiator = kk::Initiator::new_in(&mut place, &i.identity, &i.peer, None, b"");
    drop(initiator.write_message_1(&mut rng.ephemerals(), b"", &mut wire).unwrap());
    assert!(place.is_wiped());
}
