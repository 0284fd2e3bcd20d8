//! Primitives of RustCrypto and dalek, on their own.

use core::hint::black_box;

use chacha20poly1305::{AeadInOut, ChaCha20Poly1305, KeyInit};
use cortex_m3_bench::{
    LENGTHS, ROOM,
    bench::{Bench, fail},
    fixed::{DEVICE, PSK, SERVER},
};
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519 as multiply};

/// x25519-dalek, without tables.
pub(crate) fn x25519(bench: &mut Bench) {
    let (ours, theirs) = (black_box(DEVICE), black_box(SERVER));
    let public = bench.row(&["x25519-dalek.public-key"], || multiply(theirs, X25519_BASEPOINT_BYTES));
    let shared = bench.row(&["x25519-dalek.diffie-hellman"], || multiply(ours, public));
    bench.result(&public);
    bench.result(&shared);
}

/// chacha20poly1305, sealing without associated data.
pub(crate) fn aead(bench: &mut Bench) {
    let key = ChaCha20Poly1305::new(&black_box(PSK).into());
    let nonce = black_box([7; 12]).into();
    let mut room = [0x77; ROOM];
    for (length, name) in LENGTHS {
        let text = &mut room[..length];
        let sealed = bench.row(&["chacha20poly1305.seal-", name], || {
            key.encrypt_inout_detached(&nonce, &[], (&mut *text).into())
        });
        let Ok(tag) = sealed else { fail("chacha20poly1305 refused") };
        bench.result(text);
        bench.result(&tag);
    }
}
