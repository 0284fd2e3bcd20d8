//! §4 among honest sides: fragments, PING and PONG, CLOSE, whole messages.

use crate::page_peer::{with_our_initiator, with_our_responder};
use crate::support::links::{self, Event, Plain, closed, done, events, feed, last, more, sent, unsent};
use crate::support::page::{CLOSE, DATA, MORE, PING, PONG, parameters};
use core::task::Poll;
use lowkey_transport::{Error, Mode, Part};

#[test]
fn records_messages_and_their_ends_arrive_as_sent() {
    let (mut a, mut b) = links::open();
    assert_eq!(events(&mut b, &sent(&mut a, b"")), [last(b"")]);
    let mut wire = vec![];
    for (text, part) in [(&b"ab"[..], Part::More), (b"c", Part::Last), (b"d", Part::Last)] {
        a.stage(text, part).unwrap();
        links::write(&mut a, &mut wire).unwrap();
    }
    assert_eq!(events(&mut b, &wire), [more(b"ab"), last(b"c"), last(b"d")]);
}

/// What does not fit into one record is not the end of its message, whatever the caller calls it.
#[test]
fn records_a_fragment_that_does_not_fit_is_never_the_last_one() {
    let (mut a, mut b) = links::open();
    let text = vec![9; 2 * a.max_data() + 5];
    let (mut done, mut wire) = (0, vec![]);
    while done < text.len() {
        done += a.stage(&text[done..], Part::Last).unwrap();
        links::write(&mut a, &mut wire).unwrap();
    }
    let full = vec![9; a.max_data()];
    assert_eq!(events(&mut b, &wire), [more(&full), more(&full), last(&[9; 5])]);
}

#[test]
fn records_a_pong_answers_the_newest_ping_before_any_other_kind() {
    for close in [false, true] {
        let (mut b, mut peer) = with_our_responder(Mode::Kk);
        let pings = [peer.record(PING, b"old"), peer.record(PING, b"new"), peer.record(PING, b"")].concat();
        assert_eq!(events(&mut b, &pings), []);
        // Nothing else can be sent while it is owed.
        assert_eq!(b.send(b"data"), Ok(Poll::Pending));
        assert_eq!(b.ping(b"mine"), Ok(Poll::Pending));
        assert!(!b.awaits_pong(), "that one was not accepted");
        let mut wire = unsent(&mut b);
        assert_eq!(peer.open(&mut wire), (PONG, b"new".to_vec()));
        assert!(wire.is_empty(), "one PONG, none for the empty PING");
        let (mut wire, kind) = if close { (closed(&mut b), CLOSE) } else { (sent(&mut b, b""), DATA) };
        assert_eq!(peer.open(&mut wire), (kind, vec![]));
    }
}

#[test]
fn records_a_close_leaves_behind_what_is_unsent_and_a_pong_that_is_owed() {
    let (mut b, mut peer) = with_our_responder(Mode::Kk);
    done(b.ping(b"mine").unwrap());
    assert_eq!(events(&mut b, &peer.record(PING, b"theirs")), []);
    assert_eq!(b.close(), Ok(()));
    assert_eq!(b.may_begin(), Err(Error::Closed));
    assert_eq!(b.stage(b"data", Part::Last), Err(Error::Closed));
    assert_eq!(b.ping(b""), Err(Error::Closed));
    assert_eq!(events(&mut b, &peer.record(PING, b"late")), []);
    assert_eq!(events(&mut b, &peer.record(CLOSE, b"")), [Event::End]);
    let expected: [(u8, &[u8]); 3] = [(PING, b"mine"), (PONG, b"theirs"), (CLOSE, b"")];
    for (kind, body) in expected {
        assert!(!b.is_open() && !b.is_closed());
        let frame = b.unsent().unwrap().to_vec();
        assert_eq!(b.close(), Ok(()), "a second one does nothing");
        b.wrote(frame.len());
        assert_eq!(peer.open(&mut frame.clone()), (kind, body.to_vec()));
    }
    assert!(b.is_closed());
    assert_eq!(unsent(&mut b), b"");
}

#[test]
fn records_a_pong_may_stand_between_fragments() {
    let (mut b, mut peer) = with_our_responder(Mode::KkPsk0);
    b.stage(b"a", Part::More).unwrap();
    let mut wire = unsent(&mut b);
    assert_eq!(events(&mut b, &peer.record(PING, b"?")), []);
    wire.extend(unsent(&mut b));
    b.stage(b"b", Part::Last).unwrap();
    wire.extend(unsent(&mut b));
    assert_eq!(peer.open(&mut wire), (MORE, b"a".to_vec()));
    assert_eq!(peer.open(&mut wire), (PONG, b"?".to_vec()));
    assert_eq!(peer.open(&mut wire), (DATA, b"b".to_vec()));
}

/// A PING that comes while a frame is half out is answered behind that frame.
#[test]
fn records_a_pong_never_cuts_a_frame() {
    let (mut b, mut peer) = with_our_responder(Mode::Kk);
    b.stage(b"data", Part::Last).unwrap();
    let mut wire = b.unsent().unwrap()[..5].to_vec();
    b.wrote(5);
    assert_eq!(events(&mut b, &peer.record(PING, b"?")), []);
    wire.extend(unsent(&mut b));
    assert_eq!(peer.open(&mut wire), (DATA, b"data".to_vec()));
    assert_eq!(peer.open(&mut wire), (PONG, b"?".to_vec()));
}

#[test]
fn records_one_ping_is_outstanding_until_its_own_pong_comes() {
    let (mut a, mut peer) = with_our_initiator(Mode::Kk, &parameters(300));
    assert_eq!(events(&mut a, &peer.record(PONG, b"unasked")), [], "an unasked PONG is ignored");
    done(a.ping(b"1").unwrap());
    peer.open(&mut unsent(&mut a));
    assert!(a.awaits_pong());
    assert_eq!(a.ping(b"2"), Err(Error::PingPending));
    assert_eq!(a.ping(b""), Ok(Poll::Ready(())), "an empty one asks for nothing");
    peer.open(&mut unsent(&mut a));
    assert_eq!(events(&mut a, &[peer.record(PONG, b"2"), peer.record(PONG, b"")].concat()), []);
    assert!(a.awaits_pong(), "neither was its PONG");
    assert_eq!(events(&mut a, &peer.record(PONG, b"1")), []);
    assert!(!a.awaits_pong());
    assert_eq!(a.ping(b"2"), Ok(Poll::Ready(())));
}

/// Asked or not, between the pieces of a message, or in place of the one that was asked for.
#[test]
fn records_a_pong_that_was_not_asked_for_is_ignored_whatever_its_length() {
    let (mut a, mut peer) = with_our_initiator(Mode::Kk, &parameters(300));
    for asked in [false, true] {
        if asked {
            done(a.ping(&[7; 32]).unwrap());
            peer.open(&mut unsent(&mut a));
        }
        let pongs: Vec<u8> = [0, 1, 31, 32, 33, 64, 283]
            .into_iter()
            .flat_map(|len| [peer.record(MORE, b"."), peer.record(PONG, &vec![9; len])].concat())
            .collect();
        assert_eq!(events(&mut a, &pongs), vec![more(b"."); 7]);
        assert_eq!(a.awaits_pong(), asked);
    }
    let longer = [peer.record(PONG, &[7; 33]), peer.record(PONG, &[7; 31])].concat();
    assert_eq!(events(&mut a, &longer), []);
    assert!(a.awaits_pong(), "neither was its PONG");
    assert_eq!(events(&mut a, &peer.record(PONG, &[7; 32])), []);
    assert!(!a.awaits_pong());
}

#[test]
fn records_no_pong_is_sent_after_our_close() {
    let (mut b, mut peer) = with_our_responder(Mode::Kk);
    let mut wire = closed(&mut b);
    assert_eq!(peer.open(&mut wire), (CLOSE, vec![]));
    let late = [peer.record(PING, b"?"), peer.record(DATA, b"goes on"), peer.record(CLOSE, b"")].concat();
    assert_eq!(events(&mut b, &late), [last(b"goes on"), Event::End]);
    assert_eq!(unsent(&mut b), b"");
    assert!(b.is_closed());
}

/// Whoever waits for a PONG hears a CLOSE in its place, and may send on, PINGs too: silence is no error any more.
#[test]
fn records_a_close_may_come_in_place_of_a_pong() {
    let (mut a, mut peer) = with_our_initiator(Mode::Kk, &parameters(300));
    done(a.ping(b"there?").unwrap());
    peer.open(&mut unsent(&mut a));
    assert_eq!(events(&mut a, &peer.record(CLOSE, b"")), [Event::End]);
    assert_eq!(a.filled(0), Ok(()), "it may have ended its direction of the stream as well");
    assert!(a.awaits_pong());
    assert_eq!(peer.open(&mut sent(&mut a, b"goes on")), (DATA, b"goes on".to_vec()));
    done(a.ping(b"").unwrap());
    assert_eq!(peer.open(&mut unsent(&mut a)), (PING, vec![]));
    assert_eq!(peer.open(&mut closed(&mut a)), (CLOSE, vec![]));
    assert!(a.is_closed());
}

#[test]
fn records_every_kind_but_close_may_stand_between_the_pieces_of_a_message() {
    let (mut b, mut peer) = with_our_responder(Mode::Kk);
    let mut wire = peer.record(MORE, b"a");
    for (kind, body) in [(PING, &b""[..]), (PING, b"?"), (PONG, b"!"), (0x80, b""), (MORE, b""), (0xff, b"x")]
    {
        wire.extend(peer.record(kind, body));
    }
    wire.extend(peer.record(DATA, b"b"));
    assert_eq!(events(&mut b, &wire), [more(b"a"), more(b""), last(b"b")]);
    assert_eq!(peer.open(&mut unsent(&mut b)), (PONG, b"?".to_vec()));
}

#[test]
fn records_close_ends_one_direction_and_the_other_goes_on() {
    let (mut a, mut b) = links::open();
    assert_eq!(events(&mut b, &closed(&mut a)), [Event::End]);
    assert!(!a.is_closed() && !b.is_closed());
    assert_eq!(a.may_begin(), Err(Error::Closed));
    assert_eq!(a.stage(b"x", Part::Last), Err(Error::Closed));
    assert_eq!(a.ping(b""), Err(Error::Closed));
    assert_eq!(a.close(), Ok(()), "a second one does nothing");
    assert_eq!(unsent(&mut a), b"");
    assert_eq!(events(&mut a, &sent(&mut b, b"more of ours")), [last(b"more of ours")]);
    assert_eq!(b.filled(0), Ok(()), "its sender may hang up after its CLOSE");
    assert_eq!(events(&mut a, &closed(&mut b)), [Event::End]);
    assert!(a.is_closed() && b.is_closed());
    assert_eq!((a.filled(0), b.filled(0)), (Ok(()), Ok(())));
}

#[test]
fn records_our_own_close_does_not_excuse_the_peers_missing_one() {
    let (mut a, _) = links::open();
    closed(&mut a);
    assert_eq!(a.filled(0), Err(Error::Truncated));
    links::assert_dead(&mut a, Error::Truncated);
}

#[test]
fn records_an_unfinished_message_leaves_only_close() {
    let (mut a, mut b) = links::open();
    a.may_begin().unwrap();
    a.stage(b"begun", Part::More).unwrap();
    let mut wire = unsent(&mut a);
    assert_eq!(a.may_begin(), Err(Error::Unfinished));
    done(a.ping(b"still allowed").unwrap());
    wire.extend(unsent(&mut a));
    wire.extend(closed(&mut a));
    assert_eq!(feed(&mut b, &wire), (vec![more(b"begun")], Err(Error::Truncated)));
}

/// The frames of these messages, each with its fragments.
fn wire_of(link: &mut links::Any, messages: &[&[&[u8]]]) -> Vec<u8> {
    let mut wire = vec![];
    for fragments in messages {
        for (at, text) in fragments.iter().enumerate() {
            link.stage(text, if at + 1 == fragments.len() { Part::Last } else { Part::More }).unwrap();
            links::write(link, &mut wire).unwrap();
        }
    }
    wire
}

/// Reads until something waits.
fn until_fragment(link: &mut links::Any, wire: &mut Vec<u8>) -> Part {
    loop {
        match link.receive().unwrap() {
            Poll::Ready(Some(part)) => return part,
            Poll::Pending => links::read(link, wire).unwrap(),
            Poll::Ready(None) => panic!("nothing more"),
        }
    }
}

#[test]
fn records_a_whole_message_is_assembled_and_a_small_buffer_can_be_replaced() {
    let (mut a, mut b) = links::open();
    let mut wire = wire_of(&mut a, &[&[b"abc", b"d", b"ef"], &[b""]]);
    let mut small = [0; 4];
    assert_eq!(b.recv_message(&mut small), Ok(Poll::Pending), "nothing is there yet");
    until_fragment(&mut b, &mut wire);
    assert_eq!(b.recv_message(&mut small[..2]), Err(Error::BufferTooSmall));
    assert_eq!(b.recv_message(&mut small[..2]), Err(Error::BufferTooSmall), "repeatable");
    assert_eq!(b.recv_message(&mut small), Ok(Poll::Pending));
    until_fragment(&mut b, &mut wire);
    assert_eq!(b.recv_message(&mut small), Ok(Poll::Pending));
    until_fragment(&mut b, &mut wire);
    assert_eq!(b.recv_message(&mut small), Err(Error::BufferTooSmall));
    let mut large = [0; 6];
    large[..4].copy_from_slice(&small);
    assert_eq!(b.recv_message(&mut large), Ok(Poll::Ready(Some(6))));
    assert_eq!(&large, b"abcdef");
    until_fragment(&mut b, &mut wire);
    assert_eq!(b.recv_message(&mut []), Ok(Poll::Ready(Some(0))));
}

/// Asking for bytes when none are there takes nothing, so it disturbs nothing.
#[test]
fn records_an_assembly_goes_on_after_nothing_was_taken() {
    let (mut a, mut b) = links::open();
    let mut wire = wire_of(&mut a, &[&[b"abc", b"def"]]);
    let mut message = [0; 8];
    until_fragment(&mut b, &mut wire);
    assert_eq!(b.recv_message(&mut message), Ok(Poll::Pending));
    assert_eq!(b.read(&mut [0; 4]), Ok(Poll::Pending), "nothing waits");
    until_fragment(&mut b, &mut wire);
    assert_eq!(b.read(&mut []), Ok(Poll::Ready(0)), "no room");
    assert_eq!(b.recv_message(&mut message), Ok(Poll::Ready(Some(6))));
    assert_eq!(&message[..6], b"abcdef");
}

/// Whoever gives up assembling and takes the rest piece by piece finds the next message whole.
#[test]
fn records_a_message_taken_in_pieces_leaves_no_trace_in_the_next_assembly() {
    for in_bytes in [false, true] {
        let (mut a, mut b) = links::open();
        let mut wire = wire_of(&mut a, &[&[b"abc", b"defgh"], &[b"next"]]);
        let mut buffer = [0; 16];
        until_fragment(&mut b, &mut wire);
        assert_eq!(b.recv_message(&mut buffer[..4]), Ok(Poll::Pending));
        until_fragment(&mut b, &mut wire);
        assert_eq!(b.recv_message(&mut buffer[..4]), Err(Error::BufferTooSmall));
        if in_bytes {
            let mut rest = [0; 9];
            assert_eq!(b.read(&mut rest[..2]), Ok(Poll::Ready(2)));
            assert_eq!(b.read(&mut rest[2..]), Ok(Poll::Ready(3)));
            assert_eq!(&rest[..5], b"defgh");
        } else {
            assert_eq!(b.take().unwrap().bytes, b"defgh");
        }
        until_fragment(&mut b, &mut wire);
        assert_eq!(b.recv_message(&mut buffer), Ok(Poll::Ready(Some(4))));
        assert_eq!(&buffer[..4], b"next");
    }
}

#[test]
fn records_what_is_left_of_a_fragment_is_taken_or_assembled() {
    let (mut a, mut b) = links::open();
    let mut wire = wire_of(&mut a, &[&[b"abcdef"], &[b"ghijkl"]]);
    let mut two = [0; 2];
    until_fragment(&mut b, &mut wire);
    assert_eq!(b.read(&mut []), Ok(Poll::Ready(0)));
    assert_eq!(b.read(&mut two), Ok(Poll::Ready(2)));
    let rest = b.take().unwrap();
    assert_eq!((&*rest.bytes, rest.part), (&b"cdef"[..], Part::Last));
    assert_eq!(b.take(), None);
    until_fragment(&mut b, &mut wire);
    assert_eq!(b.read(&mut two), Ok(Poll::Ready(2)));
    let mut message = [0; 6];
    assert_eq!(b.recv_message(&mut message), Ok(Poll::Ready(Some(4))));
    assert_eq!(&message[..4], b"ijkl");
}

/// While a fragment waits the stream is not read: a slow application holds the peer back.
#[test]
fn records_nothing_is_read_while_a_fragment_waits() {
    let (mut a, mut b) = links::open();
    let mut wire = wire_of(&mut a, &[&[b"x"]]);
    until_fragment(&mut b, &mut wire);
    assert!(b.space().is_empty());
    b.take();
    assert_eq!(b.space().len(), 2);
}
