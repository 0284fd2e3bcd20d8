//! §6, by the channels: both drivers, both roles, over streams that dribble and that hold back what is not flushed;
//! then KK with what the pairing has left.

use crate::support::keys::ephemerals;
use crate::support::links;
use crate::support::pins::{Pins, Trouble};
use crate::support::streams::{Pipe, Rules, Slow, Stream};
use crate::support::{KEYS, Rng};
use embedded_io::ErrorKind;
use futures_executor::block_on;
use futures_util::future::join;
use lowkey_core::{Id, Peer};
use lowkey_transport::{Error, Link, Mode, PairError, Pinning, Window, asynch, blocking};

type Paired = Result<Peer, PairError<Trouble>>;

/// The responder's part, blocking.
fn accept(io: Stream, pins: &mut Pins) -> Paired {
    let (mut link, mut window) =
        (Link::new(links::buffers()), Window::new(KEYS.pairing(&KEYS.responder.identity)));
    blocking::Channel::accept_pairing(io, &mut link, &mut window, &mut ephemerals(2), pins)
}

/// The initiator's part, blocking.
fn call(io: Stream, pins: &mut Pins) -> Paired {
    let mut link = Link::new(links::buffers());
    let paired = blocking::Channel::pair(
        io,
        &mut link,
        KEYS.pairing(&KEYS.initiator.identity),
        &mut ephemerals(1),
        pins,
    );
    let next = KEYS.initiator_pinning(Mode::Kk);
    assert!(
        Link::kk_initiator(next, &mut ephemerals(5), link.into_buffers()).is_ok(),
        "it gives its memory back"
    );
    paired
}

#[test]
fn pairing_by_blocking_channels_leaves_what_kk_takes() {
    let rules = [
        Rules { waits: true, ..Rules::default() },
        Rules { waits: true, buffers: true, ..Rules::default() },
        Rules { waits: true, dribble: Some(Rng(3)), ..Rules::default() },
    ];
    for rules in rules {
        let (a, b) = Stream::pair(&rules);
        let accepting = std::thread::spawn(move || {
            let mut pins = Pins::default();
            (accept(b, &mut pins).unwrap(), pins.calls)
        });
        let mut pins = Pins::default();
        let server = call(a, &mut pins).unwrap();
        let (device, calls) = accepting.join().unwrap();
        assert_eq!((&pins.calls[..], &calls[..]), (&["store", "finalise"][..], &["store", "finalise"][..]));

        let (a, b) = Stream::pair(&rules);
        let accepting = std::thread::spawn(move || {
            let pinning = Pinning::of_server(&KEYS.responder.identity, &device);
            let known = |hello: &lowkey_transport::Hello| (hello.id == Some(pinning.id)).then_some(pinning);
            blocking::Channel::accept(b, Link::responder(links::buffers()), &mut ephemerals(4), known)
                .map(drop)
        });
        let pinning = Pinning::of_device(&KEYS.initiator.identity, &server);
        let link = Link::kk_initiator(pinning, &mut ephemerals(3), links::buffers()).unwrap();
        let _open = blocking::Channel::connect(a, link).unwrap();
        assert_eq!(accepting.join().unwrap(), Ok(()));
    }
}

#[test]
fn pairing_by_async_channels_leaves_the_same() {
    for (portion, buffers) in [(usize::MAX, false), (5, false), (5, true)] {
        let (rx, tx) = (Pipe::default(), Pipe::default());
        let (mut ours, mut theirs) = (Pins::default(), Pins::default());
        let (mut a, mut b) = (Link::new(links::buffers()), Link::new(links::buffers()));
        let mut window = Window::new(KEYS.pairing(&KEYS.responder.identity));
        let (mut a_random, mut b_random) = (ephemerals(1), ephemerals(2));
        let io = |rx: &Pipe, tx: &Pipe| Slow { buffers, ..Slow::new(rx, tx, portion) };
        let calling = asynch::Channel::pair(
            io(&rx, &tx),
            &mut a,
            KEYS.pairing(&KEYS.initiator.identity),
            &mut a_random,
            &mut ours,
        );
        let accepting =
            asynch::Channel::accept_pairing(io(&tx, &rx), &mut b, &mut window, &mut b_random, &mut theirs);
        let (server, device) = block_on(join(calling, accepting));
        assert_eq!(server.unwrap().public_key(), KEYS.responder.identity.public_key());
        assert_eq!(device.unwrap().public_key(), KEYS.initiator.identity.public_key());
        assert_eq!(
            (ours.last, theirs.last),
            (Some(KEYS.responder.identity.public_key()), Some(KEYS.initiator.identity.public_key()),)
        );
    }
}

/// Not only by both sides in the same way: the id goes over the wire, and other implementations make it too.
#[test]
fn pairing_the_id_has_the_devices_key_first_on_both_sides() {
    let (device, server) = (&KEYS.initiator, &KEYS.responder);
    let id = Id::of_pinning(&device.identity.public_key(), &server.identity.public_key());
    assert_eq!(Pinning::of_device(&device.identity, &device.peer).id, id);
    assert_eq!(Pinning::of_server(&server.identity, &server.peer).id, id);
}

/// The stream holds back the second PING, and breaks when it has to hand it on: nobody knows whether it has left.
#[test]
fn pairing_a_ping_that_is_written_and_not_handed_on_is_not_final() {
    let (a, b) = Stream::pair(&Rules { waits: true, buffers: true, ..Rules::default() });
    let accepting = std::thread::spawn(move || {
        let mut pins = Pins::default();
        (accept(b, &mut pins).map(drop), pins.calls)
    });
    // Its calls: write, flush, reads of message 2 (2), write, flush, reads of the PING (2), write; then the flush
    // fails.
    a.set(|rules| rules.fails_once = Some((9, ErrorKind::ConnectionReset)));
    let (mut pins, end) = (Pins::default(), a.tx.clone());
    let failed = Err(PairError::Failed(Error::Io(ErrorKind::ConnectionReset)));
    assert_eq!(call(a, &mut pins).map(drop), failed);
    assert_eq!((&pins.calls[..], pins.last), (&["store"][..], None));
    assert_eq!(pins.pending.map(|(key, _)| key), Some(KEYS.responder.identity.public_key()));
    end.end();
    let (ended, calls) = accepting.join().unwrap();
    assert_eq!((ended, &calls[..]), (Err(PairError::Failed(Error::HungUp)), &["store"][..]));
}

/// Nobody waits for a CLOSE that does not come, and what is final stays so.
#[test]
fn pairing_is_done_when_the_peer_hangs_up_behind_the_pings() {
    let (a, b) = Stream::pair(&Rules { waits: true, ..Rules::default() });
    let end = a.rx.clone();
    let calling = std::thread::spawn(move || call(a, &mut Pins::default()).map(drop));
    let mut pins = Pins::default();
    // The last frame that it writes is its CLOSE: it is lost, and the stream ends.
    b.set(|rules| rules.breaks = Some((100 + 19, Some(ErrorKind::ConnectionReset))));
    assert_eq!(accept(b, &mut pins).map(drop), Ok(()));
    assert_eq!(pins.calls, ["store", "finalise"]);
    end.end();
    assert_eq!(calling.join().unwrap(), Ok(()));
}

#[test]
fn pairing_a_link_that_has_begun_is_not_paired_with() {
    let (a, _b) = Stream::pair(&Rules::default());
    let (mut link, mut pins) = (links::responder(), Pins::default());
    let out_of_turn = Err(PairError::Failed(Error::OutOfTurn));
    let paired = blocking::Channel::pair(
        a.clone(),
        &mut link,
        KEYS.pairing(&KEYS.initiator.identity),
        &mut ephemerals(1),
        &mut pins,
    );
    assert_eq!(paired.map(drop), out_of_turn);
    let mut window = Window::new(KEYS.pairing(&KEYS.responder.identity));
    let paired = blocking::Channel::accept_pairing(a, &mut link, &mut window, &mut ephemerals(1), &mut pins);
    assert_eq!(paired.map(drop), out_of_turn);
    assert!(pins.calls.is_empty());
}
