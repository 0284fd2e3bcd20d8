//! The initiators of both headers against a peer that is written from the protocol's page, on a Noise library that is
//! not ours: what they send, and what they make of what no responder of ours would send.
#![allow(unsafe_code)]

mod handshakes;
mod initiator;
mod numbered;
mod peer;
mod pings;
mod records;
