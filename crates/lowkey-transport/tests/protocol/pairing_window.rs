//! §6: what a responder answers while it offers pairing, and when it does not.

use crate::support::KEYS;
use crate::support::keys::ephemerals;
use crate::support::links::{self, Any, XX, advance, initiator, unsent};
use crate::support::page::frame;
use lowkey_core::Id;
use lowkey_transport::{Error, Link, Mode, Pairing, Refusal, Step, Window};

fn pairing() -> Pairing<'static> {
    KEYS.pairing(&KEYS.responder.identity)
}

/// What a responder with this window answers to a first frame.
fn answer(window: &mut Window<'static>, first: &[u8]) -> (Vec<u8>, Result<Step, Error>) {
    let mut link = hello(first);
    window.answer(&mut link, &mut ephemerals(2)).unwrap();
    let mut answer = vec![];
    let step = advance(&mut link, &mut vec![], &mut answer);
    (answer, step)
}

/// A responder that has read a first frame.
fn hello(first: &[u8]) -> Any {
    let mut link = links::responder();
    assert_eq!(advance(&mut link, &mut first.to_vec(), &mut vec![]), Ok(Step::Hello));
    link
}

fn declined(refusal: Refusal) -> (Vec<u8>, Result<Step, Error>) {
    (frame(&[refusal.code()]), Err(Error::Declined(refusal)))
}

/// hello ‖ message 1 of an initiator with a new ephemeral.
fn message_1(seed: u64) -> Vec<u8> {
    let identity = &KEYS.initiator.identity;
    let begun =
        Link::xx_psk0_initiator(identity, KEYS.id, &KEYS.psk, &mut ephemerals(seed), links::buffers());
    unsent(&mut begun.unwrap())
}

#[test]
fn pairing_without_a_window_is_refused_as_a_mode_that_is_not_offered() {
    for mode in XX {
        let mut link = hello(&unsent(&mut initiator(mode)));
        link.answer(&mut ephemerals(2), |_| panic!("no pinning is asked for")).unwrap();
        let mut refusal = vec![];
        let step = advance(&mut link, &mut vec![], &mut refusal);
        assert_eq!((refusal, step), declined(Refusal::MODE));
    }
}

#[test]
fn pairing_a_window_offers_one_code_in_one_mode() {
    let mut window = Window::new(pairing());
    for mode in [Mode::Kk, Mode::KkPsk0, Mode::Xx] {
        assert_eq!(answer(&mut window, &unsent(&mut initiator(mode))), declined(Refusal::MODE), "{mode:?}");
    }
    let other = Window::new(Pairing { code: Id::new(b"another8").unwrap(), ..pairing() });
    assert_eq!(answer(&mut { other }, &message_1(1)), declined(Refusal::REFUSED));
    let (message_2, step) = answer(&mut window, &message_1(1));
    assert_eq!((message_2.len(), step), (2 + 98, Ok(Step::Read)));
}

#[test]
fn pairing_a_recorded_message_1_is_refused_in_its_window() {
    let mut window = Window::new(pairing());
    let (first, second) = (message_1(1), message_1(2));
    assert_eq!(answer(&mut window, &first).1, Ok(Step::Read));
    assert_eq!(answer(&mut window, &second).1, Ok(Step::Read));
    for recorded in [&first, &second] {
        assert_eq!(answer(&mut window, recorded), declined(Refusal::REFUSED));
    }
    assert_eq!(answer(&mut window, &message_1(3)).1, Ok(Step::Read), "others are still answered");
    assert_eq!(
        answer(&mut Window::new(pairing()), &first).1,
        Ok(Step::Read),
        "another window has not seen it"
    );
}

/// Somebody without the code cannot wear it out, nor keep out an ephemeral that it has seen on the line.
#[test]
fn pairing_a_window_remembers_only_what_has_opened() {
    let mut window = Window::new(pairing());
    let refused = (frame(&[Refusal::REFUSED.code()]), Err(Error::Handshake));
    for seed in 0..100 {
        let mut forged = message_1(seed);
        *forged.last_mut().unwrap() ^= 1;
        assert_eq!(answer(&mut window, &forged), refused);
    }
    for seed in 0..Window::ATTEMPTS as u64 {
        assert_eq!(answer(&mut window, &message_1(seed)).1, Ok(Step::Read), "{seed}");
    }
    assert_eq!(answer(&mut window, &message_1(1_000)), declined(Refusal::REFUSED), "it is worn out");
}

#[test]
fn pairing_a_window_answers_only_a_hello() {
    let mut window = Window::new(pairing());
    assert_eq!(window.answer(&mut links::responder(), &mut ephemerals(2)), Err(Error::OutOfTurn));
}
