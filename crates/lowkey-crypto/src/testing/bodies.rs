//! The bodies, each as a type of its own, whichever of them stands behind the surface.

use crate::forged::Forged;
use crate::secret::Secret;
use crate::{HASH_LEN, KEY_LEN, NONCE_LEN, TAG_LEN, body};

/// What a body does, byte for byte; the surface does it too.
pub trait Body {
    /// `X25519(secret, 9)`.
    fn public_key(secret: &[u8; KEY_LEN]) -> [u8; KEY_LEN];
    /// `X25519(secret, public)`.
    fn diffie_hellman(secret: &[u8; KEY_LEN], public: &[u8; KEY_LEN]) -> [u8; KEY_LEN];
    /// Encrypts `text` where it lies and returns its tag.
    fn seal(key: &[u8; KEY_LEN], nonce: &[u8; NONCE_LEN], ad: &[u8], text: &mut [u8]) -> [u8; TAG_LEN];
    /// Decrypts `text` where it lies.
    ///
    /// # Errors
    /// [`Forged`]: the tag is another's; `text` is as it was.
    fn open(
        key: &[u8; KEY_LEN],
        nonce: &[u8; NONCE_LEN],
        ad: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), Forged>;
}

macro_rules! body {
    ($(#[$doc:meta])* $name:ident, $module:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl Body for $name {
            fn public_key(secret: &[u8; KEY_LEN]) -> [u8; KEY_LEN] {
                let mut public = [0; KEY_LEN];
                body::$module::PrivateKey::new(&Secret::new(*secret)).public_key(&mut public);
                public
            }

            fn diffie_hellman(secret: &[u8; KEY_LEN], public: &[u8; KEY_LEN]) -> [u8; KEY_LEN] {
                let mut shared = Secret::zeroed();
                body::$module::PrivateKey::new(&Secret::new(*secret)).diffie_hellman(public, &mut shared);
                *shared.expose()
            }

            fn seal(
                key: &[u8; KEY_LEN],
                nonce: &[u8; NONCE_LEN],
                ad: &[u8],
                text: &mut [u8],
            ) -> [u8; TAG_LEN] {
                body::$module::AeadKey::new(&Secret::new(*key)).seal_in_place(nonce, ad, text)
            }

            fn open(
                key: &[u8; KEY_LEN],
                nonce: &[u8; NONCE_LEN],
                ad: &[u8],
                text: &mut [u8],
                tag: &[u8; TAG_LEN],
            ) -> Result<(), Forged> {
                body::$module::AeadKey::new(&Secret::new(*key)).open_in_place(nonce, ad, text, tag)
            }
        }

        impl $name {
            /// The hash of `pieces`, one behind the other; as a MAC under a key and a pad, as `body` says.
            pub fn hash(mac: Option<(&[u8; KEY_LEN], u8)>, pieces: &[&[u8]]) -> [u8; HASH_LEN] {
                let (mut state, mut hash) = (body::$module::Blake2s::new(), [0; HASH_LEN]);
                if let Some((key, pad)) = mac {
                    state.begin_with(&Secret::new(*key), pad);
                }
                pieces.iter().for_each(|piece| state.update(piece));
                state.finalize_into(&mut hash);
                hash
            }
        }
    };
}

body!(
    /// The compact body: assembly where the target has it, otherwise Rust.
    Compact,
    compact
);
body!(
    /// The portable body.
    Portable,
    portable
);
#[cfg(feature = "aws-lc")]
body!(
    /// The body of aws-lc-rs.
    AwsLc,
    aws_lc
);
