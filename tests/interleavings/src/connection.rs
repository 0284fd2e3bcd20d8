//! What a connection shares with those who end it.

#[path = "../../../crates/lowkey-host/src/connection/shared.rs"]
mod shared;

pub(crate) use shared::{End, Shared, Side, Traffic};
