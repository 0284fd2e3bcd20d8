//! Who may connect to a server of Lowkey, in files: registries, keys, and what makes and changes them.
//!
//! A [`LiveRegistry`] is a file of devices that is read again when it changes; an `Acceptor` of `lowkey-host` takes it
//! as it takes any registry. [`provision`](provision::provision) makes a device's key page and enters it, [`rotation`]
//! takes keys out; both change a file, or rows that several servers share ([`Target`]). [`keys`] are text and files,
//! and [`text_file`] reads both sorts of file, with the owner that they must have.
//!
//! # Events
//! As [those of `lowkey-host`](lowkey_host#events):
//!
//! | name | level | fields | when |
//! | --- | --- | --- | --- |
//! | `lowkey.registry_loaded` | info | `path`, `devices`, `added`, `removed`, `changed`, `left_out` | a [`LiveRegistry`] was read; how many devices there are, and of what that is new how many; how many pinnings are left out, if any |
//! | `lowkey.registry_left_out` | warn | `device`, `error` | a pinning of it is not in force, because its PSK cannot be had. Once, until the cause is another; when it is mended, `lowkey.registry_loaded` counts it in |
//! | `lowkey.registry_left_out_more` | warn | `pinnings` | how many more had no line: only the first 100 of a reading have one |
//! | `lowkey.registry_row_faulty` | warn | `device`, `error` | of a [`RowRegistry`](rows::RowRegistry): the row of this device is wrong, or claims what another's has, and is not in force. Once, until the cause is another |
//! | `lowkey.registry_failed` | warn | `error` | it could not be read again: what was read before stays in force. Once, until it goes well or fails in another way |
//! | `lowkey.registry_held` | warn | `path`, `devices`, `removed` | it was changed in place and takes out so many of so many devices, or the PSK files of so many cannot be had: it waits for a [`LiveRegistry::reload`], or 30 s without a change |
//! | `lowkey.registry_unlinked` | warn | `path` | the file behind the path stands in no folder any more: it was replaced or deleted elsewhere, as behind a mount of one file |
//! | `lowkey.registry_panicked` | error | `error` | a bug in this crate; what was read before stays in force, and the file is looked at again |
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod code_name;
mod code_text;
pub mod codes;
mod edit;
mod error;
mod file;
pub mod keys;
mod listing;
mod live;
pub mod pairing;
pub mod provision;
mod psks;
pub mod rotation;
pub mod rows;
mod snapshot;
mod stamp;
pub mod state_file;
mod survey;
mod table;
mod target;
pub mod text_file;
mod time;
mod told;

pub use code_name::show_code_name;
pub use code_text::{code_text, label_text};
pub use edit::Written;
pub use error::RegistryError;
pub use file::{FileRegistry, digest_of};
pub use listing::{Listed, ListedPinning, Listing, list};
pub use live::LiveRegistry;
pub use lowkey_core::label::parse as parse_code;
pub use snapshot::Changes;
pub use survey::{Survey, Surveyed, survey};
pub use target::Target;
pub use time::parse_time;

/// The code in the README, compiled as it stands there.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
