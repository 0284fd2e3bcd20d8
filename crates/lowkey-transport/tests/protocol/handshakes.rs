//! §2 and §3 between two links of ours: every mode, and everything that two honest sides can have wrong.

use crate::support::links::{
    self, KK, Plain, XX, advance, buffers, events, initiator, last, responder, sent, unsent,
};
use crate::support::page::{frame, parameters};
use crate::support::{Any, KEYS, keys::Dry, keys::Side, keys::ephemerals, keys::ephemerals_of};
use lowkey_core::Id;
use lowkey_transport::{Buffers, Error, Hello, Link, Mode, Pinning, Refusal, Step};

#[test]
fn handshake_kk_and_kkpsk0_open_a_channel_both_ways() {
    for mode in KK {
        let (mut a, mut b) = links::open_in(mode, buffers(), buffers());
        assert_eq!(a.handshake_hash(), b.handshake_hash());
        assert!(a.handshake_hash().is_some());
        assert_eq!(events(&mut b, &sent(&mut a, b"to b")), [last(b"to b")]);
        assert_eq!(events(&mut a, &sent(&mut b, b"to a")), [last(b"to a")]);
    }
}

#[test]
fn handshake_xx_and_xxpsk0_prove_both_keys_and_agree_on_the_hash() {
    for mode in XX {
        let (mut a, mut b) = (initiator(mode), responder());
        let (mut to_a, mut to_b) = (vec![], vec![]);
        advance(&mut a, &mut to_a, &mut to_b).unwrap();
        assert_eq!(advance(&mut b, &mut to_b, &mut to_a), Ok(Step::Hello));
        links::answer(&mut b, mode).unwrap();
        assert_eq!(advance(&mut b, &mut to_b, &mut to_a), Ok(Step::Read));
        assert_eq!(advance(&mut a, &mut to_a, &mut to_b), Ok(Step::Read));
        assert_eq!(advance(&mut b, &mut to_b, &mut to_a), Ok(Step::Claim));
        assert_eq!(a.handshake_hash(), b.handshake_hash());
        assert_eq!(a.proven_key(), Some(KEYS.responder.identity.public_key()));
        assert_eq!(b.proven_key(), Some(KEYS.initiator.identity.public_key()));
    }
}

#[test]
fn handshake_a_link_that_is_done_lets_go_of_the_keys_it_was_lent() {
    let device = Side::new(KEYS.initiator.secret, KEYS.responder.identity.public_key());
    let pinning = Pinning { id: KEYS.id, identity: &device.identity, peer: &device.peer, psk: None };
    let mut a = Link::kk_initiator(pinning, &mut ephemerals(1), buffers()).unwrap();
    let mut b = responder();
    assert_eq!(links::meet(&mut a, &mut b, Mode::Kk), Ok((Step::Done, Step::Done)));
    let mut a: Any = a.settle();
    drop(device);
    assert_eq!(events(&mut b, &sent(&mut a, b"settled")), [last(b"settled")]);
    assert_eq!(a.proven_key(), Some(KEYS.responder.identity.public_key()));
    assert_eq!(a.handshake_hash(), b.handshake_hash());
}

#[test]
fn handshake_a_link_begins_once() {
    let (pinning, identity) = (KEYS.initiator_pinning(Mode::KkPsk0), &KEYS.initiator.identity);
    let mut link: Any = Link::new(buffers());
    assert_eq!(link.step(), Err(Error::OutOfTurn));
    assert_eq!(link.unsent(), Ok(&[][..]));
    assert_eq!(link.initiate_kk(pinning, &mut ephemerals(1)), Ok(()));
    let first = unsent(&mut link);
    assert_eq!(link.initiate_kk(pinning, &mut ephemerals(2)), Err(Error::OutOfTurn));
    assert_eq!(link.initiate_xx(identity, None, &mut ephemerals(2)), Err(Error::OutOfTurn));
    assert_eq!(
        link.initiate_xx_psk0(identity, KEYS.id, &KEYS.psk, &mut ephemerals(2)),
        Err(Error::OutOfTurn)
    );
    assert_eq!(link.respond(), Err(Error::OutOfTurn));
    assert_eq!(link.step(), Ok(Step::Read));
    assert_eq!(first, unsent(&mut initiator(Mode::KkPsk0)));
}

#[test]
fn handshake_a_link_whose_ephemeral_could_not_be_made_has_not_begun() {
    let pinning = KEYS.initiator_pinning(Mode::Kk);
    let mut link: Any = Link::new(buffers());
    assert_eq!(link.initiate_kk(pinning, &mut ephemerals_of(Dry)), Err(Error::Entropy));
    assert_eq!(link.unsent(), Ok(&[][..]));
    assert_eq!(link.initiate_kk(pinning, &mut ephemerals(1)), Ok(()));
    assert_eq!(unsent(&mut link), unsent(&mut initiator(Mode::Kk)));
}

#[test]
fn handshake_the_peer_s_key_is_proven_when_its_first_record_has_opened() {
    let (mut a, mut b) = (initiator(Mode::Kk), responder());
    let (mut to_a, mut to_b) = (vec![], vec![]);
    assert_eq!(advance(&mut a, &mut to_a, &mut to_b), Ok(Step::Read));
    assert_eq!(advance(&mut b, &mut to_b, &mut to_a), Ok(Step::Hello));
    links::answer(&mut b, Mode::Kk).unwrap();
    assert_eq!((a.proven_key(), b.proven_key()), (None, None));
    assert_eq!(links::meet(&mut a, &mut b, Mode::Kk), Ok((Step::Done, Step::Done)));
    assert_eq!(a.proven_key(), Some(KEYS.responder.identity.public_key()));
    assert_eq!(b.proven_key(), Some(KEYS.initiator.identity.public_key()));
}

/// A byte at a time, each side gets exactly what it asks for and the next frame stays where it is.
#[test]
fn frames_may_come_in_any_pieces() {
    let (mut from, mut to) = (initiator(Mode::KkPsk0), responder());
    let mut done = 0;
    for _ in 0..2_000 {
        match from.step().unwrap() {
            Step::Write => {
                let byte = from.unsent().unwrap()[0];
                from.wrote(1);
                to.space()[0] = byte;
                to.filled(1).unwrap();
            }
            Step::Hello => links::answer(&mut from, Mode::KkPsk0).unwrap(),
            Step::Done => done += 1,
            _ => (),
        }
        std::mem::swap(&mut from, &mut to);
    }
    assert_eq!((from.step(), to.step()), (Ok(Step::Done), Ok(Step::Done)));
    assert!(done > 1_000, "each byte took a turn or two");
}

#[test]
fn frames_bytes_that_a_driver_has_are_taken_up_to_the_end_of_one() {
    let frame = initiator(Mode::Kk).unsent().unwrap().to_vec();
    let (first, rest) = frame.split_at(1);
    let mut link = responder();
    assert_eq!(link.feed(first), Ok(1));
    assert_eq!(link.feed(&[rest, b"more"].concat()), Ok(rest.len()));
    assert_eq!(link.feed(b"more"), Ok(0)); // the frame waits
    assert_eq!(link.step(), Ok(Step::Hello));
    assert_eq!(link.first_frame(), Some(&frame[2..]));
    let mut link = responder();
    assert_eq!(link.feed(b"\0\0more"), Err(Error::EmptyFrame));
    assert_eq!(link.feed(b""), Err(Error::EmptyFrame));
}

/// What both sides say at the end, and the refusal that went over the wire.
fn refused(mut a: Any, answer: impl FnOnce(&mut Any) -> Result<(), Error>) -> (Error, Error, Vec<u8>) {
    let mut b = responder();
    let (mut to_a, mut to_b) = (vec![], vec![]);
    advance(&mut a, &mut to_a, &mut to_b).unwrap();
    assert_eq!(advance(&mut b, &mut to_b, &mut to_a), Ok(Step::Hello));
    answer(&mut b).unwrap();
    let theirs = advance(&mut b, &mut to_b, &mut to_a).unwrap_err();
    links::assert_dead(&mut b, theirs);
    let wire = to_a.clone();
    let ours = advance(&mut a, &mut to_a, &mut to_b).unwrap_err();
    links::assert_dead(&mut a, ours);
    assert!(to_b.is_empty());
    (ours, theirs, wire)
}

#[test]
fn refusal_is_one_byte_and_then_both_sides_are_over() {
    for (refusal, code) in [
        (Refusal::VERSION, 1),
        (Refusal::MODE, 2),
        (Refusal::BUSY, 3),
        (Refusal::REFUSED, 4),
        (Refusal::new(9), 9),
    ] {
        for mode in [KK, XX].concat() {
            let ended = refused(initiator(mode), |b| b.refuse(refusal));
            assert_eq!(ended, (Error::Refused(refusal), Error::Declined(refusal), frame(&[code])));
        }
    }
}

fn assert_refused((ours, theirs, wire): (Error, Error, Vec<u8>)) {
    assert_eq!((ours, theirs), (Error::Refused(Refusal::REFUSED), Error::Handshake));
    assert_eq!(wire, frame(&[4]));
}

#[test]
fn pinnings_another_mode_than_the_pinnings_is_refused_both_ways() {
    for (asked, pinned) in [(Mode::Kk, Mode::KkPsk0), (Mode::KkPsk0, Mode::Kk)] {
        assert_refused(refused(initiator(asked), |b| links::answer(b, pinned)));
    }
    for (asked, offered) in [(Mode::Xx, Mode::XxPsk0), (Mode::XxPsk0, Mode::Xx)] {
        assert_refused(refused(initiator(asked), |b| links::answer(b, offered)));
    }
    // KK answered as XX and the other way round
    assert_refused(refused(initiator(Mode::Kk), |b| links::answer(b, Mode::Xx)));
    assert_refused(refused(initiator(Mode::Xx), |b| links::answer(b, Mode::Kk)));
}

#[test]
fn handshake_a_stranger_and_a_wrong_psk_are_refused_by_the_responder() {
    for mode in KK {
        let stranger = KEYS.pinning(&KEYS.stranger, mode);
        let link = Link::kk_initiator(stranger, &mut ephemerals(1), buffers()).unwrap();
        assert_refused(refused(link, |b| links::answer(b, mode)));
    }
    let other = Pinning { psk: Some(&KEYS.other_psk), ..KEYS.initiator_pinning(Mode::KkPsk0) };
    let link = Link::kk_initiator(other, &mut ephemerals(1), buffers()).unwrap();
    assert_refused(refused(link, |b| links::answer(b, Mode::KkPsk0)));
    let (identity, psk) = (&KEYS.initiator.identity, &KEYS.other_psk);
    let link = Link::xx_psk0_initiator(identity, KEYS.id, psk, &mut ephemerals(1), buffers()).unwrap();
    assert_refused(refused(link, |b| links::answer(b, Mode::XxPsk0)));
}

/// The stolen key of an initiator lets nobody play the responder to it: message 2 would not open. Here
/// the initiator has pinned somebody else, and already message 1 does not open.
#[test]
fn handshake_an_initiator_that_expects_somebody_else_is_refused() {
    let wrong = Pinning { peer: &KEYS.responder.peer, ..KEYS.pinning(&KEYS.stranger, Mode::Kk) };
    let link = Link::kk_initiator(wrong, &mut ephemerals(1), buffers()).unwrap();
    assert_refused(refused(link, |b| links::answer(b, Mode::Kk)));
}

#[test]
fn refusal_a_hidden_id_is_turned_away_even_if_message_1_opens() {
    for mode in KK {
        assert_refused(refused(initiator(mode), |b| b.turn_away(KEYS.responder_pinning(mode))));
        assert_refused(refused(initiator(mode), |b| b.turn_away(KEYS.responder_pinning(Mode::KkPsk0))));
    }
}

#[test]
fn refusal_answer_offers_no_pairing_and_refuses_what_it_does_not_know() {
    for mode in XX {
        let ended = refused(initiator(mode), |b| b.answer(&mut ephemerals(2), |_| panic!("nobody is asked")));
        assert_eq!(ended, (Error::Refused(Refusal::MODE), Error::Declined(Refusal::MODE), vec![0, 1, 2]));
    }
    let ended = refused(initiator(Mode::Kk), |b| {
        b.answer(&mut ephemerals(2), |hello| {
            assert_eq!(hello.id, Some(KEYS.id));
            None
        })
    });
    assert_eq!(ended, (Error::Refused(Refusal::REFUSED), Error::Declined(Refusal::REFUSED), vec![0, 1, 4]));
}

#[test]
fn handshake_calls_out_of_turn_leave_the_link_usable() {
    let mut b = responder();
    assert_eq!(b.answer(&mut ephemerals(2), |_| None), Err(Error::OutOfTurn));
    assert_eq!(links::answer(&mut b, Mode::Kk), Err(Error::OutOfTurn));
    assert_eq!(links::answer(&mut b, Mode::Xx), Err(Error::OutOfTurn));
    assert_eq!(b.refuse(Refusal::BUSY), Err(Error::OutOfTurn));
    assert_eq!(b.turn_away(KEYS.responder_pinning(Mode::Kk)), Err(Error::OutOfTurn));
    assert_eq!(b.accept(), Err(Error::OutOfTurn));
    assert_eq!(b.may_begin(), Err(Error::NotOpen));
    assert_eq!(b.stage(b"x", lowkey_transport::Part::Last), Err(Error::NotOpen));
    assert_eq!(b.ping(b""), Err(Error::NotOpen));
    assert_eq!(b.close(), Err(Error::NotOpen));
    let mut a = initiator(Mode::Kk);
    assert_eq!(a.close(), Err(Error::NotOpen));
    assert_eq!(a.accept(), Err(Error::OutOfTurn));
    assert_eq!(links::meet(&mut a, &mut b, Mode::Kk), Ok((Step::Done, Step::Done)));
    assert_eq!(links::answer(&mut b, Mode::Kk), Err(Error::OutOfTurn));
    assert_eq!(a.accept(), Err(Error::OutOfTurn));
    assert_eq!(events(&mut b, &sent(&mut a, b"still")), [last(b"still")]);
}

#[test]
fn confirmation_an_unconfirmed_responder_sends_and_delivers_nothing() {
    let (mut a, mut b) = (initiator(Mode::Kk), responder());
    let (mut to_a, mut to_b) = (vec![], vec![]);
    advance(&mut a, &mut to_a, &mut to_b).unwrap();
    advance(&mut b, &mut to_b, &mut to_a).unwrap();
    links::answer(&mut b, Mode::Kk).unwrap();
    assert_eq!(advance(&mut b, &mut to_b, &mut to_a), Ok(Step::Read));
    assert_eq!(b.may_begin(), Err(Error::NotOpen));
    assert_eq!(b.stage(b"too early", lowkey_transport::Part::Last), Err(Error::NotOpen));
    assert_eq!(b.ping(b"too early"), Err(Error::NotOpen));
    assert_eq!(b.close(), Err(Error::NotOpen));
    assert_eq!(unsent(&mut b), b"");
    assert_eq!(advance(&mut a, &mut to_a, &mut to_b), Ok(Step::Done));
    assert_eq!(to_b.len(), 2 + 1 + 16, "the initiator sends an empty PING at once");
    assert_eq!(advance(&mut b, &mut to_b, &mut to_a), Ok(Step::Done));
    assert_eq!(to_a, b"", "an empty PING is not answered");
    assert_eq!(b.may_begin(), Ok(()));
}

#[test]
fn handshake_an_entropy_source_that_fails_ends_the_attempt() {
    let mut dry = ephemerals_of(Dry);
    let begun = Link::kk_initiator(KEYS.initiator_pinning(Mode::Kk), &mut dry, buffers());
    assert_eq!(begun.err(), Some(Error::Entropy));
    for mode in [Mode::Kk, Mode::Xx] {
        let (mut a, mut b) = (initiator(mode), responder());
        let (mut to_a, mut to_b) = (vec![], vec![]);
        advance(&mut a, &mut to_a, &mut to_b).unwrap();
        advance(&mut b, &mut to_b, &mut to_a).unwrap();
        let answered = match mode {
            Mode::Kk => b.answer_kk(KEYS.responder_pinning(mode), &mut dry),
            _ => b.answer_xx(&KEYS.responder.identity, None, &mut dry),
        };
        assert_eq!(answered, Err(Error::Entropy));
        links::assert_dead(&mut b, Error::Entropy);
    }
}

#[test]
fn hello_ids_of_1_to_32_bytes_and_in_xx_none_arrive_as_sent() {
    for len in [1, 8, 32] {
        let id = Id::new(&vec![7; len]).unwrap();
        let pinning = Pinning { id, ..KEYS.initiator_pinning(Mode::KkPsk0) };
        let mut a = Link::kk_initiator(pinning, &mut ephemerals(1), buffers()).unwrap();
        let mut b = responder();
        let (mut to_a, mut to_b) = (vec![], vec![]);
        advance(&mut a, &mut to_a, &mut to_b).unwrap();
        advance(&mut b, &mut to_b, &mut to_a).unwrap();
        assert_eq!(b.hello(), Some(Hello { mode: Mode::KkPsk0, id: Some(id) }));
        links::answer(&mut b, Mode::KkPsk0).unwrap();
        assert_eq!(advance(&mut b, &mut to_b, &mut to_a), Ok(Step::Read));
        assert_eq!(advance(&mut a, &mut to_a, &mut to_b), Ok(Step::Done));
    }
    let (mut a, mut b) = (initiator(Mode::Xx), responder());
    let (mut to_a, mut to_b) = (vec![], vec![]);
    advance(&mut a, &mut to_a, &mut to_b).unwrap();
    advance(&mut b, &mut to_b, &mut to_a).unwrap();
    assert_eq!(b.hello(), Some(Hello { mode: Mode::Xx, id: None }));
}

#[test]
fn frames_buffers_too_small_for_a_handshake_are_refused_and_max_frame_stays_in_its_bounds() {
    assert_eq!(Buffers::new(vec![0; 159], vec![0; 162]).err(), Some(Error::BufferTooSmall));
    assert_eq!(Buffers::new(vec![0; 160], vec![0; 161]).err(), Some(Error::BufferTooSmall));
    for (asked, max_frame) in [(0, 64), (63, 64), (64, 64), (100, 100), (160, 160), (u16::MAX, 160)] {
        let small = || Buffers::new(vec![0; 160], vec![0; 162]).unwrap();
        let (a, b) = links::open_in(Mode::Kk, small().with_max_frame(asked), small());
        assert_eq!(b.max_data(), max_frame - 17, "a DATA record carries at most max_frame − 17 bytes");
        assert_eq!(a.max_data(), 160 - 17);
    }
    let large = || Buffers::new(vec![0; 70_000], vec![0; 70_000]).unwrap();
    let (mut a, mut b) = links::open_in(Mode::Kk, large(), large());
    assert_eq!(a.max_data(), 65_535 - 17);
    let message = vec![5; a.max_data()];
    assert_eq!(events(&mut b, &sent(&mut a, &message)), [last(&message)]);
    assert_eq!(parameters(65_535), [0xff, 0xff]);
}

/// One that was begun and is given up begins anew with nothing of before in its buffers.
#[test]
fn handshake_a_link_that_is_settled_too_early_begins_anew() {
    let mut link: Any = initiator(Mode::Kk).settle();
    assert_eq!(link.initiate_kk(KEYS.initiator_pinning(Mode::Kk), &mut ephemerals(5)), Ok(()));

    let mut link: Any = initiator(Mode::Kk).settle();
    assert_eq!(link.respond(), Ok(()));
    assert_eq!(unsent(&mut link), b"", "the hello and message 1 of before");

    let mut link: Any = responder();
    link.feed(&[0, 50, 1, 1]).unwrap();
    let mut link: Any = link.settle();
    link.respond().unwrap();
    link.feed(&unsent(&mut initiator(Mode::Kk))).unwrap();
    assert_eq!(link.step(), Ok(Step::Hello));
}
