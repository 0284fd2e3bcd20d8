//! What the tests of a gateway share, and what all tests of a server do.
#![allow(dead_code, unreachable_pub, unused_imports)] // every test file takes what it needs

pub mod services;

pub use test_support::world::*;
