//! Several gateways with one registry, over [NATS](https://nats.io) with JetStream.
//!
//! The registry is a bucket of keys and values in which each device has a row. A gateway's [`NatsRegistry`] follows it:
//! what is written there acts on every gateway that sees NATS, at once, and on one that does not as it was told to
//! ([`OnStale`]). A [`Registrar`] writes it, for the commands of whoever owns the registry, and says which gateways
//! have it in force.
//!
//! Whoever runs NATS, or has a registrar's credential, is the registry's owner, who lets devices in and keeps them out.
//! Nobody can play a device or a server by that, nor read what they say, but for messages that a registrar sends by way
//! of NATS.
//!
//! # Events
//! In the form of [those of `lowkey-host`](lowkey_host#events), and beside those of a registry in rows:
//!
//! | name | level | fields | when |
//! | --- | --- | --- | --- |
//! | `lowkey.nats_followed` | info | `registry`, `revision` | the registry was read whole, and is followed from here on |
//! | `lowkey.nats_lost` | warn | `registry`, `error` | it is not followed any more; what was read stays in force for as long as it may. Once, until it is followed again |
//! | `lowkey.registry_stale` | warn | `registry`, `seconds` | it was not followed for so long that nobody is let in by it, and live sessions end ([`OnStale::Refuse`]) |
//! | `lowkey.gateway_twin` | warn | `gateway` | another gateway has the same name; once in a while |
//! | `lowkey.lease_failed` | warn | `gateway`, `error` | which gateway has a device cannot be written: it may have a session at two. Once, until it can |
//! | `lowkey.snapshot_failed` | warn | `file`, `error` | the last registry cannot be kept for the next start; once, until it can |
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod access;
mod beat;
mod bucket;
mod claims;
mod clerk;
mod enrolments;
mod error;
mod fleet;
mod follow;
mod fresh;
mod head;
mod inspected;
mod layout;
mod lease;
mod message_stream;
mod nats_rows;
mod numbers;
mod put;
mod registrar;
mod registry;
mod sealed;
mod sink;
mod snapshot;
mod source;
mod windows;

pub use access::{Access, Address, AddressError, Credentials};
pub use beat::{Beat, OnStale};
pub use clerk::{Clerk, ClerkError, Seen};
pub use enrolments::Enrolments;
pub use error::NatsError;
pub use fleet::{Fleet, Peer};
pub use inspected::Inspected;
pub use lease::Lease;
pub use nats_rows::NatsRows;
pub use numbers::NatsNumbers;
pub use registrar::{Forgotten, InForce, Registrar, Standing, Stored, Waits};
pub use registry::{NatsRegistry, Settings};
pub use sink::JetStreamSink;
pub use source::JetStreamSource;
