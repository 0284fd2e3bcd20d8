//! What the threads of a server share, played in every order that a scheduler thinks of.
//!
//! Under `--cfg lowkey_shuttle` this crate's tests have shuttle's locks and atomics in place of the standard library's
//! ([`crate::sync`]). A wake-up that is lost is a deadlock to shuttle, which prints the schedule that leads there.
//! `cargo xtask test` plays all this; by hand:
//!
//! ```text
//! RUSTFLAGS="--cfg lowkey_shuttle" cargo test -p lowkey-host --no-default-features --lib interleavings
//! ```
//!
//! Any other test wants real locks, and fails there.

mod attempts;
mod connection;
mod sessions;
mod windows;

use crate::connection::{Shared, Side};
use shuttle::future::block_on;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::task::Poll;

/// Plays `scenario` in thousands of orders: some by chance, some that preempt at few points, which finds what is rare.
fn explore(scenario: fn()) {
    shuttle::check_random(scenario, 2_000);
    shuttle::check_pct(scenario, 2_000, 3);
}

/// Waits as a connection does: first it says who waits, then it looks.
fn wait(shared: &Shared, side: Side, until: impl Fn(&Shared) -> bool) {
    block_on(poll_fn(|context| {
        shared.register(side, context.waker());
        if until(shared) { Poll::Ready(()) } else { Poll::Pending }
    }));
}

fn address() -> Option<SocketAddr> {
    Some(SocketAddr::from(([192, 0, 2, 1], 4000)))
}
