//! The locks and atomics of what several threads share: the standard library's, and in the tests of
//! `interleavings` those of a scheduler that plays threads against each other in every order it can think of.

#[cfg(all(test, lowkey_shuttle))]
pub(crate) use shuttle::sync::{Mutex, MutexGuard, atomic};
#[cfg(not(all(test, lowkey_shuttle)))]
pub(crate) use std::sync::{Mutex, MutexGuard, atomic};
