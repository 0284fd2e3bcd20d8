//! The blocking channel over streams that dribble, stumble, buffer, and break at every byte.

use crate::support::links::{self, KK, advance};
use crate::support::page::{self, CLOSE, DATA, MORE, PING, PONG, PageRecords, frame, parameters, unframe};
use crate::support::streams::{Pipe, Rules, Stream};
use crate::support::{KEYS, Rng, keys::ephemerals};
use core::task::Poll;
use embedded_io::{ErrorKind, Read, Write};
use lowkey_transport::blocking::Channel;
use lowkey_transport::{Buffers, Error, Link, Mode, Part, Refusal};

pub(crate) type Blocking = Channel<Stream, Vec<u8>>;

pub(crate) const TIMED_OUT: Error = Error::Io(ErrorKind::TimedOut);

/// Two channels, each over its end of one connection, that time out where they would wait.
pub(crate) fn pair(mode: Mode, rules: &Rules) -> (Blocking, Blocking, Stream, Stream) {
    let (a, b) = Stream::pair(&Rules { waits: true, ..rules.clone() });
    let (a_io, b_io) = (a.clone(), b.clone());
    let accepting = std::thread::spawn(move || {
        let link = Link::responder(links::buffers());
        Channel::accept(b_io, link, &mut ephemerals(2), |_| Some(KEYS.responder_pinning(mode)))
    });
    let connected = Channel::connect(a_io, links::initiator(mode)).unwrap();
    let accepted = accepting.join().unwrap().unwrap();
    a.set(|rules| rules.waits = false);
    b.set(|rules| rules.waits = false);
    (connected, accepted, a, b)
}

/// Repeats a call that timed out or was interrupted.
#[track_caller]
pub(crate) fn repeat<T>(mut call: impl FnMut() -> Result<T, Error>) -> T {
    for _ in 0..100_000 {
        match call() {
            Ok(value) => return value,
            Err(Error::Io(ErrorKind::TimedOut | ErrorKind::Interrupted)) => (),
            Err(error) => panic!("{error:?}"),
        }
    }
    panic!("it never ends");
}

fn bad_streams() -> Vec<Rules> {
    let dribble = Some(Rng(7));
    vec![
        Rules::default(),
        Rules { buffers: true, ..Rules::default() },
        Rules { dribble: dribble.clone(), ..Rules::default() },
        Rules { dribble, buffers: true, ..Rules::default() },
    ]
}

#[test]
fn blocking_channels_open_and_talk_over_every_stream() {
    for mode in KK {
        for rules in bad_streams() {
            let (mut a, mut b, ..) = pair(mode, &rules);
            assert_eq!(a.handshake_hash(), b.handshake_hash());
            let mut buffer = [0; 64];
            for n in 0..20u8 {
                a.send(&[n; 9]).unwrap();
                // No flush: whoever waits for an answer has sent the question.
                assert_eq!(a.recv_message(&mut buffer), Err(TIMED_OUT));
                assert_eq!(b.recv_message(&mut buffer), Ok(Some(9)));
                assert_eq!(buffer[..9], [n; 9]);
                b.send(b"yes").unwrap();
                b.flush().unwrap();
                assert_eq!(a.recv_message(&mut buffer), Ok(Some(3)));
            }
            a.close().unwrap();
            assert_eq!(b.recv_message(&mut buffer), Ok(None));
            b.close().unwrap();
            assert_eq!(a.recv(), Ok(None));
        }
    }
}

/// A call that gives up before every read, write, flush and ready can be repeated with the same arguments.
#[test]
fn blocking_every_call_survives_timeouts_and_interruptions_everywhere() {
    for kind in [ErrorKind::TimedOut, ErrorKind::Interrupted] {
        let (mut a, mut b, a_io, b_io) =
            pair(Mode::KkPsk0, &Rules { dribble: Some(Rng(9)), ..Rules::default() });
        for io in [&a_io, &b_io] {
            io.set(|rules| rules.stumbles = Some((kind, Rng(5))));
        }
        let long: Vec<u8> = Rng(1).vec(2_000);
        let mut buffer = vec![0; 2_000];
        for round in 0..10u8 {
            repeat(|| a.send(&[round; 50]));
            repeat(|| a.ping(&[round]));
            let mut writer = a.message().unwrap();
            assert_eq!(repeat(|| writer.write(&long[..100])), 100);
            repeat(|| writer.finish(&long[100..]));
            repeat(|| a.flush());

            assert_eq!(repeat(|| b.recv_message(&mut buffer)), Some(50));
            assert_eq!(buffer[..50], [round; 50]);
            assert_eq!(repeat(|| b.recv_message(&mut buffer)), Some(2_000));
            assert_eq!(buffer, long);
            repeat(|| b.flush());

            assert!(a.awaits_pong());
            repeat(|| b.send(b"done"));
            repeat(|| b.flush());
            let Poll::Ready(Some(fragment)) = repeat(|| match a.try_recv() {
                Ok(Poll::Pending) => Err(TIMED_OUT),
                Ok(Poll::Ready(fragment)) => Ok(Poll::Ready(fragment.map(|f| (f.bytes.to_vec(), f.part)))),
                Err(error) => Err(error),
            }) else {
                panic!("nothing came")
            };
            assert_eq!(fragment, (b"done".to_vec(), Part::Last));
            assert!(!a.awaits_pong());
        }
        repeat(|| a.close());
        assert_eq!(repeat(|| b.recv_message(&mut buffer)), None);
    }
}

/// The same with one failure, at each call to the stream in turn: what was said arrives once, and whole.
#[test]
fn blocking_one_failure_at_each_call_to_the_stream_changes_nothing() {
    for kind in [ErrorKind::TimedOut, ErrorKind::Interrupted] {
        for at in 0.. {
            let (mut a, mut b, a_io, _) = pair(Mode::Kk, &Rules::default());
            b.ping(b"!").unwrap();
            b.send(b"hello").unwrap();
            b.close().unwrap();
            a_io.set(|rules| rules.fails_once = Some((at, kind)));
            repeat(|| a.send(b"one"));
            repeat(|| a.ping(b"?"));
            assert_eq!(repeat(|| a.recv_message(&mut [0; 9])), Some(5));
            let mut writer = a.message().unwrap();
            repeat(|| writer.finish(&[7; 600]));
            repeat(|| a.flush());
            assert_eq!(repeat(|| a.recv_message(&mut [])), None);
            repeat(|| a.close());
            let went_unnoticed = a_io.rules.lock().unwrap().fails_once.is_some();
            let mut buffer = [0; 600];
            assert_eq!(b.recv_message(&mut buffer), Ok(Some(3)), "call {at}");
            assert_eq!(b.recv_message(&mut buffer), Ok(Some(600)), "call {at}");
            assert_eq!(b.recv_message(&mut buffer), Ok(None), "call {at}");
            assert!(!b.awaits_pong());
            if went_unnoticed {
                assert!(at > 10, "the stream was called {at} times");
                break;
            }
        }
    }
}

/// A PING that was accepted is not asked for a second time, whatever its flush did.
#[test]
fn records_a_ping_repeated_after_a_timeout_goes_out_once() {
    let (mut a, mut peer, rx, tx) = with_page_peer();
    let stumbling = |channel: &mut Blocking| {
        channel.stream().set(|rules| rules.stumbles = Some((ErrorKind::TimedOut, Rng(6))));
    };
    stumbling(&mut a);
    for body in [&b"?"[..], b""] {
        repeat(|| a.ping(body));
        repeat(|| a.flush());
        let mut wire = tx.take_all();
        assert_eq!(peer.open(&mut wire), (PING, body.to_vec()));
        assert!(wire.is_empty());
        rx.put(&peer.record(PONG, b"?"));
        assert!(matches!(a.recv(), Err(Error::Io(ErrorKind::TimedOut))));
    }
}

/// Our channel as the initiator against the peer from the page; the pipes to us and to it.
pub(crate) fn with_page_peer() -> (Blocking, PageRecords, Pipe, Pipe) {
    let (rx, tx) = (Pipe::default(), Pipe::default());
    let io = Stream::new(&rx, &tx, Rules { waits: true, ..Rules::default() });
    let connecting = std::thread::spawn({
        let io = io.clone();
        move || Channel::connect(io, links::initiator(Mode::Kk)).unwrap()
    });
    let mut peer = page::responder(Mode::Kk);
    peer.read_first(&unframe(&mut wait_for_frame(&tx)));
    rx.put(&peer.next_frame(&parameters(300)));
    let mut peer = peer.into_records();
    let channel = connecting.join().unwrap();
    io.set(|rules| rules.waits = false);
    assert_eq!(peer.open(&mut tx.take_all()), (PING, vec![]));
    (channel, peer, rx, tx)
}

fn wait_for_frame(pipe: &Pipe) -> Vec<u8> {
    let mut bytes = vec![];
    loop {
        bytes.extend(pipe.take_all());
        if bytes.len() > 2 && bytes.len() == 2 + usize::from(u16::from_be_bytes([bytes[0], bytes[1]])) {
            return bytes;
        }
        std::thread::yield_now();
    }
}

fn kinds(peer: &mut PageRecords, mut wire: Vec<u8>) -> Vec<(u8, Vec<u8>)> {
    let mut records = vec![];
    while !wire.is_empty() {
        records.push(peer.open(&mut wire));
    }
    records
}

#[test]
fn records_an_owed_pong_goes_out_with_the_next_send_flush_or_receive() {
    let (mut a, mut peer, rx, tx) = with_page_peer();
    let pong = |n: &[u8]| (PONG, n.to_vec());
    rx.put(&peer.record(PING, b"1"));
    assert_eq!(a.recv(), Err(TIMED_OUT), "recv answers before it waits");
    assert_eq!(kinds(&mut peer, tx.take_all()), [pong(b"1")]);

    rx.put(&[peer.record(PING, b"2"), peer.record(DATA, b"x")].concat());
    assert_eq!(a.recv().unwrap().unwrap().bytes, b"x");
    assert_eq!(kinds(&mut peer, tx.take_all()), [pong(b"2")]);

    rx.put(&peer.record(PING, b"3"));
    assert!(matches!(a.try_recv(), Ok(Poll::Pending)));
    assert_eq!(kinds(&mut peer, tx.take_all()), [pong(b"3")]);

    // Owed while the stream does not take it: it goes before the next message, and so does the next, which is read
    // meanwhile.
    a.stream().set(|rules| rules.breaks = Some((0, Some(ErrorKind::TimedOut))));
    rx.put(&peer.record(PING, b"4"));
    assert_eq!(a.recv(), Err(TIMED_OUT));
    rx.put(&peer.record(PING, b"5"));
    assert_eq!(a.recv(), Err(TIMED_OUT));
    a.stream().set(|rules| rules.breaks = None);
    a.send(b"y").unwrap();
    a.flush().unwrap();
    assert_eq!(kinds(&mut peer, tx.take_all()), [pong(b"4"), pong(b"5"), (DATA, b"y".to_vec())]);
    assert_eq!(a.recv(), Err(TIMED_OUT));
    a.close().unwrap();
    assert_eq!(kinds(&mut peer, tx.take_all()), [(CLOSE, vec![])]);
    rx.put(&[peer.record(PING, b"late"), peer.record(CLOSE, b"")].concat());
    assert_eq!(a.recv(), Ok(None));
    assert_eq!(tx.len(), 0, "no PONG after our CLOSE");
}

#[test]
fn records_send_is_for_one_record_and_a_writer_for_any_length() {
    let (mut a, mut peer, _rx, tx) = with_page_peer();
    let max = a.max_data();
    assert_eq!(a.send(&vec![0; max + 1]), Err(Error::TooLong));
    a.flush().unwrap();
    assert_eq!(tx.len(), 0, "nothing was sent");
    a.send(&vec![1; max]).unwrap();
    for (len, records) in [(0, 1), (max, 1), (max + 1, 2), (2 * max, 2), (2 * max + 1, 3)] {
        a.flush().unwrap();
        tx_drained(&mut peer, &tx);
        a.message().unwrap().finish(&vec![2; len]).unwrap();
        a.flush().unwrap();
        let sent = kinds(&mut peer, tx.take_all());
        assert_eq!(sent.len(), records, "{len} bytes");
        assert!(sent[..records - 1].iter().all(|(kind, body)| *kind == MORE && body.len() == max));
        assert_eq!(sent[records - 1].0, DATA);
        assert_eq!(sent.iter().map(|(_, body)| body.len()).sum::<usize>(), len);
    }
    let mut writer = a.message().unwrap();
    assert_eq!(writer.write(b""), Ok(0));
    assert_eq!(writer.write(&vec![3; 2 * max]), Ok(max), "one record at a time");
    assert_eq!(writer.write(b"b"), Ok(1));
    writer.finish(b"c").unwrap();
    // A careless second end is not a second message.
    assert_eq!(writer.finish(b"c"), Ok(()));
    assert_eq!(writer.write(b"d"), Err(Error::OutOfTurn));
    a.flush().unwrap();
    let sent = kinds(&mut peer, tx.take_all());
    assert_eq!(sent[1..], [(MORE, b"b".to_vec()), (DATA, b"c".to_vec())]);
    assert_eq!(sent[0], (MORE, vec![3; max]));
}

fn tx_drained(peer: &mut PageRecords, tx: &Pipe) {
    kinds(peer, tx.take_all());
}

#[test]
fn records_a_writer_dropped_unfinished_leaves_close_and_receiving() {
    let (mut a, mut peer, rx, tx) = with_page_peer();
    a.message().unwrap(); // and dropped at once
    a.send(b"nothing was begun").unwrap();
    a.message().unwrap().write(b"begun").unwrap();
    assert_eq!(a.send(b"x"), Err(Error::Unfinished));
    assert_eq!(a.message().err(), Some(Error::Unfinished));
    assert_eq!(Write::write(&mut a, b"x"), Err(Error::Unfinished));
    rx.put(&peer.record(DATA, b"still"));
    assert_eq!(a.recv().unwrap().unwrap().bytes, b"still");
    a.close().unwrap();
    let sent = kinds(&mut peer, tx.take_all());
    assert_eq!(sent[1..], [(MORE, b"begun".to_vec()), (CLOSE, vec![])]);
    assert_eq!(a.send(b"x"), Err(Error::Closed));
}

#[test]
fn records_read_and_write_move_bytes_and_ignore_boundaries() {
    let (mut a, mut b, ..) = pair(Mode::Kk, &Rules::default());
    let text: Vec<u8> = Rng(4).vec(1_500);
    a.send(b"").unwrap();
    Write::write_all(&mut a, &text).unwrap();
    assert_eq!(Write::write(&mut a, b""), Ok(0));
    a.close().unwrap();
    let mut got = vec![];
    let mut some = [0; 77];
    assert_eq!(b.read(&mut []), Ok(0));
    loop {
        match b.read(&mut some).unwrap() {
            0 => break,
            n => got.extend_from_slice(&some[..n]),
        }
    }
    assert_eq!(got, text);
    assert_eq!(b.read(&mut some), Ok(0));
}

#[test]
fn records_recv_recv_message_and_read_may_be_mixed() {
    let (mut a, mut b, ..) = pair(Mode::Kk, &Rules::default());
    let mut buffer = [0; 16];
    let mut writer = a.message().unwrap();
    writer.write(b"one").unwrap();
    writer.write(b"two").unwrap();
    writer.finish(b"three").unwrap();
    assert_eq!(b.recv().unwrap().unwrap().bytes, b"one");
    assert_eq!(b.read(&mut buffer[..1]), Ok(1));
    assert_eq!(b.recv_message(&mut buffer[..3]), Err(TIMED_OUT), "three is not on its way yet");
    a.flush().unwrap();
    assert_eq!(b.recv_message(&mut buffer[..3]), Err(Error::BufferTooSmall));
    assert_eq!(&buffer[..2], b"wo");
    assert_eq!(b.recv_message(&mut buffer), Ok(Some(7)));
    assert_eq!(&buffer[..7], b"wothree");
    a.send(b"next").unwrap();
    a.flush().unwrap();
    assert_eq!(b.recv_message(&mut buffer[..2]), Err(Error::BufferTooSmall));
    let fragment = b.recv().unwrap().unwrap();
    assert_eq!((&*fragment.bytes, fragment.part), (&b"next"[..], Part::Last));
}

#[test]
fn records_a_stream_that_ends_or_breaks_at_any_byte_is_typed_and_stays() {
    let (mut a, _b, _, _) = pair(Mode::Kk, &Rules::default());
    a.send(b"hello").unwrap();
    let len = 2 + 17 + 5;
    for at in 0..len {
        // on its way in
        let (mut a, mut b, a_io, b_io) = pair(Mode::Kk, &Rules::default());
        a.send(b"hello").unwrap();
        a.flush().unwrap();
        let wire = a_io.tx.take_all();
        assert_eq!(wire.len(), len);
        b_io.rx.put(&wire[..at]);
        b_io.rx.end();
        for _ in 0..2 {
            assert_eq!(b.recv(), Err(Error::Truncated), "after {at} bytes");
            assert_dead(&mut b, Error::Truncated);
        }
        // on its way out
        for (how, error) in
            [(None, ErrorKind::WriteZero), (Some(ErrorKind::ConnectionReset), ErrorKind::ConnectionReset)]
        {
            let (_, mut b, _, b_io) = pair(Mode::Kk, &Rules::default());
            b.send(b"hello").unwrap();
            b_io.set(|rules| rules.breaks = Some((at, how)));
            assert_eq!(b.flush(), Err(Error::Io(error)));
            assert_dead(&mut b, Error::Io(error));
        }
    }
    let (mut a, mut b, a_io, _) = pair(Mode::Kk, &Rules::default());
    a.send(b"hello").unwrap();
    a.flush().unwrap();
    a_io.tx.end();
    assert_eq!(b.recv().unwrap().unwrap().bytes, b"hello");
    assert_eq!(b.recv(), Err(Error::Truncated), "no CLOSE");
}

fn assert_dead(channel: &mut Blocking, error: Error) {
    assert_eq!(channel.send(b""), Err(error));
    assert_eq!(channel.send(&[0; 999]), Err(error));
    assert_eq!(channel.message().err(), Some(error));
    assert_eq!(channel.recv(), Err(error));
    assert_eq!(channel.recv_message(&mut [0; 9]), Err(error));
    assert_eq!(channel.try_recv(), Err(error));
    assert_eq!(channel.read(&mut [0; 9]), Err(error));
    assert_eq!(Write::write(channel, b"x"), Err(error));
    assert_eq!(channel.flush(), Err(error));
    assert_eq!(channel.ping(b""), Err(error));
    assert_eq!(channel.close(), Err(error));
    let mailbox = lowkey_transport::Mailbox::<8, 1>::new();
    assert_eq!(channel.deliver(&mailbox), Err(error));
}

#[test]
fn records_a_forged_record_ends_the_channel_for_good() {
    let (mut a, mut peer, rx, _) = with_page_peer();
    let mut forged = peer.record(DATA, b"x");
    forged[5] ^= 1;
    rx.put(&forged);
    assert_eq!(a.recv(), Err(Error::Record));
    rx.put(&peer.record(DATA, b"later"));
    assert_dead(&mut a, Error::Record);
}

#[test]
fn records_close_is_an_end_after_which_the_peer_may_hang_up() {
    let (mut a, mut peer, rx, _) = with_page_peer();
    rx.put(&[peer.record(DATA, b"bye"), peer.record(CLOSE, b"")].concat());
    rx.end();
    assert_eq!(a.recv().unwrap().unwrap().bytes, b"bye");
    for _ in 0..3 {
        assert_eq!(a.recv(), Ok(None));
        assert!(matches!(a.try_recv(), Ok(Poll::Ready(None))));
        assert_eq!(a.recv_message(&mut []), Ok(None));
    }
    a.send(b"our direction goes on").unwrap();
    a.close().unwrap();
}

#[test]
fn records_try_recv_does_not_wait() {
    let (mut a, mut peer, rx, _) = with_page_peer();
    let record = peer.record(DATA, b"slow");
    for byte in &record[..record.len() - 1] {
        assert_eq!(a.try_recv(), Ok(Poll::Pending));
        rx.put(&[*byte]);
    }
    assert_eq!(a.try_recv(), Ok(Poll::Pending));
    rx.put(&record[record.len() - 1..]);
    let Ok(Poll::Ready(Some(fragment))) = a.try_recv() else { panic!("it has come") };
    assert_eq!(fragment.bytes, b"slow");
    assert_eq!(a.try_recv(), Ok(Poll::Pending));
}

#[test]
fn refusal_leaves_a_buffering_stream_before_the_responder_hangs_up() {
    for rules in bad_streams() {
        let (there, back) = (Pipe::default(), Pipe::default());
        let mut initiator = links::initiator(Mode::Kk);
        there.put(&links::unsent(&mut initiator));
        let link = Link::responder(links::buffers());
        let ended = Channel::accept(Stream::new(&there, &back, rules), link, &mut ephemerals(2), |_| None);
        assert_eq!(ended.err(), Some(Error::Declined(Refusal::REFUSED)));
        let mut wire = back.take_all();
        assert_eq!(wire, frame(&[4]));
        let ended = advance(&mut initiator, &mut wire, &mut vec![]);
        assert_eq!(ended, Err(Error::Refused(Refusal::REFUSED)));
    }
}

#[test]
fn handshake_connect_and_accept_end_with_what_ended_them() {
    for kind in [ErrorKind::TimedOut, ErrorKind::ConnectionReset] {
        let (io, _) = Stream::pair(&Rules { stumbles: Some((kind, Rng(2))), ..Rules::default() });
        assert_eq!(Channel::connect(io, links::initiator(Mode::Kk)).err(), Some(Error::Io(kind)));
    }
    for refusal in [1, 2, 3, 4, 99] {
        let (io, _) = Stream::pair(&Rules::default());
        io.rx.put(&frame(&[refusal]));
        let ended = Channel::connect(io, links::initiator(Mode::KkPsk0)).err();
        assert!(matches!(ended, Some(Error::Refused(r)) if r.code() == refusal));
    }
    let (io, _) = Stream::pair(&Rules::default());
    io.rx.end();
    assert_eq!(Channel::connect(io.clone(), links::initiator(Mode::Kk)).err(), Some(Error::HungUp));
    let link = Link::responder(links::buffers());
    let ended = Channel::accept(io, link, &mut ephemerals(2), |_| None).err();
    assert_eq!(ended, Some(Error::HungUp));
    // the wrong way round
    let (io, _) = Stream::pair(&Rules::default());
    io.rx.put(&links::unsent(&mut links::initiator(Mode::Kk)));
    assert_eq!(Channel::connect(io, links::responder()).err(), Some(Error::OutOfTurn));
}

#[test]
fn frames_a_device_may_lend_its_buffers() {
    let (mut incoming, mut outgoing) = ([0; 160], [0; 162]);
    let buffers = Buffers::new(&mut incoming[..], &mut outgoing[..]).unwrap();
    let pinning = KEYS.initiator_pinning(Mode::Kk);
    let link = Link::kk_initiator(pinning, &mut ephemerals(1), buffers).unwrap();
    let (a, b) = Stream::pair(&Rules { waits: true, ..Rules::default() });
    let accepting = std::thread::spawn(move || {
        let link = Link::responder(links::buffers());
        Channel::accept(b, link, &mut ephemerals(2), |_| Some(KEYS.responder_pinning(Mode::Kk))).unwrap()
    });
    let mut channel = Channel::connect(a, link).unwrap();
    let mut accepted = accepting.join().unwrap();
    channel.send(b"lent").unwrap();
    channel.flush().unwrap();
    assert_eq!(accepted.recv().unwrap().unwrap().bytes, b"lent");
}
