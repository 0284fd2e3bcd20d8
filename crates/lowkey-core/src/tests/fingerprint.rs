//! The protocol, "Pairing" (§6): what people compare of a key.

use crate::Fingerprint;
use lowkey_crypto::PublicKey;
use std::string::ToString;

#[test]
fn pairing_a_fingerprint_is_what_another_implementation_makes_of_the_key() {
    // By Python's hashlib and base64, of the public keys of RFC 7748 §6.1.
    for (key, text) in [
        ("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a", "I42G-Q33D-T2HY-YA32-TLSL"),
        ("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f", "RP4O-I5AE-IRR6-LQXA-I7VO"),
    ] {
        let key: [u8; 32] = super::common::hex(key).try_into().unwrap();
        let fingerprint = Fingerprint::of(&PublicKey::new(key));
        assert_eq!((fingerprint.as_str(), &*fingerprint.to_string()), (text, text));
        // The unused bit is another spelling of the same key.
        let mut other = key;
        other[31] |= 0x80;
        assert_eq!(Fingerprint::of(&PublicKey::new(other)), fingerprint);
    }
}
