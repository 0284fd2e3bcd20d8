//! The two halves of an async channel, owned by a task each.

use crate::support::keys::ephemerals;
use crate::support::page::{CLOSE, DATA, MORE, PING, PONG};
use crate::support::streams::{Pipe, Rules, Slow, Stream, poll_at_most};
use crate::support::wakers::Task;
use crate::support::{KEYS, Rng, links};
use core::pin::pin;
use core::task::Poll;
use embedded_io_async::{Read, Write};
use futures_executor::block_on;
use lowkey_transport::asynch::{Channel, Duplex, Joint, OwnedReceiver, OwnedSender};
use lowkey_transport::{Error, Link, Mailbox, Mode, blocking};
use std::thread;

use crate::halves::halves;

/// They go where tasks go, and so does what is made of them; what they share lies in a `static`.
#[test]
fn joint_owned_halves_can_be_sent_to_any_task() {
    fn assert_sends<T: Send>(_: &T) {}
    static JOINT: Joint<Vec<u8>> = Joint::new();
    let Ok((receiver, sender)) = halves().0.into_split(&JOINT) else { panic!("it is free") };
    assert_sends(&receiver);
    assert_sends(&sender);
    let _it_compiles = are_sent_with;
}

/// The memory of firmware.
type Lent = &'static mut [u8];

/// What halves do, and what is done with them by code that knows nothing but the traits of embedded-io-async.
fn are_sent_with(
    mut sender: OwnedSender<'static, Slow, Lent>,
    mut receiver: OwnedReceiver<'static, Slow, Lent>,
) {
    fn assert_sends<T: Send>(_: T) {}
    assert_sends(async move {
        let (mut half, mailbox) = (sender.lend(), Mailbox::<9, 1>::new());
        half.send(b"x").await?;
        half.ping(b"x").await?;
        half.message()?.finish(b"x").await?;
        half.deliver(&mailbox).await?;
        half.write_all(b"x").await?;
        half.answer_pings().await?;
        half.close().await
    });
    assert_sends(async move {
        let (mut half, mut message) = (receiver.lend(), [0; 9]);
        half.recv_message(&mut message).await?;
        let _filled = half.read_exact(&mut message).await;
        half.recv().await.map(|piece| piece.is_some())
    });
}

/// Messages of any length, mail and pings both ways; what is left is one channel again, and its joint and memory serve
/// the next.
#[test]
fn joint_two_threads_send_and_receive_at_once_and_give_back_one_channel() {
    static JOINT: Joint<Vec<u8>> = Joint::new();
    let long = Rng(9).vec(5_000);
    let mut buffers = links::buffers();
    for portion in [7, 1_000] {
        let (there, back) = (Pipe::default(), Pipe::default());
        let far = Stream::new(&there, &back, Rules { waits: true, ..Rules::default() });
        let echo = thread::spawn(move || echo(far));
        let io =
            Duplex { reader: Slow::new(&back, &there, portion), writer: Slow::new(&back, &there, portion) };
        let channel = block_on(Channel::connect(io, links::initiator_in(Mode::Kk, buffers))).unwrap();
        let hash = channel.handshake_hash();
        let Ok((mut receiver, mut sender)) = channel.into_split(&JOINT) else { panic!("it is free") };
        let ours = long.clone();
        let sending = thread::spawn(move || {
            let sent: Result<(), Error> = block_on(async {
                let mailbox = Mailbox::<600, 1>::new();
                let mut half = sender.lend();
                for n in 0..10 {
                    if !half.awaits_pong() {
                        half.ping(&[n]).await?;
                    }
                    half.send(&[n; 100]).await?;
                    half.message()?.finish(&ours).await?;
                    mailbox.post(&[n; 600]).unwrap();
                    assert_eq!(half.deliver(&mailbox).await, Ok(1));
                }
                half.close().await
            });
            sent.unwrap();
            sender
        });
        let theirs = long.clone();
        let receiving = thread::spawn(move || {
            let mut half = receiver.lend();
            let mut message = vec![0; 5_000];
            for n in 0..10 {
                for expected in [&[n; 100][..], &theirs, &[n; 600]] {
                    let len = block_on(half.recv_message(&mut message)).unwrap().unwrap();
                    assert!(&message[..len] == expected);
                }
            }
            assert_eq!(block_on(half.recv_message(&mut message)), Ok(None));
            receiver
        });
        let halves = (receiving.join().unwrap(), sending.join().unwrap());
        echo.join().unwrap();
        let Ok(mut channel) = Channel::reunite(halves) else { panic!("they belong together") };
        assert!(hash.is_some() && channel.handshake_hash() == hash);
        assert_eq!(block_on(channel.recv()), Ok(None));
        assert_eq!(block_on(channel.send(b"x")), Err(Error::Closed));
        buffers = channel.dismantle().1;
    }
}

/// Sends back what comes, until the other side closes.
fn echo(io: Stream) {
    let link = Link::responder(links::buffers());
    let pinning = |_: &_| Some(KEYS.responder_pinning(Mode::Kk));
    let mut channel = blocking::Channel::accept(io, link, &mut ephemerals(2), pinning).unwrap();
    let mut message = vec![0; 5_000];
    while let Some(len) = channel.recv_message(&mut message).unwrap() {
        channel.message().unwrap().finish(&message[..len]).unwrap();
        channel.flush().unwrap();
    }
    channel.close().unwrap();
}

#[test]
fn joint_an_error_in_one_half_is_the_others_at_its_next_call_and_no_key_is_left() {
    let joint = Joint::new();
    let (channel, mut peer, rx, _tx) = halves();
    let Ok((mut receiver, mut sender)) = channel.into_split(&joint) else { panic!("it is free") };
    let mut forged = peer.record(DATA, b"x");
    forged[9] ^= 1;
    rx.put(&forged);
    assert_eq!(block_on(receiver.lend().recv()), Err(Error::Record));
    assert_eq!(block_on(sender.lend().answer_pings()), Err(Error::Record));
    assert_eq!(block_on(sender.lend().send(b"x")), Err(Error::Record));
    assert_eq!(sender.lend().message().err(), Some(Error::Record));
    assert!(!sender.lend().awaits_pong());
    let Ok(mut channel) = Channel::reunite((receiver, sender)) else { panic!("they belong together") };
    assert_eq!(channel.handshake_hash(), None);
    assert_eq!(block_on(channel.recv()), Err(Error::Record));
    assert_eq!(block_on(channel.send(b"x")), Err(Error::Record));
}

/// Nothing but what the stream wakes and the halves wake each other is polled.
#[test]
fn joint_the_sending_half_sleeps_until_a_pong_is_owed_or_the_peer_closes() {
    let joint = Joint::new();
    let (channel, mut peer, rx, tx) = halves();
    let Ok((mut receiver, mut sender)) = channel.into_split(&joint) else { panic!("it is free") };
    let (mut receiver, mut sender) = (receiver.lend(), sender.lend());
    let task = Task::default();
    {
        let mut answering = pin!(sender.answer_pings());
        let mut settle = || {
            while task.woken() > 0 {
                if let done @ Poll::Ready(_) = task.poll(answering.as_mut()) {
                    return done;
                }
            }
            Poll::Pending
        };
        task.wake();
        assert!(settle().is_pending());
        tx.take_all();

        rx.put(&[peer.record(MORE, b"a"), peer.record(DATA, b"b")].concat());
        block_on(receiver.recv()).unwrap().unwrap();
        block_on(receiver.recv()).unwrap().unwrap();
        assert_eq!(task.woken(), 0, "nothing for it");

        rx.put(&[peer.record(PING, b"?"), peer.record(DATA, b"c")].concat());
        block_on(receiver.recv()).unwrap().unwrap();
        assert!(settle().is_pending());
        assert_eq!(peer.open(&mut tx.take_all()), (PONG, b"?".to_vec()));

        rx.put(&peer.record(CLOSE, b""));
        assert_eq!(block_on(receiver.recv()), Ok(None));
        assert_eq!(settle(), Poll::Ready(Ok(())));
    }
    block_on(sender.close()).unwrap();
    assert_eq!(peer.open(&mut tx.take_all()), (CLOSE, vec![]));
}

#[test]
fn joint_a_dropped_future_of_an_owned_half_loses_nothing() {
    for polls in 0..30 {
        let joint = Joint::new();
        let (channel, mut peer, rx, tx) = halves();
        let Ok((mut receiver, mut sender)) = channel.into_split(&joint) else { panic!("it is free") };
        rx.put(&[peer.record(PING, b"?"), peer.record(MORE, b"one"), peer.record(DATA, b" two")].concat());
        let mut message = [0; 9];
        let mut half = sender.lend();
        let text = Rng(polls as u64).vec(700);
        let mut writer = half.message().unwrap();
        let got = loop {
            poll_at_most(polls % 5, writer.finish(&text));
            if let Some(len) = poll_at_most(2 + polls, receiver.lend().recv_message(&mut message)) {
                break len;
            }
        };
        assert_eq!((got, &message[..7]), (Ok(Some(7)), &b"one two"[..]));
        block_on(writer.finish(&text)).unwrap();
        poll_at_most(polls % 7, half.close());
        block_on(half.close()).unwrap();
        let (mut wire, mut sent, mut pongs) = (tx.take_all(), vec![], 0);
        loop {
            match peer.open(&mut wire) {
                (MORE | DATA, bytes) => sent.extend(bytes),
                (PONG, bytes) => pongs += usize::from(bytes == b"?"),
                (kind, _) => {
                    assert_eq!((kind, wire.len()), (CLOSE, 0));
                    break;
                }
            }
        }
        assert!(sent == text && pongs == 1, "{polls} polls");
    }
}

#[test]
fn joint_a_joint_serves_one_channel_and_halves_of_two_are_not_put_together() {
    let (joint, other) = (Joint::new(), Joint::new());
    let [mine, second, third] = [(); 3].map(|()| halves().0);
    let Ok((receiver, sender)) = mine.into_split(&joint) else { panic!("it is free") };
    let Err(mut second) = second.into_split(&joint) else { panic!("it is not free") };
    block_on(second.send(b"usable")).unwrap();
    let Ok((far_receiver, far_sender)) = third.into_split(&other) else { panic!("it is free") };
    let Err((receiver, far_sender)) = Channel::reunite((receiver, far_sender)) else {
        panic!("two channels")
    };
    assert!(Channel::reunite((receiver, sender)).is_ok());
    assert!(Channel::reunite((far_receiver, far_sender)).is_ok());
    assert!(second.into_split(&joint).is_ok(), "it is free again");
}
