//! Names of numbered messages (protocol §7), made once more by Pythons hashlib.

use crate::numbered::{RunId, message_digest};
use lowkey_crypto::{PublicKey, Secret};
use std::format;

/// `blake2s(b"lowkey message" + (7 << 32 | 1).to_bytes(8, "big") + b"21.5 C").digest()[:8]`
#[test]
fn numbered_7_the_digest_is_that_of_the_page_however_the_message_lies() {
    let number = 7 << 32 | 1;
    let text = b"21.5 C";
    for at in 0..=text.len() {
        let (front, back) = text.split_at(at);
        assert_eq!(message_digest(number, [front, back]), [0xa, 0xa0, 0xd4, 0x49, 0xe, 0xd9, 0x84, 0x1c]);
    }
    assert_ne!(message_digest(number, [text, b"."]), message_digest(number, [text, b""]));
    assert_ne!(message_digest(number + 1, [text, b""]), message_digest(number, [text, b""]));
}

/// `blake2s(b"lowkey numbers" + public, key=hedge).digest()[:8]`
#[test]
fn numbered_7_a_new_hedge_secret_and_a_new_key_are_a_new_run() {
    let run = |hedge, key| RunId::of_hedge(&Secret::new([hedge; 32]), &PublicKey::new([key; 32]));
    assert_eq!(format!("{:?}", run(9, 0x22)), "51b18d63c6d06e65");
    assert_ne!(run(8, 0x22), run(9, 0x22));
    assert_ne!(run(9, 0x23), run(9, 0x22));
}
