//! Lowkey for firmware written in C: what `include/lowkey.h` declares.
//!
//! The names are those of C, and so are the words of the documentation: the header is made from this
//! crate's sources. A Rust program uses `lowkey-transport` itself.
//!
//! | file | what |
//! | --- | --- |
//! | `raw` | everything that trusts a pointer, or the number of a status, and nothing else |
//! | `raw/failure`, `errors`, `call` | what a call gives inside, which status an error has, what C gets |
//! | `stream` | what moves the bytes, if that is not the application |
//! | `link` | the pump between a link and what moves its bytes |
//! | the others | one part of the header each |
#![no_std]
#![allow(non_camel_case_types, reason = "names of C")]
#![allow(unsafe_code, reason = "functions of C; blocks and what they rely on are in `raw`")]
#![allow(unsafe_op_in_unsafe_fn, reason = "such a function's body hands its pointers to `raw`")]
#![allow(rustdoc::broken_intra_doc_links, reason = "annotations for cbindgen look like links")]
#![allow(clippy::missing_safety_doc, reason = "the rules stand once, at the header's top")]

mod answer;
mod apart;
#[cfg(all(feature = "archive", target_os = "none"))]
mod archive;
mod backoff;
mod begin;
mod boot_log;
mod buffers;
mod bytes;
mod call;
mod callbacks;
mod channel;
mod code;
mod ephemerals;
mod errors;
mod event;
mod io;
mod key_store;
mod keys;
mod kk;
mod link;
mod object_sizes;
mod page;
mod page_keys;
mod pairing;
mod random;
mod raw;
mod records;
mod sizes;
mod status;
mod stream;
mod version;

pub use answer::*;
pub use backoff::*;
pub use begin::*;
pub use boot_log::*;
pub use buffers::*;
pub use bytes::*;
pub use callbacks::*;
pub use channel::*;
pub use code::*;
pub use ephemerals::*;
pub use event::*;
pub use io::*;
pub use key_store::*;
pub use keys::*;
pub use kk::*;
pub use object_sizes::*;
pub use page::*;
pub use page_keys::*;
pub use pairing::*;
pub use random::*;
pub use records::*;
pub use sizes::*;
pub use status::*;
pub use stream::LOWKEY_IO_WOULD_BLOCK;
pub use version::*;
