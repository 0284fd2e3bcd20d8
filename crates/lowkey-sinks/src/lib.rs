//! Where a gateway leaves the numbered messages of its devices, and what it keeps of each device.
//!
//! [`FileRows`] are the [`Rows`](lowkey_host::numbered::Rows) of a gateway that is the only one, in a file. Sinks
//! ([`Sink`](lowkey_host::numbered::Sink)) stand on any rows: `HttpSink` posts each message to a URL, `MqttSink`
//! publishes each at a broker of MQTT 5. What they will never take goes into an `Aside`. Each is a feature.
//!
//! ```
//! # #[cfg(all(feature = "http", feature = "mqtt"))] fn sinks() -> Result<(), lowkey_sinks::SinkError> {
//! use lowkey_host::numbered::Sink;
//! use lowkey_sinks::{Aside, Bounds, FileRows, HttpSettings, HttpSink, MqttSettings, MqttSink};
//! use std::{path::Path, sync::Arc};
//!
//! let state = Path::new("/var/lib/lowkey");
//! let (rows, aside) = (Arc::new(FileRows::open(state)?), Aside::open(state, Bounds::default())?);
//! let settings = HttpSettings { token: Some("/etc/lowkey/token".into()), ..HttpSettings::default() };
//! let web: Arc<dyn Sink> = Arc::new(HttpSink::new("https://in.example/devices", rows.clone(), aside.clone(), &settings)?);
//!
//! let settings = MqttSettings { login: Some("/etc/lowkey/login".into()), ..MqttSettings::default() };
//! let broker: Arc<dyn Sink> = Arc::new(MqttSink::new("mqtts://broker.example/fleet", rows, aside, &settings)?);
//! # Ok(()) }
//! ```
//! [`lowkey_host::store`] gives a sink what a device sends, and acknowledges what it has stored.
//!
//! # Events
//! In the form of [those of `lowkey-host`](lowkey_host#events), where those are of a sink that is lost or back:
//!
//! | name | level | fields | when |
//! | --- | --- | --- | --- |
//! | `lowkey.message_stuck` | warn | `device`, `number`, `error` | a message was tried for a minute and is not taken, though others may be: all that follow it wait. Once for each time that it is carried |
//! | `lowkey.message_aside` | warn | `device`, `run`, `number`, `status`, `error` | a message was refused for good: it is set aside, and those that follow it go on |
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(any(feature = "http", feature = "mqtt"))]
mod aside;
#[cfg(any(feature = "http", feature = "mqtt"))]
mod courier;
mod desk;
#[cfg(any(feature = "http", feature = "mqtt"))]
mod dial;
mod error;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "mqtt")]
mod mqtt;
#[cfg(any(feature = "http", feature = "mqtt"))]
mod offered;
mod rows;
#[cfg(any(feature = "http", feature = "mqtt"))]
mod standing;
#[cfg(any(feature = "http", feature = "mqtt"))]
mod target;

#[cfg(any(feature = "http", feature = "mqtt"))]
pub use aside::{Amount, Aside, Bounds};
#[cfg(any(feature = "http", feature = "mqtt"))]
pub use courier::Window;
#[cfg(any(feature = "http", feature = "mqtt"))]
pub use dial::Tls;
pub use error::SinkError;
#[cfg(feature = "http")]
pub use http::{HttpSettings, HttpSink};
#[cfg(feature = "mqtt")]
pub use mqtt::{MqttSettings, MqttSink, Unsubscribed};
pub use rows::FileRows;
#[cfg(any(feature = "http", feature = "mqtt"))]
pub use standing::Standing;
#[cfg(any(feature = "http", feature = "mqtt"))]
pub use target::Cleartext;
