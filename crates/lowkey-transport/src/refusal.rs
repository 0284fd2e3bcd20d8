//! The one byte that a responder may send in place of message 2.

/// Why a responder turned an initiator away. Anybody between can have written it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// `0x01`: it does not speak this version.
    Version,
    /// `0x02`: it does not offer this mode now.
    Mode,
    /// `0x03`: too much to do now; never because of the id.
    Busy,
    /// `0x04`: not this initiator: unknown id, another mode, or keys that do not match.
    Refused,
    /// A code that version 1 does not have.
    Other(u8),
}

impl Refusal {
    /// The byte on the wire.
    pub fn code(&self) -> u8 {
        match self {
            Self::Version => 1,
            Self::Mode => 2,
            Self::Busy => 3,
            Self::Refused => 4,
            Self::Other(code) => *code,
        }
    }

    pub(crate) fn new(code: u8) -> Self {
        match code {
            1 => Self::Version,
            2 => Self::Mode,
            3 => Self::Busy,
            4 => Self::Refused,
            other => Self::Other(other),
        }
    }

    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::Version => "refused: the peer does not speak this version",
            Self::Mode => "refused: the peer does not offer this mode",
            Self::Busy => "refused: the peer is busy",
            Self::Refused => "refused: the peer does not know us by this id, mode and key",
            Self::Other(_) => "refused",
        }
    }
}
