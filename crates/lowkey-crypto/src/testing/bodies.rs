//! The bodies, each as a type of its own, whichever of them stands behind the surface.

use crate::forged::Forged;
use crate::secret::Secret;
use crate::{HASH_LEN, KEY_LEN, NONCE_LEN, TAG_LEN, body};

type Key = [u8; KEY_LEN];
type Nonce = [u8; NONCE_LEN];
type Tag = [u8; TAG_LEN];
type Hash = [u8; HASH_LEN];

/// What a body does, byte for byte; the surface does it too.
pub trait Body {
    /// `X25519(secret, 9)`.
    fn public_key(secret: &Key) -> Key;
    /// `X25519(secret, public)`.
    fn diffie_hellman(secret: &Key, public: &Key) -> Key;
    /// Encrypts `text` where it lies and returns its tag.
    fn seal(key: &Key, nonce: &Nonce, ad: &[u8], text: &mut [u8]) -> Tag;
    /// Decrypts `text` where it lies.
    ///
    /// # Errors
    /// [`Forged`]: the tag is another's; `text` is as it was.
    fn open(key: &Key, nonce: &Nonce, ad: &[u8], text: &mut [u8], tag: &Tag) -> Result<(), Forged>;
}

macro_rules! body {
    ($(#[$doc:meta])* $name:ident, $module:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl Body for $name {
            fn public_key(secret: &Key) -> Key {
                let mut public = [0; KEY_LEN];
                body::$module::PrivateKey::new(&Secret::new(*secret)).public_key(&mut public);
                public
            }

            fn diffie_hellman(secret: &Key, public: &Key) -> Key {
                let mut shared = Secret::zeroed();
                body::$module::PrivateKey::new(&Secret::new(*secret)).diffie_hellman(public, &mut shared);
                *shared.expose()
            }

            fn seal(key: &Key, nonce: &Nonce, ad: &[u8], text: &mut [u8]) -> Tag {
                body::$module::AeadKey::new(&Secret::new(*key)).seal_in_place(nonce, ad, text)
            }

            fn open(key: &Key, nonce: &Nonce, ad: &[u8], text: &mut [u8], tag: &Tag) -> Result<(), Forged> {
                body::$module::AeadKey::new(&Secret::new(*key)).open_in_place(nonce, ad, text, tag)
            }
        }

        impl $name {
            /// The hash of `pieces`, one behind the other; as a MAC under a key and a pad, as `body` says.
            pub fn hash(mac: Option<(&Key, u8)>, pieces: &[&[u8]]) -> Hash {
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
