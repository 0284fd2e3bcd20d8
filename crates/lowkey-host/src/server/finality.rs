//! What is said of a pairing that is final, or could not be entered as that.

use super::allowance::Event;
use super::observer;
use super::stats::Counters;
use super::window::Shown;
use crate::registry::Finalised;
use lowkey_core::{Fingerprint, Id, PublicKey};
use std::fmt;

/// Logs what came of making a pairing final. The run that paired and the device's first session may both have done so,
/// at the same moment: whoever did it says it, and nobody else.
pub(super) fn say_final<E: fmt::Display>(
    counters: &Counters,
    code: Id,
    device: &str,
    key: &PublicKey,
    made: &Result<Finalised, E>,
) {
    let code = Shown(code);
    match made {
        Ok(Finalised::Now) => {
            let fingerprint = Fingerprint::of(key);
            tracing::info!(name: "lowkey.paired", target: "lowkey", %code, device, %fingerprint, "device paired");
            counters.observed.tell(&observer::Event::Paired { device, code: code.0, key: *key });
        }
        Ok(Finalised::Already) => (),
        Err(error) if counters.log.may(Event::StillPending) => {
            tracing::warn!(name: "lowkey.still_pending", target: "lowkey", %code, device, %error, "pairing not entered as final");
        }
        Err(_) => (),
    }
}
