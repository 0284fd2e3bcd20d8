//! A peer written by hand from the page against our links, in both roles, past two changes of the key.

use crate::support::links::{
    self, KK, Plain, advance, buffers, events, initiator, last, more, responder, sent, unsent,
};
use crate::support::page::{
    self, CLOSE, DATA, MORE, PING, PONG, PageRecords, frame, hello, parameters, unframe,
};
use crate::support::{Any, KEYS};
use lowkey_transport::{Error, Link, Mode, Part, Refusal, Step};

/// The page's responder with our initiator, which has sent its confirming record.
pub(crate) fn with_our_initiator(mode: Mode, theirs: &[u8]) -> (Any, PageRecords) {
    let (mut a, mut peer) = (initiator(mode), page::responder(mode));
    let mut to_peer = unsent(&mut a);
    assert_eq!(peer.read_first(&unframe(&mut to_peer)), parameters(300));
    let mut to_a = peer.next_frame(theirs);
    assert_eq!(advance(&mut a, &mut to_a, &mut to_peer), Ok(Step::Done));
    assert_eq!(peer.hash(), a.handshake_hash().unwrap());
    let mut peer = peer.into_records();
    assert_eq!(peer.open(&mut to_peer), (PING, vec![]), "the confirming record, at once");
    assert!(to_peer.is_empty());
    (a, peer)
}

/// The page's initiator with our responder, before its confirming record.
pub(crate) fn unconfirmed(mode: Mode, theirs: &[u8]) -> (Any, PageRecords) {
    let (mut b, mut peer) = (responder(), page::initiator(mode));
    let (mut to_b, mut to_peer) = (peer.first_frame(theirs), vec![]);
    assert_eq!(advance(&mut b, &mut to_b, &mut to_peer), Ok(Step::Hello));
    links::answer(&mut b, mode).unwrap();
    assert_eq!(advance(&mut b, &mut to_b, &mut to_peer), Ok(Step::Read));
    assert_eq!(peer.read(&unframe(&mut to_peer)), parameters(300));
    assert_eq!(peer.hash(), b.handshake_hash().unwrap());
    (b, peer.into_records())
}

/// The same, confirmed.
pub(crate) fn with_our_responder(mode: Mode) -> (Any, PageRecords) {
    let (mut b, mut peer) = unconfirmed(mode, &parameters(300));
    let mut to_b = peer.record(PING, b"");
    assert_eq!(advance(&mut b, &mut to_b, &mut vec![]), Ok(Step::Done));
    (b, peer)
}

fn converse(link: &mut Any, peer: &mut PageRecords) {
    for n in 0..2_150u32 {
        let text = n.to_be_bytes();
        let mut wire = sent(link, &text);
        assert_eq!(peer.open(&mut wire), (DATA, text.to_vec()), "record {n} from us");
        assert_eq!(events(link, &peer.record(DATA, &text)), [last(&text)], "record {n} to us");
    }
    link.stage(b"frag", Part::More).unwrap();
    let mut wire = unsent(link);
    link.stage(b"ment", Part::Last).unwrap();
    wire.extend(unsent(link));
    assert_eq!(peer.open(&mut wire), (MORE, b"frag".to_vec()));
    assert_eq!(peer.open(&mut wire), (DATA, b"ment".to_vec()));
    let fragments = [peer.record(MORE, b"frag"), peer.record(DATA, b"ment")].concat();
    assert_eq!(events(link, &fragments), [more(b"frag"), last(b"ment")]);

    links::done(link.ping(b"are you there").unwrap());
    let mut wire = unsent(link);
    assert_eq!(peer.open(&mut wire), (PING, b"are you there".to_vec()));
    assert_eq!(events(link, &peer.record(PONG, b"are you there")), []);
    assert!(!link.awaits_pong());
    assert_eq!(events(link, &peer.record(PING, b"and you")), []);
    let mut wire = unsent(link);
    assert_eq!(peer.open(&mut wire), (PONG, b"and you".to_vec()));

    let mut wire = links::closed(link);
    assert_eq!(peer.open(&mut wire), (CLOSE, vec![]));
    assert_eq!(events(link, &peer.record(CLOSE, b"")), [links::Event::End]);
    assert!(link.is_closed());
}

#[test]
fn records_a_responder_written_from_the_page_agrees_past_two_rekeyings() {
    for mode in KK {
        let (mut link, mut peer) = with_our_initiator(mode, &parameters(300));
        converse(&mut link, &mut peer);
    }
}

#[test]
fn records_an_initiator_written_from_the_page_agrees_past_two_rekeyings() {
    for mode in KK {
        let (mut link, mut peer) = with_our_responder(mode);
        converse(&mut link, &mut peer);
    }
}

/// The first frame to its last byte, but for the Noise message's own.
#[test]
fn hello_is_version_mode_length_id() {
    for mode in [KK, links::XX].concat() {
        let mut wire = unsent(&mut initiator(mode));
        let body = unframe(&mut wire);
        assert!(wire.is_empty());
        assert!(body.starts_with(&hello(mode)));
        let message = if mode == Mode::Xx { 32 } else { 48 } + if mode as u8 <= 2 { 2 } else { 0 };
        assert_eq!(body.len(), hello(mode).len() + message);
    }
}

#[test]
fn confirmation_any_record_that_opens_confirms() {
    for (kind, body, delivered) in [
        (DATA, &b"at once"[..], vec![last(b"at once")]),
        (MORE, b"at", vec![more(b"at")]),
        (CLOSE, b"", vec![links::Event::End]),
        (PING, b"", vec![]),
        (PING, b"ping", vec![]),
        (PONG, b"unasked", vec![]),
        (PONG, b"unasked, and longer than any PING can be", vec![]),
        (0x80, b"", vec![]),
        (0xff, b"later", vec![]),
    ] {
        let (mut b, mut peer) = unconfirmed(Mode::Kk, &parameters(300));
        let mut to_b = peer.record(kind, body);
        assert_eq!(advance(&mut b, &mut to_b, &mut vec![]), Ok(Step::Done), "kind {kind}");
        assert_eq!(events(&mut b, b""), delivered, "kind {kind}");
        assert_eq!(b.may_begin(), Ok(()));
    }
}

#[test]
fn parameters_the_smallest_record_limit_is_64_both_ways() {
    let small = || buffers().with_max_frame(64);
    let (mut a, mut peer) = {
        let (mut a, mut peer) = (links::initiator_in(Mode::Kk, small()), page::responder(Mode::Kk));
        let mut to_peer = unsent(&mut a);
        assert_eq!(peer.read_first(&unframe(&mut to_peer)), parameters(64));
        let mut to_a = peer.next_frame(&parameters(64));
        advance(&mut a, &mut to_a, &mut to_peer).unwrap();
        let mut peer = peer.into_records();
        peer.open(&mut to_peer);
        (a, peer)
    };
    assert_eq!(a.max_data(), 47);
    let text = [7; 47];
    let mut wire = sent(&mut a, &text);
    assert_eq!(wire.len(), 2 + 64);
    assert_eq!(peer.open(&mut wire), (DATA, text.to_vec()));
    assert_eq!(events(&mut a, &peer.record(DATA, &text)), [last(&text)]);
    links::done(a.ping(&[1; 32]).unwrap());
    peer.open(&mut unsent(&mut a));
    events(&mut a, &peer.record(PING, &[2; 32]));
    assert_eq!(peer.open(&mut unsent(&mut a)), (PONG, vec![2; 32]));
    let (events, result) = links::feed(&mut a, &peer.record(DATA, &[7; 48]));
    assert_eq!((events, result), (vec![], Err(Error::FrameTooLong)));
}

/// §1: a handshake frame of 160 bytes is taken whatever `max_frame` says.
#[test]
fn frames_a_handshake_frame_of_160_bytes_is_taken_whatever_max_frame_says() {
    let small = || buffers().with_max_frame(64);
    let mut a = links::initiator_in(Mode::Xx, small());
    let mut peer = page::responder(Mode::Xx);
    peer.read_first(&unframe(&mut unsent(&mut a)));
    // 62 bytes of items behind max_frame: 96 + 64 = 160
    let mut payload = parameters(300);
    payload.extend([0x07, 60]);
    payload.extend([0; 60]);
    let mut to_a = peer.next_frame(&payload);
    assert_eq!(to_a.len(), 2 + 160);
    assert_eq!(advance(&mut a, &mut to_a, &mut vec![]), Ok(Step::Read));
    assert!(a.proven_key().is_some());
}

#[test]
fn parameters_unknown_items_are_skipped() {
    for items in [
        &[0, 0][..],
        &[6, 1, 9],
        &[255, 3, 1, 2, 3, 0, 0],
        &[7, 1, 1, 3, 0, 7, 1, 2, 7, 0], // the same again, and out of order
        &[0, 0].repeat(31),
        &[[9, 60].as_slice(), &[0; 60]].concat(),
    ] {
        let theirs = [&parameters(100)[..], items].concat();
        let (a, _peer) = with_our_initiator(Mode::Kk, &theirs);
        assert_eq!(a.max_data(), 83);
        let (b, _peer) = unconfirmed(Mode::KkPsk0, &theirs);
        assert_eq!(b.max_data(), 83);
    }
}

#[test]
fn refusal_by_a_peer_written_from_the_page() {
    for code in 0..=255u8 {
        let mut a = initiator(Mode::Kk);
        unsent(&mut a);
        let ended = advance(&mut a, &mut frame(&[code]), &mut vec![]);
        let refusal = match code {
            1 => Refusal::VERSION,
            2 => Refusal::MODE,
            3 => Refusal::BUSY,
            4 => Refusal::REFUSED,
            other => Refusal::new(other),
        };
        assert_eq!(ended, Err(Error::Refused(refusal)));
        assert_eq!(refusal.code(), code);
    }
    links::assert_dead(
        &mut {
            let mut a = initiator(Mode::Xx);
            unsent(&mut a);
            advance(&mut a, &mut frame(&[3]), &mut vec![]).unwrap_err();
            a
        },
        Error::Refused(Refusal::BUSY),
    );
}

/// The prologue: a hello changed on its way breaks the handshake, here seen from the page's side.
#[test]
fn hello_is_bound_into_the_handshake() {
    let mut changed = hello(Mode::Kk);
    changed[4] ^= 1;
    let mut peer = page::peer(Mode::Kk, &KEYS.initiator, page::Role::Initiator, &KEYS.psk_bytes, &changed);
    let mut first = peer.first_frame(&parameters(300));
    first[2 + 4] ^= 1; // on the wire it is the right id again
    let mut b = responder();
    let mut to_peer = vec![];
    assert_eq!(advance(&mut b, &mut first, &mut to_peer), Ok(Step::Hello));
    links::answer(&mut b, Mode::Kk).unwrap();
    assert_eq!(advance(&mut b, &mut first, &mut to_peer), Err(Error::Handshake));
    assert_eq!(to_peer, frame(&[4]));
    let _: &Link<'_, _> = &b;
}
