//! The mailbox: messages that an interrupt handler leaves, each delivered once or kept.

use crate::blocking::{Blocking, TIMED_OUT, pair, repeat};
use crate::support::streams::{Rules, Stream};
use crate::support::{Rng, links};
use core::task::Poll;
use embedded_io::{ErrorKind, Read, Write};
use lowkey_transport::{Error, Mailbox, Mode, Part, PostError};

fn open() -> (Blocking, Blocking, Stream) {
    let (a, b, a_io, _) = pair(Mode::Kk, &Rules::default());
    (a, b, a_io)
}

/// Every whole message that has come.
fn received(channel: &mut Blocking) -> Vec<Vec<u8>> {
    received_into(&mut [0; 4_000], channel)
}

/// The same, with the message that is not whole yet staying in `buffer` for the next call.
fn received_into(buffer: &mut [u8], channel: &mut Blocking) -> Vec<Vec<u8>> {
    let mut messages = vec![];
    while let Ok(Some(len)) = channel.recv_message(buffer) {
        messages.push(buffer[..len].to_vec());
    }
    messages
}

#[test]
fn mailbox_says_when_it_is_full_or_a_message_is_too_long() {
    let mailbox = Mailbox::<4, 2>::default();
    assert!(mailbox.is_empty());
    assert_eq!(mailbox.post(b"12345"), Err(PostError::TooLong));
    assert_eq!(mailbox.post(b"1234"), Ok(()));
    assert_eq!(mailbox.post(b""), Ok(()));
    assert_eq!(mailbox.post(b"x"), Err(PostError::Full));
    assert_eq!(mailbox.len(), 2);
    let (mut a, mut b, _) = open();
    assert_eq!(a.deliver(&mailbox), Ok(2));
    assert!(mailbox.is_empty());
    assert_eq!(received(&mut b), [b"1234".to_vec(), vec![]]);
    assert_eq!(a.deliver(&mailbox), Ok(0));
}

#[test]
fn mailbox_long_mail_goes_out_in_fragments() {
    let mailbox = Mailbox::<2_000, 2>::new();
    let (mut a, mut b, _) = open();
    for len in [a.max_data() - 1, a.max_data(), a.max_data() + 1, 2 * a.max_data(), 2_000] {
        let letter = Rng(len as u64).vec(len);
        mailbox.post(&letter).unwrap();
        assert_eq!(a.deliver(&mailbox), Ok(1));
        assert_eq!(received(&mut b), [letter]);
    }
}

#[test]
fn mailbox_a_message_stays_until_the_stream_took_its_last_byte_and_goes_out_whole_on_the_next_channel() {
    let letters = [b"first letter".to_vec(), Rng(1).vec(700), b"third".to_vec()];
    let (mut a, _b, a_io) = open();
    let mailbox = Mailbox::<700, 3>::new();
    for letter in &letters {
        mailbox.post(letter).unwrap();
    }
    a.deliver(&mailbox).unwrap();
    let wire = a_io.tx.len();
    // where each letter ends on the wire: 283 bytes of data fill a record
    let ends: Vec<usize> = [12 + 19, 700 + 3 * 19, 5 + 19]
        .iter()
        .scan(0, |sum, len| {
            *sum += len;
            Some(*sum)
        })
        .collect();
    assert_eq!(ends[2], wire);
    for broken_at in (0..=wire).step_by(3).chain(ends.iter().flat_map(|end| [end - 1, *end])) {
        let mailbox = Mailbox::<700, 3>::new();
        for letter in &letters {
            mailbox.post(letter).unwrap();
        }
        let (mut a, mut b, a_io) = open();
        a_io.set(|rules| rules.breaks = Some((broken_at, Some(ErrorKind::ConnectionReset))));
        let delivered = a.deliver(&mailbox);
        let whole = ends.iter().filter(|end| **end <= broken_at).count();
        if broken_at < wire {
            assert_eq!(delivered, Err(Error::Io(ErrorKind::ConnectionReset)));
        }
        assert_eq!(mailbox.len(), 3 - whole, "broken at {broken_at}");
        assert_eq!(received(&mut b), letters[..whole], "broken at {broken_at}");
        let (mut a, mut b, _) = open();
        assert_eq!(a.deliver(&mailbox), Ok(3 - whole));
        assert_eq!(received(&mut b), letters[whole..], "broken at {broken_at}");
    }
}

#[test]
fn mailbox_a_timeout_at_every_byte_loses_and_repeats_nothing() {
    let letters: Vec<Vec<u8>> = [0, 3, 283, 284, 700].map(|len| Rng(len as u64).vec(len)).into();
    let mailbox = Mailbox::<700, 5>::new();
    for letter in &letters {
        mailbox.post(letter).unwrap();
    }
    let (mut a, mut b, a_io) = open();
    let mut posted = 0;
    let (mut got, mut buffer) = (vec![], [0; 700]);
    while got.len() < letters.len() + 3 {
        // one byte and then a timeout
        a_io.set(|rules| rules.breaks = Some((1, Some(ErrorKind::TimedOut))));
        match a.deliver(&mailbox) {
            Ok(_) | Err(Error::Io(ErrorKind::TimedOut)) => (),
            Err(error) => panic!("{error:?}"),
        }
        got.extend(received_into(&mut buffer, &mut b));
        // an interrupt leaves another one in the middle of all that
        if posted < 3 && mailbox.post(&[posted; 9]).is_ok() {
            posted += 1;
        }
    }
    let mut expected = letters;
    expected.extend((0..3).map(|n| vec![n; 9]));
    assert_eq!(got, expected);
    assert!(mailbox.is_empty() || a.deliver(&mailbox).is_ok());
}

#[test]
fn mailbox_stumbling_streams_lose_and_repeat_nothing() {
    for kind in [ErrorKind::TimedOut, ErrorKind::Interrupted] {
        let mailbox = Mailbox::<600, 4>::new();
        let (mut a, mut b, a_io) = open();
        a_io.set(|rules| {
            rules.stumbles = Some((kind, Rng(4)));
            rules.dribble = Some(Rng(3));
        });
        let mut got = vec![];
        for round in 0..5u8 {
            for len in [600, 0, 5] {
                mailbox.post(&vec![round; len]).unwrap();
            }
            repeat(|| a.deliver(&mailbox));
            assert!(mailbox.is_empty());
            got.extend(received(&mut b).iter().map(Vec::len));
        }
        assert_eq!(got, [600, 0, 5].repeat(5));
    }
}

/// What is half out of one mailbox is neither continued nor ended with the content of another.
#[test]
fn mailbox_two_of_them_never_mix() {
    for stop_at in [1, 100, 300, 301] {
        let (one, two) = (Mailbox::<300, 1>::new(), Mailbox::<300, 1>::new());
        one.post(&[1; 300]).unwrap();
        two.post(&[2; 290]).unwrap();
        let (mut a, mut b, a_io) = open();
        a_io.set(|rules| rules.breaks = Some((stop_at, Some(ErrorKind::TimedOut))));
        assert_eq!(a.deliver(&one), Err(Error::Io(ErrorKind::TimedOut)));
        a_io.set(|rules| rules.breaks = None);
        assert_eq!(a.deliver(&two), Err(Error::Unfinished));
        assert_eq!((one.len(), two.len()), (1, 1));
        assert_eq!(a.deliver(&one), Ok(1));
        assert_eq!(a.deliver(&two), Ok(1));
        assert_eq!(received(&mut b), [vec![1; 300], vec![2; 290]]);
    }
    // Once the last record is on its way, there is nothing to mix any more.
    let (one, two) = (Mailbox::<300, 1>::new(), Mailbox::<300, 1>::new());
    one.post(&[1; 300]).unwrap();
    two.post(&[2; 290]).unwrap();
    let (mut a, mut b, a_io) = open();
    stop(&a_io, Some(302 + 17));
    assert_eq!(a.deliver(&one), Err(TIMED_OUT));
    stop(&a_io, None);
    assert_eq!(a.deliver(&two), Ok(2), "both have left since it was asked last");
    assert_eq!(received(&mut b), [vec![1; 300], vec![2; 290]]);
    assert!(one.is_empty() && two.is_empty());
}

/// The stream takes so many bytes more, and then times out.
fn stop(io: &Stream, at: Option<usize>) {
    io.set(|rules| rules.breaks = at.map(|at| (at, Some(ErrorKind::TimedOut))));
}

/// Every call that moves bytes may be the one in which the last of a message leaves; after each it is gone from the
/// mailbox, and the next channel does not say it again.
#[test]
fn mailbox_a_message_that_leaves_in_another_call_has_left() {
    type Call = fn(&mut Blocking) -> Result<(), Error>;
    let calls: [Call; 11] = [
        |a| a.try_recv().map(|polled| assert!(polled.is_pending())),
        |a| a.recv().map(drop),
        |a| a.recv_message(&mut [0; 9]).map(drop),
        |a| Read::read(a, &mut [0; 9]).map(drop),
        |a| a.flush(),
        |a| a.send(b"behind"),
        |a| a.ping(b"behind"),
        |a| Write::write(a, b"behind").map(drop),
        |a| a.message()?.finish(b"behind"),
        |a| a.deliver(&Mailbox::<1, 1>::new()).map(drop),
        |a| a.close(),
    ];
    for call in calls {
        for at in 0..=12 + 19 {
            let mailbox = Mailbox::<32, 4>::new();
            mailbox.post(b"open the val").unwrap();
            let (mut a, mut b, a_io) = open();
            a.flush().unwrap();
            stop(&a_io, Some(at));
            let delivered = a.deliver(&mailbox);
            assert_eq!(delivered, if at < 12 + 19 { Err(TIMED_OUT) } else { Ok(1) });
            stop(&a_io, None);
            assert!(matches!(call(&mut a), Ok(()) | Err(TIMED_OUT)));
            assert_eq!(mailbox.len(), 0, "stopped at {at}");
            let stream = a.into_stream();
            assert_eq!(received(&mut b).first().map(Vec::as_slice), Some(&b"open the val"[..]));
            drop(stream);
            let (mut a, mut b, _) = open();
            assert_eq!(a.deliver(&mailbox), Ok(0));
            assert!(received(&mut b).is_empty());
        }
    }
}

/// Whatever ends a channel in the middle of a message gives it back: the mailbox has it, and the next channel says all
/// of it.
#[test]
fn mailbox_a_message_is_given_back_by_a_channel_that_ends_in_the_middle_of_it() {
    type End = fn(Blocking, &Stream) -> Option<Blocking>;
    let ends: [End; 4] = [
        |_dropped, _| None,
        |a, _| {
            a.into_stream();
            None
        },
        |mut a, a_io| {
            a_io.set(|rules| rules.breaks = Some((0, Some(ErrorKind::BrokenPipe))));
            assert_eq!(a.flush(), Err(Error::Io(ErrorKind::BrokenPipe)));
            Some(a)
        },
        |mut a, a_io| {
            stop(a_io, None);
            a_io.rx.put(&[[0, 20].to_vec(), vec![7; 20]].concat());
            assert_eq!(a.recv(), Err(Error::Record));
            Some(a)
        },
    ];
    for (n, end) in ends.into_iter().enumerate() {
        for at in [1, 100, 301, 302, 302 + 30] {
            let mailbox = Mailbox::<300, 2>::new();
            mailbox.post(&[1; 300]).unwrap();
            let (mut a, _b, a_io) = open();
            a.flush().unwrap();
            stop(&a_io, Some(at));
            assert_eq!(a.deliver(&mailbox), Err(TIMED_OUT));
            // Another channel in the meantime: one at a time.
            let (mut other, mut heard, _) = open();
            assert_eq!(other.deliver(&mailbox), Err(Error::OutOfTurn));
            assert_eq!(mailbox.len(), 1);
            let _still_there_and_over = end(a, &a_io);
            let has_left = n == 3 && at >= 302; // the rest of it left before the end
            assert_eq!(other.deliver(&mailbox), Ok(usize::from(!has_left)), "end {n} at {at}");
            assert_eq!(received(&mut heard).len(), usize::from(!has_left));
            assert!(mailbox.is_empty());
        }
    }
}

#[test]
fn mailbox_a_close_in_the_middle_of_a_message_gives_it_back() {
    let mailbox = Mailbox::<300, 2>::new();
    mailbox.post(&[1; 300]).unwrap();
    let (mut a, mut b, a_io) = open();
    a.flush().unwrap();
    stop(&a_io, Some(100));
    assert_eq!(a.deliver(&mailbox), Err(TIMED_OUT));
    stop(&a_io, None);
    a.close().unwrap();
    assert_eq!(b.recv_message(&mut [0; 300]), Err(Error::Truncated));
    let (mut next, mut heard, _) = open();
    assert_eq!(next.deliver(&mailbox), Ok(1));
    assert_eq!(received(&mut heard), [vec![1; 300]]);
}

/// Neither goes on with the other's message, and none is lost.
#[test]
fn mailbox_another_one_in_the_same_place_is_another_one() {
    for at in [1, 100, 301, 302, 302 + 10] {
        let mut slot = Mailbox::<400, 2>::new();
        slot.post(&[b'A'; 300]).unwrap();
        let (mut a, mut b, a_io) = open();
        a.flush().unwrap();
        stop(&a_io, Some(at));
        assert_eq!(a.deliver(&slot), Err(TIMED_OUT));
        slot = Mailbox::new();
        slot.post(&[b'B'; 300]).unwrap();
        stop(&a_io, None);
        if at < 302 {
            assert_eq!(a.deliver(&slot), Err(Error::Unfinished));
            assert_eq!(slot.len(), 1);
            a.close().unwrap();
            assert_eq!(b.recv_message(&mut [0; 400]), Err(Error::Truncated));
        } else {
            assert_eq!(a.deliver(&slot), Ok(2), "all of A was on its way");
            assert_eq!(received(&mut b), [[b'A'; 300], [b'B'; 300]]);
        }
    }
}

#[test]
fn mailbox_may_be_moved_in_the_middle_of_a_message() {
    let mailbox = Mailbox::<300, 2>::new();
    mailbox.post(&[1; 300]).unwrap();
    let (mut a, mut b, a_io) = open();
    a.flush().unwrap();
    stop(&a_io, Some(100));
    assert_eq!(a.deliver(&mailbox), Err(TIMED_OUT));
    let moved = Box::new(mailbox);
    stop(&a_io, None);
    assert_eq!(a.deliver(&moved), Ok(1));
    assert_eq!(received(&mut b), [[1; 300]]);
}

#[test]
fn mailbox_a_message_that_has_left_makes_room_before_the_next_delivery() {
    let mailbox = Mailbox::<8, 1>::new();
    mailbox.post(b"one").unwrap();
    let (mut a, mut b, a_io) = open();
    a.flush().unwrap();
    stop(&a_io, Some(5));
    assert_eq!(a.deliver(&mailbox), Err(TIMED_OUT));
    assert_eq!(mailbox.post(b"two"), Err(PostError::Full));
    stop(&a_io, None);
    a.flush().unwrap();
    assert_eq!(mailbox.post(b"two"), Ok(()));
    assert_eq!(a.deliver(&mailbox), Ok(2));
    assert_eq!(received(&mut b), [b"one", b"two"]);
}

#[test]
fn mailbox_does_not_deliver_on_a_channel_that_may_not_send() {
    let mailbox = Mailbox::<8, 2>::new();
    mailbox.post(b"kept").unwrap();
    let (mut a, _b, _) = open();
    a.message().unwrap().write(b"begun").unwrap();
    assert_eq!(a.deliver(&mailbox), Err(Error::Unfinished));
    a.close().unwrap();
    assert_eq!(a.deliver(&mailbox), Err(Error::Closed));
    assert_eq!(mailbox.len(), 1);
    let (mut a, mut b, _) = open();
    a.send(b"before").unwrap();
    assert_eq!(a.deliver(&mailbox), Ok(1));
    assert_eq!(received(&mut b), [b"before".to_vec(), b"kept".to_vec()]);
}

/// A message that goes out in several records is the mailbox's to its end.
#[test]
fn mailbox_a_message_on_its_way_takes_no_part_of_another() {
    let (mut a, mut b) = links::open();
    let mailbox = Mailbox::<400, 2>::new();
    mailbox.post(&[4; 400]).unwrap();
    assert_eq!(a.deliver(&mailbox), Ok(Poll::Pending));
    let mut wire = links::unsent(&mut a);
    assert_eq!(a.send_rest(b"mine"), Err(Error::Unfinished));
    assert_eq!(a.send_part(b"mine", Part::Last), Err(Error::Unfinished));
    assert_eq!(a.deliver(&mailbox), Ok(Poll::Pending));
    wire.extend(links::unsent(&mut a));
    assert_eq!(links::events(&mut b, &wire), [links::more(&[4; 283]), links::last(&[4; 117])]);
    assert!(mailbox.is_empty());
}
