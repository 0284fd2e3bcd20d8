//! One connection: how it comes about, what it carries and how it ends.

mod bench;
mod client;
mod endings;
mod gather;
mod given;
mod handshake;
mod last_words;
mod open;
mod posted;
mod stored;
