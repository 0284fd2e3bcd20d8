//! A fifth driver, of a link and two pipes in memory, in as few lines as a driver needs: what drives a link is not
//! much.

use crate::support::links::{self, Any};
use crate::support::{KEYS, Rng, keys::ephemerals, streams::Pipe};
use core::task::Poll;
use embedded_io::ErrorKind;
use lowkey_transport::{Error, Link, Mailbox, Mode, Step};

/// One side. What cannot go on gives `Pending`, and nothing waits.
struct Memory {
    link: Any,
    rx: Pipe,
    tx: Pipe,
}

impl Memory {
    /// Two sides; the first one begins.
    fn pair() -> [Self; 2] {
        let (there, back) = (Pipe::default(), Pipe::default());
        let begins = Self { link: links::initiator(Mode::Kk), rx: back.clone(), tx: there.clone() };
        [begins, Self { link: links::responder(), rx: there, tx: back }]
    }

    /// Plays the handshake as far as it goes.
    fn open(&mut self) -> Result<Poll<()>, Error> {
        loop {
            match self.link.step()? {
                Step::Done => return Ok(Poll::Ready(())),
                Step::Hello => self.link.answer_kk(KEYS.responder_pinning(Mode::Kk), &mut ephemerals(2))?,
                _ if self.moves()? => (),
                _ => return Ok(Poll::Pending),
            }
        }
    }

    /// Repeats what sends or receives as long as bytes move.
    fn does<T>(
        &mut self,
        mut call: impl FnMut(&mut Any) -> Result<Poll<T>, Error>,
    ) -> Result<Poll<T>, Error> {
        loop {
            let polled = call(&mut self.link)?;
            if polled.is_ready() || !self.moves()? {
                return Ok(polled);
            }
        }
    }

    /// One write, one flush or one read; `false` if there is nothing to move.
    fn moves(&mut self) -> Result<bool, Error> {
        let unsent = self.link.unsent()?;
        if !unsent.is_empty() {
            self.tx.put(unsent);
            let n = unsent.len();
            return self.link.on_write(Ok::<_, ErrorKind>(n)).map(|()| true);
        }
        if self.link.is_unflushed() {
            return self.link.on_flush(Ok::<_, ErrorKind>(())).map(|()| true);
        }
        let read = self.rx.take(self.link.space()).filter(|_| !self.link.space().is_empty());
        read.map_or(Ok(false), |n| self.link.on_read(Ok::<_, ErrorKind>(n)).map(|()| true))
    }
}

fn open() -> [Memory; 2] {
    let [mut a, mut b] = Memory::pair();
    while (a.open(), b.open()) != (Ok(Poll::Ready(())), Ok(Poll::Ready(()))) {}
    [a, b]
}

#[test]
fn driver_in_memory_opens_a_channel_and_carries_messages_of_any_length_both_ways() {
    let [mut a, mut b] = open();
    assert_eq!(a.link.handshake_hash(), b.link.handshake_hash());
    for len in [0, 1, 283, 284, 5_000] {
        let (text, mut message) = (Rng(len as u64).vec(len), vec![0; 5_000]);
        for n in [0, 1] {
            let (from, to) = if n == 0 { (&mut a, &mut b) } else { (&mut b, &mut a) };
            assert_eq!(from.does(|link| link.send_rest(&text)), Ok(Poll::Ready(())));
            assert_eq!(from.does(Link::flush), Ok(Poll::Ready(())));
            assert_eq!(to.does(|link| link.recv_message(&mut message)), Ok(Poll::Ready(Some(len))));
            assert!(message[..len] == text);
        }
    }
    assert_eq!(a.does(Link::receive), Ok(Poll::Pending), "and nothing waits");
}

#[test]
fn driver_in_memory_does_whatever_a_link_can() {
    let [mut a, mut b] = open();
    let mailbox = Mailbox::<400, 2>::new();
    mailbox.post(&[4; 400]).unwrap();
    mailbox.post(b"last").unwrap();
    assert_eq!(a.does(|link| link.deliver(&mailbox)), Ok(Poll::Ready(2)));
    assert_eq!(a.does(|link| link.write(b"as a stream")), Ok(Poll::Ready(11)));
    assert_eq!(a.does(|link| link.ping(b"?")), Ok(Poll::Ready(())));
    assert_eq!(a.does(Link::flush), Ok(Poll::Ready(())));
    let (mut message, mut bytes) = ([0; 400], vec![]);
    assert_eq!(b.does(|link| link.recv_message(&mut message)), Ok(Poll::Ready(Some(400))));
    assert_eq!(b.does(|link| link.recv_message(&mut message)), Ok(Poll::Ready(Some(4))));
    while let Ok(Poll::Ready(n @ 1..)) = b.does(|link| link.read(&mut message[..5])) {
        bytes.extend_from_slice(&message[..n]);
    }
    assert_eq!(bytes, b"as a stream");
    assert!(a.link.awaits_pong());
    assert_eq!(a.does(Link::receive), Ok(Poll::Pending));
    assert!(!a.link.awaits_pong());

    a.link.close().unwrap();
    b.link.close().unwrap();
    for _ in 0..2 {
        assert_eq!(a.does(Link::flush), Ok(Poll::Ready(())));
        assert_eq!(b.does(Link::receive), Ok(Poll::Ready(None)));
        assert_eq!(b.does(Link::flush), Ok(Poll::Ready(())));
        assert_eq!(a.does(Link::receive), Ok(Poll::Ready(None)));
    }
    assert!(a.link.is_closed() && b.link.is_closed());
}

#[test]
fn driver_in_memory_stops_with_a_stream_that_ends() {
    let [mut a, mut b] = open();
    b.rx.end();
    assert_eq!(b.does(Link::receive), Err(Error::Truncated));
    assert_eq!(b.does(|link| link.send(b"x")), Err(Error::Truncated));
    a.rx.put(&[0, 0]);
    assert_eq!(a.does(Link::receive), Err(Error::EmptyFrame));
}
