//! What a [`Secret`] and the types made of secrets promise about themselves.

use core::mem::{needs_drop, size_of};
use std::format;

use zeroize::ZeroizeOnDrop;

use crate::{AeadKey, Blake2s, PrivateKey, PublicKey, Secret};

#[test]
fn debug_shows_no_byte() {
    assert_eq!(format!("{:?}", Secret::new([0xee; 32])), "Secret(..)");
    assert_eq!(format!("{:#x?}", Secret::new([0xee; 32])), "Secret(..)");
}

#[test]
fn take_wipes_its_source() {
    let mut bytes = [7; 32];
    let secret = Secret::take(&mut bytes);
    assert_eq!(bytes, [0; 32]);
    assert_eq!(secret.expose(), &[7; 32]);
}

#[test]
fn duplicate_is_equal_and_apart() {
    let secret = Secret::new([7; 32]);
    let mut copy = secret.duplicate();
    assert!(copy.ct_eq(&secret));
    copy.expose_mut()[31] ^= 0x80;
    assert!(!copy.ct_eq(&secret));
    assert_eq!(secret.expose(), &[7; 32]);
}

#[test]
fn one_bit_anywhere_is_seen_by_is_zero_and_ct_eq() {
    let zeros = Secret::<32>::zeroed();
    assert!(zeros.is_zero());
    for bit in 0..256 {
        let mut other = Secret::<32>::zeroed();
        other.expose_mut()[bit / 8] |= 1 << (bit % 8);
        assert!(!other.is_zero());
        assert!(!other.ct_eq(&zeros));
    }
}

#[test]
fn blank_is_all_zeros_or_all_ones_and_one_bit_anywhere_is_seen() {
    for blank in [0x00, 0xff] {
        assert!(Secret::new([blank; 32]).is_blank());
        for bit in 0..256 {
            let mut other = Secret::new([blank; 32]);
            other.expose_mut()[bit / 8] ^= 1 << (bit % 8);
            assert!(!other.is_blank(), "{blank:02x} but for bit {bit}");
        }
    }
    for byte in 1..0xff {
        assert!(!Secret::new([byte; 32]).is_blank(), "{byte:02x}");
    }
}

/// A destructor cannot be watched without `unsafe`; that it is there, and wipes, can be asked of the types.
#[test]
fn what_holds_a_secret_has_a_destructor_that_wipes() {
    fn wiped_by_its_crate<T: ZeroizeOnDrop>() {}
    wiped_by_its_crate::<chacha20poly1305::ChaCha20Poly1305>();
    wiped_by_its_crate::<blake2::Blake2sVarCore>();
    wiped_by_its_crate::<blake2::digest::block_api::Buffer<blake2::Blake2sVarCore>>();
    assert!(needs_drop::<Secret<32>>());
    assert!(needs_drop::<PrivateKey>());
    assert!(needs_drop::<AeadKey>());
    assert!(needs_drop::<Blake2s>());
}

#[test]
fn a_secret_is_no_larger_than_its_bytes() {
    assert_eq!(size_of::<Secret<32>>(), 32);
    assert_eq!(size_of::<PublicKey>(), 32);
    if cfg!(any(not(feature = "aws-lc"), lowkey_backend = "portable")) {
        assert_eq!(size_of::<PrivateKey>(), 32);
        assert_eq!(size_of::<AeadKey>(), 32);
    }
}

#[test]
fn keys_can_be_used_from_several_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Secret<32>>();
    shared::<PrivateKey>();
    shared::<AeadKey>();
    shared::<Blake2s>();
}

/// Fails to compile when one of the types has one of the traits: the call is then ambiguous.
macro_rules! lacks {
    ($type:ty: $($lacking:path),+) => {$(
        const _: fn() = || {
            trait Ambiguous<A> {
                fn call() {}
            }
            impl<T: ?Sized> Ambiguous<()> for T {}
            impl<T: ?Sized + $lacking> Ambiguous<u8> for T {}
            let _ = <$type as Ambiguous<_>>::call;
        };
    )+};
}
lacks!(Secret<32>: Clone, Copy, PartialEq, AsRef<[u8]>, core::ops::Deref, core::fmt::Display);
lacks!(PrivateKey: Clone, Copy, PartialEq);
lacks!(AeadKey: Clone, Copy, PartialEq);
lacks!(Blake2s: Copy, PartialEq);
