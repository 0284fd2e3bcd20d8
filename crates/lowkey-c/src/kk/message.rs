//! A message of more than one record.

use lowkey_transport::Progress;

/// Where we are in a message of more than one record.
pub(super) enum Message {
    /// In none: one may begin.
    None,
    /// Some of it has been sent, and how it goes on is the caller's.
    Begun,
    /// The rest of it is being sent.
    Ending(Progress),
}

impl Message {
    pub(super) fn has_begun(&self) -> bool {
        !matches!(self, Self::None)
    }

    pub(super) fn done(&self) -> usize {
        match self {
            Self::Ending(progress) => progress.done(),
            _ => 0,
        }
    }
}
