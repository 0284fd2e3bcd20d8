//! §7, rule by rule, against a peer that is written from the page.

use crate::support::Any;
use crate::support::links::{
    self, Event, Plain, advance, answer, buffers, closed, done, events, feed, initiator_in, last, more,
    unsent,
};
use crate::support::page::{
    self, ACK, CLOSE, DATA, MORE, NUMBERED, PING, PONG, PageRecords, numbered, parameters_with, unframe,
};
use core::task::Poll;
use lowkey_core::numbered::message_digest;
use lowkey_transport::{Acks, Buffers, Error, Link, Mode, Outbox, PushError, RunId, Step};

const RUN: [u8; 8] = *b"a run...";
const OTHER: [u8; 8] = *b"another.";
const NONE: [u8; 16] = [0; 16];

fn run() -> RunId {
    RunId::new(RUN)
}

fn outbox() -> Outbox<Vec<u8>> {
    Outbox::new(vec![0; 4_000], run(), 7)
}

/// The count of this start.
fn number(count: u64) -> u64 {
    (7 << 32) | count
}

/// Our initiator, which numbers, and a responder of the page that shows this.
fn sender_with(theirs: &[u8]) -> (Any, PageRecords) {
    let (mut a, mut peer) = (initiator_in(Mode::Kk, buffers().with_run(run())), page::responder(Mode::Kk));
    let mut to_peer = unsent(&mut a);
    assert_eq!(peer.read_first(&unframe(&mut to_peer)), parameters_with(300, Some(RUN), false));
    let mut to_a = peer.next_frame(theirs);
    assert_eq!(advance(&mut a, &mut to_a, &mut to_peer), Ok(Step::Done));
    let mut peer = peer.into_records();
    assert_eq!(peer.open(&mut to_peer), (PING, vec![]));
    (a, peer)
}

/// One that acknowledges.
fn sender() -> (Any, PageRecords) {
    sender_with(&parameters_with(300, None, true))
}

/// Our responder, and an initiator of the page that shows this, before its confirmation.
fn unconfirmed(ours: Buffers<Vec<u8>>, theirs: &[u8]) -> (Any, PageRecords, Vec<u8>) {
    let (mut b, mut peer) = (Link::responder(ours), page::initiator(Mode::Kk));
    let (mut to_b, mut to_peer) = (peer.first_frame(theirs), vec![]);
    assert_eq!(advance(&mut b, &mut to_b, &mut to_peer), Ok(Step::Hello));
    answer(&mut b, Mode::Kk).unwrap();
    assert_eq!(advance(&mut b, &mut to_b, &mut to_peer), Ok(Step::Read));
    let shown = peer.read(&unframe(&mut to_peer));
    (b, peer.into_records(), shown)
}

/// Our responder, which acknowledges, and an initiator of the page that numbers.
fn receiver() -> (Any, PageRecords) {
    let (mut b, mut peer, shown) =
        unconfirmed(buffers().with_acks(), &parameters_with(300, Some(RUN), false));
    assert_eq!(shown, parameters_with(300, None, true));
    let mut to_b = peer.record(PING, b"");
    assert_eq!(advance(&mut b, &mut to_b, &mut vec![]), Ok(Step::Done));
    (b, peer)
}

/// All that goes out of an outbox now.
fn send(link: &mut Any, outbox: &mut Outbox<Vec<u8>>) -> Result<Vec<u8>, Error> {
    let mut wire = vec![];
    while link.send_outbox(outbox)?.is_pending() {
        links::write(link, &mut wire)?;
        link.on_flush(Ok::<_, Error>(()))?;
    }
    Ok(wire)
}

fn ack(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

fn first_ack(number: u64, message: &[u8]) -> Vec<u8> {
    [ack(number), message_digest(number, [message, b""])].concat()
}

fn opened(peer: &mut PageRecords, mut wire: Vec<u8>) -> Vec<(u8, Vec<u8>)> {
    let mut records = vec![];
    while !wire.is_empty() {
        records.push(peer.open(&mut wire));
    }
    records
}

#[test]
fn numbered_s3_both_items_are_shown_by_whoever_has_them_and_by_nobody_else() {
    for (ours, run, acks) in [
        (buffers(), None, false),
        (buffers().with_run(run()), Some(RUN), false),
        (buffers().with_acks(), None, true),
        (buffers().with_acks().with_run(run()), Some(RUN), true),
    ] {
        let mut peer = page::responder(Mode::Kk);
        let mut a = initiator_in(Mode::Kk, ours);
        assert_eq!(peer.read_first(&unframe(&mut unsent(&mut a))), parameters_with(300, run, acks));
    }
}

#[test]
fn numbered_s3_an_item_of_another_length_ends_the_handshake_and_the_last_of_one_kind_counts() {
    for items in [&[1, 0][..], &[1, 7, 1, 2, 3, 4, 5, 6, 7], &[1, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9], &[2, 1, 0]] {
        let theirs = [&300_u16.to_be_bytes(), items].concat();
        let (mut b, mut peer) = (links::responder(), page::initiator(Mode::Kk));
        let mut to_b = peer.first_frame(&theirs);
        assert_eq!(advance(&mut b, &mut to_b, &mut vec![]), Ok(Step::Hello));
        assert_eq!(answer(&mut b, Mode::Kk), Err(Error::Parameters), "{items:?}");
    }
    let twice =
        [&parameters_with(300, Some(OTHER), true)[..], &parameters_with(0, Some(RUN), true)[2..]].concat();
    let (mut b, mut peer, _) = unconfirmed(buffers().with_acks(), &twice);
    assert_eq!(b.acks(), Acks::default(), "a recorded message 1 shows a run, too");
    events(&mut b, b"");
    let mut to_b = peer.record(PING, b"");
    advance(&mut b, &mut to_b, &mut vec![]).unwrap();
    assert_eq!(b.acks().peer_run, Some(run()));
}

#[test]
fn numbered_s7_without_both_items_nothing_is_numbered_and_what_comes_is_ignored() {
    for theirs in [parameters_with(300, None, false), parameters_with(300, Some(OTHER), false)] {
        let (mut a, mut peer) = sender_with(&theirs);
        let mut outbox = outbox();
        outbox.push(b"stays").unwrap();
        assert!(!a.acks().are_given);
        assert_eq!(a.send_outbox(&mut outbox), Err(Error::NotAcknowledged));
        assert_eq!(a.recv_acks(&mut outbox), Err(Error::NotAcknowledged));
        assert_eq!(a.open_acks(None), Err(Error::OutOfTurn));
        assert_eq!(a.acknowledge(1), Err(Error::OutOfTurn));
        for (kind, body) in
            [(ACK, &b"?"[..]), (ACK, &NONE), (NUMBERED, b"short"), (NUMBERED, &numbered(1, b"x"))]
        {
            assert_eq!(events(&mut a, &peer.record(kind, body)), [], "{kind:#x} {body:?}");
        }
        assert_eq!(outbox.last(), number(1));
        assert_eq!(events(&mut a, &peer.record(DATA, b"goes on")), [last(b"goes on")]);
        assert_eq!(a.number(), None);
    }
    // One that shows nothing itself.
    let (mut b, mut peer, shown) = unconfirmed(buffers(), &parameters_with(300, Some(RUN), true));
    assert_eq!(shown, parameters_with(300, None, false));
    let mut to_b = peer.record(NUMBERED, &numbered(1, b"x"));
    assert_eq!(advance(&mut b, &mut to_b, &mut vec![]), Ok(Step::Done), "it confirms as any record does");
    assert_eq!(b.acks(), Acks::default());
    assert_eq!(events(&mut b, &peer.record(ACK, b"")), []);
}

#[test]
fn numbered_s7_nothing_goes_out_before_the_first_ack_and_then_all_in_order() {
    let (mut a, mut peer) = sender();
    let mut outbox = outbox();
    for text in [&b"one"[..], b"", b"three"] {
        outbox.push(text).unwrap();
    }
    assert_eq!((a.acks().are_given, a.acks().up_to), (true, None));
    assert_eq!(send(&mut a, &mut outbox), Ok(vec![]));
    events(&mut a, &peer.record(ACK, &NONE));
    assert_eq!(a.acks().up_to, Some(0));
    let wire = send(&mut a, &mut outbox).unwrap();
    let expected = [(1, &b"one"[..]), (2, b""), (3, b"three")];
    let expected = expected.map(|(count, text)| (NUMBERED, numbered(number(count), text)));
    assert_eq!(opened(&mut peer, wire), expected);
    assert_eq!(send(&mut a, &mut outbox), Ok(vec![]), "each once on a connection");
    assert!(!outbox.is_empty());
}

#[test]
fn numbered_s7_the_first_ack_releases_and_what_is_above_goes_out_again() {
    let mut outbox = outbox();
    let texts: Vec<Vec<u8>> = (1..=5).map(|n| vec![n; usize::from(n) * 90]).collect();
    for text in &texts {
        outbox.push(text).unwrap();
    }
    for stored in [0, 2, 2, 4, 5] {
        let (mut a, mut peer) = sender();
        let body = match stored {
            0 => NONE.to_vec(),
            n => first_ack(number(n), &texts[n as usize - 1]),
        };
        events(&mut a, &peer.record(ACK, &body));
        let records = opened(&mut peer, send(&mut a, &mut outbox).unwrap());
        let numbers: Vec<u64> = records
            .iter()
            .filter(|(kind, _)| *kind == NUMBERED)
            .map(|(_, body)| u64::from_be_bytes(*body.first_chunk().unwrap()))
            .collect();
        assert_eq!(numbers, (stored + 1..=5).map(number).collect::<Vec<_>>());
    }
    assert!(outbox.is_empty());
}

#[test]
fn numbered_s7_numbers_that_went_back_release_nothing_and_send_nothing() {
    let (text, above) = (&b"kept"[..], number(2));
    for (body, why) in [
        (first_ack(above, b"the next one"), "a number that we would give next"),
        (first_ack(u64::MAX, b"?"), "a number far above"),
        (first_ack(number(1), b"another text"), "another message of this number"),
    ] {
        let (mut a, mut peer) = sender();
        let mut outbox = outbox();
        outbox.push(text).unwrap();
        events(&mut a, &peer.record(ACK, &body));
        for _ in 0..2 {
            assert_eq!(a.send_outbox(&mut outbox), Err(Error::WentBack), "{why}");
            assert_eq!(a.recv_acks(&mut outbox), Err(Error::WentBack), "{why}");
        }
        assert!(!outbox.is_empty());
        assert_eq!(unsent(&mut a), b"");
        assert!(Error::WentBack.is_recoverable());
        let mut wire = links::sent(&mut a, b"not numbered");
        assert_eq!(peer.open(&mut wire), (DATA, b"not numbered".to_vec()));
    }
    // Of its own it has the message no more, or it was of an earlier start: both are as it should be.
    for stored in [number(1), (6 << 32) | 9, 1] {
        let (mut a, mut peer) = sender();
        let mut outbox = outbox();
        if stored != number(1) {
            outbox.push(text).unwrap();
        } else {
            outbox.push(b"acknowledged before").unwrap();
            outbox.release(number(1));
            outbox.push(text).unwrap();
        }
        events(&mut a, &peer.record(ACK, &first_ack(stored, b"whatever it was")));
        assert!(!send(&mut a, &mut outbox).unwrap().is_empty(), "{stored:#x}");
    }
}

#[test]
fn numbered_s7_an_ack_that_cannot_be_ends_the_connection() {
    let long = [0; 17];
    for (acks, why) in [
        (vec![&ack(0)[..]], "a first one of 8 bytes"),
        (vec![&b""[..]], "without a number"),
        (vec![&long[..]], "too long"),
        (vec![&NONE[..], &NONE[..]], "a second one of 16 bytes"),
        (vec![&NONE[..], &[0; 7]], "a later one of 7 bytes"),
        (vec![&NONE[..], &[0; 9]], "a later one of 9 bytes"),
        (vec![&NONE[..], &[0, 0, 0, 7, 0, 0, 0, 3]], "above the highest that was sent"),
    ] {
        let (mut a, mut peer) = sender();
        let mut outbox = outbox();
        for text in [b"1", b"2"] {
            outbox.push(text).unwrap();
        }
        let (bad, good) = acks.split_last().unwrap();
        for body in good {
            events(&mut a, &peer.record(ACK, body));
            send(&mut a, &mut outbox).unwrap();
        }
        let (delivered, result) = feed(&mut a, &peer.record(ACK, bad));
        assert_eq!((delivered, result), (vec![], Err(Error::Number)), "{why}");
        links::assert_dead(&mut a, Error::Number);
        assert!(!outbox.is_empty());
    }
}

#[test]
fn numbered_s7_a_later_ack_is_cumulative_and_a_lower_one_says_nothing() {
    let (mut a, mut peer) = sender();
    let mut outbox = outbox();
    for n in 1..=4 {
        assert_eq!(outbox.push(&[n]), Ok(number(n.into())));
    }
    events(&mut a, &peer.record(ACK, &NONE));
    send(&mut a, &mut outbox).unwrap();
    events(&mut a, &peer.record(ACK, &ack(number(3))));
    assert_eq!(a.recv_acks(&mut outbox), Ok(Poll::Ready(true)));
    assert_eq!(
        outbox.above(0).map(|waiting| (waiting.number(), waiting.message())),
        Some((number(4), &[4][..]))
    );
    events(&mut a, &peer.record(ACK, &ack(number(1))));
    assert_eq!((a.acks().up_to, a.recv_acks(&mut outbox)), (Some(number(3)), Ok(Poll::Pending)));
    events(&mut a, &peer.record(ACK, &ack(number(4))));
    assert_eq!(a.recv_acks(&mut outbox), Ok(Poll::Ready(true)));
    assert!(outbox.is_empty());
}

#[test]
fn numbered_s7_a_numbered_message_that_cannot_be_ends_the_connection() {
    for (stored, sent, bad, why) in [
        (None, vec![], numbered(1, b"x"), "before our first ACK"),
        (Some(None), vec![], b"7 bytes".to_vec(), "shorter than its number"),
        (Some(None), vec![], numbered(0, b"x"), "number 0"),
        (Some(Some((5, [1; 8]))), vec![], numbered(5, b"x"), "not above the first ACK"),
        (Some(Some((5, [1; 8]))), vec![6, 9], numbered(9, b"x"), "the same again"),
        (Some(None), vec![u64::MAX], numbered(1, b"x"), "behind the highest there is"),
    ] {
        let (mut b, mut peer) = receiver();
        if let Some(last) = stored {
            b.open_acks(last).unwrap();
            peer.open(&mut unsent(&mut b));
        }
        for number in sent {
            assert_eq!(events(&mut b, &peer.record(NUMBERED, &numbered(number, b"x"))), [last(b"x")]);
            assert_eq!(b.number(), Some(number));
        }
        let (delivered, result) = feed(&mut b, &peer.record(NUMBERED, &bad));
        assert_eq!((delivered, result), (vec![], Err(Error::Number)), "{why}");
        links::assert_dead(&mut b, Error::Number);
    }
}

/// A first ACK that is said and has not gone is not there: nobody can have acted on it.
#[test]
fn numbered_s7_a_message_that_comes_before_the_first_ack_has_gone_is_an_error() {
    let (mut b, mut peer) = receiver();
    b.open_acks(None).unwrap();
    assert_eq!(feed(&mut b, &peer.record(NUMBERED, &numbered(1, b"x"))).1, Err(Error::Number));
}

#[test]
fn numbered_s7_an_owed_ack_goes_behind_an_owed_pong_and_before_anything_else() {
    for close in [false, true] {
        let (mut b, mut peer) = receiver();
        b.open_acks(Some((4, [8; 8]))).unwrap();
        assert_eq!(b.open_acks(None), Err(Error::OutOfTurn), "once");
        assert_eq!(b.acknowledge(5), Err(Error::OutOfTurn), "none of that number has come");
        events(&mut b, &peer.record(PING, b"there?"));
        if close {
            b.close().unwrap();
        } else {
            assert_eq!(b.send(b"data"), Ok(Poll::Pending));
        }
        let mut expected = vec![(PONG, b"there?".to_vec()), (ACK, [ack(4), [8; 8]].concat())];
        if close {
            expected.push((CLOSE, vec![]));
        }
        assert_eq!(opened(&mut peer, unsent(&mut b)), expected);
    }
    // Once more, with later ones: a newer one takes the place of one that has not gone, and CLOSE waits for it.
    let (mut b, mut peer) = receiver();
    b.open_acks(None).unwrap();
    opened(&mut peer, unsent(&mut b));
    for number in 1..=3 {
        events(&mut b, &peer.record(NUMBERED, &numbered(number, b"")));
        b.acknowledge(number).unwrap();
        b.acknowledge(number).unwrap();
    }
    b.acknowledge(1).unwrap(); // nothing new
    let wire = closed(&mut b);
    assert_eq!(opened(&mut peer, wire), [(ACK, ack(3).to_vec()), (CLOSE, vec![])]);
    assert_eq!(b.acknowledge(3), Err(Error::Closed));
    assert!(b.unsent().unwrap().is_empty());
}

#[test]
fn numbered_s7_the_first_ack_goes_out_also_when_later_ones_have_overtaken_it() {
    let (mut b, mut peer) = receiver();
    done(b.ping(b"in the way").unwrap());
    b.open_acks(Some((4, [8; 8]))).unwrap();
    b.acknowledge(4).unwrap();
    let records = opened(&mut peer, unsent(&mut b));
    assert_eq!(records, [(PING, b"in the way".to_vec()), (ACK, [ack(4), [8; 8]].concat())]);
}

/// What was gathered was accepted before, and becomes a record before the ACK; what is gathered behind it goes behind
/// it.
#[test]
fn numbered_s7_an_ack_and_gathered_bytes_keep_their_order() {
    let (mut b, mut peer) = receiver();
    assert_eq!(b.write(b"before"), Ok(Poll::Ready(6)));
    b.open_acks(None).unwrap();
    assert_eq!(b.write(b"behind"), Ok(Poll::Pending));
    let mut records = opened(&mut peer, unsent(&mut b));
    assert_eq!(b.write(b"behind"), Ok(Poll::Ready(6)));
    records.extend(opened(&mut peer, unsent(&mut b)));
    assert_eq!(records, [(DATA, b"before".to_vec()), (ACK, NONE.to_vec()), (DATA, b"behind".to_vec())]);
}

/// §4, §7: pieces are MORE as ever, and the last has its number; an ACK may stand between them.
#[test]
fn numbered_s7_a_long_message_is_more_and_then_numbered() {
    let most = links::open().0.max_data();
    for len in [0, 1, most - 9, most - 8, most - 7, most, most + 1, 2 * most - 8, 2 * most, 3_000] {
        let text: Vec<u8> = (0..len).map(|n| n as u8).collect();
        let (mut a, mut peer) = sender();
        let mut outbox = outbox();
        outbox.push(b"before").unwrap();
        outbox.release(number(1));
        outbox.push(&text).unwrap();
        events(&mut a, &peer.record(ACK, &first_ack(number(1), b"before")));
        let records = opened(&mut peer, send(&mut a, &mut outbox).unwrap());
        let (end, pieces) = records.split_last().unwrap();
        let mut got: Vec<u8> = vec![];
        for (kind, piece) in pieces {
            assert_eq!((*kind, piece.is_empty()), (MORE, false));
            got.extend(piece);
        }
        assert_eq!((end.0, &end.1[..8]), (NUMBERED, &ack(number(2))[..]));
        got.extend(&end.1[8..]);
        assert_eq!(got, text, "{len}");
    }
    let (mut b, mut peer) = receiver();
    b.open_acks(None).unwrap();
    opened(&mut peer, unsent(&mut b));
    assert_eq!(events(&mut b, &peer.record(MORE, b"a")), [more(b"a")]);
    assert_eq!(events(&mut b, &peer.record(PING, b"")), []);
    assert_eq!(events(&mut b, &peer.record(NUMBERED, &numbered(3, b"b"))), [last(b"b")]);
    assert_eq!(b.number(), Some(3));
    assert_eq!(events(&mut b, &peer.record(MORE, b"c")), [more(b"c")]);
    assert_eq!(events(&mut b, &peer.record(DATA, b"d")), [last(b"d")]);
    assert_eq!(b.number(), None);
}

#[test]
fn numbered_s7_amid_a_numbered_message_no_other_begins_and_a_close_is_a_truncation() {
    let (mut a, mut peer) = sender();
    let mut outbox = outbox();
    outbox.push(&[7; 900]).unwrap();
    events(&mut a, &peer.record(ACK, &NONE));
    assert_eq!(a.send_outbox(&mut outbox), Ok(Poll::Pending));
    let mut wire = unsent(&mut a);
    assert_eq!(peer.open(&mut wire).0, MORE);
    assert_eq!(a.send(b"x"), Err(Error::Unfinished));
    assert_eq!(a.stage(b"x", lowkey_transport::Part::Last), Err(Error::Unfinished));
    assert_eq!(a.send_rest(b"x"), Err(Error::Unfinished));
    let mut other = Outbox::new(vec![0; 100], run(), 8);
    assert_eq!(a.send_outbox(&mut other), Err(Error::Unfinished));
    let mut of_another_run = Outbox::new(vec![0; 100], RunId::new(OTHER), 7);
    assert_eq!(a.send_outbox(&mut of_another_run), Err(Error::OutOfTurn));
    let rest = opened(&mut peer, send(&mut a, &mut outbox).unwrap());
    assert_eq!(rest.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [MORE, MORE, MORE, NUMBERED]);
}

#[test]
fn numbered_s7_acks_come_in_behind_our_own_close() {
    let (mut a, mut peer) = sender();
    let mut outbox = outbox();
    outbox.push(b"last words").unwrap();
    events(&mut a, &peer.record(ACK, &NONE));
    send(&mut a, &mut outbox).unwrap();
    closed(&mut a);
    let acks_and_end = [peer.record(ACK, &ack(number(1))), peer.record(CLOSE, b"")].concat();
    assert_eq!(events(&mut a, &acks_and_end), [Event::End]);
    assert_eq!(a.recv_acks(&mut outbox), Ok(Poll::Ready(true)));
    assert!(outbox.is_empty());
    assert_eq!(a.recv_acks(&mut outbox), Ok(Poll::Ready(false)), "the peer has closed");
}

#[test]
fn numbered_s7_a_number_is_boot_and_count_and_none_comes_twice() {
    let mut outbox = Outbox::new(vec![0; 64], run(), u32::MAX);
    assert_eq!(outbox.push(b""), Ok((u64::from(u32::MAX) << 32) | 1));
    let mut from_a_stream = Outbox::of_stream(vec![0; 64], run(), 90);
    assert_eq!(from_a_stream.put(0, b""), Err(PushError::Exhausted));
    assert_eq!(from_a_stream.put(u64::from(u32::MAX), b""), Ok(()));
    assert_eq!(from_a_stream.push(b""), Err(PushError::Exhausted), "it would be of the next boot");
    assert_eq!(from_a_stream.put(u64::from(u32::MAX), b""), Err(PushError::Exhausted));
    assert_eq!(from_a_stream.put(u64::MAX, b""), Ok(()));
}

#[test]
fn numbered_a_full_outbox_says_so_and_keeps_what_it_has() {
    let mut outbox = Outbox::new(vec![0; 30], run(), 7);
    assert_eq!(outbox.push(&[0; 21]), Err(PushError::TooLong));
    assert_eq!(outbox.push(&[1; 20]), Ok(number(1)));
    assert_eq!((outbox.push(b""), outbox.room()), (Err(PushError::Full), None));
    outbox.release(number(1));
    assert_eq!(outbox.push(b"12345"), Ok(number(2)));
    assert_eq!(outbox.room(), Some(5));
    assert_eq!(outbox.push(b"123456"), Err(PushError::Full));
    assert_eq!(outbox.push(b"12345"), Ok(number(3)));
    assert_eq!(outbox.above(number(2)).unwrap().message(), b"12345");
    for len in 0..10 {
        let mut none = Outbox::new(vec![0; len], run(), 1);
        assert_eq!(none.push(b""), Err(PushError::TooLong), "{len}");
    }
}
