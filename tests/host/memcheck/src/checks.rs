//! What is watched.

use crate::{Result, handshakes, planted, primitives, report::What};

/// Something to be run with its secrets marked.
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) run: fn() -> Result<()>,
    /// What must be reported, if this is a leak that was planted.
    pub(crate) planted: Option<What>,
}

const fn check(name: &'static str, run: fn() -> Result<()>) -> Check {
    Check { name, run, planted: None }
}

/// All of it.
pub(crate) const CHECKS: &[Check] = &[
    check("X25519", primitives::x25519),
    check("seal", primitives::seal),
    check("open", primitives::open),
    check("REKEY", primitives::rekeyed),
    check("BLAKE2s, plain and keyed", primitives::blake2s),
    check("HKDF", primitives::hkdf),
    check("compare secrets", primitives::compare),
    check("KK", handshakes::kk),
    check("KKpsk0", handshakes::kkpsk0),
    check("KK, a device", handshakes::device),
    check("KKpsk0, a device", handshakes::device_psk0),
    check("XX", handshakes::xx),
    check("XXpsk0", handshakes::xxpsk0),
    Check { name: "branch", run: planted::branch, planted: Some(What::Branch) },
    Check { name: "index", run: planted::index, planted: Some(What::Address) },
];
