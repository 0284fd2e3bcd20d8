//! §1 to §3 and §5 under attack: every bad handshake ends typed, with nothing delivered.

use crate::page_peer::unconfirmed;
use crate::support::links::{self, KK, Plain, XX, advance, initiator, responder, unsent};
use crate::support::page::{self, DATA, PING, frame, hello, parameters, unframe};
use crate::support::{Any, KEYS, Rng};
use lowkey_transport::{Error, Mode, Refusal, Step};

/// Gives a responder these bytes, answers in `mode` if it asks, and says how it ended and what it sent.
fn respond_to(bytes: &[u8], mode: Mode) -> (Any, Result<Step, Error>, Vec<u8>) {
    let (mut b, mut from, mut to) = (responder(), bytes.to_vec(), vec![]);
    let mut result = advance(&mut b, &mut from, &mut to);
    if result == Ok(Step::Hello) {
        result = links::answer(&mut b, mode).and_then(|()| advance(&mut b, &mut from, &mut to));
    }
    (b, result, to)
}

fn first_frame(mode: Mode) -> Vec<u8> {
    unsent(&mut initiator(mode))
}

#[test]
fn frames_of_length_0_end_every_state() {
    let (mut b, result, to) = respond_to(&[0, 0], Mode::Kk);
    assert_eq!((result, to), (Err(Error::EmptyFrame), vec![]));
    links::assert_dead(&mut b, Error::EmptyFrame);

    let mut a = initiator(Mode::Kk);
    unsent(&mut a);
    assert_eq!(advance(&mut a, &mut vec![0, 0], &mut vec![]), Err(Error::EmptyFrame));
    links::assert_dead(&mut a, Error::EmptyFrame);

    let (mut a, mut b) = links::open();
    for link in [&mut a, &mut b] {
        assert_eq!(links::feed(link, &[0, 0]), (vec![], Err(Error::EmptyFrame)));
        links::assert_dead(link, Error::EmptyFrame);
    }
}

/// The error comes with the second byte: not one of the body is asked for.
#[test]
fn frames_too_long_are_an_error_before_their_body() {
    for len in [161u16, 300, 301, u16::MAX] {
        for mode in [Mode::Kk, Mode::XxPsk0] {
            let (mut b, result, _) = respond_to(&len.to_be_bytes(), mode);
            assert_eq!(result, Err(Error::FrameTooLong));
            links::assert_dead(&mut b, Error::FrameTooLong);
            let mut a = initiator(mode);
            unsent(&mut a);
            assert_eq!(a.space().len(), 2);
            assert_eq!(
                advance(&mut a, &mut len.to_be_bytes().to_vec(), &mut vec![]),
                Err(Error::FrameTooLong)
            );
            links::assert_dead(&mut a, Error::FrameTooLong);
        }
        // XX's message 3
        let mut peer = page::initiator(Mode::Xx);
        let (mut b, result, _) = respond_to(&peer.first_frame(b""), Mode::Xx);
        assert_eq!(result, Ok(Step::Read));
        assert_eq!(advance(&mut b, &mut len.to_be_bytes().to_vec(), &mut vec![]), Err(Error::FrameTooLong));
    }
    let (mut a, _) = links::open();
    assert_eq!(links::feed(&mut a, &301u16.to_be_bytes()), (vec![], Err(Error::FrameTooLong)));
    links::assert_dead(&mut a, Error::FrameTooLong);
}

#[test]
fn handshake_a_stream_that_ends_at_any_byte_is_hung_up() {
    for mode in [KK, XX].concat() {
        let first = first_frame(mode);
        for len in 0..first.len() {
            let (mut b, result, to) = respond_to(&first[..len], mode);
            assert_eq!((result, to), (Ok(Step::Read), vec![]));
            assert_eq!(b.filled(0), Err(Error::HungUp), "{mode:?}: after {len} bytes of message 1");
            links::assert_dead(&mut b, Error::HungUp);
        }
        let (_, result, second) = respond_to(&first, mode);
        assert_eq!(result, Ok(Step::Read));
        for len in 0..second.len() {
            let mut a = initiator(mode);
            unsent(&mut a);
            let result = advance(&mut a, &mut second[..len].to_vec(), &mut vec![]);
            assert_eq!(result, Ok(Step::Read));
            assert_eq!(a.filled(0), Err(Error::HungUp), "{mode:?}: after {len} bytes of message 2");
            links::assert_dead(&mut a, Error::HungUp);
        }
        let mut a = initiator(mode);
        unsent(&mut a);
        let mut third = vec![]; // message 3, or the confirming record
        advance(&mut a, &mut second.clone(), &mut third).unwrap();
        for len in 0..third.len() {
            let (mut b, ..) = respond_to(&first, mode);
            assert_eq!(advance(&mut b, &mut third[..len].to_vec(), &mut vec![]), Ok(Step::Read));
            assert_eq!(b.filled(0), Err(Error::HungUp), "{mode:?}: after {len} bytes of the third frame");
            links::assert_dead(&mut b, Error::HungUp);
        }
    }
}

#[test]
fn hello_an_unknown_version_is_told_so_whatever_follows() {
    for version in (0..=255u8).filter(|version| *version != 1) {
        for rest in [&b""[..], b"\x01\x00", &[0xff; 99], &first_frame(Mode::Kk)[3..]] {
            let (mut b, result, to) = respond_to(&frame(&[&[version], rest].concat()), Mode::Kk);
            assert_eq!(result, Err(Error::Declined(Refusal::VERSION)));
            assert_eq!(to, frame(&[1]));
            links::assert_dead(&mut b, Error::Declined(Refusal::VERSION));
        }
    }
}

/// §1 comes before §5: the body of a frame that is too long is never looked at, whatever version it is of.
#[test]
fn frames_a_first_frame_above_160_bytes_is_hung_up_on_in_every_version() {
    for version in [1, 2, 255] {
        let first = |len: usize| frame(&[&[version][..], &vec![0; len - 1]].concat());
        let (mut b, result, to) = respond_to(&first(161), Mode::Kk);
        assert_eq!((result, to), (Err(Error::FrameTooLong), vec![]));
        links::assert_dead(&mut b, Error::FrameTooLong);
        let (_, result, to) = respond_to(&first(160), Mode::Kk);
        match version {
            1 => assert_eq!((result, to), (Err(Error::Declined(Refusal::MODE)), frame(&[2])), "mode 0"),
            _ => assert_eq!((result, to), (Err(Error::Declined(Refusal::VERSION)), frame(&[1]))),
        }
    }
}

#[test]
fn hello_an_unknown_mode_is_told_so() {
    for mode in (0..=255u8).filter(|mode| !(1..=4).contains(mode)) {
        let mut first = first_frame(Mode::Kk);
        first[3] = mode;
        let (mut b, result, to) = respond_to(&first, Mode::Kk);
        assert_eq!((result, to), (Err(Error::Declined(Refusal::MODE)), frame(&[2])));
        links::assert_dead(&mut b, Error::Declined(Refusal::MODE));
    }
}

/// §5: the refusals' order: malformed before mode.
#[test]
fn hello_malformed_ends_the_stream_without_a_frame() {
    let long = [&[1, 1, 33][..], &[7; 33 + 50]].concat();
    let unknown_mode_too_long = [&[1, 9, 33][..], &[7; 33 + 50]].concat();
    for body in [
        &[1][..],
        &[1, 1],
        &[1, 1, 1],          // the id is missing
        &[1, 1, 8, 1, 2, 3], // part of it is
        &[1, 1, 0],          // KK without an id
        &[1, 2, 0],
        &[1, 4, 0], // a code has to be named
        &[1, 1, 255],
        &[1, 9],
        &[1, 9, 1],
        &long,
        &unknown_mode_too_long,
    ] {
        let (mut b, result, to) = respond_to(&frame(body), Mode::Kk);
        assert_eq!((result, to), (Err(Error::Hello), vec![]), "{body:?}");
        links::assert_dead(&mut b, Error::Hello);
    }
}

#[test]
fn handshake_message_1_missing_or_short_is_refused_like_any_that_does_not_open() {
    for mode in [KK, XX].concat() {
        let body = unframe(&mut first_frame(mode));
        let shortest = hello(mode).len();
        // XX's message 1 has no tag: only a key that is not whole shows at once.
        let end = if mode == Mode::Xx { shortest + 32 } else { body.len() };
        for len in shortest..end {
            let (mut b, result, to) = respond_to(&frame(&body[..len]), mode);
            assert_eq!((result, to), (Err(Error::Handshake), frame(&[4])), "{mode:?}: {len} bytes");
            links::assert_dead(&mut b, Error::Handshake);
        }
    }
}

/// An initiator that has all keys and the PSK, plays one mode and says another in its hello. Message 1 opens: what is
/// refused is the hello.
#[test]
fn hello_that_names_another_mode_than_is_played_is_refused_even_if_message_1_opens() {
    for played in [KK, XX].concat() {
        for said in [KK, XX].concat().into_iter().filter(|said| *said != played) {
            let payload = if KK.contains(&played) { parameters(300) } else { vec![] };
            let mut liar =
                page::peer(played, &KEYS.initiator, page::Role::Initiator, &KEYS.psk_bytes, &hello(said));
            let (mut b, result, to) = respond_to(&liar.first_frame(&payload), played);
            assert_eq!((result, to), (Err(Error::Handshake), frame(&[4])), "{played:?}, called {said:?}");
            links::assert_dead(&mut b, Error::Handshake);
        }
    }
}

/// The frames of one handshake, in order, as an eavesdropper has them.
fn recorded(mode: Mode) -> [Vec<u8>; 3] {
    let first = first_frame(mode);
    let (_, _, second) = respond_to(&first, mode);
    let mut a = initiator(mode);
    unsent(&mut a);
    let mut third = vec![];
    advance(&mut a, &mut second.clone(), &mut third).unwrap();
    [first, second, third]
}

#[test]
fn handshake_a_flipped_byte_in_message_1_or_the_hello_never_opens() {
    let mut rng = Rng(1);
    for mode in [KK, XX].concat() {
        let first = first_frame(mode);
        for at in 2..first.len() {
            let mut changed = first.clone();
            changed[at] ^= 1 << rng.below(8);
            let (mut b, result, to) = respond_to(&changed, mode);
            let in_hello = at < 2 + hello(mode).len();
            if mode == Mode::Xx && result == Ok(Step::Read) {
                // Nothing in XX's message 1 is sealed: the initiator finds out.
                let mut a = initiator(mode);
                unsent(&mut a);
                assert_eq!(advance(&mut a, &mut to.clone(), &mut vec![]), Err(Error::Handshake));
                continue;
            }
            let Err(error) = result else { panic!("{mode:?}: byte {at}: {result:?}") };
            match error {
                Error::Handshake => assert_eq!(to, frame(&[4])),
                Error::Declined(refusal) if in_hello => assert_eq!(to, frame(&[refusal.code()])),
                Error::Hello if in_hello => assert_eq!(to, b""),
                other => panic!("{mode:?}: byte {at}: {other:?}"),
            }
            links::assert_dead(&mut b, error);
        }
    }
}

#[test]
fn handshake_a_flipped_byte_in_message_2_or_3_never_opens() {
    let mut rng = Rng(2);
    for mode in [KK, XX].concat() {
        let [first, second, third] = recorded(mode);
        for at in 2..second.len() {
            let mut changed = second.clone();
            changed[at] ^= 1 << rng.below(8);
            let mut a = initiator(mode);
            unsent(&mut a);
            let mut to = vec![];
            assert_eq!(advance(&mut a, &mut changed, &mut to), Err(Error::Handshake), "{mode:?}: byte {at}");
            assert_eq!(to, b"", "our static key is not shown");
            links::assert_dead(&mut a, Error::Handshake);
        }
        let error = if KK.contains(&mode) { Error::Record } else { Error::Handshake };
        for at in 2..third.len() {
            let mut changed = third.clone();
            changed[at] ^= 1 << rng.below(8);
            let (mut b, ..) = respond_to(&first, mode);
            assert_eq!(advance(&mut b, &mut changed, &mut vec![]), Err(error), "{mode:?}: byte {at}");
            links::assert_dead(&mut b, error);
        }
    }
}

/// A frame's length is not sealed: it shows as a frame of another length, or as one that never ends.
#[test]
fn handshake_a_flipped_bit_in_a_length_never_opens() {
    for mode in [KK, XX].concat() {
        let first = first_frame(mode);
        for bit in 0..16 {
            let mut changed = first.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let (mut b, result, _) = respond_to(&changed, mode);
            match result {
                Ok(Step::Read) => assert_eq!(b.filled(0), Err(Error::HungUp)),
                Err(
                    Error::FrameTooLong
                    | Error::Handshake
                    | Error::Hello
                    | Error::Parameters
                    | Error::EmptyFrame,
                ) => (),
                other => panic!("{mode:?}: bit {bit}: {other:?}"),
            }
        }
    }
}

#[test]
fn confirmation_a_replayed_message_1_stays_unconfirmed_and_delivers_nothing() {
    for mode in KK {
        let [first, second, third] = recorded(mode);
        let mut b = responder();
        let mut to = vec![];
        assert_eq!(advance(&mut b, &mut first.clone(), &mut to), Ok(Step::Hello));
        b.answer_kk(KEYS.responder_pinning(mode), &mut crate::support::keys::ephemerals(77)).unwrap();
        assert_eq!(advance(&mut b, &mut vec![], &mut to), Ok(Step::Read));
        assert_ne!(to, second, "the responder's ephemeral is new");
        assert_eq!(b.may_begin(), Err(Error::NotOpen));
        // The recorded session's records are under other keys.
        assert_eq!(advance(&mut b, &mut third.clone(), &mut vec![]), Err(Error::Record));
        links::assert_dead(&mut b, Error::Record);

        let (mut b, result, _) = respond_to(&first, mode);
        assert_eq!(result, Ok(Step::Read));
        assert_eq!(b.filled(0), Err(Error::HungUp));
    }
}

#[test]
fn handshake_a_replayed_message_2_does_not_open_for_a_new_attempt() {
    for mode in [KK, XX].concat() {
        let [_, second, _] = recorded(mode);
        let pinning = KEYS.initiator_pinning(mode);
        let mut ephemerals = crate::support::keys::ephemerals(99);
        let mut a: Any = match mode {
            Mode::Kk | Mode::KkPsk0 => {
                lowkey_transport::Link::kk_initiator(pinning, &mut ephemerals, links::buffers()).unwrap()
            }
            Mode::Xx => lowkey_transport::Link::xx_initiator(
                pinning.identity,
                None,
                &mut ephemerals,
                links::buffers(),
            )
            .unwrap(),
            Mode::XxPsk0 => lowkey_transport::Link::xx_psk0_initiator(
                pinning.identity,
                KEYS.id,
                &KEYS.psk,
                &mut ephemerals,
                links::buffers(),
            )
            .unwrap(),
        };
        unsent(&mut a);
        assert_eq!(advance(&mut a, &mut second.clone(), &mut vec![]), Err(Error::Handshake));
    }
}

/// What the responder says to message 1 with this payload, and the initiator to message 2.
fn with_parameters(mode: Mode, payload: &[u8]) -> [Result<Step, Error>; 2] {
    let mut peer = page::initiator(mode);
    let (_, responder, to) = respond_to(&peer.first_frame(payload), mode);
    assert!(responder.is_ok() || to.is_empty(), "a responder that dislikes parameters hangs up");
    let (mut a, mut peer) = (initiator(mode), page::responder(mode));
    peer.read_first(&unframe(&mut unsent(&mut a)));
    [responder, advance(&mut a, &mut peer.next_frame(payload), &mut vec![])]
}

#[test]
fn parameters_that_are_not_allowed_end_the_handshake() {
    let broken: [&[u8]; 9] = [
        b"",
        &[1],
        &[0, 63],
        &[0, 0],
        &[1, 0, 5],                                     // an item without its length
        &[1, 0, 5, 1],                                  // and without its value
        &[1, 0, 5, 0, 5],                               // the second item
        &[1, 0, 5, 255, 0],                             // longer than all of it
        &[[1, 0, 9, 61].as_slice(), &[0; 61]].concat(), // 65 bytes in all
    ];
    for mode in KK {
        for payload in broken {
            assert_eq!(with_parameters(mode, payload), [Err(Error::Parameters); 2], "{payload:?}");
        }
        assert_eq!(with_parameters(mode, &[0, 64]), [Ok(Step::Read), Ok(Step::Done)]);
    }
    for mode in XX {
        for payload in broken {
            let (mut a, mut peer) = (initiator(mode), page::responder(mode));
            peer.read_first(&unframe(&mut unsent(&mut a)));
            let mut second = peer.next_frame(payload);
            let expected = if second.len() > 2 + 160 { Error::FrameTooLong } else { Error::Parameters };
            let mut to = vec![];
            assert_eq!(advance(&mut a, &mut second, &mut to), Err(expected), "{payload:?}");
            assert!(to.is_empty());

            let mut peer = page::initiator(mode);
            let (mut b, _, mut to) = respond_to(&peer.first_frame(b""), mode);
            peer.read(&unframe(&mut to));
            let third = advance(&mut b, &mut peer.next_frame(payload), &mut vec![]);
            assert_eq!(third, Err(Error::Parameters), "{payload:?}");
            links::assert_dead(&mut b, Error::Parameters);
        }
    }
}

#[test]
fn handshake_a_payload_where_there_must_be_none_ends_it() {
    for mode in XX {
        for payload in [&[0][..], &parameters(300)] {
            let (mut b, result, to) = respond_to(&page::initiator(mode).first_frame(payload), mode);
            assert_eq!((result, to), (Err(Error::Parameters), vec![]));
            links::assert_dead(&mut b, Error::Parameters);
        }
    }
}

/// §5: a one-byte frame anywhere but in place of message 2.
#[test]
fn refusal_where_none_may_be_is_an_error() {
    let (mut b, result, to) = respond_to(&frame(&[1]), Mode::Kk); // in place of message 1
    assert_eq!((result, to), (Err(Error::Hello), vec![]));
    links::assert_dead(&mut b, Error::Hello);

    for mode in XX {
        let mut peer = page::initiator(mode);
        let (mut b, result, _) = respond_to(&peer.first_frame(b""), mode);
        assert_eq!(result, Ok(Step::Read));
        assert_eq!(advance(&mut b, &mut frame(&[3]), &mut vec![]), Err(Error::Handshake));
        links::assert_dead(&mut b, Error::Handshake);
    }
    let (mut b, _peer) = unconfirmed(Mode::Kk, &parameters(300));
    assert_eq!(advance(&mut b, &mut frame(&[3]), &mut vec![]), Err(Error::FrameTooShort));
    links::assert_dead(&mut b, Error::FrameTooShort);
    let (mut a, _) = links::open();
    assert_eq!(links::feed(&mut a, &frame(&[3])), (vec![], Err(Error::FrameTooShort)));
}

/// Whoever plays the responder without its key or without the PSK.
#[test]
fn handshake_a_wrong_responder_does_not_open_for_the_initiator() {
    let wrong_psk = [0x66; 32];
    let mut a = initiator(Mode::Xx);
    let other_hello = [1, 3, 1, 9]; // the man in the middle changed the hello
    let first = unframe(&mut unsent(&mut a));
    let mut peer = page::peer(Mode::Xx, &KEYS.responder, page::Role::Responder, &wrong_psk, &other_hello);
    peer.read(&first[3..]);
    assert_eq!(advance(&mut a, &mut peer.next_frame(&parameters(300)), &mut vec![]), Err(Error::Handshake));
    // With a PSK (or in KK) a wrong responder cannot even read message 1; noise of the right length it can send.
    for mode in [KK, XX].concat() {
        let mut a = initiator(mode);
        unsent(&mut a);
        let forged = Rng(5).vec(if KK.contains(&mode) { 50 } else { 98 });
        assert_eq!(advance(&mut a, &mut frame(&forged), &mut vec![]), Err(Error::Handshake));
        links::assert_dead(&mut a, Error::Handshake);
    }
}

/// A responder that has timed out or was asked to stop while it held a hello.
#[test]
fn handshake_a_failed_link_answers_no_hello() {
    let mut b = responder();
    assert_eq!(advance(&mut b, &mut first_frame(Mode::Kk), &mut vec![]), Ok(Step::Hello));
    b.fail(Error::HungUp);
    assert_eq!(links::answer(&mut b, Mode::Kk), Err(Error::HungUp));
    assert_eq!(links::answer(&mut b, Mode::Xx), Err(Error::HungUp));
    links::assert_dead(&mut b, Error::HungUp);
}

#[test]
fn confirmation_by_a_record_of_a_kind_that_is_not_ends_the_link() {
    for kind in [5, 0x7f] {
        let (mut b, mut peer) = unconfirmed(Mode::Kk, &parameters(300));
        assert_eq!(advance(&mut b, &mut peer.record(kind, b""), &mut vec![]), Err(Error::Kind));
        links::assert_dead(&mut b, Error::Kind);
    }
    // out of order: the second record first
    let (mut b, mut peer) = unconfirmed(Mode::Kk, &parameters(300));
    peer.record(PING, b"");
    assert_eq!(advance(&mut b, &mut peer.record(DATA, b"x"), &mut vec![]), Err(Error::Record));
    links::assert_dead(&mut b, Error::Record);
}
