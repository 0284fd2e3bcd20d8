//! A message that a sink has refused for good.

use super::RunId;
use std::time::SystemTime;

/// A message that was refused for good and is kept for people, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// The device that it is from.
    pub device: String,
    /// The run that its number is of.
    pub run: RunId,
    /// Its number.
    pub number: u64,
    /// What it was refused with: a status of HTTP, or a reason code of MQTT.
    pub status: u16,
    /// What was said of it, in a line without anything that steers terminals.
    pub why: String,
    /// When.
    pub at: SystemTime,
    /// How many bytes it has.
    pub bytes: u64,
}
