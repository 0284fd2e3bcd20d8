//! Where a gateway leaves the numbered messages of its devices, and what it keeps of each device.
//!
//! [`FileRows`] are the [`Rows`](lowkey_host::numbered::Rows) of a gateway that is the only one, in a file. Sinks
//! ([`Sink`](lowkey_host::numbered::Sink)) stand on any rows: `HttpSink` posts each message to a URL, `MqttSink`
//! publishes each at a broker of MQTT 5. What they will never take goes into an `Aside`. Each is a feature.
//!
//! # Events
//! In the form of [those of `lowkey-host`](lowkey_host#events), of sinks:
//!
//! | name | level | fields | when |
//! | --- | --- | --- | --- |
//! | `lowkey.sink_lost` | warn | `sink`, `error` | nothing was taken for 10 s, though it was tried: devices keep their messages. Once, until something is |
//! | `lowkey.sink_back` | info | `sink` | messages are taken again |
//! | `lowkey.message_stuck` | warn | `device`, `number`, `error` | a message was tried for a minute and is not taken, though others may be: all that follow it wait. Once for each time that it is carried |
//! | `lowkey.message_aside` | warn | `device`, `run`, `number`, `status`, `error` | a message was refused for good: it is set aside, and those that follow it go on |
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(feature = "deliver")]
mod aside;
#[cfg(feature = "deliver")]
mod courier;
mod desk;
#[cfg(feature = "deliver")]
mod dial;
mod error;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "mqtt")]
mod mqtt;
#[cfg(feature = "deliver")]
mod offered;
mod rows;
#[cfg(feature = "deliver")]
mod standing;
#[cfg(feature = "deliver")]
mod target;

#[cfg(feature = "deliver")]
pub use aside::{Amount, Aside, Bounds, SetAside};
#[cfg(feature = "deliver")]
pub use courier::Window;
#[cfg(feature = "deliver")]
pub use dial::Tls;
pub use error::SinkError;
#[cfg(feature = "http")]
pub use http::{HttpSettings, HttpSink};
#[cfg(feature = "mqtt")]
pub use mqtt::{MqttSettings, MqttSink, Unsubscribed};
pub use rows::FileRows;
#[cfg(feature = "deliver")]
pub use standing::{Standing, Trouble};
#[cfg(feature = "deliver")]
pub use target::Cleartext;
