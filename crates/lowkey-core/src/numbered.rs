//! Names of numbered messages (protocol §7): which run a number is of, and what a message was.

mod queue;
mod retained;

pub use queue::{FRONT, Memory, NoRoom, Queue, Waiting};

pub use retained::{Retained, Span};

use core::fmt;
use lowkey_crypto::{Blake2s, PublicKey, Secret};

/// What the numbers of one side's messages are of: they rise for as long as it is the same. 8 bytes, public.
///
/// A device makes it of what is made anew with its boot log and its keys, so that a log that begins again, or a new
/// key, begins a new run.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId([u8; Self::LEN]);

impl RunId {
    /// Length in bytes.
    pub const LEN: usize = 8;

    /// These bytes: random ones, drawn when the counter of boots was made.
    pub const fn new(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The run of a device whose hedge secret was made with its boot log, as on a [key page](crate::page): the first 8
    /// bytes of BLAKE2s(hedge secret, `"lowkey numbers"` ‖ static public key). Who erases the log makes a new hedge
    /// secret, and so begins a new run.
    pub fn of_hedge(hedge: &Secret<32>, public_key: &PublicKey) -> Self {
        let mut mac = [0; 32]; // none of it is a secret, and none of it tells of one
        Blake2s::mac(hedge, &[LABEL, public_key.as_bytes()], &mut mac);
        Self(mac.first_chunk().copied().unwrap_or_default())
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Length of a [`message_digest`], in bytes.
pub const DIGEST_LEN: usize = 8;

/// What a numbered message was, in 8 bytes: the first of BLAKE2s-256(`"lowkey message"` ‖ number ‖ message). The
/// message is in `parts`, one behind the other.
pub fn message_digest(number: u64, parts: [&[u8]; 2]) -> [u8; DIGEST_LEN] {
    let [front, back] = parts;
    digest(&[MESSAGE, &number.to_be_bytes(), front, back])
}

fn digest(parts: &[&[u8]]) -> [u8; DIGEST_LEN] {
    let mut hash = [0; 32];
    Blake2s::hash(parts, &mut hash);
    hash.first_chunk().copied().unwrap_or_default()
}

const MESSAGE: &[u8] = b"lowkey message";
const LABEL: &[u8] = b"lowkey numbers";
