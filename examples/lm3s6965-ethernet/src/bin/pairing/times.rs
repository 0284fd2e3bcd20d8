//! How long things may take, in milliseconds.

/// For TCP's and our handshake together; in a pairing, until the other side has shown that it knows the code.
pub(crate) const CONNECT_LIMIT: u32 = 10_000;
/// For the rest of a pairing: at the server a person may have to say yes.
pub(crate) const PAIR_LIMIT: u32 = 150_000;
/// How long after its start a device pairs.
pub(crate) const WINDOW: u32 = 300_000;
/// For how long the server may say nothing while something is awaited.
pub(crate) const PATIENCE: u32 = 20_000;
/// Between two readings.
pub(crate) const PERIOD: u32 = 1_000;
/// The longest that the first pause can be; the demo has no time.
pub(crate) const FIRST_PAUSE: u32 = if cfg!(feature = "demo") { 100 } else { 500 };
pub(crate) const LONGEST_PAUSE: u32 = 30_000;
