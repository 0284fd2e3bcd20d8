//! The primitives of `lowkey-crypto`, with everything secret that ever is one.

use lowkey_crypto::{AeadKey, Blake2s, PrivateKey, PublicKey, Secret, TAG_LEN, hkdf as expand};

use crate::{
    Result,
    valgrind::{public, secret, secret_array},
};

/// Both functions; the peer's point is secret as well, which it need not be.
pub(crate) fn x25519() -> Result<()> {
    let private = PrivateKey::new(&Secret::new(secret_array(0x31)));
    let _ = private.public_key();
    let _ = private.diffie_hellman(&PublicKey::new(secret_array(0x9C)));
    Ok(())
}

/// Texts of several lengths, with and without associated data.
pub(crate) fn seal() -> Result<()> {
    for len in LENGTHS {
        let key = AeadKey::new(&Secret::new(secret_array(0x42)));
        let (mut ad, mut text) = (vec![0x11; len / 3], vec![0x77; len]);
        secret(&mut ad);
        secret(&mut text);
        let _ = key.seal_in_place(&[7; 12], &ad, &mut text);
    }
    Ok(())
}

/// The same, opened: as they were sealed, and forged. Only the verdict is public.
pub(crate) fn open() -> Result<()> {
    for len in LENGTHS {
        let value = Secret::new([0x42; 32]);
        let ad = vec![0x11; len / 3];
        let mut text = vec![0x77; len];
        let mut tag = AeadKey::new(&value).seal_in_place(&[7; 12], &ad, &mut text);
        for flip in [0, 0x80] {
            tag[TAG_LEN - 1] ^= flip;
            let mut record = [&text[..], &tag].concat();
            let key = AeadKey::new(&Secret::new(secret_array(0x42)));
            let opened = public(key.open_in_place(&[7; 12], &ad, &mut record).is_ok());
            if opened != (flip == 0) {
                return Err("the wrong verdict on a tag".into());
            }
        }
    }
    Ok(())
}

/// The next key, and its first use.
pub(crate) fn rekeyed() -> Result<()> {
    let mut key = AeadKey::new(&Secret::new(secret_array(0x42)));
    key.rekey();
    let _ = key.seal_in_place(&[7; 12], &[], &mut []);
    Ok(())
}

/// Messages in several pieces.
pub(crate) fn blake2s() -> Result<()> {
    for len in LENGTHS {
        let mut message = vec![0x77; len];
        secret(&mut message);
        for mut hash in [Blake2s::new(), Blake2s::keyed(&Secret::new(secret_array(0x42)))] {
            let (one, other) = message.split_at(len / 3);
            hash.update(one);
            hash.update(other);
            let _ = hash.finalize();
        }
    }
    Ok(())
}

/// Both numbers of outputs.
pub(crate) fn hkdf() -> Result<()> {
    let ck = Secret::new(secret_array(0x42));
    for len in [0, 32] {
        let mut material = vec![0x77; len];
        secret(&mut material);
        let _ = expand::<2>(&ck, &material);
        let _ = expand::<3>(&ck, &material);
    }
    Ok(())
}

/// `Secret`'s own questions; only the answers are public.
pub(crate) fn compare() -> Result<()> {
    let (one, other) = (Secret::<32>::new(secret_array(1)), Secret::new(secret_array(2)));
    let answers = [one.ct_eq(&other), one.ct_eq(&one), one.is_zero()].map(public);
    if answers == [false, true, false] { Ok(()) } else { Err("the wrong answer".into()) }
}

/// Around the blocks of Poly1305, ChaCha20 and BLAKE2s.
const LENGTHS: [usize; 7] = [0, 1, 16, 63, 64, 130, 300];
