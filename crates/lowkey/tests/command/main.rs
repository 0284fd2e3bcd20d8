//! The command as people and scripts use it.

#![cfg(unix)]

mod check;
mod common;
mod connect;
mod generate;
mod help;
mod keys;
mod provision;
mod rotation;
mod secrets;
mod serve;
mod signals;
mod systemd;
