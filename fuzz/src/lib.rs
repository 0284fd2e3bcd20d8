//! The fuzz targets of Lowkey, each a function of bytes that panics where a promise is broken.
//!
//! The bytes are a script: which side, which mode, which calls, and what the network does. So one
//! body serves libFuzzer, the tests of this package on stable, and a replay of what libFuzzer found.
//! Keys and ephemerals are fixed: the same bytes do the same again, and a recorded frame stays valid.
//!
//! The promises held to are those of the wire protocol and of the crates' documentation; the oracle of each target
//! stands at its top. All of them also promise that nothing panics.

#[cfg(not(lowkey_testing))]
compile_error!(
    "run cargo in fuzz/, where .cargo/config.toml sets `--cfg lowkey_testing`, or set it in RUSTFLAGS"
);

mod any;
mod boot_log;
mod both_headers;
mod c_abi;
mod channel;
mod handshake;
mod key_store;
mod keys;
mod label;
mod link;
mod mutation;
mod numbered;
mod page;
mod pair;
mod pairing;
mod peer;
mod primitives;
mod records;
mod residue;
pub mod seeds;

pub use boot_log::boot_log;
pub use both_headers::both_headers;
pub use c_abi::c_abi;
pub use channel::channel;
pub use handshake::handshake;
pub use key_store::key_store;
pub use label::label;
pub use link::link;
pub use numbered::numbered;
pub use page::page;
pub use pair::pair;
pub use pairing::pairing;
pub use primitives::primitives;
pub use records::records;

/// A target.
pub type Target = fn(&[u8]);

/// Every target, by name.
pub const TARGETS: [(&str, Target); 14] = [
    ("page", page),
    ("boot_log", boot_log),
    ("key_store", key_store),
    ("label", label),
    ("handshake", handshake),
    ("records", records),
    ("link", link),
    ("numbered", numbered),
    ("pair", pair),
    ("pairing", pairing),
    ("channel", channel),
    ("c_abi", c_abi),
    ("both_headers", both_headers),
    ("primitives", primitives),
];

/// Runs `target` over the files named on the command line.
///
/// # Errors
/// A file could not be read.
pub fn replay(target: Target) -> std::io::Result<()> {
    for path in std::env::args_os().skip(1) {
        let input = std::fs::read(&path)?;
        target(&input);
        println!("{}: {} bytes, nothing found", path.display(), input.len());
    }
    Ok(())
}
