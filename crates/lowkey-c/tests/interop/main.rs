//! C's functions, those of either header, on one side, a Rust program's `Link` on the other, in every mode and role.
#![allow(unsafe_code)]

mod c_side;
mod device_side;
mod pairing;
mod rust_side;
mod side;

use c_side::CSide;
use device_side::DeviceSide;
use lowkey_c::lowkey_event::{self, *};
use lowkey_c::lowkey_mode::{self, *};
use rust_side::RustSide;
use side::{INITIATOR, RESPONDER, Side, is_kk};

const MODES: [lowkey_mode; 4] = [LOWKEY_KK, LOWKEY_KKPSK0, LOWKEY_XX, LOWKEY_XXPSK0];

/// Who initiates.
#[derive(Clone, Copy, Debug)]
enum Initiator {
    C,
    /// C, as a device of `lowkey_kk.h`; in KK and KKpsk0.
    Device,
    Rust,
}

const ALL: [Initiator; 3] = [Initiator::C, Initiator::Device, Initiator::Rust];

/// Initiator and responder, and a wire that takes so many bytes at a time.
struct Connection {
    sides: [Box<dyn Side>; 2],
    most: usize,
}

const HERE: usize = 0;
const THERE: usize = 1;

impl Connection {
    fn begin(mode: lowkey_mode, initiator: Initiator, most: usize) -> Self {
        let sides: [Box<dyn Side>; 2] = match initiator {
            Initiator::C => [
                Box::new(CSide::initiator(mode, INITIATOR, RESPONDER)),
                Box::new(RustSide::responder(RESPONDER, INITIATOR)),
            ],
            Initiator::Device => [
                Box::new(DeviceSide::initiator(mode, INITIATOR, RESPONDER)),
                Box::new(RustSide::responder(RESPONDER, INITIATOR)),
            ],
            Initiator::Rust => [
                Box::new(RustSide::initiator(mode, INITIATOR, RESPONDER)),
                Box::new(CSide::responder(RESPONDER, INITIATOR)),
            ],
        };
        Self { sides, most }
    }

    fn open(mode: lowkey_mode, initiator: Initiator, most: usize) -> Self {
        let mut connection = Self::begin(mode, initiator, most);
        let mut open = [false; 2];
        while open != [true; 2] {
            for at in [HERE, THERE] {
                if open[at] {
                    continue;
                }
                match connection.next(at).unwrap() {
                    Some(LOWKEY_EVENT_HELLO) => connection.sides[at].answer(mode),
                    Some(LOWKEY_EVENT_CLAIM) => connection.sides[at].accept(),
                    Some(LOWKEY_EVENT_OPEN) => open[at] = true,
                    None => {}
                    event => panic!("{event:?}"),
                }
            }
        }
        connection
    }

    /// Moves what one side has unsent, `most` bytes at a time, until a frame has to be looked at.
    fn carry(&mut self, from: usize) -> Result<(), String> {
        let [here, there] = &mut self.sides;
        let (from, to) = if from == HERE { (here, there) } else { (there, here) };
        loop {
            let unsent = from.unsent();
            let taken = to.feed(&unsent[..unsent.len().min(self.most)])?;
            if taken == 0 {
                return Ok(());
            }
            from.sent(taken);
        }
    }

    /// The next event that the application has to see; none if both wait.
    fn next(&mut self, at: usize) -> Result<Option<lowkey_event>, String> {
        for _ in 0..4 {
            match self.sides[at].poll()? {
                LOWKEY_EVENT_READ => self.carry(1 - at)?,
                LOWKEY_EVENT_WRITE => {
                    self.carry(at)?;
                    self.carry(1 - at)?;
                }
                event => return Ok(Some(event)),
            }
        }
        Ok(None)
    }

    fn send(&mut self, from: usize, message: &[u8]) {
        let mut done = 0;
        let mut got = vec![];
        loop {
            done += self.sides[from].send(&message[done..], true);
            assert_eq!(self.next(1 - from), Ok(Some(LOWKEY_EVENT_DATA)));
            let (piece, is_last) = self.sides[1 - from].take();
            got.extend(piece);
            assert_eq!(is_last, done == message.len());
            if is_last {
                assert_eq!(got, message);
                return;
            }
        }
    }
}

fn message(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 7 % 251) as u8).collect()
}

#[test]
fn every_mode_opens_with_either_side_initiating_over_a_dribbling_stream() {
    for mode in MODES {
        for initiator in ALL.into_iter().filter(|who| is_kk(mode) || !matches!(who, Initiator::Device)) {
            for most in [1, 2, 3, 4, 5, 6, 7, 1_000] {
                let mut connection = Connection::open(mode, initiator, most);
                let [here, there] = &connection.sides;
                assert_eq!(here.handshake_hash(), there.handshake_hash(), "{mode:?}, {initiator:?}");
                assert_eq!((here.peer_key(), there.peer_key()), (there.our_key(), here.our_key()));
                if is_kk(mode) {
                    // Empty, short, a full record, one byte more, four records.
                    for len in [0, 1, 283, 284, 1_000] {
                        connection.send(HERE, &message(len));
                        connection.send(THERE, &message(len));
                    }
                }
                for at in [HERE, THERE] {
                    connection.sides[at].close();
                    assert_eq!(connection.next(1 - at), Ok(Some(LOWKEY_EVENT_END)));
                }
                assert_eq!(connection.next(HERE), Ok(Some(LOWKEY_EVENT_END)));
                assert!(connection.sides.iter().all(|side| side.is_closed()));
                assert!(connection.sides.iter_mut().all(|side| side.feed_end().is_ok()));
            }
        }
    }
}

#[test]
fn pings_are_answered_by_either_side() {
    for initiator in ALL {
        let mut connection = Connection::open(LOWKEY_KKPSK0, initiator, 5);
        for at in [HERE, THERE, HERE] {
            connection.sides[at].ping(&[at as u8; 32]);
            assert!(connection.sides[at].awaits_pong());
            assert_eq!(connection.next(1 - at), Ok(None));
            assert_eq!(connection.next(at), Ok(None));
            assert!(!connection.sides[at].awaits_pong());
            connection.send(at, b"and it goes on");
        }
    }
}

/// An initiator that has all keys and the PSK, plays one mode and says the other in its hello. Message 1 opens.
#[test]
fn a_hello_that_names_another_mode_than_the_pinning_s_is_refused_even_if_message_1_opens() {
    for (played, said) in [(LOWKEY_KK, LOWKEY_KKPSK0), (LOWKEY_KKPSK0, LOWKEY_KK)] {
        let mut responder = CSide::responder(RESPONDER, INITIATOR);
        let first = RustSide::misnamed(played, said, INITIATOR, RESPONDER);
        assert_eq!(responder.feed(&first), Ok(first.len()));
        assert_eq!(responder.poll(), Ok(LOWKEY_EVENT_HELLO));
        responder.answer_as(played, said);
        assert_eq!(responder.poll(), Ok(LOWKEY_EVENT_WRITE));
        assert_eq!(responder.unsent(), [0, 1, 4], "{said:?} for {played:?}");
        responder.sent(3);
        let ended = responder.poll().unwrap_err();
        assert!(ended.starts_with("handshake message does not open"), "{ended}");
    }
}

/// Both directions get a new key after 1,024 records; twice.
#[test]
fn records_go_on_through_new_keys() {
    for initiator in ALL {
        let mut connection = Connection::open(LOWKEY_KK, initiator, 1_000);
        for number in 0..2_100_u32 {
            connection.send(HERE, &number.to_be_bytes());
            connection.send(THERE, &number.to_le_bytes());
        }
    }
}

#[test]
fn a_stream_that_ends_without_a_close_is_a_truncation() {
    for initiator in ALL {
        let mut connection = Connection::open(LOWKEY_KK, initiator, 7);
        connection.sides[HERE].send(&message(10), true);
        let unsent = connection.sides[HERE].unsent();
        assert!(connection.sides[THERE].feed(&unsent[..9]).is_ok());
        for side in &mut connection.sides {
            let ended = side.feed_end();
            assert_eq!(
                ended.as_ref().map_err(|text| &text[..]),
                Err("the stream ended without the peer's close")
            );
            assert_eq!(side.poll().map(|_| ()), ended);
        }
    }
}

#[test]
fn a_changed_record_ends_either_side() {
    for initiator in ALL {
        let mut connection = Connection::open(LOWKEY_KK, initiator, 7);
        for at in [HERE, THERE] {
            connection.sides[at].send(&message(10), true);
            let mut unsent = connection.sides[at].unsent();
            unsent[7] ^= 1;
            assert_eq!(connection.sides[1 - at].feed(&unsent), Ok(unsent.len()));
        }
        for side in &mut connection.sides {
            assert_eq!(
                side.poll().map_err(|text| text[..20].to_owned()),
                Err("record does not open".to_owned())
            );
        }
    }
}

/// Any first record that is not an error confirms (protocol §3), a PING that has to be answered as well.
#[test]
fn confirmation_by_a_ping_that_wants_an_answer_is_said_before_that_is_asked_for() {
    use lowkey_core::{Ephemerals, Identity, Peer, Secret, kk};
    struct Boot;
    impl lowkey_core::Counter for Boot {
        fn next(&mut self) -> Result<u64, lowkey_core::CounterFailed> {
            Ok(1)
        }
    }
    struct Seven;
    impl lowkey_core::Entropy for Seven {
        fn fill(&mut self, out: &mut [u8]) -> Result<(), lowkey_core::EntropyFailed> {
            out.fill(7);
            Ok(())
        }
    }
    let identity = Identity::new(Secret::new([INITIATOR; 32])).unwrap();
    let theirs = Identity::new(Secret::new([RESPONDER; 32])).unwrap().public_key();
    let peer = Peer::pin(&identity, theirs).unwrap();
    let mut ephemerals = Ephemerals::new(Seven, Secret::new([9; 32]), &mut Boot).unwrap();
    let hello = [&[1, 1, 8][..], side::ID].concat();
    let begin = kk::Initiator::new(&identity, &peer, None, &[b"lowkey/1", &hello[..]].concat());
    let mut message = [0; 50];
    let (next, _) = begin.write_message_1(&mut ephemerals, &300_u16.to_be_bytes(), &mut message).unwrap();

    let mut b = CSide::responder(RESPONDER, INITIATOR);
    let body = [&hello[..], &message].concat();
    b.feed(&[&(body.len() as u16).to_be_bytes()[..], &body].concat()).unwrap();
    assert_eq!(b.poll(), Ok(LOWKEY_EVENT_HELLO));
    b.answer(LOWKEY_KK);
    assert_eq!(b.poll(), Ok(LOWKEY_EVENT_WRITE));
    let mut answer = b.unsent()[2..].to_vec();
    b.sent(answer.len() + 2);
    assert_eq!(b.poll(), Ok(LOWKEY_EVENT_READ));
    let (mut session, _) = next.read_message_2(&mut answer).unwrap();
    let mut record = [&[3, b'?'][..], &[0; 16]].concat();
    session.sealer.seal(&mut record).unwrap();
    b.feed(&[&[0, 18][..], &record].concat()).unwrap();

    let mut events = vec![];
    for _ in 0..4 {
        let event = b.poll().unwrap();
        if event == LOWKEY_EVENT_WRITE {
            let n = b.unsent().len();
            b.sent(n);
        }
        events.push(event);
    }
    assert!(events.contains(&LOWKEY_EVENT_OPEN), "{events:?}");
}
