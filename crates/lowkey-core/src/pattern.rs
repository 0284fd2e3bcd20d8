//! Handshake patterns as Noise writes them (§7): tables of tokens, read by one engine.

use lowkey_crypto::HASH_LEN;

/// One token of a message pattern (§7.1, §9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// The static public key, sealed as soon as there is a key. It is the first, since no message ends with it: bytes
    /// that end with a zero are a string to a linker, which keeps it together with all others that the library has.
    S,
    /// A fresh ephemeral public key.
    E,
    /// DH of both ephemerals.
    Ee,
    /// DH of the initiator's ephemeral and the responder's static key.
    Es,
    /// DH of the initiator's static key and the responder's ephemeral.
    Se,
    /// DH of both static keys.
    Ss,
    /// The pre-shared key.
    Psk,
}

/// Which static keys are known before message 1 (the pre-messages, §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) initiator: bool,
    pub(crate) responder: bool,
}

/// A handshake pattern.
pub(crate) struct Pattern {
    /// The hash of its full protocol name (§8), which has more than 32 bytes.
    pub(crate) h: &'static [u8; HASH_LEN],
    pub(crate) known: Known,
    pub(crate) messages: &'static [&'static [Token]],
}

use Token::{E, Ee, Es, Psk, S, Se, Ss};

pub(crate) const BOTH: Known = Known { initiator: true, responder: true };
pub(crate) const NEITHER: Known = Known { initiator: false, responder: false };

pub(crate) static KK: Pattern = Pattern { h: &H_OF_KK, known: BOTH, messages: &[&[E, Es, Ss], &[E, Ee, Se]] };

pub(crate) static KKPSK0: Pattern =
    Pattern { h: &H_OF_KKPSK0, known: BOTH, messages: &[&[Psk, E, Es, Ss], &[E, Ee, Se]] };

pub(crate) static XX: Pattern =
    Pattern { h: &H_OF_XX, known: NEITHER, messages: &[&[E], &[E, Ee, S, Es], &[S, Se]] };

pub(crate) static XXPSK0: Pattern =
    Pattern { h: &H_OF_XXPSK0, known: NEITHER, messages: &[&[Psk, E], &[E, Ee, S, Es], &[S, Se]] };

/// What `InitializeSymmetric` (§5.2) makes of the protocol names.
pub(crate) static H_OF_KK: [u8; HASH_LEN] = [
    0x72, 0x1f, 0x5c, 0x9c, 0x77, 0x0d, 0x76, 0x22, 0xa8, 0x79, 0x63, 0x0f, 0x6c, 0x47, 0x4e, 0x91, 0xe1,
    0x6a, 0x75, 0x37, 0x17, 0x46, 0xc8, 0xbb, 0xae, 0x78, 0xbe, 0xc0, 0xeb, 0xe7, 0xae, 0x11,
];
pub(crate) static H_OF_KKPSK0: [u8; HASH_LEN] = [
    0x78, 0x40, 0x6a, 0xec, 0xb2, 0x97, 0xcd, 0xbc, 0xf2, 0xd2, 0x83, 0xc8, 0xfe, 0xbf, 0x7b, 0x3f, 0x58,
    0x8d, 0x53, 0x20, 0x15, 0xe0, 0x7d, 0xbd, 0xef, 0xd4, 0x7b, 0xb2, 0xb7, 0xce, 0x3e, 0xbc,
];
pub(crate) static H_OF_XX: [u8; HASH_LEN] = [
    0x1c, 0xee, 0xdd, 0x81, 0xc5, 0xf4, 0x58, 0xb2, 0x25, 0x92, 0x3d, 0xc2, 0x50, 0x77, 0x87, 0xbf, 0x15,
    0x6f, 0x92, 0x51, 0xfc, 0x17, 0xc4, 0x5a, 0xf6, 0x32, 0x63, 0xa9, 0x29, 0xfc, 0x1e, 0xd2,
];
pub(crate) static H_OF_XXPSK0: [u8; HASH_LEN] = [
    0xe6, 0x43, 0x0c, 0x7f, 0xaa, 0xd4, 0xfc, 0x73, 0xac, 0x14, 0xbd, 0x61, 0xbe, 0x8e, 0x48, 0xb5, 0xec,
    0xb9, 0xfe, 0xfd, 0x79, 0x88, 0x5c, 0xcc, 0xe3, 0x6a, 0x28, 0xdc, 0x40, 0x9b, 0x51, 0x67,
];
