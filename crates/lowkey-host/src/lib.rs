//! What a backend on tokio depends on: who may connect, and a connection that is a stream and carries messages.
//!
//! A [`Listener`] gives one ready [`Connection`] after another; a [`Registry`] says which devices there are;
//! [`connect_tcp`] is the other side, for hosts that play a device. Devices that stand in a file, and keys that do, are
//! in the crate `lowkey-registry`; what a service needs that knows nothing of Lowkey is in `lowkey-gateway`.
//!
//! ```
//! # use lowkey_host::*; use std::sync::Arc;
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Identity::new(entropy::random()?)?;
//! let device = Identity::new(entropy::random()?)?;
//!
//! let registry = Devices::new([Pinned::new(Device::new("pump-7")?, &server, device.public_key())?])?;
//! let acceptor = Acceptor::new(server, registry, Limits::default())?;
//! let server_key = acceptor.public_key();
//! let mut listener = Listener::bind("127.0.0.1:0", acceptor).await?;
//! let address = listener.local_addr()?;
//! tokio::spawn(async move {
//!     let mut connection = listener.accept().await;
//!     while let Some(message) = connection.recv().await? {
//!         connection.send(&message).await?;
//!     }
//!     connection.close().await
//! });
//!
//! let peer = Peer::pin(&device, server_key)?;
//! let id = Id::of_pinning(&device.public_key(), &server_key);
//! let pinning = Pinning { id, identity: &device, peer: &peer, psk: None };
//! let mut connection = connect_tcp(address, pinning, &Limits::default()).await?;
//! connection.send(b"21.5 C").await?;
//! assert_eq!(connection.recv().await?.as_deref(), Some(&b"21.5 C"[..]));
//! # Ok(()) }
//! ```
//!
//! # Events
//! Written with `tracing`, target `lowkey`. Names and fields are stable; the message is for people. `id`
//! and `mode` are what the stranger claimed, as registries and as Noise write it.
//!
//! | name | level | fields | when |
//! | --- | --- | --- | --- |
//! | `lowkey.listening` | info | `address` | the socket is open |
//! | `lowkey.no_ipv6` | warn | `address` | `[::]` was asked for where there is no IPv6: this address of IPv4 is listened on in its place |
//! | `lowkey.confirmed` | info | `from`, `device`, `mode` | a device is connected: its first record has opened |
//! | `lowkey.refused` | info | `from`, `id`, `mode`, `refusal` | an attempt was turned away; alike for unknown ids, wrong modes and keys that do not match |
//! | `lowkey.unconfirmed` | info | `from`, `id`, `mode`, `error` | message 1 opened and no record followed: a recording, or a device that lost its line |
//! | `lowkey.timed_out` | debug | `from` | the handshake was not over at its deadline |
//! | `lowkey.failed` | debug | `from`, `error` | hung up, malformed, or no randomness |
//! | `lowkey.clock_wrong` | warn | `now` | the clock shows a time from before this crate was written: as long as it does, no pinning that expires is let in |
//! | `lowkey.clock_right` | info | `now` | that is over |
//! | `lowkey.ended` | info | `device`, `reason`, `by`, `from`, `seconds`, `received_bytes`, `sent_bytes`, `records_received`, `records_sent`, `error` | a session is over, which was open for so many seconds: `closed`, `broken` (with the `error`), `backend` (the service behind could not be reached, broke off, or did not store what was numbered), `numbers` (the device's numbers cannot be taken), `stopped` with the server; or ended from outside: `displaced` by a newer one of the same device, which came from `by`; `moved` (the device has one at another server of the fleet, which came from `by`), `revoked` (its pinning was removed or replaced, or has expired), `silent` (no answer to a PING), `lifetime` (open for as long as one may be), `stale` (the registry may be out of date, and nobody may go on). [`Reason`] has the words |
//! | `lowkey.window_opened` | info | `code`, `device`, `seconds` | a pairing window is open; `code` is the code's name |
//! | `lowkey.window_closed` | info | `code`, `device`, `reason` | it is over: `paired`, `time`, or `closed` by somebody |
//! | `lowkey.call_begun` | info | `code`, `device`, `seconds` | a device that waits is called, to pair, and has so long to answer |
//! | `lowkey.call_over` | info | `code`, `device`, `reason` | it is over: `paired`, `time`, `closed` by somebody, or `failed` |
//! | `lowkey.paired` | info | `code`, `device`, `fingerprint` | a device is paired: both sides have stored the other's key, and its row is final. Once for each pairing. `fingerprint` is its key's, for people to compare |
//! | `lowkey.not_paired` | warn | `code`, `device`, `fingerprint`, `error` | a device that has the code came, and was not paired; `device` is the window's name |
//! | `lowkey.still_pending` | warn | `code`, `device`, `error` | a pairing is final, and could not be entered as that: its row stays pending until a session makes it final, and `lowkey.paired` says so |
//! | `lowkey.attempt_displaced` | warn | `attempts` | too many attempts wait, or too many of one address; one made room |
//! | `lowkey.left_out` | of those lines | `of`, `lines` | how many lines of the event `of` were left out: only the first 100 of a second are written of what devices and strangers can bring about (all from `lowkey.confirmed` to `lowkey.failed`, `lowkey.ended`, `lowkey.not_paired`, `lowkey.still_pending`, `lowkey.attempt_displaced` and the panics), and of `lowkey.accept_failed` the first of 10 s. Said as soon as that time is over |
//! | `lowkey.accept_failed` | warn | `error` | the socket could not accept, for example too many open files; it goes on after a pause |
//! | `lowkey.handshake_panicked` | error | `error` | a bug, in this crate or in a [`Registry`] |
//! | `lowkey.not_given` | warn | `device`, `error` | what has [messages for a device](numbered::Source) gives it none in this session, which goes on otherwise |
//! | `lowkey.sink_lost` | warn | `sink`, `error` | [what takes devices' messages](numbered::Outage) has taken none for 10 s, though it was tried, or cannot be reached: devices keep theirs. Once, until something is |
//! | `lowkey.sink_back` | info | `sink` | messages are taken again, or it can be reached again |
//! | `lowkey.handler_panicked` | error | `error` | a bug in what [`Server::run`] was given; the session is over |
//!
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod client;
mod clock;
mod connection;
mod dial;
mod echo;
pub mod entropy;
mod error;
mod giving;
mod handshake;
#[cfg(all(test, lowkey_shuttle))]
mod interleavings;
mod limits;
pub mod numbered;
mod parting;
mod probe;
mod reach;
mod registry;
mod server;
mod storing;
mod sync;
mod tcp;
pub mod text;
mod time;

pub use client::{connect, connect_tcp};
pub use clock::WrongClock;
pub use connection::{Connection, Fault, Untaken};
pub use echo::echo;
pub use error::Error;
pub use limits::Limits;
pub use lowkey_core::{Code, CodeError, Id, Identity, Peer, Psk, PublicKey, Secret};
pub use lowkey_transport::{Backoff, Error as ChannelError, Hello, Mode, Pinning, Refusal};
pub use probe::{Probed, probe_tcp};
pub use reach::{Race, Unreachable};
pub use registry::{
    Bearer, Device, DeviceError, Devices, Digest, Enrol, Fed, FedChange, Feed, Finalised, LeftOut,
    NotEnrolled, Paired, Pinned, Registry, Removed, Taken, Trouble, Unique, parse_id,
};
pub use server::{
    AcceptError, Acceptor, Balancers, Call, Caller, Cause, Ended, Event, Failure, HandshakeTimes, InForce,
    LazyAccept, Listener, NotOpened, NotPaired, NotSent, Observer, Progress, ReadSource, Reason, Received,
    Server, SessionInfo, Stats, Stopped, WindowInfo,
};
pub use storing::{NotStored, store};
pub use time::show_time;

/// The code in the README, compiled as it stands there.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
