//! What firmware takes of a Cortex-M3, next to what is committed, and whether its time depends on a secret: the tasks
//! `size`, `cycles`, `constant-time` and `on-device` of `cargo xtask`, which starts the program of this crate.

mod chart;
pub mod constant_time;
pub mod cycles;
pub mod fit;
pub mod host;
pub mod image;
mod numbers;
pub mod on_device;
mod players;
pub mod size;
