//! Attempts that come, move on and displace each other.

use super::{address, explore};
use crate::server::{Attempts, Standing};
use shuttle::future::block_on;
use shuttle::thread;
use std::sync::Arc;

/// Attempts come and go at once: there are never more than may be, and each that was displaced hears of it.
#[test]
fn attempts_displace_each_other() {
    explore(|| {
        let attempts = Arc::new(Attempts::new(2, 2));
        let source = address().map(|address| address.ip().into());
        let coming: Vec<_> = (0..4)
            .map(|n| {
                let attempts = Arc::clone(&attempts);
                thread::spawn(move || {
                    let (slot, displaced) = attempts.enter(source.filter(|_| n % 2 == 0), Standing::Stranger);
                    assert!(attempts.len() <= 2);
                    (slot, displaced)
                })
            })
            .collect();
        let entered: Vec<_> = coming.into_iter().map(|one| one.join().unwrap()).collect();
        assert_eq!(entered.iter().map(|(_, displaced)| displaced).sum::<u64>(), 2);
        let left: Vec<bool> =
            entered.iter().map(|(slot, _)| block_on(slot.hold(async {})).is_some()).collect();
        assert_eq!(left.iter().filter(|left| **left).count(), 2);
        drop(entered);
        assert_eq!(attempts.len(), 0);
    });
}

/// Message 1 of some opens while others come: who was displaced meanwhile has no slot among those who wait for a
/// confirmation, who has one there keeps it, and of two with the same ephemeral one has.
#[test]
fn attempts_move_on_while_others_come() {
    explore(|| {
        let attempts = Arc::new(Attempts::new(3, 3));
        let source = address().map(|address| address.ip().into());
        let opening: Vec<_> = (0..2)
            .map(|_| {
                let attempts = Arc::clone(&attempts);
                thread::spawn(move || {
                    let (mut slot, _) = attempts.enter(source, Standing::Stranger);
                    let moved = slot.opened(Standing::Familiar, [7; 32]).is_some();
                    (slot, moved)
                })
            })
            .collect();
        let coming: Vec<_> = (0..3)
            .map(|_| {
                let attempts = Arc::clone(&attempts);
                thread::spawn(move || {
                    let (slot, _) = attempts.enter(source, Standing::Stranger);
                    assert!(attempts.len() <= 3);
                    drop(slot);
                })
            })
            .collect();
        let opened: Vec<_> = opening.into_iter().map(|one| one.join().unwrap()).collect();
        for one in coming {
            one.join().unwrap();
        }
        assert!(opened.iter().filter(|(_, moved)| *moved).count() <= 1, "the same ephemeral twice");
        for (slot, moved) in &opened {
            if *moved {
                assert!(block_on(slot.hold(async {})).is_some(), "displaced by one who waits for less");
            }
        }
        drop(opened);
        assert_eq!(attempts.len(), 0);
    });
}
