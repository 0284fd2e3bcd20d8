//! The compact body's primitives that have twins, compiled a second time: in their own crate they are private.
#![allow(dead_code, unused_imports)] // of each, what only its own crate uses

#[path = "../../../../../crates/lowkey-crypto/src/body/compact/chacha20/mod.rs"]
pub(crate) mod chacha20;
#[path = "../../../../../crates/lowkey-crypto/src/body/compact/field/mod.rs"]
pub(crate) mod field;
#[path = "../../../../../crates/lowkey-crypto/src/body/compact/poly1305/mod.rs"]
pub(crate) mod poly1305;
#[path = "../../../../../crates/lowkey-crypto/src/body/compact/x25519/mod.rs"]
pub(crate) mod x25519;

// What `x25519` takes from the module around it.
use lowkey_crypto::wipe_dead_stack;
