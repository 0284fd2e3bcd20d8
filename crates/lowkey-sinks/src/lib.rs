//! Where a gateway leaves the numbered messages of its devices, and what it keeps of each device.
//!
//! [`FileRows`] are the [`Rows`](lowkey_host::numbered::Rows) of a gateway that is the only one, in a file.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod desk;
mod error;
mod rows;

pub use error::SinkError;
pub use rows::FileRows;
