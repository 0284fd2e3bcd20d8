//! The bodies and their parts, for tests: this crate's own and, under `--cfg lowkey_testing`, those of `fuzz` and
//! `tests/m3`. In an ordinary build the module does not exist, and nothing in it is promised to anybody.
//!
//! Values are plain bytes and words here. What holds secrets stays private.

mod bodies;
mod twins;
mod wide;

#[cfg(feature = "aws-lc")]
pub use bodies::AwsLc;
pub use bodies::{Body, Compact, Portable};
#[cfg(lowkey_thumb2)]
pub use twins::Thumb2;
pub use twins::{Element, Plain, Twin};
#[cfg(all(lowkey_dsp, lowkey_testing))]
pub use wide::Dsp;
pub use wide::{PlainWide, Wide};
