//! A board in QEMU with what QEMU does not have of it, for the demo and for other trials that have boards.

pub mod device;
pub mod timeline;
