//! Random scripts of two honest sides, and random bytes into every state.

use crate::page_peer::{unconfirmed, with_our_responder};
use crate::pairing::{page_initiator, page_responder};
use crate::support::links::{self, Event, Plain, advance, feed, initiator, last, responder, unsent};
use crate::support::page::{self, frame, parameters};
use crate::support::{Any, Rng};
use core::task::Poll;
use lowkey_transport::{Error, Mode, Part, Step};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

#[derive(Clone, Debug)]
enum Act {
    Send(Vec<u8>),
    /// A message in fragments of at most so many bytes.
    Fragments(Vec<u8>, usize),
    Ping(Vec<u8>),
    Close,
    /// Moves so many bytes to this side.
    Carry(usize),
}

fn act() -> impl Strategy<Value = (bool, Act)> {
    let bytes = |max| prop::collection::vec(any::<u8>(), 0..max);
    let act = prop_oneof![
        4 => bytes(200).prop_map(Act::Send),
        2 => (bytes(700), 1..300usize).prop_map(|(message, size)| Act::Fragments(message, size)),
        2 => bytes(33).prop_map(Act::Ping),
        1 => Just(Act::Close),
        8 => (1..400usize).prop_map(Act::Carry),
    ];
    (any::<bool>(), act)
}

/// One side of the script: its link, what is on its way to it, and what it has to be given in the end.
struct Player {
    link: Any,
    wire: Vec<u8>,
    expected: Vec<Vec<u8>>,
    got: Vec<Vec<u8>>,
    partial: Vec<u8>,
    closing: bool,
    ended: bool,
}

impl Player {
    fn new(link: Any) -> Self {
        let (wire, expected, got, partial) = (vec![], vec![], vec![], vec![]);
        Self { link, wire, expected, got, partial, closing: false, ended: false }
    }

    fn carry(&mut self, n: usize) {
        let n = n.min(self.wire.len());
        let portion: Vec<u8> = self.wire.drain(..n).collect();
        for event in links::events(&mut self.link, &portion) {
            match event {
                Event::Fragment(bytes, part) => {
                    self.partial.extend(bytes);
                    if part == Part::Last {
                        self.got.push(std::mem::take(&mut self.partial));
                    }
                }
                Event::End => self.ended = true,
            }
        }
    }
}

fn play(us: &mut Player, them: &mut Player, act: &Act) {
    match act {
        Act::Carry(n) => return us.carry(*n),
        Act::Send(message) if us.closing => {
            assert_eq!(us.link.may_begin(), Err(Error::Closed));
            assert_eq!(us.link.stage(message, Part::Last), Err(Error::Closed));
        }
        Act::Fragments(..) if us.closing => assert_eq!(us.link.may_begin(), Err(Error::Closed)),
        Act::Ping(body) if us.closing => assert_eq!(us.link.ping(body), Err(Error::Closed)),
        Act::Send(message) => {
            links::write(&mut us.link, &mut them.wire).unwrap();
            them.wire.extend(links::sent(&mut us.link, message));
            them.expected.push(message.clone());
        }
        Act::Fragments(message, size) => {
            links::write(&mut us.link, &mut them.wire).unwrap();
            us.link.may_begin().unwrap();
            let mut chunks = message.chunks(*size).peekable();
            while let Some(mut chunk) = chunks.next() {
                let part = if chunks.peek().is_some() { Part::More } else { Part::Last };
                while !chunk.is_empty() {
                    let n = us.link.stage(chunk, part).unwrap();
                    links::write(&mut us.link, &mut them.wire).unwrap();
                    chunk = &chunk[n..];
                }
            }
            if message.is_empty() {
                us.link.stage(b"", Part::Last).unwrap();
            }
            them.expected.push(message.clone());
        }
        Act::Ping(body) => {
            links::write(&mut us.link, &mut them.wire).unwrap();
            let pending = us.link.awaits_pong() && !body.is_empty();
            assert_eq!(
                us.link.ping(body),
                if pending { Err(Error::PingPending) } else { Ok(Poll::Ready(())) }
            );
        }
        Act::Close => {
            links::write(&mut us.link, &mut them.wire).unwrap();
            us.link.close().unwrap();
            us.closing = true;
        }
    }
    links::write(&mut us.link, &mut them.wire).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 150,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(test_support::random::seed()),
        ..ProptestConfig::default()
    })]

    #[test]
    fn records_any_script_keeps_bytes_and_boundaries(script in prop::collection::vec(act(), 0..60)) {
        let (a, b) = links::open();
        let (mut a, mut b) = (Player::new(a), Player::new(b));
        for (first, act) in &script {
            if *first { play(&mut a, &mut b, act) } else { play(&mut b, &mut a, act) }
        }
        for _ in 0..2 {
            play(&mut a, &mut b, &Act::Close);
            play(&mut b, &mut a, &Act::Close);
            a.carry(usize::MAX);
            b.carry(usize::MAX);
        }
        for side in [&a, &b] {
            prop_assert_eq!(&side.got, &side.expected);
            prop_assert!(side.ended && side.link.is_closed());
            prop_assert!(side.partial.is_empty());
        }
    }

    /// Whatever comes: a typed error or a wish for more, and never a delivery.
    #[test]
    fn frames_random_bytes_end_every_state_typed(state in 0..10usize, framed: bool, bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let bytes = if framed { frame(&bytes) } else { bytes };
        let (mut link, mode) = state_of(state);
        let mut to = vec![];
        let mut from = bytes;
        let result = match advance(&mut link, &mut from, &mut to) {
            Ok(Step::Hello) => links::answer(&mut link, mode).and_then(|()| advance(&mut link, &mut from, &mut to)),
            other => other,
        };
        match result {
            Err(error) => links::assert_dead(&mut link, error),
            Ok(Step::Read) => prop_assert!(matches!(link.receive(), Ok(Poll::Pending) | Err(Error::NotOpen))),
            Ok(Step::Done) => {
                let (events, result) = feed(&mut link, &from);
                prop_assert_eq!(events, vec![]);
                if let Err(error) = result { links::assert_dead(&mut link, error) }
            }
            Ok(other) => prop_assert!(false, "{:?}", other),
        }
    }
}

/// A link in one of its states, and the mode in which it would answer.
fn state_of(state: usize) -> (Any, Mode) {
    match state {
        0 => (responder(), Mode::Kk),
        1 => (responder(), Mode::XxPsk0),
        2 | 3 => {
            let mode = if state == 2 { Mode::KkPsk0 } else { Mode::Xx };
            let mut a = initiator(mode);
            unsent(&mut a);
            (a, mode)
        }
        4 => {
            let mut b = responder();
            let mut first = page::initiator(Mode::XxPsk0).first_frame(b"");
            advance(&mut b, &mut first, &mut vec![]).unwrap();
            links::answer(&mut b, Mode::XxPsk0).unwrap();
            unsent(&mut b);
            (b, Mode::XxPsk0)
        }
        5 => (unconfirmed(Mode::Kk, &parameters(300)).0, Mode::Kk),
        6 => (with_our_responder(Mode::Kk).0, Mode::Kk),
        7 => (links::open().0, Mode::Kk),
        8 => (page_responder(Mode::XxPsk0).0, Mode::XxPsk0),
        _ => {
            let (mut b, _) = page_initiator(Mode::Xx);
            b.accept().unwrap();
            (b, Mode::Xx)
        }
    }
}

/// Random plaintexts under the right keys: an honest library with a mad application behind it.
#[test]
fn records_random_plaintexts_are_delivered_as_they_are_or_end_the_link() {
    let mut rng = Rng(8);
    for _ in 0..200 {
        let (mut b, mut peer) = with_our_responder(Mode::Kk);
        for _ in 0..20 {
            let len = rng.below(60);
            let mut text = rng.vec(len);
            if let Some(kind) = text.first_mut() {
                *kind %= 8;
            }
            let (events, result) = feed(&mut b, &peer.plaintext(&text));
            match (text.first(), result) {
                (Some(0), Ok(())) => assert_eq!(events, [last(&text[1..])]),
                (Some(1), Ok(())) => assert_eq!(events, [links::more(&text[1..])]),
                (Some(2), Ok(())) => assert_eq!(events, [Event::End]),
                (_, Ok(())) => assert_eq!(events, []),
                (_, Err(error)) => {
                    assert_eq!(events, []);
                    links::assert_dead(&mut b, error);
                    break;
                }
            }
            if events == [Event::End] {
                break;
            }
            unsent(&mut b);
        }
    }
}
