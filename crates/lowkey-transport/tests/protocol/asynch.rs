//! The async channel: every future dropped at every await point, over a stream that is never ready at
//! once, loses and repeats nothing.

use crate::support::links::{self, Any, KK, Plain, more};
use crate::support::streams::{Pipe, Slow, pause, poll_at_most};
use crate::support::{KEYS, Rng, keys::ephemerals};
use embedded_io_async::{ErrorKind, Read, Write};
use futures_executor::block_on;
use futures_util::future::join;
use lowkey_transport::asynch::Channel;
use lowkey_transport::{Error, Link, Mailbox, Mode, Part, Refusal};

pub(crate) type Async = Channel<Slow, Vec<u8>>;

/// A channel, and the peer's link at the other end of its pipes.
pub(crate) struct Setting {
    pub(crate) channel: Async,
    peer: Any,
    rx: Pipe,
    tx: Pipe,
}

pub(crate) fn setting(portion: usize) -> Setting {
    let (rx, tx) = (Pipe::default(), Pipe::default());
    let mut peer = links::responder();
    let channel = block_on(async {
        let connecting = Channel::connect(Slow::new(&rx, &tx, portion), links::initiator(Mode::Kk));
        let answering = serve(&mut peer, &rx, &tx);
        join(connecting, answering).await.0
    });
    let mut setting = Setting { channel: channel.unwrap(), peer, rx, tx };
    setting.confirm();
    setting
}

/// Lets the peer's link answer until the channel has its message 2.
async fn serve(peer: &mut Any, rx: &Pipe, tx: &Pipe) {
    let mut from = vec![];
    loop {
        from.extend(tx.take_all());
        let mut to = vec![];
        let step = links::advance(peer, &mut from, &mut to).unwrap();
        if step == lowkey_transport::Step::Hello {
            links::answer(peer, Mode::Kk).unwrap();
            links::advance(peer, &mut from, &mut to).unwrap();
            rx.put(&to);
            return;
        }
        pause().await;
    }
}

impl Setting {
    fn confirm(&mut self) {
        let mut from = self.tx.take_all();
        let step = links::advance(&mut self.peer, &mut from, &mut vec![]);
        assert_eq!(step, Ok(lowkey_transport::Step::Done));
    }

    /// What the peer has whole of what the channel has written, as messages.
    pub(crate) fn arrived(&mut self) -> Vec<links::Event> {
        links::events(&mut self.peer, &self.tx.take_all())
    }

    /// The peer sends one message.
    fn send(&mut self, message: &[u8]) {
        links::write(&mut self.peer, &mut vec![]).unwrap();
        self.rx.put(&links::sent(&mut self.peer, message));
    }
}

/// Whole messages from fragments.
fn messages(events: Vec<links::Event>) -> Vec<Vec<u8>> {
    let (mut whole, mut partial) = (vec![], vec![]);
    for event in events {
        let links::Event::Fragment(bytes, part) = event else { continue };
        partial.extend(bytes);
        if part == Part::Last {
            whole.push(std::mem::take(&mut partial));
        }
    }
    assert!(partial.is_empty());
    whole
}

#[test]
fn async_channels_open_and_talk() {
    for mode in KK {
        for (portion, buffers) in [(1, false), (7, true), (1_000, true), (1_000, false)] {
            let (there, back) = (Pipe::default(), Pipe::default());
            let [a_io, b_io] = [(&back, &there), (&there, &back)]
                .map(|(rx, tx)| Slow { buffers, ..Slow::new(rx, tx, portion) });
            let link = Link::responder(links::buffers());
            let mut ephemerals = ephemerals(2);
            let accepting =
                Channel::accept(b_io, link, &mut ephemerals, |_| Some(KEYS.responder_pinning(mode)));
            let (a, b) = block_on(join(Channel::connect(a_io, links::initiator(mode)), accepting));
            let (mut a, mut b) = (a.unwrap(), b.unwrap());
            assert_eq!(a.handshake_hash(), b.handshake_hash());
            block_on(async {
                a.send(b"question").await.unwrap();
                a.ping(b"!").await.unwrap();
                let mut buffer = [0; 16];
                // The question leaves with the wait for its answer.
                let answering = async {
                    assert_eq!(b.recv().await.unwrap().unwrap().bytes, b"question");
                    b.send(b"answer").await.unwrap();
                    b.close().await.unwrap();
                    assert_eq!(b.recv().await.unwrap(), None);
                };
                let asking = async {
                    assert_eq!(a.recv_message(&mut buffer).await, Ok(Some(6)));
                    assert_eq!(a.recv_message(&mut buffer).await, Ok(None));
                    a.close().await.unwrap();
                };
                join(asking, answering).await;
            });
        }
    }
}

#[test]
fn async_a_send_dropped_at_any_await_was_not_accepted_or_was() {
    for portion in [3, 1_000] {
        for polls in 0..60 {
            let mut s = setting(portion);
            block_on(s.channel.send(b"zero")).unwrap();
            let accepted = poll_at_most(polls, s.channel.send(b"one"));
            block_on(s.channel.send(b"two")).unwrap();
            poll_at_most(polls, s.channel.flush());
            block_on(s.channel.flush()).unwrap();
            let expected: &[&[u8]] = match accepted {
                Some(result) => {
                    assert_eq!(result, Ok(()));
                    &[b"zero", b"one", b"two"]
                }
                None => &[b"zero", b"two"],
            };
            assert_eq!(messages(s.arrived()), expected, "after {polls} polls");
        }
    }
}

#[test]
fn async_a_receive_dropped_at_any_await_loses_nothing() {
    for portion in [1, 5, 1_000] {
        for polls in 0..30 {
            let mut s = setting(portion);
            let mut fragments = vec![];
            for text in [&b"one"[..], b"", b"three"] {
                s.send(text);
            }
            let mut close = links::closed(&mut s.peer);
            s.rx.put(&std::mem::take(&mut close));
            let mut dropped = 0;
            loop {
                match poll_at_most(polls, s.channel.recv()) {
                    Some(Ok(Some(fragment))) => fragments.push(fragment.bytes.to_vec()),
                    Some(Ok(None)) => break,
                    Some(Err(error)) => panic!("{error:?}"),
                    // it would never get anywhere with so few polls
                    None if polls < 2 => {
                        dropped += 1;
                        if dropped > 3 {
                            let Some(fragment) = block_on(s.channel.recv()).unwrap() else { break };
                            fragments.push(fragment.bytes.to_vec());
                        }
                    }
                    None => (),
                }
            }
            assert_eq!(fragments, [&b"one"[..], b"", b"three"], "{polls} polls, {portion} bytes");
        }
    }
}

#[test]
fn async_recv_message_and_read_dropped_at_any_await_lose_nothing() {
    for polls in 2..40 {
        let text: Vec<u8> = Rng(polls as u64).vec(900);
        let mut s = setting(50);
        for part in [&text[..300], &text[300..301], &text[301..]] {
            let mut left = part;
            let is_last = part.len() == 599;
            while !left.is_empty() {
                let n = s.peer.stage(left, if is_last { Part::Last } else { Part::More }).unwrap();
                left = &left[n..];
                s.rx.put(&links::unsent(&mut s.peer));
            }
        }
        let mut buffer = vec![0; 1_000];
        let len = loop {
            if let Some(result) = poll_at_most(polls, s.channel.recv_message(&mut buffer)) {
                break result.unwrap().unwrap();
            }
        };
        assert_eq!(buffer[..len], text);

        s.send(b"as a stream");
        s.rx.put(&links::closed(&mut s.peer));
        let mut got = vec![];
        loop {
            match poll_at_most(polls, s.channel.read(&mut buffer[..4])) {
                Some(Ok(0)) => break,
                Some(Ok(n)) => got.extend_from_slice(&buffer[..n]),
                Some(Err(error)) => panic!("{error:?}"),
                None => (),
            }
        }
        assert_eq!(got, b"as a stream");
    }
}

#[test]
fn async_a_writer_dropped_at_any_await_goes_on_where_it_was() {
    let text: Vec<u8> = Rng(6).vec(1_000);
    for portion in [40, 1_000] {
        for polls in 0..40 {
            let mut s = setting(portion);
            let mut writer = s.channel.message().unwrap();
            let mut begun = 0;
            if let Some(n) = poll_at_most(polls, writer.write(&text)) {
                begun = n.unwrap();
            }
            if let Some(n) = poll_at_most(polls, writer.write(&text[begun..begun + 10])) {
                begun += n.unwrap();
            }
            for _ in 0..3 {
                if poll_at_most(polls, writer.finish(&text[begun..])).is_some() {
                    break;
                }
            }
            block_on(writer.finish(&text[begun..])).unwrap();
            block_on(writer.finish(&text[begun..])).unwrap();
            assert_eq!(block_on(writer.write(b"more")), Err(Error::OutOfTurn));
            block_on(s.channel.flush()).unwrap();
            assert_eq!(messages(s.arrived()), [&text[..]], "{polls} polls");
        }
    }
    let mut s = setting(1_000);
    block_on(s.channel.message().unwrap().write(b"begun")).unwrap();
    assert_eq!(block_on(s.channel.send(b"x")), Err(Error::Unfinished));
    block_on(s.channel.flush()).unwrap();
    assert_eq!(s.arrived(), [more(b"begun")]);
}

#[test]
fn async_mail_dropped_at_any_await_is_delivered_once() {
    for portion in [30, 1_000] {
        for polls in 1..40 {
            let mailbox = Mailbox::<600, 3>::new();
            let letters = [Rng(1).vec(600), vec![], Rng(2).vec(20)];
            for letter in &letters {
                mailbox.post(letter).unwrap();
            }
            let mut s = setting(portion);
            let mut delivered = 0;
            let mut tries = 0;
            while !mailbox.is_empty() && tries < 500 {
                if let Some(n) = poll_at_most(polls, s.channel.deliver(&mailbox)) {
                    delivered = n.unwrap();
                }
                tries += 1;
            }
            block_on(s.channel.deliver(&mailbox)).unwrap();
            assert!(delivered <= 3);
            assert_eq!(messages(s.arrived()), letters, "{polls} polls");
        }
    }
}

#[test]
fn async_ping_and_close_dropped_at_any_await_go_out_once() {
    for polls in 0..30 {
        let mut s = setting(4);
        block_on(s.channel.send(b"before")).unwrap();
        let pinged = poll_at_most(polls, s.channel.ping(b"?"));
        assert_eq!(pinged.is_some(), s.channel.awaits_pong(), "dropped, it was not accepted");
        if pinged.is_none() {
            block_on(s.channel.ping(b"?")).unwrap();
        }
        assert_eq!(block_on(s.channel.ping(b"??")), Err(Error::PingPending));
        poll_at_most(polls, s.channel.close());
        block_on(s.channel.close()).unwrap();
        assert_eq!(s.arrived(), [links::last(b"before"), links::Event::End]);
        s.rx.put(&links::unsent(&mut s.peer));
        s.rx.put(&links::closed(&mut s.peer));
        assert_eq!(block_on(s.channel.recv()).unwrap(), None);
        assert!(!s.channel.awaits_pong());
    }
}

/// Nobody else would send it while the application waits.
#[test]
fn records_a_pong_leaves_while_a_receive_waits() {
    let mut s = setting(1_000);
    for n in 0..3 {
        links::done(s.peer.ping(&[n]).unwrap());
        s.rx.put(&links::unsent(&mut s.peer));
        assert!(poll_at_most(20, s.channel.recv()).is_none());
        assert_eq!(s.arrived(), []);
        assert!(!s.peer.awaits_pong());
    }
}

/// Everything at once: random calls, each dropped after a random number of polls.
#[test]
fn async_random_calls_dropped_anywhere_keep_both_directions_whole() {
    for seed in 0..40 {
        let mut rng = Rng(seed);
        let mut s = setting(1 + rng.below(90));
        let (mut to_peer, mut to_us, mut got, mut arrived) = (vec![], vec![], vec![], vec![]);
        for n in 0..60u8 {
            let polls = rng.below(9);
            match rng.below(6) {
                0 => {
                    if let Some(sent) = poll_at_most(polls, s.channel.send(&[n; 30])) {
                        sent.unwrap();
                        to_peer.push(vec![n; 30]);
                    }
                }
                1 => {
                    if let Some(Ok(Some(fragment))) = poll_at_most(polls, s.channel.recv()) {
                        got.push(fragment.bytes.to_vec());
                    }
                }
                2 => drop(poll_at_most(polls, s.channel.flush())),
                3 => drop(poll_at_most(polls, s.channel.ping(&[n]))),
                4 => {
                    s.rx.put(&links::unsent(&mut s.peer));
                    s.send(&[n; 20]);
                    to_us.push(vec![n; 20]);
                }
                _ => {
                    s.rx.put(&links::unsent(&mut s.peer));
                    if !s.peer.awaits_pong() {
                        links::done(s.peer.ping(&[n, n]).unwrap());
                    }
                    s.rx.put(&links::unsent(&mut s.peer));
                    arrived.extend(s.arrived());
                }
            }
            s.rx.put(&links::unsent(&mut s.peer));
        }
        block_on(s.channel.flush()).unwrap();
        arrived.extend(s.arrived());
        s.rx.put(&links::unsent(&mut s.peer));
        s.rx.put(&links::closed(&mut s.peer));
        while let Some(fragment) = block_on(s.channel.recv()).unwrap() {
            got.push(fragment.bytes.to_vec());
        }
        block_on(s.channel.flush()).unwrap(); // a receive that has something waits for no write
        assert_eq!(messages(arrived), to_peer, "seed {seed}");
        assert_eq!(got, to_us, "seed {seed}");
        assert_eq!(s.arrived(), []);
        assert!(!s.peer.awaits_pong(), "its PONG has come");
        assert!(!s.channel.awaits_pong());
    }
}

#[test]
fn async_accept_refuses_and_connect_says_so() {
    let (there, back) = (Pipe::default(), Pipe::default());
    let link = Link::responder(links::buffers());
    let mut ephemerals = ephemerals(2);
    let accepting = Channel::accept(Slow::new(&there, &back, 9), link, &mut ephemerals, |_| None);
    let connecting = Channel::connect(Slow::new(&back, &there, 9), links::initiator(Mode::KkPsk0));
    let (a, b) = block_on(join(connecting, accepting));
    assert_eq!(a.err(), Some(Error::Refused(Refusal::REFUSED)));
    assert_eq!(b.err(), Some(Error::Declined(Refusal::REFUSED)));
}

#[test]
fn async_a_stream_that_ends_without_close_is_a_truncation() {
    let mut s = setting(1_000);
    s.rx.end();
    assert_eq!(block_on(s.channel.recv()), Err(Error::Truncated));
    assert_eq!(block_on(s.channel.send(b"x")), Err(Error::Truncated));
    assert_eq!(block_on(s.channel.flush()), Err(Error::Truncated));
    assert_eq!(block_on(s.channel.close()), Err(Error::Truncated));
    assert_eq!(embedded_io::Error::kind(&Error::Truncated), ErrorKind::ConnectionAborted);
}

/// A write is accepted at once or, dropped, not at all; what was accepted arrives once, whatever else is dropped.
#[test]
fn async_bytes_that_were_written_arrive_once_whatever_is_dropped() {
    for portion in [3, 1_000] {
        for seed in 0..30 {
            let (mut rng, mut s) = (Rng(seed), setting(portion));
            let bytes = rng.vec(900);
            let (mut rest, mut got) = (&bytes[..], vec![]);
            while !rest.is_empty() {
                let piece = rest.len().min(1 + rng.below(300));
                let written = Write::write(&mut s.channel, &rest[..piece]);
                if let Some(n) = poll_at_most(rng.below(20), written) {
                    rest = &rest[n.unwrap()..];
                }
                match rng.below(6) {
                    0 => drop(poll_at_most(rng.below(20), s.channel.flush())),
                    1 => drop(poll_at_most(rng.below(20), s.channel.recv())),
                    _ => (),
                }
                got.extend(messages(s.arrived()).concat());
            }
            block_on(s.channel.flush()).unwrap();
            got.extend(messages(s.arrived()).concat());
            assert_eq!(got, bytes);
        }
    }
}

#[test]
fn async_a_read_sends_what_was_written_before_it_waits() {
    let mut s = setting(1_000);
    block_on(Write::write_all(&mut s.channel, b"GET ")).unwrap();
    block_on(Write::write_all(&mut s.channel, b"/")).unwrap();
    assert!(poll_at_most(9, Read::read(&mut s.channel, &mut [0; 9])).is_none());
    assert_eq!(messages(s.arrived()), [b"GET /"]);
}
