//! A registry as rows: what stands in a file between one `[[device]]` and the next, for places that keep each
//! device by itself.
//!
//! [`Sheet`] takes a file apart and puts it together again, byte for byte. [`RowRegistry`] is what a server answers from
//! when single rows come and go. A [`SharedRegistry`] is such a place for whoever changes what is in it, as a
//! [`Target`](crate::Target).

mod order;
mod registry;
mod shared;
mod sheet;

pub use registry::{Row, RowFault, RowRegistry};
pub use shared::{Reading, SharedError, SharedRegistry};
pub use sheet::{Ranked, Sheet, SheetError, server_of};

/// How long the text of a row may be, in bytes: names, labels and comments of one device.
pub const LONGEST_ROW: usize = 16 * 1024;
/// How long a device's name may be in a row, in bytes: in hex it is a key of others.
pub const LONGEST_NAME: usize = 255;
