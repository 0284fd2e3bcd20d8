//! The primitives, each on its own, through the surface of lowkey-crypto.

use core::hint::black_box;

use cortex_m3_bench::{
    LENGTHS, ROOM,
    bench::{Bench, fail},
    fixed::{DEVICE, PSK, SERVER},
};
use lowkey_crypto::{AeadKey, Blake2s, PrivateKey, PublicKey, Secret, hkdf};

/// One multiplication of the base point, one of any other.
pub(crate) fn x25519(bench: &mut Bench) {
    let ours = PrivateKey::new(&Secret::new(black_box(DEVICE)));
    let theirs = PrivateKey::new(&Secret::new(black_box(SERVER)));
    let public: PublicKey = bench.row(&["x25519.public-key"], || theirs.public_key());
    let shared = bench.row(&["x25519.diffie-hellman"], || ours.diffie_hellman(&public));
    bench.result(public.as_bytes());
    bench.result(shared.expose());
}

/// Seals and opens without associated data, as records are.
pub(crate) fn aead(bench: &mut Bench) {
    let key = AeadKey::new(&Secret::new(black_box(PSK)));
    let nonce = black_box([7; 12]);
    let mut room = [0x77; ROOM];
    for (length, name) in LENGTHS {
        let Some((text, rest)) = room.split_at_mut_checked(length) else { return };
        let tag = bench.row(&["aead.seal-", name], || key.seal_in_place(&nonce, &[], text));
        bench.result(text);
        bench.result(&tag);
        rest[..tag.len()].copy_from_slice(&tag);
        let sealed = &mut room[..length + tag.len()];
        if bench.row(&["aead.open-", name], || key.open_in_place(&nonce, &[], sealed)).is_err() {
            fail("a sealed text does not open");
        }
        bench.result(&room[..length]);
    }
}

/// One compression, sixteen of them, and a step of the key schedule.
pub(crate) fn blake2s(bench: &mut Bench) {
    let text = black_box([0x66; 1_024]);
    for (name, bytes) in [("blake2s.64", &text[..64]), ("blake2s.1024", &text[..])] {
        let hash = bench.row(&[name], || {
            let mut hash = Blake2s::new();
            hash.update(bytes);
            hash.finalize()
        });
        bench.result(&hash);
    }
    let ck = Secret::new(black_box(DEVICE));
    let [first, second] = bench.row(&["blake2s.hkdf"], || hkdf::<2>(&ck, &text[..32]));
    bench.result(first.expose());
    bench.result(second.expose());
}
