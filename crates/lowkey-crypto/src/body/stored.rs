//! A key that is made ready at each use, of a body whose key is an object of another library.

use super::AeadKey;
use crate::forged::Forged;
use crate::key::{LAST_NONCE, StoredKey};
use crate::secret::Secret;
use crate::{NONCE_LEN, TAG_LEN};

pub(crate) fn seal(
    key: &StoredKey,
    nonce: &[u8; NONCE_LEN],
    ad: &[u8],
    text: &mut [u8],
    tag: &mut [u8; TAG_LEN],
) {
    *tag = AeadKey::new(key.secret()).seal_in_place(nonce, ad, text);
}

pub(crate) fn open(
    key: &StoredKey,
    nonce: &[u8; NONCE_LEN],
    ad: &[u8],
    text: &mut [u8],
    tag: &[u8; TAG_LEN],
) -> Result<(), Forged> {
    AeadKey::new(key.secret()).open_in_place(nonce, ad, text, tag)
}

pub(crate) fn rekey(key: &mut StoredKey) {
    let mut new = Secret::zeroed();
    let _ = AeadKey::new(key.secret()).seal_in_place(&LAST_NONCE, &[], new.expose_mut());
    *key.secret_mut().expose_mut() = *new.expose();
}
