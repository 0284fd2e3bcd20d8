//! What a side of a recorded connection is given: its keys, its randomness, and the peer's half.
//!
//! The model's side of this is `tests/host/traces`.

/// Keys, randomness and the recorded peer, as the host puts them into the device's memory.
///
/// All of it is secret but the id, the peer's public key, `ours` and what has been received.
#[repr(C)]
pub struct Script {
    /// The mode's number in a hello, 1 to 4.
    pub mode: u32,
    /// 0: the initiator, 1: the responder.
    pub role: u32,
    /// Our static private key.
    pub private: [u8; 32],
    /// Its public half.
    pub ours: [u8; 32],
    /// The peer's static public key.
    pub theirs: [u8; 32],
    /// The Diffie-Hellman of the two.
    pub shared: [u8; 32],
    /// The pre-shared key.
    pub psk: [u8; 32],
    /// The hedge secret.
    pub hedge: [u8; 32],
    /// The stored seed, in place of an entropy source.
    pub seed: [u8; 32],
    /// The message to send once the channel is open.
    pub message: [u8; MESSAGE],
    /// How many bytes of `received` the peer sends.
    pub received_len: u32,
    /// What the peer sends, from the first byte of its stream to its CLOSE.
    pub received: [u8; STREAM],
}

/// What a side has sent.
#[repr(C)]
pub struct Sent {
    /// How many bytes of `bytes` that is.
    pub len: u32,
    /// The stream.
    pub bytes: [u8; STREAM],
}

/// The pinning's id.
pub const ID: &[u8; 8] = b"m3-tests";
/// Length of the message that goes each way, in bytes.
pub const MESSAGE: usize = 64;
/// The longest stream, in bytes.
pub const STREAM: usize = 512;
