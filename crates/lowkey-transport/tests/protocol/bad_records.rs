//! §4 under attack: every bad record ends the channel with a typed error, and nothing of it is delivered.

use crate::page_peer::{with_our_initiator, with_our_responder};
use crate::support::links::{self, Event, Plain, assert_dead, events, feed, last, more, sent};
use crate::support::page::{CLOSE, DATA, MORE, PING, frame, parameters};
use crate::support::{Any, Rng};
use core::task::Poll;
use lowkey_transport::{Buffers, Error, Mode};

#[track_caller]
fn assert_ends(link: &mut Any, bytes: &[u8], delivered: &[Event], error: Error) {
    assert_eq!(feed(link, bytes), (delivered.to_vec(), Err(error)));
    assert_dead(link, error);
}

#[test]
fn records_a_stream_that_ends_at_any_byte_is_a_truncation() {
    let (mut a, mut b) = links::open();
    let record = sent(&mut a, b"whole");
    for len in 0..record.len() {
        let (mut a2, mut b2) = links::open();
        assert_eq!(sent(&mut a2, b"whole"), record, "the tests' links are alike");
        assert_eq!(events(&mut b2, &record[..len]), []);
        assert_eq!(b2.filled(0), Err(Error::Truncated), "after {len} bytes");
        assert_dead(&mut b2, Error::Truncated);
    }
    assert_eq!(events(&mut b, &record), [last(b"whole")]);
    assert_eq!(b.filled(0), Err(Error::Truncated), "no CLOSE");
}

#[test]
fn records_shorter_than_a_kind_and_a_tag_are_an_error() {
    for len in 1..=16 {
        let (mut a, _) = links::open();
        assert_ends(&mut a, &frame(&vec![0; len]), &[], Error::FrameTooShort);
    }
    let (mut a, mut peer) = with_our_initiator(Mode::Kk, &parameters(300));
    let empty = peer.plaintext(b"");
    assert_ends(&mut a, &empty, &[], Error::FrameTooShort);
}

#[test]
fn records_with_any_byte_flipped_do_not_open() {
    let mut rng = Rng(3);
    let (mut a, _) = links::open();
    let record = sent(&mut a, b"a record");
    for at in 2..record.len() {
        let (_, mut b) = links::open();
        let mut changed = record.clone();
        changed[at] ^= 1 << rng.below(8);
        assert_ends(&mut b, &changed, &[], Error::Record);
    }
}

#[test]
fn records_repeated_reordered_or_missing_do_not_open() {
    let (mut a, mut b) = links::open();
    let records: Vec<_> = [b"0", b"1", b"2"].map(|text| sent(&mut a, text)).into();
    let [zero, one, two] = &records[..] else { unreachable!() };
    assert_ends(&mut b, &[&zero[..], zero].concat(), &[last(b"0")], Error::Record);
    let (_, mut b) = links::open();
    assert_ends(&mut b, &[&zero[..], two, one].concat(), &[last(b"0")], Error::Record);
    let (_, mut b) = links::open();
    assert_ends(&mut b, &one[..], &[], Error::Record);
    let (_, mut b) = links::open();
    assert_eq!(events(&mut b, &records.concat()), [last(b"0"), last(b"1"), last(b"2")]);
}

#[test]
fn records_reflected_to_their_sender_do_not_open() {
    let (mut a, _) = links::open();
    let record = sent(&mut a, b"mine");
    assert_ends(&mut a, &record, &[], Error::Record);
}

#[test]
fn records_of_the_kinds_0x05_to_0x7f_are_errors_and_from_0x80_on_ignored() {
    for kind in 0x05..=0x7f {
        let (mut b, mut peer) = with_our_responder(Mode::Kk);
        let record = peer.record(kind, b"?");
        assert_ends(&mut b, &record, &[], Error::Kind);
    }
    let (mut b, mut peer) = with_our_responder(Mode::Kk);
    for kind in 0x80..=0xff {
        assert_eq!(events(&mut b, &peer.record(kind, b"of a later version")), []);
    }
    // between fragments as well
    let fragments = [peer.record(MORE, b"a"), peer.record(0x80, b"!"), peer.record(DATA, b"b")].concat();
    assert_eq!(events(&mut b, &fragments), [more(b"a"), last(b"b")]);
}

#[test]
fn records_a_ping_of_more_than_32_bytes_is_an_error() {
    let (mut b, mut peer) = with_our_responder(Mode::Kk);
    assert_eq!(events(&mut b, &peer.record(PING, &[1; 32])), []);
    let long = peer.record(PING, &[1; 33]);
    assert_ends(&mut b, &long, &[], Error::Kind);
}

#[test]
fn records_close_inside_a_message_is_a_truncation() {
    let (mut b, mut peer) = with_our_responder(Mode::Kk);
    let wire = [peer.record(MORE, b"half a "), peer.record(CLOSE, b"")].concat();
    assert_ends(&mut b, &wire, &[more(b"half a ")], Error::Truncated);
}

#[test]
fn records_after_the_close_of_their_sender_are_an_error() {
    for kind in [DATA, PING, CLOSE, 0x80] {
        let (mut b, mut peer) = with_our_responder(Mode::Kk);
        let wire = [peer.record(CLOSE, b""), peer.record(kind, b"")].concat();
        assert_ends(&mut b, &wire, &[Event::End], Error::AfterClose);
    }
}

#[test]
fn records_the_body_of_a_close_is_ignored() {
    let (mut b, mut peer) = with_our_responder(Mode::Kk);
    assert_eq!(events(&mut b, &peer.record(CLOSE, b"good bye")), [Event::End]);
    assert_eq!(b.filled(0), Ok(()), "the stream may end now");
    assert_eq!(b.receive(), Ok(Poll::Ready(None)));
    assert_eq!(b.may_begin(), Ok(()), "our direction goes on");
}

#[test]
fn records_a_message_longer_than_our_limit_ends_the_channel() {
    let limited = || links::buffers().with_max_message(10);
    for (fragments, delivered) in [
        (vec![(DATA, 11)], vec![]),
        (vec![(MORE, 10), (DATA, 1)], vec![more(&[7; 10])]),
        (vec![(MORE, 4), (MORE, 4), (MORE, 4)], vec![more(&[7; 4]), more(&[7; 4])]),
        (
            vec![(DATA, 10), (MORE, 10), (DATA, 0), (DATA, 11)],
            vec![last(&[7; 10]), more(&[7; 10]), last(b"")],
        ),
    ] {
        let (mut a, mut b) = links::open_in(Mode::Kk, limited(), links::buffers());
        let mut wire = vec![];
        for (kind, len) in fragments {
            let part = if kind == DATA { lowkey_transport::Part::Last } else { lowkey_transport::Part::More };
            b.stage(&vec![7; len], part).unwrap();
            links::write(&mut b, &mut wire).unwrap();
        }
        assert_ends(&mut a, &wire, &delivered, Error::MessageTooLong);
    }
    let (mut a, mut b) = links::open_in(Mode::Kk, limited(), links::buffers());
    assert_eq!(events(&mut a, &sent(&mut b, &[7; 10])), [last(&[7; 10])]);
}

/// An error in one direction is the end of both, and what had not been taken is not delivered.
#[test]
fn records_an_error_of_the_stream_delivers_nothing_that_still_waits() {
    let (mut a, mut b) = links::open();
    let mut record = sent(&mut a, b"waits");
    while !record.is_empty() {
        links::read(&mut b, &mut record).unwrap();
    }
    assert_eq!(b.receive(), Ok(Poll::Ready(Some(lowkey_transport::Part::Last))));
    assert_eq!(
        b.fail(Error::Io(embedded_io::ErrorKind::BrokenPipe)),
        Error::Io(embedded_io::ErrorKind::BrokenPipe)
    );
    assert_dead(&mut b, Error::Io(embedded_io::ErrorKind::BrokenPipe));
}

#[test]
fn records_the_first_error_stays_also_after_both_sides_have_closed() {
    let (mut a, mut b) = links::open();
    let close = links::closed(&mut a);
    links::closed(&mut b);
    assert_eq!(events(&mut b, &close), [Event::End]);
    assert_eq!(b.filled(1), Err(Error::AfterClose));
    assert_dead(&mut b, Error::AfterClose);
}

#[test]
fn records_recoverable_errors_leave_the_link_usable() {
    let (mut a, mut b) = links::open();
    for error in [
        Error::BufferTooSmall,
        Error::OutOfTurn,
        Error::NotOpen,
        Error::TooLong,
        Error::PingPending,
        Error::Io(embedded_io::ErrorKind::TimedOut),
        Error::Io(embedded_io::ErrorKind::Interrupted),
    ] {
        assert!(error.is_recoverable());
        assert_eq!(a.fail(error), error);
        assert_eq!(events(&mut b, &sent(&mut a, b"on")), [last(b"on")]);
    }
    assert_eq!(a.ping(&[0; 33]), Err(Error::TooLong));
    links::done(a.ping(b"1").unwrap());
    assert_eq!(a.ping(b""), Ok(Poll::Pending), "the first is still unsent");
    let ping = links::unsent(&mut a);
    assert_eq!(a.ping(b"2"), Err(Error::PingPending));
    assert_eq!(events(&mut b, &ping), []);
    assert_eq!(events(&mut b, &sent(&mut a, b"on")), [last(b"on")]);
}

#[test]
fn frames_a_record_may_fill_the_buffer_to_its_last_byte() {
    let exact = || Buffers::new(vec![0; 160], vec![0; 162]).unwrap();
    let (mut a, mut b) = links::open_in(Mode::Kk, exact(), exact());
    let text = vec![3; a.max_data()];
    let wire = sent(&mut a, &text);
    assert_eq!(wire.len(), 162);
    assert_eq!(events(&mut b, &wire), [last(&text)]);
}
