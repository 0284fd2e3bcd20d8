//! Runs that want one window, and change what is entered.

use super::explore;
use crate::server::{Caller, Hold, NotPaired, Progress, Windows};
use lowkey_core::{Code, PublicKey};
use shuttle::future::block_on;
use shuttle::sync::Mutex;
use shuttle::thread;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

/// A device begins anew and another one has its code, while somebody closes the window: at most one run has it, and
/// each other one hears that it has not.
#[test]
fn pairing_one_run_at_a_time_has_a_window() {
    explore(|| {
        let (windows, number) = window();
        let runs = [1, 1, 2].map(|key| {
            let windows = Arc::clone(&windows);
            thread::spawn(move || Hold::take(&windows, number, key_of(key)))
        });
        let closing = thread::spawn({
            let windows = Arc::clone(&windows);
            move || windows.close(number)
        });
        let taken = runs.map(|run| run.join().unwrap());
        let closed = closing.join().unwrap().expect("nobody else closes it");
        for run in &taken {
            match run {
                // Whoever had it hears that it was closed, or that another run came after it.
                Ok(hold) => assert!(block_on(hold.unless_ended(pending::<()>())).is_none()),
                Err(why) => assert!(matches!(why, NotPaired::Busy(_) | NotPaired::Over), "{why:?}"),
            }
        }
        let Progress::Closed(cut) = closed.progress else { panic!("{closed:?}") };
        assert_eq!(cut.is_some(), taken.iter().any(Result::is_ok), "{closed:?}");
    });
}

/// The device says no in one run while it pairs in a newer one, of the same window or of the next with this code: what
/// the newest has entered stays.
#[test]
fn pairing_a_run_that_has_ended_takes_out_nothing_that_a_newer_one_has_entered() {
    explore(|| {
        let (windows, number) = window();
        let entered = Arc::new(Mutex::new(false));
        let older = Hold::take(&windows, number, key_of(1)).expect("nobody else is there");
        change(&older, &entered, true).expect("it is its turn");
        let says_no = thread::spawn({
            let entered = Arc::clone(&entered);
            move || change(&older, &entered, false)
        });
        let again = thread::spawn({
            let (windows, entered) = (Arc::clone(&windows), Arc::clone(&entered));
            move || {
                Hold::take(&windows, number, key_of(1)).ok().and_then(|hold| change(&hold, &entered, true))
            }
        });
        windows.close(number);
        let number =
            windows.open(&code(), "pump-7", MINUTE, Caller::Device).expect("the other one is closed");
        let newest = Hold::take(&windows, number, key_of(1)).expect("nobody else is there");
        change(&newest, &entered, true).expect("it is its turn");
        says_no.join().unwrap();
        again.join().unwrap();
        assert!(*entered.lock().unwrap(), "what the newest run has entered is gone");
    });
}

/// What a run does in its turn, which takes a while; `None` if it was not its turn any more.
fn change(hold: &Hold, entered: &Mutex<bool>, to: bool) -> Option<()> {
    let turn = block_on(hold.turn());
    turn.take(|| {
        thread::yield_now();
        *entered.lock().unwrap() = to;
    })
}

fn window() -> (Arc<Windows>, u64) {
    let windows = Arc::new(Windows::default());
    let number = windows.open(&code(), "pump-7", MINUTE, Caller::Device).expect("there is room");
    (windows, number)
}

fn code() -> Code {
    Code::new(&[7; 16]).expect("it is long enough")
}

fn key_of(byte: u8) -> PublicKey {
    PublicKey::new([byte; 32])
}

const MINUTE: Duration = Duration::from_secs(60);
