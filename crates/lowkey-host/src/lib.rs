//! The server side of Lowkey, for tokio: who may connect, and a connection that is a stream and
//! carries messages.
//!
//! A [`Listener`] gives one ready [`Connection`] after another; a [`LiveRegistry`] says which devices
//! there are; [`connect_tcp`] is the other side, for hosts that play a device.
//!
//! ```
//! # use lowkey_host::*; use std::sync::Arc;
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Identity::new(keys::generate()?)?;
//! let device = Identity::new(keys::generate()?)?;
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
//! and `mode` are what the stranger claimed, in hex and as Noise writes it.
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
//! | `lowkey.registry_loaded` | info | `path`, `devices`, `added`, `removed`, `changed`, `left_out` | a [`LiveRegistry`] was read; how many devices there are, and of what that is new how many; how many pinnings are left out, if any |
//! | `lowkey.registry_left_out` | warn | `device`, `error` | a pinning of it is not in force, because its PSK cannot be had. Once, until the cause is another; when it is mended, `lowkey.registry_loaded` counts it in |
//! | `lowkey.registry_left_out_more` | warn | `pinnings` | how many more had no line: only the first 100 of a reading have one |
//! | `lowkey.registry_failed` | warn | `error` | it could not be read again: what was read before stays in force. Once, until it goes well or fails in another way |
//! | `lowkey.registry_held` | warn | `path`, `devices`, `removed` | it was changed in place and takes out so many of so many devices, or the PSK files of so many cannot be had: it waits for a [`LiveRegistry::reload`], or 30 s without a change |
//! | `lowkey.registry_unlinked` | warn | `path` | the file behind the path stands in no folder any more: it was replaced or deleted elsewhere, as behind a mount of one file |
//! | `lowkey.registry_panicked` | error | `error` | a bug in this crate; what was read before stays in force, and the file is looked at again |
//! | `lowkey.clock_wrong` | warn | `now` | the clock shows a time from before this crate was written: as long as it does, no pinning that expires is let in |
//! | `lowkey.clock_right` | info | `now` | that is over |
//! | `lowkey.displaced` | info | `device` | a newer session of the same device took over |
//! | `lowkey.revoked` | info | `device` | a session ended: its pinning was removed or replaced, or has expired |
//! | `lowkey.silent` | info | `device` | a session ended: the device was silent and did not answer a PING |
//! | `lowkey.lifetime` | info | `device` | a session ended: it was open for as long as one may be |
//! | `lowkey.ended` | info | `device`, `reason`, `error` | a session is over that was not ended from outside, as the four before this: `closed`, `broken` (with the `error`), `backend` (the service behind could not be reached, or broke off), or `stopped` with the server |
//! | `lowkey.backend_down` | warn | `service`, `reason`, `error` | the service behind takes no connections: devices hear that we are busy. Once, until it does. `reason` as [`Unreached`] has it |
//! | `lowkey.backend_up` | info | `service`, `seconds` | it takes connections again, after so long |
//! | `lowkey.attempt_displaced` | warn | `attempts` | too many attempts wait, or too many of one address; one made room |
//! | `lowkey.left_out` | of those lines | `of`, `lines` | how many lines of the event `of` were left out: only the first 100 of a second are written of what devices and strangers can bring about (all from `lowkey.confirmed` to `lowkey.failed`, from `lowkey.displaced` to `lowkey.ended`, `lowkey.attempt_displaced` and the panics), and of `lowkey.accept_failed` the first of 10 s. Said as soon as that time is over |
//! | `lowkey.accept_failed` | warn | `error` | the socket could not accept, for example too many open files; it goes on after a pause |
//! | `lowkey.handshake_panicked` | error | `error` | a bug, in this crate or in a [`Registry`] |
//! | `lowkey.handler_panicked` | error | `error` | a bug in what [`Server::run`] was given; the session is over |
//!
//! The command `lowkey serve` writes these as well:
//!
//! | name | level | fields | when |
//! | --- | --- | --- | --- |
//! | `lowkey.notify_failed` | warn | `error` | systemd could not be told that the server is ready, reloads or stops |
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(feature = "admin")]
pub mod admin;
mod client;
mod clock;
mod connection;
pub mod doctor;
#[cfg(doctest)]
mod documents;
mod echo;
pub mod entropy;
mod error;
pub mod forward;
mod handshake;
mod health;
#[cfg(all(test, lowkey_shuttle))]
mod interleavings;
pub mod keys;
mod limits;
mod parting;
pub mod provision;
pub mod proxy;
mod reach;
mod registry;
pub mod rotation;
mod server;
mod sync;
mod tcp;
pub mod text;

pub use client::{connect, connect_tcp};
pub use connection::Connection;
pub use echo::echo;
pub use error::Error;
pub use health::{Down, Health, Unreached};
pub use limits::Limits;
pub use lowkey_core::{Id, Identity, Peer, Psk, PublicKey, Secret};
pub use lowkey_transport::{Error as ChannelError, Hello, Mode, Pinning, Refusal};
pub use reach::Unreachable;
pub use registry::{
    Changes, Device, DeviceError, Devices, Digest, FileRegistry, LeftOut, LiveRegistry, Pinned, Registry,
    RegistryError, Survey, Surveyed, Trouble, Written, parse_id, parse_time, show_time, survey,
};
pub use server::{AcceptError, Acceptor, InForce, LazyAccept, Listener, Server, SessionInfo, Stats, Stopped};
