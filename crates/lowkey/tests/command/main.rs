//! The command as people and scripts use it.

#![cfg(unix)]

mod batch;
mod check;
mod common;
mod connect;
mod editing;
mod events;
mod generate;
mod help;
mod in_force;
mod keys;
mod label;
mod mqtt;
#[cfg(feature = "nats")]
mod numbered;
#[cfg(target_os = "linux")]
mod outputs;
mod overview;
#[cfg(unix)]
mod pair;
mod ping;
mod provision;
mod python;
mod rotation;
mod secrets;
#[cfg(unix)]
mod send;
mod serve;
#[cfg(feature = "nats")]
mod shared;
mod signals;
mod state;
#[cfg(all(feature = "nats", feature = "sinks"))]
mod stored;
mod systemd;
