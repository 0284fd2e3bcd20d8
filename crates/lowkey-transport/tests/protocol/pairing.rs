//! §6: the order of a pairing, and what either side may not do in it.

use crate::support::links::{self, Plain, XX, advance, feed, initiator, responder, unsent};
use crate::support::page::{self, CLOSE, DATA, PING, PageRecords, frame, parameters, unframe};
use crate::support::{Any, KEYS, keys::Side, keys::ephemerals};
use lowkey_core::{Identity, PublicKey, Secret};
use lowkey_transport::{Error, Link, Mode, Part, Refusal, Step};

/// Both links with message 3 on its way to `b`.
fn at_message_3(mode: Mode) -> (Any, Any, Vec<u8>) {
    let (mut a, mut b) = (initiator(mode), responder());
    let (mut to_a, mut to_b) = (vec![], vec![]);
    advance(&mut a, &mut to_a, &mut to_b).unwrap();
    assert_eq!(advance(&mut b, &mut to_b, &mut to_a), Ok(Step::Hello));
    links::answer(&mut b, mode).unwrap();
    advance(&mut b, &mut to_b, &mut to_a).unwrap();
    assert_eq!(advance(&mut a, &mut to_a, &mut to_b), Ok(Step::Read));
    assert!(to_a.is_empty());
    (a, b, to_b)
}

/// A record with nothing in it: PING or CLOSE.
const EMPTY_RECORD: usize = 2 + 1 + 16;

#[track_caller]
fn assert_sends_nothing(link: &mut Any) {
    assert_eq!(link.may_begin(), Err(Error::NotOpen));
    assert_eq!(link.stage(b"data", Part::Last), Err(Error::NotOpen));
    assert_eq!(link.ping(b""), Err(Error::NotOpen));
    assert_eq!(link.ping(b"?"), Err(Error::NotOpen));
    assert_eq!(unsent(link), b"");
}

#[test]
fn pairing_the_responder_welcomes_then_the_initiator_stores_then_the_code_is_spent() {
    for mode in XX {
        let (mut a, mut b, mut to_b) = at_message_3(mode);
        let mut to_a = vec![];
        assert_sends_nothing(&mut a);
        assert_eq!(a.accept(), Err(Error::OutOfTurn), "not before the responder's PING");

        assert_eq!(advance(&mut b, &mut to_b, &mut to_a), Ok(Step::Claim));
        assert!(to_a.is_empty(), "nothing is sent before the application has judged");
        assert_sends_nothing(&mut b);
        b.accept().unwrap();
        assert_eq!(b.accept(), Err(Error::OutOfTurn));
        assert_eq!(advance(&mut b, &mut to_b, &mut to_a), Ok(Step::Read));
        assert_eq!(to_a.len(), EMPTY_RECORD);
        assert_sends_nothing(&mut b);

        assert_eq!(advance(&mut a, &mut to_a, &mut to_b), Ok(Step::Claim));
        assert!(to_b.is_empty());
        assert_sends_nothing(&mut a);
        a.accept().unwrap();
        assert_eq!(a.step(), Ok(Step::Write), "not done before the PING back has left");
        assert_eq!(advance(&mut a, &mut to_a, &mut to_b), Ok(Step::Done));
        assert_eq!(to_b.len(), EMPTY_RECORD);
        assert_sends_nothing(&mut a);

        assert_eq!(advance(&mut b, &mut to_b, &mut to_a), Ok(Step::Done));
        assert_sends_nothing(&mut b);
        let close = links::closed(&mut a);
        assert_eq!(feed(&mut b, &close), (vec![links::Event::End], Ok(())));
        let close = links::closed(&mut b);
        assert_eq!(feed(&mut a, &close), (vec![links::Event::End], Ok(())));
        assert!(a.is_closed() && b.is_closed());
    }
}

#[test]
fn pairing_a_close_of_either_side_refuses_at_every_point() {
    for mode in XX {
        // The responder does not welcome the initiator.
        let (mut a, mut b, mut to_b) = at_message_3(mode);
        let mut to_a = vec![];
        advance(&mut b, &mut to_b, &mut to_a).unwrap();
        b.close().unwrap();
        assert_eq!(b.accept(), Err(Error::OutOfTurn));
        let declined = Error::Declined(Refusal::REFUSED);
        assert_eq!(advance(&mut b, &mut to_b, &mut to_a), Err(declined), "once the CLOSE has left");
        links::assert_dead(&mut b, declined);
        assert_eq!(advance(&mut a, &mut to_a, &mut to_b), Err(Error::NotWelcome));
        links::assert_dead(&mut a, Error::NotWelcome);

        // The initiator does not welcome the responder, before and after the responder's PING.
        for judged in [false, true] {
            let (mut a, mut b, mut to_b) = at_message_3(mode);
            let mut to_a = vec![];
            advance(&mut b, &mut to_b, &mut to_a).unwrap();
            b.accept().unwrap();
            advance(&mut b, &mut to_b, &mut to_a).unwrap();
            if judged {
                assert_eq!(advance(&mut a, &mut to_a, &mut to_b), Ok(Step::Claim));
            }
            a.close().unwrap();
            links::write(&mut a, &mut to_b).unwrap();
            assert_eq!(advance(&mut b, &mut to_b, &mut to_a), Err(Error::NotWelcome));
            links::assert_dead(&mut b, Error::NotWelcome);
        }
    }
}

/// What has been said is not taken back: the initiator may have heard it, and said the same.
#[test]
fn pairing_who_has_said_yes_cannot_say_no_afterwards() {
    for mode in XX {
        let (mut a, mut b, mut to_b) = at_message_3(mode);
        let mut to_a = vec![];
        advance(&mut b, &mut to_b, &mut to_a).unwrap();
        b.accept().unwrap();
        assert_eq!(b.close(), Err(Error::NotOpen));
        advance(&mut b, &mut to_b, &mut to_a).unwrap();
        assert_eq!(b.close(), Err(Error::NotOpen), "nor once it has left");
        advance(&mut a, &mut to_a, &mut to_b).unwrap();
        a.accept().unwrap();
        assert_eq!(advance(&mut a, &mut to_a, &mut to_b), Ok(Step::Done));
        assert_eq!(advance(&mut b, &mut to_b, &mut to_a), Ok(Step::Done));
        assert_eq!(b.close(), Ok(()));
    }
}

#[test]
fn pairing_a_stream_that_ends_in_between_is_no_pairing() {
    let (mut a, mut b, mut to_b) = at_message_3(Mode::XxPsk0);
    let mut to_a = vec![];
    assert_eq!(a.filled(0), Err(Error::HungUp));
    links::assert_dead(&mut a, Error::HungUp);
    advance(&mut b, &mut to_b, &mut to_a).unwrap();
    b.accept().unwrap();
    advance(&mut b, &mut to_b, &mut to_a).unwrap();
    assert_eq!(b.filled(0), Err(Error::HungUp));
    links::assert_dead(&mut b, Error::HungUp);
}

/// A responder by hand, with message 3 of our initiator read.
pub(crate) fn page_responder(mode: Mode) -> (Any, PageRecords) {
    let mut a = initiator(mode);
    let mut peer = page::responder(mode);
    let mut first = unsent(&mut a);
    assert_eq!(peer.read_first(&unframe(&mut first)), b"", "XX's message 1 carries nothing");
    let (mut to_a, mut to_peer) = (peer.next_frame(&parameters(300)), vec![]);
    assert_eq!(advance(&mut a, &mut to_a, &mut to_peer), Ok(Step::Read));
    assert_eq!(peer.read(&unframe(&mut to_peer)), parameters(300));
    assert_eq!(peer.remote_static(), KEYS.initiator.identity.public_key().as_bytes());
    assert_eq!(peer.hash(), a.handshake_hash().unwrap());
    (a, peer.into_records())
}

/// An initiator by hand, with its message 3 read by our responder.
pub(crate) fn page_initiator(mode: Mode) -> (Any, PageRecords) {
    let mut b = responder();
    let mut peer = page::initiator(mode);
    let (mut to_b, mut to_peer) = (peer.first_frame(b""), vec![]);
    assert_eq!(advance(&mut b, &mut to_b, &mut to_peer), Ok(Step::Hello));
    links::answer(&mut b, mode).unwrap();
    advance(&mut b, &mut to_b, &mut to_peer).unwrap();
    assert_eq!(peer.read(&unframe(&mut to_peer)), parameters(300));
    to_b = peer.next_frame(&parameters(300));
    assert_eq!(advance(&mut b, &mut to_b, &mut to_peer), Ok(Step::Claim));
    assert_eq!(peer.hash(), b.handshake_hash().unwrap());
    (b, peer.into_records())
}

#[test]
fn pairing_works_with_a_peer_written_from_the_page() {
    for mode in XX {
        let (mut a, mut peer) = page_responder(mode);
        let (mut to_a, mut to_peer) = (peer.record(PING, b""), vec![]);
        assert_eq!(advance(&mut a, &mut to_a, &mut to_peer), Ok(Step::Claim));
        a.accept().unwrap();
        assert_eq!(advance(&mut a, &mut to_a, &mut to_peer), Ok(Step::Done));
        assert_eq!(peer.open(&mut to_peer), (PING, vec![]));

        let (mut b, mut peer) = page_initiator(mode);
        b.accept().unwrap();
        let mut to_peer = unsent(&mut b);
        assert_eq!(peer.open(&mut to_peer), (PING, vec![]));
        let mut to_b = peer.record(PING, b"");
        assert_eq!(advance(&mut b, &mut to_b, &mut to_peer), Ok(Step::Done));
        let mut bye = links::closed(&mut b);
        assert_eq!(peer.open(&mut bye), (CLOSE, vec![]));
    }
}

#[test]
fn pairing_anything_but_the_ping_is_an_error_and_delivers_nothing() {
    for mode in XX {
        for (kind, body) in [(DATA, &b"data"[..]), (1, b""), (PING, b"x"), (4, b""), (0x80, b"")] {
            let (mut a, mut peer) = page_responder(mode);
            let mut to_a = peer.record(kind, body);
            assert_eq!(advance(&mut a, &mut to_a, &mut vec![]), Err(Error::Kind), "kind {kind}");
            links::assert_dead(&mut a, Error::Kind);

            let (mut b, mut peer) = page_initiator(mode);
            b.accept().unwrap();
            let mut to_b = peer.record(kind, body);
            assert_eq!(advance(&mut b, &mut to_b, &mut vec![]), Err(Error::Kind), "kind {kind}");
            links::assert_dead(&mut b, Error::Kind);
        }
    }
}

#[test]
fn pairing_data_after_both_pings_is_refused_as_well() {
    let (mut a, mut peer) = page_responder(Mode::XxPsk0);
    let mut to_a = peer.record(PING, b"");
    advance(&mut a, &mut to_a, &mut vec![]).unwrap();
    a.accept().unwrap();
    advance(&mut a, &mut to_a, &mut vec![]).unwrap();
    assert_eq!(feed(&mut a, &peer.record(0x80, b"of a later version")), (vec![], Ok(())));
    assert_eq!(feed(&mut a, &peer.record(DATA, b"data")), (vec![], Err(Error::Kind)));

    let (mut b, mut peer) = page_initiator(Mode::XxPsk0);
    b.accept().unwrap();
    unsent(&mut b);
    let mut to_b = peer.record(PING, b"");
    assert_eq!(advance(&mut b, &mut to_b, &mut vec![]), Ok(Step::Done));
    assert_eq!(feed(&mut b, &peer.record(DATA, b"data")), (vec![], Err(Error::Kind)));
}

/// Somebody who holds our own private key, by theft or because two devices were given the same one.
#[test]
fn handshake_whoever_shows_our_own_key_is_refused_in_either_role() {
    for mode in XX {
        let twin = Side::new(KEYS.initiator.secret, KEYS.stranger.identity.public_key());
        let hello = page::hello(mode);
        let mut a = initiator(mode);
        let mut peer = page::peer(mode, &twin, page::Role::Responder, &KEYS.psk_bytes, &hello);
        let mut first = unsent(&mut a);
        peer.read_first(&unframe(&mut first));
        let mut to_a = peer.next_frame(&parameters(300));
        assert_eq!(advance(&mut a, &mut to_a, &mut vec![]), Err(Error::PeerKey));
        links::assert_dead(&mut a, Error::PeerKey);

        let twin = Side::new(KEYS.responder.secret, KEYS.stranger.identity.public_key());
        let mut b = responder();
        let mut peer = page::peer(mode, &twin, page::Role::Initiator, &KEYS.psk_bytes, &hello);
        let (mut to_b, mut to_peer) = (peer.first_frame(b""), vec![]);
        advance(&mut b, &mut to_b, &mut to_peer).unwrap();
        links::answer(&mut b, mode).unwrap();
        advance(&mut b, &mut to_b, &mut to_peer).unwrap();
        peer.read(&unframe(&mut to_peer));
        to_b = peer.next_frame(&parameters(300));
        assert_eq!(advance(&mut b, &mut to_b, &mut to_peer), Err(Error::PeerKey));
        links::assert_dead(&mut b, Error::PeerKey);
        assert!(to_peer.is_empty());
    }
}

/// The same in another spelling of that key: X25519 does not look at its highest bit, and everything else fits.
#[test]
fn handshake_our_own_key_in_another_spelling_is_refused() {
    let mut key = *KEYS.initiator.identity.public_key().as_bytes();
    key[31] |= 0x80;
    let twin = Identity::from_parts(Secret::new(KEYS.initiator.secret), PublicKey::new(key)).unwrap();
    for mode in XX {
        let mut a = initiator(mode);
        let mut b = Link::responder(links::buffers());
        let (mut to_a, mut to_b) = (vec![], unsent(&mut a));
        assert_eq!(advance(&mut b, &mut to_b, &mut to_a), Ok(Step::Hello));
        b.answer_xx(&twin, KEYS.psk(mode), &mut ephemerals(2)).unwrap();
        advance(&mut b, &mut to_b, &mut to_a).unwrap();
        assert_eq!(advance(&mut a, &mut to_a, &mut to_b), Err(Error::PeerKey));
        links::assert_dead(&mut a, Error::PeerKey);
    }
}

/// Our own message 1 comes back as message 2.
#[test]
fn handshake_a_reflected_message_1_is_no_message_2() {
    for mode in [links::KK, XX].concat() {
        let mut a = initiator(mode);
        let mut wire = unsent(&mut a);
        assert_eq!(advance(&mut a, &mut wire, &mut vec![]), Err(Error::Handshake));
    }
}

#[test]
fn pairing_a_wrong_code_is_refused_before_a_static_key_is_shown() {
    let id = KEYS.id;
    let mut a = Link::xx_psk0_initiator(
        &KEYS.initiator.identity,
        id,
        &KEYS.other_psk,
        &mut ephemerals(1),
        links::buffers(),
    )
    .unwrap();
    let mut b = responder();
    let (mut to_a, mut to_b) = (vec![], vec![]);
    advance(&mut a, &mut to_a, &mut to_b).unwrap();
    advance(&mut b, &mut to_b, &mut to_a).unwrap();
    links::answer(&mut b, Mode::XxPsk0).unwrap();
    assert_eq!(advance(&mut b, &mut to_b, &mut to_a), Err(Error::Handshake));
    assert_eq!(to_a, frame(&[4]));
}

/// Nobody is asked to judge the key of somebody who has gone, and a driver never reads into no room.
#[test]
fn pairing_a_close_is_seen_before_the_key_is_judged() {
    for mode in XX {
        let (mut a, mut b) = (initiator(mode), responder());
        assert_eq!(links::meet(&mut a, &mut b, mode).unwrap().1, Step::Claim);
        b.feed(&links::closed(&mut a)).unwrap();
        assert_eq!(b.receive(), Err(Error::NotWelcome));
        links::assert_dead(&mut b, Error::NotWelcome);
    }
}
