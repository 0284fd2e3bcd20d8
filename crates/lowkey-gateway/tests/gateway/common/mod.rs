//! What the tests of a gateway share, and what all tests of a server do.

pub(crate) mod services;
pub(crate) mod shelf;

pub(crate) use test_support::world::*;
