//! Lowkey channels over any embedded-io or embedded-io-async stream: frames, a handshake in KK or XX,
//! and sealed records that carry messages of any length.
//!
//! `no_std`, no allocation, no clock, no `unsafe`: what is not named is not linked. One feature, `std`, adds
//! `StdStream`: sockets of the standard library under the blocking channel. Keys, peers and ephemerals come from
//! `lowkey-core`.
//!
//! | for | use |
//! | --- | --- |
//! | firmware that blocks, and threads | [`blocking::Channel`] |
//! | firmware on an async executor | [`asynch::Channel`], whole or split into two halves |
//! | two tasks of different priority, or threads | [`asynch::Channel::into_split`], whose halves each own |
//! | events out of an interrupt handler | [`Mailbox`], which either channel delivers |
//! | the pauses between attempts | [`Backoff`] |
//! | pairing with a code | `pair` and `accept_pairing` of either channel |
//! | a server, or a driver of your own | [`Link`]: the connection without I/O that both channels drive |
//!
//! # Blocking
//! A device that reports and waits for the answer. The stream is anything that reads and writes, a TCP
//! socket or a USB serial port; the buffers are the caller's, and their size is the longest record.
//! ```
//! use embedded_io::{Read, Write};
//! use lowkey_core::{Entropy, Ephemerals};
//! use lowkey_transport::{Buffers, Error, Link, Pinning, blocking::Channel};
//!
//! fn report<S: Read + Write, E: Entropy>(
//!     stream: S,
//!     server: Pinning<'_>,
//!     ephemerals: &mut Ephemerals<E>,
//! ) -> Result<(), Error> {
//!     let (mut incoming, mut outgoing) = ([0; 256], [0; 258]);
//!     let buffers = Buffers::new(&mut incoming[..], &mut outgoing[..])?;
//!     let link = Link::kk_initiator(server, ephemerals, buffers)?; // needs no network yet
//!     let mut channel = Channel::connect(stream, link)?;
//!     channel.send(b"21.5 C")?;
//!     let mut answer = [0; 64];
//!     while let Some(len) = channel.recv_message(&mut answer)? {
//!         let _obey = &answer[..len];
//!     }
//!     channel.close() // the server has closed as well: nothing is missing
//! }
//! ```
//!
//! # Async
//! The other side of it. Every future may be dropped at any await; nothing accepted is lost or repeated.
//! ```
//! use embedded_io_async::{Read, Write};
//! use lowkey_core::{Entropy, Ephemerals};
//! use lowkey_transport::{Buffers, Error, Link, Pinning, asynch::Channel};
//!
//! async fn serve<S: Read + Write, E: Entropy>(
//!     stream: S,
//!     device: Pinning<'_>,
//!     ephemerals: &mut Ephemerals<E>,
//! ) -> Result<(), Error> {
//!     let (mut incoming, mut outgoing) = ([0; 256], [0; 258]);
//!     let buffers = Buffers::new(&mut incoming[..], &mut outgoing[..])?;
//!     let link = Link::responder(buffers);
//!     let known = |hello: &lowkey_transport::Hello| (hello.id == Some(device.id)).then_some(device);
//!     let mut channel = Channel::accept(stream, link, ephemerals, known).await?;
//!     if let Some(report) = channel.recv().await? {
//!         let _store = report.bytes;
//!         channel.send(b"noted").await?;
//!     }
//!     channel.close().await
//! }
//! ```
//!
//! # Pairing
//! Two sides that have not met, and a code that both know. What `store` keeps is final when both have stored the
//! other's key, and then KK takes it.
//! ```
//! use embedded_io::{Read, Write};
//! use lowkey_core::{Code, Entropy, Ephemerals, Identity, Peer, PinStore};
//! use lowkey_transport::{Buffers, Link, PairError, Pairing, Window, blocking::Channel};
//!
//! /// Waits for whoever calls and knows the code; the device's part, if it is the server that calls.
//! fn wait_for_server<S: Read + Write, E: Entropy, P: PinStore>(
//!     stream: S,
//!     (code, identity): (&Code, &Identity),
//!     ephemerals: &mut Ephemerals<E>,
//!     store: &mut P,
//! ) -> Result<Peer, PairError<P::Error>> {
//!     let (mut incoming, mut outgoing) = ([0; 256], [0; 258]);
//!     let mut link = Link::new(Buffers::new(&mut incoming[..], &mut outgoing[..])?);
//!     let psk = code.psk();
//!     let mut window = Window::new(Pairing { code: code.name(), psk: &psk, identity });
//!     Channel::accept_pairing(stream, &mut link, &mut window, ephemerals, store)
//! }
//! ```
//!
//! # After an error
//! [`Error`] says whose fault it was and whether the channel goes on. A stream's `TimedOut` and
//! `Interrupted` never end one: repeat the call. Any other failure of the stream, and everything the
//! peer does wrong, ends it for good: keys are wiped, and every later call gives the same error.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(any(test, feature = "std"))]
extern crate std;

pub mod asynch;
mod backoff;
pub mod blocking;
mod calls;
mod error;
mod hello;
mod incoming;
mod inlet;
mod keyed;
mod limits;
mod link;
mod mailbox;
#[cfg(feature = "numbered")]
mod numbered;
mod numbers;
mod outgoing;
mod outlet;
mod pairing;
mod parameters;
mod pinning;
mod progress;
mod record;
mod refusal;
#[cfg(feature = "std")]
mod std_stream;
#[cfg(test)]
mod tests;

pub use backoff::Backoff;
pub use error::Error;
pub use hello::{Hello, Mode, VERSION};
pub use limits::{
    Buffer, Buffers, MAX_HANDSHAKE_FRAME, MAX_PING, MIN_INCOMING, MIN_MAX_FRAME, MIN_OUTGOING,
    RECORD_OVERHEAD,
};
pub use link::{Link, Step};
pub use mailbox::{Mailbox, PostError};
#[cfg(feature = "numbered")]
pub use numbered::{Acks, Outbox, PushError, Retained, RunId};
pub use pairing::{Keeper, PairError, Pairing, Window};
pub use pinning::Pinning;
pub use progress::Progress;
pub use record::{Fragment, Part};
pub use refusal::Refusal;
#[cfg(feature = "std")]
pub use std_stream::StdStream;

/// The code in the README, compiled as it stands there.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
