//! A cycle model of the Cortex-M3.

mod board;
mod bus;
mod console;
mod core;
mod decode;
mod fault;
mod flash;
mod image;
mod kind;
mod machine;
mod memory;
mod meter;
mod profile;
mod regions;
mod report;
mod semihosting;
mod step;
mod system;
mod timing;
mod transfer;

pub use fault::{Cause, End, Fault};
pub use machine::{Machine, Options};
pub use profile::Share;
pub use regions::Region;
pub use report::{Call, Place, Report};
pub use timing::Rules;
