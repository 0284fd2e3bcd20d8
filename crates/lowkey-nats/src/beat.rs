//! What a gateway says of itself, every few seconds.

use serde_json::{Value, json};
use std::time::Duration;

/// What a gateway does when it has not seen the registry for long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnStale {
    /// It lets nobody in, and ends the sessions there are: whoever was revoked meanwhile must not go on.
    #[default]
    Refuse,
    /// It goes on with what it has: nobody is kept out, and nobody who was revoked.
    Serve,
}

/// What a gateway says of itself: that it is there, and which revision of the registry it obeys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Beat {
    /// The gateway's name.
    pub gateway: String,
    /// Drawn at its start.
    pub run: String,
    /// The last revision of the registry that is in force there: its sessions have been looked through.
    pub revision: u64,
    /// Whether this is its last word: it has stopped, in order.
    pub over: bool,
    /// After how long without the registry it does what `on_stale` says.
    pub max_stale: Duration,
    /// What it does then.
    pub on_stale: OnStale,
    /// How many devices are connected to it.
    pub sessions: u64,
    /// Counts its beats.
    pub(crate) n: u64,
}

impl Beat {
    pub(crate) fn kept(&self) -> String {
        json!({
            "max_stale_seconds": self.max_stale.as_secs(),
            "n": self.n,
            "on_stale": match self.on_stale { OnStale::Refuse => "refuse", OnStale::Serve => "serve" },
            "over": self.over,
            "revision": self.revision,
            "run": self.run,
            "sessions": self.sessions,
        })
        .to_string()
    }

    /// `None` if no gateway of ours has said that.
    pub(crate) fn of_kept(gateway: String, kept: &str) -> Option<Self> {
        if kept.len() > LONGEST {
            return None;
        }
        let value: Value = serde_json::from_str(kept).ok()?;
        let number = |name: &str| value[name].as_u64();
        Some(Self {
            gateway,
            run: value["run"].as_str()?.to_owned(),
            revision: number("revision")?,
            over: value["over"].as_bool()?,
            max_stale: Duration::from_secs(number("max_stale_seconds")?.min(MOST_SECONDS)),
            on_stale: match value["on_stale"].as_str()? {
                "refuse" => OnStale::Refuse,
                _ => OnStale::Serve, // the one that promises less
            },
            sessions: number("sessions")?,
            n: number("n")?,
        })
    }
}

/// How often a gateway says that it is there.
pub(crate) const EVERY: Duration = Duration::from_secs(5);
/// After how long without its own beat in what it follows a gateway follows anew.
pub(crate) const LOST: Duration = Duration::from_secs(15);
const LONGEST: usize = 4096;
const MOST_SECONDS: u64 = 10 * 365 * 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beat_is_read_as_it_was_said_and_nothing_else_is_one() {
        let beat = Beat {
            gateway: "a".to_owned(),
            run: "r".to_owned(),
            revision: 7,
            over: false,
            max_stale: Duration::from_secs(60),
            on_stale: OnStale::Refuse,
            sessions: 3,
            n: 9,
        };
        assert_eq!(Beat::of_kept("a".to_owned(), &beat.kept()), Some(beat.clone()));
        let served = Beat { on_stale: OnStale::Serve, over: true, ..beat };
        assert_eq!(Beat::of_kept("a".to_owned(), &served.kept()), Some(served.clone()));
        let long = format!("{}{}", served.kept(), " ".repeat(LONGEST));
        for kept in ["", "{}", "[]", "\u{1b}", "{\"run\":1}", &long] {
            assert_eq!(Beat::of_kept("a".to_owned(), kept), None);
        }
    }
}
