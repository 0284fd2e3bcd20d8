//! What the device and the host both compute, to compare digests of it.

use lowkey_crypto::{AeadKey, Blake2s, PrivateKey, PublicKey, Secret, hkdf};

/// How many functions there are.
pub const FUNCTIONS: u16 = 7;

/// Gives everything that function number `function` makes of inputs of every length, `alignment` bytes behind an
/// address that is a multiple of four, to `result`.
pub fn of(function: u16, alignment: usize, mut result: impl FnMut(&[u8])) {
    let mut memory = Memory([0; 160]);
    let place = &mut memory.0[alignment..];
    if function == 0 {
        // Arrays have no length, but they can lie anywhere.
        place.iter_mut().enumerate().for_each(|(i, byte)| *byte = (i * 7 + 1) as u8);
        if let ([secret, public, ..], _) = place.as_chunks() {
            let private = PrivateKey::new(&Secret::new(*secret));
            result(private.public_key().as_bytes());
            result(private.diffie_hellman(&PublicKey::new(*public)).expose());
        }
        return;
    }
    for len in 0..=LONGEST {
        place.iter_mut().enumerate().for_each(|(i, byte)| *byte = (i * 31 + len) as u8);
        let input = &mut place[..len];
        let key = AeadKey::new(&Secret::new([len as u8; 32]));
        match function {
            // The text, the associated data.
            1 => {
                let tag = key.seal_in_place(&[1; 12], b"data", input);
                result(input);
                result(&tag);
            }
            2 => {
                let mut text = [0x5A; 17];
                result(&key.seal_in_place(&[2; 12], input, &mut text));
                result(&text);
            }
            // What was sealed, with its tag, and then one bit of it wrong.
            3 => {
                let tag = key.seal_in_place(&[3; 12], b"data", input);
                let record = &mut place[..len + tag.len()];
                record[len..].copy_from_slice(&tag);
                record[len / 2] ^= 4;
                result(&[u8::from(key.open_in_place(&[3; 12], b"data", record).is_err())]);
                // Nothing is decrypted that is forged.
                record[len / 2] ^= 4;
                result(&[u8::from(key.open_in_place(&[3; 12], b"data", record).is_ok())]);
                result(&record[..len]);
            }
            // In one piece and in two.
            4 => {
                for cut in [0, len / 2] {
                    let mut hash = Blake2s::new();
                    let (one, other) = input.split_at(cut);
                    hash.update(one);
                    hash.update(other);
                    result(&hash.finalize());
                }
            }
            5 => {
                let mut hash = Blake2s::keyed(&Secret::new([len as u8; 32]));
                hash.update(input);
                result(&hash.finalize());
            }
            _ => hkdf::<3>(&Secret::new([len as u8; 32]), input).iter().for_each(|out| result(out.expose())),
        }
    }
}

#[repr(align(4))]
struct Memory([u8; 160]);

/// Two blocks of BLAKE2s and a little more.
const LONGEST: usize = 130;
