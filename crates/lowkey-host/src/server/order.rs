//! What a sweep has a session do.

use crate::connection::End;

/// What is done about a session, by whoever reads or writes it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    Ping,
    Look,
    Stop,
    End(End),
}
