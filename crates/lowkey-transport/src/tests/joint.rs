//! Halves that two tasks own, one of which interrupts the other while a record is sealed or opened.

use super::wiping::open;
use crate::Error;
use crate::asynch::joint::{Hold, Joint};
use crate::asynch::share::Share;
use crate::keyed::{Keyed, Ours};
use crate::link::State;
use crate::record::Kind;
use core::task::Waker;
use embedded_io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Wake;
use std::vec::Vec;

const BROKEN: Error = Error::Io(ErrorKind::BrokenPipe);

fn occupied(joint: &Joint<Vec<u8>>) -> [Hold<'_, Vec<u8>>; 2] {
    let (mut a, _) = open();
    joint.occupy(a.state.get_mut()).unwrap()
}

/// Asks what both halves know.
fn known<T>(joint: &Joint<Vec<u8>>, ask: impl FnOnce(&Keyed) -> T) -> Option<T> {
    joint.look(|state| state.look().map(ask))
}

fn does(call: impl FnOnce(&mut Keyed)) -> impl FnOnce(&mut Keyed) -> Result<(), Error> {
    |keyed| {
        call(keyed);
        Ok(())
    }
}

#[test]
fn joint_a_half_whose_other_one_fails_meanwhile_ends_with_that_error_and_gives_no_key_back() {
    for sends_first in [true, false] {
        let joint = &Joint::new();
        let _seats = occupied(joint);
        let fails = |_: &mut Keyed| Err::<(), _>(BROKEN);
        let first = if sends_first {
            joint.sends(|keyed| {
                assert_eq!(joint.receives(fails), Err(BROKEN));
                keyed.seal(Kind::Data, &mut [0; 17])
            })
        } else {
            joint.receives(|_| {
                assert_eq!(joint.sends(fails), Err(BROKEN));
                Ok(())
            })
        };
        assert_eq!(first, Err(BROKEN));
        assert!(joint.look(|state| matches!(state, State::Over(BROKEN))));
        assert_eq!(joint.sends(does(|_| unreachable!())), Err(BROKEN));
        assert_eq!(joint.receives(does(|_| unreachable!())), Err(BROKEN));
    }
}

#[test]
fn joint_a_key_that_is_taken_out_has_left_nothing_behind_and_the_other_one_stays() {
    let joint = &Joint::new();
    let _seats = occupied(joint);
    let sealed = known(joint, Keyed::sealed);
    joint
        .sends(|ours| {
            assert_eq!(ours.open(&mut [0; 17]).err(), Some(Error::Exhausted), "nor is the other one here");
            assert_eq!(known(joint, Keyed::sealed), Some(Some(u64::MAX)));
            assert_eq!(known(joint, Keyed::opened), Some(0));
            Ok(())
        })
        .unwrap();
    joint
        .receives(|ours| {
            assert_eq!(ours.seal(Kind::Data, &mut [0; 17]), Err(Error::Exhausted));
            assert_eq!(known(joint, Keyed::opened), Some(u64::MAX));
            assert_eq!(known(joint, Keyed::sealed), sealed);
            Ok(())
        })
        .unwrap();
    assert_eq!((known(joint, Keyed::sealed), known(joint, Keyed::opened)), (sealed, Some(0)));
}

/// An interrupt could come: on the host a critical section is a lock, which another thread would wait for.
#[test]
fn joint_no_interrupt_is_masked_while_a_half_works() {
    let joint = &Joint::new();
    let _seats = occupied(joint);
    let work = || joint.receives(does(|keyed| keyed.owe(b"?")));
    joint.sends(|_| std::thread::scope(|scope| scope.spawn(work).join().unwrap())).unwrap();
    joint
        .receives(|_| std::thread::scope(|scope| scope.spawn(|| joint.sends(does(|_| ()))).join().unwrap()))
        .unwrap();
}

/// §4: a newer PING replaces one that is not answered.
#[test]
fn joint_what_a_half_hears_while_the_other_one_works_is_not_lost() {
    let joint = &Joint::new();
    let _seats = occupied(joint);
    let owed = || known(joint, |keyed| keyed.owed().to_vec()).unwrap();
    joint.receives(does(|keyed| keyed.owe(b"1"))).unwrap();
    assert_eq!(owed(), b"1");
    // It stays owed if it was not sent,
    joint.sends(does(|keyed| assert_eq!(keyed.owed(), b"1"))).unwrap();
    assert_eq!(owed(), b"1");
    // is not owed again when it was,
    joint.sends(does(|keyed| keyed.said(Kind::Pong))).unwrap();
    assert_eq!(owed(), b"");
    // and one that comes meanwhile is.
    joint.receives(does(|keyed| keyed.owe(b"2"))).unwrap();
    joint
        .sends(|ours| {
            ours.said(Kind::Pong);
            joint.receives(does(|keyed| keyed.owe(b"3")))
        })
        .unwrap();
    assert_eq!(owed(), b"3");
    joint.sends(|_| joint.receives(does(|keyed| keyed.owe(b"4")))).unwrap();
    assert_eq!(owed(), b"4");

    // Our PING is answered while we send something else,
    joint.sends(does(|keyed| keyed.ask(b"!"))).unwrap();
    joint.sends(|_| joint.receives(does(|keyed| keyed.answered(b"!")))).unwrap();
    assert_eq!(known(joint, Keyed::is_asking), Some(false));
    // or asked while something is received.
    joint.receives(|_| joint.sends(does(|keyed| keyed.ask(b"!!")))).unwrap();
    assert_eq!(known(joint, Keyed::is_asking), Some(true));
    joint.receives(does(|keyed| keyed.answered(b"!!"))).unwrap();
    assert_eq!(known(joint, Keyed::is_asking), Some(false));

    // The peer closes while we send; behind our CLOSE nothing is owed, whenever that was asked for.
    joint.sends(|_| joint.receives(does(|keyed| keyed.is_peer_closed = true))).unwrap();
    assert_eq!(known(joint, |keyed| keyed.is_peer_closed), Some(true));
    joint
        .sends(|ours| {
            ours.said(Kind::Close);
            joint.receives(does(|keyed| keyed.owe(b"5")))
        })
        .unwrap();
    assert_eq!(owed(), b"");
    assert_eq!(known(joint, |keyed| (keyed.ours, keyed.sealed())), Some((Ours::Closed, None)));
    joint.receives(does(|keyed| keyed.owe(b"6"))).unwrap();
    assert_eq!(owed(), b"");
}

#[derive(Default)]
struct Counting(AtomicUsize);

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn joint_the_sending_half_is_woken_for_what_concerns_it_and_for_nothing_else() {
    let joint = &Joint::new();
    let _seats = occupied(joint);
    let count = Arc::<Counting>::default();
    let waker = Waker::from(Arc::clone(&count));
    let woken = || count.0.swap(0, SeqCst);
    joint.listen(&waker);
    joint.receives(does(|_| ())).unwrap();
    joint.sends(does(|keyed| keyed.ask(b"?"))).unwrap();
    joint.receives(does(|keyed| keyed.answered(b"?"))).unwrap();
    assert_eq!(woken(), 0);
    joint.receives(does(|keyed| keyed.owe(b"?"))).unwrap();
    assert_eq!(woken(), 1);
    joint.sends(does(|keyed| keyed.said(Kind::Pong))).unwrap();
    joint.listen(&waker);
    joint.receives(does(|keyed| keyed.is_peer_closed = true)).unwrap();
    assert_eq!(woken(), 1);
    joint.listen(&waker);
    assert_eq!(joint.receives(|_| Err::<(), _>(BROKEN)), Err(BROKEN));
    assert_eq!(woken(), 1);
}

#[test]
fn joint_it_is_free_again_once_both_halves_are_gone() {
    let joint = &Joint::new();
    let [one, other] = occupied(joint);
    let (mut b, _) = open();
    assert!(joint.occupy(b.state.get_mut()).is_none());
    drop(one);
    assert!(joint.occupy(b.state.get_mut()).is_none());
    assert!(known(joint, |_| ()).is_some());
    drop(other);
    assert!(joint.look(|state| matches!(state, State::Idle)));
    assert!(b.is_open() && joint.occupy(b.state.get_mut()).is_some());
    assert!(!b.is_open());
}
