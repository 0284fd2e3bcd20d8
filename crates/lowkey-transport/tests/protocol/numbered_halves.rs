//! §7 by halves: one sends an outbox, the other hears what is acknowledged and acknowledges.

use crate::halves::{Halves, halves_of};
use crate::support::keys::ephemerals;
use crate::support::page::{ACK, CLOSE, DATA, NUMBERED, PING, PONG, PageRecords, numbered, parameters_with};
use crate::support::streams::{Pipe, Rules, Slow, Stream, poll_at_most};
use crate::support::{KEYS, links};
use futures_executor::block_on;
use futures_util::pin_mut;
use lowkey_transport::asynch::{Channel, Duplex, Joint};
use lowkey_transport::{Link, Mode, Outbox, RunId, blocking};
use std::thread;

const RUN: [u8; 8] = *b"a run...";
const NONE: [u8; 16] = [0; 16];

/// Both directions are numbered.
fn both() -> (Halves, PageRecords, Pipe, Pipe) {
    let ours = links::buffers().with_run(RunId::new(RUN)).with_acks();
    halves_of(ours, &parameters_with(300, Some(RUN), true))
}

fn outbox() -> Outbox<Vec<u8>> {
    Outbox::new(vec![0; 1_000], RunId::new(RUN), 7)
}

fn number(count: u64) -> u64 {
    (7 << 32) | count
}

#[test]
fn numbered_s7_an_ack_that_one_half_hears_wakes_the_other_and_releases() {
    let (mut channel, mut peer, rx, tx) = both();
    let (mut receiver, mut sender) = channel.split();
    let mut outbox = outbox();
    outbox.push(b"one").unwrap();
    block_on(sender.send_outbox(&mut outbox)).unwrap();
    assert!(tx.take_all().is_empty(), "the peer has not said its first ACK");
    for (ack, is_first) in [(NONE.to_vec(), true), (number(1).to_be_bytes().to_vec(), false)] {
        {
            let waiting = sender.wait_for_acks(&mut outbox);
            pin_mut!(waiting);
            assert!(poll_at_most(9, &mut waiting).is_none());
            rx.put(&[peer.record(ACK, &ack), peer.record(DATA, b"x")].concat());
            block_on(receiver.recv()).unwrap().unwrap();
            assert_eq!(block_on(waiting), Ok(true));
        }
        if is_first {
            block_on(sender.send_outbox(&mut outbox)).unwrap();
            assert_eq!(peer.open(&mut tx.take_all()), (NUMBERED, numbered(number(1), b"one")));
        }
    }
    assert!(outbox.is_empty());
    rx.put(&peer.record(CLOSE, b""));
    assert!(block_on(receiver.recv()).unwrap().is_none());
    assert_eq!(block_on(sender.wait_for_acks(&mut outbox)), Ok(false));
}

#[test]
fn numbered_s7_what_the_receiving_half_acknowledges_the_other_sends_behind_a_pong() {
    let (mut channel, mut peer, rx, tx) = both();
    let (mut receiver, mut sender) = channel.split();
    assert_eq!(receiver.acks().peer_run, Some(RunId::new(RUN)));
    let answering = sender.answer_pings();
    pin_mut!(answering);
    assert!(poll_at_most(9, &mut answering).is_none());
    receiver.open_acks(None).unwrap();
    assert!(poll_at_most(9, &mut answering).is_none());
    assert_eq!(peer.open(&mut tx.take_all()), (ACK, NONE.to_vec()));
    rx.put(&[peer.record(PING, b"there?"), peer.record(NUMBERED, &numbered(5, b"x"))].concat());
    assert_eq!(block_on(receiver.recv()).unwrap().unwrap().bytes, b"x");
    assert_eq!(receiver.number(), Some(5));
    receiver.acknowledge(5).unwrap();
    assert!(poll_at_most(9, &mut answering).is_none());
    let mut wire = tx.take_all();
    assert_eq!(peer.open(&mut wire), (PONG, b"there?".to_vec()));
    assert_eq!(peer.open(&mut wire), (ACK, 5_u64.to_be_bytes().to_vec()));
    assert!(wire.is_empty());
}

/// Two threads, a key of which changes hands with each record; the peer acknowledges what it has, and numbers as well.
#[test]
fn numbered_s7_two_threads_with_a_half_each_lose_and_repeat_nothing() {
    static JOINT: Joint<Vec<u8>> = Joint::new();
    let (there, back) = (Pipe::default(), Pipe::default());
    let far = Stream::new(&there, &back, Rules { waits: true, ..Rules::default() });
    let peer = thread::spawn(move || {
        let buffers = links::buffers().with_acks().with_run(RunId::new(RUN));
        let pinning = KEYS.responder_pinning(Mode::Kk);
        let accepted =
            blocking::Channel::accept(far, Link::responder(buffers), &mut ephemerals(2), |_| Some(pinning));
        let mut channel = accepted.unwrap();
        channel.open_acks(None).unwrap();
        let (mut got, mut outbox) = (vec![], Outbox::of_stream(vec![0; 4_000], RunId::new(RUN), 0));
        for n in 1..=MESSAGES {
            outbox.put(n, &[8]).unwrap();
        }
        while got.len() < MESSAGES as usize || !outbox.is_empty() {
            channel.send_outbox(&mut outbox).unwrap();
            if channel.recv_acks(&mut outbox).unwrap() {
                continue;
            }
            channel.recv().unwrap().unwrap();
            let number = channel.number().unwrap();
            got.push(number);
            channel.acknowledge(number).unwrap();
        }
        channel.finish().unwrap();
        got
    });
    let io = Duplex { reader: Slow::new(&back, &there, 50), writer: Slow::new(&back, &there, 50) };
    let ours = links::buffers().with_run(RunId::new(RUN)).with_acks();
    let channel = block_on(Channel::connect(io, links::initiator_in(Mode::Kk, ours))).unwrap();
    let Ok((mut receiver, mut sender)) = channel.into_split(&JOINT) else { panic!("it is free") };
    let sending = thread::spawn(move || {
        block_on(async {
            let (mut half, mut outbox, mut pushed) = (sender.lend(), outbox(), 0);
            while pushed < MESSAGES || !outbox.is_empty() {
                while pushed < MESSAGES && outbox.push(&[9; 20]).is_ok() {
                    pushed += 1;
                }
                half.send_outbox(&mut outbox).await.unwrap();
                if !outbox.is_empty() {
                    assert_eq!(half.wait_for_acks(&mut outbox).await, Ok(true));
                }
            }
            // The acknowledgements of the other half leave here.
            half.answer_pings().await.unwrap();
            half.close().await.unwrap();
        });
    });
    let mut heard = vec![];
    block_on(async {
        let mut half = receiver.lend();
        half.open_acks(None).unwrap();
        while half.recv().await.unwrap().is_some() {
            let number = half.number().unwrap();
            heard.push(number);
            half.acknowledge(number).unwrap();
        }
    });
    sending.join().unwrap();
    assert_eq!(peer.join().unwrap(), (1..=MESSAGES).map(number).collect::<Vec<_>>());
    assert_eq!(heard, (1..=MESSAGES).collect::<Vec<_>>());
}

const MESSAGES: u64 = 300;
