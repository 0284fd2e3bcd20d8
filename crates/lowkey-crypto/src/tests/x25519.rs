//! X25519: the vectors of RFC 7748, and what Noise §12.1 asks beyond it.

use std::format;

#[cfg(feature = "aws-lc")]
use super::AwsLc;
use super::{Body, Compact, Portable, Surface, array, on_every_body};
use crate::{PrivateKey, PublicKey, Secret};

on_every_body! {
    fn rfc7748_5_2_single_vectors<B>() {
        let shared = B::diffie_hellman(
            &array("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
            &array("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"),
        );
        assert_eq!(shared, array("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"));
        // The top bit of this coordinate is set, and ignored.
        let shared = B::diffie_hellman(
            &array("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d"),
            &array("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493"),
        );
        assert_eq!(shared, array("95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"));
    }

    fn rfc7748_5_2_iterated_once_and_1000_times<B>() {
        let once = array("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
        assert_eq!(iterated::<B>(1), once);
        let thousand = array("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
        assert_eq!(iterated::<B>(1_000), thousand);
    }

    #[ignore = "takes minutes"]
    fn rfc7748_5_2_iterated_1000000_times<B>() {
        let million = array("7c3911e0ab2586fd864497297e575e6f3bc601c0883c30df5f4dd2d24f665424");
        assert_eq!(iterated::<B>(1_000_000), million);
    }

    fn rfc7748_6_1_both_sides_agree<B>() {
        let alice = array("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
        let bob = array("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
        let alice_public = array("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
        let bob_public = array("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
        let shared = array("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
        assert_eq!(B::public_key(&alice), alice_public);
        assert_eq!(B::public_key(&bob), bob_public);
        assert_eq!(B::diffie_hellman(&alice, &bob_public), shared);
        assert_eq!(B::diffie_hellman(&bob, &alice_public), shared);
    }

    fn rfc7748_5_clamping_makes_five_bits_of_a_private_key_meaningless<B>() {
        let one = array("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
        let mut other = one;
        other[0] ^= 0b0000_0111;
        other[31] ^= 0b1100_0000;
        assert_eq!(B::public_key(&one), B::public_key(&other));
        assert_eq!(B::diffie_hellman(&one, &[0x55; 32]), B::diffie_hellman(&other, &[0x55; 32]));
    }

    fn noise_12_1_every_low_order_public_key_gives_zeros_and_no_error<B>() {
        let low_order = [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ];
        for public in low_order {
            let mut public = array(public);
            for top in [0, 0x80] {
                public[31] |= top;
                assert_eq!(B::diffie_hellman(&[0xa5; 32], &public), [0; 32]);
                assert!(PublicKey::new(public).is_low_order());
            }
        }
    }

    fn rfc7748_6_1_public_key_is_the_product_with_nine<B>() {
        let mut nine = [0; 32];
        nine[0] = 9;
        let mut secret = [0; 32];
        for _ in 0..32 {
            let public = B::public_key(&secret);
            assert_eq!(public, B::diffie_hellman(&secret, &nine));
            secret = public;
        }
    }
}

/// RFC 7748 §5.2: `k, u = X25519(k, u), k`, so many times, from `k = u = 9`.
fn iterated<B: Body>(times: u32) -> [u8; 32] {
    let mut k = [0; 32];
    k[0] = 9;
    let mut u = k;
    for _ in 0..times {
        (k, u) = (B::diffie_hellman(&k, &u), k);
    }
    k
}

#[test]
fn debug_of_a_private_key_prints_none_of_it_and_of_a_public_key_all() {
    let private = PrivateKey::new(&Secret::new([0xab; 32]));
    assert_eq!(format!("{private:?}"), "PrivateKey(..)");
    let public = PublicKey::new([0xab; 32]);
    assert_eq!(format!("{public:?}"), format!("PublicKey({})", "ab".repeat(32)));
}

#[test]
fn rfc7748_5_every_spelling_of_a_key_has_one_canonical_form() {
    let key = |low: u8, middle: u8, high: u8| {
        let mut bytes = [middle; 32];
        (bytes[0], bytes[31]) = (low, high);
        PublicKey::new(bytes)
    };
    for top in [0, 0x80] {
        assert_eq!(key(9, 0, top).canonical(), key(9, 0, 0));
        assert_eq!(key(0xab, 0xcd, 0x7e | top).canonical(), key(0xab, 0xcd, 0x7e));
        for above in 0..19 {
            assert_eq!(key(0xed + above, 0xff, 0x7f | top).canonical(), key(above, 0, 0)); // 2^255 - 19 + above
        }
        assert_eq!(key(0xec, 0xff, 0x7f | top).canonical(), key(0xec, 0xff, 0x7f)); // the largest there is
        assert_eq!(key(0xed, 0xfe, 0x7f | top).canonical(), key(0xed, 0xfe, 0x7f));
        let mut one_less = *key(0xff, 0xff, 0x7f | top).as_bytes();
        one_less[30] = 0xfe;
        assert_eq!(PublicKey::new(one_less).canonical().as_bytes()[..31], one_less[..31]);
    }
}

#[test]
fn a_public_key_compares_by_its_bytes() {
    let low = PublicKey::from([1; 32]);
    let high = PublicKey::new([2; 32]);
    assert!(low < high);
    assert_ne!(low, high);
    assert_eq!(low, PublicKey::new(*low.as_bytes()));
}
