//! Noise's HKDF, against Python's `hmac` and `hashlib.blake2s`.

use super::{array, counting};
use crate::{Derivation, Secret, derive, hkdf};

/// Chaining key 00 01 … 1f; the first two outputs are the same with two and with three.
#[test]
fn noise_4_3_hkdf_known_answers() {
    let of_nothing = [
        "7a38c34bf2b8738d7374ca77c44ecb309a11d2b2528304fa86052c365e722624",
        "1a17621f346abdc520746a9fb64d8eb03231d674fc15687537b0780fd9c060fd",
        "4eaf02809ac4b930ef63479de62275f1c55656e61f78a3cc653c18a2223d6c5f",
    ];
    let of_32_bytes = [
        "6a96444e20e8d4c1cee974416acae1c10b3c92886010e54ed94dafb2c3b80ea0",
        "57af120b0de7acbe7907ec149c5ae870a2dbb74232b65777ba4123f1f7f888f5",
        "0926c7caabb6e8d73beda759e6f4f0d324ce5b5000bcf8cd784b26db3049faa9",
    ];
    let of_200_bytes = [
        "11a6bc550022d9c8b365ef5ae6df7ae4774ba11bf600c378e482d12895db843a",
        "32ff02991e057d47314ea3b1962a504d3173c985bb66982a7d07b11219d182cb",
        "0245571c20695c98f36f4f6e3bdc3829f9c7e1c9f94e429df94ee9088031a761",
    ];
    check(&[], of_nothing);
    check(&counting::<64>()[32..], of_32_bytes);
    check(&[0xaa; 200], of_200_bytes);
}

fn check(ikm: &[u8], expected: [&str; 3]) {
    let expected = expected.map(array);
    let ck = Secret::new(counting());
    assert_eq!(hkdf::<3>(&ck, ikm).map(|output| *output.expose()), expected);
    assert_eq!(hkdf::<2>(&ck, ikm).map(|output| *output.expose()), expected[..2]);

    if let Ok(ikm) = <[u8; 32]>::try_from(ikm) {
        let (mut ck, mut k, mut temp_h) = (ck.duplicate(), Secret::new(ikm), Secret::zeroed());
        derive(&mut ck, &mut k, Derivation::MixKeyAndHash(&mut temp_h));
        assert_eq!([ck, temp_h, k].map(|output| *output.expose()), expected);
    }
    let (mut ck, mut k) = (ck.duplicate(), Secret::new([7; 32]));
    let derivation = match ikm.try_into() {
        Ok(ikm) => {
            k = Secret::new(ikm);
            Derivation::MixKey
        }
        Err(_) if ikm.is_empty() => Derivation::Split,
        Err(_) => return,
    };
    derive(&mut ck, &mut k, derivation);
    assert_eq!([ck, k].map(|output| *output.expose()), expected[..2]);
}
