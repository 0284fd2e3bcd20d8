//! The two halves of an async channel side by side.

use crate::support::Rng;
use crate::support::links;
use crate::support::page::{self, CLOSE, DATA, MORE, PING, PONG, PageRecords, parameters, unframe};
use crate::support::streams::{Pipe, Slow, pause, poll_at_most};
use embedded_io_async::{Read, Write};
use futures_executor::block_on;
use futures_util::{future::join, pin_mut};
use lowkey_transport::asynch::{Channel, Duplex};
use lowkey_transport::{Buffers, Error, Mailbox, Mode};

pub(crate) type Halves = Channel<Duplex<Slow, Slow>, Vec<u8>>;

/// A channel of ours that can be split, and the page's peer at the other end of its pipes.
pub(crate) fn halves() -> (Halves, PageRecords, Pipe, Pipe) {
    halves_of(links::buffers(), &parameters(300))
}

/// The same, where both sides show this.
pub(crate) fn halves_of(ours: Buffers<Vec<u8>>, theirs: &[u8]) -> (Halves, PageRecords, Pipe, Pipe) {
    let (rx, tx) = (Pipe::default(), Pipe::default());
    let io = Duplex { reader: Slow::new(&rx, &tx, 1_000), writer: Slow::new(&rx, &tx, 1_000) };
    let (channel, peer) = block_on(async {
        let answering = async {
            let mut peer = page::responder(Mode::Kk);
            while tx.len() == 0 {
                pause().await;
            }
            peer.read_first(&unframe(&mut tx.take_all()));
            rx.put(&peer.next_frame(theirs));
            peer.into_records()
        };
        join(Channel::connect(io, links::initiator_in(Mode::Kk, ours)), answering).await
    });
    let mut peer = peer;
    peer.open(&mut tx.take_all());
    (channel.unwrap(), peer, rx, tx)
}

#[test]
fn records_split_halves_send_and_receive_side_by_side() {
    let (mut channel, mut peer, rx, tx) = halves();
    let (mut receiver, mut sender) = channel.split();
    let mut buffer = [0; 16];
    {
        let receiving = receiver.recv_message(&mut buffer);
        pin_mut!(receiving);
        assert!(poll_at_most(9, &mut receiving).is_none());
        // While the receiver waits, messages leave.
        block_on(async {
            sender.send(b"one").await.unwrap();
            Write::write_all(&mut sender, b"two").await.unwrap();
            sender.flush().await.unwrap();
        });
        let mut wire = tx.take_all();
        assert_eq!(peer.open(&mut wire), (DATA, b"one".to_vec()));
        assert_eq!(peer.open(&mut wire), (DATA, b"two".to_vec()));
        rx.put(&[peer.record(MORE, b"ans"), peer.record(DATA, b"wer")].concat());
        assert_eq!(block_on(receiving), Ok(Some(6)));
    }
    assert_eq!(&buffer[..6], b"answer");
    block_on(sender.close()).unwrap();
    assert_eq!(block_on(sender.send(b"x")), Err(Error::Closed));
    rx.put(&[peer.record(DATA, b"last"), peer.record(CLOSE, b"")].concat());
    assert_eq!(block_on(receiver.recv()).unwrap().unwrap().bytes, b"last");
    assert_eq!(block_on(receiver.read(&mut buffer)), Ok(0));
    assert_eq!(block_on(receiver.recv()).unwrap(), None);
}

#[test]
fn records_split_halves_answer_pings_beside_and_between_fragments() {
    let (mut channel, mut peer, rx, tx) = halves();
    let (mut receiver, mut sender) = channel.split();
    rx.put(&[peer.record(PING, b"1"), peer.record(PING, b"2"), peer.record(MORE, b"x")].concat());
    block_on(receiver.recv()).unwrap().unwrap();
    // The newest one, before the next message.
    block_on(sender.send(b"y")).unwrap();
    block_on(sender.flush()).unwrap();
    let mut wire = tx.take_all();
    assert_eq!(peer.open(&mut wire), (PONG, b"2".to_vec()));
    assert_eq!(peer.open(&mut wire), (DATA, b"y".to_vec()));

    // And beside a receiver that waits, until the peer closes.
    rx.put(&[peer.record(DATA, b"z"), peer.record(PING, b"3"), peer.record(CLOSE, b"")].concat());
    let receiving = async {
        while receiver.recv().await.unwrap().is_some() {
            pause().await;
        }
    };
    let (answered, ()) = block_on(join(sender.answer_pings(), receiving));
    assert_eq!(answered, Ok(()), "nobody asks any more");
    let mut wire = tx.take_all();
    assert_eq!(peer.open(&mut wire), (PONG, b"3".to_vec()));
    assert!(wire.is_empty());
    block_on(sender.close()).unwrap();
}

#[test]
fn records_split_halves_ask_with_one_and_hear_the_answer_with_the_other() {
    let (mut channel, mut peer, rx, tx) = halves();
    let (mut receiver, mut sender) = channel.split();
    block_on(sender.ping(b"there?")).unwrap();
    block_on(sender.flush()).unwrap();
    assert_eq!(peer.open(&mut tx.take_all()), (PING, b"there?".to_vec()));
    assert!(sender.awaits_pong());
    assert_eq!(block_on(sender.ping(b"again?")), Err(Error::PingPending));
    rx.put(&[peer.record(PONG, b"there?"), peer.record(DATA, b"x")].concat());
    block_on(receiver.recv()).unwrap().unwrap();
    assert!(!sender.awaits_pong());
    block_on(sender.close()).unwrap();
    assert_eq!(block_on(sender.ping(b"?")), Err(Error::Closed));
}

/// §4: an owed PONG goes out before any record of another kind; bytes that gather are no record yet.
#[test]
fn records_split_halves_send_an_owed_pong_before_the_bytes_that_were_gathered() {
    for (gathered, asked) in [(1, 1), (7, 32), (40, 32), (200, 5), (231, 32)] {
        let (mut channel, mut peer, rx, tx) = halves();
        let (mut receiver, mut sender) = channel.split();
        block_on(sender.flush()).unwrap();
        tx.take_all();
        let bytes = Rng(gathered as u64).vec(gathered);
        assert_eq!(block_on(Write::write(&mut sender, &bytes)), Ok(gathered));
        assert_eq!(tx.len(), 0);
        rx.put(&peer.record(PING, &vec![b'?'; asked]));
        assert!(poll_at_most(9, receiver.recv()).is_none());
        block_on(Write::write_all(&mut sender, b"more")).unwrap();
        block_on(sender.flush()).unwrap();
        let mut wire = tx.take_all();
        assert_eq!(peer.open(&mut wire), (PONG, vec![b'?'; asked]));
        assert_eq!(peer.open(&mut wire), (DATA, bytes));
        assert_eq!(peer.open(&mut wire), (DATA, b"more".to_vec()));
        assert!(wire.is_empty());

        // And without another write, beside a receiver that waits.
        assert_eq!(block_on(Write::write(&mut sender, b"last")), Ok(4));
        rx.put(&peer.record(PING, b"!"));
        assert!(poll_at_most(9, receiver.recv()).is_none());
        assert!(poll_at_most(9, sender.answer_pings()).is_none());
        let mut wire = tx.take_all();
        assert_eq!(peer.open(&mut wire), (PONG, b"!".to_vec()));
        assert_eq!(peer.open(&mut wire), (DATA, b"last".to_vec()));
    }
}

#[test]
fn records_answering_pings_may_be_dropped_at_any_await() {
    for polls in 0..12 {
        let (mut channel, mut peer, rx, tx) = halves();
        let (mut receiver, mut sender) = channel.split();
        rx.put(&peer.record(PING, b"?"));
        assert!(poll_at_most(9, receiver.recv()).is_none());
        assert!(poll_at_most(polls, sender.answer_pings()).is_none());
        assert!(poll_at_most(50, sender.answer_pings()).is_none());
        let mut wire = tx.take_all();
        assert_eq!(peer.open(&mut wire), (PONG, b"?".to_vec()));
        assert!(wire.is_empty(), "once");
    }
}

#[test]
fn records_a_failure_of_one_half_ends_the_other() {
    let (mut channel, mut peer, rx, _tx) = halves();
    {
        let (mut receiver, mut sender) = channel.split();
        let mut forged = peer.record(DATA, b"x");
        forged[9] ^= 1;
        rx.put(&forged);
        let (answered, received) =
            block_on(join(sender.answer_pings(), async { receiver.recv().await.err() }));
        assert_eq!((answered, received), (Err(Error::Record), Some(Error::Record)));
        assert_eq!(block_on(sender.send(b"x")), Err(Error::Record));
        assert_eq!(block_on(sender.close()), Err(Error::Record));
        assert_eq!(block_on(receiver.recv()), Err(Error::Record));
    }
    assert_eq!(block_on(channel.recv()), Err(Error::Record));
    assert_eq!(block_on(channel.send(b"x")), Err(Error::Record));
    assert_eq!(block_on(channel.ping(b"")), Err(Error::Record));
}

#[test]
fn mailbox_the_sending_half_delivers_while_the_other_one_waits() {
    let (mut channel, mut peer, _rx, tx) = halves();
    let mailbox = Mailbox::<400, 2>::new();
    mailbox.post(&[7; 400]).unwrap();
    let (mut receiver, mut sender) = channel.split();
    let receiving = receiver.recv();
    pin_mut!(receiving);
    assert!(poll_at_most(9, &mut receiving).is_none());
    assert!(poll_at_most(2, sender.deliver(&mailbox)).is_none());
    assert_eq!(mailbox.len(), 1);
    assert_eq!(block_on(sender.deliver(&mailbox)), Ok(1));
    assert!(mailbox.is_empty());
    let mut wire = tx.take_all();
    assert_eq!(peer.open(&mut wire), (MORE, vec![7; 283]));
    assert_eq!(peer.open(&mut wire), (DATA, vec![7; 117]));
}

/// A writer leaves through a half as through the whole, and nothing else begins before it has finished.
#[test]
fn records_split_halves_send_messages_of_several_records() {
    let (mut channel, mut peer, _rx, tx) = halves();
    let (_receiver, mut sender) = channel.split();
    assert_eq!(sender.max_data(), 283);
    let text = Rng(3).vec(700);
    let mut writer = sender.message().unwrap();
    assert_eq!(block_on(writer.write(&text)), Ok(283));
    assert!(poll_at_most(1, writer.finish(&text[283..])).is_none());
    assert_eq!(block_on(writer.finish(&text[283..])), Ok(()));
    assert_eq!(block_on(writer.write(b"more")), Err(Error::OutOfTurn));
    block_on(sender.flush()).unwrap();
    let mut wire = tx.take_all();
    assert_eq!(peer.open(&mut wire), (MORE, text[..283].to_vec()));
    assert_eq!(peer.open(&mut wire), (MORE, text[283..566].to_vec()));
    assert_eq!(peer.open(&mut wire), (DATA, text[566..].to_vec()));

    block_on(sender.message().unwrap().write(b"begun")).unwrap();
    assert_eq!(block_on(sender.send(b"x")), Err(Error::Unfinished));
    assert_eq!(sender.message().err(), Some(Error::Unfinished));
    block_on(sender.close()).unwrap();
    assert_eq!(sender.message().err(), Some(Error::Closed));
}
