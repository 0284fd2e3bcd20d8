//! Lowkey in front of a service that knows nothing of it, and what helps whoever runs that.
//!
//! A [`Forwarder`](forward::Forwarder) carries each device's bytes to the service and back, and knows by its [`Health`]
//! whether the service takes connections. [`proxy`] is how a server hears from a balancer in front of it whose
//! connection it is, and how the service behind hears it from the server. A [`Doctor`](doctor::Doctor) says why a
//! device is refused, a [`Memory`](memory::Memory) remembers those that are gone, and with the feature `admin` the
//! admin listener says so over HTTP, beside metrics, liveness and sessions. [`Probes`](probes::Probes) answer other
//! machines, and only with what names nobody. A [`Store`](store::Store) is what takes devices' numbered messages, as
//! all of these show it.
//!
//! # Events
//! As [those of `lowkey-host`](lowkey_host#events), by what runs a gateway:
//!
//! | name | level | fields | when |
//! | --- | --- | --- | --- |
//! | `lowkey.backend_down` | warn | `service`, `reason`, `error` | the service behind takes no connections: devices hear that we are busy. Once, until it does. `reason` as [`Unreached`] has it |
//! | `lowkey.backend_up` | info | `service`, `seconds` | it takes connections again, after so long |
//!
//! And by what remembers devices in a [file](memory::Memory::open):
//!
//! | name | level | fields | when |
//! | --- | --- | --- | --- |
//! | `lowkey.state_damaged` | error | `error`, `aside` | the file was damaged: it is at `aside` now, and memory begins anew |
//! | `lowkey.state_failed` | error | `file`, `error` | the file cannot be had: memory ends with this process |
//! | `lowkey.state_unwritten` | warn | `file`, `error` | the file cannot be written; once, until it can |
//! | `lowkey.state_written` | info | `file` | it can be written again |
//!
//! The command `lowkey serve` writes this as well:
//!
//! | name | level | fields | when |
//! | --- | --- | --- | --- |
//! | `lowkey.probes` | info | `address` | other machines' probes are answered there |
//! | `lowkey.program_failed` | warn | `program`, `of`, `error` | the program that is run for events failed at the event `of`, could not be run, or took too long; once, until it works |
//! | `lowkey.program_worked` | info | `program`, `of` | it works again |
//! | `lowkey.notify_failed` | warn | `error` | systemd could not be told that the server is ready, reloads or stops |
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(feature = "admin")]
pub mod admin;
pub mod doctor;
#[cfg(doctest)]
mod documents;
#[cfg(feature = "events")]
pub mod events;
pub mod forward;
mod health;
#[cfg(feature = "admin")]
mod http;
pub mod memory;
#[cfg(feature = "admin")]
mod metrics;
#[cfg(feature = "admin")]
pub mod probes;
pub mod proxy;
pub mod store;

pub use health::{Down, Health, Unreached};

/// The code in the README, compiled as it stands there.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
