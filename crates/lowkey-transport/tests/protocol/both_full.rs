//! Two sides that both send, over streams that hold a few bytes a direction: whoever cannot write still reads, so all
//! of it arrives.

use crate::blocking::{Blocking, pair};
use crate::support::streams::{Rules, Stream};
use core::task::Poll;
use embedded_io::{ErrorKind, Read};
use lowkey_transport::{Error, Mailbox, Mode, Part};

const TIMED_OUT: Error = Error::Io(ErrorKind::TimedOut);

/// Bytes that a direction holds.
const HOLDS: [usize; 8] = [1, 19, 100, 218, 250, 600, 2_048, 20_000];
const MESSAGES: usize = 20;
const MESSAGE: [u8; 200] = [7; 200];

/// Two channels over a connection that holds so many bytes a direction.
fn full(holds: usize) -> (Blocking, Blocking, Stream, Stream) {
    let (mut a, mut b, a_io, b_io) = pair(Mode::Kk, &Rules::default());
    a.flush().unwrap();
    assert_eq!((a.recv(), b.recv()), (Err(TIMED_OUT), Err(TIMED_OUT)));
    for io in [&a_io, &b_io] {
        io.set(|rules| rules.holds = Some(holds));
    }
    (a, b, a_io, b_io)
}

/// Gives what a call that could not go on gives.
fn unless_stuck<T>(result: Result<T, Error>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(TIMED_OUT) => None,
        Err(error) => panic!("{error:?}"),
    }
}

/// What a side does to receive; whether a message of 200 bytes came.
type Receive = fn(&mut Blocking) -> bool;

const RECEIVES: [Receive; 4] = [
    |a| unless_stuck(a.recv().map(|fragment| fragment.unwrap().bytes.len())) == Some(200),
    |a| {
        let tried = a.try_recv().map(|polled| match polled {
            Poll::Ready(fragment) => fragment.unwrap().bytes.len(),
            Poll::Pending => 0,
        });
        unless_stuck(tried) == Some(200)
    },
    |a| unless_stuck(a.recv_message(&mut [0; 200])) == Some(Some(200)),
    |a| unless_stuck(Read::read(a, &mut [0; 200])) == Some(200),
];

#[test]
fn both_full_neither_side_stops_receiving_while_it_cannot_send() {
    for holds in HOLDS {
        for receive in RECEIVES {
            let (mut a, mut b, ..) = full(holds);
            let (mut sent, mut got) = ([0; 2], [0; 2]);
            for turn in 0.. {
                assert!(
                    turn < 100_000,
                    "stuck at {holds} bytes a direction: {sent:?} sent, {got:?} received"
                );
                for (at, channel) in [&mut a, &mut b].into_iter().enumerate() {
                    while sent[at] < MESSAGES && unless_stuck(channel.send(&MESSAGE)).is_some() {
                        sent[at] += 1;
                    }
                    got[at] += usize::from(receive(channel));
                }
                if got == [MESSAGES; 2] {
                    break;
                }
            }
        }
    }
}

/// One side only sends, in one way or the other, and takes what came between two tries.
#[test]
fn both_full_whatever_call_cannot_send_reads() {
    type Send = fn(&mut Blocking) -> Result<(), Error>;
    let sends: [Send; 5] = [
        |a| a.flush(),
        |a| a.send(&MESSAGE),
        |a| a.ping(b"?"),
        |a| a.deliver(&Mailbox::<1, 1>::new()).map(drop),
        |a| a.message()?.finish(&MESSAGE),
    ];
    for send in sends {
        let (mut a, mut b, a_io, _) = full(30);
        a.send(&MESSAGE).unwrap();
        assert_eq!(a.flush(), Err(TIMED_OUT));
        b.ping(b"!").unwrap();
        b.flush().unwrap();
        assert_eq!(a_io.rx.len(), 2 + 1 + 1 + 16);
        (0..4).for_each(|_| assert_eq!(send(&mut a), Err(TIMED_OUT)));
        assert_eq!(a_io.rx.len(), 0);
        b.send(b"stop").unwrap();
        b.flush().unwrap();
        (0..4).for_each(|_| assert_eq!(send(&mut a), Err(TIMED_OUT)));
        assert_eq!(a_io.rx.len(), 0);
        // It waits, and no more is read before it has been received.
        b.send(b"and this").unwrap();
        b.flush().unwrap();
        let waiting = a_io.rx.len();
        assert_eq!(send(&mut a), Err(TIMED_OUT));
        assert_eq!(a_io.rx.len(), waiting);
        assert_eq!(a.recv().unwrap().unwrap().bytes, b"stop");
        // The PONG that came to be owed leaves as soon as there is room.
        assert!(b.awaits_pong());
        for _ in 0..20 {
            let _timed_out = b.recv_message(&mut [0; 200]);
            let _timed_out = send(&mut a);
        }
        assert!(!b.awaits_pong());
    }
}

/// Long messages both ways: their writer receives between two tries.
#[test]
fn both_full_long_messages_pass_each_other() {
    let (long, mut lens) = (vec![5; 3_000], [0; 2]);
    let (mut a, mut b, ..) = full(100);
    let mut writers = [a.message().unwrap(), b.message().unwrap()];
    let mut finished = [false; 2];
    for turn in 0.. {
        assert!(turn < 10_000, "stuck: {finished:?} sent, {lens:?} received");
        for at in 0..2 {
            finished[at] |= unless_stuck(writers[at].finish(&long)).is_some();
            if let Some(fragment) = unless_stuck(writers[at].recv()) {
                lens[at] += fragment.unwrap().bytes.len();
            }
        }
        if finished == [true; 2] && lens == [3_000; 2] {
            break;
        }
    }
}

/// Also while what the stream took is held back there, and cannot be handed on.
#[test]
fn both_full_a_flush_that_cannot_go_on_keeps_nobody_from_reading() {
    let (mut a, mut b, a_io, _) = full(1_000);
    a_io.set(|rules| (rules.buffers, rules.holds) = (true, Some(0)));
    a.send(b"held back").unwrap();
    b.send(b"stop").unwrap();
    b.flush().unwrap();
    let (fragment, part) = a.recv().map(|f| f.map(|f| (f.bytes.to_vec(), f.part))).unwrap().unwrap();
    assert_eq!((&*fragment, part), (b"stop".as_slice(), Part::Last));
    b.close().unwrap();
    assert_eq!(a.recv(), Ok(None));
    a_io.set(|rules| rules.holds = None);
    a.flush().unwrap();
    assert_eq!(b.recv().unwrap().unwrap().bytes, b"held back");
}

/// A read that never gave up may wait for ever: what sends gives up without it.
#[test]
fn both_full_a_call_that_sends_never_waits_in_a_read() {
    let (mut a, _b, a_io, _) = pair(Mode::Kk, &Rules::default());
    a_io.set(|rules| (rules.holds, rules.waits) = (Some(10), true));
    a.send(&MESSAGE).unwrap();
    assert_eq!(a.send(&MESSAGE), Err(TIMED_OUT));
    assert_eq!(a.flush(), Err(TIMED_OUT));
    assert_eq!(a.close(), Err(TIMED_OUT));
}

/// A peer that takes nothing and has gone is noticed by what is read.
#[test]
fn both_full_the_end_of_the_stream_is_seen() {
    let (mut a, _b, a_io, _) = full(10);
    a.send(&MESSAGE).unwrap();
    assert_eq!(a.flush(), Err(TIMED_OUT));
    assert_eq!(a.try_recv(), Err(TIMED_OUT), "nothing can be sent, nothing is to be read");
    a_io.rx.end();
    assert_eq!(a.send(&MESSAGE), Err(Error::Truncated));
}

/// `finish` ends both whatever they still had to say.
#[test]
fn both_full_both_sides_finish() {
    for holds in HOLDS {
        let (mut a, mut b, ..) = full(holds);
        a.send(&MESSAGE).unwrap();
        b.send(&MESSAGE).unwrap();
        let mut finished = [false; 2];
        for turn in 0.. {
            assert!(turn < 10_000, "stuck at {holds} bytes a direction");
            for (at, channel) in [&mut a, &mut b].into_iter().enumerate() {
                finished[at] |= unless_stuck(channel.finish()).is_some();
            }
            if finished == [true; 2] {
                break;
            }
        }
    }
}
