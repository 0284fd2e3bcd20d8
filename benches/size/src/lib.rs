//! What the measured programs share: fixed keys, the recorded peer, and the report.
#![no_std]

pub mod fixed;
pub mod replay;
pub mod report;
