//! The locks and atomics of what several threads share. `tests/interleavings` compiles the files that use
//! them with others in their place, and plays threads against each other in every order it can think of.

pub(crate) use std::sync::{Mutex, MutexGuard, atomic};
