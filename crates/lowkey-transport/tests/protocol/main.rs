//! The wire protocol, section by section: every test is named for the § and the promise it holds to.

mod support;

mod another_message;
mod asynch;
mod bad_handshakes;
mod bad_records;
mod blocking;
mod both_full;
mod both_full_asynch;
mod gather;
mod halves;
mod handshakes;
mod in_memory;
mod mailbox;
mod mailbox_asynch;
mod numbered;
mod numbered_halves;
mod numbered_model;
mod owned_halves;
mod page_bytes;
mod page_peer;
mod pairing;
mod pairing_channels;
mod pairing_cuts;
mod pairing_window;
mod random;
mod ready;
mod records;
mod std_stream;
