//! A [`Link`] in any role with the targets' keys: how it begins, what it answers, and what it is after an error.

use crate::keys::{KEYS, ephemerals};
use embedded_io::ErrorKind;
use lowkey_transport::{Buffers, Error, Link, Mode, Part, Refusal};

pub(crate) type Any = Link<'static, Vec<u8>>;

/// One that begins in `mode`.
pub(crate) fn initiator(mode: Mode, seed: u64, buffers: Buffers<Vec<u8>>) -> Any {
    let (identity, mut ephemerals) = (&KEYS.initiator.identity, ephemerals(seed));
    let begun = match mode {
        Mode::Kk | Mode::KkPsk0 => {
            let pinning = KEYS.pinning(&KEYS.initiator, mode);
            Link::kk_initiator(pinning, &mut ephemerals, buffers)
        }
        Mode::Xx => Link::xx_initiator(identity, None, &mut ephemerals, buffers),
        Mode::XxPsk0 => Link::xx_psk0_initiator(identity, KEYS.id, &KEYS.psk, &mut ephemerals, buffers),
    };
    begun.expect("the generator never fails")
}

/// Answers the hello that waits, as a responder that offers `mode`.
pub(crate) fn answer(link: &mut Any, mode: Mode, seed: u64) -> Result<(), Error> {
    let mut ephemerals = ephemerals(seed);
    match mode {
        Mode::Kk | Mode::KkPsk0 => link.answer_kk(KEYS.pinning(&KEYS.responder, mode), &mut ephemerals),
        Mode::Xx | Mode::XxPsk0 => link.answer_xx(&KEYS.responder.identity, KEYS.psk(mode), &mut ephemerals),
    }
}

/// After a fatal error: every call gives it, and nothing is delivered.
pub(crate) fn assert_dead(link: &mut Any, error: Error) {
    let dead = Err(error);
    let pinning = KEYS.pinning(&KEYS.responder, Mode::Kk);
    assert_eq!(link.unsent().err(), Some(error));
    assert_eq!(link.on_read(Ok::<_, ErrorKind>(1)), dead);
    assert_eq!(link.on_read(Ok::<_, ErrorKind>(0)), dead);
    assert_eq!(link.receive().err(), Some(error));
    assert!(link.take().is_none());
    assert_eq!(link.read(&mut [0; 9]).err(), Some(error));
    assert_eq!(link.recv_message(&mut [0; 9]).err(), Some(error));
    assert_eq!(link.alive(), dead);
    assert_eq!(link.may_begin(), dead);
    assert_eq!(link.send(b"x").err(), Some(error));
    assert_eq!(link.send_part(b"x", Part::Last).err(), Some(error));
    assert_eq!(link.send_rest(b"x").err(), Some(error));
    assert_eq!(link.write(b"x").err(), Some(error));
    assert_eq!(link.flush().err(), Some(error));
    assert_eq!(link.ping(b"x").err(), Some(error));
    assert_eq!(link.close(), dead);
    assert_eq!(link.step().err(), Some(error));
    assert_eq!(link.accept(), dead);
    assert_eq!(link.refuse(Refusal::BUSY), dead);
    assert_eq!(link.turn_away(pinning), dead);
    assert_eq!(link.answer_kk(pinning, &mut ephemerals(1)), dead);
    assert_eq!(link.answer_xx(&KEYS.responder.identity, None, &mut ephemerals(1)), dead);
    assert_eq!(link.fail(Error::Io(ErrorKind::Other)), error);
}
