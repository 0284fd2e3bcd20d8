//! The mailbox in async code: deliveries that are dropped, and tasks that wait for a message or for room.

use crate::asynch::{Setting, setting};
use crate::halves::halves;
use crate::support::page::DATA;
use crate::support::streams::poll_at_most;
use crate::support::wakers::Task;
use crate::support::{Rng, links};
use core::pin::pin;
use core::task::Poll;
use futures_executor::block_on;
use lowkey_transport::asynch::Joint;
use lowkey_transport::{Error, Mailbox, Part, PostError};

/// What has come whole; the beginning of another one is left out.
fn whole(s: &mut Setting) -> Vec<Vec<u8>> {
    let (mut whole, mut partial) = (vec![], vec![]);
    for event in s.arrived() {
        let links::Event::Fragment(bytes, part) = event else { continue };
        partial.extend(bytes);
        if part == Part::Last {
            whole.push(std::mem::take(&mut partial));
        }
    }
    whole
}

/// A delivery dropped at any await, other calls that take the rest along or are dropped themselves, and the end of the
/// channel: what the peer has whole it has once, and the next channel has the rest.
#[test]
fn mailbox_a_dropped_delivery_and_a_dropped_channel_lose_and_repeat_nothing() {
    let letters = [Rng(1).vec(600), vec![], Rng(2).vec(20)];
    for portion in [30, 1_000] {
        for polls in 0..60 {
            for more in [0, 1, 2, 5, 30] {
                let mailbox = Mailbox::<600, 3>::new();
                letters.iter().for_each(|letter| mailbox.post(letter).unwrap());
                let mut first = setting(portion);
                poll_at_most(polls, first.channel.deliver(&mailbox));
                match polls % 3 {
                    0 => drop(poll_at_most(more, first.channel.recv())),
                    1 => drop(poll_at_most(more, first.channel.flush())),
                    _ => drop(poll_at_most(more, first.channel.deliver(&mailbox))),
                }
                let mut got = whole(&mut first);
                assert_eq!(mailbox.len(), 3 - got.len(), "{polls} polls and {more}");
                drop(first);
                let mut second = setting(portion);
                assert_eq!(block_on(second.channel.deliver(&mailbox)), Ok(3 - got.len()));
                got.extend(whole(&mut second));
                assert_eq!(got, letters, "{polls} polls and {more}");
            }
        }
    }
}

#[test]
fn mailbox_a_task_sleeps_until_a_message_is_posted() {
    let (mailbox, task) = (Mailbox::<4, 2>::new(), Task::default());
    let mut waiting = pin!(mailbox.wait_for_message());
    assert!(task.poll(waiting.as_mut()).is_pending());
    assert!(task.poll(waiting.as_mut()).is_pending());
    assert_eq!(task.woken(), 0);
    mailbox.post(b"one").unwrap();
    assert_eq!(task.woken(), 1);
    mailbox.post(b"two").unwrap();
    assert_eq!(task.woken(), 0, "nobody waits any more");
    assert!(task.poll(waiting).is_ready());
    assert_eq!(block_on(mailbox.wait_for_message()), (), "one that is there already");

    // From another thread, as from an interrupt.
    let mailbox = Mailbox::<4, 2>::new();
    std::thread::scope(|scope| {
        scope.spawn(|| mailbox.post(b"one").unwrap());
        block_on(mailbox.wait_for_message());
    });
    assert_eq!(mailbox.len(), 1);
}

#[test]
fn mailbox_a_second_task_that_waits_for_a_message_displaces_none() {
    let (mailbox, tasks) = (Mailbox::<4, 2>::new(), [Task::default(), Task::default()]);
    let mut one = pin!(mailbox.wait_for_message());
    let mut two = pin!(mailbox.wait_for_message());
    assert!(tasks[0].poll(one.as_mut()).is_pending());
    assert!(tasks[1].poll(two.as_mut()).is_pending());
    assert_eq!(tasks[0].woken(), 1, "it has to look itself");
    mailbox.post(b"one").unwrap();
    assert_eq!(tasks[1].woken(), 1);
    assert!(tasks[0].poll(one).is_ready() && tasks[1].poll(two).is_ready());
}

#[test]
fn mailbox_a_task_that_waits_for_room_sleeps_until_a_message_has_left_in_whatever_call() {
    for call in 0..3 {
        let (mailbox, task) = (Mailbox::<4, 1>::new(), Task::default());
        mailbox.post(b"one").unwrap();
        {
            let mut dropped = pin!(mailbox.post_when_room(b"none"));
            assert!(task.poll(dropped.as_mut()).is_pending());
        }
        let mut posting = pin!(mailbox.post_when_room(b"two"));
        assert!(task.poll(posting.as_mut()).is_pending());
        let mut s = setting(1_000);
        let _others_may_wake_it_too = task.woken();
        // At least one poll; the stream is not ready at once.
        assert!(poll_at_most(1, s.channel.deliver(&mailbox)).is_none());
        assert!(task.poll(posting.as_mut()).is_pending());
        match call {
            0 => assert_eq!(block_on(s.channel.deliver(&mailbox)), Ok(1)),
            1 => block_on(s.channel.flush()).unwrap(),
            _ => assert!(poll_at_most(9, s.channel.recv()).is_none()),
        }
        assert!(task.woken() >= 1);
        assert_eq!(task.poll(posting), Poll::Ready(Ok(())));
        assert_eq!(mailbox.len(), 1);
        block_on(s.channel.deliver(&mailbox)).unwrap();
        assert_eq!(whole(&mut s), [b"one", b"two"]);
    }
    let mailbox = Mailbox::<4, 1>::new();
    assert_eq!(block_on(mailbox.post_when_room(b"12345")), Err(PostError::TooLong));
}

#[test]
fn mailbox_more_tasks_wait_for_room_than_there_are_places_for_and_all_get_in() {
    let mailbox = Mailbox::<1, 1>::new();
    let mut s = setting(1_000);
    let mut got = vec![];
    std::thread::scope(|scope| {
        for n in 0..9 {
            let mailbox = &mailbox;
            scope.spawn(move || block_on(mailbox.post_when_room(&[n])).unwrap());
        }
        while got.len() < 9 {
            block_on(mailbox.wait_for_message());
            block_on(s.channel.deliver(&mailbox)).unwrap();
            got.extend(whole(&mut s).concat());
        }
    });
    got.sort_unstable();
    assert_eq!(got, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn mailbox_two_async_channels_do_not_share_a_message() {
    let mailbox = Mailbox::<300, 2>::new();
    mailbox.post(&[1; 300]).unwrap();
    let (mut a, mut b) = (setting(30), setting(30));
    assert!(poll_at_most(3, a.channel.deliver(&mailbox)).is_none());
    assert_eq!(block_on(b.channel.deliver(&mailbox)), Err(Error::OutOfTurn));
    block_on(b.channel.send(b"usable")).unwrap();
    assert_eq!(block_on(a.channel.deliver(&mailbox)), Ok(1));
    assert_eq!(block_on(b.channel.deliver(&mailbox)), Ok(0));
    assert_eq!((whole(&mut a), whole(&mut b)), (vec![vec![1; 300]], vec![b"usable".to_vec()]));
}

/// The receiving half ends the channel while the sending one is inside the stream's write.
#[test]
fn mailbox_a_message_that_has_left_does_not_leave_again_when_the_other_half_fails() {
    static JOINT: Joint<Vec<u8>> = Joint::new();
    for owned in [false, true] {
        let (mut channel, mut peer, rx, tx) = halves();
        let mailbox = Mailbox::<40, 2>::new();
        mailbox.post(b"once").unwrap();
        let sent = if owned {
            let Ok((mut receiver, mut sender)) = channel.into_split(&JOINT) else { panic!("it is free") };
            let (mut receiver, mut sender) = (receiver.lend(), sender.lend());
            let mut sending = pin!(sender.deliver(&mailbox));
            assert!(poll_at_most(1, &mut sending).is_none());
            rx.end();
            assert_eq!(block_on(receiver.recv()).err(), Some(Error::Truncated));
            block_on(sending)
        } else {
            let (mut receiver, mut sender) = channel.split();
            let mut sending = pin!(sender.deliver(&mailbox));
            assert!(poll_at_most(1, &mut sending).is_none());
            rx.end();
            assert_eq!(block_on(receiver.recv()).err(), Some(Error::Truncated));
            block_on(sending)
        };
        assert_eq!(sent, Err(Error::Truncated));
        assert_eq!(peer.open(&mut tx.take_all()), (DATA, b"once".to_vec()));
        assert!(mailbox.is_empty(), "the stream took all of it");
    }
}

/// Whatever call is the first to say that the channel is over.
#[test]
fn mailbox_a_message_of_a_channel_that_is_over_is_the_mailboxs_again() {
    let (mut channel, _peer, rx, _tx) = halves();
    let mailbox = Mailbox::<40, 2>::new();
    mailbox.post(b"once").unwrap();
    {
        let (mut receiver, mut sender) = channel.split();
        assert!(poll_at_most(1, sender.deliver(&mailbox)).is_none());
        rx.end();
        assert_eq!(block_on(receiver.recv()).err(), Some(Error::Truncated));
    }
    assert_eq!(block_on(channel.flush()), Err(Error::Truncated));
    let (mut next, _b) = links::open();
    assert_eq!(next.deliver(&mailbox), Ok(Poll::Pending));
}
