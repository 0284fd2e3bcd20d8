//! Who holds a device: a lease in a bucket that gateways alone write, one for each device that is connected.

use crate::bucket::hex;
use serde_json::{Value, json};
use std::net::SocketAddr;

/// The lease of a device: which gateway it is connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lease {
    /// The gateway's name.
    pub gateway: String,
    /// The run of that gateway, which its [beats](crate::Beat::run) name: another run holds nothing of it.
    pub run: String,
    /// The session's number there.
    pub session: u64,
    /// Where the device came from, if that is known.
    pub from: Option<SocketAddr>,
    /// When the session was confirmed, in milliseconds since 1970 by NATS's clock, as that gateway knows it.
    pub since: i64,
    /// Whether that session is over: nobody holds the device, and a session from before is over as well.
    pub over: bool,
}

impl Lease {
    pub(crate) fn kept(&self) -> String {
        json!({
            "from": self.from.map(|from| from.to_string()),
            "gateway": self.gateway,
            "over": self.over,
            "run": self.run,
            "session": self.session,
            "since": self.since,
        })
        .to_string()
    }

    /// `None` if no gateway of ours has written that.
    pub(crate) fn of_kept(kept: &[u8]) -> Option<Self> {
        if kept.len() > LONGEST {
            return None;
        }
        let value: Value = serde_json::from_slice(kept).ok()?;
        let text = |name: &str| Some(value[name].as_str()?.to_owned());
        let from = match &value["from"] {
            Value::Null => None,
            from => Some(from.as_str()?.parse().ok()?),
        };
        let (session, since) = (value["session"].as_u64()?, value["since"].as_i64()?);
        let over = value["over"].as_bool()?;
        Some(Self { gateway: text("gateway")?, run: text("run")?, session, from, since, over })
    }

    /// Whether this run of a gateway holds it.
    pub(crate) fn is_of(&self, gateway: &str, run: &str) -> bool {
        self.gateway == gateway && self.run == run
    }
}

/// The bucket of leases.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    name: String,
}

impl Live {
    pub(crate) fn of(prefix: &str) -> Self {
        Self { name: format!("{prefix}-live") }
    }

    pub(crate) fn stream(&self) -> String {
        format!("KV_{}", self.name)
    }

    /// The subject of a device's lease.
    pub(crate) fn lease(&self, device: &str) -> String {
        format!("$KV.{}.lease.{}", self.name, hex(device))
    }
}

const LONGEST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_read_as_it_was_written_and_nothing_else_is_one() {
        for from in [None, Some("[2001:db8::1]:7".parse().unwrap())] {
            let (gateway, run, over) = ("a.*".to_owned(), "r".to_owned(), from.is_some());
            let lease = Lease { gateway, run, session: 7, from, since: -3, over };
            assert_eq!(Lease::of_kept(lease.kept().as_bytes()), Some(lease.clone()));
            assert!(lease.is_of("a.*", "r") && !lease.is_of("a.*", "s") && !lease.is_of("a", "r"));
            let long = format!("{}{}", lease.kept(), " ".repeat(LONGEST));
            assert_eq!(Lease::of_kept(long.as_bytes()), None);
            let forged = lease.kept().replace("2001", "x");
            assert_eq!(Lease::of_kept(forged.as_bytes()).is_some(), from.is_none());
        }
        for kept in ["", "{}", "[]", "\u{1b}", "{\"run\":1}"] {
            assert_eq!(Lease::of_kept(kept.as_bytes()), None);
        }
    }

    #[test]
    fn a_name_that_means_something_in_a_subject_does_not_in_a_lease_s() {
        assert_eq!(Live::of("x").lease("a.>"), "$KV.x-live.lease.612e3e");
    }
}
