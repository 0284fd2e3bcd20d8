//! Tests that need what the public surface does not have: fixed ephemerals, a nonce that jumps, bare states.

mod code;
#[path = "../../tests/common/mod.rs"]
mod common;
mod ephemerals;
mod fingerprint;
mod low_order;
mod numbered;
mod records;
mod storage;
mod vectors;
