//! Published vectors, on the public surface: on this target that is the compact body with its assembly.

use lowkey_crypto::{AeadKey, Blake2s, PrivateKey, PublicKey, Secret, TAG_LEN};

use crate::{
    Verdict,
    case::{Hashed, Sealed},
};

pub(crate) fn x25519([private, public, shared]: &[&[u8; 32]; 3]) -> Verdict {
    let private = PrivateKey::new(&Secret::new(**private));
    let computed = private.diffie_hellman(&PublicKey::new(**public));
    same(computed.expose(), *shared, "another shared secret")?;
    if public[..] == NINE {
        same(private.public_key().as_bytes(), *shared, "another public key")?;
    }
    Ok(())
}

/// RFC 7748 §5.2: `k, u = X25519(k, u), k`, from `k = u = 9`.
pub(crate) fn iterated((times, expected): &(u16, &[u8; 32])) -> Verdict {
    let (mut k, mut u) = (NINE, NINE);
    for _ in 0..*times {
        let shared = PrivateKey::new(&Secret::new(k)).diffie_hellman(&PublicKey::new(u));
        (k, u) = (*shared.expose(), k);
    }
    same(&k, *expected, "another result")
}

pub(crate) fn aead(case: &Sealed<'_>) -> Verdict {
    let key = AeadKey::new(&Secret::new(*case.key));
    let mut room = [0; LONGEST];
    let text = room.get_mut(..case.sealed.len()).ok_or("no room")?;
    text.copy_from_slice(case.sealed);
    let opened = key.open_in_place(case.nonce, case.ad, text);
    let Some(plain) = case.plain else {
        return if opened.is_err() { Ok(()) } else { Err("a forged text has opened") };
    };
    if opened.is_err() {
        return Err("does not open");
    }
    let (text, tag) = text.split_last_chunk_mut::<TAG_LEN>().ok_or("no tag")?;
    same(text, plain, "another plaintext")?;
    *tag = key.seal_in_place(case.nonce, case.ad, text);
    same(&room[..case.sealed.len()], case.sealed, "sealed in another way")
}

pub(crate) fn hash(case: &Hashed<'_>) -> Verdict {
    let mut hash = case.key.map_or_else(Blake2s::new, |key| Blake2s::keyed(&Secret::new(*key)));
    hash.update(case.message);
    same(&hash.finalize(), case.hash, "another hash")
}

fn same(computed: &[u8], expected: &[u8], otherwise: &'static str) -> Verdict {
    if computed == expected { Ok(()) } else { Err(otherwise) }
}

const NINE: [u8; 32] = {
    let mut nine = [0; 32];
    nine[0] = 9;
    nine
};
/// The longest text with its tag, in bytes.
const LONGEST: usize = 1_024;
