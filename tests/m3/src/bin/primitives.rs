//! The primitives of `lowkey-crypto`, each as a function that the model calls, times and traces.
//!
//! Everything is given by address, so that calls with different secrets differ in nothing else.
#![no_std]
#![no_main]
#![allow(unsafe_code)] // names that the linker must keep, and buffers whose length comes beside them

use core::{hint::black_box, panic::PanicInfo, slice};

use cortex_m_rt::entry;
use lowkey_crypto::{AeadKey, Blake2s, Derivation, PrivateKey, PublicKey, Secret, TAG_LEN, derive};

#[entry]
fn main() -> ! {
    // Mentioned so that the linker keeps them: nothing else in the program calls them.
    black_box([public_key as *const (), diffie_hellman as _, seal as _, open as _, rekeyed as _]);
    black_box([plain as *const (), keyed as _, mix_key_and_hash as _, split as _, compare as _]);
    loop {
        core::hint::spin_loop();
    }
}

/// Bytes at an address, as many as the caller says.
#[repr(C)]
#[derive(Clone, Copy)]
struct Bytes {
    at: *mut u8,
    len: usize,
}

impl Bytes {
    fn get<'b>(self) -> &'b mut [u8] {
        // SAFETY: the model gives addresses of RAM of its own choice, behind the statics and below the stack, and
        // no two that overlap.
        unsafe { slice::from_raw_parts_mut(self.at, self.len) }
    }
}

/// `X25519(private, 9)`.
// SAFETY: no other function has this name; nor have any of those below.
#[unsafe(no_mangle)]
extern "C" fn public_key(private: &Secret<32>, out: &mut [u8; 32]) {
    PrivateKey::new(private).public_key_into(out);
}

/// `X25519(private, public)`.
#[unsafe(no_mangle)]
extern "C" fn diffie_hellman(private: &Secret<32>, public: &PublicKey, out: &mut Secret<32>) {
    PrivateKey::new(private).diffie_hellman_into(public, out);
}

/// Seals `text` in place; the tag goes behind it.
#[unsafe(no_mangle)]
extern "C" fn seal(key: &Secret<32>, nonce: &[u8; 12], ad: &Bytes, text: &Bytes) {
    let Some((text, tag)) = text.get().split_last_chunk_mut::<TAG_LEN>() else { return };
    let sealed = AeadKey::new(key).seal_in_place(nonce, ad.get(), text);
    tag.iter_mut().zip(sealed).for_each(|(to, from)| *to = from); // at any alignment, and not by memcpy
}

/// Opens what `seal` left, in place; whether it was forged.
#[unsafe(no_mangle)]
extern "C" fn open(key: &Secret<32>, nonce: &[u8; 12], ad: &Bytes, text: &Bytes) -> u32 {
    u32::from(AeadKey::new(key).open_in_place(nonce, ad.get(), text.get()).is_err())
}

/// `REKEY(key)`, and a tag under the new key, to see that it is the right one.
#[unsafe(no_mangle)]
extern "C" fn rekeyed(key: &Secret<32>, nonce: &[u8; 12], tag: &mut [u8; TAG_LEN]) {
    let mut key = AeadKey::new(key);
    key.rekey();
    *tag = key.seal_in_place(nonce, &[], &mut []);
}

/// BLAKE2s-256.
#[unsafe(no_mangle)]
extern "C" fn plain(message: &Bytes, out: &mut [u8; 32]) {
    Blake2s::hash(&[message.get()], out);
}

/// Keyed BLAKE2s-256.
#[unsafe(no_mangle)]
extern "C" fn keyed(key: &Secret<32>, message: &Bytes, out: &mut [u8; 32]) {
    Blake2s::mac(key, &[message.get()], out);
}

/// Noise's HKDF where its input and outputs lie, as a handshake has it: `MixKeyAndHash`, with three outputs.
#[unsafe(no_mangle)]
extern "C" fn mix_key_and_hash(ck: &mut Secret<32>, k: &mut Secret<32>, temp_h: &mut Secret<32>) {
    derive(ck, k, Derivation::MixKeyAndHash(temp_h));
}

/// The same with two outputs and nothing in: `Split`.
#[unsafe(no_mangle)]
extern "C" fn split(ck: &mut Secret<32>, k: &mut Secret<32>) {
    derive(ck, k, Derivation::Split);
}

/// `Secret`'s two questions: equal to another, and zero.
#[unsafe(no_mangle)]
extern "C" fn compare(one: &Secret<32>, other: &Secret<32>) -> u32 {
    u32::from(one.ct_eq(other)) << 1 | u32::from(one.is_zero())
}

#[panic_handler]
fn panicked(_: &PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
