//! What the measured programs share: fixed keys, the recorded peer, and the report.
#![no_std]

// As firmware does that is short of flash. What is linked of it counts: the empty firmware copies nothing.
use lowkey_mem as _;

pub mod fixed;
pub mod replay;
pub mod report;
