//! What is known of the service behind.

use super::phrases::ago;
use super::{Finding, Mend, SERVICE};
use crate::health::{Down, Unreached};

/// It is down.
pub(super) fn down(down: &Down) -> Finding {
    let why = format!("a connect came to: {}; until one succeeds, devices hear that we are busy", down.error);
    let mend = Some(Mend::Do(MEND.to_owned()));
    Finding { since: down.lasts, mend, ..Finding::of("service_down", SERVICE, what(down), why) }
}

/// As the end of a sentence about the service behind.
pub(super) fn what(down: &Down) -> String {
    let how = match down.reason {
        Unreached::Refused => "refuses connections",
        Unreached::Unreachable => "cannot be reached",
        Unreached::TimedOut => "does not answer",
        Unreached::Name => "has a name that stands for no address",
        Unreached::Other => "takes no connections",
    };
    format!("at {} {how}, for {} now", down.service, ago(down.lasts))
}

/// What mends it.
pub(super) const MEND: &str = "start the service, or correct `forward` and start this server again";
