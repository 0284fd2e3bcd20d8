//! What the tests share: two sides that know each other, links without streams, a peer written from
//! the protocol's page alone, and streams in memory that do everything a bad network does.

pub(crate) mod keys;
pub(crate) mod links;
pub(crate) mod page;
pub(crate) mod pins;
pub(crate) mod streams;
pub(crate) mod wakers;

pub(crate) use keys::{KEYS, Rng};
pub(crate) use links::Any;
pub(crate) use page::PagePeer;
