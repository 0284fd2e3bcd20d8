//! Handshake patterns as Noise writes them (§7): tables of tokens, read by one engine.

/// One token of a message pattern (§7.1, §9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A fresh ephemeral public key.
    E,
    /// The static public key, sealed as soon as there is a key.
    S,
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

/// A handshake pattern with its full protocol name (§8).
pub(crate) struct Pattern {
    pub(crate) name: &'static [u8],
    pub(crate) known: Known,
    pub(crate) messages: &'static [&'static [Token]],
}

use Token::{E, Ee, Es, Psk, S, Se, Ss};

pub(crate) const BOTH: Known = Known { initiator: true, responder: true };
pub(crate) const NEITHER: Known = Known { initiator: false, responder: false };

pub(crate) static KK: Pattern = Pattern {
    name: b"Noise_KK_25519_ChaChaPoly_BLAKE2s",
    known: BOTH,
    messages: &[&[E, Es, Ss], &[E, Ee, Se]],
};

pub(crate) static KKPSK0: Pattern = Pattern {
    name: b"Noise_KKpsk0_25519_ChaChaPoly_BLAKE2s",
    known: BOTH,
    messages: &[&[Psk, E, Es, Ss], &[E, Ee, Se]],
};

pub(crate) static XX: Pattern = Pattern {
    name: b"Noise_XX_25519_ChaChaPoly_BLAKE2s",
    known: NEITHER,
    messages: &[&[E], &[E, Ee, S, Es], &[S, Se]],
};

pub(crate) static XXPSK0: Pattern = Pattern {
    name: b"Noise_XXpsk0_25519_ChaChaPoly_BLAKE2s",
    known: NEITHER,
    messages: &[&[Psk, E], &[E, Ee, S, Es], &[S, Se]],
};
