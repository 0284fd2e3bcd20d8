//! The wire protocol, section by section: every test is named for the § and the promise it holds to.

mod support;

mod another_message;
#[cfg(any())]
mod asynch;
mod bad_handshakes;
mod bad_records;
mod blocking;
mod both_full;
#[cfg(any())]
mod both_full_asynch;
mod gather;
#[cfg(any())]
mod halves;
mod handshakes;
mod mailbox;
#[cfg(any())]
mod mailbox_asynch;
mod page_bytes;
mod page_peer;
mod pairing;
mod random;
mod records;
mod std_stream;
